/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What arch/ and mem/ need to know of the CPU that executes. On the target cpu/prda.c provides it from the CPU's own area, on the
 * build machine arch/host/host_sysreg.c from the fake CPU that the thread stands for.
 */
#pragma once

#include <stdint.h>

/* Number of the executing CPU, from 0; the same numbers as stage1_cpu_root's. */
unsigned cpu_local_index(void);
/* Bit n: this CPU holds a lock of rank n (arch/spinlock.h). */
uint64_t *cpu_local_held_ranks(void);
