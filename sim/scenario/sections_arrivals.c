// sections_arrivals - laws of arrivals, profiles and traces, with the files they come from.
#include <stdlib.h>
#include <string.h>

#include "sim/base/check.h"
#include "sim/base/text.h"
#include "sim/base/units.h"
#include "sim/kernel/time.h"
#include "sim/scenario/document_file.h"
#include "sim/scenario/expression.h"
#include "sim/scenario/read_distribution.h"
#include "sim/scenario/read_law.h"
#include "sim/scenario/read_value.h"
#include "sim/scenario/sections_read.h"

static bool complain(struct schema *schema, const struct document_node *node, const char *expected)
{
    diagnostic_caret(document_error(schema->document, node, "E0229", "`%s` is no law of arrivals",
                                    node->text == NULL ? "" : node->text),
                     "%s", expected);
    return false;
}

// ---- mmpp --------------------------------------------------------------------------------------

enum { STATES = 64 };

// state(rate=5, for=10s)
static bool read_state(struct schema *schema, const struct document_node *node,
                       const struct expression *state, double *rate, double *stay)
{
    const struct expression *rate_of = expression_argument(state, "rate");
    const struct expression *for_of = expression_argument(state, "for");
    const bool well = state->kind == EXPRESSION_CALL && text_same(state->text, "state") &&
                      rate_of != NULL && for_of != NULL && state->count == 2;
    if (!well) {
        return complain(schema, node,
                        "expected mmpp(state(rate=1, for=50s), state(rate=8, for=5s))");
    }
    const bool good =
        read_value_literal(schema->document, node, rate_of, READ_VALUE_NUMBER, rate) &&
        read_value_literal(schema->document, node, for_of, READ_VALUE_DURATION, stay);
    if (good && (*rate < 0 || *stay <= 0)) {
        return complain(schema, node, "a state needs a rate of at least 0 and a time above 0");
    }
    return good;
}

// States follow one another in a circle, each left at an exponential time.
static bool finish_states(struct schema *schema, const struct document_node *node,
                          struct arrival_design *arrivals, const double *stays)
{
    struct arena *arena = &schema->document->arena;
    const uint32_t count = arrivals->state_count;
    double *rates = arena_take_array(arena, count, sizeof *rates);
    double *changes = arena_take_array(arena, (size_t)count * count, sizeof *changes);
    double work = 0, time = 0;
    for (uint32_t i = 0; i < count; i++) {
        work += arrivals->state_rates[i] * stays[i];
        time += stays[i];
        changes[i * count + (i + 1) % count] = 1e9 / stays[i];
    }
    if (work <= 0) {
        return complain(schema, node, "one state at least needs a rate above 0");
    }
    for (uint32_t i = 0; i < count; i++) {
        rates[i] = arrivals->state_rates[i] * time / work;
    }
    arrivals->state_rates = rates;
    arrivals->state_changes = changes;
    return true;
}

static bool read_mmpp(struct schema *schema, const struct document_node *node,
                      const struct expression *law, struct arrival_design *arrivals)
{
    double rates[STATES], stays[STATES];
    if (law->count < 2 || law->count > STATES) {
        return complain(schema, node, "mmpp takes 2 to 64 states");
    }
    const struct expression *state = law->first;
    for (uint32_t i = 0; i < law->count; i++, state = state->next) {
        if (!read_state(schema, node, state, &rates[i], &stays[i])) {
            return false;
        }
    }
    arrivals->kind = ARRIVAL_MMPP;
    arrivals->state_count = law->count;
    arrivals->state_rates = rates;
    return finish_states(schema, node, arrivals, stays);
}

// ---- other laws --------------------------------------------------------------------------------

static bool read_erlang(struct schema *schema, const struct document_node *node,
                        const struct expression *law, struct arrival_design *arrivals)
{
    const struct expression *k = expression_argument(law, "k");
    k = k == NULL ? expression_child(law, 0) : k;
    double shape = 0;
    if (k == NULL || law->count != 1) {
        return complain(schema, node, "expected erlang(k=2)");
    }
    if (!read_value_literal(schema->document, node, k, READ_VALUE_COUNT, &shape)) {
        return false;
    }
    if (shape < 1 || shape > 1000) {
        return complain(schema, node, "k is a count from 1 to 1000");
    }
    arrivals->kind = ARRIVAL_ERLANG;
    arrivals->shape = (uint32_t)shape;
    return true;
}

static bool read_batch(struct schema *schema, const struct document_node *node,
                       const struct expression *law, struct arrival_design *arrivals)
{
    const struct expression *size = expression_argument(law, "size");
    size = size == NULL ? expression_child(law, 0) : size;
    if (size == NULL || law->count != 1) {
        return complain(schema, node, "expected batch(size=geometric(mean=3))");
    }
    arrivals->kind = ARRIVAL_BATCH;
    return read_distribution_expression(schema->document, node, size, READ_VALUE_COUNT,
                                        &arrivals->law);
}

static bool read_trace(struct schema *schema, const struct document_node *node,
                       const struct expression *law, struct section_workload *workload)
{
    const struct expression *file = expression_argument(law, "file");
    file = file == NULL ? expression_child(law, 0) : file;
    if (file == NULL || law->count != 1 || file->kind != EXPRESSION_WORD) {
        return complain(schema, node, "expected trace(file=day.csv)");
    }
    workload->arrivals.kind = ARRIVAL_TRACE;
    workload->trace = file->text;
    return true;
}

static bool read_named(struct schema *schema, const struct document_node *node,
                       const struct expression *law, struct section_workload *workload)
{
    struct arrival_design *arrivals = &workload->arrivals;
    const bool has_mean = expression_argument(law, "mean") != NULL;
    if (text_same(law->text, "mmpp")) {
        return read_mmpp(schema, node, law, arrivals);
    }
    if (text_same(law->text, "batch")) {
        return read_batch(schema, node, law, arrivals);
    }
    if (text_same(law->text, "trace")) {
        return read_trace(schema, node, law, workload);
    }
    if (text_same(law->text, "erlang") && !has_mean && law->count < 2) {
        return read_erlang(schema, node, law, arrivals);
    }
    if (read_law_find(law->text) == NULL) {
        return complain(schema, node,
                        "expected poisson, constant, erlang(k=2), mmpp(...), "
                        "batch(...), trace(...) or a law of times");
    }
    arrivals->kind = ARRIVAL_RENEWAL;
    return read_distribution(schema->document, node, READ_VALUE_DURATION, &arrivals->law);
}

bool sections_read_arrivals(struct schema *schema, const struct document_node *node,
                            const struct field *field, void *value)
{
    struct section_workload *workload =
        (struct section_workload *)(void *)((char *)value - field->offset);
    struct arrival_design *arrivals = &workload->arrivals;
    *arrivals = (struct arrival_design){.kind = ARRIVAL_POISSON};
    if (node->kind == DOCUMENT_MAPPING) {
        arrivals->kind = ARRIVAL_RENEWAL;
        return read_distribution(schema->document, node, READ_VALUE_DURATION, &arrivals->law);
    }
    if (!read_value_is(schema->document, node, DOCUMENT_SCALAR, "a law of arrivals")) {
        return false;
    }
    if (text_same(node->text, "poisson")) {
        return true;
    }
    if (text_same(node->text, "constant")) {
        arrivals->kind = ARRIVAL_CONSTANT;
        return true;
    }
    const struct expression *law = read_value_expression(schema->document, node);
    if (law == NULL) {
        return false;
    }
    if (law->kind != EXPRESSION_CALL) {
        return complain(schema, node,
                        "expected poisson, constant, erlang(k=2), mmpp(...), "
                        "batch(...), trace(...) or a law of times");
    }
    return read_named(schema, node, law, workload);
}

// ---- files -------------------------------------------------------------------------------------

enum { LINES = 50000000 };

static char *trimmed(char *line)
{
    char *text = line + strspn(line, " \t");
    size_t length = strlen(text);
    while (length > 0 && strchr(" \t", text[length - 1]) != NULL) {
        text[--length] = '\0';
    }
    return text;
}

static void complain_line(struct schema *schema, const struct document_node *node,
                          const struct document_file *file, uint64_t line, const char *expected)
{
    diagnostic_caret(document_error(schema->document, node, "E0225",
                                    "line %llu of `%s` cannot be used", (unsigned long long)line,
                                    file->path),
                     "%s", expected);
}

static bool read_factors(struct schema *schema, const struct document_node *node,
                         struct document_file *file, struct profile_design *profile)
{
    size_t at = 0;
    char *line = NULL;
    double *factors = NULL;
    uint32_t room = 0;
    bool good = true;
    for (uint64_t number = 1; good && document_file_line(file, &at, &line); number++) {
        const char *text = trimmed(line);
        struct units_why why;
        if (text[0] == '#' || text[0] == '\0') {
            continue;
        }
        if (profile->count == room) {
            room = room == 0 ? 64 : room * 2;
            factors = check_realloc(factors, room * sizeof *factors);
        }
        good = units_factor(text, &factors[profile->count++], &why);
        if (!good) {
            complain_line(schema, node, file, number, "expected one relative rate a line");
        }
    }
    if (good && profile->count == 0) {
        document_error(schema->document, node, "E0225", "`%s` has no values", file->path);
        good = false;
    }
    if (good) {
        double *kept = arena_take_array(&schema->document->arena, profile->count, sizeof *kept);
        memcpy(kept, factors, profile->count * sizeof *kept);
        profile->factors = kept;
    }
    free(factors);
    return good;
}

bool sections_read_profile(struct schema *schema, const struct document_node *node,
                           struct profile_design *profile)
{
    struct document_file file;
    const char *name;
    if (!read_value_text(schema->document, node, &name) ||
        !document_file_init(&file, schema->document, node, name)) {
        return false;
    }
    const bool good = read_factors(schema, node, &file, profile);
    document_file_release(&file);
    return good;
}

struct trace_lines {
    int64_t *times;
    const char **targets;
    uint64_t count, room;
    bool has_targets;
};

static void grow(struct trace_lines *lines)
{
    if (lines->count == lines->room) {
        lines->room = lines->room == 0 ? 256 : lines->room * 2;
        lines->times = check_realloc(lines->times, lines->room * sizeof *lines->times);
        lines->targets = check_realloc(lines->targets, lines->room * sizeof *lines->targets);
    }
}

// "12.5ms" or "12.5ms,web.read"; NULL if good, else what was expected.
static const char *add_line(struct schema *schema, struct trace_lines *lines, char *text)
{
    char *comma = strchr(text, ',');
    if (comma != NULL) {
        *comma = '\0';
    }
    grow(lines);
    struct units_why why;
    int64_t time;
    if (!units_duration(trimmed(text), &time, &why)) {
        return "expected a time from the start, e.g. 12.5ms, and perhaps a comma and a target";
    }
    if (lines->count > 0 && time < lines->times[lines->count - 1]) {
        return "the times must not go back";
    }
    lines->times[lines->count] = time;
    lines->targets[lines->count] =
        comma == NULL ? NULL : arena_text(&schema->document->arena, trimmed(comma + 1));
    lines->has_targets = lines->has_targets || comma != NULL;
    lines->count++;
    return NULL;
}

static bool read_lines(struct schema *schema, const struct document_node *node,
                       struct document_file *file, struct trace_lines *lines)
{
    size_t at = 0;
    char *line = NULL;
    for (uint64_t number = 1; document_file_line(file, &at, &line); number++) {
        char *text = trimmed(line);
        if (text[0] == '#' || text[0] == '\0') {
            continue;
        }
        const char *wrong =
            lines->count == LINES ? "too many arrivals" : add_line(schema, lines, text);
        if (wrong != NULL) {
            complain_line(schema, node, file, number, wrong);
            return false;
        }
    }
    if (lines->count == 0) {
        document_error(schema->document, node, "E0225", "`%s` has no arrivals", file->path);
    }
    return lines->count > 0;
}

bool sections_read_trace(struct schema *schema, const struct document_node *node, const char *name,
                         struct sections_read_trace *trace)
{
    struct document_file file;
    struct trace_lines lines = {0};
    if (!document_file_init(&file, schema->document, node, name)) {
        return false;
    }
    const bool good = read_lines(schema, node, &file, &lines);
    if (good) {
        struct arena *arena = &schema->document->arena;
        int64_t *times = arena_take_array(arena, lines.count, sizeof *times);
        memcpy(times, lines.times, lines.count * sizeof *times);
        const char **targets = arena_take_array(arena, lines.count, sizeof *targets);
        memcpy(targets, lines.targets, lines.count * sizeof *targets);
        *trace =
            (struct sections_read_trace){lines.count, times, lines.has_targets ? targets : NULL};
    }
    free(lines.times);
    free(lines.targets);
    document_file_release(&file);
    return good;
}
