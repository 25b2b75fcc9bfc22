/* SPDX-License-Identifier: Apache-2.0 */
/* What the machine's UART tells the console: for main.c's uart_listen. Interrupt context, no lock held. */
#pragma once

#include <stdint.h>

void console_input(uint8_t byte);
void console_room(void);
