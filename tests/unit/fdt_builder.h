/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes flattened device trees (Devicetree Specification 0.4, chapter 5) for the tests, without libfdt: nodes and properties
 * in the order they come. The text form "name" = cells is given as arrays of 32-bit numbers.
 */
#pragma once

#include <stdint.h>

#define FDT_BUILDER_MAX 16384U
#define FDT_BUILDER_STRINGS 2048U

struct fdt_builder {
    _Alignas(8) uint8_t bytes[FDT_BUILDER_MAX]; /* the tree, after tree_finish */
    uint32_t size;
    char strings[FDT_BUILDER_STRINGS];
    uint32_t strings_size;
};

void tree_start(struct fdt_builder *tree);
void tree_node(struct fdt_builder *tree, const char *name);
void tree_close(struct fdt_builder *tree);
void tree_bytes(struct fdt_builder *tree, const char *name, const void *value, uint32_t size);
/* One string, or several with '|' between them. */
void tree_text(struct fdt_builder *tree, const char *name, const char *value);
void tree_list(struct fdt_builder *tree, const char *name, const uint32_t *cells, unsigned count);
void tree_empty(struct fdt_builder *tree, const char *name);
void tree_finish(struct fdt_builder *tree);

#define TREE_CELLS(tree, name, ...)                                                                                    \
    tree_list(tree, name, (const uint32_t[]){__VA_ARGS__}, sizeof((const uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t))

/* As QEMU gives it for its virt board with that many CPUs, as far as a hypervisor looks. */
void fdt_build_virt(struct fdt_builder *tree, unsigned cpus);
