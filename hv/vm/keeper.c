/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keeper: the thread that does what takes long in the lives of all VMs, a piece for each in turn. Owns nothing but itself; it acts
 * on each VM's state and request, and alone leaves the states STARTING (but for a stop), STOPPING and PAUSING (but for a resume).
 */
#include <stddef.h>

#include "arch/cpu_wait.h"
#include "lib/log.h"
#include "lib/panic.h"
#include "sched/sched.h"
#include "vm/console_view.h"
#include "vm/machine.h"
#include "vm/vcpu.h"
#include "vm/vm.h"
#include "vm/vm_control.h"

/*
 * What the log says of a VM: lines that a guest can repeat go through vm_log_print, which counts those beyond its limit; those that only
 * an administrator can bring about again go out always.
 */

static struct world keeper;
static const struct config *configuration;

void keeper_notify(void)
{
    world_wake(&keeper);
}

static enum vm_state state_of(struct vm *vm)
{
    spinlock_lock(&vm->lock);
    enum vm_state state = vm->state;
    spinlock_unlock(&vm->lock);
    return state;
}

/* ---- starting ---- */

/* From now on it is taken apart as one that ran: there may be a stop to obey, too. */
static void start_failed(struct vm *vm)
{
    spinlock_lock(&vm->lock);
    vm->request = vm->request > VM_REQUEST_FAILED ? vm->request : VM_REQUEST_FAILED;
    vm->state = VM_STOPPING;
    spinlock_unlock(&vm->lock);
}

static void create(struct vm *vm)
{
    enum status status = vm_create(vm);
    if (status == STATUS_UNSUPPORTED) {
        log_error(vm->config->name, "not started: affinity: none of its CPUs is there");
    } else if (status != STATUS_OK) {
        log_error(vm->config->name, "not started: %llu MiB are not there to give (%llu MiB free)",
                  (unsigned long long)(vm->config->memory >> 20),
                  (unsigned long long)(page_alloc_bytes(OWNER_FREE) >> 20));
    }
    if (status != STATUS_OK) {
        start_failed(vm);
        return;
    }
    log_info(vm->config->name, "starts: %u vCPUs, %llu MiB", vm->vcpu_count,
             (unsigned long long)(vm->config->memory >> 20));
    vm->load.phase = VM_LOAD_PLACE;
    console_vm_begin(vm);
}

static void say_runs(struct vm *vm, uint64_t counter)
{
    uint64_t beside = page_alloc_bytes(OWNER_VM(vm->index)) - vm->memory.size;
    vm_log_print(&vm->log, LOG_INFO, "runs: %llu KiB beside its RAM; its counter began at %llu",
                 (unsigned long long)(beside >> 10), (unsigned long long)counter);
}

/* All is in its place: its first vCPU goes, unless it was stopped meanwhile. */
static void set_going(struct vm *vm, uint64_t entry, uint64_t tree)
{
    uint64_t counter = 0;
    spinlock_lock(&vm->lock);
    if (vm->state == VM_STARTING) {
        counter = timer_count();
        vm->counter_offset = counter;
        vm->started = counter;
        vm->runs++;
        vm->state = vm->start_paused ? VM_PAUSING : VM_RUNNING;
        vm->start_paused = false;
        for (unsigned i = 0; i < vm->vcpu_count; i++) {
            sched_unpark(&vm->vcpus[i]->world);
        }
        vcpu_boot(vm->vcpus[0], entry, tree);
    }
    spinlock_unlock(&vm->lock);
    if (counter != 0U) {
        say_runs(vm, counter);
    }
}

static void start_step(struct vm *vm)
{
    if (vm->load.phase == VM_LOAD_CREATE) {
        create(vm);
        return;
    }
    uint64_t entry;
    uint64_t tree;
    enum status status = vm_load_step(vm, &entry, &tree);
    if (status == STATUS_OK) {
        set_going(vm, entry, tree);
    } else if (status != STATUS_BUSY) {
        start_failed(vm);
    }
}

/* ---- ending and pausing ---- */

/*
 * VM locked. Every vCPU has seen the state and blocked, and none of its registers is in a CPU. Each is parked: a timer of its own or a
 * device may still kick it, and it must not come back to life while its VM is paused or taken apart. *soon: those that are missing are
 * on their way, at most a few hundred instructions; else each calls keeper_notify when it has seen the state.
 */
static bool park_all(struct vm *vm, bool *soon)
{
    bool all = true;
    *soon = true;
    for (unsigned i = 0; i < vm->vcpu_count; i++) {
        struct vcpu *vcpu = vm->vcpus[i];
        if (vcpu != NULL && !vcpu->stopped) {
            *soon = all = false;
        } else if (vcpu != NULL && !sched_park(&vcpu->world)) {
            all = false;
        }
    }
    return all;
}

/* VM locked. */
static bool restarts(const struct vm *vm)
{
    switch (vm->request) {
    case VM_REQUEST_RESTART:
        return true;
    case VM_REQUEST_RESET:
        return vm->config->on_reset == CONFIG_RESET_RESTART && !vm->stop_asked;
    case VM_REQUEST_CRASH:
        return vm->config->on_crash == CONFIG_CRASH_RESTART && !vm->stop_asked;
    default:
        return false;
    }
}

/* VM locked, all parked. */
static void prepare_restart(struct vm *vm)
{
    vm->state = VM_STARTING;
    vm->request = VM_REQUEST_NONE;
    vm->load = (struct vm_load){.phase = VM_LOAD_PLACE};
}

/* VM locked, all parked: nothing of its run is left. */
static void power_all_off(struct vm *vm)
{
    for (unsigned i = 0; i < vm->vcpu_count; i++) {
        if (vm->vcpus[i] != NULL) {
            vcpu_power_clear(vm->vcpus[i]);
        }
    }
    vm->vcpus_on = 0;
    vm->stop_asked = false;
    timer_cancel(&vm->stop_timer);
}

/* VM locked, all parked: a reset came first, and then it crashed. */
static bool holds(const struct vm *vm)
{
    return vm->request == VM_REQUEST_CRASH && vm->config->on_crash == CONFIG_CRASH_HOLD && !vm->stop_asked;
}

static void give_back(struct vm *vm)
{
    console_vm_end(vm);
    if (vm->load.phase != VM_LOAD_CREATE) {
        vm_destroy(vm);
    }
    spinlock_lock(&vm->lock);
    vm->ended = vm->request;
    vm->state = VM_OFF;
    spinlock_unlock(&vm->lock);
    log_info(vm->config->name, "off: %s", vm_request_name(vm->ended));
}

enum settled { SETTLED_NOT, SETTLED_PAUSED, SETTLED_HELD, SETTLED_AGAIN, SETTLED_ENDED };

/* VM locked, all parked. */
static enum settled settle(struct vm *vm)
{
    vm->paused_at = timer_count();
    if (vm->state == VM_PAUSING || holds(vm)) {
        bool crashed = vm->request == VM_REQUEST_CRASH;
        vm->state = crashed ? VM_HELD : VM_PAUSED;
        return crashed ? SETTLED_HELD : SETTLED_PAUSED;
    }
    bool again = restarts(vm);
    power_all_off(vm);
    if (again) {
        vm->ended = vm->request;
        prepare_restart(vm);
    }
    return again ? SETTLED_AGAIN : SETTLED_ENDED;
}

/* True: to be looked at again at once. */
static bool settle_when_parked(struct vm *vm)
{
    enum settled settled = SETTLED_NOT;
    bool soon = false;
    spinlock_lock(&vm->lock);
    if ((vm->state == VM_PAUSING || vm->state == VM_STOPPING) && park_all(vm, &soon)) {
        settled = settle(vm);
    }
    spinlock_unlock(&vm->lock);
    if (settled == SETTLED_PAUSED || settled == SETTLED_HELD) {
        log_info(vm->config->name, "%s", settled == SETTLED_HELD ? "held" : "paused");
    } else if (settled == SETTLED_ENDED) {
        give_back(vm);
    }
    return settled == SETTLED_AGAIN || (settled == SETTLED_NOT && soon);
}

/* ---- the thread ---- */

static bool all_off(void)
{
    for (unsigned i = 0; i < vm_count(); i++) {
        if (state_of(vm_get(i)) != VM_OFF) {
            return false;
        }
    }
    return true;
}

/* One piece of work for a VM. True: there is more. */
static bool look_after(struct vm *vm)
{
    switch (state_of(vm)) {
    case VM_STARTING:
        start_step(vm);
        return true;
    case VM_PAUSING:
    case VM_STOPPING:
        return settle_when_parked(vm);
    default:
        return false;
    }
}

static void end_machine(void)
{
    enum machine_end asked = machine_end_asked();
    if (asked == MACHINE_RESET) {
        log_info("ashlar", "all VMs are off: reset");
        machine_reset();
    }
    if (asked == MACHINE_POWER_OFF || configuration->when_idle == CONFIG_IDLE_POWEROFF) {
        log_info("ashlar", "the last VM has stopped: power off");
        machine_power_off();
    }
}

static void keep(void *argument)
{
    (void)argument;
    for (;;) {
        bool more = false;
        for (unsigned i = 0; i < vm_count(); i++) {
            more = look_after(vm_get(i)) || more;
            sched_relax();
        }
        if (more) {
            cpu_wait_yield();
            continue;
        }
        if (all_off()) {
            end_machine();
        }
        sched_block();
    }
}

enum status keeper_start(const struct config *config)
{
    configuration = config;
    enum status status = world_create_thread(&keeper, "keeper", keep, NULL);
    if (status == STATUS_OK) {
        keeper.cpu = 0;
        for (unsigned i = 0; i < vm_count(); i++) {
            if (vm_get(i)->config->autostart) {
                enum status started = vm_control_start(vm_get(i));
                assert(started == STATUS_OK);
            }
        }
        world_wake(&keeper);
    }
    return status;
}
