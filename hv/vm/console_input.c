/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Typed bytes: to the monitor, or to the VM in view, where they wait until its UART takes them. Owns both input rings, under
 * LOCK_RANK_CONSOLE. Called by the UART's interrupt, and by a VM's UART that has room again.
 */
#include <stddef.h>

#include "cpu/uart.h"
#include "sched/sched.h"
#include "vm/console.h"
#include "vm/console_events.h"
#include "vm/console_state.h"
#include "vm/console_view.h"

#define INPUT_BYTES 1024U
#define CTRL_BRACKET 0x1dU

struct input {
    uint8_t bytes[INPUT_BYTES];
    uint32_t read;
    uint32_t written;
};

static struct input vm_input;
static struct input monitor_input;
static bool delivering; /* one CPU at a time hands bytes to the UART, so that they stay in order */
static bool room;       /* somebody else said so since the UART was last tried */

bool console_input_idle(void)
{
    return !delivering;
}

void console_input_drop(void)
{
    vm_input.read = vm_input.written;
}

/* What comes while the ring is full is dropped. */
static void put(struct input *input, uint8_t byte)
{
    if (input->written - input->read < INPUT_BYTES) {
        input->bytes[input->written++ % INPUT_BYTES] = byte;
    }
}

struct offer {
    struct vm *vm;
    uint32_t position;
    uint8_t byte;
};

/* Somebody is there to take bytes. Locked. */
static bool deliverable(void)
{
    const struct vm *vm = console_state.watched;
    return vm != NULL && console_state.live[vm->index] && vm_input.read != vm_input.written;
}

/* The next byte and whose it is; false: none, and this CPU no longer delivers. */
static bool next_byte(struct offer *offer)
{
    spinlock_lock(&console_state.lock);
    bool some = deliverable();
    *offer = (struct offer){console_state.watched, vm_input.read, vm_input.bytes[vm_input.read % INPUT_BYTES]};
    delivering = some;
    room = false;
    spinlock_unlock(&console_state.lock);
    return some;
}

/* Unless another VM came into view meanwhile, which empties the ring. */
static void consume(const struct offer *offer)
{
    spinlock_lock(&console_state.lock);
    if (vm_input.read == offer->position) {
        vm_input.read++;
    }
    spinlock_unlock(&console_state.lock);
}

/* The UART refused a byte. True: it had room again before this CPU could say that it no longer delivers, so it is to be tried again. */
static bool refused(void)
{
    spinlock_lock(&console_state.lock);
    bool again = room;
    delivering = again;
    spinlock_unlock(&console_state.lock);
    return again;
}

static void deliver(void)
{
    struct offer offer;
    spinlock_lock(&console_state.lock);
    bool mine = !delivering;
    delivering = true;
    room = true;
    spinlock_unlock(&console_state.lock);
    while (mine && next_byte(&offer)) {
        if (vm_uart.receive(offer.vm, offer.byte)) {
            consume(&offer);
        } else if (!refused()) {
            return;
        }
    }
}

void console_vm_input_room(struct vm *vm)
{
    spinlock_lock(&console_state.lock);
    bool some = console_state.watched == vm && vm_input.read != vm_input.written;
    spinlock_unlock(&console_state.lock);
    if (some) {
        deliver();
    }
}

/* True: it is the VM's. Locked. */
static bool take_key(uint8_t byte)
{
    console_state.key_pressed = true;
    if (console_state.view != VIEW_VM) {
        put(&monitor_input, byte);
        return false;
    }
    if (byte == CTRL_BRACKET) {
        console_change_view(console_state.base, NULL);
        return false;
    }
    if (console_state.live[console_state.watched->index]) {
        put(&vm_input, byte);
    }
    return true;
}

void console_input(uint8_t byte)
{
    spinlock_lock(&console_state.lock);
    bool for_vm = take_key(byte);
    spinlock_unlock(&console_state.lock);
    if (for_vm) {
        deliver();
    } else {
        console_wake_monitor();
    }
}

int console_read_key(void)
{
    spinlock_lock(&console_state.lock);
    bool some = monitor_input.read != monitor_input.written;
    int byte = some ? monitor_input.bytes[monitor_input.read++ % INPUT_BYTES] : -1;
    spinlock_unlock(&console_state.lock);
    return byte;
}

bool console_key_pressed(void)
{
    return __atomic_load_n(&console_state.key_pressed, __ATOMIC_RELAXED);
}
