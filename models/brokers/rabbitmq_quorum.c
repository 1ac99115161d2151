// rabbitmq_quorum - quorum queues: a Raft group each, on the log that all queues of a node share.
//
// Entries are messages and acknowledgements. Followers learn at once that the leader's process has
// gone (their connection breaks), and by the detector's second look that its host is silent; then
// they stand, after a random wait, until somebody leads.
#include "models/brokers/rabbitmq.h"

#include "sim/base/check.h"

enum { MESSAGE_BYTES = 100, ENTRY_BYTES = 50, SETTLE_BYTES = 40 };
enum entry_kind { ENTRY_MESSAGE, ENTRY_SETTLE };
enum { COUNT_BITS = 20, KIND_SHIFT = 62 };
static const uint64_t TIME_MASK = ((uint64_t)1 << (KIND_SHIFT - COUNT_BITS)) - 1;

// ---- what the log says --------------------------------------------------------------------------

static uint64_t describe(enum entry_kind kind, uint64_t count, int64_t now_ns)
{
    const uint64_t time_us = (uint64_t)now_ns / 1000;
    CHECK(count >> COUNT_BITS == 0);
    return (uint64_t)kind << KIND_SHIFT | count << (KIND_SHIFT - COUNT_BITS) |
           (time_us & TIME_MASK);
}

static void put(struct rabbitmq_queue *queue, uint64_t index, const struct raft_entry *entry)
{
    const uint64_t count = entry->words[1] >> (KIND_SHIFT - COUNT_BITS);
    const struct backlog_message message = {
        .sequence = index,
        .request = entry->words[0],
        .appended_ns = (int64_t)((entry->words[1] & TIME_MASK) * 1000),
        .bytes = entry->bytes,
        .count = (uint32_t)count,
    };
    backlog_put(&queue->backlog, &message);
    backlog_pump(&queue->backlog);
}

// Who was told OK for an entry at this place, by whatever leader, learns whether it is this one.
static void resolve(struct rabbitmq_queue *queue, uint64_t index, uint32_t term)
{
    for (uint32_t i = 0; i < queue->raft.count; i++) {
        promise_break(&queue->promises[i], queue->led_from, term);
        promise_keep(&queue->promises[i], index, term);
    }
}

static void on_applied(struct raft_member *member, uint64_t index, const struct raft_entry *entry)
{
    struct rabbitmq_queue *queue = member->raft->owner;
    if (index <= queue->applied) {
        return;
    }
    queue->applied = index;
    resolve(queue, index, entry->term);
    if (entry->words[1] >> KIND_SHIFT == ENTRY_MESSAGE) {
        put(queue, index, entry);
    } else {
        backlog_settle(&queue->backlog, entry->words[0]);
    }
}

// Consumers' connections went through the old leader: what they had in hand comes back.
static void on_leads(struct raft_member *member)
{
    struct rabbitmq_queue *queue = member->raft->owner;
    if (queue->applied >= member->led_from) {
        queue->lost += backlog_lose(&queue->backlog, member->led_from, UINT64_MAX);
    }
    queue->led_from = member->led_from;
    for (uint32_t i = 0; i < queue->raft.count; i++) {
        promise_break(&queue->promises[i], member->led_from, member->vote->term);
    }
    queue->applied = member->led_from;
    backlog_recall(&queue->backlog);
    rabbitmq_serve(queue, member->node);
    meter_log(member->node->world, LOG_LEADER, (int32_t)member->node->number, 0);
}

static void on_follows(struct raft_member *member)
{
    struct rabbitmq_queue *queue = member->raft->owner;
    if (queue->server == member->node) {
        rabbitmq_serve(queue, NULL);
    }
}

static uint64_t snapshot_bytes(const struct raft_member *member)
{
    const struct rabbitmq_queue *queue = member->raft->owner;
    return queue->backlog.bytes;
}

static const struct raft_hooks hooks = {.applied = on_applied,
                                        .leads = on_leads,
                                        .follows = on_follows,
                                        .snapshot_bytes = snapshot_bytes};

// ---- publish and acknowledge --------------------------------------------------------------------

enum outcome rabbitmq_quorum_publish(struct visit *visit, struct rabbitmq_queue *queue)
{
    struct raft_member *member = raft_of(&queue->raft, visit->node);
    const uint32_t bytes = rabbitmq_bytes(visit, queue);
    visit->status = STATUS_UNAVAILABLE;
    if (member == NULL) {
        return OUTCOME_NEXT;
    }
    const uint64_t words[2] = {visit->request,
                               describe(ENTRY_MESSAGE, visit->units, visit_now(visit))};
    const uint64_t index = member->end;
    const enum outcome outcome = raft_commit(member, visit, words, bytes);
    if (!rabbitmq_setting(queue)->confirms && member->end > index) {
        promise_make(&queue->promises[member->number], index, member->vote->term, visit->units);
    } else if (!rabbitmq_setting(queue)->confirms) {
        queue->lost += visit->units;
    }
    return outcome;
}

static bool propose(struct rabbitmq_queue *queue, const uint64_t words[2], uint32_t bytes)
{
    struct raft_member *leader = raft_leader(&queue->raft);
    return leader != NULL && raft_propose(leader, words, bytes, 0);
}

bool rabbitmq_quorum_offer(struct rabbitmq_queue *queue, const struct backlog_message *message)
{
    const int64_t now = queue->component->world->now;
    const uint64_t words[2] = {message->request, describe(ENTRY_MESSAGE, message->count, now)};
    return propose(queue, words, message->bytes);
}

bool rabbitmq_quorum_answered(struct rabbitmq_queue *queue, uint64_t hand)
{
    const int64_t now = queue->component->world->now;
    const uint64_t words[2] = {hand, describe(ENTRY_SETTLE, 1, now)};
    propose(queue, words, SETTLE_BYTES);
    return true; // without a leader the hand comes back when there is one
}

// ---- who leads ----------------------------------------------------------------------------------

static bool has_leader(struct rabbitmq_queue *queue, const struct node *node)
{
    const struct raft_member *leader = raft_leader(&queue->raft);
    return leader != NULL && rabbitmq_guard_hears(node, leader->node);
}

static void watch(struct rabbitmq_queue *queue, const struct raft_member *member);

static void on_wait_over(struct node *node, uint64_t number)
{
    struct rabbitmq_queue *queue = &rabbitmq_state(node->component)->queues[number];
    struct raft_member *member = raft_of(&queue->raft, node);
    queue->watching[member->number] = false;
    if (has_leader(queue, node)) {
        return;
    }
    if (member->vote->role != ELECTION_LEADER) {
        election_stand(member->vote, false);
    }
    watch(queue, member);
}

// Stands after a random wait, and again, until somebody leads.
static void watch(struct rabbitmq_queue *queue, const struct raft_member *member)
{
    const struct rabbitmq_configuration *configuration = rabbitmq_configuration(queue->component);
    if (queue->watching[member->number]) {
        return;
    }
    queue->watching[member->number] = true;
    const int64_t wait =
        distribution_draw(&configuration->election, rabbitmq_state(queue->component)->election);
    node_timer(member->node, wait, on_wait_over, queue->number);
}

void rabbitmq_quorum_suspect(struct rabbitmq_queue *queue, struct node *node,
                             const struct node *gone)
{
    const struct raft_member *member = raft_of(&queue->raft, node);
    const struct raft_member *other = raft_of(&queue->raft, gone);
    if (member != NULL && other != NULL && member->vote->running &&
        (member->vote->leader == other->number || member->vote->leader == ELECTION_NONE)) {
        watch(queue, member);
    }
}

// ---- life ---------------------------------------------------------------------------------------

void rabbitmq_quorum_begin(struct rabbitmq_queue *queue)
{
    struct component *component = queue->component;
    const char *name = rabbitmq_configuration(component)->queues.names[queue->number];
    raft_init(&queue->raft, component,
              arena_format(&component->world->arena, "%s/%s", component->design->name, name));
    queue->raft.settings = &rabbitmq_state(component)->raft;
    queue->raft.hooks = &hooks;
    queue->raft.owner = queue;
    queue->raft.number = queue->number;
    for (uint32_t i = 0; i < rabbitmq_setting(queue)->members; i++) {
        struct node *node = &component->nodes[(queue->home + i) % component->node_count];
        raft_add(&queue->raft, node, rabbitmq_wal(node));
        promise_init(&queue->promises[i]);
    }
}

void rabbitmq_quorum_start(struct rabbitmq_queue *queue, struct node *node)
{
    struct raft_member *member = raft_of(&queue->raft, node);
    if (member == NULL) {
        return;
    }
    raft_start(member, member->applied);
    if (node->epoch > 0) {
        watch(queue, member);
    } else if (++queue->started == queue->raft.count) {
        raft_settle(&queue->raft.members[0]);
        rabbitmq_serve(queue, queue->raft.members[0].node);
    }
}

void rabbitmq_quorum_crash(struct rabbitmq_queue *queue, struct node *node, bool dark)
{
    struct raft_member *member = raft_of(&queue->raft, node);
    if (member == NULL) {
        return;
    }
    queue->watching[member->number] = false;
    raft_crash(member, dark);
    if (queue->server == node) {
        rabbitmq_serve(queue, NULL);
    }
    for (uint32_t i = 0; !dark && i < queue->raft.count; i++) {
        struct raft_member *other = &queue->raft.members[i];
        if (other != member && node_is_up(other->node)) {
            rabbitmq_quorum_suspect(queue, other->node, node);
        }
    }
}
