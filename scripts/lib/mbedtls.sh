# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# How the builds of build/ get mbedTLS: from FIRTH_MBEDTLS_SOURCE in the environment, the source that was fetched before,
# what is installed, or else the source package of a newer Debian, fetched once into build/deps. A source is built and
# installed there once for each kind of build: without sanitizers, and with those of a preset by its compiler.
source scripts/lib/packages.sh
source scripts/lib/debian_source.sh

deps_dir=build/deps
mbedtls_link=$deps_dir/mbedtls-source
mbedtls_state=      # source, installed or missing, once mbedtls_provide has been called
mbedtls_why=        # why it is missing
mbedtls_version_min=3.6.0

# is_version_usable VERSION: from mbedtls_version_min on, and below 4.
is_version_usable() {
    [[ $1 =~ ^3\.[0-9.]+$ ]] && [ "$(printf '%s\n' "$mbedtls_version_min" "$1" | sort -V | head -n 1)" = "$mbedtls_version_min" ]
}

# version_of_source FOLDER: what its headers say.
version_of_source() {
    sed -n 's/^#define MBEDTLS_VERSION_STRING *"\([0-9.]*\)"$/\1/p' "$1/include/mbedtls/build_info.h" 2>/dev/null
}

# is_mbedtls_installed: where a compiler or CMake would find it; new enough, and for threads.
is_mbedtls_installed() {
    local folders folder macros includes=()
    IFS=: read -ra folders <<<"${CMAKE_PREFIX_PATH:-}"
    for folder in "${folders[@]}"; do
        includes+=(-I "$folder/include")
    done
    macros=$(echo '#include <mbedtls/build_info.h>' | cc "${includes[@]}" -E -dM -x c - 2>/dev/null) || return 1
    grep -q '^#define MBEDTLS_THREADING_C' <<<"$macros" &&
        is_version_usable "$(sed -n 's/^#define MBEDTLS_VERSION_STRING "\(.*\)"$/\1/p' <<<"$macros")"
}

# use_source FOLDER: builds of this tree take that one from now on.
use_source() {
    local folder version
    folder=$(cd "$1" 2>/dev/null && pwd) || die "there is no folder $1"
    version=$(version_of_source "$folder")
    is_version_usable "$version" || die "mbedTLS in $folder is ${version:-no source}; needed is $mbedtls_version_min or newer"
    mkdir -p "$deps_dir"
    ln -sfn "$folder" "$mbedtls_link"
}

# fetch_mbedtls: the newest 3.6 that Debian has, unpacked in build/deps; false with mbedtls_why if it cannot be had.
fetch_mbedtls() {
    local version
    if ! has apt-get; then
        mbedtls_why='there is no apt-get to fetch its source with'
        return 1
    fi
    install_missing optional dpkg-dev:dpkg-source
    say 'Fetching the source of mbedTLS, which Debian has newer than this system'
    if ! fetch_debian_source mbedtls '3\.6\.' "$deps_dir"; then
        mbedtls_why="its source could not be fetched: $debian_source_why"
        return 1
    fi
    version=$(version_of_source "$deps_dir/$debian_source_folder")
    if ! is_version_usable "$version"; then
        mbedtls_why="the newest that could be fetched is ${version:-none}, and $mbedtls_version_min is needed"
        return 1
    fi
    use_source "$deps_dir/$debian_source_folder"
}

# mbedtls_provide: sets mbedtls_state, and fetches if need be.
mbedtls_provide() {
    [ -z "$mbedtls_state" ] || return 0
    mbedtls_state=source
    if [ -n "${FIRTH_MBEDTLS_SOURCE:-}" ]; then
        use_source "$FIRTH_MBEDTLS_SOURCE"
    elif is_version_usable "$(version_of_source "$mbedtls_link")"; then
        return 0
    elif is_mbedtls_installed; then
        mbedtls_state=installed
    elif ! fetch_mbedtls; then
        mbedtls_state=missing
    fi
}

# build_mbedtls_programs BUILD PREFIX: its own client and server, for tests.
build_mbedtls_programs() {
    run_quietly mbedtls-programs cmake -S "$mbedtls_link/" -B "$1" -DENABLE_PROGRAMS=ON &&
        run_quietly mbedtls-programs cmake --build "$1" --parallel "$jobs" --target ssl_client2 ssl_server2 &&
        mkdir -p "$2/bin" && cp "$1"/programs/ssl/ssl_{client2,server2} "$2/bin/"
}

# build_mbedtls KIND CC FLAG…: installs it in build/deps/mbedtls-KIND, unless what is there was made the same way.
build_mbedtls() {
    local kind=$1 cc=$2 prefix build stamp generator=()
    shift 2
    prefix=$root/$deps_dir/mbedtls-$kind
    build=$prefix-build
    stamp="$(readlink -f "$mbedtls_link") $cc $("$cc" --version | head -n 1) $* $(cksum <cmake/mbedtls_user_config.h)"
    [ "$(cat "$prefix/made-of" 2>/dev/null)" != "$stamp" ] || return 0
    say "Building mbedTLS $(version_of_source "$mbedtls_link") ($kind)"
    rm -rf "$prefix" "$build"
    ! has ninja || generator=(-G Ninja)
    # The changed configuration is appended to the installed one, so that whoever includes that sees it too.
    run_quietly "mbedtls-$kind" cmake -S "$mbedtls_link/" -B "$build" "${generator[@]}" \
        -DCMAKE_C_COMPILER="$cc" -DCMAKE_BUILD_TYPE=None \
        -DCMAKE_C_FLAGS="$* -DMBEDTLS_USER_CONFIG_FILE='\"$root/cmake/mbedtls_user_config.h\"'" \
        -DENABLE_PROGRAMS=OFF -DENABLE_TESTING=OFF -DMBEDTLS_FATAL_WARNINGS=OFF -DLINK_WITH_PTHREAD=ON \
        -DCMAKE_INSTALL_PREFIX="$prefix" -DCMAKE_INSTALL_LIBDIR=lib &&
        run_quietly "mbedtls-$kind" cmake --build "$build" --parallel "$jobs" &&
        run_quietly "mbedtls-$kind" cmake --install "$build" &&
        cat cmake/mbedtls_user_config.h >>"$prefix/include/mbedtls/mbedtls_config.h" || return 1
    [ "$kind" != plain ] || build_mbedtls_programs "$build" "$prefix" ||
        say "mbedTLS's own programs do not build; tests with them are skipped"
    rm -rf "$build"
    printf '%s\n' "$stamp" >"$prefix/made-of"
}

# mbedTLS compares empty names by memcmp(NULL, NULL, 0), which C11 forbids and no compiler minds.
mbedtls_harmless=-fno-sanitize=nonnull-attribute

# build_mbedtls_for PRESET: sets mbedtls_kind to what that preset links. Uninstrumented code would hide errors in what it is given from a sanitizer.
build_mbedtls_for() {
    local flags=(-O2 -g -fPIC -fvisibility=hidden)
    mbedtls_kind=plain
    build_mbedtls plain cc "${flags[@]}" || return 1
    flags+=(-fno-omit-frame-pointer -fno-sanitize-recover=all)
    case $1 in
    asan | asan-release | kqueue-asan | lwip | lwip-system)
        build_mbedtls asan gcc "${flags[@]}" -fsanitize=address,undefined "$mbedtls_harmless" && mbedtls_kind=asan
        ;;
    fuzz) build_mbedtls fuzz clang "${flags[@]}" -fsanitize=fuzzer-no-link,address && mbedtls_kind=fuzz ;;
    tsan | lwip-thread | kqueue-tsan) build_mbedtls tsan clang "${flags[@]}" -fsanitize=thread && mbedtls_kind=tsan ;;
    esac
}

# mbedtls_options PRESET: sets mbedtls_cmake, the options that a configuration of that preset takes.
mbedtls_options() {
    local plain=$root/$deps_dir/mbedtls-plain
    mbedtls_provide
    case $1 in
    asan-release | ucontext | epoll | poll) # Firth without TLS is tested too
        mbedtls_cmake=(-DFIRTH_TLS=OFF)
        return
        ;;
    esac
    mbedtls_cmake=(-DFIRTH_TLS=ON)
    if [ "$mbedtls_state" = source ] && ! build_mbedtls_for "$1"; then
        mbedtls_state=missing
        mbedtls_why='its source does not build'
    fi
    case $mbedtls_state in
    missing) mbedtls_cmake=(-DFIRTH_TLS=OFF) ;;
    source)
        mbedtls_cmake+=(-DMbedTLS_DIR="$root/$deps_dir/mbedtls-$mbedtls_kind/lib/cmake/MbedTLS"
            -DFIRTH_MBEDTLS_CLIENT2="$plain/bin/ssl_client2" -DFIRTH_MBEDTLS_SERVER2="$plain/bin/ssl_server2")
        ;;
    esac
}
