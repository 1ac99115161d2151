// elastic_write - index, bulk and conditional requests at their coordinating node.
#include "models/datastores/elastic.h"

static const struct elastic_configuration *configuration_of(const struct visit *visit)
{
    return elastic_configuration(visit->node->component);
}

static bool is_bulk(const struct visit *visit)
{
    return visit->operation->number == ELASTIC_BULK;
}

static uint32_t documents_of(const struct visit *visit)
{
    const uint64_t bulk = configuration_of(visit)->writing.bulk;
    return !is_bulk(visit) ? 1 : visit->units > 1 ? visit->units : (uint32_t)bulk;
}

// Bytes of so many documents as they are sent: vectors as floats.
static uint64_t bytes_of(const struct elastic_index *index, uint64_t documents)
{
    return documents * (index->document + index->dimensions * sizeof(float));
}

bool elastic_write_presses(const struct node *node, uint64_t bytes)
{
    const struct elastic_memory *memory = &elastic_configuration(node->component)->memory;
    const uint64_t used = elastic_node(node)->indexing + bytes;
    return (double)used > memory->pressure * (double)memory->heap;
}

static enum outcome receive(struct visit *visit)
{
    if (visit->operation->number == ELASTIC_INDEX) {
        history_begin(visit, HISTORY_WRITE, history_value(visit), 0);
    }
    return step_cpu(visit, distribution_draw(&configuration_of(visit)->writing.receive,
                                             elastic_node(visit->node)->streams.cpu));
}

static void add(struct visit *visit, struct elastic_fan *fan, uint32_t shard, uint32_t documents)
{
    struct component *component = visit->node->component;
    struct elastic_request *request = elastic_request_add(fan, ELASTIC_WRITE, shard);
    request->documents = documents;
    request->bytes = bytes_of(&elastic_configuration(component)->index, documents);
    if (!is_bulk(visit)) {
        request->key = visit_key(visit);
        request->value = history_value(visit);
    }
    if (visit->operation->number == ELASTIC_UPDATE) {
        request->conditional = true;
        request->expected = visit_words(visit)[0];
    }
    elastic_request_send(component, request);
}

// Documents of a bulk fall on the shards evenly; those left over on each in turn.
static void add_bulk(struct visit *visit, struct elastic_fan *fan)
{
    struct elastic_state *state = elastic_state(visit->node->component);
    const uint32_t shards = (uint32_t)configuration_of(visit)->index.shards;
    const uint32_t documents = documents_of(visit), rest = documents % shards;
    for (uint32_t i = 0; i < shards; i++) {
        const uint32_t share = documents / shards + (i < rest);
        if (share > 0) {
            add(visit, fan, (state->turn + i) % shards, share);
        }
    }
    state->turn = (state->turn + rest) % shards;
}

static void add_documents(struct visit *visit, struct elastic_fan *fan)
{
    const uint64_t shards = configuration_of(visit)->index.shards;
    if (is_bulk(visit)) {
        add_bulk(visit, fan);
    } else {
        add(visit, fan, (uint32_t)(digest_mix(visit_key(visit), 0) % shards), 1);
    }
}

static enum outcome refuse(struct visit *visit)
{
    elastic_state(visit->node->component)->pressed++;
    history_end(visit, STATUS_REJECTED, 0);
    return step_fail(visit, STATUS_REJECTED);
}

static enum outcome ask_primaries(struct visit *visit)
{
    const struct elastic_index *index = &configuration_of(visit)->index;
    const uint64_t bytes = bytes_of(index, documents_of(visit));
    if (elastic_write_presses(visit->node, bytes) || elastic_search_breaks(visit->node, bytes)) {
        return refuse(visit);
    }
    struct elastic_fan *fan = elastic_request_fan(visit, bytes, true);
    add_documents(visit, fan);
    elastic_request_close(visit->node->component, fan);
    return step_wait(visit);
}

// Some documents of a bulk may be in while others are not: nobody knows which.
static enum outcome answer(struct visit *visit)
{
    const enum status status = visit->value == 1 ? STATUS_INDETERMINATE : visit->status;
    history_end(visit, status, 0);
    return step_reply(visit, status);
}

const struct step elastic_write_steps[3] = {
    {.name = "receive", .run = receive},
    {.name = "write at primaries", .run = ask_primaries},
    {.name = "answer", .run = answer},
};

// ---- conditional writes -----------------------------------------------------------------------

// What was read is what the write expects to find (if_seq_no and if_primary_term). The primary
// compares with what it holds itself, acknowledged or not, and lets its copies confirm that it is
// primary: a conflict may still be told because of an operation that a fail-over takes back.
static enum outcome begin_swap(struct visit *visit)
{
    if (visit->status != STATUS_OK) {
        return step_fail(visit, visit->status);
    }
    history_begin(visit, HISTORY_SWAP, history_value(visit), visit_words(visit)[0]);
    return ask_primaries(visit);
}

const struct step elastic_write_update_steps[4] = {
    {.name = "receive", .run = receive},
    {.name = "read at a copy", .run = elastic_search_get},
    {.name = "write at primary if unchanged", .run = begin_swap},
    {.name = "answer", .run = answer},
};
