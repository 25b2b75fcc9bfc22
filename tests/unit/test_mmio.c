/* SPDX-License-Identifier: Apache-2.0 */
/* The MMIO bus against a linear search over the same regions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "vm/mmio.h"

static const struct mmio_ops ops;
static uint64_t state = 0x9e3779b97f4a7c15ULL;

static uint64_t random64(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

static void test_overlap_is_refused(void **unused)
{
    (void)unused;
    struct mmio_bus bus = {0};
    assert_int_equal(mmio_bus_add(&bus, ipa_make(0x1000), 0x1000, &ops, NULL), STATUS_OK);
    assert_int_equal(mmio_bus_add(&bus, ipa_make(0x1fff), 1, &ops, NULL), STATUS_EXISTS);
    assert_int_equal(mmio_bus_add(&bus, ipa_make(0x800), 0x801, &ops, NULL), STATUS_EXISTS);
    assert_int_equal(mmio_bus_add(&bus, ipa_make(0x1000), 1, &ops, NULL), STATUS_EXISTS);
    assert_int_equal(mmio_bus_add(&bus, ipa_make(0x800), 0x800, &ops, NULL), STATUS_OK);
    assert_int_equal(mmio_bus_add(&bus, ipa_make(0x2000), 1, &ops, NULL), STATUS_OK);
    assert_int_equal(mmio_bus_add(&bus, ipa_make(0x5000), 0, &ops, NULL), STATUS_RANGE);
    assert_int_equal(mmio_bus_add(&bus, ipa_make(~0ULL - 1), 3, &ops, NULL), STATUS_RANGE);
    assert_int_equal(bus.count, 3);
}

static void test_full_bus_is_refused(void **unused)
{
    (void)unused;
    struct mmio_bus bus = {0};
    for (uint64_t i = 0; i < MMIO_MAX_REGIONS; i++) {
        assert_int_equal(mmio_bus_add(&bus, ipa_make(i * 16), 16, &ops, NULL), STATUS_OK);
    }
    assert_int_equal(mmio_bus_add(&bus, ipa_make(1 << 20), 16, &ops, NULL), STATUS_NO_MEMORY);
}

static void test_access_across_an_end_finds_nothing(void **unused)
{
    (void)unused;
    struct mmio_bus bus = {0};
    assert_int_equal(mmio_bus_add(&bus, ipa_make(0x1000), 0x10, &ops, NULL), STATUS_OK);
    assert_non_null(mmio_bus_find(&bus, 0x100c, 4));
    assert_null(mmio_bus_find(&bus, 0x100d, 4));
    assert_null(mmio_bus_find(&bus, 0xfff, 4));
    assert_null(mmio_bus_find(&bus, ~0ULL, 8));
}

struct plain {
    uint64_t base, size;
};

static const struct plain *linear(const struct plain *regions, unsigned count, uint64_t ipa, unsigned size)
{
    for (unsigned i = 0; i < count; i++) {
        if (ipa >= regions[i].base && ipa + size <= regions[i].base + regions[i].size) {
            return &regions[i];
        }
    }
    return NULL;
}

static void agree(uint64_t base, uint64_t span, uint64_t largest)
{
    struct mmio_bus bus = {0};
    struct plain regions[MMIO_MAX_REGIONS];
    unsigned count = 0;
    for (unsigned i = 0; i < 40; i++) {
        struct plain region = {base + random64() % span, 1 + random64() % largest};
        if (mmio_bus_add(&bus, ipa_make(region.base), region.size, &ops, NULL) == STATUS_OK) {
            regions[count++] = region;
        }
    }
    assert_int_equal(bus.count, count);
    for (unsigned i = 0; i < 500; i++) {
        uint64_t ipa = base + random64() % (span + largest);
        unsigned size = 1U << (random64() % 4);
        if (i % 2U == 0U && count != 0U) {
            const struct plain *near = &regions[random64() % count];
            ipa = near->base + (random64() % 2U == 0U ? near->size : 0U) - random64() % 9U;
        }
        const struct plain *expected = linear(regions, count, ipa, size);
        const struct mmio_region *found = mmio_bus_find(&bus, ipa, size);
        assert_int_equal(expected != NULL, found != NULL);
        if (expected != NULL) {
            assert_int_equal(found->base, expected->base);
        }
        assert_ptr_equal(found, mmio_bus_search(&bus, ipa, size));
    }
}

static void test_find_agrees_with_linear_search(void **unused)
{
    (void)unused;
    uint64_t slots = (uint64_t)MMIO_SLOTS << MMIO_SLOT_SHIFT;
    for (unsigned round = 0; round < 200; round++) {
        agree(0x1000, 0x4000, 0x200);
        agree(MMIO_SLOT_BASE - 0x20000, 0x80000, 0x8000);
        agree(MMIO_SLOT_BASE - 0x80000, slots + 0x100000, 0x100000);
        agree(MMIO_SLOT_BASE + slots - 0x40000, 0x80000, 0x20000);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_overlap_is_refused),
        cmocka_unit_test(test_full_bus_is_refused),
        cmocka_unit_test(test_access_across_an_end_finds_nothing),
        cmocka_unit_test(test_find_agrees_with_linear_search),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
