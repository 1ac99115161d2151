// election - who leads a group of nodes: terms, votes, randomised timers, pre-votes.
#include "sim/engine/election.h"

#include "sim/base/check.h"
#include "sim/base/text.h"
#include "sim/engine/network.h"
#include "sim/engine/quorum.h"
#include "sim/engine/wal.h"
#include "sim/engine/world.h"

enum letter_kind { LETTER_ASK, LETTER_GRANT };
enum letter_flag { LETTER_PRE = 1, LETTER_FORCED = 2, LETTER_YES = 4 };
enum { VOTE_BYTES = 32 }; // term and vote in the log

// What a parcel says: words[0] the election, then as below.
enum { WORD_ELECTION, WORD_KIND, WORD_FROM, WORD_TERM, WORD_LAST_TERM, WORD_LAST_INDEX };

static struct world *world_of(const struct election_member *member)
{
    return member->node->world;
}

// ---- members ------------------------------------------------------------------------------------

void election_init(struct election *election, struct component *component, const char *name)
{
    *election = (struct election){.component = component, .name = name};
}

struct election_member *election_add(struct election *election, struct node *node, struct wal *wal)
{
    CHECK(election->count < ELECTION_MEMBERS);
    struct election_member *member = &election->members[election->count];
    *member = (struct election_member){.election = election,
                                       .node = node,
                                       .wal = wal,
                                       .number = election->count,
                                       .vote = ELECTION_NONE,
                                       .leader = ELECTION_NONE};
    election->streams[election->count++] = node_stream(node, election->name);
    return member;
}

struct election_member *election_of(struct election *election, const struct node *node)
{
    for (uint32_t i = 0; i < election->count; i++) {
        if (election->members[i].node == node) {
            return &election->members[i];
        }
    }
    return NULL;
}

struct election_member *election_leader(struct election *election)
{
    struct election_member *leader = NULL;
    for (uint32_t i = 0; i < election->count; i++) {
        struct election_member *member = &election->members[i];
        const bool leads = member->running && member->role == ELECTION_LEADER;
        if (leads && (leader == NULL || member->term > leader->term)) {
            leader = member;
        }
    }
    return leader;
}

static struct election_position position_of(const struct election_member *member)
{
    const struct election_hooks *hooks = member->election->hooks;
    return hooks->position == NULL ? (struct election_position){0} : hooks->position(member);
}

// ---- timers -------------------------------------------------------------------------------------

static void on_timer(struct node *node, uint64_t word);

static void arm(struct election_member *member, int64_t at_ns)
{
    const int64_t delay = at_ns - world_of(member)->now;
    member->timer =
        node_timer(member->node, delay > 0 ? delay : 0, on_timer, (uint64_t)(uintptr_t)member);
}

// A wait of its own until it stands; a negative delay of the model's means that it never does.
static void draw_wait(struct election_member *member)
{
    const struct election_settings *settings = member->election->settings;
    struct random_stream *stream = member->election->streams[member->number];
    const struct election_hooks *hooks = member->election->hooks;
    const int64_t delay = hooks->delay == NULL ? 0 : hooks->delay(member);
    member->wait_ns = settings->timeout_ns + (delay > 0 ? delay : 0);
    if (settings->spread_ns > 0) {
        member->wait_ns += (int64_t)random_below(stream, (uint64_t)settings->spread_ns);
    }
}

static void begin_wait(struct election_member *member)
{
    node_timer_cancel(member->node, member->timer);
    member->timer = 0;
    if (member->election->settings->timeout_ns == 0) {
        return;
    }
    draw_wait(member);
    arm(member, time_after(member->heard_ns, member->wait_ns));
}

static void check_majority(struct election_member *leader)
{
    const int64_t timeout_ns = leader->election->settings->timeout_ns;
    if (!election_has_quorum(leader, timeout_ns)) {
        election_step_down(leader);
    } else {
        arm(leader, time_after(world_of(leader)->now, timeout_ns));
    }
}

// Hearing a leader costs nothing: the timer looks when it was when it lapses.
static void on_timer(struct node *node, uint64_t word)
{
    struct election_member *member = (struct election_member *)(uintptr_t)word;
    const struct election_hooks *hooks = member->election->hooks;
    const int64_t due = time_after(member->heard_ns, member->wait_ns);
    member->timer = 0;
    if (member->role == ELECTION_LEADER) {
        check_majority(member);
    } else if (due > node->world->now) {
        arm(member, due);
    } else if (hooks->delay != NULL && hooks->delay(member) < 0) {
        member->heard_ns = node->world->now;
        begin_wait(member);
    } else {
        election_stand(member, false);
    }
}

// ---- roles --------------------------------------------------------------------------------------

static void follow(struct election_member *member)
{
    const bool led = member->role == ELECTION_LEADER;
    const struct election_hooks *hooks = member->election->hooks;
    member->role = ELECTION_FOLLOWER;
    member->forced = member->asking = false;
    member->votes = 0;
    if (led) {
        member->leader = ELECTION_NONE;
        member->heard_ns = world_of(member)->now;
        begin_wait(member);
        if (hooks->deposed != NULL) {
            hooks->deposed(member);
        }
    }
}

static void adopt(struct election_member *member, uint32_t term)
{
    member->term = term;
    member->vote = ELECTION_NONE;
    member->leader = ELECTION_NONE;
    follow(member);
}

void election_see(struct election_member *member, uint32_t term)
{
    if (term > member->term) {
        adopt(member, term);
    }
}

bool election_heard(struct election_member *member, uint32_t leader, uint32_t term)
{
    if (term < member->term) {
        return false;
    }
    election_see(member, term);
    if (member->role == ELECTION_CANDIDATE) {
        follow(member);
    }
    member->leader = leader;
    member->heard_ns = world_of(member)->now;
    return true;
}

void election_answered(struct election_member *leader, uint32_t from, int64_t asked_ns)
{
    if (asked_ns > leader->answered_ns[from]) {
        leader->answered_ns[from] = asked_ns;
    }
}

bool election_has_quorum(const struct election_member *leader, int64_t ns)
{
    const struct election *election = leader->election;
    uint32_t heard = 1;
    for (uint32_t i = 0; i < election->count; i++) {
        const int64_t silence = world_of(leader)->now - leader->answered_ns[i];
        heard += i != leader->number && silence < ns;
    }
    return heard >= quorum_majority(election->count);
}

void election_step_down(struct election_member *member)
{
    if (member->role == ELECTION_LEADER) {
        follow(member);
    }
}

void election_start(struct election_member *member)
{
    member->running = true;
    member->role = ELECTION_FOLLOWER;
    member->leader = ELECTION_NONE;
    member->forced = member->asking = false;
    member->votes = 0;
    member->heard_ns = world_of(member)->now;
    member->timer = 0;
    begin_wait(member);
}

void election_crash(struct election_member *member)
{
    member->running = false;
    member->role = ELECTION_FOLLOWER;
    member->leader = ELECTION_NONE;
    member->timer = 0; // died with the node's process
}

// ---- winning ------------------------------------------------------------------------------------

// Terms have one leader each; the latest few are remembered.
static void witness(struct election_member *member)
{
    struct election *election = member->election;
    const uint32_t places = sizeof election->latest / sizeof election->latest[0];
    bool single = true;
    for (uint32_t i = 0; i < places; i++) {
        const bool same = election->latest[i].term == member->term;
        single = single && (!same || election->latest[i].leader == member->number);
    }
    const uint32_t place = election->elections++ % places;
    election->latest[place].term = member->term;
    election->latest[place].leader = member->number;
    world_hold(world_of(member), "one leader per term", single, "%s: two leaders in term %u",
               election->name, member->term);
}

static void win(struct election_member *member)
{
    struct election *election = member->election;
    const int64_t now = world_of(member)->now;
    member->role = ELECTION_LEADER;
    member->leader = member->number;
    member->asking = member->forced = false;
    node_timer_cancel(member->node, member->timer);
    member->timer = 0;
    for (uint32_t i = 0; i < election->count; i++) {
        member->answered_ns[i] = now;
    }
    witness(member);
    if (election->settings->check_quorum && election->settings->timeout_ns > 0) {
        arm(member, time_after(now, election->settings->timeout_ns));
    }
    if (election->hooks->elected != NULL) {
        election->hooks->elected(member);
    }
}

void election_settle(struct election_member *member)
{
    struct election *election = member->election;
    for (uint32_t i = 0; i < election->count; i++) {
        election->members[i].term = 1;
        election->members[i].vote = member->number;
        election->members[i].leader = member->number;
    }
    win(member);
}

// ---- asking for votes ---------------------------------------------------------------------------

static void on_parcel(struct node *to, struct node *from, struct network_parcel *parcel);

static void send(const struct election_member *member, uint32_t to, uint64_t kind, uint32_t term)
{
    struct election *election = member->election;
    const struct election_position position = position_of(member);
    const struct network_parcel parcel = {.words = {
                                              [WORD_ELECTION] = (uint64_t)(uintptr_t)election,
                                              [WORD_KIND] = kind,
                                              [WORD_FROM] = member->number,
                                              [WORD_TERM] = term,
                                              [WORD_LAST_TERM] = position.term,
                                              [WORD_LAST_INDEX] = position.index,
                                          }};
    network_post(member->node, election->members[to].node, election->settings->bytes, on_parcel,
                 &parcel);
}

static uint64_t kind_of(enum letter_kind kind, uint32_t flags)
{
    return (uint64_t)flags << 8 | kind;
}

static void ask_all(const struct election_member *member, uint32_t flags)
{
    const uint32_t term = member->term + ((flags & LETTER_PRE) != 0);
    for (uint32_t i = 0; i < member->election->count; i++) {
        if (i != member->number) {
            send(member, i, kind_of(LETTER_ASK, flags), term);
        }
    }
}

static bool has_won(const struct election_member *member)
{
    const uint32_t votes = (uint32_t)__builtin_popcount(member->votes);
    return votes >= quorum_majority(member->election->count);
}

// The candidate's own vote is durable.
static void on_stood(void *context, uint64_t term)
{
    struct election_member *member = context;
    if (member->role != ELECTION_CANDIDATE || member->term != (uint32_t)term) {
        return;
    }
    member->votes |= 1U << member->number;
    if (has_won(member)) {
        win(member);
    } else {
        ask_all(member, member->forced ? LETTER_FORCED : 0);
    }
}

// Makes term and vote durable, then goes on.
static void persist(struct election_member *member, wal_handler *handler, uint64_t word)
{
    if (member->wal == NULL) {
        handler(member, word);
        return;
    }
    const uint64_t position = wal_append(member->wal, VOTE_BYTES);
    wal_when(member->wal, position, handler, member, word);
    wal_flush(member->wal);
}

static void stand_in_earnest(struct election_member *member)
{
    member->asking = false;
    member->term++;
    member->vote = member->number;
    member->votes = 0;
    member->leader = ELECTION_NONE;
    persist(member, on_stood, member->term);
}

void election_stand(struct election_member *member, bool forced)
{
    if (member->role == ELECTION_LEADER || !member->running) {
        return;
    }
    member->role = ELECTION_CANDIDATE;
    member->forced = forced;
    member->heard_ns = world_of(member)->now;
    begin_wait(member);
    if (member->election->settings->prevote && !forced && member->election->count > 1) {
        member->asking = true;
        member->votes = 1U << member->number;
        member->leader = ELECTION_NONE;
        ask_all(member, LETTER_PRE);
    } else {
        stand_in_earnest(member);
    }
}

// ---- giving votes -------------------------------------------------------------------------------

static bool is_behind(struct election_position one, struct election_position other)
{
    return one.term < other.term || (one.term == other.term && one.index < other.index);
}

// Its leader lives, as far as it knows.
static bool is_led(const struct election_member *member)
{
    const struct election_settings *settings = member->election->settings;
    const int64_t silence = world_of(member)->now - member->heard_ns;
    if (member->election->hooks->led != NULL) {
        return member->election->hooks->led(member);
    }
    if (member->role == ELECTION_LEADER) {
        return settings->timeout_ns == 0 || election_has_quorum(member, settings->timeout_ns);
    }
    return member->leader != ELECTION_NONE && silence < settings->timeout_ns;
}

// word: term << 8 | candidate. The vote is durable.
static void on_voted(void *context, uint64_t word)
{
    const struct election_member *member = context;
    const uint32_t term = (uint32_t)(word >> 8), candidate = (uint32_t)(word & 0xff);
    if (member->term == term && member->vote == candidate) {
        send(member, candidate, kind_of(LETTER_GRANT, LETTER_YES), term);
    }
}

static void on_ask(struct election_member *member, const uint64_t *words)
{
    const uint32_t flags = (uint32_t)(words[WORD_KIND] >> 8), term = (uint32_t)words[WORD_TERM];
    const uint32_t from = (uint32_t)words[WORD_FROM];
    const struct election_position theirs = {words[WORD_LAST_TERM], words[WORD_LAST_INDEX]};
    const bool behind = is_behind(theirs, position_of(member));
    const bool pre = (flags & LETTER_PRE) != 0;
    const bool loyal =
        member->election->settings->sticky && (flags & LETTER_FORCED) == 0 && is_led(member);
    if (pre) {
        const bool yes = term > member->term && !behind && !loyal;
        const uint32_t answer = LETTER_PRE | (yes ? LETTER_YES : 0);
        send(member, from, kind_of(LETTER_GRANT, answer), yes ? term : member->term);
        return;
    }
    if (loyal) {
        return;
    }
    election_see(member, term);
    const bool free = member->vote == ELECTION_NONE || member->vote == from;
    if (term < member->term || !free || behind) {
        send(member, from, kind_of(LETTER_GRANT, 0), member->term);
        return;
    }
    member->vote = from;
    member->heard_ns = world_of(member)->now;
    persist(member, on_voted, (uint64_t)term << 8 | from);
}

static void on_pre_grant(struct election_member *member, bool yes, const uint64_t *words)
{
    const uint32_t term = (uint32_t)words[WORD_TERM];
    if (!yes) {
        election_see(member, term);
        return;
    }
    if (member->role != ELECTION_CANDIDATE || !member->asking || term != member->term + 1) {
        return;
    }
    member->votes |= 1U << words[WORD_FROM];
    if (has_won(member)) {
        stand_in_earnest(member);
    }
}

static void on_grant(struct election_member *member, const uint64_t *words)
{
    const uint32_t flags = (uint32_t)(words[WORD_KIND] >> 8), term = (uint32_t)words[WORD_TERM];
    const bool yes = (flags & LETTER_YES) != 0;
    if (flags & LETTER_PRE) {
        on_pre_grant(member, yes, words);
        return;
    }
    election_see(member, term);
    const bool awaited = member->role == ELECTION_CANDIDATE && !member->asking;
    if (!yes || !awaited || term != member->term) {
        return;
    }
    member->votes |= 1U << words[WORD_FROM];
    if (has_won(member)) {
        win(member);
    }
}

static void on_parcel(struct node *to, struct node *from, struct network_parcel *parcel)
{
    (void)from;
    struct election *election = (struct election *)(uintptr_t)parcel->words[WORD_ELECTION];
    struct election_member *member = election_of(election, to);
    if (!member->running) {
        return;
    }
    if ((parcel->words[WORD_KIND] & 0xff) == LETTER_ASK) {
        on_ask(member, parcel->words);
    } else {
        on_grant(member, parcel->words);
    }
}
