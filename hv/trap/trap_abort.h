/* SPDX-License-Identifier: Apache-2.0 */
/* Aborts of a guest's accesses at stage 2: emulated devices, and all that the guest may not reach. */
#pragma once

#include <stdint.h>

#include "arch/frame.h"

struct vcpu;

void trap_data_abort(struct vcpu *vcpu, struct trap_frame *frame, uint64_t esr);
void trap_instruction_abort(struct vcpu *vcpu, struct trap_frame *frame, uint64_t esr);
