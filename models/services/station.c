// station - the textbook queue: c servers, a line, a law of service; for theory and for black
// boxes.
#include "models/services/services.h"

// ---- configuration
// --------------------------------------------------------------------------------

struct configuration {
    uint64_t servers;
    struct distribution service;
    struct distribution patience;
};

static const struct field fields[] = {
    {.name = "servers",
     .type = FIELD_COUNT,
     .offset = offsetof(struct configuration, servers),
     .fallback = "1",
     .minimum = 1,
     .maximum = 1e6,
     .meaning = "servers a replica"},
    {.name = "service",
     .type = FIELD_DISTRIBUTION,
     .offset = offsetof(struct configuration, service),
     .required = true,
     .meaning = "service time of a request"},
    FIELD(patience, FIELD_DISTRIBUTION, "const(0ns)",
          "how long a request waits before it leaves the queue unserved; 0: endless"),
    {0},
};

// ---- state
// ----------------------------------------------------------------------------------------

struct state {
    struct random_stream *service;
};

// ---- metrics
// --------------------------------------------------------------------------------------

static double read_abandoned(const struct component *component)
{
    double arrivals = 0, abandoned = 0;
    for (uint32_t i = 0; i < component->node_count; i++) {
        arrivals += (double)component->nodes[i].cpu.arrivals;
        abandoned += (double)component->nodes[i].cpu.abandoned;
    }
    return abandoned / arrivals;
}

static const struct model_metric metrics[] = {
    {"abandoned_ratio", "1", "share of the arrivals that left unserved", read_abandoned},
    {0},
};

// ---- steps
// ----------------------------------------------------------------------------------------

static const struct configuration *configuration_of(const struct component *component)
{
    return component->design->configuration;
}

static enum outcome serve(struct visit *visit)
{
    const struct component *component = visit->node->component;
    const struct state *state = component->state;
    const struct configuration *configuration = configuration_of(component);
    return step_cpu(visit, distribution_draw(&configuration->service, state->service));
}

static const struct step serve_steps[] = {{.name = "serve", .run = serve}};

// ---- operations
// -----------------------------------------------------------------------------------

static const struct operation operations[] = {
    {.name = "serve",
     .meaning = "waits for a server and is served",
     .steps = serve_steps,
     .step_count = 1},
};

// ---- life
// -----------------------------------------------------------------------------------------

static void prepare(struct model_preparation *preparation)
{
    const struct configuration *configuration = preparation->configuration;
    preparation->component->cores = (double)configuration->servers;
    preparation->component->concurrency = 0;
}

static void begin(struct component *component)
{
    struct state *state = component->state;
    state->service = node_component_stream(component, "service");
}

static bool start(struct node *node)
{
    const struct configuration *configuration = configuration_of(node->component);
    if (distribution_mean(&configuration->patience) > 0 && node->epoch == 0) {
        node->cpu.patience = &configuration->patience;
        node->cpu.patience_stream = node_stream(node, "patience");
    }
    return true;
}

static double demand(const struct component_design *component, const struct operation *operation)
{
    (void)operation;
    const struct configuration *configuration = component->configuration;
    return distribution_mean(&configuration->service) / 1e9;
}

static double demand_squares(const struct component_design *component)
{
    const struct configuration *configuration = component->configuration;
    const double mean = distribution_mean(&configuration->service);
    return (distribution_variance(&configuration->service) + mean * mean) / 1e18;
}

static bool serves_all(const struct component_design *component)
{
    const struct configuration *configuration = component->configuration;
    return distribution_mean(&configuration->patience) <= 0;
}

// ---- descriptor
// -----------------------------------------------------------------------------------

const struct model station_model = {
    .kind = "station",
    .family = "service",
    .summary = "c servers and a queue with a discipline, a capacity and patience",
    .stands_for = "the queue of the textbooks, exactly",
    .fields = fields,
    .configuration_size = sizeof(struct configuration),
    .component_size = sizeof(struct state),
    .operations = operations,
    .operation_count = 1,
    .metrics = metrics,
    .no_cores = true,
    .prepare = prepare,
    .begin = begin,
    .start = start,
    .exact_demand = true,
    .demand = demand,
    .demand_squares = demand_squares,
    .serves_all = serves_all,
};
