/* SPDX-License-Identifier: Apache-2.0 */
/* Typed bytes on their way to a VM's UART, with other CPUs acting between any two steps. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "arch/host/host_model.h"
#include "arch/phys.h"
#include "arch/spinlock.h"
#include "mem/page_alloc.h"
#include "vm/console.h"
#include "vm/console_events.h"
#include "vm/console_view.h"
#include "vm/vm.h"

static struct vm vms[2];
static char got[4096];
static unsigned got_count;
static struct vm *got_vm;
static unsigned room; /* bytes that the UART still takes */
static void (*meanwhile)(void);

/* The UART of the VM: what another CPU does during the call comes before its answer. */
static bool receive(struct vm *vm, uint8_t byte)
{
    bool takes = room > 0U;
    assert_true(spinlock_none_held());
    if (takes) {
        room--;
        got[got_count++ % sizeof(got)] = (char)byte;
        got_vm = vm;
    }
    if (meanwhile != NULL) {
        void (*once)(void) = meanwhile;
        meanwhile = NULL;
        once();
    }
    return takes;
}

const struct vm_uart_ops vm_uart = {.receive = receive};

static const struct config config = {.vm_count = 2, .console = 0};

static int set_up(void **unused)
{
    (void)unused;
    host_reset();
    memset(got, 0, sizeof(got));
    got_count = 0;
    meanwhile = NULL;
    room = ~0U;
    host_phys_add(0x80000000, 0x1000000);
    page_alloc_reset();
    assert_int_equal(page_alloc_add(pa_make(0x80000000), 0x1000000), STATUS_OK);
    vms[1].index = 1;
    assert_int_equal(console_start(&config), STATUS_OK);
    console_view_vm(&vms[0]);
    console_vm_begin(&vms[0]);
    console_vm_begin(&vms[1]);
    return 0;
}

static void type(const char *text)
{
    for (; *text != '\0'; text++) {
        console_input((uint8_t)*text);
    }
}

static void test_bytes_arrive_in_order(void **unused)
{
    (void)unused;
    type("hello");
    assert_string_equal(got, "hello");
    assert_ptr_equal(got_vm, &vms[0]);
}

static void test_bytes_wait_for_room(void **unused)
{
    (void)unused;
    room = 2;
    type("hello");
    assert_string_equal(got, "he");
    room = 2;
    console_vm_input_room(&vms[0]);
    assert_string_equal(got, "hell");
    console_vm_input_room(&vms[1]);
    assert_string_equal(got, "hell");
    room = 9;
    console_vm_input_room(&vms[0]);
    assert_string_equal(got, "hello");
    console_vm_input_room(&vms[0]);
    assert_int_equal(got_count, 5);
}

static void guest_reads(void)
{
    room = 1;
    console_vm_input_room(&vms[0]);
}

/* The guest reads its UART just as that refuses a byte: nothing else would wake the byte. */
static void test_room_during_a_refusal_is_not_lost(void **unused)
{
    (void)unused;
    room = 0;
    meanwhile = guest_reads;
    type("x");
    assert_string_equal(got, "x");
}

static void attach_other(void)
{
    console_view_vm(&vms[1]);
}

/* What was typed for one VM is not given to the next, nor counted twice. */
static void test_attachment_moves_during_delivery(void **unused)
{
    (void)unused;
    room = 0;
    type("abc");
    room = 1;
    meanwhile = attach_other;
    console_vm_input_room(&vms[0]);
    assert_string_equal(got, "a");
    room = ~0U;
    type("de");
    assert_string_equal(got, "ade");
    assert_ptr_equal(got_vm, &vms[1]);
}

static void type_more(void)
{
    type("b");
}

static void test_bytes_typed_during_delivery_follow(void **unused)
{
    (void)unused;
    meanwhile = type_more;
    type("a");
    type("c");
    assert_string_equal(got, "abc");
}

/* 1,024 bytes wait; what comes after them is dropped, not what came before. */
static void test_the_ring_keeps_the_first(void **unused)
{
    (void)unused;
    room = 0;
    for (unsigned i = 0; i < 3000U; i++) {
        console_input((uint8_t)('a' + i % 26U));
    }
    room = ~0U;
    console_vm_input_room(&vms[0]);
    assert_int_equal(got_count, 1024);
    for (unsigned i = 0; i < 1024U; i++) {
        assert_int_equal(got[i], 'a' + i % 26U);
    }
}

static void test_nobody_gets_bytes_after_detach(void **unused)
{
    (void)unused;
    room = 0;
    type("abc");
    console_vm_end(&vms[1]);
    room = 1;
    console_vm_input_room(&vms[0]);
    assert_string_equal(got, "a");
    console_vm_end(&vms[0]);
    room = ~0U;
    type("d");
    console_vm_input_room(&vms[0]);
    assert_string_equal(got, "a");
    (void)console_vm_output(&vms[0], (uint8_t)'x');
    assert_true(spinlock_none_held());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_bytes_arrive_in_order, set_up),
        cmocka_unit_test_setup(test_bytes_wait_for_room, set_up),
        cmocka_unit_test_setup(test_room_during_a_refusal_is_not_lost, set_up),
        cmocka_unit_test_setup(test_attachment_moves_during_delivery, set_up),
        cmocka_unit_test_setup(test_bytes_typed_during_delivery_follow, set_up),
        cmocka_unit_test_setup(test_the_ring_keeps_the_first, set_up),
        cmocka_unit_test_setup(test_nobody_gets_bytes_after_detach, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
