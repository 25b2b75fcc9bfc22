#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Debian's unmodified kernel with the busybox initramfs, as two virtual CPUs, to a shell and to its power-off, on three
# CPU models under three firmwares. CPU="MODEL ..." and FIRMWARE="edk2-acpi edk2-dt u-boot" choose.
# shellcheck source=tests/qemu/qemu_lib.sh
. "$(dirname "$0")/qemu_lib.sh"

{
    boot_steps
    cat <<'END'
send echo "CPUs=$(nproc)"; cat /proc/interrupts; echo MARK-$((1))\n
wait 60 MARK-1
send sleep 2; cat /proc/interrupts; dmesg -r | grep -E '^<[0-4]>'; echo MARK-$((2))\n
wait 60 MARK-2
send poweroff\n
end 60 0
END
} >"$work/debian.steps"

# counts NAME: of the first and the second reading, "CPU0 CPU1 CPU0 CPU1".
counts() {
    tr -d '\r' <"$work/debian.out" | awk -v name="$1" '$NF == name { printf "%s %s ", $2, $3 }'
}

check() {
    label=$1
    shift
    drive debian 2 --timeout 400 "$@"
    drove debian $? "$label: boots, obeys and powers off with status 0"
    grep -a -q '^CPUs=2' "$work/debian.out"
    ok $? "$label: nproc says 2"
    counts arch_timer | awk '{ exit !($1 < $3 && $2 < $4) }'
    ok $? "$label: the virtual timer counts on both ($(counts arch_timer))"
    counts uart-pl011 | awk '{ exit !(($3 > 0 && $4 == 0) || ($3 == 0 && $4 > 0)) }'
    ok $? "$label: the UART interrupts one ($(counts uart-pl011))"
    is "$(warnings "$work/debian.out")" "" "$label: no warning in dmesg"
    no_errors "$work/debian.out" "$label"
}

for cpu in ${CPU:-max cortex-a72 neoverse-n1}; do
    for firmware in ${FIRMWARE:-edk2-acpi edk2-dt u-boot}; do
        case $firmware in
        edk2-acpi) check "$cpu $firmware" --cpu "$cpu" --firmware edk2 --acpi on ;;
        edk2-dt) check "$cpu $firmware" --cpu "$cpu" --firmware edk2 --acpi off ;;
        *) check "$cpu $firmware" --cpu "$cpu" --firmware "$firmware" ;;
        esac
    done
done

finish
