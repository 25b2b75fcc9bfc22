#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The loader under real firmware, with the stub payload in place of the hypervisor (tests/boot/stub): what is handed over
# on each firmware and processor, and each refusal with its words, the memory's size and the machine's exit status.
# Needs `make build/boot-stub/ashlar.efi` and the QEMU and firmwares below build/ (make check-qemu does that).
set -eu
cd "$(dirname "$0")/../.."
build=${ASHLAR_BUILD:-build}
firmware=$build/pkg/firmware
qemu=$build/bin/qemu-system-aarch64
work=$(mktemp -d "${TMPDIR:-/tmp}/ashlar-boot.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM

number=0
pass() { number=$((number + 1)); echo "ok $number - $1"; }
fail() { number=$((number + 1)); echo "not ok $number - $1"; sed 's/^/# /' "$work/console"; }

# $1: what it shows, $2: an extended regular expression that a line of the console has to match as a whole.
line_is() { if grep -Eqx -- "$2" "$work/console"; then pass "$1"; else echo "# wanted: $2"; fail "$1"; fi; }
line_is_not() { if grep -Eq -- "$2" "$work/console"; then fail "$1"; else pass "$1"; fi; }
status_is() { if [ "$status" = "$2" ]; then pass "$1"; else echo "# exit status $status, wanted $2"; fail "$1"; fi; }

# The CRC-32 that gzip writes at the end of its output, as 16 hexadecimal digits.
crc() { gzip -1 -c <"$1" | tail -c 8 | od -An -tx4 -N4 --endian=little | sed 's/^ */00000000/'; }
hex() { printf '%016x' "$1"; }

# Bytes that do not repeat: a counter through a checksum.
make_file() { awk -v n="$2" 'BEGIN { for (i = 0; i * 16 < n; i++) printf "%015d\n", (i * 2654435761) % 999999937 }' | head -c "$2" >"$1"; }

size_of() { wc -c <"$1" | tr -d ' '; }

# Compiles the configuration with the variables below.
compile() {
    sed -e "s/@MEMORY@/$memory/" -e "s/@KERNEL_SIZE@/$kernel_size/" -e "s/@INITRD_SIZE@/$initrd_size/" \
        -e "s/@CMDLINE@/$cmdline/" -e "s/@SECOND_SIZE@/$second_size/" tests/boot/config.dts.in >"$work/config.dts"
    # -f: dtc holds that `name` must be the node's own.
    dtc -q -f -I dts -O dtb -o "$work/config.dtb" "$work/config.dts" 2>/dev/null
}

defaults() {
    memory=0x10000000
    kernel_size=$(size_of "$work/kernel")
    initrd_size=$(size_of "$work/initrd")
    second_size=$(size_of "$work/second")
    cmdline=console=ttyAMA0
}

# The EFI system partition as a whole disk. The files of the VMs stay; configuration as compiled.
make_disk() {
    export MTOOLS_SKIP_CHECK=1
    truncate -s 48M "$work/disk"
    mformat -i "$work/disk" -F -v ASHLAR ::
    mmd -i "$work/disk" ::EFI ::EFI/BOOT ::ashlar ::ashlar/vm0 ::ashlar/vm1
    mcopy -i "$work/disk" "$build/boot-stub/ashlar.efi" ::EFI/BOOT/BOOTAA64.EFI
    mcopy -i "$work/disk" "$work/kernel" "$work/initrd" ::ashlar/vm0/
    mcopy -i "$work/disk" "$work/second" ::ashlar/vm1/kernel
    compile
    mcopy -i "$work/disk" "$work/config.dtb" ::ashlar/config.dtb
}

# $1: acpi, dt or u-boot; $2: processor; the rest: arguments for QEMU that come last. Sets status, writes $work/console.
run() {
    kind=$1 cpu=$2
    shift 2
    case $kind in
    u-boot) set -- -bios "$firmware/u-boot.bin" "$@" ;;
    dt) set -- -M acpi=off "$@" ;;
    esac
    case $kind in
    acpi | dt)
        set -- -drive "if=pflash,unit=0,format=raw,readonly=on,file=$firmware/AAVMF_CODE.fd" \
            -boot menu=on,splash-time=0 "$@"
        ;;
    esac
    status=0
    timeout -k 3 60 "$qemu" -M virt,virtualization=on,gic-version=3 -cpu "$cpu" -m "${ram:-1G}" -smp 2 -display none \
        -nodefaults -serial stdio -drive "if=none,id=d,format=raw,readonly=on,file=$work/disk" \
        -device virtio-blk-pci,drive=d,romfile= -device pvpanic-pci -action panic=exit-failure "$@" \
        </dev/null >"$work/raw" 2>&1 || status=$?
    tr -d '\r\000\033' <"$work/raw" | sed 's/.*\(ashlar: \)/\1/' >"$work/console"
}

# A handoff that succeeded, by the stub's lines. $1: name of the combination.
expect_handoff() {
    status_is "$1: the machine powers off in order" 0
    line_is "$1: the payload ran to its end" 'stub: done'
    line_is_not "$1: every check of the payload holds" '^FAIL'
    line_is "$1: kernel of VM 0" "module vm=0x0{16} kind=0x0{15}1 size=0x$(hex "$kernel_size") crc=0x$(crc "$work/kernel") ?"
    line_is "$1: initrd of VM 0" "module vm=0x0{16} kind=0x0{15}2 size=0x$(hex "$initrd_size") crc=0x$(crc "$work/initrd") ?"
    line_is "$1: kernel of VM 1" "module vm=0x0{15}1 kind=0x0{15}1 size=0x$(hex "$second_size") crc=0x$(crc "$work/second") ?"
    line_is "$1: configuration" "config size=0x$(hex "$(size_of "$work/config.dtb")") crc=0x$(crc "$work/config.dtb") ?"
    line_is "$1: 4 MiB of pool, 2 MiB aligned" 'region pool base=0x0*[0-9a-f]*[02468ace]00000 size=0x0{10}400000 attribute=.*'
    line_is "$1: the hypervisor's image is 2 MiB aligned" 'region hv base=0x0*[0-9a-f]*[02468ace]00000 size=.*'
    line_is "$1: the EFI system table" 'efi system_table=0x5453595320494249 descriptors=0x0*[1-9a-f][0-9a-f]* ?'
    line_is "$1: on tables of our own, that map the RAM" "space levels=0x0{15}4 bits=0x0{14}[23][0-9a-f] pages=0x0*[1-9a-f][0-9a-f]* ram=0x0{8}40000000 ?"
    line_is "$1: the other CPU waits at its mailbox" "cpus listed=0x0{15}2 parked=0x0{15}1 conduit=0x0{15}1 ?"
    line_is "$1: both copies are regions" "region tables base=.*"
    line_is "$1: pvpanic is found" 'pvpanic register=0x0{8}[1-3][0-9a-f]{7} ?'
    # RAM is 1 GiB from 0x40000000; 3 regions of it in a row or more, and nothing of it lost below its last 64 MiB.
    total=$(awk '/^region/ { sub(/size=0x0*/, "", $4); print $2, $4 }' "$work/console" | grep -Ev '^runtime-mmio ' |
        while read -r _ size; do printf '%d\n' "0x$size"; done | awk '{ s += $1 } END { print int(s / 1048576) }')
    if [ "$total" -ge 1000 ] && [ "$total" -le 1024 ]; then
        pass "$1: the regions add up to the RAM ($total MiB)"
    else
        fail "$1: the regions add up to the RAM ($total MiB)"
    fi
}

# The firmware's clock is the host's: within a minute and a half of now.
expect_time() {
    seconds=$(sed -n 's/^time seconds=\(0x[0-9a-f]*\).*/\1/p' "$work/console")
    difference=$(($(date +%s) - $((${seconds:-0}))))
    if [ "$difference" -ge -5 ] && [ "$difference" -le 90 ]; then pass "$1: the time is right"; else fail "$1: the time is right"; fi
}

# $1: name, $2: the line that says why. The firmware gets control back, pvpanic ends the machine with status 1.
expect_refusal() {
    line_is "$1: said in words" "$2"
    status_is "$1: pvpanic ends the machine" 1
    line_is_not "$1: nothing was handed over" '^(stub:|ashlar: leaving)'
}

[ -x "$qemu" ] || { echo "1..0 # SKIP no QEMU in $build/bin: make"; exit 0; }
[ -f "$build/boot-stub/ashlar.efi" ] || { echo "1..0 # SKIP no $build/boot-stub/ashlar.efi: make check-qemu"; exit 0; }

make_file "$work/kernel" 18000123
make_file "$work/initrd" 70001
make_file "$work/second" 4096
defaults
make_disk

for cpu in max cortex-a72 neoverse-n1; do
    run acpi "$cpu"
    expect_handoff "edk2, ACPI, $cpu"
    expect_time "edk2, ACPI, $cpu"
    line_is "edk2, ACPI, $cpu: RSDP and SMBIOS, no device tree" \
        'tables rsdp=0x2052545020445352 fdt=0x0{16} fdt_size=0x0{16} smbios3=0x0{8}334d535f ?'
    line_is "edk2, ACPI, $cpu: no seed, said so" 'ashlar: random seed: none .*'
    line_is "edk2, ACPI, $cpu: ACPI tables are a region" 'region acpi base=.*'

    run dt "$cpu"
    expect_handoff "edk2, device tree, $cpu"
    line_is "edk2, device tree, $cpu: device tree, no RSDP" 'tables rsdp=0x0{16} fdt=0x0{8}edfe0dd0 fdt_size=0x0*[1-9a-f][0-9a-f]* .*'
    line_is "edk2, device tree, $cpu: seed of 40 bytes" 'seed source=0x0{15}2 bytes=0x0{14}28 crc=.*'

    run u-boot "$cpu"
    expect_handoff "U-Boot, $cpu"
    line_is "U-Boot, $cpu: device tree, no RSDP" 'tables rsdp=0x0{16} fdt=0x0{8}edfe0dd0 fdt_size=0x0*[1-9a-f][0-9a-f]* .*'
done

run acpi max -device virtio-rng-pci
line_is 'EFI_RNG_PROTOCOL: 64 bytes of seed' 'seed source=0x0{15}1 bytes=0x0{14}40 crc=.*'
first=$(grep '^seed' "$work/console" || :)
run acpi max -device virtio-rng-pci
if [ -n "$first" ] && ! grep -Fqx -- "$first" "$work/console"; then pass 'two boots, two seeds'; else fail 'two boots, two seeds'; fi

run acpi max -rtc base=2031-02-03T04:05:06
line_is "the time of another clock" "time seconds=0x$(hex 1927857906 | cut -c1-14).*"

cmdline=stub=pvpanic
make_disk
for kind in acpi dt u-boot; do
    run "$kind" cortex-a72
    line_is "$kind: the payload panics" 'stub: panics'
    status_is "$kind: the pvpanic register works" 1
done
defaults

# Refusals by the machine.
make_disk
run acpi cortex-a72 -M virtualization=off
expect_refusal 'EL1' 'ashlar: error: processor: this machine gives us EL1, .*enable virtualisation .*'
run dt cortex-a72 -M virtualization=off
expect_refusal 'EL1, device tree' 'ashlar: error: processor: this machine gives us EL1, .*enable virtualisation .*'
run acpi cortex-a72 -M gic-version=2
expect_refusal 'GICv2' 'ashlar: error: interrupt controller: no GICv3 .*'

# Without pvpanic the firmware has control again and goes on to its next boot option.
make_disk
mdel -i "$work/disk" ::ashlar/config.dtb
mkfifo "$work/pipe"
timeout -k 3 60 "$qemu" -M virt,virtualization=on,gic-version=3 -cpu cortex-a72 -m 1G -display none -nodefaults -serial stdio \
    -drive "if=pflash,unit=0,format=raw,readonly=on,file=$firmware/AAVMF_CODE.fd" -boot menu=on,splash-time=0 \
    -drive "if=none,id=d,format=raw,readonly=on,file=$work/disk" -device virtio-blk-pci,drive=d,romfile= \
    </dev/null >"$work/pipe" 2>&1 &
machine=$!
grep -a -m 1 'BdsDxe: failed to start' <"$work/pipe" | tr -d '\r\000\033' >"$work/console" || :
kill "$machine"
wait "$machine" || :
line_is 'back to the firmware, with the status of what failed' 'BdsDxe: failed to start .*: Not Found'

# Refusals by the volume, under both firmwares.
for kind in acpi u-boot; do
    make_disk
    mdel -i "$work/disk" ::ashlar/config.dtb
    run "$kind" cortex-a72
    expect_refusal "$kind: no configuration" 'ashlar: error: host: configuration: \\ashlar\\config.dtb is missing on the volume: .*'

    make_disk
    mdel -i "$work/disk" ::ashlar/vm0/initrd
    run "$kind" cortex-a72
    expect_refusal "$kind: no initrd" 'ashlar: error: first: initrd: \\ashlar\\vm0\\initrd is missing on the volume: .*'

    make_disk
    mdel -i "$work/disk" ::ashlar/vm1/kernel
    mmd -i "$work/disk" ::ashlar/vm1/kernel
    run "$kind" cortex-a72
    expect_refusal "$kind: a directory as kernel" 'ashlar: error: second: kernel: \\ashlar\\vm1\\kernel is a directory: .*'

    kernel_size=18000124
    make_disk
    run "$kind" cortex-a72
    expect_refusal "$kind: size differs" 'ashlar: error: first: kernel: .* has 18000123 bytes, the configuration says 18000124: .*'
    defaults
done

make_disk
head -c 200 "$work/config.dtb" >"$work/short"
mcopy -o -i "$work/disk" "$work/short" ::ashlar/config.dtb
run acpi cortex-a72
expect_refusal 'a configuration cut short' 'ashlar: error: configuration: \\ashlar\\config.dtb is refused: .*'
line_is 'a configuration cut short: why' 'ashlar: error: configuration: .*found .*allowed .*'

memory=0x300000
make_disk
run acpi cortex-a72
expect_refusal 'memory not a multiple of 2 MiB' 'ashlar: error: configuration: vm@0: memory: found .*'
defaults

memory=0x40000000
make_disk
run acpi cortex-a72
expect_refusal 'too little memory for the VMs' 'ashlar: error: memory: [0-9]+ MiB are free, .* ask for 1024 MiB .*'
defaults

# The kernel does not fit any more once the firmware has taken its part.
kernel_size=60000000
truncate -s 60000000 "$work/kernel.big"
make_disk
rm -f "$work/disk"
truncate -s 160M "$work/disk"
mformat -i "$work/disk" -F -v ASHLAR ::
mmd -i "$work/disk" ::EFI ::EFI/BOOT ::ashlar ::ashlar/vm0 ::ashlar/vm1
mcopy -i "$work/disk" "$build/boot-stub/ashlar.efi" ::EFI/BOOT/BOOTAA64.EFI
mcopy -i "$work/disk" "$work/kernel.big" ::ashlar/vm0/kernel
mcopy -i "$work/disk" "$work/initrd" ::ashlar/vm0/
mcopy -i "$work/disk" "$work/second" ::ashlar/vm1/kernel
mcopy -i "$work/disk" "$work/config.dtb" ::ashlar/config.dtb
ram=64M
run u-boot cortex-a72
expect_refusal 'no memory for a file' 'ashlar: error: first: kernel: no memory for the 58 MiB of .*'

echo "1..$number"
