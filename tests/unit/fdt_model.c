/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See fdt_model.h. The tree before and after is taken apart by a reader of this file's own (Devicetree Specification 0.4,
 * chapter 5), property by property, in order.
 */
#include "fdt_model.h"

#include <libfdt.h>
#include <stdio.h>
#include <string.h>

#include "boot_fdt.h"
#include "fdt_builder.h"

#define MAX_CPUS 20U
#define MAX_ITEMS 512U
#define ROOM (FDT_BUILDER_MAX + BOOT_FDT_GROWTH)

enum damage { DAMAGE_NONE, DAMAGE_REG, DAMAGE_TWICE, DAMAGE_NO_BOOT, DAMAGE_METHOD, DAMAGE_CELLS, DAMAGES };

struct node {
    uint64_t mpidr, release;
    const char *method, *status; /* NULL: the property is not there */
    bool narrow;                 /* cpu-release-addr of one cell */
};

static struct scene {
    const struct model_choice *choice;
    struct fdt_builder tree;
    _Alignas(8) uint8_t changed[ROOM];
    struct node nodes[MAX_CPUS];
    uint32_t count, cells;
    const char *conduit; /* NULL: no PSCI node */
    bool psci_off;
    uint64_t boot_mpidr;
    enum damage damage;
} scene;

static uint64_t below(uint64_t limit)
{
    return scene.choice->below(scene.choice->context, limit);
}

/* ---- making ---- */

static void junk_node(const char *name)
{
    tree_node(&scene.tree, name);
    if (below(2) == 0) {
        tree_text(&scene.tree, "compatible", below(2) == 0 ? "acme,thing" : "acme,psci|acme,other");
    }
    TREE_CELLS(&scene.tree, "reg", (uint32_t)below(1U << 31), (uint32_t)below(16));
    if (below(3) == 0) {
        tree_text(&scene.tree, "enable-method", "psci");
    }
    tree_close(&scene.tree);
}

static void psci_node(const char *name)
{
    static const char *const kinds[] = {"arm,psci-1.0|arm,psci-0.2|arm,psci", "arm,psci-0.2|arm,psci", "arm,psci-1.0"};

    tree_node(&scene.tree, name);
    tree_text(&scene.tree, "method", scene.damage == DAMAGE_METHOD ? "smx" : scene.conduit);
    tree_text(&scene.tree, "compatible", kinds[below(3)]);
    if (scene.psci_off) {
        tree_text(&scene.tree, "status", "disabled");
    }
    TREE_CELLS(&scene.tree, "cpu_on", 0xc4000003);
    tree_close(&scene.tree);
}

static bool mpidr_is_taken(uint64_t mpidr)
{
    for (uint32_t i = 0; i < scene.count; i++) {
        if (scene.nodes[i].mpidr == mpidr) {
            return true;
        }
    }
    return false;
}

static void node_choose(struct node *node)
{
    static const char *const methods[] = {"psci", "psci", "psci", "spin-table", "spin-table", "acme,pen", NULL};
    static const char *const states[] = {NULL, NULL, NULL, "okay", "ok", "disabled", "fail"};

    *node = (struct node){.method = methods[below(7)], .status = states[below(7)], .narrow = below(3) == 0};
    do {
        node->mpidr = (scene.cells == 2 ? below(3) << 32 : 0) | below(2) << 16 | below(4) << 8 | below(64);
    } while (mpidr_is_taken(node->mpidr));
    /* Now and then two CPUs share an address, or it is none. */
    node->release = below(6) == 0 ? below(3) * 8U : 0x40000000U + (scene.count + 1U) * 8U + below(9) / 8U;
}

static void node_make(const struct node *node)
{
    char name[32];

    (void)snprintf(name, sizeof(name), "cpu@%llx", (unsigned long long)node->mpidr);
    tree_node(&scene.tree, name);
    tree_text(&scene.tree, "compatible", "arm,cortex-a72");
    if (node->status != NULL) {
        tree_text(&scene.tree, "status", node->status);
    }
    if (scene.damage == DAMAGE_REG) {
        TREE_CELLS(&scene.tree, "reg", 1, 2, 3);
    } else if (scene.cells == 2) {
        TREE_CELLS(&scene.tree, "reg", (uint32_t)(node->mpidr >> 32), (uint32_t)node->mpidr);
    } else {
        TREE_CELLS(&scene.tree, "reg", (uint32_t)node->mpidr);
    }
    if (below(4) != 0) {
        tree_text(&scene.tree, "device_type", "cpu");
    }
    if (node->method != NULL) {
        tree_text(&scene.tree, "enable-method", node->method);
    }
    if (node->method != NULL && node->method[0] == 's' && node->narrow) {
        TREE_CELLS(&scene.tree, "cpu-release-addr", (uint32_t)node->release);
    } else if (node->method != NULL && node->method[0] == 's') {
        TREE_CELLS(&scene.tree, "cpu-release-addr", 0, (uint32_t)node->release);
    }
    TREE_CELLS(&scene.tree, "phandle", 0x8000 + (uint32_t)node->mpidr);
    tree_close(&scene.tree);
}

static void cpus_make(void)
{
    uint64_t wanted = 1U + below(below(5) == 0 ? MAX_CPUS : 6);

    tree_node(&scene.tree, "cpus");
    TREE_CELLS(&scene.tree, "#address-cells", scene.damage == DAMAGE_CELLS ? 3 : scene.cells);
    TREE_CELLS(&scene.tree, "#size-cells", 0);
    if (below(2) == 0) {
        junk_node("cpu-map");
    }
    while (scene.count < wanted) {
        node_choose(&scene.nodes[scene.count]);
        scene.count++;
    }
    scene.boot_mpidr = scene.nodes[below(scene.count)].mpidr;
    for (uint32_t i = 0; i < scene.count; i++) {
        if (scene.nodes[i].mpidr == scene.boot_mpidr) {
            scene.nodes[i].status = below(2) == 0 ? NULL : "okay";
        }
        node_make(&scene.nodes[i]);
    }
    if (scene.damage == DAMAGE_TWICE) {
        struct node twin = scene.nodes[0];

        scene.nodes[0].status = "okay";
        twin.mpidr = scene.boot_mpidr;
        twin.status = NULL;
        node_make(&twin);
    }
    tree_close(&scene.tree);
}

static void scene_make(void)
{
    static const char *const conduits[] = {"smc", "smc", "hvc", NULL};

    scene.damage = below(4) == 0 ? (enum damage)below(DAMAGES) : DAMAGE_NONE;
    scene.count = 0;
    scene.cells = 1U + (uint32_t)below(2);
    scene.conduit = scene.damage == DAMAGE_METHOD ? "smc" : conduits[below(4)];
    scene.psci_off = scene.damage != DAMAGE_METHOD && below(8) == 0;
    tree_start(&scene.tree);
    tree_node(&scene.tree, "");
    TREE_CELLS(&scene.tree, "#address-cells", 2);
    junk_node("a@1");
    if (scene.conduit != NULL && below(2) == 0) {
        psci_node("psci");
        cpus_make();
    } else {
        cpus_make();
        junk_node("b@2");
        if (scene.conduit != NULL) {
            psci_node("psci");
        }
    }
    junk_node("psci-like");
    tree_close(&scene.tree);
    tree_finish(&scene.tree);
    if (scene.damage == DAMAGE_NO_BOOT) {
        scene.boot_mpidr = 0xff00000000ULL;
    }
}

/* ---- taking apart ---- */

struct item {
    char path[80]; /* of the node, then ':' and the property's name */
    const uint8_t *value;
    uint32_t size;
};

struct list {
    struct item items[MAX_ITEMS];
    uint32_t count;
};

static uint32_t be32(const uint8_t *b)
{
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

/* False: more than there is room for. Trees are ours, or what libfdt made of them. */
static bool take_apart(const uint8_t *tree, struct list *list)
{
    const uint8_t *at = tree + be32(tree + 8);
    const char *strings = (const char *)tree + be32(tree + 12);
    char path[64] = "";

    list->count = 0;
    for (;;) {
        uint32_t token = be32(at);

        at += 4;
        if (token == 9) {
            return true;
        }
        if (list->count == MAX_ITEMS) {
            return false;
        }
        if (token == 1) {
            size_t length = strlen((const char *)at);

            (void)snprintf(path + strlen(path), sizeof(path) - strlen(path), "/%s", (const char *)at);
            at += length / 4U * 4U + 4U;
            (void)snprintf(list->items[list->count].path, sizeof(list->items[0].path), "%s", path);
            list->items[list->count].value = at;
            list->items[list->count++].size = 0;
        } else if (token == 2) {
            *strrchr(path, '/') = '\0';
        } else if (token == 3) {
            struct item *item = &list->items[list->count++];

            item->size = be32(at);
            (void)snprintf(item->path, sizeof(item->path), "%s:%s", path, strings + be32(at + 4));
            item->value = at + 8;
            at += 8 + (item->size + 3U) / 4U * 4U;
        }
    }
}

/* ---- what has to hold ---- */

static uint32_t protocol_of(const struct node *node)
{
    if (node->method == NULL) {
        return HANDOFF_CPU_UNKNOWN;
    }
    if (strcmp(node->method, "psci") == 0 && scene.conduit != NULL && !scene.psci_off) {
        return HANDOFF_CPU_PSCI;
    }
    if (strcmp(node->method, "spin-table") != 0 || node->release == 0 || node->release % 8U != 0) {
        return HANDOFF_CPU_UNKNOWN;
    }
    return HANDOFF_CPU_SPIN_TABLE;
}

static bool is_for_use(const struct node *node)
{
    bool off = node->status != NULL && strcmp(node->status, "okay") != 0 && strcmp(node->status, "ok") != 0;

    return !off || (protocol_of(node) == HANDOFF_CPU_SPIN_TABLE && strcmp(node->status, "disabled") == 0);
}

static bool shares(const struct node *node)
{
    for (uint32_t i = 0; i < scene.count; i++) {
        const struct node *other = &scene.nodes[i];

        if (other != node && is_for_use(other) && protocol_of(other) == HANDOFF_CPU_SPIN_TABLE &&
            other->release == node->release) {
            return true;
        }
    }
    return false;
}

static const char *read_check(const struct boot_cpus *cpus)
{
    uint32_t seen = 0;
    uint32_t conduit = scene.conduit == NULL || scene.psci_off ? 0 : scene.conduit[0] == 's' ? 1U : 2U;

    if (cpus->conduit != conduit) {
        return "the conduit";
    }
    for (uint32_t i = 0; i < scene.count; i++) {
        const struct node *node = &scene.nodes[i];
        const struct boot_cpu *cpu = &cpus->cpus[seen];
        uint32_t protocol = protocol_of(node);

        if (!is_for_use(node)) {
            continue;
        }
        if (seen++ == cpus->count) {
            return "a CPU is missing";
        }
        if (protocol == HANDOFF_CPU_SPIN_TABLE && shares(node)) {
            protocol = HANDOFF_CPU_UNKNOWN;
        }
        if (cpu->mpidr != node->mpidr || cpu->protocol != protocol || cpu->boot != (node->mpidr == scene.boot_mpidr) ||
            (protocol == HANDOFF_CPU_SPIN_TABLE && cpu->release != node->release)) {
            return "what a CPU is";
        }
    }
    return seen == cpus->count && cpus->disabled == scene.count - seen ? NULL : "how many CPUs there are";
}

static const struct boot_cpu *cpu_of_path(const struct boot_cpus *cpus, const char *path)
{
    unsigned long long mpidr = 0;

    if (sscanf(path, "//cpus/cpu@%llx", &mpidr) != 1) {
        return NULL;
    }
    for (uint32_t i = 0; i < cpus->count; i++) {
        if (cpus->cpus[i].mpidr == mpidr) {
            return &cpus->cpus[i];
        }
    }
    return NULL;
}

static bool ends_with(const char *path, const char *property)
{
    const char *colon = strchr(path, ':');

    return colon != NULL && strcmp(colon + 1, property) == 0;
}

/* Whether the rewriting may touch this property: it is looked at by itself. */
static bool is_ours(const struct boot_cpus *cpus, const char *path)
{
    if (strncmp(path, "//psci", 6) == 0 && (path[6] == ':' || path[6] == '\0')) {
        return true;
    }
    if (cpu_of_path(cpus, path) == NULL) {
        return false;
    }
    return ends_with(path, "enable-method") ||
           (ends_with(path, "cpu-release-addr") && cpu_of_path(cpus, path)->mailbox != 0);
}

static const struct item *item_find(const struct list *list, const char *node, const char *property)
{
    char path[80];

    (void)snprintf(path, sizeof(path), "%s:%s", node, property);
    for (uint32_t i = 0; i < list->count; i++) {
        if (strcmp(list->items[i].path, path) == 0) {
            return &list->items[i];
        }
    }
    return NULL;
}

static const char *others_check(const struct list *before, const struct list *after, const struct boot_cpus *cpus)
{
    uint32_t at = 0;

    for (uint32_t i = 0; i < before->count; i++) {
        if (is_ours(cpus, before->items[i].path)) {
            continue;
        }
        while (at < after->count && is_ours(cpus, after->items[at].path)) {
            at++;
        }
        if (at == after->count || strcmp(before->items[i].path, after->items[at].path) != 0 ||
            before->items[i].size != after->items[at].size ||
            memcmp(before->items[i].value, after->items[at].value, before->items[i].size) != 0) {
            return "something else was changed";
        }
        at++;
    }
    while (at < after->count && is_ours(cpus, after->items[at].path)) {
        at++;
    }
    return at == after->count ? NULL : "something was added";
}

static const char *cpus_check(const struct list *after, const struct boot_cpus *cpus)
{
    for (uint32_t i = 0; i < cpus->count; i++) {
        const struct boot_cpu *cpu = &cpus->cpus[i];
        char node[40];
        const struct item *method;
        const struct item *release;

        (void)snprintf(node, sizeof(node), "//cpus/cpu@%llx", (unsigned long long)cpu->mpidr);
        method = item_find(after, node, "enable-method");
        release = item_find(after, node, "cpu-release-addr");
        if (cpu->mailbox == 0) {
            if (method != NULL) {
                return "a CPU without a mailbox can be started";
            }
            continue;
        }
        if (method == NULL || method->size != 11 || memcmp(method->value, "spin-table", 11) != 0) {
            return "enable-method is not spin-table";
        }
        if (release == NULL || release->size != 8 ||
            ((uint64_t)be32(release->value) << 32 | be32(release->value + 4)) != cpu->mailbox + 0x800U) {
            return "cpu-release-addr";
        }
    }
    return item_find(after, "//psci", "compatible") == NULL ? NULL : "a PSCI node stays";
}

static bool mailboxes_give(struct boot_cpus *cpus)
{
    bool any = false;

    for (uint32_t i = 0; i < cpus->count; i++) {
        if (cpus->cpus[i].boot || below(4) != 0) {
            cpus->cpus[i].mailbox = 0x7f00000000ULL + (i + 1U) * 4096ULL;
            any = any || !cpus->cpus[i].boot;
        }
    }
    return any;
}

/* Our own output as input: the same CPUs by the same protocol, where none had been left out. */
static const char *again_check(const struct boot_cpus *before)
{
    struct boot_fault fault = {0};
    static struct boot_cpus after;

    if (fdt_check_full(scene.changed, sizeof(scene.changed)) != 0 ||
        !boot_fdt_read(scene.changed, scene.boot_mpidr, &after, &fault) || after.conduit != HANDOFF_CONDUIT_NONE) {
        return "the rewritten tree is refused";
    }
    for (uint32_t i = 0; i < after.count; i++) {
        const struct boot_cpu *was = NULL;

        for (uint32_t j = 0; j < before->count; j++) {
            was = before->cpus[j].mpidr == after.cpus[i].mpidr ? &before->cpus[j] : was;
        }
        if (was != NULL && was->mailbox != 0 &&
            (after.cpus[i].protocol != HANDOFF_CPU_SPIN_TABLE || after.cpus[i].release != was->mailbox + 0x800U)) {
            return "a CPU's mailbox is not what the tree names";
        }
    }
    return NULL;
}

const char *fdt_model_check(const struct model_choice *choice, bool *read)
{
    static struct boot_cpus cpus;
    static struct list before;
    static struct list after;
    struct boot_fault fault = {0};
    const char *wrong;
    bool any;

    scene.choice = choice;
    scene_make();
    *read = boot_fdt_read(scene.tree.bytes, scene.boot_mpidr, &cpus, &fault);
    if (!*read) {
        return scene.damage == DAMAGE_NONE ? "a sound tree is refused"
               : fault.what == NULL        ? "no reason is given"
                                           : NULL;
    }
    if (scene.damage != DAMAGE_NONE) {
        return "a damaged tree is taken";
    }
    wrong = read_check(&cpus);
    if (wrong != NULL) {
        return wrong;
    }
    any = mailboxes_give(&cpus);
    if (fdt_open_into(scene.tree.bytes, scene.changed, sizeof(scene.changed)) != 0) {
        return "no room";
    }
    if (boot_fdt_rewrite(scene.changed, &cpus, &fault) != any) {
        return "whether there was something to rewrite";
    }
    if (!any) {
        return NULL;
    }
    if (!take_apart(scene.tree.bytes, &before) || !take_apart(scene.changed, &after)) {
        return "the test's lists are too short";
    }
    wrong = others_check(&before, &after, &cpus);
    wrong = wrong == NULL ? cpus_check(&after, &cpus) : wrong;
    return wrong == NULL ? again_check(&cpus) : wrong;
}
