/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the devices of hv/dev call of the folders around them, as their test programs want it: defines those functions, so that exactly
 * one file of a program includes it. A clock that stands until the test moves it, one VM, lines that are only noted.
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
#include "arch/spinlock.h"
#include "arch/sysreg.h"
#include "cpu/irq.h"
#include "cpu/timer.h"
#include "dev/vgic/vgic.h"
#include "mem/page_alloc.h"
#include "seeded.h"
#include "vm/calls.h"
#include "vm/device.h"
#include "vm/vcpu.h"
#include "vm/vm.h"

#define FAKE_RAM 0x40000000ULL
#define FAKE_RAM_SIZE 0x1000000ULL
#define FAKE_FREQUENCY 62500000ULL
#define FAKE_INTIDS 64U
#define FAKE_MS (FAKE_FREQUENCY / 1000U)

static struct vm fake_vm;
static struct vcpu fake_vcpus[CONFIG_MAX_VCPUS];
static uint64_t fake_ram_next;
static unsigned fake_pages;

/* ---- time: timers fire in order as the clock passes them ---- */

static uint64_t fake_count;
static struct timer *fake_timers;
static int64_t fake_seconds; /* wall clock at count 0 */

uint64_t timer_count(void)
{
    return fake_count;
}

uint64_t timer_frequency(void)
{
    return FAKE_FREQUENCY;
}

uint64_t timer_from_ns(uint64_t ns)
{
    return (uint64_t)((__uint128_t)ns * FAKE_FREQUENCY / 1000000000U);
}

bool timer_wall_clock(int64_t *seconds, uint32_t *nanoseconds)
{
    *seconds = fake_seconds + (int64_t)(fake_count / FAKE_FREQUENCY);
    *nanoseconds = (uint32_t)(fake_count % FAKE_FREQUENCY * 1000000000U / FAKE_FREQUENCY);
    return true;
}

void timer_cancel(struct timer *timer)
{
    for (struct timer **at = &fake_timers; *at != NULL; at = &(*at)->next) {
        if (*at == timer) {
            *at = timer->next;
            timer->armed = false;
            return;
        }
    }
    assert_false(timer->armed);
}

void timer_arm(struct timer *timer, uint64_t deadline)
{
    struct timer **at = &fake_timers;

    assert_non_null(timer->fire);
    timer_cancel(timer);
    while (*at != NULL && (*at)->deadline <= deadline) {
        at = &(*at)->next;
    }
    *timer = (struct timer){.next = *at, .deadline = deadline, .fire = timer->fire, .armed = true};
    *at = timer;
}

void timer_cancel_wait(struct timer *timer)
{
    assert_true(spinlock_none_held());
    timer_cancel(timer);
}

static inline void fake_advance(uint64_t counts)
{
    uint64_t end = fake_count + counts;

    while (fake_timers != NULL && fake_timers->deadline <= end) {
        struct timer *timer = fake_timers;
        fake_timers = timer->next;
        timer->armed = false;
        fake_count = timer->deadline > fake_count ? timer->deadline : fake_count;
        timer->fire(timer);
        assert_true(spinlock_none_held());
    }
    fake_count = end;
}

/* ---- lines ---- */

static bool fake_spi[FAKE_INTIDS];
static bool fake_ppi[CONFIG_MAX_VCPUS][32];
static unsigned fake_changes; /* of any line */

void vgic_set_spi(struct vm *vm, uint32_t intid, bool level)
{
    assert_ptr_equal(vm, &fake_vm);
    assert_true(intid >= 32U && intid < FAKE_INTIDS);
    fake_changes += fake_spi[intid] != level;
    fake_spi[intid] = level;
}

static bool fake_ppi_taken; /* a PPI wakes its vCPU */
static unsigned fake_wakes;

bool vgic_wake_ppi(struct vcpu *vcpu, uint32_t intid)
{
    (void)vcpu;
    (void)intid;
    fake_wakes += fake_ppi_taken ? 1U : 0U;
    return fake_ppi_taken;
}

void vgic_set_ppi(struct vcpu *vcpu, uint32_t intid, bool level)
{
    assert_true(intid >= 16U && intid < 32U);
    fake_changes += fake_ppi[vcpu->index][intid] != level;
    fake_ppi[vcpu->index][intid] = level;
}

/* ---- memory and the bus ---- */

enum status page_alloc_zeroed(owner_t owner, unsigned order, pa_t *out)
{
    uint64_t size = PAGE_SIZE << order;

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
    assert_true(bus->count < MMIO_MAX_REGIONS);
    bus->regions[++bus->count] = (struct mmio_region){base.ipa, size, ops, device};
    return STATUS_OK;
}

/* A VM with its vCPUs and this one device, on the machine as the one before left it, which is what a fuzzer has time for. */
static inline void fake_restart(const struct device_class *device, unsigned vcpus)
{
    host_cpu_select(0);
    fake_ram_next = FAKE_RAM;
    fake_pages = 0;
    fake_count = 0;
    fake_timers = NULL;
    fake_seconds = 0;
    fake_changes = 0;
    memset(fake_spi, 0, sizeof(fake_spi));
    memset(fake_ppi, 0, sizeof(fake_ppi));
    memset(&fake_vm, 0, sizeof(fake_vm));
    memset(fake_vcpus, 0, sizeof(fake_vcpus));
    fake_vm.vcpu_count = vcpus;
    fake_vm.memory.base = VM_RAM_BASE;
    fake_vm.memory.size = 0x10000000ULL;
    for (uint32_t i = 0; i < vcpus; i++) {
        fake_vcpus[i].vm = &fake_vm;
        fake_vcpus[i].index = i;
        fake_vcpus[i].mpidr = 0x80000000ULL | (uint64_t)(i / 16U) << 8 | i % 16U;
        fake_vm.vcpus[i] = &fake_vcpus[i];
    }
    if (device->create != NULL) {
        assert_int_equal(device->create(&fake_vm), STATUS_OK);
    }
}

/* The same on a new machine. */
static inline void fake_start(const struct device_class *device, unsigned vcpus)
{
    host_reset();
    host_phys_add(FAKE_RAM, FAKE_RAM_SIZE);
    fake_restart(device, vcpus);
}

/* Nothing is left: no page, no timer. */
static inline void fake_stop(const struct device_class *device)
{
    if (device->destroy != NULL) {
        device->destroy(&fake_vm);
        device->destroy(&fake_vm);
    }
    assert_int_equal(fake_pages, 0);
    assert_null(fake_timers);
}

/* The one device's registers. false: the guest would get an external abort. */
static inline bool fake_try_read(uint64_t offset, unsigned size, uint64_t *value)
{
    const struct mmio_region *region = &fake_vm.mmio.regions[1];
    struct mmio_value answer = region->ops->read(&fake_vcpus[0], region->device, offset, size);

    assert_true(spinlock_none_held());
    *value = answer.value;
    return answer.served;
}

static inline bool fake_try_write(uint64_t offset, unsigned size, uint64_t value)
{
    const struct mmio_region *region = &fake_vm.mmio.regions[1];
    bool answered = region->ops->write(&fake_vcpus[0], region->device, offset, size, value);

    assert_true(spinlock_none_held());
    return answered;
}

static inline uint32_t fake_read(uint64_t offset)
{
    uint64_t value;

    assert_true(fake_try_read(offset, 4, &value));
    assert_int_equal(value >> 32, 0);
    return (uint32_t)value;
}

static inline void fake_write(uint64_t offset, uint32_t value)
{
    assert_true(fake_try_write(offset, 4, value));
}

/* Widths and alignments that no register of a PrimeCell has are refused; identification is there by the byte. */
static inline void fake_check_primecell(const uint8_t id[8])
{
    uint64_t value;

    for (unsigned i = 0; i < 8U; i++) {
        assert_int_equal(fake_read(0xFE0U + 4U * i), id[i]);
        assert_true(fake_try_read(0xFE0U + 4U * i, 1, &value));
        assert_int_equal(value, id[i]);
        fake_write(0xFE0U + 4U * i, 0xFFFFFFFFU);
        assert_int_equal(fake_read(0xFE0U + 4U * i), id[i]);
    }
    assert_false(fake_try_read(0, 8, &value));
    assert_false(fake_try_write(0, 8, 0));
    assert_false(fake_try_read(0xFE1, 1, &value));
    assert_false(fake_try_read(0xFE2, 2, &value));
    assert_false(fake_try_write(0xFE2, 4, 0));
    assert_int_equal(fake_read(0xF00), 0);
    fake_write(0xF00, 0xFFFFFFFFU);
}
