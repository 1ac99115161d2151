// archive_sweep - which field of which point stands in which dataset.
#include "sim/study/archive_sweep.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/check.h"
#include "sim/study/archive_file.h"

enum { POINTS_MOST = SWEEP_POINTS_MOST, SUBJECTS_MOST = 100000 };

// ---- attributes
// ----------------------------------------------------------------------------------

static void walk_attributes(struct archive *archive, struct archive_sweep *study)
{
    struct sweep *sweep = study->sweep;
    const struct {
        const char *name;
        enum archive_type type;
        void *value;
    } attributes[] = {
        {"scenario_name", ARCHIVE_TEXT, &sweep->scenario},
        {"scenario_digest", ARCHIVE_TEXT, &study->digest},
        {"engine_version", ARCHIVE_TEXT, &sweep->version},
        {"seed", ARCHIVE_U64, &study->seed},
        {"design", ARCHIVE_TEXT, &sweep->design},
        {"design_kind", ARCHIVE_U32, &sweep->space.design},
        {"where", ARCHIVE_NAME, &sweep->where},
        {"designed", ARCHIVE_U32, &sweep->points.designed},
        {"chosen", ARCHIVE_U32, &sweep->chosen},
        {"command", ARCHIVE_TEXT, &study->command},
        {"options", ARCHIVE_TEXT, &study->options},
    };
    for (size_t i = 0; i < sizeof attributes / sizeof attributes[0]; i++) {
        archive_h5_attribute(archive, attributes[i].name, attributes[i].type, attributes[i].value);
    }
    const struct archive_array source = {"/scenario/source", ARCHIVE_TEXT, 0, .unit = NULL};
    archive_h5_array(archive, &source, &study->source);
}

static void write_identity(struct archive *archive, const struct archive_sweep *study)
{
    const char *convention = "orrery-results-1.0", *generator = "philox4x32-10", *kind = "sweep";
    const char *title = study->sweep->scenario;
    archive_h5_attribute(archive, "Conventions", ARCHIVE_TEXT, &convention);
    archive_h5_attribute(archive, "title", ARCHIVE_TEXT, &title);
    archive_h5_attribute(archive, "study", ARCHIVE_TEXT, &kind);
    archive_h5_attribute(archive, "rng", ARCHIVE_TEXT, &generator);
}

// ---- tables
// --------------------------------------------------------------------------------------

struct column {
    const char *name;
    enum archive_type type;
    size_t offset;
    const char *unit, *long_name;
};

struct table { // rows of one kind: of points, or of each subject at each point
    const char *group;
    const char *scales[2]; // the second NULL: one row a point
    uint32_t extent[2];
    const struct column *columns;
    void *(*row)(struct sweep *sweep, uint32_t point, uint32_t subject); // NULL: not there
};

static void walk_column(struct archive *archive, struct sweep *sweep, const struct table *table,
                        const struct column *column)
{
    const bool wide = table->scales[1] != NULL;
    const uint32_t width = wide ? table->extent[1] : 1;
    const size_t count = (size_t)table->extent[0] * width;
    const size_t size = archive_h5_size(column->type);
    char path[96], *values = check_calloc(count + 1, size);
    snprintf(path, sizeof path, "%s/%s", table->group, column->name);
    for (size_t i = 0; i < count && archive->writing; i++) {
        const char *row = table->row(sweep, (uint32_t)(i / width), (uint32_t)(i % width));
        if (row != NULL) {
            memcpy(values + i * size, row + column->offset, size);
        }
    }
    const struct archive_array array = {path,
                                        column->type,
                                        wide ? 2 : 1,
                                        {table->extent[0], width},
                                        .unit = column->unit,
                                        .long_name = column->long_name,
                                        .scales = {table->scales[0], table->scales[1]}};
    archive_h5_array(archive, &array, values);
    for (size_t i = 0; i < count && !archive->writing && !archive->failed; i++) {
        char *row = table->row(sweep, (uint32_t)(i / width), (uint32_t)(i % width));
        memcpy(row + column->offset, values + i * size, size);
    }
    free(values);
}

static void walk_table(struct archive *archive, struct sweep *sweep, const struct table *table)
{
    for (const struct column *column = table->columns; column->name != NULL; column++) {
        walk_column(archive, sweep, table, column);
    }
}

static void *parameter_row(struct sweep *sweep, uint32_t index, uint32_t subject)
{
    (void)subject;
    return &sweep->space.parameters[index];
}

static void *objective_row(struct sweep *sweep, uint32_t index, uint32_t subject)
{
    (void)subject;
    return (struct sweep_slo *)(uintptr_t)&sweep->slos[index];
}

static void *point_row(struct sweep *sweep, uint32_t point, uint32_t subject)
{
    (void)subject;
    return &sweep->rows[point];
}

static void *flow_row(struct sweep *sweep, uint32_t point, uint32_t subject)
{
    struct sweep_row *row = &sweep->rows[point];
    return row->flows == NULL ? NULL : &row->flows[subject];
}

static void *slo_row(struct sweep *sweep, uint32_t point, uint32_t subject)
{
    struct sweep_row *row = &sweep->rows[point];
    return row->slos == NULL ? NULL : &row->slos[subject];
}

static const struct column parameter_columns[] = {
    {"name", ARCHIVE_TEXT, offsetof(struct sweep_levels, name), NULL, NULL},
    {"count", ARCHIVE_U32, offsetof(struct sweep_levels, count), "1", "values"},
    {"low", ARCHIVE_I64, offsetof(struct sweep_levels, low), NULL, "of a range, in its decimals"},
    {"step", ARCHIVE_I64, offsetof(struct sweep_levels, step), NULL, "the same"},
    {"decimals", ARCHIVE_U32, offsetof(struct sweep_levels, decimals), "1", NULL},
    {"unit", ARCHIVE_TEXT, offsetof(struct sweep_levels, unit), NULL, "behind each number"},
    {"is_duration", ARCHIVE_BOOL, offsetof(struct sweep_levels, is_duration), NULL,
     "the range counts in ns"},
    {"continuous", ARCHIVE_BOOL, offsetof(struct sweep_levels, continuous), NULL, NULL},
    {0},
};

static const struct column objective_columns[] = {
    {"name", ARCHIVE_TEXT, offsetof(struct sweep_slo, name), NULL, NULL},
    {"target", ARCHIVE_TEXT, offsetof(struct sweep_slo, target), NULL, NULL},
    {"objective", ARCHIVE_TEXT, offsetof(struct sweep_slo, objective), NULL, NULL},
    {"warn_only", ARCHIVE_BOOL, offsetof(struct sweep_slo, warn_only), NULL, NULL},
    {"quantile", ARCHIVE_F64, offsetof(struct sweep_slo, quantile), "1",
     "of an objective that limits a percentile, else 0"},
    {0},
};

static const struct column point_columns[] = {
    {"chosen", ARCHIVE_BOOL, offsetof(struct sweep_row, chosen), NULL, NULL},
    {"state", ARCHIVE_I32, offsetof(struct sweep_row, state), NULL,
     "0 not run, 1 done, 2 missing, 3 broken"},
    {"failure", ARCHIVE_NAME, offsetof(struct sweep_row, failure), NULL,
     "why a broken point has no answer"},
    {"verdict", ARCHIVE_VERDICT, offsetof(struct sweep_row, verdict), NULL,
     "the gravest of its objectives, if it is done"},
    {"replications", ARCHIVE_U32, offsetof(struct sweep_row, replications), "1", NULL},
    {"events", ARCHIVE_U64, offsetof(struct sweep_row, events), "1", NULL},
    {"simulated", ARCHIVE_F64, offsetof(struct sweep_row, simulated_s), "s", NULL},
    {"fingerprint_high", ARCHIVE_U64, offsetof(struct sweep_row, fingerprint.high), NULL, NULL},
    {"fingerprint_low", ARCHIVE_U64, offsetof(struct sweep_row, fingerprint.low), NULL, NULL},
    {"busiest", ARCHIVE_NAME, offsetof(struct sweep_row, busiest), NULL,
     "the component with the highest utilisation"},
    {"utilization", ARCHIVE_ESTIMATE, offsetof(struct sweep_row, utilization), "1", "of it"},
    {0},
};

static const struct column flow_columns[] = {
    {"offered", ARCHIVE_ESTIMATE, offsetof(struct sweep_flow, offered), "1/s", NULL},
    {"throughput", ARCHIVE_ESTIMATE, offsetof(struct sweep_flow, throughput), "1/s", NULL},
    {"success_ratio", ARCHIVE_ESTIMATE, offsetof(struct sweep_flow, success), "1", NULL},
    {"mean", ARCHIVE_ESTIMATE, offsetof(struct sweep_flow, mean), "s", "latency"},
    {"p50", ARCHIVE_ESTIMATE, offsetof(struct sweep_flow, p50), "s", "latency"},
    {"p99", ARCHIVE_ESTIMATE, offsetof(struct sweep_flow, p99), "s", "latency"},
    {0},
};

static const struct column slo_columns[] = {
    {"verdict", ARCHIVE_VERDICT, offsetof(struct sweep_objective, verdict), NULL, NULL},
    {"observed", ARCHIVE_ESTIMATE, offsetof(struct sweep_objective, observed), NULL, "in `unit`"},
    {"limit", ARCHIVE_F64, offsetof(struct sweep_objective, limit), NULL, "in `unit`"},
    {"unit", ARCHIVE_TEXT, offsetof(struct sweep_objective, unit), NULL, NULL},
    {0},
};

static void walk_tables(struct archive *archive, struct sweep *sweep)
{
    const uint32_t points = sweep->points.count, parameters = sweep->space.parameter_count;
    const struct table tables[] = {
        {"/campaign/points", {"/dim/point"}, {points}, point_columns, point_row},
        {"/campaign/workloads",
         {"/dim/point", "/dim/workload"},
         {points, sweep->workload_count},
         flow_columns,
         flow_row},
        {"/campaign/slos",
         {"/dim/point", "/dim/slo"},
         {points, sweep->slo_count},
         slo_columns,
         slo_row},
        {"/campaign/parameters",
         {"/dim/parameter"},
         {parameters},
         parameter_columns,
         parameter_row},
        {"/campaign/objectives",
         {"/dim/slo"},
         {sweep->slo_count},
         objective_columns,
         objective_row},
    };
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        walk_table(archive, sweep, &tables[i]);
    }
}

// ---- parameters at points
// ------------------------------------------------------------------------

static void walk_params(struct archive *archive, struct sweep *sweep)
{
    const uint64_t points = sweep->points.count, parameters = sweep->space.parameter_count;
    const struct archive_array value = {"/campaign/params/value",
                                        ARCHIVE_TEXT,
                                        2,
                                        {points, parameters},
                                        .scales = {"/dim/point", "/dim/parameter"}};
    const struct archive_array level = {"/campaign/params/level",
                                        ARCHIVE_U32,
                                        2,
                                        {points, parameters},
                                        .long_name = "place among the values of the parameter",
                                        .scales = {"/dim/point", "/dim/parameter"}};
    archive_h5_array(archive, &value, sweep->points.values);
    archive_h5_array(archive, &level, sweep->points.levels);
}

static void write_numbers(struct archive *archive, const struct sweep *sweep)
{
    const uint64_t points = sweep->points.count, parameters = sweep->space.parameter_count;
    const struct archive_array number = {"/campaign/params/number",
                                         ARCHIVE_F64,
                                         2,
                                         {points, parameters},
                                         .long_name = "in 1/s, s or bytes; NaN: a text",
                                         .scales = {"/dim/point", "/dim/parameter"}};
    double *numbers = check_calloc(points * parameters + 1, sizeof *numbers);
    for (uint64_t i = 0; i < points * parameters; i++) {
        const struct sweep_amount amount = sweep_where_amount(sweep->points.values[i]);
        numbers[i] = amount.unit < SWEEP_TRUTH ? amount.value : (double)NAN;
    }
    archive_h5_array(archive, &number, numbers);
    free(numbers);
}

// The values of lists, one after the other, and how many there are of each parameter.
static void walk_lists(struct archive *archive, struct sweep *sweep)
{
    uint32_t counts[SWEEP_PARAMETERS] = {0}, total = 0;
    struct sweep_levels *parameters = sweep->space.parameters;
    for (uint32_t i = 0; i < sweep->space.parameter_count && archive->writing; i++) {
        counts[i] = parameters[i].values == NULL ? 0 : parameters[i].count;
    }
    const struct archive_array listed = {"/campaign/parameters/listed",
                                         ARCHIVE_U32,
                                         1,
                                         {sweep->space.parameter_count},
                                         .long_name = "values of a list, 0: a range",
                                         .scales = {"/dim/parameter"}};
    archive_h5_array(archive, &listed, counts);
    for (uint32_t i = 0; i < sweep->space.parameter_count && !archive->failed; i++) {
        if (counts[i] != 0 && counts[i] != parameters[i].count) {
            archive_h5_fail(archive, "a number leads out of its table in", listed.path);
            return;
        }
        total += counts[i];
    }
    const struct archive_array array = {"/campaign/list", ARCHIVE_TEXT, 1, {total}, .unit = NULL};
    const char **texts = arena_take_array(&sweep->arena, (size_t)total + 1, sizeof *texts);
    for (uint32_t i = 0, at = 0; i < sweep->space.parameter_count; at += counts[i++]) {
        if (archive->writing && counts[i] > 0) {
            memcpy(texts + at, parameters[i].values, counts[i] * sizeof *texts);
        }
    }
    archive_h5_array(archive, &array, texts);
    for (uint32_t i = 0, at = 0; i < sweep->space.parameter_count; at += counts[i++]) {
        if (!archive->writing && counts[i] > 0) {
            parameters[i].values = texts + at;
        }
    }
}

// ---- writing
// -------------------------------------------------------------------------------------

static void write_points(struct archive *archive, const struct sweep *sweep)
{
    const uint32_t count = sweep->points.count;
    uint32_t *numbers = check_calloc((size_t)count + 1, sizeof *numbers);
    for (uint32_t i = 0; i < count; i++) {
        numbers[i] = i;
    }
    const struct archive_array array = {"/dim/point", ARCHIVE_U32, 1, {count}, .unit = NULL};
    archive_h5_array(archive, &array, numbers);
    archive_h5_scale(archive, "/dim/point", "point");
    free(numbers);
}

static void write_scales(struct archive *archive, struct sweep *sweep)
{
    struct arena arena;
    arena_init(&arena);
    const char *parameters[SWEEP_PARAMETERS];
    const char **slos = arena_take_array(&arena, (size_t)sweep->slo_count + 1, sizeof *slos);
    for (uint32_t i = 0; i < sweep->space.parameter_count; i++) {
        parameters[i] = sweep->space.parameters[i].name;
    }
    for (uint32_t s = 0; s < sweep->slo_count; s++) {
        slos[s] = arena_format(&arena, "%s %s %s", sweep->slos[s].name, sweep->slos[s].target,
                               sweep->slos[s].objective);
    }
    write_points(archive, sweep);
    archive_h5_names(archive, "parameter", parameters, sweep->space.parameter_count);
    archive_h5_names(archive, "workload", sweep->workloads, sweep->workload_count);
    archive_h5_names(archive, "slo", slos, sweep->slo_count);
    arena_release(&arena);
}

// The digest of a point stands in an array of the row.
static void walk_digests(struct archive *archive, struct sweep *sweep)
{
    const uint32_t count = sweep->points.count;
    const char **texts = arena_take_array(&sweep->arena, (size_t)count + 1, sizeof *texts);
    for (uint32_t i = 0; i < count; i++) {
        texts[i] = sweep->rows[i].digest;
    }
    const struct archive_array array = {
        "/campaign/points/digest", ARCHIVE_TEXT, 1, {count}, .scales = {"/dim/point"}};
    archive_h5_array(archive, &array, texts);
    for (uint32_t i = 0; i < count && !archive->writing && !archive->failed; i++) {
        snprintf(sweep->rows[i].digest, sizeof sweep->rows[i].digest, "%s", texts[i]);
    }
}

static void walk_workloads(struct archive *archive, struct sweep *sweep)
{
    const struct archive_array array = {"/campaign/workload",
                                        ARCHIVE_TEXT,
                                        1,
                                        {sweep->workload_count},
                                        .scales = {"/dim/workload"}};
    archive_h5_array(archive, &array, (void *)(uintptr_t)sweep->workloads);
}

static void walk_all(struct archive *archive, struct archive_sweep *study)
{
    walk_attributes(archive, study);
    walk_workloads(archive, study->sweep);
    walk_tables(archive, study->sweep);
    walk_params(archive, study->sweep);
    walk_lists(archive, study->sweep);
    walk_digests(archive, study->sweep);
}

static void write_all(struct archive *archive, void *context)
{
    struct archive_sweep *study = context;
    write_identity(archive, study);
    write_scales(archive, study->sweep);
    walk_all(archive, study);
    write_numbers(archive, study->sweep);
}

bool archive_sweep_write(const struct archive_sweep *study, const char *path, struct text *why)
{
    struct archive_sweep copy = *study;
    const struct archive_content content = {write_all, &copy, &study->sweep->arena};
    return archive_file_write(&content, path, why);
}

// ---- reading
// -------------------------------------------------------------------------------------

static uint32_t extent_of(struct archive *archive, const char *path, uint32_t most)
{
    uint64_t extent[ARCHIVE_RANK];
    archive_h5_extent(archive, path, 1, extent);
    if (!archive->failed && extent[0] > most) {
        archive_h5_fail(archive, "there is too much in", path);
    }
    return archive->failed ? 0 : (uint32_t)extent[0];
}

static void make_room(struct archive *archive, struct sweep *sweep)
{
    struct arena *arena = &sweep->arena;
    sweep->space.parameter_count =
        extent_of(archive, "/campaign/parameters/name", SWEEP_PARAMETERS);
    sweep->points.count = extent_of(archive, "/campaign/points/state", POINTS_MOST);
    sweep->slo_count = extent_of(archive, "/campaign/objectives/name", SUBJECTS_MOST);
    sweep->workload_count = extent_of(archive, "/campaign/workload", SUBJECTS_MOST);
    const size_t points = sweep->points.count;
    const size_t cells = points * sweep->space.parameter_count + 1;
    sweep->points.values = arena_take_array(arena, cells, sizeof *sweep->points.values);
    sweep->points.levels = arena_take_array(arena, cells, sizeof *sweep->points.levels);
    sweep->slos = arena_take_array(arena, (size_t)sweep->slo_count + 1, sizeof *sweep->slos);
    sweep->workloads =
        arena_take_array(arena, (size_t)sweep->workload_count + 1, sizeof *sweep->workloads);
    sweep->rows = arena_take_array(arena, points + 1, sizeof *sweep->rows);
    for (size_t i = 0; i < points; i++) {
        struct sweep_row *row = &sweep->rows[i];
        row->flows = arena_take_array(arena, (size_t)sweep->workload_count + 1, sizeof *row->flows);
        row->slos = arena_take_array(arena, (size_t)sweep->slo_count + 1, sizeof *row->slos);
    }
}

static bool is_sound(const struct sweep *sweep)
{
    const uint32_t width = sweep->space.parameter_count;
    bool sound = width > 0 && sweep->points.count > 0 && sweep->space.design <= SWEEP_SOBOL;
    for (uint32_t i = 0; i < sweep->points.count && sound; i++) {
        const struct sweep_row *row = &sweep->rows[i];
        sound = row->state <= SWEEP_BROKEN && (unsigned)row->verdict <= VERDICT_NO_DATA &&
                (row->state != SWEEP_BROKEN || row->failure != NULL);
        for (uint32_t s = 0; s < sweep->slo_count && sound; s++) {
            sound = (unsigned)row->slos[s].verdict <= VERDICT_NO_DATA;
        }
        for (uint32_t p = 0; p < width && sound; p++) {
            sound = sweep->points.levels[(size_t)i * width + p] < sweep->space.parameters[p].count;
        }
    }
    return sound;
}

static void read_all(struct archive *archive, void *context)
{
    struct archive_sweep *study = context;
    if (!archive_h5_has(archive, "/campaign")) {
        archive_h5_fail(archive, "it is not the file of a sweep: there is no", "/campaign");
        return;
    }
    make_room(archive, study->sweep);
    walk_all(archive, study);
    if (!archive->failed && !is_sound(study->sweep)) {
        archive_h5_fail(archive, "a number leads out of its table in", "/campaign");
    }
}

enum archive_end archive_sweep_read(const char *path, struct archive_sweep *study, struct text *why)
{
    const struct archive_content content = {read_all, study, &study->sweep->arena};
    return archive_file_read(&content, path, why);
}

static void look(struct archive *archive, void *context)
{
    *(bool *)context = archive_h5_has(archive, "/campaign");
}

bool archive_sweep_is(const char *path)
{
    bool is = false;
    struct arena arena;
    struct text why;
    arena_init(&arena);
    text_init(&why);
    const struct archive_content content = {look, &is, &arena};
    archive_file_read(&content, path, &why);
    arena_release(&arena);
    text_release(&why);
    return is;
}
