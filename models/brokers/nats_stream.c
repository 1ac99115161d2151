// nats_stream - JetStream: streams of one server or of a Raft group, their durable consumers.
//
// A message is acknowledged when its server (R1) or a majority (R3) has written it; it is durable
// with the next periodic flush, unless every append is flushed (sync_always). The state of a stream
// follows its log: what a member applies first is what all will apply.
#include "models/brokers/nats.h"

#include "sim/base/check.h"

enum { BLOCK_BYTES = 8 << 20, KEPT_ENTRIES = 8192, MESSAGE_BYTES = 100, ENTRY_BYTES = 30 };
enum { BATCH_BYTES = 256 << 10, IN_FLIGHT = 8 };
static const uint64_t IDENTIFIED = (uint64_t)1 << 63; // in an entry's second word

static struct wal *wal_of(struct component *component, uint32_t server)
{
    return &nats_state(component)->wals[server];
}

static const struct nats_stream_setting *setting_of(const struct nats_stream *stream)
{
    return nats_stream_setting(stream->component, stream->number);
}

// ---- who serves ---------------------------------------------------------------------------------

struct node *nats_stream_leader(struct nats_stream *stream)
{
    if (!stream->replicated) {
        struct node *home = &stream->component->nodes[stream->home];
        return node_is_up(home) ? home : NULL;
    }
    return stream->server;
}

static void move_consumers(struct nats_stream *stream, struct node *server)
{
    struct nats_state *state = nats_state(stream->component);
    const int64_t now = stream->component->world->now;
    if (server == NULL && stream->leaderless_ns == TIME_NEVER) {
        stream->leaderless_ns = now;
    } else if (server != NULL && stream->leaderless_ns != TIME_NEVER) {
        const int64_t gap = now - stream->leaderless_ns;
        stream->longest_ns = gap > stream->longest_ns ? gap : stream->longest_ns;
        stream->leaderless_ns = TIME_NEVER;
    }
    for (uint32_t i = 0; i < state->consumer_count; i++) {
        if (state->consumers[i].stream == stream->number) {
            backlog_move(&state->consumers[i].backlog, server);
        }
    }
    stream->server = server;
}

double nats_stream_longest(const struct nats_stream *stream)
{
    const int64_t now = stream->component->world->now;
    const int64_t open = stream->leaderless_ns == TIME_NEVER ? 0 : now - stream->leaderless_ns;
    return time_seconds(open > stream->longest_ns ? open : stream->longest_ns);
}

// ---- message ids --------------------------------------------------------------------------------

// A run's tag: the index of its entry in the log of the server or the group, and whether it has an
// id. A run without one is of no further use.
static bool has_identity(const struct offsets_run *run)
{
    return (run->tag & 1) != 0;
}

static void forget_identities(struct nats_stream *stream)
{
    const int64_t window = setting_of(stream)->duplicates_ns;
    while (stream->log.runs.count > 0) {
        const struct offsets_run *oldest = offsets_run(&stream->log, 0);
        if (has_identity(oldest)) {
            if (oldest->time_ns + window > stream->component->world->now) {
                return;
            }
            map_remove(&stream->identities, oldest->request);
        }
        offsets_forget(&stream->log, oldest->end);
    }
}

bool nats_stream_knows(struct nats_stream *stream, uint64_t request)
{
    forget_identities(stream);
    return map_get(&stream->identities, request) != 0;
}

// Its messages are no more, so their ids are free: a publisher that tries again stores them.
static void cut_off(struct nats_stream *stream, uint64_t index)
{
    while (stream->log.runs.count > 0) {
        const uint32_t last = stream->log.runs.count - 1;
        const struct offsets_run *run = offsets_run(&stream->log, last);
        if (run->tag >> 1 < index) {
            return;
        }
        if (has_identity(run)) {
            map_remove(&stream->identities, run->request);
        }
        offsets_truncate(&stream->log, offsets_start(&stream->log, last));
    }
}

// ---- the stream's state -------------------------------------------------------------------------

// The message at `index` of the log becomes part of the stream.
static void take_in(struct nats_stream *stream, uint64_t index, const uint64_t words[2],
                    uint32_t bytes)
{
    struct nats_state *state = nats_state(stream->component);
    const struct backlog_message message = {
        .sequence = index,
        .request = words[0],
        .appended_ns = stream->component->world->now,
        .bytes = bytes,
        .count = (uint32_t)words[1],
    };
    const bool identified = (words[1] & IDENTIFIED) != 0;
    if (identified && nats_stream_knows(stream, words[0])) {
        state->duplicates += message.count; // both tries were under way together
        return;
    }
    if (identified) {
        map_set(&stream->identities, words[0], 1);
    }
    const struct offsets_run run = {
        .time_ns = message.appended_ns, .request = words[0], .tag = index << 1 | identified};
    offsets_append(&stream->log, message.count, bytes, &run);
    forget_identities(stream);
    for (uint32_t i = 0; i < state->consumer_count; i++) {
        struct nats_consumer *consumer = &state->consumers[i];
        if (consumer->stream == stream->number) {
            backlog_put(&consumer->backlog, &message);
            backlog_pump(&consumer->backlog);
        }
    }
}

// Everything from `index` on that was acknowledged in an earlier term exists no more.
static void lose_from(struct nats_stream *stream, uint64_t index, uint32_t term)
{
    struct nats_state *state = nats_state(stream->component);
    promise_break(&stream->promises, index, term);
    cut_off(stream, index);
    for (uint32_t i = 0; i < state->consumer_count; i++) {
        if (state->consumers[i].stream == stream->number) {
            backlog_lose(&state->consumers[i].backlog, index, UINT64_MAX);
        }
    }
}

// ---- R3 -----------------------------------------------------------------------------------------

static void on_applied(struct raft_member *member, uint64_t index, const struct raft_entry *entry)
{
    struct nats_stream *stream = member->raft->owner;
    if (index > stream->applied) {
        stream->applied = index;
        take_in(stream, index, entry->words, entry->bytes);
    }
}

static void on_leads(struct raft_member *member)
{
    struct nats_stream *stream = member->raft->owner;
    if (stream->applied >= member->led_from) {
        lose_from(stream, member->led_from, member->vote->term);
    }
    promise_break(&stream->promises, member->led_from, member->vote->term);
    stream->applied = member->led_from;
    move_consumers(stream, member->node);
    meter_log(member->node->world, LOG_LEADER, (int32_t)member->node->number, 0);
}

static void on_follows(struct raft_member *member)
{
    struct nats_stream *stream = member->raft->owner;
    if (stream->server == member->node) {
        move_consumers(stream, NULL);
    }
}

static uint64_t snapshot_bytes(const struct raft_member *member)
{
    const struct nats_stream *stream = member->raft->owner;
    return stream->log.bytes;
}

static const struct raft_hooks hooks = {.applied = on_applied,
                                        .leads = on_leads,
                                        .follows = on_follows,
                                        .snapshot_bytes = snapshot_bytes};

static uint64_t majority_durable(const struct nats_stream *stream)
{
    uint64_t positions[ELECTION_MEMBERS];
    for (uint32_t i = 0; i < stream->raft.count; i++) {
        positions[i] = stream->raft.members[i].durable;
    }
    return quorum_position(positions, stream->raft.count, quorum_majority(stream->raft.count));
}

// ---- publish ------------------------------------------------------------------------------------

static uint32_t bytes_of(const struct visit *visit, const struct nats_stream *stream)
{
    const struct call_design *design = call_design_of(visit);
    const bool says = design != NULL && design->bytes > 0;
    const uint64_t bytes = says ? design->bytes : setting_of(stream)->record * visit->units;
    return (uint32_t)(bytes > 0 ? bytes : 1);
}

static void words_of(const struct visit *visit, uint64_t words[2])
{
    const struct call_design *design = call_design_of(visit);
    words[0] = visit->request;
    words[1] = visit->units | (design != NULL && design->idempotent ? IDENTIFIED : 0);
}

static enum outcome append_alone(struct visit *visit, struct nats_stream *stream)
{
    struct component *component = stream->component;
    struct wal *wal = wal_of(component, stream->home);
    const uint32_t bytes = bytes_of(visit, stream);
    uint64_t words[2];
    words_of(visit, words);
    visit->status = STATUS_OK;
    enum outcome outcome = OUTCOME_NEXT;
    if (nats_configuration(component)->sync_always) {
        outcome = wal_join(wal, visit, bytes + ENTRY_BYTES);
    } else {
        wal_append(wal, bytes + ENTRY_BYTES);
    }
    visit->value = (uint32_t)wal->written;
    take_in(stream, wal->written, words, bytes);
    return outcome;
}

enum outcome nats_stream_append(struct visit *visit, struct nats_stream *stream)
{
    if (!stream->replicated) {
        return append_alone(visit, stream);
    }
    struct raft_member *member = raft_of(&stream->raft, visit->node);
    uint64_t words[2];
    if (member == NULL) {
        visit->status = STATUS_UNAVAILABLE;
        return OUTCOME_NEXT;
    }
    words_of(visit, words);
    visit->value = (uint32_t)member->end;
    return raft_commit(member, visit, words, bytes_of(visit, stream));
}

void nats_stream_acknowledge(struct visit *visit, struct nats_stream *stream)
{
    struct component *component = stream->component;
    stream->acknowledged += visit->units;
    if (!stream->replicated) {
        promise_make(&stream->promises, visit->value, 1, visit->units);
        promise_keep(&stream->promises, wal_of(component, stream->home)->durable, 0);
        return;
    }
    const struct raft_member *member = raft_of(&stream->raft, visit->node);
    promise_make(&stream->promises, visit->value, member->vote->term, visit->units);
    promise_keep(&stream->promises, majority_durable(stream), 0);
}

static void on_store(struct node *server, struct node *from, struct network_parcel *parcel)
{
    (void)from;
    struct nats_stream *stream = &nats_state(server->component)->streams[parcel->words[0]];
    const uint64_t words[2] = {parcel->words[1], parcel->words[2]};
    const uint32_t bytes = (uint32_t)parcel->words[3];
    if (stream->replicated) {
        struct raft_member *member = raft_of(&stream->raft, server);
        raft_propose(member, words, bytes, 0);
    } else {
        struct wal *wal = wal_of(server->component, stream->home);
        take_in(stream, wal_append(wal, bytes + ENTRY_BYTES), words, bytes);
    }
}

void nats_stream_store(struct visit *visit, uint32_t number)
{
    struct nats_stream *stream = &nats_state(visit->node->component)->streams[number];
    struct node *leader = nats_stream_leader(stream);
    if (leader == NULL) {
        return; // a core publish: nobody is told
    }
    const uint32_t bytes = bytes_of(visit, stream);
    const struct network_parcel parcel = {
        .words = {number, visit->request, visit->units, bytes}};
    network_post(visit->node, leader, bytes + MESSAGE_BYTES, on_store, &parcel);
}

// ---- consumers ----------------------------------------------------------------------------------

static struct nats_consumer *take_consumer(struct nats_state *state)
{
    CHECK(state->consumer_count < NATS_SUBSCRIBERS);
    return &state->consumers[state->consumer_count++];
}

void nats_stream_attach(struct component *component, const struct consumer_design *consumer,
                        struct component *to, uint32_t stream)
{
    struct nats_state *state = nats_state(component);
    const struct nats_stream_setting *setting = nats_stream_setting(component, stream);
    struct nats_consumer *entry = take_consumer(state);
    entry->stream = stream;
    entry->settings = (struct backlog_settings){
        .pending = setting->max_ack_pending,
        .push = setting->mode == NATS_PUSH,
        .limit = setting->max_deliver,
        .ack_wait_ns = setting->ack_wait_ns,
        .retry_ns = nats_configuration(component)->nak_ns,
        .silence_ns = setting->ack_wait_ns,
    };
    entry->backlog.settings = &entry->settings;
    entry->backlog.number = state->consumer_count - 1;
    entry->backlog.owner = entry;
    backlog_init(&entry->backlog, component->world);
    backlog_attach(&entry->backlog, consumer, to);
    backlog_move(&entry->backlog, state->streams[stream].server);
}

// ---- life ---------------------------------------------------------------------------------------

static void begin_raft_settings(struct component *component)
{
    const struct nats_configuration *configuration = nats_configuration(component);
    nats_state(component)->raft = (struct raft_settings){
        .election = {.timeout_ns = configuration->raft.election_ns,
                     .spread_ns = configuration->raft.spread_ns,
                     .check_quorum = true,
                     .bytes = MESSAGE_BYTES},
        .heartbeat_ns = configuration->raft.heartbeat_ns,
        .batch_bytes = BATCH_BYTES,
        .in_flight = IN_FLIGHT,
        .message_bytes = MESSAGE_BYTES,
        .entry_bytes = ENTRY_BYTES,
        .trust_cache = !configuration->sync_always,
        .keep = KEPT_ENTRIES,
        .snapshot_rate = configuration->recovery,
    };
}

static void begin_stream(struct component *component, uint32_t number)
{
    struct nats_state *state = nats_state(component);
    struct nats_stream *stream = &state->streams[number];
    const char *name = nats_configuration(component)->streams.names[number];
    stream->component = component;
    stream->number = number;
    stream->home = number % component->node_count;
    stream->leaderless_ns = TIME_NEVER;
    stream->replicated = setting_of(stream)->replicas > 1;
    promise_init(&stream->promises);
    map_init(&stream->identities);
    if (!stream->replicated) {
        return;
    }
    raft_init(&stream->raft, component,
              arena_format(&component->world->arena, "%s/%s", component->design->name, name));
    stream->raft.settings = &state->raft;
    stream->raft.hooks = &hooks;
    stream->raft.owner = stream;
    stream->raft.number = number;
    for (uint32_t i = 0; i < setting_of(stream)->replicas; i++) {
        const uint32_t server = (stream->home + i) % component->node_count;
        raft_add(&stream->raft, &component->nodes[server], wal_of(component, server));
    }
}

void nats_stream_begin(struct component *component)
{
    const struct nats_configuration *configuration = nats_configuration(component);
    struct nats_state *state = nats_state(component);
    struct arena *arena = &component->world->arena;
    state->stream_count = configuration->streams.count;
    state->streams = arena_take_array(arena, state->stream_count, sizeof *state->streams);
    state->consumers = arena_take_array(arena, NATS_SUBSCRIBERS, sizeof *state->consumers);
    state->wals = arena_take_array(arena, component->node_count, sizeof *state->wals);
    begin_raft_settings(component);
    for (uint32_t i = 0; i < component->node_count; i++) {
        const char *name = arena_format(arena, "flush/%u", i);
        wal_init(&state->wals[i], &component->nodes[i], &configuration->flush,
                 node_component_stream(component, name));
        wal_set_mode(&state->wals[i], configuration->sync_always ? WAL_GATED : WAL_PERIODIC,
                     configuration->sync_interval_ns);
    }
    for (uint32_t i = 0; i < state->stream_count; i++) {
        begin_stream(component, i);
    }
}

// At the beginning the first replica leads.
static void begin_group(struct nats_stream *stream)
{
    if (++stream->started == stream->raft.count) {
        raft_settle(&stream->raft.members[0]);
        move_consumers(stream, stream->raft.members[0].node);
    }
}

static void serve_again(struct node *server)
{
    struct nats_state *state = nats_state(server->component);
    for (uint32_t i = 0; i < state->stream_count; i++) {
        struct nats_stream *stream = &state->streams[i];
        struct raft_member *member = stream->replicated ? raft_of(&stream->raft, server) : NULL;
        if (member != NULL) {
            raft_start(member, member->applied);
        }
        if (member != NULL && server->epoch == 0) {
            begin_group(stream);
        } else if (!stream->replicated && stream->home == server->replica) {
            move_consumers(stream, server);
        }
    }
}

static void on_recovered(struct node *server, uint64_t word)
{
    (void)word;
    node_ready(server);
    serve_again(server);
}

// The last block of each stream is read back.
static int64_t recovery_time(const struct node *server)
{
    const struct nats_state *state = nats_state(server->component);
    double bytes = 0;
    for (uint32_t i = 0; i < state->stream_count; i++) {
        const struct nats_stream *stream = &state->streams[i];
        const uint64_t block = stream->log.bytes < BLOCK_BYTES ? stream->log.bytes : BLOCK_BYTES;
        bytes += (double)block;
    }
    return time_of(bytes / nats_configuration(server->component)->recovery * 1e9);
}

bool nats_stream_start(struct node *server)
{
    const int64_t time = server->epoch == 0 ? 0 : recovery_time(server);
    if (time == 0) {
        serve_again(server);
        return true;
    }
    node_timer(server, time, on_recovered, 0);
    return false;
}

// What is not durable goes with the host's power.
static void lose_tail(struct nats_stream *stream, uint64_t durable)
{
    promise_keep(&stream->promises, durable, 0);
    lose_from(stream, durable + 1, UINT32_MAX);
}

void nats_stream_crash(struct node *server)
{
    struct component *component = server->component;
    struct nats_state *state = nats_state(component);
    const bool dark = server->life == NODE_DARK;
    for (uint32_t i = 0; i < state->stream_count; i++) {
        struct nats_stream *stream = &state->streams[i];
        struct raft_member *member = stream->replicated ? raft_of(&stream->raft, server) : NULL;
        if (member != NULL) {
            raft_crash(member, dark);
        }
        if (stream->server == server) {
            move_consumers(stream, NULL);
        }
    }
    const uint64_t durable = wal_crash(wal_of(component, server->replica), dark);
    for (uint32_t i = 0; dark && i < state->stream_count; i++) {
        if (!state->streams[i].replicated && state->streams[i].home == server->replica) {
            lose_tail(&state->streams[i], durable);
        }
    }
}

void nats_stream_check(struct component *component)
{
    struct nats_state *state = nats_state(component);
    for (uint32_t i = 0; i < state->stream_count; i++) {
        if (state->streams[i].replicated) {
            raft_check(&state->streams[i].raft);
        }
    }
    for (uint32_t i = 0; i < state->consumer_count; i++) {
        const struct backlog *backlog = &state->consumers[i].backlog;
        const uint64_t most = state->consumers[i].settings.pending + backlog->largest;
        backlog_check(backlog);
        world_hold(component->world, "nats-ack-pending", backlog->in_hand < most,
                   "consumer %u has %lu messages unacknowledged", i,
                   (unsigned long)backlog->in_hand);
    }
}

void nats_stream_end(struct component *component)
{
    struct nats_state *state = nats_state(component);
    for (uint32_t i = 0; i < state->stream_count; i++) {
        struct nats_stream *stream = &state->streams[i];
        promise_release(&stream->promises);
        map_release(&stream->identities);
        offsets_release(&stream->log);
        if (stream->replicated) {
            raft_release(&stream->raft);
        }
    }
    for (uint32_t i = 0; i < state->consumer_count; i++) {
        backlog_release(&state->consumers[i].backlog);
    }
    for (uint32_t i = 0; i < component->node_count; i++) {
        wal_release(&state->wals[i]);
    }
}
