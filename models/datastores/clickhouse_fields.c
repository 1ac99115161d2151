// clickhouse_fields - the configuration of the ClickHouse model, with defaults and their sources.
#include "models/datastores/clickhouse.h"

#define AT(type, member, label) .name = label, .offset = offsetof(struct type, member)
#define OWN(member, label) AT(clickhouse_configuration, member, label)

static const char *const reaches[] = {"all", "one", NULL};

static const struct field table_fields[] = {
    {AT(clickhouse_table, rows, "rows"), .type = FIELD_COUNT, .fallback = "1000000000",
     .meaning = "rows at the beginning, over all shards, in parts that are merged already",
     .source = "assumption"},
    {AT(clickhouse_table, row, "row"), .type = FIELD_BYTES, .fallback = "145B", .minimum = 1,
     .meaning = "compressed bytes of a row, all columns",
     .source = "ClickBench: 14.47 GB for 99 997 497 rows"},
    {AT(clickhouse_table, partitions, "partitions"), .type = FIELD_COUNT, .fallback = "1",
     .minimum = 1, .maximum = 1000, .meaning = "partitions that inserts go to",
     .source = "assumption"},
    {0},
};

static const struct field insert_fields[] = {
    {AT(clickhouse_insert, rows, "rows"), .type = FIELD_COUNT, .fallback = "10000", .minimum = 1,
     .maximum = 1e9, .meaning = "rows of one insert: one block",
     .source = "ClickHouse insert advice: 1 000 to 100 000 rows"},
    {AT(clickhouse_insert, spread, "partitions"), .type = FIELD_COUNT, .fallback = "1",
     .minimum = 1, .maximum = 250,
     .meaning = "partitions that the rows of one insert fall into, a part each",
     .source = "assumption"},
    {AT(clickhouse_insert, fixed, "fixed"), .type = FIELD_DISTRIBUTION,
     .fallback = "lognormal(median=5ms, p99=20ms)",
     .meaning = "processor time of an insert whatever its rows (plan, files of the part)",
     .source = "5 to 20 ms, rough"},
    {AT(clickhouse_insert, row, "row"), .type = FIELD_DISTRIBUTION, .fallback = "5us",
     .meaning = "processor time of a row: parse, sort, compress",
     .source = "200 k rows/s in one stream"},
    {AT(clickhouse_insert, serial, "serial"), .type = FIELD_RATIO, .fallback = "0", .minimum = 0,
     .maximum = 1, .meaning = "share of that which one thread must do alone",
     .source = "assumption"},
    {AT(clickhouse_insert, threads, "threads"), .type = FIELD_COUNT, .fallback = "1", .minimum = 1,
     .maximum = 1024, .meaning = "threads that do the rest", .source = "assumption"},
    {AT(clickhouse_insert, quorum, "quorum"), .type = FIELD_COUNT, .fallback = "0",
     .maximum = CLICKHOUSE_REPLICAS,
     .meaning = "replicas that must have the block before OK (insert_quorum); 0, 1: the one that "
                "wrote it",
     .source = "ClickHouse 23.11 default"},
    {AT(clickhouse_insert, quorum_timeout_ns, "quorum_timeout"), .type = FIELD_DURATION,
     .fallback = "600s", .minimum = 1e6, .meaning = "and then its outcome is unknown",
     .source = "ClickHouse 23.11 default"},
    {AT(clickhouse_insert, parallel, "parallel"), .type = FIELD_BOOL, .fallback = "true",
     .meaning = "whether an insert may begin while another of its shard waits for its quorum "
                "(insert_quorum_parallel)",
     .source = "ClickHouse 23.11 default"},
    {AT(clickhouse_insert, deduplicate, "deduplicate"), .type = FIELD_BOOL, .fallback = "true",
     .meaning = "an identical block among the last `window` is stored once (insert_deduplicate)",
     .source = "ClickHouse 23.11 default"},
    {AT(clickhouse_insert, window, "window"), .type = FIELD_COUNT, .fallback = "100", .minimum = 1,
     .maximum = CLICKHOUSE_HASHES,
     .meaning = "hashes that a shard remembers (replicated_deduplication_window)",
     .source = "MergeTreeSettings.h"},
    {AT(clickhouse_insert, fsync, "fsync"), .type = FIELD_BOOL, .fallback = "false",
     .meaning = "whether a part is flushed before it is registered (fsync_after_insert)",
     .source = "MergeTreeSettings.h"},
    {0},
};

static const struct field async_fields[] = {
    {AT(clickhouse_async, enabled, "enabled"), .type = FIELD_BOOL, .fallback = "false",
     .meaning = "whether a server gathers inserts into one block (async_insert)",
     .source = "ClickHouse 23.11 default"},
    {AT(clickhouse_async, wait, "wait"), .type = FIELD_BOOL, .fallback = "true",
     .meaning = "whether OK waits for the flush (wait_for_async_insert)",
     .source = "ClickHouse 23.11 default"},
    {AT(clickhouse_async, busy_ns, "busy"), .type = FIELD_DURATION, .fallback = "200ms",
     .minimum = 1e6, .meaning = "from the first insert to the flush (async_insert_busy_timeout)",
     .source = "ClickHouse 23.11 default"},
    {AT(clickhouse_async, queries, "queries"), .type = FIELD_COUNT, .fallback = "450",
     .minimum = 1, .maximum = 1e6, .meaning = "inserts that are flushed at once",
     .source = "ClickHouse 23.11 default"},
    {AT(clickhouse_async, bytes, "bytes"), .type = FIELD_BYTES, .fallback = "10MB", .minimum = 1,
     .meaning = "bytes that are flushed at once (async_insert_max_data_size)",
     .source = "1 to 10 MB by version"},
    {0},
};

static const struct field part_fields[] = {
    {AT(clickhouse_part_limits, delay_at, "delay_at"), .type = FIELD_COUNT, .fallback = "1000",
     .minimum = 1, .maximum = 1e6,
     .meaning = "active parts of a partition from which inserts are delayed "
                "(parts_to_delay_insert)",
     .source = "MergeTreeSettings.h"},
    {AT(clickhouse_part_limits, throw_at, "throw_at"), .type = FIELD_COUNT, .fallback = "3000",
     .minimum = 1, .maximum = 1e6,
     .meaning = "and refused (parts_to_throw_insert; error 252)", .source = "MergeTreeSettings.h"},
    {AT(clickhouse_part_limits, delay_low_ns, "delay_low"), .type = FIELD_DURATION,
     .fallback = "10ms", .meaning = "shortest delay", .source = "MergeTreeSettings.h"},
    {AT(clickhouse_part_limits, delay_high_ns, "delay_high"), .type = FIELD_DURATION,
     .fallback = "1s", .meaning = "delay just below the refusal, rising linearly",
     .source = "MergeTreeSettings.h"},
    {AT(clickhouse_part_limits, average, "average"), .type = FIELD_BYTES, .fallback = "1GiB",
     .minimum = 1,
     .meaning = "no limits where parts are larger on average "
                "(max_avg_part_size_for_too_many_parts)",
     .source = "MergeTreeSettings.h"},
    {0},
};

static const struct field merge_fields[] = {
    {AT(clickhouse_merges, tasks, "tasks"), .type = FIELD_COUNT, .fallback = "32", .minimum = 1,
     .maximum = 1024,
     .meaning = "merges at once at a server, a thread each (background_pool_size 16 x ratio 2)",
     .source = "ClickHouse 23.11 defaults"},
    {AT(clickhouse_merges, most_parts, "most_parts"), .type = FIELD_COUNT, .fallback = "100",
     .minimum = 2, .maximum = 10000, .meaning = "parts of one merge",
     .source = "MergeTreeSettings.h"},
    {AT(clickhouse_merges, most_bytes, "most_bytes"), .type = FIELD_BYTES, .fallback = "150GiB",
     .minimum = 1, .meaning = "bytes of one merge (max_bytes_to_merge_at_max_space_in_pool)",
     .source = "MergeTreeSettings.h"},
    {AT(clickhouse_merges, free, "free"), .type = FIELD_COUNT, .fallback = "8", .minimum = 1,
     .maximum = 1024,
     .meaning = "free tasks below which only smaller merges are chosen, down to 1 MiB",
     .source = "MergeTreeSettings.h"},
    {AT(clickhouse_merges, rate, "rate"), .type = FIELD_BANDWIDTH, .fallback = "30MB/s",
     .minimum = 1, .meaning = "compressed bytes that one thread merges a second",
     .source = "assumption"},
    {AT(clickhouse_merges, part, "part"), .type = FIELD_DISTRIBUTION, .fallback = "2ms",
     .meaning = "processor time for each part that is merged, whatever its size",
     .source = "assumption"},
    {AT(clickhouse_merges, sleep_ns, "sleep"), .type = FIELD_DURATION, .fallback = "5s",
     .minimum = 1e6,
     .meaning = "from one look for merges to the next where nothing happens",
     .source = "MergeTreeSettings.h"},
    {0},
};

static const struct field fetch_fields[] = {
    {AT(clickhouse_fetches, tasks, "tasks"), .type = FIELD_COUNT, .fallback = "8", .minimum = 1,
     .maximum = 256, .meaning = "parts fetched at once (background_fetches_pool_size)",
     .source = "ClickHouse 23.11 default"},
    {AT(clickhouse_fetches, retry_ns, "retry"), .type = FIELD_DURATION, .fallback = "1s",
     .minimum = 1e6, .meaning = "until a fetch that found no living holder is tried again",
     .source = "assumption"},
    {AT(clickhouse_fetches, timeout_ns, "timeout"), .type = FIELD_DURATION, .fallback = "10s",
     .minimum = 1e6, .meaning = "until a fetch without an answer is begun again",
     .source = "assumption"},
    {0},
};

static const struct field limit_fields[] = {
    {AT(clickhouse_limits, queries, "queries"), .type = FIELD_COUNT, .fallback = "100",
     .minimum = 1, .maximum = 1e6,
     .meaning = "queries and inserts at once at a server, more are refused "
                "(max_concurrent_queries; error 202)",
     .source = "shipped config.xml"},
    {AT(clickhouse_limits, threads, "threads"), .type = FIELD_COUNT, .fallback = "0",
     .maximum = 4096, .meaning = "threads of a query (max_threads); 0: the server's cores",
     .source = "ClickHouse 23.11 default"},
    {AT(clickhouse_limits, memory, "memory"), .type = FIELD_BYTES, .fallback = "0",
     .meaning = "memory of all queries of a server, more are refused (error 241); 0: no limit",
     .source = "assumption; the server's own default is 90 % of its memory"},
    {0},
};

static const struct field disk_fields[] = {
    {AT(clickhouse_disk, bandwidth, "bandwidth"), .type = FIELD_BANDWIDTH, .fallback = "1GB/s",
     .minimum = 1, .meaning = "of a server, shared by those who read and merge",
     .source = "assumption"},
    {AT(clickhouse_disk, flush, "flush"), .type = FIELD_DISTRIBUTION,
     .fallback = "lognormal(median=1500us, p99=5ms)", .meaning = "one fsync",
     .source = "gp3 volume: 1.2 to 4 ms"},
    {AT(clickhouse_disk, writeback_ns, "writeback"), .type = FIELD_DURATION, .fallback = "30s",
     .minimum = 1e6,
     .meaning = "after which the operating system has written a part that nobody flushed; a loss "
                "of power loses younger ones",
     .source = "Linux vm.dirty_expire_centisecs"},
    {AT(clickhouse_disk, cache, "cache"), .type = FIELD_BYTES, .fallback = "64GiB",
     .meaning = "page cache that queries find warm; empty after a loss of power",
     .source = "assumption"},
    {0},
};

static const struct field keeper_fields[] = {
    {AT(clickhouse_keeper, nodes, "nodes"), .type = FIELD_COUNT, .fallback = "3",
     .maximum = ELECTION_MEMBERS,
     .meaning = "Keeper's own servers; 0: the table is not replicated (plain MergeTree)",
     .source = "ClickHouse advice: 3"},
    {AT(clickhouse_keeper, zones, "zones"), .type = FIELD_LIST, .element = FIELD_NAME,
     .meaning = "their zones, in turn; all zones when absent"},
    {AT(clickhouse_keeper, heartbeat_ns, "heartbeat"), .type = FIELD_DURATION,
     .fallback = "500ms", .minimum = 1e6, .meaning = "between messages of an idle leader",
     .source = "CoordinationSettings"},
    {AT(clickhouse_keeper, election_low_ns, "election_low"), .type = FIELD_DURATION,
     .fallback = "1s", .minimum = 1e6, .meaning = "shortest silence before a candidacy",
     .source = "CoordinationSettings"},
    {AT(clickhouse_keeper, election_high_ns, "election_high"), .type = FIELD_DURATION,
     .fallback = "2s", .minimum = 1e6, .meaning = "and longest",
     .source = "CoordinationSettings"},
    {AT(clickhouse_keeper, session_ns, "session"), .type = FIELD_DURATION, .fallback = "30s",
     .minimum = 1e6, .meaning = "silence after which a session ends",
     .source = "CoordinationSettings"},
    {AT(clickhouse_keeper, operation_ns, "operation"), .type = FIELD_DURATION, .fallback = "10s",
     .minimum = 1e6, .meaning = "until a request without an answer is given up",
     .source = "CoordinationSettings"},
    {AT(clickhouse_keeper, recheck_ns, "recheck"), .type = FIELD_DURATION, .fallback = "60s",
     .minimum = 1e6,
     .meaning = "from the end of a session, how often a read-only table looks for a new one",
     .source = "MergeTreeSettings.h: zookeeper_session_expiration_check_period"},
    {AT(clickhouse_keeper, flush, "flush"), .type = FIELD_DISTRIBUTION,
     .fallback = "lognormal(median=1500us, p99=5ms)",
     .meaning = "one flush of Keeper's log (force_sync)", .source = "gp3 volume: 1.2 to 4 ms"},
    {AT(clickhouse_keeper, batch, "batch"), .type = FIELD_BYTES, .fallback = "100kB",
     .minimum = 1, .meaning = "of entries in one message", .source = "CoordinationSettings"},
    {AT(clickhouse_keeper, rounds, "rounds"), .type = FIELD_COUNT, .fallback = "2", .minimum = 1,
     .maximum = 20,
     .meaning = "writes to Keeper of one registration, one after another (block number, commit)",
     .source = "several nodes of its tree an insert"},
    {AT(clickhouse_keeper, entry, "entry"), .type = FIELD_BYTES, .fallback = "1kB", .minimum = 1,
     .meaning = "of one such write in Keeper's log", .source = "assumption"},
    {AT(clickhouse_keeper, retries, "retries"), .type = FIELD_COUNT, .fallback = "20",
     .maximum = 250,
     .meaning = "times that an insert asks again (insert_keeper_max_retries)",
     .source = "ClickHouse 23.11 default, from memory"},
    {AT(clickhouse_keeper, backoff_ns, "backoff"), .type = FIELD_DURATION, .fallback = "100ms",
     .meaning = "before the first of them, doubled each time",
     .source = "ClickHouse 23.11 default, from memory"},
    {AT(clickhouse_keeper, backoff_limit_ns, "backoff_limit"), .type = FIELD_DURATION,
     .fallback = "10s", .meaning = "longest", .source = "ClickHouse 23.11 default, from memory"},
    {AT(clickhouse_keeper, reconnect_ns, "reconnect"), .type = FIELD_DURATION, .fallback = "500ms",
     .minimum = 1e6, .meaning = "from one try to open a session to the next",
     .source = "assumption"},
    {0},
};

#define SCAN_ROW(member, label) AT(clickhouse_scan, member, label)
#define SCAN_COMMON                                                                                \
    {SCAN_ROW(row, "row"), .type = FIELD_DISTRIBUTION, .fallback = "71ns",                         \
     .meaning = "processor time of a row that is read",                                            \
     .source = "ClickBench median: 1.4e7 rows/s a vCPU"},                                          \
    {SCAN_ROW(serial, "serial"), .type = FIELD_RATIO, .fallback = "1.2%", .minimum = 0,            \
     .maximum = 1, .meaning = "share of that which one thread must do alone",                      \
     .source = "ClickBench: 12 x cores gave 4.4 x"},                                               \
    {SCAN_ROW(cached, "cached"), .type = FIELD_RATIO, .fallback = "100%", .minimum = 0,            \
     .maximum = 1, .meaning = "share of the bytes found in a warm page cache",                     \
     .source = "assumption"},                                                                      \
    {SCAN_ROW(memory, "memory"), .type = FIELD_BYTES, .fallback = "0",                             \
     .meaning = "that it holds at each server while it runs", .source = "assumption"},             \
    {SCAN_ROW(answer, "answer"), .type = FIELD_BYTES, .fallback = "10kB",                          \
     .meaning = "of a shard's answer, and of the whole", .source = "assumption"},                  \
    {SCAN_ROW(share, "share"), .type = FIELD_RATIO, .fallback = "100%", .minimum = 0,              \
     .maximum = 1, .meaning = "of the table that its primary key leaves to be read, where `rows` " \
                              "is 0",                                                              \
     .source = "assumption"}

static const struct field query_fields[] = {
    {SCAN_ROW(rows, "rows"), .type = FIELD_NUMBER, .fallback = "0", .minimum = 0, .maximum = 1e18,
     .meaning = "rows that it reads over all shards; 0: `share` of the table",
     .source = "assumption"},
    SCAN_COMMON,
    {SCAN_ROW(width, "width"), .type = FIELD_BYTES, .fallback = "8B",
     .meaning = "compressed bytes of a row in the columns that it reads", .source = "assumption"},
    {SCAN_ROW(everywhere, "shards"), .type = FIELD_CHOICE, .fallback = "all", .choices = reaches,
     .meaning = "whether all shards have rows of it, or only that of the request's key",
     .source = "assumption"},
    {0},
};

static const struct field lookup_fields[] = {
    {SCAN_ROW(rows, "rows"), .type = FIELD_NUMBER, .fallback = "8192", .minimum = 1,
     .maximum = 1e12, .meaning = "rows that it reads: whole granules of the primary key",
     .source = "index_granularity 8192"},
    SCAN_COMMON,
    {SCAN_ROW(width, "width"), .type = FIELD_BYTES, .fallback = "145B",
     .meaning = "compressed bytes of a row in the columns that it reads", .source = "ClickBench"},
    {SCAN_ROW(everywhere, "shards"), .type = FIELD_CHOICE, .fallback = "one", .choices = reaches,
     .meaning = "whether all shards have rows of it, or only that of the request's key",
     .source = "assumption"},
    {0},
};

const struct field clickhouse_fields[] = {
    {OWN(shards, "shards"), .type = FIELD_COUNT, .fallback = "1", .minimum = 1,
     .maximum = CLICKHOUSE_SERVERS, .meaning = "shards of the distributed table",
     .source = "assumption"},
    {OWN(replicas, "copies"), .type = FIELD_COUNT, .fallback = "2", .minimum = 1,
     .maximum = CLICKHOUSE_REPLICAS, .meaning = "replicas of each shard", .source = "assumption"},
    {OWN(table, "table"), .type = FIELD_RECORD, .size = sizeof(struct clickhouse_table),
     .sub = table_fields, .meaning = "the one table"},
    {OWN(insert, "insert"), .type = FIELD_RECORD, .size = sizeof(struct clickhouse_insert),
     .sub = insert_fields, .meaning = "how inserts are made"},
    {OWN(async, "async"), .type = FIELD_RECORD, .size = sizeof(struct clickhouse_async),
     .sub = async_fields, .meaning = "asynchronous inserts"},
    {OWN(parts, "parts"), .type = FIELD_RECORD, .size = sizeof(struct clickhouse_part_limits),
     .sub = part_fields, .meaning = "limits on active parts"},
    {OWN(merges, "merges"), .type = FIELD_RECORD, .size = sizeof(struct clickhouse_merges),
     .sub = merge_fields, .meaning = "background merges"},
    {OWN(fetches, "fetches"), .type = FIELD_RECORD, .size = sizeof(struct clickhouse_fetches),
     .sub = fetch_fields, .meaning = "how replicas fetch parts from each other"},
    {OWN(limits, "limits"), .type = FIELD_RECORD, .size = sizeof(struct clickhouse_limits),
     .sub = limit_fields, .meaning = "of a server"},
    {OWN(disk, "disk"), .type = FIELD_RECORD, .size = sizeof(struct clickhouse_disk),
     .sub = disk_fields, .meaning = "of a server"},
    {OWN(keeper, "keeper"), .type = FIELD_RECORD, .size = sizeof(struct clickhouse_keeper),
     .sub = keeper_fields, .meaning = "ClickHouse Keeper"},
    {OWN(plan, "plan"), .type = FIELD_DISTRIBUTION, .fallback = "lognormal(median=3ms, p99=10ms)",
     .meaning = "processor time of a query whatever it reads (parse, plan, pipeline)",
     .source = "assumption"},
    {OWN(receive_ns, "receive"), .type = FIELD_DURATION, .fallback = "300s", .minimum = 1e6,
     .meaning = "until a silent shard fails a distributed query (receive_timeout)",
     .source = "ClickHouse 23.11 default, from memory"},
    {OWN(connect_ns, "connect"), .type = FIELD_DURATION, .fallback = "1s", .minimum = 1e6,
     .meaning = "until a silent replica is given up for the next one "
                "(connect_timeout_with_failover)",
     .source = "1 s, rough"},
    {OWN(lookup, "lookup"), .type = FIELD_RECORD, .size = sizeof(struct clickhouse_scan),
     .sub = lookup_fields, .meaning = "operation lookup"},
    {OWN(query, "query"), .type = FIELD_RECORD, .size = sizeof(struct clickhouse_scan),
     .sub = query_fields, .meaning = "operation query"},
    {OWN(queries, "queries"), .type = FIELD_MAP, .element = FIELD_RECORD,
     .size = sizeof(struct clickhouse_scan), .sub = query_fields,
     .meaning = "more kinds of query by name, each an operation"},
    {0},
};
