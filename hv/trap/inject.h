/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exceptions that EL2 gives a guest's EL1, as hardware would have: AArch64.TakeException() of DDI 0487 (J1.1), D1.3.3 for PSTATE.
 * The vCPU is loaded: EL1's registers are in the hardware. frame->elr and spsr are the guest's at the exception, and on return those of its vector.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "arch/frame.h"

struct vcpu;

/* EC 0x00, for the instruction at frame->elr. */
void inject_undefined(struct trap_frame *frame);
/* An exception with this EC and ISS for the instruction at frame->elr, IL taken from esr bit 25. */
void inject_synchronous(struct trap_frame *frame, uint64_t ec, uint64_t esr);
/*
 * Synchronous external abort (fault status 0b010000) of a data access or an instruction fetch at va. write, and the fault is on a stage-1 walk
 * of this level (walk_level 0 to 3; -1: not on a walk).
 */
void inject_external_data_abort(struct trap_frame *frame, uint64_t va, bool write, int walk_level);
void inject_external_instruction_abort(struct trap_frame *frame, uint64_t va, int walk_level);
/* A virtual SError, pending until the guest unmasks it (HCR_EL2.VSE); iss as ESR_EL1.ISS is to show it where FEAT_RAS exists. */
void inject_serror(struct vcpu *vcpu, uint64_t iss);
