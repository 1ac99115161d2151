// test_stores - what replicated stores share: logs on disk, versions with undo, failure detectors,
// quorums.
#include <criterion/criterion.h>

#include "tests/engine/cluster.h"

static struct cluster cluster;
static uint64_t told[8];
static uint32_t told_count;

static void tell(void *context, uint64_t word)
{
    (void)context;
    told[told_count++] = word;
}

static void append(void *world, uint64_t word)
{
    (void)world;
    struct wal *wal = &cluster_node(&cluster, 0)->wal;
    wal_when(wal, wal_append(wal, 100), tell, NULL, word);
}

static struct wal *begin_alone(void)
{
    cluster_init(&cluster);
    cluster.settings.election.timeout_ns = 0; // nobody stands: the log is ours
    cluster_begin(&cluster);
    told_count = 0;
    return &cluster_node(&cluster, 0)->wal;
}

Test(stores, all_that_waits_when_a_flush_begins_goes_with_it)
{
    struct wal *wal = begin_alone();
    tiny_call(cluster.world, append, 1); // at 0: its flush of 1 ms begins at once
    tiny_call(cluster.world, append, 2);
    tiny_call(cluster.world, append, 3);
    cluster_run(&cluster, TIME_MS + 1);
    cr_assert_eq(told_count, 1);
    cr_assert_eq(wal->durable, 1);
    cluster_run(&cluster, 2 * TIME_MS + 1);
    cr_assert_eq(told_count, 3);
    cr_assert_eq(wal->flushes, 2);
    cluster_end(&cluster);
}

Test(stores, a_dead_process_leaves_what_is_written_and_a_dead_host_what_is_flushed)
{
    struct wal *wal = begin_alone();
    tiny_call(cluster.world, append, 1);
    cluster_run(&cluster, 2 * TIME_MS);
    tiny_call(cluster.world, append, 2);
    tiny_do(TINY_KILL, cluster_at(&cluster, 0));
    cr_assert_eq(wal->written, 2);
    cr_assert_eq(wal->durable, 1);
    tiny_do(TINY_DARKEN, cluster_at(&cluster, 0)); // the dead process's cache goes with its host
    cr_assert_eq(wal->written, 1);
    cr_assert_eq(told_count, 1);
    cluster_end(&cluster);
}

Test(stores, a_periodic_log_flushes_what_there_is_and_rests_when_there_is_nothing)
{
    struct wal *wal = begin_alone();
    wal_set_mode(wal, WAL_PERIODIC, 100 * TIME_MS);
    tiny_call(cluster.world, append, 1);
    tiny_call(cluster.world, append, 2);
    cluster_run(&cluster, 100 * TIME_MS);
    cr_assert_eq(wal->durable, 0);
    cluster_run(&cluster, 102 * TIME_MS);
    cr_assert_eq(wal->durable, 2);
    cr_assert_eq(wal->flushes, 1);
    cr_assert_eq(told_count, 2);
    cluster_run(&cluster, 10 * TIME_S);
    cr_assert_eq(wal->flushes, 1);
    cr_assert(!wal->ticking);
    cluster_end(&cluster);
}

// Up to the byte `word`.
static void append_bytes(void *world, uint64_t word)
{
    (void)world;
    struct wal *wal = &cluster_node(&cluster, 0)->wal;
    wal_append_to(wal, word, word - wal->written);
    wal_when(wal, word, tell, NULL, word);
}

Test(stores, positions_may_be_bytes_of_a_log_that_was_taken_over)
{
    struct wal *wal = begin_alone();
    wal_open(wal, 5000);
    cr_assert_eq(wal->durable, 5000);
    tiny_call(cluster.world, append_bytes, 5400);
    tiny_call(cluster.world, append_bytes, 5900);
    tiny_call(cluster.world, append_bytes, 6000);
    cluster_run(&cluster, TIME_MS + 1);
    cr_assert_eq(wal->durable, 5400);
    cr_assert_eq(told_count, 1);
    cluster_run(&cluster, 2 * TIME_MS + 1);
    cr_assert_eq(wal->durable, 6000);
    cr_assert_eq(wal->bytes, 1000);
    cr_assert_eq(wal->records, 3);
    cr_assert_eq(told[2], 6000);
    cluster_end(&cluster);
}

Test(stores, what_was_not_durable_is_taken_back)
{
    struct versions versions;
    versions_init(&versions);
    versions_put(&versions, 7, (struct version){70, 1}, 1);
    versions_put(&versions, 8, (struct version){80, 2}, 2);
    versions_settle(&versions, 2);
    const uint64_t digest = versions_digest(&versions);
    versions_put(&versions, 7, (struct version){71, 3}, 3);
    versions_put(&versions, 9, (struct version){90, 4}, 4);
    versions_put(&versions, 7, (struct version){72, 5}, 5);
    versions_undo(&versions, 3);
    cr_assert_eq(versions_get(&versions, 7).value, 71);
    cr_assert_eq(versions_get(&versions, 9).value, 0);
    versions_undo(&versions, 2);
    cr_assert_eq(versions_get(&versions, 7).value, 70);
    cr_assert_eq(versions_digest(&versions), digest);
    cr_assert(!versions_merge(&versions, 8, (struct version){81, 1}, 3));
    cr_assert(versions_merge(&versions, 8, (struct version){81, 2}, 3)); // a tie: the higher value
    struct versions copy;
    versions_init(&copy);
    versions_copy(&copy, &versions);
    cr_assert_eq(versions_digest(&copy), versions_digest(&versions));
    versions_release(&versions);
    versions_release(&copy);
}

// With a sign of life each second phi reaches 8 after 8 ln(10) = 18.42 s of silence.
Test(stores, phi_reaches_eight_after_eighteen_seconds)
{
    struct detector detector;
    detector_init(&detector, TIME_S, 2 * TIME_S);
    cr_assert_eq(detector_phi(&detector, 100 * TIME_S), 0);
    for (int i = 0; i <= 2000; i++) {
        detector_beat(&detector, i * TIME_S);
    }
    const int64_t suspected = detector_suspects_ns(&detector, 8) - 2000 * TIME_S;
    cr_assert_float_eq((double)suspected, 18.420680743952367e9, 1000);
    cr_assert_float_eq(detector_phi(&detector, 2000 * TIME_S + suspected), 8, 1e-6);
    detector_beat(&detector, 2010 * TIME_S); // ten seconds: too long to count into the mean
    cr_assert_float_eq((double)(detector_suspects_ns(&detector, 8) - 2010 * TIME_S),
                       18.420680743952367e9, 1000);
    detector_release(&detector);
}

Test(stores, a_quorum_is_reached_or_lost_once_and_each_member_counts_once)
{
    struct quorum quorum = quorum_of(2, 7); // members 0, 1, 2
    cr_assert_eq(quorum_answer(&quorum, 1, true), QUORUM_OPEN);
    cr_assert_eq(quorum_answer(&quorum, 1, true), QUORUM_OPEN);
    cr_assert_eq(quorum_answer(&quorum, 0, false), QUORUM_OPEN);
    cr_assert_eq(quorum_answer(&quorum, 2, false), QUORUM_LOST);
    const uint64_t positions[] = {9, 4, 7, 7, 1};
    cr_assert_eq(quorum_position(positions, 5, 1), 9);
    cr_assert_eq(quorum_position(positions, 5, 3), 7);
    cr_assert_eq(quorum_position(positions, 5, 5), 1);
}
