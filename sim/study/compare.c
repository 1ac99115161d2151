// compare - two results side by side, paired by replication: what changed, how surely, is it worse?
#include "sim/study/compare.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/check.h"
#include "sim/kernel/estimate.h"

const char *const compare_words[] = {
    [COMPARE_EQUAL] = "=",
    [COMPARE_SAME] = "~",
    [COMPARE_BETTER] = "better",
    [COMPARE_WORSE] = "REGRESSION",
    [COMPARE_DIFFERENT] = "different",
    [COMPARE_UNKNOWN] = "?",
};

// ---- which metrics ------------------------------------------------------------------------------

// `*` stands for anything.
static bool matches(const char *pattern, const char *name)
{
    const char *star = NULL, *resume = NULL;
    while (*name != '\0') {
        if (*pattern == '*') {
            star = pattern++;
            resume = name;
        } else if (*pattern == *name) {
            pattern++;
            name++;
        } else if (star != NULL) {
            pattern = star + 1;
            name = ++resume;
        } else {
            return false;
        }
    }
    while (*pattern == '*') {
        pattern++;
    }
    return *pattern == '\0';
}

static bool ends_with(const char *name, const char *end)
{
    const size_t length = strlen(name), tail = strlen(end);
    return length > tail && strcmp(name + length - tail, end) == 0;
}

// Without a pattern: what people look at first, of workloads and components.
static bool is_wanted(const struct compare_metric *metric, const char *pattern)
{
    static const char *const ends[] = {".throughput", ".success_ratio", ".mean",       ".p50",
                                       ".p99",        ".p99.9",         ".utilization"};
    if (pattern != NULL) {
        return matches(pattern, metric->name);
    }
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        const char *dot = strchr(metric->name, '.');
        if (ends_with(metric->name, ends[i]) && dot != NULL && text_same(dot, ends[i])) {
            return true; // not of a single operation
        }
    }
    return false;
}

static const struct compare_metric *metric_of(const struct compare_side *side, const char *name)
{
    for (uint32_t i = 0; i < side->metric_count; i++) {
        if (text_same(side->metrics[i].name, name)) {
            return &side->metrics[i];
        }
    }
    return NULL;
}

// ---- one metric ---------------------------------------------------------------------------------

struct pairs {
    uint32_t count;
    double *base, *new, *differences;
    bool equal; // bit for bit, samples missing on both sides included
};

static struct pairs pairs_of(const double *base, const double *new, uint32_t count)
{
    struct pairs pairs = {.equal = true};
    pairs.base = check_calloc((size_t)count + 1, sizeof(double));
    pairs.new = check_calloc((size_t)count + 1, sizeof(double));
    pairs.differences = check_calloc((size_t)count + 1, sizeof(double));
    for (uint32_t i = 0; i < count; i++) {
        const bool known = !isnan(base[i]) && !isnan(new[i]);
        const bool both_missing = isnan(base[i]) && isnan(new[i]);
        pairs.equal = pairs.equal && (both_missing || memcmp(&base[i], &new[i], 8) == 0);
        if (known) {
            pairs.base[pairs.count] = base[i];
            pairs.new[pairs.count] = new[i];
            pairs.differences[pairs.count++] = new[i] - base[i];
        }
    }
    return pairs;
}

static void pairs_release(struct pairs *pairs)
{
    free(pairs->base);
    free(pairs->new);
    free(pairs->differences);
}

static double variance(const double *values, uint32_t count)
{
    double sum = 0, squares = 0;
    for (uint32_t i = 0; i < count; i++) {
        sum += values[i];
    }
    const double mean = sum / count;
    for (uint32_t i = 0; i < count; i++) {
        squares += (values[i] - mean) * (values[i] - mean);
    }
    return count < 2 ? (double)NAN : squares / (count - 1);
}

// Two-sided p-value of Student's t: the level at which the quantile is |t|, by halves.
static double p_value(double t, double df)
{
    double low = 0.5, high = 1.0 - 1e-12;
    if (t >= estimate_student(high, df)) {
        return 2 * (1 - high);
    }
    for (int i = 0; i < 60; i++) {
        const double middle = (low + high) / 2;
        *(estimate_student(middle, df) < t ? &low : &high) = middle;
    }
    return 2 * (1 - (low + high) / 2);
}

static enum compare_verdict verdict_of(const struct compare_row *row, enum result_better better,
                                       const struct compare_options *options)
{
    if (row->p >= options->alpha || fabs(row->change) <= options->margin) {
        return COMPARE_SAME;
    }
    if (better == RESULT_NEITHER) {
        return COMPARE_DIFFERENT;
    }
    return (row->change > 0) == (better == RESULT_HIGHER) ? COMPARE_BETTER : COMPARE_WORSE;
}

static void test_pairs(struct compare_row *row, const struct pairs *pairs,
                       enum result_better better, const struct compare_options *options)
{
    const struct estimate base = estimate_mean(pairs->base, pairs->count, 0.95);
    const struct estimate new = estimate_mean(pairs->new, pairs->count, 0.95);
    const struct estimate difference =
        estimate_mean(pairs->differences, pairs->count, 1 - options->alpha);
    const double scale = base.value != 0 ? fabs(base.value) : 1;
    row->base = base.value;
    row->new = new.value;
    row->change = difference.value / scale;
    row->low = row->high = row->p = (double)NAN;
    if (!difference.has_interval) {
        return;
    }
    const double paired = variance(pairs->differences, pairs->count);
    const double apart = variance(pairs->base, pairs->count) + variance(pairs->new, pairs->count);
    row->low = difference.low / scale;
    row->high = difference.high / scale;
    row->p = difference.se > 0 ? p_value(fabs(difference.value) / difference.se, difference.df)
             : difference.value == 0 ? 1
                                     : 0;
    row->reduction = paired > 0 && apart > 0 ? apart / paired : (double)NAN;
    row->verdict = verdict_of(row, better, options);
}

static struct compare_row compare_metric(const struct compare_metric *base,
                                         const struct compare_metric *new, uint32_t count,
                                         const struct compare_options *options)
{
    struct pairs pairs = pairs_of(base->values, new->values, count);
    struct compare_row row = {.name = base->name,
                              .unit = *base->unit != '\0' ? base->unit : new->unit,
                              .count = pairs.count,
                              .base = (double)NAN,
                              .new = (double)NAN,
                              .change = (double)NAN,
                              .low = (double)NAN,
                              .high = (double)NAN,
                              .p = (double)NAN,
                              .reduction = (double)NAN,
                              .verdict = COMPARE_UNKNOWN};
    if (pairs.count > 0) {
        test_pairs(&row, &pairs, base->better, options);
    }
    if (pairs.equal && pairs.count > 0) {
        row.verdict = COMPARE_EQUAL;
        row.p = (double)NAN;
        row.change = row.low = row.high = 0;
    }
    pairs_release(&pairs);
    return row;
}

// ---- whether they can be compared ---------------------------------------------------------------

static bool refuse(struct text *why, const char *what, const char *base, const char *new,
                   const char *mend)
{
    text_format(why, "the %s differ (%s, %s): %s", what, base, new, mend);
    return false;
}

static bool same_seconds(double one, double other)
{
    return isnan(one) || isnan(other) || one == other;
}

static bool are_comparable(const struct compare_side *base, const struct compare_side *new,
                           struct comparison *comparison, struct text *why)
{
    struct arena *arena = &comparison->arena;
    if (!text_same(base->version, new->version)) {
        return refuse(why, "versions of the program", base->version, new->version,
                      "name the base by its scenario file, which is then simulated again");
    }
    if (base->seed != new->seed) {
        return refuse(why, "seeds", arena_format(arena, "%llu", (unsigned long long)base->seed),
                      arena_format(arena, "%llu", (unsigned long long)new->seed),
                      "replications pair only under common random numbers; use one --seed");
    }
    if (!same_seconds(base->duration_s, new->duration_s) ||
        !same_seconds(base->warmup_s, new->warmup_s)) {
        return refuse(why, "durations or warm-ups",
                      arena_format(arena, "%g s with %g s", base->duration_s, base->warmup_s),
                      arena_format(arena, "%g s with %g s", new->duration_s, new->warmup_s),
                      "simulate both alike");
    }
    if (base->batches != new->batches) {
        return refuse(why, "kinds of samples", base->batches ? "parts of one run" : "replications",
                      new->batches ? "parts of one run" : "replications",
                      "simulate both with the same --rep");
    }
    return true;
}

// ---- differences of the scenarios ---------------------------------------------------------------

struct leaf {
    const char *path, *value;
};

struct leaves {
    struct leaf *items;
    uint32_t count, room;
};

static void add_leaf(struct leaves *leaves, const char *path, const char *value)
{
    if (leaves->count == leaves->room) {
        leaves->room = leaves->room == 0 ? 256 : leaves->room * 2;
        leaves->items = check_realloc(leaves->items, leaves->room * sizeof *leaves->items);
    }
    leaves->items[leaves->count++] = (struct leaf){path, value};
}

enum { DEPTH = 32 };

struct flattening { // of the resolved text: block style, two columns a level, one leaf a line
    struct arena *arena;
    const char *keys[DEPTH];
    uint32_t numbers[DEPTH]; // of the present item of a list at that level
    struct leaves leaves;
};

static const char *path_of(struct flattening *flattening, uint32_t level)
{
    const char *path = "";
    for (uint32_t i = 0; i <= level; i++) {
        if (flattening->keys[i] != NULL) {
            path = *path == '\0'
                       ? flattening->keys[i]
                       : arena_format(flattening->arena, "%s.%s", path, flattening->keys[i]);
        }
    }
    return path;
}

// The length of a line without its `  # origin`.
static size_t without_origin(const char *line, size_t length)
{
    for (size_t i = length; i >= 3; i--) {
        if (memcmp(line + i - 3, "  #", 3) == 0) {
            return i - 3;
        }
    }
    return length;
}

static void flatten_line(struct flattening *flattening, const char *line, size_t length)
{
    struct arena *arena = flattening->arena;
    uint32_t level = 0;
    length = without_origin(line, length);
    while (length >= 2 && line[0] == ' ' && line[1] == ' ') {
        level++;
        line += 2;
        length -= 2;
    }
    if (length == 1 && line[0] == '-' && level + 1 < DEPTH) {
        flattening->keys[level] = arena_format(arena, "%u", flattening->numbers[level]++);
        for (uint32_t i = level + 1; i < DEPTH; i++) {
            flattening->keys[i] = NULL;
            flattening->numbers[i] = 0;
        }
        return;
    }
    while (length >= 2 && line[0] == '-' && line[1] == ' ' && level + 1 < DEPTH) {
        flattening->keys[level] = arena_format(arena, "%u", flattening->numbers[level]++);
        level++;
        line += 2;
        length -= 2;
    }
    if (length == 0 || level >= DEPTH) {
        return;
    }
    const char *colon = memchr(line, ':', length);
    const bool is_key =
        colon != NULL && line[0] != '"' && (colon + 1 == line + length || colon[1] == ' ');
    for (uint32_t i = level; i < DEPTH; i++) {
        flattening->keys[i] = NULL;
        flattening->numbers[i] = i > level ? 0 : flattening->numbers[i];
    }
    const char *value = line;
    if (is_key) {
        flattening->keys[level] = arena_text_part(arena, line, (size_t)(colon - line));
        if (level + 1 < DEPTH) {
            flattening->numbers[level + 1] = 0;
        }
        value = colon + 1 == line + length ? line + length : colon + 2;
    }
    if (value < line + length) {
        add_leaf(&flattening->leaves, path_of(flattening, level),
                 arena_text_part(arena, value, (size_t)(line + length - value)));
    }
}

static struct leaves flatten(struct arena *arena, const char *text)
{
    struct flattening flattening = {.arena = arena};
    while (text != NULL && *text != '\0') {
        const size_t length = strcspn(text, "\n");
        flatten_line(&flattening, text, length);
        text += length + (text[length] == '\n');
    }
    return flattening.leaves;
}

static const char *value_at(const struct leaves *leaves, const char *path, uint32_t hint)
{
    for (uint32_t i = 0; i < leaves->count; i++) {
        const struct leaf *leaf = &leaves->items[(hint + i) % leaves->count];
        if (text_same(leaf->path, path)) {
            return leaf->value;
        }
    }
    return NULL;
}

static void add_difference(struct comparison *comparison, const char *path, const char *base,
                           const char *new)
{
    comparison->differences[comparison->difference_count++] =
        arena_format(&comparison->arena, "%s: %s -> %s", path, base == NULL ? "(absent)" : base,
                     new == NULL ? "(absent)" : new);
}

static void find_differences(struct comparison *comparison)
{
    struct arena *arena = &comparison->arena;
    if (comparison->base->resolved == NULL || comparison->new->resolved == NULL) {
        return;
    }
    struct leaves base = flatten(arena, comparison->base->resolved);
    struct leaves new = flatten(arena, comparison->new->resolved);
    comparison->differences =
        arena_take_array(arena, base.count + new.count + 1, sizeof *comparison->differences);
    for (uint32_t i = 0; i < base.count; i++) {
        const char *other = value_at(&new, base.items[i].path, i);
        if (other == NULL || !text_same(other, base.items[i].value)) {
            add_difference(comparison, base.items[i].path, base.items[i].value, other);
        }
    }
    for (uint32_t i = 0; i < new.count; i++) {
        if (value_at(&base, new.items[i].path, i) == NULL) {
            add_difference(comparison, new.items[i].path, NULL, new.items[i].value);
        }
    }
    free(base.items);
    free(new.items);
}

// ---- the whole ----------------------------------------------------------------------------------

static void compare_metrics(struct comparison *comparison, uint32_t count)
{
    const struct compare_side *base = comparison->base, *new = comparison->new;
    const char *pattern = comparison->options.metric;
    comparison->rows =
        arena_take_array(&comparison->arena, base->metric_count + 1, sizeof *comparison->rows);
    for (uint32_t i = 0; i < base->metric_count; i++) {
        const struct compare_metric *other = metric_of(new, base->metrics[i].name);
        if (other == NULL || !is_wanted(&base->metrics[i], pattern)) {
            continue;
        }
        const struct compare_row row =
            compare_metric(&base->metrics[i], other, count, &comparison->options);
        comparison->regressions += row.verdict == COMPARE_WORSE;
        comparison->rows[comparison->row_count++] = row;
    }
}

static void compare_slos(struct comparison *comparison)
{
    const struct compare_side *base = comparison->base, *new = comparison->new;
    comparison->slos =
        arena_take_array(&comparison->arena, base->slo_count + 1, sizeof *comparison->slos);
    for (uint32_t i = 0; i < base->slo_count; i++) {
        for (uint32_t j = 0; j < new->slo_count; j++) {
            const struct compare_slo *one = &base->slos[i], *other = &new->slos[j];
            const bool same =
                text_same(one->name, other->name) && text_same(one->objective, other->objective);
            if (!same || text_same(one->verdict, other->verdict)) {
                continue;
            }
            comparison->worse_slos += text_same(one->verdict, "PASS");
            comparison->slos[comparison->slo_count++] = (struct compare_slo){
                one->name, one->objective,
                arena_format(&comparison->arena, "%s -> %s", one->verdict, other->verdict)};
        }
    }
}

static int ascending(const void *one, const void *other)
{
    const double left = *(const double *)one, right = *(const double *)other;
    return left < right ? -1 : left > right;
}

static double median_reduction(const struct comparison *comparison)
{
    double *values = check_calloc(comparison->row_count + 1, sizeof *values);
    uint32_t count = 0;
    for (uint32_t i = 0; i < comparison->row_count; i++) {
        if (!isnan(comparison->rows[i].reduction)) {
            values[count++] = comparison->rows[i].reduction;
        }
    }
    qsort(values, count, sizeof *values, ascending);
    const double median = count == 0 ? (double)NAN : values[count / 2];
    free(values);
    return median;
}

bool compare_sides(struct comparison *comparison, const struct compare_side *base,
                   const struct compare_side *new, const struct compare_options *options,
                   struct text *why)
{
    *comparison = (struct comparison){.base = base, .new = new, .options = *options};
    arena_init(&comparison->arena);
    if (!options->force && !are_comparable(base, new, comparison, why)) {
        return false;
    }
    const uint32_t count = base->count < new->count ? base->count : new->count;
    comparison->unpaired = base->count + new->count - 2 * count;
    compare_metrics(comparison, count);
    compare_slos(comparison);
    find_differences(comparison);
    comparison->reduction = median_reduction(comparison);
    if (comparison->row_count == 0) {
        text_format(why, "no metric of both %s",
                    options->metric == NULL ? "is known: their workloads differ" : "is named so");
        return false;
    }
    return true;
}

void compare_release(struct comparison *comparison)
{
    arena_release(&comparison->arena);
}
