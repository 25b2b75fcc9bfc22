/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Timers of EL2 on CNTHP (DDI 0487, D12). Owns each CPU's queue (prda->timers, under that CPU's lock) and the wall clock's anchor.
 */
#include "cpu/timer.h"

#include "arch/barrier.h"
#include "arch/cpu_wait.h"
#include "arch/spinlock.h"
#include "arch/sysreg.h"
#include "cpu/irq.h"
#include "cpu/prda.h"
#include "cpu/timer_hw.h"
#include "lib/bits.h"
#include "lib/panic.h"

#define CNTHP_CTL_ENABLE 1U
#define NS_PER_S 1000000000ULL

static struct spinlock locks[PLATFORM_MAX_CPUS];
static uint64_t frequency;
static uint64_t start_count;
static int64_t clock_seconds;
static uint32_t clock_nanoseconds;
static uint64_t clock_count;
static bool clock_known;

uint64_t timer_count(void)
{
    /* The counter may be read early otherwise (DDI 0487, D12.2.1). */
    barrier_isb();
    return sysreg_read(CNTPCT_EL0);
}

uint64_t timer_frequency(void)
{
    return frequency;
}

uint64_t timer_from_ns(uint64_t ns)
{
    /* Whole seconds apart: no product passes 64 bits while the frequency is below 2^34. */
    return ns / NS_PER_S * frequency + ns % NS_PER_S * frequency / NS_PER_S;
}

uint64_t timer_to_ns(uint64_t count)
{
    uint64_t seconds;
    uint64_t rest = count % frequency * NS_PER_S / frequency;
    if (__builtin_mul_overflow(count / frequency, NS_PER_S, &seconds) || seconds > ~0ULL - rest) {
        return ~0ULL;
    }
    return seconds + rest;
}

uint64_t timer_micros(void)
{
    return frequency == 0U ? 0U : timer_to_ns(timer_count() - start_count) / 1000U;
}

static void program(const struct prda *prda)
{
    if (prda->timers == NULL) {
        sysreg_write(CNTHP_CTL_EL2, 0U);
    } else {
        sysreg_write(CNTHP_CVAL_EL2, prda->timers->deadline);
        sysreg_write(CNTHP_CTL_EL2, CNTHP_CTL_ENABLE);
    }
    barrier_isb();
}

static void unlink(struct prda *prda, struct timer *timer)
{
    for (struct timer **at = &prda->timers; *at != NULL; at = &(*at)->next) {
        if (*at == timer) {
            *at = timer->next;
            return;
        }
    }
}

static void insert(struct prda *prda, struct timer *timer)
{
    struct timer **at = &prda->timers;
    while (*at != NULL && (*at)->deadline <= timer->deadline) {
        at = &(*at)->next;
    }
    timer->next = *at;
    *at = timer;
}

/* The queue that a timer is in, locked; NULL: it is in none. A timer may move while its queue's lock is waited for. */
static struct prda *lock_queue_of(const struct timer *timer)
{
    for (;;) {
        if (!__atomic_load_n(&timer->armed, __ATOMIC_ACQUIRE)) {
            return NULL;
        }
        uint32_t cpu = __atomic_load_n(&timer->cpu, __ATOMIC_RELAXED);
        spinlock_lock(&locks[cpu]);
        if (timer->armed && timer->cpu == cpu) {
            return prda_of(cpu);
        }
        spinlock_unlock(&locks[cpu]);
    }
}

void timer_cancel(struct timer *timer)
{
    struct prda *prda = lock_queue_of(timer);
    if (prda == NULL) {
        return;
    }
    unlink(prda, timer);
    __atomic_store_n(&timer->armed, false, __ATOMIC_RELEASE);
    /* Another CPU's hardware stays as it is: it fires for nothing once. */
    if (prda->cpu == PRDA->cpu) {
        program(prda);
    }
    spinlock_unlock(&locks[prda->cpu]);
}

static bool fires_somewhere(const struct timer *timer)
{
    for (unsigned cpu = 0; cpu < prda_count(); cpu++) {
        if (__atomic_load_n(&prda_of(cpu)->firing, __ATOMIC_ACQUIRE) == timer) {
            return true;
        }
    }
    return false;
}

void timer_cancel_wait(struct timer *timer)
{
    /* fire may arm its timer again. Taken from the queue and named as firing under one lock: it is seen in one of the two. */
    do {
        while (fires_somewhere(timer)) {
            cpu_wait_yield();
        }
        timer_cancel(timer);
    } while (fires_somewhere(timer) || __atomic_load_n(&timer->armed, __ATOMIC_ACQUIRE));
}

void timer_arm(struct timer *timer, uint64_t deadline)
{
    struct prda *prda = PRDA;
    if (__atomic_load_n(&timer->armed, __ATOMIC_ACQUIRE) &&
        __atomic_load_n(&timer->cpu, __ATOMIC_RELAXED) != prda->cpu) {
        timer_cancel(timer);
    }
    spinlock_lock(&locks[prda->cpu]);
    bool first = prda->timers == timer;
    if (timer->armed) {
        unlink(prda, timer); /* callers arm one timer from one CPU at a time: it is in this queue */
    }
    timer->deadline = deadline;
    __atomic_store_n(&timer->cpu, prda->cpu, __ATOMIC_RELAXED);
    insert(prda, timer);
    __atomic_store_n(&timer->armed, true, __ATOMIC_RELEASE);
    if (first || prda->timers == timer) {
        program(prda);
    }
    spinlock_unlock(&locks[prda->cpu]);
}

static struct timer *take_due(struct prda *prda, uint64_t now)
{
    struct timer *timer = prda->timers;
    if (timer == NULL || timer->deadline > now) {
        return NULL;
    }
    prda->timers = timer->next;
    __atomic_store_n(&prda->firing, timer, __ATOMIC_RELAXED);
    __atomic_store_n(&timer->armed, false, __ATOMIC_RELEASE);
    return timer;
}

static enum irq_done timer_interrupt(uint32_t intid, void *argument)
{
    (void)intid;
    (void)argument;
    struct prda *prda = PRDA;
    for (;;) {
        spinlock_lock(&locks[prda->cpu]);
        struct timer *timer = take_due(prda, timer_count());
        if (timer == NULL) {
            program(prda);
        }
        spinlock_unlock(&locks[prda->cpu]);
        if (timer == NULL) {
            return IRQ_DEACTIVATE;
        }
        timer->fire(timer);
        __atomic_store_n(&prda->firing, NULL, __ATOMIC_RELEASE);
    }
}

enum status timer_init(const struct platform *platform, const struct handoff *handoff)
{
    frequency = sysreg_read(CNTFRQ_EL0) & 0xffffffffU;
    if (frequency < 1000000U) {
        return STATUS_UNSUPPORTED;
    }
    for (unsigned i = 0; i < PLATFORM_MAX_CPUS; i++) {
        spinlock_init(&locks[i], LOCK_RANK_TIMER);
    }
    start_count = handoff->jump_counter;
    clock_known = handoff->time_seconds != 0;
    clock_seconds = handoff->time_seconds;
    clock_nanoseconds = handoff->time_nanoseconds % (uint32_t)NS_PER_S;
    clock_count = handoff->time_counter;
    return irq_register(platform->timer_hyp_intid, timer_interrupt, NULL);
}

void timer_cpu_init(const struct platform *platform)
{
    sysreg_write(CNTHP_CTL_EL2, 0U);
    sysreg_write(CNTV_CTL_EL0, 0U);
    sysreg_write(CNTP_CTL_EL0, 0U);
    sysreg_write(CNTVOFF_EL2, 0U);
    /*
     * Guests read the physical counter directly (EL1PCTEN, bit 0), their physical timer traps (EL1PCEN, bit 1, clear); no event stream (D19.12
     * CNTHCTL_EL2 with E2H = 0).
     */
    sysreg_write(CNTHCTL_EL2, 1U);
    barrier_isb();
    irq_enable(platform->timer_hyp_intid, false);
}

bool timer_wall_clock(int64_t *seconds, uint32_t *nanoseconds)
{
    uint64_t since = timer_count() - clock_count;
    uint64_t ns = timer_to_ns(since % frequency) + clock_nanoseconds;
    *seconds = clock_seconds + (int64_t)(since / frequency) + (int64_t)(ns / NS_PER_S);
    *nanoseconds = (uint32_t)(ns % NS_PER_S);
    return clock_known;
}
