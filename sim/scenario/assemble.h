// assemble - the sections of a scenario put together into a design, part by part.
#pragma once

#include <stdbool.h>

#include "sim/scenario/assembly.h"

// Every part returns false after errors; those that follow cope with what is missing.
bool assemble_components(struct assembly *assembly); // declared, placed, prepared, compiled
bool assemble_workloads(struct assembly *assembly);
bool assemble_consumers(struct assembly *assembly);
bool assemble_slos(struct assembly *assembly);
bool assemble_faults(struct assembly *assembly, const char *filter); // NULL: as written
bool assemble_studies(struct assembly *assembly); // experiments, sweep, plan, sample

// One objective in words, as a metric of the SLO's target (assemble_slo.c).
bool assemble_objective(struct assembly *assembly, const struct document_node *node,
                        struct slo_design *slo);

// Mistakes that only the whole shows: reachability, circles of calls, keys, parameters.
bool assemble_checks(struct assembly *assembly);
