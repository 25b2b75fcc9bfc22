/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Single instructions and what comes of them. Each CPU has a piece of code memory that is written anew each time; a synchronous exception while it
 * runs ends it, wherever it was. State: struct runner of each CPU.
 */
#include "hostile.h"

#define SPSR_EL1H 0x3C5UL
#define EC_SVC 0x15U
#define SVC_IMMEDIATE 0x77U
#define INSTRUCTION_SVC (0xD4000001U | SVC_IMMEDIATE << 5)
#define INSTRUCTION_SPSEL_1 0xD50041BFU
#define INSTRUCTION_DAIFSET 0xD5034FDFU
#define INSTRUCTION_RET 0xD65F03C0U
#define RUN_WORDS 16U /* a line */
#define RUN_SLOTS 256U

struct runner {
    bool runs;
    uint64_t sp;
    uint64_t *x;
    struct outcome outcome;
    uint64_t interrupts, serrors, storm;
};

static struct runner runners[MAX_CPUS];
static uint32_t slots[MAX_CPUS][RUN_SLOTS][RUN_WORDS] __attribute__((aligned(4096)));

extern uint64_t mmu_table[512];
extern char hostile_recover[];
void hostile_enter(uint64_t *x, uint64_t code, uint64_t *sp);
void hostile_enter_el0(uint64_t *x, uint64_t code, uint64_t *sp);

static bool mmu_is_on(void)
{
    return (SYSREG_READ("SCTLR_EL1") & 1U) != 0U;
}

/* One level 1 entry each: EL0 may do everything there. */
void run_user_tables(void)
{
    mmu_table[(RUN_USER + RAM_BASE) >> 30] = RAM_BASE | 1U | 1UL << 2 | 1UL << 6 | 3UL << 8 | 1UL << 10;
    mmu_table[RUN_USER_DEVICE >> 30] = 1U | 2UL << 2 | 1UL << 6 | 3UL << 8 | 1UL << 10;
    barrier_dsb();
    barrier_isb();
}

/* The timers' interrupts stay as long as their condition does, and so do some of the devices'. */
static void quieten(uint32_t intid)
{
    SYSREG_WRITE("CNTV_CTL_EL0", 0);
    SYSREG_WRITE("CNTP_CTL_EL0", 0);
    if (intid >= 16U && intid < 1020U) {
        uint64_t frame = intid < 32U ? GICR_BASE + cpu_this()->index * GICR_STRIDE + GICR_SGI : GICD_BASE;
        write32(frame + GICD_ICENABLER + intid / 32U * 4U, 1U << intid % 32U);
    }
}

static void take(struct runner *runner, bool group0)
{
    uint32_t intid = group0 ? (uint32_t)SYSREG_READ("S3_0_C12_C8_0") : (uint32_t)SYSREG_READ("ICC_IAR1_EL1");
    barrier_dsb();
    runner->interrupts++;
    if (runner->storm > 0U) {
        runner->storm--;
    } else {
        quieten(intid);
    }
    if (intid >= 1020U) {
        return;
    }
    if (group0) {
        SYSREG_WRITE("S3_0_C12_C8_1", intid);
    } else {
        SYSREG_WRITE("ICC_EOIR1_EL1", intid);
    }
    barrier_isb();
    if ((SYSREG_READ("ICC_CTLR_EL1") & 2U) != 0U) {
        SYSREG_WRITE("S3_0_C12_C11_1", intid); /* EOImode 1: ICC_DIR_EL1 */
        barrier_isb();
    }
}

static void synchronous(struct runner *runner, struct cpu *cpu, uint64_t vector, struct frame *frame)
{
    bool svc = vector >= 8U && esr_ec(frame->esr) == EC_SVC && (frame->esr & 0xFFFFU) == SVC_IMMEDIATE;
    if (!runner->runs) {
        print("\n# CPU %u: vector %lu ESR %lx FAR %lx ELR %lx SPSR %lx\n", cpu->index, vector, frame->esr, frame->far,
              frame->elr, frame->spsr);
        bail_out("an unexpected exception");
    }
    if (!svc) {
        runner->outcome = (struct outcome){true, vector, frame->esr, frame->far};
    }
    for (unsigned i = 0; i < RUN_REGISTERS; i++) {
        runner->x[i] = frame->x[i];
    }
    frame->x[8] = runner->sp;
    frame->elr = (uint64_t)hostile_recover;
    frame->spsr = SPSR_EL1H;
}

static void on_exception(struct cpu *cpu, uint64_t vector, struct frame *frame)
{
    struct runner *runner = &runners[cpu->index];
    switch (vector & 3U) {
    case 0:
        synchronous(runner, cpu, vector, frame);
        break;
    case 1:
        take(runner, false);
        break;
    case 2:
        take(runner, true);
        break;
    default:
        runner->serrors++;
        break;
    }
}

void run_init(void)
{
    cpu_this()->any = on_exception;
    SYSREG_WRITE("CPACR_EL1", 3UL << 20);
    barrier_isb();
}

/* Where the code is; written only where something else was there before. */
static uint32_t *write_code(uint32_t (*cpu_slots)[RUN_WORDS], const uint32_t *code, unsigned count, bool el0)
{
    const uint32_t tail[] = {el0 ? INSTRUCTION_SVC : INSTRUCTION_SPSEL_1, INSTRUCTION_DAIFSET, INSTRUCTION_RET};
    uint32_t hash = el0 ? 1U : 0U;
    for (unsigned i = 0; i < count; i++) {
        hash = (hash ^ code[i]) * 0x9E3779B1U;
    }
    uint32_t *slot = cpu_slots[(hash >> 16) % RUN_SLOTS];
    uint32_t changed = 0;
    for (unsigned i = 0; i < count + 3U; i++) {
        uint32_t word = i < count ? code[i] : tail[i - count];
        if (slot[i] != word) {
            slot[i] = word;
            changed++;
        }
    }
    if (changed != 0U) {
        __asm__ volatile("dc cvau, %0\n\tdsb ish\n\tic ivau, %0\n\tdsb ish\n\tisb" ::"r"(slot) : "memory");
    }
    return slot;
}

struct outcome run_code(uint64_t x[RUN_REGISTERS], const uint32_t *code, unsigned count, bool el0)
{
    struct runner *runner = &runners[cpu_this()->index];
    runner->outcome = (struct outcome){.taken = false};
    runner->x = x;
    uint64_t at = (uint64_t)write_code(slots[cpu_this()->index], code, count, el0);
    runner->runs = true;
    barrier_dsb();
    if (el0) {
        hostile_enter_el0(x, at + (mmu_is_on() ? RUN_USER : 0U), &runner->sp);
    } else {
        hostile_enter(x, at, &runner->sp);
    }
    barrier_dsb();
    barrier_isb();
    runner->runs = false;
    return runner->outcome;
}

struct outcome run_one(uint64_t x[RUN_REGISTERS], uint32_t instruction, bool el0)
{
    return run_code(x, &instruction, 1, el0);
}

void take_interrupts(void)
{
    __asm__ volatile("msr DAIFClr, #3\n\tisb\n\tnop\n\tnop\n\tmsr DAIFSet, #3" ::: "memory");
}

void interrupt_storm(uint64_t count)
{
    runners[cpu_this()->index].storm = count;
}

uint64_t interrupts_taken(void)
{
    return runners[cpu_this()->index].interrupts;
}
