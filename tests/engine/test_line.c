// test_line - the orders of a line, ties, and visits that have left by themselves.
#include <criterion/criterion.h>

#include "tests/engine/stage.h"

enum { MANY = 40 };

struct bench {
    struct stage stage;
    struct line line;
    struct world *world;
    struct random_stream random;
    struct visit *visits[MANY];
};

static void begin(struct bench *bench, enum discipline discipline)
{
    stage_init(&bench->stage, 1, 1, TIME_S);
    bench->world = stage_run(&bench->stage, 1);
    random_stream_init(&bench->random, random_key(1, 0), 7);
    line_init(&bench->line, discipline);
    for (uint32_t i = 0; i < MANY; i++) {
        bench->visits[i] = visit_take(bench->world, bench->world->nodes[0],
                                      bench->stage.tiny.components[0].operations);
    }
}

static void end(struct bench *bench)
{
    for (uint32_t i = 0; i < MANY; i++) {
        if (bench->visits[i] != NULL) {
            visit_give(bench->world, bench->visits[i]);
        }
    }
    line_release(&bench->line);
    stage_end(&bench->stage);
}

static void add(struct bench *bench, uint32_t number, uint64_t rank, int64_t demand_ns)
{
    line_add(&bench->line, visit_ticket(bench->visits[number]), rank, demand_ns);
}

// The visit leaves the line by itself.
static void leave(struct bench *bench, uint32_t number)
{
    visit_give(bench->world, bench->visits[number]);
    bench->visits[number] = NULL;
    line_forget(&bench->line);
}

// Number of the next in line; MANY if nobody waits.
static uint32_t take(struct bench *bench)
{
    struct line_entry entry;
    if (!line_take(&bench->line, bench->world, &bench->random, &entry)) {
        return MANY;
    }
    for (uint32_t i = 0; i < MANY; i++) {
        if (bench->visits[i] != NULL && visit_ticket(bench->visits[i]) == entry.ticket) {
            return i;
        }
    }
    cr_assert_fail("an entry of nobody");
    return MANY;
}

static void expect(struct bench *bench, const uint32_t *order, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t found = take(bench);
        cr_assert_eq(found, order[i], "place %u: %u instead of %u", i, found, order[i]);
    }
    cr_assert_eq(take(bench), (uint32_t)MANY);
    cr_assert_eq(bench->line.count, 0);
}

Test(line, fifo_keeps_the_order_while_it_wraps_and_grows)
{
    struct bench bench;
    begin(&bench, DISCIPLINE_FIFO);
    for (uint32_t i = 0; i < 6; i++) {
        add(&bench, i, 0, 0);
    }
    for (uint32_t i = 0; i < 5; i++) {
        cr_assert_eq(take(&bench), i);
    }
    for (uint32_t i = 6; i < MANY; i++) { // beyond the end of the ring, then beyond its room
        add(&bench, i, 0, 0);
    }
    for (uint32_t i = 5; i < MANY; i++) {
        cr_assert_eq(take(&bench), i);
    }
    cr_assert_eq(take(&bench), (uint32_t)MANY);
    end(&bench);
}

Test(line, lifo_takes_the_latest)
{
    struct bench bench;
    begin(&bench, DISCIPLINE_LIFO);
    add(&bench, 0, 0, 0);
    add(&bench, 1, 0, 0);
    cr_assert_eq(take(&bench), 1);
    add(&bench, 2, 0, 0);
    add(&bench, 3, 0, 0);
    expect(&bench, (const uint32_t[]){3, 2, 0}, 3);
    end(&bench);
}

Test(line, equal_priorities_keep_their_order)
{
    struct bench bench;
    begin(&bench, DISCIPLINE_PRIORITY);
    const uint64_t ranks[] = {2, 0, 1, 0, 2, 1, 0};
    for (uint32_t i = 0; i < 7; i++) {
        add(&bench, i, ranks[i], 0);
    }
    expect(&bench, (const uint32_t[]){1, 3, 6, 2, 5, 0, 4}, 7);
    end(&bench);
}

Test(line, equal_demands_keep_their_order)
{
    struct bench bench;
    begin(&bench, DISCIPLINE_SJF);
    const int64_t demands[] = {5, 3, 9, 3, 1, 5};
    for (uint32_t i = 0; i < 6; i++) {
        add(&bench, i, 0, demands[i]);
    }
    expect(&bench, (const uint32_t[]){4, 1, 3, 0, 5, 2}, 6);
    end(&bench);
}

Test(line, a_returned_entry_has_its_old_place)
{
    struct bench bench;
    begin(&bench, DISCIPLINE_PREEMPTIVE);
    add(&bench, 0, 1, 7);
    add(&bench, 1, 1, 8);
    struct line_entry entry;
    cr_assert(line_take(&bench.line, bench.world, &bench.random, &entry));
    cr_assert_eq(entry.demand_ns, 7);
    add(&bench, 2, 1, 9);
    entry.demand_ns = 4; // what is left of it
    line_return(&bench.line, entry);
    expect(&bench, (const uint32_t[]){0, 1, 2}, 3);
    end(&bench);
}

Test(line, those_who_left_are_skipped_in_every_order)
{
    const enum discipline disciplines[] = {DISCIPLINE_FIFO, DISCIPLINE_LIFO, DISCIPLINE_PRIORITY,
                                           DISCIPLINE_SJF, DISCIPLINE_RANDOM};
    for (uint32_t d = 0; d < 5; d++) {
        struct bench bench;
        begin(&bench, disciplines[d]);
        for (uint32_t i = 0; i < 5; i++) {
            add(&bench, i, i, (int64_t)i);
        }
        leave(&bench, 0);
        leave(&bench, 4);
        leave(&bench, 2);
        cr_assert_eq(bench.line.count, 2);
        const uint32_t one = take(&bench), other = take(&bench);
        cr_assert_eq(one + other, 1 + 3);
        cr_assert_eq(take(&bench), (uint32_t)MANY);
        end(&bench);
    }
}

Test(line, a_line_that_all_have_left_is_empty_and_serves_again)
{
    struct bench bench;
    begin(&bench, DISCIPLINE_FIFO);
    add(&bench, 0, 0, 0);
    add(&bench, 1, 0, 0);
    leave(&bench, 0);
    leave(&bench, 1);
    cr_assert_eq(bench.line.filled, 0);
    add(&bench, 2, 0, 0);
    expect(&bench, (const uint32_t[]){2}, 1);
    end(&bench);
}

Test(line, random_order_prefers_nobody)
{
    struct bench bench;
    begin(&bench, DISCIPLINE_RANDOM);
    uint32_t first[3] = {0};
    enum { ROUNDS = 3000 };
    for (uint32_t round = 0; round < ROUNDS; round++) {
        for (uint32_t i = 0; i < 3; i++) {
            add(&bench, i, 0, 0);
        }
        first[take(&bench)]++;
        take(&bench);
        take(&bench);
    }
    for (uint32_t i = 0; i < 3; i++) { // 3.3 standard deviations of binomial(3000, 1/3)
        cr_assert(first[i] > 1000 - 85 && first[i] < 1000 + 85, "%u times first", first[i]);
    }
    end(&bench);
}

Test(line, clearing_forgets_everybody)
{
    struct bench bench;
    begin(&bench, DISCIPLINE_PRIORITY);
    add(&bench, 0, 1, 0);
    add(&bench, 1, 0, 0);
    line_clear(&bench.line);
    cr_assert_eq(take(&bench), (uint32_t)MANY);
    add(&bench, 2, 0, 0);
    expect(&bench, (const uint32_t[]){2}, 1);
    end(&bench);
}
