/* SPDX-License-Identifier: Apache-2.0 */
/* Scheduling policy: weighted fair sharing by virtual run time. Pure, no state. */
#include "sched/sched_policy.h"

uint64_t sched_charge(uint64_t ticks, uint32_t weight)
{
    uint32_t divisor = weight != 0U ? weight : 1U;
    return ticks * SCHED_WEIGHT_DEFAULT / divisor;
}

uint64_t sched_wake_vruntime(uint64_t own, uint64_t queue_minimum, uint64_t slice)
{
    uint64_t oldest = queue_minimum > slice ? queue_minimum - slice : 0U;
    return own > oldest ? own : oldest;
}

bool sched_preempts(uint64_t woken, uint64_t running, uint64_t granularity)
{
    return woken < running && running - woken > granularity;
}
