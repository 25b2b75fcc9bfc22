/* SPDX-License-Identifier: Apache-2.0 */
/* The waiting of a ticket lock, for both targets. No state. */
#include "arch/spinlock.h"

#include "arch/cpu_wait.h"

void spinlock_wait(const struct spinlock *lock, uint16_t ticket)
{
    while (__atomic_load_n(&lock->owner, __ATOMIC_ACQUIRE) != ticket) {
        cpu_wait_yield();
    }
}
