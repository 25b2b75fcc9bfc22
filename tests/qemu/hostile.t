#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The hostile guest beside a witness on 2 CPUs: it plays all its scenes, each ended by a reset or a crash, and switches itself off; the witness
# prints a counter each tenth of a second meanwhile, and no two lines come more than 300 ms apart. CPU="MODEL ...", VCPUS="N ...", SEED=N choose;
# SCALE=PERCENT makes it longer (`make soak`).
# shellcheck source=tests/qemu/qemu_lib.sh
. "$(dirname "$0")/qemu_lib.sh"

seed=${SEED:-$(date +%j%H%M)}
scale=${SCALE:-5}
limit=${GAP_MS:-300}
# Of a loaded machine.
seconds=$((60 + scale * 10))

# beside NAME VCPUS: the configuration with both.
beside() {
    echo "host:"
    echo "  console: witness"
    configuration witness 1 32M "$build/guest/witness.bin"
    configuration hostile "$2" 64M "$build/guest/hostile.bin" "cmdline: seed=$seed scale=$scale" "on_crash: restart" |
        sed 1d
}

# gaps FILE: "LINES LONGEST": of the witness's lines by their time of arrival.
gaps() {
    awk '$2 == "w" && $3 + 0 > 0 { if (count++ && $1 - last > longest) longest = $1 - last; last = $1 }
        END { print count + 0, longest + 0 }' "$1"
}

# own_gap FILE: the longest by the witness's own clock, in ms.
own_gap() {
    tr -d '\r' <"$1" | sed -n 's/^.*no gap above 300 ms by its own clock (\([0-9]*\) ms)$/\1/p'
}

for cpu in ${CPU:-max cortex-a72}; do
    for vcpus in ${VCPUS:-1 4}; do
        name=hostile-$vcpus
        beside "$name" "$vcpus" >"$work/$name.yaml"
        cat >"$work/$name.steps" <<END
wait 60 w 3
wait $seconds hostile: powered off
send q
end 60 0
END
        drive "$name" -t "$work/times" "$vcpus" --cpus 2 --cpu "$cpu" --timeout $((seconds + 60)) ${RUN_OPTIONS:-}
        drove "$name" $? "$cpu, $vcpus vCPUs: all scenes of seed $seed, then off"
        guest_tap "$cpu" "$work/$name.out"
        read -r lines longest <<END
$(gaps "$work/times")
END
        echo "# $lines lines of the witness, $longest ms apart at most, $(own_gap "$work/$name.out") ms by its own clock"
        [ "$lines" -gt 10 ] && [ "$longest" -le "$limit" ]
        ok $? "$cpu, $vcpus vCPUs: no line of the witness came later than $limit ms after the one before it"
        no_errors "$work/$name.out" "$cpu, $vcpus vCPUs"
    done
done
finish
