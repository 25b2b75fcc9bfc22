/* SPDX-License-Identifier: Apache-2.0 */
/* The kept log: what is read is what was written, line by line, also behind what is gone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "arch/host/host_model.h"
#include "lib/log_hooks.h"
#include "seeded.h"

static unsigned notified;

static void notify(void)
{
    notified++;
}

static int set_up(void **unused)
{
    (void)unused;
    host_reset();
    log_take_over(notify);
    notified = 0;
    return 0;
}

static void test_lines_and_levels(void **unused)
{
    static const char *const texts[] = {"cpu0 a: error: one\r\n", "cpu0 b: warning: two\r\n", "cpu0 c/d: three\r\n",
                                        "cpu0 e: debug: four\r\n"};
    struct log_line line;
    uint64_t position = log_position();
    (void)unused;
    log_error("a", "one");
    log_warning("b", "two");
    log_info("c/d", "three");
    log_debug("e", "four");
    assert_int_equal(notified, 4);
    for (unsigned i = 0; i < 4U; i++) {
        assert_true(log_read(&position, &line));
        assert_int_equal(line.level, i);
        assert_int_equal(line.size, 15U + strlen(texts[i]));
        assert_memory_equal(line.text + line.size - strlen(texts[i]), texts[i], strlen(texts[i]));
    }
    assert_false(log_read(&position, &line));
    assert_int_equal(position, log_position());
}

/* What a line quotes can't begin another, or move the cursor. */
static void test_control_characters(void **unused)
{
    struct log_line line;
    uint64_t position = log_position();
    (void)unused;
    log_info("x", "%s", "a\r\n\x1b[2J\x7f\x02z");
    assert_true(log_read(&position, &line));
    static const char end[] = " x: a???[2J??z\r\n";
    assert_memory_equal(line.text + line.size - sizeof(end) + 1U, end, sizeof(end) - 1U);
    assert_false(log_read(&position, &line));
}

static char rest[70000];
static size_t rest_size;

static void take_rest(const char *text, size_t size)
{
    memcpy(rest + rest_size, text, size);
    rest_size += size;
}

/* A panic shows what did not reach the console. */
static void test_the_rest_for_a_panic(void **unused)
{
    struct log_line line;
    uint64_t position = log_position();
    (void)unused;
    log_info("p", "passed on");
    assert_true(log_read(&position, &line));
    log_note_taken(position);
    rest_size = 0;
    log_dump_rest(take_rest);
    assert_int_equal(rest_size, 0);
    log_info("p", "one");
    log_error("p", "two");
    log_dump_rest(take_rest);
    assert_int_equal(rest[0], '[');
    assert_non_null(strstr(rest, "p: one\r\n["));
    assert_memory_equal(rest + rest_size - 8U, "r: two\r\n", 8);
    for (unsigned i = 0; i < 5000U; i++) {
        log_info("p", "turn over %u", i);
    }
    rest_size = 0;
    log_dump_rest(take_rest);
    assert_in_range(rest_size, 60000, 65536);
    assert_int_equal(rest[0], '[');
}

/* Lines of every length: whoever comes late finds whole lines, the newest of all, and none twice. */
static void test_the_ring_turns_over(void **unused)
{
    struct seeded seeded;
    uint64_t position = log_position();
    unsigned next = 0, seen = 0;
    (void)unused;
    seeded_start(&seeded, "log");
    for (unsigned round = 0; round < 40U; round++) {
        unsigned count = (unsigned)seeded_below(&seeded, 1500);
        for (unsigned i = 0; i < count; i++) {
            char filler[300] = "";
            memset(filler, 'x', seeded_below(&seeded, 260));
            log_print((enum log_level)seeded_below(&seeded, 4), "p", "<%u> %s", next++, filler);
        }
        struct log_line line;
        while (log_read(&position, &line)) {
            char text[LOG_LINE_MAX + 1U];
            unsigned number;
            memcpy(text, line.text, line.size);
            text[line.size] = '\0';
            assert_true(text[0] == '[' && text[line.size - 1U] == '\n' && text[line.size - 2U] == '\r');
            assert_int_equal(sscanf(strchr(text, '<'), "<%u>", &number), 1);
            assert_true(number >= seen);
            seen = number + 1U;
        }
        assert_int_equal(seen, next);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_lines_and_levels, set_up),
        cmocka_unit_test_setup(test_control_characters, set_up),
        cmocka_unit_test_setup(test_the_rest_for_a_panic, set_up),
        cmocka_unit_test_setup(test_the_ring_turns_over, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
