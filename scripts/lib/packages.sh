# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Installs what is missing by the system's package manager, which on Debian and its kin is apt-get.
# A package is written `name`, or `name:witness` where a command or a file of another name shows that it is there.

is_installed() {
    local package=${1%%:*} witness=${1#*:}
    case $witness in
    /*) [ -e "$witness" ] && return 0 ;;
    *) has "$witness" && return 0 ;;
    esac
    has dpkg-query && [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" = installed ]
}

# missing_of PACKAGE…: prints the names of those that are not there.
missing_of() {
    local entry
    for entry in "$@"; do
        is_installed "$entry" || printf '%s\n' "${entry%%:*}"
    done
}

# as_root COMMAND…: as root, by sudo if need be; 126 if there is no way.
as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif has sudo && { sudo -n true 2>/dev/null || [ -t 0 ]; }; then
        sudo "$@"
    else
        return 126
    fi
}

apt() {
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=500 "$@" </dev/null
}

apt_install() {
    if compgen -G '/var/lib/apt/lists/*_Packages*' >/dev/null &&
        apt install -y --no-install-recommends "$@"; then
        return 0
    fi
    apt update && apt install -y --no-install-recommends "$@"
}

# install_missing required|optional PACKAGE…: false only if a required one could not be had, with advice printed.
install_missing() {
    local importance=$1 missing log="$log_dir/packages.log"
    shift
    mapfile -t missing < <(missing_of "$@")
    [ ${#missing[@]} -gt 0 ] || return 0
    mkdir -p "$log_dir"
    if has apt-get && as_root true; then
        say "Installing ${missing[*]}"
        apt_install "${missing[@]}" >>"$log" 2>&1 && return 0
        if [ "$importance" = optional ]; then # one that this release lacks must not keep the others out
            local package
            for package in "${missing[@]}"; do
                apt install -y --no-install-recommends "$package" >>"$log" 2>&1 || say "Not installed: $package"
            done
            return 0
        fi
        tail -n 20 "$log" >&2
    fi
    if has apt-get; then
        say "Please install, as root: apt-get install ${missing[*]}"
    else
        say "Please install what your system calls ${missing[*]} (these are Debian's names)"
    fi
    [ "$importance" = optional ]
}

# What a build of the library and its examples takes.
# shellcheck disable=SC2034 # the scripts that source this use it
build_packages=(gcc libc6-dev:/usr/include/stdio.h cmake ninja-build:ninja)
