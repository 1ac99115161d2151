// test_keyed - who gives way under each eviction, and hit ratios that are known in closed form.
#include "sim/engine/keyed.h"

#include <criterion/criterion.h>
#include <math.h>

#include "sim/kernel/time.h"

static struct random_stream a_stream(void)
{
    struct random_stream stream;
    random_stream_init(&stream, random_key(1, 0), 42);
    return stream;
}

static void use(struct keyed *keyed, uint64_t key)
{
    struct keyed_entry *entry = keyed_find(keyed, key);
    if (entry != NULL) {
        keyed_touch(keyed, entry);
    } else {
        keyed_set(keyed, key, TIME_NEVER);
    }
}

struct victim_case {
    enum keyed_eviction eviction;
    uint64_t uses[8]; // 0 ends them; the set holds three
    uint64_t gone;
};

Test(keyed, each_eviction_takes_the_entry_that_it_should)
{
    const struct victim_case cases[] = {
        {KEYED_LRU, {1, 2, 3, 1, 4}, 2},       {KEYED_FIFO, {1, 2, 3, 1, 4}, 1},
        {KEYED_LFU, {1, 1, 2, 2, 3, 4}, 3},    {KEYED_LFU, {3, 3, 2, 1, 2, 1, 4}, 3},
        {KEYED_SIEVE, {1, 2, 3, 1, 4}, 2},     {KEYED_SIEVE, {1, 2, 3, 1, 2, 3, 4}, 1},
        {KEYED_SIEVE, {1, 2, 3, 1, 4, 5}, 3},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct keyed keyed;
        keyed_init(&keyed, cases[i].eviction, 3, NULL);
        for (int j = 0; j < 8 && cases[i].uses[j] != 0; j++) {
            use(&keyed, cases[i].uses[j]);
        }
        cr_assert_null(keyed_find(&keyed, cases[i].gone), "case %zu", i);
        cr_assert_eq(keyed.count, 3);
        cr_assert(keyed_is_sound(&keyed));
        keyed_release(&keyed);
    }
}

Test(keyed, a_removed_entry_makes_room_and_is_not_found)
{
    struct keyed keyed;
    keyed_init(&keyed, KEYED_LRU, 2, NULL);
    use(&keyed, 1);
    use(&keyed, 2);
    cr_assert(keyed_remove(&keyed, 1));
    cr_assert_not(keyed_remove(&keyed, 1));
    use(&keyed, 3);
    cr_assert_not_null(keyed_find(&keyed, 2));
    cr_assert_eq(keyed.evicted, 0);
    keyed_clear(&keyed);
    cr_assert_null(keyed_find(&keyed, 2));
    cr_assert(keyed_is_sound(&keyed));
    keyed_release(&keyed);
}

// Independent references, key i of 1..10 with probability proportional to 1/i.
static double hit_ratio(enum keyed_eviction eviction, uint32_t capacity)
{
    struct random_stream stream = a_stream(), victims = a_stream();
    struct keyed keyed;
    keyed_init(&keyed, eviction, capacity, &victims);
    uint64_t hits = 0;
    const uint64_t count = 400000;
    for (uint64_t i = 0; i < count; i++) {
        double at = random_unit(&stream) * 2.9289682539682538;
        uint64_t key = 1;
        while (key < 10 && at >= 1.0 / (double)key) {
            at -= 1.0 / (double)key++;
        }
        hits += keyed_find(&keyed, key) != NULL;
        use(&keyed, key);
    }
    cr_assert(keyed_is_sound(&keyed));
    keyed_release(&keyed);
    return (double)hits / (double)count;
}

Test(keyed, with_one_place_the_hit_ratio_is_the_sum_of_squares)
{
    const double squares = 1.5497677311665408 / (2.9289682539682538 * 2.9289682539682538);
    for (int eviction = KEYED_LRU; eviction <= KEYED_SIEVE; eviction++) {
        const double ratio = hit_ratio((enum keyed_eviction)eviction, 1);
        cr_assert_lt(fabs(ratio - squares), 0.003, "eviction %d: %g", eviction, ratio);
    }
}

Test(keyed, fifo_and_random_hit_alike_and_recency_and_frequency_better)
{
    const double fifo = hit_ratio(KEYED_FIFO, 3), random = hit_ratio(KEYED_RANDOM, 3);
    cr_assert_lt(fabs(fifo - random), 0.004); // equal under independent references (Gelenbe 1973)
    cr_assert_gt(hit_ratio(KEYED_LRU, 3), fifo + 0.005);
    cr_assert_gt(hit_ratio(KEYED_LFU, 3), hit_ratio(KEYED_LRU, 3) + 0.005);
}

Test(keyed, a_million_entries_take_at_most_60_bytes_each)
{
    struct keyed keyed;
    keyed_init(&keyed, KEYED_LRU, 1000000, NULL);
    for (uint64_t key = 0; key < 1500000; key++) {
        keyed_set(&keyed, key, TIME_NEVER);
    }
    cr_assert_eq(keyed.evicted, 500000);
    cr_assert_leq(keyed_bytes(&keyed), (size_t)60 * 1000000);
    keyed_release(&keyed);
}
