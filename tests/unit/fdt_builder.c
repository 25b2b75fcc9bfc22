/* SPDX-License-Identifier: Apache-2.0 */
/* See fdt_builder.h. */
#include "fdt_builder.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STRUCT_OFFSET 56U /* header of 40 bytes, an empty reservation map of 16 */

static void put(struct fdt_builder *tree, uint32_t value)
{
    if (tree->size + 4 > FDT_BUILDER_MAX) {
        abort();
    }
    for (unsigned i = 0; i < 4; i++) {
        tree->bytes[tree->size++] = (uint8_t)(value >> (24U - 8U * i));
    }
}

static void put_bytes(struct fdt_builder *tree, const void *bytes, uint32_t size)
{
    if (tree->size + size + 4 > FDT_BUILDER_MAX) {
        abort();
    }
    memcpy(tree->bytes + tree->size, bytes, size);
    tree->size += size;
    while (tree->size % 4 != 0) {
        tree->bytes[tree->size++] = 0;
    }
}

static uint32_t string_offset(struct fdt_builder *tree, const char *name)
{
    uint32_t size = (uint32_t)strlen(name) + 1;

    for (uint32_t at = 0; at < tree->strings_size; at += (uint32_t)strlen(tree->strings + at) + 1) {
        if (strcmp(tree->strings + at, name) == 0) {
            return at;
        }
    }
    if (tree->strings_size + size > FDT_BUILDER_STRINGS) {
        abort();
    }
    memcpy(tree->strings + tree->strings_size, name, size);
    tree->strings_size += size;
    return tree->strings_size - size;
}

void tree_start(struct fdt_builder *tree)
{
    memset(tree, 0, sizeof(*tree));
    tree->size = STRUCT_OFFSET;
}

void tree_node(struct fdt_builder *tree, const char *name)
{
    put(tree, 1);
    put_bytes(tree, name, (uint32_t)strlen(name) + 1);
}

void tree_close(struct fdt_builder *tree)
{
    put(tree, 2);
}

void tree_bytes(struct fdt_builder *tree, const char *name, const void *value, uint32_t size)
{
    put(tree, 3);
    put(tree, size);
    put(tree, string_offset(tree, name));
    put_bytes(tree, value, size);
}

void tree_text(struct fdt_builder *tree, const char *name, const char *value)
{
    char text[256];
    uint32_t size = (uint32_t)snprintf(text, sizeof(text), "%s", value) + 1;

    for (uint32_t i = 0; i < size; i++) {
        text[i] = text[i] == '|' ? '\0' : text[i];
    }
    tree_bytes(tree, name, text, size);
}

void tree_list(struct fdt_builder *tree, const char *name, const uint32_t *cells, unsigned count)
{
    put(tree, 3);
    put(tree, count * 4);
    put(tree, string_offset(tree, name));
    for (unsigned i = 0; i < count; i++) {
        put(tree, cells[i]);
    }
}

void tree_empty(struct fdt_builder *tree, const char *name)
{
    tree_bytes(tree, name, "", 0);
}

void tree_finish(struct fdt_builder *tree)
{
    put(tree, 9);
    uint32_t strings = tree->size;
    uint32_t struct_size = strings - STRUCT_OFFSET;
    uint32_t total = strings + tree->strings_size;
    const uint32_t header[] = {0xd00dfeed, total, STRUCT_OFFSET,      strings,    40, 17,
                               16,         0,     tree->strings_size, struct_size};

    if (total > FDT_BUILDER_MAX) {
        abort();
    }
    memcpy(tree->bytes + strings, tree->strings, tree->strings_size);
    tree->size = 0;
    for (unsigned i = 0; i < sizeof(header) / sizeof(header[0]); i++) {
        put(tree, header[i]);
    }
    tree->size = total;
}

static void virt_cpus(struct fdt_builder *tree, unsigned cpus)
{
    tree_node(tree, "cpus");
    TREE_CELLS(tree, "#size-cells", 0);
    TREE_CELLS(tree, "#address-cells", 1);
    tree_node(tree, "cpu-map");
    tree_node(tree, "socket0");
    tree_close(tree);
    tree_close(tree);
    for (unsigned i = 0; i < cpus; i++) {
        char name[16];
        (void)snprintf(name, sizeof(name), "cpu@%x", i);
        tree_node(tree, name);
        TREE_CELLS(tree, "phandle", 0x8001 + i);
        TREE_CELLS(tree, "reg", i);
        tree_text(tree, "enable-method", "psci");
        tree_text(tree, "compatible", "arm,cortex-a72");
        tree_text(tree, "device_type", "cpu");
        tree_close(tree);
    }
    tree_close(tree);
}

static void virt_gic(struct fdt_builder *tree)
{
    tree_node(tree, "intc@8000000");
    TREE_CELLS(tree, "phandle", 0x9005);
    TREE_CELLS(tree, "interrupts", 1, 9, 4);
    TREE_CELLS(tree, "reg", 0, 0x8000000, 0, 0x10000, 0, 0x80a0000, 0, 0xf60000);
    TREE_CELLS(tree, "#redistributor-regions", 1);
    tree_text(tree, "compatible", "arm,gic-v3");
    tree_empty(tree, "ranges");
    TREE_CELLS(tree, "#size-cells", 2);
    TREE_CELLS(tree, "#address-cells", 2);
    tree_empty(tree, "interrupt-controller");
    TREE_CELLS(tree, "#interrupt-cells", 3);
    tree_node(tree, "its@8080000");
    TREE_CELLS(tree, "reg", 0, 0x8080000, 0, 0x20000);
    tree_text(tree, "compatible", "arm,gic-v3-its");
    tree_close(tree);
    tree_close(tree);
}

void fdt_build_virt(struct fdt_builder *tree, unsigned cpus)
{
    tree_start(tree);
    tree_node(tree, "");
    TREE_CELLS(tree, "interrupt-parent", 0x9005);
    TREE_CELLS(tree, "#size-cells", 2);
    TREE_CELLS(tree, "#address-cells", 2);
    tree_text(tree, "compatible", "linux,dummy-virt");
    tree_node(tree, "psci");
    tree_text(tree, "method", "smc");
    tree_text(tree, "compatible", "arm,psci-1.0|arm,psci-0.2|arm,psci");
    tree_close(tree);
    tree_node(tree, "pl011@9000000");
    TREE_CELLS(tree, "interrupts", 0, 1, 4);
    TREE_CELLS(tree, "reg", 0, 0x9000000, 0, 0x1000);
    tree_text(tree, "compatible", "arm,pl011|arm,primecell");
    tree_close(tree);
    virt_gic(tree);
    virt_cpus(tree, cpus);
    tree_node(tree, "timer");
    TREE_CELLS(tree, "interrupts", 1, 13, 4, 1, 14, 4, 1, 11, 4, 1, 10, 4);
    tree_empty(tree, "always-on");
    tree_text(tree, "compatible", "arm,armv8-timer|arm,armv7-timer");
    tree_close(tree);
    tree_node(tree, "chosen");
    tree_text(tree, "stdout-path", "/pl011@9000000");
    tree_close(tree);
    tree_close(tree);
    tree_finish(tree);
}
