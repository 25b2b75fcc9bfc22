/* SPDX-License-Identifier: Apache-2.0 */
/* Which CPUs' errata are seen. The set only grows, as CPUs come up, so the tests run from healthy to affected. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "arch/host/host_model.h"
#include "arch/sysreg.h"
#include "cpu/errata.h"

/* MIDR_EL1: implementer, variant, architecture 0xf, part, revision. */
static void detect(uint64_t implementer, uint64_t variant, uint64_t part, uint64_t revision)
{
    host_sysreg_set_all(KEY_MIDR_EL1, implementer << 24 | variant << 20 | 0xfU << 16 | part << 4 | revision);
    errata_detect();
}

static unsigned applied_count(void)
{
    unsigned count = 0;

    while (errata_applied(count) != NULL) {
        count++;
    }
    return count;
}

static void test_unaffected_cpus(void **unused)
{
    (void)unused;
    host_reset();
    detect(0x41, 3, 0xd0c, 1); /* Neoverse N1 r3p1 */
    detect(0x41, 0, 0x051, 0); /* QEMU's max has part 0x051 */
    detect(0x51, 0, 0xd08, 3); /* another implementer's part of the same number */
    detect(0x41, 2, 0xd0b, 1); /* Cortex-A76 r2p1 */
    detect(0x41, 3, 0xd0b, 0);
    detect(0x41, 2, 0xd05, 1); /* Cortex-A55 r2p1 */
    assert_false(errata_has(ERRATUM_SPECULATIVE_AT));
    assert_int_equal(applied_count(), 0);
}

static void test_affected_cpus(void **unused)
{
    (void)unused;
    host_reset();
    detect(0x41, 0, 0xd08, 3);
    assert_true(errata_has(ERRATUM_SPECULATIVE_AT));
    assert_int_equal(applied_count(), 1);
    assert_string_equal(errata_applied(0)->name, "Cortex-A72 1319367");
    detect(0x41, 1, 0xd07, 3);
    detect(0x41, 2, 0xd0b, 0);
    detect(0x41, 0, 0xd05, 0);
    detect(0x41, 1, 0xd08, 0);
    assert_int_equal(applied_count(), 4);
    assert_string_equal(errata_applied(0)->name, "Cortex-A57 1319537");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unaffected_cpus),
        cmocka_unit_test(test_affected_cpus),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
