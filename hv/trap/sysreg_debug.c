/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A guest's debug registers, all trapped by MDCR_EL2.{TDA, TDOSA, TDRA}: break- and watchpoints, MDSCR_EL1, the OS lock, and a debug communications
 * channel that is always idle. Values live in vcpu->context.debug, and in the hardware while the vCPU is loaded. Owns the constant rows.
 */
#include "trap/sysreg_debug.h"

#include <stddef.h>

#include "arch/barrier.h"
#include "arch/sysreg.h"
#include "lib/bits.h"
#include "vm/calls.h"
#include "vm/debug_registers.h"
#include "vm/vcpu.h"

/* MDSCR_EL1 fields that software may set; with the OS lock on also EHBRK and the others that an external debugger sees. */
#define MDSCR_WRITABLE                                                                                                 \
    (BIT(0) | BIT(6) | BIT(12) | BIT(13) | BIT(14) | BIT(15) | BITS(23, 21) | BIT(26) | BIT(27) | BITS(30, 29))
#define MDSCR_ACTIVE (BIT(0) | BIT(13) | BIT(15)) /* SS, KDE, MDE */
#define OSLSR_OSLM_IMPLEMENTED BIT(3)
#define OSLSR_OSLK BIT(1)

#define DBGCLAIM_ALL 0xffU
/* Address mask: VA[63:2]; control: E, PMC, BAS, HMC, SSC, LBN, BT; watchpoints E, PAC, LSC, BAS, HMC, SSC, LBN, WT, MASK. */
#define BVR_MASK (~3ULL)
#define BCR_MASK (BIT(0) | BITS(2, 1) | BITS(8, 5) | BIT(13) | BITS(15, 14) | BITS(19, 16) | BITS(23, 20))
#define WCR_MASK                                                                                                       \
    (BIT(0) | BITS(2, 1) | BITS(4, 3) | BITS(12, 5) | BIT(13) | BITS(15, 14) | BITS(19, 16) | BIT(20) | BITS(28, 24))

static bool ignore(struct vcpu *vcpu, uint32_t key, uint64_t value)
{
    (void)vcpu;
    (void)key;
    (void)value;
    return true;
}

static bool read_zero(struct vcpu *vcpu, uint32_t key, uint64_t *value)
{
    (void)vcpu;
    (void)key;
    *value = 0;
    return true;
}

static unsigned index_of(uint32_t key)
{
    return key >> 3 & 15U; /* CRm */
}

static uint64_t *member_of(struct vcpu *vcpu, uint32_t key, enum debug_bank *bank)
{
    struct vcpu_debug *debug = &vcpu->context.debug;
    unsigned index = index_of(key);
    *bank = (enum debug_bank)((key & 7U) - 4U); /* op2: 4 BVR, 5 BCR, 6 WVR, 7 WCR */
    if (*bank == DEBUG_BVR || *bank == DEBUG_BCR) {
        if (index >= debug_breakpoints()) {
            return NULL;
        }
        return *bank == DEBUG_BVR ? &debug->bvr[index] : &debug->bcr[index];
    }
    if (index >= debug_watchpoints()) {
        return NULL;
    }
    return *bank == DEBUG_WVR ? &debug->wvr[index] : &debug->wcr[index];
}

static bool point_read(struct vcpu *vcpu, uint32_t key, uint64_t *value)
{
    enum debug_bank bank;
    const uint64_t *member = member_of(vcpu, key, &bank);
    if (member == NULL) {
        return false;
    }
    *value = *member;
    return true;
}

/* The first use brings the whole set to the hardware: what another vCPU left there would match otherwise. */
static void start_using(struct vcpu *vcpu)
{
    if (vcpu->context.debug.in_use == 0U) {
        vcpu->context.debug.in_use = 1U;
        debug_registers_load(&vcpu->context.debug);
    }
}

static bool point_write(struct vcpu *vcpu, uint32_t key, uint64_t value)
{
    enum debug_bank bank;
    uint64_t *member = member_of(vcpu, key, &bank);
    if (member == NULL) {
        return false;
    }
    static const uint64_t masks[] = {BVR_MASK, BCR_MASK, BVR_MASK, WCR_MASK};
    *member = value & masks[bank];
    start_using(vcpu);
    debug_register_write(bank, index_of(key), *member);
    barrier_isb();
    return true;
}

static bool mdscr_read(struct vcpu *vcpu, uint32_t key, uint64_t *value)
{
    (void)key;
    *value = vcpu->context.debug.mdscr_el1;
    return true;
}

static bool mdscr_write(struct vcpu *vcpu, uint32_t key, uint64_t value)
{
    (void)key;
    vcpu->context.debug.mdscr_el1 = value & MDSCR_WRITABLE;
    if ((value & MDSCR_ACTIVE) != 0U) {
        start_using(vcpu);
    }
    debug_registers_load(&vcpu->context.debug);
    barrier_isb();
    return true;
}

static bool oslar_write(struct vcpu *vcpu, uint32_t key, uint64_t value)
{
    (void)key;
    vcpu->context.debug.oslock = (uint32_t)(value & 1U);
    return true;
}

static bool oslsr_read(struct vcpu *vcpu, uint32_t key, uint64_t *value)
{
    (void)key;
    *value = OSLSR_OSLM_IMPLEMENTED | (vcpu->context.debug.oslock != 0U ? OSLSR_OSLK : 0U);
    return true;
}

static bool claim_read(struct vcpu *vcpu, uint32_t key, uint64_t *value)
{
    (void)vcpu;
    *value = key == KEY_DBGCLAIMSET_EL1 ? DBGCLAIM_ALL : 0U;
    return true;
}

/* Only DBGDTRRX, DBGDTRTX and the status: nothing was received, what is sent is gone (mechanism 1 takes the status from here). */
#define KEY_MDCCSR_EL0 SYSREG_KEY(2, 3, 0, 1, 0)
#define KEY_DBGDTR_EL0 SYSREG_KEY(2, 3, 0, 4, 0)
#define KEY_DBGDTRRX_EL0 SYSREG_KEY(2, 3, 0, 5, 0)
#define KEY_OSDTRRX_EL1 SYSREG_KEY(2, 0, 0, 0, 2)
#define KEY_OSDTRTX_EL1 SYSREG_KEY(2, 0, 0, 3, 2)
#define KEY_OSECCR_EL1 SYSREG_KEY(2, 0, 0, 6, 2)

static const struct sysreg_row rows[] = {{KEY_MDSCR_EL1, "MDSCR_EL1", mdscr_read, mdscr_write},
                                         {KEY_MDCCINT_EL1, "MDCCINT_EL1", read_zero, ignore},
                                         {KEY_MDRAR_EL1, "MDRAR_EL1", read_zero, NULL},
                                         {KEY_OSLAR_EL1, "OSLAR_EL1", NULL, oslar_write},
                                         {KEY_OSLSR_EL1, "OSLSR_EL1", oslsr_read, NULL},
                                         {KEY_OSDLR_EL1, "OSDLR_EL1", read_zero, ignore},
                                         {KEY_DBGPRCR_EL1, "DBGPRCR_EL1", read_zero, ignore},
                                         {KEY_DBGCLAIMSET_EL1, "DBGCLAIMSET_EL1", claim_read, ignore},
                                         {KEY_DBGCLAIMCLR_EL1, "DBGCLAIMCLR_EL1", claim_read, ignore},
                                         {KEY_DBGAUTHSTATUS_EL1, "DBGAUTHSTATUS_EL1", read_zero, NULL},
                                         {KEY_MDCCSR_EL0, "MDCCSR_EL0", read_zero, NULL},
                                         {KEY_DBGDTR_EL0, "DBGDTR_EL0", read_zero, ignore},
                                         {KEY_DBGDTRRX_EL0, "DBGDTRRX_EL0", read_zero, ignore},
                                         {KEY_OSDTRRX_EL1, "OSDTRRX_EL1", read_zero, ignore},
                                         {KEY_OSDTRTX_EL1, "OSDTRTX_EL1", read_zero, ignore},
                                         {KEY_OSECCR_EL1, "OSECCR_EL1", read_zero, ignore},
#define POINT_ROWS(n)                                                                                                  \
    {KEY_DBGBVR##n##_EL1, "DBGBVR" #n "_EL1", point_read, point_write},                                                \
        {KEY_DBGBCR##n##_EL1, "DBGBCR" #n "_EL1", point_read, point_write},                                            \
        {KEY_DBGWVR##n##_EL1, "DBGWVR" #n "_EL1", point_read, point_write},                                            \
        {KEY_DBGWCR##n##_EL1, "DBGWCR" #n "_EL1", point_read, point_write},
                                         POINT_ROWS(0) POINT_ROWS(1) POINT_ROWS(2) POINT_ROWS(3) POINT_ROWS(4)
                                             POINT_ROWS(5) POINT_ROWS(6) POINT_ROWS(7) POINT_ROWS(8) POINT_ROWS(9)
                                                 POINT_ROWS(10) POINT_ROWS(11) POINT_ROWS(12) POINT_ROWS(13)
                                                     POINT_ROWS(14) POINT_ROWS(15)};

void sysreg_debug_init(void)
{
    sysreg_table_add(rows, ARRAY_SIZE(rows));
}
