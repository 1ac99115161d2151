// result_checks - can the answer be trusted: identities, laws, closed forms, the warm-up.
#include <math.h>
#include <stdlib.h>

#include "sim/base/check.h"
#include "sim/base/text.h"
#include "sim/engine/model.h"
#include "sim/study/result_build.h"
#include "sim/study/twin.h"

#define LEVEL 0.9999 // of the comparison with closed forms
#define LAW_TOLERANCE 0.01
#define WARMUP_TOLERANCE 0.05

struct checking {
    struct result *result;
    const struct result_input *input;
    double *values; // by row
};

static void add_check(struct result *result, struct result_check check)
{
    result->checks[result->check_count++] = check;
    const bool told = text_same(check.name, "warm-up"); // by a warning of its own
    if (!check.agrees && !told) {
        result_warn(result, "W2104", "%s of `%s` does not agree: %s", check.name, check.subject,
                    check.note);
    }
}

// ---- identities --------------------------------------------------------------------------------

static void check_invariants(struct checking *checking)
{
    struct result *result = checking->result;
    for (uint32_t i = 0; i < result->invariant_count; i++) {
        const struct result_invariant *invariant = &result->invariants[i];
        const double violated = (double)invariant->violated;
        add_check(result, (struct result_check){
                              .name = invariant->name,
                              .subject = "all",
                              .unit = "{violation}",
                              .simulated = {.known = true, .value = violated},
                              .expected = 0.0,
                              .agrees = invariant->violated == 0,
                              .note = "an identity, held exactly at the end of every replication",
                          });
    }
}

// ---- the utilization law -----------------------------------------------------------------------

// Processor seconds that the requests of one replication need; negative: unknown.
static double needed_s(const struct result *result, const struct component_design *design,
                       const struct run_record *record, uint32_t component)
{
    double sum = 0.0;
    for (uint32_t o = 0; o < design->operation_count; o++) {
        const uint32_t index = result->components[component].first_operation + o;
        const uint64_t arrivals = result_operation_meter(result, record, index)->visits;
        const double demand =
            arrivals == 0 ? 0.0 : design->model->demand(design, &design->operations[o]);
        if (demand < 0.0) {
            return -1.0;
        }
        sum += (double)arrivals * demand;
    }
    return sum;
}

static bool all_good(const struct result_component *component)
{
    uint64_t bad = 0;
    for (uint32_t s = 0; s < STATUS_COUNT; s++) {
        bad += status_is_good((enum status)s) ? 0 : component->statuses[s];
    }
    return bad == 0 && component->arrivals > 0;
}

// Utilization against arrivals x demand / capacity: the difference by replication holds zero.
static void check_utilization(struct checking *checking, uint32_t index)
{
    struct result *result = checking->result;
    const struct component_design *design = &checking->input->design->components[index];
    const struct result_component *component = &result->components[index];
    const struct estimate *simulated = result_flow(result, component->figures, RESULT_UTILIZATION);
    if (design->model == NULL || !design->model->exact_demand || !simulated->known ||
        !all_good(component)) {
        return;
    }
    double expected = 0.0;
    for (uint32_t r = 0; r < result->row_count; r++) {
        const struct run_record *record = &checking->input->records[r];
        const double needed = needed_s(result, design, record, index);
        const double capacity = record->components[index].capacity_s;
        if (needed < 0.0 || capacity <= 0.0) {
            return;
        }
        const double stretch = design->cores > 0.0 ? ceil(design->cores) / design->cores : 1.0;
        const double law = needed * stretch / capacity;
        checking->values[r] = record->components[index].busy_s / capacity - law;
        expected += law / (double)result->row_count;
    }
    const struct estimate difference = estimate_mean(checking->values, result->row_count, LEVEL);
    const bool holds_zero =
        difference.has_interval && difference.low <= 0.0 && difference.high >= 0.0;
    add_check(result, (struct result_check){
                          .name = "utilization law",
                          .subject = component->name,
                          .unit = "1",
                          .simulated = *simulated,
                          .expected = expected,
                          .agrees = holds_zero || !difference.has_interval ||
                                    fabs(difference.value) <= LAW_TOLERANCE * fmax(expected, 0.01),
                          .note = "busy share of the processors against arrivals x mean demand",
                      });
}

// ---- closed forms ------------------------------------------------------------------------------

struct queue { // a station that a closed form describes
    uint32_t servers;
    double rate, mean_s, variance_s2;
    uint64_t capacity;
    bool exponential;
};

static const void *field_of(const struct component_design *design, const char *name)
{
    for (const struct field *field = design->model->fields; field->name != NULL; field++) {
        if (text_same(field->name, name)) {
            return (const char *)design->configuration + field->offset;
        }
    }
    return NULL;
}

// The one workload whose requests reach the component, and nothing else does; NULL: none.
static const struct workload_design *only_source(const struct design *design, uint32_t component)
{
    const struct workload_design *source = NULL;
    for (uint32_t e = 0; e < design->edge_count; e++) {
        const struct edge_design *edge = &design->edges[e];
        if (edge->to != component) {
            continue;
        }
        if (edge->from != DESIGN_NONE || source != NULL) {
            return NULL;
        }
        source = &design->workloads[edge->workload];
    }
    const bool plain = source != NULL && source->model == WORKLOAD_OPEN &&
                       source->arrivals.kind == ARRIVAL_POISSON && source->stage_count == 0 &&
                       source->profile.count == 0 && source->action_count == 1 &&
                       !source->is_journey && source->units <= 1;
    return plain ? source : NULL;
}

static bool describe_queue(const struct design *design, uint32_t index, struct queue *queue)
{
    const struct component_design *component = &design->components[index];
    const struct workload_design *source = only_source(design, index);
    if (source == NULL || component->model == NULL ||
        !text_same(component->model->kind, "station") || component->replicas != 1 ||
        component->queue.discipline != DISCIPLINE_FIFO || component->sharing) {
        return false;
    }
    const uint64_t *servers = field_of(component, "servers");
    const struct distribution *service = field_of(component, "service");
    const struct distribution *patience = field_of(component, "patience");
    if (servers == NULL || service == NULL || patience == NULL || patience->mean > 0.0) {
        return false;
    }
    *queue = (struct queue){
        .servers = (uint32_t)*servers,
        .rate = source->rate,
        .mean_s = distribution_mean(service) / 1e9,
        .variance_s2 = distribution_variance(service) / 1e18,
        .capacity = component->queue.capacity,
        .exponential = service->kind == DISTRIBUTION_EXPONENTIAL,
    };
    return isfinite(queue->variance_s2) && queue->rate > 0.0;
}

static void compare(struct checking *checking, uint32_t figure, const char *name, double expected,
                    const char *note)
{
    struct result *result = checking->result;
    for (uint32_t r = 0; r < result->row_count; r++) {
        checking->values[r] = result->matrix[(size_t)r * result->figure_count + figure];
    }
    const struct estimate wide = estimate_mean(checking->values, result->row_count, LEVEL);
    if (!wide.has_interval) {
        return;
    }
    add_check(result, (struct result_check){
                          .name = name,
                          .subject = result->figures[figure].name,
                          .unit = result->figures[figure].unit,
                          .simulated = result->figures[figure].estimate,
                          .expected = expected,
                          .agrees = wide.low <= expected && expected <= wide.high,
                          .note = note,
                      });
}

static void check_twin(struct checking *checking, uint32_t index)
{
    struct queue queue;
    if (checking->result->faults_on || !describe_queue(checking->input->design, index, &queue)) {
        return;
    }
    const uint32_t block = checking->result->components[index].figures;
    const double offered = queue.rate * queue.mean_s;
    if (queue.capacity == queue.servers) {
        compare(checking, block + RESULT_REJECTED, "Erlang B",
                twin_erlang_b(queue.servers, offered), "share of arrivals that find all busy");
    } else if (queue.capacity == 0 && queue.servers == 1 && offered < 1.0) {
        compare(checking, block + RESULT_WAIT_MEAN, "M/G/1 mean wait",
                twin_mg1_wait(queue.rate, queue.mean_s, queue.variance_s2), "Pollaczek-Khinchine");
    } else if (queue.capacity == 0 && queue.exponential && offered < (double)queue.servers) {
        compare(checking, block + RESULT_WAIT_MEAN, "M/M/c mean wait",
                twin_mmc_wait(queue.servers, queue.rate, queue.mean_s), "Erlang C");
    }
}

// ---- the warm-up -------------------------------------------------------------------------------

static void check_warmup(struct checking *checking)
{
    struct result *result = checking->result;
    const struct result_warmup *warmup = &result->warmup;
    if (!warmup->automatic || warmup->subject == NULL) {
        return;
    }
    const double gap = fabs(warmup->mean_s - warmup->longer_mean_s);
    add_check(result,
              (struct result_check){
                  .name = "warm-up",
                  .subject = warmup->subject,
                  .unit = "s",
                  .simulated = {.known = true, .value = warmup->mean_s},
                  .expected = warmup->longer_mean_s,
                  .agrees = !warmup->too_short && !(gap > WARMUP_TOLERANCE * warmup->longer_mean_s),
                  .note = "mean latency of the pilot beyond the cut, against a longer cut",
              });
    if (warmup->too_short) {
        result_warn(result, "W2103",
                    "no steady state within the first half of the run: the warm-up is half of it");
    }
}

void result_add_checks(struct result *result, const struct result_input *input)
{
    struct checking checking = {
        .result = result,
        .input = input,
        .values = check_calloc(result->row_count, sizeof(double)),
    };
    const uint32_t room = result->invariant_count + 2 * result->component_count + 1;
    result->checks = arena_take_array(&result->arena, room, sizeof *result->checks);
    check_invariants(&checking);
    for (uint32_t c = 0; c < result->component_count; c++) {
        if (!result->faults_on) {
            check_utilization(&checking, c);
        }
        check_twin(&checking, c);
    }
    check_warmup(&checking);
    free(checking.values);
}
