#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes the test initramfs: a static busybox and our init. The same input gives the same bytes.
# PROGRAMs go to /bin.
# usage: initrd.sh BUSYBOX INIT INITTAB OUTPUT [PROGRAM...]
set -eu
umask 022
busybox=$1 init=$2 inittab=$3 output=$4
shift 4
output=$(readlink -f "$(dirname "$output")")/$(basename "$output")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
(cd "$work" && mkdir -p bin sbin usr/bin usr/sbin dev proc sys tmp root etc)
install -m 755 "$busybox" "$work/bin/busybox"
install -m 755 "$init" "$work/init"
install -m 644 "$inittab" "$work/etc/inittab"
ln -s busybox "$work/bin/sh"
for program; do
    install -m 755 "$program" "$work/bin/"
done
find "$work" -exec touch -h -d @0 {} +
cd "$work"
find . -mindepth 1 | LC_ALL=C sort | cpio --quiet --reproducible --owner 0:0 -H newc -o | gzip -9n >"$output.new"
mv "$output.new" "$output"
