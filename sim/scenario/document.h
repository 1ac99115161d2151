// document - a scenario's YAML as a tree of located nodes, with everything resolved.
//
// Resolved means: include: files merged (maps merge, lists replace, {$append: [...]} adds, the
// including file wins), aliases and << copied in, $name replaced from params:, --set and --set-path
// applied, x-* keys gone. What YAML allows and we don't is refused: tags, several documents,
// duplicate keys, keys that are not text, nesting beyond 64, more than 100,000 nodes.
// Every node knows where it was written and, through `use`, how it came to where it stands.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/base/arena.h"
#include "sim/base/diagnostic.h"
#include "sim/base/text.h"

enum {
    DOCUMENT_DEPTH = 64,
    DOCUMENT_NODES = 100000,
    DOCUMENT_BYTES = 16 << 20, // of all files together
    DOCUMENT_FILES = 64,
};

enum document_kind { DOCUMENT_SCALAR, DOCUMENT_SEQUENCE, DOCUMENT_MAPPING };

// How a node came to where it stands: *name, << or $name; outer is the use around it.
struct document_use {
    struct place place;
    const char *text; // as written: "*call", "$peak"
    const struct document_use *outer;
};

struct document_node {
    enum document_kind kind;
    bool quoted;        // a scalar that was not plain
    bool used;          // document_get found it; what stays unused is an unknown key
    const char *text;   // of a scalar: terminated, never NULL; NULL otherwise
    struct place place; // of the value (of a collection: its first line)
    const char *key;    // of a member of a mapping, else NULL
    struct place key_place;
    const struct document_use *use;         // alias or merge that brought it, else NULL
    const struct document_node *definition; // what params: says, for a node that was written $name
    struct document_node *first, *last, *next; // children in file order
    uint32_t count;                            // of children
};

// One --set or --set-path.
struct document_override {
    const char *name; // "peak" or "components.orders.replicas"
    const char *value;
    bool is_path;
};

struct document_overrides {
    const struct document_override *items;
    size_t count;
};

struct document_bytes {
    const char *name; // shown in diagnostics; includes are relative to its folder
    const char *bytes;
    size_t length;
};

struct document {
    struct arena arena;
    struct diagnostic_list *diagnostics; // borrowed
    struct document_node *root;          // a mapping, also after errors (then perhaps empty)
    const char *path;
    uint32_t source;           // of the main file; files included follow
    uint32_t overrides_source; // the first source that is no file of the scenario
    uint32_t node_count;
    uint32_t data_files; // read through document_file.h, and the hash over their bytes
    uint64_t data_hash;
};

// True if there was no error; the tree can be walked either way to find more mistakes. The
// diagnostics outlive the document. Initialises *document; pair with document_release.
bool document_load(struct document *document, const char *path,
                   const struct document_overrides *overrides, struct diagnostic_list *diagnostics);
bool document_load_bytes(struct document *document, struct document_bytes file,
                         const struct document_overrides *overrides,
                         struct diagnostic_list *diagnostics);
void document_release(struct document *document);

// The member of a mapping, marked as used; NULL if there is none or `node` is NULL or no mapping.
struct document_node *document_get(const struct document_node *node, const char *key);
// The same without the mark.
const struct document_node *document_peek(const struct document_node *node, const char *key);
// The next member nobody asked for after `previous` (NULL: from the first).
const struct document_node *document_unused(const struct document_node *mapping,
                                            const struct document_node *previous);
// The node at a path of keys and list numbers, "slos.0.name"; NULL if none. Not marked.
struct document_node *document_at(const struct document *document, const char *path);
// A plain scalar that says nothing: "", ~ or null.
bool document_is_empty(const struct document_node *node);
// "a list", "a map", "text"
const char *document_kind_name(const struct document_node *node);
// What params: has for a name (without $), marked as used; NULL if nothing. Substituting $name
// marks it too, so document_unused(params) gives the parameters that nothing uses.
struct document_node *document_param(const struct document *document, const char *name);
// The text is $name and nothing else: what the document replaces, or complains of.
bool document_is_param(const char *text);

// An error or warning at a node (its value, its key, or `length` bytes at `offset` of its text),
// with labels for the alias, << or $name that brought it there.
struct diagnostic *document_error(const struct document *document, const struct document_node *node,
                                  const char *code, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
struct diagnostic *document_warning(const struct document *document,
                                    const struct document_node *node, const char *code,
                                    const char *format, ...) __attribute__((format(printf, 4, 5)));
struct diagnostic *document_key_error(const struct document *document,
                                      const struct document_node *node, const char *code,
                                      const char *format, ...)
    __attribute__((format(printf, 4, 5)));
struct place document_place_in(const struct document *document, const struct document_node *node,
                               size_t offset, size_t length);
// Adds those labels to an entry made otherwise.
void document_place_explain(const struct document_node *node, struct diagnostic *entry);

// YAML of the resolved tree with the origin of each scalar as `# file:line`; and its canonical
// bytes, which know order and content, neither comments nor formatting, and their XXH3-128 in hex.
// The digest knows the data files read so far, so it is asked for when the whole scenario is read.
void document_render_resolved(const struct document *document, struct text *out);
void document_digest_bytes(const struct document *document, struct text *out);
void document_digest(const struct document *document, char hex[33]);
