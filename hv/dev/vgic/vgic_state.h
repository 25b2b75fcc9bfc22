/* SPDX-License-Identifier: Apache-2.0 */
/*
 * State of one interrupt, of one vCPU's interface and of one distributor, and the pure transitions on it (IHI 0069, 4.1.2).
 * Private to dev/vgic. Nothing here touches hardware or another vCPU.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "arch/spinlock.h"
#include "ashlar/config.h"
#include "dev/vgic/vgic.h"
#include "lib/bits.h"
#include "vm/vcpu.h"

#define VGIC_SPIS (VGIC_INTIDS - VGIC_PRIVATE)
#define VGIC_SET_WORDS ((VGIC_INTIDS + 63U) / 64U)
#define VGIC_LR_MAX 16U
#define VGIC_NONE 0xffU         /* of vgic_irq.lr and vgic_irq.target */
#define VGIC_PRIORITY_MASK 0xf8 /* five bits, what every virtual CPU interface has (ICH_VTR_EL2.PRIbits >= 4) */

/* vgic_irq.state */
#define VIRQ_ENABLED 0x001U
#define VIRQ_GROUP1 0x002U
#define VIRQ_EDGE 0x004U
#define VIRQ_LINE 0x008U  /* level of the input line */
#define VIRQ_LATCH 0x010U /* pending by an edge, an SGI or GICx_ISPENDR, not yet given to a list register */
#define VIRQ_LR_LATCH                                                                                                  \
    0x020U /* such a pending state was given to the list register and, as far as known, not acknowledged */
#define VIRQ_ACTIVE 0x040U     /* as far as known, when in a list register */
#define VIRQ_ACTIVATE 0x080U   /* asked for while in a list register of another CPU */
#define VIRQ_DEACTIVATE 0x100U /* likewise */
#define VIRQ_ANY_TARGET 0x200U /* GICD_IROUTER.Interrupt_Routing_Mode */
#define VIRQ_UNPEND 0x400U     /* GICx_ICPENDR, written while in a list register of another CPU */

struct vgic_irq {
    uint16_t state;
    uint16_t pintid; /* the physical PPI behind it, while its bit in vgic_vcpu.held is set */
    uint8_t priority;
    uint8_t lr;     /* list register of the owner, or VGIC_NONE */
    uint8_t owner;  /* vCPU whose lock guards all this; changed only with that lock held */
    uint8_t target; /* vCPU that its routing names, or VGIC_NONE */
};

/* A set of INTIDs; bit n of words is set while word[n] is not 0. */
struct vgic_set {
    uint64_t word[VGIC_SET_WORDS];
    uint32_t words;
};

struct vgic_vcpu {
    struct spinlock lock;
    struct vcpu *vcpu;
    struct vgic *vgic;
    uint32_t index;
    bool loaded;      /* its list registers are those of the CPU that runs it */
    bool asleep;      /* GICR_WAKER.ProcessorSleep */
    bool here;        /* while locked by vgic_route_begin: the vCPU is loaded on the CPU that locked it */
    bool refold;      /* another CPU wants every list register read */
    bool overflow;    /* more interrupts want a list register than there are */
    uint32_t lr_used; /* list registers that lr_intid speaks about; the guest may have emptied them since */
    uint32_t held;    /* PPIs whose physical interrupt is kept active on this CPU */
    uint16_t lr_intid[VGIC_LR_MAX];
    struct vgic_set wait;  /* interrupts that want a list register and have none */
    struct vgic_set moved; /* interrupts that are to go to another owner when the lock is released */
    struct vgic_set dirty; /* interrupts in list registers that another CPU changed */
    struct vgic_irq irq[VGIC_PRIVATE];
    /*
     * For private interrupts in a list register: what it holds when the interrupt becomes pending anew, so that a self-sent SGI or a
     * physical timer interrupt needs no lock; 0 when it has to take the long way. Set on the vCPU's CPU, cleared on any.
     */
    uint64_t fast[VGIC_PRIVATE];
    uint64_t sgi_self; /* ICC_SGI1R_EL1 but for the INTID: to this vCPU alone */
    uint64_t hcr;      /* ICH_HCR_EL2 as last written */
    uint64_t vmcr;     /* this and the next two: valid while not loaded */
    uint64_t ap0r[4];
    uint64_t ap1r[4];
};

struct vgic {
    struct spinlock lock; /* writers of ctlr */
    uint32_t ctlr;        /* GICD_CTLR.EnableGrp0 and EnableGrp1 only */
    uint32_t vcpu_count;
    uint64_t
        stale; /* one bit per vCPU: list registers on its CPU are behind the state; set and cleared with its lock, atomic */
    struct vgic_vcpu *vcpu[CONFIG_MAX_VCPUS];
    struct vgic_irq spi[VGIC_SPIS];
    uint64_t irouter[VGIC_SPIS]; /* under the owner's lock */
};

static inline struct vgic_vcpu *vgic_vcpu_of(const struct vcpu *vcpu)
{
    return vcpu->device[DEVICE_VGIC];
}

static inline void vgic_set_add(struct vgic_set *set, uint32_t intid)
{
    set->word[intid / 64U] |= BIT(intid % 64U);
    set->words |= 1U << (intid / 64U);
}

static inline void vgic_set_remove(struct vgic_set *set, uint32_t intid)
{
    set->word[intid / 64U] &= ~BIT(intid % 64U);
    if (set->word[intid / 64U] == 0U) {
        set->words &= ~(1U << (intid / 64U));
    }
}

/* The lowest member; the set is not empty. */
static inline uint32_t vgic_set_first(const struct vgic_set *set)
{
    uint32_t word = (uint32_t)__builtin_ctz(set->words);
    return word * 64U + (uint32_t)__builtin_ctzll(set->word[word]);
}

/* intid < VGIC_INTIDS; a private one is that of vcpu. */
static inline struct vgic_irq *vgic_irq_find(struct vgic *vgic, struct vgic_vcpu *vcpu, uint32_t intid)
{
    return intid < VGIC_PRIVATE ? &vcpu->irq[intid] : &vgic->spi[intid - VGIC_PRIVATE];
}

/* The same for a vCPU's own view, to look only. */
static inline const struct vgic_irq *vgic_irq_peek(const struct vgic_vcpu *vcpu, uint32_t intid)
{
    return vgic_irq_find(vcpu->vgic, (struct vgic_vcpu *)(uintptr_t)vcpu, intid);
}

/* What GICx_ISPENDR reads. */
static inline bool vgic_irq_pending(const struct vgic_irq *irq)
{
    return (irq->state & (VIRQ_LATCH | VIRQ_LR_LATCH)) != 0U || (irq->state & (VIRQ_EDGE | VIRQ_LINE)) == VIRQ_LINE;
}

/* May be sent to its owner when pending: enabled, its group enabled in the distributor, and the owner is where its routing leads. */
static inline bool vgic_irq_deliverable(const struct vgic_irq *irq, uint32_t ctlr)
{
    uint32_t group = (irq->state & VIRQ_GROUP1) != 0U;
    return (irq->state & VIRQ_ENABLED) != 0U && ((ctlr >> group) & 1U) != 0U && irq->owner == irq->target;
}

/* Has to be in a list register: for the guest to acknowledge it, or to deactivate it. */
static inline bool vgic_irq_wants_lr(const struct vgic_irq *irq, uint32_t ctlr)
{
    return (irq->state & VIRQ_ACTIVE) != 0U || (vgic_irq_pending(irq) && vgic_irq_deliverable(irq, ctlr));
}

/* Its routing leads elsewhere and nothing binds it to its owner any more: an active interrupt stays where it was acknowledged. */
static inline bool vgic_irq_must_move(const struct vgic_irq *irq)
{
    return irq->owner != irq->target && irq->target != VGIC_NONE && irq->lr == VGIC_NONE &&
           (irq->state & VIRQ_ACTIVE) == 0U;
}

/* The line changes to level. True when anything changed that may matter to anybody. */
bool vgic_irq_line(struct vgic_irq *irq, bool level);
/* GICx_ICPENDR: a level-sensitive interrupt stays pending while its line is high. */
void vgic_irq_clear_pending(struct vgic_irq *irq);
/* After power-on. target: vCPU, for private interrupts their own. */
void vgic_irq_reset(struct vgic_irq *irq, uint32_t intid, uint8_t owner);
/*
 * Pending and active state that the guest left in a list register; a pending state no longer there was acknowledged. An edge-triggered
 * interrupt or SGI that is pending there may have become so without a lock (vgic_vcpu.fast).
 */
void vgic_irq_fold(struct vgic_irq *irq, bool pending, bool active);

/* GICD_IROUTER: the vCPU, or VGIC_NONE when no vCPU has the affinity. Interrupt_Routing_Mode is not looked at. */
uint8_t vgic_route_target(uint64_t irouter, uint32_t vcpu_count);
/* ICC_SGI0R, SGI1R and ASGI1R_EL1: one bit per vCPU that the value names. */
uint64_t vgic_sgi_targets(uint64_t value, uint32_t self, uint32_t vcpu_count);
