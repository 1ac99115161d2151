// schema_scalar - values without parts: numbers with units, laws, words; and their bounds.
#include <string.h>

#include "sim/base/check.h"
#include "sim/base/units_format.h"

#include "sim/kernel/distribution.h"
#include "sim/scenario/read_distribution.h"
#include "sim/scenario/read_value.h"
#include "sim/scenario/schema.h"

static const struct {
    size_t size;
    const char *name;
} types[] = {
    [FIELD_COUNT] = {sizeof(uint64_t), "a count"},
    [FIELD_COUNTS] = {sizeof(struct distribution), "a law of counts"},
    [FIELD_DURATION] = {sizeof(int64_t), "a duration"},
    [FIELD_DISTRIBUTION] = {sizeof(struct distribution), "a law of durations"},
    [FIELD_BYTES] = {sizeof(uint64_t), "bytes"},
    [FIELD_BANDWIDTH] = {sizeof(double), "a bandwidth"},
    [FIELD_RATE] = {sizeof(double), "a rate"},
    [FIELD_RATIO] = {sizeof(double), "a ratio"},
    [FIELD_CORES] = {sizeof(double), "cores"},
    [FIELD_NUMBER] = {sizeof(double), "a number"},
    [FIELD_BOOL] = {sizeof(bool), "true or false"},
    [FIELD_TEXT] = {sizeof(const char *), "text"},
    [FIELD_NAME] = {sizeof(const char *), "a name"},
    [FIELD_CHOICE] = {sizeof(int), "a word"},
    [FIELD_RECORD] = {0, "a map"},
    [FIELD_LIST] = {sizeof(struct field_list), "a list"},
    [FIELD_MAP] = {sizeof(struct field_map), "a map by name"},
    [FIELD_CUSTOM] = {sizeof(const void *), "a value of its own form"},
};

const char *schema_type_name(enum field_type type)
{
    CHECK(type > FIELD_END && type <= FIELD_CUSTOM);
    return types[type].name;
}

size_t schema_size(enum field_type type, const struct field *field)
{
    CHECK(type > FIELD_END && type <= FIELD_CUSTOM);
    if (type == FIELD_RECORD) {
        return field->size;
    }
    return type == FIELD_CUSTOM && field->size > 0 ? field->size : types[type].size;
}

// The number to hold against the bounds: ns, bytes, cores, ...; of a law its mean.
static double magnitude(enum field_type type, const void *value)
{
    switch (type) {
    case FIELD_COUNT:
    case FIELD_BYTES:
        return (double)*(const uint64_t *)value;
    case FIELD_DURATION:
        return (double)*(const int64_t *)value;
    case FIELD_COUNTS:
    case FIELD_DISTRIBUTION:
        return distribution_mean(value);
    case FIELD_BANDWIDTH:
    case FIELD_RATE:
    case FIELD_RATIO:
    case FIELD_CORES:
    case FIELD_NUMBER:
        return *(const double *)value;
    case FIELD_END:
    case FIELD_BOOL:
    case FIELD_TEXT:
    case FIELD_NAME:
    case FIELD_CHOICE:
    case FIELD_RECORD:
    case FIELD_LIST:
    case FIELD_MAP:
    case FIELD_CUSTOM:
        return 0;
    }
    return 0;
}

// A bound as its field's unit writes it.
static const char *bound(char buffer[UNITS_FORMAT_ROOM], enum field_type type, double value)
{
    if (type == FIELD_DURATION || type == FIELD_DISTRIBUTION) {
        return units_format_exact(buffer, UNITS_FORMAT_ROOM, (int64_t)value);
    }
    if (type == FIELD_BYTES) {
        return units_format_bytes(buffer, UNITS_FORMAT_ROOM, value);
    }
    return units_format_shortest(buffer, UNITS_FORMAT_ROOM, value);
}

static bool within(struct schema *schema, const struct document_node *node,
                   const struct field *field, enum field_type type, const void *value)
{
    const double number = magnitude(type, value);
    const bool ratio = type == FIELD_RATIO && field->maximum == 0;
    const double maximum = ratio ? 1 : field->maximum;
    char text[UNITS_FORMAT_ROOM];
    if (number < field->minimum) {
        diagnostic_caret(
            document_error(schema->document, node, "E0212", "`%s` is too small", field->name),
            "at least %s", bound(text, type, field->minimum));
        return false;
    }
    if (maximum > 0 && number > maximum) {
        diagnostic_caret(
            document_error(schema->document, node, "E0212", "`%s` is too large", field->name),
            "at most %s", ratio ? "100%" : bound(text, type, maximum));
        return false;
    }
    return true;
}

static bool read_raw(struct schema *schema, const struct document_node *node,
                     const struct field *field, enum field_type type, void *value)
{
    struct document *document = schema->document;
    switch (type) {
    case FIELD_COUNT:
        return read_value_count(document, node, value);
    case FIELD_COUNTS:
        return read_distribution(document, node, READ_VALUE_COUNT, value);
    case FIELD_DURATION:
        return read_value_duration(document, node, value);
    case FIELD_DISTRIBUTION:
        return read_distribution(document, node, READ_VALUE_DURATION, value);
    case FIELD_BYTES:
        return read_value_bytes(document, node, value);
    case FIELD_BANDWIDTH:
        return read_value_bandwidth(document, node, value);
    case FIELD_RATE:
        return read_value_rate(document, node, value);
    case FIELD_RATIO:
        return read_value_ratio(document, node, value);
    case FIELD_CORES:
        return read_value_cores(document, node, value);
    case FIELD_NUMBER:
        return read_value_number(document, node, value);
    case FIELD_BOOL:
        return read_value_boolean(document, node, value);
    case FIELD_TEXT:
        return read_value_text(document, node, value);
    case FIELD_NAME:
        return read_value_name(document, node, value);
    case FIELD_CHOICE:
        return read_value_choice(document, node, field->choices, value);
    case FIELD_END:
    case FIELD_RECORD:
    case FIELD_LIST:
    case FIELD_MAP:
    case FIELD_CUSTOM:
        break;
    }
    CHECK(!"a scalar type");
    return false;
}

// A parameter that is still there is unknown, and has been complained of; `$peak/s` is none.
bool schema_is_lost(const struct document_node *node)
{
    return node->kind == DOCUMENT_SCALAR && !node->quoted &&
           (document_is_param(node->text) || (node->text[0] == '\0' && node->place.length > 1));
}

bool schema_scalar_read(struct schema *schema, const struct document_node *node,
                        const struct field *field, enum field_type type, void *value)
{
    struct distribution room = {0}; // the largest of the scalar types
    const bool good = !schema_is_lost(node) && read_raw(schema, node, field, type, &room) &&
                      within(schema, node, field, type, &room);
    if (good) {
        CHECK(schema_size(type, field) <= sizeof room);
        memcpy(value, &room, schema_size(type, field));
    }
    return good;
}
