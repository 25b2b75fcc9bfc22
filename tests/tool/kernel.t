#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Kernel files: what is accepted, what is unpacked, and what is refused by its name.
# shellcheck source=tests/tool/lib.sh disable=SC2016
. "$(dirname "$0")/lib.sh"

# said_of FILE: what `check` says about a kernel, "usable" when nothing.
said_of() {
    configuration "$1" >kernel.yaml
    "$ashlar" check kernel.yaml >output 2>&1
    case $? in
    0) echo usable ;;
    1) sed -n "s|.*kernel: found '$1' (\(.*\)), allowed.*|\1|p;t;s|.*error: ||p" output ;;
    *) cat output ;;
    esac
}

# le4 NUMBER: four bytes, little-endian.
le4() {
    # shellcheck disable=SC2059 # the format is made here
    printf "$(printf '\\%03o\\%03o\\%03o\\%03o' $(($1 % 256)) $(($1 / 256 % 256)) $(($1 / 65536 % 256)) $(($1 / 16777216)))"
}

# zboot TYPE PAYLOAD SUFFIX: an EFI zboot kernel around a file, with a suffix counted into the payload's size.
zboot() {
    size=$(($(wc -c <"$2") + $(printf '%s' "$3" | wc -c)))
    printf 'MZ\000\000zimg'
    le4 64
    le4 "$size"
    printf '\000\000\000\000\000\000\000\000%s' "$1"
    head -c $((40 - ${#1})) /dev/zero
    cat "$2"
    printf '%s' "$3"
}

# at OFFSET BYTES [LENGTH]: LENGTH bytes (default 40000) of a noise that nothing starts with, with BYTES at OFFSET.
at() {
    {
        head -c 40000 /dev/zero | tr '\000' '\377' | head -c "$1"
        # shellcheck disable=SC2059 # escapes are wanted
        printf "$2"
        head -c 40000 /dev/zero | tr '\000' '\377'
    } | head -c 40000
}

image_header >Image
is "$(said_of Image)" usable "arm64 Image"
gzip -c Image >Image.gz
is "$(said_of Image.gz)" usable "Image.gz"
head -c 100000 /dev/urandom >noise
at 0 '\024' >flat
is "$(said_of flat)" usable "flat binary"
zboot gzip Image.gz '' >zboot.gzip
is "$(said_of zboot.gzip)" usable "EFI zboot, gzip"
for type in xz zstd lzma lz4; do
    case $type in
    xz) command="xz --check=crc32" name=xzkern ;;
    zstd) command="zstd -q" name=zstd22 ;;
    lzma) command="xz --format=lzma" name=lzma ;;
    lz4) command="lz4 -q -l" name=lz4 ;;
    esac
    if ! command -v "${command%% *}" >/dev/null; then
        skip "EFI zboot, $type" "no ${command%% *}"
        skip "EFI zboot, $type, with its size behind it" "no ${command%% *}"
        continue
    fi
    $command -c <Image >packed
    zboot "$name" packed '' >"zboot.$type"
    is "$(said_of "zboot.$type")" usable "EFI zboot, $type"
    zboot "$name" packed abcd >"zboot.$type.size"
    is "$(said_of "zboot.$type.size")" usable "EFI zboot, $type, with its size behind it"
done

# Damaged ones.
head -c 300 Image.gz | head -c 40 >cut.gz
is "$(said_of cut.gz)" "a damaged gzip file" "a gzip file that ends early"
echo text | gzip >text.gz
is "$(said_of text.gz)" "a gzip file with a text file inside" "a gzip file of something else"
head -c 5000 /dev/zero | tar -cf - -C "$work" t 2>/dev/null | head -c 2048 | gzip >tar.gz
is "$(said_of tar.gz)" "a gzip file with a tar archive inside" "a packed tar archive"
{ printf 'MZ\000\000zimg' && le4 64 && le4 99999999 && head -c 100 /dev/zero; } >zboot.long
is "$(said_of zboot.long)" "a damaged EFI zboot kernel" "a zboot payload that ends outside the file"
zboot lzo noise '' >zboot.lzo
is "$(said_of zboot.lzo)" "an EFI zboot kernel with no arm64 Image inside" "a zboot payload in no known compression"
zboot gzip text.gz '' >zboot.text
is "$(said_of zboot.text)" "an EFI zboot kernel with a text file inside" "a zboot kernel of something else"
{ head -c 24 Image && printf '\001' && tail -c +26 Image; } >Image.big
is "$(said_of Image.big)" "a big-endian arm64 kernel" "a big-endian Image"
{ head -c 8 Image && printf '\001' && tail -c +10 Image; } >Image.offset
is "$(said_of Image.offset)" "a damaged arm64 Image" "an Image at an odd offset"
{ head -c 16 Image && printf '\000\000\000\000\000\000\000\177' && tail -c +25 Image; } >Image.huge
is "$(said_of Image.huge)" "a damaged arm64 Image" "an Image that says it is larger than any memory"
{ head -c 16 Image && printf '\000\000\000\010' && tail -c +21 Image; } >Image.bss
is "$(said_of Image.bss)" "memory: found '64M', allowed at least 130M for its kernel, initrd and device tree; try 130M" \
    "an Image whose BSS does not fit"

# What it is not.
while IFS='|' read -r offset bytes name; do
    at "$offset" "$bytes" >file
    is "$(said_of file)" "$name" "$name"
done <<'END'
514|HdrS|an x86 bzImage kernel
48|RISCV\000\000\000|a RISC-V kernel
36|\030\050\157\001|a 32-bit Arm zImage kernel
0|\047\005\031\126|a U-Boot uImage
0|\320\015\376\355|a device tree or FIT image
0|ANDROID!|an Android boot image
0|070701|a cpio archive, perhaps an initrd
257|ustar|a tar archive
0|!<arch>\n|an ar archive, perhaps a Debian package
0|PK\003\004|a zip archive
0|7z\274\257\047\034|a 7-Zip archive
0|\3757zXZ\000|an xz file
0|\050\265\057\375|a zstd file, perhaps an initrd
0|BZh9|a bzip2 file
0|\004\042\115\030|an lz4 file
0|hsqs|a squashfs file system
0|QFI\373|a qcow2 disk image
512|EFI PART|a GPT disk image
32769|CD001|an ISO 9660 image
1080|\123\357|an ext2/3/4 file system
40|_FVH|UEFI firmware
510|\125\252|a boot sector or disk image
0|\177ELF\002\001\001\000\000\000\000\000\000\000\000\000\002\000\267\000|an ELF file for arm64; objcopy -O binary makes a flat one
0|\177ELF\002\001\001\000\000\000\000\000\000\000\000\000\002\000\076\000|an ELF file for x86-64
0|\177ELF\001\002\001\000\000\000\000\000\000\000\000\000\000\002\000\024|an ELF file for 32-bit POWER
0|\177ELF\002\001\001\000\000\000\000\000\000\000\000\000\002\000\001\040|an ELF file for another machine
0|%%PDF|a PDF document
END

{ printf MZ && head -c 58 /dev/zero && le4 64 && printf 'PE\000\000\144\206' && head -c 900 /dev/zero; } >x86.efi
is "$(said_of x86.efi)" "an EFI or Windows program for x86-64" "a PE program for x86-64"
{ printf MZ && head -c 58 /dev/zero && le4 64 && printf 'PE\000\000\144\252' && head -c 900 /dev/zero; } >arm64.efi
is "$(said_of arm64.efi)" "an EFI or Windows program for arm64" "a PE program for arm64"
{ printf MZ && head -c 58 /dev/zero && le4 99999 && head -c 900 /dev/zero; } >dos.exe
is "$(said_of dos.exe)" "a DOS program" "a PE header outside the file"
printf '#!/bin/sh\n' >script
is "$(said_of script)" "a script" "a script"
printf 'vms:\n  - name: one\n' >text
is "$(said_of text)" "a text file" "a text file"
head -c 4096 /dev/zero >zeros
is "$(said_of zeros)" "nothing but zeros" "zeros"
is "$(said_of /dev/null)" "not a regular file" "a device"
head -c 70000000 /dev/zero | tr '\000' '\377' >large
is "$(said_of large)" "memory: found '64M', allowed at least 70M for its kernel, initrd and device tree; try 70M" \
    "a flat binary that does not fit"

finish
