/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of errata by MIDR_EL1, and which of its rows this machine's CPUs matched. Owns that set; written by each CPU at
 * bring-up, read afterwards by whoever has a workaround.
 */
#include "cpu/errata.h"

#include <stddef.h>

#include "arch/sysreg.h"
#include "lib/bits.h"

#define IMPLEMENTER_ARM 0x41U
#define ALL_REVISIONS 0x00, 0xff
#define AT_WORKAROUND "EL1 walks closed (TCR_EL1.EPD0, EPD1) while EL1 state is switched"

static const struct erratum_row rows[] = {
    {ERRATUM_SPECULATIVE_AT, "Cortex-A57 1319537", AT_WORKAROUND, 0xd07, ALL_REVISIONS},
    {ERRATUM_SPECULATIVE_AT, "Cortex-A72 1319367", AT_WORKAROUND, 0xd08, ALL_REVISIONS},
    {ERRATUM_SPECULATIVE_AT, "Cortex-A76 1165522", AT_WORKAROUND, 0xd0b, 0x00, 0x20},
    {ERRATUM_SPECULATIVE_AT, "Cortex-A55 1530923", AT_WORKAROUND, 0xd05, 0x00, 0x20},
};

_Static_assert(ARRAY_SIZE(rows) <= 32U, "a bit of applied for each row");

static uint32_t applied; /* a bit per row */
uint32_t errata_present; /* a bit per enum erratum */

static bool row_matches(const struct erratum_row *row, uint64_t midr)
{
    uint64_t revision = bits_get(midr, 23, 20) << 4 | bits_get(midr, 3, 0);

    return bits_get(midr, 31, 24) == IMPLEMENTER_ARM && bits_get(midr, 15, 4) == row->part &&
           revision >= row->first_rev && revision <= row->last_rev;
}

void errata_detect(void)
{
    uint64_t midr = sysreg_read(MIDR_EL1);

    for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
        if (row_matches(&rows[i], midr)) {
            __atomic_fetch_or(&applied, 1U << i, __ATOMIC_RELAXED);
            __atomic_fetch_or(&errata_present, 1U << rows[i].erratum, __ATOMIC_RELAXED);
        }
    }
}

const struct erratum_row *errata_applied(unsigned index)
{
    uint32_t set = __atomic_load_n(&applied, __ATOMIC_RELAXED);

    for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
        if ((set & (1U << i)) != 0U && index-- == 0U) {
            return &rows[i];
        }
    }
    return NULL;
}
