// rabbitmq_metrics - what is counted of a RabbitMQ cluster, all its queues together.
#include "models/brokers/rabbitmq.h"

static double read_acknowledged(const struct component *component)
{
    const struct rabbitmq_state *state = rabbitmq_state(component);
    uint64_t messages = 0;
    for (uint32_t i = 0; i < state->queue_count; i++) {
        messages += state->queues[i].acknowledged;
    }
    return (double)messages;
}

static double read_lost(const struct component *component)
{
    const struct rabbitmq_state *state = rabbitmq_state(component);
    uint64_t messages = 0;
    for (uint32_t i = 0; i < state->queue_count; i++) {
        messages += state->queues[i].lost;
        for (uint32_t k = 0; k < ELECTION_MEMBERS; k++) {
            messages += state->queues[i].promises[k].broken;
        }
    }
    return (double)messages;
}

static double read_ready(const struct component *component)
{
    const struct rabbitmq_state *state = rabbitmq_state(component);
    uint64_t messages = 0;
    for (uint32_t i = 0; i < state->queue_count; i++) {
        messages += state->queues[i].backlog.waiting;
    }
    return (double)messages;
}

static double read_delivered(const struct component *component)
{
    const struct rabbitmq_state *state = rabbitmq_state(component);
    uint64_t messages = 0;
    for (uint32_t i = 0; i < state->queue_count; i++) {
        messages += state->queues[i].backlog.delivered;
    }
    return (double)messages;
}

static double read_redelivered(const struct component *component)
{
    const struct rabbitmq_state *state = rabbitmq_state(component);
    uint64_t messages = 0;
    for (uint32_t i = 0; i < state->queue_count; i++) {
        messages += state->queues[i].backlog.redelivered;
    }
    return (double)messages;
}

static double read_duplicates(const struct component *component)
{
    const struct rabbitmq_state *state = rabbitmq_state(component);
    uint64_t messages = 0;
    for (uint32_t i = 0; i < state->queue_count; i++) {
        messages += state->queues[i].backlog.duplicates;
    }
    return (double)messages;
}

static double read_settled(const struct component *component)
{
    const struct rabbitmq_state *state = rabbitmq_state(component);
    uint64_t messages = 0;
    for (uint32_t i = 0; i < state->queue_count; i++) {
        messages += state->queues[i].backlog.settled;
    }
    return (double)messages;
}

static double read_dead_lettered(const struct component *component)
{
    const struct rabbitmq_state *state = rabbitmq_state(component);
    uint64_t messages = 0;
    for (uint32_t i = 0; i < state->queue_count; i++) {
        messages += state->queues[i].dead_lettered;
    }
    return (double)messages;
}

static double read_dead_dropped(const struct component *component)
{
    const struct rabbitmq_state *state = rabbitmq_state(component);
    uint64_t messages = 0;
    for (uint32_t i = 0; i < state->queue_count; i++) {
        messages += state->queues[i].dead_dropped;
    }
    return (double)messages;
}

static double read_blocked(const struct component *component)
{
    const struct rabbitmq_state *state = rabbitmq_state(component);
    const int64_t now = component->world->now;
    const int64_t open = state->alarmed > 0 ? now - state->blocked_since_ns : 0;
    return time_seconds(state->blocked_ns + open);
}

static double read_elections(const struct component *component)
{
    const struct rabbitmq_state *state = rabbitmq_state(component);
    uint64_t elections = 0;
    for (uint32_t i = 0; i < state->queue_count; i++) {
        elections += state->queues[i].raft.election.elections + state->queues[i].reign;
    }
    return (double)elections;
}

static double read_unavailable(const struct component *component)
{
    const struct rabbitmq_state *state = rabbitmq_state(component);
    double longest = 0;
    for (uint32_t i = 0; i < state->queue_count; i++) {
        const double gap = rabbitmq_longest(&state->queues[i]);
        longest = gap > longest ? gap : longest;
    }
    return longest;
}

const struct model_metric rabbitmq_metrics[] = {
    {"acknowledged", "{message}", "messages whose publishers were told OK", read_acknowledged},
    {"lost", "{message}", "acknowledged messages that exist no more, unconsumed", read_lost},
    {"ready", "{message}", "messages that wait for a consumer, at the end", read_ready},
    {"delivered", "{message}", "deliveries begun", read_delivered},
    {"redelivered", "{message}", "deliveries after the first", read_redelivered},
    {"duplicates", "{message}", "messages worked off again though they had been acknowledged",
     read_duplicates},
    {"settled", "{message}", "messages that consumers acknowledged", read_settled},
    {"dead_lettered", "{message}", "messages published to another queue when they died",
     read_dead_lettered},
    {"dead_dropped", "{message}", "messages that died and went nowhere", read_dead_dropped},
    {"blocked", "s", "time in which an alarm blocked publishers", read_blocked},
    {"elections", "1", "leaders that queues have got", read_elections},
    {"unavailable(max)", "s", "longest time in which a queue had no serving leader",
     read_unavailable},
    {0},
};
