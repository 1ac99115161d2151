// open_result - the result of a finished run, for the commands that look at one again.
#pragma once

#include "sim/cli/cli.h"
#include "sim/study/result.h"

// `where` is a result directory or a results.h5; NULL is runs/latest. Initialises *result; pair
// with result_release. CLI_DONE, or what is wrong has been said and its exit status is returned.
int open_result(const char *where, struct result *result);

// The directory of the result: `where` itself, or the folder of its file.
void open_result_directory(const char *where, struct text *directory);

// Its results.h5.
void open_result_path(const char *where, struct text *path);
