/* SPDX-License-Identifier: Apache-2.0 */
/* See boot_madt.h. */
#include "boot_madt.h"

#include <stddef.h>

#include "boot_bytes.h"

#define CHECKSUM 9U /* 5.2.6, of every table */

/* 5.2.9, table 5.9: the flags came with revision 5.1. Table 5.11: their bits. */
#define FADT_SIZE 132U
#define FADT_REVISION 8U
#define FADT_ARM_BOOT_ARCH 129U
#define FADT_MINOR 131U
#define PSCI_COMPLIANT 1U
#define PSCI_USE_HVC 2U

/* 5.2.12, tables 5.19 and 5.37; ACPI 5.1's GICC has 76 bytes. */
#define MADT_STRUCTURES 44U
#define GICC_TYPE 0x0bU
#define GICC_SIZE 76U
#define GICC_NUMBER 4U
#define GICC_FLAGS 12U
#define GICC_PARKING_VERSION 16U
#define GICC_PARKED_ADDRESS 24U
#define GICC_MPIDR 68U
#define GICC_ENABLED 1U

static bool refuse(struct boot_fault *fault, const char *table, const char *what, uint64_t found)
{
    *fault = (struct boot_fault){table, what, found};
    return false;
}

static bool fadt_read(const struct boot_acpi_table *fadt, uint32_t *conduit, struct boot_fault *fault)
{
    uint8_t flags;

    if (fadt->size < FADT_SIZE) {
        return refuse(fault, "FADT", "length", fadt->size);
    }
    /* Bits 7:4 of the minor version count errata. */
    if (fadt->bytes[FADT_REVISION] < 5 || (fadt->bytes[FADT_REVISION] == 5 && (fadt->bytes[FADT_MINOR] & 15U) == 0)) {
        return refuse(fault, "FADT", "a revision before 5.1", fadt->bytes[FADT_REVISION]);
    }
    flags = fadt->bytes[FADT_ARM_BOOT_ARCH];
    *conduit = HANDOFF_CONDUIT_NONE;
    if ((flags & PSCI_COMPLIANT) != 0) {
        *conduit = (flags & PSCI_USE_HVC) != 0 ? HANDOFF_CONDUIT_HVC : HANDOFF_CONDUIT_SMC;
    }
    return true;
}

static void protocol_read(const uint8_t *gicc, uint32_t conduit, struct boot_cpu *cpu)
{
    uint64_t parked = boot_bytes_le64(gicc + GICC_PARKED_ADDRESS);

    if (conduit != HANDOFF_CONDUIT_NONE) {
        cpu->protocol = HANDOFF_CPU_PSCI;
    } else if (boot_bytes_le32(gicc + GICC_PARKING_VERSION) == 1 && parked != 0) {
        cpu->protocol = HANDOFF_CPU_PARKING;
        cpu->release = parked;
    }
}

static bool gicc_read(const uint8_t *gicc, uint64_t boot_mpidr, struct boot_cpus *cpus, struct boot_fault *fault)
{
    struct boot_cpu cpu = {.mpidr = boot_bytes_le64(gicc + GICC_MPIDR) & BOOT_CPUS_AFFINITY,
                           .number = boot_bytes_le32(gicc + GICC_NUMBER)};

    /* Online-capable (bit 3) without enabled is a CPU for hot-plug: not usable now. */
    if ((boot_bytes_le32(gicc + GICC_FLAGS) & GICC_ENABLED) == 0) {
        cpus->disabled++;
        return true;
    }
    cpu.boot = cpu.mpidr == boot_mpidr;
    protocol_read(gicc, cpus->conduit, &cpu);
    for (uint32_t i = 0; i < cpus->count; i++) {
        if (cpus->cpus[i].mpidr == cpu.mpidr) {
            return refuse(fault, "MADT", "two GICC of one MPIDR", cpu.mpidr);
        }
        if (cpu.protocol == HANDOFF_CPU_PARKING && cpus->cpus[i].protocol == HANDOFF_CPU_PARKING &&
            cpus->cpus[i].release >> 12 == cpu.release >> 12) {
            return refuse(fault, "MADT", "two GICC of one parked address", cpu.release);
        }
    }
    if (cpus->count < HANDOFF_MAX_CPUS) {
        cpus->cpus[cpus->count++] = cpu;
    } else if (cpu.boot) {
        cpus->cpus[HANDOFF_MAX_CPUS - 1U] = cpu;
        cpus->left_out++;
    } else {
        cpus->left_out++;
    }
    return true;
}

/* The next structure at or after *at, with *at behind it; NULL at the end. Lengths were checked by structures_check. */
static uint8_t *structure_next(const struct boot_acpi_table *madt, uint32_t *at)
{
    uint8_t *structure = madt->bytes + *at;

    if (*at >= madt->size) {
        return NULL;
    }
    *at += structure[1];
    return structure;
}

static bool structures_check(const struct boot_acpi_table *madt, struct boot_fault *fault)
{
    if (madt->size < MADT_STRUCTURES) {
        return refuse(fault, "MADT", "length", madt->size);
    }
    for (uint32_t at = MADT_STRUCTURES; at < madt->size; at += madt->bytes[at + 1U]) {
        if (madt->size - at < 2 || madt->bytes[at + 1U] < 2 || madt->bytes[at + 1U] > madt->size - at) {
            return refuse(fault, "MADT", "the length of the structure at offset", at);
        }
        if (madt->bytes[at] == GICC_TYPE && madt->bytes[at + 1U] < GICC_SIZE) {
            return refuse(fault, "MADT", "the length of the GICC at offset", at);
        }
    }
    return true;
}

bool boot_madt_read(const struct boot_acpi_table *fadt, const struct boot_acpi_table *madt, uint64_t boot_mpidr,
                    struct boot_cpus *cpus, struct boot_fault *fault)
{
    uint32_t at = MADT_STRUCTURES;
    bool has_boot = false;

    *cpus = (struct boot_cpus){0};
    if (!fadt_read(fadt, &cpus->conduit, fault) || !structures_check(madt, fault)) {
        return false;
    }
    for (const uint8_t *s = structure_next(madt, &at); s != NULL; s = structure_next(madt, &at)) {
        if (s[0] == GICC_TYPE && !gicc_read(s, boot_mpidr, cpus, fault)) {
            return false;
        }
    }
    for (uint32_t i = 0; i < cpus->count; i++) {
        has_boot = has_boot || cpus->cpus[i].boot;
    }
    return has_boot ? true : refuse(fault, "MADT", "no enabled GICC of the CPU that runs, MPIDR", boot_mpidr);
}

static void checksum_mend(const struct boot_acpi_table *table)
{
    table->bytes[CHECKSUM] = 0;
    table->bytes[CHECKSUM] = (uint8_t)(0U - boot_bytes_sum(table->bytes, table->size));
}

static const struct boot_cpu *cpu_find(const struct boot_cpus *cpus, uint64_t mpidr)
{
    for (uint32_t i = 0; i < cpus->count; i++) {
        if (cpus->cpus[i].mpidr == mpidr) {
            return &cpus->cpus[i];
        }
    }
    return NULL;
}

/* True when the CPU of this GICC has a mailbox. */
static bool gicc_rewrite(uint8_t *gicc, const struct boot_cpus *cpus)
{
    const struct boot_cpu *cpu = cpu_find(cpus, boot_bytes_le64(gicc + GICC_MPIDR) & BOOT_CPUS_AFFINITY);

    if ((boot_bytes_le32(gicc + GICC_FLAGS) & GICC_ENABLED) == 0 || cpu == NULL || cpu->mailbox == 0) {
        return false;
    }
    boot_bytes_put32(gicc + GICC_PARKING_VERSION, 1);
    boot_bytes_put64(gicc + GICC_PARKED_ADDRESS, cpu->mailbox);
    return true;
}

bool boot_madt_rewrite(const struct boot_acpi_table *fadt, const struct boot_acpi_table *madt,
                       const struct boot_cpus *cpus)
{
    uint32_t at = MADT_STRUCTURES;
    bool any = false;

    for (uint8_t *s = structure_next(madt, &at); s != NULL; s = structure_next(madt, &at)) {
        any = (s[0] == GICC_TYPE && gicc_rewrite(s, cpus)) || any;
    }
    if (!any) {
        return false;
    }
    fadt->bytes[FADT_ARM_BOOT_ARCH] &= (uint8_t) ~(PSCI_COMPLIANT | PSCI_USE_HVC);
    checksum_mend(fadt);
    checksum_mend(madt);
    return true;
}
