/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Data cache maintenance by set and way (DC ISW, CSW, CISW), trapped by HCR_EL2.TSW: DDI 0487, D7.5.9.
 *
 * Such an instruction works on one CPU's caches, which is not where a guest's data have to be; a guest that uses it is about to turn its
 * caches off or has just done so, and wants its memory to hold what its caches held. So the first one cleans and invalidates all RAM of the
 * VM to the point of coherency; what follows in the same walk over sets and ways is then done already. The memory gets dirty again only
 * while caches are on: from that first one on HCR_EL2.TVM traps writes of SCTLR_EL1, and the write that turns MMU and data cache on or off
 * cleans once more. After caches came on nothing traps any more.
 *
 * All of RAM may be gigabytes: each trap cleans a bounded piece and lets the guest execute the instruction again, so that interrupts and
 * the scheduler come in between. A guest that does this for ever spends its own time only.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "arch/sysreg.h"

struct vcpu;

/* Start-up hook of trap/: the rows of the instructions and of the registers that HCR_EL2.TVM traps. */
void set_way_init(void);

/* set_way_step has to be asked: CRn = 7, the instructions; CRn = 1, SCTLR_EL1. */
static inline bool set_way_concerns(uint32_t key)
{
    uint32_t crn = key & SYSREG_KEY(0, 0, 15, 0, 0);
    return crn == SYSREG_KEY(0, 0, 7, 0, 0) || crn == SYSREG_KEY(0, 0, 1, 0, 0);
}

/*
 * Before a row of this file is served: key and value of the write. false: the cleaning that it needs is not at its end, the instruction
 * is to be executed again (nothing is skipped). true at once for keys that have nothing to do with caches.
 */
bool set_way_step(struct vcpu *vcpu, uint32_t key, uint64_t value);
