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

static int64_t second_on(uint64_t affinity)
{
    return board_psci(PSCI_CPU_ON, affinity, (uint64_t)bench_secondary, (uint64_t)&bench_cpus[1]);
}

static void second_wait_off(uint64_t affinity)
{
    WAIT_YIELDING(board_psci(PSCI_AFFINITY_INFO, affinity, 0, 0) == 1);
}

/* To where the second CPU's handler reads the counter. */
static uint64_t interrupt_other(uint64_t affinity, uint32_t rounds)
{
    struct bench_cpu *other = &bench_cpus[1];
    uint64_t value = (uint64_t)SGI << 24 | (affinity >> 8 & 0xFFU) << 16 | 1UL << (affinity & 0xFU);
    uint64_t sum = 0;
    for (uint32_t i = 0; i < rounds; i++) {
        uint64_t taken = other->taken;
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
    task = TASK_OFF;
    for (uint32_t i = 0; i < rounds; i++) {
        uint64_t taken = other->taken;
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

void pairs_measure(void)
{
    uint64_t affinity = board_second_cpu();
    if (affinity == 0U) {
        result_absent("cpu_on", "one CPU");
        return;
    }
    (void)measure_on(affinity, 2);
    result_add("cpu_on", measure_on(affinity, ON_ROUNDS), ON_ROUNDS);
    task = TASK_SPIN;
    if (second_on(affinity) != 0) {
        bail_out("CPU_ON failed");
    }
    WAIT_YIELDING(ready != 0U);
    (void)interrupt_other(affinity, WARM_UP);
    result_add("ipi_spinning", interrupt_other(affinity, ROUNDS), ROUNDS);
    task = TASK_SLEEP;
    (void)interrupt_other(affinity, WARM_UP);
    result_add("ipi_wfi", interrupt_other(affinity, ROUNDS), ROUNDS);
    task = TASK_OFF;
    (void)interrupt_other(affinity, 1);
    second_wait_off(affinity);
}
