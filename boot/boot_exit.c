/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Leaves boot services: UEFI 2.10, 7.2.3 (GetMemoryMap) and 7.4.6 (ExitBootServices). The regions are translated from each
 * map before the exit that its key allows, so that a map that can't be used is still refused while there is a firmware
 * to return to. After a first failed ExitBootServices only memory services may be called; nothing is printed then.
 */
#include "boot.h"
#include "boot_cpu.h"

#define EXIT_TRIES 8U
#define MAP_SLACK 64U       /* descriptors that our own allocations, or a stale key's cause, may add */
#define REGION_SLACK 16U    /* regions that the last map may have more than the one judged before */
#define MAP_MAX 0x400000ULL /* bytes */

static EFI_STATUS map_get(struct boot *boot, UINTN *key)
{
    struct handoff *h = boot->handoff;
    UINTN size = boot->map_room;
    UINTN descriptor_size = 0;
    uint32_t version = 0;
    EFI_STATUS status = boot->services->GetMemoryMap(&size, boot->map, key, &descriptor_size, &version);

    if (status == EFI_SUCCESS && (size > boot->map_room || descriptor_size > 4096U)) {
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

/* Room for the map as it is now and some descriptors more. */
static EFI_STATUS map_allocate(struct boot *boot)
{
    UINTN size = 0;
    UINTN key = 0;
    UINTN descriptor_size = 0;
    uint32_t version = 0;
    uint64_t base = 0;
    EFI_STATUS status = boot->services->GetMemoryMap(&size, NULL, &key, &descriptor_size, &version);

    if (status != EFI_BUFFER_TOO_SMALL || size > MAP_MAX || descriptor_size > 4096U) {
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

static enum boot_regions_status map_translate(struct boot *boot, size_t max)
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

/* A first map, judged while everything can still be said. */
static EFI_STATUS map_judge(struct boot *boot)
{
    UINTN key = 0;
    enum boot_regions_status regions;
    EFI_STATUS status = map_get(boot, &key);

    if (status != EFI_SUCCESS) {
        boot_error(boot, "memory map: GetMemoryMap failed (%s): update the firmware", boot_status_text(status));
        return status;
    }
    regions = map_translate(boot, HANDOFF_MAX_REGIONS - REGION_SLACK);
    if (regions != BOOT_REGIONS_OK) {
        boot_error(boot, "memory map: the firmware's can't be used, %s (%u regions are allowed): update the firmware",
                   boot_regions_text(regions), HANDOFF_MAX_REGIONS - REGION_SLACK);
        return EFI_UNSUPPORTED;
    }
    return EFI_SUCCESS;
}

static EFI_STATUS memory_judge(struct boot *boot)
{
    const struct handoff *h = boot->handoff;
    uint64_t free = boot_regions_sum(h->regions, h->region_count, HANDOFF_RAM_FREE);
    uint64_t vms = 0;

    for (uint32_t i = 0; i < boot->config.vm_count; i++) {
        vms += boot->config.vms[i].autostart ? boot->config.vms[i].memory : 0;
    }
    if (free < vms + BOOT_RESERVE) {
        boot_error(boot, "memory: %llu MiB are free, the VMs that start ask for %llu MiB and the hypervisor for %llu MiB: "
                         "give the machine more memory or the VMs less", free / MIB, vms / MIB, BOOT_RESERVE / MIB);
        return EFI_OUT_OF_RESOURCES;
    }
    boot_line(boot, "memory: %llu MiB free in %u regions, %llu MiB asked for by VMs", free / MIB, h->region_count,
              vms / MIB);
    return EFI_SUCCESS;
}

/* The contract of handoff.h: all that we hand over is identity-mapped and can be written. */
static EFI_STATUS own_judge(struct boot *boot)
{
    for (size_t i = 0; i < boot->own_count; i++) {
        const struct boot_own *own = &boot->own[i];

        for (uint64_t at = own->base; at < own->base + own->size; at += EFI_PAGE_SIZE) {
            if (cpu_identity_mapped(boot->exception_level, at, true)) {
                continue;
            }
            boot_error(boot, "memory: the firmware does not map its own page at 0x%llx one to one and writable: its MMU "
                             "set-up can't be used", at);
            return EFI_UNSUPPORTED;
        }
    }
    return EFI_SUCCESS;
}

static EFI_STATUS pool_allocate(struct boot *boot)
{
    uint64_t base = 0;
    EFI_STATUS status = boot_memory_allocate(boot, EfiLoaderData, HANDOFF_RAM_POOL, BOOT_POOL_SIZE, BOOT_POOL_ALIGN, &base);

    if (status != EFI_SUCCESS) {
        boot_error(boot, "hypervisor: no memory for its first %llu MiB (%s): give the machine more memory",
                   BOOT_POOL_SIZE / MIB, boot_status_text(status));
    }
    return status;
}

/* Nothing between GetMemoryMap and ExitBootServices allocates: map_translate is pure. */
static EFI_STATUS exit_services(struct boot *boot)
{
    EFI_STATUS status = EFI_INVALID_PARAMETER;

    for (unsigned i = 0; i < EXIT_TRIES && status == EFI_INVALID_PARAMETER; i++) {
        UINTN key = 0;

        status = map_get(boot, &key);
        if (status != EFI_SUCCESS) {
            return status;
        }
        if (map_translate(boot, HANDOFF_MAX_REGIONS) != BOOT_REGIONS_OK) {
            return EFI_UNSUPPORTED;
        }
        status = boot->services->ExitBootServices(boot->image, key);
    }
    return status;
}

EFI_STATUS boot_exit(struct boot *boot)
{
    EFI_STATUS status = pool_allocate(boot);

    if (status == EFI_SUCCESS) {
        status = map_allocate(boot);
    }
    if (status == EFI_SUCCESS) {
        status = map_judge(boot);
    }
    if (status == EFI_SUCCESS) {
        status = own_judge(boot);
    }
    if (status == EFI_SUCCESS) {
        status = memory_judge(boot);
    }
    if (status != EFI_SUCCESS) {
        return status;
    }
    boot_pvpanic_find(boot);
    boot->handoff->pvpanic = boot->pvpanic;
    boot_line(boot, "leaving the firmware");
    return exit_services(boot);
}
