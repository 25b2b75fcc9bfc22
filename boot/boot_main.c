/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The loader's table of contents: what ashlar.efi does, in order, from the firmware's call to the hypervisor's first
 * instruction (UEFI 2.10, 4.1 for the entry point). It owns the one struct boot.
 */
#include <string.h>

#include "boot.h"
#include "boot_cpu.h"
#include "version.h"

static struct boot boot;

EFI_STATUS efi_main(EFI_HANDLE image, struct EFI_SYSTEM_TABLE *system);

static EFI_STATUS handoff_allocate(struct boot *b, uint64_t entry_counter)
{
    uint64_t base = 0;
    EFI_STATUS status =
        boot_memory_allocate(b, EfiLoaderData, HANDOFF_RAM_HANDOFF, sizeof(struct handoff), EFI_PAGE_SIZE, &base);

    if (status != EFI_SUCCESS) {
        boot_error(b, "memory: none for the handoff's %u KiB (%s): give the machine more memory",
                   (unsigned)(sizeof(struct handoff) / 1024U), boot_status_text(status));
        return status;
    }
    b->handoff = (struct handoff *)(uintptr_t)base;
    memset(b->handoff, 0, sizeof(*b->handoff));
    b->handoff->magic = HANDOFF_MAGIC;
    b->handoff->version = HANDOFF_VERSION;
    b->handoff->size = sizeof(struct handoff);
    b->handoff->entry_counter = entry_counter;
    return EFI_SUCCESS;
}

static EFI_STATUS prepare(struct boot *b, uint64_t entry_counter)
{
    EFI_STATUS status = boot_checks(b);

    if (status == EFI_SUCCESS) {
        status = handoff_allocate(b, entry_counter);
    }
    if (status == EFI_SUCCESS) {
        status = boot_volume_load(b);
    }
    if (status == EFI_SUCCESS) {
        status = boot_firmware_collect(b);
    }
    if (status == EFI_SUCCESS && b->config.has_handover) {
        return boot_handover(b);
    }
    if (status == EFI_SUCCESS) {
        status = boot_image_load(b);
    }
    if (status == EFI_SUCCESS) {
        status = boot_exit(b);
    }
    return status;
}

static uint64_t micros(const struct boot *b)
{
    uint64_t per_second = cpu_read_cntfrq_el0();
    uint64_t ticks = cpu_read_counter() - b->entry_counter;

    return per_second == 0 ? 0 : ticks / per_second * 1000000U + ticks % per_second * 1000000U / per_second;
}

EFI_STATUS efi_main(EFI_HANDLE image, struct EFI_SYSTEM_TABLE *system)
{
    uint64_t entry_counter = cpu_read_counter();
    EFI_STATUS status;

    boot.entry_counter = entry_counter;
    boot.clock = micros;
    boot.image = image;
    boot.system = system;
    boot.services = system->BootServices;
    boot.exception_level = (unsigned)(cpu_read_currentel() >> 2) & 3U;
    boot_line(&boot, "Ashlar " ASHLAR_VERSION " (" ASHLAR_COMMIT "), UEFI %u.%u", system->Hdr.Revision >> 16,
              (system->Hdr.Revision & 0xffffU) / 10U);
    /* Loading may take longer than the five minutes that firmware gives an application (UEFI 2.10, 7.5.1). */
    (void)boot.services->SetWatchdogTimer(0, 0, 0, NULL);

    status = prepare(&boot, entry_counter);
    if (status != EFI_SUCCESS) {
        boot_pvpanic_report(&boot);
        boot_memory_free_all(&boot);
        return status;
    }
    cpu_mask_interrupts();
    boot_pci_quieten(&boot);
    boot_space_enter(&boot);
    boot.handoff->jump_counter = cpu_read_counter();
    cpu_jump(boot.entry, boot.handoff);
}
