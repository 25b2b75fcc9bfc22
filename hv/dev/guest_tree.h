/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing a guest's device tree (Devicetree Specification 0.4): what a device class's describe uses. Nodes are added below the root.
 * The first error sticks and every later call does nothing, so that a describe function checks once, at its end.
 */
#pragma once

#include <stdint.h>

#include "lib/status.h"

/* phandles: fixed, so that a node may refer to one that comes later. */
#define GUEST_TREE_PHANDLE_GIC 1U
#define GUEST_TREE_PHANDLE_PCLK 2U
#define GUEST_TREE_PHANDLE_GPIO 3U
#define GUEST_TREE_PHANDLE_ITS 4U

/* Cells of an interrupt specifier of arm,gic-v3. */
#define GUEST_TREE_SPI 0U
#define GUEST_TREE_PPI 1U
#define GUEST_TREE_EDGE_RISE 1U
#define GUEST_TREE_LEVEL_HIGH 4U

struct guest_tree {
    void *fdt;
    int error; /* libfdt's, 0 = none */
};

/* name: "pl011@9000000". */
void guest_tree_begin(struct guest_tree *tree, const char *name);
void guest_tree_end(struct guest_tree *tree);

void guest_tree_empty(struct guest_tree *tree, const char *property);
void guest_tree_string(struct guest_tree *tree, const char *property, const char *value);
/* size: of the strings with every NUL. "arm,pl011\0arm,primecell" is sizeof of that literal. */
void guest_tree_bytes(struct guest_tree *tree, const char *property, const void *value, uint32_t size);
/* count 32-bit cells. */
void guest_tree_cells(struct guest_tree *tree, const char *property, const uint32_t *cells, unsigned count);
void guest_tree_u32(struct guest_tree *tree, const char *property, uint32_t value);
void guest_tree_u64(struct guest_tree *tree, const char *property, uint64_t value);
/* reg with #address-cells = #size-cells = 2: count pairs of base and size. */
void guest_tree_reg(struct guest_tree *tree, const uint64_t (*pairs)[2], unsigned count);
/* One level-high SPI; intid is 32 or more. */
void guest_tree_spi(struct guest_tree *tree, uint32_t intid);

/* STATUS_OK, or what the first error means. */
enum status guest_tree_status(const struct guest_tree *tree);
