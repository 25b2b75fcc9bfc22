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

static bool emulate(struct vcpu *vcpu, struct trap_frame *frame, const struct abort_access *access, uint64_t ipa)
{
    const struct mmio_region *region = mmio_bus_find(&vcpu->vm->mmio, ipa, access->size);
    if (region == NULL) {
        return false;
    }
    uint64_t offset = ipa - region->base;
    uint64_t value = 0;
    if (access->write) {
        value = access->rt != 31U ? frame->x[access->rt] : 0U;
        value = access->size == 8U ? value : value & ((1ULL << (8U * access->size)) - 1U);
        return region->ops->write(vcpu, region->device, offset, access->size, value);
    }
    if (!region->ops->read(vcpu, region->device, offset, access->size, &value)) {
        return false;
    }
    if (access->rt != 31U) {
        frame->x[access->rt] = abort_extend(access, value);
    }
    return true;
}

/* FAR_EL2 and HPFAR_EL2 hold an address of this exception for translation faults, and for those on a walk (D8.15.2). */
void trap_data_abort(struct vcpu *vcpu, struct trap_frame *frame, uint64_t esr)
{
    struct abort_access access = abort_decode_access(esr);
    if (!abort_is_translation(esr) || abort_on_walk(esr) || !access.valid) {
        refuse(frame, esr);
        return;
    }
    uint64_t ipa = abort_decode_ipa(sysreg_read(HPFAR_EL2), sysreg_read(FAR_EL2));
    if (emulate(vcpu, frame, &access, ipa)) {
        skip_instruction(frame, esr);
    } else {
        refuse(frame, esr);
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
