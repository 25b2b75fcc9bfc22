/* SPDX-License-Identifier: Apache-2.0 */
/* The FP and SIMD register file of the one fake CPU that tests switch on. */
#include "arch/cpu_local.h"
#include "arch/fpsimd.h"

static struct vcpu_fpsimd registers[8];

void fpsimd_save(struct vcpu_fpsimd *to)
{
    *to = registers[cpu_local_index() % 8U];
}

void fpsimd_restore(const struct vcpu_fpsimd *from)
{
    registers[cpu_local_index() % 8U] = *from;
}
