// test_journal - units as bytes, and a journal that is cut off, damaged or somebody else's.
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim/study/journal.h"
#include "sim/study/unit.h"
#include "sim/study/unit_store.h"
#include "tests/engine/tiny.h"

static void queue_init(struct tiny *tiny)
{
    tiny_init(tiny);
    tiny_add_component(tiny, "queue", 1, distribution_exponential(1e9))->cores = 1.0;
    tiny->parts[0].steps[0].run = step_run_cpu;
    tiny_add_workload(tiny, "users", 0, 0.5);
    tiny_add_fault(tiny, "kill", 1000 * TIME_S, 10 * TIME_S);
    tiny->design.warmup_ns = 100 * TIME_S;
    tiny->design.resolution_ns = 10 * TIME_S;
}

static struct unit_bytes simulated(const struct design *design, struct run_record *record)
{
    struct unit_bytes bytes = {0};
    run_replication(design, 3, NULL, record);
    unit_write(&bytes, design, record, 1);
    return bytes;
}

Test(journal, a_unit_comes_back_as_it_was)
{
    struct tiny tiny;
    queue_init(&tiny);
    struct run_record record, read;
    struct unit_bytes bytes = simulated(&tiny.design, &record), again = {0};
    cr_assert_eq(unit_count(bytes.bytes, bytes.length), 1);
    cr_assert(unit_read(bytes.bytes, bytes.length, &tiny.design, &read));
    unit_write(&again, &tiny.design, &read, 1);
    cr_assert_eq(again.length, bytes.length);
    cr_assert_arr_eq(again.bytes, bytes.bytes, bytes.length);
    cr_assert_eq(read.events, record.events);
    cr_assert_eq(read.meter.workloads[0].latency.count, record.meter.workloads[0].latency.count);
    cr_assert_str_eq(read.invariants[0].name, record.invariants[0].name);
    run_record_release(&record, &tiny.design);
    run_record_release(&read, &tiny.design);
    unit_bytes_release(&bytes);
    unit_bytes_release(&again);
}

Test(journal, a_unit_that_is_cut_anywhere_is_refused)
{
    struct tiny tiny;
    queue_init(&tiny);
    struct run_record record, read;
    struct unit_bytes bytes = simulated(&tiny.design, &record);
    for (size_t length = 0; length < bytes.length; length += 1 + length / 64) {
        unsigned char *part = malloc(length + 1);
        memcpy(part, bytes.bytes, length);
        cr_assert(!unit_read(part, length, &tiny.design, &read), "%zu", length);
        free(part);
    }
    tiny.design.fault_count = 0; // another design
    cr_assert(!unit_read(bytes.bytes, bytes.length, &tiny.design, &read));
    tiny.design.fault_count = 1;
    run_record_release(&record, &tiny.design);
    unit_bytes_release(&bytes);
}

static void name_file(char path[64])
{
    snprintf(path, 64, "%s/journal.XXXXXX", P_tmpdir);
    const int file = mkstemp(path);
    cr_assert_geq(file, 0);
    close(file);
    unlink(path);
}

static void write_two(const char *path)
{
    struct journal journal;
    struct text why;
    text_init(&why);
    journal_init(&journal, "scenario 1");
    cr_assert_eq(journal_append_to(&journal, path, &why), JOURNAL_OPEN, "%s", text_get(&why));
    cr_assert(journal_note_attempt(&journal, 1, &why));
    cr_assert_eq(journal_note_result(&journal, 1, (const unsigned char *)"abc", 3, &why),
                 JOURNAL_OPEN);
    cr_assert_eq(journal_note_result(&journal, 2, (const unsigned char *)"defg", 4, &why),
                 JOURNAL_OPEN);
    journal_release(&journal);
    text_release(&why);
}

static size_t size_of(const char *path)
{
    FILE *file = fopen(path, "rb");
    fseek(file, 0, SEEK_END);
    const long size = ftell(file);
    fclose(file);
    return (size_t)size;
}

Test(journal, cut_off_at_any_byte_it_keeps_every_whole_record)
{
    char path[64];
    struct text why;
    text_init(&why);
    name_file(path);
    write_two(path);
    const size_t whole = size_of(path), last = 20 + 4 + 8;
    for (size_t length = 0; length <= whole; length++) {
        unlink(path);
        write_two(path);
        cr_assert_eq(truncate(path, (off_t)length), 0);
        struct journal journal;
        journal_init(&journal, "scenario 1");
        cr_assert_eq(journal_append_to(&journal, path, &why), JOURNAL_OPEN, "%zu", length);
        cr_assert_eq(journal_find(&journal, 2) != NULL, length == whole);
        cr_assert_eq(journal_find(&journal, 1) != NULL, length >= whole - last);
        cr_assert_eq(journal_note_result(&journal, 9, (const unsigned char *)"x", 1, &why),
                     JOURNAL_OPEN);
        journal_release(&journal);
        cr_assert_eq(journal_read(&journal, path, &why), JOURNAL_OPEN);
        cr_assert_not_null(journal_find(&journal, 9));
        cr_assert_eq(journal.cut, 0);
        journal_release(&journal);
    }
    unlink(path);
    text_release(&why);
}

Test(journal, any_damaged_byte_of_a_record_ends_the_file_there)
{
    char path[64];
    struct text why;
    text_init(&why);
    name_file(path);
    write_two(path);
    const size_t whole = size_of(path);
    for (size_t at = whole - 32; at < whole; at++) {
        unlink(path);
        write_two(path);
        FILE *file = fopen(path, "r+b");
        fseek(file, (long)at, SEEK_SET);
        const int byte = fgetc(file);
        fseek(file, (long)at, SEEK_SET);
        fputc(byte ^ 0x40, file);
        fclose(file);
        struct journal journal;
        journal_init(&journal, "scenario 1");
        cr_assert_eq(journal_read(&journal, path, &why), JOURNAL_OPEN);
        cr_assert_null(journal_find(&journal, 2));
        cr_assert_not_null(journal_find(&journal, 1));
        cr_assert_eq(journal.cut, 32);
        journal_release(&journal);
    }
    unlink(path);
    text_release(&why);
}

Test(journal, anothers_journal_and_unequal_copies_are_refused)
{
    char path[64], other[64];
    struct text why;
    struct journal journal;
    text_init(&why);
    name_file(path);
    name_file(other);
    write_two(path);
    journal_init(&journal, "scenario 2");
    cr_assert_eq(journal_read(&journal, path, &why), JOURNAL_FOREIGN);
    cr_assert_eq(journal_append_to(&journal, path, &why), JOURNAL_FOREIGN);
    journal_release(&journal);
    FILE *file = fopen(other, "wb");
    fputs("results: 1\n", file);
    fclose(file);
    cr_assert_eq(journal_read(&journal, other, &why), JOURNAL_FOREIGN);
    journal_release(&journal);
    unlink(other);
    journal_init(&journal, "scenario 1");
    cr_assert_eq(journal_append_to(&journal, other, &why), JOURNAL_OPEN);
    cr_assert_eq(journal_note_result(&journal, 1, (const unsigned char *)"abd", 3, &why),
                 JOURNAL_OPEN);
    cr_assert_eq(journal_read(&journal, path, &why), JOURNAL_UNEQUAL);
    cr_assert_eq(journal_note_result(&journal, 1, (const unsigned char *)"ab", 2, &why),
                 JOURNAL_UNEQUAL);
    journal_release(&journal);
    unlink(path);
    unlink(other);
    text_release(&why);
}

Test(journal, a_unit_that_ended_its_process_ten_times_is_set_apart)
{
    char path[64];
    struct text why;
    text_init(&why);
    name_file(path);
    for (int life = 0; life < JOURNAL_DEADLY; life++) {
        struct journal journal;
        journal_init(&journal, "scenario 1");
        cr_assert_eq(journal_append_to(&journal, path, &why), JOURNAL_OPEN);
        cr_assert(!journal_is_deadly(&journal, 5));
        cr_assert(journal_note_attempt(&journal, 5, &why));
        cr_assert(journal_note_attempt(&journal, 6, &why));
        journal_take_back(&journal, 6); // an orderly stop
        journal_release(&journal);
    }
    struct journal journal;
    journal_init(&journal, "scenario 1");
    cr_assert_eq(journal_read(&journal, path, &why), JOURNAL_OPEN);
    cr_assert(journal_is_deadly(&journal, 5));
    cr_assert(!journal_is_deadly(&journal, 6));
    journal_release(&journal);
    unlink(path);
    text_release(&why);
}

static void write_journal(const char *folder, const char *name, const char *identity, uint64_t unit)
{
    struct unit_store store;
    unit_store_init(&store, identity);
    cr_assert_eq(unit_store_append_to(&store, folder, name), JOURNAL_OPEN);
    cr_assert_eq(journal_note_result(&store.journal, unit, (const unsigned char *)"abc", 3,
                                     &store.why),
                 JOURNAL_OPEN);
    unit_store_release(&store);
}

// The units 0 .. 5 that are found, as bits.
static unsigned found_in(const char *folder, const struct unit_store_choice *choice)
{
    struct unit_store store;
    unsigned found = 0;
    unit_store_init(&store, "scenario 1");
    cr_assert_eq(unit_store_read(&store, folder, choice), JOURNAL_OPEN);
    for (uint32_t unit = 0; unit < 6; unit++) {
        found |= unit_store_has(&store, unit) ? 1u << unit : 0;
    }
    unit_store_release(&store);
    return found;
}

Test(journal, of_the_shards_beside_it_a_shard_reads_the_heads_alone)
{
    char folder[] = P_tmpdir "/orrery-store-XXXXXX";
    cr_assert_not_null(mkdtemp(folder));
    write_journal(folder, "shard-1-of-3", "scenario 1", 0);
    write_journal(folder, "shard-2-of-3", "scenario 1", 1);
    write_journal(folder, "shard-2-of-31", "scenario 1", 2);
    write_journal(folder, "shard-2-of-3-more", "scenario 1", 3);
    write_journal(folder, "all", "scenario 1", 4);
    cr_expect_eq(found_in(folder, &(struct unit_store_choice){0}), 0x1f);
    const struct unit_store_choice choice = {.except = "shard-1-of-3", .shards = 3};
    cr_expect_eq(found_in(folder, &choice), 0x1c);
    write_journal(folder, "shard-3-of-3", "scenario 2", 5);
    struct unit_store store;
    unit_store_init(&store, "scenario 1");
    cr_expect_eq(unit_store_read(&store, folder, &choice), JOURNAL_FOREIGN);
    unit_store_release(&store);
    unit_store_remove(folder);
}

Test(journal, a_point_of_which_nothing_is_to_be_simulated_here_is_passed)
{
    char folder[] = P_tmpdir "/orrery-store-XXXXXX";
    cr_assert_not_null(mkdtemp(folder));
    write_journal(folder, "all", "scenario 1", journal_unit(5, 1));
    struct unit_store store;
    unit_store_init(&store, "scenario 1");
    cr_assert_eq(unit_store_read(&store, folder, &(struct unit_store_choice){0}), JOURNAL_OPEN);
    store.shard = 1;
    store.shards = 4;                        // units whose number with their point's is 1 modulo 4
    cr_expect(!unit_store_pass(&store, 0, 2)); // its unit 1
    cr_expect(!unit_store_pass(&store, 1, 2));
    cr_expect_eq(store.missing, 0);
    cr_expect(unit_store_pass(&store, 2, 2)); // numbers 2 and 3
    cr_expect_eq(store.missing, 2);
    cr_expect(!unit_store_pass(&store, 2, 4)); // its unit 3
    cr_expect(!unit_store_pass(&store, 5, 2)); // its unit 0; unit 1 is there
    store.shard = 2;
    cr_expect(unit_store_pass(&store, 5, 2)); // unit 0 is another's, and unit 1 is there
    cr_expect_eq(store.missing, 3);
    cr_expect_eq(store.fetched, 1);
    store.audit = 1;
    cr_expect(!unit_store_pass(&store, 5, 2)); // what is there may be simulated again
    unit_store_release(&store);
    unit_store_remove(folder);
}
