/* SPDX-License-Identifier: Apache-2.0 */
/* See vgic_model.h. IHI 0069: 4.8 priorities, 6.1 virtual interrupts, 12.4 ICH registers, 12.3 ICV registers. */
#include "vgic_model.h"

#include <string.h>

#include "arch/host/host_model.h"
#include "arch/sysreg.h"

/* Field positions, transcribed from the register descriptions. */
enum { STATE_INACTIVE, STATE_PENDING, STATE_ACTIVE, STATE_BOTH };
#define MISR_EOI 1U
#define MISR_U 2U
#define MISR_LRENP 4U
#define MISR_NP 8U

struct list_register {
    unsigned state;
    bool hw;
    unsigned group;
    unsigned priority;
    uint32_t pintid;
    bool eoi;
    uint32_t vintid;
};

struct interface {
    struct list_register lr[16];
    bool enabled;
    uint32_t enables; /* ICH_HCR_EL2 bits 14:1 */
    unsigned eoi_count;
    bool group_enable[2];
    bool split;
    unsigned mask;
    uint64_t vmcr_rest;
    uint32_t active_priorities[2];
    bool physical_active[32];
};

static struct interface interfaces[HOST_CPUS];
static unsigned lr_number;
static bool traps_dir;
static unsigned preemption_bits = 5;

static struct interface *here(void)
{
    return &interfaces[host_cpu()];
}

static uint64_t lr_encode(const struct list_register *lr)
{
    uint64_t value = ((uint64_t)lr->state << 62) | ((uint64_t)lr->hw << 61) | ((uint64_t)lr->group << 60) |
                     ((uint64_t)lr->priority << 48) | lr->vintid;
    return value | (lr->hw ? (uint64_t)lr->pintid << 32 : (uint64_t)lr->eoi << 41);
}

static struct list_register lr_decode(uint64_t value)
{
    struct list_register lr = {
        .state = (unsigned)(value >> 62) & 3U,
        .hw = (value >> 61 & 1U) != 0U,
        .group = (unsigned)(value >> 60) & 1U,
        .priority = (unsigned)(value >> 48) & 0xf8U,
        .vintid = (uint32_t)value,
    };
    if (lr.hw) {
        lr.pintid = (uint32_t)(value >> 32) & 0x1fffU;
    } else {
        lr.eoi = (value >> 41 & 1U) != 0U;
    }
    return lr;
}

static bool lr_asks_maintenance(const struct list_register *lr)
{
    return lr->state == STATE_INACTIVE && !lr->hw && lr->eoi;
}

static uint64_t read_elrsr(const struct interface *interface)
{
    uint64_t value = 0;
    for (unsigned n = 0; n < lr_number; n++) {
        if (interface->lr[n].state == STATE_INACTIVE && !lr_asks_maintenance(&interface->lr[n])) {
            value |= 1ULL << n;
        }
    }
    return value;
}

static uint64_t read_eisr(const struct interface *interface)
{
    uint64_t value = 0;
    for (unsigned n = 0; n < lr_number; n++) {
        value |= (uint64_t)lr_asks_maintenance(&interface->lr[n]) << n;
    }
    return value;
}

static uint64_t read_misr(const struct interface *interface)
{
    unsigned valid = 0;
    unsigned pending = 0;
    uint64_t value = read_eisr(interface) != 0U ? MISR_EOI : 0U;
    for (unsigned n = 0; n < lr_number; n++) {
        valid += interface->lr[n].state != STATE_INACTIVE;
        pending += interface->lr[n].state == STATE_PENDING;
    }
    if ((interface->enables & 2U) != 0U && valid < 2U) {
        value |= MISR_U;
    }
    if ((interface->enables & 4U) != 0U && interface->eoi_count != 0U) {
        value |= MISR_LRENP;
    }
    if ((interface->enables & 8U) != 0U && pending == 0U) {
        value |= MISR_NP;
    }
    for (unsigned group = 0; group < 2U; group++) {
        if ((interface->enables & (16U << (2U * group))) != 0U && interface->group_enable[group]) {
            value |= 16U << (2U * group);
        }
        if ((interface->enables & (32U << (2U * group))) != 0U && !interface->group_enable[group]) {
            value |= 32U << (2U * group);
        }
    }
    return value;
}

static uint64_t hook_read(uint32_t key, void *context)
{
    const struct interface *interface = here();
    (void)context;
    switch (key) {
    case KEY_ICH_VTR_EL2: /* PRIbits 5, PREbits, IDbits 16, A3V */
        return (4ULL << 29) | ((uint64_t)(preemption_bits - 1U) << 26) | (1ULL << 21) | ((uint64_t)traps_dir << 19) |
               (lr_number - 1U);
    case KEY_ICH_HCR_EL2:
        return ((uint64_t)interface->eoi_count << 27) | interface->enables | interface->enabled;
    case KEY_ICH_VMCR_EL2:
        return interface->vmcr_rest | ((uint64_t)interface->mask << 24) | ((uint64_t)interface->split << 9) |
               ((uint64_t)interface->group_enable[1] << 1) | interface->group_enable[0];
    case KEY_ICH_AP0R0_EL2:
        return interface->active_priorities[0];
    case KEY_ICH_AP1R0_EL2:
        return interface->active_priorities[1];
    case KEY_ICH_MISR_EL2:
        return read_misr(interface);
    case KEY_ICH_EISR_EL2:
        return read_eisr(interface);
    case KEY_ICH_ELRSR_EL2:
        return read_elrsr(interface);
    default:
        host_fail("read of an ICH register that five bits of preemption do not have, key %u", key);
    }
}

static void hook_write(uint32_t key, uint64_t value, void *context)
{
    struct interface *interface = here();
    (void)context;
    switch (key) {
    case KEY_ICH_HCR_EL2:
        interface->enabled = (value & 1U) != 0U;
        interface->enables = (uint32_t)value & 0x7ffeU;
        interface->eoi_count = (unsigned)(value >> 27) & 31U;
        break;
    case KEY_ICH_VMCR_EL2:
        interface->mask = (unsigned)(value >> 24) & 0xf8U;
        interface->split = (value >> 9 & 1U) != 0U;
        interface->group_enable[0] = (value & 1U) != 0U;
        interface->group_enable[1] = (value & 2U) != 0U;
        interface->vmcr_rest = value & 0x00fc001cU;
        break;
    case KEY_ICH_AP0R0_EL2:
        interface->active_priorities[0] = (uint32_t)value;
        break;
    case KEY_ICH_AP1R0_EL2:
        interface->active_priorities[1] = (uint32_t)value;
        break;
    default:
        host_fail("write of a read-only or absent ICH register, key %u", key);
    }
}

static unsigned lr_of_key(uint32_t key)
{
    return key < KEY_ICH_LR8_EL2 ? key - KEY_ICH_LR0_EL2 : 8U + key - KEY_ICH_LR8_EL2;
}

static uint64_t hook_lr_read(uint32_t key, void *context)
{
    (void)context;
    if (lr_of_key(key) >= lr_number) {
        host_fail("list register %u does not exist", lr_of_key(key));
    }
    return lr_encode(&here()->lr[lr_of_key(key)]);
}

static void hook_lr_write(uint32_t key, uint64_t value, void *context)
{
    (void)context;
    if (lr_of_key(key) >= lr_number) {
        host_fail("list register %u does not exist", lr_of_key(key));
    }
    here()->lr[lr_of_key(key)] = lr_decode(value);
}

void cpuif_install(unsigned list_registers, bool dir_traps)
{
    static const uint32_t keys[] = {
        KEY_ICH_VTR_EL2,   KEY_ICH_HCR_EL2,   KEY_ICH_VMCR_EL2,  KEY_ICH_MISR_EL2,  KEY_ICH_EISR_EL2,
        KEY_ICH_ELRSR_EL2, KEY_ICH_AP0R0_EL2, KEY_ICH_AP0R1_EL2, KEY_ICH_AP0R2_EL2, KEY_ICH_AP0R3_EL2,
        KEY_ICH_AP1R0_EL2, KEY_ICH_AP1R1_EL2, KEY_ICH_AP1R2_EL2, KEY_ICH_AP1R3_EL2,
    };
    memset(interfaces, 0, sizeof(interfaces));
    lr_number = list_registers;
    traps_dir = dir_traps;
    for (unsigned i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        host_sysreg_hook(keys[i], hook_read, hook_write, NULL);
    }
    for (uint32_t n = 0; n < 8U; n++) {
        host_sysreg_hook(KEY_ICH_LR0_EL2 + n, hook_lr_read, hook_lr_write, NULL);
        host_sysreg_hook(KEY_ICH_LR8_EL2 + n, hook_lr_read, hook_lr_write, NULL);
    }
}

void cpuif_set_preemption_bits(unsigned bits)
{
    preemption_bits = bits;
}

static struct list_register *best_pending(struct interface *interface)
{
    struct list_register *best = NULL;
    for (unsigned n = 0; n < lr_number; n++) {
        struct list_register *lr = &interface->lr[n];
        if (interface->enabled && lr->state == STATE_PENDING && interface->group_enable[lr->group] &&
            (best == NULL || lr->priority < best->priority)) {
            best = lr;
        }
    }
    return best;
}

unsigned cpuif_best(uint32_t *intid, unsigned *group)
{
    const struct list_register *best = best_pending(here());
    if (best == NULL) {
        return MODEL_IDLE_PRIORITY;
    }
    *intid = best->vintid;
    *group = best->group;
    return best->priority;
}

unsigned cpuif_running_priority(void)
{
    uint32_t both = here()->active_priorities[0] | here()->active_priorities[1];
    return both == 0U ? MODEL_IDLE_PRIORITY : (unsigned)__builtin_ctz(both) << 3;
}

uint32_t cpuif_acknowledge(unsigned group)
{
    struct interface *interface = here();
    struct list_register *best = best_pending(interface);
    if (best == NULL || best->group != group || best->priority >= interface->mask ||
        best->priority >= cpuif_running_priority()) {
        return MODEL_SPURIOUS;
    }
    best->state = STATE_ACTIVE;
    interface->active_priorities[group] |= 1U << (best->priority >> 3);
    return best->vintid;
}

/* True when a list register held the active interrupt. */
static bool deactivate(struct interface *interface, uint32_t intid)
{
    for (unsigned n = 0; n < lr_number; n++) {
        struct list_register *lr = &interface->lr[n];
        if (lr->vintid != intid || (lr->state & STATE_ACTIVE) == 0U) {
            continue;
        }
        lr->state &= ~(unsigned)STATE_ACTIVE;
        if (lr->hw) {
            if (!interface->physical_active[lr->pintid]) {
                host_fail("INTID %u deactivates physical %u, which is not active", intid, lr->pintid);
            }
            interface->physical_active[lr->pintid] = false;
        }
        return true;
    }
    return false;
}

void cpuif_end(unsigned group, uint32_t intid)
{
    struct interface *interface = here();
    uint32_t *priorities = &interface->active_priorities[group];
    if (*priorities == 0U) {
        host_fail("the test ends an interrupt of group %u, none is active", group);
    }
    *priorities &= *priorities - 1U;
    if (!interface->split && !deactivate(interface, intid)) {
        interface->eoi_count = (interface->eoi_count + 1U) & 31U;
    }
}

bool cpuif_deactivate(uint32_t intid)
{
    struct interface *interface = here();
    if ((interface->enables & (1U << 14)) != 0U) {
        return true;
    }
    if (interface->split && !deactivate(interface, intid)) {
        interface->eoi_count = (interface->eoi_count + 1U) & 31U;
    }
    return false;
}

void cpuif_set_mask(unsigned priority)
{
    here()->mask = priority & 0xf8U;
}

void cpuif_set_groups(bool group0, bool group1)
{
    here()->group_enable[0] = group0;
    here()->group_enable[1] = group1;
}

void cpuif_set_end_mode(bool split)
{
    here()->split = split;
}

bool cpuif_maintenance(unsigned cpu)
{
    return interfaces[cpu].enabled && read_misr(&interfaces[cpu]) != 0U;
}

uint64_t cpuif_list_register(unsigned cpu, unsigned n)
{
    return lr_encode(&interfaces[cpu].lr[n]);
}

bool cpuif_physical_active(unsigned cpu, uint32_t pintid)
{
    return interfaces[cpu].physical_active[pintid];
}

void cpuif_physical_set_active(unsigned cpu, uint32_t pintid, bool active)
{
    if (interfaces[cpu].physical_active[pintid] == active) {
        host_fail("physical %u of CPU %u is %sactive already", pintid, cpu, active ? "" : "in");
    }
    interfaces[cpu].physical_active[pintid] = active;
}

void cpuif_check(unsigned cpu)
{
    const struct interface *interface = &interfaces[cpu];
    for (unsigned n = 0; n < lr_number; n++) {
        const struct list_register *lr = &interface->lr[n];
        if (lr->state == STATE_INACTIVE) {
            continue;
        }
        if (lr->hw && lr->state == STATE_BOTH) {
            host_fail("CPU %u: hardware-linked INTID %u is pending and active", cpu, lr->vintid);
        }
        if (lr->hw && !interface->physical_active[lr->pintid]) {
            host_fail("CPU %u: INTID %u is linked to physical %u, which is not active", cpu, lr->vintid, lr->pintid);
        }
        for (unsigned m = n + 1U; m < lr_number; m++) {
            if (interface->lr[m].state != STATE_INACTIVE && interface->lr[m].vintid == lr->vintid) {
                host_fail("CPU %u: INTID %u is in list registers %u and %u", cpu, lr->vintid, n, m);
            }
        }
    }
}

void ideal_reset(struct ideal *gic)
{
    memset(gic, 0, sizeof(*gic));
    for (unsigned vcpu = 0; vcpu < MODEL_VCPUS; vcpu++) {
        for (unsigned intid = 0; intid < 32U; intid++) {
            gic->private[vcpu][intid].edge = intid < 16U;
            gic->private[vcpu][intid].route = (int)vcpu;
        }
    }
}

struct ideal_irq *ideal_find(struct ideal *gic, unsigned vcpu, uint32_t intid)
{
    return intid < 32U ? &gic->private[vcpu][intid] : &gic->shared[intid - 32U];
}

bool ideal_pending(const struct ideal_irq *irq)
{
    return irq->latch || (!irq->edge && irq->line);
}

bool ideal_offered(struct ideal *gic, unsigned vcpu, uint32_t intid)
{
    const struct ideal_irq *irq = ideal_find(gic, vcpu, intid);
    return ideal_pending(irq) && !irq->active && irq->enabled && irq->route == (int)vcpu &&
           (gic->group_enables & (irq->group1 ? 2U : 1U)) != 0U;
}

unsigned ideal_best(struct ideal *gic, unsigned vcpu, unsigned groups)
{
    unsigned best = MODEL_IDLE_PRIORITY;
    for (uint32_t intid = 0; intid < MODEL_INTIDS; intid++) {
        const struct ideal_irq *irq = ideal_find(gic, vcpu, intid);
        if (ideal_offered(gic, vcpu, intid) && (groups & (irq->group1 ? 2U : 1U)) != 0U && irq->priority < best) {
            best = irq->priority;
        }
    }
    return best;
}

void ideal_set_line(struct ideal_irq *irq, bool level)
{
    irq->latch = irq->latch || (irq->edge && level && !irq->line);
    irq->line = level;
}

void ideal_acknowledge(struct ideal_irq *irq, unsigned vcpu)
{
    irq->taker = (int)vcpu;
    irq->latch = false;
    irq->active = true;
}
