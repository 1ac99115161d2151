// plan_parts - what the files of the planner share.
#pragma once

#include "sim/scenario/reach.h"
#include "sim/study/plan.h"
#include "sim/study/variant.h"

// ---- plan_read.c: the request ------------------------------------------------------------------

bool plan_read(struct plan *plan, struct text *wrong);

// ---- plan_price.c ------------------------------------------------------------------------------

struct plan_price { // of one component by name, or of a resource
    const char *name;
    double per_hour;
};

void plan_price_read(struct plan *plan);
bool plan_price_is_named(const struct plan *plan, const char *name);
// Cost, cores or watts, whichever is sought. Without regard to what machines must send, no larger
// sizing costs less.
double plan_price_of(struct plan *plan, const struct scenario *scenario, bool network);

// Servers of one replica: cores, or the servers of a station; 1 where neither is known.
double plan_price_servers(const struct component_design *component);

// ---- plan_types.c ------------------------------------------------------------------------------

// Every replica of a component without a price of its own stands on a machine of its own; where
// machines are declared, they are what is paid for. The type is the cheapest (in watts: the one
// that takes the fewest when busy) with the cores, the memory and the network that are needed.
// What is sent follows from the sizes of calls, answers and messages along the flows, at the
// planned load and in the case that leaves the fewest replicas; retries, and what the nodes of a
// store or broker say to each other, are not in it, and the simulation does not bound it.
struct plan_choice {
    const char *name;   // of the component or the machine
    uint32_t component; // DESIGN_NONE: a machine
    uint32_t pieces;    // machines of this kind
    double cores;       // that one needs
    uint64_t memory;
    double sent;                     // bytes/s of one
    const struct section_type *type; // NULL: none is large enough
};

struct plan_types {
    bool machines; // the declared machines are what stands on types
    uint32_t count;
    struct plan_choice *choices;
};

// Pair with plan_types_release.
void plan_types_choose(struct plan *plan, const struct scenario *scenario, bool network,
                       struct plan_types *types);
void plan_types_release(struct plan_types *types);
bool plan_types_has(const struct plan_types *types, uint32_t component);
// Why some piece fits on no type; NULL: every one does.
const char *plan_types_shortage(struct plan *plan, const struct scenario *scenario);
// What a type lacks for a piece: "network 1Gbit/s of 2.4Gbit/s"; "" where nothing.
const char *plan_types_lack(struct plan *plan, const struct section_type *type,
                            const struct plan_choice *choice);

// The types of the plan, for its reader.
void plan_types_list(struct plan *plan, const struct scenario *scenario);

// ---- plan_watts.c ------------------------------------------------------------------------------

// True if the watts of something are known.
bool plan_watts_known(const struct plan *plan);
// At the planned load, as busy as the largest sizing was simulated to be; before that, by mean
// demands.
double plan_watts_of(struct plan *plan, const struct scenario *scenario, bool network);
// Once it is known how busy the servers are: the costs that rest on it.
void plan_watts_settle(struct plan *plan);

// ---- plan_case.c: a design as it is in a case --------------------------------------------------

bool plan_case_read(struct plan *plan, struct text *wrong);
void plan_case_apply(const struct plan *plan, const struct plan_case *one, double factor,
                     struct variant *variant);
// A component that is slower by a factor for the whole run.
void plan_case_slow(struct variant *variant, uint32_t component, double factor);
// Servers of a component that the worst case leaves; and what one case does.
double plan_case_worst(const struct plan *plan, const struct component_design *component);
double plan_case_servers(const struct plan_case *one, const struct component_design *component);

// A workload with so many times its requests.
void plan_case_scale(struct arena *arena, double factor, struct workload_design *workload);

// ---- plan_part.c: what a rule touches ----------------------------------------------------------

// A *part* is a bit set of components, a row of struct reach: the components that objectives
// depend on. Simulated are then only the requests that touch it; those that share what lies before
// it alone are left out, so that a part is an approximation, and a lighter load on the gateways.
void plan_part_begin(struct plan *plan);
const uint64_t *plan_part_of_rule(const struct plan *plan, struct arena *arena,
                                  const struct slo_design *slo);
// The rule that a finding is about, NULL: it is none of the scenario's.
const struct slo_design *plan_part_rule(const struct plan *plan,
                                        const struct plan_finding *finding);
// The part of the rule that a finding is about; NULL: it is about none of the scenario's.
const uint64_t *plan_part_of_finding(struct plan *plan, const struct plan_finding *finding);
// The components that a variable changes; NULL: none of what is compared.
const uint64_t *plan_part_of_variable(struct plan *plan, uint32_t v);
// What the rules depend on that a variable can touch; NULL: the whole, for no rule names it.
const uint64_t *plan_part_under(struct plan *plan, uint32_t v);
// Leaves out the requests that do not touch the part, and the rules that it does not hold.
void plan_part_cut(const struct plan *plan, const uint64_t *part, struct variant *variant);

// ---- plan_run.c: simulations -------------------------------------------------------------------

struct plan_change {    // beside what the case does
    double load;        // factor on the load
    uint32_t component; // slowed down, DESIGN_NONE
    double slow;
    const char *name, *value; // a parameter, NULL
    bool decide;              // as many replications as a verdict takes; else the fewest
    bool fresh;               // other random numbers
};

struct plan_job { // a case of a candidate
    struct plan_trial *trial;
    const struct scenario *scenario; // of the candidate
    uint32_t in_case;
    const struct plan_change *change; // NULL: none
    const uint64_t *part;             // NULL: the whole
    struct result result;
    bool good;
    uint32_t replications;
};

// False: interrupted. Release the results either way.
bool plan_run(struct plan *plan, struct plan_job *jobs, uint32_t count);
void plan_run_release(struct plan_job *jobs, uint32_t count);

// ---- plan_judge.c ------------------------------------------------------------------------------

// Adds the findings of a job to the trial; the worst that does not hold, NULL: all hold.
const struct plan_finding *plan_judge_keep(struct plan *plan, struct plan_trial *trial,
                                           const struct plan_job *job);
// Nothing fails, but something is undecided.
bool plan_judge_is_open(const struct plan *plan, const struct result *result);

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

// One case of each of several candidates, on a part or the whole, at once. A candidate that does
// not hold FAILS there; on a part, one that does is not known to hold.
struct plan_probe {
    struct plan_trial *trial;
    uint32_t in_case;
    const uint64_t *part;
    bool holds; // the answer
};
bool plan_trial_probe(struct plan *plan, struct plan_probe *probes, uint32_t count);

// A candidate that was chosen because it holds has had luck on its side: its hardest case once
// more, all of them in a heavy scenario, with other random numbers. One that does not hold there
// FAILS.
bool plan_trial_confirm(struct plan *plan, struct plan_trial *trial);
// The findings of probes, each with the design changed, at once. out[i] is INVALID where the change
// is not possible.
bool plan_trial_changed(struct plan *plan, const struct plan_probe *probes,
                        const struct plan_change *changes, uint32_t count, struct plan_trial *out);

// ---- plan_climb.c ------------------------------------------------------------------------------

// With many variables: up from what formulas say until all holds, down until nothing can be
// lowered.
bool plan_climb(struct plan *plan);

// ---- plan_search.c -----------------------------------------------------------------------------

// Where square-root staffing puts a variable, the others at their largest.
uint16_t plan_search_guess(struct plan *plan, uint32_t v);
// Decides a candidate in every case; one that holds is confirmed.
bool plan_search_decide(struct plan *plan, struct plan_trial *trial, bool *holds);
// The failing candidate that is nowhere smaller; NULL: none is known.
const struct plan_trial *plan_search_failing(const struct plan *plan, const uint16_t *at);

// ---- plan_frontier.c ---------------------------------------------------------------------------

// Cost against load; `planned` is the design of the answer. False: interrupted.
bool plan_frontier(struct plan *plan, const struct design *planned);

// ---- plan_bound.c: by formula ------------------------------------------------------------------

// Why a sizing cannot hold; NULL: nothing is known against it. Only true bounds: servers that are
// fewer than the open work needs, and what closed workloads can have at best (asymptotes).
const char *plan_bound_shortage(struct plan *plan, const struct scenario *scenario, double share);
// Servers that must be busy whatever the sizing is.
double plan_bound_needed(const struct plan *plan, const struct scenario *scenario,
                         uint32_t component);
// Share of the offered work that the objectives want done; 0: nothing is asked.
double plan_bound_share(const struct plan *plan);
// True if every component has the servers that square-root staffing asks for, in every case.
bool plan_bound_is_ample(const struct plan *plan, const struct scenario *scenario, double beta);

// ---- plan_predict.c: by approximations ---------------------------------------------------------

// What is predicted of an objective is what the largest sizing was seen to do, and what a request
// waits longer by formula: Allen and Cunneen's G/G/c for open workloads, mean values of a closed
// network for closed ones. Rules on means and percentiles are predicted, others are not.

void plan_predict_learn(struct plan *plan); // the largest sizing was simulated
// All rules that are predicted are kept in every case; by square-root staffing where none is.
bool plan_predict_likely(struct plan *plan, const struct scenario *scenario);
// The same with Kingman's bound, which no wait exceeds; false where a rule is none on the mean of
// an open workload.
bool plan_predict_surely(struct plan *plan, const struct scenario *scenario);
const struct capacity_demand *plan_predict_demand(const struct scenario *scenario,
                                                  uint32_t workload, uint32_t component);
