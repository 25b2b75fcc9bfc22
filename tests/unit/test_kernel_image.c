/* SPDX-License-Identifier: Apache-2.0 */
/* Where kernels go: the header's fields, hostile ones too; nothing overlaps, nothing leaves RAM. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "vm/kernel_image.h"

#define MIB 0x100000ULL

static uint64_t state = 0x2545f4914f6cdd1dULL;

static uint64_t random64(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

static void put64(uint8_t *at, uint64_t value)
{
    for (unsigned i = 0; i < 8; i++) {
        at[i] = (uint8_t)(value >> (8 * i));
    }
}

static void make_header(uint8_t header[64], uint64_t text_offset, uint64_t image_size)
{
    memset(header, 0, 64);
    put64(header + 8, text_offset);
    put64(header + 16, image_size);
    memcpy(header + 56, "ARM\x64", 4);
}

static void test_image(void **unused)
{
    (void)unused;
    uint8_t header[64];
    struct kernel_layout layout;
    make_header(header, 0, 40 * MIB);
    assert_int_equal(kernel_image_place(header, 33 * MIB, 0, 5 * MIB, 512 * MIB, &layout), STATUS_OK);
    assert_int_equal(layout.kernel, 0);
    assert_int_equal(layout.entry, 0);
    assert_int_equal(layout.initrd, 40 * MIB);
    assert_int_equal(layout.tree, 510 * MIB);
    make_header(header, 12345, 0);
    assert_int_equal(kernel_image_place(header, 33 * MIB, 0, 0, 512 * MIB, &layout), STATUS_OK);
    assert_int_equal(layout.kernel, 0x80000);
}

static void test_what_is_no_image(void **unused)
{
    (void)unused;
    uint8_t header[64];
    struct kernel_layout layout;
    make_header(header, 0, MIB);
    assert_int_equal(kernel_image_place(header, 63, 0, 0, 512 * MIB, &layout), STATUS_INVALID);
    header[57] = 'r';
    assert_int_equal(kernel_image_place(header, MIB, 0, 0, 512 * MIB, &layout), STATUS_INVALID);
}

static void test_flat(void **unused)
{
    (void)unused;
    struct kernel_layout layout;
    assert_int_equal(kernel_image_place(NULL, 5, 0x80000, 0, 2 * MIB, &layout), STATUS_RANGE);
    assert_int_equal(kernel_image_place(NULL, 5, 0x80000, 0, 4 * MIB, &layout), STATUS_OK);
    assert_int_equal(layout.entry, 0x80000);
    assert_int_equal(layout.tree, 2 * MIB);
}

static void test_hostile_headers_stay_in_ram(void **unused)
{
    (void)unused;
    for (unsigned i = 0; i < 20000; i++) {
        uint8_t header[64];
        struct kernel_layout layout;
        uint64_t ram = 2 * MIB * (1 + random64() % 300);
        uint64_t kernel = 64 + random64() % (400 * MIB);
        uint64_t initrd = (random64() & 1) != 0 ? random64() % (300 * MIB) : random64();
        make_header(header, random64() >> (random64() % 64), random64() >> (random64() % 64));
        if (kernel_image_place(header, kernel, 0, initrd, ram, &layout) != STATUS_OK) {
            continue;
        }
        assert_true(layout.kernel + kernel <= layout.tree);
        assert_true(layout.tree + 2 * MIB == ram);
        if (initrd != 0) {
            assert_true(layout.kernel + kernel <= layout.initrd);
            assert_true(layout.initrd + initrd <= layout.tree);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_image),
        cmocka_unit_test(test_what_is_no_image),
        cmocka_unit_test(test_flat),
        cmocka_unit_test(test_hostile_headers_stay_in_ram),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
