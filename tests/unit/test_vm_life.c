/* SPDX-License-Identifier: Apache-2.0 */
/* Virtual machines from start to end on four CPUs in simulated time (machine_guests.h). */
#define VMS 2U
#include "machine_guests.h"

static void configure_all(void)
{
    configure(0, 4);
    configure(1, 2);
}

static int boot(void **unused)
{
    (void)unused;
    guests_boot("vm_life", configure_all);
    return 0;
}

static void start(unsigned index, void (*program)(struct vcpu *vcpu))
{
    memset(starts[index], 0, sizeof(starts[index]));
    programs[index] = program;
    sim_interrupt_cpu0();
    assert_int_equal(vm_control_start(vm_get(index)), STATUS_OK);
}

static bool vm_0_is_off(void)
{
    return vm_get(0)->state == VM_OFF;
}

static bool vm_0_is_held(void)
{
    return vm_get(0)->state == VM_HELD;
}

/* ---- scenarios ---- */

static void off_at_once(struct vcpu *vcpu)
{
    uint8_t byte = 0;
    assert_int_equal(guest_read(&vcpu->vm->memory, ipa_make(VM_RAM_BASE + 0x80000U + KERNEL_SIZE - 1U), &byte, 1),
                     STATUS_OK);
    assert_int_equal(byte, 0x5a);
    guest_run(vcpu, 2U * MS);
    (void)guest_hvc(vcpu, PSCI_SYSTEM_OFF, 0, 0, 0);
    fail_msg("SYSTEM_OFF came back");
}

static void test_system_off(void **unused)
{
    (void)unused;
    start(0, off_at_once);
    assert_true(sim_run(vm_0_is_off, sim_now() + 1000U * MS));
    assert_int_equal(starts[0][0], 1);
    assert_int_equal(starts[0][1], 0);
}

#define SECOND_ENTRY 0x40200000ULL

/* Brings the others up, sees them on, has them work, and ends. */
static void smp_program(struct vcpu *vcpu)
{
    if (vcpu->index != 0U) {
        assert_int_equal(vcpu->entry, SECOND_ENTRY);
        assert_int_equal(vcpu->frame->x[0], 0x1000U + vcpu->index);
        guest_run(vcpu, 3U * MS);
        (void)guest_hvc(vcpu, PSCI_CPU_OFF, 0, 0, 0);
        fail_msg("CPU_OFF came back");
    }
    for (uint64_t i = 1; i < vcpu->vm->vcpu_count; i++) {
        assert_int_equal((int64_t)guest_hvc(vcpu, PSCI_CPU_ON, i, SECOND_ENTRY + 2U, 0), -9);
        assert_int_equal((int64_t)guest_hvc(vcpu, PSCI_CPU_ON, i, 0x1000, 0), -9);
        assert_int_equal(guest_hvc(vcpu, PSCI_CPU_ON, i, SECOND_ENTRY, 0x1000U + i), 0);
        int64_t again = (int64_t)guest_hvc(vcpu, PSCI_CPU_ON, i, SECOND_ENTRY, 0x1000U + i);
        assert_true(again == -4 || again == -5);
        guest_run(vcpu, MS);
        assert_int_equal((int64_t)guest_hvc(vcpu, PSCI_CPU_ON, i, SECOND_ENTRY, 0), -4);
        assert_int_equal(guest_hvc(vcpu, PSCI_AFFINITY_INFO, i, 0, 0), 0);
    }
    assert_int_equal((int64_t)guest_hvc(vcpu, PSCI_CPU_ON, 99, SECOND_ENTRY, 0), -2);
    for (uint64_t i = 1; i < vcpu->vm->vcpu_count; i++) {
        while (guest_hvc(vcpu, PSCI_AFFINITY_INFO, i, 0, 0) != 1U) {
            guest_run(vcpu, 1000);
        }
        /* Off and on again. */
        assert_int_equal(guest_hvc(vcpu, PSCI_CPU_ON, i, SECOND_ENTRY, 0x1000U + i), 0);
    }
    guest_run(vcpu, MS / 2U);
    (void)guest_hvc(vcpu, PSCI_SYSTEM_OFF, 0, 0, 0);
}

static void test_vcpus_on_and_off(void **unused)
{
    (void)unused;
    for (unsigned round = 0; round < 6U; round++) {
        sim_preempt = round == 0U ? 0U : 4U;
        start(0, smp_program);
        start(1, smp_program);
        assert_true(sim_run(all_are_off, sim_now() + 10000U * MS));
        for (unsigned i = 1; i < 4U; i++) {
            assert_int_equal(starts[0][i], 2);
        }
        assert_int_equal(starts[1][1], 2);
    }
}

static unsigned resets;
static bool reset_comes;

static void reset_program(struct vcpu *vcpu)
{
    if (vcpu->index != 0U) {
        while (!reset_comes) {
            guest_run(vcpu, 500);
        }
        /* No interrupt ends this: one may be on its way just as the HVC is executed. */
        sim_work(seeded_below(&sim_seed, 4000));
        (void)guest_hvc(vcpu, PSCI_CPU_OFF, 0, 0, 0);
    }
    reset_comes = false;
    for (uint64_t i = 1; i < vcpu->vm->vcpu_count; i++) {
        (void)guest_hvc(vcpu, PSCI_CPU_ON, i, SECOND_ENTRY, 0);
    }
    guest_run(vcpu, seeded_below(&sim_seed, MS));
    reset_comes = true;
    (void)guest_hvc(vcpu, ++resets < 60U ? PSCI_SYSTEM_RESET : PSCI_SYSTEM_OFF, 0, 0, 0);
}

/* The others power themselves off just when the reset is asked for: it stays a reset, whoever is last. */
static void test_resets_with_vcpus_that_go(void **unused)
{
    (void)unused;
    config.vms[0].on_reset = CONFIG_RESET_RESTART;
    config.vms[0].on_crash = CONFIG_CRASH_STOP;
    resets = 0;
    sim_preempt = 4;
    start(0, reset_program);
    assert_true(sim_run(vm_0_is_off, sim_now() + 30000U * MS));
    assert_int_equal(resets, 60);
    assert_int_equal(starts[0][0], 60);
}

static void test_reset_may_stop(void **unused)
{
    (void)unused;
    config.vms[0].on_reset = CONFIG_RESET_STOP;
    resets = 0;
    start(0, reset_program);
    assert_true(sim_run(vm_0_is_off, sim_now() + 1000U * MS));
    assert_int_equal(resets, 1);
    config.vms[0].on_reset = CONFIG_RESET_RESTART;
}

static void all_off_program(struct vcpu *vcpu)
{
    if (vcpu->index == 0U && starts[0][0] == 3U) {
        (void)guest_hvc(vcpu, PSCI_SYSTEM_OFF, 0, 0, 0);
    }
    if (vcpu->index == 0U) {
        (void)guest_hvc(vcpu, PSCI_CPU_ON, 1, SECOND_ENTRY, 0);
    }
    guest_run(vcpu, MS);
    (void)guest_hvc(vcpu, PSCI_CPU_OFF, 0, 0, 0);
}

/* With every vCPU off and nobody to wake one the VM has crashed: what then is the configuration's. */
static void test_crash_by_configuration(void **unused)
{
    (void)unused;
    config.vms[0].on_crash = CONFIG_CRASH_RESTART;
    start(0, all_off_program);
    assert_true(sim_run(vm_0_is_off, sim_now() + 1000U * MS));
    assert_int_equal(starts[0][0], 3);

    config.vms[0].on_crash = CONFIG_CRASH_STOP;
    start(0, all_off_program);
    assert_true(sim_run(vm_0_is_off, sim_now() + 1000U * MS));
    assert_int_equal(starts[0][0], 1);

    config.vms[0].on_crash = CONFIG_CRASH_HOLD;
    start(0, all_off_program);
    assert_true(sim_run(vm_0_is_held, sim_now() + 1000U * MS));
    assert_true(page_alloc_bytes(OWNER_VM(0)) > 0x800000U);
    assert_int_equal(starts[0][0], 1);
    sim_interrupt_cpu0();
    assert_int_equal(vm_control_stop(vm_get(0), false), STATUS_OK);
    assert_true(sim_run(vm_0_is_off, sim_now() + 1000U * MS));
}

static void spin_program(struct vcpu *vcpu)
{
    if (vcpu->vm->index == 1U && vcpu->index == 0U) {
        guest_run(vcpu, 20U * MS);
        vm_request(vm_get(0), VM_REQUEST_OFF, "asked for by a test");
        vm_request(vm_get(0), VM_REQUEST_RESET, "too late");
        (void)guest_hvc(vcpu, PSCI_SYSTEM_OFF, 0, 0, 0);
    }
    if (vcpu->index == 0U) {
        for (uint64_t i = 1; i < vcpu->vm->vcpu_count; i++) {
            (void)guest_hvc(vcpu, PSCI_CPU_ON, i, SECOND_ENTRY, 0);
        }
    }
    guest_run(vcpu, 1ULL << 40);
}

/* A VM whose vCPUs never exit by themselves ends when it is asked to, from another CPU. */
static void test_stop_from_outside(void **unused)
{
    (void)unused;
    sim_preempt = 5;
    start(0, spin_program);
    start(1, spin_program);
    assert_true(sim_run(all_are_off, sim_now() + 2000U * MS));
    assert_int_equal(starts[0][3], 1);
}

/* The keeper looks on while the last vCPU leaves: nothing is taken from under it. */
static void test_ends_again_and_again(void **unused)
{
    (void)unused;
    for (unsigned round = 0; round < 60U; round++) {
        sim_preempt = 2;
        start(1, off_at_once);
        assert_true(sim_run(all_are_off, sim_now() + 1000U * MS));
        assert_int_equal(starts[1][0], 1);
    }
}

static void test_no_kernel_is_no_start(void **unused)
{
    (void)unused;
    handoff.modules[0].kind = HANDOFF_MODULE_INITRD;
    start(0, off_at_once);
    assert_true(sim_run(vm_0_is_off, sim_now() + 1000U * MS));
    handoff.modules[0].kind = HANDOFF_MODULE_KERNEL;
    assert_int_equal(starts[0][0], 0);
    config.vms[0].kernel_offset = 0x7ff000;
    start(0, off_at_once);
    assert_true(sim_run(vm_0_is_off, sim_now() + 1000U * MS));
    config.vms[0].kernel_offset = 0x80000;
    assert_int_equal(starts[0][0], 0);
}

/* ---- allocations that fail ---- */

#define SINGLES 512U
static pa_t singles[SINGLES];
static pa_t blocks[256];
static unsigned block_orders[256];

/* Leaves 8 MiB for the guest's RAM and so many pages; each failing vm_create gives back all that it took. */
static void test_creation_fails_at_each_allocation(void **unused)
{
    unsigned count = 0;
    unsigned failures = 0;
    bool made = false;
    pa_t ram;
    (void)unused;
    host_cpu_select(0);
    assert_int_equal(page_alloc(OWNER_HV, 11, &ram), STATUS_OK);
    for (unsigned i = 0; i < SINGLES; i++) {
        assert_int_equal(page_alloc(OWNER_HV, 0, &singles[i]), STATUS_OK);
    }
    for (unsigned order = PAGE_ORDERS; order-- > 0U;) {
        while (count < ARRAY_SIZE(blocks) && page_alloc(OWNER_HV, order, &blocks[count]) == STATUS_OK) {
            block_orders[count++] = order;
        }
    }
    assert_int_equal(page_alloc_bytes(OWNER_FREE), 0);
    assert_int_equal(vm_create(vm_get(0)), STATUS_NO_MEMORY);
    page_free(OWNER_HV, 11, ram);
    uint64_t cpu_bytes = page_alloc_bytes(OWNER_CPU);
    for (unsigned given = 0; given < SINGLES && !made; given++) {
        uint64_t tables = page_alloc_bytes(OWNER_TABLES);
        made = vm_create(vm_get(0)) == STATUS_OK;
        if (made) {
            vm_destroy(vm_get(0));
        }
        failures += made ? 0U : 1U;
        assert_int_equal(page_alloc_bytes(OWNER_VM(0)), 0);
        assert_int_equal(page_alloc_bytes(OWNER_CPU), cpu_bytes);
        assert_true(page_alloc_bytes(OWNER_TABLES) <= tables + 2U * PAGE_SIZE);
        page_free(OWNER_HV, 0, singles[given]);
        singles[given].pa = 0;
    }
    assert_true(made);
    assert_true(failures > 20U);
    for (unsigned i = 0; i < SINGLES; i++) {
        if (singles[i].pa != 0U) {
            page_free(OWNER_HV, 0, singles[i]);
        }
    }
    while (count-- > 0U) {
        page_free(OWNER_HV, block_orders[count], blocks[count]);
    }
}

static bool is_powered_off(void)
{
    return sim_powered_off;
}

/* The last test of the program: the machine goes off with its last VM. */
static void test_the_machine_goes_off_with_its_last_vm(void **unused)
{
    (void)unused;
    config.when_idle = CONFIG_IDLE_POWEROFF;
    start(1, smp_program);
    assert_true(sim_run(is_powered_off, sim_now() + 1000U * MS));
    assert_true(all_are_off());
    assert_false(sim_was_reset);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_system_off, nothing_is_left),
        cmocka_unit_test_teardown(test_vcpus_on_and_off, nothing_is_left),
        cmocka_unit_test_teardown(test_resets_with_vcpus_that_go, nothing_is_left),
        cmocka_unit_test_teardown(test_reset_may_stop, nothing_is_left),
        cmocka_unit_test_teardown(test_crash_by_configuration, nothing_is_left),
        cmocka_unit_test_teardown(test_stop_from_outside, nothing_is_left),
        cmocka_unit_test_teardown(test_ends_again_and_again, nothing_is_left),
        cmocka_unit_test_teardown(test_no_kernel_is_no_start, nothing_is_left),
        cmocka_unit_test_teardown(test_creation_fails_at_each_allocation, nothing_is_left),
        cmocka_unit_test(test_the_machine_goes_off_with_its_last_vm),
    };
    return cmocka_run_group_tests(tests, boot, NULL);
}
