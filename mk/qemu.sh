#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs a program of the QEMU that lies unpacked beside this one, with that QEMU's own libraries. Installed under the
# program's name: build/bin/qemu-system-aarch64, build/bin/qemu-img.
set -eu
name=${0##*/}
here=$(dirname "$(readlink -f "$0")")
root=$(readlink -f "$here/../pkg/qemu")
if [ -r "$root/system" ]; then
    exec "$(cat "$root/system")/$name" "$@"
fi
machine=$(uname -m)
library=$root/usr/lib/$machine-linux-gnu
for loader in "$root/usr/lib64/ld-linux-"*.so.? "$root/usr/lib/ld-linux-"*.so.? "$library/ld-linux-"*.so.?; do
    [ ! -x "$loader" ] || break
done
export QEMU_MODULE_DIR="$library/qemu"
if [ "$name" = qemu-system-aarch64 ]; then
    set -- -L "$root/usr/share/qemu" "$@"
fi
exec "$loader" --library-path "$library" --argv0 "$name" "$root/usr/bin/$name" "$@"
