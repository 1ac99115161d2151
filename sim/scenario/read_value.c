// read_value - a scalar node as a typed value, or a located diagnostic that says what was expected.
#include "sim/scenario/read_value.h"

#include <stdio.h>
#include <string.h>

#include "sim/base/check.h"
#include "sim/base/suggest.h"
#include "sim/base/units.h"
#include "sim/base/utf8.h"

enum { NAME_LONGEST = 64 };

// "`30ss` is not a duration", with what was expected under the caret.
static bool report(const struct document *document, const struct document_node *node,
                   const struct units_why *why, const char *what)
{
    struct diagnostic *entry =
        document_is_empty(node)
            ? document_error(document, node, why->code, "%s is missing", what)
            : document_error(document, node, why->code, "`%.80s` is not %s", node->text, what);
    diagnostic_caret(entry, "%s", why->text);
    return false;
}

static bool is_scalar(const struct document *document, const struct document_node *node,
                      const char *what)
{
    return node != NULL && read_value_is(document, node, DOCUMENT_SCALAR, what);
}

bool read_value_is(const struct document *document, const struct document_node *node,
                   enum document_kind kind, const char *what)
{
    static const char *const kinds[] = {"a single value", "a list", "a map"};
    if (node == NULL || node->kind == kind) {
        return node != NULL;
    }
    const struct document_node *shown = node;
    struct diagnostic *entry = shown->kind == DOCUMENT_SCALAR || shown->key == NULL
                                   ? document_error(document, node, "E0125", "expected %s",
                                                    what == NULL ? kinds[kind] : what)
                                   : document_key_error(document, node, "E0125", "expected %s",
                                                        what == NULL ? kinds[kind] : what);
    diagnostic_caret(entry, "this is %s", document_kind_name(node));
    return false;
}

// A suspicious value is taken, with a warning.
static void warn(const struct document *document, const struct document_node *node,
                 const struct units_why *why)
{
    if (why->code != NULL) {
        struct diagnostic *entry =
            document_warning(document, node, why->code, "`%.80s` is suspicious", node->text);
        diagnostic_caret(entry, "%s", why->text);
    }
}

bool read_value_duration(const struct document *document, const struct document_node *node,
                         int64_t *ns)
{
    struct units_why why;
    if (!is_scalar(document, node, "a duration")) {
        return false;
    }
    if (!units_duration(node->text, ns, &why)) {
        return report(document, node, &why, "a duration");
    }
    warn(document, node, &why);
    return true;
}

bool read_value_bytes(const struct document *document, const struct document_node *node,
                      uint64_t *bytes)
{
    struct units_why why;
    static const char what[] = "a number of bytes";
    return is_scalar(document, node, what) &&
           (units_bytes(node->text, bytes, &why) || report(document, node, &why, what));
}

bool read_value_bandwidth(const struct document *document, const struct document_node *node,
                          double *bytes_per_s)
{
    struct units_why why;
    static const char what[] = "a bandwidth";
    return is_scalar(document, node, what) &&
           (units_bandwidth(node->text, bytes_per_s, &why) || report(document, node, &why, what));
}

bool read_value_rate(const struct document *document, const struct document_node *node,
                     double *per_s)
{
    struct units_why why;
    static const char what[] = "a rate";
    return is_scalar(document, node, what) &&
           (units_rate(node->text, per_s, &why) || report(document, node, &why, what));
}

bool read_value_ratio(const struct document *document, const struct document_node *node,
                      double *ratio)
{
    struct units_why why;
    static const char what[] = "a share";
    return is_scalar(document, node, what) &&
           (units_ratio(node->text, ratio, &why) || report(document, node, &why, what));
}

bool read_value_cores(const struct document *document, const struct document_node *node,
                      double *cores)
{
    struct units_why why;
    static const char what[] = "a number of cores";
    return is_scalar(document, node, what) &&
           (units_cores(node->text, cores, &why) || report(document, node, &why, what));
}

bool read_value_count(const struct document *document, const struct document_node *node,
                      uint64_t *count)
{
    struct units_why why;
    static const char what[] = "a whole number";
    return is_scalar(document, node, what) &&
           (units_count(node->text, count, &why) || report(document, node, &why, what));
}

bool read_value_number(const struct document *document, const struct document_node *node,
                       double *number)
{
    struct units_why why;
    static const char what[] = "a number";
    return is_scalar(document, node, what) &&
           (units_number(node->text, number, &why) || report(document, node, &why, what));
}

bool read_value_factor(const struct document *document, const struct document_node *node,
                       double *factor)
{
    struct units_why why;
    static const char what[] = "a factor";
    return is_scalar(document, node, what) &&
           (units_factor(node->text, factor, &why) || report(document, node, &why, what));
}

bool read_value_power(const struct document *document, const struct document_node *node,
                      double *watts)
{
    struct units_why why;
    static const char what[] = "a power";
    return is_scalar(document, node, what) &&
           (units_power(node->text, watts, &why) || report(document, node, &why, what));
}

bool read_value_price(const struct document *document, const struct document_node *node,
                      double *per_hour)
{
    struct units_why why;
    char per[16];
    static const char what[] = "a price";
    return is_scalar(document, node, what) &&
           (units_price(node->text, per_hour, per, &why) || report(document, node, &why, what));
}

bool read_value_boolean(const struct document *document, const struct document_node *node,
                        bool *value)
{
    if (!is_scalar(document, node, "true or false")) {
        return false;
    }
    const bool yes = strcmp(node->text, "true") == 0;
    if (!node->quoted && (yes || strcmp(node->text, "false") == 0)) {
        *value = yes;
        return true;
    }
    const struct units_why why = {.code = "E0210", .text = "write true or false, without quotes"};
    return report(document, node, &why, "true or false");
}

bool read_value_text(const struct document *document, const struct document_node *node,
                     const char **text)
{
    if (!is_scalar(document, node, "a text")) {
        return false;
    }
    if (node->text[0] == '\0') {
        struct diagnostic *entry = document_error(document, node, "E0216", "an empty text");
        diagnostic_caret(entry, "expected a text");
        return false;
    }
    *text = node->text;
    return true;
}

// Printable, whatever the script; a dot parts names, a comma parts lists of them.
static bool is_name(const char *text, size_t length)
{
    size_t at = 0;
    while (at < length) {
        const struct utf8_point point = utf8_next(text + at, length - at);
        const bool control = point.value < 0x20 || (point.value >= 0x7f && point.value < 0xa0) ||
                             point.value == 0x2028 || point.value == 0x2029;
        if (!point.valid || control || point.value == '.' || point.value == ',') {
            return false;
        }
        at += point.bytes;
    }
    return length > 0 && length <= NAME_LONGEST && text[0] != '-' && text[0] != ' ' &&
           text[length - 1] != ' ';
}

bool read_value_name(const struct document *document, const struct document_node *node,
                     const char **name)
{
    const char *text = NULL;
    if (!read_value_text(document, node, &text)) {
        return false;
    }
    if (is_name(text, strlen(text))) {
        *name = text;
        return true;
    }
    const struct units_why why = {
        .code = "E0215",
        .text = "printable text of at most 64 bytes without . and , or blanks at the ends, not "
                "beginning with -",
    };
    return report(document, node, &why, "a name");
}

static void list_words(const char *const *words, char *list, size_t size)
{
    size_t used = 0;
    list[0] = '\0';
    for (size_t i = 0; words[i] != NULL && used < size; i++) {
        const int more = snprintf(list + used, size - used, "%s%s", i == 0 ? "" : ", ", words[i]);
        used += more > 0 ? (size_t)more : 0;
    }
}

bool read_value_choice(const struct document *document, const struct document_node *node,
                       const char *const *words, int *choice)
{
    char list[512];
    list_words(words, list, sizeof list);
    if (!is_scalar(document, node, "one word")) {
        return false;
    }
    size_t count = 0;
    for (; words[count] != NULL; count++) {
        if (strcmp(words[count], node->text) == 0) {
            *choice = (int)count;
            return true;
        }
    }
    struct diagnostic *entry = document_error(
        document, node, "E0211", "`%.80s` is not one of the allowed words", node->text);
    const char *nearest = suggest_nearest(node->text, words, count);
    if (nearest != NULL) {
        diagnostic_caret(entry, "did you mean `%s`?", nearest);
    }
    diagnostic_help(entry, "allowed: %s", list);
    return false;
}

const struct expression *read_value_expression(struct document *document,
                                               const struct document_node *node)
{
    struct expression_error error;
    if (!is_scalar(document, node, "an expression")) {
        return NULL;
    }
    const struct expression *expression = expression_parse(&document->arena, node->text, &error);
    if (expression == NULL) {
        const struct place place = document_place_in(document, node, error.offset, error.length);
        struct diagnostic *entry = diagnostic_error(document->diagnostics, "E0220", place,
                                                    "`%.80s` cannot be read", node->text);
        diagnostic_caret(entry, "%s", error.text);
        document_place_explain(node, entry);
    }
    return expression;
}

// --- Literals inside expressions
// ------------------------------------------------------------------

static const char *const unit_names[] = {
    "a duration", "a whole number",    "a number of bytes", "a rate",
    "a share",    "a number of cores", "a number",
};

static bool read_text(const char *text, enum read_value_unit unit, double *value,
                      struct units_why *why)
{
    int64_t ns = 0;
    uint64_t whole = 0;
    bool good = false;
    switch (unit) {
    case READ_VALUE_DURATION:
        good = units_duration(text, &ns, why);
        *value = good ? (double)ns : *value;
        return good;
    case READ_VALUE_COUNT:
        good = units_count(text, &whole, why);
        *value = good ? (double)whole : *value;
        return good;
    case READ_VALUE_BYTES:
        good = units_bytes(text, &whole, why);
        *value = good ? (double)whole : *value;
        return good;
    case READ_VALUE_RATE:
        return units_rate(text, value, why);
    case READ_VALUE_RATIO:
        return units_ratio(text, value, why);
    case READ_VALUE_CORES:
        return units_cores(text, value, why);
    case READ_VALUE_NUMBER:
        return units_number(text, value, why);
    }
    CHECK(!"a unit of the list");
    return false;
}

static struct diagnostic *literal_error(const struct document *document,
                                        const struct document_node *node,
                                        const struct expression *literal, const char *code,
                                        const char *what)
{
    const struct place place = document_place_in(document, node, literal->offset, literal->length);
    struct diagnostic *entry = diagnostic_error(
        document->diagnostics, code, place, "`%.*s` is not %s",
        (int)(literal->length > 80 ? 80 : literal->length), node->text + literal->offset, what);
    document_place_explain(node, entry);
    return entry;
}

// The text of a literal, a parameter's value for $name; NULL after an error.
static const char *literal_text(const struct document *document, const struct document_node *node,
                                const struct expression *literal)
{
    if (literal->kind != EXPRESSION_WORD || literal->text[0] != '$') {
        return literal->text;
    }
    const struct document_node *param = document_param(document, literal->text + 1);
    if (param != NULL && param->kind == DOCUMENT_SCALAR) {
        return param->text;
    }
    if (document_is_param(node->text) && !node->quoted) {
        return NULL; // the document has said so
    }
    struct diagnostic *entry = literal_error(document, node, literal, "E0118", "a parameter");
    diagnostic_caret(entry, "`params:` does not declare it");
    return NULL;
}

bool read_value_literal(const struct document *document, const struct document_node *node,
                        const struct expression *literal, enum read_value_unit unit, double *value)
{
    const bool negative = literal->kind == EXPRESSION_UNARY && literal->text[0] == '-';
    const struct expression *inner = negative ? literal->first : literal;
    struct units_why why = {.code = "E0202", .text = "expected a value, not a formula"};
    if (negative && unit != READ_VALUE_NUMBER) {
        why = (struct units_why){.code = "E0212", .text = "it cannot be negative"};
    } else if (inner->kind == EXPRESSION_NUMBER || inner->kind == EXPRESSION_WORD) {
        const char *text = literal_text(document, node, inner);
        double read = 0;
        if (text == NULL) {
            return false;
        }
        if (read_text(text, unit, &read, &why)) {
            *value = negative ? -read : read;
            return true;
        }
    }
    struct diagnostic *entry = literal_error(document, node, literal, why.code, unit_names[unit]);
    diagnostic_caret(entry, "%s", why.text);
    return false;
}
