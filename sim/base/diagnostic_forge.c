// diagnostic_forge - a sorted list of diagnostics for programs: JSON, GitHub, SARIF 2.1.0.
#include "sim/base/diagnostic_forge.h"

#include <string.h>

#include "sim/base/diagnostic_codes.h"
#include "sim/base/utf8.h"

enum { FORGE_ANNOTATIONS = 10 };

static bool is_error(const struct diagnostic *entry)
{
    return entry->severity == DIAGNOSTIC_ERROR || entry->denied;
}

static const char *severity_word(const struct diagnostic *entry)
{
    return is_error(entry) ? "error" : "warning";
}

static void add_json_point(struct text *out, const char *bytes, struct utf8_point point)
{
    if (!point.valid) {
        text_add(out, "\\ufffd");
    } else if (point.value == '"' || point.value == '\\') {
        text_add_char(out, '\\');
        text_add_char(out, (char)point.value);
    } else if (point.value == '\n') {
        text_add(out, "\\n");
    } else if (point.value < 0x20 || point.value == 0x7F) {
        text_format(out, "\\u%04x", (unsigned)point.value);
    } else {
        text_add_part(out, bytes, point.bytes);
    }
}

static void add_string(struct text *out, const char *string)
{
    if (string == NULL) {
        text_add(out, "null");
        return;
    }
    size_t left = strlen(string);
    text_add_char(out, '"');
    while (left > 0) {
        const struct utf8_point point = utf8_next(string, left);
        add_json_point(out, string, point);
        string += point.bytes;
        left -= point.bytes;
    }
    text_add_char(out, '"');
}

static void add_member(struct text *out, const char *key, const char *value)
{
    text_format(out, "\"%s\": ", key);
    add_string(out, value);
}

static const char *title_of(const char *code)
{
    const struct diagnostic_code *known = diagnostic_codes_find(code);
    return known == NULL ? code : known->title;
}

static const char *file_of(const struct diagnostic_list *list, struct place place)
{
    const struct diagnostic_source *source = diagnostic_source(list, place.source);
    return source == NULL ? NULL : source->name;
}

static void add_json_place(const struct diagnostic_list *list, struct place place, struct text *out)
{
    add_member(out, "file", file_of(list, place));
    text_format(out, ", \"line\": %u, \"column\": %u, \"length\": %u", place.line, place.column,
                place.length);
}

static void add_json_remarks(const struct diagnostic *entry, bool helps, struct text *out)
{
    const char *comma = "";
    text_format(out, ", \"%s\": [", helps ? "helps" : "notes");
    for (const struct diagnostic_remark *remark = entry->remarks; remark != NULL;
         remark = remark->next) {
        if (remark->is_help == helps) {
            text_add(out, comma);
            add_string(out, remark->text);
            comma = ", ";
        }
    }
    text_add_char(out, ']');
}

static void add_json_labels(const struct diagnostic *entry, struct text *out)
{
    text_add(out, ", \"labels\": [");
    for (const struct diagnostic_label *label = entry->labels; label != NULL; label = label->next) {
        text_add_char(out, '{');
        add_json_place(entry->list, label->place, out);
        text_add(out, ", ");
        add_member(out, "text", label->text);
        text_add(out, label->next == NULL ? "}" : "}, ");
    }
    text_add_char(out, ']');
}

static void add_json_includes(const struct diagnostic *entry, struct text *out)
{
    const char *comma = "";
    text_add(out, ", \"included_from\": [");
    const struct diagnostic_source *source = diagnostic_source(entry->list, entry->place.source);
    while (source != NULL && source->included_from.source != 0) {
        text_format(out, "%s{", comma);
        add_json_place(entry->list, source->included_from, out);
        text_add_char(out, '}');
        source = diagnostic_source(entry->list, source->included_from.source);
        comma = ", ";
    }
    text_add_char(out, ']');
}

static void add_json_entry(const struct diagnostic *entry, struct text *out)
{
    text_add(out, "\n    {");
    add_member(out, "severity", severity_word(entry));
    text_add(out, ", ");
    add_member(out, "code", entry->code);
    text_add(out, ", ");
    add_member(out, "title", title_of(entry->code));
    text_add(out, ", ");
    add_json_place(entry->list, entry->place, out);
    text_add(out, ", ");
    add_member(out, "message", entry->message);
    text_add(out, ", ");
    add_member(out, "caret", entry->caret);
    add_json_labels(entry, out);
    add_json_remarks(entry, false, out);
    add_json_remarks(entry, true, out);
    add_json_includes(entry, out);
    text_add_char(out, '}');
}

void diagnostic_forge_json(const struct diagnostic_list *list, struct text *out)
{
    text_add(out, "{\n  \"schema\": \"orrery.diagnostics/1\",\n  \"diagnostics\": [");
    for (uint32_t i = 0; i < list->count; i++) {
        text_add(out, i == 0 ? "" : ",");
        add_json_entry(list->entries[i], out);
    }
    text_add(out, list->count == 0 ? "],\n" : "\n  ],\n");
    text_format(out, "  \"errors\": %u,\n  \"warnings\": %u\n}\n", list->errors, list->warnings);
}

// Escapes of workflow commands: % CR LF everywhere, : and , also in properties.
static void add_command_text(struct text *out, const char *string, bool property)
{
    for (const char *at = string; *at != '\0'; at++) {
        const bool special = *at == '%' || *at == '\r' || *at == '\n';
        if (special || (property && (*at == ':' || *at == ','))) {
            text_format(out, "%%%02X", (unsigned)(unsigned char)*at);
        } else {
            text_add_char(out, *at);
        }
    }
}

static void add_command_message(const struct diagnostic *entry, struct text *out)
{
    add_command_text(out, entry->message, false);
    if (entry->caret != NULL) {
        text_add(out, "%0A");
        add_command_text(out, entry->caret, false);
    }
    for (const struct diagnostic_remark *remark = entry->remarks; remark != NULL;
         remark = remark->next) {
        text_add(out, remark->is_help ? "%0Ahelp: " : "%0Anote: ");
        add_command_text(out, remark->text, false);
    }
}

static void add_command(const struct diagnostic *entry, struct text *out)
{
    const struct place place = entry->place;
    const char *file = file_of(entry->list, place);
    text_format(out, "::%s ", severity_word(entry));
    if (file != NULL) {
        text_add(out, "file=");
        add_command_text(out, file, true);
        text_add_char(out, ',');
    }
    if (file != NULL && place.line != 0) {
        const uint32_t length = place.length == 0 ? 1 : place.length;
        text_format(out, "line=%u,col=%u,endColumn=%u,", place.line, place.column,
                    place.column + length);
    }
    text_format(out, "title=%s", entry->code);
    text_add(out, "::");
    add_command_message(entry, out);
    text_add_char(out, '\n');
}

// One annotation for all entries of a severity from number `first` on.
static void add_rest(const struct diagnostic_list *list, bool errors, uint32_t first,
                     struct text *out)
{
    uint32_t seen = 0;
    text_format(out, "::%s title=more::", errors ? "error" : "warning");
    for (uint32_t i = 0; i < list->count; i++) {
        const struct diagnostic *entry = list->entries[i];
        if (is_error(entry) != errors || seen++ < first) {
            continue;
        }
        text_add(out, seen == first + 1 ? "" : "%0A");
        const char *file = file_of(list, entry->place);
        add_command_text(out, file == NULL ? "orrery" : file, false);
        text_format(out, ":%u:%u: [%s] ", entry->place.line, entry->place.column, entry->code);
        add_command_text(out, entry->message, false);
    }
    text_add_char(out, '\n');
}

static void add_commands(const struct diagnostic_list *list, bool errors, struct text *out)
{
    uint32_t total = 0;
    for (uint32_t i = 0; i < list->count; i++) {
        total += is_error(list->entries[i]) == errors;
    }
    const uint32_t single = total <= FORGE_ANNOTATIONS ? total : FORGE_ANNOTATIONS - 1;
    uint32_t shown = 0;
    for (uint32_t i = 0; i < list->count && shown < single; i++) {
        if (is_error(list->entries[i]) == errors) {
            add_command(list->entries[i], out);
            shown++;
        }
    }
    if (single < total) {
        add_rest(list, errors, single, out);
    }
}

void diagnostic_forge_github(const struct diagnostic_list *list, struct text *out)
{
    add_commands(list, true, out);
    add_commands(list, false, out);
}

// A relative reference: everything but unreserved characters and / is encoded.
static void add_uri(struct text *out, const char *path)
{
    static const char kept[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/";
    text_add_char(out, '"');
    for (const char *at = path; *at != '\0'; at++) {
        if (strchr(kept, *at) != NULL) {
            text_add_char(out, *at);
        } else {
            text_format(out, "%%%02X", (unsigned)(unsigned char)*at);
        }
    }
    text_add_char(out, '"');
}

static void add_sarif_location(const struct diagnostic_list *list, struct place place,
                               const char *message, struct text *out)
{
    text_add(out, "{\"physicalLocation\": {\"artifactLocation\": {\"uri\": ");
    add_uri(out, file_of(list, place));
    text_add_char(out, '}');
    if (place.line != 0) {
        text_format(out,
                    ", \"region\": {\"startLine\": %u, \"startColumn\": %u, \"endColumn\": %u}",
                    place.line, place.column, place.column + place.length);
    }
    text_add_char(out, '}');
    if (message != NULL) {
        text_add(out, ", \"message\": {");
        add_member(out, "text", message);
        text_add_char(out, '}');
    }
    text_add_char(out, '}');
}

static void add_sarif_message(const struct diagnostic *entry, struct text *out)
{
    struct text message;
    text_init(&message);
    text_add(&message, entry->message);
    if (entry->caret != NULL) {
        text_format(&message, "; %s", entry->caret);
    }
    for (const struct diagnostic_remark *remark = entry->remarks; remark != NULL;
         remark = remark->next) {
        text_format(&message, "\n%s", remark->text);
    }
    text_add(out, "\"message\": {");
    add_member(out, "text", text_get(&message));
    text_add_char(out, '}');
    text_release(&message);
}

static void add_sarif_result(const struct diagnostic *entry, struct text *out)
{
    text_add(out, "\n      {");
    add_member(out, "ruleId", entry->code);
    text_add(out, ", ");
    add_member(out, "level", severity_word(entry));
    text_add(out, ", ");
    add_sarif_message(entry, out);
    if (entry->place.source != 0) {
        text_add(out, ", \"locations\": [");
        add_sarif_location(entry->list, entry->place, NULL, out);
        text_add_char(out, ']');
    }
    if (entry->labels != NULL) {
        text_add(out, ", \"relatedLocations\": [");
        for (const struct diagnostic_label *label = entry->labels; label != NULL;
             label = label->next) {
            add_sarif_location(entry->list, label->place, label->text, out);
            text_add(out, label->next == NULL ? "" : ", ");
        }
        text_add_char(out, ']');
    }
    text_add_char(out, '}');
}

static bool is_reported(const struct diagnostic_list *list, const char *code)
{
    for (uint32_t i = 0; i < list->count; i++) {
        if (strcmp(list->entries[i]->code, code) == 0) {
            return true;
        }
    }
    return false;
}

static void add_sarif_rules(const struct diagnostic_list *list, struct text *out)
{
    const char *comma = "";
    for (size_t i = 0; diagnostic_codes_at(i) != NULL; i++) {
        const struct diagnostic_code *code = diagnostic_codes_at(i);
        if (!is_reported(list, code->code)) {
            continue;
        }
        text_format(out, "%s\n        {", comma);
        add_member(out, "id", code->code);
        text_add(out, ", \"shortDescription\": {");
        add_member(out, "text", code->title);
        text_add(out, "}, \"help\": {");
        add_member(out, "text", code->text);
        text_add(out, "}}");
        comma = ",";
    }
}

void diagnostic_forge_sarif(const struct diagnostic_list *list, struct text *out)
{
    text_add(out, "{\n  \"$schema\": \"https://json.schemastore.org/sarif-2.1.0.json\",\n"
                  "  \"version\": \"2.1.0\",\n  \"runs\": [{\n"
                  "    \"tool\": {\"driver\": {\"name\": \"orrery\", \"rules\": [");
    add_sarif_rules(list, out);
    text_add(out, "\n    ]}},\n    \"columnKind\": \"unicodeCodePoints\",\n    \"results\": [");
    for (uint32_t i = 0; i < list->count; i++) {
        text_add(out, i == 0 ? "" : ",");
        add_sarif_result(list->entries[i], out);
    }
    text_add(out, "\n    ]\n  }]\n}\n");
}
