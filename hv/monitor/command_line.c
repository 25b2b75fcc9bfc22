/* SPDX-License-Identifier: Apache-2.0 */
/* Words and names (command_line.h). */
#include "monitor/command_line.h"

#include "lib/string.h"

#define NAME_MAX 64U

void command_line_split(struct command_line *command, const char *line)
{
    size_t length = strnlen(line, COMMAND_TEXT);
    command->count = 0;
    memcpy(command->text, line, length);
    command->text[length] = '\0';
    for (char *at = command->text; *at != '\0';) {
        while (*at == ' ') {
            *at++ = '\0';
        }
        if (*at == '\0' || command->count > COMMAND_WORDS) {
            return;
        }
        if (command->count < COMMAND_WORDS) {
            command->words[command->count] = at;
        }
        command->count++;
        while (*at != '\0' && *at != ' ') {
            at++;
        }
    }
}

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/* Letters to insert, delete or replace (Levenshtein), row by row. */
static unsigned distance(const char *a, const char *b)
{
    unsigned row[NAME_MAX + 1U];
    unsigned length = (unsigned)strnlen(b, NAME_MAX);
    for (unsigned j = 0; j <= length; j++) {
        row[j] = j;
    }
    for (unsigned i = 0; a[i] != '\0' && i < NAME_MAX; i++) {
        unsigned diagonal = row[0]++;
        for (unsigned j = 0; j < length; j++) {
            unsigned replaced = diagonal + (a[i] != b[j]);
            diagonal = row[j + 1U];
            row[j + 1U] = least(replaced, least(diagonal, row[j]) + 1U);
        }
    }
    return row[length];
}

const char *name_nearest(name_list names, const char *word)
{
    const char *best = NULL;
    const char *name;
    unsigned best_distance = (unsigned)strnlen(word, NAME_MAX) / 2U + 1U;
    for (unsigned i = 0; (name = names(i)) != NULL; i++) {
        unsigned found = distance(word, name);
        if (found < best_distance) {
            best = name;
            best_distance = found;
        }
    }
    return best;
}

unsigned name_complete(name_list names, const char *word, size_t size, const char **rest, size_t *rest_size)
{
    unsigned count = 0;
    const char *name;
    *rest_size = 0;
    for (unsigned i = 0; (name = names(i)) != NULL; i++) {
        if (strncmp(name, word, size) != 0) {
            continue;
        }
        const char *more = name + size;
        if (count++ == 0U) {
            *rest = more;
            *rest_size = strlen(more);
        }
        size_t same = 0;
        while (same < *rest_size && more[same] == (*rest)[same]) {
            same++;
        }
        *rest_size = same;
    }
    return count;
}
