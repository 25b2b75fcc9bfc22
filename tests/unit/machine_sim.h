/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A machine of several CPUs in simulated time, for tests of what runs on more than one: the real bring-up, GIC and timer drivers, scheduler
 * and worlds. Every world is a coroutine; a CPU gives way to the others where it waits, where simulated work is done, and, chosen by a
 * seeded generator, at each taking and releasing of a lock. The CPU that is furthest behind in time goes on. One file of a program
 * includes it; sim_boot once per program.
 */
#pragma once

#include <sanitizer/common_interface_defs.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <ucontext.h>

#include <cmocka.h>

#include "arch/host/host_device.h"
#include "arch/host/host_smccc.h"
#include "arch/host/host_switch.h"
#include "arch/phys.h"
#include "arch/spinlock.h"
#include "cpu/errata.h"
#include "cpu/features.h"
#include "cpu/gic.h"
#include "cpu/irq.h"
#include "cpu/mitigations.h"
#include "cpu/prda.h"
#include "cpu/timer.h"
#include "cpu/timer_hw.h"
#include "fw/psci_firmware.h"
#include "fw/smccc_firmware.h"
#include "machine_gic.h"
#include "mem/page_alloc.h"
#include "sched/sched.h"
#include "sched/smp.h"
#include "sched/switch.h"
#include "seeded.h"

#ifndef SIM_CPUS
#define SIM_CPUS 4U
#endif
#ifndef SIM_FIBERS
#define SIM_FIBERS 160U
#endif
#define SIM_FIBER_STACK 65536U
#define SIM_RAM 0x80000000ULL
#define SIM_RAM_SIZE 0x20000000ULL
#define SIM_PPI_HYP 26U
#define SIM_PPI_VIRT 27U
#define SIM_ENTRY_PA 0x1000ULL
#define SIM_LATE 40000000U /* ticks */
#define SIM_MAIL 0x70000000ULL
#define SIM_MAIL_VA (STAGE1_DEVICE_BASE + 0x10000U + SIM_CPUS * 0x20000U)

void cpu_secondary_entry(void);
void cpu_secondary_main(void);

struct sim_fiber {
    ucontext_t context;
    void *stack;
    size_t stack_size;
    struct world *world;
    uint64_t first_sp; /* of a world: where its first frame lies */
    void (*main)(void);
};

struct sim_cpu {
    struct sim_fiber *fiber; /* NULL: not started */
    uint64_t time;
    bool waits;
    bool works; /* in sim_work, where a CPU may be interrupted */
    bool off;
};

static struct sim_fiber sim_fibers[SIM_FIBERS];
static struct sim_fiber sim_main_fiber;
static struct sim_fiber *sim_running = &sim_main_fiber;
static struct sim_fiber *sim_from;
static struct sim_cpu sim_cpus[SIM_CPUS];
static struct seeded sim_seed;
static unsigned sim_preempt; /* one lock in so many gives way; 0: none */
static struct platform sim_platform;
static struct handoff sim_handoff;
static bool sim_powered_off;
static bool sim_was_reset;
static uint32_t sim_no_gic_cpu = ~0U;     /* no redistributor says that it belongs to this one */
static uint32_t sim_late_cpu = ~0U;       /* this one takes longer to leave its pen than anybody waits */
static uint32_t sim_absent_cpu = ~0U;     /* this one never reached its mailbox */
static uint32_t sim_refuse_cpu = ~0U;     /* this one's mailbox is not free */
static uint64_t sim_frequency;            /* of the counter; 0: as the model has it */
static uint64_t sim_mail_entry[SIM_CPUS]; /* of each mailbox */
static uint32_t sim_mail_id[SIM_CPUS], sim_mail_cancelled[SIM_CPUS];
/* What a vCPU's world runs as its guest; set by the tests that have any. */
static void (*sim_guest)(struct world *world);

static void sim_swap(struct sim_fiber *to)
{
    struct sim_fiber *from = sim_running;
    void *fake = NULL;
    sim_from = from;
    sim_running = to;
    __sanitizer_start_switch_fiber(&fake, to->stack, to->stack_size);
    (void)swapcontext(&from->context, &to->context);
    __sanitizer_finish_switch_fiber(fake, (const void **)&sim_from->stack, &sim_from->stack_size);
}

static void sim_enter(void)
{
    __sanitizer_finish_switch_fiber(NULL, (const void **)&sim_from->stack, &sim_from->stack_size);
    sim_running->main();
    abort();
}

static struct sim_fiber *sim_fiber_make(struct world *world, void (*function)(void))
{
    for (unsigned i = 0; i < SIM_FIBERS; i++) {
        struct sim_fiber *fiber = &sim_fibers[i];
        if (fiber->stack != NULL && (fiber->world == NULL || fiber->world != world)) {
            continue;
        }
        if (fiber->stack == NULL) {
            fiber->stack = mmap(NULL, SIM_FIBER_STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
            fiber->stack_size = SIM_FIBER_STACK;
        }
        (void)getcontext(&fiber->context);
        fiber->context.uc_stack.ss_sp = fiber->stack;
        fiber->context.uc_stack.ss_size = fiber->stack_size;
        fiber->context.uc_link = NULL;
        makecontext(&fiber->context, sim_enter, 0);
        fiber->world = world;
        fiber->main = function;
        return fiber;
    }
    fail_msg("more than %u coroutines", SIM_FIBERS);
    return NULL;
}

static struct sim_fiber *sim_fiber_of(const struct world *world)
{
    for (unsigned i = 0; i < SIM_FIBERS; i++) {
        if (sim_fibers[i].world == world) {
            return &sim_fibers[i];
        }
    }
    return NULL;
}

static struct sim_cpu *sim_self(void)
{
    return &sim_cpus[host_cpu()];
}

/* Lets other CPUs run; returns when this CPU is the one furthest behind. */
static void sim_yield(void)
{
    unsigned cpu = host_cpu();
    sim_cpus[cpu].fiber = sim_running;
    sim_swap(&sim_main_fiber);
    host_cpu_select(cpu);
}

/* ticks of work. */
static inline void sim_work(uint64_t ticks)
{
    struct sim_cpu *cpu = sim_self();
    cpu->time += ticks;
    cpu->works = true;
    sim_yield();
    cpu->works = false;
}

static void sim_wait_hook(void)
{
    struct sim_cpu *cpu = sim_self();
    cpu->waits = host_waits_for_interrupt();
    cpu->time += 60U;
    sim_yield();
    cpu->waits = false;
}

static void sim_lock_hook(void)
{
    if (sim_running != &sim_main_fiber && sim_preempt != 0U && seeded_below(&sim_seed, sim_preempt) == 0U) {
        sim_self()->time += seeded_below(&sim_seed, 300);
        sim_yield();
    }
}

static uint64_t sim_last_count;

static uint64_t sim_count_read(uint32_t key, void *context)
{
    (void)key;
    (void)context;
    /* One counter for all: whoever reads later reads more. */
    uint64_t time = sim_self()->time;
    sim_last_count = time > sim_last_count ? time : sim_last_count + 1U;
    return sim_self()->time = sim_last_count;
}

static void sim_wire_timer(unsigned cpu, unsigned intid, uint32_t ctl_key, uint32_t cval_key, uint64_t offset)
{
    uint64_t ctl = host_sysreg_get(cpu, ctl_key);
    gic.cpu[cpu].wire[intid] = (ctl & 3U) == 1U && sim_cpus[cpu].time - offset >= host_sysreg_get(cpu, cval_key) &&
                               sim_cpus[cpu].time >= offset;
}

static void gic_wire_sample(unsigned cpu)
{
    sim_wire_timer(cpu, SIM_PPI_HYP, KEY_CNTHP_CTL_EL2, KEY_CNTHP_CVAL_EL2, 0);
    sim_wire_timer(cpu, SIM_PPI_VIRT, KEY_CNTV_CTL_EL0, KEY_CNTV_CVAL_EL0, host_sysreg_get(cpu, KEY_CNTVOFF_EL2));
}

static uint64_t sim_cntv_read(uint32_t key, void *context)
{
    (void)context;
    gic_wire_sample(host_cpu());
    return host_sysreg_get(host_cpu(), key) | (gic.cpu[host_cpu()].wire[SIM_PPI_VIRT] ? 4U : 0U);
}

/* ---- worlds ---- */

/* What world_switch_stacks would pop first (arch/aarch64/vectors.S): x29, x30, x19, x20. */
static const uint64_t *sim_first_frame(const struct sim_fiber *fiber)
{
    pa_t pa;
    enum stage1_attr attr;
    assert_int_equal(stage1_lookup(va_make(fiber->first_sp), &pa, &attr), STATUS_OK);
    assert_int_equal(attr, STAGE1_RW);
    return phys_to_pointer(pa.pa);
}

static void sim_world_main(void)
{
    const uint64_t *frame = sim_first_frame(sim_running);
    assert_ptr_equal((void *)(uintptr_t)frame[1], (void *)(uintptr_t)world_start);
    sched_switched();
    ((void (*)(void *))(uintptr_t)frame[2])((void *)(uintptr_t)frame[3]);
    fail_msg("a thread's function returned");
}

static void sim_vcpu_main(void)
{
    const uint64_t *frame = sim_first_frame(sim_running);
    assert_ptr_equal((void *)(uintptr_t)frame[2], sim_running->world);
    sched_switched();
    sim_guest(sim_running->world);
    fail_msg("a guest returned");
}

static void sim_on_switch(uint64_t *save, uint64_t load)
{
    struct world *previous = CONTAINER_OF(save, struct world, saved_sp);
    struct world *next = PRDA->current;
    struct sim_fiber *fiber = sim_fiber_of(next);
    assert_ptr_not_equal(previous, next);
    assert_int_equal(load, next->saved_sp);
    sim_running->world = previous;
    /* A coroutine that was left has 1 there; a world made anew at the same address has not. */
    if (load != 1U) {
        const uint64_t *first;
        fiber = sim_fiber_make(next, NULL);
        fiber->first_sp = load;
        first = sim_first_frame(fiber);
        fiber->main = first[1] == (uint64_t)(uintptr_t)vcpu_start ? sim_vcpu_main : sim_world_main;
    }
    *save = 1U;      /* the coroutine knows */
    sim_swap(fiber); /* comes back on the CPU that switches to it: another one, where it was placed anew */
}

/* ---- firmware and start-up ---- */

static void sim_firmware(void *context, const uint64_t arguments[8], uint64_t results[4])
{
    (void)context;
    if (arguments[0] == 0x84000008ULL || arguments[0] == 0x84000009ULL) {
        sim_powered_off = arguments[0] == 0x84000008ULL;
        sim_was_reset = !sim_powered_off;
        sim_self()->off = true;
        sim_yield();
    }
    (void)results;
    /* Nothing else is asked of it: CPUs are started by mailbox. */
    assert_int_equal(arguments[0] >> 24 & 0x3fU, 4);
    assert_true(arguments[0] != 0xc4000003ULL);
}

/* ---- mailboxes: pages of reserved RAM, mapped as devices behind the GIC in the order in which CPUs are started ---- */

static unsigned sim_mail_cpu(uint64_t offset)
{
    pa_t pa;
    enum stage1_attr attr;
    assert_int_equal(stage1_lookup(va_make(SIM_MAIL_VA + offset), &pa, &attr), STATUS_OK);
    assert_int_equal(attr, STAGE1_DEVICE);
    assert_true(pa.pa >= SIM_MAIL && pa.pa < SIM_MAIL + SIM_CPUS * 0x1000U);
    return (unsigned)((pa.pa - SIM_MAIL) >> 12);
}

static uint64_t sim_mail_read(void *context, uint64_t offset, unsigned size)
{
    unsigned cpu = sim_mail_cpu(offset);
    (void)context;
    (void)size;
    return offset % 0x1000U == 0U ? sim_mail_id[cpu] : offset % 0x1000U == 8U ? sim_mail_entry[cpu] : 0U;
}

/* The pen: takes the entry as soon as the id is its own. */
static void sim_mail_pen(unsigned cpu)
{
    const struct cpu_start *start = NULL;
    assert_int_equal(sim_mail_entry[cpu], SIM_ENTRY_PA);
    for (unsigned i = 0; cpu_start_rows[i].start != 0U; i++) {
        if (cpu_start_rows[i].mpidr == cpu) {
            start = phys_to_pointer(cpu_start_rows[i].start);
        }
    }
    assert_non_null(start);
    assert_int_equal(start->sctlr, stage1_sctlr());
    assert_true(start->prda == prda_of(prda_count() - 1U)->self);
    sim_mail_entry[cpu] = 0;
    sim_cpus[cpu].fiber = sim_fiber_make(NULL, cpu_secondary_main);
    sim_cpus[cpu].fiber->world = prda_of(prda_count() - 1U)->idle;
    sim_cpus[cpu].time = sim_self()->time + (sim_late_cpu == cpu ? SIM_LATE : 1000U);
}

static void sim_mail_write(void *context, uint64_t offset, unsigned size, uint64_t value)
{
    unsigned cpu = sim_mail_cpu(offset);
    (void)context;
    (void)size;
    switch (offset % 0x1000U) {
    case 0x000:
        sim_mail_id[cpu] = (uint32_t)value;
        if (value == 0x50U + cpu) {
            sim_mail_pen(cpu);
        }
        break;
    case 0x008:
        sim_mail_entry[cpu] = value;
        break;
    case 0xb00:
        sim_mail_cancelled[cpu] = (uint32_t)value;
        break;
    default:
        fail_msg("the hypervisor wrote to offset %#lx of a mailbox", (unsigned long)(offset % 0x1000U));
    }
}

static void sim_mail_install(void)
{
    sim_handoff.cpu_count = SIM_CPUS;
    sim_handoff.conduit = HANDOFF_CONDUIT_SMC;
    for (unsigned i = 0; i < SIM_CPUS; i++) {
        sim_mail_id[i] = ~0U;
        sim_handoff.cpus[i] = (struct handoff_cpu){
            .mpidr = i, .mailbox = SIM_MAIL + i * 0x1000U, .number = 0x50U + i, .state = HANDOFF_CPU_PARKED};
    }
    sim_handoff.cpus[0].state = HANDOFF_CPU_BOOT;
    if (sim_refuse_cpu < SIM_CPUS) {
        sim_mail_id[sim_refuse_cpu] = 0;
    }
    if (sim_absent_cpu < SIM_CPUS) {
        sim_handoff.cpus[sim_absent_cpu] = (struct handoff_cpu){.mpidr = sim_absent_cpu, .state = HANDOFF_CPU_LEFT_OUT};
    }
    host_device_add(&(struct host_device){(volatile void *)(uintptr_t)SIM_MAIL_VA, SIM_CPUS * 0x1000U, sim_mail_read,
                                          sim_mail_write, NULL});
}

static void sim_machine(void)
{
    host_reset();
    host_phys_add(SIM_RAM, SIM_RAM_SIZE);
    host_phys_add_object(SIM_ENTRY_PA, 16, (void *)(uintptr_t)cpu_secondary_entry);
    host_sysreg_set_all(KEY_ID_AA64DFR0_EL1, 0x305006); /* 6 breakpoints, 4 watchpoints */
    if (sim_frequency != 0U) {
        host_sysreg_set_all(KEY_CNTFRQ_EL0, sim_frequency);
    }
    page_alloc_reset();
    host_prda_reset();
    gic_model_install(SIM_CPUS);
    sim_mail_install();
    host_sysreg_hook(KEY_CNTPCT_EL0, sim_count_read, NULL, NULL);
    host_sysreg_hook(KEY_CNTV_CTL_EL0, sim_cntv_read, NULL, NULL);
    host_smccc_set(sim_firmware, NULL);
    host_on_switch = sim_on_switch;
    host_wait_hook(sim_wait_hook);
    host_lock_hook(sim_lock_hook);
    sim_platform = (struct platform){.gicd_base = GIC_GICD, .redistributor_count = 1, .cpu_count = SIM_CPUS};
    sim_platform.redistributors[0] = (struct platform_range){GIC_GICR, SIM_CPUS * 0x20000U};
    sim_platform.timer_hyp_intid = SIM_PPI_HYP;
    sim_platform.timer_virt_intid = SIM_PPI_VIRT;
    sim_platform.conduit = CONDUIT_SMC;
    for (unsigned i = 0; i < SIM_CPUS; i++) {
        sim_platform.cpus[i] = (struct platform_cpu){.mpidr = i, .enabled = true, .maintenance_intid = 25};
    }
}

/* The CPU to go on: furthest behind in time, of those that can. ~0U: nothing can happen any more. */
static unsigned sim_next(uint64_t *at)
{
    unsigned best = ~0U;
    for (unsigned i = 0; i < SIM_CPUS; i++) {
        struct sim_cpu *cpu = &sim_cpus[i];
        uint64_t when = cpu->time;
        if (cpu->fiber == NULL || cpu->off) {
            continue;
        }
        if (cpu->waits && gic_highest(i) == GIC_NONE) {
            /* Its own timers alone may end the wait. */
            uint64_t timer = ~0ULL;
            if ((host_sysreg_get(i, KEY_CNTHP_CTL_EL2) & 3U) == 1U) {
                timer = host_sysreg_get(i, KEY_CNTHP_CVAL_EL2);
            }
            if ((host_sysreg_get(i, KEY_CNTV_CTL_EL0) & 3U) == 1U) {
                uint64_t virt = host_sysreg_get(i, KEY_CNTV_CVAL_EL0) + host_sysreg_get(i, KEY_CNTVOFF_EL2);
                timer = virt < timer ? virt : timer;
            }
            if (timer == ~0ULL) {
                continue;
            }
            when = timer > when ? timer : when;
        }
        if (best == ~0U || when < *at) {
            best = i;
            *at = when;
        }
    }
    return best;
}

/* Until done() or nothing can happen or the clock of the CPU furthest behind is at end. True: done. */
static bool sim_run(bool (*done)(void), uint64_t end)
{
    uint64_t at = 0;
    unsigned cpu;
    while (!done()) {
        cpu = sim_next(&at);
        if (cpu == ~0U || at > end) {
            return false;
        }
        /* A wake-up by another CPU happens no earlier than that CPU's time. */
        sim_cpus[cpu].time = at;
        host_cpu_select(cpu);
        sim_swap(sim_cpus[cpu].fiber);
    }
    host_cpu_select(0);
    return true;
}

static bool sim_booted;
static void (*sim_prepare)(void); /* boot CPU, when all have come */
static void (*sim_ready)(void);
static unsigned sim_cpu_count;

static bool sim_is_booted(void)
{
    return sim_booted;
}

static void sim_cpu_ready(void)
{
    if (sim_ready != NULL) {
        sim_ready();
    }
    sched_cpu_start();
}

/* As main.c does it, on the boot CPU's first coroutine. */
static void sim_boot_main(void)
{
    assert_int_equal(fw_init(CONDUIT_SMC), STATUS_OK);
    assert_int_equal(page_alloc_add(pa_make(SIM_RAM), SIM_RAM_SIZE), STATUS_OK);
    assert_int_equal(stage1_init(), STATUS_OK);
    assert_int_equal(timer_init(&sim_platform, &sim_handoff), STATUS_OK);
    assert_int_equal(gic_init(&sim_platform), STATUS_OK);
    features_collect(0);
    sched_init();
    assert_int_equal(smp_init_stop(), STATUS_OK);
    assert_int_equal(sched_cpu_create(0), STATUS_OK);
    sim_fiber_of(NULL);
    sim_running->world = PRDA->idle;
    assert_int_equal(gic_cpu_init(), STATUS_OK);
    timer_cpu_init(&sim_platform);
    PRDA->online = true;
    errata_detect();
    mitigations_cpu_init();
    sim_cpu_count = smp_start(&sim_platform, &sim_handoff);
    features_combine();
    mitigations_combine();
    if (sim_prepare != NULL) {
        sim_prepare();
    }
    smp_release(sim_cpu_ready);
    sim_booted = true;
    sim_cpu_ready();
}

static void sim_boot(const char *name)
{
    seeded_start(&sim_seed, name);
    sim_machine();
    if (sim_no_gic_cpu < SIM_CPUS) {
        gic.mpidr[sim_no_gic_cpu] = 0x7700;
    }
    sim_cpus[0] = (struct sim_cpu){.fiber = sim_fiber_make(NULL, sim_boot_main), .time = 1000};
    assert_true(sim_run(sim_is_booted, 1ULL << 40));
}

static uint64_t sim_now(void)
{
    uint64_t latest = 0;
    for (unsigned i = 0; i < SIM_CPUS; i++) {
        latest = sim_cpus[i].time > latest ? sim_cpus[i].time : latest;
    }
    return latest;
}

static bool sim_all_are_open(void)
{
    for (unsigned i = 0; i < SIM_CPUS; i++) {
        if (sim_cpus[i].fiber != NULL && !sim_cpus[i].waits && !sim_cpus[i].works && !sim_cpus[i].off) {
            return false;
        }
    }
    return true;
}

/* What the test itself does next, it does as CPU 0 would in an interrupt, where EL2 takes one. */
static void sim_interrupt_cpu0(void)
{
    unsigned preempt = sim_preempt;
    sim_preempt = 0; /* the test's own coroutine can wait for no lock */
    assert_true(sim_run(sim_all_are_open, ~0ULL));
    sim_preempt = preempt;
    host_cpu_select(0);
    sim_cpus[0].time = sim_now();
    sim_cpus[0].waits = false;
    irq_send_sgi(0, IRQ_SGI_CALL); /* which ends what it interrupted: a guest exits */
}

static bool sim_never(void)
{
    return false;
}

static void sim_run_for(uint64_t ticks)
{
    (void)sim_run(sim_never, sim_now() + ticks);
}
