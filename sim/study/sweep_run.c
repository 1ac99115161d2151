// sweep_run - threads that take points, and the journal they share.
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sim/base/check.h"
#include "sim/study/replicate.h"
#include "sim/study/sweep.h"

enum { PROGRESS_MS = 200 };

struct crew { // shared by the threads
    pthread_mutex_t lock;
    pthread_cond_t settled; // a point is settled, or a thread has left
    pthread_mutex_t store_lock;
    struct sweep *sweep;
    const struct sweep_options *options;
    struct text *why;
    uint32_t next, settled_count, working;
    uint32_t threads; // of one point
    uint32_t units;
    uint64_t events;
    double weight, simulated; // predicted events that are done, and of them simulated here
    enum sweep_end end;
};

struct lot { // the units of one point, for replicate
    struct crew *crew;
    uint32_t point;
    const char *set_apart; // why a unit of it is not simulated any more
    struct replicate_units units;
};

// ---- units
// ---------------------------------------------------------------------------------------

static void count_unit(struct crew *crew, uint32_t point, bool simulated, uint64_t events)
{
    pthread_mutex_lock(&crew->lock);
    crew->units++;
    crew->weight += crew->sweep->rows[point].predicted;
    crew->simulated += simulated ? crew->sweep->rows[point].predicted : 0.0;
    crew->events += simulated ? events : 0;
    pthread_mutex_unlock(&crew->lock);
}

static struct unit_store *take_store(struct lot *lot)
{
    struct unit_store *store = lot->crew->options->store;
    pthread_mutex_lock(&lot->crew->store_lock);
    store->point = lot->point;
    return store;
}

static void give_store(struct lot *lot)
{
    pthread_mutex_unlock(&lot->crew->store_lock);
}

static bool fetch(void *context, uint32_t unit, const struct design *design,
                  struct run_record *records, uint32_t count)
{
    struct lot *lot = context;
    if (lot->crew->options->store == NULL) {
        return false;
    }
    struct unit_store *store = take_store(lot);
    const bool there = store->units.fetch(store, unit, design, records, count);
    give_store(lot);
    if (there) {
        count_unit(lot->crew, lot->point, false, 0);
    }
    return there;
}

static bool is_mine(void *context, uint32_t unit)
{
    struct lot *lot = context;
    if (lot->crew->options->store == NULL) {
        return true;
    }
    struct unit_store *store = take_store(lot);
    const bool mine = store->units.is_mine(store, unit);
    give_store(lot);
    return mine;
}

// A unit that has ended its process too often spoils its point, not the sweep.
static bool begin_unit(void *context, uint32_t unit)
{
    struct lot *lot = context;
    if (lot->crew->options->store == NULL) {
        return true;
    }
    struct unit_store *store = take_store(lot);
    const bool broken = store->stopped; // another thread has said why
    const bool begun = !broken && store->units.begin(store, unit);
    if (!begun && !broken && store->status == JOURNAL_OPEN) {
        pthread_mutex_lock(&lot->crew->lock);
        lot->set_apart = arena_text(&lot->crew->sweep->arena, text_get(&store->why));
        pthread_mutex_unlock(&lot->crew->lock);
        text_clear(&store->why);
        store->stopped = false;
    }
    give_store(lot);
    return begun;
}

static bool keep(void *context, uint32_t unit, const struct design *design,
                 struct run_record *records, uint32_t count)
{
    struct lot *lot = context;
    bool kept = true;
    if (lot->crew->options->store != NULL) {
        struct unit_store *store = take_store(lot);
        kept = !store->stopped && store->units.keep(store, unit, design, records, count);
        give_store(lot);
    }
    count_unit(lot->crew, lot->point, true, records[count - 1].events);
    return kept;
}

static void take_back(void *context, uint32_t unit)
{
    struct lot *lot = context;
    if (lot->crew->options->store != NULL) {
        struct unit_store *store = take_store(lot);
        store->units.take_back(store, unit);
        give_store(lot);
    }
}

// ---- a point
// -------------------------------------------------------------------------------------

static void fill_flow(struct sweep_flow *flow, const struct result *result, uint32_t workload)
{
    const uint32_t block = result->workloads[workload].figures;
    *flow = (struct sweep_flow){
        .offered = *result_flow(result, block, RESULT_OFFERED),
        .throughput = *result_flow(result, block, RESULT_THROUGHPUT),
        .success = *result_flow(result, block, RESULT_SUCCESS),
        .mean = *result_flow(result, block, RESULT_MEAN),
        .p50 = *result_flow(result, block, RESULT_P50),
        .p99 = *result_flow(result, block, RESULT_P99),
    };
}

static void fill_busiest(struct crew *crew, struct sweep_row *row, const struct result *result)
{
    uint32_t busiest = RESULT_NONE;
    for (uint32_t c = 0; c < result->component_count; c++) {
        const struct result_component *component = &result->components[c];
        const struct estimate *load = result_flow(result, component->figures, RESULT_UTILIZATION);
        if (load->known && (busiest == RESULT_NONE || load->value > row->utilization.value)) {
            busiest = c;
            row->utilization = *load;
        }
    }
    if (busiest != RESULT_NONE) {
        row->busiest = arena_text(&crew->sweep->arena, result->components[busiest].name);
    }
}

// Under the lock: the arena is shared.
static void fill_row(struct crew *crew, struct sweep_row *row, const struct result *result)
{
    row->state = SWEEP_DONE;
    row->verdict = result->verdict;
    row->replications = result->replication_count;
    row->events = result->events;
    row->simulated_s = result->simulated_s;
    row->fingerprint = result->fingerprint;
    memcpy(row->digest, result->digest, strnlen(result->digest, DIGEST_ROOM - 1) + 1);
    for (uint32_t w = 0; w < result->workload_count; w++) {
        fill_flow(&row->flows[w], result, w);
    }
    for (uint32_t s = 0; s < result->slo_count; s++) {
        const struct result_slo *slo = &result->slos[s];
        row->slos[s] = (struct sweep_objective){slo->verdict, slo->observed, slo->limit,
                                                arena_text(&crew->sweep->arena, slo->unit)};
    }
    fill_busiest(crew, row, result);
}

static void break_point(struct crew *crew, uint32_t point, const char *why)
{
    pthread_mutex_lock(&crew->lock);
    crew->sweep->rows[point].state = SWEEP_BROKEN;
    crew->sweep->rows[point].failure = why;
    if (crew->options->fail_fast && crew->end == SWEEP_END_DONE) {
        crew->end = SWEEP_END_FAST;
    }
    pthread_mutex_unlock(&crew->lock);
}

static void end_crew(struct crew *crew, enum sweep_end end, struct text *why)
{
    pthread_mutex_lock(&crew->lock);
    if (crew->end == SWEEP_END_DONE || crew->end == SWEEP_END_MISSING) {
        crew->end = end;
        if (why != NULL && end == SWEEP_END_FILES) {
            text_clear(crew->why);
            text_add(crew->why, text_get(why));
        }
    }
    pthread_mutex_unlock(&crew->lock);
}

static void settle_done(struct crew *crew, uint32_t point, const struct result *result)
{
    const struct sweep_options *options = crew->options;
    if (result->interrupted_by_limit) {
        break_point(crew, point, "a replication reached max_events before its end");
        return;
    }
    struct text why;
    text_init(&why);
    if (options->done != NULL && !options->done(options->context, point, result, &why)) {
        end_crew(crew, SWEEP_END_FILES, &why);
    }
    text_release(&why);
    pthread_mutex_lock(&crew->lock);
    fill_row(crew, &crew->sweep->rows[point], result);
    pthread_mutex_unlock(&crew->lock);
}

static void settle(struct lot *lot, enum replicate_end end, const struct result *result)
{
    struct crew *crew = lot->crew;
    const struct unit_store *store = crew->options->store;
    if (end == REPLICATE_DONE) {
        settle_done(crew, lot->point, result);
    } else if (lot->set_apart != NULL) {
        break_point(crew, lot->point, lot->set_apart);
    } else if (end == REPLICATE_MISSING) {
        crew->sweep->rows[lot->point].state = SWEEP_MISSING;
        pthread_mutex_lock(&crew->lock);
        crew->end = crew->end == SWEEP_END_DONE ? SWEEP_END_MISSING : crew->end;
        pthread_mutex_unlock(&crew->lock);
    } else {
        end_crew(crew, store != NULL && store->stopped ? SWEEP_END_STORE : SWEEP_END_INTERRUPTED,
                 NULL);
    }
}

struct texts { // of one point's result
    struct text arguments, resolved, identity;
    char digest[DIGEST_ROOM];
};

static void name_result(const struct crew *crew, uint32_t point, const struct scenario *scenario,
                        struct texts *texts)
{
    const struct sweep_options *options = crew->options;
    text_init(&texts->arguments);
    text_init(&texts->resolved);
    text_init(&texts->identity);
    text_format(&texts->identity, "%s\n%s", scenario->digest,
                options->identity == NULL ? "" : options->identity);
    digest_of(texts->identity.bytes, texts->identity.length, texts->digest);
    if (options->arguments != NULL) {
        options->arguments(options->context, point, &texts->arguments);
    }
    if (options->resolved) {
        scenario_resolved(scenario, &texts->resolved);
    }
}

static void release_texts(struct texts *texts)
{
    text_release(&texts->arguments);
    text_release(&texts->resolved);
    text_release(&texts->identity);
}

static void simulate_point(struct lot *lot, const struct scenario *scenario)
{
    struct crew *crew = lot->crew;
    const struct sweep_options *options = crew->options;
    struct texts texts;
    name_result(crew, lot->point, scenario, &texts);
    const struct replicate_options replicate_options = {
        .workers = crew->threads,
        .stop_on_fail = options->stop_on_fail,
        .stop = options->stop,
        .units = &lot->units,
        .reversed = options->reversed,
        .file = text_get(&texts.arguments),
        .digest = texts.digest,
        .source = options->resolved ? crew->sweep->source.file.bytes : NULL,
        .resolved = options->resolved ? text_get(&texts.resolved) : NULL,
    };
    struct result result;
    result_init(&result);
    const enum replicate_end end = replicate(&scenario->design, &replicate_options, &result);
    settle(lot, end, &result);
    result_release(&result);
    release_texts(&texts);
}

static void work_point(struct crew *crew, uint32_t point)
{
    struct lot lot = {.crew = crew, .point = point};
    lot.units = (struct replicate_units){.context = &lot,
                                         .fetch = fetch,
                                         .is_mine = is_mine,
                                         .begin = begin_unit,
                                         .keep = keep,
                                         .take_back = take_back};
    struct diagnostic_list diagnostics;
    struct scenario scenario;
    diagnostic_init(&diagnostics);
    const bool good = sweep_load(crew->sweep, point, &scenario, &diagnostics) &&
                      text_same(scenario.digest, crew->sweep->rows[point].digest);
    if (good) {
        simulate_point(&lot, &scenario);
    } else {
        break_point(crew, point, "a file of the scenario has changed since the sweep began");
    }
    scenario_release(&scenario);
    diagnostic_release(&diagnostics);
}

// ---- threads
// -------------------------------------------------------------------------------------

static bool take_point(struct crew *crew, uint32_t *point)
{
    const struct sweep *sweep = crew->sweep;
    const bool reversed = crew->options->reversed;
    pthread_mutex_lock(&crew->lock);
    bool has = false;
    while (!has && crew->next < sweep->points.count) {
        const uint32_t number = crew->next++;
        *point = reversed ? sweep->points.count - 1 - number : number;
        has = sweep->rows[*point].chosen;
    }
    has = has && (crew->end == SWEEP_END_DONE || crew->end == SWEEP_END_MISSING);
    pthread_mutex_unlock(&crew->lock);
    return has;
}

static void *work(void *argument)
{
    struct crew *crew = argument;
    uint32_t point;
    while (take_point(crew, &point)) {
        work_point(crew, point);
        pthread_mutex_lock(&crew->lock);
        crew->settled_count++;
        pthread_cond_signal(&crew->settled);
        pthread_mutex_unlock(&crew->lock);
    }
    pthread_mutex_lock(&crew->lock);
    crew->working--;
    pthread_cond_signal(&crew->settled);
    pthread_mutex_unlock(&crew->lock);
    return NULL;
}

static double elapsed_s(const struct timespec *began)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - began->tv_sec) + (double)(now.tv_nsec - began->tv_nsec) / 1e9;
}

// Under the lock.
static struct sweep_progress progress_of(const struct crew *crew, const struct timespec *began)
{
    const double elapsed = elapsed_s(began);
    const double left = crew->sweep->predicted - crew->weight;
    return (struct sweep_progress){
        .points = crew->sweep->chosen,
        .done = crew->settled_count,
        .units = crew->units,
        .events = crew->events,
        .elapsed_s = elapsed,
        .left_s = crew->simulated <= 0.0 ? (double)NAN
                  : left <= 0.0          ? 0.0
                                         : elapsed * left / crew->simulated,
    };
}

// Waits for the threads, telling how far they are.
static void watch(struct crew *crew, const struct timespec *began)
{
    pthread_mutex_lock(&crew->lock);
    while (crew->working > 0) {
        struct timespec until;
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += (long)PROGRESS_MS * 1000000;
        until.tv_sec += until.tv_nsec / 1000000000;
        until.tv_nsec %= 1000000000;
        int waited = 0;
        while (crew->working > 0 && waited == 0) { // to the end of the interval, or of the work
            waited = pthread_cond_timedwait(&crew->settled, &crew->lock, &until);
        }
        const struct sweep_progress facts = progress_of(crew, began);
        pthread_mutex_unlock(&crew->lock);
        if (crew->options->progress != NULL) {
            crew->options->progress(crew->options->context, &facts);
        }
        pthread_mutex_lock(&crew->lock);
    }
    pthread_mutex_unlock(&crew->lock);
}

static void run_threads(struct crew *crew, uint32_t count)
{
    struct timespec began;
    clock_gettime(CLOCK_MONOTONIC, &began);
    pthread_t *threads = check_calloc(count, sizeof *threads);
    crew->working = count;
    uint32_t begun = 0;
    while (begun < count && pthread_create(&threads[begun], NULL, work, crew) == 0) {
        begun++;
    }
    pthread_mutex_lock(&crew->lock);
    crew->working -= count - begun;
    pthread_mutex_unlock(&crew->lock);
    watch(crew, &began);
    for (uint32_t i = 0; i < begun; i++) {
        pthread_join(threads[i], NULL);
    }
    free(threads);
    if (begun == 0) { // the machine gives no thread: this one works
        crew->working = 1;
        work(crew);
    }
}

enum sweep_end sweep_run(struct sweep *sweep, const struct sweep_options *options, struct text *why)
{
    CHECK(options->workers > 0);
    struct crew crew = {.sweep = sweep, .options = options, .why = why, .end = SWEEP_END_DONE};
    const uint32_t chosen = sweep->chosen == 0 ? 1 : sweep->chosen;
    const uint32_t threads = options->workers < chosen ? options->workers : chosen;
    crew.threads = options->workers / threads;
    pthread_mutex_init(&crew.lock, NULL);
    pthread_mutex_init(&crew.store_lock, NULL);
    pthread_cond_init(&crew.settled, NULL);
    run_threads(&crew, threads);
    pthread_cond_destroy(&crew.settled);
    pthread_mutex_destroy(&crew.store_lock);
    pthread_mutex_destroy(&crew.lock);
    return crew.end;
}
