// test_backlog - order, windows, expiry, return and loss of messages of a queue, at exact times.
#include <criterion/criterion.h>

#include "tests/engine/tiny.h"

static struct backlog backlog;

static struct backlog *only(struct component *component, uint32_t number)
{
    (void)component;
    cr_assert_eq(number, 7);
    return &backlog;
}

static void attach(struct component *component, const struct consumer_design *consumer,
                   struct component *to)
{
    (void)component, (void)consumer, (void)to; // the test does it itself
}

static struct model broker_model;

// Component 0 is the broker, component 1 has two replicas that need `work` for a batch.
struct scene {
    struct tiny tiny;
    struct consumer_design consumer;
    struct backlog_settings settings;
    struct world *world;
};

static void begin(struct scene *scene, int64_t work_ns)
{
    tiny_init(&scene->tiny);
    tiny_add_component(&scene->tiny, "broker", 1, distribution_constant(0));
    tiny_add_component(&scene->tiny, "eater", 2, distribution_constant((double)work_ns));
    tiny_add_edge(&scene->tiny, 0, DESIGN_NONE, 1);
    broker_model = *scene->tiny.components[0].model;
    broker_model.backlog = only;
    broker_model.attach = attach;
    scene->tiny.components[0].model = &broker_model;
    scene->consumer = (struct consumer_design){
        .component = 1, .broker = 0, .batch = 1, .operation = &scene->tiny.parts[1].operation};
    scene->tiny.design.consumers = &scene->consumer;
    scene->tiny.design.consumer_count = 1;
    scene->settings = (struct backlog_settings){.retry_ns = 100 * TIME_MS};
    scene->world = tiny_begin(&scene->tiny);
    backlog = (struct backlog){.settings = &scene->settings, .number = 7};
    backlog_init(&backlog, scene->world);
    backlog_attach(&backlog, &scene->consumer, &scene->world->components[1]);
    backlog_move(&backlog, scene->world->nodes[0]);
}

static void end(struct scene *scene)
{
    backlog_check(&backlog);
    for (uint32_t i = 0; i < scene->world->invariant_count; i++) {
        cr_assert_eq(scene->world->invariants[i].violated, 0, "%s",
                     scene->world->invariants[i].first);
    }
    backlog_release(&backlog);
    tiny_end(&scene->tiny);
}

static void on_put(void *world, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        const struct backlog_message message = {.sequence = backlog.put + 1,
                                                .request = backlog.put + 1,
                                                .appended_ns = ((struct world *)world)->now,
                                                .bytes = 100,
                                                .count = 1};
        backlog_put(&backlog, &message);
    }
    backlog_pump(&backlog);
}

static void on_recall(void *world, uint64_t word)
{
    (void)world, (void)word;
    backlog_recall(&backlog);
    backlog_pump(&backlog);
}

Test(backlog, members_take_turns_within_their_windows)
{
    struct scene scene;
    begin(&scene, 10 * TIME_MS);
    scene.settings.window = 2;
    tiny_call(scene.world, on_put, 10);
    cr_assert_eq(backlog.in_hand, 4);
    cr_assert_eq(backlog.waiting, 6);
    cr_assert_eq(backlog.members[0].in_hand, 2);
    cr_assert_eq(backlog.members[1].in_hand, 2);
    cr_assert_eq(backlog.bytes, 1000);
    world_run(scene.world, 15 * TIME_MS);
    cr_assert_eq(backlog.settled, 4);
    world_run(scene.world, 31 * TIME_MS);
    cr_assert_eq(backlog.settled, 10, "three rounds of 10 ms");
    cr_assert_eq(backlog.delivered, 10);
    cr_assert_eq(backlog.bytes, 0);
    end(&scene);
}

Test(backlog, all_hands_together_hold_so_many_messages_at_most)
{
    struct scene scene;
    begin(&scene, 10 * TIME_MS);
    scene.settings.pending = 3;
    tiny_call(scene.world, on_put, 10);
    cr_assert_eq(backlog.in_hand, 3);
    world_run(scene.world, 35 * TIME_MS);
    cr_assert_eq(backlog.settled, 9);
    end(&scene);
}

Test(backlog, a_hand_takes_a_batch_and_a_consumer_so_many_hands_at_once)
{
    struct scene scene;
    begin(&scene, 10 * TIME_MS);
    scene.consumer.batch = 4;
    scene.consumer.concurrency = 1;
    tiny_call(scene.world, on_put, 10);
    cr_assert_eq(backlog.in_hand, 8);
    world_run(scene.world, 25 * TIME_MS);
    cr_assert_eq(backlog.settled, 10);
    end(&scene);
}

Test(backlog, what_is_not_answered_in_time_comes_back_and_a_late_answer_counts)
{
    struct scene scene;
    begin(&scene, 50 * TIME_MS);
    scene.settings.ack_wait_ns = 30 * TIME_MS;
    tiny_call(scene.world, on_put, 1);
    world_run(scene.world, 30 * TIME_MS);
    cr_assert_eq(backlog.redelivered, 0);
    world_run(scene.world, 31 * TIME_MS);
    cr_assert_eq(backlog.redelivered, 1);
    cr_assert_eq(backlog.expired, 1);
    world_run(scene.world, 49 * TIME_MS);
    cr_assert_eq(backlog.settled, 0);
    world_run(scene.world, 51 * TIME_MS);
    cr_assert_eq(backlog.settled, 1, "by the first answer");
    world_run(scene.world, TIME_S);
    cr_assert_eq(backlog.settled, 1);
    cr_assert_eq(backlog.duplicates, 1, "by the second one");
    cr_assert_eq(backlog.delivered, 2);
    end(&scene);
}

Test(backlog, a_dead_members_messages_go_to_the_other_before_all_new_ones)
{
    struct scene scene;
    begin(&scene, 10 * TIME_MS);
    scene.settings.window = 1;
    tiny_call(scene.world, on_put, 4);
    world_run(scene.world, 5 * TIME_MS);
    tiny_do(TINY_KILL, backlog.members[1].node);
    cr_assert_eq(backlog.waiting, 3, "one came back");
    world_run(scene.world, 21 * TIME_MS);
    cr_assert_eq(backlog.redelivered, 1);
    cr_assert_eq(backlog.settled, 2);
    tiny_do(TINY_RESTART, backlog.members[1].node);
    world_run(scene.world, TIME_S);
    cr_assert_eq(backlog.settled, 4);
    end(&scene);
}

Test(backlog, over_the_limit_is_dead_and_a_later_answer_is_a_duplicate)
{
    struct scene scene;
    begin(&scene, 10 * TIME_MS);
    scene.settings.limit = 2;
    scene.settings.ack_wait_ns = 4 * TIME_MS;
    tiny_call(scene.world, on_put, 1);
    world_run(scene.world, 8 * TIME_MS);
    cr_assert_eq(backlog.dead, 0);
    world_run(scene.world, 9 * TIME_MS);
    cr_assert_eq(backlog.dead, 1);
    world_run(scene.world, TIME_S);
    cr_assert_eq(backlog.settled, 0);
    cr_assert_eq(backlog.duplicates, 2);
    end(&scene);
}

Test(backlog, recalled_messages_are_handed_over_again_and_old_answers_say_nothing)
{
    struct scene scene;
    begin(&scene, 10 * TIME_MS);
    scene.settings.window = 1;
    tiny_call(scene.world, on_put, 3);
    world_run(scene.world, 5 * TIME_MS);
    tiny_call(scene.world, on_recall, 0);
    cr_assert_eq(backlog.redelivered, 2);
    world_run(scene.world, 12 * TIME_MS);
    cr_assert_eq(backlog.settled, 0);
    world_run(scene.world, 16 * TIME_MS);
    cr_assert_eq(backlog.settled, 2);
    world_run(scene.world, TIME_S);
    cr_assert_eq(backlog.settled, 3);
    end(&scene);
}

Test(backlog, lost_messages_are_gone_wherever_they_are)
{
    struct scene scene;
    begin(&scene, 10 * TIME_MS);
    scene.settings.window = 1;
    tiny_call(scene.world, on_put, 5);
    cr_assert_eq(backlog_lowest(&backlog), 1);
    cr_assert_eq(backlog_lose(&backlog, 2, 4), 2, "one in hand, one waiting");
    world_run(scene.world, TIME_S);
    cr_assert_eq(backlog.settled, 3);
    cr_assert_eq(backlog.lost, 2);
    cr_assert_eq(backlog_lowest(&backlog), UINT64_MAX);
    end(&scene);
}

Test(backlog, a_batch_waits_for_more_for_a_while)
{
    struct scene scene;
    begin(&scene, 10 * TIME_MS);
    scene.consumer.batch = 4;
    scene.consumer.batch_wait_ns = 20 * TIME_MS;
    tiny_call(scene.world, on_put, 3);
    cr_assert_eq(backlog.in_hand, 0);
    world_run(scene.world, 19 * TIME_MS);
    cr_assert_eq(backlog.in_hand, 0);
    world_run(scene.world, 21 * TIME_MS);
    cr_assert_eq(backlog.in_hand, 3);
    tiny_call(scene.world, on_put, 4);
    cr_assert_eq(backlog.in_hand, 7, "a full one goes at once");
    end(&scene);
}

Test(promise, entries_of_another_term_at_their_place_break_promises)
{
    struct promises promises;
    promise_init(&promises);
    for (uint64_t index = 1; index <= 40; index++) {
        promise_make(&promises, index, 1, 2);
    }
    promise_keep(&promises, 10, 1);
    cr_assert_eq(promises.entries.count, 30);
    promise_keep(&promises, 11, 2);
    cr_assert_eq(promises.broken, 2);
    promise_break(&promises, 36, 2);
    cr_assert_eq(promises.broken, 12);
    cr_assert_eq(promises.entries.count, 24);
    promise_break(&promises, 1, 1);
    cr_assert_eq(promises.broken, 12, "of no earlier term");
    promise_release(&promises);
}
