#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Machines whose firmware knows no PSCI for CPUs: build/boot-park/park.efi (tests/boot/park) parks them and rewrites the tables before it starts
# the loader, so that the original protocol is the ACPI parking protocol or spin-table. With 8 CPUs, all there, and with one that comes too late.
# FIRMWARE="edk2-acpi u-boot" chooses.
# shellcheck source=tests/qemu/qemu_lib.sh
. "$(dirname "$0")/qemu_lib.sh"
export MTOOLS_SKIP_CHECK=1

cat >"$work/park.yaml" <<END
host: {console: monitor, when_idle: monitor}
vms:
  - name: debian
    cpus: 8
    memory: 512M
    kernel: $build/guest/vmlinuz
    initrd: $build/guest/initrd.img
    cmdline: console=ttyAMA0
    autostart: false
END

"$ashlar" image "$work/park.yaml" -o "$work/all.img" >"$work/image.out" 2>&1 &&
    mcopy -i "$work/all.img@@1M" "$build/ashlar.efi" ::/ashlar/ashlar.efi &&
    mcopy -o -i "$work/all.img@@1M" "$build/boot-park/park.efi" ::/EFI/BOOT/BOOTAA64.EFI &&
    cp "$work/all.img" "$work/late.img" && echo late >"$work/late" && mcopy -i "$work/late.img@@1M" "$work/late" ::/late
ok $? "the disks are made"

# There is no PSCI to power off by: the panic's device ends the machine.
{
    echo "wait 240 CPUs run"
    cat <<'END'
send \n
wait 60 ashlar>
send start debian\n
wait 30 ashlar>
send console debian\n
wait 240 ashlar-guest: Linux
wait 60 #
send echo "CPUs=$(nproc)"; sleep 20; echo MARK-$((1))\n
wait 120 MARK-1
send \x1d
wait 30 ashlar>
send handoff\n
wait 30 CPU 0x7
send panic\n
wait 30 yes
send yes\n
end 60 1
END
} >"$work/park.steps"

out() { tr -d '\r\033' <"$work/park.out"; }
said() { out | grep -a -E -c -- "$1"; }

# run NAME IMAGE FIRMWARE-OPTIONS...
run() {
    run_name=$1 image=$2
    shift 2
    timeout -k 10 700 "$build/tests/expect" -o "$work/park.out" "$work/park.steps" \
        "$ashlar" run "$image" --cpus 8 --cpu cortex-a72 --timeout 600 "$@" 2>"$work/park.err"
    drove park $? "$run_name: the machine runs a VM of 8 vCPUs"
    is "$(said '^CPUs=8')" 1 "$run_name: 8 vCPUs are up"
}

for firmware in ${FIRMWARE:-edk2-acpi u-boot}; do
    case $firmware in
    edk2-acpi) set -- "parking protocol" --firmware edk2 --acpi on ;;
    *) set -- spin-table --firmware "$firmware" ;;
    esac
    protocol=$1
    shift
    run "$firmware" "$work/all.img" "$@"
    is "$(said 'cpu: 8 of 8 CPUs run')" 1 "$firmware: 8 CPUs run"
    is "$(said "^CPU 0x[1-7] +by $protocol to its mailbox")" 7 "$firmware: each came by $protocol"
    run "$firmware, one late" "$work/late.img" "$@"
    is "$(said 'cpu: 7 of [78] CPUs run')" 1 "$firmware, one late: the hypervisor runs on 7"
    case $firmware in
    edk2-acpi)
        is "$(said 'error: CPU 0x7 did not start from its mailbox: left out')" 1 "$firmware, one late: the eighth is named"
        ;;
    *)
        is "$(said 'ashlar: CPUs: 0x7 left out: it did not arrive')" 1 "$firmware, one late: the eighth is named"
        is "$(said 'cpu: warning: CPU 0x7 did not reach its mailbox: left out')" 1 "$firmware, one late: by the hypervisor, too"
        is "$(said '^CPU 0x7 .*; it came late, and sleeps')" 1 "$firmware, one late: it came late, and sleeps"
        ;;
    esac
done

finish
