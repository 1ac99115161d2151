// sweep_run - threads that take points, and the journal they share.
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sim/base/check.h"
#include "sim/base/threads.h"
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
    double weight, simulated; // predicted events that are done, and of them simulated now
    struct timespec began;
    double told_s;    // when progress was told last, since then
    uint64_t *wanted; // units that others are to simulate
    uint32_t wanted_count, wanted_room;
    uint32_t *awaited; // of them, by point
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

// Others simulate for this process.
static bool is_spread(const struct crew *crew)
{
    return crew->options->others != NULL && crew->options->others->spread != NULL;
}

// Another process decides what is simulated here.
static bool is_serving(const struct crew *crew)
{
    return crew->options->others != NULL && crew->options->others->next_point != NULL;
}

static uint32_t fetch(void *context, uint32_t unit, const struct design *design,
                      struct run_record *records, uint32_t count)
{
    struct lot *lot = context;
    if (lot->crew->options->store == NULL) {
        return 0;
    }
    struct unit_store *store = take_store(lot);
    const uint32_t there = store->units.fetch(store, unit, design, records, count);
    give_store(lot);
    if (there > 0 && !is_spread(lot->crew)) {
        count_unit(lot->crew, lot->point, false, 0);
    }
    return there;
}

// Under the lock of the store.
static void want_unit(struct crew *crew, uint32_t point, uint32_t unit)
{
    if (crew->wanted_count == crew->wanted_room) {
        crew->wanted_room = crew->wanted_room == 0 ? 256 : crew->wanted_room * 2;
        crew->wanted = check_realloc(crew->wanted, crew->wanted_room * sizeof *crew->wanted);
    }
    crew->wanted[crew->wanted_count++] = journal_unit(point, unit);
}

static bool is_mine(void *context, uint32_t unit)
{
    struct lot *lot = context;
    if (lot->crew->options->store == NULL) {
        return true;
    }
    if (is_spread(lot->crew)) { // what is there and is asked for again is simulated here
        const bool again = unit_store_has(take_store(lot), unit);
        if (!again) {
            want_unit(lot->crew, lot->point, unit);
        }
        give_store(lot);
        return again;
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

// What is told to simulate here cannot leave anything out.
static void lose_point(struct crew *crew, uint32_t point, const char *why)
{
    if (!is_serving(crew)) {
        break_point(crew, point, why);
        return;
    }
    struct text text;
    text_init(&text);
    text_add(&text, why);
    end_crew(crew, SWEEP_END_FILES, &text);
    text_release(&text);
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
    sweep_fill(crew->sweep, point, result);
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

// The point is for other processes; it is not even loaded, and no warm-up of it is looked for.
static bool pass_point(struct lot *lot)
{
    struct crew *crew = lot->crew;
    if (crew->options->store == NULL || crew->options->others != NULL) {
        return false;
    }
    struct unit_store *store = take_store(lot);
    const bool passed = unit_store_pass(store, lot->point, crew->sweep->rows[lot->point].least);
    give_store(lot);
    if (passed) {
        settle(lot, REPLICATE_MISSING, NULL);
    }
    return passed;
}

static void work_point(struct crew *crew, uint32_t point)
{
    struct lot lot = {.crew = crew, .point = point};
    const struct sweep_others *others = crew->options->others;
    lot.units = (struct replicate_units){.context = &lot,
                                         .fetch = fetch,
                                         .is_mine = is_mine,
                                         .begin = begin_unit,
                                         .keep = keep,
                                         .take_back = take_back,
                                         .others = others == NULL ? NULL : others->context,
                                         .next = is_serving(crew) ? others->next : NULL};
    if (pass_point(&lot)) {
        return;
    }
    struct diagnostic_list diagnostics;
    struct scenario scenario;
    diagnostic_init(&diagnostics);
    const bool good = sweep_load(crew->sweep, point, &scenario, &diagnostics) &&
                      text_same(scenario.digest, crew->sweep->rows[point].digest);
    if (good) {
        simulate_point(&lot, &scenario);
    } else {
        lose_point(crew, point, "a file of the scenario has changed since the sweep began");
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
        const enum sweep_state state = sweep->rows[*point].state;
        has = sweep->rows[*point].chosen && (state == SWEEP_PENDING || state == SWEEP_MISSING);
    }
    has = has && (crew->end == SWEEP_END_DONE || crew->end == SWEEP_END_MISSING);
    pthread_mutex_unlock(&crew->lock);
    return has;
}

// Done, or never to be.
static bool is_settled(const struct crew *crew, uint32_t point)
{
    const enum sweep_state state = crew->sweep->rows[point].state;
    return state == SWEEP_DONE || state == SWEEP_BROKEN;
}

static void *work(void *argument)
{
    struct crew *crew = argument;
    uint32_t point;
    while (take_point(crew, &point)) {
        work_point(crew, point);
        pthread_mutex_lock(&crew->lock);
        crew->settled_count += !is_spread(crew) || (crew->sweep->grows && is_settled(crew, point));
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
static struct sweep_progress progress_of(const struct crew *crew)
{
    const double elapsed = elapsed_s(&crew->began);
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

// Waits for the threads, telling how far they are, at least once.
static void watch(struct crew *crew)
{
    pthread_mutex_lock(&crew->lock);
    do {
        struct timespec until;
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += (long)PROGRESS_MS * 1000000;
        until.tv_sec += until.tv_nsec / 1000000000;
        until.tv_nsec %= 1000000000;
        int waited = 0;
        while (crew->working > 0 && waited == 0) { // to the end of the interval, or of the work
            waited = pthread_cond_timedwait(&crew->settled, &crew->lock, &until);
        }
        const struct sweep_progress facts = progress_of(crew);
        pthread_mutex_unlock(&crew->lock);
        if (crew->options->progress != NULL) {
            crew->options->progress(crew->options->context, &facts);
        }
        pthread_mutex_lock(&crew->lock);
    } while (crew->working > 0);
    pthread_mutex_unlock(&crew->lock);
}

static void run_threads(struct crew *crew, uint32_t count)
{
    struct threads threads;
    crew->working = count;
    const uint32_t begun = threads_begin(&threads, count, work, crew);
    pthread_mutex_lock(&crew->lock);
    crew->working -= count - begun;
    pthread_mutex_unlock(&crew->lock);
    watch(crew);
    threads_join(&threads);
    if (begun == 0) { // the machine gives no thread: this one works
        crew->working = 1;
        work(crew);
    }
}

// ---- other processes ----------------------------------------------------------------------------

// The units that every point needs, but for those that are there.
static void want_least(struct crew *crew)
{
    struct sweep *sweep = crew->sweep;
    struct unit_store *store = crew->options->store;
    for (uint32_t point = 0; point < sweep->points.count; point++) {
        store->point = point;
        for (uint32_t unit = 0; sweep->rows[point].chosen && unit < sweep->rows[point].least;
             unit++) {
            if (unit_store_has(store, unit)) {
                count_unit(crew, point, false, 0);
            } else {
                want_unit(crew, point, unit);
            }
        }
    }
}

static void count_back(void *context, uint64_t unit, uint64_t events)
{
    struct crew *crew = context;
    const uint32_t point = (uint32_t)(unit >> 32);
    count_unit(crew, point, true, events);
    crew->settled_count += --crew->awaited[point] == 0 && !crew->sweep->grows;
    const double now_s = elapsed_s(&crew->began);
    if (crew->options->progress != NULL && now_s - crew->told_s >= PROGRESS_MS / 1e3) {
        const struct sweep_progress facts = progress_of(crew);
        crew->options->progress(crew->options->context, &facts);
        crew->told_s = now_s;
    }
}

static void count_apart(void *context, uint64_t unit)
{
    struct crew *crew = context;
    pthread_mutex_lock(&crew->lock);
    const char *why =
        arena_format(&crew->sweep->arena,
                     "replication %u has ended its process %d times and is set apart; --only-rep "
                     "%u simulates it alone",
                     (uint32_t)unit, JOURNAL_DEADLY, (uint32_t)unit);
    pthread_mutex_unlock(&crew->lock);
    break_point(crew, (uint32_t)(unit >> 32), why);
    count_back(crew, unit, 0);
}

// Has others simulate what is wanted. False: the sweep ends.
static bool spread(struct crew *crew)
{
    const struct sweep_others *others = crew->options->others;
    const struct replicate_watch watch = {crew, count_back, count_apart};
    memset(crew->awaited, 0, crew->sweep->points.count * sizeof *crew->awaited);
    for (uint32_t i = 0; i < crew->wanted_count; i++) {
        crew->awaited[crew->wanted[i] >> 32]++;
    }
    const bool good = others->spread(others->context, crew->wanted, crew->wanted_count, &watch);
    crew->wanted_count = 0;
    if (!good) {
        const struct unit_store *store = crew->options->store;
        end_crew(crew, store->stopped ? SWEEP_END_STORE : SWEEP_END_INTERRUPTED, NULL);
    }
    return good;
}

// Rounds: others simulate what is wanted, and what is there then decides what is wanted next.
static void run_rounds(struct crew *crew, uint32_t threads)
{
    crew->awaited = check_calloc(crew->sweep->points.count, sizeof *crew->awaited);
    want_least(crew);
    while (spread(crew)) {
        crew->end = crew->end == SWEEP_END_MISSING ? SWEEP_END_DONE : crew->end;
        crew->next = 0;
        run_threads(crew, threads);
        if (crew->end != SWEEP_END_MISSING || crew->wanted_count == 0) {
            break;
        }
    }
    free(crew->awaited);
    free(crew->wanted);
}

static void serve(struct crew *crew)
{
    const struct sweep_others *others = crew->options->others;
    uint32_t point;
    while ((crew->end == SWEEP_END_DONE || crew->end == SWEEP_END_MISSING) &&
           others->next_point(others->context, &point)) {
        work_point(crew, point);
    }
    crew->end = crew->end == SWEEP_END_DONE ? SWEEP_END_MISSING : crew->end;
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
    clock_gettime(CLOCK_MONOTONIC, &crew.began);
    if (is_serving(&crew)) {
        serve(&crew);
    } else if (is_spread(&crew)) {
        run_rounds(&crew, threads);
    } else {
        run_threads(&crew, threads);
    }
    pthread_cond_destroy(&crew.settled);
    pthread_mutex_destroy(&crew.store_lock);
    pthread_mutex_destroy(&crew.lock);
    return crew.end;
}
