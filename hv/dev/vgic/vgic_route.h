/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who gets an interrupt: from a change of its state to a list register, a waiting set, a kick or a new owner. Private to dev/vgic.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "dev/vgic/vgic_state.h"

/*
 * A change of one interrupt: begin locks its owner, brings its state up to date if its list register is on this CPU, and returns the
 * owner; the caller changes the state; end gives it where it belongs, unlocks and kicks. end_sent: no more than its pending latch was set.
 */
struct vgic_vcpu *vgic_route_begin(struct vgic *vgic, struct vgic_irq *irq);
void vgic_route_end(struct vgic_vcpu *v, struct vgic_irq *irq, uint32_t intid);
void vgic_route_end_sent(struct vgic_vcpu *v, struct vgic_irq *irq, uint32_t intid);

/* Unlocks, then moves to other owners the interrupts that have to go. */
void vgic_route_unlock_moved(struct vgic_vcpu *v);
static inline void vgic_route_unlock(struct vgic_vcpu *v)
{
    if (__builtin_expect(v->moved.words == 0U, 1)) {
        spinlock_unlock(&v->lock);
    } else {
        vgic_route_unlock_moved(v);
    }
}

/* With the owner locked: the active state as GICx_ISACTIVER and ICACTIVER write it. */
void vgic_route_set_active(struct vgic_vcpu *v, struct vgic_irq *irq, uint32_t intid, bool active);
/* With the owner locked: GICx_ICPENDR. */
void vgic_route_clear_pending(struct vgic_vcpu *v, struct vgic_irq *irq);
/*
 * With the owner locked: a PPI that becomes enabled, and whose physical interrupt was taken while it was disabled, or which was withdrawn by
 * disabling it, may have lost its cause since: pending only while its line is high (IHI 0069, 4.1.1). Deactivated, it comes again
 * if it has not.
 */
void vgic_route_sample(struct vgic_vcpu *v, struct vgic_irq *irq, uint32_t intid);
/* With the owner locked: an interrupt that any vCPU may take gets a target, when it is about to become pending. */
void vgic_route_choose(struct vgic_vcpu *v, struct vgic_irq *irq);

/* True when the vCPU is loaded on this CPU. Its lock is held. */
bool vgic_route_here(const struct vgic_vcpu *v);

/* GICD_CTLR's group enables changed: every interrupt is looked at again. struct vgic's lock is held. */
void vgic_route_all(struct vgic *vgic);

/*
 * Before pending or active states are read: `count` interrupts from irq are brought up to date as far as list registers hold them.
 * Those on this CPU are read; other CPUs are kicked, and waited for. The wait is bounded, since a CPU may be in EL2 for long: the
 * guest then reads the state as last known, for an interrupt in a list register: active, the answer that makes it ask again.
 * Returns true when all is up to date. self: the vCPU that reads, loaded here.
 */
bool vgic_route_refresh(struct vgic *vgic, struct vgic_vcpu *self, const struct vgic_irq *irq, uint32_t count);
