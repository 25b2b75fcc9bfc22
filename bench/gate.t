#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The gate: measures what each operation costs and compares with the accepted figures, bench/baseline.json. An operation that got dearer by
# more than 2 % fails, by name; so does one that is missing or that nobody accepted yet.
#
# usage: gate.t [--accept]     from the top of the tree; --accept writes the figures as the accepted ones instead
#   GATE="ENVIRONMENT:CPU ..." chooses what is measured
set -u
LC_ALL=C
export LC_ALL
build=${BUILD:-build}
baseline=bench/baseline.json
sets=${GATE:-ashlar-off:neoverse-n1 ashlar-auto:neoverse-n1 ashlar-off:cortex-a72 ashlar-off:max}
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

for set in $sets; do
    environment=${set%%:*} cpu=${set#*:}
    if ! sh bench/run.sh "$environment" "$cpu" 2>"$work/err"; then
        sed 's/^/# /' "$work/err"
        echo "Bail out! $environment on $cpu could not be measured"
        exit 1
    fi
    cat "$build/bench/ops-$environment-$cpu.json" >>"$work/now"
done

if [ "${1:-}" = --accept ]; then
    cp "$work/now" $baseline
    echo "accepted: $(wc -l <$baseline) figures in $baseline; the commit says why"
    exit
fi

# Nothing but the instructions that run may show.
set -- $sets
environment=${1%%:*} cpu=${1#*:}
BENCH_OUT=$work/again sh bench/run.sh "$environment" "$cpu" alone 2>/dev/null
grep -F -x -f "$work/again" "$work/now" >"$work/same"

# One line of TAP a figure. A step of less than an instruction is the counter's.
awk -v sets=" $sets " -v again="$(cmp -s "$work/again" "$work/same" && echo ok || echo "not ok")" '
    { split($0, part, "\""); match($0, /"value":[^,]*/) }
    { key = part[12] ", " part[8] ": " part[16]; value = substr($0, RSTART + 8, RLENGTH - 8) }
    FNR == NR { if (index(sets, " " part[12] ":" part[8] " ")) { order[++count] = key; accepted[key] = value }; next }
    { now[key] = value; if (!(key in accepted)) { order[++count] = key } }
    function line(good, text) { print (good ? "ok " : "not ok ") ++lines " - " text; failed += !good }
    END {
        for (i = 1; i <= count; i++) {
            key = order[i]
            if (!(key in now)) { line(0, key " is not measured any more"); continue }
            if (!(key in accepted)) { line(0, key " costs " now[key] ", which nobody accepted (make bench-accept)"); continue }
            old = accepted[key]; new = now[key]
            if (old == "null" || new == "null") { line(old == new, key " costs " new ", accepted " old); continue }
            more = new - old
            if (more > old * 0.02 && more >= 0.75)
                line(0, sprintf("%s costs %s, %.1f %% more than the accepted %s", key, new, old ? more * 100 / old : 100, old))
            else
                line(1, key " costs " new (new + 0 == old + 0 ? "" : ", accepted " old))
        }
        line(again == "ok", "a second run gives the same figures")
        print "1.." lines
        exit failed != 0
    }' $baseline "$work/now"
