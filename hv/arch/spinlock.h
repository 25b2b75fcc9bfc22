/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ticket locks with ranks. A CPU takes locks in rising rank only; that is asserted, so that a wrong order shows on the
 * first run and not as a deadlock of the hundredth. EL2 C code runs with interrupts masked, so a lock needs no mask of its own.
 * Acquire by load-acquire of the owner, release by store-release (DDI 0487, B2.3.11).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* The order of locks, first taken first. */
enum lock_rank {
    LOCK_RANK_VM = 1,    /* vm/: life and death of one VM */
    LOCK_RANK_DEVICE,    /* dev/: one emulated device */
    LOCK_RANK_STAGE2,    /* mem/: one VM's stage 2 tables */
    LOCK_RANK_VGIC,      /* dev/vgic: one distributor */
    LOCK_RANK_VGIC_VCPU, /* dev/vgic: one vCPU's interrupts */
    LOCK_RANK_TIMER,     /* cpu/: one CPU's timer queue */
    LOCK_RANK_SCHED,     /* sched/: one CPU's run queue */
    LOCK_RANK_VMID,      /* mem/: VMID generations */
    LOCK_RANK_STAGE1,    /* mem/: EL2's own tables */
    LOCK_RANK_PAGES,     /* mem/: page allocator */
    LOCK_RANK_RANDOM,    /* lib/: the random generator */
    LOCK_RANK_CONSOLE,   /* vm/console: rings and attachment */
    LOCK_RANK_LOG,       /* lib/: the log */
    LOCK_RANK_UART,      /* platform/: console hardware */
    LOCK_RANKS,
};

struct spinlock {
    uint16_t next;  /* next ticket to hand out */
    uint16_t owner; /* ticket now served */
    uint16_t rank;
    uint16_t reserved;
};

#define SPINLOCK_INIT(lock_rank)                                                                                       \
    {                                                                                                                  \
        0, 0, (lock_rank), 0                                                                                           \
    }

static inline void spinlock_init(struct spinlock *lock, enum lock_rank rank)
{
    *lock = (struct spinlock)SPINLOCK_INIT((uint16_t)rank);
}

void spinlock_lock(struct spinlock *lock);
void spinlock_unlock(struct spinlock *lock);
/* Of this CPU: no lock at all is held. */
bool spinlock_none_held(void);
/* Of this CPU: neither a lock of this rank nor one of a higher is held. */
bool spinlock_may_take(enum lock_rank rank);
