/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A second model of the line at the monitor's prompt, made otherwise than hv/monitor/line_edit.c: two stacks of characters left and right of the cursor,
 * a growing list of past lines; and as much of a terminal of 80 columns as the prompt needs. For test_line_edit.c and the fuzzer.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "monitor/line_edit.h"

#define MODEL_PAST 4096

struct line_model {
    char left[LINE_EDIT_MAX], right[LINE_EDIT_MAX]; /* right: its last is next to the cursor */
    int lefts, rights;
    char past[MODEL_PAST][LINE_EDIT_MAX + 1];
    int pasts, shown;
    char mine[LINE_EDIT_MAX + 1];
    int parsing; /* 0, ESC, '[' or 'O' */
    int number;
    bool returned;
};

static inline void model_text(const struct line_model *model, char *to)
{
    memcpy(to, model->left, (size_t)model->lefts);
    for (int i = 0; i < model->rights; i++)
        to[model->lefts + i] = model->right[model->rights - 1 - i];
    to[model->lefts + model->rights] = '\0';
}

static inline void model_set(struct line_model *model, const char *text)
{
    model->lefts = (int)strlen(text);
    model->rights = 0;
    memcpy(model->left, text, (size_t)model->lefts);
}

static inline void model_step(struct line_model *model, int way)
{
    if (way < 0 && model->lefts > 0)
        model->right[model->rights++] = model->left[--model->lefts];
    if (way > 0 && model->rights > 0)
        model->left[model->lefts++] = model->right[--model->rights];
}

static inline void model_history(struct line_model *model, int way)
{
    int to = model->shown + way;
    if (to < 0 || to > model->pasts || to < model->pasts - (int)LINE_EDIT_HISTORY)
        return;
    if (model->shown == model->pasts)
        model_text(model, model->mine);
    model->shown = to;
    model_set(model, to == model->pasts ? model->mine : model->past[to]);
}

static inline void model_next(struct line_model *model, bool keep)
{
    char text[LINE_EDIT_MAX + 1];
    model_text(model, text);
    bool same = model->pasts > 0 && strcmp(model->past[model->pasts - 1], text) == 0;
    if (keep && text[0] != '\0' && !same && model->pasts < MODEL_PAST)
        strcpy(model->past[model->pasts++], text); // NOLINT: the same size
    model->shown = model->pasts;
    model_set(model, "");
}

static inline void model_insert(struct line_model *model, const char *text, size_t size)
{
    for (size_t i = 0; i < size && model->lefts + model->rights < (int)LINE_EDIT_MAX; i++)
        model->left[model->lefts++] = text[i];
}

/* A named key: A B C D up down right left, H home, F end, X delete. */
static inline void model_named(struct line_model *model, int name)
{
    switch (name) {
    case 'A':
    case 'B':
        model_history(model, name == 'A' ? -1 : 1);
        break;
    case 'C':
    case 'D':
        model_step(model, name == 'C' ? 1 : -1);
        break;
    case 'H':
        while (model->lefts > 0)
            model_step(model, -1);
        break;
    case 'F':
        while (model->rights > 0)
            model_step(model, 1);
        break;
    case 'X':
        model->rights -= model->rights > 0;
        break;
    default:
        break;
    }
}

static inline bool model_escape(struct line_model *model, int byte)
{
    int parsing = model->parsing;
    if (byte == 0x1b) {
        model->parsing = 0x1b;
        return true;
    }
    if (parsing == 0 || byte < 0x20) {
        model->parsing = 0;
        return false;
    }
    if (parsing == 0x1b) {
        model->parsing = byte == '[' || byte == 'O' ? byte : 0;
        model->number = 0;
    } else if (parsing == 'O') {
        model->parsing = 0;
        model_named(model, byte == 'X' ? 0 : byte);
    } else if (byte >= '0' && byte <= '9') {
        model->number = model->number > 99 ? 100 : model->number * 10 + byte - '0';
    } else if (byte >= 0x40) {
        static const char keys[] = {0, 'H', 0, 'X', 'F', 0, 0, 'H', 'F'};
        model->parsing = 0;
        model_named(model, byte != '~' ? (byte == 'X' ? 0 : byte) : model->number < 9 ? keys[model->number] : 0);
    }
    return true;
}

static inline void model_control(struct line_model *model, int byte)
{
    static const char named[32] = {[1] = 'H', [2] = 'D', [4] = 'X', [5] = 'F', [6] = 'C', [14] = 'B', [16] = 'A'};
    if (byte == 8 || byte == 127) {
        model->lefts -= model->lefts > 0;
    } else if (byte == 11) {
        model->rights = 0;
    } else if (byte == 21) {
        model->lefts = 0;
    } else if (byte == 23) {
        while (model->lefts > 0 && model->left[model->lefts - 1] == ' ')
            model->lefts--;
        while (model->lefts > 0 && model->left[model->lefts - 1] != ' ')
            model->lefts--;
    } else if (byte < 32) {
        model_named(model, named[byte]);
    }
}

/* True: Enter. */
static inline bool model_key(struct line_model *model, uint8_t byte)
{
    bool again = model->returned && byte == '\n';
    model->returned = byte == '\r';
    if (again || model_escape(model, byte))
        return false;
    if (byte >= 0x20 && byte < 0x7f)
        model_insert(model, (const char *)&byte, 1);
    else
        model_control(model, byte);
    return byte == '\r' || byte == '\n';
}

/* ---- the terminal ---- */

struct screen {
    char row[81];
    int column;
};

/* False: a byte that the prompt must not send, or a line that is too long. */
static inline bool screen_put(struct screen *screen, const char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        unsigned count;
        int length = 0;
        if (bytes[i] == '\r') {
            screen->column = 0;
        } else if (bytes[i] == 0x1b && i + 2 < size && bytes[i + 2] == 'K') {
            memset(screen->row + screen->column, ' ', 80U - (size_t)screen->column);
            i += 2;
        } else if (bytes[i] == 0x1b && sscanf(bytes + i, "\x1b[%u%n", &count, &length) == 1 &&
                   bytes[i + (size_t)length] == 'D') {
            screen->column = (int)count > screen->column ? 0 : screen->column - (int)count;
            i += (size_t)length;
        } else if (bytes[i] < 0x20 || bytes[i] == 0x7f || screen->column >= 79) {
            return false;
        } else {
            screen->row[screen->column++] = bytes[i];
        }
    }
    return true;
}

/* What the editor shows is the prompt, a part of the line with the cursor's character at the cursor, and blanks. */
static inline bool screen_agrees(struct line_edit *edit, const char *prompt)
{
    char bytes[128];
    struct screen screen = {.column = 0};
    memset(screen.row, ' ', 80);
    size_t size = line_edit_render(edit, prompt, bytes, sizeof(bytes));
    int start = (int)strlen(prompt);
    if (size >= sizeof(bytes) || !screen_put(&screen, bytes, size) || memcmp(screen.row, prompt, (size_t)start) != 0)
        return false;
    int first = (int)edit->cursor - (screen.column - start); /* of the line, at the prompt's end */
    for (int i = start; i < 80; i++) {
        int at = first + i - start;
        bool text = at < (int)edit->length && i < 79;
        if (at < 0 || screen.row[i] != (text ? edit->text[at] : ' '))
            return false;
    }
    return screen.column >= start && screen.column < 80;
}
