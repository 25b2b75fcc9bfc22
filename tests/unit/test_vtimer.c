/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A vCPU's timers over a counter that the test moves. The hardware's virtual timer is modelled by its registers (DDI 0487, "The Generic Timer in AArch64 state"): its
 * interrupt is a wire that is high while enabled, unmasked and due; a GIC in miniature takes it while it is not active.
 */
#include "dev_fakes.h"

#include "dev/vtimer.h"

#define PINTID 27U
#define OFFSET 1000000ULL
#define ENABLE 1U
#define IMASK 2U
#define ISTATUS 4U

static irq_handler handler;
static const struct sysreg_row *rows;
static unsigned row_count;
static struct vcpu *loaded[HOST_CPUS];
static bool physical_active[HOST_CPUS];
static unsigned injected[CONFIG_MAX_VCPUS];
static unsigned enabled_cpus;

struct vcpu *vcpu_current(void)
{
    return loaded[host_cpu()];
}

enum status irq_register(uint32_t intid, irq_handler function, void *argument)
{
    assert_int_equal(intid, PINTID);
    assert_null(argument);
    handler = function;
    return STATUS_OK;
}

void irq_enable(uint32_t intid, bool edge)
{
    assert_int_equal(intid, PINTID);
    assert_false(edge);
    enabled_cpus |= 1U << host_cpu();
}

void irq_set_private_active(uint32_t intid, bool active)
{
    assert_int_equal(intid, PINTID);
    physical_active[host_cpu()] = active;
}

void vgic_inject_hw(struct vcpu *current, uint32_t vintid, uint32_t pintid)
{
    assert_ptr_equal(current, loaded[host_cpu()]);
    assert_int_equal(vintid, VTIMER_VIRT_INTID);
    assert_int_equal(pintid, PINTID);
    injected[current->index]++;
}

void sysreg_table_add(const struct sysreg_row *table, unsigned count)
{
    rows = table;
    row_count = count;
}

static bool hardware_due(unsigned cpu)
{
    return fake_count - host_sysreg_get(cpu, KEY_CNTVOFF_EL2) >= host_sysreg_get(cpu, KEY_CNTV_CVAL_EL0);
}

static uint64_t read_ctl(uint32_t key, void *context)
{
    uint64_t ctl = host_sysreg_get(host_cpu(), key);

    (void)context;
    return (ctl & ENABLE) != 0U && hardware_due(host_cpu()) ? ctl | ISTATUS : ctl;
}

static void write_ctl(uint32_t key, uint64_t value, void *context)
{
    (void)context;
    host_sysreg_set(host_cpu(), key, value & (ENABLE | IMASK));
}

static bool wire(unsigned cpu)
{
    return (host_sysreg_get(cpu, KEY_CNTV_CTL_EL0) & (ENABLE | IMASK)) == ENABLE && hardware_due(cpu);
}

/* Interrupts are open on the selected CPU for a moment. */
static void take_interrupts(void)
{
    unsigned cpu = host_cpu();

    if (wire(cpu) && !physical_active[cpu]) {
        physical_active[cpu] = handler(PINTID, NULL) == IRQ_KEEP_ACTIVE;
    }
    assert_true(spinlock_none_held());
}

static int setup(void **state)
{
    static bool initialised;

    (void)state;
    fake_start(&vtimer_class, 4);
    fake_vm.counter_offset = OFFSET;
    fake_count = OFFSET;
    memset(loaded, 0, sizeof(loaded));
    memset(physical_active, 0, sizeof(physical_active));
    memset(injected, 0, sizeof(injected));
    host_sysreg_hook(KEY_CNTV_CTL_EL0, read_ctl, write_ctl, NULL);
    if (!initialised) {
        assert_int_equal(vtimer_init(PINTID), STATUS_OK);
        initialised = true;
    }
    for (unsigned cpu = 0; cpu < HOST_CPUS; cpu++) {
        host_cpu_select(cpu);
        host_sysreg_set(cpu, KEY_CNTV_CTL_EL0, ENABLE);
        vtimer_cpu_init();
        assert_int_equal(host_sysreg_get(cpu, KEY_CNTV_CTL_EL0), 0);
    }
    host_cpu_select(0);
    vtimer_class.reset(&fake_vm);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    fake_stop(&vtimer_class);
    return 0;
}

static void load(unsigned cpu, unsigned vcpu)
{
    host_cpu_select(cpu);
    loaded[cpu] = &fake_vcpus[vcpu];
    vtimer_class.vcpu_load(&fake_vcpus[vcpu]);
}

/* As the vgic does after it: the link is cut, the physical interrupt deactivated. */
static void put(unsigned cpu)
{
    host_cpu_select(cpu);
    vtimer_class.vcpu_put(loaded[cpu]);
    physical_active[cpu] = false;
    loaded[cpu] = NULL;
    assert_false(wire(cpu));
}

static void guest_set(uint64_t after, uint64_t ctl)
{
    sysreg_write(CNTV_CVAL_EL0, fake_count - OFFSET + after);
    sysreg_write(CNTV_CTL_EL0, ctl);
}

static void test_every_cpu_enabled(void **state)
{
    (void)state;
    assert_int_equal(enabled_cpus, (1U << HOST_CPUS) - 1U);
}

static void test_loaded_by_hardware(void **state)
{
    (void)state;
    load(0, 0);
    assert_int_equal(sysreg_read(CNTVOFF_EL2), OFFSET);
    guest_set(100, ENABLE);
    fake_advance(99);
    take_interrupts();
    assert_int_equal(injected[0], 0);
    fake_advance(1);
    take_interrupts();
    assert_int_equal(injected[0], 1);
    take_interrupts();
    assert_int_equal(injected[0], 1);
    physical_active[0] = false; /* the guest's deactivation, its timer still due */
    take_interrupts();
    assert_int_equal(injected[0], 2);
    put(0);
    assert_int_equal(fake_changes, 0);
    fake_advance(1);
}

/* The interrupt was on its way as its vCPU left, or as the guest moved the comparator. */
static void test_spurious(void **state)
{
    (void)state;
    assert_int_equal(handler(PINTID, NULL), IRQ_DEACTIVATE);
    load(0, 0);
    guest_set(100, ENABLE);
    assert_int_equal(handler(PINTID, NULL), IRQ_DEACTIVATE);
    guest_set(0, ENABLE | IMASK);
    assert_int_equal(handler(PINTID, NULL), IRQ_DEACTIVATE);
    guest_set(0, 0);
    assert_int_equal(handler(PINTID, NULL), IRQ_DEACTIVATE);
    assert_int_equal(injected[0], 0);
    put(0);
}

/* A sleeper is woken by a line, and finds an interrupt pending when it is loaded, on another CPU. */
static void test_sleeper_woken(void **state)
{
    (void)state;
    load(0, 1);
    guest_set(5000, ENABLE);
    put(0);
    fake_advance(4999);
    assert_false(fake_ppi[1][VTIMER_VIRT_INTID]);
    fake_advance(1);
    assert_true(fake_ppi[1][VTIMER_VIRT_INTID]);
    load(3, 1);
    assert_false(fake_ppi[1][VTIMER_VIRT_INTID]);
    assert_int_equal(injected[1], 1);
    assert_true(physical_active[3]);
    take_interrupts();
    assert_int_equal(injected[1], 1);
    assert_int_equal(sysreg_read(CNTV_CTL_EL0), ENABLE | ISTATUS);
    put(3);
    fake_advance(1);
}

/* One that can take the interrupt is woken without a line. */
static void test_sleeper_takes_it(void **state)
{
    (void)state;
    fake_ppi_taken = true;
    fake_wakes = 0;
    load(0, 1);
    guest_set(5000, ENABLE);
    put(0);
    fake_advance(4999);
    assert_int_equal(fake_wakes, 0);
    fake_advance(1);
    assert_int_equal(fake_wakes, 1);
    load(3, 1);
    assert_int_equal(fake_changes, 0);
    assert_int_equal(injected[1], 1);
    put(3);
    vtimer_class.vcpu_reset(&fake_vcpus[1]);
    fake_ppi_taken = false;
    fake_advance(1);
}

static void test_due_when_put(void **state)
{
    (void)state;
    load(0, 0);
    guest_set(10, ENABLE);
    fake_advance(20);
    put(0);
    assert_false(fake_ppi[0][VTIMER_VIRT_INTID]);
    fake_advance(0);
    assert_true(fake_ppi[0][VTIMER_VIRT_INTID]);
    vtimer_class.vcpu_reset(&fake_vcpus[0]);
    assert_false(fake_ppi[0][VTIMER_VIRT_INTID]);
}

static void test_masked_or_off_wakes_nobody(void **state)
{
    (void)state;
    load(0, 0);
    guest_set(10, ENABLE | IMASK);
    put(0);
    assert_null(fake_timers);
    load(0, 0);
    assert_int_equal(sysreg_read(CNTV_CTL_EL0), ENABLE | IMASK);
    guest_set(10, 0);
    put(0);
    assert_null(fake_timers);
    fake_advance(100);
    assert_int_equal(fake_changes, 0);
}

/* A comparator at the end of time (a guest's way to say never) does not wrap into the present. */
static void test_never(void **state)
{
    (void)state;
    load(0, 0);
    sysreg_write(CNTV_CVAL_EL0, UINT64_MAX);
    sysreg_write(CNTV_CTL_EL0, ENABLE);
    put(0);
    assert_null(fake_timers);
    load(0, 0);
    assert_int_equal(sysreg_read(CNTV_CVAL_EL0), UINT64_MAX);
    put(0);
}

/* Two vCPUs take turns on one CPU: nothing of one's timer shows in the other's. */
static void test_turns(void **state)
{
    (void)state;
    load(0, 0);
    guest_set(100, ENABLE);
    put(0);
    load(0, 1);
    assert_int_equal(sysreg_read(CNTV_CTL_EL0), 0);
    fake_advance(200);
    take_interrupts();
    assert_int_equal(injected[1], 0);
    assert_true(fake_ppi[0][VTIMER_VIRT_INTID]);
    assert_false(fake_ppi[1][VTIMER_VIRT_INTID]);
    put(0);
    load(0, 0);
    assert_int_equal(injected[0], 1);
    put(0);
    vtimer_class.reset(&fake_vm);
}

/* The EL2 timer had begun to fire as the vCPU was loaded. */
static void test_stale_fire(void **state)
{
    struct timer *timer;

    (void)state;
    load(0, 0);
    guest_set(100, ENABLE);
    put(0);
    timer = fake_timers;
    load(0, 0);
    fake_count += 200;
    timer->fire(timer);
    assert_int_equal(fake_changes, 0);
    put(0);
    vtimer_class.reset(&fake_vm);
    assert_null(fake_timers);
}

/* ---- the physical timer ---- */

static const struct sysreg_row *row_of(uint32_t key)
{
    for (unsigned i = 0; i < row_count; i++) {
        if (rows[i].key == key) {
            return &rows[i];
        }
    }
    fail_msg("no row for key %u", key);
    return NULL;
}

static uint64_t mrs(unsigned vcpu, uint32_t key)
{
    uint64_t value = 0;

    assert_true(row_of(key)->read(&fake_vcpus[vcpu], key, &value));
    assert_true(spinlock_none_held());
    return value;
}

static void msr(unsigned vcpu, uint32_t key, uint64_t value)
{
    assert_true(row_of(key)->write(&fake_vcpus[vcpu], key, value));
    assert_true(spinlock_none_held());
}

static bool phys_line(unsigned vcpu)
{
    return fake_ppi[vcpu][VTIMER_PHYS_INTID];
}

static void test_physical_line(void **state)
{
    (void)state;
    msr(2, KEY_CNTP_CVAL_EL0, fake_count + 500U);
    assert_int_equal(mrs(2, KEY_CNTP_CVAL_EL0), fake_count + 500U);
    msr(2, KEY_CNTP_CTL_EL0, ENABLE);
    assert_int_equal(mrs(2, KEY_CNTP_CTL_EL0), ENABLE);
    fake_advance(499);
    assert_false(phys_line(2));
    fake_advance(1);
    assert_true(phys_line(2));
    assert_int_equal(mrs(2, KEY_CNTP_CTL_EL0), ENABLE | ISTATUS);
    msr(2, KEY_CNTP_CTL_EL0, ENABLE | IMASK);
    assert_false(phys_line(2));
    assert_int_equal(mrs(2, KEY_CNTP_CTL_EL0), ENABLE | IMASK | ISTATUS);
    msr(2, KEY_CNTP_CTL_EL0, ENABLE);
    assert_true(phys_line(2));
    msr(2, KEY_CNTP_CVAL_EL0, fake_count + 10U);
    assert_false(phys_line(2));
    fake_advance(10);
    assert_true(phys_line(2));
    msr(2, KEY_CNTP_CTL_EL0, 0xFFFFFFF8U);
    assert_false(phys_line(2));
    assert_int_equal(mrs(2, KEY_CNTP_CTL_EL0), 0);
}

static void test_physical_tval(void **state)
{
    (void)state;
    fake_count = 0x123456789AULL;
    msr(0, KEY_CNTP_TVAL_EL0, 1000);
    assert_int_equal(mrs(0, KEY_CNTP_CVAL_EL0), fake_count + 1000U);
    assert_int_equal(mrs(0, KEY_CNTP_TVAL_EL0), 1000);
    fake_advance(1500);
    assert_int_equal(mrs(0, KEY_CNTP_TVAL_EL0), (uint32_t)-500);
    msr(0, KEY_CNTP_CTL_EL0, ENABLE);
    assert_true(phys_line(0));
    msr(0, KEY_CNTP_TVAL_EL0, 0xFFFFFFFFFFFFFFFFULL);
    assert_int_equal(mrs(0, KEY_CNTP_CVAL_EL0), fake_count - 1U);
    assert_true(phys_line(0));
    msr(0, KEY_CNTP_TVAL_EL0, 0x80000000U);
    assert_int_equal(mrs(0, KEY_CNTP_CVAL_EL0), fake_count - 0x80000000ULL);
    msr(0, KEY_CNTP_TVAL_EL0, 0x7FFFFFFFU);
    assert_false(phys_line(0));
    vtimer_class.reset(&fake_vm);
    assert_null(fake_timers);
}

static void test_physical_reset(void **state)
{
    (void)state;
    msr(1, KEY_CNTP_CVAL_EL0, fake_count);
    msr(1, KEY_CNTP_CTL_EL0, ENABLE);
    assert_true(phys_line(1));
    vtimer_class.vcpu_reset(&fake_vcpus[1]);
    assert_false(phys_line(1));
    assert_int_equal(mrs(1, KEY_CNTP_CTL_EL0), 0);
    assert_int_equal(mrs(1, KEY_CNTP_CVAL_EL0), 0);
}

/* The architecture's definition, looked at after each step. */
struct model {
    uint64_t cval;
    uint64_t ctl;
};

static void model_check(const struct model *model, unsigned vcpu)
{
    uint64_t view = fake_count - model->cval;
    bool met = fake_count >= model->cval;

    assert_int_equal(mrs(vcpu, KEY_CNTP_CVAL_EL0), model->cval);
    assert_int_equal(mrs(vcpu, KEY_CNTP_TVAL_EL0), (uint32_t)(0U - view));
    assert_int_equal(mrs(vcpu, KEY_CNTP_CTL_EL0), model->ctl | ((model->ctl & 1U) != 0U && met ? 4U : 0U));
    assert_int_equal(phys_line(vcpu), model->ctl == 1U && met);
}

static uint64_t random_cval(struct seeded *seeded)
{
    uint64_t near = seeded_below(seeded, 400);

    switch (seeded_below(seeded, 8)) {
    case 0:
        return seeded_next(seeded);
    case 1:
        return UINT64_MAX - near;
    default:
        return fake_count + near - 100U;
    }
}

static void test_physical_random(void **state)
{
    struct seeded seeded;
    struct model model[4] = {{0, 0}};

    (void)state;
    seeded_start(&seeded, "vtimer");
    for (unsigned i = 0; i < 200000U; i++) {
        unsigned vcpu = (unsigned)seeded_below(&seeded, 4);
        uint64_t value = random_cval(&seeded);
        switch (seeded_below(&seeded, 5)) {
        case 0:
            model[vcpu].cval = value;
            msr(vcpu, KEY_CNTP_CVAL_EL0, value);
            break;
        case 1:
            model[vcpu].ctl = value & 3U;
            msr(vcpu, KEY_CNTP_CTL_EL0, value);
            break;
        case 2:
            value = (uint64_t)((int64_t)seeded_below(&seeded, 300) - 100);
            model[vcpu].cval = fake_count + value;
            msr(vcpu, KEY_CNTP_TVAL_EL0, (uint32_t)value);
            break;
        default:
            fake_advance(seeded_below(&seeded, 150));
            break;
        }
        for (unsigned v = 0; v < 4U; v++) {
            model_check(&model[v], v);
        }
    }
    vtimer_class.reset(&fake_vm);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_every_cpu_enabled),
        CASE(test_loaded_by_hardware),
        CASE(test_spurious),
        CASE(test_sleeper_woken),
        CASE(test_sleeper_takes_it),
        CASE(test_due_when_put),
        CASE(test_masked_or_off_wakes_nobody),
        CASE(test_never),
        CASE(test_turns),
        CASE(test_stale_fire),
        CASE(test_physical_line),
        CASE(test_physical_tval),
        CASE(test_physical_reset),
        CASE(test_physical_random),
    };

    return cmocka_run_group_tests_name("vtimer", tests, NULL, NULL);
}
