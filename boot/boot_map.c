/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The firmware's memory map and the way out of boot services: UEFI 2.10, 7.2.3 (GetMemoryMap) and 7.4.6
 * (ExitBootServices). Called by boot_exit.c, by its unit test over a firmware of the test's own. The map lies in
 * boot->map, what describes it in struct handoff.
 */
#include "boot.h"

#define EXIT_TRIES 8U
#define MAP_SLACK 64U       /* descriptors that our own allocations, or a stale key's cause, may add */
#define MAP_MAX 0x400000ULL /* bytes */
#define DESCRIPTOR_MAX 4096U

EFI_STATUS boot_map_allocate(struct boot *boot)
{
    UINTN size = 0;
    UINTN key = 0;
    UINTN descriptor_size = 0;
    uint32_t version = 0;
    uint64_t base = 0;
    EFI_STATUS status = boot->services->GetMemoryMap(&size, NULL, &key, &descriptor_size, &version);

    if (status != EFI_BUFFER_TOO_SMALL || size > MAP_MAX || descriptor_size > DESCRIPTOR_MAX) {
        boot_error(boot, "memory map: the firmware gives none (%s): update the firmware", boot_status_text(status));
        return EFI_DEVICE_ERROR;
    }
    boot->map_room = (size + MAP_SLACK * descriptor_size + EFI_PAGE_SIZE - 1U) & ~(EFI_PAGE_SIZE - 1U);
    status = boot_memory_allocate(boot, EfiLoaderData, HANDOFF_RAM_HANDOFF, boot->map_room, EFI_PAGE_SIZE, &base);
    if (status != EFI_SUCCESS) {
        boot_error(boot, "memory map: no memory for %llu KiB (%s): give the machine more memory",
                   boot->map_room / 1024U, boot_status_text(status));
    }
    boot->map = (void *)(uintptr_t)base;
    return status;
}

EFI_STATUS boot_map_get(struct boot *boot, UINTN *key)
{
    struct handoff *h = boot->handoff;
    UINTN size = boot->map_room;
    UINTN descriptor_size = 0;
    uint32_t version = 0;
    EFI_STATUS status = boot->services->GetMemoryMap(&size, boot->map, key, &descriptor_size, &version);

    if (status == EFI_SUCCESS && (size > boot->map_room || descriptor_size > DESCRIPTOR_MAX)) {
        status = EFI_DEVICE_ERROR;
    }
    if (status == EFI_SUCCESS) {
        h->efi_map = (uintptr_t)boot->map;
        h->efi_map_size = (uint32_t)size;
        h->efi_descriptor_size = (uint32_t)descriptor_size;
        h->efi_descriptor_version = version;
    }
    return status;
}

enum boot_regions_status boot_map_translate(struct boot *boot, size_t max)
{
    struct handoff *h = boot->handoff;
    struct boot_map map = {.descriptors = boot->map,
                           .size = h->efi_map_size,
                           .descriptor_size = h->efi_descriptor_size,
                           .descriptor_version = h->efi_descriptor_version};
    size_t count = 0;
    enum boot_regions_status status = boot_regions_translate(&map, boot->own, boot->own_count, h->regions, max, &count);

    h->region_count = status == BOOT_REGIONS_OK ? (uint32_t)count : 0;
    return status;
}

/*
 * Nothing between GetMemoryMap and ExitBootServices allocates: the translation is pure. A stale key is answered with
 * EFI_INVALID_PARAMETER; after that, only memory services may be called, so nothing is printed (7.4.6).
 */
EFI_STATUS boot_map_exit(struct boot *boot)
{
    EFI_STATUS status = EFI_INVALID_PARAMETER;

    for (unsigned i = 0; i < EXIT_TRIES && status == EFI_INVALID_PARAMETER; i++) {
        UINTN key = 0;

        status = boot_map_get(boot, &key);
        if (status != EFI_SUCCESS) {
            return status;
        }
        if (boot_map_translate(boot, HANDOFF_MAX_REGIONS) != BOOT_REGIONS_OK) {
            return EFI_UNSUPPORTED;
        }
        status = boot->services->ExitBootServices(boot->image, key);
    }
    return status;
}

bool boot_map_conventional(const struct boot *boot, size_t index, uint64_t *base, uint64_t *size)
{
    const struct handoff *h = boot->handoff;
    const uint64_t apart = EFI_MEMORY_NV | EFI_MEMORY_SP | EFI_MEMORY_RUNTIME;

    for (size_t at = 0; at + h->efi_descriptor_size <= h->efi_map_size; at += h->efi_descriptor_size) {
        const struct EFI_MEMORY_DESCRIPTOR *d =
            (const struct EFI_MEMORY_DESCRIPTOR *)(const void *)((const char *)boot->map + at);

        if (d->Type != EfiConventionalMemory || (d->Attribute & EFI_MEMORY_WB) == 0 || (d->Attribute & apart) != 0 ||
            d->PhysicalStart % EFI_PAGE_SIZE != 0 || index-- != 0) {
            continue;
        }
        *base = d->PhysicalStart;
        *size = d->NumberOfPages << EFI_PAGE_SHIFT;
        return true;
    }
    return false;
}
