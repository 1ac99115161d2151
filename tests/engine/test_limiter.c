// test_limiter - the token bucket at exact times, its memory, and its promise under any arrivals.
#include "sim/engine/limiter.h"

#include <criterion/criterion.h>

#include "sim/base/digest.h"
#include "sim/kernel/time.h"

Test(limiter, a_burst_passes_at_once_and_then_one_each_period)
{
    struct limiter limiter;
    limiter_init(&limiter, 10, 3, 100); // a period of 100 ms
    cr_assert(limiter_admit(&limiter, 1, 0));
    cr_assert(limiter_admit(&limiter, 1, 0));
    cr_assert(limiter_admit(&limiter, 1, 0));
    cr_assert_not(limiter_admit(&limiter, 1, 0));
    cr_assert_not(limiter_admit(&limiter, 1, 100 * TIME_MS - 1));
    cr_assert(limiter_admit(&limiter, 1, 100 * TIME_MS));
    cr_assert_not(limiter_admit(&limiter, 1, 100 * TIME_MS));
    cr_assert(limiter_admit(&limiter, 1, 200 * TIME_MS));
    cr_assert_eq(limiter.let_in, 5);
    cr_assert_eq(limiter.refused, 3);
    limiter_release(&limiter);
}

Test(limiter, a_rested_key_has_its_whole_burst_again_and_no_more)
{
    struct limiter limiter;
    limiter_init(&limiter, 1000, 2, 100);
    for (int64_t hour = 0; hour < 3; hour++) {
        const int64_t now = hour * 3600 * TIME_S;
        cr_assert(limiter_admit(&limiter, 1, now));
        cr_assert(limiter_admit(&limiter, 1, now));
        cr_assert_not(limiter_admit(&limiter, 1, now));
    }
    cr_assert_eq(limiter.broken, 0);
    limiter_release(&limiter);
}

Test(limiter, keys_do_not_share_a_bucket)
{
    struct limiter limiter;
    limiter_init(&limiter, 1, 1, 100);
    cr_assert(limiter_admit(&limiter, 0, 0));
    cr_assert(limiter_admit(&limiter, 1, 0));
    cr_assert_not(limiter_admit(&limiter, 0, TIME_S - 1));
    cr_assert(limiter_admit(&limiter, 0, TIME_S));
    limiter_release(&limiter);
}

Test(limiter, keys_with_a_full_bucket_are_swept_so_memory_is_bounded)
{
    struct limiter limiter;
    limiter_init(&limiter, 1000, 1, 1000);
    for (uint64_t key = 0; key < 100000; key++) {
        cr_assert(limiter_admit(&limiter, key, (int64_t)key * TIME_MS));
    }
    cr_assert_leq(limiter.count, 1000);
    cr_assert_leq(limiter_bytes(&limiter), 4096 * sizeof(struct limiter_key));
    cr_assert_eq(limiter.overflowed, 0);
    limiter_release(&limiter);
}

Test(limiter, a_new_key_is_refused_while_the_memory_is_full_of_keys_in_use)
{
    struct limiter limiter;
    limiter_init(&limiter, 1, 1, 10); // a key is in use for a second
    for (uint64_t key = 0; key < 10; key++) {
        cr_assert(limiter_admit(&limiter, key, 0));
    }
    cr_assert_not(limiter_admit(&limiter, 10, TIME_S / 2));
    cr_assert_eq(limiter.overflowed, 1);
    cr_assert_not(limiter_admit(&limiter, 3, TIME_S / 2));
    cr_assert(limiter_admit(&limiter, 10, TIME_S));
    limiter_release(&limiter);
}

// Rates that are no whole number of nanoseconds, in arrivals of every density.
static void check_promise(double rate, uint64_t burst, uint64_t seed)
{
    struct limiter limiter;
    limiter_init(&limiter, rate, burst, 1000);
    int64_t now = 0;
    const double mean = 0.5e9 / rate;
    for (uint64_t i = 0; i < 20000; i++) {
        const double gap = digest_unit(digest_mix(i, seed));
        now += (int64_t)(gap * gap * mean);
        limiter_admit(&limiter, digest_mix(i, ~seed) % 3, now);
    }
    cr_assert_eq(limiter.broken, 0, "rate %g burst %d", rate, (int)burst);
    cr_assert_gt(limiter.refused, 0);
    const double carried = (double)limiter.let_in / ((double)now / 1e9);
    cr_assert_leq(carried, 3 * rate + 3 * (double)burst / ((double)now / 1e9) + 1e-6);
    limiter_release(&limiter);
}

Test(limiter, no_key_exceeds_burst_and_rate_in_any_window)
{
    const double rates[] = {0.3, 1, 3, 7.7, 12000, 333333.3, 1e6, 3e8};
    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) {
        for (uint64_t burst = 1; burst <= 100; burst *= 10) {
            check_promise(rates[i], burst, i * 7 + burst);
        }
    }
}
