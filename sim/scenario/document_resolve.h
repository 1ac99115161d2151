// document_resolve - from YAML as written to located nodes: aliases, merges, duplicates, limits.
#pragma once

#include "sim/scenario/document_tree.h"

// The node of a tree at the top of a file; its anchors stay known to files read later. NULL only if
// a limit stopped the loading.
struct document_node *document_resolve(struct document_loader *loader,
                                       const struct document_tree *tree);

// A zeroed node, counted; NULL after E0106.
struct document_node *document_resolve_take(struct document_loader *loader, struct place place);
void document_resolve_append(struct document_node *parent, struct document_node *child);
