# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# cppcheck; a suppression stands in the source, with its reason.
# shellcheck source=scripts/lib/common.sh
source "$(dirname "$0")/../lib/common.sh"
source scripts/lib/findings.sh

# With __GNUC__ it sees which functions do not return. A test's *state may well point to a variable of the caller.
find_faults < <(files_of 'core/*.c' 'ports/*.c' 'backends/*.c' 'examples/*.c' 'tests/*.c' | xargs cppcheck --quiet \
    -j "$jobs" --std=c11 --language=c --enable=warning,performance,portability --inline-suppr --error-exitcode=1 \
    -D__GNUC__=12 -DFIRTH_DEBUG=1 -I include -I . --suppress=missingIncludeSystem '--suppress=autoVariables:tests/*' \
    --template='{file}:{line}: {id}: {message}' 2>&1)
finish
