// solve - plans a scenario given as text, for tests.
#include "tests/plan/solve.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "models/catalog.h"

static void write_file(struct solve *solve, const char *yaml)
{
    snprintf(solve->path, sizeof solve->path, "%s/plan-XXXXXX", P_tmpdir);
    const int file = mkstemp(solve->path);
    cr_assert_geq(file, 0);
    cr_assert_eq(write(file, "orrery: v1\n", 11), 11);
    cr_assert_eq(write(file, yaml, strlen(yaml)), (ssize_t)strlen(yaml));
    close(file);
}

void solve_read(struct solve *solve, const char *yaml, const struct plan_request *request)
{
    struct plan_request asked = request == NULL ? (struct plan_request){.most = 400} : *request;
    write_file(solve, yaml);
    asked.file = solve->path;
    asked.catalog = &catalog_all;
    asked.workers = asked.workers == 0 ? 2 : asked.workers;
    text_init(&solve->wrong);
    diagnostic_init(&solve->diagnostics);
    solve->good = plan_init(&solve->plan, &asked, &solve->diagnostics, &solve->wrong);
    diagnostic_sort(&solve->diagnostics);
}

void solve_init(struct solve *solve, const char *yaml, const struct plan_request *request)
{
    solve_read(solve, yaml, request);
    if (solve->good) {
        cr_assert(plan_search(&solve->plan));
    }
}

void solve_release(struct solve *solve)
{
    plan_release(&solve->plan);
    diagnostic_release(&solve->diagnostics);
    text_release(&solve->wrong);
    unlink(solve->path);
}

uint32_t solve_value(const struct solve *solve, uint32_t variable)
{
    const struct plan *plan = &solve->plan;
    if (plan->best == NULL) {
        return 0;
    }
    const char *value = plan->variables[variable].values[plan->best->at[variable]];
    return (uint32_t)strtoul(value, NULL, 10);
}
