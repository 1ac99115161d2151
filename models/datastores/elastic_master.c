// elastic_master - cluster coordination: who is master, who belongs to the cluster, what is told.
//
// A node that loses its master and is eligible stands for election after a random wait below
// initial + attempts * back_off; a pre-vote of a majority comes first, refused by whoever still
// follows a master (elections and votes: sim/engine/election.h). The master gathers what it is told
// while it makes or publishes a state, and tells all of it in the next. A process that ends breaks
// its connections, which its peers see at once; a host that goes dark is given up by the checks. A
// new master leaves out those whose connections it knows to be broken and the master that it has
// just given up (assumption).
#include "models/datastores/elastic.h"

#include <stdlib.h>
#include <string.h>

#include "sim/base/check.h"

static const struct elastic_discovery *discovery_of(const struct node *node)
{
    return &elastic_configuration(node->component)->discovery;
}

static struct election_member *member_of(const struct node *node)
{
    return election_of(&elastic_state(node->component)->election, node);
}

static uint32_t shard_count(const struct node *node)
{
    return (uint32_t)elastic_configuration(node->component)->index.shards;
}

bool elastic_master_leads(const struct node *node)
{
    const struct election_member *member = member_of(node);
    return member != NULL && member->running && member->role == ELECTION_LEADER;
}

struct node *elastic_master_of(struct component *component)
{
    const struct election_member *leader = election_leader(&elastic_state(component)->election);
    return leader == NULL ? NULL : leader->node;
}

static bool is_majority(const struct node *node, uint32_t nodes)
{
    const struct elastic_state *state = elastic_state(node->component);
    const uint32_t votes = (uint32_t)__builtin_popcount(nodes & state->masters);
    return votes >= quorum_majority(state->election.count);
}

// ---- elections --------------------------------------------------------------------------------

static void on_stand(struct node *node, uint64_t word);

static void plan_election(struct node *node, int64_t least)
{
    const struct elastic_discovery *discovery = discovery_of(node);
    struct elastic_node *state = elastic_node(node);
    if (member_of(node) == NULL || state->standing) {
        return;
    }
    const int64_t grown = discovery->initial_ns + discovery->backoff_ns * state->attempts;
    const int64_t limit = grown < discovery->maximum_ns ? grown : discovery->maximum_ns;
    state->standing = true;
    node_timer(node, least + (int64_t)random_below(state->streams.master, (uint64_t)limit),
               on_stand, 0);
}

static void on_stand(struct node *node, uint64_t word)
{
    struct elastic_node *state = elastic_node(node);
    (void)word;
    state->standing = false;
    if (state->leader == ELASTIC_NONE) {
        election_stand(member_of(node), false);
        state->attempts++;
        plan_election(node, discovery_of(node)->duration_ns);
    }
}

static void lose_leader(struct node *node)
{
    struct elastic_node *state = elastic_node(node);
    state->leader = ELASTIC_NONE;
    elastic_check_end(&state->leader_check);
    plan_election(node, 0);
}

void elastic_master_follow(struct node *node, uint32_t leader)
{
    struct elastic_node *state = elastic_node(node);
    if (state->leader != leader && leader != node->replica) {
        elastic_check_end(&state->leader_check);
        state->leader = leader;
        elastic_check_begin(node, leader);
    }
    state->attempts = 0;
}

static struct election_position position(const struct election_member *member)
{
    const struct elastic_cluster *accepted = elastic_node(member->node)->accepted;
    return (struct election_position){accepted->term, accepted->version};
}

static bool is_led(const struct election_member *member)
{
    return elastic_node(member->node)->leader != ELASTIC_NONE;
}

static void forget_tasks(struct node *node)
{
    struct elastic_tasks *tasks = &elastic_node(node)->tasks;
    tasks->left = tasks->joined = 0;
    tasks->waiting = false;
    memset(tasks->failed, 0, shard_count(node) * sizeof *tasks->failed);
    memset(tasks->started, 0, shard_count(node) * sizeof *tasks->started);
}

static void on_elected(struct election_member *member)
{
    struct node *node = member->node;
    struct elastic_node *state = elastic_node(node);
    forget_tasks(node);
    elastic_check_end(&state->leader_check);
    state->leader = node->replica;
    state->attempts = 0;
    state->tasks.left = state->unreachable;
    for (uint32_t i = 0; i < member->election->count; i++) {
        const uint32_t voter = member->election->members[i].node->replica;
        state->tasks.joined |= (member->votes >> i & 1) << voter;
    }
    state->tasks.left &= ~state->tasks.joined;
    elastic_master_wake(node);
}

static void on_deposed(struct election_member *member)
{
    struct node *node = member->node;
    struct elastic_node *state = elastic_node(node);
    for (uint32_t i = 0; i < node->component->node_count; i++) {
        elastic_check_end(&state->checks[i]);
    }
    node_timer_cancel(node, state->publication.timer);
    node_timer_cancel(node, state->tasks.timer);
    state->publication.running = false;
    state->tasks.waiting = false;
    if (elastic_state(node->component)->headless_ns == TIME_NEVER) {
        elastic_state(node->component)->headless_ns = node->world->now;
    }
    state->leader = ELASTIC_NONE;
    plan_election(node, 0);
}

static const struct election_hooks hooks = {
    .position = position, .elected = on_elected, .deposed = on_deposed, .led = is_led};
static const struct election_settings settings = {
    .prevote = true, .sticky = true, .bytes = ELASTIC_MESSAGE};

// ---- the next cluster state -------------------------------------------------------------------

static bool differs(const struct elastic_cluster *one, const struct elastic_cluster *other,
                    uint32_t shards)
{
    return one->nodes != other->nodes || one->term != other->term ||
           memcmp(one->epochs, other->epochs, sizeof one->epochs) != 0 ||
           memcmp(one->shards, other->shards, shards * sizeof one->shards[0]) != 0;
}

static void on_due(struct node *master, uint64_t word)
{
    (void)word;
    elastic_node(master)->tasks.timer = 0;
    elastic_master_wake(master);
}

static void check_members(struct node *master, uint32_t nodes)
{
    struct elastic_node *state = elastic_node(master);
    for (uint32_t i = 0; i < master->component->node_count; i++) {
        if (i != master->replica && (nodes >> i & 1)) {
            elastic_check_begin(master, i);
        } else {
            elastic_check_end(&state->checks[i]);
        }
    }
}

static void on_update(struct node *master, uint64_t word)
{
    struct elastic_node *state = elastic_node(master);
    const size_t size = elastic_state(master->component)->cluster_size;
    const struct election_member *member = member_of(master);
    (void)word;
    if (!elastic_master_leads(master) || !state->tasks.waiting) {
        return;
    }
    struct elastic_cluster *next = check_calloc(1, size);
    memcpy(next, state->accepted, size);
    next->term = member->term;
    next->master = master->replica;
    next->version++;
    const bool told = state->tasks.joined != 0;
    const int64_t due = elastic_allocation_update(master, next);
    forget_tasks(master);
    node_timer_cancel(master, state->tasks.timer);
    if (due != TIME_NEVER) {
        state->tasks.timer = node_timer(master, due - master->world->now, on_due, 0);
    }
    if (told || differs(next, state->accepted, shard_count(master))) {
        check_members(master, next->nodes);
        elastic_publish_begin(master, next);
    }
    free(next);
}

void elastic_master_wake(struct node *master)
{
    struct elastic_tasks *tasks = &elastic_node(master)->tasks;
    const bool publishes = elastic_node(master)->publication.running;
    if (!elastic_master_leads(master) || tasks->waiting || publishes) {
        return;
    }
    tasks->waiting = true;
    const int64_t time =
        distribution_draw(&discovery_of(master)->update, elastic_node(master)->streams.master);
    node_timer(master, (int64_t)((double)time * master->slowness), on_update, 0);
}

// ---- what a master is told --------------------------------------------------------------------

// word: allocation of the copy << 32 | shard << 16 | started | node
enum { REPORT_STARTED = 1 << 8 };

static void on_report(struct node *master, struct node *from, uint64_t word)
{
    const uint32_t shard = (uint32_t)(word >> 16) & 0xffff, which = (uint32_t)word & 0xff;
    struct elastic_tasks *tasks = &elastic_node(master)->tasks;
    if (!elastic_master_leads(master)) {
        return;
    }
    const struct elastic_routing *routing = &elastic_node(master)->accepted->shards[shard];
    const bool same = routing->allocations[which] == word >> 32; // not placed anew since
    if (word & REPORT_STARTED) {
        tasks->started[shard] |= same ? 1U << which : 0;
    } else if (routing->primary == from->replica) {
        tasks->failed[shard] |= 1U << which;
    } else {
        return;
    }
    elastic_master_wake(master);
}

void elastic_master_report(struct node *node, uint32_t shard, uint32_t which, bool started)
{
    const uint32_t leader = elastic_node(node)->leader;
    const uint64_t allocation = elastic_node(node)->copies[shard].allocation;
    const uint64_t word =
        allocation << 32 | (uint64_t)shard << 16 | (started ? REPORT_STARTED : 0) | which;
    if (leader == node->replica) {
        on_report(node, node, word);
    } else if (leader != ELASTIC_NONE) {
        network_message(node, &node->component->nodes[leader], ELASTIC_MESSAGE, on_report, word);
    }
}

static void on_join(struct node *node, struct node *from, uint64_t word)
{
    (void)word;
    elastic_node(node)->unreachable &= ~elastic_bit(from);
    if (elastic_master_leads(node)) {
        elastic_node(node)->tasks.joined |= elastic_bit(from);
        elastic_master_wake(node);
    }
}

static void look_for_master(struct node *node)
{
    const uint32_t masters = elastic_state(node->component)->masters & ~elastic_bit(node);
    for (uint32_t rest = masters; rest != 0; rest &= rest - 1) {
        network_message(node, &node->component->nodes[__builtin_ctz(rest)], ELASTIC_MESSAGE,
                        on_join, 0);
    }
}

void elastic_master_lost(struct node *node, uint32_t other)
{
    struct elastic_node *state = elastic_node(node);
    state->unreachable |= 1U << other;
    if (!elastic_master_leads(node)) {
        if (state->leader == other) {
            lose_leader(node);
        }
        return;
    }
    elastic_check_end(&state->checks[other]);
    state->tasks.left |= 1U << other;
    if (!is_majority(node, state->accepted->nodes & ~state->unreachable)) {
        election_step_down(member_of(node));
        return;
    }
    elastic_publish_forget(node, other);
    elastic_master_wake(node);
}

// ---- once a second ----------------------------------------------------------------------------

static void repeat_reports(struct node *node)
{
    const struct elastic_node *state = elastic_node(node);
    const uint32_t bit = elastic_bit(node);
    for (uint32_t i = 0; i < shard_count(node); i++) {
        const struct elastic_copy *copy = &state->copies[i];
        const struct elastic_routing *routing = &state->applied->shards[i];
        if (copy->serving && (routing->initializing & bit)) {
            elastic_master_report(node, i, node->replica, true);
        }
    }
}

static void on_connected(struct node *node, struct node *from, uint64_t word)
{
    (void)word;
    elastic_node(node)->unreachable &= ~elastic_bit(from);
}

static void on_connect(struct node *node, struct node *from, uint64_t word)
{
    if (node_is_up(node)) {
        network_message(node, from, ELASTIC_MESSAGE, on_connected, word);
    }
}

// Broken connections to nodes of the cluster are opened again where that is possible.
static void reconnect(struct node *node)
{
    const struct elastic_node *state = elastic_node(node);
    for (uint32_t rest = state->unreachable & state->applied->nodes; rest != 0; rest &= rest - 1) {
        network_message(node, &node->component->nodes[__builtin_ctz(rest)], ELASTIC_MESSAGE,
                        on_connect, 0);
    }
}

static void tick(struct node *node, uint64_t word)
{
    struct elastic_state *state = elastic_state(node->component);
    (void)word;
    if (elastic_node(node)->leader == ELASTIC_NONE) {
        look_for_master(node);
    }
    reconnect(node);
    repeat_reports(node);
    elastic_shard_apply(node);
    if (state->writes.live > 0) {
        elastic_primary_review(node);
    }
    if (state->held > 0) {
        elastic_request_refresh(node);
    }
    node_timer_constant(node, discovery_of(node)->find_ns, tick, 0);
}

// ---- life -------------------------------------------------------------------------------------

// The zone with the fewest eligible nodes gives the next one.
static uint32_t next_master(const struct component *component, uint32_t masters)
{
    uint32_t best = ELASTIC_NONE, lowest = UINT32_MAX;
    for (uint32_t i = 0; i < component->node_count; i++) {
        uint32_t count = 0;
        for (uint32_t rest = masters; rest != 0; rest &= rest - 1) {
            const uint32_t other = (uint32_t)__builtin_ctz(rest);
            count += component->nodes[other].zone == component->nodes[i].zone;
        }
        if ((masters >> i & 1) == 0 && count < lowest) {
            lowest = count;
            best = i;
        }
    }
    return best;
}

void elastic_master_begin(struct component *component)
{
    struct elastic_state *state = elastic_state(component);
    const uint64_t wanted = elastic_configuration(component)->discovery.masters;
    const uint32_t count =
        wanted < component->node_count ? (uint32_t)wanted : component->node_count;
    election_init(&state->election, component, "election");
    state->election.settings = &settings;
    state->election.hooks = &hooks;
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t node = next_master(component, state->masters);
        state->masters |= 1U << node;
        election_add(&state->election, &component->nodes[node], &state->metas[node]);
    }
    state->headless_ns = TIME_NEVER;
}

void elastic_master_start(struct node *node)
{
    struct elastic_node *state = elastic_node(node);
    struct election_member *member = member_of(node);
    state->leader = ELASTIC_NONE;
    state->unreachable = 0;
    if (member != NULL) {
        election_start(member);
    }
    if (node->epoch > 0) { // no connection is open before it has joined
        state->unreachable = ~elastic_bit(node);
        state->applied->nodes = 0;
        plan_election(node, 0);
    }
    node_timer(node, node->epoch > 0 ? 0 : discovery_of(node)->find_ns, tick, 0);
}

void elastic_master_settle(struct node *node, uint32_t master)
{
    struct elastic_node *state = elastic_node(node);
    forget_tasks(node);
    state->leader = master;
    if (node->replica == master) {
        state->tasks.waiting = false;
        check_members(node, state->accepted->nodes);
    } else {
        elastic_check_begin(node, master);
    }
}

static void on_disconnect(struct node *node, struct node *from, uint64_t word)
{
    (void)word;
    elastic_master_lost(node, from->replica);
    elastic_request_reset(node, from->replica);
    elastic_primary_review(node);
}

void elastic_master_crash(struct node *node, bool dark)
{
    struct component *component = node->component;
    struct elastic_node *state = elastic_node(node);
    struct election_member *member = member_of(node);
    if (elastic_master_leads(node) && elastic_state(component)->headless_ns == TIME_NEVER) {
        elastic_state(component)->headless_ns = component->world->now;
    }
    if (member != NULL) {
        election_crash(member);
    }
    wal_crash(&elastic_state(component)->metas[node->replica], true);
    forget_tasks(node);
    elastic_check_end(&state->leader_check);
    for (uint32_t i = 0; i < component->node_count; i++) {
        elastic_check_end(&state->checks[i]);
        if (!dark && i != node->replica) {
            network_message(node, &component->nodes[i], ELASTIC_MESSAGE, on_disconnect, 0);
        }
    }
    state->publication = (struct elastic_publication){0};
    state->standing = false;
    state->attempts = 0;
}
