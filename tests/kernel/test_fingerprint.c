// test_fingerprint - the hash of events: its definition, its order, its independence of buffering.
#include "sim/kernel/fingerprint.h"

#include <criterion/criterion.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

static bool same(struct fingerprint_value one, struct fingerprint_value other)
{
    return one.high == other.high && one.low == other.low;
}

static struct fingerprint_value fingerprint_of(uint64_t count, uint64_t look_every)
{
    struct fingerprint_buffer buffer;
    fingerprint_begin(&buffer);
    for (uint64_t i = 0; i < count; i++) {
        fingerprint_add(&buffer, (int64_t)(i * i), (uint32_t)(i % 7), ~i);
        if (look_every != 0 && i % look_every == 0) {
            fingerprint_get(&buffer);
        }
    }
    const struct fingerprint_value value = fingerprint_get(&buffer);
    fingerprint_end(&buffer);
    return value;
}

// Anyone can check it: XXH3-128 of 24 little-endian bytes an event.
Test(fingerprint, is_the_hash_of_the_events_bytes)
{
    enum { EVENTS = 1000 };
    static uint64_t words[EVENTS][3];
    for (uint64_t i = 0; i < EVENTS; i++) {
        words[i][0] = i * i;
        words[i][1] = ~i;
        words[i][2] = i % 7;
    }
    const XXH128_hash_t hash = XXH3_128bits(words, sizeof words);
    const struct fingerprint_value value = fingerprint_of(EVENTS, 0);
    cr_expect_eq(value.high, hash.high64);
    cr_expect_eq(value.low, hash.low64);
}

Test(fingerprint, of_nothing_is_the_hash_of_nothing)
{
    const XXH128_hash_t hash = XXH3_128bits("", 0);
    const struct fingerprint_value value = fingerprint_of(0, 0);
    cr_expect_eq(value.high, hash.high64);
    cr_expect_eq(value.low, hash.low64);
    cr_expect(same(fingerprint_join(NULL, 0), value));
}

Test(fingerprint, does_not_change_by_being_looked_at)
{
    const uint64_t counts[] = {1, 63, 64, 65, 128, 1000};
    for (int i = 0; i < 6; i++) {
        cr_expect(same(fingerprint_of(counts[i], 0), fingerprint_of(counts[i], 10)));
    }
}

Test(fingerprint, tells_one_event_more_or_less)
{
    for (uint64_t count = 1; count < 200; count++) {
        cr_expect_not(same(fingerprint_of(count, 0), fingerprint_of(count - 1, 0)));
    }
}

Test(fingerprint, of_several_replications_depends_on_their_order)
{
    const struct fingerprint_value values[] = {fingerprint_of(10, 0), fingerprint_of(20, 0)};
    const struct fingerprint_value swapped[] = {values[1], values[0]};
    cr_expect_not(same(fingerprint_join(values, 2), fingerprint_join(swapped, 2)));
    cr_expect(same(fingerprint_join(values, 2), fingerprint_join(values, 2)));
}
