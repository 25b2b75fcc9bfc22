/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finds ACPI tables: root pointer, XSDT, table (ACPI 6.5, 5.2.5 to 5.2.8). Each length is checked against the handoff's memory
 * regions before what it covers is read, and each checksum before it is believed. Called by platform.c; owns no state.
 */
#include "platform/acpi.h"

#include "arch/phys.h"
#include "lib/bits.h"
#include "lib/bytes.h"
#include "lib/string.h"
#include "platform/handoff_check.h"
#include "platform/platform_fill.h"

/* 5.2.5.3, table 5.3 */
#define RSDP_CHECKSUM_SIZE 20U
#define RSDP_SIZE 36U
#define RSDP_REVISION 15
#define RSDP_LENGTH 20
#define RSDP_XSDT 24

/* 5.2.6, table 5.4 */
#define HEADER_LENGTH 4

#define XSDT_ENTRY_SIZE 8U

static uint8_t sum_bytes(const uint8_t *bytes, uint32_t size)
{
    uint8_t sum = 0;

    for (uint32_t i = 0; i < size; i++) {
        sum = (uint8_t)(sum + bytes[i]);
    }
    return sum;
}

/* NULL unless all of it is memory. */
static const uint8_t *look_at(const struct handoff *handoff, uint64_t pa, uint64_t size)
{
    return handoff_range_is_memory(handoff, pa, size) ? phys_to_pointer(pa) : NULL;
}

static enum status check_table(const struct handoff *handoff, uint64_t pa, const char *name, struct acpi_table *table,
                               struct platform_fault *fault)
{
    const uint8_t *bytes = look_at(handoff, pa, ACPI_HEADER_SIZE);

    if (bytes == NULL) {
        platform_fault_print(fault, "%s: address: found 0x%lx, expected memory", name, pa);
        return STATUS_INVALID;
    }
    uint32_t size = bytes_le32(bytes + HEADER_LENGTH);
    if (size < ACPI_HEADER_SIZE || size > ACPI_TABLE_MAX || look_at(handoff, pa, size) == NULL) {
        platform_fault_print(fault, "%s: length: found %u, expected %u to %u, inside memory", name, size,
                             ACPI_HEADER_SIZE, ACPI_TABLE_MAX);
        return STATUS_INVALID;
    }
    uint8_t sum = sum_bytes(bytes, size);
    if (sum != 0U) {
        platform_fault_print(fault, "%s: checksum: the bytes add up to 0x%x, expected 0", name, sum);
        return STATUS_INVALID;
    }
    *table = (struct acpi_table){bytes, size};
    return STATUS_OK;
}

static enum status open_xsdt(const struct handoff *handoff, uint64_t pa, struct acpi_root *root,
                             struct platform_fault *fault)
{
    struct acpi_table xsdt;
    enum status status = check_table(handoff, pa, "XSDT", &xsdt, fault);

    if (status != STATUS_OK) {
        return status;
    }
    if (memcmp(xsdt.bytes, "XSDT", 4) != 0) {
        platform_fault_print(fault, "XSDT: signature: found '%.4s'", (const char *)xsdt.bytes);
        return STATUS_INVALID;
    }
    uint32_t entry_bytes = xsdt.size - ACPI_HEADER_SIZE;
    if (!is_aligned(entry_bytes, XSDT_ENTRY_SIZE)) {
        platform_fault_print(fault, "XSDT: length: found %u, expected 36 and a multiple of 8", xsdt.size);
        return STATUS_INVALID;
    }
    *root = (struct acpi_root){handoff, xsdt.bytes + ACPI_HEADER_SIZE, entry_bytes / XSDT_ENTRY_SIZE};
    return STATUS_OK;
}

enum status acpi_root_open(const struct handoff *handoff, struct acpi_root *root, struct platform_fault *fault)
{
    const uint8_t *rsdp = look_at(handoff, handoff->rsdp, RSDP_SIZE);

    if (rsdp == NULL) {
        platform_fault_print(fault, "RSDP: address: found 0x%lx, expected memory", handoff->rsdp);
        return STATUS_INVALID;
    }
    if (memcmp(rsdp, "RSD PTR ", 8) != 0) {
        platform_fault_print(fault, "RSDP: signature: found '%.8s', expected 'RSD PTR '", (const char *)rsdp);
        return STATUS_INVALID;
    }
    if (rsdp[RSDP_REVISION] < 2U) {
        platform_fault_print(fault, "RSDP: revision: found %u, expected 2 or more", rsdp[RSDP_REVISION]);
        return STATUS_INVALID;
    }
    uint32_t size = bytes_le32(rsdp + RSDP_LENGTH);
    if (size < RSDP_SIZE || size > ACPI_TABLE_MAX || look_at(handoff, handoff->rsdp, size) == NULL) {
        platform_fault_print(fault, "RSDP: length: found %u, expected %u", size, RSDP_SIZE);
        return STATUS_INVALID;
    }
    if (sum_bytes(rsdp, RSDP_CHECKSUM_SIZE) != 0U || sum_bytes(rsdp, size) != 0U) {
        platform_fault_print(fault, "RSDP: checksum: the bytes do not add up to 0");
        return STATUS_INVALID;
    }
    return open_xsdt(handoff, bytes_le64(rsdp + RSDP_XSDT), root, fault);
}

enum status acpi_table_find(const struct acpi_root *root, const char *signature, struct acpi_table *table,
                            struct platform_fault *fault)
{
    for (uint32_t i = 0; i < root->count; i++) {
        uint64_t pa = bytes_le64(root->entries + (uint64_t)i * XSDT_ENTRY_SIZE);
        const uint8_t *header = look_at(root->handoff, pa, ACPI_HEADER_SIZE);
        if (header == NULL) {
            platform_fault_print(fault, "XSDT: entry %u: found 0x%lx, expected memory", i, pa);
            return STATUS_INVALID;
        }
        if (memcmp(header, signature, 4) == 0) {
            return check_table(root->handoff, pa, signature, table, fault);
        }
    }
    platform_fault_print(fault, "XSDT: no table '%s'", signature);
    return STATUS_NOT_FOUND;
}
