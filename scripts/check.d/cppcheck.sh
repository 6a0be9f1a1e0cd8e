# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# cppcheck; a suppression stands in the source, with its reason.
# shellcheck source=scripts/lib/common.sh
source "$(dirname "$0")/../lib/common.sh"
source scripts/lib/findings.sh

find_faults < <(files_of 'core/*.c' 'ports/*.c' 'backends/*.c' 'examples/*.c' 'tests/*.c' | xargs cppcheck --quiet \
    -j "$jobs" --std=c11 --language=c --enable=warning,performance,portability -DFIRTH_DEBUG=1 --inline-suppr --error-exitcode=1 \
    -I include -I . --suppress=missingIncludeSystem --template='{file}:{line}: {id}: {message}' 2>&1)
finish
