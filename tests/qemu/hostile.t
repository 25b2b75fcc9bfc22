#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The hostile guest beside a witness on 2 CPUs: it plays all its scenes, each ended by a reset or a crash, and switches itself off; the witness
# prints a counter each tenth of a second meanwhile, and no two lines come more than 300 ms apart. CPU="MODEL ...", VCPUS="N ...", SEED=N choose;
# SCALE=N makes it N times as long: 100 are 10^7 random operations.
# shellcheck source=tests/qemu/qemu_lib.sh
. "$(dirname "$0")/qemu_lib.sh"

seed=${SEED:-$(date +%j%H%M)}
scale=${SCALE:-1}
limit=${GAP_MS:-300}
# Of a loaded machine.
seconds=$((90 + scale * 60))

# beside NAME VCPUS: the configuration with both.
beside() {
    echo "host:"
    echo "  console: witness"
    configuration witness 1 32M "$build/guest/witness.bin"
    configuration hostile "$2" 64M "$build/guest/hostile.bin" "cmdline: seed=$seed scale=$scale" "on_crash: restart" |
        sed 1d
}

# gaps FILE: "LINES LONGEST NET": of the witness's lines, by the time of arrival and by its own clock. A loaded machine makes QEMU itself wait for
# a processor; NET is the longest time less what its threads waited meanwhile.
gaps() {
    tr -d '\r' <"$1" | awk '
        $3 == "w" && NF == 6 {
            gap = $1 - last; own = $5 - last_own
            if (own > gap) gap = own
            if (count++) {
                if (gap > longest) longest = gap
                if (gap - ($2 - waited) > net) net = gap - ($2 - waited)
            }
            last = $1; waited = $2; last_own = $5
        }
        END { print count + 0, longest + 0, net + 0 }'
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
        read -r lines longest net <<END
$(gaps "$work/times")
END
        echo "# $lines lines of the witness, at most $longest ms apart, $net ms without what QEMU waited for this machine"
        [ "$lines" -gt 10 ] && [ "$net" -le "$limit" ]
        ok $? "$cpu, $vcpus vCPUs: no line of the witness came later than $limit ms after the one before it"
        no_errors "$work/$name.out" "$cpu, $vcpus vCPUs"
    done
done
finish
