// cassandra_fields - the configuration of the Cassandra model, with defaults and their sources.
#include "models/datastores/cassandra.h"

static const char *const levels[] = {"one", "two", "quorum", "local_quorum", "all", "serial", NULL};
static const char *const syncs[] = {"periodic", "batch", "group", NULL};
static const char *const repairs[] = {"blocking", "none", NULL};
static const char *const routings[] = {"token_aware", "round_robin", NULL};
static const char *const conditions[] = {"unchanged", "exists", NULL};

#define AT(type, member, label) .name = label, .offset = offsetof(struct type, member)
#define OWN(member, label) AT(cassandra_configuration, member, label)
#define YAML "Cassandra 5.0.3 cassandra.yaml"

static const struct field timeout_fields[] = {
    {AT(cassandra_timeouts, read_ns, "read"), .type = FIELD_DURATION, .fallback = "5s",
     .minimum = 1e6, .meaning = "a read of a row (read_request_timeout)", .source = YAML},
    {AT(cassandra_timeouts, range_ns, "range"), .type = FIELD_DURATION, .fallback = "10s",
     .minimum = 1e6, .meaning = "a scan (range_request_timeout)", .source = YAML},
    {AT(cassandra_timeouts, write_ns, "write"), .type = FIELD_DURATION, .fallback = "2s",
     .minimum = 1e6, .meaning = "a write, a hint and each phase of Paxos (write_request_timeout)",
     .source = YAML},
    {AT(cassandra_timeouts, contention_ns, "contention"), .type = FIELD_DURATION, .fallback = "1s",
     .minimum = 1e6,
     .meaning = "how long a conditional write tries against others (cas_contention_timeout)",
     .source = YAML},
    {0},
};

static const struct field thread_fields[] = {
    {AT(cassandra_threads, native, "native"), .type = FIELD_COUNT, .fallback = "128", .minimum = 1,
     .maximum = 100000, .meaning = "requests coordinated at once (native_transport_max_threads)",
     .source = YAML},
    {AT(cassandra_threads, read, "read"), .type = FIELD_COUNT, .fallback = "32", .minimum = 1,
     .maximum = 100000, .meaning = "reads at once at a replica (concurrent_reads)", .source = YAML},
    {AT(cassandra_threads, write, "write"), .type = FIELD_COUNT, .fallback = "32", .minimum = 1,
     .maximum = 100000, .meaning = "writes at once at a replica (concurrent_writes)",
     .source = YAML},
    {0},
};

static const struct field gossip_fields[] = {
    {AT(cassandra_gossip, period_ns, "period"), .type = FIELD_DURATION, .fallback = "1s",
     .minimum = 1e6, .meaning = "between two gossips of a node, each with one other at random",
     .source = "Gossiper.java, 5.0"},
    {AT(cassandra_gossip, phi, "phi"), .type = FIELD_NUMBER, .fallback = "8", .minimum = 0.1,
     .maximum = 1000, .meaning = "suspicion at which a silent node is convicted "
                                 "(phi_convict_threshold); 8 is 18.4 mean intervals",
     .source = YAML},
    {AT(cassandra_gossip, announce, "announce"), .type = FIELD_BOOL, .fallback = "false",
     .meaning = "whether a process that ends tells the others first: a service stopped, not killed",
     .source = "assumption"},
    {0},
};

static const struct field hint_fields[] = {
    {AT(cassandra_hints, enabled, "enabled"), .type = FIELD_BOOL, .fallback = "true",
     .meaning = "writes that a replica missed are kept for it (hinted_handoff_enabled)",
     .source = YAML},
    {AT(cassandra_hints, window_ns, "window"), .type = FIELD_DURATION, .fallback = "3h",
     .meaning = "none are kept for a replica dead for longer (max_hint_window)", .source = YAML},
    {AT(cassandra_hints, flush_ns, "flush"), .type = FIELD_DURATION, .fallback = "10s",
     .minimum = 1e6,
     .meaning = "between two looks for hints to write to disk and to deliver (hints_flush_period)",
     .source = YAML},
    {AT(cassandra_hints, throttle, "throttle"), .type = FIELD_BANDWIDTH, .fallback = "1048576B/s",
     .minimum = 1, .meaning = "delivery to one node, shared by the others of the ring "
                              "(hinted_handoff_throttle)",
     .source = YAML},
    {0},
};

static const struct field log_fields[] = {
    {AT(cassandra_commit_log, sync, "sync"), .type = FIELD_CHOICE, .fallback = "periodic",
     .choices = syncs,
     .meaning = "periodic: a write does not wait for the disk; batch: it waits for a flush that it "
                "shares; group: for the next flush of a period",
     .source = YAML},
    {AT(cassandra_commit_log, period_ns, "period"), .type = FIELD_DURATION, .fallback = "10s",
     .minimum = 1e6, .meaning = "periodic: between two flushes (commitlog_sync_period)",
     .source = YAML},
    {AT(cassandra_commit_log, group_ns, "group"), .type = FIELD_DURATION, .fallback = "1s",
     .minimum = 1e3, .meaning = "group: between two flushes (commitlog_sync_group_window)",
     .source = YAML},
    {AT(cassandra_commit_log, flush, "flush"), .type = FIELD_DISTRIBUTION,
     .fallback = "lognormal(median=60us, p99=250us)", .meaning = "one durable flush",
     .source = "NVMe with power-loss protection, 12 to 58 us and more"},
    {AT(cassandra_commit_log, replay, "replay"), .type = FIELD_BANDWIDTH, .fallback = "50MB/s",
     .minimum = 1, .meaning = "bytes of the log that a start replays a second",
     .source = "assumption"},
    {0},
};

static const struct field memtable_fields[] = {
    {AT(cassandra_memtable, space, "space"), .type = FIELD_BYTES, .fallback = "2GB",
     .minimum = 1, .meaning = "memtables of a node; writes wait when it is full",
     .source = "a quarter of an 8 GB heap"},
    {AT(cassandra_memtable, flush_at, "flush_at"), .type = FIELD_RATIO, .fallback = "33%",
     .minimum = 0.001, .maximum = 1,
     .meaning = "share of the space at which a memtable is flushed (memtable_cleanup_threshold)",
     .source = "1 / (flush writers + 1)"},
    {AT(cassandra_memtable, writers, "writers"), .type = FIELD_COUNT, .fallback = "2",
     .minimum = 1, .maximum = 64, .meaning = "flushes at once (memtable_flush_writers)",
     .source = YAML},
    {0},
};

static const struct field compaction_fields[] = {
    {AT(cassandra_compaction, window_ns, "window"), .type = FIELD_DURATION, .fallback = "86400s",
     .minimum = 1e6,
     .meaning = "time window of a file (TimeWindowCompactionStrategy, compaction_window_size)",
     .source = "Cassandra 5.0 default: 1 day"},
    {AT(cassandra_compaction, windows, "windows"), .type = FIELD_COUNT, .fallback = "7",
     .maximum = 256, .meaning = "older windows, one file each, that a node begins with",
     .source = "assumption"},
    {AT(cassandra_compaction, threads, "threads"), .type = FIELD_COUNT, .fallback = "2",
     .minimum = 1, .maximum = 64, .meaning = "compactions at once (concurrent_compactors)",
     .source = YAML ": disks or cores, 2 to 8"},
    {AT(cassandra_compaction, least, "least"), .type = FIELD_COUNT, .fallback = "4",
     .minimum = 2, .maximum = 64,
     .meaning = "files of like size that the present window merges (min_threshold)",
     .source = "Cassandra 5.0 default"},
    {AT(cassandra_compaction, throughput, "throughput"), .type = FIELD_BANDWIDTH,
     .fallback = "67108864B/s", .minimum = 1,
     .meaning = "bytes that all compactions of a node read a second (compaction_throughput)",
     .source = YAML},
    {AT(cassandra_compaction, speed, "speed"), .type = FIELD_BANDWIDTH, .fallback = "150MB/s",
     .minimum = 1, .meaning = "bytes that a processor merges a second", .source = "assumption"},
    {AT(cassandra_compaction, ttl_ns, "ttl"), .type = FIELD_DURATION, .fallback = "0",
     .meaning = "age at which rows expire and whole files are dropped; 0: never",
     .source = "assumption"},
    {AT(cassandra_compaction, grace_ns, "grace"), .type = FIELD_DURATION, .fallback = "864000s",
     .meaning = "age at which compaction drops tombstones (gc_grace_seconds)",
     .source = "Cassandra 5.0 default: 10 days"},
    {AT(cassandra_compaction, overlap, "overlap"), .type = FIELD_RATIO, .fallback = "15%",
     .minimum = 0, .maximum = 1,
     .meaning = "share of the other files that hold a piece of the row, false positives of bloom "
                "filters included",
     .source = "assumption"},
    {0},
};

static const struct field disk_fields[] = {
    {AT(cassandra_disk, channels, "channels"), .type = FIELD_COUNT, .fallback = "8", .minimum = 1,
     .maximum = 1024, .meaning = "requests served at once, of reads, flushes and compactions",
     .source = "assumption"},
    {AT(cassandra_disk, read, "read"), .type = FIELD_DISTRIBUTION,
     .fallback = "lognormal(median=110us, p99=250us)", .meaning = "one read of a page",
     .source = "i4i local NVMe, 0.10 to 0.17 ms"},
    {AT(cassandra_disk, bandwidth, "bandwidth"), .type = FIELD_BANDWIDTH, .fallback = "1.5GB/s",
     .minimum = 1, .meaning = "bytes of flushes and compactions a second, by all channels",
     .source = "assumption"},
    {AT(cassandra_disk, hit, "hit"), .type = FIELD_RATIO, .fallback = "80%", .minimum = 0,
     .maximum = 1, .meaning = "reads of a file that the page cache answers",
     .source = "assumption"},
    {AT(cassandra_disk, warm_ns, "warm"), .type = FIELD_DURATION, .fallback = "300s",
     .meaning = "after a start the share of hits grows to `hit` within", .source = "assumption"},
    {0},
};

static const struct field cost_fields[] = {
    {AT(cassandra_cost, coordinate, "coordinate"), .type = FIELD_DISTRIBUTION,
     .fallback = "lognormal(median=45us, p99=150us)",
     .meaning = "processor time of a coordinator: parse, send, gather",
     .source = "20 to 50 us to parse"},
    {AT(cassandra_cost, read, "read"), .type = FIELD_DISTRIBUTION,
     .fallback = "lognormal(median=150us, p99=600us)",
     .meaning = "processor time of a read at a replica, beside its files",
     .source = "150 to 400 us in all"},
    {AT(cassandra_cost, write, "write"), .type = FIELD_DISTRIBUTION,
     .fallback = "lognormal(median=60us, p99=250us)",
     .meaning = "processor time of a write at a replica: commit log and memtable",
     .source = "50 to 150 us"},
    {AT(cassandra_cost, paxos, "paxos"), .type = FIELD_DISTRIBUTION,
     .fallback = "lognormal(median=80us, p99=300us)",
     .meaning = "processor time of a promise or an acceptance at a replica: a read and a write of "
                "its Paxos table",
     .source = "50 to 150 us"},
    {AT(cassandra_cost, sstable_ns, "sstable"), .type = FIELD_DURATION, .fallback = "15us",
     .meaning = "processor time of each file touched", .source = "assumption"},
    {AT(cassandra_cost, row_ns, "row"), .type = FIELD_DURATION, .fallback = "2us",
     .meaning = "processor time of each row of a scan", .source = "assumption"},
    {AT(cassandra_cost, tombstone_ns, "tombstone"), .type = FIELD_DURATION, .fallback = "1us",
     .meaning = "processor time of each tombstone that a scan passes",
     .source = "assumption"},
    {0},
};

static const struct field scan_fields[] = {
    {AT(cassandra_scan, rows, "rows"), .type = FIELD_COUNT, .fallback = "100", .minimum = 1,
     .maximum = 1e9, .meaning = "rows of a partition that a scan reads", .source = "assumption"},
    {AT(cassandra_scan, tombstones, "tombstones"), .type = FIELD_COUNT, .fallback = "100000",
     .minimum = 1, .maximum = 1e9,
     .meaning = "tombstones at which the scan of a partition fails "
                "(tombstone_failure_threshold)",
     .source = YAML},
    {0},
};

#define RECORD(member, label, fields, says)                                                        \
    {                                                                                              \
        OWN(member, label), .type = FIELD_RECORD, .size = sizeof(struct cassandra_##member),       \
        .sub = fields, .meaning = says                                                             \
    }

const struct field cassandra_fields[] = {
    {OWN(nodes, "nodes"), .type = FIELD_COUNT, .fallback = "3", .minimum = 1,
     .maximum = CASSANDRA_NODES, .meaning = "nodes, spread as the component says; a zone is a rack",
     .source = "assumption"},
    {OWN(tokens, "tokens"), .type = FIELD_COUNT, .fallback = "16", .minimum = 1, .maximum = 1024,
     .meaning = "ranges that a node owns (num_tokens)", .source = YAML},
    {OWN(replication, "replication"), .type = FIELD_COUNT, .fallback = "3", .minimum = 1,
     .maximum = CASSANDRA_COPIES,
     .meaning = "replicas in each region with nodes, on distinct zones while there are "
                "(NetworkTopologyStrategy)",
     .source = "assumption"},
    {OWN(read_level, "read_level"), .type = FIELD_CHOICE, .fallback = "quorum", .choices = levels,
     .meaning = "replicas that a read waits for; serial: a round of Paxos first",
     .source = "the driver's own default is LOCAL_ONE"},
    {OWN(write_level, "write_level"), .type = FIELD_CHOICE, .fallback = "quorum",
     .choices = levels,
     .meaning = "replicas that a write waits for; serial: every write is a conditional one, "
                "committed at a quorum",
     .source = "the driver's own default is LOCAL_ONE"},
    {OWN(read_repair, "read_repair"), .type = FIELD_CHOICE, .fallback = "blocking",
     .choices = repairs,
     .meaning = "whether a read that met different rows writes the newest back before it answers",
     .source = "Cassandra 5.0 table default"},
    {OWN(routing, "routing"), .type = FIELD_CHOICE, .fallback = "token_aware",
     .choices = routings,
     .meaning = "whom a driver takes as coordinator: a replica, or any node; one that leaves ten "
                "requests unanswered for 200 ms is avoided (slow-replica-avoidance)",
     .source = "DataStax Java driver 4 default"},
    {OWN(condition, "condition"), .type = FIELD_CHOICE, .fallback = "unchanged",
     .choices = conditions,
     .meaning = "of update_if: the row is as callers last knew it, or anything that holds",
     .source = "assumption"},
    {OWN(speculate, "speculate"), .type = FIELD_RATIO, .fallback = "99%", .minimum = 0,
     .maximum = 0.99999,
     .meaning = "quantile of its reads after which a coordinator asks one replica more; 0: never "
                "(speculative_retry)",
     .source = "Cassandra 5.0 table default: 99p"},
    {OWN(badness, "badness"), .type = FIELD_NUMBER, .fallback = "1", .minimum = 0,
     .maximum = 1000,
     .meaning = "how much slower the nearest replica may be before others are preferred "
                "(dynamic_snitch_badness_threshold)",
     .source = YAML},
    {OWN(clock_skew, "clock_skew"), .type = FIELD_DISTRIBUTION, .fallback = "0",
     .meaning = "how far a node's clock is ahead of the true time, drawn once for each",
     .source = "assumption"},
    {OWN(backoff, "backoff"), .type = FIELD_DISTRIBUTION,
     .fallback = "uniform(low=0, high=100ms)",
     .meaning = "pause of a conditional write that met another",
     .source = "StorageProxy.java, 5.0: at random up to 100 ms"},
    {OWN(row, "row"), .type = FIELD_BYTES, .fallback = "1kB", .minimum = 1,
     .meaning = "bytes of a row as it is written and read", .source = "assumption"},
    RECORD(timeouts, "timeouts", timeout_fields, "of a coordinator's requests to replicas"),
    RECORD(threads, "threads", thread_fields, "stages of a node"),
    RECORD(gossip, "gossip", gossip_fields, "who lives"),
    RECORD(hints, "hints", hint_fields, "hinted handoff"),
    RECORD(commit_log, "commit_log", log_fields, "what survives a crash"),
    RECORD(memtable, "memtable", memtable_fields, "what is not yet in files"),
    RECORD(compaction, "compaction", compaction_fields, "of files, by time windows"),
    RECORD(disk, "disk", disk_fields, "of a node"),
    RECORD(cost, "cost", cost_fields, "processor time"),
    RECORD(scan, "scan", scan_fields, "of operation scan"),
    {0},
};
