/* SPDX-License-Identifier: Apache-2.0 */
/* hv/lib/format.c against the C library's snprintf, and at the edges of its buffer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/format.h"
#include "seeded.h"

/* The formats below are built at run time on purpose. */
#pragma clang diagnostic ignored "-Wformat-nonliteral"
#pragma clang diagnostic ignored "-Wformat-security"

#define same(...)                                                                                                      \
    do {                                                                                                               \
        char own[200];                                                                                                 \
        char libc[200];                                                                                                \
        int length = snprintf(libc, sizeof(libc), __VA_ARGS__);                                                        \
        assert_int_equal(format_text(own, sizeof(own), __VA_ARGS__), length);                                          \
        assert_string_equal(own, libc);                                                                                \
    } while (0)

static void test_plain(void **state)
{
    (void)state;
    same("nothing");
    same("%s %c %d %u %x %X %%", "text", 'c', -5, 5U, 0xabcU, 0xabcU);
    same("%d %d %ld %ld", INT32_MAX, INT32_MIN, INT64_MAX, INT64_MIN);
    same("%lu %lx %llu %zu", UINT64_MAX, UINT64_MAX, 18446744073709551615ULL, (size_t)7);
    same("[%8d] [%-8d] [%08d] [%08x] [%016lx]", -42, -42, -42, 0x42U, 0x42UL);
    same("[%8s] [%-8s] [%.2s] [%8.2s] [%-8.2s]", "abc", "abc", "abc", "abc", "abc");
    same("[%*d] [%.*s] [%-*s]", 6, 1, 2, "abcdef", 5, "x");
    same("[%3c] [%-3c]", 'a', 'b');
    same("%p", (void *)0x1234);
    same("%.3s", (const char[]){'a', 'b', 'c'}); /* no NUL behind it is looked at */
}

static void test_random(void **state)
{
    struct seeded seeded;
    static const char *const flags[] = {"", "0", "-"};
    static const char *const conversions[] = {"ld", "lu", "lx", "lX"};
    (void)state;
    seeded_start(&seeded, "format");
    for (unsigned round = 0; round < 20000; round++) {
        char format[32];
        uint64_t value = seeded_next(&seeded) >> seeded_below(&seeded, 64);
        const char *flag = flags[seeded_below(&seeded, 3)];
        const char *conversion = conversions[seeded_below(&seeded, 4)];
        (void)snprintf(format, sizeof(format), "<%%%s%u%s>", flag, (unsigned)seeded_below(&seeded, 30), conversion);
        same(format, value);
        same(format, 0 - value);
    }
}

static void test_short_buffer(void **state)
{
    char buffer[8];
    (void)state;
    memset(buffer, 'z', sizeof(buffer));
    assert_int_equal(format_text(buffer, 0, "abc"), 3);
    assert_int_equal(buffer[0], 'z');
    assert_int_equal(format_text(buffer, 1, "abc"), 3);
    assert_string_equal(buffer, "");
    assert_int_equal(buffer[1], 'z');
    assert_int_equal(format_text(buffer, 4, "%s", "abcdef"), 6);
    assert_string_equal(buffer, "abc");
    assert_int_equal(buffer[4], 'z');
}

static void test_mistakes(void **state)
{
    char buffer[32];
    const char *unknown = "%q %";
    (void)state;
    (void)format_text(buffer, sizeof(buffer), unknown);
    assert_string_equal(buffer, "%q %");
    const char *null = NULL;
    (void)format_text(buffer, sizeof(buffer), "%s", null);
    assert_string_equal(buffer, "(null)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain),
        cmocka_unit_test(test_random),
        cmocka_unit_test(test_short_buffer),
        cmocka_unit_test(test_mistakes),
    };
    return cmocka_run_group_tests_name("format", tests, NULL, NULL);
}
