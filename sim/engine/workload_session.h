// workload_session - clients that do one thing after the other: journeys, closed users.
//
// A session walks the actions in order (a mix: one action drawn by share). Each call is a request
// of its own; a journey goes on after a failed one. A closed user thinks first, also before his
// first round, and starts again after the last action; a round that took no time at all (a refusal)
// is followed by a pause of 1 ms, so that time goes on.
#pragma once

#include <stdint.h>

struct workload_state;

// The users of a closed workload begin to think.
void workload_session_begin_users(struct workload_state *state);

// Room for the sessions of a workload whose clients arrive.
void workload_session_init(struct workload_state *state);

// A client arrives and walks the journey once.
void workload_session_begin(struct workload_state *state);
