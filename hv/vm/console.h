/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a VM's UART and the console meet: bytes go out through console_vm_output, and come in through vm_uart. vm/ stands left of
 * dev/, so it reaches the UART through a const struct that dev/ defines (declared left, defined right).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct vm;

/* Takes count bytes that the VM's UART sent. Never blocks; takes LOCK_RANK_CONSOLE, so locks up to that rank may be held. */
void console_vm_output(struct vm *vm, const uint8_t *bytes, unsigned count);

/*
 * The VM's UART, which refused a byte, has room again: vm_uart.receive may be called now, or later. Called without a lock
 * held, by a vCPU of the VM (it read the UART) or by the keeper (it reset it).
 */
void console_vm_input_room(struct vm *vm);

struct vm_uart_ops {
    /*
     * Gives the UART one byte of input. false: it can't take it now; keep it until console_vm_input_room. Any context; takes
     * LOCK_RANK_DEVICE and may inject an interrupt, so no lock of a VM's devices or above may be held.
     */
    bool (*receive)(struct vm *vm, uint8_t byte);
};

/* dev/pl011.c */
extern const struct vm_uart_ops vm_uart;
