/* SPDX-License-Identifier: Apache-2.0 */
/* hv/mem/guest_memory.c: extents, the bounds of the door, single reads, and what a guest with its caches off sees. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "arch/host/host_model.h"
#include "arch/phys.h"
#include "mem/guest_memory.h"
#include "seeded.h"

#define POOL 0x80000000ULL
#define RAM_BASE 0x40000000ULL

static struct guest_memory memory;

static void pool_add(uint64_t base, uint64_t size)
{
    host_phys_add(base, size);
    assert_int_equal(page_alloc_add(pa_make(base), size), STATUS_OK);
}

static int set_up(void **state)
{
    (void)state;
    host_reset();
    page_alloc_reset();
    return 0;
}

static void check_extents(uint64_t size)
{
    uint64_t next = RAM_BASE;
    assert_int_equal(memory.size, size);
    for (unsigned i = 0; i < memory.extent_count; i++) {
        const struct guest_extent *extent = &memory.extents[i];
        assert_int_equal(extent->ipa, next);
        assert_int_equal(extent->size, PAGE_SIZE << extent->order);
        assert_int_equal(extent->ipa % extent->size, 0); /* can be blocks of stage 2 */
        assert_int_equal(extent->pa % extent->size, 0);
        next += extent->size;
    }
    assert_int_equal(next, RAM_BASE + size);
    assert_int_equal(page_alloc_bytes(OWNER_VM(0)), size);
}

static void test_create(void **state)
{
    (void)state;
    pool_add(POOL, 4 * BLOCK_1G);
    uint64_t free_bytes = page_alloc_bytes(OWNER_FREE);
    assert_int_equal(guest_memory_create(&memory, ipa_make(RAM_BASE), 2 * BLOCK_1G + 7 * BLOCK_2M, OWNER_VM(0)),
                     STATUS_OK);
    check_extents(2 * BLOCK_1G + 7 * BLOCK_2M);
    assert_int_equal(memory.extent_count, 5); /* 1 GiB twice, 8, 4 and 2 MiB */
    guest_memory_destroy(&memory);
    assert_int_equal(page_alloc_bytes(OWNER_FREE), free_bytes);

    assert_int_equal(guest_memory_create(&memory, ipa_make(RAM_BASE), 0, OWNER_VM(0)), STATUS_INVALID);
    assert_int_equal(guest_memory_create(&memory, ipa_make(RAM_BASE), BLOCK_2M + PAGE_SIZE, OWNER_VM(0)),
                     STATUS_INVALID);
    assert_int_equal(guest_memory_create(&memory, ipa_make(PAGE_SIZE), BLOCK_2M, OWNER_VM(0)), STATUS_INVALID);
    assert_int_equal(guest_memory_create(&memory, ipa_make(0 - BLOCK_2M), 2 * BLOCK_2M, OWNER_VM(0)), STATUS_INVALID);
    assert_int_equal(guest_memory_create(&memory, ipa_make(RAM_BASE), 4 * BLOCK_1G, OWNER_VM(0)), STATUS_NO_MEMORY);
    assert_int_equal(page_alloc_bytes(OWNER_FREE), free_bytes);
}

/* Free memory in pieces: more extents, and a refusal when they don't suffice. */
static void test_fragments(void **state)
{
    pa_t pa;
    (void)state;
    pool_add(POOL, BLOCK_1G);
    pool_add(4 * BLOCK_1G, BLOCK_1G);
    for (unsigned i = 0; i < 300; i++)
        assert_int_equal(page_alloc(OWNER_HV, 9, &pa), STATUS_OK);
    uint64_t before = page_alloc_bytes(OWNER_FREE);
    assert_int_equal(guest_memory_create(&memory, ipa_make(RAM_BASE), 600 * BLOCK_2M, OWNER_VM(0)), STATUS_OK);
    check_extents(600 * BLOCK_2M);
    guest_memory_destroy(&memory);
    assert_int_equal(page_alloc_bytes(OWNER_FREE), before);

    (void)set_up(NULL);
    static pa_t blocks[1024];
    pool_add(POOL, 2 * BLOCK_1G);
    unsigned count = 0;
    unsigned freed = 0;
    while (count < 1024 && page_alloc(OWNER_HV, 9, &blocks[count]) == STATUS_OK)
        count++;
    for (unsigned i = 0; i < count; i++) { /* one half of each 4 MiB is free: no larger block */
        if (blocks[i].pa / BLOCK_2M % 2 == 0) {
            page_free(OWNER_HV, 9, blocks[i]);
            freed++;
        }
    }
    assert_true(freed > GUEST_MEMORY_MAX_EXTENTS);
    assert_int_equal(guest_memory_create(&memory, ipa_make(RAM_BASE), 200 * BLOCK_2M, OWNER_VM(0)), STATUS_OK);
    assert_int_equal(memory.extent_count, 200);
    check_extents(200 * BLOCK_2M);
    guest_memory_destroy(&memory);
    uint64_t too_many = (GUEST_MEMORY_MAX_EXTENTS + 1) * BLOCK_2M;
    before = page_alloc_bytes(OWNER_FREE);
    assert_int_equal(guest_memory_create(&memory, ipa_make(RAM_BASE), too_many, OWNER_VM(0)), STATUS_NO_MEMORY);
    assert_int_equal(page_alloc_bytes(OWNER_FREE), before);
}

/* ---- the door ---- */

#define SMALL (3 * BLOCK_2M) /* two extents: 4 and 2 MiB */

static void create_small(void)
{
    pool_add(POOL, 32 * BLOCK_2M);
    assert_int_equal(guest_memory_create(&memory, ipa_make(RAM_BASE), SMALL, OWNER_VM(0)), STATUS_OK);
    assert_int_equal(memory.extent_count, 2);
    guest_memory_place(&memory, 0, NULL, SMALL);
}

static void test_bounds(void **state)
{
    char bytes[32];
    (void)state;
    create_small();
    memset(bytes, 'x', sizeof(bytes));
    static const struct {
        uint64_t ipa;
        size_t size;
    } outside[] = {
        {RAM_BASE - 1, 1},
        {RAM_BASE - 1, 2},
        {RAM_BASE + SMALL, 1},
        {RAM_BASE + SMALL - 7, 8},
        {0, 8},
        {UINT64_MAX, 2},
        {UINT64_MAX - 3, 8},
        {RAM_BASE, SMALL + 1},
        {RAM_BASE + 1, SIZE_MAX},
        {RAM_BASE, SIZE_MAX},
        {RAM_BASE + SMALL + 1, 0},
    };
    for (unsigned i = 0; i < sizeof(outside) / sizeof(outside[0]); i++) {
        assert_int_equal(guest_read(&memory, ipa_make(outside[i].ipa), bytes, outside[i].size), STATUS_RANGE);
        assert_int_equal(guest_write(&memory, ipa_make(outside[i].ipa), bytes, outside[i].size), STATUS_RANGE);
    }
    assert_int_equal(bytes[0], 'x');
    assert_int_equal(guest_read(&memory, ipa_make(RAM_BASE + SMALL), bytes, 0), STATUS_OK);
    assert_int_equal(guest_read(&memory, ipa_make(RAM_BASE + SMALL - 8), bytes, 8), STATUS_OK);
    assert_memory_equal(bytes, "\0\0\0\0\0\0\0\0x", 9);
    guest_memory_destroy(&memory);
    assert_int_equal(guest_read(&memory, ipa_make(RAM_BASE), bytes, 1), STATUS_RANGE);
}

static void test_random(void **state)
{
    struct seeded seeded;
    (void)state;
    seeded_start(&seeded, "guest_memory");
    create_small();
    uint8_t *model = calloc(1, SMALL);
    assert_non_null(model);
    for (unsigned round = 0; round < 20000; round++) {
        uint8_t bytes[300];
        size_t size = seeded_below(&seeded, sizeof(bytes));
        /* Mostly around the border of the extents. */
        uint64_t at = seeded_below(&seeded, 3) == 0 ? seeded_below(&seeded, SMALL - size)
                                                    : 2 * BLOCK_2M - seeded_below(&seeded, 300);
        if (seeded_below(&seeded, 2) == 0) {
            for (size_t i = 0; i < size; i++)
                bytes[i] = (uint8_t)seeded_next(&seeded);
            assert_int_equal(guest_write(&memory, ipa_make(RAM_BASE + at), bytes, size), STATUS_OK);
            memcpy(model + at, bytes, size);
        } else {
            assert_int_equal(guest_read(&memory, ipa_make(RAM_BASE + at), bytes, size), STATUS_OK);
            assert_memory_equal(bytes, model + at, size);
        }
    }
    guest_memory_place(&memory, BLOCK_2M, NULL, 2 * BLOCK_2M);
    memset(model + BLOCK_2M, 0, 2 * BLOCK_2M);
    for (unsigned i = 0; i < 2; i++)
        assert_memory_equal(phys_to_pointer(memory.extents[i].pa), model + (memory.extents[i].ipa - RAM_BASE),
                            memory.extents[i].size);
    free(model);
}

static void place_outside(void *context)
{
    (void)context;
    guest_memory_place(&memory, SMALL - PAGE_SIZE, NULL, 2 * PAGE_SIZE);
}

static void test_place_bounds(void **state)
{
    (void)state;
    create_small();
    assert_true(host_expect_panic(place_outside, NULL));
}

/* What was placed, files and zeroes of any length anywhere, is in memory to the byte, whatever dirty lines lay there. */
static void test_place(void **state)
{
    struct seeded seeded;
    uint8_t file[9000];
    (void)state;
    seeded_start(&seeded, "guest_memory place");
    host_cache_enable();
    create_small();
    uint8_t *model = calloc(1, SMALL);
    assert_non_null(model);
    for (unsigned round = 0; round < 300; round++) {
        uint64_t at = seeded_below(&seeded, 3) == 0 ? seeded_below(&seeded, SMALL - sizeof(file))
                                                    : 2 * BLOCK_2M - seeded_below(&seeded, sizeof(file));
        uint64_t size = seeded_below(&seeded, sizeof(file)) + 1;
        bool zeroes = seeded_below(&seeded, 2) == 0;
        memset(file, (int)(round | 1), sizeof(file));
        if (zeroes) /* nobody cleans this */
            assert_int_equal(guest_write(&memory, ipa_make(RAM_BASE + at), file, size), STATUS_OK);
        guest_memory_place(&memory, at, zeroes ? NULL : file, size);
        memset(model + at, zeroes ? 0 : (int)(round | 1), size);
        for (uint64_t i = at < 64 ? 0 : at - 64; i < at + size + 64 && i < SMALL; i++) {
            const struct guest_extent *extent = &memory.extents[i < 2 * BLOCK_2M ? 0 : 1];
            assert_int_equal(host_cache_read_uncached(extent->pa + (RAM_BASE + i - extent->ipa)), model[i]);
        }
    }
    free(model);
}

/* A vCPU starts with its caches off: after make_coherent_range it sees every byte, and what it writes is seen here. */
static void test_coherent(void **state)
{
    (void)state;
    host_cache_enable();
    create_small();
    static const uint64_t places[] = {0, 2 * BLOCK_2M - 1, 2 * BLOCK_2M, SMALL - 1};
    for (unsigned i = 0; i < 4; i++) {
        uint8_t byte = (uint8_t)(i + 1);
        uint8_t seen;
        const struct guest_extent *extent = &memory.extents[places[i] < 2 * BLOCK_2M ? 0 : 1];
        uint64_t pa = extent->pa + (RAM_BASE + places[i] - extent->ipa);
        assert_int_equal(guest_write(&memory, ipa_make(RAM_BASE + places[i]), &byte, 1), STATUS_OK);
        assert_int_equal(host_cache_read_uncached(pa), 0);
        guest_memory_make_coherent_range(&memory, 0, SMALL);
        assert_int_equal(host_cache_read_uncached(pa), byte);
        host_cache_write_uncached(pa, 0x77);
        assert_int_equal(guest_read(&memory, ipa_make(RAM_BASE + places[i]), &seen, 1), STATUS_OK);
        assert_int_equal(seen, 0x77);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_create, set_up),       cmocka_unit_test_setup(test_fragments, set_up),
        cmocka_unit_test_setup(test_bounds, set_up),       cmocka_unit_test_setup(test_random, set_up),
        cmocka_unit_test_setup(test_place_bounds, set_up), cmocka_unit_test_setup(test_coherent, set_up),
        cmocka_unit_test_setup(test_place, set_up),
    };
    return cmocka_run_group_tests_name("guest_memory", tests, NULL, NULL);
}
