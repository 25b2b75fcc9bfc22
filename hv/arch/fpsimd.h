/* SPDX-License-Identifier: Apache-2.0 */
/* FP and SIMD registers V0 to V31, FPSR, FPCR (arch/aarch64/fpsimd.S; arch/host/host_fpsimd.c has a register file). */
#pragma once

#include <stdint.h>

struct vcpu_fpsimd {
    __uint128_t v[32];
    uint64_t fpsr;
    uint64_t fpcr;
};

_Static_assert(sizeof(struct vcpu_fpsimd) == 528, "fpsimd.S");

void fpsimd_save(struct vcpu_fpsimd *to);
void fpsimd_restore(const struct vcpu_fpsimd *from);
