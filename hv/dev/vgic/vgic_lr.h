/* SPDX-License-Identifier: Apache-2.0 */
/*
 * List registers and the rest of the hardware's virtual CPU interface (IHI 0069, chapter 8.4, 12.4). Private to dev/vgic.
 * Everything with "here" works on this CPU's registers: the vCPU is loaded on it and its lock is held.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "dev/vgic/vgic_state.h"

/* This CPU's interface to a known state; the number of list registers becomes the least of all CPUs. */
void vgic_lr_cpu_init(void);

/* Reads list register k here into its interrupt's state; one that the guest emptied is free afterwards. */
void vgic_lr_fold(struct vgic_vcpu *v, unsigned k);
/* Writes list register k here from its interrupt's state, or frees it when the interrupt needs none any more. */
void vgic_lr_sync(struct vgic_vcpu *v, unsigned k);
/* Gives an interrupt that wants one and has none a list register here, sorting all by priority when there are too many. */
void vgic_lr_add(struct vgic_vcpu *v, uint32_t intid);
/* Brings here together what other CPUs changed, and gives the waiting interrupts list registers; all: reads every list register. */
void vgic_lr_flush(struct vgic_vcpu *v, bool all);

/*
 * Without the lock, here: an SGI, or a PPI whose physical interrupt pintid was taken, becomes pending in the list register that it had
 * last. False: the long way is needed (vgic_vcpu.fast). Another CPU that changes the interrupt meanwhile marks it dirty and kicks,
 * so the list register is put right before the guest runs on. Not while interrupts wait for a list register: this one may have to give way.
 */
bool vgic_lr_fast_sgi(struct vgic_vcpu *v, uint32_t intid);
bool vgic_lr_fast_hw(struct vgic_vcpu *v, uint32_t intid, uint32_t pintid);
/* With the lock held: a PPI that nothing is known of goes straight to a free list register. false: it has to take the long way. */
bool vgic_lr_install_hw(struct vgic_vcpu *v, uint32_t intid, uint32_t pintid);

/* The vCPU comes to this CPU / leaves it: afterwards its whole state is in memory. */
void vgic_lr_load(struct vgic_vcpu *v);
void vgic_lr_put(struct vgic_vcpu *v);
/* ICH_VMCR and active priorities as after a reset, while not loaded. */
void vgic_lr_reset(struct vgic_vcpu *v);

/* Sets the active state of an interrupt that is in no list register, or in one here that was folded. */
void vgic_lr_set_active(struct vgic_vcpu *v, uint32_t intid, bool active);
/* The guest disarmed the source of a PPI, or it is of no use now: its physical interrupt, kept active here, is deactivated. */
void vgic_lr_release(struct vgic_vcpu *v, uint32_t intid);
/* True when a list register here holds a pending interrupt that ICC_PMR_EL1 and the group enables let through. */
bool vgic_lr_signals(struct vgic_vcpu *v);
/* True when a pending interrupt of this group and priority passes ICH_VMCR. */
bool vgic_vmcr_passes(uint64_t vmcr, bool group1, uint8_t priority);

/* After the state of an interrupt without a list register changed: into the set that it belongs to now. True when it wants one. */
bool vgic_lr_settle(struct vgic_vcpu *v, struct vgic_irq *irq, uint32_t intid);
