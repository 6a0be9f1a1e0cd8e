# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Source packages of newer Debian suites, from the mirror and under the keys that this machine's apt is set up with.
# apt gets lists and a cache of its own for it; the machine's are left as they are.

debian_source_suites='trixie sid'
debian_source_why=    # after a failure
debian_source_folder= # after a success, the folder's name

# stanzas_of FILE…: the machine's own, asking for sources of those suites.
stanzas_of() {
    awk -v suites="$debian_source_suites" '
        BEGIN { RS = ""; FS = "\n" }
        tolower($0) ~ /(^|\n)enabled:[ \t]*no/ || tolower($0) ~ /(^|\n)suites:[^\n]*-security/ { next }
        tolower($0) !~ /(^|\n)types:/ { next }
        {
            keep = 1
            for (i = 1; i <= NF; i++) {
                if ($i ~ /^#/) continue
                if ($i !~ /^[ \t]/) keep = tolower($i) !~ /^(types|suites|components):/
                if (keep) print $i
            }
            print "Types: deb-src\nSuites: " suites "\nComponents: main\n"
        }' "$@"
}

# lines_of FILE…: the same from the older format, a line for each.
lines_of() {
    awk -v suites="$debian_source_suites" '
        /^[ \t]*deb[ \t]/ {
            sub(/^[ \t]*deb[ \t]+/, "")
            options = match($0, /^\[[^]]*\][ \t]+/) ? substr($0, 1, RLENGTH) : ""
            split(substr($0, length(options) + 1), word, /[ \t]+/)
            if (word[2] ~ /-security$|\/$/) next
            n = split(suites, suite, " ")
            for (i = 1; i <= n; i++) print "deb-src " options word[1] " " suite[i] " main"
        }' "$@"
}

# configure_private_apt FOLDER: what apt-get is to use instead of the machine's lists.
configure_private_apt() {
    local folder=$1 parts list files
    mkdir -p "$folder/sources" "$folder/lists/partial" "$folder/cache/archives/partial"
    eval "$(apt-config shell parts Dir::Etc::SourceParts/d list Dir::Etc::SourceList/f)"
    mapfile -t files < <(find "$parts" -maxdepth 1 -type f -name '*.sources' 2>/dev/null | sort)
    stanzas_of "${files[@]}" </dev/null >"$folder/sources/newer.sources"
    mapfile -t files < <(find "$list" "$parts" -maxdepth 1 -type f -name '*.list' 2>/dev/null | sort)
    lines_of "${files[@]}" </dev/null >"$folder/sources/newer.list"
    cat >"$folder/apt.conf" <<END
Dir::Etc::SourceList "/dev/null";
Dir::Etc::SourceParts "$folder/sources";
Dir::State::Lists "$folder/lists";
Dir::Cache "$folder/cache";
Acquire::Retries "1";
END
}

# download_source FOLDER PACKAGE PATTERN: the newest version that begins with the pattern, or the next that can be had: a
# mirror may list what it does not have. Prints the .dsc file's path.
download_source() {
    local folder=$1 package=$2 pattern=$3 version versions
    apt-get update >&2 || true # what one of several mirrors lacks another may have
    mapfile -t versions < <(apt-cache showsrc "$package" 2>/dev/null | sed -n 's/^Version: //p' | grep "^$pattern" | sort -Vru)
    for version in "${versions[@]}"; do
        (cd "$folder" && apt-get source --only-source --download-only "$package=$version" >&2) &&
            find "$folder" -maxdepth 1 -name "${package}_${version#*:}.dsc" | grep . && return 0
    done
    return 1
}

# fetch_debian_source PACKAGE PATTERN FOLDER: unpacks it in FOLDER/<package>-<version>.
fetch_debian_source() {
    local package=$1 pattern=$2 folder=$root/$3 log=$root/$log_dir/$1-source.log private dsc
    private=$folder/apt
    mkdir -p "$folder" "$root/$log_dir"
    rm -rf "$private"
    configure_private_apt "$private"
    if ! has dpkg-source; then
        debian_source_why='dpkg-dev, which unpacks it, is not installed'
    elif ! dsc=$(APT_CONFIG=$private/apt.conf download_source "$private" "$package" "$pattern" 2>"$log"); then
        debian_source_why="apt finds no $package ${pattern//\\/}x in ${debian_source_suites// / or }; see ${log#"$root/"}"
    else
        debian_source_folder=$package-$(sed -n 's/^Version: \([^-]*\).*/\1/p' "$dsc" | head -n 1)
        rm -rf "${folder:?}/$debian_source_folder"
        dpkg-source --no-copy --extract "$dsc" "$folder/$debian_source_folder" >>"$log" 2>&1 && rm -rf "$private" && return 0
        debian_source_why="it does not unpack; see ${log#"$root/"}"
    fi
    rm -rf "$private"
    return 1
}
