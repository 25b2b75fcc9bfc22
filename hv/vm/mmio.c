/* SPDX-License-Identifier: Apache-2.0 */
/* The MMIO bus of a VM: a sorted array, and where in it the regions of each slot are. Owns nothing. */
#include "vm/mmio.h"

#include "lib/string.h"

static void fill_slots(struct mmio_bus *bus)
{
    bool several[MMIO_SLOTS] = {false};
    memset(bus->slot, 0, sizeof(bus->slot));
    for (uint32_t i = 1; i <= bus->count; i++) {
        const struct mmio_region *region = &bus->regions[i];
        uint64_t last = region->base + (region->size - 1U);
        uint64_t from = region->base < MMIO_SLOT_BASE ? 0U : (region->base - MMIO_SLOT_BASE) >> MMIO_SLOT_SHIFT;
        uint64_t to = last < MMIO_SLOT_BASE ? 0U : ((last - MMIO_SLOT_BASE) >> MMIO_SLOT_SHIFT) + 1U;
        for (uint64_t slot = from; slot < to && slot < MMIO_SLOTS; slot++) {
            several[slot] = several[slot] || bus->slot[slot] != 0U;
            bus->slot[slot] = several[slot] ? 0U : (uint8_t)i;
        }
    }
}

enum status mmio_bus_add(struct mmio_bus *bus, ipa_t base, uint64_t size, const struct mmio_ops *ops, void *device)
{
    if (bus->count == MMIO_MAX_REGIONS) {
        return STATUS_NO_MEMORY;
    }
    if (size == 0U || base.ipa + size < base.ipa) {
        return STATUS_RANGE;
    }
    uint32_t at = 1;
    while (at <= bus->count && bus->regions[at].base < base.ipa) {
        at++;
    }
    if ((at > 1U && base.ipa - bus->regions[at - 1U].base < bus->regions[at - 1U].size) ||
        (at <= bus->count && bus->regions[at].base - base.ipa < size)) {
        return STATUS_EXISTS;
    }
    for (uint32_t i = bus->count + 1U; i > at; i--) {
        bus->regions[i] = bus->regions[i - 1U];
    }
    bus->regions[at] = (struct mmio_region){base.ipa, size, ops, device};
    bus->count++;
    fill_slots(bus);
    return STATUS_OK;
}

const struct mmio_region *mmio_bus_search(const struct mmio_bus *bus, uint64_t ipa, unsigned size)
{
    uint32_t low = 1;
    uint32_t high = bus->count + 1U;
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
