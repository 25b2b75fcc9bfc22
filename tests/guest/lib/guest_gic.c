/* SPDX-License-Identifier: Apache-2.0 */
/* GICv3 as a test guest uses it (IHI 0069): affinity routing, one security state, Group 1 only. */
#include "guest.h"

#define CTLR_RWP (1U << 31)
#define CTLR_ENABLE 0x13U /* ARE, both groups */
#define GICR_CTLR_RWP (1U << 3)
#define WAKER_SLEEP (1U << 1)
#define WAKER_ASLEEP (1U << 2)
#define DEFAULT_PRIORITY 0xA0A0A0A0U

static uint64_t redistributor(void)
{
    return GICR_BASE + cpu_this()->index * GICR_STRIDE;
}

static void wait_for_writes(uint32_t intid)
{
    uint64_t address = intid < 32U ? redistributor() + GICR_CTLR : GICD_BASE + GICD_CTLR;
    uint32_t bit = intid < 32U ? GICR_CTLR_RWP : CTLR_RWP;
    if (!WAIT_FOR((read32(address) & bit) == 0U)) {
        bail_out("RWP stays set at %lx", address);
    }
}

uint64_t gic_bit_register(uint32_t base, uint32_t intid)
{
    uint64_t frame = intid < 32U ? redistributor() + GICR_SGI : GICD_BASE;
    return frame + base + intid / 32U * 4U;
}

static void set_bit(uint32_t base, uint32_t intid)
{
    write32(gic_bit_register(base, intid), 1U << intid % 32U);
}

void gic_init(void)
{
    uint32_t lines = (read32(GICD_BASE + GICD_TYPER) & 0x1FU) + 1U;
    write32(GICD_BASE + GICD_CTLR, 0);
    wait_for_writes(32);
    for (uint32_t i = 1; i < lines; i++) {
        write32(GICD_BASE + GICD_IGROUPR + 4U * i, ~0U);
        write32(GICD_BASE + GICD_ICENABLER + 4U * i, ~0U);
        write32(GICD_BASE + GICD_ICPENDR + 4U * i, ~0U);
        write32(GICD_BASE + GICD_ICACTIVER + 4U * i, ~0U);
    }
    for (uint32_t i = 8; i < lines * 8U && i < 255U; i++) {
        write32(GICD_BASE + GICD_IPRIORITY + 4U * i, DEFAULT_PRIORITY);
    }
    write32(GICD_BASE + GICD_CTLR, CTLR_ENABLE);
    wait_for_writes(32);
}

void gic_init_cpu(void)
{
    uint64_t base = redistributor();
    write32(base + GICR_WAKER, read32(base + GICR_WAKER) & ~WAKER_SLEEP);
    if (!WAIT_FOR((read32(base + GICR_WAKER) & WAKER_ASLEEP) == 0U)) {
        bail_out("the redistributor does not wake up");
    }
    write32(base + GICR_SGI + GICD_ICENABLER, ~0U);
    write32(base + GICR_SGI + GICD_IGROUPR, ~0U);
    write32(base + GICR_SGI + GICD_ICPENDR, ~0U);
    write32(base + GICR_SGI + GICD_ICACTIVER, ~0U);
    for (uint32_t i = 0; i < 8U; i++) {
        write32(base + GICR_SGI + GICD_IPRIORITY + 4U * i, DEFAULT_PRIORITY);
    }
    wait_for_writes(0);
    SYSREG_WRITE("ICC_SRE_EL1", 7);
    barrier_isb();
    SYSREG_WRITE("ICC_PMR_EL1", 0xFF);
    SYSREG_WRITE("ICC_BPR1_EL1", 0);
    SYSREG_WRITE("ICC_CTLR_EL1", 0);
    SYSREG_WRITE("ICC_IGRPEN1_EL1", 1);
    barrier_isb();
}

void gic_enable(uint32_t intid)
{
    set_bit(GICD_ISENABLER, intid);
}

void gic_disable(uint32_t intid)
{
    set_bit(GICD_ICENABLER, intid);
    wait_for_writes(intid);
}

void gic_set_priority(uint32_t intid, uint32_t priority)
{
    uint64_t frame = intid < 32U ? redistributor() + GICR_SGI : GICD_BASE;
    write8(frame + GICD_IPRIORITY + intid, priority);
}

void gic_set_pending(uint32_t intid)
{
    set_bit(GICD_ISPENDR, intid);
}

void gic_clear_pending(uint32_t intid)
{
    set_bit(GICD_ICPENDR, intid);
}

void gic_clear_active(uint32_t intid)
{
    set_bit(GICD_ICACTIVER, intid);
}

bool gic_is_pending(uint32_t intid)
{
    return (read32(gic_bit_register(GICD_ISPENDR, intid)) >> intid % 32U & 1U) != 0U;
}

bool gic_is_active(uint32_t intid)
{
    return (read32(gic_bit_register(GICD_ISACTIVER, intid)) >> intid % 32U & 1U) != 0U;
}

void gic_set_edge(uint32_t intid, bool edge)
{
    uint64_t frame = intid < 32U ? redistributor() + GICR_SGI : GICD_BASE;
    uint64_t address = frame + GICD_ICFGR + intid / 16U * 4U;
    uint32_t bit = 2U << intid % 16U * 2U;
    write32(address, edge ? read32(address) | bit : read32(address) & ~bit);
}

void gic_route(uint32_t intid, uint32_t index)
{
    write64(GICD_BASE + GICD_IROUTER + 8UL * intid, cpu_affinity(index));
}

void gic_sgi(uint32_t intid, uint32_t index)
{
    uint64_t affinity = cpu_affinity(index);
    barrier_dsb();
    SYSREG_WRITE("ICC_SGI1R_EL1", (uint64_t)intid << 24 | (affinity & 0xFF00U) << 8 | 1UL << (affinity & 0xFU));
    barrier_isb();
}

void gic_sgi_others(uint32_t intid)
{
    barrier_dsb();
    SYSREG_WRITE("ICC_SGI1R_EL1", (uint64_t)intid << 24 | 1UL << 40);
    barrier_isb();
}

uint32_t gic_acknowledge(void)
{
    uint32_t intid = (uint32_t)SYSREG_READ("ICC_IAR1_EL1") & 0xFFFFFFU;
    barrier_dsb();
    return intid;
}

void gic_end(uint32_t intid)
{
    SYSREG_WRITE("ICC_EOIR1_EL1", intid);
    barrier_isb();
}
