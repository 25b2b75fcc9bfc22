/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fixed ACPI Description Table (ACPI 6.5, 5.2.9): only the ARM boot architecture flags (table 5.11), which say whether and how
 * PSCI is called. A pure function of the table's bytes, called by platform.c.
 */
#include "platform/acpi.h"

#include "lib/bits.h"
#include "lib/bytes.h"
#include "platform/platform_fill.h"

/* Table 5.9; the flags came with revision 5.1. */
#define FADT_SIZE 132U
#define FADT_REVISION 8
#define FADT_ARM_BOOT_ARCH 129
#define FADT_MINOR 131

#define PSCI_COMPLIANT BIT(0)
#define PSCI_USE_HVC BIT(1)

enum status acpi_fadt_read(const void *table, uint32_t size, struct platform *out, struct platform_fault *fault)
{
    const uint8_t *bytes = table;

    if (size < FADT_SIZE) {
        platform_fault_print(fault, "FADT: length: found %u, expected at least %u", size, FADT_SIZE);
        return STATUS_INVALID;
    }
    /* Bits 7:4 of the minor version count errata. */
    unsigned minor = bytes[FADT_MINOR] & 0xfU;
    if (bytes[FADT_REVISION] < 5U || (bytes[FADT_REVISION] == 5U && minor == 0U)) {
        platform_fault_print(fault, "FADT: revision: found %u.%u, expected 5.1 or later", bytes[FADT_REVISION], minor);
        return STATUS_INVALID;
    }
    uint16_t flags = bytes_le16(bytes + FADT_ARM_BOOT_ARCH);
    if ((flags & PSCI_COMPLIANT) == 0U) {
        out->conduit = CONDUIT_NONE;
    } else {
        out->conduit = (flags & PSCI_USE_HVC) != 0U ? CONDUIT_HVC : CONDUIT_SMC;
    }
    out->psci_version = 0; /* 5.2.9: 0.2 or later; PSCI_VERSION says which */
    return STATUS_OK;
}
