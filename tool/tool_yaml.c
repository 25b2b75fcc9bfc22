/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From libfyaml's events to a tree of nodes with places. Events, since libfyaml's own documents lose the place of a
 * mapping and refuse duplicate keys without saying where the first one is. Called by tool_compile.c only. Implements
 * YAML 1.2; an alias is a second pointer to its node, so a file can't blow up; `<<` merges as in the YAML type
 * repository.
 */
#include "tool_yaml.h"

#include <libfyaml.h>
#include <stdlib.h>
#include <string.h>

#define YAML_DEPTH 16U
#define MERGE_DEPTH 4U

struct loader {
    struct fy_parser *parser;
    struct yaml_document *document;
    struct faults *faults;
    bool stopped; /* a fault after which the rest can't be read */
};

static struct yaml_node *read_node(struct loader *loader, struct fy_event *event, unsigned int depth,
                                   struct yaml_entry *place);

static void set_place(struct fy_token *token, int *line, int *column)
{
    const struct fy_mark *mark = token == NULL ? NULL : fy_token_start_mark(token);
    *line = mark == NULL ? 1 : mark->line + 1;
    *column = mark == NULL ? 1 : mark->column + 1;
}

static void refuse_at(struct loader *loader, int line, int column, const char *text)
{
    fault_add(loader->faults, line, column, "not a configuration: %s", text);
    loader->stopped = true;
}

static void refuse(struct loader *loader, struct fy_token *token, const char *text)
{
    int line;
    int column;
    set_place(token, &line, &column);
    refuse_at(loader, line, column, text);
}

static char *token_copy(struct fy_token *token, size_t *length)
{
    size_t size = 0;
    const char *text = token == NULL ? NULL : fy_token_get_text(token, &size);
    char *copy = memory_get(size + 1U);
    if (text != NULL)
        memcpy(copy, text, size);
    if (length != NULL)
        *length = size;
    return copy;
}

static struct yaml_node *node_new(struct loader *loader, enum yaml_kind kind, struct fy_token *token,
                                  struct fy_token *anchor)
{
    struct yaml_node *node = memory_get(sizeof(*node));
    node->kind = kind;
    set_place(token, &node->line, &node->column);
    if (anchor != NULL)
        node->anchor = token_copy(anchor, NULL);
    node->others = loader->document->nodes;
    loader->document->nodes = node;
    return node;
}

static struct yaml_node *read_alias(struct loader *loader, struct fy_token *token)
{
    char *name = token_copy(token, NULL);
    struct yaml_node *node = loader->document->nodes;
    while (node != NULL && (node->anchor == NULL || strcmp(node->anchor, name) != 0))
        node = node->others;
    if (node == NULL)
        refuse(loader, token, "an alias whose anchor is not defined before it");
    free(name);
    return node;
}

static struct yaml_node *read_scalar(struct loader *loader, const struct fy_event *event)
{
    struct yaml_node *node = node_new(loader, YAML_SCALAR, event->scalar.value, event->scalar.anchor);
    node->text = token_copy(event->scalar.value, &node->length);
    node->empty = node->length == 0 && fy_token_scalar_style(event->scalar.value) == FYSS_PLAIN;
    return node;
}

static void check_duplicate(struct loader *loader, const struct yaml_node *node, const struct yaml_entry *entry)
{
    for (const struct yaml_entry *other = node->entries; other != NULL && other != entry; other = other->next) {
        if (other->key == NULL || entry->key == NULL || strcmp(other->key->text, entry->key->text) != 0)
            continue;
        char *shown = text_show(entry->key->text, entry->key->length);
        fault_add(loader->faults, entry->key->line, entry->key->column,
                  "%s: found it a second time, the first is in line %d; allowed once", shown, other->key->line);
        free(shown);
        return;
    }
}

/* Reads the value of a mapping's pair or a sequence's item. False: the collection has ended, or a fault. */
static bool read_entry(struct loader *loader, struct yaml_node *node, struct yaml_entry **tail, unsigned int depth)
{
    struct fy_event *event = fy_parser_parse(loader->parser);
    bool end = event == NULL || event->type == FYET_MAPPING_END || event->type == FYET_SEQUENCE_END;
    if (end) {
        fy_parser_event_free(loader->parser, event);
        return false;
    }
    struct yaml_entry *entry = memory_get(sizeof(*entry));
    if (node->kind == YAML_MAPPING) {
        entry->key = read_node(loader, event, depth, entry);
        if (entry->key != NULL && entry->key->kind != YAML_SCALAR) {
            refuse_at(loader, entry->line, entry->column, "a key that is not a word");
            entry->key = NULL;
        }
        event = entry->key == NULL ? NULL : fy_parser_parse(loader->parser);
    }
    if (event != NULL)
        entry->value = read_node(loader, event, depth, entry);
    if (entry->value == NULL) {
        free(entry);
        return false;
    }
    *tail = entry;
    return true;
}

static void read_entries(struct loader *loader, struct yaml_node *node, unsigned int depth)
{
    struct yaml_entry **tail = &node->entries;
    while (read_entry(loader, node, tail, depth)) {
        if (node->kind == YAML_MAPPING)
            check_duplicate(loader, node, *tail);
        tail = &(*tail)->next;
    }
}

/* Takes the event. The place where the value stands goes to *place. NULL: a fault was added or the parser stopped. */
static struct yaml_node *read_node(struct loader *loader, struct fy_event *event, unsigned int depth,
                                   struct yaml_entry *place)
{
    struct yaml_node *node = NULL;
    struct fy_token *token = NULL;
    switch (event->type) {
    case FYET_ALIAS:
        token = event->alias.anchor;
        node = read_alias(loader, token);
        break;
    case FYET_SCALAR:
        token = event->scalar.value;
        node = read_scalar(loader, event);
        break;
    case FYET_SEQUENCE_START:
        token = event->sequence_start.sequence_start;
        node = node_new(loader, YAML_SEQUENCE, token, event->sequence_start.anchor);
        break;
    case FYET_MAPPING_START:
        token = event->mapping_start.mapping_start;
        node = node_new(loader, YAML_MAPPING, token, event->mapping_start.anchor);
        break;
    default:
        break;
    }
    bool collection = event->type == FYET_SEQUENCE_START || event->type == FYET_MAPPING_START;
    if (collection && depth >= YAML_DEPTH) {
        refuse(loader, token, "lists and mappings inside each other too deeply");
        node = NULL;
    }
    if (token != NULL || place->key == NULL) {
        set_place(token, &place->line, &place->column);
    } else { /* `key:` without a value */
        place->line = place->key->line;
        place->column = place->key->column;
    }
    fy_parser_event_free(loader->parser, event);
    if (collection && node != NULL)
        read_entries(loader, node, depth + 1U);
    return node;
}

/* Documents of the stream; more than one is refused. */
static void read_stream(struct loader *loader)
{
    struct yaml_entry place = {.line = 1, .column = 1};
    struct fy_event *event;
    while (!loader->stopped && (event = fy_parser_parse(loader->parser)) != NULL) {
        bool start = event->type == FYET_DOCUMENT_START;
        bool content = event->type == FYET_SCALAR || event->type == FYET_SEQUENCE_START ||
                       event->type == FYET_MAPPING_START || event->type == FYET_ALIAS;
        if (start && loader->document->root != NULL)
            refuse(loader, event->document_start.document_start, "a second YAML document in the file");
        if (content)
            loader->document->root = read_node(loader, event, 0, &place);
        else
            fy_parser_event_free(loader->parser, event);
    }
}

static void add_parser_faults(struct loader *loader, struct fy_diag *diag)
{
    void *previous = NULL;
    const struct fy_diag_error *error = fy_diag_errors_iterate(diag, &previous);
    if (error == NULL && !loader->stopped)
        fault_add(loader->faults, 1, 1, "not YAML");
    if (error != NULL)
        fault_add(loader->faults, error->line < 1 ? 1 : error->line, error->column < 1 ? 1 : error->column,
                  "not YAML: %s", error->msg);
    loader->stopped = true;
}

/* Bytes of the UTF-8 character at text, 0: it is none, or a control character (YAML 1.2, 5.1). */
static size_t character_length(const unsigned char *text, size_t left)
{
    size_t length = text[0] < 0x80   ? 1
                    : text[0] < 0xc2 ? 0
                    : text[0] < 0xe0 ? 2
                    : text[0] < 0xf0 ? 3
                    : text[0] < 0xf5 ? 4
                                     : 0;
    if (length > left || text[0] == 0x7f || (text[0] < 0x20 && strchr("\t\n\r", text[0]) == NULL) || text[0] == 0)
        return 0;
    for (size_t i = 1; i < length; i++) {
        if ((text[i] & 0xc0) != 0x80)
            return 0;
    }
    return length;
}

/* libfyaml takes some bytes for the end of the file, so they are refused before. */
static bool check_text(struct loader *loader, const unsigned char *text, size_t length)
{
    int line = 1;
    int column = 1;
    for (size_t at = 0; at < length;) {
        size_t step = character_length(text + at, length - at);
        if (step == 0) {
            fault_add(loader->faults, line, column, "not YAML: found the byte 0x%02x, allowed UTF-8 text", text[at]);
            return false;
        }
        column = text[at] == '\n' ? 1 : column + 1;
        line += text[at] == '\n';
        at += step;
    }
    return true;
}

/* Errors are collected; what libfyaml would print in spite of that is not wanted. */
static void discard(struct fy_diag *diag, void *user, const char *text, size_t length)
{
    (void)diag;
    (void)user;
    (void)text;
    (void)length;
}

bool yaml_parse(const char *text, size_t length, struct yaml_document *document, struct faults *faults)
{
    struct fy_diag_cfg diag_cfg;
    struct loader loader = {.document = document, .faults = faults};
    *document = (struct yaml_document){.root = NULL};
    if (!check_text(&loader, (const unsigned char *)text, length))
        return false;
    fy_diag_cfg_default(&diag_cfg);
    diag_cfg.output_fn = discard;
    struct fy_diag *diag = fy_diag_create(&diag_cfg);
    struct fy_parse_cfg cfg = {.flags = FYPCF_QUIET | FYPCF_COLLECT_DIAG | FYPCF_JSON_NONE | FYPCF_DEFAULT_VERSION_1_2 |
                                        FYPCF_ALLOW_DUPLICATE_KEYS,
                               .diag = diag};
    fy_diag_set_collect_errors(diag, true);
    loader.parser = fy_parser_create(&cfg);
    if (loader.parser == NULL || fy_parser_set_string(loader.parser, text, length) != 0) {
        refuse_at(&loader, 1, 1, "libfyaml could not start");
    } else {
        read_stream(&loader);
        if (fy_parser_get_stream_error(loader.parser))
            add_parser_faults(&loader, diag);
    }
    if (loader.parser != NULL)
        fy_parser_destroy(loader.parser);
    fy_diag_destroy(diag);
    return !loader.stopped;
}

void yaml_free(struct yaml_document *document)
{
    while (document->nodes != NULL) {
        struct yaml_node *node = document->nodes;
        document->nodes = node->others;
        while (node->entries != NULL) {
            struct yaml_entry *entry = node->entries;
            node->entries = entry->next;
            free(entry);
        }
        free(node->text);
        free(node->anchor);
        free(node);
    }
    document->root = NULL;
}

static const struct yaml_entry *find_merged(const struct yaml_node *node, const char *key, unsigned int depth);

static const struct yaml_entry *find_in(const struct yaml_node *node, const char *key, unsigned int depth)
{
    if (node->kind != YAML_MAPPING)
        return NULL;
    for (const struct yaml_entry *entry = node->entries; entry != NULL; entry = entry->next) {
        if (strcmp(entry->key->text, key) == 0)
            return entry;
    }
    return depth == 0 ? NULL : find_merged(node, key, depth - 1U);
}

/* `<<: *base` or `<<: [*one, *other]`; the first that has the key wins. */
static const struct yaml_entry *find_merged(const struct yaml_node *node, const char *key, unsigned int depth)
{
    const struct yaml_entry *merge = find_in(node, "<<", 0);
    if (merge == NULL || strcmp(key, "<<") == 0)
        return NULL;
    if (merge->value->kind != YAML_SEQUENCE)
        return find_in(merge->value, key, depth);
    for (const struct yaml_entry *item = merge->value->entries; item != NULL; item = item->next) {
        const struct yaml_entry *entry = find_in(item->value, key, depth);
        if (entry != NULL)
            return entry;
    }
    return NULL;
}

const struct yaml_entry *yaml_find(const struct yaml_node *node, const char *key)
{
    return find_in(node, key, MERGE_DEPTH);
}
