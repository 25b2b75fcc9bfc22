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
static bool room;       /* somebody else said so since the UART was last tried */

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

struct offer {
    struct vm *vm;
    uint32_t position;
    uint8_t byte;
};

/* The next byte and whose it is; false: none, and this CPU no longer delivers. */
static bool next_byte(struct offer *offer)
{
    spinlock_lock(&lock);
    bool some = attached != NULL && input_read != input_written;
    *offer = (struct offer){attached, input_read, input[input_read % INPUT_BYTES]};
    delivering = some;
    room = false;
    spinlock_unlock(&lock);
    return some;
}

/* Unless another VM was attached meanwhile, which empties the ring. */
static void consume(const struct offer *offer)
{
    spinlock_lock(&lock);
    if (input_read == offer->position) {
        input_read++;
    }
    spinlock_unlock(&lock);
}

/* The UART refused a byte. True: it had room again before this CPU could say that it no longer delivers, so it is to be tried again. */
static bool refused(void)
{
    spinlock_lock(&lock);
    bool again = room;
    delivering = again;
    spinlock_unlock(&lock);
    return again;
}

static void deliver(void)
{
    struct offer offer;
    spinlock_lock(&lock);
    bool mine = !delivering;
    delivering = true;
    room = true;
    spinlock_unlock(&lock);
    while (mine && next_byte(&offer)) {
        if (vm_uart.receive(offer.vm, offer.byte)) {
            consume(&offer);
        } else if (!refused()) {
            return;
        }
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
