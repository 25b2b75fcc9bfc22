/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzzes what is typed at the monitor: the line editor beside a second model and a terminal, then what becomes of each line. The bytes are the keys.
 * libFuzzer: -max_len=320
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "line_model.h"
#include "monitor/command_line.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define KEYS_MAX 320U /* more of the same would only take time */

static struct line_edit edit;
static struct line_model model;

static const char *name(unsigned index)
{
    static const char *const names[] = {"help", "vms", "console", "stop", "start", "stats", "web-1", "web-10"};
    return index < sizeof(names) / sizeof(names[0]) ? names[index] : NULL;
}

static void must(bool good)
{
    if (!good)
        abort();
}

static void take_line(void)
{
    struct command_line line;
    const char *value = NULL;
    command_line_split(&line, edit.text);
    must(line.count <= COMMAND_WORDS + 1U);
    unsigned before = line.count;
    bool json = command_line_take(&line, "-j", NULL);
    bool level = command_line_take(&line, "-l", &value);
    must(line.count + json + level + (value != NULL) == before);
    for (unsigned i = 0; i < line.count && i < COMMAND_WORDS; i++) {
        must(line.words[i][0] != '\0' && strchr(line.words[i], ' ') == NULL);
        const char *nearest = name_nearest(name, line.words[i]);
        must(nearest == NULL || name_index(name, nearest) != NAME_NONE);
        must(name_index(name, line.words[i]) == NAME_NONE || (nearest != NULL && strcmp(nearest, line.words[i]) == 0));
    }
}

/* Tab, as monitor.c does it. */
static void complete(void)
{
    const char *rest = "";
    size_t rest_size;
    unsigned start = edit.cursor;
    while (start > 0U && edit.text[start - 1U] != ' ')
        start--;
    unsigned count = name_complete(name, edit.text + start, edit.cursor - start, &rest, &rest_size);
    must(count != 0U || rest_size == 0U);
    line_edit_insert(&edit, rest, rest_size);
    model_insert(&model, rest, rest_size);
}

static void agree(void)
{
    char text[LINE_EDIT_MAX + 1U];
    model_text(&model, text);
    must(strcmp(text, edit.text) == 0 && edit.cursor == (unsigned)model.lefts && edit.length == strlen(text));
    must(screen_agrees(&edit, "ashlar> "));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    memset(&edit, 0, sizeof(edit));
    model.lefts = model.rights = model.pasts = model.shown = model.parsing = 0;
    model.returned = false;
    for (size_t i = 0; i < size && i < KEYS_MAX; i++) {
        bool entered = model_key(&model, data[i]);
        enum line_edit_event event = line_edit_key(&edit, data[i]);
        must((event == LINE_EDIT_DONE) == entered);
        if (event == LINE_EDIT_COMPLETE)
            complete();
        if (i % 16U == 15U || entered)
            agree();
        if (entered || event == LINE_EDIT_CANCEL) {
            take_line();
            model_next(&model, entered);
            line_edit_next(&edit, entered);
        }
    }
    agree();
    return 0;
}
