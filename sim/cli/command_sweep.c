// command_sweep - `orrery sweep FILE`: the same scenario at many points of its parameters.
#include "sim/cli/commands.h"
#include "sim/cli/sweep_session.h"

static int run(const struct cli *cli, int argc, char **argv)
{
    struct sweep_command command;
    struct text wrong;
    text_init(&wrong);
    int status = CLI_WRONG;
    if (sweep_command_read(&command, argc, argv, &wrong)) {
        struct stop stop;
        stop_begin(&stop);
        status = sweep_session(cli, &command, &stop, NULL);
        stop_end(&stop);
    } else {
        cli_misuse(&command_sweep, "%s", text_get(&wrong));
    }
    sweep_command_release(&command);
    text_release(&wrong);
    return status;
}

const struct command command_sweep = {
    .name = "sweep",
    .operands = "FILE",
    .summary = "simulate a scenario at many points of its parameters",
    .text =
        "  orrery sweep checkout.yaml --list              the points of its `sweep:` section\n"
        "  orrery sweep checkout.yaml --param 'peak=1000/s..6000/s step 500/s' --param n=8,12\n"
        "  orrery sweep checkout.yaml --where 'n * 400/s >= peak'\n"
        "  orrery sweep checkout.yaml --design lhs:100 --shard 1/3 -o parts\n"
        "\n"
        "Every point is simulated with the same random numbers, so points differ by their\n"
        "parameters alone. Results: results.h5, sweep.json, sweep.csv, report.html, report.md,\n"
        "plots/, and the summary of each point as points/NUMBER.json. With --param the scenario's\n"
        "section is left alone.\n"
        "Exit status: 0 all objectives hold at all points, 1 FAIL or NO DATA at one, 2 bad\n"
        "usage or scenario, 3 files, or a point without an answer, 4 UNDECIDED.\n",
    .options = sweep_command_rows,
    .run = run,
};
