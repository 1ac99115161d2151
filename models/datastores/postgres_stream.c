// postgres_stream - streaming replication: sender, receiver, replay, reports, reconnection.
//
// The primary sends WAL that it has flushed, in pieces of at most 128 kB (MAX_SEND_SIZE) and within
// a window. Pieces are taken in order, as TCP delivers them. The receiver flushes what has come
// since its last flush, one flush at a time; replay is serial, at a rate. Reports carry the
// position that the level of synchronous_commit asks for. Pieces that a partition swallowed are
// sent again as TCP does: 200 ms after nothing has arrived, then after twice as long each time, up
// to 120 s. A stream that stays silent is cut.
#include "models/datastores/postgres.h"

#include "sim/base/check.h"

enum { PIECE = 131072, WINDOW = 16 << 20, MESSAGE_BYTES = 64 };

static const int64_t RESEND_FIRST_NS = 200 * TIME_MS, RESEND_LAST_NS = 120 * TIME_S;

static struct postgres_stream *stream_of(const struct node *standby)
{
    return &postgres_node(standby)->stream;
}

static uint64_t position_of(const struct node *standby)
{
    const struct postgres_node *server = postgres_node(standby);
    switch ((enum postgres_durability)postgres_configuration(standby->component)->durability) {
    case POSTGRES_REMOTE_WRITE:
        return server->received;
    case POSTGRES_REMOTE_APPLY:
        return server->applied;
    case POSTGRES_OFF:
    case POSTGRES_LOCAL:
    case POSTGRES_ON:
        break;
    }
    return server->flushed;
}

static void reset(struct node *standby)
{
    struct postgres_stream *stream = stream_of(standby);
    stream->number++;
    ring_clear(&stream->segments);
    stream->sequence = 0;
    stream->resending = false;
    stream->sent = postgres_node(standby)->received;
    stream->heard_ns = standby->world->now;
}

void postgres_stream_begin(struct node *standby)
{
    reset(standby);
    stream_of(standby)->connected = true;
}

void postgres_stream_end(struct node *standby)
{
    ring_release(&stream_of(standby)->segments);
}

// What is on its way still arrives.
void postgres_stream_cut(struct node *standby)
{
    struct postgres_stream *stream = stream_of(standby);
    if (stream->connected) {
        stream->connected = false;
        stream->lost_ns = standby->world->now;
    }
}

// ---- lag --------------------------------------------------------------------------------------

static void sample_seconds(struct node *standby, int64_t lag_ns)
{
    struct postgres_state *state = postgres_state(standby->component);
    const double seconds = (double)lag_ns / 1e9;
    if (!standby->world->measuring) {
        return;
    }
    state->lag_samples++;
    state->lag_seconds += seconds;
    if (seconds > state->lag_seconds_maximum) {
        state->lag_seconds_maximum = seconds;
    }
}

static void sample_bytes(const struct node *primary, const struct node *standby)
{
    struct postgres_state *state = postgres_state(standby->component);
    const uint64_t applied = postgres_node(standby)->applied;
    const uint64_t end = postgres_node(primary)->flushed;
    if (standby->world->measuring && end > applied &&
        (double)(end - applied) > state->lag_bytes_maximum) {
        state->lag_bytes_maximum = (double)(end - applied);
    }
}

static void begin_probe(const struct node *primary, struct node *standby)
{
    struct postgres_stream *stream = stream_of(standby);
    sample_bytes(primary, standby);
    if (stream->probe == 0) {
        stream->probe = postgres_node(primary)->flushed;
        stream->probe_ns = standby->world->now;
    }
}

static void end_probe(struct node *standby)
{
    struct postgres_stream *stream = stream_of(standby);
    if (stream->probe != 0 && postgres_node(standby)->applied >= stream->probe) {
        sample_seconds(standby, standby->world->now - stream->probe_ns);
        stream->probe = 0;
    }
}

// ---- the receiver -----------------------------------------------------------------------------

static void start_replay(struct node *standby);
static void start_flush(struct node *standby);

static void on_replayed(struct node *standby, uint64_t word)
{
    (void)word;
    postgres_stream_replayed(standby);
}

void postgres_stream_replayed(struct node *standby)
{
    struct postgres_node *server = postgres_node(standby);
    server->applying = false;
    if (server->applying_to > server->applied) {
        server->applied = server->applying_to;
    }
    postgres_row_replay(standby);
    end_probe(standby);
    if (postgres_configuration(standby->component)->durability == POSTGRES_REMOTE_APPLY) {
        postgres_stream_tell(standby);
    }
    start_replay(standby);
}

static void start_replay(struct node *standby)
{
    struct postgres_node *server = postgres_node(standby);
    if (server->applying || server->serving || server->applied >= server->flushed) {
        return;
    }
    const uint64_t drop = postgres_partition_next(standby);
    server->applying = true;
    server->applying_to = drop <= server->flushed ? drop : server->flushed;
    if (drop == server->applied + 1) {
        postgres_partition_replay(standby);
        return;
    }
    server->applying_to -= server->applying_to == drop; // up to where it stands
    node_timer(standby, postgres_wal_replay_ns(standby, server->applying_to - server->applied),
               on_replayed, 0);
}

static void on_flushed(struct node *standby, uint64_t word)
{
    (void)word;
    struct postgres_node *server = postgres_node(standby);
    server->flushing = false;
    if (server->flushing_to > server->flushed) {
        server->flushed = server->flushing_to;
    }
    if (postgres_configuration(standby->component)->durability != POSTGRES_REMOTE_WRITE) {
        postgres_stream_tell(standby);
    }
    start_replay(standby);
    start_flush(standby);
}

static void start_flush(struct node *standby)
{
    const struct postgres_disk *disk = &postgres_configuration(standby->component)->disk;
    struct postgres_node *server = postgres_node(standby);
    if (server->flushing || server->serving || server->flushed >= server->received) {
        return;
    }
    double work = (double)distribution_draw(&disk->flush, server->streams.wal);
    if (disk->bandwidth > 0) {
        work += (double)(server->received - server->flushed) / disk->bandwidth * 1e9;
    }
    server->flushing = true;
    server->flushing_to = server->received;
    node_timer(standby, (int64_t)(work * standby->slowness + 0.5), on_flushed, 0);
}

static bool take_in_order(struct postgres_stream *stream, uint64_t *received)
{
    bool advanced = false;
    while (stream->segments.count > 0) {
        const struct postgres_segment *segment = ring_at(&stream->segments, 0);
        if (!segment->arrived) {
            break;
        }
        *received = segment->end;
        ring_drop(&stream->segments);
        stream->sequence++;
        advanced = true;
    }
    return advanced;
}

static void on_piece(struct node *standby, struct node *primary, uint64_t word)
{
    struct postgres_node *server = postgres_node(standby);
    struct postgres_stream *stream = &server->stream;
    const uint32_t index = (uint32_t)word - stream->sequence;
    const bool leads = server->promoting || server->serving;
    if (leads || word >> 32 != stream->number || index >= stream->segments.count) {
        return;
    }
    ((struct postgres_segment *)ring_at(&stream->segments, index))->arrived = true;
    if (!take_in_order(stream, &server->received)) {
        return;
    }
    postgres_state(standby->component)->standbys_ahead +=
        server->received > postgres_node(primary)->flushed;
    if (postgres_configuration(standby->component)->durability == POSTGRES_REMOTE_WRITE) {
        postgres_stream_tell(standby);
    }
    start_flush(standby);
}

// ---- the sender -------------------------------------------------------------------------------

static void push(struct postgres_stream *stream, uint64_t end)
{
    struct postgres_segment *segment = ring_put(&stream->segments, sizeof *segment);
    *segment = (struct postgres_segment){end, false};
}

static void post(struct node *primary, struct node *standby, uint32_t index, uint64_t bytes)
{
    const struct postgres_stream *stream = stream_of(standby);
    network_message(primary, standby, bytes + MESSAGE_BYTES, on_piece,
                    (uint64_t)stream->number << 32 | (stream->sequence + index));
}

static void on_resend(struct node *primary, uint64_t word);

static void arm_resend(struct node *primary, struct node *standby)
{
    struct postgres_stream *stream = stream_of(standby);
    stream->resending = true;
    stream->resend_sequence = stream->sequence;
    node_timer(primary, stream->resend_ns, on_resend,
               (uint64_t)standby->replica << 32 | stream->number);
}

static void on_resend(struct node *primary, uint64_t word)
{
    struct node *standby = &primary->component->nodes[word >> 32];
    struct postgres_stream *stream = stream_of(standby);
    if (stream->number != (uint32_t)word || !stream->connected) {
        return;
    }
    stream->resending = false;
    if (stream->segments.count == 0) {
        return;
    }
    if (stream->sequence != stream->resend_sequence) {
        stream->resend_ns = RESEND_FIRST_NS;
    } else {
        const int64_t twice = stream->resend_ns * 2;
        stream->resend_ns = twice < RESEND_LAST_NS ? twice : RESEND_LAST_NS;
        for (uint32_t i = 0; i < stream->segments.count; i++) {
            post(primary, standby, i, PIECE);
        }
    }
    arm_resend(primary, standby);
}

void postgres_stream_send(struct node *primary, struct node *standby)
{
    struct postgres_stream *stream = stream_of(standby);
    const uint64_t end = postgres_node(primary)->flushed;
    const uint64_t window = postgres_node(standby)->received + WINDOW;
    if (!stream->connected || stream->sent >= end) {
        return;
    }
    begin_probe(primary, standby);
    while (stream->sent < end && stream->sent < window) {
        const uint64_t left = end - stream->sent;
        const uint64_t bytes = left < PIECE ? left : PIECE;
        stream->sent += bytes;
        push(stream, stream->sent);
        post(primary, standby, stream->segments.count - 1, bytes);
    }
    if (!stream->resending && stream->segments.count > 0) {
        stream->resend_ns = RESEND_FIRST_NS;
        arm_resend(primary, standby);
    }
}

static void on_report(struct node *primary, struct node *standby, uint64_t position)
{
    struct postgres_stream *stream = stream_of(standby);
    if (!postgres_is_primary(primary) || !stream->connected) {
        return;
    }
    stream->confirmed = position > stream->confirmed ? position : stream->confirmed;
    stream->heard_ns = primary->world->now;
    postgres_failover_note(standby);
    postgres_wal_release(primary);
    postgres_stream_send(primary, standby);
}

void postgres_stream_tell(struct node *standby)
{
    struct node *primary = postgres_primary(standby->component);
    if (primary != NULL && stream_of(standby)->connected) {
        network_message(standby, primary, MESSAGE_BYTES, on_report, position_of(standby));
    }
}

void postgres_stream_watch(struct node *primary)
{
    struct component *component = primary->component;
    const struct postgres_failover *setting = &postgres_configuration(component)->failover;
    for (uint32_t i = 0; i < component->node_count; i++) {
        struct node *standby = &component->nodes[i];
        struct postgres_stream *stream = stream_of(standby);
        if (standby == primary) {
            continue;
        }
        sample_bytes(primary, standby);
        const int64_t silent_ns = primary->world->now - stream->heard_ns;
        if (stream->connected && silent_ns >= setting->silence_ns) {
            postgres_stream_cut(standby);
            stream->lost_ns = stream->heard_ns;
            postgres_stream_call(standby);
        }
    }
}

// ---- connections ------------------------------------------------------------------------------

static void on_connect(struct node *primary, struct node *standby, uint64_t word)
{
    (void)word;
    struct postgres_node *server = postgres_node(standby);
    const bool gone = !node_is_up(standby) || server->promoting || server->serving;
    if (gone || !postgres_is_primary(primary) || server->stream.connected ||
        server->received > postgres_failover_fork(standby)) {
        return;
    }
    server->timeline = postgres_state(primary->component)->timeline;
    reset(standby);
    server->stream.connected = true;
    server->stream.confirmed = position_of(standby);
    postgres_failover_note(standby);
    postgres_wal_release(primary);
    postgres_stream_send(primary, standby);
}

static void on_rewound(struct node *standby, uint64_t word)
{
    (void)word;
    postgres_node(standby)->rewinding = false;
    postgres_failover_rewind(standby);
    postgres_stream_call(standby);
}

// pg_rewind: what the other history does not have is thrown away.
static void rewind_to_fork(struct node *standby)
{
    struct postgres_node *server = postgres_node(standby);
    const struct distribution *time = &postgres_configuration(standby->component)->failover.rewind;
    server->rewinding = true;
    node_timer(standby, distribution_draw(time, server->streams.patroni), on_rewound, 0);
}

static void on_call_again(struct node *standby, uint64_t word)
{
    (void)word;
    postgres_node(standby)->calling = false;
    postgres_stream_call(standby);
}

void postgres_stream_call(struct node *standby)
{
    struct postgres_node *server = postgres_node(standby);
    struct node *primary = postgres_primary(standby->component);
    const bool busy = server->calling || server->rewinding || server->promoting || server->serving;
    if (busy || server->stream.connected || primary == standby || !node_is_up(standby)) {
        return;
    }
    server->calling = true;
    node_timer_constant(standby, postgres_configuration(standby->component)->failover.reconnect_ns,
                        on_call_again, 0);
    if (primary == NULL) {
        return;
    }
    if (server->received > postgres_failover_fork(standby)) {
        rewind_to_fork(standby);
        return;
    }
    network_message(standby, primary, MESSAGE_BYTES, on_connect, 0);
}
