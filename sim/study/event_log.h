// event_log - every event of one replication as a line of JSON, for whoever wants to look closely.
//
//   {"t_ns": 1250000, "node": "orders/2", "event": "arrival", "request": "shoppers#17",
//    "operation": "create", "step": "cpu", "argument": 94489280513}
//
// Events of workloads and faults have "workload" or "fault" in place of "node", which is null where
// an event belongs to the world; request, operation and step stand in events that concern a visit.
// The last member of a line is the event's own word.
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "sim/base/text.h"

struct world;

struct event_log {
    FILE *file;
    struct text path, temporary, line;
    bool failed; // a write failed; the rest is not written
};

// The file is written under a temporary name. False: `why` says what failed.
bool event_log_begin(struct event_log *log, const char *path, struct text *why);

// Writes every event of the world from now on.
void event_log_attach(struct event_log *log, struct world *world);

// Completes the file and gives it its name, or removes it where `keep` is false or a write failed.
bool event_log_end(struct event_log *log, bool keep, struct text *why);
