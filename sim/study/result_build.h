// result_build - makes a result of the records of many runs, merged in unit order.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "sim/engine/design.h"
#include "sim/engine/run.h"
#include "sim/study/result.h"
#include "sim/study/series_sum.h"

struct result_input {
    const struct design *design;
    const struct run_record *records; // in the order of their numbers, at least one
    uint32_t count;
    bool batches;      // the records are consecutive parts of one replication
    int64_t warmup_ns; // as used
    const char *file, *digest, *source, *resolved; // NULL: unknown
    const struct series_sum *series;               // of all records; NULL: theirs are added up here
    const struct result_warmup *warmup;            // how the warm-up was found, NULL: fixed; copied
};

// Fills an initialised result; verdicts included (verdict.h), the validation too.
void result_from_runs(struct result *result, const struct result_input *input);

// The parts of it, in the order in which they are called.
void result_add_tables(struct result *result, const struct result_input *input);
void result_add_figures(struct result *result, const struct result_input *input);
void result_add_series(struct result *result, const struct result_input *input);
void result_add_faults(struct result *result, const struct result_input *input);
void result_add_checks(struct result *result, const struct result_input *input);

// The operations of all components stand one after the other, as in struct meter.
static inline const struct operation_meter *
result_operation_meter(const struct result *result, const struct run_record *record, uint32_t index)
{
    const struct result_operation *operation = &result->operations[index];
    const uint32_t first = result->components[operation->component].first_operation;
    return &record->meter
                .operations[record->meter.operation_base[operation->component] + (index - first)];
}
