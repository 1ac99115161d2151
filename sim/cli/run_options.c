// run_options - reads the command line of `orrery run`.
#include "sim/cli/run_options.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "reports/outputs.h"
#include "sim/cli/shell.h"

enum { MOST_WORKERS = 1024, USUAL_BATCH = 10 };

enum run_option {
    OPTION_JSON,
    OPTION_SEED,
    OPTION_REP,
    OPTION_DURATION,
    OPTION_WARMUP,
    OPTION_SET,
    OPTION_SET_PATH,
    OPTION_FAULTS,
    OPTION_WORKERS,
    OPTION_DIRECTORY,
    OPTION_OUT,
    OPTION_ONLY_REP,
    OPTION_EVENTS,
    OPTION_STOP_ON_FAIL,
    OPTION_ALLOW_UNDECIDED,
    OPTION_EXIT_ZERO,
    OPTION_RERUN,
    OPTION_SHARD,
    OPTION_UNITS,
    OPTION_JOURNAL,
    OPTION_AUDIT,
    OPTION_RESUME,
    OPTION_SCHEDULE,
    OPTION_EMIT,
    OPTION_BATCH,
    OPTION_NO_PROGRESS,
    OPTION_QUIET,
    OPTION_VERBOSE,
};

const struct options_row run_options_rows[] = {
    [OPTION_JSON] = {"json", 0, NULL, "print summary.json on standard output, and nothing else"},
    [OPTION_SEED] = {"seed", 0, "N", "seed of the random streams instead of the scenario's"},
    [OPTION_REP] = {"rep", 0, "N|MIN..MAX", "number of replications"},
    [OPTION_DURATION] = {"duration", 0, "D", "simulated time of one replication, e.g. 30m"},
    [OPTION_WARMUP] = {"warmup", 0, "D|auto", "time before the statistics begin"},
    [OPTION_SET] = {"set", 0, "NAME=VALUE", "a parameter of `params:`; may be repeated"},
    [OPTION_SET_PATH] = {"set-path", 0, "PATH=VALUE", "any value by its path; may be repeated"},
    [OPTION_FAULTS] = {"faults", 0, "none|all|NAME,...",
                       "faults in force; `all` also runs without and compares"},
    [OPTION_WORKERS] = {"jobs", 'j', "N", "threads; the answer does not depend on it"},
    [OPTION_DIRECTORY] = {"output", 'o', "DIR", "where the results go instead of runs/"},
    [OPTION_OUT] = {"out", 0, "LIST", "html, md, junit, svg, openmetrics; json and h5 always"},
    [OPTION_ONLY_REP] = {"only-rep", 0, "N", "one replication by its number, nothing is stored"},
    [OPTION_EVENTS] = {"events", 0, "FILE", "with --only-rep: every event as a line of JSON"},
    [OPTION_STOP_ON_FAIL] = {"stop-on-fail", 0, NULL, "no more replications after a FAIL"},
    [OPTION_ALLOW_UNDECIDED] = {"allow-undecided", 0, NULL, "UNDECIDED exits 0 instead of 4"},
    [OPTION_EXIT_ZERO] = {"exit-zero", 0, NULL, "any verdict exits 0"},
    [OPTION_RERUN] = {"rerun", 0, NULL, "run again although the result is there"},
    [OPTION_SHARD] = {"shard", 0, "I/N",
                      "only every Nth replication, into a journal: orrery merge"},
    [OPTION_UNITS] = {"units", 0, "LIST", "only these replications, e.g. 3,7-9, into a journal"},
    [OPTION_JOURNAL] = {"journal", 0, "NAME", "name of this process's journal"},
    [OPTION_AUDIT] = {"audit", 0, "SHARE", "simulate so many finished ones again, e.g. 1%"},
    [OPTION_RESUME] = {"resume", 0, NULL, "go on where an interrupted run stopped (the default)"},
    [OPTION_SCHEDULE] = {"schedule", 0, "forward|reverse", "order of the replications, for tests"},
    [OPTION_EMIT] = {"emit", 0, "slurm|parallel|k8s",
                     "print a script that simulates in shards; nothing is simulated here"},
    [OPTION_BATCH] = {"batch", 0, "N", "with --emit: replications a shard, at least (10)"},
    [OPTION_NO_PROGRESS] = {"no-progress", 0, NULL, "no progress on standard error"},
    [OPTION_QUIET] = {"quiet", 'q', NULL, "the verdicts only"},
    [OPTION_VERBOSE] = {"verbose", 'v', NULL, "also operations, edges and checks"},
    {0},
};

static bool wrong_value(struct text *wrong, const char *name, const char *value,
                        const char *expected)
{
    text_clear(wrong);
    text_format(wrong, "`%s` is no value of --%s: expected %s", value, name, expected);
    return false;
}

// Plain decimal digits, the whole text.
static bool read_number(const char *text, uint64_t most, uint64_t *number)
{
    uint64_t value = 0;
    if (*text == '\0' || strspn(text, "0123456789") != strlen(text)) {
        return false;
    }
    for (; *text != '\0'; text++) {
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, (uint64_t)(*text - '0'), &value)) {
            return false;
        }
    }
    *number = value;
    return value <= most;
}

static bool read_override(struct run_options *options, const char *value, bool is_path,
                          struct text *wrong)
{
    const char *equals = strchr(value, '=');
    if (equals == NULL || equals == value) {
        return wrong_value(wrong, is_path ? "set-path" : "set", value, "NAME=VALUE");
    }
    if (options->override_count == RUN_OPTIONS_MOST) {
        return wrong_value(wrong, "set", value, "at most 256 of them");
    }
    const char *name = arena_text_part(&options->arena, value, (size_t)(equals - value));
    options->overrides[options->override_count++] =
        (struct document_override){.name = name, .value = equals + 1, .is_path = is_path};
    return true;
}

static bool read_out(struct run_options *options, const char *value, struct text *wrong)
{
    const char *unknown;
    options->out = value;
    return outputs_choose(value, &options->outputs, &unknown) ||
           wrong_value(wrong, "out", unknown,
                       "a list of html, md, junit, svg, openmetrics, json, h5");
}

static bool read_count(const char *name, const char *value, uint64_t most, uint32_t *count,
                       struct text *wrong)
{
    uint64_t number = 0;
    if (!read_number(value, most, &number)) {
        return wrong_value(wrong, name, value, "a whole number");
    }
    *count = (uint32_t)number;
    return true;
}

static bool read_workers(struct run_options *options, const char *value, struct text *wrong)
{
    options->has_workers = true;
    return read_count("jobs", value, MOST_WORKERS, &options->workers, wrong) &&
           (options->workers > 0 || wrong_value(wrong, "jobs", value, "at least 1"));
}

static bool read_shard(struct run_options *options, const char *value, struct text *wrong)
{
    uint64_t index = 0, count = 0;
    const char *slash = strchr(value, '/');
    char first[24] = "";
    if (slash != NULL && (size_t)(slash - value) < sizeof first) {
        memcpy(first, value, (size_t)(slash - value));
    }
    const bool good = slash != NULL && read_number(first, UINT32_MAX, &index) &&
                      read_number(slash + 1, UINT32_MAX, &count) && index >= 1 && index <= count;
    options->shard = (uint32_t)index - 1;
    options->shards = (uint32_t)count;
    return good || wrong_value(wrong, "shard", value, "I/N with 1 <= I <= N, e.g. 2/3");
}

static bool read_units(struct run_options *options, const char *value, struct text *wrong)
{
    return unit_list_read(&options->only, value, options->sweeps) ||
           wrong_value(wrong, "units", value,
                       options->sweeps ? "points with replications, e.g. 4/0-9,7-9/3,5"
                                       : "numbers and ranges, e.g. 3,7-9");
}

static bool read_audit(struct run_options *options, const char *value, struct text *wrong)
{
    char *rest;
    const double number = strtod(value, &rest);
    options->audit = *rest == '%' ? number / 100 : number;
    const bool good = rest != value && (*rest == '\0' || strcmp(rest, "%") == 0);
    return (good && options->audit >= 0 && options->audit <= 1) ||
           wrong_value(wrong, "audit", value, "a share, e.g. 1%");
}

static bool read_journal(struct run_options *options, const char *value, struct text *wrong)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
    options->journal = value;
    return (*value != '\0' && strspn(value, plain) == strlen(value)) ||
           wrong_value(wrong, "journal", value, "letters, digits, - and _");
}

static bool read_emit(struct run_options *options, const char *value, struct text *wrong)
{
    return emit_choose(value, &options->emit) ||
           wrong_value(wrong, "emit", value, "slurm, parallel or k8s");
}

static bool read_batch(struct run_options *options, const char *value, struct text *wrong)
{
    return read_count("batch", value, UINT32_MAX, &options->batch, wrong) &&
           (options->batch > 0 || wrong_value(wrong, "batch", value, "at least 1"));
}

static bool read_schedule(struct run_options *options, const char *value, struct text *wrong)
{
    options->reversed = strcmp(value, "reverse") == 0;
    return options->reversed || strcmp(value, "forward") == 0 ||
           wrong_value(wrong, "schedule", value, "forward or reverse");
}

// The text of an option that the scenario floor reads; NULL: not one of them.
static const char **scenario_text(struct run_options *options, enum run_option option)
{
    struct scenario_options *scenario = &options->scenario;
    switch ((int)option) {
    case OPTION_SEED:
        return &scenario->seed;
    case OPTION_REP:
        return &scenario->replications;
    case OPTION_DURATION:
        return &scenario->duration;
    case OPTION_WARMUP:
        return &scenario->warmup;
    case OPTION_FAULTS:
        return &scenario->faults;
    case OPTION_DIRECTORY:
        return &options->directory;
    case OPTION_EVENTS:
        return &options->events;
    }
    return NULL;
}

static bool read_valued(struct run_options *options, enum run_option option, const char *value,
                        struct text *wrong)
{
    const char **text = scenario_text(options, option);
    if (text != NULL) {
        *text = value;
        return true;
    }
    switch ((int)option) {
    case OPTION_SET:
    case OPTION_SET_PATH:
        return read_override(options, value, option == OPTION_SET_PATH, wrong);
    case OPTION_WORKERS:
        return read_workers(options, value, wrong);
    case OPTION_OUT:
        return read_out(options, value, wrong);
    case OPTION_SHARD:
        return read_shard(options, value, wrong);
    case OPTION_UNITS:
        return read_units(options, value, wrong);
    case OPTION_JOURNAL:
        return read_journal(options, value, wrong);
    case OPTION_AUDIT:
        return read_audit(options, value, wrong);
    case OPTION_SCHEDULE:
        return read_schedule(options, value, wrong);
    case OPTION_EMIT:
        return read_emit(options, value, wrong);
    case OPTION_BATCH:
        return read_batch(options, value, wrong);
    case OPTION_ONLY_REP:
        options->has_only_rep = true;
        return read_count("only-rep", value, UINT32_MAX - 1, &options->only_rep, wrong);
    }
    return true;
}

static void read_flag(struct run_options *options, enum run_option option)
{
    options->json |= option == OPTION_JSON;
    options->stop_on_fail |= option == OPTION_STOP_ON_FAIL;
    options->allow_undecided |= option == OPTION_ALLOW_UNDECIDED;
    options->exit_zero |= option == OPTION_EXIT_ZERO;
    options->rerun |= option == OPTION_RERUN;
    options->resume |= option == OPTION_RESUME;
    options->no_progress |= option == OPTION_NO_PROGRESS;
    options->quiet |= option == OPTION_QUIET;
    options->verbose |= option == OPTION_VERBOSE;
}

static bool read_operand(struct run_options *options, const char *file, struct text *wrong)
{
    if (options->file_count == RUN_OPTIONS_MOST) {
        return wrong_value(wrong, "run", file, "at most 256 files");
    }
    options->files[options->file_count++] = file;
    return true;
}

static bool complain(struct text *wrong, const char *sentence)
{
    text_clear(wrong);
    text_add(wrong, sentence);
    return false;
}

// What fits together.
static bool check_whole(const struct run_options *options, struct text *wrong)
{
    if (options->file_count == 0) {
        return complain(wrong, "no scenario given: orrery run FILE...");
    }
    if (options->json && options->file_count > 1) {
        return complain(wrong, "--json prints one document: give one scenario");
    }
    const bool part = options->shards > 0 || options->only.count > 0;
    if (part && options->has_only_rep) {
        return complain(wrong, "--only-rep stores nothing: it goes without --shard and --units");
    }
    if (options->shards > 0 && options->only.count > 0) {
        return complain(wrong, "give --shard or --units, not both");
    }
    if (options->resume && options->rerun) {
        return complain(wrong, "--resume goes on, --rerun begins anew: give one of them");
    }
    if (options->emit != EMIT_NOTHING && options->file_count > 1) {
        return complain(wrong, "--emit prints one script: give one scenario");
    }
    if (options->emit != EMIT_NOTHING && (part || options->has_only_rep)) {
        return complain(wrong, "--emit makes the shards: give no part beside it");
    }
    if (options->events != NULL && !options->has_only_rep) {
        return complain(wrong, "--events needs --only-rep N: one replication is logged");
    }
    return true;
}

bool run_options_read(struct run_options *options, int argc, char **argv, struct text *wrong)
{
    const long processors = sysconf(_SC_NPROCESSORS_ONLN);
    *options = (struct run_options){
        .workers = processors > 0 ? (uint32_t)processors : 1,
        .outputs = OUTPUTS_ALL,
        .batch = USUAL_BATCH,
        .sweeps = strcmp(argv[0], "sweep") == 0,
    };
    arena_init(&options->arena);
    struct options reader;
    options_init(&reader, run_options_rows, argc, argv);
    bool good = true;
    int found = 0;
    while (good && (found = options_next(&reader)) != OPTIONS_END) {
        if (found == OPTIONS_WRONG) {
            good = complain(wrong, text_get(&reader.wrong));
        } else if (found == OPTIONS_OPERAND) {
            good = read_operand(options, reader.value, wrong);
        } else if (run_options_rows[found].value == NULL) {
            read_flag(options, (enum run_option)found);
        } else {
            good = read_valued(options, (enum run_option)found, reader.value, wrong);
        }
    }
    options_release(&reader);
    options->scenario.overrides =
        (struct document_overrides){options->overrides, options->override_count};
    return good && check_whole(options, wrong);
}

void run_options_release(struct run_options *options)
{
    arena_release(&options->arena);
    unit_list_release(&options->only);
}

static void identify(struct text *identity, const char *name, const char *value)
{
    text_format(identity, "%s=%s\n", name, value == NULL ? "as written" : value);
}

// Overrides of parameters are part of the resolved scenario already.
void run_options_identity(const struct run_options *options, struct text *identity)
{
    identify(identity, "seed", options->scenario.seed);
    identify(identity, "rep", options->scenario.replications);
    identify(identity, "duration", options->scenario.duration);
    identify(identity, "warmup", options->scenario.warmup);
    identify(identity, "faults", options->scenario.faults);
    identify(identity, "stop-on-fail", options->stop_on_fail ? "yes" : NULL);
}

static void add_argument(struct text *out, const char *option, const char *value)
{
    if (value != NULL) {
        text_format(out, " --%s ", option);
        shell_quote(out, value);
    }
}

void run_options_journal(const struct run_options *options, struct text *name)
{
    if (options->journal != NULL) {
        text_add(name, options->journal);
    } else if (options->shards > 0) {
        text_format(name, "shard-%u-of-%u", options->shard + 1, options->shards);
    } else {
        text_add(name, options->only.count > 0 ? "units" : "all");
    }
}

void run_options_arguments(const struct run_options *options, const char *file, struct text *out)
{
    shell_quote(out, file);
    for (uint32_t i = 0; i < options->override_count; i++) {
        const struct document_override *override = &options->overrides[i];
        struct text pair;
        text_init(&pair);
        text_format(&pair, "%s=%s", override->name, override->value);
        add_argument(out, override->is_path ? "set-path" : "set", text_get(&pair));
        text_release(&pair);
    }
    add_argument(out, "seed", options->scenario.seed);
    add_argument(out, "duration", options->scenario.duration);
    add_argument(out, "warmup", options->scenario.warmup);
    add_argument(out, "faults", options->scenario.faults);
}

void run_options_more_arguments(const struct run_options *options, struct text *out)
{
    add_argument(out, "rep", options->scenario.replications);
    if (options->stop_on_fail) {
        text_add(out, " --stop-on-fail");
    }
}
