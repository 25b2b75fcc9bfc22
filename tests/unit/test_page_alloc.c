/* SPDX-License-Identifier: Apache-2.0 */
/* hv/mem/page_alloc.c against a second model: an array that says of each page who holds it and with which block. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "arch/host/host_model.h"
#include "arch/phys.h"
#include "mem/page_alloc.h"
#include "seeded.h"

#define BASE 0x40000000ULL
#define PAGES 4096U
#define BLOCKS 600U

struct block {
    uint64_t pa;
    unsigned order;
    owner_t owner;
};

static int set_up(void **state)
{
    (void)state;
    host_reset();
    page_alloc_reset();
    return 0;
}

static void test_ranges(void **state)
{
    (void)state;
    host_phys_add(BASE, 1ULL << 30);
    assert_int_equal(page_alloc_add(pa_make(BASE + 1), PAGE_SIZE), STATUS_INVALID);
    assert_int_equal(page_alloc_add(pa_make(BASE), PAGE_SIZE + 1), STATUS_INVALID);
    assert_int_equal(page_alloc_add(pa_make(0 - 4 * PAGE_SIZE), 8 * PAGE_SIZE), STATUS_RANGE);
    assert_int_equal(page_alloc_add(pa_make(BASE), 0), STATUS_OK);
    assert_int_equal(page_alloc_add(pa_make(BASE), PAGE_SIZE), STATUS_OK);
    assert_int_equal(page_alloc_bytes(OWNER_FREE), 0);
    assert_int_equal(page_alloc_add(pa_make(BASE), 16 * PAGE_SIZE), STATUS_OK);
    assert_int_equal(page_alloc_bytes(OWNER_FREE), 15 * PAGE_SIZE);
    assert_int_equal(page_alloc_add(pa_make(BASE + 15 * PAGE_SIZE), 2 * PAGE_SIZE), STATUS_EXISTS);
    for (unsigned i = 1; i < PAGE_MAX_RANGES; i++)
        assert_int_equal(page_alloc_add(pa_make(BASE + i * BLOCK_2M), 2 * PAGE_SIZE), STATUS_OK);
    assert_int_equal(page_alloc_add(pa_make(BASE + 500 * BLOCK_2M), 2 * PAGE_SIZE), STATUS_NO_MEMORY);
    assert_int_equal(page_alloc_bytes(OWNER_FREE), (15 + PAGE_MAX_RANGES - 1) * PAGE_SIZE);
}

/* Page 0 is never given out: 0 stands for "none" in tables that firmware wrote. */
static void test_page_zero(void **state)
{
    pa_t pa = pa_make(0);
    (void)state;
    host_phys_add(0, 8 * PAGE_SIZE);
    assert_int_equal(page_alloc_add(pa_make(0), 8 * PAGE_SIZE), STATUS_OK);
    for (unsigned i = 0; i < 6; i++) {
        assert_int_equal(page_alloc(OWNER_HV, 0, &pa), STATUS_OK);
        assert_int_not_equal(pa.pa, 0);
    }
    assert_int_equal(page_alloc(OWNER_HV, 0, &pa), STATUS_NO_MEMORY);
}

static void test_gigabytes(void **state)
{
    pa_t pa = pa_make(0);
    (void)state;
    host_phys_add(BASE, 4ULL << 30);
    assert_int_equal(page_alloc_add(pa_make(BASE), 4ULL << 30), STATUS_OK);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(page_alloc(OWNER_VM(0), 18, &pa), STATUS_OK);
        assert_int_equal(pa.pa % BLOCK_1G, 0);
    }
    assert_int_equal(page_alloc(OWNER_VM(0), 18, &pa), STATUS_NO_MEMORY);
    assert_int_equal(page_alloc_bytes(OWNER_VM(0)), 3ULL << 30);
    assert_int_equal(page_alloc(OWNER_VM(0), 17, &pa), STATUS_OK);
}

static void test_zeroed(void **state)
{
    pa_t pa = pa_make(0);
    (void)state;
    host_phys_add(BASE, BLOCK_2M);
    memset(phys_to_pointer(BASE), 0xa5, BLOCK_2M);
    assert_int_equal(page_alloc_add(pa_make(BASE), BLOCK_2M), STATUS_OK);
    assert_int_equal(page_alloc_zeroed(OWNER_HV, 3, &pa), STATUS_OK);
    const uint8_t *bytes = phys_to_pointer(pa.pa);
    for (unsigned i = 0; i < 8 * PAGE_SIZE; i++)
        assert_int_equal(bytes[i], 0);
}

/* ---- against the model ---- */

struct model {
    uint16_t holder[PAGES]; /* owner's id, 0 = free */
    struct block blocks[BLOCKS];
    unsigned count;
    uint64_t bytes[OWNERS];
};

static void model_take(struct model *model, struct block block)
{
    uint64_t first = (block.pa - BASE) / PAGE_SIZE;
    assert_true(block.pa >= BASE && first + (1ULL << block.order) <= PAGES);
    assert_int_equal(block.pa % (PAGE_SIZE << block.order), 0);
    for (uint64_t page = first; page < first + (1ULL << block.order); page++) {
        assert_int_equal(model->holder[page], 0);
        model->holder[page] = block.owner.id;
    }
    model->blocks[model->count++] = block;
    model->bytes[block.owner.id] += PAGE_SIZE << block.order;
    memset(phys_to_pointer(block.pa), 0xcc, PAGE_SIZE << block.order);
}

static void model_give(struct model *model, unsigned index)
{
    struct block block = model->blocks[index];
    uint64_t first = (block.pa - BASE) / PAGE_SIZE;
    for (uint64_t page = first; page < first + (1ULL << block.order); page++)
        model->holder[page] = 0;
    model->bytes[block.owner.id] -= PAGE_SIZE << block.order;
    model->blocks[index] = model->blocks[--model->count];
    page_free(block.owner, block.order, pa_make(block.pa));
}

static void test_random(void **state)
{
    static struct model model;
    struct seeded seeded;
    (void)state;
    seeded_start(&seeded, "page_alloc");
    memset(&model, 0, sizeof(model));
    host_phys_add(BASE, PAGES * PAGE_SIZE);
    assert_int_equal(page_alloc_add(pa_make(BASE), 1000 * PAGE_SIZE), STATUS_OK);
    assert_int_equal(page_alloc_add(pa_make(BASE + 1000 * PAGE_SIZE), (PAGES - 1000) * PAGE_SIZE), STATUS_OK);
    uint64_t all = page_alloc_bytes(OWNER_FREE);
    assert_int_equal(all, (PAGES - 3) * PAGE_SIZE); /* 2000 and 6192 bytes of bookkeeping */

    for (unsigned round = 0; round < 30000; round++) {
        if (model.count > 0 && (model.count == BLOCKS || seeded_below(&seeded, 100) < 48)) {
            model_give(&model, (unsigned)seeded_below(&seeded, model.count));
        } else {
            struct block block = {0, (unsigned)seeded_below(&seeded, 8), OWNER_VM(seeded_below(&seeded, 4))};
            pa_t pa;
            if (page_alloc(block.owner, block.order, &pa) == STATUS_OK) {
                block.pa = pa.pa;
                model_take(&model, block);
            }
        }
        for (unsigned vm = 0; vm < 4; vm++)
            assert_int_equal(page_alloc_bytes(OWNER_VM(vm)), model.bytes[OWNER_VM(vm).id]);
    }
    while (model.count > 0)
        model_give(&model, model.count - 1);
    assert_int_equal(page_alloc_bytes(OWNER_FREE), all);
    /* Everything was joined again: the largest blocks are there as at the start. */
    pa_t pa;
    assert_int_equal(page_alloc(OWNER_HV, 10, &pa), STATUS_OK);
    assert_int_equal(page_alloc(OWNER_HV, 10, &pa), STATUS_OK);
}

/* ---- misuse is a bug of ours ---- */

static void free_block(void *context)
{
    const struct block *block = context;
    page_free(block->owner, block->order, pa_make(block->pa));
}

static void assert_free_panics(struct block block)
{
    assert_true(host_expect_panic(free_block, &block));
    assert_non_null(strstr(host_failure_text(), "page allocator"));
    assert_int_equal(set_up(NULL), 0); /* the lock is held for ever */
}

static struct block fresh_block(unsigned order)
{
    pa_t pa = pa_make(0);
    host_phys_add(BASE, BLOCK_2M);
    assert_int_equal(page_alloc_add(pa_make(BASE), BLOCK_2M), STATUS_OK);
    assert_int_equal(page_alloc(OWNER_VM(1), order, &pa), STATUS_OK);
    return (struct block){pa.pa, order, OWNER_VM(1)};
}

static void test_double_free(void **state)
{
    (void)state;
    for (unsigned order = 0; order < 4; order++) {
        struct block block = fresh_block(order);
        free_block(&block);
        assert_free_panics(block);
    }
}

static void test_wrong_free(void **state)
{
    (void)state;
    struct block block = fresh_block(2);
    block.owner = OWNER_VM(2);
    assert_free_panics(block);
    block = fresh_block(2);
    block.order = 1;
    assert_free_panics(block);
    block = fresh_block(2);
    block.pa += PAGE_SIZE;
    assert_free_panics(block);
    block = fresh_block(2);
    block.pa += 1;
    assert_free_panics(block);
    block = fresh_block(2);
    block.pa = BASE + BLOCK_2M - PAGE_SIZE; /* the bookkeeping */
    assert_free_panics(block);
    block = fresh_block(2);
    block.pa = BASE - PAGE_SIZE;
    assert_free_panics(block);
    block = fresh_block(2);
    block.owner = OWNER_FREE;
    assert_free_panics(block);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_ranges, set_up),     cmocka_unit_test_setup(test_page_zero, set_up),
        cmocka_unit_test_setup(test_gigabytes, set_up),  cmocka_unit_test_setup(test_zeroed, set_up),
        cmocka_unit_test_setup(test_random, set_up),     cmocka_unit_test_setup(test_double_free, set_up),
        cmocka_unit_test_setup(test_wrong_free, set_up),
    };
    return cmocka_run_group_tests_name("page_alloc", tests, NULL, NULL);
}
