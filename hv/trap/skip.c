/* SPDX-License-Identifier: Apache-2.0 */
/* Skipping a trapped instruction. Pure but for the frame. */
#include "trap/skip.h"

#define SPSR_T32 BIT(5)
#define ESR_IL BIT(25)
#define ESR_CV BIT(24)

/* SPSR for AArch32: IT[7:2] in bits 15:10, IT[1:0] in bits 26:25. */
static unsigned it_state(uint64_t spsr)
{
    return (unsigned)(bits_get(spsr, 15, 10) << 2 | bits_get(spsr, 26, 25));
}

static uint64_t with_it_state(uint64_t spsr, unsigned it)
{
    return bits_set(bits_set(spsr, 15, 10, it >> 2), 26, 25, it & 3U);
}

/* ITAdvance() of DDI 0487 (F1.2.1): the block ends when IT[2:0] is 0. */
static unsigned it_advance(unsigned it)
{
    return (it & 7U) == 0U ? 0U : (it & 0xe0U) | ((it << 1) & 0x1fU);
}

void skip_instruction_aarch32(struct trap_frame *frame, uint64_t esr)
{
    uint64_t spsr = frame->spsr & ~SPSR_SS;
    frame->elr = (uint32_t)(frame->elr + ((esr & ESR_IL) != 0U ? 4U : 2U));
    frame->spsr = (spsr & SPSR_T32) != 0U ? with_it_state(spsr, it_advance(it_state(spsr))) : spsr;
}

/* ConditionHolds() of DDI 0487 (J1.3): cond[3:1] chooses the test, cond[0] inverts it but for 0b1111. */
static bool condition_holds(unsigned condition, uint64_t spsr)
{
    bool n = (spsr & BIT(31)) != 0U;
    bool z = (spsr & BIT(30)) != 0U;
    bool c = (spsr & BIT(29)) != 0U;
    bool v = (spsr & BIT(28)) != 0U;
    const bool tests[8] = {z, c, n, v, c && !z, n == v, n == v && !z, true};
    bool holds = tests[(condition >> 1) & 7U];
    return (condition & 1U) != 0U && condition != 15U ? !holds : holds;
}

bool skip_condition_holds(const struct trap_frame *frame, uint64_t esr)
{
    uint64_t spsr = frame->spsr;
    if ((spsr & SPSR_AARCH32) == 0U) {
        return true;
    }
    unsigned condition = (unsigned)bits_get(esr, 23, 20);
    if ((esr & ESR_CV) == 0U) {
        /* T32 without a valid COND: the IT block says. */
        unsigned it = it_state(spsr);
        condition = (spsr & SPSR_T32) != 0U && it != 0U ? it >> 4 : 14U;
    }
    return condition_holds(condition, spsr);
}
