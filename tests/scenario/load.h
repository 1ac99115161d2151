// load - a scenario from a text, for tests.
#pragma once

#include "sim/base/diagnostic.h"
#include "sim/scenario/scenario.h"

struct load {
    struct diagnostic_list diagnostics;
    struct scenario scenario;
};

// Loads YAML behind `orrery: v1`, with the whole catalog. Pair with load_release.
bool load_init(struct load *load, const char *yaml);
bool load_init_with(struct load *load, const char *yaml, const struct scenario_options *options);
void load_release(struct load *load);

// True if there is a diagnostic with the code.
bool load_has(const struct load *load, const char *code);

// The whole catalog.
const struct catalog *load_catalog(void);

const struct component_design *load_component(const struct load *load, const char *name);
const struct operation *load_operation(const struct load *load, const char *component,
                                       const char *name);
