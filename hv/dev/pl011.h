/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The VM's UART, a PL011 at 0x0900_0000 with SPI INTID 33. The console reaches it through vm_uart (vm/console.h).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct device_class;
struct vm;

#define PL011_BASE 0x09000000ULL
#define PL011_SIZE 0x1000ULL
#define PL011_INTID 33U
#define PL011_CLOCK 24000000U /* Hz: UARTCLK, the guest's apb-pclk */
#define PL011_NODE "pl011@9000000"

extern const struct device_class pl011_class;

/* One byte from the console; false when the receiver is full or off (vm/console.h, struct vm_uart_ops). */
bool pl011_receive(struct vm *vm, uint8_t byte);
