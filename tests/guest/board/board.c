/* SPDX-License-Identifier: Apache-2.0 */
/* The state that a direct boot begins with, the device tree, and who answers at the board's addresses. */
#include "guest.h"

extern uint8_t image_end[];

#define SCTLR_M (1UL << 0)
#define SCTLR_C (1UL << 2)
#define SCTLR_I (1UL << 12)

static void check_entry(void)
{
    ok(fdt_check(guest_entry.x[0]) != 0U, "x0 points to a device tree of version 17, 8-byte aligned");
    ok(guest_entry.x[1] == 0U && guest_entry.x[2] == 0U && guest_entry.x[3] == 0U, "x1 to x3 are 0");
    is(guest_entry.current_el >> 2, 1, "CurrentEL is EL1");
    is(guest_entry.spsel & 1U, 1, "with SP_EL1");
    is(guest_entry.daif, 0x3C0, "D, A, I and F are masked");
    is(guest_entry.sctlr & (SCTLR_M | SCTLR_C | SCTLR_I), 0, "MMU and caches are off");
    is((uint64_t)&image_end & ~0x1FFFFFFUL, 0x40000000, "linked for the start of RAM");
}

static void check_cpu(void)
{
    uint64_t mpidr = SYSREG_READ("MPIDR_EL1");
    is(mpidr >> 31 & 1U, 1, "MPIDR_EL1 bit 31 is RES1");
    is(mpidr >> 24 & 1U, 0, "MPIDR_EL1.MT is 0");
    is(mpidr & 0xFF00FFFFFFUL, 0, "the boot CPU has affinity 0");
    uint64_t ctr = SYSREG_READ("CTR_EL0");
    print("# MIDR_EL1 %lx CTR_EL0 %lx CNTFRQ_EL0 %lu\n", SYSREG_READ("MIDR_EL1"), ctr, counter_frequency());
    ok((ctr & 0xFU) >= 2U && (ctr >> 16 & 0xFU) >= 2U, "CTR_EL0 has lines of 16 bytes or more");
    ok(counter_frequency() >= 1000000U, "CNTFRQ_EL0 is at least 1 MHz");
    uint64_t before = counter();
    uint64_t physical = SYSREG_READ("CNTPCT_EL0");
    ok(WAIT_FOR(counter() > before), "CNTVCT_EL0 counts");
    barrier_isb();
    ok(SYSREG_READ("CNTPCT_EL0") > physical, "CNTPCT_EL0 counts");
}

/* Primecell identification: part number and designer (41 = Arm), the revision is free. */
static void check_primecell(const char *name, uint64_t base, uint32_t part)
{
    uint32_t found = 0;
    uint32_t cell = 0;
    for (uint32_t i = 0; i < 4U; i++) {
        found |= (read32(base + 0xFE0U + 4U * i) & 0xFFU) << 8U * i;
        cell |= (read32(base + 0xFF0U + 4U * i) & 0xFFU) << 8U * i;
    }
    is(found & 0xFFFFFU, 0x41000U | part, "%s: PeriphID", name);
    is(cell, 0xB105F00D, "%s: PCellID", name);
}

static void check_gic(void)
{
    uint32_t count = cpu_count();
    is(read32(GICD_BASE + GICD_PIDR2) >> 4 & 0xFU, 3, "GICD_PIDR2: architecture 3");
    uint32_t typer = read32(GICD_BASE + GICD_TYPER);
    ok((typer & 0x1FU) >= 4U, "GICD_TYPER: at least 160 INTIDs");
    ok((typer >> 19 & 0x1FU) >= 9U, "GICD_TYPER: INTIDs of 10 bits or more");
    for (uint32_t i = 0; i < count; i++) {
        uint64_t base = GICR_BASE + i * GICR_STRIDE;
        uint64_t redistributor = read64(base + GICR_TYPER);
        is(read32(base + GICR_PIDR2) >> 4 & 0xFU, 3, "GICR_PIDR2 of CPU %u: architecture 3", i);
        is(redistributor >> 32, cpu_affinity(i), "GICR_TYPER of CPU %u: affinity", i);
        is(redistributor >> 8 & 0xFFFFU, i, "GICR_TYPER of CPU %u: processor number", i);
        is(redistributor >> 4 & 1U, i == count - 1U, "GICR_TYPER of CPU %u: Last", i);
        is(read32(base + GICR_TYPER + 4U), redistributor >> 32, "GICR_TYPER of CPU %u: upper half by itself", i);
    }
}

static void check_reg(uint64_t tree, const char *path, uint64_t base, uint64_t size)
{
    uint32_t bytes;
    const uint8_t *reg = fdt_property(tree, path, "reg", &bytes);
    if (ok(reg != NULL && bytes >= 16U, "%s has a reg", path)) {
        is(fdt_u64(reg), base, "%s begins there", path);
        ok(size == 0U || fdt_u64(reg + 8) >= size, "%s is that large", path);
    }
}

static void check_interrupt(uint64_t tree, const char *path, uint32_t intid)
{
    uint32_t bytes;
    const uint8_t *cells = fdt_property(tree, path, "interrupts", &bytes);
    if (ok(cells != NULL && bytes >= 12U, "%s has an interrupt", path)) {
        is(fdt_u32(cells + 4) + 32U, intid, "%s: INTID", path);
        is(fdt_u32(cells + 8) & 0xFU, 4, "%s: level", path);
    }
}

static void check_text(uint64_t tree, const char *path, const char *property, const char *value)
{
    uint32_t bytes;
    const char *text = (const char *)fdt_property(tree, path, property, &bytes);
    ok(text != NULL && text_equal(text, value), "%s: %s is %s", path, property, value);
}

static void check_tree(void)
{
    uint32_t bytes;
    uint64_t tree = fdt_check(guest_entry.x[0]);
    check_reg(tree, "/pl011@9000000", UART_BASE, 0x1000);
    check_reg(tree, "/pl031@9010000", RTC_BASE, 0x1000);
    check_reg(tree, "/pl061@9030000", GPIO_BASE, 0x1000);
    check_reg(tree, "/intc@", GICD_BASE, 0x10000);
    check_reg(tree, "/memory@40000000", RAM_BASE, 0x2000000);
    check_interrupt(tree, "/pl011@9000000", 33);
    check_interrupt(tree, "/pl031@9010000", 34);
    check_interrupt(tree, "/pl061@9030000", 39);
    check_text(tree, "/psci", "method", "hvc");
    check_text(tree, "/chosen", "stdout-path", "/pl011@9000000");
    check_text(tree, "/cpus/cpu@0", "enable-method", "psci");
    ok(fdt_property(tree, "/timer", "always-on", &bytes) != NULL, "/timer: always-on");
    const uint8_t *timer = fdt_property(tree, "/timer", "interrupts", &bytes);
    if (ok(timer != NULL && bytes >= 36U, "/timer has its interrupts")) {
        is(fdt_u32(timer + 16) + 16U, TIMER_PHYSICAL_INTID, "/timer: the physical timer's INTID");
        is(fdt_u32(timer + 28) + 16U, TIMER_VIRTUAL_INTID, "/timer: the virtual timer's INTID");
    }
    const uint8_t *seed = fdt_property(tree, "/chosen", "rng-seed", &bytes);
    ok(seed != NULL && bytes >= 32U && fdt_u64(seed) != 0U, "/chosen: rng-seed of 32 bytes or more");
    seed = fdt_property(tree, "/chosen", "kaslr-seed", &bytes);
    ok(seed != NULL && bytes == 8U && fdt_u64(seed) != 0U, "/chosen: kaslr-seed");
    seed = fdt_property(tree, "/chosen", "rng-seed", &bytes);
    if (seed != NULL) {
        print("# seed %016lx\n", fdt_u64(seed));
    }
}

/* Everything outside the image and the tree; a bare machine has its own few instructions at the beginning. */
static void check_memory(void)
{
    uint32_t bytes;
    uint64_t tree = fdt_check(guest_entry.x[0]);
    const uint8_t *reg = fdt_property(tree, "/memory@40000000", "reg", &bytes);
    uint64_t end = RAM_BASE + (reg == NULL ? 0U : fdt_u64(reg + 8));
    uint64_t at = guest_on_ashlar() ? RAM_BASE : RAM_BASE + 0x1000U;
    uint64_t first = 0;
    while (at < end && first == 0U) {
        if (at == RAM_BASE + 0x80000U) {
            at = (uint64_t)image_end;
        } else if (at == (tree & ~0xFFFUL)) {
            at = (tree + fdt_size(tree) + 0xFFFU) & ~0xFFFUL;
        } else {
            first = read64(at) != 0U ? at : 0U;
            at += 8U;
        }
    }
    is(first, 0, "all RAM up to %lx is cleared", end);
    ok(tree + fdt_size(tree) <= end && tree >= RAM_BASE, "the device tree lies in RAM");
    volatile uint64_t *last = (volatile uint64_t *)(end - 8U);
    *last = 0x1122334455667788UL;
    is(*last, 0x1122334455667788UL, "the last word of RAM can be written");
}

static void check_devices(void)
{
    uint32_t now = read32(RTC_BASE);
    uint64_t begin = counter();
    print("# rtc %u\n", now);
    ok(WAIT_FOR(read32(RTC_BASE) >= now + 2U), "the RTC counts");
    uint64_t took = (counter() - begin) * 10U / counter_frequency();
    ok(took >= 9U && took <= 22U, "in seconds (%lu tenths for two)", took);
    is(read32(GPIO_BASE + 0x400U) & 0xFFU, 0, "PL061: all lines are inputs");
    is(read32(GPIO_BASE + (1U << 3 << 2)), 0, "PL061: the power button is not pressed");
    is(read32(UART_BASE + 0x18U) & 0x10U, 0x10, "PL011: nothing was received");
    is(read32(UART_BASE + 0x38U), 0, "PL011: no interrupt is unmasked");
}

void guest_main(void)
{
    check_entry();
    check_cpu();
    check_primecell("PL011", UART_BASE, 0x011);
    check_primecell("PL031", RTC_BASE, 0x031);
    check_primecell("PL061", GPIO_BASE, 0x061);
    check_gic();
    check_tree();
    check_memory();
    check_devices();
}
