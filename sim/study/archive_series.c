// archive_series - arrays beyond one number a row, gathered and scattered.
#include "sim/study/archive_series.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/check.h"

// ---- ragged tables -----------------------------------------------------------------------------

static void move_budgets(struct archive *archive, struct result *result)
{
    const uint32_t faults = result->fault_count;
    double *values = check_calloc((size_t)result->budget_count * faults + 1, sizeof *values);
    const struct archive_array array = {
        "/report/budget/by_fault",      ARCHIVE_F64, 2,
        {result->budget_count, faults}, .unit = "s", .scales = {NULL, "/dim/fault"}};
    for (uint32_t b = 0; archive->writing && b < result->budget_count; b++) {
        memcpy(values + (size_t)b * faults, result->budgets[b].by_fault_s, faults * sizeof *values);
    }
    archive_h5_array(archive, &array, values);
    for (uint32_t b = 0; !archive->writing && b < result->budget_count; b++) {
        result->budgets[b].by_fault_s =
            arena_take_array(&result->arena, (size_t)faults + 1, sizeof *values);
        memcpy(result->budgets[b].by_fault_s, values + (size_t)b * faults, faults * sizeof *values);
    }
    free(values);
}

static void move_bad_requests(struct archive *archive, struct result *result)
{
    const uint32_t slos = result->slo_count;
    uint64_t *values = check_calloc((size_t)result->fault_count * slos + 1, sizeof *values);
    const struct archive_array array = {
        "/report/fault/bad_requests", ARCHIVE_U64,         2,
        {result->fault_count, slos},  .unit = "{request}", .scales = {"/dim/fault", "/dim/slo"}};
    for (uint32_t f = 0; archive->writing && f < result->fault_count; f++) {
        memcpy(values + (size_t)f * slos, result->faults[f].bad_requests, slos * sizeof *values);
    }
    archive_h5_array(archive, &array, values);
    for (uint32_t f = 0; !archive->writing && f < result->fault_count; f++) {
        result->faults[f].bad_requests =
            arena_take_array(&result->arena, (size_t)slos + 1, sizeof *values);
        memcpy(result->faults[f].bad_requests, values + (size_t)f * slos, slos * sizeof *values);
    }
    free(values);
}

static uint32_t most_slices(const struct result *result)
{
    uint32_t most = 0;
    for (uint32_t s = 0; s < result->slo_count; s++) {
        most = result->slos[s].slice_count > most ? result->slos[s].slice_count : most;
    }
    return most;
}

// One of the three arrays of the slices, padded with zeros to the longest.
static void move_slices(struct archive *archive, struct result *result, uint32_t which)
{
    static const char *const paths[] = {"/slo/slices/good", "/slo/slices/total",
                                        "/slo/slices/state"};
    static const char *const names[] = {"good requests", "requests", "0 empty, 1 good, 2 bad"};
    const uint32_t most = most_slices(result);
    const size_t size = which == 2 ? sizeof(uint8_t) : sizeof(uint64_t);
    char *values = check_calloc((size_t)result->slo_count * most + 1, size);
    const struct archive_array array = {paths[which],
                                        which == 2 ? ARCHIVE_U8 : ARCHIVE_U64,
                                        2,
                                        {result->slo_count, most},
                                        .long_name = names[which],
                                        .scales = {"/dim/slo", NULL}};
    for (uint32_t s = 0; archive->writing && s < result->slo_count; s++) {
        const struct result_slo *slo = &result->slos[s];
        const void *const rows[] = {slo->slice_good, slo->slice_total, slo->slice_state};
        if (slo->slice_count > 0) {
            memcpy(values + (size_t)s * most * size, rows[which], slo->slice_count * size);
        }
    }
    archive_h5_array(archive, &array, values);
    for (uint32_t s = 0; !archive->writing && s < result->slo_count; s++) {
        struct result_slo *slo = &result->slos[s];
        void *row = arena_take_array(&result->arena, (size_t)slo->slice_count + 1, size);
        memcpy(row, values + (size_t)s * most * size, slo->slice_count * size);
        slo->slice_good = which == 0 ? row : slo->slice_good;
        slo->slice_total = which == 1 ? row : slo->slice_total;
        slo->slice_state = which == 2 ? row : slo->slice_state;
    }
    free(values);
}

static void move_parts(struct archive *archive, struct result *result)
{
    const size_t count = result->operation_count;
    double *values = check_calloc(count * METER_PARTS + 1, sizeof *values);
    const struct archive_array array = {"/breakdown",
                                        ARCHIVE_F64,
                                        2,
                                        {count, METER_PARTS},
                                        .unit = "s",
                                        .long_name = "mean seconds of response time",
                                        .scales = {"/dim/operation", "/dim/part"}};
    for (size_t o = 0; archive->writing && o < count; o++) {
        memcpy(values + o * METER_PARTS, result->operations[o].parts_s,
               METER_PARTS * sizeof *values);
    }
    archive_h5_array(archive, &array, values);
    for (size_t o = 0; !archive->writing && o < count; o++) {
        memcpy(result->operations[o].parts_s, values + o * METER_PARTS,
               METER_PARTS * sizeof *values);
    }
    free(values);
}

static void move_matrix(struct archive *archive, struct result *result)
{
    const size_t count = (size_t)result->row_count * result->figure_count;
    const struct archive_array array = {
        "/replications/metrics",
        ARCHIVE_F64,
        2,
        {result->row_count, result->figure_count},
        .long_name = "one value a replication (a batch, where there is one replication)",
        .scales = {NULL, "/dim/figure"}};
    if (!archive->writing) {
        result->matrix = arena_take_array(&result->arena, count + 1, sizeof(double));
    }
    archive_h5_array(archive, &array, result->matrix);
}

static void move_warmup(struct archive *archive, struct result *result)
{
    struct result_warmup *warmup = &result->warmup;
    const struct archive_array array = {
        "/report/warmup/latency",    ARCHIVE_F64, 1,
        {warmup->bin_count},         .unit = "s", .long_name = "mean latency of the pilot by bin",
        .cell_methods = "time: mean"};
    if (!archive->writing) {
        warmup->bins =
            arena_take_array(&result->arena, (size_t)warmup->bin_count + 1, sizeof(double));
    }
    archive_h5_array(archive, &array, warmup->bins);
}

// The words of a command without the directory of the first: the same wherever the scenario lies.
static void add_without_directory(const char *words, struct text *out)
{
    const char *rest = words;
    bool quoted = false, rest_quoted = false;
    for (const char *at = words; *at != '\0' && (quoted || *at != ' '); at++) {
        quoted = *at == '\'' ? !quoted : quoted;
        if (*at == '/') {
            rest = at + 1;
            rest_quoted = quoted;
        }
        at += !quoted && *at == '\\' && at[1] != '\0';
    }
    const size_t plain = strspn(rest, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                      "0123456789-_.=:,%+@");
    const bool closes = rest[plain] == '\'' && (rest[plain + 1] == '\0' || rest[plain + 1] == ' ');
    if (rest_quoted && closes) {
        text_add_part(out, rest, plain);
        rest += plain + 1;
    } else if (rest_quoted) {
        text_add_char(out, '\'');
    }
    text_add(out, rest);
}

static void move_scenario(struct archive *archive, struct result *result)
{
    const struct archive_array source = {
        "/scenario/source", ARCHIVE_TEXT, 0, {0}, .long_name = "as given"};
    const struct archive_array resolved = {
        "/scenario/resolved", ARCHIVE_TEXT, 0, {0}, .long_name = "after includes and parameters"};
    const struct archive_array file = {"/scenario/file", ARCHIVE_NAME, 0, {0}, .unit = NULL};
    archive_h5_array(archive, &source, &result->source);
    archive_h5_array(archive, &resolved, &result->resolved);
    if (!archive->writing) {
        archive_h5_array(archive, &file, &result->file);
        return;
    }
    struct text command;
    text_init(&command);
    add_without_directory(result->file == NULL ? "" : result->file, &command);
    const char *words = result->file == NULL ? NULL : text_get(&command);
    archive_h5_array(archive, &file, &words);
    text_release(&command);
}

void archive_series_ragged(struct archive *archive, struct result *result)
{
    if (archive->failed) {
        return;
    }
    move_scenario(archive, result);
    move_budgets(archive, result);
    move_bad_requests(archive, result);
    for (uint32_t which = 0; which < 3; which++) {
        move_slices(archive, result, which);
    }
    move_parts(archive, result);
    move_matrix(archive, result);
    move_warmup(archive, result);
}

// ---- time series -------------------------------------------------------------------------------

struct columns { // of a series: bin x subject x kind in memory, a dataset bin x subject a kind
    const char *group, *prefix, *scale, *unit, *cell_methods;
    const char *const *kinds;
    uint32_t kind_count;
    enum archive_type type;
    uint32_t subjects;
};

static void move_kind(struct archive *archive, const struct columns *columns, uint32_t kind,
                      struct archive_array *array, void *data)
{
    const size_t size = archive_h5_size(columns->type), stride = size * columns->kind_count;
    const size_t count = (size_t)array->extent[0] * columns->subjects;
    char *values = check_calloc(count + 1, size);
    char *field = (char *)data + kind * size;
    for (size_t i = 0; archive->writing && i < count; i++) {
        memcpy(values + i * size, field + i * stride, size);
    }
    archive_h5_array(archive, array, values);
    for (size_t i = 0; !archive->writing && !archive->failed && i < count; i++) {
        memcpy(field + i * stride, values + i * size, size);
    }
    free(values);
}

// Allocates what is read; moves every kind.
static void *move_columns(struct archive *archive, struct result *result,
                          const struct columns *columns, void *data)
{
    const uint32_t bins = result->series.bin_count;
    const size_t values = (size_t)bins * columns->subjects * columns->kind_count;
    if (!archive->writing) {
        data = arena_take_array(&result->arena, values + 1, archive_h5_size(columns->type));
    }
    for (uint32_t kind = 0; kind < columns->kind_count && !archive->failed; kind++) {
        char path[96];
        snprintf(path, sizeof path, "/series/%s/%s%s", columns->group, columns->prefix,
                 columns->kinds[kind]);
        struct archive_array array = {
            .path = path,
            .type = columns->type,
            .rank = 2,
            .extent = {bins, columns->subjects},
            .unit = columns->unit,
            .cell_methods = columns->cell_methods,
            .scales = {"/series/time", columns->scale},
        };
        move_kind(archive, columns, kind, &array, data);
    }
    return data;
}

static void move_time(struct archive *archive, const struct result *result)
{
    const uint32_t bins = result->series.bin_count;
    double *begin_s = check_calloc((size_t)bins + 1, sizeof *begin_s);
    for (uint32_t i = 0; i < bins; i++) {
        begin_s[i] = result->series.bin_s * i;
    }
    const struct archive_array array = {
        "/series/time", ARCHIVE_F64, 1, {bins}, .unit = "s", .long_name = "begin of the bin"};
    if (archive->writing) {
        archive_h5_array(archive, &array, begin_s);
        archive_h5_scale(archive, "/series/time", "time");
    }
    free(begin_s);
}

static void move_heatmap(struct archive *archive, struct result *result)
{
    struct result_series *series = &result->series;
    const struct archive_array array = {
        "/latency/heatmap",
        ARCHIVE_U64,
        3,
        {series->bin_count, result->workload_count, SERIES_HEAT},
        .unit = "{request}",
        .long_name = "requests by latency, eight buckets a power of ten from 1 us",
        .scales = {"/series/time", "/dim/workload", NULL}};
    if (!archive->writing) {
        const size_t count = (size_t)series->bin_count * result->workload_count * SERIES_HEAT;
        series->heatmap = arena_take_array(&result->arena, count + 1, sizeof(uint64_t));
    }
    archive_h5_array(archive, &array, series->heatmap);
}

void archive_series_bins(struct archive *archive, struct result *result)
{
    static const char *const counts[] = {"arrivals", "completions", "errors",
                                         "shed",     "retries",     "timeouts"};
    static const char *const levels[] = {"utilization",    "queue_length",    "in_flight",
                                         "replicas_ready", "utilization_max", "queue_length_max"};
    static const char *const latencies[] = {"p50", "p90", "p99", "p999", "max"};
    static const char *const flows[] = {"offered", "ok", "failed", "refused"};
    struct result_series *series = &result->series;
    const uint32_t components = result->component_count, workloads = result->workload_count;
    const struct columns columns[] = {
        {"component", "", "/dim/component", "1", "time: sum", counts, SERIES_COUNTS, ARCHIVE_U64,
         components},
        {"component", "", "/dim/component", "1", "time: mean", levels, SERIES_LEVELS, ARCHIVE_F32,
         components},
        {"operation", "latency_", "/dim/operation", "s", NULL, latencies, SERIES_LATENCIES,
         ARCHIVE_F32, result->operation_count},
        {"workload", "latency_", "/dim/workload", "s", NULL, latencies, SERIES_LATENCIES,
         ARCHIVE_F32, workloads},
        {"workload", "", "/dim/workload", "{request}", "time: sum", flows, SERIES_FLOWS,
         ARCHIVE_U64, workloads},
    };
    if (archive->failed) {
        return;
    }
    move_time(archive, result);
    series->component_counts = move_columns(archive, result, &columns[0], series->component_counts);
    series->component_levels = move_columns(archive, result, &columns[1], series->component_levels);
    series->operation_latency =
        move_columns(archive, result, &columns[2], series->operation_latency);
    series->workload_latency = move_columns(archive, result, &columns[3], series->workload_latency);
    series->workload_counts = move_columns(archive, result, &columns[4], series->workload_counts);
    move_heatmap(archive, result);
}

// ---- histograms --------------------------------------------------------------------------------

enum { HISTOGRAM_WORDS = 8 }; // count, sum, squares, extremes, thresholds

struct family { // histograms of one kind of subject
    const char *name, *scale;
    uint32_t count, stride; // bytes from one to the next
    char *first;
};

static struct histogram *histogram_of(const struct family *family, uint32_t index)
{
    return (struct histogram *)(void *)(family->first + (size_t)index * family->stride);
}

static void pack_words(const struct histogram *histogram, uint64_t words[HISTOGRAM_WORDS])
{
    const unsigned __int128 sum = (unsigned __int128)histogram->sum;
    const unsigned __int128 squares = (unsigned __int128)histogram->sum_of_squares;
    const uint64_t packed[HISTOGRAM_WORDS] = {
        histogram->count,
        (uint64_t)sum,
        (uint64_t)(sum >> 64),
        (uint64_t)squares,
        (uint64_t)(squares >> 64),
        (uint64_t)histogram->minimum,
        (uint64_t)histogram->maximum,
        histogram->threshold_count,
    };
    memcpy(words, packed, sizeof packed);
}

static void unpack_words(struct histogram *histogram, const uint64_t words[HISTOGRAM_WORDS])
{
    histogram->count = words[0];
    histogram->sum = (__int128)((unsigned __int128)words[2] << 64 | words[1]);
    histogram->sum_of_squares = (__int128)((unsigned __int128)words[4] << 64 | words[3]);
    histogram->minimum = (int64_t)words[5];
    histogram->maximum = (int64_t)words[6];
    histogram->threshold_count =
        words[7] > HISTOGRAM_THRESHOLDS ? HISTOGRAM_THRESHOLDS : (uint32_t)words[7];
}

// Sum and squares as two words each, low word first; minimum and maximum in ns.
static void move_words(struct archive *archive, const struct family *family)
{
    char path[96];
    uint64_t *words = check_calloc((size_t)family->count * HISTOGRAM_WORDS + 1, sizeof *words);
    snprintf(path, sizeof path, "/latency/%s/words", family->name);
    const struct archive_array array = {
        path,
        ARCHIVE_U64,
        2,
        {family->count, HISTOGRAM_WORDS},
        .long_name = "count, sum in ns (low, high), sum of squares in (1024 ns)^2 (low, high), "
                     "minimum and maximum in ns, thresholds",
        .scales = {family->scale, NULL}};
    for (uint32_t i = 0; archive->writing && i < family->count; i++) {
        pack_words(histogram_of(family, i), words + (size_t)i * HISTOGRAM_WORDS);
    }
    archive_h5_array(archive, &array, words);
    for (uint32_t i = 0; !archive->writing && i < family->count; i++) {
        histogram_init(histogram_of(family, i));
        if (!archive->failed) {
            unpack_words(histogram_of(family, i), words + (size_t)i * HISTOGRAM_WORDS);
        }
    }
    free(words);
}

static void move_thresholds(struct archive *archive, const struct family *family, bool below)
{
    enum { BYTES = HISTOGRAM_THRESHOLDS * sizeof(uint64_t) };
    char path[96];
    char *values = check_calloc((size_t)family->count + 1, BYTES);
    snprintf(path, sizeof path, "/latency/%s/%s", family->name, below ? "below" : "thresholds");
    const struct archive_array array = {path,
                                        ARCHIVE_U64,
                                        2,
                                        {family->count, HISTOGRAM_THRESHOLDS},
                                        .unit = below ? "{request}" : "ns",
                                        .long_name = below ? "requests faster than the threshold"
                                                           : "thresholds of objectives",
                                        .scales = {family->scale, NULL}};
    for (uint32_t i = 0; archive->writing && i < family->count; i++) {
        const struct histogram *histogram = histogram_of(family, i);
        const void *from = below ? (const void *)histogram->below : histogram->thresholds;
        memcpy(values + (size_t)i * BYTES, from, histogram->threshold_count * sizeof(uint64_t));
    }
    archive_h5_array(archive, &array, values);
    for (uint32_t i = 0; !archive->writing && i < family->count; i++) {
        struct histogram *histogram = histogram_of(family, i);
        memcpy(below ? (void *)histogram->below : histogram->thresholds, values + (size_t)i * BYTES,
               BYTES);
    }
    free(values);
}

// The buckets between the least and the greatest value of all histograms of the family.
static void bounds_of(const struct family *family, uint32_t *low, uint32_t *count)
{
    uint32_t first = HISTOGRAM_BUCKETS, end = 0;
    for (uint32_t i = 0; i < family->count; i++) {
        const struct histogram *histogram = histogram_of(family, i);
        if (histogram->count > 0) {
            const uint32_t least = histogram_bucket(histogram->minimum);
            const uint32_t most = histogram_bucket(histogram->maximum);
            first = least < first ? least : first;
            end = most + 1 > end ? most + 1 : end;
        }
    }
    *low = end == 0 ? 0 : first;
    *count = end == 0 ? 0 : end - first;
}

static void move_counts(struct archive *archive, const struct family *family)
{
    uint32_t low, room;
    bounds_of(family, &low, &room);
    char path[96];
    uint64_t *counts = check_calloc((size_t)family->count * room + 1, sizeof *counts);
    snprintf(path, sizeof path, "/latency/%s/counts", family->name);
    const struct archive_array array = {
        path,
        ARCHIVE_U64,
        2,
        {family->count, room},
        .unit = "{request}",
        .long_name = "by bucket: 128 sub-buckets a power of two, relative error < 0.8 %",
        .scales = {family->scale, NULL}};
    for (uint32_t i = 0; archive->writing && i < family->count; i++) {
        const struct histogram *histogram = histogram_of(family, i);
        for (uint32_t b = low; b < low + room && histogram->count > 0; b++) {
            const uint32_t place = b - histogram->first;
            counts[(size_t)i * room + (b - low)] =
                place < histogram->room ? histogram->counts[place] : 0;
        }
    }
    archive_h5_array(archive, &array, counts);
    for (uint32_t i = 0; !archive->writing && !archive->failed && i < family->count; i++) {
        struct histogram *histogram = histogram_of(family, i);
        for (uint32_t b = 0; b < room && histogram->count > 0; b++) {
            if (low + b - histogram->first >= histogram->room) {
                histogram_grow(histogram, low + b);
            }
            histogram->counts[low + b - histogram->first] = counts[(size_t)i * room + b];
        }
    }
    free(counts);
}

static void move_edges(struct archive *archive, const struct family *family)
{
    uint32_t low, room;
    bounds_of(family, &low, &room);
    char path[96];
    double *edges_s = check_calloc((size_t)room + 2, sizeof *edges_s);
    for (uint32_t b = 0; b <= room; b++) {
        edges_s[b] = (double)histogram_bucket_low(low + b) / 1e9;
    }
    snprintf(path, sizeof path, "/latency/%s/bucket_edges", family->name);
    const struct archive_array array = {path,        ARCHIVE_F64,
                                        1,           {(uint64_t)room + 1},
                                        .unit = "s", .long_name = "edges of the buckets of counts"};
    if (archive->writing) {
        archive_h5_array(archive, &array, edges_s);
    }
    free(edges_s);
}

// Minimum and maximum of what was read must name buckets.
static bool sound_family(const struct family *family)
{
    bool sound = true;
    for (uint32_t i = 0; i < family->count; i++) {
        const struct histogram *histogram = histogram_of(family, i);
        sound = sound && (histogram->count == 0 ||
                          (histogram->minimum >= 0 && histogram->minimum <= histogram->maximum &&
                           (uint64_t)histogram->maximum >> 62 == 0));
    }
    return sound;
}

void archive_series_histograms(struct archive *archive, struct result *result)
{
    const struct family families[] = {
        {"workload", "/dim/workload", result->workload_count, sizeof *result->workloads,
         (char *)result->workloads + offsetof(struct result_workload, latency)},
        {"operation", "/dim/operation", result->operation_count, sizeof *result->operations,
         (char *)result->operations + offsetof(struct result_operation, latency)},
        {"component", "/dim/component", result->component_count, sizeof *result->components,
         (char *)result->components + offsetof(struct result_component, latency)},
        {"wait", "/dim/component", result->component_count, sizeof *result->components,
         (char *)result->components + offsetof(struct result_component, wait)},
    };
    for (size_t i = 0; i < sizeof families / sizeof families[0]; i++) {
        move_words(archive, &families[i]);
        move_thresholds(archive, &families[i], false);
        move_thresholds(archive, &families[i], true);
        if (!sound_family(&families[i])) {
            archive_h5_fail(archive, "no histogram in", families[i].name);
        }
        if (!archive->failed) {
            move_counts(archive, &families[i]);
            move_edges(archive, &families[i]);
        }
    }
}
