/* SPDX-License-Identifier: Apache-2.0 */
/* See acpi_builder.h. */
#include "acpi_builder.h"

#include <stdlib.h>
#include <string.h>

void acpi_put(struct acpi_builder *table, unsigned bytes, uint64_t value)
{
    if (table->size + bytes > ACPI_BUILDER_MAX) {
        abort();
    }
    for (unsigned i = 0; i < bytes; i++) {
        table->bytes[table->size++] = (uint8_t)(value >> (8U * i));
    }
}

void acpi_zeros(struct acpi_builder *table, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        acpi_put(table, 1, 0);
    }
}

void acpi_start(struct acpi_builder *table, const char *signature, uint8_t revision)
{
    static const char oem[] = "ASHLARTESTTABL";

    memset(table, 0, sizeof(*table));
    for (unsigned i = 0; i < 4; i++) {
        acpi_put(table, 1, (uint8_t)signature[i]);
    }
    acpi_put(table, 4, 0); /* length */
    acpi_put(table, 1, revision);
    acpi_put(table, 1, 0); /* checksum */
    for (unsigned i = 0; i < 14; i++) {
        acpi_put(table, 1, (uint8_t)oem[i]);
    }
    acpi_put(table, 4, 1);          /* OEM revision */
    acpi_put(table, 4, 0x4b4e4952); /* creator */
    acpi_put(table, 4, 1);
}

void acpi_finish(struct acpi_builder *table)
{
    uint8_t sum = 0;

    memcpy(table->bytes + 4, &table->size, 4);
    table->bytes[9] = 0;
    for (uint32_t i = 0; i < table->size; i++) {
        sum = (uint8_t)(sum + table->bytes[i]);
    }
    table->bytes[9] = (uint8_t)(0U - sum);
}

void acpi_madt_start(struct acpi_builder *table)
{
    acpi_start(table, "APIC", 4);
    acpi_put(table, 4, 0); /* local interrupt controller address */
    acpi_put(table, 4, 0); /* flags */
}

void acpi_madt_gicc(struct acpi_builder *table, const struct acpi_gicc *gicc)
{
    uint32_t start = table->size;

    acpi_put(table, 1, 0x0b);
    acpi_put(table, 1, gicc->length);
    acpi_put(table, 2, 0);
    acpi_put(table, 4, gicc->uid); /* CPU interface number */
    acpi_put(table, 4, gicc->uid);
    acpi_put(table, 4, gicc->flags);
    acpi_put(table, 4, 0);  /* parking protocol version */
    acpi_put(table, 4, 23); /* performance interrupt */
    acpi_put(table, 8, 0);  /* parked address */
    acpi_put(table, 8, 0);  /* GICC */
    acpi_put(table, 8, 0);  /* GICV */
    acpi_put(table, 8, 0);  /* GICH */
    acpi_put(table, 4, gicc->maintenance);
    acpi_put(table, 8, gicc->gicr);
    acpi_put(table, 8, gicc->mpidr);
    acpi_zeros(table, start + gicc->length - table->size);
}

void acpi_madt_gicd(struct acpi_builder *table, uint64_t base, uint8_t version)
{
    acpi_put(table, 1, 0x0c);
    acpi_put(table, 1, 24);
    acpi_put(table, 2, 0);
    acpi_put(table, 4, 0); /* GIC ID */
    acpi_put(table, 8, base);
    acpi_put(table, 4, 0); /* system vector base */
    acpi_put(table, 1, version);
    acpi_put(table, 3, 0);
}

void acpi_madt_gicr(struct acpi_builder *table, uint64_t base, uint32_t length)
{
    acpi_put(table, 1, 0x0e);
    acpi_put(table, 1, 16);
    acpi_put(table, 2, 0);
    acpi_put(table, 8, base);
    acpi_put(table, 4, length);
}

void acpi_madt_its(struct acpi_builder *table, uint64_t base)
{
    acpi_put(table, 1, 0x0f);
    acpi_put(table, 1, 20);
    acpi_put(table, 2, 0);
    acpi_put(table, 4, 0);
    acpi_put(table, 8, base);
    acpi_put(table, 4, 0);
}

void acpi_madt_msi_frame(struct acpi_builder *table, uint64_t base)
{
    acpi_put(table, 1, 0x0d);
    acpi_put(table, 1, 24);
    acpi_put(table, 2, 0);
    acpi_put(table, 4, 0);
    acpi_put(table, 8, base);
    acpi_zeros(table, 8);
}

void acpi_gtdt(struct acpi_builder *table, uint32_t el1, uint32_t virt, uint32_t el2)
{
    acpi_start(table, "GTDT", 3);
    acpi_put(table, 8, ~0ULL); /* CntControlBase */
    acpi_put(table, 4, 0);
    acpi_put(table, 4, 29); /* secure EL1 */
    acpi_put(table, 4, 0);
    acpi_put(table, 4, el1);
    acpi_put(table, 4, 4); /* always-on */
    acpi_put(table, 4, virt);
    acpi_put(table, 4, 0);
    acpi_put(table, 4, el2);
    acpi_put(table, 4, 0);
    acpi_put(table, 8, ~0ULL); /* CntReadBase */
    acpi_put(table, 4, 0);     /* platform timers */
    acpi_put(table, 4, 0);
    acpi_put(table, 4, 28); /* virtual EL2 */
    acpi_put(table, 4, 0);
    acpi_finish(table);
}

void acpi_fadt(struct acpi_builder *table, uint8_t major, uint8_t minor, uint16_t arm_boot)
{
    acpi_start(table, "FACP", major);
    acpi_zeros(table, 129 - 36);
    acpi_put(table, 2, arm_boot);
    acpi_put(table, 1, minor);
    acpi_zeros(table, 276 - 132);
    acpi_finish(table);
}

void acpi_spcr(struct acpi_builder *table, const struct acpi_spcr *spcr)
{
    acpi_start(table, "SPCR", spcr->revision);
    acpi_put(table, 1, spcr->interface);
    acpi_zeros(table, 3);
    acpi_put(table, 1, spcr->space);
    acpi_put(table, 1, spcr->width);
    acpi_put(table, 1, 0); /* bit offset */
    acpi_put(table, 1, spcr->access);
    acpi_put(table, 8, spcr->address);
    acpi_put(table, 1, spcr->interrupt_type);
    acpi_put(table, 1, 0); /* IRQ */
    acpi_put(table, 4, spcr->gsiv);
    acpi_put(table, 1, 3); /* 9600 baud */
    acpi_put(table, 1, 0); /* parity */
    acpi_put(table, 1, 1); /* stop */
    acpi_put(table, 1, 2); /* flow */
    acpi_put(table, 1, 0); /* terminal */
    acpi_put(table, 1, 0); /* language */
    acpi_put(table, 2, 0xffff);
    acpi_put(table, 2, 0xffff);
    acpi_zeros(table, 80 - 68);
    acpi_finish(table);
}

void acpi_virt_madt(struct acpi_builder *table, unsigned cpus)
{
    acpi_madt_start(table);
    acpi_madt_gicd(table, 0x8000000, 3);
    for (unsigned i = 0; i < cpus; i++) {
        struct acpi_gicc gicc = {.uid = i, .flags = 1, .maintenance = 25, .mpidr = i, .length = 80};
        acpi_madt_gicc(table, &gicc);
    }
    acpi_madt_gicr(table, 0x80a0000, 0xf60000);
    acpi_madt_its(table, 0x8080000);
    acpi_finish(table);
}

void acpi_virt_spcr(struct acpi_builder *table)
{
    static const struct acpi_spcr spcr = {
        .revision = 2, .interface = 3, .width = 32, .access = 3, .address = 0x9000000, .interrupt_type = 8, .gsiv = 33};
    acpi_spcr(table, &spcr);
}
