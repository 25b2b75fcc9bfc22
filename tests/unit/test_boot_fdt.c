/* SPDX-License-Identifier: Apache-2.0 */
/* boot/boot_fdt.c against fdt_model.c, and the tree of QEMU's virt board. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <libfdt.h>

#include "boot_fdt.h"
#include "fdt_builder.h"
#include "fdt_model.h"
#include "seeded.h"

#define ROUNDS 10500U

static uint64_t seeded_choice(void *context, uint64_t limit)
{
    return seeded_below(context, limit);
}

static void test_random_trees(void **state)
{
    struct seeded seeded;
    struct model_choice choice = {seeded_choice, &seeded};
    unsigned taken = 0;

    (void)state;
    seeded_start(&seeded, "boot_fdt");
    for (unsigned round = 0; round < ROUNDS; round++) {
        bool read = false;
        const char *fault = fdt_model_check(&choice, &read);

        if (fault != NULL) {
            fail_msg("round %u: %s", round, fault);
        }
        taken += read ? 1U : 0U;
    }
    assert_true(taken > 7500 && taken < ROUNDS - 1000U);
}

static void test_virt_board(void **state)
{
    static struct fdt_builder tree;
    static _Alignas(8) uint8_t room[FDT_BUILDER_MAX + BOOT_FDT_GROWTH];
    static struct boot_cpus cpus;
    struct boot_fault fault = {0};

    (void)state;
    fdt_build_virt(&tree, 4);
    assert_true(boot_fdt_read(tree.bytes, 0, &cpus, &fault));
    assert_int_equal(cpus.count, 4);
    assert_int_equal(cpus.conduit, HANDOFF_CONDUIT_SMC);
    assert_int_equal(fdt_open_into(tree.bytes, room, sizeof(room)), 0);
    assert_false(boot_fdt_rewrite(room, &cpus, &fault));
    for (unsigned i = 0; i < 4; i++) {
        cpus.cpus[i].mailbox = 0x40001000U + i * 0x1000U;
    }
    assert_true(boot_fdt_rewrite(room, &cpus, &fault));
    assert_true(fdt_path_offset(room, "/psci") < 0);
    assert_int_equal(fdt_pack(room), 0);
    assert_int_equal(fdt_check_full(room, sizeof(room)), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_trees),
        cmocka_unit_test(test_virt_board),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
