/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the firmware knows and the hypervisor will want: ACPI root pointer (ACPI 6.5, 5.2.5.3), device tree (Devicetree
 * Specification, chapter 5), SMBIOS 3 entry point (DSP0134, 5.2.2), random seed, time. Each is checked before its
 * address is passed on; one that is not sound counts as absent and is named.
 */
#include <libfdt.h>
#include <string.h>

#include "boot.h"
#include "boot_cpu.h"
#include "boot_time.h"

#define FDT_MAX 0x400000U /* 4 MiB */
#define RSDP_MIN 36U      /* the structure without what C pads it with */
#define RSDP_MAX 4096U
#define FDT_SEED_MIN 8U

struct rsdp {
    char signature[8];
    uint8_t checksum;
    char oem_id[6];
    uint8_t revision;
    uint32_t rsdt_address;
    uint32_t length;
    uint64_t xsdt_address;
    uint8_t extended_checksum;
    uint8_t reserved[3];
};

static uint8_t checksum(const void *bytes, size_t size)
{
    const uint8_t *b = bytes;
    uint8_t sum = 0;

    for (size_t i = 0; i < size; i++) {
        sum = (uint8_t)(sum + b[i]);
    }
    return sum;
}

const void *boot_firmware_table(const struct boot *boot, const struct EFI_GUID *guid)
{
    for (UINTN i = 0; i < boot->system->NumberOfTableEntries; i++) {
        const struct EFI_CONFIGURATION_TABLE *table = &boot->system->ConfigurationTable[i];

        if (memcmp(&table->VendorGuid, guid, sizeof(*guid)) == 0) {
            return table->VendorTable;
        }
    }
    return NULL;
}

const void *boot_firmware_fdt(const struct boot *boot, uint32_t *size)
{
    static const struct EFI_GUID guid = EFI_DTB_TABLE_GUID;
    const void *fdt = boot_firmware_table(boot, &guid);

    if (fdt == NULL || ((uintptr_t)fdt & 7U) != 0 || fdt_check_header(fdt) != 0) {
        return NULL;
    }
    *size = fdt_totalsize(fdt);
    return *size <= FDT_MAX && fdt_check_full(fdt, *size) == 0 ? fdt : NULL;
}

static bool rsdp_sound(const struct rsdp *rsdp)
{
    return memcmp(rsdp->signature, "RSD PTR ", 8) == 0 && rsdp->revision >= 2 && checksum(rsdp, 20) == 0 &&
           rsdp->length >= RSDP_MIN && rsdp->length <= RSDP_MAX && checksum(rsdp, rsdp->length) == 0 &&
           rsdp->xsdt_address != 0;
}

static const char *acpi_collect(struct boot *boot)
{
    static const struct EFI_GUID guid = EFI_ACPI_20_TABLE_GUID;
    const struct rsdp *rsdp = boot_firmware_table(boot, &guid);

    if (rsdp == NULL) {
        return "no ACPI";
    }
    if (!rsdp_sound(rsdp)) {
        return "ACPI ignored: RSDP signature, revision, length or checksum is wrong";
    }
    boot->handoff->rsdp = (uintptr_t)rsdp;
    return "ACPI 2.0 or later";
}

static const char *smbios_collect(struct boot *boot)
{
    static const struct EFI_GUID guid = SMBIOS3_TABLE_GUID;
    const uint8_t *entry = boot_firmware_table(boot, &guid);

    if (entry == NULL) {
        return "no SMBIOS 3";
    }
    /* DSP0134, table 2: anchor at 0, length at 6, at least 18h bytes. */
    if (memcmp(entry, "_SM3_", 5) != 0 || entry[6] < 0x18U || checksum(entry, entry[6]) != 0) {
        return "SMBIOS ignored: anchor, length or checksum is wrong";
    }
    boot->handoff->smbios3 = (uintptr_t)entry;
    return "SMBIOS 3";
}

/* The copy keeps the tree safe from what the firmware still does to its own. */
static EFI_STATUS fdt_collect(struct boot *boot, const char **text)
{
    static const struct EFI_GUID guid = EFI_DTB_TABLE_GUID;
    uint32_t size = 0;
    uint64_t copy = 0;
    const void *fdt = boot_firmware_fdt(boot, &size);
    EFI_STATUS status;

    if (fdt == NULL) {
        *text = boot_firmware_table(boot, &guid) == NULL ? "no device tree" : "device tree ignored: it is damaged";
        return EFI_SUCCESS;
    }
    status = boot_memory_allocate(boot, EfiLoaderData, HANDOFF_RAM_HANDOFF, size, EFI_PAGE_SIZE, &copy);
    if (status != EFI_SUCCESS) {
        boot_error(boot, "firmware tables: no memory for the device tree's %u bytes (%s): give the machine more memory",
                   size, boot_status_text(status));
        return status;
    }
    memcpy((void *)(uintptr_t)copy, fdt, size);
    boot->handoff->fdt = copy;
    boot->handoff->fdt_size = size;
    *text = "device tree";
    return EFI_SUCCESS;
}

static EFI_STATUS tables_collect(struct boot *boot)
{
    const char *acpi = acpi_collect(boot);
    const char *smbios = smbios_collect(boot);
    const char *fdt = "";
    EFI_STATUS status = fdt_collect(boot, &fdt);

    if (status != EFI_SUCCESS) {
        return status;
    }
    boot_line(boot, "firmware tables: %s, %s, %s", acpi, fdt, smbios);
    if (boot->handoff->rsdp == 0 && boot->handoff->fdt == 0) {
        boot_error(boot, "firmware tables: neither ACPI nor a device tree describes this machine: enable one in the "
                         "firmware set-up");
        return EFI_UNSUPPORTED;
    }
    return EFI_SUCCESS;
}

static bool seed_from_rng(struct boot *boot)
{
    static const struct EFI_GUID guid = EFI_RNG_PROTOCOL_GUID;
    void *interface = NULL;
    struct EFI_RNG_PROTOCOL *rng;

    if (boot->services->LocateProtocol(&guid, NULL, &interface) != EFI_SUCCESS) {
        return false;
    }
    rng = interface;
    if (rng->GetRNG(rng, NULL, HANDOFF_SEED_BYTES, boot->handoff->seed) != EFI_SUCCESS) {
        memset(boot->handoff->seed, 0, HANDOFF_SEED_BYTES);
        return false;
    }
    boot->handoff->seed_source = HANDOFF_SEED_EFI_RNG;
    boot->handoff->seed_bytes = HANDOFF_SEED_BYTES;
    return true;
}

/* /chosen/rng-seed, then kaslr-seed behind it. */
static void seed_from_fdt(struct boot *boot)
{
    static const char *const names[] = {"rng-seed", "kaslr-seed"};
    void *fdt = (void *)(uintptr_t)boot->handoff->fdt;
    int chosen = fdt != NULL ? fdt_path_offset(fdt, "/chosen") : -1;
    uint32_t used = 0;

    for (size_t i = 0; chosen >= 0 && i < sizeof(names) / sizeof(names[0]); i++) {
        int length = 0;
        const void *value = fdt_getprop(fdt, chosen, names[i], &length);
        uint32_t part = value != NULL && length > 0 ? (uint32_t)length : 0;

        part = part > HANDOFF_SEED_BYTES - used ? HANDOFF_SEED_BYTES - used : part;
        if (part != 0) {
            memcpy(boot->handoff->seed + used, value, part);
            used += part;
        }
    }
    if (used >= FDT_SEED_MIN) {
        boot->handoff->seed_source = HANDOFF_SEED_FDT;
        boot->handoff->seed_bytes = used;
    } else {
        memset(boot->handoff->seed, 0, HANDOFF_SEED_BYTES);
    }
}

static void seed_collect(struct boot *boot)
{
    if (!seed_from_rng(boot)) {
        seed_from_fdt(boot);
    }
    if (boot->handoff->seed_source == HANDOFF_SEED_NONE) {
        boot_line(boot, "random seed: none (no EFI_RNG_PROTOCOL, no seed in a device tree)");
        return;
    }
    boot_line(boot, "random seed: %u bytes from %s", boot->handoff->seed_bytes,
              boot->handoff->seed_source == HANDOFF_SEED_EFI_RNG ? "EFI_RNG_PROTOCOL" : "the device tree");
}

static void time_collect(struct boot *boot)
{
    struct EFI_TIME time = {0};
    EFI_STATUS status = boot->system->RuntimeServices->GetTime(&time, NULL);

    boot->handoff->time_counter = cpu_read_counter();
    if (status != EFI_SUCCESS) {
        boot_line(boot, "time: the firmware does not know it (%s)", boot_status_text(status));
        return;
    }
    if (!boot_time_unix(&time, &boot->handoff->time_seconds)) {
        boot_line(boot, "time: the firmware's clock is not set (%u-%02u-%02u)", time.Year, time.Month, time.Day);
        return;
    }
    boot->handoff->time_nanoseconds = time.Nanosecond < 1000000000U ? time.Nanosecond : 0;
    boot_line(boot, "time: %u-%02u-%02u %02u:%02u:%02u%s", time.Year, time.Month, time.Day, time.Hour, time.Minute,
              time.Second, time.TimeZone == EFI_UNSPECIFIED_TIMEZONE ? ", time zone not given, taken as UTC" : "");
}

EFI_STATUS boot_firmware_collect(struct boot *boot)
{
    EFI_STATUS status = tables_collect(boot);

    if (status == EFI_SUCCESS) {
        seed_collect(boot);
        time_collect(boot);
        boot->handoff->efi_system_table = (uintptr_t)boot->system;
    }
    return status;
}
