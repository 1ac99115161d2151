// result - lifetime of a result, and its names.
#include "sim/study/result.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "sim/base/check.h"
#include "sim/base/text.h"

const double result_quantiles[RESULT_QUANTILES] = {0.5, 0.9, 0.95, 0.99, 0.999, 0.9999};
const char *const result_quantile_names[RESULT_QUANTILES] = {"p50", "p90",   "p95",
                                                             "p99", "p99.9", "p99.99"};

enum { WARNING_ROOM = 256 };

void result_init(struct result *result)
{
    *result = (struct result){.worst_row = RESULT_NONE};
    arena_init(&result->arena);
    result->warnings = arena_take_array(&result->arena, WARNING_ROOM, sizeof *result->warnings);
    result->scenario = result->description = result->digest = result->version = "";
    result->source = result->resolved = "";
}

void result_release(struct result *result)
{
    for (uint32_t i = 0; i < result->workload_count; i++) {
        histogram_release(&result->workloads[i].latency);
    }
    for (uint32_t i = 0; i < result->operation_count; i++) {
        histogram_release(&result->operations[i].latency);
    }
    for (uint32_t i = 0; i < result->component_count; i++) {
        histogram_release(&result->components[i].latency);
        histogram_release(&result->components[i].wait);
    }
    arena_release(&result->arena);
    memset(result, 0, sizeof *result);
}

uint32_t result_figure_named(const struct result *result, const char *name)
{
    for (uint32_t i = 0; i < result->figure_count; i++) {
        if (text_same(result->figures[i].name, name)) {
            return i;
        }
    }
    return RESULT_NONE;
}

const char *result_verdict_name(enum verdict verdict)
{
    static const char *const names[] = {"PASS", "FAIL", "UNDECIDED", "NO DATA"};
    return names[verdict];
}

// Nodes are numbered through: all replicas of the first component, then those of the second.
static const char *node_name(const struct result *result, uint32_t number, char *buffer,
                             size_t size)
{
    for (uint32_t c = 0; c < result->component_count; c++) {
        if (number < result->components[c].replicas) {
            snprintf(buffer, size, "%s/%u", result->components[c].name, number);
            return buffer;
        }
        number -= result->components[c].replicas;
    }
    snprintf(buffer, size, "?");
    return buffer;
}

static const char *edge_name(const struct result *result, const struct result_edge *edge,
                             char *buffer, size_t size)
{
    snprintf(buffer, size, "%s to %s",
             edge->from == RESULT_NONE ? result->workloads[edge->workload].name
                                       : result->components[edge->from].name,
             result->components[edge->to].name);
    return buffer;
}

const char *result_log_subject(const struct result *result, const struct log_event *event,
                               char *buffer, size_t size)
{
    const uint32_t subject = (uint32_t)event->subject;
    const bool fault = event->kind == LOG_FAULT_BEGIN || event->kind == LOG_FAULT_END;
    if (fault && subject < result->fault_count) {
        snprintf(buffer, size, "%s", result->faults[subject].name);
        return buffer;
    }
    if (event->kind == LOG_BREAKER && subject < result->edge_count) {
        return edge_name(result, &result->edges[subject], buffer, size);
    }
    return node_name(result, subject, buffer, size);
}

void result_warn(struct result *result, const char *code, const char *format, ...)
{
    if (result->warning_count == WARNING_ROOM) {
        return;
    }
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    result->warnings[result->warning_count++] =
        (struct result_pair){code, arena_text(&result->arena, text)};
}
