/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages of the host's command, and the small helpers that every part of it uses. Owns no state. Colour follows the
 * terminal and NO_COLOR.
 */
#include "tool_error.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SHOW_MAX 64U
#define NEAREST_MAX 64U

static void no_memory(void)
{
    static const char message[] = "ashlar: error: out of memory\n";
    ssize_t written = write(STDERR_FILENO, message, sizeof(message) - 1U);
    (void)written;
    exit(STATUS_FAILED);
}

void *memory_get(size_t size)
{
    void *memory = calloc(1, size == 0 ? 1 : size);
    if (memory == NULL)
        no_memory();
    return memory;
}

static char *text_vformat(const char *format, va_list arguments)
{
    char *text = NULL;
    if (vasprintf(&text, format, arguments) < 0)
        no_memory();
    return text;
}

char *text_format(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *text = text_vformat(format, arguments);
    va_end(arguments);
    return text;
}

static bool use_colour(void)
{
    const char *no_color = getenv("NO_COLOR");
    return isatty(STDERR_FILENO) == 1 && (no_color == NULL || no_color[0] == '\0');
}

static const char *label_error(void)
{
    return use_colour() ? "\033[1;31merror:\033[0m" : "error:";
}

void error_print(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *text = text_vformat(format, arguments);
    va_end(arguments);
    fprintf(stderr, "ashlar: %s %s\n", label_error(), text);
    free(text);
}

void warning_print(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *text = text_vformat(format, arguments);
    va_end(arguments);
    fprintf(stderr, "ashlar: %s %s\n", use_colour() ? "\033[1;33mwarning:\033[0m" : "warning:", text);
    free(text);
}

void fault_add(struct faults *faults, int line, int column, const char *format, ...)
{
    struct fault *list = realloc(faults->list, (faults->count + 1U) * sizeof(*list));
    if (list == NULL)
        no_memory();
    va_list arguments;
    va_start(arguments, format);
    char *text = text_vformat(format, arguments);
    va_end(arguments);
    faults->list = list;
    list[faults->count] = (struct fault){.line = line, .column = column, .order = faults->count, .text = text};
    faults->count++;
}

static int fault_compare(const void *left, const void *right)
{
    const struct fault *a = left;
    const struct fault *b = right;
    if (a->line != b->line)
        return a->line < b->line ? -1 : 1;
    if (a->column != b->column)
        return a->column < b->column ? -1 : 1;
    return a->order < b->order ? -1 : 1;
}

void faults_print(struct faults *faults)
{
    if (faults->count > 0)
        qsort(faults->list, faults->count, sizeof(*faults->list), fault_compare);
    for (size_t i = 0; i < faults->count; i++) {
        const struct fault *fault = &faults->list[i];
        fprintf(stderr, "%s:%d:%d: %s %s\n", faults->file, fault->line, fault->column, label_error(), fault->text);
        free(fault->text);
    }
    free(faults->list);
    faults->list = NULL;
    faults->count = 0;
}

char *text_show(const char *text, size_t length)
{
    size_t shown = length > SHOW_MAX ? SHOW_MAX - 3U : length;
    char *result = memory_get(shown * 4U + 4U);
    char *at = result;
    for (size_t i = 0; i < shown; i++) {
        uint8_t byte = (uint8_t)text[i];
        if (byte < 0x20 || byte == 0x7f)
            at += sprintf(at, "\\x%02x", byte);
        else
            *at++ = text[i];
    }
    if (shown < length)
        memcpy(at, "...", 3);
    return result;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Edit distance (insert, delete, replace), by one row of the table; both texts at most NEAREST_MAX long. */
static size_t text_distance(const char *a, const char *b)
{
    size_t row[NEAREST_MAX + 1U];
    size_t columns = strlen(b);
    for (size_t j = 0; j <= columns; j++)
        row[j] = j;
    for (size_t i = 1; a[i - 1U] != '\0'; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= columns; j++) {
            size_t replace = diagonal + (a[i - 1U] == b[j - 1U] ? 0U : 1U);
            diagonal = row[j];
            row[j] = least(replace, least(row[j], row[j - 1U]) + 1U);
        }
    }
    return row[columns];
}

const char *text_nearest(const char *text, const char *const *words)
{
    const char *nearest = NULL;
    size_t length = strlen(text);
    size_t best = length / 2U + 1U;
    if (length > NEAREST_MAX)
        return NULL;
    for (; *words != NULL; words++) {
        size_t distance = text_distance(text, *words);
        if (distance < best || (strncmp(text, *words, length) == 0 && length > 1U && nearest == NULL)) {
            best = distance;
            nearest = *words;
        }
    }
    return nearest;
}
