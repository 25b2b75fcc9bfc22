/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The machine's console UART as the hypervisor's one byte stream. While it starts, log lines go out by uart_write; from then on vm/console_output.c is the
 * only sender, by uart_send.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/status.h"
#include "platform/platform.h"

/* Before the hypervisor's own tables: registers at their physical address. STATUS_UNSUPPORTED when no driver serves it. */
enum status uart_init(const struct platform_console *info);
/* After the switch: maps the registers. */
enum status uart_attach(void);
/*
 * Interrupts work: received bytes go to input; room is called after uart_send took less than it was given, when the transmitter has room again. Both
 * in interrupt context, no lock held. Without an interrupt neither is ever called.
 */
void uart_listen(void (*input)(uint8_t byte), void (*room)(void));

/* Waits while the transmitter is full, bounded by the UART's own speed. Takes LOCK_RANK_UART. */
void uart_write(const char *text, size_t size);
/*
 * Sends as many of the bytes as the transmitter takes at once and returns their number. With size 0: nobody waits for room any more.
 * Waits only where there is no interrupt. The caller's lock keeps senders apart.
 */
size_t uart_send(const uint8_t *bytes, size_t size);
/* From a panic: no lock. */
void uart_write_panic(const char *text, size_t size);
