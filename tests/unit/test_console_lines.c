/* SPDX-License-Identifier: Apache-2.0 */
/* All VMs in view: lines with names, unfinished ones, what is left out; then random output of several beside a plain reading of the rules. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "seeded.h"
#include "vm/console_lines.h"

#define VMS 3U

static uint8_t kept[VMS][CONSOLE_KEPT];
static struct console_ring rings[VMS];
static struct console_lines lines;
static char shown[400000];
static size_t shown_size;

static const char *vm_name(unsigned index)
{
    static const char *const names[] = {"one", "two",
                                        "a-name-of-63-characters-0123456789-0123456789-0123456789-01234567"};
    return names[index];
}

static int set_up(void **unused)
{
    (void)unused;
    memset(rings, 0, sizeof(rings));
    for (unsigned i = 0; i < VMS; i++) {
        rings[i].bytes = kept[i];
    }
    lines = (struct console_lines){.count = VMS, .rings = rings, .name = vm_name};
    memset(shown, 0, sizeof(shown));
    shown_size = 0;
    return 0;
}

static void send(unsigned vm, const char *text)
{
    for (; *text != '\0'; text++) {
        console_ring_put(&rings[vm], (uint8_t)*text);
    }
}

static void show(size_t size)
{
    while (console_lines_ready(&lines)) {
        char piece[600];
        memset(piece, '@', sizeof(piece));
        size_t got = console_lines_next(&lines, piece, size);
        assert_true(got <= size);
        memcpy(shown + shown_size, piece, got);
        shown_size += got;
        assert_true(shown_size < sizeof(shown) - 600U);
    }
    assert_false(lines.open);
}

static void show_is(const char *text)
{
    show(200);
    assert_string_equal(shown, text);
    memset(shown, 0, shown_size);
    shown_size = 0;
}

static void ticks(unsigned count)
{
    while (count-- > 0U) {
        console_lines_tick(&lines);
    }
}

static void test_finished_lines(void **unused)
{
    (void)unused;
    send(0, "hello\r\nhalf");
    send(1, "\n");
    show_is("[two] \r\n[one] hello\r\n");
    send(1, "x");
    send(0, " done\n");
    show_is("[one] half done\r\n");
}

static void test_unfinished_lines_wait_for_a_second(void **unused)
{
    (void)unused;
    send(0, "login: ");
    show_is("");
    ticks(CONSOLE_LINES_AGE - 1U);
    show_is("");
    ticks(1);
    show_is("[one] login: \\\r\n");
    ticks(20);
    show_is("");
    send(0, "root");
    ticks(CONSOLE_LINES_AGE);
    show_is("[one] root\\\r\n");
    send(0, "\r\n"); /* nothing is left of that line */
    show_is("");
    send(0, "\r\n");
    show_is("[one] \r\n");
    send(0, "abc");
    ticks(CONSOLE_LINES_AGE);
    show_is("[one] abc\\\r\n");
    send(0, "def\n");
    show_is("[one] def\r\n");
}

static void test_no_escape_sequence_goes_out(void **unused)
{
    (void)unused;
    send(0, "\x1b[2J\x1b[1;31mred\x1b[m \x1b]0;title\x07"
            "text\x1b"
            "c\x1b(B\x08\x07\tend\r\n");
    show_is("[one] red text"
            "B\tend\r\n");
    send(0, "\x1b]0;a title without an end\n\xc3\xa4\n");
    show_is("[one] \r\n[one] \xc3\xa4\r\n");
    send(0, "\r\x1b[K");
    ticks(CONSOLE_LINES_AGE);
    show_is("");
}

static void test_what_was_overwritten_is_counted(void **unused)
{
    (void)unused;
    for (unsigned i = 0; i < CONSOLE_KEPT / 8U + 100U; i++) {
        send(0, "1234567\n");
    }
    show(400);
    assert_memory_equal(shown, "[one] (800 bytes left out)\r\n[one] 1234567\r\n", 43);
}

static void test_one_that_floods_does_not_shut_out_others(void **unused)
{
    (void)unused;
    for (unsigned i = 0; i < 100U; i++) {
        send(0, "flood\n");
    }
    send(1, "here\n");
    show(400);
    assert_true(strstr(shown, "[two] here") < shown + 40);
}

/* Each VM's lines come in order and whole, whatever the size of the pieces and the order of output and looks. */
static void test_random_output(void **unused)
{
    struct seeded seeded;
    (void)unused;
    seeded_start(&seeded, "console_lines");
    for (unsigned round = 0; round < 60U; round++) {
        unsigned next[VMS] = {0}, found[VMS] = {0};
        (void)set_up(NULL);
        for (unsigned i = 0; i < 300U; i++) {
            char text[64];
            unsigned vm = (unsigned)seeded_below(&seeded, VMS);
            (void)snprintf(text, sizeof(text), "%u%s\r\n", next[vm]++,
                           seeded_below(&seeded, 4) == 0U ? " \x1b[1mlonger\x1b[0m" : "");
            send(vm, text);
            if (seeded_below(&seeded, 5) == 0U) {
                show(80U + seeded_below(&seeded, 400));
            }
        }
        show(300);
        for (char *line = strtok(shown, "\n"); line != NULL; line = strtok(NULL, "\n")) {
            unsigned vm = 0;
            while (vm < VMS && strncmp(line + 1, vm_name(vm), strlen(vm_name(vm))) != 0) {
                vm++;
            }
            assert_in_range(vm, 0, VMS - 1U);
            assert_int_equal(strtoul(strchr(line, ']') + 2, NULL, 10), found[vm]++);
        }
        assert_memory_equal(found, next, sizeof(found));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_finished_lines, set_up),
        cmocka_unit_test_setup(test_unfinished_lines_wait_for_a_second, set_up),
        cmocka_unit_test_setup(test_no_escape_sequence_goes_out, set_up),
        cmocka_unit_test_setup(test_what_was_overwritten_is_counted, set_up),
        cmocka_unit_test_setup(test_one_that_floods_does_not_shut_out_others, set_up),
        cmocka_unit_test_setup(test_random_output, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
