// document_params - params:, what the command line overrides, and $name put in.
#pragma once

#include "sim/scenario/document.h"

// Applies --set-path and --set in their order, then replaces every plain $name outside params:.
// Reports parameters that are no single values, unknown names and paths that lead nowhere.
void document_params_apply(struct document *document, const struct document_overrides *overrides);
