// schema - a mapping of the document decoded into structs by tables of fields, all mistakes at
// once.
//
// One mapping may be described by several tables (a component: the common part and its model's
// own); a key of an earlier table hides the same key of a later one. Absent keys take their
// fallback through the same readers. Unknown keys are E0107, missing ones E0124, values out of
// range E0212. A RECORD (or an element of a LIST or MAP of records) whose `read` is "short" may be
// written as a scalar, which is then its first field: `pools: {db: 20}`.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "sim/engine/field.h"
#include "sim/scenario/document.h"

struct schema;

typedef bool schema_read_value(struct schema *schema, const struct document_node *node,
                               const struct field *field, void *value);

// A reader of FIELD_CUSTOM, found by its name. Without `read` the value is the located node itself
// (const struct document_node *), for what can only be resolved later.
struct schema_reader {
    const char *name;
    schema_read_value *read;
    const char *forms; // what may stand there, for people
    const char *json;  // JSON Schema of it, with ' for "
};

struct schema {
    struct document *document;
    const struct schema_reader *readers; // ends with name NULL
    void *owner;                         // the readers'
};

enum { SCHEMA_PARTS = 3 };

struct schema_part {
    const struct field *fields; // ends with name NULL
    void *record;
};

struct schema_mapping {
    const struct document_node *node;
    const char *what;                       // "component `orders`"
    const char *explain;                    // path for `orrery explain`: "components.*"; NULL: none
    struct schema_part parts[SCHEMA_PARTS]; // ends with fields NULL
};

// False after adding errors. What could be read is in the records all the same.
bool schema_read(struct schema *schema, const struct schema_mapping *mapping);

// One value by its field, as schema_read does for a key; `node` may be of any kind.
bool schema_read_field(struct schema *schema, const struct document_node *node,
                       const struct field *field, void *value);

// Fills a record with the fallbacks of its fields, as if nothing had been written at `node`.
void schema_read_fallbacks(struct schema *schema, const struct document_node *node,
                           const struct field *fields, void *record);

const struct schema_reader *schema_reader(const struct schema *schema, const char *name);

// Bytes that one value of the field takes in its record or in a list.
size_t schema_size(enum field_type type, const struct field *field);

// "a duration", "one of fifo, lifo", ...: what the field expects.
const char *schema_type_name(enum field_type type);

// The field of that name, NULL if there is none.
const struct field *schema_field(const struct field *fields, const char *name);

// A scalar that stands nowhere of its own, for a text of ours (a fallback) read at `near`.
const struct document_node *schema_scalar(struct schema *schema, const struct document_node *near,
                                          const char *text);

// An unknown alias or parameter: the document has said so, and there is nothing to read.
bool schema_is_lost(const struct document_node *node);

// The scalar readers (schema_scalar.c); after errors the value is untouched. `type` is neither
// RECORD, LIST, MAP nor CUSTOM.
bool schema_scalar_read(struct schema *schema, const struct document_node *node,
                        const struct field *field, enum field_type type, void *value);
