/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random sequences for the GPIO controller beside a model that treats each pin by itself, drawn from a generator (test_pl061.c) or from the
 * bytes of a fuzzer (fuzz_pl061.c). As dev_fakes.h: included by one file of a program.
 */
#pragma once

#include "dev/pl061.h"
#include "dev_fakes.h"
#include "seeded.h"

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

/* The model: eight pins, each with its own few booleans. */

struct pin {
    bool input, data, output, level, both, high, enabled, latched;
};

static struct pin pins[8];

static void model_reset(void)
{
    memset(pins, 0, sizeof(pins));
}

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

static void random_compare(void)
{
    assert_int_equal(fake_read(GPIORIS), model_byte(pin_raw));
    assert_int_equal(fake_read(GPIOMIS), model_byte(pin_masked));
    assert_int_equal(fake_read(0x3FC), model_byte(pin_value));
    assert_int_equal(fake_spi[PL061_INTID], model_byte(pin_masked) != 0U);
}
