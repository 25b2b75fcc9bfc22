/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A physical GICv3 for test programs (IHI 0069): distributor and redistributors as memory with the registers' set, clear and pending
 * semantics, and the CPU interfaces behind the fake CPUs' system registers. It ends the program on what the manual calls
 * UNPREDICTABLE or an order that loses interrupts. One file of a program includes it. Level-sensitive wires: gic_wire.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "arch/host/host_device.h"
#include "arch/host/host_model.h"
#include "arch/sysreg.h"
#include "lib/bits.h"
#include "mem/stage1.h"

#define GIC_CPUS HOST_CPUS
#define GIC_GICD 0x08000000ULL
#define GIC_GICR 0x080a0000ULL
#define GIC_LINES 96U
#define GIC_NONE 1023U

struct gic_cpu {
    bool pending[32];
    bool active[32];
    bool wire[32];
    uint32_t enabled;
    uint32_t config;
    uint32_t group;
    uint32_t ctlr;
    uint32_t waker;
    uint32_t acknowledged; /* the INTID whose priority is not dropped yet, or GIC_NONE */
    uint8_t priority[32];
    unsigned deactivated;
};

struct gic_model {
    bool one_security_state;
    bool lpis_stuck;
    bool asleep_for_good;
    bool rwp_for_good;
    bool virtual_lpis; /* frames are 256 KiB apart */
    unsigned cpus;
    uint64_t mpidr[GIC_CPUS];
    uint32_t ctlr;
    unsigned rwp; /* reads until it clears */
    bool pending[GIC_LINES];
    bool active[GIC_LINES];
    bool wire[GIC_LINES];
    uint32_t enabled[GIC_LINES / 32U];
    uint32_t group[GIC_LINES / 32U];
    uint32_t config[GIC_LINES / 16U];
    uint8_t priority[GIC_LINES];
    uint64_t router[GIC_LINES];
    struct gic_cpu cpu[GIC_CPUS];
    unsigned spurious;
};

static struct gic_model gic;

static unsigned gic_stride(void)
{
    return gic.virtual_lpis ? 0x40000U : 0x20000U;
}

/* A bank of 32 bits, one per interrupt: the registers that set and clear it. */
static void gic_bits_write(bool *bits, uint32_t value, bool set)
{
    for (unsigned i = 0; i < 32U; i++) {
        if ((value >> i & 1U) != 0U) {
            bits[i] = set;
        }
    }
}

static uint64_t gicd_model_read(void *context, uint64_t offset, unsigned size)
{
    (void)context;
    if (size != 4U) {
        host_fail("GICD read of %u bytes at 0x%lx", size, offset);
    }
    if (offset == 0U) {
        uint32_t rwp = gic.rwp_for_good || gic.rwp > 0U ? 1U << 31 : 0U;
        gic.rwp -= gic.rwp > 0U ? 1U : 0U;
        return gic.ctlr | rwp | (gic.one_security_state ? 1U << 6 : 0U);
    }
    if (offset == 4U) {
        return GIC_LINES / 32U - 1U;
    }
    if (offset >= 0xc00U && offset < 0xc00U + GIC_LINES / 4U) {
        return gic.config[(offset - 0xc00U) / 4U];
    }
    host_fail("GICD read at 0x%lx", offset);
}

static void gicd_model_write(void *context, uint64_t offset, unsigned size, uint64_t value)
{
    (void)context;
    unsigned word = (unsigned)(offset & 0x7fU) / 4U;
    if (offset >= 0x6000U + (8U * 32U) && offset < 0x6000U + (8U * GIC_LINES) && size == 8U) {
        gic.router[(offset - 0x6000U) / 8U] = value;
        return;
    }
    if (size != 4U) {
        host_fail("GICD write of %u bytes at 0x%lx", size, offset);
    }
    if (offset == 0U) {
        /* 12.9.4: changing ARE while a group is enabled is UNPREDICTABLE. */
        if (((gic.ctlr ^ value) & 0x30U) != 0U && (gic.ctlr & 7U) != 0U) {
            host_fail("GICD_CTLR: ARE changes while a group is enabled");
        }
        if ((gic.ctlr & 0x10U) != 0U && (value & 0x10U) == 0U) {
            host_fail("GICD_CTLR: ARE goes from 1 to 0");
        }
        gic.ctlr = (uint32_t)value & 0x37U;
        gic.rwp = 3U;
        return;
    }
    bool line_bank = offset >= 0x80U && offset < 0x400U;
    if ((line_bank && (word == 0U || word >= GIC_LINES / 32U))) {
        host_fail("GICD write at 0x%lx: not an SPI of this distributor", offset);
    }
    switch (offset & ~0x7fULL) {
    case 0x080:
        gic.group[word] = (uint32_t)value;
        return;
    case 0x100:
        gic.enabled[word] |= (uint32_t)value;
        return;
    case 0x180:
        gic.enabled[word] &= ~(uint32_t)value;
        gic.rwp = 3U;
        return;
    case 0x280:
        gic_bits_write(&gic.pending[word * 32U], (uint32_t)value, false);
        return;
    case 0x380:
        gic_bits_write(&gic.active[word * 32U], (uint32_t)value, false);
        return;
    default:
        break;
    }
    if (offset >= 0x400U + 32U && offset < 0x400U + GIC_LINES) {
        for (unsigned i = 0; i < 4U; i++) {
            gic.priority[offset - 0x400U + i] = (uint8_t)(value >> (8U * i));
        }
    } else if (offset >= 0xc00U + 8U && offset < 0xc00U + GIC_LINES / 4U) {
        gic.config[(offset - 0xc00U) / 4U] = (uint32_t)value;
    } else {
        host_fail("GICD write at 0x%lx", offset);
    }
}

static uint64_t gicr_typer(unsigned cpu)
{
    uint64_t mpidr = gic.mpidr[cpu];
    uint64_t affinity = (mpidr >> 32 & 0xffU) << 24 | (mpidr & 0xffffffU);
    return affinity << 32 | (uint64_t)cpu << 8 | (cpu + 1U == gic.cpus ? 1U << 4 : 0U) |
           (gic.virtual_lpis ? 1U << 1 : 0U);
}

static uint64_t gicr_model_read(void *context, uint64_t offset, unsigned size)
{
    (void)context;
    unsigned index = (unsigned)(offset / gic_stride());
    struct gic_cpu *cpu = &gic.cpu[index];
    if (index >= gic.cpus) {
        host_fail("GICR read at 0x%lx: behind the last redistributor", offset);
    }
    switch (offset % gic_stride()) {
    case 0x0000:
        return cpu->ctlr;
    case 0x0008:
        return size == 8U ? gicr_typer(index) : 0U;
    case 0x0014:
        return cpu->waker;
    case 0x10c04:
        return cpu->config;
    default:
        host_fail("GICR read at 0x%lx", offset);
    }
}

static void gicr_sgi_write(struct gic_cpu *cpu, uint64_t offset, uint32_t value)
{
    switch (offset) {
    case 0x080:
        cpu->group = value;
        return;
    case 0xd00: /* GICR_IGRPMODR0 */
        return;
    case 0x100:
        cpu->enabled |= value;
        return;
    case 0x180:
        cpu->enabled &= ~value;
        return;
    case 0x280:
        gic_bits_write(cpu->pending, value, false);
        return;
    case 0x300:
        gic_bits_write(cpu->active, value, true);
        return;
    case 0x380:
        gic_bits_write(cpu->active, value, false);
        return;
    case 0xc04:
        cpu->config = value;
        return;
    default:
        break;
    }
    if (offset < 0x400U || offset >= 0x420U) {
        host_fail("GICR SGI_base write at 0x%lx", offset);
    }
    for (unsigned i = 0; i < 4U; i++) {
        cpu->priority[offset - 0x400U + i] = (uint8_t)(value >> (8U * i));
    }
}

static void gicr_model_write(void *context, uint64_t offset, unsigned size, uint64_t value)
{
    (void)context;
    unsigned index = (unsigned)(offset / gic_stride());
    uint64_t frame = offset % gic_stride();
    if (index >= gic.cpus || size != 4U) {
        host_fail("GICR write of %u bytes at 0x%lx", size, offset);
    }
    struct gic_cpu *cpu = &gic.cpu[index];
    if (frame == 0U) {
        cpu->ctlr = gic.lpis_stuck ? cpu->ctlr : (uint32_t)value & 1U;
    } else if (frame == 0x14U) {
        cpu->waker = (value & 2U) != 0U || gic.asleep_for_good ? (uint32_t)value | 4U : 0U;
    } else if (frame >= 0x10000U) {
        if (cpu->waker != 0U) {
            host_fail("GICR SGI_base write while ChildrenAsleep");
        }
        gicr_sgi_write(cpu, frame - 0x10000U, (uint32_t)value);
    } else {
        host_fail("GICR write at 0x%lx", offset);
    }
}

static void gic_wire_sample(unsigned cpu);

/* What the CPU would be interrupted by, or GIC_NONE. */
static uint32_t gic_highest(unsigned index)
{
    struct gic_cpu *cpu = &gic.cpu[index];
    bool on = (gic.ctlr & 2U) != 0U && (host_sysreg_get(index, KEY_ICC_IGRPEN1_EL1) & 1U) != 0U;
    gic_wire_sample(index);
    for (uint32_t i = 0; on && i < 32U; i++) {
        bool pending = cpu->pending[i] || cpu->wire[i];
        if (pending && !cpu->active[i] && (cpu->enabled >> i & 1U) != 0U && (cpu->group >> i & 1U) != 0U) {
            return i;
        }
    }
    for (uint32_t i = 32; on && i < GIC_LINES; i++) {
        bool pending = gic.pending[i] || gic.wire[i];
        bool here = gic.router[i] == gic.mpidr[index];
        if (pending && here && !gic.active[i] && (gic.enabled[i / 32U] >> (i % 32U) & 1U) != 0U) {
            return i;
        }
    }
    return GIC_NONE;
}

static uint64_t gic_iar_read(uint32_t key, void *context)
{
    (void)key;
    (void)context;
    unsigned index = host_cpu();
    struct gic_cpu *cpu = &gic.cpu[index];
    uint32_t intid = gic_highest(index);
    if (intid == GIC_NONE) {
        gic.spurious++;
        return GIC_NONE;
    }
    if (cpu->acknowledged != GIC_NONE) {
        host_fail("INTID %u acknowledged before the priority of %u was dropped", intid, cpu->acknowledged);
    }
    cpu->acknowledged = intid;
    if (intid < 32U) {
        cpu->pending[intid] = false;
        cpu->active[intid] = true;
    } else {
        gic.pending[intid] = false;
        gic.active[intid] = true;
    }
    return intid;
}

static void gic_eoir_write(uint32_t key, uint64_t value, void *context)
{
    (void)key;
    (void)context;
    struct gic_cpu *cpu = &gic.cpu[host_cpu()];
    if (cpu->acknowledged != value) {
        host_fail("ICC_EOIR1_EL1 = %lu, acknowledged was %u", value, cpu->acknowledged);
    }
    cpu->acknowledged = GIC_NONE;
    if ((host_sysreg_get(host_cpu(), KEY_ICC_CTLR_EL1) & 2U) == 0U) {
        host_fail("ICC_CTLR_EL1.EOImode is 0: EOIR deactivates");
    }
}

static void gic_dir_write(uint32_t key, uint64_t value, void *context)
{
    (void)key;
    (void)context;
    struct gic_cpu *cpu = &gic.cpu[host_cpu()];
    bool *active = value < 32U ? &cpu->active[value] : &gic.active[value % GIC_LINES];
    if (value >= GIC_LINES || !*active || cpu->acknowledged == value) {
        host_fail("ICC_DIR_EL1 = %lu: not active, or its priority not dropped", value);
    }
    *active = false;
    cpu->deactivated++;
}

static void gic_sgi1r_write(uint32_t key, uint64_t value, void *context)
{
    (void)key;
    (void)context;
    uint64_t base = bits_get(value, 55, 48) << 32 | bits_get(value, 39, 32) << 16 | bits_get(value, 23, 16) << 8;
    for (unsigned i = 0; i < gic.cpus; i++) {
        uint64_t aff0 = gic.mpidr[i] & 0xffU;
        bool listed = aff0 / 16U == bits_get(value, 47, 44) && (value >> (aff0 % 16U) & 1U) != 0U;
        if ((gic.mpidr[i] & ~0xffULL) == base && listed) {
            gic.cpu[i].pending[bits_get(value, 27, 24)] = true;
        }
    }
}

/* A GIC for cpus CPUs (mpidr 0, 1, ...), where stage1_map_device will put the distributor and then the redistributors. */
static void gic_model_install(unsigned cpus)
{
    static const uint64_t gicr_va = STAGE1_DEVICE_BASE + 0x10000U;
    memset(&gic, 0, sizeof(gic));
    gic.cpus = cpus;
    gic.ctlr = 0x10U | 2U; /* as firmware leaves it: affinity routing, Group 1 on */
    for (unsigned i = 0; i < cpus; i++) {
        gic.mpidr[i] = i;
        gic.cpu[i].waker = 6U;
        gic.cpu[i].acknowledged = GIC_NONE;
    }
    host_device_remove_all();
    host_device_add(&(struct host_device){(volatile void *)(uintptr_t)STAGE1_DEVICE_BASE, 0x10000U, gicd_model_read,
                                          gicd_model_write, NULL});
    host_device_add(&(struct host_device){(volatile void *)(uintptr_t)gicr_va, (size_t)cpus * 0x40000U, gicr_model_read,
                                          gicr_model_write, NULL});
    host_sysreg_hook(KEY_ICC_IAR1_EL1, gic_iar_read, NULL, NULL);
    host_sysreg_hook(KEY_ICC_EOIR1_EL1, NULL, gic_eoir_write, NULL);
    host_sysreg_hook(KEY_ICC_DIR_EL1, NULL, gic_dir_write, NULL);
    host_sysreg_hook(KEY_ICC_SGI1R_EL1, NULL, gic_sgi1r_write, NULL);
}
