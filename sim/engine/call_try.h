// call_try - one try of a call: choosing the replica, sending the child visit, closing, metering.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "sim/engine/status.h"

struct call;
struct world;

// Sends a try as side 0 (the ordinary one) or 1 (a hedge). False: there is no replica to send it
// to; that end is metered, the side is not open.
bool call_try_send(struct world *world, struct call *call, int side);

// An answer has come to that side: its end is told to the route, the side is no longer open.
void call_try_told(struct world *world, struct call *call, int side, enum status status);

// Closes the sides that are still open with a status of the caller's own (TIMEOUT, CANCELLED),
// metered at the target. With `cancel` their children are cancelled; otherwise they run on and are
// waste.
void call_try_close(struct world *world, struct call *call, enum status status, bool cancel);

// A try that the breaker refused: metered at the target.
void call_try_refused(struct world *world, struct call *call);

// The call ends: nothing of it may stay open.
void call_try_leave(struct world *world, struct call *call);
