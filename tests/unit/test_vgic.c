/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The virtual GIC against two models (vgic_model.h): directed tests of single rules, then long seeded sequences of register accesses,
 * injections, acknowledges, ends, and vCPUs that come and go on fake CPUs, compared after each step.
 */
#include "vgic_fakes.h"
#include "vgic_random.h"

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
        fake_start(MODEL_VCPUS, list_registers, dir_traps);
        random_start();
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
