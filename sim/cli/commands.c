// commands - the table of commands in the order of the help.
#include "sim/cli/commands.h"

const struct command *const cli_commands[] = {
    &command_run,
    &command_show,
    &command_report,
    &command_compare,
    &command_plan,
    &command_sweep,
    &command_merge,
    &command_doctor,
    &command_check,
    &command_init,
    &command_explain,
    &command_describe,
    &command_list,
    &command_schema,
    &command_completion,
    &command_version,
    &command_help,
    NULL,
};
