// elastic_search - searches and gets: the coordinating node's steps and those at the copies.
#include "models/datastores/elastic.h"

static const struct elastic_query *query_of(const struct visit *visit)
{
    return &elastic_configuration(visit->node->component)->query;
}

static int64_t draw(const struct visit *visit, const struct distribution *law)
{
    return distribution_draw(law, elastic_node(visit->node)->streams.cpu);
}

bool elastic_search_breaks(const struct node *node, uint64_t bytes)
{
    const struct elastic_memory *memory = &elastic_configuration(node->component)->memory;
    const struct elastic_node *state = elastic_node(node);
    const uint64_t used = state->searching + state->indexing + state->copying + bytes;
    return (double)used > (memory->parent - memory->base) * (double)memory->heap;
}

// ---- coordinating node ------------------------------------------------------------------------

static enum outcome receive(struct visit *visit)
{
    const struct elastic_query *query = query_of(visit);
    struct elastic_state *state = elastic_state(visit->node->component);
    if (elastic_search_breaks(visit->node, query->size * query->hit)) {
        state->broken++;
        return step_fail(visit, STATUS_REJECTED);
    }
    state->searches += visit->node->world->measuring;
    return step_cpu(visit, draw(visit, &query->receive));
}

static enum elastic_kind kind_of(const struct visit *visit)
{
    switch (visit->operation->number) {
    case ELASTIC_KNN:
        return ELASTIC_VECTOR;
    case ELASTIC_BOTH:
        return ELASTIC_HYBRID;
    default:
        return ELASTIC_QUERY;
    }
}

static enum outcome ask_shards(struct visit *visit)
{
    struct component *component = visit->node->component;
    const uint32_t shards = (uint32_t)elastic_configuration(component)->index.shards;
    struct elastic_fan *fan =
        elastic_request_fan(visit, query_of(visit)->size * query_of(visit)->hit, false);
    fan->fetches = shards > 1;
    for (uint32_t shard = 0; shard < shards; shard++) {
        struct elastic_request *request = elastic_request_add(fan, kind_of(visit), shard);
        request->whole = shards == 1;
        elastic_request_send(component, request);
    }
    elastic_request_close(component, fan);
    return step_wait(visit);
}

static enum outcome answer_hits(struct visit *visit)
{
    const struct elastic_query *query = query_of(visit);
    struct elastic_state *state = elastic_state(visit->node->component);
    const bool lacks = visit->value == 1;
    state->partial += lacks && visit->node->world->measuring;
    if (visit->value == 0 || (lacks && query->partial)) {
        return step_reply_bytes(visit, STATUS_OK, query->size * query->hit);
    }
    return step_fail(visit, visit->status);
}

const struct step elastic_search_steps[3] = {
    {.name = "receive", .run = receive},
    {.name = "query and fetch", .run = ask_shards},
    {.name = "answer", .run = answer_hits},
};

// ---- get --------------------------------------------------------------------------------------

static enum outcome receive_get(struct visit *visit)
{
    history_begin(visit, HISTORY_READ, 0, 0);
    return step_cpu(visit,
                    draw(visit, &elastic_configuration(visit->node->component)->writing.receive));
}

// A document is read at any active copy of its shard, as written: no refresh is waited for.
enum outcome elastic_search_get(struct visit *visit)
{
    struct component *component = visit->node->component;
    const uint64_t key = visit_key(visit);
    const uint64_t shards = elastic_configuration(component)->index.shards;
    struct elastic_fan *fan = elastic_request_fan(visit, query_of(visit)->hit, false);
    fan->reads = true;
    struct elastic_request *request =
        elastic_request_add(fan, ELASTIC_GET, (uint32_t)(digest_mix(key, 0) % shards));
    request->key = key;
    request->whole = true;
    elastic_request_send(component, request);
    elastic_request_close(component, fan);
    return step_wait(visit);
}

static enum outcome answer_document(struct visit *visit)
{
    return step_reply_bytes(visit, visit->status, query_of(visit)->hit);
}

const struct step elastic_search_get_steps[3] = {
    {.name = "receive", .run = receive_get},
    {.name = "read at a copy", .run = elastic_search_get},
    {.name = "answer", .run = answer_document},
};

// ---- at a copy: query phase -------------------------------------------------------------------

static struct elastic_copy *copy_of(const struct visit *visit,
                                    const struct elastic_request *request)
{
    return &elastic_node(visit->node)->copies[request->shard];
}

static enum outcome refuse(struct visit *visit, enum status status)
{
    elastic_request_answer(visit->node, visit->request, status);
    return step_fail(visit, status);
}

// Takes a thread, if the line in front of them is not full.
static enum outcome take_thread(struct visit *visit, uint32_t number, uint64_t limit)
{
    struct pool *pool = &visit->node->pools[number];
    const bool full = (uint64_t)pool->used.value >= pool->size && pool->line.count >= limit;
    if (full) {
        elastic_state(visit->node->component)->rejections++;
        return refuse(visit, STATUS_REJECTED);
    }
    return step_take(visit, pool);
}

static bool is_broken(const struct visit *visit)
{
    const bool breaks = elastic_search_breaks(visit->node, query_of(visit)->memory);
    elastic_state(visit->node->component)->broken += breaks;
    return breaks;
}

static enum outcome admit_query(struct visit *visit)
{
    const struct elastic_request *request = elastic_request_of(visit);
    const struct elastic_threads *threads = &elastic_configuration(visit->node->component)->threads;
    if (request == NULL || !copy_of(visit, request)->serving || is_broken(visit)) {
        return refuse(visit, STATUS_REJECTED);
    }
    const enum outcome outcome = take_thread(visit, ELASTIC_POOL_SEARCH, threads->search_queue);
    if (outcome != OUTCOME_END) {
        elastic_node(visit->node)->searching += query_of(visit)->memory;
    }
    return outcome;
}

static double vector_time(const struct visit *visit, const struct elastic_copy *copy)
{
    const struct component *component = visit->node->component;
    return elastic_segment_visits(component, copy) *
           elastic_segment_distance(elastic_configuration(component));
}

// A copy that nobody had searched for a while was not refreshed meanwhile.
static void wake_copy(const struct visit *visit, struct elastic_copy *copy, uint32_t shard)
{
    const struct elastic_index *index = &elastic_configuration(visit->node->component)->index;
    if (copy->buffered > 0 && visit_now(visit) - copy->searched_ns >= index->idle_ns) {
        elastic_segment_refresh(visit->node, shard);
    }
    copy->searched_ns = visit_now(visit);
}

static int64_t query_time(const struct visit *visit, const struct elastic_request *request)
{
    const struct elastic_query *query = query_of(visit);
    int64_t time = request->kind == ELASTIC_VECTOR ? 0 : draw(visit, &query->shard);
    if (request->kind != ELASTIC_QUERY) {
        time += draw(visit, &query->vector);
        time += (int64_t)vector_time(visit, copy_of(visit, request));
    }
    return request->whole ? time + draw(visit, &query->fetch) : time;
}

static enum outcome leave(struct visit *visit, enum status status)
{
    elastic_node(visit->node)->searching -= query_of(visit)->memory;
    elastic_request_answer(visit->node, visit->request, status);
    return step_reply(visit, status);
}

static enum outcome run_query(struct visit *visit)
{
    struct elastic_request *request = elastic_request_of(visit);
    if (request == NULL) {
        return leave(visit, STATUS_CANCELLED);
    }
    wake_copy(visit, copy_of(visit, request), request->shard);
    request->service_ns = visit_now(visit);
    return step_cpu(visit, query_time(visit, request));
}

// Vectors that the page cache lacks are read from the disk.
static enum outcome read_vectors(struct visit *visit)
{
    const struct elastic_request *request = elastic_request_of(visit);
    if (request == NULL || request->kind == ELASTIC_QUERY) {
        return step_next(visit);
    }
    const double visits = elastic_segment_visits(visit->node->component, copy_of(visit, request));
    const int64_t time = elastic_segment_read(visit->node, visits);
    return time == 0 ? step_next(visit) : station_serve(&visit->node->devices[0], visit, time);
}

static enum outcome answer_query(struct visit *visit)
{
    struct elastic_request *request = elastic_request_of(visit);
    if (request != NULL) {
        request->service_ns = visit_now(visit) - request->service_ns;
        request->queue = visit->node->pools[ELASTIC_POOL_SEARCH].line.count;
    }
    return leave(visit, STATUS_OK);
}

const struct step elastic_search_shard_steps[4] = {
    {.name = "take search thread", .run = admit_query},
    {.name = "query", .run = run_query},
    {.name = "read vectors", .run = read_vectors},
    {.name = "answer", .run = answer_query},
};

// ---- at a copy: fetch phase, get --------------------------------------------------------------

static enum outcome admit_fetch(struct visit *visit)
{
    const struct elastic_threads *threads = &elastic_configuration(visit->node->component)->threads;
    return elastic_request_of(visit) == NULL
               ? step_fail(visit, STATUS_CANCELLED)
               : take_thread(visit, ELASTIC_POOL_SEARCH, threads->search_queue);
}

static enum outcome fetch(struct visit *visit)
{
    return step_cpu(visit, draw(visit, &query_of(visit)->fetch));
}

static enum outcome answer_fetch(struct visit *visit)
{
    elastic_request_answer(visit->node, visit->request, STATUS_OK);
    return step_reply(visit, STATUS_OK);
}

const struct step elastic_search_fetch_steps[3] = {
    {.name = "take search thread", .run = admit_fetch},
    {.name = "fetch", .run = fetch},
    {.name = "answer", .run = answer_fetch},
};

static enum outcome admit_get(struct visit *visit)
{
    const struct elastic_request *request = elastic_request_of(visit);
    const struct elastic_threads *threads = &elastic_configuration(visit->node->component)->threads;
    if (request == NULL || !copy_of(visit, request)->serving) {
        return refuse(visit, STATUS_UNAVAILABLE);
    }
    return take_thread(visit, ELASTIC_POOL_GET, threads->search_queue);
}

static enum outcome get(struct visit *visit)
{
    return step_cpu(visit, draw(visit, &query_of(visit)->get));
}

static enum outcome answer_get(struct visit *visit)
{
    struct elastic_request *request = elastic_request_of(visit);
    if (request != NULL) {
        const struct elastic_copy *copy = copy_of(visit, request);
        request->value = versions_get(&copy->versions, request->key).value;
    }
    return answer_fetch(visit);
}

const struct step elastic_search_read_steps[3] = {
    {.name = "take get thread", .run = admit_get},
    {.name = "get", .run = get},
    {.name = "answer", .run = answer_get},
};
