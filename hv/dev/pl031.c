/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The VM's real-time clock, a PL031 (DDI 0224): UTC seconds since 1970, 32 bits. It counts the machine's wall clock plus an offset of the
 * VM's own, which RTCLR sets; like a clock with a battery it survives a reset of the VM, and is enabled from the start.
 * An EL2 timer stands for the comparator. Called by the MMIO bus on a vCPU's stack.
 *
 * State: one struct pl031 per VM, guarded by its lock.
 */
#include "dev/pl031.h"

#include <stdbool.h>
#include <stddef.h>

#include "arch/phys.h"
#include "arch/spinlock.h"
#include "cpu/timer.h"
#include "dev/guest_tree.h"
#include "dev/primecell.h"
#include "dev/vgic/vgic.h"
#include "lib/bits.h"
#include "mem/page_alloc.h"
#include "vm/device.h"
#include "vm/vcpu.h"
#include "vm/vm.h"

/* Register offsets (DDI 0224, summary of registers). */
#define RTCDR 0x000U
#define RTCMR 0x004U
#define RTCLR 0x008U
#define RTCCR 0x00CU
#define RTCIMSC 0x010U
#define RTCRIS 0x014U
#define RTCMIS 0x018U
#define RTCICR 0x01CU

#define SECOND_NS 1000000000ULL

struct pl031 {
    struct spinlock lock;
    struct vm *vm;
    struct timer match;
    uint64_t deadline; /* of match, CNTPCT_EL0, while waiting */
    bool waiting;
    uint32_t offset; /* RTCDR = wall clock + offset, modulo 2^32 */
    uint32_t mr;
    uint32_t lr;
    uint32_t imsc;
    uint32_t ris;
    bool line; /* of INTID 34 */
};

_Static_assert(sizeof(struct pl031) <= PAGE_SIZE, "one page");

/* Wall clock in seconds modulo 2^32, and how far the second has gone. */
static uint32_t wall_seconds(uint32_t *nanoseconds)
{
    int64_t seconds;

    /* Without a known time it counts from the machine's start, like a clock whose battery was empty. */
    (void)timer_wall_clock(&seconds, nanoseconds);
    return (uint32_t)seconds;
}

static uint32_t data_register(const struct pl031 *pl031)
{
    uint32_t nanoseconds;

    return wall_seconds(&nanoseconds) + pl031->offset;
}

static void line_update(struct pl031 *pl031)
{
    bool level = (pl031->ris & pl031->imsc) != 0U;

    if (level != pl031->line) {
        pl031->line = level;
        vgic_set_spi(pl031->vm, PL031_INTID, level);
    }
}

/* The match register or the count was set: the next time they are equal is now, or at the beginning of a second up to 2^32 - 1 away. */
static void match_update(struct pl031 *pl031)
{
    uint32_t nanoseconds;
    uint32_t ticks = pl031->mr - pl031->offset - wall_seconds(&nanoseconds);

    pl031->waiting = ticks != 0U;
    if (!pl031->waiting) {
        timer_cancel(&pl031->match);
        pl031->ris = 1;
        return;
    }
    /* Rounded up: when it fires the second has begun. */
    pl031->deadline = timer_count() + timer_from_ns(ticks * SECOND_NS - nanoseconds) + 1U;
    timer_arm(&pl031->match, pl031->deadline);
}

static void match_fire(struct timer *timer)
{
    struct pl031 *pl031 = CONTAINER_OF(timer, struct pl031, match);

    spinlock_lock(&pl031->lock);
    /* Before its time: it had begun to fire when the registers were written and it was armed anew. */
    if (pl031->waiting && timer_count() >= pl031->deadline) {
        pl031->waiting = false;
        pl031->ris = 1;
    }
    line_update(pl031);
    spinlock_unlock(&pl031->lock);
}

static uint32_t register_read(const struct pl031 *pl031, uint32_t offset)
{
    switch (offset) {
    case RTCDR:
        return data_register(pl031);
    case RTCMR:
        return pl031->mr;
    case RTCLR:
        return pl031->lr;
    case RTCCR:
        /* Once enabled it stays so (RTCCR), and it was before the guest came. */
        return 1;
    case RTCIMSC:
        return pl031->imsc;
    case RTCRIS:
        return pl031->ris;
    case RTCMIS:
        return pl031->ris & pl031->imsc;
    default:
        return primecell_id(offset, 0x31, 0x04);
    }
}

static void register_write(struct pl031 *pl031, uint32_t offset, uint32_t value)
{
    switch (offset) {
    case RTCMR:
        pl031->mr = value;
        match_update(pl031);
        break;
    case RTCLR:
        pl031->lr = value;
        pl031->offset += value - data_register(pl031);
        match_update(pl031);
        break;
    case RTCIMSC:
        pl031->imsc = value & 1U;
        break;
    case RTCICR:
        pl031->ris &= ~value;
        break;
    default:
        break;
    }
}

static struct mmio_value pl031_read(struct vcpu *vcpu, void *device, uint64_t offset, unsigned size)
{
    struct pl031 *pl031 = device;

    (void)vcpu;
    if (!primecell_is_access(offset, size)) {
        return (struct mmio_value){0};
    }
    spinlock_lock(&pl031->lock);
    uint32_t value = register_read(pl031, (uint32_t)offset);
    spinlock_unlock(&pl031->lock);
    return (struct mmio_value){value, true};
}

static bool pl031_write(struct vcpu *vcpu, void *device, uint64_t offset, unsigned size, uint64_t value)
{
    struct pl031 *pl031 = device;

    (void)vcpu;
    if (!primecell_is_access(offset, size)) {
        return false;
    }
    spinlock_lock(&pl031->lock);
    register_write(pl031, (uint32_t)offset, (uint32_t)value);
    line_update(pl031);
    spinlock_unlock(&pl031->lock);
    return true;
}

static const struct mmio_ops pl031_ops = {
    .read = pl031_read,
    .write = pl031_write,
};

static void pl031_reset(struct vm *vm)
{
    struct pl031 *pl031 = vm->device[DEVICE_PL031];

    spinlock_lock(&pl031->lock);
    timer_cancel(&pl031->match);
    pl031->waiting = false;
    pl031->mr = 0;
    pl031->lr = 0;
    pl031->imsc = 0;
    pl031->ris = 0;
    line_update(pl031);
    spinlock_unlock(&pl031->lock);
}

static enum status pl031_create(struct vm *vm)
{
    struct pl031 *pl031;
    pa_t pa;
    enum status status = page_alloc_zeroed(OWNER_VM(vm->index), 0, &pa);

    if (status != STATUS_OK) {
        return status;
    }
    pl031 = phys_to_pointer(pa.pa);
    spinlock_init(&pl031->lock, LOCK_RANK_DEVICE);
    pl031->vm = vm;
    pl031->match.fire = match_fire;
    vm->device[DEVICE_PL031] = pl031;
    return mmio_bus_add(&vm->mmio, ipa_make(PL031_BASE), PL031_SIZE, &pl031_ops, pl031);
}

static void pl031_destroy(struct vm *vm)
{
    struct pl031 *pl031 = vm->device[DEVICE_PL031];

    if (pl031 == NULL) {
        return;
    }
    timer_cancel_wait(&pl031->match);
    vm->device[DEVICE_PL031] = NULL;
    page_free(OWNER_VM(vm->index), 0, pa_make(pointer_to_phys(pl031)));
}

static enum status pl031_describe(const struct vm *vm, struct guest_tree *tree)
{
    static const char compatible[] = "arm,pl031\0arm,primecell";
    static const uint64_t reg[][2] = {{PL031_BASE, PL031_SIZE}};

    (void)vm;
    guest_tree_begin(tree, "pl031@9010000");
    guest_tree_bytes(tree, "compatible", compatible, sizeof(compatible));
    guest_tree_reg(tree, reg, 1);
    guest_tree_spi(tree, PL031_INTID);
    guest_tree_u32(tree, "clocks", GUEST_TREE_PHANDLE_PCLK);
    guest_tree_string(tree, "clock-names", "apb_pclk");
    guest_tree_end(tree);
    return guest_tree_status(tree);
}

const struct device_class pl031_class = {
    .name = "pl031",
    .create = pl031_create,
    .destroy = pl031_destroy,
    .reset = pl031_reset,
    .describe = pl031_describe,
};
