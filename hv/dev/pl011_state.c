/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The PL011's registers, receive FIFO and interrupts (DDI 0183). Pure: called by dev/pl011.c under its lock.
 * pl011_state.h says where it differs from a UART on a real wire.
 */
#include "dev/pl011_state.h"

#include "dev/primecell.h"
#include "lib/bits.h"
#include "lib/string.h"

#define INT_MASK 0x7FFU
#define DR_ERRORS (PL011_DR_FE | PL011_DR_PE | PL011_DR_BE)
#define MODEM_MASK (PL011_FR_CTS | PL011_FR_DSR | PL011_FR_DCD | PL011_FR_RI)

/* UARTCR without its reserved bits 6:3. */
#define CR_MASK 0xFF87U
#define CR_RESET 0x0300U

#define REVISION_R1P5 0x34U /* UARTPeriphID2 */
#define DEFAULT_BIT_RATE 115200U

static uint32_t fifo_depth(const struct pl011_state *state)
{
    return (state->lcr_h & PL011_LCR_H_FEN) != 0U ? PL011_FIFO_DEPTH : 1U;
}

/* UARTIFLS.RXIFLSEL: 1/8, 1/4, 1/2, 3/4, 7/8 of the depth; the reserved values act as the last. One without FIFO. */
static uint32_t receive_trigger(const struct pl011_state *state)
{
    static const uint8_t eighths[8] = {1, 2, 4, 6, 7, 7, 7, 7};

    if ((state->lcr_h & PL011_LCR_H_FEN) == 0U) {
        return 1U;
    }
    return eighths[bits_get(state->ifls, 5, 3)] * PL011_FIFO_DEPTH / 8U;
}

/* Modem inputs as UARTFR shows them. In loopback they are UARTCR's outputs (UARTCR.LBE). */
static uint32_t modem_inputs(const struct pl011_state *state)
{
    uint32_t inputs = 0;

    if ((state->cr & PL011_CR_LBE) == 0U) {
        return PL011_FR_CTS | PL011_FR_DSR | PL011_FR_DCD;
    }
    inputs |= (state->cr & PL011_CR_RTS) != 0U ? PL011_FR_CTS : 0U;
    inputs |= (state->cr & PL011_CR_DTR) != 0U ? PL011_FR_DSR : 0U;
    inputs |= (state->cr & PL011_CR_OUT1) != 0U ? PL011_FR_DCD : 0U;
    inputs |= (state->cr & PL011_CR_OUT2) != 0U ? PL011_FR_RI : 0U;
    return inputs;
}

/* Also read by pl011.c without the lock: one store. */
static void flags_update(struct pl011_state *state)
{
    uint32_t fr = (state->transmit_full ? PL011_FR_TXFF : PL011_FR_TXFE) | modem_inputs(state);

    fr |= state->count == 0U ? PL011_FR_RXFE : 0U;
    fr |= state->count >= fifo_depth(state) ? PL011_FR_RXFF : 0U;
    __atomic_store_n(&state->fr, fr, __ATOMIC_RELAXED);
}

/* A modem input that changed sets its interrupt (UARTRIS[3:0]). */
static void modem_update(struct pl011_state *state, uint32_t before)
{
    uint32_t changed = (before ^ modem_inputs(state)) & MODEM_MASK;

    state->ris |= (changed & PL011_FR_RI) != 0U ? PL011_INT_RI : 0U;
    state->ris |= (changed & PL011_FR_CTS) != 0U ? PL011_INT_CTS : 0U;
    state->ris |= (changed & PL011_FR_DCD) != 0U ? PL011_INT_DCD : 0U;
    state->ris |= (changed & PL011_FR_DSR) != 0U ? PL011_INT_DSR : 0U;
}

void pl011_state_reset(struct pl011_state *state)
{
    memset(state, 0, sizeof(*state));
    state->cr = CR_RESET;
    state->ifls = 0x12U;
    flags_update(state);
}

void pl011_state_transmit_full(struct pl011_state *state, bool full)
{
    state->transmit_full = full;
    state->ris = full ? state->ris & ~PL011_INT_TX : state->ris | PL011_INT_TX;
    flags_update(state);
}

bool pl011_state_can_receive(const struct pl011_state *state)
{
    return (state->cr & PL011_CR_RXE) != 0U && state->count < fifo_depth(state);
}

static void note_errors(struct pl011_state *state, uint16_t character)
{
    state->ris |= (character & PL011_DR_FE) != 0U ? PL011_INT_FE : 0U;
    state->ris |= (character & PL011_DR_PE) != 0U ? PL011_INT_PE : 0U;
    state->ris |= (character & PL011_DR_BE) != 0U ? PL011_INT_BE : 0U;
}

/*
 * Overrun: the FIFO keeps what it has, the new character is lost, and UARTDR.OE stays set until one is stored again (UARTDR).
 */
void pl011_state_receive(struct pl011_state *state, uint16_t character)
{
    if ((state->cr & PL011_CR_RXE) == 0U) {
        return;
    }
    if (state->count >= fifo_depth(state)) {
        state->overrun = PL011_DR_OE;
        state->rsr |= PL011_DR_OE >> 8;
        state->ris |= PL011_INT_OE;
        return;
    }
    state->fifo[(state->head + state->count) % PL011_FIFO_DEPTH] = character & (0xFFU | DR_ERRORS);
    state->count++;
    state->overrun = 0;
    note_errors(state, character);
    if (state->count >= receive_trigger(state)) {
        state->ris |= PL011_INT_RX;
    }
    flags_update(state);
}

void pl011_state_timeout(struct pl011_state *state)
{
    if (state->count != 0U) {
        state->ris |= PL011_INT_RT;
    }
}

/* An empty FIFO gives its last entry again, as the hardware's read pointer does; its error bits stay out. */
static uint32_t data_read(struct pl011_state *state, struct pl011_effect *effect)
{
    uint32_t character = state->fifo[state->head] | state->overrun;

    if (state->count == 0U) {
        return character & 0xFFU;
    }
    /* UARTRSR[2:0] is about the character that UARTDR gave last; its OE is cleared by UARTECR only. */
    state->rsr = (state->rsr & (PL011_DR_OE >> 8)) | (character & DR_ERRORS) >> 8;
    effect->room = state->count >= fifo_depth(state);
    state->head = (state->head + 1U) % PL011_FIFO_DEPTH;
    state->count--;
    if (state->count < receive_trigger(state)) {
        state->ris &= ~PL011_INT_RX;
    }
    if (state->count == 0U) {
        state->ris &= ~PL011_INT_RT;
    }
    flags_update(state);
    return character;
}

static void data_write(struct pl011_state *state, uint8_t byte, struct pl011_effect *effect)
{
    if ((state->cr & PL011_CR_LBE) != 0U) {
        pl011_state_receive(state, byte);
        effect->arrived = true;
    } else {
        effect->send = true;
        effect->byte = byte;
    }
    if (!state->transmit_full) {
        state->ris |= PL011_INT_TX;
    }
}

/*
 * Switching the FIFO on keeps the character that the holding register has; switching it off keeps what is waiting, which then counts as
 * full. A break in loopback arrives as one zero with BE.
 */
static void line_control_write(struct pl011_state *state, uint32_t value, struct pl011_effect *effect)
{
    bool break_starts = (value & ~state->lcr_h & PL011_LCR_H_BRK) != 0U;

    state->lcr_h = value & 0xFFU;
    effect->room = true;
    if (break_starts && (state->cr & PL011_CR_LBE) != 0U) {
        pl011_state_receive(state, PL011_DR_BE);
        effect->arrived = true;
    }
    flags_update(state);
}

static void control_write(struct pl011_state *state, uint32_t value, struct pl011_effect *effect)
{
    uint32_t before = modem_inputs(state);

    state->cr = value & CR_MASK;
    effect->room = true;
    modem_update(state, before);
    flags_update(state);
}

uint32_t pl011_state_read(struct pl011_state *state, uint32_t offset, struct pl011_effect *effect)
{
    switch (offset) {
    case PL011_DR:
        return data_read(state, effect);
    case PL011_RSR:
        return state->rsr;
    case PL011_FR:
        return state->fr;
    case PL011_ILPR:
        return state->ilpr;
    case PL011_IBRD:
        return state->ibrd;
    case PL011_FBRD:
        return state->fbrd;
    case PL011_LCR_H:
        return state->lcr_h;
    case PL011_CR:
        return state->cr;
    case PL011_IFLS:
        return state->ifls;
    case PL011_IMSC:
        return state->imsc;
    case PL011_RIS:
        return state->ris;
    case PL011_MIS:
        return state->ris & state->imsc;
    case PL011_DMACR:
        return state->dmacr;
    default:
        return primecell_id(offset, 0x11, REVISION_R1P5);
    }
}

void pl011_state_write(struct pl011_state *state, uint32_t offset, uint32_t value, struct pl011_effect *effect)
{
    switch (offset) {
    case PL011_DR:
        data_write(state, (uint8_t)value, effect);
        break;
    case PL011_RSR:
        /* UARTECR: any value clears all four errors. */
        state->rsr = 0;
        break;
    case PL011_ILPR:
        state->ilpr = value & 0xFFU;
        break;
    case PL011_IBRD:
        state->ibrd = value & 0xFFFFU;
        break;
    case PL011_FBRD:
        state->fbrd = value & 0x3FU;
        break;
    case PL011_LCR_H:
        line_control_write(state, value, effect);
        break;
    case PL011_CR:
        control_write(state, value, effect);
        break;
    case PL011_IFLS:
        state->ifls = value & 0x3FU;
        break;
    case PL011_IMSC:
        state->imsc = value & INT_MASK;
        break;
    case PL011_ICR:
        state->ris &= ~value;
        break;
    case PL011_DMACR:
        state->dmacr = value & 0x7U;
        break;
    default:
        break;
    }
}

/* A bit lasts 16 * (IBRD + FBRD / 64) clocks (UARTFBRD). */
uint64_t pl011_state_timeout_ns(const struct pl011_state *state, uint32_t clock)
{
    uint64_t divisor = state->ibrd * 64ULL + state->fbrd;

    if (state->ibrd == 0U) {
        return 32ULL * 1000000000ULL / DEFAULT_BIT_RATE;
    }
    return 32ULL * 16ULL * divisor * 1000000000ULL / (64ULL * clock);
}
