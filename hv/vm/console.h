/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a VM's UART and the console meet: bytes go out through console_vm_output, and come in through vm_uart. vm/ stands left of
 * dev/, so it reaches the UART through a const struct that dev/ defines (declared left, defined right).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct vm;

/*
 * Takes a byte that the VM's UART sent. False: the VM is in view and the machine's UART is slower: the VM's should say that its transmitter is full
 * until vm_uart.transmit_room (a byte sent nevertheless is kept like any other). Never blocks; takes LOCK_RANK_CONSOLE, so locks up to that rank may be
 * held. One caller at a time per VM: the UART's lock.
 */
bool console_vm_output(struct vm *vm, uint8_t byte);

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
    /* After console_vm_output said false: there is room again. The same context. */
    void (*transmit_room)(struct vm *vm);
};

/* dev/pl011.c */
extern const struct vm_uart_ops vm_uart;
