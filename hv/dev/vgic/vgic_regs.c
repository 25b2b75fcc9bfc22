/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Registers of the distributor and the redistributors as tables of rows. Owns no state but the index of the tables. Called by the
 * MMIO handlers of vgic.c. IHI 0069: 12.8 to 12.12; single security state (GICD_CTLR.DS = 1), affinity routing always on (ARE = 1),
 * so GICD_IGROUPR0 and its like, GICD_ITARGETSR, NSACR, IGRPMODR and the SGI pending registers of GICD are RAZ/WI (12.9).
 */
#include "dev/vgic/vgic_regs.h"

#include "dev/vgic/vgic_lr.h"
#include "dev/vgic/vgic_route.h"
#include "vm/vcpu.h"

/* GICD_CTLR */
#define GICD_CTLR_GROUPS 0x3U
#define GICD_CTLR_ARE_DS 0x50U /* both RAO/WI */
#define GICD_CTLR_RWP BIT(31)
/* GICD_TYPER: ITLinesNumber, no LPIs, no message-based SPIs, 10 bits of INTID, no Aff3, 1 of N, Aff0 below 16. */
#define GICD_TYPER_VALUE ((VGIC_INTIDS / 32U - 1U) | (9U << 19))
/* GICD_IIDR, GICR_IIDR: ProductID 'A', variant and revision 0, no JEP106 code. */
#define GIC_IIDR_VALUE 0x41000000U
/* GICx_PIDR2.ArchRev = 3: GICv3. */
#define GIC_PIDR2_VALUE 0x30U
/* GICR_WAKER */
#define WAKER_PROCESSOR_SLEEP 0x2U
#define WAKER_CHILDREN_ASLEEP 0x4U
#define GICR_CTLR_RWP 0x8U

static struct vgic_irq *access_irq(const struct vgic_access *access, uint32_t i)
{
    return vgic_irq_find(access->vgic, access->target, access->intid + i);
}

/* Reads: one bit or one byte per interrupt. No lock: each state is one load, and the guest orders its own accesses. */
static uint16_t irq_state(const struct vgic_irq *irq)
{
    return __atomic_load_n(&irq->state, __ATOMIC_RELAXED);
}

static uint64_t read_flag(const struct vgic_access *access)
{
    uint64_t value = 0;
    for (uint32_t i = 0; i < access->count; i++) {
        if ((irq_state(access_irq(access, i)) & access->row->flag) != 0U) {
            value |= BIT(i);
        }
    }
    return value;
}

static uint64_t read_pending(const struct vgic_access *access)
{
    uint64_t value = 0;
    (void)vgic_route_refresh(access->vgic, access->self, access_irq(access, 0), access->count);
    for (uint32_t i = 0; i < access->count; i++) {
        if (vgic_irq_pending(access_irq(access, i))) {
            value |= BIT(i);
        }
    }
    return value;
}

static uint64_t read_active(const struct vgic_access *access)
{
    uint64_t value = 0;
    bool fresh = vgic_route_refresh(access->vgic, access->self, access_irq(access, 0), access->count);
    for (uint32_t i = 0; i < access->count; i++) {
        const struct vgic_irq *irq = access_irq(access, i);
        bool unknown = !fresh && irq->owner != access->self->index && irq->lr != VGIC_NONE;
        if ((irq_state(irq) & VIRQ_ACTIVE) != 0U || unknown) {
            value |= BIT(i);
        }
    }
    return value;
}

static uint64_t read_priority(const struct vgic_access *access)
{
    uint64_t value = 0;
    for (uint32_t i = 0; i < access->count; i++) {
        value |= (uint64_t)access_irq(access, i)->priority << (8U * i);
    }
    return value;
}

static uint64_t read_config(const struct vgic_access *access)
{
    uint64_t value = 0;
    for (uint32_t i = 0; i < access->count; i++) {
        if ((irq_state(access_irq(access, i)) & VIRQ_EDGE) != 0U) {
            value |= BIT(2U * i + 1U);
        }
    }
    return value;
}

/* Writes: each interrupt under its owner's lock. */
static void write_one_flag(const struct vgic_access *access, uint32_t i, bool set)
{
    struct vgic_irq *irq = access_irq(access, i);
    uint16_t flag = access->row->flag;
    struct vgic_vcpu *v;

    if (((irq_state(irq) & flag) != 0U) == set) {
        return;
    }
    v = vgic_route_begin(access->vgic, irq);
    irq->state = (uint16_t)(set ? irq->state | flag : irq->state & ~flag);
    if (set && flag == VIRQ_ENABLED) {
        vgic_route_sample(v, irq, access->intid + i);
    }
    vgic_route_end(v, irq, access->intid + i);
}

static void write_set_enable(const struct vgic_access *access, uint64_t value)
{
    for (; value != 0U; value &= value - 1U) {
        write_one_flag(access, (uint32_t)__builtin_ctzll(value), true);
    }
}

static void write_clear_enable(const struct vgic_access *access, uint64_t value)
{
    for (; value != 0U; value &= value - 1U) {
        write_one_flag(access, (uint32_t)__builtin_ctzll(value), false);
    }
}

static void write_group(const struct vgic_access *access, uint64_t value)
{
    for (uint32_t i = 0; i < access->count; i++) {
        write_one_flag(access, i, (value & BIT(i)) != 0U);
    }
}

static void write_set_pending(const struct vgic_access *access, uint64_t value)
{
    for (; value != 0U; value &= value - 1U) {
        uint32_t i = (uint32_t)__builtin_ctzll(value);
        struct vgic_irq *irq = access_irq(access, i);
        struct vgic_vcpu *v = vgic_route_begin(access->vgic, irq);
        irq->state |= VIRQ_LATCH;
        vgic_route_choose(v, irq);
        vgic_route_end(v, irq, access->intid + i);
    }
}

static void write_clear_pending(const struct vgic_access *access, uint64_t value)
{
    for (; value != 0U; value &= value - 1U) {
        uint32_t i = (uint32_t)__builtin_ctzll(value);
        struct vgic_irq *irq = access_irq(access, i);
        struct vgic_vcpu *v = vgic_route_begin(access->vgic, irq);
        vgic_route_clear_pending(v, irq);
        vgic_route_end(v, irq, access->intid + i);
    }
}

static void write_active(const struct vgic_access *access, uint64_t value, bool active)
{
    for (; value != 0U; value &= value - 1U) {
        uint32_t i = (uint32_t)__builtin_ctzll(value);
        struct vgic_irq *irq = access_irq(access, i);
        struct vgic_vcpu *v;
        if (!active && irq->lr == VGIC_NONE && (irq_state(irq) & VIRQ_ACTIVE) == 0U) {
            continue; /* a guest clears all of them when it starts */
        }
        v = vgic_route_begin(access->vgic, irq);
        vgic_route_set_active(v, irq, access->intid + i, active);
        vgic_route_end(v, irq, access->intid + i);
    }
}

static void write_set_active(const struct vgic_access *access, uint64_t value)
{
    write_active(access, value, true);
}

static void write_clear_active(const struct vgic_access *access, uint64_t value)
{
    write_active(access, value, false);
}

static void write_priority(const struct vgic_access *access, uint64_t value)
{
    for (uint32_t i = 0; i < access->count; i++) {
        struct vgic_irq *irq = access_irq(access, i);
        uint8_t priority = (uint8_t)((value >> (8U * i)) & VGIC_PRIORITY_MASK);
        struct vgic_vcpu *v;
        if (irq->priority == priority) {
            continue;
        }
        v = vgic_route_begin(access->vgic, irq);
        irq->priority = priority;
        vgic_route_end(v, irq, access->intid + i);
    }
}

static void write_config(const struct vgic_access *access, uint64_t value)
{
    for (uint32_t i = 0; i < access->count; i++) {
        bool edge = (value & BIT(2U * i + 1U)) != 0U;
        write_one_flag(access, i, edge);
    }
}

/* Registers that are not by interrupt. */
static uint64_t read_ctlr(const struct vgic_access *access)
{
    uint64_t rwp = __atomic_load_n(&access->vgic->stale, __ATOMIC_ACQUIRE) != 0U ? GICD_CTLR_RWP : 0U;
    return rwp | GICD_CTLR_ARE_DS | access->vgic->ctlr;
}

static void write_ctlr(const struct vgic_access *access, uint64_t value)
{
    struct vgic *vgic = access->vgic;
    spinlock_lock(&vgic->lock);
    if (vgic->ctlr != (value & GICD_CTLR_GROUPS)) {
        __atomic_store_n(&vgic->ctlr, (uint32_t)(value & GICD_CTLR_GROUPS), __ATOMIC_RELEASE);
        vgic_route_all(vgic);
    }
    spinlock_unlock(&vgic->lock);
}

/* Component identification: 0x0D, 0xF0, 0x05, 0xB1. */
static uint64_t read_cidr(const struct vgic_access *access)
{
    return (0xB105F00DU >> (2U * access->offset)) & 0xffU;
}

/* The part of a 64-bit register that an access of 4 or 8 bytes reads, and what it becomes by a write. */
static uint64_t part_of(uint64_t whole, const struct vgic_access *access)
{
    if (access->size == 8U) {
        return whole;
    }
    return (access->offset & 4U) != 0U ? whole >> 32 : whole & BITS(31, 0);
}

static uint64_t part_into(uint64_t whole, const struct vgic_access *access, uint64_t value)
{
    if (access->size == 8U) {
        return value;
    }
    return (access->offset & 4U) != 0U ? bits_set(whole, 63, 32, value) : bits_set(whole, 31, 0, value);
}

/* GICD_IROUTER<n>: Aff3, Interrupt_Routing_Mode, Aff2, Aff1, Aff0. */
#define IROUTER_WRITABLE (BITS(39, 32) | BIT(31) | BITS(23, 0))
#define IROUTER_ANY BIT(31)

/* The row starts at GICD_IROUTER32. */
static uint32_t router_index(const struct vgic_access *access)
{
    return access->offset / 8U;
}

static uint64_t read_irouter(const struct vgic_access *access)
{
    return part_of(access->vgic->irouter[router_index(access)], access);
}

static void write_irouter(const struct vgic_access *access, uint64_t value)
{
    struct vgic *vgic = access->vgic;
    uint32_t n = router_index(access);
    struct vgic_irq *irq = &vgic->spi[n];
    struct vgic_vcpu *v = vgic_route_begin(vgic, irq);
    uint64_t route = part_into(vgic->irouter[n], access, value) & IROUTER_WRITABLE;

    vgic->irouter[n] = route;
    irq->state &= (uint16_t)~VIRQ_ANY_TARGET;
    if ((route & IROUTER_ANY) != 0U) {
        irq->state |= VIRQ_ANY_TARGET;
        vgic_route_choose(v, irq);
    } else {
        irq->target = vgic_route_target(route, vgic->vcpu_count);
    }
    vgic_route_end(v, irq, VGIC_PRIVATE + n);
}

static uint64_t read_rd_ctlr(const struct vgic_access *access)
{
    uint64_t stale = __atomic_load_n(&access->vgic->stale, __ATOMIC_ACQUIRE);
    return (stale & BIT(access->target->index)) != 0U ? GICR_CTLR_RWP : 0U;
}

/* GICR_TYPER: Affinity_Value, Processor_Number, Last. No LPIs. */
static uint64_t read_rd_typer(const struct vgic_access *access)
{
    uint64_t index = access->target->index;
    uint64_t affinity = ((index / 16U) << 8) | (index % 16U);
    bool last = index + 1U == access->vgic->vcpu_count;
    return part_of((affinity << 32) | (index << 8) | (last ? BIT(4) : 0U), access);
}

/*
 * GICR_WAKER: ChildrenAsleep follows ProcessorSleep at once. Delivery does not depend on it: a PE that wants none has its groups
 * disabled, which is what 11.1 asks of it before it goes to sleep.
 */
static uint64_t read_waker(const struct vgic_access *access)
{
    return access->target->asleep ? WAKER_PROCESSOR_SLEEP | WAKER_CHILDREN_ASLEEP : 0U;
}

static void write_waker(const struct vgic_access *access, uint64_t value)
{
    __atomic_store_n(&access->target->asleep, (value & WAKER_PROCESSOR_SLEEP) != 0U, __ATOMIC_RELAXED);
}

#define S32 VGIC_SIZE_32
#define S8_32 (VGIC_SIZE_8 | VGIC_SIZE_32)
#define S32_64 (VGIC_SIZE_32 | VGIC_SIZE_64)

/* Bytes of a family with `bits` per interrupt that cover the SPIs, and where they begin. */
#define SPI_ROW(base, bits) ((base) + VGIC_PRIVATE * (bits) / 8U), (VGIC_SPIS * (bits) / 8U), (bits)

/* Behind every frame. */
#define ROW_SENTINEL                                                                                                   \
    {                                                                                                                  \
        "", 0x10000, 1, 0, 0, 0, 0, NULL, NULL                                                                         \
    }

/* clang-format off */
static const struct vgic_row gicd_rows[] = {
    {"GICD_CTLR",       0x0000, 4, 0, S32, 0, 0, read_ctlr, write_ctlr},
    {"GICD_TYPER",      0x0004, 4, 0, S32, 0, GICD_TYPER_VALUE, NULL, NULL},
    {"GICD_IIDR",       0x0008, 4, 0, S32, 0, GIC_IIDR_VALUE, NULL, NULL},
    {"GICD_TYPER2",     0x000C, 4, 0, S32, 0, 0, NULL, NULL},
    {"GICD_STATUSR",    0x0010, 4, 0, S32, 0, 0, NULL, NULL},
    {"GICD_IGROUPR",    SPI_ROW(0x0080, 1), S32, VIRQ_GROUP1, 0, read_flag, write_group},
    {"GICD_ISENABLER",  SPI_ROW(0x0100, 1), S32, VIRQ_ENABLED, 0, read_flag, write_set_enable},
    {"GICD_ICENABLER",  SPI_ROW(0x0180, 1), S32, VIRQ_ENABLED, 0, read_flag, write_clear_enable},
    {"GICD_ISPENDR",    SPI_ROW(0x0200, 1), S32, 0, 0, read_pending, write_set_pending},
    {"GICD_ICPENDR",    SPI_ROW(0x0280, 1), S32, 0, 0, read_pending, write_clear_pending},
    {"GICD_ISACTIVER",  SPI_ROW(0x0300, 1), S32, 0, 0, read_active, write_set_active},
    {"GICD_ICACTIVER",  SPI_ROW(0x0380, 1), S32, 0, 0, read_active, write_clear_active},
    {"GICD_IPRIORITYR", SPI_ROW(0x0400, 8), S8_32, 0, 0, read_priority, write_priority},
    {"GICD_ICFGR",      SPI_ROW(0x0C00, 2), S32, VIRQ_EDGE, 0, read_config, write_config},
    {"GICD_IROUTER",    0x6100, 8U * VGIC_SPIS, 0, S32_64, 0, 0, read_irouter, write_irouter},
    {"GICD_PIDR2",      0xFFE8, 4, 0, S32, 0, GIC_PIDR2_VALUE, NULL, NULL},
    {"GICD_CIDR",       0xFFF0, 16, 0, S32, 0, 0, read_cidr, NULL},
    ROW_SENTINEL,
};

static const struct vgic_row gicr_rd_rows[] = {
    {"GICR_CTLR",       0x0000, 4, 0, S32, 0, 0, read_rd_ctlr, NULL},
    {"GICR_IIDR",       0x0004, 4, 0, S32, 0, GIC_IIDR_VALUE, NULL, NULL},
    {"GICR_TYPER",      0x0008, 8, 0, S32_64, 0, 0, read_rd_typer, NULL},
    {"GICR_STATUSR",    0x0010, 4, 0, S32, 0, 0, NULL, NULL},
    {"GICR_WAKER",      0x0014, 4, 0, S32, 0, 0, read_waker, write_waker},
    {"GICR_PIDR2",      0xFFE8, 4, 0, S32, 0, GIC_PIDR2_VALUE, NULL, NULL},
    {"GICR_CIDR",       0xFFF0, 16, 0, S32, 0, 0, read_cidr, NULL},
    ROW_SENTINEL,
};

static const struct vgic_row gicr_sgi_rows[] = {
    {"GICR_IGROUPR0",   0x0080, 4, 1, S32, VIRQ_GROUP1, 0, read_flag, write_group},
    {"GICR_ISENABLER0", 0x0100, 4, 1, S32, VIRQ_ENABLED, 0, read_flag, write_set_enable},
    {"GICR_ICENABLER0", 0x0180, 4, 1, S32, VIRQ_ENABLED, 0, read_flag, write_clear_enable},
    {"GICR_ISPENDR0",   0x0200, 4, 1, S32, 0, 0, read_pending, write_set_pending},
    {"GICR_ICPENDR0",   0x0280, 4, 1, S32, 0, 0, read_pending, write_clear_pending},
    {"GICR_ISACTIVER0", 0x0300, 4, 1, S32, 0, 0, read_active, write_set_active},
    {"GICR_ICACTIVER0", 0x0380, 4, 1, S32, 0, 0, read_active, write_clear_active},
    {"GICR_IPRIORITYR", 0x0400, 32, 8, S8_32, 0, 0, read_priority, write_priority},
    {"GICR_ICFGR",      0x0C00, 8, 2, S32, VIRQ_EDGE, 0, read_config, NULL}, /* SGIs edge, PPIs level, for good */
    ROW_SENTINEL,
};
/* clang-format on */

/* For each 128 bytes of a frame the first row that ends behind their begin. The last row of each table is a sentinel. */
#define INDEX_SHIFT 7U
#define GIC_FRAME_SIZE 0x10000U
static uint8_t gicd_index[GIC_FRAME_SIZE >> INDEX_SHIFT];
static uint8_t rd_index[GIC_FRAME_SIZE >> INDEX_SHIFT];
static uint8_t sgi_index[GIC_FRAME_SIZE >> INDEX_SHIFT];

static void index_fill(uint8_t *index, const struct vgic_row *rows)
{
    uint32_t row = 0;
    for (uint32_t chunk = 0; chunk < GIC_FRAME_SIZE >> INDEX_SHIFT; chunk++) {
        while (rows[row].offset + rows[row].length <= chunk << INDEX_SHIFT) {
            row++;
        }
        index[chunk] = (uint8_t)row;
    }
}

void vgic_regs_init(void)
{
    index_fill(gicd_index, gicd_rows);
    index_fill(rd_index, gicr_rd_rows);
    index_fill(sgi_index, gicr_sgi_rows);
}

/*
 * The row that an access of size bytes at offset of a frame is for, or NULL: reserved, or a size or alignment that the register does not
 * have.
 */
static inline const struct vgic_row *row_find(const uint8_t *index, const struct vgic_row *rows, uint32_t offset,
                                              uint32_t size)
{
    const struct vgic_row *row = &rows[index[offset >> INDEX_SHIFT]];
    while (offset - row->offset >= row->length) {
        if (offset < row->offset) {
            return NULL;
        }
        row++;
    }
    return (row->sizes & size) != 0U && (offset & (size - 1U)) == 0U ? row : NULL;
}

static inline const struct vgic_row *access_row(const struct vgic_vcpu *target, uint64_t offset, uint32_t size)
{
    if (target == NULL) {
        return row_find(gicd_index, gicd_rows, (uint32_t)offset, size);
    }
    if (offset < GIC_FRAME_SIZE) {
        return row_find(rd_index, gicr_rd_rows, (uint32_t)offset, size);
    }
    return row_find(sgi_index, gicr_sgi_rows, (uint32_t)offset - GIC_FRAME_SIZE, size);
}

static inline void access_fill(struct vgic_access *access, uint64_t offset, uint32_t size)
{
    const struct vgic_row *row = access->row;
    access->offset = ((uint32_t)offset & (GIC_FRAME_SIZE - 1U)) - row->offset;
    access->size = size;
    if (row->bits != 0U) {
        access->intid = (access->target == NULL ? VGIC_PRIVATE : 0U) + access->offset * 8U / row->bits;
        access->count = size * 8U / row->bits;
    }
}

static inline uint64_t regs_read(struct vgic_vcpu *self, struct vgic_vcpu *target, uint64_t offset, unsigned size)
{
    const struct vgic_row *row = access_row(target, offset, size);
    struct vgic_access access;

    if (row == NULL) {
        return 0;
    }
    if (row->read == NULL) {
        return row->constant;
    }
    access.vgic = self->vgic;
    access.self = self;
    access.target = target;
    access.row = row;
    access_fill(&access, offset, size);
    return row->read(&access);
}

uint64_t vgic_regs_read(struct vgic_vcpu *self, struct vgic_vcpu *target, uint64_t offset, unsigned size)
{
    return regs_read(self, target, offset, size);
}

struct mmio_value vgic_regs_gicd_read(struct vcpu *vcpu, void *device, uint64_t offset, unsigned size)
{
    (void)device;
    return (struct mmio_value){regs_read(vgic_vcpu_of(vcpu), NULL, offset, size), true};
}

struct mmio_value vgic_regs_gicr_read(struct vcpu *vcpu, void *device, uint64_t offset, unsigned size)
{
    const struct vgic *vgic = device;
    struct vgic_vcpu *target = vgic->vcpu[offset / VGIC_GICR_STRIDE];
    return (struct mmio_value){regs_read(vgic_vcpu_of(vcpu), target, offset % VGIC_GICR_STRIDE, size), true};
}

void vgic_regs_write(struct vgic_vcpu *self, struct vgic_vcpu *target, uint64_t offset, unsigned size, uint64_t value)
{
    const struct vgic_row *row = access_row(target, offset, size);
    struct vgic_access access;

    if (row == NULL || row->write == NULL) {
        return;
    }
    access.vgic = self->vgic;
    access.self = self;
    access.target = target;
    access.row = row;
    access_fill(&access, offset, size);
    row->write(&access, value & (~0ULL >> (64U - 8U * size)));
}
