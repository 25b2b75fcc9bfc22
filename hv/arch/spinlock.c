/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ticket locks with ranks, for both targets. State: the lock itself, and the ranks that each CPU holds (arch/cpu_local.h).
 * The ticket needs atomicity only; the acquire is on the load of owner that ends the spin, the release on the store that
 * passes the lock on (DDI 0487, B2.3.11 load-acquire, store-release).
 */
#include "arch/spinlock.h"

#include "arch/cpu_local.h"
#include "arch/cpu_wait.h"
#include "lib/bits.h"
#include "lib/panic.h"

void spinlock_lock(struct spinlock *lock)
{
    uint64_t *held = cpu_local_held_ranks();
    assert(lock->rank != 0 && lock->rank < LOCK_RANKS);
    assert((*held >> lock->rank) == 0); /* this rank and every higher one */
    *held |= BIT(lock->rank);

    uint16_t ticket = __atomic_fetch_add(&lock->next, 1, __ATOMIC_RELAXED);
    while (__atomic_load_n(&lock->owner, __ATOMIC_ACQUIRE) != ticket)
        cpu_wait_yield();
}

void spinlock_unlock(struct spinlock *lock)
{
    uint64_t *held = cpu_local_held_ranks();
    assert((*held & BIT(lock->rank)) != 0);
    /* Only the holder writes owner. */
    uint16_t next = (uint16_t)(__atomic_load_n(&lock->owner, __ATOMIC_RELAXED) + 1U);
    __atomic_store_n(&lock->owner, next, __ATOMIC_RELEASE);
    *held &= ~BIT(lock->rank);
}

bool spinlock_none_held(void)
{
    return *cpu_local_held_ranks() == 0;
}

bool spinlock_may_take(enum lock_rank rank)
{
    return (*cpu_local_held_ranks() >> rank) == 0;
}
