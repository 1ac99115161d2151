// status - how a request ended, and what that means for its effects: the one table of statuses.
#pragma once

#include <stdbool.h>

// OK: applied. FAILED: certainly not applied. UNKNOWN: perhaps applied.
enum result_class { RESULT_OK, RESULT_FAILED, RESULT_UNKNOWN };

enum status {
    STATUS_OK,
    STATUS_MISS,          // answered: there is no such entry (a cache miss)
    STATUS_REJECTED,      // queue full or load shed, refused before any work
    STATUS_THROTTLED,     // over its rate limit
    STATUS_UNAUTHORIZED,  // credentials refused
    STATUS_INVALID,       // the request itself is wrong (unknown account, bad amount)
    STATUS_CONFLICT,      // aborted by a concurrent request, may be tried again
    STATUS_UNAVAILABLE,   // refused before it was sent or begun: no replica, connection refused, no
                          // quorum
    STATUS_OVERDUE,       // its deadline had passed before it was begun
    STATUS_ABANDONED,     // left the queue unserved: its patience ended
    STATUS_ERROR,         // the operation failed and undid itself
    STATUS_TIMEOUT,       // no answer in time
    STATUS_RESET,         // the connection broke after the request had been sent
    STATUS_INDETERMINATE, // the callee itself does not know (a commit without acknowledgement)
    STATUS_CANCELLED,     // given up by its caller
    STATUS_COUNT
};

struct status_row {
    const char *name; // in files and scenarios: "ok", "timeout", ...
    enum result_class result;
    const char *meaning;
};

extern const struct status_row status_table[STATUS_COUNT];

// The status of that name, or STATUS_COUNT.
enum status status_named(const char *name);

// MISS answers the question, so it counts as good.
static inline bool status_is_good(enum status status)
{
    return status == STATUS_OK || status == STATUS_MISS;
}
