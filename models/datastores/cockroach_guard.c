// cockroach_guard - latches and locks: who may touch a key at the leaseholder, and who waits.
//
// A write holds the latch of its key from its turn until it is applied; a transaction's intent
// holds the key until it is resolved. Others wait in order of arrival; reads of an earlier time
// pass. Waiting for a transaction, a request looks after a while whether its coordinator lives and
// whether it waits for itself.
#include "models/datastores/cockroach.h"

#include "sim/kernel/time.h"

enum { CHAIN = 64 }; // longest chain of waits that is followed

static struct cockroach_guard *guard_at(const struct component *component, uint32_t number)
{
    return slots_at(&cockroach_cluster(component)->guards, number);
}

static struct cockroach_request *request_at(const struct node *node, uint32_t number)
{
    return slots_at(&cockroach_node(node)->requests, number);
}

// ---- guards of a range ------------------------------------------------------------------------

static struct cockroach_guard *take_guard(struct component *component,
                                          struct cockroach_range *range, uint64_t key)
{
    struct slots *guards = &cockroach_cluster(component)->guards;
    const uint32_t number = slots_take(guards);
    struct cockroach_guard *guard = slots_at(guards, number);
    guard->number = number;
    guard->key = key;
    guard->next = range->guard;
    guard->before = 0;
    if (range->guard != 0) {
        guard_at(component, range->guard)->before = number;
    }
    range->guard = number;
    guard->request = guard->writer = guard->first = guard->last = 0;
    map_set(&range->guards, key, number);
    return guard;
}

static void give_guard(struct component *component, struct cockroach_range *range,
                       struct cockroach_guard *guard)
{
    map_remove(&range->guards, guard->key);
    if (guard->before != 0) {
        guard_at(component, guard->before)->next = guard->next;
    } else {
        range->guard = guard->next;
    }
    if (guard->next != 0) {
        guard_at(component, guard->next)->before = guard->before;
    }
    slots_give(&cockroach_cluster(component)->guards, guard->number);
}

static struct cockroach_guard *find_guard(const struct component *component,
                                          const struct cockroach_range *range, uint64_t key)
{
    const uint32_t number = map_get(&range->guards, key);
    return number == 0 ? NULL : guard_at(component, number);
}

// ---- the line ---------------------------------------------------------------------------------

static void stand_in_line(struct node *node, struct cockroach_guard *guard,
                          struct cockroach_request *request)
{
    request->next = 0;
    if (guard->last != 0) {
        request_at(node, guard->last)->next = request->number;
    } else {
        guard->first = request->number;
    }
    guard->last = request->number;
}

static void leave_line(struct node *node, struct cockroach_guard *guard, uint32_t number)
{
    uint32_t before = 0;
    for (uint32_t at = guard->first; at != 0; at = request_at(node, at)->next) {
        if (at != number) {
            before = at;
            continue;
        }
        const uint32_t next = request_at(node, at)->next;
        *(before == 0 ? &guard->first : &request_at(node, before)->next) = next;
        guard->last = guard->last == number ? before : guard->last;
        return;
    }
}

static void note_wait(const struct component *component, const struct cockroach_request *request,
                      uint32_t holder)
{
    struct cockroach_transaction *waiter =
        cockroach_transaction_at(component, request->writer, request->writer_generation);
    if (waiter != NULL) {
        waiter->waits = holder;
    }
}

// Those who still stand in line wait for the new holder now.
static void note_waits(const struct node *node, const struct cockroach_guard *guard,
                       uint32_t holder)
{
    for (uint32_t at = guard->first; at != 0; at = request_at(node, at)->next) {
        note_wait(node->component, request_at(node, at), holder);
    }
}

static bool reads(const struct cockroach_request *request)
{
    return request->service == COCKROACH_SERVE_READ;
}

// The key is free: the reads at the head of the line go on, and the first write takes it.
static void hand_over(struct node *node, struct cockroach_range *range,
                      struct cockroach_guard *guard)
{
    guard->request = guard->writer = 0;
    while (guard->first != 0 && guard->request == 0) {
        struct cockroach_request *request = request_at(node, guard->first);
        guard->first = request->next;
        guard->last = guard->first == 0 ? 0 : guard->last;
        if (!reads(request)) {
            guard->request = request->number;
            guard->stamp = request->stamp;
            request->guard = guard->number;
            note_waits(node, guard, request->writer);
        }
        visit_wake_later(node->world, request->ticket);
    }
    if (guard->request == 0) {
        give_guard(node->component, range, guard);
    }
}

void cockroach_guard_clear(struct component *component, struct cockroach_range *range)
{
    while (range->guard != 0) {
        struct cockroach_guard *guard = guard_at(component, range->guard);
        struct node *node = &component->nodes[guard->node];
        const bool lives = node->epoch == guard->epoch && node->life == NODE_UP;
        if (lives && guard->request != 0) {
            request_at(node, guard->request)->guard = 0;
        }
        for (uint32_t at = lives ? guard->first : 0; at != 0; at = request_at(node, at)->next) {
            visit_wake_later(node->world, request_at(node, at)->ticket);
        }
        give_guard(component, range, guard);
    }
}

// ---- waiting for a transaction ----------------------------------------------------------------

static bool waits_for_itself(const struct component *component, uint32_t number)
{
    const struct slots *transactions = &cockroach_cluster(component)->transactions;
    uint32_t at = number;
    for (uint32_t i = 0; i < CHAIN && at != 0; i++) {
        at = ((struct cockroach_transaction *)slots_at(transactions, at))->waits;
        if (at == number) {
            return true;
        }
    }
    return false;
}

static void on_wait(struct node *node, uint64_t word);

// Again and again while it waits there; word: the request's number, and its generation.
static void watch(struct node *node, const struct cockroach_request *request, int64_t delay)
{
    node_timer_constant(node, delay, on_wait,
                        (uint64_t)request->generation << 32 | request->number);
}

// Who waited for a latch waits for a transaction from now on.
static void watch_others(struct node *node, const struct cockroach_guard *guard)
{
    const int64_t delay = cockroach_configuration(node->component)->transaction.deadlock_ns;
    for (uint32_t at = guard->first; at != 0; at = request_at(node, at)->next) {
        if (request_at(node, at)->writer == 0) {
            watch(node, request_at(node, at), delay);
        }
    }
}

// NULL once another leaseholder keeps it.
static struct cockroach_guard *guard_of(struct node *node, const struct cockroach_request *request)
{
    struct cockroach_guard *guard = find_guard(
        node->component, cockroach_range(node->component, request->range), request->key);
    const bool own =
        guard != NULL && guard->node == node->replica && guard->epoch == node->epoch;
    return own ? guard : NULL;
}

static bool is_in_line(const struct node *node, const struct cockroach_guard *guard,
                       uint32_t number)
{
    uint32_t at = guard == NULL ? 0 : guard->first;
    while (at != 0 && at != number) {
        at = request_at(node, at)->next;
    }
    return at != 0;
}

static void on_wait(struct node *node, uint64_t word)
{
    struct component *component = node->component;
    struct cockroach_request *request = request_at(node, (uint32_t)word);
    const int64_t again = cockroach_configuration(component)->transaction.beat_ns;
    struct cockroach_guard *guard =
        request->generation == (uint32_t)(word >> 32) ? guard_of(node, request) : NULL;
    if (!is_in_line(node, guard, (uint32_t)word)) {
        return;
    }
    if (guard->writer == 0) {
        watch(node, request, again);
        return;
    }
    if (request->writer != 0 && waits_for_itself(component, request->writer)) {
        cockroach_cluster(component)->counts.deadlocks++;
        leave_line(node, guard, request->number);
        visit_wake_with(node->world, request->ticket, STATUS_CONFLICT);
        return;
    }
    cockroach_transaction_push(node, request->range, guard);
    watch(node, request, again);
}

static enum outcome wait_in_line(struct visit *visit, struct cockroach_request *request,
                                 struct cockroach_guard *guard)
{
    struct node *node = visit->node;
    const struct cockroach_configuration *configuration = cockroach_configuration(node->component);
    stand_in_line(node, guard, request);
    request->ticket = visit_ticket(visit);
    if (node->world->measuring) {
        cockroach_cluster(node->component)->counts.lock_waits++;
    }
    note_wait(node->component, request, guard->writer);
    if (guard->writer != 0 || request->writer != 0) {
        watch(node, request, configuration->transaction.deadlock_ns);
    }
    visit->status = STATUS_OK;
    step_wait(visit);
    return OUTCOME_AGAIN;
}

// ---- taking and giving ------------------------------------------------------------------------

// After a change of leaseholder an intent is found where it lies.
static struct cockroach_guard *discover(struct node *node, struct cockroach_range *range,
                                        uint64_t key)
{
    struct cockroach_guard *guard = find_guard(node->component, range, key);
    const struct cockroach_row *row = cockroach_row_find(node->component, key);
    if (guard == NULL && row != NULL && row->writer != 0) {
        guard = take_guard(node->component, range, key);
        guard->writer = row->writer;
        guard->writer_generation = row->writer_generation;
        guard->stamp = row->intent.stamp;
        guard->node = node->replica;
        guard->epoch = node->epoch;
    }
    return guard;
}

static bool passes(const struct cockroach_guard *guard, const struct cockroach_request *request)
{
    return guard == NULL || guard->request == request->number ||
           (reads(request) && request->stamp < guard->stamp) ||
           (request->writer != 0 && guard->writer == request->writer && guard->request == 0);
}

bool cockroach_guard_is_free(const struct node *node, const struct cockroach_request *request)
{
    const struct component *component = node->component;
    const struct cockroach_guard *guard =
        find_guard(component, cockroach_range(component, request->range), request->key);
    const struct cockroach_row *row = cockroach_row_find(component, request->key);
    const bool locked = row != NULL && row->writer != 0 && row->writer != request->writer;
    return !locked && (guard == NULL || (guard->request == 0 && guard->writer == request->writer));
}

enum outcome cockroach_guard_take(struct visit *visit, struct cockroach_request *request)
{
    struct node *node = visit->node;
    struct cockroach_range *range = cockroach_range(node->component, request->range);
    if (!versions_tracks(request->key)) {
        return step_next(visit);
    }
    struct cockroach_guard *guard = discover(node, range, request->key);
    if (!passes(guard, request)) {
        return wait_in_line(visit, request, guard);
    }
    struct cockroach_transaction *writer =
        cockroach_transaction_at(node->component, request->writer, request->writer_generation);
    if (writer != NULL) {
        writer->waits = 0;
    }
    if (!reads(request)) {
        guard = guard == NULL ? take_guard(node->component, range, request->key) : guard;
        guard->request = request->number;
        guard->stamp = request->stamp;
        guard->node = node->replica;
        guard->epoch = node->epoch;
        request->guard = guard->number;
    }
    return step_next(visit);
}

void cockroach_guard_give(struct node *node, struct cockroach_request *request)
{
    if (request->guard == 0) {
        return;
    }
    struct cockroach_guard *guard = guard_at(node->component, request->guard);
    request->guard = 0;
    guard->request = 0;
    if (guard->writer == 0) {
        hand_over(node, cockroach_range(node->component, request->range), guard);
    }
}

void cockroach_guard_leave(struct node *node, struct cockroach_request *request)
{
    if (request->guard != 0) {
        struct cockroach_guard *guard = guard_at(node->component, request->guard);
        guard->writer = request->writer;
        guard->writer_generation = request->writer_generation;
        guard->stamp = request->stamp;
        watch_others(node, guard);
    }
}

void cockroach_guard_drop(struct component *component, struct cockroach_range *range, uint64_t key)
{
    struct cockroach_guard *guard = find_guard(component, range, key);
    if (guard == NULL || guard->writer == 0) {
        return;
    }
    struct node *node = &component->nodes[guard->node];
    guard->writer = 0;
    if (guard->request == 0) {
        hand_over(node, range, guard);
    }
}
