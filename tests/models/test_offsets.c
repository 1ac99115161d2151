// test_offsets - runs found by offset and time, forgotten, expired and cut off.
#include "models/brokers/offsets.h"

#include <criterion/criterion.h>

// Four runs of 1, 2, 3 and 4 records of 10 bytes, at times 100, 200, 300, 400.
static void fill(struct offsets *log)
{
    for (uint64_t i = 1; i <= 4; i++) {
        const struct offsets_run run = {.time_ns = (int64_t)(100 * i), .request = i, .tag = 7 * i};
        offsets_append(log, i, 10 * i, &run);
    }
}

Test(offsets, a_record_is_found_in_its_run)
{
    struct offsets log = {0};
    cr_assert_eq(offsets_find(&log, 0), 0, "an empty log has none");
    fill(&log);
    cr_assert_eq(log.end, 10);
    cr_assert_eq(log.bytes, 100);
    const uint32_t runs[] = {0, 1, 1, 2, 2, 2, 3, 3, 3, 3, 4};
    for (uint64_t offset = 0; offset <= 10; offset++) {
        cr_assert_eq(offsets_find(&log, offset), runs[offset]);
    }
    cr_assert_eq(offsets_start(&log, 2), 3);
    cr_assert_eq(offsets_run(&log, 2)->request, 3);
    cr_assert_eq(offsets_run(&log, 2)->tag, 21);
    offsets_release(&log);
}

Test(offsets, a_time_names_the_records_before_it)
{
    struct offsets log = {0};
    fill(&log);
    cr_assert_eq(offsets_before(&log, 100), 0);
    cr_assert_eq(offsets_before(&log, 101), 1);
    cr_assert_eq(offsets_before(&log, 400), 6);
    cr_assert_eq(offsets_before(&log, 401), 10);
    offsets_release(&log);
}

Test(offsets, only_runs_before_a_time_are_forgotten)
{
    struct offsets log = {0};
    fill(&log);
    offsets_forget_before(&log, 10, 100);
    cr_assert_eq(log.kept, 0, "a run at that time stays");
    offsets_forget_before(&log, 10, 201);
    cr_assert_eq(log.kept, 3);
    offsets_forget_before(&log, 3, 401);
    cr_assert_eq(log.kept, 3, "nothing behind the offset goes");
    cr_assert_eq(log.runs.count, 2);
    offsets_release(&log);
}

Test(offsets, every_record_of_a_long_log_is_found)
{
    struct offsets log = {0};
    for (uint64_t i = 1; i <= 100; i++) {
        const struct offsets_run run = {.time_ns = (int64_t)i};
        offsets_append(&log, 3, 30, &run);
    }
    offsets_forget(&log, 50);
    for (uint64_t offset = log.kept; offset < log.end; offset++) {
        cr_assert_eq(offsets_find(&log, offset), (offset - log.kept) / 3);
    }
    cr_assert_eq(offsets_find(&log, log.end), log.runs.count);
    offsets_release(&log);
}

Test(offsets, forgotten_runs_leave_their_records_and_expired_ones_do_not)
{
    struct offsets log = {0};
    fill(&log);
    offsets_forget(&log, 5); // the third run is not wholly behind it
    cr_assert_eq(log.runs.count, 2);
    cr_assert_eq(log.kept, 3);
    cr_assert_eq(log.begin, 0);
    cr_assert_eq(offsets_find(&log, 1), log.runs.count, "nobody knows any more");
    cr_assert_eq(offsets_find(&log, 3), 0);
    offsets_expire(&log, 6);
    cr_assert_eq(log.begin, 6);
    cr_assert_eq(log.runs.count, 1);
    cr_assert_eq(log.end, 10);
    offsets_release(&log);
}

Test(offsets, a_log_that_is_cut_off_goes_on_from_there)
{
    struct offsets log = {0};
    fill(&log);
    cr_assert_eq(offsets_truncate(&log, 10), 0);
    cr_assert_eq(offsets_truncate(&log, 5), 5);
    cr_assert_eq(log.runs.count, 3, "the third run is cut");
    cr_assert_eq(offsets_run(&log, 2)->end, 5);
    cr_assert_eq(log.bytes, 50);
    const struct offsets_run run = {.time_ns = 500};
    cr_assert_eq(offsets_append(&log, 2, 20, &run), 7);
    cr_assert_eq(offsets_find(&log, 5), 3);
    cr_assert_eq(offsets_truncate(&log, 0), 7);
    cr_assert_eq(log.runs.count, 0);
    offsets_release(&log);
}

Test(offsets, a_long_log_that_is_forgotten_behind_needs_little_room)
{
    struct offsets log = {0};
    for (uint64_t i = 0; i < 100000; i++) {
        const struct offsets_run run = {.time_ns = (int64_t)i, .request = i};
        offsets_append(&log, 1000, 100000, &run);
        offsets_forget(&log, log.end > 20000 ? log.end - 20000 : 0);
        const uint32_t found = offsets_find(&log, log.end - 1);
        cr_assert_eq(offsets_run(&log, found)->request, i);
    }
    cr_assert_leq(log.runs.room, 32);
    cr_assert_eq(log.begin, 0);
    offsets_release(&log);
}
