# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Who may include what. core/ knows no system: C11's own headers, and no macro of a platform; in core/tls/mbedtls the adapter
# knows that library, and no others include it or ask for its version. A backend knows no other backend, a port no backend,
# a public header nothing internal, an example only what is public.
# shellcheck source=scripts/lib/common.sh
source "$(dirname "$0")/../lib/common.sh"
source scripts/lib/findings.sh

c11='<(stdint|stddef|stdbool|stdarg|string|stdio|stdatomic|limits|stdalign|stdnoreturn|float)\.h>'
platforms='_WIN32|_WIN64|__linux__|__unix__|__APPLE__|__FreeBSD__|__OpenBSD__|__NetBSD__|__ANDROID__|_GNU_SOURCE'
platforms+='|_POSIX_C_SOURCE|_DEFAULT_SOURCE'

# includes_but ALLOWED MESSAGE FILE…: #include lines of other things than ALLOWED, a pattern.
includes_but() {
    local allowed=$1 message=$2
    shift 2
    [ $# -eq 0 ] || awk -v allowed="^#[ \t]*include[ \t]+($allowed)" -v message="$message" '
        /^#[ \t]*include/ && $0 !~ allowed { print FILENAME ":" FNR ": " message ": " $0 }' "$@"
}

# uses PATTERN MESSAGE FILE…: preprocessor lines with a word of PATTERN.
uses() {
    local pattern=$1 message=$2
    shift 2
    [ $# -eq 0 ] || awk -v pattern="(^|[^A-Za-z0-9_])($pattern)([^A-Za-z0-9_]|$)" -v message="$message" '
        /^#/ && $0 ~ pattern { print FILENAME ":" FNR ": " message ": " $0 }' "$@"
}

# mentions PATTERN MESSAGE FILE…: lines with a word that begins with PATTERN, anywhere.
mentions() {
    local pattern=$1 message=$2
    shift 2
    [ $# -eq 0 ] || awk -v pattern="(^|[^A-Za-z0-9_])($pattern)" -v message="$message" '
        $0 ~ pattern { print FILENAME ":" FNR ": " message ": " $0 }' "$@"
}

check_core() {
    local files
    mapfile -t files < <(files_of 'core/*.c' 'core/*.h' | grep -v '^core/tls/mbedtls/')
    includes_but "$c11|<firth/|\"core/" "core may not include this" "${files[@]}"
    uses "$platforms" "core may not ask for a platform" "${files[@]}"
    mapfile -t files < <(files_of 'core/tls/mbedtls/*.c' 'core/tls/mbedtls/*.h')
    includes_but "$c11|<(firth|mbedtls|psa)/|\"core/" "the engine may not include this" "${files[@]}"
    uses "$platforms" "core may not ask for a platform" "${files[@]}"
    mapfile -t files < <(files_of 'core/*.c' 'core/*.h' | grep -v '^core/tls/mbedtls/adapter\.[ch]$')
    includes_but "$c11|<firth/|\"core/" "only the adapter may include mbedTLS" "${files[@]}"
    mentions MBEDTLS_VERSION "only the adapter may ask for mbedTLS's version" "${files[@]}"
}

check_backends() {
    local folder backend files
    for folder in backends/*/; do
        backend=$(basename "$folder")
        mapfile -t files < <(files_of "backends/$backend/*.c" "backends/$backend/*.h")
        includes_but "<|\"(core|backends/(readiness|$backend))/" "a backend may not include this" "${files[@]}"
    done
}

check_others() {
    local files
    mapfile -t files < <(files_of 'ports/*.c' 'ports/*.h')
    includes_but '<|"(core|ports)/' "a port may not include this" "${files[@]}"
    mapfile -t files < <(files_of 'include/*.h')
    includes_but "$c11|<firth/" "a public header may not include this" "${files[@]}"
    mapfile -t files < <(files_of 'examples/*.c')
    includes_but '<|"examples/nc/' "an example may include public headers only" "${files[@]}"
}

find_faults < <(
    check_core
    check_backends
    check_others
)
finish
