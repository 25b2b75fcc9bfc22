/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The VM's UART as a device: pl011_state.c behind a lock, its interrupt, its receive time-out, and the console at its other end.
 * Called by the MMIO bus on a vCPU's stack, by the console for input, and by the EL2 timer.
 *
 * State: one struct pl011 per VM, guarded by its lock, but UARTFR, which is read without.
 */
#include "dev/pl011.h"

#include <stddef.h>

#include "arch/phys.h"
#include "arch/spinlock.h"
#include "cpu/timer.h"
#include "dev/guest_tree.h"
#include "dev/pl011_state.h"
#include "dev/primecell.h"
#include "dev/vgic/vgic.h"
#include "lib/bits.h"
#include "mem/page_alloc.h"
#include "vm/console.h"
#include "vm/device.h"
#include "vm/vcpu.h"
#include "vm/vm.h"

struct pl011 {
    struct pl011_state state;
    struct spinlock lock;
    struct vm *vm;
    struct timer timeout;
    bool line; /* of INTID 33 */
};

_Static_assert(sizeof(struct pl011) <= PAGE_SIZE, "one page");

/* With the lock held: what the guest may see after any change of state. */
static void line_update(struct pl011 *pl011)
{
    bool level = pl011_state_interrupt(&pl011->state);

    if (level != pl011->line) {
        pl011->line = level;
        vgic_set_spi(pl011->vm, PL011_INTID, level);
    }
}

/* With the lock held: a character has come, so the 32 bit periods of the receive time-out begin (DDI 0183, UARTRTINTR). */
static void timeout_start(struct pl011 *pl011)
{
    timer_arm(&pl011->timeout, timer_count() + timer_from_ns(pl011_state_timeout_ns(&pl011->state, PL011_CLOCK)));
}

static void timeout_fire(struct timer *timer)
{
    struct pl011 *pl011 = CONTAINER_OF(timer, struct pl011, timeout);

    spinlock_lock(&pl011->lock);
    pl011_state_timeout(&pl011->state);
    line_update(pl011);
    spinlock_unlock(&pl011->lock);
}

bool pl011_receive(struct vm *vm, uint8_t byte)
{
    struct pl011 *pl011 = vm->device[DEVICE_PL011];
    bool taken;

    spinlock_lock(&pl011->lock);
    taken = pl011_state_can_receive(&pl011->state);
    if (taken) {
        pl011_state_receive(&pl011->state, byte);
        timeout_start(pl011);
        line_update(pl011);
    }
    spinlock_unlock(&pl011->lock);
    return taken;
}

static void transmit_room(struct vm *vm)
{
    struct pl011 *pl011 = vm->device[DEVICE_PL011];

    spinlock_lock(&pl011->lock);
    pl011_state_transmit_full(&pl011->state, false);
    line_update(pl011);
    spinlock_unlock(&pl011->lock);
}

const struct vm_uart_ops vm_uart = {
    .receive = pl011_receive,
    .transmit_room = transmit_room,
};

/* With the lock held. The console's lock ranks above, so bytes leave in the order in which they were written. */
static void send(struct pl011 *pl011, uint8_t byte)
{
    bool room = console_vm_output(pl011->vm, byte);

    if (room == pl011->state.transmit_full) {
        pl011_state_transmit_full(&pl011->state, !room);
    }
}

/* With the lock held, after an access. */
static void effect_apply(struct pl011 *pl011, const struct pl011_effect *effect)
{
    if (effect->arrived) {
        timeout_start(pl011);
    }
    if (effect->send) {
        send(pl011, effect->byte);
    }
    line_update(pl011);
}

static struct mmio_value read_locked(struct pl011 *pl011, uint32_t offset)
{
    struct pl011_effect effect = {0};
    uint32_t value;

    spinlock_lock(&pl011->lock);
    value = pl011_state_read(&pl011->state, offset, &effect);
    effect_apply(pl011, &effect);
    spinlock_unlock(&pl011->lock);
    if (effect.room) {
        console_vm_input_room(pl011->vm);
    }
    return (struct mmio_value){value, true};
}

static struct mmio_value pl011_read(struct vcpu *vcpu, void *device, uint64_t offset, unsigned size)
{
    struct pl011 *pl011 = device;

    (void)vcpu;
    if (!primecell_is_access(offset, size)) {
        return (struct mmio_value){0};
    }
    /* Polled around every character: one load, no lock. */
    if (offset == PL011_FR) {
        return (struct mmio_value){__atomic_load_n(&pl011->state.fr, __ATOMIC_RELAXED), true};
    }
    return read_locked(pl011, (uint32_t)offset);
}

/* With the lock held, which is released. */
static void write_locked(struct pl011 *pl011, uint32_t offset, uint32_t value)
{
    struct pl011_effect effect = {0};

    pl011_state_write(&pl011->state, offset, value, &effect);
    effect_apply(pl011, &effect);
    spinlock_unlock(&pl011->lock);
    if (effect.room) {
        console_vm_input_room(pl011->vm);
    }
}

static bool pl011_write(struct vcpu *vcpu, void *device, uint64_t offset, unsigned size, uint64_t value)
{
    struct pl011 *pl011 = device;

    (void)vcpu;
    if (!primecell_is_access(offset, size)) {
        return false;
    }
    spinlock_lock(&pl011->lock);
    if (offset != PL011_DR || !pl011_state_transmit(&pl011->state)) {
        write_locked(pl011, (uint32_t)offset, (uint32_t)value);
        return true;
    }
    send(pl011, (uint8_t)value);
    line_update(pl011);
    spinlock_unlock(&pl011->lock);
    return true;
}

static const struct mmio_ops pl011_ops = {
    .read = pl011_read,
    .write = pl011_write,
};

static void pl011_reset(struct vm *vm)
{
    struct pl011 *pl011 = vm->device[DEVICE_PL011];

    spinlock_lock(&pl011->lock);
    timer_cancel(&pl011->timeout);
    pl011_state_reset(&pl011->state);
    line_update(pl011);
    spinlock_unlock(&pl011->lock);
    console_vm_input_room(vm);
}

static enum status pl011_create(struct vm *vm)
{
    struct pl011 *pl011;
    pa_t pa;
    enum status status = page_alloc_zeroed(OWNER_VM(vm->index), 0, &pa);

    if (status != STATUS_OK) {
        return status;
    }
    pl011 = phys_to_pointer(pa.pa);
    spinlock_init(&pl011->lock, LOCK_RANK_DEVICE);
    pl011->vm = vm;
    pl011->timeout.fire = timeout_fire;
    pl011_state_reset(&pl011->state);
    vm->device[DEVICE_PL011] = pl011;
    return mmio_bus_add(&vm->mmio, ipa_make(PL011_BASE), PL011_SIZE, &pl011_ops, pl011);
}

static void pl011_destroy(struct vm *vm)
{
    struct pl011 *pl011 = vm->device[DEVICE_PL011];

    if (pl011 == NULL) {
        return;
    }
    timer_cancel_wait(&pl011->timeout);
    vm->device[DEVICE_PL011] = NULL;
    page_free(OWNER_VM(vm->index), 0, pa_make(pointer_to_phys(pl011)));
}

static enum status pl011_describe(const struct vm *vm, struct guest_tree *tree)
{
    static const char compatible[] = "arm,pl011\0arm,primecell";
    static const char clock_names[] = "uartclk\0apb_pclk";
    static const uint32_t clocks[] = {GUEST_TREE_PHANDLE_PCLK, GUEST_TREE_PHANDLE_PCLK};
    static const uint64_t reg[][2] = {{PL011_BASE, PL011_SIZE}};

    (void)vm;
    guest_tree_begin(tree, PL011_NODE);
    guest_tree_bytes(tree, "compatible", compatible, sizeof(compatible));
    guest_tree_reg(tree, reg, 1);
    guest_tree_spi(tree, PL011_INTID);
    guest_tree_cells(tree, "clocks", clocks, ARRAY_SIZE(clocks));
    guest_tree_bytes(tree, "clock-names", clock_names, sizeof(clock_names));
    guest_tree_end(tree);
    return guest_tree_status(tree);
}

const struct device_class pl011_class = {
    .name = "pl011",
    .create = pl011_create,
    .destroy = pl011_destroy,
    .reset = pl011_reset,
    .describe = pl011_describe,
};
