/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See boot_tables.h. DDI 0487: D8.2.6 to D8.2.9 (root and levels), D8.3.1 (descriptors), D8.3.2 (their attribute
 * fields), D8.4.2 (hierarchical permissions), D23 (TCR_EL2).
 *
 * The leaves come in ascending order of addresses, so that the copy is made along one path: where a leaf leaves the table
 * of its predecessor, a new table is begun. Tables shared by two parents become two, empty ones never come to be.
 */
#include "boot_tables.h"

/* D8.3.1: descriptors. */
#define VALID (1ULL << 0)
#define TABLE_OR_PAGE (1ULL << 1)
#define AP1 (1ULL << 6) /* RES1 where there is no EL0 */
#define AP2 (1ULL << 7) /* read only */
#define AF (1ULL << 10)
#define NG (1ULL << 11) /* RES0 in this regime */
#define NT (1ULL << 16) /* of blocks, FEAT_BBM */
#define GP (1ULL << 50) /* guarded page, FEAT_BTI */
#define DBM (1ULL << 51)
#define CONTIGUOUS (1ULL << 52)
#define PXN (1ULL << 53) /* RES0 in this regime */
#define XN (1ULL << 54)
#define XN_TABLE (1ULL << 60)
#define AP_TABLE_READ_ONLY (1ULL << 62)
#define ADDRESS 0x0000fffffffff000ULL

/* TCR_EL2 with E2H = 0. */
#define TCR_RES1 (1ULL << 31 | 1ULL << 23)
#define TCR_WALKS (3ULL << 12 | 1ULL << 10 | 1ULL << 8) /* SH0 inner shareable, ORGN0, IRGN0 write-back allocating */
#define TCR_T0SZ 63ULL
#define TCR_TG0 (3ULL << 14)
#define TCR_PS (7ULL << 16)
#define TCR_TBI (1ULL << 20)
#define TCR_HA (1ULL << 21)
#define TCR_HD (1ULL << 22)
#define TCR_HPD (1ULL << 24)
#define TCR_HWU (15ULL << 25)
#define TCR_DS (1ULL << 32)

#define INPUT_BITS 48U
#define INDEX (BOOT_TABLES_ENTRIES - 1U)
#define ROOT_ALIGN 64ULL /* at least, however few its entries */

struct walk {
    const struct boot_tables_memory *memory;
    struct boot_tables_report *report;
    enum boot_tables_status status;
    uint64_t tcr;
    uint64_t output_end; /* 2 to the power of what TCR_EL2.PS says */
    uint64_t to;         /* pages of the copy */
    uint32_t room;       /* how many */
    bool writes;
    uint32_t used;
    volatile uint64_t *path[4]; /* the copy's tables towards the leaf before, the first `depth` of them */
    unsigned depth;
    uint64_t va; /* of the leaf before */
    /* The stretch of one kind that was asked for last: most leaves lie in that of their predecessor. */
    uint64_t kind_start, kind_end;
    enum boot_tables_kind kind;
};

static unsigned level_shift(unsigned level)
{
    return 12U + 9U * (3U - level);
}

static uint64_t level_size(unsigned level)
{
    return 1ULL << level_shift(level);
}

static uint64_t output_end(uint64_t tcr)
{
    static const uint8_t bits[] = {32, 36, 40, 42, 44, 48, 48, 48};

    return 1ULL << bits[(tcr & TCR_PS) >> 16];
}

/* ---- attributes ---- */

/*
 * A leaf as it acts: what the levels above impose, folded in; what only hints or is reserved here, cleared. With
 * hardware management of the access flag and of the dirty state (TCR_EL2.HA, HD) a clear flag stops nothing.
 */
static uint64_t leaf_fold(uint64_t tcr, uint64_t leaf, uint64_t above, unsigned level)
{
    uint64_t address = leaf & ADDRESS & ~(level_size(level) - 1U);
    uint64_t folded = (leaf & ~(ADDRESS | NG | CONTIGUOUS | PXN)) | address | AP1;

    if ((tcr & TCR_HD) != 0 && (leaf & DBM) != 0) {
        folded &= ~AP2;
    }
    if ((tcr & TCR_HA) != 0) {
        folded |= AF;
    }
    folded &= ~DBM;
    if ((tcr & TCR_HPD) == 0) {
        folded |= (above & AP_TABLE_READ_ONLY) != 0 ? AP2 : 0;
        folded |= (above & XN_TABLE) != 0 ? XN : 0;
    }
    return folded;
}

/* RAM: readable, writable, executable, and no target of branches guarded. */
static uint64_t leaf_relax(uint64_t leaf)
{
    return (leaf & ~(AP2 | XN | GP)) | AF;
}

/* ---- the copy ---- */

static volatile uint64_t *table_new(struct walk *walk)
{
    volatile uint64_t *table;

    if (walk->writes && walk->used == walk->room) {
        walk->status = BOOT_TABLES_NO_ROOM;
        return NULL;
    }
    walk->used++;
    if (!walk->writes) {
        return NULL;
    }
    table =
        walk->memory->look(walk->memory->context, walk->to + (walk->used - 1U) * BOOT_TABLES_PAGE, BOOT_TABLES_PAGE);
    if (table == NULL) {
        walk->status = BOOT_TABLES_NO_ROOM;
        return NULL;
    }
    for (unsigned i = 0; i < BOOT_TABLES_ENTRIES; i++) {
        table[i] = 0;
    }
    return table;
}

/* How many tables of the path to the leaf before lead to va at `level`, too. */
static unsigned path_shared(const struct walk *walk, uint64_t va, unsigned level)
{
    unsigned at = 0;

    while (at < walk->depth && at <= level && (at == 0 || (va ^ walk->va) >> level_shift(at - 1U) == 0)) {
        at++;
    }
    return at;
}

static void leaf_put(struct walk *walk, uint64_t va, unsigned level, uint64_t leaf)
{
    for (unsigned at = path_shared(walk, va, level); at <= level; at++) {
        volatile uint64_t *table = table_new(walk);

        if (walk->status != BOOT_TABLES_OK) {
            return;
        }
        walk->path[at] = table;
        if (walk->writes && at > 0) {
            walk->path[at - 1U][va >> level_shift(at - 1U) & INDEX] =
                (walk->to + (walk->used - 1U) * BOOT_TABLES_PAGE) | TABLE_OR_PAGE | VALID;
        }
    }
    walk->depth = level + 1U;
    walk->va = va;
    walk->report->leaves++;
    if (walk->writes) {
        walk->path[level][va >> level_shift(level) & INDEX] = leaf;
    }
}

static enum boot_tables_kind kind_at(struct walk *walk, uint64_t pa, uint64_t *end)
{
    if (pa < walk->kind_start || pa >= walk->kind_end) {
        walk->kind = walk->memory->kind(walk->memory->context, pa, &walk->kind_end);
        walk->kind_start = pa;
    }
    *end = walk->kind_end;
    return walk->kind;
}

/* Adds [va, va + size) to the report; true when all of it is of one kind, *kind. */
static bool kind_sum(struct walk *walk, uint64_t va, uint64_t size, enum boot_tables_kind *kind, uint64_t *ram)
{
    uint64_t end = 0;
    bool alike = true;

    *kind = kind_at(walk, va, &end);
    end = end < va + size ? end : va + size;
    *ram = *kind == BOOT_TABLES_RAM ? end - va : 0;
    for (uint64_t at = end; at < va + size; at = end) {
        enum boot_tables_kind here = kind_at(walk, at, &end);

        end = end < va + size ? end : va + size;
        alike = alike && (here == BOOT_TABLES_RAM) == (*kind == BOOT_TABLES_RAM);
        *ram += here == BOOT_TABLES_RAM ? end - at : 0;
    }
    return alike;
}

static void relax_report(struct boot_tables_report *report, uint64_t before)
{
    report->made_writable += (before & AP2) != 0 ? 1U : 0U;
    report->made_executable += (before & XN) != 0 ? 1U : 0U;
    report->made_accessible += (before & AF) == 0 ? 1U : 0U;
}

/* A leaf of the copy; `leaf` is folded. Split where RAM and others meet in it and it matters: at most three deep. */
/* NOLINTNEXTLINE(misc-no-recursion) */
static void leaf_place(struct walk *walk, uint64_t va, unsigned level, uint64_t leaf)
{
    uint64_t ram = 0;
    enum boot_tables_kind kind = BOOT_TABLES_DEVICE;

    if (kind_sum(walk, va, level_size(level), &kind, &ram) || leaf_relax(leaf) == leaf) {
        walk->report->ram += ram;
        walk->report->others += level_size(level) - ram;
        if (kind == BOOT_TABLES_RAM) {
            relax_report(walk->report, leaf);
            leaf = leaf_relax(leaf);
        }
        leaf_put(walk, va, level, leaf);
        return;
    }
    walk->report->splits++;
    leaf = (leaf & ~NT) | (level == 2 ? TABLE_OR_PAGE : 0);
    for (unsigned i = 0; i < BOOT_TABLES_ENTRIES && walk->status == BOOT_TABLES_OK; i++) {
        leaf_place(walk, va + i * level_size(level + 1U), level + 1U, leaf + i * level_size(level + 1U));
    }
}

/* The table of `size` bytes at pa; NULL where no table can lie. */
static const volatile uint64_t *table_look(const struct walk *walk, uint64_t pa, uint64_t size)
{
    uint64_t end = 0;

    if (pa + size > walk->output_end || walk->memory->kind(walk->memory->context, pa, &end) == BOOT_TABLES_DEVICE ||
        end < pa + size) {
        return NULL;
    }
    return walk->memory->look(walk->memory->context, pa, size);
}

/* ---- the firmware's tables ---- */

static void leaf_visit(struct walk *walk, uint64_t va, unsigned level, uint64_t descriptor, uint64_t above)
{
    uint64_t leaf = leaf_fold(walk->tcr, descriptor, above, level);

    if ((leaf & ADDRESS) >= walk->output_end) {
        walk->report->dropped_invalid++;
    } else if ((leaf & ADDRESS) != va) {
        walk->report->dropped_alias++;
    } else {
        leaf_place(walk, va, level, leaf);
    }
}

static void table_walk(struct walk *walk, const volatile uint64_t *at, unsigned entries, uint64_t va, unsigned level,
                       uint64_t above);

/* NOLINTNEXTLINE(misc-no-recursion) */
static void table_visit(struct walk *walk, uint64_t descriptor, uint64_t va, unsigned level, uint64_t above)
{
    const volatile uint64_t *table = table_look(walk, descriptor & ADDRESS, BOOT_TABLES_PAGE);
    uint32_t leaves = walk->report->leaves;

    if (table == NULL) {
        walk->report->dropped_pointer++;
        return;
    }
    table_walk(walk, table, BOOT_TABLES_ENTRIES, va, level + 1U,
               above | (descriptor & (AP_TABLE_READ_ONLY | XN_TABLE)));
    walk->report->dropped_empty += leaves == walk->report->leaves ? 1U : 0U;
}

/* At most four deep. Each descriptor is read once: the firmware's hardware may set flags in them meanwhile. */
/* NOLINTNEXTLINE(misc-no-recursion) */
static void table_walk(struct walk *walk, const volatile uint64_t *at, unsigned entries, uint64_t va, unsigned level,
                       uint64_t above)
{
    if (walk->report->tables_seen++ == BOOT_TABLES_MAX) {
        walk->status = BOOT_TABLES_ENDLESS;
    }
    for (unsigned i = 0; i < entries && walk->status == BOOT_TABLES_OK; i++, va += level_size(level)) {
        uint64_t descriptor = at[i];

        if ((descriptor & VALID) == 0) {
            continue;
        }
        if (level < 3 && (descriptor & TABLE_OR_PAGE) != 0) {
            table_visit(walk, descriptor, va, level, above);
        } else if (level == 0 || (level == 3 && (descriptor & TABLE_OR_PAGE) == 0)) {
            walk->report->dropped_invalid++;
        } else {
            leaf_visit(walk, va, level, descriptor, above);
        }
    }
}

/* ---- roots ---- */

static enum boot_tables_status tables_check(const struct boot_tables *from)
{
    uint64_t t0sz = from->tcr & TCR_T0SZ;

    if ((from->tcr & TCR_TG0) != 0) {
        return BOOT_TABLES_BAD_GRANULE;
    }
    return t0sz < 16 || t0sz > 48 || (from->tcr & TCR_DS) != 0 ? BOOT_TABLES_BAD_SIZE : BOOT_TABLES_OK;
}

/* Where the root lies and how many entries it has: a short one when the first level resolves less than nine bits. */
static unsigned root_find(const struct boot_tables *from, struct boot_tables_report *report)
{
    unsigned bits = 64U - (unsigned)(from->tcr & TCR_T0SZ);
    unsigned levels = (bits - 12U + 8U) / 9U;
    unsigned entries = 1U << (bits - level_shift(4U - levels));
    uint64_t align = entries * sizeof(uint64_t) > ROOT_ALIGN ? entries * sizeof(uint64_t) : ROOT_ALIGN;

    report->input_bits = bits;
    report->levels = levels;
    report->root = from->ttbr & 0x0000ffffffffffffULL & ~(align - 1U);
    report->root_size = entries * (uint32_t)sizeof(uint64_t);
    return entries;
}

static enum boot_tables_status walk_all(struct walk *walk, const struct boot_tables *from)
{
    const volatile uint64_t *root;
    unsigned entries;

    *walk->report = (struct boot_tables_report){0};
    walk->status = tables_check(from);
    if (walk->status != BOOT_TABLES_OK) {
        return walk->status;
    }
    entries = root_find(from, walk->report);
    walk->tcr = from->tcr;
    walk->output_end = output_end(from->tcr);
    root = table_look(walk, walk->report->root, walk->report->root_size);
    if (root == NULL) {
        return BOOT_TABLES_BAD_ROOT;
    }
    table_walk(walk, root, entries, 0, 4U - walk->report->levels, 0);
    walk->report->pages = walk->used;
    if (walk->status == BOOT_TABLES_OK && walk->report->leaves == 0) {
        walk->status = BOOT_TABLES_NOTHING;
    }
    return walk->status;
}

enum boot_tables_status boot_tables_count(const struct boot_tables_memory *memory, const struct boot_tables *from,
                                          struct boot_tables_report *report)
{
    struct walk walk = {.memory = memory, .report = report};

    return walk_all(&walk, from);
}

enum boot_tables_status boot_tables_copy(const struct boot_tables_memory *memory, const struct boot_tables *from,
                                         uint64_t to, uint32_t pages, struct boot_tables *copy,
                                         struct boot_tables_report *report)
{
    struct walk walk = {.memory = memory, .report = report, .to = to, .room = pages, .writes = true};
    enum boot_tables_status status = walk_all(&walk, from);

    if (status == BOOT_TABLES_OK) {
        copy->ttbr = to;
        copy->tcr = TCR_RES1 | TCR_WALKS | (from->tcr & (TCR_PS | TCR_TBI | TCR_HPD | TCR_HWU)) | (64U - INPUT_BITS);
    }
    return status;
}

bool boot_tables_identity(const struct boot_tables_memory *memory, const struct boot_tables *tables, uint64_t va)
{
    struct boot_tables_report report = {0};
    struct walk walk = {.memory = memory, .tcr = tables->tcr, .output_end = output_end(tables->tcr)};
    unsigned entries = tables_check(tables) == BOOT_TABLES_OK ? root_find(tables, &report) : 0;
    uint64_t table = report.root;
    uint64_t above = 0;

    if (entries == 0 || va >> report.input_bits != 0) {
        return false;
    }
    for (unsigned level = 4U - report.levels; level < 4; level++) {
        uint64_t index = va >> level_shift(level) & (entries - 1U);
        const volatile uint64_t *at = table_look(&walk, table, entries * sizeof(uint64_t));
        uint64_t descriptor = at != NULL ? at[index] : 0;

        if ((descriptor & VALID) == 0 || ((descriptor & TABLE_OR_PAGE) == 0 && (level == 0 || level == 3))) {
            return false;
        }
        if (level == 3 || (descriptor & TABLE_OR_PAGE) == 0) {
            uint64_t leaf = leaf_fold(tables->tcr, descriptor, above, level);

            return (leaf & ADDRESS) == (va & ~(level_size(level) - 1U)) && (leaf & ADDRESS) < walk.output_end &&
                   (leaf & (AF | AP2 | XN)) == AF;
        }
        above |= descriptor & (AP_TABLE_READ_ONLY | XN_TABLE);
        table = descriptor & ADDRESS;
        entries = BOOT_TABLES_ENTRIES;
    }
    return false;
}

const char *boot_tables_text(enum boot_tables_status status)
{
    switch (status) {
    case BOOT_TABLES_OK:
        return "usable";
    case BOOT_TABLES_BAD_GRANULE:
        return "TCR_EL2.TG0 is not 4 KiB";
    case BOOT_TABLES_BAD_SIZE:
        return "TCR_EL2.T0SZ is outside 16 to 48, or DS is set";
    case BOOT_TABLES_BAD_ROOT:
        return "TTBR0_EL2 leads outside RAM";
    case BOOT_TABLES_ENDLESS:
        return "they name each other without end";
    case BOOT_TABLES_NOTHING:
        return "they map nothing one to one";
    case BOOT_TABLES_NO_ROOM:
        return "they grew since they were counted";
    }
    return "unknown";
}
