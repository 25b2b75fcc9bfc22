/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Serial Port Console Redirection Table (SPCR, revisions 2 to 4): the machine's UART. The interface types are those of the
 * Debug Port Table 2 (DBG2, table 3); the address is a Generic Address Structure (ACPI 6.5, 5.2.3.2). A pure function
 * of the table's bytes, called by platform.c.
 */
#include "platform/acpi.h"

#include "lib/bits.h"
#include "lib/bytes.h"
#include "platform/platform_fill.h"

#define SPCR_SIZE 80U /* revision 2 */
#define SPCR_REVISION 8
#define SPCR_INTERFACE_TYPE 36
#define SPCR_GAS 40
#define SPCR_INTERRUPT_TYPE 52
#define SPCR_GSIV 54
#define SPCR_INTERRUPT_GIC BIT(3)

/* ACPI 6.5, table 5.1 */
#define GAS_SPACE 0
#define GAS_BIT_WIDTH 1
#define GAS_ACCESS_SIZE 3
#define GAS_ADDRESS 4
#define GAS_SYSTEM_MEMORY 0U

/* A UART's registers lie in one page. */
#define UART_SIZE 0x1000U

static enum platform_console_type console_type(uint8_t interface)
{
    switch (interface) {
    case 0x00: /* 16550 */
    case 0x01: /* 16550 subset */
    case 0x12: /* 16550-compatible with the parameters of the address structure */
        return CONSOLE_NS16550;
    case 0x03:
        return CONSOLE_PL011;
    case 0x0d: /* SBSA generic UART with 32-bit accesses only */
    case 0x0e:
        return CONSOLE_SBSA_UART;
    default:
        return CONSOLE_NONE;
    }
}

/* Bytes per access: what the access size says (1 byte to 3 dword), else what the register's width says; 0 = unusable. */
static uint32_t access_bytes(const uint8_t *gas)
{
    uint8_t size = gas[GAS_ACCESS_SIZE];
    uint8_t width = gas[GAS_BIT_WIDTH];

    if (size >= 1U && size <= 3U) {
        return 1U << (size - 1U);
    }
    if (size == 0U && (width == 8U || width == 16U || width == 32U)) {
        return width / 8U;
    }
    return (size == 0U && width == 0U) ? 1U : 0U;
}

/* Of a 16550: registers are as far apart as the register's width says, and at least one access. */
static uint32_t register_shift(const uint8_t *gas, uint32_t access)
{
    uint32_t bytes = gas[GAS_BIT_WIDTH] / 8U;
    uint32_t distance = bytes > access ? bytes : access;

    return distance >= 4U ? 2U : distance - 1U;
}

static enum status read_registers(const uint8_t *gas, struct platform_console *console, struct platform_fault *fault)
{
    if (gas[GAS_SPACE] != GAS_SYSTEM_MEMORY) {
        platform_fault_print(fault, "SPCR: base address: address space: found %u, expected 0 (system memory)",
                             gas[GAS_SPACE]);
        return STATUS_UNSUPPORTED;
    }
    console->base = bytes_le64(gas + GAS_ADDRESS);
    console->access_size = access_bytes(gas);
    if (!platform_range_valid(console->base, UART_SIZE, 4)) {
        platform_fault_print(fault, "SPCR: base address: found 0x%lx, expected a multiple of 4 below 2^46",
                             console->base);
        return STATUS_RANGE;
    }
    if (console->access_size == 0U) {
        platform_fault_print(fault, "SPCR: base address: access size: found %u (of %u bits), expected 1 to 3",
                             gas[GAS_ACCESS_SIZE], gas[GAS_BIT_WIDTH]);
        return STATUS_UNSUPPORTED;
    }
    if (console->type == CONSOLE_NS16550) {
        console->reg_shift = register_shift(gas, console->access_size);
    } else if (console->access_size == 1U) {
        /* UARTIMSC and UARTICR have 11 bits (DDI 0183, 3.3): a byte does not reach them. */
        console->access_size = 4;
    }
    return STATUS_OK;
}

enum status acpi_spcr_read(const void *table, uint32_t size, struct platform *out, struct platform_fault *fault)
{
    const uint8_t *bytes = table;
    struct platform_console console = {.type = CONSOLE_NONE};

    out->console = console;
    if (size < SPCR_SIZE) {
        platform_fault_print(fault, "SPCR: length: found %u, expected at least %u", size, SPCR_SIZE);
        return STATUS_INVALID;
    }
    if (bytes[SPCR_REVISION] < 2U) {
        platform_fault_print(fault, "SPCR: revision: found %u, expected 2 or more", bytes[SPCR_REVISION]);
        return STATUS_INVALID;
    }
    console.type = console_type(bytes[SPCR_INTERFACE_TYPE]);
    if (console.type == CONSOLE_NONE) {
        platform_fault_print(fault, "SPCR: interface type: found 0x%x, expected PL011, SBSA UART or 16550",
                             bytes[SPCR_INTERFACE_TYPE]);
        return STATUS_UNSUPPORTED;
    }
    enum status status = read_registers(bytes + SPCR_GAS, &console, fault);
    if (status != STATUS_OK) {
        return status;
    }
    if ((bytes[SPCR_INTERRUPT_TYPE] & SPCR_INTERRUPT_GIC) != 0U) {
        console.intid = bytes_le32(bytes + SPCR_GSIV);
        if (!platform_intid_is_spi(console.intid)) {
            platform_fault_print(fault, "SPCR: global system interrupt: found %u, expected an SPI", console.intid);
            return STATUS_RANGE;
        }
    }
    out->console = console;
    return STATUS_OK;
}
