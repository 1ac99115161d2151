// stage - a scenario given as text, loaded and run step by step, for tests of models.
#pragma once

#include "sim/base/diagnostic.h"
#include "sim/engine/run.h"
#include "sim/scenario/scenario.h"

struct stage {
    struct diagnostic_list diagnostics;
    struct scenario scenario;
    struct world *world;
};

// Fails the test with the diagnostics if the text is no good scenario. The world is at time 0 and
// measures from then on. Released by stage_end.
void stage_begin(struct stage *stage, const char *text);
void stage_run(struct stage *stage, int64_t until_ns); // exclusive
// States all invariants as at the end of a replication and fails the test if one is violated.
void stage_end(struct stage *stage);
// Ends it without a word on invariants: for those that are meant to be violated.
void stage_drop(struct stage *stage);

// True if the text is refused with an error of that code.
bool stage_refuses(const char *text, const char *code);

struct component *stage_component(const struct stage *stage, const char *name);
double stage_metric(const struct stage *stage, const char *component, const char *metric);
// Tries of the operation that ended with the status so far.
uint64_t stage_count(const struct stage *stage, const char *component, const char *operation,
                     enum status status);
const struct operation_meter *stage_meter(const struct stage *stage, const char *component,
                                          const char *operation);

// Events that tests let happen to a node: word of a kill: whether its host goes dark, too.
void stage_on_kill(void *node, uint64_t dark);
void stage_on_restart(void *node, uint64_t word);
// Happens at the present instant, as an event; the world's time is 1 ns later afterwards.
void stage_strike(const struct stage *stage, struct node *node,
                  void (*act)(void *node, uint64_t word), uint64_t word);
