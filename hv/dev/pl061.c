/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The VM's GPIO controller, a PL061 (DDI 0190). Line 3 is the power button, high while pressed; nothing is connected to the
 * others, whose inputs read 0. A press lasts long enough for a guest that waits for the contact to settle before it looks.
 * Called by the MMIO bus on a vCPU's stack, by the keeper of a VM that is asked to stop, and by the EL2 timer.
 *
 * State: one struct pl061 per VM, guarded by its lock.
 */
#include "dev/pl061.h"

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
#include "vm/power_button.h"
#include "vm/vcpu.h"
#include "vm/vm.h"

/* Register offsets (DDI 0190, summary of registers). GPIODATA's address bits 9:2 are a mask of the bits that are accessed. */
#define GPIODATA_LAST 0x3FCU
#define GPIODIR 0x400U
#define GPIOIS 0x404U
#define GPIOIBE 0x408U
#define GPIOIEV 0x40CU
#define GPIOIE 0x410U
#define GPIORIS 0x414U
#define GPIOMIS 0x418U
#define GPIOIC 0x41CU
#define GPIOAFSEL 0x420U

#define POWER_LINE 3U
#define POWER_MASK (1U << POWER_LINE)
#define PRESS_NS 100000000ULL
#define KEY_POWER 116U /* the input event code that the gpio-keys binding takes */

struct pl061 {
    struct spinlock lock;
    struct vm *vm;
    struct timer release;
    uint8_t input; /* levels on the pins from outside */
    uint8_t data;  /* what the guest wrote, driven where dir says output */
    uint8_t dir;   /* 1: output */
    uint8_t is;    /* 1: level-sensitive */
    uint8_t ibe;   /* 1: both edges */
    uint8_t iev;   /* 1: rising edge or high level */
    uint8_t ie;
    uint8_t edge; /* edges seen and not cleared */
    uint8_t afsel;
    bool line; /* of INTID 39 */
};

_Static_assert(sizeof(struct pl061) <= PAGE_SIZE, "one page");

static uint8_t pins(const struct pl061 *pl061)
{
    return (uint8_t)((pl061->data & pl061->dir) | (pl061->input & ~pl061->dir));
}

/* A level interrupt is there as long as its level is, an edge until GPIOIC clears it. Inputs only. */
static uint8_t raw_interrupts(const struct pl061 *pl061)
{
    uint8_t levels = (uint8_t) ~(pl061->input ^ pl061->iev);

    return (uint8_t)((pl061->edge & ~pl061->is) | (levels & pl061->is & ~pl061->dir));
}

/* With the lock held. */
static void line_update(struct pl061 *pl061)
{
    bool level = (raw_interrupts(pl061) & pl061->ie) != 0U;

    if (level != pl061->line) {
        pl061->line = level;
        vgic_set_spi(pl061->vm, PL061_INTID, level);
    }
}

/* With the lock held: the outside drives input. */
static void input_set(struct pl061 *pl061, uint8_t input)
{
    uint8_t changed = (uint8_t)(input ^ pl061->input);
    uint8_t wanted = (uint8_t)(pl061->ibe | ~(input ^ pl061->iev));

    pl061->input = input;
    pl061->edge |= (uint8_t)(changed & wanted & ~pl061->is & ~pl061->dir);
    line_update(pl061);
}

static void release_fire(struct timer *timer)
{
    struct pl061 *pl061 = CONTAINER_OF(timer, struct pl061, release);

    spinlock_lock(&pl061->lock);
    input_set(pl061, (uint8_t)(pl061->input & ~POWER_MASK));
    spinlock_unlock(&pl061->lock);
}

void pl061_press_power(struct vm *vm)
{
    struct pl061 *pl061 = vm->device[DEVICE_PL061];

    spinlock_lock(&pl061->lock);
    input_set(pl061, pl061->input | POWER_MASK);
    timer_arm(&pl061->release, timer_count() + timer_from_ns(PRESS_NS));
    spinlock_unlock(&pl061->lock);
}

const struct vm_power_button_ops vm_power_button = {.press = pl061_press_power};

static uint8_t register_read(const struct pl061 *pl061, uint32_t offset)
{
    if (offset <= GPIODATA_LAST) {
        return (uint8_t)(pins(pl061) & (offset >> 2));
    }
    switch (offset) {
    case GPIODIR:
        return pl061->dir;
    case GPIOIS:
        return pl061->is;
    case GPIOIBE:
        return pl061->ibe;
    case GPIOIEV:
        return pl061->iev;
    case GPIOIE:
        return pl061->ie;
    case GPIORIS:
        return raw_interrupts(pl061);
    case GPIOMIS:
        return raw_interrupts(pl061) & pl061->ie;
    case GPIOAFSEL:
        return pl061->afsel;
    default:
        return (uint8_t)primecell_id(offset, 0x61, 0x04);
    }
}

static void register_write(struct pl061 *pl061, uint32_t offset, uint8_t value)
{
    if (offset <= GPIODATA_LAST) {
        uint8_t mask = (uint8_t)(offset >> 2);
        pl061->data = (uint8_t)((pl061->data & ~mask) | (value & mask));
        return;
    }
    switch (offset) {
    case GPIODIR:
        pl061->dir = value;
        break;
    case GPIOIS:
        pl061->is = value;
        break;
    case GPIOIBE:
        pl061->ibe = value;
        break;
    case GPIOIEV:
        pl061->iev = value;
        break;
    case GPIOIE:
        pl061->ie = value;
        break;
    case GPIOIC:
        pl061->edge &= (uint8_t)~value;
        break;
    case GPIOAFSEL:
        pl061->afsel = value;
        break;
    default:
        break;
    }
}

static struct mmio_value pl061_read(struct vcpu *vcpu, void *device, uint64_t offset, unsigned size)
{
    struct pl061 *pl061 = device;

    (void)vcpu;
    if (!primecell_is_access(offset, size)) {
        return (struct mmio_value){0};
    }
    spinlock_lock(&pl061->lock);
    uint32_t value = register_read(pl061, (uint32_t)offset);
    spinlock_unlock(&pl061->lock);
    return (struct mmio_value){value, true};
}

static bool pl061_write(struct vcpu *vcpu, void *device, uint64_t offset, unsigned size, uint64_t value)
{
    struct pl061 *pl061 = device;

    (void)vcpu;
    if (!primecell_is_access(offset, size)) {
        return false;
    }
    spinlock_lock(&pl061->lock);
    register_write(pl061, (uint32_t)offset, (uint8_t)value);
    line_update(pl061);
    spinlock_unlock(&pl061->lock);
    return true;
}

static const struct mmio_ops pl061_ops = {
    .read = pl061_read,
    .write = pl061_write,
};

/* All registers are 0 after reset, and nobody holds the button down. */
static void pl061_reset(struct vm *vm)
{
    struct pl061 *pl061 = vm->device[DEVICE_PL061];

    spinlock_lock(&pl061->lock);
    timer_cancel(&pl061->release);
    pl061->input = 0;
    pl061->data = 0;
    pl061->dir = 0;
    pl061->is = 0;
    pl061->ibe = 0;
    pl061->iev = 0;
    pl061->ie = 0;
    pl061->edge = 0;
    pl061->afsel = 0;
    line_update(pl061);
    spinlock_unlock(&pl061->lock);
}

static enum status pl061_create(struct vm *vm)
{
    struct pl061 *pl061;
    pa_t pa;
    enum status status = page_alloc_zeroed(OWNER_VM(vm->index), 0, &pa);

    if (status != STATUS_OK) {
        return status;
    }
    pl061 = phys_to_pointer(pa.pa);
    spinlock_init(&pl061->lock, LOCK_RANK_DEVICE);
    pl061->vm = vm;
    pl061->release.fire = release_fire;
    vm->device[DEVICE_PL061] = pl061;
    return mmio_bus_add(&vm->mmio, ipa_make(PL061_BASE), PL061_SIZE, &pl061_ops, pl061);
}

static void pl061_destroy(struct vm *vm)
{
    struct pl061 *pl061 = vm->device[DEVICE_PL061];

    if (pl061 == NULL) {
        return;
    }
    timer_cancel_wait(&pl061->release);
    vm->device[DEVICE_PL061] = NULL;
    page_free(OWNER_VM(vm->index), 0, pa_make(pointer_to_phys(pl061)));
}

static void describe_key(struct guest_tree *tree)
{
    static const uint32_t gpios[] = {GUEST_TREE_PHANDLE_GPIO, POWER_LINE, 0};

    guest_tree_begin(tree, "gpio-keys");
    guest_tree_string(tree, "compatible", "gpio-keys");
    guest_tree_begin(tree, "poweroff");
    guest_tree_string(tree, "label", "GPIO Key Poweroff");
    guest_tree_u32(tree, "linux,code", KEY_POWER);
    guest_tree_cells(tree, "gpios", gpios, ARRAY_SIZE(gpios));
    guest_tree_end(tree);
    guest_tree_end(tree);
}

static enum status pl061_describe(const struct vm *vm, struct guest_tree *tree)
{
    static const char compatible[] = "arm,pl061\0arm,primecell";
    static const uint64_t reg[][2] = {{PL061_BASE, PL061_SIZE}};

    (void)vm;
    guest_tree_begin(tree, "pl061@9030000");
    guest_tree_bytes(tree, "compatible", compatible, sizeof(compatible));
    guest_tree_reg(tree, reg, 1);
    guest_tree_spi(tree, PL061_INTID);
    guest_tree_empty(tree, "gpio-controller");
    guest_tree_u32(tree, "#gpio-cells", 2);
    guest_tree_empty(tree, "interrupt-controller");
    guest_tree_u32(tree, "#interrupt-cells", 2);
    guest_tree_u32(tree, "#address-cells", 0);
    guest_tree_u32(tree, "clocks", GUEST_TREE_PHANDLE_PCLK);
    guest_tree_string(tree, "clock-names", "apb_pclk");
    guest_tree_u32(tree, "phandle", GUEST_TREE_PHANDLE_GPIO);
    guest_tree_end(tree);
    describe_key(tree);
    return guest_tree_status(tree);
}

const struct device_class pl061_class = {
    .name = "pl061",
    .create = pl061_create,
    .destroy = pl061_destroy,
    .reset = pl061_reset,
    .describe = pl061_describe,
};
