// meter_end - arrivals and ends of requests and of tries, counted where they happen.
#pragma once

#include "sim/engine/meter.h"
#include "sim/engine/world.h"

// What is rarer: several units at once, units that came over a while, SLOs that want more.
void meter_end_units(struct operation_meter *meter, int64_t latency_ns, uint64_t units);
void meter_end_gathered(struct workload_meter *meter, int64_t latency_ns, uint64_t units);
void meter_end_watched_workload(struct world *world, struct workload_meter *meter, int64_t began_ns,
                                enum status status, uint64_t units);
void meter_end_watched_operation(struct world *world, struct operation_meter *meter,
                                 int64_t began_ns, enum status status, uint64_t units);

static inline bool meter_has_latency(enum status status)
{
    return status_is_good(status) || status == STATUS_TIMEOUT;
}

static inline enum series_flow meter_flow_of(enum status status)
{
    if (status_is_good(status)) {
        return SERIES_OK;
    }
    const bool refused = status == STATUS_REJECTED || status == STATUS_THROTTLED;
    return refused ? SERIES_REFUSED : SERIES_FAILED;
}

static inline void meter_flow(struct world *world, uint32_t workload, enum series_flow flow,
                              uint64_t units)
{
    world->meter.flows[workload * SERIES_FLOWS + (uint32_t)flow] += (uint32_t)units;
}

// A request of a workload is intended now.
static inline void meter_offer(struct world *world, uint32_t workload, uint64_t units)
{
    struct workload_meter *meter = &world->meter.workloads[workload];
    meter->offered += units;
    meter->offered_total += units;
    meter->open += units;
    meter_flow(world, workload, SERIES_OFFERED, units);
}

// A request of a workload that was intended at began_ns ends now with that status.
static inline void meter_end_workload(struct world *world, uint32_t workload, int64_t began_ns,
                                      enum status status, uint64_t units)
{
    struct workload_meter *meter = &world->meter.workloads[workload];
    meter->statuses[status] += units;
    meter->ended_total += units;
    meter->open -= units;
    meter_flow(world, workload, meter_flow_of(status), units);
    if (meter_has_latency(status)) {
        if (units == 1 && meter->gather_ns == 0) {
            meter_inbox_add(&meter->inbox, &meter->latency, &meter->bin, world->now - began_ns);
        } else {
            meter_end_gathered(meter, world->now - began_ns, units);
        }
    }
    if (meter->watched) {
        meter_end_watched_workload(world, meter, began_ns, status, units);
    }
}

// A try at an operation ends now with that status, its latency counted from began_ns.
static inline void meter_end_operation(struct world *world, struct operation_meter *meter,
                                       int64_t began_ns, enum status status, uint64_t units)
{
    meter->statuses[status] += units;
    if (meter_has_latency(status)) {
        if (units == 1) {
            meter_inbox_add(&meter->inbox, &meter->latency, &meter->bin, world->now - began_ns);
        } else {
            meter_end_units(meter, world->now - began_ns, units);
        }
    }
    if (meter->watched) {
        meter_end_watched_operation(world, meter, began_ns, status, units);
    }
}
