// kafka_fetch - followers that fetch: one fetch on its way for each pair of brokers.
//
// The leader answers a fetch with all new records of all partitions that the follower follows
// (num.replica.fetchers = 1), or parks it until there are some; that a parked one begins anew every
// replica.fetch.wait.max.ms is arithmetic. The next fetch carries the follower's new log ends,
// which move the high watermark. A fetch of a conversation that was broken off (a crash, a
// partition of the network) is told by its generation and dropped.
#include <stdlib.h>

#include "models/brokers/kafka.h"

#include "sim/base/check.h"

enum { FETCH_BYTES = 200, BACKOFF_MS = 1000, WAIT_MS = 500 };

static struct kafka_link *link_of(struct component *component, uint32_t leader, uint32_t follower)
{
    struct kafka_state *state = kafka_state(component);
    return &state->links[leader * state->broker_count + follower];
}

// ---- what a follower has not fetched
// --------------------------------------------------------------

static void add_dirty(struct kafka_link *link, struct kafka_partition *partition, uint32_t slot)
{
    if (partition->copies[slot].dirty) {
        return;
    }
    partition->copies[slot].dirty = true;
    if (link->dirty_count == link->dirty_room) {
        link->dirty_room = link->dirty_room == 0 ? 32 : link->dirty_room * 2;
        link->dirty = check_realloc(link->dirty, link->dirty_room * sizeof *link->dirty);
    }
    link->dirty[link->dirty_count++] = partition->number;
}

static void reserve_carried(struct kafka_link *link)
{
    if (link->carried_room < link->dirty_count) {
        const uint32_t room = link->dirty_room;
        link->carried_room = room;
        link->carried = check_realloc(link->carried, room * sizeof *link->carried);
        link->carried_end = check_realloc(link->carried_end, room * sizeof *link->carried_end);
        link->carried_epoch =
            check_realloc(link->carried_epoch, room * sizeof *link->carried_epoch);
    }
}

// ---- the conversation
// -----------------------------------------------------------------------------

static void on_answer(struct node *follower, struct node *leader, uint64_t generation);
static void on_fetch(struct node *leader, struct node *follower, uint64_t generation);

static bool is_cut(const struct node *from, const struct node *to)
{
    const struct network_path path = {from->zone, to->zone, from->component->number,
                                      to->component->number};
    return network_is_cut(from->world, path);
}

static void send_answer(struct node *leader, struct node *follower, struct kafka_link *link)
{
    link->lost = is_cut(leader, follower);
    network_message(leader, follower, link->carried_bytes + FETCH_BYTES, on_answer,
                    link->generation);
}

static void send_fetch(struct node *follower, struct node *leader, struct kafka_link *link)
{
    link->lost = is_cut(follower, leader);
    network_message(follower, leader, FETCH_BYTES, on_fetch, link->generation);
}

static void carry(struct kafka_link *link, const struct kafka_partition *partition, uint32_t slot)
{
    const uint64_t end = partition->copies[partition->leader].end;
    const uint32_t at = link->carried_count++;
    link->carried[at] = partition->number;
    link->carried_end[at] = end;
    link->carried_epoch[at] = partition->epoch;
    link->carried_bytes += offsets_bytes(&partition->log, partition->copies[slot].end, end);
}

// The leader answers the fetch that it has from this follower with everything new.
static void answer_fetch(struct component *component, uint32_t leader, uint32_t follower)
{
    struct kafka_state *state = kafka_state(component);
    struct kafka_link *link = link_of(component, leader, follower);
    reserve_carried(link);
    link->carried_count = 0;
    link->carried_bytes = 0;
    for (uint32_t i = 0; i < link->dirty_count; i++) {
        struct kafka_partition *partition = &state->partitions[link->dirty[i]];
        const uint32_t slot = kafka_log_slot(partition, follower);
        partition->copies[slot].dirty = false;
        if (kafka_leader(component, partition) == &component->nodes[leader]) {
            carry(link, partition, slot);
        }
    }
    link->dirty_count = 0;
    link->parked = false;
    link->answered_ns = component->world->now;
    send_answer(&component->nodes[leader], &component->nodes[follower], link);
}

static void on_appended(struct node *follower, uint64_t word)
{
    struct component *component = follower->component;
    struct kafka_state *state = kafka_state(component);
    const uint32_t leader = (uint32_t)word;
    struct kafka_link *link = link_of(component, leader, follower->replica);
    if (link->generation != word >> 32) {
        return;
    }
    for (uint32_t i = 0; i < link->carried_count; i++) {
        struct kafka_partition *partition = &state->partitions[link->carried[i]];
        const uint32_t slot = kafka_log_slot(partition, follower->replica);
        if (partition->leader != KAFKA_NO_LEADER && slot != partition->leader &&
            partition->copies[slot].tail == 0 && partition->epoch == link->carried_epoch[i]) {
            partition->copies[slot].end = link->carried_end[i];
        }
    }
    send_fetch(follower, &component->nodes[leader], link);
}

static void on_answer(struct node *follower, struct node *leader, uint64_t generation)
{
    struct component *component = follower->component;
    const struct kafka_configuration *configuration = kafka_configuration(component);
    const struct kafka_link *link = link_of(component, leader->replica, follower->replica);
    if (link->generation != generation) {
        return;
    }
    int64_t time = distribution_draw(&configuration->append, kafka_state(component)->append);
    time += time_of((double)link->carried_bytes / configuration->copy * 1e9);
    time += kafka_log_write(component, follower->replica, link->carried_bytes);
    node_timer(follower, (int64_t)((double)time * follower->slowness), on_appended,
               generation << 32 | leader->replica);
}

// The leader takes note of what the follower has. Who has everything is caught up now; who has what
// the leader had at its previous fetch was so then.
static void note_progress(struct node *leader, struct kafka_link *link, uint32_t at,
                          uint32_t follower)
{
    struct component *component = leader->component;
    struct kafka_partition *partition = &kafka_state(component)->partitions[link->carried[at]];
    const uint32_t slot = kafka_log_slot(partition, follower);
    if (kafka_leader(component, partition) != leader ||
        partition->epoch != link->carried_epoch[at]) {
        return;
    }
    struct kafka_copy *copy = &partition->copies[slot];
    const bool behind = copy->end < partition->copies[partition->leader].end;
    copy->caught_up_ns = behind ? link->answered_ns : component->world->now;
    if (behind) {
        add_dirty(link, partition, slot);
    }
    if ((partition->insync >> slot & 1) == 0) {
        kafka_replica_caught_up(component, partition, slot);
    }
    kafka_log_advance(component, partition);
}

// A conversation begins: who is level already, and out of the in-sync set, may join it.
static void note_level(struct node *leader, uint32_t follower)
{
    struct component *component = leader->component;
    struct kafka_state *state = kafka_state(component);
    for (uint32_t i = 0; i < state->partition_count; i++) {
        struct kafka_partition *partition = &state->partitions[i];
        const uint32_t slot = kafka_log_slot(partition, follower);
        if (slot == UINT32_MAX || kafka_leader(component, partition) != leader) {
            continue;
        }
        if (partition->copies[slot].end < partition->copies[partition->leader].end) {
            add_dirty(link_of(component, leader->replica, follower), partition, slot);
        } else if ((partition->insync >> slot & 1) == 0) {
            kafka_replica_caught_up(component, partition, slot);
        }
    }
}

// The fetch brings the follower's new log ends; the leader answers at once if there is more.
static void on_fetch(struct node *leader, struct node *follower, uint64_t generation)
{
    struct component *component = leader->component;
    struct kafka_link *link = link_of(component, leader->replica, follower->replica);
    if (link->generation != generation) {
        return;
    }
    if (!kafka_is_registered(leader)) { // does not serve yet: the follower asks again
        link->lost = true;
        return;
    }
    if (!link->begun) {
        link->begun = true;
        note_level(leader, follower->replica);
    }
    for (uint32_t i = 0; i < link->carried_count; i++) {
        note_progress(leader, link, i, follower->replica);
    }
    link->carried_count = 0;
    if (link->dirty_count > 0) {
        answer_fetch(component, leader->replica, follower->replica);
    } else {
        link->parked = true;
        link->parked_ns = component->world->now;
    }
}

void kafka_fetch_wake(struct component *component, struct kafka_partition *partition, uint32_t slot)
{
    const uint32_t leader = partition->copies[partition->leader].broker;
    const uint32_t follower = partition->copies[slot].broker;
    struct kafka_link *link = link_of(component, leader, follower);
    if (partition->copies[slot].end == partition->copies[partition->leader].end) {
        return;
    }
    add_dirty(link, partition, slot);
    if (link->parked) {
        const int64_t waits = component->world->now - link->parked_ns;
        partition->copies[slot].caught_up_ns =
            component->world->now - waits % (WAIT_MS * TIME_MS); // it had everything then
        answer_fetch(component, leader, follower);
    }
}

void kafka_fetch_note(struct component *component, struct kafka_partition *partition)
{
    for (uint32_t slot = 0; slot < partition->copy_count; slot++) {
        if (slot != partition->leader) {
            kafka_fetch_wake(component, partition, slot);
        }
    }
    kafka_log_advance(component, partition);
}

// ---- beginnings and ends
// --------------------------------------------------------------------------

static void break_off(struct kafka_link *link)
{
    link->generation++;
    link->parked = link->lost = link->begun = false;
    link->carried_count = 0;
}

void kafka_fetch_begin(struct component *component, uint32_t leader, uint32_t follower)
{
    struct kafka_link *link = link_of(component, leader, follower);
    if (leader == follower || component->nodes[follower].life != NODE_UP) {
        return;
    }
    break_off(link);
    send_fetch(&component->nodes[follower], &component->nodes[leader], link);
}

void kafka_fetch_settle(struct component *component, uint32_t leader, uint32_t follower)
{
    link_of(component, leader, follower)->parked = leader != follower;
    link_of(component, leader, follower)->begun = true;
}

void kafka_fetch_crash(struct node *broker)
{
    struct component *component = broker->component;
    for (uint32_t i = 0; i < kafka_state(component)->broker_count; i++) {
        link_of(component, broker->replica, i)->parked = false; // what it has sent still arrives
        break_off(link_of(component, i, broker->replica));
    }
}

// Every replica.fetch.backoff.ms: what a partition of the network swallowed begins anew once the
// link is whole again.
static void on_backoff(struct node *follower, uint64_t word)
{
    struct component *component = follower->component;
    for (uint32_t i = 0; i < kafka_state(component)->broker_count; i++) {
        const struct kafka_link *link = link_of(component, i, follower->replica);
        if (link->lost && !is_cut(follower, &component->nodes[i]) &&
            !is_cut(&component->nodes[i], follower)) {
            kafka_fetch_begin(component, i, follower->replica);
        }
    }
    node_timer_constant(follower, BACKOFF_MS * TIME_MS, on_backoff, word);
}

void kafka_fetch_start(struct node *follower)
{
    node_timer_constant(follower, BACKOFF_MS * TIME_MS, on_backoff, 0);
}
