#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Sixteen VMs of one vCPU on four CPUs, each with the guest tests/guest/checker: each finds its memory, registers, interrupts and clocks its
# own, and they share the time evenly. An instruction is a nanosecond here, so that other work of the host does not count.
# SECONDS_MEASURED=6 of guest time.
# SOAK: a minute.
# shellcheck source=tests/qemu/qemu_lib.sh
. "$(dirname "$0")/qemu_lib.sh"

vms=16 cpus=4 seconds=${SECONDS_MEASURED:-${SOAK:+60}}
seconds=${seconds:-6}

if [ -n "$bare" ]; then
    echo "1..0 # SKIP one machine is not several"
    exit 0
fi
{
    printf 'host:\n  console: all\n'
    configuration vm1 1 64M "$build/guest/checker.bin" "cmdline: seconds=$seconds"
    i=2
    while [ "$i" -le "$vms" ]; do
        configuration "vm$i" 1 64M "$build/guest/checker.bin" "cmdline: seconds=$seconds" | tail -n +2
        i=$((i + 1))
    done
} >"$work/many.yaml"
"$ashlar" run "$work/many.yaml" --cpus "$cpus" --memory 2G --cpu "${CPU:-max}" --icount --timeout $((120 + 20 * seconds)) \
    </dev/null >"$work/many.out" 2>&1
is "$?" 0 "the machine goes off when its last VM has"
tr -d '\r' <"$work/many.out" >"$work/many.log"

i=1
while [ "$i" -le "$vms" ]; do
    sed -n "s/^\[vm$i\] //p" "$work/many.log" >"$work/vm$i"
    is "$(grep -c '^ok ' "$work/vm$i"), $(grep -c '^not ok' "$work/vm$i") not, plan $(sed -n 's/^1\.\.//p' "$work/vm$i")" \
        "7, 0 not, plan 7" "vm$i: $(sed -n 's/^ok 1 - //p' "$work/vm$i")"
    i=$((i + 1))
done

# Time of its own in the half seconds in which all of them ran, per mille of that time.
awk -v vms="$vms" '
    /^\[vm[0-9]+\] # slot / {
        name = $1; slot = $4 + 0; own[name, slot] = $8
        if (!(name in first) || slot < first[name]) first[name] = slot
        if (slot > last[name]) last[name] = slot
    }
    END {
        from = 0; to = 1e9
        for (name in first) { count++; if (first[name] > from) from = first[name]; if (last[name] < to) to = last[name] }
        least = 1e9; most = 0
        for (name in first) {
            sum = 0
            for (slot = from; slot <= to; slot++) sum += own[name, slot]
            share = sum / (500 * (to - from + 1))
            if (share < least) least = share
            if (share > most) most = share
        }
        printf "%d %d %d %d\n", (count == vms ? to - from + 1 : 0), least, most, (least > 0 ? 100 * (most - least) / least : 100)
    }' "$work/many.log" >"$work/shares"
read -r slots least most apart <"$work/shares"
echo "# in $slots half seconds: at least $least, at most $most per mille of a CPU, $apart % apart"
[ "$slots" -ge 6 ]
ok $? "all of them ran at the same time"
[ "$apart" -lt 10 ]
ok $? "shares are within 10 % of each other"
[ "$least" -ge 225 ]
ok $? "four VMs to a CPU: none has less than 90 % of its quarter"
no_errors "$work/many.out" "$vms VMs"
[ "$tap_failed" = 0 ] || show "$work/many.out"
finish
