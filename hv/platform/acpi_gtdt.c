/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Generic Timer Description Table (ACPI 6.5, 5.2.25): the interrupts of the CPUs' timers. A pure function of the table's
 * bytes, called by platform.c.
 *
 * The flags (mode, polarity) are not used: the timers' outputs are level-sensitive by the architecture (DDI 0487, D12.2.4), and
 * firmware is known to say otherwise.
 */
#include "platform/acpi.h"

#include "lib/bytes.h"
#include "platform/platform_fill.h"

/* Table 5.124; ACPI 5.1 (revision 2) is 96 bytes long, revision 3 appends the virtual EL2 timer. */
#define GTDT_SIZE 96U
#define GTDT_NS_EL1 56
#define GTDT_VIRTUAL_EL1 64
#define GTDT_EL2 72

enum status acpi_gtdt_read(const void *table, uint32_t size, struct platform *out, struct platform_fault *fault)
{
    const uint8_t *bytes = table;

    if (size < GTDT_SIZE) {
        platform_fault_print(fault, "GTDT: length: found %u, expected at least %u", size, GTDT_SIZE);
        return STATUS_INVALID;
    }
    out->timer_phys_intid = bytes_le32(bytes + GTDT_NS_EL1);
    out->timer_virt_intid = bytes_le32(bytes + GTDT_VIRTUAL_EL1);
    out->timer_hyp_intid = bytes_le32(bytes + GTDT_EL2);
    return platform_timer_check(out, "GTDT", fault);
}
