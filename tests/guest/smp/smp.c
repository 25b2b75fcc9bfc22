/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many CPUs on fewer: locks, atomic counters, interrupts sent back and forth between pairs, and timers, all at once. Wants an even
 * number of CPUs, 8.
 */
#include "guest.h"

#define ROUNDS 300U /* of each pair */
#define LOCK_ROUNDS 2000U
#define SGI_PING 6U

static struct spinlock lock;
static uint64_t guarded[2]; /* changed under the lock only, always alike */
static volatile uint64_t total;
static volatile uint64_t gate;

static void on_interrupt(struct cpu *cpu, uint32_t intid)
{
    if (intid == TIMER_VIRTUAL_INTID) {
        SYSREG_WRITE("CNTV_CVAL_EL0", counter() + counter_of_us(1000));
        barrier_isb();
    } else if (intid == SGI_PING) {
        cpu->value[0]++;
    }
}

static bool everybody(uint64_t stage)
{
    (void)atomic_add(&gate, 1);
    return WAIT_FOR(gate >= stage * cpu_count());
}

/* Waits in WFI, with the interrupt masked between looking and sleeping. */
static bool wait_ping(struct cpu *cpu, uint64_t number)
{
    uint64_t end = counter() + 20U * counter_frequency();
    while (cpu->value[0] < number && counter() < end) {
        irq_disable();
        if (cpu->value[0] < number) {
            wfi();
        }
        irq_enable();
        barrier_isb();
    }
    return cpu->value[0] >= number;
}

/* value[1]: pings answered, value[2]: lock rounds, value[3]: guarded words that differed */
static void ping_pong(struct cpu *cpu)
{
    uint32_t partner = cpu->index ^ 1U;
    for (uint64_t round = 1; round <= ROUNDS; round++) {
        if (cpu->index % 2U == 0U) {
            gic_sgi(SGI_PING, partner);
        }
        if (!wait_ping(cpu, round)) {
            return;
        }
        if (cpu->index % 2U == 1U) {
            gic_sgi(SGI_PING, partner);
        }
        cpu->value[1]++;
    }
}

static void count_up(struct cpu *cpu)
{
    for (uint32_t round = 0; round < LOCK_ROUNDS; round++) {
        spin_lock(&lock);
        cpu->value[3] += guarded[0] != guarded[1];
        guarded[0]++;
        guarded[1]++;
        spin_unlock(&lock);
        (void)atomic_add(&total, 1);
        cpu->value[2]++;
    }
}

static void stress(struct cpu *cpu)
{
    gic_init_cpu();
    cpu->interrupt = on_interrupt;
    gic_enable(SGI_PING);
    gic_enable(TIMER_VIRTUAL_INTID);
    SYSREG_WRITE("CNTV_CVAL_EL0", counter());
    SYSREG_WRITE("CNTV_CTL_EL0", 1);
    irq_enable();
    if (everybody(1)) {
        count_up(cpu);
        ping_pong(cpu);
        (void)everybody(2);
    }
    irq_disable();
    SYSREG_WRITE("CNTV_CTL_EL0", 0);
    gic_disable(TIMER_VIRTUAL_INTID);
}

void guest_main(void)
{
    uint32_t count = cpu_count();
    uint64_t begin = counter();
    mmu_enable();
    gic_init();
    for (uint32_t i = 1; i < count; i++) {
        is((uint64_t)cpu_start(i, stress), 0, "CPU %u starts", i);
    }
    stress(&cpus[0]);
    for (uint32_t i = 1; i < count; i++) {
        ok(cpu_wait_off(i), "CPU %u comes to its end", i);
    }
    is(total, (uint64_t)count * LOCK_ROUNDS, "the atomic counter is exact");
    is(guarded[0], (uint64_t)count * LOCK_ROUNDS, "so is the one under the lock");
    for (uint32_t i = 0; i < count; i++) {
        is(cpus[i].value[1], ROUNDS, "CPU %u had %u interrupts from its partner", i, ROUNDS);
        is(cpus[i].value[0], ROUNDS, "and not one more");
        is(cpus[i].value[3], 0, "CPU %u was never in the lock with another", i);
        ok(cpus[i].counts[TIMER_VIRTUAL_INTID] > 0U, "CPU %u had %u ticks", i, cpus[i].counts[TIMER_VIRTUAL_INTID]);
    }
    print("# %lu ms\n", (counter() - begin) * 1000U / counter_frequency());
}
