/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What boot/ gives to hv/: the only thing that crosses ExitBootServices.
 *
 * The loader calls the entry point of the hypervisor's ELF image with
 *   x0 = physical address of struct handoff,
 *   EL2, HCR_EL2.E2H = 0, MMU and caches on, the regions POOL, HV, HANDOFF and MODULE below identity-mapped readable
 *   and writable (in FREE the firmware may have left guard pages unmapped) and the hypervisor image executable, DAIF
 *   masked, boot services ended, only the boot CPU running,
 *   the hypervisor image cleaned to the point of coherency and the instruction cache invalidated.
 * All addresses are physical. Strings are NUL-terminated. Numbers are little-endian.
 */
#pragma once

#include <stdint.h>

#define HANDOFF_MAGIC 0x46464f4852414c41ULL /* "ALARHOFF" */
#define HANDOFF_VERSION 2U

#define HANDOFF_MAX_REGIONS 512U
#define HANDOFF_MAX_MODULES 128U
#define HANDOFF_SEED_BYTES 64U

/* What a stretch of the physical address space is. Sorted by base, not overlapping, 4 KiB granular. */
enum handoff_region_type {
    HANDOFF_RAM_FREE = 1,     /* usable at once, except that the firmware's own page tables may still lie in it:
                                 not written before the hypervisor runs on its own tables */
    HANDOFF_RAM_POOL = 2,     /* usable from the first instruction: nothing of the firmware lies in it */
    HANDOFF_RAM_HV = 3,       /* the hypervisor's image */
    HANDOFF_RAM_HANDOFF = 4,  /* struct handoff, the configuration, copies of tables: free after start-up */
    HANDOFF_RAM_MODULE = 5,   /* a module's contents: free once it was copied into its VM */
    HANDOFF_RAM_ACPI = 6,     /* ACPI tables (reclaimable) */
    HANDOFF_RAM_NVS = 7,      /* ACPI non-volatile storage: never touched */
    HANDOFF_RUNTIME_CODE = 8, /* UEFI runtime services */
    HANDOFF_RUNTIME_DATA = 9,
    HANDOFF_RUNTIME_MMIO = 10,
    HANDOFF_RAM_RESERVED = 11, /* RAM that is somebody else's */
};

struct handoff_region {
    uint64_t base;
    uint64_t size; /* bytes */
    uint32_t type; /* enum handoff_region_type */
    uint32_t reserved;
    uint64_t efi_attribute; /* EFI_MEMORY_DESCRIPTOR.Attribute */
};

enum handoff_module_kind {
    HANDOFF_MODULE_KERNEL = 1,
    HANDOFF_MODULE_INITRD = 2,
};

struct handoff_module {
    uint32_t vm;   /* index below /vms of the configuration */
    uint32_t kind; /* enum handoff_module_kind */
    uint64_t base; /* 4 KiB aligned, region type HANDOFF_RAM_MODULE */
    uint64_t size; /* bytes, exactly the file's */
};

/* Where the random seed came from; the first that answered. */
enum handoff_seed_source {
    HANDOFF_SEED_NONE = 0,
    HANDOFF_SEED_EFI_RNG = 1, /* EFI_RNG_PROTOCOL */
    HANDOFF_SEED_FDT = 2,     /* /chosen/rng-seed and kaslr-seed of the host's device tree */
};

struct handoff {
    uint64_t magic;
    uint32_t version;
    uint32_t size; /* sizeof(struct handoff) */

    uint64_t image_base; /* where the hypervisor's ELF image was loaded: 2 MiB aligned */
    uint64_t image_size;

    uint64_t rsdp;     /* ACPI 2.0 root pointer, 0 = none */
    uint64_t fdt;      /* flattened device tree of the machine, 0 = none */
    uint64_t fdt_size; /* bytes; from the header, checked */
    uint64_t smbios3;  /* SMBIOS 3.0 entry point, 0 = none */

    uint64_t config;      /* the compiled configuration (include/ashlar/config.h) */
    uint64_t config_size; /* bytes */

    /* Unix time in seconds (UTC) read by GetTime when counter stood at time_counter; 0 = the firmware does not know. */
    int64_t time_seconds;
    uint32_t time_nanoseconds;
    uint32_t time_reserved;
    uint64_t time_counter;  /* CNTPCT_EL0 */
    uint64_t entry_counter; /* CNTPCT_EL0 at the loader's first instruction */
    uint64_t jump_counter;  /* CNTPCT_EL0 when the loader jumped to the hypervisor */

    uint32_t seed_source; /* enum handoff_seed_source */
    uint32_t seed_bytes;
    uint8_t seed[HANDOFF_SEED_BYTES];

    uint64_t pvpanic; /* address of a PCI pvpanic device's register (one byte), 0 = none */

    /* UEFI runtime services: filled in, used once they are re-mapped (mechanism 9). */
    uint64_t efi_system_table;
    uint64_t efi_map; /* the memory map as firmware gave it */
    uint32_t efi_map_size;
    uint32_t efi_descriptor_size;
    uint32_t efi_descriptor_version;
    uint32_t efi_reserved;

    /* Mailboxes of the secondary CPUs (mechanism 10), 0 = none: the hypervisor asks PSCI. */
    uint64_t mailboxes;
    uint32_t mailbox_count;
    uint32_t mailbox_reserved;

    /* Handoff address space (mechanism 3), 0 = the firmware's own tables are live. */
    uint64_t handoff_root;
    uint64_t handoff_pages;

    uint32_t region_count;
    uint32_t module_count;
    struct handoff_region regions[HANDOFF_MAX_REGIONS];
    struct handoff_module modules[HANDOFF_MAX_MODULES];
};
