/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The buddy allocator of physical pages. State: up to PAGE_MAX_RANGES ranges, each with two bytes of bookkeeping per page kept at its own
 * end; free lists by order through the free blocks themselves; bytes per owner. All under one lock of rank LOCK_RANK_PAGES.
 * Called by everything that needs memory. A block of order n is aligned to its size in physical addresses, as blocks of the translation
 * tables want it (DDI 0487, D8.3).
 */
#include "mem/page_alloc.h"

#include "arch/cache.h"
#include "arch/phys.h"
#include "arch/spinlock.h"
#include "lib/bits.h"
#include "lib/panic.h"
#include "lib/string.h"

/* What state[] says of the first page of a block; other pages of a block are STATE_INSIDE. */
#define STATE_INSIDE 0U
#define STATE_FREE 0x40U /* | order */
#define STATE_USED 0x80U /* | order */

#define NO_BLOCK (~0ULL)

struct range {
    uint64_t base;
    uint64_t pages; /* without the bookkeeping */
    uint64_t size;  /* bytes, with it */
    uint8_t *state;
    uint8_t *owner;
};

/* Lies in the first bytes of a free block; physical addresses. */
struct free_block {
    uint64_t next;
    uint64_t previous;
};

static struct range ranges[PAGE_MAX_RANGES];
static unsigned range_count;
static uint64_t free_lists[PAGE_ORDERS] = {[0 ... PAGE_ORDERS - 1] = NO_BLOCK};
static uint64_t owned_bytes[OWNERS];
static struct spinlock lock = SPINLOCK_INIT(LOCK_RANK_PAGES);

_Static_assert(OWNERS <= 256, "an owner is a byte");
_Static_assert(PAGE_ORDERS <= STATE_FREE, "an order fits beside the state");

static uint64_t order_size(unsigned order)
{
    return PAGE_SIZE << order;
}

static struct free_block *block_at(uint64_t pa)
{
    return phys_to_pointer(pa);
}

static uint64_t page_index(const struct range *range, uint64_t pa)
{
    return (pa - range->base) >> PAGE_SHIFT;
}

static struct range *range_find(uint64_t pa)
{
    for (unsigned i = 0; i < range_count; i++) {
        if (pa >= ranges[i].base && (pa - ranges[i].base) >> PAGE_SHIFT < ranges[i].pages)
            return &ranges[i];
    }
    return NULL;
}

static void list_push(struct range *range, uint64_t pa, unsigned order)
{
    *block_at(pa) = (struct free_block){free_lists[order], NO_BLOCK};
    if (free_lists[order] != NO_BLOCK)
        block_at(free_lists[order])->previous = pa;
    free_lists[order] = pa;
    range->state[page_index(range, pa)] = (uint8_t)(STATE_FREE | order);
}

static void list_remove(struct range *range, uint64_t pa, unsigned order)
{
    struct free_block block = *block_at(pa);
    if (block.next != NO_BLOCK)
        block_at(block.next)->previous = block.previous;
    if (block.previous != NO_BLOCK)
        block_at(block.previous)->next = block.next;
    else
        free_lists[order] = block.next;
    range->state[page_index(range, pa)] = STATE_INSIDE;
}

static bool buddy_is_free(const struct range *range, uint64_t buddy, unsigned order)
{
    if (!range_contains(range->base, range->pages << PAGE_SHIFT, buddy, order_size(order)))
        return false;
    return range->state[page_index(range, buddy)] == (STATE_FREE | order);
}

/* Gives a block back and joins it with its buddy as often as that is free. */
static void block_free(struct range *range, uint64_t pa, unsigned order)
{
    range->state[page_index(range, pa)] = STATE_INSIDE;
    while (order + 1 < PAGE_ORDERS && buddy_is_free(range, pa ^ order_size(order), order)) {
        list_remove(range, pa ^ order_size(order), order);
        pa &= ~order_size(order);
        order++;
    }
    list_push(range, pa, order);
}

/* ---- ranges ---- */

static bool range_overlaps(uint64_t base, uint64_t size)
{
    for (unsigned i = 0; i < range_count; i++) {
        if (base < ranges[i].base + ranges[i].size && ranges[i].base < base + size)
            return true;
    }
    return false;
}

static void range_free_all(struct range *range)
{
    uint64_t pa = range->base;
    uint64_t end = range->base + (range->pages << PAGE_SHIFT);
    while (pa < end) {
        unsigned order = PAGE_ORDERS - 1;
        while (!is_aligned(pa, order_size(order)) || order_size(order) > end - pa)
            order--;
        list_push(range, pa, order);
        pa += order_size(order);
    }
    owned_bytes[OWNER_FREE.id] += range->pages << PAGE_SHIFT;
}

static enum status range_add(uint64_t base, uint64_t size)
{
    uint64_t pages = size >> PAGE_SHIFT;
    uint64_t books = align_up(pages * 2, PAGE_SIZE) >> PAGE_SHIFT; /* for all pages: a few bytes too many */
    if (range_overlaps(base, size))
        return STATUS_EXISTS;
    if (pages <= books)
        return STATUS_OK; /* too small to be of use */
    if (range_count == PAGE_MAX_RANGES)
        return STATUS_NO_MEMORY;

    struct range *range = &ranges[range_count++];
    uint8_t *bookkeeping = phys_to_pointer(base + ((pages - books) << PAGE_SHIFT));
    *range = (struct range){base, pages - books, size, bookkeeping, bookkeeping + pages};
    memset(bookkeeping, 0, books << PAGE_SHIFT);
    range_free_all(range);
    return STATUS_OK;
}

enum status page_alloc_add(pa_t base, uint64_t size)
{
    uint64_t start = base.pa;
    if (!is_aligned(start, PAGE_SIZE) || !is_aligned(size, PAGE_SIZE))
        return STATUS_INVALID;
    if (size > UINT64_MAX - start)
        return STATUS_RANGE;
    if (start == 0 && size != 0) { /* address 0 looks like no address at all: never given out */
        start += PAGE_SIZE;
        size -= PAGE_SIZE;
    }
    spinlock_lock(&lock);
    enum status status = range_add(start, size);
    spinlock_unlock(&lock);
    return status;
}

/* ---- blocks ---- */

static void check_owner(owner_t owner, unsigned order)
{
    if (owner.id == OWNER_FREE.id || owner.id >= OWNERS || order >= PAGE_ORDERS)
        panic("page allocator: owner %u, order %u", owner.id, order);
}

/* Takes the smallest block that is large enough and gives back the upper halves; NO_BLOCK if there is none. */
static uint64_t block_take(owner_t owner, unsigned order)
{
    unsigned found = order;
    while (found < PAGE_ORDERS && free_lists[found] == NO_BLOCK)
        found++;
    if (found == PAGE_ORDERS)
        return NO_BLOCK;

    uint64_t pa = free_lists[found];
    struct range *range = range_find(pa);
    list_remove(range, pa, found);
    while (found > order) {
        found--;
        list_push(range, pa + order_size(found), found);
    }
    range->state[page_index(range, pa)] = (uint8_t)(STATE_USED | order);
    range->owner[page_index(range, pa)] = (uint8_t)owner.id;
    owned_bytes[owner.id] += order_size(order);
    owned_bytes[OWNER_FREE.id] -= order_size(order);
    return pa;
}

enum status page_alloc(owner_t owner, unsigned order, pa_t *out)
{
    check_owner(owner, order);
    spinlock_lock(&lock);
    uint64_t pa = block_take(owner, order);
    spinlock_unlock(&lock);
    if (pa == NO_BLOCK)
        return STATUS_NO_MEMORY;
    *out = pa_make(pa);
    return STATUS_OK;
}

enum status page_alloc_zeroed(owner_t owner, unsigned order, pa_t *out)
{
    enum status status = page_alloc(owner, order, out);
    if (status == STATUS_OK)
        cache_zero_pages(phys_to_pointer(out->pa), order_size(order));
    return status;
}

void page_free(owner_t owner, unsigned order, pa_t pa)
{
    check_owner(owner, order);
    spinlock_lock(&lock);
    struct range *range = range_find(pa.pa);
    if (range == NULL || !is_aligned(pa.pa, PAGE_SIZE))
        panic("page allocator: 0x%lx is not its memory", pa.pa);
    uint64_t index = page_index(range, pa.pa);
    if (range->state[index] != (STATE_USED | order))
        panic("page allocator: 0x%lx is freed with order %u and not in use so (state 0x%x)", pa.pa, order,
              range->state[index]);
    if (range->owner[index] != owner.id)
        panic("page allocator: 0x%lx of owner %u is freed by owner %u", pa.pa, range->owner[index], owner.id);
    range->owner[index] = (uint8_t)OWNER_FREE.id;
    owned_bytes[owner.id] -= order_size(order);
    owned_bytes[OWNER_FREE.id] += order_size(order);
    block_free(range, pa.pa, order);
    spinlock_unlock(&lock);
}

void page_alloc_reset(void)
{
    for (unsigned order = 0; order < PAGE_ORDERS; order++)
        free_lists[order] = NO_BLOCK;
    memset(owned_bytes, 0, sizeof(owned_bytes));
    spinlock_init(&lock, LOCK_RANK_PAGES);
    range_count = 0;
}

uint64_t page_alloc_bytes(owner_t owner)
{
    spinlock_lock(&lock);
    uint64_t bytes = owned_bytes[owner.id];
    spinlock_unlock(&lock);
    return bytes;
}
