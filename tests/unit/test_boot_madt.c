/* SPDX-License-Identifier: Apache-2.0 */
/*
 * boot/boot_acpi.c and boot/boot_madt.c against madt_model.c, then what its random tables leave out.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "acpi_builder.h"
#include "boot_madt.h"
#include "madt_model.h"
#include "seeded.h"

#define ROUNDS 15000U

static uint64_t seeded_choice(void *context, uint64_t limit)
{
    return seeded_below(context, limit);
}

static void test_random_tables(void **state)
{
    struct seeded seeded;
    struct model_choice choice = {seeded_choice, &seeded};
    unsigned taken = 0;

    (void)state;
    seeded_start(&seeded, "boot_madt");
    for (unsigned round = 0; round < ROUNDS; round++) {
        bool read = false;
        const char *fault = madt_model_check(&choice, &read);

        if (fault != NULL) {
            fail_msg("round %u: %s", round, fault);
        }
        taken += read ? 1U : 0U;
    }
    assert_true(taken > 10000 && taken < ROUNDS - 3000U);
}

/* ---- by hand ---- */

static struct acpi_builder madt_bytes;
static struct acpi_builder fadt_bytes;

static struct boot_acpi_table table_of(struct acpi_builder *builder, uint64_t pa)
{
    acpi_finish(builder);
    return (struct boot_acpi_table){pa, builder->bytes, builder->size};
}

/* As edk2 gives them for QEMU's virt board: parking fields zero, PSCI by SMC. */
static void test_virt_board(void **state)
{
    static struct boot_cpus cpus;
    struct boot_fault fault;
    struct boot_acpi_table madt;
    struct boot_acpi_table fadt;

    (void)state;
    acpi_virt_madt(&madt_bytes, 4);
    acpi_fadt(&fadt_bytes, 6, 0, 1);
    madt = table_of(&madt_bytes, 0x1000);
    fadt = table_of(&fadt_bytes, 0x9000);
    assert_true(boot_madt_read(&fadt, &madt, 0, &cpus, &fault));
    assert_int_equal(cpus.count, 4);
    assert_int_equal(cpus.conduit, HANDOFF_CONDUIT_SMC);
    assert_true(cpus.cpus[0].boot && !cpus.cpus[1].boot);
    assert_int_equal(cpus.cpus[3].protocol, HANDOFF_CPU_PSCI);
    /* Nobody has arrived: nothing is touched. */
    assert_false(boot_madt_rewrite(&fadt, &madt, &cpus));
    assert_int_equal(fadt.bytes[129], 1);
    cpus.cpus[2].mailbox = 0x123456000;
    assert_true(boot_madt_rewrite(&fadt, &madt, &cpus));
    assert_int_equal(fadt.bytes[129], 0);
    assert_true(boot_madt_read(&fadt, &madt, 0, &cpus, &fault));
    assert_int_equal(cpus.conduit, HANDOFF_CONDUIT_NONE);
    assert_int_equal(cpus.cpus[1].protocol, HANDOFF_CPU_UNKNOWN);
    assert_int_equal(cpus.cpus[2].protocol, HANDOFF_CPU_PARKING);
    assert_int_equal(cpus.cpus[2].release, 0x123456000);
}

static void test_one_parked_address_for_two(void **state)
{
    static struct boot_cpus cpus;
    struct boot_fault fault;
    struct boot_acpi_table madt;
    struct boot_acpi_table fadt;

    (void)state;
    acpi_virt_madt(&madt_bytes, 3);
    acpi_fadt(&fadt_bytes, 6, 0, 1);
    madt = table_of(&madt_bytes, 0x1000);
    fadt = table_of(&fadt_bytes, 0x9000);
    assert_true(boot_madt_read(&fadt, &madt, 0, &cpus, &fault));
    cpus.cpus[1].mailbox = 0x40000000;
    cpus.cpus[2].mailbox = 0x40000000;
    assert_true(boot_madt_rewrite(&fadt, &madt, &cpus));
    assert_false(boot_madt_read(&fadt, &madt, 0, &cpus, &fault));
    assert_string_equal(fault.table, "MADT");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_tables),
        cmocka_unit_test(test_virt_board),
        cmocka_unit_test(test_one_parked_address_for_two),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
