/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The log. Owns the ring of the last 64 KiB of lines, each after a byte with its level; until somebody reads it (notify) a sink gets each
 * line as it is made. Time and CPU number come through hooks, so that lib/ includes nothing of cpu/.
 */
#include "lib/log.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arch/spinlock.h"
#include "lib/format.h"
#include "lib/log_hooks.h"

#define LINE_MAX (LOG_LINE_MAX - 2U)
#define RING_BYTES 65536U

static struct spinlock lock = SPINLOCK_INIT(LOCK_RANK_LOG);
static char ring[RING_BYTES];
static uint64_t ring_written;
static uint64_t ring_taken; /* where whoever is notified has got to */
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

static void keep(char character)
{
    ring[ring_written++ % RING_BYTES] = character;
}

/* A line is one line, whatever it quotes. */
static void clean(char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if ((unsigned char)text[i] < 0x20U || text[i] == 0x7f) {
            text[i] = '?';
        }
    }
}

void log_vprint(enum log_level level, const char *part, const char *format, va_list arguments)
{
    char line[LOG_LINE_MAX];
    spinlock_lock(&lock);
    uint64_t micros = hooks.micros != NULL ? hooks.micros() : 0;
    unsigned cpu = hooks.cpu != NULL ? hooks.cpu() : 0;
    size_t at =
        append(0, format_text(line, LINE_MAX, "[%5llu.%06llu] cpu%u %s: %s", (unsigned long long)(micros / 1000000U),
                              (unsigned long long)(micros % 1000000U), cpu, part, level_words[level]));
    at = append(at, format_vtext(line + at, LINE_MAX - at, format, arguments));
    clean(line, at);
    line[at++] = '\r';
    line[at++] = '\n';
    keep((char)level);
    for (size_t i = 0; i < at; i++) {
        keep(line[i]);
    }
    if (hooks.sink != NULL) {
        hooks.sink(line, at);
    }
    void (*notify)(void) = hooks.notify;
    spinlock_unlock(&lock);
    if (notify != NULL) {
        notify();
    }
}

void log_print(enum log_level level, const char *part, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    log_vprint(level, part, format, arguments);
    va_end(arguments);
}

uint64_t log_position(void)
{
    spinlock_lock(&lock);
    uint64_t position = ring_written;
    spinlock_unlock(&lock);
    return position;
}

/* Of the oldest line that is whole. The level's byte is no line feed, nor is any byte of a line but its last. */
static uint64_t oldest(void)
{
    if (ring_written <= RING_BYTES) {
        return 0;
    }
    uint64_t at = ring_written - RING_BYTES;
    while (ring[at % RING_BYTES] != '\n') {
        at++;
    }
    return at + 1U;
}

bool log_read(uint64_t *position, struct log_line *line)
{
    spinlock_lock(&lock);
    uint64_t at = ring_written - *position > RING_BYTES ? oldest() : *position;
    bool some = at != ring_written;
    line->size = 0;
    if (some) {
        line->level = (enum log_level)ring[at++ % RING_BYTES];
        do {
            line->text[line->size] = ring[at++ % RING_BYTES];
        } while (line->text[line->size++] != '\n' && line->size < LOG_LINE_MAX);
    }
    *position = at;
    spinlock_unlock(&lock);
    return some;
}

void log_take_over(void (*notify)(void))
{
    spinlock_lock(&lock);
    hooks.sink = NULL;
    hooks.notify = notify;
    spinlock_unlock(&lock);
}

void log_note_taken(uint64_t position)
{
    __atomic_store_n(&ring_taken, position, __ATOMIC_RELAXED);
}

void log_dump_rest(void (*write)(const char *text, size_t size))
{
    uint64_t end = ring_written;
    uint64_t at = __atomic_load_n(&ring_taken, __ATOMIC_RELAXED);
    at = hooks.notify == NULL ? end : end - at > RING_BYTES ? oldest() : at;
    while (at < end) {
        char text[LOG_LINE_MAX];
        size_t size = 0;
        at++; /* the level */
        do {
            text[size] = ring[at++ % RING_BYTES];
        } while (text[size++] != '\n' && size < sizeof(text) && at < end);
        write(text, size);
    }
}
