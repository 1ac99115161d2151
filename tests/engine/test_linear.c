// test_linear - histories that are one register's, histories that are not, and the smallest of
// them; every answer also by brute force.
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/digest.h"
#include "sim/base/text.h"
#include "sim/engine/linear.h"
#include "sim/kernel/time.h"

enum { BOUND = 1000000, MOST = 12 };

static struct history_operation op(enum history_kind kind, uint64_t value, int64_t began,
                                   int64_t ended)
{
    return (struct history_operation){
        .kind = (uint8_t)kind, .value = value, .began_ns = began, .ended_ns = ended};
}

static struct history_operation written(uint64_t value, int64_t began, int64_t ended)
{
    return op(HISTORY_WRITE, value, began, ended);
}

static struct history_operation seen(uint64_t value, int64_t began, int64_t ended)
{
    return op(HISTORY_READ, value, began, ended);
}

static struct history_operation swapped(uint64_t expected, uint64_t value, int64_t began,
                                        int64_t ended)
{
    struct history_operation operation = op(HISTORY_SWAP, value, began, ended);
    operation.expected = expected;
    return operation;
}

Test(linear, a_read_after_a_write_sees_it)
{
    const struct history_operation good[] = {seen(0, 0, 1), written(1, 2, 3), seen(1, 4, 5)};
    cr_assert_eq(linear_check(good, 3, BOUND), LINEAR_HOLDS);
    const struct history_operation bad[] = {written(1, 2, 3), seen(0, 4, 5)};
    cr_assert_eq(linear_check(bad, 2, BOUND), LINEAR_VIOLATED);
}

Test(linear, overlapping_operations_take_effect_in_any_order)
{
    const struct history_operation operations[] = {written(1, 0, 10), written(2, 0, 10),
                                                   seen(1, 11, 12)};
    cr_assert_eq(linear_check(operations, 3, BOUND), LINEAR_HOLDS);
    const struct history_operation both[] = {written(1, 0, 10), written(2, 0, 10), seen(1, 11, 12),
                                             seen(2, 13, 14)};
    cr_assert_eq(linear_check(both, 4, BOUND), LINEAR_VIOLATED);
}

Test(linear, a_reader_may_not_go_back_while_the_write_is_under_way)
{
    const struct history_operation operations[] = {written(1, 0, 100), seen(1, 10, 20),
                                                   seen(0, 30, 40)};
    cr_assert_eq(linear_check(operations, 3, BOUND), LINEAR_VIOLATED);
}

Test(linear, an_open_write_may_take_effect_late_or_never)
{
    const struct history_operation late[] = {written(1, 0, TIME_NEVER), seen(0, 10, 20),
                                             seen(1, 30, 40)};
    cr_assert_eq(linear_check(late, 3, BOUND), LINEAR_HOLDS);
    const struct history_operation never[] = {written(1, 0, TIME_NEVER), seen(0, 10, 20)};
    cr_assert_eq(linear_check(never, 2, BOUND), LINEAR_HOLDS);
    const struct history_operation back[] = {written(1, 0, TIME_NEVER), seen(1, 10, 20),
                                             seen(0, 30, 40)};
    cr_assert_eq(linear_check(back, 3, BOUND), LINEAR_VIOLATED);
}

Test(linear, of_two_swaps_from_one_value_only_one_succeeds)
{
    const struct history_operation operations[] = {written(1, 0, 1), swapped(1, 2, 2, 9),
                                                   swapped(1, 3, 2, 9)};
    cr_assert_eq(linear_check(operations, 3, BOUND), LINEAR_VIOLATED);
    struct history_operation refused = op(HISTORY_DIFFER, 3, 2, 9);
    refused.expected = 1;
    const struct history_operation fine[] = {written(1, 0, 1), swapped(1, 2, 2, 9), refused};
    cr_assert_eq(linear_check(fine, 3, BOUND), LINEAR_HOLDS);
}

Test(linear, a_swap_may_have_met_an_open_write)
{
    struct history_operation refused = op(HISTORY_DIFFER, 3, 4, 9);
    refused.expected = 1;
    const struct history_operation seen_later[] = {written(1, 0, 1), written(2, 2, TIME_NEVER),
                                                   refused, seen(2, 10, 11)};
    cr_assert_eq(linear_check(seen_later, 4, BOUND), LINEAR_HOLDS);
    cr_assert_eq(linear_check(seen_later, 3, BOUND), LINEAR_HOLDS);
    const struct history_operation alone[] = {written(1, 0, 1), refused};
    cr_assert_eq(linear_check(alone, 2, BOUND), LINEAR_VIOLATED);
}

Test(linear, beyond_the_bound_it_is_undecided)
{
    struct history_operation operations[31];
    for (uint32_t i = 0; i < 30; i++) {
        operations[i] = written(i + 1, 0, 1000);
    }
    operations[30] = seen(99, 2000, 3000);
    cr_assert_eq(linear_check(operations, 31, 1000), LINEAR_UNDECIDED);
}

Test(linear, the_smallest_history_has_nothing_superfluous)
{
    struct history_operation operations[40];
    uint32_t count = 0;
    for (uint32_t i = 0; i < 30; i++) { // a calm beginning
        const bool read = i % 3 == 2;
        operations[count++] = op(read ? HISTORY_READ : HISTORY_WRITE, read ? i : i + 1,
                                 10 * (int64_t)i, 10 * (int64_t)i + 5);
    }
    operations[count++] = written(100, 400, 410);
    operations[count++] = written(101, 420, 430);
    operations[count++] = seen(100, 440, 450); // goes back
    operations[count++] = written(102, 460, 470);
    cr_assert_eq(linear_check(operations, count, BOUND), LINEAR_VIOLATED);
    const uint32_t smallest = linear_shrink(operations, count, BOUND);
    cr_assert_eq(smallest, 3);
    struct text text;
    text_init(&text);
    linear_say(&text, operations, smallest);
    cr_assert_str_eq(text_get(&text), "write a at 0, 0.000 to 0.000 ms; write b at 0, 0.000 to "
                                      "0.000 ms; read a at 0, 0.000 to 0.000 ms");
    text_release(&text);
}

// ---- against brute force ------------------------------------------------------------------------

static bool may_be_next(const struct history_operation *operations, uint32_t count, uint32_t done,
                        uint32_t number)
{
    for (uint32_t i = 0; i < count; i++) {
        const bool before = operations[i].ended_ns < operations[number].began_ns;
        if ((done >> i & 1) == 0 && i != number && before) {
            return false;
        }
    }
    return (done >> number & 1) == 0;
}

static bool reached[1 << MOST][MOST + 1]; // (set of operations done, value): 0 is none

static void step_on(const struct history_operation *operations, uint32_t count, uint32_t done,
                    uint64_t value)
{
    for (uint32_t i = 0; i < count; i++) {
        const bool fits = operations[i].kind != HISTORY_READ || operations[i].value == value;
        if (fits && may_be_next(operations, count, done, i)) {
            reached[done | 1U << i][operations[i].value] = true;
        }
    }
}

static bool by_force(const struct history_operation *operations, uint32_t count)
{
    memset(reached, 0, sizeof reached);
    reached[0][0] = true;
    uint32_t must = 0;
    for (uint32_t i = 0; i < count; i++) {
        must |= operations[i].ended_ns == TIME_NEVER ? 0 : 1U << i;
    }
    bool found = false;
    for (uint32_t state = 0; state < (MOST + 1U) << count; state++) {
        const uint32_t done = state / (MOST + 1), value = state % (MOST + 1);
        if (reached[done][value]) {
            found = found || (done & must) == must;
            step_on(operations, count, done, value);
        }
    }
    return found;
}

static uint64_t word_of(uint64_t *state)
{
    *state += 0x9e3779b97f4a7c15U;
    return digest_mix(*state, 7);
}

Test(linear, brute_force_agrees_on_small_histories)
{
    uint64_t state = 1, violated = 0;
    for (int trial = 0; trial < 3000; trial++) {
        struct history_operation operations[MOST];
        const uint32_t count = 3 + (uint32_t)(word_of(&state) % 6);
        int64_t began = 0;
        for (uint32_t i = 0; i < count; i++) {
            began += (int64_t)(word_of(&state) % 10);
            const bool read = word_of(&state) % 2;
            const int64_t ended = began + 1 + (int64_t)(word_of(&state) % 20);
            const bool open = !read && word_of(&state) % 5 == 0;
            operations[i] =
                op(read ? HISTORY_READ : HISTORY_WRITE,
                   read ? word_of(&state) % (count + 1) : i + 1, began, open ? TIME_NEVER : ended);
        }
        const bool good = by_force(operations, count);
        const enum linear_verdict verdict = linear_check(operations, count, BOUND);
        cr_assert_eq(verdict, good ? LINEAR_HOLDS : LINEAR_VIOLATED, "trial %d", trial);
        violated += !good;
    }
    cr_assert_gt(violated, 300);
    cr_assert_lt(violated, 2900);
}
