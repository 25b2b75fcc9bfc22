/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The machine's console UART as the hypervisor's one byte stream: log lines and VM consoles both go through here.
 * Any context; takes LOCK_RANK_UART, except the *_panic form.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/status.h"
#include "platform/platform.h"

/* Before the hypervisor's own tables: registers at their physical address. STATUS_UNSUPPORTED when no driver serves it. */
enum status uart_init(const struct platform_console *info);
/* After the switch: maps the registers, and (interrupts work) tells received bytes to input. NULL: nobody listens. */
enum status uart_attach(void);
void uart_listen(void (*input)(uint8_t byte));

/* Waits while the transmitter is full, bounded by the UART's own speed. */
void uart_write(const char *text, size_t size);
/* From a panic: no lock. */
void uart_write_panic(const char *text, size_t size);
