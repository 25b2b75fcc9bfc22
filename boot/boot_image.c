/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unpacks the hypervisor, the ELF image that payload.S put into ashlar.efi, into memory from which it can run: 2 MiB
 * aligned, executable under the firmware's own tables, visible to instruction fetch. It relocates itself.
 */
#include "boot.h"
#include "boot_cpu.h"

extern const uint8_t payload_start[];
extern const uint8_t payload_end[];

/*
 * A firmware that protects memory may hand out EfiLoaderCode pages that do not execute (UEFI 2.10, 7.2.8): ask for what
 * is needed where it can be asked. Without the protocol pages are as UEFI 2.10, 2.3.6 has them, executable.
 */
static EFI_STATUS image_make_executable(struct boot *boot, uint64_t base, uint64_t size)
{
    static const struct EFI_GUID guid = EFI_MEMORY_ATTRIBUTE_PROTOCOL_GUID;
    void *interface = NULL;
    struct EFI_MEMORY_ATTRIBUTE_PROTOCOL *protocol;
    EFI_STATUS status;

    if (boot->services->LocateProtocol(&guid, NULL, &interface) != EFI_SUCCESS) {
        return EFI_SUCCESS;
    }
    protocol = interface;
    status = protocol->ClearMemoryAttributes(protocol, base, size, EFI_MEMORY_RP | EFI_MEMORY_RO | EFI_MEMORY_XP);
    if (status != EFI_SUCCESS) {
        boot_error(boot,
                   "hypervisor: the firmware does not make its memory executable (%s): turn memory protection off in "
                   "the firmware set-up",
                   boot_status_text(status));
    }
    return status;
}

EFI_STATUS boot_image_load(struct boot *boot)
{
    struct boot_elf elf;
    uint64_t base = 0;
    enum boot_elf_status elf_status = boot_elf_read(payload_start, (size_t)(payload_end - payload_start), &elf);
    EFI_STATUS status;

    if (elf_status != BOOT_ELF_OK) {
        boot_error(boot, "hypervisor: the image inside ashlar.efi can't be used, %s: copy ashlar.efi again",
                   boot_elf_text(elf_status));
        return EFI_LOAD_ERROR;
    }
    status = boot_memory_allocate(boot, EfiLoaderCode, HANDOFF_RAM_HV, elf.span, BOOT_ELF_ALIGN, &base);
    if (status != EFI_SUCCESS) {
        boot_error(boot, "hypervisor: no memory for its %llu KiB (%s): give the machine more memory", elf.span / 1024U,
                   boot_status_text(status));
        return status;
    }
    status = image_make_executable(boot, base, elf.span);
    if (status != EFI_SUCCESS) {
        return status;
    }
    boot_elf_copy(&elf, payload_start, (void *)(uintptr_t)base);
    cpu_sync_code(base, elf.span);
    boot->handoff->image_base = base;
    boot->handoff->image_size = elf.span;
    boot->entry = base + elf.entry;
    boot_line(boot, "hypervisor: %llu KiB at 0x%llx", elf.span / 1024U, base);
    return EFI_SUCCESS;
}
