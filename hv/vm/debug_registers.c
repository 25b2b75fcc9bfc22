/* SPDX-License-Identifier: Apache-2.0 */
/* The hardware's debug registers, which have their number in their encoding. No state. */
#include "vm/debug_registers.h"

#include "arch/barrier.h"
#include "arch/sysreg.h"
#include "lib/bits.h"
#include "vm/context.h"

#define MDSCR_SS BIT(0)
#define MDSCR_KDE BIT(13)
#define MDSCR_MDE BIT(15)
#define BCR_E BIT(0)
#define BCR_BT_EL2 BIT(23) /* BT 0b1xxx: matches on a VMID or CONTEXTIDR_EL2, reserved without EL2 */

static unsigned breakpoints_here(void)
{
    return (unsigned)bits_get(sysreg_read(ID_AA64DFR0_EL1), 15, 12) + 1U;
}

static unsigned watchpoints_here(void)
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

static void bank_write(enum debug_bank bank, unsigned index, uint64_t value)
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

static unsigned bank_size(enum debug_bank bank)
{
    return bank == DEBUG_BVR || bank == DEBUG_BCR ? breakpoints_here() : watchpoints_here();
}

static uint64_t bank_value(const struct vcpu_debug *debug, enum debug_bank bank, unsigned index)
{
    switch (bank) {
    case DEBUG_BVR:
        return debug->bvr[index];
    case DEBUG_BCR:
        return (debug->bcr[index] & BCR_BT_EL2) != 0U ? debug->bcr[index] & ~BCR_E : debug->bcr[index];
    case DEBUG_WVR:
        return debug->wvr[index];
    case DEBUG_WCR:
    case DEBUG_BANKS:
        break;
    }
    return debug->wcr[index];
}

bool debug_registers_in_use(const struct vcpu_debug *debug)
{
    return debug->oslock == 0U && (debug->mdscr_el1 & (MDSCR_SS | MDSCR_MDE)) != 0U;
}

void debug_register_load(const struct vcpu_debug *debug, enum debug_bank bank, unsigned index)
{
    if (index < bank_size(bank)) {
        bank_write(bank, index, bank_value(debug, bank, index));
    }
}

void debug_registers_load(const struct vcpu_debug *debug)
{
    if (!debug_registers_in_use(debug)) {
        sysreg_write(MDSCR_EL1, 0U);
        return;
    }
    for (unsigned bank = 0; bank < DEBUG_BANKS; bank++) {
        unsigned size = bank_size((enum debug_bank)bank);
        for (unsigned i = 0; i < size; i++) {
            bank_write((enum debug_bank)bank, i, bank_value(debug, (enum debug_bank)bank, i));
        }
    }
    sysreg_write(MDSCR_EL1, debug->mdscr_el1 & (MDSCR_SS | MDSCR_KDE | MDSCR_MDE));
}

void debug_registers_init(void)
{
    sysreg_write(MDSCR_EL1, 0U);
    sysreg_write(MDCCINT_EL1, 0U);
    for (unsigned i = 0; i < breakpoints_here(); i++) {
        bank_write(DEBUG_BCR, i, 0U);
    }
    for (unsigned i = 0; i < watchpoints_here(); i++) {
        bank_write(DEBUG_WCR, i, 0U);
    }
    sysreg_write(OSDLR_EL1, 0U); /* RAZ/WI without FEAT_DoubleLock */
    sysreg_write(OSLAR_EL1, 0U); /* locked at reset, and then no debug exception is made (DDI 0487, D2.4) */
    barrier_isb();
}
