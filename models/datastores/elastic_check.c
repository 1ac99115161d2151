// elastic_check - fault detection: the master checks every node, every node checks its master.
//
// A check goes out `interval` after the last was answered; it fails when it is refused or not
// answered within `timeout`. So many failures in a row and the other is gone: a node that falls
// silent is given up after retries * timeout + (retries - 1) * interval, counted from its first
// check without answer. A broken connection tells at once (elastic_master.c).
#include "models/datastores/elastic.h"

static const struct elastic_discovery *discovery_of(const struct node *node)
{
    return &elastic_configuration(node->component)->discovery;
}

static struct elastic_check *check_of(const struct node *node, uint32_t other)
{
    return elastic_master_leads(node) ? &elastic_node(node)->checks[other]
                                      : &elastic_node(node)->leader_check;
}

static uint64_t word_of(const struct elastic_check *check, uint32_t other)
{
    return (uint64_t)check->sequence << 32 | other;
}

static struct elastic_check *check_named(const struct node *node, uint64_t word)
{
    struct elastic_check *check = check_of(node, (uint32_t)word);
    const bool same = check->running && check->other == (uint32_t)word &&
                      check->sequence == (uint32_t)(word >> 32);
    return same ? check : NULL;
}

static void send(struct node *node, uint64_t word);

static void fail(struct node *node, struct elastic_check *check)
{
    const struct elastic_discovery *discovery = discovery_of(node);
    check->failures++;
    check->sequence++;
    if (check->failures >= discovery->retries) {
        check->running = false;
        elastic_master_lost(node, check->other);
    } else {
        check->timer =
            node_timer_constant(node, discovery->interval_ns, send, word_of(check, check->other));
    }
}

static void on_timeout(struct node *node, uint64_t word)
{
    struct elastic_check *check = check_named(node, word);
    if (check != NULL) {
        fail(node, check);
    }
}

static void hear(struct node *node, uint64_t word, bool good)
{
    struct elastic_check *check = check_named(node, word);
    if (check == NULL) {
        return;
    }
    node_timer_cancel(node, check->timer);
    if (!good) {
        fail(node, check);
        return;
    }
    check->failures = 0;
    check->sequence++;
    check->timer = node_timer_constant(node, discovery_of(node)->interval_ns, send,
                                       word_of(check, check->other));
}

static void on_good(struct node *node, struct node *from, uint64_t word)
{
    (void)from;
    hear(node, word, true);
}

static void on_refused(struct node *node, struct node *from, uint64_t word)
{
    (void)from;
    hear(node, word, false);
}

// A master answers those in its cluster; a node answers the master that it follows.
static bool is_legitimate(struct node *node, const struct node *from)
{
    if (elastic_master_leads(node)) {
        const struct elastic_cluster *state = elastic_node(node)->accepted;
        return (state->nodes & elastic_bit(from)) && state->epochs[from->replica] == from->epoch;
    }
    return elastic_node(node)->leader == from->replica;
}

static void on_check(struct node *node, struct node *from, uint64_t word)
{
    const bool good = node_is_up(node) && is_legitimate(node, from);
    network_message(node, from, ELASTIC_MESSAGE, good ? on_good : on_refused, word);
}

static void send(struct node *node, uint64_t word)
{
    struct elastic_check *check = check_named(node, word);
    if (check != NULL) {
        const uint64_t name = word_of(check, check->other);
        network_message(node, &node->component->nodes[check->other], ELASTIC_MESSAGE, on_check,
                        name);
        check->timer = node_timer_constant(node, discovery_of(node)->timeout_ns, on_timeout, name);
    }
}

void elastic_check_begin(struct node *node, uint32_t other)
{
    struct elastic_check *check = check_of(node, other);
    if (check->running && check->other == other) {
        return;
    }
    check->running = true;
    check->other = other;
    check->failures = 0;
    check->sequence++;
    check->timer =
        node_timer_constant(node, discovery_of(node)->interval_ns, send, word_of(check, other));
}

void elastic_check_end(struct elastic_check *check)
{
    check->running = false;
    check->sequence++;
}
