// test_options - command lines read by a table.
#include <criterion/criterion.h>
#include <stdint.h>
#include <string.h>

#include "sim/cli/options.h"

static const struct options_row rows[] = {
    {"seed", 0, "N", "a number"}, {"jobs", 'j', "N", "threads"}, {"quiet", 'q', NULL, "less"}, {0}};

static struct options reader_of(int argc, const char *const *argv)
{
    struct options reader;
    options_init(&reader, rows, argc, (char **)(uintptr_t)argv);
    return reader;
}

Test(options, reads_every_way_to_write_a_value)
{
    const char *const argv[] = {"run", "--seed", "1", "--seed=2", "-j", "3", "-j4", "-q", "file"};
    struct options reader = reader_of(9, argv);
    static const char *const values[] = {"1", "2", "3", "4"};
    for (int i = 0; i < 4; i++) {
        cr_assert_eq(options_next(&reader), i / 2);
        cr_assert_str_eq(reader.value, values[i]);
    }
    cr_assert_eq(options_next(&reader), 2);
    cr_assert_eq(options_next(&reader), OPTIONS_OPERAND);
    cr_assert_str_eq(reader.value, "file");
    cr_assert_eq(options_next(&reader), OPTIONS_END);
    options_release(&reader);
}

Test(options, two_dashes_end_the_options_and_one_is_an_operand)
{
    const char *const argv[] = {"run", "-", "--", "--seed", "--"};
    struct options reader = reader_of(5, argv);
    for (int i = 0; i < 3; i++) {
        cr_assert_eq(options_next(&reader), OPTIONS_OPERAND);
    }
    cr_assert_str_eq(reader.value, "--");
    cr_assert_eq(options_next(&reader), OPTIONS_END);
    options_release(&reader);
}

static void refuse(const char *word, const char *says)
{
    const char *const argv[] = {"run", word};
    struct options reader = reader_of(2, argv);
    cr_assert_eq(options_next(&reader), OPTIONS_WRONG, "%s", word);
    cr_assert_not_null(strstr(text_get(&reader.wrong), says), "%s", text_get(&reader.wrong));
    options_release(&reader);
}

Test(options, says_what_is_wrong_and_what_was_meant)
{
    refuse("--sead", "did you mean `--seed`?");
    refuse("--xyzzy", "unknown option `--xyzzy`");
    refuse("-x", "unknown option `-x`");
    refuse("--seed", "needs a value");
    refuse("--quiet=yes", "takes no value");
}
