// mongodb_member - a member among the others: heartbeats, elections, catch-up, crash and start.
//
// Every member asks every other for a heartbeat in turn; with a primary at one end these say that
// it lives, that a majority sees it, and how far the others are. Who has not heard a primary for
// the election time-out asks whether it would win (dry run), then stands. The winner asks all it
// can reach for newer entries, fetches what they have and it lacks (catch-up), applies what it has
// fetched (drain), and writes the first entry of its term; only then it accepts writes. A primary
// that no majority has answered for the time-out steps down. A member with a higher priority than
// the primary's stands against it once it has come close.
#include "models/datastores/mongodb.h"

#include "sim/base/check.h"

enum beat_word { BEAT_TERM, BEAT_COMMIT, BEAT_ASKED, BEAT_ROUND, BEAT_LAST, BEAT_LAST_TERM };
enum echo_word { ECHO_TERM, ECHO_ASKED, ECHO_ROUND, ECHO_APPLIED, ECHO_AGREED, ECHO_DURABLE };
enum { LEADS = 1, SERVES = 2 }; // flags above the term

static const int64_t FRESHNESS_NS = 2 * TIME_S; // priorityTakeoverFreshnessWindowSeconds

static const struct mongodb_election *setting_of(const struct component *component)
{
    return &mongodb_configuration(component)->election;
}

static uint64_t priority_of(const struct component *component, uint32_t replica)
{
    const struct field_list *priorities = &setting_of(component)->priorities;
    const uint64_t *items = priorities->items;
    return replica < priorities->count ? items[replica] : 1;
}

struct node *mongodb_member_primary(struct component *component)
{
    struct node *primary = NULL;
    uint32_t term = 0;
    for (uint32_t i = 0; i < component->node_count; i++) {
        const struct mongodb_node *member = mongodb_node(&component->nodes[i]);
        if (member->serving && member->election->term >= term) {
            term = member->election->term;
            primary = &component->nodes[i];
        }
    }
    return primary;
}

static void set_role(struct node *node, bool serving)
{
    mongodb_node(node)->serving = serving;
    node->role = serving ? "primary" : "secondary";
}

// ---- outages ----------------------------------------------------------------------------------

static void note_outage(struct component *component)
{
    struct mongodb_state *state = mongodb_state(component);
    if (state->silent_ns == TIME_NEVER && mongodb_member_primary(component) == NULL) {
        state->silent_ns = component->world->now;
    }
}

static void note_primary(struct component *component)
{
    struct mongodb_state *state = mongodb_state(component);
    if (state->silent_ns != TIME_NEVER) {
        histogram_add(&state->outage, component->world->now - state->silent_ns);
        state->silent_ns = TIME_NEVER;
    }
}

// ---- heartbeats -------------------------------------------------------------------------------

static void on_beat(struct node *to, struct node *from, struct network_parcel *parcel);

static uint64_t term_word(const struct mongodb_node *member)
{
    const uint64_t leads = member->election->role == ELECTION_LEADER ? LEADS : 0;
    return member->election->term | (leads | (member->serving ? SERVES : 0)) << 32;
}

static void beat_all(struct node *node)
{
    struct mongodb_node *member = mongodb_node(node);
    const uint64_t last = mongodb_oplog_last(&member->oplog);
    const struct network_parcel parcel = {.words = {
        [BEAT_TERM] = term_word(member),
        [BEAT_COMMIT] = member->commit,
        [BEAT_ASKED] = (uint64_t)node->world->now,
        [BEAT_ROUND] = member->beats,
        [BEAT_LAST] = last,
        [BEAT_LAST_TERM] = mongodb_oplog_term(&member->oplog, last),
    }};
    for (uint32_t i = 0; i < node->component->node_count; i++) {
        if (i != node->replica) {
            network_post(node, &node->component->nodes[i], MONGODB_MESSAGE, on_beat, &parcel);
        }
    }
}

static void on_heartbeat(struct node *node, uint64_t word)
{
    struct mongodb_node *member = mongodb_node(node);
    struct election_member *election = member->election;
    node_timer_constant(node, setting_of(node->component)->heartbeat_ns, on_heartbeat, word);
    if (election->role == ELECTION_LEADER &&
        !election_has_quorum(election, setting_of(node->component)->timeout_ns)) {
        election_step_down(election);
    }
    beat_all(node);
    mongodb_sync_watch(node);
    mongodb_member_advance(node);
}

// A primary of lower priority may be replaced by a member that is nearly as far as it is.
static void on_takeover(struct node *node, uint64_t term)
{
    struct mongodb_node *member = mongodb_node(node);
    const struct election_member *election = member->election;
    const uint64_t last = mongodb_oplog_last(&member->oplog);
    const bool wanted = member->running && election->term == term && !member->recovering &&
                        election->role == ELECTION_FOLLOWER && election->leader != ELECTION_NONE;
    member->stood_ns = 0;
    if (!wanted || member->oplog.count == 0) {
        return;
    }
    const uint64_t ahead = member->progress[election->leader].last;
    const int64_t age = node->world->now - mongodb_oplog_at(&member->oplog, last)->time_ns;
    if (ahead <= last || age <= FRESHNESS_NS) {
        election_stand(member->election, false);
    }
}

static void consider_takeover(struct node *node, uint32_t leader)
{
    const struct component *component = node->component;
    struct mongodb_node *member = mongodb_node(node);
    const uint64_t mine = priority_of(component, node->replica);
    uint32_t rank = 1;
    if (mine <= priority_of(component, leader) || member->stood_ns != 0) {
        return;
    }
    for (uint32_t i = 0; i < component->node_count; i++) {
        rank += priority_of(component, i) > mine;
    }
    member->stood_ns = node->world->now;
    node_timer(node, setting_of(component)->timeout_ns * rank, on_takeover,
               member->election->term);
}

// Somebody who leads has spoken.
static void hear_leader(struct node *node, const struct node *leader, uint32_t term, bool serves)
{
    struct mongodb_node *member = mongodb_node(node);
    if (!election_heard(member->election, leader->replica, term) || member->catching) {
        return;
    }
    if (member->source != leader->replica || (serves && member->agreed != term)) {
        mongodb_sync_from(node, leader->replica);
    }
    consider_takeover(node, leader->replica);
}

static bool hear(struct node *node, const struct node *from, uint64_t word)
{
    struct mongodb_node *member = mongodb_node(node);
    if (!member->running) {
        return false;
    }
    member->progress[from->replica].heard_ns = node->world->now;
    election_see(member->election, (uint32_t)word);
    if ((word >> 32 & LEADS) != 0) {
        hear_leader(node, from, (uint32_t)word, (word >> 32 & SERVES) != 0);
    }
    return true;
}

static void on_echo(struct node *to, struct node *from, struct network_parcel *parcel)
{
    const uint64_t *words = parcel->words;
    struct mongodb_node *member = mongodb_node(to);
    struct mongodb_progress *progress = &member->progress[from->replica];
    if (!hear(to, from, words[ECHO_TERM])) {
        return;
    }
    progress->last = words[ECHO_APPLIED];
    progress->last_term = (uint32_t)(words[ECHO_AGREED] >> 32);
    if (member->election->role == ELECTION_LEADER) {
        election_answered(member->election, from->replica, (int64_t)words[ECHO_ASKED]);
    }
    if ((uint32_t)words[ECHO_AGREED] == member->election->term) {
        progress->term = member->election->term;
        progress->applied = words[ECHO_APPLIED];
        progress->durable = words[ECHO_DURABLE];
        mongodb_commit_note(to);
    }
    if (words[ECHO_ROUND] == member->beats) {
        member->answers |= 1U << from->replica;
        mongodb_member_advance(to);
    }
}

static void on_beat(struct node *to, struct node *from, struct network_parcel *parcel)
{
    const uint64_t *words = parcel->words;
    struct mongodb_node *member = mongodb_node(to);
    if (!hear(to, from, words[BEAT_TERM])) {
        return;
    }
    member->progress[from->replica].last = words[BEAT_LAST];
    member->progress[from->replica].last_term = (uint32_t)words[BEAT_LAST_TERM];
    const uint32_t term = member->election->term;
    const uint32_t agreed = member->agreed == term ? term : 0;
    if (agreed == (uint32_t)words[BEAT_TERM] && (words[BEAT_TERM] >> 32 & SERVES) != 0) {
        mongodb_commit_learn(to, words[BEAT_COMMIT]);
    }
    const uint64_t last_term = mongodb_oplog_term(&member->oplog, member->applied);
    const struct network_parcel echo = {.words = {
        [ECHO_TERM] = term_word(member),
        [ECHO_ASKED] = words[BEAT_ASKED],
        [ECHO_ROUND] = words[BEAT_ROUND],
        [ECHO_APPLIED] = member->applied,
        [ECHO_AGREED] = last_term << 32 | agreed,
        [ECHO_DURABLE] = member->durable,
    }};
    network_post(to, from, MONGODB_MESSAGE, on_echo, &echo);
}

// ---- the new primary --------------------------------------------------------------------------

static void on_pace(struct node *node, uint64_t term)
{
    const struct mongodb_node *member = mongodb_node(node);
    if (member->serving && member->election->term == term) {
        mongodb_commit_pace(node);
        node_timer_constant(node, TIME_S, on_pace, term);
    }
}

static void serve(struct node *node)
{
    struct mongodb_node *member = mongodb_node(node);
    mongodb_sync_stop(node);
    member->catching = false;
    set_role(node, true);
    note_primary(node->component);
    mongodb_state(node->component)->served_ns = node->world->now;
    member->began = mongodb_oplog_last(&member->oplog) + 1;
    member->agreed = member->election->term;
    mongodb_oplog_write_nothing(node);
    mongodb_oplog_flush(node, member->began);
    member->sustained = member->commit;
    node_timer_constant(node, TIME_S, on_pace, member->election->term);
    beat_all(node);
    mongodb_driver_announce(node);
    mongodb_stream_reset(node->component);
    mongodb_stream_pump(node);
}

// Neither refused nor silent for the time-out: its answer is waited for.
static bool is_awaited(const struct node *node, uint32_t replica)
{
    const struct mongodb_node *member = mongodb_node(node);
    const struct node *other = &node->component->nodes[replica];
    const bool refuses = other->life == NODE_DOWN || other->life == NODE_STARTING;
    const int64_t silence = node->world->now - member->progress[replica].heard_ns;
    return replica != node->replica && (member->answers >> replica & 1) == 0 && !refuses &&
           silence < setting_of(node->component)->silence_ns;
}

static bool is_newer(uint32_t term, uint64_t index, uint32_t other_term, uint64_t other)
{
    return term > other_term || (term == other_term && index > other);
}

// Who has the newest entry of those that answered; the member itself if nobody has a newer one.
static uint32_t newest(const struct node *node)
{
    const struct mongodb_node *member = mongodb_node(node);
    uint32_t best = node->replica;
    uint64_t last = mongodb_oplog_last(&member->oplog);
    uint32_t term = mongodb_oplog_term(&member->oplog, last);
    for (uint32_t i = 0; i < node->component->node_count; i++) {
        const struct mongodb_progress *progress = &member->progress[i];
        if (((member->answers & ~member->refused) >> i & 1) != 0 &&
            is_newer(progress->last_term, progress->last, term, last)) {
            best = i;
            last = progress->last;
            term = progress->last_term;
        }
    }
    return best;
}

static bool is_late(const struct node *node)
{
    const int64_t limit_ns = setting_of(node->component)->catch_up_ns;
    return limit_ns > 0 && node->world->now - mongodb_node(node)->elected_ns >= limit_ns;
}

void mongodb_member_advance(struct node *node)
{
    struct mongodb_node *member = mongodb_node(node);
    if (!member->catching) {
        return;
    }
    bool awaits = false;
    for (uint32_t i = 0; i < node->component->node_count; i++) {
        awaits = awaits || is_awaited(node, i);
    }
    const uint32_t best = newest(node);
    const bool late = is_late(node);
    if (!late && best != node->replica && best != member->source) {
        mongodb_sync_from(node, best);
    }
    const bool caught_up = late || (!awaits && best == node->replica);
    if (caught_up && member->applied == mongodb_oplog_last(&member->oplog)) {
        serve(node);
    }
}

static void on_catch_up_end(struct node *node, uint64_t term)
{
    if (mongodb_node(node)->election->term == term) {
        mongodb_member_advance(node);
    }
}

// ---- hooks of the election --------------------------------------------------------------------

static struct election_position position(const struct election_member *election)
{
    const struct mongodb_node *member = mongodb_node(election->node);
    return (struct election_position){mongodb_oplog_term(&member->oplog, member->applied),
                                      member->applied};
}

static void elected(struct election_member *election)
{
    struct node *node = election->node;
    struct mongodb_node *member = mongodb_node(node);
    const int64_t limit_ns = setting_of(node->component)->catch_up_ns;
    mongodb_state(node->component)->failovers += node->world->now > 0;
    mongodb_sync_stop(node);
    member->catching = true;
    member->elected_ns = node->world->now;
    member->answers = member->refused = 0;
    member->beats++;
    beat_all(node);
    if (limit_ns > 0) {
        node_timer_constant(node, limit_ns, on_catch_up_end, election->term);
    }
    mongodb_member_advance(node);
}

static void deposed(struct election_member *election)
{
    struct node *node = election->node;
    struct mongodb_node *member = mongodb_node(node);
    mongodb_state(node->component)->stepdowns++;
    member->catching = false;
    mongodb_sync_stop(node);
    if (member->serving) {
        set_role(node, false);
        mongodb_driver_renounce(node, 0);
        mongodb_commit_interrupt(node);
        mongodb_stream_reset(node->component);
        note_outage(node->component);
    }
}

static int64_t delay(const struct election_member *election)
{
    const struct node *node = election->node;
    const bool able = !mongodb_node(node)->recovering &&
                      priority_of(node->component, node->replica) > 0;
    return able ? 0 : -1;
}

static const struct election_hooks hooks = {position, elected, deposed, delay};

// ---- life -------------------------------------------------------------------------------------

void mongodb_member_begin(struct component *component)
{
    const struct mongodb_election *setting = setting_of(component);
    struct mongodb_state *state = mongodb_state(component);
    state->settings = (struct election_settings){
        .timeout_ns = setting->timeout_ns,
        .spread_ns = (int64_t)(setting->spread * (double)setting->timeout_ns),
        .prevote = true,
        .bytes = MONGODB_MESSAGE,
    };
    election_init(&state->election, component, "election");
    state->election.settings = &state->settings;
    state->election.hooks = &hooks;
    state->silent_ns = TIME_NEVER;
    histogram_init(&state->outage);
    histogram_init(&state->lag);
}

// As of a set that has been running: the first of the highest priority leads, the others follow.
static void settle(struct component *component)
{
    struct mongodb_state *state = mongodb_state(component);
    uint32_t first = 0;
    for (uint32_t i = 1; i < component->node_count; i++) {
        first = priority_of(component, i) > priority_of(component, first) ? i : first;
    }
    struct mongodb_node *leader = mongodb_node(&component->nodes[first]);
    for (uint32_t i = 0; i < component->node_count; i++) {
        struct mongodb_node *member = mongodb_node(&component->nodes[i]);
        leader->tails[i] = (struct mongodb_tail){i != first, true, 1, 0};
        member->source = i == first ? MONGODB_NONE : first;
        member->number = 1;
        member->agreed = 1;
        leader->progress[i] = (struct mongodb_progress){.term = 1};
    }
    election_settle(leader->election);
    if (leader->catching) {
        serve(&component->nodes[first]);
    }
    state->failovers = 0;
}

static void begin_running(struct node *node)
{
    struct mongodb_node *member = mongodb_node(node);
    const int64_t beat_ns = setting_of(node->component)->heartbeat_ns;
    const int64_t first_ns = beat_ns * (node->replica + 1) / node->component->node_count;
    member->running = true;
    set_role(node, false);
    election_start(member->election);
    node_timer(node, first_ns, on_heartbeat, 0);
    if (node->epoch > 0 && node->component->node_count == 1) {
        election_stand(member->election, true);
    }
}

static void on_recovered(struct node *node, uint64_t word)
{
    (void)word;
    begin_running(node);
    node_ready(node);
}

static void begin_member(struct node *node)
{
    const struct mongodb_disk *disk = &mongodb_configuration(node->component)->disk;
    struct mongodb_state *state = mongodb_state(node->component);
    struct mongodb_node *member = mongodb_node(node);
    mongodb_oplog_reset(&member->oplog, 0, 0);
    versions_init(&member->versions);
    versions_init(&member->committed);
    wal_init(&member->wal, node, &disk->flush, member->streams.journal);
    wal_set_mode(&member->wal, WAL_PERIODIC, disk->interval_ns);
    member->wal.per_byte_ns = disk->bandwidth > 0 ? 1e9 / disk->bandwidth : 0;
    member->election = election_add(&state->election, node, &member->wal);
    begin_running(node);
    if (node->replica + 1 == node->component->node_count) {
        settle(node->component);
    }
}

bool mongodb_member_start(struct node *node)
{
    const struct mongodb_disk *disk = &mongodb_configuration(node->component)->disk;
    struct mongodb_node *member = mongodb_node(node);
    if (node->epoch == 0) {
        begin_member(node);
        return true;
    }
    const double bytes = (double)member->replay;
    node_timer(node, disk->replay > 0 ? time_of(bytes / disk->replay * 1e9) : 0, on_recovered,
               0);
    return false;
}

// What the journal did not have on disk is gone: its buffer was the process's.
static void lose_memory(struct node *node)
{
    struct mongodb_node *member = mongodb_node(node);
    const uint64_t durable = wal_crash(&member->wal, true);
    while (member->durable < member->applied &&
           mongodb_oplog_at(&member->oplog, member->durable + 1)->position <= durable) {
        member->durable++;
    }
    mongodb_oplog_cut(&member->oplog, member->durable);
    versions_undo(&member->versions, member->durable);
    member->applied = member->wanted = member->durable;
    member->commit = member->commit < member->durable ? member->commit : member->durable;
}

void mongodb_member_crash(struct node *node)
{
    const int64_t silence_ns = mongodb_configuration(node->component)->driver.silence_ns;
    struct mongodb_node *member = mongodb_node(node);
    const bool served = member->serving;
    mongodb_oplog_checkpoint(node);
    member->replay = member->wal.bytes - member->checkpoint_bytes;
    lose_memory(node);
    election_crash(member->election);
    mongodb_sync_stop(node);
    member->running = member->catching = member->watching = false;
    member->applying = member->recovering = false;
    member->life++;
    member->agreed = 0;
    member->warm = 0;
    member->stood_ns = 0;
    set_role(node, false);
    for (uint32_t i = 0; i < MONGODB_MEMBERS; i++) {
        member->tails[i].open = false;
        member->progress[i] = (struct mongodb_progress){0};
    }
    if (served) {
        mongodb_stream_reset(node->component);
        note_outage(node->component);
    }
    mongodb_driver_renounce(node, node->life == NODE_DARK ? silence_ns : 0);
}
