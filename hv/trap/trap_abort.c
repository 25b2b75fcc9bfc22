/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stage-2 aborts (DDI 0487, D8.15). No state. All of a VM's RAM is mapped from the start, so an abort is an access to a device that is
 * emulated, or one that nobody answers: then the guest gets the synchronous external abort that a bus without a device gives.
 */
#include "trap/trap_abort.h"

#include "arch/sysreg.h"
#include "trap/abort_decode.h"
#include "trap/inject.h"
#include "trap/skip.h"
#include "vm/mmio.h"
#include "vm/vcpu.h"

/* For a fault on a stage 1 walk ESR_EL2 has the level of the stage 2 lookup: nearest to the walk's own that EL2 knows. */
static int walk_level(uint64_t esr)
{
    return abort_on_walk(esr) ? abort_level(esr) : -1;
}

static void refuse(struct trap_frame *frame, uint64_t esr)
{
    inject_external_data_abort(frame, sysreg_read(FAR_EL2), (esr & (1U << 6)) != 0U, walk_level(esr));
}

static void emulate_read(struct vcpu *vcpu, struct trap_frame *frame, uint64_t esr, const struct mmio_region *region,
                         uint64_t offset)
{
    struct mmio_value answer = region->ops->read(vcpu, region->device, offset, abort_size(esr));
    if (!answer.served) {
        refuse(frame, esr);
        return;
    }
    if (abort_register(esr) != 31U) {
        frame->x[abort_register(esr)] = abort_extend(esr, answer.value);
    }
    skip_instruction(frame, esr);
}

static void emulate_write(struct vcpu *vcpu, struct trap_frame *frame, uint64_t esr, const struct mmio_region *region,
                          uint64_t offset)
{
    uint64_t value = abort_register(esr) != 31U ? frame->x[abort_register(esr)] : 0U;
    unsigned size = abort_size(esr);
    if (!region->ops->write(vcpu, region->device, offset, size, value & (~0ULL >> (64U - 8U * size)))) {
        refuse(frame, esr);
        return;
    }
    skip_instruction(frame, esr);
}

/* FAR_EL2 and HPFAR_EL2 hold an address of this exception for translation faults, and for those on a walk (D8.15.2). */
void trap_data_abort(struct vcpu *vcpu, struct trap_frame *frame, uint64_t esr)
{
    if (!abort_is_translation(esr) || abort_on_walk(esr) || !abort_has_syndrome(esr)) {
        refuse(frame, esr);
        return;
    }
    uint64_t ipa = abort_decode_ipa(sysreg_read(HPFAR_EL2), sysreg_read(FAR_EL2));
    const struct mmio_region *region = mmio_bus_find(&vcpu->vm->mmio, ipa, abort_size(esr));
    if (region == NULL) {
        refuse(frame, esr);
    } else if (abort_is_write(esr)) {
        emulate_write(vcpu, frame, esr, region, ipa - region->base);
    } else {
        emulate_read(vcpu, frame, esr, region, ipa - region->base);
    }
}

/*
 * A fetch from the vector that this very abort leads to: no instruction of the guest's is executed any more, so the VM has crashed. Any other
 * is the guest's own affair.
 */
void trap_instruction_abort(struct vcpu *vcpu, struct trap_frame *frame, uint64_t esr)
{
    uint64_t pc = frame->elr;

    inject_external_instruction_abort(frame, sysreg_read(FAR_EL2), walk_level(esr));
    if (frame->elr == pc) {
        vm_request(vcpu->vm, VM_REQUEST_CRASH, "its exception vectors are not in its memory");
    }
}
