/* SPDX-License-Identifier: Apache-2.0 */
/*
 * EL2's own address space. State: the boot CPU's tables, and how far the device window is used. Called at start-up and by whoever maps
 * devices or stacks. The other CPUs' roots are copies whose entries never differ but in the PRDA's slot, so that a change made below
 * the boot root is a change for all.
 * Implements DDI 0487, D8.3.1 (stage 1 descriptors, one VA range), D8.16.1, D19 (TCR_EL2, MAIR_EL2, SCTLR_EL2 with HCR_EL2.E2H = 0).
 */
#include "mem/stage1.h"

#include <stdbool.h>
#include <stddef.h>

#include "arch/barrier.h"
#include "arch/phys.h"
#include "arch/spinlock.h"
#include "arch/sysreg.h"
#include "arch/tlb.h"
#include "lib/bits.h"
#include "lib/string.h"
#include "mem/page_alloc.h"
#include "mem/pgtable.h"

#define S1_ATTRINDX(index) ((uint64_t)(index) << 2)
#define S1_AP1 BIT(6) /* RES1 in a regime without EL0 */
#define S1_AP2 BIT(7) /* read only */
#define S1_SH_INNER (3ULL << 8)
#define S1_AF BIT(10)
#define S1_GP BIT(50) /* guarded: FEAT_BTI */
#define S1_XN BIT(54)

#define MAIR_NORMAL 0U /* index of Normal, write-back, read and write allocate, not transient: 0xff */
#define MAIR_DEVICE 1U /* index of Device-nGnRE: 0x04 */

#define VA_BITS 48U
#define SLOT_SIZE BIT(39) /* of a root's entry */
#define SLOTS 512U
#define INVALIDATE_MAX 64U

static struct pgtable boot_table;
static uint64_t device_next = STAGE1_DEVICE_BASE;
static unsigned physical_bits; /* of addresses that stage1_map takes at their own address */
static struct spinlock lock = SPINLOCK_INIT(LOCK_RANK_STAGE1);

/* ---- descriptors ---- */

static uint64_t guarded(void)
{
    bool bti = bits_get(sysreg_read(ID_AA64PFR1_EL1), 3, 0) != 0;
    return bti ? S1_GP : 0;
}

static uint64_t attributes_make(enum stage1_attr attr)
{
    uint64_t normal = S1_AF | S1_AP1 | S1_ATTRINDX(MAIR_NORMAL) | S1_SH_INNER;
    switch (attr) {
    case STAGE1_RW:
        return normal | S1_XN;
    case STAGE1_RO:
        return normal | S1_XN | S1_AP2;
    case STAGE1_RX:
        return normal | S1_AP2 | guarded();
    case STAGE1_DEVICE:
        break;
    }
    return S1_AF | S1_AP1 | S1_XN | S1_ATTRINDX(MAIR_DEVICE);
}

static enum stage1_attr attr_of(uint64_t descriptor)
{
    if (bits_get(descriptor, 4, 2) == MAIR_DEVICE)
        return STAGE1_DEVICE;
    if ((descriptor & S1_XN) == 0)
        return STAGE1_RX;
    return (descriptor & S1_AP2) != 0 ? STAGE1_RO : STAGE1_RW;
}

uint64_t stage1_mair(void)
{
    return 0xffULL << (8U * MAIR_NORMAL) | 0x04ULL << (8U * MAIR_DEVICE);
}

/* 48-bit addresses, 4 KiB granule, walks inner-shareable write-back; PS as the CPU has it, 48 bits at most. RES1: bits 31 and 23. */
uint64_t stage1_tcr(void)
{
    uint64_t range = bits_get(sysreg_read(ID_AA64MMFR0_EL1), 3, 0);
    uint64_t ps = range > 5U ? 5U : range;
    return BIT(31) | BIT(23) | ps << 16 | 3ULL << 12 | 1ULL << 10 | 1ULL << 8 | (64U - VA_BITS);
}

/*
 * M, C, SA, I and WXN (no writable page is executable); alignment is not checked (A = 0). RES1 with E2H = 0: bits 29, 28, 23, 22, 18, 16, 11, 5
 * and 4; EOS and EIS of FEAT_ExS are among them and keep exceptions context-synchronising.
 */
uint64_t stage1_sctlr(void)
{
    uint64_t res1 = BIT(29) | BIT(28) | BIT(23) | BIT(22) | BIT(18) | BIT(16) | BIT(11) | BIT(5) | BIT(4);
    return res1 | BIT(19) | BIT(12) | BIT(3) | BIT(2) | BIT(0);
}

/* ---- tables ---- */

static enum status stage1_table_alloc(struct pgtable *table, pa_t *out)
{
    (void)table;
    return page_alloc_zeroed(OWNER_TABLES, 0, out);
}

static void stage1_table_free(struct pgtable *table, pa_t pa)
{
    (void)table;
    page_free(OWNER_TABLES, 0, pa);
}

static void stage1_invalidate(struct pgtable *table, uint64_t ia, uint64_t size, uint64_t stride)
{
    (void)table;
    if (stride == 0 || size / stride > INVALIDATE_MAX) {
        tlb_invalidate_el2_all_is();
    } else {
        for (uint64_t at = align_down(ia, stride); at < ia + size; at += stride)
            tlb_invalidate_el2_va_is(at);
    }
    barrier_dsb_ish();
}

/* No live block is ever split or joined: the gap of break-before-make would be a fault in our own code. */
static const struct pgtable_ops stage1_ops = {
    .table_alloc = stage1_table_alloc,
    .table_free = stage1_table_free,
    .invalidate = stage1_invalidate,
    .permission_mask = 0,
    .split_and_join = false,
    .keep_top = true,
};

static enum status table_create(struct pgtable *table)
{
    pa_t root;
    enum status status = page_alloc_zeroed(OWNER_TABLES, 0, &root);
    if (status == STATUS_OK)
        *table = (struct pgtable){.ops = &stage1_ops, .root = root.pa, .root_tables = 1, .ia_bits = VA_BITS};
    return status;
}

static unsigned physical_bits_read(void)
{
    static const uint8_t sizes[] = {32, 36, 40, 42, 44, 48, 52};
    uint64_t range = bits_get(sysreg_read(ID_AA64MMFR0_EL1), 3, 0);
    unsigned bits = range < ARRAY_SIZE(sizes) ? sizes[range] : STAGE1_PA_BITS;
    return bits < STAGE1_PA_BITS ? bits : STAGE1_PA_BITS;
}

static enum status windows_fill(struct pgtable *table)
{
    static const uint64_t windows[] = {STAGE1_DEVICE_BASE, STAGE1_RUNTIME_BASE, STAGE1_STACK_BASE};
    enum status status = pgtable_fill_top(table, 0, BIT(physical_bits));
    for (unsigned i = 0; status == STATUS_OK && i < ARRAY_SIZE(windows); i++)
        status = pgtable_fill_top(table, windows[i], SLOT_SIZE);
    return status;
}

enum status stage1_init(void)
{
    physical_bits = physical_bits_read();
    device_next = STAGE1_DEVICE_BASE;
    enum status status = table_create(&boot_table);
    return status == STATUS_OK ? windows_fill(&boot_table) : status;
}

/* The range lies in what the windows' tables cover; the PRDA's slot is stage1_cpu_root's. */
static bool range_is_mappable(uint64_t va, uint64_t size)
{
    return range_contains(0, BIT(physical_bits), va, size) || range_contains(STAGE1_DEVICE_BASE, SLOT_SIZE, va, size) ||
           range_contains(STAGE1_RUNTIME_BASE, SLOT_SIZE, va, size) ||
           range_contains(STAGE1_STACK_BASE, SLOT_SIZE, va, size);
}

enum status stage1_map(va_t va, pa_t pa, uint64_t size, enum stage1_attr attr)
{
    if (!range_is_mappable(va.va, size) || !range_contains(0, BIT(physical_bits), pa.pa, size))
        return STATUS_RANGE;
    spinlock_lock(&lock);
    enum status status = pgtable_map(&boot_table, va.va, pa.pa, size, attributes_make(attr));
    spinlock_unlock(&lock);
    return status;
}

enum status stage1_unmap(va_t va, uint64_t size)
{
    if (!range_is_mappable(va.va, size))
        return STATUS_RANGE;
    spinlock_lock(&lock);
    enum status status = pgtable_unmap(&boot_table, va.va, size);
    spinlock_unlock(&lock);
    return status;
}

enum status stage1_lookup(va_t va, pa_t *pa, enum stage1_attr *attr)
{
    struct pgtable_leaf leaf;
    spinlock_lock(&lock);
    enum status status = pgtable_lookup(&boot_table, va.va, &leaf);
    spinlock_unlock(&lock);
    if (status != STATUS_OK)
        return status;
    *pa = pa_make(leaf.oa);
    *attr = attr_of(leaf.descriptor);
    return STATUS_OK;
}

/* ---- roots of the other CPUs ---- */

/* A copy of the boot root without the PRDA's slot. Every other slot was filled for good by stage1_init. */
static enum status root_copy(struct pgtable *table)
{
    enum status status = table_create(table);
    if (status != STATUS_OK)
        return status;
    uint64_t *entries = phys_to_pointer(table->root);
    memcpy(entries, phys_to_pointer(boot_table.root), SLOTS * sizeof(*entries));
    entries[STAGE1_PRDA_BASE / SLOT_SIZE] = 0;
    return STATUS_OK;
}

enum status stage1_cpu_root(unsigned cpu, pa_t prda, uint64_t size, pa_t *root)
{
    struct pgtable copy = boot_table;
    if (!range_contains(0, SLOT_SIZE, 0, size) || !range_contains(0, BIT(physical_bits), prda.pa, size))
        return STATUS_RANGE;
    spinlock_lock(&lock);
    enum status status = cpu == 0 ? STATUS_OK : root_copy(&copy);
    if (status == STATUS_OK)
        status = pgtable_map(&copy, STAGE1_PRDA_BASE, prda.pa, size, attributes_make(STAGE1_RW));
    if (status != STATUS_OK && copy.root != boot_table.root)
        page_free(OWNER_TABLES, 0, pa_make(copy.root));
    spinlock_unlock(&lock);
    if (status == STATUS_OK)
        *root = pa_make(copy.root);
    return status;
}

/* ---- devices ---- */

volatile void *stage1_map_device(pa_t pa, uint64_t size)
{
    uint64_t offset = pa.pa & (PAGE_SIZE - 1U);
    if (size == 0 || !range_contains(0, BIT(physical_bits), pa.pa, size))
        return NULL;
    uint64_t bytes = align_up(offset + size, PAGE_SIZE);
    spinlock_lock(&lock);
    uint64_t va = device_next;
    if (bytes >= BLOCK_2M) { /* blocks where they fit: redistributors are many megabytes */
        va += (pa.pa - offset - va) & (BLOCK_2M - 1U);
    }
    enum status status = STATUS_RANGE;
    if (range_contains(STAGE1_DEVICE_BASE, SLOT_SIZE, va, bytes))
        status = pgtable_map(&boot_table, va, pa.pa - offset, bytes, attributes_make(STAGE1_DEVICE));
    if (status == STATUS_OK)
        device_next = va + bytes;
    spinlock_unlock(&lock);
    return status == STATUS_OK ? (volatile void *)(uintptr_t)(va + offset) : NULL;
}
