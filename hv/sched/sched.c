/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The scheduler's mechanism. Owns each CPU's run queue, under its lock (LOCK_RANK_SCHED); a world belongs to the queue of world->cpu.
 * The queue's lock is held across a switch and released by the world that comes in (sched_switched), so that nobody else sees a world
 * as READY or BLOCKED while its stack is still in use.
 */
#include "sched/sched.h"

#include "arch/cpu_wait.h"
#include "arch/spinlock.h"
#include "cpu/gic.h"
#include "cpu/irq.h"
#include "cpu/prda.h"
#include "cpu/timer.h"
#include "lib/bits.h"
#include "lib/panic.h"
#include "sched/sched_policy.h"
#include "sched/switch.h"

struct run_queue {
    struct spinlock lock;
    struct world *first; /* READY, lowest virtual run time first; never the idle world */
    uint32_t ready;      /* worlds in the list */
    uint32_t placed;     /* weights of the worlds that were placed here */
    uint64_t minimum;    /* never decreases: the virtual run time that the queue has reached */
    struct world idle;
    struct timer slice;
};

static struct run_queue queues[PLATFORM_MAX_CPUS];
static uint64_t slice_ticks;
static uint64_t wake_ticks;

struct world *sched_current(void)
{
    return PRDA->current;
}

struct world *sched_resident(void)
{
    return PRDA->resident;
}

static void slice_over(struct timer *timer)
{
    (void)timer;
    struct world *current = PRDA->current;
    PRDA->need_resched = true;
    if (current->ops != NULL && current->ops->preempt != NULL) {
        current->ops->preempt(current);
    }
}

static enum irq_done resched_interrupt(uint32_t intid, void *argument)
{
    (void)intid;
    (void)argument;
    slice_over(NULL);
    return IRQ_DEACTIVATE;
}

/* The exit itself is what was wanted: the guest's way back looks at its work. */
static enum irq_done call_interrupt(uint32_t intid, void *argument)
{
    (void)intid;
    (void)argument;
    return IRQ_DEACTIVATE;
}

void sched_init(void)
{
    slice_ticks = timer_from_ns(SCHED_SLICE_NS);
    wake_ticks = timer_from_ns(SCHED_WAKE_NS);
    for (unsigned i = 0; i < PLATFORM_MAX_CPUS; i++) {
        spinlock_init(&queues[i].lock, LOCK_RANK_SCHED);
        queues[i].slice.fire = slice_over;
    }
    enum status resched = irq_register(IRQ_SGI_RESCHED, resched_interrupt, NULL);
    enum status call = irq_register(IRQ_SGI_CALL, call_interrupt, NULL);
    assert(resched == STATUS_OK && call == STATUS_OK);
}

/* Adds the time that the current world ran to its accounts; returns the count. Queue locked. */
static uint64_t account(struct run_queue *queue, struct world *world)
{
    uint64_t now = timer_count();
    uint64_t ticks = now - world->started;
    world->started = now;
    world->run_ticks += ticks;
    if (world == &queue->idle) {
        return now;
    }
    world->vruntime += sched_charge(ticks, world->weight);
    uint64_t reached = world->vruntime;
    if (queue->first != NULL && queue->first->vruntime < reached) {
        reached = queue->first->vruntime;
    }
    queue->minimum = reached > queue->minimum ? reached : queue->minimum;
    return now;
}

static void enqueue(struct run_queue *queue, struct world *world, uint64_t now)
{
    struct world **at = &queue->first;
    while (*at != NULL && (*at)->vruntime <= world->vruntime) {
        at = &(*at)->queue_next;
    }
    world->queue_next = *at;
    *at = world;
    world->state = WORLD_READY;
    world->started = now;
    queue->ready++;
}

static struct world *dequeue_first(struct run_queue *queue)
{
    struct world *world = queue->first;
    if (world != NULL) {
        queue->first = world->queue_next;
        queue->ready--;
    }
    return world;
}

/* Brings the EL1 state in line with the world that comes in: a vCPU's stays while threads and the idle world run. */
static void make_resident(struct prda *prda, struct world *next)
{
    if (next->ops == NULL || next->ops->load == NULL || prda->resident == next) {
        return;
    }
    if (prda->resident != NULL) {
        prda->resident->ops->put(prda->resident);
        /* Whoever sees it quiescent sees what put wrote. */
        __atomic_store_n(&prda->resident->on_cpu, false, __ATOMIC_RELEASE);
    }
    prda->resident = next;
    __atomic_store_n(&next->on_cpu, true, __ATOMIC_RELAXED);
    next->ops->load(next);
}

/* Own queue locked, on return unlocked; the current world has its new state already. */
static void switch_to(struct run_queue *queue, struct world *next)
{
    struct prda *prda = PRDA;
    struct world *previous = prda->current;
    next->state = WORLD_RUNNING;
    uint64_t now = timer_count();
    next->ready_ticks += now - next->started;
    next->started = now;
    next->cpu = prda->cpu;
    if (next != previous) {
        next->switches++;
        prda->current = next;
        world_switch_stacks(&previous->saved_sp, next->saved_sp);
        sched_switched();
    } else {
        spinlock_unlock(&queue->lock);
    }
}

void sched_switched(void)
{
    struct prda *prda = PRDA;
    struct run_queue *queue = &queues[prda->cpu];
    bool others = queue->first != NULL;
    spinlock_unlock(&queue->lock);
    make_resident(prda, prda->current);
    if (others && prda->current != &queue->idle) {
        timer_arm(&queue->slice, timer_count() + slice_ticks);
    }
}

static void switch_to_best(struct run_queue *queue)
{
    struct world *next = dequeue_first(queue);
    switch_to(queue, next != NULL ? next : &queue->idle);
}

void sched_block(void)
{
    struct prda *prda = PRDA;
    struct run_queue *queue = &queues[prda->cpu];
    struct world *current = prda->current;
    spinlock_lock(&queue->lock);
    if (current->wake_pending) {
        current->wake_pending = false;
        spinlock_unlock(&queue->lock);
        return;
    }
    (void)account(queue, current);
    current->state = WORLD_BLOCKED;
    switch_to_best(queue);
}

void sched_reschedule(void)
{
    struct prda *prda = PRDA;
    struct run_queue *queue = &queues[prda->cpu];
    struct world *current = prda->current;
    spinlock_lock(&queue->lock);
    prda->need_resched = false;
    uint64_t now = account(queue, current);
    if (queue->first == NULL || queue->first->vruntime >= current->vruntime) {
        bool others = queue->first != NULL;
        spinlock_unlock(&queue->lock);
        if (others) {
            timer_arm(&queue->slice, timer_count() + slice_ticks);
        }
        return;
    }
    enqueue(queue, current, now);
    switch_to_best(queue);
}

void sched_relax(void)
{
    gic_handle_pending();
    if (PRDA->need_resched || sched_contended()) {
        sched_reschedule();
    }
}

bool sched_contended(void)
{
    return __atomic_load_n(&queues[PRDA->cpu].first, __ATOMIC_RELAXED) != NULL;
}

static bool may_run_on(const struct world *world, unsigned cpu)
{
    return prda_of(cpu)->online && (world->affinity[cpu / 64U] & BIT(cpu % 64U)) != 0U;
}

bool sched_may_run(const struct world *world)
{
    for (unsigned cpu = 0; cpu < prda_count(); cpu++) {
        if (may_run_on(world, cpu)) {
            return true;
        }
    }
    return false;
}

/* Where it was, if no other is better. */
static unsigned least_loaded(const struct world *world)
{
    unsigned best = world->cpu;
    uint32_t least = may_run_on(world, best) ? __atomic_load_n(&queues[best].placed, __ATOMIC_RELAXED) : UINT32_MAX;
    for (unsigned cpu = 0; cpu < prda_count(); cpu++) {
        uint32_t load = __atomic_load_n(&queues[cpu].placed, __ATOMIC_RELAXED);
        if (load < least && may_run_on(world, cpu)) {
            least = load;
            best = cpu;
        }
    }
    return best;
}

void sched_place(struct world *world)
{
    unsigned best = least_loaded(world);
    struct run_queue *queue = &queues[world->cpu];
    spinlock_lock(&queue->lock);
    bool rests = world->state == WORLD_NEW || world->state == WORLD_BLOCKED || world->state == WORLD_PARKED;
    if (best != world->cpu && rests && !__atomic_load_n(&world->on_cpu, __ATOMIC_ACQUIRE)) {
        /* The other queue's virtual time is another: its next wake-up gives it that one. */
        world->vruntime = 0;
        __atomic_store_n(&world->cpu, best, __ATOMIC_RELEASE);
    }
    spinlock_unlock(&queue->lock);
    __atomic_add_fetch(&queues[world->cpu].placed, world->weight, __ATOMIC_RELAXED);
}

/* Makes the CPU of a queue look at it. Its running world is accounted. Queue locked on entry, not any more on return. */
static void poke(struct run_queue *queue, unsigned cpu, const struct world *woken)
{
    struct prda *target = prda_of(cpu);
    struct world *running = target->current;
    bool at_once = running == &queue->idle;
    if (!at_once) {
        at_once = sched_preempts(woken->vruntime, running->vruntime, wake_ticks);
    }
    bool first_waiter = queue->ready == 1U;
    spinlock_unlock(&queue->lock);
    if (cpu != PRDA->cpu) {
        if (at_once || first_waiter) {
            irq_send_sgi(cpu, IRQ_SGI_RESCHED);
        }
    } else if (at_once || first_waiter) {
        slice_over(NULL);
    }
}

/* Queue of the world's CPU locked on entry, not any more on return. */
static void wake_awake(struct run_queue *queue, struct world *world, unsigned cpu, bool interrupt)
{
    world->wake_pending = true;
    bool remote = world->state == WORLD_RUNNING && cpu != PRDA->cpu;
    spinlock_unlock(&queue->lock);
    if (remote && interrupt) {
        irq_send_sgi(cpu, IRQ_SGI_CALL);
    }
}

static void wake(struct world *world, bool interrupt)
{
    for (;;) {
        unsigned cpu = __atomic_load_n(&world->cpu, __ATOMIC_ACQUIRE);
        struct run_queue *queue = &queues[cpu];
        spinlock_lock(&queue->lock);
        if (__atomic_load_n(&world->cpu, __ATOMIC_RELAXED) != cpu) {
            spinlock_unlock(&queue->lock);
            continue;
        }
        if (world->state != WORLD_BLOCKED) {
            wake_awake(queue, world, cpu, interrupt);
            return;
        }
        world->wake_pending = false;
        /* One that runs alone is not accounted otherwise: the queue's time would stand still, and the woken one have all of it as credit. */
        uint64_t now = account(queue, prda_of(cpu)->current);
        world->vruntime = sched_wake_vruntime(world->vruntime, queue->minimum, slice_ticks);
        enqueue(queue, world, now);
        poke(queue, cpu, world);
        return;
    }
}

void world_wake(struct world *world)
{
    wake(world, false);
}

void sched_interrupt(struct world *world)
{
    wake(world, true);
}

void sched_unplace(const struct world *world)
{
    __atomic_sub_fetch(&queues[world->cpu].placed, world->weight, __ATOMIC_RELAXED);
}

void sched_admit(void)
{
    struct prda *prda = PRDA;
    make_resident(prda, prda->current);
}

void sched_evict(struct world *world)
{
    struct prda *prda = PRDA;
    if (prda->resident == world) {
        world->ops->put(world);
        prda->resident = NULL;
        __atomic_store_n(&world->on_cpu, false, __ATOMIC_RELEASE);
    }
}

static void dequeue(struct run_queue *queue, struct world *world)
{
    for (struct world **at = &queue->first; *at != NULL; at = &(*at)->queue_next) {
        if (*at == world) {
            *at = world->queue_next;
            queue->ready--;
            return;
        }
    }
}

bool sched_park(struct world *world)
{
    struct run_queue *queue = &queues[__atomic_load_n(&world->cpu, __ATOMIC_RELAXED)];
    spinlock_lock(&queue->lock);
    bool rests = world->state == WORLD_BLOCKED || world->state == WORLD_READY;
    if (rests && !__atomic_load_n(&world->on_cpu, __ATOMIC_ACQUIRE)) {
        if (world->state == WORLD_READY) {
            dequeue(queue, world);
        }
        world->state = WORLD_PARKED;
    }
    bool parked = world->state == WORLD_PARKED;
    spinlock_unlock(&queue->lock);
    return parked;
}

void sched_unpark(struct world *world)
{
    struct run_queue *queue = &queues[__atomic_load_n(&world->cpu, __ATOMIC_RELAXED)];
    spinlock_lock(&queue->lock);
    if (world->state == WORLD_PARKED) {
        world->state = WORLD_BLOCKED;
        world->wake_pending = false;
    }
    spinlock_unlock(&queue->lock);
}

static void idle_once(struct prda *prda, struct run_queue *queue)
{
    prda->need_resched = false;
    if (sched_contended()) {
        spinlock_lock(&queue->lock);
        (void)account(queue, &queue->idle);
        queue->idle.state = WORLD_READY;
        switch_to_best(queue);
        return;
    }
    /* An interrupt that came since the look above is pending and ends the wait at once, masked as it is. */
    uint64_t before = timer_count();
    cpu_wait_interrupt();
    prda->idle_ticks += timer_count() - before;
    gic_handle_pending();
}

static void idle_loop(void)
{
    struct prda *prda = PRDA;
    for (;;) {
        idle_once(prda, &queues[prda->cpu]);
    }
}

enum status sched_cpu_create(unsigned cpu)
{
    struct world *idle = &queues[cpu].idle;
    enum status status = world_stack_create(OWNER_CPU, &idle->stack);
    if (status != STATUS_OK) {
        return status;
    }
    idle->name = "idle";
    idle->state = WORLD_RUNNING;
    idle->cpu = cpu;
    idle->weight = 1;
    prda_of(cpu)->idle = idle;
    prda_of(cpu)->current = idle;
    return STATUS_OK;
}

_Noreturn void sched_cpu_start(void)
{
    struct world *idle = PRDA->idle;
    idle->started = timer_count();
    cpu_run_on_stack(idle->stack + WORLD_STACK_SIZE, idle_loop);
}
