/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GICv3 driver. Owns the mapped distributor and the handler table. Document: IHI 0069 (sections in the text).
 */
#include "cpu/gic.h"

#include "arch/barrier.h"
#include "arch/cpu_wait.h"
#include "arch/device_access.h"
#include "arch/sysreg.h"
#include "cpu/irq.h"
#include "cpu/prda.h"
#include "lib/bits.h"
#include "lib/log.h"
#include "mem/stage1.h"

/* Distributor (12.9) and redistributor (12.11) registers. */
#define GICD_CTLR 0x0000U
#define GICD_TYPER 0x0004U
#define GICD_IGROUPR 0x0080U
#define GICD_ISENABLER 0x0100U
#define GICD_ICENABLER 0x0180U
#define GICD_ICPENDR 0x0280U
#define GICD_ISACTIVER 0x0300U
#define GICD_ICACTIVER 0x0380U
#define GICD_IPRIORITYR 0x0400U
#define GICD_ICFGR 0x0C00U
#define GICD_IROUTER 0x6000U
#define GICR_CTLR 0x0000U
#define GICR_TYPER 0x0008U
#define GICR_WAKER 0x0014U
#define GICR_SGI_BASE 0x10000U
#define GICR_FRAMES 0x20000ULL /* RD_base and SGI_base */

#define GICD_CTLR_RWP BIT(31)
#define GICD_CTLR_DS BIT(6)
#define GICD_CTLR_ARE BIT(4)
#define GICR_CTLR_ENABLE_LPIS BIT(0)
#define GICR_CTLR_RWP BIT(3)
#define GICR_TYPER_VLPIS BIT(1)
#define GICR_TYPER_LAST BIT(4)
#define GICR_WAKER_PROCESSOR_SLEEP BIT(1)
#define GICR_WAKER_CHILDREN_ASLEEP BIT(2)

#define GIC_PRIORITY 0xa0U
#define GIC_MAX_INTID 1020U
#define GIC_SPURIOUS 1020U
#define SPIN_LIMIT 1000000U

struct handler {
    irq_handler function;
    void *argument;
};

static struct handler handlers[GIC_MAX_INTID];
static volatile uint8_t *distributor;
static uint32_t intid_limit; /* first INTID that this distributor does not have */
static struct {
    volatile uint8_t *base;
    uint64_t size;
} ranges[PLATFORM_MAX_REDISTRIBUTORS];
static uint32_t range_count;
static const struct platform *machine;

static uint32_t read32(const volatile uint8_t *base, uint32_t offset)
{
    return device_read32(base + offset);
}

static void write32(volatile uint8_t *base, uint32_t offset, uint32_t value)
{
    device_write32(base + offset, value);
}

static uint64_t read64(const volatile uint8_t *base, uint32_t offset)
{
    return device_read64(base + offset);
}

/* Register Write Pending (GICD_CTLR.RWP, GICR_CTLR.RWP): the effect of earlier disables and control writes is there. */
static bool wait_clear(const volatile uint8_t *base, uint32_t offset, uint64_t mask)
{
    for (unsigned spins = 0; spins < SPIN_LIMIT; spins++) {
        if ((read32(base, offset) & mask) == 0U) {
            return true;
        }
        cpu_wait_yield();
    }
    return false;
}

static enum status map_redistributors(const struct platform *platform)
{
    range_count = platform->redistributor_count;
    for (uint32_t i = 0; i < range_count; i++) {
        const struct platform_range *range = &platform->redistributors[i];
        ranges[i].base = stage1_map_device(pa_make(range->base), range->size);
        ranges[i].size = range->size;
        if (ranges[i].base == NULL) {
            return STATUS_NO_MEMORY;
        }
    }
    return STATUS_OK;
}

/* Every SPI: Group 1, level, one priority, disabled, inactive, not pending, to the boot CPU. */
static void reset_spis(void)
{
    for (uint32_t intid = 32; intid < intid_limit; intid += 32U) {
        uint32_t offset = intid / 8U;
        write32(distributor, GICD_ICENABLER + offset, ~0U);
        write32(distributor, GICD_IGROUPR + offset, ~0U);
        write32(distributor, GICD_ICPENDR + offset, ~0U);
        write32(distributor, GICD_ICACTIVER + offset, ~0U);
    }
    for (uint32_t intid = 32; intid < intid_limit; intid += 4U) {
        write32(distributor, GICD_IPRIORITYR + intid, GIC_PRIORITY * 0x01010101U);
    }
    for (uint32_t intid = 32; intid < intid_limit; intid += 16U) {
        write32(distributor, GICD_ICFGR + intid / 4U, 0U);
    }
}

enum status gic_init(const struct platform *platform)
{
    machine = platform;
    distributor = stage1_map_device(pa_make(platform->gicd_base), 0x10000U);
    if (distributor == NULL || map_redistributors(platform) != STATUS_OK) {
        log_error("gic", "no room to map the distributor or a redistributor");
        return STATUS_NO_MEMORY;
    }
    intid_limit = 32U * ((read32(distributor, GICD_TYPER) & 0x1fU) + 1U);
    intid_limit = intid_limit < GIC_MAX_INTID ? intid_limit : GIC_MAX_INTID;

    /* Groups off, ARE as it is: where firmware set it, changing it back is UNPREDICTABLE (12.9.4). */
    write32(distributor, GICD_CTLR, read32(distributor, GICD_CTLR) & (uint32_t)(GICD_CTLR_DS | GICD_CTLR_ARE));
    if (!wait_clear(distributor, GICD_CTLR, GICD_CTLR_RWP)) {
        log_error("gic", "GICD_CTLR.RWP does not clear");
        return STATUS_TIMEOUT;
    }
    reset_spis();
    /*
     * 12.9.4: with DS = 1 ARE is bit 4, EnableGrp1 bit 1; the non-secure view has ARE_NS in bit 4 and EnableGrp1A in bit 1. ARE first: changing it
     * with groups enabled is UNPREDICTABLE.
     */
    uint32_t ctlr = (read32(distributor, GICD_CTLR) & (uint32_t)GICD_CTLR_DS) | (uint32_t)GICD_CTLR_ARE;
    write32(distributor, GICD_CTLR, ctlr);
    (void)wait_clear(distributor, GICD_CTLR, GICD_CTLR_RWP);
    write32(distributor, GICD_CTLR, ctlr | (uint32_t)BIT(1));
    (void)wait_clear(distributor, GICD_CTLR, GICD_CTLR_RWP);
    log_info("gic", "distributor at %#llx, %u interrupts, %s", (unsigned long long)platform->gicd_base, intid_limit,
             (ctlr & GICD_CTLR_DS) != 0U ? "one security state" : "two security states");
    return STATUS_OK;
}

static bool belongs_to(const volatile uint8_t *frame, uint64_t mpidr)
{
    /* GICR_TYPER.Affinity_Value, bits 63:32, as Aff3.Aff2.Aff1.Aff0. */
    uint32_t affinity = (uint32_t)((mpidr >> 8) & 0xff000000U) | (uint32_t)(mpidr & 0xffffffU);
    return (uint32_t)(read64(frame, GICR_TYPER) >> 32) == affinity;
}

/* In one range: frames of 128 KiB, of 256 KiB where there are virtual LPIs (12.10), or as far apart as the device tree says. */
static volatile uint8_t *find_in_range(volatile uint8_t *base, uint64_t size, uint64_t mpidr)
{
    for (uint64_t at = 0; at + GICR_FRAMES <= size;) {
        volatile uint8_t *frame = base + at;
        uint64_t typer = read64(frame, GICR_TYPER);
        if (belongs_to(frame, mpidr)) {
            return frame;
        }
        if ((typer & GICR_TYPER_LAST) != 0U) {
            break;
        }
        uint64_t own = (typer & GICR_TYPER_VLPIS) != 0U ? 2U * GICR_FRAMES : GICR_FRAMES;
        at += machine->redistributor_stride != 0U ? machine->redistributor_stride : own;
    }
    return NULL;
}

/* A GICC entry of the MADT may name its CPU's own redistributor (ACPI 6.5, 5.2.12.14). */
static volatile uint8_t *find_own(uint64_t mpidr)
{
    for (uint32_t i = 0; i < machine->cpu_count; i++) {
        const struct platform_cpu *cpu = &machine->cpus[i];
        if (cpu->mpidr == mpidr && cpu->gicr_base != 0U) {
            volatile uint8_t *frame = stage1_map_device(pa_make(cpu->gicr_base), GICR_FRAMES);
            return frame != NULL && belongs_to(frame, mpidr) ? frame : NULL;
        }
    }
    return NULL;
}

static volatile uint8_t *find_redistributor(uint64_t mpidr)
{
    volatile uint8_t *frame = find_own(mpidr);
    for (uint32_t i = 0; i < range_count && frame == NULL; i++) {
        frame = find_in_range(ranges[i].base, ranges[i].size, mpidr);
    }
    return frame;
}

/* LPIs would write to memory that firmware chose. EnableLPIs may be stuck at 1 once set (12.11.2): then the machine can't be used. */
static enum status stop_lpis(volatile uint8_t *gicr)
{
    if ((read32(gicr, GICR_CTLR) & GICR_CTLR_ENABLE_LPIS) == 0U) {
        return STATUS_OK;
    }
    write32(gicr, GICR_CTLR, read32(gicr, GICR_CTLR) & ~(uint32_t)GICR_CTLR_ENABLE_LPIS);
    if ((read32(gicr, GICR_CTLR) & GICR_CTLR_ENABLE_LPIS) != 0U || !wait_clear(gicr, GICR_CTLR, GICR_CTLR_RWP)) {
        log_error("gic",
                  "firmware left GICR_CTLR.EnableLPIs on for good: it would go on writing pending tables in RAM");
        return STATUS_UNSUPPORTED;
    }
    return STATUS_OK;
}

static enum status wake_redistributor(volatile uint8_t *gicr)
{
    write32(gicr, GICR_WAKER, read32(gicr, GICR_WAKER) & ~(uint32_t)GICR_WAKER_PROCESSOR_SLEEP);
    if (!wait_clear(gicr, GICR_WAKER, GICR_WAKER_CHILDREN_ASLEEP)) {
        log_error("gic", "GICR_WAKER.ChildrenAsleep does not clear");
        return STATUS_TIMEOUT;
    }
    return STATUS_OK;
}

static void reset_private(volatile uint8_t *gicr)
{
    volatile uint8_t *sgi = gicr + GICR_SGI_BASE;
    write32(sgi, GICD_ICENABLER, ~0U);
    (void)wait_clear(gicr, GICR_CTLR, GICR_CTLR_RWP);
    write32(sgi, GICD_IGROUPR, ~0U);
    write32(sgi, 0x0D00U, 0U); /* GICR_IGRPMODR0: Group 1 non-secure */
    write32(sgi, GICD_ICPENDR, ~0U);
    write32(sgi, GICD_ICACTIVER, ~0U);
    for (uint32_t intid = 0; intid < 32U; intid += 4U) {
        write32(sgi, GICD_IPRIORITYR + intid, GIC_PRIORITY * 0x01010101U);
    }
    write32(sgi, GICD_ICFGR + 4U, 0U);
    write32(sgi, GICD_ISENABLER, 0xffffU);
}

enum status gic_cpu_init(void)
{
    struct prda *prda = PRDA;
    volatile uint8_t *gicr = find_redistributor(prda->mpidr);
    if (gicr == NULL) {
        log_error("gic", "no redistributor says that it belongs to MPIDR %#llx", (unsigned long long)prda->mpidr);
        return STATUS_NOT_FOUND;
    }
    enum status status = stop_lpis(gicr);
    if (status != STATUS_OK) {
        return status;
    }
    status = wake_redistributor(gicr);
    if (status != STATUS_OK) {
        return status;
    }
    prda->gicr = gicr;
    reset_private(gicr);

    sysreg_write(ICC_SRE_EL2, 0xfU); /* SRE, DFB, DIB, Enable (12.2.27) */
    barrier_isb();
    sysreg_write(ICC_PMR_EL1, 0xffU);
    sysreg_write(ICC_BPR1_EL1, 0U);
    sysreg_write(ICC_CTLR_EL1, BIT(1)); /* EOImode: EOIR drops priority, DIR deactivates (12.2.6) */
    sysreg_write(ICC_IGRPEN1_EL1, 1U);
    barrier_isb();
    return STATUS_OK;
}

enum status irq_register(uint32_t intid, irq_handler handler, void *argument)
{
    if (intid >= GIC_MAX_INTID) {
        return STATUS_RANGE;
    }
    if (handlers[intid].function != NULL) {
        return STATUS_EXISTS;
    }
    handlers[intid].argument = argument;
    __atomic_store_n(&handlers[intid].function, handler, __ATOMIC_RELEASE);
    return STATUS_OK;
}

static volatile uint8_t *bank_of(uint32_t intid)
{
    return intid < 32U ? PRDA->gicr + GICR_SGI_BASE : distributor;
}

void irq_enable(uint32_t intid, bool edge)
{
    volatile uint8_t *bank = bank_of(intid);
    if (intid >= 16U) {
        uint32_t shift = (intid % 16U) * 2U;
        uint32_t config = read32(bank, GICD_ICFGR + (intid / 16U) * 4U);
        config = (config & ~(3U << shift)) | ((edge ? 2U : 0U) << shift);
        write32(bank, GICD_ICFGR + (intid / 16U) * 4U, config);
    }
    if (intid >= 32U) {
        uint64_t mpidr = machine->cpus[0].mpidr;
        device_write64(distributor + GICD_IROUTER + (size_t)(8U * intid), mpidr & 0xff00ffffffULL);
    }
    write32(bank, GICD_ISENABLER + (intid / 32U) * 4U, (uint32_t)BIT(intid % 32U));
    barrier_dsb_sy();
}

void irq_disable(uint32_t intid)
{
    write32(bank_of(intid), GICD_ICENABLER + (intid / 32U) * 4U, (uint32_t)BIT(intid % 32U));
    if (intid < 32U) {
        (void)wait_clear(PRDA->gicr, GICR_CTLR, GICR_CTLR_RWP);
    } else {
        (void)wait_clear(distributor, GICD_CTLR, GICD_CTLR_RWP);
    }
}

void irq_deactivate(uint32_t intid)
{
    sysreg_write(ICC_DIR_EL1, intid);
}

void irq_set_private_active(uint32_t intid, bool active)
{
    write32(PRDA->gicr + GICR_SGI_BASE, active ? GICD_ISACTIVER : GICD_ICACTIVER, (uint32_t)BIT(intid % 32U));
    barrier_dsb_sy();
}

/* ICC_SGI1R_EL1 (12.2.20): Aff3 55:48, RS 47:44, Aff2 39:32, INTID 27:24, Aff1 23:16, target list 15:0. */
void irq_send_sgi(unsigned cpu, enum irq_sgi sgi)
{
    uint64_t mpidr = prda_of(cpu)->mpidr;
    uint64_t aff0 = mpidr & 0xffU;
    uint64_t value = (bits_get(mpidr, 39, 32) << 48) | ((aff0 / 16U) << 44) | (bits_get(mpidr, 23, 16) << 32) |
                     ((uint64_t)sgi << 24) | (bits_get(mpidr, 15, 8) << 16) | BIT(aff0 % 16U);
    /* What the interrupt is about is visible before it is (IHI 0069, 4.7: the write is ordered by a DSB alone). */
    barrier_dsb_ishst();
    sysreg_write(ICC_SGI1R_EL1, value);
    barrier_isb();
}

void gic_handle_pending(void)
{
    for (;;) {
        uint32_t intid = (uint32_t)sysreg_read(ICC_IAR1_EL1) & 0xffffffU;
        if (intid >= GIC_SPURIOUS) {
            return;
        }
        /* The acknowledge has taken effect before the handler looks at its device (IHI 0069, 4.1.2). */
        barrier_dsb_sy();
        sysreg_write(ICC_EOIR1_EL1, intid);
        barrier_isb();
        PRDA->irqs++;
        irq_handler function = handlers[intid].function;
        if (function == NULL) {
            log_warning("gic", "interrupt %u that nobody handles: disabled", intid);
            irq_disable(intid);
        }
        if (function == NULL || function(intid, handlers[intid].argument) == IRQ_DEACTIVATE) {
            irq_deactivate(intid);
        }
    }
}
