// commands - the descriptors of all commands, each in a file of its own.
#pragma once

#include "sim/cli/cli.h"

extern const struct command command_check;
extern const struct command command_compare;
extern const struct command command_completion;
extern const struct command command_describe;
extern const struct command command_doctor;
extern const struct command command_explain;
extern const struct command command_help;
extern const struct command command_init;
extern const struct command command_list;
extern const struct command command_merge;
extern const struct command command_plan;
extern const struct command command_report;
extern const struct command command_run;
extern const struct command command_schema;
extern const struct command command_show;
extern const struct command command_sweep;
extern const struct command command_version;
