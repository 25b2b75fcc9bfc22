/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The log. Owns the ring of the last 64 KiB of lines; a sink (the console) gets each line as it is made.
 * Time and CPU number come through hooks, so that lib/ includes nothing of cpu/.
 */
#include "lib/log.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arch/spinlock.h"
#include "lib/format.h"
#include "lib/log_hooks.h"

#define LINE_MAX 240U
#define RING_BYTES 65536U

static struct spinlock lock = SPINLOCK_INIT(LOCK_RANK_LOG);
static char ring[RING_BYTES];
static uint64_t ring_written;
static struct log_hooks hooks;

void log_set_hooks(const struct log_hooks *new_hooks)
{
    spinlock_lock(&lock);
    hooks = *new_hooks;
    spinlock_unlock(&lock);
}

static size_t append(size_t at, size_t length)
{
    return at + length < LINE_MAX ? at + length : LINE_MAX - 1U;
}

static const char *const level_words[] = {"error: ", "warning: ", "", "debug: "};

void log_vprint(enum log_level level, const char *part, const char *format, va_list arguments)
{
    char line[LINE_MAX + 2U];
    spinlock_lock(&lock);
    uint64_t micros = hooks.micros != NULL ? hooks.micros() : 0;
    unsigned cpu = hooks.cpu != NULL ? hooks.cpu() : 0;
    size_t at =
        append(0, format_text(line, LINE_MAX, "[%5llu.%06llu] cpu%u %s: %s", (unsigned long long)(micros / 1000000U),
                              (unsigned long long)(micros % 1000000U), cpu, part, level_words[level]));
    at = append(at, format_vtext(line + at, LINE_MAX - at, format, arguments));
    line[at++] = '\r';
    line[at++] = '\n';
    for (size_t i = 0; i < at; i++) {
        ring[(ring_written + i) % RING_BYTES] = line[i];
    }
    ring_written += at;
    if (hooks.sink != NULL) {
        hooks.sink(line, at);
    }
    spinlock_unlock(&lock);
}

void log_print(enum log_level level, const char *part, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    log_vprint(level, part, format, arguments);
    va_end(arguments);
}
