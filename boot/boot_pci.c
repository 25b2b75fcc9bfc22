/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PCI bus mastering off before the hand-over: what the firmware's drivers left running must not write into memory that is
 * somebody else's now. After ExitBootServices, through the ECAM windows that the MCFG (PCI Firmware Specification 3.2,
 * 4.1.2) or pci-host-ecam-generic nodes name (PCIe Base 7.2.2), which were found before; buses behind bridges by their
 * numbers (PCI-to-PCI Bridge 1.2, 3.2.5). Owns the list of windows.
 */
#include <libfdt.h>
#include <string.h>

#include "boot.h"
#include "boot_acpi.h"
#include "boot_bytes.h"
#include "boot_cpu.h"

#define WINDOWS 16U
#define BUS_SIZE 0x100000ULL
#define FUNCTION_SIZE 0x1000ULL

#define MCFG_ENTRIES 44U
#define MCFG_ENTRY 16U

#define PCI_COMMAND 0x04U
#define PCI_COMMAND_MASTER 4U
#define PCI_HEADER 0x0cU /* header type in bits 22:16, bit 23: more functions */
#define PCI_BUSES 0x18U  /* of a bridge: primary, secondary, subordinate */

static struct {
    uint64_t base; /* of the first bus */
    uint8_t first, last;
} windows[WINDOWS];
static unsigned window_count;

static void window_add(uint64_t base, uint8_t first, uint8_t last)
{
    if (window_count < WINDOWS && first <= last && base != 0 && base % BUS_SIZE == 0 &&
        base < BOOT_REGIONS_PA_END - 256U * BUS_SIZE) {
        windows[window_count].base = base;
        windows[window_count].first = first;
        windows[window_count++].last = last;
    }
}

static void acpi_find(struct boot *boot)
{
    struct boot_acpi_memory memory = boot_acpi_memory(boot);
    struct boot_acpi_table mcfg;
    struct boot_fault fault;

    if (boot->handoff->rsdp == 0 || !boot_acpi_find_one(&memory, boot->handoff->rsdp, "MCFG", &mcfg, &fault)) {
        return;
    }
    for (uint32_t at = MCFG_ENTRIES; at + MCFG_ENTRY <= mcfg.size; at += MCFG_ENTRY) {
        /* The address is that of bus 0, whether the window has it or not. */
        uint8_t first = mcfg.bytes[at + 10U];

        window_add(boot_bytes_le64(mcfg.bytes + at) + first * BUS_SIZE, first, mcfg.bytes[at + 11U]);
    }
}

static void fdt_find(const struct boot *boot)
{
    const void *fdt = (const void *)(uintptr_t)boot->handoff->fdt;
    int node = fdt != NULL ? fdt_node_offset_by_compatible(fdt, -1, "pci-host-ecam-generic") : -1;

    for (; node >= 0; node = fdt_node_offset_by_compatible(fdt, node, "pci-host-ecam-generic")) {
        int parent = fdt_parent_offset(fdt, node);
        int cells = parent >= 0 ? fdt_address_cells(fdt, parent) : 0;
        int length = 0;
        int buses = 0;
        const fdt32_t *reg = fdt_getprop(fdt, node, "reg", &length);
        const fdt32_t *range = fdt_getprop(fdt, node, "bus-range", &buses);
        uint32_t first = range != NULL && buses == 8 ? fdt32_to_cpu(range[0]) : 0;
        uint32_t last = range != NULL && buses == 8 ? fdt32_to_cpu(range[1]) : 255;

        if (reg != NULL && (cells == 1 || cells == 2) && length >= cells * 4 && first <= last && last <= 255) {
            window_add(cells == 2 ? fdt64_ld((const fdt64_t *)(const void *)reg) : fdt32_to_cpu(reg[0]), (uint8_t)first,
                       (uint8_t)last);
        }
    }
}

void boot_pci_find(struct boot *boot)
{
    acpi_find(boot);
    if (window_count == 0) {
        fdt_find(boot);
    }
}

static volatile uint32_t *function_word(uint64_t function, unsigned offset)
{
    return (volatile uint32_t *)(uintptr_t)(function + offset);
}

/* Writes the command's half alone: the status half clears where a one is written. */
static void function_quieten(struct handoff *h, uint64_t function)
{
    volatile uint16_t *command = (volatile uint16_t *)(uintptr_t)(function + PCI_COMMAND);

    h->pci_functions++;
    if ((*command & PCI_COMMAND_MASTER) == 0) {
        return;
    }
    h->pci_masters++;
    *command = (uint16_t)(*command & ~PCI_COMMAND_MASTER);
    h->pci_masters_left += (*command & PCI_COMMAND_MASTER) != 0 ? 1U : 0U;
}

/* One function: is it there, what is its header type; buses behind it are marked. */
static bool function_visit(struct handoff *h, uint64_t function, uint32_t behind[8])
{
    uint32_t buses;
    uint32_t header;

    if (*function_word(function, 0) == 0xffffffffU) {
        return false;
    }
    header = *function_word(function, PCI_HEADER) >> 16;
    function_quieten(h, function);
    if ((header & 0x7fU) == 1) {
        buses = *function_word(function, PCI_BUSES);
        for (uint32_t bus = buses >> 8 & 255U; bus != 0 && bus <= (buses >> 16 & 255U); bus++) {
            behind[bus / 32U] |= 1U << (bus % 32U);
        }
    }
    return (header & 0x80U) != 0;
}

static void bus_quieten(struct handoff *h, uint64_t base, uint32_t behind[8])
{
    for (uint64_t device = 0; device < 32; device++) {
        uint64_t function = base + device * 8U * FUNCTION_SIZE;
        bool more = function_visit(h, function, behind);

        for (uint64_t i = 1; more && i < 8; i++) {
            (void)function_visit(h, function + i * FUNCTION_SIZE, behind);
        }
    }
}

/* Lower numbers lead to higher ones, so that one pass reaches all. */
void boot_pci_quieten(struct boot *boot)
{
    for (unsigned w = 0; w < window_count; w++) {
        uint32_t marked[8] = {0};
        unsigned first = windows[w].first;

        marked[first / 32U] |= 1U << (first % 32U);
        for (unsigned bus = first; bus <= windows[w].last; bus++) {
            uint64_t base = windows[w].base + (bus - first) * BUS_SIZE;

            if ((marked[bus / 32U] >> (bus % 32U) & 1U) != 0 &&
                cpu_identity_mapped(boot->exception_level, base, true) &&
                cpu_identity_mapped(boot->exception_level, base + BUS_SIZE - 1U, true)) {
                bus_quieten(boot->handoff, base, marked);
            }
        }
    }
}
