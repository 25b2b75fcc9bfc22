/* SPDX-License-Identifier: Apache-2.0 */
/* The monitor's lines taken apart, and names that were meant. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "monitor/command_line.h"
#include "seeded.h"

static struct command_line line;

static void split(const char *text)
{
    command_line_split(&line, text);
}

static void test_words(void **unused)
{
    (void)unused;
    split("");
    assert_int_equal(line.count, 0);
    split("    ");
    assert_int_equal(line.count, 0);
    split("  stop   -f\x01 web ");
    assert_int_equal(line.count, 3);
    assert_string_equal(line.words[0], "stop");
    assert_string_equal(line.words[1], "-f\x01");
    assert_string_equal(line.words[2], "web");
    split("1 2 3 4 5 6 7 8");
    assert_int_equal(line.count, COMMAND_WORDS);
    assert_string_equal(line.words[7], "8");
    split("1 2 3 4 5 6 7 8 9 10 11");
    assert_int_equal(line.count, COMMAND_WORDS + 1U);
    assert_false(command_line_take(&line, "2", NULL));
}

static void test_options(void **unused)
{
    const char *value = NULL;
    (void)unused;
    split("log -l debug web");
    assert_false(command_line_take(&line, "-j", NULL));
    assert_true(command_line_take(&line, "-l", &value));
    assert_string_equal(value, "debug");
    assert_int_equal(line.count, 2);
    assert_string_equal(line.words[1], "web");
    split("log web -l");
    value = NULL;
    assert_true(command_line_take(&line, "-l", &value));
    assert_null(value);
    assert_int_equal(line.count, 2);
    split("-f -f");
    assert_true(command_line_take(&line, "-f", NULL));
    assert_false(command_line_take(&line, "-f", NULL)); /* the first word is the command */
    assert_int_equal(line.count, 1);
}

static const char *const fruit[] = {"apple", "apricot", "banana", "cherry", "cherry-pie"};

static const char *fruit_name(unsigned index)
{
    return index < sizeof(fruit) / sizeof(fruit[0]) ? fruit[index] : NULL;
}

static void test_nearest(void **unused)
{
    static const char *const pairs[][2] = {{"aple", "apple"},    {"appel", "apple"},         {"bannana", "banana"},
                                           {"cherri", "cherry"}, {"chery-pi", "cherry-pie"}, {"pricot", "apricot"}};
    (void)unused;
    for (unsigned i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        assert_string_equal(name_nearest(fruit_name, pairs[i][0]), pairs[i][1]);
    }
    assert_null(name_nearest(fruit_name, "zzzzzz"));
    assert_null(name_nearest(fruit_name, ""));
    assert_null(name_nearest(fruit_name, "x"));
    char huge[500];
    memset(huge, 'a', sizeof(huge) - 1U);
    huge[sizeof(huge) - 1U] = '\0';
    (void)name_nearest(fruit_name, huge);
    assert_int_equal(name_index(fruit_name, "cherry"), 3);
    assert_int_equal(name_index(fruit_name, "cherr"), NAME_NONE);
}

static void completes(const char *word, unsigned count, const char *rest)
{
    const char *more = "";
    size_t size;
    assert_int_equal(name_complete(fruit_name, word, strlen(word), &more, &size), count);
    assert_int_equal(size, strlen(rest));
    assert_memory_equal(more, rest, size);
}

static void test_completion(void **unused)
{
    (void)unused;
    completes("", 5, "");
    completes("a", 2, "p");
    completes("app", 1, "le");
    completes("c", 2, "herry");
    completes("cherry", 2, "");
    completes("cherry-", 1, "pie");
    completes("banana", 1, "");
    completes("bananas", 0, "");
}

/* Words put together again are the line without its extra blanks. */
static void test_random_lines(void **unused)
{
    struct seeded seeded;
    (void)unused;
    seeded_start(&seeded, "command_line");
    for (unsigned round = 0; round < 5000U; round++) {
        char text[300];
        size_t size = seeded_below(&seeded, sizeof(text));
        for (size_t i = 0; i < size; i++) {
            text[i] = seeded_below(&seeded, 30) == 0U ? ' ' : (char)(1U + seeded_below(&seeded, 255));
        }
        text[size] = '\0';
        split(text);
        text[size < COMMAND_TEXT ? size : COMMAND_TEXT] = '\0';
        unsigned words = 0;
        for (char *word = strtok(text, " "); word != NULL; word = strtok(NULL, " ")) {
            if (words < COMMAND_WORDS) {
                assert_string_equal(line.words[words], word);
            }
            words++;
        }
        assert_int_equal(line.count, words > COMMAND_WORDS ? COMMAND_WORDS + 1U : words);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words),      cmocka_unit_test(test_options),      cmocka_unit_test(test_nearest),
        cmocka_unit_test(test_completion), cmocka_unit_test(test_random_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
