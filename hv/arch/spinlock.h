/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ticket locks with ranks. A CPU takes locks in rising rank only; host builds and debug builds (make DEBUG=1) assert that, so that a wrong
 * order shows on the first run and not as a deadlock of the hundredth. EL2 C code runs with interrupts masked, so a lock needs no
 * mask of its own. The ticket needs atomicity only; the acquire is on the load of owner that ends the spin, the release on the store
 * that passes the lock on (DDI 0487, B2.3.11 load-acquire, store-release). In line: a lock that is free is most of what an exit pays.
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
    LOCK_RANK_VM_LOG,    /* vm/: one VM's share of the log */
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

#if defined(ASHLAR_HOST) || defined(ASHLAR_DEBUG)
/* Asserts the order and notes the rank as held by this CPU / as held no more. */
void lock_rank_take(uint16_t rank);
void lock_rank_leave(uint16_t rank);
/* Of this CPU: no lock at all is held. */
bool spinlock_none_held(void);
#else
static inline void lock_rank_take(uint16_t rank)
{
    (void)rank;
}
static inline void lock_rank_leave(uint16_t rank)
{
    (void)rank;
}
#endif

/* Until owner is the ticket. */
void spinlock_wait(const struct spinlock *lock, uint16_t ticket);

static inline void spinlock_lock(struct spinlock *lock)
{
    lock_rank_take(lock->rank);
    uint16_t ticket = __atomic_fetch_add(&lock->next, 1, __ATOMIC_RELAXED);
    if (__builtin_expect(__atomic_load_n(&lock->owner, __ATOMIC_ACQUIRE) != ticket, 0)) {
        spinlock_wait(lock, ticket);
    }
}

static inline void spinlock_unlock(struct spinlock *lock)
{
    lock_rank_leave(lock->rank);
    /* Only the holder writes owner. */
    uint16_t next = (uint16_t)(__atomic_load_n(&lock->owner, __ATOMIC_RELAXED) + 1U);
    __atomic_store_n(&lock->owner, next, __ATOMIC_RELEASE);
}
