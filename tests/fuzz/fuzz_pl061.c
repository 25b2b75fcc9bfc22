/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzzes the GPIO controller with its power button: steps of tests/unit/pl061_random.h beside its model of single pins, or wild ones, after
 * which interrupt and line must agree.
 * libFuzzer: -max_len=256
 */
#include "pl061_random.h"

#include "fuzz_device.h"

static void wild_step(struct seeded *seeded)
{
    switch (seeded_below(seeded, 6)) {
    case 0:
        pl061_press_power(&fake_vm);
        break;
    case 1:
        fake_advance(seeded_below(seeded, 3U * PRESS));
        break;
    case 2:
        if (seeded_below(seeded, 8) == 0U) {
            pl061_class.reset(&fake_vm);
        }
        break;
    case 3:
        fake_write(GPIODIR + 4U * (uint32_t)seeded_below(seeded, 9), (uint32_t)seeded_below(seeded, 0x10000));
        break;
    default:
        wild_access(seeded, &fake_vm.mmio.regions[1], &fake_vcpus[0]);
        break;
    }
    assert_int_equal(fake_read(GPIOMIS), fake_read(GPIORIS) & fake_read(GPIOIE));
    assert_int_equal(fake_spi[PL061_INTID], fake_read(GPIOMIS) != 0U);
    assert_int_equal((fake_read(GPIODIR) | fake_read(GPIORIS) | fake_read(0x3FC)) & ~0xFFU, 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct seeded seeded;
    bool wild;

    seeded_from(&seeded, data, size);
    wild = seeded_below(&seeded, 2) != 0U;
    fake_restart(&pl061_class, 1);
    pl061_class.reset(&fake_vm);
    model_reset();
    while (seeded_more(&seeded)) {
        if (wild) {
            wild_step(&seeded);
        } else {
            random_step(&seeded);
            random_compare();
        }
    }
    fake_stop(&pl061_class);
    return 0;
}
