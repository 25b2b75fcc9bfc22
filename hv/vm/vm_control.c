/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a VM's state becomes when it or an administrator asks for something. Each function decides under the VM's lock and leaves what takes
 * time to the keeper. A VM's objects are there in every state but OFF and the first part of STARTING; only the keeper leaves STOPPING,
 * so that under the lock, in RUNNING, PAUSING, PAUSED and HELD, they may be used.
 */
#include "vm/vm_control.h"

#include "lib/bits.h"
#include "lib/log.h"
#include "sched/sched.h"
#include "vm/power_button.h"
#include "vm/vcpu.h"

#define NS_PER_MS 1000000ULL

/* VM locked: no vCPU executes another instruction of the guest before it has looked at the state. */
static void leave_guest(struct vm *vm)
{
    for (unsigned i = 0; i < vm->vcpu_count; i++) {
        if (vm->vcpus[i] != NULL) {
            vcpu_kick(vm->vcpus[i], VCPU_WORK_STOP);
        }
    }
}

/* VM locked. A crash that is on its way to be held. */
static bool is_held(const struct vm *vm)
{
    return vm->state == VM_HELD || (vm->state == VM_PAUSING && vm->request == VM_REQUEST_CRASH);
}

static bool runs(const struct vm *vm)
{
    return vm->state == VM_RUNNING || vm->state == VM_PAUSING;
}

/* VM locked: the end of the run, whatever the guest wants. */
static void end_run(struct vm *vm, enum vm_request request)
{
    vm->request = request > vm->request ? request : vm->request;
    vm->start_paused = false;
    vm->state = VM_STOPPING;
    leave_guest(vm);
}

static void notify(const struct vm *vm, const char *what)
{
    log_info(vm->config->name, "%s", what);
    keeper_notify();
}

static const char *const request_names[] = {
    "", "reset by its guest", "crashed", "powered off by its guest", "not started", "reset", "stopped"};
static const char *const state_names[] = {"off", "starting", "running", "pausing", "paused", "held", "stopping"};

const char *vm_request_name(enum vm_request request)
{
    return request_names[request];
}

const char *vm_state_name(enum vm_state state)
{
    return state_names[state];
}

/* ---- by the VM itself ---- */

void vm_request(struct vm *vm, enum vm_request request, const char *reason)
{
    spinlock_lock(&vm->lock);
    bool live = runs(vm);
    bool wins = request > vm->request && (live || vm->state == VM_STOPPING);
    if (wins && live) {
        bool hold = request == VM_REQUEST_CRASH && vm->config->on_crash == CONFIG_CRASH_HOLD && !vm->stop_asked;
        /* A pause that was promised and comes too late holds for the run that follows. */
        vm->start_paused = vm->state == VM_PAUSING && !hold;
        vm->state = hold ? VM_PAUSING : VM_STOPPING;
        leave_guest(vm);
    }
    if (wins) {
        vm->request = request;
    }
    spinlock_unlock(&vm->lock);
    if (wins && live) {
        vm_log_print(&vm->log, LOG_INFO, "%s: %s", vm_request_name(request), reason);
        keeper_notify();
    }
}

/* ---- by an administrator ---- */

enum status vm_control_start(struct vm *vm)
{
    enum status status = STATUS_EXISTS;
    spinlock_lock(&vm->lock);
    if (vm->state == VM_OFF) {
        vm->state = VM_STARTING;
        vm->request = VM_REQUEST_NONE;
        vm->start_paused = false;
        vm->load = (struct vm_load){.phase = VM_LOAD_CREATE};
        status = STATUS_OK;
    } else if (vm->state == VM_STOPPING || vm->stop_asked) {
        status = STATUS_BUSY;
    }
    spinlock_unlock(&vm->lock);
    if (status == STATUS_OK) {
        keeper_notify();
    }
    return status;
}

/* The guest had its time. A timer that was armed anew meanwhile is not due yet. */
static void stop_fire(struct timer *timer)
{
    struct vm *vm = CONTAINER_OF(timer, struct vm, stop_timer);
    spinlock_lock(&vm->lock);
    bool due = vm->stop_asked && timer_count() >= timer->deadline && (runs(vm) || vm->state == VM_PAUSED);
    if (due) {
        end_run(vm, VM_REQUEST_STOP);
    }
    spinlock_unlock(&vm->lock);
    if (due) {
        log_info(vm->config->name, "stopped: its guest did not power off within %u ms", vm->config->stop_timeout_ms);
        keeper_notify();
    }
}

/* VM locked, state PAUSING or PAUSED: its virtual time goes on where it stood. */
static void go_on(struct vm *vm)
{
    if (vm->state == VM_PAUSED) {
        uint64_t offset = vm->counter_offset + (timer_count() - vm->paused_at);
        __atomic_store_n(&vm->counter_offset, offset, __ATOMIC_RELAXED);
    }
    vm->state = VM_RUNNING;
    for (unsigned i = 0; i < vm->vcpu_count; i++) {
        sched_unpark(&vm->vcpus[i]->world);
        if (vcpu_power_state(vm->vcpus[i]) != VCPU_OFF) {
            world_wake(&vm->vcpus[i]->world);
        }
    }
}

/* VM locked, its vCPUs may run. */
static void press_button(struct vm *vm)
{
    if (vm->state != VM_RUNNING) {
        go_on(vm);
    }
    vm_power_button.press(vm);
    if (!vm->stop_asked) {
        vm->stop_asked = true;
        vm->stop_timer.fire = stop_fire;
        timer_arm(&vm->stop_timer, timer_count() + timer_from_ns(vm->config->stop_timeout_ms * NS_PER_MS));
    }
}

enum status vm_control_stop(struct vm *vm, bool force)
{
    const char *what = NULL;
    spinlock_lock(&vm->lock);
    enum status status = vm->state == VM_OFF ? STATUS_NOT_FOUND : STATUS_OK;
    bool listens = (runs(vm) || vm->state == VM_PAUSED) && !is_held(vm);
    if (status == STATUS_OK && listens && !force && vm->config->stop_timeout_ms != 0U) {
        press_button(vm);
        what = "power button pressed";
    } else if (status == STATUS_OK) {
        end_run(vm, VM_REQUEST_STOP);
        what = "stopped";
    }
    spinlock_unlock(&vm->lock);
    if (what != NULL) {
        notify(vm, what);
    }
    return status;
}

/* VM locked: what to answer to reset, pause and resume where the state alone decides. */
static enum status judge(const struct vm *vm)
{
    if (vm->state == VM_OFF) {
        return STATUS_NOT_FOUND;
    }
    return vm->state == VM_STOPPING ? STATUS_BUSY : STATUS_OK;
}

enum status vm_control_reset(struct vm *vm)
{
    spinlock_lock(&vm->lock);
    enum status status = vm->state == VM_STARTING ? STATUS_BUSY : judge(vm);
    if (status == STATUS_OK) {
        end_run(vm, VM_REQUEST_RESTART);
    }
    spinlock_unlock(&vm->lock);
    if (status == STATUS_OK) {
        notify(vm, "reset");
    }
    return status;
}

/* VM locked, judged OK. */
static enum status pause_judged(struct vm *vm)
{
    if (is_held(vm)) {
        return STATUS_INVALID;
    }
    if (vm->stop_asked) {
        return STATUS_BUSY;
    }
    if (vm->state == VM_RUNNING) {
        vm->state = VM_PAUSING;
        leave_guest(vm);
        return STATUS_OK;
    }
    if (vm->state == VM_STARTING && !vm->start_paused) {
        vm->start_paused = true;
        return STATUS_OK;
    }
    return STATUS_EXISTS;
}

enum status vm_control_pause(struct vm *vm)
{
    spinlock_lock(&vm->lock);
    enum status status = judge(vm);
    if (status == STATUS_OK) {
        status = pause_judged(vm);
    }
    spinlock_unlock(&vm->lock);
    if (status == STATUS_OK) {
        keeper_notify();
    }
    return status;
}

/* VM locked, judged OK. */
static enum status resume_judged(struct vm *vm)
{
    if (is_held(vm)) {
        return STATUS_INVALID;
    }
    if (vm->state == VM_PAUSING || vm->state == VM_PAUSED) {
        go_on(vm);
        return STATUS_OK;
    }
    if (vm->state == VM_STARTING && vm->start_paused) {
        vm->start_paused = false;
        return STATUS_OK;
    }
    return STATUS_EXISTS;
}

enum status vm_control_resume(struct vm *vm)
{
    spinlock_lock(&vm->lock);
    enum status status = judge(vm);
    if (status == STATUS_OK) {
        status = resume_judged(vm);
    }
    spinlock_unlock(&vm->lock);
    if (status == STATUS_OK) {
        log_info(vm->config->name, "resumed");
    }
    return status;
}

/* ---- the report ---- */

static void add_exits(const struct vcpu *vcpu, struct vm_report *report)
{
    for (unsigned class = 0; class < VCPU_EXIT_CLASSES; class ++) {
        uint64_t count = __atomic_load_n(&vcpu->exits[class], __ATOMIC_RELAXED);
        report->exits_by_class[class] += count;
        report->exits += count;
    }
    uint64_t interrupts = __atomic_load_n(&vcpu->interrupts, __ATOMIC_RELAXED);
    report->interrupts += interrupts;
    report->exits += interrupts;
}

static void add_ticks(const struct world *world, uint64_t now, struct vm_report *report)
{
    uint64_t since = now > world->started ? now - world->started : 0U;
    report->run_ticks += world->run_ticks + (world->state == WORLD_RUNNING ? since : 0U);
    report->ready_ticks += world->ready_ticks + (world->state == WORLD_READY ? since : 0U);
}

/* VM locked. */
static void report_vcpus(const struct vm *vm, uint64_t now, struct vm_report *report)
{
    uint64_t vcpus = 0;
    for (unsigned i = 0; i < vm->vcpu_count; i++) {
        if (vm->vcpus[i] != NULL) {
            add_ticks(&vm->vcpus[i]->world, now, report);
            add_exits(vm->vcpus[i], report);
            vcpus++;
        }
    }
    uint64_t busy = report->run_ticks + report->ready_ticks;
    uint64_t all = vcpus * (now - vm->made);
    report->idle_ticks = all > busy ? all - busy : 0U;
}

void vm_control_report(const struct vm *vm, struct vm_report *report)
{
    struct vm *locked = vm_get(vm->index);
    *report = (struct vm_report){.owned = page_alloc_bytes(OWNER_VM(vm->index))};
    spinlock_lock(&locked->lock);
    uint64_t now = timer_count();
    bool up = vm->state != VM_OFF && vm->state != VM_STARTING;
    report->state = vm->state;
    report->stop_asked = vm->stop_asked;
    report->ended = vm->ended;
    report->vcpus = vm->vcpu_count;
    report->vcpus_on = vm->vcpus_on;
    report->memory = vm->config->memory;
    report->runs = vm->runs;
    report->uptime_ns = up ? timer_to_ns(now - vm->started) : 0U;
    report_vcpus(vm, now, report);
    spinlock_unlock(&locked->lock);
}
