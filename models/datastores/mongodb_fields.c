// mongodb_fields - the configuration of the MongoDB model: fields, defaults, meanings, sources.
#include "models/datastores/mongodb.h"

static const char *const write_concerns[] = {"0", "1", "majority", NULL};
static const char *const journals[] = {"default", "on", "off", NULL};
static const char *const read_concerns[] = {"local", "majority", "linearizable", NULL};
static const char *const preferences[] = {"primary", "secondary", "nearest", NULL};

#define AT(type, member, label) .name = label, .offset = offsetof(struct type, member)
#define OWN(member, label) AT(mongodb_configuration, member, label)

static const struct field election_fields[] = {
    {AT(mongodb_election, timeout_ns, "timeout"), .type = FIELD_DURATION, .fallback = "10s",
     .minimum = 1e6,
     .meaning = "silence of the primary after which a member stands; a primary that no majority "
                "has answered for so long steps down (electionTimeoutMillis)",
     .source = "MongoDB repl_set_config.cpp"},
    {AT(mongodb_election, spread, "spread"), .type = FIELD_RATIO, .fallback = "15%", .maximum = 1,
     .meaning = "and up to this share of the time-out longer, at random",
     .source = "assumption: replElectionTimeoutOffsetLimitFraction"},
    {AT(mongodb_election, heartbeat_ns, "heartbeat"), .type = FIELD_DURATION, .fallback = "2s",
     .minimum = 1e6, .meaning = "between two heartbeats of a member (heartbeatIntervalMillis)",
     .source = "MongoDB repl_set_config.cpp"},
    {AT(mongodb_election, silence_ns, "heartbeat_timeout"), .type = FIELD_DURATION,
     .fallback = "10s", .minimum = 1e6,
     .meaning = "a member that has been silent for so long is down (heartbeatTimeoutSecs)",
     .source = "MongoDB repl_set_config.cpp"},
    {AT(mongodb_election, catch_up_ns, "catch_up"), .type = FIELD_DURATION, .fallback = "0",
     .meaning = "how long a new primary looks for newer entries (catchUpTimeoutMillis); "
                "0: until it has them",
     .source = "MongoDB repl_set_config.cpp: -1"},
    {AT(mongodb_election, priorities, "priorities"), .type = FIELD_LIST, .element = FIELD_COUNT,
     .meaning = "of the members in order, 1 where absent; 0: never primary. A member of higher "
                "priority replaces the primary once it has caught up"},
    {0},
};

static const struct field driver_fields[] = {
    {AT(mongodb_driver, pool, "pool"), .type = FIELD_COUNT, .fallback = "100", .maximum = 1e6,
     .meaning = "connections of one client process to one member (maxPoolSize); 0: no limit. Each "
                "calling replica is a process",
     .source = "MongoDB drivers' default"},
    {AT(mongodb_driver, processes, "processes"), .type = FIELD_COUNT, .fallback = "1",
     .minimum = 1, .maximum = 1e6, .meaning = "client processes of workloads that call directly",
     .source = "assumption"},
    {AT(mongodb_driver, selection_ns, "selection"), .type = FIELD_DURATION, .fallback = "30s",
     .minimum = 1e6,
     .meaning = "how long a request waits for a suitable server (serverSelectionTimeoutMS)",
     .source = "server selection specification"},
    {AT(mongodb_driver, threshold_ns, "threshold"), .type = FIELD_DURATION, .fallback = "15ms",
     .meaning = "readers as near as the nearest plus this share the reads (localThresholdMS)",
     .source = "server selection specification"},
    {AT(mongodb_driver, discovery_ns, "discovery"), .type = FIELD_DURATION, .fallback = "10ms",
     .meaning = "until drivers know of a new primary, by the streamed hello",
     .source = "assumption"},
    {AT(mongodb_driver, silence_ns, "silence"), .type = FIELD_DURATION, .fallback = "20s",
     .meaning = "until drivers give up a primary whose host is dark, unless they learn of a new "
                "one",
     .source = "heartbeatFrequencyMS 10 s and connectTimeoutMS 10 s"},
    {AT(mongodb_driver, retries, "retries"), .type = FIELD_BOOL, .fallback = "true",
     .meaning = "a write or read that a stepdown interrupts is tried once more (retryWrites, "
                "retryReads); after a crash the caller's `retry` does so, and the write is known "
                "by its request",
     .source = "retryable writes specification"},
    {0},
};

static const struct field encryption_fields[] = {
    {AT(mongodb_encryption, fields, "fields"), .type = FIELD_COUNT, .fallback = "0",
     .maximum = 1000, .meaning = "fields that the client encrypts and decrypts; 0: none",
     .source = "assumption"},
    {AT(mongodb_encryption, field, "field"), .type = FIELD_DISTRIBUTION, .fallback = "2us",
     .meaning = "client's processor time for one field",
     .source = "assumption: AES-256-CBC with HMAC-SHA-512 of 256 B takes 1 to 2 us"},
    {AT(mongodb_encryption, keys, "keys"), .type = FIELD_COUNT, .fallback = "10", .minimum = 1,
     .maximum = 1e6, .meaning = "data keys, spread over the documents", .source = "assumption"},
    {AT(mongodb_encryption, lifetime_ns, "lifetime"), .type = FIELD_DURATION, .fallback = "60s",
     .meaning = "how long a client keeps a data key that it has fetched",
     .source = "assumption: keyExpirationMS"},
    {AT(mongodb_encryption, kms, "kms"), .type = FIELD_DISTRIBUTION,
     .fallback = "lognormal(median=15ms, p99=50ms)",
     .meaning = "the key service's answer when a data key is not cached",
     .source = "assumption: 5 to 50 ms"},
    {AT(mongodb_encryption, key_service, "key_endpoint"), .type = FIELD_CUSTOM, .read = "call",
     .size = sizeof(struct call_design),
     .meaning = "asked for data keys instead of `kms`; requests fail while it does and the key is "
                "not cached"},
    {0},
};

static const struct field disk_fields[] = {
    {AT(mongodb_disk, depth, "depth"), .type = FIELD_COUNT, .fallback = "32", .minimum = 1,
     .maximum = 100000, .meaning = "reads at once", .source = "assumption"},
    {AT(mongodb_disk, read, "read"), .type = FIELD_DISTRIBUTION,
     .fallback = "lognormal(median=125us, p99=200us)",
     .meaning = "a document that is not in the cache",
     .source = "AWS i4i local NVMe: 0.10 to 0.17 ms"},
    {AT(mongodb_disk, flush, "flush"), .type = FIELD_DISTRIBUTION,
     .fallback = "lognormal(median=60us, p99=250us)", .meaning = "one durable flush of the journal",
     .source = "NVMe with power-loss protection; gp3: median 1.5 ms, p99 5 ms"},
    {AT(mongodb_disk, bandwidth, "bandwidth"), .type = FIELD_BANDWIDTH, .fallback = "1GB/s",
     .meaning = "journal written on top of a flush; 0: no limit", .source = "assumption"},
    {AT(mongodb_disk, replay, "replay"), .type = FIELD_BANDWIDTH, .fallback = "100MB/s",
     .meaning = "journal since the latest checkpoint replayed at a start; 0: at once",
     .source = "assumption"},
    {AT(mongodb_disk, interval_ns, "journal_interval"), .type = FIELD_DURATION,
     .fallback = "100ms", .minimum = 1e6,
     .meaning = "the journal is flushed at least so often (commitIntervalMs), and at once where a "
                "write waits for it",
     .source = "MongoDB default"},
    {AT(mongodb_disk, checkpoint_ns, "checkpoint"), .type = FIELD_DURATION, .fallback = "60s",
     .minimum = 1e6, .meaning = "time between checkpoints", .source = "assumption: syncdelay"},
    {0},
};

static const struct field replication_fields[] = {
    {AT(mongodb_replication, apply, "apply"), .type = FIELD_DISTRIBUTION, .fallback = "50us",
     .meaning = "a secondary's time for one entry of a batch", .source = "assumption"},
    {AT(mongodb_replication, appliers, "appliers"), .type = FIELD_COUNT, .fallback = "16",
     .minimum = 1, .maximum = 1000, .meaning = "entries applied at once (replWriterThreadCount)",
     .source = "assumption: MongoDB default"},
    {AT(mongodb_replication, batch, "batch"), .type = FIELD_COUNT, .fallback = "5000",
     .minimum = 1, .maximum = 1e6,
     .meaning = "entries of a batch, fetched or applied (replBatchLimitOperations)",
     .source = "assumption: MongoDB default"},
    {AT(mongodb_replication, oplog, "oplog"), .type = FIELD_BYTES, .fallback = "1GB",
     .minimum = 1000, .meaning = "size of the oplog; who is further behind copies all data anew",
     .source = "assumption: 5 % of the disk, 990 MB to 50 GB"},
    {AT(mongodb_replication, rollback, "rollback"), .type = FIELD_DISTRIBUTION, .fallback = "2s",
     .meaning = "going back to the common point and saving what is taken back",
     .source = "assumption"},
    {AT(mongodb_replication, copy, "initial_sync"), .type = FIELD_DISTRIBUTION,
     .fallback = "10m", .meaning = "copying all data to a member that is too far behind",
     .source = "assumption"},
    {0},
};

static const struct field flow_fields[] = {
    {AT(mongodb_flow, enabled, "enabled"), .type = FIELD_BOOL, .fallback = "true",
     .meaning = "the primary holds writes back while the commit point lags",
     .source = "MongoDB 7.0 default (enableFlowControl)"},
    {AT(mongodb_flow, lag_ns, "lag"), .type = FIELD_DURATION, .fallback = "10s", .minimum = 1e6,
     .meaning = "aim for the commit point's lag (flowControlTargetLagSeconds)",
     .source = "MongoDB 7.0 default"},
    {AT(mongodb_flow, threshold, "threshold"), .type = FIELD_RATIO, .fallback = "50%",
     .minimum = 0.01, .maximum = 1,
     .meaning = "share of the aim from which writes are held back "
                "(flowControlThresholdLagPercentage)",
     .source = "MongoDB 7.0 default"},
    {0},
};

static const struct field change_fields[] = {
    {AT(mongodb_changes, streams, "streams"), .type = FIELD_COUNT, .fallback = "0",
     .maximum = MONGODB_STREAMS / 2, .meaning = "change streams watched from outside",
     .source = "assumption"},
    {AT(mongodb_changes, batch, "batch"), .type = FIELD_COUNT, .fallback = "100", .minimum = 1,
     .maximum = 1e6, .meaning = "events that a watcher gets at once", .source = "assumption"},
    {AT(mongodb_changes, work, "work"), .type = FIELD_DISTRIBUTION, .fallback = "5ms",
     .meaning = "a watcher's time for a batch, its round trip included",
     .source = "assumption"},
    {0},
};

const struct field mongodb_fields[] = {
    {OWN(members, "members"), .type = FIELD_COUNT, .fallback = "0", .maximum = MONGODB_MEMBERS,
     .meaning = "voting members of the replica set; 0: as many as `spread` or `replicas` say, 3 "
                "where they say nothing",
     .source = "assumption"},
    {OWN(write_concern, "write_concern"), .type = FIELD_CHOICE, .fallback = "majority",
     .choices = write_concerns,
     .meaning = "who has a write when it is acknowledged: nobody, the primary, a majority",
     .source = "MongoDB default since 5.0"},
    {OWN(journal, "journal"), .type = FIELD_CHOICE, .fallback = "default", .choices = journals,
     .meaning = "whether they have it in their journals on disk (j, "
                "writeConcernMajorityJournalDefault); default: on for majority, off for 1",
     .source = "MongoDB default"},
    {OWN(wait_ns, "wtimeout"), .type = FIELD_DURATION, .fallback = "0",
     .meaning = "a write that has waited so long for its write concern is answered with an error "
                "and stands; 0: never",
     .source = "MongoDB default"},
    {OWN(read_concern, "read_concern"), .type = FIELD_CHOICE, .fallback = "local",
     .choices = read_concerns,
     .meaning = "what reads see: the newest, the newest that a majority has, or the newest after "
                "a majority has confirmed the primary",
     .source = "MongoDB default"},
    {OWN(preference, "read_preference"), .type = FIELD_CHOICE, .fallback = "primary",
     .choices = preferences, .meaning = "who answers reads", .source = "MongoDB default"},
    {OWN(read, "read"), .type = FIELD_DISTRIBUTION,
     .fallback = "lognormal(median=150us, p99=500us)",
     .meaning = "processor time of finding one document by its key",
     .source = "assumption: in-cache point read 0.1 to 0.3 ms"},
    {OWN(write, "write"), .type = FIELD_DISTRIBUTION,
     .fallback = "lognormal(median=250us, p99=800us)",
     .meaning = "processor time of an insert or update of one document",
     .source = "assumption: a read and 0.1 ms"},
    {OWN(document, "document"), .type = FIELD_DISTRIBUTION, .fallback = "2us",
     .meaning = "processor time of each document of a query", .source = "assumption"},
    {OWN(documents, "documents"), .type = FIELD_COUNT, .fallback = "100", .minimum = 1,
     .maximum = 1e9, .meaning = "documents that a query reads", .source = "assumption"},
    {OWN(statements, "statements"), .type = FIELD_COUNT, .fallback = "3", .minimum = 1,
     .maximum = 255, .meaning = "changes of operation transact", .source = "assumption"},
    {OWN(think, "think"), .type = FIELD_DISTRIBUTION, .fallback = "500us",
     .meaning = "the client's turn between two of them, its round trip included",
     .source = "assumption"},
    {OWN(hit, "hit"), .type = FIELD_RATIO, .fallback = "99%", .maximum = 1,
     .meaning = "documents found in the WiredTiger cache", .source = "assumption"},
    {OWN(cached, "cached"), .type = FIELD_COUNT, .fallback = "100k", .maximum = 1e9,
     .meaning = "reads after a start until the cache is warm", .source = "assumption"},
    {OWN(record, "record"), .type = FIELD_BYTES, .fallback = "1kB", .minimum = 1,
     .maximum = 16e6, .meaning = "oplog and journal of one changed document",
     .source = "assumption"},
    {OWN(answer, "answer"), .type = FIELD_BYTES, .fallback = "1kB",
     .meaning = "answer of a read, on the network", .source = "assumption"},
    {OWN(read_tickets, "read_tickets"), .type = FIELD_COUNT, .fallback = "128", .minimum = 1,
     .maximum = 100000, .meaning = "reads at work in WiredTiger at once",
     .source = "MongoDB 7.0: up to 128"},
    {OWN(write_tickets, "write_tickets"), .type = FIELD_COUNT, .fallback = "128", .minimum = 1,
     .maximum = 100000, .meaning = "writes at work in WiredTiger at once",
     .source = "MongoDB 7.0: up to 128"},
    {OWN(disk, "disk"), .type = FIELD_RECORD, .size = sizeof(struct mongodb_disk),
     .sub = disk_fields, .meaning = "of a member"},
    {OWN(replication, "replication"), .type = FIELD_RECORD,
     .size = sizeof(struct mongodb_replication), .sub = replication_fields,
     .meaning = "how secondaries follow"},
    {OWN(election, "election"), .type = FIELD_RECORD, .size = sizeof(struct mongodb_election),
     .sub = election_fields, .meaning = "who becomes primary, and when"},
    {OWN(driver, "driver"), .type = FIELD_RECORD, .size = sizeof(struct mongodb_driver),
     .sub = driver_fields, .meaning = "in the clients"},
    {OWN(flow, "flow_control"), .type = FIELD_RECORD, .size = sizeof(struct mongodb_flow),
     .sub = flow_fields, .meaning = "of writes, by the commit point's lag"},
    {OWN(encryption, "encryption"), .type = FIELD_RECORD,
     .size = sizeof(struct mongodb_encryption), .sub = encryption_fields,
     .meaning = "client-side field-level encryption"},
    {OWN(changes, "changes"), .type = FIELD_RECORD, .size = sizeof(struct mongodb_changes),
     .sub = change_fields,
     .meaning = "change streams besides those of components that consume the topic `changes`"},
    {0},
};
