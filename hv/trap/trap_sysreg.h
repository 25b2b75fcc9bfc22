/* SPDX-License-Identifier: Apache-2.0 */
/* System registers and coprocessor accesses that trap (DDI 0487, D19.2.37: EC 0x18; EC 0x03 to 0x0c from AArch32). */
#pragma once

#include <stdint.h>

#include "arch/frame.h"

struct vcpu;

void trap_sysreg(struct vcpu *vcpu, struct trap_frame *frame, uint64_t esr);
/* A32 and T32 programs at EL0: no coprocessor register that traps is served. */
void trap_coprocessor(struct vcpu *vcpu, struct trap_frame *frame, uint64_t esr);
