/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the fuzz targets of emulated devices share. The machine is made once per process, a VM on it for each input. Included behind the
 * doubles (dev_fakes.h, vgic_fakes.h), by one file of a program.
 */
#pragma once

#include <stdlib.h>

#include "arch/host/host_model.h"
#include "seeded.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    /* A failed assertion of cmocka aborts, and is a finding. */
    if (setenv("CMOCKA_TEST_ABORT", "1", 1) != 0) {
        abort();
    }
    host_reset();
    host_phys_add(FAKE_RAM, FAKE_RAM_SIZE);
    return 0;
}

/* Any access that a guest can make to a device: every width, offset and value, aligned or not. */
static inline void wild_access(struct seeded *seeded, const struct mmio_region *region, struct vcpu *vcpu)
{
    unsigned size = 1U << seeded_below(seeded, 4);
    uint64_t offset = seeded_below(seeded, region->size);
    bool writes = seeded_below(seeded, 2) != 0U;
    uint64_t value = writes ? seeded_next(seeded) : 0;

    if (offset > region->size - size) {
        offset = region->size - size;
    }
    if (writes) {
        (void)region->ops->write(vcpu, region->device, offset, size, value);
    } else {
        (void)region->ops->read(vcpu, region->device, offset, size);
    }
    assert_true(spinlock_none_held());
}
