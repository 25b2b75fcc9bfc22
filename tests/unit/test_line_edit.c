/* SPDX-License-Identifier: Apache-2.0 */
/* The monitor's line editor: each key, then random bytes beside a second model and a terminal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "line_model.h"
#include "seeded.h"

#define PROMPT "ashlar> "

static struct line_edit edit;
static struct line_model model;

static int set_up(void **unused)
{
    (void)unused;
    memset(&edit, 0, sizeof(edit));
    memset(&model, 0, sizeof(model));
    return 0;
}

static enum line_edit_event type(const char *keys)
{
    enum line_edit_event event = LINE_EDIT_NONE;
    for (; *keys != '\0'; keys++) {
        event = line_edit_key(&edit, (uint8_t)*keys);
    }
    return event;
}

static void line_is(const char *keys, const char *text, unsigned cursor)
{
    line_edit_next(&edit, false);
    (void)type(keys);
    assert_string_equal(edit.text, text);
    assert_int_equal(edit.cursor, cursor);
    assert_int_equal(edit.length, strlen(text));
    assert_true(screen_agrees(&edit, PROMPT));
}

static void test_each_key(void **unused)
{
    (void)unused;
    line_is("abc", "abc", 3);
    line_is("abc\x1b[D\x1b[DX", "aXbc", 2);
    line_is("abc\x02\x02X", "aXbc", 2);
    line_is("abc\x1b[D\x1b[D\x1b[CX", "abXc", 3);
    line_is("abc\x01\x06X", "aXbc", 2);
    line_is("abc\x1b[HX", "Xabc", 1);
    line_is("abc\x1b[1~X\x1b[4~Y", "XabcY", 5);
    line_is("abc\x1bOHX\x1bOFY", "XabcY", 5);
    line_is("abc\x01X\x05Y", "XabcY", 5);
    line_is("abc\x01\x1b[3~", "bc", 0);
    line_is("abc\x01\x04", "bc", 0);
    line_is("abc\x7f\x08", "a", 1);
    line_is("\x7f\x08\x04\x02\x15\x17\x0b", "", 0);
    line_is("abc def\x02\x02\x0b", "abc d", 5);
    line_is("abc def\x02\x02\x15", "ef", 0);
    line_is("abc def  \x17", "abc ", 4);
    line_is("abc def\x17\x17", "", 0);
    line_is("abc\x1b[1;5C\x1b[200~\x1bx\x1b[99999999999~d", "abcd", 4);
    line_is("a\xc3\xa4\xff\x80\x1c\x1d\x1f"
            "b",
            "ab", 2);
    line_is("ab\x1b[\x01X", "Xab", 1); /* a control character ends a sequence and counts */
}

static void test_events(void **unused)
{
    (void)unused;
    assert_int_equal(type("a"), LINE_EDIT_CHANGED);
    assert_int_equal(type("\t"), LINE_EDIT_COMPLETE);
    assert_int_equal(type("\x03"), LINE_EDIT_CANCEL);
    assert_int_equal(type("\x0c"), LINE_EDIT_CLEAR);
    assert_int_equal(type("\n"), LINE_EDIT_DONE);
    assert_int_equal(type("\r"), LINE_EDIT_DONE);
    assert_int_equal(type("\n"), LINE_EDIT_NONE); /* CR LF is one Enter */
    assert_int_equal(type("\n"), LINE_EDIT_DONE);
    assert_int_equal(type("\x1b"), LINE_EDIT_NONE);
    assert_int_equal(type("\r"), LINE_EDIT_DONE);
}

static void enter(const char *line)
{
    (void)type(line);
    line_edit_next(&edit, true);
}

static void test_history(void **unused)
{
    char line[8];
    (void)unused;
    line_is("\x10\x10\x0e", "", 0);
    enter("one");
    enter("two");
    enter("two");
    enter("");
    line_is("thr\x10", "two", 3);
    line_is("thr\x10\x1b[A", "one", 3);
    line_is("thr\x1b[A\x1b[A\x1b[A\x1b[B", "two", 3);
    line_is("thr\x10\x10\x0e\x0e", "thr", 3);
    line_is("thr\x10s\x0e\x10", "two", 3); /* what was changed in a line of the history is not kept */
    for (int i = 0; i < 20; i++) {
        (void)snprintf(line, sizeof(line), "l%d", i);
        enter(line);
    }
    for (int i = 0; i < 30; i++) {
        (void)type("\x10");
    }
    assert_string_equal(edit.text, "l4"); /* the oldest of 16 */
}

static void test_a_line_of_240_characters_scrolls(void **unused)
{
    (void)unused;
    for (unsigned i = 0; i < 300U; i++) {
        (void)line_edit_key(&edit, (uint8_t)('a' + i % 26U));
        assert_true(screen_agrees(&edit, PROMPT));
    }
    assert_int_equal(edit.length, LINE_EDIT_MAX);
    for (unsigned i = 0; i < 300U; i++) {
        (void)type("\x1b[D");
        assert_true(screen_agrees(&edit, PROMPT));
    }
    assert_int_equal(edit.cursor, 0);
    (void)type("\x05");
    assert_true(screen_agrees(&edit, PROMPT));
}

static uint8_t random_byte(struct seeded *seeded)
{
    static const char often[] = "\x01\x02\x04\x05\x06\x08\x0b\x0e\x10\x15\x17\x7f\x1b\x1b\x1b[[O3~1~ABCDHF  \r\n\t";
    switch (seeded_below(seeded, 8)) {
    case 0:
        return (uint8_t)seeded_next(seeded);
    case 1:
    case 2:
        return (uint8_t)often[seeded_below(seeded, sizeof(often) - 1U)];
    default:
        return (uint8_t)(0x20U + seeded_below(seeded, 0x5fU));
    }
}

static void test_random_bytes_beside_a_model(void **unused)
{
    struct seeded seeded;
    char text[LINE_EDIT_MAX + 1U];
    (void)unused;
    seeded_start(&seeded, "line_edit");
    for (unsigned i = 0; i < 60000U; i++) {
        uint8_t byte = random_byte(&seeded);
        bool entered = model_key(&model, byte);
        assert_int_equal(line_edit_key(&edit, byte) == LINE_EDIT_DONE, entered);
        if (entered) {
            model_next(&model, true);
            line_edit_next(&edit, true);
        }
        model_text(&model, text);
        assert_string_equal(edit.text, text);
        assert_int_equal(edit.cursor, model.lefts);
        if (i % 7U == 0U) {
            assert_true(screen_agrees(&edit, PROMPT));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_each_key, set_up),
        cmocka_unit_test_setup(test_events, set_up),
        cmocka_unit_test_setup(test_history, set_up),
        cmocka_unit_test_setup(test_a_line_of_240_characters_scrolls, set_up),
        cmocka_unit_test_setup(test_random_bytes_beside_a_model, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
