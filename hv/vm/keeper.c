/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keeper: the thread that does what takes long in a VM's life. Owns nothing but itself; it acts on each VM's state and request.
 */
#include <stddef.h>

#include "arch/cpu_wait.h"
#include "lib/log.h"
#include "sched/sched.h"
#include "vm/console_attach.h"
#include "vm/machine.h"
#include "vm/vcpu.h"
#include "vm/vm.h"

static struct world keeper;
static const struct config *configuration;

void keeper_notify(void)
{
    world_wake(&keeper);
}

/* Requests look at it from any CPU. */
static void set_state(struct vm *vm, enum vm_state state)
{
    spinlock_lock(&vm->lock);
    vm->state = state;
    spinlock_unlock(&vm->lock);
}

static enum vm_state state_of(struct vm *vm)
{
    spinlock_lock(&vm->lock);
    enum vm_state state = vm->state;
    spinlock_unlock(&vm->lock);
    return state;
}

static void take_console(struct vm *vm)
{
    if (configuration->console == (int32_t)vm->index) {
        console_attach(vm);
    }
}

static void start(struct vm *vm)
{
    take_console(vm);
    if (vm_load(vm) != STATUS_OK) {
        console_detach(vm);
        vm_destroy(vm);
        set_state(vm, VM_OFF);
    }
}

static void create_and_start(struct vm *vm)
{
    enum status status = vm_create(vm);
    if (status != STATUS_OK) {
        log_error(vm->config->name, "not started: %llu MiB are not there to give (%llu MiB free)",
                  (unsigned long long)(vm->config->memory >> 20),
                  (unsigned long long)(page_alloc_bytes(OWNER_FREE) >> 20));
        set_state(vm, VM_OFF);
        return;
    }
    log_info(vm->config->name, "starts: %u vCPUs, %llu MiB", vm->vcpu_count,
             (unsigned long long)(vm->config->memory >> 20));
    start(vm);
}

/*
 * Every vCPU has seen the request, blocked, and left its CPU. Each is parked: a timer of its own or a device may still kick it, and it
 * must not come back to life while its VM is taken apart or loaded.
 */
static bool park_all(struct vm *vm)
{
    for (unsigned i = 0; i < vm->vcpu_count; i++) {
        if (vcpu_power_state(vm->vcpus[i]) != VCPU_OFF || !sched_park(&vm->vcpus[i]->world)) {
            return false;
        }
    }
    return true;
}

static bool restarts(const struct vm *vm)
{
    return (vm->request == VM_REQUEST_RESET && vm->config->on_reset == CONFIG_RESET_RESTART) ||
           (vm->request == VM_REQUEST_CRASH && vm->config->on_crash == CONFIG_CRASH_RESTART);
}

static void end_run(struct vm *vm)
{
    while (!park_all(vm)) {
        sched_relax();
        cpu_wait_yield();
    }
    if (restarts(vm)) {
        start(vm);
    } else if (vm->request == VM_REQUEST_CRASH && vm->config->on_crash == CONFIG_CRASH_HOLD) {
        set_state(vm, VM_HELD);
    } else {
        console_detach(vm);
        vm_destroy(vm);
        set_state(vm, VM_OFF);
    }
}

static bool all_off(void)
{
    for (unsigned i = 0; i < vm_count(); i++) {
        if (state_of(vm_get(i)) != VM_OFF) {
            return false;
        }
    }
    return true;
}

static void look_after(struct vm *vm)
{
    enum vm_state state = state_of(vm);
    if (state == VM_STARTING) {
        create_and_start(vm);
    } else if (state == VM_STOPPING) {
        end_run(vm);
    }
}

static void keep(void *argument)
{
    (void)argument;
    for (;;) {
        for (unsigned i = 0; i < vm_count(); i++) {
            look_after(vm_get(i));
        }
        if (all_off() && configuration->when_idle == CONFIG_IDLE_POWEROFF) {
            log_info("ashlar", "the last VM has stopped: power off");
            machine_power_off();
        }
        sched_block();
    }
}

enum status keeper_start(const struct config *config)
{
    configuration = config;
    enum status status = world_create_thread(&keeper, "keeper", keep, NULL);
    if (status == STATUS_OK) {
        for (unsigned i = 0; i < vm_count(); i++) {
            if (vm_get(i)->config->autostart) {
                set_state(vm_get(i), VM_STARTING);
            }
        }
        keeper.cpu = 0;
        world_wake(&keeper);
    }
    return status;
}
