#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# host.handover: Debian's kernel in place of the hypervisor, with the tables that the loader rewrote: a system nobody here wrote starts the
# CPUs by our mailboxes. ACPI: the parking protocol, woken by an SGI; device tree: spin-table. CPU="MODEL ..." and
# FIRMWARE="edk2-acpi edk2-dt u-boot" choose.
# shellcheck source=tests/qemu/qemu_lib.sh
. "$(dirname "$0")/qemu_lib.sh"

# shellcheck disable=SC2154
cat >"$work/handover.yaml" <<END
host:
  handover:
    kernel: $build/guest/vmlinuz
    initrd: $build/guest/initrd.img
    cmdline: console=ttyAMA0
END

{
    boot_steps
    cat <<'END'
send echo "CPUs=$(nproc)"; dmesg | grep -i psci; echo MARK-$((1))\n
wait 60 MARK-1
send for f in /proc/device-tree/cpus/cpu@*/enable-method; do echo "method=$(cat $f)"; done; ls -d /proc/device-tree/psci*; echo MARK-$((2))\n
wait 60 MARK-2
send poweroff -f\n
end 60 0
END
} >"$work/handover.steps"

out() { tr -d '\r\033' <"$work/handover.out"; }
said() { out | grep -a -E -c -- "$1"; }


check() {
    label=$1
    shift
    drive handover 4 --cpus 4 --timeout 400 "$@"
    drove handover $? "$label: Linux starts, obeys and powers off with status 0"
    is "$(said '^CPUs=4')" 1 "$label: 4 CPUs are up"
    is "$(said 'CPU[1-3]: Booted secondary processor')" 3 "$label: three of them came out of their pens"
}

for cpu in ${CPU:-max cortex-a72}; do
    for firmware in ${FIRMWARE:-edk2-acpi edk2-dt u-boot}; do
        label="$cpu $firmware"
        case $firmware in
        edk2-acpi)
            check "$label" --cpu "$cpu" --firmware edk2 --acpi on
            is "$(said 'ashlar: CPUs: MADT names the parking protocol, FADT no PSCI')" 1 "$label: the loader rewrote MADT and FADT"
            [ "$(said 'psci: is not implemented in ACPI')" -gt 0 ]
            ok $? "$label: Linux finds no PSCI"
            ;;
        *)
            case $firmware in
            edk2-dt) check "$label" --cpu "$cpu" --firmware edk2 --acpi off ;;
            *) check "$label" --cpu "$cpu" --firmware "$firmware" ;;
            esac
            is "$(said '^method=spin-table')" 4 "$label: each enable-method says spin-table"
            is "$(said '^/proc/device-tree/psci')" 0 "$label: there is no psci node"
            is "$(said 'psci: ')" 0 "$label: Linux looks for no PSCI"
            ;;
        esac
    done
done

finish
