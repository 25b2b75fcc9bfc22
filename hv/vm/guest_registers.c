/* SPDX-License-Identifier: Apache-2.0 */
/*
 * EL2's control registers for guests. Owns the values that all vCPUs share.
 */
#include "vm/guest_registers.h"

#include "arch/barrier.h"
#include "arch/sysreg.h"
#include "cpu/features.h"
#include "lib/bits.h"
#include "mem/stage2.h"
#include "vm/debug_registers.h"
#include "vm/vcpu.h"

/* HCR_EL2 (D19.2.48). */
#define HCR_VM BIT(0)
#define HCR_SWIO BIT(1)
#define HCR_FMO BIT(3)
#define HCR_IMO BIT(4)
#define HCR_AMO BIT(5)
#define HCR_FB BIT(9)
#define HCR_BSU_INNER BIT(10)
#define HCR_TWI BIT(13)
#define HCR_TID1 BIT(16)
#define HCR_TID2 BIT(17)
#define HCR_TID3 BIT(18)
#define HCR_TSC BIT(19)
#define HCR_TIDCP BIT(20)
#define HCR_TACR BIT(21)
#define HCR_TSW BIT(22)
#define HCR_TDZ BIT(28)
#define HCR_RW BIT(31)
#define HCR_TLOR BIT(35)
#define HCR_TERR BIT(36)
#define HCR_APK BIT(40)
#define HCR_API BIT(41)
#define HCR_ENSCXT BIT(53)
#define HCR_TID5 BIT(58)

/* MDCR_EL2 (D19.3): every debug, PMU, SPE, trace register traps; buffers belong to EL2. */
#define MDCR_TPMCR BIT(5)
#define MDCR_TPM BIT(6)
#define MDCR_TDA BIT(9)
#define MDCR_TDOSA BIT(10)
#define MDCR_TDRA BIT(11)
#define MDCR_TPMS BIT(14)
#define MDCR_TTRF BIT(19)

/* CPTR_EL2 with E2H = 0: RES1 bits, SVE (TZ), SME (TSM), trace (TTA); FP/SIMD open. */
#define CPTR_RES1 0x32ffULL
#define CPTR_TZ BIT(8)
#define CPTR_TTA BIT(20)
#define CPTR_TAM BIT(30) /* activity monitors */

#define MPAM2_TRAPMPAM1EL1 BIT(48)
#define MPAM2_TRAPMPAM0EL1 BIT(49)
#define MPAMIDR_HAS_HCR BIT(17)
#define MPAMHCR_TRAP_MPAMIDR BIT(31)

static uint64_t hcr_base;

void guest_registers_prepare(void)
{
    hcr_base = HCR_VM | HCR_SWIO | HCR_FMO | HCR_IMO | HCR_AMO | HCR_FB | HCR_BSU_INNER | HCR_TID1 | HCR_TID3 |
               HCR_TSC | HCR_TIDCP | HCR_TACR | HCR_TSW | HCR_RW;
    hcr_base |= features_ctr_differs() ? HCR_TID2 : 0U;
    hcr_base |= features_dczid_differs() ? HCR_TDZ : 0U;
    hcr_base |= features_all(FEATURE_PAUTH) ? HCR_APK | HCR_API : 0U;
    hcr_base |= features_all(FEATURE_SCXTNUM) ? HCR_ENSCXT : 0U;
    hcr_base |= features_any(FEATURE_LOR) ? HCR_TLOR : 0U;
    hcr_base |= features_any(FEATURE_RAS) ? HCR_TERR : 0U;
    hcr_base |= features_any(FEATURE_MTE2) ? HCR_TID5 : 0U;
}

uint64_t guest_registers_hcr(void)
{
    return hcr_base;
}

/* Each field beyond Armv8.0 by its ID field: bits that this CPU does not have stay 0. */
static uint64_t mdcr_value(void)
{
    uint64_t dfr0 = sysreg_read(ID_AA64DFR0_EL1);
    uint64_t mdcr = MDCR_TDA | MDCR_TDOSA | MDCR_TDRA;
    uint64_t pmu = bits_get(dfr0, 11, 8);
    if (pmu != 0U && pmu != 15U) {
        mdcr |= MDCR_TPM | MDCR_TPMCR | bits_get(sysreg_read(PMCR_EL0), 15, 11); /* HPMN = PMCR_EL0.N */
    }
    mdcr |= bits_get(dfr0, 35, 32) != 0U ? MDCR_TPMS : 0U;
    mdcr |= bits_get(dfr0, 43, 40) != 0U ? MDCR_TTRF : 0U;
    return mdcr;
}

/* An AMU that is hidden is also closed. */
static uint64_t cptr_value(void)
{
    bool amu = bits_get(sysreg_read(ID_AA64PFR0_EL1), 47, 44) != 0U;

    return CPTR_RES1 | CPTR_TZ | CPTR_TTA | (amu ? CPTR_TAM : 0U);
}

/* MPAM (DDI 0598): a guest may not choose its partition; EL1 and EL0 accesses trap, EL2 itself is in the default one. */
static void mpam_init(void)
{
    bool mpam =
        bits_get(sysreg_read(ID_AA64PFR0_EL1), 43, 40) != 0U || bits_get(sysreg_read(ID_AA64PFR1_EL1), 19, 16) != 0U;

    if (!mpam) {
        return;
    }
    sysreg_write(MPAM2_EL2, MPAM2_TRAPMPAM0EL1 | MPAM2_TRAPMPAM1EL1);
    if ((sysreg_read(MPAMIDR_EL1) & MPAMIDR_HAS_HCR) != 0U) {
        sysreg_write(MPAMHCR_EL2, MPAMHCR_TRAP_MPAMIDR);
    }
}

void vcpu_cpu_init(void)
{
    sysreg_write(VTCR_EL2, stage2_vtcr());
    sysreg_write(MDCR_EL2, mdcr_value());
    sysreg_write(CPTR_EL2, cptr_value());
    debug_registers_init();
    mpam_init();
    sysreg_write(CNTVOFF_EL2, 0U);
    barrier_isb();
}

void guest_registers_load(struct vcpu *vcpu, uint64_t vttbr)
{
    sysreg_write(HCR_EL2, vcpu->context.hcr); /* VM = 1 before EL1's walks are opened */
    context_load(vcpu, vttbr);
    barrier_isb();
}

void guest_registers_put(struct vcpu *vcpu)
{
    vcpu->context.hcr = sysreg_read(HCR_EL2); /* VSE is cleared by hardware when the guest takes the SError */
    context_save(vcpu);
}

void guest_registers_trap_wfi(struct vcpu *vcpu, bool trap)
{
    uint64_t hcr = sysreg_read(HCR_EL2);
    uint64_t wanted = trap ? hcr | HCR_TWI : hcr & ~HCR_TWI;
    (void)vcpu;
    if (wanted != hcr) {
        /* Effective at the exception return into the guest, which is a context synchronisation event. */
        sysreg_write(HCR_EL2, wanted);
    }
}
