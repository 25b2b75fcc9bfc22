/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads what one node of a device tree says: status, numbers, registers translated to physical addresses, interrupts
 * as INTIDs. Implements Devicetree Specification 0.4, chapter 2, as far as a GICv3 machine needs it. Owns no state.
 */
#include "platform/dt_node.h"

#include <libfdt.h>

#include "lib/bits.h"

#define CELL_SIZE 4U

/* 3 or 4 cells: kind, number, flags, affinity. The kinds: SPI, PPI, extended SPI, extended PPI. */
#define GIC_MIN_CELLS 3U
#define GIC_MAX_CELLS 4U

bool dt_node_is_enabled(const void *fdt, int node)
{
    int length;
    const char *status = fdt_getprop(fdt, node, "status", &length);

    if (status == NULL) {
        return true;
    }
    return (length == 5 && memcmp(status, "okay", 5) == 0) || (length == 3 && memcmp(status, "ok", 3) == 0);
}

/* cells is 0, 1 or 2. */
static uint64_t read_cells(const fdt32_t *from, unsigned cells)
{
    uint64_t value = 0;

    for (unsigned i = 0; i < cells; i++) {
        value = (value << 32) | fdt32_ld(from + i);
    }
    return value;
}

enum status dt_number(const void *fdt, int node, const char *name, uint64_t *value)
{
    int length;
    const fdt32_t *cells = fdt_getprop(fdt, node, name, &length);

    if (cells == NULL) {
        return STATUS_NOT_FOUND;
    }
    if (length != 4 && length != 8) {
        return STATUS_INVALID;
    }
    *value = read_cells(cells, (unsigned)length / CELL_SIZE);
    return STATUS_OK;
}

const char *dt_string(const void *fdt, int node, const char *name)
{
    int length;
    const char *text = fdt_getprop(fdt, node, name, &length);

    return (text != NULL && length > 0 && text[length - 1] == '\0') ? text : NULL;
}

/* One row of ranges: the child's address, the parent's, the size. */
struct range_cells {
    unsigned child;
    unsigned parent;
    unsigned size;
};

static bool cells_usable(int address, int size)
{
    return (address == 1 || address == 2) && (size == 1 || size == 2);
}

static bool translate_row(const fdt32_t *row, struct range_cells cells, uint64_t size, uint64_t *address)
{
    uint64_t child = read_cells(row, cells.child);
    uint64_t parent = read_cells(row + cells.child, cells.parent);
    uint64_t length = read_cells(row + cells.child + cells.parent, cells.size);

    if (!range_contains(child, length, *address, size) || parent > UINT64_MAX - length) {
        return false;
    }
    *address = parent + (*address - child);
    return true;
}

/* From the address space below node bus to the one that bus itself lies in, whose node is parent. */
static bool translate_bus(const void *fdt, int bus, int parent, uint64_t size, uint64_t *address)
{
    int length;
    const fdt32_t *ranges = fdt_getprop(fdt, bus, "ranges", &length);
    int child_cells = fdt_address_cells(fdt, bus);
    int size_cells = fdt_size_cells(fdt, bus);
    int parent_cells = fdt_address_cells(fdt, parent);

    if (ranges == NULL) {
        return false; /* 2.3.8: no ranges, no way through */
    }
    if (length == 0) {
        return true; /* the same addresses */
    }
    if (!cells_usable(child_cells, size_cells) || !cells_usable(parent_cells, 1)) {
        return false;
    }
    struct range_cells cells = {(unsigned)child_cells, (unsigned)parent_cells, (unsigned)size_cells};
    unsigned row_cells = cells.child + cells.parent + cells.size;
    unsigned count = (unsigned)length / CELL_SIZE;
    for (unsigned i = 0; row_cells <= count - i; i += row_cells) {
        if (translate_row(ranges + i, cells, size, address)) {
            return true;
        }
    }
    return false;
}

static bool translate(const void *fdt, int bus, uint64_t size, uint64_t *address)
{
    while (bus > 0) {
        int parent = fdt_parent_offset(fdt, bus);
        if (parent < 0 || !translate_bus(fdt, bus, parent, size, address)) {
            return false;
        }
        bus = parent;
    }
    return bus == 0;
}

enum status dt_reg(const void *fdt, int node, unsigned index, uint64_t *base, uint64_t *size)
{
    int length;
    const fdt32_t *reg = fdt_getprop(fdt, node, "reg", &length);
    int bus = fdt_parent_offset(fdt, node);

    if (reg == NULL) {
        return STATUS_NOT_FOUND;
    }
    int address_cells = bus < 0 ? -1 : fdt_address_cells(fdt, bus);
    int size_cells = bus < 0 ? -1 : fdt_size_cells(fdt, bus);
    if (!cells_usable(address_cells, size_cells)) {
        return STATUS_INVALID;
    }
    unsigned entry_size = (unsigned)(address_cells + size_cells) * CELL_SIZE;
    if (index >= (unsigned)length / entry_size) {
        return STATUS_NOT_FOUND;
    }
    reg += index * (entry_size / CELL_SIZE);
    *base = read_cells(reg, (unsigned)address_cells);
    *size = read_cells(reg + address_cells, (unsigned)size_cells);
    return translate(fdt, bus, *size, base) ? STATUS_OK : STATUS_INVALID;
}

/* 2.4.1: the interrupt parent is named by the node or else by the nearest node above; a controller above is one itself. */
static int interrupt_parent(const void *fdt, int node)
{
    for (int at = node; at >= 0; at = fdt_parent_offset(fdt, at)) {
        uint64_t phandle;
        enum status status = dt_number(fdt, at, "interrupt-parent", &phandle);
        if (status == STATUS_OK && phandle <= UINT32_MAX) {
            return fdt_node_offset_by_phandle(fdt, (uint32_t)phandle);
        }
        if (status != STATUS_NOT_FOUND) {
            return -FDT_ERR_BADVALUE;
        }
        if (at != node && fdt_getprop(fdt, at, "interrupt-controller", NULL) != NULL) {
            return at;
        }
    }
    return -FDT_ERR_NOTFOUND;
}

static bool interrupt_cells(const void *fdt, int controller, unsigned *cells)
{
    uint64_t value;

    if (controller < 0 || dt_number(fdt, controller, "#interrupt-cells", &value) != STATUS_OK ||
        value > FDT_MAX_NCELLS) {
        return false;
    }
    *cells = (unsigned)value;
    return true;
}

static enum status gic_intid(const fdt32_t *specifier, unsigned cells, uint32_t *intid)
{
    static const struct {
        uint32_t first;
        uint32_t count;
    } kinds[] = {{32, 988}, {16, 16}, {4096, 1024}, {1056, 64}};

    if (cells < GIC_MIN_CELLS || cells > GIC_MAX_CELLS) {
        return STATUS_INVALID;
    }
    uint32_t kind = fdt32_ld(specifier);
    uint32_t number = fdt32_ld(specifier + 1);
    if (kind >= ARRAY_SIZE(kinds) || number >= kinds[kind].count) {
        return STATUS_INVALID;
    }
    *intid = kinds[kind].first + number;
    return STATUS_OK;
}

static enum status interrupt_extended(const void *fdt, const fdt32_t *list, unsigned count, int gic, unsigned index,
                                      uint32_t *intid)
{
    for (unsigned at = 0; at < count;) {
        int controller = fdt_node_offset_by_phandle(fdt, fdt32_ld(list + at));
        unsigned cells;
        if (!interrupt_cells(fdt, controller, &cells) || cells >= count - at) {
            return STATUS_INVALID;
        }
        if (index == 0U) {
            return controller == gic ? gic_intid(list + at + 1, cells, intid) : STATUS_UNSUPPORTED;
        }
        index--;
        at += 1U + cells;
    }
    return STATUS_NOT_FOUND;
}

enum status dt_interrupt(const void *fdt, int node, int gic, unsigned index, uint32_t *intid)
{
    int length;
    const fdt32_t *list = fdt_getprop(fdt, node, "interrupts-extended", &length);
    unsigned cells;

    if (list != NULL) {
        return interrupt_extended(fdt, list, (unsigned)length / CELL_SIZE, gic, index, intid);
    }
    list = fdt_getprop(fdt, node, "interrupts", &length);
    if (list == NULL) {
        return STATUS_NOT_FOUND;
    }
    int controller = interrupt_parent(fdt, node);
    if (!interrupt_cells(fdt, controller, &cells) || cells == 0U) {
        return STATUS_INVALID;
    }
    if (controller != gic) {
        return STATUS_UNSUPPORTED;
    }
    if (index >= (unsigned)length / CELL_SIZE / cells) {
        return STATUS_NOT_FOUND;
    }
    return gic_intid(list + (size_t)index * cells, cells, intid);
}

enum status dt_interrupt_named(const void *fdt, int node, int gic, const char *name, uint32_t *intid)
{
    int index = fdt_stringlist_search(fdt, node, "interrupt-names", name);

    return index < 0 ? STATUS_NOT_FOUND : dt_interrupt(fdt, node, gic, (unsigned)index, intid);
}
