// vocabulary - the words of the scenario language, one line and one example each.
#include "sim/scenario/vocabulary.h"

#include <string.h>

#include "sim/base/units.h"
#include "sim/base/units_format.h"
#include "sim/kernel/distribution.h"
#include "sim/scenario/describe.h"
#include "sim/scenario/document.h"
#include "sim/scenario/read_distribution.h"
#include "sim/scenario/read_law.h"
#include "sim/scenario/sections.h"

struct word {
    const char *name, *meaning, *example;
};

static void add_words(const struct word *words, struct text *out)
{
    for (; words->name != NULL; words++) {
        text_format(out, "%-18s %-58s %s\n", words->name, words->meaning, words->example);
    }
}

// ---- distributions -----------------------------------------------------------------------------

static void add_figures(const struct distribution *law, bool counts, struct text *out)
{
    const double figures[] = {distribution_mean(law), distribution_quantile(law, 0.5),
                              distribution_quantile(law, 0.99)};
    for (size_t i = 0; i < 3; i++) {
        char number[UNITS_FORMAT_ROOM];
        text_format(out, " %10s",
                    counts ? units_format_si(number, sizeof number, figures[i])
                           : units_format_duration(number, sizeof number, figures[i]));
    }
}

// The law of an example, read as a scenario would.
static void add_example(const struct read_law *law, struct text *out)
{
    struct diagnostic_list diagnostics;
    struct document document;
    struct text yaml;
    diagnostic_init(&diagnostics);
    text_init(&yaml);
    text_format(&yaml, "orrery: v1\nlaw: '%s'\n",
                strcmp(law->name, "const") == 0 ? "5ms" : law->example);
    const struct document_bytes file = {"list", yaml.bytes, yaml.length};
    document_load_bytes(&document, file, NULL, &diagnostics);
    struct distribution distribution;
    const struct document_node *node = document_get(document.root, "law");
    const enum read_value_unit unit = law->counts_only ? READ_VALUE_COUNT : READ_VALUE_DURATION;
    if (strcmp(law->name, "empirical") != 0 && node != NULL &&
        read_distribution(&document, node, unit, &distribution)) {
        add_figures(&distribution, law->counts_only, out);
    }
    document_release(&document);
    text_release(&yaml);
    diagnostic_release(&diagnostics);
}

static void list_dists(const struct catalog *catalog, struct text *out)
{
    (void)catalog;
    text_format(out, "%-17s %-26s %-48s %10s %10s %10s\n", "law", "arguments", "example", "mean",
                "p50", "p99");
    const struct read_law *law;
    for (uint32_t i = 0; (law = read_law_at(i)) != NULL; i++) {
        const bool figures = strcmp(law->name, "empirical") != 0;
        text_format(out, figures ? "%-17s %-26s %-48s" : "%-17s %-26s %s", law->name, law->shown,
                    law->example);
        add_example(law, out);
        text_add_char(out, '\n');
    }
    text_add(out, "\nor as a map: {dist: gamma, mean: 6ms, cv: 0.8}; a bare value is constant\n");
}

// ---- words -------------------------------------------------------------------------------------

static void list_faults(const struct catalog *catalog, struct text *out)
{
    static const struct word words[] = {
        {"kill", "the process ends; restarts after `duration` or `mttr`",
         "{action: kill, select: {component: api}, at: 5m, duration: 30s}"},
        {"power-off", "the same for its host: what is not on disk is lost, callers hear nothing",
         "{action: power-off, select: {component: db, role: leader}, at: 5m, duration: 30s}"},
        {"pause", "the process is stopped and keeps its state",
         "{action: pause, select: {component: db, role: primary}, at: 5m, duration: 10s}"},
        {"slow", "service times are multiplied by `factor`",
         "{action: slow, select: {component: api}, mode: 30%, factor: 3, at: 5m, duration: 2m}"},
        {"zone-down", "every replica of a zone loses power and network",
         "{action: zone-down, select: {zone: eu-a}, at: 12m, duration: 3m}"},
        {"node-down", "the same for one machine",
         "{action: node-down, select: {node: node-3}, at: 12m, duration: 3m}"},
        {"delay", "latency is added between two ends",
         "{action: delay, select: {from: api, to: db}, delay: {latency: 90ms, jitter: 30ms}, ...}"},
        {"loss", "messages between two ends are lost and sent again",
         "{action: loss, select: {from: eu, to: us}, loss: 5%, at: 5m, duration: 1m}"},
        {"partition", "nothing passes between two ends, or one way only",
         "{action: partition, select: {from: eu-a, to: eu-b}, one_way: true, ...}"},
        {0},
    };
    (void)catalog;
    add_words(words, out);
    text_add(out, "\nscheduled by `at` and `duration`, or drawn by `mtbf` and `mttr`; `mode`: one, "
                  "all, 30% or a count\n");
}

static void list_metrics(const struct catalog *catalog, struct text *out)
{
    static const struct word words[] = {
        {"p(q)", "percentile of the latency: OK answers, and time-outs at give-up",
         "p(99) < 300ms"},
        {"p(q, status=any)", "percentile over every answer, refusals included",
         "p(99, status=any) < 1s"},
        {"mean", "mean latency", "mean < 50ms"},
        {"max", "largest latency", "max < 2s"},
        {"carried", "good answers over offered requests; of consumers: over published messages",
         "carried >= 99.5%"},
        {"success", "good answers over all answers", "success >= 99.9%"},
        {"throughput", "good answers a second", "throughput >= 400/s"},
        {"utilization", "busy share of a component's processors", "utilization < 80%"},
        {"utilization(max)", "that of its busiest replica", "utilization(max) < 85%"},
        {"lag(max)", "age of the oldest message of a consumer", "lag(max) < 60s"},
        {0},
    };
    add_words(words, out);
    text_add(out, "\nmetrics of models:\n");
    for (const struct model *const *model = catalog->models; *model != NULL; model++) {
        const struct model_metric *metric = (*model)->metrics;
        for (; metric != NULL && metric->name != NULL; metric++) {
            text_format(out, "%-18s %-22s %-10s %s\n", (*model)->kind, metric->name, metric->unit,
                        metric->meaning);
        }
    }
}

static void add_choices(const char *title, const char *const *words, struct text *out)
{
    text_format(out, "%-18s", title);
    for (; *words != NULL; words++) {
        text_format(out, " %s", *words);
    }
    text_add_char(out, '\n');
}

static void list_policies(const struct catalog *catalog, struct text *out)
{
    static const struct word words[] = {
        {"timeout", "of one try", "call: {to: db.read, timeout: 250ms}"},
        {"deadline", "of all tries, passed on to callees", "deadline: 1s"},
        {"retry", "attempts, back-off, jitter, budget",
         "retry: {attempts: 3, backoff: 20ms, jitter: full, budget: 10%}"},
        {"circuit_breaker", "stops calling when too many calls fail",
         "circuit_breaker: {failure_ratio: 50%, window: 100, open: 30s}"},
        {"hedge", "a second try beside a slow one", "hedge: {after: 50ms}"},
        {"fallback", "what a failed call becomes", "fallback: miss"},
        {"cancel", "whether the callee stops when the caller gives up", "cancel: propagate"},
        {"concurrency", "requests in progress per replica", "concurrency: 256"},
        {"queue", "in front of it", "queue: {capacity: 1000, on_full: reject}"},
        {"detection", "how callers learn that a replica is dead",
         "detection: {ejection: {consecutive: 5, for: 30s}}"},
        {0},
    };
    (void)catalog;
    add_words(words, out);
    text_add_char(out, '\n');
    add_choices("balancing", sections_balancings, out);
    add_choices("queue disciplines", sections_disciplines, out);
    add_choices("jitter", sections_jitters, out);
    add_choices("statuses", sections_statuses, out);
}

static void list_units(const struct catalog *catalog, struct text *out)
{
    const struct units_kind *kind;
    (void)catalog;
    for (size_t i = 0; (kind = units_kind(i)) != NULL; i++) {
        text_format(out, "%-12s %-52s %s\n", kind->name, kind->forms, kind->example);
    }
}

static void list_models(const struct catalog *catalog, struct text *out)
{
    describe(catalog, NULL, out);
}

// ---- the table ---------------------------------------------------------------------------------

const char *const vocabulary_lists[] = {"dists", "faults", "metrics", "policies",
                                        "units", "models", NULL};

static void (*const lists[])(const struct catalog *catalog, struct text *out) = {
    list_dists, list_faults, list_metrics, list_policies, list_units, list_models};

bool vocabulary(const struct catalog *catalog, const char *list, struct text *out)
{
    for (size_t i = 0; vocabulary_lists[i] != NULL; i++) {
        if (text_same(vocabulary_lists[i], list)) {
            lists[i](catalog, out);
            return true;
        }
    }
    return false;
}
