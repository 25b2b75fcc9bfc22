/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A VM's RAM: where it is, and the one door through which the hypervisor reads and writes it. State: struct guest_memory of each VM; its
 * extents don't change between create and destroy, so that readers take no lock. Called by vm/, trap/ and dev/.
 * A guest may write while the hypervisor reads: each aligned unit is read once (DDI 0487, B2.2.1 single-copy atomicity), and
 * what was read is never read again.
 */
#include "mem/guest_memory.h"

#include <stdbool.h>

#include "arch/cache.h"
#include "arch/phys.h"
#include "lib/bits.h"
#include "lib/panic.h"
#include "lib/string.h"

#define SMALLEST_ORDER                                                                                                 \
    9U /* 2 MiB: RAM is a multiple of it, and smaller blocks would need more extents than there are */

/* ---- life ---- */

/* Blocks get smaller only, so that each extent's IPA is aligned to its size when base is aligned to the first. */
static enum status extents_take(struct guest_memory *memory)
{
    unsigned order = PAGE_ORDERS - 1U;
    uint64_t done = 0;
    while (done < memory->size) {
        uint64_t bytes = PAGE_SIZE << order;
        pa_t pa;
        bool fits = bytes <= memory->size - done && is_aligned(memory->base + done, bytes);
        if (!fits || page_alloc(memory->owner, order, &pa) != STATUS_OK) {
            if (order == SMALLEST_ORDER)
                return STATUS_NO_MEMORY;
            order--;
            continue;
        }
        if (memory->extent_count == GUEST_MEMORY_MAX_EXTENTS) {
            page_free(memory->owner, order, pa);
            return STATUS_NO_MEMORY;
        }
        memory->extents[memory->extent_count++] =
            (struct guest_extent){.ipa = memory->base + done, .pa = pa.pa, .size = bytes, .order = order};
        done += bytes;
    }
    return STATUS_OK;
}

enum status guest_memory_create(struct guest_memory *memory, ipa_t base, uint64_t size, owner_t owner)
{
    *memory = (struct guest_memory){.base = base.ipa, .size = size, .owner = owner};
    if (size == 0 || !is_aligned(size, BLOCK_2M) || !is_aligned(base.ipa, BLOCK_2M) || size > UINT64_MAX - base.ipa)
        return STATUS_INVALID;
    enum status status = extents_take(memory);
    if (status != STATUS_OK)
        guest_memory_destroy(memory);
    return status;
}

void guest_memory_destroy(struct guest_memory *memory)
{
    for (uint32_t i = 0; i < memory->extent_count; i++)
        page_free(memory->owner, memory->extents[i].order, pa_make(memory->extents[i].pa));
    memory->extent_count = 0;
    memory->size = 0;
}

/* ---- access ---- */

static const struct guest_extent *extent_find(const struct guest_memory *memory, uint64_t ipa)
{
    uint32_t low = 0;
    uint32_t high = memory->extent_count;
    while (high - low > 1U) {
        uint32_t middle = low + (high - low) / 2U;
        if (memory->extents[middle].ipa <= ipa)
            low = middle;
        else
            high = middle;
    }
    return &memory->extents[low];
}

/* The bytes at ipa, and how many of size lie in one piece. ipa is RAM. */
static volatile uint8_t *piece_find(const struct guest_memory *memory, uint64_t ipa, uint64_t size, uint64_t *length)
{
    const struct guest_extent *extent = extent_find(memory, ipa);
    uint64_t offset = ipa - extent->ipa;
    *length = size < extent->size - offset ? size : extent->size - offset;
    return phys_to_pointer(extent->pa + offset);
}

/* The largest naturally aligned unit of 8, 4, 2 or 1 bytes at address that length has room for. */
static uint64_t unit_at(uint64_t address, uint64_t length)
{
    uint64_t unit = 8;
    while (!is_aligned(address, unit) || unit > length)
        unit /= 2U;
    return unit;
}

/* One load; the value's bytes in memory order, since both sides are little-endian. */
static uint64_t unit_load(const volatile uint8_t *from, uint64_t unit)
{
    switch (unit) {
    case 8:
        return *(const volatile uint64_t *)(const volatile void *)from;
    case 4:
        return *(const volatile uint32_t *)(const volatile void *)from;
    case 2:
        return *(const volatile uint16_t *)(const volatile void *)from;
    default:
        return *from;
    }
}

static void unit_store(volatile uint8_t *to, uint64_t value, uint64_t unit)
{
    switch (unit) {
    case 8:
        *(volatile uint64_t *)(volatile void *)to = value;
        break;
    case 4:
        *(volatile uint32_t *)(volatile void *)to = (uint32_t)value;
        break;
    case 2:
        *(volatile uint16_t *)(volatile void *)to = (uint16_t)value;
        break;
    default:
        *to = (uint8_t)value;
        break;
    }
}

static void piece_read(uint8_t *to, const volatile uint8_t *from, uint64_t length)
{
    while (length > 0) {
        uint64_t unit = unit_at((uintptr_t)from, length);
        uint64_t value = unit_load(from, unit);
        memcpy(to, &value, unit);
        to += unit;
        from += unit;
        length -= unit;
    }
}

static void piece_write(volatile uint8_t *to, const uint8_t *from, uint64_t length)
{
    while (length > 0) {
        uint64_t unit = unit_at((uintptr_t)to, length);
        uint64_t value = 0;
        memcpy(&value, from, unit);
        unit_store(to, value, unit);
        to += unit;
        from += unit;
        length -= unit;
    }
}

enum status guest_read(const struct guest_memory *memory, ipa_t ipa, void *to, size_t size)
{
    if (!range_contains(memory->base, memory->size, ipa.ipa, size))
        return STATUS_RANGE;
    for (uint64_t done = 0; done < size;) {
        uint64_t length;
        const volatile uint8_t *from = piece_find(memory, ipa.ipa + done, size - done, &length);
        piece_read((uint8_t *)to + done, from, length);
        done += length;
    }
    return STATUS_OK;
}

enum status guest_write(const struct guest_memory *memory, ipa_t ipa, const void *from, size_t size)
{
    if (!range_contains(memory->base, memory->size, ipa.ipa, size))
        return STATUS_RANGE;
    for (uint64_t done = 0; done < size;) {
        uint64_t length;
        volatile uint8_t *to = piece_find(memory, ipa.ipa + done, size - done, &length);
        piece_write(to, (const uint8_t *)from + done, length);
        done += length;
    }
    return STATUS_OK;
}

/* Whole pages by DC ZVA; what a file left of its last page, and a tree before its first, by stores. */
static void zero_bytes(uint8_t *at, uint64_t size)
{
    uint64_t head = align_up((uint64_t)(uintptr_t)at, PAGE_SIZE) - (uint64_t)(uintptr_t)at;
    head = head < size ? head : size;
    uint64_t pages = align_down(size - head, PAGE_SIZE);
    uint64_t tail = size - head - pages;
    if (head != 0) {
        memset(at, 0, head);
        cache_clean_invalidate_poc(at, head);
    }
    if (pages != 0)
        cache_zero_pages_poc(at + head, pages);
    if (tail != 0) {
        memset(at + head + pages, 0, tail);
        cache_clean_invalidate_poc(at + head + pages, tail);
    }
}

static uint8_t *piece_at(const struct guest_memory *memory, uint64_t offset, uint64_t size, uint64_t *length)
{
    return (uint8_t *)(uintptr_t)piece_find(memory, memory->base + offset, size, length);
}

void guest_memory_place(struct guest_memory *memory, uint64_t offset, const void *from, uint64_t size)
{
    assert(range_contains(0, memory->size, offset, size));
    for (uint64_t done = 0; done < size;) {
        uint64_t length;
        uint8_t *at = piece_at(memory, offset + done, size - done, &length);
        if (from == NULL) {
            zero_bytes(at, length);
        } else {
            memcpy(at, (const uint8_t *)from + done, length);
            cache_clean_invalidate_poc(at, length);
        }
        done += length;
    }
}

void guest_memory_make_coherent_range(struct guest_memory *memory, uint64_t offset, uint64_t size)
{
    assert(range_contains(0, memory->size, offset, size));
    for (uint64_t done = 0; done < size;) {
        uint64_t length;
        uint8_t *at = piece_at(memory, offset + done, size - done, &length);
        cache_clean_invalidate_poc(at, length);
        done += length;
    }
}
