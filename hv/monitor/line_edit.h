/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The line at the prompt: keys in, text and what a terminal of 80 columns is to show out. Pure; called by monitor/monitor.c, the unit tests and the
 * fuzzer. Any byte may come: printable ASCII goes into the line, known keys act, all else is passed over.
 *
 * Keys: left right home end delete backspace, ^A ^E ^B ^F ^D ^H ^K ^U ^W, up down ^P ^N for the history, Tab, ^L, ^C, Enter. Escape sequences are those
 * of ECMA-48, 5.4 (CSI) and SS3, as terminals of the VT100's kind send them.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LINE_EDIT_MAX 240U /* characters of a line; more are not taken */
#define LINE_EDIT_HISTORY 16U
#define LINE_EDIT_COLUMNS 79U /* of prompt and line: the 80th stays free, so that no terminal wraps */

struct line_edit {
    char text[LINE_EDIT_MAX + 1U]; /* NUL-terminated */
    unsigned length;
    unsigned cursor;     /* 0 to length */
    unsigned first;      /* the first character that is visible */
    unsigned escape;     /* within an escape sequence */
    unsigned parameter;  /* its first number */
    bool after_return;   /* LF is part of CR LF */
    unsigned lines;      /* in the history: the last LINE_EDIT_HISTORY of them are kept */
    unsigned shown_line; /* of the history; == lines: the line being written */
    char history[LINE_EDIT_HISTORY][LINE_EDIT_MAX + 1U];
    char written[LINE_EDIT_MAX + 1U]; /* the line being written while one of the history is shown */
};

enum line_edit_event {
    LINE_EDIT_NONE,
    LINE_EDIT_CHANGED,
    LINE_EDIT_DONE,     /* Enter: text is the line; line_edit_next begins another */
    LINE_EDIT_COMPLETE, /* Tab */
    LINE_EDIT_CANCEL,   /* ^C: the line is to be given up */
    LINE_EDIT_CLEAR,    /* ^L: the screen is to be cleared */
};

/* All zero is a fresh editor, too. */
enum line_edit_event line_edit_key(struct line_edit *edit, uint8_t byte);
/* Inserts text at the cursor, as far as it fits: completion. */
void line_edit_insert(struct line_edit *edit, const char *text, size_t size);
/* An empty line; the one before goes into the history if keep, unless it is empty or the same as the last. */
void line_edit_next(struct line_edit *edit, bool keep);
/*
 * What a terminal is to show, from column 0 on: the prompt, the part of the line around the cursor, and the cursor brought to its place. At most
 * LINE_EDIT_COLUMNS + 8 bytes plus NUL; returns their number. prompt has at most 40 characters.
 */
size_t line_edit_render(struct line_edit *edit, const char *prompt, char *to, size_t size);
