/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Leaving a trapped instruction behind: the one place that moves a guest's program counter.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "arch/frame.h"
#include "lib/bits.h"

#define SPSR_SS BIT(21)
#define SPSR_AARCH32 BIT(4)
#define SPSR_BTYPE BITS(11, 10)

/* Only for frames of AArch32. */
void skip_instruction_aarch32(struct trap_frame *frame, uint64_t esr);

/*
 * As if the instruction had completed: ELR moves by 4, or 2 for a 16-bit T32 one (ESR.IL = 0); PSTATE.SS and BTYPE are cleared, the IT
 * state of T32 advances (DDI 0487: D2.12.3 software step, D8.4 BTYPE, F1.2.1 and ITAdvance()).
 */
static inline void skip_instruction(struct trap_frame *frame, uint64_t esr)
{
    if (__builtin_expect((frame->spsr & SPSR_AARCH32) != 0U, 0)) {
        skip_instruction_aarch32(frame, esr);
        return;
    }
    frame->elr += 4U;
    frame->spsr = frame->spsr & ~SPSR_SS & ~SPSR_BTYPE;
}

/*
 * A conditional A32 or T32 instruction may trap although its condition fails (DDI 0487, G1.20.2): false then, and it is to be
 * skipped without effect. Always true from AArch64.
 */
bool skip_condition_holds(const struct trap_frame *frame, uint64_t esr);
