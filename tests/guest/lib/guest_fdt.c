/* SPDX-License-Identifier: Apache-2.0 */
/* Reads a flattened device tree (Devicetree Specification 0.4, chapter 5), written independently of the library that made it. */
#include "guest.h"

#define FDT_MAGIC 0xD00DFEEDU
#define FDT_BEGIN_NODE 1U
#define FDT_END_NODE 2U
#define FDT_PROP 3U
#define FDT_NOP 4U
#define MAX_DEPTH 8U

/* A walk over the structure block. */
struct walk {
    const uint8_t *base;
    uint32_t at, end, strings;
    uint32_t depth;
    const char *names[MAX_DEPTH]; /* of the nodes that we are in, the root's is "" */
};

uint32_t fdt_u32(const uint8_t *cell)
{
    return (uint32_t)cell[0] << 24 | (uint32_t)cell[1] << 16 | (uint32_t)cell[2] << 8 | cell[3];
}

uint64_t fdt_u64(const uint8_t *cells)
{
    return (uint64_t)fdt_u32(cells) << 32 | fdt_u32(cells + 4);
}

static const uint8_t *bytes_at(uint64_t address)
{
    return (const uint8_t *)address;
}

uint64_t fdt_check(uint64_t address)
{
    if (address == 0U || address % 8U != 0U || fdt_u32(bytes_at(address)) != FDT_MAGIC) {
        return 0;
    }
    return fdt_u32(bytes_at(address + 20U)) == 17U ? address : 0U;
}

uint32_t fdt_size(uint64_t address)
{
    return fdt_u32(bytes_at(address + 4U));
}

static struct walk walk_begin(uint64_t address)
{
    const uint8_t *base = bytes_at(address);
    uint32_t at = fdt_u32(base + 8);
    return (struct walk){.base = base, .at = at, .end = at + fdt_u32(base + 36), .strings = fdt_u32(base + 12)};
}

static uint32_t text_size(const char *text)
{
    uint32_t size = 1;
    while (*text++ != '\0') {
        size++;
    }
    return size;
}

/* The next token; *value and *size are a property's, *name its or the new node's. 0 at the end. */
static uint32_t walk_next(struct walk *walk, const char **name, const uint8_t **value, uint32_t *size)
{
    while (walk->at + 4U <= walk->end) {
        uint32_t token = fdt_u32(walk->base + walk->at);
        walk->at += 4U;
        switch (token) {
        case FDT_NOP:
            continue;
        case FDT_BEGIN_NODE:
            *name = (const char *)walk->base + walk->at;
            walk->at += (text_size(*name) + 3U) & ~3U;
            if (walk->depth < MAX_DEPTH) {
                walk->names[walk->depth] = *name;
            }
            walk->depth++;
            return token;
        case FDT_END_NODE:
            walk->depth--;
            return token;
        case FDT_PROP:
            *size = fdt_u32(walk->base + walk->at);
            *name = (const char *)walk->base + walk->strings + fdt_u32(walk->base + walk->at + 4U);
            *value = walk->base + walk->at + 8U;
            walk->at += 8U + ((*size + 3U) & ~3U);
            return token;
        default:
            return 0;
        }
    }
    return 0;
}

/* Is the walk in the node of that path? A component that ends in '@' matches any unit address. */
static bool walk_is_at(const struct walk *walk, const char *path)
{
    for (uint32_t level = 1; level < walk->depth; level++) {
        const char *name = level < MAX_DEPTH ? walk->names[level] : "";
        if (*path++ != '/') {
            return false;
        }
        while (*path != '\0' && *path != '/' && *path == *name) {
            path++;
            name++;
        }
        bool whole = *name == '\0' || path[-1] == '@';
        if (!whole || (*path != '\0' && *path != '/')) {
            return false;
        }
    }
    return *path == '\0';
}

const uint8_t *fdt_property(uint64_t address, const char *path, const char *property, uint32_t *size)
{
    struct walk walk = walk_begin(address);
    const char *name = "";
    const uint8_t *value = NULL;
    uint32_t token;
    while ((token = walk_next(&walk, &name, &value, size)) != 0U) {
        if (token == FDT_PROP && text_equal(name, property) && walk_is_at(&walk, path)) {
            return value;
        }
    }
    return NULL;
}

/* Is text one of the strings in the property? */
static bool list_has(const uint8_t *list, uint32_t size, const char *text)
{
    for (uint32_t at = 0; at < size; at += text_size((const char *)list + at)) {
        if (text_equal((const char *)list + at, text)) {
            return true;
        }
    }
    return false;
}

/* Properties come before a node's own nodes (5.4.2), so what was seen since the last token of another kind is one node's. */
const uint8_t *fdt_compatible(uint64_t address, const char *compatible, const char *property, uint32_t *size)
{
    struct walk walk = walk_begin(address);
    const char *name = "";
    const uint8_t *value = NULL;
    const uint8_t *found = NULL;
    bool matches = false;
    uint32_t token, bytes;
    while ((token = walk_next(&walk, &name, &value, &bytes)) != 0U) {
        if (token != FDT_PROP) {
            matches = false;
            found = NULL;
            continue;
        }
        if (text_equal(name, "compatible")) {
            matches = list_has(value, bytes, compatible);
        }
        if (text_equal(name, property)) {
            found = value;
            *size = bytes;
        }
        if (matches && found != NULL) {
            return found;
        }
    }
    return NULL;
}

static bool begins_with(const char *text, const char *prefix)
{
    while (*prefix != '\0' && *prefix == *text) {
        prefix++;
        text++;
    }
    return *prefix == '\0';
}

uint32_t fdt_count(uint64_t address, const char *path, const char *prefix)
{
    struct walk walk = walk_begin(address);
    const char *name = "";
    const uint8_t *value = NULL;
    uint32_t token, size, count = 0;
    while ((token = walk_next(&walk, &name, &value, &size)) != 0U) {
        if (token == FDT_BEGIN_NODE && begins_with(name, prefix)) {
            walk.depth--;
            count += walk_is_at(&walk, path);
            walk.depth++;
        }
    }
    return count;
}

static bool begins(const char *text, const char *name)
{
    while (*name != '\0' && *text == *name) {
        text++;
        name++;
    }
    return *name == '\0' && *text == '=';
}

uint64_t fdt_argument(uint64_t address, const char *name, uint64_t otherwise)
{
    uint32_t size = 0;
    const char *text = (const char *)fdt_property(address, "/chosen", "bootargs", &size);
    while (text != NULL && *text != '\0' && !begins(text, name)) {
        while (*text != '\0' && *text++ != ' ') {
        }
    }
    if (text == NULL || *text == '\0') {
        return otherwise;
    }
    uint64_t value = 0;
    while (*text++ != '=') {
    }
    for (; *text >= '0' && *text <= '9'; text++) {
        value = value * 10U + (uint64_t)(*text - '0');
    }
    return value;
}
