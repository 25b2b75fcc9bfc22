/* SPDX-License-Identifier: Apache-2.0 */
/* The GPIO controller and its power button: DDI 0190's registers, then random sequences beside a model that treats each pin by itself. */
#include "dev_fakes.h"

#include "dev/pl061.h"

#define GPIODIR 0x400U
#define GPIOIS 0x404U
#define GPIOIBE 0x408U
#define GPIOIEV 0x40CU
#define GPIOIE 0x410U
#define GPIORIS 0x414U
#define GPIOMIS 0x418U
#define GPIOIC 0x41CU
#define GPIOAFSEL 0x420U
#define POWER 0x08U
#define PRESS (100U * FAKE_MS)

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

/* ---- the model: eight pins, each with its own few booleans ---- */

struct pin {
    bool input, data, output, level, both, high, enabled, latched;
};

static struct pin pins[8];

static bool pin_raw(const struct pin *pin)
{
    return pin->level ? !pin->output && pin->input == pin->high : pin->latched;
}

static void pin_drive(struct pin *pin, bool input)
{
    if (pin->input != input && !pin->output && !pin->level && (pin->both || input == pin->high)) {
        pin->latched = true;
    }
    pin->input = input;
}

static void model_write(uint32_t offset, uint32_t value)
{
    for (unsigned i = 0; i < 8U; i++) {
        bool bit = ((value >> i) & 1U) != 0U;
        struct pin *pin = &pins[i];
        pin->output = offset == GPIODIR ? bit : pin->output;
        pin->level = offset == GPIOIS ? bit : pin->level;
        pin->both = offset == GPIOIBE ? bit : pin->both;
        pin->high = offset == GPIOIEV ? bit : pin->high;
        pin->enabled = offset == GPIOIE ? bit : pin->enabled;
        pin->latched = pin->latched && !(offset == GPIOIC && bit);
        pin->data = offset < 0x400U && ((offset >> (2U + i)) & 1U) != 0U ? bit : pin->data;
    }
}

static uint32_t model_byte(bool (*get)(const struct pin *pin))
{
    uint32_t value = 0;

    for (unsigned i = 0; i < 8U; i++) {
        value |= get(&pins[i]) ? 1U << i : 0U;
    }
    return value;
}

static bool pin_masked(const struct pin *pin)
{
    return pin_raw(pin) && pin->enabled;
}

static bool pin_value(const struct pin *pin)
{
    return pin->output ? pin->data : pin->input;
}

static void random_step(struct seeded *seeded)
{
    static const uint32_t offsets[] = {GPIODIR, GPIOIS, GPIOIBE, GPIOIEV, GPIOIE, GPIOIC, GPIOIC, GPIORIS};
    uint64_t choice = seeded_below(seeded, 12);

    if (choice < 8U) {
        uint32_t value = (uint32_t)seeded_below(seeded, 256);
        fake_write(offsets[choice], value);
        model_write(offsets[choice], value);
    } else if (choice == 8U) {
        uint32_t offset = (uint32_t)seeded_below(seeded, 256) << 2;
        fake_write(offset, 0xA5);
        model_write(offset, 0xA5);
    } else if (choice == 9U) {
        pl061_press_power(&fake_vm);
        pin_drive(&pins[3], true);
    } else {
        fake_advance(2U * PRESS);
        pin_drive(&pins[3], false);
    }
}

static void test_random(void **state)
{
    struct seeded seeded;

    (void)state;
    memset(pins, 0, sizeof(pins));
    seeded_start(&seeded, "pl061");
    for (unsigned i = 0; i < 200000U; i++) {
        random_step(&seeded);
        assert_int_equal(fake_read(GPIORIS), model_byte(pin_raw));
        assert_int_equal(fake_read(GPIOMIS), model_byte(pin_masked));
        assert_int_equal(fake_read(0x3FC), model_byte(pin_value));
        assert_int_equal(fake_spi[PL061_INTID], model_byte(pin_masked) != 0U);
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
