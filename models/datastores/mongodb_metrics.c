// mongodb_metrics - what a replica set tells of itself at the end of a replication.
#include <math.h>

#include "models/datastores/mongodb.h"

static double read_acknowledged(const struct component *component)
{
    return (double)mongodb_state(component)->acknowledgements;
}

static double read_lost(const struct component *component)
{
    return (double)mongodb_state(component)->lost;
}

static double read_failovers(const struct component *component)
{
    return (double)mongodb_state(component)->failovers;
}

// An outage that lasts counts, too.
static double read_unavailable(const struct component *component)
{
    const struct mongodb_state *state = mongodb_state(component);
    const double longest =
        state->outage.count > 0 ? (double)state->outage.maximum / 1e9 : 0;
    const double present = state->silent_ns == TIME_NEVER
                               ? 0
                               : (double)(component->world->now - state->silent_ns) / 1e9;
    return present > longest ? present : longest;
}

static double read_failover_median(const struct component *component)
{
    return histogram_quantile(&mongodb_state(component)->outage, 0.5) / 1e9;
}

static double read_stepdowns(const struct component *component)
{
    return (double)mongodb_state(component)->stepdowns;
}

static double read_rollbacks(const struct component *component)
{
    return (double)mongodb_state(component)->rollbacks;
}

static double read_rolled_back(const struct component *component)
{
    return (double)mongodb_state(component)->rolled_back;
}

static double read_resyncs(const struct component *component)
{
    return (double)mongodb_state(component)->resyncs;
}

static double read_lag(const struct component *component)
{
    return histogram_mean(&mongodb_state(component)->lag) / 1e9;
}

static double read_lag_maximum(const struct component *component)
{
    const struct histogram *lag = &mongodb_state(component)->lag;
    return lag->count > 0 ? (double)lag->maximum / 1e9 : NAN;
}

static double read_conflicts(const struct component *component)
{
    return (double)mongodb_state(component)->conflicts;
}

static double read_throttled(const struct component *component)
{
    return (double)mongodb_state(component)->throttled;
}

static double read_retries(const struct component *component)
{
    return (double)mongodb_state(component)->retries;
}

static double read_found_again(const struct component *component)
{
    return (double)mongodb_state(component)->found_again;
}

static double read_batch(const struct component *component)
{
    double records = 0, flushes = 0;
    for (uint32_t i = 0; i < component->node_count; i++) {
        const struct wal *wal = &mongodb_node(&component->nodes[i])->wal;
        records += (double)wal->records;
        flushes += (double)wal->flushes;
    }
    return records / flushes;
}

static double read_history_lost(const struct component *component)
{
    return (double)mongodb_state(component)->history_lost;
}

static double read_change_lag(const struct component *component)
{
    return histogram_mean(&mongodb_state(component)->change_lag) / 1e9;
}

static double read_change_lag_maximum(const struct component *component)
{
    const struct histogram *lag = &mongodb_state(component)->change_lag;
    return lag->count > 0 ? (double)lag->maximum / 1e9 : NAN;
}

static double read_key_fetches(const struct component *component)
{
    return (double)mongodb_state(component)->key_fetches;
}

const struct model_metric mongodb_metrics[] = {
    {"acknowledged", "{write}", "writes acknowledged, in the whole run", read_acknowledged},
    {"lost", "{write}", "acknowledged writes that no longer exist", read_lost},
    {"failovers", "1", "elections won, in the whole run", read_failovers},
    {"unavailable(max)", "s", "longest time without a primary that accepts writes",
     read_unavailable},
    {"unavailable(p50)", "s", "median of such times", read_failover_median},
    {"stepdowns", "1", "primaries deposed, in the whole run", read_stepdowns},
    {"rollbacks", "1", "members that went back to a common point, in the whole run",
     read_rollbacks},
    {"rolled_back", "{write}", "oplog entries taken back by them", read_rolled_back},
    {"resyncs", "1", "members too far behind, copied anew", read_resyncs},
    {"commit_lag", "s", "mean time from a write to the commit point's reaching it", read_lag},
    {"commit_lag(max)", "s", "longest such time", read_lag_maximum},
    {"write_conflicts", "1", "writes that met another of the same document", read_conflicts},
    {"throttled", "{write}", "writes held back by flow control", read_throttled},
    {"retries", "1", "requests that the driver sent once more", read_retries},
    {"found_again", "1", "writes sent again that had been carried out already", read_found_again},
    {"journal_batch", "1", "mean records of a flush of the journal, in the whole run", read_batch},
    {"change_lag", "s", "mean time from a batch's oldest write to its end at a watcher outside",
     read_change_lag},
    {"change_lag(max)", "s", "longest such time", read_change_lag_maximum},
    {"history_lost", "{write}", "entries that left the oplog before a change stream read them",
     read_history_lost},
    {"key_fetches", "1", "data keys fetched from the key service", read_key_fetches},
    {0},
};
