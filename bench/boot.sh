#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Whole-boot figures under -icount, where one executed instruction is one nanosecond: the parts of the way from reset to a guest's first
# instruction, the size of ashlar.efi, EL2 memory per VM, and a fixed workload in a Debian guest (bench/boot/init) on Ashlar with one and
# two vCPUs and on QEMU without Ashlar, with the same kernel, initrd and device tree. Writes build/bench/boot-ENVIRONMENT-CPU.json.
# The counter runs at 1 GHz (cntfrq=), so that it counts instructions and nothing depends on the phase of a slower one. The loader's disk
# is the host's: how long firmware and loader take differs a little from run to run, so those two are rounded, to 10 ms; Debian is booted
# by a loader that waits for a round counter (bench/boot/align.h).
# usage: boot.sh [CPU...]   (default: neoverse-n1 cortex-a72 max); ONLY_FIRST=1 leaves Debian out
set -eu
LC_ALL=C TZ=UTC0 NO_COLOR=1
export LC_ALL TZ NO_COLOR
tree=$(cd "$(dirname "$0")/.." && pwd)
build=$tree/build
out=$build/bench
inputs=$build/bench/boot
work=$(mktemp -d)
pid=
tidy_up() {
    [ -z "$pid" ] || kill -KILL "$pid" 2>/dev/null || :
    [ -n "${KEEP:-}" ] || rm -rf "$work"
}
trap tidy_up EXIT
trap 'exit 1' HUP INT TERM
TMPDIR=$work
export TMPDIR
kernel=$build/guest/vmlinuz
# No randomness of addresses, so that the same is compared with the same.
cmdline='console=ttyAMA0 nokaslr norandmaps'

fail() {
    echo "bench/boot.sh: $1" >&2
    [ -z "${2:-}" ] || tail -n 20 "$2" >&2
    exit 1
}

# run OUTPUT COMMAND...: its output without carriage returns; it has to end by itself. In 10 minutes.
run() {
    run_out=$1
    shift
    timeout -k 10 600 "$@" </dev/null >"$run_out.raw" 2>&1 &
    pid=$!
    wait $pid || fail "failed: $*" "$run_out.raw"
    pid=
    tr -d '\r' <"$run_out.raw" >"$run_out"
}

# on_ashlar FOLDER OUTPUT CPU CPUS CONFIGURATION: by the `ashlar` in FOLDER and the ashlar.efi beside that.
on_ashlar() {
    ashlar=$1/bin/ashlar
    shift
    run "$1" "$ashlar" run "$4" --icount --cpu "$2,cntfrq=1000000000" --cpus "$3"
}

# figure NAME VALUE: one line of figures, to $work/figures.
figure() {
    [ -n "$2" ] || fail "no figure: $1" "$run_out"
    printf '"%s":%s\n' "$1" "$2" >>"$work/figures"
}

# done_with ENVIRONMENT: the figures so far are its.
done_with() {
    {
        printf '{"kind":"boot","environment":"%s","cpu":"%s","figures":{\n' "$1" "$cpu"
        sed '$!s/$/,/' "$work/figures"
        echo '}}'
    } >"$work/json"
    mv "$work/json" "$out/boot-$1-$cpu.json"
    rm "$work/figures"
}

# tens NANOSECONDS: milliseconds, to the nearest ten.
tens() {
    # shellcheck disable=SC2017 # to lose precision is the point
    echo $((($1 + 5000000) / 10000000 * 10))
}

# log_word FILE PART WORD: the word after WORD in the log line of that part.
log_word() {
    awk -v part=" $2: " -v word="$3" '
        index($0, part) { for (i = 1; i < NF; i++) if ($i == word) { sub(/[^0-9]*$/, "", $(i + 1)); print $(i + 1); exit } }' "$1"
}

# The parts of the way to the first instruction, 256 MiB, one vCPU, from first.S and the log, whose clock begins at the hand-over.
first_figures() {
    cat >"$work/first.yaml" <<END
host:
  when_idle: poweroff
  mitigations: off
vms:
  - name: first
    cpus: 1
    memory: 256M
    kernel: $inputs/first.bin
END
    on_ashlar "$build" "$work/first" "$cpu" 1 "$work/first.yaml"
    began=$(log_word "$work/first" timer counter)
    jumped=$(log_word "$work/first" timer began,)
    zero=$(log_word "$work/first" 'first: runs' at)
    creation=$(awk '/ first: starts: / { sub(/^\[ */, ""); sub(/\].*/, ""); printf "%.0f\n", $0 * 1000000 }' "$work/first")
    read -r first virtual <<END
$(awk 'function hex(text, i, value) {
            for (i = 1; i <= length(text); i++) value = value * 16 + index("0123456789abcdef", substr(text, i, 1)) - 1
            return value
        }
        /^first: / { printf "%.0f %.0f\n", hex($2), hex($3) }' "$work/first")
END
    if [ -z "$began" ] || [ -z "$creation" ] || [ -z "$virtual" ]; then
        fail "the guest did not say when it began" "$work/first"
    fi
    figure "image, bytes" "$(($(wc -c <"$build/ashlar.efi")))"
    figure "EL2 memory of a VM, KiB" "$(log_word "$work/first" 'first: runs' runs:)"
    figure "firmware, ms" "$(tens "$began")"
    figure "loader, ms" "$(tens $((jumped - began)))"
    figure "start of the hypervisor" $((creation * 1000))
    figure "making the VM" $((zero - jumped - creation * 1000))
    figure "start of the vCPU" "$virtual"
    figure "hand-over to the first instruction" $((first - jumped))
    done_with ashlar
}

# linux_figures FILE EXTRA: the stamps of bench/boot/init. EXTRA instructions went before the guest's counter began.
linux_figures() {
    awk -v extra="$2" '
        /^stamp: dmesg-bytes / { bytes = $3; next }
        /^stamp: cpus / { next }
        /^stamp: / && NF == 3 { printf "%s %.0f\n", $2, $3 - at; at = $3 }
        END { printf "all %.0f\nbytes %.0f\n", at + extra, bytes }' "$1" >"$work/stamps"
    figure "making the VM" "$2"
    while read -r name value; do
        case $name in
        init) figure "kernel entry to init" "$value" ;;
        fork-exec) figure "fork and exec, 300 times" "$value" ;;
        tmpfs) figure "32 MiB of tmpfs, first touch" "$value" ;;
        sha256) figure "sha256 of 8 MiB" "$value" ;;
        calls) figure "system calls, 200000" "$value" ;;
        dmesg) dmesg=$value ;;
        drained) figure "dmesg to the console" $((dmesg + value)) ;;
        all) figure "whole workload" "$value" ;;
        bytes) figure "dmesg, bytes" "$value" ;;
        *) fail "an unknown stamp: $name" "$1" ;;
        esac
    done <"$work/stamps"
    [ "$(grep -c . "$work/figures")" = 9 ] || fail "the workload did not end" "$1"
}

# debian VCPUS MITIGATIONS: on Ashlar.
debian() {
    cat >"$work/debian-$1.yaml" <<END
host:
  when_idle: poweroff
  mitigations: $2
vms:
  - name: debian
    cpus: $1
    memory: 256M
    kernel: $kernel
    initrd: $inputs/initrd.img
    cmdline: $cmdline
END
    on_ashlar "$inputs" "$work/debian-$1" "$cpu" "$1" "$work/debian-$1.yaml"
    zero=$(log_word "$work/debian-$1" 'debian: runs' at)
    jumped=$(log_word "$work/debian-$1" timer began,)
    linux_figures "$work/debian-$1" $((zero - jumped))
    done_with "ashlar-$2-debian-$1"
}

# bare CPUS: on QEMU's board at EL1 with the device tree that the guest found on Ashlar, and a fixed seed.
bare() {
    sed -n '/^tree: begin/,/^tree: end/p' "$work/debian-$1" | sed '/^tree: /d' | base64 -d | gzip -d >"$work/bare-$1.dtb"
    fdtput -t x "$work/bare-$1.dtb" /chosen rng-seed 1 2 3 4 5 6 7 8 9 a b c d e f 10
    run "$work/bare-$1" "$build/bin/qemu-system-aarch64" -M virt,gic-version=3 -cpu "$cpu,cntfrq=1000000000" -smp "$1" -m 256M \
        -nodefaults -display none -serial stdio -icount shift=0,sleep=off -seed 1 -rtc base=2026-01-01T00:00:00,clock=vm \
        -kernel "$kernel" -initrd "$inputs/initrd.img" -append "$cmdline" -dtb "$work/bare-$1.dtb"
    linux_figures "$work/bare-$1" 0
    done_with "bare-debian-$1"
}

[ $# -gt 0 ] || set -- neoverse-n1 cortex-a72 max
mkdir -p "$out"
for cpu; do
    first_figures
    [ -z "${ONLY_FIRST:-}" ] || continue
    for cpus in 1 2; do
        debian $cpus auto
        debian $cpus off
        bare $cpus
    done
done
