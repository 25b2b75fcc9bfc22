/* SPDX-License-Identifier: Apache-2.0 */
/* hv/arch/cache.c over the cache model, for every line size and kind of cache that CTR_EL0 can name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "arch/barrier.h"
#include "arch/cache.h"
#include "arch/cache_insn.h"
#include "arch/host/host_model.h"
#include "arch/phys.h"
#include "arch/sysreg.h"
#include "seeded.h"

#define BASE 0x40000000ULL
#define SIZE 0x10000ULL
#define IDC (1ULL << 28)
#define DIC (1ULL << 29)

static uint8_t *ram;

static void start(uint64_t data_line, uint64_t instruction_line, uint64_t bits)
{
    host_reset();
    host_phys_add(BASE, SIZE);
    host_sysreg_set_all(KEY_CTR_EL0, 0x80000000ULL | bits | data_line << 16 | instruction_line | 2ULL << 14);
    host_cache_enable();
    ram = phys_to_pointer(BASE);
}

static int set_up(void **state)
{
    (void)state;
    start(4, 4, 0);
    return 0;
}

/* Random ranges of random bytes: what was maintained is seen, to the byte. */
static void test_ranges(void **state)
{
    struct seeded seeded;
    (void)state;
    seeded_start(&seeded, "cache");
    for (unsigned round = 0; round < 400; round++) {
        start(seeded_below(&seeded, 4) + 2, seeded_below(&seeded, 4) + 2, seeded_below(&seeded, 4) << 28);
        uint64_t at = seeded_below(&seeded, SIZE - 2000);
        uint64_t size = seeded_below(&seeded, 2000) + 1;
        uint8_t byte = (uint8_t)(round | 1);
        memset(ram + at, byte, size);
        uint64_t kind = seeded_below(&seeded, 3);
        if (kind == 0)
            cache_clean_poc(ram + at, size);
        else if (kind == 1)
            cache_clean_invalidate_poc(ram + at, size);
        else
            cache_sync_instructions(ram + at, size);
        for (uint64_t i = at; i < at + size; i++)
            assert_int_equal(kind == 2 ? host_cache_fetch(BASE + i) : host_cache_read_uncached(BASE + i), byte);
    }
}

static void test_nothing_done(void **state)
{
    (void)state;
    memset(ram, 0xee, SIZE);
    assert_int_equal(host_cache_read_uncached(BASE), 0);
    assert_int_equal(host_cache_fetch(BASE), 0);
    start(4, 4, IDC | DIC);
    memset(ram, 0xee, SIZE);
    assert_int_equal(host_cache_fetch(BASE), 0xee);
    assert_int_equal(host_cache_read_uncached(BASE), 0);
    start(4, 4, IDC);
    memset(ram, 0xee, SIZE);
    assert_int_equal(host_cache_fetch(BASE), 0);
}

/* What an observer without caches wrote is behind stale lines until they were invalidated. */
static void test_incoming(void **state)
{
    (void)state;
    host_cache_write_uncached(BASE + 100, 0x31);
    assert_int_equal(ram[100], 0);
    cache_clean_invalidate_poc(ram, 256);
    host_cache_write_uncached(BASE + 100, 0x32);
    assert_int_equal(ram[100], 0x32);
}

static void test_all_instructions(void **state)
{
    (void)state;
    memset(ram, 0xee, SIZE);
    cache_clean_invalidate_poc(ram, SIZE);
    assert_int_equal(host_cache_fetch(BASE + 77), 0);
    cache_invalidate_instructions_all();
    assert_int_equal(host_cache_fetch(BASE + 77), 0xee);
}

/* The model itself: each step of the sequence for instructions (DDI 0487, B2.4.4) matters. */
static uint8_t sequence(bool clean, bool dsb, bool invalidate, bool dsb_again, bool isb)
{
    start(4, 4, 0);
    ram[64] = 0xee;
    if (clean)
        cache_insn_dc_cvau((uint64_t)(uintptr_t)ram + 64);
    if (dsb)
        barrier_dsb_ish();
    if (invalidate)
        cache_insn_ic_ivau((uint64_t)(uintptr_t)ram + 64);
    if (dsb_again)
        barrier_dsb_ish();
    if (isb)
        barrier_isb();
    return host_cache_fetch(BASE + 64);
}

static void test_sequence(void **state)
{
    (void)state;
    assert_int_equal(sequence(true, true, true, true, true), 0xee);
    assert_int_equal(sequence(false, true, true, true, true), 0);
    assert_int_equal(sequence(true, false, true, true, true), 0);
    assert_int_equal(sequence(true, true, false, true, true), 0);
    assert_int_equal(sequence(true, true, true, false, true), 0);
    assert_int_equal(sequence(true, true, true, true, false), 0);
}

static void test_zero(void **state)
{
    (void)state;
    static const uint64_t kinds[] = {2, 4, 9, 4 | 16}; /* blocks of 16, 64 and 2048 bytes; DC ZVA prohibited */
    for (unsigned i = 0; i < 4; i++) {
        host_sysreg_set_all(KEY_DCZID_EL0, kinds[i]);
        memset(ram, 0xee, SIZE);
        cache_zero_pages(ram + 4096, 8192);
        assert_int_equal(ram[4095], 0xee);
        assert_int_equal(ram[4096 + 8192], 0xee);
        for (unsigned at = 4096; at < 4096 + 8192; at++)
            assert_int_equal(ram[at], 0);
    }
}

/* Zeroes behind which nothing is dirty, where a DC ZVA zeroes a line, more or less, or none is allowed. */
static void test_zero_poc(void **state)
{
    (void)state;
    static const uint64_t kinds[] = {2, 4, 6, 9, 4 | 16};
    for (unsigned i = 0; i < 25; i++) {
        start(2 + i % 5, 4, 0);
        host_sysreg_set_all(KEY_DCZID_EL0, kinds[i / 5]);
        memset(ram, 0xee, SIZE);
        cache_clean_invalidate_poc(ram, SIZE);
        memset(ram, 0xdd, SIZE);
        cache_zero_pages_poc(ram + 4096, 12288);
        for (unsigned at = 0; at < SIZE; at++) {
            bool inside = at >= 4096 && at < 4096 + 12288;
            assert_int_equal(ram[at], inside ? 0 : 0xdd);
            assert_int_equal(host_cache_read_uncached(BASE + at), inside ? 0 : 0xee);
        }
        host_cache_write_uncached(BASE + 4096, 0x31);
        assert_int_equal(ram[4096], 0x31);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ranges),
        cmocka_unit_test_setup(test_nothing_done, set_up),
        cmocka_unit_test_setup(test_incoming, set_up),
        cmocka_unit_test_setup(test_all_instructions, set_up),
        cmocka_unit_test(test_sequence),
        cmocka_unit_test_setup(test_zero, set_up),
        cmocka_unit_test(test_zero_poc),
    };
    return cmocka_run_group_tests_name("cache", tests, NULL, NULL);
}
