/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing a guest's device tree by libfdt's sequential writer (Devicetree Specification 0.4). Called by dev/guest_board.c and by each
 * device class's describe. No state but the caller's struct guest_tree.
 */
#include "dev/guest_tree.h"

#include <stddef.h>

#include <libfdt.h>

#include "lib/bits.h"

void guest_tree_begin(struct guest_tree *tree, const char *name)
{
    if (tree->error == 0) {
        tree->error = fdt_begin_node(tree->fdt, name);
    }
}

void guest_tree_end(struct guest_tree *tree)
{
    if (tree->error == 0) {
        tree->error = fdt_end_node(tree->fdt);
    }
}

void guest_tree_bytes(struct guest_tree *tree, const char *property, const void *value, uint32_t size)
{
    if (tree->error == 0) {
        tree->error = fdt_property(tree->fdt, property, value, (int)size);
    }
}

void guest_tree_empty(struct guest_tree *tree, const char *property)
{
    guest_tree_bytes(tree, property, "", 0);
}

void guest_tree_string(struct guest_tree *tree, const char *property, const char *value)
{
    guest_tree_bytes(tree, property, value, (uint32_t)strlen(value) + 1U);
}

void guest_tree_cells(struct guest_tree *tree, const char *property, const uint32_t *cells, unsigned count)
{
    void *place;

    if (tree->error == 0) {
        tree->error = fdt_property_placeholder(tree->fdt, property, (int)(count * sizeof(*cells)), &place);
    }
    for (unsigned i = 0; tree->error == 0 && i < count; i++) {
        fdt32_st((uint8_t *)place + i * sizeof(*cells), cells[i]);
    }
}

void guest_tree_u32(struct guest_tree *tree, const char *property, uint32_t value)
{
    guest_tree_cells(tree, property, &value, 1);
}

void guest_tree_u64(struct guest_tree *tree, const char *property, uint64_t value)
{
    const uint32_t cells[] = {(uint32_t)(value >> 32), (uint32_t)value};

    guest_tree_cells(tree, property, cells, ARRAY_SIZE(cells));
}

void guest_tree_reg(struct guest_tree *tree, const uint64_t (*pairs)[2], unsigned count)
{
    void *place;

    if (tree->error == 0) {
        tree->error = fdt_property_placeholder(tree->fdt, "reg", (int)(count * sizeof(*pairs)), &place);
    }
    for (unsigned i = 0; tree->error == 0 && i < count; i++) {
        fdt64_st((uint8_t *)place + i * sizeof(*pairs), pairs[i][0]);
        fdt64_st((uint8_t *)place + i * sizeof(*pairs) + sizeof(pairs[i][0]), pairs[i][1]);
    }
}

void guest_tree_spi(struct guest_tree *tree, uint32_t intid)
{
    const uint32_t cells[] = {GUEST_TREE_SPI, intid - 32U, GUEST_TREE_LEVEL_HIGH};

    guest_tree_cells(tree, "interrupts", cells, ARRAY_SIZE(cells));
}

enum status guest_tree_status(const struct guest_tree *tree)
{
    if (tree->error == 0) {
        return STATUS_OK;
    }
    return tree->error == -FDT_ERR_NOSPACE ? STATUS_NO_MEMORY : STATUS_INVALID;
}
