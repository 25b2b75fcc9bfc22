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

static void remove_word(struct command_line *command, unsigned index)
{
    command->count--;
    for (unsigned i = index; i < command->count; i++) {
        command->words[i] = command->words[i + 1U];
    }
}

bool command_line_take(struct command_line *command, const char *option, const char **value)
{
    for (unsigned i = 1; i < command->count && command->count <= COMMAND_WORDS; i++) {
        if (strcmp(command->words[i], option) != 0) {
            continue;
        }
        remove_word(command, i);
        if (value != NULL && i < command->count) {
            *value = command->words[i];
            remove_word(command, i);
        }
        return true;
    }
    return false;
}

unsigned name_index(name_list names, const char *name)
{
    const char *each;
    for (unsigned i = 0; (each = names(i)) != NULL; i++) {
        if (strcmp(each, name) == 0) {
            return i;
        }
    }
    return NAME_NONE;
}

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/* Letters to insert, delete, replace, or swap with the next (optimal string alignment), three rows at a time. */
static unsigned distance(const char *a, const char *b)
{
    unsigned rows[3][NAME_MAX + 1U];
    unsigned length = (unsigned)strnlen(b, NAME_MAX);
    unsigned i;
    for (unsigned j = 0; j <= length; j++) {
        rows[0][j] = j;
    }
    for (i = 1; i <= NAME_MAX && a[i - 1U] != '\0'; i++) {
        unsigned *row = rows[i % 3U];
        const unsigned *above = rows[(i - 1U) % 3U];
        row[0] = i;
        for (unsigned j = 1; j <= length; j++) {
            row[j] = least(above[j - 1U] + (a[i - 1U] != b[j - 1U]), least(above[j], row[j - 1U]) + 1U);
            if (i > 1U && j > 1U && a[i - 1U] == b[j - 2U] && a[i - 2U] == b[j - 1U]) {
                row[j] = least(row[j], rows[(i - 2U) % 3U][j - 2U] + 1U);
            }
        }
    }
    return rows[(i - 1U) % 3U][length];
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
