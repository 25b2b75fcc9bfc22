/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The generic timer (DDI 0487, D11): virtual and physical timer of each CPU, deadlines, masks, WFI. A deadline may be met late on a
 * loaded host, never early. Wants 2 CPUs.
 */
#include "guest.h"

#define CTL_ENABLE 1UL
#define CTL_IMASK 2UL
#define CTL_ISTATUS 4UL
#define SPURIOUS 1023U
#define TICKS 50U

/* One of the two timers. */
struct timer {
    const char *name;
    uint32_t intid;
    uint64_t (*now)(void);
    uint64_t (*ctl)(void);
    void (*set_ctl)(uint64_t value);
    uint64_t (*cval)(void);
    void (*set_cval)(uint64_t value);
    int32_t (*tval)(void);
    void (*set_tval)(int32_t value);
};

#define TIMER_FUNCTIONS(prefix, letter, count)                                                                         \
    static uint64_t prefix##_now(void)                                                                                 \
    {                                                                                                                  \
        barrier_isb();                                                                                                 \
        return SYSREG_READ(count);                                                                                     \
    }                                                                                                                  \
    static uint64_t prefix##_ctl(void)                                                                                 \
    {                                                                                                                  \
        barrier_isb();                                                                                                 \
        return SYSREG_READ("CNT" letter "_CTL_EL0");                                                                   \
    }                                                                                                                  \
    static void prefix##_set_ctl(uint64_t value)                                                                       \
    {                                                                                                                  \
        SYSREG_WRITE("CNT" letter "_CTL_EL0", value);                                                                  \
        barrier_isb();                                                                                                 \
    }                                                                                                                  \
    static uint64_t prefix##_cval(void)                                                                                \
    {                                                                                                                  \
        return SYSREG_READ("CNT" letter "_CVAL_EL0");                                                                  \
    }                                                                                                                  \
    static void prefix##_set_cval(uint64_t value)                                                                      \
    {                                                                                                                  \
        SYSREG_WRITE("CNT" letter "_CVAL_EL0", value);                                                                 \
        barrier_isb();                                                                                                 \
    }                                                                                                                  \
    static int32_t prefix##_tval(void)                                                                                 \
    {                                                                                                                  \
        return (int32_t)SYSREG_READ("CNT" letter "_TVAL_EL0");                                                         \
    }                                                                                                                  \
    static void prefix##_set_tval(int32_t value)                                                                       \
    {                                                                                                                  \
        SYSREG_WRITE("CNT" letter "_TVAL_EL0", (uint64_t)(int64_t)value);                                              \
        barrier_isb();                                                                                                 \
    }

TIMER_FUNCTIONS(virtual, "V", "CNTVCT_EL0")
TIMER_FUNCTIONS(physical, "P", "CNTPCT_EL0")

static const struct timer timers[] = {
    {"virtual", TIMER_VIRTUAL_INTID, virtual_now, virtual_ctl, virtual_set_ctl, virtual_cval, virtual_set_cval,
     virtual_tval, virtual_set_tval},
    {"physical", TIMER_PHYSICAL_INTID, physical_now, physical_ctl, physical_set_ctl, physical_cval, physical_set_cval,
     physical_tval, physical_set_tval},
};

static bool pending_irq(void)
{
    return (SYSREG_READ("ISR_EL1") & 0x80U) != 0U;
}

static void check_registers(const struct timer *timer)
{
    timer->set_ctl(0);
    is(timer->ctl(), 0, "%s timer: CTL is 0 when off", timer->name);
    timer->set_cval(0x123456789ABCDEF0UL);
    is(timer->cval(), 0x123456789ABCDEF0UL, "%s timer: CVAL keeps 64 bits", timer->name);
    timer->set_tval(0x10000000);
    int64_t left = (int64_t)(timer->cval() - timer->now());
    ok(left > 0 && left <= 0x10000000, "%s timer: TVAL sets CVAL from now", timer->name);
    int32_t tval = timer->tval();
    ok(tval > 0 && tval <= 0x10000000, "%s timer: TVAL counts down", timer->name);
    timer->set_tval(-1000);
    ok(timer->cval() < timer->now() && timer->tval() <= -1000, "%s timer: TVAL is signed", timer->name);
    timer->set_ctl(CTL_ENABLE | CTL_IMASK);
    is(timer->ctl(), CTL_ENABLE | CTL_IMASK | CTL_ISTATUS,
       "%s timer: a deadline that has passed sets ISTATUS, masked or not", timer->name);
    timer->set_cval(~0UL >> 1);
    is(timer->ctl(), CTL_ENABLE | CTL_IMASK, "%s timer: a deadline in the far future clears it", timer->name);
    timer->set_ctl(0);
}

/*
 * After the line fell. In hardware the interrupt goes; one that a hypervisor had already handed to a list register may come once
 * more (IHI 0069 knows it as spurious), but never twice.
 */
static bool gone_or_once(const struct timer *timer)
{
    (void)psci(PSCI_VERSION, 0, 0, 0);
    delay_us(1000);
    if (!pending_irq()) {
        return true;
    }
    uint32_t intid = gic_acknowledge();
    if (intid < 1020U) {
        gic_end(intid);
    }
    (void)psci(PSCI_VERSION, 0, 0, 0);
    delay_us(1000);
    return (intid == timer->intid || intid == SPURIOUS) && !pending_irq();
}

/* Masked, the condition is seen by polling, and no interrupt is. */
static void check_masked(const struct timer *timer)
{
    uint64_t deadline = timer->now() + counter_of_us(3000);
    timer->set_cval(deadline);
    timer->set_ctl(CTL_ENABLE | CTL_IMASK);
    bool met = WAIT_FOR((timer->ctl() & CTL_ISTATUS) != 0U);
    ok(met && timer->now() >= deadline, "%s timer: ISTATUS comes at its time while masked", timer->name);
    delay_us(1000);
    ok(!pending_irq(), "%s timer: masked, it interrupts nobody", timer->name);
    timer->set_ctl(CTL_ENABLE);
    ok(WAIT_FOR(pending_irq()), "%s timer: unmasked, it does", timer->name);
    ok(gic_is_pending(timer->intid), "%s timer: GICR_ISPENDR0 shows it", timer->name);
    timer->set_ctl(CTL_ENABLE | CTL_IMASK);
    ok(gone_or_once(timer), "%s timer: masked again, it goes, or comes once", timer->name);
    timer->set_ctl(CTL_ENABLE);
    ok(WAIT_FOR(pending_irq()), "%s timer: and comes back", timer->name);
    is(gic_acknowledge(), timer->intid, "%s timer: taken", timer->name);
    gic_end(timer->intid);
    ok(WAIT_FOR(pending_irq()), "%s timer: it comes again, as a level does", timer->name);
    timer->set_ctl(0);
    ok(gone_or_once(timer), "%s timer: off, it goes, or comes once", timer->name);
    is(gic_acknowledge(), SPURIOUS, "%s timer: and leaves nothing", timer->name);
}

/* ---- ticks taken as exceptions, on several CPUs at once ---- */

/* value[0]: timer, value[1]: ticks taken, value[2]: early ones, value[3]: period, value[4]: strangers, value[5]: the latest in us */
static void on_tick(struct cpu *cpu, uint32_t intid)
{
    const struct timer *timer = &timers[cpu->value[0]];
    uint64_t now = timer->now();
    if (intid != timer->intid) {
        cpu->value[4]++;
        return;
    }
    cpu->value[1]++;
    cpu->value[2] += now < timer->cval() ? 1U : 0U;
    uint64_t late = (now - timer->cval()) * 1000000U / counter_frequency();
    cpu->value[5] = late > cpu->value[5] ? late : cpu->value[5];
    timer->set_cval(now + cpu->value[3]);
    if (cpu->value[1] >= TICKS) {
        timer->set_ctl(0);
    }
}

/* Sleeps in WFI between the ticks; with interrupts masked around it, so that none is missed. */
static void tick(struct cpu *cpu, uint64_t which, uint64_t period_us)
{
    const struct timer *timer = &timers[which];
    cpu->value[0] = which;
    cpu->value[1] = 0;
    cpu->value[2] = 0;
    cpu->value[3] = counter_of_us(period_us);
    cpu->value[4] = 0;
    cpu->value[5] = 0;
    cpu->interrupt = on_tick;
    gic_enable(timer->intid);
    timer->set_cval(timer->now() + cpu->value[3]);
    timer->set_ctl(CTL_ENABLE);
    uint64_t end = counter() + 30U * counter_frequency();
    while (cpu->value[1] < TICKS && counter() < end) {
        wfi();
        irq_enable();
        barrier_isb();
        irq_disable();
    }
    timer->set_ctl(0);
    gic_disable(timer->intid);
    cpu->interrupt = NULL;
}

static void is_ticked(const struct cpu *cpu, uint64_t began, uint64_t ended)
{
    const char *name = timers[cpu->value[0]].name;
    is(cpu->value[1], TICKS, "CPU %u, %s timer: %u ticks woke WFI", cpu->index, name, TICKS);
    is(cpu->value[2], 0, "CPU %u, %s timer: none of them early", cpu->index, name);
    is(cpu->value[4], 0, "CPU %u, %s timer: and no other interrupt", cpu->index, name);
    ok(ended - began >= TICKS * cpu->value[3], "CPU %u, %s timer: in no less than their time (the latest by %lu us)",
       cpu->index, name, cpu->value[5]);
}

static volatile uint64_t other_began, other_ended;

static void tick_virtual(struct cpu *cpu)
{
    gic_init_cpu();
    other_began = counter();
    tick(cpu, 0, 1700);
    other_ended = counter();
}

static void tick_physical(struct cpu *cpu)
{
    gic_init_cpu();
    other_began = counter();
    tick(cpu, 1, 1900);
    other_ended = counter();
}

static void check_two_cpus(uint64_t mine, uint64_t period_us, void (*other)(struct cpu *cpu))
{
    (void)cpu_start(1, other);
    uint64_t began = counter();
    tick(&cpus[0], mine, period_us);
    uint64_t ended = counter();
    ok(cpu_wait_off(1), "two CPUs tick independently");
    is_ticked(&cpus[0], began, ended);
    is_ticked(&cpus[1], other_began, other_ended);
}

/* ---- others ---- */

/* Both timers of one CPU at once, each with its own deadline. */
static void check_both(void)
{
    uint64_t start = counter();
    virtual_set_cval(virtual_now() + counter_of_us(4000));
    physical_set_cval(physical_now() + counter_of_us(2000));
    virtual_set_ctl(CTL_ENABLE);
    physical_set_ctl(CTL_ENABLE);
    gic_enable(TIMER_VIRTUAL_INTID);
    gic_enable(TIMER_PHYSICAL_INTID);
    ok(WAIT_FOR(pending_irq()), "both timers: one interrupts");
    ok(counter() - start >= counter_of_us(2000), "not before the earlier deadline");
    (void)WAIT_FOR((virtual_ctl() & CTL_ISTATUS) != 0U);
    uint32_t first = gic_acknowledge();
    uint32_t second = SPURIOUS;
    if (first == TIMER_VIRTUAL_INTID) {
        virtual_set_ctl(0);
    } else {
        physical_set_ctl(0);
    }
    gic_end(first);
    (void)WAIT_FOR(pending_irq());
    second = gic_acknowledge();
    virtual_set_ctl(0);
    physical_set_ctl(0);
    gic_end(second);
    ok((first == TIMER_VIRTUAL_INTID && second == TIMER_PHYSICAL_INTID) ||
           (first == TIMER_PHYSICAL_INTID && second == TIMER_VIRTUAL_INTID),
       "both timers: each comes (%u, %u)", first, second);
}

static void check_masked_wfi(const struct timer *timer)
{
    gic_enable(timer->intid);
    uint64_t start = timer->now();
    timer->set_cval(start + counter_of_us(5000));
    timer->set_ctl(CTL_ENABLE);
    uint32_t woken = 0;
    while (!pending_irq() && timer->now() < start + 20U * counter_frequency()) {
        wfi();
        woken++;
    }
    ok(pending_irq() && timer->now() >= start + counter_of_us(5000), "%s timer: WFI with PSTATE.I set wakes (%u times)",
       timer->name, woken);
    timer->set_ctl(0);
    gic_disable(timer->intid);
}

/* A deadline that lies in the past interrupts at once, and WFI does not sleep over it. */
static void check_past(const struct timer *timer)
{
    gic_enable(timer->intid);
    timer->set_cval(0);
    timer->set_ctl(CTL_ENABLE);
    wfi();
    ok(WAIT_FOR(pending_irq()), "%s timer: a deadline of 0 interrupts at once", timer->name);
    timer->set_ctl(0);
    timer->set_tval(0);
    timer->set_ctl(CTL_ENABLE);
    wfi();
    ok(WAIT_FOR(pending_irq()), "%s timer: so does TVAL 0", timer->name);
    timer->set_ctl(0);
    ok(gone_or_once(timer), "%s timer: off, it goes, or comes once", timer->name);
    gic_disable(timer->intid);
}

/* The offset between the counters does not move, and neither goes back. */
static void check_counters(void)
{
    uint64_t back = 0;
    uint64_t last = counter();
    uint64_t last_physical = physical_now();
    for (uint32_t i = 0; i < 20000U; i++) {
        uint64_t now = counter();
        uint64_t now_physical = physical_now();
        back += now < last || now_physical < last_physical;
        last = now;
        last_physical = now_physical;
    }
    is(back, 0, "no counter goes back in 20000 reads");
    uint64_t before = virtual_now();
    uint64_t between = physical_now();
    uint64_t after = virtual_now();
    delay_us(100000);
    uint64_t before2 = virtual_now();
    uint64_t between2 = physical_now();
    uint64_t after2 = virtual_now();
    /* The offset lies in [between - after, between - before], twice. */
    ok((int64_t)(between - after) <= (int64_t)(between2 - before2) &&
           (int64_t)(between2 - after2) <= (int64_t)(between - before),
       "the virtual counter's offset stays");
}

static volatile uint64_t handed;
static void read_counter(struct cpu *cpu)
{
    cpu->value[6] = 0;
    for (uint64_t round = 1; round <= 500U; round++) {
        if (!WAIT_FOR(handed != 0U)) {
            return;
        }
        cpu->value[6] += counter() < handed ? 1U : 0U;
        handed = 0;
    }
}

/* What one CPU read is never later than what another reads afterwards. */
static void check_same_time(void)
{
    uint32_t rounds = 0;
    handed = 0;
    (void)cpu_start(1, read_counter);
    for (uint32_t i = 0; i < 500U; i++) {
        handed = counter();
        if (WAIT_FOR(handed == 0U)) {
            rounds++;
        }
    }
    ok(cpu_wait_off(1) && rounds == 500U, "two CPUs compare their counters 500 times");
    is(cpus[1].value[6], 0, "and agree on the order of things");
}

void guest_main(void)
{
    mmu_enable();
    gic_init();
    gic_init_cpu();
    for (unsigned i = 0; i < 2U; i++) {
        gic_enable(timers[i].intid);
        check_registers(&timers[i]);
        check_masked(&timers[i]);
        gic_disable(timers[i].intid);
        check_masked_wfi(&timers[i]);
        check_past(&timers[i]);
    }
    check_both();
    check_counters();
    check_same_time();
    for (unsigned i = 0; i < 2U; i++) {
        uint64_t began = counter();
        tick(&cpus[0], i, 1000);
        is_ticked(&cpus[0], began, counter());
    }
    check_two_cpus(0, 1300, tick_virtual);
    check_two_cpus(1, 1100, tick_virtual);
    check_two_cpus(1, 1500, tick_physical);
}
