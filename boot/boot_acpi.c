/* SPDX-License-Identifier: Apache-2.0 */
/* See boot_acpi.h. Lengths are held against memory before what they cover is read, checksums before it is believed. */
#include "boot_acpi.h"

#include <stddef.h>
#include <string.h>

#include "boot_bytes.h"

/* 5.2.5.3, table 5.3 */
#define RSDP_V1_SIZE 20U
#define RSDP_SIZE 36U
#define RSDP_REVISION 15U
#define RSDP_LENGTH 20U
#define RSDP_XSDT 24U
#define RSDP_MAX 4096U

/* 5.2.6, table 5.4 */
#define HEADER_SIZE 36U
#define HEADER_LENGTH 4U

static bool refuse(struct boot_fault *fault, const char *table, const char *what, uint64_t found)
{
    *fault = (struct boot_fault){table, what, found};
    return false;
}

static bool root_read(const struct boot_acpi_memory *memory, uint64_t pa, struct boot_acpi_table *rsdp,
                      struct boot_fault *fault)
{
    uint8_t *bytes = memory->look(memory->context, pa, RSDP_SIZE);
    uint32_t size;

    if (bytes == NULL) {
        return refuse(fault, "RSDP", "its address is not RAM", pa);
    }
    if (memcmp(bytes, "RSD PTR ", 8) != 0 || bytes[RSDP_REVISION] < 2) {
        return refuse(fault, "RSDP", "signature or revision", bytes[RSDP_REVISION]);
    }
    size = boot_bytes_le32(bytes + RSDP_LENGTH);
    if (size < RSDP_SIZE || size > RSDP_MAX || memory->look(memory->context, pa, size) == NULL) {
        return refuse(fault, "RSDP", "length", size);
    }
    if (boot_bytes_sum(bytes, RSDP_V1_SIZE) != 0 || boot_bytes_sum(bytes, size) != 0) {
        return refuse(fault, "RSDP", "checksum", boot_bytes_sum(bytes, size));
    }
    *rsdp = (struct boot_acpi_table){pa, bytes, size};
    return true;
}

static bool table_read(const struct boot_acpi_memory *memory, uint64_t pa, const char *name,
                       struct boot_acpi_table *table, struct boot_fault *fault)
{
    uint8_t *bytes = memory->look(memory->context, pa, HEADER_SIZE);
    uint32_t size;

    if (bytes == NULL) {
        return refuse(fault, name, "its address is not RAM", pa);
    }
    size = boot_bytes_le32(bytes + HEADER_LENGTH);
    if (size < HEADER_SIZE || size > BOOT_ACPI_TABLE_MAX || memory->look(memory->context, pa, size) == NULL) {
        return refuse(fault, name, "length", size);
    }
    if (boot_bytes_sum(bytes, size) != 0) {
        return refuse(fault, name, "checksum", boot_bytes_sum(bytes, size));
    }
    *table = (struct boot_acpi_table){pa, bytes, size};
    return true;
}

static bool table_find(const struct boot_acpi_memory *memory, const struct boot_acpi_table *xsdt, const char *signature,
                       const char *name, struct boot_acpi_table *table, struct boot_fault *fault)
{
    for (uint32_t at = HEADER_SIZE; at + 8U <= xsdt->size; at += 8U) {
        uint64_t pa = boot_bytes_le64(xsdt->bytes + at);
        const uint8_t *header = memory->look(memory->context, pa, HEADER_SIZE);

        if (header == NULL) {
            return refuse(fault, "XSDT", "an entry that is not RAM", pa);
        }
        if (memcmp(header, signature, 4) == 0) {
            return table_read(memory, pa, name, table, fault);
        }
    }
    return refuse(fault, name, "the XSDT does not list it", xsdt->size);
}

static bool overlap(const struct boot_acpi_table *a, const struct boot_acpi_table *b)
{
    return a->pa < b->pa + b->size && b->pa < a->pa + a->size;
}

static bool xsdt_open(const struct boot_acpi_memory *memory, uint64_t rsdp, struct boot_acpi_table *root,
                      struct boot_acpi_table *xsdt, struct boot_fault *fault)
{
    if (!root_read(memory, rsdp, root, fault) ||
        !table_read(memory, boot_bytes_le64(root->bytes + RSDP_XSDT), "XSDT", xsdt, fault)) {
        return false;
    }
    if (memcmp(xsdt->bytes, "XSDT", 4) != 0 || (xsdt->size - HEADER_SIZE) % 8U != 0) {
        return refuse(fault, "XSDT", "signature or length", xsdt->size);
    }
    return true;
}

bool boot_acpi_find(const struct boot_acpi_memory *memory, uint64_t rsdp, struct boot_acpi_table *fadt,
                    struct boot_acpi_table *madt, struct boot_fault *fault)
{
    struct boot_acpi_table root;
    struct boot_acpi_table xsdt;

    if (!xsdt_open(memory, rsdp, &root, &xsdt, fault) || !table_find(memory, &xsdt, "FACP", "FADT", fadt, fault) ||
        !table_find(memory, &xsdt, "APIC", "MADT", madt, fault)) {
        return false;
    }
    if (overlap(fadt, madt) || overlap(fadt, &xsdt) || overlap(fadt, &root)) {
        return refuse(fault, "FADT", "it overlaps another table", fadt->pa);
    }
    if (overlap(madt, &xsdt) || overlap(madt, &root)) {
        return refuse(fault, "MADT", "it overlaps another table", madt->pa);
    }
    return true;
}

bool boot_acpi_find_one(const struct boot_acpi_memory *memory, uint64_t rsdp, const char *signature,
                        struct boot_acpi_table *table, struct boot_fault *fault)
{
    struct boot_acpi_table root;
    struct boot_acpi_table xsdt;

    return xsdt_open(memory, rsdp, &root, &xsdt, fault) &&
           table_find(memory, &xsdt, signature, signature, table, fault);
}
