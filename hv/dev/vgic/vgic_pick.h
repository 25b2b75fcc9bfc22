/* SPDX-License-Identifier: Apache-2.0 */
/*
 * More interrupts than list registers. Each candidate has a key, lowest first: class, priority, INTID. The best pending one must be in
 * a list register, since the guest may acknowledge it next; then those active, the highest priority first, as a guest deactivates
 * them in that order; then the other pending ones; last those of a group that the guest's CPU interface does not take now.
 */
#pragma once

#include <stdint.h>

#include "dev/vgic/vgic_state.h"

/* Classes. */
#define PICK_ACTIVE 1U
#define PICK_PENDING 2U
#define PICK_MASKED 3U

#define PICK_INTID(key) ((key)&0xffffU)

struct vgic_picks {
    uint32_t room;                      /* list registers */
    uint32_t count;                     /* keys: at most room */
    uint32_t left_out[PICK_MASKED + 1]; /* how many of each class got no list register */
    uint32_t masked_groups;             /* groups that PICK_MASKED ones left out are of: bit 0, bit 1 */
    uint32_t key[VGIC_LR_MAX];          /* the best first */
};

/* The best of v's waiting interrupts. vmcr: ICH_VMCR_EL2. room: 1 to VGIC_LR_MAX. */
void vgic_pick(const struct vgic_vcpu *v, uint64_t vmcr, uint32_t room, struct vgic_picks *picks);
/* The lowest key of a class among the waiting interrupts, or UINT32_MAX. */
uint32_t vgic_pick_best(const struct vgic_vcpu *v, uint64_t vmcr, uint32_t class);
