// mongodb - MongoDB 7.0: a replica set with elections, oplog, write and read concerns, drivers.
//
// A write goes to the primary, is appended to its oplog and acknowledged as its write concern says;
// secondaries fetch the oplog, apply it in batches and report how far they are. A crash takes what
// the journal has not on disk; a primary that returns takes back what the others have not.
// mongodb_steps.c keeps the operations, mongodb_driver.c the client's side, mongodb_oplog.c the
// log, mongodb_sync.c the replication, mongodb_commit.c the commit point, mongodb_member.c the
// elections, mongodb_stream.c the change streams.
#include "models/datastores/mongodb.h"

#include "models/datastores/datastores.h"

#include "sim/base/text.h"

static const struct model_invariant invariants[] = {
    {"mongodb-acknowledged-safe",
     "with write concern majority and journaling no acknowledged write is lost"},
    {"mongodb-log-matching", "what a member fetches continues its own log"},
    {"mongodb-committed-stays",
     "what a majority has durably is never rolled back"},
    {"mongodb-one-committer",
     "the older of two primaries commits nothing that the newer one has not"},
    {"mongodb-once", "a call's write is in the oplog at most once, however often it is tried"},
    {0},
};

// ---- life -------------------------------------------------------------------------------------

static void begin(struct component *component)
{
    mongodb_driver_begin(component);
    mongodb_member_begin(component);
    mongodb_stream_begin(component);
}

static void begin_node(struct node *node)
{
    struct mongodb_node *member = mongodb_node(node);
    member->streams = (struct mongodb_streams){
        .cpu = node_stream(node, "cpu"),
        .cache = node_stream(node, "cache"),
        .disk = node_stream(node, "disk"),
        .journal = node_stream(node, "journal"),
        .apply = node_stream(node, "apply"),
        .client = node_stream(node, "client"),
    };
    map_init(&member->claims);
    slots_init(&member->claim_slots, sizeof(struct mongodb_claim));
    mongodb_driver_start(node);
}

static bool start(struct node *node)
{
    if (node->epoch == 0) {
        begin_node(node);
    }
    return mongodb_member_start(node);
}

static void crash(struct node *node)
{
    struct mongodb_node *member = mongodb_node(node);
    map_clear(&member->claims);
    slots_release(&member->claim_slots);
    slots_init(&member->claim_slots, sizeof(struct mongodb_claim));
    mongodb_commit_crash(node);
    mongodb_member_crash(node);
    mongodb_driver_crash(node);
}

static struct node *with_role(struct component *component, const char *role)
{
    const bool leads = text_same(role, "primary") || text_same(role, "leader");
    return leads ? mongodb_member_primary(component) : NULL;
}

static void end_node(struct node *node)
{
    struct mongodb_node *member = mongodb_node(node);
    mongodb_driver_end(node);
    mongodb_oplog_release(&member->oplog);
    versions_release(&member->versions);
    versions_release(&member->committed);
    map_release(&member->claims);
    slots_release(&member->claim_slots);
    wal_release(&member->wal);
}

static void end(struct component *component)
{
    struct mongodb_state *state = mongodb_state(component);
    mongodb_commit_end(component);
    mongodb_stream_end(component);
    for (uint32_t i = 0; i < component->node_count; i++) {
        end_node(&component->nodes[i]);
    }
    map_release(&state->retried);
    map_release(&state->done);
    map_release(&state->indexed);
    keyed_release(&state->key_cache);
    histogram_release(&state->outage);
    histogram_release(&state->lag);
}

// ---- invariants -------------------------------------------------------------------------------

static uint64_t count_twice(const struct node *node)
{
    const struct mongodb_oplog *oplog = &mongodb_node(node)->oplog;
    uint64_t twice = 0;
    struct map seen;
    map_init(&seen);
    for (uint64_t i = oplog->first; i <= mongodb_oplog_last(oplog); i++) {
        const uint64_t identity = mongodb_oplog_at(oplog, i)->identity;
        if (identity != MONGODB_NOTHING) {
            twice += map_get(&seen, identity) != 0;
            map_set(&seen, identity, 1);
        }
    }
    map_release(&seen);
    return twice;
}

static void check(struct component *component)
{
    const struct mongodb_configuration *configuration = mongodb_configuration(component);
    const struct mongodb_state *state = mongodb_state(component);
    struct world *world = component->world;
    if (mongodb_commits_durable(configuration)) {
        world_hold(world, "mongodb-committed-stays", state->undone_commits == 0,
                   "%lu rollbacks behind the commit point", (unsigned long)state->undone_commits);
        world_hold(world, "mongodb-one-committer", state->stray_commits == 0,
                   "%lu commits of a primary are not in the log of the latest",
                   (unsigned long)state->stray_commits);
        world_hold(world, "mongodb-acknowledged-safe",
                   configuration->write_concern != MONGODB_MAJORITY || state->lost == 0,
                   "%lu acknowledged writes are lost", (unsigned long)state->lost);
    }
    world_hold(world, "mongodb-log-matching", state->mismatches == 0,
               "%lu batches did not continue the reader's log", (unsigned long)state->mismatches);
    for (uint32_t i = 0; i < component->node_count; i++) {
        const uint64_t twice = count_twice(&component->nodes[i]);
        world_hold(world, "mongodb-once", twice == 0, "%s/%u: %lu writes are there twice",
                   component->design->name, i, (unsigned long)twice);
    }
}

static double demand(const struct component_design *component, const struct operation *operation)
{
    const struct mongodb_configuration *configuration = component->configuration;
    const double read = distribution_mean(&configuration->read);
    const double write = distribution_mean(&configuration->write);
    const double means[MONGODB_OPERATIONS] = {
        [MONGODB_READ] = read,
        [MONGODB_WRITE] = write,
        [MONGODB_TRANSACT] = (double)configuration->statements * write,
        [MONGODB_QUERY] = read + (double)configuration->documents *
                                     distribution_mean(&configuration->document),
    };
    return means[operation->number] / 1e9;
}

// ---- descriptor -------------------------------------------------------------------------------

static const char *const roles[] = {"primary", "secondary", "leader", NULL};

const struct model mongodb_model = {
    .kind = "mongodb",
    .family = "datastore",
    .summary = "MongoDB 7.0: replica set with elections, oplog, write and read concerns, rollback",
    .stands_for =
        "a replica set of MongoDB 7.0 and its drivers. Left out: sharding and mongos, chained "
        "replication while there is a primary, hidden and delayed members, arbiters, the "
        "automatic size of the ticket pools, eviction by application threads, causal sessions, "
        "initial sync of data in pieces; connections are taken as open and as held while the "
        "request is at the server; applying the oplog takes time, but no processor, of a "
        "secondary; a transaction changes one document that others can meet; where no member can "
        "be reached, server selection fails at once",
    .fields = mongodb_fields,
    .configuration_size = sizeof(struct mongodb_configuration),
    .component_size = sizeof(struct mongodb_state),
    .node_size = sizeof(struct mongodb_node),
    .operations = mongodb_operations,
    .operation_count = MONGODB_OPERATIONS,
    .metrics = mongodb_metrics,
    .invariants = invariants,
    .prepare = mongodb_layout_prepare,
    .begin = begin,
    .start = start,
    .crash = crash,
    .route = mongodb_driver_route,
    .with_role = with_role,
    .roles = roles,
    .attach = mongodb_stream_attach,
    .has_topic = mongodb_stream_has,
    .check = check,
    .end = end,
    .demand = demand,
};
