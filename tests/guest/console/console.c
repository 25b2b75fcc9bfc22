/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The PL011 in both directions by interrupt, and the machine's reset. Driven by tests/qemu/console.t through the console: a line
 * is echoed with its length; "reset" and "reset2" dirty everything and reset, "crash" and
 * "cpus-off" leave no CPU that gets on, "off" ends. Each boot is one run of TAP that looks
 * at what a reset has to put back. Wants 2 CPUs.
 */
#include "guest.h"

#define UART_DR UART_BASE
#define UART_FR (UART_BASE + 0x18U)
#define UART_LCRH (UART_BASE + 0x2CU)
#define UART_CR (UART_BASE + 0x30U)
#define UART_IFLS (UART_BASE + 0x34U)
#define UART_IMSC (UART_BASE + 0x38U)
#define UART_MIS (UART_BASE + 0x40U)
#define UART_ICR (UART_BASE + 0x44U)
#define FR_RXFE (1U << 4)
#define LCRH_FEN (1U << 4)
#define RXI (1U << 4)
#define RTI (1U << 6)
#define SPI_UART 33U
#define SPI_DIRTY 60U
#define WORD 0x43000000UL
#define MARK 0x5EC0ADB007UL
#define LINE_MAX 1024U

static char line[LINE_MAX];
static volatile uint32_t length;
static volatile bool whole;
static volatile uint32_t interrupts;

static void on_uart(struct cpu *cpu, uint32_t intid)
{
    (void)cpu;
    if (intid != SPI_UART) {
        return;
    }
    interrupts++;
    write32(UART_ICR, RXI | RTI);
    while ((read32(UART_FR) & FR_RXFE) == 0U) {
        char character = (char)read32(UART_DR);
        if (character == '\n' || character == '\r') {
            whole = length > 0U;
        } else if (length < LINE_MAX - 1U) {
            line[length++] = character;
        }
    }
}

static bool read_line(void)
{
    uint64_t end = counter() + 60U * counter_frequency();
    length = 0;
    whole = false;
    SYSREG_WRITE("CNTV_CVAL_EL0", end);
    SYSREG_WRITE("CNTV_CTL_EL0", 1);
    gic_enable(TIMER_VIRTUAL_INTID);
    while (!whole && counter() < end) {
        irq_disable();
        if (!whole) {
            wfi();
        }
        irq_enable();
        barrier_isb();
    }
    irq_disable();
    SYSREG_WRITE("CNTV_CTL_EL0", 0);
    line[length] = '\0';
    return whole;
}

/* Longest sequence of characters that follow each other in the alphabet from '0' on: what a driver sends to see a loss. */
static uint32_t in_order(void)
{
    uint32_t good = 1;
    for (uint32_t i = 1; i < length; i++) {
        char next = line[i - 1U] == 'z' ? '0' : (char)(line[i - 1U] + 1);
        good += line[i] == next;
    }
    return good;
}

static void check_boot(void)
{
    is(guest_entry.current_el >> 2, 1, "EL1");
    is(guest_entry.daif, 0x3C0, "D, A, I and F are masked");
    is(guest_entry.sctlr & 0x1005U, 0, "MMU and caches are off");
    ok(fdt_check(guest_entry.x[0]) != 0U, "x0 points to a device tree");
    if (guest_on_ashlar()) {
        is(read64(WORD), 0, "RAM is cleared");
    } else {
        skip("bare", "RAM is cleared");
    }
    is((uint64_t)psci(PSCI_AFFINITY_INFO, cpu_affinity(1), 0, 0), 1, "CPU 1 is off");
    is(read32(UART_IMSC), 0, "PL011: no interrupt is unmasked");
    is(read32(UART_LCRH) & LCRH_FEN, 0, "PL011: FIFOs are off");
    is(read32(GICD_BASE + GICD_CTLR) & 3U, 0, "GICD_CTLR: no group is enabled");
    is(read32(gic_bit_register(GICD_ISENABLER, SPI_DIRTY)), 0, "no SPI is enabled");
    is(read32(gic_bit_register(GICD_ISPENDR, SPI_DIRTY)), 0, "no SPI is pending");
    is(read32(GICR_BASE + GICR_SGI + GICD_ISENABLER) & 0xFFFF0000U, 0, "no PPI is enabled");
    is(SYSREG_READ("CNTV_CTL_EL0") & 1U, 0, "the virtual timer is off");
    is(SYSREG_READ("CNTP_CTL_EL0") & 1U, 0, "the physical timer is off");
    is(SYSREG_READ("ICC_IGRPEN1_EL1"), 0, "ICC_IGRPEN1_EL1 is 0");
    is(SYSREG_READ("ICC_RPR_EL1"), 0xFF, "no interrupt is active");
    uint32_t bytes;
    const uint8_t *seed = fdt_property(guest_entry.x[0], "/chosen", "rng-seed", &bytes);
    print("# seed %016lx\n", seed == NULL ? 0U : fdt_u64(seed));
}

static void spin(struct cpu *cpu)
{
    cpu->value[0] = 1;
    for (;;) {
        __asm__ volatile("yield");
    }
}

/* As untidy as a guest can be: another CPU runs, interrupts are active and pending, timers count. */
static void make_dirty(void)
{
    (void)cpu_start(1, spin);
    (void)WAIT_FOR(cpus[1].value[0] == 1U);
    write64(WORD, MARK);
    SYSREG_WRITE("CNTP_CVAL_EL0", 0);
    SYSREG_WRITE("CNTP_CTL_EL0", 1);
    SYSREG_WRITE("CNTV_CVAL_EL0", 0);
    SYSREG_WRITE("CNTV_CTL_EL0", 1);
    gic_enable(TIMER_PHYSICAL_INTID);
    gic_enable(SPI_DIRTY);
    gic_enable(SPI_DIRTY + 1U);
    gic_set_edge(SPI_DIRTY, true);
    gic_set_edge(SPI_DIRTY + 1U, true);
    gic_set_priority(SPI_DIRTY, 0x20);
    gic_set_pending(SPI_DIRTY);
    (void)WAIT_FOR((SYSREG_READ("ISR_EL1") & 0x80U) != 0U);
    (void)gic_acknowledge();
    gic_set_pending(SPI_DIRTY + 1U);
}

static void uart_on(void)
{
    write32(UART_CR, 0);
    write32(UART_IFLS, 2U << 3);
    write32(UART_LCRH, 0x60U | LCRH_FEN);
    write32(UART_ICR, 0x7FF);
    write32(UART_IMSC, RXI | RTI);
    write32(UART_CR, 0x301);
    gic_set_edge(SPI_UART, false);
    gic_route(SPI_UART, 0);
    gic_enable(SPI_UART);
    cpu_this()->interrupt = on_uart;
}

/* An abort in the vectors themselves: this CPU never gets anywhere again. */
static void crash(void)
{
    tap_plan();
    SYSREG_WRITE("VBAR_EL1", 0x0B000000UL);
    barrier_isb();
    __asm__ volatile("brk #0");
}

void guest_main(void)
{
    check_boot();
    mmu_enable();
    gic_init();
    gic_init_cpu();
    uart_on();
    for (;;) {
        print("# ready\n");
        if (!ok(read_line(), "a line by interrupt")) {
            return;
        }
        if (text_equal(line, "off")) {
            return;
        }
        if (text_equal(line, "crash")) {
            crash();
        }
        if (text_equal(line, "cpus-off")) {
            tap_plan();
            (void)psci(PSCI_CPU_OFF, 0, 0, 0);
        }
        bool warm = text_equal(line, "reset2");
        if (warm || text_equal(line, "reset")) {
            tap_plan();
            make_dirty();
            (void)psci(warm ? PSCI_SYSTEM_RESET2 : PSCI_SYSTEM_RESET, 0, 0, 0);
            bail_out("the reset returned");
        }
        print("# %u characters, %u in order, %s: %s\n", length, in_order(),
              interrupts > 0U ? "by interrupt" : "not by interrupt", line);
    }
}
