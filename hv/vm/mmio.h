/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A VM's MMIO bus: which device answers at which guest-physical address. Sorted, fixed once the VM runs; readers need no lock.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/status.h"
#include "mem/addr.h"

struct vcpu;

#define MMIO_MAX_REGIONS 64U

/*
 * One device's registers. offset is from the region's base, size is 1, 2, 4 or 8; offset + size may reach the region's end, never
 * beyond, and offset need not be aligned. false: no such register, the guest gets a synchronous external abort.
 * read: *value was set to 0 before. Called on the vCPU's own EL2 stack, no lock held.
 */
struct mmio_ops {
    bool (*read)(struct vcpu *vcpu, void *device, uint64_t offset, unsigned size, uint64_t *value);
    bool (*write)(struct vcpu *vcpu, void *device, uint64_t offset, unsigned size, uint64_t value);
};

struct mmio_region {
    uint64_t base;
    uint64_t size;
    const struct mmio_ops *ops;
    void *device;
};

struct mmio_bus {
    uint32_t count;
    struct mmio_region regions[MMIO_MAX_REGIONS];
};

/* STATUS_EXISTS on overlap, STATUS_NO_MEMORY when full. */
enum status mmio_bus_add(struct mmio_bus *bus, ipa_t base, uint64_t size, const struct mmio_ops *ops, void *device);
/* The region that holds all of [ipa, ipa + size), or NULL. */
const struct mmio_region *mmio_bus_find(const struct mmio_bus *bus, uint64_t ipa, unsigned size);
