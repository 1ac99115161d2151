// plan - the cheapest sizing of a design that keeps its objectives in every case it must survive.
//
// A *variable* is a parameter of the scenario with its values from small to large; a *candidate*
// takes one value of each. A *case* is what a candidate has to live through: nothing, a fault of
// the scenario, a zone or a machine that is lost for the whole run. Candidates are looked at in
// order of their cost and decided by simulation, all with the same random numbers. Two things spare
// simulations: a candidate that has fewer servers than the work needs fails (utilisation), and so
// does one that is nowhere larger than a failing one (monotonicity). What is said of a candidate
// therefore rests on the assumption that a larger value never does harm; the neighbours of the
// answer are simulated to see that they fail.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "sim/base/arena.h"
#include "sim/base/diagnostic.h"
#include "sim/kernel/estimate.h"
#include "sim/scenario/scenario.h"
#include "sim/study/plan_load.h"
#include "sim/study/result.h"

enum { PLAN_VARIABLES = 32, PLAN_VALUES = 10000, PLAN_NONE = UINT32_MAX };

struct reach;
struct plan_regret;

enum { PLAN_UNCERTAIN = 4 }; // inputs known as intervals

struct plan_uncertain {
    const char *name;    // of a parameter
    const char *ends[2]; // as written
};

struct plan_request {
    const char *file;
    const struct catalog *catalog;
    struct scenario_options scenario; // overrides, times and replications of every candidate
    const char *const *vary;          // "NAME=LOW..HIGH" or "NAME=V,V,...": replaces the file's
    uint32_t vary_count;
    const char *under;    // names with commas, NULL: the file's
    const char *minimize; // "cost", "cores", NULL: the file's
    uint32_t most;        // candidates simulated at most
    uint32_t workers;
    bool dry;                                      // simulates nothing
    bool present;                                  // judges the sizing as it is, seeks nothing
    const volatile int *stop;                      // nonzero interrupts; NULL: never
    void (*tell)(void *context, const char *line); // how far it is, for people; NULL: nobody asks
    void *context;
};

struct plan_variable {
    const char *name;
    uint32_t count;
    const char **values; // from small to large
    const char *present; // what the scenario says
    uint32_t now;        // its number, PLAN_NONE: not among the values
};

enum plan_case_kind { PLAN_CALM, PLAN_FAULT, PLAN_ZONE, PLAN_MACHINE };

struct plan_case {
    enum plan_case_kind kind;
    uint32_t index; // fault, zone or machine
    const char *name;
    uint32_t failures; // candidates that it decided
};

struct plan_finding { // one objective of one candidate in one case
    const char *rule; // "latency: p(99) < 300ms"
    const char *unit; // as in struct result_slo
    uint32_t in_case;
    bool on_part; // seen on the part of the design that the objective touches
    double limit;
    bool less; // the limit is not to be reached from below
    struct estimate observed;
    enum verdict verdict;
};

enum plan_fate { PLAN_OPEN, PLAN_HOLDS, PLAN_FAILS, PLAN_INVALID };

struct plan_trial { // a candidate that was looked at
    uint16_t at[PLAN_VARIABLES];
    double cost, least;                  // least: of this one and everything larger
    enum plan_fate fate;                 // HOLDS: in every case
    bool *held;                          // cases it was seen to hold in
    const struct plan_finding *failing;  // FAILS: the first that does not hold
    bool confirmed;                      // by other random numbers, in its hardest case
    const char *why;                     // INVALID: what the scenario says against it
    const struct plan_finding *findings; // of every case simulated
    uint32_t finding_count;
    uint32_t replications; // simulated for it, all cases together
    bool is_whole;         // simulated as a whole, in some case
    uint32_t number;       // order of simulation
};

struct plan_resource { // servers of a component, at present and as planned
    const char *name;
    double now, planned;       // servers
    double least_now, least;   // those left in the worst case
    double busy;               // servers that today's load in its binding hour keeps busy
    double factor_now, factor; // of that load at which the worst case is full
    double months_now, months; // until then, NaN: no growth by the month is known
};

struct plan_on_type { // a component's replicas, or a machine, on a type of machine
    const char *name;
    uint32_t pieces;
    const char *type;
    double sent, network;  // bytes/s of one at the planned load, and of the type; 0: no bound
    double factor, months; // of today's load at which its network is full, and until then; NaN
    const char *ruled_out; // cheaper types and what they lack, "" without any
};

struct plan_level { // of the frontier
    double factor, cost;
    bool simulated;
    uint16_t at[PLAN_VARIABLES];
    bool beyond; // no value of some variable is large enough
};

struct plan_input { // what the plan depends on
    const char *name;
    double change; // relative change of the tightest figure when the input is 10 % larger
};

struct plan {
    struct arena arena;
    struct plan_request request;
    struct diagnostic_list *diagnostics;
    struct scenario base;
    bool loaded;
    uint32_t variable_count;
    struct plan_variable variables[PLAN_VARIABLES];
    uint32_t case_count;
    struct plan_case *cases;
    uint32_t rule_count;
    const uint32_t *rules;                        // objectives of the design that must hold
    double success, confidence, headroom, growth; // of under_fault; growth: factor on the load
    double monthly;                               // growth of a month, NaN
    uint32_t months;
    int64_t recovered_ns;
    bool always; // the scenario asks for `success`, and so it does without a fault, too
    bool by_cores, by_watts;
    struct scenario_options given; // before runs are shortened
    uint32_t uncertain_count;
    struct plan_uncertain uncertain[PLAN_UNCERTAIN];
    double shortfall;                 // price of what is lacking over that of the list
    const struct plan_regret *regret; // whose world this is, NULL
    const char *currency;             // "" without
    const struct plan_price *prices;
    struct plan_load load;
    double factor; // load that is planned for over the scenario's
    uint32_t trial_count, trial_room;
    struct plan_trial **trials;
    uint32_t simulated, replications, seen; // candidates simulated; replications; looked at
    uint32_t on_parts;                      // candidates simulated on a part only
    const struct reach *reach;
    const uint64_t *changes[PLAN_VARIABLES]; // components that a variable changes, where known
    bool changes_known[PLAN_VARIABLES];
    bool is_heavy;                    // a case is one replication, judged by parts of its time
    uint32_t unconfirmed;             // candidates that held, but not with other random numbers
    double candidates, below, spared; // in all; ruled out by utilisation; by monotonicity
    uint16_t floor[PLAN_VARIABLES];   // lower bounds of the variables
    double *busy;                     // servers in use at the planned load, by component
    double *turns;                    // requests/s of the workloads, seen beside
    double *waits;                 // by rule: predicted of the largest sizing, NaN: not predicted
    uint16_t seed[PLAN_VARIABLES]; // where formulas put a variable, the others at their largest
    bool seeded;
    bool interrupted, exhausted;
    bool crossed;                 // a neighbour held although a larger sizing had failed
    bool is_local;                // no variable can be lowered, but others may be traded for it
    int64_t length_ns, warmup_ns; // of a replication of a candidate
    const char *whole;            // as the scenario has it where runs are shortened; NULL
    double cost_now;              // of the present sizing
    double watts_now, watts;      // of the present sizing and the plan, NaN: not known
    uint32_t type_count;
    struct plan_on_type *types;                    // of the plan
    struct plan_trial *best;                       // NULL: nothing holds
    struct plan_trial *largest;                    // every variable at its largest value
    const struct plan_trial *next[PLAN_VARIABLES]; // neighbours of the best, one value smaller
    uint32_t resource_count;
    struct plan_resource *resources;
    uint32_t level_count;
    struct plan_level *levels;
    uint32_t input_count;
    struct plan_input *inputs; // most sensitive first
    const struct plan_finding *tightest;
    double holds_to, fails_at; // growth of the most sensitive input, relative
    const char *advice;        // infeasible: what it would take; NULL
};

// Reads the scenario and what is to be planned. False: the diagnostics, or `wrong` about the
// request, say why. Pair with plan_release, also then.
bool plan_init(struct plan *plan, const struct plan_request *request,
               struct diagnostic_list *diagnostics, struct text *wrong);
void plan_release(struct plan *plan);

// Searches; false when interrupted. Without a feasible candidate `best` stays NULL.
bool plan_search(struct plan *plan);

// Resources, frontier and sensitivity of what was found; false when interrupted.
bool plan_outlook(struct plan *plan);

// "web_n=8 api_n=20"
void plan_words(const struct plan *plan, const uint16_t *at, struct text *out);
