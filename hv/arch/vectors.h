/* SPDX-License-Identifier: Apache-2.0 */
/*
 * EL2's tables of exception vectors (arch/aarch64/vectors.S): alike but for what an exception from a guest runs first. Which of them a
 * CPU uses is cpu/mitigations.c's to say.
 */
#pragma once

#include <stdint.h>

#include "arch/aarch64/offsets.h"

/* In the order in which they lie in memory. */
enum vectors_table {
    VECTORS_PLAIN,    /* nothing */
    VECTORS_LOOP,     /* a loop of branches, PRDA_MITIGATION rounds of it */
    VECTORS_CLRBHB,   /* the CLRBHB instruction */
    VECTORS_FIRMWARE, /* SMC, with PRDA_MITIGATION in w0 */
    VECTORS_TABLES,
};

_Static_assert(VECTORS_TABLES == VECTORS_TABLE_COUNT, "offsets.h");

/* What VBAR_EL2 has to be for it. */
#ifdef ASHLAR_HOST
static inline uint64_t vectors_address(enum vectors_table table)
{
    return 0x10000U + (uint64_t)table * VECTORS_SIZE;
}
#else
extern char vectors[];

static inline uint64_t vectors_address(enum vectors_table table)
{
    return (uint64_t)(uintptr_t)vectors + (uint64_t)table * VECTORS_SIZE;
}
#endif
