/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The order in which a CPU takes its locks, asserted in host and debug builds. State: the ranks that each CPU holds (arch/cpu_local.h).
 */
#include "arch/cpu_local.h"
#include "arch/spinlock.h"
#include "lib/bits.h"
#include "lib/panic.h"

#if defined(ASHLAR_HOST) || defined(ASHLAR_DEBUG)
void lock_rank_take(uint16_t rank)
{
    uint64_t *held = cpu_local_held_ranks();
    assert(rank != 0 && rank < LOCK_RANKS);
    assert((*held >> rank) == 0); /* this rank and every higher one */
    *held |= BIT(rank);
}

void lock_rank_leave(uint16_t rank)
{
    uint64_t *held = cpu_local_held_ranks();
    assert((*held & BIT(rank)) != 0);
    *held &= ~BIT(rank);
}

bool spinlock_none_held(void)
{
    return *cpu_local_held_ranks() == 0;
}
#endif
