// document_tree - what the parts of the document reader share: YAML as written, and one loading.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "sim/scenario/document.h"
#include "sim/scenario/document_index.h"
#include "sim/scenario/document_source.h"

enum document_tree_kind { TREE_SCALAR, TREE_SEQUENCE, TREE_MAPPING, TREE_ALIAS };

// A node as written; the children of a mapping are key, value, key, value.
struct document_tree {
    enum document_tree_kind kind;
    bool quoted;
    const char *text;   // of a scalar, or the name of an alias
    const char *anchor; // NULL: none
    struct place place;
    struct document_tree *first, *last, *next;
};

// A value marked &name; open while it is being resolved.
struct document_anchor {
    const char *name;
    struct document_node *node;
    struct place place;
    bool open;
    struct document_anchor *older;
};

enum { DOCUMENT_CHAIN = 16 }; // includes inside includes

struct document_loader {
    struct document *document;
    struct diagnostic_list *diagnostics;
    struct document_index anchors; // struct document_anchor by name, the latest
    struct document_anchor *newest;
    size_t bytes_left;
    uint32_t files;
    uint32_t tree_count;
    bool stopped; // a limit was passed and reported; whoever notices unwinds
    struct document_source_identity chain[DOCUMENT_CHAIN];
    uint32_t chain_length;
};

// YAML bytes to a tree; NULL after an error. Owner: the document's arena. Only document.c knows
// libyaml.
struct document_tree *document_tree_parse(struct document_loader *loader,
                                          const struct document_source *source);
