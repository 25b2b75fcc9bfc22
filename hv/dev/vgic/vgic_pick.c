/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which interrupts get the list registers when there are more than registers. Pure; called by vgic_lr.c with the vCPU's lock held.
 * IHI 0069: 4.8 priorities, 6.2.1 usage model for the list registers.
 */
#include "dev/vgic/vgic_pick.h"

#define CLASS_BEST 0U /* PICK_PENDING, and first of all */
#define KEY_CLASS_SHIFT 24

static uint32_t pick_key(const struct vgic_irq *irq, uint32_t intid, uint64_t vmcr)
{
    uint32_t group1 = (irq->state & VIRQ_GROUP1) != 0U;
    uint32_t class = PICK_PENDING;
    if ((irq->state & VIRQ_ACTIVE) != 0U) {
        class = PICK_ACTIVE;
    } else if (((vmcr >> group1) & 1U) == 0U) {
        class = PICK_MASKED;
    }
    return (class << KEY_CLASS_SHIFT) | ((uint32_t)irq->priority << 16) | intid;
}

static void pick_leave_out(const struct vgic_vcpu *v, struct vgic_picks *picks, uint32_t key)
{
    const struct vgic_irq *irq = vgic_irq_peek(v, PICK_INTID(key));
    uint32_t class = key >> KEY_CLASS_SHIFT;
    picks->left_out[class]++;
    if (class == PICK_MASKED) {
        picks->masked_groups |= (irq->state & VIRQ_GROUP1) != 0U ? 2U : 1U;
    }
}

/* Insertion into the sorted keys; what falls off the end is left out. */
static void pick_insert(const struct vgic_vcpu *v, struct vgic_picks *picks, uint32_t key)
{
    uint32_t at = picks->count;
    if (at == picks->room) {
        if (key > picks->key[at - 1U]) {
            pick_leave_out(v, picks, key);
            return;
        }
        at--;
        pick_leave_out(v, picks, picks->key[at]);
    } else {
        picks->count++;
    }
    for (; at > 0U && picks->key[at - 1U] > key; at--) {
        picks->key[at] = picks->key[at - 1U];
    }
    picks->key[at] = key;
}

uint32_t vgic_pick_best(const struct vgic_vcpu *v, uint64_t vmcr, uint32_t class)
{
    uint32_t best = UINT32_MAX;
    for (uint32_t w = 0; w < VGIC_SET_WORDS; w++) {
        for (uint64_t left = v->wait.word[w]; left != 0U; left &= left - 1U) {
            uint32_t intid = w * 64U + (uint32_t)__builtin_ctzll(left);
            uint32_t key = pick_key(vgic_irq_peek(v, intid), intid, vmcr);
            if (key >> KEY_CLASS_SHIFT == class && key < best) {
                best = key;
            }
        }
    }
    return best;
}

void vgic_pick(const struct vgic_vcpu *v, uint64_t vmcr, uint32_t room, struct vgic_picks *picks)
{
    uint32_t best = vgic_pick_best(v, vmcr, PICK_PENDING);
    *picks = (struct vgic_picks){.room = room};
    for (uint32_t w = 0; w < VGIC_SET_WORDS; w++) {
        for (uint64_t left = v->wait.word[w]; left != 0U; left &= left - 1U) {
            uint32_t intid = w * 64U + (uint32_t)__builtin_ctzll(left);
            uint32_t key = pick_key(vgic_irq_peek(v, intid), intid, vmcr);
            pick_insert(v, picks, key == best ? key & ~(PICK_PENDING << KEY_CLASS_SHIFT) : key);
        }
    }
}
