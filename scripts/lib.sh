# lib - what the scripts share: the lists of packages, their installation, and plain messages.
# shellcheck shell=bash

say() { printf '%s\n' "$*" >&2; }

stop() { # stop CODE MESSAGE...
    local code=$1
    shift
    say "$@"
    exit "$code"
}

# The packages of the named sections of scripts/packages.txt, one a line.
packages() {
    local section
    for section in "$@"; do
        sed -n "/^\[$section\]/,/^\[/{/^\[/d;/^#/d;/^$/d;p}" scripts/packages.txt
    done
}

installed() {
    local status
    status=$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null) && [ "$status" = installed ]
}

# The first alternative of every entry of which no alternative is installed.
missing_packages() {
    local entry one
    for entry in $(packages "$@"); do
        for one in ${entry//|/ }; do
            installed "$one" && continue 2
        done
        printf '%s\n' "${entry%%|*}"
    done
}

# sudo works without a question, or somebody is there to answer it.
may_sudo() {
    command -v sudo >/dev/null && { sudo -n true 2>/dev/null || [ -t 0 ]; }
}

# Installs what the sections lack; stops with 3 where it may not.
need_packages() {
    local missing=() root=()
    command -v dpkg-query >/dev/null || stop 3 "This is not a Debian system (no dpkg-query)." \
        "Install by hand: $(packages "$@" | tr '\n' ' ')"
    mapfile -t missing < <(missing_packages "$@")
    [ ${#missing[@]} -eq 0 ] && return
    if [ "$(id -u)" -ne 0 ]; then
        may_sudo || stop 3 "Packages are missing, without root or sudo. Run as root:" \
            "apt-get install --no-install-recommends ${missing[*]}"
        root=(sudo)
    fi
    say "Installing from Debian: ${missing[*]}"
    "${root[@]}" apt-get update -q >&2 || stop 3 "apt-get update failed; see above."
    "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -q -y \
        --no-install-recommends "${missing[@]}" </dev/null >&2 ||
        stop 3 "apt-get could not install: ${missing[*]}"
}

# Configures and builds a preset: build PRESET [TARGET...].
build() {
    local preset=$1
    shift
    cmake --preset "$preset" >&2 || return
    cmake --build --preset "$preset" ${1:+--target "$@"} >&2
}
