/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads a compiled configuration and judges it. Compiled into the host's command and into EL2, so it needs libfdt and
 * the freestanding headers only. A table says for each property what it may be; nodes and properties that are not in
 * the table are faults. Implements the format in include/ashlar/config.h; the blob's own rules are those of the
 * Devicetree Specification, chapter 5.
 */
#include "vm/config_check.h"

#include <libfdt.h>

#define FOUND_MAX 96U
#define WORDS_MAX 3U

enum rule_kind { RULE_NAME, RULE_TEXT, RULE_PATH, RULE_WORD, RULE_NUMBER32, RULE_NUMBER64, RULE_FLAG, RULE_RANGES };
enum rule_unit { UNIT_NONE, UNIT_SIZE, UNIT_TIME };

struct rule {
    const char *name;
    enum rule_kind kind;
    enum rule_unit unit;
    bool optional;
    size_t field; /* offset in struct config or struct vm_config */
    uint64_t min; /* numbers: value; RULE_TEXT: characters */
    uint64_t max; /* numbers: value; text: characters */
    const char *words[WORDS_MAX];
    const char *allowed;
};

struct reader {
    const void *fdt;
    struct config *config;
    void (*report)(void *context, const struct config_fault *fault);
    void *context;
    uint32_t faults;
    char console[CONFIG_MAX_NAME + 1U];
};

/* What a property says, as bytes inside the blob. */
struct value {
    const uint8_t *bytes;
    size_t length;
};

struct text {
    char chars[FOUND_MAX];
    size_t length;
};

#define VM_FIELD(member) offsetof(struct vm_config, member)
#define HOST_FIELD(member) offsetof(struct config, member)

static const char allowed_name[] = "1 to 63 letters, digits and '-', not monitor, all or auto";
static const char allowed_path[] = "a path that starts with '\\' of up to 127 printable characters";
static const char allowed_size[] = "at least 1 byte";

static const struct rule host_rules[] = {
    {.name = "console",
     .kind = RULE_TEXT,
     .min = 1,
     .max = CONFIG_MAX_NAME,
     .allowed = "monitor, all, auto or the name of a VM"},
    {.name = "when-idle",
     .kind = RULE_WORD,
     .field = HOST_FIELD(when_idle),
     .words = {"poweroff", "monitor"},
     .allowed = "poweroff or monitor"},
    {.name = "mitigations",
     .kind = RULE_WORD,
     .field = HOST_FIELD(mitigations),
     .words = {"auto", "off"},
     .allowed = "auto or off"},
};

static const struct rule vm_rules[] = {
    {.name = "name", .kind = RULE_NAME, .field = VM_FIELD(name), .max = CONFIG_MAX_NAME, .allowed = allowed_name},
    {.name = "cpus",
     .kind = RULE_NUMBER32,
     .field = VM_FIELD(cpus),
     .min = 1,
     .max = CONFIG_MAX_VCPUS,
     .allowed = "1 to 64"},
    {.name = "memory",
     .kind = RULE_NUMBER64,
     .unit = UNIT_SIZE,
     .field = VM_FIELD(memory),
     .min = CONFIG_MEMORY_STEP,
     .max = CONFIG_MEMORY_MAX,
     .allowed = "a multiple of 2M from 2M to 512G"},
    {.name = "kernel", .kind = RULE_PATH, .field = VM_FIELD(kernel), .max = CONFIG_MAX_PATH, .allowed = allowed_path},
    {.name = "kernel-size",
     .kind = RULE_NUMBER64,
     .field = VM_FIELD(kernel_size),
     .min = 1,
     .max = CONFIG_MEMORY_MAX,
     .allowed = allowed_size},
    {.name = "kernel-offset",
     .kind = RULE_NUMBER64,
     .unit = UNIT_SIZE,
     .optional = true,
     .field = VM_FIELD(kernel_offset),
     .max = CONFIG_MEMORY_MAX,
     .allowed = "an offset inside the VM's memory"},
    {.name = "initrd",
     .kind = RULE_PATH,
     .optional = true,
     .field = VM_FIELD(initrd),
     .max = CONFIG_MAX_PATH,
     .allowed = allowed_path},
    {.name = "initrd-size",
     .kind = RULE_NUMBER64,
     .optional = true,
     .field = VM_FIELD(initrd_size),
     .min = 1,
     .max = CONFIG_MEMORY_MAX,
     .allowed = allowed_size},
    {.name = "cmdline",
     .kind = RULE_TEXT,
     .field = VM_FIELD(cmdline),
     .max = CONFIG_MAX_CMDLINE,
     .allowed = "up to 2047 bytes without control characters"},
    {.name = "autostart", .kind = RULE_FLAG, .field = VM_FIELD(autostart), .max = 1, .allowed = "0 or 1"},
    {.name = "on-reset",
     .kind = RULE_WORD,
     .field = VM_FIELD(on_reset),
     .words = {"restart", "stop"},
     .allowed = "restart or stop"},
    {.name = "on-crash",
     .kind = RULE_WORD,
     .field = VM_FIELD(on_crash),
     .words = {"restart", "stop", "hold"},
     .allowed = "restart, stop or hold"},
    {.name = "stop-timeout-ms",
     .kind = RULE_NUMBER32,
     .unit = UNIT_TIME,
     .field = VM_FIELD(stop_timeout_ms),
     .min = 1,
     .max = 86400000,
     .allowed = "1ms to 24h"},
    {.name = "weight",
     .kind = RULE_NUMBER32,
     .field = VM_FIELD(weight),
     .min = 1,
     .max = 10000,
     .allowed = "1 to 10000"},
    {.name = "affinity",
     .kind = RULE_RANGES,
     .optional = true,
     .field = VM_FIELD(affinity),
     .max = CONFIG_MAX_CPU,
     .allowed = "up to 32 ranges of CPUs 0 to 511, the lower number first"},
    {.name = "cap",
     .kind = RULE_NUMBER32,
     .field = VM_FIELD(cap),
     .max = 100U * CONFIG_MAX_VCPUS,
     .allowed = "0 to 6400"},
};

static const struct rule handover_rules[] = {
    {.name = "kernel", .kind = RULE_PATH, .field = VM_FIELD(kernel), .max = CONFIG_MAX_PATH, .allowed = allowed_path},
    {.name = "kernel-size",
     .kind = RULE_NUMBER64,
     .field = VM_FIELD(kernel_size),
     .min = 1,
     .max = CONFIG_MEMORY_MAX,
     .allowed = allowed_size},
    {.name = "initrd",
     .kind = RULE_PATH,
     .optional = true,
     .field = VM_FIELD(initrd),
     .max = CONFIG_MAX_PATH,
     .allowed = allowed_path},
    {.name = "initrd-size",
     .kind = RULE_NUMBER64,
     .optional = true,
     .field = VM_FIELD(initrd_size),
     .min = 1,
     .max = CONFIG_MEMORY_MAX,
     .allowed = allowed_size},
    {.name = "cmdline",
     .kind = RULE_TEXT,
     .field = VM_FIELD(cmdline),
     .max = CONFIG_MAX_CMDLINE,
     .allowed = "up to 2047 bytes without control characters"},
};

#define RULE_COUNT(rules) (sizeof(rules) / sizeof((rules)[0]))

_Static_assert(sizeof(enum config_crash) == sizeof(uint32_t), "words are stored as u32");
_Static_assert(RULE_COUNT(vm_rules) <= 32, "seen properties are a 32-bit mask");

/* ---- text ---- */

static size_t text_length(const char *text)
{
    size_t length = 0;
    while (text[length] != '\0')
        length++;
    return length;
}

static bool text_equal(const char *a, const char *b)
{
    while (*a != '\0' && *a == *b) {
        a++;
        b++;
    }
    return *a == *b;
}

static void text_add(struct text *text, const char *chars)
{
    while (*chars != '\0' && text->length < FOUND_MAX - 1U)
        text->chars[text->length++] = *chars++;
    text->chars[text->length] = '\0';
}

static void text_add_number(struct text *text, uint64_t number)
{
    char digits[21];
    size_t at = sizeof(digits) - 1U;
    digits[at] = '\0';
    do {
        digits[--at] = (char)('0' + number % 10U);
        number /= 10U;
    } while (number != 0);
    text_add(text, &digits[at]);
}

static void text_add_size(struct text *text, uint64_t bytes)
{
    static const char *const suffixes[] = {"", "K", "M", "G"};
    size_t suffix = 0;
    while (suffix < 3U && bytes != 0 && bytes % 1024U == 0) {
        bytes /= 1024U;
        suffix++;
    }
    text_add_number(text, bytes);
    text_add(text, suffixes[suffix]);
}

static void text_add_time(struct text *text, uint64_t ms)
{
    bool hours = ms != 0 && ms % 3600000U == 0;
    text_add_number(text, hours ? ms / 3600000U : ms);
    text_add(text, hours ? "h" : "ms");
}

static void text_add_value(struct text *text, enum rule_unit unit, uint64_t number)
{
    if (unit == UNIT_SIZE)
        text_add_size(text, number);
    else if (unit == UNIT_TIME)
        text_add_time(text, number);
    else
        text_add_number(text, number);
}

/* What is not printable ASCII becomes '?', since a console shows it. */
static void text_add_bytes(struct text *text, const uint8_t *bytes, size_t length)
{
    for (size_t i = 0; i < length && bytes[i] != 0; i++) {
        char one[2] = {(bytes[i] >= 0x20 && bytes[i] < 0x7f) ? (char)bytes[i] : '?', '\0'};
        text_add(text, one);
    }
}

/* ---- faults ---- */

static void fault_hint(struct reader *reader, int32_t vm, const char *property, const char *found, const char *allowed,
                       const char *hint)
{
    struct config_fault fault = {.vm = vm, .property = property, .found = found, .allowed = allowed, .hint = hint};
    if (reader->faults++ < CONFIG_MAX_FAULTS)
        reader->report(reader->context, &fault);
}

static void fault(struct reader *reader, int32_t vm, const char *property, const char *found, const char *allowed)
{
    fault_hint(reader, vm, property, found, allowed, NULL);
}

static void fault_number(struct reader *reader, int32_t vm, const struct rule *rule, uint64_t number,
                         const char *allowed, uint64_t nearest)
{
    struct text found = {.length = 0};
    struct text hint = {.length = 0};
    text_add_value(&found, rule->unit, number);
    text_add_value(&hint, rule->unit, nearest);
    fault_hint(reader, vm, rule->name, found.chars, allowed, hint.chars);
}

static void fault_value(struct reader *reader, int32_t vm, const struct rule *rule, const struct value *value)
{
    struct text found = {.length = 0};
    text_add_bytes(&found, value->bytes, value->length);
    fault(reader, vm, rule->name, found.chars, rule->allowed);
}

static bool fault_full(const struct reader *reader)
{
    return reader->faults >= CONFIG_MAX_FAULTS;
}

/* ---- one property ---- */

static bool value_is_text(const struct value *value, size_t max)
{
    if (value->length == 0 || value->length > max + 1U || value->bytes[value->length - 1U] != 0)
        return false;
    for (size_t i = 0; i + 1U < value->length; i++) {
        if (value->bytes[i] < 0x20 || value->bytes[i] == 0x7f)
            return false;
    }
    return true;
}

static bool char_is_name(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
}

static bool value_is_name(const struct value *value, size_t max)
{
    if (!value_is_text(value, max) || value->length < 2U)
        return false;
    for (size_t i = 0; i + 1U < value->length; i++) {
        if (!char_is_name(value->bytes[i]))
            return false;
    }
    const char *name = (const char *)value->bytes;
    return !text_equal(name, "monitor") && !text_equal(name, "all") && !text_equal(name, "auto");
}

static bool value_is_path(const struct value *value, size_t max)
{
    if (!value_is_text(value, max) || value->bytes[0] != '\\')
        return false;
    for (size_t i = 0; i + 1U < value->length; i++) {
        if (value->bytes[i] >= 0x7f)
            return false;
    }
    return true;
}

static bool read_text(const struct rule *rule, const struct value *value, char *field)
{
    bool good = (rule->kind == RULE_NAME)   ? value_is_name(value, rule->max)
                : (rule->kind == RULE_PATH) ? value_is_path(value, rule->max)
                                            : value->length > rule->min && value_is_text(value, rule->max);
    for (size_t i = 0; good && i < value->length; i++)
        field[i] = (char)value->bytes[i];
    return good;
}

static bool read_word(const struct rule *rule, const struct value *value, uint32_t *field)
{
    if (!value_is_text(value, CONFIG_MAX_NAME))
        return false;
    for (uint32_t word = 0; word < WORDS_MAX && rule->words[word] != NULL; word++) {
        if (text_equal((const char *)value->bytes, rule->words[word])) {
            *field = word;
            return true;
        }
    }
    return false;
}

static bool read_ranges(const struct rule *rule, const struct value *value, uint64_t *field)
{
    size_t pairs = value->length / 8U;
    if (value->length % 8U != 0 || pairs == 0 || pairs > CONFIG_MAX_AFFINITY)
        return false;
    for (size_t pair = 0; pair < pairs; pair++) {
        uint32_t first = fdt32_ld((const fdt32_t *)(const void *)(value->bytes + pair * 8U));
        uint32_t last = fdt32_ld((const fdt32_t *)(const void *)(value->bytes + pair * 8U + 4U));
        if (first > last || last > rule->max)
            return false;
        for (uint32_t cpu = first; cpu <= last; cpu++)
            field[cpu / 64U] |= 1ULL << (cpu % 64U);
    }
    return true;
}

static void store_number(const struct rule *rule, void *field, uint64_t number)
{
    if (rule->kind == RULE_FLAG)
        *(bool *)field = number != 0;
    else if (rule->kind == RULE_NUMBER32)
        *(uint32_t *)field = (uint32_t)number;
    else
        *(uint64_t *)field = number;
}

static void read_number(struct reader *reader, int32_t vm, const struct rule *rule, const struct value *value,
                        void *field)
{
    bool wide = rule->kind == RULE_NUMBER64;
    if (value->length != (wide ? 8U : 4U)) {
        fault(reader, vm, rule->name, "a property of another length", wide ? "8 bytes" : "4 bytes");
        return;
    }
    uint64_t number = wide ? fdt64_ld((const fdt64_t *)(const void *)value->bytes)
                           : fdt32_ld((const fdt32_t *)(const void *)value->bytes);
    if (number < rule->min || number > rule->max)
        fault_number(reader, vm, rule, number, rule->allowed, number < rule->min ? rule->min : rule->max);
    else
        store_number(rule, field, number);
}

static void read_property(struct reader *reader, int32_t vm, const struct rule *rule, const struct value *value,
                          void *base)
{
    void *field = (char *)base + rule->field;
    bool good = true;
    if (vm == CONFIG_VM_HOST && rule->kind == RULE_TEXT)
        field = reader->console;

    switch (rule->kind) {
    case RULE_NAME:
    case RULE_TEXT:
    case RULE_PATH:
        good = read_text(rule, value, field);
        break;
    case RULE_WORD:
        good = read_word(rule, value, field);
        break;
    case RULE_RANGES:
        good = read_ranges(rule, value, field);
        break;
    case RULE_NUMBER32:
    case RULE_NUMBER64:
    case RULE_FLAG:
        read_number(reader, vm, rule, value, field);
        break;
    }
    if (!good && rule->kind == RULE_RANGES)
        fault(reader, vm, rule->name, "other ranges", rule->allowed);
    else if (!good)
        fault_value(reader, vm, rule, value);
}

/* ---- nodes ---- */

static void fault_unknown(struct reader *reader, int32_t vm, const char *name, const char *allowed)
{
    struct text found = {.length = 0};
    text_add_bytes(&found, (const uint8_t *)name, text_length(name));
    fault(reader, vm, found.chars, "it", allowed);
}

/* Reads every property of a node by its rules; the mask of those seen is *seen. */
static void read_properties(struct reader *reader, int32_t vm, int node, const struct rule *rules, size_t count,
                            void *base, uint32_t *seen)
{
    int property;
    fdt_for_each_property_offset(property, reader->fdt, node)
    {
        const char *name = NULL;
        int length = 0;
        const void *bytes = fdt_getprop_by_offset(reader->fdt, property, &name, &length);
        size_t rule = 0;
        if (fault_full(reader))
            return;
        if (bytes == NULL || length < 0 || name == NULL) {
            fault(reader, vm, "property", "a damaged one", "a device tree");
            continue;
        }
        while (rule < count && !text_equal(name, rules[rule].name))
            rule++;
        if (rule == count) {
            fault_unknown(reader, vm, name, "the properties of this version only");
        } else if ((*seen & (1U << rule)) != 0) {
            fault(reader, vm, rules[rule].name, "it twice", "once");
        } else {
            struct value value = {.bytes = bytes, .length = (size_t)length};
            *seen |= 1U << rule;
            read_property(reader, vm, &rules[rule], &value, base);
        }
    }
}

static void read_node(struct reader *reader, int32_t vm, int node, const struct rule *rules, size_t count, void *base,
                      uint32_t *seen)
{
    *seen = 0;
    read_properties(reader, vm, node, rules, count, base, seen);
    for (size_t rule = 0; rule < count; rule++) {
        if ((*seen & (1U << rule)) == 0 && !rules[rule].optional)
            fault(reader, vm, rules[rule].name, "nothing", rules[rule].allowed);
    }
    if (fdt_first_subnode(reader->fdt, node) >= 0)
        fault(reader, vm, "node", "a node below it", "properties only");
}

static bool seen_has(uint32_t seen, const char *name)
{
    for (size_t rule = 0; rule < RULE_COUNT(vm_rules); rule++) {
        if (text_equal(vm_rules[rule].name, name))
            return (seen & (1U << rule)) != 0;
    }
    return false;
}

static const struct rule *rule_find(const char *name)
{
    const struct rule *rule = vm_rules;
    while (!text_equal(rule->name, name))
        rule++;
    return rule;
}

/* Kernel, initrd and device tree must lie in the memory; the sizes are below 2^40 each, so the sum can't wrap. */
static void check_memory(struct reader *reader, int32_t index, const struct vm_config *vm)
{
    const struct rule *memory = rule_find("memory");
    uint64_t step = CONFIG_MEMORY_STEP;
    uint64_t needed = vm->kernel_offset + vm->kernel_size + vm->initrd_size + CONFIG_FDT_ROOM;
    uint64_t nearest = (needed + step - 1U) / step * step;
    if (vm->memory == 0)
        return; /* already refused */
    if (vm->memory % step != 0) {
        fault_number(reader, index, memory, vm->memory, "a multiple of 2M", (vm->memory / step + 1U) * step);
    } else if (nearest > vm->memory) {
        struct text allowed = {.length = 0};
        text_add(&allowed, "at least ");
        text_add_size(&allowed, nearest);
        text_add(&allowed, " for its kernel, initrd and device tree");
        fault_number(reader, index, memory, vm->memory, allowed.chars, nearest);
    }
}

static void check_name(struct reader *reader, int32_t index)
{
    const char *name = reader->config->vms[index].name;
    for (int32_t other = 0; other < index && name[0] != '\0'; other++) {
        if (text_equal(name, reader->config->vms[other].name)) {
            fault(reader, index, "name", name, "a name that no other VM has");
            return;
        }
    }
}

static void read_vm(struct reader *reader, int32_t index, int node)
{
    struct vm_config *vm = &reader->config->vms[index];
    uint32_t seen = 0;
    read_node(reader, index, node, vm_rules, RULE_COUNT(vm_rules), vm, &seen);
    vm->flat = seen_has(seen, "kernel-offset");
    vm->has_initrd = seen_has(seen, "initrd");
    vm->has_affinity = seen_has(seen, "affinity");
    if (vm->has_initrd != seen_has(seen, "initrd-size"))
        fault(reader, index, "initrd", "a path or a size alone", "both");
    if (vm->kernel_offset % 4096U != 0)
        fault(reader, index, "kernel-offset", "it unaligned", "a multiple of 4K");
    for (size_t word = 0; !vm->has_affinity && word < CONFIG_AFFINITY_WORDS; word++)
        vm->affinity[word] = ~0ULL;
    check_memory(reader, index, vm);
    check_name(reader, index);
}

static void read_handover(struct reader *reader, int node)
{
    struct vm_config *handover = &reader->config->handover;
    uint32_t seen = 0;
    reader->config->has_handover = true;
    read_node(reader, CONFIG_VM_HANDOVER, node, handover_rules, RULE_COUNT(handover_rules), handover, &seen);
    handover->has_initrd = handover->initrd[0] != '\0';
    if (handover->has_initrd != (handover->initrd_size != 0))
        fault(reader, CONFIG_VM_HANDOVER, "initrd", "a path or a size alone", "both");
}

static void read_vms(struct reader *reader, int vms)
{
    int node;
    uint32_t count = 0;
    if (fdt_first_property_offset(reader->fdt, vms) >= 0)
        fault(reader, CONFIG_VM_HOST, "vms", "a property", "nodes only");
    fdt_for_each_subnode(node, reader->fdt, vms)
    {
        struct text expected = {.length = 0};
        const char *name = fdt_get_name(reader->fdt, node, NULL);
        if (count == CONFIG_MAX_VMS) {
            fault(reader, CONFIG_VM_HOST, "vms", "more", "1 to 32 VMs");
            break;
        }
        text_add(&expected, "vm@");
        text_add_number(&expected, count);
        if (name == NULL || !text_equal(name, expected.chars))
            fault(reader, CONFIG_VM_HOST, "vms", "a node of another name", expected.chars);
        if (fault_full(reader))
            return;
        read_vm(reader, (int32_t)count, node);
        count++;
    }
    reader->config->vm_count = count;
    if (count == 0 && !reader->config->has_handover)
        fault(reader, CONFIG_VM_HOST, "vms", "none", "1 to 32 VMs");
}

static void resolve_console(struct reader *reader)
{
    struct config *config = reader->config;
    const char *console = reader->console;
    config->console = CONFIG_CONSOLE_MONITOR;
    if (console[0] == '\0' || text_equal(console, "monitor"))
        return; /* "": absent or not text, and refused as that */
    if (text_equal(console, "all")) {
        config->console = CONFIG_CONSOLE_ALL;
        return;
    }
    if (text_equal(console, "auto")) {
        config->console = config->vm_count == 1U ? 0 : CONFIG_CONSOLE_MONITOR;
        return;
    }
    for (uint32_t vm = 0; vm < config->vm_count; vm++) {
        if (text_equal(console, config->vms[vm].name)) {
            config->console = (int32_t)vm;
            return;
        }
    }
    struct text found = {.length = 0};
    text_add_bytes(&found, (const uint8_t *)console, text_length(console));
    fault(reader, CONFIG_VM_HOST, "console", found.chars, host_rules[0].allowed);
}

static void check_compatible(struct reader *reader)
{
    static const char expected[] = CONFIG_COMPATIBLE;
    int property;
    bool good = false;
    fdt_for_each_property_offset(property, reader->fdt, 0)
    {
        const char *name = NULL;
        int length = 0;
        const char *text = fdt_getprop_by_offset(reader->fdt, property, &name, &length);
        bool same = text != NULL && text_equal(name, "compatible") && length == (int)sizeof(expected);
        for (size_t i = 0; same && i < sizeof(expected); i++)
            same = text[i] == expected[i];
        if (!same || good) {
            fault(reader, CONFIG_VM_HOST, "/", "another property or version", "compatible = " CONFIG_COMPATIBLE);
            return;
        }
        good = true;
    }
    if (!good)
        fault(reader, CONFIG_VM_HOST, "compatible", "nothing", CONFIG_COMPATIBLE);
}

/* The nodes below the root; -1 where one is absent. */
static void find_nodes(struct reader *reader, int *host, int *handover, int *vms)
{
    int node;
    *host = -1;
    *handover = -1;
    *vms = -1;
    fdt_for_each_subnode(node, reader->fdt, 0)
    {
        const char *name = fdt_get_name(reader->fdt, node, NULL);
        if (fault_full(reader))
            return;
        if (name != NULL && text_equal(name, "host") && *host < 0)
            *host = node;
        else if (name != NULL && text_equal(name, "handover") && *handover < 0)
            *handover = node;
        else if (name != NULL && text_equal(name, "vms") && *vms < 0)
            *vms = node;
        else
            fault_unknown(reader, CONFIG_VM_HOST, name == NULL ? "?" : name, "one host and one vms");
    }
}

static void read_tree(struct reader *reader)
{
    int host;
    int handover;
    int vms;
    uint32_t seen = 0;
    check_compatible(reader);
    find_nodes(reader, &host, &handover, &vms);
    if (host < 0)
        fault(reader, CONFIG_VM_HOST, "host", "nothing", "a node");
    else
        read_node(reader, CONFIG_VM_HOST, host, host_rules, RULE_COUNT(host_rules), reader->config, &seen);
    if (handover >= 0)
        read_handover(reader, handover);
    if (vms < 0)
        fault(reader, CONFIG_VM_HOST, "vms", "none", "1 to 32 VMs");
    else
        read_vms(reader, vms);
    resolve_console(reader);
}

/* libfdt reads these as aligned words, and only asks that they lie inside the blob. */
static bool header_is_aligned(const void *blob)
{
    return fdt_off_mem_rsvmap(blob) % 8U == 0 && fdt_off_dt_struct(blob) % 4U == 0;
}

bool config_check(const void *blob, size_t size, struct config *config,
                  void (*report)(void *context, const struct config_fault *fault), void *context)
{
    struct reader reader = {.fdt = blob, .config = config, .report = report, .context = context};
    memset(config, 0, sizeof(*config));
    if (size < sizeof(struct fdt_header) || size > CONFIG_MAX_BLOB || !header_is_aligned(blob) ||
        fdt_check_full(blob, size) != 0)
        fault(&reader, CONFIG_VM_HOST, "configuration", "something else", "a device tree of up to 1M");
    else
        read_tree(&reader);
    return reader.faults == 0;
}
