/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Dispatch of exceptions from guests by ESR_EL2.EC (DDI 0487, D19.2.37 ESR_EL2). No state.
 * A class without a row of its own gives the guest an Undefined Instruction exception: nothing a guest does is an error of ours.
 */
#include "trap/trap.h"

#include "arch/sysreg.h"
#include "cpu/gic.h"
#include "lib/bits.h"
#include "sched/sched.h"
#include "trap/inject.h"
#include "trap/set_way.h"
#include "trap/skip.h"
#include "trap/sysreg_debug.h"
#include "trap/sysreg_id.h"
#include "trap/trap_abort.h"
#include "trap/trap_sysreg.h"
#include "vm/calls.h"
#include "vm/vcpu.h"

#define SMCCC_NOT_SUPPORTED (~0ULL)

/* ISS of a trapped WFI or WFE: TI, bits 1:0. */
#define WFX_WFI 0U

typedef void (*trap_handler)(struct vcpu *vcpu, struct trap_frame *frame, uint64_t esr);

void trap_init(void)
{
    sysreg_id_init();
    sysreg_debug_init();
    set_way_init();
}

static void trap_unknown(struct vcpu *vcpu, struct trap_frame *frame, uint64_t esr)
{
    (void)vcpu;
    (void)esr;
    inject_undefined(frame);
}

/* WFE, WFIT and WFET may end early (D1.6.1): they only give way. One of A32 or T32 whose condition fails does nothing. */
static void trap_wfx(struct vcpu *vcpu, struct trap_frame *frame, uint64_t esr)
{
    bool executes = skip_condition_holds(frame, esr);

    skip_instruction(frame, esr);
    if (!executes) {
        return;
    }
    if ((esr & 3U) == WFX_WFI) {
        vcpu_wait(vcpu);
    } else {
        sched_reschedule();
    }
}

static void serve_call(struct vcpu *vcpu, struct trap_frame *frame)
{
    const struct call_row *row = call_table_find((uint32_t)frame->x[0]);
    frame->x[0] = row != NULL ? row->handle(vcpu, frame) : SMCCC_NOT_SUPPORTED;
}

/* ELR_EL2 is past an HVC already (D1.3.4). DEN 0028: immediate 0; no other has a meaning here. */
static void trap_hvc(struct vcpu *vcpu, struct trap_frame *frame, uint64_t esr)
{
    if ((esr & 0xffffU) == 0U) {
        serve_call(vcpu, frame);
    } else {
        frame->x[0] = SMCCC_NOT_SUPPORTED;
    }
}

/* ELR_EL2 is at a trapped SMC. */
static void trap_smc(struct vcpu *vcpu, struct trap_frame *frame, uint64_t esr)
{
    skip_instruction(frame, esr);
    trap_hvc(vcpu, frame, esr);
}

/* By ESR_EL2.EC: every class has a row, so that the dispatch has no test. */
#define NONE trap_unknown
/* clang-format off */
static const trap_handler handlers[VCPU_EXIT_CLASSES] = {
    /* 0x00 */ NONE, trap_wfx, NONE, trap_coprocessor, trap_coprocessor, trap_coprocessor, trap_coprocessor, NONE,
    /* 0x08 */ trap_coprocessor, NONE, NONE, NONE, trap_coprocessor, NONE, NONE, NONE,
    /* 0x10 */ NONE, NONE, NONE, NONE, NONE, NONE, trap_hvc, trap_smc,
    /* 0x18 */ trap_sysreg, NONE, NONE, NONE, NONE, NONE, NONE, NONE,
    /* 0x20 */ trap_instruction_abort, NONE, NONE, NONE, trap_data_abort, NONE, NONE, NONE,
    /* 0x28 */ NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE,
    /* 0x30 */ NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE,
    /* 0x38 */ NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE,
};
/* clang-format on */
#undef NONE

void trap_guest_sync(struct trap_frame *frame)
{
    uint64_t esr = sysreg_read(ESR_EL2);
    struct vcpu *vcpu = vcpu_of_frame(frame);
    unsigned class = esr >> 26 & (VCPU_EXIT_CLASSES - 1U);
    vcpu->exits[class]++;
    handlers[class](vcpu, frame, esr);
}

void trap_guest_irq(struct trap_frame *frame)
{
    vcpu_of_frame(frame)->interrupts++;
    gic_handle_pending();
}
