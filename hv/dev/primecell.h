/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the PrimeCell peripherals of a VM have in common: 32-bit registers at word addresses of one page, and identification at its end
 * (DDI 0183, DDI 0190 and DDI 0224: PeriphID, PCellID). Pure.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/bits.h"

#define PRIMECELL_SIZE 0x1000ULL
#define PRIMECELL_PERIPHID0 0xFE0U
#define PRIMECELL_PCELLID3 0xFFCU

/* A byte or halfword at a register's address is its low part; anything else on the bus is refused. */
static inline bool primecell_is_access(uint64_t offset, unsigned size)
{
    return size <= 4U && is_aligned(offset, 4);
}

/* PeriphID0..3 are part, 0x10, revision, 0; PCellID0..3 the same everywhere. Elsewhere 0, as a reserved register reads. */
static inline uint32_t primecell_id(uint32_t offset, uint8_t part, uint8_t revision)
{
    const uint8_t id[8] = {part, 0x10, revision, 0x00, 0x0D, 0xF0, 0x05, 0xB1};

    return offset >= PRIMECELL_PERIPHID0 && offset <= PRIMECELL_PCELLID3 ? id[(offset - PRIMECELL_PERIPHID0) / 4U] : 0U;
}
