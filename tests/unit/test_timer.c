/* SPDX-License-Identifier: Apache-2.0 */
/* EL2's timers on four CPUs: order, moves, cancels from elsewhere, arithmetic of times. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "arch/spinlock.h"
#include "cpu/gic.h"
#include "cpu/prda.h"
#include "cpu/timer.h"
#include "cpu/timer_hw.h"
#include "machine_gic.h"
#include "mem/page_alloc.h"
#include "seeded.h"

#define CPUS 4U
#define TIMERS 64U
#define PPI 26U

static uint64_t now;
static struct platform platform = {.timer_hyp_intid = PPI, .gicd_base = GIC_GICD, .redistributor_count = 1};
static struct handoff handoff;

static uint64_t count_read(uint32_t key, void *context)
{
    (void)key;
    (void)context;
    return now;
}

/* CNTHP's wire: the condition, enabled and not masked (DDI 0487, D12.2.4). */
static void gic_wire_sample(unsigned cpu)
{
    uint64_t ctl = host_sysreg_get(cpu, KEY_CNTHP_CTL_EL2);
    gic.cpu[cpu].wire[PPI] = (ctl & 3U) == 1U && now >= host_sysreg_get(cpu, KEY_CNTHP_CVAL_EL2);
}

static int set_up(void **unused)
{
    struct prda *prda;
    static bool registered;
    (void)unused;
    host_reset();
    host_phys_add(0x80000000, 0x4000000);
    page_alloc_reset();
    host_prda_reset();
    assert_int_equal(page_alloc_add(pa_make(0x80000000), 0x4000000), STATUS_OK);
    assert_int_equal(stage1_init(), STATUS_OK);
    gic_model_install(CPUS);
    platform.redistributors[0] = (struct platform_range){GIC_GICR, CPUS * 0x20000U};
    host_sysreg_hook(KEY_CNTPCT_EL0, count_read, NULL, NULL);
    now = 1000;
    enum status status = timer_init(&platform, &handoff);
    assert_int_equal(status, registered ? STATUS_EXISTS : STATUS_OK);
    registered = true;
    assert_int_equal(gic_init(&platform), STATUS_OK);
    for (unsigned i = 0; i < CPUS; i++) {
        host_cpu_select(i);
        assert_true(i == 0U || prda_create(i, &prda) == STATUS_OK);
        prda_of(i)->mpidr = i;
        assert_int_equal(gic_cpu_init(), STATUS_OK);
        timer_cpu_init(&platform);
    }
    host_cpu_select(0);
    return 0;
}

struct probe {
    struct timer timer;
    uint64_t expected; /* 0: must not fire */
    unsigned fired;
    uint64_t at;
};

static struct probe probes[TIMERS];
static unsigned order_faults;
static uint64_t last_deadline[CPUS];

static void fire(struct timer *timer)
{
    struct probe *probe = CONTAINER_OF(timer, struct probe, timer);
    assert_true(spinlock_none_held());
    assert_int_equal(timer->cpu, host_cpu());
    probe->fired++;
    probe->at = now;
    order_faults += timer->deadline < last_deadline[host_cpu()] ? 1U : 0U;
    last_deadline[host_cpu()] = timer->deadline;
}

static void take_interrupts(void)
{
    for (unsigned i = 0; i < CPUS; i++) {
        host_cpu_select(i);
        gic_handle_pending();
    }
    host_cpu_select(0);
}

/* Armed, moved and cancelled from any CPU against a list of what should fire when. */
static void test_random_arms_and_cancels(void **unused)
{
    struct seeded seeded;
    (void)unused;
    seeded_start(&seeded, "timer");
    memset(probes, 0, sizeof(probes));
    for (unsigned i = 0; i < TIMERS; i++) {
        probes[i].timer.fire = fire;
    }
    for (unsigned step = 0; step < 20000; step++) {
        struct probe *probe = &probes[seeded_below(&seeded, TIMERS)];
        host_cpu_select((unsigned)seeded_below(&seeded, CPUS));
        if (seeded_below(&seeded, 3) != 0U) {
            uint64_t deadline = now + seeded_below(&seeded, 500);
            timer_arm(&probe->timer, deadline);
            probe->expected = deadline;
        } else {
            timer_cancel(&probe->timer);
            probe->expected = 0;
            assert_false(probe->timer.armed);
        }
        now += seeded_below(&seeded, 20);
        memset(last_deadline, 0, sizeof(last_deadline));
        take_interrupts();
        for (unsigned i = 0; i < TIMERS; i++) {
            bool due = probes[i].expected != 0U && probes[i].expected <= now;
            assert_int_equal(probes[i].fired, due);
            assert_true(!due || probes[i].at == now);
            probes[i].fired = 0;
            probes[i].expected = due ? 0U : probes[i].expected;
        }
    }
    assert_int_equal(order_faults, 0);
}

static unsigned periods;

static void again(struct timer *timer)
{
    periods++;
    timer_arm(timer, timer->deadline + 10U);
}

static void test_fire_may_arm_its_timer(void **unused)
{
    struct timer timer = {.fire = again};
    (void)unused;
    periods = 0;
    timer_arm(&timer, now + 10U);
    for (unsigned i = 0; i < 100U; i++) {
        now++;
        gic_handle_pending();
    }
    assert_int_equal(periods, 10);
    now += 50;
    gic_handle_pending();
    assert_int_equal(periods, 15);
    timer_cancel_wait(&timer);
    now += 50;
    gic_handle_pending();
    assert_int_equal(periods, 15);
    assert_int_equal(host_sysreg_get(0, KEY_CNTHP_CTL_EL2) & 1U, 0);
}

static struct timer slow;
static bool slow_runs;
static bool cancelled_early;
static unsigned waits;

/* The cancelling CPU spins: the firing one goes on a step. */
static void firing_goes_on(void)
{
    waits++;
    if (waits == 3U) {
        slow_runs = false;
        __atomic_store_n(&prda_of(1)->firing, NULL, __ATOMIC_RELEASE);
    }
}

static void slow_fire(struct timer *timer)
{
    slow_runs = true;
    /* In the middle of it CPU 0 takes the timer's memory away. */
    host_cpu_select(0);
    timer_cancel_wait(timer);
    cancelled_early = slow_runs;
    host_cpu_select(1);
}

static void test_cancel_waits_for_fire(void **unused)
{
    (void)unused;
    slow = (struct timer){.fire = slow_fire};
    waits = 0;
    host_wait_hook(firing_goes_on);
    host_cpu_select(1);
    timer_arm(&slow, now + 5U);
    now += 5;
    gic_handle_pending();
    assert_int_equal(waits, 3);
    assert_false(cancelled_early);
    assert_null(prda_of(1)->firing);
}

static struct timer wanderer;
static unsigned lock_steps;

/* While CPU 0 waits for the lock of the queue that the timer was in, CPU 2 arms it anew. */
static void wander(void)
{
    if (++lock_steps == 1U) {
        host_cpu_select(2);
        timer_arm(&wanderer, now + 30U);
        host_cpu_select(0);
    }
}

static void test_cancel_follows_a_timer_that_moves(void **unused)
{
    (void)unused;
    wanderer = (struct timer){.fire = fire};
    host_cpu_select(1);
    timer_arm(&wanderer, now + 20U);
    host_cpu_select(0);
    lock_steps = 0;
    host_lock_hook(wander);
    timer_cancel(&wanderer);
    host_lock_hook(NULL);
    assert_false(wanderer.armed);
    assert_null(prda_of(1)->timers);
    assert_null(prda_of(2)->timers);
}

static void test_arithmetic(void **unused)
{
    int64_t seconds;
    uint32_t nanoseconds;
    (void)unused;
    assert_int_equal(timer_frequency(), 62500000);
    assert_int_equal(timer_from_ns(1000000000ULL), 62500000);
    assert_int_equal(timer_from_ns(16), 1);
    assert_int_equal(timer_to_ns(1), 16);
    assert_int_equal(timer_to_ns(62500001), 1000000016ULL);
    assert_true(timer_to_ns(~0ULL) == ~0ULL);
    assert_true(timer_from_ns(~0ULL) == 1152921504606846975ULL);
    assert_int_equal(timer_micros(), 1000 * 16 / 1000);
    assert_false(timer_wall_clock(&seconds, &nanoseconds));

    handoff = (struct handoff){.time_seconds = 1700000000, .time_nanoseconds = 999999990, .time_counter = 500};
    (void)timer_init(&platform, &handoff);
    now = 500 + 62500000ULL * 3U + 1U;
    assert_true(timer_wall_clock(&seconds, &nanoseconds));
    assert_int_equal(seconds, 1700000004);
    assert_int_equal(nanoseconds, 6);
    handoff = (struct handoff){0};
}

static void test_no_frequency_is_refused(void **unused)
{
    (void)unused;
    host_sysreg_set_all(KEY_CNTFRQ_EL0, 0);
    assert_int_equal(timer_init(&platform, &handoff), STATUS_UNSUPPORTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_random_arms_and_cancels, set_up),
        cmocka_unit_test_setup(test_fire_may_arm_its_timer, set_up),
        cmocka_unit_test_setup(test_cancel_waits_for_fire, set_up),
        cmocka_unit_test_setup(test_cancel_follows_a_timer_that_moves, set_up),
        cmocka_unit_test_setup(test_arithmetic, set_up),
        cmocka_unit_test_setup(test_no_frequency_is_refused, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
