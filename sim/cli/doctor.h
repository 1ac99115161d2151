// doctor - probes of the machine: tools, files, and whether the numbers are those of every machine.
#pragma once

#include <stdbool.h>

#include "sim/base/text.h"

enum doctor_state { DOCTOR_GOOD, DOCTOR_MISSING, DOCTOR_WRONG }; // missing: optional, said

struct doctor_probe {
    const char *name;
    const char *need; // what it serves
    enum doctor_state (*probe)(struct text *finding);
};

// Ends with name NULL.
extern const struct doctor_probe doctor_probes[];

// Digest over draws of every law, quantiles of Student's law and elementary functions: the same on
// every machine and with every compiler.
void doctor_numbers(struct text *hex);
