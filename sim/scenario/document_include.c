// document_include - a file and what it includes, as one map.
#include "sim/scenario/document_include.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "sim/scenario/document_resolve.h"

static struct document_node *empty_mapping(struct document_loader *loader, struct place place)
{
    struct document_node *node = arena_take(&loader->document->arena, sizeof *node);
    node->kind = DOCUMENT_MAPPING;
    node->place = place;
    return node;
}

// The list of a map {$append: [...]}; NULL if the node is none.
static struct document_node *appended(const struct document_node *node)
{
    const bool one = node->kind == DOCUMENT_MAPPING && node->count == 1;
    return one && strcmp(node->first->key, "$append") == 0 ? node->first : NULL;
}

static void report_append(struct document_loader *loader, const struct document_node *node,
                          const char *caret)
{
    struct diagnostic *entry =
        diagnostic_error(loader->diagnostics, "E0117", node->key_place, "`$append` is misused");
    diagnostic_caret(entry, "%s", caret);
}

static void append_items(struct document_node *list, struct document_node *more)
{
    struct document_node *item = more->first;
    while (item != NULL) {
        struct document_node *next = item->next;
        document_resolve_append(list, item);
        item = next;
    }
}

// `high` takes the place of `low` among the members, with low's neighbours.
static void replace(struct document_node *low, const struct document_node *high)
{
    struct document_node *next = low->next;
    *low = *high;
    low->next = next;
}

static void merge(struct document_loader *loader, struct document_node *low,
                  struct document_node *high);

static void merge_member(struct document_loader *loader, struct document_node *low,
                         struct document_node *high)
{
    struct document_node *more = appended(high);
    if (more != NULL && low->kind == DOCUMENT_SEQUENCE && more->kind == DOCUMENT_SEQUENCE) {
        append_items(low, more);
    } else if (more != NULL && low->kind == DOCUMENT_MAPPING && appended(low) != NULL) {
        append_items(appended(low), more);
    } else if (more != NULL) {
        report_append(loader, more,
                      more->kind == DOCUMENT_SEQUENCE ? "the included file has no list here"
                                                      : "it takes a list");
    } else if (low->kind == DOCUMENT_MAPPING && high->kind == DOCUMENT_MAPPING &&
               appended(low) == NULL) {
        merge(loader, low, high);
        low->key_place = high->key_place;
        low->place = high->place;
        low->use = high->use;
    } else {
        replace(low, high);
    }
}

// Members of `high` join `low` and win.
static void merge(struct document_loader *loader, struct document_node *low,
                  struct document_node *high)
{
    struct document_index members;
    document_index_init(&members);
    for (struct document_node *member = low->first; member != NULL; member = member->next) {
        document_index_put(&members, member->key, member);
    }
    struct document_node *member = high->first;
    while (member != NULL) {
        struct document_node *next = member->next;
        struct document_node *known = document_index_find(&members, member->key);
        if (known == NULL) {
            document_resolve_append(low, member);
        } else {
            merge_member(loader, known, member);
        }
        member = next;
    }
    document_index_release(&members);
}

void document_include_settle(struct document_loader *loader, struct document_node *node)
{
    struct document_node *list = appended(node);
    if (list != NULL && list->kind == DOCUMENT_SEQUENCE) {
        node->kind = DOCUMENT_SEQUENCE;
        node->count = list->count;
        node->last = list->last;
        node->place = list->place;
        node->first = list->first;
    } else if (node->kind == DOCUMENT_MAPPING) {
        const struct document_node *stray = document_peek(node, "$append");
        if (stray != NULL) {
            report_append(loader, stray,
                          list != NULL ? "it takes a list" : "it stands alone in its map");
        }
    }
    for (struct document_node *child = node->first; child != NULL; child = child->next) {
        document_include_settle(loader, child);
    }
}

// The path of an included file: relative to the folder of the file that names it.
static const char *join_path(struct document_loader *loader, const char *from, const char *name)
{
    while (strncmp(name, "./", 2) == 0) {
        name += 2;
    }
    const char *slash = strrchr(from, '/');
    if (name[0] == '/' || slash == NULL) {
        return name;
    }
    return arena_format(&loader->document->arena, "%.*s/%s", (int)(slash - from), from, name);
}

static bool is_in_chain(const struct document_loader *loader,
                        struct document_source_identity identity)
{
    for (uint32_t i = 0; i < loader->chain_length; i++) {
        const struct document_source_identity known = loader->chain[i];
        if (known.device == identity.device && known.file == identity.file) {
            return true;
        }
    }
    return false;
}

// Devices and pipes are no files to include.
static bool is_regular(const char *path)
{
    struct stat status;
    return stat(path, &status) != 0 || S_ISREG(status.st_mode);
}

static bool read_include(struct document_loader *loader, const char *path,
                         const struct document_tree *name, struct document_source_content *content)
{
    *content = (struct document_source_content){0};
    if (!is_regular(path)) {
        diagnostic_error(loader->diagnostics, "E0100", name->place,
                         "cannot read `%s`: it is no ordinary file", path);
        return false;
    }
    const enum document_source_outcome outcome =
        document_source_read(path, loader->bytes_left, content);
    if (outcome == DOCUMENT_SOURCE_FAILED) {
        diagnostic_error(loader->diagnostics, "E0100", name->place, "cannot read `%s`: %s", path,
                         content->why);
        return false;
    }
    if (outcome == DOCUMENT_SOURCE_LARGE || loader->files == DOCUMENT_FILES) {
        diagnostic_error(loader->diagnostics, "E0104", name->place,
                         "more than %d MiB or %d files with all includes", DOCUMENT_BYTES >> 20,
                         DOCUMENT_FILES);
        loader->stopped = true;
        return false;
    }
    if (is_in_chain(loader, content->identity) || loader->chain_length == DOCUMENT_CHAIN) {
        struct diagnostic *entry = diagnostic_error(loader->diagnostics, "E0116", name->place,
                                                    "includes go in a circle or too deep");
        diagnostic_caret(entry, "`%s` is being read already, or stands %d includes deep", path,
                         DOCUMENT_CHAIN);
        return false;
    }
    return true;
}

static void include_one(struct document_loader *loader, const char *from,
                        const struct document_tree *name, struct document_node *whole)
{
    const char *path = join_path(loader, from, name->text);
    struct document_source_content content;
    if (read_include(loader, path, name, &content)) {
        loader->bytes_left -= content.length;
        loader->files++;
        loader->chain[loader->chain_length++] = content.identity;
        const uint32_t number =
            diagnostic_add_source(loader->diagnostics, path, content.bytes, content.length);
        diagnostic_set_included(loader->diagnostics, number, name->place);
        merge(loader, whole, document_include_file(loader, path, number));
        loader->chain_length--;
    }
    free(content.bytes);
}

static void include_named(struct document_loader *loader, const char *from,
                          const struct document_tree *name, struct document_node *whole)
{
    if (name->kind == TREE_SCALAR && name->text[0] != '\0') {
        include_one(loader, from, name, whole);
        return;
    }
    struct diagnostic *entry = diagnostic_error(loader->diagnostics, "E0115", name->place,
                                                "`include` needs the name of a file");
    diagnostic_caret(entry, "expected a file name or a list of them");
}

static void include_all(struct document_loader *loader, const char *from,
                        const struct document_tree *names, struct document_node *whole)
{
    if (names->kind != TREE_SEQUENCE) {
        include_named(loader, from, names, whole);
        return;
    }
    for (const struct document_tree *name = names->first; name != NULL && !loader->stopped;
         name = name->next) {
        include_named(loader, from, name, whole);
    }
}

// The value of the key `include` of a map as written.
static const struct document_tree *find_include(const struct document_tree *tree)
{
    for (const struct document_tree *key = tree->first; key != NULL; key = key->next->next) {
        if (key->kind == TREE_SCALAR && strcmp(key->text, "include") == 0) {
            return key->next;
        }
    }
    return NULL;
}

static void drop_include(struct document_node *mapping)
{
    struct document_node *before = NULL;
    for (struct document_node *member = mapping->first; member != NULL; member = member->next) {
        if (strcmp(member->key, "include") != 0) {
            before = member;
            continue;
        }
        if (before == NULL) {
            mapping->first = member->next;
        } else {
            before->next = member->next;
        }
        mapping->last = mapping->last == member ? before : mapping->last;
        mapping->count--;
        return;
    }
}

struct document_node *document_include_file(struct document_loader *loader, const char *path,
                                            uint32_t number)
{
    struct arena *arena = &loader->document->arena;
    const struct place top = {.source = number, .line = 1, .column = 1};
    struct document_node *whole = empty_mapping(loader, top);
    struct document_source source;
    if (!document_source_init(&source, arena, loader->diagnostics, number)) {
        return whole;
    }
    const struct document_tree *tree = document_tree_parse(loader, &source);
    if (tree == NULL) {
        return whole;
    }
    whole->place = tree->place;
    if (tree->kind != TREE_MAPPING) {
        struct diagnostic *entry = diagnostic_error(loader->diagnostics, "E0123", tree->place,
                                                    "a scenario is a map of sections");
        diagnostic_caret(entry, "this is %s",
                         tree->kind == TREE_SEQUENCE ? "a list" : "a single value");
        return whole;
    }
    const struct document_tree *names = find_include(tree);
    if (names != NULL) {
        include_all(loader, path, names, whole);
    }
    struct document_node *own = document_resolve(loader, tree);
    if (own != NULL) {
        drop_include(own);
        merge(loader, whole, own);
    }
    return whole;
}
