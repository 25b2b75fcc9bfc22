/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a data abort from a guest asks for (DDI 0487, D19.2.37: ISS encoding for an exception from a Data Abort). Pure.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/bits.h"

/* A load or store of one general register, as the syndrome describes it. */
struct abort_access {
    bool valid;       /* ISV: without it there is nothing to emulate */
    bool write;       /* WnR, also set for cache maintenance */
    bool sign_extend; /* SSE */
    bool wide;        /* SF: the register is Xt, else Wt */
    uint8_t size;     /* bytes: 1, 2, 4, 8 */
    uint8_t rt;       /* SRT; 31 is the zero register */
};

static inline struct abort_access abort_decode_access(uint64_t esr)
{
    return (struct abort_access){
        .valid = (esr & BIT(24)) != 0U,
        .write = (esr & BIT(6)) != 0U,
        .sign_extend = (esr & BIT(21)) != 0U,
        .wide = (esr & BIT(15)) != 0U,
        .size = (uint8_t)(1U << bits_get(esr, 23, 22)),
        .rt = (uint8_t)bits_get(esr, 20, 16),
    };
}

/* HPFAR_EL2 and FAR_EL2: the IPA. Only right where HPFAR_EL2 is valid: not on an external abort, and on permission faults only of a walk. */
static inline uint64_t abort_decode_ipa(uint64_t hpfar, uint64_t far)
{
    return bits_get(hpfar, 43, 4) << 12 | (far & 0xfffU);
}

/* Fault status, bits 5:0. */
static inline bool abort_is_translation(uint64_t esr)
{
    return bits_get(esr, 5, 2) == 1U;
}
static inline bool abort_is_permission(uint64_t esr)
{
    return bits_get(esr, 5, 2) == 3U;
}
static inline bool abort_is_access_flag(uint64_t esr)
{
    return bits_get(esr, 5, 2) == 2U;
}
static inline bool abort_is_external(uint64_t esr)
{
    return bits_get(esr, 5, 0) == 0x10U || bits_get(esr, 5, 2) == 5U;
}
/* S1PTW: the fault is on a stage-1 table walk. */
static inline bool abort_on_walk(uint64_t esr)
{
    return (esr & BIT(7)) != 0U;
}
/* Level, for statuses that have one. */
static inline int abort_level(uint64_t esr)
{
    return (int)bits_get(esr, 1, 0);
}

/* What a load of size bytes leaves in the register. */
static inline uint64_t abort_extend(const struct abort_access *access, uint64_t value)
{
    unsigned unused = 64U - 8U * access->size;
    uint64_t extended =
        access->sign_extend ? (uint64_t)((int64_t)(value << unused) >> unused) : value << unused >> unused;
    return access->wide ? extended : extended & 0xffffffffU;
}
