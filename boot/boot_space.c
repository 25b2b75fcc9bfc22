/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The handoff address space (mechanism 3). While the firmware lives, its own tables are walked and copied into pages that
 * it gives; after ExitBootServices the loader runs on that copy, copies it into RAM that nobody uses, runs on the second
 * one, and hands over. The firmware's tables are never written. Called by boot_exit.c; state is in struct boot.
 */
#include <string.h>

#include "boot.h"
#include "boot_cpu.h"

#define COUNT_TRIES 8U
#define SCTLR_EL2_M (1ULL << 0)
#define SCTLR_EL2_WXN (1ULL << 19)

extern const uint8_t boot_switch_tables_start[] __asm__("boot_switch_tables");
extern const uint8_t boot_switch_end[];
void boot_switch_tables(uint64_t ttbr, uint64_t tcr, uint64_t sctlr);

/* ---- the memory that boot_tables.c sees: the regions of struct handoff ---- */

static enum boot_tables_kind region_kind(const struct handoff_region *region)
{
    if (region->type == HANDOFF_RUNTIME_MMIO) {
        return BOOT_TABLES_DEVICE;
    }
    return region->type == HANDOFF_RAM_RESERVED || region->type == HANDOFF_RAM_NVS ? BOOT_TABLES_OTHERS
                                                                                   : BOOT_TABLES_RAM;
}

static enum boot_tables_kind memory_kind(void *context, uint64_t pa, uint64_t *end)
{
    const struct handoff *h = ((const struct boot *)context)->handoff;

    *end = BOOT_REGIONS_PA_END;
    for (uint32_t i = 0; i < h->region_count; i++) {
        const struct handoff_region *region = &h->regions[i];

        if (region->base > pa) {
            *end = region->base;
            break;
        }
        if (pa - region->base < region->size) {
            *end = region->base + region->size;
            return region_kind(region);
        }
    }
    return BOOT_TABLES_DEVICE;
}

/* NULL where the live tables do not lead to it one to one. */
static volatile uint64_t *memory_look(void *context, uint64_t pa, uint64_t size)
{
    const struct boot *boot = context;

    (void)size;
    return cpu_identity_mapped(boot->exception_level, pa, false) ? (volatile uint64_t *)(uintptr_t)pa : NULL;
}

static struct boot_tables_memory memory_of(struct boot *boot)
{
    return (struct boot_tables_memory){.context = boot, .kind = memory_kind, .look = memory_look};
}

/* ---- the first copy ---- */

static void report_keep(struct boot *boot, const struct boot_tables_report *r)
{
    struct handoff_space *s = &boot->handoff->space;

    s->tcr = boot->firmware_tables.tcr;
    s->root = r->root;
    s->root_size = r->root_size;
    s->levels = r->levels;
    s->input_bits = r->input_bits;
    s->tables_seen = r->tables_seen;
    s->first = boot->first_copy.ttbr;
    s->first_pages = r->pages;
    s->leaves = r->leaves;
    s->splits = r->splits;
    s->ram = r->ram;
    s->others = r->others;
    s->made_writable = r->made_writable;
    s->made_executable = r->made_executable;
    s->made_accessible = r->made_accessible;
    s->dropped_alias = r->dropped_alias;
    s->dropped_pointer = r->dropped_pointer;
    s->dropped_empty = r->dropped_empty;
    s->dropped_invalid = r->dropped_invalid;
}

static EFI_STATUS tables_refuse(struct boot *boot, enum boot_tables_status status)
{
    boot_error(boot,
               "address space: the firmware's page tables can't be used, %s (TTBR0_EL2 0x%llx, TCR_EL2 0x%llx): update "
               "the firmware",
               boot_tables_text(status), boot->firmware_tables.ttbr, boot->firmware_tables.tcr);
    return EFI_UNSUPPORTED;
}

/* Counts, allocates, copies; again with more room where to allocate made the firmware split a block. */
static EFI_STATUS copy_make(struct boot *boot, struct boot_tables_report *report)
{
    struct boot_tables_memory memory = memory_of(boot);
    enum boot_tables_status status = BOOT_TABLES_NO_ROOM;

    for (unsigned i = 0; status == BOOT_TABLES_NO_ROOM && i < COUNT_TRIES; i++) {
        uint64_t base = 0;
        uint32_t pages;
        EFI_STATUS efi;

        if (i > 0) {
            boot_memory_free_last(boot);
        }
        status = boot_tables_count(&memory, &boot->firmware_tables, report);
        if (status != BOOT_TABLES_OK) {
            break;
        }
        pages = report->pages;
        efi =
            boot_memory_allocate(boot, EfiLoaderData, HANDOFF_RAM_TABLES, pages * EFI_PAGE_SIZE, EFI_PAGE_SIZE, &base);
        if (efi != EFI_SUCCESS) {
            boot_error(boot, "address space: no memory for %u page tables (%s): give the machine more memory", pages,
                       boot_status_text(efi));
            return efi;
        }
        status = boot_tables_copy(&memory, &boot->firmware_tables, base, pages, &boot->first_copy, report);
        cpu_clean(base, pages * EFI_PAGE_SIZE);
    }
    return status == BOOT_TABLES_OK ? EFI_SUCCESS : tables_refuse(boot, status);
}

static bool copy_maps(struct boot *boot, uint64_t base, uint64_t size, uint64_t *bad)
{
    struct boot_tables_memory memory = memory_of(boot);

    for (*bad = base & ~(EFI_PAGE_SIZE - 1U); *bad < base + size; *bad += EFI_PAGE_SIZE) {
        if (!boot_tables_identity(&memory, &boot->first_copy, *bad)) {
            return false;
        }
    }
    return true;
}

/* Where `pages` pages in a row are nobody's in the last map that was read, mapped by the copy; 0 = nowhere. */
static uint64_t place_find(struct boot *boot, uint32_t pages)
{
    uint64_t base = 0;
    uint64_t size = 0;
    uint64_t bad = 0;

    for (size_t i = 0; boot_map_conventional(boot, i, &base, &size); i++) {
        if (base != 0 && size >= pages * EFI_PAGE_SIZE && copy_maps(boot, base, pages * EFI_PAGE_SIZE, &bad)) {
            return base;
        }
    }
    return 0;
}

/* What the loader still needs on the copy: itself, its stack, all that it hands over. */
static bool copy_serves(struct boot *boot, uint64_t base, uint64_t size)
{
    uint64_t bad = 0;

    if (copy_maps(boot, base, size, &bad)) {
        return true;
    }
    boot_error(boot,
               "address space: the firmware does not map 0x%llx one to one, which the loader needs: its MMU set-up "
               "can't be used",
               bad);
    return false;
}

static bool copy_judge(struct boot *boot)
{
    static const struct EFI_GUID guid = EFI_LOADED_IMAGE_PROTOCOL_GUID;
    const struct EFI_LOADED_IMAGE_PROTOCOL *image;
    void *interface = NULL;
    uint64_t stack = (uintptr_t)&interface;

    for (size_t i = 0; i < boot->own_count; i++) {
        if (!copy_serves(boot, boot->own[i].base, boot->own[i].size)) {
            return false;
        }
    }
    if (boot->services->HandleProtocol(boot->image, &guid, &interface) != EFI_SUCCESS) {
        return false;
    }
    image = interface;
    return copy_serves(boot, (uintptr_t)image->ImageBase, image->ImageSize) && copy_serves(boot, stack - 4096U, 8192);
}

EFI_STATUS boot_space_prepare(struct boot *boot)
{
    struct boot_tables_report report = {0};
    EFI_STATUS efi;

    boot->firmware_tables = (struct boot_tables){cpu_read_ttbr0_el2(), cpu_read_tcr_el2()};
    efi = copy_make(boot, &report);
    if (efi != EFI_SUCCESS) {
        return efi;
    }
    report_keep(boot, &report);
    boot_line(boot, "address space: %u bits in %u levels at 0x%llx, %u tables; copied to %u pages at 0x%llx",
              report.input_bits, report.levels, report.root, report.tables_seen, report.pages, boot->first_copy.ttbr);
    if (!copy_judge(boot)) {
        return EFI_UNSUPPORTED;
    }
    if (place_find(boot, report.pages) == 0) {
        boot_error(boot, "address space: no %u pages in a row are free: give the machine more memory", report.pages);
        return EFI_OUT_OF_RESOURCES;
    }
    return EFI_SUCCESS;
}

/* ---- after ExitBootServices: nothing can be said any more ---- */

static void tables_switch(const struct boot_tables *to)
{
    boot_switch_tables(to->ttbr, to->tcr, (cpu_read_sctlr_el2() | SCTLR_EL2_M) & ~SCTLR_EL2_WXN);
}

/* The machine can't go on and can't go back: who watches pvpanic learns of it. */
static _Noreturn void give_up(const struct boot *boot)
{
    if (boot->pvpanic != 0) {
        *(volatile uint8_t *)(uintptr_t)boot->pvpanic = 1;
    }
    for (;;) {
        __asm__ volatile("wfi" : : : "memory");
    }
}

void boot_space_enter(struct boot *boot)
{
    struct boot_tables_memory memory = memory_of(boot);
    struct boot_tables_report report = {0};
    struct boot_tables second;
    uint32_t pages = boot->handoff->space.first_pages;
    uint64_t size = pages * EFI_PAGE_SIZE;
    uint64_t base = place_find(boot, pages);

    cpu_sync_code((uintptr_t)boot_switch_tables_start, (uint64_t)(boot_switch_end - boot_switch_tables_start));
    tables_switch(&boot->first_copy);
    if (base == 0 || boot->own_count == BOOT_MAX_OWN) {
        give_up(boot);
    }
    boot->own[boot->own_count++] = (struct boot_own){.base = base, .size = size, .type = HANDOFF_RAM_TABLES};
    if (boot_map_translate(boot, HANDOFF_MAX_REGIONS) != BOOT_REGIONS_OK ||
        boot_tables_copy(&memory, &boot->first_copy, base, pages, &second, &report) != BOOT_TABLES_OK) {
        give_up(boot);
    }
    cpu_clean(base, size);
    boot->handoff->space.second = second.ttbr;
    boot->handoff->space.second_pages = report.pages;
    tables_switch(&second);
}
