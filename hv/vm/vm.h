/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Virtual machines: what one is made of, and its life.
 *
 *   OFF --vm_start--> RUNNING --(all vCPUs off, SYSTEM_OFF, vm_stop)--> STOPPING --keeper--> OFF (or started again: a reset)
 *
 * Requests may come from any context; what takes long (clearing memory, copying the kernel) is done by the keeper, a thread of
 * the hypervisor (vm/keeper.c), once every vCPU of the VM has left its CPU.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "arch/spinlock.h"
#include "ashlar/config.h"
#include "ashlar/handoff.h"
#include "lib/status.h"
#include "mem/guest_memory.h"
#include "mem/stage2.h"
#include "platform/platform.h"
#include "vm/config_check.h"
#include "vm/device.h"
#include "vm/mmio.h"

struct vcpu;

enum vm_state { VM_OFF, VM_STARTING, VM_RUNNING, VM_STOPPING, VM_HELD };

/* Why a VM ends its run; the highest asked for wins. */
enum vm_request {
    VM_REQUEST_NONE,
    VM_REQUEST_RESET, /* PSCI SYSTEM_RESET and RESET2 */
    VM_REQUEST_CRASH, /* no vCPU can make progress */
    VM_REQUEST_OFF,   /* PSCI SYSTEM_OFF, or the administrator's stop */
};

struct vm {
    uint32_t index;
    const struct vm_config *config;
    struct spinlock lock; /* state, request, each vCPU's power state */
    enum vm_state state;
    enum vm_request request;
    struct stage2 stage2;
    struct guest_memory memory;
    struct mmio_bus mmio;
    uint64_t counter_offset;              /* CNTVOFF_EL2: guest virtual count = physical count - offset */
    uint8_t last_vcpu[PLATFORM_MAX_CPUS]; /* per CPU: 1 + the vCPU of this VM that it ran last (0: none) */
    uint32_t vcpu_count;
    uint32_t vcpus_on; /* PSCI state ON or ON_PENDING */
    struct vcpu *vcpus[CONFIG_MAX_VCPUS];
    void *device[DEVICE_SLOTS];
};

/* Where RAM begins in every guest (docs/guest-board.md). */
#define VM_RAM_BASE 0x40000000ULL

/*
 * From a vCPU of the VM or from any thread: asks for the end of the run, makes every vCPU leave the guest, and returns; the caller, if
 * it is a vCPU, goes back to the guest exit path, which never returns to the guest. reason: one line for the log.
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
/* Keeper only: RAM cleared, files copied, devices reset, caches maintained; the boot vCPU's registers set. */
enum status vm_load(struct vm *vm);
/* A file of the VM's, or NULL. */
const struct handoff_module *vm_module(const struct vm *vm, enum handoff_module_kind kind);

/* Starts the thread that starts, restarts and ends VMs, and those that autostart. */
enum status keeper_start(const struct config *config);
/* Something about a VM has changed: any context. */
void keeper_notify(void);

unsigned vm_count(void);
struct vm *vm_get(unsigned index); /* index < vm_count() */
