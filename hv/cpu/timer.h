/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Time and one-shot timers of EL2 (CNTPCT_EL0, CNTHP). Each CPU has a queue; a timer fires on the CPU that armed it, in interrupt context
 * with no lock held.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct timer {
    struct timer *next;
    uint64_t deadline; /* count of CNTPCT_EL0 */
    void (*fire)(struct timer *timer);
    uint32_t cpu;
    bool armed;
};

uint64_t timer_count(void);     /* CNTPCT_EL0, after an ISB */
uint64_t timer_frequency(void); /* Hz */
uint64_t timer_from_ns(uint64_t ns);
uint64_t timer_to_ns(uint64_t count); /* from 0, saturating */

/* Arms on this CPU for an absolute count; an armed one is moved. One CPU at a time: the owner of the timer sees to that. */
void timer_arm(struct timer *timer, uint64_t deadline);
/*
 * Any CPU. fire does not run for this deadline any more, unless another CPU has begun to fire it: fire then takes the caller's lock and looks at its
 * condition. Not at once with a timer_arm of the same timer on another CPU.
 */
void timer_cancel(struct timer *timer);
/* The same, and fire runs nowhere when it returns: before the timer's memory goes. Not from fire, no lock held that fire takes. */
void timer_cancel_wait(struct timer *timer);

/* Unix time, seconds and nanoseconds; false when the firmware did not know it (then it is the time since start). */
bool timer_wall_clock(int64_t *seconds, uint32_t *nanoseconds);
