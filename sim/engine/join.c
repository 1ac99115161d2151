// join - where the branches of a `parallel` step meet: all of them, or a quorum.
#include "sim/engine/join.h"

#include "sim/engine/visit.h"
#include "sim/engine/world.h"

uint32_t join_begin(struct world *world, uint64_t waiter, uint32_t count, uint32_t need)
{
    const uint32_t number = slots_take(&world->joins);
    struct join *join = slots_at(&world->joins, number);
    join->number = number;
    join->waiter = waiter;
    join->need = need;
    join->open = count;
    return number;
}

static void decide(struct world *world, struct join *join, enum status status)
{
    const uint64_t waiter = join->waiter;
    const bool stop = join->stop && !status_is_good(status);
    slots_give(&world->joins, join->number);
    struct visit *visit = visit_of(world, waiter);
    if (visit == NULL) {
        world->meter.stale_wakes++;
        return;
    }
    world_meter(visit)->parts_ns[METER_CALLS] += world->now - visit->since_ns;
    visit->status = (uint8_t)status;
    if (stop) {
        visit_stop(visit);
    }
    visit_wake_later(world, waiter);
}

void join_tell(struct world *world, uint32_t number, uint32_t generation, enum status status)
{
    struct join *join = slots_at(&world->joins, number);
    if (join->generation != generation) {
        return;
    }
    join->open--;
    if (status_is_good(status)) {
        join->good++;
    } else {
        join->last_bad = (uint8_t)status;
    }
    if (join->good >= join->need) {
        decide(world, join, STATUS_OK);
    } else if (join->good + join->open < join->need) {
        decide(world, join, join->last_bad);
    }
}
