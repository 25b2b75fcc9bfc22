/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The PrimeCell UART (PL011) revision r1p5 as a pure state machine (DDI 0183): no lock, no clock, no other part of the hypervisor.
 * dev/pl011.c drives it; the tests run it beside a second model.
 *
 * It differs from a UART at the end of a real wire, on purpose:
 * - a byte written to UARTDR has left at once: the transmit FIFO is empty, and every write moves its level down through the
 *   trigger level, so it sets the transmit interrupt; or it is full, while the machine's UART is slower than the guest (TXFF, no
 *   transmit interrupt). A byte written to a full one is not lost;
 * - transmission needs neither UARTEN nor TXE, and reception not UARTEN, because guests for this board write without any set-up;
 * - word length, parity and stop bits have no meaning; the bit rate only sets the receive time-out;
 * - the modem inputs CTS, DSR and DCD are always asserted, outside of loopback;
 * - DMA requests go nowhere (UARTDMACR keeps its value); the integration test registers are reserved.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define PL011_FIFO_DEPTH 32U

/* Register offsets (DDI 0183, summary of registers). */
#define PL011_DR 0x000U
#define PL011_RSR 0x004U
#define PL011_FR 0x018U
#define PL011_ILPR 0x020U
#define PL011_IBRD 0x024U
#define PL011_FBRD 0x028U
#define PL011_LCR_H 0x02CU
#define PL011_CR 0x030U
#define PL011_IFLS 0x034U
#define PL011_IMSC 0x038U
#define PL011_RIS 0x03CU
#define PL011_MIS 0x040U
#define PL011_ICR 0x044U
#define PL011_DMACR 0x048U

/* UARTDR[11:8] */
#define PL011_DR_FE 0x100U
#define PL011_DR_PE 0x200U
#define PL011_DR_BE 0x400U
#define PL011_DR_OE 0x800U

/* UARTFR */
#define PL011_FR_CTS 0x001U
#define PL011_FR_DSR 0x002U
#define PL011_FR_DCD 0x004U
#define PL011_FR_RXFE 0x010U
#define PL011_FR_RXFF 0x040U
#define PL011_FR_TXFF 0x020U
#define PL011_FR_TXFE 0x080U
#define PL011_FR_RI 0x100U

#define PL011_LCR_H_BRK 0x01U
#define PL011_LCR_H_FEN 0x10U

/* UARTCR */
#define PL011_CR_LBE 0x0080U
#define PL011_CR_RXE 0x0200U
#define PL011_CR_DTR 0x0400U
#define PL011_CR_RTS 0x0800U
#define PL011_CR_OUT1 0x1000U
#define PL011_CR_OUT2 0x2000U

/* UARTIMSC, RIS, MIS, ICR */
#define PL011_INT_RI 0x001U
#define PL011_INT_CTS 0x002U
#define PL011_INT_DCD 0x004U
#define PL011_INT_DSR 0x008U
#define PL011_INT_RX 0x010U
#define PL011_INT_TX 0x020U
#define PL011_INT_RT 0x040U
#define PL011_INT_FE 0x080U
#define PL011_INT_PE 0x100U
#define PL011_INT_BE 0x200U
#define PL011_INT_OE 0x400U

struct pl011_state {
    uint32_t fr; /* what UARTFR reads: kept up to date, so that reading it is one load */
    uint32_t rsr;
    uint32_t ilpr;
    uint32_t ibrd;
    uint32_t fbrd;
    uint32_t lcr_h;
    uint32_t cr;
    uint32_t ifls;
    uint32_t imsc;
    uint32_t ris;
    uint32_t dmacr;
    uint32_t overrun; /* UARTDR.OE: characters were lost since the last one that was stored */
    uint32_t head;    /* index of the oldest entry of fifo */
    uint32_t count;
    bool transmit_full;
    uint16_t fifo[PL011_FIFO_DEPTH]; /* UARTDR[10:0] */
};

/* What an access to a register asks of the world outside. */
struct pl011_effect {
    bool send; /* byte left the transmitter */
    uint8_t byte;
    bool room;    /* a character was taken from a receiver that was full */
    bool arrived; /* characters came in by loopback: the receive time-out starts anew */
};

void pl011_state_reset(struct pl011_state *state);
/* offset: a multiple of 4 below 0x1000. Reserved ones read 0 and ignore writes. */
uint32_t pl011_state_read(struct pl011_state *state, uint32_t offset, struct pl011_effect *effect);
void pl011_state_write(struct pl011_state *state, uint32_t offset, uint32_t value, struct pl011_effect *effect);
/*
 * A byte written to UARTDR that is not looped back, the short way: true when it left the transmitter, false when pl011_state_write is to be
 * called. The FIFO is never seen to fill up unless the console says so, hence the interrupt at once.
 */
static inline bool pl011_state_transmit(struct pl011_state *state)
{
    if ((state->cr & PL011_CR_LBE) != 0U) {
        return false;
    }
    state->ris |= state->transmit_full ? 0U : PL011_INT_TX;
    return true;
}
/* Whoever takes the bytes sent can't keep up, or can again: then the transmit FIFO has drained, which sets its interrupt. */
void pl011_state_transmit_full(struct pl011_state *state, bool full);
/* True when a character from the line would be stored: RXE is set, and there is room. */
bool pl011_state_can_receive(const struct pl011_state *state);
/* One character from the line with its error bits PL011_DR_FE, _PE, _BE. Without room it is lost and an overrun noted. */
void pl011_state_receive(struct pl011_state *state, uint16_t character);
/* 32 bit periods have passed since the last character arrived. */
void pl011_state_timeout(struct pl011_state *state);
/* The combined interrupt output UARTINTR. */
static inline bool pl011_state_interrupt(const struct pl011_state *state)
{
    return (state->ris & state->imsc) != 0U;
}
/* 32 bit periods at the programmed rate and a UARTCLK of clock Hz, in nanoseconds; at 115,200 while no rate is set. */
uint64_t pl011_state_timeout_ns(const struct pl011_state *state, uint32_t clock);
