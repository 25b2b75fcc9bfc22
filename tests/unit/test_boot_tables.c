/* SPDX-License-Identifier: Apache-2.0 */
/*
 * boot/boot_tables.c against tables_model.c: random tables of 1 to 4 levels, with short roots, blocks at each level,
 * hierarchical bits, aliases, garbage, empty, shared and self-referring tables; then each rule by one table of its own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "boot_tables.h"
#include "seeded.h"
#include "tables_model.h"

#define COPIES 10000U
#define PAGE 4096ULL
#define RAM 0x40000000ULL
#define AF_AP1 0x440ULL
#define NORMAL 4ULL /* AttrIndx 1 */

static struct model model;

static uint64_t seeded_choice(void *context, uint64_t limit)
{
    return seeded_below(context, limit);
}

static void test_random_tables(void **state)
{
    struct seeded seeded;
    struct model_choice choice = {seeded_choice, &seeded};
    unsigned copied = 0;
    uint32_t most = 0;

    (void)state;
    seeded_start(&seeded, "boot_tables");
    for (unsigned round = 0; copied < COPIES; round++) {
        uint32_t pages = 0;
        const char *fault;

        model_random(&model, &choice);
        fault = model_check(&model, &choice, &pages);
        if (fault != NULL) {
            fail_msg("round %u: %s", round, fault);
        }
        copied += pages != 0 ? 1U : 0U;
        most = pages > most ? pages : most;
    }
    (void)fprintf(stderr, "# boot_tables: %u copied, the largest of %u pages\n", copied, most);
    assert_true(most > 15);
}

/* ---- by hand ---- */

static void start(unsigned t0sz, uint64_t root_offset)
{
    memset(&model, 0, sizeof(model));
    model.base = RAM;
    model.extents[0] = (struct model_extent){RAM, RAM + 0x8000000, BOOT_TABLES_RAM};
    model.extent_count = 1;
    model.source = (struct boot_tables){.ttbr = RAM + root_offset, .tcr = t0sz | 5U << 16};
}

static uint64_t table_at(unsigned page)
{
    return (RAM + page * PAGE) | 3U;
}

static struct boot_tables_report copy(enum boot_tables_status want, struct boot_tables *tables)
{
    struct boot_tables_memory memory = model_memory(&model);
    struct boot_tables_report report;
    enum boot_tables_status status = boot_tables_count(&memory, &model.source, &report);

    if (status == BOOT_TABLES_OK) {
        status = boot_tables_copy(&memory, &model.source, RAM + MODEL_FIRST_COPY * PAGE, report.pages, tables, &report);
    }
    assert_int_equal(status, want);
    assert_false(model.wrote_outside);
    return report;
}

/* U-Boot's shape: 40 bits, two entries of a level 0, 1 GiB blocks with all rights. */
static void test_u_boot_shape(void **state)
{
    struct boot_tables tables;
    struct boot_tables_report report;

    (void)state;
    start(24, 0x40);
    model.pages[0][8] = table_at(1);
    model.pages[1][0] = 0x0060000000000401ULL; /* devices */
    model.pages[1][1] = RAM | AF_AP1 | NORMAL | 0x300 | 1U;
    report = copy(BOOT_TABLES_OK, &tables);
    assert_int_equal(report.levels, 4);
    assert_int_equal(report.input_bits, 40);
    assert_int_equal(report.root, RAM + 0x40);
    assert_int_equal(report.root_size, 16);
    assert_int_equal(report.pages, 2);
    assert_int_equal(report.leaves, 2);
    assert_int_equal(report.splits, 0); /* RAM in part, but the rights are the same */
    assert_int_equal(report.ram, 0x8000000);
    assert_int_equal(report.others, 0x80000000ULL - 0x8000000);
}

/* Two levels of 30 bits, three of 39: the copy has four. */
static void test_shallow_roots_deepen(void **state)
{
    struct boot_tables tables;
    struct boot_tables_report report;

    (void)state;
    start(34, 0);
    model.base = 0x10000000;
    model.extents[0] = (struct model_extent){0x10000000, 0x18000000, BOOT_TABLES_RAM};
    model.source.ttbr = 0x10000000;
    model.pages[0][0x80] = 0x10000000 | AF_AP1 | NORMAL | 1U;
    struct boot_tables_memory memory = model_memory(&model);
    assert_int_equal(boot_tables_count(&memory, &model.source, &report), BOOT_TABLES_OK);
    assert_int_equal(report.levels, 2);
    assert_int_equal(report.pages, 3);
    assert_int_equal(
        boot_tables_copy(&memory, &model.source, 0x10000000 + MODEL_FIRST_COPY * PAGE, 3, &tables, &report),
        BOOT_TABLES_OK);
    assert_true(boot_tables_identity(&memory, &tables, 0x10123000));
    assert_false(boot_tables_identity(&memory, &tables, 0x10200000));
    start(25, 0);
    model.pages[0][1] = RAM | AF_AP1 | NORMAL | 1U;
    report = copy(BOOT_TABLES_OK, &tables);
    assert_int_equal(report.levels, 3);
    assert_int_equal(report.pages, 2);
}

/* edk2's shape: read-only and execute-never pages of RAM, from the leaf and from above, and a guard page. */
static void test_ram_gets_all_rights(void **state)
{
    struct boot_tables tables;
    struct boot_tables_report report;
    struct model_answer answer;

    (void)state;
    start(16, 0);
    model.pages[0][0] = table_at(1);
    model.pages[1][1] = table_at(2) | 1ULL << 62 | 1ULL << 60;
    model.pages[2][0] = table_at(3);
    model.pages[2][1] = (RAM + 0x200000) | 0x400 | 0x80 | 1ULL << 54 | NORMAL | 1U;
    model.pages[3][7] = (RAM + 7 * PAGE) | NORMAL | 3U; /* no access flag */
    report = copy(BOOT_TABLES_OK, &tables);
    assert_int_equal(report.made_writable, 2);
    assert_int_equal(report.made_executable, 2);
    assert_int_equal(report.made_accessible, 1);
    answer = model_walk(&model, &tables, RAM + 7 * PAGE);
    assert_true(answer.valid && answer.accessible && !answer.read_only && !answer.no_execute);
    answer = model_walk(&model, &tables, RAM + 0x2fffff);
    assert_true(answer.valid && answer.accessible && !answer.read_only && !answer.no_execute);
}

/* A read-only block that is half RAM, half flash: RAM becomes writable, flash does not. */
static void test_mixed_block_is_split(void **state)
{
    struct boot_tables tables;
    struct boot_tables_report report;

    (void)state;
    start(16, 0);
    model.extents[0].end = RAM + 0x300000;
    model.pages[0][0] = table_at(1);
    model.pages[1][1] = RAM | 0x400 | 0x80 | NORMAL | 1U;
    report = copy(BOOT_TABLES_OK, &tables);
    assert_int_equal(report.splits, 2);
    assert_int_equal(report.pages, 4);
    assert_int_equal(report.leaves, 511 + 512);
    assert_int_equal(report.ram, 0x300000);
    assert_false(model_walk(&model, &tables, RAM + 0x2fffff).read_only);
    assert_true(model_walk(&model, &tables, RAM + 0x300000).read_only);
    assert_true(model_walk(&model, &tables, RAM + 0x3fffffff).read_only);
}

static void test_device_keeps_what_was_imposed(void **state)
{
    struct boot_tables tables;
    struct model_answer answer;

    (void)state;
    start(16, 0);
    model.pages[0][0] = table_at(1) | 1ULL << 62;
    model.pages[1][0] = table_at(2) | 1ULL << 60;
    model.pages[2][72] = 0x9000000 | 0x400 | 1U;
    (void)copy(BOOT_TABLES_OK, &tables);
    answer = model_walk(&model, &tables, 0x9000fff);
    assert_true(answer.valid && answer.accessible && answer.read_only && answer.no_execute);
    /* TCR_EL2.HPD: what is above imposes nothing. */
    model.source.tcr |= 1ULL << 24;
    (void)copy(BOOT_TABLES_OK, &tables);
    answer = model_walk(&model, &tables, 0x9000fff);
    assert_true(answer.valid && !answer.read_only && !answer.no_execute);
}

static void test_what_is_dropped(void **state)
{
    struct boot_tables tables;
    struct boot_tables_report report;

    (void)state;
    start(16, 0);
    model.pages[0][0] = table_at(1);
    model.pages[0][3] = table_at(0);       /* points to itself */
    model.pages[0][4] = 0x8000000ULL | 3U; /* a device's registers as a table */
    model.pages[0][5] = table_at(5);       /* an empty table */
    model.pages[0][6] = 1U;                /* reserved at level 0 */
    model.pages[1][1] = RAM | AF_AP1 | 1U;
    model.pages[1][2] = RAM | AF_AP1 | 1U; /* an alias */
    report = copy(BOOT_TABLES_OK, &tables);
    assert_int_equal(report.leaves, 1);
    assert_int_equal(report.pages, 2);
    assert_int_not_equal(report.dropped_alias, 0);
    assert_int_not_equal(report.dropped_pointer, 0);
    assert_int_not_equal(report.dropped_empty, 0);
    assert_int_not_equal(report.dropped_invalid, 0);
}

static void test_shared_table(void **state)
{
    struct boot_tables tables;
    struct boot_tables_report report;

    (void)state;
    start(16, 0);
    model.pages[0][0] = table_at(1);
    model.pages[0][1] = table_at(1);
    model.pages[1][1] = RAM | AF_AP1 | 1U;
    report = copy(BOOT_TABLES_OK, &tables);
    assert_int_equal(report.leaves, 1); /* through the second parent all are aliases */
    assert_int_equal(report.dropped_alias, 1);
    assert_int_equal(report.dropped_empty, 1);
}

static void test_refusals(void **state)
{
    struct boot_tables tables;

    (void)state;
    start(16, 0);
    (void)copy(BOOT_TABLES_NOTHING, &tables);
    model.source.tcr |= 1ULL << 14;
    (void)copy(BOOT_TABLES_BAD_GRANULE, &tables);
    for (unsigned t0sz = 0; t0sz < 64; t0sz++) {
        start(t0sz, 0);
        (void)copy(t0sz < 16 || t0sz > 48 ? BOOT_TABLES_BAD_SIZE : BOOT_TABLES_NOTHING, &tables);
    }
    start(16 | 0, 0);
    model.source.tcr |= 1ULL << 32;
    (void)copy(BOOT_TABLES_BAD_SIZE, &tables);
    start(16, 0);
    model.source.ttbr = 0x8000000;
    (void)copy(BOOT_TABLES_BAD_ROOT, &tables);
    start(16, 0);
    for (unsigned i = 0; i < 512; i++) {
        model.pages[0][i] = table_at(0);
    }
    (void)copy(BOOT_TABLES_ENDLESS, &tables);
    for (int i = BOOT_TABLES_OK; i <= BOOT_TABLES_NO_ROOM; i++) {
        assert_string_not_equal(boot_tables_text((enum boot_tables_status)i), "unknown");
    }
}

/* RAM at 1 TiB, where the tables lie, too. */
static void test_ram_at_one_tebibyte(void **state)
{
    struct boot_tables tables;
    struct boot_tables_report report;
    struct boot_tables_memory memory = model_memory(&model);

    (void)state;
    start(20, 0);
    model.base = 1ULL << 40;
    model.extents[0] = (struct model_extent){1ULL << 40, (1ULL << 40) + (64ULL << 30), BOOT_TABLES_RAM};
    model.source.ttbr = 1ULL << 40;
    model.pages[0][2] = ((1ULL << 40) + PAGE) | 3U;
    for (unsigned i = 0; i < 64; i++) {
        model.pages[1][i] = ((1ULL << 40) + ((uint64_t)i << 30)) | 0x480 | NORMAL | 1U;
    }
    assert_int_equal(boot_tables_count(&memory, &model.source, &report), BOOT_TABLES_OK);
    assert_int_equal(report.pages, 2);
    assert_int_equal(
        boot_tables_copy(&memory, &model.source, (1ULL << 40) + MODEL_FIRST_COPY * PAGE, 2, &tables, &report),
        BOOT_TABLES_OK);
    assert_int_equal(report.ram, 64ULL << 30);
    assert_true(boot_tables_identity(&memory, &tables, (1ULL << 40) + (64ULL << 30) - 1U));
    assert_false(boot_tables_identity(&memory, &tables, (1ULL << 40) + (64ULL << 30)));
    assert_false(boot_tables_identity(&memory, &model.source, 1ULL << 40)); /* read-only there */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_tables),
        cmocka_unit_test(test_u_boot_shape),
        cmocka_unit_test(test_shallow_roots_deepen),
        cmocka_unit_test(test_ram_gets_all_rights),
        cmocka_unit_test(test_mixed_block_is_split),
        cmocka_unit_test(test_device_keeps_what_was_imposed),
        cmocka_unit_test(test_what_is_dropped),
        cmocka_unit_test(test_shared_table),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_ram_at_one_tebibyte),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
