// test_expression - texts that read like calls become trees, or a place and a reason.
#include <criterion/criterion.h>
#include <string.h>

#include "sim/base/text.h"
#include "sim/scenario/expression.h"

static struct arena arena;
static struct text out;

static void set_up(void)
{
    arena_init(&arena);
    text_init(&out);
}

static void tear_down(void)
{
    arena_release(&arena);
    text_release(&out);
}

static void show(const struct expression *expression)
{
    static const char *const kinds[] = {"", "", "call ", "", "", "range "};
    if (expression->name != NULL) {
        text_format(&out, "%s=", expression->name);
    }
    if (expression->kind == EXPRESSION_NUMBER || expression->kind == EXPRESSION_WORD) {
        text_add(&out, expression->text);
        return;
    }
    text_format(&out, "(%s%s", kinds[expression->kind], expression->text);
    for (const struct expression *child = expression->first; child != NULL; child = child->next) {
        text_add_char(&out, ' ');
        show(child);
    }
    text_add_char(&out, ')');
}

TestSuite(expression, .init = set_up, .fini = tear_down);

Test(expression, reads_the_forms_of_the_scenario_language)
{
    static const struct {
        const char *text;
        const char *shown;
    } cases[] = {
        {"5ms", "5ms"},
        {"exp(mean=1ms)", "(call exp mean=1ms)"},
        {"const(5ms)", "(call const 5ms)"},
        {"normal+(mean=5ms, sd=1ms)", "(call normal+ mean=5ms sd=1ms)"},
        {"mix(0.9*exp(mean=1ms) + 0.1*exp(mean=20ms))",
         "(call mix (+ (* 0.9 (call exp mean=1ms)) (* 0.1 (call exp mean=20ms))))"},
        {"batch(size=geometric(mean=3))", "(call batch size=(call geometric mean=3))"},
        {"p(99) < 300ms", "(< (call p 99) 300ms)"},
        {"p(99, status=any) <= 1s", "(<= (call p 99 status=any) 1s)"},
        {"carried >= 99.5%", "(>= carried 99.5%)"},
        {"status == ok and latency < 1s", "(and (== status ok) (< latency 1s))"},
        {"a or b and not c == d", "(or a (and b (not (== c d))))"},
        {"1000/s..6000/s step 500/s", "(range .. 1000/s 6000/s 500/s)"},
        {"3..30", "(range .. 3 30)"},
        {"0.1..0.5", "(range .. 0.1 0.5)"},
        {"api_n * 400/s >= peak", "(>= (* api_n 400/s) peak)"},
        {"a - b - c", "(- (- a b) c)"},
        {"-a * 2", "(* (- a) 2)"},
        {"(a + b) * c", "(* (+ a b) c)"},
        {"lag(max) < 60s", "(< (call lag max) 60s)"},
        {"empirical(data/day-1.csv)", "(call empirical data/day-1.csv)"},
        {"f('a, b', \"c\")", "(call f a, b c)"},
        {"f()", "(call f)"},
        {"0.004/GiB/h", "0.004/GiB/h"},
        {"eu-a", "eu-a"},
        {"$peak * 2", "(* $peak 2)"},
        {"1h30m", "1h30m"},
        {"1e-3", "1e-3"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct expression_error error;
        const struct expression *expression = expression_parse(&arena, cases[i].text, &error);
        cr_assert(expression != NULL, "%s: %s", cases[i].text, error.text);
        text_clear(&out);
        show(expression);
        cr_expect_str_eq(text_get(&out), cases[i].shown);
    }
}

Test(expression, says_where_and_why_it_cannot_be_read)
{
    static const struct {
        const char *text;
        uint32_t offset, length;
    } cases[] = {
        {"", 0, 0},          {"exp(mean=1ms", 12, 0}, {"exp(mean=)", 9, 1}, {"a <", 3, 0},
        {"a < b < c", 6, 1}, {"a b", 2, 1},           {"1..2..3", 4, 2},    {"f(a b)", 4, 1},
        {"'x", 0, 2},        {"a & b", 2, 1},         {"(a", 2, 0},         {"* 2", 0, 1},
        {"f(,)", 2, 1},      {"not", 3, 0},           {"step", 0, 4},       {")", 0, 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct expression_error error;
        cr_expect(expression_parse(&arena, cases[i].text, &error) == NULL, "%s", cases[i].text);
        cr_expect(error.offset == cases[i].offset && error.length == cases[i].length,
                  "%s: %u %u %s", cases[i].text, error.offset, error.length, error.text);
        cr_expect(error.text[0] != '\0');
    }
}

Test(expression, bounds_depth_and_length)
{
    struct expression_error error;
    char deep[2048];
    memset(deep, '(', sizeof deep);
    deep[sizeof deep - 1] = '\0';
    cr_expect(expression_parse(&arena, deep, &error) == NULL);
    memset(deep, '-', sizeof deep);
    deep[sizeof deep - 1] = '\0';
    cr_expect(expression_parse(&arena, deep, &error) == NULL);
    char large[EXPRESSION_BYTES + 2];
    memset(large, 'a', sizeof large);
    large[sizeof large - 1] = '\0';
    cr_expect(expression_parse(&arena, large, &error) == NULL);
}

Test(expression, knows_the_places_of_its_parts)
{
    struct expression_error error;
    const struct expression *call = expression_parse(&arena, "gamma(mean=3ms, cv = 0.8)", &error);
    cr_assert(call != NULL && call->count == 2);
    cr_expect(call->offset == 0 && call->length == 25);
    const struct expression *cv = expression_argument(call, "cv");
    cr_assert(cv != NULL);
    cr_expect(cv->name_offset == 16 && cv->name_length == 2);
    cr_expect(cv->offset == 21 && cv->length == 3);
    cr_expect(expression_child(call, 1) == cv && expression_child(call, 2) == NULL);
    cr_expect(expression_argument(call, "sd") == NULL);
}

Test(expression, tells_calls_from_other_texts)
{
    cr_expect(expression_is_call("exp(mean=1ms)"));
    cr_expect(expression_is_call("normal+(mean=1)"));
    cr_expect(!expression_is_call("poisson"));
    cr_expect(!expression_is_call("5ms"));
    cr_expect(!expression_is_call(""));
}
