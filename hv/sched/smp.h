/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bringing up the machine's CPUs: one after another by the firmware's PSCI CPU_ON, each bounded; one that does not arrive is named and left out.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "arch/aarch64/offsets.h"
#include "cpu/prda.h"
#include "lib/status.h"
#include "platform/platform.h"

/* What a CPU finds in x0, read with the MMU off: in memory of its own, cleaned to the point of coherency. */
struct cpu_start {
    uint64_t ttbr, tcr;
    uint64_t mair, sctlr;
    uint64_t sp, prda;
};

_Static_assert(offsetof(struct cpu_start, ttbr) == CPU_START_TTBR, "offsets.h");
_Static_assert(offsetof(struct cpu_start, mair) == CPU_START_MAIR, "offsets.h");
_Static_assert(offsetof(struct cpu_start, sp) == CPU_START_SP, "offsets.h");

/*
 * Boot CPU: starts the others, which report their features and wait. Returns the number of CPUs that run, this one included.
 */
unsigned smp_start(const struct platform *platform);
/* The others go on: each calls ready, which does not return. */
void smp_release(void (*ready)(void));

/* Writes every EL2 register that this CPU has and that firmware may have left in any state. Each CPU, first thing. */
void cpu_registers_init(void);

/* Stops all other CPUs for good (panic, power-off): they spin with interrupts masked. */
void smp_stop_others(void);
enum status smp_init_stop(void);
