/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All VMs in view: what their UARTs sent, as lines of text with "[name] " before each. Control characters and escape sequences are left out. Pure
 * but for the rings; called by vm/console_output.c under its lock.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vm/console_ring.h"

/* An unfinished line is shown when it has waited for this many ticks. */
#define CONSOLE_LINES_TICK_NS 250000000ULL
#define CONSOLE_LINES_AGE 4U

struct console_lines {
    unsigned count; /* VMs */
    struct console_ring *rings;
    const char *(*name)(unsigned index);
    unsigned current; /* whose line is open, or came last */
    bool open;
    bool prefixed;  /* "[name] " of the open line stands there */
    uint64_t limit; /* the open line goes no further */
};

/* A tick has passed: unfinished lines age. */
void console_lines_tick(struct console_lines *lines);
/* A line is open, or can be begun. */
bool console_lines_ready(const struct console_lines *lines);
/* The next piece of at most size bytes (80 at least), to be called while ready; 0: what was there is not visible. A line ends in CR LF. */
size_t console_lines_next(struct console_lines *lines, char *to, size_t size);
