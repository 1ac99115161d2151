// archive_extra - names as dimension scales, quantiles, objectives, validation, hashes.
#include "sim/study/archive_extra.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/check.h"

// ---- scales ------------------------------------------------------------------------------------

static const char *edge_name(const struct result *result, uint32_t index, struct arena *arena)
{
    const struct result_edge *edge = &result->edges[index];
    const char *from = edge->from == RESULT_NONE ? result->workloads[edge->workload].name
                                                 : result->components[edge->from].name;
    return arena_format(arena, "%s -> %s", from, result->components[edge->to].name);
}

enum subject { FIGURE, WORKLOAD, COMPONENT, OPERATION, EDGE, SLO, FAULT, SUBJECTS };

static const char *subject_name(const struct result *result, enum subject subject, uint32_t i,
                                struct arena *arena)
{
    switch (subject) {
    case FIGURE:
        return result->figures[i].name;
    case WORKLOAD:
        return result->workloads[i].name;
    case COMPONENT:
        return result->components[i].name;
    case OPERATION:
        return arena_format(arena, "%s.%s",
                            result->components[result->operations[i].component].name,
                            result->operations[i].name);
    case EDGE:
        return edge_name(result, i, arena);
    case SLO:
        return arena_format(arena, "%s %s %s", result->slos[i].name, result->slos[i].target,
                            result->slos[i].objective);
    case FAULT:
        return result->faults[i].name;
    case SUBJECTS:
        break;
    }
    return "";
}

static void put_subjects(struct archive *archive, const struct result *result)
{
    static const char *const names[] = {"figure", "workload", "component", "operation",
                                        "edge",   "slo",      "fault"};
    const uint32_t counts[] = {result->figure_count,    result->workload_count,
                               result->component_count, result->operation_count,
                               result->edge_count,      result->slo_count,
                               result->fault_count};
    struct arena arena;
    arena_init(&arena);
    for (enum subject subject = FIGURE; subject < SUBJECTS; subject++) {
        const char **texts = arena_take_array(&arena, (size_t)counts[subject] + 1, sizeof *texts);
        for (uint32_t i = 0; i < counts[subject]; i++) {
            texts[i] = subject_name(result, subject, i, &arena);
        }
        archive_h5_names(archive, names[subject], texts, counts[subject]);
    }
    arena_release(&arena);
}

static void put_replications(struct archive *archive, const struct result *result)
{
    const uint32_t count = result->replication_count;
    uint32_t *numbers = check_calloc((size_t)count + 1, sizeof *numbers);
    for (uint32_t i = 0; i < count; i++) {
        numbers[i] = result->replications[i].number;
    }
    const struct archive_array array = {"/dim/replication", ARCHIVE_U32, 1, {count}, .unit = NULL};
    archive_h5_array(archive, &array, numbers);
    archive_h5_scale(archive, "/dim/replication", "replication");
    free(numbers);
}

static void put_quantile_scale(struct archive *archive)
{
    double quantiles[RESULT_QUANTILES];
    memcpy(quantiles, result_quantiles, sizeof quantiles);
    const struct archive_array array = {
        "/dim/quantile", ARCHIVE_F64, 1, {RESULT_QUANTILES}, .unit = "1"};
    archive_h5_array(archive, &array, quantiles);
    archive_h5_scale(archive, "/dim/quantile", "quantile");
}

void archive_extra_scales(struct archive *archive, const struct result *result)
{
    static const char *const parts[METER_PARTS] = {
        [METER_QUEUE] = "queue", [METER_CPU] = "cpu",         [METER_IO] = "io",
        [METER_CALLS] = "calls", [METER_BACKOFF] = "backoff", [METER_OTHER] = "other",
    };
    const char *statuses[STATUS_COUNT];
    for (uint32_t s = 0; s < STATUS_COUNT; s++) {
        statuses[s] = status_table[s].name;
    }
    const char *convention = "orrery-results-1.0", *generator = "philox4x32-10";
    archive_h5_attribute(archive, "Conventions", ARCHIVE_TEXT, &convention);
    const char *title = result->scenario;
    archive_h5_attribute(archive, "title", ARCHIVE_TEXT, &title);
    archive_h5_attribute(archive, "rng", ARCHIVE_TEXT, &generator);
    const char *seconds = "s";
    archive_h5_attribute(archive, "duration_units", ARCHIVE_TEXT, &seconds);
    archive_h5_attribute(archive, "warmup_units", ARCHIVE_TEXT, &seconds);
    put_subjects(archive, result);
    archive_h5_names(archive, "status", statuses, STATUS_COUNT);
    archive_h5_names(archive, "part", parts, METER_PARTS);
    put_replications(archive, result);
    put_quantile_scale(archive);
}

// ---- tables ------------------------------------------------------------------------------------

enum side { VALUE, LOW, HIGH };

static double side_of(const struct estimate *estimate, enum side side)
{
    if (!estimate->known || (side != VALUE && !estimate->has_interval)) {
        return (double)NAN;
    }
    return side == VALUE ? estimate->value : side == LOW ? estimate->low : estimate->high;
}

static void put_quantiles(struct archive *archive, const struct result *result)
{
    static const char *const paths[] = {"/quantiles/values", "/quantiles/ci_low",
                                        "/quantiles/ci_high"};
    const size_t count = result->operation_count;
    double *values = check_calloc(count * RESULT_QUANTILES + 1, sizeof *values);
    for (enum side side = VALUE; side <= HIGH; side++) {
        for (size_t i = 0; i < count * RESULT_QUANTILES; i++) {
            const uint32_t block = result->operations[i / RESULT_QUANTILES].figures;
            const uint32_t quantile = RESULT_P50 + (uint32_t)(i % RESULT_QUANTILES);
            values[i] = side_of(result_flow(result, block, quantile), side);
        }
        const struct archive_array array = {paths[side],
                                            ARCHIVE_F64,
                                            2,
                                            {count, RESULT_QUANTILES},
                                            .unit = "s",
                                            .long_name = "latency, interval at 95 %",
                                            .scales = {"/dim/operation", "/dim/quantile"}};
        archive_h5_array(archive, &array, values);
    }
    free(values);
}

// As much as fits, cut between two code points.
static void cut(char *into, size_t room, const char *text)
{
    size_t length = strnlen(text, room);
    while (length == room || (length > 0 && ((unsigned char)text[length] & 0xc0) == 0x80)) {
        length--;
    }
    memcpy(into, text, length);
}

static void put_slos(struct archive *archive, const struct result *result)
{
    const uint32_t count = result->slo_count;
    struct archive_slo_row *rows = check_calloc((size_t)count + 1, sizeof *rows);
    for (uint32_t s = 0; s < count; s++) {
        const struct result_slo *slo = &result->slos[s];
        cut(rows[s].name, sizeof rows[s].name, slo->name);
        cut(rows[s].target, sizeof rows[s].target, slo->target);
        cut(rows[s].objective, sizeof rows[s].objective, slo->objective);
        cut(rows[s].unit, sizeof rows[s].unit, slo->unit);
        cut(rows[s].severity, sizeof rows[s].severity, slo->warn_only ? "warn" : "fail");
        rows[s].observed = side_of(&slo->observed, VALUE);
        rows[s].ci_low = side_of(&slo->observed, LOW);
        rows[s].ci_high = side_of(&slo->observed, HIGH);
        rows[s].limit = slo->limit;
        const bool has_budget = slo->budget != RESULT_NONE;
        const struct result_budget *budget = has_budget ? &result->budgets[slo->budget] : NULL;
        rows[s].budget_spent = has_budget ? budget->spent_s / budget->allowed_s : (double)NAN;
        rows[s].good = slo->good;
        rows[s].total = slo->total;
        rows[s].verdict = (int)slo->verdict;
    }
    const struct archive_array array = {"/slo/table", ARCHIVE_SLO_ROW, 1,
                                        {count},      .unit = NULL,    .scales = {"/dim/slo"}};
    archive_h5_array(archive, &array, rows);
    free(rows);
}

static void put_checks(struct archive *archive, const struct result *result)
{
    const uint32_t count = result->check_count;
    struct archive_check_row *rows = check_calloc((size_t)count + 1, sizeof *rows);
    for (uint32_t i = 0; i < count; i++) {
        const struct result_check *check = &result->checks[i];
        cut(rows[i].name, sizeof rows[i].name, check->name);
        cut(rows[i].subject, sizeof rows[i].subject, check->subject);
        cut(rows[i].unit, sizeof rows[i].unit, check->unit);
        rows[i].simulated = side_of(&check->simulated, VALUE);
        rows[i].ci_low = side_of(&check->simulated, LOW);
        rows[i].ci_high = side_of(&check->simulated, HIGH);
        rows[i].expected = check->expected;
        rows[i].agrees = check->agrees;
    }
    const struct archive_array array = {"/validation", ARCHIVE_CHECK_ROW, 1, {count}, .unit = NULL};
    archive_h5_array(archive, &array, rows);
    free(rows);
}

// Big-endian, as the fingerprint is printed.
static void put_hashes(struct archive *archive, const struct result *result)
{
    const uint32_t count = result->replication_count;
    uint8_t *bytes = check_calloc((size_t)count + 1, 16);
    for (uint32_t r = 0; r < count; r++) {
        const struct fingerprint_value value = result->replications[r].fingerprint;
        for (uint32_t i = 0; i < 8; i++) {
            bytes[r * 16 + i] = (uint8_t)(value.high >> (56 - 8 * i));
            bytes[r * 16 + 8 + i] = (uint8_t)(value.low >> (56 - 8 * i));
        }
    }
    const struct archive_array array = {"/provenance/trace_hash",
                                        ARCHIVE_HASH,
                                        1,
                                        {count},
                                        .long_name = "XXH3-128 over the events",
                                        .scales = {"/dim/replication"}};
    archive_h5_array(archive, &array, bytes);
    free(bytes);
}

void archive_extra_tables(struct archive *archive, const struct result *result)
{
    if (archive->failed) {
        return;
    }
    put_quantiles(archive, result);
    put_slos(archive, result);
    put_checks(archive, result);
    put_hashes(archive, result);
}
