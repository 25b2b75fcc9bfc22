/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The console UART. Owns the mapped registers and the driver that was chosen at start.
 */
#include "cpu/uart.h"

#include "arch/barrier.h"
#include "arch/cpu_wait.h"
#include "arch/phys.h"
#include "arch/spinlock.h"
#include "cpu/irq.h"
#include "lib/log.h"
#include "mem/stage1.h"
#include "platform/console_driver.h"

/* A transmitter that is full for this many looks is taken for dead: at 9,600 baud a byte takes about a millisecond. */
#define SPIN_LIMIT 10000000U

static struct spinlock lock = SPINLOCK_INIT(LOCK_RANK_UART);
static const struct console_driver *driver;
static struct platform_console console;
static volatile void *base;
static void (*input_byte)(uint8_t byte);
static void (*transmit_room)(void);
static bool transmit_interrupt; /* asked for: the transmitter was full */
static bool dead;
static bool listening; /* interrupts work */

enum status uart_init(const struct platform_console *info)
{
    driver = console_driver_find(info->type);
    if (driver == NULL) {
        return STATUS_UNSUPPORTED;
    }
    console = *info;
    base = (volatile void *)phys_to_pointer(info->base);
    driver->init(base, &console);
    return STATUS_OK;
}

static enum irq_done uart_interrupt(uint32_t intid, void *argument)
{
    (void)intid;
    (void)argument;
    driver->acknowledge(base, &console);
    /* A 16550 drops its transmit interrupt when it is asked for its cause: who wants it is looked at after that. */
    barrier_dsb_sy();
    for (;;) {
        spinlock_lock(&lock);
        int byte = driver->receive(base, &console);
        spinlock_unlock(&lock);
        if (byte < 0) {
            break;
        }
        input_byte((uint8_t)byte);
    }
    if (__atomic_load_n(&transmit_interrupt, __ATOMIC_RELAXED)) {
        transmit_room();
    }
    return IRQ_DEACTIVATE;
}

enum status uart_attach(void)
{
    if (driver == NULL) {
        return STATUS_UNSUPPORTED;
    }
    volatile void *mapped = stage1_map_device(pa_make(console.base), PAGE_SIZE);
    if (mapped == NULL) {
        return STATUS_NO_MEMORY;
    }
    base = mapped;
    return STATUS_OK;
}

void uart_listen(void (*input)(uint8_t byte), void (*room)(void))
{
    if (driver == NULL || console.intid == 0U) {
        return;
    }
    input_byte = input;
    transmit_room = room;
    if (irq_register(console.intid, uart_interrupt, NULL) != STATUS_OK) {
        log_warning("uart", "interrupt %u is taken already: no input from the console", console.intid);
        return;
    }
    irq_enable(console.intid, false);
    spinlock_lock(&lock);
    driver->enable_interrupts(base, &console, true, false);
    spinlock_unlock(&lock);
    listening = true;
}

static void send_all(const char *text, size_t size)
{
    unsigned spins = 0;
    while (size != 0U && !dead) {
        size_t sent = driver->send(base, &console, (const uint8_t *)text, size);
        text += sent;
        size -= sent;
        spins = sent == 0U ? spins + 1U : 0U;
        dead = spins == SPIN_LIMIT;
        if (sent == 0U) {
            cpu_wait_yield();
        }
    }
}

static __attribute__((noinline)) void want_room(bool wanted)
{
    __atomic_store_n(&transmit_interrupt, wanted, __ATOMIC_RELAXED);
    barrier_dsb_sy(); /* known before the interrupt can come (DDI 0487, B2.3.12) */
    driver->enable_interrupts(base, &console, true, wanted);
}

/* Apart, so that it costs the other way nothing. */
static __attribute__((noinline)) size_t send_waiting(const uint8_t *bytes, size_t size)
{
    uart_write((const char *)bytes, size);
    return size;
}

size_t uart_send(const uint8_t *bytes, size_t size)
{
    if (!listening) {
        return send_waiting(bytes, size);
    }
    size_t sent = size != 0U ? driver->send(base, &console, bytes, size) : 0U;
    bool full = sent != size;
    if (full != transmit_interrupt) {
        want_room(full);
    }
    return sent;
}

void uart_write(const char *text, size_t size)
{
    if (driver == NULL) {
        return;
    }
    spinlock_lock(&lock);
    send_all(text, size);
    spinlock_unlock(&lock);
}

void uart_write_panic(const char *text, size_t size)
{
    if (driver != NULL) {
        send_all(text, size);
    }
}
