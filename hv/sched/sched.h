/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which world runs on which CPU: a queue per CPU, ordered by weighted run time, tickless. Policy (who is next, how long) is in
 * sched_policy.c, pure; this is the mechanism. EL2 runs with interrupts masked: a world gives way here only.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/status.h"
#include "sched/world.h"

/* Boot CPU, once, before any other function. */
void sched_init(void);
/* On each CPU: makes its idle world, and goes there for good. */
enum status sched_cpu_create(unsigned cpu);
_Noreturn void sched_cpu_start(void);

/* Puts a world on a CPU's queue for the first time, or after world_block: from any context. */
void world_wake(struct world *world);
/* As world_wake; and where the world runs on another CPU, that CPU is interrupted, so that a guest exits to EL2. */
void sched_interrupt(struct world *world);
/* The running world sleeps until world_wake; returns at once if one came since the last call. Callers look at their condition again. */
void sched_block(void);
/* Gives way if somebody else should run now. For threads also the point where interrupts are served. */
void sched_relax(void);
/* Gives way only if the time is used up or a better world waits (after world_ops.preempt). */
void sched_reschedule(void);
/* True while another world waits for this CPU. */
bool sched_contended(void);
/* Its affinity names a CPU that is there. */
bool sched_may_run(const struct world *world);
/*
 * A world that is about to be woken, once between two calls of sched_unplace: gives it the CPU where it will run, of those that its
 * affinity allows the one with the least weight placed on it. One that still is on its way to sleep stays where it is. Nobody else places, parks or
 * unparks it meanwhile; takes LOCK_RANK_SCHED.
 */
void sched_place(struct world *world);
/* The world no longer counts as load of its CPU. */
void sched_unplace(const struct world *world);

struct world *sched_current(void);
/* The world whose EL1 state is in this CPU's registers, or NULL. */
struct world *sched_resident(void);
/* Calls ops->put if this world is resident on the calling CPU. */
void sched_evict(struct world *world);
/* Makes the running world resident again after sched_evict. */
void sched_admit(void);
/*
 * If the world is blocked (or woken, and still waits for its CPU) and resident nowhere, or parked already: from now on no wake-up makes it
 * run, and what belongs to it may be taken apart. False: it is not there yet. The world looks at its condition again after sched_unpark
 * and a wake-up, as after any return of sched_block; one that gave way elsewhere than in sched_block must not be parked.
 */
bool sched_park(struct world *world);
/* Wake-ups work again. Those that came meanwhile are forgotten. */
void sched_unpark(struct world *world);
