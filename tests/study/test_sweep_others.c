// test_sweep_others - a sweep whose units another process simulates: here the same one, in turns.
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "models/catalog.h"
#include "reports/sweep_report.h"
#include "sim/study/replicate.h"
#include "sim/study/sweep.h"

static const char text_before[] = "orrery: v1\nname: small\nparams: {load: 500/s}\n";
static const char text_after[] =
    "components:\n"
    "  server: {kind: station, service: exp(mean=1ms)}\n"
    "workloads:\n"
    "  clients: {target: server, rate: $load}\n"
    "slos:\n"
    "  - {name: latency, target: clients, objectives: [\"p(99) < 20ms\"]}\n";

struct side { // one of two processes
    struct sweep sweep;
    struct unit_store store;
    struct scenario_options options;
    struct text source;
};

struct pair {
    struct side first, other; // which decides, and which does what it is told
    const uint64_t *units;    // told
    uint32_t count, at;
    uint32_t rounds;
    uint64_t given, apart; // UINT64_MAX: none
    const struct replicate_watch *watch;
};

static void side_init(struct side *side, const char *simulation, const char *folder,
                      const char *name)
{
    struct sweep *sweep = &side->sweep;
    struct sweep_points_wrong wrong = {{0}};
    text_init(&wrong.nonsense.why);
    text_init(&side->source);
    text_format(&side->source, "%ssimulation: {duration: 1s, warmup: 100ms, %s}\n%s", text_before,
                simulation, text_after);
    side->options = (struct scenario_options){0};
    sweep_init(sweep);
    sweep->design = "grid";
    sweep->source =
        (struct sweep_source){.path = "small.yaml",
                              .file = {"small.yaml", text_get(&side->source), side->source.length},
                              .options = &side->options,
                              .catalog = &catalog_all};
    cr_assert(sweep_levels_parse(&sweep->space.parameters[0], &sweep->arena,
                                 "load=100/s..900/s step 200/s"));
    sweep->space.parameter_count = 1;
    cr_assert(sweep_points_make(&sweep->space, &sweep->arena, &sweep->points, &wrong));
    sweep->rows = arena_take_array(&sweep->arena, sweep->points.count, sizeof *sweep->rows);
    for (uint32_t i = 0; i < sweep->points.count; i++) {
        sweep->rows[i].chosen = true;
    }
    sweep->chosen = sweep->points.count;
    cr_assert(sweep_check(sweep, NULL, NULL));
    unit_store_init(&side->store, "small");
    if (folder != NULL) {
        cr_assert_eq(unit_store_append_to(&side->store, folder, name), JOURNAL_OPEN);
    }
    text_release(&wrong.nonsense.why);
}

static void side_release(struct side *side)
{
    sweep_release(&side->sweep);
    unit_store_release(&side->store);
    text_release(&side->source);
}

// What the other has done goes over.
static void hand_over(struct pair *pair)
{
    const struct unit_store *from = &pair->other.store;
    if (pair->given == UINT64_MAX) {
        return;
    }
    cr_assert_eq(from->kept, pair->given);
    pair->first.store.point = (uint32_t)(pair->given >> 32);
    cr_assert(unit_store_take(&pair->first.store, (uint32_t)pair->given, from->scratch.bytes,
                              from->scratch.length));
    pair->watch->back(pair->watch->context, pair->given, from->events);
    pair->given = UINT64_MAX;
}

static bool next_point(void *context, uint32_t *point)
{
    struct pair *pair = context;
    hand_over(pair);
    if (pair->at < pair->count && pair->units[pair->at] == pair->apart) {
        pair->watch->apart(pair->watch->context, pair->units[pair->at++]);
    }
    *point = pair->at < pair->count ? (uint32_t)(pair->units[pair->at] >> 32) : 0;
    return pair->at < pair->count;
}

static bool next(void *context, uint32_t *unit)
{
    struct pair *pair = context;
    const uint64_t last = pair->at == 0 ? UINT64_MAX : pair->units[pair->at - 1];
    const bool went_on = pair->given != UINT64_MAX;
    uint32_t point;
    if (!next_point(pair, &point) || (went_on && point != last >> 32)) {
        return false;
    }
    pair->given = pair->units[pair->at++];
    *unit = (uint32_t)pair->given;
    return true;
}

static bool spread(void *context, const uint64_t *units, uint32_t count,
                   const struct replicate_watch *watch)
{
    struct pair *pair = context;
    const struct sweep_others others = {.context = pair, .next_point = next_point, .next = next};
    const struct sweep_options how = {.workers = 1, .store = &pair->other.store, .others = &others};
    struct text why;
    text_init(&why);
    pair->units = units;
    pair->count = count;
    pair->at = 0;
    pair->watch = watch;
    pair->rounds += count > 0;
    cr_expect_eq(sweep_run(&pair->other.sweep, &how, &why), SWEEP_END_MISSING);
    cr_expect_eq(pair->at, count);
    text_release(&why);
    return true;
}

static char *json_of(const struct sweep *sweep)
{
    struct arena arena;
    struct json_write json;
    arena_init(&arena);
    json_write_init(&json);
    const struct sweep_curves curves = sweep_curves_find(sweep, &arena);
    sweep_report_json(&(struct sweep_report){.sweep = sweep, .digest = "", .curves = &curves},
                      &json);
    char *copy = strdup(json_write_get(&json));
    json_write_release(&json);
    arena_release(&arena);
    return copy;
}

static char *alone(const char *simulation)
{
    struct side side;
    struct text why;
    text_init(&why);
    side_init(&side, simulation, NULL, NULL);
    const struct sweep_options how = {.workers = 1};
    cr_assert_eq(sweep_run(&side.sweep, &how, &why), SWEEP_END_DONE);
    char *json = json_of(&side.sweep);
    side_release(&side);
    text_release(&why);
    return json;
}

static void note_progress(void *context, const struct sweep_progress *facts)
{
    *(struct sweep_progress *)context = *facts;
}

// The sweep by two; how many rounds it took.
static uint32_t together(struct pair *pair, const char *simulation, struct sweep_progress *last)
{
    char folder[] = P_tmpdir "/orrery-others-XXXXXX";
    struct text why;
    text_init(&why);
    cr_assert_not_null(mkdtemp(folder));
    pair->given = UINT64_MAX;
    side_init(&pair->first, simulation, folder, "first");
    side_init(&pair->other, simulation, folder, "other");
    const struct sweep_others others = {.context = pair, .spread = spread};
    const struct sweep_options how = {.workers = 2,
                                      .store = &pair->first.store,
                                      .others = &others,
                                      .context = last,
                                      .progress = note_progress};
    cr_assert_eq(sweep_run(&pair->first.sweep, &how, &why), SWEEP_END_DONE, "%s", text_get(&why));
    unit_store_remove(folder);
    text_release(&why);
    return pair->rounds;
}

static void pair_release(struct pair *pair)
{
    side_release(&pair->first);
    side_release(&pair->other);
}

static uint32_t same_as_alone(const char *simulation)
{
    struct pair pair = {.apart = UINT64_MAX};
    struct sweep_progress last = {0};
    char *one = alone(simulation);
    const uint32_t rounds = together(&pair, simulation, &last);
    char *two = json_of(&pair.first.sweep);
    cr_expect_str_eq(one, two, "%s", simulation);
    cr_expect_eq(last.done, 5, "%s: %u", simulation, last.done);
    cr_expect_eq(pair.first.store.simulated, 0, "what decides simulates nothing");
    free(one);
    free(two);
    pair_release(&pair);
    return rounds;
}

Test(sweep_others, units_of_all_points_go_out_at_once)
{
    cr_expect_eq(same_as_alone("replications: 3"), 1);
    cr_expect_eq(same_as_alone("replications: 1"), 1);
}

Test(sweep_others, a_rule_of_stopping_takes_rounds)
{
    cr_expect_gt(same_as_alone("replications: {min: 2, max: 40, stop_at: 10%}"), 1);
}

Test(sweep_others, a_replication_that_reaches_its_limit_is_a_result)
{
    cr_expect_eq(same_as_alone("replications: 3, max_events: 1000"), 1);
    cr_expect_eq(same_as_alone("replications: 1, max_events: 1000"), 1);
}

Test(sweep_others, a_unit_that_is_set_apart_breaks_its_point_alone)
{
    struct pair pair = {.apart = journal_unit(2, 1)};
    struct sweep_progress last = {0};
    together(&pair, "replications: 3", &last);
    for (uint32_t point = 0; point < 5; point++) {
        cr_expect_eq(pair.first.sweep.rows[point].state, point == 2 ? SWEEP_BROKEN : SWEEP_DONE);
    }
    cr_expect(strstr(pair.first.sweep.rows[2].failure, "replication 1 has ended") != NULL);
    cr_expect_eq(last.done, 5);
    pair_release(&pair);
}
