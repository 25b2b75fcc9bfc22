/* SPDX-License-Identifier: Apache-2.0 */
/* The TLB model itself (hv/arch/host/host_tlb.c): tables written by hand, and every way of changing them wrongly fails the test. */
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
#include "arch/tlb.h"

#define BASE 0x80000000ULL
#define LEVEL1 BASE
#define LEVEL2 (BASE + 0x2000)
#define LEVEL3 (BASE + 0x3000)
#define ATTRIBUTES 0x7fdULL /* stage 2: valid, Normal, read-write, inner shareable, AF */
#define PAGE(pa) ((pa) | ATTRIBUTES | 2)
#define BLOCK(pa) ((pa) | ATTRIBUTES)
#define TABLE(pa) ((pa) | 3)
#define VMID(n) ((uint64_t)(n) << 48)
#define IPA 0x1000ULL /* entry 1 of the level 3 table */

static volatile uint64_t *at(uint64_t table)
{
    return phys_to_pointer(table);
}

/* VMID 1 on CPUs 0 and 1: IPA leads to 0x5000, in the TLB of CPU 1, which goes on in its guest. */
static int set_up(void **state)
{
    (void)state;
    host_reset();
    host_phys_add(BASE, 0x10000);
    at(LEVEL1)[0] = TABLE(LEVEL2);
    at(LEVEL2)[0] = TABLE(LEVEL3);
    at(LEVEL3)[1] = PAGE(0x5000);
    host_sysreg_set_all(KEY_VTCR_EL2, 0x80023558);
    host_sysreg_set_all(KEY_VTTBR_EL2, LEVEL1 | VMID(1));
    host_cpu_select(0);
    barrier_isb();
    host_cpu_select(1);
    assert_int_equal(host_translate_ipa(IPA).pa, 0x5000);
    host_cpu_select(0);
    return 0;
}

static uint64_t seen(void)
{
    host_cpu_select(1);
    uint64_t pa = host_translate_ipa(IPA).pa;
    host_cpu_select(0);
    return pa;
}

/* ---- break-before-make, step by step ---- */

struct steps {
    bool invalid;
    bool dsb_before;
    bool tlbi;
    bool dsb_between;
    bool tlbi_combined;
    bool dsb_after;
    uint64_t new;
};

static void change(void *context)
{
    const struct steps *steps = context;
    if (steps->invalid)
        at(LEVEL3)[1] = 0;
    if (steps->dsb_before)
        barrier_dsb_ishst();
    if (steps->tlbi)
        tlb_invalidate_ipa_is(IPA);
    if (steps->dsb_between)
        barrier_dsb_ish();
    if (steps->tlbi_combined)
        tlb_invalidate_stage1_is();
    if (steps->dsb_after)
        barrier_dsb_ish();
    at(LEVEL3)[1] = steps->new;
    barrier_dsb_ishst();
    (void)seen();
}

static void test_break_before_make(void **state)
{
    struct steps right = {true, true, true, true, true, true, PAGE(0x6000)};
    (void)state;
    assert_false(host_expect_failure(change, &right));
    assert_int_equal(seen(), 0x6000);
    for (unsigned left_out = 0; left_out < 6; left_out++) {
        struct steps wrong = right;
        bool *step[] = {&wrong.invalid,     &wrong.dsb_before,    &wrong.tlbi,
                        &wrong.dsb_between, &wrong.tlbi_combined, &wrong.dsb_after};
        (void)set_up(NULL);
        *step[left_out] = false;
        /* Without the store of 0 the TLBI finds the old descriptor again. */
        assert_true(host_expect_failure(change, &wrong));
        assert_non_null(strstr(host_failure_text(), "break-before-make"));
    }
}

static void test_permissions(void **state)
{
    struct steps only_store = {.new = PAGE(0x5000) & ~(1ULL << 7)};
    (void)state;
    assert_false(host_expect_failure(change, &only_store)); /* needs no break, but stays as it was until invalidated */
    host_cpu_select(1);
    assert_true(host_translate_ipa(IPA).write);
    host_cpu_select(0);
    tlb_invalidate_ipa_is(IPA);
    barrier_dsb_ish();
    tlb_invalidate_stage1_is();
    barrier_dsb_ish();
    host_cpu_select(1);
    assert_false(host_translate_ipa(IPA).write);
}

static void test_changes_that_need_a_break(void **state)
{
    static const uint64_t news[] = {
        PAGE(0x5000) ^ 0x3cULL,  /* MemAttr */
        PAGE(0x5000) ^ 0x300ULL, /* SH */
        PAGE(0x7000),
    };
    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        struct steps only_store = {.new = news[i]};
        (void)set_up(NULL);
        assert_true(host_expect_failure(change, &only_store));
    }
}

static void table_to_block(void *context)
{
    (void)context;
    at(LEVEL2)[0] = BLOCK(0);
    barrier_dsb_ishst();
}

static void table_freed_early(void *context)
{
    (void)context;
    at(LEVEL2)[0] = 0;
    barrier_dsb_ishst();
    at(LEVEL3)[1] = 0x4142434445464749ULL; /* somebody else's data by now */
    barrier_dsb_ish();
}

static void test_tables(void **state)
{
    (void)state;
    assert_true(host_expect_failure(table_to_block, NULL));
    (void)set_up(NULL);
    assert_true(host_expect_failure(table_freed_early, NULL));
}

/* ---- which entries an invalidation takes ---- */

static void unmap(void)
{
    at(LEVEL3)[1] = 0;
    barrier_dsb_ishst();
}

static void test_other_vmid(void **state)
{
    (void)state;
    unmap();
    sysreg_write(VTTBR_EL2, LEVEL1 | VMID(2));
    barrier_isb();
    tlb_invalidate_vmid_is();
    barrier_dsb_ish();
    assert_int_equal(seen(), 0x5000); /* stale: that was VMID 2's */
    sysreg_write(VTTBR_EL2, LEVEL1 | VMID(1));
    tlb_invalidate_vmid_is();
    barrier_dsb_ish();
    assert_int_equal(seen(), 0x5000); /* no ISB: VTTBR_EL2 was not there yet */
    barrier_isb();
    tlb_invalidate_vmid_is();
    barrier_dsb_ish();
    assert_int_equal(seen(), 0);
}

static void test_local(void **state)
{
    (void)state;
    unmap();
    tlb_invalidate_stage1_local();
    barrier_dsb_nsh();
    assert_int_equal(seen(), 0x5000);
    tlb_invalidate_vmid_is();
    barrier_dsb_nsh(); /* does not wait for other CPUs */
    assert_int_equal(seen(), 0x5000);
    barrier_dsb_ish();
    assert_int_equal(seen(), 0);
}

static void test_all_vmids(void **state)
{
    (void)state;
    unmap();
    sysreg_write(VTTBR_EL2, 0);
    barrier_isb();
    tlb_invalidate_el1_all_is();
    barrier_dsb_ish();
    assert_int_equal(seen(), 0);
}

static void reuse_vmid(void *context)
{
    (void)context;
    at(BASE + 0x8000)[0] = 0;
    host_cpu_select(1);
    sysreg_write(VTTBR_EL2, (BASE + 0x8000) | VMID(1));
    (void)host_translate_ipa(IPA);
}

static void test_vmid_reused(void **state)
{
    (void)state;
    assert_true(host_expect_failure(reuse_vmid, NULL));
    assert_non_null(strstr(host_failure_text(), "VMID 1"));
}

/* A new mapping is not seen before DSB by a walker that looked there before. */
static void test_make_needs_dsb(void **state)
{
    (void)state;
    host_cpu_select(1);
    assert_false(host_translate_ipa(0x2000).valid);
    host_cpu_select(0);
    at(LEVEL3)[2] = PAGE(0x8000);
    host_cpu_select(1);
    assert_false(host_translate_ipa(0x2000).valid);
    host_cpu_select(0);
    barrier_dsb_ishst();
    host_cpu_select(1);
    assert_int_equal(host_translate_ipa(0x2000).pa, 0x8000);
}

/* ---- EL2 ---- */

#define EL2_PAGE(pa) ((pa) | 0x743ULL)

static void test_el2(void **state)
{
    (void)state;
    host_reset();
    host_phys_add(BASE, 0x10000);
    at(BASE)[0] = TABLE(BASE + 0x1000);
    at(BASE + 0x1000)[0] = TABLE(LEVEL2);
    at(LEVEL2)[0] = TABLE(LEVEL3);
    at(LEVEL3)[1] = EL2_PAGE(0x5000ULL);
    host_sysreg_set_all(KEY_TCR_EL2, 0x80843510);
    host_sysreg_set_all(KEY_MAIR_EL2, 0xff);
    host_sysreg_set_all(KEY_TTBR0_EL2, BASE);
    for (unsigned cpu = 0; cpu < 2; cpu++) {
        host_cpu_select(cpu);
        assert_int_equal(host_translate_el2(0x1008).pa, 0x5008);
    }
    host_cpu_select(0);
    at(LEVEL3)[1] = 0;
    barrier_dsb_ishst();
    tlb_invalidate_el2_va_is(0x1000);
    barrier_dsb_ish();
    host_cpu_select(1);
    assert_false(host_translate_el2(0x1008).valid);
    host_cpu_select(0);
    assert_true(host_translate_el2(0x1008).valid); /* this CPU has its ISB before it */
    barrier_isb();
    assert_false(host_translate_el2(0x1008).valid);
}

/* ---- malformed tables and registers ---- */

static void walk(void *context)
{
    (void)context;
    (void)host_translate_ipa(0x40001000);
}

static void assert_refused(uint64_t level1, uint64_t vtcr, uint64_t vttbr)
{
    (void)set_up(NULL);
    host_cpu_select(2);
    at(LEVEL1)[1] = level1;
    host_sysreg_set_all(KEY_VTCR_EL2, vtcr);
    sysreg_write(VTTBR_EL2, vttbr);
    assert_true(host_expect_failure(walk, NULL));
}

static void test_malformed(void **state)
{
    uint64_t good = 0x40000000ULL | ATTRIBUTES;
    (void)state;
    assert_refused(0x40200000ULL | ATTRIBUTES, 0x80023558, LEVEL1); /* output address not aligned to the block */
    assert_refused(good & ~(1ULL << 10), 0x80023558, LEVEL1);       /* AF */
    assert_refused(good & ~(1ULL << 8), 0x80023558, LEVEL1);        /* SH */
    assert_refused(TABLE(0x10000000ULL), 0x80023558, LEVEL1);       /* a table outside RAM */
    assert_refused(good, 0x00023558, LEVEL1);                       /* RES1 */
    assert_refused(good, 0x80023550, LEVEL1);                       /* T0SZ too small for SL0: 18 bits at the root */
    assert_refused(good, 0x80023558, LEVEL1 + 0x1000);              /* a root of two tables at an odd page */
    (void)set_up(NULL);
    host_cpu_select(2);
    at(LEVEL1)[1] = good;
    assert_false(host_expect_failure(walk, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_break_before_make, set_up),
        cmocka_unit_test_setup(test_permissions, set_up),
        cmocka_unit_test(test_changes_that_need_a_break),
        cmocka_unit_test_setup(test_tables, set_up),
        cmocka_unit_test_setup(test_other_vmid, set_up),
        cmocka_unit_test_setup(test_local, set_up),
        cmocka_unit_test_setup(test_all_vmids, set_up),
        cmocka_unit_test_setup(test_vmid_reused, set_up),
        cmocka_unit_test_setup(test_make_needs_dsb, set_up),
        cmocka_unit_test(test_el2),
        cmocka_unit_test(test_malformed),
    };
    return cmocka_run_group_tests_name("host_tlb", tests, NULL, NULL);
}
