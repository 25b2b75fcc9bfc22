/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The interrupt controller as a guest sees it (IHI 0069): SGIs, PPIs, SPIs, priorities, the states of an interrupt, level and edge,
 * more pending interrupts than there are list registers. Wants 4 CPUs. Interrupts are mostly taken by polling ICC_IAR1_EL1, so that the order is
 * seen; CPUs 1 to 3 sleep in WFI and take them as exceptions.
 */
#include "guest.h"

#define SPI_FREE 48U /* the first of 32 that no device of the board drives */
#define SPI_UART 33U
#define SPURIOUS 1023U
#define UART_IMSC (UART_BASE + 0x38U)
#define UART_RIS (UART_BASE + 0x3CU)
#define UART_ICR (UART_BASE + 0x44U)
#define UART_DR UART_BASE
#define UART_FR (UART_BASE + 0x18U)
#define TXI (1U << 5)
#define ISR_I (1UL << 7)

static volatile bool stop;

static void is_next(uint32_t expected, const char *what)
{
    barrier_isb();
    uint32_t found = gic_acknowledge();
    is(found, expected, "%s", what);
    if (found < 1020U) {
        gic_end(found);
    }
}

/* Is an interrupt signalled to this CPU? The way from the distributor may take a moment. */
static bool signalled(void)
{
    return WAIT_FOR((SYSREG_READ("ISR_EL1") & ISR_I) != 0U);
}

/* Nothing comes within 2 ms: what "not" means here. */
static bool quiet(void)
{
    uint64_t end = counter() + counter_of_us(2000);
    while (counter() < end) {
        if ((SYSREG_READ("ISR_EL1") & ISR_I) != 0U) {
            return false;
        }
    }
    return true;
}

/* ---- registers ---- */

static void check_registers(void)
{
    uint64_t sgi = GICR_BASE + GICR_SGI;
    write32(sgi + GICD_IPRIORITY + 4U, 0xF8A05008U);
    is(read32(sgi + GICD_IPRIORITY + 4U) & 0xF0F0F0F0U, 0xF0A05000U, "GICR_IPRIORITYR keeps what is written");
    write8(sgi + GICD_IPRIORITY + 6U, 0x10);
    is(read32(sgi + GICD_IPRIORITY + 4U) & 0xF0F0F0F0U, 0xF0105000U, "a byte by itself");
    is(read8(sgi + GICD_IPRIORITY + 7U) & 0xF0U, 0xF0, "read by itself");
    write32(sgi + GICD_IPRIORITY + 4U, 0xA0A0A0A0U);
    write32(sgi + GICD_ISENABLER, 0xFU);
    is(read32(sgi + GICD_ISENABLER) & 0xFU, 0xF, "GICR_ISENABLER0 sets");
    write32(sgi + GICD_ICENABLER, 0x5U);
    is(read32(sgi + GICD_ISENABLER) & 0xFU, 0xA, "GICR_ICENABLER0 clears");
    is(read32(sgi + GICD_ICENABLER) & 0xFU, 0xA, "and reads the same");
    write32(sgi + GICD_ICENABLER, ~0U);
    write32(GICD_BASE + GICD_ICFGR + 4U * (SPI_FREE / 16U), 0xAAAAAAAAU);
    is(read32(GICD_BASE + GICD_ICFGR + 4U * (SPI_FREE / 16U)), 0xAAAAAAAAU, "GICD_ICFGR keeps edge");
    write32(GICD_BASE + GICD_ICFGR + 4U * (SPI_FREE / 16U), 0);
    is(read32(GICD_BASE + GICD_ICFGR + 4U * (SPI_FREE / 16U)), 0, "and level");
    is(read32(sgi + GICD_ICFGR) & 0xAAAAAAAAU, 0xAAAAAAAAU, "SGIs are edge for good");
    write64(GICD_BASE + GICD_IROUTER + 8UL * SPI_FREE, 0x2);
    is(read64(GICD_BASE + GICD_IROUTER + 8UL * SPI_FREE), 2, "GICD_IROUTER keeps an affinity");
    write32(GICD_BASE + GICD_IROUTER + 8UL * SPI_FREE, 0x1);
    is(read64(GICD_BASE + GICD_IROUTER + 8UL * SPI_FREE), 1, "its lower half by itself");
    is(read32(GICD_BASE + GICD_ISENABLER), 0, "GICD_ISENABLER0 is RAZ with affinity routing");
    is(read32(GICD_BASE + GICD_IPRIORITY), 0, "GICD_IPRIORITYR0 is RAZ with affinity routing");
    gic_route(SPI_FREE, 0);
}

/* ---- SGIs ---- */

static void check_sgi_self(void)
{
    uint32_t good = 0;
    for (uint32_t i = 0; i < 16U; i++) {
        gic_enable(i);
        gic_sgi(i, 0);
        good += signalled() && gic_acknowledge() == i;
        gic_end(i);
        good += gic_acknowledge() == SPURIOUS;
    }
    is(good, 32, "each of 16 SGIs to this CPU, once");
    gic_sgi(5, 0);
    gic_sgi(5, 0);
    ok(signalled(), "an SGI sent twice");
    is_next(5, "comes");
    is_next(SPURIOUS, "once");
}

static void take_sgis(struct cpu *cpu)
{
    gic_init_cpu();
    for (uint32_t i = 0; i < 16U; i++) {
        gic_enable(i);
    }
    cpu->value[0] = 1;
    while (!stop) {
        irq_disable();
        if (!stop) {
            wfi();
        }
        irq_enable();
        barrier_isb();
    }
    irq_disable();
}

static bool wait_counts(uint32_t intid, uint32_t one, uint32_t two, uint32_t three)
{
    return WAIT_FOR(cpus[1].counts[intid] == one && cpus[2].counts[intid] == two && cpus[3].counts[intid] == three);
}

static void check_sgi_others(void)
{
    stop = false;
    for (uint32_t i = 1; i < 4U; i++) {
        (void)cpu_start(i, take_sgis);
    }
    ok(WAIT_FOR(cpus[1].value[0] == 1U && cpus[2].value[0] == 1U && cpus[3].value[0] == 1U),
       "three CPUs wait for interrupts");
    gic_sgi(3, 1);
    ok(wait_counts(3, 1, 0, 0), "an SGI to CPU 1");
    gic_sgi(3, 3);
    ok(wait_counts(3, 1, 0, 1), "an SGI to CPU 3");
    gic_sgi_others(4);
    ok(wait_counts(4, 1, 1, 1), "an SGI to all others");
    is(gic_acknowledge(), SPURIOUS, "but not to the sender");
    SYSREG_WRITE("ICC_SGI1R_EL1", 7UL << 24 | 6U);
    barrier_isb();
    ok(wait_counts(7, 1, 1, 0), "an SGI to a list of two");
    SYSREG_WRITE("ICC_SGI1R_EL1", 7UL << 24 | 1UL << 16 | 6U);
    SYSREG_WRITE("ICC_SGI1R_EL1", 7UL << 24 | 0xFF00U);
    barrier_isb();
    uint32_t good = 0;
    for (uint32_t round = 1; round <= 200U; round++) {
        gic_sgi(8, 1 + round % 3U);
        if (WAIT_FOR(cpus[1].counts[8] + cpus[2].counts[8] + cpus[3].counts[8] == round)) {
            good++;
        }
    }
    is(good, 200, "200 SGIs, one after the other");
    ok(wait_counts(7, 1, 1, 0), "SGIs to CPUs that are not there went nowhere");
}

/* From another CPU's redistributor: banked interrupts made pending for CPU 1. */
static void check_other_redistributor(void)
{
    write32(GICR_BASE + GICR_STRIDE + GICR_SGI + GICD_ISPENDR, 1U << 9);
    ok(wait_counts(9, 1, 0, 0), "an SGI made pending in CPU 1's redistributor");
    gic_set_edge(SPI_FREE + 1U, true);
    gic_route(SPI_FREE + 1U, 2);
    gic_enable(SPI_FREE + 1U);
    gic_set_pending(SPI_FREE + 1U);
    ok(wait_counts(SPI_FREE + 1U, 0, 1, 0), "an SPI routed to CPU 2");
    gic_route(SPI_FREE + 1U, 3);
    gic_set_pending(SPI_FREE + 1U);
    ok(wait_counts(SPI_FREE + 1U, 0, 1, 1), "routed to CPU 3");
    gic_disable(SPI_FREE + 1U);
    stop = true;
    gic_sgi_others(1);
    ok(cpu_wait_off(1) && cpu_wait_off(2) && cpu_wait_off(3), "the CPUs go off");
}

/* ---- priorities ---- */

static void check_priorities(void)
{
    uint32_t good = 0;
    for (uint32_t i = 0; i < 16U; i++) {
        gic_enable(i);
        gic_set_priority(i, 0x10U * ((i * 7U) % 16U));
        gic_sgi(i, 0);
    }
    for (uint32_t level = 0; level < 15U; level++) {
        uint32_t intid = gic_acknowledge();
        good += intid < 16U && intid * 7U % 16U == level;
        good += SYSREG_READ("ICC_RPR_EL1") == 0x10U * level;
        gic_end(intid);
    }
    is(good, 30, "16 pending SGIs come in the order of their priorities, ICC_RPR_EL1 says which");
    (void)signalled();
    uint32_t last = gic_acknowledge();
    is(last * 7U % 16U, 15, "the least of them last");
    gic_end(last);
    is(SYSREG_READ("ICC_RPR_EL1"), 0xFF, "ICC_RPR_EL1 is idle afterwards");
    gic_set_priority(1, 0x80);
    gic_set_priority(2, 0x80);
    gic_sgi(2, 0);
    gic_sgi(1, 0);
    ok(signalled(), "two of the same priority");
    uint32_t first = gic_acknowledge();
    gic_end(first);
    ok(first == 1U || first == 2U, "one first, which is the implementation's choice (4.8): %u", first);
    is_next(3U - first, "then the other");
}

static void check_preemption(void)
{
    gic_set_priority(1, 0x80);
    gic_set_priority(2, 0x40);
    gic_set_priority(3, 0x80);
    gic_sgi(1, 0);
    (void)signalled();
    is(gic_acknowledge(), 1, "an interrupt of priority 0x80 is taken");
    gic_sgi(3, 0);
    ok(quiet(), "another of 0x80 waits");
    is(gic_acknowledge(), SPURIOUS, "ICC_IAR1_EL1 has none");
    gic_sgi(2, 0);
    ok(signalled(), "one of 0x40 preempts");
    is(SYSREG_READ("ICC_HPPIR1_EL1"), 2, "ICC_HPPIR1_EL1 names it");
    is(gic_acknowledge(), 2, "it is taken");
    is(SYSREG_READ("ICC_RPR_EL1"), 0x40, "the running priority is 0x40");
    gic_end(2);
    is(SYSREG_READ("ICC_RPR_EL1"), 0x80, "and 0x80 after its end");
    gic_end(1);
    ok(signalled(), "the one that waited is next");
    is_next(3, "and taken");
}

static void check_mask(void)
{
    gic_set_priority(1, 0x80);
    SYSREG_WRITE("ICC_PMR_EL1", 0x80);
    is(SYSREG_READ("ICC_PMR_EL1"), 0x80, "ICC_PMR_EL1 keeps 0x80");
    gic_sgi(1, 0);
    ok(quiet(), "priority 0x80 does not pass it");
    is(gic_acknowledge(), SPURIOUS, "ICC_IAR1_EL1 has none");
    SYSREG_WRITE("ICC_PMR_EL1", 0x88);
    ok(signalled(), "with 0x88 it does");
    is_next(1, "and is taken");
    SYSREG_WRITE("ICC_PMR_EL1", 0xFF);
    gic_sgi(1, 0);
    SYSREG_WRITE("ICC_IGRPEN1_EL1", 0);
    barrier_isb();
    ok(quiet(), "ICC_IGRPEN1_EL1 = 0 keeps it off");
    SYSREG_WRITE("ICC_IGRPEN1_EL1", 1);
    ok(signalled(), "ICC_IGRPEN1_EL1 = 1 lets it through");
    is_next(1, "it is taken");
    write32(GICD_BASE + GICD_CTLR, 0x10);
    gic_sgi(1, 0);
    ok(quiet(), "GICD_CTLR without its groups keeps it off");
    write32(GICD_BASE + GICD_CTLR, 0x13);
    ok(signalled(), "and with them lets it through");
    is_next(1, "it is taken");
}

/* ---- more than list registers ---- */

static void check_many(void)
{
    enum { SPIS = 32 };
    uint64_t seen_spis = 0;
    uint32_t seen_sgis = 0;
    uint32_t order = 0;
    uint32_t last = 0;
    for (uint32_t i = 0; i < 16U; i++) {
        gic_set_priority(i, 0x80);
        gic_sgi(i, 0);
    }
    for (uint32_t i = 0; i < SPIS; i++) {
        gic_set_edge(SPI_FREE + i, true);
        gic_route(SPI_FREE + i, 0);
        gic_set_priority(SPI_FREE + i, i % 2U == 0U ? 0x40 : 0xC0);
        gic_enable(SPI_FREE + i);
        gic_set_pending(SPI_FREE + i);
    }
    for (uint32_t taken = 0; taken < 16U + SPIS; taken++) {
        (void)signalled();
        uint32_t intid = gic_acknowledge();
        uint32_t priority = (uint32_t)SYSREG_READ("ICC_RPR_EL1");
        order += priority >= last;
        last = priority;
        if (intid < 16U) {
            seen_sgis |= 1U << intid;
        } else if (intid >= SPI_FREE && intid < SPI_FREE + SPIS) {
            seen_spis |= 1UL << (intid - SPI_FREE);
        }
        gic_end(intid);
    }
    is(seen_sgis, 0xFFFF, "48 interrupts pending at once: every SGI came");
    is(seen_spis, 0xFFFFFFFFU, "and every SPI");
    is(order, 48, "the more important ones first");
    is(gic_acknowledge(), SPURIOUS, "and nothing else");
}

/* More interrupts active at once than list registers: only possible with EOImode 1. */
static void check_many_active(void)
{
    uint32_t good = 0;
    SYSREG_WRITE("ICC_CTLR_EL1", 2);
    barrier_isb();
    for (uint32_t i = 0; i < 16U; i++) {
        gic_set_priority(i, 0x80);
        gic_sgi(i, 0);
        (void)signalled();
        good += gic_acknowledge() == i;
        gic_end(i);
    }
    is(good, 16, "16 interrupts active at once, their priorities dropped");
    is(read32(GICR_BASE + GICR_SGI + GICD_ISACTIVER) & 0xFFFFU, 0xFFFF, "GICR_ISACTIVER0 shows all of them");
    gic_set_pending(SPI_FREE);
    ok(signalled(), "another one still comes");
    is(gic_acknowledge(), SPI_FREE, "it is that");
    gic_end(SPI_FREE);
    SYSREG_WRITE("ICC_DIR_EL1", SPI_FREE);
    for (uint32_t i = 0; i < 16U; i++) {
        SYSREG_WRITE("ICC_DIR_EL1", 15U - i);
    }
    barrier_isb();
    is(read32(GICR_BASE + GICR_SGI + GICD_ISACTIVER) & 0xFFFFU, 0, "ICC_DIR_EL1 deactivated each, in the other order");
    SYSREG_WRITE("ICC_CTLR_EL1", 0);
    barrier_isb();
}

static void check_eoi_mode(void)
{
    SYSREG_WRITE("ICC_CTLR_EL1", 2);
    barrier_isb();
    is(SYSREG_READ("ICC_CTLR_EL1") >> 1 & 1U, 1, "EOImode 1 is kept");
    gic_sgi(2, 0);
    (void)signalled();
    is(gic_acknowledge(), 2, "an SGI is taken");
    ok(gic_is_active(2), "and active");
    gic_end(2);
    ok(gic_is_active(2), "active still after EOIR");
    is(SYSREG_READ("ICC_RPR_EL1"), 0xFF, "the priority has dropped");
    gic_sgi(2, 0);
    ok(quiet(), "pending again, it waits for its deactivation");
    ok(gic_is_pending(2), "and is pending");
    SYSREG_WRITE("ICC_DIR_EL1", 2);
    barrier_isb();
    ok(signalled(), "then it comes");
    is(gic_acknowledge(), 2, "and is taken");
    gic_end(2);
    SYSREG_WRITE("ICC_DIR_EL1", 2);
    SYSREG_WRITE("ICC_CTLR_EL1", 0);
    barrier_isb();
    ok(!gic_is_active(2), "ICC_DIR_EL1 ends it");
}

/* ---- states ---- */

static void check_states(void)
{
    uint32_t spi = SPI_FREE + 3U;
    gic_set_edge(spi, true);
    gic_disable(spi);
    gic_set_priority(spi, 0xA0);
    gic_set_pending(spi);
    ok(gic_is_pending(spi), "an SPI that is disabled can be pending");
    ok(quiet(), "but is not signalled");
    gic_clear_pending(spi);
    ok(!gic_is_pending(spi), "GICD_ICPENDR takes it back");
    gic_set_pending(spi);
    gic_enable(spi);
    ok(signalled(), "enabled, it comes");
    gic_disable(spi);
    ok(quiet(), "disabled while signalled, it goes");
    is(gic_acknowledge(), SPURIOUS, "ICC_IAR1_EL1 has none");
    ok(gic_is_pending(spi), "and stays pending");
    gic_enable(spi);
    ok(signalled(), "enabled again, it comes back");
    gic_clear_pending(spi);
    ok(quiet(), "taken back while signalled, it goes");
    is(gic_acknowledge(), SPURIOUS, "and does not come");
    gic_set_pending(spi);
    (void)signalled();
    is(gic_acknowledge(), spi, "taken");
    ok(gic_is_active(spi) && !gic_is_pending(spi), "it is active, not pending");
    gic_set_pending(spi);
    ok(gic_is_pending(spi), "pending again while active");
    gic_disable(spi);
    gic_end(spi);
    ok(!gic_is_active(spi), "the end deactivates it even when it is disabled");
    gic_enable(spi);
    ok(signalled(), "and it comes a second time");
    is_next(spi, "once");
    is_next(SPURIOUS, "and no more");
}

static void check_active_bits(void)
{
    uint32_t spi = SPI_FREE + 4U;
    gic_set_edge(spi, true);
    gic_set_priority(spi, 0xA0);
    gic_enable(spi);
    write32(gic_bit_register(GICD_ISACTIVER, spi), 1U << spi % 32U);
    ok(gic_is_active(spi), "GICD_ISACTIVER makes active");
    gic_set_pending(spi);
    ok(quiet(), "which keeps it from being signalled");
    gic_clear_active(spi);
    ok(signalled(), "until GICD_ICACTIVER");
    is(gic_acknowledge(), spi, "it is taken");
    gic_clear_active(spi);
    ok(!gic_is_active(spi), "GICD_ICACTIVER while it is being handled");
    gic_end(spi);
    is(SYSREG_READ("ICC_RPR_EL1"), 0xFF, "its end drops the priority");
    is(gic_acknowledge(), SPURIOUS, "nothing is left");
}

static void check_move(void)
{
    uint32_t spi = SPI_FREE + 5U;
    gic_set_edge(spi, true);
    gic_set_priority(spi, 0xA0);
    gic_enable(spi);
    gic_route(spi, 1);
    gic_set_pending(spi);
    ok(quiet(), "an SPI for a CPU that is off waits");
    gic_route(spi, 0);
    ok(signalled(), "routed here, it comes here");
    is_next(spi, "and is taken");
    gic_route(spi, 1);
    gic_set_pending(spi);
    stop = false;
    cpus[1].counts[spi] = 0;
    cpus[1].value[0] = 0;
    (void)cpu_start(1, take_sgis);
    ok(WAIT_FOR(cpus[1].counts[spi] == 1U), "a CPU that comes on finds the SPI that waited for it");
    stop = true;
    gic_sgi_others(1);
    ok(cpu_wait_off(1), "it goes off");
    gic_disable(spi);
}

/* ---- the level of a device ---- */

/* The transmit interrupt stands from a character that went out until it is cleared. */
static void raise_uart(void)
{
    write32(UART_DR, '\n');
    (void)WAIT_FOR((read32(UART_RIS) & TXI) != 0U);
}

/* Printing raises the transmit interrupt: what is seen in between is noted and printed at the end. */
static struct {
    bool good;
    const char *text;
} notes[64];
static uint32_t note_count;

static void note(bool good, const char *text)
{
    notes[note_count].good = good;
    notes[note_count].text = text;
    note_count++;
}

static void notes_print(void)
{
    for (uint32_t i = 0; i < note_count; i++) {
        ok(notes[i].good, "%s", notes[i].text);
    }
    note_count = 0;
}

static uint32_t take(void)
{
    uint32_t intid = gic_acknowledge();
    if (intid < 1020U) {
        gic_end(intid);
    }
    return intid;
}

static void check_level(void)
{
    write32(UART_IMSC, 0);
    write32(UART_ICR, 0x7FF);
    gic_set_edge(SPI_UART, false);
    gic_set_priority(SPI_UART, 0xA0);
    gic_route(SPI_UART, 0);
    gic_enable(SPI_UART);
    note(quiet(), "PL011: no interrupt while all are masked");
    write32(UART_IMSC, TXI);
    raise_uart();
    note(signalled(), "the transmit interrupt comes");
    note(gic_is_pending(SPI_UART), "GICD_ISPENDR shows the line");
    note(take() == SPI_UART, "it is taken and ended");
    note(signalled(), "it comes again while the line stands");
    uint32_t again = 0;
    for (uint32_t i = 0; i < 50U; i++) {
        again += signalled() && gic_acknowledge() == SPI_UART;
        gic_end(SPI_UART);
    }
    note(again == 50, "50 times");
    gic_clear_pending(SPI_UART);
    note(gic_is_pending(SPI_UART), "GICD_ICPENDR does not take back a line that stands");
    (void)signalled();
    note(gic_acknowledge() == SPI_UART, "taken once more");
    write32(UART_ICR, TXI);
    gic_end(SPI_UART);
    note(quiet(), "cleared at the device, it does not come again");
    note(!gic_is_pending(SPI_UART), "nor is it pending");
    raise_uart();
    (void)signalled();
    write32(UART_ICR, TXI);
    note(quiet(), "a line that falls before it is taken takes the interrupt back");
    note(gic_acknowledge() == SPURIOUS, "ICC_IAR1_EL1 has none");
    raise_uart();
    (void)signalled();
    write32(UART_IMSC, 0);
    note(quiet(), "masked at the device, it goes");
    write32(UART_IMSC, TXI);
    note(signalled(), "unmasked, it comes back");
    gic_disable(SPI_UART);
    write32(UART_ICR, TXI);
    gic_enable(SPI_UART);
    note(quiet(), "a line that fell while disabled is forgotten");
    gic_disable(SPI_UART);
    write32(UART_IMSC, 0);
    notes_print();
}

static void check_uart_edge(void)
{
    gic_set_edge(SPI_UART, true);
    gic_clear_pending(SPI_UART);
    write32(UART_ICR, 0x7FF);
    write32(UART_IMSC, TXI);
    gic_enable(SPI_UART);
    raise_uart();
    note(signalled(), "as edge: the rise of the line comes");
    note(take() == SPI_UART, "and is taken");
    note(quiet(), "once, though the line stands");
    write32(UART_ICR, TXI);
    raise_uart();
    note(signalled(), "the next rise comes");
    write32(UART_ICR, TXI);
    note(signalled(), "and stays when the line falls");
    note(take() == SPI_UART, "until it is taken");
    gic_disable(SPI_UART);
    write32(UART_IMSC, 0);
    gic_set_edge(SPI_UART, false);
    notes_print();
}

/* A pending bit that software set on a level interrupt stays until software clears it or it is taken. */
static void check_level_latch(void)
{
    uint32_t spi = SPI_FREE + 6U;
    gic_set_edge(spi, false);
    gic_route(spi, 0);
    gic_set_priority(spi, 0xA0);
    gic_enable(spi);
    gic_set_pending(spi);
    ok(signalled(), "a level SPI made pending by GICD_ISPENDR comes");
    is_next(spi, "is taken");
    ok(quiet(), "and not again, as its line is low");
    gic_set_pending(spi);
    (void)signalled();
    gic_clear_pending(spi);
    ok(quiet(), "GICD_ICPENDR takes it back");
    gic_disable(spi);
}

void guest_main(void)
{
    mmu_enable();
    gic_init();
    gic_init_cpu();
    is(gic_acknowledge(), SPURIOUS, "nothing is pending at first");
    check_registers();
    check_sgi_self();
    check_sgi_others();
    check_other_redistributor();
    check_priorities();
    check_preemption();
    check_mask();
    check_many();
    check_many_active();
    check_eoi_mode();
    check_states();
    check_active_bits();
    check_move();
    check_level();
    check_uart_edge();
    check_level_latch();
}
