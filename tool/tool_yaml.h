/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A YAML 1.2 file as a tree of nodes that know their line and column.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "tool_error.h"

enum yaml_kind { YAML_SCALAR, YAML_SEQUENCE, YAML_MAPPING };

struct yaml_node;

/* One item of a sequence (key NULL) or one pair of a mapping. */
struct yaml_entry {
    const struct yaml_node *key; /* a scalar */
    const struct yaml_node *value;
    int line; /* of the value where it is used: an alias's own place; from 1 */
    int column;
    struct yaml_entry *next;
};

struct yaml_node {
    enum yaml_kind kind;
    int line; /* from 1 */
    int column;
    bool empty; /* a scalar that is not there: `key:` */
    char *text; /* scalars: NUL-terminated */
    size_t length;
    char *anchor;
    struct yaml_entry *entries;
    struct yaml_node *others; /* every node of the document, for freeing and for aliases */
};

struct yaml_document {
    struct yaml_node *root; /* NULL: nothing in the file */
    struct yaml_node *nodes;
};

/* Parses length bytes of text. False: it is not YAML or not of the kind that a
 * configuration can be. Faults say where; duplicate keys are faults that leave a tree. Free in both cases. */
bool yaml_parse(const char *text, size_t length, struct yaml_document *document, struct faults *faults);
void yaml_free(struct yaml_document *document);

/* The entry of a key, also from mappings merged by `<<`; NULL: absent, or node is not a mapping. */
const struct yaml_entry *yaml_find(const struct yaml_node *node, const char *key);
