/* SPDX-License-Identifier: Apache-2.0 */
/* From the firmware's memory map to the regions of struct handoff. Pure: no UEFI call, no allocation, no state. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "ashlar/handoff.h"

/* Highest physical address that a descriptor may reach: 52 bits (DDI 0487, ID_AA64MMFR0_EL1.PARange). */
#define BOOT_REGIONS_PA_END (1ULL << 52)

/* What the loader itself allocated. base and size are multiples of 4 KiB; type is an enum handoff_region_type. */
struct boot_own {
    uint64_t base;
    uint64_t size;
    uint32_t type;
};

/* The map as GetMemoryMap returned it (UEFI 2.10, 7.2.3): descriptors lie descriptor_size bytes apart. */
struct boot_map {
    const void *descriptors;
    size_t size;
    size_t descriptor_size;
    uint32_t descriptor_version;
};

enum boot_regions_status {
    BOOT_REGIONS_OK,
    BOOT_REGIONS_BAD_DESCRIPTOR_SIZE, /* below 40 bytes, not a multiple of 8, or the map is not a multiple of it */
    BOOT_REGIONS_BAD_VERSION,
    BOOT_REGIONS_BAD_RANGE, /* a descriptor reaches beyond 2^52 */
    BOOT_REGIONS_TOO_MANY,
};

/*
 * Writes the regions to out (at most max), sorted by base, not overlapping, neighbours of the same type and attribute
 * merged. *count is set on BOOT_REGIONS_OK only. What is not RAM and not a runtime service's is left out.
 *
 * A page described twice gets the most careful of its types; the loader's own allocations win over all. A descriptor
 * that does not start at a page boundary gives away only whole pages if it is free memory and claims every page that it
 * touches otherwise.
 */
enum boot_regions_status boot_regions_translate(const struct boot_map *map, const struct boot_own *own,
                                                size_t own_count, struct handoff_region *out, size_t max,
                                                size_t *count);

/* Bytes in regions of this type. */
uint64_t boot_regions_sum(const struct handoff_region *regions, size_t count, uint32_t type);

/* The status in words, for a message. */
const char *boot_regions_text(enum boot_regions_status status);
