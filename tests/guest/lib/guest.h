/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the test guests share. A guest is bare-metal code for the board of docs/guest-board.md (and QEMU's virt): it defines
 * guest_main, which runs on the boot CPU with the MMU off and interrupts masked, checks things with ok() and returns; the lines
 * are TAP on the PL011, and the machine is switched off at the end. Every wait has an end: a guest fails, it does not hang.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifndef UART_BASE
#define UART_BASE 0x09000000UL
#endif
#define RTC_BASE 0x09010000UL
#define GPIO_BASE 0x09030000UL
#ifndef GICD_BASE
#define GICD_BASE 0x08000000UL
#define GICR_BASE 0x080A0000UL
#endif
#define RAM_BASE 0x40000000UL

#define GICR_STRIDE 0x20000UL
#define GICR_SGI 0x10000UL

#define MAX_CPUS 16U
#define STACK_BYTES 0x8000U

/* What the boot CPU came with. */
struct guest_entry {
    uint64_t x[4];
    uint64_t current_el, daif, spsel, sctlr;
};

extern struct guest_entry guest_entry;

/* Layout known to guest_vectors.S. */
struct frame {
    uint64_t x[31];
    uint64_t elr, spsr, esr, far, unused;
};

/* Exceptions that a test expects on this CPU: recorded, and the instruction is skipped. */
struct expected {
    bool armed;
    uint32_t count;
    uint64_t vector, esr, far, elr, spsr;
};

struct cpu {
    uint64_t stack; /* the first two are known to guest_start.S */
    uint64_t mmu;
    uint32_t index;
    uint64_t mpidr;
    void (*run)(struct cpu *cpu);
    uint64_t context; /* what CPU_ON gave */
    volatile uint32_t started;
    volatile uint32_t finished;
    struct expected expected;
    /* Each may be NULL. sync: true when it was dealt with. irq: replaces the usual acknowledge, handler, end of interrupt. */
    bool (*sync)(struct cpu *cpu, struct frame *frame);
    void (*irq)(struct cpu *cpu, struct frame *frame);
    /* Instead of all that: every exception of this CPU. */
    void (*any)(struct cpu *cpu, uint64_t vector, struct frame *frame);
    /* Called with each interrupt that was acknowledged, before its end is signalled. */
    void (*interrupt)(struct cpu *cpu, uint32_t intid);
    volatile uint32_t counts[64]; /* interrupts taken, by INTID below 64 */
    volatile uint64_t value[8];   /* the test's own */
};

extern struct cpu cpus[MAX_CPUS];
extern uint8_t guest_stacks[MAX_CPUS][STACK_BYTES];

void guest_main(void);

/* ---- registers ---- */

#define SYSREG_READ(name)                                                                                              \
    ({                                                                                                                 \
        uint64_t sysreg_value;                                                                                         \
        __asm__ volatile("mrs %0, " name : "=r"(sysreg_value)::"memory");                                              \
        sysreg_value;                                                                                                  \
    })
#define SYSREG_WRITE(name, value)                                                                                      \
    do {                                                                                                               \
        __asm__ volatile("msr " name ", %x0" ::"rZ"((uint64_t)(value)) : "memory");                                    \
    } while (0)

static inline void barrier_isb(void)
{
    __asm__ volatile("isb" ::: "memory");
}

static inline void barrier_dsb(void)
{
    __asm__ volatile("dsb sy" ::: "memory");
}

static inline uint32_t read32(uint64_t address)
{
    uint32_t value;
    __asm__ volatile("ldr %w0, [%1]" : "=r"(value) : "r"(address) : "memory");
    return value;
}

static inline void write32(uint64_t address, uint32_t value)
{
    __asm__ volatile("str %w0, [%1]" ::"rZ"(value), "r"(address) : "memory");
}

static inline uint64_t read64(uint64_t address)
{
    uint64_t value;
    __asm__ volatile("ldr %0, [%1]" : "=r"(value) : "r"(address) : "memory");
    return value;
}

static inline void write64(uint64_t address, uint64_t value)
{
    __asm__ volatile("str %x0, [%1]" ::"rZ"(value), "r"(address) : "memory");
}

static inline uint32_t read8(uint64_t address)
{
    uint32_t value;
    __asm__ volatile("ldrb %w0, [%1]" : "=r"(value) : "r"(address) : "memory");
    return value;
}

static inline void write8(uint64_t address, uint32_t value)
{
    __asm__ volatile("strb %w0, [%1]" ::"rZ"(value), "r"(address) : "memory");
}

static inline struct cpu *cpu_this(void)
{
    struct cpu *cpu;
    __asm__("mrs %0, TPIDR_EL1" : "=r"(cpu));
    return cpu;
}

static inline void irq_enable(void)
{
    __asm__ volatile("msr DAIFClr, #2" ::: "memory");
}

static inline void irq_disable(void)
{
    __asm__ volatile("msr DAIFSet, #2" ::: "memory");
}

static inline void wfi(void)
{
    __asm__ volatile("dsb sy\n\twfi" ::: "memory");
}

/* ---- guest_print.c: the PL011, polled; only one CPU at a time ---- */

/* %s %c %d %u %x %lx %lu %%, with a width and zeros: %08x, %016lx. */
void print(const char *format, ...) __attribute__((format(printf, 1, 2)));
void *memset(void *to, int byte, unsigned long size);
void *memcpy(void *restrict to, const void *restrict from, unsigned long size);
bool text_equal(const char *a, const char *b);

/* ---- guest_tap.c: boot CPU only ---- */

/* One line of TAP; returns good. */
bool ok(bool good, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* As ok, and prints both where they differ. */
bool is(uint64_t found, uint64_t expected, const char *format, ...) __attribute__((format(printf, 3, 4)));
void skip(const char *reason, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The plan, "1..N"; lines count from 1 again. */
void tap_plan(void);
/* The plan, then PSCI SYSTEM_OFF. */
void finish(void) __attribute__((noreturn));
/* A line that begins with "Bail out!", then PSCI SYSTEM_OFF. Any CPU. */
void bail_out(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

/* ---- guest_exception.c ---- */

#define EC_UNKNOWN 0x00U
#define EC_SVE 0x19U
#define EC_SME 0x1DU
#define EC_DATA_ABORT 0x25U
#define EC_BREAKPOINT 0x31U
#define EC_STEP 0x33U
#define EC_WATCHPOINT 0x35U
#define EC_BRK 0x3CU
#define DFSC_EXTERNAL 0x10U
#define DFSC_ALIGNMENT 0x21U

/* From here on exceptions of this CPU are expected; expect_end gives how many came, *seen the last of them. */
void expect_begin(void);
uint32_t expect_end(struct expected *seen);

static inline uint32_t esr_ec(uint64_t esr)
{
    return (uint32_t)(esr >> 26) & 0x3FU;
}

static inline uint32_t esr_dfsc(uint64_t esr)
{
    return (uint32_t)esr & 0x3FU;
}

/* How many exceptions one statement took. */
#define EXPECT(seen, ...)                                                                                              \
    ({                                                                                                                 \
        expect_begin();                                                                                                \
        __VA_ARGS__;                                                                                                   \
        expect_end(seen);                                                                                              \
    })

/* ---- guest_mmu.c ---- */

/*
 * Identity map: the first GiB Device-nGnRE, the next 7 Normal write-back. MMU_ALIAS + n is the first GiB again as Normal
 * non-cacheable, for accesses that Device memory does not allow. CPUs started later come with the MMU on, too.
 */
#define MMU_ALIAS 0x4000000000UL
void mmu_enable(void);

/* ---- guest_psci.c ---- */

#define PSCI_VERSION 0x84000000U
#define PSCI_CPU_SUSPEND 0xC4000001U
#define PSCI_CPU_OFF 0x84000002U
#define PSCI_CPU_ON 0xC4000003U
#define PSCI_AFFINITY_INFO 0xC4000004U
#define PSCI_MIGRATE_INFO_TYPE 0x84000006U
#define PSCI_SYSTEM_OFF 0x84000008U
#define PSCI_SYSTEM_RESET 0x84000009U
#define PSCI_FEATURES 0x8400000AU
#define PSCI_SYSTEM_RESET2 0xC4000012U
#define SMCCC_VERSION 0x80000000U
#define SMCCC_ARCH_FEATURES 0x80000001U

#define PSCI_NOT_SUPPORTED (-1)
#define PSCI_INVALID_PARAMETERS (-2)
#define PSCI_ALREADY_ON (-4)
#define PSCI_ON_PENDING (-5)
#define PSCI_INVALID_ADDRESS (-9)

struct smccc {
    uint64_t x[18];
};

/* HVC #0 or SMC #0 with all of x0..x17 in and out. */
void smccc_hvc(struct smccc *registers);
void smccc_smc(struct smccc *registers);
/* By HVC: what x0 was afterwards. */
int64_t psci(uint32_t function, uint64_t x1, uint64_t x2, uint64_t x3);
/* Is this Ashlar (by the UID of its hypervisor service) or a machine of QEMU without it? */
bool guest_on_ashlar(void);

/* ---- guest_smp.c ---- */

/* CPUs that the device tree has. */
uint32_t cpu_count(void);
/* The affinity fields of CPU number index: 16 to an Aff1. */
uint64_t cpu_affinity(uint32_t index);
/* Starts a CPU at run; it switches itself off when run returns. PSCI's answer. */
int64_t cpu_start(uint32_t index, void (*run)(struct cpu *cpu));
/* Until its run returned and PSCI says that it is off; false after a time-out. */
bool cpu_wait_off(uint32_t index);
/* From guest_start.S. */
void guest_secondary(void);
void cpu_main(struct cpu *cpu) __attribute__((noreturn));

struct spinlock {
    volatile uint32_t held;
};
void spin_lock(struct spinlock *lock);
void spin_unlock(struct spinlock *lock);
uint64_t atomic_add(volatile uint64_t *to, uint64_t value);

/* ---- guest_timer.c ---- */

#define TIMER_VIRTUAL_INTID 27U
#define TIMER_PHYSICAL_INTID 30U

/* Now, by the virtual counter; and its frequency in Hz. */
uint64_t counter(void);
uint64_t counter_frequency(void);
uint64_t counter_of_us(uint64_t microseconds);
/* Spins. */
void delay_us(uint64_t microseconds);

/* Waits for a condition, at most 20 s, in which a loaded host may well let a second pass; true when it came. */
#define WAIT_FOR(condition)                                                                                            \
    ({                                                                                                                 \
        uint64_t wait_end = counter() + 20U * counter_frequency();                                                     \
        while (!(condition) && counter() < wait_end)                                                                   \
            __asm__ volatile("yield" ::: "memory");                                                                    \
        (condition);                                                                                                   \
    })

/* ---- guest_gic.c: GICv3 with affinity routing, everything in Group 1 ---- */

#define GICD_CTLR 0x0000U
#define GICD_TYPER 0x0004U
#define GICD_IIDR 0x0008U
#define GICD_IGROUPR 0x0080U
#define GICD_ISENABLER 0x0100U
#define GICD_ICENABLER 0x0180U
#define GICD_ISPENDR 0x0200U
#define GICD_ICPENDR 0x0280U
#define GICD_ISACTIVER 0x0300U
#define GICD_ICACTIVER 0x0380U
#define GICD_IPRIORITY 0x0400U
#define GICD_ICFGR 0x0C00U
#define GICD_IROUTER 0x6000U
#define GICD_PIDR2 0xFFE8U
#define GICR_CTLR 0x0000U
#define GICR_TYPER 0x0008U
#define GICR_WAKER 0x0014U
#define GICR_PIDR2 0xFFE8U

/* Distributor; boot CPU, once. */
void gic_init(void);
/* This CPU's redistributor and CPU interface; PMR open, priority of everything 0xA0, nothing enabled. */
void gic_init_cpu(void);
void gic_enable(uint32_t intid);
void gic_disable(uint32_t intid);
void gic_set_priority(uint32_t intid, uint32_t priority);
void gic_set_pending(uint32_t intid);
void gic_clear_pending(uint32_t intid);
void gic_clear_active(uint32_t intid);
bool gic_is_pending(uint32_t intid);
bool gic_is_active(uint32_t intid);
void gic_set_edge(uint32_t intid, bool edge);
/* SPI to the CPU of that index. */
void gic_route(uint32_t intid, uint32_t index);
/* An SGI to one CPU, or to all others. */
void gic_sgi(uint32_t intid, uint32_t index);
void gic_sgi_others(uint32_t intid);
uint32_t gic_acknowledge(void);
void gic_end(uint32_t intid);
/* Address of the register with one bit per interrupt: base is the one of INTID 0..31. */
uint64_t gic_bit_register(uint32_t base, uint32_t intid);

/* ---- guest_fdt.c: just enough of the Devicetree Specification 0.4, chapter 5 ---- */

/* The tree's address, or 0 when it is damaged. */
uint64_t fdt_check(uint64_t address);
uint32_t fdt_size(uint64_t address);
/*
 * The property of the first node whose path matches ("/memory@40000000", "/cpus/cpu@1"), or, where the path ends in '@', of the first
 * node whose name begins so. NULL, or its value with *size bytes.
 */
const uint8_t *fdt_property(uint64_t address, const char *path, const char *property, uint32_t *size);
/* The property of the first node that says it is compatible; NULL, or its value with *size bytes. */
const uint8_t *fdt_compatible(uint64_t address, const char *compatible, const char *property, uint32_t *size);
/* Nodes below path whose name begins with prefix. */
uint32_t fdt_count(uint64_t address, const char *path, const char *prefix);
uint32_t fdt_u32(const uint8_t *cell);
uint64_t fdt_u64(const uint8_t *cells);
/* The number that stands behind "NAME=" in the boot arguments; otherwise, where it does not. */
uint64_t fdt_argument(uint64_t address, const char *name, uint64_t otherwise);

/* ---- guest_state.S: FP/SIMD (CPACR_EL1 open), thread and context registers; keys of pointer authentication. check: registers that differ ---- */

void state_fill(uint64_t seed);
uint64_t state_check(uint64_t seed);
void keys_fill(uint64_t seed);
uint64_t keys_check(uint64_t seed);
