/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finds the UART that /chosen names in stdout-path (Devicetree Specification 0.4, 3.6, and the bindings "arm,pl011",
 * "arm,sbsa-uart", "ns16550", "snps,dw-apb-uart"). Called by fdt_platform.c on a checked tree; owns no state.
 */
#include "platform/fdt_platform.h"

#include <libfdt.h>

#include "lib/bits.h"
#include "platform/dt_node.h"
#include "platform/platform_fill.h"

#define MAX_SHIFT 4U

/* The first row that the node's compatible list holds: a PL011 also says arm,primecell, a dw-apb-uart may say ns16550a. */
static const struct uart_kind {
    const char *compatible;
    enum platform_console_type type;
    uint32_t access_size; /* where there is no reg-io-width */
} uart_kinds[] = {
    {"arm,sbsa-uart", CONSOLE_SBSA_UART, 4}, {"arm,pl011", CONSOLE_PL011, 4}, {"snps,dw-apb-uart", CONSOLE_NS16550, 1},
    {"ns16550a", CONSOLE_NS16550, 1},        {"ns16550", CONSOLE_NS16550, 1},
};

/* The path without the options behind ':'; fdt_path_offset_namelen knows aliases. Below 0: none. */
static int stdout_node(const void *fdt, const char **path)
{
    int chosen = fdt_path_offset(fdt, "/chosen");

    if (chosen < 0) {
        return -FDT_ERR_NOTFOUND;
    }
    *path = dt_string(fdt, chosen, "stdout-path");
    if (*path == NULL) {
        *path = dt_string(fdt, chosen, "linux,stdout-path");
    }
    if (*path == NULL) {
        return -FDT_ERR_NOTFOUND;
    }
    const char *colon = strchr(*path, ':');
    size_t length = colon != NULL ? (size_t)(colon - *path) : strlen(*path);
    return length == 0U ? -FDT_ERR_BADPATH : fdt_path_offset_namelen(fdt, *path, (int)length);
}

static const struct uart_kind *find_kind(const void *fdt, int node)
{
    for (unsigned i = 0; i < ARRAY_SIZE(uart_kinds); i++) {
        if (fdt_node_check_compatible(fdt, node, uart_kinds[i].compatible) == 0) {
            return &uart_kinds[i];
        }
    }
    return NULL;
}

/* Leaves *value alone when the property is absent. */
static bool number_within(const void *fdt, int node, const char *name, uint64_t max, uint64_t *value)
{
    enum status status = dt_number(fdt, node, name, value);

    return status == STATUS_NOT_FOUND || (status == STATUS_OK && *value <= max);
}

static enum status read_access(const void *fdt, int node, struct platform_console *console)
{
    uint64_t shift = 0;
    uint64_t width = console->access_size;

    if (!number_within(fdt, node, "reg-shift", MAX_SHIFT, &shift) ||
        !number_within(fdt, node, "reg-io-width", 4, &width)) {
        return STATUS_INVALID;
    }
    /* DDI 0183, 3.3: the PL011 has registers of 16 bits. */
    bool byte_allowed = console->type == CONSOLE_NS16550;
    if (width != 4U && width != 2U && !(width == 1U && byte_allowed)) {
        return STATUS_RANGE;
    }
    console->access_size = (uint32_t)width;
    console->reg_shift = console->type == CONSOLE_NS16550 ? (uint32_t)shift : 0U;
    /* Registers closer together than one access would be written two at a time. */
    return (console->type == CONSOLE_NS16550 && (1U << shift) < width) ? STATUS_RANGE : STATUS_OK;
}

/* Aligned for its accesses; at least the registers of both kinds up to 16550's scratch register. */
static bool registers_valid(const struct platform_console *console, uint64_t size)
{
    uint64_t needed = console->type == CONSOLE_NS16550 ? 8ULL << console->reg_shift : 0x48U;

    return size >= needed && platform_range_valid(console->base, size, console->access_size);
}

static enum status read_uart(const void *fdt, int node, int gic, struct platform_console *console,
                             struct platform_fault *fault)
{
    uint64_t size = 0;
    uint64_t offset = 0;
    enum status status = dt_reg(fdt, node, 0, &console->base, &size);

    if (status != STATUS_OK || !number_within(fdt, node, "reg-offset", size, &offset)) {
        platform_fault_print(fault, "device tree: stdout-path: reg or reg-offset: absent or malformed");
        return STATUS_INVALID;
    }
    status = read_access(fdt, node, console);
    if (status != STATUS_OK) {
        platform_fault_print(fault, "device tree: stdout-path: reg-shift or reg-io-width: malformed or out of range");
        return status;
    }
    console->base += offset;
    if (!registers_valid(console, size - offset)) {
        platform_fault_print(fault, "device tree: stdout-path: reg: found 0x%lx of 0x%lx bytes", console->base,
                             size - offset);
        return STATUS_RANGE;
    }
    /* Through another controller than the GIC, or malformed: it can still be polled. */
    status = dt_interrupt(fdt, node, gic, 0, &console->intid);
    if (status != STATUS_OK || !platform_intid_is_spi(console->intid)) {
        console->intid = 0;
    }
    return STATUS_OK;
}

enum status fdt_console_read(const void *fdt, int gic, struct platform *out, struct platform_fault *fault)
{
    const char *path = NULL;
    int node = stdout_node(fdt, &path);

    out->console = (struct platform_console){.type = CONSOLE_NONE};
    if (path == NULL) {
        return STATUS_OK;
    }
    const struct uart_kind *kind = node < 0 ? NULL : find_kind(fdt, node);
    if (kind == NULL) {
        platform_fault_print(fault, "device tree: stdout-path: found '%.64s', expected a PL011, SBSA UART or 16550",
                             path);
        return STATUS_UNSUPPORTED;
    }
    struct platform_console console = {.type = kind->type, .access_size = kind->access_size};
    enum status status = read_uart(fdt, node, gic, &console, fault);
    if (status == STATUS_OK) {
        out->console = console;
    }
    return status;
}
