/* SPDX-License-Identifier: Apache-2.0 */
/* Everything at once, at random, on all CPUs; and the ends in the middle of it. */
#include "hostile.h"

#define RANDOM_OPERATIONS 100000U

static volatile uint64_t operations;

/* TLB, cache and address translation operations with any operand (DDI 0487, C5.3, C5.4: op0 = 1, CRn 7 and 8). */
void maintenance_random(void)
{
    uint64_t x[RUN_REGISTERS] = {0, random_address()};
    uint32_t op1 = (uint32_t)random_below(8);
    uint32_t crn = 7U + (uint32_t)random_below(2);
    uint32_t fields = op1 << 16 | crn << 12 | (uint32_t)random_below(16) << 8 | (uint32_t)random_below(8) << 5;
    if (crn == 8U && (random_next() & 1U) != 0U) {
        x[1] = random_value();
    }
    (void)run_one(x, 0xD5080000U | fields | 1U, random_below(4) == 0U);
}

static void operation(void)
{
    switch (random_below(16)) {
    case 0:
    case 1:
        call_random();
        break;
    case 2:
        power_random();
        break;
    case 3:
    case 4:
        interrupt_random();
        break;
    case 5:
        maintenance_random();
        break;
    case 6:
    case 7:
    case 8:
        register_random();
        break;
    case 9:
        take_interrupts();
        break;
    default:
        access_random();
        break;
    }
}

static void storm_other(struct cpu *cpu)
{
    run_init();
    cpu->value[0]++;
    for (;;) {
        operation();
        (void)atomic_add(&operations, 1);
        /* Off now and then: somebody's CPU_ON brings it back. */
        if (random_below(1000) == 0U) {
            return;
        }
    }
}

static void begin(void)
{
    gic_init();
    gic_init_cpu();
    if (!start_others(storm_other)) {
        wrong("a CPU did not start");
    }
}

void scene_random(void)
{
    uint64_t goal = scaled(RANDOM_OPERATIONS);
    begin();
    while (operations < goal) {
        operation();
        (void)atomic_add(&operations, 1);
    }
    uart_repair();
    print("# %lu operations\n", operations);
}

/* The last scene: who is first switches the machine off, in the middle of everything. */
static void off_other(struct cpu *cpu)
{
    run_init();
    uint64_t end = counter() + counter_of_us(20000U + random_below(20000));
    (void)cpu;
    while (counter() < end) {
        operation();
    }
    (void)psci(PSCI_SYSTEM_OFF, 0, 0, 0);
}

void scene_off(void)
{
    gic_init();
    gic_init_cpu();
    if (!start_others(off_other)) {
        wrong("a CPU did not start");
    }
    off_other(cpu_this());
    wrong("SYSTEM_OFF returned");
}
