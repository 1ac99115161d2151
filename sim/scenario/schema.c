// schema - a mapping of the document decoded into structs by tables of fields, all mistakes at
// once.
#include "sim/scenario/schema.h"

#include <string.h>

#include "sim/base/check.h"
#include "sim/base/suggest.h"
#include "sim/base/text.h"
#include "sim/scenario/read_value.h"

const struct field *schema_field(const struct field *fields, const char *name)
{
    for (const struct field *field = fields; field != NULL && field->name != NULL; field++) {
        if (text_same(field->name, name)) {
            return field;
        }
    }
    return NULL;
}

const struct schema_reader *schema_reader(const struct schema *schema, const char *name)
{
    for (const struct schema_reader *reader = schema->readers; reader->name != NULL; reader++) {
        if (text_same(reader->name, name)) {
            return reader;
        }
    }
    return NULL;
}

const struct document_node *schema_scalar(struct schema *schema, const struct document_node *near,
                                          const char *text)
{
    struct document_node *node = arena_take(&schema->document->arena, sizeof *node);
    *node = (struct document_node){
        .kind = DOCUMENT_SCALAR,
        .text = text,
        .place = near->place,
        .key = near->key,
        .key_place = near->key_place,
        .use = near->use,
    };
    return node;
}

static struct schema_mapping record_mapping(struct schema *schema, const struct document_node *node,
                                            const struct field *field, void *record)
{
    const char *name = node->key != NULL ? node->key : field->name;
    return (struct schema_mapping){
        .node = node,
        .what = arena_format(&schema->document->arena, "`%s`", name),
        .parts = {{field->sub, record}},
    };
}

static bool read_record(struct schema *schema, const struct document_node *node,
                        const struct field *field, void *record)
{
    const bool is_short = field->read != NULL && text_same(field->read, "short");
    if (is_short && node->kind == DOCUMENT_SCALAR && !document_is_empty(node)) {
        schema_read_fallbacks(schema, node, field->sub, record);
        return schema_read_field(schema, node, &field->sub[0],
                                 (char *)record + field->sub[0].offset);
    }
    const struct schema_mapping mapping = record_mapping(schema, node, field, record);
    return schema_read(schema, &mapping);
}

static bool read_element(struct schema *schema, const struct document_node *node,
                         const struct field *field, void *item)
{
    if (field->sub != NULL) {
        return read_record(schema, node, field, item);
    }
    return schema_scalar_read(schema, node, field, field->element, item);
}

static size_t element_size(const struct field *field)
{
    return field->sub != NULL ? field->size : schema_size(field->element, field);
}

// A single element may stand for a list of one.
static bool read_list(struct schema *schema, const struct document_node *node,
                      const struct field *field, struct field_list *list)
{
    const size_t size = element_size(field);
    const bool alone = node->kind == (field->sub != NULL ? DOCUMENT_MAPPING : DOCUMENT_SCALAR);
    if (!alone && !read_value_is(schema->document, node, DOCUMENT_SEQUENCE, field->meaning)) {
        return false;
    }
    list->count = alone ? 1 : node->count;
    list->items = arena_take_array(&schema->document->arena, list->count, size);
    if (alone) {
        return read_element(schema, node, field, list->items);
    }
    bool good = true;
    char *item = list->items;
    for (const struct document_node *child = node->first; child != NULL; child = child->next) {
        good = read_element(schema, child, field, item) && good;
        item += size;
    }
    return good;
}

static bool read_map(struct schema *schema, const struct document_node *node,
                     const struct field *field, struct field_map *map)
{
    const size_t size = element_size(field);
    if (!read_value_is(schema->document, node, DOCUMENT_MAPPING, field->meaning)) {
        return false;
    }
    struct arena *arena = &schema->document->arena;
    map->count = node->count;
    map->names = arena_take_array(arena, node->count, sizeof *map->names);
    map->items = arena_take_array(arena, node->count, size);
    bool good = true;
    uint32_t index = 0;
    for (struct document_node *child = node->first; child != NULL; child = child->next) {
        child->used = true;
        map->names[index] = child->key;
        good = read_element(schema, child, field, (char *)map->items + index * size) && good;
        index++;
    }
    return good;
}

static bool read_custom(struct schema *schema, const struct document_node *node,
                        const struct field *field, void *value)
{
    const struct schema_reader *reader =
        field->read == NULL ? NULL : schema_reader(schema, field->read);
    if (reader != NULL && reader->read != NULL) {
        return reader->read(schema, node, field, value);
    }
    *(const struct document_node **)value = node;
    return true;
}

bool schema_read_field(struct schema *schema, const struct document_node *node,
                       const struct field *field, void *value)
{
    switch (field->type) {
    case FIELD_RECORD:
        return read_record(schema, node, field, value);
    case FIELD_LIST:
        return read_list(schema, node, field, value);
    case FIELD_MAP:
        return read_map(schema, node, field, value);
    case FIELD_CUSTOM:
        return read_custom(schema, node, field, value);
    case FIELD_END:
    case FIELD_COUNT:
    case FIELD_COUNTS:
    case FIELD_DURATION:
    case FIELD_DISTRIBUTION:
    case FIELD_BYTES:
    case FIELD_BANDWIDTH:
    case FIELD_RATE:
    case FIELD_RATIO:
    case FIELD_CORES:
    case FIELD_NUMBER:
    case FIELD_BOOL:
    case FIELD_TEXT:
    case FIELD_NAME:
    case FIELD_CHOICE:
        break;
    }
    return schema_scalar_read(schema, node, field, field->type, value);
}

static void read_fallback(struct schema *schema, const struct document_node *node,
                          const struct field *field, void *value)
{
    if (field->type == FIELD_RECORD) {
        schema_read_fallbacks(schema, node, field->sub, value);
    } else if (field->fallback != NULL && field->type != FIELD_LIST && field->type != FIELD_MAP) {
        const bool good =
            schema_read_field(schema, schema_scalar(schema, node, field->fallback), field, value);
        CHECK(good);
    }
}

void schema_read_fallbacks(struct schema *schema, const struct document_node *node,
                           const struct field *fields, void *record)
{
    for (const struct field *field = fields; field != NULL && field->name != NULL; field++) {
        read_fallback(schema, node, field, (char *)record + field->offset);
    }
}

// ---- keys --------------------------------------------------------------------------------------

static const struct field *find(const struct schema_mapping *mapping, const char *key,
                                uint32_t before)
{
    for (uint32_t part = 0; part < before && mapping->parts[part].fields != NULL; part++) {
        const struct field *field = schema_field(mapping->parts[part].fields, key);
        if (field != NULL) {
            return field;
        }
    }
    return NULL;
}

enum { KEYS_SHOWN = 12, KEYS = 128 };

// The keys that are not given yet, in the order of the tables.
static size_t allowed_keys(const struct schema_mapping *mapping, const char *keys[KEYS])
{
    size_t count = 0;
    for (uint32_t part = 0; part < SCHEMA_PARTS && mapping->parts[part].fields != NULL; part++) {
        const struct field *field = mapping->parts[part].fields;
        for (; field->name != NULL && count < KEYS; field++) {
            if (find(mapping, field->name, part) == NULL) {
                keys[count++] = field->name;
            }
        }
    }
    return count;
}

static void help_keys(const struct schema_mapping *mapping, struct diagnostic *entry,
                      const char *const *keys, size_t count)
{
    struct text list;
    text_init(&list);
    for (size_t i = 0; i < count && i < KEYS_SHOWN; i++) {
        text_format(&list, "%s%s", i > 0 ? ", " : "", keys[i]);
    }
    if (count > KEYS_SHOWN) {
        text_add(&list, ", ...");
    }
    if (mapping->explain != NULL) {
        text_format(&list, "  (orrery explain %s)", mapping->explain);
    }
    diagnostic_help(entry, "keys allowed here: %s", text_get(&list));
    text_release(&list);
}

static void complain_unknown(struct schema *schema, const struct schema_mapping *mapping,
                             const struct document_node *node)
{
    const char *keys[KEYS];
    const size_t count = allowed_keys(mapping, keys);
    const char *near = suggest_nearest(node->key, keys, count);
    struct diagnostic *entry = document_key_error(
        schema->document, node, "E0107", "unknown key `%s` in %s", node->key, mapping->what);
    if (near != NULL) {
        diagnostic_caret(entry, "did you mean `%s`?", near);
    } else {
        diagnostic_caret(entry, "not a key of %s", mapping->what);
    }
    help_keys(mapping, entry, keys, count);
}

static bool read_key(struct schema *schema, const struct schema_mapping *mapping,
                     const struct field *field, void *record)
{
    void *value = (char *)record + field->offset;
    const struct document_node *node = document_get(mapping->node, field->name);
    if (node != NULL && schema_is_lost(node)) {
        read_fallback(schema, mapping->node, field, value);
        return false;
    }
    if (node != NULL && document_is_empty(node) && field->type != FIELD_CUSTOM) {
        diagnostic_caret(
            document_key_error(schema->document, node, "E0125", "`%s` has no value", field->name),
            "expected %s", schema_type_name(field->type));
        return false;
    }
    if (node != NULL) {
        if (field->type != FIELD_RECORD) {
            read_fallback(schema, mapping->node, field, value);
        }
        return schema_read_field(schema, node, field, value);
    }
    if (field->required) {
        struct diagnostic *entry = document_key_error(schema->document, mapping->node, "E0124",
                                                      "%s needs `%s`", mapping->what, field->name);
        diagnostic_help(entry, "%s: %s", field->name, field->meaning);
        return false;
    }
    read_fallback(schema, mapping->node, field, value);
    return true;
}

static bool read_part(struct schema *schema, const struct schema_mapping *mapping, uint32_t number)
{
    const struct schema_part *part = &mapping->parts[number];
    bool good = true;
    for (const struct field *field = part->fields; field->name != NULL; field++) {
        if (find(mapping, field->name, number) == NULL) {
            good = read_key(schema, mapping, field, part->record) && good;
        }
    }
    return good;
}

bool schema_read(struct schema *schema, const struct schema_mapping *mapping)
{
    if (!read_value_is(schema->document, mapping->node, DOCUMENT_MAPPING, mapping->what)) {
        for (uint32_t i = 0; i < SCHEMA_PARTS && mapping->parts[i].fields != NULL; i++) {
            schema_read_fallbacks(schema, mapping->node, mapping->parts[i].fields,
                                  mapping->parts[i].record);
        }
        return false;
    }
    bool good = true;
    for (uint32_t i = 0; i < SCHEMA_PARTS && mapping->parts[i].fields != NULL; i++) {
        good = read_part(schema, mapping, i) && good;
    }
    const struct document_node *unknown = document_unused(mapping->node, NULL);
    for (; unknown != NULL; unknown = document_unused(mapping->node, unknown)) {
        if (find(mapping, unknown->key, SCHEMA_PARTS) == NULL) {
            complain_unknown(schema, mapping, unknown);
            good = false;
        }
    }
    return good;
}
