// elastic_request - a request spread over shards: from its coordinating node to the copies and
// back.
//
// A fan stands for the visit that waits at the coordinating node; each of its requests goes to one
// copy of one shard. A search that fails at one copy tries the others; a write goes to the primary,
// and waits for the next cluster state while there is none that answers. When the query phase of a
// search is over, the fan goes on to the shards that own the best hits.
#include "models/datastores/elastic.h"

#include "sim/base/check.h"

static const uint64_t name_mark = (uint64_t)1 << 63; // no workload has such a number

uint64_t elastic_request_name(const struct elastic_request *request)
{
    return name_mark | (uint64_t)request->generation << 32 | request->number;
}

struct elastic_request *elastic_request_named(struct component *component, uint64_t name)
{
    struct slots *requests = &elastic_state(component)->requests;
    struct elastic_request *request = slots_at(requests, (uint32_t)name);
    const uint32_t generation = (uint32_t)(name >> 32) & 0x7fffffff;
    return (request->generation & 0x7fffffff) == generation ? request : NULL;
}

static struct elastic_request *request_at(struct elastic_state *state, uint32_t number)
{
    struct elastic_request *request = slots_at(&state->requests, number);
    return request->number == number ? request : NULL; // a free one's word links to another
}

static struct elastic_fan *fan_of(struct elastic_state *state,
                                  const struct elastic_request *request)
{
    return slots_at(&state->fans, request->fan);
}

static struct node *node_at(const struct component *component, uint32_t replica)
{
    return &component->nodes[replica];
}

// ---- fans -------------------------------------------------------------------------------------

struct elastic_fan *elastic_request_fan(struct visit *visit, uint64_t bytes, bool writes)
{
    struct elastic_state *state = elastic_state(visit->node->component);
    struct elastic_node *node = elastic_node(visit->node);
    const uint32_t number = slots_take(&state->fans);
    struct elastic_fan *fan = slots_at(&state->fans, number);
    fan->number = number;
    fan->ticket = visit_ticket(visit);
    fan->node = visit->node;
    fan->open = 1; // until it is closed
    fan->bytes = bytes;
    fan->writes = writes;
    *(writes ? &node->indexing : &node->searching) += bytes;
    state->pressure_overruns += writes && elastic_write_presses(visit->node, 0);
    return fan;
}

struct elastic_request *elastic_request_add(struct elastic_fan *fan, enum elastic_kind kind,
                                            uint32_t shard)
{
    struct elastic_state *state = elastic_state(fan->node->component);
    const uint32_t number = slots_take(&state->requests);
    struct elastic_request *request = slots_at(&state->requests, number);
    request->number = number;
    request->fan = fan->number;
    request->next = fan->requests;
    request->from = fan->node->replica;
    request->to = ELASTIC_NONE;
    request->kind = (uint8_t)kind;
    request->shard = shard;
    request->key = UINT64_MAX;
    request->began_ns = fan->node->world->now;
    fan->requests = number;
    fan->open++;
    return request;
}

static void give_requests(struct elastic_state *state, struct elastic_fan *fan)
{
    for (uint32_t number = fan->requests; number != 0;) {
        const struct elastic_request *request = slots_at(&state->requests, number);
        const uint32_t next = request->next;
        state->held -= request->parked || request->held;
        slots_give(&state->requests, number);
        number = next;
    }
    fan->requests = 0;
}

static void tell_value(const struct elastic_fan *fan, struct visit *visit)
{
    if (fan->reads && visit->operation->number == ELASTIC_UPDATE) {
        visit_words(visit)[0] = fan->value;
    } else if (fan->reads) {
        history_end(visit, visit->status, fan->value);
    }
}

static void end_fan(struct elastic_state *state, struct elastic_fan *fan)
{
    struct world *world = fan->node->world;
    struct elastic_node *node = elastic_node(fan->node);
    struct visit *visit = visit_of(world, fan->ticket);
    if (visit != NULL) {
        visit->value = fan->bad == 0 ? 0 : fan->good == 0 ? 2 : 1;
        visit->status = fan->bad == 0 ? STATUS_OK : fan->status;
        tell_value(fan, visit);
        world_meter(visit)->parts_ns[METER_CALLS] += world->now - visit->since_ns;
        visit_wake_later(world, fan->ticket);
    }
    *(fan->writes ? &node->indexing : &node->searching) -= fan->bytes;
    give_requests(state, fan);
    slots_give(&state->fans, fan->number);
}

// Which of `count` shards own a hit, as drawn from the request.
static uint64_t owners(uint64_t seed, uint64_t hits, uint32_t count)
{
    const uint64_t all = count >= 64 ? UINT64_MAX : ((uint64_t)1 << count) - 1;
    uint64_t set = 0;
    for (uint64_t i = 0; i < hits && set != all; i++) {
        set |= (uint64_t)1 << digest_mix(seed, i) % (count > 64 ? 64 : count);
    }
    return set;
}

static void post_request(struct component *component, struct elastic_request *request);

// The query phase is over: those who own the best hits are asked for their fields.
static void begin_fetch(struct component *component, struct elastic_fan *fan)
{
    struct elastic_state *state = elastic_state(component);
    const uint64_t hits = elastic_configuration(component)->query.size;
    const uint64_t set = owners(fan->ticket ^ (uint64_t)fan->node->world->now, hits, fan->good);
    uint32_t place = 0;
    fan->fetching = true;
    for (uint32_t number = fan->requests, next; number != 0; number = next) {
        struct elastic_request *request = slots_at(&state->requests, number);
        next = request->next;
        if (request->good && (set >> place++ % 64 & 1)) {
            request->kind = ELASTIC_FETCH;
            request->status = STATUS_OK;
            request->good = request->done = false;
            fan->good--;
            fan->open++;
            post_request(component, request);
        }
    }
}

void elastic_request_close(struct component *component, struct elastic_fan *fan)
{
    if (--fan->open > 0) {
        return;
    }
    const bool stays = fan->fetches && !fan->fetching && fan->good > 0 &&
                       visit_of(component->world, fan->ticket) != NULL;
    if (stays) {
        begin_fetch(component, fan);
    } else {
        end_fan(elastic_state(component), fan);
    }
}

// ---- to the shard and back --------------------------------------------------------------------

static bool is_cut(const struct node *from, const struct node *to)
{
    const struct network_path path = {from->zone, to->zone, from->component->number,
                                      to->component->number};
    return from->world->network.effect_count > 0 && network_is_cut(from->world, path);
}

static void hold_back(struct elastic_state *state, struct elastic_request *request, uint8_t why)
{
    state->held += !request->held && !request->parked;
    request->held = why;
}

static void let_go(struct elastic_state *state, struct elastic_request *request)
{
    state->held -= request->held || request->parked;
    request->held = 0;
    request->parked = false;
}

// As node_begin_visit, from the event that brought the message.
bool elastic_request_begin(struct node *node, uint32_t operation, uint64_t name)
{
    if (!node_is_up(node)) {
        return false;
    }
    struct visit *visit = visit_take(node->world, node, &elastic_operations[operation]);
    visit->request = name;
    visit->flags = VISIT_BRANCH | VISIT_DETACHED | VISIT_TRAVELS;
    visit_on_arrival(node->world, visit_ticket(visit));
    return true;
}

static void on_request(struct node *to, struct node *from, uint64_t name)
{
    static const uint16_t operations[] = {
        [ELASTIC_QUERY] = ELASTIC_SHARD_SEARCH,  [ELASTIC_VECTOR] = ELASTIC_SHARD_SEARCH,
        [ELASTIC_HYBRID] = ELASTIC_SHARD_SEARCH, [ELASTIC_FETCH] = ELASTIC_SHARD_FETCH,
        [ELASTIC_GET] = ELASTIC_SHARD_GET,       [ELASTIC_WRITE] = ELASTIC_PRIMARY,
    };
    (void)from;
    const struct elastic_request *request = elastic_request_named(to->component, name);
    if (request == NULL) {
        return;
    }
    if (!elastic_request_begin(to, operations[request->kind], name)) {
        elastic_request_answer(to, name, STATUS_UNAVAILABLE);
    }
}

static void on_own(struct node *node, uint64_t name)
{
    on_request(node, node, name);
}

static void post_request(struct component *component, struct elastic_request *request)
{
    struct node *from = node_at(component, request->from), *to = node_at(component, request->to);
    const uint64_t name = elastic_request_name(request);
    request->sent_ns = component->world->now;
    request->epoch = elastic_node(from)->applied->epochs[request->to];
    if (from == to) {
        node_timer_constant(from, 0, on_own, name);
    } else if (is_cut(from, to)) {
        hold_back(elastic_state(component), request, ELASTIC_HELD_REQUEST);
    } else {
        network_message(from, to, ELASTIC_MESSAGE + request->bytes, on_request, name);
    }
}

static bool is_query(const struct elastic_request *request)
{
    return request->kind <= ELASTIC_HYBRID;
}

static void finish(struct component *component, struct elastic_request *request, enum status status)
{
    struct elastic_state *state = elastic_state(component);
    struct elastic_fan *fan = fan_of(state, request);
    const bool good = status_is_good(status);
    request->good = good;
    request->done = true;
    fan->good += good;
    fan->bad += !good;
    fan->status = good ? fan->status : (uint8_t)status;
    fan->value = request->kind == ELASTIC_GET && good ? request->value : fan->value;
    elastic_request_close(component, fan);
}

static void park(struct elastic_state *state, struct elastic_request *request)
{
    state->held += !request->held && !request->parked;
    request->parked = true;
}

static void send_to_primary(struct component *component, struct elastic_request *request)
{
    const struct node *from = node_at(component, request->from);
    const struct elastic_node *node = elastic_node(from);
    const struct elastic_routing *routing = elastic_routing(from, request->shard);
    const bool serving = routing->primary != ELASTIC_NONE &&
                         (routing->started >> routing->primary & 1) &&
                         (node->unreachable >> routing->primary & 1) == 0;
    if (node->leader == ELASTIC_NONE || !serving) {
        park(elastic_state(component), request);
        return;
    }
    request->to = routing->primary;
    post_request(component, request);
}

void elastic_request_send(struct component *component, struct elastic_request *request)
{
    struct node *from = node_at(component, request->from);
    if (request->kind == ELASTIC_WRITE) {
        send_to_primary(component, request);
        return;
    }
    const uint32_t among = elastic_routing(from, request->shard)->started & ~request->tried &
                           ~elastic_node(from)->unreachable;
    const uint32_t to = elastic_rank_choose(from, among);
    if (to == ELASTIC_NONE) {
        const enum status status = request->status == 0 ? STATUS_UNAVAILABLE : request->status;
        finish(component, request, status);
        return;
    }
    request->to = to;
    if (is_query(request)) {
        elastic_rank_sent(from, to);
    }
    post_request(component, request);
}

// The same request under another name: what comes back under the old one is not heard.
static void rename_request(struct elastic_request *request)
{
    request->generation++;
}

// A search whose client has closed the connection is cancelled: it is not tried again.
static bool is_wanted(struct component *component, const struct elastic_request *request)
{
    const struct elastic_fan *fan = fan_of(elastic_state(component), request);
    const struct visit *visit = visit_of(component->world, fan->ticket);
    return visit != NULL && (visit->client || call_design_of(visit) != NULL);
}

static void try_elsewhere(struct component *component, struct elastic_request *request,
                          enum status status)
{
    struct elastic_state *state = elastic_state(component);
    request->status = (uint8_t)status;
    request->tried |= 1U << request->to;
    rename_request(request);
    if (request->kind == ELASTIC_FETCH) {
        finish(component, request, status);
    } else if (request->kind != ELASTIC_WRITE && !is_wanted(component, request)) {
        finish(component, request, STATUS_CANCELLED);
    } else if (request->kind != ELASTIC_WRITE) {
        elastic_request_send(component, request);
    } else if (status == STATUS_REJECTED || status == STATUS_CONFLICT) {
        finish(component, request, request->doubtful ? STATUS_INDETERMINATE : status);
    } else {
        request->doubtful = request->doubtful || status != STATUS_UNAVAILABLE;
        park(state, request);
    }
}

static void take_answer(struct component *component, struct elastic_request *request,
                        enum status status)
{
    const bool good = status_is_good(status);
    let_go(elastic_state(component), request);
    if (is_query(request)) {
        elastic_rank_answered(node_at(component, request->from), request, good);
    }
    if (good) {
        rename_request(request);
        finish(component, request, status);
    } else {
        try_elsewhere(component, request, status);
    }
}

static void on_answer(struct node *to, struct node *from, uint64_t name)
{
    (void)from;
    struct elastic_request *request = elastic_request_named(to->component, name);
    if (request != NULL) {
        take_answer(to->component, request, request->status);
    }
}

static uint64_t answer_bytes(const struct component *component,
                             const struct elastic_request *request)
{
    const struct elastic_query *query = &elastic_configuration(component)->query;
    const bool fetched = request->kind == ELASTIC_FETCH || request->whole;
    return ELASTIC_MESSAGE + (fetched ? query->size * query->hit : 0);
}

void elastic_request_answer(struct node *from, uint64_t name, enum status status)
{
    struct component *component = from->component;
    struct elastic_request *request = elastic_request_named(component, name);
    if (request == NULL) {
        return;
    }
    struct node *to = node_at(component, request->from);
    request->status = (uint8_t)status;
    if (from == to) {
        take_answer(component, request, status);
    } else if (is_cut(from, to)) {
        hold_back(elastic_state(component), request, ELASTIC_HELD_ANSWER);
    } else {
        network_message(from, to, answer_bytes(component, request), on_answer, name);
    }
}

// ---- what becomes of them when nodes go -------------------------------------------------------

// What a cut held back goes on when the way is free again.
static void retry_held(struct component *component, struct elastic_request *request)
{
    struct node *from = node_at(component, request->from), *to = node_at(component, request->to);
    const uint8_t held = request->held;
    if (is_cut(from, to) || is_cut(to, from)) {
        return;
    }
    let_go(elastic_state(component), request);
    if (held == ELASTIC_HELD_REQUEST) {
        post_request(component, request);
    } else {
        take_answer(component, request, request->status);
    }
}

static void retry_parked(struct component *component, struct elastic_request *request)
{
    const int64_t timeout = elastic_configuration(component)->writing.timeout_ns;
    let_go(elastic_state(component), request);
    if (component->world->now - request->began_ns >= timeout) {
        finish(component, request, request->doubtful ? STATUS_INDETERMINATE : STATUS_UNAVAILABLE);
    } else {
        elastic_request_send(component, request);
    }
}

// The node, or its process, has left the cluster since the request was sent.
static bool has_left(const struct node *node, const struct elastic_request *request)
{
    const struct elastic_cluster *applied = elastic_node(node)->applied;
    return (applied->nodes >> request->to & 1) == 0 ||
           applied->epochs[request->to] > request->epoch;
}

static void review(struct node *node, struct elastic_request *request)
{
    struct component *component = node->component;
    if (request->parked) {
        retry_parked(component, request);
        return;
    }
    const bool waits = !request->done && request->to != ELASTIC_NONE;
    if (waits && has_left(node, request)) {
        take_answer(component, request, STATUS_RESET);
    } else if (request->held) {
        retry_held(component, request);
    }
}

void elastic_request_refresh(struct node *node)
{
    struct elastic_state *state = elastic_state(node->component);
    for (uint32_t number = 1; number < state->requests.used; number++) {
        struct elastic_request *request = request_at(state, number);
        if (request != NULL && request->from == node->replica) {
            review(node, request);
        }
    }
}

void elastic_request_reset(struct node *node, uint32_t other)
{
    struct elastic_state *state = elastic_state(node->component);
    for (uint32_t number = 1; number < state->requests.used; number++) {
        struct elastic_request *request = request_at(state, number);
        const bool there = request != NULL && request->from == node->replica &&
                           request->to == other && !request->parked && !request->done;
        if (there) {
            take_answer(node->component, request, STATUS_RESET);
        }
    }
}

void elastic_request_crash(struct node *node)
{
    struct elastic_state *state = elastic_state(node->component);
    for (uint32_t number = 1; number < state->fans.used; number++) {
        struct elastic_fan *fan = slots_at(&state->fans, number);
        if (fan->number == number && fan->node == node) {
            give_requests(state, fan);
            slots_give(&state->fans, number);
        }
    }
}
