/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A VM among others: for "seconds=" of its boot arguments it checks that its memory, registers, interrupts and clocks are its own, and
 * counts how much of that it gets done, and in how much time of its own, in each half second of physical time, which all VMs read alike. Wants 1 CPU, 16 MiB.
 */
#include "guest.h"

#define SLOTS 512U /* half seconds that are counted; it may go on for longer */
#define PAGE 4096UL
#define BLOCK 0x200000UL
#define IMAGE_BLOCKS 4UL /* image, stacks */
#define STEP 0x9E3779B97F4A7C15UL
#define SGI_SELF 3U
#define TICK_US 7000U

/* Gaps of at least so long are time that another VM had; shorter ones an emulator makes, too, which gives its CPUs unequal turns. */
#define AWAY_US 8000U

static uint64_t slots[SLOTS];      /* pages done */
static uint64_t slots_time[SLOTS]; /* counter ticks that this VM had */
static uint64_t first_slot;
static uint64_t seed;
static uint64_t ram_size;
static uint64_t wrong_words, wrong_registers, early_ticks, steps_back, lost_sgis;
static volatile uint64_t due;

static uint64_t slot_now(void)
{
    barrier_isb();
    return SYSREG_READ("CNTPCT_EL0") / (counter_frequency() / 2U);
}

static void on_interrupt(struct cpu *cpu, uint32_t intid)
{
    if (intid == TIMER_VIRTUAL_INTID) {
        uint64_t now = counter();
        early_ticks += now < due ? 1U : 0U;
        due = now + counter_of_us(TICK_US);
        SYSREG_WRITE("CNTV_CVAL_EL0", due);
        barrier_isb();
    } else if (intid == SGI_SELF) {
        cpu->value[0]++;
    }
}

/* The block with the device tree, and those of the image, hold something else. */
static bool usable(uint64_t address)
{
    uint64_t tree = guest_entry.x[0];
    return address >= RAM_BASE + IMAGE_BLOCKS * BLOCK && address / BLOCK != tree / BLOCK;
}

static uint64_t word(uint64_t address, uint64_t generation)
{
    return seed ^ (address * STEP) ^ (generation * 0xFF51AFD7ED558CCDUL);
}

static void fill(uint64_t page, uint64_t generation)
{
    for (uint64_t at = page; at < page + PAGE; at += 8U) {
        *(volatile uint64_t *)at = word(at, generation);
    }
}

static void check(uint64_t page, uint64_t generation)
{
    for (uint64_t at = page; at < page + PAGE; at += 8U) {
        wrong_words += *(volatile uint64_t *)at != word(at, generation) ? 1U : 0U;
    }
}

static void check_clock(void)
{
    static uint64_t last;
    uint64_t now = counter();
    steps_back += now < last ? 1U : 0U;
    last = now;
}

/* Since the last call, without the time that others had. */
static uint64_t time_had(void)
{
    static uint64_t last;
    uint64_t now = counter();
    uint64_t had = now - last < counter_of_us(AWAY_US) ? now - last : 0U;
    last = now;
    return had;
}

static void check_sgi(struct cpu *cpu)
{
    uint64_t before = cpu->value[0];
    gic_sgi(SGI_SELF, 0);
    lost_sgis += WAIT_FOR(cpu->value[0] == before + 1U) ? 0U : 1U;
}

/* One pass over all memory; false when the time is over. */
static bool pass(uint64_t generation, uint64_t end)
{
    for (uint64_t page = RAM_BASE; page < RAM_BASE + ram_size; page += PAGE) {
        if (!usable(page)) {
            continue;
        }
        state_fill(seed + page);
        check(page, generation);
        fill(page, generation + 1U);
        wrong_registers += state_check(seed + page);
        check_clock();
        uint64_t slot = slot_now() - first_slot;
        uint64_t had = time_had();
        if (counter() >= end) {
            return false;
        }
        if (slot < SLOTS) {
            slots[slot]++;
            slots_time[slot] += had;
        }
        if (page % (64U * PAGE) == 0U) {
            check_sgi(cpu_this());
        }
    }
    return true;
}

static uint64_t read_seed(void)
{
    uint32_t size = 0;
    const uint8_t *bytes = fdt_property(guest_entry.x[0], "/chosen", "kaslr-seed", &size);
    return bytes != NULL && size == 8U ? fdt_u64(bytes) : 0U;
}

static void start_ticks(void)
{
    gic_init();
    gic_init_cpu();
    gic_enable(TIMER_VIRTUAL_INTID);
    gic_enable(SGI_SELF);
    cpus[0].interrupt = on_interrupt;
    due = counter() + counter_of_us(TICK_US);
    SYSREG_WRITE("CNTV_CVAL_EL0", due);
    SYSREG_WRITE("CNTV_CTL_EL0", 1);
    irq_enable();
}

/* The first and the last are not whole. */
static void print_slots(void)
{
    uint64_t last = slot_now() - first_slot;
    for (uint64_t i = 1; i < SLOTS && i < last; i++) {
        print("# slot %lu: %lu pages in %lu us\n", first_slot + i, slots[i],
              slots_time[i] * 1000000U / counter_frequency());
    }
}

void guest_main(void)
{
    uint32_t size = 0;
    const uint8_t *reg = fdt_property(guest_entry.x[0], "/memory@40000000", "reg", &size);
    uint64_t seconds = fdt_argument(guest_entry.x[0], "seconds", 2);
    ram_size = reg != NULL && size == 16U ? fdt_u64(reg + 8) : 0U;
    seed = read_seed();
    mmu_enable();
    SYSREG_WRITE("CPACR_EL1", 3UL << 20);
    barrier_isb();
    for (uint64_t page = RAM_BASE; page < RAM_BASE + ram_size; page += PAGE) {
        if (usable(page)) {
            fill(page, 0);
        }
    }
    start_ticks();
    first_slot = slot_now();
    print("# up\n");
    uint64_t end = counter() + seconds * counter_frequency();
    uint64_t passes = 0;
    while (pass(passes, end)) {
        passes++;
    }
    irq_disable();
    SYSREG_WRITE("CNTV_CTL_EL0", 0);
    print_slots();
    ok(ram_size != 0U && seed != 0U, "%lu passes over %lu MiB", passes, ram_size >> 20);
    is(wrong_words, 0, "every word was as this VM left it");
    is(wrong_registers, 0, "and every register");
    is(lost_sgis, 0, "no interrupt to itself was lost");
    is(early_ticks, 0, "no timer came early");
    is(steps_back, 0, "time did not step back");
    ok(cpus[0].counts[TIMER_VIRTUAL_INTID] >= seconds, "%u ticks", cpus[0].counts[TIMER_VIRTUAL_INTID]);
}
