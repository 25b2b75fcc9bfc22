/* SPDX-License-Identifier: Apache-2.0 */
/* The GPIO controller and its power button: DDI 0190's registers, then random sequences beside a model that treats each pin by itself. */
#include "pl061_random.h"

static int setup(void **state)
{
    (void)state;
    fake_start(&pl061_class, 1);
    pl061_class.reset(&fake_vm);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    fake_stop(&pl061_class);
    return 0;
}

static void test_identification(void **state)
{
    static const uint8_t id[8] = {0x61, 0x10, 0x04, 0x00, 0x0D, 0xF0, 0x05, 0xB1};

    (void)state;
    fake_check_primecell(id);
}

static void test_masked_data(void **state)
{
    (void)state;
    fake_write(GPIODIR, 0xF7);
    fake_write(0x3FC, 0xFF);
    assert_int_equal(fake_read(0x3FC), 0xF7);
    fake_write(0x00F0U << 2, 0x5A);
    assert_int_equal(fake_read(0x3FC), 0x57);
    assert_int_equal(fake_read(0x0C << 2), 0x04);
    assert_int_equal(fake_read(0), 0);
    fake_write(GPIOAFSEL, 0x1A5);
    assert_int_equal(fake_read(GPIOAFSEL), 0xA5);
}

/* What Linux's gpio-keys does: both edges; the line is looked at some milliseconds after each. */
static void test_press_both_edges(void **state)
{
    (void)state;
    fake_write(GPIOIBE, POWER);
    fake_write(GPIOIE, POWER);
    pl061_press_power(&fake_vm);
    assert_true(fake_spi[PL061_INTID]);
    assert_int_equal(fake_read(GPIOMIS), POWER);
    fake_write(GPIOIC, POWER);
    assert_false(fake_spi[PL061_INTID]);
    fake_advance(20U * FAKE_MS);
    assert_int_equal(fake_read(POWER << 2), POWER);
    fake_advance(PRESS);
    assert_true(fake_spi[PL061_INTID]);
    assert_int_equal(fake_read(POWER << 2), 0);
    fake_write(GPIOIC, POWER);
    assert_false(fake_spi[PL061_INTID]);
}

static void test_press_again_is_longer(void **state)
{
    (void)state;
    pl061_press_power(&fake_vm);
    fake_advance(PRESS / 2U);
    pl061_press_power(&fake_vm);
    fake_advance(PRESS * 3U / 4U);
    assert_int_equal(fake_read(0x3FC), POWER);
    fake_advance(PRESS);
    assert_int_equal(fake_read(0x3FC), 0);
}

static void test_level(void **state)
{
    (void)state;
    fake_write(GPIOIS, POWER);
    fake_write(GPIOIEV, POWER);
    fake_write(GPIOIE, POWER);
    assert_false(fake_spi[PL061_INTID]);
    pl061_press_power(&fake_vm);
    assert_true(fake_spi[PL061_INTID]);
    fake_write(GPIOIC, POWER);
    assert_true(fake_spi[PL061_INTID]);
    fake_advance(PRESS);
    assert_false(fake_spi[PL061_INTID]);
}

static void test_reset_releases(void **state)
{
    (void)state;
    fake_write(GPIOIE, POWER);
    fake_write(GPIOIEV, POWER);
    pl061_press_power(&fake_vm);
    assert_true(fake_spi[PL061_INTID]);
    pl061_class.reset(&fake_vm);
    assert_false(fake_spi[PL061_INTID]);
    assert_int_equal(fake_read(0x3FC), 0);
    assert_null(fake_timers);
}

static void test_random(void **state)
{
    struct seeded seeded;

    (void)state;
    model_reset();
    seeded_start(&seeded, "pl061");
    for (unsigned i = 0; i < 200000U; i++) {
        random_step(&seeded);
        random_compare();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_identification, setup, teardown),
        cmocka_unit_test_setup_teardown(test_masked_data, setup, teardown),
        cmocka_unit_test_setup_teardown(test_press_both_edges, setup, teardown),
        cmocka_unit_test_setup_teardown(test_press_again_is_longer, setup, teardown),
        cmocka_unit_test_setup_teardown(test_level, setup, teardown),
        cmocka_unit_test_setup_teardown(test_reset_releases, setup, teardown),
        cmocka_unit_test_setup_teardown(test_random, setup, teardown),
    };

    return cmocka_run_group_tests_name("pl061", tests, NULL, NULL);
}
