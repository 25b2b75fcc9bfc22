/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The instructions that the loader needs, one function each (DDI 0487, chapters C5 and D23). Registers that the
 * assembler of clang 14 does not know by name are written S<op0>_<op1>_<Cn>_<Cm>_<op2>.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define CPU_READ(name, reg)                                                                                            \
    static inline uint64_t cpu_read_##name(void)                                                                       \
    {                                                                                                                  \
        uint64_t value;                                                                                                \
        __asm__ volatile("mrs %0, " reg : "=r"(value));                                                                \
        return value;                                                                                                  \
    }

CPU_READ(currentel, "CurrentEL")
CPU_READ(hcr_el2, "HCR_EL2")
CPU_READ(sctlr_el2, "SCTLR_EL2")
CPU_READ(tcr_el2, "TCR_EL2")
CPU_READ(ttbr0_el2, "TTBR0_EL2")
CPU_READ(ctr_el0, "CTR_EL0")
CPU_READ(cntfrq_el0, "CNTFRQ_EL0")
CPU_READ(mpidr_el1, "MPIDR_EL1")
CPU_READ(midr_el1, "MIDR_EL1")
CPU_READ(id_aa64pfr0_el1, "ID_AA64PFR0_EL1")
CPU_READ(id_aa64mmfr0_el1, "ID_AA64MMFR0_EL1")
CPU_READ(id_aa64mmfr4_el1, "S3_0_C0_C7_4")
CPU_READ(par_el1, "PAR_EL1")

#undef CPU_READ

/* Not speculated ahead of what is before it (DDI 0487, "The physical counter": reads may be early without an ISB). */
static inline uint64_t cpu_read_counter(void)
{
    uint64_t value;

    __asm__ volatile("isb\n\tmrs %0, CNTPCT_EL0\n\tisb" : "=r"(value) : : "memory");
    return value;
}

/* Asks the live translation tables (AT S1E2R/W, or S1E1R/W at EL1) and says whether virtual = physical there. */
static inline bool cpu_identity_mapped(unsigned exception_level, uint64_t address, bool write)
{
    uint64_t par;

    if (exception_level == 2 && write) {
        __asm__ volatile("at s1e2w, %0" : : "r"(address) : "memory");
    } else if (exception_level == 2) {
        __asm__ volatile("at s1e2r, %0" : : "r"(address) : "memory");
    } else if (write) {
        __asm__ volatile("at s1e1w, %0" : : "r"(address) : "memory");
    } else {
        __asm__ volatile("at s1e1r, %0" : : "r"(address) : "memory");
    }
    __asm__ volatile("isb" : : : "memory");
    par = cpu_read_par_el1();
    return (par & 1U) == 0 && (par & 0x000ffffffffff000ULL) == (address & 0x000ffffffffff000ULL);
}

/*
 * Makes code that was just written visible to instruction fetch: DC CVAC over every line by CTR_EL0.DminLine, then the
 * instruction caches (DDI 0487, B2.7.4 "Ordering of cache maintenance" and D7.5.9, the self-modifying code sequence).
 * To the point of coherency, not only of unification, since the hypervisor executes its first instructions with the
 * MMU off. CTR_EL0.IDC and DIC would allow less; this is done once.
 */
static inline void cpu_sync_code(uint64_t base, uint64_t size)
{
    uint64_t line = 4ULL << ((cpu_read_ctr_el0() >> 16) & 15U);

    for (uint64_t at = base & ~(line - 1U); at < base + size; at += line) {
        __asm__ volatile("dc cvac, %0" : : "r"(at) : "memory");
    }
    __asm__ volatile("dsb sy\n\tic iallu\n\tdsb sy\n\tisb" : : : "memory");
}

/*
 * DC CVAC or DC CIVAC over [base, base + size), to the point of coherency, complete on return (DDI 0487, D7.5.9): what a
 * page-table walk or a CPU with its MMU off reads, which may look past the caches.
 */
static inline void cpu_clean(uint64_t base, uint64_t size)
{
    uint64_t line = 4ULL << ((cpu_read_ctr_el0() >> 16) & 15U);

    for (uint64_t at = base & ~(line - 1U); at < base + size; at += line) {
        __asm__ volatile("dc cvac, %0" : : "r"(at) : "memory");
    }
    __asm__ volatile("dsb sy" : : : "memory");
}

static inline void cpu_clean_invalidate(uint64_t base, uint64_t size)
{
    uint64_t line = 4ULL << ((cpu_read_ctr_el0() >> 16) & 15U);

    __asm__ volatile("dsb sy" : : : "memory");
    for (uint64_t at = base & ~(line - 1U); at < base + size; at += line) {
        __asm__ volatile("dc civac, %0" : : "r"(at) : "memory");
    }
    __asm__ volatile("dsb sy" : : : "memory");
}

/* DSB first: what was written is seen by whoever wakes. */
static inline void cpu_send_event(void)
{
    __asm__ volatile("dsb sy\n\tsev" : : : "memory");
}

static inline void cpu_yield(void)
{
    __asm__ volatile("yield" : : : "memory");
}

/* SMCCC 1.0 (DEN 0028, 2.5): x4 to x17 may change. */
static inline uint64_t cpu_smc(uint64_t function, uint64_t a1, uint64_t a2, uint64_t a3)
{
    register uint64_t x0 __asm__("x0") = function;
    register uint64_t x1 __asm__("x1") = a1;
    register uint64_t x2 __asm__("x2") = a2;
    register uint64_t x3 __asm__("x3") = a3;

    __asm__ volatile("smc #0"
                     : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)
                     :
                     : "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16", "x17",
                       "memory", "cc");
    return x0;
}

static inline void cpu_mask_interrupts(void)
{
    __asm__ volatile("msr daifset, #15\n\tisb" : : : "memory");
}

static inline _Noreturn void cpu_jump(uint64_t entry, const void *argument)
{
    register uint64_t x16 __asm__("x16") = entry;
    register const void *x0 __asm__("x0") = argument;

    __asm__ volatile("br x16" : : "r"(x16), "r"(x0) : "memory");
    __builtin_unreachable();
}
