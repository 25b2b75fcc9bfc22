/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The virtual GIC on CPUs that run at the same time, each a thread: no interrupt is lost, none is taken twice, whatever the guests do to its
 * routing and enables meanwhile. And what needs no models: memory that runs out, CPUs with more active-priority registers.
 */
#include <pthread.h>
#include <sched.h>
#include <time.h>

#include "vgic_fakes.h"

#define GICD 0x08000000ULL
#define GICR 0x080A0000ULL
#define RUNNERS 2U
#define LINES 12U
#define FIRST_LINE 40U
#define SGIS 4U
#define WANTED 20000U
#define PATIENCE 20 /* seconds without an interrupt before one is called lost */

static unsigned line_high[LINES];        /* the device asks; cleared by the handler */
static unsigned sgi_sent[RUNNERS][SGIS]; /* likewise, by target */
static unsigned taken;
static unsigned faults;
static bool stop;

static uint32_t next_random(uint32_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

static void handle(unsigned vcpu, uint32_t intid)
{
    unsigned *asked = intid >= FIRST_LINE ? &line_high[intid - FIRST_LINE] : &sgi_sent[vcpu][intid % SGIS];
    if (__atomic_load_n(asked, __ATOMIC_ACQUIRE) == 0U) {
        __atomic_fetch_add(&faults, 1, __ATOMIC_RELAXED);
    }
    if (intid >= FIRST_LINE) {
        vgic_set_spi(&fake_vm, intid, false);
    }
    __atomic_store_n(asked, 0, __ATOMIC_RELEASE);
    __atomic_fetch_add(&taken, 1, __ATOMIC_RELAXED);
}

/* What a guest does beside handling interrupts: routes, enables and disables, sends SGIs. */
static void disturb(unsigned vcpu, uint32_t *seed)
{
    uint32_t line = next_random(seed) % LINES;
    uint32_t intid = FIRST_LINE + line;
    uint32_t sgi = next_random(seed) % SGIS;
    unsigned target = next_random(seed) % RUNNERS;
    unsigned expected = 0;

    switch (next_random(seed) % 8U) {
    case 0:
        fake_write(GICD + 0x6000U + 8U * intid, 8, target);
        break;
    case 1:
        fake_write(GICD + 0x180U + 4U * (intid / 32U), 4, 1ULL << (intid % 32U));
        fake_write(GICD + 0x100U + 4U * (intid / 32U), 4, 1ULL << (intid % 32U));
        break;
    case 2:
        fake_write(GICD + 0x400U + intid, 1, 8U * (next_random(seed) % 8U));
        break;
    case 3:
        (void)fake_read(GICD + 0x300U + 4U * (intid / 32U), 4);
        break;
    case 4:
        if (next_random(seed) % 16U == 0U) {
            fake_put(vcpu);
            fake_load(vcpu, vcpu);
        }
        break;
    default:
        if (__atomic_compare_exchange_n(&sgi_sent[target][sgi], &expected, 1, false, __ATOMIC_ACQ_REL,
                                        __ATOMIC_RELAXED)) {
            fake_msr(KEY_ICC_SGI1R_EL1, (uint64_t)sgi << 24 | 1ULL << target);
        }
        break;
    }
}

static void serve(unsigned vcpu)
{
    if (__atomic_exchange_n(&fake_kicked[vcpu], false, __ATOMIC_ACQUIRE)) {
        vcpu_irqchip.flush(&fake_vcpus[vcpu]);
    }
    if (cpuif_maintenance(vcpu)) {
        (void)fake_maintenance(FAKE_MAINTENANCE, NULL);
    }
}

/* Run by the fake CPU of the same number while it waits for another one. */
static void serve_here(void)
{
    if (host_cpu() < RUNNERS) {
        (void)sched_yield();
    }
}

static void *run_vcpu(void *argument)
{
    unsigned vcpu = *(unsigned *)argument;
    uint32_t seed = 0x1234567U * (vcpu + 1U);

    host_cpu_select(vcpu);
    host_wait_hook(serve_here);
    while (!__atomic_load_n(&stop, __ATOMIC_ACQUIRE)) {
        uint32_t intid;
        serve(vcpu);
        intid = cpuif_acknowledge(1);
        if (intid != MODEL_SPURIOUS) {
            handle(vcpu, intid);
            cpuif_end(1, intid);
        } else if (next_random(&seed) % 4U == 0U) {
            disturb(vcpu, &seed);
        } else {
            (void)sched_yield();
        }
    }
    return NULL;
}

/* The devices: raise a line whenever its last interrupt was handled. */
static void *run_devices(void *argument)
{
    uint32_t seed = 77;
    (void)argument;
    host_cpu_select(RUNNERS);
    while (!__atomic_load_n(&stop, __ATOMIC_ACQUIRE)) {
        uint32_t line = next_random(&seed) % LINES;
        if (__atomic_load_n(&line_high[line], __ATOMIC_ACQUIRE) == 0U) {
            __atomic_store_n(&line_high[line], 1, __ATOMIC_RELEASE);
            vgic_set_spi(&fake_vm, FIRST_LINE + line, true);
        }
        (void)sched_yield();
    }
    return NULL;
}

static void guests_start(void)
{
    fake_start(RUNNERS, 4, true);
    for (unsigned vcpu = 0; vcpu < RUNNERS; vcpu++) {
        fake_load(vcpu, vcpu);
        fake_write(GICR + 0x20000U * vcpu + 0x10080U, 4, 0xffffffff);
        fake_write(GICR + 0x20000U * vcpu + 0x10100U, 4, 0xffffffff);
        cpuif_set_groups(false, true);
        cpuif_set_mask(0xf8);
    }
    fake_write(GICD + 0x84U, 4, 0xffffffff);
    fake_write(GICD + 0x104U, 4, 0xffffffff);
    fake_write(GICD, 4, 2);
}

/* True until nothing was taken for PATIENCE seconds. */
static bool wait_for(unsigned count)
{
    time_t since = time(NULL);
    unsigned before = 0;
    for (;;) {
        unsigned now = __atomic_load_n(&taken, __ATOMIC_RELAXED);
        if (now >= count) {
            return true;
        }
        if (now != before) {
            before = now;
            since = time(NULL);
        } else if (time(NULL) - since > PATIENCE) {
            return false;
        }
        (void)sched_yield();
    }
}

static void test_threads(void **state)
{
    static unsigned numbers[RUNNERS] = {0, 1};
    pthread_t threads[RUNNERS + 1U];
    bool alive;

    (void)state;
    guests_start();
    for (unsigned i = 0; i < RUNNERS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, run_vcpu, &numbers[i]), 0);
    }
    assert_int_equal(pthread_create(&threads[RUNNERS], NULL, run_devices, NULL), 0);
    alive = wait_for(WANTED);
    __atomic_store_n(&stop, true, __ATOMIC_RELEASE);
    for (unsigned i = 0; i <= RUNNERS; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    assert_true(alive);
    assert_int_equal(faults, 0);

    /* With everything at rest, what was asked for and not taken is still to come: each line at one vCPU. */
    fake_settle();
    for (unsigned i = 0; i < 1000U; i++) {
        unsigned vcpu = i % RUNNERS;
        uint32_t intid;
        host_cpu_select(vcpu);
        intid = cpuif_acknowledge(1);
        if (intid != MODEL_SPURIOUS) {
            handle(vcpu, intid);
            cpuif_end(1, intid);
        }
        fake_settle();
    }
    for (unsigned line = 0; line < LINES; line++) {
        assert_int_equal(line_high[line], 0);
    }
    for (unsigned i = 0; i < RUNNERS * SGIS; i++) {
        assert_int_equal(sgi_sent[i / SGIS][i % SGIS], 0);
    }
    assert_int_equal(faults, 0);
    for (unsigned vcpu = 0; vcpu < RUNNERS; vcpu++) {
        fake_put(vcpu);
    }
    fake_stop();
}

/* Every allocation that fails in turn, and a full bus: nothing is left behind. */
static void test_no_memory(void **state)
{
    (void)state;
    fake_start(3, 4, true);
    vgic_class.destroy(&fake_vm);
    assert_int_equal(fake_pages, 0);
    for (unsigned limit = 0; limit < 4U; limit++) {
        fake_page_limit = limit;
        assert_int_equal(vgic_class.create(&fake_vm), STATUS_NO_MEMORY);
        assert_int_equal(fake_pages, 0);
        assert_null(fake_vm.device[DEVICE_VGIC]);
    }
    fake_page_limit = UINT32_MAX;
    fake_bus_full = true;
    assert_int_equal(vgic_class.create(&fake_vm), STATUS_NO_MEMORY);
    assert_int_equal(fake_pages, 0);
    vgic_class.destroy(&fake_vm);
}

/* Seven bits of preemption: four registers of active priorities for each group, kept from CPU to CPU. */
static void test_active_priorities(void **state)
{
    static const uint32_t keys[] = {KEY_ICH_AP0R0_EL2, KEY_ICH_AP0R1_EL2, KEY_ICH_AP0R2_EL2, KEY_ICH_AP0R3_EL2,
                                    KEY_ICH_AP1R0_EL2, KEY_ICH_AP1R1_EL2, KEY_ICH_AP1R2_EL2, KEY_ICH_AP1R3_EL2};
    unsigned count = (unsigned)(uintptr_t)*state;
    fake_start(2, 4, true);
    for (uint32_t key = KEY_ICH_AP0R0_EL2; key <= KEY_ICH_LR15_EL2; key++) {
        host_sysreg_hook(key, NULL, NULL, NULL);
    }
    fake_load(0, 0);
    for (unsigned i = 0; i < 8U; i++) {
        host_sysreg_write(keys[i], 0x1000U + i);
    }
    host_sysreg_write(KEY_ICH_VMCR_EL2, 0xf0000002);
    fake_put(0);
    fake_load(0, 1);
    for (unsigned i = 0; i < 8U; i++) {
        assert_int_equal(host_sysreg_read(keys[i]), i % 4U < count ? 0U : 0x1000U + i);
    }
    assert_int_equal(host_sysreg_read(KEY_ICH_VMCR_EL2), 0);
    fake_load(1, 0);
    for (unsigned i = 0; i < 8U; i++) {
        assert_int_equal(host_sysreg_read(keys[i]), i % 4U < count ? 0x1000U + i : 0U);
    }
    assert_int_equal(host_sysreg_read(KEY_ICH_VMCR_EL2), 0xf0000002);
    fake_put(0);
    fake_put(1);
    fake_stop();
}

/* The least of all CPUs counts: the most come first. */
static int preemption_7(void **state)
{
    *state = (void *)4;
    cpuif_set_preemption_bits(7);
    return 0;
}

static int preemption_6(void **state)
{
    *state = (void *)2;
    cpuif_set_preemption_bits(6);
    return 0;
}

static int preemption_5(void **state)
{
    (void)state;
    cpuif_set_preemption_bits(5);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_active_priorities, preemption_7),
        cmocka_unit_test_setup(test_active_priorities, preemption_6),
        cmocka_unit_test_setup(test_no_memory, preemption_5),
        cmocka_unit_test(test_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
