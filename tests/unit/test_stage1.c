/* SPDX-License-Identifier: Apache-2.0 */
/* hv/mem/stage1.c over the TLB model: EL2's own map, its copies for other CPUs, its refusals. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "arch/barrier.h"
#include "arch/host/host_model.h"
#include "arch/phys.h"
#include "arch/sysreg.h"
#include "mem/page_alloc.h"
#include "mem/stage1.h"
#include "seeded.h"

#define POOL 0x80000000ULL
#define POOL_SIZE (16ULL << 20)

static int set_up(void **state)
{
    (void)state;
    host_reset();
    page_alloc_reset();
    host_phys_add(POOL, POOL_SIZE);
    assert_int_equal(page_alloc_add(pa_make(POOL), POOL_SIZE), STATUS_OK);
    assert_int_equal(stage1_init(), STATUS_OK);
    return 0;
}

static void mmu_on(unsigned cpu, pa_t root)
{
    host_cpu_select(cpu);
    sysreg_write(MAIR_EL2, stage1_mair());
    sysreg_write(TCR_EL2, stage1_tcr());
    sysreg_write(TTBR0_EL2, root.pa);
    barrier_isb();
}

static pa_t boot_cpu_on(uint64_t prda)
{
    pa_t root;
    assert_int_equal(stage1_cpu_root(0, pa_make(prda), PAGE_SIZE, &root), STATUS_OK);
    mmu_on(0, root);
    return root;
}

static struct host_translation access(unsigned cpu, uint64_t va)
{
    unsigned self = host_cpu();
    host_cpu_select(cpu);
    struct host_translation result = host_translate_el2(va);
    host_cpu_select(self);
    return result;
}

static void test_registers(void **state)
{
    (void)state;
    assert_int_equal(stage1_tcr(), 0x80803510 | 4ULL << 16); /* 44 bits */
    host_sysreg_set_all(KEY_ID_AA64MMFR0_EL1, 6);            /* 52 bits: 48 is what this format has */
    assert_int_equal(stage1_tcr(), 0x80803510 | 5ULL << 16);
    assert_int_equal(stage1_mair(), 0x04ff);
    assert_int_equal(stage1_sctlr(), 0x30cd183d);
    assert_int_equal(stage1_sctlr() & 0x30c50830, 0x30c50830); /* RES1 */
}

static void assert_attributes(uint64_t va, enum stage1_attr attr, bool write, bool execute, bool device)
{
    pa_t pa;
    enum stage1_attr seen;
    assert_int_equal(stage1_map(va_make(va), pa_make(va), PAGE_SIZE, attr), STATUS_OK);
    struct host_translation result = access(0, va);
    assert_true(result.valid && result.read);
    assert_int_equal(result.pa, va);
    assert_int_equal(result.write, write);
    assert_int_equal(result.execute, execute);
    assert_int_equal(result.device, device);
    assert_int_equal(stage1_lookup(va_make(va + 5), &pa, &seen), STATUS_OK);
    assert_int_equal(pa.pa, va + 5);
    assert_int_equal(seen, attr);
}

static void test_attributes(void **state)
{
    (void)state;
    boot_cpu_on(POOL);
    assert_attributes(0x1000, STAGE1_RW, true, false, false);
    assert_attributes(0x2000, STAGE1_RO, false, false, false);
    assert_attributes(0x3000, STAGE1_RX, false, true, false);
    assert_attributes(0x4000, STAGE1_DEVICE, true, false, true);
}

/* The GP bit only where FEAT_BTI is: it is RES0 elsewhere. */
static uint64_t descriptor_at(uint64_t va)
{
    uint64_t table = host_sysreg_get(0, KEY_TTBR0_EL2);
    for (unsigned level = 0;; level++) {
        const uint64_t *entries = phys_to_pointer(table);
        uint64_t descriptor = entries[(va >> (39 - 9 * level)) & 511];
        if (level == 3)
            return descriptor;
        table = descriptor & 0xfffffffff000ULL;
    }
}

static void test_guarded(void **state)
{
    (void)state;
    boot_cpu_on(POOL);
    assert_int_equal(stage1_map(va_make(0x1000), pa_make(0x1000), PAGE_SIZE, STAGE1_RX), STATUS_OK);
    assert_int_equal(descriptor_at(0x1000) >> 50 & 1, 0);
    host_sysreg_set_all(KEY_ID_AA64PFR1_EL1, 1);
    assert_int_equal(stage1_map(va_make(0x2000), pa_make(0x2000), PAGE_SIZE, STAGE1_RX), STATUS_OK);
    assert_int_equal(stage1_map(va_make(0x3000), pa_make(0x3000), PAGE_SIZE, STAGE1_RW), STATUS_OK);
    assert_int_equal(descriptor_at(0x2000) >> 50 & 1, 1);
    assert_int_equal(descriptor_at(0x3000) >> 50 & 1, 0);
}

static void test_direct_map(void **state)
{
    pa_t pa;
    enum stage1_attr attr;
    (void)state;
    boot_cpu_on(POOL);
    /* An image of 4 KiB pages in RAM: the rest is blocks as large as the edges allow. */
    uint64_t image = 3 * BLOCK_1G + 5 * BLOCK_2M;
    assert_int_equal(stage1_map(va_make(image), pa_make(image), 3 * PAGE_SIZE, STAGE1_RX), STATUS_OK);
    assert_int_equal(stage1_map(va_make(BLOCK_1G), pa_make(BLOCK_1G), image - BLOCK_1G, STAGE1_RW), STATUS_OK);
    uint64_t after = image + 3 * PAGE_SIZE;
    assert_int_equal(stage1_map(va_make(after), pa_make(after), 5 * BLOCK_1G - after, STAGE1_RW), STATUS_OK);
    assert_int_equal(access(0, BLOCK_1G).level, 1);
    assert_int_equal(access(0, image - 1).level, 2);
    assert_int_equal(access(0, image).level, 3);
    assert_true(access(0, image).execute);
    assert_int_equal(access(0, after).level, 3);
    assert_int_equal(access(0, image + BLOCK_2M).level, 2);
    assert_int_equal(access(0, 4 * BLOCK_1G).level, 1);
    assert_int_equal(access(0, 5 * BLOCK_1G - 1).pa, 5 * BLOCK_1G - 1);
    assert_false(access(0, 5 * BLOCK_1G).valid);

    /* A part of a block stays mapped: a split would be a gap under our own feet. */
    assert_int_equal(stage1_unmap(va_make(BLOCK_1G), PAGE_SIZE), STATUS_UNSUPPORTED);
    assert_int_equal(stage1_unmap(va_make(image - PAGE_SIZE), 2 * PAGE_SIZE), STATUS_UNSUPPORTED);
    assert_int_equal(stage1_lookup(va_make(image), &pa, &attr), STATUS_OK);
    assert_true(access(0, BLOCK_1G).valid);
    assert_int_equal(stage1_unmap(va_make(image), 3 * PAGE_SIZE), STATUS_OK);
    assert_false(access(0, image).valid);
    assert_int_equal(stage1_lookup(va_make(image), &pa, &attr), STATUS_NOT_FOUND);
    /* Whole blocks do go, and so many that all of EL2's entries are invalidated. */
    assert_int_equal(stage1_unmap(va_make(BLOCK_1G), BLOCK_1G), STATUS_OK);
    assert_int_equal(stage1_unmap(va_make(3 * BLOCK_1G), 2 * BLOCK_1G), STATUS_OK);
    assert_false(access(0, BLOCK_1G).valid);
    assert_true(access(0, 2 * BLOCK_1G).valid);
    assert_false(access(0, 4 * BLOCK_1G).valid);
}

static void test_refusals(void **state)
{
    pa_t root;
    (void)state;
    boot_cpu_on(POOL);
    assert_int_equal(stage1_map(va_make(1), pa_make(0), PAGE_SIZE, STAGE1_RW), STATUS_INVALID);
    assert_int_equal(stage1_map(va_make(0), pa_make(1), PAGE_SIZE, STAGE1_RW), STATUS_INVALID);
    assert_int_equal(stage1_map(va_make(0), pa_make(0), 0, STAGE1_RW), STATUS_INVALID);
    assert_int_equal(stage1_map(va_make(1ULL << 44), pa_make(0), PAGE_SIZE, STAGE1_RW), STATUS_RANGE);
    assert_int_equal(stage1_map(va_make(0), pa_make(1ULL << 44), PAGE_SIZE, STAGE1_RW), STATUS_RANGE);
    assert_int_equal(stage1_map(va_make(STAGE1_PRDA_BASE + BLOCK_1G), pa_make(0), PAGE_SIZE, STAGE1_RW), STATUS_RANGE);
    assert_int_equal(stage1_map(va_make(STAGE1_STACK_BASE - PAGE_SIZE), pa_make(0), 2 * PAGE_SIZE, STAGE1_RW),
                     STATUS_RANGE);
    assert_int_equal(stage1_unmap(va_make(STAGE1_PRDA_BASE), PAGE_SIZE), STATUS_RANGE);
    assert_int_equal(stage1_map(va_make(0), pa_make(0), PAGE_SIZE, STAGE1_RW), STATUS_OK);
    assert_int_equal(stage1_map(va_make(0), pa_make(0), PAGE_SIZE, STAGE1_RW), STATUS_EXISTS);
    assert_int_equal(stage1_cpu_root(1, pa_make(1ULL << 44), PAGE_SIZE, &root), STATUS_RANGE);
    assert_int_equal(stage1_cpu_root(0, pa_make(POOL), PAGE_SIZE, &root), STATUS_EXISTS);
    uint64_t before = page_alloc_bytes(OWNER_TABLES);
    assert_int_equal(stage1_cpu_root(1, pa_make(POOL + 1), PAGE_SIZE, &root), STATUS_INVALID);
    assert_int_equal(page_alloc_bytes(OWNER_TABLES), before);
}

/* One address, another page on each CPU; everything else is shared, whatever is mapped later. */
static void test_cpu_roots(void **state)
{
    pa_t roots[3];
    (void)state;
    for (unsigned cpu = 0; cpu < 3; cpu++) {
        assert_int_equal(stage1_cpu_root(cpu, pa_make(POOL + cpu * 4 * PAGE_SIZE), 2 * PAGE_SIZE, &roots[cpu]),
                         STATUS_OK);
        mmu_on(cpu, roots[cpu]);
    }
    host_cpu_select(0);
    for (unsigned cpu = 0; cpu < 3; cpu++) {
        assert_int_equal(access(cpu, STAGE1_PRDA_BASE + 8).pa, POOL + cpu * 4 * PAGE_SIZE + 8);
        assert_int_equal(access(cpu, STAGE1_PRDA_BASE + PAGE_SIZE).pa, POOL + (cpu * 4 + 1) * PAGE_SIZE);
        assert_false(access(cpu, STAGE1_PRDA_BASE + 2 * PAGE_SIZE).valid);
    }
    static const uint64_t places[] = {0, 1ULL << 43, STAGE1_DEVICE_BASE, STAGE1_RUNTIME_BASE,
                                      STAGE1_STACK_BASE + BLOCK_1G};
    for (unsigned i = 0; i < 5; i++) {
        for (unsigned cpu = 0; cpu < 3; cpu++)
            assert_false(access(cpu, places[i]).valid);
        assert_int_equal(stage1_map(va_make(places[i]), pa_make(POOL), PAGE_SIZE, STAGE1_RW), STATUS_OK);
        for (unsigned cpu = 0; cpu < 3; cpu++)
            assert_int_equal(access(cpu, places[i]).pa, POOL);
        assert_int_equal(stage1_unmap(va_make(places[i]), PAGE_SIZE), STATUS_OK);
        for (unsigned cpu = 0; cpu < 3; cpu++)
            assert_false(access(cpu, places[i]).valid);
    }
}

static void test_devices(void **state)
{
    (void)state;
    boot_cpu_on(POOL);
    uintptr_t first = (uintptr_t)stage1_map_device(pa_make(0x9000010), 4);
    uintptr_t second = (uintptr_t)stage1_map_device(pa_make(0x9000ffe), 4);
    uintptr_t third = (uintptr_t)stage1_map_device(pa_make(0x8000000), 0x10000);
    assert_int_equal(access(0, first).pa, 0x9000010);
    assert_true(access(0, first).device);
    assert_int_equal(access(0, second).pa, 0x9000ffe);
    assert_int_equal(access(0, second + 3).pa, 0x9001001);
    assert_int_equal(access(0, third + 0xffff).pa, 0x800ffff);
    assert_true(second / PAGE_SIZE > first / PAGE_SIZE && third / PAGE_SIZE > (second + 3) / PAGE_SIZE);
    assert_null((void *)(uintptr_t)stage1_map_device(pa_make(0), 0));
    /* Blocks where they fit: many megabytes need few tables. */
    uint64_t tables = page_alloc_bytes(OWNER_TABLES);
    uintptr_t large = (uintptr_t)stage1_map_device(pa_make(0x80a0000), 0xf60000);
    assert_true(page_alloc_bytes(OWNER_TABLES) - tables <= 3 * PAGE_SIZE);
    assert_int_equal(access(0, large).pa, 0x80a0000);
    assert_int_equal(access(0, large + 0xf5ffff).pa, 0x8ffffff);
    uintptr_t after = (uintptr_t)stage1_map_device(pa_make(0x9000000), 4);
    assert_true(after >= large + 0xf60000);
    assert_null((void *)(uintptr_t)stage1_map_device(pa_make((1ULL << 44) - 4), 8));
    assert_null((void *)(uintptr_t)stage1_map_device(pa_make(0), BLOCK_1G * 512));
}

/* What runs out on the way: every failure leaves the tables and the account as they were. */
static void test_no_memory(void **state)
{
    static pa_t taken[POOL_SIZE / PAGE_SIZE];
    unsigned count = 0;
    pa_t root;
    (void)state;
    boot_cpu_on(POOL);
    while (page_alloc(OWNER_HV, 0, &taken[count]) == STATUS_OK)
        count++;
    uint64_t before = page_alloc_bytes(OWNER_TABLES);
    assert_int_equal(stage1_map(va_make(0), pa_make(0), PAGE_SIZE, STAGE1_RW), STATUS_NO_MEMORY);
    assert_null((void *)(uintptr_t)stage1_map_device(pa_make(0), 8));
    for (unsigned spare = 0; spare < 4; spare++) {
        assert_int_equal(stage1_cpu_root(1, pa_make(POOL), PAGE_SIZE, &root), STATUS_NO_MEMORY);
        assert_int_equal(page_alloc_bytes(OWNER_TABLES), before);
        page_free(OWNER_HV, 0, taken[--count]);
    }
    assert_int_equal(stage1_cpu_root(1, pa_make(POOL), PAGE_SIZE, &root), STATUS_OK);
    assert_int_equal(stage1_init(), STATUS_NO_MEMORY);
}

/* ---- random, against a flat array ---- */

#define PAGES 1600U

struct page {
    bool mapped;
    uint64_t pa;
    enum stage1_attr attr;
    unsigned level;
};

static struct page model[PAGES];

static void model_map(unsigned first, unsigned count, uint64_t pa, enum stage1_attr attr)
{
    for (unsigned page = first; page < first + count; page++) {
        unsigned base = page / 512 * 512;
        bool block = base >= first && base + 512 <= first + count && (pa + (base - first) * PAGE_SIZE) % BLOCK_2M == 0;
        model[page] = (struct page){true, pa + (page - first) * PAGE_SIZE, attr, block ? 2 : 3};
    }
}

/* What stage1_map and stage1_unmap have to answer. */
static enum status expected_map(unsigned first, unsigned count)
{
    for (unsigned page = first; page < first + count; page++) {
        if (model[page].mapped)
            return STATUS_EXISTS;
    }
    return STATUS_OK;
}

static enum status expected_unmap(unsigned first, unsigned count)
{
    unsigned last = first + count - 1;
    bool cut = model[first].mapped && model[first].level == 2 && first % 512 != 0;
    bool cut_end = model[last].mapped && model[last].level == 2 && last % 512 != 511;
    return cut || cut_end ? STATUS_UNSUPPORTED : STATUS_OK;
}

static void check(uint64_t base, unsigned page)
{
    pa_t pa;
    enum stage1_attr attr;
    for (unsigned cpu = 0; cpu < 2; cpu++) {
        struct host_translation seen = access(cpu, base + page * PAGE_SIZE);
        assert_int_equal(seen.valid, model[page].mapped);
        assert_true(!seen.valid || (seen.pa == model[page].pa && seen.level == model[page].level));
        assert_false(seen.write && seen.execute);
    }
    enum status status = stage1_lookup(va_make(base + page * PAGE_SIZE), &pa, &attr);
    assert_int_equal(status, model[page].mapped ? STATUS_OK : STATUS_NOT_FOUND);
    assert_true(!model[page].mapped || (pa.pa == model[page].pa && attr == model[page].attr));
}

static void test_random(void **state)
{
    struct seeded seeded;
    pa_t root;
    (void)state;
    seeded_start(&seeded, "stage1");
    memset(model, 0, sizeof(model));
    boot_cpu_on(POOL);
    assert_int_equal(stage1_cpu_root(1, pa_make(POOL), PAGE_SIZE, &root), STATUS_OK);
    mmu_on(1, root);
    uint64_t base = STAGE1_STACK_BASE;
    for (unsigned round = 0; round < 3000; round++) {
        unsigned first = (unsigned)seeded_below(&seeded, PAGES);
        unsigned count = 1 + (unsigned)seeded_below(&seeded, round % 3 == 0 ? 1100 : 12);
        first = round % 4 == 0 ? first / 512 * 512 : first;
        count = count > PAGES - first ? PAGES - first : count;
        host_cpu_select((unsigned)seeded_below(&seeded, 2));
        for (unsigned i = 0; i < 3; i++)
            check(base, (unsigned)seeded_below(&seeded, PAGES));
        if (seeded_below(&seeded, 2) == 0) {
            uint64_t pa = (seeded_below(&seeded, 2) == 0 ? first : seeded_below(&seeded, 4096)) * PAGE_SIZE;
            enum stage1_attr attr = (enum stage1_attr)seeded_below(&seeded, 4);
            enum status status = expected_map(first, count);
            assert_int_equal(stage1_map(va_make(base + first * PAGE_SIZE), pa_make(pa), count * PAGE_SIZE, attr),
                             status);
            if (status == STATUS_OK)
                model_map(first, count, pa, attr);
        } else {
            enum status status = expected_unmap(first, count);
            assert_int_equal(stage1_unmap(va_make(base + first * PAGE_SIZE), count * PAGE_SIZE), status);
            if (status == STATUS_OK)
                memset(&model[first], 0, count * sizeof(model[0]));
        }
        for (unsigned i = 0; i < 3; i++)
            check(base, (unsigned)seeded_below(&seeded, PAGES));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_registers, set_up), cmocka_unit_test_setup(test_attributes, set_up),
        cmocka_unit_test_setup(test_guarded, set_up),   cmocka_unit_test_setup(test_direct_map, set_up),
        cmocka_unit_test_setup(test_refusals, set_up),  cmocka_unit_test_setup(test_cpu_roots, set_up),
        cmocka_unit_test_setup(test_devices, set_up),   cmocka_unit_test_setup(test_no_memory, set_up),
        cmocka_unit_test_setup(test_random, set_up),
    };
    return cmocka_run_group_tests_name("stage1", tests, NULL, NULL);
}
