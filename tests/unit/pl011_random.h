/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random sequences for the UART: register accesses, console input and time beside a model. Steps are drawn from a generator (test_pl011.c)
 * or from the bytes of a fuzzer (fuzz_pl011.c). As dev_fakes.h: included by one file of a program.
 */
#pragma once

#include "dev/pl011.h"
#include "dev/pl011_state.h"
#include "dev_fakes.h"
#include "seeded.h"
#include "vm/console.h"

static uint8_t sent[4096];
static unsigned sent_count;
static unsigned room_signals;
static bool transmit_room = true;

bool console_vm_output(struct vm *vm, uint8_t byte)
{
    assert_ptr_equal(vm, &fake_vm);
    sent[sent_count++ % sizeof(sent)] = byte;
    return transmit_room;
}

void console_vm_input_room(struct vm *vm)
{
    assert_ptr_equal(vm, &fake_vm);
    assert_true(spinlock_none_held());
    room_signals++;
}

/*
 * All characters ever received stay in a list; read_index says how many were read. Levels, flags and interrupts are derived.
 */
struct model {
    unsigned received, read_index;
    uint64_t last_arrival;
    bool timeout_due; /* a character came, and the time-out since then has not been looked at */
    uint32_t lcr_h, cr, ifls, imsc, ris, oe_live, rsr_oe, rsr_low, ibrd, fbrd;
    bool full; /* the transmitter */
};

static struct model m;
static uint16_t model_list[65536];

static void model_reset(void)
{
    m = (struct model){.cr = 0x300, .ifls = 0x12};
    transmit_room = true;
}

static unsigned model_level(void)
{
    return m.received - m.read_index;
}

static unsigned model_depth(void)
{
    return (m.lcr_h & 0x10U) != 0U ? 32U : 1U;
}

static unsigned model_trigger(void)
{
    static const double shares[8] = {0.125, 0.25, 0.5, 0.75, 0.875, 0.875, 0.875, 0.875};
    return (m.lcr_h & 0x10U) != 0U ? (unsigned)(32 * shares[m.ifls >> 3]) : 1U;
}

static uint64_t model_timeout(void)
{
    double clocks = 16.0 * (m.ibrd + m.fbrd / 64.0);
    double seconds = m.ibrd == 0U ? 32.0 / 115200.0 : 32.0 * clocks / 24000000.0;
    return (uint64_t)(seconds * (double)FAKE_FREQUENCY);
}

static uint64_t model_due;

static void model_arrive(uint16_t character)
{
    if (model_level() < model_depth()) {
        model_list[m.received++] = character;
        m.oe_live = 0;
        m.ris |= (character & 0x400U) != 0U ? 0x200U : 0U;
        m.ris |= model_level() >= model_trigger() ? 0x10U : 0U;
    } else {
        m.oe_live = 0x800;
        m.rsr_oe = 8;
        m.ris |= 0x400;
    }
    m.timeout_due = true;
    model_due = fake_count + model_timeout();
}

static uint32_t model_modem(void)
{
    uint32_t outputs = m.cr >> 10; /* DTR, RTS, Out1, Out2 */
    if ((m.cr & 0x80U) == 0U) {
        return 7U;
    }
    return (outputs & 2U) >> 1 | (outputs & 1U) << 1 | (outputs & 4U) | (outputs & 8U) << 5;
}

static void model_control(uint32_t value)
{
    uint32_t before = model_modem();
    uint32_t changed;

    m.cr = value & 0xFF87U;
    changed = before ^ model_modem();
    /* UARTRIS: RI 0, CTS 1, DCD 2, DSR 3 */
    m.ris |= (changed >> 8) | (changed & 1U) << 1 | (changed & 4U) | (changed & 2U) << 2;
}

static uint32_t model_flags(void)
{
    uint32_t level = model_level();
    return (m.full ? 0x20U : 0x80U) | model_modem() | (level == 0U ? 0x10U : 0U) |
           (level >= model_depth() ? 0x40U : 0U);
}

static void model_read(void)
{
    uint32_t expected;

    if (model_level() == 0U) {
        assert_int_equal(fake_read(PL011_DR) & 0xF00U, 0);
        return;
    }
    expected = model_list[m.read_index++];
    m.rsr_low = (expected >> 8) & 7U;
    assert_int_equal(fake_read(PL011_DR), expected | m.oe_live);
    m.ris &= model_level() < model_trigger() ? ~0x10U : ~0U;
    m.ris &= model_level() == 0U ? ~0x40U : ~0U;
}

static void model_write_data(uint8_t byte)
{
    unsigned before = sent_count;

    fake_write(PL011_DR, byte);
    if ((m.cr & 0x80U) == 0U) {
        assert_int_equal(sent_count, before + 1U);
        assert_int_equal(sent[before % sizeof(sent)], byte);
        m.full = !transmit_room;
    } else {
        assert_int_equal(sent_count, before);
        if ((m.cr & 0x200U) != 0U) {
            model_arrive(byte);
        } else {
            m.timeout_due = true;
            model_due = fake_count + model_timeout();
        }
    }
    m.ris = m.full ? m.ris & ~0x20U : m.ris | 0x20U;
}

static void model_line_control(uint32_t value)
{
    bool breaks = (value & 1U) != 0U && (m.lcr_h & 1U) == 0U && (m.cr & 0x80U) != 0U;

    fake_write(PL011_LCR_H, value);
    m.lcr_h = value;
    if (breaks && (m.cr & 0x200U) != 0U) {
        model_arrive(0x400);
    } else if (breaks) {
        m.timeout_due = true;
        model_due = fake_count + model_timeout();
    }
}

static void model_input(uint8_t byte)
{
    bool takes = (m.cr & 0x200U) != 0U && model_level() < model_depth();

    assert_int_equal(vm_uart.receive(&fake_vm, byte), takes);
    if (takes) {
        model_arrive(byte);
    }
}

/* The machine's UART falls behind, or has room again. */
static void model_room(bool room)
{
    transmit_room = room;
    if (room) {
        vm_uart.transmit_room(&fake_vm);
        m.full = false;
        m.ris |= 0x20U;
    }
}

static void model_time(uint64_t counts)
{
    fake_advance(counts);
    if (m.timeout_due && fake_count > model_due + 2U) {
        m.timeout_due = false;
        m.ris |= model_level() > 0U ? 0x40U : 0U;
    }
}

static void random_setup(struct seeded *seeded)
{
    uint32_t value = (uint32_t)seeded_below(seeded, 0x10000);

    switch (seeded_below(seeded, 6)) {
    case 0:
        model_line_control(value & 0x11U);
        break;
    case 1:
        value = 0x301U | (value & (seeded_below(seeded, 2) == 0U ? 0x3C80U : 0x3C00U));
        value = seeded_below(seeded, 8) == 0U ? value & ~0x200U : value;
        fake_write(PL011_CR, value);
        model_control(value);
        break;
    case 2:
        m.ifls = value & 0x3FU;
        fake_write(PL011_IFLS, value);
        break;
    case 3:
        m.imsc = value & 0x7FFU;
        fake_write(PL011_IMSC, value);
        break;
    case 4:
        m.ibrd = (value >> 8) & 0x3FU;
        m.fbrd = value & 0x3FU;
        fake_write(PL011_IBRD, m.ibrd);
        fake_write(PL011_FBRD, m.fbrd);
        break;
    default:
        fake_write(PL011_RSR, value);
        m.rsr_oe = 0;
        m.rsr_low = 0;
        break;
    }
}

static void random_step(struct seeded *seeded)
{
    uint32_t value = (uint32_t)seeded_below(seeded, 0x10000);

    switch (seeded_below(seeded, 9)) {
    case 0:
        random_setup(seeded);
        break;
    case 1:
    case 2:
        for (uint64_t i = seeded_below(seeded, 20); i > 0U; i--) {
            model_input((uint8_t)(value + i));
        }
        break;
    case 3:
    case 4:
        for (uint64_t i = seeded_below(seeded, 20); i > 0U; i--) {
            model_read();
        }
        break;
    case 5:
        model_write_data((uint8_t)value);
        break;
    case 6:
        fake_write(PL011_ICR, value);
        m.ris &= ~value;
        break;
    case 7:
        model_room(seeded_below(seeded, 2) != 0U);
        break;
    default:
        /* Well before or well after the time-out: its rounding is not the model's business. */
        model_time(seeded_below(seeded, 2) == 0U ? 1U : 4U * model_timeout() + FAKE_MS);
        break;
    }
}

static void random_compare(void)
{
    if (m.received > 65000U) {
        memmove(model_list, &model_list[m.read_index], sizeof(model_list[0]) * model_level());
        m.received -= m.read_index;
        m.read_index = 0;
    }
    assert_int_equal(fake_read(PL011_FR), model_flags());
    assert_int_equal(fake_read(PL011_RIS), m.ris);
    assert_int_equal(fake_read(PL011_MIS), m.ris & m.imsc);
    assert_int_equal(fake_read(PL011_RSR), m.rsr_oe | m.rsr_low);
    assert_int_equal(fake_spi[PL011_INTID], (m.ris & m.imsc) != 0U);
}
