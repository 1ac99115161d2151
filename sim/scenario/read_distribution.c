// read_distribution - a law as people write it: exp(mean=1ms), {dist: gamma, mean: 6ms, cv: 1}.
//
// Both forms become the same list of arguments, each with the node it is written in; from there on
// there is one way. The recursion is that of mixes, bounded by the depth of expressions.
#include "sim/scenario/read_distribution.h"

#include <stdarg.h>
#include <string.h>

#include "sim/base/check.h"
#include "sim/base/suggest.h"
#include "sim/base/units.h"
#include "sim/scenario/read_empirical.h"
#include "sim/scenario/read_law.h"

enum { ARGUMENTS = 16, MIX_PARTS = 64 };

struct argument {
    const char *name;                 // NULL: by position
    const struct document_node *node; // the scalar that the value stands in
    const struct expression *value;
    struct place name_place;
};

struct reading {
    struct document *document;
    const struct document_node *node; // for labels of aliases and parameters
    enum read_value_unit unit;
    struct place place; // of the law's name
    const struct read_law *law;
    struct argument arguments[ARGUMENTS];
    uint32_t count;
    double values[LAW_ARGUMENTS];
    const struct argument *given[LAW_ARGUMENTS];
    uint32_t given_bits;
};

static struct diagnostic *report(const struct reading *reading, const char *code,
                                 struct place place, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

static struct diagnostic *report(const struct reading *reading, const char *code,
                                 struct place place, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    struct diagnostic *entry =
        diagnostic_error_list(reading->document->diagnostics, code, place, format, arguments);
    va_end(arguments);
    document_place_explain(reading->node, entry);
    return entry;
}

static struct place value_place(const struct reading *reading, const struct argument *argument)
{
    return document_place_in(reading->document, argument->node, argument->value->offset,
                             argument->value->length);
}

static void show_forms(const struct reading *reading, struct diagnostic *entry)
{
    diagnostic_help(entry, "%s takes %s, e.g. %s", reading->law->name, reading->law->shown,
                    reading->law->example);
}

// --- Arguments
// ------------------------------------------------------------------------------------

// The number of the argument among the law's; LAW_ARGUMENTS after an error.
static uint32_t match_argument(const struct reading *reading, uint32_t index)
{
    const struct argument *argument = &reading->arguments[index];
    const struct read_law *law = reading->law;
    if (argument->name == NULL) {
        if (index == 0 && law->positional) {
            return 0;
        }
        struct diagnostic *entry = report(reading, "E0222", value_place(reading, argument),
                                          "an argument of `%s` without a name", law->name);
        diagnostic_caret(entry, "which one is it?");
        show_forms(reading, entry);
        return LAW_ARGUMENTS;
    }
    const uint32_t number = read_law_argument(law, argument->name);
    if (number == LAW_ARGUMENTS) {
        const char *names[LAW_ARGUMENTS];
        size_t count = 0;
        while (count < LAW_ARGUMENTS && law->arguments[count].name != NULL) {
            names[count] = law->arguments[count].name;
            count++;
        }
        struct diagnostic *entry =
            report(reading, "E0222", argument->name_place, "`%s` has no argument `%.60s`",
                   law->name, argument->name);
        const char *nearest = suggest_nearest(argument->name, names, count);
        if (nearest != NULL) {
            diagnostic_caret(entry, "did you mean `%s`?", nearest);
        }
        show_forms(reading, entry);
    }
    return number;
}

static bool read_argument_value(struct reading *reading, const struct argument *argument,
                                uint32_t number)
{
    double *value = &reading->values[number];
    switch (reading->law->arguments[number].kind) {
    case LAW_VALUE:
        return read_value_literal(reading->document, argument->node, argument->value, reading->unit,
                                  value);
    case LAW_NUMBER:
        return read_value_literal(reading->document, argument->node, argument->value,
                                  READ_VALUE_NUMBER, value);
    case LAW_COUNT:
        return read_value_literal(reading->document, argument->node, argument->value,
                                  READ_VALUE_COUNT, value);
    case LAW_FILE:
    case LAW_SUM:
    case LAW_END:
        break;
    }
    return true;
}

static bool match_arguments(struct reading *reading)
{
    bool good = true;
    for (uint32_t i = 0; i < reading->count; i++) {
        const struct argument *argument = &reading->arguments[i];
        const uint32_t number = match_argument(reading, i);
        if (number == LAW_ARGUMENTS) {
            good = false;
            continue;
        }
        if (reading->given[number] != NULL) {
            const bool named = argument->name != NULL;
            struct diagnostic *entry = report(
                reading, "E0227", named ? argument->name_place : value_place(reading, argument),
                "`%s` is given twice", reading->law->arguments[number].name);
            diagnostic_label(entry, value_place(reading, reading->given[number]), "first here");
            good = false;
            continue;
        }
        reading->given[number] = argument;
        reading->given_bits |= 1u << number;
        good = read_argument_value(reading, argument, number) && good;
    }
    return good;
}

// The first argument that the begun form lacks.
static const char *missing_argument(const struct reading *reading, uint32_t form)
{
    uint32_t number = 0;
    while (number < LAW_ARGUMENTS - 1 && ((form & ~reading->given_bits) >> number & 1u) == 0) {
        number++;
    }
    return reading->law->arguments[number].name;
}

static bool check_forms(const struct reading *reading)
{
    const uint32_t *forms = reading->law->forms;
    if (reading->given_bits == forms[0] || (forms[1] != 0 && reading->given_bits == forms[1])) {
        return true;
    }
    const bool second = (reading->given_bits & forms[0]) == 0 && reading->given_bits != 0;
    const uint32_t form = second ? forms[1] : forms[0];
    if ((reading->given_bits & ~form) != 0) {
        struct diagnostic *entry =
            report(reading, "E0222", reading->place, "these arguments of `%s` do not go together",
                   reading->law->name);
        show_forms(reading, entry);
        return false;
    }
    struct diagnostic *entry =
        report(reading, "E0223", reading->place, "`%s` needs its argument `%s`", reading->law->name,
               missing_argument(reading, form));
    show_forms(reading, entry);
    return false;
}

// --- Laws
// -----------------------------------------------------------------------------------------

static bool prepare(const struct reading *reading, struct distribution *distribution)
{
    const char *problem = distribution_prepare(distribution);
    if (problem == NULL) {
        return true;
    }
    struct diagnostic *entry = report(reading, "E0224", reading->place,
                                      "impossible parameters of `%s`", reading->law->name);
    diagnostic_caret(entry, "%s", problem);
    return false;
}

static bool make_empirical(struct reading *reading, struct distribution *distribution)
{
    const struct argument *argument = reading->given[0];
    struct read_empirical_table table;
    const enum expression_kind kind = argument->value->kind;
    if (kind != EXPRESSION_WORD && kind != EXPRESSION_NUMBER) {
        struct diagnostic *entry = report(reading, "E0222", value_place(reading, argument),
                                          "`empirical` needs the name of a file");
        show_forms(reading, entry);
        return false;
    }
    if (!read_empirical(reading->document, argument->node, argument->value->text, reading->unit,
                        &table)) {
        return false;
    }
    *distribution = (struct distribution){
        .kind = DISTRIBUTION_EMPIRICAL, .n = table.count, .values = table.values};
    return prepare(reading, distribution);
}

// The terms of a sum, which leans to the left, from left to right; 0 after an error.
static uint32_t list_terms(const struct reading *reading, const struct argument *argument,
                           const struct expression *terms[MIX_PARTS])
{
    uint32_t count = 0;
    const struct expression *rest = argument->value;
    while (rest->kind == EXPRESSION_BINARY && strcmp(rest->text, "+") == 0) {
        if (count == MIX_PARTS - 1) {
            report(reading, "E0228", value_place(reading, argument), "a mix of more than %d laws",
                   MIX_PARTS);
            return 0;
        }
        terms[count++] = rest->first->next;
        rest = rest->first;
    }
    terms[count++] = rest;
    for (uint32_t i = 0; i < count / 2; i++) {
        const struct expression *swap = terms[i];
        terms[i] = terms[count - 1 - i];
        terms[count - 1 - i] = swap;
    }
    return count;
}

// weight*law, or law*weight.
static bool read_term(struct reading *reading, const struct argument *argument,
                      const struct expression *term, struct distribution *part, double *weight)
{
    const bool product = term->kind == EXPRESSION_BINARY && strcmp(term->text, "*") == 0;
    if (!product) {
        const struct place place =
            document_place_in(reading->document, argument->node, term->offset, term->length);
        struct diagnostic *entry =
            report(reading, "E0228", place, "a part of the mix has no weight");
        diagnostic_caret(entry, "expected weight*law, e.g. 0.9*exp(mean=1ms)");
        return false;
    }
    const bool swapped = term->first->kind == EXPRESSION_CALL;
    const struct expression *factor = swapped ? term->first->next : term->first;
    const struct expression *law = swapped ? term->first : term->first->next;
    const bool good =
        read_value_literal(reading->document, argument->node, factor, READ_VALUE_RATIO, weight);
    return read_distribution_expression(reading->document, argument->node, law, reading->unit,
                                        part) &&
           good;
}

static bool check_weights(const struct reading *reading, double *weights, uint32_t count)
{
    double total = 0;
    bool positive = true;
    for (uint32_t i = 0; i < count; i++) {
        positive = positive && weights[i] > 0;
        total += weights[i];
        weights[i] = total;
    }
    if (positive && total > 1 - 1e-9 && total < 1 + 1e-9) {
        weights[count - 1] = 1;
        return true;
    }
    struct diagnostic *entry = report(reading, "E0228", value_place(reading, reading->given[0]),
                                      "the weights of the mix are wrong");
    if (positive) {
        diagnostic_caret(entry, "together they are %.6g, not 1", total);
    } else {
        diagnostic_caret(entry, "each must be above 0");
    }
    return false;
}

static bool make_mix(struct reading *reading, struct distribution *distribution)
{
    const struct argument *argument = reading->given[0];
    const struct expression *terms[MIX_PARTS];
    const uint32_t count = list_terms(reading, argument, terms);
    struct arena *arena = &reading->document->arena;
    struct distribution *parts = arena_take_array(arena, count, sizeof *parts);
    double *weights = arena_take_array(arena, count, sizeof *weights);
    bool good = count > 0;
    for (uint32_t i = 0; i < count; i++) {
        good = read_term(reading, argument, terms[i], &parts[i], &weights[i]) && good;
    }
    if (!good || !check_weights(reading, weights, count)) {
        return false;
    }
    *distribution = (struct distribution){
        .kind = DISTRIBUTION_MIX, .part_count = count, .parts = parts, .weights = weights};
    return prepare(reading, distribution);
}

static bool check_quantity(const struct reading *reading)
{
    if (!reading->law->counts_only || reading->unit == READ_VALUE_COUNT) {
        return true;
    }
    struct diagnostic *entry =
        report(reading, "E0226", reading->place, "`%s` is a law of counts", reading->law->name);
    diagnostic_caret(entry, "expected a law of %s",
                     reading->unit == READ_VALUE_DURATION ? "durations" : "bytes");
    return false;
}

static bool find_law(struct reading *reading, const char *name)
{
    reading->law = read_law_find(name);
    if (reading->law != NULL) {
        return check_quantity(reading);
    }
    struct diagnostic *entry =
        report(reading, "E0221", reading->place, "unknown law `%.60s`", name);
    const char *nearest = read_law_nearest(name);
    if (nearest != NULL) {
        diagnostic_caret(entry, "did you mean `%s`?", nearest);
    }
    diagnostic_help(entry, "`orrery list dists` prints all laws");
    return false;
}

static bool make_law(struct reading *reading, struct distribution *distribution)
{
    if (!match_arguments(reading) || !check_forms(reading)) {
        return false;
    }
    if (reading->law->make != NULL) {
        *distribution =
            reading->law->make(&reading->document->arena, reading->values, reading->given_bits);
        return prepare(reading, distribution);
    }
    return reading->law->arguments[0].kind == LAW_FILE ? make_empirical(reading, distribution)
                                                       : make_mix(reading, distribution);
}

// --- The two forms
// --------------------------------------------------------------------------------

static bool add_argument(struct reading *reading, struct argument argument)
{
    if (reading->count == ARGUMENTS) {
        report(reading, "E0222", reading->place, "more than %d arguments", ARGUMENTS);
        return false;
    }
    reading->arguments[reading->count++] = argument;
    return true;
}

static bool read_call(struct reading *reading, const struct expression *call,
                      struct distribution *distribution)
{
    struct document *document = reading->document;
    reading->place = document_place_in(document, reading->node, call->offset, call->length);
    bool good = find_law(reading, call->text);
    for (const struct expression *value = call->first; good && value != NULL; value = value->next) {
        const struct argument argument = {
            .name = value->name,
            .node = reading->node,
            .value = value,
            .name_place =
                document_place_in(document, reading->node, value->name_offset, value->name_length),
        };
        good = add_argument(reading, argument);
    }
    return good && make_law(reading, distribution);
}

static bool read_constant(struct reading *reading, const struct expression *literal,
                          struct distribution *distribution)
{
    double value = 0;
    if (!read_value_literal(reading->document, reading->node, literal, reading->unit, &value)) {
        return false;
    }
    reading->law = read_law_find("const");
    reading->place =
        document_place_in(reading->document, reading->node, literal->offset, literal->length);
    *distribution = distribution_constant(value);
    return prepare(reading, distribution);
}

// A bare word is a law without its brackets, or a mistyped value.
static bool read_word(struct reading *reading, const struct expression *word)
{
    reading->place =
        document_place_in(reading->document, reading->node, word->offset, word->length);
    if (!find_law(reading, word->text)) {
        return false;
    }
    struct diagnostic *entry =
        report(reading, "E0223", reading->place, "`%s` needs its arguments", reading->law->name);
    show_forms(reading, entry);
    return false;
}

bool read_distribution_expression(struct document *document, const struct document_node *node,
                                  const struct expression *law, enum read_value_unit unit,
                                  struct distribution *distribution)
{
    CHECK(unit <= READ_VALUE_BYTES);
    struct reading reading = {.document = document, .node = node, .unit = unit};
    if (law->kind == EXPRESSION_CALL) {
        return read_call(&reading, law, distribution);
    }
    if (law->kind == EXPRESSION_WORD && law->text[0] != '$') {
        return read_word(&reading, law);
    }
    return read_constant(&reading, law, distribution);
}

static bool read_text(struct document *document, const struct document_node *node,
                      enum read_value_unit unit, struct distribution *distribution)
{
    if (!read_value_is(document, node, DOCUMENT_SCALAR, "a law, e.g. exp(mean=1ms)")) {
        return false;
    }
    const struct expression *law = read_value_expression(document, node);
    if (law == NULL) {
        return false;
    }
    struct units_why why;
    int64_t ns = 0;
    if (unit == READ_VALUE_DURATION && units_duration(node->text, &ns, &why)) {
        return read_value_duration(document, node, &ns) // says what is suspicious
               && read_distribution_expression(document, node, law, unit, distribution);
    }
    return read_distribution_expression(document, node, law, unit, distribution);
}

// A member of {dist: gamma, mean: 6ms} as an argument.
static bool add_member(struct reading *reading, struct document_node *member)
{
    member->used = true;
    if (strcmp(member->key, "dist") == 0) {
        return true;
    }
    const struct expression *value = read_value_expression(reading->document, member);
    const struct argument argument = {
        .name = member->key,
        .node = member,
        .value = value,
        .name_place = member->key_place,
    };
    return value != NULL && add_argument(reading, argument);
}

static bool read_map(struct document *document, const struct document_node *node,
                     enum read_value_unit unit, struct distribution *distribution)
{
    const struct document_node *name = document_get(node, "dist");
    struct reading reading = {.document = document, .node = node, .unit = unit};
    const char *text = NULL;
    if (name == NULL) {
        struct diagnostic *entry =
            document_error(document, node, "E0124", "a law as a map needs its key `dist`");
        diagnostic_help(entry, "e.g. {dist: gamma, mean: 6ms, cv: 0.8}");
        return false;
    }
    if (!read_value_text(document, name, &text)) {
        return false;
    }
    reading.place = name->place;
    bool good = find_law(&reading, text);
    for (struct document_node *member = node->first; member != NULL; member = member->next) {
        good = add_member(&reading, member) && good;
    }
    return good && make_law(&reading, distribution);
}

bool read_distribution(struct document *document, const struct document_node *node,
                       enum read_value_unit unit, struct distribution *distribution)
{
    CHECK(unit <= READ_VALUE_BYTES);
    if (node == NULL) {
        return false;
    }
    if (node->kind == DOCUMENT_MAPPING) {
        return read_map(document, node, unit, distribution);
    }
    return read_text(document, node, unit, distribution);
}
