// open_sweep - the result of a finished sweep, for the commands that look at one again.
#pragma once

#include "reports/sweep_report.h"

struct open_sweep {
    struct sweep sweep;
    struct sweep_curves curves;
    struct sweep_report report; // of these
};

// Whether `where` (as for open_result) holds a sweep and no run.
bool open_sweep_is(const char *where);

// Initialises *opened; pair with open_sweep_release. CLI_DONE, or what is wrong has been said and
// its exit status is returned.
int open_sweep(const char *where, struct open_sweep *opened);
void open_sweep_release(struct open_sweep *opened);
