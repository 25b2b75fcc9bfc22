/* SPDX-License-Identifier: Apache-2.0 */
/* The GIC driver over a distributor and redistributors that refuse what IHI 0069 calls UNPREDICTABLE. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cpu/gic.h"
#include "cpu/irq.h"
#include "cpu/prda.h"
#include "machine_gic.h"
#include "mem/page_alloc.h"

static struct platform platform;

static void gic_wire_sample(unsigned cpu)
{
    (void)cpu;
}

static int set_up(void **unused)
{
    struct prda *prda;
    (void)unused;
    host_reset();
    host_phys_add(0x80000000, 0x4000000);
    page_alloc_reset();
    host_prda_reset();
    assert_int_equal(page_alloc_add(pa_make(0x80000000), 0x4000000), STATUS_OK);
    assert_int_equal(stage1_init(), STATUS_OK);
    while (prda_count() < 4U) {
        assert_int_equal(prda_create(prda_count(), &prda), STATUS_OK);
    }
    gic_model_install(4);
    platform = (struct platform){.gicd_base = GIC_GICD, .redistributor_count = 1, .cpu_count = 4};
    platform.redistributors[0] = (struct platform_range){GIC_GICR, 0x100000};
    for (unsigned i = 0; i < 4U; i++) {
        host_cpu_select(i);
        prda_of(i)->mpidr = i;
        prda_of(i)->gicr = NULL;
        prda_of(i)->irqs = 0;
        platform.cpus[i].mpidr = i;
    }
    host_cpu_select(0);
    return 0;
}

static void start(void)
{
    assert_int_equal(gic_init(&platform), STATUS_OK);
    assert_int_equal(gic_cpu_init(), STATUS_OK);
}

static void check_started(void)
{
    assert_int_equal(gic.ctlr & 0x12U, 0x12);
    assert_int_equal(gic.cpu[0].enabled, 0xffff);
    assert_int_equal(gic.cpu[0].group, ~0U);
    assert_int_equal(gic.cpu[0].waker, 0);
    for (unsigned i = 32; i < GIC_LINES; i++) {
        assert_int_equal(gic.enabled[i / 32U], 0);
        assert_int_equal(gic.group[i / 32U], ~0U);
        assert_int_equal(gic.priority[i], 0xa0);
        assert_false(gic.pending[i]);
        assert_false(gic.active[i]);
    }
    assert_int_equal(host_sysreg_get(0, KEY_ICC_CTLR_EL1), 2);
    assert_int_equal(host_sysreg_get(0, KEY_ICC_SRE_EL2) & 9U, 9);
    assert_int_equal(host_sysreg_get(0, KEY_ICC_PMR_EL1), 0xff);
    assert_int_equal(host_sysreg_get(0, KEY_ICC_IGRPEN1_EL1), 1);
}

/* What firmware had enabled, pending and active is gone, in both views. */
static void test_both_security_views(void **unused)
{
    (void)unused;
    for (unsigned view = 0; view < 2U; view++) {
        (void)set_up(NULL);
        gic.one_security_state = view != 0U;
        gic.enabled[1] = 0xff00ff00U;
        gic.pending[40] = true;
        gic.active[41] = true;
        gic.cpu[0].enabled = 0xffffffffU;
        gic.cpu[0].active[27] = true;
        gic.cpu[0].ctlr = 1; /* LPIs that can be switched off */
        start();
        check_started();
        assert_false(gic.cpu[0].active[27]);
        assert_int_equal(gic.cpu[0].ctlr, 0);
    }
}

static void test_lpis_stuck_are_refused(void **unused)
{
    (void)unused;
    gic.cpu[0].ctlr = 1;
    gic.lpis_stuck = true;
    assert_int_equal(gic_init(&platform), STATUS_OK);
    assert_int_equal(gic_cpu_init(), STATUS_UNSUPPORTED);
    assert_null(PRDA->gicr);
}

static void test_what_never_answers_is_refused(void **unused)
{
    (void)unused;
    gic.rwp_for_good = true;
    assert_int_equal(gic_init(&platform), STATUS_TIMEOUT);
    gic.rwp_for_good = false;
    (void)set_up(NULL);
    gic.asleep_for_good = true;
    assert_int_equal(gic_init(&platform), STATUS_OK);
    assert_int_equal(gic_cpu_init(), STATUS_TIMEOUT);
}

static void find_each(void)
{
    assert_int_equal(gic_init(&platform), STATUS_OK);
    for (unsigned i = 0; i < 4U; i++) {
        host_cpu_select(i);
        assert_int_equal(gic_cpu_init(), STATUS_OK);
        irq_enable(20, true);
        assert_int_equal(gic.cpu[i].enabled, 0x10ffff);
        assert_int_equal(gic.cpu[i].config, 2U << 8);
    }
    host_cpu_select(0);
}

/* By affinity, whatever the order of the frames, with frames of both sizes. */
static void test_redistributor_by_affinity(void **unused)
{
    static const uint64_t mpidrs[] = {0x0200010003ULL, 0x000100, 0x0200010002ULL, 0x00};
    (void)unused;
    for (unsigned vlpis = 0; vlpis < 2U; vlpis++) {
        (void)set_up(NULL);
        gic.virtual_lpis = vlpis != 0U;
        for (unsigned i = 0; i < 4U; i++) {
            gic.mpidr[i] = mpidrs[i];
            prda_of(i)->mpidr = mpidrs[i];
        }
        find_each();
        prda_of(0)->mpidr = 0x77;
        assert_int_equal(gic_cpu_init(), STATUS_NOT_FOUND);
    }
}

/* The device tree's redistributor-stride counts, not what GICR_TYPER says. */
static void test_redistributor_stride(void **unused)
{
    (void)unused;
    gic.virtual_lpis = true;
    platform.redistributor_stride = 0x40000;
    find_each();
    platform.redistributor_stride = 0x100000;
    host_cpu_select(1);
    assert_int_equal(gic_cpu_init(), STATUS_NOT_FOUND);
}

/* A machine whose MADT names each CPU's own redistributor, and no ranges. */
static void test_redistributor_of_gicc(void **unused)
{
    (void)unused;
    platform.redistributor_count = 0;
    /* Mapped one by one, right behind each other, in the order of the CPUs' start. */
    for (unsigned i = 0; i < 4U; i++) {
        platform.cpus[i].gicr_base = GIC_GICR + (uint64_t)i * 0x20000U;
    }
    find_each();
    prda_of(0)->mpidr = 9;
    assert_int_equal(gic_cpu_init(), STATUS_NOT_FOUND);
}

static unsigned handled[GIC_LINES];
static enum irq_done answer = IRQ_DEACTIVATE;

static enum irq_done count(uint32_t intid, void *argument)
{
    assert_ptr_equal(argument, &answer);
    /* Priority was dropped, the interrupt is still active: EOImode 1. */
    assert_int_equal(gic.cpu[host_cpu()].acknowledged, GIC_NONE);
    assert_true(intid < 32U ? gic.cpu[host_cpu()].active[intid] : gic.active[intid]);
    handled[intid]++;
    return answer;
}

static void test_interrupts_reach_their_handlers(void **unused)
{
    (void)unused;
    start();
    memset(handled, 0, sizeof(handled));
    assert_int_equal(irq_register(50, count, &answer), STATUS_OK);
    assert_int_equal(irq_register(50, count, &answer), STATUS_EXISTS);
    assert_int_equal(irq_register(1020, count, &answer), STATUS_RANGE);
    assert_int_equal(irq_register(22, count, &answer), STATUS_OK);
    irq_enable(50, true);
    irq_enable(22, false);
    assert_int_equal(gic.router[50], 0);
    assert_int_equal(gic.config[50 / 16], 2U << (2U * (50 % 16)));
    gic.pending[50] = true;
    gic.cpu[0].pending[22] = true;
    gic_handle_pending();
    assert_int_equal(handled[50], 1);
    assert_int_equal(handled[22], 1);
    assert_false(gic.active[50]);
    assert_false(gic.cpu[0].active[22]);
    assert_int_equal(PRDA->irqs, 2);

    answer = IRQ_KEEP_ACTIVE;
    gic.cpu[0].pending[22] = true;
    gic_handle_pending();
    assert_true(gic.cpu[0].active[22]);
    gic.cpu[0].pending[22] = true; /* an active one does not come again */
    gic_handle_pending();
    assert_int_equal(handled[22], 2);
    answer = IRQ_DEACTIVATE;
    irq_deactivate(22);
    gic_handle_pending();
    assert_int_equal(handled[22], 3);

    irq_set_private_active(23, true);
    assert_true(gic.cpu[0].active[23]);
    irq_set_private_active(23, false);
    assert_false(gic.cpu[0].active[23]);
}

/* The boot CPU's affinity goes to GICD_IROUTER with Aff3 in bits 39:32. */
static void test_spis_go_to_the_boot_cpu(void **unused)
{
    (void)unused;
    platform.cpus[0].mpidr = 0x0300020100ULL;
    gic.mpidr[0] = 0x0300020100ULL;
    PRDA->mpidr = 0x0300020100ULL;
    start();
    irq_enable(60, false);
    assert_int_equal(gic.router[60], 0x0300020100ULL);
    assert_int_equal(gic.config[60 / 16], 0);
    assert_int_equal(gic.enabled[1], 1U << (60 - 32));
}

/* A wire that nobody asked for does not come for ever. */
static void test_unhandled_is_disabled(void **unused)
{
    (void)unused;
    start();
    gic.router[70] = 0;
    gic.enabled[2] = 1U << (70 - 64);
    gic.wire[70] = true;
    gic_handle_pending();
    assert_int_equal(gic.enabled[2], 0);
    assert_false(gic.active[70]);
    gic.cpu[0].enabled |= 1U << 29;
    gic.cpu[0].wire[29] = true;
    gic_handle_pending();
    assert_int_equal(gic.cpu[0].enabled & 1U << 29, 0);
}

static void test_sgis_reach_one_cpu(void **unused)
{
    static const uint64_t mpidrs[] = {0x0, 0x1f, 0x0500030211ULL, 0x10f};
    (void)unused;
    for (unsigned i = 0; i < 4U; i++) {
        gic.mpidr[i] = mpidrs[i];
        prda_of(i)->mpidr = mpidrs[i];
    }
    find_each();
    for (unsigned to = 0; to < 4U; to++) {
        irq_send_sgi(to, IRQ_SGI_CALL);
        for (unsigned i = 0; i < 4U; i++) {
            assert_int_equal(gic.cpu[i].pending[IRQ_SGI_CALL], i == to);
            gic.cpu[i].pending[IRQ_SGI_CALL] = false;
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_both_security_views, set_up),
        cmocka_unit_test_setup(test_lpis_stuck_are_refused, set_up),
        cmocka_unit_test_setup(test_what_never_answers_is_refused, set_up),
        cmocka_unit_test_setup(test_redistributor_by_affinity, set_up),
        cmocka_unit_test_setup(test_redistributor_stride, set_up),
        cmocka_unit_test_setup(test_redistributor_of_gicc, set_up),
        cmocka_unit_test_setup(test_interrupts_reach_their_handlers, set_up),
        cmocka_unit_test_setup(test_spis_go_to_the_boot_cpu, set_up),
        cmocka_unit_test_setup(test_unhandled_is_disabled, set_up),
        cmocka_unit_test_setup(test_sgis_reach_one_cpu, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
