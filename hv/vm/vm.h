/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Virtual machines: what one is made of, and its life.
 *
 *   OFF -> STARTING -> RUNNING -> STOPPING -> OFF, or STARTING again (a reset)
 *   RUNNING -> PAUSING -> PAUSED -> RUNNING; PAUSING -> HELD (on_crash: hold) -> STOPPING
 *
 * Requests (vm_request by the VM itself, vm/vm_control.h by an administrator) may come from any context; what takes long (clearing
 * memory, copying the kernel) is done by the keeper, a thread of the hypervisor (vm/keeper.c), once every vCPU of the VM has left its CPU.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "arch/spinlock.h"
#include "ashlar/config.h"
#include "ashlar/handoff.h"
#include "cpu/timer.h"
#include "lib/status.h"
#include "mem/guest_memory.h"
#include "mem/stage2.h"
#include "platform/platform.h"
#include "vm/config_check.h"
#include "vm/device.h"
#include "vm/kernel_image.h"
#include "vm/mmio.h"
#include "vm/vm_log.h"

struct vcpu;

enum vm_state { VM_OFF, VM_STARTING, VM_RUNNING, VM_PAUSING, VM_PAUSED, VM_HELD, VM_STOPPING };

/* Why a VM ends its run; the highest asked for wins. */
enum vm_request {
    VM_REQUEST_NONE,
    VM_REQUEST_RESET,   /* PSCI SYSTEM_RESET and RESET2 */
    VM_REQUEST_CRASH,   /* no vCPU can make progress */
    VM_REQUEST_OFF,     /* PSCI SYSTEM_OFF */
    VM_REQUEST_FAILED,  /* it could not be started */
    VM_REQUEST_RESTART, /* the administrator's reset */
    VM_REQUEST_STOP,    /* the administrator's stop */
};

/* How far the keeper is with a VM that starts. */
enum vm_load_phase { VM_LOAD_CREATE, VM_LOAD_PLACE, VM_LOAD_FILL, VM_LOAD_TREE, VM_LOAD_FINISH };

struct vm_load {
    enum vm_load_phase phase;
    uint64_t at; /* bytes of the phase that are done */
    struct kernel_layout layout;
};

struct vm {
    uint32_t index;
    struct mmio_bus mmio;
    const struct vm_config *config;
    struct spinlock lock; /* state to paused_at, counter_offset's changes, vcpus[], each vCPU's power and stopped */
    enum vm_state state;
    enum vm_request request; /* why this run ends */
    enum vm_request ended;   /* why the last one did */
    bool start_paused;       /* it is to be PAUSED once it has started */
    bool stop_asked;         /* the power button was pressed; stop_timer takes the power away */
    struct timer stop_timer;
    uint64_t started; /* count at which this run began */
    uint64_t made;    /* count at which its vCPUs were made */
    uint64_t runs;
    uint64_t paused_at; /* PAUSED: the physical count at which its virtual time stands */
    struct vm_load load;
    struct stage2 stage2;
    struct guest_memory memory;
    uint64_t counter_offset;              /* CNTVOFF_EL2: guest virtual count = physical count - offset */
    uint8_t last_vcpu[PLATFORM_MAX_CPUS]; /* per CPU: 1 + the vCPU of this VM that it ran last (0: none) */
    uint32_t vcpu_count;
    uint32_t vcpus_on; /* PSCI state ON or ON_PENDING */
    struct vcpu *vcpus[CONFIG_MAX_VCPUS];
    struct vm_log log;
    void *device[DEVICE_SLOTS];
};

/* Where RAM begins in every guest (docs/guest-board.md). */
#define VM_RAM_BASE 0x40000000ULL

/*
 * From a vCPU of the VM: asks for the end of the run, makes every vCPU leave the guest, and returns; the caller goes back to the guest
 * exit path, which never returns to the guest. reason: one line for the log. Administrators: vm/vm_control.h.
 */
void vm_request(struct vm *vm, enum vm_request request, const char *reason);

/*
 * Start-up, boot CPU: takes the configuration and the modules. The objects of a VM are made when it starts and given back when it
 * ends its run.
 */
void vm_setup(const struct config *config, const struct handoff *handoff);
/* Keeper only. Makes memory, tables, vCPUs and devices; STATUS_NO_MEMORY leaves nothing behind. */
enum status vm_create(struct vm *vm);
/* Keeper only, every vCPU quiescent. */
void vm_destroy(struct vm *vm);
/*
 * Keeper only: does the next piece of a start (a few milliseconds). STATUS_BUSY: there is more; STATUS_OK: all is loaded, the boot vCPU's entry in
 * *entry and its x0 in *tree; else why it can't be started, said in the log.
 */
enum status vm_load_step(struct vm *vm, uint64_t *entry, uint64_t *tree);
/* A file of the VM's, or NULL. */
const struct handoff_module *vm_module(const struct vm *vm, enum handoff_module_kind kind);

/* Starts the thread that starts, restarts and ends VMs, and those that autostart. */
enum status keeper_start(const struct config *config);
/* Something about a VM has changed: any context. */
void keeper_notify(void);

unsigned vm_count(void);
struct vm *vm_get(unsigned index); /* index < vm_count() */
