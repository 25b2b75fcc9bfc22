/* SPDX-License-Identifier: Apache-2.0 */
/* Giving EL1 an exception. No state. */
#include "trap/inject.h"

#include "arch/sysreg.h"
#include "cpu/features.h"
#include "lib/bits.h"
#include "vm/vcpu.h"

#define EC_UNKNOWN 0x00U
#define EC_INSTRUCTION_ABORT 0x20U
#define EC_DATA_ABORT 0x24U
#define EC_SAME_EL 1U /* 0x21 and 0x25: without a change of exception level */

#define ESR_IL BIT(25)
#define ISS_WNR BIT(6)
#define FSC_EXTERNAL 0x10U
#define FSC_EXTERNAL_WALK 0x14U

#define PSTATE_AARCH32 BIT(4)
#define PSTATE_DAIF BITS(9, 6)
#define PSTATE_SSBS BIT(12)
#define PSTATE_PAN BIT(22)
#define PSTATE_DIT BIT(24)
#define PSTATE_TCO BIT(25)
#define PSTATE_EL1H 5U
#define SCTLR_SPAN BIT(23)
#define SCTLR_DSSBS BIT(44)
#define HCR_VSE BIT(8)

static bool from_el0(uint64_t spsr)
{
    return (spsr & PSTATE_AARCH32) != 0U || bits_get(spsr, 3, 2) == 0U;
}

/* VBAR_EL1 offset (D1.3.2 table of vectors): EL1 with SP_EL0, with SP_EL1, EL0 in AArch64, EL0 in AArch32; synchronous is the first of each. */
static uint64_t vector_offset(uint64_t spsr)
{
    if ((spsr & PSTATE_AARCH32) != 0U) {
        return 0x600U;
    }
    if (bits_get(spsr, 3, 2) == 0U) {
        return 0x400U;
    }
    return (spsr & 1U) != 0U ? 0x200U : 0x000U;
}

/* D1.3.3: NZCV and DIT stay; DAIF set; PAN set unless SCTLR_EL1.SPAN; SSBS from SCTLR_EL1.DSSBS; TCO set; SS, IL, BTYPE, UAO clear. */
static uint64_t handler_pstate(uint64_t spsr)
{
    uint64_t sctlr = sysreg_read(SCTLR_EL1);
    /* SPSR_EL2 has DIT, PAN and NZCV at the same places for an exception from AArch32 (C5.2.20). */
    uint64_t pstate = (spsr & (BITS(31, 28) | PSTATE_DIT)) | PSTATE_DAIF | PSTATE_EL1H;
    if (features_all(FEATURE_PAN)) {
        pstate |= (sctlr & SCTLR_SPAN) == 0U ? PSTATE_PAN : spsr & PSTATE_PAN;
    }
    if (features_all(FEATURE_SSBS) && (sctlr & SCTLR_DSSBS) != 0U) {
        pstate |= PSTATE_SSBS;
    }
    if (features_all(FEATURE_MTE)) {
        pstate |= PSTATE_TCO;
    }
    return pstate;
}

static void enter_el1(struct trap_frame *frame, uint64_t esr)
{
    sysreg_write(ESR_EL1, esr);
    sysreg_write(ELR_EL1, frame->elr);
    sysreg_write(SPSR_EL1, frame->spsr);
    uint64_t spsr = frame->spsr;
    frame->elr = sysreg_read(VBAR_EL1) + vector_offset(spsr);
    frame->spsr = handler_pstate(spsr);
}

void inject_synchronous(struct trap_frame *frame, uint64_t ec, uint64_t esr)
{
    enter_el1(frame, ec << 26 | (esr & BITS(25, 0)));
}

void inject_undefined(struct trap_frame *frame)
{
    /* IL is 1 for an exception without a syndrome (D19.2.36 ESR_EL1.IL). */
    enter_el1(frame, (uint64_t)EC_UNKNOWN << 26 | ESR_IL);
}

static void external_abort(struct trap_frame *frame, uint64_t ec, uint64_t va, uint64_t iss, int walk_level)
{
    uint64_t status = walk_level < 0 ? FSC_EXTERNAL : FSC_EXTERNAL_WALK + (unsigned)walk_level;
    uint64_t class = from_el0(frame->spsr) ? ec : ec + EC_SAME_EL;
    sysreg_write(FAR_EL1, va);
    enter_el1(frame, class << 26 | ESR_IL | iss | status);
}

void inject_external_data_abort(struct trap_frame *frame, uint64_t va, bool write, int walk_level)
{
    external_abort(frame, EC_DATA_ABORT, va, write ? ISS_WNR : 0U, walk_level);
}

void inject_external_instruction_abort(struct trap_frame *frame, uint64_t va, int walk_level)
{
    external_abort(frame, EC_INSTRUCTION_ABORT, va, 0U, walk_level);
}

void inject_serror(struct vcpu *vcpu, uint64_t iss)
{
    vcpu->context.vsesr = iss;
    if (context_ras_here()) {
        sysreg_write(VSESR_EL2, iss);
    }
    sysreg_write(HCR_EL2, sysreg_read(HCR_EL2) | HCR_VSE);
}
