# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# How the builds of build/ get lwIP: from FIRTH_LWIP_SOURCE in the environment, the source that was fetched before, or else
# the source package of a newer Debian, fetched once into build/deps.
# shellcheck source=scripts/lib/mbedtls.sh
source scripts/lib/mbedtls.sh # deps_dir, debian_source.sh, packages.sh

lwip_link=$deps_dir/lwip-source
lwip_why= # after a failure

# lwip_version_of FOLDER: "2.2"; nothing if there is no lwIP.
lwip_version_of() {
    sed -n 's/^#define LWIP_VERSION_\(MAJOR\|MINOR\) *\([0-9]*\)$/\2/p' "$1/src/include/lwip/init.h" 2>/dev/null |
        paste -s -d .
}

# use_lwip FOLDER: builds of this tree take that one from now on.
use_lwip() {
    local folder
    folder=$(cd "$1" 2>/dev/null && pwd) || die "there is no folder $1"
    [ "$(lwip_version_of "$folder")" = 2.2 ] || die "$folder is no source of lwIP 2.2"
    mkdir -p "$deps_dir"
    ln -sfn "$folder" "$lwip_link"
}

# fetch_lwip: the newest 2.2 that Debian has, unpacked in build/deps; false with lwip_why if it cannot be had.
fetch_lwip() {
    if ! has apt-get; then
        lwip_why='there is no apt-get to fetch its source with'
        return 1
    fi
    install_missing optional dpkg-dev:dpkg-source
    say 'Fetching the source of lwIP, which Debian has newer than this system'
    if ! fetch_debian_source lwip '2\.2\.' "$deps_dir"; then
        lwip_why="its source could not be fetched: $debian_source_why"
        return 1
    fi
    use_lwip "$deps_dir/$debian_source_folder"
}

# lwip_provide: false with lwip_why if there is none.
lwip_provide() {
    if [ -n "${FIRTH_LWIP_SOURCE:-}" ]; then
        use_lwip "$FIRTH_LWIP_SOURCE"
    else
        [ "$(lwip_version_of "$lwip_link")" = 2.2 ] || fetch_lwip
    fi
}
