/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fake machine as a whole: reset, verdicts, panic, and the barriers that several models listen to. The models of TLBs and
 * caches take no lock: a test that uses them selects CPUs in turn and has one thread.
 */
#include "arch/host/host_internal.h"

#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "arch/cpu_local.h"
#include "arch/cpu_wait.h"
#include "lib/panic.h"

enum expectation { EXPECT_NOTHING, EXPECT_PANIC, EXPECT_FAILURE };

static _Thread_local enum expectation expectation;
static _Thread_local jmp_buf expectation_jump;
static _Thread_local char failure_text[512];
static _Thread_local void (*wait_hook)(void);
static _Thread_local bool waits_for_interrupt;

static void describe(const char *what, const char *format, va_list arguments)
{
    int length = snprintf(failure_text, sizeof(failure_text), "%s: ", what);
    if (length > 0)
        (void)vsnprintf(failure_text + length, sizeof(failure_text) - (size_t)length, format, arguments);
}

static _Noreturn void verdict(enum expectation kind)
{
    if (expectation == kind)
        longjmp(expectation_jump, 1);
    (void)fprintf(stderr, "%s\n", failure_text);
    abort();
}

void host_fail(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    describe("model", format, arguments);
    va_end(arguments);
    verdict(EXPECT_FAILURE);
}

void panic(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    describe("panic", format, arguments);
    va_end(arguments);
    verdict(EXPECT_PANIC);
}

static bool expect(enum expectation kind, void (*function)(void *context), void *context)
{
    if (expectation != EXPECT_NOTHING)
        abort();
    failure_text[0] = '\0';
    expectation = kind;
    bool seen = setjmp(expectation_jump) != 0;
    if (!seen)
        function(context);
    expectation = EXPECT_NOTHING;
    *cpu_local_held_ranks() = 0;
    return seen;
}

bool host_expect_panic(void (*function)(void *context), void *context)
{
    return expect(EXPECT_PANIC, function, context);
}

bool host_expect_failure(void (*function)(void *context), void *context)
{
    return expect(EXPECT_FAILURE, function, context);
}

const char *host_failure_text(void)
{
    return failure_text;
}

void host_reset(void)
{
    host_sysreg_reset();
    host_tlb_reset();
    host_cache_reset();
    host_phys_reset();
    wait_hook = NULL;
}

void host_dsb(enum host_dsb kind)
{
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    host_tlb_dsb(kind);
    host_cache_dsb(kind);
}

void host_isb(void)
{
    host_tlb_isb();
    host_cache_isb();
}

void host_wait_hook(void (*hook)(void))
{
    wait_hook = hook;
}

void cpu_wait_yield(void)
{
    if (wait_hook != NULL)
        wait_hook();
    else
        (void)sched_yield();
}

bool host_waits_for_interrupt(void)
{
    bool waits = waits_for_interrupt;
    waits_for_interrupt = false;
    return waits;
}

void cpu_wait_interrupt(void)
{
    waits_for_interrupt = true;
    cpu_wait_yield();
    waits_for_interrupt = false;
}

/* The models of whoever waits look for themselves. */
void cpu_wait_send_event(void)
{
    host_dsb(HOST_DSB_SY);
}
