/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compiles a configuration. First pass: each value of the YAML tree is brought into the compiled tree's form, and what
 * is not even of the right kind is refused at its place and replaced by something harmless. Second pass: the validator
 * that EL2 runs too (hv/vm/config_check.c) judges the compiled tree, and its faults are carried back to the places in
 * the file. So one run names every fault. Called by `check`, `image` and `run`; owns nothing beyond a call.
 */
#include "tool_compile.h"

#include <errno.h>
#include <libfdt.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "tool_error.h"
#include "tool_schema.h"
#include "tool_value.h"
#include "tool_yaml.h"

struct place {
    const struct yaml_entry *entry; /* NULL: not in the file */
    bool refused;
};

struct compiler {
    struct compiled *compiled;
    struct faults faults;
    const char *path;
    void *fdt;
    int fdt_error;
    struct place host[HOST_KEYS];
    struct place vms[CONFIG_MAX_VMS][VM_KEYS];
    struct place handover[HANDOVER_KEYS];
    const struct yaml_entry *vm_entries[CONFIG_MAX_VMS];
    const struct yaml_entry *vms_entry;
    uint32_t vm_count;
    bool name_refused;
    bool has_handover;
};

/* What is being read: one VM, the host (vm -1), or host.handover (COMPILED_HANDOVER). */
struct section {
    struct compiler *compiler;
    int32_t vm;
    const struct key *keys;
    const char *const *names;
    size_t count;
    struct place *places;
    const struct yaml_entry *entry; /* of the mapping itself */
};

/* ---- faults ---- */

static const char *kind_name(const struct yaml_node *node)
{
    if (node->kind == YAML_SEQUENCE)
        return "a list";
    if (node->kind == YAML_MAPPING)
        return "a mapping";
    return node->empty ? "nothing" : "a value";
}

/* What stands in the file, quoted, or a list or mapping by name. To be freed. */
static char *show_entry(const struct yaml_entry *entry)
{
    const struct yaml_node *node = entry->value;
    if (node->kind != YAML_SCALAR || node->empty)
        return text_format("%s", kind_name(node));
    char *shown = text_show(node->text, node->length);
    char *quoted = text_format("'%s'", shown);
    free(shown);
    return quoted;
}

static void refuse_entry(struct compiler *compiler, const struct yaml_entry *entry, const char *name, const char *what,
                         const char *allowed, const char *hint)
{
    char *shown = show_entry(entry);
    fault_add(&compiler->faults, entry->line, entry->column, "%s: found %s%s%s%s, allowed %s%s%s", name, shown,
              what == NULL ? "" : " (", what == NULL ? "" : what, what == NULL ? "" : ")", allowed,
              hint == NULL ? "" : "; try ", hint == NULL ? "" : hint);
    free(shown);
}

/* "510MB", "510MiB" and "510m" become "510M" if that is allowed; a number without a unit likewise. To be freed. */
static char *hint_size(const char *text)
{
    size_t digits = strspn(text, "0123456789");
    const char *units = "KMG";
    char unit = text[digits];
    uint64_t bytes = 0;
    if (unit >= 'a' && unit <= 'z')
        unit = (char)(unit - 'a' + 'A');
    if (digits == 0 || (unit != '\0' && strchr(units, unit) == NULL))
        return NULL;
    char *hint = text_format("%.*s%c", (int)digits, text, unit == '\0' ? 'M' : unit);
    bool good =
        value_parse_size(hint, &bytes) && bytes != 0 && bytes % CONFIG_MEMORY_STEP == 0 && bytes <= CONFIG_MEMORY_MAX;
    if (!good) {
        free(hint);
        hint = NULL;
    }
    return hint;
}

static char *hint_time(const char *text)
{
    size_t digits = strspn(text, "0123456789");
    uint32_t ms = 0;
    if (digits == 0 || digits > 5)
        return NULL;
    char *hint = text_format("%.*ss", (int)digits, text);
    if (!value_parse_time(hint, &ms) || ms == 0 || ms > 86400000U) {
        free(hint);
        hint = NULL;
    }
    return hint;
}

static const char *hint_flag(const char *text)
{
    static const char *const yes[] = {"yes", "on", "1", "y", "True", "TRUE", NULL};
    for (size_t i = 0; yes[i] != NULL; i++) {
        if (strcmp(text, yes[i]) == 0)
            return "true";
    }
    return "false";
}

/* A value that is not of its key's kind. */
static void refuse_value(struct section *section, size_t index, const char *what)
{
    const struct key *key = &section->keys[index];
    const struct yaml_entry *entry = section->places[index].entry;
    const char *text = entry->value->kind == YAML_SCALAR ? entry->value->text : "";
    char *made = key->kind == VALUE_SIZE ? hint_size(text) : key->kind == VALUE_TIME ? hint_time(text) : NULL;
    const char *hint = made != NULL ? made : key->least;
    if (key->kind == VALUE_FLAG && text[0] != '\0')
        hint = hint_flag(text);
    refuse_entry(section->compiler, entry, key->name, what, key->allowed, hint);
    section->places[index].refused = true;
    section->compiler->name_refused |= strcmp(key->name, "name") == 0;
    free(made);
}

/* ---- writing the tree ---- */

static void fdt_try(struct compiler *compiler, int error)
{
    if (compiler->fdt_error == 0)
        compiler->fdt_error = error;
}

static void write_payload(struct section *section, const struct key *key, const struct payload *payload)
{
    struct compiler *compiler = section->compiler;
    char *size_name = text_format("%s-size", key->property);
    char *path = section->vm == (int32_t)COMPILED_HANDOVER
                     ? text_format("\\ashlar\\handover\\%s", key->property)
                     : text_format("\\ashlar\\vm%d\\%s", section->vm, key->property);
    fdt_try(compiler, fdt_property_string(compiler->fdt, key->property, path));
    fdt_try(compiler, fdt_property_u64(compiler->fdt, size_name, payload == NULL ? 1 : payload->size));
    if (payload != NULL && payload->flat)
        fdt_try(compiler, fdt_property_u64(compiler->fdt, "kernel-offset", CONFIG_FLAT_OFFSET));
    free(path);
    free(size_name);
}

static void write_cpus(struct compiler *compiler, const char *property, const struct cpu_range *ranges, size_t count)
{
    fdt32_t cells[2U * (CONFIG_MAX_AFFINITY + 1U)];
    for (size_t i = 0; i < count; i++) {
        fdt32_st(&cells[2U * i], ranges[i].first);
        fdt32_st(&cells[2U * i + 1U], ranges[i].last);
    }
    fdt_try(compiler, fdt_property(compiler->fdt, property, cells, (int)(count * 2U * sizeof(cells[0]))));
}

/* Kernel, initrd and device tree against the VM's memory, with what the kernel's header says that it needs. */
static bool memory_fits(struct section *section, size_t index, uint64_t memory)
{
    struct compiler *compiler = section->compiler;
    uint64_t step = CONFIG_MEMORY_STEP;
    uint64_t needed = compiler->compiled->kernels[section->vm].extent + compiler->compiled->initrds[section->vm].size;
    needed = (needed + CONFIG_FDT_ROOM + step - 1U) / step * step;
    if (section->places[index].entry == NULL || memory % step != 0 || memory == 0 || needed <= memory)
        return true; /* or the validator's to judge */
    char *size = value_show_size(needed);
    char *allowed = text_format("at least %s for its kernel, initrd and device tree", size);
    refuse_entry(compiler, section->places[index].entry, "memory", NULL, allowed, size);
    section->places[index].refused = true;
    free(allowed);
    free(size);
    return false;
}

/* A path of the file, relative to the file's own folder. To be freed. */
static char *resolve_path(const struct compiler *compiler, const char *path)
{
    const char *slash = strrchr(compiler->path, '/');
    if (path[0] == '/' || slash == NULL)
        return text_format("%s", path);
    return text_format("%.*s/%s", (int)(slash - compiler->path), compiler->path, path);
}

static bool write_file(struct section *section, const struct key *key, const char *text, char **what)
{
    struct compiled *compiled = section->compiler->compiled;
    bool kernel = key->kind == VALUE_KERNEL;
    struct payload *payload = kernel ? &compiled->kernels[section->vm] : &compiled->initrds[section->vm];
    char *path = resolve_path(section->compiler, text);
    bool good = kernel ? payload_load_kernel(path, payload, what) : payload_load_initrd(path, payload, what);
    if (good && payload->flat && section->vm == (int32_t)COMPILED_HANDOVER) {
        *what = text_format("a flat binary");
        good = false;
    }
    if (good)
        write_payload(section, key, payload);
    free(path);
    return good;
}

/* Writes one value given as text. False: it is not of its kind, nothing was written; *what may say more. */
static bool write_value(struct section *section, size_t index, const char *text, char **what)
{
    struct compiler *compiler = section->compiler;
    const struct key *key = &section->keys[index];
    struct cpu_range ranges[CONFIG_MAX_AFFINITY + 1U];
    size_t count = 0;
    uint32_t number = 0;
    uint64_t size = 0;
    bool good = true;
    switch (key->kind) {
    case VALUE_TEXT:
        fdt_try(compiler, fdt_property_string(compiler->fdt, key->property, text));
        break;
    case VALUE_COUNT:
    case VALUE_TIME:
        good = key->kind == VALUE_COUNT ? value_parse_count(text, &number) : value_parse_time(text, &number);
        if (good)
            fdt_try(compiler, fdt_property_u32(compiler->fdt, key->property, number));
        break;
    case VALUE_SIZE:
        good = value_parse_size(text, &size);
        if (good) {
            uint64_t memory = memory_fits(section, index, size) ? size : CONFIG_MEMORY_MAX;
            fdt_try(compiler, fdt_property_u64(compiler->fdt, key->property, memory));
        }
        break;
    case VALUE_FLAG:
        good = strcmp(text, "true") == 0 || strcmp(text, "false") == 0;
        if (good)
            fdt_try(compiler, fdt_property_u32(compiler->fdt, key->property, text[0] == 't'));
        break;
    case VALUE_CPUS:
        good = value_parse_cpus(text, ranges, CONFIG_MAX_AFFINITY + 1U, &count);
        if (good)
            write_cpus(compiler, key->property, ranges, count > CONFIG_MAX_AFFINITY ? CONFIG_MAX_AFFINITY + 1U : count);
        break;
    case VALUE_KERNEL:
    case VALUE_INITRD:
        good = write_file(section, key, text, what);
        break;
    }
    return good;
}

/* Stands in for a value that was refused or is missing, so that the tree is complete. */
static void write_safe(struct section *section, size_t index)
{
    const struct key *key = &section->keys[index];
    struct compiler *compiler = section->compiler;
    if (key->kind == VALUE_KERNEL) {
        write_payload(section, key, NULL);
    } else if (key->safe == NULL && key->required) {
        char *name = text_format("refused-%d", section->vm);
        fdt_try(compiler, fdt_property_string(compiler->fdt, key->property, name));
        free(name);
    } else if (key->safe != NULL) {
        char *what = NULL;
        (void)write_value(section, index, key->safe, &what);
    }
}

/* ---- reading sections ---- */

/* Is one of the section's unknown keys this one, misspelt? Then that has been said. */
static bool is_misspelt(const struct section *section, size_t index)
{
    const struct yaml_node *mapping = section->entry->value;
    for (const struct yaml_entry *entry = mapping->entries; entry != NULL; entry = entry->next) {
        const char *nearest = text_nearest(entry->key->text, section->names);
        if (nearest != NULL && strcmp(nearest, section->keys[index].name) == 0)
            return true;
    }
    return false;
}

static void refuse_missing(struct section *section, size_t index)
{
    const struct key *key = &section->keys[index];
    if (!is_misspelt(section, index))
        fault_add(&section->compiler->faults, section->entry->line, section->entry->column,
                  "%s: found nothing, allowed %s", key->name, key->allowed);
    section->places[index].refused = true;
    section->compiler->name_refused |= strcmp(key->name, "name") == 0;
    write_safe(section, index);
}

static void read_key(struct section *section, size_t index)
{
    const struct key *key = &section->keys[index];
    struct place *place = &section->places[index];
    const struct yaml_node *value = place->entry == NULL ? NULL : place->entry->value;
    char *what = NULL;
    bool good = false;
    if (value == NULL) {
        if (key->fallback != NULL)
            (void)write_value(section, index, key->fallback, &what);
        else if (key->required)
            refuse_missing(section, index);
        return;
    }
    if (value->kind == YAML_SCALAR && strlen(value->text) == value->length && (!value->empty || key->may_be_empty))
        good = write_value(section, index, value->text, &what);
    if (!good) {
        refuse_value(section, index, what);
        write_safe(section, index);
    }
    free(what);
}

static char *join_names(const char *const *names)
{
    char *joined = text_format("%s", names[0]);
    for (size_t i = 1; names[i] != NULL; i++) {
        char *longer = text_format("%s, %s", joined, names[i]);
        free(joined);
        joined = longer;
    }
    return joined;
}

/* Keys that are not in the list; where says what they stand in. */
static void refuse_unknown(struct compiler *compiler, const struct yaml_node *mapping, const char *where,
                           const char *const *names)
{
    for (const struct yaml_entry *entry = mapping->entries; entry != NULL; entry = entry->next) {
        size_t i = 0;
        while (names[i] != NULL && strcmp(names[i], entry->key->text) != 0)
            i++;
        if (names[i] != NULL || (strcmp(entry->key->text, "<<") == 0 && entry->value->kind != YAML_SCALAR))
            continue;
        const char *hint = text_nearest(entry->key->text, names);
        char *shown = text_show(entry->key->text, entry->key->length);
        char *allowed = join_names(names);
        fault_add(&compiler->faults, entry->key->line, entry->key->column,
                  "%s: found the unknown key '%s', allowed %s%s%s", where, shown, allowed, hint == NULL ? "" : "; try ",
                  hint == NULL ? "" : hint);
        free(allowed);
        free(shown);
    }
}

static void read_section(struct section *section, const char *where)
{
    const struct yaml_node *mapping = section->entry == NULL ? NULL : section->entry->value;
    if (mapping != NULL && mapping->kind != YAML_MAPPING) {
        char *allowed = join_names(section->names);
        char *keys = text_format("a mapping with the keys %s", allowed);
        refuse_entry(section->compiler, section->entry, where, NULL, keys, NULL);
        free(keys);
        free(allowed);
        for (size_t i = 0; i < section->count; i++)
            write_safe(section, i);
        section->compiler->name_refused = true;
        return;
    }
    if (mapping != NULL)
        refuse_unknown(section->compiler, mapping, where, section->names);
    for (size_t i = 0; mapping != NULL && i < section->count; i++)
        section->places[i].entry = yaml_find(mapping, section->keys[i].name);
    /* memory is judged by what kernel and initrd need, so these are read before it */
    for (size_t i = 0; i < section->count; i++) {
        if (section->keys[i].kind == VALUE_KERNEL || section->keys[i].kind == VALUE_INITRD)
            read_key(section, i);
    }
    for (size_t i = 0; i < section->count; i++) {
        if (section->keys[i].kind != VALUE_KERNEL && section->keys[i].kind != VALUE_INITRD)
            read_key(section, i);
    }
}

static void read_host(struct compiler *compiler, const struct yaml_node *root)
{
    struct section section = {.compiler = compiler,
                              .vm = CONFIG_VM_HOST,
                              .keys = host_keys,
                              .names = host_key_names,
                              .count = HOST_KEYS,
                              .places = compiler->host,
                              .entry = yaml_find(root, "host")};
    fdt_try(compiler, fdt_begin_node(compiler->fdt, "host"));
    read_section(&section, "host");
    fdt_try(compiler, fdt_end_node(compiler->fdt));
}

/* host.handover: a mapping inside the host's, a node beside it. */
static void read_handover(struct compiler *compiler, const struct yaml_node *root)
{
    const struct yaml_entry *host = yaml_find(root, "host");
    struct section section = {.compiler = compiler,
                              .vm = (int32_t)COMPILED_HANDOVER,
                              .keys = handover_keys,
                              .names = handover_key_names,
                              .count = HANDOVER_KEYS,
                              .places = compiler->handover};
    section.entry = host != NULL && host->value->kind == YAML_MAPPING ? yaml_find(host->value, "handover") : NULL;
    if (section.entry == NULL)
        return;
    compiler->has_handover = true;
    fdt_try(compiler, fdt_begin_node(compiler->fdt, "handover"));
    read_section(&section, "handover");
    fdt_try(compiler, fdt_end_node(compiler->fdt));
}

static void read_vm(struct compiler *compiler, const struct yaml_entry *entry)
{
    uint32_t vm = compiler->vm_count++;
    struct section section = {.compiler = compiler,
                              .vm = (int32_t)vm,
                              .keys = vm_keys,
                              .names = vm_key_names,
                              .count = VM_KEYS,
                              .places = compiler->vms[vm],
                              .entry = entry};
    char *name = text_format("vm@%u", vm);
    compiler->vm_entries[vm] = entry;
    fdt_try(compiler, fdt_begin_node(compiler->fdt, name));
    read_section(&section, "vms");
    fdt_try(compiler, fdt_end_node(compiler->fdt));
    free(name);
}

static void read_vms(struct compiler *compiler, const struct yaml_node *root)
{
    static const char allowed[] = "a list of 1 to 32 VMs";
    const struct yaml_entry *vms = yaml_find(root, "vms");
    uint32_t total = 0;
    compiler->vms_entry = vms;
    fdt_try(compiler, fdt_begin_node(compiler->fdt, "vms"));
    if (vms == NULL && !compiler->has_handover)
        fault_add(&compiler->faults, root->line, root->column, "vms: found nothing, allowed %s", allowed);
    else if (vms == NULL)
        total = 0;
    else if (vms->value->kind != YAML_SEQUENCE)
        refuse_entry(compiler, vms, "vms", NULL, allowed, NULL);
    else if (vms->value->entries == NULL)
        fault_add(&compiler->faults, vms->line, vms->column, "vms: found an empty list, allowed %s", allowed);
    else
        for (const struct yaml_entry *item = vms->value->entries; item != NULL; item = item->next) {
            if (total++ < CONFIG_MAX_VMS)
                read_vm(compiler, item);
        }
    if (total > CONFIG_MAX_VMS)
        fault_add(&compiler->faults, vms->line, vms->column, "vms: found %u VMs, allowed %s", total, allowed);
    fdt_try(compiler, fdt_end_node(compiler->fdt));
}

static bool read_root(struct compiler *compiler, const struct yaml_node *root)
{
    static const char *const names[] = {"host", "vms", NULL};
    void *fdt = compiler->fdt;
    if (root == NULL || root->kind != YAML_MAPPING) {
        fault_add(&compiler->faults, root == NULL ? 1 : root->line, root == NULL ? 1 : root->column,
                  "not a configuration: found %s, allowed a mapping with the keys host and vms",
                  root == NULL ? "nothing" : kind_name(root));
        return false;
    }
    fdt_try(compiler, fdt_create(fdt, (int)CONFIG_MAX_BLOB));
    fdt_try(compiler, fdt_finish_reservemap(fdt));
    fdt_try(compiler, fdt_begin_node(fdt, ""));
    fdt_try(compiler, fdt_property_string(fdt, "compatible", CONFIG_COMPATIBLE));
    refuse_unknown(compiler, root, "the file", names);
    read_host(compiler, root);
    read_handover(compiler, root);
    read_vms(compiler, root);
    fdt_try(compiler, fdt_end_node(fdt));
    fdt_try(compiler, fdt_finish(fdt));
    return compiler->fdt_error == 0;
}

/* ---- the validator's faults ---- */

/* "kernel-size" and "kernel-offset" are about the key "kernel". */
static size_t find_key(const struct key *keys, size_t count, const char *property)
{
    size_t i = 0;
    while (i < count && strcmp(keys[i].property, property) != 0)
        i++;
    for (size_t prefix = 0; i == count && prefix < count; prefix++) {
        size_t length = strlen(keys[prefix].property);
        if (strncmp(keys[prefix].property, property, length) == 0 && property[length] == '-')
            return prefix;
    }
    return i;
}

/* The VM whose name is meant. */
static const char *nearest_vm(const struct compiler *compiler, const char *text)
{
    const char *names[CONFIG_MAX_VMS + 1U] = {NULL};
    for (uint32_t vm = 0; vm < compiler->vm_count; vm++)
        names[vm] = compiler->compiled->config.vms[vm].name;
    return text_nearest(text, names);
}

/* Better than the validator's hint: a word that is meant, a unit that was forgotten. To be freed. */
static char *better_hint(const struct compiler *compiler, const struct key *key, const struct yaml_entry *entry,
                         const char *hint)
{
    const char *word = key->words == NULL ? NULL : text_nearest(entry->value->text, key->words);
    if (word == NULL && key == &host_keys[0])
        word = nearest_vm(compiler, entry->value->text);
    if (word != NULL)
        return text_format("%s", word);
    bool bare = key->kind == VALUE_SIZE && strspn(entry->value->text, "0123456789") == entry->value->length;
    char *size = bare ? hint_size(entry->value->text) : NULL;
    if (size != NULL)
        return size;
    if (bare && strspn(entry->value->text, "0") == entry->value->length)
        return text_format("%s", key->least);
    return hint == NULL ? NULL : text_format("%s", hint);
}

static void carry_fault(void *context, const struct config_fault *fault)
{
    struct compiler *compiler = context;
    bool host = fault->vm == CONFIG_VM_HOST;
    bool handover = fault->vm == CONFIG_VM_HANDOVER;
    const struct key *keys = host ? host_keys : handover ? handover_keys : vm_keys;
    size_t count = host ? HOST_KEYS : handover ? HANDOVER_KEYS : VM_KEYS;
    size_t index = find_key(keys, count, fault->property);
    const struct place *places = host ? compiler->host : handover ? compiler->handover : compiler->vms[fault->vm];
    bool console = host && strcmp(fault->property, "console") == 0;
    if (index == count) {
        if (compiler->vm_count > 0 && compiler->faults.count == 0)
            fault_add(&compiler->faults, 1, 1, "%s: found %s, allowed %s", fault->property, fault->found,
                      fault->allowed);
        return; /* about the tree's shape, which follows from faults that were named */
    }
    if (places[index].refused || (console && compiler->name_refused))
        return;
    if (places[index].entry == NULL) {
        const struct yaml_entry *entry = host || handover ? compiler->vms_entry : compiler->vm_entries[fault->vm];
        if (compiler->faults.count == 0)
            fault_add(&compiler->faults, entry == NULL ? 1 : entry->line, entry == NULL ? 1 : entry->column,
                      "%s: found '%s', allowed %s", keys[index].name, fault->found, fault->allowed);
        return;
    }
    char *hint = better_hint(compiler, &keys[index], places[index].entry, fault->hint);
    refuse_entry(compiler, places[index].entry, keys[index].name, NULL, fault->allowed, hint);
    free(hint);
}

/* ---- the machine ---- */

static size_t key_index(const char *name)
{
    return find_key(vm_keys, VM_KEYS, name);
}

static void check_host_memory(struct compiler *compiler, uint64_t memory)
{
    uint64_t usable = memory > HOST_RESERVE ? memory - HOST_RESERVE : 0;
    uint64_t sum = 0;
    for (uint32_t vm = 0; vm < compiler->vm_count; vm++) {
        uint64_t before = sum;
        sum += compiler->compiled->config.vms[vm].memory;
        if (sum <= usable || before > usable)
            continue;
        char *total = value_show_size(compiled_memory(compiler->compiled));
        char *machine = value_show_size(memory);
        char *rest = value_show_size(usable);
        char *what = text_format("%s for all VMs", total);
        char *allowed = text_format("%s of the machine's %s for all VMs together", rest, machine);
        refuse_entry(compiler, compiler->vms[vm][key_index("memory")].entry, "memory", what, allowed, NULL);
        free(allowed);
        free(what);
        free(rest);
        free(machine);
        free(total);
    }
}

static void check_host_cpus(struct compiler *compiler, uint32_t cpus)
{
    for (uint32_t vm = 0; vm < compiler->vm_count; vm++) {
        const struct vm_config *config = &compiler->compiled->config.vms[vm];
        bool beyond = false;
        for (uint32_t cpu = cpus; config->has_affinity && cpu <= CONFIG_MAX_CPU; cpu++)
            beyond |= (config->affinity[cpu / 64U] >> (cpu % 64U) & 1U) != 0;
        if (!beyond)
            continue;
        char *allowed = text_format("the machine's CPUs, 0 to %u", cpus - 1U);
        refuse_entry(compiler, compiler->vms[vm][key_index("affinity")].entry, "affinity", NULL, allowed, NULL);
        free(allowed);
    }
}

static void check_tree(struct compiler *compiler, const struct host_limits *limits)
{
    struct compiled *compiled = compiler->compiled;
    compiled->blob = compiler->fdt;
    compiled->blob_size = fdt_totalsize(compiler->fdt);
    (void)config_check(compiled->blob, compiled->blob_size, &compiled->config, carry_fault, compiler);
    if (compiler->faults.count == 0 && limits->memory != 0)
        check_host_memory(compiler, limits->memory);
    if (compiler->faults.count == 0 && limits->cpus != 0)
        check_host_cpus(compiler, limits->cpus);
}

static void compile_text(struct compiler *compiler, const struct payload *file, const struct host_limits *limits)
{
    struct yaml_document document;
    bool parsed = yaml_parse((const char *)file->bytes, file->size, &document, &compiler->faults);
    if (parsed && read_root(compiler, document.root))
        check_tree(compiler, limits);
    else if (compiler->fdt_error != 0)
        fault_add(&compiler->faults, 1, 1, "not a configuration: it compiles to more than 1M");
    yaml_free(&document);
}

struct compiled *config_compile(const char *path, const struct host_limits *limits)
{
    struct compiler *compiler = memory_get(sizeof(*compiler));
    struct compiled *compiled = memory_get(sizeof(*compiled));
    struct payload file;
    char *what = NULL;
    compiler->compiled = compiled;
    compiler->path = path;
    compiler->faults.file = path;
    compiler->fdt = memory_get(CONFIG_MAX_BLOB);
    compiled->blob = compiler->fdt;
    for (size_t vm = 0; vm <= COMPILED_HANDOVER; vm++) {
        compiled->kernels[vm] = PAYLOAD_NONE;
        compiled->initrds[vm] = PAYLOAD_NONE;
    }
    if (payload_map(path, &file, &what)) {
        compile_text(compiler, &file, limits);
        payload_free(&file);
    } else {
        fault_add(&compiler->faults, 1, 1, "not a configuration: found %s, allowed a YAML file; try ashlar init", what);
    }
    if (compiler->faults.count > 0) {
        faults_print(&compiler->faults);
        compiled_free(compiled);
        compiled = NULL;
    }
    free(what);
    free(compiler);
    return compiled;
}

void compiled_free(struct compiled *compiled)
{
    if (compiled == NULL)
        return;
    for (size_t vm = 0; vm <= COMPILED_HANDOVER; vm++) {
        payload_free(&compiled->kernels[vm]);
        payload_free(&compiled->initrds[vm]);
    }
    free(compiled->blob);
    free(compiled);
}

uint64_t compiled_memory(const struct compiled *compiled)
{
    uint64_t sum = 0;
    for (uint32_t vm = 0; vm < compiled->config.vm_count; vm++)
        sum += compiled->config.vms[vm].memory;
    return sum;
}

uint32_t compiled_cpus(const struct compiled *compiled)
{
    uint32_t sum = 0;
    for (uint32_t vm = 0; vm < compiled->config.vm_count; vm++)
        sum += compiled->config.vms[vm].cpus;
    return sum;
}
