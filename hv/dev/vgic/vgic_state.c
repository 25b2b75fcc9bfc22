/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pure transitions of one interrupt's state and the decoding of routing values. Owns nothing; the caller holds the lock of the
 * interrupt's owner. Called from dev/vgic. IHI 0069: 4.1.2 states, 4.5 SGIs and 12.2.21 ICC_SGI1R_EL1, 12.9.22 GICD_IROUTER.
 */
#include "dev/vgic/vgic_state.h"

/* Affinity of a vCPU of the board: Aff0 = index % 16, Aff1 = index / 16, Aff2 and Aff3 are 0. */
#define AFF1_CPUS 16U

bool vgic_irq_line(struct vgic_irq *irq, bool level)
{
    bool was = (irq->state & VIRQ_LINE) != 0U;
    if (was == level) {
        return false;
    }
    irq->state ^= VIRQ_LINE;
    if ((irq->state & VIRQ_EDGE) == 0U) {
        return true;
    }
    if (level) {
        irq->state |= VIRQ_LATCH;
    }
    return level;
}

void vgic_irq_clear_pending(struct vgic_irq *irq)
{
    irq->state &= (uint16_t) ~(VIRQ_LATCH | VIRQ_LR_LATCH);
}

void vgic_irq_reset(struct vgic_irq *irq, uint32_t intid, uint8_t owner)
{
    bool line = (irq->state & VIRQ_LINE) != 0U;
    *irq = (struct vgic_irq){.lr = VGIC_NONE, .owner = owner, .target = owner};
    irq->state = (uint16_t)((intid < 16U ? VIRQ_EDGE : 0U) | (line ? VIRQ_LINE : 0U));
}

void vgic_irq_fold(struct vgic_irq *irq, bool pending, bool active)
{
    irq->state &= (uint16_t) ~(VIRQ_ACTIVE | (pending ? 0U : VIRQ_LR_LATCH));
    if (active) {
        irq->state |= VIRQ_ACTIVE;
    }
    if (pending && (irq->state & VIRQ_EDGE) != 0U) {
        irq->state |= VIRQ_LR_LATCH;
    }
    if ((irq->state & VIRQ_UNPEND) != 0U) {
        irq->state &= (uint16_t) ~(VIRQ_UNPEND | VIRQ_LR_LATCH);
    }
}

uint8_t vgic_route_target(uint64_t irouter, uint32_t vcpu_count)
{
    uint64_t aff0 = bits_get(irouter, 7, 0);
    uint64_t index = bits_get(irouter, 15, 8) * AFF1_CPUS + aff0;
    if (bits_get(irouter, 39, 32) != 0U || bits_get(irouter, 23, 16) != 0U || aff0 >= AFF1_CPUS ||
        index >= vcpu_count) {
        return VGIC_NONE;
    }
    return (uint8_t)index;
}

uint64_t vgic_sgi_targets(uint64_t value, uint32_t self, uint32_t vcpu_count)
{
    uint64_t all = ~0ULL >> (64U - vcpu_count);
    if ((value & BIT(40)) != 0U) {
        return all & ~BIT(self);
    }
    /* GICD_TYPER.RSS and A3V are 0: RS other than 0 is ignored as a whole, one of the two choices that the manual leaves. */
    if (bits_get(value, 55, 44) != 0U || bits_get(value, 39, 32) != 0U || bits_get(value, 23, 16) >= 4U) {
        return 0;
    }
    return (bits_get(value, 15, 0) << (bits_get(value, 23, 16) * AFF1_CPUS)) & all;
}
