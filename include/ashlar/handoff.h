/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What boot/ gives to hv/: the only thing that crosses ExitBootServices.
 *
 * The loader calls the entry point of the hypervisor's ELF image with
 *   x0 = physical address of struct handoff,
 *   EL2, HCR_EL2.E2H = 0, MMU and caches on, on tables of four levels (48 bits, 4 KiB granule) that identity-map what the
 *   firmware mapped one to one: RAM readable, writable and executable, devices as the firmware had them; DAIF
 *   masked, boot services ended, the other CPUs in their pens or in the firmware,
 *   the hypervisor image cleaned to the point of coherency and the instruction cache invalidated.
 * All addresses are physical. Strings are NUL-terminated. Numbers are little-endian.
 */
#pragma once

#include <stdint.h>

#define HANDOFF_MAGIC 0x46464f4852414c41ULL /* "ALARHOFF" */
#define HANDOFF_VERSION 3U

#define HANDOFF_MAX_REGIONS 512U
#define HANDOFF_MAX_MODULES 128U
#define HANDOFF_SEED_BYTES 64U
#define HANDOFF_MAX_CPUS 128U

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
    HANDOFF_RAM_RESERVED = 11, /* RAM that is somebody else's; the mailboxes of the CPUs, too */
    HANDOFF_RAM_TABLES = 12,   /* the handoff address space, both copies: free once the hypervisor runs on its own */
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

/* How PSCI is called (DEN 0022, 5.2.1), for what is still asked of the firmware: reset and power-off. */
enum handoff_conduit {
    HANDOFF_CONDUIT_NONE = 0,
    HANDOFF_CONDUIT_SMC = 1,
    HANDOFF_CONDUIT_HVC = 2,
};

/* How the firmware's own table said that a CPU is started. */
enum handoff_cpu_protocol {
    HANDOFF_CPU_UNKNOWN = 0,
    HANDOFF_CPU_PSCI = 1,
    HANDOFF_CPU_SPIN_TABLE = 2,
    HANDOFF_CPU_PARKING = 3, /* the ACPI parking protocol: the mailbox is the firmware's own */
};

enum handoff_cpu_state {
    HANDOFF_CPU_BOOT = 1,     /* runs the loader and enters the hypervisor */
    HANDOFF_CPU_PARKED = 2,   /* waits at its mailbox */
    HANDOFF_CPU_LEFT_OUT = 3, /* did not arrive in time, or nobody knows how to start it: its mailbox is cancelled */
};

struct handoff_cpu {
    uint64_t mpidr; /* affinity fields only */
    /*
     * A page (include/ashlar/mailbox_page.h) in a region of type HANDOFF_RAM_RESERVED, the firmware's own also HANDOFF_RAM_NVS. Of a
     * CPU that is LEFT_OUT: what it finds should it come late, or 0.
     */
    uint64_t mailbox;
    uint32_t number;   /* what is written to the mailbox's id */
    uint16_t protocol; /* enum handoff_cpu_protocol */
    uint16_t state;    /* enum handoff_cpu_state */
};

/* The handoff address space (mechanism 3), for the monitor to show. Counts are of descriptors unless bytes are said. */
struct handoff_space {
    uint64_t tcr;         /* TCR_EL2 as the firmware had it */
    uint64_t root;        /* and where its root lay */
    uint32_t root_size;   /* bytes */
    uint32_t levels;      /* 1 to 4 */
    uint32_t input_bits;  /* 64 - T0SZ */
    uint32_t tables_seen; /* tables of the firmware, each as often as it was reached */
    uint64_t first;       /* the copy made while the firmware lived */
    uint64_t second;      /* the copy that the hypervisor was entered on */
    uint32_t first_pages; /* as counted */
    uint32_t second_pages;
    uint32_t leaves;
    uint32_t splits; /* leaves that were RAM in part, and taken apart */
    uint64_t ram;    /* bytes of RAM: readable, writable, executable */
    uint64_t others; /* bytes of everything else: as the firmware had it */
    uint32_t made_writable;
    uint32_t made_executable;
    uint32_t made_accessible;
    uint32_t dropped_alias;
    uint32_t dropped_pointer;
    uint32_t dropped_empty;
    uint32_t dropped_invalid;
    uint32_t reserved;
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

    /* The machine's CPUs (mechanism 10), at most HANDOFF_MAX_CPUS; started through their mailboxes and no other way. */
    uint32_t conduit; /* enum handoff_conduit */
    uint32_t cpu_count;
    struct handoff_cpu cpus[HANDOFF_MAX_CPUS];

    struct handoff_space space;

    /* PCI functions that the loader found, those that were bus masters, and those that still are. */
    uint32_t pci_functions;
    uint32_t pci_masters;
    uint32_t pci_masters_left;
    uint32_t pci_reserved;

    uint32_t region_count;
    uint32_t module_count;
    struct handoff_region regions[HANDOFF_MAX_REGIONS];
    struct handoff_module modules[HANDOFF_MAX_MODULES];
};
