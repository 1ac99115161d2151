// backlog - messages of a queue or stream on their way to consumers: waiting, in hand, worked off,
// handed over again.
#include "sim/engine/backlog.h"

#include <stdlib.h>

#include "sim/base/check.h"
#include "sim/engine/backlog_inside.h"
#include "sim/engine/model.h"

void backlog_init(struct backlog *backlog, struct world *world)
{
    backlog->world = world;
    slots_init(&backlog->messages, sizeof(struct backlog_message));
    slots_init(&backlog->hands, sizeof(struct backlog_hand));
}

void backlog_release(struct backlog *backlog)
{
    for (uint32_t number = 1; number < backlog->hands.used; number++) {
        free(((struct backlog_hand *)slots_at(&backlog->hands, number))->late);
    }
    slots_release(&backlog->messages);
    slots_release(&backlog->hands);
    free(backlog->members);
}

void backlog_attach(struct backlog *backlog, const struct consumer_design *consumer,
                    struct component *to)
{
    const uint32_t count = backlog->member_count + to->node_count;
    backlog->members = check_realloc(backlog->members, count * sizeof *backlog->members);
    for (uint32_t i = 0; i < to->node_count; i++) {
        backlog->members[backlog->member_count++] =
            (struct backlog_member){.consumer = consumer, .to = to, .node = &to->nodes[i]};
    }
    backlog->consumer_count++;
}

// ---- messages -----------------------------------------------------------------------------------

void backlog_append(struct backlog *backlog, struct backlog_list *list, uint32_t number)
{
    backlog_message_at(backlog, number)->next = 0;
    if (list->last == 0) {
        list->first = number;
    } else {
        backlog_message_at(backlog, list->last)->next = number;
    }
    list->last = number;
}

uint32_t backlog_pop(const struct backlog *backlog, struct backlog_list *list)
{
    const uint32_t number = list->first;
    if (number != 0) {
        list->first = backlog_message_at(backlog, number)->next;
        list->last = list->first == 0 ? 0 : list->last;
    }
    return number;
}

static void give_message(struct backlog *backlog, uint32_t number)
{
    backlog_message_at(backlog, number)->place = BACKLOG_NOWHERE;
    slots_give(&backlog->messages, number);
}

// Drops what is gone from the head of the list; its first message, 0: none.
uint32_t backlog_head(struct backlog *backlog, struct backlog_list *list)
{
    while (list->first != 0 && backlog_message_at(backlog, list->first)->gone) {
        give_message(backlog, backlog_pop(backlog, list));
    }
    return list->first;
}

// The figures of the first consumer hold what no other has in hand.
static void note_present(const struct backlog *backlog, int64_t messages)
{
    if (backlog->member_count > 0) {
        consumer_note_visible(backlog->world, backlog->members[0].consumer, (uint64_t)messages);
    }
}

void backlog_note_moved(const struct backlog *backlog, const struct backlog_member *member,
                       int64_t messages)
{
    if (backlog->consumer_count > 1 && member->consumer != backlog->members[0].consumer) {
        note_present(backlog, -messages);
        consumer_note_visible(backlog->world, member->consumer, (uint64_t)messages);
    }
}

void backlog_put(struct backlog *backlog, const struct backlog_message *message)
{
    const uint32_t number = slots_take(&backlog->messages);
    struct backlog_message *entry = backlog_message_at(backlog, number);
    const uint32_t generation = entry->generation;
    CHECK(message->count > 0);
    backlog->largest = message->count > backlog->largest ? message->count : backlog->largest;
    *entry = *message;
    entry->generation = generation;
    entry->deliveries = 0;
    entry->place = BACKLOG_READY;
    entry->gone = false;
    backlog_append(backlog, &backlog->ready, number);
    backlog->put += entry->count;
    backlog->waiting += entry->count;
    backlog->bytes += entry->bytes;
    note_present(backlog, entry->count);
}

// It is present no more; its record goes when its list meets it, or at once from a hand.
static void leave(struct backlog *backlog, struct backlog_message *message)
{
    CHECK(!message->gone);
    message->gone = true;
    backlog->bytes -= message->bytes;
    if (message->place == BACKLOG_IN_HAND) {
        backlog->in_hand -= message->count;
    } else {
        backlog->waiting -= message->count;
    }
}

bool backlog_drop(struct backlog *backlog, struct backlog_message *dropped)
{
    const uint32_t again = backlog_head(backlog, &backlog->again);
    const uint32_t number = again != 0 ? again : backlog_head(backlog, &backlog->ready);
    if (number == 0) {
        return false;
    }
    *dropped = *backlog_message_at(backlog, number);
    leave(backlog, backlog_message_at(backlog, number));
    backlog->dead += dropped->count;
    note_present(backlog, -(int64_t)dropped->count);
    give_message(backlog, backlog_pop(backlog, again != 0 ? &backlog->again : &backlog->ready));
    return true;
}

uint64_t backlog_lose(struct backlog *backlog, uint64_t low, uint64_t high)
{
    uint64_t lost = 0;
    for (uint32_t number = 1; number < backlog->messages.used; number++) {
        struct backlog_message *message = backlog_message_at(backlog, number);
        if (message->place != BACKLOG_NOWHERE && !message->gone && message->sequence >= low &&
            message->sequence < high) {
            leave(backlog, message);
            lost += message->count;
        }
    }
    if (high == UINT64_MAX && backlog->latest >= low) {
        backlog->latest = low - 1; // others may stand there later
    }
    backlog->lost += lost;
    note_present(backlog, -(int64_t)lost);
    return lost;
}

uint64_t backlog_lowest(const struct backlog *backlog)
{
    uint64_t lowest = UINT64_MAX;
    for (uint32_t number = 1; number < backlog->messages.used; number++) {
        const struct backlog_message *message = backlog_message_at(backlog, number);
        if (message->place != BACKLOG_NOWHERE && !message->gone && message->sequence < lowest) {
            lowest = message->sequence;
        }
    }
    return lowest;
}

// ---- hands --------------------------------------------------------------------------------------

static uint32_t number_of(uint64_t name)
{
    return (uint32_t)name & ((1U << BACKLOG_NUMBER_BITS) - 1);
}

// NULL: it has come back and been forgotten.
static struct backlog_hand *hand_of(const struct backlog *backlog, uint64_t name)
{
    const uint32_t number = number_of(name);
    return backlog_name(backlog, number) == name ? backlog_hand_at(backlog, number) : NULL;
}

void backlog_link(struct backlog *backlog, uint32_t number)
{
    struct backlog_hand *hand = backlog_hand_at(backlog, number);
    hand->older = backlog->newest;
    hand->newer = 0;
    if (backlog->newest != 0) {
        backlog_hand_at(backlog, backlog->newest)->newer = number;
    } else {
        backlog->oldest = number;
    }
    backlog->newest = number;
}

static void unlink_hand(struct backlog *backlog, struct backlog_hand *hand)
{
    if (hand->older != 0) {
        backlog_hand_at(backlog, hand->older)->newer = hand->newer;
    } else {
        backlog->oldest = hand->newer;
    }
    if (hand->newer != 0) {
        backlog_hand_at(backlog, hand->newer)->older = hand->older;
    } else {
        backlog->newest = hand->older;
    }
}

// The windows are free of it.
static void close_hand(struct backlog *backlog, struct backlog_hand *hand)
{
    struct backlog_member *member = &backlog->members[hand->member];
    if (!hand->counts) {
        return;
    }
    hand->counts = false;
    member->in_hand -= hand->count;
    member->hands--;
    backlog->full = false;
    unlink_hand(backlog, hand);
}

static void give_hand(struct backlog *backlog, struct backlog_hand *hand, uint32_t number)
{
    close_hand(backlog, hand);
    free(hand->late);
    hand->late = NULL;
    slots_give(&backlog->hands, number);
}

static void die(struct backlog *backlog, struct backlog_message *message, uint32_t number)
{
    leave(backlog, message);
    backlog->dead += message->count;
    note_present(backlog, -(int64_t)message->count);
    if (backlog->hooks != NULL && backlog->hooks->dead != NULL) {
        backlog->hooks->dead(backlog, message);
    }
    give_message(backlog, number);
}

// Messages of the hand wait again, before all that were never handed over, or leave for good.
static void bring_back(struct backlog *backlog, struct backlog_hand *hand)
{
    const struct backlog_member *member = &backlog->members[hand->member];
    for (uint32_t number = backlog_pop(backlog, &hand->messages); number != 0;
         number = backlog_pop(backlog, &hand->messages)) {
        struct backlog_message *message = backlog_message_at(backlog, number);
        if (message->gone) {
            give_message(backlog, number);
            continue;
        }
        backlog_note_moved(backlog, member, -(int64_t)message->count);
        if (backlog->settings->limit > 0 && message->deliveries >= backlog->settings->limit) {
            die(backlog, message, number);
            continue;
        }
        backlog->in_hand -= message->count;
        backlog->waiting += message->count;
        message->place = BACKLOG_AGAIN;
        backlog_append(backlog, &backlog->again, number);
    }
}

void backlog_recall(struct backlog *backlog)
{
    while (backlog->oldest != 0) {
        const uint32_t number = backlog->oldest;
        struct backlog_hand *hand = backlog_hand_at(backlog, number);
        bring_back(backlog, hand);
        give_hand(backlog, hand, number);
    }
}

// ---- answers ------------------------------------------------------------------------------------

static void settle_message(struct backlog *backlog, struct backlog_message *message,
                           const struct consumer_design *consumer)
{
    leave(backlog, message);
    backlog->settled += message->count;
    consumer_note_done(backlog->world, consumer, message->appended_ns, message->count);
    if (backlog->hooks != NULL && backlog->hooks->settled != NULL) {
        backlog->hooks->settled(backlog, message);
    }
}

void backlog_settle(struct backlog *backlog, uint64_t name)
{
    struct backlog_hand *hand = hand_of(backlog, name);
    if (hand == NULL) {
        return;
    }
    const struct backlog_member *member = &backlog->members[hand->member];
    for (uint32_t number = backlog_pop(backlog, &hand->messages); number != 0;
         number = backlog_pop(backlog, &hand->messages)) {
        struct backlog_message *message = backlog_message_at(backlog, number);
        if (message->gone) {
            backlog->duplicates += message->count;
        } else {
            settle_message(backlog, message, member->consumer);
        }
        give_message(backlog, number);
    }
    give_hand(backlog, hand, number_of(name));
    backlog_pump(backlog);
}

// The answer comes after the hand has expired: what was not worked off since is now.
static void settle_late(struct backlog *backlog, struct backlog_hand *hand, uint32_t hand_number)
{
    const struct backlog_member *member = &backlog->members[hand->member];
    for (uint32_t i = 0; i < hand->late_count; i++) {
        const uint32_t number = (uint32_t)hand->late[i];
        struct backlog_message *message = backlog_message_at(backlog, number);
        const bool same = message->generation == (uint32_t)(hand->late[i] >> 32);
        if (same && message->place != BACKLOG_NOWHERE && !message->gone) {
            backlog_note_moved(backlog, member, message->count);
            settle_message(backlog, message, member->consumer);
        } else {
            backlog->duplicates++;
        }
    }
    give_hand(backlog, hand, hand_number);
    backlog_pump(backlog);
}

struct backlog *backlog_find(const struct node *node, uint64_t name)
{
    struct component *component = node->component;
    return component->design->model->backlog(component, (uint32_t)(name >> 48));
}

static void come_back(struct backlog *backlog, struct backlog_hand *hand, uint64_t name)
{
    bring_back(backlog, hand);
    give_hand(backlog, hand, number_of(name));
    backlog_pump(backlog);
}

static void on_retry(struct node *node, uint64_t name)
{
    struct backlog *backlog = backlog_find(node, name);
    struct backlog_hand *hand = hand_of(backlog, name);
    if (hand != NULL) {
        come_back(backlog, hand, name);
    }
}

// A member that lives gives its messages back after a while; those of a dead one are free at once.
static void note_failure(struct backlog *backlog, struct backlog_hand *hand, uint64_t name)
{
    struct backlog_member *member = &backlog->members[hand->member];
    member->gone = !node_is_up(member->node);
    if (member->gone || backlog->node == NULL || hand->late != NULL) {
        come_back(backlog, hand, name);
        return;
    }
    node_timer_constant(backlog->node, backlog->settings->retry_ns, on_retry, name);
}

void backlog_on_done(struct node *broker, uint64_t name, enum status status)
{
    struct backlog *backlog = backlog_find(broker, name);
    struct backlog_hand *hand = hand_of(backlog, name);
    if (hand == NULL) {
        return;
    }
    if (!status_is_good(status)) {
        note_failure(backlog, hand, name);
    } else if (hand->late != NULL) {
        settle_late(backlog, hand, number_of(name));
    } else {
        hand->answered = true;
        const struct backlog_hooks *hooks = backlog->hooks;
        if (hooks == NULL || hooks->answered == NULL || !hooks->answered(backlog, name)) {
            backlog_settle(backlog, name);
        }
    }
}

// ---- ack wait -----------------------------------------------------------------------------------

static void keep_names(struct backlog *backlog, struct backlog_hand *hand)
{
    uint32_t count = 0;
    for (uint32_t number = hand->messages.first; number != 0;
         number = backlog_message_at(backlog, number)->next) {
        count++;
    }
    hand->late = check_calloc(count + 1, sizeof *hand->late);
    for (uint32_t number = hand->messages.first; number != 0;
         number = backlog_message_at(backlog, number)->next) {
        const uint64_t generation = backlog_message_at(backlog, number)->generation;
        hand->late[hand->late_count++] = generation << 32 | number;
    }
}

static void on_ack_wait(struct node *node, uint64_t name)
{
    struct backlog *backlog = backlog_find(node, name);
    const int64_t before = node->world->now - backlog->settings->ack_wait_ns;
    backlog->timing = false;
    while (backlog->oldest != 0 && backlog_hand_at(backlog, backlog->oldest)->since_ns <= before) {
        struct backlog_hand *hand = backlog_hand_at(backlog, backlog->oldest);
        backlog->expired += hand->count;
        keep_names(backlog, hand);
        close_hand(backlog, hand);
        bring_back(backlog, hand);
    }
    backlog_arm(backlog);
    backlog_pump(backlog);
}

void backlog_arm(struct backlog *backlog)
{
    const int64_t wait = backlog->settings->ack_wait_ns;
    if (backlog->timing || wait == 0 || backlog->oldest == 0 || backlog->node == NULL) {
        return;
    }
    const int64_t due = time_after(backlog_hand_at(backlog, backlog->oldest)->since_ns, wait);
    const int64_t now = backlog->world->now;
    backlog->timing = true;
    node_timer(backlog->node, due > now ? due - now : 0, on_ack_wait,
               (uint64_t)backlog->number << 48);
}

// ---- invariants ---------------------------------------------------------------------------------

void backlog_check(const struct backlog *backlog)
{
    struct world *world = backlog->world;
    const uint64_t accounted = backlog->settled + backlog->dead + backlog->lost +
                               backlog->waiting + backlog->in_hand;
    world_hold(world, "backlog-counted", backlog->put == accounted,
               "backlog %u: %lu messages put, %lu accounted for", backlog->number,
               (unsigned long)backlog->put, (unsigned long)accounted);
    world_hold(world, "backlog-order", !backlog->disordered,
               "backlog %u: a message was first handed over after a later one", backlog->number);
    for (uint32_t i = 0; i < backlog->member_count; i++) {
        const struct backlog_member *member = &backlog->members[i];
        const uint64_t window = backlog->settings->window;
        world_hold(world, "backlog-window",
                   window == 0 || member->in_hand < window + backlog->largest,
                   "backlog %u: member %u has %lu messages in hand", backlog->number, i,
                   (unsigned long)member->in_hand);
    }
}
