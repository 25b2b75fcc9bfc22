/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a guest may not do, and what it gets for it: every case ends in an architectural exception or an error code, and the guest
 * goes on. On a bare machine what only a hypervisor hides is skipped.
 */
#include "guest.h"

#define HOLE 0x0B000000UL /* nothing of QEMU's virt board, nothing of ours */
#define FAR_HOLE 0xF00000000UL
#define SPSR_EL1H 0x3C5U

static bool ashlar;
static struct expected seen;

/* One synchronous external abort at address, taken to the vector of vector. */
static void is_abort(uint32_t count, uint64_t address, const char *what)
{
    bool good = count == 1U && esr_ec(seen.esr) == EC_DATA_ABORT && esr_dfsc(seen.esr) == DFSC_EXTERNAL &&
                seen.far == address && (seen.esr >> 25 & 1U) == 1U;
    if (!ok(good, "%s at %lx: one synchronous external abort", what, address)) {
        print("# %u exceptions, ESR %lx FAR %lx\n", count, seen.esr, seen.far);
    }
}

static void check_hole(uint64_t address)
{
    uint64_t value = 0x5A5A;
    is_abort(EXPECT(&seen, __asm__ volatile("ldr %0, [%1]"
                                            : "+r"(value)
                                            : "r"(address)
                                            : "memory")),
             address, "LDR Xt");
    is(value, 0x5A5A, "the register is as it was");
    is(seen.esr >> 6 & 1U, 0, "WnR says read");
    is(seen.vector, 4, "the vector of EL1 itself");
    is(seen.spsr & 0x3CFU, SPSR_EL1H, "SPSR_EL1 has mode and masks");
    is_abort(EXPECT(&seen, (void)read32(address + 4U)), address + 4U, "LDR Wt");
    is_abort(EXPECT(&seen, __asm__ volatile("ldrh %w0, [%1]"
                                            : "=r"(value)
                                            : "r"(address + 2U)
                                            : "memory")),
             address + 2U, "LDRH");
    is_abort(EXPECT(&seen, (void)read8(address + 1U)), address + 1U, "LDRB");
    is_abort(EXPECT(&seen, write64(address, 1)), address, "STR Xt");
    is(seen.esr >> 6 & 1U, 1, "WnR says write");
    is_abort(EXPECT(&seen, write32(address, 1)), address, "STR Wt");
    is_abort(EXPECT(&seen, write8(address + 3U, 1)), address + 3U, "STRB");
    is_abort(EXPECT(&seen, __asm__ volatile("ldp x9, xzr, [%0]" ::"r"(address) : "x9", "memory")), address, "LDP");
    is_abort(EXPECT(&seen, __asm__ volatile("ldr xzr, [%0], #8"
                                            : "+r"(address)::"memory")),
             address, "LDR with write-back");
    is_abort(EXPECT(&seen, __asm__ volatile("ldaxr %0, [%1]"
                                            : "=&r"(value)
                                            : "r"(address)
                                            : "memory")),
             address, "LDAXR");
}

static uint64_t memory_end(void)
{
    uint32_t bytes;
    const uint8_t *reg = fdt_property(guest_entry.x[0], "/memory@40000000", "reg", &bytes);
    return reg == NULL ? RAM_BASE + 0x4000000U : fdt_u64(reg) + fdt_u64(reg + 8);
}

/* A branch to nowhere: the handler goes back to the caller. */
static bool return_to_caller(struct cpu *cpu, struct frame *frame)
{
    cpu->expected.count++;
    cpu->expected.esr = frame->esr;
    cpu->expected.far = frame->far;
    frame->elr = frame->x[30];
    return true;
}

static void check_fetch(uint64_t address)
{
    struct cpu *cpu = cpu_this();
    cpu->sync = return_to_caller;
    uint32_t count = EXPECT(&seen, __asm__ volatile("blr %0" ::"r"(address) : "x30", "memory"));
    cpu->sync = NULL;
    ok(count == 1U && esr_ec(seen.esr) == 0x21U && esr_dfsc(seen.esr) == DFSC_EXTERNAL && seen.far == address,
       "an instruction fetch at %lx: one external abort (ESR %lx FAR %lx)", address, seen.esr, seen.far);
}

/* The vector depends on the level and the stack pointer. */
static void check_vectors(void)
{
    expect_begin();
    __asm__ volatile("msr SPSel, #0\n\tldr xzr, [%0]\n\tmsr SPSel, #1" ::"r"(HOLE) : "memory");
    is_abort(expect_end(&seen), HOLE, "with SP_EL0");
    is(seen.vector, 0, "taken to the vector of EL1 with SP_EL0");
}

/* Of EL0: the abort is recorded and skipped, the SVC behind it comes back here at EL1. */
static struct expected lower;

static bool from_el0(struct cpu *cpu, struct frame *frame)
{
    (void)cpu;
    if (esr_ec(frame->esr) == 0x15U) {
        frame->spsr = SPSR_EL1H;
        return true;
    }
    lower = (struct expected){.count = lower.count + 1U, .esr = frame->esr, .far = frame->far, .spsr = frame->spsr};
    frame->elr += 4;
    return true;
}

static void check_el0(void)
{
    struct cpu *cpu = cpu_this();
    cpu->sync = from_el0;
    lower.count = 0;
    __asm__ volatile("adr x9, 1f\n\tmsr ELR_EL1, x9\n\tmov x9, #0x3c0\n\tmsr SPSR_EL1, x9\n\tisb\n\teret\n"
                     "1: ldr xzr, [%0]\n\t"
                     "svc #7" ::"r"(HOLE)
                     : "memory", "x9");
    cpu->sync = NULL;
    ok(lower.count == 1U && esr_ec(lower.esr) == 0x24U && esr_dfsc(lower.esr) == DFSC_EXTERNAL && lower.far == HOLE,
       "an access of EL0: one external abort from a lower level (ESR %lx)", lower.esr);
    is(lower.spsr & 0xFU, 0, "SPSR_EL1 says EL0");
}

/* ---- system registers ---- */

#define IS_UNDEFINED(name, what)                                                                                       \
    do {                                                                                                               \
        uint32_t undefined_count = EXPECT(&seen, (void)SYSREG_READ(name));                                             \
        ok(undefined_count == 1U && esr_ec(seen.esr) == EC_UNKNOWN, "%s is UNDEFINED (%u, ESR %lx)", what,             \
           undefined_count, seen.esr);                                                                                 \
    } while (0)

#define WRITE_IS_UNDEFINED(name, what)                                                                                 \
    do {                                                                                                               \
        uint32_t undefined_count = EXPECT(&seen, SYSREG_WRITE(name, 0));                                               \
        ok(undefined_count == 1U && esr_ec(seen.esr) == EC_UNKNOWN, "a write of %s is UNDEFINED (%u, ESR %lx)", what,  \
           undefined_count, seen.esr);                                                                                 \
    } while (0)

static void check_registers(void)
{
    IS_UNDEFINED("S3_0_C5_C7_7", "an unallocated register");
    WRITE_IS_UNDEFINED("S3_0_C5_C7_7", "an unallocated register");
    IS_UNDEFINED("S3_4_C1_C1_0", "HCR_EL2");
    WRITE_IS_UNDEFINED("S3_4_C2_C1_0", "VTTBR_EL2");
    WRITE_IS_UNDEFINED("S3_0_C0_C0_0", "MIDR_EL1");
    IS_UNDEFINED("S3_6_C1_C1_0", "SCR_EL3");
    if (!ashlar) {
        skip("bare", "registers that the hypervisor hides");
        return;
    }
    IS_UNDEFINED("S3_0_C15_C9_7", "an IMPLEMENTATION DEFINED register");
    WRITE_IS_UNDEFINED("S3_0_C15_C9_7", "an IMPLEMENTATION DEFINED register");
    IS_UNDEFINED("S3_1_C15_C2_0", "CPUACTLR_EL1");
    IS_UNDEFINED("S3_1_C11_C0_2", "L2CTLR_EL1");
    IS_UNDEFINED("S3_3_C9_C12_0", "PMCR_EL0");
    WRITE_IS_UNDEFINED("S3_3_C9_C12_0", "PMCR_EL0");
    IS_UNDEFINED("S3_3_C9_C13_0", "PMCCNTR_EL0");
    IS_UNDEFINED("S3_3_C14_C15_7", "PMCCFILTR_EL0");
    IS_UNDEFINED("S3_0_C9_C9_0", "PMSCR_EL1");
    IS_UNDEFINED("S3_0_C9_C11_0", "TRBLIMITR_EL1");
    IS_UNDEFINED("S3_3_C13_C2_0", "AMCR_EL0");
    IS_UNDEFINED("S3_0_C10_C5_0", "MPAM1_EL1");
    IS_UNDEFINED("S3_0_C1_C0_6", "GCR_EL1");
}

/* SVE goes to EL1 by itself while CPACR_EL1.ZEN is 0 (EC 0x19); with ZEN open it is the hypervisor's. */
static void check_sve(void)
{
    uint64_t cpacr = SYSREG_READ("CPACR_EL1");
    uint32_t count = EXPECT(&seen, __asm__ volatile(".inst 0x04bf5020" ::: "x0"));
    uint32_t ec = esr_ec(seen.esr);
    ok(count == 1U && (ec == EC_SVE || ec == EC_UNKNOWN), "RDVL with ZEN = 0: EC 0x19 or 0x00 (%x)", ec);
    count = EXPECT(&seen, __asm__ volatile(".inst 0x04bf5820" ::: "x0"));
    ec = esr_ec(seen.esr);
    ok(count == 1U && (ec == EC_SME || ec == EC_UNKNOWN), "RDSVL with SMEN = 0: EC 0x1D or 0x00 (%x)", ec);
    if (!ashlar) {
        skip("bare", "SVE and SME with CPACR_EL1 open");
        return;
    }
    SYSREG_WRITE("CPACR_EL1", cpacr | 3UL << 16 | 3UL << 20 | 3UL << 24);
    barrier_isb();
    count = EXPECT(&seen, __asm__ volatile(".inst 0x04bf5020" ::: "x0"));
    ok(count == 1U && esr_ec(seen.esr) == EC_UNKNOWN, "RDVL with ZEN = 3 is UNDEFINED (%u, ESR %lx)", count, seen.esr);
    count = EXPECT(&seen, __asm__ volatile(".inst 0x04bf5820" ::: "x0"));
    ok(count == 1U && esr_ec(seen.esr) == EC_UNKNOWN, "RDSVL with SMEN = 3 is UNDEFINED (%u, ESR %lx)", count,
       seen.esr);
    count = EXPECT(&seen, __asm__ volatile(".inst 0xd503477f" :::));
    ok(count == 1U && esr_ec(seen.esr) == EC_UNKNOWN, "SMSTART is UNDEFINED (%u, ESR %lx)", count, seen.esr);
    IS_UNDEFINED("S3_0_C1_C2_0", "ZCR_EL1");
    IS_UNDEFINED("S3_0_C1_C2_6", "SMCR_EL1");
    SYSREG_WRITE("CPACR_EL1", cpacr);
    barrier_isb();
}

static void check_field(uint64_t value, unsigned shift, const char *name)
{
    uint64_t field = value >> shift & 0xFU;
    ok(field == 0U || (field == 0xFU && shift == 8U), "%s is hidden (%lx)", name, field);
}

static void check_identification(void)
{
    if (!ashlar) {
        skip("bare", "hidden fields of the ID registers");
        return;
    }
    uint64_t pfr0 = SYSREG_READ("ID_AA64PFR0_EL1");
    uint64_t pfr1 = SYSREG_READ("ID_AA64PFR1_EL1");
    uint64_t dfr0 = SYSREG_READ("ID_AA64DFR0_EL1");
    print("# PFR0 %lx PFR1 %lx DFR0 %lx ISAR1 %lx MMFR1 %lx MMFR2 %lx\n", pfr0, pfr1, dfr0,
          SYSREG_READ("ID_AA64ISAR1_EL1"), SYSREG_READ("ID_AA64MMFR1_EL1"), SYSREG_READ("S3_0_C0_C7_2"));
    check_field(pfr0, 32, "ID_AA64PFR0_EL1.SVE");
    check_field(pfr0, 40, "ID_AA64PFR0_EL1.MPAM");
    check_field(pfr0, 44, "ID_AA64PFR0_EL1.AMU");
    check_field(pfr1, 8, "ID_AA64PFR1_EL1.MTE");
    check_field(pfr1, 24, "ID_AA64PFR1_EL1.SME");
    check_field(dfr0, 8, "ID_AA64DFR0_EL1.PMUVer");
    check_field(dfr0, 4, "ID_AA64DFR0_EL1.TraceVer");
    check_field(dfr0, 32, "ID_AA64DFR0_EL1.PMSVer");
    check_field(dfr0, 44, "ID_AA64DFR0_EL1.TraceBuffer");
    is(SYSREG_READ("S3_0_C0_C4_4"), 0, "ID_AA64ZFR0_EL1 is 0");
    is(SYSREG_READ("S3_0_C0_C4_5"), 0, "ID_AA64SMFR0_EL1 is 0");
    is(pfr0 >> 24 & 0xFU, 1, "ID_AA64PFR0_EL1.GIC says system registers");
    is(pfr0 >> 4 & 0xFU, 1, "ID_AA64PFR0_EL1: EL1 is AArch64 only");
}

/* ---- calls ---- */

static bool call_is_unknown(void (*conduit)(struct smccc *), uint64_t function)
{
    struct smccc call = {.x = {function}};
    for (uint64_t i = 4; i < 18U; i++) {
        call.x[i] = i * 0x0101010101010101UL;
    }
    conduit(&call);
    bool kept = true;
    for (uint64_t i = 4; i < 18U; i++) {
        kept = kept && call.x[i] == i * 0x0101010101010101UL;
    }
    return kept && (int32_t)call.x[0] == -1;
}

static void check_calls(void)
{
    static const uint64_t functions[] = {
        0x84001234U, 0xC4000FFFU, 0x86001111U, 0x0U,        0xFFFFFFFFU,
        0xBF00FF00U, 0x80001111U, 0xC2000000U, 0x83000000U, 0x1234567884000000U | 0x100U};
    for (unsigned i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {
        ok(call_is_unknown(smccc_hvc, functions[i]), "HVC %lx: NOT_SUPPORTED, x4 to x17 kept", functions[i]);
    }
    for (unsigned i = 0; ashlar && i < sizeof(functions) / sizeof(functions[0]); i++) {
        ok(call_is_unknown(smccc_smc, functions[i]), "SMC %lx: NOT_SUPPORTED, x4 to x17 kept", functions[i]);
    }
    register uint64_t x0 __asm__("x0") = 0x84001234U;
    uint32_t count = EXPECT(&seen, __asm__ volatile("hvc #0x1234" : "+r"(x0)::"x1", "x2", "x3", "memory"));
    ok((count == 0U && (int32_t)x0 == -1) || (count == 1U && esr_ec(seen.esr) == EC_UNKNOWN),
       "HVC #0x1234: NOT_SUPPORTED or UNDEFINED (%u, %lx)", count, x0);
    x0 = 0x84001234U;
    count = EXPECT(&seen, __asm__ volatile("smc #5" : "+r"(x0)::"x1", "x2", "x3", "memory"));
    ok((count == 0U && (int32_t)x0 == -1) || (count == 1U && esr_ec(seen.esr) == EC_UNKNOWN),
       "SMC #5: NOT_SUPPORTED or UNDEFINED (%u, %lx)", count, x0);
}

/* ---- EL1's own ---- */

static void check_own(void)
{
    uint32_t count = EXPECT(&seen, __asm__ volatile("brk #0x42"));
    ok(count == 1U && esr_ec(seen.esr) == EC_BRK && (seen.esr & 0xFFFFU) == 0x42U, "BRK (ESR %lx)", seen.esr);
    count = EXPECT(&seen, __asm__ volatile(".inst 0x00000000"));
    ok(count == 1U && esr_ec(seen.esr) == EC_UNKNOWN, "UDF (ESR %lx)", seen.esr);
    count = EXPECT(&seen, __asm__ volatile("hlt #0"));
    ok(count == 1U && esr_ec(seen.esr) == EC_UNKNOWN, "HLT without an external debugger (ESR %lx)", seen.esr);
}

/* ---- devices in ways that they do not expect ---- */

#define UART_REGISTER (UART_BASE + 0x24U)

static void check_unaligned(void)
{
    uint64_t address = UART_REGISTER + 2U;
    uint32_t count = EXPECT(&seen, (void)read32(address));
    ok(count == 1U && esr_ec(seen.esr) == EC_DATA_ABORT &&
           (esr_dfsc(seen.esr) == DFSC_ALIGNMENT || (ashlar && esr_dfsc(seen.esr) == DFSC_EXTERNAL)) &&
           seen.far == address,
       "an unaligned access to Device memory: an alignment fault, or an abort of stage 2 that came first (%u, ESR %lx "
       "FAR %lx)",
       count, seen.esr, seen.far);
}

/* Forms without a syndrome (DDI 0487, ISS of a Data Abort, ISV): what a device can't serve is an abort, nothing is half done. */
static void check_odd_forms(void)
{
    uint64_t at = UART_REGISTER;
    uint64_t value = 0x77;
    if (!ashlar) {
        skip("bare", "accesses to a device without a syndrome");
        return;
    }
    is_abort(EXPECT(&seen, __asm__ volatile("ldp %w0, wzr, [%1]"
                                            : "+r"(value)
                                            : "r"(at)
                                            : "memory")),
             at, "LDP of a device");
    is(value, 0x77, "the register is as it was");
    is_abort(EXPECT(&seen, __asm__ volatile("stp wzr, wzr, [%0]" ::"r"(at) : "memory")), at, "STP to a device");
    is_abort(EXPECT(&seen, __asm__ volatile("ldr %w0, [%1], #4"
                                            : "+r"(value), "+r"(at)::"memory")),
             at, "LDR of a device with write-back");
    is(at, UART_REGISTER, "the base register is as it was");
    is_abort(EXPECT(&seen, __asm__ volatile("ldxr %w0, [%1]"
                                            : "+r"(value)
                                            : "r"(at)
                                            : "memory")),
             at, "LDXR of a device");
}

static void sweep(const char *name, uint64_t base, uint64_t size, uint64_t step)
{
    uint32_t aborts = 0;
    uint32_t others = 0;
    uint32_t reads = 0;
    for (uint64_t offset = 0; offset < size; offset += step) {
        uint64_t value;
        uint64_t at = base + offset;
        aborts += EXPECT(&seen, (void)read8(at));
        others += seen.count != 0U && esr_dfsc(seen.esr) != DFSC_EXTERNAL;
        aborts += EXPECT(&seen, __asm__ volatile("ldrh %w0, [%1]" : "=r"(value) : "r"(at) : "memory"));
        others += seen.count != 0U && esr_dfsc(seen.esr) != DFSC_EXTERNAL;
        aborts += EXPECT(&seen, (void)read32(at));
        others += seen.count != 0U && esr_dfsc(seen.esr) != DFSC_EXTERNAL;
        aborts += at % 8U == 0U ? EXPECT(&seen, (void)read64(at)) : 0U;
        others += seen.count != 0U && esr_dfsc(seen.esr) != DFSC_EXTERNAL;
        reads += at % 8U == 0U ? 4U : 3U;
    }
    is(others, 0, "%s: %u reads of every size, %u aborts, nothing else", name, reads, aborts);
}

/* Through Normal memory unaligned accesses get past stage 1; the device must cope. */
static void sweep_unaligned(const char *name, uint64_t base, uint64_t size)
{
    uint32_t exceptions = 0;
    for (uint64_t offset = 0; offset < size; offset += 13U) {
        exceptions += EXPECT(&seen, (void)read64(MMU_ALIAS + base + offset));
        exceptions += EXPECT(&seen, (void)read32(MMU_ALIAS + base + offset));
    }
    ok(true, "%s: unaligned reads end (%u exceptions)", name, exceptions);
}

static void write_everywhere(const char *name, uint64_t base, uint64_t size, uint64_t step)
{
    uint32_t exceptions = 0;
    for (uint64_t offset = 0; offset < size; offset += step) {
        exceptions += EXPECT(&seen, write8(base + offset, 0xFF));
        exceptions += EXPECT(&seen, write32(base + offset, 0xFFFFFFFFU));
        exceptions += (base + offset) % 8U == 0U ? EXPECT(&seen, write64(base + offset, ~0UL)) : 0U;
    }
    ok(true, "%s: writes of ones everywhere end (%u exceptions)", name, exceptions);
}

static void check_sweeps(void)
{
    sweep("GICD", GICD_BASE, 0x10000, 4);
    sweep("GICR", GICR_BASE, GICR_STRIDE, 4);
    sweep("PL011", UART_BASE, 0x1000, 4);
    sweep("PL031", RTC_BASE, 0x1000, 4);
    sweep("PL061", GPIO_BASE, 0x1000, 4);
    mmu_enable();
    sweep_unaligned("GICD", GICD_BASE, 0x10000);
    sweep_unaligned("GICR", GICR_BASE, GICR_STRIDE);
    sweep_unaligned("PL011", UART_BASE, 0x1000);
    sweep_unaligned("PL031", RTC_BASE, 0x1000);
    sweep_unaligned("PL061", GPIO_BASE, 0x1000);
    write_everywhere("GICD", GICD_BASE, 0x10000, 4);
    write_everywhere("GICR", GICR_BASE, GICR_STRIDE, 4);
    write_everywhere("PL031", RTC_BASE, 0x1000, 4);
    write_everywhere("PL061", GPIO_BASE, 0x1000, 4);
}

void guest_main(void)
{
    ashlar = guest_on_ashlar();
    check_hole(HOLE);
    check_hole(FAR_HOLE);
    check_hole(memory_end());
    check_fetch(HOLE);
    check_fetch(memory_end());
    check_vectors();
    check_el0();
    check_registers();
    check_sve();
    check_identification();
    check_calls();
    check_own();
    check_unaligned();
    check_odd_forms();
    check_sweeps();
}
