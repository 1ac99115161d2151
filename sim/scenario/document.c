// document - a scenario's YAML as a tree of located nodes, with everything resolved.
//
// The only file that knows libyaml. Its events become the tree as written (document_tree.h):
// libyaml expands nothing, so a malicious file costs nothing before our own limits see it. Line and
// column of its marks are not used, since it counts NEL, LS and PS as line breaks and editors do
// not: places come from the index, which counts code points.
#include "sim/scenario/document.h"

#include <stdlib.h>
#include <string.h>

#include <yaml.h>

#include "sim/base/check.h"
#include "sim/base/utf8.h"
#include "sim/scenario/document_include.h"
#include "sim/scenario/document_params.h"
#include "sim/scenario/document_problem.h"
#include "sim/scenario/document_tree.h"

// --- From events to the tree as written
// -----------------------------------------------------------

enum {
    DOCUMENT_WRITTEN = 2 * DOCUMENT_NODES, // keys count here
    CUT_LONGEST = 1024,                    // bytes searched for the end of a value cut at a comma
};

// A collection being read.
struct level {
    struct document_tree *tree;
    bool flow;
    bool at_value;    // of a mapping: the key was read
    bool skip_value;  // the key was dropped
    size_t cut_until; // code point up to which pieces of a value cut at commas are dropped
};

struct reading {
    struct document_loader *loader;
    const struct document_source *source;
    struct document_tree *root;
    struct level levels[DOCUMENT_DEPTH];
    uint32_t depth;
    uint32_t documents;
    size_t cursor, cursor_offset; // a code point and its byte, which only move on
    bool failed;                  // reported
};

static struct place mark_place(const struct reading *reading, yaml_mark_t start, yaml_mark_t end)
{
    return document_source_place(reading->source, start.index, end.index);
}

static struct place point_place(const struct reading *reading, yaml_mark_t mark)
{
    return document_source_place(reading->source, mark.index, mark.index + 1);
}

static void report_problem(struct reading *reading, const yaml_parser_t *parser)
{
    CHECK(parser->error != YAML_MEMORY_ERROR);
    reading->failed = true;
    document_problem_report(reading->source, (struct document_problem){
                                                 .said = parser->problem,
                                                 .point = parser->problem_mark.index,
                                                 .context = parser->context,
                                                 .context_point = parser->context_mark.index,
                                             });
}

static void stop(struct reading *reading)
{
    reading->failed = true;
    reading->loader->stopped = true;
}

// Puts a node where the reader stands; what follows a value cut at a comma is left out.
static void attach(struct reading *reading, struct document_tree *tree, size_t start)
{
    if (reading->depth == 0) {
        reading->root = tree;
        return;
    }
    struct level *level = &reading->levels[reading->depth - 1];
    const bool is_value = level->tree->kind == TREE_MAPPING && level->at_value;
    const bool dropped = is_value ? level->skip_value : start < level->cut_until;
    level->skip_value = dropped && !is_value;
    level->at_value = level->tree->kind == TREE_MAPPING && !level->at_value;
    if (dropped) {
        return;
    }
    if (level->tree->last == NULL) {
        level->tree->first = tree;
    } else {
        level->tree->last->next = tree;
    }
    level->tree->last = tree;
}

static struct document_tree *take_tree(struct reading *reading, const yaml_event_t *event)
{
    struct document_loader *loader = reading->loader;
    const struct place place = mark_place(reading, event->start_mark, event->end_mark);
    if (++loader->tree_count > DOCUMENT_WRITTEN) {
        diagnostic_error(loader->diagnostics, "E0106", place, "more than %d values",
                         DOCUMENT_NODES);
        stop(reading);
        return NULL;
    }
    struct document_tree *tree = arena_take(&loader->document->arena, sizeof *tree);
    tree->place = place;
    attach(reading, tree, event->start_mark.index);
    return tree;
}

static const char *keep_text(struct reading *reading, const yaml_char_t *text)
{
    return text == NULL ? NULL : arena_text(&reading->loader->document->arena, (const char *)text);
}

static void check_tag(struct reading *reading, const yaml_char_t *tag, const char *plain,
                      yaml_mark_t mark)
{
    if (tag == NULL || strcmp((const char *)tag, "!") == 0 ||
        strcmp((const char *)tag, plain) == 0) {
        return;
    }
    static const char standard[] = "tag:yaml.org,2002:";
    const char *name = (const char *)tag;
    const bool is_standard = strncmp(name, standard, sizeof standard - 1) == 0;
    struct diagnostic *entry =
        diagnostic_error(reading->loader->diagnostics, "E0108", point_place(reading, mark),
                         "the tag `%s%s` is not allowed", is_standard ? "!!" : "",
                         is_standard ? name + sizeof standard - 1 : name);
    diagnostic_caret(entry, "types come from the field; remove the tag");
}

static void open_level(struct reading *reading, struct document_tree *tree, bool flow)
{
    if (reading->depth == DOCUMENT_DEPTH) {
        diagnostic_error(reading->loader->diagnostics, "E0105", tree->place,
                         "nested more than %d levels deep", DOCUMENT_DEPTH);
        stop(reading);
        return;
    }
    reading->levels[reading->depth++] = (struct level){.tree = tree, .flow = flow};
}

static bool in_flow(const struct reading *reading)
{
    return reading->depth > 0 && reading->levels[reading->depth - 1].flow;
}

static int open_brackets(const char *text)
{
    int open = 0;
    for (; *text != '\0'; text++) {
        open += *text == '(' ? 1 : *text == ')' ? -1 : 0;
    }
    return open;
}

// The byte of a code point at or behind the last one asked for.
static size_t move_cursor(struct reading *reading, size_t point)
{
    const struct document_source *source = reading->source;
    while (reading->cursor < point && reading->cursor_offset < source->length) {
        const size_t at = reading->cursor_offset;
        reading->cursor_offset += utf8_next(source->bytes + at, source->length - at).bytes;
        reading->cursor++;
    }
    return reading->cursor_offset;
}

// The bytes from `at` to the bracket that closes the first one, on one line; 0 if there is none.
static size_t balanced_length(const struct document_source *source, size_t at)
{
    const size_t room = source->length - at;
    const size_t end = at + (room < CUT_LONGEST ? room : CUT_LONGEST);
    int open = 0;
    for (size_t i = at; i < end && source->bytes[i] != '\n'; i++) {
        open += source->bytes[i] == '(' ? 1 : source->bytes[i] == ')' ? -1 : 0;
        if (open == 0 && source->bytes[i] == ')') {
            return i + 1 - at;
        }
    }
    return 0;
}

// A plain value inside { } or [ ] ends at a comma, also between the brackets of a call.
static void check_brackets(struct reading *reading, struct document_tree *tree, size_t start)
{
    if (!in_flow(reading) || tree->quoted || open_brackets(tree->text) <= 0) {
        return;
    }
    struct level *level = &reading->levels[reading->depth - 1];
    if (start < level->cut_until) {
        return; // a piece of a value already reported
    }
    const size_t at = move_cursor(reading, start);
    const size_t length = balanced_length(reading->source, at);
    const char *kind = level->tree->kind == TREE_MAPPING ? "{ }" : "[ ]";
    struct diagnostic *entry = diagnostic_error(reading->loader->diagnostics, "E0121", tree->place,
                                                "unbalanced `(`; the value was cut at a comma");
    if (length == 0) {
        diagnostic_caret(entry, "inside %s a comma ends a value: quote it", kind);
        return;
    }
    const char *bytes = reading->source->bytes + at;
    tree->text = arena_text_part(&reading->loader->document->arena, bytes, length);
    level->cut_until = start + diagnostic_code_points(bytes, length);
    diagnostic_caret(entry, "inside %s a comma ends a value: quote it, \"%s\"", kind, tree->text);
}

static void on_scalar(struct reading *reading, const yaml_event_t *event)
{
    struct document_tree *tree = take_tree(reading, event);
    if (tree == NULL) {
        return;
    }
    const char *bytes = (const char *)event->data.scalar.value;
    tree->text = arena_text(&reading->loader->document->arena, bytes);
    tree->anchor = keep_text(reading, event->data.scalar.anchor);
    tree->quoted =
        event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE || event->data.scalar.tag != NULL;
    check_tag(reading, event->data.scalar.tag, YAML_STR_TAG, event->start_mark);
    if (strlen(bytes) != event->data.scalar.length) {
        diagnostic_error(reading->loader->diagnostics, "E0102", tree->place,
                         "a NUL character in a text");
    }
    check_brackets(reading, tree, event->start_mark.index);
}

static void on_collection(struct reading *reading, const yaml_event_t *event)
{
    struct document_tree *tree = take_tree(reading, event);
    if (tree == NULL) {
        return;
    }
    if (event->type == YAML_SEQUENCE_START_EVENT) {
        tree->kind = TREE_SEQUENCE;
        tree->anchor = keep_text(reading, event->data.sequence_start.anchor);
        check_tag(reading, event->data.sequence_start.tag, YAML_SEQ_TAG, event->start_mark);
        open_level(reading, tree, event->data.sequence_start.style == YAML_FLOW_SEQUENCE_STYLE);
    } else {
        tree->kind = TREE_MAPPING;
        tree->anchor = keep_text(reading, event->data.mapping_start.anchor);
        check_tag(reading, event->data.mapping_start.tag, YAML_MAP_TAG, event->start_mark);
        open_level(reading, tree, event->data.mapping_start.style == YAML_FLOW_MAPPING_STYLE);
    }
}

static void on_alias(struct reading *reading, const yaml_event_t *event)
{
    struct document_tree *tree = take_tree(reading, event);
    if (tree != NULL) {
        tree->kind = TREE_ALIAS;
        tree->text = keep_text(reading, event->data.alias.anchor);
    }
}

// The place of a flow collection that ends on its first line is all of it.
static void on_end(struct reading *reading, const yaml_event_t *event)
{
    struct level *level = &reading->levels[--reading->depth];
    const struct place end = mark_place(reading, event->start_mark, event->end_mark);
    struct place *place = &level->tree->place;
    if (level->flow && end.line == place->line) {
        place->length = end.column + end.length - place->column;
    }
}

static void on_event(struct reading *reading, const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT:
        if (++reading->documents == 2) {
            diagnostic_error(reading->loader->diagnostics, "E0109",
                             point_place(reading, event->start_mark),
                             "a second document begins; a scenario is one");
            reading->failed = true;
        }
        break;
    case YAML_SCALAR_EVENT:
        on_scalar(reading, event);
        break;
    case YAML_ALIAS_EVENT:
        on_alias(reading, event);
        break;
    case YAML_SEQUENCE_START_EVENT:
    case YAML_MAPPING_START_EVENT:
        on_collection(reading, event);
        break;
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        on_end(reading, event);
        break;
    case YAML_NO_EVENT:
    case YAML_STREAM_START_EVENT:
    case YAML_STREAM_END_EVENT:
    case YAML_DOCUMENT_END_EVENT:
        break;
    }
}

static void read_events(struct reading *reading, yaml_parser_t *parser)
{
    bool done = false;
    while (!done && !reading->failed) {
        yaml_event_t event;
        if (yaml_parser_parse(parser, &event) == 0) {
            report_problem(reading, parser);
            return;
        }
        done = event.type == YAML_STREAM_END_EVENT;
        on_event(reading, &event);
        yaml_event_delete(&event);
    }
}

struct document_tree *document_tree_parse(struct document_loader *loader,
                                          const struct document_source *source)
{
    struct reading *reading = arena_take(&loader->document->arena, sizeof *reading);
    *reading = (struct reading){.loader = loader, .source = source};
    yaml_parser_t parser;
    CHECK(yaml_parser_initialize(&parser) == 1);
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser, (const unsigned char *)source->bytes, source->length);
    read_events(reading, &parser);
    yaml_parser_delete(&parser);
    if (reading->failed) {
        return NULL;
    }
    if (reading->root == NULL) {
        const struct place place = {.source = source->number};
        diagnostic_error(loader->diagnostics, "E0123", place, "the file is empty");
    }
    return reading->root;
}

// --- Loading
// --------------------------------------------------------------------------------------

static void begin(struct document *document, struct diagnostic_list *diagnostics, const char *path)
{
    *document = (struct document){.diagnostics = diagnostics};
    arena_init(&document->arena);
    document->path = arena_text(&document->arena, path);
    document->root = arena_take(&document->arena, sizeof *document->root);
    document->root->kind = DOCUMENT_MAPPING;
}

static bool load(struct document_loader *loader, struct document_bytes file,
                 const struct document_overrides *overrides)
{
    struct document *document = loader->document;
    const uint32_t errors = loader->diagnostics->errors;
    document->source =
        diagnostic_add_source(loader->diagnostics, file.name, file.bytes, file.length);
    loader->bytes_left = DOCUMENT_BYTES - file.length;
    loader->files = 1;
    document_index_init(&loader->anchors);
    document->root = document_include_file(loader, document->path, document->source);
    document_index_release(&loader->anchors);
    document_include_settle(loader, document->root);
    document->overrides_source = loader->diagnostics->source_count + 1;
    document_params_apply(document, overrides);
    return loader->diagnostics->errors == errors;
}

static void refuse_large(struct document *document)
{
    const uint32_t number = diagnostic_add_source(document->diagnostics, document->path, "", 0);
    const struct place place = {.source = number};
    document->source = number;
    diagnostic_error(document->diagnostics, "E0104", place, "the file has more than %d MiB",
                     DOCUMENT_BYTES >> 20);
}

bool document_load(struct document *document, const char *path,
                   const struct document_overrides *overrides, struct diagnostic_list *diagnostics)
{
    begin(document, diagnostics, path);
    struct document_source_content content;
    const enum document_source_outcome outcome =
        document_source_read(path, DOCUMENT_BYTES, &content);
    bool good = false;
    switch (outcome) {
    case DOCUMENT_SOURCE_FAILED:
        diagnostic_error(diagnostics, "E0100", (struct place){0}, "cannot read `%s`: %s", path,
                         content.why);
        break;
    case DOCUMENT_SOURCE_LARGE:
        refuse_large(document);
        break;
    case DOCUMENT_SOURCE_READ: {
        struct document_loader loader = {.document = document, .diagnostics = diagnostics};
        loader.chain[loader.chain_length++] = content.identity;
        const struct document_bytes file = {path, content.bytes, content.length};
        good = load(&loader, file, overrides);
        break;
    }
    }
    free(content.bytes);
    return good;
}

bool document_load_bytes(struct document *document, struct document_bytes file,
                         const struct document_overrides *overrides,
                         struct diagnostic_list *diagnostics)
{
    begin(document, diagnostics, file.name);
    if (file.length > DOCUMENT_BYTES) {
        refuse_large(document);
        return false;
    }
    struct document_loader loader = {.document = document, .diagnostics = diagnostics};
    return load(&loader, file, overrides);
}

void document_release(struct document *document)
{
    arena_release(&document->arena);
    *document = (struct document){0};
}

// --- Walking
// --------------------------------------------------------------------------------------

const struct document_node *document_peek(const struct document_node *node, const char *key)
{
    if (node == NULL || node->kind != DOCUMENT_MAPPING) {
        return NULL;
    }
    const struct document_node *member = node->first;
    while (member != NULL && strcmp(member->key, key) != 0) {
        member = member->next;
    }
    return member;
}

struct document_node *document_get(const struct document_node *node, const char *key)
{
    if (node == NULL || node->kind != DOCUMENT_MAPPING) {
        return NULL;
    }
    struct document_node *member = node->first;
    while (member != NULL && strcmp(member->key, key) != 0) {
        member = member->next;
    }
    if (member != NULL) {
        member->used = true;
    }
    return member;
}

const struct document_node *document_unused(const struct document_node *mapping,
                                            const struct document_node *previous)
{
    if (mapping == NULL || mapping->kind != DOCUMENT_MAPPING) {
        return NULL;
    }
    const struct document_node *member = previous == NULL ? mapping->first : previous->next;
    while (member != NULL && member->used) {
        member = member->next;
    }
    return member;
}

bool document_is_empty(const struct document_node *node)
{
    return node->kind == DOCUMENT_SCALAR && !node->quoted &&
           (node->text[0] == '\0' || strcmp(node->text, "~") == 0 ||
            strcmp(node->text, "null") == 0);
}

const char *document_kind_name(const struct document_node *node)
{
    static const char *const names[] = {"a single value", "a list", "a map"};
    return document_is_empty(node) ? "empty" : names[node->kind];
}

// Digits as the number of a list's item; count or more if it is none.
static uint32_t item_number(const char *text, size_t length)
{
    uint32_t number = 0;
    for (size_t i = 0; i < length; i++) {
        if (text[i] < '0' || text[i] > '9' || number > DOCUMENT_NODES) {
            return UINT32_MAX;
        }
        number = number * 10 + (uint32_t)(text[i] - '0');
    }
    return length == 0 ? UINT32_MAX : number;
}

static struct document_node *child_at(const struct document_node *node, const char *name,
                                      size_t length)
{
    const bool is_list = node->kind == DOCUMENT_SEQUENCE;
    const uint32_t wanted = is_list ? item_number(name, length) : 0;
    uint32_t number = 0;
    for (struct document_node *child = node->first; child != NULL; child = child->next) {
        const bool same =
            !is_list && strncmp(child->key, name, length) == 0 && child->key[length] == '\0';
        if (same || (is_list && number == wanted)) {
            return child;
        }
        number++;
    }
    return NULL;
}

struct document_node *document_at(const struct document *document, const char *path)
{
    struct document_node *node = document->root;
    while (node != NULL) {
        const size_t length = strcspn(path, ".");
        node = child_at(node, path, length);
        if (path[length] == '\0') {
            break;
        }
        path += length + 1;
    }
    return node;
}

struct document_node *document_param(const struct document *document, const char *name)
{
    return document_get(document_peek(document->root, "params"), name);
}

struct diagnostic *document_error(const struct document *document, const struct document_node *node,
                                  const char *code, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    struct diagnostic *entry =
        diagnostic_error_list(document->diagnostics, code, node->place, format, arguments);
    va_end(arguments);
    document_place_explain(node, entry);
    return entry;
}

struct diagnostic *document_warning(const struct document *document,
                                    const struct document_node *node, const char *code,
                                    const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    struct diagnostic *entry =
        diagnostic_warning_list(document->diagnostics, code, node->place, format, arguments);
    va_end(arguments);
    document_place_explain(node, entry);
    return entry;
}

struct diagnostic *document_key_error(const struct document *document,
                                      const struct document_node *node, const char *code,
                                      const char *format, ...)
{
    const struct place place = node->key == NULL ? node->place : node->key_place;
    va_list arguments;
    va_start(arguments, format);
    struct diagnostic *entry =
        diagnostic_error_list(document->diagnostics, code, place, format, arguments);
    va_end(arguments);
    document_place_explain(node, entry);
    return entry;
}
