/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The validator of the compiled configuration: what it accepts, each fault that it names, and hostile blobs. Every blob is
 * checked in a heap block of exactly its size, so that AddressSanitizer sees a read outside it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <libfdt.h>

#include "vm/config_check.h"

#define SPACE 65536
#define ROUNDS 20000

struct seen {
    unsigned int count;
    int32_t vm;
    char property[128];
    char found[128];
    char allowed[128];
    char hint[128];
};

static struct config config;

/* ---- a blob, made to order ---- */

/* One property that differs from the good blob's. */
struct change {
    uint32_t vm;
    const char *name;
    const void *value; /* NULL: left out */
    int length;
};

static const struct change no_change = {.name = ""};

static void put(void *fdt, const struct change *change, uint32_t vm, const char *name, const void *value, int length)
{
    if (change->vm == vm && strcmp(change->name, name) == 0) {
        value = change->value;
        length = change->length;
    }
    if (value != NULL)
        assert_int_equal(fdt_property(fdt, name, value, length), 0);
}

static void put_text(void *fdt, const struct change *change, uint32_t vm, const char *name, const char *text)
{
    put(fdt, change, vm, name, text, (int)strlen(text) + 1);
}

static void put_u32(void *fdt, const struct change *change, uint32_t vm, const char *name, uint32_t number)
{
    fdt32_t cell = cpu_to_fdt32(number);
    put(fdt, change, vm, name, &cell, sizeof(cell));
}

static void put_u64(void *fdt, const struct change *change, uint32_t vm, const char *name, uint64_t number)
{
    fdt64_t cell = cpu_to_fdt64(number);
    put(fdt, change, vm, name, &cell, sizeof(cell));
}

#define HOST 1000U

static void put_vm(void *fdt, const struct change *change, uint32_t vm)
{
    char name[32];
    snprintf(name, sizeof(name), "vm@%u", vm);
    assert_int_equal(fdt_begin_node(fdt, name), 0);
    snprintf(name, sizeof(name), "vm-%u", vm);
    put_text(fdt, change, vm, "name", name);
    put_u32(fdt, change, vm, "cpus", 2);
    put_u64(fdt, change, vm, "memory", 512ULL << 20);
    put_text(fdt, change, vm, "kernel", "\\ashlar\\vm0\\kernel");
    put_u64(fdt, change, vm, "kernel-size", 1ULL << 20);
    put(fdt, change, vm, "kernel-offset", NULL, 0);
    put_text(fdt, change, vm, "initrd", "\\ashlar\\vm0\\initrd");
    put_u64(fdt, change, vm, "initrd-size", 5000);
    put_text(fdt, change, vm, "cmdline", "console=ttyAMA0");
    put_u32(fdt, change, vm, "autostart", 1);
    put_text(fdt, change, vm, "on-reset", "stop");
    put_text(fdt, change, vm, "on-crash", "hold");
    put_u32(fdt, change, vm, "stop-timeout-ms", 30000);
    put_u32(fdt, change, vm, "weight", 100);
    put(fdt, change, vm, "affinity", NULL, 0);
    put_u32(fdt, change, vm, "cap", 50);
    if (change->vm == vm && strcmp(change->name, "colour") == 0)
        assert_int_equal(fdt_property(fdt, "colour", "", 1), 0);
    assert_int_equal(fdt_end_node(fdt), 0);
}

/* A blob of vms VMs with one change; to be freed. */
static void *blob_make(uint32_t vms, const struct change *change, size_t *size)
{
    void *space = calloc(1, SPACE);
    assert_non_null(space);
    assert_int_equal(fdt_create(space, SPACE), 0);
    assert_int_equal(fdt_finish_reservemap(space), 0);
    assert_int_equal(fdt_begin_node(space, ""), 0);
    put_text(space, change, HOST, "compatible", CONFIG_COMPATIBLE);
    assert_int_equal(fdt_begin_node(space, "host"), 0);
    put_text(space, change, HOST, "console", "auto");
    put_text(space, change, HOST, "when-idle", "monitor");
    put_text(space, change, HOST, "mitigations", "off");
    assert_int_equal(fdt_end_node(space), 0);
    assert_int_equal(fdt_begin_node(space, "vms"), 0);
    for (uint32_t vm = 0; vm < vms; vm++)
        put_vm(space, change, vm);
    assert_int_equal(fdt_end_node(space), 0);
    assert_int_equal(fdt_end_node(space), 0);
    assert_int_equal(fdt_finish(space), 0);
    *size = fdt_totalsize(space);
    void *blob = malloc(*size);
    assert_non_null(blob);
    memcpy(blob, space, *size);
    free(space);
    return blob;
}

static void note(void *context, const struct config_fault *fault)
{
    struct seen *seen = context;
    assert_true(fault->vm >= CONFIG_VM_HANDOVER && fault->vm < (int32_t)CONFIG_MAX_VMS);
    assert_non_null(fault->property);
    assert_non_null(fault->found);
    assert_non_null(fault->allowed);
    for (const char *at = fault->found; *at != '\0'; at++)
        assert_true(*at >= 0x20 && *at < 0x7f);
    for (const char *at = fault->property; *at != '\0'; at++)
        assert_true(*at >= 0x20 && *at < 0x7f);
    if (seen->count++ > 0)
        return;
    seen->vm = fault->vm;
    snprintf(seen->property, sizeof(seen->property), "%s", fault->property);
    snprintf(seen->found, sizeof(seen->found), "%s", fault->found);
    snprintf(seen->allowed, sizeof(seen->allowed), "%s", fault->allowed);
    snprintf(seen->hint, sizeof(seen->hint), "%s", fault->hint == NULL ? "" : fault->hint);
}

static struct seen check(const void *blob, size_t size)
{
    struct seen seen = {.count = 0};
    bool good = config_check(blob, size, &config, note, &seen);
    assert_int_equal(good, seen.count == 0);
    assert_true(seen.count <= CONFIG_MAX_FAULTS);
    return seen;
}

static struct seen check_change(uint32_t vms, struct change change)
{
    size_t size;
    void *blob = blob_make(vms, &change, &size);
    struct seen seen = check(blob, size);
    free(blob);
    return seen;
}

static struct seen check_u32(const char *name, uint32_t number)
{
    fdt32_t cell = cpu_to_fdt32(number);
    return check_change(1, (struct change){.name = name, .value = &cell, .length = sizeof(cell)});
}

static struct seen check_u64(const char *name, uint64_t number)
{
    fdt64_t cell = cpu_to_fdt64(number);
    return check_change(1, (struct change){.name = name, .value = &cell, .length = sizeof(cell)});
}

static struct seen check_text(uint32_t vm, const char *name, const char *text)
{
    return check_change(2, (struct change){.vm = vm, .name = name, .value = text, .length = (int)strlen(text) + 1});
}

/* Refused once, for that property of the first VM or the host. */
static void assert_refused(struct seen seen, const char *property)
{
    assert_int_equal(seen.count, 1);
    assert_string_equal(seen.property, property);
}

/* ---- what is accepted ---- */

static void test_good(void **state)
{
    (void)state;
    assert_int_equal(check_change(2, no_change).count, 0);
    assert_int_equal(config.vm_count, 2);
    assert_int_equal(config.console, CONFIG_CONSOLE_MONITOR);
    assert_int_equal(config.when_idle, CONFIG_IDLE_MONITOR);
    assert_int_equal(config.mitigations, CONFIG_MITIGATIONS_OFF);
    const struct vm_config *vm = &config.vms[1];
    assert_string_equal(vm->name, "vm-1");
    assert_int_equal(vm->cpus, 2);
    assert_int_equal(vm->memory, 512ULL << 20);
    assert_string_equal(vm->kernel, "\\ashlar\\vm0\\kernel");
    assert_int_equal(vm->kernel_size, 1ULL << 20);
    assert_false(vm->flat);
    assert_int_equal(vm->kernel_offset, 0);
    assert_true(vm->has_initrd);
    assert_int_equal(vm->initrd_size, 5000);
    assert_string_equal(vm->cmdline, "console=ttyAMA0");
    assert_true(vm->autostart);
    assert_int_equal(vm->on_reset, CONFIG_RESET_STOP);
    assert_int_equal(vm->on_crash, CONFIG_CRASH_HOLD);
    assert_int_equal(vm->stop_timeout_ms, 30000);
    assert_int_equal(vm->weight, 100);
    assert_int_equal(vm->cap, 50);
    assert_false(vm->has_affinity);
    for (size_t word = 0; word < CONFIG_AFFINITY_WORDS; word++)
        assert_true(vm->affinity[word] == UINT64_MAX);
}

static void test_console(void **state)
{
    (void)state;
    assert_int_equal(check_change(1, no_change).count, 0);
    assert_int_equal(config.console, 0);
    assert_int_equal(check_text(HOST, "console", "all").count, 0);
    assert_int_equal(config.console, CONFIG_CONSOLE_ALL);
    assert_int_equal(check_text(HOST, "console", "monitor").count, 0);
    assert_int_equal(config.console, CONFIG_CONSOLE_MONITOR);
    assert_int_equal(check_text(HOST, "console", "vm-1").count, 0);
    assert_int_equal(config.console, 1);
    assert_refused(check_text(HOST, "console", "vm-2"), "console");
    assert_refused(check_text(HOST, "console", ""), "console");
}

static void test_most(void **state)
{
    (void)state;
    assert_int_equal(check_change(CONFIG_MAX_VMS, no_change).count, 0);
    assert_int_equal(config.vm_count, CONFIG_MAX_VMS);
    struct seen seen = check_change(CONFIG_MAX_VMS + 1, no_change);
    assert_refused(seen, "vms");
    assert_int_equal(seen.vm, CONFIG_VM_HOST);
    assert_refused(check_change(0, no_change), "vms");
}

static void test_flat(void **state)
{
    (void)state;
    assert_int_equal(check_u64("kernel-offset", CONFIG_FLAT_OFFSET).count, 0);
    assert_true(config.vms[0].flat);
    assert_int_equal(config.vms[0].kernel_offset, CONFIG_FLAT_OFFSET);
    assert_refused(check_u64("kernel-offset", 0x80001), "kernel-offset");
    assert_refused(check_u64("kernel-offset", UINT64_MAX), "kernel-offset");
    assert_refused(check_u64("kernel-offset", 512ULL << 20), "memory");
}

/* ---- ranges ---- */

static void check_range(const char *name, uint32_t least, uint32_t most)
{
    assert_int_equal(check_u32(name, least).count, 0);
    assert_int_equal(check_u32(name, most).count, 0);
    assert_refused(check_u32(name, most + 1), name);
    assert_refused(check_u32(name, UINT32_MAX), name);
    if (least > 0)
        assert_refused(check_u32(name, least - 1), name);
}

static void test_numbers(void **state)
{
    (void)state;
    check_range("cpus", 1, CONFIG_MAX_VCPUS);
    check_range("autostart", 0, 1);
    check_range("stop-timeout-ms", 1, 86400000);
    check_range("weight", 1, 10000);
    check_range("cap", 0, 6400);
    struct seen seen = check_u32("cpus", 600);
    assert_string_equal(seen.found, "600");
    assert_string_equal(seen.allowed, "1 to 64");
    assert_string_equal(seen.hint, "64");
    seen = check_u32("stop-timeout-ms", 0);
    assert_string_equal(seen.hint, "1ms");
}

static void test_memory(void **state)
{
    (void)state;
    assert_int_equal(check_u64("memory", CONFIG_MEMORY_MAX).count, 0);
    assert_int_equal(check_u64("memory", 4ULL << 20).count, 0);
    struct seen seen = check_u64("memory", 511ULL << 20);
    assert_refused(seen, "memory");
    assert_string_equal(seen.found, "511M");
    assert_string_equal(seen.allowed, "a multiple of 2M");
    assert_string_equal(seen.hint, "512M");
    seen = check_u64("memory", 2ULL << 20);
    assert_refused(seen, "memory");
    assert_string_equal(seen.hint, "4M");
    assert_refused(check_u64("memory", 0), "memory");
    assert_refused(check_u64("memory", 1), "memory");
    assert_refused(check_u64("memory", CONFIG_MEMORY_MAX + CONFIG_MEMORY_STEP), "memory");
    assert_refused(check_u64("memory", UINT64_MAX), "memory");
    assert_refused(check_u64("kernel-size", 0), "kernel-size");
    assert_refused(check_u64("kernel-size", UINT64_MAX), "kernel-size");
    assert_refused(check_u64("kernel-size", 510ULL << 20), "memory");
    assert_refused(check_u64("initrd-size", 0), "initrd-size");
    assert_refused(check_u64("initrd-size", 512ULL << 20), "memory");
}

/* ---- text ---- */

static void test_names(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "monitor", "all", "auto", "a b", "a_b", "a/b", "\xc3\xa4", "a\n"};
    char name[CONFIG_MAX_NAME + 2U];
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_refused(check_text(0, "name", bad[i]), "name");
    memset(name, 'a', sizeof(name));
    name[CONFIG_MAX_NAME + 1U] = '\0';
    assert_refused(check_text(0, "name", name), "name");
    assert_int_equal(check_text(0, "name", name + 1).count, 0);
    assert_string_equal(config.vms[0].name, name + 1);
    struct seen seen = check_text(1, "name", "vm-0");
    assert_refused(seen, "name");
    assert_int_equal(seen.vm, 1);
}

static void test_texts(void **state)
{
    (void)state;
    char cmdline[CONFIG_MAX_CMDLINE + 2U];
    memset(cmdline, 'x', sizeof(cmdline));
    cmdline[CONFIG_MAX_CMDLINE + 1U] = '\0';
    assert_refused(check_text(0, "cmdline", cmdline), "cmdline");
    assert_int_equal(check_text(0, "cmdline", cmdline + 1).count, 0);
    assert_string_equal(config.vms[0].cmdline, cmdline + 1);
    assert_int_equal(check_text(0, "cmdline", "").count, 0);
    assert_refused(check_text(0, "cmdline", "a\tb"), "cmdline");
    assert_refused(check_text(0, "cmdline", "a\x7f"), "cmdline");
    assert_refused(check_text(0, "on-reset", "hold"), "on-reset");
    assert_refused(check_text(0, "on-crash", "halt"), "on-crash");
    assert_refused(check_text(0, "on-crash", ""), "on-crash");
    assert_refused(check_text(HOST, "when-idle", "off"), "when-idle");
    assert_refused(check_text(HOST, "mitigations", "on"), "mitigations");
    assert_refused(check_text(0, "kernel", "kernel"), "kernel");
    assert_refused(check_text(0, "kernel", ""), "kernel");
    assert_refused(check_text(0, "kernel", "\\\xc3\xa4"), "kernel");
    /* not terminated, terminated twice, nothing at all */
    assert_refused(check_change(1, (struct change){.name = "cmdline", .value = "abc", .length = 3}), "cmdline");
    assert_refused(check_change(1, (struct change){.name = "cmdline", .value = "abc\0", .length = 5}), "cmdline");
    assert_refused(check_change(1, (struct change){.name = "cmdline", .value = "", .length = 0}), "cmdline");
}

static struct seen check_affinity(const uint32_t *cells, size_t count)
{
    fdt32_t stored[2U * CONFIG_MAX_AFFINITY + 4U];
    for (size_t i = 0; i < count; i++)
        stored[i] = cpu_to_fdt32(cells[i]);
    return check_change(1, (struct change){.name = "affinity", .value = stored, .length = (int)(count * 4)});
}

static void test_affinity(void **state)
{
    (void)state;
    static const uint32_t some[] = {0, 3, 63, 64, 511, 511};
    static const uint32_t wrong[] = {3, 2};
    static const uint32_t far[] = {0, 512};
    static const uint32_t farther[] = {0, UINT32_MAX};
    uint32_t many[2U * CONFIG_MAX_AFFINITY + 2U] = {0};
    assert_int_equal(check_affinity(some, 6).count, 0);
    assert_true(config.vms[0].has_affinity);
    assert_true(config.vms[0].affinity[0] == (0xfULL | 1ULL << 63));
    assert_true(config.vms[0].affinity[1] == 1);
    assert_true(config.vms[0].affinity[2] == 0);
    assert_true(config.vms[0].affinity[7] == 1ULL << 63);
    assert_refused(check_affinity(some, 0), "affinity");
    assert_refused(check_affinity(some, 3), "affinity");
    assert_refused(check_affinity(wrong, 2), "affinity");
    assert_refused(check_affinity(far, 2), "affinity");
    assert_refused(check_affinity(farther, 2), "affinity");
    assert_int_equal(check_affinity(many, 2U * CONFIG_MAX_AFFINITY).count, 0);
    assert_refused(check_affinity(many, 2U * CONFIG_MAX_AFFINITY + 2U), "affinity");
}

/* ---- shape ---- */

static void test_missing(void **state)
{
    (void)state;
    static const char *const names[] = {"name",    "cpus",      "memory",   "kernel",   "kernel-size",
                                        "cmdline", "autostart", "on-reset", "on-crash", "stop-timeout-ms",
                                        "weight",  "cap"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct seen seen = check_change(1, (struct change){.name = names[i]});
        assert_refused(seen, names[i]);
        assert_string_equal(seen.found, "nothing");
    }
    assert_refused(check_change(1, (struct change){.vm = HOST, .name = "console"}), "console");
    assert_refused(check_change(1, (struct change){.vm = HOST, .name = "compatible"}), "compatible");
    assert_refused(check_change(1, (struct change){.name = "initrd"}), "initrd");
    assert_refused(check_change(1, (struct change){.name = "initrd-size"}), "initrd");
    assert_refused(check_text(HOST, "compatible", "ashlar,config-2"), "/");
    assert_refused(check_change(1, (struct change){.name = "colour"}), "colour");
    assert_refused(check_change(1, (struct change){.name = "cpus", .value = "\0\0\0\0\0\0\0\1", .length = 8}), "cpus");
    assert_refused(check_change(1, (struct change){.name = "memory", .value = "\0\0\0\1", .length = 4}), "memory");
}

/* The good blob with something added by libfdt's read-write functions. */
static void *blob_open(size_t *size)
{
    void *blob = blob_make(1, &no_change, size);
    void *larger = malloc(*size + 1024);
    assert_non_null(larger);
    assert_int_equal(fdt_open_into(blob, larger, (int)*size + 1024), 0);
    free(blob);
    *size += 1024;
    return larger;
}

static void check_added_node(const char *parent, const char *name, const char *property)
{
    size_t size;
    void *blob = blob_open(&size);
    int node = fdt_path_offset(blob, parent);
    assert_true(node >= 0);
    assert_true(fdt_add_subnode(blob, node, name) >= 0);
    struct seen seen = check(blob, size);
    assert_true(seen.count >= 1);
    assert_string_equal(seen.property, property);
    free(blob);
}

static void assert_refused_more(struct seen seen, const char *property)
{
    assert_true(seen.count > 1);
    assert_string_equal(seen.property, property);
}

static void test_shape(void **state)
{
    (void)state;
    size_t size;
    check_added_node("/", "more", "more");
    check_added_node("/", "host@0", "host@0");
    check_added_node("/host", "more", "node");
    check_added_node("/vms/vm@0", "more", "node");
    check_added_node("/vms", "vm@2", "vms");
    check_added_node("/vms", "vm@01", "vms");
    void *blob = blob_open(&size);
    assert_int_equal(fdt_setprop_u32(blob, 0, "more", 1), 0);
    assert_refused(check(blob, size), "/");
    assert_int_equal(fdt_delprop(blob, 0, "more"), 0);
    assert_int_equal(check(blob, size).count, 0);
    assert_int_equal(fdt_setprop_u32(blob, fdt_path_offset(blob, "/vms"), "more", 1), 0);
    assert_refused(check(blob, size), "vms");
    assert_int_equal(fdt_delprop(blob, fdt_path_offset(blob, "/vms"), "more"), 0);
    assert_int_equal(fdt_del_node(blob, fdt_path_offset(blob, "/host")), 0);
    assert_refused(check(blob, size), "host");
    free(blob);
    blob = blob_open(&size);
    assert_int_equal(fdt_del_node(blob, fdt_path_offset(blob, "/vms")), 0);
    assert_refused(check(blob, size), "vms");
    free(blob);
}

/* A kernel instead of the hypervisor: a node of its own, with which there need be no VM. */
static void test_handover(void **state)
{
    (void)state;
    size_t size;
    void *blob = blob_open(&size);
    int node = fdt_add_subnode(blob, 0, "handover");
    assert_refused_more(check(blob, size), "kernel");
    assert_int_equal(fdt_setprop_string(blob, node, "kernel", "\\ashlar\\handover\\kernel"), 0);
    assert_int_equal(fdt_setprop_u64(blob, node, "kernel-size", 5), 0);
    assert_int_equal(fdt_setprop_string(blob, node, "cmdline", "quiet"), 0);
    assert_int_equal(check(blob, size).count, 0);
    assert_true(config.has_handover && !config.handover.has_initrd);
    assert_int_equal(config.handover.kernel_size, 5);
    assert_string_equal(config.handover.cmdline, "quiet");
    assert_int_equal(fdt_setprop_string(blob, node, "initrd", "\\initrd"), 0);
    assert_int_equal(check(blob, size).vm, CONFIG_VM_HANDOVER);
    assert_int_equal(fdt_setprop_u64(blob, node, "initrd-size", 7), 0);
    assert_int_equal(check(blob, size).count, 0);
    assert_true(config.handover.has_initrd);
    assert_int_equal(fdt_setprop_u32(blob, node, "cpus", 7), 0);
    assert_refused(check(blob, size), "cpus");
    free(blob);
    blob = blob_make(0, &no_change, &size);
    assert_refused(check(blob, size), "vms");
    assert_false(config.has_handover);
    free(blob);
}

/* libfdt's writer takes the same property twice, dtc would not. */
static void test_twice(void **state)
{
    (void)state;
    void *space = calloc(1, SPACE);
    assert_non_null(space);
    assert_int_equal(fdt_create(space, SPACE), 0);
    assert_int_equal(fdt_finish_reservemap(space), 0);
    assert_int_equal(fdt_begin_node(space, ""), 0);
    put_text(space, &no_change, HOST, "compatible", CONFIG_COMPATIBLE);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(fdt_begin_node(space, "host"), 0);
        put_text(space, &no_change, HOST, "console", "monitor");
        put_text(space, &no_change, HOST, "console", "all");
        put_text(space, &no_change, HOST, "when-idle", "monitor");
        put_text(space, &no_change, HOST, "mitigations", "off");
        assert_int_equal(fdt_end_node(space), 0);
    }
    assert_int_equal(fdt_begin_node(space, "vms"), 0);
    put_vm(space, &no_change, 0);
    assert_int_equal(fdt_end_node(space), 0);
    assert_int_equal(fdt_end_node(space), 0);
    assert_int_equal(fdt_finish(space), 0);
    struct seen seen = check(space, fdt_totalsize(space));
    assert_int_equal(seen.count, 2);
    assert_string_equal(seen.property, "host");
    free(space);
}

/* A blob with more faults than a reader wants to hear. */
static void test_many_faults(void **state)
{
    (void)state;
    size_t size;
    void *blob = blob_make(1, &no_change, &size);
    void *larger = malloc(SPACE);
    assert_non_null(larger);
    assert_int_equal(fdt_open_into(blob, larger, SPACE), 0);
    for (int i = 0; i < 500; i++) {
        char name[32];
        snprintf(name, sizeof(name), "more-%d", i);
        assert_int_equal(fdt_setprop_u32(larger, fdt_path_offset(larger, "/vms/vm@0"), name, 1), 0);
    }
    assert_int_equal(check(larger, SPACE).count, CONFIG_MAX_FAULTS);
    free(larger);
    free(blob);
}

/* ---- hostile ---- */

static void test_not_a_tree(void **state)
{
    (void)state;
    size_t size;
    void *blob = blob_make(1, &no_change, &size);
    for (size_t length = 0; length < size; length++) {
        void *cut = malloc(length == 0 ? 1 : length);
        assert_non_null(cut);
        memcpy(cut, blob, length);
        assert_refused(check(cut, length), "configuration");
        free(cut);
    }
    void *large = calloc(1, CONFIG_MAX_BLOB + 1U);
    assert_non_null(large);
    memcpy(large, blob, size);
    assert_int_equal(check(large, CONFIG_MAX_BLOB).count, 0);
    assert_refused(check(large, CONFIG_MAX_BLOB + 1U), "configuration");
    free(large);
    free(blob);
}

static uint64_t random_next(uint64_t *random)
{
    *random ^= *random << 13;
    *random ^= *random >> 7;
    *random ^= *random << 17;
    return *random;
}

static void mutate(uint8_t *bytes, size_t size, uint64_t *random)
{
    static const uint32_t values[] = {0, 1, 2, 3, 4, 9, 0x7fffffff, 0x80000000, 0xffffffff, 0xfffffffc};
    uint64_t changes = 1 + random_next(random) % 4;
    for (uint64_t i = 0; i < changes; i++) {
        size_t at = random_next(random) % size;
        uint64_t kind = random_next(random) % 4;
        fdt32_t cell = cpu_to_fdt32(values[random_next(random) % (sizeof(values) / sizeof(values[0]))]);
        if (kind == 0)
            bytes[at] ^= (uint8_t)(1U << (random_next(random) % 8));
        else if (kind == 1)
            bytes[at] = (uint8_t)random_next(random);
        else if (kind == 2 && at / 4 * 4 + 4 <= size)
            memcpy(bytes + at / 4 * 4, &cell, sizeof(cell));
        else
            memmove(bytes + at, bytes + random_next(random) % size / 2, (size - at) / 8);
    }
}

/* What the validator accepted is within every limit. */
static void assert_within_limits(void)
{
    assert_in_range(config.vm_count, 1, CONFIG_MAX_VMS);
    assert_true(config.console >= CONFIG_CONSOLE_ALL && config.console < (int32_t)config.vm_count);
    for (uint32_t i = 0; i < config.vm_count; i++) {
        const struct vm_config *vm = &config.vms[i];
        assert_in_range(strnlen(vm->name, sizeof(vm->name)), 1, CONFIG_MAX_NAME);
        assert_in_range(strnlen(vm->cmdline, sizeof(vm->cmdline)), 0, CONFIG_MAX_CMDLINE);
        assert_in_range(strnlen(vm->kernel, sizeof(vm->kernel)), 1, CONFIG_MAX_PATH);
        assert_in_range(vm->cpus, 1, CONFIG_MAX_VCPUS);
        assert_in_range(vm->memory, CONFIG_MEMORY_STEP, CONFIG_MEMORY_MAX);
        assert_int_equal(vm->memory % CONFIG_MEMORY_STEP, 0);
        assert_true(vm->kernel_offset + vm->kernel_size + vm->initrd_size + CONFIG_FDT_ROOM <= vm->memory);
        assert_in_range(vm->on_crash, CONFIG_CRASH_RESTART, CONFIG_CRASH_HOLD);
        assert_in_range(vm->weight, 1, 10000);
    }
}

static void test_mutations(void **state)
{
    (void)state;
    uint64_t seed = 0x9e3779b97f4a7c15ULL;
    const char *given = getenv("SEED");
    if (given != NULL)
        seed = strtoull(given, NULL, 0);
    print_message("# seed 0x%llx\n", (unsigned long long)seed);
    uint64_t random = seed;
    size_t size;
    unsigned int accepted = 0;
    void *blob = blob_make(3, &no_change, &size);
    for (int round = 0; round < ROUNDS; round++) {
        uint8_t *mutant = malloc(size);
        assert_non_null(mutant);
        memcpy(mutant, blob, size);
        mutate(mutant, size, &random);
        if (check(mutant, size).count == 0) {
            assert_within_limits();
            accepted++;
        }
        free(mutant);
    }
    free(blob);
    /* a command line or a size may change and stay good; most changes must not pass */
    assert_in_range(accepted, ROUNDS / 1000, ROUNDS / 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),      cmocka_unit_test(test_console),     cmocka_unit_test(test_most),
        cmocka_unit_test(test_flat),      cmocka_unit_test(test_numbers),     cmocka_unit_test(test_memory),
        cmocka_unit_test(test_names),     cmocka_unit_test(test_texts),       cmocka_unit_test(test_affinity),
        cmocka_unit_test(test_missing),   cmocka_unit_test(test_shape),       cmocka_unit_test(test_handover),
        cmocka_unit_test(test_twice),     cmocka_unit_test(test_many_faults), cmocka_unit_test(test_not_a_tree),
        cmocka_unit_test(test_mutations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
