// fuzz_document - any bytes become a tree or diagnostics, in bounded memory, and render as both.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/check.h"
#include "sim/base/diagnostic_render.h"
#include "sim/scenario/document.h"
#include "sim/scenario/expression.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void render_all(struct diagnostic_list *diagnostics)
{
    for (int format = DIAGNOSTIC_HUMAN; format <= DIAGNOSTIC_SARIF; format++) {
        struct text out;
        text_init(&out);
        diagnostic_render(diagnostics, (enum diagnostic_format)format, true, &out);
        text_release(&out);
    }
}

static void parse_scalars(struct document *document, const struct document_node *node)
{
    struct expression_error error;
    if (node->kind == DOCUMENT_SCALAR) {
        expression_parse(&document->arena, node->text, &error);
    }
    for (const struct document_node *child = node->first; child != NULL; child = child->next) {
        parse_scalars(document, child);
    }
}

// A tree without errors, written out and read again, says the same.
static void check_round_trip(const struct document *document)
{
    struct diagnostic_list diagnostics;
    struct document again;
    struct text resolved;
    char first[33];
    char second[33];
    diagnostic_init(&diagnostics);
    text_init(&resolved);
    document_digest(document, first);
    document_render_resolved(document, &resolved);
    const struct document_bytes file = {"again.yaml", text_get(&resolved), resolved.length};
    CHECK(document_load_bytes(&again, file, NULL, &diagnostics));
    document_digest(&again, second);
    CHECK(strcmp(first, second) == 0);
    document_release(&again);
    text_release(&resolved);
    diagnostic_release(&diagnostics);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct diagnostic_list diagnostics;
    struct document document;
    const struct document_bytes file = {"fuzz.yaml", (const char *)data, size};
    diagnostic_init(&diagnostics);
    const bool good = document_load_bytes(&document, file, NULL, &diagnostics);
    parse_scalars(&document, document.root);
    if (good) {
        check_round_trip(&document);
    }
    render_all(&diagnostics);
    document_release(&document);
    diagnostic_release(&diagnostics);
    return 0;
}
