// replicate - workers, steps, and the decision to stop.
#include "sim/study/replicate.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "sim/base/check.h"
#include "sim/base/threads.h"
#include "sim/engine/meter_series.h"
#include "sim/engine/run.h"
#include "sim/study/batches.h"
#include "sim/study/result_build.h"
#include "sim/study/warmup.h"

enum { STEP_LEAST = 5, PROGRESS_MS = 200 };

struct crew { // shared by the workers
    pthread_mutex_t lock;
    pthread_cond_t done_one; // a record is complete, or a worker has left
    const struct design *design;
    const volatile int *stop;
    struct run_record *records; // by unit
    uint32_t next, target;      // units given out; end of this step
    uint32_t first;             // of this step
    uint32_t done, working;
    uint64_t events;
    const struct replicate_units *units;
    bool reversed;
    bool interrupted;
    uint32_t missing; // units of others that are not there
};

struct study { // one call of replicate
    const struct replicate_options *options;
    struct design design; // as simulated: the warm-up may be found
    struct result_warmup warmup;
    struct arena arena; // of the warm-up
    struct crew crew;
    struct series_sum series; // of the replications merged so far
    struct timespec began;
    double widest;
    uint32_t back;        // units that others have done in this step
    uint64_t back_events; // of all steps
    struct replicate_progress told;
};

uint32_t replicate_step(uint32_t done, uint32_t minimum, uint32_t maximum)
{
    if (done < minimum) {
        return minimum;
    }
    const uint32_t more = done / 4 > STEP_LEAST ? done / 4 : STEP_LEAST;
    return maximum - done < more ? maximum : done + more;
}

// ---- workers -----------------------------------------------------------------------------------

static bool take_unit(struct crew *crew, uint32_t *unit)
{
    pthread_mutex_lock(&crew->lock);
    const bool has = crew->next < crew->target && !crew->interrupted;
    *unit = has ? crew->next++ : 0;
    if (has && crew->reversed) {
        *unit = crew->first + (crew->target - 1 - *unit);
    }
    pthread_mutex_unlock(&crew->lock);
    return has;
}

static void hand_in(struct crew *crew, const struct run_record *record)
{
    pthread_mutex_lock(&crew->lock);
    crew->done++;
    crew->events += record->events;
    crew->interrupted |= record->end == RUN_INTERRUPTED;
    pthread_cond_signal(&crew->done_one);
    pthread_mutex_unlock(&crew->lock);
}

// Whether the unit is done already, or is none of ours: nothing to simulate then.
static bool is_settled(struct crew *crew, uint32_t unit)
{
    const struct replicate_units *units = crew->units;
    if (units == NULL) {
        return false;
    }
    pthread_mutex_lock(&crew->lock);
    const bool there =
        units->fetch(units->context, unit, crew->design, &crew->records[unit], 1) > 0;
    const bool ours = there || units->is_mine(units->context, unit);
    crew->missing += !ours;
    crew->interrupted |= ours && !there && !units->begin(units->context, unit);
    const bool over = crew->interrupted;
    pthread_mutex_unlock(&crew->lock);
    if (there) {
        hand_in(crew, &crew->records[unit]);
    }
    return there || !ours || over;
}

static void keep_unit(struct crew *crew, uint32_t unit)
{
    const struct replicate_units *units = crew->units;
    struct run_record *record = &crew->records[unit];
    if (units == NULL) {
        return;
    }
    pthread_mutex_lock(&crew->lock);
    if (record->end == RUN_INTERRUPTED) {
        units->take_back(units->context, unit);
    } else {
        crew->interrupted |= !units->keep(units->context, unit, crew->design, record, 1);
    }
    pthread_mutex_unlock(&crew->lock);
}

static void *work(void *argument)
{
    struct crew *crew = argument;
    uint32_t unit;
    while (take_unit(crew, &unit)) {
        if (is_settled(crew, unit)) {
            continue;
        }
        run_replication(crew->design, unit, crew->stop, &crew->records[unit]);
        keep_unit(crew, unit);
        hand_in(crew, &crew->records[unit]);
    }
    pthread_mutex_lock(&crew->lock);
    crew->working--;
    pthread_cond_signal(&crew->done_one);
    pthread_mutex_unlock(&crew->lock);
    return NULL;
}

static double elapsed_s(const struct timespec *began)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - began->tv_sec) + (double)(now.tv_nsec - began->tv_nsec) / 1e9;
}

static void tell_progress(struct study *study, uint32_t done, uint64_t events)
{
    const struct replicate_options *options = study->options;
    if (options->progress == NULL) {
        return;
    }
    struct replicate_progress *told = &study->told; // what others have done is not told again
    *told = (struct replicate_progress){
        .done = done > told->done ? done : told->done,
        .target = study->crew.target,
        .maximum = study->design.replications.maximum,
        .events = events > told->events ? events : told->events,
        .elapsed_s = elapsed_s(&study->began),
        .widest = study->widest,
        .goal = study->design.replications.stop_at,
    };
    options->progress(options->context, told);
}

// Another process has done a unit of this step.
static void count_back(void *context, uint64_t unit, uint64_t events)
{
    struct study *study = context;
    (void)unit;
    study->back++;
    study->back_events += events;
    if (elapsed_s(&study->began) - study->told.elapsed_s >= PROGRESS_MS / 1e3) {
        tell_progress(study, study->crew.first + study->back, study->back_events);
    }
}

static bool spread(struct study *study)
{
    struct crew *crew = &study->crew;
    const struct replicate_watch watch = {.context = study, .back = count_back};
    study->back = 0;
    return crew->units == NULL || crew->units->spread == NULL ||
           crew->units->spread(crew->units->others, crew->first, crew->target, &watch);
}

// Waits for the workers, telling how far they are.
static void watch_workers(struct study *study)
{
    struct crew *crew = &study->crew;
    pthread_mutex_lock(&crew->lock);
    while (crew->working > 0) {
        struct timespec until;
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += (long)PROGRESS_MS * 1000000;
        until.tv_sec += until.tv_nsec / 1000000000;
        until.tv_nsec %= 1000000000;
        pthread_cond_timedwait(&crew->done_one, &crew->lock, &until);
        const uint32_t done = crew->done;
        const uint64_t events = crew->events;
        pthread_mutex_unlock(&crew->lock);
        tell_progress(study, done, events);
        pthread_mutex_lock(&crew->lock);
    }
    pthread_mutex_unlock(&crew->lock);
}

// Simulates the units up to `target`. False when interrupted.
static bool run_step(struct study *study, uint32_t target)
{
    struct crew *crew = &study->crew;
    crew->first = crew->next;
    crew->target = target;
    if (!spread(study)) {
        crew->interrupted = true;
        return false;
    }
    uint32_t workers = study->options->workers;
    workers = workers > target - crew->next ? target - crew->next : workers;
    struct threads threads;
    crew->working = workers;
    const uint32_t begun = threads_begin(&threads, workers, work, crew);
    pthread_mutex_lock(&crew->lock);
    crew->working -= workers - begun;
    pthread_mutex_unlock(&crew->lock);
    watch_workers(study);
    threads_join(&threads);
    if (begun == 0) { // the machine gives no thread: this one works
        crew->working = 1;
        work(crew);
        tell_progress(study, crew->done, crew->events);
    }
    return !crew->interrupted && crew->missing == 0;
}

// ---- steps -------------------------------------------------------------------------------------

static void merge(struct study *study, struct result *result, uint32_t count, bool batches)
{
    const struct replicate_options *options = study->options;
    const struct result_input input = {
        .design = &study->design,
        .records = study->crew.records,
        .count = count,
        .batches = batches,
        .warmup_ns = study->design.warmup_ns,
        .series = batches ? NULL : &study->series,
        .file = options->file,
        .digest = options->digest,
        .source = options->source,
        .resolved = options->resolved,
        .warmup = &study->warmup,
    };
    result_from_runs(result, &input);
}

// The widest relative half-width of the objectives, or of the workloads' mean latencies without
// any.
static double widest_of(const struct result *result)
{
    if (result->slo_count > 0 || result->workload_count == 0) {
        return isnan(result->widest) ? 0.0 : result->widest;
    }
    double widest = 0.0;
    for (uint32_t w = 0; w < result->workload_count; w++) {
        const struct estimate *mean =
            result_flow(result, result->workloads[w].figures, RESULT_MEAN);
        const double width = mean->known ? estimate_relative_width(mean) : 0.0;
        widest = width > widest ? width : widest;
    }
    return widest;
}

static bool any_undecided(const struct result *result)
{
    for (uint32_t s = 0; s < result->slo_count; s++) {
        if (result->slos[s].verdict == VERDICT_UNDECIDED) {
            return true;
        }
    }
    return false;
}

static bool is_enough(struct study *study, const struct result *result)
{
    const struct replications_design *wanted = &study->design.replications;
    if (result->row_count >= wanted->maximum || result->interrupted_by_limit) {
        return true;
    }
    if (study->options->stop_on_fail && result->verdict == VERDICT_FAIL) {
        return true;
    }
    if (wanted->until_decided) {
        return !any_undecided(result);
    }
    study->widest = widest_of(result);
    return wanted->stop_at > 0.0 && study->widest <= wanted->stop_at;
}

// Adds the series of the new records to the sum; theirs are given back.
static void fold_series(struct study *study, uint32_t from, uint32_t to)
{
    for (uint32_t i = from; i < to; i++) {
        struct meter *meter = &study->crew.records[i].meter;
        series_sum_add(&study->series, &meter->series);
        meter_series_release(meter);
        meter->series = (struct series){0};
        meter->snapshots = NULL;
    }
}

static bool run_steps(struct study *study, struct result *result)
{
    const struct replications_design *wanted = &study->design.replications;
    uint32_t done = 0;
    for (;;) {
        const uint32_t before = done;
        done = replicate_step(done, wanted->minimum, wanted->maximum);
        if (!run_step(study, done)) {
            return false;
        }
        fold_series(study, before, done);
        merge(study, result, done, false);
        if (is_enough(study, result)) {
            return true;
        }
        result_release(result);
        result_init(result);
    }
}

// One replication alone: its interval comes from batches in time.
static uint32_t simulate_batches(struct study *study, uint32_t number, struct event_log *log)
{
    struct run_record *records = study->crew.records;
    const struct replicate_units *units = study->crew.units;
    if (units == NULL) {
        return batches_run(&study->design, number, study->options->stop, log, records);
    }
    const uint32_t there =
        units->fetch(units->context, number, &study->design, records, BATCHES_COUNT);
    if (there > 0) {
        return there;
    }
    study->crew.missing = !units->is_mine(units->context, number);
    if (study->crew.missing > 0 || !units->begin(units->context, number)) {
        return 0;
    }
    const uint32_t count = batches_run(&study->design, number, study->options->stop, log, records);
    if (count == 0) {
        units->take_back(units->context, number);
    }
    if (count > 0 && !units->keep(units->context, number, &study->design, records, count)) {
        batches_release(records, count, &study->design);
        return 0;
    }
    return count;
}

static bool run_batches(struct study *study, uint32_t number, struct event_log *log,
                        struct result *result)
{
    struct run_record *records = study->crew.records;
    study->crew.target = 1;
    const uint32_t count = simulate_batches(study, number, log);
    if (count == 0) {
        return false;
    }
    tell_progress(study, 1, records[count - 1].events);
    if (count == 1) { // ended at max_events: one record, and no parts
        series_sum_add(&study->series, &records[0].meter.series);
    }
    merge(study, result, count, count > 1);
    batches_release(records, count, &study->design);
    return true;
}

static void begin(struct study *study, const struct design *design,
                  const struct replicate_options *options)
{
    CHECK(options->workers > 0);
    *study = (struct study){.options = options, .design = *design, .widest = (double)NAN};
    struct replications_design *wanted = &study->design.replications;
    wanted->minimum = wanted->minimum == 0 ? 1 : wanted->minimum;
    wanted->maximum = wanted->maximum < wanted->minimum ? wanted->minimum : wanted->maximum;
    const uint32_t room = wanted->maximum > BATCHES_COUNT ? wanted->maximum : BATCHES_COUNT;
    arena_init(&study->arena);
    series_sum_init(&study->series);
    pthread_mutex_init(&study->crew.lock, NULL);
    pthread_cond_init(&study->crew.done_one, NULL);
    study->crew.design = &study->design;
    study->crew.stop = options->stop;
    study->crew.units = options->units;
    study->crew.reversed = options->reversed;
    study->crew.records = check_calloc(room, sizeof *study->crew.records);
    clock_gettime(CLOCK_MONOTONIC, &study->began);
}

static void end(struct study *study)
{
    for (uint32_t i = 0; i < study->crew.target; i++) {
        if (study->crew.records[i].meter.workloads != NULL) {
            run_record_release(&study->crew.records[i], &study->design);
        }
    }
    free(study->crew.records);
    series_sum_release(&study->series);
    pthread_mutex_destroy(&study->crew.lock);
    pthread_cond_destroy(&study->crew.done_one);
    arena_release(&study->arena);
}

static bool settle_warmup(struct study *study)
{
    return !study->design.warmup_auto ||
           warmup_find(&study->design, study->options->stop, &study->arena, &study->warmup);
}

static bool serve_parts(struct study *study, uint32_t unit)
{
    const uint32_t count = simulate_batches(study, unit, NULL);
    batches_release(study->crew.records, count, &study->design);
    return count > 0;
}

static bool serve_unit(struct study *study, uint32_t unit)
{
    const struct replicate_units *units = study->crew.units;
    if (study->design.replications.maximum == 1) {
        return serve_parts(study, unit);
    }
    if (!units->begin(units->context, unit)) {
        return false;
    }
    struct run_record record = {0};
    run_replication(&study->design, unit, study->options->stop, &record);
    bool good = record.end != RUN_INTERRUPTED;
    if (good) {
        good = units->keep(units->context, unit, &study->design, &record, 1);
    } else {
        units->take_back(units->context, unit);
    }
    run_record_release(&record, &study->design);
    return good;
}

// Simulates what another process decides on.
static enum replicate_end serve(struct study *study)
{
    const struct replicate_units *units = study->crew.units;
    uint32_t unit;
    bool good = true;
    while (good && units->next(units->others, &unit)) {
        good = serve_unit(study, unit);
    }
    return good ? REPLICATE_MISSING : REPLICATE_INTERRUPTED;
}

enum replicate_end replicate(const struct design *design, const struct replicate_options *options,
                             struct result *result)
{
    struct study study;
    begin(&study, design, options);
    bool good = settle_warmup(&study);
    if (good && options->units != NULL && options->units->next != NULL) {
        const enum replicate_end served = serve(&study);
        end(&study);
        return served;
    }
    if (good && study.design.replications.maximum == 1) {
        good = run_batches(&study, 0, NULL, result);
    } else if (good) {
        good = run_steps(&study, result);
    }
    const bool missing = study.crew.missing > 0 && !study.crew.interrupted;
    end(&study);
    return good ? REPLICATE_DONE : missing ? REPLICATE_MISSING : REPLICATE_INTERRUPTED;
}

enum replicate_end replicate_only(const struct design *design,
                                  const struct replicate_options *options, uint32_t number,
                                  struct event_log *log, struct result *result)
{
    struct study study;
    begin(&study, design, options);
    study.design.replications.maximum = 1;
    const bool good = settle_warmup(&study) && run_batches(&study, number, log, result);
    end(&study);
    return good ? REPLICATE_DONE : REPLICATE_INTERRUPTED;
}
