// solve - plans a scenario given as text, for tests.
#pragma once

#include "sim/study/plan.h"

struct solve {
    struct plan plan;
    struct diagnostic_list diagnostics;
    struct text wrong;
    char path[32];
    bool good; // it could be planned at all
};

// Reads YAML behind `orrery: v1` alone.
void solve_read(struct solve *solve, const char *yaml, const struct plan_request *request);

// Reads YAML behind `orrery: v1`; then searches unless it is wrong. `request` may be NULL.
void solve_init(struct solve *solve, const char *yaml, const struct plan_request *request);
void solve_release(struct solve *solve);

// The planned value of a variable as a whole number; 0 where nothing holds.
uint32_t solve_value(const struct solve *solve, uint32_t variable);
