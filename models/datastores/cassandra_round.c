// cassandra_round - what a coordinator asks of replicas: messages, answers, time-outs, guesses.
//
// A round ends when enough of the copies that count have answered well, when so many have refused
// that this has become impossible, or when its time-out passes. What the others answer later
// matters only for hints: a write that a replica has not confirmed by then is kept for it.
// A read that lasts longer than most is asked of one more copy (speculative retry): the limit is a
// quantile of the coordinator's own reads, computed anew every read time-out. A replica that leaves
// a read unanswered counts as one that took the whole time-out, so that others are asked first
// (RequestCallbacks.java, 5.0).
#include <stdlib.h>

#include "models/datastores/cassandra.h"

enum { DEADLINE_EVENT = 0xfc0, REQUEST_BYTES = 120, DIGEST_BYTES = 60 };

static struct cassandra_round *round_at(const struct component *component, uint32_t number)
{
    return slots_at(&cassandra_state(component)->rounds, number);
}

struct cassandra_round *cassandra_round_of(const struct visit *visit)
{
    return round_at(visit->node->component, visit->value);
}

bool cassandra_round_is_current(const struct component *component, uint32_t number,
                                uint32_t generation)
{
    return slots_generation(&cassandra_state(component)->rounds, number) == generation;
}

static uint64_t name_of(const struct cassandra_round *round)
{
    return (uint64_t)round->generation << 32 | round->number;
}

// The round that a message names, NULL if it has expired.
static struct cassandra_round *named(const struct component *component, uint64_t word)
{
    const bool current =
        cassandra_round_is_current(component, (uint32_t)word, (uint32_t)(word >> 32));
    return current ? round_at(component, (uint32_t)word) : NULL;
}

uint32_t cassandra_round_copy(const struct cassandra_round *round, uint32_t replica)
{
    for (uint32_t i = 0; i < round->count; i++) {
        if (round->replicas[i] == replica) {
            return i;
        }
    }
    return CASSANDRA_NONE;
}

// ---- deadlines --------------------------------------------------------------------------------

static enum cassandra_class class_of(const struct cassandra_round *round)
{
    if (round->verb == CASSANDRA_READ) {
        return CASSANDRA_CLASS_READ;
    }
    return round->verb == CASSANDRA_SCAN ? CASSANDRA_CLASS_RANGE : CASSANDRA_CLASS_WRITE;
}

static void unlist(struct component *component, struct cassandra_round *round)
{
    struct cassandra_deadlines *list =
        &cassandra_state(component)->deadlines[class_of(round)];
    if (!round->listed) {
        return;
    }
    if (round->older != 0) {
        round_at(component, round->older)->newer = round->newer;
    } else {
        list->oldest = round->newer;
    }
    if (round->newer != 0) {
        round_at(component, round->newer)->older = round->older;
    } else {
        list->newest = round->older;
    }
    round->listed = false;
}

static void on_deadline(void *subject, uint64_t class);

static void arm(struct component *component, enum cassandra_class class)
{
    struct cassandra_deadlines *list = &cassandra_state(component)->deadlines[class];
    if (list->armed || list->oldest == 0) {
        return;
    }
    const int64_t due = time_after(round_at(component, list->oldest)->began_ns, list->after_ns);
    const struct event event = {on_deadline, component, class,
                                world_tag(&component->nodes[0], DEADLINE_EVENT + class)};
    list->armed = true;
    event_queue_at(component->world->queue, due, event);
}

static void list(struct component *component, struct cassandra_round *round)
{
    const enum cassandra_class class = class_of(round);
    struct cassandra_deadlines *deadlines = &cassandra_state(component)->deadlines[class];
    round->began_ns = component->world->now;
    round->older = deadlines->newest;
    round->newer = 0;
    if (deadlines->newest != 0) {
        round_at(component, deadlines->newest)->newer = round->number;
    } else {
        deadlines->oldest = round->number;
    }
    deadlines->newest = round->number;
    round->listed = true;
    arm(component, class);
}

// ---- guesses ----------------------------------------------------------------------------------

static void drop_guess(struct node *coordinator, struct cassandra_round *round)
{
    struct component *component = coordinator->component;
    struct cassandra_node *server = cassandra_node(coordinator);
    if (!round->guessing) {
        return;
    }
    if (round->slower != 0) {
        round_at(component, round->slower)->faster = round->faster;
    } else {
        server->guess_oldest = round->faster;
    }
    if (round->faster != 0) {
        round_at(component, round->faster)->slower = round->slower;
    } else {
        server->guess_newest = round->slower;
    }
    round->guessing = false;
}

static uint32_t spare_copies(const struct cassandra_round *round, const struct node *node)
{
    return cassandra_round_living(round, node) & round->counting & ~round->sent;
}

static void ask_one_more(struct node *coordinator, struct cassandra_round *round)
{
    uint8_t order[CASSANDRA_COPIES];
    const uint32_t spare = spare_copies(round, coordinator);
    cassandra_ring_order(coordinator, round->replicas, order);
    for (uint32_t i = 0; i < round->count; i++) {
        if (spare >> order[i] & 1) {
            cassandra_state(coordinator->component)->guesses++;
            cassandra_round_send(coordinator, round, 1U << order[i]);
            return;
        }
    }
}

static void on_guess(struct node *coordinator, uint64_t word);

static void arm_guess(struct node *coordinator)
{
    struct cassandra_node *server = cassandra_node(coordinator);
    if (server->guess_armed || server->guess_oldest == 0) {
        return;
    }
    const int64_t began = round_at(coordinator->component, server->guess_oldest)->began_ns;
    const int64_t due = time_after(began, server->guess_ns);
    const int64_t now = coordinator->world->now;
    server->guess_armed = true;
    server->guess_timer = node_timer(coordinator, due > now ? due - now : 0, on_guess, 0);
}

static void on_guess(struct node *coordinator, uint64_t word)
{
    (void)word;
    struct cassandra_node *server = cassandra_node(coordinator);
    server->guess_armed = false;
    while (server->guess_oldest != 0) {
        struct cassandra_round *round = round_at(coordinator->component, server->guess_oldest);
        if (time_after(round->began_ns, server->guess_ns) > coordinator->world->now) {
            break;
        }
        drop_guess(coordinator, round);
        ask_one_more(coordinator, round);
    }
    arm_guess(coordinator);
}

static void refresh_guess(struct node *coordinator)
{
    const struct cassandra_configuration *configuration =
        cassandra_configuration(coordinator->component);
    struct cassandra_node *server = cassandra_node(coordinator);
    if (coordinator->world->now < server->guess_due_ns || server->reads.count == 0) {
        return;
    }
    server->guess_due_ns = coordinator->world->now + configuration->timeouts.read_ns;
    server->guess_ns = (int64_t)histogram_quantile(&server->reads, configuration->speculate);
    histogram_clear(&server->reads);
    node_timer_cancel(coordinator, server->guess_timer);
    server->guess_armed = false;
    arm_guess(coordinator);
}

static void add_guess(struct node *coordinator, struct cassandra_round *round)
{
    struct component *component = coordinator->component;
    struct cassandra_node *server = cassandra_node(coordinator);
    const bool wanted = cassandra_configuration(component)->speculate > 0;
    if (!wanted || round->verb != CASSANDRA_READ || round->full || round->guessing ||
        spare_copies(round, coordinator) == 0) {
        return;
    }
    refresh_guess(coordinator);
    round->guessing = true;
    round->slower = server->guess_newest;
    round->faster = 0;
    if (server->guess_newest != 0) {
        round_at(component, server->guess_newest)->faster = round->number;
    } else {
        server->guess_oldest = round->number;
    }
    server->guess_newest = round->number;
    arm_guess(coordinator);
}

// ---- life of a round --------------------------------------------------------------------------

static void give(struct component *component, struct cassandra_round *round)
{
    struct cassandra_state *state = cassandra_state(component);
    unlist(component, round);
    drop_guess(&component->nodes[round->coordinator], round);
    if (round->cas != 0) {
        slots_give(&state->cas, round->cas);
    }
    slots_give(&state->rounds, round->number);
}

static struct cassandra_round *take(struct node *coordinator, enum cassandra_verb verb)
{
    struct cassandra_state *state = cassandra_state(coordinator->component);
    const uint32_t number = slots_take(&state->rounds);
    struct cassandra_round *round = slots_at(&state->rounds, number);
    round->number = number;
    round->coordinator = coordinator->replica;
    round->epoch = coordinator->epoch;
    round->verb = (uint8_t)verb;
    round->thorough = verb == CASSANDRA_PROPOSE;
    list(coordinator->component, round);
    return round;
}

struct cassandra_round *cassandra_round_take(struct visit *visit, enum cassandra_verb verb,
                                             int level)
{
    struct node *coordinator = visit->node;
    struct component *component = coordinator->component;
    struct cassandra_round *round = take(coordinator, verb);
    round->key = visit_key(visit);
    round->request = visit->request;
    const uint16_t *replicas = cassandra_ring_replicas(component, round->key);
    round->count = (uint8_t)cassandra_state(component)->copies;
    for (uint32_t i = 0; i < round->count; i++) {
        round->replicas[i] = replicas[i];
    }
    round->counting = cassandra_ring_counting(coordinator, replicas, level);
    round->quorum = quorum_of(cassandra_ring_needed(component, level), 0);
    round->ticket = visit_ticket(visit);
    round->held = true;
    visit->value = round->number;
    return round;
}

struct cassandra_round *cassandra_round_follow(struct visit *visit, struct cassandra_round *before,
                                               enum cassandra_verb verb, int level)
{
    struct cassandra_round *round = cassandra_round_take(visit, verb, level);
    round->cas = before->cas;
    round->floor = before->floor;
    round->version = before->version;
    round->ballot = before->ballot;
    before->cas = 0;
    if (round->cas != 0) {
        *visit_words(visit) = round->generation;
    }
    cassandra_round_let_go(visit->node->component, before);
    return round;
}

struct cassandra_round *cassandra_round_single(struct node *coordinator, uint32_t replica,
                                               const struct cassandra_hint *hint)
{
    struct cassandra_round *round = take(coordinator, CASSANDRA_HINT);
    round->key = hint->key;
    round->request = hint->request;
    round->version = hint->version;
    round->count = 1;
    round->replicas[0] = (uint16_t)replica;
    round->counting = 1;
    round->quorum = quorum_of(1, 0);
    return round;
}

void cassandra_round_let_go(struct component *component, struct cassandra_round *round)
{
    round->held = false;
    if (!round->listed || round->left == 0) {
        give(component, round);
    }
}

uint32_t cassandra_round_living(const struct cassandra_round *round, const struct node *node)
{
    const struct cassandra_peer *peers = cassandra_node(node)->peers;
    uint32_t set = 0;
    for (uint32_t i = 0; i < round->count; i++) {
        const uint32_t replica = round->replicas[i];
        set |= (uint32_t)(replica == node->replica || peers[replica].alive) << i;
    }
    return set;
}

bool cassandra_round_is_possible(const struct cassandra_round *round, const struct node *node)
{
    const uint32_t living = cassandra_round_living(round, node) & round->counting;
    return (uint32_t)__builtin_popcount(living) >= round->quorum.needed;
}

// ---- messages ---------------------------------------------------------------------------------

static void on_request(struct node *replica, struct node *from, uint64_t word)
{
    (void)from;
    const struct cassandra_round *round = named(replica->component, word);
    if (round == NULL) {
        cassandra_state(replica->component)->dropped++;
        return;
    }
    cassandra_replica_receive(replica, round);
}

static bool writes(const struct cassandra_round *round)
{
    return round->verb != CASSANDRA_READ && round->verb != CASSANDRA_SCAN &&
           round->verb != CASSANDRA_PREPARE;
}

void cassandra_round_send(struct node *coordinator, struct cassandra_round *round, uint32_t copies)
{
    struct component *component = coordinator->component;
    const uint64_t row = cassandra_configuration(component)->row;
    const uint64_t bytes = REQUEST_BYTES + (writes(round) ? row : 0);
    if (round->sent == 0) {
        unlist(component, round);
        list(component, round);
    }
    round->sent |= copies;
    round->left |= copies;
    round->quorum.asked |= copies & round->counting;
    add_guess(coordinator, round);
    for (uint32_t i = 0; i < round->count; i++) {
        struct node *replica = &component->nodes[round->replicas[i]];
        if ((copies >> i & 1) == 0) {
            continue;
        }
        if (replica == coordinator) {
            cassandra_replica_receive(replica, round);
        } else {
            network_message(coordinator, replica, bytes, on_request, name_of(round));
        }
    }
}

// ---- answers ----------------------------------------------------------------------------------

// `direct`: from an event of its own, not from within a step of another visit.
static void tell(struct component *component, struct cassandra_round *round,
                 enum cassandra_end end, bool direct)
{
    struct node *coordinator = &component->nodes[round->coordinator];
    const uint64_t ticket = round->ticket;
    round->end = (uint8_t)end;
    round->told = true;
    drop_guess(coordinator, round);
    if (end == CASSANDRA_DONE && round->verb == CASSANDRA_READ) {
        histogram_add(&cassandra_node(coordinator)->reads,
                      component->world->now - round->began_ns);
    }
    if (ticket != 0 && direct) {
        visit_wake(component->world, ticket);
    } else if (ticket != 0) {
        visit_wake_later(component->world, ticket);
    }
}

static void note_speed(struct node *coordinator, uint32_t replica, int64_t time_ns)
{
    double *answer = &cassandra_node(coordinator)->peers[replica].answer_ns;
    *answer = *answer <= 0 ? (double)time_ns : *answer * 0.9 + (double)time_ns * 0.1;
}

static void judge(struct component *component, struct cassandra_round *round, bool direct)
{
    const enum quorum_state state = quorum_is(&round->quorum);
    const bool lost = state == QUORUM_LOST && (!round->thorough || round->left == 0);
    if (!round->told && (state == QUORUM_REACHED || lost)) {
        tell(component, round, lost ? CASSANDRA_REFUSED : CASSANDRA_DONE, direct);
    }
}

static void hear(struct node *coordinator, uint64_t word, uint32_t copy, bool direct)
{
    struct component *component = coordinator->component;
    struct cassandra_round *round = named(component, word);
    const uint32_t bit = 1U << copy;
    if ((round->left & bit) == 0 || round->epoch != coordinator->epoch) {
        return;
    }
    const bool good = (round->failed & bit) == 0;
    round->left &= ~bit;
    if (round->verb == CASSANDRA_READ) {
        note_speed(coordinator, round->replicas[copy], component->world->now - round->began_ns);
    } else if (round->verb == CASSANDRA_HINT) {
        cassandra_hints_delivered(coordinator, round->replicas[copy], good);
    }
    if (round->counting & bit) {
        quorum_answer(&round->quorum, copy, good);
    }
    judge(component, round, direct);
    round = named(component, word);
    if (round != NULL && round->left == 0 && !round->held) {
        give(component, round);
    }
}

static void on_answer(struct node *coordinator, struct node *from, uint64_t word)
{
    const struct cassandra_round *round = named(coordinator->component, word);
    if (round != NULL) {
        hear(coordinator, word, cassandra_round_copy(round, from->replica), true);
    }
}

static uint64_t answer_bytes(const struct component *component,
                             const struct cassandra_round *round, uint32_t copy)
{
    const struct cassandra_configuration *configuration = cassandra_configuration(component);
    if (round->verb == CASSANDRA_SCAN) {
        return configuration->scan.rows * configuration->row;
    }
    const bool row = round->verb == CASSANDRA_READ && (round->full || round->data == copy);
    return DIGEST_BYTES + (row ? configuration->row : 0);
}

void cassandra_round_answer(struct node *replica, uint32_t number, uint32_t generation, bool good)
{
    struct component *component = replica->component;
    const uint64_t word = (uint64_t)generation << 32 | number;
    struct cassandra_round *round = round_at(component, number);
    const uint32_t copy = cassandra_round_copy(round, replica->replica);
    struct node *coordinator = &component->nodes[round->coordinator];
    round->failed |= (uint32_t)!good << copy;
    if (coordinator == replica) {
        hear(coordinator, word, copy, false);
    } else {
        network_message(replica, coordinator, answer_bytes(component, round, copy), on_answer,
                        word);
    }
}

// ---- time-outs --------------------------------------------------------------------------------

static void keep_hints(struct node *coordinator, const struct cassandra_round *round)
{
    for (uint32_t i = 0; i < round->count; i++) {
        const bool missed = round->left >> i & 1;
        if (missed && round->verb == CASSANDRA_HINT) {
            cassandra_hints_delivered(coordinator, round->replicas[i], false);
        } else if (missed) {
            cassandra_hints_store(coordinator, round->replicas[i], round);
        }
    }
}

static void note_silence(struct node *coordinator, const struct cassandra_round *round)
{
    const int64_t whole_ns = cassandra_configuration(coordinator->component)->timeouts.read_ns;
    for (uint32_t i = 0; i < round->count; i++) {
        if ((round->left >> i & 1) && round->replicas[i] != coordinator->replica) {
            note_speed(coordinator, round->replicas[i], whole_ns);
        }
    }
}

static void expire(struct component *component, struct cassandra_round *round)
{
    struct node *coordinator = &component->nodes[round->coordinator];
    const bool keeps = round->verb == CASSANDRA_WRITE || round->verb == CASSANDRA_COMMIT ||
                       round->verb == CASSANDRA_HINT;
    unlist(component, round);
    if (coordinator->epoch == round->epoch && keeps) {
        keep_hints(coordinator, round);
    }
    if (coordinator->epoch == round->epoch && round->verb == CASSANDRA_READ) {
        note_silence(coordinator, round);
    }
    if (!round->told) {
        tell(component, round, CASSANDRA_TIMEOUT, false);
    }
    if (!round->held || visit_of(component->world, round->ticket) == NULL) {
        give(component, round);
    }
}

static void on_deadline(void *subject, uint64_t class)
{
    struct component *component = subject;
    struct cassandra_deadlines *deadlines = &cassandra_state(component)->deadlines[class];
    deadlines->armed = false;
    while (deadlines->oldest != 0) {
        struct cassandra_round *round = round_at(component, deadlines->oldest);
        if (time_after(round->began_ns, deadlines->after_ns) > component->world->now) {
            break;
        }
        expire(component, round);
    }
    arm(component, (enum cassandra_class)class);
}

// ---- life -------------------------------------------------------------------------------------

void cassandra_round_begin(struct component *component)
{
    struct cassandra_state *state = cassandra_state(component);
    const struct cassandra_timeouts *timeouts = &cassandra_configuration(component)->timeouts;
    slots_init(&state->rounds, sizeof(struct cassandra_round));
    slots_init(&state->cas, sizeof(struct cassandra_cas));
    state->deadlines[CASSANDRA_CLASS_READ].after_ns = timeouts->read_ns;
    state->deadlines[CASSANDRA_CLASS_RANGE].after_ns = timeouts->range_ns;
    state->deadlines[CASSANDRA_CLASS_WRITE].after_ns = timeouts->write_ns;
}

void cassandra_round_end(struct component *component)
{
    slots_release(&cassandra_state(component)->rounds);
    slots_release(&cassandra_state(component)->cas);
}

// What the coordinator had sent goes on; nobody hears the answers.
void cassandra_round_crash(struct node *coordinator)
{
    struct component *component = coordinator->component;
    const struct slots *rounds = &cassandra_state(component)->rounds;
    for (uint32_t number = 1; number < rounds->used; number++) {
        struct cassandra_round *round = slots_at(rounds, number);
        if (round->number != number || round->coordinator != coordinator->replica) {
            continue;
        }
        drop_guess(coordinator, round);
        round->held = false;
        round->told = true;
        if (!round->listed) {
            give(component, round);
        }
    }
    cassandra_node(coordinator)->guess_armed = false;
}
