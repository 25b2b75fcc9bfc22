/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hv/mem/vmid.c: 8-bit VMIDs for more VMs than there are numbers, on several CPUs over the TLB model, which fails when a VMID is reused
 * while entries of its last owner are left.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "arch/barrier.h"
#include "arch/cache.h"
#include "arch/host/host_model.h"
#include "arch/phys.h"
#include "arch/sysreg.h"
#include "mem/stage2.h"
#include "mem/vmid.h"
#include "seeded.h"

#define POOL 0x80000000ULL
#define POOL_SIZE (32ULL << 20)
#define VMS 700U
#define CPUS 4U

static struct stage2 vms[VMS];

static int set_up(void **state)
{
    (void)state;
    host_reset();
    page_alloc_reset();
    host_phys_add(POOL, POOL_SIZE);
    assert_int_equal(page_alloc_add(pa_make(POOL), POOL_SIZE), STATUS_OK);
    assert_int_equal(stage2_setup(44, 8), STATUS_OK);
    host_sysreg_set_all(KEY_VTCR_EL2, stage2_vtcr());
    return 0;
}

static uint64_t page_of(unsigned vm)
{
    return 0x100000000ULL + vm * PAGE_SIZE;
}

static void create_vms(void)
{
    for (unsigned vm = 0; vm < VMS; vm++) {
        assert_int_equal(stage2_create(&vms[vm], OWNER_VM(vm % 32)), STATUS_OK);
        assert_int_equal(stage2_map(&vms[vm], ipa_make(0), pa_make(page_of(vm)), PAGE_SIZE, STAGE2_R), STATUS_OK);
    }
}

static void enter(unsigned cpu, unsigned vm)
{
    host_cpu_select(cpu);
    sysreg_write(VTTBR_EL2, stage2_vttbr(&vms[vm]));
    assert_int_equal(host_translate_ipa(0).pa, page_of(vm));
}

static unsigned vmid_on(unsigned cpu)
{
    return (unsigned)(host_sysreg_get(cpu, KEY_VTTBR_EL2) >> 48);
}

/* CPU 3 goes on with its VM through many generations: nobody gets its number. */
static void test_roll_over(void **state)
{
    (void)state;
    create_vms();
    enter(3, 0);
    for (unsigned round = 0; round < 4; round++) {
        for (unsigned vm = 1; vm < VMS; vm++) {
            enter(vm % 3, vm);
            assert_int_not_equal(vmid_on(vm % 3), 0);
            assert_int_not_equal(vmid_on(vm % 3), vmid_on(3));
            host_cpu_select(3);
            assert_int_equal(host_translate_ipa(0).pa, page_of(0)); /* still in its guest */
        }
    }
    unsigned vmid = vmid_on(3);
    enter(3, 0);
    assert_int_equal(vmid_on(3), vmid);
}

/* Two CPUs in one VM have one VMID, before and after a roll-over. */
static void roll_over(void)
{
    for (unsigned vm = 10; vm < 600; vm++)
        enter(0, vm);
}

static void test_same_vm(void **state)
{
    (void)state;
    create_vms();
    enter(1, 5);
    enter(2, 5);
    assert_int_equal(vmid_on(1), vmid_on(2));
    roll_over();
    enter(1, 5);
    assert_int_equal(vmid_on(1), vmid_on(2));
    roll_over();
    enter(1, 6); /* CPU 2 alone goes on with it, through one more */
    roll_over();
    enter(1, 5);
    assert_int_equal(vmid_on(1), vmid_on(2));
    roll_over();
    enter(2, 5);
    assert_int_equal(vmid_on(1), vmid_on(2));
}

/* The present generation needs no lock: held ranks of all kinds are allowed, and nothing is invalidated. */
static void test_fast_path(void **state)
{
    struct spinlock last;
    (void)state;
    create_vms();
    enter(0, 1);
    enter(0, 2);
    spinlock_init(&last, LOCK_RANK_UART);
    spinlock_lock(&last);
    enter(0, 1);
    enter(0, 1);
    enter(0, 2);
    spinlock_unlock(&last);
}

static void test_random(void **state)
{
    struct seeded seeded;
    unsigned running[CPUS] = {0};
    (void)state;
    seeded_start(&seeded, "vmid");
    create_vms();
    for (unsigned cpu = 0; cpu < CPUS; cpu++)
        enter(cpu, 0);
    for (unsigned round = 0; round < 12000; round++) {
        unsigned cpu = (unsigned)seeded_below(&seeded, CPUS);
        unsigned vm = (unsigned)seeded_below(&seeded, seeded_below(&seeded, 2) == 0 ? 20 : VMS);
        if (seeded_below(&seeded, 4) != 0) {
            enter(cpu, vm);
            running[cpu] = vm;
        }
        for (unsigned i = 0; i < CPUS; i++) {
            host_cpu_select(i);
            assert_int_equal(host_translate_ipa(0).pa, page_of(running[i]));
            for (unsigned other = 0; other < i; other++)
                assert_int_equal(vmid_on(i) == vmid_on(other), running[i] == running[other]);
        }
    }
}

/* An instruction cache that is tagged by VMID has to go with the roll-over (CTR_EL0.L1Ip). */
static unsigned instructions_stale(uint64_t l1ip)
{
    uint64_t slots[300];
    memset(slots, 0, sizeof(slots));
    (void)set_up(NULL);
    host_sysreg_set_all(KEY_CTR_EL0, 0x84440004 | l1ip << 14);
    host_cache_enable();
    *(uint8_t *)phys_to_pointer(POOL) = 0x5a;
    cache_clean_invalidate_poc(phys_to_pointer(POOL), 1);
    for (unsigned i = 0; i < 300; i++)
        (void)vmid_activate(&slots[i]);
    return host_cache_fetch(POOL) == 0x5a ? 0 : 1;
}

static void test_instruction_cache(void **state)
{
    (void)state;
    assert_int_equal(instructions_stale(0), 0);
    assert_int_equal(instructions_stale(1), 0);
    assert_int_equal(instructions_stale(2), 1);
    assert_int_equal(instructions_stale(3), 1);
}

static void setup_odd(void *context)
{
    (void)context;
    vmid_setup(12);
}

static void test_odd_size(void **state)
{
    (void)state;
    assert_true(host_expect_panic(setup_odd, NULL));
}

/* ---- threads: the races themselves, without the TLB model ---- */

#define THREAD_VMS 400U
#define THREAD_ROUNDS 6000U

static uint64_t thread_slots[THREAD_VMS];
static uint32_t thread_running[CPUS]; /* VMID << 16 | VM + 1 */
static uint32_t thread_clashes;

/* While a CPU runs a VM with a VMID, no other CPU may run another VM with that VMID. */
static void thread_compare(unsigned cpu, uint32_t mine)
{
    for (unsigned other = 0; other < CPUS; other++) {
        uint32_t theirs = __atomic_load_n(&thread_running[other], __ATOMIC_SEQ_CST);
        if (other != cpu && theirs != 0 && theirs >> 16 == mine >> 16 && (theirs & 0xffffU) != (mine & 0xffffU))
            __atomic_fetch_add(&thread_clashes, 1, __ATOMIC_RELAXED);
    }
}

static void *thread_main(void *argument)
{
    unsigned cpu = (unsigned)(uintptr_t)argument;
    struct seeded seeded = {.state = 0x1234567ULL + cpu};
    host_cpu_select(cpu);
    for (unsigned round = 0; round < THREAD_ROUNDS; round++) {
        uint32_t vm = (uint32_t)seeded_below(&seeded, THREAD_VMS);
        __atomic_store_n(&thread_running[cpu], 0, __ATOMIC_SEQ_CST); /* in EL2 */
        uint32_t mine = (uint32_t)vmid_activate(&thread_slots[vm]) << 16 | (vm + 1U);
        __atomic_store_n(&thread_running[cpu], mine, __ATOMIC_SEQ_CST);
        thread_compare(cpu, mine);
    }
    __atomic_store_n(&thread_running[cpu], 0, __ATOMIC_SEQ_CST);
    return NULL;
}

static void test_threads(void **state)
{
    pthread_t threads[CPUS];
    (void)state;
    memset(thread_slots, 0, sizeof(thread_slots));
    for (unsigned cpu = 0; cpu < CPUS; cpu++)
        assert_int_equal(pthread_create(&threads[cpu], NULL, thread_main, (void *)(uintptr_t)cpu), 0);
    for (unsigned cpu = 0; cpu < CPUS; cpu++)
        assert_int_equal(pthread_join(threads[cpu], NULL), 0);
    assert_int_equal(thread_clashes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_roll_over, set_up), cmocka_unit_test_setup(test_same_vm, set_up),
        cmocka_unit_test_setup(test_fast_path, set_up), cmocka_unit_test_setup(test_random, set_up),
        cmocka_unit_test(test_instruction_cache),       cmocka_unit_test_setup(test_odd_size, set_up),
        cmocka_unit_test_setup(test_threads, set_up),
    };
    return cmocka_run_group_tests_name("vmid", tests, NULL, NULL);
}
