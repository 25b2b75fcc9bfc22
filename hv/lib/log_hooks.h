/* SPDX-License-Identifier: Apache-2.0 */
/* What the log asks of the folders to its right: set once, when they are ready. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/log.h"

struct log_hooks {
    void (*sink)(const char *line, size_t size); /* one whole line with CR LF; called under LOCK_RANK_LOG */
    void (*notify)(void);     /* a line is there to be read (log_read); under whatever log_print's caller holds */
    uint64_t (*micros)(void); /* since the start */
    unsigned (*cpu)(void);
};

void log_set_hooks(const struct log_hooks *hooks);
/* The sink gets no more lines; notify is called instead. */
void log_take_over(void (*notify)(void));

#define LOG_LINE_MAX 242U /* with CR LF */

struct log_line {
    size_t size;
    enum log_level level;
    char text[LOG_LINE_MAX];
};

/*
 * The log is kept in a ring of 64 KiB. Position: 0 is the first line ever; lines that are gone are passed over. False: no line at or after
 * *position; else *position becomes that of the line after it. Takes LOCK_RANK_LOG.
 */
bool log_read(uint64_t *position, struct log_line *line);
/* Whoever is notified has passed on what is before position. */
void log_note_taken(uint64_t position);
/* From a panic, no lock: the lines that were not passed on yet. */
void log_dump_rest(void (*write)(const char *text, size_t size));
/* Behind the newest line. The same lock. */
uint64_t log_position(void);
