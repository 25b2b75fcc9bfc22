/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stage 1 tables where none should be: in devices, in holes, beyond every address, pointing to themselves; and exceptions within
 * exceptions. The bad tables are those of TTBR1_EL1, so that the guest itself goes on with the good ones of TTBR0_EL1.
 */
#include "hostile.h"

#define TABLE (SCRATCH_BASE + SCRATCH_BYTES) /* four pages */
#define UPPER 0xFFFFFF8000000000UL           /* T1SZ = 25 */
#define TCR_BOTH 0x200803519UL
#define TCR_EPD1 (1UL << 23)
#define TCR_UPPER (25UL << 16 | 2UL << 30 | 3UL << 28 | 1UL << 26 | 1UL << 24)
#define TCR_HA_HD (3UL << 39)

extern char hostile_nest_vectors[];
uint64_t hostile_nest(uint64_t count, uint64_t address, uint64_t *x);

static uint64_t faults;

static uint64_t bad_target(void)
{
    static const uint64_t targets[] = {UART_BASE, GICD_BASE,    GICR_BASE,    RTC_BASE,       GPIO_BASE,
                                       0,         0x0B000000UL, 0x3FFFF000UL, 0x0F00000000UL, SCRATCH_BASE,
                                       TABLE,     TABLE + 4096U};
    uint64_t choice = random_below(14);
    if (choice < sizeof(targets) / sizeof(targets[0])) {
        return targets[choice];
    }
    return choice == 12U ? ram_end() : (random_next() & 0xFFFFFFFFF000UL) | 1UL << 40;
}

static void set_tables(uint64_t table, uint64_t tcr)
{
    SYSREG_WRITE("TCR_EL1", tcr);
    SYSREG_WRITE("TTBR1_EL1", table);
    __asm__ volatile("isb\n\ttlbi VMALLE1\n\tdsb nsh\n\tisb" ::: "memory");
}

/* Any of load, store, atomic, fetch, AT and cache maintenance at an address that these tables translate. */
static void touch(uint64_t address)
{
    static const uint32_t instructions[] = {0xB9400020U, 0xB9000020U, 0xF9400020U, 0x39000020U, 0xA9400820U,
                                            0x3DC00020U, 0xC85F7C20U, 0xD61F0020U, 0xD5087801U, 0xD5087821U,
                                            0xD50B7E21U, 0xD50B7421U, 0xD50B7521U, 0xF8200022U, 0xD5087621U};
    uint64_t x[RUN_REGISTERS] = {random_next(), address};
    uint32_t instruction = instructions[random_below(sizeof(instructions) / sizeof(instructions[0]))];
    /* A branch may find something to execute: only where it is no memory of ours. */
    faults +=
        run_one(x, instruction == 0xD61F0020U && (random_next() & 1U) != 0U ? 0xB9400020U : instruction, false).taken;
}

/* Entries that lead to devices, holes, and tables of the same kind; pages of RAM only within the scratch area. */
static void fill_tables(void)
{
    for (uint64_t i = 0; i < 4U * 512U; i++) {
        uint64_t target = bad_target();
        bool table = (random_next() & 1U) != 0U;
        uint64_t attributes =
            1UL << 10 | 1UL << 53 | random_below(3) << 2 | random_below(4) << 8 | random_below(4) << 6;
        if (table) {
            attributes = 3U | (random_next() & 0xF8UL << 56);
        } else if (target < RAM_BASE || target >= ram_end()) {
            attributes |= 1U | random_below(2) << 1;
        } else {
            attributes |= 3U; /* as a page, never a block that has more of the RAM */
        }
        write64(TABLE + 8U * i, target | attributes);
    }
}

void scene_tables(void)
{
    mmu_enable();
    uint64_t good = TCR_BOTH & ~TCR_EPD1;
    for (uint64_t i = 0; i < scaled(300); i++) {
        uint64_t tcr = good | TCR_UPPER | ((random_next() & 1U) != 0U ? TCR_HA_HD : 0U);
        if (i % 16U == 0U) {
            fill_tables();
        }
        set_tables((random_next() & 1U) != 0U ? TABLE : bad_target(), tcr);
        for (unsigned k = 0; k < 8U; k++) {
            touch(UPPER | (random_next() & 0x7FFFFFFFFFUL & ~7UL));
        }
    }
    set_tables(TABLE, TCR_BOTH);
    print("# %lu exceptions\n", faults);
}

/* ---- exceptions in exceptions ---- */

void scene_vectors(void)
{
    uint64_t x[2] = {0, 0};
    uint64_t old = SYSREG_READ("VBAR_EL1");
    for (uint64_t i = 0; i < scaled(5); i++) {
        SYSREG_WRITE("VBAR_EL1", (uint64_t)hostile_nest_vectors);
        barrier_isb();
        uint64_t depth = 1U + random_below(2000);
        uint64_t address = (random_next() & 1U) != 0U ? 0x0B000000UL : UART_BASE + 2U;
        uint64_t left = hostile_nest(depth, address, x);
        SYSREG_WRITE("VBAR_EL1", old);
        barrier_isb();
        if (left != 0U) {
            wrong("exceptions in exceptions: %lu of %lu left", left, depth);
        }
    }
}

/* ---- what ends the VM ---- */

static void fatal(uint64_t vbar)
{
    SYSREG_WRITE("VBAR_EL1", vbar);
    barrier_isb();
    __asm__ volatile("brk #0");
    for (;;) {
        wfi();
    }
}

void scene_crash_vectors(void)
{
    static const uint64_t places[] = {0x0B000000UL, UART_BASE & ~0x7FFUL, 0, 0x0F00000000UL};
    fatal(places[random_below(4)]);
}

/* The tables of everything in a device: the next fetch is an abort of the walk, and so is that of the vector. */
void scene_crash_tables(void)
{
    SYSREG_WRITE("MAIR_EL1", 0x44FF04);
    SYSREG_WRITE("TCR_EL1", TCR_BOTH);
    SYSREG_WRITE("TTBR0_EL1", (random_next() & 1U) != 0U ? GICD_BASE : 0x0B000000UL);
    __asm__ volatile("isb\n\ttlbi VMALLE1\n\tdsb nsh\n\tisb" ::: "memory");
    SYSREG_WRITE("SCTLR_EL1", SYSREG_READ("SCTLR_EL1") | 1U);
    barrier_isb();
    wrong("the MMU is on with tables in a device");
}

/* A CPU that is started where there is nothing to execute but zeros. */
void scene_crash_start(void)
{
    if (hostile_cpus() == 1U) {
        fatal(SCRATCH_BASE + 0x100000000UL);
    }
    (void)psci(PSCI_CPU_ON, cpu_affinity(1), SCRATCH_BASE + SCRATCH_BYTES / 2U, 0);
    for (;;) {
        wfi();
    }
}

/* Nobody is left. */
void scene_crash_off(void)
{
    (void)psci(PSCI_CPU_OFF, 0, 0, 0);
    wrong("CPU_OFF returned");
}

/* ---- CPUs that never get anywhere again ---- */

/* By the CPU's number: aborts in its own vectors without end, tables of zeros, a sleep that nothing ends, interrupts without end. */
static void doomed(struct cpu *cpu)
{
    uint64_t fate = (cpu->index + random_below(2)) % 4U;
    /* A vector that can't be fetched executes no instruction: where time is the count of instructions it stands still (QEMU's icount). */
    if (fate == 1U && option("icount", 0) != 0U) {
        fate = 2U;
    }
    switch (fate) {
    case 0:
        __asm__ volatile("mov sp, %0\n\tbrk #0" ::"r"(0x0B000000UL) : "memory");
        break;
    case 1:
        SYSREG_WRITE("TCR_EL1", TCR_BOTH);
        SYSREG_WRITE("TTBR0_EL1", SCRATCH_BASE);
        barrier_isb();
        SYSREG_WRITE("SCTLR_EL1", SYSREG_READ("SCTLR_EL1") | 1U);
        barrier_isb();
        break;
    case 2:
        gic_init_cpu();
        SYSREG_WRITE("ICC_PMR_EL1", 0);
        SYSREG_WRITE("ICC_IGRPEN1_EL1", 0);
        for (;;) {
            wfi();
        }
    default:
        gic_init_cpu();
        run_init();
        write32(GICR_BASE + cpu->index * GICR_STRIDE + GICR_SGI + GICD_ISENABLER, 0x48000000U);
        SYSREG_WRITE("CNTP_CVAL_EL0", 0);
        SYSREG_WRITE("CNTP_CTL_EL0", 1);
        interrupt_storm(~0UL);
        take_interrupts();
        break;
    }
    for (;;) {
        call_random();
    }
}

void scene_doomed(void)
{
    gic_init();
    if (!start_others(doomed)) {
        wrong("a CPU did not start");
    }
    delay_us(300000);
}
