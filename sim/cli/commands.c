// commands - the table of commands in the order of the help.
#include "sim/cli/commands.h"

const struct command *const cli_commands[] = {
    &command_run,
    &command_show,
    &command_report,
    &command_doctor,
    &command_check,
    NULL,
};
