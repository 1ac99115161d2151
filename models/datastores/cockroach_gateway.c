// cockroach_gateway - how a gateway finds the leaseholder of a range and gets an answer.
//
// It asks whom it takes for the leaseholder, follows the hint of who is not, tries the other
// replicas, nearest first, and waits a little longer before each new round. A read whose connection
// breaks is asked again; of a write nobody knows what became of it.
#include "models/datastores/cockroach.h"

#include <stdlib.h>

#include "sim/base/check.h"
#include "sim/kernel/time.h"

enum { QUESTION_BYTES = 200, ASKED_BITS = 16, SAME_NODE = 3, SAME_ZONE = 2, SAME_REGION = 1 };

uint32_t cockroach_gateway_range(const struct component *component, uint64_t key)
{
    const uint32_t ranges = cockroach_cluster(component)->range_count - 1;
    if (cockroach_configuration(component)->sequential && !versions_tracks(key)) {
        return ranges;
    }
    return 1 + (uint32_t)(digest_mix(key, ranges) % ranges);
}

// ---- whom to ask ------------------------------------------------------------------------------

// visit->value holds the members already asked in this round.
static bool may_ask(const struct visit *visit, const struct cockroach_range *range, uint32_t member)
{
    return (visit->value >> member & 1) == 0 &&
           cockroach_live_reaches(visit->node, range->replicas[member]);
}

static int nearness(const struct node *node, const struct node *other)
{
    const struct topology_design *topology = &node->world->design->topology;
    if (node == other || topology->zone_count == 0) {
        return SAME_NODE;
    }
    if (node->zone == other->zone) {
        return SAME_ZONE;
    }
    return topology->zones[node->zone].region == topology->zones[other->zone].region ? SAME_REGION
                                                                                     : 0;
}

static uint32_t nearest(const struct visit *visit, const struct cockroach_range *range)
{
    const struct component *component = visit->node->component;
    uint32_t best = ELECTION_NONE;
    int near = -1;
    for (uint32_t i = 0; i < range->copies; i++) {
        const int value = nearness(visit->node, &component->nodes[range->replicas[i]]);
        if (may_ask(visit, range, i) && value > near) {
            best = i;
            near = value;
        }
    }
    return best;
}

static uint32_t member_at(const struct cockroach_range *range, uint32_t replica)
{
    for (uint32_t i = 0; i < range->copies; i++) {
        if (range->replicas[i] == replica) {
            return i;
        }
    }
    return ELECTION_NONE;
}

// A first question for the past goes to the nearest replica, all others to the leaseholder.
static uint32_t choose(const struct visit *visit, const struct cockroach_question *question)
{
    const struct component *component = visit->node->component;
    const struct cockroach_range *range = cockroach_range(component, question->range);
    const uint32_t hint =
        member_at(range, cockroach_node(visit->node)->hints[question->range]);
    const bool near = question->service == COCKROACH_SERVE_STALE && visit->value == 0;
    if (!near && hint != ELECTION_NONE && may_ask(visit, range, hint)) {
        return hint;
    }
    return nearest(visit, range);
}

// ---- asking -----------------------------------------------------------------------------------

static void forget_answered(struct cockroach_node *server, struct world *world)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < server->ask_count; i++) {
        if (visit_of(world, server->asks[i].ticket) != NULL) {
            server->asks[kept++] = server->asks[i];
        }
    }
    server->ask_count = kept;
    if (2 * kept >= server->ask_room) {
        server->ask_room = server->ask_room == 0 ? 64 : server->ask_room * 2;
        server->asks = check_realloc(server->asks, server->ask_room * sizeof *server->asks);
    }
}

static void note_asked(struct visit *visit, uint32_t to)
{
    struct cockroach_node *server = cockroach_node(visit->node);
    if (server->ask_count == server->ask_room) {
        forget_answered(server, visit->node->world);
    }
    server->asks[server->ask_count++] = (struct cockroach_ask){visit_ticket(visit), to};
}

static void post(struct visit *visit, const struct cockroach_question *question, uint32_t to)
{
    struct node *node = visit->node, *target = &node->component->nodes[to];
    struct network_parcel parcel = {
        .words = {visit_ticket(visit), (uint64_t)question->range << 8 | question->service,
                  question->key, (uint64_t)question->stamp, question->value,
                  (uint64_t)question->writer_generation << 32 | question->writer}};
    note_asked(visit, to);
    if (target == node) {
        cockroach_serve_begin(node, node, &parcel);
    } else {
        network_post(node, target, QUESTION_BYTES, cockroach_serve_begin, &parcel);
    }
}

// Doubled each round, up to the limit, give or take a seventh.
static int64_t draw_wait(const struct visit *visit)
{
    const struct cockroach_connection *settings =
        &cockroach_configuration(visit->node->component)->connection;
    struct random_stream *stream = cockroach_node(visit->node)->streams.retry;
    int64_t wait = settings->backoff_ns;
    for (uint32_t i = 0; i < visit->loops[0] && wait < settings->limit_ns; i++) {
        wait *= 2;
    }
    wait = wait < settings->limit_ns ? wait : settings->limit_ns;
    return wait + (int64_t)((random_unit(stream) * 0.3 - 0.15) * (double)wait);
}

static enum outcome back_off(struct visit *visit)
{
    const int64_t wait = draw_wait(visit);
    visit->value = 0;
    visit->loops[0] += visit->loops[0] < UINT8_MAX;
    step_hold(visit, wait > 0 ? wait : 1, METER_BACKOFF);
    return OUTCOME_AGAIN;
}

enum outcome cockroach_gateway_ask(struct visit *visit, const struct cockroach_question *question)
{
    const struct cockroach_range *range =
        cockroach_range(visit->node->component, question->range);
    const uint32_t member = choose(visit, question);
    if (member == ELECTION_NONE) {
        return back_off(visit);
    }
    visit->value |= 1U << member;
    const enum outcome wait = step_wait(visit);
    post(visit, question, range->replicas[member]);
    return wait;
}

void cockroach_gateway_reset(struct visit *visit)
{
    visit->value = 0;
    visit->loops[0] = 0;
}

// ---- answers ----------------------------------------------------------------------------------

bool cockroach_gateway_asks_on(const struct visit *visit)
{
    return visit->status == STATUS_REJECTED || visit->status == STATUS_RESET;
}

// words: ticket, status and hint, value, timestamp, log index, range
void cockroach_gateway_hear(struct node *node, struct node *from, struct network_parcel *parcel)
{
    struct visit *visit = visit_of(node->world, parcel->words[0]);
    const enum status status = (enum status)(parcel->words[1] & 0xff);
    const uint32_t hint = (uint32_t)(parcel->words[1] >> 32);
    uint32_t *known = &cockroach_node(node)->hints[parcel->words[5]];
    if (status == STATUS_REJECTED) {
        *known = hint == COCKROACH_NONE ? *known : hint;
    }
    cockroach_serve_clock(node, status == STATUS_OK ? (int64_t)parcel->words[3] : 0);
    if (visit == NULL) {
        return;
    }
    if (status == STATUS_OK && visit->operation->number <= COCKROACH_FOLLOWER_READ) {
        uint64_t *words = visit_words(visit);
        words[0] = parcel->words[2];
        words[1] = parcel->words[4];
    }
    if (status == STATUS_OK && visit->operation->number != COCKROACH_FOLLOWER_READ) {
        *known = from->replica;
    }
    visit->status = (uint8_t)status & 0x7f;
    if (from == node) {
        visit_wake_later(node->world, parcel->words[0]);
    } else {
        visit_wake(node->world, parcel->words[0]);
    }
}

void cockroach_gateway_break(struct node *node, uint32_t peer)
{
    const struct cockroach_node *server = cockroach_node(node);
    for (uint32_t i = 0; i < server->ask_count; i++) {
        const struct cockroach_ask *ask = &server->asks[i];
        struct visit *visit = ask->to == peer ? visit_of(node->world, ask->ticket) : NULL;
        if (visit != NULL) {
            visit->status = STATUS_RESET;
            visit_wake_later(node->world, ask->ticket);
        }
    }
}
