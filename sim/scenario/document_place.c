// document_place - places inside a node's text, and how a node came to where it stands.
#include <string.h>

#include "sim/scenario/document.h"

// The byte offset of a scalar's text in its source, if it stands there letter by letter.
static bool find_text(const struct diagnostic_source *source, const struct document_node *node,
                      size_t *at)
{
    if (source == NULL || node->place.line == 0 || node->text == NULL || node->definition != NULL) {
        return false;
    }
    const size_t length = strlen(node->text);
    *at = diagnostic_offset(source, node->place.line, node->place.column) + node->quoted;
    return *at <= source->length && source->length - *at >= length &&
           memcmp(source->bytes + *at, node->text, length) == 0;
}

struct place document_place_in(const struct document *document, const struct document_node *node,
                               size_t offset, size_t length)
{
    const struct diagnostic_source *source =
        diagnostic_source(document->diagnostics, node->place.source);
    size_t at = 0;
    if (!find_text(source, node, &at)) {
        return node->place;
    }
    return diagnostic_place_at(document->diagnostics, node->place.source, at + offset, length);
}

void document_place_explain(const struct document_node *node, struct diagnostic *entry)
{
    if (node->definition != NULL) {
        diagnostic_label(entry, node->definition->place, "`%s` is defined here",
                         node->definition->key);
    }
    for (const struct document_use *use = node->use; use != NULL; use = use->outer) {
        diagnostic_label(entry, use->place, "used here as `%s`", use->text);
    }
}
