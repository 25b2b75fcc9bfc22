/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A virtual CPU: a world whose EL2 stack ends in the guest's registers, and the EL1 state that stays in the hardware while
 * the world is loaded (architecture, decision 3).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "arch/frame.h"
#include "cpu/prda.h"
#include "lib/status.h"
#include "sched/world.h"
#include "vm/context.h"
#include "vm/vm.h"

/* Reasons for the slow path before the guest is entered again (bits of world.work). Set with release, then the vCPU is kicked. */
#define VCPU_WORK_IRQ 1U     /* the interrupt controller has to look at its list registers */
#define VCPU_WORK_STOP 2U    /* the VM ends its run, or the vCPU was powered off */
#define VCPU_WORK_RESCHED 4U /* the scheduler wants this CPU */
#define VCPU_WORK_TIMER 8U   /* the emulated physical timer has to be looked at */

/* ESR_EL2.EC, six bits */
#define VCPU_EXIT_CLASSES 64U

enum vcpu_power { VCPU_OFF, VCPU_ON_PENDING, VCPU_ON };

struct vcpu {
    struct world world;       /* first: frame->owner leads here */
    struct trap_frame *frame; /* general registers, ELR, SPSR; constant */
    struct vm *vm;
    uint32_t index;        /* within the VM */
    uint64_t mpidr;        /* what the guest reads: Aff0 = index % 16, Aff1 = index / 16, RES1 bit 31 */
    enum vcpu_power power; /* under vm->lock */
    bool stopped;          /* under vm->lock: it has seen that it may not run, and blocks or is about to */
    uint64_t entry;        /* ON_PENDING: where it starts, and x0 */
    uint64_t entry_context;
    struct vcpu_context context; /* EL1, FP, debug, pointer authentication: valid while not loaded */
    void *device[DEVICE_SLOTS];
    uint64_t
        exits[VCPU_EXIT_CLASSES]; /* synchronous exceptions taken from it, by ESR_EL2.EC; written on its CPU only */
    uint64_t interrupts;          /* IRQs that made it leave the guest, likewise */
};

static inline struct vcpu *vcpu_of_frame(struct trap_frame *frame)
{
    return (struct vcpu *)(uintptr_t)frame->owner;
}

/*
 * The vCPU whose state is in this CPU's registers, or NULL. It runs, or it sleeps and nothing but threads and the idle world has run here
 * since.
 */
#ifdef ASHLAR_HOST
struct vcpu *vcpu_current(void);
#else
static inline struct vcpu *vcpu_current(void)
{
    return (struct vcpu *)(void *)PRDA->resident;
}
#endif
/* The vCPU's world runs on this CPU: it will look at its work before it enters the guest. Else it has to be kicked. */
#ifdef ASHLAR_HOST
bool vcpu_runs_here(const struct vcpu *vcpu);
#else
static inline bool vcpu_runs_here(const struct vcpu *vcpu)
{
    return PRDA->current == &vcpu->world;
}
#endif

/* Sets work bits and makes the vCPU see them before it next executes a guest instruction: wakes it, or interrupts its CPU. Any context. */
void vcpu_kick(struct vcpu *vcpu, uint32_t work);
/* Ends the vCPU's sleep, if it sleeps: what it waits for is there when it is loaded. Any context. */
void vcpu_wake(struct vcpu *vcpu);

/* True when an interrupt waits that would wake the guest from WFI (vGIC), whatever PSTATE masks. */
bool vcpu_interrupt_pending(struct vcpu *vcpu);

/*
 * Blocks the running vCPU until vcpu_kick with VCPU_WORK_IRQ or another reason, unless vcpu_interrupt_pending already
 * (WFI, PSCI CPU_SUSPEND).
 */
void vcpu_wait(struct vcpu *vcpu);

/*
 * PSCI CPU_ON: STATUS_OK; STATUS_EXISTS when it is on; STATUS_BUSY when ON_PENDING; STATUS_RANGE when entry is no
 * RAM of the VM or not 4-byte aligned. The target starts at EL1h, MMU off, DAIF masked, x0 = context.
 */
enum status vcpu_power_on(struct vcpu *vcpu, uint64_t entry, uint64_t context);
/* PSCI CPU_OFF of the running vCPU. If it was the last one on, the VM has crashed (platform-and-command). Returns to the exit path. */
void vcpu_power_off(struct vcpu *vcpu);
enum vcpu_power vcpu_power_state(struct vcpu *vcpu);
/* VM locked, RUNNING or PAUSING, the vCPU off: as vcpu_power_on, with an entry that is right. */
void vcpu_boot(struct vcpu *vcpu, uint64_t entry, uint64_t context);
/* VM locked, the vCPU parked: off, as nothing of its run is left. The VM's count of vCPUs that are on is the caller's. */
void vcpu_power_clear(struct vcpu *vcpu);
/* Keeper only: the world, off and quiescent, in pages of the VM's. */
enum status vcpu_world_create(struct vm *vm, unsigned index);
void vcpu_world_destroy(struct vcpu *vcpu);
/* On each CPU before it runs a vCPU: the EL2 registers that hold for every guest. */
void vcpu_cpu_init(void);
/* The slow path before guest entry: until no work is left and the vCPU is on. */
void vcpu_work(struct vcpu *vcpu);

/* The vCPU of a VM with these affinity fields (MPIDR bits 39:32 and 23:0), or NULL. */
struct vcpu *vcpu_of_mpidr(struct vm *vm, uint64_t affinity);

/*
 * The interrupt controller as the exit path needs it; dev/vgic defines the one there is.
 */
struct vcpu_irqchip {
    /* Work bit VCPU_WORK_IRQ was set: bring list registers and state together. The vCPU is loaded, interrupts masked. */
    void (*flush)(struct vcpu *vcpu);
    bool (*pending)(struct vcpu *vcpu);
};
extern const struct vcpu_irqchip vcpu_irqchip;
