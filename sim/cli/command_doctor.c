// command_doctor - `orrery doctor`: looks whether this machine has what the program needs.
#include "sim/cli/commands.h"
#include "sim/cli/doctor.h"

static const struct options_row rows[] = {{0}};

static int run(const struct cli *cli, int argc, char **argv)
{
    static const char *const words[] = {
        [DOCTOR_GOOD] = "good", [DOCTOR_MISSING] = "missing", [DOCTOR_WRONG] = "WRONG"};
    (void)cli;
    if (argc > 1) {
        return cli_misuse(&command_doctor, "`%s` cannot be used here", argv[1]);
    }
    struct text out;
    text_init(&out);
    int status = CLI_DONE;
    for (const struct doctor_probe *probe = doctor_probes; probe->name != NULL; probe++) {
        struct text finding;
        text_init(&finding);
        const enum doctor_state state = probe->probe(&finding);
        text_format(&out, "%-8s %-10s %s (%s)\n", words[state], probe->name, text_get(&finding),
                    probe->need);
        status = state == DOCTOR_WRONG ? CLI_BROKEN : status;
        text_release(&finding);
    }
    status = cli_print(&out) ? status : CLI_BROKEN;
    text_release(&out);
    return status;
}

const struct command command_doctor = {
    .name = "doctor",
    .operands = "",
    .summary = "look whether this machine has what the program needs",
    .text = "`missing` is optional and says what is lost without it; `WRONG` exits 3.\n",
    .options = rows,
    .run = run,
};
