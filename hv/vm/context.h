/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A vCPU's state that lives in hardware registers while it is loaded: what world switch saves and restores (vm/context.c).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "arch/fpsimd.h"

/* 16 is the architecture's most (ID_AA64DFR0_EL1.BRPs, WRPs). */
#define CONTEXT_MAX_DEBUG 16U

struct vcpu_debug {
    uint64_t mdscr_el1;
    uint64_t bvr[CONTEXT_MAX_DEBUG];
    uint64_t bcr[CONTEXT_MAX_DEBUG];
    uint64_t wvr[CONTEXT_MAX_DEBUG];
    uint64_t wcr[CONTEXT_MAX_DEBUG];
    uint64_t mdccint_el1;
    uint32_t oslock; /* OSLSR_EL1.OSLK: while it is set no debug exception is made */
    uint32_t claim;  /* DBGCLAIMSET_EL1, eight tags */
};

/* Named as in DDI 0487; order has no meaning. */
struct vcpu_el1 {
    uint64_t sctlr, cpacr, ttbr0, ttbr1, tcr, esr, far, afsr0, afsr1, mair, amair, vbar, contextidr;
    uint64_t tpidr_el1, tpidr_el0, tpidrro_el0, par, sp_el0, sp_el1, elr, spsr, cntkctl, csselr;
    uint64_t scxtnum_el1, scxtnum_el0, disr;
    uint64_t apia[2], apib[2], apda[2], apdb[2], apga[2];
};

struct vcpu_context {
    struct vcpu_el1 el1;
    struct vcpu_fpsimd fp;
    struct vcpu_debug debug;
    uint64_t hcr;            /* HCR_EL2 for this vCPU: VSE set while a virtual SError is pending */
    uint64_t vsesr;          /* VSESR_EL2: the syndrome of that SError, where FEAT_RAS exists */
    uint64_t set_way_offset; /* bytes of RAM that the cleaning under way has done (trap/set_way.h) */
};

struct vcpu;

/* This CPU has FEAT_RAS: VSESR_EL2 and VDISR_EL2 exist. */
bool context_ras_here(void);

/* The values DDI 0487 gives after a warm reset to EL1, unknown ones as 0 and SCTLR_EL1 with its RES1 bits. */
void context_reset(struct vcpu *vcpu);
/*
 * Hardware to memory. FP/SIMD (CPTR_EL2.TFP clear), pointer-authentication keys and others where they exist; debug registers are not read: the
 * hypervisor writes them itself (trap/sysreg_debug.c).
 */
void context_save(struct vcpu *vcpu);
/*
 * The vCPU was saved here, none was loaded since, and its VM may be taken apart as soon as it has blocked. Afterwards, with ERRATUM_SPECULATIVE_AT, EL1's
 * walks are off and VTTBR_EL2 is 0.
 */
void context_leave(const struct vcpu *vcpu);
/*
 * Memory to hardware, with VPIDR_EL2, VMPIDR_EL2, and VTTBR_EL2 = vttbr at the place that ERRATUM_SPECULATIVE_AT wants. The
 * next exception return synchronises.
 */
void context_load(struct vcpu *vcpu, uint64_t vttbr);
