// test_archive - results.h5: the same bytes twice, everything back again, and nothing else let in.
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "sim/base/file.h"
#include "sim/base/json_write.h"
#include "reports/summary.h"
#include "sim/study/archive.h"
#include "tests/support/sample_result.h"

static char directory[] = P_tmpdir "/orrery-archive-XXXXXX";
static char path[128];

static void begin(void)
{
    cr_assert_not_null(mkdtemp(directory));
    snprintf(path, sizeof path, "%s/results.h5", directory);
}

static void end(void)
{
    unlink(path);
    rmdir(directory);
}

TestSuite(archive, .init = begin, .fini = end);

static void write_sample(enum sample_names names)
{
    struct result result;
    struct text why;
    text_init(&why);
    result_init(&result);
    sample_result(&result, names);
    cr_assert(archive_write(&result, path, &why), "%s", text_get(&why));
    result_release(&result);
    text_release(&why);
}

static void load(struct text *into)
{
    struct text why;
    text_init(&why);
    cr_assert(file_read(path, into, &why));
    text_release(&why);
}

static void store(const struct text *bytes)
{
    struct text why;
    text_init(&why);
    cr_assert(file_write_atomic(path, text_get(bytes), bytes->length, &why));
    text_release(&why);
}

static enum archive_end read_into(struct result *result, char *message, size_t room)
{
    struct text why;
    text_init(&why);
    result_init(result);
    const enum archive_end end_of_read = archive_read(path, result, &why);
    snprintf(message, room, "%s", text_get(&why));
    text_release(&why);
    return end_of_read;
}

static void expect_refused(const struct text *bytes, const char *word)
{
    struct result result;
    char message[512];
    store(bytes);
    cr_expect_eq(read_into(&result, message, sizeof message), ARCHIVE_REFUSED);
    cr_expect(strstr(message, word) != NULL, "%s", message);
    cr_expect_eq(result.component_count, 0);
    result_release(&result);
}

Test(archive, the_same_result_makes_the_same_bytes)
{
    struct text first, second;
    text_init(&first);
    text_init(&second);
    write_sample(SAMPLE_PLAIN);
    load(&first);
    usleep(1100000); // a clock that reached the file would show
    write_sample(SAMPLE_PLAIN);
    load(&second);
    cr_expect_eq(first.length, second.length);
    cr_expect(memcmp(first.bytes, second.bytes, first.length) == 0);
    text_release(&first);
    text_release(&second);
}

static void summarise(const struct result *result, struct text *into)
{
    struct json_write json;
    json_write_init(&json);
    summary_write(result, &json);
    text_add(into, json_write_get(&json));
    json_write_release(&json);
}

static void expect_restored(enum sample_names names)
{
    struct result made, read;
    struct text before, after, why;
    char message[512];
    text_init(&before);
    text_init(&after);
    text_init(&why);
    result_init(&made);
    sample_result(&made, names);
    write_sample(names);
    cr_assert_eq(read_into(&read, message, sizeof message), ARCHIVE_DONE, "%s", message);
    summarise(&made, &before);
    summarise(&read, &after);
    cr_expect_str_eq(text_get(&after), text_get(&before));
    cr_expect_eq(read.series.heatmap[12345], made.series.heatmap[12345]);
    cr_expect_float_eq(read.series.component_levels[1001], made.series.component_levels[1001], 0);
    cr_expect_eq(read.slos[2].slice_good[7], made.slos[2].slice_good[7]);
    cr_expect_str_eq(read.resolved, made.resolved);
    text_clear(&before);
    text_clear(&after);
    load(&before);
    cr_assert(archive_write(&read, path, &why), "%s", text_get(&why));
    load(&after);
    cr_expect_eq(before.length, after.length);
    cr_expect(memcmp(before.bytes, after.bytes, before.length) == 0,
              "what was read is written to the same bytes");
    text_release(&before);
    text_release(&after);
    text_release(&why);
    result_release(&made);
    result_release(&read);
}

Test(archive, gives_back_all_that_it_holds)
{
    expect_restored(SAMPLE_PLAIN);
}

Test(archive, keeps_names_of_any_characters)
{
    expect_restored(SAMPLE_HOSTILE);
}

Test(archive, keeps_histograms_to_the_last_count)
{
    struct result made, read;
    char message[512];
    result_init(&made);
    sample_result(&made, SAMPLE_PLAIN);
    write_sample(SAMPLE_PLAIN);
    cr_assert_eq(read_into(&read, message, sizeof message), ARCHIVE_DONE, "%s", message);
    for (uint32_t i = 0; i < made.workload_count; i++) {
        const struct histogram *one = &made.workloads[i].latency,
                               *other = &read.workloads[i].latency;
        cr_expect(one->sum == other->sum && one->sum_of_squares == other->sum_of_squares);
        cr_expect_eq(one->below[0], other->below[0]);
        cr_expect_float_eq(histogram_quantile(one, 0.999), histogram_quantile(other, 0.999), 0);
        cr_expect_float_eq(histogram_quantile(one, 0.31), histogram_quantile(other, 0.31), 0);
    }
    result_release(&made);
    result_release(&read);
}

Test(archive, an_empty_result_makes_a_file_too)
{
    struct result empty, read;
    struct text why;
    char message[512];
    text_init(&why);
    result_init(&empty);
    cr_assert(archive_write(&empty, path, &why), "%s", text_get(&why));
    cr_expect_eq(read_into(&read, message, sizeof message), ARCHIVE_DONE, "%s", message);
    result_release(&empty);
    result_release(&read);
    text_release(&why);
}

Test(archive, a_file_cut_off_anywhere_is_refused)
{
    struct text whole, part;
    text_init(&whole);
    text_init(&part);
    write_sample(SAMPLE_PLAIN);
    load(&whole);
    for (size_t i = 1; i < 40; i++) {
        text_clear(&part);
        text_add_part(&part, whole.bytes, whole.length * i / 40);
        expect_refused(&part, "cut off");
    }
    text_clear(&part);
    text_add_part(&part, whole.bytes, whole.length - 1);
    expect_refused(&part, "cut off");
    text_release(&whole);
    text_release(&part);
}

Test(archive, one_changed_byte_is_seen)
{
    struct text whole;
    text_init(&whole);
    write_sample(SAMPLE_PLAIN);
    load(&whole);
    for (size_t i = 9; i < whole.length - 64; i += whole.length / 50) {
        whole.bytes[i] = (char)(whole.bytes[i] ^ 4);
        expect_refused(&whole, "was changed");
        whole.bytes[i] = (char)(whole.bytes[i] ^ 4);
    }
    text_release(&whole);
}

Test(archive, what_is_not_hdf5_is_refused)
{
    struct text bytes;
    text_init(&bytes);
    expect_refused(&bytes, "not a results file");
    text_add(&bytes, "{\"schema\": \"orrery.summary/1\"}");
    expect_refused(&bytes, "not a results file");
    text_clear(&bytes);
    text_add_part(&bytes, "\x89HDF\r\n\x1a\n", 8);
    for (int i = 0; i < 500; i++) {
        text_add_char(&bytes, (char)(i * 37));
    }
    expect_refused(&bytes, "written by orrery");
    text_release(&bytes);
}

Test(archive, a_missing_file_is_the_machines_failure)
{
    struct result result;
    char message[512];
    cr_expect_eq(read_into(&result, message, sizeof message), ARCHIVE_UNREADABLE);
    cr_expect(strstr(message, "No such file") != NULL, "%s", message);
    result_release(&result);
}

Test(archive, a_directory_that_is_missing_is_said)
{
    struct result result;
    struct text why;
    text_init(&why);
    result_init(&result);
    sample_result(&result, SAMPLE_PLAIN);
    cr_expect(!archive_write(&result, "/nonexistent/results.h5", &why));
    cr_expect(strstr(text_get(&why), "No such file") != NULL, "%s", text_get(&why));
    result_release(&result);
    text_release(&why);
}

// Every write beyond that many bytes of a file fails, as on a full disk.
static void write_within(rlim_t bytes)
{
    struct result result;
    struct text why;
    text_init(&why);
    result_init(&result);
    sample_result(&result, SAMPLE_PLAIN);
    const struct rlimit limit = {bytes, RLIM_INFINITY};
    setrlimit(RLIMIT_FSIZE, &limit);
    const bool written = archive_write(&result, path, &why);
    const struct rlimit none = {RLIM_INFINITY, RLIM_INFINITY};
    setrlimit(RLIMIT_FSIZE, &none);
    cr_expect(!written, "%zu bytes", (size_t)bytes);
    cr_expect_gt(why.length, 0);
    cr_expect(!file_exists(path));
    result_release(&result);
    text_release(&why);
}

Test(archive, a_full_disk_leaves_no_file_behind)
{
    const struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigaction(SIGXFSZ, &ignore, NULL);
    for (rlim_t bytes = 0; bytes < 600000; bytes += 60000) {
        write_within(bytes);
        char temporary[160];
        snprintf(temporary, sizeof temporary, "%s.unsealed", path);
        cr_expect(!file_exists(temporary));
        snprintf(temporary, sizeof temporary, "%s.tmp", path);
        cr_expect(!file_exists(temporary));
    }
    write_sample(SAMPLE_PLAIN);
    cr_expect(file_exists(path));
}
