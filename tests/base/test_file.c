// test_file - files are complete or absent, also when writing fails.
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sim/base/file.h"

struct place_to_write {
    char directory[64];
    struct text why, path, content;
};

static void setup(struct place_to_write *place)
{
    const char *root = getenv("TMPDIR") != NULL ? getenv("TMPDIR") : P_tmpdir;
    snprintf(place->directory, sizeof place->directory, "%s/file_test_XXXXXX", root);
    cr_assert_not_null(mkdtemp(place->directory));
    text_init(&place->why);
    text_init(&place->path);
    text_init(&place->content);
}

static const char *in(struct place_to_write *place, const char *name)
{
    text_clear(&place->path);
    text_format(&place->path, "%s/%s", place->directory, name);
    return text_get(&place->path);
}

Test(file, writes_and_reads_back_and_leaves_no_temporary_name)
{
    struct place_to_write place;
    setup(&place);
    cr_assert(file_write_atomic(in(&place, "a"), "one", 3, &place.why));
    cr_assert(file_write_atomic(in(&place, "a"), "two!", 4, &place.why));
    cr_assert(file_read(in(&place, "a"), &place.content, &place.why));
    cr_assert_str_eq(text_get(&place.content), "two!");
    cr_assert_not(file_exists(in(&place, "a.tmp")));
}

Test(file, leaves_the_old_file_when_the_disk_is_full)
{
    struct place_to_write place;
    setup(&place);
    cr_assert(file_write_atomic(in(&place, "a"), "old", 3, &place.why));
    static const char large[100000];
    const struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigaction(SIGXFSZ, &ignore, NULL);
    const struct rlimit limit = {4096, 4096};
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    cr_assert_not(file_write_atomic(in(&place, "a"), large, sizeof large, &place.why));
    cr_assert_not_null(strstr(text_get(&place.why), "cannot write `"));
    cr_assert(file_read(in(&place, "a"), &place.content, &place.why));
    cr_assert_str_eq(text_get(&place.content), "old");
    cr_assert_not(file_exists(in(&place, "a.tmp")));
}

Test(file, names_the_path_and_the_cause_of_a_failure)
{
    struct place_to_write place;
    setup(&place);
    cr_assert_not(file_write_atomic(in(&place, "none/a"), "x", 1, &place.why));
    cr_assert_not_null(strstr(text_get(&place.why), "No such file or directory"));
    cr_assert_not(file_read(in(&place, "b"), &place.content, &place.why));
    cr_assert_not_null(strstr(text_get(&place.why), "cannot read `"));
}

Test(file, makes_directories_with_their_parents_but_not_through_a_file)
{
    struct place_to_write place;
    setup(&place);
    cr_assert(file_make_directory(in(&place, "x/y/z"), &place.why));
    cr_assert(file_make_directory(in(&place, "x/y/z"), &place.why));
    cr_assert(file_write_atomic(in(&place, "x/f"), "x", 1, &place.why));
    cr_assert_not(file_make_directory(in(&place, "x/f/g"), &place.why));
}

Test(file, replaces_a_link_but_never_a_file)
{
    struct place_to_write place;
    setup(&place);
    cr_assert(file_link("one", in(&place, "latest"), &place.why));
    cr_assert(file_link("two", in(&place, "latest"), &place.why));
    char target[16] = {0};
    cr_assert_eq(readlink(in(&place, "latest"), target, sizeof target - 1), 3);
    cr_assert_str_eq(target, "two");
    cr_assert(file_write_atomic(in(&place, "real"), "x", 1, &place.why));
    cr_assert_not(file_link("one", in(&place, "real"), &place.why));
}
