/* SPDX-License-Identifier: Apache-2.0 */
/* hv/platform/acpi_gtdt.c, acpi_fadt.c, acpi_spcr.c: tables after real machines, faults by name, every byte changed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "acpi_builder.h"
#include "platform/acpi.h"
#include "platform_sound.h"

typedef enum status reader(const void *bytes, uint32_t size, struct platform *out, struct platform_fault *fault);

static struct acpi_builder table;
static struct platform platform;
static struct platform_fault fault;

/* In memory of exactly size bytes, so that ASan sees a read behind them. */
static enum status parse(reader *read, uint32_t size)
{
    uint8_t *copy = malloc(size == 0 ? 1 : size);
    assert_non_null(copy);
    memcpy(copy, table.bytes, size);
    memset(&platform, 0, sizeof(platform));
    memset(&fault, 0, sizeof(fault));
    enum status status = read(copy, size, &platform, &fault);
    free(copy);
    return status;
}

static void expect_fault(reader *read, enum status expected, const char *text)
{
    assert_int_equal(parse(read, table.size), expected);
    assert_string_equal(fault.text, text);
}

static const char *always_sound(const struct platform *unused)
{
    (void)unused;
    return NULL;
}

/* Every truncation, and every value of every byte. */
static void mutate(reader *read, const char *name, const char *(*unsound)(const struct platform *platform))
{
    static struct acpi_builder good;
    good = table;
    for (uint32_t size = 0; size < good.size; size++) {
        if (parse(read, size) == STATUS_OK) {
            assert_null(unsound(&platform));
        } else {
            assert_true(platform_fault_is_text(&fault, name));
        }
    }
    for (uint32_t at = 0; at < good.size; at++) {
        for (unsigned value = 0; value < 256; value++) {
            table.bytes[at] = (uint8_t)value;
            if (parse(read, table.size) == STATUS_OK) {
                assert_null(unsound(&platform));
            } else {
                assert_true(platform_fault_is_text(&fault, name));
            }
        }
        table.bytes[at] = good.bytes[at];
    }
}

static void test_gtdt(void **state)
{
    (void)state;
    acpi_gtdt(&table, 30, 27, 26);
    assert_int_equal(parse(acpi_gtdt_read, table.size), STATUS_OK);
    assert_int_equal(platform.timer_phys_intid, 30);
    assert_int_equal(platform.timer_virt_intid, 27);
    assert_int_equal(platform.timer_hyp_intid, 26);
    assert_int_equal(parse(acpi_gtdt_read, 96), STATUS_OK); /* revision 2 */
    mutate(acpi_gtdt_read, "GTDT", platform_timer_unsound);

    table.size = 95;
    expect_fault(acpi_gtdt_read, STATUS_INVALID, "GTDT: length: found 95, expected at least 96");
    acpi_gtdt(&table, 0, 27, 26);
    expect_fault(acpi_gtdt_read, STATUS_RANGE, "GTDT: non-secure EL1 timer: found interrupt 0, expected a PPI");
    acpi_gtdt(&table, 30, 32, 26);
    expect_fault(acpi_gtdt_read, STATUS_RANGE, "GTDT: virtual timer: found interrupt 32, expected a PPI");
    acpi_gtdt(&table, 30, 27, 15);
    expect_fault(acpi_gtdt_read, STATUS_RANGE, "GTDT: EL2 timer: found interrupt 15, expected a PPI");
    acpi_gtdt(&table, 30, 27, 27);
    expect_fault(acpi_gtdt_read, STATUS_EXISTS,
                 "GTDT: timer interrupts: found 30 (EL1), 27 (virtual), 27 (EL2), expected different");
    acpi_gtdt(&table, 1056, 1119, 31); /* extended PPIs */
    assert_int_equal(parse(acpi_gtdt_read, table.size), STATUS_OK);
}

static void test_fadt(void **state)
{
    (void)state;
    acpi_fadt(&table, 6, 5, 1);
    assert_int_equal(parse(acpi_fadt_read, table.size), STATUS_OK);
    assert_int_equal(platform.conduit, CONDUIT_SMC);
    acpi_fadt(&table, 5, 1, 3);
    assert_int_equal(parse(acpi_fadt_read, table.size), STATUS_OK);
    assert_int_equal(platform.conduit, CONDUIT_HVC);
    acpi_fadt(&table, 6, 0, 2); /* HVC without PSCI means nothing */
    assert_int_equal(parse(acpi_fadt_read, table.size), STATUS_OK);
    assert_int_equal(platform.conduit, CONDUIT_NONE);
    mutate(acpi_fadt_read, "FADT", always_sound);

    acpi_fadt(&table, 5, 0, 1);
    expect_fault(acpi_fadt_read, STATUS_INVALID, "FADT: revision: found 5.0, expected 5.1 or later");
    acpi_fadt(&table, 4, 1, 1);
    expect_fault(acpi_fadt_read, STATUS_INVALID, "FADT: revision: found 4.1, expected 5.1 or later");
    table.size = 131;
    expect_fault(acpi_fadt_read, STATUS_INVALID, "FADT: length: found 131, expected at least 132");
}

static void test_spcr_pl011(void **state)
{
    (void)state;
    acpi_virt_spcr(&table);
    assert_int_equal(parse(acpi_spcr_read, table.size), STATUS_OK);
    assert_int_equal(platform.console.type, CONSOLE_PL011);
    assert_int_equal(platform.console.base, 0x9000000);
    assert_int_equal(platform.console.intid, 33);
    assert_int_equal(platform.console.access_size, 4);
    mutate(acpi_spcr_read, "SPCR", platform_console_unsound);
}

static void test_spcr_kinds(void **state)
{
    static const struct {
        uint8_t interface;
        uint8_t width;
        uint8_t access;
        enum platform_console_type type;
        uint32_t access_size;
        uint32_t reg_shift;
    } cases[] = {
        {0x03, 32, 3, CONSOLE_PL011, 4, 0},     {0x03, 16, 2, CONSOLE_PL011, 2, 0},
        {0x03, 8, 1, CONSOLE_PL011, 4, 0},      {0x0d, 32, 3, CONSOLE_SBSA_UART, 4, 0},
        {0x0e, 32, 0, CONSOLE_SBSA_UART, 4, 0}, {0x0e, 0, 0, CONSOLE_SBSA_UART, 4, 0},
        {0x00, 8, 1, CONSOLE_NS16550, 1, 0},    {0x01, 32, 3, CONSOLE_NS16550, 4, 2},
        {0x12, 32, 1, CONSOLE_NS16550, 1, 2},   {0x12, 32, 3, CONSOLE_NS16550, 4, 2},
        {0x12, 8, 3, CONSOLE_NS16550, 4, 2},    {0x12, 16, 2, CONSOLE_NS16550, 2, 1},
    };
    (void)state;
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct acpi_spcr spcr = {.revision = 4,
                                 .interface = cases[i].interface,
                                 .width = cases[i].width,
                                 .access = cases[i].access,
                                 .address = 0x2f8000000,
                                 .interrupt_type = 8,
                                 .gsiv = 4100};
        acpi_spcr(&table, &spcr);
        assert_int_equal(parse(acpi_spcr_read, table.size), STATUS_OK);
        assert_int_equal(platform.console.type, cases[i].type);
        assert_int_equal(platform.console.access_size, cases[i].access_size);
        assert_int_equal(platform.console.reg_shift, cases[i].reg_shift);
        assert_int_equal(platform.console.intid, 4100);
        assert_null(platform_console_unsound(&platform));
    }
}

static void test_spcr_refused(void **state)
{
    const struct acpi_spcr good = {.revision = 2, .interface = 3, .width = 32, .access = 3, .address = 0x9000000};
    struct acpi_spcr spcr = good;
    (void)state;

    acpi_spcr(&table, &spcr); /* no interrupt: polled */
    assert_int_equal(parse(acpi_spcr_read, table.size), STATUS_OK);
    assert_int_equal(platform.console.intid, 0);

    spcr.revision = 1;
    acpi_spcr(&table, &spcr);
    expect_fault(acpi_spcr_read, STATUS_INVALID, "SPCR: revision: found 1, expected 2 or more");
    table.size = 79;
    expect_fault(acpi_spcr_read, STATUS_INVALID, "SPCR: length: found 79, expected at least 80");

    spcr = good;
    spcr.interface = 0x11;
    acpi_spcr(&table, &spcr);
    expect_fault(acpi_spcr_read, STATUS_UNSUPPORTED,
                 "SPCR: interface type: found 0x11, expected PL011, SBSA UART or 16550");
    spcr = good;
    spcr.space = 1;
    acpi_spcr(&table, &spcr);
    expect_fault(acpi_spcr_read, STATUS_UNSUPPORTED,
                 "SPCR: base address: address space: found 1, expected 0 (system memory)");
    spcr = good;
    spcr.access = 4;
    acpi_spcr(&table, &spcr);
    expect_fault(acpi_spcr_read, STATUS_UNSUPPORTED,
                 "SPCR: base address: access size: found 4 (of 32 bits), expected 1 to 3");
    spcr = good;
    spcr.address = 0x9000002;
    acpi_spcr(&table, &spcr);
    expect_fault(acpi_spcr_read, STATUS_RANGE,
                 "SPCR: base address: found 0x9000002, expected a multiple of 4 below 2^46");
    spcr = good;
    spcr.address = (1ULL << 46) - 0x800;
    acpi_spcr(&table, &spcr);
    assert_int_equal(parse(acpi_spcr_read, table.size), STATUS_RANGE);
    spcr = good;
    spcr.interrupt_type = 8;
    spcr.gsiv = 1020;
    acpi_spcr(&table, &spcr);
    expect_fault(acpi_spcr_read, STATUS_RANGE, "SPCR: global system interrupt: found 1020, expected an SPI");
    assert_int_equal(platform.console.type, CONSOLE_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gtdt),       cmocka_unit_test(test_fadt),         cmocka_unit_test(test_spcr_pl011),
        cmocka_unit_test(test_spcr_kinds), cmocka_unit_test(test_spcr_refused),
    };
    return cmocka_run_group_tests_name("acpi_tables", tests, NULL, NULL);
}
