// cockroach_range - what the commands in a range's log do when they are applied.
//
// The replicas of a range apply the same commands in the same order, so their state is kept once,
// as whoever was first has it; how far each has come is its raft member's `applied`. A command
// names the lease under which it was proposed and does nothing under another.
#include "models/datastores/cockroach.h"

#include <stdlib.h>

#include "sim/base/check.h"
#include "sim/kernel/time.h"

enum { MESSAGE_BYTES = 100, TRACES = 4096 };

// ---- commands on their way --------------------------------------------------------------------

static struct cockroach_command *command_at(const struct cockroach_range *range, uint64_t number)
{
    return &range->commands[number & (range->command_room - 1)];
}

static void make_room(struct cockroach_range *range)
{
    if (range->command_end - range->command_first < range->command_room) {
        return;
    }
    const uint32_t room = range->command_room == 0 ? 16 : range->command_room * 2;
    struct cockroach_command *commands = check_calloc(room, sizeof *commands);
    for (uint64_t i = range->command_first; i < range->command_end; i++) {
        commands[i & (room - 1)] = *command_at(range, i);
    }
    free(range->commands);
    range->commands = commands;
    range->command_room = room;
}

bool cockroach_range_propose(struct node *node, uint32_t number,
                             const struct cockroach_command *command, uint64_t ticket)
{
    struct cockroach_range *range = cockroach_range(node->component, number);
    struct cockroach_replica *replica = cockroach_replica(node, number);
    const struct cockroach_configuration *configuration = cockroach_configuration(node->component);
    make_room(range);
    const uint64_t words[2] = {range->command_end};
    struct cockroach_command *slot = command_at(range, range->command_end);
    *slot = *command;
    slot->proposer = node->replica;
    slot->epoch = node->epoch;
    slot->term = replica->member->vote->term;
    range->command_end++;
    if (!raft_propose(replica->member, words, (uint32_t)configuration->record, ticket)) {
        range->command_end--;
        return false;
    }
    cockroach_lease_watch(node, number);
    return true;
}

// Commands are applied in the order of their numbers: what is passed over can never be applied.
static bool take_command(struct cockroach_range *range, uint64_t number,
                         struct cockroach_command *command)
{
    if (number < range->command_first || number >= range->command_end) {
        return false;
    }
    *command = *command_at(range, number);
    range->command_first = number + 1;
    return true;
}

static struct cockroach_request *request_of(const struct component *component,
                                            const struct cockroach_command *command)
{
    const struct node *node = &component->nodes[command->proposer];
    if (command->request == 0 || node->epoch != command->epoch) {
        return NULL;
    }
    struct cockroach_request *request =
        slots_at(&cockroach_node(node)->requests, command->request);
    return request->generation == command->asked ? request : NULL;
}

int64_t cockroach_range_oldest(const struct cockroach_range *range)
{
    int64_t oldest = TIME_NEVER;
    for (uint64_t i = range->command_first; i < range->command_end; i++) {
        const struct cockroach_command *command = command_at(range, i);
        const bool writes = command->kind == COCKROACH_PUT || command->kind == COCKROACH_INTENT;
        oldest = writes && command->stamp < oldest ? command->stamp : oldest;
    }
    return oldest;
}

void cockroach_range_wake(struct node *node, struct cockroach_range *range, enum status status)
{
    for (uint64_t i = range->command_first; i < range->command_end; i++) {
        const struct cockroach_command *command = command_at(range, i);
        const struct cockroach_request *request = request_of(node->component, command);
        if (command->proposer == node->replica && request != NULL) {
            visit_wake_with(node->world, request->ticket, status);
        }
    }
}

// ---- what they do -----------------------------------------------------------------------------

// Replicas that apply the entry later come to hold its version then.
static void note_version(struct component *component, struct cockroach_range *range, uint64_t key,
                         const struct cockroach_version *version)
{
    cockroach_row_put(component, range->number, key, *version);
    if (component->history == NULL) {
        return;
    }
    if (range->traces == NULL) {
        range->traces =
            arena_take_array(&component->world->arena, TRACES, sizeof *range->traces);
    }
    range->traces[version->index % TRACES] =
        (struct cockroach_trace){version->index, key, version->value};
}

static void apply_put(struct component *component, struct cockroach_range *range,
                      const struct cockroach_command *command, uint64_t index)
{
    const struct cockroach_version version = {command->value, command->stamp, index, false};
    note_version(component, range, command->key, &version);
}

static void apply_resolve(struct component *component, struct cockroach_range *range,
                          const struct cockroach_command *command, uint64_t index)
{
    struct cockroach_row *row = cockroach_row_find(component, command->key);
    if (row == NULL || row->writer != command->transaction ||
        row->writer_generation != command->generation) {
        return;
    }
    struct cockroach_transaction *transaction =
        cockroach_transaction_at(component, command->transaction, command->generation);
    const struct cockroach_version version = {row->intent.value, transaction->write_ns, index,
                                              true};
    row->writer = 0;
    if (transaction->status == COCKROACH_COMMITTED) {
        note_version(component, range, command->key, &version);
    }
    cockroach_guard_drop(component, range, command->key);
    transaction->outstanding--;
    cockroach_transaction_close(component, transaction);
}

// As a conditional put: a heartbeat finds its epoch, who advances another's finds it as it was.
static void apply_live(struct component *component, const struct cockroach_command *command)
{
    struct cockroach_record *record = &cockroach_cluster(component)->records[command->key];
    const uint32_t epoch = (uint32_t)command->value;
    const bool beat = command->transaction == command->key;
    const bool expected = epoch == record->epoch + 1 || (beat && epoch == record->epoch);
    if (!expected || (!beat && record->until_ns != command->stamp)) {
        return;
    }
    record->epoch = epoch;
    record->until_ns = command->stamp > record->until_ns ? command->stamp : record->until_ns;
}

static void execute(struct component *component, struct cockroach_range *range,
                    const struct cockroach_command *command, uint64_t index)
{
    switch ((enum cockroach_kind)command->kind) {
    case COCKROACH_PUT:
        apply_put(component, range, command, index);
        break;
    case COCKROACH_INTENT:
        cockroach_transaction_lay(component, range, command, index);
        break;
    case COCKROACH_RESOLVE:
        apply_resolve(component, range, command, index);
        break;
    case COCKROACH_STAGE:
    case COCKROACH_FINISH:
        cockroach_transaction_record(component, command, index);
        break;
    case COCKROACH_LEASE:
        cockroach_lease_apply(component, range, command);
        break;
    case COCKROACH_LIVE:
        apply_live(component, command);
        break;
    case COCKROACH_LOST:
        break;
    }
}

// word: the request's number, and its generation.
static void on_fate(struct node *to, struct node *from, uint64_t word)
{
    (void)from;
    const struct slots *requests = &cockroach_node(to)->requests;
    const struct cockroach_request *request = slots_at(requests, (uint32_t)word);
    if (request->generation == (uint32_t)(word >> 32)) {
        visit_wake_with(to->world, request->ticket, STATUS_OK);
    }
}

// Who was leader hears from who is.
static void tell_proposer(struct raft_member *member, const struct cockroach_command *command,
                          uint64_t index, bool rejected)
{
    struct component *component = member->node->component;
    struct cockroach_request *request = request_of(component, command);
    if (request != NULL) {
        request->rejected = rejected;
        request->index = index;
    }
    if (request != NULL && request->doubts) {
        network_message(member->node, &component->nodes[command->proposer], MESSAGE_BYTES,
                        on_fate, (uint64_t)request->generation << 32 | request->number);
    }
    if (command->kind == COCKROACH_LIVE && !rejected) {
        cockroach_live_tell(component, command);
    }
}

static void apply_first(struct raft_member *member, struct cockroach_range *range, uint64_t index,
                        const struct raft_entry *entry)
{
    struct component *component = member->node->component;
    struct cockroach_command command;
    range->applied = index;
    if (entry->bytes == 0 || !take_command(range, entry->words[0], &command)) {
        return;
    }
    const bool rejected = command.sequence != range->lease.sequence;
    if (!rejected) {
        execute(component, range, &command, index);
    }
    tell_proposer(member, &command, index, rejected);
}

// ---- hooks of raft ----------------------------------------------------------------------------

// The work of applying goes to the processor in one piece for all ranges of the node.
static void charge(struct node *node)
{
    struct cockroach_node *server = cockroach_node(node);
    const struct distribution *law = &cockroach_configuration(node->component)->apply;
    server->debt_ns += distribution_draw(law, server->streams.cpu);
    if (!server->applying && server->debt_ns > 0) {
        server->applying =
            node_begin_visit(node, &cockroach_operations[COCKROACH_APPLY], 0) != NULL;
    }
}

static void on_applied(struct raft_member *member, uint64_t index, const struct raft_entry *entry)
{
    struct node *node = member->node;
    struct cockroach_range *range = member->raft->owner;
    struct cockroach_replica *replica = cockroach_replica(node, range->number);
    if (index > range->applied) {
        apply_first(member, range, index, entry);
    }
    if (range->traces != NULL && range->traces[index % TRACES].index == index) {
        const struct cockroach_trace *trace = &range->traces[index % TRACES];
        history_applied(node, trace->key, trace->value);
    }
    replica->tripped = false;
    replica->stalled_ns =
        range->command_first == range->command_end ? TIME_NEVER : node->world->now;
    if (entry->bytes > 0) {
        charge(node);
    }
}

// Acknowledged writes that the new leader has not: its log ends before them.
static void count_lost(struct component *component, struct cockroach_range *range, uint64_t end)
{
    struct cockroach_counts *counts = &cockroach_cluster(component)->counts;
    while (range->acknowledged.count > 0) {
        if (*(const uint64_t *)ring_last(&range->acknowledged) < end) {
            return;
        }
        ring_drop_last(&range->acknowledged);
        counts->lost++;
    }
}

// Commands of earlier terms that the new leader has not applied now are in no log that counts.
static void drop_lost(struct raft_member *member, const struct cockroach_range *range)
{
    for (uint64_t i = range->command_first; i < range->command_end; i++) {
        struct cockroach_command *command = command_at(range, i);
        if (command->term < member->vote->term && command->kind != COCKROACH_LOST) {
            command->kind = COCKROACH_LOST;
            tell_proposer(member, command, 0, true);
        }
    }
}

static void on_leads(struct raft_member *member)
{
    struct cockroach_range *range = member->raft->owner;
    struct component *component = member->node->component;
    if (range->applied > member->applied) { // applied by others, and no longer in the log
        cockroach_row_roll_back(component, range->number, member->led_from);
        range->applied = member->applied;
    }
    count_lost(component, range, member->led_from);
    drop_lost(member, range);
    cockroach_lease_follow(member);
}

static uint64_t snapshot_bytes(const struct raft_member *member)
{
    return cockroach_configuration(member->node->component)->raft.range_bytes;
}

const struct raft_hooks cockroach_range_hooks = {
    .applied = on_applied, .leads = on_leads, .snapshot_bytes = snapshot_bytes};

// ---- acknowledgements -------------------------------------------------------------------------

// What every replica has on its disk cannot be lost.
static void forget_safe(struct cockroach_range *range)
{
    uint64_t safe = UINT64_MAX;
    for (uint32_t i = 0; i < range->copies; i++) {
        const uint64_t durable = range->raft.members[i].durable;
        safe = durable < safe ? durable : safe;
    }
    while (range->acknowledged.count > 0 &&
           *(const uint64_t *)ring_at(&range->acknowledged, 0) <= safe) {
        ring_drop(&range->acknowledged);
    }
}

// Indices come nearly in order; they are kept sorted.
void cockroach_range_acknowledge(struct component *component, uint32_t number, uint64_t index)
{
    struct cockroach_range *range = cockroach_range(component, number);
    cockroach_cluster(component)->counts.acknowledged++;
    struct ring *ring = &range->acknowledged;
    if (ring->count == ring->room) {
        forget_safe(range);
    }
    uint64_t *place = ring_put(ring, sizeof *place);
    for (uint32_t at = ring->count - 1; at > 0; at--) {
        uint64_t *before = ring_at(ring, at - 1);
        if (*before <= index) {
            break;
        }
        *place = *before;
        place = before;
    }
    *place = index;
}

void cockroach_range_release(struct cockroach_range *range)
{
    raft_release(&range->raft);
    free(range->commands);
    ring_release(&range->acknowledged);
    map_release(&range->guards);
}
