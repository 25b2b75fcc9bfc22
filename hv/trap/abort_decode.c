/* SPDX-License-Identifier: Apache-2.0 */
/* Decoding of data aborts. Pure. */
#include "trap/abort_decode.h"

#include "lib/bits.h"

struct abort_access abort_decode_access(uint64_t esr)
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

/* HPFAR_EL2.FIPA, bits 43:4, is IPA[51:12]. */
uint64_t abort_decode_ipa(uint64_t hpfar, uint64_t far)
{
    return bits_get(hpfar, 43, 4) << 12 | (far & 0xfffU);
}

bool abort_is_translation(uint64_t esr)
{
    return bits_get(esr, 5, 2) == 1U;
}

bool abort_is_access_flag(uint64_t esr)
{
    return bits_get(esr, 5, 2) == 2U;
}

bool abort_is_permission(uint64_t esr)
{
    return bits_get(esr, 5, 2) == 3U;
}

/* 0b010000 not on a walk, 0b0101xx on a walk. */
bool abort_is_external(uint64_t esr)
{
    return bits_get(esr, 5, 0) == 0x10U || bits_get(esr, 5, 2) == 5U;
}

bool abort_on_walk(uint64_t esr)
{
    return (esr & BIT(7)) != 0U;
}

int abort_level(uint64_t esr)
{
    return (int)bits_get(esr, 1, 0);
}

uint64_t abort_extend(const struct abort_access *access, uint64_t value)
{
    unsigned unused = 64U - 8U * access->size;
    uint64_t extended =
        access->sign_extend ? (uint64_t)((int64_t)(value << unused) >> unused) : value << unused >> unused;
    return access->wide ? extended : extended & 0xffffffffU;
}
