/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finds the PCI pvpanic device, by which a virtual machine's owner learns of a panic: vendor 1b36h, device 0011h, BAR
 * 0 with one register of one byte; reading it says which events it takes, bit 0 is "panicked" (QEMU's device
 * specification). Through EFI_PCI_IO_PROTOCOL (UEFI 2.10, 14.4) where the firmware has it, else through the
 * configuration space that the device tree's pci-host-ecam-generic node describes (Devicetree binding of IEEE 1275
 * PCI; PCIe Base 7.2.2), bus 0 only. A device whose memory decoding stays off or whose register does not answer is not
 * there for us.
 */
#include <libfdt.h>
#include <string.h>

#include "boot.h"
#include "boot_cpu.h"

#define PVPANIC_ID 0x00111b36U
#define PVPANIC_PANICKED 1U

#define PCI_COMMAND 0x04U
#define PCI_COMMAND_MEMORY 2U
#define PCI_BAR0 0x10U
#define PCI_BAR_IO 1U
#define PCI_BAR_TYPE_64 4U
#define PCI_BARS 6U
#define PCI_LOW_END 0x100000000ULL

#define ACPI_QWORD_ADDRESS 0x8aU
#define ACPI_ADDRESS_MEMORY 0U

#define ECAM_BUS0_FUNCTIONS 256U
#define ECAM_FUNCTION_SIZE 0x1000U

/* The address in a memory BAR; 0 when it is an I/O BAR or not assigned. */
static uint64_t bar_address(uint32_t low, uint32_t high)
{
    uint64_t address = low & ~15U;

    if ((low & PCI_BAR_IO) != 0) {
        return 0;
    }
    return (low & 6U) == PCI_BAR_TYPE_64 ? address | (uint64_t)high << 32 : address;
}

static uint64_t pci_io_bar(struct EFI_PCI_IO_PROTOCOL *pci)
{
    uint32_t bars[2] = {0};

    if (pci->PciRead(pci, EfiPciIoWidthUint32, PCI_BAR0, 2, bars) != EFI_SUCCESS) {
        return 0;
    }
    return bar_address(bars[0], bars[1]);
}

/*
 * Where a BAR below 4 GiB ends, from its QWORD address space descriptor (ACPI 6.5, 6.4.3.5.1); 0 when it is no such
 * BAR.
 */
static uint64_t bar_end(struct boot *boot, struct EFI_PCI_IO_PROTOCOL *pci, uint8_t index)
{
    void *resources = NULL;
    const uint8_t *d;
    uint64_t base = 0;
    uint64_t length = 0;

    if (pci->GetBarAttributes(pci, index, NULL, &resources) != EFI_SUCCESS || resources == NULL) {
        return 0;
    }
    d = resources;
    if (d[0] == ACPI_QWORD_ADDRESS && d[3] == ACPI_ADDRESS_MEMORY) {
        memcpy(&base, d + 14, sizeof(base));
        memcpy(&length, d + 38, sizeof(length));
    }
    boot->services->FreePool(resources);
    return base != 0 && base < PCI_LOW_END && length < PCI_LOW_END ? base + length : 0;
}

/*
 * A place behind every BAR below 4 GiB that the firmware assigned. A multiple of 1 MiB, so behind the windows of
 * bridges, too. 0 = no BAR shows where the root bridge's memory lies.
 */
static uint64_t bar_place(struct boot *boot, EFI_HANDLE *handles, UINTN count)
{
    static const struct EFI_GUID guid = EFI_PCI_IO_PROTOCOL_GUID;
    uint64_t end = 0;

    for (UINTN i = 0; i < count; i++) {
        void *interface = NULL;

        if (boot->services->HandleProtocol(handles[i], &guid, &interface) != EFI_SUCCESS) {
            continue;
        }
        for (uint8_t index = 0; index < PCI_BARS; index++) {
            uint64_t bar = bar_end(boot, interface, index);

            end = bar > end ? bar : end;
        }
    }
    end = (end + MIB - 1U) & ~(MIB - 1U);
    return end < PCI_LOW_END ? end : 0;
}

/*
 * QEMU's BAR of 2 bytes has the bits of its type writable, so that firmware which sizes it finds a reserved type and
 * assigns nothing. The device is known, so it gets a place here.
 */
static uint64_t pci_io_assign(struct boot *boot, struct EFI_PCI_IO_PROTOCOL *pci, EFI_HANDLE *handles, UINTN count)
{
    uint32_t place = (uint32_t)bar_place(boot, handles, count);

    if (place == 0 || pci->PciWrite(pci, EfiPciIoWidthUint32, PCI_BAR0, 1, &place) != EFI_SUCCESS) {
        return 0;
    }
    return pci_io_bar(pci);
}

/*
 * Reads the register through the root bridge, which knows its own windows: a wrong address is an error, not an
 * abort.
 */
static bool register_answers(struct boot *boot, uint64_t address)
{
    static const struct EFI_GUID guid = EFI_PCI_ROOT_BRIDGE_IO_PROTOCOL_GUID;
    void *interface = NULL;
    struct EFI_PCI_ROOT_BRIDGE_IO_PROTOCOL *bridge;
    uint8_t events = 0;

    if (boot->services->LocateProtocol(&guid, NULL, &interface) != EFI_SUCCESS) {
        return false;
    }
    bridge = interface;
    return bridge->MemRead(bridge, EfiPciIoWidthUint8, address, 1, &events) == EFI_SUCCESS &&
           (events & PVPANIC_PANICKED) != 0;
}

static uint64_t pci_io_register(struct boot *boot, struct EFI_PCI_IO_PROTOCOL *pci, EFI_HANDLE *handles, UINTN count)
{
    uint32_t id = 0;
    uint32_t command = 0;
    uint64_t address;

    if (pci->PciRead(pci, EfiPciIoWidthUint32, 0, 1, &id) != EFI_SUCCESS || id != PVPANIC_ID) {
        return 0;
    }
    address = pci_io_bar(pci);
    if (address == 0) {
        address = pci_io_assign(boot, pci, handles, count);
    }
    /* A device without a driver may not have its decoding switched on yet. */
    (void)pci->Attributes(pci, EfiPciIoAttributeOperationEnable, EFI_PCI_IO_ATTRIBUTE_MEMORY, NULL);
    if (address == 0 || pci->PciRead(pci, EfiPciIoWidthUint32, PCI_COMMAND, 1, &command) != EFI_SUCCESS ||
        (command & PCI_COMMAND_MEMORY) == 0 || !register_answers(boot, address)) {
        return 0;
    }
    return address;
}

static uint64_t find_by_pci_io(struct boot *boot)
{
    static const struct EFI_GUID guid = EFI_PCI_IO_PROTOCOL_GUID;
    EFI_HANDLE *handles = NULL;
    UINTN count = 0;
    uint64_t found = 0;

    if (boot->services->LocateHandleBuffer(ByProtocol, &guid, NULL, &count, &handles) != EFI_SUCCESS) {
        return 0;
    }
    for (UINTN i = 0; found == 0 && i < count; i++) {
        void *interface = NULL;

        if (boot->services->HandleProtocol(handles[i], &guid, &interface) == EFI_SUCCESS) {
            found = pci_io_register(boot, interface, handles, count);
        }
    }
    boot->services->FreePool(handles);
    return found;
}

static uint64_t cells_value(const fdt32_t *cells, int count)
{
    uint64_t value = 0;

    for (int i = 0; i < count; i++) {
        value = value << 32 | fdt32_to_cpu(cells[i]);
    }
    return value;
}

/*
 * From a PCI memory address to the processor's, by the node's ranges: three cells of PCI address, of which the first
 * says the space in bits 25:24 (2 and 3 are memory), the parent's address cells, two cells of size. 0 = in no range.
 */
static uint64_t ranges_translate(const void *fdt, int node, int parent_cells, uint64_t address)
{
    int length = 0;
    const fdt32_t *ranges = fdt_getprop(fdt, node, "ranges", &length);
    int row = 3 + parent_cells + 2;
    int rows = ranges != NULL ? length / (row * 4) : 0;

    for (int i = 0; i < rows; i++) {
        const fdt32_t *r = ranges + i * row;
        uint64_t start = cells_value(r + 1, 2);
        uint64_t size = cells_value(r + 3 + parent_cells, 2);

        if (((fdt32_to_cpu(r[0]) >> 25) & 1U) != 0 && address >= start && address - start < size) {
            return cells_value(r + 3, parent_cells) + (address - start);
        }
    }
    return 0;
}

static uint32_t ecam_read(uint64_t function, unsigned offset)
{
    return *(volatile uint32_t *)(uintptr_t)(function + offset);
}

/* The BAR of a pvpanic on bus 0 behind this ECAM window, as a PCI address; 0 = none. */
static uint64_t ecam_bar(const struct boot *boot, uint64_t ecam, uint64_t size)
{
    for (uint64_t i = 0; i < ECAM_BUS0_FUNCTIONS && (i + 1U) * ECAM_FUNCTION_SIZE <= size; i++) {
        uint64_t function = ecam + i * ECAM_FUNCTION_SIZE;

        if (!cpu_identity_mapped(boot->exception_level, function, false)) {
            return 0;
        }
        if (ecam_read(function, 0) == PVPANIC_ID) {
            bool decodes = (ecam_read(function, PCI_COMMAND) & PCI_COMMAND_MEMORY) != 0;

            return decodes ? bar_address(ecam_read(function, PCI_BAR0), ecam_read(function, PCI_BAR0 + 4U)) : 0;
        }
    }
    return 0;
}

static uint64_t find_by_ecam(struct boot *boot)
{
    uint32_t fdt_size = 0;
    const void *fdt = boot_firmware_fdt(boot, &fdt_size);
    int node = fdt != NULL ? fdt_node_offset_by_compatible(fdt, -1, "pci-host-ecam-generic") : -1;
    int parent = node >= 0 ? fdt_parent_offset(fdt, node) : -1;
    int address_cells = parent >= 0 ? fdt_address_cells(fdt, parent) : 0;
    int size_cells = parent >= 0 ? fdt_size_cells(fdt, parent) : 0;
    int length = 0;
    const fdt32_t *reg = node >= 0 ? fdt_getprop(fdt, node, "reg", &length) : NULL;
    uint64_t bar;

    if (reg == NULL || address_cells < 1 || address_cells > 2 || size_cells < 1 || size_cells > 2 ||
        length < (address_cells + size_cells) * 4) {
        return 0;
    }
    bar = ecam_bar(boot, cells_value(reg, address_cells), cells_value(reg + address_cells, size_cells));
    return bar != 0 ? ranges_translate(fdt, node, address_cells, bar) : 0;
}

void boot_pvpanic_find(struct boot *boot)
{
    if (boot->pvpanic_sought) {
        return;
    }
    boot->pvpanic_sought = true;
    boot->pvpanic = find_by_pci_io(boot);
    if (boot->pvpanic == 0) {
        boot->pvpanic = find_by_ecam(boot);
    }
    if (boot->pvpanic != 0 && !cpu_identity_mapped(boot->exception_level, boot->pvpanic, true)) {
        boot->pvpanic = 0;
    }
}

void boot_pvpanic_report(struct boot *boot)
{
    boot_pvpanic_find(boot);
    if (boot->pvpanic != 0) {
        *(volatile uint8_t *)(uintptr_t)boot->pvpanic = PVPANIC_PANICKED;
    }
}
