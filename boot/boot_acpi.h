/* SPDX-License-Identifier: Apache-2.0 */
/* Finds FADT and MADT (ACPI 6.5, 5.2.5 to 5.2.12). Pure over an abstract memory, no state. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "boot_cpus.h"

#define BOOT_ACPI_TABLE_MAX 0x100000U /* bytes of one table */

struct boot_acpi_memory {
    void *context;
    /* [pa, pa + size) of RAM, any alignment; NULL where it is not RAM throughout. */
    uint8_t *(*look)(void *context, uint64_t pa, uint64_t size);
};

struct boot_acpi_table {
    uint64_t pa;
    uint8_t *bytes;
    uint32_t size; /* at least 36; the checksum is right */
};

/*
 * Follows the root pointer at rsdp. False: *fault names the table and what is wrong with it. Tables that lie in each
 * other are refused, since to mend one would damage the other.
 */
bool boot_acpi_find(const struct boot_acpi_memory *memory, uint64_t rsdp, struct boot_acpi_table *fadt,
                    struct boot_acpi_table *madt, struct boot_fault *fault);

/* One table by its four-letter signature, checked likewise. */
bool boot_acpi_find_one(const struct boot_acpi_memory *memory, uint64_t rsdp, const char *signature,
                        struct boot_acpi_table *table, struct boot_fault *fault);
