#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The targets of a boot that are quick to measure: instructions from the hand-over to the first of a 256 MiB guest, the size of ashlar.efi, EL2 memory
# of a VM. The limits are those of bench/peers.json.
# usage: boot.t     from the top of the tree; CPU="neoverse-n1 ..." chooses
set -u
LC_ALL=C
export LC_ALL
build=${BUILD:-build}
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

for cpu in ${CPU:-neoverse-n1 cortex-a72}; do
    if ! ONLY_FIRST=1 sh bench/boot.sh "$cpu" 2>"$work/err"; then
        sed 's/^/# /' "$work/err"
        echo "Bail out! a boot on $cpu could not be measured"
        exit 1
    fi
    cat "$build/bench/boot-ashlar-$cpu.json" >>"$work/now"
done
awk '
    /^{"kind":/ { split($0, part, "\""); limits = part[4] == "target" && part[8] == "boot"; cpu = part[12] }
    !/^"/ { next }
    { match($0, /":/); name = substr($0, 2, RSTART - 2); value = substr($0, RSTART + 2); sub(/,$/, "", value) }
    FNR == NR { if (limits) { limit[name] = value; count++ } next }
    !(name in limit) { next }
    {
        good = value != "" && value + 0 <= limit[name] + 0
        print (good ? "ok " : "not ok ") ++lines " - " cpu ": " name ": " value ", at most " limit[name]
        seen[cpu]++
        failed += !good
    }
    END {
        for (cpu in seen) if (seen[cpu] != count) { print "not ok " ++lines " - " cpu ": a figure is missing"; failed++ }
        if (!lines) { print "Bail out! nothing to compare"; failed++ }
        print "1.." lines
        exit failed != 0
    }' bench/peers.json "$work/now"
