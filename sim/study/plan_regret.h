// plan_regret - the sizing with the least regret where inputs are known as intervals only.
//
// A *world* gives every uncertain input one end of its interval; all combinations of ends are
// looked at, each with a search of its own. The regret of a sizing in a world is what it costs more
// than the cheapest sizing that holds there. Where it does not hold, what it lacks of that cheapest
// one (the values by which some variable is smaller) is bought in a hurry, at `shortfall` times its
// price: regret = cost + shortfall x (cost of what holds, no smaller anywhere - cost) - cost of the
// cheapest. Without a `shortfall` no money makes up for it, and the regret is infinite. Named is
// the sizing whose largest regret over the worlds is the smallest among the cheapest sizings of the
// worlds, what is no smaller than any two of them or than all, and what is reached from the best of
// those by changing one variable at a time.
//
// Approximations: what lies between the ends is taken to ask for no more than the ends do, and a
// sizing that is larger than one that holds to hold. The named one is simulated in every world.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "sim/study/plan.h"

enum { PLAN_WORLDS = 16 };

struct plan_world {
    const char *name; // "peak=1000/s db=5ms"
    struct plan plan;
    struct diagnostic_list diagnostics;
    bool begun;
    const struct plan_trial *optimum; // what holds there at the least cost
    // of the named sizing
    bool holds;
    double cost, lack, regret;          // lack: of what is missing, at the price of the list
    const struct plan_finding *failing; // does not hold: why, NULL: by a formula
};

struct plan_regret {
    struct plan *asked; // as the scenario is written
    double shortfall;   // INFINITY: nothing makes up for it
    uint32_t world_count;
    struct plan_world *worlds;
    uint32_t shown; // the world that the answer is told of: the dearest one that it holds in
    bool found;
    bool local;    // lowering variables together, or trading one for another, was not searched
    double regret; // of the named sizing, in its worst world
    uint32_t simulated, replications; // of all worlds
};

// Reads the worlds of a plan that was read. False: `wrong` says why. Pair with
// plan_regret_release, also then.
bool plan_regret_init(struct plan_regret *regret, struct plan *plan, struct text *wrong);
void plan_regret_release(struct plan_regret *regret);

// Searches; false when interrupted. The answer is the `best` of the plan of the world that is
// shown; NULL there if nothing holds in it.
bool plan_regret_search(struct plan_regret *regret);
struct plan *plan_regret_shown(const struct plan_regret *regret);

// The uncertain inputs of a plan being read (plan_read.c).
bool plan_regret_read(struct plan *plan, struct text *wrong);
