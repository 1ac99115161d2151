// document_render - a resolved tree as YAML again, each scalar with its origin.
#include <string.h>

#include "sim/base/utf8.h"
#include "sim/scenario/document.h"

static void add_indent(struct text *out, uint32_t depth)
{
    for (uint32_t i = 0; i < depth; i++) {
        text_add(out, "  ");
    }
}

// Words and numbers stand as they are; everything else is quoted.
static bool is_plain(const struct document_node *node)
{
    static const char safe[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                               "_./%+*()=<>$ -";
    const char *text = node->text;
    const size_t length = strlen(text);
    if (node->quoted || length == 0) {
        return length == 0 && !node->quoted;
    }
    const bool begins = strchr("-%*=<>. ", text[0]) == NULL;
    return begins && strspn(text, safe) == length && text[length - 1] != ' ';
}

static void add_quoted(struct text *out, const char *text)
{
    size_t left = strlen(text);
    text_add_char(out, '"');
    while (left > 0) {
        const struct utf8_point point = utf8_next(text, left);
        if (point.value == '"' || point.value == '\\') {
            text_add_char(out, '\\');
            text_add_char(out, (char)point.value);
        } else if (point.value == '\n') {
            text_add(out, "\\n");
        } else if (point.value < 0x20 || (point.value >= 0x7F && point.value < 0xA0)) {
            text_format(out, "\\x%02x", (unsigned)point.value);
        } else if (point.value == 0x2028 || point.value == 0x2029 || point.value == 0xFEFF) {
            text_format(out, "\\u%04x", (unsigned)point.value);
        } else {
            text_add_part(out, text, point.bytes);
        }
        text += point.bytes;
        left -= point.bytes;
    }
    text_add_char(out, '"');
}

static void add_key(struct text *out, const char *key)
{
    const struct document_node node = {.text = key};
    if (is_plain(&node) && strchr(key, ' ') == NULL) {
        text_add(out, key);
    } else {
        add_quoted(out, key);
    }
    text_add_char(out, ':');
}

// A file's name as seen from the scenario's own directory: where that lies is nobody's business.
static const char *from_here(const struct document *document, const char *name)
{
    const struct diagnostic_source *top =
        diagnostic_source(document->diagnostics, document->root->place.source);
    const char *slash = top == NULL ? NULL : strrchr(top->name, '/');
    const size_t length = slash == NULL ? 0 : (size_t)(slash - top->name) + 1;
    return length > 0 && strncmp(name, top->name, length) == 0 ? name + length : name;
}

static void add_origin(const struct document *document, const struct document_node *node,
                       struct text *out)
{
    const struct document_node *origin = node->definition == NULL ? node : node->definition;
    const struct diagnostic_source *source =
        diagnostic_source(document->diagnostics, origin->place.source);
    if (source != NULL && origin->place.line != 0) {
        text_add(out, "  # ");
        for (const char *at = from_here(document, source->name); *at != '\0'; at++) {
            text_add_char(out, (unsigned char)*at < 0x20 ? '?' : *at);
        }
        text_format(out, ":%u", origin->place.line);
    }
}

static void add_scalar(const struct document *document, const struct document_node *node,
                       struct text *out)
{
    text_add_char(out, ' ');
    if (is_plain(node)) {
        text_add(out, node->text);
    } else {
        add_quoted(out, node->text);
    }
    add_origin(document, node, out);
    text_add_char(out, '\n');
}

static void add_children(const struct document *document, const struct document_node *node,
                         uint32_t depth, struct text *out);

static void add_value(const struct document *document, const struct document_node *node,
                      uint32_t depth, struct text *out)
{
    if (node->kind == DOCUMENT_SCALAR) {
        add_scalar(document, node, out);
    } else if (node->count == 0) {
        text_add(out, node->kind == DOCUMENT_MAPPING ? " {}" : " []");
        add_origin(document, node, out);
        text_add_char(out, '\n');
    } else {
        text_add_char(out, '\n');
        add_children(document, node, depth, out);
    }
}

static void add_children(const struct document *document, const struct document_node *node,
                         uint32_t depth, struct text *out)
{
    for (const struct document_node *child = node->first; child != NULL; child = child->next) {
        add_indent(out, depth);
        if (node->kind == DOCUMENT_MAPPING) {
            add_key(out, child->key);
        } else {
            text_add_char(out, '-');
        }
        add_value(document, child, depth + 1, out);
    }
}

void document_render_resolved(const struct document *document, struct text *out)
{
    if (document->root->count == 0) {
        text_add(out, "{}\n");
        return;
    }
    add_children(document, document->root, 0, out);
}
