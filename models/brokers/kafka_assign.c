// kafka_assign - membership of consumer groups: sessions, and who gets which partitions.
//
// A member that has not sent a heartbeat for the session time-out is given up and its partitions go
// to the others; one that is back joins again. Eager: every partition of the group stops while all
// join anew. Cooperative: partitions stay where they are as far as that is even; those of a member
// that is gone move in one round, those that a living one must give up in two.
#include <stdlib.h>

#include "models/brokers/kafka.h"

#include "sim/base/check.h"

static uint32_t alive_count(const struct kafka_group *group)
{
    uint32_t alive = 0;
    for (uint32_t i = 0; i < group->to->node_count; i++) {
        alive += !group->gone[i];
    }
    return alive;
}

static uint32_t least_loaded(const struct kafka_group *group, const uint32_t *loads)
{
    uint32_t best = UINT32_MAX;
    for (uint32_t i = 0; i < group->to->node_count; i++) {
        if (!group->gone[i] && (best == UINT32_MAX || loads[i] < loads[best])) {
            best = i;
        }
    }
    return best;
}

static void move(struct component *component, struct kafka_partition *partition, uint32_t number,
                 uint32_t member)
{
    const struct kafka_group_setting *setting = &kafka_configuration(component)->consumer;
    const struct kafka_group *group = &kafka_state(component)->groups[number];
    struct kafka_reader *reader = &partition->readers[number];
    const bool stays = reader->member == member;
    const bool eager = setting->protocol == KAFKA_EAGER;
    if (stays && !eager) {
        return;
    }
    const int64_t rounds = eager || group->gone[reader->member] ? 1 : 2;
    kafka_group_revoke(component, partition, number);
    reader->member = member;
    if (kafka_leader(component, partition) != NULL) {
        kafka_group_pause(component, partition, number, rounds * setting->rebalance_ns);
    }
}

// Who keeps its partition: living members up to their even share, and up to the share of those that
// get one more.
static void count_kept(const struct component *component, uint32_t number, uint32_t *loads,
                       bool *kept)
{
    const struct kafka_state *state = kafka_state(component);
    const struct kafka_group *group = &state->groups[number];
    const uint32_t first = state->topic_first[group->topic];
    const uint32_t count = state->topic_first[group->topic + 1] - first;
    const uint32_t share = count / alive_count(group);
    uint32_t more = count % alive_count(group);
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t member = state->partitions[first + i].readers[number].member;
        const bool one_more = loads[member] == share && more > 0;
        kept[i] = !group->gone[member] && (loads[member] < share || one_more);
        loads[member] += kept[i];
        more -= kept[i] && one_more;
    }
}

static void rebalance(struct component *component, uint32_t number)
{
    struct kafka_state *state = kafka_state(component);
    struct kafka_group *group = &state->groups[number];
    const uint32_t first = state->topic_first[group->topic];
    const uint32_t count = state->topic_first[group->topic + 1] - first;
    group->rebalances++;
    if (alive_count(group) == 0) {
        return;
    }
    uint32_t *loads = check_calloc(group->to->node_count, sizeof *loads);
    bool *kept = check_calloc(count, sizeof *kept);
    count_kept(component, number, loads, kept);
    for (uint32_t i = 0; i < count; i++) {
        struct kafka_partition *partition = &state->partitions[first + i];
        uint32_t member = partition->readers[number].member;
        if (!kept[i]) {
            member = least_loaded(group, loads);
            loads[member]++;
        }
        move(component, partition, number, member);
    }
    free(loads);
    free(kept);
}

// Every heartbeat of the members, as the coordinator sees them.
static void on_heartbeat(void *subject, uint64_t number)
{
    struct component *component = subject;
    const struct kafka_group_setting *setting = &kafka_configuration(component)->consumer;
    struct kafka_group *group = &kafka_state(component)->groups[number];
    struct world *world = component->world;
    bool changed = false;
    for (uint32_t i = 0; i < group->to->node_count; i++) {
        const struct node *member = &group->to->nodes[i];
        const bool beats = node_is_up(member) && member->pauses == 0;
        const bool ended = !beats && world->now - group->seen_ns[i] >= setting->session_ns;
        group->seen_ns[i] = beats ? world->now : group->seen_ns[i];
        changed = changed || (beats && group->gone[i]) || (ended && !group->gone[i]);
        group->gone[i] = ended || (group->gone[i] && !beats);
    }
    if (changed) {
        rebalance(component, (uint32_t)number);
    }
    const struct event event = {on_heartbeat, component, number,
                                world_tag(&component->nodes[0], 0xfb1)};
    event_queue_at(world->queue, time_after(world->now, setting->heartbeat_ns), event);
}

void kafka_assign_begin(struct component *component, uint32_t number)
{
    struct kafka_state *state = kafka_state(component);
    struct world *world = component->world;
    struct kafka_group *group = &state->groups[number];
    const uint32_t members = group->to->node_count;
    group->gone = arena_take_array(&world->arena, members, sizeof(bool));
    group->seen_ns = arena_take_array(&world->arena, members, sizeof(int64_t));
    const uint32_t first = state->topic_first[group->topic];
    for (uint32_t i = first; i < state->topic_first[group->topic + 1]; i++) {
        state->partitions[i].readers[number].member = (i - first) % members;
    }
    const struct event event = {on_heartbeat, component, number,
                                world_tag(&component->nodes[0], 0xfb1)};
    event_queue_at(world->queue, kafka_configuration(component)->consumer.heartbeat_ns, event);
}

// States that every partition has one owner that is there, and that the hands are counted right.
void kafka_assign_check(struct component *component, uint32_t number)
{
    const struct kafka_state *state = kafka_state(component);
    const struct kafka_group *group = &state->groups[number];
    const bool anybody = alive_count(group) > 0;
    uint32_t *hands = check_calloc(group->to->node_count, sizeof *hands);
    for (uint32_t i = state->topic_first[group->topic]; i < state->topic_first[group->topic + 1];
         i++) {
        const struct kafka_reader *reader = &state->partitions[i].readers[number];
        hands[reader->member] += reader->busy;
        world_hold(component->world, "kafka-one-owner", !anybody || !group->gone[reader->member],
                   "partition %u belongs to member %u that is gone", i, reader->member);
    }
    for (uint32_t i = 0; i < group->to->node_count; i++) {
        world_hold(component->world, "kafka-one-owner", hands[i] == group->in_hand[i],
                   "member %u has %u batches in hand, %u are counted", i, hands[i],
                   group->in_hand[i]);
    }
    free(hands);
}
