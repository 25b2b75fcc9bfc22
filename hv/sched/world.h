/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Worlds: what runs on a CPU at EL2. A vCPU is one, a thread of the hypervisor is one, each CPU's idle loop is one.
 * Each has its own EL2 stack: guard page below, aligned to twice its size (arch/aarch64/vectors.S tests one bit).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arch/aarch64/offsets.h"
#include "arch/frame.h"
#include "lib/status.h"
#include "mem/page_alloc.h"

#define WORLD_STACK_SIZE 16384ULL

/* PARKED: blocked, and a wake-up does not change that (sched_park). */
enum world_state { WORLD_NEW, WORLD_READY, WORLD_RUNNING, WORLD_BLOCKED, WORLD_PARKED, WORLD_DEAD };

struct world;

/* What makes one kind of world different. NULL members are allowed. */
struct world_ops {
    /* This CPU now runs the world / has left it for another one. Interrupts masked, no lock held. */
    void (*load)(struct world *world);
    void (*put)(struct world *world);
    /* The CPU the world runs on wants it to give way or look at its work: called on the CPU that runs it, in interrupt context. */
    void (*preempt)(struct world *world);
};

struct world {
    uint32_t work; /* of a vCPU, atomic: what it has to do before it enters the guest; vectors.S knows the place */
    uint32_t reserved;
    uint64_t saved_sp; /* while not running: x19..x30 lie there */
    const struct world_ops *ops;
    const char *name;
    owner_t owner;  /* of its stack */
    uint64_t stack; /* lowest address of the stack itself */
    enum world_state state;
    uint32_t cpu;      /* where it runs, or ran last */
    bool wake_pending; /* a wake-up came while it was on its way to sleep */
    bool on_cpu;       /* its registers are in a CPU: no other CPU may load it yet */
    struct world *queue_next;
    uint64_t vruntime;    /* weighted run time, counter ticks */
    uint64_t started;     /* count at which it began to run, or, READY, to wait */
    uint32_t weight;      /* 1 to 10000 */
    uint64_t affinity[2]; /* one bit per CPU */
    uint64_t run_ticks;
    uint64_t ready_ticks; /* waiting for its CPU */
    uint64_t switches;
};

_Static_assert(offsetof(struct world, work) == 0, "vectors.S");

/* Makes a world's EL2 stack; *stack is its lowest address, guarded below. Never given back while CPUs run on it. */
enum status world_stack_create(owner_t owner, uint64_t *stack);
void world_stack_destroy(owner_t owner, uint64_t stack);

/*
 * A thread of the hypervisor: function(argument) on a stack of its own, blocked until world_wake. It never returns.
 */
enum status world_create_thread(struct world *world, const char *name, void (*function)(void *), void *argument);
/* A vCPU's world: first switched to, it runs vcpu_work() and then enters the guest with *frame at the top of its stack. */
enum status world_create_vcpu(struct world *world, owner_t owner, const char *name, const struct world_ops *ops,
                              struct trap_frame **frame);
/* Blocked and on no CPU: its stack is given back. */
void world_destroy(struct world *world);
