# SPDX-License-Identifier: Apache-2.0
# Shared by the tests of the command: a scratch folder with its own copy of the command, and TAP lines.
# shellcheck shell=sh disable=SC2034
# $ASHLAR: the command under test (default: build/bin/ashlar of this tree). UPDATE=1 writes the golden files anew.
set -u
LC_ALL=C TZ=UTC0 NO_COLOR=1
export LC_ALL TZ NO_COLOR
here=$(cd "$(dirname "$0")" && pwd)
tree=$(cd "$here/../.." && pwd)
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
chmod 755 "$work"
mkdir "$work/bin" "$work/pkg" "$work/pkg/firmware" "$work/t" "$work/tmp"
cp "${ASHLAR:-$tree/build/bin/ashlar}" "$work/bin/ashlar" || exit 1
ashlar=$work/bin/ashlar
TMPDIR=$work/tmp
export TMPDIR
cd "$work/t" || exit 1
tap_count=0 tap_failed=0

# ok STATUS TEXT: one line of TAP.
ok() {
    tap_count=$((tap_count + 1))
    if [ "$1" = 0 ]; then
        echo "ok $tap_count - $2"
    else
        tap_failed=$((tap_failed + 1))
        echo "not ok $tap_count - $2"
    fi
}

# is FOUND EXPECTED TEXT
is() {
    [ "$1" = "$2" ]
    ok $? "$3"
    [ "$1" = "$2" ] || printf '%s\n' "found:    $1" "expected: $2" | sed 's/^/# /'
}

skip() {
    tap_count=$((tap_count + 1))
    echo "ok $tap_count - $1 # SKIP $2"
}

# golden NAME COMMAND...: its output and exit status against golden/NAME.txt.
golden() {
    name=$1
    shift
    {
        "$@" </dev/null 2>&1
        echo "exit status $?"
    } >"$work/output"
    [ -z "${UPDATE:-}" ] || cp "$work/output" "$here/golden/$name.txt"
    cmp -s "$work/output" "$here/golden/$name.txt"
    ok $? "$name"
    diff "$here/golden/$name.txt" "$work/output" 2>&1 | sed 's/^/# /'
}

finish() {
    echo "1..$tap_count"
    [ "$tap_failed" = 0 ]
    exit
}

# image_header: an arm64 Image of 4 KiB with a text offset of 0 and an image size of 64 KiB.
image_header() {
    printf 'MZ\000\000\000\000\000\000'
    printf '\000\000\000\000\000\000\000\000'
    printf '\000\000\001\000\000\000\000\000'
    printf '\012\000\000\000\000\000\000\000'
    printf '\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000'
    printf 'ARMd\100\000\000\000'
    head -c 4032 /dev/zero
}

# configuration KERNEL [EXTRA LINES]: a good one; each argument after the first is a line of the VM.
configuration() {
    printf 'vms:\n  - name: one\n    memory: 64M\n    kernel: %s\n' "$1"
    shift
    [ $# = 0 ] || printf '    %s\n' "$@"
}

# alive PID: is it a process that is more than a zombie?
alive() {
    [ -r "/proc/$1/stat" ] && ! grep -q ') [ZX]' "/proc/$1/stat" 2>/dev/null
}
