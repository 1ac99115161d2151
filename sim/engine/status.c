// status - how a request ended, and what that means for its effects: the one table of statuses.
#include "sim/engine/status.h"

#include "sim/base/text.h"

const struct status_row status_table[STATUS_COUNT] = {
    [STATUS_OK] = {"ok", RESULT_OK, "done"},
    [STATUS_MISS] = {"miss", RESULT_OK, "answered: there is no such entry"},
    [STATUS_REJECTED] = {"rejected", RESULT_FAILED, "queue full or load shed"},
    [STATUS_THROTTLED] = {"throttled", RESULT_FAILED, "over its rate limit"},
    [STATUS_UNAUTHORIZED] = {"unauthorized", RESULT_FAILED, "credentials refused"},
    [STATUS_INVALID] = {"invalid", RESULT_FAILED, "the request itself is wrong"},
    [STATUS_CONFLICT] = {"conflict", RESULT_FAILED, "aborted by a concurrent request"},
    [STATUS_UNAVAILABLE] = {"unavailable", RESULT_FAILED, "refused before it was begun"},
    [STATUS_OVERDUE] = {"overdue", RESULT_FAILED, "its deadline passed before it was begun"},
    [STATUS_ABANDONED] = {"abandoned", RESULT_FAILED, "its patience ended in the queue"},
    [STATUS_ERROR] = {"error", RESULT_FAILED, "the operation failed and undid itself"},
    [STATUS_TIMEOUT] = {"timeout", RESULT_UNKNOWN, "no answer in time"},
    [STATUS_RESET] = {"reset", RESULT_UNKNOWN, "the connection broke after sending"},
    [STATUS_INDETERMINATE] = {"indeterminate", RESULT_UNKNOWN, "the callee does not know either"},
    [STATUS_CANCELLED] = {"cancelled", RESULT_UNKNOWN, "given up by its caller"},
};

enum status status_named(const char *name)
{
    enum status status = STATUS_OK;
    while (status < STATUS_COUNT && !text_same(status_table[status].name, name)) {
        status++;
    }
    return status;
}
