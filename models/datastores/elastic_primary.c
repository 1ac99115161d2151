// elastic_primary - an operation at its primary and at the other copies of the shard.
//
// The primary executes it, sends it to every copy that is started or being built, and answers when
// all of them have it (durably, with durability: request). A copy that is in sync and cannot be
// reached must first leave the in-sync set, by a cluster state of the master that the primary has
// applied: until then the operation hangs. A primary that has been replaced drops what it has not
// answered. A conflict goes to the copies, too, which have nothing to do: only a primary that they
// still follow may tell it.
#include "models/datastores/elastic.h"

static const struct elastic_configuration *configuration_of(const struct node *node)
{
    return elastic_configuration(node->component);
}

static uint64_t name_of(const struct elastic_write *write)
{
    return (uint64_t)write->generation << 32 | write->number;
}

static struct elastic_write *write_named(struct component *component, uint64_t name)
{
    struct slots *writes = &elastic_state(component)->writes;
    struct elastic_write *write = slots_at(writes, (uint32_t)name);
    return write->generation == name >> 32 ? write : NULL;
}

static struct elastic_write *write_at(struct elastic_state *state, uint32_t number)
{
    struct elastic_write *write = slots_at(&state->writes, number);
    return write->number == number ? write : NULL;
}

static bool is_primary(const struct node *node, uint32_t shard, uint32_t term)
{
    const struct elastic_routing *routing = elastic_routing(node, shard);
    return routing->primary == node->replica && (routing->started & elastic_bit(node)) &&
           elastic_node(node)->copies[shard].serving && (term == 0 || routing->term == term);
}

// ---- acknowledgement --------------------------------------------------------------------------

static void end_write(struct component *component, struct elastic_write *write)
{
    struct elastic_op *op = elastic_shard_op(component, write->shard, write->op);
    if (op != NULL) {
        op->write = 0;
    }
    elastic_node(&component->nodes[write->primary])->indexing -= write->heap;
    slots_give(&elastic_state(component)->writes, write->number);
}

static void fail(struct component *component, struct elastic_write *write)
{
    struct node *primary = &component->nodes[write->primary];
    const uint64_t request = write->request;
    const enum status status = write->conflict ? STATUS_UNAVAILABLE : STATUS_INDETERMINATE;
    end_write(component, write);
    elastic_request_answer(primary, request, status);
}

static void note_acknowledgement(struct component *component, const struct elastic_write *write)
{
    struct elastic_state *state = elastic_state(component);
    const struct elastic_shard *shard = &state->shards[write->shard];
    const struct elastic_op *op = elastic_shard_op(component, write->shard, write->op);
    const struct node *primary = &component->nodes[write->primary];
    const uint32_t insync = elastic_routing(primary, write->shard)->insync;
    state->acknowledged += write->documents;
    state->stray_acknowledgements += shard->term == write->term && shard->primary != write->primary;
    const bool request = configuration_of(primary)->index.durability == ELASTIC_REQUEST;
    state->early_acknowledgements += request && (insync & ~op->durable) != 0;
}

static void tell_conflict(struct component *component, struct elastic_write *write)
{
    struct node *primary = &component->nodes[write->primary];
    const uint64_t request = write->request;
    end_write(component, write);
    elastic_request_answer(primary, request, STATUS_CONFLICT);
}

static void acknowledge(struct component *component, struct elastic_write *write)
{
    struct node *primary = &component->nodes[write->primary];
    const uint64_t request = write->request;
    const uint32_t shard = write->shard;
    struct elastic_op *op = elastic_shard_op(component, shard, write->op);
    note_acknowledgement(component, write);
    op->acknowledged = true;
    history_applied(primary, write->key, write->value);
    end_write(component, write);
    elastic_shard_trim(component, shard);
    elastic_request_answer(primary, request, STATUS_OK);
}

// The master is asked to take copies that lack the operation out of the in-sync set.
static void ask_removal(struct node *primary, uint32_t shard, uint32_t nodes)
{
    for (uint32_t rest = nodes; rest != 0; rest &= rest - 1) {
        elastic_master_report(primary, shard, (uint32_t)__builtin_ctz(rest), false);
    }
}

// A copy that was built since has what its primary had. One that has left can only come back built
// from this primary, which is all that a conflict wants to know.
static void note_built(struct component *component, struct elastic_write *write)
{
    if (write->conflict) {
        const struct elastic_routing *routing =
            elastic_routing(&component->nodes[write->primary], write->shard);
        write->answered |= ~(routing->insync | routing->started | routing->initializing);
        return;
    }
    const struct elastic_op *op = elastic_shard_op(component, write->shard, write->op);
    const bool request = elastic_configuration(component)->index.durability == ELASTIC_REQUEST;
    write->answered |= request ? op->durable : op->held;
}

static void settle(struct component *component, struct elastic_write *write)
{
    struct node *primary = &component->nodes[write->primary];
    const struct elastic_routing *routing = elastic_routing(primary, write->shard);
    if (!is_primary(primary, write->shard, write->term)) {
        fail(component, write);
        return;
    }
    note_built(component, write);
    const uint32_t unreachable = elastic_node(primary)->unreachable;
    const uint32_t assigned = routing->started | routing->initializing;
    const uint32_t lacking = write->awaited & ~write->answered & assigned;
    const uint32_t missing = routing->insync & ~write->answered & ~(lacking & ~unreachable);
    if ((missing | (lacking & unreachable)) != 0) {
        ask_removal(primary, write->shard, missing | (lacking & unreachable));
    } else if (lacking == 0) {
        write->conflict ? tell_conflict(component, write) : acknowledge(component, write);
    }
}

static void on_copied(struct node *primary, struct node *from, uint64_t name)
{
    struct elastic_write *write = write_named(primary->component, name);
    if (write != NULL && write->primary == primary->replica) {
        write->answered |= elastic_bit(from);
        settle(primary->component, write);
    }
}

static bool is_cut(const struct node *from, const struct node *to)
{
    const struct network_path path = {from->zone, to->zone, from->component->number,
                                      to->component->number};
    return from->world->network.effect_count > 0 && network_is_cut(from->world, path);
}

void elastic_primary_copied(struct node *node, uint32_t number)
{
    struct component *component = node->component;
    struct elastic_write *write = write_at(elastic_state(component), number);
    if (number == 0 || write == NULL) {
        return;
    }
    struct node *primary = &component->nodes[write->primary];
    if (primary == node) {
        on_copied(primary, node, name_of(write));
    } else if (is_cut(node, primary)) {
        write->cut |= elastic_bit(node);
    } else {
        network_message(node, primary, ELASTIC_MESSAGE, on_copied, name_of(write));
    }
}

// ---- at the other copies ----------------------------------------------------------------------

static void on_operation(struct node *copy, struct node *from, uint64_t name)
{
    (void)from;
    if (write_named(copy->component, name) != NULL) {
        elastic_request_begin(copy, ELASTIC_REPLICA, name);
    }
}

static void send_operation(struct node *primary, struct elastic_write *write, uint32_t to)
{
    struct node *copy = &primary->component->nodes[to];
    if (is_cut(primary, copy)) {
        write->cut |= 1U << to;
    } else {
        network_message(primary, copy, ELASTIC_MESSAGE + write->bytes, on_operation,
                        name_of(write));
    }
}

static void send_to(struct node *primary, struct elastic_write *write, uint32_t nodes)
{
    for (uint32_t rest = nodes; rest != 0; rest &= rest - 1) {
        send_operation(primary, write, (uint32_t)__builtin_ctz(rest));
    }
}

// One document as drawn, the others of a bulk at their mean.
static int64_t work_ns(const struct visit *visit, uint32_t documents)
{
    const struct elastic_configuration *configuration = configuration_of(visit->node);
    const struct elastic_writing *writing = &configuration->writing;
    struct random_stream *stream = elastic_node(visit->node)->streams.cpu;
    const double one = distribution_draw_real(&writing->document, stream);
    const double others = distribution_mean(&writing->document) * (documents - 1);
    return distribution_draw(&writing->request, stream) +
           (int64_t)(one + others + elastic_segment_insertion(configuration) * documents);
}

static enum outcome admit_copy(struct visit *visit)
{
    const struct elastic_write *write = write_named(visit->node->component, visit->request);
    if (write == NULL) {
        return step_fail(visit, STATUS_CANCELLED);
    }
    elastic_node(visit->node)->copying += write->bytes;
    visit->units = write->conflict ? 0 : write->documents;
    visit->value = (uint32_t)write->bytes;
    return step_take(visit, &visit->node->pools[ELASTIC_POOL_WRITE]);
}

static enum outcome copy(struct visit *visit)
{
    return visit->units == 0 ? step_next(visit) : step_cpu(visit, work_ns(visit, visit->units));
}

static void take_operation(struct node *node, const struct elastic_write *write)
{
    if (write->conflict) {
        elastic_primary_copied(node, write->number);
        return;
    }
    const struct elastic_op *op = elastic_shard_op(node->component, write->shard, write->op);
    const bool has = op != NULL && (op->held & elastic_bit(node));
    const bool durable = op == NULL || (op->durable & elastic_bit(node));
    if (!has) {
        elastic_shard_take(node, write);
    } else if (durable || configuration_of(node)->index.durability == ELASTIC_ASYNC) {
        elastic_primary_copied(node, write->number);
    }
}

// A copy learns of a new primary by the cluster state, or by its first operation.
static bool follows(const struct node *node, const struct elastic_write *write)
{
    struct elastic_copy *copy = &elastic_node(node)->copies[write->shard];
    const uint32_t known = elastic_routing(node, write->shard)->term;
    if (write->term < known || write->term < copy->term) {
        return false;
    }
    copy->term = write->term;
    return true;
}

// An operation of a primary that has been replaced is refused: it will learn so by itself.
static enum outcome take_copy(struct visit *visit)
{
    struct node *node = visit->node;
    const struct elastic_write *write = write_named(node->component, visit->request);
    elastic_node(node)->copying -= visit->value;
    if (write == NULL || !follows(node, write)) {
        return step_fail(visit, STATUS_CANCELLED);
    }
    take_operation(node, write);
    return step_reply(visit, STATUS_OK);
}

const struct step elastic_primary_copy_steps[3] = {
    {.name = "take write thread", .run = admit_copy},
    {.name = "index documents", .run = copy},
    {.name = "write translog", .run = take_copy},
};

// ---- at the primary ---------------------------------------------------------------------------

static enum outcome refuse(struct visit *visit, enum status status)
{
    elastic_request_answer(visit->node, visit->request, status);
    return step_fail(visit, status);
}

// Whether the node has no heap for the request, or no place in line.
static bool is_overloaded(const struct node *node, const struct elastic_request *request)
{
    struct elastic_state *state = elastic_state(node->component);
    const struct pool *pool = &node->pools[ELASTIC_POOL_WRITE];
    const bool pressed = request->from != node->replica && // held already for the coordination
                         elastic_write_presses(node, request->bytes);
    const bool full = (uint64_t)pool->used.value >= pool->size &&
                      pool->line.count >= configuration_of(node)->threads.write_queue;
    state->pressed += pressed;
    state->rejections += full;
    return pressed || full;
}

static enum outcome admit(struct visit *visit)
{
    const struct elastic_request *request = elastic_request_of(visit);
    struct node *node = visit->node;
    if (request == NULL || !is_primary(node, request->shard, 0)) {
        return refuse(visit, STATUS_UNAVAILABLE);
    }
    if (is_overloaded(node, request)) {
        return refuse(visit, STATUS_REJECTED);
    }
    visit->units = request->documents;
    visit->value = request->from != node->replica ? (uint32_t)request->bytes : 0;
    elastic_node(node)->indexing += visit->value;
    return step_take(visit, &node->pools[ELASTIC_POOL_WRITE]);
}

static enum outcome execute(struct visit *visit)
{
    return step_cpu(visit, work_ns(visit, visit->units));
}

static struct elastic_write *begin_write(struct visit *visit, const struct elastic_request *request)
{
    struct node *primary = visit->node;
    struct component *component = primary->component;
    struct elastic_state *state = elastic_state(component);
    const struct elastic_routing *routing = elastic_routing(primary, request->shard);
    const uint32_t number = slots_take(&state->writes);
    struct elastic_write *write = slots_at(&state->writes, number);
    write->number = number;
    write->shard = request->shard;
    write->primary = primary->replica;
    write->term = routing->term;
    write->awaited = routing->started | routing->initializing | elastic_bit(primary);
    write->documents = request->documents;
    write->request = elastic_request_name(request);
    write->bytes = request->bytes;
    write->heap = visit->value;
    write->key = request->key;
    write->value = request->value;
    return write;
}

static void begin_operation(struct component *component, struct elastic_write *write)
{
    struct elastic_op *op = elastic_shard_append(component, write->shard);
    op->key = write->key;
    op->value = write->value;
    op->documents = write->documents;
    op->write = write->number;
    write->op = op->number;
    elastic_state(component)->written += write->documents;
}

// Why the operation is not to be carried out; OK: nothing stands against it.
static enum status objection(const struct node *primary, const struct elastic_request *request)
{
    if (request == NULL || !is_primary(primary, request->shard, 0)) {
        return STATUS_UNAVAILABLE;
    }
    const struct elastic_copy *copy = &elastic_node(primary)->copies[request->shard];
    const uint64_t present = versions_get(&copy->versions, request->key).value;
    return request->conditional && present != request->expected ? STATUS_CONFLICT : STATUS_OK;
}

// At the copies, too.
static void carry_out(struct node *primary, struct elastic_write *write)
{
    send_to(primary, write, write->awaited & ~elastic_bit(primary));
    if (write->conflict) {
        write->op = UINT64_MAX;
        on_copied(primary, primary, name_of(write));
    } else {
        begin_operation(primary->component, write);
        elastic_shard_take(primary, write);
    }
}

static enum outcome replicate(struct visit *visit)
{
    struct node *primary = visit->node;
    const struct elastic_request *request = elastic_request_of(visit);
    const enum status status = objection(primary, request);
    if (status != STATUS_OK && status != STATUS_CONFLICT) {
        elastic_node(primary)->indexing -= visit->value;
        return refuse(visit, status);
    }
    struct elastic_write *write = begin_write(visit, request);
    write->conflict = status == STATUS_CONFLICT;
    carry_out(primary, write);
    return step_reply(visit, STATUS_OK);
}

const struct step elastic_primary_steps[3] = {
    {.name = "take write thread", .run = admit},
    {.name = "index documents", .run = execute},
    {.name = "replicate", .run = replicate},
};

// ---- changes ----------------------------------------------------------------------------------

static void send_again(struct node *primary, struct elastic_write *write)
{
    const uint32_t cut = write->cut & ~write->answered;
    write->cut = 0;
    send_to(primary, write, cut);
}

void elastic_primary_review(struct node *node)
{
    struct component *component = node->component;
    struct elastic_state *state = elastic_state(component);
    for (uint32_t number = 1; number < state->writes.used; number++) {
        struct elastic_write *write = write_at(state, number);
        if (write != NULL && write->primary == node->replica) {
            send_again(node, write);
            settle(component, write);
        }
    }
}

void elastic_primary_drop(struct component *component, uint32_t number)
{
    struct elastic_write *write = write_at(elastic_state(component), number);
    if (number != 0 && write != NULL) {
        fail(component, write);
    }
}

void elastic_primary_crash(struct node *node)
{
    struct elastic_state *state = elastic_state(node->component);
    for (uint32_t number = 1; number < state->writes.used; number++) {
        struct elastic_write *write = write_at(state, number);
        if (write != NULL && write->primary == node->replica) {
            end_write(node->component, write);
        }
    }
}
