// document_include - a file and what it includes, as one map.
#pragma once

#include "sim/scenario/document_tree.h"

// Parses, resolves and merges the file registered under a number. `path` is what its includes are
// relative to. An empty map after errors.
struct document_node *document_include_file(struct document_loader *loader, const char *path,
                                            uint32_t number);

// {$append: [...]} that found nothing to add to becomes its list. For the whole tree, at the end.
void document_include_settle(struct document_loader *loader, struct document_node *node);
