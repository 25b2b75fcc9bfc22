/* SPDX-License-Identifier: Apache-2.0 */
/* Trapped MRS, MSR and system instructions: looked up by encoding in vm/calls. No state. */
#include "trap/trap_sysreg.h"

#include <stddef.h>

#include "arch/sysreg.h"
#include "lib/bits.h"
#include "trap/inject.h"
#include "trap/set_way.h"
#include "trap/skip.h"
#include "trap/sysreg_debug.h"
#include "vm/calls.h"

#define EC_SYSREG 0x18U
#define KEY_IS_OP0_3(key) (((key)&SYSREG_KEY(3, 0, 0, 0, 0)) != 0U) /* or 1; else 2 */

/* ISS: Op0 21:20, Op2 19:17, Op1 16:14, CRn 13:10, Rt 9:5, CRm 4:1, Direction 0 (1 = read). */
static uint32_t key_of(uint64_t esr)
{
    return SYSREG_KEY(bits_get(esr, 21, 20), bits_get(esr, 16, 14), bits_get(esr, 13, 10), bits_get(esr, 4, 1),
                      bits_get(esr, 19, 17));
}

/* A key has one bit of op0. No register of op0 = 3 with CRn = 7 traps, so the rows of cache maintenance (op0 = 1) use that room. */
static const struct sysreg_row *row_of(uint64_t esr, uint32_t key)
{
    unsigned op0 = (unsigned)bits_get(esr, 21, 20);

    if (op0 >= 2U || (op0 == 1U && bits_get(esr, 13, 10) == 7U)) {
        return sysreg_table_find(key);
    }
    return NULL;
}

static bool serve_read(struct vcpu *vcpu, struct trap_frame *frame, uint64_t esr, uint32_t key)
{
    const struct sysreg_row *row = row_of(esr, key);
    unsigned rt = (unsigned)bits_get(esr, 9, 5);
    uint64_t value = 0;

    if (row == NULL || row->read == NULL || !row->read(vcpu, key, &value)) {
        return false;
    }
    if (rt != 31U) {
        frame->x[rt] = value;
    }
    skip_instruction(frame, esr);
    return true;
}

static bool serve_write(struct vcpu *vcpu, struct trap_frame *frame, uint64_t esr, uint32_t key)
{
    const struct sysreg_row *row = row_of(esr, key);
    unsigned rt = (unsigned)bits_get(esr, 9, 5);
    uint64_t value = rt != 31U ? frame->x[rt] : 0U;

    if (row == NULL || row->write == NULL) {
        return false;
    }
    if (set_way_concerns(key) && !set_way_step(vcpu, key, value)) {
        return true; /* to be executed again */
    }
    if (!row->write(vcpu, key, value)) {
        return false;
    }
    skip_instruction(frame, esr);
    return true;
}

void trap_sysreg(struct vcpu *vcpu, struct trap_frame *frame, uint64_t esr)
{
    uint32_t key = key_of(esr);

    if (!KEY_IS_OP0_3(key) && sysreg_debug_denied(vcpu, key)) {
        inject_synchronous(frame, EC_SYSREG, esr);
        return;
    }
    bool served = (esr & 1U) != 0U ? serve_read(vcpu, frame, esr, key) : serve_write(vcpu, frame, esr, key);
    if (!served) {
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
