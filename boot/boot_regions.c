/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the firmware's memory map to the regions of struct handoff (UEFI 2.10, 7.2.1 to 7.2.3).
 * No state, no UEFI call: called by boot_exit.c with a map whose key may be the last, so nothing may be allocated.
 *
 * The map is neither sorted nor trusted. The sweep goes from boundary to boundary and looks at every descriptor at each
 * stop: quadratic, without scratch memory, and a map has some hundred entries.
 */
#include "boot_regions.h"

#include <stdbool.h>

#include "uefi.h"

#define PAGE_MASK (EFI_PAGE_SIZE - 1U)

/* A stretch of pages as one descriptor or allocation sees it. rank 0 says nothing; a higher rank wins. */
struct claim {
    uint64_t start;
    uint64_t end;
    uint64_t attribute;
    uint32_t type;
    uint32_t rank;
};

static const struct EFI_MEMORY_DESCRIPTOR *map_descriptor(const struct boot_map *map, size_t index)
{
    return (const struct EFI_MEMORY_DESCRIPTOR *)((const char *)map->descriptors + index * map->descriptor_size);
}

/*
 * UEFI 2.10, table 7.10 "Memory type usage after ExitBootServices": loader and boot-services memory is free, too.
 * Free needs write-back cacheability and none of the attributes that set memory apart (NV, SP) or keep it (RUNTIME).
 */
static uint32_t free_type(uint64_t attribute)
{
    uint64_t apart = EFI_MEMORY_NV | EFI_MEMORY_SP | EFI_MEMORY_RUNTIME;

    return ((attribute & EFI_MEMORY_WB) != 0 && (attribute & apart) == 0) ? HANDOFF_RAM_FREE : HANDOFF_RAM_RESERVED;
}

/* 0: not RAM and nobody's at run time, that is a device. */
static uint32_t descriptor_type(const struct EFI_MEMORY_DESCRIPTOR *d)
{
    switch (d->Type) {
    case EfiLoaderCode:
    case EfiLoaderData:
    case EfiBootServicesCode:
    case EfiBootServicesData:
    case EfiConventionalMemory:
        return free_type(d->Attribute);
    case EfiRuntimeServicesCode:
        return HANDOFF_RUNTIME_CODE;
    case EfiRuntimeServicesData:
        return HANDOFF_RUNTIME_DATA;
    case EfiACPIReclaimMemory:
        return HANDOFF_RAM_ACPI;
    case EfiACPIMemoryNVS:
        return HANDOFF_RAM_NVS;
    case EfiMemoryMappedIO:
    case EfiMemoryMappedIOPortSpace:
        return (d->Attribute & EFI_MEMORY_RUNTIME) != 0 ? HANDOFF_RUNTIME_MMIO : 0;
    default:
        return HANDOFF_RAM_RESERVED;
    }
}

/* The most careful reading wins: what firmware still executes or keeps beats what it would let go. */
static uint32_t type_rank(uint32_t type)
{
    switch (type) {
    case HANDOFF_RAM_FREE:
        return 1;
    case HANDOFF_RAM_ACPI:
        return 2;
    case HANDOFF_RAM_RESERVED:
        return 3;
    case HANDOFF_RAM_NVS:
        return 4;
    case HANDOFF_RUNTIME_DATA:
        return 5;
    case HANDOFF_RUNTIME_CODE:
        return 6;
    case HANDOFF_RUNTIME_MMIO:
        return 7;
    default:
        return 0;
    }
}

static struct claim descriptor_claim(const struct EFI_MEMORY_DESCRIPTOR *d)
{
    uint64_t start = d->PhysicalStart;
    uint64_t end = start + (d->NumberOfPages << EFI_PAGE_SHIFT);
    struct claim claim = {.attribute = d->Attribute, .type = descriptor_type(d)};

    claim.rank = d->NumberOfPages != 0 ? type_rank(claim.type) : 0;
    claim.start = claim.type == HANDOFF_RAM_FREE ? (start + PAGE_MASK) & ~PAGE_MASK : start & ~PAGE_MASK;
    claim.end = claim.type == HANDOFF_RAM_FREE ? end & ~PAGE_MASK : (end + PAGE_MASK) & ~PAGE_MASK;
    return claim;
}

static enum boot_regions_status map_check(const struct boot_map *map, size_t *count)
{
    if (map->descriptor_size < sizeof(struct EFI_MEMORY_DESCRIPTOR) || map->descriptor_size % 8U != 0 ||
        map->size % map->descriptor_size != 0) {
        return BOOT_REGIONS_BAD_DESCRIPTOR_SIZE;
    }
    if (map->descriptor_version != EFI_MEMORY_DESCRIPTOR_VERSION) {
        return BOOT_REGIONS_BAD_VERSION;
    }
    *count = map->size / map->descriptor_size;
    for (size_t i = 0; i < *count; i++) {
        const struct EFI_MEMORY_DESCRIPTOR *d = map_descriptor(map, i);

        if (d->PhysicalStart >= BOOT_REGIONS_PA_END ||
            d->NumberOfPages > (BOOT_REGIONS_PA_END - d->PhysicalStart) >> EFI_PAGE_SHIFT) {
            return BOOT_REGIONS_BAD_RANGE;
        }
    }
    return BOOT_REGIONS_OK;
}

/* Lets one claim speak for the page at `at`, and brings the next boundary nearer. */
static void claim_apply(const struct claim *claim, uint64_t at, struct claim *winner, uint64_t *next)
{
    if (claim->rank == 0 || claim->start >= claim->end) {
        return;
    }
    if (claim->start > at) {
        *next = claim->start < *next ? claim->start : *next;
        return;
    }
    if (claim->end <= at) {
        return;
    }
    *next = claim->end < *next ? claim->end : *next;
    if (claim->rank > winner->rank) {
        *winner = *claim;
    }
}

/* An own allocation takes the page but keeps the attribute that the firmware gave to it. */
static void own_apply(const struct boot_own *own, size_t own_count, uint64_t at, struct claim *winner, uint64_t *next)
{
    for (size_t i = 0; i < own_count; i++) {
        struct claim claim = {.start = own[i].base, .end = own[i].base + own[i].size, .type = own[i].type, .rank = 100};

        claim.attribute = winner->rank < 100 ? winner->attribute : 0;
        claim_apply(&claim, at, winner, next);
    }
}

/* What the page at `at` is, and how far that holds. */
static struct claim page_claim(const struct boot_map *map, size_t descriptors, const struct boot_own *own,
                               size_t own_count, uint64_t at)
{
    struct claim winner = {0};
    uint64_t next = BOOT_REGIONS_PA_END;

    for (size_t i = 0; i < descriptors; i++) {
        struct claim claim = descriptor_claim(map_descriptor(map, i));

        claim_apply(&claim, at, &winner, &next);
    }
    own_apply(own, own_count, at, &winner, &next);
    winner.start = at;
    winner.end = next;
    return winner;
}

static bool region_extend(struct handoff_region *last, const struct claim *claim)
{
    if (last->base + last->size != claim->start || last->type != claim->type ||
        last->efi_attribute != claim->attribute) {
        return false;
    }
    last->size += claim->end - claim->start;
    return true;
}

enum boot_regions_status boot_regions_translate(const struct boot_map *map, const struct boot_own *own,
                                                size_t own_count, struct handoff_region *out, size_t max, size_t *count)
{
    size_t descriptors = 0;
    size_t used = 0;
    enum boot_regions_status status = map_check(map, &descriptors);

    for (uint64_t at = 0; status == BOOT_REGIONS_OK && at < BOOT_REGIONS_PA_END;) {
        struct claim claim = page_claim(map, descriptors, own, own_count, at);

        at = claim.end;
        if (claim.rank == 0 || (used > 0 && region_extend(&out[used - 1], &claim))) {
            continue;
        }
        if (used == max) {
            return BOOT_REGIONS_TOO_MANY;
        }
        out[used++] = (struct handoff_region){
            .base = claim.start, .size = claim.end - claim.start, .type = claim.type, .efi_attribute = claim.attribute};
    }
    if (status == BOOT_REGIONS_OK) {
        *count = used;
    }
    return status;
}

uint64_t boot_regions_sum(const struct handoff_region *regions, size_t count, uint32_t type)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < count; i++) {
        sum += regions[i].type == type ? regions[i].size : 0;
    }
    return sum;
}

const char *boot_regions_text(enum boot_regions_status status)
{
    switch (status) {
    case BOOT_REGIONS_OK:
        return "usable";
    case BOOT_REGIONS_BAD_DESCRIPTOR_SIZE:
        return "its descriptors have an impossible size";
    case BOOT_REGIONS_BAD_VERSION:
        return "its descriptor version is not 1";
    case BOOT_REGIONS_BAD_RANGE:
        return "a descriptor reaches beyond 2^52";
    case BOOT_REGIONS_TOO_MANY:
        return "it has too many regions";
    }
    return "unknown";
}
