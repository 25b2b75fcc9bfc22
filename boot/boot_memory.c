/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The loader's own memory: AllocatePages and FreePages (UEFI 2.10, 7.2), each allocation remembered in boot->own with
 * the region type under which the hypervisor will find it.
 */
#include "boot.h"

/* UEFI has no aligned allocation: take more, give back what is too much at both ends. */
static EFI_STATUS allocate_aligned(struct boot *boot, enum EFI_MEMORY_TYPE efi_type, uint64_t size, uint64_t align,
                                   uint64_t *base)
{
    uint64_t slack = align > EFI_PAGE_SIZE ? align - EFI_PAGE_SIZE : 0;
    uint64_t got = 0;
    uint64_t head;
    EFI_STATUS status =
        boot->services->AllocatePages(AllocateAnyPages, efi_type, (size + slack) >> EFI_PAGE_SHIFT, &got);

    if (status != EFI_SUCCESS) {
        return status;
    }
    *base = (got + slack) & ~(align - 1U);
    head = *base - got;
    if (head != 0) {
        boot->services->FreePages(got, head >> EFI_PAGE_SHIFT);
    }
    if (slack != head) {
        boot->services->FreePages(*base + size, (slack - head) >> EFI_PAGE_SHIFT);
    }
    return EFI_SUCCESS;
}

EFI_STATUS boot_memory_allocate(struct boot *boot, enum EFI_MEMORY_TYPE efi_type, uint32_t region_type, uint64_t size,
                                uint64_t align, uint64_t *base)
{
    uint64_t rounded;
    EFI_STATUS status;

    if (boot->own_count == BOOT_MAX_OWN || size > BOOT_REGIONS_PA_END) {
        return EFI_OUT_OF_RESOURCES;
    }
    rounded = size == 0 ? EFI_PAGE_SIZE : (size + EFI_PAGE_SIZE - 1U) & ~(EFI_PAGE_SIZE - 1U);
    align = align < EFI_PAGE_SIZE ? EFI_PAGE_SIZE : align;
    status = allocate_aligned(boot, efi_type, rounded, align, base);
    if (status == EFI_SUCCESS) {
        boot->own[boot->own_count++] = (struct boot_own){.base = *base, .size = rounded, .type = region_type};
    }
    return status;
}

void boot_memory_free_last(struct boot *boot)
{
    struct boot_own *own = &boot->own[--boot->own_count];

    boot->services->FreePages(own->base, own->size >> EFI_PAGE_SHIFT);
}

void boot_memory_free_all(struct boot *boot)
{
    while (boot->own_count > 0) {
        boot_memory_free_last(boot);
    }
    boot->handoff = NULL;
}
