/* SPDX-License-Identifier: Apache-2.0 */
/* Scheduling policy, pure: times are counter ticks. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define SCHED_WEIGHT_DEFAULT 100U
#define SCHED_SLICE_NS 10000000ULL
#define SCHED_WAKE_NS 1000000ULL

/* What ticks of running add to a world's virtual run time: twice the weight, half the charge. */
uint64_t sched_charge(uint64_t ticks, uint32_t weight);
/* The virtual run time of a world that wakes: what it had, but no older than the queue's, less one slice of credit. */
uint64_t sched_wake_vruntime(uint64_t own, uint64_t queue_minimum, uint64_t slice);
/* True when a woken world should have the CPU at once. */
bool sched_preempts(uint64_t woken, uint64_t running, uint64_t granularity);
