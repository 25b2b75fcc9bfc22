/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the loader's files share. The order of events is in boot_main.c.
 *
 * One struct boot lives in boot_main.c and is passed along. A step that fails has already printed why (boot_error) and
 * returns the EFI_STATUS that ashlar.efi returns to the firmware; what it allocated is in boot->own and is freed at
 * one place.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ashlar/handoff.h"
#include "boot_acpi.h"
#include "boot_elf.h"
#include "boot_regions.h"
#include "boot_tables.h"
#include "uefi.h"
#include "vm/config_check.h"

#define BOOT_MAX_OWN (HANDOFF_MAX_MODULES + 16U)

#define BOOT_POOL_SIZE 0x400000ULL /* HANDOFF_RAM_POOL */
#define BOOT_POOL_ALIGN 0x200000ULL
#define BOOT_RESERVE 0x2000000ULL /* 32 MiB: what the hypervisor needs beside the VMs' memory */

#define MIB 0x100000ULL

/* Checked where the loader runs; on the build machine uint64_t is another type of the same size. */
#ifdef _WIN32
#define BOOT_FORMAT __attribute__((format(printf, 2, 3)))
#else
#define BOOT_FORMAT
#endif

struct boot {
    EFI_HANDLE image;
    struct EFI_SYSTEM_TABLE *system;
    struct EFI_BOOT_SERVICES *services;
    unsigned exception_level;                   /* 1 to 3 */
    uint64_t (*clock)(const struct boot *boot); /* microseconds since the loader began; NULL: lines without a time */
    uint64_t entry_counter;
    bool pvpanic_sought;
    uint64_t pvpanic; /* address of the register, 0 = none; valid when sought */

    struct handoff *handoff;
    struct config config;

    uint64_t handover_kernel; /* addresses of its files, when the configuration has a handover */
    uint64_t handover_initrd;

    uint64_t entry; /* address of the hypervisor's first instruction */
    void *map;      /* for the memory map, map_room bytes */
    uint64_t map_room;

    struct boot_tables firmware_tables; /* as the firmware runs */
    struct boot_tables first_copy;

    struct boot_own own[BOOT_MAX_OWN];
    size_t own_count;
};

/*
 * boot_console.c: the firmware's console. %s %c %u %x %llu %llx with width and leading zeros, and %%; '\n' becomes CR
 * LF. boot_line begins the line with "ashlar: " and ends it with the time, boot_error with "ashlar: error: "; both end it.
 */
void boot_print(struct boot *boot, const char *format, ...) BOOT_FORMAT;
void boot_line(struct boot *boot, const char *format, ...) BOOT_FORMAT;
void boot_error(struct boot *boot, const char *format, ...) BOOT_FORMAT;
const char *boot_status_text(EFI_STATUS status);

/*
 * boot_memory.c: pages that are remembered in boot->own. size is in bytes and rounded up to pages; align a power of
 * two. Errors: EFI_OUT_OF_RESOURCES and what AllocatePages returns; nothing is printed, since only the caller knows
 * for what.
 */
EFI_STATUS boot_memory_allocate(struct boot *boot, enum EFI_MEMORY_TYPE efi_type, uint32_t region_type, uint64_t size,
                                uint64_t align, uint64_t *base);
/* The latest allocation, or all of them. */
void boot_memory_free_last(struct boot *boot);
void boot_memory_free_all(struct boot *boot);

/* boot_checks.c: whether this machine can run the hypervisor; one line each for what was found or is missing. */
EFI_STATUS boot_checks(struct boot *boot);

/* boot_volume.c: configuration, kernels and initrds from the volume that ashlar.efi came from. */
EFI_STATUS boot_volume_load(struct boot *boot);

/* boot_firmware.c: tables, seed and time. boot_firmware_table: the configuration table with this GUID or NULL. */
const void *boot_firmware_table(const struct boot *boot, const struct EFI_GUID *guid);
/* The device tree if there is one whose header and structure are sound, with its size. */
const void *boot_firmware_fdt(const struct boot *boot, uint32_t *size);
EFI_STATUS boot_firmware_collect(struct boot *boot);

/* boot_pvpanic.c: the PCI pvpanic device. Seeks once; tells it that the boot failed. */
void boot_pvpanic_find(struct boot *boot);
void boot_pvpanic_report(struct boot *boot);

/* boot_image.c: unpacks the hypervisor. */
EFI_STATUS boot_image_load(struct boot *boot);

/*
 * boot_map.c: the memory map. boot_map_allocate gets room for it (and says why not); boot_map_get reads it into that
 * room; boot_map_translate makes at most max regions of it in struct handoff; boot_map_exit does both until
 * ExitBootServices takes the key, a bounded number of times, and prints nothing.
 */
EFI_STATUS boot_map_allocate(struct boot *boot);
EFI_STATUS boot_map_get(struct boot *boot, UINTN *key);
enum boot_regions_status boot_map_translate(struct boot *boot, size_t max);
EFI_STATUS boot_map_exit(struct boot *boot);
/* The index-th descriptor of the last map read that is nobody's RAM; false behind the last. */
bool boot_map_conventional(const struct boot *boot, size_t index, uint64_t *base, uint64_t *size);

/*
 * boot_space.c: the handoff address space. boot_space_prepare copies the firmware's tables and judges the copy, while a
 * refusal can still be said; it needs a translated map. boot_space_enter, after ExitBootServices with interrupts masked,
 * leaves the CPU on the second copy.
 */
EFI_STATUS boot_space_prepare(struct boot *boot);
void boot_space_enter(struct boot *boot);

/*
 * boot_park.c: sends the other CPUs to their mailboxes, rewrites the table that names them, fills struct handoff's list.
 * What can fail goes before it: afterwards the firmware can't start these CPUs any more.
 */
EFI_STATUS boot_park(struct boot *boot);
/* The memory in which ACPI tables are looked for: what the regions say is RAM. */
struct boot_acpi_memory boot_acpi_memory(struct boot *boot);

/* boot_pci.c: finds the windows while the firmware lives; takes bus mastering from every function once it does not. */
void boot_pci_find(struct boot *boot);
void boot_pci_quieten(struct boot *boot);

/*
 * boot_exit.c: a first map, judged and translated into struct handoff's regions, while everything can still be said.
 */
EFI_STATUS boot_map_judge(struct boot *boot);

/* boot_handover.c: starts the configuration's Linux kernel instead of the hypervisor; comes back only when that fails. */
EFI_STATUS boot_handover(struct boot *boot);

/* boot_exit.c: leaves boot services. When it returns EFI_SUCCESS, nothing of boot services may be called any more. */
EFI_STATUS boot_exit(struct boot *boot);
