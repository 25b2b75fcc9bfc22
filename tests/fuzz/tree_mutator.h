/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changes a flattened device tree so that it stays one: values, properties and nodes are changed, copied and taken away, and the tree is
 * written anew; names and words of the kind that the target reads come from its own lists. Random bytes alone are nearly always refused by the first check of the header. One input in four is changed as bytes
 * nevertheless: hostile headers have to be seen, too. Gives libFuzzer its custom mutator; included by one file of a program.
 */
#pragma once

#include <libfdt.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "seeded.h"

#define TREE_ROOM 0x10000U
#define TREE_VALUE 512U

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed);

/* The target's: names of properties, and words that are their values; NULL at the end. */
static const char *const tree_names[];
static const char *const tree_words[];

static _Alignas(8) uint8_t tree[TREE_ROOM];
static struct seeded tree_random;

static unsigned tree_pick(unsigned below)
{
    return (unsigned)seeded_below(&tree_random, below);
}

/* Any node, the root included. */
static int pick_node(void)
{
    int chosen = 0;
    unsigned count = 1;

    for (int node = fdt_next_node(tree, 0, NULL); node >= 0; node = fdt_next_node(tree, node, NULL)) {
        chosen = tree_pick(++count) == 0U ? node : chosen;
    }
    return chosen;
}

/* Any property of the node; negative when it has none. */
static int pick_property(int node)
{
    int chosen = -1;
    unsigned count = 0;
    int property;

    fdt_for_each_property_offset(property, tree, node)
    {
        chosen = tree_pick(++count) == 0U ? property : chosen;
    }
    return chosen;
}

/* A copy of a property of any node: in memory that an edit does not move. */
struct taken {
    char name[64];
    uint8_t value[TREE_VALUE];
    size_t length;
};

static bool take_property(int node, struct taken *taken)
{
    int property = pick_property(node);
    const char *name = NULL;
    int length = 0;
    const void *value = property < 0 ? NULL : fdt_getprop_by_offset(tree, property, &name, &length);

    if (value == NULL || length > (int)TREE_VALUE || strlen(name) >= sizeof(taken->name)) {
        return false;
    }
    (void)strcpy(taken->name, name);
    memcpy(taken->value, value, (size_t)length);
    taken->length = (size_t)length;
    return true;
}

static void put_property(int node, const struct taken *taken)
{
    (void)fdt_setprop(tree, node, taken->name, taken->value, (int)taken->length);
}

/* One cell becomes a number that is often a limit. */
static void change_cell(struct taken *taken)
{
    static const uint32_t limits[] = {0,   1,      2,        3,          16,         64,        0xff,
                                      512, 0xffff, 0x200000, 0x7fffffff, 0x80000000, 0xffffffff};
    uint32_t cell = cpu_to_fdt32(limits[tree_pick(sizeof(limits) / sizeof(limits[0]))]);

    if (taken->length >= sizeof(cell)) {
        memcpy(taken->value + tree_pick((unsigned)(taken->length / 4U)) * 4U, &cell, sizeof(cell));
    }
}

static void edit_value(int node)
{
    struct taken taken;

    if (!take_property(node, &taken)) {
        return;
    }
    if (tree_pick(2) == 0U) {
        change_cell(&taken);
    } else {
        taken.length = LLVMFuzzerMutate(taken.value, taken.length, TREE_VALUE);
    }
    put_property(node, &taken);
}

/* A property comes from elsewhere, under its own name or with its value only. */
static void edit_copy(int node)
{
    struct taken from;
    struct taken to;

    if (!take_property(pick_node(), &from)) {
        return;
    }
    if (tree_pick(2) == 0U && take_property(node, &to)) {
        (void)strcpy(from.name, to.name);
    }
    put_property(node, &from);
}

/* A new node below this one: another one's name with another last character, and its properties. */
static void edit_add(int node)
{
    int model = pick_node();
    const char *text = fdt_get_name(tree, model, NULL);
    char name[64];
    struct taken taken[8];
    unsigned count = 0;

    if (text == NULL || text[0] == '\0' || strlen(text) >= sizeof(name)) {
        return;
    }
    (void)strcpy(name, text);
    while (count < 8U && take_property(model, &taken[count])) {
        count++;
    }
    name[strlen(name) - 1U] = "0123456789abcdef"[tree_pick(16)];
    node = fdt_add_subnode(tree, node, name);
    for (unsigned i = 0; node >= 0 && i < count; i++) {
        put_property(node, &taken[i]);
    }
}

static const char *pick_text(const char *const *list)
{
    unsigned count = 0;

    while (list[count] != NULL) {
        count++;
    }
    return list[tree_pick(count)];
}

/* A property that may never have been there: a word, or up to eight cells that are small numbers or come from another property. */
static void edit_invent(int node)
{
    const char *name = pick_text(tree_names);
    struct taken taken;
    fdt32_t cells[8];
    unsigned count = tree_pick(9);

    if (tree_pick(3) == 0U) {
        const char *word = pick_text(tree_words);
        (void)fdt_setprop(tree, node, name, word, (int)strlen(word) + 1);
        return;
    }
    for (unsigned i = 0; i < count; i++) {
        cells[i] = cpu_to_fdt32(tree_pick(4));
        if (tree_pick(2) == 0U && take_property(pick_node(), &taken) && taken.length >= 4U) {
            memcpy(&cells[i], taken.value + tree_pick((unsigned)(taken.length / 4U)) * 4U, 4);
        }
    }
    (void)fdt_setprop(tree, node, name, cells, (int)(count * 4U));
}

static void edit_name(int node)
{
    char name[64];
    const char *text = fdt_get_name(tree, tree_pick(2) == 0U ? pick_node() : node, NULL);
    size_t length = text == NULL ? 0 : strlen(text);

    if (length == 0 || length >= sizeof(name) || node == 0) {
        return;
    }
    memcpy(name, text, length);
    length = tree_pick(2) == 0U ? LLVMFuzzerMutate((uint8_t *)name, length, sizeof(name) - 1U) : length;
    name[length] = '\0';
    (void)fdt_set_name(tree, node, name);
}

static void edit(void)
{
    int node = pick_node();
    int property = pick_property(node);
    const char *name = NULL;

    switch (tree_pick(10)) {
    case 0:
        if (property >= 0 && fdt_getprop_by_offset(tree, property, &name, NULL) != NULL) {
            (void)fdt_delprop(tree, node, name);
        }
        break;
    case 1:
        (void)(node == 0 ? 0 : fdt_del_node(tree, node));
        break;
    case 2:
        edit_add(node);
        break;
    case 3:
        edit_name(node);
        break;
    case 4:
        edit_copy(node);
        break;
    case 5:
    case 6:
        edit_invent(node);
        break;
    default:
        edit_value(node);
        break;
    }
}

static bool tree_load(const uint8_t *data, size_t size)
{
    static _Alignas(8) uint8_t copy[TREE_ROOM];

    if (size > TREE_ROOM) {
        return false;
    }
    memcpy(copy, data, size);
    /* libfdt asks only that these lie inside, and reads aligned words there. */
    return size >= sizeof(struct fdt_header) && fdt_off_mem_rsvmap(copy) % 8U == 0 &&
           fdt_off_dt_struct(copy) % 4U == 0 && fdt_check_full(copy, size) == 0 &&
           fdt_open_into(copy, tree, (int)TREE_ROOM) == 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed)
{
    tree_random = (struct seeded){.state = seed + 1ULL};
    if (tree_pick(4) == 0U || !tree_load(data, size)) {
        return LLVMFuzzerMutate(data, size, max_size);
    }
    for (unsigned edits = 1U + tree_pick(3); edits > 0U; edits--) {
        edit();
    }
    if (fdt_pack(tree) != 0 || fdt_totalsize(tree) > max_size) {
        return LLVMFuzzerMutate(data, size, max_size);
    }
    memcpy(data, tree, fdt_totalsize(tree));
    return fdt_totalsize(tree);
}
