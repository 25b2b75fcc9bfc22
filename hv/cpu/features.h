/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the CPUs of this machine can do (ID registers, DDI 0487 D19.2 "Principles of the ID scheme for fields in ID registers" in
 * D24.1), what all of them can do, and what a guest is told.
 *
 * Order at start-up: each CPU calls features_collect(cpu); when all that will run have done so the boot CPU calls features_combine,
 * decides stage 2 with features_pa_bits and features_vmid_bits, and calls features_guest_prepare. From then on everything here
 * is constant. What orders the collecting CPUs before features_combine (acquire, release) is the bring-up's.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "arch/sysreg.h"
#include "platform/platform.h"

/* What the hypervisor itself asks about. */
enum feature {
    FEATURE_PAUTH,       /* address or generic authentication, the same algorithm everywhere */
    FEATURE_SCXTNUM,     /* CSV2_2: SCXTNUM_EL0 and SCXTNUM_EL1 */
    FEATURE_RAS,         /* VSESR_EL2, VDISR_EL2, the error records */
    FEATURE_LOR,         /* LORegions */
    FEATURE_MTE2,        /* GMID_EL1 */
    FEATURE_PAN,         /* PSTATE.PAN */
    FEATURE_SSBS,        /* PSTATE.SSBS */
    FEATURE_MTE,         /* PSTATE.TCO */
    FEATURE_AARCH32_EL0, /* a guest may run A32 and T32 programs */
    FEATURE_CCIDX,       /* the 64-bit format of CCSIDR_EL1 */
    FEATURES,
};

/* Reads this CPU's ID registers into its slot. cpu < PLATFORM_MAX_CPUS. No lock: a slot has one writer. */
void features_collect(unsigned cpu);
/* Combines the slots that were filled (at least one): each field as the least capable CPU has it, as far as "least" has a meaning. */
void features_combine(void);
/* Makes the guest's view. ipa_bits: the size of a guest's physical address space (stage2_ipa_bits), 32 to 52. */
void features_guest_prepare(unsigned ipa_bits);

/*
 * The combined value of the ID register key (op0 3, op1 0, CRn 0, CRm 1 to 7), and what a guest reads there. Fields not known to
 * this file read 0; so does a key without a register.
 */
uint64_t features_id(uint32_t key);
uint64_t features_guest_id(uint32_t key);

/* All CPUs have it; at least one has it. */
/* A bit per enum feature; private to features_all. */
extern uint32_t features_common;
static inline bool features_all(enum feature feature)
{
    return ((features_common >> feature) & 1U) != 0U;
}
bool features_any(enum feature feature);

unsigned features_pa_bits(void);   /* 32 to 52: the smallest ID_AA64MMFR0_EL1.PARange */
unsigned features_vmid_bits(void); /* 8 or 16 */

/* CTR_EL0 that is right on every CPU; whether some CPU's own differs, so that guests' reads have to trap (HCR_EL2.TID2). */
uint64_t features_ctr(void);
bool features_ctr_differs(void);
/* Some CPUs zero blocks of another size than others, or not at all: DC ZVA has to be closed to guests (HCR_EL2.TDZ). */
bool features_dczid_differs(void);

/* The boot CPU's, whatever CPU a vCPU is on: what guests choose their errata by must not change under them. */
uint64_t features_guest_midr(void);
uint64_t features_guest_revidr(void);
uint64_t features_guest_aidr(void);
