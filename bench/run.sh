#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Measures what each operation costs in one environment on one CPU model: boots the guest of bench/guest/ as often as it takes, under
# -icount, and leaves build/bench/ops-ENVIRONMENT-CPU.json, one figure a line. Two runs give the same file.
#
# usage: run.sh ENVIRONMENT CPU [PART...]      from the top of the tree
#   ENVIRONMENT   ashlar-off, ashlar-auto (mitigations), bare (EL1, no hypervisor), stub (an EL2 that only returns)
#   CPU           neoverse-n1, cortex-a72, max, or another model of QEMU's
#   PART          alone pairs beside switch; without any, all that the environment has
#   BENCH_OUT=FILE in the environment: where to instead
set -eu
LC_ALL=C TZ=UTC0 NO_COLOR=1
export LC_ALL TZ NO_COLOR
environment=$1 cpu=$2
shift 2
build=${BUILD:-build}
figures=${BENCH_OUT:-$build/bench/ops-$environment-$cpu.json}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
seconds=120

qemu() { # CPUS BINARY MODE [MACHINE OPTION]
    timeout -k 5 $seconds "$build/bin/qemu-system-aarch64" -M "virt,gic-version=3${4:-}" -cpu "$cpu" -smp "$1" -m 256M \
        -nodefaults -display none -serial stdio -icount shift=0,sleep=off -seed 1 \
        -rtc base=2026-01-01T00:00:00,clock=vm -kernel "$build/bench/$2.bin" -append "bench=$3" </dev/null
}

vm() { # NAME CPUS MODE
    printf '  - name: %s\n    cpus: %s\n    memory: 128M\n    kernel: %s\n    cmdline: bench=%s\n' \
        "$1" "$2" "$PWD/$build/bench/guest.bin" "$3"
}

ashlar() { # CPUS MODE [MODE OF ANOTHER VM]
    {
        printf 'host:\n  mitigations: %s\n  console: bench\nvms:\n' "${environment#ashlar-}"
        [ $# = 2 ] || vm other 1 "$3"
        vm bench "$1" "$2"
    } >"$work/$2.yaml"
    "$build/bin/ashlar" run "$work/$2.yaml" --icount --cpu "$cpu" --cpus "$1" --timeout $seconds </dev/null
}

boot() { # PART
    case $environment-$1 in
    bare-alone) qemu 1 guest alone ;;
    bare-pairs) qemu 2 guest pairs ;;
    stub-alone) qemu 1 stub alone ,virtualization=on ;;
    ashlar-*-alone) ashlar 1 alone ;;
    ashlar-*-pairs) ashlar 2 pairs ;;
    ashlar-*-beside) ashlar 1 beside-timer spin ;;
    ashlar-*-switch) ashlar 1 beside-switch tick ;;
    *)
        echo "run.sh: $environment has no part $1" >&2
        return 2
        ;;
    esac
}

# The guest's lines as they came, complete or not at all.
figures_of() {
    tr -d '\r' <"$1" | awk '
        /^{"op":/ {
            split($0, part, "\"")
            value = "null"
            if (match($0, /"instructions":[0-9.]+/)) value = substr($0, RSTART + 15, RLENGTH - 15)
            print "\"" part[4] "\":" value
            count++
        }
        /^{"end":/ { end = substr($0, 8) + 0 }
        END { exit !(count > 0 && count == end) }'
}

case $environment in
ashlar-off | ashlar-auto) [ $# != 0 ] || set -- alone pairs beside switch ;;
bare) [ $# != 0 ] || set -- alone pairs ;;
*) [ $# != 0 ] || set -- alone ;;
esac
mkdir -p "$build/bench"
# All at once: what else the machine does changes no figure.
for part in "$@"; do
    {
        status=0
        boot "$part" >"$work/$part.out" 2>&1 || status=$?
        [ $status != 0 ] || figures_of "$work/$part.out" >"$work/$part.json" || status=1
        echo $status >"$work/$part.status"
    } &
done
wait
for part in "$@"; do
    status=$(cat "$work/$part.status")
    if [ "$status" != 0 ]; then
        echo "run.sh: $environment, $cpu, $part: no figures (exit status $status)" >&2
        tail -n 20 "$work/$part.out" >&2
        exit 1
    fi
    cat "$work/$part.json" >>"$work/figures"
done
{
    printf '{"kind":"ops","environment":"%s","cpu":"%s","figures":{\n' "$environment" "$cpu"
    sed '$!s/$/,/' "$work/figures"
    echo '}}'
} >"$work/json"
mv "$work/json" "$figures"
