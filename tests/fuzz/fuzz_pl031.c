/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzzes the real-time clock: steps of tests/unit/pl031_random.h beside its model, or wild ones, after which interrupt and line must agree
 * and the clock must never have gone back by itself.
 * libFuzzer: -max_len=256
 */
#include "pl031_random.h"

#include "fuzz_device.h"

static void wild_step(struct seeded *seeded)
{
    uint32_t before;

    switch (seeded_below(seeded, 6)) {
    case 0:
        before = fake_read(RTCDR);
        fake_advance(seeded_below(seeded, 1ULL << 40));
        assert_true(fake_read(RTCDR) - before <= (1ULL << 40) / SECOND + 1U);
        break;
    case 1:
        if (seeded_below(seeded, 8) == 0U) {
            pl031_class.reset(&fake_vm);
        }
        break;
    case 2:
    case 3:
        fake_write(4U * (uint32_t)seeded_below(seeded, 8), (uint32_t)seeded_next(seeded));
        break;
    default:
        wild_access(seeded, &fake_vm.mmio.regions[1], &fake_vcpus[0]);
        break;
    }
    assert_int_equal(fake_read(RTCMIS), fake_read(RTCRIS) & fake_read(RTCIMSC));
    assert_int_equal(fake_spi[PL031_INTID], fake_read(RTCMIS) != 0U);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct seeded seeded;
    struct model model = {.matched = true};
    bool wild;

    seeded_from(&seeded, data, size);
    wild = seeded_below(&seeded, 2) != 0U;
    fake_restart(&pl031_class, 1);
    fake_seconds = EPOCH;
    pl031_class.reset(&fake_vm);
    while (seeded_more(&seeded)) {
        if (wild) {
            wild_step(&seeded);
        } else {
            model_step(&model, &seeded);
            model_check(&model);
        }
    }
    fake_stop(&pl031_class);
    return 0;
}
