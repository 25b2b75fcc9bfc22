/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A vCPU's state that lives in hardware registers while it is loaded: what world switch saves and restores (vm/context.c).
 */
#pragma once

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
    uint32_t oslock;
    uint32_t in_use; /* any breakpoint, watchpoint or MDSCR enable was written: else nothing is loaded */
};

/* Named as in DDI 0487; order has no meaning. */
struct vcpu_el1 {
    uint64_t sctlr, actlr, cpacr, ttbr0, ttbr1, tcr, esr, far, afsr0, afsr1, mair, amair, vbar, contextidr;
    uint64_t tpidr_el1, tpidr_el0, tpidrro_el0, par, sp_el0, sp_el1, elr, spsr, cntkctl, csselr, mdccint;
    uint64_t scxtnum_el1, scxtnum_el0, disr;
    uint64_t apia[2], apib[2], apda[2], apdb[2], apga[2];
};

struct vcpu_context {
    struct vcpu_el1 el1;
    struct vcpu_fpsimd fp;
    struct vcpu_debug debug;
    uint64_t hcr; /* HCR_EL2 for this vCPU: VSE set when an SError is to be injected */
    uint64_t vsesr;
};

struct vcpu;

/* The values DDI 0487 gives after a warm reset to EL1, unknown ones as 0 and SCTLR_EL1 with its RES1 bits. */
void context_reset(struct vcpu *vcpu);
/*
 * Hardware to memory. FP/SIMD (CPTR_EL2.TFP clear), pointer-authentication keys and others where they exist; debug registers are not read: the
 * hypervisor writes them itself (trap/sysreg_debug.c).
 */
void context_save(struct vcpu *vcpu);
/*
 * Memory to hardware, with VPIDR_EL2, VMPIDR_EL2, and VTTBR_EL2 = vttbr at the place that ERRATUM_SPECULATIVE_AT wants. The
 * next exception return synchronises.
 */
void context_load(struct vcpu *vcpu, uint64_t vttbr);
