/* SPDX-License-Identifier: Apache-2.0 */
/* hv/platform/acpi.c and platform.c: root pointer, XSDT and table look-up in a fake machine's memory, and the whole discovery. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "acpi_builder.h"
#include "arch/host/host_model.h"
#include "arch/phys.h"
#include "fdt_builder.h"
#include "platform/acpi.h"
#include "platform_sound.h"

#define RAM 0x40000000ULL
#define RAM_SIZE 0x100000ULL
#define TABLES (RAM + 0x40000ULL) /* one region of 64 KiB */
#define TABLES_SIZE 0x10000ULL
#define RSDP (TABLES + 0x10U)
#define XSDT (TABLES + 0x104U) /* 4-byte aligned only */
#define FDT (RAM + 0x80000ULL)
#define FDT_SIZE 0x4000ULL

static struct handoff handoff;
static struct platform platform;
static struct platform_fault fault;
static struct acpi_root root;
static struct acpi_builder xsdt;
static uint64_t next_table;

static uint8_t *at(uint64_t pa)
{
    return phys_to_pointer(pa);
}

static void fix_rsdp(void)
{
    uint8_t *rsdp = at(RSDP);
    uint8_t sum = 0;

    rsdp[8] = 0;
    rsdp[32] = 0;
    for (unsigned i = 0; i < 20; i++) {
        sum = (uint8_t)(sum + rsdp[i]);
    }
    rsdp[8] = (uint8_t)(0U - sum);
    sum = 0;
    for (unsigned i = 0; i < 36; i++) {
        sum = (uint8_t)(sum + rsdp[i]);
    }
    rsdp[32] = (uint8_t)(0U - sum);
}

static void write_rsdp(void)
{
    uint8_t *rsdp = at(RSDP);
    uint64_t address = XSDT;
    uint32_t size = 36;

    memset(rsdp, 0, size);
    memcpy(rsdp, "RSD PTR ", 8);
    memcpy(rsdp + 9, "ASHLAR", 6);
    rsdp[15] = 2;
    memcpy(rsdp + 20, &size, 4);
    memcpy(rsdp + 24, &address, 8);
    fix_rsdp();
}

static void write_xsdt(void)
{
    acpi_finish(&xsdt);
    memcpy(at(XSDT), xsdt.bytes, xsdt.size);
}

/* Puts a table behind the last one and its address into the XSDT. */
static uint64_t add_table(const struct acpi_builder *table)
{
    uint64_t pa = next_table;

    memcpy(at(pa), table->bytes, table->size);
    next_table += table->size + 1U; /* at any alignment */
    acpi_put(&xsdt, 8, pa);
    write_xsdt();
    return pa;
}

static void add_virt_tables(unsigned cpus)
{
    struct acpi_builder table;

    acpi_start(&table, "DSDT", 2); /* tables that nobody looks for */
    acpi_finish(&table);
    (void)add_table(&table);
    acpi_fadt(&table, 6, 3, 1);
    (void)add_table(&table);
    acpi_virt_madt(&table, cpus);
    (void)add_table(&table);
    acpi_gtdt(&table, 30, 27, 26);
    (void)add_table(&table);
    acpi_virt_spcr(&table);
    (void)add_table(&table);
}

static int set_up(void **state)
{
    (void)state;
    host_reset();
    host_phys_add(RAM, RAM_SIZE);
    memset(&handoff, 0, sizeof(handoff));
    handoff.rsdp = RSDP;
    handoff.region_count = 4;
    handoff.regions[0] = (struct handoff_region){.base = RAM, .size = 0x10000, .type = HANDOFF_RAM_FREE};
    handoff.regions[1] = (struct handoff_region){.base = TABLES, .size = 0x8000, .type = HANDOFF_RAM_ACPI};
    handoff.regions[2] = (struct handoff_region){.base = TABLES + 0x8000, .size = 0x8000, .type = HANDOFF_RAM_NVS};
    handoff.regions[3] = (struct handoff_region){.base = FDT, .size = FDT_SIZE, .type = HANDOFF_RAM_HANDOFF};
    next_table = TABLES + 0x201;
    acpi_start(&xsdt, "XSDT", 1);
    write_xsdt();
    write_rsdp();
    memset(&fault, 0, sizeof(fault));
    return 0;
}

static void expect_open(const char *text)
{
    assert_int_equal(acpi_root_open(&handoff, &root, &fault), STATUS_INVALID);
    assert_string_equal(fault.text, text);
}

static void put32(uint64_t pa, uint32_t value)
{
    memcpy(at(pa), &value, 4);
}

static void put64(uint64_t pa, uint64_t value)
{
    memcpy(at(pa), &value, 8);
}

static void test_rsdp(void **state)
{
    (void)state;
    assert_int_equal(acpi_root_open(&handoff, &root, &fault), STATUS_OK);
    assert_int_equal(root.count, 0);

    handoff.rsdp = RAM + 0x20000;
    expect_open("RSDP: address: found 0x40020000, expected memory");
    handoff.rsdp = TABLES + TABLES_SIZE - 35;
    expect_open("RSDP: address: found 0x4004ffdd, expected memory");
    handoff.rsdp = ~0ULL - 3;
    expect_open("RSDP: address: found 0xfffffffffffffffc, expected memory");
    handoff.rsdp = RSDP;

    at(RSDP)[0] = '\033';
    fix_rsdp();
    expect_open("RSDP: signature: found '?SD PTR ', expected 'RSD PTR '");
    write_rsdp();
    at(RSDP)[15] = 0;
    fix_rsdp();
    expect_open("RSDP: revision: found 0, expected 2 or more");
    write_rsdp();
    put32(RSDP + 20, 35);
    fix_rsdp();
    expect_open("RSDP: length: found 35, expected 36");
    put32(RSDP + 20, 0xffffffff);
    expect_open("RSDP: length: found 4294967295, expected 36");
    put32(RSDP + 20, 0x10000);
    expect_open("RSDP: length: found 65536, expected 36");
    write_rsdp();
    at(RSDP)[9]++; /* in both sums */
    expect_open("RSDP: checksum: the bytes do not add up to 0");
    write_rsdp();
    at(RSDP)[33]++; /* in the extended one */
    expect_open("RSDP: checksum: the bytes do not add up to 0");
    write_rsdp();
    at(RSDP)[8]++; /* the first is wrong, the extended one right */
    at(RSDP)[32]--;
    expect_open("RSDP: checksum: the bytes do not add up to 0");
}

static void test_xsdt(void **state)
{
    (void)state;
    put64(RSDP + 24, 0);
    fix_rsdp();
    expect_open("XSDT: address: found 0x0, expected memory");
    put64(RSDP + 24, TABLES + TABLES_SIZE - 35);
    fix_rsdp();
    expect_open("XSDT: address: found 0x4004ffdd, expected memory");
    write_rsdp();

    put32(XSDT + 4, 35);
    expect_open("XSDT: length: found 35, expected 36 to 1048576, inside memory");
    put32(XSDT + 4, (uint32_t)(TABLES + TABLES_SIZE - XSDT + 1U));
    expect_open("XSDT: length: found 65277, expected 36 to 1048576, inside memory");
    put32(XSDT + 4, 0x100001);
    expect_open("XSDT: length: found 1048577, expected 36 to 1048576, inside memory");
    write_xsdt();
    at(XSDT)[10]++;
    expect_open("XSDT: checksum: the bytes add up to 0x1, expected 0");
    acpi_put(&xsdt, 4, 0);
    write_xsdt();
    expect_open("XSDT: length: found 40, expected 36 and a multiple of 8");
    acpi_start(&xsdt, "RSDT", 1);
    write_xsdt();
    expect_open("XSDT: signature: found 'RSDT'");
}

static void test_find(void **state)
{
    struct acpi_builder madt;
    struct acpi_builder other;
    struct acpi_table found;
    (void)state;

    acpi_virt_madt(&madt, 2);
    acpi_gtdt(&other, 30, 27, 26);
    (void)add_table(&other);
    uint64_t pa = add_table(&madt);
    acpi_virt_madt(&madt, 3);
    (void)add_table(&madt); /* a second one is not looked at */
    assert_int_equal(acpi_root_open(&handoff, &root, &fault), STATUS_OK);
    assert_int_equal(root.count, 3);
    assert_int_equal(acpi_table_find(&root, "APIC", &found, &fault), STATUS_OK);
    assert_ptr_equal(found.bytes, at(pa));
    assert_int_equal(found.size, madt.size - 80);

    assert_int_equal(acpi_table_find(&root, "SPCR", &found, &fault), STATUS_NOT_FOUND);
    assert_string_equal(fault.text, "XSDT: no table 'SPCR'");
    at(pa)[50]++;
    assert_int_equal(acpi_table_find(&root, "APIC", &found, &fault), STATUS_INVALID);
    assert_string_equal(fault.text, "APIC: checksum: the bytes add up to 0x1, expected 0");
    put32(pa + 4, 35);
    assert_int_equal(acpi_table_find(&root, "APIC", &found, &fault), STATUS_INVALID);
    assert_string_equal(fault.text, "APIC: length: found 35, expected 36 to 1048576, inside memory");

    acpi_put(&xsdt, 8, TABLES + TABLES_SIZE - 8);
    write_xsdt();
    assert_int_equal(acpi_root_open(&handoff, &root, &fault), STATUS_OK);
    assert_int_equal(acpi_table_find(&root, "SPCR", &found, &fault), STATUS_INVALID);
    assert_string_equal(fault.text, "XSDT: entry 3: found 0x4004fff8, expected memory");
}

/* A table that goes on from one region into the next is whole; one that ends in a hole or in MMIO is not. */
static void test_regions(void **state)
{
    struct acpi_builder madt;
    struct acpi_table found;
    (void)state;

    acpi_virt_madt(&madt, 2);
    next_table = TABLES + 0x8000 - 50;
    (void)add_table(&madt);
    assert_int_equal(acpi_root_open(&handoff, &root, &fault), STATUS_OK);
    assert_int_equal(acpi_table_find(&root, "APIC", &found, &fault), STATUS_OK);
    handoff.regions[2].type = HANDOFF_RUNTIME_MMIO;
    assert_int_equal(acpi_table_find(&root, "APIC", &found, &fault), STATUS_INVALID);
    handoff.regions[2].type = HANDOFF_RAM_NVS;
    handoff.regions[2].base += 0x1000;
    assert_int_equal(acpi_table_find(&root, "APIC", &found, &fault), STATUS_INVALID);
}

static void write_fdt(void)
{
    struct fdt_builder builder;

    fdt_build_virt(&builder, 3);
    memcpy(at(FDT), builder.bytes, builder.size);
    handoff.fdt = FDT;
    handoff.fdt_size = builder.size;
}

static void test_discover_acpi(void **state)
{
    (void)state;
    add_virt_tables(4);
    write_fdt(); /* ACPI comes first */
    assert_int_equal(platform_discover(&handoff, 0x80000002, &platform, &fault), STATUS_OK);
    assert_string_equal(platform.source, "ACPI");
    assert_int_equal(platform.cpu_count, 4);
    assert_int_equal(platform.cpus[0].mpidr, 2);
    assert_int_equal(platform.cpus[2].mpidr, 0);
    assert_int_equal(platform.boot_mpidr, 2);
    assert_int_equal(platform.timer_hyp_intid, 26);
    assert_int_equal(platform.conduit, CONDUIT_SMC);
    assert_int_equal(platform.console.type, CONSOLE_PL011);
    assert_null(platform_gic_unsound(&platform));
}

/* More CPUs than there is room for: the boot CPU is one of those that run. */
static void test_discover_many(void **state)
{
    (void)state;
    add_virt_tables(131);
    assert_int_equal(platform_discover(&handoff, 130, &platform, &fault), STATUS_OK);
    assert_int_equal(platform.cpu_count, PLATFORM_MAX_CPUS);
    assert_int_equal(platform.cpus[0].mpidr, 130);
    assert_int_equal(platform.cpus_left_out, 3);
    assert_int_equal(platform.first_left_out, 128);
}

static void test_discover_order(void **state)
{
    (void)state;
    handoff.rsdp = 0;
    assert_int_equal(platform_discover(&handoff, 0, &platform, &fault), STATUS_NOT_FOUND);
    assert_string_equal(fault.text, "the firmware gives neither ACPI tables nor a device tree");

    write_fdt();
    assert_int_equal(platform_discover(&handoff, 1, &platform, &fault), STATUS_OK);
    assert_string_equal(platform.source, "device tree");
    assert_int_equal(platform.cpu_count, 3);
    assert_int_equal(platform.cpus[0].mpidr, 1);

    /* ACPI without tables: the tree is used. */
    handoff.rsdp = RSDP;
    assert_int_equal(platform_discover(&handoff, 0, &platform, &fault), STATUS_OK);
    assert_string_equal(platform.source, "device tree");
    handoff.fdt = 0;
    assert_int_equal(platform_discover(&handoff, 0, &platform, &fault), STATUS_NOT_FOUND);
    assert_string_equal(fault.text, "XSDT: no table 'APIC'");
}

static void test_discover_faults(void **state)
{
    struct acpi_builder table;
    (void)state;

    add_virt_tables(4);
    assert_int_equal(platform_discover(&handoff, 9, &platform, &fault), STATUS_NOT_FOUND);
    assert_string_equal(fault.text, "ACPI: CPUs: this CPU, MPIDR 0x9, is not among the 4 that are enabled");

    write_fdt();
    handoff.rsdp = 0;
    handoff.fdt_size = FDT_SIZE + 1;
    assert_int_equal(platform_discover(&handoff, 0, &platform, &fault), STATUS_INVALID);
    assert_string_equal(fault.text, "device tree: address: found 0x40080000 of 0x4001 bytes, expected memory");
    handoff.fdt_size = FDT_SIZE;
    handoff.fdt = FDT + 4;
    handoff.fdt_size -= 4;
    assert_int_equal(platform_discover(&handoff, 0, &platform, &fault), STATUS_INVALID);
    assert_string_equal(fault.text, "device tree: address: not a multiple of 8");

    /* A UART that nobody knows, or none, is no reason to refuse the machine. */
    (void)set_up(NULL);
    acpi_fadt(&table, 6, 3, 1);
    (void)add_table(&table);
    acpi_virt_madt(&table, 1);
    (void)add_table(&table);
    acpi_gtdt(&table, 30, 27, 26);
    (void)add_table(&table);
    assert_int_equal(platform_discover(&handoff, 0, &platform, &fault), STATUS_OK);
    assert_int_equal(platform.console.type, CONSOLE_NONE);
    const struct acpi_spcr spcr = {.revision = 2, .interface = 0x13, .address = 0x1000};
    acpi_spcr(&table, &spcr);
    (void)add_table(&table);
    assert_int_equal(platform_discover(&handoff, 0, &platform, &fault), STATUS_OK);
    assert_int_equal(platform.console.type, CONSOLE_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_rsdp, set_up),           cmocka_unit_test_setup(test_xsdt, set_up),
        cmocka_unit_test_setup(test_find, set_up),           cmocka_unit_test_setup(test_regions, set_up),
        cmocka_unit_test_setup(test_discover_acpi, set_up),  cmocka_unit_test_setup(test_discover_many, set_up),
        cmocka_unit_test_setup(test_discover_order, set_up), cmocka_unit_test_setup(test_discover_faults, set_up),
    };
    return cmocka_run_group_tests_name("acpi", tests, NULL, NULL);
}
