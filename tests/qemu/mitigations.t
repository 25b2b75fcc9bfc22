#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What each model of CPU gets against Spectre: the line in the boot log, and what a guest is answered by SMCCC_ARCH_FEATURES, with
# `mitigations: auto` and `off`. QEMU's firmware has none of the workarounds. CPU="MODEL ..." chooses.
# shellcheck source=tests/qemu/qemu_lib.sh
. "$(dirname "$0")/qemu_lib.sh"

# one CPU auto|off LINES ANSWERS: lines of the log from "Spectre" or "mitigations" on, what WORKAROUND_1 to _3 of the guest say.
one() {
    case " ${CPU:-$1} " in *" $1 "*) ;; *) return ;; esac
    {
        printf 'host:\n  mitigations: %s\n' "$2"
        configuration psci 4 64M "$build/guest/psci.bin"
    } >"$work/psci.yaml"
    "$ashlar" run "$work/psci.yaml" --cpu "$1" --cpus 2 --timeout 60 </dev/null >"$work/psci.out" 2>&1
    is $? 0 "$1 $2: the machine was switched off in order"
    lines=$(tr -d '\r' <"$work/psci.out" | sed -n -e 's/^\[ *[0-9.]*\] cpu0 cpu: \(.*\(Spectre\|mitigations are\)\)/\1/p')
    is "$lines" "$3" "$1 $2: the log says what is done and why, once for all CPUs"
    answers=$(tr -d '\r' <"$work/psci.out" | sed -n 's/^# WORKAROUND_[1-3] //p' | tr '\n' ' ')
    is "$answers" "$4 " "$1 $2: a guest is told so"
    failed_before=$tap_failed
    guest_tap "$1 $2" "$work/psci.out"
    [ "$failed_before" = "$tap_failed" ] || show "$work/psci.out"
}

ssbs='variant 4: SSBS = 0 in EL2'
missing='variant 2: MISSING (no CSV2, no firmware call); variant 4: MISSING (no SSBS, no firmware call)'
safe='Spectre-BHB: not needed (not affected); variant 2: not needed (not affected)'
off='mitigations are off: nothing is done against Spectre, whatever the CPUs need'

one neoverse-n1 auto \
    "Neoverse N1 r4p1: Spectre-BHB: loop of 24 (no ECBHB, no CLRBHB); variant 2: not needed (CSV2); $ssbs" "1 1 0"
one neoverse-n1 off "$off" "1 -1 -1"
one cortex-a72 auto "warning: Cortex-A72 r0p3: Spectre-BHB: loop of 8 (no ECBHB, no CLRBHB); $missing" "-1 -1 0"
one cortex-a72 off "$off" "-1 -1 -1"
one max auto \
    "CPU with MIDR_EL1 0xf0510 r0p0: Spectre-BHB: not needed (CSV2_3); variant 2: not needed (CSV2); $ssbs" "1 1 1"
one max off "$off" "1 -1 1"
one cortex-a53 auto "Cortex-A53 r0p4: $safe; variant 4: not needed (not affected)" "1 1 1"
one cortex-a55 auto "Cortex-A55 r2p0: $safe; $ssbs" "1 1 1"
one neoverse-v1 auto \
    "Neoverse V1 r1p2: Spectre-BHB: loop of 32 (no ECBHB, no CLRBHB); variant 2: not needed (CSV2); $ssbs" "1 1 0"

finish
