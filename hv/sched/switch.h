/* SPDX-License-Identifier: Apache-2.0 */
/* The assembly of a world switch (arch/aarch64/vectors.S): for sched/ alone. */
#pragma once

#include <stdint.h>

void world_switch_stacks(uint64_t *save, uint64_t load);
void world_start(void);
void vcpu_start(void);
/* Called on the new world's stack, first thing. */
void sched_switched(void);
_Noreturn void cpu_run_on_stack(uint64_t sp, void (*function)(void));
