/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A firmware of the tests' own, on top of a real one: starts the other CPUs by PSCI into pens, rewrites the tables, and
 * starts \ashlar\ashlar.efi, for which the original protocol is the ACPI parking protocol or spin-table then. With a file
 * \late on the volume the last CPU comes sixteen seconds after it was sent for.
 */
#include <string.h>

#include "ashlar/mailbox_page.h"
#include "boot.h"
#include "boot_cpu.h"

#define LATE_CODE 0xe00U
#define ROOM 0x1000000U

extern const uint8_t late_start[];
extern const uint8_t late_end[];

static struct boot boot;
static struct handoff handoff;

EFI_STATUS efi_main(EFI_HANDLE image, struct EFI_SYSTEM_TABLE *system);

static EFI_STATUS map_read(void)
{
    UINTN key = 0;
    EFI_STATUS status = boot_map_allocate(&boot);

    if (status == EFI_SUCCESS) {
        status = boot_map_get(&boot, &key);
    }
    return status == EFI_SUCCESS && boot_map_translate(&boot, HANDOFF_MAX_REGIONS) != BOOT_REGIONS_OK ? EFI_UNSUPPORTED
                                                                                                      : status;
}

static void word_write(uint64_t at, uint64_t value, unsigned size)
{
    memcpy((void *)(uintptr_t)at, &value, size);
    cpu_clean_invalidate(at, size);
}

/* Sends the last CPU away through its own mailbox, and makes that free again. */
static void last_delay(void)
{
    const struct handoff_cpu *cpu = &handoff.cpus[handoff.cpu_count - 1U];
    volatile uint64_t *entry = (volatile uint64_t *)(uintptr_t)(cpu->mailbox + MAILBOX_ENTRY);

    memcpy((void *)(uintptr_t)(cpu->mailbox + LATE_CODE), late_start, (size_t)(late_end - late_start));
    cpu_clean_invalidate(cpu->mailbox + LATE_CODE, (uint64_t)(late_end - late_start));
    word_write(cpu->mailbox + MAILBOX_ENTRY, cpu->mailbox + LATE_CODE, 8);
    word_write(cpu->mailbox + MAILBOX_ID, cpu->number, 4);
    cpu_send_event();
    do {
        cpu_yield();
        cpu_clean_invalidate((uintptr_t)entry, 8);
    } while (*entry != 0);
    word_write(cpu->mailbox + MAILBOX_ID, MAILBOX_FREE, 4);
    boot_line(&boot, "park: CPU 0x%llx is late, its mailbox is 0x%llx", cpu->mpidr, cpu->mailbox);
}

static EFI_STATUS loader_start(struct EFI_FILE_PROTOCOL *root, EFI_HANDLE device)
{
    static const struct EFI_GUID image_guid = EFI_LOADED_IMAGE_PROTOCOL_GUID;
    struct EFI_FILE_PROTOCOL *file = NULL;
    EFI_HANDLE image = NULL;
    void *loaded = NULL;
    uint64_t room = 0;
    UINTN size = ROOM;
    EFI_STATUS status = root->Open(root, &file, L"\\ashlar\\ashlar.efi", EFI_FILE_MODE_READ, 0);

    if (status == EFI_SUCCESS) {
        status = boot.services->AllocatePages(AllocateAnyPages, EfiLoaderData, ROOM >> EFI_PAGE_SHIFT, &room);
    }
    if (status == EFI_SUCCESS) {
        status = file->Read(file, &size, (void *)(uintptr_t)room);
    }
    if (status == EFI_SUCCESS) {
        status = boot.services->LoadImage(false, boot.image, NULL, (void *)(uintptr_t)room, size, &image);
    }
    if (status == EFI_SUCCESS) {
        status = boot.services->HandleProtocol(image, &image_guid, &loaded);
    }
    if (status == EFI_SUCCESS) {
        ((struct EFI_LOADED_IMAGE_PROTOCOL *)loaded)->DeviceHandle = device;
        status = boot.services->StartImage(image, NULL, NULL);
    }
    return status;
}

static EFI_STATUS volume_open(struct EFI_FILE_PROTOCOL **root, EFI_HANDLE *device)
{
    static const struct EFI_GUID image_guid = EFI_LOADED_IMAGE_PROTOCOL_GUID;
    static const struct EFI_GUID volume_guid = EFI_SIMPLE_FILE_SYSTEM_PROTOCOL_GUID;
    void *image = NULL;
    void *volume = NULL;
    EFI_STATUS status = boot.services->HandleProtocol(boot.image, &image_guid, &image);

    if (status == EFI_SUCCESS) {
        *device = ((struct EFI_LOADED_IMAGE_PROTOCOL *)image)->DeviceHandle;
        status = boot.services->HandleProtocol(*device, &volume_guid, &volume);
    }
    return status == EFI_SUCCESS ? ((struct EFI_SIMPLE_FILE_SYSTEM_PROTOCOL *)volume)->OpenVolume(volume, root)
                                 : status;
}

static EFI_STATUS park(struct EFI_FILE_PROTOCOL *root)
{
    static const struct EFI_GUID fdt_guid = EFI_DTB_TABLE_GUID;
    struct EFI_FILE_PROTOCOL *late = NULL;
    EFI_STATUS status = boot_firmware_collect(&boot);

    if (status == EFI_SUCCESS) {
        status = map_read();
    }
    if (status == EFI_SUCCESS) {
        status = boot_park(&boot);
    }
    if (status == EFI_SUCCESS && handoff.fdt != 0) {
        status = boot.services->InstallConfigurationTable(&fdt_guid, (void *)(uintptr_t)handoff.fdt);
    }
    if (status == EFI_SUCCESS && root->Open(root, &late, L"\\late", EFI_FILE_MODE_READ, 0) == EFI_SUCCESS) {
        last_delay();
    }
    return status;
}

EFI_STATUS efi_main(EFI_HANDLE image, struct EFI_SYSTEM_TABLE *system)
{
    struct EFI_FILE_PROTOCOL *root = NULL;
    EFI_HANDLE device = NULL;
    EFI_STATUS status;

    boot.image = image;
    boot.system = system;
    boot.services = system->BootServices;
    boot.exception_level = 2;
    boot.handoff = &handoff;
    status = volume_open(&root, &device);
    if (status == EFI_SUCCESS) {
        status = park(root);
    }
    if (status == EFI_SUCCESS) {
        boot_line(&boot, "park: starting the loader");
        status = loader_start(root, device);
    }
    boot_error(&boot, "park: %s", boot_status_text(status));
    return status;
}
