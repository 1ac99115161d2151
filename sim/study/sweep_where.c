// sweep_where - evaluates a condition over the parameters of a point.
#include "sim/study/sweep_where.h"

#include <stddef.h>

#include "sim/base/check.h"
#include "sim/base/units.h"

struct evaluation {
    const struct sweep_scope *scope;
    const struct expression *at; // what is being evaluated
    struct sweep_nonsense *nonsense;
    bool failed;
};

struct sweep_amount sweep_where_amount(const char *text)
{
    struct sweep_amount amount = {.unit = SWEEP_TEXT, .text = text};
    struct units_why why;
    int64_t ns;
    uint64_t whole;
    double value;
    if (units_number(text, &value, &why) || units_ratio(text, &value, &why)) {
        amount = (struct sweep_amount){.unit = SWEEP_NUMBER, .value = value};
    } else if (units_count(text, &whole, &why)) {
        amount = (struct sweep_amount){.unit = SWEEP_NUMBER, .value = (double)whole};
    } else if (units_rate(text, &value, &why)) {
        amount = (struct sweep_amount){.unit = SWEEP_RATE, .value = value};
    } else if (units_duration(text, &ns, &why)) {
        amount = (struct sweep_amount){.unit = SWEEP_DURATION, .value = (double)ns / 1e9};
    } else if (units_bytes(text, &whole, &why)) {
        amount = (struct sweep_amount){.unit = SWEEP_BYTES, .value = (double)whole};
    }
    return amount;
}

static const char *unit_name(enum sweep_unit unit)
{
    static const char *const names[] = {"a number", "a rate",  "a duration",
                                        "bytes",    "a truth", "a text"};
    return names[unit];
}

static struct sweep_amount fail(struct evaluation *evaluation, const char *sign,
                                const struct sweep_amount *one, const struct sweep_amount *other)
{
    if (!evaluation->failed) {
        evaluation->nonsense->at = evaluation->at;
        text_clear(&evaluation->nonsense->why);
        text_format(&evaluation->nonsense->why, "`%s` between %s and %s makes no sense", sign,
                    unit_name(one->unit), unit_name(other->unit));
    }
    evaluation->failed = true;
    return (struct sweep_amount){.unit = SWEEP_NUMBER};
}

static struct sweep_amount look_up(const struct evaluation *evaluation,
                                   const struct expression *word)
{
    const char *name = word->text + (word->text[0] == '$');
    for (uint32_t i = 0; i < evaluation->scope->count && !word->quoted; i++) {
        if (text_same(evaluation->scope->bindings[i].name, name)) {
            return sweep_where_amount(evaluation->scope->bindings[i].value);
        }
    }
    return (struct sweep_amount){.unit = SWEEP_TEXT, .text = word->text};
}

// ---- operators
// -----------------------------------------------------------------------------------

static struct sweep_amount truth(bool holds)
{
    return (struct sweep_amount){.unit = SWEEP_TRUTH, .value = holds ? 1.0 : 0.0};
}

// The unit of a product or a quotient; SWEEP_TEXT: there is none.
static enum sweep_unit unit_of(char sign, enum sweep_unit one, enum sweep_unit other)
{
    if (one >= SWEEP_TRUTH || other >= SWEEP_TRUTH) {
        return SWEEP_TEXT;
    }
    if (sign == '/') {
        const bool rate = one == SWEEP_NUMBER && other == SWEEP_DURATION;
        const bool time = one == SWEEP_NUMBER && other == SWEEP_RATE;
        return one == other            ? SWEEP_NUMBER
               : rate                  ? SWEEP_RATE
               : time                  ? SWEEP_DURATION
               : other == SWEEP_NUMBER ? one
                                       : SWEEP_TEXT;
    }
    if (one == SWEEP_NUMBER || other == SWEEP_NUMBER) {
        return one == SWEEP_NUMBER ? other : one;
    }
    return one + other == SWEEP_RATE + SWEEP_DURATION && one != other ? SWEEP_NUMBER : SWEEP_TEXT;
}

static struct sweep_amount calculate(struct evaluation *evaluation, const char *sign,
                                     struct sweep_amount one, struct sweep_amount other)
{
    const bool sum = *sign == '+' || *sign == '-';
    const enum sweep_unit unit = !sum ? unit_of(*sign, one.unit, other.unit)
                                 : one.unit == other.unit && one.unit < SWEEP_TRUTH ? one.unit
                                                                                    : SWEEP_TEXT;
    if (unit == SWEEP_TEXT) {
        return fail(evaluation, sign, &one, &other);
    }
    const double value = *sign == '+'   ? one.value + other.value
                         : *sign == '-' ? one.value - other.value
                         : *sign == '*' ? one.value * other.value
                                        : one.value / other.value;
    return (struct sweep_amount){.unit = unit, .value = value};
}

static struct sweep_amount compare(struct evaluation *evaluation, const char *sign,
                                   struct sweep_amount one, struct sweep_amount other)
{
    const bool equality = sign[0] == '=' || sign[0] == '!';
    if (one.unit != other.unit || (one.unit >= SWEEP_TRUTH && !equality)) {
        return fail(evaluation, sign, &one, &other);
    }
    const double apart = one.unit == SWEEP_TEXT ? (text_same(one.text, other.text) ? 0.0 : 1.0)
                                                : one.value - other.value;
    const bool equal = apart == 0.0;
    switch (sign[0]) {
    case '=':
        return truth(equal);
    case '!':
        return truth(!equal);
    case '<':
        return truth(apart < 0.0 || (sign[1] == '=' && equal));
    default:
        return truth(apart > 0.0 || (sign[1] == '=' && equal));
    }
}

static struct sweep_amount join(struct evaluation *evaluation, const char *sign,
                                struct sweep_amount one, struct sweep_amount other)
{
    if (one.unit != SWEEP_TRUTH || other.unit != SWEEP_TRUTH) {
        return fail(evaluation, sign, &one, &other);
    }
    const bool both = one.value != 0.0 && other.value != 0.0;
    return truth(sign[0] == 'a' ? both : one.value != 0.0 || other.value != 0.0);
}

static struct sweep_amount apply(struct evaluation *evaluation, const char *sign,
                                 struct sweep_amount one, struct sweep_amount other)
{
    switch (sign[0]) {
    case 'a':
    case 'o':
        return join(evaluation, sign, one, other);
    case '+':
    case '-':
    case '*':
    case '/':
        return calculate(evaluation, sign, one, other);
    default:
        return compare(evaluation, sign, one, other);
    }
}

static struct sweep_amount turn(struct evaluation *evaluation, const char *sign,
                                struct sweep_amount one)
{
    if (sign[0] == 'n' && one.unit == SWEEP_TRUTH) {
        return truth(one.value == 0.0);
    }
    if (sign[0] == '-' && one.unit < SWEEP_TRUTH) {
        one.value = -one.value;
        return one;
    }
    return fail(evaluation, sign, &one, &one);
}

// ---- order
// ---------------------------------------------------------------------------------------

// An expression in postfix order. Only what stands to the right of an operator or in brackets
// nests, and that has a limit; a long chain of operators grows to the left.
struct postfix {
    const struct expression *at[EXPRESSION_BYTES];
    uint32_t count;
};

enum { STACK = EXPRESSION_DEPTH + 2 };

static uint32_t operands(const struct expression *expression)
{
    return expression->kind == EXPRESSION_BINARY ? 2 : expression->kind == EXPRESSION_UNARY;
}

// Operator, right, left: the postfix order backwards, so it is laid down from the end.
static void unfold(struct postfix *postfix, const struct expression *where)
{
    const struct expression *stack[STACK] = {where};
    uint32_t depth = 1, from = EXPRESSION_BYTES;
    while (depth > 0) {
        const struct expression *expression = stack[--depth];
        CHECK(from > 0);
        postfix->at[--from] = expression;
        const struct expression *operand = expression->first;
        for (uint32_t i = 0; i < operands(expression); i++) {
            CHECK(depth < STACK);
            stack[depth++] = operand;
            operand = operand->next;
        }
    }
    postfix->count = EXPRESSION_BYTES - from;
}

// The amount of an operand, or of an operator over what its operands came to.
static struct sweep_amount amount_of(struct evaluation *evaluation,
                                     const struct expression *expression,
                                     const struct sweep_amount *operand)
{
    switch (expression->kind) {
    case EXPRESSION_NUMBER:
        return sweep_where_amount(expression->text);
    case EXPRESSION_WORD:
        return look_up(evaluation, expression);
    case EXPRESSION_UNARY:
        return turn(evaluation, expression->text, operand[0]);
    case EXPRESSION_BINARY:
        return apply(evaluation, expression->text, operand[0], operand[1]);
    case EXPRESSION_CALL:
    case EXPRESSION_RANGE:
        break;
    }
    const struct sweep_amount none = {.unit = SWEEP_TEXT, .text = ""};
    return fail(evaluation, expression->kind == EXPRESSION_CALL ? "(...)" : "..", &none, &none);
}

static struct sweep_amount evaluate(struct evaluation *evaluation, const struct expression *where)
{
    struct postfix postfix;
    struct sweep_amount stack[STACK];
    uint32_t depth = 0;
    unfold(&postfix, where);
    for (uint32_t i = EXPRESSION_BYTES - postfix.count; i < EXPRESSION_BYTES; i++) {
        evaluation->at = postfix.at[i];
        depth -= operands(postfix.at[i]);
        CHECK(depth < STACK);
        stack[depth] = amount_of(evaluation, postfix.at[i], stack + depth);
        depth++;
    }
    CHECK(depth == 1);
    return stack[0];
}

bool sweep_where_holds(const struct expression *where, const struct sweep_scope *scope, bool *holds,
                       struct sweep_nonsense *nonsense)
{
    struct evaluation evaluation = {.scope = scope, .at = where, .nonsense = nonsense};
    const struct sweep_amount amount = evaluate(&evaluation, where);
    if (!evaluation.failed && amount.unit != SWEEP_TRUTH) {
        nonsense->at = where;
        text_clear(&nonsense->why);
        text_format(&nonsense->why, "the condition is %s, not true or false",
                    unit_name(amount.unit));
        evaluation.failed = true;
    }
    *holds = amount.value != 0.0;
    return !evaluation.failed;
}
