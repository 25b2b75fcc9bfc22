/* SPDX-License-Identifier: Apache-2.0 */
/* Storms of interrupts: SGIs of all CPUs to all, timers whose time has passed, WFI with everything masked. */
#include "hostile.h"

#define STORM_US 300000U

static volatile uint32_t stop;

static void open_private(void)
{
    uint64_t frame = GICR_BASE + cpu_this()->index * GICR_STRIDE + GICR_SGI;
    gic_init_cpu();
    write32(frame + GICD_ISENABLER, 0x4800FFFFU); /* SGIs, both timers */
}

/* Nothing here waits for anybody. */
void interrupt_random(void)
{
    uint64_t now = counter();
    switch (random_below(8)) {
    case 0:
        SYSREG_WRITE("ICC_SGI1R_EL1", random_below(16) << 24 | 1UL << 40 | 0xFU);
        break;
    case 1:
        SYSREG_WRITE("ICC_SGI1R_EL1", random_value());
        break;
    case 2:
        SYSREG_WRITE("S3_0_C12_C11_7", random_value()); /* ICC_SGI0R_EL1 */
        break;
    case 3:
        SYSREG_WRITE("CNTV_CVAL_EL0", random_value());
        SYSREG_WRITE("CNTV_CTL_EL0", random_below(4));
        break;
    case 4:
        SYSREG_WRITE("CNTP_CVAL_EL0", now - random_below(1U << 20));
        SYSREG_WRITE("CNTP_CTL_EL0", random_below(4));
        break;
    case 5:
        SYSREG_WRITE("CNTP_TVAL_EL0", random_value());
        break;
    case 6:
        write32(GICD_BASE + GICD_ISPENDR + 4U * random_below(10), (uint32_t)random_value());
        break;
    default:
        write32(GICD_BASE + 0x80U + 4U * random_below(0x300), (uint32_t)random_value());
        break;
    }
    barrier_isb();
}

static void storm(uint64_t us)
{
    uint64_t end = counter() + counter_of_us(us);
    open_private();
    while (stop == 0U && counter() < end) {
        interrupt_random();
        interrupt_storm(random_below(64));
        take_interrupts();
    }
}

static void storm_other(struct cpu *cpu)
{
    (void)cpu;
    run_init();
    storm(1000U * STORM_US);
}

/* Both timers past, and the interrupt is ended again and again without the condition going away. */
static void timers_in_the_past(uint64_t count)
{
    open_private();
    SYSREG_WRITE("CNTV_CVAL_EL0", 0);
    SYSREG_WRITE("CNTP_CVAL_EL0", 0);
    SYSREG_WRITE("CNTV_CTL_EL0", 1);
    SYSREG_WRITE("CNTP_CTL_EL0", 1);
    uint64_t before = interrupts_taken();
    interrupt_storm(count);
    while (interrupts_taken() < before + count && (SYSREG_READ("CNTV_CTL_EL0") & 1U) != 0U) {
        take_interrupts();
    }
    if (interrupts_taken() < before + count) {
        wrong("timers in the past: %lu interrupts of %lu", interrupts_taken() - before, count);
    }
    SYSREG_WRITE("CNTV_CTL_EL0", 0);
    SYSREG_WRITE("CNTP_CTL_EL0", 0);
}

/* An interrupt that PSTATE masks ends a WFI all the same (DDI 0487, D1.6.2). */
static void sleep_masked(uint64_t count)
{
    open_private();
    for (uint64_t i = 0; i < count; i++) {
        uint64_t due = counter() + counter_of_us(random_below(500));
        SYSREG_WRITE("CNTV_CVAL_EL0", due);
        SYSREG_WRITE("CNTV_CTL_EL0", 1);
        barrier_isb();
        while (counter() < due) {
            wfi();
        }
        /* Pending now: each of these returns at once. */
        for (unsigned k = 0; k < 20U; k++) {
            wfi();
            __asm__ volatile("wfe");
        }
        take_interrupts();
        gic_enable(TIMER_VIRTUAL_INTID);
    }
    SYSREG_WRITE("CNTV_CTL_EL0", 0);
}

void scene_interrupts(void)
{
    gic_init();
    gic_init_cpu();
    timers_in_the_past(scaled(5000));
    sleep_masked(scaled(50));
    if (!start_others(storm_other)) {
        wrong("a CPU did not start");
    }
    storm(STORM_US + 1000U * scaled(100));
    stop = 1;
}

/* ---- the console ---- */

/* Whether or not anybody watches. */
void scene_console(void)
{
    uart_repair();
    for (uint64_t i = 0; i < scaled(20000); i++) {
        write8(UART_BASE, (uint32_t)random_next());
    }
    for (uint64_t i = 0; i < scaled(20000); i++) {
        write32(UART_BASE, (uint32_t)(random_next() % 64U == 0U ? '\n' : 'x'));
        (void)read32(UART_BASE + 0x18U);
    }
}
