/* SPDX-License-Identifier: Apache-2.0 */
/* The hardware's debug registers, which have their number in their encoding. No state. */
#include "vm/debug_registers.h"

#include "arch/sysreg.h"
#include "lib/bits.h"
#include "vm/context.h"

#define MDSCR_TDCC BIT(12)

unsigned debug_breakpoints(void)
{
    return (unsigned)bits_get(sysreg_read(ID_AA64DFR0_EL1), 15, 12) + 1U;
}

unsigned debug_watchpoints(void)
{
    return (unsigned)bits_get(sysreg_read(ID_AA64DFR0_EL1), 23, 20) + 1U;
}

#define BANK_CASES(n)                                                                                                  \
    case (DEBUG_BVR * 16) + (n):                                                                                       \
        sysreg_write(DBGBVR##n##_EL1, value);                                                                          \
        break;                                                                                                         \
    case (DEBUG_BCR * 16) + (n):                                                                                       \
        sysreg_write(DBGBCR##n##_EL1, value);                                                                          \
        break;                                                                                                         \
    case (DEBUG_WVR * 16) + (n):                                                                                       \
        sysreg_write(DBGWVR##n##_EL1, value);                                                                          \
        break;                                                                                                         \
    case (DEBUG_WCR * 16) + (n):                                                                                       \
        sysreg_write(DBGWCR##n##_EL1, value);                                                                          \
        break;

void debug_register_write(enum debug_bank bank, unsigned index, uint64_t value)
{
    switch ((unsigned)bank * 16U + index) {
        BANK_CASES(0)
        BANK_CASES(1)
        BANK_CASES(2)
        BANK_CASES(3)
        BANK_CASES(4)
        BANK_CASES(5)
        BANK_CASES(6)
        BANK_CASES(7)
        BANK_CASES(8)
        BANK_CASES(9)
        BANK_CASES(10)
        BANK_CASES(11)
        BANK_CASES(12)
        BANK_CASES(13)
        BANK_CASES(14)
        BANK_CASES(15)
    default:
        break;
    }
}

void debug_registers_load(const struct vcpu_debug *debug)
{
    sysreg_write(MDSCR_EL1, debug->in_use != 0U ? debug->mdscr_el1 & ~MDSCR_TDCC : 0U);
    if (debug->in_use == 0U) {
        return;
    }
    for (unsigned i = 0; i < debug_breakpoints(); i++) {
        debug_register_write(DEBUG_BVR, i, debug->bvr[i]);
        debug_register_write(DEBUG_BCR, i, debug->bcr[i]);
    }
    for (unsigned i = 0; i < debug_watchpoints(); i++) {
        debug_register_write(DEBUG_WVR, i, debug->wvr[i]);
        debug_register_write(DEBUG_WCR, i, debug->wcr[i]);
    }
}
