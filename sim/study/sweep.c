// sweep - the points: what they are made of, whether they can be simulated, what is read of them.
#include "sim/study/sweep.h"

#include <stdlib.h>
#include <string.h>

#include "sim/base/check.h"
#include "sim/study/verdict.h"

enum { SHOWN_MOST = 5 };

void sweep_init(struct sweep *sweep)
{
    *sweep = (struct sweep){.version = ORRERY_VERSION};
    arena_init(&sweep->arena);
}

void sweep_release(struct sweep *sweep)
{
    arena_release(&sweep->arena);
}

bool sweep_load(const struct sweep *sweep, uint32_t point, struct scenario *scenario,
                struct diagnostic_list *diagnostics)
{
    struct scenario_options options = *sweep->source.options;
    const uint32_t width = sweep->space.parameter_count;
    const size_t given = options.overrides.count;
    struct document_override *overrides = check_calloc(given + width, sizeof *overrides);
    for (size_t i = 0; i < given; i++) {
        overrides[i] = options.overrides.items[i];
    }
    for (uint32_t i = 0; i < width; i++) {
        overrides[given + i] = (struct document_override){.name = sweep->space.parameters[i].name,
                                                          .value = sweep_value(sweep, point, i)};
    }
    options.overrides = (struct document_overrides){overrides, given + width};
    const bool good = scenario_load_bytes(scenario, sweep->source.file, &options,
                                          sweep->source.catalog, diagnostics);
    free(overrides);
    return good;
}

// ---- checking
// ------------------------------------------------------------------------------------

struct checking {
    struct sweep *sweep;
    void (*show)(void *context, uint32_t point, struct diagnostic_list *diagnostics);
    void *context;
    const char *shown[SHOWN_MOST];
    uint32_t shown_count;
};

static void name_parts(struct sweep *sweep, const struct design *design)
{
    const char **workloads =
        arena_take_array(&sweep->arena, design->workload_count + 1, sizeof *workloads);
    struct sweep_slo *slos = arena_take_array(&sweep->arena, design->slo_count + 1, sizeof *slos);
    for (uint32_t w = 0; w < design->workload_count; w++) {
        workloads[w] = arena_text(&sweep->arena, design->workloads[w].name);
    }
    for (uint32_t s = 0; s < design->slo_count; s++) {
        slos[s] = (struct sweep_slo){
            .name = arena_text(&sweep->arena, design->slos[s].name),
            .target = arena_text(&sweep->arena, design->slos[s].target_name),
            .objective = arena_text(&sweep->arena, design->slos[s].objective),
            .warn_only = design->slos[s].warn_only,
            .quantile =
                design->slos[s].metric == SLO_PERCENTILE ? design->slos[s].quantile : 0.0,
        };
    }
    sweep->scenario = arena_text(&sweep->arena, design->name);
    sweep->workloads = workloads;
    sweep->slos = slos;
    sweep->workload_count = design->workload_count;
    sweep->slo_count = design->slo_count;
}

static void note_point(struct sweep *sweep, uint32_t point, const struct scenario *scenario)
{
    struct sweep_row *row = &sweep->rows[point];
    if (sweep->scenario == NULL) {
        name_parts(sweep, &scenario->design);
    }
    const uint32_t least = scenario->design.replications.minimum;
    const uint32_t most = scenario->design.replications.maximum;
    row->least = least == 0 ? 1 : least;
    row->most = most < row->least ? row->least : most;
    sweep->grows |= row->most > row->least;
    row->predicted = scenario_predict_events(scenario) / row->least;
    memcpy(row->digest, scenario->digest, sizeof row->digest);
    row->flows = arena_take_array(&sweep->arena, sweep->workload_count + 1, sizeof *row->flows);
    row->slos = arena_take_array(&sweep->arena, sweep->slo_count + 1, sizeof *row->slos);
    sweep->predicted += row->predicted * row->least;
}

static const char *first_error(const struct diagnostic_list *diagnostics)
{
    for (uint32_t i = 0; i < diagnostics->count; i++) {
        if (diagnostics->entries[i]->severity == DIAGNOSTIC_ERROR) {
            return diagnostics->entries[i]->message;
        }
    }
    return "";
}

static void show_errors(struct checking *checking, uint32_t point,
                        struct diagnostic_list *diagnostics)
{
    const char *first = first_error(diagnostics);
    for (uint32_t i = 0; i < checking->shown_count; i++) {
        if (text_same(checking->shown[i], first)) {
            return;
        }
    }
    if (checking->shown_count < SHOWN_MOST && checking->show != NULL) {
        checking->shown[checking->shown_count++] = arena_text(&checking->sweep->arena, first);
        checking->show(checking->context, point, diagnostics);
    }
}

static bool check_point(struct checking *checking, uint32_t point)
{
    struct diagnostic_list diagnostics;
    struct scenario scenario;
    diagnostic_init(&diagnostics);
    bool good = sweep_load(checking->sweep, point, &scenario, &diagnostics);
    if (good) {
        note_point(checking->sweep, point, &scenario);
        const struct sweep *sweep = checking->sweep;
        good = scenario.design.workload_count == sweep->workload_count &&
               scenario.design.slo_count == sweep->slo_count;
    } else {
        show_errors(checking, point, &diagnostics);
    }
    scenario_release(&scenario);
    diagnostic_release(&diagnostics);
    return good;
}

bool sweep_check(struct sweep *sweep,
                 void (*show)(void *context, uint32_t point, struct diagnostic_list *diagnostics),
                 void *context)
{
    struct checking checking = {.sweep = sweep, .show = show, .context = context};
    bool good = true;
    for (uint32_t point = 0; point < sweep->points.count; point++) {
        if (sweep->rows[point].chosen) {
            good = check_point(&checking, point) && good;
        }
    }
    return good;
}

void sweep_identity(const struct sweep *sweep, struct text *identity)
{
    text_format(identity, "sweep of %u points\n", sweep->points.count);
    const size_t cells = (size_t)sweep->points.count * sweep->space.parameter_count;
    for (size_t i = 0; i < cells; i++) {
        text_format(identity, "%s=%s\n",
                    sweep->space.parameters[i % sweep->space.parameter_count].name,
                    sweep->points.values[i]);
    }
}

// ---- the result of a point ----------------------------------------------------------------------

static void fill_flow(struct sweep_flow *flow, const struct result *result, uint32_t workload)
{
    const uint32_t block = result->workloads[workload].figures;
    *flow = (struct sweep_flow){
        .offered = *result_flow(result, block, RESULT_OFFERED),
        .throughput = *result_flow(result, block, RESULT_THROUGHPUT),
        .success = *result_flow(result, block, RESULT_SUCCESS),
        .mean = *result_flow(result, block, RESULT_MEAN),
        .p50 = *result_flow(result, block, RESULT_P50),
        .p99 = *result_flow(result, block, RESULT_P99),
    };
}

static void fill_busiest(struct sweep *sweep, struct sweep_row *row, const struct result *result)
{
    uint32_t busiest = RESULT_NONE;
    for (uint32_t c = 0; c < result->component_count; c++) {
        const struct result_component *component = &result->components[c];
        const struct estimate *load = result_flow(result, component->figures, RESULT_UTILIZATION);
        if (load->known && (busiest == RESULT_NONE || load->value > row->utilization.value)) {
            busiest = c;
            row->utilization = *load;
        }
    }
    if (busiest != RESULT_NONE) {
        row->busiest = arena_text(&sweep->arena, result->components[busiest].name);
    }
}

void sweep_fill(struct sweep *sweep, uint32_t point, const struct result *result)
{
    struct sweep_row *row = &sweep->rows[point];
    row->state = SWEEP_DONE;
    row->verdict = result->verdict;
    row->replications = result->replication_count;
    row->events = result->events;
    row->simulated_s = result->simulated_s;
    row->fingerprint = result->fingerprint;
    memcpy(row->digest, result->digest, strnlen(result->digest, DIGEST_ROOM - 1) + 1);
    for (uint32_t w = 0; w < result->workload_count; w++) {
        fill_flow(&row->flows[w], result, w);
    }
    for (uint32_t s = 0; s < result->slo_count; s++) {
        const struct result_slo *slo = &result->slos[s];
        row->slos[s] = (struct sweep_objective){slo->verdict, slo->observed, slo->limit,
                                                arena_text(&sweep->arena, slo->unit)};
    }
    fill_busiest(sweep, row, result);
}

// ---- reading off
// ---------------------------------------------------------------------------------

uint32_t sweep_load_parameter(const struct sweep *sweep)
{
    for (uint32_t i = 0; i < sweep->space.parameter_count; i++) {
        const struct sweep_amount amount = sweep_where_amount(sweep_value(sweep, 0, i));
        if (amount.unit == SWEEP_RATE && sweep->space.parameters[i].count > 1) {
            return i;
        }
    }
    return sweep->space.parameter_count;
}

enum verdict sweep_verdict(const struct sweep *sweep)
{
    enum verdict worst = VERDICT_PASS;
    for (uint32_t point = 0; point < sweep->points.count; point++) {
        if (sweep->rows[point].state == SWEEP_DONE) {
            worst = verdict_worse(worst, sweep->rows[point].verdict);
        }
    }
    return worst;
}
