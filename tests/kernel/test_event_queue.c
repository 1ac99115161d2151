// test_event_queue - order, ties, cancellation and the differential proof against the plain heap.
#include "sim/kernel/event_queue.h"

#include <criterion/criterion.h>
#include <stdlib.h>

#include "sim/kernel/event_heap.h"

static void nothing(void *subject, uint64_t argument)
{
    (void)subject;
    (void)argument;
}

static struct event numbered(uint64_t number)
{
    return (struct event){.act = nothing, .argument = number};
}

// The number of the next event, or -1.
static int64_t next_number(struct event_queue *queue)
{
    int64_t time;
    struct event event;
    return event_queue_next(queue, TIME_NEVER, &time, &event) ? (int64_t)event.argument : -1;
}

static void expect_numbers(struct event_queue *queue, const int64_t *numbers, int count)
{
    for (int i = 0; i < count; i++) {
        cr_expect_eq(next_number(queue), numbers[i], "at place %d", i);
    }
    cr_expect_eq(next_number(queue), -1);
    cr_expect_eq(event_queue_pending(queue), 0);
}

Test(event_queue, events_happen_in_order_of_time)
{
    struct event_queue *queue = event_queue_begin();
    const int64_t times[] = {5, 3, 9, 1, 7};
    for (uint64_t i = 0; i < 5; i++) {
        event_queue_at(queue, times[i], numbered(i));
    }
    expect_numbers(queue, (int64_t[]){3, 1, 0, 4, 2}, 5);
    cr_expect_eq(event_queue_ties(queue), 0);
    cr_expect_eq(event_queue_happened(queue), 5);
    cr_expect_eq(event_queue_present(queue), 9);
    event_queue_end(queue);
}

Test(event_queue, equal_times_happen_in_order_of_scheduling)
{
    struct event_queue *queue = event_queue_begin();
    int64_t numbers[1000];
    for (int64_t i = 0; i < 1000; i++) {
        event_queue_at(queue, 77, numbered((uint64_t)i));
        numbers[i] = i;
    }
    expect_numbers(queue, numbers, 1000);
    cr_expect_eq(event_queue_ties(queue), 999);
    event_queue_end(queue);
}

Test(event_queue, an_event_at_the_start_is_no_tie)
{
    struct event_queue *queue = event_queue_begin();
    event_queue_now(queue, numbered(0));
    event_queue_at(queue, 0, numbered(1));
    expect_numbers(queue, (int64_t[]){0, 1}, 2);
    cr_expect_eq(event_queue_ties(queue), 1);
    event_queue_end(queue);
}

// All three parts meet at t = 10: the order is that of scheduling, not that of the parts.
Test(event_queue, ties_between_the_parts_happen_in_order_of_scheduling)
{
    struct event_queue *queue = event_queue_begin();
    struct event_lane *ten = event_queue_lane(queue, 10), *six = event_queue_lane(queue, 6);
    event_queue_at(queue, 10, numbered(0));
    event_queue_after(queue, ten, numbered(1));
    event_queue_at(queue, 10, numbered(2));
    event_queue_after(queue, ten, numbered(3));
    event_queue_at(queue, 4, numbered(4));
    cr_expect_eq(next_number(queue), 4);
    event_queue_after(queue, six, numbered(5));
    event_queue_at(queue, 10, numbered(6));
    event_queue_after(queue, six, numbered(7));
    cr_expect_eq(next_number(queue), 0);
    event_queue_now(queue, numbered(8));
    event_queue_at(queue, 10, numbered(9));
    expect_numbers(queue, (int64_t[]){1, 2, 3, 5, 6, 7, 8, 9}, 8);
    event_queue_end(queue);
}

Test(event_queue, a_hundred_lanes_meet_at_one_instant)
{
    struct event_queue *queue = event_queue_begin();
    int64_t numbers[1000];
    for (int64_t i = 0; i < 1000; i++) {
        if (i % 10 == 0) {
            event_queue_at(queue, i, numbered(5000));
            cr_assert_eq(next_number(queue), 5000);
        }
        const int64_t left = 2000 - event_queue_present(queue);
        if (i % 3 == 0) {
            event_queue_at(queue, 2000, numbered((uint64_t)i));
        } else {
            event_queue_after(queue, event_queue_lane(queue, left), numbered((uint64_t)i));
        }
        numbers[i] = i;
    }
    expect_numbers(queue, numbers, 1000);
    event_queue_end(queue);
}

Test(event_queue, a_delay_has_one_lane)
{
    struct event_queue *queue = event_queue_begin();
    struct event_lane *lane = event_queue_lane(queue, TIME_MS);
    cr_expect_neq(event_queue_lane(queue, TIME_S), lane);
    cr_expect_eq(event_queue_lane(queue, TIME_MS), lane);
    event_queue_end(queue);
}

Test(event_queue, a_lane_without_delay_is_the_present)
{
    struct event_queue *queue = event_queue_begin();
    event_queue_now(queue, numbered(0));
    event_queue_after(queue, event_queue_lane(queue, 0), numbered(1));
    event_queue_now(queue, numbered(2));
    expect_numbers(queue, (int64_t[]){0, 1, 2}, 3);
    event_queue_end(queue);
}

Test(event_queue, never_schedules_nothing)
{
    struct event_queue *queue = event_queue_begin();
    cr_expect_eq(event_queue_at(queue, TIME_NEVER, numbered(0)), EVENT_NONE);
    struct event_lane *forever = event_queue_lane(queue, TIME_NEVER);
    cr_expect_eq(event_queue_after(queue, forever, numbered(1)), EVENT_NONE);
    cr_expect_eq(event_queue_pending(queue), 0);
    cr_expect_not(event_queue_cancel(queue, EVENT_NONE));
    event_queue_end(queue);
}

Test(event_queue, a_cancelled_event_does_not_happen_in_any_part)
{
    struct event_queue *queue = event_queue_begin();
    struct event_lane *lane = event_queue_lane(queue, 10);
    const uint64_t ids[] = {
        event_queue_now(queue, numbered(0)),         event_queue_at(queue, 10, numbered(1)),
        event_queue_after(queue, lane, numbered(2)), event_queue_at(queue, TIME_S, numbered(3)),
        event_queue_after(queue, lane, numbered(4)),
    };
    event_queue_now(queue, numbered(5));
    event_queue_at(queue, 10, numbered(6));
    event_queue_after(queue, lane, numbered(7));
    for (int i = 0; i < 5; i++) {
        cr_expect(event_queue_cancel(queue, ids[i]));
        cr_expect_not(event_queue_cancel(queue, ids[i]), "a second time");
    }
    cr_expect_eq(event_queue_pending(queue), 3);
    expect_numbers(queue, (int64_t[]){5, 6, 7}, 3);
    event_queue_end(queue);
}

Test(event_queue, the_name_of_an_event_that_happened_is_stale)
{
    struct event_queue *queue = event_queue_begin();
    const uint64_t old = event_queue_at(queue, 1, numbered(0));
    cr_expect_eq(next_number(queue), 0);
    const uint64_t young = event_queue_at(queue, 2, numbered(1)); // the same record again
    cr_expect_neq(old, young);
    cr_expect_not(event_queue_cancel(queue, old));
    expect_numbers(queue, (int64_t[]){1}, 1);
    event_queue_end(queue);
}

Test(event_queue, a_record_used_again_does_not_revive_the_cancelled_event)
{
    struct event_queue *queue = event_queue_begin();
    struct event_lane *lane = event_queue_lane(queue, 50);
    for (uint64_t i = 0; i < 3000; i++) {
        cr_assert(event_queue_cancel(queue, event_queue_at(queue, 50, numbered(9000))));
        cr_assert(event_queue_cancel(queue, event_queue_after(queue, lane, numbered(9001))));
        cr_assert(event_queue_cancel(queue, event_queue_now(queue, numbered(9002))));
    }
    event_queue_lane(queue, 51); // takes a record of its own
    event_queue_at(queue, 60, numbered(1));
    event_queue_after(queue, lane, numbered(0));
    expect_numbers(queue, (int64_t[]){0, 1}, 2);
    event_queue_end(queue);
}

Test(event_queue, a_lane_whose_head_was_cancelled_goes_on)
{
    struct event_queue *queue = event_queue_begin();
    struct event_lane *lane = event_queue_lane(queue, 100);
    const uint64_t head = event_queue_after(queue, lane, numbered(0));
    event_queue_at(queue, 30, numbered(1));
    event_queue_at(queue, 110, numbered(2));
    cr_expect_eq(next_number(queue), 1);
    event_queue_after(queue, lane, numbered(3)); // at 130
    cr_expect(event_queue_cancel(queue, head));
    expect_numbers(queue, (int64_t[]){2, 3}, 2);
    event_queue_after(queue, lane, numbered(4)); // the lane was empty
    expect_numbers(queue, (int64_t[]){4}, 1);
    event_queue_end(queue);
}

Test(event_queue, the_limit_itself_is_not_reached)
{
    struct event_queue *queue = event_queue_begin();
    int64_t time;
    struct event event;
    event_queue_at(queue, 10, numbered(0));
    cr_expect_not(event_queue_next(queue, 10, &time, &event));
    cr_expect_eq(event_queue_present(queue), 0);
    cr_expect(event_queue_next(queue, 11, &time, &event));
    cr_expect_eq(time, 10);
    event_queue_now(queue, numbered(1));
    cr_expect_not(event_queue_next(queue, 10, &time, &event));
    cr_expect(event_queue_next(queue, 11, &time, &event));
    event_queue_end(queue);
}

// Looking up to a limit must not bind the future: the gap before a far event can still be filled.
Test(event_queue, events_may_be_scheduled_before_one_that_was_looked_at)
{
    struct event_queue *queue = event_queue_begin();
    int64_t time;
    struct event event;
    for (uint64_t i = 0; i < 5000; i++) {
        event_queue_at(queue, TIME_S + (int64_t)i, numbered(5000 + i));
    }
    cr_expect_not(event_queue_next(queue, TIME_S, &time, &event));
    for (uint64_t i = 5000; i-- > 0;) {
        event_queue_at(queue, 1000 * (int64_t)(i + 1), numbered(i));
    }
    for (int64_t i = 0; i < 10000; i++) {
        cr_assert_eq(next_number(queue), i);
    }
    event_queue_end(queue);
}

Test(event_queue, time_reaches_its_last_nanosecond)
{
    struct event_queue *queue = event_queue_begin();
    event_queue_at(queue, TIME_NEVER - 1, numbered(1));
    event_queue_at(queue, 1, numbered(0));
    for (uint64_t i = 2; i < 200; i++) {
        event_queue_at(queue, TIME_NEVER - 1, numbered(i));
    }
    for (int64_t i = 0; i < 200; i++) {
        cr_assert_eq(next_number(queue), i);
    }
    event_queue_end(queue);
}

static uint64_t random_state = 1;

static uint64_t draw(void) // splitmix64
{
    uint64_t z = random_state += 0x9E3779B97F4A7C15;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9;
    z = (z ^ z >> 27) * 0x94D049BB133111EB;
    return z ^ z >> 31;
}

// A cheap stand-in for the exponential law: the shape matters little here, the spread does.
static int64_t draw_skewed(int64_t mean)
{
    const int level = __builtin_ctzll(draw() | (uint64_t)1 << 40);
    return (int64_t)(draw() % (uint64_t)mean) * (level + 1) / 2;
}

enum law { LAW_SKEWED, LAW_UNIFORM, LAW_TWO_MODES, LAW_PARETO, LAW_TIMEOUTS, LAW_TIES, LAWS };

static int64_t draw_delay(enum law law)
{
    switch (law) {
    case LAW_SKEWED:
        return draw_skewed(TIME_MS);
    case LAW_UNIFORM:
        return (int64_t)(draw() % 10000000);
    case LAW_TWO_MODES:
        return draw() % 10 == 0 ? TIME_S + (int64_t)(draw() % 1000) : (int64_t)(draw() % 50000);
    case LAW_PARETO:
        return (int64_t)(UINT64_MAX / (draw() >> 20 | 1) % (uint64_t)(1000 * TIME_S));
    case LAW_TIMEOUTS:
        return draw() % 4 == 0 ? 30 * TIME_S : draw_skewed(TIME_US);
    case LAW_TIES:
        return (int64_t)(draw() % 4) * 7;
    case LAWS:
        break;
    }
    return 0;
}

// The queue beside a heap of (time, scheduling number) that drops the cancelled when they surface.
struct pair {
    struct event_queue *queue;
    struct event_lane *lanes[4];
    struct event_heap heap;
    uint64_t *ids; // by scheduling number; EVENT_NONE when no longer pending
    uint64_t scheduled, pending;
};

static const int64_t lane_delays[4] = {7, TIME_US, TIME_MS, 30 * TIME_S};

static void pair_init(struct pair *pair, uint64_t most)
{
    *pair = (struct pair){.queue = event_queue_begin()};
    for (int i = 0; i < 4; i++) {
        pair->lanes[i] = event_queue_lane(pair->queue, lane_delays[i]);
    }
    event_heap_init(&pair->heap);
    pair->ids = calloc(most + 1, sizeof *pair->ids);
}

static void pair_release(struct pair *pair)
{
    event_queue_end(pair->queue);
    event_heap_release(&pair->heap);
    free(pair->ids);
}

static void pair_schedule(struct pair *pair, enum law law)
{
    const uint64_t number = pair->scheduled++;
    int64_t time = event_queue_present(pair->queue);
    const uint64_t way = draw() % 16;
    if (way == 0) {
        pair->ids[number] = event_queue_now(pair->queue, numbered(number));
    } else if (way < 5) {
        time += lane_delays[way - 1];
        pair->ids[number] = event_queue_after(pair->queue, pair->lanes[way - 1], numbered(number));
    } else {
        time += draw_delay(law);
        pair->ids[number] = event_queue_at(pair->queue, time, numbered(number));
    }
    const struct event_entry entry = {(uint64_t)time, number << EVENT_SLOT_BITS};
    event_heap_add(&pair->heap, entry);
    pair->pending++;
}

static void pair_cancel(struct pair *pair)
{
    const uint64_t back = draw() % 3 == 0 ? draw() % pair->scheduled : draw() % 20;
    const uint64_t number = back < pair->scheduled ? pair->scheduled - 1 - back : 0;
    const bool was_pending = pair->ids[number] != EVENT_NONE;
    cr_assert_eq(event_queue_cancel(pair->queue, pair->ids[number]), was_pending);
    pair->ids[number] = EVENT_NONE;
    pair->pending -= was_pending;
}

// The earliest of the heap that was not cancelled and is below the limit; false if there is none.
static bool heap_next(struct pair *pair, int64_t limit, struct event_entry *entry)
{
    while (pair->heap.count > 0) {
        *entry = event_heap_top(&pair->heap);
        if ((int64_t)entry->time >= limit) {
            return false;
        }
        event_heap_take(&pair->heap);
        if (pair->ids[entry->key >> EVENT_SLOT_BITS] != EVENT_NONE) {
            return true;
        }
    }
    return false;
}

static bool pair_next(struct pair *pair, int64_t limit)
{
    int64_t time;
    struct event event;
    struct event_entry expected;
    const bool have = heap_next(pair, limit, &expected);
    cr_assert_eq(event_queue_next(pair->queue, limit, &time, &event), have);
    if (have) {
        cr_assert_eq(time, (int64_t)expected.time);
        cr_assert_eq(event.argument, expected.key >> EVENT_SLOT_BITS);
        pair->ids[event.argument] = EVENT_NONE;
        pair->pending--;
    }
    cr_assert_eq(event_queue_pending(pair->queue), pair->pending);
    return have;
}

// Grows to `size`, holds there, shrinks to nothing: every event compared with the heap.
static void compare(enum law law, uint64_t size, uint64_t holds)
{
    struct pair pair;
    pair_init(&pair, 3 * (size + holds));
    while (pair.pending < size) {
        pair_schedule(&pair, law);
    }
    for (uint64_t i = 0; i < holds; i++) {
        const bool near = draw() % 8 == 0;
        const int64_t ahead = draw_delay(law);
        pair_next(&pair, near ? event_queue_present(pair.queue) + ahead : TIME_NEVER);
        if (draw() % 3 == 0 && pair.pending > size / 2) {
            pair_cancel(&pair);
        }
        while (pair.pending < size) {
            pair_schedule(&pair, law);
        }
    }
    while (pair_next(&pair, TIME_NEVER)) {
    }
    cr_expect_eq(pair.pending, 0);
    pair_release(&pair);
}

Test(event_queue, is_the_heap_for_every_law_with_few_pending)
{
    for (int law = 0; law < LAWS; law++) {
        for (uint64_t size = 1; size <= 40; size++) {
            compare(law, size, 500);
        }
    }
}

Test(event_queue, is_the_heap_for_every_law_with_some_pending)
{
    const uint64_t sizes[] = {65, 100, 333, 1000, 5000};
    for (int law = 0; law < LAWS; law++) {
        for (int i = 0; i < 5; i++) {
            compare(law, sizes[i], 8000);
        }
    }
}

Test(event_queue, is_the_heap_for_every_law_with_many_pending)
{
    for (int law = 0; law < LAWS; law++) {
        compare(law, 100000, 50000);
    }
}

Test(event_queue, is_the_heap_with_a_million_pending)
{
    compare(LAW_SKEWED, 1000000, 100000);
}

// Waves of cancellations, far more than ever are pending: dead entries must not pile up.
static size_t cancel_in_waves(bool in_lane, int waves)
{
    struct event_queue *queue = event_queue_begin();
    struct event_lane *lane = event_queue_lane(queue, 1000 * TIME_S);
    static uint64_t ids[2000];
    for (int wave = 0; wave < waves; wave++) {
        for (int i = 0; i < 2000; i++) {
            const int64_t time = event_queue_present(queue) + TIME_S + (int64_t)(draw() % 1000000);
            ids[i] = in_lane ? event_queue_after(queue, lane, numbered(0))
                             : event_queue_at(queue, time, numbered(0));
        }
        for (int i = 0; i < 2000; i++) {
            cr_assert(event_queue_cancel(queue, ids[i]));
        }
    }
    const size_t bytes = event_queue_bytes(queue);
    event_queue_end(queue);
    return bytes;
}

Test(event_queue, cancelled_events_do_not_pile_up)
{
    for (int in_lane = 0; in_lane < 2; in_lane++) {
        cr_expect_leq(cancel_in_waves(in_lane, 300), 2 * cancel_in_waves(in_lane, 10));
    }
}

Test(event_queue, a_steady_state_takes_no_memory)
{
    struct event_queue *queue = event_queue_begin();
    size_t bytes = 0;
    for (uint64_t i = 0; i < 10000; i++) {
        event_queue_at(queue, draw_skewed(TIME_S), numbered(i));
    }
    for (int i = 0; i < 1000000; i++) {
        cr_assert_geq(next_number(queue), 0);
        event_queue_at(queue, event_queue_present(queue) + draw_skewed(TIME_S), numbered(1));
        bytes = i == 500000 ? event_queue_bytes(queue) : bytes;
    }
    cr_expect_leq(event_queue_bytes(queue), bytes + bytes / 16);
    event_queue_end(queue);
}

Test(event_queue, a_pending_event_takes_at_most_64_bytes)
{
    struct event_queue *queue = event_queue_begin();
    struct event_lane *lane = event_queue_lane(queue, TIME_S);
    for (uint64_t i = 0; i < 500000; i++) {
        event_queue_at(queue, 1 + draw_skewed(TIME_S), numbered(i));
        event_queue_after(queue, lane, numbered(i));
    }
    cr_expect_leq(event_queue_bytes(queue) / 1000000, 64);
    event_queue_end(queue);
}

Test(event_queue, a_heap_replaces_its_top_in_one_go)
{
    struct event_heap one, other;
    event_heap_init(&one);
    event_heap_init(&other);
    for (uint64_t i = 0; i < 500; i++) {
        const struct event_entry entry = {draw() % 1000, i};
        event_heap_add(&one, entry);
        event_heap_add(&other, entry);
    }
    for (uint64_t i = 500; i < 20000; i++) {
        const struct event_entry entry = {event_heap_top(&one).time + draw() % 1000, i};
        const struct event_entry left = event_heap_replace(&one, entry);
        const struct event_entry right = event_heap_take(&other);
        event_heap_add(&other, entry);
        cr_assert_eq(left.time, right.time);
        cr_assert_eq(left.key, right.key);
    }
    event_heap_release(&one);
    event_heap_release(&other);
}
