/* SPDX-License-Identifier: Apache-2.0 */
/*
 * VMs on the simulated machine (machine_sim.h): the real keeper, vCPUs, devices and trap dispatch. A guest is a C function that does
 * work, takes what interrupts its CPU, and calls PSCI by HVC as a guest's instruction would. A program defines VMS and
 * calls guests_boot once, with a function that calls configure for each VM.
 */
#pragma once

#include "machine_sim.h"

#include "arch/frame.h"
#include "cpu/errata.h"
#include "dev/devices.h"
#include "mem/stage2.h"
#include "trap/trap.h"
#include "vm/guest_registers.h"
#include "vm/machine.h"
#include "vm/vcpu.h"
#include "vm/vm.h"
#include "vm/vm_control.h"

#define MS 62500ULL
#define GUEST_PC 0x40100000ULL
#define KERNEL_PA 0x118000000ULL /* behind RAM */
#define KERNEL_SIZE 5000U

#define PSCI_CPU_SUSPEND 0xc4000001ULL
#define PSCI_CPU_OFF 0x84000002ULL
#define PSCI_CPU_ON 0xc4000003ULL
#define PSCI_AFFINITY_INFO 0xc4000004ULL
#define PSCI_SYSTEM_OFF 0x84000008ULL
#define PSCI_SYSTEM_RESET 0x84000009ULL

static struct config config = {.console = 0, .when_idle = CONFIG_IDLE_MONITOR, .vm_count = VMS};
static struct handoff handoff;
static jmp_buf restarts[VMS][CONFIG_MAX_VCPUS];
static unsigned starts[VMS][CONFIG_MAX_VCPUS]; /* of each vCPU, since the test began */
static void (*programs[VMS])(struct vcpu *vcpu);
static unsigned checked;

/* ---- the guest's side ---- */

/* After an exit: the vCPU goes on, or it was powered off and starts anew. */
static void guest_after_exit(struct vcpu *vcpu)
{
    if (vcpu->frame->elr != GUEST_PC) {
        longjmp(restarts[vcpu->vm->index][vcpu->index], 1);
    }
}

/* What the vectors do on the way back (arch/aarch64/vectors.S, guest_leave). */
static void guest_leave(struct vcpu *vcpu)
{
    if (__atomic_load_n(&vcpu->world.work, __ATOMIC_ACQUIRE) != 0U) {
        vcpu_work(vcpu);
    }
}

static uint64_t guest_hvc(struct vcpu *vcpu, uint64_t function, uint64_t x1, uint64_t x2, uint64_t x3)
{
    vcpu->frame->x[0] = function;
    vcpu->frame->x[1] = x1;
    vcpu->frame->x[2] = x2;
    vcpu->frame->x[3] = x3;
    sysreg_write(ESR_EL2, 0x16ULL << 26 | 1U << 25);
    trap_guest_sync(vcpu->frame);
    guest_leave(vcpu);
    guest_after_exit(vcpu);
    return vcpu->frame->x[0];
}

/* Works for so long before it can be interrupted. */
static void guest_step(struct vcpu *vcpu, uint64_t step)
{
    sim_work(step);
    assert_ptr_equal(sched_resident(), &vcpu->world);
    assert_int_equal(sysreg_read(VMPIDR_EL2) & 0xffffU, vcpu->index / 16U << 8 | vcpu->index % 16U);
    assert_true(spinlock_none_held());
    if (gic_highest(host_cpu()) != GIC_NONE) {
        trap_guest_irq(vcpu->frame);
        guest_leave(vcpu);
        guest_after_exit(vcpu);
    }
}

static inline void guest_run(struct vcpu *vcpu, uint64_t ticks)
{
    while (ticks > 0U) {
        uint64_t step = ticks < 500U ? ticks : 500U;
        ticks -= step;
        guest_step(vcpu, step);
    }
}

static void guest_main(struct world *world)
{
    struct vcpu *vcpu = (struct vcpu *)(void *)world;
    assert_ptr_equal(vcpu_of_frame(vcpu->frame), vcpu);
    vcpu_work(vcpu);
    (void)setjmp(restarts[vcpu->vm->index][vcpu->index]);
    /* DDI 0487 and DEN 0022: EL1h, masked, MMU off, x0 the context. */
    assert_int_equal(vcpu->frame->spsr, 0x3c5);
    assert_int_equal(vcpu->frame->elr, vcpu->entry);
    assert_int_equal(vcpu->frame->x[0], vcpu->entry_context);
    assert_int_equal(vcpu->power, VCPU_ON);
    starts[vcpu->vm->index][vcpu->index]++;
    vcpu->frame->elr = GUEST_PC;
    programs[vcpu->vm->index](vcpu);
    fail_msg("a guest's program returned");
}

/* ---- the machine ---- */

static void prepare(void)
{
    host_sysreg_set_all(KEY_MIDR_EL1, 0x410fd083); /* Cortex-A72 */
    errata_detect();
    assert_int_equal(stage2_setup(features_pa_bits(), features_vmid_bits()), STATUS_OK);
    features_guest_prepare(stage2_ipa_bits());
    guest_registers_prepare();
    trap_init();
    devices_init(&sim_platform);
}

static void cpu_ready(void)
{
    vcpu_cpu_init();
    devices_cpu_init();
    checked++;
}

static bool cpus_are_ready(void)
{
    return checked == SIM_CPUS;
}

static void configure(unsigned index, uint32_t cpus)
{
    struct vm_config *vm = &config.vms[index];
    *vm = (struct vm_config){.cpus = cpus, .memory = 0x800000, .flat = true, .kernel_offset = 0x80000, .weight = 100};
    (void)snprintf(vm->name, sizeof(vm->name), "vm%u", index);
    vm->affinity[0] = ~0ULL;
    vm->affinity[1] = ~0ULL;
    vm->kernel_size = KERNEL_SIZE;
    handoff.modules[index] = (struct handoff_module){index, HANDOFF_MODULE_KERNEL, KERNEL_PA, KERNEL_SIZE};
    handoff.module_count = VMS;
}

/* Until every CPU is up; then the keeper, and no VM unless one of config's autostarts. */
static void guests_boot(const char *name, void (*configure_all)(void))
{
    sim_guest = guest_main;
    sim_prepare = prepare;
    sim_ready = cpu_ready;
    sim_boot(name);
    assert_true(sim_run(cpus_are_ready, 1ULL << 40));
    host_phys_add(KERNEL_PA, 0x10000);
    configure_all();
    memset(phys_to_pointer(KERNEL_PA), 0x5a, KERNEL_SIZE);
    sim_interrupt_cpu0();
    vm_setup(&config, &handoff);
    assert_int_equal(keeper_start(&config), STATUS_OK);
}

static bool all_are_off(void)
{
    for (unsigned i = 0; i < VMS; i++) {
        if (vm_get(i)->state != VM_OFF) {
            return false;
        }
    }
    return true;
}

static bool timer_is_of_log(const struct timer *timer)
{
    for (unsigned i = 0; i < VMS; i++) {
        if (timer == &vm_get(i)->log.summary) {
            return true;
        }
    }
    return false;
}

/* Every VM is off: no page, no EL1 state and no timer of one is left anywhere. */
static int nothing_is_left(void **unused)
{
    (void)unused;
    assert_true(all_are_off());
    sim_preempt = 0;
    sim_run_for(50U * MS);
    for (unsigned i = 0; i < VMS; i++) {
        assert_int_equal(page_alloc_bytes(OWNER_VM(i)), 0);
    }
    for (unsigned i = 0; i < SIM_CPUS; i++) {
        assert_null(prda_of(i)->resident);
        assert_int_equal(host_sysreg_get(i, KEY_VTTBR_EL2), 0);
        assert_ptr_equal(prda_of(i)->current, prda_of(i)->idle);
        for (const struct timer *timer = prda_of(i)->timers; timer != NULL; timer = timer->next) {
            /* A slice that runs out, or a count of log lines, which outlives a VM's run. */
            assert_true(timer->deadline < sim_now() + 100U * MS || timer_is_of_log(timer));
        }
    }
    sim_preempt = 0;
    return 0;
}
