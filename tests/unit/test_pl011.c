/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The UART: DDI 0183's rules one by one, then random sequences of register accesses, console input and time beside a model that keeps the
 * received characters as a list of what happened instead of as a FIFO with levels.
 */
#include "dev_fakes.h"

#include "dev/pl011.h"
#include "dev/pl011_state.h"
#include "vm/console.h"

#define RT_DEFAULT (FAKE_FREQUENCY * 32U / 115200U)

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

static int setup(void **state)
{
    (void)state;
    fake_start(&pl011_class, 1);
    pl011_class.reset(&fake_vm);
    sent_count = 0;
    room_signals = 0;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    fake_stop(&pl011_class);
    return 0;
}

/* As Linux leaves the port: FIFOs on, receive and time-out interrupts. */
static void start_fifo(void)
{
    fake_write(PL011_IBRD, 13);
    fake_write(PL011_FBRD, 1);
    fake_write(PL011_LCR_H, 0x70);
    fake_write(PL011_CR, 0x301);
    fake_write(PL011_IMSC, PL011_INT_RX | PL011_INT_RT);
}

static void receive(unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        assert_true(vm_uart.receive(&fake_vm, (uint8_t)('a' + i)));
    }
}

static void test_reset_values(void **state)
{
    static const uint8_t id[8] = {0x11, 0x10, 0x34, 0x00, 0x0D, 0xF0, 0x05, 0xB1};

    (void)state;
    assert_int_equal(fake_read(PL011_FR), 0x97);
    assert_int_equal(fake_read(PL011_CR), 0x300);
    assert_int_equal(fake_read(PL011_IFLS), 0x12);
    assert_int_equal(fake_read(PL011_LCR_H), 0);
    assert_int_equal(fake_read(PL011_IMSC), 0);
    assert_int_equal(fake_read(PL011_RIS), 0);
    assert_int_equal(fake_read(PL011_RSR), 0);
    fake_check_primecell(id);
    sent_count = 0;
}

static void test_register_widths(void **state)
{
    static const uint32_t widths[][2] = {{PL011_ILPR, 0xFF},  {PL011_IBRD, 0xFFFF}, {PL011_FBRD, 0x3F},
                                         {PL011_LCR_H, 0xFF}, {PL011_CR, 0xFF87},   {PL011_IFLS, 0x3F},
                                         {PL011_IMSC, 0x7FF}, {PL011_DMACR, 7}};

    (void)state;
    for (unsigned i = 0; i < sizeof(widths) / sizeof(widths[0]); i++) {
        fake_write(widths[i][0], 0xFFFFFFFFU);
        assert_int_equal(fake_read(widths[i][0]), widths[i][1]);
        fake_write(widths[i][0], 0);
        assert_int_equal(fake_read(widths[i][0]), 0);
    }
}

static void test_transmit(void **state)
{
    (void)state;
    assert_true(fake_try_write(PL011_DR, 1, 'h'));
    assert_true(fake_try_write(PL011_DR, 2, 'i'));
    fake_write(PL011_DR, 0xFFFFFF21U);
    assert_int_equal(sent_count, 3);
    assert_memory_equal(sent, "hi!", 3);
    assert_int_equal(fake_read(PL011_FR) & (PL011_FR_TXFE | 0x28U), PL011_FR_TXFE);
}

/* UARTTXINTR: an interrupt for what has left, none for an empty FIFO that was never filled. */
static void test_transmit_interrupt(void **state)
{
    (void)state;
    fake_write(PL011_IMSC, PL011_INT_TX);
    assert_false(fake_spi[PL011_INTID]);
    fake_write(PL011_DR, 'x');
    assert_true(fake_spi[PL011_INTID]);
    assert_int_equal(fake_read(PL011_MIS), PL011_INT_TX);
    fake_write(PL011_ICR, PL011_INT_TX);
    assert_false(fake_spi[PL011_INTID]);
    fake_write(PL011_DR, 'y');
    assert_true(fake_spi[PL011_INTID]);
    fake_write(PL011_IMSC, 0);
    assert_false(fake_spi[PL011_INTID]);
    assert_int_equal(fake_read(PL011_RIS), PL011_INT_TX);
}

static void test_receive_without_fifo(void **state)
{
    (void)state;
    fake_write(PL011_IMSC, PL011_INT_RX);
    receive(1);
    assert_true(fake_spi[PL011_INTID]);
    assert_int_equal(fake_read(PL011_FR) & (PL011_FR_RXFE | PL011_FR_RXFF), PL011_FR_RXFF);
    assert_false(vm_uart.receive(&fake_vm, 'b'));
    room_signals = 0;
    assert_int_equal(fake_read(PL011_DR), 'a');
    assert_int_equal(room_signals, 1);
    assert_false(fake_spi[PL011_INTID]);
    assert_int_equal(fake_read(PL011_FR) & (PL011_FR_RXFE | PL011_FR_RXFF), PL011_FR_RXFE);
    assert_int_equal(fake_read(PL011_RIS) & PL011_INT_OE, 0);
}

static void test_trigger_levels(void **state)
{
    static const unsigned levels[8] = {4, 8, 16, 24, 28, 28, 28, 28};

    (void)state;
    for (uint32_t select = 0; select < 8U; select++) {
        start_fifo();
        fake_write(PL011_IMSC, PL011_INT_RX);
        fake_write(PL011_IFLS, select << 3);
        receive(levels[select] - 1U);
        assert_false(fake_spi[PL011_INTID]);
        receive(1);
        assert_true(fake_spi[PL011_INTID]);
        (void)fake_read(PL011_DR);
        assert_false(fake_spi[PL011_INTID]);
        pl011_class.reset(&fake_vm);
    }
}

static void test_fifo_holds_32(void **state)
{
    (void)state;
    start_fifo();
    receive(32);
    assert_int_equal(fake_read(PL011_FR) & PL011_FR_RXFF, PL011_FR_RXFF);
    assert_false(vm_uart.receive(&fake_vm, 'z'));
    for (unsigned i = 0; i < 32U; i++) {
        assert_int_equal(fake_read(PL011_FR) & PL011_FR_RXFE, 0);
        assert_int_equal(fake_read(PL011_DR), (uint8_t)('a' + i));
    }
    assert_int_equal(fake_read(PL011_FR) & PL011_FR_RXFE, PL011_FR_RXFE);
}

/* UARTRTINTR: 32 bit periods after the last character; cleared by emptying the FIFO or by UARTICR. */
static void test_receive_timeout(void **state)
{
    (void)state;
    start_fifo();
    receive(1);
    fake_advance(RT_DEFAULT / 2U);
    receive(1);
    fake_advance(RT_DEFAULT * 3U / 4U);
    assert_int_equal(fake_read(PL011_RIS), 0);
    fake_advance(RT_DEFAULT / 2U);
    assert_int_equal(fake_read(PL011_RIS), PL011_INT_RT);
    assert_true(fake_spi[PL011_INTID]);
    (void)fake_read(PL011_DR);
    assert_true(fake_spi[PL011_INTID]);
    (void)fake_read(PL011_DR);
    assert_false(fake_spi[PL011_INTID]);

    receive(1);
    fake_advance(2U * RT_DEFAULT);
    fake_write(PL011_ICR, PL011_INT_RT);
    assert_false(fake_spi[PL011_INTID]);
    fake_advance(10U * RT_DEFAULT);
    assert_false(fake_spi[PL011_INTID]);
    receive(1);
    fake_advance(2U * RT_DEFAULT);
    assert_true(fake_spi[PL011_INTID]);
}

static void test_timeout_of_an_emptied_fifo(void **state)
{
    (void)state;
    start_fifo();
    receive(1);
    (void)fake_read(PL011_DR);
    fake_advance(2U * RT_DEFAULT);
    assert_int_equal(fake_read(PL011_RIS), 0);
}

static void test_timeout_follows_rate(void **state)
{
    (void)state;
    start_fifo();
    fake_write(PL011_IBRD, 156); /* 9615 baud */
    fake_write(PL011_FBRD, 16);
    receive(1);
    fake_advance(RT_DEFAULT * 11U);
    assert_int_equal(fake_read(PL011_RIS), 0);
    fake_advance(RT_DEFAULT * 2U);
    assert_int_equal(fake_read(PL011_RIS), PL011_INT_RT);
}

/* Loopback is the one way in which a guest can overrun its receiver. */
static void test_loopback_overrun(void **state)
{
    (void)state;
    fake_write(PL011_CR, 0x381);
    fake_write(PL011_DR, 'a');
    assert_int_equal(fake_read(PL011_RIS) & PL011_INT_OE, 0);
    fake_write(PL011_DR, 'b');
    assert_int_equal(sent_count, 0);
    assert_int_equal(fake_read(PL011_RIS) & PL011_INT_OE, PL011_INT_OE);
    assert_int_equal(fake_read(PL011_RSR), 8);
    assert_int_equal(fake_read(PL011_DR), PL011_DR_OE | 'a');
    assert_int_equal(fake_read(PL011_RSR), 8);
    fake_write(PL011_DR, 'c');
    assert_int_equal(fake_read(PL011_DR), 'c');
    assert_int_equal(fake_read(PL011_RSR), 8);
    fake_write(PL011_RSR, 0);
    assert_int_equal(fake_read(PL011_RSR), 0);
}

static void test_loopback_break(void **state)
{
    (void)state;
    fake_write(PL011_CR, 0x381);
    fake_write(PL011_LCR_H, 0x71);
    fake_write(PL011_DR, 'a');
    fake_write(PL011_LCR_H, 0x71);
    assert_int_equal(fake_read(PL011_RIS) & PL011_INT_BE, PL011_INT_BE);
    assert_int_equal(fake_read(PL011_DR), PL011_DR_BE);
    assert_int_equal(fake_read(PL011_RSR), 4);
    assert_int_equal(fake_read(PL011_DR), 'a');
    assert_int_equal(fake_read(PL011_RSR), 0);
}

static void test_loopback_modem(void **state)
{
    (void)state;
    fake_write(PL011_CR, 0x380);
    assert_int_equal(fake_read(PL011_FR) & 0x107U, 0);
    fake_write(PL011_ICR, 0x7FF);
    fake_write(PL011_CR, 0x380 | PL011_CR_RTS);
    assert_int_equal(fake_read(PL011_FR) & 0x107U, PL011_FR_CTS);
    assert_int_equal(fake_read(PL011_RIS), PL011_INT_CTS);
    fake_write(PL011_ICR, 0x7FF);
    fake_write(PL011_CR, 0x380 | PL011_CR_DTR | PL011_CR_OUT1 | PL011_CR_OUT2);
    assert_int_equal(fake_read(PL011_FR) & 0x107U, PL011_FR_DSR | PL011_FR_DCD | PL011_FR_RI);
    assert_int_equal(fake_read(PL011_RIS), 0xF);
}

/* Errors on the line, which only the pure state machine knows. */
static void test_line_errors(void **state)
{
    struct pl011_state uart;
    struct pl011_effect effect = {0};

    (void)state;
    pl011_state_reset(&uart);
    pl011_state_write(&uart, PL011_LCR_H, PL011_LCR_H_FEN, &effect);
    pl011_state_receive(&uart, PL011_DR_FE | 0x41U);
    pl011_state_receive(&uart, PL011_DR_PE | 0x42U);
    assert_int_equal(pl011_state_read(&uart, PL011_RIS, &effect), PL011_INT_FE | PL011_INT_PE);
    assert_int_equal(pl011_state_read(&uart, PL011_DR, &effect), PL011_DR_FE | 0x41U);
    assert_int_equal(pl011_state_read(&uart, PL011_RSR, &effect), 1);
    assert_int_equal(pl011_state_read(&uart, PL011_DR, &effect), PL011_DR_PE | 0x42U);
    assert_int_equal(pl011_state_read(&uart, PL011_RSR, &effect), 2);
    assert_int_equal(pl011_state_read(&uart, PL011_DR, &effect) & 0xF00U, 0);
}

static void test_receiver_off(void **state)
{
    (void)state;
    fake_write(PL011_CR, 0x101);
    assert_false(vm_uart.receive(&fake_vm, 'a'));
    room_signals = 0;
    fake_write(PL011_CR, 0x301);
    assert_int_equal(room_signals, 1);
    assert_true(vm_uart.receive(&fake_vm, 'a'));
}

/* Nothing that was typed is lost when a driver sets the port up. */
static void test_fifo_switched_keeps_input(void **state)
{
    (void)state;
    receive(1);
    start_fifo();
    assert_true(vm_uart.receive(&fake_vm, 'b'));
    fake_write(PL011_LCR_H, 0);
    assert_int_equal(fake_read(PL011_FR) & PL011_FR_RXFF, PL011_FR_RXFF);
    assert_false(vm_uart.receive(&fake_vm, 'c'));
    assert_int_equal(fake_read(PL011_DR), 'a');
    assert_int_equal(fake_read(PL011_DR), 'b');
    assert_true(vm_uart.receive(&fake_vm, 'c'));
}

static void test_reset_lowers_line(void **state)
{
    (void)state;
    fake_write(PL011_IMSC, PL011_INT_RX);
    receive(1);
    assert_true(fake_spi[PL011_INTID]);
    room_signals = 0;
    pl011_class.reset(&fake_vm);
    assert_false(fake_spi[PL011_INTID]);
    assert_int_equal(room_signals, 1);
    assert_null(fake_timers);
}

/*
 * ---- the model ----
 * All characters ever received stay in a list; read_index says how many were read. Levels, flags and interrupts are derived.
 */
struct model {
    uint16_t list[65536];
    unsigned received, read_index;
    uint64_t last_arrival;
    bool timeout_due; /* a character came, and the time-out since then has not been looked at */
    uint32_t lcr_h, cr, ifls, imsc, ris, oe_live, rsr_oe, rsr_low, ibrd, fbrd;
};

static struct model m;

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
        m.list[m.received++] = character;
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
    return 0x80U | model_modem() | (level == 0U ? 0x10U : 0U) | (level >= model_depth() ? 0x40U : 0U);
}

static void model_read(void)
{
    uint32_t expected;

    if (model_level() == 0U) {
        assert_int_equal(fake_read(PL011_DR) & 0xF00U, 0);
        return;
    }
    expected = m.list[m.read_index++];
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
    } else {
        assert_int_equal(sent_count, before);
        if ((m.cr & 0x200U) != 0U) {
            model_arrive(byte);
        } else {
            m.timeout_due = true;
            model_due = fake_count + model_timeout();
        }
    }
    m.ris |= 0x20U;
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
    uint32_t value = (uint32_t)seeded_next(seeded);

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
    uint32_t value = (uint32_t)seeded_next(seeded);

    switch (seeded_below(seeded, 8)) {
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
    default:
        /* Well before or well after the time-out: its rounding is not the model's business. */
        model_time(seeded_below(seeded, 2) == 0U ? 1U : 4U * model_timeout() + FAKE_MS);
        break;
    }
}

static void test_random(void **state)
{
    struct seeded seeded;

    (void)state;
    seeded_start(&seeded, "pl011");
    memset(&m, 0, sizeof(m));
    m.cr = 0x300;
    m.ifls = 0x12;
    for (unsigned i = 0; i < 300000U; i++) {
        random_step(&seeded);
        if (m.received > 65000U) {
            memmove(m.list, &m.list[m.read_index], sizeof(m.list[0]) * model_level());
            m.received -= m.read_index;
            m.read_index = 0;
        }
        assert_int_equal(fake_read(PL011_FR), model_flags());
        assert_int_equal(fake_read(PL011_RIS), m.ris);
        assert_int_equal(fake_read(PL011_MIS), m.ris & m.imsc);
        assert_int_equal(fake_read(PL011_RSR), m.rsr_oe | m.rsr_low);
        assert_int_equal(fake_spi[PL011_INTID], (m.ris & m.imsc) != 0U);
    }
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_reset_values),
        CASE(test_register_widths),
        CASE(test_transmit),
        CASE(test_transmit_interrupt),
        CASE(test_receive_without_fifo),
        CASE(test_trigger_levels),
        CASE(test_fifo_holds_32),
        CASE(test_receive_timeout),
        CASE(test_timeout_of_an_emptied_fifo),
        CASE(test_timeout_follows_rate),
        CASE(test_loopback_overrun),
        CASE(test_loopback_break),
        CASE(test_loopback_modem),
        CASE(test_line_errors),
        CASE(test_receiver_off),
        CASE(test_fifo_switched_keeps_input),
        CASE(test_reset_lowers_line),
        CASE(test_random),
    };

    return cmocka_run_group_tests_name("pl011", tests, NULL, NULL);
}
