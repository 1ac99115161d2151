// service - the generic model: the user's own operations as steps.
#include "models/services/services.h"

// ---- configuration
// -------------------------------------------------------------------------------- None of its own:
// `operations` and the common part of a component say everything.

static const struct field fields[] = {{0}};

// ---- descriptor
// -----------------------------------------------------------------------------------

const struct model service_model = {
    .kind = "service",
    .family = "service",
    .summary = "the user's own operations as steps",
    .stands_for = "any program that answers requests: processor, concurrency limit, pools, devices "
                  "and calls; its memory and its garbage collector are not modelled",
    .fields = fields,
};
