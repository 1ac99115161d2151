// sweep_space - parameters, design and conditions of a sweep.
#include "sim/cli/sweep_space.h"

#include <string.h>

#include "sim/base/suggest.h"

struct reading {
    struct sweep *sweep;
    struct scenario *scenario;
    const struct sweep_command *command;
    struct text *wrong;
};

// One more line of what is wrong.
static bool complain(const struct reading *reading, const char *line)
{
    text_format(reading->wrong, "%s%s", reading->wrong->length > 0 ? "\norrery: " : "", line);
    return false;
}

static bool complain_text(const struct reading *reading, struct text *line)
{
    complain(reading, text_get(line));
    text_release(line);
    return false;
}

// The same about a place of the scenario.
static bool complain_at(const struct reading *reading, const struct document_node *node,
                        const char *sentence)
{
    const struct diagnostic_source *source =
        diagnostic_source(reading->scenario->document.diagnostics, node->place.source);
    struct text line;
    text_init(&line);
    if (source != NULL) {
        text_format(&line, "%s:%u:%u: ", source->name, node->place.line, node->place.column);
    }
    text_add(&line, sentence);
    return complain_text(reading, &line);
}

// ---- parameters
// ----------------------------------------------------------------------------------

static bool is_parameter(const struct reading *reading, const char *name)
{
    enum { MOST = 64 };
    const struct design *design = &reading->scenario->design;
    const char *names[MOST];
    size_t count = 0;
    for (uint32_t i = 0; i < design->parameter_count; i++) {
        if (text_same(design->parameters[i].name, name)) {
            return true;
        }
        if (count < MOST) {
            names[count++] = design->parameters[i].name;
        }
    }
    struct text line;
    text_init(&line);
    const char *nearest = suggest_nearest(name, names, count);
    text_format(&line, "`params:` of the scenario declares no `%s`", name);
    if (nearest != NULL) {
        text_format(&line, "; did you mean `%s`?", nearest);
    }
    return complain_text(reading, &line);
}

static bool add_parameter(const struct reading *reading, const struct sweep_levels *levels)
{
    struct sweep_space *space = &reading->sweep->space;
    for (uint32_t i = 0; i < space->parameter_count; i++) {
        if (text_same(space->parameters[i].name, levels->name)) {
            struct text line;
            text_init(&line);
            text_format(&line, "`%s` is varied twice", levels->name);
            return complain_text(reading, &line);
        }
    }
    if (space->parameter_count == SWEEP_PARAMETERS) {
        return complain(reading, "at most 12 parameters are varied");
    }
    space->parameters[space->parameter_count++] = *levels;
    return is_parameter(reading, levels->name);
}

static bool read_params(const struct reading *reading)
{
    bool good = true;
    for (uint32_t i = 0; i < reading->command->param_count; i++) {
        struct sweep_levels levels;
        struct text why;
        text_init(&why);
        if (!sweep_levels_parse(&levels, &reading->sweep->arena, reading->command->params[i],
                                &why)) {
            struct text line;
            text_init(&line);
            text_format(&line, "--param %s", text_get(&why));
            good = complain_text(reading, &line);
        } else {
            good = add_parameter(reading, &levels) && good;
        }
        text_release(&why);
    }
    return good;
}

static bool read_list(const struct reading *reading, const struct document_node *node,
                      struct sweep_levels *levels)
{
    for (const struct document_node *child = node->first; child != NULL; child = child->next) {
        if (child->kind != DOCUMENT_SCALAR) {
            return complain_at(reading, child, "the values of `sweep: vary` are single values");
        }
        sweep_levels_add(levels, &reading->sweep->arena, child->text);
    }
    return levels->count > 0 || complain_at(reading, node, "an empty list of values");
}

static bool read_varied(const struct reading *reading, const struct document_node *node)
{
    struct sweep_levels levels = {.name = node->key};
    struct text why;
    text_init(&why);
    bool good = node->kind == DOCUMENT_SEQUENCE
                    ? read_list(reading, node, &levels)
                    : sweep_levels_range(&levels, &reading->sweep->arena, node->text, &why) ||
                          complain_at(reading, node, text_get(&why));
    levels.name = node->key;
    text_release(&why);
    return good && add_parameter(reading, &levels);
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
    if (word == NULL && reading->command->param_count == 0) {
        word = reading->scenario->top.sweep.design;
    }
    sweep->design = word == NULL ? "grid" : word;
    sweep->space.seed = reading->scenario->design.seed;
    if (sweep_points_design(&sweep->space, sweep->design)) {
        return true;
    }
    struct text line;
    text_init(&line);
    text_format(&line, "`%s` is no design: expected grid, list, lhs:N or sobol:N with N to 100000",
                sweep->design);
    return complain_text(reading, &line);
}

static bool add_condition(const struct reading *reading, uint32_t place, const char *text)
{
    struct sweep *sweep = reading->sweep;
    struct expression_error error;
    sweep->space.conditions[place] = expression_parse(&sweep->arena, text, &error);
    if (sweep->space.conditions[place] == NULL) {
        struct text line;
        text_init(&line);
        text_format(&line, "--where `%s`: %s at byte %u", text, error.text, error.offset + 1);
        return complain_text(reading, &line);
    }
    struct text both;
    text_init(&both);
    text_format(&both, "%s%s%s", sweep->where == NULL ? "" : sweep->where,
                sweep->where == NULL ? "" : " and ", text);
    sweep->where = arena_text(&sweep->arena, text_get(&both));
    text_release(&both);
    return true;
}

static bool read_conditions(const struct reading *reading)
{
    const struct document_node *where = reading->scenario->top.sweep.where;
    bool good = true;
    if (where != NULL && reading->command->param_count == 0) {
        good = add_condition(reading, 0, where->text);
    }
    return (reading->command->where == NULL ||
            add_condition(reading, 1, reading->command->where)) &&
           good;
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

bool sweep_space_read(struct sweep *sweep, struct scenario *scenario,
                      const struct sweep_command *command, struct text *wrong)
{
    const struct reading reading = {
        .sweep = sweep, .scenario = scenario, .command = command, .wrong = wrong};
    text_clear(wrong);
    bool good = command->param_count > 0 ? read_params(&reading) : read_section(&reading);
    good = read_design(&reading) && good;
    good = read_conditions(&reading) && good;
    bind_others(&reading);
    return good;
}
