// cockroach_metrics - what the CockroachDB model measures.
#include "models/datastores/cockroach.h"

#include "sim/kernel/time.h"

static const struct cockroach_counts *counts_of(const struct component *component)
{
    return &cockroach_cluster(component)->counts;
}

static double read_acknowledged(const struct component *component)
{
    return (double)counts_of(component)->acknowledged;
}

static double read_lost(const struct component *component)
{
    return (double)counts_of(component)->lost;
}

static double read_commits(const struct component *component)
{
    return (double)counts_of(component)->commits;
}

static double read_conflicts(const struct component *component)
{
    return (double)counts_of(component)->conflicts;
}

static double read_write_too_old(const struct component *component)
{
    return (double)counts_of(component)->write_too_old;
}

static double read_refreshes(const struct component *component)
{
    return (double)counts_of(component)->refreshes;
}

static double read_uncertain(const struct component *component)
{
    return (double)counts_of(component)->uncertain;
}

static double read_deadlocks(const struct component *component)
{
    return (double)counts_of(component)->deadlocks;
}

static double read_recovered(const struct component *component)
{
    return (double)counts_of(component)->recovered;
}

static double read_lock_waits(const struct component *component)
{
    return (double)counts_of(component)->lock_waits;
}

static double read_redirects(const struct component *component)
{
    return (double)counts_of(component)->redirects;
}

static double read_acquisitions(const struct component *component)
{
    return (double)counts_of(component)->acquisitions;
}

static double read_trips(const struct component *component)
{
    return (double)counts_of(component)->trips;
}

static double read_stalls(const struct component *component)
{
    return (double)counts_of(component)->stalls;
}

static double read_follower_reads(const struct component *component)
{
    return (double)counts_of(component)->follower_reads;
}

static double read_follower_misses(const struct component *component)
{
    return (double)counts_of(component)->follower_misses;
}

// An outage that goes on counts as long as it has lasted.
static double read_unavailable(const struct component *component)
{
    const struct cockroach_cluster *cluster = cockroach_cluster(component);
    int64_t longest = cluster->counts.unavailable_ns;
    for (uint32_t i = 0; i < cluster->range_count; i++) {
        const int64_t since = cluster->ranges[i].needed_ns;
        const int64_t outage = since == TIME_NEVER ? 0 : component->world->now - since;
        longest = outage > longest ? outage : longest;
    }
    return time_seconds(longest);
}

static double read_unavailable_mean(const struct component *component)
{
    const struct cockroach_counts *counts = counts_of(component);
    return time_seconds(counts->outage_sum_ns) / (double)counts->outages;
}

static double read_batch(const struct component *component)
{
    double flushes = 0, records = 0;
    for (uint32_t i = 0; i < component->node_count; i++) {
        const struct wal *wal = &cockroach_node(&component->nodes[i])->wal;
        flushes += (double)wal->flushes;
        records += (double)wal->records;
    }
    return records / flushes;
}

const struct model_metric cockroach_metrics[] = {
    {"acknowledged", "{request}",
     "writes acknowledged to clients, a transaction's one by one, in the whole run",
     read_acknowledged},
    {"lost", "{request}", "acknowledged writes that a new leader's log has not", read_lost},
    {"unavailable(max)", "s",
     "longest time that a range was wanted and nobody served it",
     read_unavailable},
    {"unavailable(mean)", "s", "mean of such times", read_unavailable_mean},
    {"commits", "{transaction}", "transactions committed, in the whole run", read_commits},
    {"conflicts", "{transaction}",
     "transactions aborted by a conflict (40001), in the whole run",
     read_conflicts},
    {"write_too_old", "1",
     "writes moved above a version of their key, in the whole run",
     read_write_too_old},
    {"refreshes", "1",
     "reads of transactions looked at again at a later time, in the whole run",
     read_refreshes},
    {"uncertainty_restarts", "1",
     "reads that met a version within the clocks' uncertainty, in the whole run",
     read_uncertain},
    {"deadlocks", "1", "circles of waits broken, in the whole run", read_deadlocks},
    {"recovered", "{transaction}",
     "transactions ended by others, in the whole run",
     read_recovered},
    {"lock_waits", "1", "requests that waited for a latch or a lock", read_lock_waits},
    {"redirects", "1",
     "questions to a node that did not hold the lease, in the whole run",
     read_redirects},
    {"lease_acquisitions", "1",
     "leases taken by another holder or a new epoch, in the whole run",
     read_acquisitions},
    {"breaker_trips", "1", "replicas that gave up after a long time without progress", read_trips},
    {"disk_stalls", "1", "processes ended by a stalled disk", read_stalls},
    {"follower_reads", "{request}", "reads of the past served by a follower", read_follower_reads},
    {"follower_misses", "{request}",
     "reads of the past that a replica had to refuse",
     read_follower_misses},
    {"group_commit_batch", "1",
     "mean records of one flush of a store's log, in the whole run",
     read_batch},
    {0},
};
