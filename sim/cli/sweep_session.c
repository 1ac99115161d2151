// sweep_session - points, journal, threads, files, table.
#include "sim/cli/sweep_session.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "reports/outputs.h"
#include "reports/summary.h"
#include "reports/sweep_report.h"
#include "sim/base/file.h"
#include "sim/cli/run_directory.h"
#include "sim/cli/run_journal.h"
#include "sim/cli/shell.h"
#include "sim/cli/sweep_print.h"
#include "sim/cli/sweep_space.h"
#include "sim/study/archive_sweep.h"
#include "sim/study/sweep.h"
#include "sim/study/verdict.h"

struct sweeping { // one study while it is worked on
    const struct cli *cli;
    const struct sweep_command *command;
    struct stop *stop;
    const struct run_executor *executor; // NULL: threads of this process alone
    struct scenario scenario; // as written, without the parameters that are varied
    struct sweep sweep;
    struct text source, identity, run_identity, arguments, why;
    char digest[DIGEST_ROOM];
    struct run_directory directory;
    struct run_journal journal;
    bool has_journal;
    struct sweep_print print;
    struct timespec began;
    double elapsed_s;
};

static int complain(const struct sweeping *sweeping)
{
    fprintf(stderr, "orrery: %s\n", text_get(&sweeping->why));
    return CLI_BROKEN;
}

static double since_s(const struct timespec *began)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - began->tv_sec) + (double)(now.tv_nsec - began->tv_nsec) / 1e9;
}

// ---- points
// --------------------------------------------------------------------------------------

static void show_errors(void *context, uint32_t point, struct diagnostic_list *diagnostics)
{
    const struct sweeping *sweeping = context;
    struct text words;
    text_init(&words);
    sweep_report_point(&sweeping->sweep, point, &words);
    fprintf(stderr, "point %u (%s):\n", point, text_get(&words));
    text_release(&words);
    cli_show(sweeping->cli, diagnostics, DIAGNOSTIC_HUMAN, false);
}

static void identify(struct sweeping *sweeping)
{
    run_options_identity(&sweeping->command->run, &sweeping->run_identity);
    text_format(&sweeping->identity, "%s\n%s", sweeping->scenario.digest,
                text_get(&sweeping->run_identity));
    sweep_identity(&sweeping->sweep, &sweeping->identity);
    digest_of(sweeping->identity.bytes, sweeping->identity.length, sweeping->digest);
    const char *points = sweeping->command->points;
    text_format(&sweeping->identity, "points=%s\n", points == NULL ? "all" : points);
}

// ---- files of a point
// ----------------------------------------------------------------------------

static void name_arguments(void *context, uint32_t point, struct text *out)
{
    const struct sweeping *sweeping = context;
    text_add(out, text_get(&sweeping->arguments));
    sweep_report_settings(&sweeping->sweep, point, out);
}

static bool write_summary(const struct result *result, const char *path, struct text *why)
{
    struct json_write json;
    json_write_init(&json);
    summary_write(result, &json);
    const char *content = json_write_get(&json);
    const bool good = file_write_soon(path, content, strlen(content), why);
    json_write_release(&json);
    return good;
}

// DIR/points/NUMBER.json is the point's summary.json; with --out its files stand in a directory.
static bool write_point(void *context, uint32_t point, const struct result *result,
                        struct text *why)
{
    const struct sweeping *sweeping = context;
    const struct sweep_command *command = sweeping->command;
    struct text path;
    text_init(&path);
    text_format(&path, "%s/points/%u", text_get(&sweeping->directory.path), point);
    bool good = true;
    if (command->has_out) {
        good = file_make_directory(text_get(&path), why) &&
               outputs_write(result, text_get(&path), command->run.outputs, why);
    }
    text_add(&path, ".json");
    good = good && write_summary(result, text_get(&path), why);
    text_release(&path);
    return good;
}

// ---- simulation
// ----------------------------------------------------------------------------------

// The options of its own as they were given, for a shell.
static void add_words(const struct sweep_command *command, struct text *out)
{
    for (uint32_t i = 0; i < command->word_count; i++) {
        text_add_char(out, ' ');
        shell_quote(out, command->words[i]);
    }
}

// Another process decides what is simulated here, and has the result.
static bool is_serving(const struct sweeping *sweeping)
{
    return sweeping->executor != NULL && sweeping->executor->is_whole != NULL;
}

static bool is_part(const struct sweeping *sweeping)
{
    const struct run_options *run = &sweeping->command->run;
    return run->shards > 0 || run->only.count > 0 || is_serving(sweeping);
}

static int interrupted(const struct sweeping *sweeping)
{
    const struct unit_store *store = &sweeping->journal.store;
    fprintf(stderr, "orrery: interrupted; %u units are kept in %s: the same command goes on\n",
            store->simulated + store->fetched, text_get(&sweeping->journal.folder));
    return stop_exit_status(sweeping->stop);
}

static int tell_part(const struct sweeping *sweeping)
{
    const struct unit_store *store = &sweeping->journal.store;
    const char *directory = text_get(&sweeping->directory.path);
    fprintf(stderr, "%u units simulated, %u were there, %u are for others; in %s\n",
            store->simulated, store->fetched, store->missing, text_get(&sweeping->journal.folder));
    fprintf(stderr, "when all parts are done: orrery merge %s\n", directory);
    return CLI_DONE;
}

static int tell_missing(const struct sweeping *sweeping)
{
    struct text command, text;
    text_init(&command);
    text_init(&text);
    text_format(&command, "sweep %s", text_get(&sweeping->arguments));
    add_words(sweeping->command, &command);
    run_journal_missing(&sweeping->journal, text_get(&command), true,
                        text_get(&sweeping->directory.path), &text);
    fprintf(stderr, "orrery: %s", text_get(&text));
    text_release(&command);
    text_release(&text);
    return CLI_BROKEN;
}

static int distrust(const struct unit_store *store)
{
    return store->status == JOURNAL_UNEQUAL ? CLI_NONDETERMINISM : CLI_BROKEN;
}

static int stopped(const struct sweeping *sweeping, enum sweep_end end)
{
    const struct unit_store *store = &sweeping->journal.store;
    switch (end) {
    case SWEEP_END_DONE:
        return CLI_DONE;
    case SWEEP_END_MISSING:
        return is_part(sweeping) ? tell_part(sweeping) : tell_missing(sweeping);
    case SWEEP_END_INTERRUPTED:
        return interrupted(sweeping);
    case SWEEP_END_FAST:
        sweep_print_failures(&sweeping->sweep, text_get(&sweeping->arguments));
        fputs("orrery: a point is broken, and --fail-fast ends the sweep\n", stderr);
        return CLI_BROKEN;
    case SWEEP_END_STORE:
        fprintf(stderr, "orrery: %s\n", text_get(&store->why));
        return distrust(store);
    case SWEEP_END_FILES:
        return complain(sweeping);
    }
    return CLI_BROKEN;
}

static void tell_progress(void *context, const struct sweep_progress *facts)
{
    struct sweeping *sweeping = context;
    sweep_print_progress(&sweeping->print, facts);
}

static enum sweep_end simulate(struct sweeping *sweeping)
{
    const struct run_options *run = &sweeping->command->run;
    const struct sweep_options options = {
        .workers = run->workers,
        .stop = &sweeping->stop->signal,
        .fail_fast = sweeping->command->fail_fast,
        .stop_on_fail = run->stop_on_fail,
        .reversed = run->reversed,
        .store = &sweeping->journal.store,
        .others = sweeping->executor == NULL ? NULL : sweeping->executor->others,
        .identity = text_get(&sweeping->run_identity),
        .resolved = sweeping->command->has_out,
        .context = sweeping,
        .arguments = name_arguments,
        .done = is_part(sweeping) ? NULL : write_point,
        .progress = run->no_progress || run->quiet ? NULL : tell_progress,
    };
    sweep_print_begin(&sweeping->print);
    const enum sweep_end end = sweep_run(&sweeping->sweep, &options, &sweeping->why);
    sweep_print_end(&sweeping->print);
    sweeping->elapsed_s = since_s(&sweeping->began);
    return end;
}

// ---- the answer
// ----------------------------------------------------------------------------------

static int verdict_status(const struct sweeping *sweeping)
{
    const struct run_options *run = &sweeping->command->run;
    for (uint32_t point = 0; point < sweeping->sweep.points.count; point++) {
        if (sweeping->sweep.rows[point].state == SWEEP_BROKEN) {
            return CLI_BROKEN;
        }
    }
    const enum verdict verdict = sweep_verdict(&sweeping->sweep);
    if (verdict == VERDICT_PASS || run->exit_zero) {
        return CLI_DONE;
    }
    if (verdict == VERDICT_UNDECIDED) {
        return run->allow_undecided ? CLI_DONE : CLI_UNDECIDED;
    }
    return CLI_FAILED;
}

static bool write_facts(struct sweeping *sweeping, int status)
{
    const struct run_directory_facts facts = {
        .argc = sweeping->cli->argc,
        .argv = sweeping->cli->argv,
        .workers = sweeping->command->run.workers,
        .elapsed_s = sweeping->elapsed_s,
        .peak_bytes = run_directory_peak_bytes(),
        .identity = text_get(&sweeping->identity),
        .exit_status = status,
    };
    struct result result; // of which the manifest takes digest, version and events
    result_init(&result);
    result.digest = sweeping->digest;
    result.version = sweeping->sweep.version;
    for (uint32_t point = 0; point < sweeping->sweep.points.count; point++) {
        result.events += sweeping->sweep.rows[point].events;
    }
    const bool good = run_directory_finish(&sweeping->directory, &result, &facts, &sweeping->why);
    result_release(&result);
    return good;
}

// Summaries that an older sweep of more points has left in the directory.
static void remove_stale(const struct sweeping *sweeping)
{
    struct text path;
    text_init(&path);
    uint32_t point = sweeping->sweep.points.count;
    do {
        text_clear(&path);
        text_format(&path, "%s/points/%u.json", text_get(&sweeping->directory.path), point++);
    } while (unlink(text_get(&path)) == 0);
    text_release(&path);
}

static bool write_archive(struct sweeping *sweeping, const struct sweep_report *report)
{
    const struct archive_sweep study = {.sweep = &sweeping->sweep,
                                        .seed = report->seed,
                                        .digest = report->digest,
                                        .command = report->command,
                                        .options = report->options,
                                        .source = report->source};
    struct text path;
    text_init(&path);
    text_format(&path, "%s/results.h5", text_get(&sweeping->directory.path));
    const bool good = archive_sweep_write(&study, text_get(&path), &sweeping->why);
    text_release(&path);
    return good;
}

static int finish(struct sweeping *sweeping)
{
    struct arena arena;
    struct text options;
    arena_init(&arena);
    text_init(&options);
    add_words(sweeping->command, &options);
    const struct sweep_curves curves = sweep_curves_find(&sweeping->sweep, &arena);
    struct sweep_report report = {
        .sweep = &sweeping->sweep,
        .digest = sweeping->digest,
        .seed = sweeping->scenario.design.seed,
        .curves = &curves,
        .command = text_get(&sweeping->arguments),
        .options = text_get(&options),
        .source = text_get(&sweeping->source),
    };
    const struct sweep_print_look look = {
        .json = sweeping->command->run.json,
        .quiet = sweeping->command->run.quiet,
        .verbose = sweeping->command->run.verbose,
        .color = cli_is_coloured(sweeping->cli, true),
    };
    int status = verdict_status(sweeping);
    remove_stale(sweeping);
    const bool written =
        write_archive(sweeping, &report) &&
        sweep_print_files(&report, text_get(&sweeping->directory.path), OUTPUTS_ALL,
                          &sweeping->why) &&
        run_directory_write(&sweeping->directory, "scenario.yaml", text_get(&sweeping->source),
                            &sweeping->why) &&
        write_facts(sweeping, status);
    if (!written) {
        status = complain(sweeping);
    }
    const bool printed = sweep_print_result(&report, &look);
    sweep_print_failures(&sweeping->sweep, text_get(&sweeping->arguments));
    if (written && !look.quiet) {
        fprintf(stderr, "%.1f s; results: %s/\n", sweeping->elapsed_s,
                text_get(&sweeping->directory.path));
    }
    text_release(&options);
    arena_release(&arena);
    return printed ? status : CLI_BROKEN;
}

// ---- the session
// ---------------------------------------------------------------------------------

// With a rule of stopping and points enough for all shards, each of these has whole points.
// Otherwise none could go on behind the first replications without the results of the others.
static bool is_by_point(const struct sweeping *sweeping, uint32_t shards)
{
    return sweeping->sweep.grows && shards > 0 && shards <= sweeping->sweep.chosen;
}

static bool begin_journal(struct sweeping *sweeping)
{
    const struct sweep_command *command = sweeping->command;
    // The journal serves every choice of points: its identity ends before them.
    struct text identity;
    text_init(&identity);
    text_format(&identity, "sweep %s", sweeping->digest);
    const bool made = run_directory_make(&sweeping->directory, &sweeping->why);
    sweeping->has_journal = true;
    const bool by_point = is_by_point(sweeping, command->run.shards);
    const struct run_journal_study study = {text_get(&identity),
                                            sweeping->sweep.grows && !by_point};
    const bool begun = run_journal_begin(&sweeping->journal, &sweeping->directory, &command->run,
                                         &study, &sweeping->why);
    sweeping->journal.store.by_point = by_point;
    text_release(&identity);
    const struct run_journal_command words = {"sweep", command->words, command->word_count};
    const bool good =
        made && begun &&
        (command->run.merging || run_journal_tell(&sweeping->journal, &command->run, &words,
                                                  command->run.files[0], &sweeping->why));
    if (good && sweeping->executor != NULL) {
        sweeping->executor->begin(sweeping->executor->context, &sweeping->journal.store);
    }
    return good;
}

static bool make_points(struct sweeping *sweeping)
{
    struct text path;
    text_init(&path);
    text_format(&path, "%s/points", text_get(&sweeping->directory.path));
    const bool made = is_part(sweeping) || file_make_directory(text_get(&path), &sweeping->why);
    text_release(&path);
    return made;
}

// Some points' units are kept for the others.
static void remove_journal(const struct sweeping *sweeping)
{
    if (sweeping->command->points == NULL) {
        run_journal_remove(&sweeping->journal);
    }
}

// The other process tells how the sweep has ended, but for what went wrong here.
static int served(struct sweeping *sweeping, enum sweep_end end)
{
    const int status =
        end == SWEEP_END_STORE || end == SWEEP_END_FILES ? stopped(sweeping, end) : CLI_DONE;
    if (sweeping->executor->is_whole(sweeping->executor->context)) {
        remove_journal(sweeping);
    }
    return status;
}

static int run_kept(struct sweeping *sweeping)
{
    if (!begin_journal(sweeping) || !make_points(sweeping)) {
        complain(sweeping);
        return distrust(&sweeping->journal.store);
    }
    const enum sweep_end end = simulate(sweeping);
    if (is_serving(sweeping)) {
        return served(sweeping, end);
    }
    if (end != SWEEP_END_DONE) {
        return stopped(sweeping, end);
    }
    if (is_part(sweeping)) {
        return tell_part(sweeping);
    }
    const int status = finish(sweeping);
    if (status != CLI_BROKEN && !sweeping->command->run.merging) {
        remove_journal(sweeping);
    }
    return status;
}

// The script that simulates the sweep in shards.
static int emit(const struct sweeping *sweeping)
{
    const struct sweep_command *command = sweeping->command;
    struct text arguments, script;
    text_init(&arguments);
    text_init(&script);
    text_add(&arguments, text_get(&sweeping->arguments));
    add_words(command, &arguments);
    uint64_t units = 0;
    for (uint32_t point = 0; point < sweeping->sweep.points.count; point++) {
        units += sweeping->sweep.rows[point].least;
    }
    struct emit_job job = {
        .name = sweeping->sweep.scenario,
        .command = "sweep",
        .arguments = text_get(&arguments),
        .directory = text_get(&sweeping->directory.path),
        .out = command->run.out,
        .units = units < UINT32_MAX ? (uint32_t)units : UINT32_MAX,
        .batch = command->run.batch,
        .cores = command->run.has_workers ? command->run.workers : 1,
    };
    job.grows = sweeping->sweep.grows && !is_by_point(sweeping, emit_shards(&job));
    emit_write(command->run.emit, &job, &script);
    const bool good = cli_print(&script);
    text_release(&arguments);
    text_release(&script);
    return good ? CLI_DONE : CLI_BROKEN;
}

static int run_checked(struct sweeping *sweeping)
{
    const struct run_options *run = &sweeping->command->run;
    identify(sweeping);
    struct text name;
    text_init(&name);
    text_format(&name, "%s-sweep", sweeping->sweep.scenario);
    run_directory_init(&sweeping->directory, run->directory, text_get(&name),
                       text_get(&sweeping->identity));
    text_release(&name);
    int status;
    if (run->emit != EMIT_NOTHING) {
        status = emit(sweeping);
    } else if (!is_part(sweeping) && !run->rerun &&
               run_directory_is_complete(&sweeping->directory, text_get(&sweeping->identity))) {
        status = sweep_print_again(text_get(&sweeping->directory.path), run);
    } else {
        status = run_kept(sweeping);
    }
    if (sweeping->has_journal) {
        run_journal_end(&sweeping->journal);
    }
    run_directory_release(&sweeping->directory);
    return status;
}

// A dry run: stdout is the same everywhere, what the clock says goes to stderr.
static int list(const struct sweeping *sweeping)
{
    const struct run_options *run = &sweeping->command->run;
    const int status = sweep_print_list(&sweeping->sweep);
    if (!run->quiet) {
        sweep_print_pilot(&sweeping->sweep, run->workers, &sweeping->stop->signal);
    }
    return sweeping->stop->signal != 0 ? stop_exit_status(sweeping->stop) : status;
}

static int run_loaded(struct sweeping *sweeping)
{
    const struct sweep_command *command = sweeping->command;
    struct sweep *sweep = &sweeping->sweep;
    if (!file_read(command->run.files[0], &sweeping->source, &sweeping->why)) {
        return complain(sweeping);
    }
    sweep->source = (struct sweep_source){
        .path = command->run.files[0],
        .file = {command->run.files[0], text_get(&sweeping->source), sweeping->source.length},
        .options = &command->run.scenario,
        .catalog = sweeping->cli->catalog,
    };
    run_options_arguments(&command->run, command->run.files[0], &sweeping->arguments);
    run_options_more_arguments(&command->run, &sweeping->arguments);
    if (!sweep_check(sweep, show_errors, sweeping)) {
        return CLI_WRONG;
    }
    return command->list ? list(sweeping) : run_checked(sweeping);
}

static void begin(struct sweeping *sweeping, const struct cli *cli,
                  const struct sweep_command *command, struct stop *stop)
{
    *sweeping = (struct sweeping){.cli = cli, .command = command, .stop = stop};
    clock_gettime(CLOCK_MONOTONIC, &sweeping->began);
    text_init(&sweeping->source);
    text_init(&sweeping->identity);
    text_init(&sweeping->run_identity);
    text_init(&sweeping->arguments);
    text_init(&sweeping->why);
    sweep_init(&sweeping->sweep);
}

static void end(struct sweeping *sweeping)
{
    sweep_release(&sweeping->sweep);
    text_release(&sweeping->source);
    text_release(&sweeping->identity);
    text_release(&sweeping->run_identity);
    text_release(&sweeping->arguments);
    text_release(&sweeping->why);
}

int sweep_session(const struct cli *cli, const struct sweep_command *command, struct stop *stop,
                  const struct run_executor *executor)
{
    struct sweeping sweeping;
    struct diagnostic_list diagnostics;
    begin(&sweeping, cli, command, stop);
    sweeping.executor = executor;
    diagnostic_init(&diagnostics);
    const bool good = scenario_load(&sweeping.scenario, command->run.files[0],
                                    &command->run.scenario, cli->catalog, &diagnostics) &&
                      sweep_space_read(&sweeping.sweep, &sweeping.scenario, command);
    cli_show(cli, &diagnostics, DIAGNOSTIC_HUMAN, false);
    const int status = good ? run_loaded(&sweeping) : CLI_WRONG;
    scenario_release(&sweeping.scenario);
    diagnostic_release(&diagnostics);
    end(&sweeping);
    return status;
}
