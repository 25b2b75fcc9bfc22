/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A VM's MMIO bus: which device answers at which guest-physical address. Fixed once the VM runs; readers need no lock. Regions are sorted
 * and searched by halves; where the board has its devices, a byte per 64 KiB names the region at once.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/bits.h"
#include "lib/status.h"
#include "mem/addr.h"

struct vcpu;

#define MMIO_MAX_REGIONS 64U

/* What a read returns, in two registers. Bits of value above the access are not looked at. */
struct mmio_value {
    uint64_t value;
    bool served;
};

/*
 * One device's registers. offset is from the region's base, size is 1, 2, 4 or 8; offset + size may reach the region's end, never
 * beyond, and offset need not be aligned. Not served, or false: no such register, the guest gets a synchronous external abort.
 * Called on the vCPU's own EL2 stack, no lock held.
 */
struct mmio_ops {
    struct mmio_value (*read)(struct vcpu *vcpu, void *device, uint64_t offset, unsigned size);
    bool (*write)(struct vcpu *vcpu, void *device, uint64_t offset, unsigned size, uint64_t value);
};

struct mmio_region {
    uint64_t base;
    uint64_t size;
    const struct mmio_ops *ops;
    void *device;
};

/* 0x0800_0000 to 0x0c40_0000: the interrupt controller, the devices, Ashlar's own slots (docs/guest-board.md). */
#define MMIO_SLOT_BASE 0x08000000ULL
#define MMIO_SLOT_SHIFT 16U
#define MMIO_SLOTS 0x440U

struct mmio_bus {
    uint32_t count;
    uint8_t slot[MMIO_SLOTS]; /* n: of all, only regions[n] reaches into the slot; 0: none or several do */
    struct mmio_region regions[MMIO_MAX_REGIONS + 1U]; /* from 1 on, sorted; the first one stays empty */
};

_Static_assert(MMIO_MAX_REGIONS < 256U, "a slot names every region");

/* STATUS_EXISTS on overlap, STATUS_NO_MEMORY when full. */
enum status mmio_bus_add(struct mmio_bus *bus, ipa_t base, uint64_t size, const struct mmio_ops *ops, void *device);
/* The same by halves, for every address. */
const struct mmio_region *mmio_bus_search(const struct mmio_bus *bus, uint64_t ipa, unsigned size);
/* The region that holds all of [ipa, ipa + size), or NULL. */
static inline const struct mmio_region *mmio_bus_find(const struct mmio_bus *bus, uint64_t ipa, unsigned size)
{
    uint64_t slot = (ipa - MMIO_SLOT_BASE) >> MMIO_SLOT_SHIFT;
    if (__builtin_expect(slot < MMIO_SLOTS, 1)) {
        const struct mmio_region *region = &bus->regions[bus->slot[slot]];
        if (__builtin_expect(range_contains(region->base, region->size, ipa, size), 1)) {
            return region;
        }
    }
    return mmio_bus_search(bus, ipa, size);
}
