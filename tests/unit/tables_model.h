/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Abstract memory with translation tables in it, random tables of every shape, and a second model of a walk that asks for
 * one address at a time: what boot/boot_tables.c is held against, by its unit test and by its fuzz target.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "boot_tables.h"
#include "model_choice.h"

#define MODEL_PAGES 192U /* that hold something */
#define MODEL_EXTENTS 8U
#define MODEL_FIRST_COPY 32U
#define MODEL_COPY_PAGES 70U /* of each of the two copies, at most */
#define MODEL_SECOND_COPY (MODEL_FIRST_COPY + MODEL_COPY_PAGES)
#define MODEL_LEAVES 256U

struct model_extent {
    uint64_t start, end;
    enum boot_tables_kind kind;
};

struct model {
    uint64_t base; /* of the pages that hold something: inside the RAM of extent 0 */
    _Alignas(4096) uint64_t pages[MODEL_PAGES][512];
    uint64_t zero[512]; /* every other page of RAM */
    struct model_extent extents[MODEL_EXTENTS];
    unsigned extent_count;
    unsigned used; /* source tables: pages[0] to pages[used - 1] */
    struct boot_tables source;
    struct {
        uint64_t va, size;
    } leaves[MODEL_LEAVES]; /* that were put in with output = va */
    unsigned leaf_count;
    bool wrote_outside; /* a page was asked for that holds nothing and may not be written */
    bool met_copy;      /* a page of the copies was asked for: the source names it, which the loader's never does */
};

struct boot_tables_memory model_memory(struct model *model);

void model_random(struct model *model, const struct model_choice *choice);

/* What the tables say of one address. */
struct model_answer {
    bool valid;
    bool accessible, read_only, no_execute; /* as they act */
    uint64_t output;
    uint64_t attributes; /* AttrIndx, NS, SH, GP */
};
struct model_answer model_walk(const struct model *model, const struct boot_tables *tables, uint64_t va);
enum boot_tables_kind model_kind(const struct model *model, uint64_t pa);

/*
 * Copies twice and compares. NULL when everything holds, else what does not. pages: of the copy, 0 when it was refused.
 */
const char *model_check(struct model *model, const struct model_choice *choice, uint32_t *pages);
