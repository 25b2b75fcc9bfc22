/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Self-hosted debug at EL1 (DDI 0487, D2): breakpoints, watchpoints, single step, the OS lock, each per CPU. Wants 4 CPUs; more CPUs
 * than the machine has make their registers travel.
 */
#include "guest.h"

#define MDSCR_SS (1UL << 0)
#define MDSCR_KDE (1UL << 13)
#define MDSCR_MDE (1UL << 15)
#define SPSR_SS (1UL << 21)
#define SPSR_D (1UL << 9)

/* E, PMC/PAC = EL1, BAS = all bytes; a watchpoint's LSC = loads and stores. */
#define BCR_EL1 (1UL | 1UL << 1 | 0xFUL << 5)
#define WCR_EL1 (1UL | 1UL << 1 | 3UL << 3 | 0xFFUL << 5)
#define OSLSR_LOCKED 2UL
#define MAX_STEPS 32U

static struct expected seen;

/* Not inlined, and somewhere a breakpoint can be put. */
uint64_t target(uint64_t value);
extern uint32_t stepped[];
extern uint32_t stepped_end[];
void step_sequence(void);
__asm__(".text\n"
        ".balign 64\n"
        ".globl target\n"
        "target:\n"
        "    add x0, x0, #1\n"
        "    ret\n"
        ".globl step_sequence\n"
        "step_sequence:\n"
        "    stp x29, x30, [sp, #-16]!\n"
        "    brk #1\n"
        ".globl stepped\n"
        "stepped:\n"
        "    nop\n"
        "    mov x9, #0x09000000\n"
        "    ldr w10, [x9, #0x18]\n" /* a device: the hypervisor skips it */
        "    add x10, x10, #1\n"
        "    msr ICC_SGI1R_EL1, xzr\n" /* trapped; to nobody */
        "    mrs x11, CNTP_CTL_EL0\n"  /* trapped */
        "    mov w0, #0x80000000\n"
        "    hvc #0\n" /* SMCCC_VERSION */
        "    mrs x11, MDSCR_EL1\n"
        "    nop\n"
        ".globl stepped_end\n"
        "stepped_end:\n"
        "    brk #2\n"
        "    ldp x29, x30, [sp], #16\n"
        "    ret\n");

static void debug_on(uint64_t mdscr)
{
    SYSREG_WRITE("OSLAR_EL1", 0);
    SYSREG_WRITE("MDSCR_EL1", mdscr);
    barrier_isb();
    __asm__ volatile("msr DAIFClr, #8" ::: "memory");
}

static void debug_off(void)
{
    __asm__ volatile("msr DAIFSet, #8" ::: "memory");
    SYSREG_WRITE("MDSCR_EL1", 0);
    SYSREG_WRITE("DBGBCR0_EL1", 0);
    SYSREG_WRITE("DBGBCR1_EL1", 0);
    SYSREG_WRITE("DBGWCR0_EL1", 0);
    SYSREG_WRITE("DBGWCR1_EL1", 0);
    barrier_isb();
}

/* Counts in value[0..2] by kind; takes the cause away, so that the instruction is executed on return. */
static bool on_debug(struct cpu *cpu, struct frame *frame)
{
    switch (esr_ec(frame->esr)) {
    case EC_BREAKPOINT:
        cpu->value[0]++;
        cpu->value[3] = frame->elr;
        SYSREG_WRITE("DBGBCR0_EL1", 0);
        SYSREG_WRITE("DBGBCR1_EL1", 0);
        break;
    case EC_WATCHPOINT:
        cpu->value[1]++;
        cpu->value[3] = frame->far;
        SYSREG_WRITE("DBGWCR0_EL1", 0);
        SYSREG_WRITE("DBGWCR1_EL1", 0);
        break;
    default:
        return false;
    }
    barrier_isb();
    return true;
}

static void check_lock(void)
{
    SYSREG_WRITE("OSLAR_EL1", 1);
    barrier_isb();
    is(SYSREG_READ("OSLSR_EL1") & OSLSR_LOCKED, OSLSR_LOCKED, "OSLAR_EL1 = 1 locks");
    SYSREG_WRITE("OSLAR_EL1", 0);
    barrier_isb();
    is(SYSREG_READ("OSLSR_EL1") & OSLSR_LOCKED, 0, "OSLAR_EL1 = 0 unlocks");
    uint64_t dfr0 = SYSREG_READ("ID_AA64DFR0_EL1");
    ok((dfr0 & 0xFU) >= 6U, "ID_AA64DFR0_EL1: Armv8 debug (%lu)", dfr0 & 0xFU);
    ok((dfr0 >> 12 & 0xFU) >= 1U && (dfr0 >> 20 & 0xFU) >= 1U, "at least 2 break- and watchpoints (%lu, %lu)",
       (dfr0 >> 12 & 0xFU) + 1U, (dfr0 >> 20 & 0xFU) + 1U);
}

static void check_registers(void)
{
    SYSREG_WRITE("DBGBVR0_EL1", 0x40001000);
    SYSREG_WRITE("DBGBVR1_EL1", 0x40002000);
    SYSREG_WRITE("DBGWVR0_EL1", 0x40003000);
    SYSREG_WRITE("DBGWVR1_EL1", 0x40004000);
    SYSREG_WRITE("DBGBCR1_EL1", BCR_EL1 & ~1UL);
    SYSREG_WRITE("DBGWCR1_EL1", WCR_EL1 & ~1UL);
    barrier_isb();
    ok(SYSREG_READ("DBGBVR0_EL1") == 0x40001000 && SYSREG_READ("DBGBVR1_EL1") == 0x40002000,
       "DBGBVR<n>_EL1 keep their values");
    ok(SYSREG_READ("DBGWVR0_EL1") == 0x40003000 && SYSREG_READ("DBGWVR1_EL1") == 0x40004000,
       "DBGWVR<n>_EL1 keep their values");
    is(SYSREG_READ("DBGBCR1_EL1"), BCR_EL1 & ~1UL, "DBGBCR1_EL1 keeps its value");
    is(SYSREG_READ("DBGWCR1_EL1"), WCR_EL1 & ~1UL, "DBGWCR1_EL1 keeps its value");
    SYSREG_WRITE("MDSCR_EL1", MDSCR_MDE | MDSCR_KDE);
    barrier_isb();
    is(SYSREG_READ("MDSCR_EL1") & (MDSCR_MDE | MDSCR_KDE), MDSCR_MDE | MDSCR_KDE, "MDSCR_EL1 keeps MDE and KDE");
    SYSREG_WRITE("MDSCR_EL1", 0);
    is(SYSREG_READ("MDCCSR_EL0") >> 30 & 1U, 0, "MDCCSR_EL0: nothing was received from a debugger");
}

static void check_breakpoint(void)
{
    struct cpu *cpu = cpu_this();
    cpu->value[0] = 0;
    SYSREG_WRITE("DBGBVR0_EL1", (uint64_t)target);
    SYSREG_WRITE("DBGBCR0_EL1", BCR_EL1);
    is(target(1), 2, "a breakpoint while MDSCR_EL1.MDE is 0: the function runs");
    is(cpu->value[0], 0, "without an exception");
    debug_on(MDSCR_MDE | MDSCR_KDE);
    is(target(1), 2, "with MDE and KDE");
    is(cpu->value[0], 1, "one breakpoint exception");
    is(cpu->value[3], (uint64_t)target, "at its address");
    SYSREG_WRITE("DBGBCR0_EL1", BCR_EL1);
    barrier_isb();
    if (guest_on_ashlar()) {
        SYSREG_WRITE("OSLAR_EL1", 1);
        barrier_isb();
        (void)target(1);
        SYSREG_WRITE("OSLAR_EL1", 0);
        barrier_isb();
        is(cpu->value[0], 1, "the OS lock keeps it off");
    } else {
        skip("bare", "the OS lock keeps it off (QEMU 11.1 only remembers the lock)");
    }
    SYSREG_WRITE("DBGBCR0_EL1", BCR_EL1);
    barrier_isb();
    __asm__ volatile("msr DAIFSet, #8" ::: "memory");
    (void)target(1);
    is(cpu->value[0], 1, "PSTATE.D keeps it off");
    debug_on(MDSCR_MDE);
    (void)target(1);
    is(cpu->value[0], 1, "KDE = 0 keeps it off");
    debug_off();
}

static void check_watchpoint(void)
{
    static volatile uint64_t watched[2] __attribute__((aligned(16)));
    struct cpu *cpu = cpu_this();
    cpu->value[1] = 0;
    debug_on(MDSCR_MDE | MDSCR_KDE);
    SYSREG_WRITE("DBGWVR1_EL1", (uint64_t)&watched[0]);
    SYSREG_WRITE("DBGWCR1_EL1", WCR_EL1);
    barrier_isb();
    watched[1] = 5;
    is(cpu->value[1], 0, "a watchpoint: the word beside it is free");
    watched[0] = 7;
    is(cpu->value[1], 1, "a store to it is one exception");
    is(cpu->value[3], (uint64_t)&watched[0], "with its address in FAR_EL1");
    is(watched[0], 7, "and the store is done afterwards");
    SYSREG_WRITE("DBGWCR1_EL1", (WCR_EL1 & ~(3UL << 3)) | 1UL << 3);
    barrier_isb();
    watched[0] = 8;
    is(cpu->value[1], 1, "a watchpoint for loads lets stores pass");
    is(watched[0], 8, "but not the load");
    is(cpu->value[1], 2, "which is the second exception");
    debug_off();
}

/* ---- single step ---- */

static uint64_t steps[MAX_STEPS];
static uint32_t step_count;

/* From BRK #1 to BRK #2 every instruction is stepped; with the address of each one that comes next noted. */
static bool on_step(struct cpu *cpu, struct frame *frame)
{
    (void)cpu;
    if (esr_ec(frame->esr) == EC_BRK) {
        bool begin = (frame->esr & 0xFFFFU) == 1U;
        frame->elr += 4;
        frame->spsr = begin ? (frame->spsr | SPSR_SS) & ~SPSR_D : (frame->spsr | SPSR_D) & ~SPSR_SS;
        SYSREG_WRITE("MDSCR_EL1", begin ? MDSCR_SS | MDSCR_KDE : 0);
        barrier_isb();
        return true;
    }
    if (esr_ec(frame->esr) != EC_STEP) {
        return false;
    }
    if (step_count < MAX_STEPS) {
        steps[step_count++] = frame->elr;
    }
    if (frame->elr == (uint64_t)stepped_end || step_count == MAX_STEPS) {
        SYSREG_WRITE("MDSCR_EL1", 0);
        barrier_isb();
    } else {
        frame->spsr |= SPSR_SS;
    }
    return true;
}

static void check_step(void)
{
    struct cpu *cpu = cpu_this();
    uint64_t expected = (uint64_t)(stepped_end - stepped);
    uint64_t good = 0;
    cpu->sync = on_step;
    step_count = 0;
    SYSREG_WRITE("OSLAR_EL1", 0);
    barrier_isb();
    __asm__ volatile("bl step_sequence" ::
                         : "x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13",
                           "x14", "x15", "x16", "x17", "x30", "memory");
    cpu->sync = on_debug;
    is(step_count, expected, "single step: one exception per instruction, also where the hypervisor executes it");
    for (uint32_t i = 0; i < step_count; i++) {
        good += steps[i] == (uint64_t)(stepped + i + 1);
        if (steps[i] != (uint64_t)(stepped + i + 1)) {
            print("# step %u: at %lx, not %lx\n", i, steps[i], (uint64_t)(stepped + i + 1));
        }
    }
    is(good, expected, "each before the next instruction");
    debug_off();
}

/* ---- per CPU ---- */

#define PER_CPU_ROUNDS 300U
static volatile bool go;

/* Even CPUs hit their breakpoint in each round, odd ones have none; everybody has its own values in the second registers. */
static void hit(struct cpu *cpu)
{
    uint64_t own = 0x40000000UL + 0x1000UL * cpu->index;
    cpu->sync = on_debug;
    cpu->value[0] = 0;
    cpu->value[4] = 0;
    SYSREG_WRITE("DBGWVR0_EL1", own);
    SYSREG_WRITE("DBGBVR1_EL1", own + 0x100U);
    debug_on(MDSCR_MDE | MDSCR_KDE);
    (void)WAIT_FOR(go);
    for (uint32_t round = 0; round < PER_CPU_ROUNDS; round++) {
        SYSREG_WRITE("DBGBVR0_EL1", (uint64_t)target);
        SYSREG_WRITE("DBGBCR0_EL1", cpu->index % 2U == 0U ? BCR_EL1 : 0U);
        barrier_isb();
        cpu->value[4] += target(round) != round + 1U;
        delay_us(100);
        cpu->value[4] += SYSREG_READ("DBGWVR0_EL1") != own || SYSREG_READ("DBGBVR1_EL1") != own + 0x100U;
        cpu->value[4] += (SYSREG_READ("MDSCR_EL1") & (MDSCR_MDE | MDSCR_KDE)) != (MDSCR_MDE | MDSCR_KDE);
    }
    debug_off();
    cpu->sync = NULL;
}

static void check_per_cpu(void)
{
    uint32_t count = cpu_count();
    go = false;
    for (uint32_t i = 1; i < count; i++) {
        (void)cpu_start(i, hit);
    }
    go = true;
    hit(&cpus[0]);
    for (uint32_t i = 1; i < count; i++) {
        ok(cpu_wait_off(i), "CPU %u comes to its end", i);
    }
    for (uint32_t i = 0; i < count; i++) {
        is(cpus[i].value[0], i % 2U == 0U ? PER_CPU_ROUNDS : 0U, "CPU %u hit its own breakpoint only", i);
        is(cpus[i].value[4], 0, "CPU %u kept its own values", i);
    }
}

void guest_main(void)
{
    mmu_enable();
    cpu_this()->sync = on_debug;
    check_lock();
    check_registers();
    check_breakpoint();
    check_watchpoint();
    check_step();
    check_per_cpu();
    is(EXPECT(&seen, __asm__ volatile("brk #9")), 1, "BRK is an exception all the time");
    is(esr_ec(seen.esr), EC_BRK, "of its own class");
}
