// test_raft - elections at the second their timers allow, commits at the flush of a majority, and
// what survives.
#include <criterion/criterion.h>

#include "tests/engine/cluster.h"

static struct cluster cluster;

static uint32_t leader_number(void)
{
    const struct raft_member *leader = raft_leader(&cluster.raft);
    return leader == NULL ? ELECTION_NONE : leader->number;
}

static void settle(void *subject, uint64_t number)
{
    (void)subject;
    raft_settle(&cluster.raft.members[number]);
}

static void begin_settled(void)
{
    cluster_begin(&cluster);
    tiny_call(cluster.world, settle, 0);
    cluster_run(&cluster, 50 * TIME_MS);
    cr_assert_eq(leader_number(), 0);
}

// Alone: its vote and its first entry take a flush of 1 ms each.
Test(raft, the_first_election_takes_what_its_timers_and_flushes_allow)
{
    cluster_init(&cluster);
    cluster.settings.election.spread_ns = 0;
    cluster.members = 1;
    cluster_begin(&cluster);
    cluster_run(&cluster, TIME_S + 2 * TIME_MS);
    cr_assert_eq(leader_number(), ELECTION_NONE);
    cluster_run(&cluster, TIME_S + 2 * TIME_MS + 1);
    cr_assert_eq(leader_number(), 0);
    cr_assert_eq(cluster.led_ns, TIME_S + 2 * TIME_MS);
    cluster_end(&cluster);
}

// The third member hears its leader 2 ms after the second. The second loses patience first, but the
// third still trusts the leader and refuses the pre-vote; 2 ms later the third asks in its turn: to
// and fro (2), its own vote flushed (1), there, flushed and back (3); the entry that opens the term
// travels there, is flushed and answered (3).
Test(raft, a_silent_leader_is_replaced_when_its_followers_lose_patience)
{
    cluster_init(&cluster);
    cluster.settings.election.spread_ns = 0;
    cluster.tiny.links[0 * TINY_ZONES + 2].latency = distribution_constant(3e6);
    begin_settled();
    cluster_run(&cluster, 550 * TIME_MS);
    tiny_do(TINY_DARKEN, cluster_at(&cluster, 0));
    const int64_t heard_ns = cluster.raft.members[1].vote->heard_ns;
    cr_assert_eq(cluster.raft.members[2].vote->heard_ns, heard_ns + 2 * TIME_MS);
    cluster_run(&cluster, heard_ns + TIME_S + 20 * TIME_MS);
    cr_assert_eq(leader_number(), 2);
    cr_assert_eq(cluster.led_ns, heard_ns + TIME_S + (2 + 2 + 1 + 3 + 3) * TIME_MS);
    cluster_end(&cluster);
}

Test(raft, an_entry_is_applied_when_a_majority_has_flushed_it)
{
    cluster_init(&cluster);
    begin_settled();
    cluster_run(&cluster, 60 * TIME_MS - 1);
    cr_assert(cluster_propose(&cluster, 7)); // at 60 ms - 1 ns
    const int64_t proposed_ns = 60 * TIME_MS - 1;
    cluster_run(&cluster, proposed_ns + 3 * TIME_MS);
    cr_assert_eq(cluster_node(&cluster, 0)->count, 0);
    cluster_run(&cluster, proposed_ns + 3 * TIME_MS + 1); // 1 there, 1 flushed, 1 back
    cr_assert_eq(cluster_node(&cluster, 0)->count, 1);
    cr_assert_eq(cluster_node(&cluster, 0)->applied[0], 7);
    cr_assert_eq(cluster_node(&cluster, 1)->count, 0);
    cluster_run(&cluster, 300 * TIME_MS); // heartbeats tell the followers
    cr_assert_eq(cluster_node(&cluster, 1)->count, 1);
    cr_assert_eq(cluster_node(&cluster, 2)->count, 1);
    cluster_end(&cluster);
}

Test(raft, one_lost_follower_stops_nothing_and_two_stop_everything)
{
    cluster_init(&cluster);
    begin_settled();
    tiny_do(TINY_KILL, cluster_at(&cluster, 1));
    cr_assert(cluster_propose(&cluster, 1));
    cluster_run(&cluster, 100 * TIME_MS);
    cr_assert_eq(cluster_node(&cluster, 0)->count, 1);
    tiny_do(TINY_KILL, cluster_at(&cluster, 2));
    cr_assert(cluster_propose(&cluster, 2));
    cluster_run(&cluster, 900 * TIME_MS);
    cr_assert_eq(cluster_node(&cluster, 0)->count, 1);
    cluster_run(&cluster, 5 * TIME_S); // a leader unheard by a majority steps down
    cr_assert_eq(leader_number(), ELECTION_NONE);
    tiny_do(TINY_RESTART, cluster_at(&cluster, 2));
    cluster_run(&cluster, 10 * TIME_S);
    cr_assert_neq(leader_number(), ELECTION_NONE);
    cr_assert(cluster_keeps_all(&cluster));
    cluster_end(&cluster);
}

Test(raft, an_entry_of_a_cut_off_leader_is_truncated)
{
    cluster_init(&cluster);
    begin_settled();
    cr_assert(cluster_propose(&cluster, 1));
    cluster_run(&cluster, 200 * TIME_MS);
    cluster_cut(&cluster, 0, true);
    cr_assert(cluster_propose(&cluster, 2)); // reaches nobody
    cluster_run(&cluster, 5 * TIME_S);
    const uint32_t leader = leader_number();
    cr_assert(leader == 1 || leader == 2);
    cr_assert(cluster_propose(&cluster, 3));
    cluster_run(&cluster, 6 * TIME_S);
    cluster_cut(&cluster, 0, false);
    cluster_run(&cluster, 9 * TIME_S);
    const struct cluster_node *old = cluster_node(&cluster, 0);
    cr_assert_eq(old->count, 2);
    cr_assert_eq(old->applied[0], 1);
    cr_assert_eq(old->applied[1], 3);
    cr_assert_geq(cluster.raft.truncated, 1);
    cr_assert_eq(leader_number(), leader); // pre-votes: the returning member disturbed nobody
    cluster_end(&cluster);
}

Test(raft, a_follower_that_was_away_too_long_gets_a_snapshot)
{
    cluster_init(&cluster);
    cluster.settings.keep = 16;
    begin_settled();
    tiny_do(TINY_KILL, cluster_at(&cluster, 2));
    for (uint64_t i = 1; i <= 200; i++) {
        cr_assert(cluster_propose(&cluster, i));
        cluster_run(&cluster, cluster.world->now + 5 * TIME_MS);
    }
    tiny_do(TINY_RESTART, cluster_at(&cluster, 2));
    cluster_run(&cluster, 5 * TIME_S);
    cr_assert_eq(cluster.raft.snapshots, 1);
    cr_assert_eq(cluster_node(&cluster, 2)->count, 200);
    cr_assert_eq(cluster_node(&cluster, 2)->applied[199], 200);
    cluster_end(&cluster);
}

static void hand_over(void *subject, uint64_t to)
{
    (void)subject;
    raft_transfer(raft_leader(&cluster.raft), (uint32_t)to);
}

Test(raft, leadership_is_handed_over_in_milliseconds)
{
    cluster_init(&cluster);
    begin_settled();
    cr_assert(cluster_propose(&cluster, 1));
    cluster_run(&cluster, 100 * TIME_MS);
    tiny_call(cluster.world, hand_over, 2);
    cr_assert(!cluster_propose(&cluster, 2));
    cluster_run(&cluster, 120 * TIME_MS);
    cr_assert_eq(leader_number(), 2);
    cr_assert(cluster_propose(&cluster, 3));
    cluster_run(&cluster, 200 * TIME_MS);
    cr_assert_eq(cluster_node(&cluster, 2)->count, 2);
    cluster_end(&cluster);
}

Test(raft, a_leader_keeps_its_lease_only_while_a_majority_answers)
{
    cluster_init(&cluster);
    begin_settled();
    cluster_run(&cluster, TIME_S);
    cr_assert(raft_has_lease(&cluster.raft.members[0]));
    cluster_cut(&cluster, 0, true);
    cluster_run(&cluster, TIME_S + 1100 * TIME_MS);
    cr_assert(!raft_has_lease(&cluster.raft.members[0]));
    cluster_end(&cluster);
}

// Power is lost everywhere at once, at every tenth of a millisecond of a write: what was
// acknowledged is there afterwards.
Test(raft, loss_of_all_power_loses_nothing_that_was_flushed)
{
    for (int64_t offset = 0; offset < 5 * TIME_MS; offset += 100 * TIME_US) {
        cluster_init(&cluster);
        begin_settled();
        cr_assert(cluster_propose(&cluster, 1));
        cluster_run(&cluster, 60 * TIME_MS + offset);
        for (uint32_t i = 0; i < 3; i++) {
            tiny_do(TINY_DARKEN, cluster_at(&cluster, i));
        }
        for (uint32_t i = 0; i < 3; i++) {
            tiny_do(TINY_RESTART, cluster_at(&cluster, i));
        }
        cluster_run(&cluster, 10 * TIME_S);
        cr_assert(cluster_keeps_all(&cluster));
        cluster_end(&cluster);
    }
}

// The same where the page cache is trusted: some instant loses an acknowledged entry.
Test(raft, trust_in_the_page_cache_loses_entries_with_the_power)
{
    cluster_init(&cluster);
    cluster.settings.trust_cache = true;
    begin_settled();
    for (uint32_t i = 0; i < 3; i++) {
        wal_set_mode(&cluster_node(&cluster, i)->wal, WAL_PERIODIC, 120 * TIME_S);
    }
    cr_assert(cluster_propose(&cluster, 1));
    cluster_run(&cluster, 200 * TIME_MS);
    cr_assert_eq(cluster.acknowledged_count, 1);
    for (uint32_t i = 0; i < 3; i++) {
        tiny_do(TINY_DARKEN, cluster_at(&cluster, i));
        cr_assert_eq(cluster.raft.members[i].end, 2); // only the entry that opened the term
    }
    tiny_end(&cluster.tiny);
}

// ---- a swarm of seeds ---------------------------------------------------------------------------

static uint64_t swarm_word(uint64_t *state)
{
    *state += 0x9e3779b97f4a7c15U;
    return digest_mix(*state, 1);
}

static void disturb(uint64_t *state)
{
    const uint64_t word = swarm_word(state);
    struct node *node = cluster_at(&cluster, (uint32_t)(word >> 8) % cluster.members);
    switch (word % 16) {
    case 0:
        tiny_do(TINY_KILL, node);
        break;
    case 1:
        tiny_do(TINY_DARKEN, node);
        break;
    case 2:
    case 3:
    case 4:
        tiny_do(TINY_RESTART, node);
        break;
    case 5:
        cluster_cut(&cluster, (uint32_t)(word >> 16) % TINY_ZONES, true);
        break;
    case 6:
    case 7:
        cluster_cut(&cluster, (uint32_t)(word >> 16) % TINY_ZONES, false);
        break;
    case 8:
        tiny_do(node->pauses > 0 ? TINY_RESUME : TINY_PAUSE, node);
        break;
    default:
        break;
    }
}

static void calm(void)
{
    for (uint32_t i = 0; i < TINY_ZONES; i++) {
        cluster_cut(&cluster, i, false);
    }
    for (uint32_t i = 0; i < cluster.members; i++) {
        tiny_do(TINY_RESTART, cluster_at(&cluster, i));
        while (cluster_at(&cluster, i)->pauses > 0) {
            tiny_do(TINY_RESUME, cluster_at(&cluster, i));
        }
    }
}

// Random sizes, latencies, times of faults and proposals; afterwards peace, and everything that was
// acknowledged is there, in the same order everywhere.
static void run_seed(uint64_t seed)
{
    uint64_t state = seed;
    cluster_init(&cluster);
    cluster.tiny.design.seed = seed;
    cluster.members = 3 + (uint32_t)(swarm_word(&state) % 5);
    cluster.settings.election.spread_ns = TIME_S;
    cluster.settings.election.prevote = swarm_word(&state) % 2;
    cluster.settings.election.check_quorum = cluster.settings.election.sticky =
        swarm_word(&state) % 2;
    cluster.settings.flush_first = swarm_word(&state) % 2;
    cluster.settings.keep = swarm_word(&state) % 2 ? 8 : 1000;
    cluster.settings.in_flight = 1 + (uint32_t)(swarm_word(&state) % 8);
    cluster.flush = distribution_exponential((double)(100 + swarm_word(&state) % 5000) * 1e3);
    for (uint32_t i = 0; i < TINY_ZONES * TINY_ZONES; i++) {
        cluster.tiny.links[i].latency = distribution_exponential(2e6);
        cluster.tiny.links[i].loss = 0.01;
    }
    cluster_begin(&cluster);
    for (uint64_t i = 1; i <= 60; i++) {
        cluster_run(&cluster, cluster.world->now + (int64_t)(swarm_word(&state) % (500 * TIME_MS)));
        disturb(&state);
        cluster_propose(&cluster, i);
    }
    calm();
    cluster_run(&cluster, cluster.world->now + 60 * TIME_S);
    cr_assert(cluster_keeps_all(&cluster), "seed %llu", (unsigned long long)seed);
    for (uint32_t i = 1; i < cluster.members; i++) {
        const struct cluster_node *one = cluster_node(&cluster, 0), *other;
        other = cluster_node(&cluster, i);
        cr_assert_eq(one->count, other->count, "seed %llu", (unsigned long long)seed);
        cr_assert_arr_eq(one->applied, other->applied, one->count * sizeof one->applied[0]);
    }
    cluster_end(&cluster);
}

Test(raft, a_swarm_of_seeds_keeps_every_promise, .timeout = 300)
{
    uint64_t acknowledged = 0;
    for (uint64_t seed = 1; seed <= 2000; seed++) {
        run_seed(seed);
        acknowledged += cluster.acknowledged_count;
    }
    cr_assert_gt(acknowledged, 2000 * 8);
}
