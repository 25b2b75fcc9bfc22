/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Multiple APIC Description Table (ACPI 6.5, 5.2.12): which CPUs, where distributor and redistributors are. A pure function
 * of the table's bytes, called by platform.c. Structures of other types (ITS, MSI frame) are skipped by their length.
 */
#include "platform/acpi.h"

#include "lib/bits.h"
#include "lib/bytes.h"
#include "platform/platform_fill.h"

/* Table 5.19: the structures follow the flags. */
#define MADT_STRUCTURES 44U

/* 5.2.12.14, table 5.37; ACPI 5.1's is 76 bytes long, later ones append. */
#define GICC_SIZE 76U
#define GICC_UID 8
#define GICC_FLAGS 12
#define GICC_MAINTENANCE 56
#define GICC_GICR_BASE 60
#define GICC_MPIDR 68
#define GICC_ENABLED BIT(0)
#define MPIDR_ZERO BITS(63, 40)

/* 5.2.12.15, table 5.38 */
#define GICD_SIZE 24U
#define GICD_BASE 8
#define GICD_VERSION 20

/* 5.2.12.17, table 5.40 */
#define GICR_SIZE 16U
#define GICR_BASE 4
#define GICR_LENGTH 12

struct madt {
    struct platform *out;
    struct platform_fault *fault;
    bool has_gicd;
};

static enum status read_gicc(struct madt *madt, const uint8_t *entry)
{
    uint64_t mpidr = bytes_le64(entry + GICC_MPIDR);
    /* Online-capable (flags bit 3) without enabled is a CPU for hot-plug: not usable now. */
    struct platform_cpu cpu = {
        .mpidr = mpidr & PLATFORM_AFFINITY,
        .gicr_base = bytes_le64(entry + GICC_GICR_BASE),
        .acpi_uid = bytes_le32(entry + GICC_UID),
        .enabled = (bytes_le32(entry + GICC_FLAGS) & GICC_ENABLED) != 0U,
        .maintenance_intid = bytes_le32(entry + GICC_MAINTENANCE),
    };

    /* Bits 31:24 are 0 by table 5.37, but firmware that copies MPIDR_EL1 leaves MT and RES1 there: they are dropped. */
    if (cpu.enabled && (mpidr & MPIDR_ZERO) != 0U) {
        platform_fault_print(madt->fault, "MADT: GICC of UID %u: MPIDR: found 0x%lx, expected bits 63:40 zero",
                             cpu.acpi_uid, mpidr);
        return STATUS_RANGE;
    }
    if (cpu.enabled && cpu.gicr_base != 0U &&
        !platform_range_valid(cpu.gicr_base, 2U * PLATFORM_GIC_FRAME, PLATFORM_GIC_FRAME)) {
        platform_fault_print(madt->fault,
                             "MADT: GICC of UID %u: GICR base address: found 0x%lx, expected 64 KiB frames below 2^46",
                             cpu.acpi_uid, cpu.gicr_base);
        return STATUS_RANGE;
    }
    return platform_cpu_add(madt->out, &cpu, "MADT: GICC", madt->fault);
}

static enum status read_gicd(struct madt *madt, const uint8_t *entry)
{
    uint8_t version = entry[GICD_VERSION];

    if (madt->has_gicd) {
        platform_fault_print(madt->fault, "MADT: GICD: found a second one, expected one");
        return STATUS_EXISTS;
    }
    if (version != 3U && version != 4U) {
        platform_fault_print(madt->fault, "MADT: GICD: GIC version: found %u, expected 3 or 4", version);
        return STATUS_UNSUPPORTED;
    }
    madt->has_gicd = true;
    madt->out->gicd_base = bytes_le64(entry + GICD_BASE);
    return STATUS_OK;
}

static enum status read_gicr(struct madt *madt, const uint8_t *entry)
{
    return platform_redistributor_add(madt->out, bytes_le64(entry + GICR_BASE), bytes_le32(entry + GICR_LENGTH),
                                      "MADT: GICR", madt->fault);
}

static const struct madt_kind {
    uint8_t type;
    uint8_t size; /* bytes, at least */
    const char *name;
    enum status (*read)(struct madt *madt, const uint8_t *entry);
} madt_kinds[] = {
    {0x0b, GICC_SIZE, "GICC", read_gicc},
    {0x0c, GICD_SIZE, "GICD", read_gicd},
    {0x0e, GICR_SIZE, "GICR", read_gicr},
};

/* The structure's length byte was checked against the table: it lies in the table whole. */
static enum status read_structure(struct madt *madt, const uint8_t *entry)
{
    for (unsigned i = 0; i < ARRAY_SIZE(madt_kinds); i++) {
        const struct madt_kind *kind = &madt_kinds[i];
        if (entry[0] != kind->type) {
            continue;
        }
        if (entry[1] < kind->size) {
            platform_fault_print(madt->fault, "MADT: %s: length: found %u, expected at least %u", kind->name, entry[1],
                                 kind->size);
            return STATUS_INVALID;
        }
        return kind->read(madt, entry);
    }
    return STATUS_OK;
}

static enum status read_structures(struct madt *madt, const uint8_t *bytes, uint32_t size)
{
    uint32_t offset = MADT_STRUCTURES;

    while (offset < size) {
        uint32_t left = size - offset;
        uint32_t length = left < 2U ? 0U : bytes[offset + 1U];
        if (length < 2U || length > left) {
            platform_fault_print(madt->fault, "MADT: structure at %u: length: found %u, expected 2 to %u", offset,
                                 length, left);
            return STATUS_INVALID;
        }
        enum status status = read_structure(madt, bytes + offset);
        if (status != STATUS_OK) {
            return status;
        }
        offset += length;
    }
    return STATUS_OK;
}

/* Table 5.37: where GICR structures are present, the GICR base address of a GICC is to be ignored. */
static void drop_gicr_bases(struct platform *out)
{
    for (uint32_t i = 0; out->redistributor_count > 0U && i < out->cpu_count; i++) {
        out->cpus[i].gicr_base = 0;
    }
}

enum status acpi_madt_read(const void *table, uint32_t size, struct platform *out, struct platform_fault *fault)
{
    struct madt madt = {.out = out, .fault = fault};

    if (size < MADT_STRUCTURES) {
        platform_fault_print(fault, "MADT: length: found %u, expected at least %u", size, MADT_STRUCTURES);
        return STATUS_INVALID;
    }
    enum status status = read_structures(&madt, table, size);
    if (status != STATUS_OK) {
        return status;
    }
    if (!madt.has_gicd) {
        platform_fault_print(fault, "MADT: GICD: found none, expected one");
        return STATUS_NOT_FOUND;
    }
    drop_gicr_bases(out);
    return platform_gic_check(out, "MADT", fault);
}
