// plan_table - the tables of a plan, for terminal, Markdown and page alike.
#pragma once

#include <stdbool.h>

#include "reports/table.h"
#include "sim/study/plan.h"

enum plan_table {
    PLAN_TABLE_CHANGES,
    PLAN_TABLE_REGRET,
    PLAN_TABLE_OBJECTIVES,
    PLAN_TABLE_NEIGHBOURS,
    PLAN_TABLE_RESOURCES,
    PLAN_TABLE_TYPES,
    PLAN_TABLE_FRONTIER,
    PLAN_TABLE_INPUTS,
    PLAN_TABLES
};
extern const char *const plan_table_titles[PLAN_TABLES];

// Fills an unused table; false: there is nothing to say, and nothing to release.
bool plan_table_fill(const struct plan *plan, enum plan_table which, struct table *table);

// "1.28 EUR/h", "24 cores"
const char *plan_table_cost(const struct plan *plan, double cost, char *buffer, size_t size);
// Why a candidate fails, in one line.
void plan_table_reason(const struct plan *plan, const struct plan_trial *trial, struct text *out);
