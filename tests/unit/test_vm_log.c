/* SPDX-License-Identifier: Apache-2.0 */
/* A VM's share of the log: ten lines in any second, the others counted, from every CPU. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "cpu/gic.h"
#include "cpu/prda.h"
#include "cpu/timer_hw.h"
#include "lib/log_hooks.h"
#include "machine_gic.h"
#include "mem/page_alloc.h"
#include "seeded.h"
#include "vm/vm_log.h"

#define CPUS 2U
#define PPI 26U
#define LINES_MAX 100000U
#define SECOND 62500000ULL

static uint64_t now;
static struct platform platform = {.timer_hyp_intid = PPI, .gicd_base = GIC_GICD, .redistributor_count = 1};
static struct handoff handoff;
static struct vm_log share;

static uint64_t line_times[LINES_MAX];
static unsigned lines, summaries, counted;
static char last_line[256];
static uint64_t print_takes; /* until the log stamps a line */

static void gic_wire_sample(unsigned cpu)
{
    uint64_t ctl = host_sysreg_get(cpu, KEY_CNTHP_CTL_EL2);
    gic.cpu[cpu].wire[PPI] = (ctl & 3U) == 1U && now >= host_sysreg_get(cpu, KEY_CNTHP_CVAL_EL2);
}

static uint64_t count_read(uint32_t key, void *context)
{
    (void)key;
    (void)context;
    return now;
}

static void sink(const char *line, size_t size)
{
    unsigned left_out = 0;
    assert_true(lines < LINES_MAX);
    now += print_takes;
    line_times[lines++] = now; /* the stamp */
    (void)snprintf(last_line, sizeof(last_line), "%.*s", (int)size - 2, line);
    const char *text = strstr(last_line, "vm7: warning: ");
    if (text != NULL && sscanf(text, "vm7: warning: %u lines left out", &left_out) == 1) {
        counted += left_out;
        summaries++;
    }
}

static int set_up(void **unused)
{
    struct prda *prda;
    static bool registered;
    (void)unused;
    host_reset();
    host_phys_add(0x80000000, 0x4000000);
    page_alloc_reset();
    host_prda_reset();
    assert_int_equal(page_alloc_add(pa_make(0x80000000), 0x4000000), STATUS_OK);
    assert_int_equal(stage1_init(), STATUS_OK);
    gic_model_install(CPUS);
    platform.redistributors[0] = (struct platform_range){GIC_GICR, CPUS * 0x20000U};
    host_sysreg_hook(KEY_CNTPCT_EL0, count_read, NULL, NULL);
    host_sysreg_set_all(KEY_CNTFRQ_EL0, SECOND);
    now = 5 * SECOND;
    enum status status = timer_init(&platform, &handoff);
    assert_int_equal(status, registered ? STATUS_EXISTS : STATUS_OK);
    registered = true;
    assert_int_equal(gic_init(&platform), STATUS_OK);
    for (unsigned i = 0; i < CPUS; i++) {
        host_cpu_select(i);
        assert_true(i == 0U || prda_create(i, &prda) == STATUS_OK);
        prda_of(i)->mpidr = i;
        assert_int_equal(gic_cpu_init(), STATUS_OK);
        timer_cpu_init(&platform);
    }
    host_cpu_select(0);
    lines = summaries = counted = 0;
    print_takes = 0;
    log_set_hooks(&(struct log_hooks){.sink = sink});
    vm_log_init(&share, "vm7");
    return 0;
}

/* To that count, each CPU's timers fire on the way. */
static void go_to(uint64_t count)
{
    while (now < count) {
        now = count - now > SECOND / 1000U ? now + SECOND / 1000U : count;
        for (unsigned i = 0; i < CPUS; i++) {
            host_cpu_select(i);
            gic_handle_pending();
        }
    }
    host_cpu_select(0);
}

static void never_too_many(void)
{
    for (unsigned i = VM_LOG_LINES; i < lines; i++) {
        if (line_times[i] - line_times[i - VM_LOG_LINES] < SECOND) {
            fail_msg("lines %u to %u within a second", i - VM_LOG_LINES, i);
        }
    }
}

static void test_few_lines_come_at_once(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 100U; i++) {
        vm_log_print(&share, LOG_INFO, "line %u", i);
        assert_int_equal(lines, i + 1U);
        go_to(now + SECOND / VM_LOG_LINES);
    }
    assert_int_equal(counted, 0);
}

static void test_more_are_counted(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 1000U; i++) {
        vm_log_print(&share, LOG_INFO, "line %u", i);
    }
    assert_int_equal(lines, VM_LOG_LINES);
    assert_non_null(strstr(last_line, "vm7: line 9"));
    go_to(now + SECOND - 1U);
    assert_int_equal(lines, VM_LOG_LINES);
    go_to(now + SECOND / 100U);
    assert_int_equal(lines, VM_LOG_LINES + 1U);
    assert_non_null(strstr(last_line, "vm7: warning: 990 lines left out"));
    vm_log_print(&share, LOG_INFO, "after");
    assert_non_null(strstr(last_line, "vm7: after"));
    never_too_many();
}

/* A line is stamped later than it was let through: its second begins with the stamp. */
static void test_slow_printing(void **unused)
{
    (void)unused;
    print_takes = SECOND / 100U;
    uint64_t first = now;
    for (unsigned i = 0; i < VM_LOG_LINES; i++) {
        vm_log_print(&share, LOG_INFO, "line %u", i);
    }
    assert_int_equal(lines, VM_LOG_LINES);
    now = first + SECOND;
    vm_log_print(&share, LOG_INFO, "too early");
    assert_int_equal(lines, VM_LOG_LINES);
}

static void test_storm_for_a_minute(void **state)
{
    struct seeded random;
    unsigned said = 0;
    (void)state;
    seeded_start(&random, "vm_log");
    for (uint64_t end = now + 60U * SECOND; now < end;) {
        unsigned burst = (unsigned)seeded_below(&random, 20);
        for (unsigned i = 0; i < burst; i++, said++) {
            host_cpu_select((unsigned)seeded_below(&random, CPUS));
            vm_log_print(&share, LOG_INFO, "line");
        }
        go_to(now + 1U + seeded_below(&random, SECOND / 2U));
    }
    go_to(now + 3U * SECOND);
    never_too_many();
    assert_true(counted > 0U);
    assert_int_equal(lines - summaries + counted, said);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_few_lines_come_at_once, set_up),
        cmocka_unit_test_setup(test_more_are_counted, set_up),
        cmocka_unit_test_setup(test_slow_printing, set_up),
        cmocka_unit_test_setup(test_storm_for_a_minute, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
