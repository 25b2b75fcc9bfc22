/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CPUs and their start protocol in FADT and MADT (ACPI 6.5, 5.2.9.4 and 5.2.12.14), read, and rewritten to the parking
 * protocol. Pure functions of the tables' bytes, no state.
 */
#pragma once

#include <stdbool.h>

#include "boot_acpi.h"
#include "boot_cpus.h"

/*
 * Lists the CPUs for use, in the table's order. Each has as its protocol PSCI where the FADT says so, else the parking
 * protocol where its GICC has version 1 and an address, else none. boot_mpidr: of the CPU that runs, which has to be
 * among them. False: *fault says why; *cpus is undefined.
 */
bool boot_madt_read(const struct boot_acpi_table *fadt, const struct boot_acpi_table *madt, uint64_t boot_mpidr,
                    struct boot_cpus *cpus, struct boot_fault *fault);

/*
 * After boot_madt_read of the same tables said true: FADT's PSCI flags cleared, parking version and parked address of each
 * CPU that has a mailbox, both checksums mended. All else stays. False, and nothing changed, when no CPU has one.
 */
bool boot_madt_rewrite(const struct boot_acpi_table *fadt, const struct boot_acpi_table *madt,
                       const struct boot_cpus *cpus);
