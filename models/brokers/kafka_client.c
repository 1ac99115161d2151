// kafka_client - quotas that hold answers back, and schemas that clients look up once.
#include "models/brokers/kafka.h"

// A client's account at a broker is even again when the mean rate since then is the quota; it may
// be overdrawn by what the window allows.
static int64_t charge(int64_t *even_ns, const struct kafka_quota *quota, int64_t now,
                      double cost_ns)
{
    const int64_t least = now - quota->window_ns;
    *even_ns = (*even_ns > least && *even_ns != 0 ? *even_ns : least) + (int64_t)cost_ns;
    return *even_ns > now ? *even_ns - now : 0;
}

int64_t kafka_client_throttle(struct component *component, uint32_t broker,
                              const struct node *client, const uint64_t bytes[2], int64_t work_ns)
{
    struct kafka_state *state = kafka_state(component);
    const struct kafka_quota *quota = &kafka_configuration(component)->quota;
    const double limits[3] = {quota->produce, quota->consume, quota->request};
    const uint32_t number = client == NULL ? 0 : 1 + client->component->number;
    const double amounts[3] = {(double)bytes[0] * 1e9, (double)bytes[1] * 1e9, (double)work_ns};
    int64_t *even = &state->throttle_ns[3 * (number * state->broker_count + broker)];
    int64_t wait = 0;
    for (int i = 0; i < 3; i++) {
        const bool limited = limits[i] > 0 && amounts[i] > 0;
        const int64_t own =
            limited ? charge(&even[i], quota, component->world->now, amounts[i] / limits[i]) : 0;
        wait = own > wait ? own : wait;
    }
    state->throttled += wait > 0;
    state->throttle_total_ns += wait;
    return wait;
}

// Whether a node of the registry answers the client; without nodes it always does.
static bool is_registry_there(const struct component *component, const struct node *client)
{
    const uint64_t nodes = kafka_configuration(component)->registry.nodes;
    for (uint64_t i = component->node_count - nodes; i < component->node_count; i++) {
        const struct node *node = &component->nodes[i];
        const struct network_path path = {client == NULL ? node->zone : client->zone, node->zone,
                                          client == NULL ? DESIGN_NONE : client->component->number,
                                          component->number};
        if (node_is_up(node) && node->pauses == 0 && !network_is_cut(component->world, path)) {
            return true;
        }
    }
    return nodes == 0;
}

int64_t kafka_client_lookup(struct component *component, const struct node *client, uint32_t topic,
                            uint64_t key)
{
    struct kafka_state *state = kafka_state(component);
    const struct kafka_registry *registry = &kafka_configuration(component)->registry;
    const uint64_t schemas = kafka_topic(component, topic)->schemas;
    if (schemas == 0) {
        return 0;
    }
    const uint64_t number = digest_mix(key, topic) % schemas;
    const uint64_t who = client == NULL ? 0 : 1 + client->number;
    const uint64_t name = who << 40 | (uint64_t)topic << 24 | number % registry->cache;
    if (map_get(&state->schemas, name) == number + 1) {
        return 0;
    }
    if (!is_registry_there(component, client)) {
        return -1;
    }
    map_set(&state->schemas, name, (uint32_t)number + 1);
    state->looked_up++;
    return distribution_draw(&registry->lookup, state->lookup);
}
