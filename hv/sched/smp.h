/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bringing up the machine's CPUs: one after another by their mailboxes, each bounded; one that does not arrive is named and left out.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "arch/aarch64/offsets.h"
#include "ashlar/handoff.h"
#include "cpu/prda.h"
#include "lib/status.h"
#include "platform/platform.h"

/* What a CPU is given, read with the MMU off: in memory of its own, cleaned to the point of coherency. */
struct cpu_start {
    uint64_t ttbr, tcr;
    uint64_t mair, sctlr;
    uint64_t sp, prda;
};

/* Which CPU finds what: searched by MPIDR_EL1 with the MMU off, up to the first row without a start. */
struct cpu_start_row {
    uint64_t mpidr; /* affinity fields */
    uint64_t start; /* physical address of its struct cpu_start */
};
extern struct cpu_start_row cpu_start_rows[PLATFORM_MAX_CPUS + 1U];

_Static_assert(sizeof(struct cpu_start_row) == CPU_START_ROW, "offsets.h");
_Static_assert(offsetof(struct cpu_start, ttbr) == CPU_START_TTBR, "offsets.h");
_Static_assert(offsetof(struct cpu_start, mair) == CPU_START_MAIR, "offsets.h");
_Static_assert(offsetof(struct cpu_start, sp) == CPU_START_SP, "offsets.h");

/*
 * Boot CPU: starts those of the others that the loader parked, which report their features and wait. Returns the number of CPUs that run, this one included.
 */
unsigned smp_start(const struct platform *platform, const struct handoff *handoff);
/* The others go on: each calls ready, which does not return. */
void smp_release(void (*ready)(void));

/* Writes every EL2 register that this CPU has and that firmware may have left in any state. Each CPU, first thing. */
void cpu_registers_init(void);

/* Stops all other CPUs for good (panic, power-off): they spin with interrupts masked. */
void smp_stop_others(void);
enum status smp_init_stop(void);
