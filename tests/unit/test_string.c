/* SPDX-License-Identifier: Apache-2.0 */
/* hv/lib/string.c, the target's functions under other names, against the C library's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "seeded.h"

#undef ASHLAR_HOST
#define memcpy own_memcpy
#define memmove own_memmove
#define memset own_memset
#define memcmp own_memcmp
#define memchr own_memchr
#define strlen own_strlen
#define strnlen own_strnlen
#define strcmp own_strcmp
#define strncmp own_strncmp
#define strchr own_strchr
#define strrchr own_strrchr
#include "lib/string.c" // NOLINT(bugprone-suspicious-include): the file under test, under other names
#undef memcpy
#undef memmove
#undef memset
#undef memcmp
#undef memchr
#undef strlen
#undef strnlen
#undef strcmp
#undef strncmp
#undef strchr
#undef strrchr

#define ROUNDS 20000U
#define ROOM 96U

static int sign(int value)
{
    return (value > 0) - (value < 0);
}

static void fill(struct seeded *seeded, unsigned char *bytes)
{
    for (unsigned i = 0; i < ROOM; i++)
        bytes[i] = (unsigned char)seeded_below(seeded, 4); /* few values, so that texts and matches happen */
    bytes[ROOM - 1] = 0;
}

static void test_moves(void **state)
{
    struct seeded seeded;
    (void)state;
    seeded_start(&seeded, "string moves");
    for (unsigned round = 0; round < ROUNDS; round++) {
        unsigned char a[ROOM];
        unsigned char b[ROOM];
        fill(&seeded, a);
        memcpy(b, a, ROOM);
        size_t size = seeded_below(&seeded, ROOM + 1);
        size_t from = seeded_below(&seeded, ROOM + 1 - size);
        size_t to = seeded_below(&seeded, ROOM + 1 - size);
        assert_ptr_equal(own_memmove(a + to, a + from, size), a + to);
        memmove(b + to, b + from, size);
        assert_memory_equal(a, b, ROOM);

        int byte = (int)seeded_below(&seeded, 1000) - 500;
        assert_ptr_equal(own_memset(a + to, byte, size), a + to);
        memset(b + to, byte, size);
        assert_memory_equal(a, b, ROOM);

        unsigned char c[ROOM];
        fill(&seeded, c);
        memcpy(b, a, ROOM);
        assert_ptr_equal(own_memcpy(a + to, c + from, size), a + to);
        memcpy(b + to, c + from, size);
        assert_memory_equal(a, b, ROOM);
    }
}

static void test_searches(void **state)
{
    struct seeded seeded;
    (void)state;
    seeded_start(&seeded, "string searches");
    for (unsigned round = 0; round < ROUNDS; round++) {
        unsigned char a[ROOM];
        unsigned char b[ROOM];
        fill(&seeded, a);
        fill(&seeded, b);
        const char *left = (const char *)a + seeded_below(&seeded, ROOM);
        const char *right = (const char *)b + seeded_below(&seeded, ROOM);
        size_t size = seeded_below(&seeded, 8);
        int byte = (int)seeded_below(&seeded, 5) + (round % 2 == 0 ? 256 : 0); /* only its low eight bits count */
        assert_int_equal(own_strlen(left), strlen(left));
        assert_int_equal(own_strnlen(left, size), strnlen(left, size));
        assert_int_equal(sign(own_strcmp(left, right)), sign(strcmp(left, right)));
        assert_int_equal(sign(own_strncmp(left, right, size)), sign(strncmp(left, right, size)));
        assert_ptr_equal(own_strchr(left, byte), strchr(left, byte));
        assert_ptr_equal(own_strrchr(left, byte), strrchr(left, byte));
        assert_int_equal(sign(own_memcmp(a, b, size)), sign(memcmp(a, b, size)));
        assert_ptr_equal(own_memchr(a, byte, size), memchr(a, byte, size));
    }
    assert_true(own_memcmp("\x80", "\x7f", 1) > 0); /* bytes are unsigned */
    assert_true(own_strcmp("\x80", "\x7f") > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_moves),
        cmocka_unit_test(test_searches),
    };
    return cmocka_run_group_tests_name("string", tests, NULL, NULL);
}
