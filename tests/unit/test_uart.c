/* SPDX-License-Identifier: Apache-2.0 */
/* The console UART and the log above it: lines out, bytes in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "arch/host/host_device.h"
#include "arch/host/host_model.h"
#include "arch/phys.h"
#include "cpu/irq.h"
#include "cpu/uart.h"
#include "lib/log.h"
#include "lib/log_hooks.h"
#include "mem/page_alloc.h"
#include "mem/stage1.h"

#define UART 0x9000000ULL
#define INTID 33U

static char sent[4096];
static unsigned sent_count;
static const char *typed = "";
static bool full;
static bool enabled;
static irq_handler handler;
static char input[64];
static unsigned input_count;

enum status irq_register(uint32_t intid, irq_handler function, void *argument)
{
    assert_null(argument);
    if (intid != INTID || handler != NULL) {
        return STATUS_EXISTS;
    }
    handler = function;
    return STATUS_OK;
}

void irq_enable(uint32_t intid, bool edge)
{
    assert_int_equal(intid, INTID);
    assert_false(edge);
    enabled = true;
}

/* As much of a PL011 as the driver's own test leaves to this one. */
static uint64_t model_read(void *context, uint64_t offset, unsigned size)
{
    (void)context;
    (void)size;
    if (offset == 0x18U) {
        return (*typed == '\0' ? 0x10U : 0U) | (full ? 0x20U : 0U);
    }
    return offset == 0U ? (uint64_t)*typed++ : 0U;
}

static void model_write(void *context, uint64_t offset, unsigned size, uint64_t value)
{
    (void)context;
    (void)size;
    if (offset == 0U) {
        sent[sent_count++ % sizeof(sent)] = (char)value;
    }
}

static unsigned rooms;

static void has_room(void)
{
    rooms++;
}

static void take(uint8_t byte)
{
    input[input_count++ % sizeof(input)] = (char)byte;
}

static const struct platform_console console = {CONSOLE_PL011, UART, INTID, 0, 4};

static int set_up(void **unused)
{
    (void)unused;
    host_reset();
    host_phys_add(0x80000000, 0x1000000);
    host_phys_add(UART, 0x1000);
    page_alloc_reset();
    assert_int_equal(page_alloc_add(pa_make(0x80000000), 0x1000000), STATUS_OK);
    assert_int_equal(stage1_init(), STATUS_OK);
    host_device_remove_all();
    host_device_add(&(struct host_device){phys_to_pointer(UART), 0x1000, model_read, model_write, NULL});
    host_device_add(
        &(struct host_device){(volatile void *)(uintptr_t)STAGE1_DEVICE_BASE, 0x1000, model_read, model_write, NULL});
    memset(sent, 0, sizeof(sent));
    sent_count = 0;
    full = false;
    return 0;
}

static void test_no_console_is_no_fault(void **unused)
{
    (void)unused;
    assert_int_equal(uart_init(&(struct platform_console){.type = CONSOLE_NONE}), STATUS_UNSUPPORTED);
    assert_int_equal(uart_attach(), STATUS_UNSUPPORTED);
    uart_write("x", 1);
    uart_write_panic("x", 1);
    uart_listen(take, has_room);
    assert_int_equal(sent_count, 0);
}

static uint64_t micros(void)
{
    return 12345678;
}

static unsigned cpu_number(void)
{
    return 3;
}

static void test_lines_go_to_the_uart(void **unused)
{
    static const struct log_hooks hooks = {.sink = uart_write, .micros = micros, .cpu = cpu_number};
    char expected[300];
    (void)unused;
    assert_int_equal(uart_init(&console), STATUS_OK);
    log_set_hooks(&hooks);
    log_info("part", "%u and %s", 7U, "words");
    assert_string_equal(sent, "[   12.345678] cpu3 part: 7 and words\r\n");

    (void)set_up(NULL);
    log_error("part", "%0400d", 1);
    assert_int_equal(sent_count, 241);
    assert_string_equal(sent + 239, "\r\n");
    memset(expected, '0', sizeof(expected));
    assert_memory_equal(sent + 100, expected, 100);

    /* The ring turns over; the sink still gets each line whole. */
    for (unsigned i = 0; i < 3000U; i++) {
        (void)set_up(NULL);
        log_warning("part", "line %u", i);
        assert_non_null(strstr(sent, "warning: line "));
    }
    log_set_hooks(&(struct log_hooks){0});
}

static void test_bytes_typed_come_by_interrupt(void **unused)
{
    (void)unused;
    assert_int_equal(uart_init(&console), STATUS_OK);
    assert_int_equal(uart_attach(), STATUS_OK);
    uart_listen(take, has_room);
    assert_true(enabled);
    typed = "hello";
    assert_int_equal(handler(INTID, NULL), IRQ_DEACTIVATE);
    assert_string_equal(input, "hello");
    enabled = false;
    uart_listen(take, has_room); /* its interrupt is taken: no input, no harm */
    assert_false(enabled);
}

static void test_a_full_transmitter_is_waited_for_by_interrupt(void **unused)
{
    (void)unused;
    full = true;
    rooms = 0;
    assert_int_equal(uart_send((const uint8_t *)"abc", 3), 0);
    assert_int_equal(handler(INTID, NULL), IRQ_DEACTIVATE);
    assert_int_equal(rooms, 1);
    full = false;
    assert_int_equal(uart_send((const uint8_t *)"abc", 3), 3);
    assert_string_equal(sent, "abc");
    assert_int_equal(handler(INTID, NULL), IRQ_DEACTIVATE);
    assert_int_equal(rooms, 1); /* nobody waits */
    full = true;
    assert_int_equal(uart_send((const uint8_t *)"d", 1), 0);
    assert_int_equal(uart_send(NULL, 0), 0); /* given up */
    assert_int_equal(handler(INTID, NULL), IRQ_DEACTIVATE);
    assert_int_equal(rooms, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_no_console_is_no_fault, set_up),
        cmocka_unit_test_setup(test_lines_go_to_the_uart, set_up),
        cmocka_unit_test_setup(test_bytes_typed_come_by_interrupt, set_up),
        cmocka_unit_test_setup(test_a_full_transmitter_is_waited_for_by_interrupt, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
