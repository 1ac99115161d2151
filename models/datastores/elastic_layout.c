// elastic_layout - the cluster as it is at the beginning, and what its operations ask for.
#include "models/datastores/elastic.h"

#include <string.h>

static uint64_t cached(const struct node *node)
{
    const struct elastic_configuration *configuration = elastic_configuration(node->component);
    uint64_t documents = 0;
    for (uint32_t i = 0; i < configuration->index.shards; i++) {
        const struct elastic_copy *copy = &elastic_node(node)->copies[i];
        documents += copy->serving ? copy->documents : 0;
    }
    const uint64_t bytes = documents * elastic_segment_vector(&configuration->index);
    return bytes < configuration->memory.cache ? bytes : configuration->memory.cache;
}

static void place_shard(const struct component *component, struct elastic_cluster *cluster,
                        uint32_t shard)
{
    const uint64_t replicas = elastic_configuration(component)->index.replicas;
    struct elastic_routing *routing = &cluster->shards[shard];
    for (uint64_t copy = 0; copy <= replicas; copy++) {
        const uint32_t among = cluster->nodes & ~routing->started;
        const uint32_t node = elastic_allocation_choose(component, cluster, shard, among);
        routing->primary = copy == 0 ? node : routing->primary;
        routing->started |= 1U << node;
    }
    routing->insync = routing->started;
    routing->term = 1;
    routing->left_ns = TIME_NEVER;
}

static void begin_node(struct node *node, const struct elastic_cluster *cluster)
{
    struct elastic_state *state = elastic_state(node->component);
    struct elastic_node *own = elastic_node(node);
    for (uint32_t i = 0; i < elastic_configuration(node->component)->index.shards; i++) {
        const struct elastic_routing *routing = &cluster->shards[i];
        if (routing->started & elastic_bit(node)) {
            own->copies[i].serving = true;
            elastic_segment_begin(node, i);
        }
        if (routing->primary == node->replica) {
            state->shards[i].primary = node->replica;
            state->shards[i].term = routing->term;
        }
    }
    own->resident = cached(node);
    memcpy(own->applied, cluster, state->cluster_size);
    memcpy(own->accepted, cluster, state->cluster_size);
}

void elastic_layout_begin(struct component *component)
{
    struct elastic_state *state = elastic_state(component);
    struct election_member *first = &state->election.members[0];
    const uint32_t master = first->node->replica, count = component->node_count;
    struct elastic_cluster *cluster = arena_take(&component->world->arena, state->cluster_size);
    cluster->version = cluster->term = 1;
    cluster->master = master;
    cluster->nodes = count == 32 ? UINT32_MAX : (1U << count) - 1;
    for (uint32_t i = 0; i < elastic_configuration(component)->index.shards; i++) {
        place_shard(component, cluster, i);
    }
    for (uint32_t i = 0; i < count; i++) {
        begin_node(&component->nodes[i], cluster);
    }
    election_settle(first);
    for (uint32_t i = 0; i < count; i++) {
        elastic_master_settle(&component->nodes[i], master);
    }
}

// ---- demand -----------------------------------------------------------------------------------

static double vector_ns(const struct elastic_configuration *configuration)
{
    const struct elastic_index *index = &configuration->index;
    const uint64_t bytes = index->documents / index->shards * elastic_segment_document(index);
    const double settled = (double)(1 + bytes / configuration->merging.largest);
    const double segments = index->segments > 0 ? (double)index->segments : settled;
    const double candidates = (double)configuration->query.candidates;
    const double visits = segments * (double)index->links * (candidates + 20);
    return index->dimensions == 0 ? 0 : visits * elastic_segment_distance(configuration);
}

static double write_ns(const struct elastic_configuration *configuration, double documents,
                       double shards)
{
    const double copies = (double)configuration->index.replicas + 1;
    const double document = distribution_mean(&configuration->writing.document) +
                            elastic_segment_insertion(configuration);
    return distribution_mean(&configuration->writing.receive) +
           copies *
               (shards * distribution_mean(&configuration->writing.request) + documents * document);
}

double elastic_layout_demand(const struct component_design *component,
                             const struct operation *operation)
{
    const struct elastic_configuration *configuration = component->configuration;
    const struct elastic_query *query = &configuration->query;
    const double shards = (double)configuration->index.shards;
    const double text = shards * distribution_mean(&query->shard);
    const double vector = shards * (distribution_mean(&query->vector) + vector_ns(configuration));
    const double fetched = (double)query->size < shards ? (double)query->size : shards;
    const double always =
        distribution_mean(&query->receive) + fetched * distribution_mean(&query->fetch);
    const double means[] = {
        [ELASTIC_SEARCH] = always + text,
        [ELASTIC_KNN] = always + vector,
        [ELASTIC_BOTH] = always + text + vector,
        [ELASTIC_INDEX] = write_ns(configuration, 1, 1),
        [ELASTIC_READ] =
            distribution_mean(&configuration->writing.receive) + distribution_mean(&query->get),
        [ELASTIC_BULK] = write_ns(configuration, (double)configuration->writing.bulk, shards),
        [ELASTIC_UPDATE] = write_ns(configuration, 1, 1) + distribution_mean(&query->get),
    };
    return operation->number > ELASTIC_UPDATE ? -1 : means[operation->number] / 1e9;
}
