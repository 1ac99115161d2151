// plan_parts - what the files of the planner share.
#pragma once

#include "sim/study/plan.h"
#include "sim/study/variant.h"

// ---- plan_read.c: the request ------------------------------------------------------------------

bool plan_read(struct plan *plan, struct text *wrong);

// ---- plan_price.c ------------------------------------------------------------------------------

struct plan_price { // of one component by name, of a resource, or of a type of machine
    const char *name;
    double per_hour;
    bool is_type;
    double cores;
    uint64_t memory;
};

bool plan_price_read(struct plan *plan);
double plan_price_of(const struct plan *plan, const struct design *design);

// Servers of one replica: cores, or the servers of a station; 1 where neither is known.
double plan_price_servers(const struct component_design *component);

// ---- plan_case.c: a design as it is in a case --------------------------------------------------

bool plan_case_read(struct plan *plan, struct text *wrong);
void plan_case_apply(const struct plan *plan, const struct plan_case *one, double factor,
                     struct variant *variant);
// A component that is slower by a factor for the whole run.
void plan_case_slow(struct variant *variant, uint32_t component, double factor);
// Servers of a component that a case leaves.
double plan_case_servers(const struct plan_case *one, const struct component_design *component);

// ---- plan_trial.c: one candidate ---------------------------------------------------------------

enum plan_scope { PLAN_FIRST, PLAN_WHOLE }; // without the machines where zones are lost; all

// The candidate's record, made and priced at first sight.
struct plan_trial *plan_trial(struct plan *plan, const uint16_t *at);
// The scenario of a candidate; false: it is none, and the trial is INVALID. Release it either way.
bool plan_trial_load(struct plan *plan, const uint16_t *at, struct scenario *scenario,
                     struct diagnostic_list *diagnostics);
// Simulates what is not yet known, up to the first case that fails. False: interrupted, or no
// simulation is left. *holds says whether it holds in the scope.
bool plan_trial_decide(struct plan *plan, struct plan_trial *trial, enum plan_scope scope,
                       bool *holds);
// The same of one case alone.
bool plan_trial_decide_case(struct plan *plan, struct plan_trial *trial, uint32_t in_case,
                            bool *holds);
// A candidate that was chosen because it holds has had luck on its side: its hardest case once
// more, with other random numbers. One that does not hold there FAILS.
bool plan_trial_confirm(struct plan *plan, struct plan_trial *trial);
// The rule of a finding in one case with the design changed by `change`, at so many times the load.
struct plan_change {
    double load;        // factor on the load
    uint32_t component; // slowed down, DESIGN_NONE
    double slow;
    const char *name, *value; // a parameter, NULL
    bool decide;              // as many replications as a verdict takes; else the fewest
    bool fresh;               // other random numbers
};
bool plan_trial_changed(struct plan *plan, const struct plan_trial *trial, uint32_t in_case,
                        const struct plan_change *change, struct plan_trial *out);

// ---- plan_bound.c: by formula ------------------------------------------------------------------

// Probability that a request waits in M/M/c, with offered load `a` erlangs.
double plan_bound_erlang_c(uint32_t servers, double a);
double plan_bound_erlang_b(uint32_t servers, double a);
// Which component some case leaves fewer servers than `share` of its work needs; NULL: none.
const char *plan_bound_shortage(struct plan *plan, const struct design *design, double share);
// Share of the offered work that the objectives want done; 0: nothing is asked.
double plan_bound_share(const struct plan *plan);
// True if every component has the servers that square-root staffing asks for, in every case.
bool plan_bound_is_ample(const struct plan *plan, const struct design *design, double beta);
