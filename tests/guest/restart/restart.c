/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A VM that does not live long. At each boot: is the memory cleared, does the machine look as after power-on? Then it dirties all of
 * it, starts its other CPUs, leaves timers and interrupts under way, and ends as "end=" of its boot arguments says: 0 stays, 1 resets,
 * 2 crashes, 3 powers off, 4 powers all CPUs off (a crash, too). "us=" is how long it works before that.
 */
#include "guest.h"

#define WORD_STEP 64UL /* one word of each cache line */
#define BLOCK 0x200000UL
#define IMAGE_BLOCKS 4UL
#define NOWHERE 0x60000000UL /* Normal memory by its own tables, not there by ours */

enum end { END_STAY, END_RESET, END_CRASH, END_OFF, END_CPUS_OFF };

static uint64_t ram_size;
static volatile uint64_t ticks;

static void on_interrupt(struct cpu *cpu, uint32_t intid)
{
    (void)cpu;
    if (intid == TIMER_VIRTUAL_INTID) {
        ticks++;
        SYSREG_WRITE("CNTV_CVAL_EL0", counter() + counter_of_us(500));
        barrier_isb();
    }
}

static void start_timer(void)
{
    gic_init_cpu();
    gic_enable(TIMER_VIRTUAL_INTID);
    SYSREG_WRITE("CNTV_CVAL_EL0", counter() + counter_of_us(500));
    SYSREG_WRITE("CNTV_CTL_EL0", 1);
    irq_enable();
}

/* Words that were not 0. The device tree's block is someone else's. */
static uint64_t dirty_memory(void)
{
    uint64_t tree = guest_entry.x[0];
    uint64_t found = 0;
    for (uint64_t at = RAM_BASE + IMAGE_BLOCKS * BLOCK; at < RAM_BASE + ram_size; at += WORD_STEP) {
        if (at / BLOCK != tree / BLOCK) {
            found += *(volatile uint64_t *)at != 0U ? 1U : 0U;
            *(volatile uint64_t *)at = ~at;
        }
    }
    return found;
}

static void work(struct cpu *cpu)
{
    if (cpu->index != 0U) {
        cpu->interrupt = on_interrupt;
        start_timer();
    }
    if (fdt_argument(guest_entry.x[0], "end", END_STAY) == END_CPUS_OFF) {
        return;
    }
    for (;;) {
        if (cpu->index % 2U == 1U) {
            wfi();
        } else {
            delay_us(100);
        }
    }
}

static void crash(void)
{
    SYSREG_WRITE("VBAR_EL1", NOWHERE);
    barrier_isb();
    __asm__ volatile("udf #0");
}

static void leave(enum end end)
{
    switch (end) {
    case END_RESET:
        (void)psci(PSCI_SYSTEM_RESET, 0, 0, 0);
        break;
    case END_CRASH:
        crash();
        break;
    case END_OFF:
        finish();
    case END_CPUS_OFF:
        (void)psci(PSCI_CPU_OFF, 0, 0, 0);
        break;
    default:
        for (;;) {
            wfi();
        }
    }
    bail_out("it goes on behind its end");
}

void guest_main(void)
{
    uint64_t tree = guest_entry.x[0];
    uint32_t size = 0;
    const uint8_t *reg = fdt_property(tree, "/memory@40000000", "reg", &size);
    ram_size = reg != NULL && size == 16U ? fdt_u64(reg + 8) : 0U;
    mmu_enable();
    uint64_t dirty = dirty_memory();
    gic_init();
    bool pending = gic_is_pending(TIMER_VIRTUAL_INTID) || gic_is_active(TIMER_VIRTUAL_INTID);
    bool timer = (SYSREG_READ("CNTV_CTL_EL0") & 1U) != 0U;
    if (ram_size == 0U || dirty != 0U || pending || timer) {
        bail_out("%lu of %lu MiB dirty, pending %u, timer %u", dirty, ram_size >> 20, pending, timer);
    }
    cpus[0].interrupt = on_interrupt;
    for (uint32_t i = 1; i < cpu_count(); i++) {
        (void)cpu_start(i, work);
    }
    start_timer();
    print("# up %lu\n", SYSREG_READ("CNTPCT_EL0") * 1000000U / counter_frequency());
    delay_us(fdt_argument(tree, "us", 1000));
    leave((enum end)fdt_argument(tree, "end", END_STAY));
}
