// test_read_value - scalars become typed values, or a diagnostic that says what was expected.
#include <criterion/criterion.h>
#include <string.h>

#include "sim/base/diagnostic_render.h"
#include "sim/scenario/read_value.h"

static struct diagnostic_list list;
static struct document document;
static const struct document_node *node;
static struct text out;

static void load(const char *yaml)
{
    const struct document_bytes file = {"t.yaml", yaml, strlen(yaml)};
    diagnostic_init(&list);
    text_init(&out);
    cr_assert(document_load_bytes(&document, file, NULL, &list), "%s", yaml);
    node = document_at(&document, "v");
}

static void release(void)
{
    document_release(&document);
    diagnostic_release(&list);
    text_release(&out);
}

static void expect_and_release(const char *wanted)
{
    diagnostic_render(&list, DIAGNOSTIC_SHORT, false, &out);
    cr_expect_str_eq(text_get(&out), wanted);
    release();
}

Test(read_value, takes_what_is_right)
{
    int64_t ns = 0;
    uint64_t whole = 0;
    double real = 0;
    bool flag = false;
    const char *text = NULL;
    load("v: 30s");
    cr_expect(read_value_duration(&document, node, &ns) && ns == 30000000000);
    release();
    load("v: 64Gi");
    cr_expect(read_value_bytes(&document, node, &whole) && whole == 64ull << 30);
    release();
    load("v: 12k/min");
    cr_expect(read_value_rate(&document, node, &real) && real == 200);
    release();
    load("v: true");
    cr_expect(read_value_boolean(&document, node, &flag) && flag);
    release();
    load("v: 12:30");
    cr_expect(read_value_text(&document, node, &text));
    cr_expect_str_eq(text, "12:30");
    release();
    load("v: 007");
    cr_expect(read_value_name(&document, node, &text));
    release();
}

Test(read_value, says_what_was_expected)
{
    int64_t ns = 0;
    double real = 0;
    bool flag = false;
    const char *text = NULL;
    load("v: 30ss");
    cr_expect(!read_value_duration(&document, node, &ns));
    expect_and_release("t.yaml:1:4: error[E0203]: `30ss` is not a duration; expected a number with "
                       "ns, us, ms, s, m, h or d, e.g. 30s, 1m30s\n");
    load("v: 30");
    cr_expect(!read_value_duration(&document, node, &ns));
    expect_and_release("t.yaml:1:4: error[E0201]: `30` is not a duration; 30 what? 30s or 30ms\n");
    load("v:");
    cr_expect(!read_value_rate(&document, node, &real));
    expect_and_release("t.yaml:1:3: error[E0206]: a rate is missing; expected a number with /s, "
                       "/min, /h or /d, e.g. 200/s, 12k/min\n");
    load("v: [1, 2]");
    cr_expect(!read_value_duration(&document, node, &ns));
    expect_and_release("t.yaml:1:1: error[E0125]: expected a duration; this is a list\n");
    load("v: yes");
    cr_expect(!read_value_boolean(&document, node, &flag));
    expect_and_release("t.yaml:1:4: error[E0210]: `yes` is not true or false; write true or false, "
                       "without quotes\n");
    load("v: \"true\"");
    cr_expect(!read_value_boolean(&document, node, &flag));
    release();
    load("v: a.b");
    cr_expect(!read_value_name(&document, node, &text));
    release();
    load("v: ''");
    cr_expect(!read_value_text(&document, node, &text));
    expect_and_release("t.yaml:1:4: error[E0216]: an empty text; expected a text\n");
}

Test(read_value, an_absent_value_is_no_error)
{
    int64_t ns = 7;
    load("a: 1");
    cr_expect(!read_value_duration(&document, NULL, &ns) && ns == 7);
    cr_expect(list.count == 0);
    release();
}

Test(read_value, chooses_a_word_or_suggests_one)
{
    static const char *const words[] = {"round_robin", "random", "p2c", NULL};
    int choice = -1;
    load("v: random");
    cr_expect(read_value_choice(&document, node, words, &choice) && choice == 1);
    release();
    load("v: randon");
    cr_expect(!read_value_choice(&document, node, words, &choice));
    expect_and_release(
        "t.yaml:1:4: error[E0211]: `randon` is not one of the allowed words; did you "
        "mean `random`?\n");
}

Test(read_value, an_expression_error_points_into_the_text)
{
    load("v: \"p(99 < 300ms\"");
    cr_expect(read_value_expression(&document, node) == NULL);
    cr_assert(list.count == 1);
    cr_expect_str_eq(list.entries[0]->code, "E0220");
    cr_expect(list.entries[0]->place.column == 17);
    release();
}
