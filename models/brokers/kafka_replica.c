// kafka_replica - in-sync sets that shrink and grow, leaders that are elected, logs that are cut.
//
// The leader proposes a change of the in-sync set, the controller commits it. A new leader begins a
// new epoch at its own end of the log; what others hold beyond it is a tail of theirs that they cut
// off as soon as they hear of the epoch. A leader that does not hear (paused, or cut off) goes on
// and appends to its tail.
#include "models/brokers/kafka.h"

#include "sim/base/check.h"

// ---- the in-sync set
// ------------------------------------------------------------------------------

static void ask(struct component *component, struct kafka_partition *partition, uint32_t slot,
                bool joins)
{
    const struct kafka_change change = {partition->number, partition->epoch, (uint8_t)slot, joins};
    *(joins ? &partition->joining : &partition->leaving) |= 1U << slot;
    kafka_controller_ask(kafka_leader(component, partition), &change);
}

void kafka_replica_caught_up(struct component *component, struct kafka_partition *partition,
                             uint32_t slot)
{
    const struct kafka_copy *copy = &partition->copies[slot];
    const uint32_t known = partition->insync | partition->joining;
    if ((known >> slot & 1) == 0 && copy->end >= partition->watermark &&
        copy->end >= partition->epoch_begin &&
        !kafka_state(component)->brokers[copy->broker].fenced) {
        ask(component, partition, slot, true);
    }
}

static void shrink(struct component *component, struct kafka_partition *partition, uint32_t slot)
{
    if (partition->insync >> slot & 1) {
        partition->insync &= ~(1U << slot);
        kafka_state(component)->shrinks++;
        kafka_log_advance(component, partition);
    }
}

void kafka_replica_change(struct component *component, const struct kafka_change *change)
{
    struct kafka_state *state = kafka_state(component);
    struct kafka_partition *partition = &state->partitions[change->partition];
    const uint32_t bit = 1U << change->slot;
    if (partition->epoch != change->epoch) {
        return;
    }
    *(change->joins ? &partition->joining : &partition->leaving) &= ~bit;
    if (!change->joins) {
        state->laggards++;
        shrink(component, partition, change->slot);
    } else if (!state->brokers[partition->copies[change->slot].broker].fenced) {
        state->expansions += (partition->insync & bit) == 0;
        partition->insync |= bit;
    }
    kafka_log_advance(component, partition);
}

static void check_lag(struct component *component, struct kafka_partition *partition)
{
    const int64_t lag = kafka_configuration(component)->lag_ns;
    const uint64_t end = partition->copies[partition->leader].end;
    const uint32_t members = partition->insync & ~partition->leaving & ~(1U << partition->leader);
    for (uint32_t slot = 0; slot < partition->copy_count; slot++) {
        const struct kafka_copy *copy = &partition->copies[slot];
        if ((members >> slot & 1) && copy->end < end &&
            component->world->now - copy->caught_up_ns > lag) {
            ask(component, partition, slot, false);
        }
    }
}

// Every half of replica.lag.time.max.ms a leader drops followers that have not caught up for that
// long.
static void on_lag_check(struct node *broker, uint64_t word)
{
    struct component *component = broker->component;
    struct kafka_state *state = kafka_state(component);
    for (uint32_t i = 0; i < state->partition_count; i++) {
        if (kafka_server(component, &state->partitions[i]) == broker) {
            check_lag(component, &state->partitions[i]);
        }
    }
    node_timer_constant(broker, kafka_configuration(component)->lag_ns / 2, on_lag_check, word);
}

// ---- logs that part
// -------------------------------------------------------------------------------

static void drop_tail(struct component *component, struct kafka_copy *copy)
{
    kafka_state(component)->truncated += copy->tail;
    copy->tail = copy->tail_told = copy->tail_counted = 0;
}

void kafka_replica_stray(struct component *component, struct kafka_partition *partition,
                         uint32_t slot, uint64_t records, bool told)
{
    struct kafka_state *state = kafka_state(component);
    struct kafka_copy *copy = &partition->copies[slot];
    copy->tail += records;
    if (told) {
        state->acknowledged += records;
        copy->tail_told += records;
    }
    if (told && partition->leader != KAFKA_NO_LEADER) { // decided already: another leads
        state->lost += records;
        copy->tail_counted += records;
    }
}

// What the others have beyond the leader's end becomes a tail of theirs.
static void part(struct component *component, struct kafka_partition *partition, uint64_t end)
{
    for (uint32_t slot = 0; slot < partition->copy_count; slot++) {
        struct kafka_copy *copy = &partition->copies[slot];
        if (slot != partition->leader && copy->end > end) {
            const uint64_t told = partition->told < copy->end ? partition->told : copy->end;
            copy->tail += copy->end - end;
            copy->tail_told += told > end ? told - end : 0;
            copy->tail_counted += told > end ? told - end : 0;
            copy->end = end;
        }
        kafka_state(component)->lost += copy->tail_told - copy->tail_counted;
        copy->tail_counted = copy->tail_told;
        copy->caught_up_ns = component->world->now;
    }
}

// An uncleanly elected leader brings its tail along.
static void adopt_tail(struct component *component, struct kafka_partition *partition)
{
    struct kafka_state *state = kafka_state(component);
    struct kafka_copy *copy = &partition->copies[partition->leader];
    const struct offsets_run run = {.time_ns = component->world->now};
    if (copy->tail == 0) {
        return;
    }
    const uint64_t bytes = copy->tail * kafka_topic(component, partition->topic)->record;
    state->lost -= copy->tail_counted < state->lost ? copy->tail_counted : state->lost;
    partition->told = copy->end + copy->tail_told;
    copy->end = offsets_append(&partition->log, copy->tail, bytes, &run);
    copy->tail = copy->tail_told = copy->tail_counted = 0;
}

static void cut_off(struct component *component, struct kafka_partition *partition)
{
    const uint64_t end = partition->copies[partition->leader].end;
    part(component, partition, end);
    if (partition->told > end) {
        kafka_state(component)->lost += partition->told - end;
        partition->told = end;
    }
    partition->watermark = partition->watermark < end ? partition->watermark : end;
    offsets_truncate(&partition->log, end);
    kafka_transaction_cut(partition);
    adopt_tail(component, partition);
    partition->epoch_begin = partition->log.end;
    for (uint32_t slot = 0; slot < partition->copy_count; slot++) {
        struct kafka_copy *copy = &partition->copies[slot];
        if (!copy->deposed && component->nodes[copy->broker].life == NODE_UP) {
            drop_tail(component, copy);
        }
    }
}

// ---- elections
// ------------------------------------------------------------------------------------

static uint32_t choose_leader(const struct component *component,
                              const struct kafka_partition *partition)
{
    const struct kafka_state *state = kafka_state(component);
    for (int unclean = 0; unclean <= kafka_configuration(component)->unclean; unclean++) {
        for (uint32_t slot = 0; slot < partition->copy_count; slot++) {
            const bool fenced = state->brokers[partition->copies[slot].broker].fenced;
            if (!fenced && (unclean || (partition->insync >> slot & 1))) {
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

static void on_news(struct node *broker, struct node *controller, uint64_t word)
{
    (void)controller, (void)word;
    kafka_replica_resign(broker);
}

// The old leader is told; it goes on until it hears.
static void depose(struct component *component, struct kafka_partition *partition)
{
    struct node *old = kafka_server(component, partition);
    struct raft_member *controller = raft_leader(&kafka_state(component)->raft);
    if (old != NULL) {
        partition->copies[partition->leader].deposed = true;
        if (controller != NULL) {
            network_message(controller->node, old, 100, on_news, 0);
        }
    }
}

static void note_availability(struct component *component, struct kafka_partition *partition,
                              int64_t since_ns)
{
    struct kafka_state *state = kafka_state(component);
    if (kafka_server(component, partition) == NULL) {
        if (partition->leaderless_ns == TIME_NEVER) {
            partition->leaderless_ns = since_ns;
        }
    } else if (partition->leaderless_ns != TIME_NEVER) {
        const int64_t time = component->world->now - partition->leaderless_ns;
        state->unavailable_ns = time > state->unavailable_ns ? time : state->unavailable_ns;
        partition->leaderless_ns = TIME_NEVER;
    }
}

static void lead(struct component *component, struct kafka_partition *partition)
{
    struct kafka_state *state = kafka_state(component);
    const bool clean = partition->insync >> partition->leader & 1;
    partition->copies[partition->leader].deposed = false;
    partition->insync = clean ? partition->insync : 1U << partition->leader;
    state->unclean_elections += !clean;
    state->elections++;
    cut_off(component, partition);
    kafka_group_reset(component, partition);
    for (uint32_t slot = 0; slot < partition->copy_count; slot++) {
        partition->copies[slot].dirty = false;
        if (slot != partition->leader) {
            kafka_fetch_wake(component, partition, slot);
        }
    }
    wake_orphans(component, partition);
    kafka_transaction_recover(component, partition);
    kafka_log_advance(component, partition);
    kafka_group_pump(component, partition);
}

void kafka_replica_elect(struct component *component, struct kafka_partition *partition)
{
    const uint32_t leader = choose_leader(component, partition);
    if (leader == partition->leader) {
        return;
    }
    if (partition->leader != KAFKA_NO_LEADER) {
        kafka_log_fail_waiters(component, partition, STATUS_INDETERMINATE);
        depose(component, partition);
    }
    partition->leader = leader;
    partition->epoch++;
    partition->joining = partition->leaving = 0;
    if (leader == KAFKA_NO_LEADER) {
        kafka_group_reset(component, partition);
    } else {
        lead(component, partition);
    }
    note_availability(component, partition, component->world->now);
}

// Preferred leaders take their partitions back (auto.leader.rebalance).
static void on_balance(struct node *broker, uint64_t word)
{
    struct component *component = broker->component;
    struct kafka_state *state = kafka_state(component);
    for (uint32_t i = 0; i < state->partition_count; i++) {
        struct kafka_partition *partition = &state->partitions[i];
        if (partition->copies[0].broker == broker->replica && partition->leader != 0 &&
            (partition->insync & 1) && raft_leader(&state->raft) != NULL) {
            kafka_replica_elect(component, partition);
        }
    }
    node_timer_constant(broker, kafka_configuration(component)->balance_ns, on_balance, word);
}

// ---- fencing, and coming back
// ---------------------------------------------------------------------

void kafka_replica_fence(struct component *component, uint32_t broker)
{
    struct kafka_state *state = kafka_state(component);
    state->brokers[broker].fenced = true;
    state->fencings++;
    meter_log(component->world, LOG_LEADER, (int32_t)component->nodes[broker].number, 0);
    for (uint32_t i = 0; i < state->partition_count; i++) {
        struct kafka_partition *partition = &state->partitions[i];
        const uint32_t slot = kafka_log_slot(partition, broker);
        if (slot == UINT32_MAX) {
            continue;
        }
        partition->joining &= ~(1U << slot);
        if (partition->leader == slot && partition->leaderless_ns == TIME_NEVER) {
            partition->leaderless_ns = state->brokers[broker].heard_ns;
        }
        if (partition->leader == slot) {
            const uint32_t rest = partition->insync & ~(1U << slot);
            partition->insync = rest == 0 ? partition->insync : rest;
            state->shrinks += rest != 0;
            kafka_replica_elect(component, partition);
        } else if (partition->insync != 1U << slot) { // the last one stays
            shrink(component, partition, slot);
        }
    }
}

void kafka_replica_resign(struct node *broker)
{
    struct component *component = broker->component;
    struct kafka_state *state = kafka_state(component);
    for (uint32_t i = 0; i < state->partition_count; i++) {
        struct kafka_partition *partition = &state->partitions[i];
        const uint32_t slot = kafka_log_slot(partition, broker->replica);
        if (slot == UINT32_MAX || partition->leader == slot) {
            continue;
        }
        partition->copies[slot].deposed = false;
        if (partition->leader != KAFKA_NO_LEADER) {
            drop_tail(component, &partition->copies[slot]);
            kafka_fetch_wake(component, partition, slot);
        }
    }
}

// A broker is registered and no longer fenced: it follows, and can be elected again.
void kafka_replica_join(struct component *component, uint32_t broker)
{
    struct kafka_state *state = kafka_state(component);
    state->brokers[broker].fenced = false;
    kafka_replica_resign(&component->nodes[broker]);
    for (uint32_t i = 0; i < state->broker_count; i++) {
        kafka_fetch_begin(component, i, broker);
        kafka_fetch_begin(component, broker, i);
    }
    for (uint32_t i = 0; i < state->partition_count; i++) {
        struct kafka_partition *partition = &state->partitions[i];
        if (partition->leader == KAFKA_NO_LEADER) {
            kafka_replica_elect(component, partition);
        }
    }
}

// Records that were only in the page cache of a host without power are gone.
static void lose_page_cache(struct component *component, struct kafka_partition *partition,
                            uint32_t slot)
{
    struct kafka_copy *copy = &partition->copies[slot];
    const int64_t flushed = component->world->now - kafka_configuration(component)->disk.flush_ns;
    const uint64_t kept = flushed > 0 ? offsets_before(&partition->log, flushed) : 0;
    kafka_state(component)->lost += copy->tail_told - copy->tail_counted;
    copy->tail = copy->tail_told = copy->tail_counted = 0;
    copy->end = copy->end < kept ? copy->end : kept;
}

void kafka_replica_crash(struct node *broker)
{
    struct component *component = broker->component;
    struct kafka_state *state = kafka_state(component);
    kafka_fetch_crash(broker);
    state->blackouts += broker->life == NODE_DARK;
    for (uint32_t i = 0; i < state->partition_count; i++) {
        struct kafka_partition *partition = &state->partitions[i];
        const uint32_t slot = kafka_log_slot(partition, broker->replica);
        if (slot == UINT32_MAX) {
            continue;
        }
        partition->copies[slot].deposed = false;
        if (broker->life == NODE_DARK) {
            lose_page_cache(component, partition, slot);
        }
        if (partition->leader == slot) {
            ring_clear(&partition->waiters);
            partition->expiring = false;
            note_availability(component, partition, component->world->now);
        }
    }
}

void kafka_replica_begin(struct node *broker)
{
    struct component *component = broker->component;
    node_timer_constant(broker, kafka_configuration(component)->lag_ns / 2, on_lag_check, 0);
    node_timer_constant(broker, kafka_configuration(component)->balance_ns, on_balance, 0);
    kafka_fetch_start(broker);
    for (uint32_t i = 0; broker->epoch == 0 && i < kafka_state(component)->broker_count; i++) {
        kafka_fetch_settle(component, i, broker->replica);
    }
}
