/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stage 1 translation tables of EL2 with E2H = 0 and a 4 KiB granule (DDI 0487, D8.2 and D8.3), as the firmware left
 * them: walked, counted, and copied into tables of 4 levels with the rights that the hypervisor's start needs
 * (mechanism 3). Pure over an abstract memory: no UEFI call, no instruction, no state. Called by boot_space.c, unit
 * test and fuzz target.
 *
 * What a copy keeps: leaves whose output address is their virtual address. RAM becomes readable, writable and
 * executable; everything else keeps its attributes, with what upper levels imposed folded into the leaf. A leaf that is
 * RAM in part is split as far as needed.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BOOT_TABLES_ENTRIES 512U
#define BOOT_TABLES_PAGE 4096ULL
/* Tables that one walk looks at before it gives up: 64 GiB in single pages, and an end to tables that name each other. */
#define BOOT_TABLES_MAX 32768U

/* What the memory map says of a physical address. */
enum boot_tables_kind {
    BOOT_TABLES_DEVICE, /* no RAM that is known: no table lies here, attributes stay */
    BOOT_TABLES_OTHERS, /* RAM that is somebody else's: tables may lie here, attributes stay */
    BOOT_TABLES_RAM,    /* RAM: tables may lie here, all rights */
};

struct boot_tables_memory {
    void *context;
    /* The kind of pa, and in *end, above pa, how far it holds. Both page aligned. */
    enum boot_tables_kind (*kind)(void *context, uint64_t pa, uint64_t *end);
    /*
     * Where [pa, pa + size) is read or written; size at most 4 KiB, inside one page that is not BOOT_TABLES_DEVICE. NULL:
     * it can't be reached, which is as if it were a device's.
     */
    volatile uint64_t *(*look)(void *context, uint64_t pa, uint64_t size);
};

/* A set of tables by its registers (DDI 0487, D23: TTBR0_EL2, TCR_EL2). */
struct boot_tables {
    uint64_t ttbr;
    uint64_t tcr;
};

/* What a walk found. Numbers of descriptors, save where bytes are said. */
struct boot_tables_report {
    uint32_t levels;      /* 1 to 4 */
    uint32_t input_bits;  /* 64 - T0SZ */
    uint64_t root;        /* physical address */
    uint32_t root_size;   /* bytes: less than 4 KiB for a short root */
    uint32_t tables_seen; /* tables read, each as often as it is reached */
    uint32_t pages;       /* tables of the copy, root included */
    uint32_t leaves;      /* of the copy */
    uint32_t splits;      /* leaves that were taken apart: RAM only in part */
    uint64_t ram;         /* bytes of RAM mapped by the copy */
    uint64_t others;      /* bytes of everything else mapped by the copy */
    uint32_t made_writable;
    uint32_t made_executable;
    uint32_t made_accessible; /* RAM without an access flag, such as guard pages */
    uint32_t dropped_alias;   /* leaves whose output address is not their virtual address */
    uint32_t dropped_pointer; /* table descriptors that lead outside RAM */
    uint32_t dropped_empty;   /* tables with nothing left that is kept */
    uint32_t
        dropped_invalid; /* descriptors that are valid by bit 0 and reserved at their level, or beyond TCR_EL2.PS */
};

enum boot_tables_status {
    BOOT_TABLES_OK,
    BOOT_TABLES_BAD_GRANULE, /* TCR_EL2.TG0 is not 4 KiB */
    BOOT_TABLES_BAD_SIZE,    /* T0SZ outside 16 to 48, or TCR_EL2.DS (another descriptor format) */
    BOOT_TABLES_BAD_ROOT,    /* the root lies outside RAM */
    BOOT_TABLES_ENDLESS,     /* more than BOOT_TABLES_MAX tables: they name each other */
    BOOT_TABLES_NOTHING,     /* nothing is identity-mapped */
    BOOT_TABLES_NO_ROOM,     /* the copy asks for more pages than were given */
};

/* Walks without writing: *report says what a copy would hold, report->pages how many pages it takes. */
enum boot_tables_status boot_tables_count(const struct boot_tables_memory *memory, const struct boot_tables *from,
                                          struct boot_tables_report *report);

/*
 * Copies into [to, to + pages * 4 KiB), 4 KiB aligned and RAM, the root at `to`. Nothing outside is written, whatever
 * the tables became since they were counted: BOOT_TABLES_NO_ROOM then. *copy are the registers that go with it: 48 bits,
 * 4 KiB granule, walks write-back inner shareable, and of `from` what decides over addresses and attributes. The caller
 * cleans the pages to the point of coherency.
 */
enum boot_tables_status boot_tables_copy(const struct boot_tables_memory *memory, const struct boot_tables *from,
                                         uint64_t to, uint32_t pages, struct boot_tables *copy,
                                         struct boot_tables_report *report);

/* Whether va is identity-mapped with all rights: valid, accessed, output = va, writable and executable at each level. */
bool boot_tables_identity(const struct boot_tables_memory *memory, const struct boot_tables *tables, uint64_t va);

/* The status in words, for a message. */
const char *boot_tables_text(enum boot_tables_status status);
