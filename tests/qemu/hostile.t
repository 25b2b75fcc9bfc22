#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The hostile guest beside a witness on 2 CPUs: it plays all its scenes, each ended by a reset or a crash, and switches itself off; the witness
# prints a counter each tenth of a second meanwhile, and no two lines come more than 300 ms apart. Then the same VM starts again, and is
# stopped in the middle. The log has at most ten lines of it in any second.
# CPU="MODEL ...", VCPUS="N ...", SEED=N choose; SCALE=N makes it N times as long: 100 are 10^7 random operations.
# SOAK: SCALE=100.
# shellcheck source=tests/qemu/qemu_lib.sh
. "$(dirname "$0")/qemu_lib.sh"

seed=${SEED:-${SOAK:+$(date +%j%H%M)}}
seed=${seed:-1}
scale=${SCALE:-${SOAK:+100}}
scale=${scale:-1}
limit=300
# Of a loaded machine.
seconds=$((120 + scale * 60))

if [ -n "$bare" ]; then
    echo "1..0 # SKIP one machine is not several"
    exit 0
fi

# beside VCPUS: the configuration with both.
beside() {
    printf 'host:\n  console: all\n'
    configuration witness 1 32M "$build/guest/witness.bin"
    configuration hostile "$1" 64M "$build/guest/hostile.bin" "cmdline: seed=$seed scale=$scale" "on_crash: restart" |
        sed 1d
}

# gaps FILE: "LINES LONGEST NET WRONG": of the witness's lines until the first key, by the time of arrival and by its own clock. A loaded
# machine makes QEMU itself wait for a processor; NET is the longest time less what its threads waited meanwhile. WRONG: words of its memory
# that it did not find as it left them.
gaps() {
    tr -d '\r' <"$1" | awk '
        /ashlar> / { exit }
        $3 == "[witness]" && $4 == "w" && NF == 8 {
            gap = $1 - last; own = $6 - last_own
            if (own > gap) gap = own
            if (count++) {
                if (gap > longest) longest = gap
                if (gap - ($2 - waited) > net) net = gap - ($2 - waited)
            }
            last = $1; waited = $2; last_own = $6; wrong += $8
        }
        END { print count + 0, longest + 0, net + 0, wrong + 0 }'
}

# dense NAME FILE: the most log lines of a VM within a second, and those left out. Until the first key: what an administrator does is not counted.
dense() {
    tr -d '\r' <"$2" | sed "/ashlar> /,\$d" | sed -n 's/^.*\[ *\([0-9]*\.[0-9]*\)\] cpu[0-9]* '"$1"': /\1 /p' | awk '
        { at[++count] = $1; }
        { while (at[count] - at[first + 1] >= 1) first++; if (count - first > most) most = count - first }
        / lines left out/ { for (i = 1; i < NF; i++) if ($(i + 1) == "lines") left += $i }
        END { print most + 0, left + 0 }'
}

for cpu in ${CPU:-max cortex-a72}; do
    for vcpus in ${VCPUS:-1 4}; do
        name=hostile-$vcpus
        label="$cpu, $vcpus vCPUs"
        beside "$vcpus" >"$work/$name.yaml"
        cat >"$work/$name.steps" <<END
wait 60 [witness] w 3
wait $seconds hostile: off: powered off
send \r
wait 10 ashlar>
send start hostile\r
wait 60 # scene 0
wait 60 # scene 1
send stop -f hostile\r
wait 60 hostile: off: stopped
send mem\r
wait 10 hostile                      0 KiB
wait 10 [witness] w
send stop -f witness\r
end 60 0
END
        # shellcheck disable=SC2086 # options, no blanks in them
        drive "$name" -t "$work/times" "$vcpus" --cpus 2 --cpu "$cpu" --timeout $((seconds + 240)) ${RUN_OPTIONS:-}
        drove "$name" $? "$label: all scenes of seed $seed, off, started again, stopped"
        is "$(tr -d '\r' <"$work/$name.out" | grep -a -e ' not ok ' -e 'Bail out')" "" "$label: the guest found nothing wrong"
        read -r lines longest net wrong <<END
$(gaps "$work/times")
END
        echo "# $lines lines of the witness, at most $longest ms apart, $net ms without what QEMU waited for this machine"
        [ "$lines" -gt 10 ] && [ "$net" -le "$limit" ]
        ok $? "$label: no line of the witness came later than $limit ms after the one before it"
        is "$wrong" 0 "$label: the witness's memory is as it left it"
        read -r most left <<END
$(dense hostile "$work/$name.out")
END
        [ "$most" -gt 0 ] && [ "$most" -le 10 ]
        ok $? "$label: at most $most lines of the log in a second, $left left out"
        no_errors "$work/$name.out" "$label"
    done
done
finish
