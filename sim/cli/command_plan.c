// command_plan - `orrery plan FILE`: the cheapest sizing that keeps its objectives.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "reports/plan_json.h"
#include "reports/plan_page.h"
#include "reports/plan_text.h"
#include "sim/base/diagnostic.h"
#include "sim/base/units.h"
#include "sim/cli/commands.h"
#include "sim/cli/run_directory.h"
#include "sim/cli/stop.h"
#include "sim/study/plan.h"
#include "sim/study/plan_regret.h"

enum { LISTS = 256, CANDIDATES = 400 };

enum row {
    ROW_VARY,
    ROW_MINIMIZE,
    ROW_UNDER,
    ROW_MOST,
    ROW_DRY,
    ROW_PRESENT,
    ROW_SET,
    ROW_SET_PATH,
    ROW_DURATION,
    ROW_WARMUP,
    ROW_REP,
    ROW_SEED,
    ROW_WORKERS,
    ROW_DIRECTORY,
    ROW_JSON,
    ROW_QUIET,
    ROW_NO_PROGRESS,
    ROW_COLOR,
};

static const struct options_row rows[] = {
    [ROW_VARY] = {"vary", 0, "NAME=LOW..HIGH", "instead of the file's; may be repeated; or V,V,V"},
    [ROW_MINIMIZE] = {"minimize", 0, "cost|cores|watts", "what is sought"},
    [ROW_UNDER] = {"under", 0, "LIST", "none, each-zone, each-node, names of faults"},
    [ROW_MOST] = {"max-evals", 0, "N", "candidates simulated at most (400)"},
    [ROW_DRY] = {"dry-run", 0, NULL, "says what would be simulated, and simulates nothing"},
    [ROW_PRESENT] = {"present", 0, NULL, "judges the sizing as it is in every case, seeks none"},
    [ROW_SET] = {"set", 0, "NAME=VALUE", "a parameter of `params:`; may be repeated"},
    [ROW_SET_PATH] = {"set-path", 0, "PATH=VALUE", "any value by its path; may be repeated"},
    [ROW_DURATION] = {"duration", 0, "D", "of one replication of a candidate"},
    [ROW_WARMUP] = {"warmup", 0, "D|auto", "not counted"},
    [ROW_REP] = {"rep", 0, "MIN..MAX", "replications of a case: until all is decided (3..20)"},
    [ROW_SEED] = {"seed", 0, "N", "of all candidates"},
    [ROW_WORKERS] = {"jobs", 'j', "N", "threads (all processors)"},
    [ROW_DIRECTORY] = {"output", 'o', "DIR", "where plan.json, plan.md and plan.html go"},
    [ROW_JSON] = {"json", 0, NULL, "print plan.json on standard output, and nothing else"},
    [ROW_QUIET] = {"quiet", 'q', NULL, "no word of the candidates on the way"},
    [ROW_NO_PROGRESS] = {"no-progress", 0, NULL, "the same"},
    [ROW_COLOR] = {"color", 0, "auto|always|never", "colours"},
    {0},
};

struct planning {
    struct cli cli;
    struct plan_request request;
    struct document_override overrides[LISTS];
    uint32_t override_count;
    const char *vary[LISTS];
    struct arena arena;
    const char *directory;
    bool json, quiet;
};

// ---- options -----------------------------------------------------------------------------------

static int add_override(struct planning *planning, const char *value, bool is_path)
{
    const char *equals = strchr(value, '=');
    if (equals == NULL || equals == value || planning->override_count == LISTS) {
        return cli_misuse(&command_plan, "expected NAME=VALUE, got `%s`", value);
    }
    planning->overrides[planning->override_count++] = (struct document_override){
        .name = arena_text_part(&planning->arena, value, (size_t)(equals - value)),
        .value = equals + 1,
        .is_path = is_path,
    };
    return CLI_DONE;
}

static int read_number(const char *name, const char *value, uint32_t *number)
{
    uint64_t count;
    struct units_why why;
    if (!units_count(value, &count, &why) || count == 0 || count > 1000000) {
        return cli_misuse(&command_plan, "--%s takes a number from 1 to a million, not `%s`", name,
                          value);
    }
    *number = (uint32_t)count;
    return CLI_DONE;
}

static int take_scenario(struct planning *planning, int option, const char *value)
{
    struct scenario_options *scenario = &planning->request.scenario;
    switch (option) {
    case ROW_DURATION:
        scenario->duration = value;
        break;
    case ROW_WARMUP:
        scenario->warmup = value;
        break;
    case ROW_REP:
        scenario->replications = value;
        break;
    case ROW_SEED:
        scenario->seed = value;
        break;
    default:
        return add_override(planning, value, option == ROW_SET_PATH);
    }
    return CLI_DONE;
}

static int take_option(struct planning *planning, int option, const char *value)
{
    struct plan_request *request = &planning->request;
    switch (option) {
    case ROW_VARY:
        if (request->vary_count == LISTS) {
            return cli_misuse(&command_plan, "more than %d --vary", LISTS);
        }
        planning->vary[request->vary_count++] = value;
        return CLI_DONE;
    case ROW_MINIMIZE:
        request->minimize = value;
        return CLI_DONE;
    case ROW_UNDER:
        request->under = value;
        return CLI_DONE;
    case ROW_MOST:
        return read_number("max-evals", value, &request->most);
    case ROW_WORKERS:
        return read_number("jobs", value, &request->workers);
    case ROW_DRY:
        request->dry = true;
        return CLI_DONE;
    case ROW_PRESENT:
        request->present = true;
        return CLI_DONE;
    case ROW_DIRECTORY:
        planning->directory = value;
        return CLI_DONE;
    case ROW_JSON:
        planning->json = true;
        return CLI_DONE;
    case ROW_QUIET:
    case ROW_NO_PROGRESS:
        planning->quiet = true;
        return CLI_DONE;
    case ROW_COLOR:
        return cli_read_colour(&planning->cli, value)
                   ? CLI_DONE
                   : cli_misuse(&command_plan, "--color takes auto, always or never");
    default:
        return take_scenario(planning, option, value);
    }
}

static int take_file(struct planning *planning, const char *file)
{
    if (planning->request.file != NULL) {
        return cli_misuse(&command_plan, "one scenario at a time: orrery plan FILE");
    }
    planning->request.file = file;
    return CLI_DONE;
}

static int read_options(struct planning *planning, int argc, char **argv)
{
    struct options options;
    int status = CLI_DONE, option;
    options_init(&options, rows, argc, argv);
    while (status == CLI_DONE && (option = options_next(&options)) != OPTIONS_END) {
        if (option == OPTIONS_WRONG) {
            status = cli_misuse(&command_plan, "%s", text_get(&options.wrong));
        } else if (option == OPTIONS_OPERAND) {
            status = take_file(planning, options.value);
        } else {
            status = take_option(planning, option, options.value);
        }
    }
    options_release(&options);
    if (status == CLI_DONE && planning->request.file == NULL) {
        return cli_misuse(&command_plan, "which scenario? orrery plan FILE");
    }
    if (status == CLI_DONE && planning->request.present && planning->request.vary_count > 0) {
        return cli_misuse(&command_plan, "--present judges the sizing as it is: without --vary");
    }
    planning->request.scenario.overrides =
        (struct document_overrides){planning->overrides, planning->override_count};
    planning->request.vary = planning->vary;
    return status;
}

// ---- planning ----------------------------------------------------------------------------------

static void tell(void *context, const char *line)
{
    (void)context;
    fprintf(stderr, "%s\n", line);
}

static int write_files(const struct planning *planning, const struct plan *plan)
{
    struct run_directory directory;
    struct text identity, why;
    text_init(&identity);
    text_init(&why);
    plan_text_identity(plan, &identity);
    struct text name;
    text_init(&name);
    text_format(&name, "%s-plan", plan->base.design.name);
    run_directory_init(&directory, planning->directory, text_get(&name), text_get(&identity));
    directory.is_default = false;
    bool good = run_directory_make(&directory, &why);
    good = good && plan_page_write(plan, text_get(&directory.path), &why);
    if (!good) {
        fprintf(stderr, "orrery: %s\n", text_get(&why));
    } else {
        fprintf(stderr, "Results: %s\n", text_get(&directory.path));
        if (why.length > 0) {
            fprintf(stderr, "orrery: %s\n", text_get(&why));
        }
    }
    run_directory_release(&directory);
    text_release(&name);
    text_release(&identity);
    text_release(&why);
    return good ? CLI_DONE : CLI_BROKEN;
}

static int show(const struct planning *planning, const struct plan *plan)
{
    struct text out;
    text_init(&out);
    if (planning->json) {
        plan_json_write(plan, &out);
    } else {
        plan_text_write(plan, cli_is_coloured(&planning->cli, true), &out);
    }
    const bool good = cli_print(&out);
    text_release(&out);
    return good ? CLI_DONE : CLI_BROKEN;
}

// With uncertain inputs, the plan of the world that the answer is told of.
static bool find(struct plan **plan, struct plan_regret *regret, const struct stop *stop)
{
    (*plan)->request.stop = &stop->signal;
    if ((*plan)->uncertain_count == 0) {
        return plan_search(*plan);
    }
    for (uint32_t w = 0; w < regret->world_count; w++) {
        regret->worlds[w].plan.request.stop = &stop->signal;
    }
    const bool done = plan_regret_search(regret);
    *plan = plan_regret_shown(regret);
    return done;
}

static int search(struct planning *planning, struct plan *plan, struct plan_regret *regret)
{
    struct stop stop;
    stop_begin(&stop);
    const bool done = find(&plan, regret, &stop) && plan_outlook(plan);
    const int signal = done ? 0 : stop_exit_status(&stop);
    stop_end(&stop);
    if (!done) {
        fprintf(stderr, "orrery: interrupted; nothing is written\n");
        return signal == 0 ? CLI_BROKEN : signal;
    }
    const int written = write_files(planning, plan);
    const int shown = show(planning, plan);
    if (written != CLI_DONE || shown != CLI_DONE) {
        return CLI_BROKEN;
    }
    return plan->best != NULL ? CLI_DONE : CLI_FAILED;
}

static int plan_worlds(struct planning *planning, struct plan *plan)
{
    struct plan_regret regret;
    struct text wrong;
    if (plan->uncertain_count == 0) {
        return search(planning, plan, NULL);
    }
    text_init(&wrong);
    int status = CLI_WRONG;
    if (plan_regret_init(&regret, plan, &wrong)) {
        status = search(planning, plan, &regret);
    } else {
        fprintf(stderr, "orrery: %s: %s\n", planning->request.file, text_get(&wrong));
    }
    plan_regret_release(&regret);
    text_release(&wrong);
    return status;
}

static int make_plan(struct planning *planning)
{
    struct diagnostic_list diagnostics;
    struct plan plan;
    struct text wrong;
    text_init(&wrong);
    diagnostic_init(&diagnostics);
    int status = CLI_WRONG;
    const bool good = plan_init(&plan, &planning->request, &diagnostics, &wrong);
    if (diagnostics.count > 0 && (!good || !planning->quiet)) {
        cli_show(&planning->cli, &diagnostics, DIAGNOSTIC_HUMAN, false);
    }
    if (wrong.length > 0) {
        fprintf(stderr, "orrery: %s: %s\n", planning->request.file, text_get(&wrong));
    }
    if (good) {
        status = planning->request.dry ? show(planning, &plan) : plan_worlds(planning, &plan);
    }
    plan_release(&plan);
    diagnostic_release(&diagnostics);
    text_release(&wrong);
    return status;
}

static int run(const struct cli *cli, int argc, char **argv)
{
    struct planning *planning = calloc(1, sizeof *planning);
    if (planning == NULL) {
        return CLI_BROKEN;
    }
    planning->cli = *cli;
    planning->request.catalog = cli->catalog;
    planning->request.most = CANDIDATES;
    const long processors = sysconf(_SC_NPROCESSORS_ONLN);
    planning->request.workers = processors < 1 ? 1 : (uint32_t)processors;
    arena_init(&planning->arena);
    int status = read_options(planning, argc, argv);
    if (status == CLI_DONE) {
        planning->request.tell = planning->quiet ? NULL : tell;
        status = make_plan(planning);
    }
    arena_release(&planning->arena);
    free(planning);
    return status;
}

const struct command command_plan = {
    .name = "plan",
    .operands = "FILE",
    .summary = "seeks the cheapest sizing that keeps every objective in every case",
    .text = "The section `plan:` says what may vary, what must hold and what it costs. Candidates\n"
            "are bounded by queueing formulas and decided by simulation, in order of their cost,\n"
            "all with the same random numbers. Exit status 1 if nothing is found.\n\n"
            "  orrery plan webshop.yaml --duration 2m --warmup 1m\n"
            "  orrery plan shop.yaml --vary api_n=2..20 --minimize cores --under none,each-zone\n"
            "  orrery plan shop.yaml --dry-run\n"
            "  orrery plan shop.yaml --present --set api_n=14 --seed 7     in every case\n",
    .options = rows,
    .run = run,
};
