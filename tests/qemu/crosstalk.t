#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Two VMs on one CPU: each writes a pattern of its own to every system register that takes one, and looks whether any that it can read changes.
# CPU="MODEL ..." and SEED=N choose. One that saw a change never switches itself off.
# shellcheck source=tests/qemu/qemu_lib.sh
. "$(dirname "$0")/qemu_lib.sh"

seed=${SEED:-1}
scene=$(sed -n 's/^#define CROSSTALK_SCENE \([0-9]*\)U.*/\1/p' "$tree/tests/guest/hostile/hostile.h")

for cpu in ${CPU:-max cortex-a72}; do
    {
        printf 'host:\n  console: one\n'
        configuration one 1 32M "$build/guest/hostile.bin" "cmdline: seed=$seed only=$scene"
        configuration two 1 32M "$build/guest/hostile.bin" "cmdline: seed=$((seed + 1)) only=$scene" | sed 1d
    } >"$work/crosstalk.yaml"
    "$ashlar" run "$work/crosstalk.yaml" --cpus 1 --cpu "$cpu" --timeout 60 </dev/null >"$work/crosstalk.out" 2>&1
    is $? 0 "$cpu: both VMs saw only their own values"
    [ "$(grep -a -c '^# [1-9][0-9]* registers, [0-9]* passes' "$work/crosstalk.out")" = 1 ]
    ok $? "$cpu: $(grep -a ' passes, ' "$work/crosstalk.out" | tr -d '#\r')"
    [ "$tap_failed" = 0 ] || show "$work/crosstalk.out"
    no_errors "$work/crosstalk.out" "$cpu"
done
finish
