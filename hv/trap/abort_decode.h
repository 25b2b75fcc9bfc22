/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a data abort from a guest asks for (DDI 0487, D19.2.37: ISS encoding for an exception from a Data Abort). Pure.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/bits.h"

/* ISV: the access is a load or store of one general register, and what follows is valid. Without it there is nothing to emulate. */
static inline bool abort_has_syndrome(uint64_t esr)
{
    return (esr & BIT(24)) != 0U;
}
/* WnR, also set for cache maintenance. */
static inline bool abort_is_write(uint64_t esr)
{
    return (esr & BIT(6)) != 0U;
}
/* SAS, in bytes: 1, 2, 4, 8. */
static inline unsigned abort_size(uint64_t esr)
{
    return 1U << bits_get(esr, 23, 22);
}
/* SRT; 31 is the zero register. */
static inline unsigned abort_register(uint64_t esr)
{
    return (unsigned)bits_get(esr, 20, 16);
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

/* What the load leaves in the register: value cut to the access, extended by SSE, and to Wt or Xt by SF. */
static inline uint64_t abort_extend(uint64_t esr, uint64_t value)
{
    /* LDR Wt and its like, nearly all there is */
    if (__builtin_expect((esr & (BITS(23, 22) | BIT(21))) == 2ULL << 22, 1)) {
        return value & 0xffffffffU;
    }
    unsigned unused = 64U - 8U * abort_size(esr);
    bool sign_extend = (esr & BIT(21)) != 0U;
    uint64_t extended = sign_extend ? (uint64_t)((int64_t)(value << unused) >> unused) : value << unused >> unused;
    return (esr & BIT(15)) != 0U ? extended : extended & 0xffffffffU;
}
