/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hypervisor's log: lines `[seconds.micros] cpuN vm/part: text` in a ring, then on the console.
 * An error is never for what a guest can cause (docs: platform-and-command, "The console").
 * Any context; takes the log's lock, the last rank of all.
 */
#pragma once

#include <stdarg.h>
#include <stdbool.h>

enum log_level { LOG_ERROR, LOG_WARNING, LOG_INFO, LOG_DEBUG };

/* part: "gic", "debian/psci", ... without the colon; format without a newline. A line is cut at 240 characters. */
void log_print(enum log_level level, const char *part, const char *format, ...) __attribute__((format(printf, 3, 4)));
void log_vprint(enum log_level level, const char *part, const char *format, va_list arguments)
    __attribute__((format(printf, 3, 0)));

#define log_error(part, ...) log_print(LOG_ERROR, part, __VA_ARGS__)
#define log_warning(part, ...) log_print(LOG_WARNING, part, __VA_ARGS__)
#define log_info(part, ...) log_print(LOG_INFO, part, __VA_ARGS__)
#define log_debug(part, ...) log_print(LOG_DEBUG, part, __VA_ARGS__)
