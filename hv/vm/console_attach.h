/* SPDX-License-Identifier: Apache-2.0 */
/* Who has the console: for vm/keeper.c and main.c. */
#pragma once

#include <stdint.h>

struct vm;

/* From now on this VM's UART is the machine's. Input typed before is dropped. */
void console_attach(struct vm *vm);
/* After it returns no byte goes to or comes from the VM any more. Thread context. */
void console_detach(struct vm *vm);
/* A byte from the machine's UART: interrupt context. */
void console_input(uint8_t byte);
