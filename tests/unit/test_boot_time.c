/* SPDX-License-Identifier: Apache-2.0 */
/* boot/boot_time.c against the C library's timegm. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include "boot_time.h"
#include "seeded.h"

#define ROUNDS 100000U

static const struct EFI_TIME good = {
    .Year = 2026, .Month = 11, .Day = 23, .Hour = 10, .Minute = 41, .Second = 28, .TimeZone = EFI_UNSPECIFIED_TIMEZONE};

static int64_t library(const struct EFI_TIME *t)
{
    struct tm tm = {.tm_year = t->Year - 1900,
                    .tm_mon = t->Month - 1,
                    .tm_mday = t->Day,
                    .tm_hour = t->Hour,
                    .tm_min = t->Minute,
                    .tm_sec = t->Second};

    return timegm(&tm);
}

static void test_against_library(void **state)
{
    struct seeded seeded;

    (void)state;
    seeded_start(&seeded, "boot_time");
    for (unsigned round = 0; round < ROUNDS; round++) {
        /* From 2020 to the end of 9999, through the library in the other direction. */
        time_t when = (time_t)(1577836800U + seeded_below(&seeded, 253402300800ULL - 1577836800U));
        struct tm tm;
        struct EFI_TIME t = good;
        int64_t seconds = 0;

        assert_non_null(gmtime_r(&when, &tm));
        t.Year = (uint16_t)(tm.tm_year + 1900);
        t.Month = (uint8_t)(tm.tm_mon + 1);
        t.Day = (uint8_t)tm.tm_mday;
        t.Hour = (uint8_t)tm.tm_hour;
        t.Minute = (uint8_t)tm.tm_min;
        t.Second = (uint8_t)tm.tm_sec;
        assert_true(boot_time_unix(&t, &seconds));
        assert_int_equal(seconds, when);
    }
}

static void test_zones(void **state)
{
    struct EFI_TIME t = good;
    int64_t seconds = 0;

    (void)state;
    /* UEFI 2.10, 8.3.1: Localtime = UTC - TimeZone; 480 is Pacific Standard Time. */
    t.TimeZone = 480;
    assert_true(boot_time_unix(&t, &seconds));
    assert_int_equal(seconds, library(&t) + 480 * 60);
    t.TimeZone = -60;
    t.Daylight = EFI_TIME_IN_DAYLIGHT | EFI_TIME_ADJUST_DAYLIGHT;
    assert_true(boot_time_unix(&t, &seconds));
    assert_int_equal(seconds, library(&t) - 60 * 60);
    t.TimeZone = EFI_UNSPECIFIED_TIMEZONE;
    assert_true(boot_time_unix(&t, &seconds));
    assert_int_equal(seconds, library(&t) - 3600);
    t.Daylight = EFI_TIME_ADJUST_DAYLIGHT;
    assert_true(boot_time_unix(&t, &seconds));
    assert_int_equal(seconds, library(&t));
}

static void refused(struct EFI_TIME t)
{
    int64_t seconds = 77;

    assert_false(boot_time_unix(&t, &seconds));
    assert_int_equal(seconds, 77);
}

#define REFUSED(field, value)                                                                                          \
    do {                                                                                                               \
        struct EFI_TIME bad = good;                                                                                    \
        bad.field = value;                                                                                             \
        refused(bad);                                                                                                  \
    } while (0)

static void test_refuses(void **state)
{
    struct EFI_TIME t = good;
    int64_t seconds = 0;

    (void)state;
    REFUSED(Year, 0);
    REFUSED(Year, 2019);
    REFUSED(Year, 10000);
    REFUSED(Month, 0);
    REFUSED(Month, 13);
    REFUSED(Day, 0);
    REFUSED(Day, 31); /* November */
    REFUSED(Hour, 24);
    REFUSED(Minute, 60);
    REFUSED(Second, 60);
    REFUSED(TimeZone, 1441);
    REFUSED(TimeZone, -1441);
    t.Month = 2;
    t.Day = 29;
    refused(t); /* 2026 */
    t.Year = 2100;
    refused(t);
    t.Year = 2400;
    assert_true(boot_time_unix(&t, &seconds));
    assert_int_equal(seconds, library(&t));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_library),
        cmocka_unit_test(test_zones),
        cmocka_unit_test(test_refuses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
