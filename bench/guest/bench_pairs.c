/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two CPUs: an interrupt from one to the other, and PSCI CPU_ON to the new CPU's first instruction. With -icount both CPUs' instructions
 * count, and a CPU that spins hands over at a YIELD only; so each loop here has one. State: what the second CPU is to do.
 */
#include "bench.h"

#define ROUNDS 64U
#define WARM_UP 4U
#define ON_ROUNDS 16U
#define SGI 6U

enum task { TASK_SPIN, TASK_SLEEP, TASK_OFF };

static volatile enum task task;
static volatile uint32_t ready;

#define WAIT_YIELDING(condition)                                                                                       \
    while (!(condition))                                                                                               \
    __asm__ volatile("yield" ::: "memory")

void pairs_second(void)
{
    SYSREG_WRITE("TPIDR_EL1", &cpus[1]);
    if (task != TASK_OFF) {
        gic_init_cpu();
        gic_enable(SGI);
        irq_enable();
        ready = 1;
        while (task != TASK_OFF) {
            if (task == TASK_SLEEP) {
                __asm__ volatile("wfi" ::: "memory");
            } else {
                __asm__ volatile("yield" ::: "memory");
            }
        }
        irq_disable();
    }
    barrier_dsb();
    ready = 0;
    (void)board_psci(PSCI_CPU_OFF, 0, 0, 0);
}

static int32_t second_on(uint64_t affinity)
{
    return board_psci(PSCI_CPU_ON, affinity, (uint64_t)bench_secondary, (uint64_t)&bench_cpus[1]);
}

static void second_wait_off(uint64_t affinity)
{
    WAIT_YIELDING(board_psci(PSCI_AFFINITY_INFO, affinity, 0, 0) == 1);
}

/* Each of 16 rounds begins at another sixteenth of a tick, 3 instructions further, so that their mean tells fractions. */
static void pair_align(uint32_t round)
{
    uint32_t steps = round % 16U;
    counter_align();
    __asm__ volatile("cbz %w0, 2f\n"
                     "1: nop\n\t"
                     "subs %w0, %w0, #1\n\t"
                     "b.ne 1b\n"
                     "2:"
                     : "+r"(steps)
                     :
                     : "cc");
}

/* To where the second CPU's handler reads the counter. */
static uint64_t interrupt_other(uint64_t affinity, uint32_t rounds)
{
    struct bench_cpu *other = &bench_cpus[1];
    uint64_t value = (uint64_t)SGI << 24 | (affinity >> 8 & 0xFFU) << 16 | 1UL << (affinity & 0xFU);
    uint64_t sum = 0;
    for (uint32_t i = 0; i < rounds; i++) {
        uint64_t taken = other->taken;
        pair_align(i);
        uint64_t before = counter();
        SYSREG_WRITE("ICC_SGI1R_EL1", value);
        barrier_isb();
        WAIT_YIELDING(other->taken != taken);
        sum += other->time - before;
        /* Until the other one is back where it was. */
        for (uint32_t pause = 0; pause < 100U; pause++) {
            __asm__ volatile("yield" ::: "memory");
        }
    }
    return sum;
}

static uint64_t measure_on(uint64_t affinity, uint32_t rounds)
{
    struct bench_cpu *other = &bench_cpus[1];
    uint64_t sum = 0;
    for (uint32_t i = 0; i < rounds; i++) {
        uint64_t taken = other->taken;
        pair_align(i);
        uint64_t before = counter();
        if (second_on(affinity) != 0) {
            bail_out("CPU_ON failed");
        }
        WAIT_YIELDING(other->taken != taken);
        sum += other->time - before;
        second_wait_off(affinity);
    }
    return sum;
}

/* Of three times the whole: QEMU lets the other CPU run every 0.1 s, wherever it is, and that falls into one of them at most. */
static void result_add_median(const char *name, uint64_t affinity,
                              uint64_t (*measure)(uint64_t affinity, uint32_t rounds), uint32_t rounds)
{
    (void)measure(affinity, WARM_UP);
    uint64_t a = measure(affinity, rounds);
    uint64_t b = measure(affinity, rounds);
    uint64_t c = measure(affinity, rounds);
    uint64_t low = a < b ? a : b;
    uint64_t high = a < b ? b : a;
    uint64_t median = c < low ? low : c > high ? high : c;
    result_add(name, median, rounds);
}

void pairs_measure(void)
{
    uint64_t affinity = board_second_cpu();
    if (affinity == 0U) {
        result_absent("cpu_on", "one CPU");
        return;
    }
    task = TASK_OFF;
    result_add_median("cpu_on", affinity, measure_on, ON_ROUNDS);
    task = TASK_SPIN;
    if (second_on(affinity) != 0) {
        bail_out("CPU_ON failed");
    }
    WAIT_YIELDING(ready != 0U);
    result_add_median("ipi_spinning", affinity, interrupt_other, ROUNDS);
    task = TASK_SLEEP;
    result_add_median("ipi_wfi", affinity, interrupt_other, ROUNDS);
    task = TASK_OFF;
    (void)interrupt_other(affinity, 1);
    second_wait_off(affinity);
}
