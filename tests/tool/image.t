#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# `ashlar image`: what is on the disk, that two runs give the same bytes, and what is refused.
# shellcheck source=tests/tool/lib.sh
. "$(dirname "$0")/lib.sh"

echo "not a program" >"$work/ashlar.efi"
image_header >Image
gzip -c Image >Image.gz
head -c 300000 /dev/urandom >initrd
{
    configuration Image.gz 'initrd: initrd' 'cmdline: console=ttyAMA0'
    echo '  - {name: two, memory: 64M, kernel: Image, affinity: "0-3,6"}'
} >two.yaml

"$ashlar" image two.yaml -o disk.img >output 2>&1
is "$?" 0 "image"
is "$(cat output)" "" "it says nothing"
is "$(ls "$work/tmp")" "" "no temporary file is left"
is "$(stat -c %a disk.img)" "$(printf '%o' $((0666 & ~0$(umask))))" "its permissions follow umask"

# A second run, at another time, from another folder.
mkdir elsewhere
touch -d '2001-02-03 04:05:06' Image initrd
(cd elsewhere && TZ=Asia/Tokyo "$ashlar" image ../two.yaml -o ../again.img)
is "$?" 0 "a second run"
cmp disk.img again.img
ok $? "two runs give identical bytes"
sed 's/name: two/name: due/' two.yaml >other.yaml
"$ashlar" image other.yaml -o other.img
! cmp -s disk.img other.img
ok $? "another configuration gives other bytes"

# The partition table (UEFI 5.3) and the file system in it.
# bytes OFFSET COUNT: in hexadecimal.
bytes() {
    od -An -v -tx1 -j "$1" -N "$2" disk.img | tr -d ' \n'
}
size=$(stat -c %s disk.img)
is "$((size % 1048576))" 0 "whole mebibytes"
is "$(bytes 512 8)" 4546492050415254 "first header"
is "$(bytes $((size - 512)) 8)" 4546492050415254 "second header at the very end"
is "$(bytes 450 1)$(bytes 510 2)" ee55aa "protective MBR"
is "$(bytes 1024 16)" 28732ac11ff8d211ba4b00a0c93ec93b "an EFI system partition"
is "$(bytes 1056 8)" 0008000000000000 "that starts at 1 MiB"
if command -v sfdisk >/dev/null; then
    sfdisk --verify disk.img >output 2>&1 && grep -q 'No errors detected' output
    ok $? "sfdisk finds no fault"
else
    skip "sfdisk finds no fault" "no sfdisk"
fi
dd if=disk.img of=partition bs=1M skip=1 count=$((size / 1048576 - 2)) 2>/dev/null
PATH=$PATH:/usr/sbin:/sbin
if command -v fsck.vfat >/dev/null; then
    fsck.vfat -n partition >output 2>&1
    ok $? "fsck.vfat finds no fault"
else
    skip "fsck.vfat finds no fault" "no fsck.vfat"
fi
is "$(bytes $((1048576 + 82)) 8)" 4641543332202020 "it is FAT32"
# on FILE: a file of the volume.
on() {
    MTOOLSRC=/dev/null mtype -i disk.img@@1M "::$1"
}
on /EFI/BOOT/BOOTAA64.EFI | cmp - "$work/ashlar.efi"
ok $? "ashlar.efi"
on /ashlar/vm0/kernel | cmp - Image
ok $? "the first kernel, unpacked"
on /ashlar/vm0/initrd | cmp - initrd
ok $? "the first initrd"
on /ashlar/vm1/kernel | cmp - Image
ok $? "the second kernel"
! on /ashlar/vm1/initrd >/dev/null 2>&1
ok $? "no second initrd"
on /ashlar/config.dtb >config.dtb
dtc -f -q -I dtb -O dts -o config.dts config.dtb 2>/dev/null && cmp config.dts "$here/golden/two.dts"
status=$?
[ -z "${UPDATE:-}" ] || cp config.dts "$here/golden/two.dts"
ok $status "the compiled configuration"

# A larger one takes larger clusters.
truncate -s 200M large
configuration Image 'initrd: large' | sed 's/64M/512M/' >large.yaml
"$ashlar" image large.yaml -o large.img
is "$?" 0 "an image with 200M of files"
is "$(od -An -tu1 -j $((1048576 + 13)) -N 1 large.img | tr -d ' ')" 8 "has clusters of 4K"
size=$(stat -c %s large.img)
dd if=large.img of=partition bs=1M skip=1 count=$((size / 1048576 - 2)) conv=sparse 2>/dev/null
! command -v fsck.vfat >/dev/null || fsck.vfat -n partition >output 2>&1
ok $? "fsck.vfat finds no fault in it"
rm -f large.img partition large

# What is refused.
golden image-exists "$ashlar" image two.yaml -o disk.img
echo old >old.img
"$ashlar" image two.yaml -o old.img --force && cmp -s old.img disk.img
ok $? "--force replaces it"
golden image-folder "$ashlar" image two.yaml -o elsewhere
golden image-device "$ashlar" image two.yaml -o /dev/null
golden image-nowhere "$ashlar" image two.yaml -o nowhere/disk.img
golden image-no-output "$ashlar" image two.yaml
golden image-no-operand "$ashlar" image -o new.img
sed 's/64M/63M/' two.yaml >bad.yaml
golden image-bad "$ashlar" image bad.yaml -o new.img
if [ -b /dev/loop0 ]; then
    "$ashlar" image two.yaml -o /dev/loop0 --force >output 2>&1
    is "$? $(sed 's/;.*//' output)" "2 ashlar: error: /dev/loop0 is a block device" "a block device is refused"
elif [ "$(id -u)" = 0 ] && mknod device b 7 200 2>/dev/null; then
    "$ashlar" image two.yaml -o device --force >output 2>&1
    is "$? $(sed 's/;.*//' output)" "2 ashlar: error: device is a block device" "a block device is refused"
else
    skip "a block device is refused" "there is none"
fi
mv "$work/ashlar.efi" "$work/efi"
golden image-no-efi "$ashlar" image two.yaml -o new.img
mv "$work/efi" "$work/ashlar.efi"
golden image-no-mtools env PATH=/nowhere "$ashlar" image two.yaml -o new.img

# Space is checked before anything is written.
if [ "$(id -u)" = 0 ] && mkdir small && mount -t tmpfs -o size=6m none small 2>/dev/null; then
    "$ashlar" image two.yaml -o small/disk.img >output 2>&1
    is "$? $(sed 's/, the file.*//' output)" "3 ashlar: error: the image needs 9 MB" "too little space is said first"
    is "$(ls small)" "" "and nothing is left"
    umount small
else
    skip "too little space is said first" "needs a file system of its own"
    skip "and nothing is left" "needs a file system of its own"
fi

# A signal leaves neither half an image nor a helper program.
mkdir slow
printf '#!/bin/sh\necho $$ >"%s/helper"\nexec sleep 60\n' "$work" >slow/mformat
chmod +x slow/mformat
PATH=$work/t/slow:$PATH "$ashlar" image two.yaml -o new.img &
child=$!
while [ ! -s "$work/helper" ]; do
    kill -0 $child 2>/dev/null || break
done
kill -TERM $child
wait $child
is "$?" 143 "SIGTERM ends it"
is "$(ls new.img* 2>/dev/null)" "" "no half image is left"
for _ in 1 2 3 4 5 6 7 8 9 10; do
    alive "$(cat "$work/helper")" || break
    sleep 0.1
done
! alive "$(cat "$work/helper")"
ok $? "no helper program is left"

# What takes long is shown on a terminal, and only there; colours likewise.
printf '#!/bin/sh\nsleep 1.5\nexec %s "$@"\n' "$(command -v mformat)" >slow/mformat
PATH=$work/t/slow:$PATH "$ashlar" image two.yaml -o slow.img >output 2>&1
is "$? $(cat output)" "0 " "a slow step is silent in a pipe"
if command -v script >/dev/null; then
    env -u NO_COLOR PATH="$work/t/slow:$PATH" script -qec "'$ashlar' image two.yaml -o slow.img --force" /dev/null </dev/null >output 2>&1
    grep -q 'writing the image: [0-9]* of [0-9]* MB' output
    ok $? "a slow step is shown on a terminal"
    env -u NO_COLOR script -qec "'$ashlar' check bad.yaml" /dev/null </dev/null >output 2>&1
    grep -q "$(printf '\033')\[1;31merror:" output
    ok $? "colours on a terminal"
    NO_COLOR=1 script -qec "'$ashlar' check bad.yaml" /dev/null </dev/null >output 2>&1
    ! grep -q "$(printf '\033')" output
    ok $? "none with NO_COLOR"
else
    for text in "a slow step is shown on a terminal" "colours on a terminal" "none with NO_COLOR"; do
        skip "$text" "no script"
    done
fi

finish
