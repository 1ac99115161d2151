// verdict - the judgement of one objective after the other.
#include "sim/study/verdict.h"

#include <math.h>
#include <stdlib.h>

#include "sim/base/check.h"
#include "sim/base/text.h"
#include "sim/study/verdict_parts.h"

#define LEVEL 0.95

enum verdict verdict_worse(enum verdict one, enum verdict other)
{
    static const int rank[] = {
        [VERDICT_PASS] = 0, [VERDICT_UNDECIDED] = 1, [VERDICT_NO_DATA] = 2, [VERDICT_FAIL] = 3};
    return rank[one] >= rank[other] ? one : other;
}

static bool holds(double value, double limit, int relation)
{
    switch ((enum slo_relation)relation) {
    case SLO_LESS:
        return value < limit;
    case SLO_LESS_EQUAL:
        return value <= limit;
    case SLO_GREATER:
        return value > limit;
    case SLO_GREATER_EQUAL:
        return value >= limit;
    }
    return false;
}

enum verdict verdict_of(const struct estimate *estimate, double limit, int relation)
{
    if (!estimate->known) {
        return VERDICT_NO_DATA;
    }
    if (!estimate->has_interval) {
        return VERDICT_UNDECIDED;
    }
    const bool low = holds(estimate->low, limit, relation);
    const bool high = holds(estimate->high, limit, relation);
    if (low && high) {
        return VERDICT_PASS;
    }
    return low || high ? VERDICT_UNDECIDED : VERDICT_FAIL;
}

// The half-width shrinks with the square root of the run's length; where nothing varies it is
// Clopper-Pearson's for a spotless count, and shrinks with the length itself.
double verdict_stretch(const struct estimate *estimate, double limit)
{
    const double distance = fabs(estimate->value - limit);
    if (!estimate->has_interval || distance == 0.0) {
        return 0.0;
    }
    const double half = estimate->value < limit ? estimate->high - estimate->value
                                                : estimate->value - estimate->low;
    const double stretch = half / distance;
    return estimate->se > 0.0 ? stretch * stretch : stretch;
}

double verdict_stretch_share(const struct result_slo *slo, const struct estimate *share,
                             double target)
{
    const bool plain = !share->has_interval || share->se <= 0.0;
    if (plain && slo->total > 0 && slo->good >= slo->total && target < 1.0) {
        return 3.689 / (double)slo->total / (1.0 - target);
    }
    return verdict_stretch(share, target);
}

static const char *unit_of(const struct judging *judging, uint32_t figure)
{
    switch (judging->design->metric) {
    case SLO_PERCENTILE:
    case SLO_MEAN:
    case SLO_MAXIMUM:
        return "s";
    case SLO_CARRIED:
    case SLO_SUCCESS:
    case SLO_UTILIZATION:
    case SLO_AVAILABILITY:
        return "1";
    case SLO_THROUGHPUT:
        return "1/s";
    case SLO_MODEL:
        return figure == RESULT_NONE ? "1" : judging->result->figures[figure].unit;
    }
    return "1";
}

// A model's metric is named "lag_max"; an objective may write lag(max).
static uint32_t model_figure(const struct judging *judging)
{
    const struct slo_design *design = judging->design;
    const char *owner = judging->result->components[design->index].name;
    struct text name;
    text_init(&name);
    text_format(&name, "%s.%s", owner, design->metric_name);
    uint32_t figure = result_figure_named(judging->result, text_get(&name));
    if (figure == RESULT_NONE) {
        text_clear(&name);
        text_format(&name, "%s.", owner);
        for (const char *at = design->metric_name; *at != '\0'; at++) {
            if (*at != ')') {
                text_add_char(&name, *at == '(' ? '_' : *at);
            }
        }
        figure = result_figure_named(judging->result, text_get(&name));
    }
    text_release(&name);
    return figure;
}

static uint32_t block_of(const struct judging *judging)
{
    const struct slo_design *design = judging->design;
    const struct result *result = judging->result;
    switch (design->target) {
    case SLO_WORKLOAD:
        return result->workloads[design->index].figures;
    case SLO_COMPONENT:
        return result->components[design->index].figures;
    case SLO_OPERATION:
        return result
            ->operations[result->components[design->index].first_operation + design->operation]
            .figures;
    }
    return RESULT_NONE;
}

static bool is_of_busiest(const struct slo_design *design)
{
    return design->metric_name != NULL && text_same(design->metric_name, "max");
}

// The figure that an objective is about, RESULT_NONE where it is no single figure.
static uint32_t figure_of(const struct judging *judging)
{
    const struct slo_design *design = judging->design;
    const uint32_t block = block_of(judging);
    switch (design->metric) {
    case SLO_MEAN:
        return block + RESULT_MEAN;
    case SLO_MAXIMUM:
        return block + RESULT_MAX;
    case SLO_THROUGHPUT:
        return block + RESULT_THROUGHPUT;
    case SLO_UTILIZATION:
        return block + (is_of_busiest(design) ? RESULT_UTILIZATION_MAX : RESULT_UTILIZATION);
    case SLO_MODEL:
        return model_figure(judging);
    case SLO_PERCENTILE:
    case SLO_CARRIED:
    case SLO_SUCCESS:
    case SLO_AVAILABILITY:
        return RESULT_NONE;
    }
    return RESULT_NONE;
}

// ---- shares of requests ------------------------------------------------------------------------

static struct estimate observed_quantile(const struct judging *judging)
{
    const struct result_input *input = judging->input;
    struct histogram pooled;
    histogram_init(&pooled);
    for (uint32_t r = 0; r < input->count; r++) {
        struct histogram one;
        histogram_init(&one);
        verdict_latencies(judging, &input->records[r], &one);
        judging->values[r] = histogram_quantile(&one, judging->design->quantile) / 1e9;
        histogram_merge(&pooled, &one);
        histogram_release(&one);
    }
    const double value = histogram_quantile(&pooled, judging->design->quantile) / 1e9;
    const bool known = pooled.count > 0;
    histogram_release(&pooled);
    struct estimate observed = {.known = false};
    if (known) {
        observed = estimate_section(value, judging->values, input->count, LEVEL);
        estimate_hold_positive(&observed);
    }
    return observed;
}

// The share that must be reached, and how it is written as a relation to it.
static double share_target(const struct slo_design *design)
{
    return design->metric == SLO_PERCENTILE ? design->quantile : design->limit;
}

// What was offered before the measured time may end within it, so a row's answers may outnumber its
// requests: the rows are averaged as they are, and only the whole is held at 1.
static struct estimate carried_share(struct judging *judging)
{
    const uint32_t count = judging->input->count;
    uint64_t good = 0, total = 0;
    for (uint32_t r = 0; r < count; r++) {
        judging->values[r] = judging->total[r] == 0
                                 ? (double)NAN
                                 : (double)judging->good[r] / (double)judging->total[r];
        good += judging->good[r];
        total += judging->total[r];
    }
    struct estimate share = estimate_mean(judging->values, count, LEVEL);
    if (judging->input->batches && judging->slo->slice_s == 0.0) {
        share = verdict_carried_in_parts(judging);
    }
    if (share.known) {
        double low, high;
        estimate_binomial(good < total ? good : total, total, LEVEL, &low, &high);
        share.value = fmin(share.value, 1.0);
        share.low = fmin(share.has_interval ? share.low : low, low);
        share.high = fmin(fmax(share.has_interval ? share.high : high, high), 1.0);
        share.has_interval = true;
    }
    return share;
}

static struct estimate share_of(struct judging *judging)
{
    if (judging->design->metric == SLO_CARRIED) {
        return carried_share(judging);
    }
    return estimate_ratio(judging->good, judging->total, judging->input->count, LEVEL);
}

static void judge_share(struct judging *judging)
{
    struct result_slo *slo = judging->slo;
    const struct slo_design *design = judging->design;
    const double target = share_target(design);
    const int relation = design->metric == SLO_PERCENTILE ? SLO_GREATER_EQUAL : design->relation;
    verdict_slices(judging, target);
    struct estimate share = share_of(judging);
    share.has_interval = share.has_interval && judging->input->count > 1;
    slo->observed = design->metric == SLO_PERCENTILE ? observed_quantile(judging) : share;
    slo->verdict = verdict_of(&share, target, relation);
    if (slo->verdict == VERDICT_UNDECIDED) {
        slo->decided_by_s =
            verdict_stretch_share(slo, &share, target) * judging->result->simulated_s;
    }
}

// ---- the others --------------------------------------------------------------------------------

// What was seen is no estimate: one replication that breaks the promise is one too many, and one
// that does not know leaves open what must be proved.
static enum verdict judge_seen(const struct judging *judging, uint32_t figure)
{
    const struct result *result = judging->result;
    const struct slo_design *design = judging->design;
    uint32_t known = 0, bad = 0;
    for (uint32_t row = 0; row < result->row_count; row++) {
        const double value = result->matrix[(size_t)row * result->figure_count + figure];
        known += !isnan(value);
        bad += !isnan(value) && !holds(value, judging->slo->limit, design->relation);
    }
    if (bad > 0 || known == 0) {
        return bad > 0 ? VERDICT_FAIL : VERDICT_NO_DATA;
    }
    const bool open = design->judging == SLO_PROVED && known < result->row_count;
    return open && !result->batches ? VERDICT_UNDECIDED : VERDICT_PASS;
}

static void judge_figure(struct judging *judging, uint32_t figure)
{
    struct result_slo *slo = judging->slo;
    slo->observed = judging->result->figures[figure].estimate;
    if (judging->design->judging != SLO_ESTIMATED) {
        slo->verdict = judge_seen(judging, figure);
        return;
    }
    slo->verdict = verdict_of(&slo->observed, slo->limit, judging->design->relation);
    if (slo->verdict == VERDICT_UNDECIDED) {
        slo->decided_by_s =
            verdict_stretch(&slo->observed, slo->limit) * judging->result->simulated_s;
    }
}

static double margin_of(const struct result_slo *slo)
{
    if (!slo->observed.known || slo->limit == 0.0) {
        return NAN;
    }
    const bool less = slo->relation == SLO_LESS || slo->relation == SLO_LESS_EQUAL;
    const double distance =
        less ? slo->limit - slo->observed.value : slo->observed.value - slo->limit;
    return distance / fabs(slo->limit);
}

static void describe(struct judging *judging)
{
    const struct slo_design *design = judging->design;
    struct arena *arena = &judging->result->arena;
    const uint32_t figure = design->metric == SLO_MODEL ? model_figure(judging) : RESULT_NONE;
    const char *unit = unit_of(judging, figure);
    const double scale = text_same(unit, "s") ? 1e9 : 1.0;
    *judging->slo = (struct result_slo){
        .name = arena_text(arena, design->name),
        .target = arena_text(arena, design->target_name),
        .objective = arena_text(arena, design->objective),
        .unit = unit,
        .metric = (int)design->metric,
        .relation = (int)design->relation,
        .quantile = design->quantile,
        .limit = design->limit / scale,
        .warn_only = design->warn_only,
        .margin = NAN,
        .worst_slice = RESULT_NONE,
        .budget = RESULT_NONE,
        .slice_s = time_seconds(design->slice_ns),
        .without_verdict = VERDICT_NO_DATA,
    };
}

static void judge(struct judging *judging)
{
    describe(judging);
    const uint32_t figure = figure_of(judging);
    if (judging->design->metric == SLO_AVAILABILITY && judging->design->window_ns > 0) {
        verdict_count(judging);
        verdict_availability(judging);
    } else if (verdict_count(judging)) {
        judge_share(judging);
    } else if (figure == RESULT_NONE) {
        judging->slo->verdict = VERDICT_NO_DATA;
    } else {
        judge_figure(judging, figure);
    }
    judging->slo->margin = margin_of(judging->slo);
}

static void note_width(struct result *result, const struct result_slo *slo)
{
    if (!slo->observed.has_interval) {
        return;
    }
    const bool exact = slo->observed.low == slo->observed.high;
    const double width = exact ? 0.0 : estimate_relative_width(&slo->observed);
    if (isnan(result->widest) || width > result->widest) {
        result->widest = width;
    }
}

static void judge_whole(struct result *result)
{
    result->verdict = VERDICT_PASS;
    for (uint32_t s = 0; s < result->slo_count; s++) {
        note_width(result, &result->slos[s]);
        if (!result->slos[s].warn_only) {
            result->verdict = verdict_worse(result->verdict, result->slos[s].verdict);
        }
    }
    for (uint32_t i = 0; i < result->invariant_count; i++) {
        if (result->invariants[i].violated > 0) {
            result->verdict = VERDICT_FAIL;
        }
    }
}

void verdict_judge(struct result *result, const struct result_input *input)
{
    const struct design *design = input->design;
    result->slo_count = design->slo_count;
    result->slos = arena_take_array(&result->arena, design->slo_count + 1, sizeof *result->slos);
    result->budgets =
        arena_take_array(&result->arena, design->slo_count + 1, sizeof *result->budgets);
    struct judging judging = {
        .result = result,
        .input = input,
        .good = check_calloc(input->count, sizeof(uint64_t)),
        .total = check_calloc(input->count, sizeof(uint64_t)),
        .values = check_calloc(input->count, sizeof(double)),
    };
    for (uint32_t s = 0; s < design->slo_count; s++) {
        judging.index = s;
        judging.design = &design->slos[s];
        judging.slo = &result->slos[s];
        judge(&judging);
    }
    free(judging.good);
    free(judging.total);
    free(judging.values);
    judge_whole(result);
    verdict_explain(result, input);
}

void verdict_compare(struct result *result, const struct result *without)
{
    CHECK(result->slo_count == without->slo_count);
    for (uint32_t s = 0; s < result->slo_count; s++) {
        result->slos[s].compared = true;
        result->slos[s].without_verdict = without->slos[s].verdict;
        result->slos[s].without = without->slos[s].observed;
    }
}

int verdict_exit_status(const struct result *result, bool allow_undecided, bool exit_zero)
{
    if (result->interrupted_by_limit) {
        return 3;
    }
    if (exit_zero) {
        return 0;
    }
    switch (result->verdict) {
    case VERDICT_PASS:
        return 0;
    case VERDICT_UNDECIDED:
        return allow_undecided ? 0 : 4;
    case VERDICT_FAIL:
    case VERDICT_NO_DATA:
        return 1;
    }
    return 1;
}
