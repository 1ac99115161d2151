// compare_side - what of a result takes part in a comparison: from a result, or from a committed
// summary.json.
#include <jansson.h>
#include <math.h>
#include <string.h>

#include "sim/base/check.h"
#include "sim/base/file.h"
#include "sim/study/compare.h"

void compare_side_release(struct compare_side *side)
{
    arena_release(&side->arena);
}

// ---- of a result --------------------------------------------------------------------------------

static void take_metrics(struct compare_side *side, const struct result *result)
{
    side->metric_count = result->figure_count;
    side->metrics = arena_take_array(&side->arena, result->figure_count + 1, sizeof *side->metrics);
    for (uint32_t f = 0; f < result->figure_count; f++) {
        double *values = arena_take_array(&side->arena, result->row_count + 1, sizeof *values);
        for (uint32_t r = 0; r < result->row_count; r++) {
            values[r] = result->matrix[(size_t)r * result->figure_count + f];
        }
        side->metrics[f] = (struct compare_metric){
            .name = arena_text(&side->arena, result->figures[f].name),
            .unit = arena_text(&side->arena, result->figures[f].unit),
            .better = result->figures[f].better,
            .values = values,
        };
    }
}

static void take_slos(struct compare_side *side, const struct result *result)
{
    side->slo_count = result->slo_count;
    side->slos = arena_take_array(&side->arena, result->slo_count + 1, sizeof *side->slos);
    for (uint32_t s = 0; s < result->slo_count; s++) {
        side->slos[s] = (struct compare_slo){
            .name = arena_text(&side->arena, result->slos[s].name),
            .objective = arena_text(&side->arena, result->slos[s].objective),
            .verdict = result_verdict_name(result->slos[s].verdict),
        };
    }
}

void compare_side_of(struct compare_side *side, const struct result *result, const char *label)
{
    *side = (struct compare_side){0};
    arena_init(&side->arena);
    side->label = arena_text(&side->arena, label);
    side->scenario = arena_text(&side->arena, result->scenario);
    side->version = arena_text(&side->arena, result->version);
    side->digest = arena_text(&side->arena, result->digest == NULL ? "" : result->digest);
    side->seed = result->seed;
    side->duration_s = result->duration_s;
    side->warmup_s = result->warmup_s;
    side->count = result->row_count;
    side->batches = result->batches;
    side->resolved = result->resolved == NULL || *result->resolved == '\0'
                         ? NULL
                         : arena_text(&side->arena, result->resolved);
    take_metrics(side, result);
    take_slos(side, result);
}

// ---- of summary.json ----------------------------------------------------------------------------

// What a metric of that name is like: the same rule as for figures of results.
static enum result_better better_of(const char *name)
{
    static const char *const higher[] = {".throughput", ".success_ratio", ".hit_ratio"};
    static const char *const neither[] = {".offered", ".utilization", ".utilization_max",
                                          ".in_system", ".replicas_ready"};
    const size_t length = strlen(name);
    for (size_t i = 0; i < sizeof higher / sizeof higher[0]; i++) {
        const size_t tail = strlen(higher[i]);
        if (length > tail && strcmp(name + length - tail, higher[i]) == 0) {
            return RESULT_HIGHER;
        }
    }
    for (size_t i = 0; i < sizeof neither / sizeof neither[0]; i++) {
        const size_t tail = strlen(neither[i]);
        if (length > tail && strcmp(name + length - tail, neither[i]) == 0) {
            return RESULT_NEITHER;
        }
    }
    const char *dot = strrchr(name, '.');
    const bool latency = dot != NULL && (dot[1] == 'p' || strcmp(dot, ".mean") == 0 ||
                                         strcmp(dot, ".max") == 0 || dot[1] == '9');
    return latency ? RESULT_LOWER : RESULT_NEITHER;
}

// What the names of figures say of their units; "" is the other side's word.
static const char *unit_of(const char *name)
{
    const char *dot = strrchr(name, '.');
    const bool rate =
        dot != NULL && (strcmp(dot, ".throughput") == 0 || strcmp(dot, ".offered") == 0);
    return rate ? "1/s" : better_of(name) == RESULT_LOWER ? "s" : "";
}

static bool refuse(struct text *why, const char *path, const char *what)
{
    text_format(why, "%s is no orrery.summary/1: %s", path, what);
    return false;
}

static const char *text_at(struct compare_side *side, const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return arena_text(&side->arena, text == NULL ? "" : text);
}

static bool read_metric(struct compare_side *side, const char *name, const json_t *array)
{
    const size_t count = json_array_size(array);
    double *values = arena_take_array(&side->arena, count + 1, sizeof *values);
    for (size_t i = 0; i < count; i++) {
        const json_t *value = json_array_get(array, i);
        values[i] = json_is_number(value) ? json_number_value(value) : (double)NAN;
    }
    if (side->metric_count == 0) {
        side->count = (uint32_t)count;
    }
    side->metrics[side->metric_count++] =
        (struct compare_metric){.name = arena_text(&side->arena, name),
                                .unit = unit_of(name),
                                .better = better_of(name),
                                .values = values};
    return count == side->count;
}

static bool read_metrics(struct compare_side *side, json_t *root)
{
    json_t *metrics = json_object_get(root, "replication_metrics");
    const char *name;
    json_t *array;
    bool good = json_is_object(metrics) && json_object_size(metrics) > 0;
    side->metrics =
        arena_take_array(&side->arena, json_object_size(metrics) + 1, sizeof *side->metrics);
    json_object_foreach(metrics, name, array)
    {
        good = read_metric(side, name, array) && good;
    }
    return good;
}

static void read_slos(struct compare_side *side, const json_t *root)
{
    const json_t *slos = json_object_get(root, "slos");
    const size_t count = json_array_size(slos);
    side->slos = arena_take_array(&side->arena, count + 1, sizeof *side->slos);
    for (size_t i = 0; i < count; i++) {
        const json_t *slo = json_array_get(slos, i);
        side->slos[side->slo_count++] =
            (struct compare_slo){text_at(side, slo, "name"), text_at(side, slo, "objective"),
                                 text_at(side, slo, "verdict")};
    }
}

// The scenario as it was resolved lies beside.
static void read_resolved(struct compare_side *side, const char *path)
{
    const char *slash = strrchr(path, '/');
    struct text beside, content, why;
    text_init(&beside);
    text_init(&content);
    text_init(&why);
    text_add_part(&beside, path, slash == NULL ? 0 : (size_t)(slash + 1 - path));
    text_add(&beside, "scenario.resolved.yaml");
    if (file_read(text_get(&beside), &content, &why)) {
        side->resolved = arena_text(&side->arena, text_get(&content));
    }
    text_release(&beside);
    text_release(&content);
    text_release(&why);
}

bool compare_side_read(struct compare_side *side, const char *path, struct text *why)
{
    *side = (struct compare_side){.duration_s = (double)NAN, .warmup_s = (double)NAN};
    arena_init(&side->arena);
    json_error_t error;
    json_t *root = json_load_file(path, 0, &error);
    if (root == NULL) {
        text_format(why, "%s cannot be read: line %d: %s", path, error.line, error.text);
        return false;
    }
    const char *schema = json_string_value(json_object_get(root, "schema"));
    bool good = schema != NULL && text_same(schema, "orrery.summary/1");
    side->label = arena_text(&side->arena, path);
    side->scenario = text_at(side, root, "scenario");
    side->version = text_at(side, root, "version");
    side->digest = text_at(side, root, "digest");
    side->seed = (uint64_t)json_integer_value(json_object_get(root, "seed"));
    side->metric_count = 0;
    good = good ? read_metrics(side, root) || refuse(why, path, "replication_metrics are not whole")
                : refuse(why, path, "its schema is another");
    const json_int_t replications = json_integer_value(json_object_get(root, "replications"));
    side->batches = side->count > 1 && replications == 1;
    read_slos(side, root);
    read_resolved(side, path);
    json_decref(root);
    return good;
}
