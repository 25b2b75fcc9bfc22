/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CPU bring-up. Owns the list by which a CPU that arrives finds what was prepared for it: it comes without an argument, whatever protocol
 * brought it here.
 */
#include "sched/smp.h"

#include "arch/barrier.h"
#include "arch/cache.h"
#include "arch/cpu_wait.h"
#include "arch/phys.h"
#include "arch/sysreg.h"
#include "cpu/errata.h"
#include "cpu/features.h"
#include "cpu/gic.h"
#include "cpu/irq.h"
#include "cpu/mailbox.h"
#include "cpu/mitigations.h"
#include "cpu/timer.h"
#include "cpu/timer_hw.h"
#include "lib/bits.h"
#include "lib/log.h"
#include "lib/panic.h"
#include "mem/page_alloc.h"
#include "sched/sched.h"

#define ARRIVE_NS 5000000000ULL

void cpu_secondary_entry(void);
void cpu_secondary_main(void);

static const struct platform *machine;
static const struct handoff *loader;
struct cpu_start_row cpu_start_rows[PLATFORM_MAX_CPUS + 1U];
static void (*released)(void); /* NULL: not yet */

/*
 * DDI 0487, D19.2: what each register is while Ashlar runs. Nothing keeps what firmware had. Registers of features come with their
 * feature's ID field; an absent one is UNDEFINED to touch.
 */
void cpu_registers_init(void)
{
    uint64_t mmfr0 = sysreg_read(ID_AA64MMFR0_EL1);
    uint64_t mmfr1 = sysreg_read(ID_AA64MMFR1_EL1);
    uint64_t dfr0 = sysreg_read(ID_AA64DFR0_EL1);

    sysreg_write(HSTR_EL2, 0U);
    sysreg_write(ACTLR_EL2, 0U);
    sysreg_write(HACR_EL2, 0U);
    sysreg_write(AFSR0_EL2, 0U);
    sysreg_write(AFSR1_EL2, 0U);
    sysreg_write(AMAIR_EL2, 0U);
    sysreg_write(VTTBR_EL2, 0U);
    if (bits_get(mmfr1, 43, 40) != 0U) { /* HCX */
        sysreg_write(HCRX_EL2, 0U);
    }
    uint64_t fgt = bits_get(mmfr0, 59, 56);
    if (fgt != 0U) {
        sysreg_write(HFGRTR_EL2, 0U);
        sysreg_write(HFGWTR_EL2, 0U);
        sysreg_write(HFGITR_EL2, 0U);
        sysreg_write(HDFGRTR_EL2, 0U);
        sysreg_write(HDFGWTR_EL2, 0U);
        if (bits_get(sysreg_read(ID_AA64PFR0_EL1), 47, 44) != 0U) { /* AMU */
            sysreg_write(HAFGRTR_EL2, 0U);
        }
    }
    if (fgt >= 2U) {
        sysreg_write(HFGRTR2_EL2, 0U);
        sysreg_write(HFGWTR2_EL2, 0U);
        sysreg_write(HFGITR2_EL2, 0U);
        sysreg_write(HDFGRTR2_EL2, 0U);
        sysreg_write(HDFGWTR2_EL2, 0U);
    }
    if (bits_get(dfr0, 43, 40) != 0U) { /* TraceFilt */
        sysreg_write(TRFCR_EL2, 0U);
    }
    if (bits_get(mmfr0, 63, 60) >= 2U) { /* ECV */
        sysreg_write(CNTPOFF_EL2, 0U);
    }
    barrier_isb();
}

static enum status prepare_cpu(unsigned cpu, struct cpu_start **out)
{
    struct prda *prda;
    pa_t page;
    enum status status = prda_create(cpu, &prda);
    if (status != STATUS_OK) {
        return status;
    }
    uint64_t emergency;
    uint64_t root;
    pa_t root_pa;
    status = world_stack_create(OWNER_CPU, &emergency);
    if (status == STATUS_OK) {
        status = sched_cpu_create(cpu);
    }
    if (status == STATUS_OK) {
        status = stage1_cpu_root(cpu, pa_make(prda->self), PAGE_SIZE, &root_pa);
    }
    if (status == STATUS_OK) {
        status = page_alloc_zeroed(OWNER_CPU, 0, &page);
    }
    if (status != STATUS_OK) {
        return status;
    }
    root = root_pa.pa;
    prda->emergency_sp = emergency + WORLD_STACK_SIZE;
    prda->mpidr = machine->cpus[cpu].mpidr;
    struct cpu_start *start = phys_to_pointer(page.pa);
    *start = (struct cpu_start){.ttbr = root,
                                .tcr = stage1_tcr(),
                                .mair = stage1_mair(),
                                .sctlr = stage1_sctlr(),
                                .sp = prda->idle->stack + WORLD_STACK_SIZE,
                                .prda = prda->self};
    /* Read before its MMU is on (DDI 0487, D7.5: accesses with the MMU off bypass caches). */
    cache_clean_poc(start, sizeof(*start));
    *out = start;
    return STATUS_OK;
}

/*
 * Whether a CPU is one of the machine's is decided once: by itself, arriving, or by the boot CPU, tired of waiting. One that arrives after
 * that may not run: features and errata were combined without it.
 */
static bool decide(struct prda *prda, enum prda_arrival arrival)
{
    uint8_t undecided = PRDA_AWAITED;
    return __atomic_compare_exchange_n(&prda->arrival, &undecided, (uint8_t)arrival, false, __ATOMIC_ACQ_REL,
                                       __ATOMIC_ACQUIRE);
}

static bool wait_online(struct prda *prda)
{
    uint64_t end = timer_count() + timer_from_ns(ARRIVE_NS);
    while (__atomic_load_n(&prda->arrival, __ATOMIC_ACQUIRE) == PRDA_AWAITED) {
        if (timer_count() > end && decide(prda, PRDA_LEFT_OUT)) {
            return false;
        }
        cpu_wait_yield();
    }
    return __atomic_load_n(&prda->arrival, __ATOMIC_ACQUIRE) == PRDA_ARRIVED;
}

static const struct handoff_cpu *parked_find(uint64_t mpidr)
{
    for (uint32_t i = 0; i < loader->cpu_count; i++) {
        if (loader->cpus[i].mpidr == mpidr && loader->cpus[i].state == HANDOFF_CPU_PARKED) {
            return &loader->cpus[i];
        }
    }
    return NULL;
}

/* The CPU reads the list before its MMU is on; a row is never changed again. */
static void row_add(uint64_t mpidr, const struct cpu_start *start)
{
    unsigned at = 0;
    while (cpu_start_rows[at].start != 0U) {
        at++;
    }
    assert(at < PLATFORM_MAX_CPUS);
    cpu_start_rows[at] = (struct cpu_start_row){.mpidr = mpidr, .start = pointer_to_phys(start)};
    cache_clean_poc(&cpu_start_rows[at], sizeof(cpu_start_rows[at]));
}

static bool start_cpu(unsigned index)
{
    struct cpu_start *start;
    struct mailbox mailbox;
    uint64_t mpidr = machine->cpus[index].mpidr;
    const struct handoff_cpu *parked = parked_find(mpidr);
    if (parked == NULL) {
        log_warning("cpu", "CPU %#llx did not reach its mailbox: left out", (unsigned long long)mpidr);
        return false;
    }
    unsigned cpu = prda_count();
    enum status status = prepare_cpu(cpu, &start);
    if (status != STATUS_OK) {
        log_error("cpu", "no memory for CPU %#llx: left out", (unsigned long long)mpidr);
        return false;
    }
    if (mailbox_open(parked, &mailbox) != STATUS_OK) {
        log_error("cpu", "CPU %#llx: its mailbox at %#llx can't be used: left out", (unsigned long long)mpidr,
                  (unsigned long long)parked->mailbox);
        (void)decide(prda_of(cpu), PRDA_LEFT_OUT);
        return false;
    }
    row_add(mpidr, start);
    mailbox_start(&mailbox, pointer_to_phys((const void *)cpu_secondary_entry));
    /* A firmware that parks CPUs itself may wait for an interrupt; our pen looks at each event. */
    if (!mailbox.ours) {
        irq_send_sgi(cpu, IRQ_SGI_RESCHED);
    }
    if (!wait_online(prda_of(cpu))) {
        mailbox_cancel(&mailbox);
        log_error("cpu", "CPU %#llx did not start from its mailbox: left out", (unsigned long long)mpidr);
        return false;
    }
    return true;
}

static _Noreturn void park(void)
{
    for (;;) {
        cpu_wait_interrupt();
    }
}

/* First C of a secondary CPU: on its idle stack, its own tables. */
void cpu_secondary_main(void)
{
    struct prda *prda = PRDA;
    cpu_registers_init();
    features_collect(prda->cpu);
    errata_detect();
    mitigations_cpu_init();
    if (gic_cpu_init() != STATUS_OK) {
        log_error("cpu", "CPU %u has no usable interrupt controller: left out", prda->cpu);
        (void)decide(prda, PRDA_LEFT_OUT);
        park();
    }
    timer_cpu_init(machine);
    __atomic_store_n(&prda->online, true, __ATOMIC_RELEASE);
    if (!decide(prda, PRDA_ARRIVED)) {
        __atomic_store_n(&prda->online, false, __ATOMIC_RELEASE);
        park();
    }
    void (*ready)(void);
    while ((ready = __atomic_load_n(&released, __ATOMIC_ACQUIRE)) == NULL) {
        cpu_wait_yield();
    }
    ready();
}

void smp_release(void (*ready)(void))
{
    __atomic_store_n(&released, ready, __ATOMIC_RELEASE);
}

/* A CPU that the loader gave up may have vanished from the device tree that it rewrote: named all the same. */
static void left_out_say(void)
{
    for (uint32_t i = 0; i < loader->cpu_count; i++) {
        const struct handoff_cpu *cpu = &loader->cpus[i];
        bool listed = false;
        for (uint32_t j = 0; j < machine->cpu_count; j++) {
            listed = listed || machine->cpus[j].mpidr == cpu->mpidr;
        }
        if (cpu->state == HANDOFF_CPU_LEFT_OUT && !listed) {
            log_warning("cpu", "CPU %#llx did not reach its mailbox: left out", (unsigned long long)cpu->mpidr);
        }
    }
}

unsigned smp_start(const struct platform *platform, const struct handoff *handoff)
{
    unsigned running = 1;
    machine = platform;
    loader = handoff;
    left_out_say();
    for (unsigned i = 1; i < platform->cpu_count; i++) {
        if (start_cpu(i)) {
            running++;
        }
    }
    return running;
}

static enum irq_done stop_interrupt(uint32_t intid, void *argument)
{
    (void)intid;
    (void)argument;
    park();
}

enum status smp_init_stop(void)
{
    return irq_register(IRQ_SGI_STOP, stop_interrupt, NULL);
}

void smp_stop_others(void)
{
    if (PRDA->gicr == NULL) {
        return;
    }
    for (unsigned cpu = 0; cpu < prda_count(); cpu++) {
        if (cpu != PRDA->cpu && prda_of(cpu)->online) {
            irq_send_sgi(cpu, IRQ_SGI_STOP);
        }
    }
}
