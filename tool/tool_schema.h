/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keys of a configuration file: their names in YAML and in the compiled tree, their defaults.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum value_kind {
    VALUE_TEXT,
    VALUE_COUNT,
    VALUE_SIZE,
    VALUE_TIME,
    VALUE_FLAG,
    VALUE_CPUS,
    VALUE_KERNEL,
    VALUE_INITRD,
};

struct key {
    const char *name;     /* in YAML */
    const char *property; /* in the compiled tree */
    enum value_kind kind;
    bool required;
    bool may_be_empty;
    const char *fallback;     /* when absent; NULL: nothing is written */
    const char *safe;         /* stands in for a refused value, so that the other checks can go on; NULL: nothing */
    const char *least;        /* the smallest number allowed, as a hint */
    const char *allowed;      /* in words, for a value that is not even of the kind */
    const char *const *words; /* for hints */
};

#define HOST_KEYS 3U
#define VM_KEYS 13U
#define HANDOVER_KEYS 3U

extern const struct key host_keys[HOST_KEYS];
extern const struct key vm_keys[VM_KEYS];
extern const struct key handover_keys[HANDOVER_KEYS];

/* NULL-terminated lists of the names, for hints. The host's ends with handover, a mapping of its own. */
extern const char *const host_key_names[HOST_KEYS + 2U];
extern const char *const handover_key_names[HANDOVER_KEYS + 1U];
extern const char *const vm_key_names[VM_KEYS + 1U];
