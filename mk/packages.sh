#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Installs the packages named in a list that this machine lacks: as root or through sudo; otherwise prints the one command.
# usage: packages.sh LIST
set -eu

list=$1
names=$(sed '/^#/d' "$list" | tr '\n' ' ')

release=
if [ -r /etc/os-release ]; then
    # shellcheck source=/dev/null
    release=$(. /etc/os-release && echo "${ID:-}-${VERSION_ID:-}")
fi
case $release in
debian-12 | debian-13) ;;
*)
    if [ -n "${ASHLAR_DEBIAN_MIRROR:-}" ] && command -v dpkg-query >/dev/null; then
        :
    else
        echo "ashlar: this is not Debian 12 or 13. Install what your system calls these Debian packages: ${names}" >&2
        echo "and name a Debian mirror: make ASHLAR_DEBIAN_MIRROR=http://MIRROR/debian (apt-get and dpkg are needed)." >&2
        [ -n "${ASHLAR_DEBIAN_MIRROR:-}" ] || exit 1
        exit 0
    fi
    ;;
esac

missing=
for name in $names; do
    state=$(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null || :)
    [ "$state" = installed ] || missing="$missing $name"
done
[ -n "$missing" ] || exit 0

if [ "${release#debian-}" = "$release" ]; then
    echo "ashlar: missing packages:$missing" >&2
    exit 1
fi

command="apt-get install -y --no-install-recommends$missing"
if [ "$(id -u)" = 0 ]; then
    as_root=
elif command -v sudo >/dev/null && { sudo -n true 2>/dev/null || [ -t 0 ]; }; then
    as_root=sudo
else
    echo "ashlar: packages are missing, and this is neither root nor has sudo. Run once as root:" >&2
    echo "    apt-get update && $command" >&2
    exit 1
fi

echo "  APT      installing:$missing"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# A machine that was never updated has no lists, one that was long ago has lists whose packages are gone.
# shellcheck disable=SC2086 # words are wanted
if ! { $as_root apt-get update && $as_root env DEBIAN_FRONTEND=noninteractive $command; } >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    echo "ashlar: apt-get failed; the command was: apt-get update && $command" >&2
    exit 1
fi
