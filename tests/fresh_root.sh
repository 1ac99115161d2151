#!/usr/bin/env bash
# fresh_root - the README's first two commands in a clean clone, in a new Debian 12 root.
#
# Needs root and debootstrap. Debian's address, its keys and the settings of apt are taken from this
# machine at run time. PLACE=DIR keeps the root there; arguments replace the two commands.
set -u
cd "$(dirname "$0")/.." || exit 3
repository=$PWD
[ "$(id -u)" -eq 0 ] || { echo "a fresh root needs root"; exit 77; }
command -v debootstrap >/dev/null || { echo "debootstrap is not installed"; exit 77; }
root=${PLACE:-$(mktemp -d)} || exit 3
failures=0

release() {
    umount "$root/proc" 2>/dev/null
    [ -n "${PLACE-}" ] || rm -rf --one-file-system "$root"
}
trap release EXIT

# The first address that apt here knows for Debian itself.
mirror() {
    cat /etc/apt/sources.list /etc/apt/sources.list.d/{debian*,*.sources} 2>/dev/null |
        grep -E '^(URIs:|deb )' | grep -v security | grep -oE 'https?://[^ ]+' | head -n 1
}

copy_settings() {
    local file
    rm -f "$root/etc/apt/sources.list"
    for file in /etc/apt/sources.list /etc/apt/sources.list.d/debian* /etc/apt/apt.conf.d/9* \
        /etc/apt/auth.conf.d/* /etc/apt/trusted.gpg.d/debian* /etc/resolv.conf /etc/hosts \
        /etc/ssl/certs/ca-certificates.crt; do
        [ -f "$file" ] && install -D -m 644 "$file" "$root$file"
    done
}

inside() { # inside COMMAND...
    chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root CI=true \
        bash -c "cd /orrery && $*" </dev/null
}

judge() { # judge CODE WHAT
    if [ "$1" -eq 0 ]; then
        echo "ok - $2"
    else
        echo "not ok - $2 (exit code $1)"
        failures=$((failures + 1))
    fi
}

if [ ! -x "$root/bin/bash" ]; then
    debootstrap --variant=minbase bookworm "$root" "$(mirror)" >"$root.log" 2>&1 ||
        { tail -n 5 "$root.log"; judge 1 "debootstrap makes a root"; exit 1; }
    rm -f "$root.log"
fi
copy_settings
mount -t proc proc "$root/proc"
rm -rf "$root/orrery"
git clone -q --no-hardlinks "$repository" "$root/orrery"
judge $? "the repository can be cloned"

[ $# -gt 0 ] || set -- scripts/quickstart scripts/test
for command in "$@"; do
    inside "$command" 2>&1 | sed 's/^\(not \)*ok - /  &/'
    judge "${PIPESTATUS[0]}" "$command in a fresh root"
done
exit $((failures > 0))
