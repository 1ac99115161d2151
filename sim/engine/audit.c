// audit - the judges of recorded histories: linearizable or not, how stale, how fast converged.
#include "sim/engine/audit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/check.h"
#include "sim/base/text.h"
#include "sim/engine/linear.h"
#include "sim/engine/world.h"
#include "sim/kernel/histogram.h"

struct part { // the operations of one key, in order of their beginning
    struct history_operation *operations;
    uint32_t count;
};

static struct part part_of(const struct history *history, const struct history_key *key)
{
    struct part part = {check_calloc(key->count + 1, sizeof *part.operations), key->count};
    for (uint32_t i = 0; i < key->count; i++) {
        part.operations[i] = history->operations[key->operations[i]];
    }
    return part;
}

// ---- linearizability ----------------------------------------------------------------------------

enum { SAID = 420 }; // bytes of a history that the words of an invariant have room for

// The end of a long history says what is wrong, its beginning only how it came to that.
static const char *last_of(const char *history)
{
    const char *next = history;
    while (next != NULL && strlen(next) > SAID) {
        next = strstr(next, "; ");
        next = next == NULL ? NULL : next + strlen("; ");
    }
    return next == NULL ? history : next;
}

static void tell_violation(const struct component *component, uint64_t key, struct part *part)
{
    const struct consistency_design *design = &component->design->consistency;
    struct text text;
    text_init(&text);
    part->count = linear_shrink(part->operations, part->count, design->states);
    linear_say(&text, part->operations, part->count);
    const char *last = last_of(text_get(&text));
    world_hold(component->world, design->claim, false, "key %llu: %s%s", (unsigned long long)key,
               last == text_get(&text) ? "" : "...; ", last);
    text_release(&text);
}

static void judge(struct component *component, const struct history_key *key, struct part *part)
{
    const uint64_t bound = component->design->consistency.states;
    struct audit *audit = component->audit;
    const enum linear_verdict verdict = linear_check(part->operations, part->count, bound);
    audit->undecided += verdict == LINEAR_UNDECIDED;
    if (verdict == LINEAR_VIOLATED && audit->violations++ == 0) {
        tell_violation(component, key->key, part);
    }
}

// ---- staleness and convergence ------------------------------------------------------------------

static bool is_done_write(const struct history_operation *operation)
{
    const bool writes = operation->kind == HISTORY_WRITE || operation->kind == HISTORY_SWAP;
    return writes && !operation->failed && operation->ended_ns != TIME_NEVER;
}

// earliest[i]: the first acknowledgement of a write that began at operation i or later.
static int64_t *earliest_of(const struct part *part)
{
    int64_t *earliest = check_calloc(part->count + 1, sizeof *earliest);
    earliest[part->count] = TIME_NEVER;
    for (uint32_t i = part->count; i-- > 0;) {
        const struct history_operation *operation = &part->operations[i];
        const int64_t ended = is_done_write(operation) ? operation->ended_ns : TIME_NEVER;
        earliest[i] = ended < earliest[i + 1] ? ended : earliest[i + 1];
    }
    return earliest;
}

// The first operation that began after `time`.
static uint32_t first_after(const struct part *part, int64_t time)
{
    uint32_t low = 0, high = part->count;
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (part->operations[middle].began_ns > time) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return low;
}

// When the write that the read saw was acknowledged; -1: it saw nothing written, TIME_NEVER:
// nobody knows.
static int64_t seen_since(const struct history *history, const struct history_operation *read)
{
    if (read->value == 0) {
        return -1;
    }
    const uint32_t number = map_get(&history->writes, digest_mix(read->key, read->value));
    return number == 0 ? TIME_NEVER : history->operations[number - 1].ended_ns;
}

static void measure_read(struct audit *audit, const struct history *history,
                         const struct part *part, const int64_t *earliest, uint32_t number)
{
    const struct history_operation *read = &part->operations[number];
    if (read->kind != HISTORY_READ || read->failed || read->ended_ns == TIME_NEVER) {
        return;
    }
    const int64_t since = seen_since(history, read);
    const int64_t newer = since == TIME_NEVER ? TIME_NEVER : earliest[first_after(part, since)];
    const int64_t stale_ns = newer < read->began_ns ? read->began_ns - newer : 0;
    audit->reads++;
    audit->stale += stale_ns > 0;
    histogram_add(&audit->staleness, stale_ns);
}

static void measure(struct audit *audit, const struct history *history, const struct part *part)
{
    int64_t *earliest = earliest_of(part);
    for (uint32_t i = 0; i < part->count; i++) {
        const struct history_operation *operation = &part->operations[i];
        measure_read(audit, history, part, earliest, i);
        if (is_done_write(operation) && operation->applied_ns > 0) {
            histogram_add(&audit->convergence, operation->applied_ns - operation->began_ns);
        }
    }
    free(earliest);
}

// ---- the whole ----------------------------------------------------------------------------------

void audit_component(struct component *component)
{
    const struct history *history = component->history;
    if (history == NULL || component->audit != NULL) {
        return;
    }
    struct audit *audit = component->audit = check_calloc(1, sizeof *audit);
    histogram_init(&audit->staleness);
    histogram_init(&audit->convergence);
    audit->operations = history->count;
    audit->keys = history->key_count;
    for (uint32_t i = 0; i < history->key_count; i++) {
        struct part part = part_of(history, &history->keys[i]);
        measure(audit, history, &part);
        judge(component, &history->keys[i], &part);
        free(part.operations);
    }
    if (audit->violations == 0) {
        world_hold(component->world, component->design->consistency.claim, true, "-");
    }
}

void audit_release(struct component *component)
{
    if (component->audit != NULL) {
        histogram_release(&component->audit->staleness);
        histogram_release(&component->audit->convergence);
        free(component->audit);
        component->audit = NULL;
    }
    if (component->history != NULL) {
        history_release(component->history);
        free(component->history);
        component->history = NULL;
    }
}

// ---- figures ------------------------------------------------------------------------------------

static double read_operations(const struct component *component)
{
    return component->audit == NULL ? (double)NAN : (double)component->audit->operations;
}

static double read_violations(const struct component *component)
{
    const struct audit *audit = component->audit;
    const bool known =
        audit != NULL && audit->operations > 0 && (audit->violations > 0 || audit->undecided == 0);
    return known ? (double)audit->violations : (double)NAN;
}

static double read_undecided(const struct component *component)
{
    return component->audit == NULL ? (double)NAN : (double)component->audit->undecided;
}

static double read_stale(const struct component *component)
{
    const struct audit *audit = component->audit;
    const bool known = audit != NULL && audit->reads > 0;
    return known ? (double)audit->stale / (double)audit->reads : (double)NAN;
}

static double quantile(const struct histogram *histogram, double share)
{
    return histogram->count == 0 ? (double)NAN : histogram_quantile(histogram, share) / 1e9;
}

static double read_stale_p99(const struct component *component)
{
    const struct audit *audit = component->audit;
    return audit == NULL ? (double)NAN : quantile(&audit->staleness, 0.99);
}

static double read_stale_max(const struct component *component)
{
    const struct audit *audit = component->audit;
    return audit == NULL ? (double)NAN : quantile(&audit->staleness, 1);
}

static double read_convergence_p99(const struct component *component)
{
    const struct audit *audit = component->audit;
    return audit == NULL ? (double)NAN : quantile(&audit->convergence, 0.99);
}

static double read_convergence_max(const struct component *component)
{
    const struct audit *audit = component->audit;
    return audit == NULL ? (double)NAN : quantile(&audit->convergence, 1);
}

const struct model_metric audit_metrics[] = {
    {"recorded", "{operation}", "operations on sampled keys that were recorded", read_operations},
    {"violations", "{key}", "sampled keys whose history is not linearizable", read_violations},
    {"undecided", "{key}", "sampled keys whose history is beyond the search's bound",
     read_undecided},
    {"stale", "1", "reads that missed a write acknowledged before, over all", read_stale},
    {"stale_p99", "s", "how long what a read missed had been acknowledged, p99", read_stale_p99},
    {"stale_max", "s", "the same, longest", read_stale_max},
    {"convergence_p99", "s", "from a write's beginning until the last replica holds it, p99",
     read_convergence_p99},
    {"convergence_max", "s", "the same, longest", read_convergence_max},
};
