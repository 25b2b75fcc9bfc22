/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Interrupts of one CPU: an SGI to itself, the virtual timer. A latency is from the tick at which the timer is due to the one that
 * the vector's first instruction reads, so it comes in steps of the counter's period.
 */
#include "bench.h"

#define ROUNDS 1600UL
#define TIMER_ROUNDS 64U
#define TIMER_US 100U
#define SGI 5U

/* This CPU's affinity as ICC_SGI1R_EL1 wants it (IHI 0069, 12.2.25). */
static uint64_t sgi_to_self(void)
{
    uint64_t mpidr = SYSREG_READ("MPIDR_EL1");
    return (uint64_t)SGI << 24 | (mpidr >> 32 & 0xFFU) << 48 | (mpidr >> 16 & 0xFFU) << 32 |
           (mpidr >> 8 & 0xFFU) << 16 | 1UL << (mpidr & 0xFU);
}

static uint64_t sgi_masked(uint64_t rounds, uint64_t value)
{
    counter_align();
    uint64_t before = counter();
    __asm__ volatile("1: msr ICC_SGI1R_EL1, %1\n\t"
                     "isb\n\t"
                     "subs %0, %0, #1\n\t"
                     "b.ne 1b"
                     : "+r"(rounds)
                     : "r"(value)
                     : "memory", "cc");
    return counter() - before;
}

/* Until each has come, with the loop that looks for it. */
static uint64_t sgi_taken(uint64_t rounds, uint64_t value)
{
    volatile uint64_t *taken = &bench_cpus[0].taken;
    uint64_t seen, before_taken = *taken;
    irq_enable();
    counter_align();
    uint64_t before = counter();
    __asm__ volatile("1: msr ICC_SGI1R_EL1, %2\n\t"
                     "isb\n"
                     "2: ldr %1, [%3]\n\t"
                     "cmp %1, %4\n\t"
                     "b.eq 2b\n\t"
                     "mov %4, %1\n\t"
                     "subs %0, %0, #1\n\t"
                     "b.ne 1b"
                     : "+r"(rounds), "=&r"(seen), "+r"(value), "+r"(taken), "+r"(before_taken)
                     :
                     : "memory", "cc");
    uint64_t ticks = counter() - before;
    irq_disable();
    return ticks;
}

static void measure_sgi(void)
{
    uint64_t value = sgi_to_self();
    gic_enable(SGI);
    (void)sgi_taken(16, value);
    result_add("sgi_self_taken", sgi_taken(ROUNDS, value), ROUNDS);
    (void)sgi_masked(16, value);
    result_add("sgi_self_write", sgi_masked(ROUNDS, value), ROUNDS);
    irq_enable();
    barrier_isb();
    irq_disable();
    gic_disable(SGI);
}

void timer_arm(uint64_t due)
{
    SYSREG_WRITE("CNTV_CVAL_EL0", due);
    SYSREG_WRITE("CNTV_CTL_EL0", 1);
    barrier_isb();
}

uint64_t timer_latency(uint32_t rounds, uint64_t microseconds, bool sleeping)
{
    struct bench_cpu *self = &bench_cpus[0];
    uint64_t sum = 0;
    for (uint32_t i = 0; i < rounds; i++) {
        uint64_t due = counter() + counter_of_us(microseconds);
        uint64_t taken = self->taken;
        timer_arm(due);
        irq_enable();
        while (self->taken == taken) {
            if (sleeping) {
                __asm__ volatile("wfi" ::: "memory");
            } else {
                __asm__ volatile("yield" ::: "memory");
            }
        }
        irq_disable();
        sum += self->time - due;
    }
    return sum;
}

void irqs_measure(void)
{
    measure_sgi();
    gic_enable(TIMER_VIRTUAL_INTID);
    (void)timer_latency(4, TIMER_US, false);
    result_add("timer_spinning", timer_latency(TIMER_ROUNDS, TIMER_US, false), TIMER_ROUNDS);
    (void)timer_latency(4, TIMER_US, true);
    result_add("timer_wfi", timer_latency(TIMER_ROUNDS, TIMER_US, true), TIMER_ROUNDS);
    gic_disable(TIMER_VIRTUAL_INTID);
}
