/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The virtual GIC against two models (vgic_model.h): directed tests of single rules, then long seeded sequences of register accesses,
 * injections, acknowledges, ends, and vCPUs that come and go on fake CPUs, compared after each step.
 */
#include "vgic_fakes.h"

#include "seeded.h"

#define GICD 0x08000000ULL
#define GICR 0x080A0000ULL
#define SGI_FRAME 0x10000ULL
#define TIMER 27U
#define ALL_GROUPS 3U

static uint64_t redistributor(unsigned vcpu)
{
    return GICR + vcpu * 0x20000ULL;
}

/* ---- directed tests: a guest as Linux sets one up, everything in group 1, all enabled, priority 0xa0 ---- */

static void guest_interface(unsigned mask)
{
    cpuif_set_groups(false, true);
    cpuif_set_mask(mask);
    cpuif_set_end_mode(false);
}

static void start_guest(unsigned vcpus, unsigned list_registers)
{
    fake_start(vcpus, list_registers, true);
    fake_load(0, 0);
    fake_write(GICD, 4, 2);
    for (uint32_t word = 1; word < 9U; word++) {
        fake_write(GICD + 0x80U + 4U * word, 4, 0xffffffff);
        fake_write(GICD + 0x100U + 4U * word, 4, 0xffffffff);
    }
    for (uint32_t n = 32; n < MODEL_INTIDS; n += 4U) {
        fake_write(GICD + 0x400U + n, 4, 0xa0a0a0a0);
    }
    for (unsigned vcpu = 0; vcpu < vcpus; vcpu++) {
        uint64_t base = redistributor(vcpu) + SGI_FRAME;
        fake_write(base + 0x80U, 4, 0xffffffff);
        fake_write(base + 0x100U, 4, 0xffffffff);
        for (uint32_t n = 0; n < 32U; n += 4U) {
            fake_write(base + 0x400U + n, 4, 0xa0a0a0a0);
        }
    }
    guest_interface(0xf0);
}

static void stop_guest(void)
{
    for (unsigned cpu = 0; cpu < MODEL_CPUS; cpu++) {
        if (fake_current[cpu] != NULL) {
            fake_put(cpu);
        }
    }
    fake_stop();
}

static void take(uint32_t intid)
{
    assert_int_equal(cpuif_acknowledge(1), intid);
}

static void finish(uint32_t intid)
{
    cpuif_end(1, intid);
    fake_settle();
}

static void test_edge_once(void **state)
{
    (void)state;
    start_guest(1, 4);
    fake_write(GICD + 0xC08U, 4, 2); /* SPI 32: edge */
    vgic_set_spi(&fake_vm, 32, true);
    vgic_set_spi(&fake_vm, 32, true);
    take(32);
    take(MODEL_SPURIOUS);
    vgic_set_spi(&fake_vm, 32, false);
    vgic_set_spi(&fake_vm, 32, true); /* while active: pending once more, after the end */
    take(MODEL_SPURIOUS);
    finish(32);
    take(32);
    finish(32);
    take(MODEL_SPURIOUS);
    stop_guest();
}

static void test_level_sampled_at_end(void **state)
{
    (void)state;
    start_guest(1, 4);
    vgic_set_spi(&fake_vm, 33, true);
    for (unsigned i = 0; i < 3U; i++) {
        take(33);
        take(MODEL_SPURIOUS);
        finish(33); /* the line is still high */
    }
    take(33);
    vgic_set_spi(&fake_vm, 33, false);
    finish(33);
    take(MODEL_SPURIOUS);
    vgic_set_spi(&fake_vm, 33, true);
    vgic_set_spi(&fake_vm, 33, false); /* before it was acknowledged */
    take(MODEL_SPURIOUS);
    stop_guest();
}

/* The line falls and rises on another CPU while the guest handles the interrupt. */
static void test_level_from_another_cpu(void **state)
{
    (void)state;
    start_guest(1, 4);
    vgic_set_spi(&fake_vm, 33, true);
    take(33);
    host_cpu_select(1);
    vgic_set_spi(&fake_vm, 33, false);
    vgic_set_spi(&fake_vm, 33, true);
    host_cpu_select(0);
    cpuif_end(1, 33);
    fake_settle();
    take(33);
    stop_guest();
}

static void test_priorities_and_overflow(void **state)
{
    static const uint8_t priority[12] = {0x70, 0x20, 0x90, 0x40, 0x40, 0x10, 0x60, 0x80, 0x30, 0x50, 0x98, 0x38};
    (void)state;
    start_guest(1, 4);
    for (uint32_t i = 0; i < 12U; i++) {
        fake_write(GICD + 0x400U + 40U + i, 1, priority[i]);
    }
    for (uint32_t i = 0; i < 12U; i++) {
        vgic_set_spi(&fake_vm, 40U + i, true);
    }
    for (unsigned last = 0, i = 0; i < 12U; i++) {
        uint32_t intid;
        fake_settle();
        host_cpu_select(0);
        intid = cpuif_acknowledge(1);
        assert_in_range(intid, 40, 51);
        assert_true(priority[intid - 40U] >= last);
        last = priority[intid - 40U];
        vgic_set_spi(&fake_vm, intid, false);
        finish(intid);
    }
    take(MODEL_SPURIOUS);
    stop_guest();
}

/* More interrupts active at once than there are list registers; they end in the order that priorities enforce. */
static void test_nested_beyond_list_registers(void **state)
{
    (void)state;
    start_guest(1, 4);
    for (uint32_t i = 0; i < 10U; i++) {
        fake_write(GICD + 0x400U + 40U + i, 1, 0xe0U - 0x10U * i);
        vgic_set_spi(&fake_vm, 40U + i, true);
        fake_settle();
        host_cpu_select(0);
        take(40U + i);
    }
    assert_int_equal(fake_read(GICD + 0x304U, 4), 0x3ff00);
    for (uint32_t i = 10; i-- > 0U;) {
        vgic_set_spi(&fake_vm, 40U + i, false);
        finish(40U + i);
        host_cpu_select(0);
        assert_int_equal(fake_read(GICD + 0x304U, 4), ((1ULL << i) - 1U) << 8);
    }
    stop_guest();
}

/* The group that the guest's CPU interface does not take must not keep the other out of the list registers. */
static void test_masked_group_does_not_block(void **state)
{
    (void)state;
    start_guest(1, 4);
    fake_write(GICD, 4, 3);
    fake_write(GICD + 0x88U, 4, 0); /* SPIs 64..95: group 0 */
    for (uint32_t i = 0; i < 8U; i++) {
        fake_write(GICD + 0x400U + 64U + i, 1, 0);
        vgic_set_spi(&fake_vm, 64U + i, true);
    }
    vgic_set_spi(&fake_vm, 40, true);
    fake_settle();
    take(40);
    finish(40);
    cpuif_set_groups(true, true);
    fake_settle();
    assert_int_equal(cpuif_acknowledge(0), 64);
    stop_guest();
}

static void test_disable_and_clear_in_list_register(void **state)
{
    (void)state;
    start_guest(2, 4);
    fake_load(1, 1);
    guest_interface(0xf0);
    host_cpu_select(0);
    fake_write(GICD + 0xC08U, 4, 2);
    vgic_set_spi(&fake_vm, 32, true);
    fake_write(GICD + 0x184U, 4, 1); /* ICENABLER */
    take(MODEL_SPURIOUS);
    assert_int_equal(fake_read(GICD + 0x204U, 4), 1);
    fake_write(GICD + 0x104U, 4, 1);
    fake_write(GICD + 0x284U, 4, 1); /* ICPENDR */
    take(MODEL_SPURIOUS);

    /* The same from another CPU: GICD_CTLR.RWP tells when it has happened. */
    vgic_set_spi(&fake_vm, 32, false);
    vgic_set_spi(&fake_vm, 32, true);
    host_cpu_select(1);
    fake_write(GICD + 0x184U, 4, 1);
    assert_int_equal(fake_read(GICD, 4) >> 31, 1);
    fake_settle();
    assert_int_equal(fake_read(GICD, 4) >> 31, 0);
    host_cpu_select(0);
    take(MODEL_SPURIOUS);
    fake_write(GICD + 0x104U, 4, 1);
    take(32);
    stop_guest();
}

static unsigned waits;

/* The CPU that a reader waits for takes its kick. */
static void serve_kick(void)
{
    waits++;
    fake_settle();
}

/* What synchronize_irq relies on: an interrupt that another vCPU acknowledged reads as active, and as inactive after its end. */
static void test_active_on_another_cpu(void **state)
{
    (void)state;
    start_guest(2, 4);
    fake_load(1, 1);
    guest_interface(0xf0);
    host_cpu_select(0);
    vgic_set_spi(&fake_vm, 33, true);
    host_wait_hook(serve_kick);
    host_cpu_select(1);
    assert_int_equal(fake_read(GICD + 0x304U, 4), 0);
    host_cpu_select(0);
    take(33);
    host_cpu_select(1);
    waits = 0;
    assert_int_equal(fake_read(GICD + 0x304U, 4), 2);
    assert_int_equal(waits, 1);
    vgic_set_spi(&fake_vm, 33, false);
    host_cpu_select(0);
    cpuif_end(1, 33);
    host_cpu_select(1);
    assert_int_equal(fake_read(GICD + 0x304U, 4), 0);

    /* A CPU that does not answer: active, so that the guest asks again; never a hang. */
    host_cpu_select(0);
    vgic_set_spi(&fake_vm, 33, true);
    host_wait_hook(NULL);
    host_cpu_select(1);
    assert_int_equal(fake_read(GICD + 0x304U, 4), 2);
    fake_settle();
    stop_guest();
}

static void test_clear_active_on_another_cpu(void **state)
{
    (void)state;
    start_guest(2, 4);
    fake_load(1, 1);
    guest_interface(0xf0);
    host_cpu_select(0);
    fake_write(GICD + 0xC08U, 4, 2);
    vgic_set_spi(&fake_vm, 32, true);
    take(32);
    host_cpu_select(1);
    fake_write(GICD + 0x384U, 4, 1);
    fake_settle();
    assert_int_equal(fake_read(GICD + 0x304U, 4), 0);
    fake_write(GICD + 0x304U, 4, 1);
    fake_settle();
    assert_int_equal(fake_read(GICD + 0x304U, 4), 1);
    stop_guest();
}

static void test_sgi(void **state)
{
    (void)state;
    start_guest(18, 4);
    fake_msr(KEY_ICC_SGI1R_EL1, 5ULL << 24 | 1U); /* to self */
    take(5);
    finish(5);
    fake_msr(KEY_ICC_SGI1R_EL1, 1ULL << 40 | 6ULL << 24); /* to all but self */
    take(MODEL_SPURIOUS);
    for (unsigned vcpu = 1; vcpu < 18U; vcpu++) {
        assert_int_equal(fake_read(redistributor(vcpu) + SGI_FRAME + 0x200U, 4), 0x40);
        assert_true(fake_kicked[vcpu]);
        assert_false(vgic_vcpu_pending(&fake_vcpus[vcpu])); /* its ICC_PMR_EL1 is 0 */
    }
    fake_msr(KEY_ICC_SGI1R_EL1, 1ULL << 16 | 7ULL << 24 | 0xffffU); /* Aff1 1: 16 and 17 only */
    fake_msr(KEY_ICC_SGI1R_EL1, 1ULL << 44 | 8ULL << 24 | 0xffffU); /* RS 1: ignored */
    fake_msr(KEY_ICC_SGI1R_EL1, 1ULL << 32 | 9ULL << 24 | 0xffffU); /* Aff2 1: nobody */
    fake_msr(KEY_ICC_SGI1R_EL1, 1ULL << 48 | 9ULL << 24 | 0xffffU); /* Aff3 1: nobody */
    fake_msr(KEY_ICC_SGI0R_EL1, 10ULL << 24 | 0xffffU);             /* group 0: all are in group 1 */
    fake_msr(KEY_ICC_ASGI1R_EL1, 10ULL << 24 | 0xffffU);
    for (unsigned vcpu = 1; vcpu < 18U; vcpu++) {
        assert_int_equal(fake_read(redistributor(vcpu) + SGI_FRAME + 0x200U, 4), vcpu >= 16U ? 0xc0 : 0x40);
    }
    fake_write(redistributor(3) + SGI_FRAME + 0x80U, 4, ~(1U << 10)); /* SGI 10 of vCPU 3: group 0 */
    fake_msr(KEY_ICC_SGI0R_EL1, 10ULL << 24 | 0xffffU);
    assert_int_equal(fake_read(redistributor(3) + SGI_FRAME + 0x200U, 4), 0x440);
    assert_int_equal(fake_read(redistributor(2) + SGI_FRAME + 0x200U, 4), 0x40);
    stop_guest();
}

/* While better interrupts wait for a list register, an SGI to self may not take the one that it had back from them. */
static void test_sgi_waits_its_turn(void **state)
{
    (void)state;
    start_guest(1, 4);
    fake_write(GICR + SGI_FRAME + 0x405U, 1, 0xe0);
    fake_write(GICD + 0xC08U, 4, 0xaaaaaaaa); /* edge: nothing to look at when they end */
    fake_msr(KEY_ICC_SGI1R_EL1, 5ULL << 24 | 1U);
    take(5);
    for (uint32_t intid = 40; intid < 46U; intid++) {
        vgic_set_spi(&fake_vm, intid, true);
    }
    take(40);
    finish(40);
    finish(5);
    fake_msr(KEY_ICC_SGI1R_EL1, 5ULL << 24 | 1U);
    for (uint32_t intid = 41; intid < 46U; intid++) {
        take(intid);
        finish(intid);
    }
    take(5);
    finish(5);
    take(MODEL_SPURIOUS);
    stop_guest();
}

static void physical_timer(unsigned cpu)
{
    host_cpu_select(cpu);
    cpuif_physical_set_active(cpu, TIMER, true);
    vgic_inject_hw(fake_current[cpu], TIMER, TIMER);
}

static void test_hardware_linked(void **state)
{
    (void)state;
    start_guest(2, 4);
    for (unsigned i = 0; i < 3U; i++) {
        physical_timer(0);
        assert_true(vgic_hw_active(&fake_vcpus[0], TIMER));
        take(TIMER);
        assert_true(cpuif_physical_active(0, TIMER));
        finish(TIMER);
        host_cpu_select(0);
        assert_false(cpuif_physical_active(0, TIMER));
        take(MODEL_SPURIOUS);
    }

    /* Leaves with the interrupt pending: it comes again on the new CPU if the timer still says so. */
    physical_timer(0);
    fake_put(0);
    assert_false(cpuif_physical_active(0, TIMER));
    fake_load(1, 0);
    take(MODEL_SPURIOUS);
    physical_timer(1);
    take(TIMER);

    /* Leaves with it active: not linked on the new CPU until the timer fires there, still active for the guest. */
    fake_put(1);
    assert_false(cpuif_physical_active(1, TIMER));
    fake_load(2, 0);
    assert_int_equal(fake_read(GICR + SGI_FRAME + 0x300U, 4), 1U << TIMER);
    physical_timer(2);
    take(MODEL_SPURIOUS);
    finish(TIMER);
    host_cpu_select(2);
    assert_false(cpuif_physical_active(2, TIMER));
    take(MODEL_SPURIOUS);

    /* The same, ended before the timer fires again. */
    physical_timer(2);
    take(TIMER);
    fake_put(2);
    fake_load(0, 0);
    finish(TIMER);
    physical_timer(0);
    take(TIMER);
    finish(TIMER);
    stop_guest();
}

/* A vCPU that waits for an interrupt may leave its state in the CPU: whatever becomes pending there has to wake it. */
static void test_wakes_a_sleeper(void **state)
{
    (void)state;
    start_guest(2, 4);
    fake_kicked[0] = false;
    fake_asleep[0] = true;
    for (unsigned i = 0; i < 3U; i++) { /* the first takes the long way, the others take their list register again */
        physical_timer(0);
        assert_true(fake_kicked[0]);
        fake_asleep[0] = false;
        fake_settle();
        take(TIMER);
        finish(TIMER);
        assert_false(fake_kicked[0]);
        fake_asleep[0] = true;
    }
    vgic_set_spi(&fake_vm, 33, true);
    assert_true(fake_kicked[0]);
    fake_settle();
    vgic_set_spi(&fake_vm, 33, false);
    fake_settle();
    vgic_set_ppi(&fake_vcpus[0], 30, true);
    assert_true(fake_kicked[0]);
    fake_settle();
    fake_load(1, 1);
    fake_msr(KEY_ICC_SGI1R_EL1, 5ULL << 24 | 1U);
    assert_true(fake_kicked[0]);
    stop_guest();
}

static void test_hardware_linked_released(void **state)
{
    (void)state;
    start_guest(2, 4);
    physical_timer(0);
    fake_write(GICR + SGI_FRAME + 0x180U, 4, 1U << TIMER); /* disabled while pending */
    take(MODEL_SPURIOUS);
    assert_true(cpuif_physical_active(0, TIMER));
    fake_write(GICR + SGI_FRAME + 0x100U, 4, 1U << TIMER); /* its cause may be gone: let go, it comes again */
    assert_false(cpuif_physical_active(0, TIMER));
    take(MODEL_SPURIOUS);
    physical_timer(0);
    take(TIMER);
    fake_write(GICR + SGI_FRAME + 0x380U, 4, 1U << TIMER); /* deactivated by register */
    assert_false(cpuif_physical_active(0, TIMER));
    cpuif_end(1, TIMER);

    physical_timer(0);
    vgic_set_ppi(&fake_vcpus[0], TIMER, false); /* the guest disarmed it */
    take(MODEL_SPURIOUS);
    assert_false(cpuif_physical_active(0, TIMER));

    /* Set pending by register, while the timer's is active: pending and active, so not linked; nothing stays behind. */
    physical_timer(0);
    take(TIMER);
    fake_write(GICR + SGI_FRAME + 0x200U, 4, 1U << TIMER);
    cpuif_check(0);
    finish(TIMER);
    take(TIMER);
    finish(TIMER);
    assert_false(cpuif_physical_active(0, TIMER));

    /* Enabled by another vCPU: let go on the CPU that holds it. */
    physical_timer(0);
    fake_write(GICR + SGI_FRAME + 0x180U, 4, 1U << TIMER);
    fake_load(1, 1);
    fake_write(GICR + SGI_FRAME + 0x100U, 4, 1U << TIMER);
    assert_true(cpuif_physical_active(0, TIMER));
    fake_settle();
    assert_false(cpuif_physical_active(0, TIMER));
    host_cpu_select(0);
    take(MODEL_SPURIOUS);

    /* Disabled, and still kept active when the vCPU leaves. */
    host_cpu_select(0);
    physical_timer(0);
    fake_write(GICR + SGI_FRAME + 0x180U, 4, 1U << TIMER);
    fake_put(0);
    assert_false(cpuif_physical_active(0, TIMER));
    stop_guest();
}

static void test_routing(void **state)
{
    (void)state;
    start_guest(3, 4);
    fake_load(1, 1);
    guest_interface(0xf0);
    host_cpu_select(0);
    vgic_set_spi(&fake_vm, 50, true);
    fake_write(GICD + 0x6000U + 8U * 50U, 8, 1); /* pending: moves */
    fake_settle();
    take(MODEL_SPURIOUS);
    host_cpu_select(1);
    take(50);
    host_cpu_select(0);
    fake_write(GICD + 0x6000U + 8U * 50U, 8, 0); /* active: stays until its end */
    fake_settle();
    take(MODEL_SPURIOUS);
    host_cpu_select(1);
    finish(50); /* the line is high: pending again, at vCPU 0 */
    fake_settle();
    take(MODEL_SPURIOUS);
    host_cpu_select(0);
    take(50);
    vgic_set_spi(&fake_vm, 50, false);
    finish(50);

    host_cpu_select(0);
    fake_write(GICD + 0x6000U + 8U * 51U, 8, 0x10); /* Aff0 16: nobody */
    vgic_set_spi(&fake_vm, 51, true);
    fake_settle();
    take(MODEL_SPURIOUS);
    fake_write(GICD + 0x6000U + 8U * 51U, 8, 1ULL << 31); /* anybody: the first that is on */
    take(51);
    vgic_set_spi(&fake_vm, 51, false);
    finish(51);
    fake_vcpus[0].power = VCPU_OFF;
    vgic_set_spi(&fake_vm, 51, true);
    fake_settle();
    host_cpu_select(1);
    take(51);
    stop_guest();
}

/* A change that another CPU noted for an interrupt's old owner must not bring the interrupt back to it. */
static void test_moved_before_the_kick(void **state)
{
    (void)state;
    start_guest(2, 4);
    fake_load(1, 1);
    guest_interface(0xf0);
    host_cpu_select(0);
    vgic_set_spi(&fake_vm, 50, true);
    host_cpu_select(1);
    fake_write(GICD + 0x6000U + 8U * 50U, 8, 1); /* noted for vCPU 0, whose CPU has not seen the kick */
    host_cpu_select(0);
    take(50);
    cpuif_end(1, 50);
    vgic_set_spi(&fake_vm, 50, false); /* here it goes to vCPU 1 */
    fake_put(1);
    host_cpu_select(2);
    vgic_set_spi(&fake_vm, 50, true);
    fake_settle();
    host_cpu_select(0);
    take(MODEL_SPURIOUS);
    fake_load(1, 1);
    take(50);
    stop_guest();
}

static void test_distributor_disabled(void **state)
{
    (void)state;
    start_guest(2, 4);
    fake_load(1, 1);
    guest_interface(0xf0);
    fake_write(GICD + 0x6000U + 8U * 34U, 8, 1);
    vgic_set_spi(&fake_vm, 33, true);
    vgic_set_spi(&fake_vm, 34, true);
    fake_write(GICD, 4, 0);
    fake_settle();
    take(MODEL_SPURIOUS);
    host_cpu_select(1);
    take(MODEL_SPURIOUS);
    fake_write(GICD, 4, 2);
    fake_settle();
    take(34);
    host_cpu_select(0);
    take(33);
    stop_guest();
}

static void test_pending_for_wfi(void **state)
{
    (void)state;
    start_guest(2, 4);
    assert_false(vgic_vcpu_pending(&fake_vcpus[0]));
    vgic_set_spi(&fake_vm, 33, true);
    assert_true(vgic_vcpu_pending(&fake_vcpus[0]));
    cpuif_set_mask(0xa0);
    assert_false(vgic_vcpu_pending(&fake_vcpus[0]));
    cpuif_set_mask(0xa8);
    assert_true(vgic_vcpu_pending(&fake_vcpus[0]));
    cpuif_set_groups(true, false);
    assert_false(vgic_vcpu_pending(&fake_vcpus[0]));
    cpuif_set_groups(false, true);
    fake_put(0);
    assert_true(vgic_vcpu_pending(&fake_vcpus[0]));
    vgic_set_spi(&fake_vm, 33, false);
    assert_false(vgic_vcpu_pending(&fake_vcpus[0]));
    fake_load(2, 0);
    vgic_set_spi(&fake_vm, 33, true);
    take(33);
    assert_false(vgic_vcpu_pending(&fake_vcpus[0]));
    fake_put(2);
    assert_false(vgic_vcpu_pending(&fake_vcpus[0]));
    fake_stop();
}

/* A vCPU that is powered on again has its CPU interface reset, and finds its redistributor as it was. */
static void test_vcpu_reset(void **state)
{
    (void)state;
    start_guest(1, 4);
    vgic_set_spi(&fake_vm, 33, true);
    take(33);
    fake_put(0);
    vgic_class.vcpu_reset(&fake_vcpus[0]);
    fake_load(0, 0);
    assert_int_equal(host_sysreg_read(KEY_ICH_VMCR_EL2), 0);
    assert_int_equal(cpuif_running_priority(), MODEL_IDLE_PRIORITY);
    assert_int_equal(fake_read(GICR + SGI_FRAME + 0x100U, 4), 0xffffffff);
    assert_int_equal(fake_read(GICD + 0x304U, 4), 2);
    stop_guest();
}

/* ---- random sequences ---- */

struct guest {
    bool loaded;
    unsigned cpu;
    bool split; /* ICC_CTLR_EL1.EOImode */
    unsigned mask;
    unsigned groups;
    bool timer; /* its virtual timer's condition */
    unsigned depth;
    uint32_t active[32]; /* acknowledged and not ended, and their groups */
    unsigned active_group[32];
    unsigned dropped_count;
    uint32_t dropped[64]; /* EOImode 1: ended, not deactivated */
};

static struct ideal ideal;
static struct guest guests[MODEL_VCPUS];
static struct seeded random_state;
static bool uses_active_registers; /* then every guest has EOImode 1: else an end would find nothing to deactivate */

/* The interrupts that are played with. */
static const uint32_t universe[] = {0,  1,  2,  9,  15, 20, 27, 30, 31, 32,  33,
                                    34, 35, 36, 40, 41, 47, 63, 64, 65, 130, 287};
#define UNIVERSE (sizeof(universe) / sizeof(universe[0]))

static uint32_t pick(uint32_t below)
{
    return (uint32_t)seeded_below(&random_state, below);
}

static uint32_t pick_intid(void)
{
    return universe[pick(UNIVERSE)];
}

static uint32_t pick_spi(void)
{
    return universe[9U + pick(UNIVERSE - 9U)];
}

/* A loaded vCPU, its CPU selected; MODEL_VCPUS when none is. */
static unsigned pick_loaded(void)
{
    unsigned first = pick(MODEL_VCPUS);
    for (unsigned i = 0; i < MODEL_VCPUS; i++) {
        unsigned vcpu = (first + i) % MODEL_VCPUS;
        if (guests[vcpu].loaded) {
            host_cpu_select(guests[vcpu].cpu);
            return vcpu;
        }
    }
    return MODEL_VCPUS;
}

static void ideal_deactivate(unsigned vcpu, uint32_t intid)
{
    struct ideal_irq *irq = ideal_find(&ideal, vcpu, intid);
    if (intid == TIMER && irq->active) {
        irq->line = false; /* fires again if its condition holds */
    }
    irq->active = false;
    irq->taker = -1;
}

/* Physical timers fire on the CPUs whose vCPU has one due. */
static bool fire_timers(void)
{
    bool fired = false;
    for (unsigned vcpu = 0; vcpu < MODEL_VCPUS; vcpu++) {
        struct guest *guest = &guests[vcpu];
        if (guest->loaded && guest->timer && !cpuif_physical_active(guest->cpu, TIMER)) {
            physical_timer(guest->cpu);
            ideal.private[vcpu][TIMER].line = true;
            fired = true;
        }
    }
    return fired;
}

static void settle(void)
{
    do {
        fake_settle();
    } while (fire_timers());
}

static void compare_loaded(unsigned vcpu)
{
    struct guest *guest = &guests[vcpu];
    uint32_t intid = MODEL_SPURIOUS;
    unsigned group = 0;
    unsigned expected = ideal_best(&ideal, vcpu, guest->groups);
    unsigned best;

    host_cpu_select(guest->cpu);
    best = cpuif_best(&intid, &group);
    if (best != expected) {
        fail_msg("vCPU %u is offered INTID %u with priority %u, expected priority %u", vcpu, intid, best, expected);
    }
    if (best != MODEL_IDLE_PRIORITY) {
        assert_true(ideal_offered(&ideal, vcpu, intid));
        assert_int_equal(ideal_find(&ideal, vcpu, intid)->group1, group);
    }
    assert_int_equal(vgic_hw_active(&fake_vcpus[vcpu], TIMER) || !cpuif_physical_active(guest->cpu, TIMER), 1);
}

static void compare_all(void)
{
    for (unsigned cpu = 0; cpu < MODEL_CPUS; cpu++) {
        cpuif_check(cpu);
        if (fake_current[cpu] == NULL && cpuif_physical_active(cpu, TIMER)) {
            fail_msg("CPU %u's timer interrupt was left active", cpu);
        }
    }
    for (unsigned vcpu = 0; vcpu < MODEL_VCPUS; vcpu++) {
        const struct guest *guest = &guests[vcpu];
        bool wakes = ideal_best(&ideal, vcpu, guest->groups) < guest->mask;
        if (guest->loaded) {
            compare_loaded(vcpu);
        }
        assert_int_equal(vgic_vcpu_pending(&fake_vcpus[vcpu]), wakes);
    }
}

static void step_line(void)
{
    bool level = pick(2) != 0U;
    if (pick(3) == 0U) {
        unsigned vcpu = pick(MODEL_VCPUS);
        uint32_t intid = pick(2) != 0U ? 20U : 30U;
        ideal_set_line(&ideal.private[vcpu][intid], level);
        vgic_set_ppi(&fake_vcpus[vcpu], intid, level);
    } else {
        uint32_t intid = pick_spi();
        ideal_set_line(ideal_find(&ideal, 0, intid), level);
        vgic_set_spi(&fake_vm, intid, level);
    }
}

static void step_sgi(void)
{
    unsigned self = pick_loaded();
    uint32_t intid = universe[pick(5)];
    uint32_t list = pick(16);
    bool others = pick(4) == 0U;
    bool group0_only = pick(4) == 0U;

    if (self == MODEL_VCPUS) {
        return;
    }
    fake_msr(group0_only ? (pick(2) != 0U ? KEY_ICC_SGI0R_EL1 : KEY_ICC_ASGI1R_EL1) : KEY_ICC_SGI1R_EL1,
             (uint64_t)others << 40 | (uint64_t)intid << 24 | list);
    for (unsigned vcpu = 0; vcpu < MODEL_VCPUS; vcpu++) {
        struct ideal_irq *irq = &ideal.private[vcpu][intid];
        if ((others ? vcpu != self : (list >> vcpu & 1U) != 0U) && !(group0_only && irq->group1)) {
            irq->latch = true;
        }
    }
}

/* The one-bit registers, as the guest of `self` writes them for redistributor `target` or the distributor. */
static void step_bits(unsigned self, unsigned target, uint32_t intid)
{
    static const uint32_t offsets[] = {0x80, 0x100, 0x180, 0x200, 0x280, 0x300, 0x380};
    unsigned which = pick(7);
    uint64_t base = intid < 32U ? redistributor(target) + SGI_FRAME : GICD + 4U * (intid / 32U);
    struct ideal_irq *irq = ideal_find(&ideal, target, intid);
    uint64_t value = 1ULL << (intid % 32U);

    (void)self;
    if (which >= 5U && !uses_active_registers) {
        return;
    }
    if (which == 0U) {
        if (irq->active) {
            return; /* its end would be of the other group */
        }
        value = fake_read(base + 0x80U, 4) ^ value;
        irq->group1 = !irq->group1;
    } else if (which <= 2U) {
        irq->enabled = which == 1U;
    } else if (which <= 4U) {
        irq->latch = which == 3U;
    } else if (which == 5U) {
        irq->active = true;
    } else {
        ideal_deactivate(target, intid);
    }
    fake_write(base + offsets[which], 4, value);
}

static void step_priority(unsigned target, uint32_t intid)
{
    struct ideal_irq *irq = ideal_find(&ideal, target, intid);
    uint64_t base = intid < 32U ? redistributor(target) + SGI_FRAME : GICD;
    uint8_t priority = (uint8_t)(pick(12) * 16U + 8U);
    if (irq->active) {
        return;
    }
    irq->priority = priority;
    if (pick(2) != 0U) {
        fake_write(base + 0x400U + intid, 1, priority | 5U);
    } else {
        uint64_t word = fake_read(base + 0x400U + (intid & ~3U), 4);
        unsigned shift = 8U * (intid % 4U);
        fake_write(base + 0x400U + (intid & ~3U), 4, (word & ~(0xffULL << shift)) | (uint64_t)priority << shift);
    }
}

static void step_config(uint32_t intid)
{
    struct ideal_irq *irq = ideal_find(&ideal, 0, intid);
    uint64_t address = GICD + 0xC00U + 4U * (intid / 16U);
    if (irq->active || ideal_pending(irq) || irq->line) {
        return; /* UNPREDICTABLE */
    }
    irq->edge = !irq->edge;
    fake_write(address, 4, fake_read(address, 4) ^ (2ULL << (2U * (intid % 16U))));
}

static void step_route(uint32_t intid)
{
    unsigned vcpu = pick(MODEL_VCPUS + 1U);
    ideal_find(&ideal, 0, intid)->route = vcpu == MODEL_VCPUS ? -1 : (int)vcpu;
    fake_write(GICD + 0x6000U + 8U * intid, pick(2) != 0U ? 8 : 4, vcpu);
}

static void step_register(void)
{
    unsigned self = pick_loaded();
    unsigned target = pick(4) == 0U ? pick(MODEL_VCPUS) : self;
    uint32_t intid = pick_intid();
    if (self == MODEL_VCPUS) {
        return;
    }
    switch (pick(8)) {
    case 0:
        step_priority(target, intid);
        break;
    case 1:
        step_config(pick_spi());
        break;
    case 2:
        step_route(pick_spi());
        break;
    case 3:
        if (pick(8) == 0U) {
            ideal.group_enables = pick(4) == 0U ? pick(4) : 3U;
            fake_write(GICD, 4, ideal.group_enables);
        }
        break;
    default:
        step_bits(self, target, intid);
        break;
    }
}

/* Pending and active registers read as the ideal has them. */
static void step_read(void)
{
    unsigned self = pick_loaded();
    unsigned target = pick(MODEL_VCPUS);
    uint32_t word = universe[pick(UNIVERSE)] / 32U;
    uint64_t base = word == 0U ? redistributor(target) + SGI_FRAME : GICD + 4U * word;
    bool active = pick(2) != 0U;
    uint64_t expected = 0;
    uint64_t read;

    if (self == MODEL_VCPUS) {
        return;
    }
    for (uint32_t bit = 0; bit < 32U; bit++) {
        const struct ideal_irq *irq = ideal_find(&ideal, target, word * 32U + bit);
        expected |= (uint64_t)(active ? irq->active : ideal_pending(irq)) << bit;
    }
    host_wait_hook(fake_settle);
    read = fake_read(base + (active ? 0x300U : 0x200U) + 0x80U * pick(2), 4);
    host_wait_hook(NULL);
    if (word == 0U && !active && ideal.private[target][TIMER].active) {
        read &= ~(1ULL << TIMER); /* whether its line is high is known again at its end */
        expected &= ~(1ULL << TIMER);
    }
    if (read != expected) {
        fail_msg("%s word %u of vCPU %u reads 0x%llx, expected 0x%llx", active ? "active" : "pending", word, target,
                 (unsigned long long)read, (unsigned long long)expected);
    }
}

static void step_acknowledge(void)
{
    unsigned vcpu = pick_loaded();
    struct guest *guest = &guests[vcpu];
    uint32_t intid = 0;
    unsigned group = 0;
    unsigned best;

    if (vcpu == MODEL_VCPUS || guest->depth == 32U || guest->dropped_count == 32U) {
        return;
    }
    best = cpuif_best(&intid, &group);
    if (best >= guest->mask || best >= cpuif_running_priority()) {
        assert_int_equal(cpuif_acknowledge(pick(2)), MODEL_SPURIOUS);
        return;
    }
    intid = cpuif_acknowledge(group);
    assert_int_not_equal(intid, MODEL_SPURIOUS);
    ideal_acknowledge(ideal_find(&ideal, vcpu, intid), vcpu);
    guest->active[guest->depth] = intid;
    guest->active_group[guest->depth++] = group;
    if (intid == TIMER) {
        guest->timer = pick(4) == 0U;
    }
}

static void step_end(void)
{
    unsigned vcpu = pick_loaded();
    struct guest *guest = &guests[vcpu];
    uint32_t intid;

    if (vcpu == MODEL_VCPUS || guest->depth == 0U) {
        return;
    }
    intid = guest->active[--guest->depth];
    cpuif_end(guest->active_group[guest->depth], intid);
    if (guest->split) {
        guest->dropped[guest->dropped_count++] = intid;
    } else {
        ideal_deactivate(vcpu, intid);
    }
}

static void step_deactivate(void)
{
    unsigned vcpu = pick_loaded();
    struct guest *guest = &guests[vcpu];
    uint32_t at;
    uint32_t intid;

    if (vcpu == MODEL_VCPUS || guest->dropped_count == 0U) {
        return;
    }
    at = pick(guest->dropped_count);
    intid = guest->dropped[at];
    guest->dropped[at] = guest->dropped[--guest->dropped_count];
    if (intid >= 32U && ideal_find(&ideal, vcpu, intid)->taker != (int)vcpu) {
        return; /* a register deactivated it, and another vCPU may have it by now */
    }
    if (cpuif_deactivate(intid)) {
        fake_msr(KEY_ICC_DIR_EL1, intid);
    }
    ideal_deactivate(vcpu, intid);
}

/* PMR, group enables, and with nothing active EOImode. */
static void step_interface(void)
{
    unsigned vcpu = pick_loaded();
    struct guest *guest = &guests[vcpu];
    if (vcpu == MODEL_VCPUS) {
        return;
    }
    switch (pick(3)) {
    case 0:
        guest->mask = pick(4) == 0U ? pick(32) * 8U : 0xf8U;
        cpuif_set_mask(guest->mask);
        break;
    case 1:
        guest->groups = pick(4) == 0U ? pick(4) : ALL_GROUPS;
        cpuif_set_groups((guest->groups & 1U) != 0U, (guest->groups & 2U) != 0U);
        break;
    default:
        if (guest->depth == 0U && guest->dropped_count == 0U && !uses_active_registers) {
            guest->split = !guest->split;
            cpuif_set_end_mode(guest->split);
        }
        break;
    }
}

static void put_guest(unsigned vcpu)
{
    struct guest *guest = &guests[vcpu];
    fake_put(guest->cpu);
    guest->loaded = false;
    ideal.private[vcpu][TIMER].line = false; /* the link is cut; fires again after the next load */
}

static void step_schedule(void)
{
    unsigned vcpu = pick(MODEL_VCPUS);
    unsigned cpu = pick(MODEL_CPUS);
    if (guests[vcpu].loaded) {
        put_guest(vcpu);
        return;
    }
    for (unsigned other = 0; other < MODEL_VCPUS; other++) {
        if (guests[other].loaded && guests[other].cpu == cpu) {
            put_guest(other);
        }
    }
    fake_load(cpu, vcpu);
    guests[vcpu].loaded = true;
    guests[vcpu].cpu = cpu;
    fake_kicked[vcpu] = false;
}

static void step_timer(void)
{
    unsigned vcpu = pick(MODEL_VCPUS);
    guests[vcpu].timer = guests[vcpu].timer || pick(2) != 0U;
}

static void step(void)
{
    static void (*const steps[])(void) = {
        step_line,        step_line,        step_line,        step_sgi,      step_sgi,   step_register,
        step_register,    step_register,    step_register,    step_read,     step_read,  step_acknowledge,
        step_acknowledge, step_acknowledge, step_acknowledge, step_end,      step_end,   step_end,
        step_deactivate,  step_deactivate,  step_interface,   step_schedule, step_timer,
    };
    host_cpu_select(pick(MODEL_CPUS));
    steps[pick(sizeof(steps) / sizeof(steps[0]))]();
    settle();
    compare_all();
}

static void random_start(unsigned list_registers, bool dir_traps)
{
    fake_start(MODEL_VCPUS, list_registers, dir_traps);
    ideal_reset(&ideal);
    memset(guests, 0, sizeof(guests));
    for (unsigned vcpu = 0; vcpu < MODEL_VCPUS; vcpu++) {
        fake_load(0, vcpu);
        cpuif_set_groups(true, true);
        cpuif_set_mask(0xf8);
        cpuif_set_end_mode(uses_active_registers);
        guests[vcpu] = (struct guest){.split = uses_active_registers, .mask = 0xf8, .groups = ALL_GROUPS};
        ideal.group_enables = 3;
        fake_write(GICD, 4, 3);
        for (unsigned i = 0; i < UNIVERSE; i++) {
            uint32_t intid = universe[i];
            uint64_t base = intid < 32U ? redistributor(vcpu) + SGI_FRAME : GICD + 4U * (intid / 32U);
            if (pick(4) != 0U) {
                ideal_find(&ideal, vcpu, intid)->enabled = true;
                fake_write(base + 0x100U, 4, 1ULL << (intid % 32U));
            }
        }
        fake_put(0);
    }
}

/* Everything still due is delivered, once, and nothing else is. */
static void random_drain(void)
{
    for (unsigned vcpu = 0; vcpu < MODEL_VCPUS; vcpu++) {
        guests[vcpu].timer = false;
        if (guests[vcpu].loaded) {
            put_guest(vcpu);
        }
    }
    for (unsigned vcpu = 0; vcpu < MODEL_VCPUS; vcpu++) {
        fake_load(0, vcpu);
        guests[vcpu].loaded = true;
        guests[vcpu].cpu = 0;
        for (unsigned i = 0; i < 4000U; i++) {
            step_acknowledge();
            for (uint32_t intid = 0; intid < MODEL_INTIDS; intid++) {
                struct ideal_irq *irq = ideal_find(&ideal, vcpu, intid);
                if (irq->line && (irq->active || intid < 32U) && intid != TIMER) {
                    ideal_set_line(irq, false);
                    if (intid < 32U) {
                        vgic_set_ppi(&fake_vcpus[vcpu], intid, false);
                    } else {
                        vgic_set_spi(&fake_vm, intid, false);
                    }
                }
            }
            guests[vcpu].timer = false;
            step_end();
            step_deactivate();
            settle();
            compare_all();
            if (i > 50U && guests[vcpu].depth == 0U && guests[vcpu].dropped_count == 0U &&
                ideal_best(&ideal, vcpu, guests[vcpu].groups) >= guests[vcpu].mask) {
                break;
            }
        }
        assert_int_equal(guests[vcpu].depth, 0);
        put_guest(vcpu);
    }
}

static void random_runs(const char *name, unsigned list_registers, bool dir_traps, bool active_registers, unsigned runs)
{
    seeded_start(&random_state, name);
    uses_active_registers = active_registers;
    for (unsigned run = 0; run < runs; run++) {
        random_start(list_registers, dir_traps);
        for (unsigned i = 0; i < 1500U; i++) {
            step();
        }
        random_drain();
        fake_stop();
    }
}

static void test_random_16(void **state)
{
    (void)state;
    random_runs("16 list registers", 16, true, false, 20);
}

static void test_random_4(void **state)
{
    (void)state;
    random_runs("4 list registers", 4, true, false, 60);
}

static void test_random_4_active(void **state)
{
    (void)state;
    random_runs("4 list registers, active registers", 4, true, true, 40);
}

static void test_random_2(void **state)
{
    (void)state;
    random_runs("2 list registers", 2, true, false, 40);
}

static void test_random_2_active(void **state)
{
    (void)state;
    random_runs("2 list registers, active registers", 2, true, true, 40);
}

/* The code keeps the least number of list registers that it has seen, as on a machine with unlike CPUs: the most come first. */
int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_16),
        cmocka_unit_test(test_edge_once),
        cmocka_unit_test(test_level_sampled_at_end),
        cmocka_unit_test(test_level_from_another_cpu),
        cmocka_unit_test(test_priorities_and_overflow),
        cmocka_unit_test(test_nested_beyond_list_registers),
        cmocka_unit_test(test_masked_group_does_not_block),
        cmocka_unit_test(test_disable_and_clear_in_list_register),
        cmocka_unit_test(test_active_on_another_cpu),
        cmocka_unit_test(test_clear_active_on_another_cpu),
        cmocka_unit_test(test_sgi),
        cmocka_unit_test(test_sgi_waits_its_turn),
        cmocka_unit_test(test_hardware_linked),
        cmocka_unit_test(test_wakes_a_sleeper),
        cmocka_unit_test(test_hardware_linked_released),
        cmocka_unit_test(test_routing),
        cmocka_unit_test(test_moved_before_the_kick),
        cmocka_unit_test(test_distributor_disabled),
        cmocka_unit_test(test_pending_for_wfi),
        cmocka_unit_test(test_vcpu_reset),
        cmocka_unit_test(test_random_4),
        cmocka_unit_test(test_random_4_active),
        cmocka_unit_test(test_random_2),
        cmocka_unit_test(test_random_2_active),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
