// document_digest - the canonical bytes of a resolved tree and their hash.
//
// Scalars are "s", their length and bytes (quoted or not: types come from the field); lists "[" ...
// "]"; maps "{" key value "}". Order and content count; comments, layout, anchors, files and
// parameters' names at their use do not.
#include <inttypes.h>
#include <string.h>

#include "sim/base/digest.h"
#include "sim/scenario/document.h"

static void add_bytes(struct text *out, char kind, const char *bytes)
{
    text_format(out, "%c%zu:%s", kind, strlen(bytes), bytes);
}

static void add_node(struct text *out, const struct document_node *node)
{
    if (node->key != NULL) {
        add_bytes(out, 'k', node->key);
    }
    if (node->kind == DOCUMENT_SCALAR) {
        add_bytes(out, 's', node->text);
        return;
    }
    text_add_char(out, node->kind == DOCUMENT_MAPPING ? '{' : '[');
    for (const struct document_node *child = node->first; child != NULL; child = child->next) {
        add_node(out, child);
    }
    text_add_char(out, node->kind == DOCUMENT_MAPPING ? '}' : ']');
}

void document_digest_bytes(const struct document *document, struct text *out)
{
    add_node(out, document->root);
    if (document->data_files > 0) {
        text_format(out, "d%" PRIu32 ":%016" PRIx64, document->data_files, document->data_hash);
    }
}

void document_digest(const struct document *document, char hex[33])
{
    struct text bytes;
    text_init(&bytes);
    document_digest_bytes(document, &bytes);
    digest_of(text_get(&bytes), bytes.length, hex);
    text_release(&bytes);
}
