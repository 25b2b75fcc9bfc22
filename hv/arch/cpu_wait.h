/* SPDX-License-Identifier: Apache-2.0 */
/* Waiting and hints. Every spin has a YIELD: it also lets an emulator that runs CPUs in turn go on. */
#pragma once

#ifdef ASHLAR_HOST
void cpu_wait_yield(void);
void cpu_wait_interrupt(void);
void cpu_wait_send_event(void);
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
/* DSB first: what was written is seen by whoever wakes (DDI 0487, D1.6.1). */
static inline void cpu_wait_send_event(void)
{
    __asm__ volatile("dsb sy\n\tsev" ::: "memory");
}
#endif
