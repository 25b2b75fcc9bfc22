/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What belongs to a CPU stays with it: FP/SIMD registers, keys of pointer authentication, thread and context registers, each CPU
 * with its own patterns, on fewer physical CPUs than there are virtual ones, under timer interrupts, calls and WFI. Wants 4 CPUs.
 */
#include "guest.h"

#define SECONDS 3U

static volatile uint64_t end;

static bool have_keys(void)
{
    uint64_t isar1 = SYSREG_READ("ID_AA64ISAR1_EL1");
    uint64_t isar2 = SYSREG_READ("S3_0_C0_C6_2");
    return (isar1 & 0xFF0U) != 0U || (isar2 >> 12 & 0xFU) != 0U;
}

static void on_tick(struct cpu *cpu, uint32_t intid)
{
    (void)intid;
    SYSREG_WRITE("CNTV_CVAL_EL0", counter() + cpu->value[3]);
    barrier_isb();
}

/* value[0]: rounds, value[1]: registers found changed, value[2]: keys found changed, value[3]: ticks apart */
static void churn(struct cpu *cpu)
{
    SYSREG_WRITE("CPACR_EL1", 3UL << 20);
    barrier_isb();
    bool keys = have_keys();
    uint64_t base = (cpu->index + 1UL) << 56 | 0x0000ABCD00000000UL;
    cpu->value[3] = counter_of_us(700U + 130U * cpu->index);
    cpu->interrupt = on_tick;
    gic_init_cpu();
    gic_enable(TIMER_VIRTUAL_INTID);
    SYSREG_WRITE("CNTV_CVAL_EL0", counter() + cpu->value[3]);
    SYSREG_WRITE("CNTV_CTL_EL0", 1);
    irq_enable();
    while (counter() < end) {
        uint64_t seed = base + (cpu->value[0] << 16);
        state_fill(seed);
        if (keys) {
            keys_fill(seed ^ 0x5555000000000000UL);
        }
        for (uint32_t i = 0; i < 40U; i++) {
            if (i % 8U == 3U) {
                (void)psci(PSCI_VERSION, 0, 0, 0);
            } else if (i % 8U == 5U) {
                wfi();
            } else {
                delay_us(30);
            }
            cpu->value[1] += state_check(seed);
            cpu->value[2] += keys ? keys_check(seed ^ 0x5555000000000000UL) : 0U;
        }
        cpu->value[0]++;
    }
    irq_disable();
    SYSREG_WRITE("CNTV_CTL_EL0", 0);
    gic_disable(TIMER_VIRTUAL_INTID);
}

void guest_main(void)
{
    uint32_t count = cpu_count();
    mmu_enable();
    gic_init();
    print("# pointer authentication: %s\n", have_keys() ? "yes" : "no");
    end = counter() + SECONDS * counter_frequency();
    for (uint32_t i = 1; i < count; i++) {
        is((uint64_t)cpu_start(i, churn), 0, "CPU %u starts", i);
    }
    churn(&cpus[0]);
    for (uint32_t i = 1; i < count; i++) {
        ok(cpu_wait_off(i), "CPU %u comes to its end", i);
    }
    for (uint32_t i = 0; i < count; i++) {
        ok(cpus[i].value[0] >= 5U, "CPU %u went through %lu patterns, with %u ticks", i, cpus[i].value[0],
           cpus[i].counts[TIMER_VIRTUAL_INTID]);
        is(cpus[i].value[1], 0, "CPU %u kept its FP/SIMD, thread and context registers", i);
        is(cpus[i].value[2], 0, "CPU %u kept its keys", i);
    }
}
