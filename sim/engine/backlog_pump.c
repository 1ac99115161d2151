// backlog_pump - hands messages over to the members that have room.
#include "sim/base/check.h"
#include "sim/engine/backlog_inside.h"
#include "sim/engine/model.h"

static bool has_room(const struct backlog *backlog, const struct backlog_member *member)
{
    const uint64_t window = backlog->settings->window;
    const uint32_t most = backlog->settings->push ? 0 : member->consumer->concurrency;
    return (most == 0 || member->hands < most) && (window == 0 || member->in_hand < window);
}

// A process that has ended is known by its connection; a silent host only by what it left
// unanswered.
static bool is_there(struct backlog_member *member)
{
    member->gone = member->gone && !node_is_up(member->node);
    return !member->gone && (member->node->life == NODE_UP || member->node->life == NODE_DARK);
}

static uint32_t next_member(struct backlog *backlog, bool *missing)
{
    for (uint32_t i = 0; i < backlog->member_count; i++) {
        backlog->turn = backlog->turn + 1 < backlog->member_count ? backlog->turn + 1 : 0;
        struct backlog_member *member = &backlog->members[backlog->turn];
        if (!is_there(member)) {
            *missing = true;
        } else if (has_room(backlog, member)) {
            return backlog->turn;
        }
    }
    return UINT32_MAX;
}

static uint64_t room_of(const struct backlog *backlog, const struct backlog_member *member)
{
    const struct backlog_settings *settings = backlog->settings;
    uint64_t room = member->consumer->batch > 0 ? member->consumer->batch : 1;
    if (settings->window > 0 && settings->window - member->in_hand < room) {
        room = settings->window - member->in_hand;
    }
    if (settings->pending > 0 && settings->pending - backlog->in_hand < room) {
        room = settings->pending - backlog->in_hand;
    }
    return room;
}

static void note_delivery(struct backlog *backlog, const struct backlog_message *message,
                          const struct backlog_member *member)
{
    backlog->delivered += message->count;
    if (message->deliveries > 1) {
        backlog->redelivered += message->count;
        consumer_note_again(backlog->world, member->consumer, message->count);
    } else {
        backlog->disordered = backlog->disordered || message->sequence < backlog->latest;
        backlog->latest = message->sequence;
    }
    backlog_note_moved(backlog, member, message->count);
}

// Takes messages for the hand until it is full; returns the number of the oldest.
static uint32_t fill_hand(struct backlog *backlog, struct backlog_hand *hand, uint64_t *bytes)
{
    const struct backlog_member *member = &backlog->members[hand->member];
    const uint64_t room = room_of(backlog, member);
    while (hand->count < room) {
        const bool again = backlog_head(backlog, &backlog->again) != 0;
        struct backlog_list *list = again ? &backlog->again : &backlog->ready;
        if (backlog_head(backlog, list) == 0) {
            break;
        }
        const uint32_t number = backlog_pop(backlog, list);
        struct backlog_message *message = backlog_message_at(backlog, number);
        message->deliveries++;
        message->place = BACKLOG_IN_HAND;
        backlog_append(backlog, &hand->messages, number);
        hand->count += message->count;
        backlog->waiting -= message->count;
        *bytes += message->bytes;
        note_delivery(backlog, message, member);
    }
    backlog->in_hand += hand->count;
    return hand->messages.first;
}

static void hand_over(struct backlog *backlog, uint32_t turn)
{
    struct backlog_member *member = &backlog->members[turn];
    const uint32_t number = slots_take(&backlog->hands);
    struct backlog_hand *hand = backlog_hand_at(backlog, number);
    uint64_t bytes = 0;
    CHECK(number >> BACKLOG_NUMBER_BITS == 0);
    hand->member = turn;
    const uint32_t first = fill_hand(backlog, hand, &bytes);
    hand->counts = true;
    hand->since_ns = backlog->world->now;
    member->in_hand += hand->count;
    member->hands++;
    backlog_link(backlog, number);
    backlog_arm(backlog);
    const struct consumer_delivery delivery = {
        .broker = backlog->node,
        .to = member->to,
        .member = member->node,
        .consumer = member->consumer,
        .request = backlog_message_at(backlog, first)->request,
        .messages = hand->count,
        .bytes = bytes,
        .silence_ns = backlog->settings->silence_ns,
        .cookie = backlog_name(backlog, number),
        .done = backlog_on_done,
    };
    consumer_deliver(&delivery);
}

static void on_look(struct node *node, uint64_t name)
{
    struct backlog *backlog = backlog_find(node, name);
    backlog->looking = backlog->full = false;
    backlog_pump(backlog);
}

// Nobody has room. Somebody who is not there may come back without a word.
static void rest(struct backlog *backlog, bool missing)
{
    backlog->full = true;
    if (missing && !backlog->looking) {
        backlog->looking = true;
        node_timer_constant(backlog->node, backlog->settings->retry_ns, on_look,
                            (uint64_t)backlog->number << 48);
    }
}

static void on_batch_wait(struct node *node, uint64_t name)
{
    struct backlog *backlog = backlog_find(node, name);
    backlog->filling = false;
    backlog->due = true;
    backlog_pump(backlog);
}

// True while an incomplete batch waits for more.
static bool waits_for_more(struct backlog *backlog)
{
    const struct consumer_design *consumer = backlog->members[0].consumer;
    if (consumer->batch_wait_ns <= 0 || backlog->due || backlog->waiting >= consumer->batch) {
        return false;
    }
    if (!backlog->filling) {
        backlog->filling = true;
        node_timer_constant(backlog->node, consumer->batch_wait_ns, on_batch_wait,
                            (uint64_t)backlog->number << 48);
    }
    return true;
}

void backlog_pump(struct backlog *backlog)
{
    const uint64_t pending = backlog->settings->pending;
    if (backlog->node == NULL || backlog->member_count == 0) {
        return;
    }
    while (backlog->waiting > 0 && !backlog->full && !waits_for_more(backlog)) {
        bool missing = false;
        if (pending > 0 && backlog->in_hand >= pending) {
            return; // what comes back or is settled pumps again
        }
        const uint32_t turn = next_member(backlog, &missing);
        if (turn == UINT32_MAX) {
            rest(backlog, missing);
            return;
        }
        backlog->due = false;
        hand_over(backlog, turn);
    }
}

void backlog_move(struct backlog *backlog, struct node *node)
{
    backlog->node = node;
    backlog->timing = backlog->looking = backlog->filling = backlog->full = false;
    if (node != NULL) {
        backlog_arm(backlog);
        backlog_pump(backlog);
    }
}
