/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The walker over translation tables, and map, unmap, protect and look-up as its visitors. Owns no state; called by stage1.c and stage2.c
 * under their locks.
 *
 * Walks of EL2 and of guests are inner-shareable write-back (TCR_EL2, VTCR_EL2), so a store to a table needs no cache clean, only a DSB
 * before a walker has to see it (DDI 0487, D8.2.6 and B2.3.12: walks are reads of another observer). A descriptor that was invalid is
 * never cached in a TLB (D8.13.1), so invalid to valid needs no invalidation.
 */
#include "mem/pgtable.h"

#include "arch/barrier.h"
#include "arch/phys.h"
#include "lib/bits.h"
#include "lib/panic.h"

#define DESCRIPTOR_VALID BIT(0)
#define DESCRIPTOR_TABLE BIT(1) /* a table at levels 0 to 2, a page at level 3 */
#define DESCRIPTOR_ADDRESS BITS(47, 12)
#define TABLE_ENTRIES 512U
#define LEVEL_LAST 3U
#define NO_TABLE 0ULL /* page 0 is never allocated */

struct walk;

/* One entry that the range touches: [start, end) is the part of the range inside it. */
struct visit {
    volatile uint64_t *entry;
    unsigned level;
    uint64_t base; /* first address that the entry translates */
    uint64_t start;
    uint64_t end;
};

struct visitor {
    /* For each entry, before its table (if it leads to one afterwards) is visited. */
    enum status (*entry)(struct walk *walk, const struct visit *visit);
    /* For each entry that leads to a table, after that was visited. */
    void (*table_post)(struct walk *walk, const struct visit *visit);
};

struct walk {
    struct pgtable *table;
    const struct visitor *visitor;
    uint64_t start;
    uint64_t end;
    uint64_t oa; /* of start */
    uint64_t attributes;
    uint64_t needed;    /* tables to take before the commit */
    uint64_t reserve;   /* taken tables, linked through their first words, else zero */
    uint64_t condemned; /* tables taken away, linked alike; freed after the invalidation */
    uint64_t stride;    /* smallest live entry changed */
    bool changed;       /* a live entry was changed and is not invalidated yet */
};

static uint64_t level_size(unsigned level)
{
    return PAGE_SIZE << (9U * (LEVEL_LAST - level));
}

static uint64_t entry_read(const volatile uint64_t *entry)
{
    return *entry;
}

static bool is_valid(uint64_t descriptor)
{
    return (descriptor & DESCRIPTOR_VALID) != 0;
}

static bool is_table(uint64_t descriptor, unsigned level)
{
    return level < LEVEL_LAST &&
           (descriptor & (DESCRIPTOR_VALID | DESCRIPTOR_TABLE)) == (DESCRIPTOR_VALID | DESCRIPTOR_TABLE);
}

static bool is_leaf(uint64_t descriptor, unsigned level)
{
    return is_valid(descriptor) && !is_table(descriptor, level);
}

static uint64_t leaf_make(uint64_t oa, uint64_t attributes, unsigned level)
{
    return oa | attributes | DESCRIPTOR_VALID | (level == LEVEL_LAST ? DESCRIPTOR_TABLE : 0);
}

static volatile uint64_t *table_entries(uint64_t pa)
{
    return phys_to_pointer(pa);
}

static volatile uint64_t *child_entries(uint64_t descriptor)
{
    return table_entries(descriptor & DESCRIPTOR_ADDRESS);
}

/* ---- tables in reserve and condemned ---- */

static void list_push(uint64_t *list, uint64_t pa)
{
    *table_entries(pa) = *list; /* aligned, so as a descriptor it is invalid */
    *list = pa;
}

static uint64_t list_pop(uint64_t *list)
{
    uint64_t pa = *list;
    *list = *table_entries(pa);
    *table_entries(pa) = 0;
    return pa;
}

static void list_free(struct pgtable *table, uint64_t *list)
{
    while (*list != NO_TABLE)
        table->ops->table_free(table, pa_make(list_pop(list)));
}

static enum status reserve_fill(struct walk *walk)
{
    for (uint64_t i = 0; i < walk->needed; i++) {
        pa_t pa;
        enum status status = walk->table->ops->table_alloc(walk->table, &pa);
        if (status != STATUS_OK) {
            list_free(walk->table, &walk->reserve);
            return status;
        }
        list_push(&walk->reserve, pa.pa);
    }
    return STATUS_OK;
}

static uint64_t reserve_take(struct walk *walk)
{
    if (walk->reserve == NO_TABLE)
        panic("page tables: the preparation counted too few tables");
    return list_pop(&walk->reserve);
}

/* ---- the one writer of live descriptors ---- */

/*
 * Replaces a descriptor. Invalid to valid: one store. Valid to invalid, or a change of permissions: one store, and walk_finish invalidates.
 * Anything else is break-before-make (D8.16.1): invalid, DSB, TLBI, DSB, then the new descriptor; in place of a table, entries of any
 * smaller size may be cached. Before a link goes into an invalid entry, the caller has the DSB that makes the new table's content visible.
 */
static void entry_write(struct walk *walk, const struct visit *visit, uint64_t new)
{
    const struct pgtable_ops *ops = walk->table->ops;
    uint64_t old = entry_read(visit->entry);
    uint64_t size = level_size(visit->level);
    bool in_place = is_valid(new) && ((old ^ new) & ~ops->permission_mask) == 0;

    if (is_valid(old) && is_valid(new) && !in_place) {
        *visit->entry = 0;
        barrier_dsb_ishst();
        ops->invalidate(walk->table, visit->base, size, is_table(old, visit->level) ? 0 : size);
    } else if (is_valid(old)) {
        walk->changed = true;
        walk->stride = size < walk->stride ? size : walk->stride;
    }
    *visit->entry = new;
}

/* Makes every store visible to walkers, invalidates what changed, frees what nobody can walk any more. */
static void walk_finish(struct walk *walk)
{
    barrier_dsb_ishst();
    if (walk->changed)
        walk->table->ops->invalidate(walk->table, walk->start, walk->end - walk->start, walk->stride);
    barrier_isb(); /* for EL2's own walks; a guest's CPU has its exception return */
    list_free(walk->table, &walk->condemned);
    list_free(walk->table, &walk->reserve);
}

/* ---- the walker ---- */

static unsigned entry_index(const struct walk *walk, uint64_t ia, unsigned level)
{
    uint64_t index = ia / level_size(level);
    return (unsigned)(level == walk->table->start_level ? index : index % TABLE_ENTRIES);
}

/* start and end lie in what the table at entries translates. Recursion is at most four deep: one call per level. */
// NOLINTNEXTLINE(misc-no-recursion)
static enum status walk_table(struct walk *walk, volatile uint64_t *entries, unsigned level, uint64_t start,
                              uint64_t end)
{
    uint64_t size = level_size(level);
    for (uint64_t at = start; at < end;) {
        uint64_t base = align_down(at, size);
        uint64_t stop = end - base < size ? end : base + size;
        struct visit visit = {&entries[entry_index(walk, at, level)], level, base, at, stop};
        enum status status = walk->visitor->entry(walk, &visit);
        if (status != STATUS_OK)
            return status;
        uint64_t descriptor = entry_read(visit.entry);
        if (is_table(descriptor, level)) {
            status = walk_table(walk, child_entries(descriptor), level + 1U, at, stop);
            if (status != STATUS_OK)
                return status;
            if (walk->visitor->table_post != NULL)
                walk->visitor->table_post(walk, &visit);
        }
        at = stop;
    }
    return STATUS_OK;
}

static enum status walk_run(struct walk *walk, const struct visitor *visitor)
{
    walk->visitor = visitor;
    return walk_table(walk, table_entries(walk->table->root), walk->table->start_level, walk->start, walk->end);
}

/* The commit of a prepared change. */
static void walk_commit(struct walk *walk, const struct visitor *visitor)
{
    if (walk_run(walk, visitor) != STATUS_OK)
        panic("page tables: a prepared change failed");
    walk_finish(walk);
}

static enum status walk_start(struct walk *walk, struct pgtable *table, uint64_t ia, uint64_t size)
{
    *walk = (struct walk){.table = table, .start = ia, .end = ia + size, .stride = level_size(0)};
    if (!is_aligned(ia, PAGE_SIZE) || !is_aligned(size, PAGE_SIZE) || size == 0)
        return STATUS_INVALID;
    return range_contains(0, BIT(table->ia_bits), ia, size) ? STATUS_OK : STATUS_RANGE;
}

/* ---- blocks to tables and back ---- */

static uint64_t oa_at(const struct walk *walk, uint64_t ia)
{
    return walk->oa + (ia - walk->start);
}

static bool covers(const struct visit *visit)
{
    return visit->end - visit->start == level_size(visit->level);
}

/* The part of the range in this entry can be one leaf. No blocks at level 0 with this granule. */
static bool leaf_fits(const struct walk *walk, const struct visit *visit)
{
    return visit->level >= 1U && covers(visit) && is_aligned(oa_at(walk, visit->start), level_size(visit->level));
}

/* Puts an empty table in an invalid entry. */
static void table_make(struct walk *walk, const struct visit *visit)
{
    uint64_t pa = reserve_take(walk);
    barrier_dsb_ishst(); /* its zeroes before the link to it */
    entry_write(walk, visit, pa | DESCRIPTOR_TABLE | DESCRIPTOR_VALID);
}

/* Replaces a block by a table that translates alike. Break-before-make has the DSB between the table's content and the link. */
static void block_split(struct walk *walk, const struct visit *visit)
{
    uint64_t block = entry_read(visit->entry);
    uint64_t size = level_size(visit->level + 1U);
    uint64_t attributes = block & ~(DESCRIPTOR_ADDRESS | DESCRIPTOR_TABLE | DESCRIPTOR_VALID);
    uint64_t pa = reserve_take(walk);
    for (unsigned i = 0; i < TABLE_ENTRIES; i++)
        table_entries(pa)[i] = leaf_make((block & DESCRIPTOR_ADDRESS) + i * size, attributes, visit->level + 1U);
    entry_write(walk, visit, pa | DESCRIPTOR_TABLE | DESCRIPTOR_VALID);
}

static bool table_is_empty(const volatile uint64_t *entries)
{
    for (unsigned i = 0; i < TABLE_ENTRIES; i++) {
        if (entry_read(&entries[i]) != 0)
            return false;
    }
    return true;
}

/* The 512 leaves of a table at level are one block in pieces. */
static bool table_is_block(const volatile uint64_t *entries, unsigned level)
{
    uint64_t first = entry_read(&entries[0]);
    if (!is_leaf(first, level) || !is_aligned(first & DESCRIPTOR_ADDRESS, level_size(level - 1U)))
        return false;
    for (unsigned i = 1; i < TABLE_ENTRIES; i++) {
        if (entry_read(&entries[i]) != first + i * level_size(level))
            return false;
    }
    return true;
}

static void table_join(struct walk *walk, const struct visit *visit)
{
    uint64_t table = entry_read(visit->entry);
    volatile uint64_t *entries = child_entries(table);
    if (!walk->table->ops->split_and_join || visit->level == 0 || !table_is_block(entries, visit->level + 1U))
        return;
    uint64_t first = entry_read(&entries[0]);
    uint64_t attributes = first & ~(DESCRIPTOR_ADDRESS | DESCRIPTOR_TABLE | DESCRIPTOR_VALID);
    entry_write(walk, visit, leaf_make(first & DESCRIPTOR_ADDRESS, attributes, visit->level));
    list_push(&walk->condemned, table & DESCRIPTOR_ADDRESS);
}

/* ---- map ---- */

/* Tables that an invalid entry needs below it for the part of the range in it. */
// NOLINTNEXTLINE(misc-no-recursion)
static uint64_t tables_needed(const struct walk *walk, const struct visit *visit)
{
    uint64_t needed = 1;
    if (visit->level == LEVEL_LAST || leaf_fits(walk, visit))
        return 0;
    uint64_t size = level_size(visit->level + 1U);
    for (uint64_t at = visit->start; visit->level + 1U < LEVEL_LAST && at < visit->end;) {
        uint64_t base = align_down(at, size);
        uint64_t stop = visit->end - base < size ? visit->end : base + size;
        struct visit below = {NULL, visit->level + 1U, base, at, stop};
        needed += tables_needed(walk, &below);
        at = stop;
    }
    return needed;
}

static enum status map_count(struct walk *walk, const struct visit *visit)
{
    uint64_t descriptor = entry_read(visit->entry);
    if (is_leaf(descriptor, visit->level))
        return STATUS_EXISTS;
    if (!is_valid(descriptor))
        walk->needed += tables_needed(walk, visit);
    return STATUS_OK;
}

static enum status map_entry(struct walk *walk, const struct visit *visit)
{
    if (is_valid(entry_read(visit->entry)))
        return STATUS_OK;
    if (leaf_fits(walk, visit))
        entry_write(walk, visit, leaf_make(oa_at(walk, visit->start), walk->attributes, visit->level));
    else
        table_make(walk, visit);
    return STATUS_OK;
}

static const struct visitor map_counter = {map_count, NULL};
static const struct visitor map_visitor = {map_entry, table_join};

enum status pgtable_map(struct pgtable *table, uint64_t ia, uint64_t oa, uint64_t size, uint64_t attributes)
{
    struct walk walk;
    enum status status = walk_start(&walk, table, ia, size);
    if (status != STATUS_OK)
        return status;
    if (!is_aligned(oa, PAGE_SIZE))
        return STATUS_INVALID;
    if (!range_contains(0, BIT(48), oa, size))
        return STATUS_RANGE;
    walk.oa = oa;
    walk.attributes = attributes;
    status = walk_run(&walk, &map_counter);
    if (status == STATUS_OK)
        status = reserve_fill(&walk);
    if (status == STATUS_OK)
        walk_commit(&walk, &map_visitor);
    return status;
}

/* ---- unmap and protect ---- */

/* A leaf that the range's end cuts needs a table for each level below it. */
static enum status cut_count(struct walk *walk, const struct visit *visit)
{
    if (!is_leaf(entry_read(visit->entry), visit->level) || covers(visit))
        return STATUS_OK;
    if (!walk->table->ops->split_and_join)
        return STATUS_UNSUPPORTED;
    bool both = visit->start != visit->base && visit->end != visit->base + level_size(visit->level);
    walk->needed += (both ? 2U : 1U) * (LEVEL_LAST - visit->level);
    return STATUS_OK;
}

static enum status unmap_entry(struct walk *walk, const struct visit *visit)
{
    if (!is_leaf(entry_read(visit->entry), visit->level))
        return STATUS_OK;
    if (covers(visit))
        entry_write(walk, visit, 0);
    else
        block_split(walk, visit);
    return STATUS_OK;
}

static void unmap_table(struct walk *walk, const struct visit *visit)
{
    uint64_t table = entry_read(visit->entry);
    bool top = visit->level == walk->table->start_level;
    if ((top && walk->table->ops->keep_top) || !table_is_empty(child_entries(table)))
        return;
    entry_write(walk, visit, 0);
    list_push(&walk->condemned, table & DESCRIPTOR_ADDRESS);
}

static enum status protect_entry(struct walk *walk, const struct visit *visit)
{
    uint64_t old = entry_read(visit->entry);
    uint64_t new = (old & ~walk->table->ops->permission_mask) | walk->attributes;
    if (!is_leaf(old, visit->level) || new == old)
        return STATUS_OK;
    if (covers(visit))
        entry_write(walk, visit, new);
    else
        block_split(walk, visit);
    return STATUS_OK;
}

static const struct visitor cut_counter = {cut_count, NULL};
static const struct visitor unmap_visitor = {unmap_entry, unmap_table};
static const struct visitor protect_visitor = {protect_entry, table_join};

static enum status change(struct walk *walk, const struct visitor *visitor)
{
    enum status status = walk_run(walk, &cut_counter);
    if (status == STATUS_OK)
        status = reserve_fill(walk);
    if (status == STATUS_OK)
        walk_commit(walk, visitor);
    return status;
}

enum status pgtable_unmap(struct pgtable *table, uint64_t ia, uint64_t size)
{
    struct walk walk;
    enum status status = walk_start(&walk, table, ia, size);
    return status == STATUS_OK ? change(&walk, &unmap_visitor) : status;
}

enum status pgtable_protect(struct pgtable *table, uint64_t ia, uint64_t size, uint64_t permissions)
{
    struct walk walk;
    enum status status = walk_start(&walk, table, ia, size);
    walk.attributes = permissions & table->ops->permission_mask;
    return status == STATUS_OK ? change(&walk, &protect_visitor) : status;
}

/* ---- the rest ---- */

enum status pgtable_lookup(const struct pgtable *table, uint64_t ia, struct pgtable_leaf *out)
{
    volatile uint64_t *entries = table_entries(table->root);
    uint64_t index = ia / level_size(table->start_level);
    if (ia >> table->ia_bits != 0)
        return STATUS_NOT_FOUND;
    for (unsigned level = table->start_level;; level++) {
        uint64_t descriptor = entry_read(&entries[index]);
        if (!is_valid(descriptor))
            return STATUS_NOT_FOUND;
        if (!is_table(descriptor, level)) {
            uint64_t inside = ia & (level_size(level) - 1U);
            *out = (struct pgtable_leaf){(descriptor & DESCRIPTOR_ADDRESS) + inside, descriptor, level};
            return STATUS_OK;
        }
        entries = child_entries(descriptor);
        index = ia / level_size(level + 1U) % TABLE_ENTRIES;
    }
}

enum status pgtable_fill_top(struct pgtable *table, uint64_t ia, uint64_t size)
{
    uint64_t entry_size = level_size(table->start_level);
    volatile uint64_t *entries = table_entries(table->root);
    for (uint64_t at = align_down(ia, entry_size); at < ia + size; at += entry_size) {
        pa_t pa;
        if (is_valid(entry_read(&entries[at / entry_size])))
            continue;
        enum status status = table->ops->table_alloc(table, &pa);
        if (status != STATUS_OK)
            return status;
        barrier_dsb_ishst();
        entries[at / entry_size] = pa.pa | DESCRIPTOR_TABLE | DESCRIPTOR_VALID;
    }
    barrier_dsb_ishst();
    barrier_isb();
    return STATUS_OK;
}

// NOLINTNEXTLINE(misc-no-recursion)
static void free_below(struct pgtable *table, uint64_t descriptor, unsigned level)
{
    if (!is_table(descriptor, level))
        return;
    volatile uint64_t *entries = child_entries(descriptor);
    for (unsigned i = 0; i < TABLE_ENTRIES; i++)
        free_below(table, entry_read(&entries[i]), level + 1U);
    table->ops->table_free(table, pa_make(descriptor & DESCRIPTOR_ADDRESS));
}

void pgtable_free_tables(struct pgtable *table)
{
    volatile uint64_t *entries = table_entries(table->root);
    uint64_t count = BIT(table->ia_bits) / level_size(table->start_level);
    for (uint64_t i = 0; i < count; i++)
        free_below(table, entry_read(&entries[i]), table->start_level);
}
