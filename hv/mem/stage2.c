/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stage 2 of a VM: what pgtable.c leaves open (descriptor attributes, TLB maintenance, where tables come from), and VTCR_EL2 for all.
 * State: the format chosen by stage2_setup; each VM's tables under their own lock. Called by vm/ and trap/.
 * Implements DDI 0487, D8.3.1 (stage 2 descriptors), D8.2.4 (concatenated tables), D8.14.5 (maintenance by IPA), D8.16.1; VTCR_EL2, VTTBR_EL2.
 */
#include "mem/stage2.h"

#include "arch/barrier.h"
#include "arch/sysreg.h"
#include "arch/tlb.h"
#include "lib/bits.h"
#include "mem/vmid.h"

#define S2_MEMATTR_NORMAL (15ULL << 2) /* inner and outer write-back */
#define S2_S2AP_R BIT(6)
#define S2_S2AP_W BIT(7)
#define S2_SH_INNER (3ULL << 8)
#define S2_AF BIT(10)
#define S2_XN BIT(54) /* XN[1:0] = 0b10: execute-never at EL1 and EL0, with FEAT_XNX and without */
#define S2_PERMISSIONS (S2_S2AP_R | S2_S2AP_W | BITS(54, 53))

#define VTCR_T0SZ(ipa_bits) (64ULL - (ipa_bits))
#define VTCR_SL0(level) ((2ULL - (level)) << 6) /* 4 KiB granule: 0 starts at level 2, 1 at 1, 2 at 0 */
#define VTCR_IRGN0_WB (1ULL << 8)
#define VTCR_ORGN0_WB (1ULL << 10)
#define VTCR_SH0_INNER (3ULL << 12)
#define VTCR_PS(field) ((uint64_t)(field) << 16)
#define VTCR_VS BIT(19)
#define VTCR_RES1 BIT(31)

#define VTTBR_VMID(vmid) ((uint64_t)(vmid) << 48)

#define TCR_EL1_EPD0 BIT(7)
#define TCR_EL1_EPD1 BIT(23)
#define SCTLR_EL1_M BIT(0)

/* Beyond this many entries one invalidation of the whole VMID costs less. */
#define INVALIDATE_MAX 64U

#define IPA_BITS_WANTED 40U
#define TABLE_BITS 9U
#define ROOT_MAX_BITS (TABLE_BITS + 4U) /* 16 concatenated tables */

static uint64_t vtcr;
static unsigned ipa_bits;
static unsigned start_level;

/* ---- format ---- */

/* ID_AA64MMFR0_EL1.PARange and VTCR_EL2.PS count alike. 52 bits would need FEAT_LPA2 or another granule. */
static bool ps_encode(unsigned pa_bits, unsigned *field)
{
    static const uint8_t sizes[] = {32, 36, 40, 42, 44, 48};
    for (unsigned i = 0; i < ARRAY_SIZE(sizes); i++) {
        if (sizes[i] == pa_bits) {
            *field = i;
            return true;
        }
    }
    return false;
}

static unsigned level_shift(unsigned level)
{
    return PAGE_SHIFT + TABLE_BITS * (3U - level);
}

enum status stage2_setup(unsigned pa_bits, unsigned vmid_bits)
{
    unsigned field = 0;
    unsigned bits = pa_bits > 48U ? 48U : pa_bits;
    if (!ps_encode(bits, &field) || (vmid_bits != 8U && vmid_bits != 16U))
        return STATUS_UNSUPPORTED;
    /* An IPA space larger than the physical one is not allowed (D8.2.4). */
    ipa_bits = bits < IPA_BITS_WANTED ? bits : IPA_BITS_WANTED;
    start_level = 2;
    while (ipa_bits > level_shift(start_level) + ROOT_MAX_BITS)
        start_level--;
    vtcr = VTCR_RES1 | VTCR_T0SZ(ipa_bits) | VTCR_SL0(start_level) | VTCR_IRGN0_WB | VTCR_ORGN0_WB | VTCR_SH0_INNER |
           VTCR_PS(field) | (vmid_bits == 16U ? VTCR_VS : 0);
    vmid_setup(vmid_bits);
    return STATUS_OK;
}

uint64_t stage2_vtcr(void)
{
    return vtcr;
}

unsigned stage2_ipa_bits(void)
{
    return ipa_bits;
}

static uint64_t attributes_make(unsigned rights)
{
    uint64_t attributes = S2_MEMATTR_NORMAL | S2_SH_INNER | S2_AF;
    attributes |= (rights & STAGE2_R) != 0 ? S2_S2AP_R : 0;
    attributes |= (rights & STAGE2_W) != 0 ? S2_S2AP_W : 0;
    attributes |= (rights & STAGE2_X) != 0 ? 0 : S2_XN;
    return attributes;
}

static unsigned rights_of(uint64_t descriptor)
{
    unsigned rights = (descriptor & S2_S2AP_R) != 0 ? STAGE2_R : 0;
    rights |= (descriptor & S2_S2AP_W) != 0 ? STAGE2_W : 0;
    rights |= (descriptor & S2_XN) != 0 ? 0 : STAGE2_X;
    return rights;
}

/* ---- TLB maintenance ---- */

static uint64_t vttbr_make(const struct stage2 *stage2, uint64_t vmid)
{
    return stage2->table.root | VTTBR_VMID(vmid & BITS(VMID_BITS - 1U, 0));
}

struct el1_context {
    uint64_t vttbr;
    uint64_t tcr;
    uint64_t sctlr;
    bool switched;
};

/*
 * Loads the VM's VTTBR_EL2, which maintenance by IPA and by VMID works on. The EL1 registers are still those of the VM that this CPU runs:
 * no stage 1 walk may start with them under the other VMID. TCR_EL1.EPD0 and EPD1 with SCTLR_EL1.M forbid such walks on
 * the CPUs that start them although they execute at EL2 (errata 1319537 of Cortex-A57, 1319367 of Cortex-A72).
 */
static struct el1_context vmid_enter(const struct stage2 *stage2, uint64_t vmid)
{
    struct el1_context context = {.vttbr = sysreg_read(VTTBR_EL2)};
    uint64_t vttbr = vttbr_make(stage2, vmid);
    if (context.vttbr == vttbr)
        return context;
    context.switched = true;
    context.tcr = sysreg_read(TCR_EL1);
    context.sctlr = sysreg_read(SCTLR_EL1);
    sysreg_write(TCR_EL1, context.tcr | TCR_EL1_EPD0 | TCR_EL1_EPD1);
    barrier_isb();
    sysreg_write(SCTLR_EL1, context.sctlr | SCTLR_EL1_M);
    barrier_isb();
    sysreg_write(VTTBR_EL2, vttbr);
    barrier_isb();
    return context;
}

static void vmid_leave(const struct el1_context *context)
{
    if (!context->switched)
        return;
    sysreg_write(VTTBR_EL2, context->vttbr);
    barrier_isb();
    sysreg_write(SCTLR_EL1, context->sctlr);
    barrier_isb();
    sysreg_write(TCR_EL1, context->tcr);
    barrier_isb();
}

/*
 * By IPA removes what was cached of stage 2 alone; when that is complete, entries that combine both stages go by VMID, as nobody knows by
 * which VA they are (D8.14.5). The caller's DSB has made the new descriptors visible.
 */
static void stage2_invalidate(struct pgtable *table, uint64_t ia, uint64_t size, uint64_t stride)
{
    const struct stage2 *stage2 = CONTAINER_OF(table, struct stage2, table);
    uint64_t vmid = __atomic_load_n(&stage2->vmid, __ATOMIC_RELAXED);
    if (vmid == 0)
        return; /* never ran */
    struct el1_context context = vmid_enter(stage2, vmid);
    if (stride == 0 || size / stride > INVALIDATE_MAX) {
        tlb_invalidate_vmid_is();
    } else {
        for (uint64_t at = align_down(ia, stride); at < ia + size; at += stride)
            tlb_invalidate_ipa_is(at);
        barrier_dsb_ish();
        tlb_invalidate_stage1_is();
    }
    barrier_dsb_ish();
    barrier_isb();
    vmid_leave(&context);
}

/* ---- tables ---- */

static enum status stage2_table_alloc(struct pgtable *table, pa_t *out)
{
    return page_alloc_zeroed(CONTAINER_OF(table, struct stage2, table)->owner, 0, out);
}

static void stage2_table_free(struct pgtable *table, pa_t pa)
{
    page_free(CONTAINER_OF(table, struct stage2, table)->owner, 0, pa);
}

static const struct pgtable_ops stage2_ops = {
    .table_alloc = stage2_table_alloc,
    .table_free = stage2_table_free,
    .invalidate = stage2_invalidate,
    .permission_mask = S2_PERMISSIONS,
    .split_and_join = true,
};

/* log2 of the number of concatenated tables at the top */
static unsigned root_order(void)
{
    unsigned bits = ipa_bits - level_shift(start_level);
    return bits > TABLE_BITS ? bits - TABLE_BITS : 0;
}

enum status stage2_create(struct stage2 *stage2, owner_t owner)
{
    pa_t root;
    enum status status = page_alloc_zeroed(owner, root_order(), &root);
    if (status != STATUS_OK)
        return status;
    barrier_dsb_ishst(); /* its zeroes before the first walk */
    stage2->table = (struct pgtable){.ops = &stage2_ops,
                                     .root = root.pa,
                                     .start_level = (uint8_t)start_level,
                                     .root_tables = (uint8_t)(1U << root_order()),
                                     .ia_bits = (uint8_t)ipa_bits};
    spinlock_init(&stage2->lock, LOCK_RANK_STAGE2);
    stage2->owner = owner;
    stage2->vmid = 0;
    return STATUS_OK;
}

void stage2_destroy(struct stage2 *stage2)
{
    spinlock_lock(&stage2->lock);
    stage2_invalidate(&stage2->table, 0, BIT(ipa_bits), 0);
    pgtable_free_tables(&stage2->table);
    page_free(stage2->owner, root_order(), pa_make(stage2->table.root));
    stage2->table.root = 0;
    spinlock_unlock(&stage2->lock);
}

/* ---- changes ---- */

enum status stage2_map(struct stage2 *stage2, ipa_t ipa, pa_t pa, uint64_t size, unsigned rights)
{
    if (rights > (STAGE2_R | STAGE2_W | STAGE2_X))
        return STATUS_INVALID;
    spinlock_lock(&stage2->lock);
    enum status status = pgtable_map(&stage2->table, ipa.ipa, pa.pa, size, attributes_make(rights));
    spinlock_unlock(&stage2->lock);
    return status;
}

enum status stage2_unmap(struct stage2 *stage2, ipa_t ipa, uint64_t size)
{
    spinlock_lock(&stage2->lock);
    enum status status = pgtable_unmap(&stage2->table, ipa.ipa, size);
    spinlock_unlock(&stage2->lock);
    return status;
}

enum status stage2_protect(struct stage2 *stage2, ipa_t ipa, uint64_t size, unsigned rights)
{
    if (rights > (STAGE2_R | STAGE2_W | STAGE2_X))
        return STATUS_INVALID;
    spinlock_lock(&stage2->lock);
    enum status status = pgtable_protect(&stage2->table, ipa.ipa, size, attributes_make(rights));
    spinlock_unlock(&stage2->lock);
    return status;
}

enum status stage2_lookup(struct stage2 *stage2, ipa_t ipa, pa_t *pa, unsigned *rights)
{
    struct pgtable_leaf leaf;
    spinlock_lock(&stage2->lock);
    enum status status = pgtable_lookup(&stage2->table, ipa.ipa, &leaf);
    spinlock_unlock(&stage2->lock);
    if (status != STATUS_OK)
        return status;
    *pa = pa_make(leaf.oa);
    *rights = rights_of(leaf.descriptor);
    return STATUS_OK;
}

uint64_t stage2_vttbr(struct stage2 *stage2)
{
    return vttbr_make(stage2, vmid_activate(&stage2->vmid));
}
