// result_build - tables of a result: what the scenario names, with the counts of all replications.
#include "sim/study/result_build.h"

#include <math.h>
#include <string.h>

#include "sim/engine/model.h"
#include "sim/study/verdict.h"

static const char *copy(struct result *result, const char *text)
{
    return text == NULL ? NULL : arena_text(&result->arena, text);
}

static const char *copy_or_empty(struct result *result, const char *text)
{
    return text == NULL ? "" : arena_text(&result->arena, text);
}

static void add_identity(struct result *result, const struct result_input *input)
{
    const struct design *design = input->design;
    result->scenario = copy_or_empty(result, design->name);
    result->description = copy_or_empty(result, design->description);
    result->file = copy_or_empty(result, input->file);
    result->digest = copy_or_empty(result, input->digest);
    result->version = ORRERY_VERSION;
    result->source = copy_or_empty(result, input->source);
    result->resolved = copy_or_empty(result, input->resolved);
    result->seed = design->seed;
    result->duration_s = time_seconds(design->duration_ns);
    result->warmup_s = time_seconds(input->warmup_ns);
    result->minimum = design->replications.minimum;
    result->maximum = design->replications.maximum;
    result->stop_at = design->replications.stop_at;
    result->widest = NAN;
    result->batches = input->batches;
    result->row_count = input->count;
    result->warmup.chosen_s = result->warmup_s;
}

static void add_warmup(struct result *result, const struct result_input *input)
{
    if (input->warmup == NULL) {
        return;
    }
    result->warmup = *input->warmup;
    struct result_warmup *warmup = &result->warmup;
    warmup->subject = copy(result, warmup->subject);
    warmup->bins = arena_take_array(&result->arena, warmup->bin_count + 1, sizeof(double));
    if (warmup->bin_count > 0) {
        memcpy(warmup->bins, input->warmup->bins, warmup->bin_count * sizeof(double));
    }
}

// A batch counts its own events; the fingerprint of its replication stands in the last one.
static void add_replications(struct result *result, const struct result_input *input)
{
    const uint32_t count = input->batches ? 1 : input->count;
    result->replication_count = count;
    result->replications = arena_take_array(&result->arena, count, sizeof *result->replications);
    struct fingerprint_value *values = arena_take_array(&result->arena, count, sizeof *values);
    for (uint32_t i = 0; i < count; i++) {
        const struct run_record *record =
            input->batches ? &input->records[input->count - 1] : &input->records[i];
        result->replications[i] = (struct result_replication){
            .number = record->replication,
            .fingerprint = record->fingerprint,
            .events = record->events,
            .ties = record->ties,
            .stale_wakes = record->stale_wakes,
            .bytes = record->bytes,
            .complete = record->end == RUN_DONE,
        };
        values[i] = record->fingerprint;
        result->events += record->events;
        result->interrupted_by_limit |= record->end == RUN_MAX_EVENTS;
        result->bytes_max = record->bytes > result->bytes_max ? record->bytes : result->bytes_max;
    }
    result->fingerprint = fingerprint_join(values, count);
    result->simulated_s = result->duration_s * count;
}

static void add_workloads(struct result *result, const struct result_input *input)
{
    const struct design *design = input->design;
    result->workload_count = design->workload_count;
    result->workloads =
        arena_take_array(&result->arena, design->workload_count, sizeof *result->workloads);
    for (uint32_t w = 0; w < design->workload_count; w++) {
        struct result_workload *workload = &result->workloads[w];
        workload->name = copy(result, design->workloads[w].name);
        workload->assumed = copy(result, design->workloads[w].assumed);
        workload->thinned = design->workloads[w].thinned;
        histogram_init(&workload->latency);
        for (uint32_t r = 0; r < input->count; r++) {
            const struct workload_meter *meter = &input->records[r].meter.workloads[w];
            workload->offered += meter->offered;
            workload->open += !input->batches || r + 1 == input->count ? meter->open : 0;
            histogram_merge(&workload->latency, &meter->latency);
            for (uint32_t s = 0; s < STATUS_COUNT; s++) {
                workload->statuses[s] += meter->statuses[s];
                workload->ended += meter->statuses[s];
            }
        }
    }
}

static void merge_operation(struct result *result, const struct result_input *input, uint32_t index)
{
    struct result_operation *operation = &result->operations[index];
    struct result_component *component = &result->components[operation->component];
    __int128 parts[METER_PARTS] = {0};
    uint64_t visits = 0;
    histogram_init(&operation->latency);
    for (uint32_t r = 0; r < input->count; r++) {
        const struct operation_meter *meter =
            result_operation_meter(result, &input->records[r], index);
        operation->arrivals += meter->arrivals;
        operation->waste += meter->waste;
        histogram_merge(&operation->latency, &meter->latency);
        for (uint32_t s = 0; s < STATUS_COUNT; s++) {
            operation->statuses[s] += meter->statuses[s];
            component->statuses[s] += operation->internal ? 0 : meter->statuses[s];
        }
        visits += meter->visits;
        for (uint32_t p = 0; p < METER_PARTS; p++) {
            parts[p] += meter->parts_ns[p];
        }
    }
    for (uint32_t p = 0; p < METER_PARTS; p++) {
        operation->parts_s[p] = visits == 0 ? (double)NAN : (double)parts[p] / (double)visits / 1e9;
    }
    if (!operation->internal) {
        component->arrivals += operation->arrivals;
        struct histogram plain = operation->latency; // the component watches no thresholds
        plain.threshold_count = 0;
        histogram_merge(&component->latency, &plain);
    }
}

static void merge_component(struct result_component *component, const struct result_input *input,
                            uint32_t index)
{
    histogram_init(&component->latency);
    histogram_init(&component->wait);
    for (uint32_t r = 0; r < input->count; r++) {
        const struct component_meter *meter = &input->records[r].meter.components[index];
        const struct component_figures *figures = &input->records[r].components[index];
        component->retries += meter->retries;
        component->timeouts += meter->timeouts;
        component->ejections += meter->ejections;
        component->breaker_trips += meter->breaker_trips;
        component->queue_max =
            figures->queue_max > component->queue_max ? figures->queue_max : component->queue_max;
        histogram_merge(&component->wait, &meter->wait);
    }
}

static void name_component(struct result *result, const struct component_design *design,
                           struct result_component *component)
{
    component->name = copy(result, design->name);
    component->kind = copy(result, design->kind);
    component->title = copy(result, design->title);
    component->group = copy(result, design->group);
    if (component->group == NULL) {
        component->group = design->model != NULL && design->model->family != NULL
                               ? copy(result, design->model->family)
                               : "service";
    }
    component->description = copy(result, design->description);
    component->assumed = copy(result, design->assumed);
    component->replicas = design->replicas;
    component->cores = design->cores;
    component->operation_count = design->operation_count;
}

static void add_components(struct result *result, const struct result_input *input)
{
    const struct design *design = input->design;
    uint32_t operations = 0;
    for (uint32_t c = 0; c < design->component_count; c++) {
        operations += design->components[c].operation_count;
    }
    result->component_count = design->component_count;
    result->components =
        arena_take_array(&result->arena, design->component_count, sizeof *result->components);
    result->operation_count = operations;
    result->operations = arena_take_array(&result->arena, operations, sizeof *result->operations);
    uint32_t next = 0;
    for (uint32_t c = 0; c < design->component_count; c++) {
        struct result_component *component = &result->components[c];
        name_component(result, &design->components[c], component);
        merge_component(component, input, c);
        component->first_operation = next;
        for (uint32_t o = 0; o < component->operation_count; o++, next++) {
            const struct operation *operation = &design->components[c].operations[o];
            result->operations[next].name = copy(result, operation->name);
            result->operations[next].component = c;
            result->operations[next].internal = operation->internal;
            merge_operation(result, input, next);
        }
    }
}

static void note_latency(struct result_edge *edge, const struct histogram *latency)
{
    edge->mean_s = histogram_mean(latency) / 1e9;
    edge->p50_s = histogram_quantile(latency, 0.5) / 1e9;
    edge->p99_s = histogram_quantile(latency, 0.99) / 1e9;
    edge->max_s = latency->count == 0 ? (double)NAN : time_seconds(latency->maximum);
}

// Clients beside their target begin without a call; where it is their only one, the edge is the
// workload itself.
static void fill_direct_edge(const struct result *result, struct result_edge *edge)
{
    uint32_t edges = 0;
    for (uint32_t e = 0; e < result->edge_count; e++) {
        edges += result->edges[e].workload == edge->workload;
    }
    if (edge->from != RESULT_NONE || edge->calls > 0 || edges != 1) {
        return;
    }
    const struct result_workload *workload = &result->workloads[edge->workload];
    edge->calls = edge->tries = workload->ended;
    edge->timeouts = workload->statuses[STATUS_TIMEOUT];
    for (uint32_t s = 0; s < STATUS_COUNT; s++) {
        edge->failures += status_is_good((enum status)s) ? 0 : workload->statuses[s];
    }
    note_latency(edge, &workload->latency);
}

static void merge_edge(struct result_edge *edge, const struct result_input *input, uint32_t index)
{
    struct histogram latency;
    histogram_init(&latency);
    for (uint32_t r = 0; r < input->count; r++) {
        const struct edge_meter *meter = &input->records[r].meter.edges[index];
        edge->calls += meter->calls;
        edge->tries += meter->tries;
        edge->retries += meter->retries;
        edge->hedges += meter->hedges;
        edge->timeouts += meter->timeouts;
        edge->failures += meter->failures;
        edge->short_circuited += meter->short_circuited;
        histogram_merge(&latency, &meter->latency);
    }
    note_latency(edge, &latency);
    histogram_release(&latency);
}

static void add_edges(struct result *result, const struct result_input *input)
{
    const struct design *design = input->design;
    result->edge_count = design->edge_count;
    result->edges = arena_take_array(&result->arena, design->edge_count, sizeof *result->edges);
    for (uint32_t e = 0; e < design->edge_count; e++) {
        const struct edge_design *from = &design->edges[e];
        result->edges[e] = (struct result_edge){
            .from = from->from,
            .workload = from->from == DESIGN_NONE ? from->workload : RESULT_NONE,
            .to = from->to,
            .protocol = copy(result, from->protocol),
        };
        merge_edge(&result->edges[e], input, e);
    }
    for (uint32_t e = 0; e < design->edge_count; e++) {
        fill_direct_edge(result, &result->edges[e]);
    }
}

static void add_parameters(struct result *result, const struct design *design)
{
    struct arena *arena = &result->arena;
    result->parameter_count = design->parameter_count;
    result->parameters =
        arena_take_array(arena, design->parameter_count, sizeof *result->parameters);
    for (uint32_t i = 0; i < design->parameter_count; i++) {
        const struct parameter_design *parameter = &design->parameters[i];
        result->parameters[i] = (struct result_pair){copy(result, parameter->name),
                                                     copy_or_empty(result, parameter->value)};
    }
    result->assumption_count = design->assumption_count;
    result->assumptions =
        arena_take_array(arena, design->assumption_count, sizeof *result->assumptions);
    for (uint32_t i = 0; i < design->assumption_count; i++) {
        const struct assumption_design *assumption = &design->assumptions[i];
        result->assumptions[i] = (struct result_pair){copy(result, assumption->subject),
                                                      copy_or_empty(result, assumption->why)};
    }
}

// What the run does not simulate one for one is said, never hidden.
static void add_approximations(struct result *result, const struct design *design)
{
    result->approximations =
        arena_take_array(&result->arena, design->workload_count, sizeof *result->approximations);
    for (uint32_t w = 0; w < design->workload_count; w++) {
        const double thinned = design->workloads[w].thinned;
        if (thinned > 0.0 && thinned < 1.0) {
            const char *what = arena_format(
                &result->arena, "one simulated request stands for %.4g real ones", 1.0 / thinned);
            result->approximations[result->approximation_count++] =
                (struct result_pair){result->workloads[w].name, what};
        }
    }
}

void result_add_tables(struct result *result, const struct result_input *input)
{
    add_identity(result, input);
    add_warmup(result, input);
    add_replications(result, input);
    add_workloads(result, input);
    add_components(result, input);
    add_edges(result, input);
    add_parameters(result, input->design);
    add_approximations(result, input->design);
}

void result_from_runs(struct result *result, const struct result_input *input)
{
    result_add_tables(result, input);
    result_add_figures(result, input);
    result_add_series(result, input);
    result_add_faults(result, input);
    verdict_judge(result, input);
    result_add_checks(result, input);
}
