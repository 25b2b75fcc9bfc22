/* SPDX-License-Identifier: Apache-2.0 */
/* hv/platform/acpi_madt.c: tables after real machines, faults by name, and every byte of a table changed. */
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
#include "seeded.h"

static struct acpi_builder table;
static struct platform platform;
static struct platform_fault fault;

/* In memory of exactly size bytes, so that ASan sees a read behind them. */
static enum status parse_bytes(const uint8_t *bytes, uint32_t size, uint64_t boot_mpidr)
{
    uint8_t *copy = malloc(size == 0 ? 1 : size);
    assert_non_null(copy);
    memcpy(copy, bytes, size);
    memset(&platform, 0, sizeof(platform));
    memset(&fault, 0, sizeof(fault));
    platform.boot_mpidr = boot_mpidr;
    enum status status = acpi_madt_read(copy, size, &platform, &fault);
    free(copy);
    return status;
}

static enum status parse(void)
{
    acpi_finish(&table);
    return parse_bytes(table.bytes, table.size, 0);
}

static void expect_fault(enum status expected, const char *text)
{
    assert_int_equal(parse(), expected);
    assert_string_equal(fault.text, text);
}

static void test_virt(void **state)
{
    (void)state;
    acpi_virt_madt(&table, 4);
    assert_int_equal(parse(), STATUS_OK);
    assert_int_equal(platform.cpu_count, 4);
    assert_int_equal(platform.gicd_base, 0x8000000);
    assert_int_equal(platform.redistributor_count, 1);
    assert_int_equal(platform.redistributors[0].base, 0x80a0000);
    assert_int_equal(platform.redistributors[0].size, 0xf60000);
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(platform.cpus[i].mpidr, i);
        assert_int_equal(platform.cpus[i].acpi_uid, i);
        assert_int_equal(platform.cpus[i].maintenance_intid, 25);
        assert_int_equal(platform.cpus[i].gicr_base, 0);
        assert_true(platform.cpus[i].enabled);
    }
    assert_null(platform_gic_unsound(&platform));
}

/* A server: entries of ACPI 5.1, each CPU with its own redistributor, affinity level 3, MT and RES1 left in MPIDR. */
static void test_gicr_per_cpu(void **state)
{
    (void)state;
    acpi_madt_start(&table);
    for (unsigned i = 0; i < 6; i++) {
        struct acpi_gicc gicc = {.uid = 100 + i,
                                 .flags = i == 2 ? 8 : (i == 4 ? 0 : 1), /* online-capable; disabled */
                                 .maintenance = 25,
                                 .gicr = 0x2000000000 + i * 0x40000ULL,
                                 .mpidr = 0x0100000000 | 0x81000000 | (i << 8),
                                 .length = i % 2 == 0 ? 76 : 82};
        acpi_madt_gicc(&table, &gicc);
    }
    acpi_madt_msi_frame(&table, 0x10000000);
    acpi_madt_gicd(&table, 0x1000000000, 4);
    assert_int_equal(parse(), STATUS_OK);
    assert_int_equal(platform.cpu_count, 4);
    assert_int_equal(platform.cpus_disabled, 2);
    assert_int_equal(platform.cpus[2].mpidr, 0x0100000300);
    assert_int_equal(platform.cpus[2].acpi_uid, 103);
    assert_int_equal(platform.cpus[3].gicr_base, 0x2000140000);
    assert_null(platform_gic_unsound(&platform));

    /* Table 5.37: with GICR structures, the addresses in GICC are not used. */
    acpi_madt_gicr(&table, 0x3000000000, 0x200000);
    assert_int_equal(parse(), STATUS_OK);
    assert_int_equal(platform.cpus[3].gicr_base, 0);
    assert_int_equal(platform.redistributor_count, 1);
}

/* 130 CPUs, the boot CPU last: it stays, and the first that is left out is named. */
static void test_many_cpus(void **state)
{
    (void)state;
    acpi_virt_madt(&table, 130);
    assert_int_equal(parse_bytes(table.bytes, table.size, 129), STATUS_OK);
    assert_int_equal(platform.cpu_count, PLATFORM_MAX_CPUS);
    assert_int_equal(platform.cpus_left_out, 2);
    assert_int_equal(platform.first_left_out, 128);
    assert_int_equal(platform.cpus[PLATFORM_MAX_CPUS - 1].mpidr, 129);
    assert_int_equal(parse_bytes(table.bytes, table.size, 5), STATUS_OK);
    assert_int_equal(platform.cpus[PLATFORM_MAX_CPUS - 1].mpidr, 127);
    assert_int_equal(platform.cpus_left_out, 2);
}

static void test_gicd(void **state)
{
    (void)state;
    acpi_virt_madt(&table, 1);
    acpi_madt_gicd(&table, 0x8000000, 3);
    expect_fault(STATUS_EXISTS, "MADT: GICD: found a second one, expected one");

    static const uint8_t versions[] = {0, 1, 2, 5, 255};
    static const char *const texts[] = {"0", "1", "2", "5", "255"};
    for (unsigned i = 0; i < sizeof(versions); i++) {
        acpi_madt_start(&table);
        acpi_madt_gicd(&table, 0x8000000, versions[i]);
        assert_int_equal(parse(), STATUS_UNSUPPORTED);
        assert_non_null(strstr(fault.text, "MADT: GICD: GIC version: found "));
        assert_non_null(strstr(fault.text, texts[i]));
    }

    struct acpi_gicc gicc = {.flags = 1, .maintenance = 25, .length = 80};
    acpi_madt_start(&table);
    acpi_madt_gicc(&table, &gicc);
    acpi_madt_gicr(&table, 0x80a0000, 0x20000);
    expect_fault(STATUS_NOT_FOUND, "MADT: GICD: found none, expected one");

    static const uint64_t bases[] = {0, 0x8001000, 1ULL << 46, ~0xffffULL};
    for (unsigned i = 0; i < 4; i++) {
        acpi_madt_start(&table);
        acpi_madt_gicc(&table, &gicc);
        acpi_madt_gicr(&table, 0x80a0000, 0x20000);
        acpi_madt_gicd(&table, bases[i], 3);
        assert_int_equal(parse(), STATUS_RANGE);
        assert_non_null(strstr(fault.text, "MADT: GICD: base address: found "));
    }
}

static void test_gicr(void **state)
{
    (void)state;
    acpi_virt_madt(&table, 1);
    acpi_madt_gicr(&table, 0x90a0000, 0);
    expect_fault(STATUS_RANGE,
                 "MADT: GICR: redistributors at 0x90a0000 of 0x0 bytes, expected 64 KiB frames below 2^46");
    acpi_virt_madt(&table, 1);
    acpi_madt_gicr(&table, 0x90a1000, 0x20000);
    expect_fault(STATUS_RANGE,
                 "MADT: GICR: redistributors at 0x90a1000 of 0x20000 bytes, expected 64 KiB frames below 2^46");
    acpi_virt_madt(&table, 1);
    acpi_madt_gicr(&table, 0x8ff0000, 0x20000);
    expect_fault(STATUS_EXISTS, "MADT: GICR: redistributors at 0x8ff0000 overlap those at 0x80a0000");
    acpi_virt_madt(&table, 1);
    acpi_madt_gicr(&table, 0x7ff0000, 0x20000);
    expect_fault(STATUS_EXISTS, "MADT: redistributors at 0x7ff0000 overlap GICD at 0x8000000");
    acpi_virt_madt(&table, 1);
    acpi_madt_gicr(&table, 0xfffffffffff0000, 0xffff0000);
    assert_int_equal(parse(), STATUS_RANGE);

    acpi_virt_madt(&table, 1);
    for (unsigned i = 1; i < PLATFORM_MAX_REDISTRIBUTORS; i++) {
        acpi_madt_gicr(&table, 0x100000000 + i * 0x20000ULL, 0x20000);
    }
    assert_int_equal(parse(), STATUS_OK);
    assert_int_equal(platform.redistributor_count, PLATFORM_MAX_REDISTRIBUTORS);
    acpi_madt_gicr(&table, 0x200000000, 0x20000);
    expect_fault(STATUS_NO_MEMORY, "MADT: GICR: redistributors: found more than 16 ranges");
}

static void test_gicc(void **state)
{
    (void)state;
    struct acpi_gicc gicc = {.uid = 7, .flags = 1, .maintenance = 25, .mpidr = 0, .length = 80};

    acpi_virt_madt(&table, 1);
    acpi_madt_gicc(&table, &gicc);
    expect_fault(STATUS_EXISTS, "MADT: GICC: MPIDR: found 0x0 twice, expected it once");

    acpi_virt_madt(&table, 0);
    expect_fault(STATUS_NOT_FOUND, "MADT: CPUs: found none that is enabled");

    gicc.mpidr = 1ULL << 40;
    acpi_virt_madt(&table, 1);
    acpi_madt_gicc(&table, &gicc);
    expect_fault(STATUS_RANGE, "MADT: GICC of UID 7: MPIDR: found 0x10000000000, expected bits 63:40 zero");
    gicc.flags = 0; /* nobody minds what a disabled CPU says */
    acpi_virt_madt(&table, 1);
    acpi_madt_gicc(&table, &gicc);
    assert_int_equal(parse(), STATUS_OK);

    gicc.flags = 1;
    gicc.mpidr = 1;
    gicc.maintenance = 0;
    acpi_virt_madt(&table, 1);
    acpi_madt_gicc(&table, &gicc);
    expect_fault(STATUS_RANGE, "MADT: CPU 0x1: VGIC maintenance interrupt: found 0, expected a PPI");
    gicc.maintenance = 32;
    acpi_virt_madt(&table, 1);
    acpi_madt_gicc(&table, &gicc);
    expect_fault(STATUS_RANGE, "MADT: CPU 0x1: VGIC maintenance interrupt: found 32, expected a PPI");

    gicc.maintenance = 25;
    gicc.gicr = 0x80001000;
    acpi_virt_madt(&table, 1);
    acpi_madt_gicc(&table, &gicc);
    expect_fault(STATUS_RANGE,
                 "MADT: GICC of UID 7: GICR base address: found 0x80001000, expected 64 KiB frames below 2^46");

    gicc.gicr = 0;
    acpi_madt_start(&table);
    acpi_madt_gicd(&table, 0x8000000, 3);
    acpi_madt_gicc(&table, &gicc);
    expect_fault(STATUS_NOT_FOUND, "MADT: CPU 0x1: GICR base address: found 0 and no range of redistributors");
}

static void test_lengths(void **state)
{
    (void)state;
    acpi_start(&table, "APIC", 4);
    expect_fault(STATUS_INVALID, "MADT: length: found 36, expected at least 44");

    acpi_virt_madt(&table, 1);
    table.bytes[44 + 1] = 0;
    expect_fault(STATUS_INVALID, "MADT: structure at 44: length: found 0, expected 2 to 140");
    table.bytes[44 + 1] = 1;
    expect_fault(STATUS_INVALID, "MADT: structure at 44: length: found 1, expected 2 to 140");
    table.bytes[44 + 1] = 141;
    expect_fault(STATUS_INVALID, "MADT: structure at 44: length: found 141, expected 2 to 140");

    acpi_virt_madt(&table, 1);
    acpi_put(&table, 1, 0x0b); /* one byte of a structure */
    expect_fault(STATUS_INVALID, "MADT: structure at 184: length: found 0, expected 2 to 1");

    acpi_madt_start(&table);
    acpi_put(&table, 2, 0x0a0b + (65U << 8));
    acpi_zeros(&table, 73);
    expect_fault(STATUS_INVALID, "MADT: GICC: length: found 75, expected at least 76");
    acpi_madt_start(&table);
    acpi_put(&table, 2, 0x0c + (23U << 8));
    acpi_zeros(&table, 21);
    expect_fault(STATUS_INVALID, "MADT: GICD: length: found 23, expected at least 24");
    acpi_madt_start(&table);
    acpi_put(&table, 2, 0x0e + (15U << 8));
    acpi_zeros(&table, 13);
    expect_fault(STATUS_INVALID, "MADT: GICR: length: found 15, expected at least 16");
}

static void judge(enum status status)
{
    if (status == STATUS_OK) {
        assert_null(platform_gic_unsound(&platform));
    } else {
        assert_true(platform_fault_is_text(&fault, "MADT"));
    }
}

/* The checksum is acpi.c's: what it lets through may still be anything. */
static void test_mutations(void **state)
{
    static struct acpi_builder good;
    (void)state;
    acpi_virt_madt(&table, 3);
    good = table;
    for (uint32_t size = 0; size <= good.size; size++) {
        judge(parse_bytes(good.bytes, size, 0));
    }
    for (uint32_t at = 0; at < good.size; at++) {
        for (unsigned value = 0; value < 256; value++) {
            table.bytes[at] = (uint8_t)value;
            judge(parse_bytes(table.bytes, table.size, 0));
        }
        table.bytes[at] = good.bytes[at];
    }
}

static void test_random(void **state)
{
    struct seeded seeded;
    (void)state;
    seeded_start(&seeded, "test_acpi_madt");
    for (unsigned round = 0; round < 20000; round++) {
        acpi_virt_madt(&table, 1 + (unsigned)seeded_below(&seeded, 4));
        for (unsigned change = 0; change < 4; change++) {
            table.bytes[36 + seeded_below(&seeded, table.size - 36)] = (uint8_t)seeded_next(&seeded);
        }
        judge(parse_bytes(table.bytes, table.size - (uint32_t)seeded_below(&seeded, 8), 0));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_virt),    cmocka_unit_test(test_gicr_per_cpu), cmocka_unit_test(test_many_cpus),
        cmocka_unit_test(test_gicd),    cmocka_unit_test(test_gicr),         cmocka_unit_test(test_gicc),
        cmocka_unit_test(test_lengths), cmocka_unit_test(test_mutations),    cmocka_unit_test(test_random),
    };
    return cmocka_run_group_tests_name("acpi_madt", tests, NULL, NULL);
}
