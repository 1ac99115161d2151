// cassandra_paxos - lightweight transactions and serial reads: Paxos on the replicas of one key.
//
// Four round trips (paxos_variant v1): prepare a ballot, read the row at a quorum, propose, commit.
// A ballot is the coordinator's clock in microseconds and its number; the row's timestamp is the
// ballot's clock. A quorum of promises tells what was accepted and not committed: it is proposed
// again and committed first. Replicas that lack the latest commit are taught it. Whoever is refused
// pauses at random and tries anew until the contention time-out. A serial read, and a conditional
// write whose condition fails, propose an empty row, so that nothing accepted before can show after
// them. Where a proposal of one's own was accepted by some and refused by others, nobody knows.
#include "models/datastores/cassandra.h"

enum { PREPARE_STEP = 3, WRITE_CONCLUDES = 13, READ_CONCLUDES = 12, BALLOT_BITS = 10 };

static const struct cassandra_configuration *configuration_of(const struct visit *visit)
{
    return cassandra_configuration(visit->node->component);
}

static struct cassandra_state *state_of(const struct visit *visit)
{
    return cassandra_state(visit->node->component);
}

static struct cassandra_cas *cas_of(const struct component *component,
                                    const struct cassandra_round *round)
{
    return slots_at(&cassandra_state(component)->cas, round->cas);
}

// The present round, NULL if it has expired while the coordinator was paused.
static struct cassandra_round *round_of(struct visit *visit)
{
    const struct component *component = visit->node->component;
    const uint32_t generation = (uint32_t)*visit_words(visit);
    return cassandra_round_is_current(component, visit->value, generation)
               ? cassandra_round_of(visit)
               : NULL;
}

// ---- at a replica -----------------------------------------------------------------------------

bool cassandra_paxos_prepare(struct node *replica, struct cassandra_round *round,
                             uint64_t position)
{
    struct cassandra_node *server = cassandra_node(replica);
    if (!versions_tracks(round->key)) {
        return true;
    }
    const int64_t promised = versions_get(&server->promised, round->key).stamp;
    if (round->cas != 0) {
        const uint32_t copy = cassandra_round_copy(round, replica->replica);
        cas_of(replica->component, round)->answers[copy] = (struct cassandra_promise){
            promised, versions_get(&server->accepted, round->key),
            versions_get(&server->committed, round->key)};
    }
    if (round->ballot <= promised) {
        return false;
    }
    const struct version promise = {1, round->ballot};
    versions_put(&server->promised, round->key, promise, position);
    return true;
}

bool cassandra_paxos_accept(struct node *replica, const struct cassandra_round *round,
                            uint64_t position)
{
    struct cassandra_node *server = cassandra_node(replica);
    if (!versions_tracks(round->key)) {
        return true;
    }
    if (versions_get(&server->promised, round->key).stamp > round->ballot) {
        return false;
    }
    const struct version promise = {1, round->ballot};
    const struct version accepted = {round->version.value, round->ballot};
    versions_put(&server->promised, round->key, promise, position);
    versions_put(&server->accepted, round->key, accepted, position);
    return true;
}

void cassandra_paxos_commit(struct node *replica, const struct cassandra_round *round,
                            uint64_t position)
{
    struct cassandra_node *server = cassandra_node(replica);
    if (!versions_tracks(round->key)) {
        return;
    }
    const struct version held = versions_get(&server->committed, round->key);
    const struct version committed = {round->version.value, round->ballot};
    const bool split = held.stamp == committed.stamp && held.value != committed.value;
    cassandra_state(replica->component)->split_decisions += split;
    versions_merge(&server->committed, round->key, committed, position);
}

// ---- prepare ----------------------------------------------------------------------------------

static uint32_t begin_cas(struct visit *visit)
{
    struct cassandra_state *state = state_of(visit);
    const uint16_t operation = visit->operation->number;
    const uint32_t number = slots_take(&state->cas);
    struct cassandra_cas *cas = slots_at(&state->cas, number);
    cas->number = number;
    cas->began_ns = visit_now(visit);
    cas->reads = operation == CASSANDRA_OP_READ;
    cas->conditional = operation == CASSANDRA_OP_UPDATE_IF &&
                       configuration_of(visit)->condition == CASSANDRA_UNCHANGED;
    cas->value = cas->reads ? 0 : cassandra_steps_value(visit);
    cas->expected = visit_words(visit)[1];
    return number;
}

static enum outcome open(struct visit *visit)
{
    struct cassandra_round *round =
        cassandra_round_take(visit, CASSANDRA_PREPARE, CASSANDRA_SERIAL);
    round->cas = begin_cas(visit);
    round->floor = versions_get(&state_of(visit)->acknowledged, round->key).stamp;
    *visit_words(visit) = round->generation;
    return step_next(visit);
}

// Above everything that others are known to have reached.
static int64_t next_ballot(struct node *node, const struct cassandra_cas *cas)
{
    const int64_t clock = cassandra_steps_stamp(node);
    const int64_t above = (cas->highest >> BALLOT_BITS) + 1;
    return (clock > above ? clock : above) << BALLOT_BITS | node->replica;
}

static enum outcome give_up(struct visit *visit, struct cassandra_round *round, enum status status)
{
    if (round != NULL) {
        cassandra_round_let_go(visit->node->component, round);
    }
    return cassandra_steps_finish(visit, status, 0);
}

// Of a write nobody knows; a read has no effect.
static enum outcome time_out(struct visit *visit, struct cassandra_round *round)
{
    const bool reads = visit->operation->number == CASSANDRA_OP_READ;
    return give_up(visit, round, reads ? STATUS_ERROR : STATUS_INDETERMINATE);
}

static enum outcome prepare(struct visit *visit)
{
    struct cassandra_round *round = round_of(visit);
    if (round == NULL) {
        return time_out(visit, round);
    }
    struct cassandra_cas *cas = cas_of(visit->node->component, round);
    if (!cassandra_round_is_possible(round, visit->node)) {
        return give_up(visit, round, STATUS_UNAVAILABLE);
    }
    cas->again = cas->finished = false;
    cas->ballot = round->ballot = next_ballot(visit->node, cas);
    state_of(visit)->cas_rounds++;
    return cassandra_steps_wait(visit, round, cassandra_round_living(round, visit->node));
}

static bool is_newer(struct version one, struct version other)
{
    return one.stamp > other.stamp;
}

static void gather(const struct cassandra_round *round, struct cassandra_cas *cas)
{
    cas->accepted = cas->committed = (struct version){0};
    for (uint32_t i = 0; i < round->count; i++) {
        const struct cassandra_promise *answer = &cas->answers[i];
        if (((round->quorum.good | round->quorum.bad) >> i & 1) == 0) {
            continue;
        }
        cas->highest = answer->ballot > cas->highest ? answer->ballot : cas->highest;
        if (is_newer(answer->accepted, cas->accepted)) {
            cas->accepted = answer->accepted;
        }
        if (is_newer(answer->committed, cas->committed)) {
            cas->committed = answer->committed;
        }
    }
}

// Even with the promises of a quorum the new timestamp must be above that of the latest commit.
static void judge_promises(const struct cassandra_round *round, struct cassandra_cas *cas)
{
    if (versions_tracks(round->key)) {
        gather(round, cas);
    }
    const int64_t latest = cas->committed.stamp;
    const bool late = latest >> BALLOT_BITS >= cas->ballot >> BALLOT_BITS;
    cas->highest = latest > cas->highest ? latest : cas->highest;
    cas->again = round->end == CASSANDRA_REFUSED || late;
}

static enum outcome weigh(struct visit *visit)
{
    const struct cassandra_round *round = round_of(visit);
    if (round == NULL || round->end == CASSANDRA_TIMEOUT) {
        return time_out(visit, round_of(visit));
    }
    struct cassandra_cas *cas = cas_of(visit->node->component, round);
    judge_promises(round, cas);
    state_of(visit)->contentions += cas->again;
    return step_next(visit);
}

// ---- what others left -------------------------------------------------------------------------

static enum outcome put_forward(struct visit *visit, struct cassandra_round *round, uint64_t value)
{
    const int64_t ballot = cas_of(visit->node->component, round)->ballot;
    round = cassandra_round_follow(visit, round, CASSANDRA_PROPOSE, CASSANDRA_SERIAL);
    round->ballot = ballot;
    round->version = (struct version){value, ballot >> BALLOT_BITS};
    return cassandra_steps_wait(visit, round, cassandra_round_living(round, visit->node));
}

static int commit_level(const struct visit *visit)
{
    const int level = configuration_of(visit)->write_level;
    return level == CASSANDRA_SERIAL ? CASSANDRA_QUORUM : level;
}

static bool is_unfinished(const struct cassandra_cas *cas)
{
    return !cas->again && cas->accepted.value != 0 && is_newer(cas->accepted, cas->committed);
}

static enum outcome finish_earlier(struct visit *visit)
{
    struct cassandra_round *round = round_of(visit);
    const struct cassandra_cas *cas = cas_of(visit->node->component, round);
    return is_unfinished(cas) ? put_forward(visit, round, cas->accepted.value)
                              : step_next(visit);
}

// The other's row is committed at a quorum, so that the next reader sees it; then all begins anew.
static enum outcome commit_anothers(struct visit *visit, struct cassandra_round *round)
{
    struct cassandra_cas *cas = cas_of(visit->node->component, round);
    cas->again = true;
    if (round->end != CASSANDRA_DONE) {
        return step_next(visit);
    }
    cas->finished = true;
    round = cassandra_round_follow(visit, round, CASSANDRA_COMMIT, CASSANDRA_QUORUM);
    return cassandra_steps_spread(visit, round);
}

static enum outcome commit_earlier(struct visit *visit)
{
    struct cassandra_round *round = round_of(visit);
    if (round == NULL) {
        return time_out(visit, round);
    }
    const struct cassandra_cas *cas = cas_of(visit->node->component, round);
    return is_unfinished(cas) ? commit_anothers(visit, round) : step_next(visit);
}

static uint32_t unaware(const struct cassandra_round *round, const struct cassandra_cas *cas)
{
    uint32_t set = 0;
    for (uint32_t i = 0; i < round->count; i++) {
        const bool lacks = is_newer(cas->committed, cas->answers[i].committed);
        set |= (uint32_t)(lacks && (round->quorum.good >> i & 1)) << i;
    }
    return cas->again ? 0 : set;
}

static enum outcome teach_copies(struct visit *visit, struct cassandra_round *round,
                                 uint32_t copies)
{
    const struct version committed = cas_of(visit->node->component, round)->committed;
    round = cassandra_round_follow(visit, round, CASSANDRA_COMMIT, CASSANDRA_ALL);
    round->ballot = committed.stamp;
    round->version = (struct version){committed.value, committed.stamp >> BALLOT_BITS};
    round->quorum.needed = (uint32_t)__builtin_popcount(copies);
    return cassandra_steps_wait(visit, round, copies);
}

static enum outcome teach(struct visit *visit)
{
    struct cassandra_round *round = round_of(visit);
    if (round == NULL) {
        return time_out(visit, round);
    }
    const uint32_t copies = unaware(round, cas_of(visit->node->component, round));
    return copies == 0 ? step_next(visit) : teach_copies(visit, round, copies);
}

// ---- the request's own ------------------------------------------------------------------------

static uint16_t conclusion(const struct visit *visit)
{
    const bool reads = visit->operation->number == CASSANDRA_OP_READ;
    return reads ? READ_CONCLUDES : WRITE_CONCLUDES;
}

static enum outcome read_row(struct visit *visit)
{
    struct cassandra_round *round = round_of(visit);
    if (round == NULL || round->end == CASSANDRA_TIMEOUT) {
        return time_out(visit, round);
    }
    struct cassandra_cas *cas = cas_of(visit->node->component, round);
    cas->again = cas->again || round->end != CASSANDRA_DONE;
    if (cas->again) {
        return step_jump(visit, conclusion(visit));
    }
    round = cassandra_round_follow(visit, round, CASSANDRA_READ, CASSANDRA_QUORUM);
    return cassandra_steps_ask(visit, round);
}

// A serial read: whatever was accepted before can no longer be committed after it.
static enum outcome close_past(struct visit *visit)
{
    struct cassandra_round *round = round_of(visit);
    if (round == NULL || round->end == CASSANDRA_TIMEOUT) {
        return time_out(visit, round);
    }
    return cas_of(visit->node->component, round)->again
               ? step_jump(visit, conclusion(visit))
               : put_forward(visit, round, 0);
}

static enum outcome propose(struct visit *visit)
{
    struct cassandra_round *round = round_of(visit);
    if (round == NULL || round->end != CASSANDRA_DONE) {
        return time_out(visit, round);
    }
    struct cassandra_cas *cas = cas_of(visit->node->component, round);
    cas->current = round->version;
    cas->applies = !cas->conditional || cas->current.value == cas->expected;
    return put_forward(visit, round, cas->applies ? cas->value : 0);
}

// Nobody has accepted it, or it was empty: there is nothing to commit.
static bool is_void(const struct visit *visit, const struct cassandra_round *round)
{
    struct cassandra_cas *cas = cas_of(visit->node->component, round);
    cas->again = round->end == CASSANDRA_REFUSED;
    state_of(visit)->contentions += cas->again;
    return cas->again || !cas->applies;
}

// It is decided, whatever becomes of its commit.
static enum outcome commit_own(struct visit *visit, struct cassandra_round *round)
{
    round = cassandra_round_follow(visit, round, CASSANDRA_COMMIT, commit_level(visit));
    return cassandra_round_is_possible(round, visit->node) ? cassandra_steps_spread(visit, round)
                                                           : time_out(visit, round);
}

static enum outcome commit(struct visit *visit)
{
    struct cassandra_round *round = round_of(visit);
    if (round == NULL || round->end == CASSANDRA_TIMEOUT ||
        (round->end == CASSANDRA_REFUSED && round->quorum.good != 0)) {
        return time_out(visit, round);
    }
    return is_void(visit, round) ? step_next(visit) : commit_own(visit, round);
}

// ---- the end of an attempt --------------------------------------------------------------------

static enum outcome pause_and_retry(struct visit *visit, struct cassandra_round *round)
{
    const struct cassandra_configuration *configuration = configuration_of(visit);
    const struct cassandra_cas *cas = cas_of(visit->node->component, round);
    const bool finished = cas->finished;
    if (visit_now(visit) - cas->began_ns >= configuration->timeouts.contention_ns) {
        return time_out(visit, round);
    }
    cassandra_round_follow(visit, round, CASSANDRA_PREPARE, CASSANDRA_SERIAL);
    if (finished) {
        return step_next(visit);
    }
    return step_hold(visit,
                     distribution_draw(&configuration->backoff,
                                       cassandra_node(visit->node)->streams.backoff),
                     METER_OTHER);
}

static enum outcome answer_write(struct visit *visit, struct cassandra_round *round)
{
    const struct cassandra_cas *cas = cas_of(visit->node->component, round);
    if (!cas->applies) {
        cassandra_steps_tell(visit, round->key, cas->current);
        return give_up(visit, round, STATUS_CONFLICT);
    }
    if (round->end != CASSANDRA_DONE) {
        return time_out(visit, round);
    }
    cassandra_steps_acknowledge(visit, round);
    return give_up(visit, round, STATUS_OK);
}

static enum outcome conclude_write(struct visit *visit)
{
    struct cassandra_round *round = round_of(visit);
    if (round == NULL) {
        return time_out(visit, round);
    }
    return cas_of(visit->node->component, round)->again ? pause_and_retry(visit, round)
                                                        : answer_write(visit, round);
}

static enum outcome conclude_read(struct visit *visit)
{
    struct cassandra_round *round = round_of(visit);
    if (round == NULL) {
        return time_out(visit, round);
    }
    return cas_of(visit->node->component, round)->again ? pause_and_retry(visit, round)
                                                        : cassandra_steps_reply_read(visit);
}

static enum outcome try_again(struct visit *visit)
{
    return step_jump(visit, PREPARE_STEP);
}

const struct step cassandra_paxos_write_steps[CASSANDRA_PAXOS_WRITE_STEPS] = {
    {.name = "accept", .run = cassandra_steps_accept},
    {.name = "parse", .run = cassandra_steps_parse},
    {.name = "open a ballot", .run = open},
    [PREPARE_STEP] = {.name = "prepare", .run = prepare},
    {.name = "weigh promises", .run = weigh},
    {.name = "finish another's proposal", .run = finish_earlier},
    {.name = "commit another's proposal", .run = commit_earlier},
    {.name = "teach the latest commit", .run = teach},
    {.name = "read the row", .run = read_row},
    {.name = "compare digests", .run = cassandra_steps_compare},
    {.name = "repair", .run = cassandra_steps_mend},
    {.name = "propose", .run = propose},
    {.name = "commit", .run = commit},
    [WRITE_CONCLUDES] = {.name = "conclude", .run = conclude_write},
    {.name = "try again", .run = try_again},
};

const struct step cassandra_paxos_read_steps[CASSANDRA_PAXOS_READ_STEPS] = {
    {.name = "accept", .run = cassandra_steps_accept},
    {.name = "parse", .run = cassandra_steps_parse},
    {.name = "open a ballot", .run = open},
    [PREPARE_STEP] = {.name = "prepare", .run = prepare},
    {.name = "weigh promises", .run = weigh},
    {.name = "finish another's proposal", .run = finish_earlier},
    {.name = "commit another's proposal", .run = commit_earlier},
    {.name = "teach the latest commit", .run = teach},
    {.name = "propose nothing", .run = close_past},
    {.name = "read the row", .run = read_row},
    {.name = "compare digests", .run = cassandra_steps_compare},
    {.name = "repair", .run = cassandra_steps_mend},
    [READ_CONCLUDES] = {.name = "conclude", .run = conclude_read},
    {.name = "try again", .run = try_again},
};
