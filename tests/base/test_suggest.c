// test_suggest - the word that was probably meant.
#include <criterion/criterion.h>

#include "sim/base/suggest.h"

Test(suggest, counts_inserts_deletes_replacements_and_swaps)
{
    cr_expect(suggest_distance("replica", "replicas") == 1);
    cr_expect(suggest_distance("raed", "read") == 1);
    cr_expect(suggest_distance("kitten", "sitting") == 3);
    cr_expect(suggest_distance("", "abc") == 3);
    cr_expect(suggest_distance("Peak", "peak") == 0);
}

Test(suggest, takes_the_nearest_within_two_edits_and_a_third)
{
    static const char *const words[] = {"replicas", "cores", "queue", "to"};
    cr_expect_str_eq(suggest_nearest("replica", words, 4), "replicas");
    cr_expect_str_eq(suggest_nearest("core", words, 4), "cores");
    cr_expect(suggest_nearest("memory", words, 4) == NULL);
    cr_expect(suggest_nearest("go", words, 4) == NULL);
    cr_expect(suggest_nearest("x", words, 0) == NULL);
}
