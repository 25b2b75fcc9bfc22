/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A payload for the loader in place of the hypervisor: checks the state in which it was started and what struct
 * handoff says (include/ashlar/handoff.h), prints both to the PL011 of QEMU's virt board, and powers the machine off
 * by PSCI (DEN 0022, SYSTEM_OFF by SMC). tests/qemu/boot.t reads the lines. A check that fails prints "FAIL: ...".
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ashlar/handoff.h"

#define UART 0x09000000UL
#define PSCI_SYSTEM_OFF 0x84000008UL
#define PAGE 4096U

void stub_main(const struct handoff *h);

static volatile uint32_t zeroed[65536];
static volatile uint32_t filled[4] = {0x11111111, 0x22222222, 0x33333333, 0x44444444};
extern const char image_end[] __attribute__((visibility("hidden")));

static void put(char c)
{
    while ((*(volatile uint32_t *)(UART + 0x18) & 0x20U) != 0) {
    }
    *(volatile uint32_t *)UART = (uint8_t)c;
}

static void text(const char *s)
{
    for (; *s != '\0'; s++) {
        put(*s);
    }
}

static void hex(const char *name, uint64_t value)
{
    text(name);
    text("=0x");
    for (int shift = 60; shift >= 0; shift -= 4) {
        put("0123456789abcdef"[(value >> shift) & 15U]);
    }
    put(' ');
}

static void end(void)
{
    text("\r\n");
}

static void expect(bool good, const char *what)
{
    if (!good) {
        text("FAIL: ");
        text(what);
        end();
    }
}

/* CRC-32 of IEEE 802.3, as gzip has it, so that the script can compare. */
static uint32_t crc32(const uint8_t *bytes, uint64_t size)
{
    uint32_t crc = 0xffffffffU;

    for (uint64_t i = 0; i < size; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++) {
            crc = (crc >> 1) ^ ((crc & 1U) != 0 ? 0xedb88320U : 0);
        }
    }
    return ~crc;
}

static void processor_check(void)
{
    uint64_t el, hcr, sctlr, daif;

    __asm__ volatile("mrs %0, CurrentEL" : "=r"(el));
    __asm__ volatile("mrs %0, HCR_EL2" : "=r"(hcr));
    __asm__ volatile("mrs %0, SCTLR_EL2" : "=r"(sctlr));
    __asm__ volatile("mrs %0, DAIF" : "=r"(daif));
    expect(el == 8, "not at EL2");
    expect((hcr >> 34 & 1U) == 0, "HCR_EL2.E2H is set");
    expect((sctlr & 5U) == 5U, "MMU or data cache off");
    expect(daif == 0x3c0, "DAIF not masked");
}

/* The second copy is live: four levels of 48 bits, nothing writable made execute-never by SCTLR_EL2.WXN. */
static void space_check(const struct handoff *h)
{
    uint64_t ttbr, tcr, sctlr;

    __asm__ volatile("mrs %0, TTBR0_EL2" : "=r"(ttbr));
    __asm__ volatile("mrs %0, TCR_EL2" : "=r"(tcr));
    __asm__ volatile("mrs %0, SCTLR_EL2" : "=r"(sctlr));
    expect(ttbr == h->space.second && h->space.second != h->space.first, "not on the second copy");
    expect((tcr & 63U) == 16 && (tcr >> 14 & 3U) == 0, "TCR_EL2 is not of four levels");
    expect((sctlr >> 19 & 1U) == 0, "WXN is set");
    expect(h->space.first_pages == h->space.second_pages && h->space.second_pages != 0, "pages of the copies");
    text("space ");
    hex("levels", h->space.levels);
    hex("bits", h->space.input_bits);
    hex("pages", h->space.second_pages);
    hex("ram", h->space.ram);
    end();
}

/* Each CPU that is parked left its mailbox free. */
static void cpus_check(const struct handoff *h)
{
    uint64_t parked = 0;

    for (uint32_t i = 0; i < h->cpu_count; i++) {
        if (h->cpus[i].state == HANDOFF_CPU_PARKED) {
            parked++;
            expect(*(volatile uint32_t *)(uintptr_t)h->cpus[i].mailbox == 0xffffffffU, "a mailbox is not free");
        }
    }
    text("cpus ");
    hex("listed", h->cpu_count);
    hex("parked", parked);
    hex("conduit", h->conduit);
    end();
}

static void image_check(const struct handoff *h)
{
    uint64_t start;
    uint32_t sum = 0;

    __asm__("adrp %0, start\n\tadd %0, %0, :lo12:start" : "=r"(start));
    expect(start == h->image_base, "image_base is not where start is");
    expect(h->image_base % 0x200000U == 0, "image_base is not 2 MiB aligned");
    expect(h->image_size >= (uint64_t)(uintptr_t)image_end - start, "image_size is too small");
    for (size_t i = 0; i < sizeof(zeroed) / sizeof(zeroed[0]); i++) {
        sum |= zeroed[i];
    }
    expect(sum == 0, "bss is not zero");
    expect(filled[0] == 0x11111111 && filled[3] == 0x44444444, "data is wrong");
}

/* What the loader allocated is readable throughout, the pool writable. */
static void region_touch(const struct handoff_region *r)
{
    bool ours = r->type >= HANDOFF_RAM_POOL && r->type <= HANDOFF_RAM_MODULE;
    uint32_t sum = 0;

    for (uint64_t at = 0; ours && at < r->size; at += PAGE) {
        volatile uint32_t *word = (volatile uint32_t *)(uintptr_t)(r->base + at);

        sum += *word;
        if (r->type == HANDOFF_RAM_POOL) {
            *word = sum;
        }
    }
}

static void regions_check(const struct handoff *h)
{
    static const char names[][16] = {"?",     "free", "pool",         "hv",           "handoff",      "module",
                                     "acpi",  "nvs",  "runtime-code", "runtime-data", "runtime-mmio", "reserved",
                                     "tables"};
    uint64_t last = 0;

    expect(h->region_count > 0 && h->region_count <= HANDOFF_MAX_REGIONS, "region_count");
    for (uint32_t i = 0; i < h->region_count; i++) {
        const struct handoff_region *r = &h->regions[i];

        expect(r->base >= last && r->size != 0, "regions overlap or are out of order");
        expect(r->base % PAGE == 0 && r->size % PAGE == 0, "region not page aligned");
        expect(r->type >= 1 && r->type <= 12, "region type");
        last = r->base + r->size;
        text("region ");
        text(names[r->type <= 12 ? r->type : 0]);
        put(' ');
        hex("base", r->base);
        hex("size", r->size);
        hex("attribute", r->efi_attribute);
        end();
        region_touch(r);
    }
}

static bool in_region(const struct handoff *h, uint64_t base, uint64_t size, uint32_t type)
{
    for (uint32_t i = 0; i < h->region_count; i++) {
        const struct handoff_region *r = &h->regions[i];

        if (r->type == type && base >= r->base && base + size <= r->base + r->size) {
            return true;
        }
    }
    return false;
}

static void places_check(const struct handoff *h)
{
    expect(in_region(h, (uintptr_t)h, sizeof(*h), HANDOFF_RAM_HANDOFF), "struct handoff not in its region");
    expect(in_region(h, h->config, h->config_size, HANDOFF_RAM_HANDOFF), "configuration not in its region");
    expect(in_region(h, h->efi_map, h->efi_map_size, HANDOFF_RAM_HANDOFF), "EFI map not in its region");
    expect(in_region(h, h->image_base, h->image_size, HANDOFF_RAM_HV), "image not in its region");
    expect(h->fdt == 0 || in_region(h, h->fdt, h->fdt_size, HANDOFF_RAM_HANDOFF), "device tree not in its region");
    for (uint32_t i = 0; i < h->module_count; i++) {
        expect(in_region(h, h->modules[i].base, h->modules[i].size, HANDOFF_RAM_MODULE), "module not in its region");
        expect(h->modules[i].base % PAGE == 0, "module not page aligned");
    }
}

static void modules_print(const struct handoff *h)
{
    for (uint32_t i = 0; i < h->module_count; i++) {
        const struct handoff_module *m = &h->modules[i];

        text("module ");
        hex("vm", m->vm);
        hex("kind", m->kind);
        hex("size", m->size);
        hex("crc", crc32((const uint8_t *)(uintptr_t)m->base, m->size));
        end();
    }
}

static void tables_print(const struct handoff *h)
{
    text("config ");
    hex("size", h->config_size);
    hex("crc", crc32((const uint8_t *)(uintptr_t)h->config, h->config_size));
    end();
    text("tables ");
    hex("rsdp", h->rsdp != 0 ? *(const uint64_t *)(uintptr_t)h->rsdp : 0);
    hex("fdt", h->fdt != 0 ? *(const uint32_t *)(uintptr_t)h->fdt : 0);
    hex("fdt_size", h->fdt_size);
    hex("smbios3", h->smbios3 != 0 ? *(const uint32_t *)(uintptr_t)h->smbios3 : 0);
    end();
    text("time ");
    hex("seconds", (uint64_t)h->time_seconds);
    hex("counter", h->time_counter);
    hex("entry", h->entry_counter);
    hex("jump", h->jump_counter);
    end();
    text("seed ");
    hex("source", h->seed_source);
    hex("bytes", h->seed_bytes);
    hex("crc", crc32(h->seed, h->seed_bytes));
    end();
    text("efi ");
    hex("system_table", *(const uint64_t *)(uintptr_t)h->efi_system_table);
    hex("descriptors", h->efi_descriptor_size != 0 ? h->efi_map_size / h->efi_descriptor_size : 0);
    end();
    text("pvpanic ");
    hex("register", h->pvpanic);
    end();
}

static bool config_says(const struct handoff *h, const char *word)
{
    const char *config = (const char *)(uintptr_t)h->config;

    for (uint64_t i = 0; i < h->config_size; i++) {
        uint64_t length = 0;

        while (word[length] != '\0' && i + length < h->config_size && config[i + length] == word[length]) {
            length++;
        }
        if (word[length] == '\0') {
            return true;
        }
    }
    return false;
}

static void power_off(void)
{
    register uint64_t x0 __asm__("x0") = PSCI_SYSTEM_OFF;

    __asm__ volatile("smc #0" : "+r"(x0) : : "x1", "x2", "x3", "memory");
    text("FAIL: SYSTEM_OFF came back\r\n");
}

void stub_main(const struct handoff *h)
{
    text("stub: started\r\n");
    expect(h->magic == HANDOFF_MAGIC && h->version == HANDOFF_VERSION && h->size == sizeof(*h),
           "magic, version or size");
    processor_check();
    space_check(h);
    cpus_check(h);
    image_check(h);
    regions_check(h);
    places_check(h);
    modules_print(h);
    tables_print(h);
    expect(h->entry_counter != 0 && h->entry_counter < h->time_counter && h->time_counter < h->jump_counter,
           "counters");
    if (h->pvpanic != 0 && config_says(h, "stub=pvpanic")) {
        text("stub: panics\r\n");
        *(volatile uint8_t *)(uintptr_t)h->pvpanic = 1;
        /* The event ends the machine; an orderly SYSTEM_OFF could overtake it. */
        for (;;) {
            __asm__ volatile("wfi");
        }
    }
    text("stub: done\r\n");
    power_off();
}
