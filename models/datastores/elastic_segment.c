// elastic_segment - segments of a copy: refresh, merges, the vectors that a query compares.
//
// A refresh makes a segment of what was added since the last; ten segments of one size are merged
// into one of the next, which takes processor and disk at the pace that merges are allowed; merges
// of different sizes run side by side. Each
// segment has its own HNSW graph, so a vector query compares in each of them about
// m * (num_candidates + log2(documents)) vectors.
#include "models/datastores/elastic.h"

static const struct elastic_configuration *configuration_of(const struct node *node)
{
    return elastic_configuration(node->component);
}

// ---- sizes ------------------------------------------------------------------------------------

enum { BINARY_EXTRA = 14, BYTE_EXTRA = 4 }; // corrections kept beside a compressed vector

static uint64_t compared_bytes(const struct elastic_index *index)
{
    switch ((enum elastic_vectors)index->vectors) {
    case ELASTIC_FLOAT:
        break;
    case ELASTIC_INT8:
        return index->dimensions + BYTE_EXTRA;
    case ELASTIC_BINARY:
        return index->dimensions / 8 + BINARY_EXTRA;
    }
    return index->dimensions * sizeof(float);
}

uint64_t elastic_segment_vector(const struct elastic_index *index)
{
    return index->dimensions == 0 ? 0 : compared_bytes(index) + index->links * sizeof(uint32_t);
}

uint64_t elastic_segment_document(const struct elastic_index *index)
{
    const bool both = index->vectors != ELASTIC_FLOAT; // floats stay on the disk
    return index->document + elastic_segment_vector(index) +
           (both ? index->dimensions * sizeof(float) : 0);
}

double elastic_segment_distance(const struct elastic_configuration *configuration)
{
    const double bytes = (double)compared_bytes(&configuration->index);
    return (double)configuration->query.distance_ns + bytes / configuration->query.scan * 1e9;
}

double elastic_segment_insertion(const struct elastic_configuration *configuration)
{
    const struct elastic_index *index = &configuration->index;
    return index->dimensions == 0 ? 0
                                  : (double)(index->construction * index->links) *
                                        elastic_segment_distance(configuration);
}

uint32_t elastic_segment_count(const struct elastic_copy *copy)
{
    uint32_t count = (uint32_t)copy->base;
    for (uint32_t tier = 0; tier < ELASTIC_TIERS; tier++) {
        count += (uint32_t)copy->tiers[tier];
    }
    return count;
}

double elastic_segment_visits(const struct component *component, const struct elastic_copy *copy)
{
    const struct elastic_configuration *configuration = elastic_configuration(component);
    const uint32_t segments = elastic_segment_count(copy);
    if (segments == 0 || copy->documents == 0 || configuration->index.dimensions == 0) {
        return 0;
    }
    const double each = (double)copy->documents / segments;
    const double descent = 64 - __builtin_clzll((uint64_t)each + 1);
    const double candidates = (double)configuration->query.candidates;
    const double reached = candidates < each ? candidates : each;
    return segments * (double)configuration->index.links * (reached + descent);
}

// ---- page cache -------------------------------------------------------------------------------

// Of the copies that serve, or of all that lie on the disk.
static uint64_t vectors_here(const struct node *node, bool all)
{
    const struct elastic_index *index = &configuration_of(node)->index;
    uint64_t documents = 0;
    for (uint32_t i = 0; i < index->shards; i++) {
        const struct elastic_copy *copy = &elastic_node(node)->copies[i];
        documents += all || copy->serving ? copy->documents : 0;
    }
    return documents * elastic_segment_vector(index);
}

// The share of `needed` bytes that is not in the page cache.
static double missing_share(const struct node *node, uint64_t needed)
{
    const uint64_t resident = elastic_node(node)->resident;
    return resident >= needed ? 0 : 1 - (double)resident / (double)needed;
}

static void cache_more(struct node *node, double bytes)
{
    const uint64_t cache = configuration_of(node)->memory.cache;
    const uint64_t resident = elastic_node(node)->resident + (uint64_t)bytes;
    elastic_node(node)->resident = resident < cache ? resident : cache;
}

enum { PAGE = 4096 };

int64_t elastic_segment_read(struct node *node, double vectors)
{
    const double reads = vectors * missing_share(node, vectors_here(node, false));
    if (reads == 0) {
        return 0;
    }
    cache_more(node, reads * PAGE);
    elastic_state(node->component)->misses += (uint64_t)reads;
    return (int64_t)(reads * distribution_mean(&configuration_of(node)->disk.read));
}

int64_t elastic_segment_preload(struct node *node, uint32_t shard)
{
    const struct elastic_configuration *configuration = configuration_of(node);
    const struct elastic_copy *copy = &elastic_node(node)->copies[shard];
    const uint64_t vectors = copy->documents * elastic_segment_vector(&configuration->index);
    const double bytes = (double)vectors * missing_share(node, vectors_here(node, true));
    if (!configuration->index.preload) {
        return 0;
    }
    cache_more(node, bytes);
    return time_of(bytes / configuration->disk.bandwidth * 1e9);
}

// ---- documents and refresh --------------------------------------------------------------------

void elastic_segment_begin(struct node *node, uint32_t shard)
{
    const struct elastic_configuration *configuration = configuration_of(node);
    const struct elastic_index *index = &configuration->index;
    struct elastic_copy *copy = &elastic_node(node)->copies[shard];
    const uint64_t bytes = index->documents / index->shards * elastic_segment_document(index);
    copy->documents = index->documents / index->shards;
    copy->base = index->segments > 0 ? index->segments : 1 + bytes / configuration->merging.largest;
    for (uint32_t tier = 0; tier < ELASTIC_TIERS; tier++) {
        copy->tiers[tier] = copy->contents[tier] = 0;
    }
}

static void tick(struct node *node, uint64_t word);

void elastic_segment_add(struct node *node, uint32_t shard, uint32_t documents)
{
    const struct elastic_configuration *configuration = configuration_of(node);
    struct elastic_node *state = elastic_node(node);
    struct elastic_copy *copy = &state->copies[shard];
    const uint64_t limit = configuration->recovery.flush / configuration->index.document;
    copy->oldest_ns = copy->buffered == 0 ? node->world->now : copy->oldest_ns;
    copy->buffered += documents;
    copy->documents += documents;
    copy->unflushed += documents;
    copy->unflushed = copy->unflushed > limit ? 0 : copy->unflushed;
    if (!state->refreshing) { // at whole periods of the node's clock
        const int64_t period = configuration->index.refresh_ns;
        state->refreshing = true;
        node_timer(node, period - node->world->now % period, tick, 0);
    }
}

static void note_visibility(struct component *component, const struct elastic_copy *copy)
{
    struct elastic_state *state = elastic_state(component);
    const double delay = (double)(component->world->now - copy->oldest_ns) / 1e9;
    if (component->world->measuring) {
        state->visible++;
        state->visible_seconds += delay;
        state->visible_maximum = delay > state->visible_maximum ? delay : state->visible_maximum;
    }
}

static void begin_merge(struct node *node, uint32_t shard)
{
    struct elastic_copy *copy = &elastic_node(node)->copies[shard];
    const uint64_t full = configuration_of(node)->merging.tier;
    for (uint32_t tier = 0; tier < ELASTIC_TIERS; tier++) {
        if (copy->tiers[tier] >= full && (copy->merging >> tier & 1) == 0) {
            const uint64_t word = (uint64_t)tier << 32 | shard;
            const bool begun =
                node_begin_visit(node, &elastic_operations[ELASTIC_MERGE], word) != NULL;
            copy->merging |= begun ? 1U << tier : 0;
        }
    }
}

void elastic_segment_refresh(struct node *node, uint32_t shard)
{
    struct elastic_copy *copy = &elastic_node(node)->copies[shard];
    note_visibility(node->component, copy);
    elastic_state(node->component)->refreshes++;
    copy->tiers[0]++;
    copy->contents[0] += copy->buffered;
    node_begin_visit(node, &elastic_operations[ELASTIC_REFRESH], copy->buffered);
    copy->buffered = 0;
    begin_merge(node, shard);
}

// A copy that nobody searches is left as it is until somebody does.
static void tick(struct node *node, uint64_t word)
{
    const struct elastic_index *index = &configuration_of(node)->index;
    struct elastic_node *state = elastic_node(node);
    bool again = false;
    (void)word;
    for (uint32_t i = 0; i < index->shards; i++) {
        const struct elastic_copy *copy = &state->copies[i];
        const bool idle =
            index->idle_ns > 0 && node->world->now - copy->searched_ns >= index->idle_ns;
        if (copy->buffered > 0 && !idle) {
            elastic_segment_refresh(node, i);
        }
        again = again || copy->buffered > 0;
    }
    state->refreshing = again;
    if (again) {
        node_timer_constant(node, index->refresh_ns, tick, 0);
    }
}

// ---- work of refresh and merge ----------------------------------------------------------------

enum { REFRESH_NS = 2000000, REFRESH_DOCUMENT_NS = 2000 }; // assumption: 2 ms and 2 us a document

static enum outcome write_segment(struct visit *visit)
{
    return step_cpu(visit, REFRESH_NS + REFRESH_DOCUMENT_NS * (int64_t)visit->request);
}

const struct step elastic_segment_refresh_steps[1] = {
    {.name = "write segment", .run = write_segment},
};

static struct elastic_copy *merged_copy(const struct visit *visit)
{
    return &elastic_node(visit->node)->copies[(uint32_t)visit->request];
}

static uint32_t merged_tier(const struct visit *visit)
{
    return (uint32_t)(visit->request >> 32);
}

// The graph of the largest segment is kept, the vectors of the others are added to it.
static int64_t merge_ns(const struct visit *visit)
{
    const struct elastic_configuration *configuration = configuration_of(visit->node);
    const struct elastic_copy *copy = merged_copy(visit);
    const uint32_t tier = merged_tier(visit);
    const double documents = (double)copy->contents[tier];
    const double added = documents * (1 - 1 / (double)copy->tiers[tier]);
    return time_of(documents * (double)configuration->merging.document_ns +
                     added * elastic_segment_insertion(configuration));
}

static enum outcome merge(struct visit *visit)
{
    visit->value = (uint32_t)merged_copy(visit)->tiers[merged_tier(visit)];
    visit_words(visit)[0] = merged_copy(visit)->contents[merged_tier(visit)];
    return step_cpu(visit, merge_ns(visit));
}

// The rest of the time that its bytes take at the allowed pace.
static enum outcome throttle(struct visit *visit)
{
    const struct elastic_configuration *configuration = configuration_of(visit->node);
    const double bytes =
        (double)visit_words(visit)[0] * (double)elastic_segment_document(&configuration->index);
    const int64_t time = time_of(bytes / configuration->merging.throttle * 1e9);
    const int64_t spent = visit_now(visit) - visit->began_ns;
    return time <= spent ? step_next(visit) : step_hold(visit, time - spent, METER_IO);
}

static void put_segment(const struct node *node, struct elastic_copy *copy, uint32_t tier,
                        uint64_t documents)
{
    const struct elastic_configuration *configuration = configuration_of(node);
    const uint64_t bytes = documents * elastic_segment_document(&configuration->index);
    if (tier == ELASTIC_TIERS || bytes >= configuration->merging.largest) {
        copy->base++;
    } else {
        copy->tiers[tier]++;
        copy->contents[tier] += documents;
    }
}

static enum outcome replace_segments(struct visit *visit)
{
    struct elastic_copy *copy = merged_copy(visit);
    const uint32_t tier = merged_tier(visit);
    const uint64_t documents = visit_words(visit)[0];
    copy->tiers[tier] -= visit->value;
    copy->contents[tier] -= documents;
    put_segment(visit->node, copy, tier + 1, documents);
    copy->merging &= ~(1U << tier);
    elastic_state(visit->node->component)->merges++;
    begin_merge(visit->node, (uint32_t)visit->request);
    return step_reply(visit, STATUS_OK);
}

const struct step elastic_segment_merge_steps[3] = {
    {.name = "merge", .run = merge},
    {.name = "throttle", .run = throttle},
    {.name = "replace segments", .run = replace_segments},
};
