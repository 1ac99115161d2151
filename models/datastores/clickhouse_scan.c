// clickhouse_scan - queries: the server that takes one asks a replica of every shard and merges
// what they answer; each scans columns with all its threads.
//
// A scan's processor work is shared by its threads, and the cores by all threads of all queries and
// merges; what the page cache lacks is read meanwhile from the disk, and the later of both ends it.
#include <stdlib.h>

#include "models/datastores/clickhouse.h"

#include "sim/base/check.h"

enum { MESSAGE_BYTES = 500, THREAD_ROWS = 20 * CLICKHOUSE_GRANULE };

static const struct clickhouse_configuration *setting_of(const struct node *server)
{
    return clickhouse_configuration(server->component);
}

const struct clickhouse_scan *clickhouse_scan_kind(const struct clickhouse_configuration *all,
                                                   uint32_t kind)
{
    if (kind >= CLICKHOUSE_KINDS) {
        return (const struct clickhouse_scan *)all->queries.items + (kind - CLICKHOUSE_KINDS);
    }
    return kind == CLICKHOUSE_KIND_LOOKUP ? &all->lookup : &all->query;
}

double clickhouse_scan_rows(const struct clickhouse_configuration *all, uint32_t kind)
{
    const struct clickhouse_scan *scan = clickhouse_scan_kind(all, kind);
    const double shards = scan->everywhere == 0 ? (double)all->shards : 1;
    const double rows = scan->rows > 0 ? scan->rows : scan->share * (double)all->table.rows;
    const double each = rows / shards;
    const double granules = (double)(uint64_t)(each / CLICKHOUSE_GRANULE);
    const bool whole = granules * CLICKHOUSE_GRANULE >= each;
    return (granules + (whole ? 0 : 1)) * CLICKHOUSE_GRANULE;
}

static uint32_t kind_of(const struct visit *visit)
{
    const uint16_t operation = visit->operation->number;
    return operation >= CLICKHOUSE_OPERATIONS
               ? (uint32_t)(operation - CLICKHOUSE_OPERATIONS + CLICKHOUSE_KINDS)
           : operation == CLICKHOUSE_LOOKUP ? CLICKHOUSE_KIND_LOOKUP
                                            : CLICKHOUSE_KIND_QUERY;
}

// ---- letting in -------------------------------------------------------------------------------

enum outcome clickhouse_scan_admit(struct visit *visit)
{
    struct pool *queries = &visit->node->pools[CLICKHOUSE_POOL_QUERIES];
    if ((uint64_t)queries->used.value >= queries->size) {
        clickhouse_state(visit->node->component)->refused_queries++;
        return step_fail(visit, STATUS_REJECTED);
    }
    return step_take(visit, queries);
}

static bool has_memory(const struct node *server, uint32_t kind)
{
    const struct clickhouse_configuration *setting = setting_of(server);
    uint64_t used = clickhouse_scan_kind(setting, kind)->memory;
    for (uint32_t i = 0; i < CLICKHOUSE_KINDS + setting->queries.count; i++) {
        used += clickhouse_scan_kind(setting, i)->memory *
                (uint64_t)server->pools[CLICKHOUSE_POOL_KINDS + i].used.value;
    }
    return setting->limits.memory == 0 || used <= setting->limits.memory;
}

// ---- one shard's part -------------------------------------------------------------------------

static struct clickhouse_task *task_of(const struct visit *visit)
{
    return slots_at(&clickhouse_state(visit->node->component)->tasks, visit->value);
}

static void end_run(struct node *server, uint64_t run_name, enum status status)
{
    struct clickhouse_state *state = clickhouse_state(server->component);
    struct clickhouse_run *run = clickhouse_named(&state->runs, run_name);
    if (run == NULL) {
        return;
    }
    run->status = status != STATUS_OK ? status : run->status;
    if (--run->open > 0) {
        return;
    }
    struct visit *visit = visit_of(server->world, run->ticket);
    if (visit != NULL) {
        visit->status = run->status & 0x7f;
        visit_wake_later(server->world, run->ticket);
    }
    slots_give(&state->runs, run->number);
}

static void give_task(struct component *component, struct clickhouse_task *task)
{
    slots_give(&clickhouse_state(component)->tasks, task->number);
}

static void on_shard_answer(struct node *server, struct node *from, uint64_t name)
{
    (void)from;
    struct component *component = server->component;
    struct clickhouse_task *task =
        clickhouse_named(&clickhouse_state(component)->tasks, name);
    if (task != NULL) {
        const uint64_t run = task->run;
        const enum status status = (enum status)task->failed;
        give_task(component, task);
        end_run(server, run, status);
    }
}

// The work at the shard has ended; its answer goes to whoever asked.
static void answer_shard(struct node *at, struct clickhouse_task *task, enum status status)
{
    struct component *component = at->component;
    struct clickhouse_state *state = clickhouse_state(component);
    const struct clickhouse_run *run = clickhouse_named(&state->runs, task->run);
    task->failed = (uint8_t)status;
    if (run == NULL) {
        give_task(component, task);
        return;
    }
    struct node *server = &component->nodes[run->server];
    const uint64_t name = clickhouse_name(&state->tasks, task->number);
    const uint64_t bytes = clickhouse_scan_kind(setting_of(at), task->kind)->answer;
    if (server == at) {
        on_shard_answer(server, at, name);
    } else {
        network_message(at, server, bytes + MESSAGE_BYTES, on_shard_answer, name);
    }
}

static enum outcome end_part(struct visit *visit)
{
    struct clickhouse_task *task = task_of(visit);
    if (--task->parts == 0) {
        answer_shard(visit->node, task, STATUS_OK);
    }
    return step_reply(visit, STATUS_OK);
}

static enum outcome refuse_part(struct visit *visit, enum status status)
{
    struct clickhouse_state *state = clickhouse_state(visit->node->component);
    *(status == STATUS_REJECTED ? &state->refused_queries : &state->refused_memory) += 1;
    answer_shard(visit->node, task_of(visit), status);
    return step_reply(visit, status);
}

static bool is_full(const struct node *server)
{
    const struct pool *queries = &server->pools[CLICKHOUSE_POOL_QUERIES];
    return (uint64_t)queries->used.value >= queries->size;
}

static enum outcome enter_shard(struct visit *visit)
{
    struct node *server = visit->node;
    const struct clickhouse_task *task = task_of(visit);
    if (!task->local && is_full(server)) {
        return refuse_part(visit, STATUS_REJECTED);
    }
    if (!has_memory(server, task->kind)) {
        return refuse_part(visit, STATUS_ERROR);
    }
    const enum outcome taken =
        step_take(visit, &server->pools[CLICKHOUSE_POOL_KINDS + task->kind]);
    return task->local ? taken : step_take(visit, &server->pools[CLICKHOUSE_POOL_QUERIES]);
}

// A thread is worth its while for 20 granules (merge_tree_min_rows_for_concurrent_read).
static uint32_t threads_for(const struct node *server, double rows)
{
    const uint64_t setting = setting_of(server)->limits.threads;
    const double cores = server->component->design->cores;
    const double threads = setting > 0 ? (double)setting : cores > 1 ? (double)(uint32_t)cores : 1;
    const double useful = (double)(uint64_t)(rows / THREAD_ROWS);
    return useful < 1 ? 1 : (uint32_t)(useful < threads ? useful : threads);
}

// A page cache that lost its pages fills as they are read again.
static double cold_bytes(const struct node *server, const struct clickhouse_scan *scan,
                         double rows)
{
    struct clickhouse_node *self = clickhouse_node(server);
    const double cache = (double)setting_of(server)->disk.cache;
    const double warm = cache > 0 && self->warm < cache ? self->warm / cache : 1;
    const double bytes = rows * (double)scan->width * (1 - scan->cached * warm);
    self->warm += bytes;
    return bytes;
}

static void begin_reading(struct visit *visit, struct clickhouse_task *task, double rows)
{
    const struct clickhouse_scan *scan =
        clickhouse_scan_kind(setting_of(visit->node), task->kind);
    struct node *server = visit->node;
    const double bytes = cold_bytes(server, scan, rows);
    const struct operation *operation = &server->component->design->operations[CLICKHOUSE_READ];
    struct visit *reading =
        bytes >= 1 ? node_begin_visit(server, operation, visit->request) : NULL;
    if (reading != NULL) {
        reading->value = visit->value;
        visit_words(reading)[0] = (uint64_t)bytes;
        task->parts++;
    }
}

// A share of the table is one of what was inserted, too.
static double rows_at(const struct node *server, uint32_t kind)
{
    const struct clickhouse_scan *scan = clickhouse_scan_kind(setting_of(server), kind);
    const double inserted = scan->rows > 0 ? 0 : (double)clickhouse_node(server)->rows;
    return clickhouse_scan_rows(setting_of(server), kind) + scan->share * inserted;
}

static double scan_ns(struct visit *visit, const struct clickhouse_task *task)
{
    const struct clickhouse_scan *scan =
        clickhouse_scan_kind(setting_of(visit->node), task->kind);
    return rows_at(visit->node, task->kind) * distribution_mean(&scan->row);
}

static enum outcome scan_columns(struct visit *visit)
{
    struct node *server = visit->node;
    struct clickhouse_state *state = clickhouse_state(server->component);
    struct clickhouse_task *task = task_of(visit);
    const struct clickhouse_scan *scan = clickhouse_scan_kind(setting_of(server), task->kind);
    const double rows = rows_at(server, task->kind);
    const uint32_t threads = threads_for(server, rows);
    begin_reading(visit, task, rows);
    state->scanned_rows += (uint64_t)rows;
    state->scanned_bytes += (uint64_t)(rows * (double)scan->width);
    const double each = scan_ns(visit, task) * (1 - scan->serial) / threads;
    return station_serve_wide(&server->cpu, visit, (int64_t)each, threads);
}

static enum outcome scan_alone(struct visit *visit)
{
    const struct clickhouse_task *task = task_of(visit);
    const double serial = clickhouse_scan_kind(setting_of(visit->node), task->kind)->serial;
    return step_cpu(visit, time_of(scan_ns(visit, task) * serial));
}

const struct step clickhouse_scan_part_steps[CLICKHOUSE_PART_STEPS] = {
    {"enter", enter_shard},
    {"scan columns", scan_columns},
    {"scan alone", scan_alone},
    {"end", end_part},
};

static enum outcome read_columns(struct visit *visit)
{
    const double bytes = (double)visit_words(visit)[0];
    const double time = bytes / setting_of(visit->node)->disk.bandwidth * 1e9;
    return station_serve(&visit->node->devices[CLICKHOUSE_DEVICE_DISK], visit, (int64_t)time);
}

const struct step clickhouse_scan_read_steps[CLICKHOUSE_READ_STEPS] = {
    {"read columns", read_columns},
    {"end", end_part},
};

// ---- over the shards --------------------------------------------------------------------------

static void begin_task(struct node *server, struct clickhouse_task *task)
{
    struct visit *visit =
        node_begin_visit(server, &server->component->design->operations[CLICKHOUSE_SCAN], 0);
    task->server = server->replica;
    task->epoch = server->epoch;
    task->parts = 1;
    if (visit != NULL) {
        visit->value = task->number;
    }
}

static void on_shard_asked(struct node *at, struct node *server, uint64_t name)
{
    (void)server;
    struct clickhouse_task *task =
        clickhouse_named(&clickhouse_state(at->component)->tasks, name);
    if (task != NULL) {
        begin_task(at, task);
    }
}

static void ask_shard(struct node *server, struct clickhouse_task *task);

static void fail_task(struct node *server, struct clickhouse_task *task)
{
    const uint64_t run = task->run;
    give_task(server->component, task);
    end_run(server, run, STATUS_ERROR);
}

// Silence: of a connection that does not come about, or of an answer.
static void on_silence(struct node *server, uint64_t name)
{
    struct component *component = server->component;
    struct clickhouse_task *task =
        clickhouse_named(&clickhouse_state(component)->tasks, name);
    if (task == NULL) {
        return;
    }
    if (task->server == CLICKHOUSE_NONE) {
        ask_shard(server, task);
        return;
    }
    const struct node *replica = &component->nodes[task->server];
    if (task->parts > 0 && task->epoch == replica->epoch) { // at work: it sends its progress
        node_timer_constant(server, setting_of(server)->receive_ns, on_silence, name);
        return;
    }
    fail_task(server, task);
}

// The next replica of the shard in turn; this server itself if it is one of them.
static struct node *next_replica(struct node *server, struct clickhouse_task *task)
{
    struct component *component = server->component;
    const uint32_t replicas = (uint32_t)setting_of(server)->replicas;
    const uint32_t first = clickhouse_state(component)->turn;
    if (clickhouse_shard_of(server) == task->shard) {
        return server;
    }
    for (; task->tries < 2 * replicas; task->tries++) {
        struct node *replica =
            clickhouse_replica(component, task->shard, (first + task->tries) % replicas);
        const bool silent = replica->life == NODE_DARK;
        const bool believed = replica->listed || task->tries >= replicas;
        if (node_is_up(replica) || (silent && believed && task->tries < replicas)) {
            task->tries++;
            return replica;
        }
    }
    return NULL;
}

static void ask_shard(struct node *server, struct clickhouse_task *task)
{
    const struct clickhouse_configuration *setting = setting_of(server);
    const struct slots *tasks = &clickhouse_state(server->component)->tasks;
    const uint64_t name = clickhouse_name(tasks, task->number);
    struct node *replica = next_replica(server, task);
    if (replica == NULL) {
        answer_shard(server, task, STATUS_UNAVAILABLE);
    } else if (replica == server) {
        task->local = true;
        begin_task(server, task);
    } else if (replica->life == NODE_DARK) {
        task->server = CLICKHOUSE_NONE;
        node_timer_constant(server, setting->connect_ns, on_silence, name);
    } else {
        task->server = replica->replica;
        network_message(server, replica, MESSAGE_BYTES, on_shard_asked, name);
        node_timer_constant(server, setting->receive_ns, on_silence, name);
    }
}

static void begin_shard(struct node *server, const struct clickhouse_run *run, uint32_t shard)
{
    struct clickhouse_state *state = clickhouse_state(server->component);
    const uint32_t number = slots_take(&state->tasks);
    struct clickhouse_task *task = slots_at(&state->tasks, number);
    task->number = number;
    task->run = clickhouse_name(&state->runs, run->number);
    task->kind = run->kind;
    task->shard = shard;
    ask_shard(server, task);
}

static enum outcome plan_query(struct visit *visit)
{
    const struct clickhouse_configuration *setting = setting_of(visit->node);
    return step_cpu(visit,
                    distribution_draw(&setting->plan, clickhouse_node(visit->node)->work));
}

static struct clickhouse_run *begin_run(struct visit *visit)
{
    const struct clickhouse_configuration *setting = setting_of(visit->node);
    struct clickhouse_state *state = clickhouse_state(visit->node->component);
    const uint32_t number = slots_take(&state->runs);
    struct clickhouse_run *run = slots_at(&state->runs, number);
    run->number = number;
    run->ticket = visit_ticket(visit);
    run->server = visit->node->replica;
    run->kind = kind_of(visit);
    const bool all = clickhouse_scan_kind(setting, run->kind)->everywhere == 0;
    run->open = all ? (uint32_t)setting->shards : 1;
    state->turn++;
    return run;
}

static enum outcome ask_shards(struct visit *visit)
{
    struct node *server = visit->node;
    const enum outcome wait = step_wait(visit);
    const struct clickhouse_run *run = begin_run(visit);
    const uint32_t shards = run->open, own = clickhouse_shard_of(server);
    const bool all = shards > 1;
    for (uint32_t shard = 0; shard < shards; shard++) {
        begin_shard(server, run, all ? shard : own);
    }
    return wait;
}

static enum outcome answer_query(struct visit *visit)
{
    const struct clickhouse_scan *scan =
        clickhouse_scan_kind(setting_of(visit->node), kind_of(visit));
    return step_reply_bytes(visit, (enum status)visit->status,
                            visit->status == STATUS_OK ? scan->answer : 0);
}

const struct step clickhouse_scan_query_steps[CLICKHOUSE_QUERY_STEPS] = {
    {"admit", clickhouse_scan_admit},
    {"plan", plan_query},
    {"ask shards", ask_shards},
    {"answer", answer_query},
};

// ---- life -------------------------------------------------------------------------------------

static void on_lost_shard(struct node *server, struct node *from, uint64_t name)
{
    (void)from;
    struct component *component = server->component;
    struct clickhouse_task *task =
        clickhouse_named(&clickhouse_state(component)->tasks, name);
    if (task != NULL) {
        fail_task(server, task);
    }
}

static void lose_task(struct node *crashed, struct clickhouse_task *task)
{
    struct component *component = crashed->component;
    struct clickhouse_state *state = clickhouse_state(component);
    const struct clickhouse_run *run = clickhouse_named(&state->runs, task->run);
    if (run == NULL || run->server == crashed->replica) {
        give_task(component, task);
    } else if (crashed->life == NODE_DOWN) {
        network_message(crashed, &component->nodes[run->server], MESSAGE_BYTES, on_lost_shard,
                        clickhouse_name(&state->tasks, task->number));
    }
}

// Queries that the server had taken die with it; those of others that it worked for fail, at once
// if its process died, after their time-out if its host went dark.
void clickhouse_scan_crash(struct node *server)
{
    struct clickhouse_state *state = clickhouse_state(server->component);
    if (server->life == NODE_DARK) {
        clickhouse_node(server)->warm = 0;
    }
    for (uint32_t number = 1; number < state->tasks.used; number++) {
        struct clickhouse_task *task = slots_at(&state->tasks, number);
        if (task->number == number && task->server == server->replica) {
            lose_task(server, task);
        }
    }
    for (uint32_t number = 1; number < state->runs.used; number++) {
        struct clickhouse_run *run = slots_at(&state->runs, number);
        if (run->number == number && run->server == server->replica) {
            slots_give(&state->runs, number);
        }
    }
}
