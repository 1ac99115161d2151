// run_session - load, simulate, judge, write, print.
#include "sim/cli/run_session.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "reports/outputs.h"
#include "reports/summary.h"
#include "reports/terminal.h"
#include "sim/base/digest.h"
#include "sim/base/file.h"
#include "sim/cli/progress.h"
#include "sim/cli/run_directory.h"
#include "sim/cli/run_journal.h"
#include "sim/scenario/scenario.h"
#include "sim/study/archive.h"
#include "sim/study/event_log.h"
#include "sim/study/replicate.h"
#include "sim/study/variant.h"
#include "sim/study/verdict.h"

struct running { // one file while it is worked on
    const struct run_session *session;
    const struct run_options *options;
    const char *file;
    struct scenario scenario;
    struct text source, resolved, identity, arguments, why;
    char digest[DIGEST_ROOM];
    struct result result, without; // `without` faults: of --faults all
    bool is_paired;
    struct run_directory directory;
    struct run_journal journal;
    bool has_journal;
    const struct replicate_units *units; // NULL: all simulated here and kept nowhere
    struct progress progress;
    struct timespec began;
    double elapsed_s;
};

static int complain(const struct running *running)
{
    fprintf(stderr, "orrery: %s\n", text_get(&running->why));
    return CLI_BROKEN;
}

static double since_s(const struct timespec *began)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - began->tv_sec) + (double)(now.tv_nsec - began->tv_nsec) / 1e9;
}

// The digest names what is simulated: the scenario as resolved, and what the command line changes.
static void identify(struct running *running)
{
    text_add(&running->identity, running->scenario.digest);
    text_add_char(&running->identity, '\n');
    run_options_identity(running->options, &running->identity);
    digest_of(running->identity.bytes, running->identity.length, running->digest);
    if (!file_read(running->file, &running->source, &running->why)) {
        text_clear(&running->source);
    }
    scenario_resolved(&running->scenario, &running->resolved);
}

// ---- simulation --------------------------------------------------------------------------------

static struct replicate_options replicate_options(struct running *running)
{
    return (struct replicate_options){
        .workers = running->options->workers,
        .stop_on_fail = running->options->stop_on_fail,
        .stop = &running->session->stop->signal,
        .progress = progress_tell,
        .context = &running->progress,
        .file = text_get(&running->arguments),
        .digest = running->digest,
        .source = text_get(&running->source),
        .resolved = text_get(&running->resolved),
        .units = running->units,
        .reversed = running->options->reversed,
    };
}

static bool any_fault(const struct design *design)
{
    for (uint32_t f = 0; f < design->fault_count; f++) {
        if (design->faults[f].enabled) {
            return true;
        }
    }
    return false;
}

// The same replications without faults, for the verdicts side by side.
static enum replicate_end replicate_without(struct running *running)
{
    struct variant variant;
    const char *unknown;
    variant_init(&variant, &running->scenario.design);
    variant_choose_faults(&variant, "none", &unknown);
    const uint32_t least = running->scenario.design.replications.minimum;
    const uint32_t known = running->result.replication_count; // 0: only a part is simulated here
    const uint32_t count = known > 0 ? known : least > 0 ? least : 1;
    variant.design.replications = (struct replications_design){.minimum = count, .maximum = count};
    const struct replicate_options options = replicate_options(running);
    const enum replicate_end end = replicate(&variant.design, &options, &running->without);
    if (end == REPLICATE_DONE && known > 0) {
        verdict_compare(&running->result, &running->without);
        running->is_paired = true;
    }
    variant_release(&variant);
    return end;
}

// Replications that are done are kept.
static int interrupted(const struct running *running)
{
    const struct unit_store *store = &running->journal.store;
    if (!running->has_journal) {
        fputs("orrery: interrupted; nothing was written\n", stderr);
    } else {
        fprintf(stderr,
                "orrery: interrupted; %u replication%s kept in %s: the same command goes on\n",
                store->simulated + store->fetched,
                store->simulated + store->fetched == 1 ? " is" : "s are",
                text_get(&running->journal.folder));
    }
    return stop_exit_status(running->session->stop);
}

// Another process decides what is simulated here, and has the result.
static bool is_serving(const struct running *running)
{
    return running->session->executor != NULL && running->session->executor->is_whole != NULL;
}

// A part of a run is simulated; its result is made by `orrery merge`.
static bool is_part(const struct running *running)
{
    return running->options->shards > 0 || running->options->only.count > 0 || is_serving(running);
}

static int tell_part(const struct running *running)
{
    const struct unit_store *store = &running->journal.store;
    const char *directory = text_get(&running->directory.path);
    fprintf(stderr, "%u replications simulated, %u were there, %u are for others; in %s\n",
            store->simulated, store->fetched, store->missing, text_get(&running->journal.folder));
    fprintf(stderr, "when all parts are done: orrery merge %s\n", directory);
    return CLI_DONE;
}

static int tell_missing(struct running *running)
{
    struct text command, text;
    text_init(&command);
    text_init(&text);
    run_options_more_arguments(running->options, &running->arguments);
    text_format(&command, "run %s", text_get(&running->arguments));
    run_journal_missing(&running->journal, text_get(&command), false,
                        text_get(&running->directory.path), &text);
    fprintf(stderr, "orrery: %s", text_get(&text));
    text_release(&command);
    text_release(&text);
    return CLI_BROKEN;
}

static int distrust(enum journal_status status)
{
    return status == JOURNAL_UNEQUAL ? CLI_NONDETERMINISM : CLI_BROKEN;
}

// What ended the study other than its end.
static int stopped(struct running *running, enum replicate_end end)
{
    const struct unit_store *store = &running->journal.store;
    if (running->has_journal && store->stopped) {
        fprintf(stderr, "orrery: %s\n", text_get(&store->why));
        return distrust(store->status);
    }
    if (is_serving(running)) {
        return CLI_DONE; // the other process tells
    }
    if (end == REPLICATE_MISSING) {
        return is_part(running) ? tell_part(running) : tell_missing(running);
    }
    return interrupted(running);
}

static int simulate(struct running *running)
{
    const struct replicate_options options = replicate_options(running);
    const struct design *design = &running->scenario.design;
    progress_init(&running->progress, running->options->no_progress || running->options->quiet);
    enum replicate_end end = replicate(design, &options, &running->result);
    const bool goes_on = end == REPLICATE_DONE || (end == REPLICATE_MISSING && is_part(running));
    if (goes_on && running->options->scenario.faults != NULL &&
        text_same(running->options->scenario.faults, "all") && any_fault(design)) {
        running->journal.store.point = 1;
        const enum replicate_end without = replicate_without(running);
        end = without == REPLICATE_DONE ? end : without;
    }
    progress_end(&running->progress);
    running->elapsed_s = since_s(&running->began);
    return end == REPLICATE_DONE ? 0 : stopped(running, end);
}

static int simulate_one(struct running *running)
{
    struct event_log log;
    const char *path = running->options->events;
    if (path != NULL && !event_log_begin(&log, path, &running->why)) {
        return complain(running);
    }
    const struct replicate_options options = replicate_options(running);
    progress_init(&running->progress, true);
    const enum replicate_end end =
        replicate_only(&running->scenario.design, &options, running->options->only_rep,
                       path == NULL ? NULL : &log, &running->result);
    running->elapsed_s = since_s(&running->began);
    if (path != NULL && !event_log_end(&log, end == REPLICATE_DONE, &running->why)) {
        return complain(running);
    }
    return end == REPLICATE_DONE ? 0 : interrupted(running);
}

// ---- files -------------------------------------------------------------------------------------

static bool write_without(struct running *running)
{
    struct text path;
    text_init(&path);
    text_format(&path, "%s/without-faults", text_get(&running->directory.path));
    const uint32_t chosen = 1u << OUTPUT_H5 | 1u << OUTPUT_JSON | 1u << OUTPUT_LOG;
    const bool good = file_make_directory(text_get(&path), &running->why) &&
                      outputs_write(&running->without, text_get(&path), chosen, &running->why);
    text_release(&path);
    return good;
}

// What was written, but not as it should be: a missing gnuplot, say.
static bool tell_notice(struct running *running)
{
    if (running->why.length > 0) {
        fprintf(stderr, "orrery: warning: %s\n", text_get(&running->why));
        text_clear(&running->why);
    }
    return true;
}

static int write_files(struct running *running, int status)
{
    const struct run_directory *directory = &running->directory;
    const struct run_directory_facts facts = {
        .argc = running->session->cli->argc,
        .argv = running->session->cli->argv,
        .workers = running->options->workers,
        .elapsed_s = running->elapsed_s,
        .peak_bytes = run_directory_peak_bytes(),
        .identity = text_get(&running->identity),
        .exit_status = status,
    };
    const bool good = run_directory_make(directory, &running->why) &&
                      run_directory_write(directory, "scenario.yaml", text_get(&running->source),
                                          &running->why) &&
                      run_directory_write(directory, "scenario.resolved.yaml",
                                          text_get(&running->resolved), &running->why) &&
                      outputs_write(&running->result, text_get(&directory->path),
                                    running->options->outputs, &running->why) &&
                      tell_notice(running) && (!running->is_paired || write_without(running)) &&
                      run_directory_finish(directory, &running->result, &facts, &running->why);
    return good ? status : complain(running);
}

// ---- standard output ---------------------------------------------------------------------------

static int print(const struct text *text)
{
    return cli_print(text) ? 0 : CLI_BROKEN;
}

static int print_json(struct json_write *json)
{
    json_write_get(json);
    return print(&json->text);
}

static int print_result(struct running *running)
{
    const struct run_options *options = running->options;
    if (options->json) {
        struct json_write json;
        json_write_init(&json);
        summary_write(&running->result, &json);
        const int status = print_json(&json);
        json_write_release(&json);
        return status;
    }
    const struct terminal_options look = {.color = cli_is_coloured(running->session->cli, true),
                                          .quiet = options->quiet,
                                          .verbose = options->verbose};
    struct text text;
    text_init(&text);
    terminal_write(&running->result, &look, &text);
    const int status = print(&text);
    text_release(&text);
    return status;
}

// What loading has said with its place in the file is not said again.
static void tell_warning(const struct result_pair *warning)
{
    if (!text_same(warning->key, "W2101") && !text_same(warning->key, "W2102")) {
        fprintf(stderr, "warning[%s]: %s\n", warning->key, warning->value);
    }
}

static void tell_run(const struct running *running, bool written)
{
    struct text line;
    text_init(&line);
    terminal_run_line(&running->result, running->elapsed_s, run_directory_peak_bytes(), &line);
    if (written && !running->options->has_only_rep) {
        text_format(&line, "Results: %s/\n", text_get(&running->directory.path));
    }
    for (uint32_t i = 0; i < running->result.warning_count; i++) {
        tell_warning(&running->result.warnings[i]);
    }
    if (!running->options->quiet) {
        fputs(text_get(&line), stderr);
    }
    text_release(&line);
}

static void tell_limit(const struct running *running)
{
    if (running->result.interrupted_by_limit) {
        fprintf(stderr, "orrery: a replication reached max_events = %llu before its end\n",
                (unsigned long long)running->scenario.design.max_events);
    }
}

static int conclude(const struct running *running)
{
    const struct run_options *options = running->options;
    const int status =
        verdict_exit_status(&running->result, options->allow_undecided, options->exit_zero);
    if (status == 0 && running->result.verdict == VERDICT_UNDECIDED && !options->exit_zero) {
        fputs("warning: undecided objectives are allowed here\n", stderr);
    }
    return status;
}

static int finish(struct running *running)
{
    const struct run_options *options = running->options;
    int status =
        verdict_exit_status(&running->result, options->allow_undecided, options->exit_zero);
    if (!options->has_only_rep) {
        status = write_files(running, status);
    }
    const int printed = print_result(running);
    tell_run(running, status != CLI_BROKEN || running->result.interrupted_by_limit);
    tell_limit(running);
    if (running->session->stop->signal != 0) {
        fputs("orrery: interrupted when the simulation was done; the files are complete\n", stderr);
    }
    const int concluded = conclude(running);
    return printed != 0 ? printed : status == CLI_BROKEN ? status : concluded;
}

// ---- a finished run ----------------------------------------------------------------------------

// Whether the directory holds this very run, whole; then the result is read back.
static bool recall(struct running *running)
{
    if (running->options->rerun ||
        !run_directory_is_complete(&running->directory, text_get(&running->identity))) {
        return false;
    }
    struct text path;
    text_init(&path);
    text_format(&path, "%s/%s", text_get(&running->directory.path), outputs_files[OUTPUT_H5]);
    const bool good =
        archive_read(text_get(&path), &running->result, &running->why) == ARCHIVE_DONE;
    text_release(&path);
    if (good) {
        running->result.file = text_get(&running->arguments); // from where this one was asked
    }
    return good;
}

// Shows a finished run of the same scenario, seed and executable, and writes what it lacks.
static int show_again(struct running *running)
{
    const char *directory = text_get(&running->directory.path);
    const uint32_t absent = outputs_absent(directory, running->options->outputs);
    if (!outputs_write(&running->result, directory, absent, &running->why)) {
        return complain(running);
    }
    tell_notice(running);
    fprintf(stderr, "%s is up to date; --rerun simulates again\n", directory);
    const int printed = print_result(running);
    tell_limit(running);
    const int concluded = conclude(running);
    return printed != 0 ? printed : concluded;
}

// ---- the session -------------------------------------------------------------------------------

static void begin(struct running *running, const struct run_session *session, const char *file)
{
    *running = (struct running){.session = session, .options = session->options, .file = file};
    clock_gettime(CLOCK_MONOTONIC, &running->began);
    text_init(&running->source);
    text_init(&running->resolved);
    text_init(&running->identity);
    text_init(&running->arguments);
    run_options_arguments(session->options, file, &running->arguments);
    text_init(&running->why);
    result_init(&running->result);
    result_init(&running->without);
}

static void end(struct running *running)
{
    result_release(&running->result);
    result_release(&running->without);
    text_release(&running->source);
    text_release(&running->resolved);
    text_release(&running->identity);
    text_release(&running->arguments);
    text_release(&running->why);
}

// More replications may be needed than the first.
static bool grows(const struct running *running)
{
    const struct replications_design *wanted = &running->scenario.design.replications;
    return wanted->maximum > wanted->minimum;
}

// The directory is made and its journal open before anything is simulated.
static bool begin_journal(struct running *running)
{
    const struct run_options *options = running->options;
    const bool made = run_directory_make(&running->directory, &running->why);
    running->has_journal = true;
    const struct run_journal_study study = {text_get(&running->identity), grows(running)};
    const bool begun = run_journal_begin(&running->journal, &running->directory, options, &study,
                                         &running->why);
    const struct run_journal_command command = {.name = "run"};
    const bool told =
        !made || !begun || options->merging ||
        run_journal_tell(&running->journal, options, &command, running->file, &running->why);
    running->units = &running->journal.store.units;
    const struct run_executor *executor = running->session->executor;
    if (made && begun && told && executor != NULL) {
        running->units = executor->begin(executor->context, &running->journal.store);
    }
    return made && begun && told;
}

static int simulate_kept(struct running *running)
{
    if (!begin_journal(running)) {
        complain(running);
        return distrust(running->journal.store.status);
    }
    int status = simulate(running);
    const bool whole = status == 0 && running->result.replication_count > 0;
    if (is_serving(running)) {
        const struct run_executor *executor = running->session->executor;
        if (executor->is_whole(executor->context)) {
            run_journal_remove(&running->journal);
        }
        return status;
    }
    if (is_part(running)) {
        return whole ? tell_part(running) : status;
    }
    status = whole ? finish(running) : status;
    if (whole && status != CLI_BROKEN && !running->options->merging) {
        run_journal_remove(&running->journal);
    }
    return status;
}

static int emit(struct running *running)
{
    const struct run_options *options = running->options;
    const struct replications_design *wanted = &running->scenario.design.replications;
    struct text arguments, script;
    text_init(&arguments);
    text_init(&script);
    text_add(&arguments, text_get(&running->arguments));
    run_options_more_arguments(options, &arguments);
    const struct emit_job job = {
        .name = running->scenario.design.name,
        .command = "run",
        .arguments = text_get(&arguments),
        .directory = text_get(&running->directory.path),
        .out = options->out,
        .units = wanted->minimum > 0 ? wanted->minimum : 1,
        .batch = options->batch,
        .cores = options->has_workers ? options->workers : 1,
        .grows = grows(running),
    };
    emit_write(options->emit, &job, &script);
    const int status = print(&script);
    text_release(&arguments);
    text_release(&script);
    return status;
}

static int run_loaded(struct running *running)
{
    int status = 0;
    identify(running);
    if (running->options->has_only_rep) {
        status = simulate_one(running);
        return status != 0 ? status : finish(running);
    }
    run_directory_init(&running->directory, running->options->directory,
                       running->scenario.design.name, text_get(&running->identity));
    if (running->options->emit != EMIT_NOTHING) {
        status = emit(running);
    } else if (!is_part(running) && recall(running)) {
        status = show_again(running);
    } else {
        status = simulate_kept(running);
    }
    if (running->has_journal) {
        run_journal_end(&running->journal);
    }
    run_directory_release(&running->directory);
    return status;
}

int run_session(const struct run_session *session, const char *file)
{
    struct running running;
    struct diagnostic_list diagnostics;
    begin(&running, session, file);
    diagnostic_init(&diagnostics);
    const bool good = scenario_load(&running.scenario, file, &session->options->scenario,
                                    session->cli->catalog, &diagnostics);
    cli_show(session->cli, &diagnostics, DIAGNOSTIC_HUMAN, false);
    const int status = good ? run_loaded(&running) : CLI_WRONG;
    scenario_release(&running.scenario);
    diagnostic_release(&diagnostics);
    end(&running);
    return status;
}
