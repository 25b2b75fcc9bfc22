/* SPDX-License-Identifier: Apache-2.0 */
/*
 * 16550 and what is compatible with it, DesignWare's dw-apb-uart included (PC16550D data sheet, chapter 8). Called through
 * platform/console_driver.h; owns no state.
 */
#include "platform/console_list.h"

#include "arch/device_access.h"
#include "lib/bits.h"

#define RBR 0U /* read */
#define THR 0U /* write */
#define IER 1U
#define IIR 2U /* read */
#define FCR 2U /* write */
#define LCR 3U
#define MCR 4U
#define LSR 5U
#define MSR 6U
#define USR 31U /* dw-apb-uart only */

#define IER_RECEIVE BIT(0)
#define IER_TRANSMIT BIT(1)
#define IIR_ID 0x0fU
#define IIR_BUSY_DETECT 0x07U /* dw-apb-uart: LCR was written while busy; reading USR clears it */
#define FCR_ENABLE 0x01U
#define LCR_DLAB BIT(7)
#define MCR_OUT2 BIT(3) /* lets the interrupt out of the chip on many boards */
#define LSR_DATA BIT(0)
#define LSR_ERRORS 0x1eU /* overrun, parity, framing, break */
#define LSR_THRE BIT(5)

/* A line that stays in break, or a chip that is not there, gives errors for ever. */
#define RECEIVE_TRIES 64U

static uint32_t read_register(volatile void *base, const struct platform_console *info, uint32_t number)
{
    volatile uint8_t *address = (volatile uint8_t *)base + ((uint64_t)number << info->reg_shift);

    switch (info->access_size) {
    case 4:
        return device_read32(address) & 0xffU;
    case 2:
        return device_read16(address) & 0xffU;
    default:
        return device_read8(address);
    }
}

static void write_register(volatile void *base, const struct platform_console *info, uint32_t number, uint32_t value)
{
    volatile uint8_t *address = (volatile uint8_t *)base + ((uint64_t)number << info->reg_shift);

    switch (info->access_size) {
    case 4:
        device_write32(address, value);
        break;
    case 2:
        device_write16(address, (uint16_t)value);
        break;
    default:
        device_write8(address, (uint8_t)value);
        break;
    }
}

static void ns16550_acknowledge(volatile void *base, const struct platform_console *info)
{
    if ((read_register(base, info, IIR) & IIR_ID) == IIR_BUSY_DETECT) {
        (void)read_register(base, info, USR);
    }
    (void)read_register(base, info, LSR);
    (void)read_register(base, info, MSR);
}

/* With DLAB set, registers 0 and 1 are the divisor: it is cleared before either is written. */
static void ns16550_init(volatile void *base, const struct platform_console *info)
{
    uint32_t line = read_register(base, info, LCR);

    if ((line & LCR_DLAB) != 0U) {
        write_register(base, info, LCR, line & (uint32_t)~LCR_DLAB);
    }
    write_register(base, info, IER, 0);
    write_register(base, info, FCR, FCR_ENABLE);
    write_register(base, info, MCR, read_register(base, info, MCR) | MCR_OUT2);
    ns16550_acknowledge(base, info);
}

/* One for each look: how deep a transmit FIFO is, if there is one, is not to be found out. */
static size_t ns16550_send(volatile void *base, const struct platform_console *info, const uint8_t *bytes, size_t size)
{
    size_t sent = 0;

    while (sent < size && (read_register(base, info, LSR) & LSR_THRE) != 0U) {
        write_register(base, info, THR, bytes[sent++]);
    }
    return sent;
}

static int ns16550_receive(volatile void *base, const struct platform_console *info)
{
    for (unsigned i = 0; i < RECEIVE_TRIES; i++) {
        uint32_t status = read_register(base, info, LSR);
        if ((status & LSR_DATA) == 0U) {
            return -1;
        }
        uint32_t data = read_register(base, info, RBR);
        if ((status & LSR_ERRORS) == 0U) {
            return (int)data;
        }
    }
    return -1;
}

/* IER bit 0 is also the receive time-out. */
static void ns16550_enable_interrupts(volatile void *base, const struct platform_console *info, bool receive,
                                      bool transmit)
{
    uint64_t enable = (receive ? IER_RECEIVE : 0U) | (transmit ? IER_TRANSMIT : 0U);

    write_register(base, info, IER, (uint32_t)enable);
}

const struct console_driver console_ns16550 = {
    .name = "16550",
    .type = CONSOLE_NS16550,
    .init = ns16550_init,
    .send = ns16550_send,
    .receive = ns16550_receive,
    .enable_interrupts = ns16550_enable_interrupts,
    .acknowledge = ns16550_acknowledge,
};
