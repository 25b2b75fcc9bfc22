/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hv/mem/stage2.c and pgtable.c over the TLB model, against a flat array that says of each page where it leads and with which rights.
 * Guest accesses on several CPUs fill the TLBs in between, so that a missing invalidation, barrier or break-before-make shows.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "arch/barrier.h"
#include "arch/host/host_model.h"
#include "arch/sysreg.h"
#include "mem/stage2.h"
#include "seeded.h"

#define POOL 0x80000000ULL
#define POOL_SIZE (64ULL << 20)
#define RAM 0x4000000000ULL /* where IPAs lead; never looked at */
#define RWX (STAGE2_R | STAGE2_W | STAGE2_X)
#define CPUS 3U

static uint64_t pool_free;

static int set_up(void **state)
{
    (void)state;
    host_reset();
    page_alloc_reset();
    host_phys_add(POOL, POOL_SIZE);
    assert_int_equal(page_alloc_add(pa_make(POOL), POOL_SIZE), STATUS_OK);
    pool_free = page_alloc_bytes(OWNER_FREE);
    assert_int_equal(stage2_setup(44, 16), STATUS_OK);
    host_sysreg_set_all(KEY_VTCR_EL2, stage2_vtcr());
    return 0;
}

static void enter_guest(struct stage2 *stage2, unsigned cpu)
{
    host_cpu_select(cpu);
    sysreg_write(VTTBR_EL2, stage2_vttbr(stage2));
    barrier_isb();
}

/* Runs no guest any more. */
static void leave_guest_everywhere(void)
{
    for (unsigned cpu = CPUS; cpu > 0; cpu--) {
        host_cpu_select(cpu - 1);
        barrier_isb();
    }
}

static void enter_guest_everywhere(struct stage2 *stage2)
{
    for (unsigned cpu = CPUS; cpu > 0; cpu--)
        enter_guest(stage2, cpu - 1);
}

static struct host_translation access(unsigned cpu, uint64_t ipa)
{
    unsigned self = host_cpu();
    host_cpu_select(cpu);
    struct host_translation result = host_translate_ipa(ipa);
    host_cpu_select(self);
    return result;
}

/* ---- the register ---- */

static void assert_setup(unsigned pa_bits, unsigned vmid_bits, uint64_t vtcr)
{
    struct stage2 stage2;
    assert_int_equal(stage2_setup(pa_bits, vmid_bits), STATUS_OK);
    assert_int_equal(stage2_vtcr(), vtcr);
    host_sysreg_set_all(KEY_VTCR_EL2, vtcr);
    assert_int_equal(stage2_create(&stage2, OWNER_VM(0)), STATUS_OK);
    enter_guest(&stage2, 0);
    uint64_t top = (1ULL << stage2_ipa_bits()) - PAGE_SIZE;
    assert_false(access(0, top).valid); /* the model checks root alignment against T0SZ and SL0 */
    assert_int_equal(stage2_map(&stage2, ipa_make(top), pa_make(0x5000), PAGE_SIZE, RWX), STATUS_OK);
    assert_int_equal(access(0, top).pa, 0x5000);
    assert_false(access(0, top + PAGE_SIZE).valid);
    leave_guest_everywhere();
    stage2_destroy(&stage2);
    assert_int_equal(page_alloc_bytes(OWNER_VM(0)), 0);
}

static void test_setup(void **state)
{
    (void)state;
    assert_setup(32, 8, 0x80003500 | 32 | 0ULL << 6 | 0ULL << 16);
    host_tlb_forget(0);
    assert_setup(36, 8, 0x80003500 | 28 | 1ULL << 6 | 1ULL << 16);
    host_tlb_forget(0);
    assert_setup(40, 16, 0x80083500 | 24 | 1ULL << 6 | 2ULL << 16);
    host_tlb_forget(0);
    assert_setup(48, 16, 0x80083500 | 24 | 1ULL << 6 | 5ULL << 16);
    host_tlb_forget(0);
    assert_setup(52, 16, 0x80083500 | 24 | 1ULL << 6 | 5ULL << 16);
    assert_int_equal(stage2_setup(39, 16), STATUS_UNSUPPORTED);
    assert_int_equal(stage2_setup(40, 12), STATUS_UNSUPPORTED);
}

/* ---- refusals ---- */

static void test_refusals(void **state)
{
    struct stage2 stage2;
    pa_t pa;
    unsigned rights;
    (void)state;
    assert_int_equal(stage2_create(&stage2, OWNER_VM(1)), STATUS_OK);
    enter_guest(&stage2, 0);
    ipa_t at = ipa_make(BLOCK_1G);
    assert_int_equal(stage2_map(&stage2, ipa_make(BLOCK_1G + 1), pa_make(RAM), PAGE_SIZE, RWX), STATUS_INVALID);
    assert_int_equal(stage2_map(&stage2, at, pa_make(RAM + 1), PAGE_SIZE, RWX), STATUS_INVALID);
    assert_int_equal(stage2_map(&stage2, at, pa_make(RAM), PAGE_SIZE + 1, RWX), STATUS_INVALID);
    assert_int_equal(stage2_map(&stage2, at, pa_make(RAM), 0, RWX), STATUS_INVALID);
    assert_int_equal(stage2_map(&stage2, at, pa_make(RAM), PAGE_SIZE, 8), STATUS_INVALID);
    assert_int_equal(stage2_map(&stage2, at, pa_make((1ULL << 48) - PAGE_SIZE), 2 * PAGE_SIZE, RWX), STATUS_RANGE);
    assert_int_equal(stage2_map(&stage2, ipa_make((1ULL << 40) - PAGE_SIZE), pa_make(RAM), 2 * PAGE_SIZE, RWX),
                     STATUS_RANGE);
    assert_int_equal(stage2_map(&stage2, ipa_make(0 - PAGE_SIZE), pa_make(RAM), 2 * PAGE_SIZE, RWX), STATUS_RANGE);
    assert_int_equal(stage2_protect(&stage2, at, PAGE_SIZE, 8), STATUS_INVALID);
    assert_int_equal(stage2_unmap(&stage2, at, 1), STATUS_INVALID);
    assert_int_equal(stage2_lookup(&stage2, at, &pa, &rights), STATUS_NOT_FOUND);
    assert_int_equal(stage2_lookup(&stage2, ipa_make(1ULL << 40), &pa, &rights), STATUS_NOT_FOUND);

    uint64_t before = page_alloc_bytes(OWNER_VM(1));
    assert_int_equal(stage2_map(&stage2, ipa_make(BLOCK_1G + 7 * PAGE_SIZE), pa_make(RAM), PAGE_SIZE, RWX), STATUS_OK);
    uint64_t with = page_alloc_bytes(OWNER_VM(1));
    assert_int_equal(with, before + 2 * PAGE_SIZE);
    assert_int_equal(stage2_map(&stage2, at, pa_make(RAM), 8 * PAGE_SIZE, RWX), STATUS_EXISTS);
    assert_int_equal(stage2_map(&stage2, ipa_make(0), pa_make(RAM), 2 * BLOCK_1G, RWX), STATUS_EXISTS);
    assert_int_equal(page_alloc_bytes(OWNER_VM(1)), with);
    assert_int_equal(stage2_unmap(&stage2, ipa_make(0), 4 * BLOCK_1G), STATUS_OK);
    assert_int_equal(page_alloc_bytes(OWNER_VM(1)), before); /* empty tables went */
    leave_guest_everywhere();
    stage2_destroy(&stage2);
    assert_int_equal(page_alloc_bytes(OWNER_FREE), pool_free);
}

/* Out of memory at any point of the preparation: nothing has changed. */
static void test_no_memory(void **state)
{
    struct stage2 stage2;
    static pa_t taken[POOL_SIZE / PAGE_SIZE];
    unsigned count = 0;
    (void)state;
    assert_int_equal(stage2_create(&stage2, OWNER_VM(1)), STATUS_OK);
    assert_int_equal(stage2_map(&stage2, ipa_make(0), pa_make(RAM), BLOCK_1G, RWX), STATUS_OK);
    while (page_alloc(OWNER_HV, 0, &taken[count]) == STATUS_OK)
        count++;
    static const uint64_t sizes[] = {PAGE_SIZE, BLOCK_2M + PAGE_SIZE, 5 * BLOCK_2M + PAGE_SIZE};
    static const unsigned needed[] = {2, 1, 4}; /* more than the one before: 2, 3 and 7 tables */
    for (unsigned i = 0; i < 3; i++) {
        for (unsigned spare = 0;; spare++) {
            uint64_t before = page_alloc_bytes(OWNER_VM(1));
            enum status status = stage2_map(&stage2, ipa_make(BLOCK_1G), pa_make(RAM + PAGE_SIZE), sizes[i], RWX);
            if (status == STATUS_OK) {
                assert_int_equal(spare, needed[i]);
                assert_int_equal(stage2_unmap(&stage2, ipa_make(BLOCK_1G), sizes[i]), STATUS_OK);
                break;
            }
            assert_int_equal(status, STATUS_NO_MEMORY);
            assert_int_equal(page_alloc_bytes(OWNER_VM(1)), before);
            assert_true(count > 0);
            page_free(OWNER_HV, 0, taken[--count]);
        }
    }
    while (page_alloc(OWNER_HV, 0, &taken[count]) == STATUS_OK)
        count++;
    assert_int_equal(stage2_unmap(&stage2, ipa_make(PAGE_SIZE), PAGE_SIZE), STATUS_NO_MEMORY);
    page_free(OWNER_HV, 0, taken[--count]);
    assert_int_equal(stage2_protect(&stage2, ipa_make(PAGE_SIZE), PAGE_SIZE, STAGE2_R), STATUS_NO_MEMORY);
    enter_guest(&stage2, 0);
    assert_int_equal(access(0, PAGE_SIZE).level, 1); /* still the block */
    leave_guest_everywhere();
    stage2_destroy(&stage2);
}

/* ---- blocks ---- */

static void test_blocks(void **state)
{
    struct stage2 stage2;
    (void)state;
    assert_int_equal(stage2_create(&stage2, OWNER_VM(2)), STATUS_OK);
    enter_guest_everywhere(&stage2);
    uint64_t start = BLOCK_1G - BLOCK_2M - PAGE_SIZE;
    uint64_t size = PAGE_SIZE + BLOCK_2M + BLOCK_1G + BLOCK_2M + PAGE_SIZE;
    assert_int_equal(stage2_map(&stage2, ipa_make(start), pa_make(RAM + start), size, RWX), STATUS_OK);
    assert_int_equal(access(1, start).level, 3);
    assert_int_equal(access(1, start + PAGE_SIZE).level, 2);
    assert_int_equal(access(1, BLOCK_1G).level, 1);
    assert_int_equal(access(1, 2 * BLOCK_1G - 1).pa, RAM + 2 * BLOCK_1G - 1);
    assert_int_equal(access(1, 2 * BLOCK_1G).level, 2);
    assert_int_equal(access(1, start + size - PAGE_SIZE).level, 3);
    assert_false(access(1, start + size).valid);

    /* One page read-only: the gigabyte is split as far as needed, and joined when the page is like the others again. */
    uint64_t page = BLOCK_1G + 5 * BLOCK_2M + 9 * PAGE_SIZE;
    uint64_t tables = page_alloc_bytes(OWNER_VM(2));
    assert_int_equal(stage2_protect(&stage2, ipa_make(page), PAGE_SIZE, STAGE2_R), STATUS_OK);
    assert_false(access(1, page).write);
    assert_true(access(2, page + PAGE_SIZE).write);
    assert_int_equal(access(1, page + PAGE_SIZE).level, 3);
    assert_int_equal(access(1, page + BLOCK_2M).level, 2);
    assert_int_equal(page_alloc_bytes(OWNER_VM(2)), tables + 2 * PAGE_SIZE);
    assert_int_equal(stage2_protect(&stage2, ipa_make(page), PAGE_SIZE, RWX), STATUS_OK);
    assert_int_equal(access(1, page).level, 1);
    assert_true(access(1, page).write);
    assert_int_equal(page_alloc_bytes(OWNER_VM(2)), tables);

    /* A hole, and the hole filled. */
    assert_int_equal(stage2_unmap(&stage2, ipa_make(page), PAGE_SIZE), STATUS_OK);
    assert_false(access(0, page).valid);
    assert_true(access(0, page - 1).valid);
    assert_int_equal(stage2_map(&stage2, ipa_make(page), pa_make(RAM + page), PAGE_SIZE, RWX), STATUS_OK);
    assert_int_equal(access(0, page).level, 1);
    leave_guest_everywhere();
    stage2_destroy(&stage2);
    assert_int_equal(page_alloc_bytes(OWNER_FREE), pool_free);
}

/* Maintenance for a VM that does not run here leaves the VM that does alone. */
static void test_other_vm(void **state)
{
    struct stage2 one;
    struct stage2 two;
    (void)state;
    assert_int_equal(stage2_create(&one, OWNER_VM(1)), STATUS_OK);
    assert_int_equal(stage2_create(&two, OWNER_VM(2)), STATUS_OK);
    assert_int_equal(stage2_map(&one, ipa_make(BLOCK_1G), pa_make(RAM), BLOCK_2M, RWX), STATUS_OK);
    assert_int_equal(stage2_map(&two, ipa_make(BLOCK_1G), pa_make(RAM + BLOCK_1G), BLOCK_2M, RWX), STATUS_OK);
    enter_guest(&one, 1);
    enter_guest(&two, 0);
    sysreg_write(TCR_EL1, 0x1234);
    sysreg_write(SCTLR_EL1, 0x30d00800);
    uint64_t vttbr = sysreg_read(VTTBR_EL2);
    assert_int_equal(access(1, BLOCK_1G).pa, RAM);
    assert_int_equal(access(0, BLOCK_1G).pa, RAM + BLOCK_1G);
    assert_int_equal(stage2_unmap(&one, ipa_make(BLOCK_1G), BLOCK_2M), STATUS_OK);
    assert_false(access(1, BLOCK_1G).valid);
    assert_int_equal(access(0, BLOCK_1G).pa, RAM + BLOCK_1G);
    assert_int_equal(sysreg_read(VTTBR_EL2), vttbr);
    assert_int_equal(sysreg_read(TCR_EL1), 0x1234);
    assert_int_equal(sysreg_read(SCTLR_EL1), 0x30d00800);
    leave_guest_everywhere();
    stage2_destroy(&one);
    stage2_destroy(&two);
}

/* While the other VM's VTTBR_EL2 is loaded, no stage 1 walk can start: EPD0, EPD1 and M (errata 1319537 and 1319367). */
static unsigned switches;

static void vttbr_watch(uint32_t key, uint64_t value, void *context)
{
    (void)context;
    uint64_t closed = 1ULL << 7 | 1ULL << 23;
    assert_int_equal(host_sysreg_get(host_cpu(), KEY_TCR_EL1) & closed, closed);
    assert_int_equal(host_sysreg_get(host_cpu(), KEY_SCTLR_EL1) & 1, 1);
    host_sysreg_set(host_cpu(), key, value);
    switches++;
}

static void test_other_vm_walks(void **state)
{
    struct stage2 stage2;
    (void)state;
    assert_int_equal(stage2_create(&stage2, OWNER_VM(1)), STATUS_OK);
    enter_guest(&stage2, 1);
    host_cpu_select(0);
    switches = 0;
    host_sysreg_hook(KEY_VTTBR_EL2, NULL, vttbr_watch, NULL);
    assert_int_equal(stage2_map(&stage2, ipa_make(0), pa_make(RAM), BLOCK_2M, RWX), STATUS_OK);
    assert_int_equal(switches, 0); /* nothing was cached */
    assert_int_equal(stage2_unmap(&stage2, ipa_make(0), BLOCK_2M), STATUS_OK);
    assert_int_equal(switches, 2);
    host_sysreg_hook(KEY_VTTBR_EL2, NULL, NULL, NULL);
    leave_guest_everywhere();
    stage2_destroy(&stage2);
}

/* ---- against the flat model ---- */

#define PAGES 1536U /* three blocks of 2 MiB */
#define WINDOW (BLOCK_1G - BLOCK_2M)

struct page {
    uint64_t pa; /* 0: not mapped */
    unsigned rights;
};

static struct page model[PAGES];

static void check_page(struct stage2 *stage2, unsigned cpu, unsigned page, uint64_t seed)
{
    uint64_t ipa = WINDOW + page * PAGE_SIZE;
    struct host_translation seen = access(cpu, ipa + seed % PAGE_SIZE);
    pa_t pa;
    unsigned rights;
    enum status status = stage2_lookup(stage2, ipa_make(ipa), &pa, &rights);
    assert_int_equal(seen.valid, model[page].pa != 0);
    assert_int_equal(status, model[page].pa != 0 ? STATUS_OK : STATUS_NOT_FOUND);
    if (model[page].pa == 0)
        return;
    assert_int_equal(seen.pa, model[page].pa + seed % PAGE_SIZE);
    assert_int_equal(pa.pa, model[page].pa);
    assert_int_equal(rights, model[page].rights);
    assert_int_equal(seen.read, (model[page].rights & STAGE2_R) != 0);
    assert_int_equal(seen.write, (model[page].rights & STAGE2_W) != 0);
    assert_int_equal(seen.execute, (model[page].rights & STAGE2_X) != 0);
    assert_false(seen.device);
}

static void random_range(struct seeded *seeded, unsigned *first, unsigned *count)
{
    static const unsigned steps[] = {1, 1, 7, 512};
    unsigned step = steps[seeded_below(seeded, 4)];
    *first = (unsigned)seeded_below(seeded, PAGES) / step * step;
    *count = (unsigned)(seeded_below(seeded, 3) + 1) * step;
    if (*count > PAGES - *first)
        *count = PAGES - *first;
}

static void random_map(struct seeded *seeded, struct stage2 *stage2, unsigned first, unsigned count)
{
    enum status expected = STATUS_OK;
    unsigned rights = (unsigned)seeded_below(seeded, 8);
    /* Often at the offset that lets blocks be used and joined. */
    uint64_t shift = seeded_below(seeded, 3) == 0 ? seeded_below(seeded, 9) * PAGE_SIZE : 0;
    uint64_t pa = RAM + shift + WINDOW + first * PAGE_SIZE;
    for (unsigned page = first; page < first + count; page++)
        expected = model[page].pa != 0 ? STATUS_EXISTS : expected;
    assert_int_equal(stage2_map(stage2, ipa_make(WINDOW + first * PAGE_SIZE), pa_make(pa), count * PAGE_SIZE, rights),
                     expected);
    for (unsigned page = first; expected == STATUS_OK && page < first + count; page++)
        model[page] = (struct page){pa + (page - first) * PAGE_SIZE, rights};
}

static void random_step(struct seeded *seeded, struct stage2 *stage2)
{
    unsigned first;
    unsigned count;
    random_range(seeded, &first, &count);
    ipa_t ipa = ipa_make(WINDOW + first * PAGE_SIZE);
    uint64_t kind = seeded_below(seeded, 10);
    unsigned rights = seeded_below(seeded, 2) == 0 ? RWX : (unsigned)seeded_below(seeded, 8);
    if (kind < 5) {
        random_map(seeded, stage2, first, count);
    } else if (kind < 7) {
        assert_int_equal(stage2_unmap(stage2, ipa, count * PAGE_SIZE), STATUS_OK);
        memset(&model[first], 0, count * sizeof(model[0]));
    } else {
        assert_int_equal(stage2_protect(stage2, ipa, count * PAGE_SIZE, rights), STATUS_OK);
        for (unsigned page = first; page < first + count; page++)
            model[page].rights = rights;
    }
}

static void test_random(void **state)
{
    struct stage2 stage2;
    struct stage2 other;
    struct seeded seeded;
    (void)state;
    seeded_start(&seeded, "stage2");
    memset(model, 0, sizeof(model));
    assert_int_equal(stage2_create(&stage2, OWNER_VM(3)), STATUS_OK);
    assert_int_equal(stage2_create(&other, OWNER_VM(4)), STATUS_OK);
    enter_guest_everywhere(&stage2);
    for (unsigned round = 0; round < 6000; round++) {
        /* The change is made on a CPU that runs this VM or another one. */
        enter_guest(seeded_below(&seeded, 2) == 0 ? &stage2 : &other, 0);
        for (unsigned i = 0; i < 3; i++)
            check_page(&stage2, 1 + (unsigned)seeded_below(&seeded, 2), (unsigned)seeded_below(&seeded, PAGES),
                       seeded_next(&seeded));
        random_step(&seeded, &stage2);
        for (unsigned i = 0; i < 3; i++)
            check_page(&stage2, 1 + (unsigned)seeded_below(&seeded, 2), (unsigned)seeded_below(&seeded, PAGES),
                       seeded_next(&seeded));
    }
    for (unsigned page = 0; page < PAGES; page++)
        check_page(&stage2, page % 2 + 1, page, 0);
    leave_guest_everywhere();
    stage2_destroy(&stage2);
    stage2_destroy(&other);
    assert_int_equal(page_alloc_bytes(OWNER_FREE), pool_free);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_setup, set_up),     cmocka_unit_test_setup(test_refusals, set_up),
        cmocka_unit_test_setup(test_no_memory, set_up), cmocka_unit_test_setup(test_blocks, set_up),
        cmocka_unit_test_setup(test_other_vm, set_up),  cmocka_unit_test_setup(test_other_vm_walks, set_up),
        cmocka_unit_test_setup(test_random, set_up),
    };
    return cmocka_run_group_tests_name("stage2", tests, NULL, NULL);
}
