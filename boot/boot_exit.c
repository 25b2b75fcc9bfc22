/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The last steps under boot services: the hypervisor's first memory, a memory map that is judged while a refusal can
 * still be said, the exit (boot_map.c). After a first failed ExitBootServices nothing is printed any more.
 */
#include "boot.h"
#include "boot_cpu.h"

#define REGION_SLACK 16U /* regions that the last map may have more than the one judged before */

/* A first map, judged while everything can still be said. */
static EFI_STATUS map_translate(struct boot *boot)
{
    UINTN key = 0;
    enum boot_regions_status regions;
    EFI_STATUS status = boot_map_get(boot, &key);

    if (status != EFI_SUCCESS) {
        boot_error(boot, "memory map: GetMemoryMap failed (%s): update the firmware", boot_status_text(status));
        return status;
    }
    regions = boot_map_translate(boot, HANDOFF_MAX_REGIONS - REGION_SLACK);
    if (regions != BOOT_REGIONS_OK) {
        boot_error(boot, "memory map: the firmware's can't be used, %s (%u regions are allowed): update the firmware",
                   boot_regions_text(regions), HANDOFF_MAX_REGIONS - REGION_SLACK);
        return EFI_UNSUPPORTED;
    }
    return EFI_SUCCESS;
}

EFI_STATUS boot_map_judge(struct boot *boot)
{
    EFI_STATUS status = boot_map_allocate(boot);

    return status == EFI_SUCCESS ? map_translate(boot) : status;
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
        boot_error(boot,
                   "memory: %llu MiB are free, the VMs that start ask for %llu MiB and the hypervisor for %llu MiB: "
                   "give the machine more memory or the VMs less",
                   free / MIB, vms / MIB, BOOT_RESERVE / MIB);
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
            boot_error(boot,
                       "memory: the firmware does not map its own page at 0x%llx one to one and writable: its MMU "
                       "set-up can't be used",
                       at);
            return EFI_UNSUPPORTED;
        }
    }
    return EFI_SUCCESS;
}

static EFI_STATUS pool_allocate(struct boot *boot)
{
    uint64_t base = 0;
    EFI_STATUS status =
        boot_memory_allocate(boot, EfiLoaderData, HANDOFF_RAM_POOL, BOOT_POOL_SIZE, BOOT_POOL_ALIGN, &base);

    if (status != EFI_SUCCESS) {
        boot_error(boot, "hypervisor: no memory for its first %llu MiB (%s): give the machine more memory",
                   BOOT_POOL_SIZE / MIB, boot_status_text(status));
    }
    return status;
}

EFI_STATUS boot_exit(struct boot *boot)
{
    EFI_STATUS status = pool_allocate(boot);

    if (status == EFI_SUCCESS) {
        status = boot_map_judge(boot);
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
    boot_pci_find(boot);
    status = boot_space_prepare(boot);
    if (status == EFI_SUCCESS) {
        status = boot_park(boot);
    }
    if (status != EFI_SUCCESS) {
        return status;
    }
    boot_line(boot, "leaving the firmware");
    return boot_map_exit(boot);
}
