// sweep_command - reads the command line of `orrery sweep`; what a run knows is given on to it.
#include "sim/cli/sweep_command.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/check.h"
#include "sim/base/units.h"

enum sweep_option { // of its own; the others are options of a run
    OPTION_PARAM,
    OPTION_WHERE,
    OPTION_DESIGN,
    OPTION_POINTS,
    OPTION_LIST,
    OPTION_KEEP_GOING,
    OPTION_FAIL_FAST,
    OWN_OPTIONS
};

const struct options_row sweep_command_rows[] = {
    [OPTION_PARAM] = {"param", 0, "NAME=VALUES", "values v1,v2 or low..high step s; repeatable"},
    [OPTION_WHERE] = {"where", 0, "EXPR", "only points for which it holds"},
    [OPTION_DESIGN] = {"design", 0, "KIND", "grid, list, lhs:N or sobol:N"},
    [OPTION_POINTS] = {"points", 0, "LIST", "only these points by number, e.g. 3,7-9"},
    [OPTION_LIST] = {"list", 0, NULL, "show the points, and time and memory by a short pilot"},
    [OPTION_KEEP_GOING] = {"keep-going", 0, NULL, "go on when a point breaks (the default)"},
    [OPTION_FAIL_FAST] = {"fail-fast", 0, NULL, "begin nothing further when a point breaks"},
    {"json", 0, NULL, "print sweep.json on standard output, and nothing else"},
    {"seed", 0, "N", "seed of the random streams instead of the scenario's"},
    {"rep", 0, "N|MIN..MAX", "number of replications of each point"},
    {"duration", 0, "D", "simulated time of one replication, e.g. 30m"},
    {"warmup", 0, "D|auto", "time before the statistics begin"},
    {"set", 0, "NAME=VALUE", "a parameter of all points; may be repeated"},
    {"set-path", 0, "PATH=VALUE", "any value by its path; may be repeated"},
    {"faults", 0, "none|all|NAME,...", "faults in force"},
    {"jobs", 'j', "N", "threads; the answer does not depend on it"},
    {"output", 'o', "DIR", "where the results go instead of runs/"},
    {"out", 0, "LIST", "files of each point: html, md, junit, svg, h5; summary.json always"},
    {"stop-on-fail", 0, NULL, "no more replications of a point after a FAIL"},
    {"allow-undecided", 0, NULL, "UNDECIDED exits 0 instead of 4"},
    {"exit-zero", 0, NULL, "any verdict exits 0"},
    {"rerun", 0, NULL, "simulate again although the result is there"},
    {"shard", 0, "I/N", "only every Nth unit of all points, into a journal: orrery merge"},
    {"units", 0, "LIST", "only these units, e.g. 4/0-9,5 (all of point 5), into a journal"},
    {"journal", 0, "NAME", "name of this process's journal"},
    {"audit", 0, "SHARE", "simulate so many finished units again, e.g. 1%"},
    {"resume", 0, NULL, "go on where an interrupted sweep stopped (the default)"},
    {"schedule", 0, "forward|reverse", "order of points and replications, for tests"},
    {"emit", 0, "slurm|parallel|k8s",
     "print a script that simulates in shards; nothing is simulated here"},
    {"batch", 0, "N", "with --emit: units a shard, at least (10)"},
    {"no-progress", 0, NULL, "no progress on standard error"},
    {"quiet", 'q', NULL, "the table only"},
    {"verbose", 'v', NULL, "every point, however many"},
    {0},
};

static bool complain(struct text *wrong, const char *sentence)
{
    text_clear(wrong);
    text_add(wrong, sentence);
    return false;
}

static void note_words(struct sweep_command *command, const char *option, const char *value)
{
    command->words[command->word_count++] = option;
    command->words[command->word_count++] = value;
}

static bool read_own(struct sweep_command *command, enum sweep_option option, const char *value,
                     struct text *wrong)
{
    switch (option) {
    case OPTION_PARAM:
        if (command->param_count == SWEEP_PARAMETERS) {
            return complain(wrong, "at most 12 parameters are varied");
        }
        command->params[command->param_count++] = value;
        note_words(command, "--param", value);
        return true;
    case OPTION_WHERE:
        command->where = value;
        return true;
    case OPTION_DESIGN:
        command->design = value;
        return true;
    case OPTION_POINTS:
        command->points = value;
        return true;
    case OPTION_LIST:
        command->list = true;
        return true;
    case OPTION_FAIL_FAST:
    case OPTION_KEEP_GOING:
        command->fail_fast = option == OPTION_FAIL_FAST;
        return true;
    case OWN_OPTIONS:
        break;
    }
    return true;
}

// A word is changeable for the reader of a command line, which changes none.
static char *word(const char *text)
{
    return (char *)(uintptr_t)text;
}

static int give_on(struct sweep_command *command, int count, int option, const char *value)
{
    if (option == OPTIONS_OPERAND) {
        command->line[count++] = word(value);
        command->operands++;
        return count;
    }
    const struct options_row *row = &sweep_command_rows[option];
    struct text name;
    text_init(&name);
    text_format(&name, "--%s", row->name);
    command->line[count++] = arena_text(&command->arena, text_get(&name));
    text_release(&name);
    command->has_out |= text_same(row->name, "out");
    if (row->value != NULL) {
        command->line[count++] = word(value);
    }
    return count;
}

static bool read_line(struct sweep_command *command, int argc, char **argv, int *count,
                      struct text *wrong)
{
    struct options reader;
    options_init(&reader, sweep_command_rows, argc, argv);
    bool good = true;
    int found = 0;
    while (good && (found = options_next(&reader)) != OPTIONS_END) {
        if (found == OPTIONS_WRONG) {
            good = complain(wrong, text_get(&reader.wrong));
        } else if (found >= 0 && found < OWN_OPTIONS) {
            good = read_own(command, (enum sweep_option)found, reader.value, wrong);
        } else {
            *count = give_on(command, *count, found, reader.value);
        }
    }
    options_release(&reader);
    return good;
}

static void note_choices(struct sweep_command *command)
{
    const char *const pairs[][2] = {
        {"--where", command->where}, {"--design", command->design}, {"--points", command->points}};
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        if (pairs[i][1] != NULL) {
            note_words(command, pairs[i][0], pairs[i][1]);
        }
    }
}

bool sweep_command_read(struct sweep_command *command, int argc, char **argv, struct text *wrong)
{
    *command = (struct sweep_command){0};
    arena_init(&command->arena);
    arena_init(&command->run.arena);
    command->line = check_calloc((size_t)argc * 2 + 2, sizeof *command->line);
    int count = 0;
    command->line[count++] = word("sweep");
    bool good = read_line(command, argc, argv, &count, wrong);
    if (good && command->operands != 1) {
        good = complain(wrong, command->operands == 0 ? "no scenario given: orrery sweep FILE"
                                                      : "one scenario at a time: sweep FILE");
    }
    note_choices(command);
    good = good && run_options_read(&command->run, count, command->line, wrong);
    if (good && command->points != NULL && command->run.only.count > 0) {
        good = complain(wrong, "--units names points: give it or --points, not both");
    }
    return good;
}

void sweep_command_release(struct sweep_command *command)
{
    run_options_release(&command->run);
    arena_release(&command->arena);
    free(command->line);
}

// ---- points
// --------------------------------------------------------------------------------------

// "3", "7-9"
static bool choose_part(const char *part, size_t length, uint32_t count, bool *chosen)
{
    char text[48] = "";
    struct units_why why;
    uint64_t from, to;
    if (length == 0 || length >= sizeof text) {
        return false;
    }
    memcpy(text, part, length);
    char *dash = strchr(text, '-');
    if (dash != NULL) {
        *dash = '\0';
    }
    if (!units_count(text, &from, &why) ||
        !units_count(dash == NULL ? text : dash + 1, &to, &why) || from > to || to >= count) {
        return false;
    }
    for (uint64_t point = from; point <= to; point++) {
        chosen[point] = true;
    }
    return true;
}

size_t sweep_command_choose(const char *list, uint32_t count, bool *chosen)
{
    for (const char *at = list;; at++) {
        const size_t length = strcspn(at, ",");
        if (!choose_part(at, length, count, chosen)) {
            return (size_t)(at - list);
        }
        at += length;
        if (*at == '\0') {
            return (size_t)(at - list);
        }
    }
}
