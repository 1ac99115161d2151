// test_random - Philox against Random123 and its published vectors, every SIMD path, and the
// streams.
#include <criterion/criterion.h>

#include <stdint.h>
#include <string.h>

#include <Random123/philox.h>

#include "sim/kernel/random.h"

static const enum random_path paths[] = {RANDOM_SCALAR, RANDOM_SSE2, RANDOM_AVX2, RANDOM_AVX512};

static struct random_stream at(uint64_t key, uint64_t name, uint64_t block)
{
    struct random_stream stream;
    random_stream_init(&stream, key, name);
    stream.block = block;
    return stream;
}

Test(random, known_answers_of_random123)
{
    static const struct {
        uint64_t block, stream, key, words[2];
    } cases[] = {
        {0, 0, 0, {0xe169c58d6627e8d5, 0x9b00dbd8bc57ac4c}},
        {UINT64_MAX, UINT64_MAX, UINT64_MAX, {0x41c83b0e408f276d, 0x6d5451fda20bc7c6}},
        {0x85a308d3243f6a88,
         0x0370734413198a2e,
         0x299f31d0a4093822,
         {0x94fdccebd16cfe09, 0x24126ea15001e420}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct random_stream stream = at(cases[i].key, cases[i].stream, cases[i].block);
        for (size_t path = 0; path < sizeof paths / sizeof *paths; path++) {
            uint64_t words[RANDOM_BLOCK_WORDS];
            if (random_fill_by(paths[path], &stream, words)) {
                cr_assert_eq(words[0], cases[i].words[0], "case %zu, path %zu", i, path);
                cr_assert_eq(words[1], cases[i].words[1], "case %zu, path %zu", i, path);
            }
        }
    }
}

static void expect_random123(enum random_path path, const struct random_stream *stream)
{
    uint64_t words[RANDOM_BLOCK_WORDS];
    if (!random_fill_by(path, stream, words)) {
        return;
    }
    const philox4x32_key_t key = {{(uint32_t)stream->key, (uint32_t)(stream->key >> 32)}};
    for (uint64_t i = 0; i < RANDOM_BLOCK_WORDS / 2; i++) {
        const uint64_t block = stream->block + i;
        const philox4x32_ctr_t counter = {{(uint32_t)block, (uint32_t)(block >> 32),
                                           (uint32_t)stream->stream,
                                           (uint32_t)(stream->stream >> 32)}};
        const philox4x32_ctr_t out = philox4x32_R(10, counter, key);
        cr_assert_eq(words[2 * i], (uint64_t)out.v[1] << 32 | out.v[0]);
        cr_assert_eq(words[2 * i + 1], (uint64_t)out.v[3] << 32 | out.v[2]);
    }
}

Test(random, every_path_gives_the_bits_of_random123)
{
    struct random_stream seeds = at(1, 2, 0);
    for (int i = 0; i < 2000; i++) {
        struct random_stream stream =
            at(random_word(&seeds), random_word(&seeds), random_word(&seeds));
        for (size_t path = 0; path < sizeof paths / sizeof *paths; path++) {
            expect_random123(paths[path], &stream);
        }
    }
}

Test(random, every_path_carries_across_32_and_64_bits_of_the_block_number)
{
    for (uint64_t back = 0; back <= 17; back++) {
        const struct random_stream low = at(3, 4, ((uint64_t)1 << 32) - back);
        const struct random_stream high = at(3, 4, (uint64_t)0 - back);
        for (size_t path = 0; path < sizeof paths / sizeof *paths; path++) {
            expect_random123(paths[path], &low);
            expect_random123(paths[path], &high);
        }
    }
}

Test(random, a_stream_is_its_blocks_in_order)
{
    struct random_stream stream;
    random_stream_init(&stream, 5, 6);
    for (uint64_t fill = 0; fill < 5; fill++) {
        const struct random_stream from = at(5, 6, fill * RANDOM_BLOCK_WORDS / 2);
        uint64_t words[RANDOM_BLOCK_WORDS];
        random_fill_by(RANDOM_SCALAR, &from, words);
        for (int i = 0; i < RANDOM_BLOCK_WORDS; i++) {
            cr_assert_eq(random_word(&stream), words[i]);
        }
    }
}

Test(random, a_stream_sought_begins_at_its_index)
{
    const uint64_t indices[] = {0, 1, 77, ((uint64_t)1 << 56) - 1};
    for (size_t i = 0; i < sizeof indices / sizeof *indices; i++) {
        struct random_stream sought, from = at(5, 6, indices[i] << 8);
        random_stream_seek(&sought, 5, 6, indices[i]);
        for (int word = 0; word < 512; word++) {
            cr_assert_eq(random_word(&sought), random_word(&from));
        }
    }
}

Test(random, the_key_depends_on_seed_and_replication_and_on_nothing_else)
{
    cr_assert_eq(random_key(1, 0), random_key(1, 0));
    cr_assert_neq(random_key(1, 0), random_key(0, 1));
    cr_assert_neq(random_key(1, 0), random_key(1, 1));
    cr_assert_eq(random_key(42, 7), UINT64_C(0xb2ae66a26bc6aa3e));
}

Test(random, names_give_unlike_streams)
{
    struct random_stream one, other;
    random_stream_init(&one, 9, 100);
    random_stream_init(&other, 9, 101);
    int equal = 0;
    for (int i = 0; i < 10000; i++) {
        equal += random_word(&one) == random_word(&other);
    }
    cr_assert_eq(equal, 0);
}

Test(random, units_stay_inside_their_interval)
{
    struct random_stream stream = at(1, 1, 0);
    double sum = 0;
    for (int i = 0; i < 100000; i++) {
        const double unit = random_unit(&stream), open = random_open_unit(&stream);
        cr_assert(unit >= 0 && unit < 1);
        cr_assert(open > 0 && open < 1);
        sum += unit;
    }
    cr_assert_float_eq(sum / 100000, 0.5, 4 * 0.2887 / 316);
    stream.next = 0;
    stream.words[0] = 0;
    stream.words[1] = UINT64_MAX;
    stream.words[2] = 0;
    stream.words[3] = UINT64_MAX;
    cr_assert_eq(random_unit(&stream), 0);
    cr_assert_eq(random_unit(&stream), 1 - 0x1p-53);
    cr_assert_eq(random_open_unit(&stream), 0x1p-53);
    cr_assert_eq(random_open_unit(&stream), 1 - 0x1p-53);
}

Test(random, whole_numbers_below_a_bound_are_even_and_below_it)
{
    struct random_stream stream = at(2, 2, 0);
    uint32_t counts[7] = {0};
    for (int i = 0; i < 70000; i++) {
        const uint64_t value = random_below(&stream, 7);
        cr_assert_lt(value, 7);
        counts[value]++;
    }
    double chi_square = 0;
    for (int i = 0; i < 7; i++) {
        chi_square += (counts[i] - 10000.0) * (counts[i] - 10000.0) / 10000;
    }
    cr_assert_lt(chi_square, 27.9); // 99.99 % at 6 degrees of freedom
    for (int i = 0; i < 1000; i++) {
        cr_assert_eq(random_below(&stream, 1), 0);
        cr_assert_lt(random_below(&stream, UINT64_MAX), UINT64_MAX);
    }
}

Test(random, a_bound_that_divides_badly_rejects_the_biased_words)
{
    struct random_stream stream = at(2, 2, 0);
    const uint64_t bound = ((uint64_t)1 << 63) + 1;
    stream.next = 0;
    stream.words[0] = 0; // product 0 is below 2^64 mod bound: taken again
    stream.words[1] = UINT64_MAX;
    cr_assert_eq(random_below(&stream, bound), bound - 1);
    cr_assert_eq(stream.next, 2);
}

Test(random, chances_come_true_as_often_as_they_should)
{
    struct random_stream stream = at(3, 3, 0);
    int hits = 0;
    for (int i = 0; i < 100000; i++) {
        cr_assert_not(random_chance(&stream, 0));
        cr_assert(random_chance(&stream, 1));
        hits += random_chance(&stream, 0.1);
    }
    cr_assert(hits > 9600 && hits < 10400);
}

Test(random, a_sought_stream_gives_each_index_its_own_words_again_and_again)
{
    struct random_stream one, other;
    random_stream_seek(&one, 5, 6, 7);
    random_stream_seek(&other, 5, 6, 7);
    for (int i = 0; i < 500; i++) {
        cr_assert_eq(random_word(&one), random_word(&other));
    }
    random_stream_seek(&one, 5, 6, 0);
    random_stream_init(&other, 5, 6);
    for (int i = 0; i < 500; i++) { // index 0 begins where the stream does
        cr_assert_eq(random_word(&one), random_word(&other));
    }
    random_stream_seek(&other, 5, 6, 1);
    cr_assert_neq(random_word(&one), random_word(&other));
}
