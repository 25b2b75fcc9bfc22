/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where interrupts go. Owns vgic.stale, vgic_vcpu.moved and the owner of each interrupt. Called from the register and injection
 * paths. IHI 0069: 4.3 affinity routing, 4.1.2 (an active interrupt stays with the PE that acknowledged it).
 */
#include "dev/vgic/vgic_route.h"

#include "arch/cpu_wait.h"
#include "dev/vgic/vgic_lr.h"
#include "vm/vcpu.h"

/* Far above what a kick takes, far below what anybody would call a hang. */
#define REFRESH_SPINS 20000U

bool vgic_route_here(const struct vgic_vcpu *v)
{
    return v->loaded && v->vcpu == vcpu_current();
}

struct vgic_vcpu *vgic_route_begin(struct vgic *vgic, struct vgic_irq *irq)
{
    struct vgic_vcpu *v;
    for (;;) {
        uint8_t owner = __atomic_load_n(&irq->owner, __ATOMIC_ACQUIRE);
        v = vgic->vcpu[owner];
        spinlock_lock(&v->lock);
        if (__builtin_expect(irq->owner == owner, 1)) {
            break;
        }
        spinlock_unlock(&v->lock);
    }
    v->here = vgic_route_here(v);
    if (irq->lr != VGIC_NONE && v->here) {
        vgic_lr_fold(v, irq->lr);
    }
    return v;
}

static bool irq_mark_stale(struct vgic_vcpu *v)
{
    __atomic_fetch_or(&v->vgic->stale, BIT(v->index), __ATOMIC_RELEASE);
    return true;
}

static bool irq_held(const struct vgic_vcpu *v, uint32_t intid)
{
    return intid < VGIC_PRIVATE && (v->held & (1U << intid)) != 0U;
}

static void irq_place_here(struct vgic_vcpu *v, struct vgic_irq *irq, uint32_t intid)
{
    bool sorted = false;
    if (irq->lr != VGIC_NONE) {
        vgic_lr_sync(v, irq->lr);
    } else if (vgic_irq_wants_lr(irq, v->vgic->ctlr)) {
        vgic_set_remove(&v->wait, intid);
        vgic_lr_add(v, intid);
        sorted = v->overflow;
    } else {
        (void)vgic_lr_settle(v, irq, intid);
    }
    if (!sorted && (v->overflow || v->wait.words != 0U || irq_held(v, intid))) {
        vgic_lr_flush(v, false);
    }
}

/* Nothing pending or active, nowhere to go. */
static bool irq_idle(const struct vgic_vcpu *v, const struct vgic_irq *irq, uint32_t intid)
{
    return irq->lr == VGIC_NONE && (irq->state & (VIRQ_LATCH | VIRQ_LINE | VIRQ_ACTIVE)) == 0U &&
           irq->owner == irq->target && v->wait.words == 0U && !irq_held(v, intid);
}

/* True when the owner has to be kicked. */
static bool irq_place(struct vgic_vcpu *v, struct vgic_irq *irq, uint32_t intid)
{
    if (irq_idle(v, irq, intid)) {
        return false;
    }
    if (v->here) {
        irq_place_here(v, irq, intid);
        return !vcpu_runs_here(v->vcpu); /* it sleeps with its state still in this CPU */
    }
    if (irq->lr != VGIC_NONE || irq_held(v, intid)) {
        vgic_set_add(&v->dirty, intid);
        return irq_mark_stale(v);
    }
    return vgic_lr_settle(v, irq, intid);
}

/* What v has to give away joins left. v is locked. */
static void moved_take(struct vgic_vcpu *v, struct vgic_set *left)
{
    for (uint32_t words = v->moved.words; words != 0U; words &= words - 1U) {
        uint32_t word = (uint32_t)__builtin_ctz(words);
        left->word[word] |= v->moved.word[word];
    }
    left->words |= v->moved.words;
    v->moved = (struct vgic_set){0};
}

/*
 * One SPI from its owner to the one that its target names. If that has to give it away again, as other vCPUs have changed the routing
 * meanwhile, it joins left: they may do so as often as they like, and the stack is short.
 */
static void irq_move(struct vgic *vgic, uint32_t intid, struct vgic_set *left)
{
    struct vgic_irq *irq = &vgic->spi[intid - VGIC_PRIVATE];
    struct vgic_vcpu *v = vgic->vcpu[__atomic_load_n(&irq->owner, __ATOMIC_ACQUIRE)];

    spinlock_lock(&v->lock);
    if (irq->owner != v->index || !vgic_irq_must_move(irq)) {
        spinlock_unlock(&v->lock);
        return;
    }
    vgic_set_remove(&v->wait, intid);
    vgic_set_remove(&v->dirty, intid);
    __atomic_store_n(&irq->owner, irq->target, __ATOMIC_RELEASE);
    spinlock_unlock(&v->lock);
    v = vgic_route_begin(vgic, irq);
    bool kick = irq_place(v, irq, intid);
    moved_take(v, left);
    spinlock_unlock(&v->lock);
    if (kick) {
        vcpu_kick(v->vcpu, VCPU_WORK_IRQ);
    }
}

void vgic_route_unlock_moved(struct vgic_vcpu *v)
{
    struct vgic *vgic = v->vgic;
    struct vgic_set left = {0};
    moved_take(v, &left);
    spinlock_unlock(&v->lock);
    while (left.words != 0U) {
        uint32_t intid = vgic_set_first(&left);
        vgic_set_remove(&left, intid);
        irq_move(vgic, intid, &left);
    }
}

void vgic_route_end_sent(struct vgic_vcpu *v, struct vgic_irq *irq, uint32_t intid)
{
    bool kick = irq_place(v, irq, intid);
    vgic_route_unlock(v);
    if (kick) {
        vcpu_kick(v->vcpu, VCPU_WORK_IRQ);
    }
}

void vgic_route_end(struct vgic_vcpu *v, struct vgic_irq *irq, uint32_t intid)
{
    if (intid < VGIC_PRIVATE && !v->here) {
        __atomic_store_n(&v->fast[intid], 0, __ATOMIC_RELAXED);
    }
    vgic_route_end_sent(v, irq, intid);
}

void vgic_route_clear_pending(struct vgic_vcpu *v, struct vgic_irq *irq)
{
    vgic_irq_clear_pending(irq);
    if (irq->lr != VGIC_NONE && !v->here) {
        irq->state |= VIRQ_UNPEND;
    }
}

void vgic_route_set_active(struct vgic_vcpu *v, struct vgic_irq *irq, uint32_t intid, bool active)
{
    if (v->here) {
        vgic_lr_set_active(v, intid, active);
    } else if (irq->lr != VGIC_NONE) {
        irq->state &= (uint16_t) ~(VIRQ_ACTIVATE | VIRQ_DEACTIVATE);
        irq->state |= active ? VIRQ_ACTIVATE : VIRQ_DEACTIVATE;
    } else {
        irq->state &= (uint16_t) ~(VIRQ_ACTIVE | (irq_held(v, intid) && !active ? VIRQ_LINE : 0U));
        irq->state |= active ? VIRQ_ACTIVE : 0U;
    }
}

void vgic_route_sample(struct vgic_vcpu *v, struct vgic_irq *irq, uint32_t intid)
{
    if (irq_held(v, intid) && irq->lr == VGIC_NONE && (irq->state & VIRQ_ACTIVE) == 0U) {
        irq->state &= (uint16_t)~VIRQ_LINE; /* with its line low it is released by the vCPU's CPU */
    }
}

void vgic_route_choose(struct vgic_vcpu *v, struct vgic_irq *irq)
{
    const struct vgic *vgic = v->vgic;
    if ((irq->state & VIRQ_ANY_TARGET) == 0U) {
        return;
    }
    for (uint32_t i = 0; i < vgic->vcpu_count; i++) {
        if (__atomic_load_n(&vgic->vcpu[i]->vcpu->power, __ATOMIC_RELAXED) == VCPU_ON) {
            irq->target = (uint8_t)i;
            return;
        }
    }
    irq->target = 0;
}

/* Every interrupt that v owns and that is in no list register: waiting or not. */
static void vcpu_resettle(struct vgic_vcpu *v)
{
    struct vgic *vgic = v->vgic;
    for (uint32_t intid = 0; intid < VGIC_INTIDS; intid++) {
        struct vgic_irq *irq = vgic_irq_find(vgic, v, intid);
        if (irq->owner == v->index && irq->lr == VGIC_NONE) {
            (void)vgic_lr_settle(v, irq, intid);
        }
    }
}

void vgic_route_all(struct vgic *vgic)
{
    for (uint32_t i = 0; i < vgic->vcpu_count; i++) {
        struct vgic_vcpu *v = vgic->vcpu[i];
        bool kick = false;
        spinlock_lock(&v->lock);
        vcpu_resettle(v);
        for (uint32_t intid = 0; intid < VGIC_PRIVATE; intid++) {
            __atomic_store_n(&v->fast[intid], 0, __ATOMIC_RELAXED);
        }
        if (vgic_route_here(v)) {
            vgic_lr_flush(v, true);
            kick = !vcpu_runs_here(v->vcpu);
        } else if (v->loaded) {
            v->refold = true;
            kick = irq_mark_stale(v);
        } else {
            kick = v->wait.words != 0U;
        }
        vgic_route_unlock(v);
        if (kick) {
            vcpu_kick(v->vcpu, VCPU_WORK_IRQ);
        }
    }
}

static void refresh_self(struct vgic_vcpu *self)
{
    spinlock_lock(&self->lock);
    __atomic_fetch_and(&self->vgic->stale, ~BIT(self->index), __ATOMIC_RELAXED);
    vgic_lr_flush(self, true);
    vgic_route_unlock(self);
}

/* Asks the vCPUs of `others` to fold; those that left their CPU meanwhile have done so. */
static void refresh_ask(struct vgic *vgic, uint64_t others)
{
    for (; others != 0U; others &= others - 1U) {
        struct vgic_vcpu *v = vgic->vcpu[__builtin_ctzll(others)];
        bool kick;
        spinlock_lock(&v->lock);
        v->refold = v->loaded;
        kick = v->loaded && irq_mark_stale(v);
        spinlock_unlock(&v->lock);
        if (kick) {
            vcpu_kick(v->vcpu, VCPU_WORK_IRQ);
        }
    }
}

bool vgic_route_refresh(struct vgic *vgic, struct vgic_vcpu *self, const struct vgic_irq *irq, uint32_t count)
{
    uint64_t others = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (__atomic_load_n(&irq[i].lr, __ATOMIC_RELAXED) != VGIC_NONE) {
            others |= BIT(__atomic_load_n(&irq[i].owner, __ATOMIC_RELAXED));
        }
    }
    others &= ~BIT(self->index);
    refresh_self(self);
    refresh_ask(vgic, others);
    for (uint32_t spins = 0; spins < REFRESH_SPINS; spins++) {
        uint64_t stale = __atomic_load_n(&vgic->stale, __ATOMIC_ACQUIRE);
        if ((stale & others) == 0U) {
            return true;
        }
        if ((stale & BIT(self->index)) != 0U) {
            refresh_self(self); /* two that wait for each other would wait for the whole bound */
        }
        cpu_wait_yield();
    }
    return false;
}
