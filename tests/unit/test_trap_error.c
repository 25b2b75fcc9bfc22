/* SPDX-License-Identifier: Apache-2.0 */
/* SErrors and exceptions of EL2 itself: which are a guest's, and which end the hypervisor. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "arch/host/host_model.h"
#include "arch/sysreg.h"
#include "cpu/panic_dump.h"
#include "lib/panic.h"
#include "trap/trap.h"
#include "vm/vcpu.h"

#define HCR_VSE (1ULL << 8)

extern char guest_serror_window_start[];
extern char guest_serror_window_end[];

static struct vm_config config = {.name = "guest"};
static struct vm vm = {.config = &config};
static struct vcpu vcpu = {.vm = &vm};
static struct trap_frame frames[2]; /* [1] is the guest's, at the top of the stack */

void panic_frame(const struct trap_frame *frame, uint64_t sp, const char *reason)
{
    panic("%s at %#lx, SP %#lx", reason, frame->elr, sp - (uint64_t)(uintptr_t)frames);
}

static int set_up(void **unused)
{
    (void)unused;
    host_reset();
    memset(frames, 0, sizeof(frames));
    vm_log_init(&vm.log, config.name);
    frames[0].owner = (uint64_t)(uintptr_t)&vcpu;
    frames[1].owner = (uint64_t)(uintptr_t)&vcpu;
    host_sysreg_set_all(KEY_ESR_EL2, 0xbe000011ULL);
    return 0;
}

static bool injected(void)
{
    return (host_sysreg_get(0, KEY_HCR_EL2) & HCR_VSE) != 0U;
}

static void test_an_serror_of_the_guest_is_injected(void **unused)
{
    (void)unused;
    trap_guest_serror(&frames[1]);
    assert_true(injected());
}

static void from_el2(void *kind)
{
    trap_from_el2(&frames[0], (uint64_t)(uintptr_t)kind);
}

/* Between a guest's exit and the first instructions of its handler the SError is still the guest's. */
static void test_an_serror_in_the_window_is_the_guests(void **unused)
{
    (void)unused;
    frames[0].owner = 0;
    frames[0].elr = (uint64_t)(uintptr_t)guest_serror_window_start;
    trap_from_el2(&frames[0], 3);
    assert_true(injected());
    frames[0].elr = (uint64_t)(uintptr_t)guest_serror_window_end;
    trap_from_el2(&frames[0], 3);

    (void)set_up(NULL);
    frames[0].elr = (uint64_t)(uintptr_t)guest_serror_window_end + 4U;
    assert_true(host_expect_panic(from_el2, (void *)3));
    frames[0].elr = (uint64_t)(uintptr_t)guest_serror_window_start - 4U;
    assert_true(host_expect_panic(from_el2, (void *)3));
    assert_false(injected());
    /* Only SErrors are asynchronous to what EL2 does there. */
    frames[0].elr = (uint64_t)(uintptr_t)guest_serror_window_start;
    assert_true(host_expect_panic(from_el2, (void *)0));
}

static void fiq(void *unused)
{
    (void)unused;
    trap_guest_fiq(&frames[1]);
}

static void overflow(void *unused)
{
    (void)unused;
    trap_stack_overflow(&frames[0], (uint64_t)(uintptr_t)frames + 0x20U);
}

static void test_the_rest_is_ours(void **unused)
{
    static const char *const words[] = {"synchronous", "IRQ", "FIQ", "SError"};
    (void)unused;
    for (uintptr_t kind = 0; kind < 4U; kind++) {
        frames[0].elr = 0x1234;
        assert_true(host_expect_panic(from_el2, (void *)kind));
        assert_non_null(strstr(host_failure_text(), words[kind]));
        assert_non_null(strstr(host_failure_text(), "at 0x1234, SP 0x110")); /* as it was before the frame */
    }
    assert_true(host_expect_panic(fiq, NULL));
    assert_true(host_expect_panic(overflow, NULL));
    assert_non_null(strstr(host_failure_text(), "stack overflow at 0x1234, SP 0x20"));
    assert_false(injected());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_an_serror_of_the_guest_is_injected, set_up),
        cmocka_unit_test_setup(test_an_serror_in_the_window_is_the_guests, set_up),
        cmocka_unit_test_setup(test_the_rest_is_ours, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
