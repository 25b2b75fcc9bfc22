/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PL011 (DDI 0183, chapter 3) and the SBSA generic UART (DEN 0029, appendix B), which is the part of it without line control.
 * Only the PL011's init touches what the other lacks. Called through platform/console_driver.h; owns no state.
 */
#include "platform/console_list.h"

#include "arch/device_access.h"
#include "lib/bits.h"

#define UARTDR 0x000U
#define UARTFR 0x018U
#define UARTLCR_H 0x02cU
#define UARTCR 0x030U
#define UARTIMSC 0x038U
#define UARTICR 0x044U

#define DR_ERRORS 0xf00U /* OE, BE, PE, FE */

#define FR_BUSY BIT(3)
#define FR_RXFE BIT(4)
#define FR_TXFF BIT(5)

#define LCR_H_FEN BIT(4)

#define CR_UARTEN BIT(0)
#define CR_TXE BIT(8)
#define CR_RXE BIT(9)

#define INT_RX BIT(4)
#define INT_TX BIT(5)
#define INT_RT BIT(6)
#define INT_ALL 0x7ffU

/* Polls of a register while characters drain: a full FIFO at 9600 baud is 17 ms. */
#define DRAIN_POLLS 1000000U
/* A line that stays in break gives errors for ever. */
#define RECEIVE_TRIES 64U

static uint32_t read_register(volatile void *base, const struct platform_console *info, uint32_t offset)
{
    volatile uint8_t *address = (volatile uint8_t *)base + offset;

    return info->access_size == 2U ? device_read16(address) : device_read32(address);
}

static void write_register(volatile void *base, const struct platform_console *info, uint32_t offset, uint32_t value)
{
    volatile uint8_t *address = (volatile uint8_t *)base + offset;

    if (info->access_size == 2U) {
        device_write16(address, (uint16_t)value);
    } else {
        device_write32(address, value);
    }
}

static void mask_interrupts(volatile void *base, const struct platform_console *info)
{
    write_register(base, info, UARTIMSC, 0);
    write_register(base, info, UARTICR, INT_ALL);
}

/*
 * DDI 0183, 3.3.8: UARTLCR_H is written only while the UART is disabled and has sent everything. The write also takes the
 * divisors over, which are firmware's.
 */
static void enable_fifo(volatile void *base, const struct platform_console *info)
{
    uint32_t line = read_register(base, info, UARTLCR_H);
    uint32_t control = read_register(base, info, UARTCR);

    for (unsigned i = 0; i < DRAIN_POLLS && (read_register(base, info, UARTFR) & FR_BUSY) != 0U; i++) {
    }
    write_register(base, info, UARTCR, control & (uint32_t)~CR_UARTEN);
    write_register(base, info, UARTLCR_H, line | LCR_H_FEN);
    write_register(base, info, UARTCR, control);
}

static void pl011_init(volatile void *base, const struct platform_console *info)
{
    mask_interrupts(base, info);
    if ((read_register(base, info, UARTLCR_H) & LCR_H_FEN) == 0U) {
        enable_fifo(base, info);
    }
    uint32_t control = read_register(base, info, UARTCR);
    uint32_t wanted = control | CR_UARTEN | CR_TXE | CR_RXE;
    if (control != wanted) {
        write_register(base, info, UARTCR, wanted);
    }
}

/* The width is looked at once: this is where every byte of a guest passes. */
static size_t pl011_send(volatile void *base, const struct platform_console *info, const uint8_t *bytes, size_t size)
{
    const struct platform_console width = {.access_size = info->access_size};
    size_t sent = 0;

    while (sent < size && (read_register(base, &width, UARTFR) & FR_TXFF) == 0U) {
        write_register(base, &width, UARTDR, bytes[sent++]);
    }
    return sent;
}

static int pl011_receive(volatile void *base, const struct platform_console *info)
{
    for (unsigned i = 0; i < RECEIVE_TRIES; i++) {
        if ((read_register(base, info, UARTFR) & FR_RXFE) != 0U) {
            return -1;
        }
        uint32_t data = read_register(base, info, UARTDR);
        if ((data & DR_ERRORS) == 0U) {
            return (int)(data & 0xffU);
        }
    }
    return -1;
}

/* The transmit interrupt comes when the FIFO drains past its mark, so it is switched on while the FIFO is full. */
static void pl011_enable_interrupts(volatile void *base, const struct platform_console *info, bool receive,
                                    bool transmit)
{
    uint64_t mask = (receive ? INT_RX | INT_RT : 0U) | (transmit ? INT_TX : 0U);

    write_register(base, info, UARTIMSC, (uint32_t)mask);
}

static void pl011_acknowledge(volatile void *base, const struct platform_console *info)
{
    write_register(base, info, UARTICR, INT_ALL & (uint32_t) ~(INT_RX | INT_TX | INT_RT));
}

const struct console_driver console_pl011 = {
    .name = "PL011",
    .type = CONSOLE_PL011,
    .init = pl011_init,
    .send = pl011_send,
    .receive = pl011_receive,
    .enable_interrupts = pl011_enable_interrupts,
    .acknowledge = pl011_acknowledge,
};

const struct console_driver console_sbsa_uart = {
    .name = "SBSA UART",
    .type = CONSOLE_SBSA_UART,
    .init = mask_interrupts,
    .send = pl011_send,
    .receive = pl011_receive,
    .enable_interrupts = pl011_enable_interrupts,
    .acknowledge = pl011_acknowledge,
};
