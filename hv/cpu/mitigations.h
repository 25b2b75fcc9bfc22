/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a CPU needs so that a guest can't read EL2's or another guest's data by speculation: Spectre variant 2, Spectre-BHB and variant 4
 * (docs/mitigations.md has the others). Each CPU decides for itself, from its own registers and from what its firmware answers on it.
 *
 * Sources: Arm, "Cache Speculation Side-channels" and "Spectre-BHB: Speculative Target Reuse Attacks", with the tables of affected
 * processors that go with them; DEN 0028, SMCCC_ARCH_WORKAROUND_1 to _3; DDI 0487, the ID registers' fields of the same names.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "arch/vectors.h"

struct mitigation_facts {
    uint64_t midr;              /* MIDR_EL1 */
    uint64_t id_aa64pfr0;       /* CSV2 */
    uint64_t id_aa64pfr1;       /* SSBS */
    uint64_t id_aa64mmfr1;      /* ECBHB */
    uint64_t id_aa64isar2;      /* CLRBHB */
    int32_t firmware_offers[4]; /* [n]: SMCCC_ARCH_FEATURES of SMCCC_ARCH_WORKAROUND_n; [0] is not used */
};

/* Ordered: of two CPUs the greater one holds for both together. */
enum mitigation_state {
    MITIGATION_NOT_NEEDED, /* the CPU is not affected */
    MITIGATION_APPLIED,
    MITIGATION_MISSING, /* affected, or not known to be unaffected, and nothing is there to apply */
};

struct mitigation {
    enum mitigation_state state;
    const char *reason; /* for the boot log, without the state */
};

struct mitigations {
    enum vectors_table table; /* of EL2's exception vectors */
    uint32_t argument;        /* what goes with the table: rounds of the loop, the function to call */
    struct mitigation variant_2, bhb, variant_4;
};

/* Pure: what a CPU with these facts needs. */
struct mitigations mitigations_choose(const struct mitigation_facts *facts);
/* "Neoverse N1", or NULL of a CPU that the table does not have. Pure. */
const char *mitigations_cpu_name(uint64_t midr);

/* Once, before any CPU calls mitigations_cpu_init: host.mitigations. */
void mitigations_enable(bool enable);
/*
 * On each CPU, before it runs a guest: decides, and applies it (VBAR_EL2, the PRDA, SSBS). Writes the CPU's own slot; what orders that before
 * mitigations_combine is the bring-up's.
 */
void mitigations_cpu_init(void);
/* Boot CPU, when all CPUs that will run have come: a line in the log for each model of CPU, and what guests are answered. */
void mitigations_combine(void);

/*
 * To a guest's SMCCC_ARCH_FEATURES of WORKAROUND_number (1 to 3): 0 = offered and needed on some CPU, 1 = not needed on any,
 * -1 (NOT_SUPPORTED) = some CPU is affected and has none. The same for all of a VM's life, wherever it runs.
 */
int32_t mitigations_guest_offer(unsigned number);
/* A guest has called WORKAROUND_number, which was offered. Does what its way into EL2 has not done already. */
void mitigations_guest_call(unsigned number);
