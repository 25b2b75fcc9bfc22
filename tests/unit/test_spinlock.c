/* SPDX-License-Identifier: Apache-2.0 */
/* hv/arch/spinlock.c: exclusion and order of service with a thread per CPU, ranks, and the acquire and release that guard plain data. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "arch/host/host_model.h"
#include "arch/spinlock.h"

#define CPUS 4U
#define ROUNDS 20000U

static struct spinlock lock;
static struct spinlock other;

static int set_up(void **state)
{
    (void)state;
    host_reset();
    spinlock_init(&lock, LOCK_RANK_SCHED);
    spinlock_init(&other, LOCK_RANK_PAGES);
    return 0;
}

/* ---- exclusion ---- */

static unsigned inside;
static unsigned clashes;
static uint64_t total; /* plain: the lock alone guards it */

static void *count_main(void *argument)
{
    host_cpu_select((unsigned)(uintptr_t)argument);
    for (unsigned i = 0; i < ROUNDS; i++) {
        spinlock_lock(&lock);
        if (__atomic_fetch_add(&inside, 1, __ATOMIC_RELAXED) != 0)
            __atomic_fetch_add(&clashes, 1, __ATOMIC_RELAXED);
        total++;
        __atomic_fetch_sub(&inside, 1, __ATOMIC_RELAXED);
        spinlock_unlock(&lock);
    }
    return NULL;
}

static void test_exclusion(void **state)
{
    pthread_t threads[CPUS];
    (void)state;
    lock.next = lock.owner = UINT16_MAX - 100; /* tickets wrap */
    total = 0;
    for (unsigned cpu = 0; cpu < CPUS; cpu++)
        assert_int_equal(pthread_create(&threads[cpu], NULL, count_main, (void *)(uintptr_t)cpu), 0);
    for (unsigned cpu = 0; cpu < CPUS; cpu++)
        assert_int_equal(pthread_join(threads[cpu], NULL), 0);
    assert_int_equal(clashes, 0);
    assert_int_equal(total, CPUS * ROUNDS);
    assert_int_equal(lock.next, lock.owner);
}

/* ---- order of service: first come, first served ---- */

static unsigned served[CPUS];
static unsigned served_count;

static void *serve_main(void *argument)
{
    unsigned cpu = (unsigned)(uintptr_t)argument;
    host_cpu_select(cpu);
    spinlock_lock(&lock);
    served[served_count++] = cpu;
    spinlock_unlock(&lock);
    return NULL;
}

static void test_order(void **state)
{
    pthread_t threads[CPUS];
    (void)state;
    served_count = 0;
    host_cpu_select(0);
    spinlock_lock(&lock);
    for (unsigned cpu = 1; cpu < CPUS; cpu++) {
        uint16_t before = __atomic_load_n(&lock.next, __ATOMIC_RELAXED);
        assert_int_equal(pthread_create(&threads[cpu], NULL, serve_main, (void *)(uintptr_t)cpu), 0);
        while (__atomic_load_n(&lock.next, __ATOMIC_RELAXED) == before)
            continue;
    }
    spinlock_unlock(&lock);
    for (unsigned cpu = 1; cpu < CPUS; cpu++)
        assert_int_equal(pthread_join(threads[cpu], NULL), 0);
    assert_int_equal(served_count, CPUS - 1);
    for (unsigned i = 0; i < served_count; i++)
        assert_int_equal(served[i], i + 1);
}

/* Every spin yields, so that an emulator that runs CPUs in turn goes on. */
static unsigned yields;

static void yield_and_free(void)
{
    if (++yields == 3)
        __atomic_store_n(&lock.owner, (uint16_t)(lock.owner + 1), __ATOMIC_RELEASE); /* the other CPU unlocks */
}

static void test_yield(void **state)
{
    (void)state;
    yields = 0;
    host_wait_hook(yield_and_free);
    lock.next++; /* another CPU holds it */
    spinlock_lock(&lock);
    assert_int_equal(yields, 3);
    spinlock_unlock(&lock);
}

/* ---- ranks ---- */

static void never_wait(void)
{
    host_fail("a lock that can never be had was waited for");
}

static void lock_it(void *context)
{
    spinlock_lock(context);
}

static void unlock_it(void *context)
{
    spinlock_unlock(context);
}

static void set_up_again(void)
{
    (void)set_up(NULL);
    host_wait_hook(never_wait);
}

static void test_ranks(void **state)
{
    (void)state;
    host_wait_hook(never_wait);
    assert_true(spinlock_none_held());
    spinlock_lock(&lock);
    assert_false(spinlock_none_held());
    spinlock_lock(&other); /* rising */
    spinlock_unlock(&lock);
    assert_false(spinlock_none_held());
    spinlock_unlock(&other);
    assert_true(spinlock_none_held());

    spinlock_lock(&other);
    assert_true(host_expect_panic(lock_it, &lock)); /* falling */
    assert_non_null(strstr(host_failure_text(), "lock_rank.c"));
    set_up_again();
    spinlock_lock(&lock);
    assert_true(host_expect_panic(lock_it, &lock)); /* its own rank: itself */
    set_up_again();
    assert_true(host_expect_panic(unlock_it, &lock)); /* not held */

    /* Another CPU's locks don't matter. */
    set_up_again();
    spinlock_lock(&other);
    host_cpu_select(1);
    assert_true(spinlock_none_held());
    spinlock_lock(&lock);
    assert_true(host_expect_panic(unlock_it, &other));
    struct spinlock nameless = {0};
    assert_true(host_expect_panic(lock_it, &nameless));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_exclusion, set_up),
        cmocka_unit_test_setup(test_order, set_up),
        cmocka_unit_test_setup(test_yield, set_up),
        cmocka_unit_test_setup(test_ranks, set_up),
    };
    return cmocka_run_group_tests_name("spinlock", tests, NULL, NULL);
}
