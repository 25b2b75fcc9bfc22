/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exceptions that are nobody's request: SErrors, FIQs, and whatever EL2 itself did wrong. No state.
 *
 * Whose an SError is: HCR_EL2.AMO routes all to EL2. One taken from the guest, or in the few instructions after its exit where PSTATE.A
 * is first clear (vectors.S), is the guest's and injected. A guest owns no device that the hypervisor passes through, so a later one can
 * only be EL2's own access or a failure of the machine: a panic.
 */
#include "arch/sysreg.h"
#include "cpu/panic_dump.h"
#include "lib/panic.h"
#include "trap/inject.h"
#include "trap/trap.h"
#include "vm/vcpu.h"

extern char guest_serror_window_start[];
extern char guest_serror_window_end[];

static const char *const kinds[] = {"synchronous exception at EL2", "IRQ at EL2", "FIQ at EL2", "SError at EL2"};

void trap_guest_serror(struct trap_frame *frame)
{
    struct vcpu *vcpu = vcpu_of_frame(frame);
    uint64_t esr = sysreg_read(ESR_EL2);
    vm_log_print(&vcpu->vm->log, LOG_WARNING, "SError %#llx: injected", (unsigned long long)esr);
    inject_serror(vcpu, esr & 0x1ffffffU);
}

/* Group 0 interrupts are firmware's: none is ever enabled for EL2. */
void trap_guest_fiq(struct trap_frame *frame)
{
    panic_frame(frame, (uint64_t)(uintptr_t)frame, "FIQ while a guest ran");
}

void trap_from_el2(struct trap_frame *frame, uint64_t kind)
{
    uint64_t pc = frame->elr;
    if (kind == 3U && pc >= (uint64_t)(uintptr_t)guest_serror_window_start &&
        pc <= (uint64_t)(uintptr_t)guest_serror_window_end) {
        /* The guest's frame lies right above this one. */
        struct vcpu *vcpu = vcpu_of_frame(frame + 1);
        inject_serror(vcpu, sysreg_read(ESR_EL2) & 0x1ffffffU);
        return;
    }
    panic_frame(frame, (uint64_t)(uintptr_t)(frame + 1), kinds[kind & 3U]);
}

_Noreturn void trap_stack_overflow(struct trap_frame *frame, uint64_t sp)
{
    panic_frame(frame, sp, "EL2 stack overflow");
}
