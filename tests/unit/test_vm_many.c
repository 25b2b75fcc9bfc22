/* SPDX-License-Identifier: Apache-2.0 */
/*
 * As many VMs as a configuration may have, with 64 vCPUs together, on four CPUs in simulated time: where their vCPUs are placed, at start and
 * after some were stopped and started again, and what share of the time each gets.
 */
#define VMS 32U
#define SIM_FIBERS 400U
#include "machine_guests.h"

#define BIG 33U /* vCPUs of VM 0: more than two Aff1 groups */
#define SECOND_ENTRY 0x40200000ULL

static void configure_all(void)
{
    for (unsigned i = 0; i < VMS; i++) {
        configure(i, i == 0U ? BIG : 1);
        config.vms[i].memory = 0x400000;
    }
}

static int boot(void **unused)
{
    (void)unused;
    guests_boot("vm_many", configure_all);
    return 0;
}

static void spin(struct vcpu *vcpu)
{
    for (uint64_t i = 1; vcpu->index == 0U && i < vcpu->vm->vcpu_count; i++) {
        assert_int_equal(guest_hvc(vcpu, PSCI_CPU_ON, i / 16U << 8 | i % 16U, SECOND_ENTRY, 0), 0);
    }
    for (;;) {
        guest_step(vcpu, MS / 10U);
    }
}

static bool all_run(void)
{
    for (unsigned i = 0; i < VMS; i++) {
        if (vm_get(i)->state != VM_RUNNING || vm_get(i)->vcpus_on != vm_get(i)->vcpu_count) {
            return false;
        }
    }
    return true;
}

static void start(unsigned index)
{
    programs[index] = spin;
    sim_interrupt_cpu0();
    assert_int_equal(vm_control_start(vm_get(index)), STATUS_OK);
}

static void check_balance(void)
{
    unsigned placed[SIM_CPUS] = {0};
    for (unsigned i = 0; i < VMS; i++) {
        for (unsigned j = 0; j < vm_get(i)->vcpu_count; j++) {
            placed[vm_get(i)->vcpus[j]->world.cpu]++;
        }
    }
    for (unsigned i = 0; i < SIM_CPUS; i++) {
        assert_int_equal(placed[i], (BIG + VMS - 1U) / SIM_CPUS);
    }
}

static uint64_t ran(unsigned index)
{
    struct vm_report report;
    vm_control_report(vm_get(index), &report);
    return report.run_ticks;
}

/* One vCPU's share of the time is its weight's: 16 to a CPU. */
static void check_shares(void)
{
    uint64_t before[VMS];
    uint64_t window = 3200U * MS;
    sim_interrupt_cpu0();
    for (unsigned i = 0; i < VMS; i++) {
        before[i] = ran(i);
    }
    sim_run_for(window);
    sim_interrupt_cpu0();
    for (unsigned i = 0; i < VMS; i++) {
        uint64_t share = (ran(i) - before[i]) * 1000U / (window * vm_get(i)->vcpu_count / 16U);
        assert_in_range(share, 950, 1050);
    }
}

static void test_all_of_them_share_the_machine(void **unused)
{
    (void)unused;
    for (unsigned i = 0; i < VMS; i++) {
        start(i);
    }
    assert_true(sim_run(all_run, sim_now() + 20000U * MS));
    check_balance();
    check_shares();
}

static unsigned awaited;

static bool is_off(void)
{
    return vm_get(awaited)->state == VM_OFF;
}

static void test_stopped_and_started_they_balance_again(void **unused)
{
    (void)unused;
    for (unsigned round = 0; round < 5U; round++) {
        unsigned first = 1U + (unsigned)seeded_below(&sim_seed, VMS - 9U);
        for (unsigned i = first; i < first + 8U; i++) {
            sim_interrupt_cpu0();
            assert_int_equal(vm_control_stop(vm_get(i), true), STATUS_OK);
        }
        for (awaited = first; awaited < first + 8U; awaited++) {
            assert_true(sim_run(is_off, sim_now() + 1000U * MS));
        }
        for (unsigned i = first; i < first + 8U; i++) {
            start(i);
        }
        assert_true(sim_run(all_run, sim_now() + 10000U * MS));
        check_balance();
    }
    check_shares();
}

static void test_a_cpu_that_is_not_there(void **unused)
{
    (void)unused;
    sim_interrupt_cpu0();
    assert_int_equal(vm_control_stop(vm_get(5), true), STATUS_OK);
    awaited = 5;
    assert_true(sim_run(is_off, sim_now() + 1000U * MS));
    config.vms[5].affinity[0] = 1ULL << SIM_CPUS;
    config.vms[5].affinity[1] = 0;
    start(5);
    assert_true(sim_run(is_off, sim_now() + 1000U * MS));
    assert_int_equal(vm_get(5)->ended, VM_REQUEST_FAILED);
    assert_int_equal(page_alloc_bytes(OWNER_VM(5)), 0);
}

static int all_down(void **unused)
{
    for (unsigned i = 0; i < VMS; i++) {
        sim_interrupt_cpu0();
        (void)vm_control_stop(vm_get(i), true);
    }
    assert_true(sim_run(all_are_off, sim_now() + 2000U * MS));
    return nothing_is_left(unused);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_of_them_share_the_machine),
        cmocka_unit_test(test_stopped_and_started_they_balance_again),
        cmocka_unit_test_teardown(test_a_cpu_that_is_not_there, all_down),
    };
    return cmocka_run_group_tests(tests, boot, NULL);
}
