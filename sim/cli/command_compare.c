// command_compare - `orrery compare BASE NEW`: two results, or two scenarios simulated with the
// same random numbers, paired by replication.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "reports/comparison.h"
#include "sim/base/file.h"
#include "sim/cli/commands.h"
#include "sim/cli/git_base.h"
#include "sim/cli/open_result.h"
#include "sim/cli/progress.h"
#include "sim/cli/stop.h"
#include "sim/scenario/scenario.h"
#include "sim/study/compare.h"
#include "sim/study/replicate.h"

enum compare_option {
    OPTION_METRIC,
    OPTION_ALPHA,
    OPTION_MARGIN,
    OPTION_FAIL_ON,
    OPTION_FORMAT,
    OPTION_OUTPUT,
    OPTION_FORCE,
    OPTION_REP,
    OPTION_SEED,
    OPTION_DURATION,
    OPTION_WARMUP,
    OPTION_SET,
    OPTION_WORKERS,
    OPTION_NO_PROGRESS,
};

static const struct options_row rows[] = {
    [OPTION_METRIC] = {"metric", 0, "PATTERN", "metrics to compare, * stands for anything"},
    [OPTION_ALPHA] = {"alpha", 0, "P", "level of significance, 0.05"},
    [OPTION_MARGIN] = {"margin", 0, "SHARE", "changes up to it do not count, 1%"},
    [OPTION_FAIL_ON] = {"fail-on", 0, "regression|slo|any|nothing", "what exits 1: regression"},
    [OPTION_FORMAT] = {"format", 0, "human|md|json|junit", "what is printed"},
    [OPTION_OUTPUT] = {"output", 'o', "DIR", "also writes compare.{txt,md,json}, junit.xml there"},
    [OPTION_FORCE] = {"force", 0, NULL, "compare whatever differs"},
    [OPTION_REP] = {"rep", 0, "N", "replications of scenarios that are simulated"},
    [OPTION_SEED] = {"seed", 0, "N", "seed of scenarios that are simulated"},
    [OPTION_DURATION] = {"duration", 0, "D", "simulated time of one replication of them"},
    [OPTION_WARMUP] = {"warmup", 0, "D|auto", "their warm-up"},
    [OPTION_SET] = {"set", 0, "NAME=VALUE", "a parameter of the NEW scenario; may be repeated"},
    [OPTION_WORKERS] = {"jobs", 'j', "N", "threads; the answer does not depend on it"},
    [OPTION_NO_PROGRESS] = {"no-progress", 0, NULL, "no progress on standard error"},
    {0},
};

enum fail_on { FAIL_ON_REGRESSION, FAIL_ON_SLO, FAIL_ON_ANY, FAIL_ON_NOTHING };
enum format { FORMAT_HUMAN, FORMAT_MARKDOWN, FORMAT_JSON, FORMAT_JUNIT };
enum { OVERRIDES = 64 };

struct comparing {
    const struct cli *cli;
    const char *sides[2];
    uint32_t side_count;
    struct compare_options options;
    enum fail_on fail_on;
    enum format format;
    const char *output;
    struct scenario_options scenario;
    struct document_override overrides[OVERRIDES];
    char *names[OVERRIDES];
    uint32_t override_count;
    uint32_t workers;
    bool no_progress;
    struct stop stop;
    const struct git_base *revision; // that the present side comes from, NULL: none
    const char *named;               // as it was given
};

// ---- the command line ---------------------------------------------------------------------------

static bool read_share(const char *value, double *share)
{
    char *rest;
    *share = strtod(value, &rest);
    if (strcmp(rest, "%") == 0) {
        *share /= 100;
        rest++;
    }
    return rest != value && *rest == '\0' && *share >= 0 && *share < 1;
}

static bool read_word(const char *value, const char *const *words, int *chosen)
{
    for (int i = 0; words[i] != NULL; i++) {
        if (strcmp(value, words[i]) == 0) {
            *chosen = i;
            return true;
        }
    }
    return false;
}

static bool read_set(struct comparing *comparing, const char *value)
{
    const char *equals = strchr(value, '=');
    if (equals == NULL || equals == value || comparing->override_count == OVERRIDES) {
        return false;
    }
    char *name = strndup(value, (size_t)(equals - value));
    comparing->names[comparing->override_count] = name;
    comparing->overrides[comparing->override_count++] =
        (struct document_override){.name = name, .value = equals + 1};
    return true;
}

static bool read_workers(struct comparing *comparing, const char *value)
{
    char *rest;
    const unsigned long workers = strtoul(value, &rest, 10);
    comparing->workers = (uint32_t)workers;
    return *value >= '0' && *value <= '9' && *rest == '\0' && workers >= 1 && workers <= 1024;
}

static bool take_word(struct comparing *comparing, int found, const char *value)
{
    static const char *const fails[] = {"regression", "slo", "any", "nothing", NULL};
    static const char *const formats[] = {"human", "md", "json", "junit", NULL};
    int word = 0;
    const bool good = read_word(value, found == OPTION_FAIL_ON ? fails : formats, &word);
    if (found == OPTION_FAIL_ON) {
        comparing->fail_on = (enum fail_on)word;
    } else {
        comparing->format = (enum format)word;
    }
    return good;
}

static bool take(struct comparing *comparing, int found, const char *value)
{
    if (found == OPTIONS_OPERAND) {
        if (comparing->side_count == 2) {
            return false;
        }
        comparing->sides[comparing->side_count++] = value;
        return true;
    }
    switch ((enum compare_option)found) {
    case OPTION_METRIC:
        comparing->options.metric = value;
        return true;
    case OPTION_ALPHA:
        return read_share(value, &comparing->options.alpha) && comparing->options.alpha > 0;
    case OPTION_MARGIN:
        return read_share(value, &comparing->options.margin);
    case OPTION_FAIL_ON:
    case OPTION_FORMAT:
        return take_word(comparing, found, value);
    case OPTION_OUTPUT:
        comparing->output = value;
        return true;
    case OPTION_FORCE:
        comparing->options.force = true;
        return true;
    case OPTION_REP:
        comparing->scenario.replications = value;
        return true;
    case OPTION_SEED:
        comparing->scenario.seed = value;
        return true;
    case OPTION_DURATION:
        comparing->scenario.duration = value;
        return true;
    case OPTION_WARMUP:
        comparing->scenario.warmup = value;
        return true;
    case OPTION_SET:
        return read_set(comparing, value);
    case OPTION_WORKERS:
        return read_workers(comparing, value);
    case OPTION_NO_PROGRESS:
        comparing->no_progress = true;
        return true;
    }
    return false;
}

static int read_options(struct comparing *comparing, int argc, char **argv)
{
    struct options reader;
    int found, status = CLI_DONE;
    options_init(&reader, rows, argc, argv);
    while (status == CLI_DONE && (found = options_next(&reader)) != OPTIONS_END) {
        if (found == OPTIONS_WRONG) {
            status = cli_misuse(&command_compare, "%s", text_get(&reader.wrong));
        } else if (!take(comparing, found, reader.value)) {
            status = cli_misuse(&command_compare, "`%s` cannot be used here", reader.value);
        }
    }
    options_release(&reader);
    if (status == CLI_DONE && comparing->side_count != 2) {
        status = cli_misuse(&command_compare, "give two: orrery compare BASE NEW");
    }
    return status;
}

// ---- sides --------------------------------------------------------------------------------------

static bool is_named(const char *path, const char *end)
{
    const size_t length = strlen(path), tail = strlen(end);
    return length > tail && strcmp(path + length - tail, end) == 0;
}

static bool has_file(const char *directory, const char *name, struct text *path)
{
    text_clear(path);
    text_format(path, "%s/%s", directory, name);
    return file_exists(text_get(path));
}

static enum replicate_end replicate_side(struct comparing *comparing,
                                         const struct scenario *scenario, const char *file,
                                         struct result *result)
{
    struct progress progress;
    struct text resolved;
    text_init(&resolved);
    scenario_resolved(scenario, &resolved);
    const struct replicate_options options = {
        .workers = comparing->workers,
        .stop = &comparing->stop.signal,
        .progress = progress_tell,
        .context = &progress,
        .file = file,
        .digest = scenario->digest,
        .source = "",
        .resolved = text_get(&resolved),
    };
    progress_init(&progress, comparing->no_progress);
    const enum replicate_end end = replicate(&scenario->design, &options, result);
    progress_end(&progress);
    text_release(&resolved);
    return end;
}

// Files of a revision are named as git names them, not by their temporary place.
static void name_sources(const struct comparing *comparing, struct diagnostic_list *list)
{
    for (uint32_t i = 0; i < list->source_count && comparing->revision != NULL; i++) {
        struct text name;
        text_init(&name);
        git_base_name(comparing->revision, comparing->named, list->sources[i].name, &name);
        list->sources[i].name = arena_text(&list->arena, text_get(&name));
        text_release(&name);
    }
}

// Simulates the scenario; the new one with the seed and the number of replications of the base.
static int simulate_side(struct comparing *comparing, const char *file,
                         const struct compare_side *base, struct compare_side *side)
{
    struct scenario scenario;
    struct diagnostic_list diagnostics;
    struct result result;
    struct scenario_options options = comparing->scenario;
    char seed[24], count[24];
    if (base != NULL) {
        options.overrides =
            (struct document_overrides){comparing->overrides, comparing->override_count};
        snprintf(seed, sizeof seed, "%llu", (unsigned long long)base->seed);
        snprintf(count, sizeof count, "%u", base->batches ? 1 : base->count);
        options.seed = options.seed == NULL ? seed : options.seed;
        options.replications = options.replications == NULL ? count : options.replications;
    }
    diagnostic_init(&diagnostics);
    result_init(&result);
    const bool good =
        scenario_load(&scenario, file, &options, comparing->cli->catalog, &diagnostics);
    name_sources(comparing, &diagnostics);
    cli_show(comparing->cli, &diagnostics, DIAGNOSTIC_HUMAN, false);
    int status = good ? CLI_DONE : CLI_WRONG;
    if (good && replicate_side(comparing, &scenario, file, &result) != REPLICATE_DONE) {
        fputs("orrery: interrupted; nothing was written\n", stderr);
        status = stop_exit_status(&comparing->stop);
    }
    compare_side_of(side, &result, file);
    result_release(&result);
    scenario_release(&scenario);
    diagnostic_release(&diagnostics);
    return status;
}

static int read_archive(const char *where, struct compare_side *side)
{
    struct result result;
    const int status = open_result(where, &result);
    compare_side_of(side, &result, where);
    result_release(&result);
    return status;
}

static int read_summary(const char *path, struct compare_side *side)
{
    struct text why;
    text_init(&why);
    const bool good = compare_side_read(side, path, &why);
    if (!good) {
        fprintf(stderr, "orrery: %s\n", text_get(&why));
    }
    text_release(&why);
    return good ? CLI_DONE : CLI_WRONG;
}

// What another version made is simulated again, if its scenario lies beside.
static int renew(struct comparing *comparing, const char *where, const struct compare_side *base,
                 struct compare_side *side)
{
    struct text path;
    text_init(&path);
    int status = CLI_DONE;
    const bool old = side->version != NULL && !text_same(side->version, ORRERY_VERSION);
    if (old && has_file(where, "scenario.yaml", &path)) {
        fprintf(stderr, "orrery: %s was made by version %s; it is simulated again\n", where,
                side->version);
        compare_side_release(side);
        status = simulate_side(comparing, text_get(&path), base, side);
    }
    text_release(&path);
    return status;
}

static int open_path(struct comparing *comparing, const char *where,
                     const struct compare_side *base, struct compare_side *side)
{
    struct text path;
    text_init(&path);
    int status;
    if (is_named(where, ".yaml") || is_named(where, ".yml")) {
        status = simulate_side(comparing, where, base, side);
    } else if (is_named(where, ".json")) {
        status = read_summary(where, side);
    } else if (!has_file(where, "results.h5", &path) && has_file(where, "summary.json", &path)) {
        status = read_summary(text_get(&path), side);
        status = status == CLI_DONE ? renew(comparing, where, base, side) : status;
    } else {
        status = read_archive(where, side);
        status = status == CLI_DONE ? renew(comparing, where, base, side) : status;
    }
    text_release(&path);
    return status;
}

static int open_revision(struct comparing *comparing, const char *where,
                         const struct compare_side *base, struct compare_side *side)
{
    struct git_base revision;
    struct text why;
    text_init(&why);
    int status = CLI_WRONG;
    *side = (struct compare_side){0};
    const enum git_base_end end = git_base_take(&revision, where, &why);
    if (end == GIT_BASE_DONE) {
        comparing->revision = &revision;
        comparing->named = where;
        status = open_path(comparing, text_get(&revision.path), base, side);
        comparing->revision = NULL;
        side->label = arena_text(&side->arena, where);
    } else {
        fprintf(stderr, "orrery: %s\n", text_get(&why));
        status = end == GIT_BASE_WRONG ? CLI_WRONG : CLI_BROKEN;
    }
    git_base_release(&revision);
    text_release(&why);
    return status;
}

static int open_side(struct comparing *comparing, const char *where,
                     const struct compare_side *base, struct compare_side *side)
{
    return git_base_is(where) ? open_revision(comparing, where, base, side)
                              : open_path(comparing, where, base, side);
}

// ---- what comes out -----------------------------------------------------------------------------

static void render(const struct comparison *comparison, enum format format, bool color,
                   struct text *out)
{
    struct json_write json;
    switch (format) {
    case FORMAT_HUMAN:
        comparison_write(comparison, color, out);
        return;
    case FORMAT_MARKDOWN:
        comparison_markdown(comparison, out);
        return;
    case FORMAT_JUNIT:
        comparison_junit(comparison, out);
        return;
    case FORMAT_JSON:
        json_write_init(&json);
        comparison_json(comparison, &json);
        text_add(out, json_write_get(&json));
        json_write_release(&json);
        return;
    }
}

static bool write_one(const struct comparison *comparison, const char *directory,
                      enum format format, struct text *why)
{
    static const char *const names[] = {"compare.txt", "compare.md", "compare.json", "junit.xml"};
    struct text content, path;
    text_init(&content);
    text_init(&path);
    render(comparison, format, false, &content);
    text_format(&path, "%s/%s", directory, names[format]);
    const bool good = file_write_atomic(text_get(&path), text_get(&content), content.length, why);
    text_release(&content);
    text_release(&path);
    return good;
}

static int write_files(const struct comparing *comparing, const struct comparison *comparison)
{
    struct text why;
    text_init(&why);
    bool good = comparing->output == NULL || file_make_directory(comparing->output, &why);
    for (int format = FORMAT_HUMAN; comparing->output != NULL && good && format <= FORMAT_JUNIT;
         format++) {
        good = write_one(comparison, comparing->output, (enum format)format, &why);
    }
    if (!good) {
        fprintf(stderr, "orrery: %s\n", text_get(&why));
    }
    text_release(&why);
    return good ? CLI_DONE : CLI_BROKEN;
}

static bool is_failed(const struct comparing *comparing, const struct comparison *comparison)
{
    switch (comparing->fail_on) {
    case FAIL_ON_REGRESSION:
        return comparison->regressions > 0;
    case FAIL_ON_SLO:
        return comparison->worse_slos > 0;
    case FAIL_ON_ANY:
        return comparison->regressions > 0 || comparison->worse_slos > 0;
    case FAIL_ON_NOTHING:
        break;
    }
    return false;
}

static int tell(const struct comparing *comparing, const struct comparison *comparison)
{
    struct text text;
    text_init(&text);
    render(comparison, comparing->format, cli_is_coloured(comparing->cli, true), &text);
    const bool printed = cli_print(&text);
    text_release(&text);
    const int written = write_files(comparing, comparison);
    if (!printed || written != CLI_DONE) {
        return CLI_BROKEN;
    }
    return is_failed(comparing, comparison) ? CLI_FAILED : CLI_DONE;
}

static int compare(struct comparing *comparing)
{
    struct compare_side base = {0}, new = {0};
    struct comparison comparison;
    struct text why;
    text_init(&why);
    int status = open_side(comparing, comparing->sides[0], NULL, &base);
    const bool has_new = status == CLI_DONE;
    if (has_new) {
        status = open_side(comparing, comparing->sides[1], &base, &new);
    }
    if (status == CLI_DONE) {
        if (compare_sides(&comparison, &base, &new, &comparing->options, &why)) {
            status = tell(comparing, &comparison);
        } else {
            fprintf(stderr, "orrery: %s and %s cannot be compared: %s\n", comparing->sides[0],
                    comparing->sides[1], text_get(&why));
            status = CLI_WRONG;
        }
        compare_release(&comparison);
    }
    compare_side_release(&base);
    if (has_new) {
        compare_side_release(&new);
    }
    text_release(&why);
    return status;
}

static int run(const struct cli *cli, int argc, char **argv)
{
    const long processors = sysconf(_SC_NPROCESSORS_ONLN);
    struct comparing comparing = {
        .cli = cli,
        .options = {.alpha = 0.05, .margin = 0.01},
        .workers = processors > 0 ? (uint32_t)processors : 1,
    };
    int status = read_options(&comparing, argc, argv);
    if (status == CLI_DONE) {
        stop_begin(&comparing.stop);
        status = compare(&comparing);
        stop_end(&comparing.stop);
    }
    for (uint32_t i = 0; i < comparing.override_count; i++) {
        free(comparing.names[i]);
    }
    return status;
}

const struct command command_compare = {
    .name = "compare",
    .operands = "BASE NEW",
    .summary = "what changed between two results or scenarios, and is it worse",
    .text =
        "  orrery compare runs/main runs/pr-812\n"
        "  orrery compare baseline checkout.yaml --fail-on regression\n"
        "  orrery compare checkout.yaml checkout.yaml --set api_n=8 --rep 20\n"
        "  orrery compare git:main:checkout.yaml checkout.yaml\n"
        "\n"
        "A side is a result directory, a results.h5, a summary.json, or a scenario file, which\n"
        "is simulated with the seed and the replications of the base; git:REVISION:FILE is one\n"
        "of them as it was, with the files it includes. `=` is bit for bit, `~` not significant\n"
        "or within the margin. Exit status: 0 nothing worse, 1 a regression (--fail-on), 2 not\n"
        "comparable.\n",
    .options = rows,
    .run = run,
};
