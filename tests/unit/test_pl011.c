/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The UART: DDI 0183's rules one by one, then random sequences of register accesses, console input and time beside a model that keeps the
 * received characters as a list of what happened instead of as a FIFO with levels.
 */
#include "pl011_random.h"

#define RT_DEFAULT (FAKE_FREQUENCY * 32U / 115200U)

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

/* The console can't keep up: the transmitter is full and raises no interrupt, until there is room. What is sent nevertheless is not lost. */
static void test_transmit_full(void **state)
{
    (void)state;
    fake_write(PL011_IMSC, PL011_INT_TX);
    transmit_room = false;
    fake_write(PL011_DR, 'x');
    assert_int_equal(fake_read(PL011_FR) & (PL011_FR_TXFE | PL011_FR_TXFF), PL011_FR_TXFF);
    assert_false(fake_spi[PL011_INTID]);
    fake_write(PL011_DR, 'y');
    assert_false(fake_spi[PL011_INTID]);
    assert_int_equal(sent_count, 2);
    transmit_room = true;
    vm_uart.transmit_room(&fake_vm);
    assert_int_equal(fake_read(PL011_FR) & (PL011_FR_TXFE | PL011_FR_TXFF), PL011_FR_TXFE);
    assert_true(fake_spi[PL011_INTID]);

    transmit_room = false;
    fake_write(PL011_DR, 'x');
    pl011_class.reset(&fake_vm);
    transmit_room = true;
    assert_int_equal(fake_read(PL011_FR) & (PL011_FR_TXFE | PL011_FR_TXFF), PL011_FR_TXFE);
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

static void test_random(void **state)
{
    struct seeded seeded;

    (void)state;
    seeded_start(&seeded, "pl011");
    model_reset();
    for (unsigned i = 0; i < 300000U; i++) {
        random_step(&seeded);
        random_compare();
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
        CASE(test_transmit_full),
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
