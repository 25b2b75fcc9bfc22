/* SPDX-License-Identifier: Apache-2.0 */
/* A VM's share of the log. Owns struct vm_log, under its lock (LOCK_RANK_VM_LOG). */
#include "vm/vm_log.h"

#include "lib/bits.h"

/* Count at which there is room for one more line. Locked. */
static uint64_t room_at(const struct vm_log *log)
{
    uint64_t oldest = log->at[log->next];
    return oldest == 0U ? 0U : oldest + timer_frequency();
}

/* Locked. Returns the line's place. */
static unsigned take_room(struct vm_log *log, uint64_t now)
{
    unsigned place = log->next;
    log->at[place] = now;
    log->next = (place + 1U) % VM_LOG_LINES;
    return place;
}

/* The log stamps a line when it prints it: its second begins then at the latest. */
static void printed(struct vm_log *log, unsigned place)
{
    spinlock_lock(&log->lock);
    log->at[place] = timer_count();
    spinlock_unlock(&log->lock);
}

/* The oldest line is a second old. */
static void summary(struct timer *timer)
{
    struct vm_log *log = CONTAINER_OF(timer, struct vm_log, summary);

    spinlock_lock(&log->lock);
    uint32_t left_out = log->left_out;
    log->left_out = 0;
    unsigned place = take_room(log, timer_count());
    spinlock_unlock(&log->lock);
    log_print(LOG_WARNING, log->name, "%u lines left out", left_out);
    printed(log, place);
}

void vm_log_init(struct vm_log *log, const char *name)
{
    *log = (struct vm_log){.name = name, .summary = {.fire = summary}};
    spinlock_init(&log->lock, LOCK_RANK_VM_LOG);
}

void vm_log_print(struct vm_log *log, enum log_level level, const char *format, ...)
{
    va_list arguments;
    uint64_t now = timer_count();

    spinlock_lock(&log->lock);
    uint64_t due = room_at(log);
    bool print = log->left_out == 0U && now >= due;
    unsigned place = 0;
    if (print) {
        place = take_room(log, now);
    } else {
        log->left_out += log->left_out != UINT32_MAX ? 1U : 0U;
    }
    /* Whoever counts the first arms: the timer is not in use then, as its last firing has set the count to 0 under the lock. */
    bool first = !print && log->left_out == 1U;
    spinlock_unlock(&log->lock);
    if (first) {
        timer_arm(&log->summary, due);
    }
    if (print) {
        va_start(arguments, format);
        log_vprint(level, log->name, format, arguments);
        va_end(arguments);
        printed(log, place);
    }
}
