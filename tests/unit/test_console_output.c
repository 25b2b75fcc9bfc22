/* SPDX-License-Identifier: Apache-2.0 */
/* One UART for the log, the monitor and the VMs: what goes out in which view, when the UART is slow, and what is kept. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "arch/host/host_model.h"
#include "arch/phys.h"
#include "arch/spinlock.h"
#include "arch/sysreg.h"
#include "cpu/irq.h"
#include "cpu/timer.h"
#include "cpu/uart.h"
#include "lib/log.h"
#include "mem/page_alloc.h"
#include "sched/sched.h"
#include "seeded.h"
#include "vm/console.h"
#include "vm/console_events.h"
#include "vm/console_state.h"
#include "vm/console_view.h"
#include "vm/vm.h"

#define CTRL_BRACKET 0x1dU

static struct config config = {.vm_count = 2, .vms = {{.name = "one"}, {.name = "two"}}};
static struct vm vms[2];
static struct world monitor;
static char out[400000];
static size_t out_size;
static size_t room; /* bytes that the transmitter takes */
static bool wants_room;
static unsigned wakes;
static unsigned told; /* the VM's UART was told of room */

/* ---- what is around the console ---- */

size_t uart_send(const uint8_t *bytes, size_t size)
{
    size_t sent = size < room ? size : room;
    memcpy(out + out_size, bytes != NULL ? bytes : (const uint8_t *)"", sent);
    out_size += sent;
    assert_true(out_size < sizeof(out));
    room -= sent;
    wants_room = sent < size;
    return sent;
}

static bool receive(struct vm *vm, uint8_t byte)
{
    (void)vm;
    (void)byte;
    return true;
}

static struct vm *told_vm = &vms[0];
static void (*while_told)(void); /* what other CPUs do meanwhile */

static void transmit_room(struct vm *vm)
{
    void (*meanwhile)(void) = while_told;
    assert_true(spinlock_none_held());
    assert_ptr_equal(vm, told_vm);
    told++;
    while_told = NULL;
    if (meanwhile != NULL) {
        meanwhile();
    }
}

const struct vm_uart_ops vm_uart = {.receive = receive, .transmit_room = transmit_room};

enum status irq_register(uint32_t intid, irq_handler handler, void *argument)
{
    (void)intid;
    (void)handler;
    (void)argument;
    return STATUS_OK;
}

void irq_send_sgi(unsigned cpu, enum irq_sgi sgi)
{
    (void)cpu;
    assert_int_equal(sgi, IRQ_SGI_CONSOLE);
    wakes++;
}

void irq_enable(uint32_t intid, bool edge)
{
    (void)intid;
    (void)edge;
}

static uint64_t now;

uint64_t timer_count(void)
{
    return now;
}

uint64_t timer_from_ns(uint64_t ns)
{
    return ns;
}

void timer_arm(struct timer *timer, uint64_t deadline)
{
    timer->deadline = deadline;
}

void world_wake(struct world *world)
{
    (void)world;
}

void sched_relax(void)
{
}

/* The transmitter's interrupt. */
static void drain(size_t bytes)
{
    room = bytes;
    if (wants_room) {
        console_room();
    }
}

void sched_block(void)
{
    assert_true(wants_room);
    drain(16);
}

/* ---- helpers ---- */

static void serve(void)
{
    while (console_serve()) {
    }
}

static int set_up(void **unused)
{
    (void)unused;
    host_reset();
    host_phys_add(0x80000000, 0x1000000);
    page_alloc_reset();
    assert_int_equal(page_alloc_add(pa_make(0x80000000), 0x1000000), STATUS_OK);
    vms[1].index = 1;
    room = ~0U;
    console_set_footer("", 0);
    console_view_monitor();
    serve();
    assert_int_equal(console_start(&config), STATUS_OK);
    assert_int_equal(console_set_monitor(&monitor), STATUS_OK);
    console_vm_begin(&vms[0]);
    console_vm_begin(&vms[1]);
    for (unsigned i = 0; i < 2U; i++) { /* what an earlier test left */
        console_view_vm(&vms[i]);
        serve();
    }
    console_view_monitor();
    serve();
    memset(out, 0, sizeof(out));
    out_size = wakes = told = 0;
    return 0;
}

static bool send(unsigned vm, const char *text)
{
    bool good = true;
    for (; *text != '\0'; text++) {
        good = console_vm_output(&vms[vm], (uint8_t)*text);
    }
    return good;
}

static void out_is(const char *text)
{
    assert_string_equal(out, text);
    memset(out, 0, out_size);
    out_size = 0;
}

/* ---- tests ---- */

/* First: no key was pressed yet. */
static void test_nothing_but_text_before_a_key(void **unused)
{
    (void)unused;
    console_set_footer("ashlar> ", 8);
    serve();
    out_is("ashlar> ");
    log_info("vm", "a line");
    assert_int_equal(wakes, 1); /* to draw the prompt again */
    serve();
    assert_non_null(strstr(out, "a line\r\nashlar> "));
    assert_memory_equal(out, "\r\n[", 3);
    assert_null(strchr(out, '\x1b'));
    out_is(out);
    console_view_all();
    serve();
    send(0, "hello\r\n");
    serve();
    out_is("\r\n[one] hello\r\n"); /* no prompt either: there may be nobody */
    log_debug("vm", "not for the console");
    serve();
    out_is("");
}

static void test_prompt_line(void **unused)
{
    (void)unused;
    console_input('x');
    assert_int_equal(console_read_key(), 'x');
    assert_int_equal(console_read_key(), -1);
    assert_true(console_key_pressed());
    console_set_footer("> a", 3);
    serve();
    out_is("> a");
    console_set_footer("> ab", 4);
    serve();
    out_is("b");
    console_set_footer("> b\x1b[1D", 7);
    serve();
    out_is("\r\x1b[K> b\x1b[1D");
    console_write("text\nmore\n", 10);
    serve();
    out_is("\r\x1b[Ktext\r\nmore\r\n> b\x1b[1D");
    console_keep_footer();
    console_write("\n", 1);
    serve();
    out_is("\r\n");
}

static void test_only_the_vm_in_view_is_seen(void **unused)
{
    (void)unused;
    send(0, "kept");
    out_is("");
    console_view_vm(&vms[0]);
    serve();
    out_is("kept");
    send(0, "now\n");
    send(1, "other");
    out_is("now\n");
    console_view_vm(&vms[1]);
    serve();
    out_is("other");
    send(0, "later");
    out_is("");
}

static void test_64_kib_are_kept(void **unused)
{
    (void)unused;
    for (unsigned i = 0; i < 20000U; i++) {
        char text[16];
        (void)snprintf(text, sizeof(text), "%07u\n", i);
        send(0, text);
    }
    assert_int_equal(console_lost(&vms[0]), 20000U * 8U - 65536U);
    console_view_vm(&vms[0]);
    serve();
    assert_int_equal(out_size, 65536);
    for (unsigned i = 0; i < 8192U; i++) {
        assert_int_equal(atoi(out + 8U * i), 20000U - 8192U + i);
    }
}

static void test_a_slow_uart_makes_the_vm_in_view_wait(void **unused)
{
    unsigned sent = 0;
    (void)unused;
    console_view_vm(&vms[0]);
    serve();
    room = 16;
    while (console_vm_output(&vms[0], (uint8_t)('a' + sent % 26U))) {
        assert_true(sent++ < 5000U);
    }
    sent++;
    assert_int_equal(out_size, 16);
    assert_in_range(sent, 2048, 2100);
    for (unsigned i = 0; i < 3000U; i++) { /* it does not wait: nothing is lost yet */
        assert_false(console_vm_output(&vms[0], (uint8_t)('a' + sent % 26U)));
        sent++;
    }
    send(1, "unseen VMs never wait");
    while (out_size < sent) {
        assert_true(wants_room);
        assert_int_equal(told, sent - out_size <= 1024U ? 1 : 0);
        drain(16);
    }
    for (unsigned i = 0; i < sent; i++) {
        assert_int_equal(out[i], 'a' + i % 26U);
    }
    assert_false(wants_room);
    assert_true(send(0, "!"));
}

static void fill(unsigned vm)
{
    console_view_vm(&vms[vm]);
    room = ~0U;
    serve();
    room = 5;
    while (console_vm_output(&vms[vm], (uint8_t)'a')) {
    }
}

static void another_is_told(void)
{
    fill(1);
    told_vm = &vms[1];
    console_view_monitor();
    console_room();
    told_vm = &vms[0];
    assert_int_equal(told, 2);
    assert_int_equal(console_state.telling, 1); /* the first one is not to be taken apart yet */
}

static void test_two_are_told_of_room_at_once(void **unused)
{
    (void)unused;
    fill(0);
    while_told = another_is_told;
    console_view_monitor();
    console_room();
    assert_int_equal(told, 2);
    assert_int_equal(console_state.telling, 0);
}

static void test_detaching_in_the_middle_of_output(void **unused)
{
    (void)unused;
    console_view_vm(&vms[0]);
    serve();
    room = 5;
    while (console_vm_output(&vms[0], (uint8_t)'a')) {
    }
    send(0, "behind");
    console_input(CTRL_BRACKET);
    console_set_footer("> ", 2);
    room = ~0U;
    console_room();
    serve();
    assert_int_equal(told, 1); /* it waits no longer */
    out_is("aaaaa\r\n> ");
    console_view_vm(&vms[0]);
    serve();
    assert_string_equal(out + out_size - 9, "aaabehind");
    assert_int_equal(out_size, 4U + 2048U + 6U);
}

static void test_log_lines_stand_alone(void **unused)
{
    (void)unused;
    console_view_vm(&vms[0]);
    serve();
    send(0, "half");
    log_info("part", "one");
    log_info("part", "two");
    send(0, "line\r\n");
    log_info("part", "three");
    const char *at = out;
    assert_memory_equal(at, "half\r\n[", 7);
    at = strstr(at, "one\r\n[");
    assert_non_null(at);
    at = strstr(at, "two\r\nline\r\n[");
    assert_non_null(at);
    assert_non_null(strstr(at, "three\r\n"));
}

static void test_a_vm_that_ends_leaves_the_view(void **unused)
{
    (void)unused;
    console_view_vm(&vms[0]);
    serve();
    room = 3;
    send(0, "last words");
    console_vm_end(&vms[0]);
    console_set_footer("> ", 2);
    drain(~0U);
    serve();
    out_is("last words\r\n> ");
    console_vm_begin(&vms[0]);
    send(0, "again");
    serve();
    out_is("");
}

/* VMs that have always more to say can't keep the monitor from being used. */
static void test_a_flood_leaves_room_for_the_monitor(void **unused)
{
    (void)unused;
    console_input('v');
    for (unsigned i = 0; i < 10000U; i++) {
        (void)send(1, "flood\n");
    }
    console_view_all();
    console_set_footer("> v", 3);
    for (unsigned i = 0; i < 10U; i++) {
        assert_true(console_serve());
    }
    assert_non_null(strstr(out, "> v"));
    console_set_footer("> vms", 5);
    console_keep_footer();
    assert_non_null(strstr(out, "> vms"));
    console_write("\nanswer\n", 8);
    assert_true(console_serve());
    assert_non_null(strstr(out, "> vms\r\n"));
    assert_non_null(strstr(out, "\r\nanswer\r\n"));
    assert_true(out_size < 30000U);
}

/* Whatever comes between: each VM's bytes go out once, in order, but for log lines and the monitor's. */
static void test_random(void **unused)
{
    struct seeded seeded;
    unsigned sent[2] = {0}, found[2] = {0};
    (void)unused;
    seeded_start(&seeded, "console_output");
    console_set_footer("> ", 2);
    for (unsigned i = 0; i < 20000U; i++) {
        unsigned vm = (unsigned)seeded_below(&seeded, 2);
        switch (seeded_below(&seeded, 8)) {
        case 0:
            drain(seeded_below(&seeded, 40));
            break;
        case 1:
            if (seeded_below(&seeded, 20) == 0U) {
                console_view_vm(&vms[vm]);
            }
            break;
        case 2:
            if (seeded_below(&seeded, 20) == 0U) {
                console_input(CTRL_BRACKET);
            }
            break;
        case 3:
            (void)console_serve();
            break;
        case 4:
            if (seeded_below(&seeded, 10) == 0U) {
                log_info("x", "#");
            }
            break;
        default: /* letters of the first, digits of the second */
            if (console_lost(&vms[vm]) == 0U) {
                (void)console_vm_output(&vms[vm], (uint8_t)(vm == 0U ? 'A' + sent[0]++ % 26U : '0' + sent[1]++ % 10U));
            }
            break;
        }
    }
    room = ~0U;
    for (unsigned vm = 0; vm < 2U; vm++) {
        console_view_vm(&vms[vm]);
        serve();
    }
    bool log = false;
    for (size_t i = 0; i < out_size; i++) {
        if (out[i] == 0x1b) {
            i += 2U;
            continue;
        }
        log = out[i] == '[' || (log && out[i] != '\n');
        if (!log && out[i] >= 'A' && out[i] <= 'Z') {
            assert_int_equal(out[i], 'A' + found[0]++ % 26U);
        } else if (!log && out[i] >= '0' && out[i] <= '9') {
            assert_int_equal(out[i], '0' + found[1]++ % 10U);
        }
    }
    assert_memory_equal(found, sent, sizeof(sent));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_nothing_but_text_before_a_key, set_up),
        cmocka_unit_test_setup(test_prompt_line, set_up),
        cmocka_unit_test_setup(test_only_the_vm_in_view_is_seen, set_up),
        cmocka_unit_test_setup(test_64_kib_are_kept, set_up),
        cmocka_unit_test_setup(test_a_slow_uart_makes_the_vm_in_view_wait, set_up),
        cmocka_unit_test_setup(test_two_are_told_of_room_at_once, set_up),
        cmocka_unit_test_setup(test_detaching_in_the_middle_of_output, set_up),
        cmocka_unit_test_setup(test_log_lines_stand_alone, set_up),
        cmocka_unit_test_setup(test_a_vm_that_ends_leaves_the_view, set_up),
        cmocka_unit_test_setup(test_a_flood_leaves_room_for_the_monitor, set_up),
        cmocka_unit_test_setup(test_random, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
