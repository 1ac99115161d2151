// postgres_steps - what reads, writes, scans and transactions do at a server, step by step.
#include "models/datastores/postgres.h"

// ---- steps ------------------------------------------------------------------------------------

enum { ROWS_A_PAGE = 50, TRANSACTION_STATEMENT = 5 };

static const struct postgres_configuration *configuration_of(const struct visit *visit)
{
    return postgres_configuration(visit->node->component);
}

static const struct postgres_streams *streams_of(const struct visit *visit)
{
    return &postgres_node(visit->node)->streams;
}

// A standby refuses writes (25006, read_only_sql_transaction); a primary that has been replaced and
// does not know it takes them.
static enum outcome find_primary(struct visit *visit)
{
    visit->value = 0;
    return postgres_node(visit->node)->serving ? step_next(visit)
                                               : step_fail(visit, STATUS_UNAVAILABLE);
}

// Who reads from the primary only asks the server whether it is (target_session_attrs); a server
// that rewinds is down.
static enum outcome begin_read(struct visit *visit)
{
    const struct postgres_node *server = postgres_node(visit->node);
    const bool primary = configuration_of(visit)->reads == POSTGRES_READ_PRIMARY;
    if (server->rewinding || (primary && !server->serving)) {
        return step_fail(visit, STATUS_UNAVAILABLE);
    }
    if (visit->operation->number == POSTGRES_READ) {
        history_begin(visit, HISTORY_READ, 0, 0);
    }
    return postgres_pooler_pass(visit);
}

// A transaction of one row is a write of it as well.
static enum outcome begin_write(struct visit *visit)
{
    const struct postgres_configuration *configuration = configuration_of(visit);
    const uint16_t operation = visit->operation->number;
    if (operation == POSTGRES_WRITE ||
        (operation == POSTGRES_TRANSACT && configuration->locks.rows == 1)) {
        history_begin(visit, HISTORY_WRITE, history_value(visit), 0);
    }
    return postgres_pooler_pass(visit);
}

static enum outcome refuse(struct visit *visit, enum status status)
{
    history_end(visit, status, 0);
    return step_fail(visit, status);
}

static enum outcome take_connection(struct visit *visit)
{
    return postgres_pooler_is_full(visit->node) ? refuse(visit, STATUS_REJECTED)
                                                : postgres_pooler_take(visit);
}

static enum outcome read_disk(struct visit *visit, uint64_t pages)
{
    if (pages == 0) {
        return step_next(visit);
    }
    const struct postgres_disk *disk = &configuration_of(visit)->disk;
    const int64_t draw = distribution_draw(&disk->read, streams_of(visit)->disk);
    const int64_t paced = disk->iops > 0 ? (int64_t)(disk->depth * TIME_S / disk->iops) : 0;
    const int64_t time = time_times(draw > paced ? draw : paced, pages);
    return station_serve(&visit->node->devices[POSTGRES_DEVICE_DISK], visit, time);
}

// Of the pages that would be found in warm buffers, the share that is not there after a restart.
static double cold_share(const struct visit *visit)
{
    const uint64_t pages = configuration_of(visit)->buffers / POSTGRES_PAGE;
    return (double)postgres_node(visit->node)->cold / (double)pages;
}

// Pages that a restart has thrown out of the buffers: from the operating system, or the device.
static enum outcome warm_up(struct visit *visit, uint64_t pages)
{
    struct postgres_node *server = postgres_node(visit->node);
    server->cold -= pages < server->cold ? pages : server->cold;
    return server->cached
               ? step_hold(visit, time_times(configuration_of(visit)->disk.cached_ns, pages),
                           METER_IO)
               : read_disk(visit, pages);
}

static enum outcome fetch_page(struct visit *visit)
{
    const double draw = random_unit(streams_of(visit)->buffer);
    const double hit = configuration_of(visit)->hit;
    if (draw < hit && postgres_node(visit->node)->cold > 0 &&
        draw >= hit * (1 - cold_share(visit))) {
        return warm_up(visit, 1);
    }
    return read_disk(visit, draw < hit ? 0 : 1);
}

// Of many pages the expected share is missed, the rest of a page by chance.
static enum outcome fetch_pages(struct visit *visit)
{
    const struct postgres_configuration *configuration = configuration_of(visit);
    const double pages = (double)configuration->rows / ROWS_A_PAGE;
    const double cold = pages * configuration->hit * cold_share(visit);
    const double missed = pages * (1 - configuration->hit) + cold;
    const uint64_t count = (uint64_t)(missed + random_unit(streams_of(visit)->buffer));
    return cold >= 1 ? warm_up(visit, count) : read_disk(visit, count);
}

static enum outcome work(struct visit *visit, const struct distribution *law)
{
    const struct postgres_configuration *configuration = configuration_of(visit);
    struct random_stream *cpu = streams_of(visit)->cpu;
    return step_cpu(visit, postgres_partition_plan_ns(configuration) + distribution_draw(law, cpu) +
                               distribution_draw(&configuration->row_security, cpu));
}

static enum outcome select_row(struct visit *visit)
{
    return work(visit, &configuration_of(visit)->read);
}

static enum outcome change_row(struct visit *visit)
{
    return work(visit, &configuration_of(visit)->write);
}

static enum outcome scan_rows(struct visit *visit)
{
    const struct postgres_configuration *configuration = configuration_of(visit);
    struct random_stream *cpu = streams_of(visit)->cpu;
    const int64_t row = distribution_draw(&configuration->row, cpu) +
                        distribution_draw(&configuration->row_security, cpu);
    return step_cpu(visit, postgres_partition_plan_ns(configuration) +
                               distribution_draw(&configuration->read, cpu) +
                               time_times(row, configuration->rows));
}

static enum outcome lock_row(struct visit *visit)
{
    postgres_row_see(visit);
    return postgres_lock_take(visit, postgres_row_key(visit, 0));
}

// The first statement gives the transaction its snapshot; later ones may need no further row.
static enum outcome lock_next_row(struct visit *visit)
{
    const uint32_t index = visit->loops[0] - 1U;
    if (index == 0) {
        postgres_row_see(visit);
    } else if (index >= configuration_of(visit)->locks.rows) {
        visit->place = 0;
        return step_next(visit);
    }
    return postgres_lock_take(visit, postgres_row_key(visit, index));
}

static enum outcome hold_row(struct visit *visit)
{
    const struct postgres_lock *lock = postgres_lock_hold(visit);
    if (lock == NULL || !postgres_row_conflicts(visit, lock)) {
        return step_next(visit);
    }
    postgres_state(visit->node->component)->conflicts++;
    return refuse(visit, STATUS_CONFLICT);
}

static enum outcome await_client(struct visit *visit)
{
    const struct postgres_configuration *configuration = configuration_of(visit);
    if (visit->loops[0]++ == 0) {
        return step_next(visit);
    }
    return step_hold(visit, distribution_draw(&configuration->think, streams_of(visit)->think),
                     METER_OTHER);
}

static enum outcome next_statement(struct visit *visit)
{
    if (visit->loops[0] < configuration_of(visit)->statements) {
        return step_jump(visit, TRANSACTION_STATEMENT);
    }
    return step_next(visit);
}

// From here on the transaction ends on its own, whoever waits for it.
static enum outcome flush_wal(struct visit *visit)
{
    visit->deadline_ns = TIME_NEVER;
    const bool several = visit->operation->number == POSTGRES_TRANSACT;
    return postgres_wal_commit(visit, several ? configuration_of(visit)->statements : 1);
}

static enum outcome wait_for_standby(struct visit *visit)
{
    return postgres_wal_wait(visit);
}

// The connection goes back with the visit's end: at once, or after the session.
static enum outcome answer(struct visit *visit, uint64_t bytes)
{
    const struct postgres_pooler *pool = &configuration_of(visit)->pool;
    if (pool->mode != POSTGRES_SESSION || pool->linger_ns == 0) {
        return step_reply_bytes(visit, STATUS_OK, bytes);
    }
    visit_answer(visit, STATUS_OK, bytes);
    postgres_partition_leave(visit);
    visit->deadline_ns = TIME_NEVER;
    return step_hold(visit, pool->linger_ns, METER_OTHER);
}

static enum outcome acknowledge(struct visit *visit)
{
    postgres_wal_acknowledge(visit->node, postgres_lock_of(visit)->lsn);
    postgres_row_publish(visit);
    history_end(visit, STATUS_OK, 0);
    postgres_lock_give(visit);
    return answer(visit, 0);
}

static enum outcome answer_row(struct visit *visit)
{
    history_end(visit, STATUS_OK, postgres_row_value(visit));
    return answer(visit, configuration_of(visit)->answer);
}

static enum outcome judge_token(struct visit *visit)
{
    return postgres_row_accepts(visit) ? answer(visit, configuration_of(visit)->answer)
                                       : step_fail(visit, STATUS_UNAUTHORIZED);
}

static enum outcome answer_rows(struct visit *visit)
{
    return answer(visit, configuration_of(visit)->answer);
}

static enum outcome join_flush(struct visit *writer)
{
    return postgres_wal_write(writer);
}

static enum outcome end_flush(struct visit *writer)
{
    postgres_wal_written(writer->node);
    return step_reply(writer, STATUS_OK);
}

static const struct step read_steps[] = {
    {.name = "pass pooler", .run = begin_read},
    {.name = "take connection", .run = take_connection},
    {.name = "lock table", .run = postgres_partition_enter},
    {.name = "lock relations", .run = postgres_partition_lock},
    {.name = "fetch page", .run = fetch_page},
    {.name = "select row", .run = select_row},
    {.name = "reply", .run = answer_row},
};

static const struct step verify_steps[] = {
    {.name = "pass pooler", .run = begin_read},
    {.name = "take connection", .run = take_connection},
    {.name = "lock table", .run = postgres_partition_enter},
    {.name = "lock relations", .run = postgres_partition_lock},
    {.name = "fetch page", .run = fetch_page},
    {.name = "select token", .run = select_row},
    {.name = "judge token", .run = judge_token},
};

static const struct step write_steps[] = {
    {.name = "find primary", .run = find_primary},
    {.name = "pass pooler", .run = begin_write},
    {.name = "take connection", .run = take_connection},
    {.name = "lock table", .run = postgres_partition_enter},
    {.name = "lock relations", .run = postgres_partition_lock},
    {.name = "fetch page", .run = fetch_page},
    {.name = "lock row", .run = lock_row},
    {.name = "hold row", .run = hold_row},
    {.name = "change row", .run = change_row},
    {.name = "flush wal", .run = flush_wal},
    {.name = "wait for standby", .run = wait_for_standby},
    {.name = "acknowledge", .run = acknowledge},
};

static const struct step scan_steps[] = {
    {.name = "pass pooler", .run = begin_read},
    {.name = "take connection", .run = take_connection},
    {.name = "lock table", .run = postgres_partition_enter},
    {.name = "lock relations", .run = postgres_partition_lock},
    {.name = "fetch pages", .run = fetch_pages},
    {.name = "scan rows", .run = scan_rows},
    {.name = "reply", .run = answer_rows},
};

static const struct step transaction_steps[] = {
    {.name = "find primary", .run = find_primary},
    {.name = "pass pooler", .run = begin_write},
    {.name = "take connection", .run = take_connection},
    {.name = "lock table", .run = postgres_partition_enter},
    {.name = "lock relations", .run = postgres_partition_lock},
    [TRANSACTION_STATEMENT] = {.name = "await client", .run = await_client},
    {.name = "lock row", .run = lock_next_row},
    {.name = "hold row", .run = hold_row},
    {.name = "fetch page", .run = fetch_page},
    {.name = "change row", .run = change_row},
    {.name = "next statement", .run = next_statement},
    {.name = "flush wal", .run = flush_wal},
    {.name = "wait for standby", .run = wait_for_standby},
    {.name = "acknowledge", .run = acknowledge},
};

static const struct step writer_steps[] = {
    {.name = "flush wal", .run = join_flush},
    {.name = "send wal", .run = end_flush},
};

static const struct step drop_steps[] = {
    {.name = "lock table", .run = postgres_partition_close},
    {.name = "drop partition", .run = postgres_partition_drop},
    {.name = "flush wal", .run = postgres_partition_commit},
    {.name = "open table", .run = postgres_partition_end},
};

static const struct step replay_steps[] = {
    {.name = "lock table", .run = postgres_partition_await},
    {.name = "replay drop", .run = postgres_partition_replayed},
};

// ---- operations -------------------------------------------------------------------------------

#define STEPS(table) .steps = table, .step_count = sizeof table / sizeof *table

const struct operation postgres_operations[POSTGRES_OPERATIONS] = {
    {.name = "read",
     .meaning = "selects one row by its key",
     STEPS(read_steps),
     .number = POSTGRES_READ},
    {.name = "write",
     .meaning = "inserts or updates the row of the key and commits",
     STEPS(write_steps),
     .number = POSTGRES_WRITE},
    {.name = "scan", .meaning = "reads `rows` rows", STEPS(scan_steps), .number = POSTGRES_SCAN},
    {.name = "transaction",
     .meaning = "`statements` changes under the locks of `locks.rows` rows, with the "
                "client's turns between them, and a commit",
     STEPS(transaction_steps),
     .number = POSTGRES_TRANSACT},
    {.name = "issue",
     .meaning = "inserts the token of the key, good for `tokens.ttl`",
     STEPS(write_steps),
     .number = POSTGRES_ISSUE},
    {.name = "verify",
     .meaning = "looks the token of the key up; refuses one that has expired or was revoked",
     STEPS(verify_steps),
     .number = POSTGRES_VERIFY},
    {.name = "revoke",
     .meaning = "marks the token of the key as revoked",
     STEPS(write_steps),
     .number = POSTGRES_REVOKE},
    {.name = "write wal",
     .meaning = "flushes what commits did not wait for",
     STEPS(writer_steps),
     .number = POSTGRES_WRITER,
     .internal = true},
    {.name = "drop partition",
     .meaning = "drops the oldest time partition",
     STEPS(drop_steps),
     .number = POSTGRES_DROP,
     .internal = true},
    {.name = "replay drop",
     .meaning = "replays that a partition was dropped",
     STEPS(replay_steps),
     .number = POSTGRES_REPLAY,
     .internal = true},
};
