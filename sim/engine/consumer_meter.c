// consumer_meter - lag and backlog of consumers, counted by their brokers.
#include "sim/engine/consumer.h"

#include "sim/engine/world.h"

static struct consumer_meter *meter_of(struct world *world, const struct consumer_design *consumer)
{
    return &world->meter.consumers[consumer - world->design->consumers];
}

void consumer_note_visible(struct world *world, const struct consumer_design *consumer,
                           uint64_t messages)
{
    const uint32_t operation = consumer->operation->number;
    tally_add(&meter_of(world, consumer)->backlog, world->now, (int64_t)messages);
    meter_operation(&world->meter, consumer->component, operation)->published +=
        (int64_t)messages;
}

void consumer_note_done(struct world *world, const struct consumer_design *consumer,
                        int64_t appended_ns, uint64_t messages)
{
    struct consumer_meter *meter = meter_of(world, consumer);
    meter->delivered += messages;
    tally_add(&meter->backlog, world->now, -(int64_t)messages);
    histogram_add_many(&meter->lag, world->now - appended_ns, messages);
}

void consumer_note_again(struct world *world, const struct consumer_design *consumer,
                         uint64_t messages)
{
    meter_of(world, consumer)->redelivered += messages;
}
