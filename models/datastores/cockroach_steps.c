// cockroach_steps - what reads, writes, transactions and scans do at their gateway, step by step.
#include "models/datastores/cockroach.h"

#include "sim/kernel/time.h"

enum { ASK = 1 };

static const struct cockroach_configuration *configuration_of(const struct visit *visit)
{
    return cockroach_configuration(visit->node->component);
}

// ---- steps ------------------------------------------------------------------------------------

static enum outcome plan(struct visit *visit)
{
    const struct cockroach_configuration *configuration = configuration_of(visit);
    if (visit->operation->number == COCKROACH_READ) {
        history_begin(visit, HISTORY_READ, 0, 0);
    } else if (visit->operation->number == COCKROACH_WRITE) {
        history_begin(visit, HISTORY_WRITE, history_value(visit), 0);
    } else if (visit->operation->number == COCKROACH_FOLLOWER_READ) {
        cockroach_live_close(visit->node->component);
    }
    return step_cpu(visit, distribution_draw(&configuration->gateway,
                                             cockroach_node(visit->node)->streams.cpu));
}

static enum outcome ask(struct visit *visit, enum cockroach_service service)
{
    struct node *node = visit->node;
    const uint64_t key = visit_key(visit);
    const bool writes = service == COCKROACH_SERVE_WRITE;
    const struct cockroach_question question = {
        .service = service,
        .range = cockroach_gateway_range(node->component, key),
        .key = key,
        .value = writes ? history_value(visit) : 0,
        .stamp = cockroach_serve_clock(node, 0),
    };
    return cockroach_gateway_ask(visit, &question);
}

static enum outcome ask_read(struct visit *visit)
{
    return ask(visit, COCKROACH_SERVE_READ);
}

// From here on the write may be done, whoever waits for it.
static enum outcome ask_write(struct visit *visit)
{
    visit->deadline_ns = TIME_NEVER;
    return ask(visit, COCKROACH_SERVE_WRITE);
}

static enum outcome ask_stale(struct visit *visit)
{
    const int64_t staleness = configuration_of(visit)->closed.staleness_ns;
    const uint64_t key = visit_key(visit);
    const struct cockroach_question question = {
        .service = COCKROACH_SERVE_STALE,
        .range = cockroach_gateway_range(visit->node->component, key),
        .key = key,
        .stamp = cockroach_serve_clock(visit->node, 0) - staleness,
    };
    return cockroach_gateway_ask(visit, &question);
}

// A scan goes from range to range.
static enum outcome ask_scan(struct visit *visit)
{
    const struct component *component = visit->node->component;
    const uint64_t key = visit_key(visit);
    const uint32_t ranges = cockroach_cluster(component)->range_count - 1;
    const uint32_t first = cockroach_gateway_range(component, key) - 1;
    const struct cockroach_question question = {
        .service = COCKROACH_SERVE_SCAN,
        .range = 1 + (first + visit->loops[1]) % ranges,
        .key = key,
        .stamp = cockroach_serve_clock(visit->node, 0),
    };
    return cockroach_gateway_ask(visit, &question);
}

static enum outcome judge(struct visit *visit)
{
    if (cockroach_gateway_asks_on(visit)) {
        return step_jump(visit, ASK);
    }
    const enum status status = (enum status)visit->status;
    if (status != STATUS_OK) {
        return step_fail(visit, status);
    }
    return step_next(visit);
}

// A connection that breaks while a write is on its way leaves it in doubt (40003).
static enum outcome judge_write(struct visit *visit)
{
    const enum status broken = STATUS_RESET;
    if ((enum status)visit->status == broken) {
        history_end(visit, STATUS_INDETERMINATE, 0);
        return step_fail(visit, STATUS_INDETERMINATE);
    }
    if (!cockroach_gateway_asks_on(visit) && visit->status != STATUS_OK) {
        history_end(visit, (enum status)visit->status, 0);
    }
    return judge(visit);
}

static enum outcome judge_scan(struct visit *visit)
{
    if (visit->status == STATUS_OK && ++visit->loops[1] < configuration_of(visit)->scan_ranges) {
        cockroach_gateway_reset(visit);
        return step_jump(visit, ASK);
    }
    return judge(visit);
}

static enum outcome answer_row(struct visit *visit)
{
    history_end(visit, STATUS_OK, visit_words(visit)[0]);
    return step_reply_bytes(visit, STATUS_OK, configuration_of(visit)->answer);
}

static enum outcome answer_stale(struct visit *visit)
{
    return step_reply_bytes(visit, STATUS_OK, configuration_of(visit)->answer);
}

static enum outcome acknowledge(struct visit *visit)
{
    struct component *component = visit->node->component;
    const uint32_t range = cockroach_gateway_range(component, visit_key(visit));
    cockroach_range_acknowledge(component, range, visit_words(visit)[1]);
    history_end(visit, STATUS_OK, 0);
    return step_reply(visit, STATUS_OK);
}

static enum outcome answer_rows(struct visit *visit)
{
    const struct cockroach_configuration *configuration = configuration_of(visit);
    return step_reply_bytes(visit, STATUS_OK, configuration->answer * configuration->rows);
}

// ---- steps of a transaction -------------------------------------------------------------------

static enum outcome plan_transaction(struct visit *visit)
{
    visit->deadline_ns = TIME_NEVER;
    return plan(visit);
}

static enum outcome begin(struct visit *visit)
{
    cockroach_transaction_begin(visit);
    return step_next(visit);
}

static enum outcome ask_next(struct visit *visit)
{
    const struct cockroach_question question = cockroach_transaction_question(
        visit->node->component, cockroach_transaction_of(visit));
    return cockroach_gateway_ask(visit, &question);
}

// The client's transaction is over, but a statement sent as a whole may begin again.
static enum outcome fail(struct visit *visit, struct cockroach_transaction *transaction)
{
    const enum status status = (enum status)visit->status;
    const bool doubtful = transaction->at == transaction->count && status != STATUS_CONFLICT;
    if (doubtful) {
        transaction->failed = true;
        return step_next(visit); // what the record says decides
    }
    const uint64_t retries = configuration_of(visit)->transaction.retries;
    cockroach_transaction_abort(visit->node, transaction);
    if (status == STATUS_CONFLICT && visit->loops[1] < retries) {
        visit->loops[1]++;
        cockroach_gateway_reset(visit);
        cockroach_transaction_begin(visit);
        return step_jump(visit, ASK + 1);
    }
    return step_fail(visit, status == STATUS_RESET ? STATUS_CONFLICT : status);
}

static enum outcome judge_next(struct visit *visit)
{
    struct cockroach_transaction *transaction = cockroach_transaction_of(visit);
    if (visit->status == STATUS_REJECTED) {
        return step_jump(visit, ASK + 1);
    }
    if (visit->status != STATUS_OK) {
        return fail(visit, transaction);
    }
    cockroach_gateway_reset(visit);
    return cockroach_transaction_step(transaction) ? step_next(visit)
                                                   : step_jump(visit, ASK + 1);
}

static enum outcome commit(struct visit *visit)
{
    return cockroach_transaction_commit(visit);
}

static enum outcome confirm(struct visit *visit)
{
    return step_reply(visit, STATUS_OK);
}

// ---- tables -----------------------------------------------------------------------------------

static const struct step read_steps[] = {
    {.name = "plan", .run = plan},
    [ASK] = {.name = "ask leaseholder", .run = ask_read},
    {.name = "judge", .run = judge},
    {.name = "reply", .run = answer_row},
};

static const struct step write_steps[] = {
    {.name = "plan", .run = plan},
    [ASK] = {.name = "ask leaseholder", .run = ask_write},
    {.name = "judge", .run = judge_write},
    {.name = "acknowledge", .run = acknowledge},
};

static const struct step stale_steps[] = {
    {.name = "plan", .run = plan},
    [ASK] = {.name = "ask nearest replica", .run = ask_stale},
    {.name = "judge", .run = judge},
    {.name = "reply", .run = answer_stale},
};

static const struct step transaction_steps[] = {
    {.name = "plan", .run = plan_transaction},
    {.name = "begin", .run = begin},
    [ASK + 1] = {.name = "ask leaseholder", .run = ask_next},
    {.name = "judge", .run = judge_next},
    {.name = "await intents", .run = commit},
    {.name = "acknowledge", .run = confirm},
};

static const struct step scan_steps[] = {
    {.name = "plan", .run = plan},
    [ASK] = {.name = "ask leaseholder", .run = ask_scan},
    {.name = "judge", .run = judge_scan},
    {.name = "reply", .run = answer_rows},
};

// ---- operations -------------------------------------------------------------------------------

#define STEPS(table) .steps = table, .step_count = sizeof table / sizeof *table
#define SERVING(service) .number = COCKROACH_SERVING + (service), .internal = true

const struct operation cockroach_operations[COCKROACH_OPERATIONS] = {
    {.name = "read", .meaning = "selects one row by its key", STEPS(read_steps),
     .number = COCKROACH_READ},
    {.name = "write", .meaning = "inserts or updates the row of the key and commits",
     STEPS(write_steps), .number = COCKROACH_WRITE},
    {.name = "follower_read", .meaning = "selects one row as it was a while ago, from the nearest "
                                         "replica",
     STEPS(stale_steps), .number = COCKROACH_FOLLOWER_READ},
    {.name = "transact", .meaning = "reads and updates rows of several keys, all or none",
     STEPS(transaction_steps), .number = COCKROACH_TRANSACT},
    {.name = "scan", .meaning = "reads `rows` rows of `scan_ranges` ranges", STEPS(scan_steps),
     .number = COCKROACH_SCAN},
    {.name = "apply", .meaning = "applies committed entries of all ranges",
     STEPS(cockroach_serve_apply), .number = COCKROACH_APPLY, .internal = true},
    {.name = "serve read", .meaning = "a leaseholder reads a row", STEPS(cockroach_serve_read),
     SERVING(COCKROACH_SERVE_READ)},
    {.name = "serve stale", .meaning = "a replica reads a row as it was",
     STEPS(cockroach_serve_stale), SERVING(COCKROACH_SERVE_STALE)},
    {.name = "serve write", .meaning = "a leaseholder writes and replicates a row",
     STEPS(cockroach_serve_write), SERVING(COCKROACH_SERVE_WRITE)},
    {.name = "serve scan", .meaning = "a leaseholder reads rows of a range",
     STEPS(cockroach_serve_scan), SERVING(COCKROACH_SERVE_SCAN)},
    {.name = "serve intent", .meaning = "a leaseholder lays an intent and replicates it",
     STEPS(cockroach_serve_intent), SERVING(COCKROACH_SERVE_INTENT)},
    {.name = "serve refresh", .meaning = "a leaseholder looks whether a read holds later",
     STEPS(cockroach_serve_refresh), SERVING(COCKROACH_SERVE_REFRESH)},
    {.name = "serve stage", .meaning = "a leaseholder replicates a transaction's record",
     STEPS(cockroach_serve_stage), SERVING(COCKROACH_SERVE_STAGE)},
};
