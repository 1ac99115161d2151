// variant - a design with a few things changed, sharing everything else with the original.
#pragma once

#include <stdbool.h>

#include "sim/base/arena.h"
#include "sim/engine/design.h"

struct variant {
    struct design design; // to be simulated; lives as long as the original and the variant
    struct arena arena;
};

void variant_init(struct variant *variant, const struct design *original);
void variant_release(struct variant *variant);

// All faults in force as the scenario says ("all"), none ("none"), or those named, by commas. False
// if a name is unknown: `unknown` then points to it, on the variant's arena.
bool variant_choose_faults(struct variant *variant, const char *choice, const char **unknown);
