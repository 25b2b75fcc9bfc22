/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From exception to action: what the vectors call (arch/aarch64/vectors.S), one const table by exception class, one file per class.
 */
#pragma once

#include <stdint.h>

#include "arch/frame.h"

/* Start-up, boot CPU: fills the system-register table with what trap/ serves. */
void trap_init(void);

/* Exceptions from a guest: frame is at the top of the world's stack; what they return to is the guest's entry. */
void trap_guest_sync(struct trap_frame *frame);
void trap_guest_irq(struct trap_frame *frame);
void trap_guest_fiq(struct trap_frame *frame);
void trap_guest_serror(struct trap_frame *frame);
/* Exceptions taken at EL2; kind 0 synchronous, 1 IRQ, 2 FIQ, 3 SError. Returns only for a guest's own SError. */
void trap_from_el2(struct trap_frame *frame, uint64_t kind);
_Noreturn void trap_stack_overflow(struct trap_frame *frame, uint64_t sp);
