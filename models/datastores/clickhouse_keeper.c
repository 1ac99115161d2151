// clickhouse_keeper - Keeper: a Raft group that registers parts, knows recent hashes, keeps the
// shards' replication logs.
//
// A server sends a request to the Keeper node of its session, which hands it to the leader; it is
// answered the same way back once a majority has flushed it. Keeper's tree is held once, advanced
// by whoever applies an entry first: raft states that all apply the same.
#include <stdlib.h>

#include "models/datastores/clickhouse.h"

#include "sim/base/check.h"

enum { MESSAGE_BYTES = 200 };

static const struct clickhouse_keeper *setting_of(const struct component *component)
{
    return &clickhouse_configuration(component)->keeper;
}

static struct clickhouse_request *request_named(const struct component *component, uint64_t name)
{
    return clickhouse_named(&clickhouse_state(component)->requests, name);
}

static void give_request(struct component *component, struct clickhouse_request *request)
{
    slots_give(&clickhouse_state(component)->requests, request->number);
}

static void end_wait(struct component *component, uint64_t ticket, enum status status)
{
    struct visit *visit = visit_of(component->world, ticket);
    if (ticket != 0 && visit != NULL) {
        visit->status = (uint8_t)status & 0x7f;
        visit_wake_later(component->world, ticket);
    }
}

// Nobody waits for the answer any more; the request may still be applied.
static void abandon(struct component *component, struct clickhouse_request *request)
{
    const uint64_t ticket = request->ticket;
    struct node *server = &component->nodes[request->server];
    request->ticket = 0;
    request->abandoned = true;
    if (request->kind == CLICKHOUSE_MERGE) {
        clickhouse_merge_forget(server, request);
    }
    if (request->applied) {
        give_request(component, request);
    }
    end_wait(component, ticket, STATUS_INDETERMINATE);
}

void clickhouse_keeper_abandon(struct node *server)
{
    struct component *component = server->component;
    const struct slots *requests = &clickhouse_state(component)->requests;
    for (uint32_t number = 1; number < requests->used; number++) {
        struct clickhouse_request *request = slots_at(requests, number);
        if (request->number == number && request->server == server->replica &&
            !request->abandoned) {
            abandon(component, request);
        }
    }
}

// ---- requests ---------------------------------------------------------------------------------

static void send_request(struct node *server, struct clickhouse_request *request);

static void on_answer(struct node *server, struct node *keeper, struct network_parcel *parcel)
{
    struct component *component = server->component;
    struct clickhouse_request *request = request_named(component, parcel->words[0]);
    if (request == NULL || request->abandoned) {
        return;
    }
    if (clickhouse_node(server)->keeper == keeper->replica) {
        clickhouse_node(server)->heard_ns = server->world->now;
    }
    if (parcel->words[1] == STATUS_OK && !request->applied) {
        send_request(server, request); // its next round
        return;
    }
    if (parcel->words[1] == STATUS_INDETERMINATE) {
        abandon(component, request);
        return;
    }
    if (!request->applied && request->kind == CLICKHOUSE_MERGE) {
        clickhouse_merge_forget(server, request);
    }
    end_wait(component, request->ticket, (enum status)parcel->words[1]);
    give_request(component, request);
}

static void on_relay(struct node *keeper, struct node *from, struct network_parcel *parcel)
{
    (void)from;
    struct node *server = &keeper->component->nodes[parcel->words[2]];
    network_post(keeper, server, MESSAGE_BYTES, on_answer, parcel);
}

// The answer goes back by the Keeper node of the session.
static void answer(struct node *from, const struct clickhouse_request *request, enum status status)
{
    struct component *component = from->component;
    const uint64_t name =
        clickhouse_name(&clickhouse_state(component)->requests, request->number);
    const struct network_parcel parcel = {.words = {name, status, request->server}};
    struct node *keeper = &component->nodes[request->keeper];
    if (keeper == from) {
        network_post(from, &component->nodes[request->server], MESSAGE_BYTES, on_answer, &parcel);
    } else {
        network_post(from, keeper, MESSAGE_BYTES, on_relay, &parcel);
    }
}

static void on_forwarded(struct node *leader, struct node *from, uint64_t name)
{
    (void)from;
    struct component *component = leader->component;
    const struct clickhouse_request *request = request_named(component, name);
    struct raft_member *member = clickhouse_node(leader)->member;
    const uint32_t bytes = (uint32_t)setting_of(component)->entry;
    if (request != NULL && !raft_propose(member, (uint64_t[2]){name, 0}, bytes, 0)) {
        answer(leader, request, STATUS_UNAVAILABLE);
    }
}

static void on_request(struct node *keeper, struct node *server, uint64_t name)
{
    struct component *component = keeper->component;
    const struct clickhouse_request *request = request_named(component, name);
    const struct raft_member *leader = raft_leader(&clickhouse_state(component)->raft);
    if (request == NULL) {
        return;
    }
    if (leader == NULL) {
        answer(keeper, request, STATUS_UNAVAILABLE);
        return;
    }
    clickhouse_node(server)->seen_ns = server->world->now;
    if (leader->node == keeper) {
        on_forwarded(keeper, server, name);
    } else {
        network_message(keeper, leader->node, MESSAGE_BYTES, on_forwarded, name);
    }
}

static void on_operation_timeout(struct node *server, uint64_t name)
{
    struct clickhouse_request *request = request_named(server->component, name);
    if (request == NULL || request->abandoned) {
        return;
    }
    if (clickhouse_node(server)->keeper == request->keeper) {
        clickhouse_session_end(server);
    } else {
        abandon(server->component, request);
    }
}

static void send_request(struct node *server, struct clickhouse_request *request)
{
    struct component *component = server->component;
    const uint64_t bytes = setting_of(component)->entry + MESSAGE_BYTES;
    const uint64_t name =
        clickhouse_name(&clickhouse_state(component)->requests, request->number);
    network_message(server, &component->nodes[request->keeper], bytes, on_request, name);
}

void clickhouse_keeper_ask(struct node *server, const struct clickhouse_request *wish)
{
    struct component *component = server->component;
    struct clickhouse_state *state = clickhouse_state(component);
    const uint32_t keeper = clickhouse_node(server)->keeper;
    if (keeper == CLICKHOUSE_NONE) {
        if (wish->kind == CLICKHOUSE_MERGE) {
            clickhouse_merge_forget(server, wish);
        }
        return;
    }
    const uint32_t number = slots_take(&state->requests);
    struct clickhouse_request *request = slots_at(&state->requests, number);
    const uint32_t generation = request->generation;
    *request = *wish;
    request->generation = generation;
    request->number = number;
    request->server = server->replica;
    request->keeper = keeper;
    send_request(server, request);
    node_timer_constant(server, setting_of(component)->operation_ns, on_operation_timeout,
                        clickhouse_name(&state->requests, number));
}

enum outcome clickhouse_keeper_commit(struct visit *visit, struct clickhouse_block *block)
{
    struct node *server = visit->node;
    struct component *component = server->component;
    const struct slots *blocks = &clickhouse_state(component)->blocks;
    visit->status = STATUS_OK;
    if (!clickhouse_has_keeper(component)) {
        clickhouse_part_commit(component, block);
        return step_next(visit);
    }
    if (clickhouse_node(server)->keeper == CLICKHOUSE_NONE || clickhouse_node(server)->read_only) {
        visit->status = STATUS_UNAVAILABLE;
        return step_next(visit);
    }
    const enum outcome wait = step_wait(visit);
    clickhouse_keeper_ask(
        server, &(struct clickhouse_request){.kind = CLICKHOUSE_COMMIT,
                                             .rounds = (uint8_t)setting_of(component)->rounds,
                                             .ticket = visit_ticket(visit),
                                             .block = clickhouse_name(blocks, block->number)});
    return wait;
}

// ---- applying ---------------------------------------------------------------------------------

static void on_watch(struct node *server, struct node *keeper, uint64_t word)
{
    (void)keeper;
    (void)word;
    clickhouse_queue_pull(server);
}

static void on_watch_relay(struct node *keeper, struct node *from, uint64_t server)
{
    (void)from;
    network_message(keeper, &keeper->component->nodes[server], MESSAGE_BYTES, on_watch, 0);
}

// The shard's log has grown: who watches it is told.
static void tell_shard(struct node *from, uint32_t shard)
{
    struct component *component = from->component;
    for (uint32_t i = 0; i < clickhouse_configuration(component)->replicas; i++) {
        struct node *server = clickhouse_replica(component, shard, i);
        const uint32_t keeper = clickhouse_node(server)->keeper;
        if (keeper == from->replica) {
            network_message(from, server, MESSAGE_BYTES, on_watch, 0);
        } else if (keeper != CLICKHOUSE_NONE) {
            network_message(from, &component->nodes[keeper], MESSAGE_BYTES, on_watch_relay,
                            server->replica);
        }
    }
}

// The same hash among the latest: its block.
static struct clickhouse_hash *find_hash(struct clickhouse_shard *shard, uint64_t hash,
                                         uint64_t window)
{
    for (uint64_t i = 0; hash != 0 && i < window; i++) {
        if (shard->hashes[i].hash == hash) {
            return &shard->hashes[i];
        }
    }
    return NULL;
}

static void apply_commit(struct node *at, const struct clickhouse_request *request)
{
    struct component *component = at->component;
    struct clickhouse_state *state = clickhouse_state(component);
    struct clickhouse_block *block = clickhouse_named(&state->blocks, request->block);
    if (block == NULL || block->committed || block->duplicate) {
        return; // an earlier try was applied after all
    }
    struct clickhouse_shard *shard = &state->shards[block->shard];
    const uint32_t number = block->shard;
    const uint64_t window = clickhouse_configuration(component)->insert.window;
    const struct clickhouse_hash *known = find_hash(shard, block->hash, window);
    if (known != NULL) {
        block->duplicate = true;
        block->original = known->block;
        block->lost = known->lost;
        state->duplicates++;
        return;
    }
    if (block->hash != 0) {
        shard->hashes[shard->hash_count++ % window] =
            (struct clickhouse_hash){block->hash, request->block, false};
    }
    clickhouse_queue_append(component, number,
                            &(struct clickhouse_entry){.block = request->block});
    clickhouse_part_commit(component, block);
    tell_shard(at, number);
}

static void apply_merge(struct node *at, const struct clickhouse_request *request)
{
    const struct node *server = &at->component->nodes[request->server];
    const uint32_t shard = clickhouse_shard_of(server);
    clickhouse_queue_append(at->component, shard,
                            &(struct clickhouse_entry){.partition = request->partition,
                                                       .first = request->first,
                                                       .last = request->last});
    tell_shard(at, shard);
}

static void on_quorum(struct node *server, struct node *keeper, uint64_t name)
{
    (void)keeper;
    struct clickhouse_state *state = clickhouse_state(server->component);
    struct clickhouse_block *block = clickhouse_named(&state->blocks, name);
    if (block != NULL && block->waiter != 0) {
        const uint64_t ticket = block->waiter;
        block->waiter = 0;
        state->shards[block->shard].open_quorums--;
        end_wait(server->component, ticket, STATUS_OK);
    }
}

static void on_quorum_relay(struct node *keeper, struct node *from, uint64_t name)
{
    (void)from;
    struct component *component = keeper->component;
    const struct clickhouse_block *block =
        clickhouse_named(&clickhouse_state(component)->blocks, name);
    if (block != NULL) {
        network_message(keeper, clickhouse_replica(component, block->shard, block->writer),
                        MESSAGE_BYTES, on_quorum, name);
    }
}

static void apply_confirm(struct node *at, const struct clickhouse_request *request)
{
    struct component *component = at->component;
    struct clickhouse_block *block =
        clickhouse_named(&clickhouse_state(component)->blocks, request->block);
    if (block == NULL) {
        return;
    }
    const struct node *server = &component->nodes[request->server];
    const struct node *writer = clickhouse_replica(component, block->shard, block->writer);
    const uint64_t quorum = clickhouse_configuration(component)->insert.quorum;
    block->confirmed |= (uint8_t)(1U << clickhouse_index(server));
    const uint32_t copies =
        (uint32_t)__builtin_popcount(block->confirmed | 1U << block->writer);
    const uint32_t keeper = clickhouse_node(writer)->keeper;
    if (copies < quorum || keeper == CLICKHOUSE_NONE) {
        return;
    }
    if (keeper == at->replica) {
        on_quorum_relay(at, at, request->block);
    } else {
        network_message(at, &component->nodes[keeper], MESSAGE_BYTES, on_quorum_relay,
                        request->block);
    }
}

static void apply_request(struct node *at, const struct clickhouse_request *request)
{
    switch ((enum clickhouse_kind)request->kind) {
    case CLICKHOUSE_COMMIT:
        apply_commit(at, request);
        break;
    case CLICKHOUSE_MERGE:
        apply_merge(at, request);
        break;
    case CLICKHOUSE_CONFIRM:
        apply_confirm(at, request);
        break;
    }
}

static void on_applied(struct raft_member *member, uint64_t index, const struct raft_entry *entry)
{
    struct component *component = member->node->component;
    struct clickhouse_state *state = clickhouse_state(component);
    if (index <= state->applied) {
        return;
    }
    state->applied = index;
    struct clickhouse_request *request = request_named(component, entry->words[0]);
    if (request == NULL || request->applied) {
        return;
    }
    request->rounds--;
    if (request->rounds == 0) {
        request->applied = true;
        apply_request(member->node, request);
    }
    if (request->abandoned) {
        give_request(component, request);
    } else {
        answer(member->node, request, STATUS_OK);
    }
}

// ---- leadership -------------------------------------------------------------------------------

static void on_leads(struct raft_member *member)
{
    struct world *world = member->node->world;
    struct clickhouse_state *state = clickhouse_state(member->node->component);
    meter_log(world, LOG_LEADER, (int32_t)member->node->number, member->vote->term);
    if (state->leaderless_ns != TIME_NEVER) {
        const int64_t lasted = world->now - state->leaderless_ns;
        state->unavailable_ns = lasted > state->unavailable_ns ? lasted : state->unavailable_ns;
        state->leaderless_ns = TIME_NEVER;
        state->elections++;
    }
}

static void note_loss(struct component *component)
{
    struct clickhouse_state *state = clickhouse_state(component);
    if (state->leaderless_ns == TIME_NEVER && raft_leader(&state->raft) == NULL) {
        state->leaderless_ns = component->world->now;
    }
}

static void on_follows(struct raft_member *member)
{
    note_loss(member->node->component);
}

static const struct raft_hooks hooks = {
    .applied = on_applied, .leads = on_leads, .follows = on_follows};

// ---- life -------------------------------------------------------------------------------------

void clickhouse_keeper_begin(struct component *component)
{
    struct clickhouse_state *state = clickhouse_state(component);
    const struct clickhouse_configuration *configuration = clickhouse_configuration(component);
    state->leaderless_ns = TIME_NEVER;
    raft_init(&state->raft, component, "keeper");
    state->raft.settings = &configuration->raft;
    state->raft.hooks = &hooks;
}

void clickhouse_keeper_end(struct component *component)
{
    struct clickhouse_state *state = clickhouse_state(component);
    for (uint32_t i = state->servers; i < component->node_count; i++) {
        wal_release(&clickhouse_node(&component->nodes[i])->wal);
    }
    raft_release(&state->raft);
}

// Time 0: the last of them starts the group; the first leads.
static void join_group(struct node *keeper)
{
    struct component *component = keeper->component;
    struct clickhouse_node *self = clickhouse_node(keeper);
    struct raft *raft = &clickhouse_state(component)->raft;
    wal_init(&self->wal, keeper, &setting_of(component)->flush, node_stream(keeper, "flush"));
    wal_set_mode(&self->wal, WAL_GATED, 0);
    self->member = raft_add(raft, keeper, &self->wal);
    if (keeper->replica + 1 < component->node_count) {
        return;
    }
    for (uint32_t i = 0; i < raft->count; i++) {
        raft_start(&raft->members[i], 0);
    }
    raft_settle(&raft->members[0]);
}

bool clickhouse_keeper_start(struct node *node)
{
    if (clickhouse_is_server(node)) {
        return clickhouse_session_start(node);
    }
    struct raft_member *member = clickhouse_node(node)->member;
    if (node->epoch == 0) {
        join_group(node);
    } else {
        raft_start(member, member->applied);
    }
    return true;
}

// A dead process resets its connections: its sessions end; requests that it had from other Keeper
// nodes come back unanswered. A dark host leaves all of them waiting.
static void crash_keeper(struct node *keeper, bool dark)
{
    struct component *component = keeper->component;
    struct clickhouse_state *state = clickhouse_state(component);
    struct clickhouse_node *self = clickhouse_node(keeper);
    const bool led = self->member->vote->role == ELECTION_LEADER;
    raft_crash(self->member, dark);
    wal_crash(&self->wal, dark);
    note_loss(component);
    if (!dark) {
        clickhouse_session_reset(keeper);
    }
    for (uint32_t number = 1; !dark && led && number < state->requests.used; number++) {
        struct clickhouse_request *request = slots_at(&state->requests, number);
        struct node *other = &component->nodes[request->keeper];
        if (request->number == number && !request->abandoned && !request->applied &&
            other != keeper && node_is_up(other)) {
            answer(keeper, request, STATUS_INDETERMINATE);
        }
    }
}

void clickhouse_keeper_crash(struct node *node, bool dark)
{
    if (!clickhouse_is_server(node)) {
        crash_keeper(node, dark);
        return;
    }
    clickhouse_keeper_abandon(node);
}

void clickhouse_keeper_check(struct component *component)
{
    raft_check(&clickhouse_state(component)->raft);
}
