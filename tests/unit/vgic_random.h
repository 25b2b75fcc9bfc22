/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random sequences for the virtual GIC: register accesses, injections, acknowledges, ends, and vCPUs that come and go on fake CPUs. After
 * each step what the list registers offer is compared with the ideal GIC of vgic_model.h. Steps are drawn from random_state, which is a
 * generator (test_vgic.c) or the bytes of a fuzzer (fuzz_vgic.c). As vgic_fakes.h: included by one file of a program.
 */
#pragma once

#include "seeded.h"
#include "vgic_fakes.h"

#define GICD 0x08000000ULL
#define GICR 0x080A0000ULL
#define SGI_FRAME 0x10000ULL
#define TIMER 27U
#define ALL_GROUPS 3U

static uint64_t redistributor(unsigned vcpu)
{
    return GICR + vcpu * 0x20000ULL;
}

static void physical_timer(unsigned cpu)
{
    host_cpu_select(cpu);
    cpuif_physical_set_active(cpu, TIMER, true);
    vgic_inject_hw(fake_current[cpu], TIMER, TIMER);
}

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

/* After fake_start or fake_restart with MODEL_VCPUS vCPUs: the guests have set up their CPU interfaces and enabled most interrupts. */
static void random_start(void)
{
    ideal_reset(&ideal);
    memset(guests, 0, sizeof(guests));
    for (unsigned vcpu = 0; vcpu < MODEL_VCPUS; vcpu++) {
        uint32_t disabled = pick(1U << UNIVERSE);

        fake_load(0, vcpu);
        cpuif_set_groups(true, true);
        cpuif_set_mask(0xf8);
        cpuif_set_end_mode(uses_active_registers);
        disabled &= pick(1U << UNIVERSE); /* three in four are enabled */
        guests[vcpu] = (struct guest){.split = uses_active_registers, .mask = 0xf8, .groups = ALL_GROUPS};
        ideal.group_enables = 3;
        fake_write(GICD, 4, 3);
        for (unsigned i = 0; i < UNIVERSE; i++) {
            uint32_t intid = universe[i];
            uint64_t base = intid < 32U ? redistributor(vcpu) + SGI_FRAME : GICD + 4U * (intid / 32U);
            if ((disabled >> i & 1U) == 0U) {
                ideal_find(&ideal, vcpu, intid)->enabled = true;
                fake_write(base + 0x100U, 4, 1ULL << (intid % 32U));
            }
        }
        fake_put(0);
    }
}
