// rabbitmq_classic - classic queues, of one node or mirrored: a ring of copies without a quorum.
//
// A message of a mirrored queue goes from the leader through all mirrors and back; the publisher's
// confirm waits for that and for the leader's own disk. When the leader's process ends, the oldest
// mirror that has all messages leads; without one, `promotion: always` lets a mirror lead that
// lacks those from before it joined: they are lost. A node that comes back throws its copy away and
// joins as a new mirror.
#include "models/brokers/rabbitmq.h"

#include "sim/base/check.h"

enum { MESSAGE_BYTES = 100, ENTRY_BYTES = 50 };

static struct rabbitmq_mirror *mirror_of(struct rabbitmq_queue *queue, const struct node *node)
{
    return &queue->mirrors[node->replica];
}

static bool is_mirrored(const struct rabbitmq_queue *queue)
{
    return rabbitmq_setting(queue)->type == RABBITMQ_MIRRORED;
}

// ---- the disk -----------------------------------------------------------------------------------

static void on_flushed(void *context, uint64_t sequence)
{
    struct rabbitmq_queue *queue = context;
    queue->flushed = sequence > queue->flushed ? sequence : queue->flushed;
}

// Messages above the first sequence, below the second, exist no more.
static void lose(struct rabbitmq_queue *queue, uint64_t low, uint64_t high)
{
    const uint64_t told = queue->confirmed + 1;
    if (low < told) {
        queue->lost += backlog_lose(&queue->backlog, low, high < told ? high : told);
    }
    if (high > told) {
        backlog_lose(&queue->backlog, low > told ? low : told, high);
    }
}

// ---- the ring -----------------------------------------------------------------------------------

static void wake_waiters(struct rabbitmq_queue *queue)
{
    while (queue->waiters.count > 0) {
        const struct rabbitmq_waiter waiter =
            *(const struct rabbitmq_waiter *)ring_at(&queue->waiters, 0);
        if (waiter.sequence > queue->circled) {
            return;
        }
        ring_drop(&queue->waiters);
        if (visit_of(queue->component->world, waiter.ticket) != NULL) {
            visit_wake_later(queue->component->world, waiter.ticket);
        }
    }
}

static void come_round(struct rabbitmq_queue *queue, uint64_t sequence)
{
    queue->circled = sequence > queue->circled ? sequence : queue->circled;
    wake_waiters(queue);
}

static void on_copy(struct node *node, struct node *from, struct network_parcel *parcel);

// To the next mirror of the ring after `node`, or back to the leader. False: it is back already.
static bool pass_on(struct rabbitmq_queue *queue, struct node *node, uint64_t sequence,
                    uint64_t bytes)
{
    struct component *component = queue->component;
    const struct network_parcel parcel = {
        .words = {queue->number, sequence, bytes, queue->reign}};
    for (uint32_t i = 1; i <= component->node_count; i++) {
        struct node *next = &component->nodes[(node->replica + i) % component->node_count];
        if (next == queue->server) {
            break;
        }
        if (mirror_of(queue, next)->in) {
            network_post(node, next, bytes + MESSAGE_BYTES, on_copy, &parcel);
            return true;
        }
    }
    if (node == queue->server) {
        return false;
    }
    network_post(node, queue->server, MESSAGE_BYTES, on_copy, &parcel);
    return true;
}

static void on_copy(struct node *node, struct node *from, struct network_parcel *parcel)
{
    (void)from;
    struct rabbitmq_queue *queue = &rabbitmq_state(node->component)->queues[parcel->words[0]];
    const uint64_t sequence = parcel->words[1], bytes = parcel->words[2];
    if (parcel->words[3] != queue->reign || queue->server == NULL) {
        return;
    }
    if (node == queue->server) {
        come_round(queue, sequence);
        return;
    }
    struct rabbitmq_mirror *mirror = mirror_of(queue, node);
    mirror->have = sequence > mirror->have ? sequence : mirror->have;
    if (rabbitmq_setting(queue)->persistent && bytes > 0) {
        wal_append(rabbitmq_wal(node), bytes + ENTRY_BYTES);
    }
    pass_on(queue, node, sequence, bytes);
}

// The ring has changed: everything goes round once more, without bodies.
static void close_ring(struct rabbitmq_queue *queue)
{
    if (queue->server != NULL && !pass_on(queue, queue->server, queue->next, 0)) {
        come_round(queue, queue->next);
    }
}

// ---- publish ------------------------------------------------------------------------------------

static uint64_t append(struct rabbitmq_queue *queue, struct backlog_message message)
{
    message.sequence = ++queue->next;
    message.appended_ns = queue->component->world->now;
    backlog_put(&queue->backlog, &message);
    backlog_pump(&queue->backlog);
    if (is_mirrored(queue) && !pass_on(queue, queue->server, queue->next, message.bytes)) {
        queue->circled = queue->next;
    }
    return queue->next;
}

static void flush_later(struct rabbitmq_queue *queue, uint64_t sequence)
{
    struct wal *wal = rabbitmq_wal(queue->server);
    wal_when(wal, wal->written, on_flushed, queue, sequence);
}

enum outcome rabbitmq_classic_publish(struct visit *visit, struct rabbitmq_queue *queue)
{
    const struct rabbitmq_queue_setting *setting = rabbitmq_setting(queue);
    struct backlog_message message = {.request = visit->request,
                                      .bytes = rabbitmq_bytes(visit, queue),
                                      .count = visit->units};
    struct wal *wal = rabbitmq_wal(visit->node);
    const uint64_t sequence = append(queue, message);
    enum outcome outcome = OUTCOME_NEXT;
    visit->value = (uint32_t)sequence;
    visit->status = STATUS_OK;
    if (setting->persistent && setting->confirms) {
        outcome = wal_join(wal, visit, message.bytes + ENTRY_BYTES);
    } else if (setting->persistent) {
        wal_append(wal, message.bytes + ENTRY_BYTES);
    }
    if (setting->persistent) {
        flush_later(queue, sequence);
    }
    return outcome;
}

static void park(struct rabbitmq_queue *queue, uint64_t sequence, uint64_t ticket)
{
    struct rabbitmq_waiter *waiter = ring_put(&queue->waiters, sizeof *waiter);
    *waiter = (struct rabbitmq_waiter){sequence, ticket};
}

enum outcome rabbitmq_classic_await(struct visit *visit, struct rabbitmq_queue *queue)
{
    if (!is_mirrored(queue) || !rabbitmq_setting(queue)->confirms ||
        queue->circled >= visit->value) {
        return step_next(visit);
    }
    park(queue, visit->value, visit_ticket(visit));
    return step_wait(visit);
}

bool rabbitmq_classic_offer(struct rabbitmq_queue *queue, const struct backlog_message *message)
{
    if (queue->server == NULL) {
        return false;
    }
    const uint64_t sequence = append(queue, *message);
    queue->confirmed = sequence;
    if (rabbitmq_setting(queue)->persistent) {
        wal_append(rabbitmq_wal(queue->server), message->bytes + ENTRY_BYTES);
        flush_later(queue, sequence);
    }
    return true;
}

// ---- leaders ------------------------------------------------------------------------------------

static void lead(struct rabbitmq_queue *queue, struct node *node)
{
    struct rabbitmq_mirror *mirror = mirror_of(queue, node);
    queue->reign++;
    queue->last = node->replica;
    mirror->in = true;
    mirror->from = 0;
    queue->flushed = queue->confirmed; // it was on the mirrors' disks, too
    rabbitmq_serve(queue, node);
    meter_log(node->world, LOG_LEADER, (int32_t)node->number, 0);
    close_ring(queue);
}

static bool is_synced(const struct rabbitmq_mirror *mirror, uint64_t lowest)
{
    return mirror->from <= lowest;
}

// The oldest mirror that has everything; else the oldest, where that is allowed.
static struct node *choose_mirror(struct rabbitmq_queue *queue)
{
    struct component *component = queue->component;
    const uint64_t lowest = backlog_lowest(&queue->backlog);
    struct node *best = NULL;
    for (uint32_t i = 0; i < component->node_count; i++) {
        struct rabbitmq_mirror *mirror = &queue->mirrors[i];
        const bool synced = is_synced(mirror, lowest);
        if (!mirror->in || !node_is_up(&component->nodes[i]) ||
            (!synced && rabbitmq_setting(queue)->promotion == RABBITMQ_WHEN_SYNCED)) {
            continue;
        }
        const struct rabbitmq_mirror *other = best == NULL ? NULL : mirror_of(queue, best);
        const bool other_synced = other != NULL && is_synced(other, lowest);
        if (other == NULL || (synced && !other_synced) ||
            (synced == other_synced && mirror->age < other->age)) {
            best = &component->nodes[i];
        }
    }
    return best;
}

static void promote(struct rabbitmq_queue *queue)
{
    struct node *node = choose_mirror(queue);
    if (queue->server != NULL || node == NULL) {
        return;
    }
    const struct rabbitmq_mirror *mirror = mirror_of(queue, node);
    lose(queue, 0, mirror->from);
    lose(queue, mirror->have + 1, UINT64_MAX);
    queue->next = mirror->have;
    queue->circled = mirror->have < queue->circled ? mirror->have : queue->circled;
    backlog_recall(&queue->backlog);
    lead(queue, node);
}

static void on_promotion(struct node *node, uint64_t number)
{
    promote(&rabbitmq_state(node->component)->queues[number]);
}

static void promote_soon(struct rabbitmq_queue *queue)
{
    struct node *node = choose_mirror(queue);
    struct rabbitmq_state *state = rabbitmq_state(queue->component);
    if (node != NULL) {
        const int64_t wait = distribution_draw(
            &rabbitmq_configuration(queue->component)->promotion, state->election);
        node_timer(node, wait, on_promotion, queue->number);
    }
}

void rabbitmq_classic_suspect(struct rabbitmq_queue *queue, struct node *node,
                              const struct node *gone)
{
    struct rabbitmq_mirror *mirror = mirror_of(queue, gone);
    if (queue->server == gone && !node_is_up(gone)) {
        rabbitmq_serve(queue, NULL);
    }
    if (queue->server == node && mirror->in) {
        mirror->in = false;
        close_ring(queue);
    } else if (queue->server == NULL) {
        mirror->in = false;
        promote_soon(queue);
    }
}

void rabbitmq_classic_pause(struct rabbitmq_queue *queue, const struct node *node)
{
    if (is_mirrored(queue) && queue->server == node) {
        mirror_of(queue, node)->in = false;
        rabbitmq_serve(queue, NULL);
        promote_soon(queue);
    }
}

// ---- life ---------------------------------------------------------------------------------------

void rabbitmq_classic_begin(struct rabbitmq_queue *queue)
{
    const uint64_t members = is_mirrored(queue) ? rabbitmq_setting(queue)->members : 1;
    queue->last = queue->home;
    for (uint32_t i = 0; i < members; i++) {
        const uint32_t node = (queue->home + i) % queue->component->node_count;
        queue->mirrors[node] = (struct rabbitmq_mirror){.in = true, .age = ++queue->ages};
    }
}

// What the leader's disk does not hold went with its process, or with its host's power.
static void forget(struct rabbitmq_queue *queue)
{
    const bool kept = rabbitmq_setting(queue)->persistent;
    if (!kept || queue->darkened) {
        lose(queue, kept ? queue->flushed + 1 : 0, UINT64_MAX);
    }
    queue->darkened = false;
}

static void on_synced(struct node *leader, uint64_t word)
{
    struct rabbitmq_queue *queue =
        &rabbitmq_state(leader->component)->queues[(uint32_t)(word >> 32)];
    queue->mirrors[(uint32_t)word].from = 0;
    queue->syncing = false;
    rabbitmq_guard_wake(rabbitmq_state(leader->component));
}

// A new mirror knows what is published from now on; it gets the rest only where that is asked for.
static void join(struct rabbitmq_queue *queue, struct node *node)
{
    struct rabbitmq_mirror *mirror = mirror_of(queue, node);
    *mirror = (struct rabbitmq_mirror){
        .in = true, .from = queue->next + 1, .have = queue->next, .age = ++queue->ages};
    if (rabbitmq_setting(queue)->sync == RABBITMQ_AUTOMATIC && queue->server != NULL) {
        const double rate = rabbitmq_configuration(queue->component)->recovery;
        queue->syncing = true;
        node_timer(queue->server, time_of((double)queue->backlog.bytes / rate * 1e9), on_synced,
                   (uint64_t)queue->number << 32 | node->replica);
    }
}

static bool belongs(const struct rabbitmq_queue *queue, const struct node *node)
{
    const uint64_t members = is_mirrored(queue) ? rabbitmq_setting(queue)->members : 1;
    const uint32_t nodes = queue->component->node_count;
    return (node->replica + nodes - queue->home) % nodes < members;
}

void rabbitmq_classic_rejoin(struct rabbitmq_queue *queue, struct node *node)
{
    const bool away = belongs(queue, node) && !mirror_of(queue, node)->in;
    if (away && queue->server != NULL && queue->server != node) {
        join(queue, node);
    }
}

void rabbitmq_classic_start(struct rabbitmq_queue *queue, struct node *node)
{
    if (!belongs(queue, node)) {
        return;
    }
    if (node->epoch == 0) {
        if (node->replica == queue->home) {
            rabbitmq_serve(queue, node);
        }
    } else if (queue->server != NULL && queue->server != node) {
        join(queue, node);
    } else if (queue->last == node->replica) {
        const uint64_t flushed = queue->flushed;
        forget(queue);
        lead(queue, node);
        queue->flushed = flushed;
    }
}

void rabbitmq_classic_crash(struct rabbitmq_queue *queue, struct node *node, bool dark)
{
    struct rabbitmq_mirror *mirror = mirror_of(queue, node);
    if (!belongs(queue, node)) {
        return;
    }
    const bool led = queue->server == node;
    mirror->in = false;
    if (led) {
        ring_clear(&queue->waiters);
        queue->syncing = false;
        rabbitmq_serve(queue, NULL);
    }
    queue->darkened = led ? dark : queue->darkened;
    if (led && choose_mirror(queue) == NULL) { // what its disk holds is all there is
        backlog_recall(&queue->backlog);
        forget(queue);
    } else if (led && !dark) {
        promote_soon(queue);
    } else if (!led && !dark) {
        close_ring(queue);
    }
}
