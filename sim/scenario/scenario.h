// scenario - a file becomes a design: reading, decoding, assembling and checking in one call.
//
// A scenario owns everything that hangs on its design; the diagnostics belong to the caller and
// must outlive it. After errors the scenario still holds what could be read, for `check --print`
// and for tests, but `good` is false and the design must not be simulated.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "sim/base/text.h"
#include "sim/engine/design.h"
#include "sim/engine/model.h"
#include "sim/scenario/capacity.h"
#include "sim/scenario/document.h"
#include "sim/scenario/sections.h"

struct scenario_options {
    struct document_overrides overrides; // --set and --set-path
    const char *duration;                // --duration, as written; NULL: the scenario's
    const char *warmup;                  // --warmup: a duration or "auto"
    const char *replications;            // --rep: "10" or "10..200"
    const char *faults; // --faults: "none", "all" or names with commas; NULL: as written
    const char *seed;   // --seed
};

struct scenario {
    bool good;
    struct document document;
    struct design design;
    struct section_top top; // what later commands read: experiments, sweep, plan, sample
    struct capacity capacity;
    const struct assembly_flow *flows; // who calls whom
    uint32_t flow_count;
    char digest[33]; // XXH3-128 of the resolved tree, in hex
};

// True if it can be simulated. Initialises *scenario; pair with scenario_release, also after
// errors.
bool scenario_load(struct scenario *scenario, const char *path,
                   const struct scenario_options *options, const struct catalog *catalog,
                   struct diagnostic_list *diagnostics);
bool scenario_load_bytes(struct scenario *scenario, struct document_bytes file,
                         const struct scenario_options *options, const struct catalog *catalog,
                         struct diagnostic_list *diagnostics);
void scenario_release(struct scenario *scenario);

// YAML of the resolved tree, with the origin of every value.
void scenario_resolved(const struct scenario *scenario, struct text *out);

// Events of all replications, predicted from the mean demands; seconds on so many cores.
double scenario_predict_events(const struct scenario *scenario);
double scenario_predict_seconds(const struct scenario *scenario, uint32_t cores);
