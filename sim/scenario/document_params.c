// document_params - params:, what the command line overrides, and $name put in.
#include "sim/scenario/document_params.h"

#include <string.h>

#include "sim/base/suggest.h"
#include "sim/scenario/document_resolve.h"

enum { PARAMS_CANDIDATES = 64 };

static bool is_name_byte(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9') || byte == '_';
}

static bool is_name(const char *text)
{
    size_t length = 0;
    while (is_name_byte(text[length])) {
        length++;
    }
    return length > 0 && length <= 64 && text[length] == '\0' &&
           !(text[0] >= '0' && text[0] <= '9');
}

bool document_is_param(const char *text)
{
    return text[0] == '$' && is_name(text + 1);
}

static const char *nearest_key(const struct document_node *params, const char *name)
{
    const char *names[PARAMS_CANDIDATES];
    size_t count = 0;
    const struct document_node *param = params == NULL ? NULL : params->first;
    for (; param != NULL && count < PARAMS_CANDIDATES; param = param->next) {
        names[count++] = param->key;
    }
    return suggest_nearest(name, names, count);
}

static void check_param(const struct document *document, const struct document_node *param)
{
    if (!is_name(param->key)) {
        struct diagnostic *entry = document_key_error(document, param, "E0119",
                                                      "`%s` is no name of a parameter", param->key);
        diagnostic_caret(entry, "letters, digits and _, beginning with a letter");
    }
    if (param->kind != DOCUMENT_SCALAR) {
        struct diagnostic *entry = document_error(
            document, param, "E0119", "the parameter `%s` is no single value", param->key);
        diagnostic_caret(entry, "this is %s", document_kind_name(param));
    } else if (!param->quoted && param->text[0] == '$') {
        struct diagnostic *entry = document_error(
            document, param, "E0119", "the parameter `%s` names another parameter", param->key);
        diagnostic_caret(entry, "write the value");
    }
}

// The map of parameters, without those that cannot be one; NULL if there is none.
static struct document_node *check_params(struct document *document)
{
    struct document_node *params = document_get(document->root, "params");
    if (params == NULL || document_is_empty(params)) {
        return NULL;
    }
    if (params->kind != DOCUMENT_MAPPING) {
        struct diagnostic *entry =
            document_error(document, params, "E0119", "`params` is a map from names to values");
        diagnostic_caret(entry, "this is %s", document_kind_name(params));
        return NULL;
    }
    for (const struct document_node *param = params->first; param != NULL; param = param->next) {
        check_param(document, param);
    }
    return params;
}

// The command line as a source of its own, one override a line, so that carets can point into it.
static uint32_t add_command_line(struct document *document,
                                 const struct document_overrides *overrides)
{
    struct text text;
    text_init(&text);
    for (size_t i = 0; i < overrides->count; i++) {
        const struct document_override *item = &overrides->items[i];
        text_format(&text, "%s %s=%s\n", item->is_path ? "--set-path" : "--set", item->name,
                    item->value);
    }
    const uint32_t number =
        diagnostic_add_source(document->diagnostics, "command line", text_get(&text), text.length);
    text_release(&text);
    return number;
}

static void set_value(struct document *document, struct document_node *node, const char *value,
                      struct place place)
{
    node->text = arena_text(&document->arena, value);
    node->quoted = false;
    node->place = place;
    node->use = NULL;
    node->definition = NULL;
}

static void set_param(struct document *document, const struct document_override *item,
                      struct place name_place, struct place value_place)
{
    struct document_node *params = document_get(document->root, "params");
    const struct document_node *known = document_peek(params, item->name);
    if (known == NULL) {
        struct diagnostic *entry = diagnostic_error(document->diagnostics, "E0120", name_place,
                                                    "`--set %s` names no parameter", item->name);
        const char *nearest = params != NULL && params->kind == DOCUMENT_MAPPING
                                  ? nearest_key(params, item->name)
                                  : NULL;
        if (nearest != NULL) {
            diagnostic_caret(entry, "did you mean `%s`?", nearest);
        } else {
            diagnostic_caret(entry, "`params:` does not declare it; --set-path reaches any value");
        }
        return;
    }
    struct document_node *param = params->first;
    while (param != known) {
        param = param->next;
    }
    if (param->kind == DOCUMENT_SCALAR) {
        set_value(document, param, item->value, value_place);
    }
}

// Says at which key the path leaves the scenario, and what was probably meant.
static void explain_path(const struct document *document, const char *path,
                         struct diagnostic *entry)
{
    struct text part;
    text_init(&part);
    const struct document_node *parent = document->root, *node = parent;
    size_t begin = 0, end = 0;
    while (node != NULL && path[end] != '\0') {
        begin = end + (end > 0);
        end = begin + strcspn(path + begin, ".");
        text_clear(&part);
        text_add_part(&part, path, end);
        parent = node;
        node = document_at(document, text_get(&part));
    }
    text_clear(&part);
    text_add_part(&part, path + begin, end - begin);
    const char *nearest =
        parent->kind == DOCUMENT_MAPPING ? nearest_key(parent, text_get(&part)) : NULL;
    if (nearest != NULL) {
        diagnostic_caret(entry, "did you mean `%.*s%s`?", (int)begin, path, nearest);
    } else {
        diagnostic_caret(entry, "the scenario has no `%.*s`", (int)end, path);
    }
    text_release(&part);
}

static void set_path(struct document *document, const struct document_override *item,
                     struct place name_place, struct place value_place)
{
    struct document_node *node = document_at(document, item->name);
    if (node == NULL || node->kind != DOCUMENT_SCALAR) {
        struct diagnostic *entry =
            diagnostic_error(document->diagnostics, "E0122", name_place,
                             "`--set-path %s` leads to no single value", item->name);
        if (node == NULL) {
            explain_path(document, item->name, entry);
        } else {
            diagnostic_caret(entry, "there stands %s", document_kind_name(node));
        }
        return;
    }
    set_value(document, node, item->value, value_place);
}

static void apply_overrides(struct document *document, const struct document_overrides *overrides)
{
    if (overrides == NULL || overrides->count == 0) {
        return;
    }
    const uint32_t source = add_command_line(document, overrides);
    size_t offset = 0;
    for (size_t i = 0; i < overrides->count; i++) {
        const struct document_override *item = &overrides->items[i];
        const size_t name = offset + strlen(item->is_path ? "--set-path " : "--set ");
        const size_t value = name + strlen(item->name) + 1;
        const struct place name_place =
            diagnostic_place_at(document->diagnostics, source, name, strlen(item->name));
        const struct place value_place =
            diagnostic_place_at(document->diagnostics, source, value, strlen(item->value));
        if (item->is_path) {
            set_path(document, item, name_place, value_place);
        } else {
            set_param(document, item, name_place, value_place);
        }
        offset = value + strlen(item->value) + 1;
    }
}

static void put_in(struct document *document, struct document_node *params,
                   struct document_node *node)
{
    if (node->quoted || !document_is_param(node->text)) {
        return;
    }
    struct document_node *param = document_get(params, node->text + 1);
    if (param == NULL) {
        const char *nearest = nearest_key(params, node->text + 1);
        struct diagnostic *entry =
            document_error(document, node, "E0118", "unknown parameter `%s`", node->text);
        if (nearest != NULL) {
            diagnostic_caret(entry, "did you mean `$%s`?", nearest);
        } else {
            diagnostic_caret(entry, "declare it: `params: {%s: ...}`", node->text + 1);
        }
        return;
    }
    if (param->kind == DOCUMENT_SCALAR) {
        node->text = param->text;
        node->quoted = param->quoted;
        node->definition = param;
    }
}

static void put_in_all(struct document *document, struct document_node *params,
                       struct document_node *node)
{
    if (node->kind == DOCUMENT_SCALAR) {
        put_in(document, params, node);
    }
    for (struct document_node *child = node->first; child != NULL; child = child->next) {
        if (child != params) {
            put_in_all(document, params, child);
        }
    }
}

void document_params_apply(struct document *document, const struct document_overrides *overrides)
{
    apply_overrides(document, overrides);
    struct document_node *params = check_params(document);
    put_in_all(document, params, document->root);
}
