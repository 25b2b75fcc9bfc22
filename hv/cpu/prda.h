/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The per-CPU private data area (mechanism 4, embodiment A): each CPU has its own physical pages, one constant virtual address leads to
 * those of the CPU that executes, and TPIDR_EL2 holds their physical address. Never keep a pointer into it across a point where the world may
 * move to another CPU; another CPU's area is prda_of(cpu), explicitly.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arch/aarch64/offsets.h"
#include "mem/stage1.h"
#include "platform/platform.h"

struct world;
struct timer;

/* Of a CPU that was started: what has become of it (sched/smp.c). */
enum prda_arrival { PRDA_AWAITED, PRDA_ARRIVED, PRDA_LEFT_OUT };

struct prda {
    uint64_t emergency_sp; /* top of the stack for a stack overflow; vectors.S knows the place */
    uint64_t
        mitigation; /* what the vectors of this CPU need: rounds of the loop, or the function to call (cpu/mitigations.c) */
    uint64_t self;       /* physical address of this area */
    uint64_t held_ranks; /* one bit per lock rank held (arch/spinlock) */
    uint32_t cpu;        /* 0 is the boot CPU */
    bool online;
    uint8_t arrival;        /* enum prda_arrival, decided once */
    bool need_resched;      /* the world that runs here is to give way at its next opportunity */
    struct world *current;  /* the world that runs */
    struct world *idle;     /* this CPU's idle world */
    struct world *resident; /* the vCPU whose EL1 state is in this CPU's registers, or NULL */
    volatile uint8_t *gicr; /* RD_base of this CPU's redistributor, mapped */
    uint64_t mpidr;         /* affinity fields */
    struct timer *timers;   /* armed, earliest first */
    struct timer *firing;   /* the timer whose fire runs here, or is about to */
    uint64_t hcr_guest;     /* HCR_EL2 for guests on this CPU, without what changes per vCPU */
    uint64_t irqs;          /* physical interrupts taken */
    uint64_t idle_ticks;    /* time in WFI */
};

_Static_assert(offsetof(struct prda, emergency_sp) == PRDA_EMERGENCY_SP, "offsets.h");
_Static_assert(offsetof(struct prda, mitigation) == PRDA_MITIGATION, "offsets.h");
_Static_assert(sizeof(struct prda) <= PAGE_SIZE, "one page");

#ifdef ASHLAR_HOST
struct prda *host_prda(void);
/* After host_reset: only the boot CPU has an area. */
void host_prda_reset(void);
#define PRDA (host_prda())
#else
#define PRDA ((struct prda *)STAGE1_PRDA_BASE)
#endif

/* The boot CPU's area, in the image: there before any allocator. */
extern struct prda cpu_boot_prda;

unsigned prda_count(void); /* CPUs that have an area: 0 to count - 1 */
/* Private to prda_of. */
extern struct prda *prda_areas[PLATFORM_MAX_CPUS];
/* cpu < prda_count(). */
static inline struct prda *prda_of(unsigned cpu)
{
    return prda_areas[cpu];
}
/* Takes and clears one more area. */
enum status prda_create(unsigned cpu, struct prda **out);
