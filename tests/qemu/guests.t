#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The bare-metal guests of tests/guest/ on Ashlar, one VM each. GUEST="NAME ..." and CPU="MODEL ..." choose.
# shellcheck source=tests/qemu/qemu_lib.sh
. "$(dirname "$0")/qemu_lib.sh"

# one NAME VCPUS CPUS SECONDS
one() {
    case " ${GUEST:-$1} " in *" $1 "*) ;; *) return ;; esac
    for cpu in ${CPU:-max cortex-a72}; do
        run_guest "$1" "$2" "$4" "$cpu" --cpus "$3"
        status=$?
        failed_before=$tap_failed
        guest_tap "$cpu $1" "$work/$1.out"
        is "$status" 0 "$cpu $1: the machine was switched off in order"
        [ "$failed_before" = "$tap_failed" ] || show "$work/$1.out"
    done
}

one board 3 2 60
one exceptions 1 2 60
one psci 4 2 120
one gic 4 4 120
one timer 2 2 120
one debug 4 2 120
one fpsimd 4 2 120
one smp 8 4 180
one cache 2 2 120

finish
