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
    [ ! -e "$work/now" ] || echo , >>"$work/now"
    cat "$build/bench/ops-$environment-$cpu.json" >>"$work/now"
done

if [ "${1:-}" = --accept ]; then
    { echo '['; cat "$work/now"; echo ']'; } >$baseline
    echo "accepted: $(grep -c '^"' $baseline) figures in $baseline; the commit says why"
    exit
fi

# Nothing but the instructions that run may show: the first part of the first set once more.
again="not ok"
# shellcheck disable=SC2086 # words
set -- $sets
if BENCH_OUT=$work/again sh bench/run.sh "${1%%:*}" "${1#*:}" alone 2>/dev/null; then
    lines=$(($(wc -l <"$work/again") - 1))
    head -n $lines "$work/again" | tr -d , >"$work/again.figures"
    head -n $lines "$work/now" | tr -d , | cmp -s - "$work/again.figures" && again=ok
fi

# One line of TAP a figure. A difference of less than an instruction is the counter's.
awk -v sets=" $sets " -v again="$again" '
    /^{"kind":/ { split($0, part, "\""); where = part[12] ", " part[8] ": "; chosen = index(sets, " " part[8] ":" part[12] " ") }
    !/^"/ { next }
    { match($0, /":/); key = where substr($0, 2, RSTART - 2); value = substr($0, RSTART + 2); sub(/,$/, "", value) }
    FNR == NR { if (chosen) { order[++count] = key; accepted[key] = value }; next }
    { now[key] = value; if (!(key in accepted)) order[++count] = key }
    function line(good, text) { print (good ? "ok " : "not ok ") ++lines " - " text; failed += !good }
    function judge(key, old, new, more) {
        if (new == "") { line(0, key " is not measured any more"); return }
        if (old == "") { line(0, key " costs " new ", which nobody accepted (make bench-accept)"); return }
        if (old == "null" || new == "null") { line(old == new, key " costs " new ", accepted " old); return }
        more = new - old
        cheaper += more < -old * 0.02 && more <= -0.75
        if (more > old * 0.02 && more >= 0.75)
            line(0, sprintf("%s costs %s, %.1f %% more than the accepted %s", key, new, old + 0 ? more * 100 / old : 100, old))
        else
            line(1, key " costs " new (new + 0 == old + 0 ? "" : ", accepted " old))
    }
    END {
        for (i = 1; i <= count; i++) judge(order[i], accepted[order[i]], now[order[i]])
        line(again == "ok", "a second run gives the same figures")
        if (cheaper) print "# " cheaper " operations are more than 2 % cheaper than accepted: make bench-accept keeps that"
        print "1.." lines
        exit failed != 0
    }' $baseline "$work/now"
