/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What dev/vgic calls of the folders around it, as test programs of the virtual GIC want it: defines those functions, so that exactly one
 * file of a program includes it. A VM of up to 64 vCPUs, a captured MMIO bus and system-register table, kicks that are only noted.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "arch/host/host_model.h"
#include "arch/phys.h"
#include "cpu/irq.h"
#include "dev/guest_tree.h"
#include "dev/vgic/vgic.h"
#include "mem/page_alloc.h"
#include "platform/platform.h"
#include "vgic_model.h"
#include "vm/calls.h"
#include "vm/device.h"
#include "vm/vcpu.h"

#define FAKE_RAM 0x40000000ULL
#define FAKE_RAM_SIZE 0x1000000ULL
#define FAKE_MAINTENANCE 25U

static struct vm fake_vm;
static struct vcpu fake_vcpus[CONFIG_MAX_VCPUS];
static struct vcpu *fake_current[HOST_CPUS]; /* the vCPU that each fake CPU runs */
static bool fake_kicked[CONFIG_MAX_VCPUS];
static bool fake_asleep[CONFIG_MAX_VCPUS];
static uint64_t fake_ram_next;
static unsigned fake_pages;
static unsigned fake_page_limit; /* allocations that succeed from now on */
static bool fake_bus_full;
static irq_handler fake_maintenance;
static const struct sysreg_row *fake_rows;
static unsigned fake_row_count;

struct vcpu *vcpu_current(void)
{
    return fake_current[host_cpu()];
}

/* A vCPU may sleep with its state still in the CPU: fake_asleep. */
bool vcpu_runs_here(const struct vcpu *vcpu)
{
    return vcpu == fake_current[host_cpu()] && !fake_asleep[vcpu->index];
}

void vcpu_kick(struct vcpu *vcpu, uint32_t work)
{
    assert_int_equal(work, VCPU_WORK_IRQ);
    __atomic_store_n(&fake_kicked[vcpu->index], true, __ATOMIC_RELEASE);
}

void vcpu_wake(struct vcpu *vcpu)
{
    __atomic_store_n(&fake_kicked[vcpu->index], true, __ATOMIC_RELEASE);
}

enum status irq_register(uint32_t intid, irq_handler handler, void *argument)
{
    (void)argument;
    assert_int_equal(intid, FAKE_MAINTENANCE);
    fake_maintenance = handler;
    return STATUS_OK;
}

void irq_enable(uint32_t intid, bool edge)
{
    assert_int_equal(intid, FAKE_MAINTENANCE);
    assert_false(edge);
}

void irq_deactivate(uint32_t intid)
{
    cpuif_physical_set_active(host_cpu(), intid, false);
}

void sysreg_table_add(const struct sysreg_row *rows, unsigned count)
{
    fake_rows = rows;
    fake_row_count = count;
}

enum status page_alloc_zeroed(owner_t owner, unsigned order, pa_t *out)
{
    uint64_t size = PAGE_SIZE << order;
    if (fake_page_limit == 0U) {
        return STATUS_NO_MEMORY;
    }
    fake_page_limit--;
    assert_int_equal(owner.id, OWNER_VM(0).id);
    fake_ram_next = (fake_ram_next + size - 1U) & ~(size - 1U);
    *out = pa_make(fake_ram_next);
    memset(phys_to_pointer(fake_ram_next), 0, size);
    fake_ram_next += size;
    fake_pages += 1U << order;
    return STATUS_OK;
}

void page_free(owner_t owner, unsigned order, pa_t pa)
{
    assert_int_equal(owner.id, OWNER_VM(0).id);
    assert_true(pa.pa >= FAKE_RAM && pa.pa < fake_ram_next);
    fake_pages -= 1U << order;
}

enum status mmio_bus_add(struct mmio_bus *bus, ipa_t base, uint64_t size, const struct mmio_ops *ops, void *device)
{
    if (fake_bus_full) {
        return STATUS_NO_MEMORY;
    }
    bus->regions[bus->count++] = (struct mmio_region){base.ipa, size, ops, device};
    return STATUS_OK;
}

/* The node that describe writes is checked where the whole tree is. */
void guest_tree_begin(struct guest_tree *tree, const char *name)
{
    (void)tree;
    (void)name;
}

void guest_tree_end(struct guest_tree *tree)
{
    (void)tree;
}

void guest_tree_empty(struct guest_tree *tree, const char *property)
{
    (void)tree;
    (void)property;
}

void guest_tree_string(struct guest_tree *tree, const char *property, const char *value)
{
    (void)tree;
    (void)property;
    (void)value;
}

void guest_tree_u32(struct guest_tree *tree, const char *property, uint32_t value)
{
    (void)tree;
    (void)property;
    (void)value;
}

void guest_tree_reg(struct guest_tree *tree, const uint64_t (*pairs)[2], unsigned count)
{
    (void)tree;
    (void)pairs;
    (void)count;
}

enum status guest_tree_status(const struct guest_tree *tree)
{
    (void)tree;
    return STATUS_OK;
}

/* A VM on the machine as the one before left it, which is what a fuzzer has time for; nothing is loaded. vgic_init is called once only. */
static void fake_restart(unsigned vcpus, unsigned list_registers, bool dir_traps)
{
    static bool initialised;
    static struct platform platform;

    host_wait_hook(NULL);
    host_cpu_select(0);
    fake_ram_next = FAKE_RAM;
    fake_pages = 0;
    fake_page_limit = UINT32_MAX;
    fake_bus_full = false;
    memset(&fake_vm, 0, sizeof(fake_vm));
    memset(fake_vcpus, 0, sizeof(fake_vcpus));
    memset(fake_current, 0, sizeof(fake_current));
    memset(fake_kicked, 0, sizeof(fake_kicked));
    memset(fake_asleep, 0, sizeof(fake_asleep));
    cpuif_install(list_registers, dir_traps);
    if (!initialised) {
        platform.cpus[0].maintenance_intid = FAKE_MAINTENANCE;
        vgic_init(&platform);
        initialised = true;
    }
    for (unsigned cpu = 0; cpu < MODEL_CPUS; cpu++) {
        host_cpu_select(cpu);
        vgic_cpu_init();
    }
    fake_vm.vcpu_count = vcpus;
    for (uint32_t i = 0; i < vcpus; i++) {
        fake_vcpus[i] = (struct vcpu){.vm = &fake_vm, .index = i, .power = VCPU_ON};
        fake_vm.vcpus[i] = &fake_vcpus[i];
    }
    assert_int_equal(vgic_class.create(&fake_vm), STATUS_OK);
}

/* A new machine with its virtual CPU interfaces, and a VM on it. */
static inline void fake_start(unsigned vcpus, unsigned list_registers, bool dir_traps)
{
    host_reset();
    host_phys_add(FAKE_RAM, FAKE_RAM_SIZE);
    fake_restart(vcpus, list_registers, dir_traps);
}

static void fake_stop(void)
{
    vgic_class.destroy(&fake_vm);
    assert_int_equal(fake_pages, 0);
}

/* An access as the vCPU that the selected CPU runs makes it. */
static const struct mmio_region *fake_region(uint64_t ipa, unsigned size)
{
    for (uint32_t i = 0; i < fake_vm.mmio.count; i++) {
        const struct mmio_region *region = &fake_vm.mmio.regions[i];
        if (ipa >= region->base && ipa + size <= region->base + region->size) {
            return region;
        }
    }
    fail_msg("no device at 0x%llx", (unsigned long long)ipa);
    return NULL;
}

static inline uint64_t fake_read(uint64_t ipa, unsigned size)
{
    const struct mmio_region *region = fake_region(ipa, size);
    struct mmio_value answer = region->ops->read(vcpu_current(), region->device, ipa - region->base, size);
    assert_true(answer.served);
    assert_true(spinlock_none_held());
    return answer.value;
}

static inline void fake_write(uint64_t ipa, unsigned size, uint64_t value)
{
    const struct mmio_region *region = fake_region(ipa, size);
    assert_true(region->ops->write(vcpu_current(), region->device, ipa - region->base, size, value));
    assert_true(spinlock_none_held());
}

static inline void fake_msr(uint32_t key, uint64_t value)
{
    for (unsigned i = 0; i < fake_row_count; i++) {
        if (fake_rows[i].key == key) {
            assert_true(fake_rows[i].write(vcpu_current(), key, value));
            assert_true(spinlock_none_held());
            return;
        }
    }
    fail_msg("system register %u has no row", key);
}

static inline void fake_load(unsigned cpu, unsigned vcpu)
{
    host_cpu_select(cpu);
    assert_null(fake_current[cpu]);
    fake_current[cpu] = &fake_vcpus[vcpu];
    vgic_class.vcpu_load(&fake_vcpus[vcpu]);
}

static inline void fake_put(unsigned cpu)
{
    host_cpu_select(cpu);
    vgic_class.vcpu_put(fake_current[cpu]);
    fake_current[cpu] = NULL;
}

/* Kicks and maintenance interrupts until there are none; a storm fails the test. */
static inline void fake_settle(void)
{
    unsigned self = host_cpu();
    bool again = true;
    for (unsigned round = 0; again; round++) {
        assert_true(round < 64U);
        again = false;
        for (unsigned cpu = 0; cpu < MODEL_CPUS; cpu++) {
            struct vcpu *vcpu = fake_current[cpu];
            host_cpu_select(cpu);
            if (vcpu != NULL && fake_kicked[vcpu->index]) {
                fake_kicked[vcpu->index] = false;
                vcpu_irqchip.flush(vcpu);
                again = true;
            }
            if (cpuif_maintenance(cpu)) {
                assert_int_equal(fake_maintenance(FAKE_MAINTENANCE, NULL), IRQ_DEACTIVATE);
                again = true;
            }
        }
    }
    host_cpu_select(self);
}
