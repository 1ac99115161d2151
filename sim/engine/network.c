// network - links between zones (latency, bandwidth, loss, partitions) and messages between nodes.
#include "sim/engine/network.h"

#include <stdlib.h>

#include "sim/base/check.h"
#include "sim/base/text.h"
#include "sim/engine/node.h"
#include "sim/engine/world.h"

enum { LETTER_EVENT = 0xfe0, RETRANSMISSIONS = 15 };

static const int64_t RTO_FIRST_NS = 200 * TIME_MS, RTO_LAST_NS = 120 * TIME_S;

struct letter {
    uint32_t generation, number;
    uint32_t epoch; // of the receiver when it was sent
    uint32_t unused;
    struct node *to, *from;
    network_handler *handler; // of a message; NULL: it is a parcel
    uint64_t word;
};

// Of a parcel: after the letter, in slots of its own.
struct parcel {
    uint32_t generation, unused;
    network_parcel_handler *handler;
    struct network_parcel content;
};

// ---- life ---------------------------------------------------------------------------------------

static int64_t fixed_delay(const struct link_design *link)
{
    const bool fixed =
        distribution_is_constant(&link->latency) && link->loss <= 0 && link->bandwidth <= 0;
    return fixed ? distribution_round(link->latency.a) : -1;
}

static void begin_pair(struct world *world, uint32_t from, uint32_t to)
{
    const struct topology_design *topology = &world->design->topology;
    struct network *network = &world->network;
    const uint32_t pair = from * topology->zone_count + to;
    network->fixed_ns[pair] = fixed_delay(&topology->links[pair]);
}

static void begin_luck(struct world *world, struct network_luck *luck, const char *sender)
{
    const char *link = arena_format(&world->arena, "network/%s", sender);
    const char *effects = arena_format(&world->arena, "network/%s/effects", sender);
    random_stream_init(&luck->link, world->key, text_hash(link));
    random_stream_init(&luck->effects, world->key, text_hash(effects));
}

static struct network_luck *luck_of(const struct world *world, struct network_path path)
{
    const uint32_t clients = world->design->component_count;
    return &world->network.luck[path.from_component != DESIGN_NONE ? path.from_component
                                                                   : clients + path.to_component];
}

void network_begin(struct world *world)
{
    struct network *network = &world->network;
    const uint32_t zones = world->design->topology.zone_count;
    const size_t pairs = (size_t)zones * zones;
    *network = (struct network){.zone_count = zones};
    network->free_ns = arena_take_array(&world->arena, pairs, sizeof *network->free_ns);
    network->fixed_ns = arena_take_array(&world->arena, pairs, sizeof *network->fixed_ns);
    const uint32_t components = world->design->component_count;
    network->luck = arena_take_array(&world->arena, 2 * components + 1, sizeof *network->luck);
    for (uint32_t c = 0; c < components; c++) {
        const char *name = world->design->components[c].name;
        begin_luck(world, &network->luck[c], name);
        begin_luck(world, &network->luck[components + c],
                   arena_format(&world->arena, "clients of %s", name));
    }
    slots_init(&network->letters, sizeof(struct letter));
    slots_init(&network->parcels, sizeof(struct parcel));
    for (uint32_t from = 0; from < zones; from++) {
        for (uint32_t to = 0; to < zones; to++) {
            begin_pair(world, from, to);
        }
    }
}

// What is still on its way at the end is thrown away.
static void release_parcels(struct slots *parcels)
{
    for (uint32_t i = 1; i < parcels->used; i++) {
        free(((struct parcel *)slots_at(parcels, i))->content.extra);
    }
    slots_release(parcels);
}

void network_end(struct world *world)
{
    free(world->network.effects);
    free(world->network.arrivals);
    slots_release(&world->network.letters);
    release_parcels(&world->network.parcels);
}

// ---- effects of faults --------------------------------------------------------------------------

static bool is_any_or(uint32_t selector, uint32_t number)
{
    return selector == DESIGN_NONE || selector == number;
}

static bool meets(const struct network_effect *effect, struct network_path path)
{
    if (effect->spares_clients && path.to_component == DESIGN_NONE) {
        return false;
    }
    return is_any_or(effect->from_component, path.from_component) &&
           is_any_or(effect->to_component, path.to_component) &&
           is_any_or(effect->from_zone, path.from_zone) && is_any_or(effect->to_zone, path.to_zone);
}

static bool is_struck(const struct network_effect *effect, struct network_path path)
{
    const struct network_path back = {path.to_zone, path.from_zone, path.to_component,
                                      path.from_component};
    return meets(effect, path) || (!effect->one_way && meets(effect, back));
}

void network_add_effect(struct world *world, struct network_effect effect)
{
    struct network *network = &world->network;
    if (network->effect_count == network->effect_room) {
        network->effect_room = network->effect_room == 0 ? 8 : network->effect_room * 2;
        network->effects =
            check_realloc(network->effects, network->effect_room * sizeof *network->effects);
    }
    network->effects[network->effect_count++] = effect;
}

void network_remove_effects(struct world *world, uint32_t fault)
{
    struct network *network = &world->network;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < network->effect_count; i++) {
        if (network->effects[i].fault != fault) {
            network->effects[kept++] = network->effects[i];
        }
    }
    network->effect_count = kept;
}

bool network_is_cut(const struct world *world, struct network_path path)
{
    const struct network *network = &world->network;
    for (uint32_t i = 0; i < network->effect_count; i++) {
        if (network->effects[i].drop && is_struck(&network->effects[i], path)) {
            return true;
        }
    }
    return false;
}

// ---- messages -----------------------------------------------------------------------------------

// Adds the waits for retransmission; false if every transmission is lost.
static bool pass_loss(struct random_stream *stream, double loss, int64_t *delay_ns)
{
    int64_t timeout_ns = RTO_FIRST_NS;
    for (int i = 0; loss > 0 && random_unit(stream) < loss; i++) {
        if (i == RETRANSMISSIONS) {
            return false;
        }
        *delay_ns += timeout_ns;
        timeout_ns = timeout_ns * 2 < RTO_LAST_NS ? timeout_ns * 2 : RTO_LAST_NS;
    }
    return true;
}

// What the faults in force do to a message.
static bool pass_effects(struct world *world, struct network_path path, int64_t *delay_ns)
{
    struct network *network = &world->network;
    struct random_stream *stream = &luck_of(world, path)->effects;
    double kept = 1;
    if (network_is_cut(world, path)) {
        network->dropped++;
        return false;
    }
    for (uint32_t i = 0; i < network->effect_count; i++) {
        const struct network_effect *effect = &network->effects[i];
        if (!is_struck(effect, path)) {
            continue;
        }
        kept *= 1 - effect->loss;
        if (effect->delay != NULL) {
            *delay_ns += distribution_draw(effect->delay, stream);
        }
    }
    if (!pass_loss(stream, 1 - kept, delay_ns)) {
        network->lost++;
        return false;
    }
    return true;
}

// The wait for the pair's bandwidth and the time on it.
static int64_t serialise(struct world *world, uint32_t pair, double bandwidth, uint64_t bytes)
{
    int64_t *free_ns = &world->network.free_ns[pair];
    const int64_t start = *free_ns > world->now ? *free_ns : world->now;
    *free_ns = time_after(start, distribution_round((double)bytes / bandwidth * 1e9));
    return *free_ns - world->now;
}

static bool pass_link(struct world *world, struct network_path path, uint64_t bytes,
                      int64_t *delay_ns)
{
    struct network *network = &world->network;
    struct random_stream *stream = &luck_of(world, path)->link;
    const uint32_t pair = path.from_zone * world->design->topology.zone_count + path.to_zone;
    const struct link_design *link = &world->design->topology.links[pair];
    *delay_ns += distribution_draw(&link->latency, stream);
    if (link->bandwidth > 0) {
        *delay_ns += serialise(world, pair, link->bandwidth, bytes);
    }
    if (!pass_loss(stream, link->loss, delay_ns)) {
        network->lost++;
        return false;
    }
    return true;
}

bool network_send(struct world *world, struct network_path path, uint64_t bytes, int64_t *delay_ns)
{
    struct network *network = &world->network;
    *delay_ns = network_send_fixed(network, path.from_zone, path.to_zone);
    if (*delay_ns >= 0) {
        return true;
    }
    *delay_ns = 0;
    network->messages++;
    if (network->effect_count > 0 && !pass_effects(world, path, delay_ns)) {
        return false;
    }
    if (path.from_zone == DESIGN_NONE || path.to_zone == DESIGN_NONE) {
        return true;
    }
    const uint32_t pair = path.from_zone * network->zone_count + path.to_zone;
    if (network->fixed_ns[pair] >= 0) {
        *delay_ns += network->fixed_ns[pair];
        return true;
    }
    return pass_link(world, path, bytes, delay_ns);
}

// ---- messages between nodes ---------------------------------------------------------------------

static void open_parcel(struct node *to, struct node *from, uint64_t number)
{
    struct slots *parcels = &to->world->network.parcels;
    struct parcel *parcel = slots_at(parcels, (uint32_t)number);
    struct network_parcel content = parcel->content;
    network_parcel_handler *handler = parcel->handler;
    parcel->content.extra = NULL;
    slots_give(parcels, (uint32_t)number);
    handler(to, from, &content);
    free(content.extra);
}

// A letter that its node holds while it is paused comes here when it resumes.
static void open_letter(struct node *to, uint64_t number)
{
    struct slots *letters = &to->world->network.letters;
    const struct letter letter = *(const struct letter *)slots_at(letters, (uint32_t)number);
    slots_give(letters, (uint32_t)number);
    if (letter.handler == NULL) {
        open_parcel(to, letter.from, letter.word);
    } else {
        letter.handler(to, letter.from, letter.word);
    }
}

static void throw_away(struct world *world, uint32_t number)
{
    const struct letter *letter = slots_at(&world->network.letters, number);
    if (letter->handler == NULL) {
        struct parcel *parcel = slots_at(&world->network.parcels, (uint32_t)letter->word);
        free(parcel->content.extra);
        parcel->content.extra = NULL;
        slots_give(&world->network.parcels, (uint32_t)letter->word);
    }
    slots_give(&world->network.letters, number);
}

static void on_letter(void *subject, uint64_t number)
{
    struct world *world = subject;
    const struct letter *letter = slots_at(&world->network.letters, (uint32_t)number);
    struct node *to = letter->to;
    if (to->epoch != letter->epoch || to->life == NODE_DARK || to->life == NODE_DOWN) {
        throw_away(world, (uint32_t)number);
    } else if (to->pauses > 0) {
        node_timer(to, 0, open_letter, number);
    } else {
        open_letter(to, number);
    }
}

// True: it is on its way, after `delay`.
static bool send_between(const struct node *from, const struct node *to, uint64_t bytes,
                         int64_t *delay)
{
    const struct network_path path = {from->zone, to->zone, from->component->number,
                                      to->component->number};
    *delay = 0;
    return network_send(from->world, path, bytes, delay);
}

static void post_letter(struct node *from, struct node *to, int64_t delay, network_handler *handler,
                        uint64_t word)
{
    struct world *world = from->world;
    const uint32_t number = slots_take(&world->network.letters);
    struct letter *letter = slots_at(&world->network.letters, number);
    letter->number = number;
    letter->epoch = to->epoch;
    letter->to = to;
    letter->from = from;
    letter->handler = handler;
    letter->word = word;
    const struct event event = {on_letter, world, number, world_tag(to, LETTER_EVENT)};
    event_queue_at(world->queue, time_after(world->now, delay), event);
}

void network_message(struct node *from, struct node *to, uint64_t bytes, network_handler *handler,
                     uint64_t word)
{
    int64_t delay;
    if (send_between(from, to, bytes, &delay)) {
        post_letter(from, to, delay, handler, word);
    }
}

// The delay with which a parcel does not overtake the one before it.
static int64_t keep_order(const struct node *from, const struct node *to, int64_t delay)
{
    struct world *world = from->world;
    struct network *network = &world->network;
    const size_t nodes = world->node_count;
    if (network->arrivals == NULL) {
        network->arrivals = check_calloc(nodes * nodes, sizeof *network->arrivals);
    }
    int64_t *arrival = &network->arrivals[from->number * nodes + to->number];
    const int64_t at = time_after(world->now, delay);
    *arrival = at > *arrival ? at : *arrival;
    return *arrival - world->now;
}

void network_post(struct node *from, struct node *to, uint64_t bytes,
                  network_parcel_handler *handler, const struct network_parcel *parcel)
{
    int64_t delay;
    if (!send_between(from, to, bytes, &delay)) {
        free(parcel->extra);
        return;
    }
    delay = keep_order(from, to, delay);
    struct slots *parcels = &from->world->network.parcels;
    const uint32_t number = slots_take(parcels);
    struct parcel *record = slots_at(parcels, number);
    record->handler = handler;
    record->content = *parcel;
    post_letter(from, to, delay, NULL, number);
}
