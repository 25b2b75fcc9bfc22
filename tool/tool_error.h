/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What `ashlar` says on standard error: its own errors, and the faults of a configuration file with line and column.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Exit statuses of the command (platform-and-command: "The host command"). */
enum tool_status {
    STATUS_GOOD = 0,
    STATUS_REFUSED = 1, /* the configuration was refused, or Ashlar panicked */
    STATUS_USAGE = 2,
    STATUS_FAILED = 3, /* QEMU or the image could not be started or made */
    STATUS_TIMEOUT = 124,
    STATUS_SIGNAL = 128, /* + the signal's number */
};

struct fault {
    int line;   /* from 1 */
    int column; /* from 1 */
    size_t order;
    char *text;
};

/* Faults of one file, printed sorted by place. */
struct faults {
    const char *file;
    struct fault *list;
    size_t count;
};

/* Adds one; the text follows "FILE:LINE:COL: error: ". */
void fault_add(struct faults *faults, int line, int column, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* Prints all to standard error, each on its own line, and forgets them. */
void faults_print(struct faults *faults);

/* "ashlar: error: ..." and "ashlar: warning: ..." on standard error. */
void error_print(const char *format, ...) __attribute__((format(printf, 1, 2)));
void warning_print(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* malloc that ends the command with a message instead of returning NULL. Zeroed. */
void *memory_get(size_t size);
char *text_format(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Copies text for a message: control characters as \xNN, more than 64 characters cut with "...". To be freed. */
char *text_show(const char *text, size_t length);

/* The word of the NULL-terminated list that is nearest to text by edit distance, or NULL when none is near. */
const char *text_nearest(const char *text, const char *const *words);
