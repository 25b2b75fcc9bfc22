/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ACPI tables (ACPI 6.5, chapter 5): finding one, and reading what struct platform wants of it. No AML is run.
 * Called by platform.c at start-up, on the boot CPU; no lock, no state.
 */
#pragma once

#include <stdint.h>

#include "ashlar/handoff.h"
#include "lib/status.h"
#include "platform/platform.h"

#define ACPI_HEADER_SIZE 36U     /* 5.2.6, table 5.4 */
#define ACPI_TABLE_MAX 0x100000U /* bytes; more than that is not believed */

/* The tables of one machine. */
struct acpi_root {
    const struct handoff *handoff;
    const uint8_t *entries; /* of the XSDT: count little-endian addresses, unaligned */
    uint32_t count;
};

/* One table whose length, place and checksum were found right. */
struct acpi_table {
    const uint8_t *bytes; /* from its header's first byte */
    uint32_t size;        /* bytes, at least ACPI_HEADER_SIZE */
};

/*
 * Checks the RSDP (5.2.5: signature, both checksums, revision) and the XSDT (5.2.8) below handoff->rsdp. Whatever is read
 * has to lie in memory regions of the handoff, whose regions were checked. On failure *fault says which field.
 */
enum status acpi_root_open(const struct handoff *handoff, struct acpi_root *root, struct platform_fault *fault);

/* The first table of that signature (four characters). STATUS_NOT_FOUND or STATUS_INVALID with *fault. */
enum status acpi_table_find(const struct acpi_root *root, const char *signature, struct acpi_table *table,
                            struct platform_fault *fault);

/*
 * One table each: reads [table, table + size) and nothing else, fills its part of *out. The header was checked already;
 * everything behind it is checked here. On failure *fault names table and field; *out may be half filled.
 */

/* 5.2.12: CPUs, distributor, redistributors. Uses out->boot_mpidr and adds to empty lists. */
enum status acpi_madt_read(const void *table, uint32_t size, struct platform *out, struct platform_fault *fault);
/* 5.2.25: the three timers' interrupts. */
enum status acpi_gtdt_read(const void *table, uint32_t size, struct platform *out, struct platform_fault *fault);
/* 5.2.9 and table 5.11: how PSCI is called. */
enum status acpi_fadt_read(const void *table, uint32_t size, struct platform *out, struct platform_fault *fault);
/*
 * Serial Port Console Redirection Table, revision 1.10 (named by ACPI 6.5, table 5.6): the console.
 * STATUS_UNSUPPORTED: a UART that we have no driver for, or one in I/O space; out->console.type is CONSOLE_NONE.
 */
enum status acpi_spcr_read(const void *table, uint32_t size, struct platform *out, struct platform_fault *fault);
