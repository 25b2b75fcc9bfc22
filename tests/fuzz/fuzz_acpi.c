/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzzes ACPI discovery. The first input byte chooses: one table's parser on the bytes as they are (in memory of exactly that size),
 * or the whole discovery over a fake machine's memory, in which root pointer and XSDT are made and lengths and checksums are
 * put right, since random bytes would not get past them.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "arch/host/host_model.h"
#include "arch/phys.h"
#include "platform/acpi.h"

#define RAM 0x40000000ULL
#define RAM_SIZE 0x20000ULL
#define HEADER 36U
#define TABLES 4U
#define USED 0x6000ULL /* of RAM: the root in front, tables of up to 4 KiB and their headers */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

static struct platform platform;
static struct platform_fault fault;

static void judge(enum status status)
{
    if (status == STATUS_OK) {
        if (platform.cpu_count > PLATFORM_MAX_CPUS || platform.redistributor_count > PLATFORM_MAX_REDISTRIBUTORS) {
            abort();
        }
        return;
    }
    size_t length = strnlen(fault.text, sizeof(fault.text));
    if (length < 8 || length == sizeof(fault.text)) {
        abort();
    }
}

static void fuzz_table(unsigned which, const uint8_t *data, size_t size)
{
    static enum status (*const readers[TABLES])(const void *, uint32_t, struct platform *, struct platform_fault *) = {
        acpi_madt_read, acpi_gtdt_read, acpi_fadt_read, acpi_spcr_read};
    uint8_t *table = malloc(size == 0 ? 1 : size);

    if (table == NULL) {
        return;
    }
    memcpy(table, data, size);
    memset(&platform, 0, sizeof(platform));
    memset(&fault, 0, sizeof(fault));
    judge(readers[which](table, (uint32_t)size, &platform, &fault));
    free(table);
}

static uint8_t sum(const uint8_t *bytes, size_t size)
{
    uint8_t total = 0;
    for (size_t i = 0; i < size; i++) {
        total = (uint8_t)(total + bytes[i]);
    }
    return (uint8_t)(0U - total);
}

/* A header in front of the bytes. Returns the table's size. */
static uint32_t put_table(uint64_t pa, const char *signature, const uint8_t *data, uint32_t size)
{
    uint8_t *table = phys_to_pointer(pa);
    uint32_t length = HEADER + size;

    memset(table, 0, HEADER);
    memcpy(table, signature, 4);
    memcpy(table + 4, &length, 4);
    table[8] = 6;
    memcpy(table + HEADER, data, size);
    table[9] = sum(table, length);
    return length;
}

/* Input: for each table two bytes of length, then so many bytes; what is left changes memory at random places. */
static void fuzz_discovery(const uint8_t *data, size_t size)
{
    static const char *const signatures[TABLES] = {"APIC", "GTDT", "FACP", "SPCR"};
    static struct handoff handoff;
    uint64_t addresses[TABLES];
    uint64_t next = RAM + 0x1000;
    uint8_t rsdp[36] = "RSD PTR ";
    uint64_t xsdt = RAM + 0x100;
    uint32_t rsdp_size = sizeof(rsdp);

    memset(phys_to_pointer(RAM), 0, USED);
    for (unsigned i = 0; i < TABLES; i++) {
        size_t length = size < 2 ? 0 : (size_t)(data[0] | data[1] << 8) % 0x1000;
        size_t skip = size < 2 ? 0 : 2;
        data += skip;
        size -= skip;
        length = length < size ? length : size;
        addresses[i] = next;
        next += put_table(next, signatures[i], data, (uint32_t)length);
        data += length;
        size -= length;
    }
    (void)put_table(xsdt, "XSDT", (const uint8_t *)addresses, sizeof(addresses));
    rsdp[15] = 2;
    memcpy(rsdp + 20, &rsdp_size, 4);
    memcpy(rsdp + 24, &xsdt, 8);
    rsdp[8] = sum(rsdp, 20);
    rsdp[32] = sum(rsdp, sizeof(rsdp));
    memcpy(phys_to_pointer(RAM), rsdp, sizeof(rsdp));
    for (; size >= 3; data += 3, size -= 3) {
        ((uint8_t *)phys_to_pointer(RAM))[(data[0] | data[1] << 8) % 0x2000] = data[2];
    }
    memset(&handoff, 0, sizeof(handoff));
    handoff.rsdp = RAM;
    handoff.region_count = 1;
    handoff.regions[0] = (struct handoff_region){.base = RAM, .size = RAM_SIZE, .type = HANDOFF_RAM_ACPI};
    memset(&fault, 0, sizeof(fault));
    judge(platform_discover(&handoff, 0, &platform, &fault));
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    host_reset();
    host_phys_add(RAM, RAM_SIZE);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    unsigned which = data[0] % (TABLES + 1U);
    if (which == TABLES) {
        fuzz_discovery(data + 1, size - 1);
    } else {
        fuzz_table(which, data + 1, size - 1);
    }
    return 0;
}
