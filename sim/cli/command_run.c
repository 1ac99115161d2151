// command_run - `orrery run FILE...`: simulates, judges, writes the results, tells the verdict.
#include "sim/cli/commands.h"

#include "sim/cli/run_options.h"
#include "sim/cli/run_session.h"

// The gravest of several runs: a machine that cannot be trusted, or is broken, a wrong scenario, a
// failure, a doubt.
static int graver(int one, int other)
{
    static const int order[] = {CLI_NONDETERMINISM, CLI_BROKEN, CLI_WRONG, CLI_FAILED,
                                CLI_UNDECIDED};
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
        if (one == order[i] || other == order[i]) {
            return order[i];
        }
    }
    return CLI_DONE;
}

static int run_files(const struct run_session *session)
{
    int status = CLI_DONE;
    for (uint32_t i = 0; i < session->options->file_count; i++) {
        const int one = run_session(session, session->options->files[i]);
        if (session->stop->signal != 0) {
            return stop_exit_status(session->stop);
        }
        status = graver(status, one);
    }
    return status;
}

static int run(const struct cli *cli, int argc, char **argv)
{
    struct run_options options;
    struct text wrong;
    text_init(&wrong);
    int status = CLI_WRONG;
    if (run_options_read(&options, argc, argv, &wrong)) {
        struct stop stop;
        stop_begin(&stop);
        status = run_files(&(struct run_session){.cli = cli, .options = &options, .stop = &stop});
        stop_end(&stop);
    } else {
        cli_misuse(&command_run, "%s", text_get(&wrong));
    }
    run_options_release(&options);
    text_release(&wrong);
    return status;
}

const struct command command_run = {
    .name = "run",
    .operands = "FILE...",
    .summary = "simulate a scenario and judge its SLOs",
    .text =
        "  orrery run scenarios/examples/webshop.yaml\n"
        "  orrery run checkout.yaml --set peak=3000/s --rep 10..100 -j 4\n"
        "  orrery run checkout.yaml --faults all          with and without, side by side\n"
        "  orrery run checkout.yaml --only-rep 13 --events events.jsonl\n"
        "\n"
        "Results go to runs/NAME-DIGEST/ and runs/latest points at them. A finished run of the\n"
        "same scenario, seed and program is shown again, not simulated again (--rerun).\n"
        "Exit status: 0 all objectives hold, 1 FAIL or NO DATA, 2 bad usage or scenario,\n"
        "3 files or limits, 4 UNDECIDED, 5 two results of one replication differ.\n",
    .options = run_options_rows,
    .run = run,
};
