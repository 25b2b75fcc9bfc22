/* SPDX-License-Identifier: Apache-2.0 */
/* The MMIO bus of a VM: a sorted array, searched by halves. Owns nothing. */
#include "vm/mmio.h"

#include <stddef.h>

#include "lib/bits.h"

enum status mmio_bus_add(struct mmio_bus *bus, ipa_t base, uint64_t size, const struct mmio_ops *ops, void *device)
{
    if (bus->count == MMIO_MAX_REGIONS) {
        return STATUS_NO_MEMORY;
    }
    if (size == 0U || base.ipa + size < base.ipa) {
        return STATUS_RANGE;
    }
    uint32_t at = 0;
    while (at < bus->count && bus->regions[at].base < base.ipa) {
        at++;
    }
    if ((at > 0U && base.ipa - bus->regions[at - 1U].base < bus->regions[at - 1U].size) ||
        (at < bus->count && bus->regions[at].base - base.ipa < size)) {
        return STATUS_EXISTS;
    }
    for (uint32_t i = bus->count; i > at; i--) {
        bus->regions[i] = bus->regions[i - 1U];
    }
    bus->regions[at] = (struct mmio_region){base.ipa, size, ops, device};
    bus->count++;
    return STATUS_OK;
}

const struct mmio_region *mmio_bus_find(const struct mmio_bus *bus, uint64_t ipa, unsigned size)
{
    uint32_t low = 0;
    uint32_t high = bus->count;
    while (low < high) {
        uint32_t middle = (low + high) / 2U;
        const struct mmio_region *region = &bus->regions[middle];
        if (ipa < region->base) {
            high = middle;
        } else if (ipa - region->base >= region->size) {
            low = middle + 1U;
        } else {
            return range_contains(region->base, region->size, ipa, size) ? region : NULL;
        }
    }
    return NULL;
}
