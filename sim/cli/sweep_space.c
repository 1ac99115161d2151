// sweep_space - parameters, design, conditions and points of a sweep.
#include "sim/cli/sweep_space.h"

#include <string.h>

#include "sim/base/suggest.h"
#include "sim/cli/argument_places.h"

struct reading {
    struct sweep *sweep;
    struct scenario *scenario;
    const struct sweep_command *command;
    struct argument_places arguments;
};

struct found { // where the text of a value stands: in the scenario, or on the command line
    const struct document_node *node; // NULL: the command line
    const char *value;
};

static struct place place_in(const struct reading *reading, const struct found *found,
                             size_t offset, size_t length)
{
    return found->node != NULL
               ? document_place_in(&reading->scenario->document, found->node, offset, length)
               : argument_places_in(&reading->arguments, found->value, offset, length);
}

static struct place place_of(const struct reading *reading, const struct found *found)
{
    return place_in(reading, found, 0, strlen(found->value));
}

static struct diagnostic_list *diagnostics_of(const struct reading *reading)
{
    return reading->scenario->document.diagnostics;
}

// ---- parameters
// ----------------------------------------------------------------------------------

static const char *nearest_parameter(const struct reading *reading, const char *name)
{
    enum { MOST = 64 };
    const struct design *design = &reading->scenario->design;
    const char *names[MOST];
    size_t count = 0;
    for (uint32_t i = 0; i < design->parameter_count && count < MOST; i++) {
        names[count++] = design->parameters[i].name;
    }
    return suggest_nearest(name, names, count);
}

static bool is_declared(const struct reading *reading, const char *name)
{
    const struct design *design = &reading->scenario->design;
    bool declared = false;
    for (uint32_t i = 0; i < design->parameter_count && !declared; i++) {
        declared = text_same(design->parameters[i].name, name);
    }
    return declared;
}

static bool check_declared(const struct reading *reading, const char *name, struct place place)
{
    if (is_declared(reading, name)) {
        return true;
    }
    struct diagnostic *entry = diagnostic_error(diagnostics_of(reading), "E0118", place,
                                                "`params:` declares no `%.80s`", name);
    const char *nearest = nearest_parameter(reading, name);
    if (nearest != NULL) {
        diagnostic_caret(entry, "did you mean `%s`?", nearest);
    }
    return false;
}

static bool add_parameter(const struct reading *reading, const struct sweep_levels *levels,
                          struct place place)
{
    struct sweep_space *space = &reading->sweep->space;
    for (uint32_t i = 0; i < space->parameter_count; i++) {
        if (text_same(space->parameters[i].name, levels->name)) {
            diagnostic_error(diagnostics_of(reading), "E0128", place, "`%.80s` is varied twice",
                             levels->name);
            return false;
        }
    }
    if (space->parameter_count == SWEEP_PARAMETERS) {
        diagnostic_error(diagnostics_of(reading), "E0128", place,
                         "at most 12 parameters are varied");
        return false;
    }
    space->parameters[space->parameter_count++] = *levels;
    return check_declared(reading, levels->name, place);
}

static bool complain_levels(const struct reading *reading, const struct found *found,
                            const struct sweep_levels *levels)
{
    const struct place place =
        place_in(reading, found, levels->wrong.offset, levels->wrong.length);
    struct diagnostic *entry =
        diagnostic_error(diagnostics_of(reading), "E0333", place,
                         "`%.80s` is no list or range of values", found->value);
    diagnostic_caret(entry, "%s", levels->wrong.text);
    return false;
}

static bool read_params(const struct reading *reading)
{
    bool good = true;
    for (uint32_t i = 0; i < reading->command->param_count; i++) {
        const struct found found = {.value = reading->command->params[i]};
        struct sweep_levels levels;
        if (!sweep_levels_parse(&levels, &reading->sweep->arena, found.value)) {
            good = complain_levels(reading, &found, &levels);
        } else {
            const struct place name = place_in(reading, &found, 0, strlen(levels.name));
            good = add_parameter(reading, &levels, name) && good;
        }
    }
    return good;
}

static bool read_list(const struct reading *reading, const struct document_node *node,
                      struct sweep_levels *levels)
{
    bool good = true;
    for (const struct document_node *child = node->first; child != NULL; child = child->next) {
        if (child->kind != DOCUMENT_SCALAR) {
            diagnostic_error(diagnostics_of(reading), "E0333", child->place,
                             "the values of `sweep: vary` are single values");
            good = false;
        } else {
            sweep_levels_add(levels, &reading->sweep->arena, child->text);
        }
    }
    if (node->first == NULL) {
        diagnostic_error(diagnostics_of(reading), "E0333", node->place, "an empty list of values");
        good = false;
    }
    return good;
}

static bool read_varied(const struct reading *reading, const struct document_node *node)
{
    struct sweep_levels levels = {.name = node->key};
    bool good;
    if (node->kind == DOCUMENT_SEQUENCE) {
        good = read_list(reading, node, &levels);
    } else {
        const struct found found = {node, node->text};
        good = sweep_levels_range(&levels, &reading->sweep->arena, node->text) ||
               complain_levels(reading, &found, &levels);
    }
    return good && add_parameter(reading, &levels, node->key_place);
}

static bool read_section(const struct reading *reading)
{
    const struct document_node *vary = reading->scenario->top.sweep.vary;
    bool good = true;
    const struct document_node *child = vary == NULL ? NULL : vary->first;
    for (; child != NULL; child = child->next) {
        good = read_varied(reading, child) && good;
    }
    return good;
}

// ---- design and conditions
// -----------------------------------------------------------------------

static bool read_design(const struct reading *reading)
{
    struct sweep *sweep = reading->sweep;
    const char *word = reading->command->design;
    const bool given = word != NULL;
    if (!given && reading->command->param_count == 0) {
        word = reading->scenario->top.sweep.design;
    }
    sweep->design = word == NULL ? "grid" : word;
    sweep->space.seed = reading->scenario->design.seed;
    if (sweep_points_design(&sweep->space, sweep->design)) {
        return true;
    }
    const struct found found = {.value = sweep->design};
    struct diagnostic *entry =
        diagnostic_error(diagnostics_of(reading), "E0128",
                         given ? place_of(reading, &found) : (struct place){0},
                         "`%.80s` is no design", sweep->design);
    diagnostic_caret(entry, "expected grid, list, lhs:N or sobol:N with N to 100000");
    return false;
}

static struct found condition_at(const struct reading *reading, uint32_t number)
{
    const struct document_node *where = reading->scenario->top.sweep.where;
    return number == 0 ? (struct found){where, where->text}
                       : (struct found){.value = reading->command->where};
}

static bool add_condition(const struct reading *reading, uint32_t number)
{
    struct sweep *sweep = reading->sweep;
    const struct found found = condition_at(reading, number);
    struct expression_error error;
    sweep->space.conditions[number] = expression_parse(&sweep->arena, found.value, &error);
    if (sweep->space.conditions[number] == NULL) {
        const struct place place = place_in(reading, &found, error.offset, error.length);
        struct diagnostic *entry = diagnostic_error(diagnostics_of(reading), "E0220", place,
                                                    "`%.80s` cannot be read", found.value);
        diagnostic_caret(entry, "%s", error.text);
        return false;
    }
    const char *before = sweep->where;
    sweep->where = arena_format(&sweep->arena, "%s%s%s", before == NULL ? "" : before,
                                before == NULL ? "" : " and ", found.value);
    return true;
}

static bool read_conditions(const struct reading *reading)
{
    bool good = true;
    if (reading->scenario->top.sweep.where != NULL && reading->command->param_count == 0) {
        good = add_condition(reading, 0);
    }
    return (reading->command->where == NULL || add_condition(reading, 1)) && good;
}

static void bind_others(const struct reading *reading)
{
    const struct design *design = &reading->scenario->design;
    struct sweep_space *space = &reading->sweep->space;
    struct sweep_binding *others =
        arena_take_array(&reading->sweep->arena, design->parameter_count + 1, sizeof *others);
    for (uint32_t i = 0; i < design->parameter_count; i++) {
        others[i] = (struct sweep_binding){design->parameters[i].name, design->parameters[i].value};
    }
    space->others = others;
    space->other_count = design->parameter_count;
}

// ---- points
// --------------------------------------------------------------------------------------

// A word of the condition that is meant as a parameter but is none.
static const struct expression *stranger_in(const struct reading *reading,
                                            const struct expression *part)
{
    for (const struct expression *child = part->first; child != NULL; child = child->next) {
        if (child->kind == EXPRESSION_WORD && !child->quoted &&
            !is_declared(reading, child->text + (child->text[0] == '$'))) {
            return child;
        }
    }
    return NULL;
}

static void complain_points(const struct reading *reading, const struct sweep_points_wrong *wrong)
{
    if (wrong->condition == SWEEP_CONDITIONS) {
        diagnostic_error(diagnostics_of(reading), "E0128", (struct place){0}, "%s",
                         text_get(&wrong->nonsense.why));
        return;
    }
    const struct found found = condition_at(reading, wrong->condition);
    const struct expression *at = wrong->nonsense.at;
    struct diagnostic *entry =
        diagnostic_error(diagnostics_of(reading), "E0334",
                         place_in(reading, &found, at->offset, at->length), "%s",
                         text_get(&wrong->nonsense.why));
    const struct expression *stranger = stranger_in(reading, at);
    if (stranger != NULL) {
        const char *nearest = nearest_parameter(reading, stranger->text);
        diagnostic_help(entry, nearest == NULL ? "`%s` is no parameter"
                                               : "`%s` is no parameter; did you mean `%s`?",
                        stranger->text, nearest);
    }
}

static bool make_points(const struct reading *reading)
{
    struct sweep *sweep = reading->sweep;
    struct sweep_points_wrong wrong = {{0}};
    text_init(&wrong.nonsense.why);
    const bool made = sweep_points_make(&sweep->space, &sweep->arena, &sweep->points, &wrong);
    if (!made) {
        complain_points(reading, &wrong);
    }
    text_release(&wrong.nonsense.why);
    return made;
}

static bool choose(const struct reading *reading)
{
    struct sweep *sweep = reading->sweep;
    const uint32_t count = sweep->points.count;
    bool *chosen = arena_take_array(&sweep->arena, count, sizeof *chosen);
    const struct found found = {.value = reading->command->points};
    const size_t length = found.value == NULL ? 0 : strlen(found.value);
    const size_t taken = length == 0 ? 0 : sweep_command_choose(found.value, count, chosen);
    sweep->rows = arena_take_array(&sweep->arena, count, sizeof *sweep->rows);
    const struct unit_list *units = &reading->command->run.only;
    for (uint32_t point = 0; point < count; point++) {
        sweep->rows[point].chosen = found.value == NULL ? units->count == 0 ||
                                                              unit_list_has_point(units, point)
                                                        : chosen[point];
        sweep->chosen += sweep->rows[point].chosen;
    }
    if (taken < length || (found.value != NULL && length == 0)) {
        const size_t part = strcspn(found.value + taken, ",");
        struct diagnostic *entry = diagnostic_error(
            diagnostics_of(reading), "E0128",
            place_in(reading, &found, taken, part == 0 ? 1 : part),
            "`%.80s` is no value of --points", found.value);
        diagnostic_caret(entry, "expected numbers from 0 to %u, e.g. 3,7-9", count - 1);
        return false;
    }
    if (unit_list_last_point(units) >= count) {
        diagnostic_error(diagnostics_of(reading), "E0128", (struct place){0},
                         "--units names point %u: the last one is %u", unit_list_last_point(units),
                         count - 1);
        return false;
    }
    return true;
}

bool sweep_space_read(struct sweep *sweep, struct scenario *scenario,
                      const struct sweep_command *command)
{
    struct reading reading = {.sweep = sweep, .scenario = scenario, .command = command};
    argument_places_init(&reading.arguments, scenario->document.diagnostics, command->words,
                         command->word_count);
    bool good = command->param_count > 0 ? read_params(&reading) : read_section(&reading);
    good = read_design(&reading) && good;
    good = read_conditions(&reading) && good;
    bind_others(&reading);
    return good && make_points(&reading) && choose(&reading);
}
