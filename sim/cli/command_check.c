// command_check - `orrery check`: reads, checks and estimates scenarios without simulating them.
#include <string.h>

#include "sim/base/diagnostic.h"
#include "sim/base/units_format.h"
#include "sim/cli/check_print.h"
#include "sim/cli/commands.h"
#include "sim/scenario/scenario.h"

enum { FILES = 256, OVERRIDES = 256, CORES = 2 };

enum row {
    ROW_FORMAT,
    ROW_DENY,
    ROW_ALLOW,
    ROW_PRINT,
    ROW_SET,
    ROW_SET_PATH,
    ROW_QUIET,
    ROW_COLOR,
    ROW_HELP
};

static const struct options_row rows[] = {
    [ROW_FORMAT] = {"format", 0, "FORM", "human, short, json, sarif or github"},
    [ROW_DENY] = {"deny", 0, "warnings", "warnings count as errors"},
    [ROW_ALLOW] = {"allow", 'A', "CODE", "drops warnings of this code, e.g. W2003"},
    [ROW_PRINT] = {"print", 0, "WHAT", "resolved (the tree), graph (DOT) or cost (loads)"},
    [ROW_SET] = {"set", 0, "NAME=VALUE", "a parameter of `params:`; may be repeated"},
    [ROW_SET_PATH] = {"set-path", 0, "PATH=VALUE", "any value by its path; may be repeated"},
    [ROW_QUIET] = {"quiet", 'q', NULL, "no summary of what is fine"},
    [ROW_COLOR] = {"color", 0, "auto|always|never", "colours of the diagnostics"},
    [ROW_HELP] = {"help", 'h', NULL, "this list"},
    {0},
};

struct check {
    struct cli cli;
    enum diagnostic_format format;
    bool deny, quiet;
    const char *print;
    const char *allowed[64];
    uint32_t allowed_count;
    struct check_overrides {
        struct document_override items[OVERRIDES];
        struct arena arena;
        uint32_t count;
    } overrides;
    const char *files[FILES];
    uint32_t file_count;
};

// ---- options -----------------------------------------------------------------------------------

static int add_override(struct check *check, const char *value, bool is_path)
{
    const char *equals = strchr(value, '=');
    if (equals == NULL || equals == value) {
        return cli_misuse(&command_check, "expected NAME=VALUE, got `%s`", value);
    }
    if (check->overrides.count == OVERRIDES) {
        return cli_misuse(&command_check, "more than %d overrides", OVERRIDES);
    }
    check->overrides.items[check->overrides.count++] = (struct document_override){
        .name = arena_text_part(&check->overrides.arena, value, (size_t)(equals - value)),
        .value = equals + 1,
        .is_path = is_path,
    };
    return CLI_DONE;
}

static int add_file(struct check *check, const char *file)
{
    if (check->file_count == FILES) {
        return cli_misuse(&command_check, "more than %d files", FILES);
    }
    check->files[check->file_count++] = file;
    return CLI_DONE;
}

static int take_option(struct check *check, int option, const char *value)
{
    switch (option) {
    case ROW_FORMAT:
        return diagnostic_render_format(value, &check->format)
                   ? CLI_DONE
                   : cli_misuse(&command_check,
                                "--format takes human, short, json, sarif or github");
    case ROW_DENY:
        check->deny = text_same(value, "warnings");
        return check->deny ? CLI_DONE : cli_misuse(&command_check, "--deny takes `warnings`");
    case ROW_ALLOW:
        if (check->allowed_count < 64) {
            check->allowed[check->allowed_count++] = value;
        }
        return CLI_DONE;
    case ROW_PRINT:
        check->print = value;
        return check_print_knows(value)
                   ? CLI_DONE
                   : cli_misuse(&command_check, "--print takes resolved, graph or cost");
    case ROW_SET:
        return add_override(check, value, false);
    case ROW_SET_PATH:
        return add_override(check, value, true);
    case ROW_COLOR:
        return cli_read_colour(&check->cli, value)
                   ? CLI_DONE
                   : cli_misuse(&command_check, "--color takes auto, always or never");
    case ROW_QUIET:
        check->quiet = true;
        return CLI_DONE;
    default:
        return add_file(check, value);
    }
}

static int read_options(struct check *check, int argc, char **argv)
{
    struct options options;
    int status = CLI_DONE;
    options_init(&options, rows, argc, argv);
    while (status == CLI_DONE) {
        const int option = options_next(&options);
        if (option == OPTIONS_END) {
            break;
        }
        status = option == OPTIONS_WRONG
                     ? cli_misuse(&command_check, "%s", text_get(&options.wrong))
                     : take_option(check, option, options.value);
    }
    options_release(&options);
    if (status == CLI_DONE && check->file_count == 0) {
        return cli_misuse(&command_check, "which scenario? orrery check FILE...");
    }
    return status;
}

// ---- one file ----------------------------------------------------------------------------------

static const char *plural(uint32_t count)
{
    return count == 1 ? "" : "s";
}

static void summarise(const struct scenario *scenario, uint32_t warnings, struct text *out)
{
    const struct design *design = &scenario->design;
    uint32_t operations = 0;
    for (uint32_t i = 0; i < design->component_count; i++) {
        for (uint32_t k = 0; k < design->components[i].operation_count; k++) {
            operations += !design->components[i].operations[k].internal;
        }
    }
    text_format(
        out, "check: %s: %u component%s, %u operation%s, %u fault%s, %u SLO%s, %u warning%s",
        design->name, design->component_count, plural(design->component_count), operations,
        plural(operations), scenario->top.faults.count, plural(scenario->top.faults.count),
        scenario->top.slos.count, plural(scenario->top.slos.count), warnings, plural(warnings));
    const uint32_t bottleneck = scenario->capacity.bottleneck;
    if (bottleneck != DESIGN_NONE) {
        text_format(out, "; predicted bottleneck %s/cpu, %.0f %% busy at peak",
                    design->components[bottleneck].name,
                    scenario->capacity.rows[bottleneck].utilization * 100);
    }
    char events[UNITS_FORMAT_ROOM], seconds[UNITS_FORMAT_ROOM];
    units_format_si(events, sizeof events, scenario_predict_events(scenario));
    units_format_duration(seconds, sizeof seconds, scenario_predict_seconds(scenario, CORES) * 1e9);
    text_format(
        out, "\npredicted: %s events in %u replication%s, about %s on %d cores (estimate)\n",
        events, design->replications.minimum, plural(design->replications.minimum), seconds, CORES);
}

// What the user asked to see goes to stdout, and then the diagnostics to stderr.
static int show(struct check *check, const struct scenario *scenario,
                struct diagnostic_list *diagnostics)
{
    struct text out;
    text_init(&out);
    const bool printing = check->print != NULL;
    const bool machine = check->format != DIAGNOSTIC_HUMAN && check->format != DIAGNOSTIC_SHORT;
    if (printing && (scenario->good || text_same(check->print, "resolved"))) {
        check_print(scenario, check->print, &out);
    } else if (scenario->good && !check->quiet && !machine) {
        summarise(scenario, diagnostics->warnings, &out);
    }
    if (machine || diagnostics->count > 0) {
        cli_show(&check->cli, diagnostics, check->format, machine && !printing);
    }
    const bool written = out.length == 0 || cli_print(&out);
    text_release(&out);
    return written ? CLI_DONE : CLI_BROKEN;
}

static int check_file(struct check *check, const char *file)
{
    struct diagnostic_list diagnostics;
    struct scenario scenario;
    diagnostic_init(&diagnostics);
    diagnostics.deny_warnings = check->deny;
    for (uint32_t i = 0; i < check->allowed_count; i++) {
        diagnostic_allow(&diagnostics, check->allowed[i]);
    }
    const struct scenario_options options = {
        .overrides = {check->overrides.items, check->overrides.count},
    };
    scenario_load(&scenario, file, &options, check->cli.catalog, &diagnostics);
    const int shown = show(check, &scenario, &diagnostics);
    const int status = diagnostics.errors > 0 ? CLI_WRONG : CLI_DONE;
    scenario_release(&scenario);
    diagnostic_release(&diagnostics);
    return shown != CLI_DONE ? shown : status;
}

static int run(const struct cli *cli, int argc, char **argv)
{
    struct check check = {.cli = *cli};
    arena_init(&check.overrides.arena);
    int status = read_options(&check, argc, argv);
    const bool readable = status == CLI_DONE;
    for (uint32_t i = 0; readable && i < check.file_count; i++) {
        const int one = check_file(&check, check.files[i]);
        status = one > status ? one : status;
    }
    arena_release(&check.overrides.arena);
    return status;
}

const struct command command_check = {
    .name = "check",
    .operands = "FILE...",
    .summary = "reads and checks scenarios, and estimates their run, without simulating",
    .text = "Every mistake is shown at once with its place; `orrery explain CODE` says more.\n"
            "Exit status 2 if there is an error.\n\n"
            "  orrery check webshop.yaml\n"
            "  orrery check --print graph webshop.yaml | dot -Tsvg > webshop.svg\n"
            "  orrery check --format github --deny warnings scenarios/*.yaml\n",
    .options = rows,
    .run = run,
};
