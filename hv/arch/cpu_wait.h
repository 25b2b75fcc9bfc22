/* SPDX-License-Identifier: Apache-2.0 */
/* Waiting and hints. Every spin has a YIELD: it also lets an emulator that runs CPUs in turn go on. */
#pragma once

#ifdef ASHLAR_HOST
void cpu_wait_yield(void);
void cpu_wait_interrupt(void);
#else
static inline void cpu_wait_yield(void)
{
    __asm__ volatile("yield" ::: "memory");
}
/* DSB first: earlier stores are visible before this CPU sleeps. Wakes for an interrupt masked by PSTATE, too. */
static inline void cpu_wait_interrupt(void)
{
    __asm__ volatile("dsb sy\n\twfi" ::: "memory");
}
#endif
