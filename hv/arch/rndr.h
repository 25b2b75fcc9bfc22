/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The CPU's random number instruction (DDI 0487, FEAT_RNG; RNDR is S3_3_C2_C4_0). Only where ID_AA64ISAR0_EL1.RNDR is not 0;
 * a CPU without it takes an exception.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#ifdef ASHLAR_HOST
#include <stddef.h>

bool rndr_read(uint64_t *value);
/* What the fake CPU answers; NULL: it never has a number in time. */
void host_rndr_set(bool (*reader)(void *context, uint64_t *value), void *context);
#else
/* False when no number came in time: PSTATE.NZCV is 0100 then and the register 0. */
static inline bool rndr_read(uint64_t *value)
{
    uint64_t number;
    uint32_t failed;
    __asm__ volatile("mrs %0, S3_3_C2_C4_0\n\tcset %w1, eq" : "=r"(number), "=r"(failed)::"cc", "memory");
    *value = number;
    return failed == 0U;
}
#endif
