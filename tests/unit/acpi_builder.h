/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes ACPI tables byte by byte, from the field tables of ACPI 6.5 and without anything of hv/: what the tests feed to the parsers.
 */
#pragma once

#include <stdint.h>

#define ACPI_BUILDER_MAX 16384U

struct acpi_builder {
    uint8_t bytes[ACPI_BUILDER_MAX];
    uint32_t size;
};

/* A header (5.2.6) with that signature and revision; length and checksum are put in by acpi_finish. */
void acpi_start(struct acpi_builder *table, const char *signature, uint8_t revision);
void acpi_put(struct acpi_builder *table, unsigned bytes, uint64_t value);
void acpi_zeros(struct acpi_builder *table, unsigned count);
void acpi_finish(struct acpi_builder *table);

struct acpi_gicc {
    uint32_t uid;
    uint32_t flags;
    uint32_t maintenance;
    uint64_t gicr;
    uint64_t mpidr;
    uint8_t length; /* 76, 80 or 82 */
};

void acpi_madt_start(struct acpi_builder *table);
void acpi_madt_gicc(struct acpi_builder *table, const struct acpi_gicc *gicc);
void acpi_madt_gicd(struct acpi_builder *table, uint64_t base, uint8_t version);
void acpi_madt_gicr(struct acpi_builder *table, uint64_t base, uint32_t length);
void acpi_madt_its(struct acpi_builder *table, uint64_t base);
void acpi_madt_msi_frame(struct acpi_builder *table, uint64_t base);

void acpi_gtdt(struct acpi_builder *table, uint32_t el1, uint32_t virt, uint32_t el2);
void acpi_fadt(struct acpi_builder *table, uint8_t major, uint8_t minor, uint16_t arm_boot);

struct acpi_spcr {
    uint8_t revision;
    uint8_t interface;
    uint8_t space;
    uint8_t width;
    uint8_t access;
    uint64_t address;
    uint8_t interrupt_type;
    uint32_t gsiv;
};
void acpi_spcr(struct acpi_builder *table, const struct acpi_spcr *spcr);

/* As edk2 gives them on QEMU's virt board with that many CPUs. */
void acpi_virt_madt(struct acpi_builder *table, unsigned cpus);
void acpi_virt_spcr(struct acpi_builder *table);
