// mongodb_stream - change streams: consumers that follow the oplog up to the commit point.
//
// A consumer of the topic `changes` has one cursor. It gets the events behind its resume token up
// to the primary's commit point, in order, a batch at a time, and the token moves on when a batch
// has been worked off; it belongs to the consumer and survives every failover. Entries that have
// left the oplog before they were read are history lost: the stream goes on behind the gap.
// Streams that are watched from outside work a batch off in a given time.
#include "models/datastores/mongodb.h"

#include "sim/base/check.h"
#include "sim/base/text.h"

static const int64_t RETRY_NS = 100 * TIME_MS;

static void on_done(struct node *broker, uint64_t cookie, enum status status);

static uint64_t cookie_of(uint32_t place, const struct mongodb_watch *watch)
{
    return (uint64_t)place << 32 | watch->number;
}

static bool is_event(const struct node *primary, uint64_t index)
{
    return mongodb_oplog_at(&mongodb_node(primary)->oplog, index)->request != MONGODB_NOTHING;
}

// Up to `limit` events behind the token: the last entry among them.
static uint64_t gather(const struct node *primary, struct mongodb_watch *watch, uint64_t limit)
{
    const uint64_t commit = mongodb_node(primary)->commit;
    uint64_t through = watch->token;
    watch->hand = 0;
    while (through < commit && watch->hand < limit) {
        through++;
        watch->hand += is_event(primary, through);
        if (watch->hand == 1 && is_event(primary, through)) {
            watch->hand_ns = mongodb_oplog_at(&mongodb_node(primary)->oplog, through)->time_ns;
        }
    }
    return through;
}

static void show(struct node *primary, struct mongodb_watch *watch)
{
    const struct mongodb_node *member = mongodb_node(primary);
    uint64_t events = 0;
    watch->seen = watch->seen + 1 < member->oplog.first ? member->oplog.first - 1 : watch->seen;
    while (watch->seen < member->commit) {
        events += is_event(primary, ++watch->seen);
    }
    if (events > 0 && watch->consumer != NULL) {
        consumer_note_visible(primary->world, watch->consumer, events);
    }
}

static void on_wait_over(struct node *primary, uint64_t cookie)
{
    struct mongodb_watch *watch = &mongodb_state(primary->component)->watches[cookie >> 32];
    if (watch->number == (uint32_t)cookie && mongodb_node(primary)->serving) {
        watch->pausing = false;
        watch->due = true;
        mongodb_stream_pump(primary);
    }
}

static void pause_watch(struct node *primary, uint32_t place, int64_t delay_ns)
{
    struct mongodb_watch *watch = &mongodb_state(primary->component)->watches[place];
    watch->pausing = true;
    node_timer_constant(primary, delay_ns, on_wait_over, cookie_of(place, watch));
}

static void on_watched(struct node *primary, uint64_t cookie)
{
    on_done(primary, cookie, STATUS_OK);
}

static void deliver_outside(struct node *primary, uint64_t cookie)
{
    const struct mongodb_changes *changes = &mongodb_configuration(primary->component)->changes;
    node_timer(primary, distribution_draw(&changes->work, mongodb_node(primary)->streams.client),
               on_watched, cookie);
}

static void deliver(struct node *primary, uint32_t place, uint64_t through)
{
    struct mongodb_watch *watch = &mongodb_state(primary->component)->watches[place];
    const struct mongodb_entry *first =
        mongodb_oplog_at(&mongodb_node(primary)->oplog, watch->token + 1);
    watch->busy = true;
    watch->due = false;
    watch->through = through;
    if (watch->consumer == NULL) {
        deliver_outside(primary, cookie_of(place, watch));
        return;
    }
    const struct consumer_delivery delivery = {
        .broker = primary,
        .to = watch->to,
        .consumer = watch->consumer,
        .request = first->request == MONGODB_NOTHING ? through : first->request,
        .messages = watch->hand,
        .bytes = watch->hand * mongodb_configuration(primary->component)->record,
        .cookie = cookie_of(place, watch),
        .done = on_done,
    };
    consumer_deliver(&delivery);
}

static void skip_lost(const struct node *primary, struct mongodb_watch *watch)
{
    const struct mongodb_oplog *oplog = &mongodb_node(primary)->oplog;
    if (watch->token + 1 < oplog->first) {
        mongodb_state(primary->component)->history_lost += oplog->first - 1 - watch->token;
        watch->token = oplog->first - 1;
    }
}

static void pump(struct node *primary, uint32_t place)
{
    struct mongodb_watch *watch = &mongodb_state(primary->component)->watches[place];
    const struct consumer_design *consumer = watch->consumer;
    const uint64_t most =
        consumer == NULL ? mongodb_configuration(primary->component)->changes.batch
                         : consumer->batch;
    const uint64_t batch = most > 0 ? most : 1;
    const int64_t wait_ns = consumer == NULL ? 0 : consumer->batch_wait_ns;
    show(primary, watch);
    if (watch->busy || watch->pausing) {
        return;
    }
    skip_lost(primary, watch);
    const uint64_t through = gather(primary, watch, batch);
    if (watch->hand == 0) {
        watch->token = through;
    } else if (watch->hand < batch && wait_ns > 0 && !watch->due) {
        pause_watch(primary, place, wait_ns);
    } else {
        deliver(primary, place, through);
    }
}

void mongodb_stream_pump(struct node *primary)
{
    const struct mongodb_state *state = mongodb_state(primary->component);
    for (uint32_t i = 0; i < state->watch_count; i++) {
        pump(primary, i);
    }
}

static void note_done(struct node *broker, const struct mongodb_watch *watch)
{
    struct mongodb_state *state = mongodb_state(broker->component);
    if (watch->consumer != NULL) {
        consumer_note_done(broker->world, watch->consumer, watch->hand_ns, watch->hand);
    } else if (broker->world->measuring) {
        histogram_add_many(&state->change_lag, broker->world->now - watch->hand_ns, watch->hand);
    }
}

static void on_done(struct node *broker, uint64_t cookie, enum status status)
{
    struct mongodb_watch *watch = &mongodb_state(broker->component)->watches[cookie >> 32];
    if (watch->number != (uint32_t)cookie || !watch->busy) {
        return;
    }
    watch->busy = false;
    if (status_is_good(status)) {
        watch->token = watch->through;
        note_done(broker, watch);
        if (mongodb_node(broker)->serving) {
            pump(broker, (uint32_t)(cookie >> 32));
        }
        return;
    }
    consumer_note_again(broker->world, watch->consumer, watch->hand);
    pause_watch(broker, (uint32_t)(cookie >> 32), RETRY_NS);
}

// The cursor was at a primary that is gone: it is opened anew with the token.
void mongodb_stream_reset(struct component *component)
{
    struct mongodb_state *state = mongodb_state(component);
    for (uint32_t i = 0; i < state->watch_count; i++) {
        struct mongodb_watch *watch = &state->watches[i];
        if (watch->busy && watch->consumer != NULL) {
            consumer_note_again(component->world, watch->consumer, watch->hand);
        }
        watch->busy = watch->pausing = watch->due = false;
        watch->number++;
    }
}

void mongodb_stream_attach(struct component *component, const struct consumer_design *consumer,
                           struct component *to)
{
    struct mongodb_state *state = mongodb_state(component);
    CHECK(state->watch_count < MONGODB_STREAMS);
    state->watches[state->watch_count++] = (struct mongodb_watch){.consumer = consumer, .to = to};
}

void mongodb_stream_begin(struct component *component)
{
    struct mongodb_state *state = mongodb_state(component);
    histogram_init(&state->change_lag);
    state->watch_count = (uint32_t)mongodb_configuration(component)->changes.streams;
}

void mongodb_stream_end(struct component *component)
{
    histogram_release(&mongodb_state(component)->change_lag);
}

bool mongodb_stream_has(const struct component_design *component, const char *topic)
{
    (void)component;
    return text_same(topic, "changes");
}
