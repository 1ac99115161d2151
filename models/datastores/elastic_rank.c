// elastic_rank - adaptive replica selection: which copy of a shard a coordinating node asks.
//
// The rank of a copy's node is C3's (Suresh et al., NSDI 2015) as Elasticsearch uses it: response -
// service + q^3 * service, where response and service are moving averages of the times that the
// coordinating node and the node itself have measured, and q = 1 + outstanding * nodes + queue.
// The lowest rank wins; a node of which nothing is known comes first. The averages of the copies
// that lost move half-way to the winner's, so that each is asked again some time.
#include "models/datastores/elastic.h"

static const double weight = 0.3; // of the newest sample

static double rank_of(const struct elastic_rank *rank, double nodes)
{
    if (!rank->known) {
        return -1e300;
    }
    const double queue = 1 + (double)rank->outstanding * nodes + rank->queue;
    return rank->response - rank->service + queue * queue * queue * rank->service;
}

static void approach(struct elastic_rank *rank, const struct elastic_rank *winner)
{
    if (rank->known && winner->known && rank != winner) {
        rank->response += (winner->response - rank->response) / 2;
        rank->service += (winner->service - rank->service) / 2;
        rank->queue += (winner->queue - rank->queue) / 2;
    }
}

static void approach_all(struct elastic_rank *ranks, uint32_t among, uint32_t winner)
{
    for (uint32_t rest = among; rest != 0; rest &= rest - 1) {
        approach(&ranks[__builtin_ctz(rest)], &ranks[winner]);
    }
}

uint32_t elastic_rank_choose(struct node *from, uint32_t among)
{
    struct elastic_node *node = elastic_node(from);
    const double nodes = (double)from->component->node_count;
    uint32_t best = ELASTIC_NONE;
    double lowest = 0;
    if (among == 0 || (among & (among - 1)) == 0) {
        return among == 0 ? ELASTIC_NONE : (uint32_t)__builtin_ctz(among);
    }
    const uint32_t count = from->component->node_count, first = node->turn++ % count;
    for (uint32_t i = 0; i < count; i++) { // of equals, each in turn
        const uint32_t place = (first + i) % count;
        if ((among >> place & 1) == 0) {
            continue;
        }
        const double rank = rank_of(&node->ranks[place], nodes);
        if (best == ELASTIC_NONE || rank < lowest) {
            best = place;
            lowest = rank;
        }
    }
    approach_all(node->ranks, among, best);
    return best;
}

void elastic_rank_sent(struct node *from, uint32_t to)
{
    elastic_node(from)->ranks[to].outstanding++;
}

static void average(double *value, double sample, bool known)
{
    *value = known ? *value + weight * (sample - *value) : sample;
}

void elastic_rank_answered(struct node *from, const struct elastic_request *request, bool good)
{
    struct elastic_rank *rank = &elastic_node(from)->ranks[request->to];
    rank->outstanding -= rank->outstanding > 0;
    if (good) {
        average(&rank->response, (double)(from->world->now - request->sent_ns), rank->known);
        average(&rank->service, (double)request->service_ns, rank->known);
        average(&rank->queue, request->queue, rank->known);
        rank->known = true;
    }
}
