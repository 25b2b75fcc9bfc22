/* SPDX-License-Identifier: Apache-2.0 */
/* hv/platform/console_*.c against models of the UARTs that object to what the manuals forbid. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "arch/host/host_device.h"
#include "platform/console_driver.h"

#define BASE ((volatile void *)0x9000000)

/* What any UART of the tests has on its wire. */
struct wire {
    char sent[64];
    unsigned sent_count;
    uint16_t waiting[80]; /* bits 7:0 a byte, 8 set: with an error */
    unsigned waiting_count;
    unsigned taken;
};

/* ---- PL011 as DDI 0183 has it ---- */

struct pl011 {
    struct wire wire;
    bool sbsa; /* only the registers of the SBSA generic UART are there */
    unsigned width;
    uint32_t lcr_h, cr, imsc, icr;
    unsigned busy; /* reads of the flags until everything is sent */
    bool full;
};

static void pl011_check(const struct pl011 *uart, uint64_t offset, unsigned size)
{
    assert_int_equal(size, uart->width);
    if (uart->sbsa) {
        assert_true(offset == 0x00 || offset == 0x04 || offset == 0x18 || offset >= 0x38);
    }
}

static uint64_t pl011_read(void *context, uint64_t offset, unsigned size)
{
    struct pl011 *uart = context;
    struct wire *wire = &uart->wire;

    pl011_check(uart, offset, size);
    switch (offset) {
    case 0x00: {
        assert_true(wire->taken < wire->waiting_count); /* never read while empty */
        uint16_t byte = wire->waiting[wire->taken++];
        return (byte & 0xffU) | ((byte & 0x100U) != 0 ? 0x400U : 0U);
    }
    case 0x18: {
        uint32_t busy = uart->busy > 0 ? 8U : 0U;
        uart->busy -= uart->busy > 0;
        return (wire->taken == wire->waiting_count ? 0x10U : 0U) | (uart->full ? 0x20U : 0U) | busy;
    }
    case 0x2c:
        return uart->lcr_h;
    case 0x30:
        return uart->cr;
    case 0x38:
        return uart->imsc;
    default:
        fail_msg("PL011: read at 0x%lx", (unsigned long)offset);
        return 0;
    }
}

static void pl011_write(void *context, uint64_t offset, unsigned size, uint64_t value)
{
    struct pl011 *uart = context;

    pl011_check(uart, offset, size);
    switch (offset) {
    case 0x00:
        assert_false(uart->full);
        uart->wire.sent[uart->wire.sent_count++] = (char)value;
        break;
    case 0x2c: /* 3.3.8: only while disabled, after the last character */
        assert_int_equal(uart->cr & 1U, 0);
        assert_int_equal(uart->busy, 0);
        uart->lcr_h = (uint32_t)value;
        break;
    case 0x30:
        uart->cr = (uint32_t)value;
        break;
    case 0x38:
        uart->imsc = (uint32_t)value;
        break;
    case 0x44:
        uart->icr = (uint32_t)value;
        break;
    default:
        fail_msg("PL011: write at 0x%lx", (unsigned long)offset);
    }
}

static void pl011_plug(struct pl011 *uart)
{
    struct host_device device = {BASE, 0x1000, pl011_read, pl011_write, uart};

    host_device_remove_all();
    host_device_add(&device);
}

static void expect_traffic(const struct console_driver *driver, const struct platform_console *info, struct wire *wire)
{
    static const char text[] = "Ashlar";

    for (unsigned i = 0; i < 2; i++) { /* one alone, then the rest */
        size_t size = i == 0 ? 1U : sizeof(text) - 1U;
        assert_int_equal(driver->send(BASE, info, (const uint8_t *)text + i, size), size);
    }
    assert_string_equal(wire->sent, text);

    assert_int_equal(driver->receive(BASE, info), -1);
    wire->waiting[0] = 0xff;
    wire->waiting[1] = 0x155; /* with an error: dropped */
    wire->waiting[2] = 0x00;
    wire->waiting_count = 3;
    assert_int_equal(driver->receive(BASE, info), 0xff);
    assert_int_equal(driver->receive(BASE, info), 0);
    assert_int_equal(driver->receive(BASE, info), -1);

    wire->taken = 0; /* a line in break: the call ends all the same */
    wire->waiting_count = 80;
    for (unsigned i = 0; i < 80; i++) {
        wire->waiting[i] = 0x100;
    }
    assert_int_equal(driver->receive(BASE, info), -1);
    assert_true(wire->taken < 80);
}

static void test_pl011(void **state)
{
    struct platform_console info = {.type = CONSOLE_PL011, .access_size = 4};
    struct pl011 uart = {.width = 4, .lcr_h = 0x60, .cr = 0x301, .imsc = 0x7ff, .busy = 5};
    const struct console_driver *driver = console_driver_find(CONSOLE_PL011);
    (void)state;

    pl011_plug(&uart);
    driver->init(BASE, &info);
    assert_int_equal(uart.lcr_h, 0x70); /* FIFO on, the line's format kept */
    assert_int_equal(uart.cr, 0x301);
    assert_int_equal(uart.imsc, 0);
    assert_int_equal(uart.icr, 0x7ff);
    expect_traffic(driver, &info, &uart.wire);
    uart.full = true;
    assert_int_equal(driver->send(BASE, &info, (const uint8_t *)"x", 1), 0);

    driver->enable_interrupts(BASE, &info, true, false);
    assert_int_equal(uart.imsc, 0x50);
    driver->enable_interrupts(BASE, &info, false, true);
    assert_int_equal(uart.imsc, 0x20);
    driver->enable_interrupts(BASE, &info, true, true);
    assert_int_equal(uart.imsc, 0x70);
    driver->enable_interrupts(BASE, &info, false, false);
    assert_int_equal(uart.imsc, 0);
    driver->acknowledge(BASE, &info);
    assert_int_equal(uart.icr, 0x78f); /* not the three that data clears */
}

/* Firmware left it off, or half on; 16-bit accesses. */
static void test_pl011_off(void **state)
{
    struct platform_console info = {.type = CONSOLE_PL011, .access_size = 2};
    struct pl011 uart = {.width = 2, .lcr_h = 0x70, .cr = 0xc000};
    const struct console_driver *driver = console_driver_find(CONSOLE_PL011);
    (void)state;

    pl011_plug(&uart);
    driver->init(BASE, &info);
    assert_int_equal(uart.cr, 0xc301);
    expect_traffic(driver, &info, &uart.wire);
}

static void test_sbsa(void **state)
{
    struct platform_console info = {.type = CONSOLE_SBSA_UART, .access_size = 4};
    struct pl011 uart = {.width = 4, .sbsa = true, .imsc = 0x7ff};
    const struct console_driver *driver = console_driver_find(CONSOLE_SBSA_UART);
    (void)state;

    pl011_plug(&uart);
    driver->init(BASE, &info);
    assert_int_equal(uart.imsc, 0);
    expect_traffic(driver, &info, &uart.wire);
    driver->enable_interrupts(BASE, &info, true, true);
    assert_int_equal(uart.imsc, 0x70);
    driver->acknowledge(BASE, &info);
    assert_int_equal(uart.icr, 0x78f);
}

/* ---- 16550 ---- */

struct ns16550 {
    struct wire wire;
    unsigned width;
    unsigned shift;
    uint8_t ier, iir, fcr, lcr, mcr;
    bool full;
    unsigned usr_reads, msr_reads;
};

static uint64_t ns16550_number(const struct ns16550 *uart, uint64_t offset, unsigned size)
{
    assert_int_equal(size, uart->width);
    assert_int_equal(offset & ((1U << uart->shift) - 1U), 0);
    return offset >> uart->shift;
}

static uint64_t ns16550_read(void *context, uint64_t offset, unsigned size)
{
    struct ns16550 *uart = context;
    struct wire *wire = &uart->wire;
    bool waits = wire->taken < wire->waiting_count;
    uint64_t high = size > 1 ? 0xa500U : 0U; /* nothing says that the upper bits are 0 */

    switch (ns16550_number(uart, offset, size)) {
    case 0:
        assert_int_equal(uart->lcr & 0x80U, 0);
        assert_true(waits);
        return high | (wire->waiting[wire->taken++] & 0xffU);
    case 2:
        return high | uart->iir;
    case 3:
        return high | uart->lcr;
    case 4:
        return high | uart->mcr;
    case 5: {
        uint8_t error = waits && (wire->waiting[wire->taken] & 0x100U) != 0 ? 0x08U : 0U;
        return high | (waits ? 1U : 0U) | error | (uart->full ? 0U : 0x60U);
    }
    case 6:
        uart->msr_reads++;
        return high;
    case 31:
        uart->usr_reads++;
        uart->iir = 1;
        return high;
    default:
        fail_msg("16550: read at 0x%lx", (unsigned long)offset);
        return 0;
    }
}

static void ns16550_write(void *context, uint64_t offset, unsigned size, uint64_t value)
{
    struct ns16550 *uart = context;

    assert_true(value < 0x100);
    switch (ns16550_number(uart, offset, size)) {
    case 0:
        assert_int_equal(uart->lcr & 0x80U, 0); /* that would be the divisor */
        assert_false(uart->full);
        uart->wire.sent[uart->wire.sent_count++] = (char)value;
        break;
    case 1:
        assert_int_equal(uart->lcr & 0x80U, 0);
        uart->ier = (uint8_t)value;
        break;
    case 2:
        uart->fcr = (uint8_t)value;
        break;
    case 3:
        uart->lcr = (uint8_t)value;
        break;
    case 4:
        uart->mcr = (uint8_t)value;
        break;
    default:
        fail_msg("16550: write at 0x%lx", (unsigned long)offset);
    }
}

static void run_ns16550(unsigned width, unsigned shift)
{
    struct platform_console info = {.type = CONSOLE_NS16550, .access_size = width, .reg_shift = shift};
    struct ns16550 uart = {.width = width, .shift = shift, .lcr = 0x83, .mcr = 0x03, .ier = 0x0f, .iir = 7};
    struct host_device device = {BASE, 0x1000, ns16550_read, ns16550_write, &uart};
    const struct console_driver *driver = console_driver_find(CONSOLE_NS16550);

    host_device_remove_all();
    host_device_add(&device);
    driver->init(BASE, &info);
    assert_int_equal(uart.lcr, 0x03); /* the line's format kept */
    assert_int_equal(uart.ier, 0);
    assert_int_equal(uart.fcr, 1); /* on, and nothing that waits thrown away */
    assert_int_equal(uart.mcr, 0x0b);
    assert_int_equal(uart.usr_reads, 1);
    assert_int_equal(uart.msr_reads, 1);
    driver->acknowledge(BASE, &info); /* no busy-detect: a plain 16550 has no USR */
    assert_int_equal(uart.usr_reads, 1);
    expect_traffic(driver, &info, &uart.wire);
    uart.full = true;
    assert_int_equal(driver->send(BASE, &info, (const uint8_t *)"x", 1), 0);
    driver->enable_interrupts(BASE, &info, true, false);
    assert_int_equal(uart.ier, 1);
    driver->enable_interrupts(BASE, &info, false, true);
    assert_int_equal(uart.ier, 2);
    driver->enable_interrupts(BASE, &info, false, false);
    assert_int_equal(uart.ier, 0);
}

static void test_ns16550(void **state)
{
    (void)state;
    run_ns16550(1, 0);
    run_ns16550(1, 2);
    run_ns16550(2, 1);
    run_ns16550(4, 2);
}

static void test_find(void **state)
{
    (void)state;
    assert_null(console_driver_find(CONSOLE_NONE));
    for (enum platform_console_type type = CONSOLE_PL011; type <= CONSOLE_NS16550; type++) {
        const struct console_driver *driver = console_driver_find(type);
        assert_non_null(driver);
        assert_int_equal(driver->type, type);
        assert_true(driver->name != NULL && strlen(driver->name) > 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pl011),   cmocka_unit_test(test_pl011_off), cmocka_unit_test(test_sbsa),
        cmocka_unit_test(test_ns16550), cmocka_unit_test(test_find),
    };
    return cmocka_run_group_tests_name("console", tests, NULL, NULL);
}
