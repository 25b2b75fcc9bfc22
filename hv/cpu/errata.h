/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Errata of Arm's CPUs that the hypervisor has to work around, by MIDR_EL1 (each CPU's Software Developers Errata Notice, SDEN).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum erratum {
    /*
     * Cortex-A57 1319537, Cortex-A72 1319367, Cortex-A76 1165522, Cortex-A55 1530923: a speculative AT instruction translates
     * with the registers of a translation regime that is only partly switched, and caches the result in the TLB.
     */
    ERRATUM_SPECULATIVE_AT,
    ERRATA,
};

struct erratum_row {
    enum erratum erratum;
    const char *name; /* "Cortex-A72 1319367" */
    const char *workaround;
    uint16_t part;     /* MIDR_EL1.PartNum of an Arm design (Implementer 0x41) */
    uint8_t first_rev; /* Variant << 4 | Revision: rVpR, first and last that have it */
    uint8_t last_rev;
};

/* On each CPU at bring-up, before it runs a vCPU: looks at its MIDR_EL1. Any order of CPUs, one at a time or at once. */
void errata_detect(void);
/* Some CPU of this machine has it. Constant once all CPUs are up. */
/* A bit per enum erratum; private to errata_has. */
extern uint32_t errata_present;
static inline bool errata_has(enum erratum erratum)
{
    return (__atomic_load_n(&errata_present, __ATOMIC_RELAXED) & (1U << erratum)) != 0U;
}
/* For the boot log: the index-th row that applies to this machine, or NULL at the end. */
const struct erratum_row *errata_applied(unsigned index);
