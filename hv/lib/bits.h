/* SPDX-License-Identifier: Apache-2.0 */
/* Bit fields and alignment. Pure, no state. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BIT(n) (1ULL << (n))
/* Bits high..low inclusive, as the manuals write [high:low]. */
#define BITS(high, low) ((~0ULL >> (63 - (high))) & (~0ULL << (low)))
#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))
#define CONTAINER_OF(pointer, type, member) ((type *)(void *)((char *)(pointer)-offsetof(type, member)))

static inline uint64_t bits_get(uint64_t value, unsigned high, unsigned low)
{
    return (value >> low) & (~0ULL >> (63U - (high - low)));
}

static inline uint64_t bits_set(uint64_t value, unsigned high, unsigned low, uint64_t field)
{
    uint64_t mask = BITS(high, low);
    return (value & ~mask) | ((field << low) & mask);
}

/* alignment is a power of two. align_up wraps at the end of the address space: the caller bounds value. */
static inline uint64_t align_down(uint64_t value, uint64_t alignment)
{
    return value & ~(alignment - 1U);
}

static inline uint64_t align_up(uint64_t value, uint64_t alignment)
{
    return align_down(value + alignment - 1U, alignment);
}

static inline bool is_aligned(uint64_t value, uint64_t alignment)
{
    return (value & (alignment - 1U)) == 0U;
}

/* True when [base, base + size) lies in [outer, outer + outer_size); no sum can wrap. */
static inline bool range_contains(uint64_t outer, uint64_t outer_size, uint64_t base, uint64_t size)
{
    return base >= outer && size <= outer_size && base - outer <= outer_size - size;
}
