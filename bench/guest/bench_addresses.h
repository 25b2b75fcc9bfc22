/* SPDX-License-Identifier: Apache-2.0 */
/* Where the board's devices are, for the files shared with tests/guest/lib: variables that bench_board.c fills from the device tree. */
#pragma once

/* Externs too: without it they are reached through addresses in a table, which would need relocating. */
#pragma GCC visibility push(hidden)

extern unsigned long bench_uart, bench_gicd, bench_gicr;

#define UART_BASE bench_uart
#define GICD_BASE bench_gicd
#define GICR_BASE bench_gicr
