// cache - a keyed in-memory store with expiry, eviction and protection against stampedes.
//
// `get` looks a key up: OK is a hit, MISS an answer too. `set` and `delete` change it. The hit
// ratio is a result: keys come from the workload, entries from the callers' own `set`, and a
// crash empties a node. Keys are spread over the replicas by rendezvous hashing (a lost replica
// moves only its own keys), or every replica has its own content, or `set` and `delete` are
// copied to all. With `protection: single_flight` a miss hands out a lease (Facebook's
// memcache, NSDI'13): while it runs, others wait for the value, or get one that has just
// expired. `early` is XFetch (Vattani et al., VLDB'15): an entry is refreshed before its
// expiry, the earlier the longer its making takes.
#include "models/datastores/datastores.h"

// ---- configuration ----------------------------------------------------------------------------

enum layout { LAYOUT_SHARDED, LAYOUT_LOCAL, LAYOUT_REPLICATED };
enum protection { PROTECTION_NONE, PROTECTION_SINGLE_FLIGHT };

struct configuration {
    uint64_t capacity;
    int64_t ttl;
    double ttl_jitter;
    int eviction;
    int layout;
    struct distribution get, set;
    uint64_t bytes;
    const char *key;
    int protection;
    int64_t lease, wait, stale;
    double early;
};

static const char *const evictions[] = {"lru", "lfu", "fifo", "random", "sieve", NULL};
static const char *const layouts[] = {"sharded", "local", "replicated", NULL};
static const char *const protections[] = {"none", "single_flight", NULL};

#define AT(member) .name = #member, .offset = offsetof(struct configuration, member)

static const struct field fields[] = {
    {AT(capacity), .type = FIELD_COUNT, .fallback = "100k", .minimum = 1, .maximum = 2e9,
     .meaning = "entries a replica keeps", .source = "assumption"},
    FIELD_FROM(ttl, FIELD_DURATION, "0", "life of an entry from its set; 0: no expiry",
               "Redis and memcached: none unless given"),
    {AT(ttl_jitter), .type = FIELD_RATIO, .fallback = "0%", .minimum = 0, .maximum = 1,
     .meaning = "the life is drawn between ttl x (1 - jitter) and ttl x (1 + jitter)",
     .source = "off by default; 10% is usual"},
    {AT(eviction), .type = FIELD_CHOICE, .fallback = "lru", .choices = evictions,
     .meaning = "which entry gives way when the replica is full", .source = "memcached: lru"},
    {AT(layout), .type = FIELD_CHOICE, .fallback = "sharded", .choices = layouts,
     .meaning = "keys spread over the replicas, each with its own content, or copied to all",
     .source = "ketama and Redis Cluster shard"},
    FIELD_FROM(get, FIELD_DISTRIBUTION, "20us", "processor time of a get",
               "Redis: 100k to 200k gets/s on one thread, pipelines aside"),
    FIELD_FROM(set, FIELD_DISTRIBUTION, "20us", "processor time of a set or a delete",
               "Redis: sets cost what gets cost"),
    FIELD_FROM(bytes, FIELD_BYTES, "1kB", "of a value, on the network", "assumption"),
    FIELD(key, FIELD_NAME, NULL, "key of requests whose call names none; else every key is unique"),
    {AT(protection), .type = FIELD_CHOICE, .fallback = "none", .choices = protections,
     .meaning = "what a miss does while another fetches the same key",
     .source = "memcached and Redis: nothing"},
    FIELD_FROM(lease, FIELD_DURATION, "10s", "a key's lease is given at most once in this time",
               "memcache at Facebook, NSDI'13"),
    FIELD_FROM(wait, FIELD_DURATION, "100ms",
               "how long a get waits for the lease of another before it misses", "assumption"),
    FIELD_FROM(stale, FIELD_DURATION, "0",
               "how long after its expiry a value is served while it is fetched anew", "RFC 5861"),
    {AT(early), .type = FIELD_NUMBER, .fallback = "0", .minimum = 0, .maximum = 100,
     .meaning = "XFetch's beta: refresh early in proportion to the time of a fetch; 0: never",
     .source = "VLDB'15: 1 is optimal where it is used"},
    {0},
};

// ---- state ------------------------------------------------------------------------------------

struct fetch { // somebody has missed this key and will set it
    uint32_t generation;
    uint32_t first, last; // who waits, in order of arrival; 0: nobody
    uint64_t key;
    int64_t began_ns;
    uint64_t timer;
};

struct waiter {
    uint32_t generation;
    uint32_t next;
    uint64_t ticket; // 0: has given up
    uint64_t timer;
};

struct counts {
    uint64_t hits, misses, waited, stale, leases;
};

struct state { // of the component
    uint32_t key; // number of `key`, 0: none
    struct distribution unit; // exponential with mean 1 s
    struct counts counts;
};

struct store { // of a node: all of it is memory
    struct keyed entries;
    struct map fetching; // key -> number of its fetch
    struct slots fetches, waiters;
    struct random_stream *stream;
};

static const struct configuration *configuration_of(const struct node *node)
{
    return node->component->design->configuration;
}

static struct state *state_of(const struct node *node)
{
    return node->component->state;
}

static void count(const struct node *node, uint64_t *counter)
{
    *counter += node->world->measuring;
}

// ---- metrics ----------------------------------------------------------------------------------

static const struct counts *counts_of(const struct component *component)
{
    return &((const struct state *)component->state)->counts;
}

static double all_gets(const struct counts *counts)
{
    return (double)counts->hits + (double)counts->misses;
}

static double read_hit_ratio(const struct component *component)
{
    return (double)counts_of(component)->hits / all_gets(counts_of(component));
}

static double read_waited_ratio(const struct component *component)
{
    return (double)counts_of(component)->waited / all_gets(counts_of(component));
}

static double read_stale_ratio(const struct component *component)
{
    return (double)counts_of(component)->stale / all_gets(counts_of(component));
}

static double read_evictions(const struct component *component)
{
    double evicted = 0;
    for (uint32_t i = 0; i < component->node_count; i++) {
        evicted += (double)((const struct store *)component->nodes[i].state)->entries.evicted;
    }
    return evicted;
}

static double read_entries(const struct component *component)
{
    double kept = 0;
    for (uint32_t i = 0; i < component->node_count; i++) {
        kept += ((const struct store *)component->nodes[i].state)->entries.count;
    }
    return kept;
}

static const struct model_metric metrics[] = {
    {"hit_ratio", "1", "gets answered from memory over all gets", read_hit_ratio},
    {"waited_ratio", "1", "gets that waited for another's fetch", read_waited_ratio},
    {"stale_ratio", "1", "gets answered with an expired value", read_stale_ratio},
    {"evictions", "{entry}", "entries that gave way to others, in the whole run", read_evictions},
    {"entries", "{entry}", "entries kept at the end", read_entries},
    {0},
};

static const struct model_invariant invariants[] = {
    {"cache-capacity", "no replica keeps more entries than its capacity"},
    {"cache-lists", "index and lists of a replica name the same entries"},
    {0},
};

// ---- fetches and those who wait for them ------------------------------------------------------

static uint64_t key_of(const struct visit *visit)
{
    const struct state *state = state_of(visit->node);
    if (visit->key == 0 && state->key != 0) {
        return workload_key(visit->node->world, visit->request, state->key);
    }
    return visit_key(visit);
}

static bool keeps_fetches(const struct configuration *configuration)
{
    return configuration->protection == PROTECTION_SINGLE_FLIGHT || configuration->early > 0;
}

static void wake_waiters(struct node *node, const struct fetch *fetch)
{
    struct store *store = node->state;
    for (uint32_t number = fetch->first; number != 0;) {
        const struct waiter *waiter = slots_at(&store->waiters, number);
        const uint32_t next = waiter->next;
        if (waiter->ticket != 0) {
            node_timer_cancel(node, waiter->timer);
            visit_wake_later(node->world, waiter->ticket);
        }
        slots_give(&store->waiters, number);
        number = next;
    }
}

// The fetch of the key is over, by its set or because its lease has run out.
static void end_fetch(struct node *node, uint64_t key)
{
    struct store *store = node->state;
    const uint32_t number = map_remove(&store->fetching, key);
    if (number != 0) {
        const struct fetch *fetch = slots_at(&store->fetches, number);
        node_timer_cancel(node, fetch->timer);
        wake_waiters(node, fetch);
        slots_give(&store->fetches, number);
    }
}

static void store_on_lease_end(struct node *node, uint64_t key)
{
    end_fetch(node, key);
}

static void begin_fetch(struct node *node, uint64_t key)
{
    struct store *store = node->state;
    if (!keeps_fetches(configuration_of(node)) || map_get(&store->fetching, key) != 0) {
        return;
    }
    const uint32_t number = slots_take(&store->fetches);
    struct fetch *fetch = slots_at(&store->fetches, number);
    fetch->key = key;
    fetch->began_ns = node->world->now;
    fetch->timer =
        node_timer_constant(node, configuration_of(node)->lease, store_on_lease_end, key);
    map_set(&store->fetching, key, number);
    count(node, &state_of(node)->counts.leases);
}

// A get has waited long enough: it runs its step once more and misses.
static void store_on_wait_end(struct node *node, uint64_t number)
{
    struct store *store = node->state;
    struct waiter *waiter = slots_at(&store->waiters, (uint32_t)number);
    struct visit *visit = visit_of(node->world, waiter->ticket);
    const uint64_t ticket = waiter->ticket;
    waiter->ticket = 0;
    if (visit != NULL) {
        visit->value = 1;
        visit_wake(node->world, ticket);
    }
}

static enum outcome wait_for(struct visit *visit, uint32_t fetch_number)
{
    struct store *store = visit->node->state;
    struct fetch *fetch = slots_at(&store->fetches, fetch_number);
    const uint32_t number = slots_take(&store->waiters);
    struct waiter *waiter = slots_at(&store->waiters, number);
    waiter->ticket = visit_ticket(visit);
    if (fetch->last != 0) {
        ((struct waiter *)slots_at(&store->waiters, fetch->last))->next = number;
    } else {
        fetch->first = number;
    }
    fetch->last = number;
    waiter->timer = node_timer_constant(visit->node, configuration_of(visit->node)->wait,
                                        store_on_wait_end, number);
    count(visit->node, &state_of(visit->node)->counts.waited);
    step_wait(visit);
    return OUTCOME_AGAIN;
}

// ---- what a get finds -------------------------------------------------------------------------

enum found { FOUND_FRESH, FOUND_STALE, FOUND_NOTHING };

// XFetch: true if this get refreshes an entry that is still good.
static bool refreshes_early(const struct node *node, const struct keyed_entry *entry)
{
    const struct configuration *configuration = configuration_of(node);
    if (configuration->early <= 0 || entry->expires_ns == TIME_NEVER) {
        return false;
    }
    const struct store *store = node->state;
    const double scale = configuration->early * (double)entry->word * 1e-6; // fetch in s
    const double ahead = scale * distribution_draw_real(&state_of(node)->unit, store->stream);
    return (double)(entry->expires_ns - node->world->now) <= ahead;
}

static enum found find(struct node *node, uint64_t key)
{
    struct store *store = node->state;
    struct keyed_entry *entry = keyed_find(&store->entries, key);
    if (entry == NULL) {
        return FOUND_NOTHING;
    }
    const int64_t now = node->world->now;
    if (entry->expires_ns > now) {
        if (map_get(&store->fetching, key) == 0 && refreshes_early(node, entry)) {
            return FOUND_NOTHING;
        }
        keyed_touch(&store->entries, entry);
        return FOUND_FRESH;
    }
    if (now - entry->expires_ns <= configuration_of(node)->stale) {
        return FOUND_STALE;
    }
    keyed_remove(&store->entries, key);
    return FOUND_NOTHING;
}

static enum outcome hit(struct visit *visit)
{
    const struct node *node = visit->node;
    count(node, &state_of(node)->counts.hits);
    return step_reply_bytes(visit, STATUS_OK, configuration_of(node)->bytes);
}

static enum outcome serve_stale(struct visit *visit)
{
    count(visit->node, &state_of(visit->node)->counts.stale);
    return hit(visit);
}

static enum outcome miss(struct visit *visit, uint64_t key)
{
    count(visit->node, &state_of(visit->node)->counts.misses);
    begin_fetch(visit->node, key);
    return step_reply(visit, STATUS_MISS);
}

// ---- what a set and a delete do ---------------------------------------------------------------

static int64_t expiry(const struct node *node)
{
    const struct configuration *configuration = configuration_of(node);
    const struct store *store = node->state;
    if (configuration->ttl == 0) {
        return TIME_NEVER;
    }
    double life = (double)configuration->ttl;
    if (configuration->ttl_jitter > 0) {
        life *= 1 + configuration->ttl_jitter * (2 * random_unit(store->stream) - 1);
    }
    return time_after(node->world->now, (int64_t)(life + 0.5));
}

static void put(struct node *node, uint64_t key)
{
    struct store *store = node->state;
    struct keyed_entry *entry = keyed_set(&store->entries, key, expiry(node));
    const uint32_t number = map_get(&store->fetching, key);
    if (number != 0) {
        const struct fetch *fetch = slots_at(&store->fetches, number);
        const int64_t took_us = (node->world->now - fetch->began_ns) / TIME_US;
        entry->word = took_us < UINT32_MAX ? (uint32_t)took_us : UINT32_MAX;
    }
    end_fetch(node, key);
}

static void store_on_copied_set(struct node *node, struct node *from, uint64_t key)
{
    (void)from;
    put(node, key);
}

static void store_on_copied_delete(struct node *node, struct node *from, uint64_t key)
{
    (void)from;
    keyed_remove(&((struct store *)node->state)->entries, key);
}

static void copy(struct node *node, uint64_t bytes, network_handler *handler, uint64_t key)
{
    const struct component *component = node->component;
    if (configuration_of(node)->layout != LAYOUT_REPLICATED) {
        return;
    }
    for (uint32_t i = 0; i < component->node_count; i++) {
        if (i != node->replica) {
            network_message(node, &component->nodes[i], bytes, handler, key);
        }
    }
}

// ---- steps ------------------------------------------------------------------------------------

static enum outcome look_up(struct visit *visit)
{
    const struct store *store = visit->node->state;
    return step_cpu(visit, distribution_draw(&configuration_of(visit->node)->get, store->stream));
}

static enum outcome answer_get(struct visit *visit)
{
    struct node *node = visit->node;
    const struct store *store = node->state;
    const uint64_t key = key_of(visit);
    const enum found found = find(node, key);
    if (found == FOUND_FRESH) {
        return hit(visit);
    }
    const uint32_t fetch = map_get(&store->fetching, key);
    if (fetch == 0 || configuration_of(node)->protection == PROTECTION_NONE || visit->value == 1) {
        return miss(visit, key);
    }
    return found == FOUND_STALE ? serve_stale(visit) : wait_for(visit, fetch);
}

static enum outcome change(struct visit *visit)
{
    const struct store *store = visit->node->state;
    return step_cpu(visit, distribution_draw(&configuration_of(visit->node)->set, store->stream));
}

static enum outcome store_value(struct visit *visit)
{
    struct node *node = visit->node;
    const uint64_t key = key_of(visit);
    put(node, key);
    copy(node, configuration_of(node)->bytes, store_on_copied_set, key);
    return step_reply(visit, STATUS_OK);
}

static enum outcome forget_value(struct visit *visit)
{
    struct node *node = visit->node;
    struct store *store = node->state;
    const uint64_t key = key_of(visit);
    const bool there = keyed_remove(&store->entries, key);
    copy(node, 0, store_on_copied_delete, key);
    return step_reply(visit, there ? STATUS_OK : STATUS_MISS);
}

static const struct step get_steps[] = {
    {.name = "look up", .run = look_up},
    {.name = "answer", .run = answer_get},
};

static const struct step set_steps[] = {
    {.name = "take in", .run = change},
    {.name = "store", .run = store_value},
};

static const struct step delete_steps[] = {
    {.name = "take in", .run = change},
    {.name = "forget", .run = forget_value},
};

// ---- operations -------------------------------------------------------------------------------

static const struct operation operations[] = {
    {.name = "get", .meaning = "OK: a hit; MISS: not there, or expired", .steps = get_steps,
     .step_count = 2, .number = 0},
    {.name = "set", .meaning = "stores a value; ends the lease of its key", .steps = set_steps,
     .step_count = 2, .number = 1},
    {.name = "delete", .meaning = "OK: forgotten; MISS: was not there", .steps = delete_steps,
     .step_count = 2, .number = 2},
};

// ---- life -------------------------------------------------------------------------------------

static void prepare(struct model_preparation *preparation)
{
    const struct configuration *configuration = preparation->configuration;
    if (configuration->stale > 0 && configuration->protection == PROTECTION_NONE) {
        model_complain(preparation, "stale", "needs `protection: single_flight`");
    }
    if (configuration->ttl == 0 && (configuration->stale > 0 || configuration->early > 0)) {
        model_complain(preparation, configuration->stale > 0 ? "stale" : "early", "needs a `ttl`");
    }
    if (configuration->protection == PROTECTION_SINGLE_FLIGHT && configuration->lease == 0) {
        model_complain(preparation, "lease", "a lease of 0 protects nothing");
    }
}

static void begin(struct component *component)
{
    const struct configuration *configuration = component->design->configuration;
    struct state *state = component->state;
    state->key = design_key(component->world->design, configuration->key);
    state->unit = distribution_exponential(1e9);
    distribution_prepare(&state->unit);
}

static bool start(struct node *node)
{
    const struct configuration *configuration = configuration_of(node);
    struct store *store = node->state;
    if (store->stream == NULL) {
        store->stream = node_stream(node, "store");
        keyed_init(&store->entries, (enum keyed_eviction)configuration->eviction,
                   (uint32_t)configuration->capacity, store->stream);
        slots_init(&store->fetches, sizeof(struct fetch));
        slots_init(&store->waiters, sizeof(struct waiter));
    }
    return true;
}

static void crash(struct node *node)
{
    struct store *store = node->state;
    keyed_clear(&store->entries);
    map_clear(&store->fetching);
    slots_release(&store->fetches);
    slots_release(&store->waiters);
    slots_init(&store->fetches, sizeof(struct fetch));
    slots_init(&store->waiters, sizeof(struct waiter));
}

// Rendezvous hashing over the replicas that the health checks believe in.
static struct node *shard_of(const struct component *component, uint64_t key)
{
    struct node *best = NULL;
    uint64_t highest = 0;
    for (uint32_t i = 0; i < component->node_count; i++) {
        const uint64_t weight = digest_mix(key, i + 1);
        if (component->nodes[i].listed && (best == NULL || weight > highest)) {
            best = &component->nodes[i];
            highest = weight;
        }
    }
    return best;
}

static struct node *route(struct component *component, const struct call *call, uint64_t key)
{
    struct world *world = component->world;
    const struct configuration *configuration = component->design->configuration;
    const struct state *state = component->state;
    if (call->design->key_number == 0 && state->key != 0) {
        key = workload_key(world, call->request, state->key);
    }
    if (configuration->layout == LAYOUT_SHARDED) {
        return shard_of(component, key);
    }
    return balance_choose(world, &world->routes[call->design->edge], call->from_zone, key, NULL);
}

static void check(struct component *component)
{
    for (uint32_t i = 0; i < component->node_count; i++) {
        const struct keyed *entries = &((struct store *)component->nodes[i].state)->entries;
        world_hold(component->world, "cache-capacity", entries->count <= entries->capacity,
                   "%u entries in %s/%u", entries->count, component->design->name, i);
        world_hold(component->world, "cache-lists", keyed_is_sound(entries),
                   "the index of %s/%u lost an entry", component->design->name, i);
    }
}

static void end(struct component *component)
{
    for (uint32_t i = 0; i < component->node_count; i++) {
        struct store *store = component->nodes[i].state;
        keyed_release(&store->entries);
        map_release(&store->fetching);
        slots_release(&store->fetches);
        slots_release(&store->waiters);
    }
}

static double demand(const struct component_design *component, const struct operation *operation)
{
    const struct configuration *configuration = component->configuration;
    return distribution_mean(operation->number == 0 ? &configuration->get : &configuration->set) /
           1e9;
}

// ---- descriptor -------------------------------------------------------------------------------

const struct model cache_model = {
    .kind = "cache",
    .family = "datastore",
    .summary = "a keyed in-memory store with expiry, eviction and stampede protection",
    .stands_for = "Redis 7 or memcached 1.6, look-aside; of values only the size is modelled",
    .fields = fields,
    .configuration_size = sizeof(struct configuration),
    .component_size = sizeof(struct state),
    .node_size = sizeof(struct store),
    .operations = operations,
    .operation_count = sizeof operations / sizeof *operations,
    .metrics = metrics,
    .invariants = invariants,
    .prepare = prepare,
    .begin = begin,
    .start = start,
    .crash = crash,
    .route = route,
    .check = check,
    .end = end,
    .demand = demand,
};
