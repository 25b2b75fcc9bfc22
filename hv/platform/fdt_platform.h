/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A machine's device tree (Devicetree Specification 0.4 and its bindings), read for struct platform. Called by platform.c
 * at start-up, on the boot CPU; no lock, no state.
 */
#pragma once

#include <stddef.h>

#include "lib/status.h"
#include "platform/platform.h"

/*
 * Checks the tree at fdt (8-byte aligned, any content, size readable bytes) and fills *out, whose lists are empty and whose
 * boot_mpidr is set. Reads nothing outside [fdt, fdt + size). On failure *fault names node and property; *out may be half filled.
 */
enum status fdt_platform_read(const void *fdt, size_t size, struct platform *out, struct platform_fault *fault);

/*
 * The part of it that finds the console: /chosen's stdout-path. gic: the GIC's node. No stdout-path: CONSOLE_NONE and STATUS_OK.
 * STATUS_UNSUPPORTED: a UART that we have no driver for; out->console.type is CONSOLE_NONE.
 */
enum status fdt_console_read(const void *fdt, int gic, struct platform *out, struct platform_fault *fault);
