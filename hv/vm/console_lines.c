/* SPDX-License-Identifier: Apache-2.0 */
/* The view of all VMs, line by line (console_lines.h). */
#include "vm/console_lines.h"

#include "lib/format.h"

#define ESC 0x1bU
#define CHUNK 256U

enum escape { ESCAPE_NONE, ESCAPE_BEGUN, ESCAPE_CSI, ESCAPE_STRING };

static bool finished_line(const struct console_ring *ring)
{
    return __atomic_load_n(&ring->finished, __ATOMIC_RELAXED) > ring->shown;
}

static bool line_due(const struct console_ring *ring)
{
    return finished_line(ring) || console_ring_waiting(ring) > CONSOLE_KEPT ||
           (ring->age >= CONSOLE_LINES_AGE && console_ring_waiting(ring) != 0U);
}

void console_lines_tick(struct console_lines *lines)
{
    for (unsigned i = 0; i < lines->count; i++) {
        struct console_ring *ring = &lines->rings[i];
        bool unfinished = !finished_line(ring) && console_ring_waiting(ring) != 0U;
        if (!unfinished) {
            ring->age = 0;
        } else if (ring->age < CONSOLE_LINES_AGE) {
            ring->age++;
        }
    }
}

/* In turn, so that one that floods leaves room for the others. */
static bool find_due(const struct console_lines *lines, unsigned *found)
{
    unsigned current = lines->current; /* *found may be the same */
    for (unsigned i = 1; i <= lines->count; i++) {
        *found = (current + i) % lines->count;
        if (line_due(&lines->rings[*found])) {
            return true;
        }
    }
    return false;
}

bool console_lines_ready(const struct console_lines *lines)
{
    unsigned found;
    return lines->open || find_due(lines, &found);
}

/* ECMA-48, 5.3 and 5.4: ESC, or CSI with its parameters up to a final byte, or a string up to BEL or ESC. */
static bool in_escape(struct console_ring *ring, uint8_t byte)
{
    switch (ring->escape) {
    case ESCAPE_BEGUN:
        ring->escape = byte == (uint8_t)'['                           ? ESCAPE_CSI
                       : byte == (uint8_t)']' || byte == (uint8_t)'P' ? ESCAPE_STRING
                                                                      : ESCAPE_NONE;
        return true;
    case ESCAPE_CSI:
        ring->escape = byte >= 0x40U && byte <= 0x7eU ? ESCAPE_NONE : ESCAPE_CSI;
        return true;
    case ESCAPE_STRING:
        ring->escape = byte == 0x07U ? ESCAPE_NONE : byte == ESC ? ESCAPE_BEGUN : ESCAPE_STRING;
        return true;
    default:
        ring->escape = byte == ESC ? ESCAPE_BEGUN : ESCAPE_NONE;
        return byte == ESC;
    }
}

static bool visible(struct console_ring *ring, uint8_t byte)
{
    return !in_escape(ring, byte) && (byte == (uint8_t)'\t' || (byte >= 0x20U && byte != 0x7fU));
}

static size_t prefix(struct console_lines *lines, char *to, size_t size)
{
    if (lines->prefixed) {
        return 0;
    }
    lines->prefixed = true;
    return format_text(to, size, "[%s] ", lines->name(lines->current));
}

/* text: CR LF, or what marks an unfinished line before it. */
static size_t close_line(struct console_lines *lines, char *to, size_t size, const char *text)
{
    lines->open = false;
    return format_text(to, size, "%s", text);
}

/* What was overwritten before it could be shown is counted. */
static size_t begin(struct console_lines *lines, char *to, size_t size)
{
    unsigned due;
    if (!find_due(lines, &due)) {
        return 0;
    }
    lines->current = due;
    struct console_ring *ring = &lines->rings[lines->current];
    uint64_t lost = console_ring_catch_up(ring);
    lines->open = true;
    lines->prefixed = false;
    lines->limit = finished_line(ring) ? ring->finished : ring->shown + console_ring_waiting(ring);
    if (lost == 0U) {
        return 0;
    }
    lines->open = false;
    ring->part = false;
    return format_text(to, size, "[%s] (%llu bytes left out)\r\n", lines->name(lines->current),
                       (unsigned long long)lost);
}

/* A name has at most 63 characters: with them, a chunk fits into what is left. */
static size_t body(struct console_lines *lines, char *to, size_t size)
{
    struct console_ring *ring = &lines->rings[lines->current];
    uint8_t bytes[CHUNK];
    size_t at = 0;
    uint64_t left = lines->limit > ring->shown ? lines->limit - ring->shown : 0U;
    size_t room = size - 72U < CHUNK ? size - 72U : CHUNK;
    size_t count = console_ring_peek(ring, bytes, left < room ? (size_t)left : room);
    if (count == 0U && left != 0U) {
        return lines->prefixed ? close_line(lines, to, size, "\\\r\n") : close_line(lines, to, size, "");
    }
    for (size_t i = 0; i < count; i++) {
        ring->shown++;
        if (bytes[i] == (uint8_t)'\n') {
            bool rest_of_part = ring->part && !lines->prefixed;
            ring->part = false;
            ring->age = 0;
            ring->escape = ESCAPE_NONE;
            if (!rest_of_part) {
                at += prefix(lines, to + at, size - at);
            }
            return at + close_line(lines, to + at, size - at, rest_of_part ? "" : "\r\n");
        }
        if (visible(ring, bytes[i])) {
            at += prefix(lines, to + at, size - at);
            to[at++] = (char)bytes[i];
        }
    }
    if (ring->shown >= lines->limit) {
        ring->age = 0;
        ring->part = ring->part || lines->prefixed;
        at += close_line(lines, to + at, size - at, lines->prefixed ? "\\\r\n" : "");
    }
    return at;
}

size_t console_lines_next(struct console_lines *lines, char *to, size_t size)
{
    return lines->open ? body(lines, to, size) : begin(lines, to, size);
}
