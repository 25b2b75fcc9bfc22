/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vCPUs: making one, its power state, what happens between an exit and the next entry, and what is loaded with it.
 * A vCPU's power is under its VM's lock; its work bits are atomic; the rest is its own world's.
 */
#include "vm/vcpu.h"

#include "arch/barrier.h"
#include "arch/phys.h"
#include "arch/sysreg.h"
#include "arch/tlb.h"
#include "cpu/features.h"
#include "cpu/irq.h"
#include "cpu/prda.h"
#include "lib/bits.h"
#include "lib/panic.h"
#include "lib/string.h"
#include "sched/sched.h"
#include "vm/guest_registers.h"

#define VCPU_ORDER 1U
#define SPSR_EL1H_MASKED 0x3c5ULL /* D, A, I, F masked, EL1 with SP_EL1 */
#define MPIDR_RES1 BIT(31)

_Static_assert(sizeof(struct vcpu) <= PAGE_SIZE << VCPU_ORDER, "one allocation");

#ifdef ASHLAR_HOST
struct vcpu *vcpu_current(void)
{
    return (struct vcpu *)(void *)sched_resident();
}

bool vcpu_runs_here(const struct vcpu *vcpu)
{
    return sched_current() == &vcpu->world;
}
#endif

static void load(struct world *world)
{
    struct vcpu *vcpu = (struct vcpu *)(void *)world;
    struct vm *vm = vcpu->vm;
    unsigned cpu = PRDA->cpu;
    guest_registers_load(vcpu, stage2_vttbr(&vm->stage2));
    /*
     * Another vCPU of this VM ran here last: what it left in the TLB for EL1 may carry ASIDs and global entries that this one
     * uses otherwise (DDI 0487, D8.14: TLB entries are shared by whatever runs with the VMID on this PE).
     */
    if (vm->last_vcpu[cpu] != vcpu->index + 1U) {
        if (vm->last_vcpu[cpu] != 0U) {
            tlb_invalidate_stage1_local();
            barrier_dsb_nsh();
            barrier_isb();
        }
        vm->last_vcpu[cpu] = (uint8_t)(vcpu->index + 1U);
    }
    for (unsigned i = 0; i < DEVICE_SWITCHED; i++) {
        device_switched[i]->vcpu_load(vcpu);
    }
}

static void put(struct world *world)
{
    struct vcpu *vcpu = (struct vcpu *)(void *)world;
    for (unsigned i = DEVICE_SWITCHED; i-- > 0U;) {
        device_switched[i]->vcpu_put(vcpu);
    }
    guest_registers_put(vcpu);
}

static void preempt(struct world *world)
{
    struct vcpu *vcpu = (struct vcpu *)(void *)world;
    (void)__atomic_fetch_or(&vcpu->world.work, VCPU_WORK_RESCHED, __ATOMIC_RELEASE);
}

static const struct world_ops vcpu_world_ops = {.load = load, .put = put, .preempt = preempt};

static void set_affinity(struct vcpu *vcpu)
{
    for (unsigned word = 0; word < ARRAY_SIZE(vcpu->world.affinity); word++) {
        vcpu->world.affinity[word] = vcpu->vm->config->affinity[word];
    }
    vcpu->world.weight = vcpu->vm->config->weight;
}

enum status vcpu_world_create(struct vm *vm, unsigned index)
{
    pa_t pages;
    enum status status = page_alloc_zeroed(OWNER_VM(vm->index), VCPU_ORDER, &pages);
    if (status != STATUS_OK) {
        return status;
    }
    struct vcpu *vcpu = phys_to_pointer(pages.pa);
    status = world_create_vcpu(&vcpu->world, OWNER_VM(vm->index), vm->config->name, &vcpu_world_ops, &vcpu->frame);
    if (status != STATUS_OK) {
        page_free(OWNER_VM(vm->index), VCPU_ORDER, pages);
        return status;
    }
    vcpu->vm = vm;
    vcpu->index = index;
    vcpu->mpidr = MPIDR_RES1 | (uint64_t)(index / 16U) << 8 | index % 16U;
    vcpu->power = VCPU_OFF;
    vcpu->stopped = true;
    vcpu->world.work = VCPU_WORK_STOP;
    set_affinity(vcpu);
    if (!sched_may_run(&vcpu->world)) {
        world_destroy(&vcpu->world);
        page_free(OWNER_VM(vm->index), VCPU_ORDER, pages);
        return STATUS_UNSUPPORTED;
    }
    spinlock_lock(&vm->lock);
    vm->vcpus[index] = vcpu;
    spinlock_unlock(&vm->lock);
    return STATUS_OK;
}

void vcpu_world_destroy(struct vcpu *vcpu)
{
    struct vm *vm = vcpu->vm;
    /* A report may be looking at it. */
    spinlock_lock(&vm->lock);
    vm->vcpus[vcpu->index] = NULL;
    spinlock_unlock(&vm->lock);
    world_destroy(&vcpu->world);
    page_free(OWNER_VM(vm->index), VCPU_ORDER, pa_make(pointer_to_phys(vcpu)));
}

void vcpu_kick(struct vcpu *vcpu, uint32_t work)
{
    if (work != 0U) {
        (void)__atomic_fetch_or(&vcpu->world.work, work, __ATOMIC_SEQ_CST);
    }
    /* The running vCPU looks at its work before it enters the guest; one that is off starts without any. */
    if (!vcpu_runs_here(vcpu) && vcpu_power_state(vcpu) != VCPU_OFF) {
        sched_interrupt(&vcpu->world);
    }
}

void vcpu_wake(struct vcpu *vcpu)
{
    if (vcpu_power_state(vcpu) != VCPU_OFF) {
        world_wake(&vcpu->world);
    }
}

bool vcpu_interrupt_pending(struct vcpu *vcpu)
{
    return vcpu_irqchip.pending(vcpu);
}

void vcpu_wait(struct vcpu *vcpu)
{
    if (__atomic_load_n(&vcpu->world.work, __ATOMIC_SEQ_CST) == 0U && !vcpu_irqchip.pending(vcpu)) {
        sched_block();
    }
}

struct vcpu *vcpu_of_mpidr(struct vm *vm, uint64_t affinity)
{
    uint64_t index = (affinity & 0xffU) + 16U * bits_get(affinity, 15, 8);
    if ((affinity & 0xffU) > 15U || (affinity & 0xff00ff0000ULL) != 0U || index >= vm->vcpu_count) {
        return NULL;
    }
    return vm->vcpus[index];
}

enum vcpu_power vcpu_power_state(struct vcpu *vcpu)
{
    return __atomic_load_n(&vcpu->power, __ATOMIC_ACQUIRE);
}

static void set_power(struct vcpu *vcpu, enum vcpu_power power)
{
    __atomic_store_n(&vcpu->power, power, __ATOMIC_RELEASE);
}

void vcpu_boot(struct vcpu *vcpu, uint64_t entry, uint64_t context)
{
    vcpu->entry = entry;
    vcpu->entry_context = context;
    vcpu->vm->vcpus_on++;
    sched_place(&vcpu->world);
    set_power(vcpu, VCPU_ON_PENDING);
    world_wake(&vcpu->world);
}

void vcpu_power_clear(struct vcpu *vcpu)
{
    if (vcpu->power != VCPU_OFF) {
        sched_unplace(&vcpu->world);
    }
    set_power(vcpu, VCPU_OFF);
}

enum status vcpu_power_on(struct vcpu *vcpu, uint64_t entry, uint64_t context)
{
    struct vm *vm = vcpu->vm;
    if (!range_contains(vm->memory.base, vm->memory.size, entry, 4) || !is_aligned(entry, 4)) {
        return STATUS_RANGE;
    }
    enum status status = STATUS_OK;
    spinlock_lock(&vm->lock);
    if (vcpu->power == VCPU_ON) {
        status = STATUS_EXISTS;
    } else if (vcpu->power == VCPU_ON_PENDING || (vm->state != VM_RUNNING && vm->state != VM_PAUSING)) {
        status = STATUS_BUSY;
    } else {
        vcpu_boot(vcpu, entry, context);
    }
    spinlock_unlock(&vm->lock);
    return status;
}

void vcpu_power_off(struct vcpu *vcpu)
{
    struct vm *vm = vcpu->vm;
    spinlock_lock(&vm->lock);
    bool last = false;
    if (vcpu->power == VCPU_ON) {
        set_power(vcpu, VCPU_OFF);
        sched_unplace(&vcpu->world);
        vm->vcpus_on--;
        /* Where a reset was asked for, the one that asked is on still. */
        last = vm->vcpus_on == 0U;
    }
    spinlock_unlock(&vm->lock);
    (void)__atomic_fetch_or(&vcpu->world.work, VCPU_WORK_STOP, __ATOMIC_RELEASE);
    if (last) {
        vm_request(vm, VM_REQUEST_CRASH, "every vCPU is off, and none asked for SYSTEM_OFF");
    }
}

/* Under the VM's lock: what is to happen now. */
enum stop_step { STEP_GO_ON, STEP_START, STEP_SLEEP };

static enum stop_step stop_step(struct vcpu *vcpu)
{
    struct vm *vm = vcpu->vm;
    vcpu->stopped = vm->state != VM_RUNNING || vcpu->power == VCPU_OFF;
    if (vcpu->stopped) {
        return STEP_SLEEP;
    }
    if (vcpu->power == VCPU_ON) {
        return STEP_GO_ON;
    }
    set_power(vcpu, VCPU_ON);
    return STEP_START;
}

static void reset_to_entry(struct vcpu *vcpu)
{
    uint64_t owner = vcpu->frame->owner;
    memset(vcpu->frame, 0, sizeof(*vcpu->frame));
    vcpu->frame->owner = owner;
    vcpu->frame->x[0] = vcpu->entry_context;
    vcpu->frame->elr = vcpu->entry;
    vcpu->frame->spsr = SPSR_EL1H_MASKED;
    context_reset(vcpu);
    vcpu->context.hcr = guest_registers_hcr();
    for (unsigned i = 0; i < device_class_count; i++) {
        if (device_classes[i]->vcpu_reset != NULL) {
            device_classes[i]->vcpu_reset(vcpu);
        }
    }
}

/* The vCPU is off, or its VM is paused or ends: until it is powered on or goes on. */
static void stop_here(struct vcpu *vcpu)
{
    for (;;) {
        spinlock_lock(&vcpu->vm->lock);
        enum stop_step step = stop_step(vcpu);
        spinlock_unlock(&vcpu->vm->lock);
        if (step == STEP_GO_ON) {
            /* Evicted below, and not blocked: a wake-up came first. */
            sched_admit();
            return;
        }
        sched_evict(&vcpu->world);
        if (step == STEP_START) {
            reset_to_entry(vcpu);
            sched_admit();
            return;
        }
        context_leave(vcpu);
        keeper_notify();
        sched_block();
    }
}

/*
 * WFI traps only while somebody else waits for this CPU: a vCPU alone executes the real one, and the next physical interrupt,
 * routed to EL2, ends it.
 */
static void choose_wfi(struct vcpu *vcpu)
{
    guest_registers_trap_wfi(vcpu, sched_contended());
}

void vcpu_work(struct vcpu *vcpu)
{
    uint32_t work;
    while ((work = __atomic_exchange_n(&vcpu->world.work, 0U, __ATOMIC_ACQ_REL)) != 0U) {
        if ((work & VCPU_WORK_STOP) != 0U) {
            stop_here(vcpu);
        }
        if ((work & VCPU_WORK_RESCHED) != 0U) {
            sched_reschedule();
        }
        if ((work & VCPU_WORK_IRQ) != 0U) {
            vcpu_irqchip.flush(vcpu);
        }
    }
    choose_wfi(vcpu);
}
