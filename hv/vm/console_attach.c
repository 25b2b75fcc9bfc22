/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The console of the VM that is attached: its UART's output goes to the machine's UART, bytes typed there wait here until its UART takes them.
 * Owns the attachment and the input ring, under LOCK_RANK_CONSOLE.
 */
#include "vm/console.h"

#include <stddef.h>

#include "arch/cpu_wait.h"
#include "arch/spinlock.h"
#include "cpu/uart.h"
#include "vm/console_attach.h"

#define INPUT_BYTES 1024U

static struct spinlock lock = SPINLOCK_INIT(LOCK_RANK_CONSOLE);
static struct vm *attached;
static uint8_t input[INPUT_BYTES];
static uint32_t input_read;
static uint32_t input_written;
static bool delivering; /* one CPU at a time hands bytes to the UART, so that they stay in order */

void console_attach(struct vm *vm)
{
    spinlock_lock(&lock);
    attached = vm;
    input_read = input_written;
    spinlock_unlock(&lock);
}

void console_detach(struct vm *vm)
{
    bool busy = true;
    while (busy) {
        spinlock_lock(&lock);
        if (attached == vm) {
            attached = NULL;
        }
        busy = delivering;
        spinlock_unlock(&lock);
        cpu_wait_yield();
    }
}

void console_vm_output(struct vm *vm, const uint8_t *bytes, unsigned count)
{
    spinlock_lock(&lock);
    if (attached == vm) {
        uart_write((const char *)bytes, count);
    }
    spinlock_unlock(&lock);
}

/* The next byte and whose it is; false: none, and this CPU no longer delivers. */
static bool next_byte(struct vm **vm, uint8_t *byte)
{
    spinlock_lock(&lock);
    bool some = attached != NULL && input_read != input_written;
    *vm = attached;
    *byte = input[input_read % INPUT_BYTES];
    delivering = some;
    spinlock_unlock(&lock);
    return some;
}

static void consume(void)
{
    spinlock_lock(&lock);
    input_read++;
    spinlock_unlock(&lock);
}

static void deliver(void)
{
    struct vm *vm;
    uint8_t byte;
    spinlock_lock(&lock);
    bool mine = !delivering;
    delivering = true;
    spinlock_unlock(&lock);
    while (mine && next_byte(&vm, &byte)) {
        if (!vm_uart.receive(vm, byte)) {
            spinlock_lock(&lock);
            delivering = false;
            spinlock_unlock(&lock);
            return;
        }
        consume();
    }
}

void console_input(uint8_t byte)
{
    spinlock_lock(&lock);
    if (attached != NULL && input_written - input_read < INPUT_BYTES) {
        input[input_written++ % INPUT_BYTES] = byte;
    }
    spinlock_unlock(&lock);
    deliver();
}

void console_vm_input_room(struct vm *vm)
{
    spinlock_lock(&lock);
    bool some = attached == vm && input_read != input_written;
    spinlock_unlock(&lock);
    if (some) {
        deliver();
    }
}
