#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The command as make install leaves it, away from the tree, boots a guest: with its own ashlar.efi, QEMU and firmwares, from another folder.
# shellcheck source=tests/qemu/qemu_lib.sh
. "$(dirname "$0")/qemu_lib.sh"
root="$work/a root"

(cd "$tree" && sh mk/install.sh install build "$root/usr") >"$work/install" 2>&1
ok $? "installed"
show "$work/install"
mkdir "$work/elsewhere"
cp "$build/guest/board.bin" "$work/elsewhere/"
cd "$work/elsewhere" || exit 1
configuration board 3 64M board.bin >board.yaml
for firmware in edk2 u-boot; do
    "$root/usr/bin/ashlar" run board.yaml --cpus 2 --firmware "$firmware" --timeout 120 </dev/null >"$work/board.out" 2>&1
    is $? 0 "$firmware: boots and powers off"
    grep -q '^1\.\.[0-9]' "$work/board.out" && ! grep -q '^not ok' "$work/board.out"
    ok $? "$firmware: its guest is content"
    [ "$tap_failed" = 0 ] || show "$work/board.out"
done
(cd "$tree" && sh mk/install.sh uninstall "$root/usr")
ok $? "taken away"
[ ! -e "$root" ]
ok $? "nothing is left"
finish
