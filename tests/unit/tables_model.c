/* SPDX-License-Identifier: Apache-2.0 */
/* See tables_model.h. */
#include "tables_model.h"

#include <string.h>

#define PAGE 4096ULL
#define POISON 0x5a5a5a5a5a5a5a5aULL

/* ---- memory ---- */

enum boot_tables_kind model_kind(const struct model *model, uint64_t pa)
{
    for (unsigned i = 0; i < model->extent_count; i++) {
        if (pa >= model->extents[i].start && pa < model->extents[i].end) {
            return model->extents[i].kind;
        }
    }
    return BOOT_TABLES_DEVICE;
}

static enum boot_tables_kind kind(void *context, uint64_t pa, uint64_t *end)
{
    const struct model *model = context;
    enum boot_tables_kind found = model_kind(model, pa);

    *end = 1ULL << 52;
    for (unsigned i = 0; i < model->extent_count; i++) {
        const struct model_extent *extent = &model->extents[i];

        if (extent->start > pa && extent->start < *end) {
            *end = extent->start;
        }
        if (extent->end > pa && extent->end < *end) {
            *end = extent->end;
        }
    }
    return found;
}

static volatile uint64_t *look(void *context, uint64_t pa, uint64_t size)
{
    struct model *model = context;

    if (size > PAGE || pa % PAGE + size > PAGE || model_kind(model, pa) == BOOT_TABLES_DEVICE) {
        model->wrote_outside = true;
    }
    if (pa >= model->base && pa - model->base < sizeof(model->pages)) {
        model->met_copy = model->met_copy || pa - model->base >= MODEL_FIRST_COPY * PAGE;
        return &model->pages[(pa - model->base) / PAGE][pa % PAGE / 8U];
    }
    return model->zero + pa % PAGE / 8U;
}

struct boot_tables_memory model_memory(struct model *model)
{
    return (struct boot_tables_memory){.context = model, .kind = kind, .look = look};
}

/* ---- the second model: DDI 0487, AArch64.S1Walk in short, for a granule of 4 KiB ---- */

static uint64_t model_read(const struct model *model, uint64_t pa)
{
    if (pa < model->base || pa - model->base >= sizeof(model->pages)) {
        return 0;
    }
    return model->pages[(pa - model->base) / PAGE][pa % PAGE / 8U];
}

static int first_level(unsigned bits)
{
    if (bits > 39) {
        return 0;
    }
    return bits > 30 ? 1 : bits > 21 ? 2 : 3;
}

struct model_answer model_walk(const struct model *model, const struct boot_tables *tables, uint64_t va)
{
    static const unsigned lowest[] = {39, 30, 21, 12}; /* bit that a level's index starts at */
    static const unsigned size_bits[] = {32, 36, 40, 42, 44, 48, 48, 48};
    const uint64_t address = 0xfffffffff000ULL;
    struct model_answer no = {.valid = false};
    unsigned bits = 64U - (tables->tcr & 63U);
    uint64_t output_limit = 1ULL << size_bits[tables->tcr >> 16 & 7U];
    bool hierarchical = (tables->tcr >> 24 & 1U) == 0;
    bool read_only = false;
    bool no_execute = false;
    int level = first_level(bits);
    uint64_t root_bytes = 8ULL << (bits - lowest[level]);
    uint64_t table = tables->ttbr & 0xffffffffffffULL & ~((root_bytes < 64 ? 64 : root_bytes) - 1U);
    uint64_t index = va >> lowest[level];

    if (va >= 1ULL << bits) {
        return no;
    }
    for (;; level++, index = va >> lowest[level] & 511U) {
        if (table >= output_limit || model_kind(model, table) == BOOT_TABLES_DEVICE) {
            return no;
        }
        uint64_t d = model_read(model, table + index * 8U);
        uint64_t block = 1ULL << lowest[level];

        if (d % 2 == 0 || (d % 4 == 1 && (level == 0 || level == 3))) {
            return no;
        }
        if (d % 4 == 3 && level < 3) {
            read_only = read_only || (hierarchical && (d >> 62 & 1U) != 0);
            no_execute = no_execute || (hierarchical && (d >> 60 & 1U) != 0);
            table = d & address;
            continue;
        }
        uint64_t output = (d & address) / block * block;

        if (output >= output_limit) {
            return no;
        }
        bool dirty_managed = (tables->tcr >> 22 & 1U) != 0 && (d >> 51 & 1U) != 0;

        return (struct model_answer){.valid = true,
                                     .accessible = (d >> 10 & 1U) != 0 || (tables->tcr >> 21 & 1U) != 0,
                                     .read_only = ((d >> 7 & 1U) != 0 && !dirty_managed) || read_only,
                                     .no_execute = (d >> 54 & 1U) != 0 || no_execute,
                                     .output = output + va % block,
                                     .attributes = d & 0x000400000000033cULL};
    }
}

/* ---- random tables ---- */

struct maker {
    struct model *model;
    const struct model_choice *choice;
};

static uint64_t below(const struct maker *maker, uint64_t limit)
{
    return maker->choice->below(maker->choice->context, limit);
}

static uint64_t upper_attributes(const struct maker *maker)
{
    static const uint64_t bits[] = {1ULL << 54, 1ULL << 52, 1ULL << 51, 1ULL << 50, 1ULL << 53, 1ULL << 55, 1ULL << 59};
    uint64_t chosen = 0;

    for (unsigned i = 0; i < sizeof(bits) / sizeof(bits[0]); i++) {
        chosen |= below(maker, 4) == 0 ? bits[i] : 0;
    }
    return chosen;
}

/* bits[11:2]: AttrIndx, NS, AP, SH, AF, nG. */
static uint64_t attributes(const struct maker *maker)
{
    uint64_t lower = below(maker, 1024) << 2;

    return (below(maker, 4) == 0 ? lower : lower | 1U << 10) | upper_attributes(maker);
}

/* A place that is worth a look: bounds of what there is. */
static uint64_t target(const struct maker *maker)
{
    const struct model *model = maker->model;
    const struct model_extent *extent = &model->extents[below(maker, model->extent_count)];

    switch (below(maker, 5)) {
    case 0:
        return extent->start;
    case 1:
        return extent->end - PAGE;
    case 2:
        return extent->end;
    case 3:
        return extent->start + below(maker, (extent->end - extent->start) / PAGE) * PAGE;
    default:
        return below(maker, 1ULL << 36) * PAGE;
    }
}

static void fill(const struct maker *maker, unsigned page, uint64_t first, unsigned entries, uint64_t va, int level);

static uint64_t child(const struct maker *maker, uint64_t va, int level)
{
    struct model *model = maker->model;
    uint64_t hierarchical = (below(maker, 3) == 0 ? 1ULL << 62 : 0) | (below(maker, 3) == 0 ? 1ULL << 60 : 0) |
                            (below(maker, 5) == 0 ? 1ULL << 61 : 0) | (below(maker, 5) == 0 ? 1ULL << 59 : 0) |
                            (below(maker, 9) == 0 ? 1ULL << 63 : 0) | below(maker, 1024) << 2;
    uint64_t to;

    switch (below(maker, 12)) {
    case 0: /* a table that is somebody's child already, or the one that this entry stands in */
        to = model->base + below(maker, model->used) * PAGE;
        break;
    case 1:
        to = target(maker); /* garbage */
        break;
    default:
        if (model->used == MODEL_FIRST_COPY) {
            return 0;
        }
        to = model->base + model->used * PAGE;
        memset(model->pages[model->used], 0, PAGE);
        fill(maker, model->used++, 0, 512, va, level + 1);
    }
    return (to & 0xfffffffff000ULL) | hierarchical | 3U;
}

static uint64_t leaf(const struct maker *maker, uint64_t va, int level)
{
    struct model *model = maker->model;
    uint64_t size = 1ULL << (39U - 9U * (unsigned)level);
    uint64_t output = va;

    if (below(maker, 5) == 0) {
        output = target(maker) / size * size;
    } else if (model->leaf_count < MODEL_LEAVES) {
        model->leaves[model->leaf_count].va = va;
        model->leaves[model->leaf_count++].size = size;
    }
    /* Below the block's size bits are reserved, and bit 16 is nT. */
    if (below(maker, 6) == 0) {
        output |= below(maker, size / PAGE) * PAGE;
    }
    return (output & 0xfffffffff000ULL) | attributes(maker) | (level == 3 ? 3U : 1U);
}

/* A few entries of the table at `first` of a page, by which target they are on the way to. */
static void fill(const struct maker *maker, unsigned page, uint64_t first, unsigned entries, uint64_t va, int level)
{
    uint64_t size = 1ULL << (39U - 9U * (unsigned)level);
    uint64_t wanted = 1U + below(maker, level == 3 ? 5 : 4);

    for (uint64_t i = 0; i < wanted; i++) {
        uint64_t at = target(maker);
        uint64_t index = at >= va && at - va < size * entries ? (at - va) / size : below(maker, entries);
        uint64_t here = va + index * size;
        uint64_t *entry = &maker->model->pages[page][first + index];
        uint64_t what = below(maker, 16);

        if (what == 0) {
            *entry =
                below(maker, 1ULL << 62) * 4U + below(maker, 4) / 3U; /* invalid, or anything that leads somewhere */
        } else if (what == 1) {
            *entry = leaf(maker, here, level) ^ (level == 3 ? 2U : 0U); /* reserved at levels 0 and 3 */
        } else if (level == 3 || (level > 0 && what < 8)) {
            *entry = leaf(maker, here, level);
        } else {
            *entry = child(maker, here, level);
        }
    }
}

/* RAM around the pages, then others: neighbours, inside of large blocks, far away, not overlapping. */
static void random_extents(const struct maker *maker)
{
    static const uint64_t bases[] = {0x40000000, 0, 0x80200000, 0x7fc0000000, 0x10000000000, 0x47f00000};
    struct model *model = maker->model;
    uint64_t at = bases[below(maker, 6)];
    uint64_t length = MODEL_PAGES + below(maker, 2000);

    model->base = at + below(maker, length - MODEL_PAGES + 1U) * PAGE;
    model->extents[0] = (struct model_extent){at, at + length * PAGE, BOOT_TABLES_RAM};
    model->extent_count = 1U + (unsigned)below(maker, MODEL_EXTENTS);
    for (unsigned i = 1; i < model->extent_count; i++) {
        uint64_t start = model->extents[i - 1U].end;

        start += below(maker, 2) == 0 ? 0 : below(maker, 3000) * PAGE;
        start += below(maker, 4) == 0 ? below(maker, 1ULL << 20) * PAGE : 0;
        length = 1U + (below(maker, 3) == 0 ? below(maker, 1U << 19) : below(maker, 1500));
        model->extents[i] = (struct model_extent){start, start + length * PAGE,
                                                  below(maker, 3) == 0 ? BOOT_TABLES_OTHERS : BOOT_TABLES_RAM};
    }
}

void model_random(struct model *model, const struct model_choice *choice)
{
    static const unsigned sizes[] = {16, 16, 20, 24, 24, 25, 27, 30, 33, 34, 36, 39, 42, 43, 48};
    struct maker maker = {model, choice};
    unsigned t0sz = sizes[below(&maker, sizeof(sizes) / sizeof(sizes[0]))];
    int level = first_level(64U - t0sz);
    unsigned entries = 1U << (64U - t0sz - (39U - 9U * (unsigned)level));
    uint64_t slots = 512U / (entries < 8 ? 8 : entries); /* where a short root may lie in its page */
    uint64_t slot = below(&maker, slots);
    uint64_t place;

    random_extents(&maker);
    model->used = 1;
    model->leaf_count = 0;
    model->wrote_outside = false;
    model->met_copy = false;
    memset(model->pages[0], 0, PAGE);
    place = slot * (entries < 8 ? 8 : entries);
    fill(&maker, 0, place, entries, 0, level);
    model->source.ttbr = (model->base + place * 8U) | (below(&maker, 2) == 0 ? 1U : 0U); /* CnP */
    model->source.tcr = t0sz | below(&maker, 4) << 8 | below(&maker, 4) << 10 | below(&maker, 4) << 12 |
                        (below(&maker, 3) == 0 ? below(&maker, 8) : 5U) << 16 | below(&maker, 8) << 20 |
                        (below(&maker, 4) == 0 ? 1ULL << 24 : 0) | 1ULL << 23 | 1ULL << 31;
}

/* ---- what has to hold ---- */

/* One address: alike before and after. */
static const char *address_check(const struct model *model, const struct boot_tables *copy, uint64_t va)
{
    struct model_answer before = model_walk(model, &model->source, va);
    struct model_answer after = model_walk(model, copy, va);

    if (!before.valid || before.output != va) {
        return after.valid ? "what did not resolve to itself resolves now" : NULL;
    }
    if (!after.valid || after.output != va) {
        return "an identity mapping was lost";
    }
    if (model_kind(model, va) == BOOT_TABLES_RAM) {
        before.attributes &= ~(1ULL << 50);
        if (after.read_only || after.no_execute || !after.accessible) {
            return "RAM without a right";
        }
    } else if (after.read_only != before.read_only || after.no_execute != before.no_execute ||
               after.accessible != before.accessible) {
        return "a device with other rights";
    }
    return after.attributes != before.attributes ? "other memory attributes" : NULL;
}

/* Each descriptor of the copy in itself, and that what it maps was mapped. */
static const char *table_check(const struct model *model, const struct boot_tables *copy, uint64_t table, uint64_t va,
                               int level)
{
    bool empty = true;

    for (unsigned i = 0; i < 512; i++, va += 1ULL << (39U - 9U * (unsigned)level)) {
        uint64_t d = model_read(model, table + 8U * i);
        const char *fault = NULL;

        if (d == 0) {
            continue;
        }
        empty = false;
        if (d % 2 == 0) {
            return "an invalid descriptor that is not 0";
        }
        if (level < 3 && d % 4 == 3) {
            if ((d & ~0xfffffffff003ULL) != 0) {
                return "a table descriptor with attributes";
            }
            fault = table_check(model, copy, d & 0xfffffffff000ULL, va, level + 1);
        } else if ((d & 1ULL << 6) == 0 || (d & (1ULL << 11 | 1ULL << 51 | 1ULL << 52 | 1ULL << 53)) != 0) {
            return "AP[1] is 0, or nG, DBM, Contiguous or PXN is set";
        } else {
            fault = address_check(model, copy, va);
            if (fault == NULL && !model_walk(model, copy, va).valid) {
                return "a leaf that does not resolve";
            }
        }
        if (fault != NULL) {
            return fault;
        }
    }
    return empty ? "an empty table" : NULL;
}

static const char *addresses_check(const struct model *model, const struct model_choice *choice,
                                   const struct boot_tables *copy)
{
    struct maker maker = {(struct model *)(uintptr_t)model, choice};
    const char *fault = NULL;

    for (unsigned i = 0; i < model->leaf_count && fault == NULL; i++) {
        uint64_t va = model->leaves[i].va;
        uint64_t size = model->leaves[i].size;

        fault = address_check(model, copy, va);
        fault = fault == NULL ? address_check(model, copy, va + size - 1U) : fault;
        fault = fault == NULL ? address_check(model, copy, va + below(&maker, size)) : fault;
        fault = fault == NULL ? address_check(model, copy, va - 1U) : fault;
    }
    for (unsigned i = 0; i < model->extent_count && fault == NULL; i++) {
        fault = address_check(model, copy, model->extents[i].start);
        fault = fault == NULL ? address_check(model, copy, model->extents[i].start - 1U) : fault;
        fault = fault == NULL ? address_check(model, copy, model->extents[i].end) : fault;
        fault = fault == NULL ? address_check(model, copy, model->extents[i].end - 1U) : fault;
    }
    for (unsigned i = 0; i < 8 && fault == NULL; i++) {
        fault = address_check(model, copy, target(&maker));
    }
    return fault;
}

static bool page_is_poison(const struct model *model, unsigned page)
{
    for (unsigned i = 0; i < 512; i++) {
        if (model->pages[page][i] != POISON) {
            return false;
        }
    }
    return true;
}

static void poison(struct model *model, unsigned first, uint32_t pages)
{
    for (uint64_t i = first; i < first + pages && i < MODEL_PAGES; i++) {
        for (unsigned j = 0; j < 512; j++) {
            model->pages[i][j] = POISON;
        }
    }
}

static bool reports_agree(const struct boot_tables_report *a, const struct boot_tables_report *b)
{
    return a->levels == b->levels && a->input_bits == b->input_bits && a->root == b->root &&
           a->root_size == b->root_size && a->tables_seen == b->tables_seen && a->pages == b->pages &&
           a->leaves == b->leaves && a->splits == b->splits && a->ram == b->ram && a->others == b->others &&
           a->made_writable == b->made_writable && a->made_executable == b->made_executable &&
           a->made_accessible == b->made_accessible && a->dropped_alias == b->dropped_alias &&
           a->dropped_pointer == b->dropped_pointer && a->dropped_empty == b->dropped_empty &&
           a->dropped_invalid == b->dropped_invalid;
}

/* Twice as the loader does it: from the source, then from the first copy. */
static const char *copies_check(struct model *model, const struct model_choice *choice,
                                const struct boot_tables_report *counted)
{
    struct boot_tables_memory memory = model_memory(model);
    struct boot_tables_report report;
    struct boot_tables first;
    struct boot_tables second;
    uint32_t pages = counted->pages;
    uint64_t to = model->base + MODEL_FIRST_COPY * PAGE;
    const char *fault;

    poison(model, MODEL_FIRST_COPY, pages + 1U);
    if (boot_tables_copy(&memory, &model->source, to, pages - 1U, &first, &report) != BOOT_TABLES_NO_ROOM) {
        return "a page fewer was enough";
    }
    if (!page_is_poison(model, MODEL_FIRST_COPY + pages - 1U)) {
        return "written beyond the room";
    }
    if (boot_tables_copy(&memory, &model->source, to, pages, &first, &report) != BOOT_TABLES_OK ||
        !reports_agree(&report, counted)) {
        return "count and copy differ";
    }
    if (!page_is_poison(model, MODEL_FIRST_COPY + pages)) {
        return "written beyond what was counted";
    }
    if (first.ttbr != to || (first.tcr & 63U) != 16U || (first.tcr >> 14 & 3U) != 0) {
        return "the copy's registers";
    }
    fault = table_check(model, &first, to, 0, 0);
    fault = fault == NULL ? addresses_check(model, choice, &first) : fault;
    if (fault != NULL) {
        return fault;
    }
    poison(model, MODEL_SECOND_COPY, pages + 1U);
    to = model->base + MODEL_SECOND_COPY * PAGE;
    if (boot_tables_copy(&memory, &first, to, pages, &second, &report) != BOOT_TABLES_OK || report.pages != pages) {
        return "the copy of the copy has another size";
    }
    if (!page_is_poison(model, MODEL_SECOND_COPY + pages) || first.tcr != second.tcr ||
        report.made_writable + report.made_executable + report.dropped_alias + report.dropped_pointer +
                report.dropped_empty + report.dropped_invalid !=
            0) {
        return "the second pass changes something";
    }
    fault = table_check(model, &second, to, 0, 0);
    return fault == NULL ? addresses_check(model, choice, &second) : fault;
}

const char *model_check(struct model *model, const struct model_choice *choice, uint32_t *pages)
{
    struct boot_tables_memory memory = model_memory(model);
    struct boot_tables_report report;
    enum boot_tables_status status = boot_tables_count(&memory, &model->source, &report);
    const char *fault = NULL;

    *pages = 0;
    if (model->met_copy) {
        return NULL;
    }
    *pages = status == BOOT_TABLES_OK ? report.pages : 0;
    if (status == BOOT_TABLES_OK && report.pages < MODEL_COPY_PAGES) {
        fault = copies_check(model, choice, &report);
    } else if (status == BOOT_TABLES_NOTHING) {
        for (unsigned i = 0; i < model->leaf_count && fault == NULL; i++) {
            struct model_answer answer = model_walk(model, &model->source, model->leaves[i].va);

            fault = answer.valid && answer.output == model->leaves[i].va ? "an identity mapping was not seen" : NULL;
        }
    } else if (status != BOOT_TABLES_OK && status != BOOT_TABLES_ENDLESS && status != BOOT_TABLES_BAD_ROOT) {
        fault = "refused for no reason";
    }
    return fault != NULL || !model->wrote_outside ? fault : "looked where no RAM is";
}
