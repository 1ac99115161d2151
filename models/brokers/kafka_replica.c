// kafka_replica - followers that fetch, in-sync sets that shrink and grow, leaders that are
// elected.
//
// One fetch is on its way for each pair of brokers (num.replica.fetchers = 1): the leader answers
// it with all new records of all partitions that the follower follows, or parks it until there are
// some. The next fetch carries the follower's new log ends, which move the high watermark.
#include <stdlib.h>

#include "models/brokers/kafka.h"

#include "sim/base/check.h"

enum { FETCH_BYTES = 200, AUTO_BALANCE_S = 300 };

static struct kafka_link *link_of(struct component *component, uint32_t leader, uint32_t follower)
{
    return &kafka_state(component)->links[leader * component->node_count + follower];
}

// ---- fetching
// -------------------------------------------------------------------------------------

static void add_dirty(struct kafka_link *link, struct kafka_partition *partition, uint32_t slot)
{
    if (partition->dirty[slot]) {
        return;
    }
    partition->dirty[slot] = true;
    if (link->dirty_count == link->dirty_room) {
        link->dirty_room = link->dirty_room == 0 ? 32 : link->dirty_room * 2;
        link->dirty = check_realloc(link->dirty, link->dirty_room * sizeof *link->dirty);
    }
    link->dirty[link->dirty_count++] = partition->number;
}

static void reserve_carried(struct kafka_link *link)
{
    if (link->carried_room < link->dirty_count) {
        link->carried_room = link->dirty_room;
        link->carried = check_realloc(link->carried, link->carried_room * sizeof *link->carried);
        link->carried_end =
            check_realloc(link->carried_end, link->carried_room * sizeof *link->carried_end);
    }
}

static void on_answer(struct node *follower, struct node *leader, uint64_t word);

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
        partition->dirty[slot] = false;
        if (kafka_leader(component, partition) != &component->nodes[leader]) {
            continue;
        }
        const uint64_t end = partition->ends[partition->leader];
        link->carried[link->carried_count] = partition->number;
        link->carried_end[link->carried_count++] = end;
        link->carried_bytes += offsets_bytes(&partition->log, partition->ends[slot], end);
    }
    link->dirty_count = 0;
    link->parked = link->begun = false;
    network_message(&component->nodes[leader], &component->nodes[follower],
                    link->carried_bytes + FETCH_BYTES, on_answer, 0);
}

static void on_fetch(struct node *leader, struct node *follower, uint64_t word);

static void on_appended(struct node *follower, uint64_t leader)
{
    struct component *component = follower->component;
    struct kafka_state *state = kafka_state(component);
    struct kafka_link *link = link_of(component, (uint32_t)leader, follower->replica);
    for (uint32_t i = 0; i < link->carried_count; i++) {
        struct kafka_partition *partition = &state->partitions[link->carried[i]];
        const uint32_t slot = kafka_log_slot(partition, follower->replica);
        const bool led = partition->leader != KAFKA_NO_LEADER &&
                         partition->replicas[partition->leader] == leader;
        if (led && link->carried_end[i] <= partition->ends[partition->leader]) {
            partition->ends[slot] = link->carried_end[i];
        }
    }
    network_message(follower, &component->nodes[leader], FETCH_BYTES, on_fetch, 0);
}

static void on_answer(struct node *follower, struct node *leader, uint64_t word)
{
    (void)word;
    struct component *component = follower->component;
    const struct kafka_configuration *configuration = kafka_configuration(component);
    const struct kafka_link *link = link_of(component, leader->replica, follower->replica);
    int64_t time = distribution_draw(&configuration->append, kafka_state(component)->append);
    time += (int64_t)((double)link->carried_bytes / configuration->copy * 1e9);
    node_timer(follower, (int64_t)((double)time * follower->slowness), on_appended,
               leader->replica);
}

static void expand(struct component *component, struct kafka_partition *partition, uint32_t slot)
{
    const bool out = (partition->insync >> slot & 1) == 0;
    if (out && partition->ends[slot] >= partition->watermark &&
        !kafka_state(component)->fenced[partition->replicas[slot]]) {
        partition->insync |= 1U << slot;
        kafka_state(component)->expansions++;
    }
}

// The fetch brings the follower's new log ends; the leader answers at once if there is more.
static void on_fetch(struct node *leader, struct node *follower, uint64_t word)
{
    (void)word;
    struct component *component = leader->component;
    struct kafka_state *state = kafka_state(component);
    struct kafka_link *link = link_of(component, leader->replica, follower->replica);
    link->begun = true;
    link->fetches++;
    for (uint32_t i = 0; i < link->carried_count; i++) {
        struct kafka_partition *partition = &state->partitions[link->carried[i]];
        if (kafka_leader(component, partition) != leader) {
            continue;
        }
        const uint32_t slot = kafka_log_slot(partition, follower->replica);
        if (partition->ends[slot] < partition->ends[partition->leader]) {
            add_dirty(link, partition, slot);
        } else {
            partition->caught_up_ns[slot] = component->world->now;
        }
        expand(component, partition, slot);
        kafka_log_advance(component, partition);
    }
    link->carried_count = 0;
    if (link->dirty_count > 0) {
        answer_fetch(component, leader->replica, follower->replica);
    } else {
        link->parked = true;
    }
}

void kafka_replica_note(struct component *component, struct kafka_partition *partition)
{
    const uint32_t leader = partition->replicas[partition->leader];
    for (uint32_t slot = 0; slot < partition->replica_count; slot++) {
        if (slot == partition->leader) {
            continue;
        }
        struct kafka_link *link = link_of(component, leader, partition->replicas[slot]);
        if (partition->ends[slot] == partition->ends[partition->leader]) {
            continue;
        }
        add_dirty(link, partition, slot);
        if (link->parked) {
            answer_fetch(component, leader, partition->replicas[slot]);
        }
    }
    kafka_log_advance(component, partition);
}

// A follower begins to fetch from a leader: its first fetch carries nothing.
static void begin_fetch(struct component *component, uint32_t leader, uint32_t follower)
{
    struct kafka_link *link = link_of(component, leader, follower);
    if (leader == follower || !kafka_is_alive(&component->nodes[follower])) {
        return;
    }
    link->parked = link->begun = false;
    link->carried_count = 0;
    network_message(&component->nodes[follower], &component->nodes[leader], FETCH_BYTES, on_fetch,
                    0);
}

// ---- the in-sync set
// ------------------------------------------------------------------------------

static void shrink(struct component *component, struct kafka_partition *partition, uint32_t slot)
{
    if ((partition->insync >> slot & 1) == 0) {
        return;
    }
    partition->insync &= ~(1U << slot);
    kafka_state(component)->shrinks++;
    const uint64_t least = kafka_topic(component, partition->topic)->min_insync;
    if ((uint64_t)__builtin_popcount(partition->insync) < least) {
        kafka_log_fail_waiters(component, partition, STATUS_INDETERMINATE);
    }
    kafka_log_advance(component, partition);
}

// A fetch that a partition of the network swallowed is begun again.
static void restart_lost_fetches(struct node *leader)
{
    struct component *component = leader->component;
    for (uint32_t i = 0; i < component->node_count; i++) {
        struct kafka_link *link = link_of(component, leader->replica, i);
        if (i != leader->replica && !link->parked && link->fetches == link->fetches_seen) {
            begin_fetch(component, leader->replica, i);
        }
        link->fetches_seen = link->fetches;
    }
}

// Every half of replica.lag.time.max.ms a leader drops followers that have not caught up for that
// long.
static void on_lag_check(struct node *broker, uint64_t word)
{
    (void)word;
    struct component *component = broker->component;
    struct kafka_state *state = kafka_state(component);
    const int64_t lag = kafka_configuration(component)->lag_ns;
    for (uint32_t i = 0; i < state->partition_count; i++) {
        struct kafka_partition *partition = &state->partitions[i];
        if (kafka_leader(component, partition) != broker) {
            continue;
        }
        for (uint32_t slot = 0; slot < partition->replica_count; slot++) {
            const bool behind = partition->ends[slot] < partition->ends[partition->leader];
            if (slot != partition->leader && behind &&
                component->world->now - partition->caught_up_ns[slot] > lag) {
                shrink(component, partition, slot);
            }
        }
    }
    restart_lost_fetches(broker);
    node_timer_constant(broker, lag / 2, on_lag_check, 0);
}

// ---- elections
// ------------------------------------------------------------------------------------

static void truncate_followers(struct component *component, struct kafka_partition *partition)
{
    struct kafka_state *state = kafka_state(component);
    const uint64_t end = partition->ends[partition->leader];
    for (uint32_t slot = 0; slot < partition->replica_count; slot++) {
        if (partition->ends[slot] > end) {
            state->truncated += partition->ends[slot] - end;
            partition->ends[slot] = end;
        }
        partition->caught_up_ns[slot] = component->world->now;
    }
    if (partition->acknowledged > end) {
        state->lost += partition->acknowledged - end;
        partition->acknowledged = end;
    }
    if (partition->watermark > end) {
        partition->watermark = end;
    }
    offsets_truncate(&partition->log, end);
}

static uint32_t choose_leader(const struct component *component,
                              const struct kafka_partition *partition)
{
    const struct kafka_state *state = kafka_state(component);
    for (int unclean = 0; unclean <= kafka_configuration(component)->unclean; unclean++) {
        for (uint32_t slot = 0; slot < partition->replica_count; slot++) {
            const uint32_t broker = partition->replicas[slot];
            if (!state->fenced[broker] && kafka_is_alive(&component->nodes[broker]) &&
                (unclean || (partition->insync >> slot & 1))) {
                return slot;
            }
        }
    }
    return KAFKA_NO_LEADER;
}

static void wake_orphans(struct component *component, struct kafka_partition *partition)
{
    for (uint32_t i = 0; i < partition->orphan_count; i++) {
        visit_wake_later(component->world, partition->orphans[i]);
    }
    partition->orphan_count = 0;
}

void kafka_replica_elect(struct component *component, struct kafka_partition *partition)
{
    const uint32_t leader = choose_leader(component, partition);
    if (leader == partition->leader) {
        return;
    }
    kafka_log_fail_waiters(component, partition, STATUS_INDETERMINATE);
    kafka_group_reset(component, partition);
    partition->leader = leader;
    for (uint32_t slot = 0; slot < KAFKA_REPLICAS; slot++) {
        partition->dirty[slot] = false;
    }
    if (leader == KAFKA_NO_LEADER) {
        return;
    }
    partition->epoch++;
    partition->insync |= 1U << leader;
    kafka_state(component)->elections++;
    truncate_followers(component, partition);
    for (uint32_t slot = 0; slot < partition->replica_count; slot++) {
        const uint32_t from = partition->replicas[leader], to = partition->replicas[slot];
        struct kafka_link *link = link_of(component, from, to);
        if (slot != leader && partition->ends[slot] < partition->ends[leader]) {
            add_dirty(link, partition, slot);
        }
        if (slot != leader && link->parked && link->dirty_count > 0) {
            answer_fetch(component, from, to);
        }
    }
    wake_orphans(component, partition);
    kafka_log_advance(component, partition);
    kafka_group_pump(component, partition);
}

static void elect_all(struct component *component)
{
    struct kafka_state *state = kafka_state(component);
    for (uint32_t i = 0; i < state->partition_count; i++) {
        struct kafka_partition *partition = &state->partitions[i];
        const struct node *leader = kafka_leader(component, partition);
        if (leader == NULL || state->fenced[leader->replica]) {
            kafka_replica_elect(component, partition);
        }
    }
}

// Preferred leaders take their partitions back (auto.leader.rebalance, every 300 s).
static void on_balance(struct node *broker, uint64_t word)
{
    (void)word;
    struct component *component = broker->component;
    struct kafka_state *state = kafka_state(component);
    for (uint32_t i = 0; i < state->partition_count; i++) {
        struct kafka_partition *partition = &state->partitions[i];
        if (partition->replicas[0] == broker->replica && partition->leader != 0 &&
            (partition->insync & 1)) {
            kafka_replica_elect(component, partition);
        }
    }
    node_timer_constant(broker, AUTO_BALANCE_S * TIME_S, on_balance, 0);
}

// ---- fencing
// --------------------------------------------------------------------------------------

// The controller acts: the broker leaves the in-sync sets, its partitions get other leaders.
static void fence(struct component *component, uint32_t broker)
{
    struct kafka_state *state = kafka_state(component);
    if (state->fenced[broker] || node_is_up(&component->nodes[broker])) {
        return;
    }
    state->fenced[broker] = true;
    meter_log(component->world, LOG_LEADER, (int32_t)component->nodes[broker].number, 0);
    for (uint32_t i = 0; i < state->partition_count; i++) {
        struct kafka_partition *partition = &state->partitions[i];
        const uint32_t slot = kafka_log_slot(partition, broker);
        const bool last = partition->insync == 1U << slot;
        if (slot != UINT32_MAX && slot != partition->leader && !last) {
            shrink(component, partition, slot);
        }
    }
    elect_all(component);
    for (uint32_t i = 0; i < state->partition_count; i++) {
        struct kafka_partition *partition = &state->partitions[i];
        const uint32_t slot = kafka_log_slot(partition, broker);
        if (slot != UINT32_MAX && slot != partition->leader && partition->insync != 1U << slot) {
            shrink(component, partition, slot);
        }
    }
}

static void on_session_end(void *subject, uint64_t broker)
{
    fence(subject, (uint32_t)broker);
}

// Records that were only in the page cache of a host without power are gone.
static void lose_page_cache(struct component *component, uint32_t broker)
{
    struct kafka_state *state = kafka_state(component);
    const int64_t flushed = component->world->now - kafka_configuration(component)->flush_ns;
    for (uint32_t i = 0; i < state->partition_count; i++) {
        struct kafka_partition *partition = &state->partitions[i];
        const uint32_t slot = kafka_log_slot(partition, broker);
        if (slot == UINT32_MAX) {
            continue;
        }
        const uint64_t kept = offsets_before(&partition->log, flushed);
        partition->ends[slot] = partition->ends[slot] < kept ? partition->ends[slot] : kept;
    }
}

void kafka_replica_crash(struct node *broker)
{
    struct component *component = broker->component;
    struct kafka_state *state = kafka_state(component);
    const struct kafka_configuration *configuration = kafka_configuration(component);
    struct world *world = component->world;
    for (uint32_t i = 0; i < component->node_count; i++) {
        link_of(component, broker->replica, i)->parked = false;
        link_of(component, i, broker->replica)->parked = false;
        link_of(component, i, broker->replica)->carried_count = 0;
    }
    for (uint32_t i = 0; i < state->partition_count; i++) {
        if (kafka_leader(component, &state->partitions[i]) == broker) {
            state->partitions[i].waiter_count = 0;
        }
    }
    if (broker->life == NODE_DARK) {
        lose_page_cache(component, broker->replica);
    }
    const int64_t beat =
        (int64_t)(random_unit(state->control) * (double)configuration->heartbeat_ns);
    const int64_t decide = distribution_draw(&configuration->controller, state->control);
    const struct event event = {on_session_end, component, broker->replica,
                                world_tag(broker, 0xfb0)};
    event_queue_at(world->queue, time_after(world->now, configuration->session_ns - beat + decide),
                   event);
}

// A broker starts: it registers, is no longer fenced, follows, and can be elected again.
void kafka_replica_begin(struct node *broker)
{
    struct component *component = broker->component;
    struct kafka_state *state = kafka_state(component);
    const bool first = broker->epoch == 0;
    state->fenced[broker->replica] = false;
    node_timer_constant(broker, kafka_configuration(component)->lag_ns / 2, on_lag_check, 0);
    node_timer_constant(broker, AUTO_BALANCE_S * TIME_S, on_balance, 0);
    for (uint32_t i = 0; i < component->node_count; i++) {
        link_of(component, i, broker->replica)->parked = first && i != broker->replica;
        if (!first) {
            begin_fetch(component, i, broker->replica);
            begin_fetch(component, broker->replica, i);
        }
    }
    if (first) {
        return;
    }
    for (uint32_t i = 0; i < state->partition_count; i++) {
        struct kafka_partition *partition = &state->partitions[i];
        const uint32_t slot = kafka_log_slot(partition, broker->replica);
        const struct node *leader = kafka_leader(component, partition);
        if (leader == broker) { // back before it was fenced: what it led goes on, shorter perhaps
            truncate_followers(component, partition);
            wake_orphans(component, partition);
        } else if (slot != UINT32_MAX && leader != NULL) {
            const uint64_t end = partition->ends[partition->leader];
            partition->ends[slot] = partition->ends[slot] < end ? partition->ends[slot] : end;
            add_dirty(link_of(component, leader->replica, broker->replica), partition, slot);
        }
    }
    elect_all(component);
}
