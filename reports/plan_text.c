// plan_text - a plan for the terminal and as Markdown.
#include "reports/plan_text.h"

#include <math.h>

#include "reports/plan_table.h"
#include "sim/base/units_format.h"
#include "sim/study/plan_regret.h"

enum { ROOM = 64 };

// ---- sentences ---------------------------------------------------------------------------------

static void add_cases(const struct plan *plan, struct text *out)
{
    for (uint32_t i = 0; i < plan->case_count; i++) {
        text_format(out, "%s%s", i == 0 ? "" : ", ", plan->cases[i].name);
    }
}

static void add_load(const struct plan *plan, struct text *out)
{
    text_format(out, "%.4g x the present load (growth %.4g x", plan->factor, plan->growth);
    if (!isnan(plan->monthly)) {
        text_format(out, " in %u months", plan->months);
    }
    if (plan->load.peak != 1.0) {
        text_format(out, ", peak %.4g x", plan->load.peak);
    }
    if (plan->load.path != NULL) {
        text_format(out, ", measured hour %.4g x", plan->load.hour);
    }
    text_format(out, ", headroom %.4g %%)", plan->headroom * 100.0);
}

// Which hour of the measured ones the load is taken from, and who is busier at another.
static void add_hours(const struct plan *plan, struct text *out)
{
    const struct plan_load *load = &plan->load;
    if (load->path == NULL) {
        return;
    }
    const bool busiest = load->percentile >= 1.0;
    text_format(out, "Present load: ");
    if (busiest) {
        text_add(out, "the busiest");
    } else {
        text_format(out, "the %.4g %% percentile", load->percentile * 100.0);
    }
    text_format(out, " of %u hours of %s", load->hour_count, load->path);
    text_format(out, load->at == NULL ? ", each workload's own:" : ", %s:", load->at);
    for (uint32_t c = 0; c < load->column_count; c++) {
        const struct plan_column *column = &load->columns[c];
        text_format(out, "%s %s %.6g/s (the scenario has %.6g/s", c == 0 ? "" : ",",
                    column->name == NULL ? "all open workloads" : column->name, column->planned,
                    column->present);
        if (load->at == NULL) {
            text_format(out, "; %s", column->hour);
        } else if (column->most > column->planned) {
            text_format(out, "; alone up to %.6g/s, %s", column->most, column->most_hour);
        }
        text_add(out, ")");
    }
    text_add(out, load->at == NULL ? "\nThe hours of the workloads differ: their sum may never "
                                     "have come at once\n"
                                   : "\n");
}

// What is uncertain, and which of its ends the figures are of.
static void add_worlds(const struct plan *plan, struct text *out)
{
    const struct plan_regret *regret = plan->regret;
    char worst[ROOM];
    if (regret == NULL) {
        return;
    }
    const char *told = regret->worlds[regret->shown].name;
    if (!regret->found) {
        text_format(out, "Uncertain inputs: no sizing holds with %s\n", told);
        return;
    }
    text_format(out, "Least regret over the %u combinations of ends: at most %s; ",
                regret->world_count, plan_table_cost(plan, regret->regret, worst, sizeof worst));
    if (isinf(regret->shortfall)) {
        text_add(out, "the plan holds in all of them. ");
    } else {
        text_format(out, "what is lacking costs %.4g x its price. ", regret->shortfall);
    }
    text_format(out, "The figures below are of %s\n", told);
    text_add(out, "What lies between the ends is taken to ask for no more than they do; ");
    text_format(out, "%u candidates simulated in all, %u replications\n", regret->simulated,
                regret->replications);
    if (regret->local) {
        text_add(out, "Among the cheapest sizings of the ends, what covers two or all of them, and "
                      "what is reached from there one variable at a time: cheaper trades were not "
                      "searched\n");
    }
}

static void headline_infeasible(const struct plan *plan, struct text *out)
{
    text_add(out, "Plan: ");
    if (plan->exhausted) {
        text_add(out, "undecided: no simulation was left (--max-evals) before anything was seen to "
                      "hold\n");
        return;
    }
    text_add(out, "nothing holds; not even the largest sizing, ");
    plan_words(plan, plan->largest->at, out);
    const struct plan_finding *failing = plan->largest->failing;
    const bool open = failing != NULL && failing->verdict == VERDICT_UNDECIDED;
    text_add(out, open ? "\nNot shown to hold at any size: " : "\nCannot be met at any size: ");
    plan_table_reason(plan, plan->largest, out);
    text_add(out, "\n");
    if (plan->advice != NULL) {
        text_format(out, "%s\n", plan->advice);
    }
}

static void headline_present(const struct plan *plan, struct text *out)
{
    char cost[ROOM];
    uint32_t held = 0;
    for (uint32_t i = 0; i < plan->case_count; i++) {
        held += plan->largest->held[i];
    }
    text_format(out, "Present sizing: holds in %u of %u cases     cost %s\n", held,
                plan->case_count, plan_table_cost(plan, plan->cost_now, cost, sizeof cost));
}

void plan_text_headline(const struct plan *plan, struct text *out)
{
    char now[ROOM], then[ROOM], more[ROOM];
    if (plan->request.present) {
        headline_present(plan, out);
    } else if (plan->best == NULL) {
        headline_infeasible(plan, out);
    } else {
        uint32_t same = 0;
        for (uint32_t v = 0; v < plan->variable_count; v++) {
            same += plan->variables[v].now == plan->best->at[v];
        }
        const double change = plan->best->cost - plan->cost_now;
        text_format(out, "Plan: %u to change, %u as is     cost %s -> %s (%s%s)\n",
                    plan->variable_count - same, same,
                    plan_table_cost(plan, plan->cost_now, now, sizeof now),
                    plan_table_cost(plan, plan->best->cost, then, sizeof then),
                    change < 0 ? "" : "+", plan_table_cost(plan, change, more, sizeof more));
        if (plan->is_local) {
            text_add(out, "No variable can be lowered; what one saves at the expense of another "
                          "was not searched (more than 6 variables)\n");
        }
        if (plan->crossed) {
            text_add(out, "A larger sizing failed where a smaller one holds, so larger is not "
                          "always better here: the neighbours were followed downwards, and "
                          "something cheaper may lie elsewhere\n");
        }
        if (plan->exhausted) {
            text_add(out, "Not shown to be the cheapest: no simulation was left (--max-evals)\n");
        }
    }
    text_format(out, "%s at ", plan->best == NULL || plan->request.present ? "Asked" : "Holds");
    add_load(plan, out);
    text_format(out, " with %.4g %% confidence, under: ", plan->confidence * 100.0);
    add_cases(plan, out);
    text_add(out, "\n");
    add_hours(plan, out);
    add_worlds(plan, out);
}

static void add_dependence(const struct plan *plan, struct text *out)
{
    if (plan->tightest == NULL) {
        return;
    }
    text_format(out, "Tightest: %s, %s.", plan->tightest->rule,
                plan->cases[plan->tightest->in_case].name);
    if (plan->input_count > 0) {
        text_format(out, " Most sensitive to: %s.", plan->inputs[0].name);
    }
    if (isnan(plan->fails_at)) {
        text_format(out, " It holds with %.0f %% more load than planned for.\n",
                    plan->holds_to * 100.0);
    } else {
        text_format(out,
                    " It holds with %.0f %% more load than planned for, no more with %.0f "
                    "%%.\n",
                    plan->holds_to * 100.0, plan->fails_at * 100.0);
    }
}

// A lasting loss is judged in its steady state: what clients see of it at first is for chaos.
static void add_lead(const struct plan *plan, struct text *out)
{
    char lead[UNITS_FORMAT_ROOM];
    bool lasting = false;
    for (uint32_t i = 0; i < plan->case_count; i++) {
        lasting =
            lasting || plan->cases[i].kind == PLAN_ZONE || plan->cases[i].kind == PLAN_MACHINE;
    }
    if (lasting) {
        text_format(out,
                    "Zones and machines are lost %s before the first client comes "
                    "(under_fault.recovered_within): how they are missed is not judged here\n",
                    units_format_exact(lead, sizeof lead, plan->recovered_ns));
    }
}

void plan_text_method(const struct plan *plan, struct text *out)
{
    char duration[UNITS_FORMAT_ROOM], warmup[UNITS_FORMAT_ROOM];
    const struct design *design = &plan->base.design;
    add_dependence(plan, out);
    if (plan->request.present) {
        text_format(out, "%u replications of %s after a warm-up of %s\n", plan->replications,
                    units_format_exact(duration, sizeof duration, plan->length_ns),
                    design->warmup_auto
                        ? "MSER-5's choice"
                        : units_format_exact(warmup, sizeof warmup, plan->warmup_ns));
        add_lead(plan, out);
        return;
    }
    text_format(out,
                "%u of %.6g candidates simulated (%.6g ruled out by utilisation, %.6g by "
                "monotonicity or cost), %u replications of %s after a warm-up of %s, all with the "
                "same random numbers\n",
                plan->simulated, plan->candidates, plan->below, plan->spared, plan->replications,
                units_format_exact(duration, sizeof duration, plan->length_ns),
                design->warmup_auto ? "MSER-5's choice"
                                    : units_format_exact(warmup, sizeof warmup, plan->warmup_ns));
    if (plan->on_parts > 0) {
        text_format(out,
                    "%u of them only on the part of the design that the objectives in question "
                    "touch: what else loads the gateways before it was left out; the plan and its "
                    "neighbours were simulated whole\n",
                    plan->on_parts);
    }
    add_lead(plan, out);
    if (plan->is_heavy) {
        text_add(out, "A case is one replication, its intervals from 20 parts of its time; one "
                      "that decides nothing was simulated again for four times as long\n");
    }
}

// Where the search began.
static void add_seeds(const struct plan *plan, struct text *out)
{
    if (!plan->seeded) {
        return;
    }
    bool predicted = false;
    for (uint32_t r = 0; plan->waits != NULL && r < plan->rule_count; r++) {
        predicted = predicted || !isnan(plan->waits[r]);
    }
    text_format(out, "Each variable was sought from where %s puts it: ",
                predicted ? "the wait by Allen and Cunneen, or the mean values of closed workloads,"
                          : "square-root staffing");
    plan_words(plan, plan->seed, out);
    text_add(out, "\n");
}

static void add_confirmed(const struct plan *plan, struct text *out)
{
    if (plan->best != NULL && plan->best->confirmed) {
        text_format(out, "The plan held once more with other random numbers in %s",
                    plan->is_heavy ? "every case" : "its hardest case");
        if (plan->unconfirmed > 0) {
            text_format(out, "; %u cheaper did not", plan->unconfirmed);
        }
        text_add(out, "\n");
    }
}

// What was not simulated but reckoned.
static void add_estimates(const struct plan *plan, struct text *out)
{
    bool network = false;
    for (uint32_t i = 0; i < plan->type_count; i++) {
        network = network || plan->types[i].network > 0.0;
    }
    if (plan->best != NULL && !isnan(plan->watts)) {
        text_format(out,
                    "Power: %.6g W -> %.6g W at the planned load, straight between idle and busy, "
                    "with the servers as busy as the largest sizing was simulated to be\n",
                    plan->watts_now, plan->watts);
    }
    if (network) {
        text_add(out, "What a machine sends is estimated from the sizes of calls, answers and "
                      "messages, in the case that leaves the fewest replicas; retries and traffic "
                      "within a store or broker are not in it\n");
    }
}

static void add_shortened(const struct plan *plan, struct text *out)
{
    if (plan->whole != NULL) {
        text_format(out,
                    "Replications are shortened to keep the search affordable: what takes longer "
                    "to show (slow leaks, rare stalls) is not judged. The whole: orrery plan %s "
                    "%s\n",
                    plan->request.file, plan->whole);
    }
}

static void add_apply(const struct plan *plan, struct text *out)
{
    if (plan->best == NULL) {
        return;
    }
    text_format(out, "Apply with:  orrery run %s", plan->request.file);
    for (uint32_t v = 0; v < plan->variable_count; v++) {
        if (plan->variables[v].now != plan->best->at[v]) {
            text_format(out, " --set %s=%s", plan->variables[v].name,
                        plan->variables[v].values[plan->best->at[v]]);
        }
    }
    text_add(out, "\n");
}

// ---- dry run -----------------------------------------------------------------------------------

static void add_dry(const struct plan *plan, struct text *out)
{
    text_format(out, "%.6g candidates, %u cases each, nothing simulated\n", plan->candidates,
                plan->case_count);
    for (uint32_t v = 0; v < plan->variable_count; v++) {
        const struct plan_variable *variable = &plan->variables[v];
        text_format(out, "  vary   %s: %s..%s (%u values), now %s\n", variable->name,
                    variable->values[0], variable->values[variable->count - 1], variable->count,
                    variable->present);
    }
    for (uint32_t r = 0; r < plan->rule_count; r++) {
        const struct slo_design *slo = &plan->base.design.slos[plan->rules[r]];
        text_format(out, "  keep   %s: %s of %s\n", slo->name, slo->objective, slo->target_name);
    }
    for (uint32_t u = 0; u < plan->uncertain_count; u++) {
        text_format(out, "  unsure %s: %s..%s\n", plan->uncertain[u].name,
                    plan->uncertain[u].ends[0], plan->uncertain[u].ends[1]);
    }
    text_add(out, "  under  ");
    add_cases(plan, out);
    text_add(out, "\n  at     ");
    add_load(plan, out);
    text_add(out, plan->load.path == NULL ? "" : "\n  ");
    add_hours(plan, out);
    char length[UNITS_FORMAT_ROOM];
    text_format(out, "%s  with replications of %s%s", plan->load.path == NULL ? "\n" : "",
                units_format_exact(length, sizeof length, plan->length_ns),
                plan->whole == NULL ? "" : ", shortened");
    text_format(out, "\n  at most %u candidates are simulated\n", plan->request.most);
}

// ---- the whole ---------------------------------------------------------------------------------

// How the answer was found, and how it is put to use.
static void add_foot(const struct plan *plan, struct text *out)
{
    text_add(out, "\n");
    plan_text_method(plan, out);
    add_seeds(plan, out);
    add_confirmed(plan, out);
    add_estimates(plan, out);
    add_shortened(plan, out);
    add_apply(plan, out);
}

void plan_text_write(const struct plan *plan, bool color, struct text *out)
{
    if (plan->request.dry) {
        add_dry(plan, out);
        return;
    }
    plan_text_headline(plan, out);
    for (uint32_t which = 0; which < PLAN_TABLES; which++) {
        struct table table;
        if (which == PLAN_TABLE_NEIGHBOURS || !plan_table_fill(plan, which, &table)) {
            continue; // the first table says it already
        }
        text_format(out, "\n%s\n", plan_table_titles[which]);
        table_write(&table, color, out);
        table_release(&table);
    }
    add_foot(plan, out);
}

void plan_text_markdown(const struct plan *plan, struct text *out)
{
    text_format(out, "# Plan of %s\n\n", plan->base.design.name);
    plan_text_headline(plan, out);
    for (uint32_t which = 0; which < PLAN_TABLES; which++) {
        struct table table;
        if (plan_table_fill(plan, which, &table)) {
            text_format(out, "\n## %s\n\n", plan_table_titles[which]);
            table_markdown(&table, out);
            table_release(&table);
        }
    }
    add_foot(plan, out);
}

void plan_text_identity(const struct plan *plan, struct text *out)
{
    text_add(out, plan->request.present ? "present " : "");
    text_format(out, "plan %s %u %d\n", plan->base.digest, plan->request.most,
                plan->by_cores + 2 * plan->by_watts);
    text_format(out, "%s %s %s\n",
                plan->request.scenario.duration == NULL ? "" : plan->request.scenario.duration,
                plan->request.scenario.warmup == NULL ? "" : plan->request.scenario.warmup,
                plan->request.scenario.replications == NULL ? ""
                                                            : plan->request.scenario.replications);
    text_format(out, "seed %llu\n", (unsigned long long)plan->base.design.seed);
    for (uint32_t v = 0; v < plan->variable_count; v++) {
        text_format(out, "%s %s..%s %u\n", plan->variables[v].name, plan->variables[v].values[0],
                    plan->variables[v].values[plan->variables[v].count - 1],
                    plan->variables[v].count);
    }
    add_cases(plan, out);
}
