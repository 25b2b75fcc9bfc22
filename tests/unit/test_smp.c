/* SPDX-License-Identifier: Apache-2.0 */
/* Bringing up seven CPUs of which four are no use: no redistributor, a mailbox that is not free, too late, never at its mailbox. */
#define SIM_CPUS 7U
#include "machine_sim.h"
#include "vm/machine.h"

#define NO_GIC 2U
#define REFUSED 3U
#define LATE 4U
#define ABSENT 6U

/* With what each of these features has behind it written by firmware. */
static const uint32_t registers[] = {
    KEY_HSTR_EL2,     KEY_ACTLR_EL2,   KEY_HACR_EL2,    KEY_AFSR0_EL2,   KEY_AFSR1_EL2,   KEY_AMAIR_EL2,
    KEY_VTTBR_EL2,    KEY_HCRX_EL2,    KEY_HFGRTR_EL2,  KEY_HFGWTR_EL2,  KEY_HFGITR_EL2,  KEY_HDFGRTR_EL2,
    KEY_HDFGWTR_EL2,  KEY_HAFGRTR_EL2, KEY_HFGRTR2_EL2, KEY_HFGWTR2_EL2, KEY_HFGITR2_EL2, KEY_HDFGRTR2_EL2,
    KEY_HDFGWTR2_EL2, KEY_TRFCR_EL2,   KEY_CNTPOFF_EL2,
};
#define PLAIN 7U /* of them are there on every CPU */

static void fill(void)
{
    for (unsigned i = 0; i < ARRAY_SIZE(registers); i++) {
        host_sysreg_set_all(registers[i], 0xdeadbeef);
    }
}

static unsigned ready[SIM_CPUS];

static void is_ready(void)
{
    ready[host_cpu()]++;
}

static int boot(void **unused)
{
    (void)unused;
    sim_refuse_cpu = REFUSED;
    sim_frequency = 6250000; /* slow: what is waited for in vain is seconds of polling */
    sim_late_cpu = LATE;
    sim_absent_cpu = ABSENT;
    sim_ready = is_ready;
    sim_no_gic_cpu = NO_GIC;
    sim_boot("smp");
    sim_run_for(2U * SIM_LATE);
    return 0;
}

static void test_those_that_came_run(void **unused)
{
    (void)unused;
    assert_int_equal(sim_cpu_count, 3);
    for (unsigned i = 0; i < SIM_CPUS; i++) {
        bool useful = i != NO_GIC && i != REFUSED && i != LATE && i != ABSENT;
        assert_true(!useful || host_sysreg_get(i, KEY_VBAR_EL2) == vectors_address(VECTORS_PLAIN));
        assert_int_equal(i < prda_count() && prda_of(i)->online, useful);
        assert_int_equal(ready[i], useful);
    }
    /* What was prepared for the late one is not taken back, since it may come; its mailbox is cancelled. */
    assert_int_equal(sim_mail_cancelled[LATE], 1);
    assert_int_equal(sim_mail_id[LATE], ~0U);
    assert_int_equal(sim_mail_cancelled[1], 0);
    assert_int_equal(sim_mail_entry[REFUSED], 0);
    assert_true(sim_cpus[ABSENT].fiber == NULL);
    /* The late one came, and waits for good. */
    assert_true(sim_cpus[LATE].fiber != NULL && sim_cpus[LATE].waits);
}

static void test_no_world_is_placed_on_the_others(void **unused)
{
    (void)unused;
    host_cpu_select(0);
    for (unsigned i = 0; i < 12U; i++) {
        struct world world = {.affinity = {~0ULL, ~0ULL}, .weight = 100};
        sched_place(&world);
        unsigned cpu = world.cpu;
        assert_true(cpu == 0U || cpu == 1U || cpu == 5U);
    }
}

/* Nothing of firmware's is left in EL2's registers; those of features that a CPU does not have are not touched. */
static void test_registers_are_made_known(void **unused)
{
    (void)unused;
    host_cpu_select(0);
    fill();
    cpu_registers_init();
    for (unsigned i = 0; i < ARRAY_SIZE(registers); i++) {
        assert_int_equal(host_sysreg_get(0, registers[i]), i < PLAIN ? 0 : 0xdeadbeef);
    }
    host_sysreg_set(0, KEY_ID_AA64MMFR0_EL1, 0x2200000000001124ULL); /* ECV 2, FGT 2 */
    host_sysreg_set(0, KEY_ID_AA64MMFR1_EL1, 1ULL << 40);            /* HCX */
    host_sysreg_set(0, KEY_ID_AA64DFR0_EL1, 1ULL << 40);             /* TraceFilt */
    host_sysreg_set(0, KEY_ID_AA64PFR0_EL1, 0x01000022ULL | 1ULL << 44);
    fill();
    cpu_registers_init();
    for (unsigned i = 0; i < ARRAY_SIZE(registers); i++) {
        assert_int_equal(host_sysreg_get(0, registers[i]), 0);
    }
}

static void reset_the_machine(void *argument)
{
    (void)argument;
    machine_reset();
}

static bool was_reset(void)
{
    return sim_was_reset;
}

/* The last test: the others are stopped before the firmware is asked. */
static void test_reset_stops_the_others(void **unused)
{
    static struct world world;
    (void)unused;
    sim_interrupt_cpu0();
    assert_int_equal(world_create_thread(&world, "reset", reset_the_machine, NULL), STATUS_OK);
    world_wake(&world);
    assert_true(sim_run(was_reset, sim_now() + 100000000U));
    sim_run_for(1000000);
    assert_true(gic.cpu[1].active[IRQ_SGI_STOP]);
    assert_true(gic.cpu[5].active[IRQ_SGI_STOP]);
    assert_false(gic.cpu[LATE].pending[IRQ_SGI_STOP]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_those_that_came_run),
        cmocka_unit_test(test_no_world_is_placed_on_the_others),
        cmocka_unit_test(test_registers_are_made_known),
        cmocka_unit_test(test_reset_stops_the_others),
    };
    return cmocka_run_group_tests(tests, boot, NULL);
}
