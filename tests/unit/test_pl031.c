/* SPDX-License-Identifier: Apache-2.0 */
/* The real-time clock: DDI 0224's registers over a clock that the test moves, beside a model that looks at the clock at every second. */
#include "pl031_random.h"

static int setup(void **state)
{
    (void)state;
    fake_start(&pl031_class, 1);
    fake_seconds = EPOCH;
    pl031_class.reset(&fake_vm);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    fake_stop(&pl031_class);
    return 0;
}

static void test_counts_seconds(void **state)
{
    (void)state;
    assert_int_equal(fake_read(RTCDR), EPOCH);
    fake_advance(SECOND - 1U);
    assert_int_equal(fake_read(RTCDR), EPOCH);
    fake_advance(1);
    assert_int_equal(fake_read(RTCDR), EPOCH + 1);
    assert_int_equal(fake_read(RTCCR), 1);
    fake_write(RTCCR, 0);
    fake_write(RTCDR, 5);
    assert_int_equal(fake_read(RTCCR), 1);
    assert_int_equal(fake_read(RTCDR), EPOCH + 1);
}

static void test_identification(void **state)
{
    static const uint8_t id[8] = {0x31, 0x10, 0x04, 0x00, 0x0D, 0xF0, 0x05, 0xB1};

    (void)state;
    fake_check_primecell(id);
}

/* The clock is the VM's own once it was set, and stays so over a reset, as one with a battery does. */
static void test_set_survives_reset(void **state)
{
    (void)state;
    fake_write(RTCLR, 1000);
    assert_int_equal(fake_read(RTCLR), 1000);
    assert_int_equal(fake_read(RTCDR), 1000);
    fake_advance(5U * SECOND);
    assert_int_equal(fake_read(RTCDR), 1005);
    pl031_class.reset(&fake_vm);
    assert_int_equal(fake_read(RTCDR), 1005);
    assert_int_equal(fake_read(RTCLR), 0);
    assert_int_equal(fake_read(RTCIMSC), 0);
}

static void test_match_interrupt(void **state)
{
    (void)state;
    fake_advance(SECOND / 3U);
    fake_write(RTCIMSC, 1);
    fake_write(RTCMR, EPOCH + 10);
    fake_advance(10U * SECOND - SECOND / 3U - 2U);
    assert_int_equal(fake_read(RTCRIS), 0);
    assert_false(fake_spi[PL031_INTID]);
    fake_advance(4);
    assert_int_equal(fake_read(RTCDR), EPOCH + 10);
    assert_int_equal(fake_read(RTCMIS), 1);
    assert_true(fake_spi[PL031_INTID]);
    fake_write(RTCIMSC, 0);
    assert_false(fake_spi[PL031_INTID]);
    assert_int_equal(fake_read(RTCRIS), 1);
    assert_int_equal(fake_read(RTCMIS), 0);
    fake_write(RTCIMSC, 1);
    fake_write(RTCICR, 1);
    assert_int_equal(fake_read(RTCRIS), 0);
    assert_false(fake_spi[PL031_INTID]);
    fake_advance(1000U * SECOND);
    assert_int_equal(fake_read(RTCRIS), 0);
}

static void test_match_now(void **state)
{
    (void)state;
    fake_write(RTCIMSC, 1);
    fake_write(RTCMR, EPOCH);
    assert_true(fake_spi[PL031_INTID]);
}

/* The EL2 timer comes seconds late, or comes although it was moved: the alarm is neither lost nor early. */
static void test_late_and_stale_timer(void **state)
{
    struct timer *timer;

    (void)state;
    fake_write(RTCIMSC, 1);
    fake_write(RTCMR, EPOCH + 2);
    timer = fake_timers;
    fake_timers = NULL;
    timer->armed = false;
    fake_count = 7U * SECOND;
    timer->fire(timer);
    assert_true(fake_spi[PL031_INTID]);
    fake_write(RTCICR, 1);

    fake_write(RTCMR, EPOCH + 100);
    timer->fire(timer);
    assert_false(fake_spi[PL031_INTID]);
    fake_advance(94U * SECOND);
    assert_true(fake_spi[PL031_INTID]);
}

static void test_reset_drops_alarm(void **state)
{
    (void)state;
    fake_write(RTCIMSC, 1);
    fake_write(RTCMR, EPOCH);
    assert_true(fake_spi[PL031_INTID]);
    fake_write(RTCMR, EPOCH + 3);
    pl031_class.reset(&fake_vm);
    assert_false(fake_spi[PL031_INTID]);
    fake_advance(10U * SECOND);
    assert_int_equal(fake_read(RTCRIS), 0);
}

static void test_random(void **state)
{
    struct seeded seeded;
    struct model model = {.matched = true};

    (void)state;
    seeded_start(&seeded, "pl031");
    for (unsigned i = 0; i < 200000U; i++) {
        model_step(&model, &seeded);
        model_check(&model);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_counts_seconds, setup, teardown),
        cmocka_unit_test_setup_teardown(test_identification, setup, teardown),
        cmocka_unit_test_setup_teardown(test_set_survives_reset, setup, teardown),
        cmocka_unit_test_setup_teardown(test_match_interrupt, setup, teardown),
        cmocka_unit_test_setup_teardown(test_match_now, setup, teardown),
        cmocka_unit_test_setup_teardown(test_late_and_stale_timer, setup, teardown),
        cmocka_unit_test_setup_teardown(test_reset_drops_alarm, setup, teardown),
        cmocka_unit_test_setup_teardown(test_random, setup, teardown),
    };

    return cmocka_run_group_tests_name("pl031", tests, NULL, NULL);
}
