// json_schema - the scenario language as JSON Schema 2020-12, made from the tables of fields.
#include "sim/scenario/json_schema.h"

#include <string.h>

#include "sim/scenario/schema.h"
#include "sim/scenario/sections.h"

// ---- texts -------------------------------------------------------------------------------------

static void add_string(struct text *out, const char *value)
{
    text_add_char(out, '"');
    for (; *value != '\0'; value++) {
        if (*value == '"' || *value == '\\') {
            text_add_char(out, '\\');
        }
        text_add_char(out, *value);
    }
    text_add_char(out, '"');
}

// A fragment written with ' for ".
static void add_fragment(struct text *out, const char *fragment)
{
    for (; *fragment != '\0'; fragment++) {
        text_add_char(out, *fragment == '\'' ? '"' : *fragment);
    }
}

static void add_description(const struct field *field, struct text *out)
{
    struct text words;
    text_init(&words);
    text_add(&words, field->meaning == NULL ? field->name : field->meaning);
    if (field->fallback != NULL) {
        text_format(&words, " (default %s)", field->fallback);
    }
    if (field->source != NULL) {
        text_format(&words, " [%s]", field->source);
    }
    text_add(out, "\"description\": ");
    add_string(out, text_get(&words));
    text_release(&words);
}

// ---- scalars -----------------------------------------------------------------------------------

#define QUANTITY(units)                                                                            \
    "'type': ['string', 'integer'], 'pattern': '^([$].+|0|[0-9.]+ ?(" units ").*|.*[(].+)$'"

// Any value may be $name, so numbers may be text.
static const char *const scalars[] = {
    [FIELD_COUNT] = "'type': ['integer', 'string'], 'pattern': '^([$].+|[0-9.]+[kMG]?)$'",
    [FIELD_COUNTS] = "'type': ['integer', 'string', 'object']",
    [FIELD_DURATION] = QUANTITY("ns|us|\xc2\xb5s|ms|s|m|h|d"),
    [FIELD_DISTRIBUTION] = "'type': ['string', 'integer', 'object']",
    [FIELD_BYTES] = "'type': ['integer', 'string'], 'pattern': '^([$].+|[0-9.]+ ?[kKMGTP]?i?B?)$'",
    [FIELD_BANDWIDTH] = QUANTITY("k|K|M|G|T|B|b"),
    [FIELD_RATE] = QUANTITY("k|M|G|/"),
    [FIELD_RATIO] = "'type': ['number', 'string']",
    [FIELD_CORES] = "'type': ['number', 'string']",
    [FIELD_NUMBER] = "'type': ['number', 'string']",
    [FIELD_BOOL] = "'type': ['boolean', 'string']",
    [FIELD_TEXT] = "'type': ['string', 'number', 'boolean']",
    [FIELD_NAME] = "'type': ['string', 'number']",
};

static void add_choices(const struct field *field, struct text *out)
{
    text_add(out, "\"anyOf\": [{\"enum\": [");
    for (const char *const *word = field->choices; *word != NULL; word++) {
        text_add(out, word == field->choices ? "" : ", ");
        add_string(out, *word);
    }
    text_add(out, "]}, {\"type\": \"string\", \"pattern\": \"^[$]\"}]");
}

static void add_scalar(const struct field *field, enum field_type type, struct text *out)
{
    if (type == FIELD_CHOICE) {
        add_choices(field, out);
    } else {
        add_fragment(out, scalars[type]);
    }
}

// ---- values with parts -------------------------------------------------------------------------

static void add_object(const struct field *fields, struct text *out);

static bool is_short(const struct field *field)
{
    return field->read != NULL && text_same(field->read, "short");
}

// A record, or a scalar for its first field.
static void add_record(const struct field *field, struct text *out)
{
    text_add(out, is_short(field) ? "{\"anyOf\": [{\"type\": [\"string\", \"number\"]}, " : "");
    add_object(field->sub, out);
    text_add(out, is_short(field) ? "]}" : "");
}

static void add_item(const struct field *field, struct text *out)
{
    if (field->sub != NULL) {
        add_record(field, out);
    } else {
        text_add(out, "{");
        add_scalar(field, field->element, out);
        text_add(out, "}");
    }
}

// A single item may stand for a list of one.
static void add_list(const struct field *field, struct text *out)
{
    text_add(out, "\"anyOf\": [{\"type\": \"array\", \"items\": ");
    add_item(field, out);
    text_add(out, "}, ");
    add_item(field, out);
    text_add(out, "]");
}

static void add_custom(const struct field *field, struct text *out)
{
    const struct schema schema = {.readers = sections_readers};
    const struct schema_reader *reader = schema_reader(&schema, field->read);
    if (text_same(field->read, "components")) {
        text_add(out, "\"type\": \"object\", \"additionalProperties\": {\"$ref\": "
                      "\"#/$defs/component\"}");
    } else if (text_same(field->read, "operations")) {
        text_add(out, "\"type\": \"object\", \"additionalProperties\": {\"$ref\": "
                      "\"#/$defs/steps\"}");
    } else if (text_same(field->read, "choose")) {
        text_add(out, "\"type\": \"object\", \"additionalProperties\": {\"$ref\": "
                      "\"#/$defs/steps\"}");
    } else if (text_same(field->read, "body")) {
        text_add(out, "\"$ref\": \"#/$defs/steps\"");
    } else if (field->sub != NULL && field->sub != sections_move) {
        text_add(out, "\"anyOf\": [{\"type\": [\"string\", \"number\", \"array\"]}, ");
        add_object(field->sub, out);
        text_add(out, "]");
    } else if (reader != NULL && !text_same(reader->json, "{}")) {
        text_add(out, "\"allOf\": [");
        add_fragment(out, reader->json);
        text_add(out, "]");
    } else {
        text_add(out, "\"$comment\": \"any form\"");
    }
}

static void add_value(const struct field *field, struct text *out)
{
    text_add(out, "{");
    add_description(field, out);
    text_add(out, ", ");
    if (field->type == FIELD_RECORD) {
        text_add(out, "\"allOf\": [");
        add_record(field, out);
        text_add(out, "]");
    } else if (field->type == FIELD_LIST) {
        add_list(field, out);
    } else if (field->type == FIELD_MAP) {
        text_add(out, "\"type\": \"object\", \"additionalProperties\": ");
        add_item(field, out);
    } else if (field->type == FIELD_CUSTOM) {
        add_custom(field, out);
    } else {
        add_scalar(field, field->type, out);
    }
    text_add(out, "}");
}

static void add_required(const struct field *fields, struct text *out)
{
    const char *comma = "";
    text_add(out, "\"required\": [");
    for (const struct field *field = fields; field->name != NULL; field++) {
        if (field->required) {
            text_add(out, comma);
            add_string(out, field->name);
            comma = ", ";
        }
    }
    text_add(out, "]");
}

static void add_properties(const struct field *fields, struct text *out)
{
    text_add(out, "\"properties\": {");
    for (const struct field *field = fields; field->name != NULL; field++) {
        text_add(out, field == fields ? "\n" : ",\n");
        add_string(out, field->name);
        text_add(out, ": ");
        add_value(field, out);
    }
    text_add(out, "}");
}

static void add_object(const struct field *fields, struct text *out)
{
    text_add(out, "{\"type\": \"object\", ");
    add_required(fields, out);
    text_add(out, ", \"additionalProperties\": false, "
                  "\"patternProperties\": {\"^x-\": {}, \"^<<$\": {}}, ");
    add_properties(fields, out);
    text_add(out, "}");
}

// ---- components --------------------------------------------------------------------------------

static bool has_own(const struct model *model, const char *name)
{
    return model->fields != NULL && schema_field(model->fields, name) != NULL;
}

// What a kind adds; the common keys that it does not hide stand in every kind's part, too.
static void add_kind(const struct model *model, struct text *out)
{
    text_add(out, "{\"if\": {\"required\": [\"kind\"], \"properties\": {\"kind\": {\"const\": ");
    add_string(out, model->kind);
    text_add(out, "}}}, \"then\": {");
    static const struct field none[] = {{0}};
    const struct field *fields = model->fields == NULL ? none : model->fields;
    add_required(fields, out);
    text_add(out, ", ");
    add_properties(fields, out);
    out->length--;
    const char *comma = fields->name == NULL ? "" : ",\n";
    for (const struct field *field = sections_component; field->name != NULL; field++) {
        if (has_own(model, field->name)) {
            continue;
        }
        text_add(out, comma);
        add_string(out, field->name);
        text_format(out, ": {\"$ref\": \"#/$defs/common/properties/%s\"}", field->name);
        comma = ",\n";
    }
    text_add(out, "}}}");
}

static void add_component(const struct catalog *catalog, struct text *out)
{
    text_add(out, "\"component\": {\"type\": \"object\", \"required\": [\"kind\"], "
                  "\"patternProperties\": {\"^x-\": {}, \"^<<$\": {}}, "
                  "\"properties\": {\"kind\": {\"description\": \"its model\", \"enum\": [");
    for (const struct model *const *model = catalog->models; *model != NULL; model++) {
        text_add(out, model == catalog->models ? "" : ", ");
        add_string(out, (*model)->kind);
    }
    text_add(out, "]}}, \"unevaluatedProperties\": false, \"allOf\": [");
    for (const struct model *const *model = catalog->models; *model != NULL; model++) {
        text_add(out, model == catalog->models ? "\n" : ",\n");
        add_kind(*model, out);
    }
    text_add(out, "]},\n\"common\": ");
    add_object(sections_component, out);
}

static void add_steps(struct text *out)
{
    text_add(out, ",\n\"steps\": {\"anyOf\": [{\"type\": \"array\", \"items\": {\"$ref\": "
                  "\"#/$defs/step\"}}, {\"$ref\": \"#/$defs/step\"}]},\n"
                  "\"step\": {\"type\": \"object\", \"minProperties\": 1, \"maxProperties\": 1, "
                  "\"additionalProperties\": false, ");
    add_properties(sections_steps, out);
    text_add(out, "}");
}

void json_schema(const struct catalog *catalog, struct text *out)
{
    text_add(out, "{\"$schema\": \"https://json-schema.org/draft/2020-12/schema\",\n"
                  "\"title\": \"orrery scenario v1\",\n\"allOf\": [");
    add_object(sections_top, out);
    text_add(out, "],\n\"$defs\": {");
    add_component(catalog, out);
    add_steps(out);
    text_add(out, "}}\n");
}
