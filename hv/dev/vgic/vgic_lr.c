/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The only user of the ICH registers. A list register stays in the hardware as long as its vCPU is loaded; it is read when its state
 * matters, not on every exit. Owns the shadow in struct vgic_vcpu (lr_used, lr_intid, hcr, overflow).
 * IHI 0069: 8.4 (ICH registers), 6.2.1 usage model for the list registers, 4.8 priorities.
 */
#include "dev/vgic/vgic_lr.h"

#include "arch/sysreg.h"
#include "cpu/irq.h"
#include "dev/vgic/vgic_pick.h"

/* ICH_LR<n>_EL2 */
#define LR_PENDING BIT(62)
#define LR_ACTIVE BIT(63)
#define LR_HW BIT(61)
#define LR_GROUP1 BIT(60)
#define LR_PRIORITY_SHIFT 48
#define LR_PINTID_SHIFT 32
#define LR_EOI BIT(41) /* with HW = 0 */
/* ICH_HCR_EL2 */
#define HCR_EN BIT(0)
#define HCR_UIE BIT(1)
#define HCR_LRENPIE BIT(2)
#define HCR_NPIE BIT(3)
#define HCR_VGRP0EIE BIT(4)
#define HCR_VGRP0DIE BIT(5)
#define HCR_TDIR BIT(14)
/* ICH_VTR_EL2 */
#define VTR_TDS BIT(19)

/* What every CPU has: filled by vgic_lr_cpu_init while CPUs come up, constant afterwards. */
static uint32_t lr_count = VGIC_LR_MAX;
static uint32_t lr_all = 0xffffU;
static uint32_t apr_count = 4;
static bool dir_traps = true;

#define LR_LIST(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14) X(15)

static uint64_t lr_read(unsigned k)
{
#define LR_READ(n)                                                                                                     \
    case n:                                                                                                            \
        return sysreg_read(ICH_LR##n##_EL2);
    switch (k) {
        LR_LIST(LR_READ)
    default:
        return 0;
    }
#undef LR_READ
}

static void lr_write(unsigned k, uint64_t value)
{
#define LR_WRITE(n)                                                                                                    \
    case n:                                                                                                            \
        sysreg_write(ICH_LR##n##_EL2, value);                                                                          \
        break;
    switch (k) {
        LR_LIST(LR_WRITE)
    default:
        break;
    }
#undef LR_WRITE
}

/* The list register becomes value, and keeps its active state. */
static void lr_merge_active(unsigned k, uint64_t value)
{
#define LR_MERGE(n)                                                                                                    \
    case n:                                                                                                            \
        sysreg_write(ICH_LR##n##_EL2, value | (sysreg_read(ICH_LR##n##_EL2) & LR_ACTIVE));                             \
        break;
    switch (k) {
        LR_LIST(LR_MERGE)
    default:
        break;
    }
#undef LR_MERGE
}

/* The list register becomes value, if it holds nothing pending or active. */
static bool lr_refill(unsigned k, uint64_t value)
{
#define LR_REFILL(n)                                                                                                   \
    case n:                                                                                                            \
        if ((sysreg_read(ICH_LR##n##_EL2) & (LR_PENDING | LR_ACTIVE)) != 0U) {                                         \
            return false;                                                                                              \
        }                                                                                                              \
        sysreg_write(ICH_LR##n##_EL2, value);                                                                          \
        return true;
    switch (k) {
        LR_LIST(LR_REFILL)
    default:
        return false;
    }
#undef LR_REFILL
}

static struct vgic_irq *lr_irq(struct vgic_vcpu *v, unsigned k)
{
    return vgic_irq_find(v->vgic, v, v->lr_intid[k]);
}

static bool irq_held(const struct vgic_vcpu *v, uint32_t intid)
{
    return intid < VGIC_PRIVATE && (v->held & (1U << intid)) != 0U;
}

void vgic_lr_release(struct vgic_vcpu *v, uint32_t intid)
{
    v->held &= ~(1U << intid);
    v->irq[intid].state &= (uint16_t)~VIRQ_LINE;
    irq_deactivate(v->irq[intid].pintid);
}

/* Physical interrupts kept active for a virtual one that is neither pending nor active any more. */
static void lr_release_idle(struct vgic_vcpu *v)
{
    for (uint32_t left = v->held; left != 0U; left &= left - 1U) {
        uint32_t intid = (uint32_t)__builtin_ctz(left);
        if ((v->irq[intid].state & (VIRQ_LINE | VIRQ_ACTIVE)) == 0U && v->irq[intid].lr == VGIC_NONE) {
            vgic_lr_release(v, intid);
        }
    }
}

void vgic_lr_set_active(struct vgic_vcpu *v, uint32_t intid, bool active)
{
    struct vgic_irq *irq = vgic_irq_find(v->vgic, v, intid);
    bool was = (irq->state & VIRQ_ACTIVE) != 0U;
    irq->state &= (uint16_t)~VIRQ_ACTIVE;
    if (active) {
        irq->state |= VIRQ_ACTIVE;
    } else if (was && irq_held(v, intid)) {
        vgic_lr_release(v, intid);
    }
}

bool vgic_lr_settle(struct vgic_vcpu *v, struct vgic_irq *irq, uint32_t intid)
{
    if (vgic_irq_wants_lr(irq, v->vgic->ctlr)) {
        vgic_set_add(&v->wait, intid);
        return true;
    }
    vgic_set_remove(&v->wait, intid);
    if (vgic_irq_must_move(irq)) {
        vgic_set_add(&v->moved, intid);
    }
    return false;
}

/*
 * What the list register of an interrupt should hold; 0: nothing.
 *
 * An active interrupt asks for maintenance at its deactivation (EOI) when there is more to deliver then: a level-sensitive one whose
 * line is high, one that is pending for another vCPU now, one whose next turn has to be weighed against others (overflow). Else
 * nobody need know. A hardware-linked one must not be pending and active (12.4.8, State), so it is not linked while it is both.
 */
static uint64_t lr_value(const struct vgic_vcpu *v, const struct vgic_irq *irq, uint32_t intid)
{
    bool active = (irq->state & VIRQ_ACTIVE) != 0U;
    bool latch = (irq->state & (VIRQ_LATCH | VIRQ_LR_LATCH)) != 0U;
    bool line = (irq->state & (VIRQ_EDGE | VIRQ_LINE)) == VIRQ_LINE;
    bool pending =
        vgic_irq_deliverable(irq, v->vgic->ctlr) && ((latch && !(active && v->overflow)) || (line && !active));
    uint64_t value = intid | ((uint64_t)irq->priority << LR_PRIORITY_SHIFT);

    if (!active && !pending) {
        return 0;
    }
    value |= (active ? LR_ACTIVE : 0U) | (pending ? LR_PENDING : 0U);
    value |= (irq->state & VIRQ_GROUP1) != 0U ? LR_GROUP1 : 0U;
    if (irq_held(v, intid) && !(active && latch)) {
        return value | LR_HW | ((uint64_t)irq->pintid << LR_PINTID_SHIFT);
    }
    return value | (line || irq_held(v, intid) || (latch && !pending) ? LR_EOI : 0U);
}

/* The latch goes with a pending state into the list register, and comes back from one that is withdrawn. */
static void lr_move_latch(struct vgic_irq *irq, bool pending)
{
    uint16_t from = pending ? VIRQ_LATCH : VIRQ_LR_LATCH;
    uint16_t to = pending ? VIRQ_LR_LATCH : VIRQ_LATCH;
    if ((irq->state & from) != 0U) {
        irq->state = (uint16_t)((irq->state & ~from) | to);
    }
}

static void lr_set(struct vgic_vcpu *v, struct vgic_irq *irq, uint32_t intid, unsigned k, uint64_t value)
{
    lr_move_latch(irq, (value & LR_PENDING) != 0U);
    if (intid < VGIC_PRIVATE) {
        /* A PPI set pending by register: whether that was acknowledged has to be seen first. */
        bool known = (irq->state & (VIRQ_EDGE | VIRQ_LR_LATCH)) != VIRQ_LR_LATCH;
        bool deliverable = value != 0U && vgic_irq_deliverable(irq, v->vgic->ctlr);
        v->fast[intid] = deliverable && known ? (value & ~LR_ACTIVE) | LR_PENDING : 0U;
    }
    lr_write(k, value);
}

static void lr_install(struct vgic_vcpu *v, struct vgic_irq *irq, uint32_t intid, unsigned k)
{
    irq->lr = (uint8_t)k;
    v->lr_intid[k] = (uint16_t)intid;
    v->lr_used |= 1U << k;
    lr_set(v, irq, intid, k, lr_value(v, irq, intid));
}

static void lr_free(struct vgic_vcpu *v, struct vgic_irq *irq, unsigned k)
{
    uint32_t intid = v->lr_intid[k];
    if (intid < VGIC_PRIVATE) {
        v->fast[intid] = 0;
    }
    irq->lr = VGIC_NONE;
    v->lr_used &= ~(1U << k);
}

/*
 * The guest's share in a PPI whose physical interrupt is kept active. Linked: hardware deactivated the physical one together with
 * the virtual one. Not linked (it was pending and active): done here.
 */
static void lr_fold_held(struct vgic_vcpu *v, uint32_t intid, uint64_t lr, bool was_active)
{
    if ((lr & LR_HW) == 0U) {
        if (was_active && (lr & LR_ACTIVE) == 0U) {
            vgic_lr_release(v, intid);
        }
    } else if ((lr & (LR_PENDING | LR_ACTIVE)) == 0U) {
        v->held &= ~(1U << intid);
        v->irq[intid].state &= (uint16_t)~VIRQ_LINE;
    }
}

/* What another CPU wrote to GICx_ISACTIVER or ICACTIVER meanwhile. */
static void lr_fold_requests(struct vgic_vcpu *v, struct vgic_irq *irq, uint32_t intid)
{
    uint16_t requests = irq->state & (VIRQ_ACTIVATE | VIRQ_DEACTIVATE);
    if (requests != 0U) {
        irq->state &= (uint16_t) ~(VIRQ_ACTIVATE | VIRQ_DEACTIVATE);
        vgic_lr_set_active(v, intid, (requests & VIRQ_ACTIVATE) != 0U);
    }
}

void vgic_lr_fold(struct vgic_vcpu *v, unsigned k)
{
    uint32_t intid = v->lr_intid[k];
    struct vgic_irq *irq = lr_irq(v, k);
    uint64_t lr = lr_read(k);
    bool was_active = (irq->state & VIRQ_ACTIVE) != 0U;

    vgic_irq_fold(irq, (lr & LR_PENDING) != 0U, (lr & LR_ACTIVE) != 0U);
    if (irq_held(v, intid)) {
        lr_fold_held(v, intid, lr, was_active);
    }
    lr_fold_requests(v, irq, intid);
    if ((lr & (LR_PENDING | LR_ACTIVE)) == 0U) {
        lr_free(v, irq, k);
        if ((lr & (LR_HW | LR_EOI)) == LR_EOI) {
            lr_write(k, 0); /* else ICH_EISR_EL2 and with it the maintenance interrupt stays */
        }
    }
}

void vgic_lr_sync(struct vgic_vcpu *v, unsigned k)
{
    uint32_t intid = v->lr_intid[k];
    struct vgic_irq *irq = lr_irq(v, k);
    uint64_t value = lr_value(v, irq, intid);

    lr_set(v, irq, intid, k, value);
    if (value != 0U) {
        return;
    }
    lr_free(v, irq, k);
    if (irq_held(v, intid) && (irq->state & VIRQ_LINE) == 0U) {
        vgic_lr_release(v, intid);
    }
    (void)vgic_lr_settle(v, irq, intid);
}

/* Fold and sync. */
static void lr_refresh(struct vgic_vcpu *v, struct vgic_irq *irq, uint32_t intid)
{
    if (irq->lr != VGIC_NONE) {
        vgic_lr_fold(v, irq->lr);
    }
    if (irq->lr != VGIC_NONE) {
        vgic_lr_sync(v, irq->lr);
    } else {
        (void)vgic_lr_settle(v, irq, intid);
    }
}

/* Changed by another CPU, and in no list register any more, or never: a PPI that is held. */
static void lr_settle_dirty(struct vgic_vcpu *v)
{
    while (v->dirty.words != 0U) {
        uint32_t intid = vgic_set_first(&v->dirty);
        struct vgic_irq *irq = vgic_irq_find(v->vgic, v, intid);
        vgic_set_remove(&v->dirty, intid);
        if (irq->lr == VGIC_NONE) {
            (void)vgic_lr_settle(v, irq, intid);
        }
    }
}

static void lr_refresh_all(struct vgic_vcpu *v)
{
    lr_settle_dirty(v);
    for (uint32_t left = v->lr_used; left != 0U; left &= left - 1U) {
        unsigned k = (unsigned)__builtin_ctz(left);
        lr_refresh(v, lr_irq(v, k), v->lr_intid[k]);
    }
    v->refold = false;
}

/* What other CPUs changed. An SGI that was only sent again needs no look at its state. */
static void lr_refresh_dirty(struct vgic_vcpu *v)
{
    while (v->dirty.words != 0U) {
        uint32_t intid = vgic_set_first(&v->dirty);
        struct vgic_irq *irq = vgic_irq_find(v->vgic, v, intid);
        vgic_set_remove(&v->dirty, intid);
        if (intid < 16U && (irq->state & VIRQ_LATCH) != 0U && vgic_lr_fast_sgi(v, intid)) {
            irq->state = (uint16_t)((irq->state & ~VIRQ_LATCH) | VIRQ_LR_LATCH);
        } else {
            lr_refresh(v, irq, intid);
        }
    }
}

/* Frees a list register that the guest has emptied and that asks for nothing (ICH_ELRSR_EL2): not the timer's, if there is another. */
static void lr_reap(struct vgic_vcpu *v)
{
    unsigned k = VGIC_NONE;
    for (uint32_t left = (uint32_t)sysreg_read(ICH_ELRSR_EL2) & v->lr_used; left != 0U; left &= left - 1U) {
        k = (unsigned)__builtin_ctz(left);
        if (v->lr_intid[k] < 16U || v->lr_intid[k] >= VGIC_PRIVATE) {
            break;
        }
    }
    if (k != VGIC_NONE) {
        uint32_t intid = v->lr_intid[k];
        struct vgic_irq *irq = lr_irq(v, k);
        vgic_lr_fold(v, k);
        if (irq->lr == VGIC_NONE) {
            (void)vgic_lr_settle(v, irq, intid);
        }
    }
}

bool vgic_lr_fast_sgi(struct vgic_vcpu *v, uint32_t intid)
{
    uint64_t fast = __atomic_load_n(&v->fast[intid], __ATOMIC_RELAXED);
    if (fast == 0U || v->overflow) {
        return false;
    }
    lr_merge_active(v->irq[intid].lr, fast);
    return true;
}

bool vgic_lr_fast_hw(struct vgic_vcpu *v, uint32_t intid, uint32_t pintid)
{
    uint64_t fast = __atomic_load_n(&v->fast[intid], __ATOMIC_RELAXED);
    if ((fast & LR_HW) == 0U || v->overflow || bits_get(fast, 44, 32) != pintid) {
        return false;
    }
    return lr_refill(v->irq[intid].lr, fast);
}

bool vgic_lr_install_hw(struct vgic_vcpu *v, uint32_t intid, uint32_t pintid)
{
    struct vgic_irq *irq = &v->irq[intid];
    if (v->overflow || v->wait.words != 0U || v->lr_used == lr_all || irq->lr != VGIC_NONE || irq_held(v, intid) ||
        (irq->state & (uint16_t)~VIRQ_GROUP1) != VIRQ_ENABLED || !vgic_irq_deliverable(irq, v->vgic->ctlr)) {
        return false;
    }
    unsigned k = (unsigned)__builtin_ctz(~v->lr_used);
    uint64_t value = intid | LR_PENDING | LR_HW | ((uint64_t)pintid << LR_PINTID_SHIFT) |
                     ((uint64_t)irq->priority << LR_PRIORITY_SHIFT) |
                     ((irq->state & VIRQ_GROUP1) != 0U ? LR_GROUP1 : 0U);
    irq->state |= VIRQ_LINE;
    irq->pintid = (uint16_t)pintid;
    irq->lr = (uint8_t)k;
    v->held |= 1U << intid;
    v->lr_intid[k] = (uint16_t)intid;
    v->lr_used |= 1U << k;
    v->fast[intid] = value;
    lr_write(k, value);
    return true;
}

static void hcr_write(struct vgic_vcpu *v, uint64_t hcr)
{
    if (v->hcr != hcr) {
        v->hcr = hcr;
        sysreg_write(ICH_HCR_EL2, hcr);
    }
}

/* Maintenance interrupts that tell when those left out can have their turn; none of them is asserted at once. */
static uint64_t pick_hcr(const struct vgic_picks *picks, uint64_t vmcr)
{
    uint64_t hcr = HCR_EN;
    if (picks->left_out[PICK_PENDING] != 0U) {
        hcr |= HCR_NPIE;
    }
    if (picks->left_out[PICK_ACTIVE] != 0U) {
        hcr |= HCR_LRENPIE | (lr_count > 1U ? HCR_UIE : 0U) | (dir_traps ? HCR_TDIR : 0U);
    }
    for (uint32_t group = 0; group < 2U; group++) {
        bool enabled = ((vmcr >> group) & 1U) != 0U;
        if (!enabled && (picks->masked_groups & (1U << group)) != 0U) {
            hcr |= HCR_VGRP0EIE << (2U * group);
        }
        if (enabled && (picks->left_out[PICK_PENDING] | picks->left_out[PICK_MASKED]) != 0U) {
            hcr |= HCR_VGRP0DIE << (2U * group);
        }
    }
    return hcr;
}

/* Every list register's interrupt back to the waiting ones; the registers themselves still hold their old values. */
static void lr_recall(struct vgic_vcpu *v)
{
    while (v->lr_used != 0U) {
        unsigned k = (unsigned)__builtin_ctz(v->lr_used);
        uint32_t intid = v->lr_intid[k];
        struct vgic_irq *irq = lr_irq(v, k);
        vgic_lr_fold(v, k);
        lr_move_latch(irq, false);
        lr_free(v, irq, k);
        (void)vgic_lr_settle(v, irq, intid);
    }
}

/*
 * Deactivations of interrupts that were in no list register (ICH_HCR_EL2.EOIcount). Their INTIDs are not told: the highest active
 * priority first, the order that the priority drop enforces while EOImode is 0; with EOImode 1 ICC_DIR_EL1 traps instead.
 */
static void lr_count_eois(struct vgic_vcpu *v)
{
    for (uint64_t count = bits_get(sysreg_read(ICH_HCR_EL2), 31, 27); count > 0U; count--) {
        uint32_t best = vgic_pick_best(v, 0, PICK_ACTIVE);
        if (best == UINT32_MAX) {
            break;
        }
        vgic_lr_set_active(v, PICK_INTID(best), false);
        (void)vgic_lr_settle(v, vgic_irq_find(v->vgic, v, PICK_INTID(best)), PICK_INTID(best));
    }
    v->hcr = 0; /* written again, with EOIcount 0, whatever it is */
}

/* All list registers anew, by class and priority. */
static void lr_rebuild(struct vgic_vcpu *v)
{
    struct vgic_picks picks;
    uint64_t vmcr = sysreg_read(ICH_VMCR_EL2);
    uint32_t old;

    if ((v->hcr & HCR_LRENPIE) != 0U) {
        lr_count_eois(v);
    }
    old = v->lr_used;
    lr_settle_dirty(v);
    lr_recall(v);
    vgic_pick(v, vmcr, lr_count, &picks);
    v->overflow = false;
    for (uint32_t kind = PICK_ACTIVE; kind <= PICK_MASKED; kind++) {
        v->overflow = v->overflow || picks.left_out[kind] != 0U;
    }
    for (uint32_t i = 0; i < picks.count; i++) {
        uint32_t intid = PICK_INTID(picks.key[i]);
        vgic_set_remove(&v->wait, intid);
        lr_install(v, vgic_irq_find(v->vgic, v, intid), intid, i);
    }
    for (uint32_t left = old & ~v->lr_used; left != 0U; left &= left - 1U) {
        lr_write((unsigned)__builtin_ctz(left), 0);
    }
    v->refold = false;
    hcr_write(v, pick_hcr(&picks, vmcr));
}

void vgic_lr_add(struct vgic_vcpu *v, uint32_t intid)
{
    if (!v->overflow) {
        if (v->lr_used == lr_all) {
            lr_reap(v);
        }
        if (v->lr_used != lr_all) {
            lr_install(v, vgic_irq_find(v->vgic, v, intid), intid, (unsigned)__builtin_ctz(~v->lr_used));
            return;
        }
    }
    vgic_set_add(&v->wait, intid);
    lr_rebuild(v);
}

void vgic_lr_flush(struct vgic_vcpu *v, bool all)
{
    if (v->overflow) {
        lr_rebuild(v);
    } else if (all || v->refold) {
        lr_refresh_all(v);
    } else {
        lr_refresh_dirty(v);
    }
    while (v->wait.words != 0U && !v->overflow) {
        uint32_t intid = vgic_set_first(&v->wait);
        vgic_set_remove(&v->wait, intid);
        vgic_lr_add(v, intid);
    }
    if (v->held != 0U) {
        lr_release_idle(v);
    }
}

bool vgic_vmcr_passes(uint64_t vmcr, bool group1, uint8_t priority)
{
    return ((vmcr >> (group1 ? 1 : 0)) & 1U) != 0U && priority < bits_get(vmcr, 31, 24);
}

bool vgic_lr_signals(struct vgic_vcpu *v)
{
    uint64_t vmcr = sysreg_read(ICH_VMCR_EL2);
    for (uint32_t left = v->lr_used; left != 0U; left &= left - 1U) {
        uint64_t lr = lr_read((unsigned)__builtin_ctz(left));
        if ((lr & (LR_PENDING | LR_ACTIVE)) == LR_PENDING &&
            vgic_vmcr_passes(vmcr, (lr & LR_GROUP1) != 0U, (uint8_t)(lr >> LR_PRIORITY_SHIFT))) {
            return true;
        }
    }
    return false;
}

#define APR_READ(n)                                                                                                    \
    v->ap0r[n] = sysreg_read(ICH_AP0R##n##_EL2);                                                                       \
    v->ap1r[n] = sysreg_read(ICH_AP1R##n##_EL2)
#define APR_WRITE(n)                                                                                                   \
    sysreg_write(ICH_AP0R##n##_EL2, v->ap0r[n]);                                                                       \
    sysreg_write(ICH_AP1R##n##_EL2, v->ap1r[n])

/* Active priorities: one register per group for 5 bits of preemption, two for 6, four for 7; the others do not exist. */
static void apr_save(struct vgic_vcpu *v)
{
    APR_READ(0);
    if (apr_count > 1U) {
        APR_READ(1);
    }
    if (apr_count > 2U) {
        APR_READ(2);
        APR_READ(3);
    }
}

static void apr_restore(const struct vgic_vcpu *v)
{
    APR_WRITE(0);
    if (apr_count > 1U) {
        APR_WRITE(1);
    }
    if (apr_count > 2U) {
        APR_WRITE(2);
        APR_WRITE(3);
    }
}

void vgic_lr_load(struct vgic_vcpu *v)
{
    sysreg_write(ICH_VMCR_EL2, v->vmcr);
    apr_restore(v);
    v->loaded = true;
    v->hcr = 0;
    v->overflow = false;
    if (v->wait.words != 0U) {
        lr_rebuild(v);
    } else {
        hcr_write(v, HCR_EN);
    }
}

void vgic_lr_put(struct vgic_vcpu *v)
{
    uint32_t old;
    if ((v->hcr & HCR_LRENPIE) != 0U) {
        lr_count_eois(v);
    }
    old = v->lr_used;
    lr_settle_dirty(v);
    lr_recall(v);
    for (; old != 0U; old &= old - 1U) {
        lr_write((unsigned)__builtin_ctz(old), 0);
    }
    v->refold = false;
    while (v->held != 0U) {
        uint32_t intid = (uint32_t)__builtin_ctz(v->held);
        vgic_lr_release(v, intid);
        (void)vgic_lr_settle(v, &v->irq[intid], intid);
    }
    v->vmcr = sysreg_read(ICH_VMCR_EL2);
    apr_save(v);
    sysreg_write(ICH_HCR_EL2, 0);
    v->loaded = false;
}

void vgic_lr_reset(struct vgic_vcpu *v)
{
    v->vmcr = 0;
    for (unsigned i = 0; i < ARRAY_SIZE(v->ap0r); i++) {
        v->ap0r[i] = 0;
        v->ap1r[i] = 0;
    }
}

void vgic_lr_cpu_init(void)
{
    uint64_t vtr = sysreg_read(ICH_VTR_EL2);
    uint32_t count = (uint32_t)bits_get(vtr, 4, 0) + 1U;
    uint32_t aprs = 1U << (bits_get(vtr, 28, 26) > 4U ? bits_get(vtr, 28, 26) - 4U : 0U);

    lr_count = count < lr_count ? count : lr_count;
    lr_all = (1U << lr_count) - 1U;
    apr_count = aprs < apr_count ? aprs : apr_count;
    dir_traps = dir_traps && (vtr & VTR_TDS) != 0U;
    sysreg_write(ICH_HCR_EL2, 0);
    for (unsigned k = 0; k < count && k < VGIC_LR_MAX; k++) {
        lr_write(k, 0);
    }
}
