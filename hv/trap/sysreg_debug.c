/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A guest's debug registers, all trapped by MDCR_EL2.{TDA, TDOSA, TDRA}: break- and watchpoints, MDSCR_EL1, the OS lock, and a debug communications
 * channel that is always idle. Values live in vcpu->context.debug, and in the hardware while the vCPU is loaded and debug exceptions are
 * enabled. Owns the rows.
 */
#include "trap/sysreg_debug.h"

#include <stddef.h>

#include "arch/barrier.h"
#include "arch/sysreg.h"
#include "cpu/features.h"
#include "lib/bits.h"
#include "vm/calls.h"
#include "vm/debug_registers.h"
#include "vm/vcpu.h"

#define KEY_MDCCSR_EL0 SYSREG_KEY(2, 3, 0, 1, 0)
#define KEY_DBGDTR_EL0 SYSREG_KEY(2, 3, 0, 4, 0)
#define KEY_DBGDTRRX_EL0 SYSREG_KEY(2, 3, 0, 5, 0)
#define KEY_OSDTRRX_EL1 SYSREG_KEY(2, 0, 0, 0, 2)
#define KEY_OSDTRTX_EL1 SYSREG_KEY(2, 0, 0, 3, 2)
#define KEY_OSECCR_EL1 SYSREG_KEY(2, 0, 0, 6, 2)

/* MDSCR_EL1: SS, TDCC, KDE, MDE. */
#define MDSCR_SOFTWARE (BIT(0) | BIT(12) | BIT(13) | BIT(15))
/* ERR, HDE, TDA, INTdis, TXU, RXO, TXfull, RXfull: an external debugger's, which software saves and restores under the OS lock. */
#define MDSCR_EXTERNAL (BIT(6) | BIT(14) | BIT(21) | BITS(23, 22) | BIT(26) | BIT(27) | BIT(29) | BIT(30))
#define MDSCR_TDCC BIT(12)
#define MDCCINT_MASK (BIT(30) | BIT(29)) /* RX, TX */
#define MDCCSR_TXFULL BIT(29)
#define OSLSR_OSLM_IMPLEMENTED BIT(3)
#define OSLSR_OSLK BIT(1)
#define DBGCLAIM_TAGS 0xffU
#define DBGAUTHSTATUS_DISABLED 0xaU /* NSID, NSNID: implemented and disabled */

/* Break: E, PMC, BAS, HMC, SSC, LBN, BT. Watch: E, PAC, LSC, BAS, HMC, SSC, LBN, WT, MASK. A breakpoint's value may be a context ID. */
#define BCR_MASK (BIT(0) | BITS(2, 1) | BITS(8, 5) | BIT(13) | BITS(15, 14) | BITS(19, 16) | BITS(23, 20))
#define WVR_MASK (~3ULL)
#define WCR_MASK                                                                                                       \
    (BIT(0) | BITS(2, 1) | BITS(4, 3) | BITS(12, 5) | BIT(13) | BITS(15, 14) | BITS(19, 16) | BIT(20) | BITS(28, 24))

static const uint64_t point_masks[DEBUG_BANKS] = {
    [DEBUG_BVR] = ~0ULL,
    [DEBUG_BCR] = BCR_MASK,
    [DEBUG_WVR] = WVR_MASK,
    [DEBUG_WCR] = WCR_MASK,
};

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

static enum debug_bank bank_of(uint32_t key)
{
    return (enum debug_bank)((key & 7U) - 4U); /* op2: 4 BVR, 5 BCR, 6 WVR, 7 WCR */
}

/* NULL: the guest's CPU does not have that one (ID_AA64DFR0_EL1.BRPs, WRPs). */
static uint64_t *point_of(struct vcpu *vcpu, uint32_t key)
{
    struct vcpu_debug *debug = &vcpu->context.debug;
    uint64_t *const banks[DEBUG_BANKS] = {debug->bvr, debug->bcr, debug->wvr, debug->wcr};
    uint64_t dfr0 = features_guest_id(KEY_ID_AA64DFR0_EL1);
    enum debug_bank bank = bank_of(key);
    unsigned low = bank == DEBUG_BVR || bank == DEBUG_BCR ? 12U : 20U;

    return index_of(key) <= bits_get(dfr0, low + 3U, low) ? &banks[bank][index_of(key)] : NULL;
}

static bool point_read(struct vcpu *vcpu, uint32_t key, uint64_t *value)
{
    const uint64_t *point = point_of(vcpu, key);

    if (point == NULL) {
        return false;
    }
    *value = *point;
    return true;
}

static bool point_write(struct vcpu *vcpu, uint32_t key, uint64_t value)
{
    uint64_t *point = point_of(vcpu, key);

    if (point == NULL) {
        return false;
    }
    *point = value & point_masks[bank_of(key)];
    if (debug_registers_in_use(&vcpu->context.debug)) {
        debug_register_load(&vcpu->context.debug, bank_of(key), index_of(key));
        barrier_isb();
    }
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
    struct vcpu_debug *debug = &vcpu->context.debug;
    uint64_t writable = MDSCR_SOFTWARE | (debug->oslock != 0U ? MDSCR_EXTERNAL : 0U);

    (void)key;
    debug->mdscr_el1 = (debug->mdscr_el1 & ~writable) | (value & writable);
    debug_registers_load(debug);
    barrier_isb();
    return true;
}

static bool mdccint_read(struct vcpu *vcpu, uint32_t key, uint64_t *value)
{
    (void)key;
    *value = vcpu->context.debug.mdccint_el1;
    return true;
}

/* Nothing is ever received, and what is sent is never fetched: neither interrupt comes. */
static bool mdccint_write(struct vcpu *vcpu, uint32_t key, uint64_t value)
{
    (void)key;
    vcpu->context.debug.mdccint_el1 = value & MDCCINT_MASK;
    return true;
}

static bool oslar_write(struct vcpu *vcpu, uint32_t key, uint64_t value)
{
    (void)key;
    vcpu->context.debug.oslock = (uint32_t)(value & 1U);
    debug_registers_load(&vcpu->context.debug);
    barrier_isb();
    return true;
}

static bool oslsr_read(struct vcpu *vcpu, uint32_t key, uint64_t *value)
{
    (void)key;
    *value = OSLSR_OSLM_IMPLEMENTED | (vcpu->context.debug.oslock != 0U ? OSLSR_OSLK : 0U);
    return true;
}

/* DBGCLAIMSET_EL1 reads as the tags there are, DBGCLAIMCLR_EL1 as those that are set. */
static bool claim_read(struct vcpu *vcpu, uint32_t key, uint64_t *value)
{
    *value = key == KEY_DBGCLAIMSET_EL1 ? DBGCLAIM_TAGS : vcpu->context.debug.claim;
    return true;
}

static bool claim_write(struct vcpu *vcpu, uint32_t key, uint64_t value)
{
    uint32_t tags = (uint32_t)value & DBGCLAIM_TAGS;
    uint32_t *claim = &vcpu->context.debug.claim;

    *claim = key == KEY_DBGCLAIMSET_EL1 ? *claim | tags : *claim & ~tags;
    return true;
}

static bool authstatus_read(struct vcpu *vcpu, uint32_t key, uint64_t *value)
{
    (void)vcpu;
    (void)key;
    *value = DBGAUTHSTATUS_DISABLED;
    return true;
}

/* An idle channel: nothing received, and full on the other side, as nobody fetches (mechanism 1 serves this read later). */
static bool dcc_status_read(struct vcpu *vcpu, uint32_t key, uint64_t *value)
{
    (void)vcpu;
    (void)key;
    *value = MDCCSR_TXFULL;
    return true;
}

bool sysreg_debug_denied(const struct vcpu *vcpu, uint32_t key)
{
    bool dcc = key == KEY_MDCCSR_EL0 || key == KEY_DBGDTR_EL0 || key == KEY_DBGDTRRX_EL0;

    return dcc && (vcpu->frame->spsr & 0xfU) == 0U && (vcpu->context.debug.mdscr_el1 & MDSCR_TDCC) != 0U;
}

static const struct sysreg_row rows[] = {
    {KEY_MDSCR_EL1, "MDSCR_EL1", mdscr_read, mdscr_write},
    {KEY_MDCCINT_EL1, "MDCCINT_EL1", mdccint_read, mdccint_write},
    {KEY_MDRAR_EL1, "MDRAR_EL1", read_zero, NULL},
    {KEY_OSLAR_EL1, "OSLAR_EL1", NULL, oslar_write},
    {KEY_OSLSR_EL1, "OSLSR_EL1", oslsr_read, NULL},
    {KEY_OSDLR_EL1, "OSDLR_EL1", read_zero, ignore},
    {KEY_DBGPRCR_EL1, "DBGPRCR_EL1", read_zero, ignore},
    {KEY_DBGCLAIMSET_EL1, "DBGCLAIMSET_EL1", claim_read, claim_write},
    {KEY_DBGCLAIMCLR_EL1, "DBGCLAIMCLR_EL1", claim_read, claim_write},
    {KEY_DBGAUTHSTATUS_EL1, "DBGAUTHSTATUS_EL1", authstatus_read, NULL},
    {KEY_MDCCSR_EL0, "MDCCSR_EL0", dcc_status_read, NULL},
    {KEY_DBGDTR_EL0, "DBGDTR_EL0", read_zero, ignore},
    {KEY_DBGDTRRX_EL0, "DBGDTRRX_EL0", read_zero, ignore},
    {KEY_OSDTRRX_EL1, "OSDTRRX_EL1", read_zero, ignore},
    {KEY_OSDTRTX_EL1, "OSDTRTX_EL1", read_zero, ignore},
    {KEY_OSECCR_EL1, "OSECCR_EL1", read_zero, ignore},
};

#define POINT_ROWS (CONTEXT_MAX_DEBUG * DEBUG_BANKS)

static struct sysreg_row point_rows[POINT_ROWS];

void sysreg_debug_init(void)
{
    static const char *const names[DEBUG_BANKS] = {"DBGBVR<n>_EL1", "DBGBCR<n>_EL1", "DBGWVR<n>_EL1", "DBGWCR<n>_EL1"};

    for (uint32_t i = 0; i < POINT_ROWS; i++) {
        uint32_t bank = i % DEBUG_BANKS;
        uint32_t key = SYSREG_KEY(2, 0, 0, i / DEBUG_BANKS, 4U + bank);
        point_rows[i] = (struct sysreg_row){key, names[bank], point_read, point_write};
    }
    sysreg_table_add(rows, ARRAY_SIZE(rows));
    sysreg_table_add(point_rows, POINT_ROWS);
}
