/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A vCPU's registers between the hardware and memory. No state of its own. Touched is what every CPU has and guests may use (cpu/features.h), and
 * what this CPU has though it is hidden, where nothing traps it: RAS keeps a deferred SError in VDISR_EL2.
 */
#include "vm/context.h"

#include "arch/barrier.h"
#include "arch/sysreg.h"
#include "cpu/errata.h"
#include "cpu/features.h"
#include "lib/bits.h"
#include "lib/string.h"
#include "vm/debug_registers.h"
#include "vm/vcpu.h"

/* SCTLR_EL1: LSMAOE, nTLSMD, SPAN, EIS, TSCXT, EOS: RES1 on CPUs without the feature (D19.2.118), and what Linux calls the MMU-off value. */
#define SCTLR_EL1_RESET (BIT(29) | BIT(28) | BIT(23) | BIT(22) | BIT(20) | BIT(11))
#define TCR_EPD (BIT(7) | BIT(23)) /* EPD0, EPD1: no walks */

/* The plain ones: name of the register, member of struct vcpu_el1. */
#define PLAIN_REGISTERS(X)                                                                                             \
    X(CPACR_EL1, cpacr)                                                                                                \
    X(TTBR0_EL1, ttbr0)                                                                                                \
    X(TTBR1_EL1, ttbr1)                                                                                                \
    X(ESR_EL1, esr)                                                                                                    \
    X(FAR_EL1, far)                                                                                                    \
    X(AFSR0_EL1, afsr0)                                                                                                \
    X(AFSR1_EL1, afsr1)                                                                                                \
    X(MAIR_EL1, mair)                                                                                                  \
    X(AMAIR_EL1, amair)                                                                                                \
    X(VBAR_EL1, vbar)                                                                                                  \
    X(CONTEXTIDR_EL1, contextidr)                                                                                      \
    X(TPIDR_EL1, tpidr_el1)                                                                                            \
    X(TPIDR_EL0, tpidr_el0)                                                                                            \
    X(TPIDRRO_EL0, tpidrro_el0)                                                                                        \
    X(PAR_EL1, par)                                                                                                    \
    X(SP_EL0, sp_el0)                                                                                                  \
    X(SP_EL1, sp_el1)                                                                                                  \
    X(ELR_EL1, elr)                                                                                                    \
    X(SPSR_EL1, spsr)                                                                                                  \
    X(CNTKCTL_EL1, cntkctl)                                                                                            \
    X(CSSELR_EL1, csselr)

#define PAUTH_KEYS(X)                                                                                                  \
    X(APIAKeyLo_EL1, apia[0])                                                                                          \
    X(APIAKeyHi_EL1, apia[1])                                                                                          \
    X(APIBKeyLo_EL1, apib[0])                                                                                          \
    X(APIBKeyHi_EL1, apib[1])                                                                                          \
    X(APDAKeyLo_EL1, apda[0])                                                                                          \
    X(APDAKeyHi_EL1, apda[1])                                                                                          \
    X(APDBKeyLo_EL1, apdb[0])                                                                                          \
    X(APDBKeyHi_EL1, apdb[1])                                                                                          \
    X(APGAKeyLo_EL1, apga[0])                                                                                          \
    X(APGAKeyHi_EL1, apga[1])

/* No walk of the EL1&0 regime starts any more: its MMU is on, with both EPD bits set. */
static void forbid_walks(const struct vcpu_el1 *el1)
{
    sysreg_write(TCR_EL1, el1->tcr | TCR_EPD);
    barrier_isb();
    sysreg_write(SCTLR_EL1, el1->sctlr | 1U);
    barrier_isb();
}

/*
 * The VM's tables may be given back before another vCPU comes to this CPU: with ERRATUM_SPECULATIVE_AT nothing of it may be left to walk by.
 * VMID 0 is nobody's. Other CPUs start no walk for a regime that is out of context (DDI 0487, use of out-of-context translation regimes).
 */
void context_leave(const struct vcpu *vcpu)
{
    if (errata_has(ERRATUM_SPECULATIVE_AT)) {
        forbid_walks(&vcpu->context.el1);
        sysreg_write(VTTBR_EL2, 0U);
        barrier_isb();
    }
}

#define SAVE(name, member) el1->member = sysreg_read(name);
#define LOAD(name, member) sysreg_write(name, el1->member);

void context_reset(struct vcpu *vcpu)
{
    memset(&vcpu->context, 0, sizeof(vcpu->context));
    vcpu->context.el1.sctlr = SCTLR_EL1_RESET;
    vcpu->context.debug.oslock = 1; /* OSLSR_EL1.OSLK resets to 1 (D19.3) */
}

bool context_ras_here(void)
{
    return bits_get(sysreg_read(ID_AA64PFR0_EL1), 31, 28) != 0U;
}

void context_save(struct vcpu *vcpu)
{
    struct vcpu_el1 *el1 = &vcpu->context.el1;
    el1->sctlr = sysreg_read(SCTLR_EL1);
    el1->tcr = sysreg_read(TCR_EL1);
    PLAIN_REGISTERS(SAVE)
    if (features_all(FEATURE_PAUTH)) {
        PAUTH_KEYS(SAVE)
    }
    if (features_all(FEATURE_SCXTNUM)) {
        el1->scxtnum_el0 = sysreg_read(SCXTNUM_EL0);
        el1->scxtnum_el1 = sysreg_read(SCXTNUM_EL1);
    }
    if (context_ras_here()) {
        el1->disr = sysreg_read(VDISR_EL2);
    }
    fpsimd_save(&vcpu->context.fp);
}

/*
 * A speculative AT or walk sees the registers in whatever mixture they are. Where that ends up in the TLB (ERRATUM_SPECULATIVE_AT; each CPU's SDEN)
 * walks are forbidden first: MMU of the regime on with both EPD bits set, so that none starts before all others are right.
 */
static void load_translation(const struct vcpu_el1 *el1, uint64_t vttbr)
{
    bool careful = errata_has(ERRATUM_SPECULATIVE_AT);
    if (careful) {
        forbid_walks(el1);
    }
    sysreg_write(VTTBR_EL2, vttbr);
    PLAIN_REGISTERS(LOAD)
    if (careful) {
        barrier_isb();
    }
    sysreg_write(SCTLR_EL1, el1->sctlr);
    if (careful) {
        barrier_isb();
    }
    sysreg_write(TCR_EL1, el1->tcr);
}

void context_load(struct vcpu *vcpu, uint64_t vttbr)
{
    const struct vcpu_el1 *el1 = &vcpu->context.el1;
    load_translation(el1, vttbr);
    sysreg_write(VPIDR_EL2, features_guest_midr());
    sysreg_write(VMPIDR_EL2, vcpu->mpidr);
    if (features_all(FEATURE_PAUTH)) {
        PAUTH_KEYS(LOAD)
    }
    if (features_all(FEATURE_SCXTNUM)) {
        sysreg_write(SCXTNUM_EL0, el1->scxtnum_el0);
        sysreg_write(SCXTNUM_EL1, el1->scxtnum_el1);
    }
    if (context_ras_here()) {
        sysreg_write(VDISR_EL2, el1->disr);
        sysreg_write(VSESR_EL2, vcpu->context.vsesr);
    }
    debug_registers_load(&vcpu->context.debug);
    fpsimd_restore(&vcpu->context.fp);
}
