/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A vCPU's generic timers (DDI 0487, "The Generic Timer in AArch64 state").
 *
 * Virtual timer: CNTV_*_EL0 in hardware while the vCPU is loaded, shifted by CNTVOFF_EL2. Its physical interrupt becomes the guest's
 * INTID 27 by a hardware-linked list register: the guest's deactivation deactivates the physical one, and a condition that still
 * holds then fires again, as with a level-sensitive wire. While the vCPU is not loaded an EL2 timer stands for it, raises
 * the line of INTID 27 when the time comes, and so wakes a vCPU that sleeps in WFI. vtimer_load takes that line back: a
 * condition that holds by then is turned into what the hardware's own interrupt would have done at once (virt_inject),
 * so that at no moment a sleeper finds nothing pending after it was woken.
 *
 * Physical timer: CNTP_*_EL0 traps (CNTHCTL_EL2.EL1PCEN = 0) and is compared with CNTPCT_EL0, which the guest reads untrapped; an EL2
 * timer raises the line of INTID 30. It goes on while the vCPU is elsewhere or asleep.
 *
 * State: one struct vtimer per vCPU, in one allocation per VM. The virtual half is touched by the vCPU's own CPU, or where the
 * vCPU is off; the lock is for the two EL2 timers, which fire on the CPU that armed them.
 */
#include "dev/vtimer.h"

#include <stdbool.h>
#include <stddef.h>

#include "arch/barrier.h"
#include "arch/phys.h"
#include "arch/spinlock.h"
#include "arch/sysreg.h"
#include "cpu/irq.h"
#include "cpu/timer.h"
#include "dev/guest_tree.h"
#include "dev/vgic/vgic.h"
#include "lib/bits.h"
#include "mem/page_alloc.h"
#include "vm/calls.h"
#include "vm/device.h"
#include "vm/vcpu.h"
#include "vm/vm.h"

/* CNTP_CTL_EL0 and CNTV_CTL_EL0 */
#define CTL_ENABLE BIT(0)
#define CTL_IMASK BIT(1)
#define CTL_ISTATUS BIT(2)

struct vtimer {
    struct spinlock lock;
    struct vcpu *vcpu;
    struct timer virt_timer; /* armed only while not loaded */
    uint64_t virt_ctl;       /* CNTV_CTL_EL0 and CNTV_CVAL_EL0, valid while not loaded */
    uint64_t virt_cval;
    bool loaded;
    bool virt_line; /* INTID 27's line was raised in software */
    struct timer phys_timer;
    uint64_t phys_ctl; /* ENABLE and IMASK */
    uint64_t phys_cval;
};

static uint32_t virt_pintid; /* written once by vtimer_init */

static struct vtimer *vtimer_of(const struct vcpu *vcpu)
{
    return vcpu->device[DEVICE_VTIMER];
}

/* DDI 0487, "Operation of the CompareValue views": the condition holds when count - CVAL, both 64-bit unsigned, is not negative. */
static bool condition_met(uint64_t count, uint64_t cval)
{
    return count >= cval;
}

static bool may_interrupt(uint64_t ctl)
{
    return (ctl & (CTL_ENABLE | CTL_IMASK)) == CTL_ENABLE;
}

/* Arms timer for when a guest's count, now at count, reaches cval; not at all if the host's counter never gets there. */
static void arm_for(struct timer *timer, uint64_t count, uint64_t cval)
{
    uint64_t now = timer_count();
    uint64_t remaining = condition_met(count, cval) ? 0U : cval - count;

    if (remaining <= UINT64_MAX - now) {
        timer_arm(timer, now + remaining);
    }
}

static uint64_t virt_count(const struct vtimer *vtimer)
{
    /* An EL2 timer may look while a VM that was paused goes on: vtimer_load then looks again. */
    return timer_count() - __atomic_load_n(&vtimer->vcpu->vm->counter_offset, __ATOMIC_RELAXED);
}

/* With the lock held. */
static void virt_set_line(struct vtimer *vtimer, bool level)
{
    if (vtimer->virt_line != level) {
        vtimer->virt_line = level;
        vgic_set_ppi(vtimer->vcpu, VTIMER_VIRT_INTID, level);
    }
}

static void virt_fire(struct timer *timer)
{
    struct vtimer *vtimer = CONTAINER_OF(timer, struct vtimer, virt_timer);

    spinlock_lock(&vtimer->lock);
    if (!vtimer->loaded && may_interrupt(vtimer->virt_ctl) && condition_met(virt_count(vtimer), vtimer->virt_cval)) {
        /* A sleeper finds its interrupt pending when it is loaded; the line is for one that could not take it now. */
        if (!vgic_wake_ppi(vtimer->vcpu, VTIMER_VIRT_INTID)) {
            virt_set_line(vtimer, true);
        }
    }
    spinlock_unlock(&vtimer->lock);
}

/* What taking the physical interrupt does, without taking it: its condition holds and the vCPU is just being loaded. */
static void virt_inject(struct vtimer *vtimer)
{
    irq_set_private_active(virt_pintid, true);
    vgic_inject_hw(vtimer->vcpu, VTIMER_VIRT_INTID, virt_pintid);
}

static void vtimer_load(struct vcpu *vcpu)
{
    struct vtimer *vtimer = vtimer_of(vcpu);
    bool due = may_interrupt(vtimer->virt_ctl) && condition_met(virt_count(vtimer), vtimer->virt_cval);

    timer_cancel(&vtimer->virt_timer);
    spinlock_lock(&vtimer->lock);
    vtimer->loaded = true;
    virt_set_line(vtimer, false);
    spinlock_unlock(&vtimer->lock);

    if (due) {
        virt_inject(vtimer);
    }
    sysreg_write(CNTVOFF_EL2, vcpu->vm->counter_offset);
    sysreg_write(CNTV_CVAL_EL0, vtimer->virt_cval);
    /* The comparison is right before it is enabled. */
    barrier_isb();
    sysreg_write(CNTV_CTL_EL0, vtimer->virt_ctl);
}

/*
 * The vgic is still loaded: it deactivates the physical interrupt after this. A condition that holds already is left to the EL2 timer,
 * too, which fires as soon as interrupts are taken: the vgic drops what a linked interrupt had of a line when it cuts the link.
 */
static void vtimer_put(struct vcpu *vcpu)
{
    struct vtimer *vtimer = vtimer_of(vcpu);
    uint64_t count;

    vtimer->virt_ctl = sysreg_read(CNTV_CTL_EL0) & (CTL_ENABLE | CTL_IMASK);
    vtimer->virt_cval = sysreg_read(CNTV_CVAL_EL0);
    sysreg_write(CNTV_CTL_EL0, 0);
    /* The wire is low before this CPU can take an interrupt again. */
    barrier_isb();

    spinlock_lock(&vtimer->lock);
    vtimer->loaded = false;
    count = virt_count(vtimer);
    if (may_interrupt(vtimer->virt_ctl)) {
        arm_for(&vtimer->virt_timer, count, vtimer->virt_cval);
    }
    spinlock_unlock(&vtimer->lock);
}

/*
 * The EL1 virtual timer's interrupt on this CPU. It may be a late one of a vCPU that has left, or whose guest has moved the
 * comparator since: the wire is low again, there is nothing to tell anybody.
 */
static enum irq_done virt_interrupt(uint32_t intid, void *argument)
{
    struct vcpu *vcpu = vcpu_current();
    uint64_t ctl = sysreg_read(CNTV_CTL_EL0);

    (void)argument;
    if (vcpu == NULL || !vtimer_of(vcpu)->loaded || !may_interrupt(ctl) || (ctl & CTL_ISTATUS) == 0U) {
        return IRQ_DEACTIVATE;
    }
    vgic_inject_hw(vcpu, VTIMER_VIRT_INTID, intid);
    return IRQ_KEEP_ACTIVE;
}

/* With the lock held: the line of INTID 30 follows the condition, and an EL2 timer waits for it where it can still change. */
static void phys_update(struct vtimer *vtimer)
{
    uint64_t count = timer_count();
    bool may = may_interrupt(vtimer->phys_ctl);
    bool met = condition_met(count, vtimer->phys_cval);

    timer_cancel(&vtimer->phys_timer);
    if (may && !met) {
        arm_for(&vtimer->phys_timer, count, vtimer->phys_cval);
    }
    vgic_set_ppi(vtimer->vcpu, VTIMER_PHYS_INTID, may && met);
}

static void phys_fire(struct timer *timer)
{
    struct vtimer *vtimer = CONTAINER_OF(timer, struct vtimer, phys_timer);

    spinlock_lock(&vtimer->lock);
    phys_update(vtimer);
    spinlock_unlock(&vtimer->lock);
}

static bool phys_read(struct vcpu *vcpu, uint32_t key, uint64_t *value)
{
    struct vtimer *vtimer = vtimer_of(vcpu);
    uint64_t count = timer_count();

    spinlock_lock(&vtimer->lock);
    if (key == KEY_CNTP_CVAL_EL0) {
        *value = vtimer->phys_cval;
    } else if (key == KEY_CNTP_TVAL_EL0) {
        *value = (uint32_t)(vtimer->phys_cval - count);
    } else {
        *value = vtimer->phys_ctl;
        /* ISTATUS is not masked by IMASK; with ENABLE = 0 it is UNKNOWN. */
        if ((vtimer->phys_ctl & CTL_ENABLE) != 0U && condition_met(count, vtimer->phys_cval)) {
            *value |= CTL_ISTATUS;
        }
    }
    spinlock_unlock(&vtimer->lock);
    return true;
}

static bool phys_write(struct vcpu *vcpu, uint32_t key, uint64_t value)
{
    struct vtimer *vtimer = vtimer_of(vcpu);

    spinlock_lock(&vtimer->lock);
    if (key == KEY_CNTP_CVAL_EL0) {
        vtimer->phys_cval = value;
    } else if (key == KEY_CNTP_TVAL_EL0) {
        /* TVAL is a signed 32-bit distance. */
        vtimer->phys_cval = timer_count() + (uint64_t)(int64_t)(int32_t)(uint32_t)value;
    } else {
        vtimer->phys_ctl = value & (CTL_ENABLE | CTL_IMASK);
    }
    phys_update(vtimer);
    spinlock_unlock(&vtimer->lock);
    return true;
}

static const struct sysreg_row vtimer_rows[] = {
    {KEY_CNTP_CTL_EL0, "CNTP_CTL_EL0", phys_read, phys_write},
    {KEY_CNTP_CVAL_EL0, "CNTP_CVAL_EL0", phys_read, phys_write},
    {KEY_CNTP_TVAL_EL0, "CNTP_TVAL_EL0", phys_read, phys_write},
};

/* Both timers disabled (DDI 0487 leaves ENABLE UNKNOWN at reset; PSCI wants timers that don't fire), no line high. */
static void vtimer_vcpu_reset(struct vcpu *vcpu)
{
    struct vtimer *vtimer = vtimer_of(vcpu);

    timer_cancel(&vtimer->virt_timer);
    spinlock_lock(&vtimer->lock);
    vtimer->virt_ctl = 0;
    vtimer->virt_cval = 0;
    virt_set_line(vtimer, false);
    vtimer->phys_ctl = 0;
    vtimer->phys_cval = 0;
    phys_update(vtimer);
    spinlock_unlock(&vtimer->lock);
}

static void vtimer_reset(struct vm *vm)
{
    for (uint32_t i = 0; i < vm->vcpu_count; i++) {
        vtimer_vcpu_reset(vm->vcpus[i]);
    }
}

static unsigned allocation_order(const struct vm *vm)
{
    unsigned order = 0;

    while ((PAGE_SIZE << order) < vm->vcpu_count * sizeof(struct vtimer)) {
        order++;
    }
    return order;
}

static enum status vtimer_create(struct vm *vm)
{
    struct vtimer *vtimers;
    pa_t pa;
    enum status status = page_alloc_zeroed(OWNER_VM(vm->index), allocation_order(vm), &pa);

    if (status != STATUS_OK) {
        return status;
    }
    vtimers = phys_to_pointer(pa.pa);
    vm->device[DEVICE_VTIMER] = vtimers;
    for (uint32_t i = 0; i < vm->vcpu_count; i++) {
        spinlock_init(&vtimers[i].lock, LOCK_RANK_DEVICE);
        vtimers[i].vcpu = vm->vcpus[i];
        vtimers[i].virt_timer.fire = virt_fire;
        vtimers[i].phys_timer.fire = phys_fire;
        vm->vcpus[i]->device[DEVICE_VTIMER] = &vtimers[i];
    }
    return STATUS_OK;
}

static void vtimer_destroy(struct vm *vm)
{
    struct vtimer *vtimers = vm->device[DEVICE_VTIMER];

    if (vtimers == NULL) {
        return;
    }
    for (uint32_t i = 0; i < vm->vcpu_count; i++) {
        timer_cancel_wait(&vtimers[i].virt_timer);
        timer_cancel_wait(&vtimers[i].phys_timer);
        vm->vcpus[i]->device[DEVICE_VTIMER] = NULL;
    }
    vm->device[DEVICE_VTIMER] = NULL;
    page_free(OWNER_VM(vm->index), allocation_order(vm), pa_make(pointer_to_phys(vtimers)));
}

/*
 * The binding's fixed order: secure physical, non-secure physical, virtual, hypervisor. The first and the last are named because it
 * is positional; a guest at EL1 can't reach them. always-on: the timers go on while a vCPU sleeps.
 */
static enum status vtimer_describe(const struct vm *vm, struct guest_tree *tree)
{
    static const uint32_t interrupts[] = {
        GUEST_TREE_PPI, 13, GUEST_TREE_LEVEL_HIGH, GUEST_TREE_PPI, 14, GUEST_TREE_LEVEL_HIGH,
        GUEST_TREE_PPI, 11, GUEST_TREE_LEVEL_HIGH, GUEST_TREE_PPI, 10, GUEST_TREE_LEVEL_HIGH,
    };
    static const char compatible[] = "arm,armv8-timer\0arm,armv7-timer";

    (void)vm;
    guest_tree_begin(tree, "timer");
    guest_tree_bytes(tree, "compatible", compatible, sizeof(compatible));
    guest_tree_cells(tree, "interrupts", interrupts, ARRAY_SIZE(interrupts));
    guest_tree_empty(tree, "always-on");
    guest_tree_end(tree);
    return guest_tree_status(tree);
}

const struct device_class vtimer_class = {
    .name = "vtimer",
    .create = vtimer_create,
    .destroy = vtimer_destroy,
    .reset = vtimer_reset,
    .vcpu_reset = vtimer_vcpu_reset,
    .vcpu_load = vtimer_load,
    .vcpu_put = vtimer_put,
    .describe = vtimer_describe,
};

enum status vtimer_init(uint32_t phys_intid)
{
    virt_pintid = phys_intid;
    sysreg_table_add(vtimer_rows, ARRAY_SIZE(vtimer_rows));
    return irq_register(phys_intid, virt_interrupt, NULL);
}

void vtimer_cpu_init(void)
{
    sysreg_write(CNTV_CTL_EL0, 0);
    barrier_isb();
    irq_enable(virt_pintid, false);
}
