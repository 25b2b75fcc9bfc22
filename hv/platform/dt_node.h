/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the drivers' parts of the device-tree reader need of one node: its status, numbers, translated registers, interrupts.
 * Devicetree Specification 0.4. All functions are pure, take a tree that fdt_check_full accepted, and are called by
 * platform/fdt_*.c while platform_discover runs.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/status.h"

/* 2.3.4: no status property, "okay" or "ok" (of older trees). */
bool dt_node_is_enabled(const void *fdt, int node);

/* A property of exactly one or two cells. STATUS_NOT_FOUND when absent, STATUS_INVALID when of another length. */
enum status dt_number(const void *fdt, int node, const char *name, uint64_t *value);

/* A non-empty list of strings, the last one terminated; NULL otherwise. The first string is what is returned. */
const char *dt_string(const void *fdt, int node, const char *name);

/*
 * Entry number index of reg, translated through the ranges of each bus above (2.3.8) to a physical address.
 * STATUS_NOT_FOUND: no such entry; STATUS_INVALID: cells, length or ranges that don't lead there.
 */
enum status dt_reg(const void *fdt, int node, unsigned index, uint64_t *base, uint64_t *size);

/*
 * Interrupt number index of a node, from interrupts-extended or interrupts (2.4.1), as an INTID. Its controller has to be the GIC
 * at node gic. STATUS_NOT_FOUND: no such interrupt; STATUS_UNSUPPORTED: another controller; STATUS_INVALID: malformed.
 */
enum status dt_interrupt(const void *fdt, int node, int gic, unsigned index, uint32_t *intid);

/* The same by its place in interrupt-names. STATUS_NOT_FOUND when there is no such name. */
enum status dt_interrupt_named(const void *fdt, int node, int gic, const char *name, uint32_t *intid);
