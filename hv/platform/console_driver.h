/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The machine's UART. One driver is chosen at start; its registers are reached through the pointer that the caller mapped.
 * Before the hypervisor's own tables are live that pointer is the physical address (the firmware maps devices at their own).
 * Locking is the caller's (vm/console, lib/log through LOCK_RANK_UART).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "platform/platform.h"

struct console_driver {
    const char *name;
    enum platform_console_type type;
    /* Leaves line speed and format as firmware set them; enables the FIFO; masks all interrupts. */
    void (*init)(volatile void *base, const struct platform_console *info);
    /* As many of the bytes as the transmitter takes at once; returns their number. */
    size_t (*send)(volatile void *base, const struct platform_console *info, const uint8_t *bytes, size_t size);
    /* -1 when nothing waits; else 0..255. Errors (overrun, framing, parity) drop the byte. */
    int (*receive)(volatile void *base, const struct platform_console *info);
    /* Receive (and receive time-out) interrupt on or off; transmit interrupt (room in the FIFO) on or off. */
    void (*enable_interrupts)(volatile void *base, const struct platform_console *info, bool receive, bool transmit);
    /* Drops latched causes that reading or writing data does not. */
    void (*acknowledge)(volatile void *base, const struct platform_console *info);
};

/* NULL when no driver serves the type. The drivers stand in one const array, platform/consoles.c. */
const struct console_driver *console_driver_find(enum platform_console_type type);
