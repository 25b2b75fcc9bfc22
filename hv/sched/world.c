/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Making and unmaking worlds. Owns the window of EL2 stacks: slots of 32 KiB whose upper half is mapped.
 */
#include "sched/world.h"

#include "arch/aarch64/offsets.h"
#include "arch/phys.h"
#include "arch/spinlock.h"
#include "lib/bits.h"
#include "lib/panic.h"
#include "lib/string.h"
#include "mem/page_alloc.h"
#include "mem/stage1.h"
#include "sched/switch.h"

#define STACK_SLOTS 4096U
#define STACK_SLOT (2U * WORLD_STACK_SIZE)
#define STACK_ORDER 2U

_Static_assert(WORLD_STACK_SIZE == PAGE_SIZE << STACK_ORDER, "one allocation a stack");
_Static_assert(WORLD_STACK_SIZE == 1ULL << STACK_SHIFT, "vectors.S tests this bit");

static struct spinlock lock = SPINLOCK_INIT(LOCK_RANK_SCHED);
static uint64_t slots_used[STACK_SLOTS / 64U];

static unsigned take_slot(void)
{
    spinlock_lock(&lock);
    unsigned slot = STACK_SLOTS;
    for (unsigned word = 0; word < ARRAY_SIZE(slots_used) && slot == STACK_SLOTS; word++) {
        if (slots_used[word] != ~0ULL) {
            unsigned bit = (unsigned)__builtin_ctzll(~slots_used[word]);
            slots_used[word] |= BIT(bit);
            slot = word * 64U + bit;
        }
    }
    spinlock_unlock(&lock);
    return slot;
}

static void give_slot(unsigned slot)
{
    spinlock_lock(&lock);
    slots_used[slot / 64U] &= ~BIT(slot % 64U);
    spinlock_unlock(&lock);
}

enum status world_stack_create(owner_t owner, uint64_t *stack)
{
    unsigned slot = take_slot();
    if (slot == STACK_SLOTS) {
        return STATUS_NO_MEMORY;
    }
    pa_t pa;
    enum status status = page_alloc_zeroed(owner, STACK_ORDER, &pa);
    if (status == STATUS_OK) {
        *stack = STAGE1_STACK_BASE + slot * STACK_SLOT + WORLD_STACK_SIZE;
        status = stage1_map(va_make(*stack), pa, WORLD_STACK_SIZE, STAGE1_RW);
        if (status != STATUS_OK) {
            page_free(owner, STACK_ORDER, pa);
        }
    }
    if (status != STATUS_OK) {
        give_slot(slot);
    }
    return status;
}

void world_stack_destroy(owner_t owner, uint64_t stack)
{
    pa_t pa;
    enum stage1_attr attr;
    enum status found = stage1_lookup(va_make(stack), &pa, &attr);
    assert(found == STATUS_OK);
    enum status unmapped = stage1_unmap(va_make(stack), WORLD_STACK_SIZE);
    assert(unmapped == STATUS_OK);
    page_free(owner, STACK_ORDER, pa);
    give_slot((unsigned)((stack - STAGE1_STACK_BASE) / STACK_SLOT));
}

/* What world_switch_stacks pops: x29, x30, then x19 to x28. */
struct switch_frame {
    uint64_t x29, x30, x19, x20, x21, x22, x23, x24, x25, x26, x27, x28;
};

/* The same memory in the direct map: a stack is reached at its own address by whoever runs on it. */
static void *stack_pointer(uint64_t sp)
{
    pa_t pa;
    enum stage1_attr attr;
    enum status found = stage1_lookup(va_make(sp), &pa, &attr);
    assert(found == STATUS_OK);
    return phys_to_pointer(pa.pa);
}

static void set_first_switch(struct world *world, uint64_t sp, void (*start)(void), uint64_t x19, uint64_t x20)
{
    world->saved_sp = sp - sizeof(struct switch_frame);
    struct switch_frame *frame = stack_pointer(world->saved_sp);
    *frame = (struct switch_frame){.x30 = (uint64_t)(uintptr_t)start, .x19 = x19, .x20 = x20};
}

static enum status prepare(struct world *world, owner_t owner, const char *name)
{
    memset(world, 0, sizeof(*world));
    world->name = name;
    world->owner = owner;
    world->state = WORLD_BLOCKED;
    world->weight = 100;
    world->affinity[0] = ~0ULL;
    world->affinity[1] = ~0ULL;
    return world_stack_create(owner, &world->stack);
}

enum status world_create_thread(struct world *world, const char *name, void (*function)(void *), void *argument)
{
    enum status status = prepare(world, OWNER_CPU, name);
    if (status == STATUS_OK) {
        set_first_switch(world, world->stack + WORLD_STACK_SIZE, world_start, (uint64_t)(uintptr_t)function,
                         (uint64_t)(uintptr_t)argument);
    }
    return status;
}

enum status world_create_vcpu(struct world *world, owner_t owner, const char *name, const struct world_ops *ops,
                              struct trap_frame **frame)
{
    enum status status = prepare(world, owner, name);
    if (status != STATUS_OK) {
        return status;
    }
    world->ops = ops;
    uint64_t top = world->stack + WORLD_STACK_SIZE - sizeof(struct trap_frame);
    *frame = stack_pointer(top);
    (*frame)->owner = (uint64_t)(uintptr_t)world;
    set_first_switch(world, top, vcpu_start, (uint64_t)(uintptr_t)world, 0);
    return STATUS_OK;
}

void world_destroy(struct world *world)
{
    assert(world->state == WORLD_BLOCKED || world->state == WORLD_PARKED);
    world->state = WORLD_DEAD;
    world_stack_destroy(world->owner, world->stack);
}
