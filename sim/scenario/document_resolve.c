// document_resolve - from YAML as written to located nodes: aliases, merges, duplicates, limits.
#include "sim/scenario/document_resolve.h"

#include <string.h>

#include "sim/base/suggest.h"

enum {
    RESOLVE_USES = 4,        // links kept of a chain of uses
    RESOLVE_CANDIDATES = 64, // anchors tried for a suggestion
};

struct document_node *document_resolve_take(struct document_loader *loader, struct place place)
{
    if (loader->stopped) {
        return NULL;
    }
    if (loader->document->node_count == DOCUMENT_NODES) {
        loader->stopped = true;
        diagnostic_error(loader->diagnostics, "E0106", place,
                         "more than %d values, counted after aliases are put in", DOCUMENT_NODES);
        return NULL;
    }
    loader->document->node_count++;
    struct document_node *node = arena_take(&loader->document->arena, sizeof *node);
    node->place = place;
    return node;
}

void document_resolve_append(struct document_node *parent, struct document_node *child)
{
    if (parent->last == NULL) {
        parent->first = child;
    } else {
        parent->last->next = child;
    }
    parent->last = child;
    child->next = NULL;
    parent->count++;
}

static bool is_too_deep(struct document_loader *loader, uint32_t depth, struct place place)
{
    if (depth <= DOCUMENT_DEPTH + 1) { // a value inside the deepest collection
        return false;
    }
    if (!loader->stopped) {
        diagnostic_error(loader->diagnostics, "E0105", place,
                         "nested more than %d levels deep, counted after aliases are put in",
                         DOCUMENT_DEPTH);
    }
    loader->stopped = true;
    return true;
}

// The chain of uses with one more around it; long chains keep their innermost links.
static const struct document_use *wrap_use(struct arena *arena, const struct document_use *inner,
                                           const struct document_use *outer)
{
    struct document_use *copies[RESOLVE_USES];
    uint32_t count = 0;
    for (; inner != NULL && count < RESOLVE_USES; inner = inner->outer) {
        copies[count] = arena_take(arena, sizeof *copies[count]);
        *copies[count] = *inner;
        count++;
    }
    if (count == 0) {
        return outer;
    }
    for (uint32_t i = 0; i + 1 < count; i++) {
        copies[i]->outer = copies[i + 1];
    }
    copies[count - 1]->outer = count < RESOLVE_USES ? outer : NULL;
    return copies[0];
}

static struct document_node *copy_node(struct document_loader *loader,
                                       const struct document_node *from,
                                       const struct document_use *use, uint32_t depth)
{
    if (is_too_deep(loader, depth, use->place)) {
        return NULL;
    }
    struct document_node *copy = document_resolve_take(loader, use->place);
    if (copy == NULL) {
        return NULL;
    }
    *copy = *from;
    copy->used = false;
    copy->use = wrap_use(&loader->document->arena, from->use, use);
    copy->first = copy->last = copy->next = NULL;
    copy->count = 0;
    for (const struct document_node *child = from->first; child != NULL; child = child->next) {
        struct document_node *added = copy_node(loader, child, use, depth + 1);
        if (added == NULL) {
            return NULL;
        }
        document_resolve_append(copy, added);
    }
    return copy;
}

static void report_unknown_alias(struct document_loader *loader, const struct document_tree *tree)
{
    const char *names[RESOLVE_CANDIDATES];
    size_t count = 0;
    for (const struct document_anchor *anchor = loader->newest;
         anchor != NULL && count < RESOLVE_CANDIDATES; anchor = anchor->older) {
        names[count++] = anchor->name;
    }
    struct diagnostic *entry = diagnostic_error(loader->diagnostics, "E0110", tree->place,
                                                "unknown alias `*%s`", tree->text);
    const char *nearest = suggest_nearest(tree->text, names, count);
    if (nearest != NULL) {
        diagnostic_caret(entry, "did you mean `*%s`?", nearest);
    } else {
        diagnostic_caret(entry, "nothing above or in an included file is marked `&%s`", tree->text);
    }
}

static struct document_node *empty_node(struct document_loader *loader, struct place place)
{
    struct document_node *node = document_resolve_take(loader, place);
    if (node != NULL) {
        node->text = "";
    }
    return node;
}

static struct document_node *resolve_alias(struct document_loader *loader,
                                           const struct document_tree *tree, uint32_t depth)
{
    const struct document_anchor *anchor = document_index_find(&loader->anchors, tree->text);
    if (anchor == NULL) {
        report_unknown_alias(loader, tree);
        return empty_node(loader, tree->place);
    }
    if (anchor->open) {
        struct diagnostic *entry =
            diagnostic_error(loader->diagnostics, "E0111", tree->place,
                             "`*%s` stands inside its own anchor", tree->text);
        diagnostic_label(entry, anchor->place, "`&%s` begins here", tree->text);
        return empty_node(loader, tree->place);
    }
    if (anchor->node == NULL) {
        return NULL;
    }
    struct document_use *use = arena_take(&loader->document->arena, sizeof *use);
    use->place = tree->place;
    use->text = arena_format(&loader->document->arena, "*%s", tree->text);
    struct document_node *copy = copy_node(loader, anchor->node, use, depth);
    if (copy != NULL) {
        copy->key = NULL;
        copy->key_place = (struct place){0};
    }
    return copy;
}

static struct document_anchor *open_anchor(struct document_loader *loader,
                                           const struct document_tree *tree)
{
    if (tree->anchor == NULL) {
        return NULL;
    }
    struct document_anchor *anchor = arena_take(&loader->document->arena, sizeof *anchor);
    *anchor = (struct document_anchor){
        .name = tree->anchor,
        .place = tree->place,
        .open = true,
        .older = loader->newest,
    };
    loader->newest = anchor;
    document_index_put(&loader->anchors, tree->anchor, anchor);
    return anchor;
}

static struct document_node *resolve_node(struct document_loader *loader,
                                          const struct document_tree *tree, uint32_t depth);

static void resolve_sequence(struct document_loader *loader, const struct document_tree *tree,
                             struct document_node *node, uint32_t depth)
{
    for (const struct document_tree *item = tree->first; item != NULL; item = item->next) {
        struct document_node *child = resolve_node(loader, item, depth + 1);
        if (child == NULL) {
            return;
        }
        document_resolve_append(node, child);
    }
}

// One mapping being built: what it has by name, and the maps that `<<` brings.
struct building {
    struct document_loader *loader;
    struct document_node *node;
    struct document_node *merges; // sources in order, linked by next
    struct document_node **merges_end;
    struct document_index members;
    uint32_t depth;
};

static bool is_merge_key(const struct document_tree *key)
{
    return key->kind == TREE_SCALAR && !key->quoted && strcmp(key->text, "<<") == 0;
}

static void report_bad_merge(struct document_loader *loader, const struct document_node *source)
{
    struct diagnostic *entry = diagnostic_error(loader->diagnostics, "E0113", source->place,
                                                "`<<` needs a map or a list of maps");
    diagnostic_caret(entry, "this is %s", document_kind_name(source));
}

static void add_merge(struct building *building, struct document_node *source)
{
    if (source->kind == DOCUMENT_MAPPING) {
        source->next = NULL;
        *building->merges_end = source;
        building->merges_end = &source->next;
        return;
    }
    if (source->kind == DOCUMENT_SCALAR && source->text[0] == '\0') {
        return; // an alias already reported
    }
    report_bad_merge(building->loader, source);
}

// A source that was written here may bear an anchor, so its members cannot move: they are copied.
static void add_merge_copy(struct building *building, const struct document_node *source,
                           const struct document_use *use)
{
    struct document_node *copy = copy_node(building->loader, source, use, building->depth);
    if (copy != NULL) {
        add_merge(building, copy);
    }
}

static void resolve_merge(struct building *building, const struct document_tree *value)
{
    struct document_node *source = resolve_node(building->loader, value, building->depth);
    if (source == NULL) {
        return;
    }
    if (value->kind == TREE_ALIAS && source->kind != DOCUMENT_SEQUENCE) {
        add_merge(building, source);
        return;
    }
    struct document_use *use = arena_take(&building->loader->document->arena, sizeof *use);
    *use = (struct document_use){.place = value->place, .text = "<<"};
    if (source->kind != DOCUMENT_SEQUENCE) {
        add_merge_copy(building, source, use);
        return;
    }
    for (const struct document_node *item = source->first; item != NULL; item = item->next) {
        add_merge_copy(building, item, use);
    }
}

static const char *key_text(struct document_loader *loader, const struct document_tree *key)
{
    const struct document_tree *meant = key;
    if (key->kind != TREE_SCALAR || key->text[0] == '\0') {
        struct diagnostic *entry = diagnostic_error(loader->diagnostics, "E0114", meant->place,
                                                    "a key must be plain text");
        diagnostic_caret(entry, key->kind == TREE_SCALAR    ? "this key is empty"
                                : key->kind == TREE_ALIAS   ? "an alias cannot be a key"
                                : key->kind == TREE_MAPPING ? "this is a map"
                                                            : "this is a list");
        return NULL;
    }
    return key->text;
}

static void add_member(struct building *building, const struct document_tree *key,
                       struct document_node *value)
{
    struct document_loader *loader = building->loader;
    const struct document_node *first = document_index_find(&building->members, key->text);
    if (first != NULL) {
        struct diagnostic *entry = diagnostic_error(loader->diagnostics, "E0112", key->place,
                                                    "duplicate key `%s`", key->text);
        diagnostic_caret(entry, "given again");
        diagnostic_label(entry, first->key_place, "first given here");
        return;
    }
    value->key = key->text;
    value->key_place = key->place;
    document_index_put(&building->members, key->text, value);
    document_resolve_append(building->node, value);
}

static void resolve_member(struct building *building, const struct document_tree *key)
{
    struct document_loader *loader = building->loader;
    if (is_merge_key(key)) {
        resolve_merge(building, key->next);
        return;
    }
    const char *name = key_text(loader, key);
    open_anchor(loader, key); // an anchor on a key marks nothing that could be used
    if (key->anchor != NULL) {
        loader->newest->node = empty_node(loader, key->place);
        loader->newest->open = false;
        if (loader->newest->node != NULL && key->kind == TREE_SCALAR) {
            loader->newest->node->text = key->text;
        }
    }
    struct document_node *value = resolve_node(loader, key->next, building->depth + 1);
    if (value == NULL || name == NULL || strncmp(name, "x-", 2) == 0) {
        return;
    }
    add_member(building, key, value);
}

// Merged members join behind the map's own, except those it has.
static void join_merges(struct building *building)
{
    for (struct document_node *source = building->merges; source != NULL; source = source->next) {
        struct document_node *member = source->first;
        while (member != NULL) {
            struct document_node *next = member->next;
            if (document_index_find(&building->members, member->key) == NULL) {
                document_index_put(&building->members, member->key, member);
                document_resolve_append(building->node, member);
            }
            member = next;
        }
    }
}

static void resolve_mapping(struct document_loader *loader, const struct document_tree *tree,
                            struct document_node *node, uint32_t depth)
{
    struct building building = {.loader = loader, .node = node, .depth = depth};
    building.merges_end = &building.merges;
    document_index_init(&building.members);
    for (const struct document_tree *key = tree->first; key != NULL; key = key->next->next) {
        resolve_member(&building, key);
        if (loader->stopped) {
            break;
        }
    }
    join_merges(&building);
    document_index_release(&building.members);
}

static struct document_node *resolve_node(struct document_loader *loader,
                                          const struct document_tree *tree, uint32_t depth)
{
    if (is_too_deep(loader, depth, tree->place)) {
        return NULL;
    }
    if (tree->kind == TREE_ALIAS) {
        return resolve_alias(loader, tree, depth);
    }
    struct document_node *node = document_resolve_take(loader, tree->place);
    if (node == NULL) {
        return NULL;
    }
    struct document_anchor *anchor = open_anchor(loader, tree);
    if (tree->kind == TREE_SCALAR) {
        node->text = tree->text;
        node->quoted = tree->quoted;
    } else if (tree->kind == TREE_SEQUENCE) {
        node->kind = DOCUMENT_SEQUENCE;
        resolve_sequence(loader, tree, node, depth);
    } else {
        node->kind = DOCUMENT_MAPPING;
        resolve_mapping(loader, tree, node, depth);
    }
    if (anchor != NULL) {
        anchor->node = node;
        anchor->open = false;
    }
    return loader->stopped ? NULL : node;
}

struct document_node *document_resolve(struct document_loader *loader,
                                       const struct document_tree *tree)
{
    return resolve_node(loader, tree, 1);
}
