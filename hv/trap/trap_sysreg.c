/* SPDX-License-Identifier: Apache-2.0 */
/* Trapped MRS, MSR and system instructions: looked up by encoding in vm/calls. No state. */
#include "trap/trap_sysreg.h"

#include "arch/sysreg.h"
#include "lib/bits.h"
#include "trap/inject.h"
#include "trap/skip.h"
#include "vm/calls.h"

/* ISS: Op0 21:20, Op2 19:17, Op1 16:14, CRn 13:10, Rt 9:5, CRm 4:1, Direction 0 (1 = read). */
static uint32_t key_of(uint64_t esr)
{
    return SYSREG_KEY(bits_get(esr, 21, 20), bits_get(esr, 16, 14), bits_get(esr, 13, 10), bits_get(esr, 4, 1),
                      bits_get(esr, 19, 17));
}

static bool serve(struct vcpu *vcpu, struct trap_frame *frame, uint64_t esr)
{
    uint32_t key = key_of(esr);
    unsigned rt = (unsigned)bits_get(esr, 9, 5);
    /* The key keeps one bit of op0: system instructions (op0 = 1) share it with op0 = 3 and have rows of their own. */
    const struct sysreg_row *row = sysreg_table_find(key);
    if (row == NULL) {
        return false;
    }
    if ((esr & 1U) == 0U) {
        return row->write != NULL && row->write(vcpu, key, rt != 31U ? frame->x[rt] : 0U);
    }
    uint64_t value = 0;
    if (row->read == NULL || !row->read(vcpu, key, &value)) {
        return false;
    }
    if (rt != 31U) {
        frame->x[rt] = value;
    }
    return true;
}

void trap_sysreg(struct vcpu *vcpu, struct trap_frame *frame, uint64_t esr)
{
    if (serve(vcpu, frame, esr)) {
        skip_instruction(frame, esr);
    } else {
        inject_undefined(frame);
    }
}

void trap_coprocessor(struct vcpu *vcpu, struct trap_frame *frame, uint64_t esr)
{
    (void)vcpu;
    if (skip_condition_holds(frame, esr)) {
        inject_undefined(frame);
    } else {
        skip_instruction(frame, esr);
    }
}
