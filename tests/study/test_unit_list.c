// test_unit_list - units by their numbers: what is a list, and what is in it.
#include <criterion/criterion.h>

#include "sim/study/unit_list.h"

struct list_case {
    const char *text;
    bool points, good;
};

Test(unit_list, what_is_no_list_is_refused)
{
    static const struct list_case cases[] = {
        {"3,7-9", false, true},
        {"0", false, true},
        {"0-4294967294", false, true},
        {"", false, false},
        {"3,", false, false},
        {",3", false, false},
        {"9-7", false, false},
        {"-3", false, false},
        {"3-", false, false},
        {"3-4-5", false, false},
        {"3/1", false, false},
        {"x", false, false},
        {"3 ", false, false},
        {"4294967295", false, false},
        {"99999999999999999999", false, false},
        {"4/0-9,7-9/3,5", true, true},
        {"5", true, true},
        {"5/", true, false},
        {"/5", true, false},
        {"5/3/1", true, false},
        {"5/3-1", true, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct unit_list list = {0};
        cr_expect_eq(unit_list_read(&list, cases[i].text, cases[i].points), cases[i].good, "%s",
                     cases[i].text);
        unit_list_release(&list);
    }
}

Test(unit_list, replications_are_those_of_every_point)
{
    struct unit_list list = {0};
    cr_assert(unit_list_read(&list, "3,7-9", false));
    for (uint32_t unit = 0; unit < 12; unit++) {
        const bool among = unit == 3 || (unit >= 7 && unit <= 9);
        cr_expect_eq(unit_list_has(&list, 0, unit), among);
        cr_expect_eq(unit_list_has(&list, 1, unit), among);
    }
    unit_list_release(&list);
}

Test(unit_list, a_point_has_its_replications_or_all)
{
    struct unit_list list = {0};
    cr_assert(unit_list_read(&list, "4/0-2,7-8/3,5", true));
    cr_expect(unit_list_has(&list, 4, 2) && !unit_list_has(&list, 4, 3));
    cr_expect(unit_list_has(&list, 7, 3) && unit_list_has(&list, 8, 3));
    cr_expect(!unit_list_has(&list, 8, 2) && !unit_list_has(&list, 6, 3));
    cr_expect(unit_list_has(&list, 5, 0) && unit_list_has(&list, 5, 1000000));
    cr_expect(unit_list_has_point(&list, 7) && !unit_list_has_point(&list, 6));
    cr_expect_eq(unit_list_last_point(&list), 8);
    unit_list_release(&list);
}
