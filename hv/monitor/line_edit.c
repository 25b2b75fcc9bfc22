/* SPDX-License-Identifier: Apache-2.0 */
/* The line at the prompt (line_edit.h). */
#include "monitor/line_edit.h"

#include "lib/format.h"
#include "lib/string.h"

#define CTRL(letter) ((uint8_t)(letter)-64U)
#define ESC 0x1bU
#define DELETE 0x7fU
#define SCROLL 20U /* characters by which the window moves */
#define PARAMETER_MAX 1000U

enum escape { ESCAPE_NONE, ESCAPE_BEGUN, ESCAPE_CSI, ESCAPE_SS3 };

/* ---- the text ---- */

static void erase(struct line_edit *edit, unsigned from, unsigned to)
{
    memmove(edit->text + from, edit->text + to, edit->length - to + 1U);
    edit->length -= to - from;
    edit->cursor = from;
}

void line_edit_insert(struct line_edit *edit, const char *text, size_t size)
{
    size_t room = LINE_EDIT_MAX - edit->length;
    size_t count = size < room ? size : room;
    memmove(edit->text + edit->cursor + count, edit->text + edit->cursor, edit->length - edit->cursor + 1U);
    memcpy(edit->text + edit->cursor, text, count);
    edit->length += (unsigned)count;
    edit->cursor += (unsigned)count;
}

static void set_text(struct line_edit *edit, const char *text)
{
    edit->length = (unsigned)strnlen(text, LINE_EDIT_MAX);
    memmove(edit->text, text, edit->length);
    edit->text[edit->length] = '\0';
    edit->cursor = edit->length;
}

static unsigned word_start(const struct line_edit *edit)
{
    unsigned at = edit->cursor;
    while (at > 0U && edit->text[at - 1U] == ' ') {
        at--;
    }
    while (at > 0U && edit->text[at - 1U] != ' ') {
        at--;
    }
    return at;
}

/* ---- the history ---- */

static void show_line(struct line_edit *edit, unsigned line)
{
    unsigned oldest = edit->lines > LINE_EDIT_HISTORY ? edit->lines - LINE_EDIT_HISTORY : 0U;
    if (line < oldest || line > edit->lines) {
        return;
    }
    if (edit->shown_line == edit->lines) {
        memcpy(edit->written, edit->text, edit->length + 1U);
    }
    edit->shown_line = line;
    set_text(edit, line == edit->lines ? edit->written : edit->history[line % LINE_EDIT_HISTORY]);
}

void line_edit_next(struct line_edit *edit, bool keep)
{
    const char *last = edit->history[(edit->lines - 1U) % LINE_EDIT_HISTORY];
    if (keep && edit->length != 0U && (edit->lines == 0U || strcmp(last, edit->text) != 0)) {
        memcpy(edit->history[edit->lines++ % LINE_EDIT_HISTORY], edit->text, edit->length + 1U);
    }
    edit->shown_line = edit->lines;
    edit->first = 0;
    set_text(edit, "");
}

/* ---- keys ---- */

static enum line_edit_event move(struct line_edit *edit, unsigned to)
{
    edit->cursor = to < edit->length ? to : edit->length;
    return LINE_EDIT_CHANGED;
}

static enum line_edit_event back(struct line_edit *edit)
{
    return move(edit, edit->cursor > 0U ? edit->cursor - 1U : 0U);
}

static enum line_edit_event delete_here(struct line_edit *edit)
{
    if (edit->cursor < edit->length) {
        erase(edit, edit->cursor, edit->cursor + 1U);
    }
    return LINE_EDIT_CHANGED;
}

static enum line_edit_event older(struct line_edit *edit)
{
    show_line(edit, edit->shown_line - 1U);
    return LINE_EDIT_CHANGED;
}

static enum line_edit_event newer(struct line_edit *edit)
{
    show_line(edit, edit->shown_line + 1U);
    return LINE_EDIT_CHANGED;
}

static enum line_edit_event final_key(struct line_edit *edit, uint8_t byte)
{
    switch (byte) {
    case 'A':
        return older(edit);
    case 'B':
        return newer(edit);
    case 'C':
        return move(edit, edit->cursor + 1U);
    case 'D':
        return back(edit);
    case 'H':
        return move(edit, 0);
    case 'F':
        return move(edit, edit->length);
    default:
        return LINE_EDIT_NONE;
    }
}

/* CSI number ~ */
static enum line_edit_event numbered_key(struct line_edit *edit)
{
    switch (edit->parameter) {
    case 1:
    case 7:
        return move(edit, 0);
    case 4:
    case 8:
        return move(edit, edit->length);
    case 3:
        return delete_here(edit);
    default:
        return LINE_EDIT_NONE;
    }
}

static enum line_edit_event csi_byte(struct line_edit *edit, uint8_t byte)
{
    if (byte >= (uint8_t)'0' && byte <= (uint8_t)'9') {
        edit->parameter = edit->parameter < PARAMETER_MAX ? edit->parameter * 10U + byte - '0' : PARAMETER_MAX;
        return LINE_EDIT_NONE;
    }
    if (byte >= 0x20U && byte < 0x40U) { /* other parameters and intermediate bytes */
        return LINE_EDIT_NONE;
    }
    edit->escape = ESCAPE_NONE;
    return byte == (uint8_t)'~' ? numbered_key(edit) : final_key(edit, byte);
}

/* True: the byte was part of a sequence. A control character ends one and counts for itself. */
static bool escape_byte(struct line_edit *edit, uint8_t byte, enum line_edit_event *event)
{
    *event = LINE_EDIT_NONE;
    if (byte == ESC) {
        edit->escape = ESCAPE_BEGUN;
        return true;
    }
    if (edit->escape == ESCAPE_NONE || byte < 0x20U) {
        edit->escape = ESCAPE_NONE;
        return false;
    }
    if (edit->escape == ESCAPE_CSI) {
        *event = csi_byte(edit, byte);
        return true;
    }
    if (edit->escape == ESCAPE_SS3) {
        edit->escape = ESCAPE_NONE;
        *event = final_key(edit, byte);
        return true;
    }
    edit->parameter = 0;
    edit->escape = byte == (uint8_t)'[' ? ESCAPE_CSI : byte == (uint8_t)'O' ? ESCAPE_SS3 : ESCAPE_NONE;
    return true;
}

static enum line_edit_event erase_key(struct line_edit *edit, uint8_t byte)
{
    switch (byte) {
    case CTRL('D'):
        return delete_here(edit);
    case CTRL('H'):
    case DELETE:
        if (edit->cursor > 0U) {
            erase(edit, edit->cursor - 1U, edit->cursor);
        }
        return LINE_EDIT_CHANGED;
    case CTRL('K'):
        erase(edit, edit->cursor, edit->length);
        return LINE_EDIT_CHANGED;
    case CTRL('U'):
        erase(edit, 0, edit->cursor);
        return LINE_EDIT_CHANGED;
    case CTRL('W'):
        erase(edit, word_start(edit), edit->cursor);
        return LINE_EDIT_CHANGED;
    default:
        return LINE_EDIT_NONE;
    }
}

static enum line_edit_event control_key(struct line_edit *edit, uint8_t byte)
{
    switch (byte) {
    case CTRL('A'):
        return move(edit, 0);
    case CTRL('B'):
        return back(edit);
    case CTRL('C'):
        return LINE_EDIT_CANCEL;
    case CTRL('E'):
        return move(edit, edit->length);
    case CTRL('F'):
        return move(edit, edit->cursor + 1U);
    case CTRL('I'):
        return LINE_EDIT_COMPLETE;
    case CTRL('J'):
    case CTRL('M'):
        return LINE_EDIT_DONE;
    case CTRL('L'):
        return LINE_EDIT_CLEAR;
    case CTRL('N'):
        return newer(edit);
    case CTRL('P'):
        return older(edit);
    default:
        return erase_key(edit, byte);
    }
}

enum line_edit_event line_edit_key(struct line_edit *edit, uint8_t byte)
{
    enum line_edit_event event;
    bool second = edit->after_return && byte == CTRL('J');
    edit->after_return = byte == CTRL('M');
    if (second || escape_byte(edit, byte, &event)) {
        return second ? LINE_EDIT_NONE : event;
    }
    if (byte >= 0x20U && byte < DELETE) {
        char character = (char)byte;
        line_edit_insert(edit, &character, 1);
        return LINE_EDIT_CHANGED;
    }
    return control_key(edit, byte);
}

/* ---- the window ---- */

static void scroll(struct line_edit *edit, unsigned columns)
{
    if (edit->cursor < edit->first) {
        edit->first = edit->cursor > SCROLL ? edit->cursor - SCROLL : 0U;
    } else if (edit->cursor - edit->first >= columns) {
        edit->first = edit->cursor - columns + SCROLL;
    }
}

size_t line_edit_render(struct line_edit *edit, const char *prompt, char *to, size_t size)
{
    unsigned columns = LINE_EDIT_COLUMNS - (unsigned)strlen(prompt);
    scroll(edit, columns);
    unsigned end = edit->length - edit->first < columns ? edit->length : edit->first + columns;
    size_t at = format_text(to, size, "%s%.*s", prompt, (int)(end - edit->first), edit->text + edit->first);
    if (end > edit->cursor) {
        at += format_text(to + at, size - at, "\x1b[%uD", end - edit->cursor);
    }
    return at;
}
