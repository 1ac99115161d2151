// sweep_points - levels by design, then conditions.
#include "sim/study/sweep_points.h"

#include <stdlib.h>
#include <string.h>

#include "sim/base/check.h"
#include "sim/base/digest.h"
#include "sim/base/map.h"
#include "sim/base/units.h"
#include "sim/kernel/random.h"
#include "sim/kernel/sequence.h"

bool sweep_points_design(struct sweep_space *space, const char *text)
{
    static const struct {
        const char *word;
        enum sweep_design design;
    } counted[] = {{"lhs:", SWEEP_LHS}, {"sobol:", SWEEP_SOBOL}};
    if (text_same(text, "grid") || text_same(text, "list")) {
        space->design = text_same(text, "grid") ? SWEEP_GRID : SWEEP_LIST;
        return true;
    }
    for (size_t i = 0; i < sizeof counted / sizeof counted[0]; i++) {
        const size_t length = strlen(counted[i].word);
        uint64_t count;
        struct units_why why;
        if (strncmp(text, counted[i].word, length) == 0 &&
            units_count(text + length, &count, &why) && count > 0 && count <= SWEEP_POINTS_MOST) {
            space->design = counted[i].design;
            space->wanted = (uint32_t)count;
            return true;
        }
    }
    return false;
}

// ---- designs
// -------------------------------------------------------------------------------------

static bool complain(struct text *why, const char *sentence)
{
    text_clear(why);
    text_add(why, sentence);
    return false;
}

static bool count_grid(const struct sweep_space *space, uint32_t *count, struct text *why)
{
    uint64_t product = 1;
    for (uint32_t i = 0; i < space->parameter_count; i++) {
        if (space->parameters[i].continuous) {
            text_clear(why);
            text_format(why, "a grid over `%s` needs a step: low..high step s (or --design lhs:N)",
                        space->parameters[i].name);
            return false;
        }
        product *= space->parameters[i].count;
        if (product > SWEEP_POINTS_MOST) {
            return complain(why, "more than 100000 points: take larger steps, or --design lhs:N");
        }
    }
    *count = (uint32_t)product;
    return true;
}

static bool count_list(const struct sweep_space *space, uint32_t *count, struct text *why)
{
    *count = space->parameters[0].count;
    for (uint32_t i = 0; i < space->parameter_count; i++) {
        if (space->parameters[i].count != *count || space->parameters[i].continuous) {
            text_clear(why);
            text_format(why, "the design `list` joins the values one by one: `%s` has %u, `%s` %u",
                        space->parameters[0].name, *count, space->parameters[i].name,
                        space->parameters[i].count);
            return false;
        }
    }
    return *count <= SWEEP_POINTS_MOST || complain(why, "more than 100000 points");
}

static void fill_grid(const struct sweep_space *space, uint32_t count, uint32_t *levels)
{
    for (uint32_t point = 0; point < count; point++) {
        uint32_t rest = point;
        for (uint32_t i = space->parameter_count; i-- > 0;) {
            levels[point * space->parameter_count + i] = rest % space->parameters[i].count;
            rest /= space->parameters[i].count;
        }
    }
}

static void fill_list(const struct sweep_space *space, uint32_t count, uint32_t *levels)
{
    for (uint32_t i = 0; i < count * space->parameter_count; i++) {
        levels[i] = i / space->parameter_count;
    }
}

static uint32_t level_at(const struct sweep_levels *parameter, double unit)
{
    const uint32_t level = (uint32_t)(unit * parameter->count);
    return level < parameter->count ? level : parameter->count - 1;
}

// One point in each of `count` equal parts of the parameter, in an order of its own: Fisher and
// Yates, from the stream named after the parameter, so a further parameter moves no other.
static void fill_stripes(const struct sweep_space *space, uint32_t parameter, uint32_t count,
                         uint32_t *levels)
{
    const struct sweep_levels *what = &space->parameters[parameter];
    struct random_stream stream;
    struct text name;
    text_init(&name);
    text_format(&name, "sweep/hypercube/%s", what->name);
    random_stream_init(&stream, random_key(space->seed, 0), text_hash(text_get(&name)));
    text_release(&name);
    uint32_t *order = check_calloc(count, sizeof *order);
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t other = (uint32_t)random_below(&stream, i + 1);
        order[i] = order[other];
        order[other] = i;
    }
    for (uint32_t i = 0; i < count; i++) {
        const double unit = (order[i] + random_unit(&stream)) / count;
        levels[i * space->parameter_count + parameter] = level_at(what, unit);
    }
    free(order);
}

static void fill_sobol(const struct sweep_space *space, uint32_t count, uint32_t *levels)
{
    const uint32_t width = space->parameter_count;
    double *units = check_calloc((size_t)count * width, sizeof *units);
    sequence_sobol(width, count, units);
    for (uint32_t i = 0; i < count * width; i++) {
        levels[i] = level_at(&space->parameters[i % width], units[i]);
    }
    free(units);
}

static uint32_t *fill_levels(const struct sweep_space *space, struct arena *arena, uint32_t count)
{
    uint32_t *levels =
        arena_take_array(arena, (size_t)count * space->parameter_count + 1, sizeof *levels);
    switch (space->design) {
    case SWEEP_GRID:
        fill_grid(space, count, levels);
        break;
    case SWEEP_LIST:
        fill_list(space, count, levels);
        break;
    case SWEEP_LHS:
        for (uint32_t i = 0; i < space->parameter_count; i++) {
            fill_stripes(space, i, count, levels);
        }
        break;
    case SWEEP_SOBOL:
        fill_sobol(space, count, levels);
        break;
    }
    return levels;
}

// ---- what counts
// -----------------------------------------------------------------------------------

struct sieve {
    const struct sweep_space *space;
    struct arena *arena;
    struct map seen;
    struct sweep_binding *bindings;
    struct sweep_scope scope;
};

static void name_values(struct sieve *sieve, const uint32_t *levels, const char **values)
{
    for (uint32_t i = 0; i < sieve->space->parameter_count; i++) {
        values[i] = sweep_levels_value(&sieve->space->parameters[i], sieve->arena, levels[i]);
        sieve->bindings[i].value = values[i];
    }
}

static bool is_seen(struct sieve *sieve, const uint32_t *levels)
{
    const uint32_t width = sieve->space->parameter_count;
    if (sieve->space->design < SWEEP_LHS) {
        return false;
    }
    const uint64_t key = digest_bytes(levels, width * sizeof *levels, 0);
    const bool seen = map_get(&sieve->seen, key) != 0;
    map_set(&sieve->seen, key, 1);
    return seen;
}

static bool counts(const struct sieve *sieve, bool *holds, struct sweep_points_wrong *wrong)
{
    *holds = true;
    for (uint32_t i = 0; i < SWEEP_CONDITIONS && *holds; i++) {
        const struct expression *condition = sieve->space->conditions[i];
        if (condition != NULL &&
            !sweep_where_holds(condition, &sieve->scope, holds, &wrong->nonsense)) {
            wrong->condition = i;
            return false;
        }
    }
    return true;
}

static bool sift(struct sieve *sieve, const uint32_t *levels, struct sweep_points *points,
                 struct sweep_points_wrong *wrong)
{
    const uint32_t width = sieve->space->parameter_count;
    for (uint32_t point = 0; point < points->designed; point++) {
        const uint32_t *from = levels + (size_t)point * width;
        const char **values = points->values + (size_t)points->count * width;
        bool holds = !is_seen(sieve, from);
        if (!holds) {
            continue;
        }
        name_values(sieve, from, values);
        if (!counts(sieve, &holds, wrong)) {
            return false;
        }
        if (holds) {
            memcpy(points->levels + (size_t)points->count * width, from, width * sizeof *from);
            points->count++;
        }
    }
    return true;
}

static void begin_sieve(struct sieve *sieve)
{
    const struct sweep_space *space = sieve->space;
    const uint32_t count = space->parameter_count + space->other_count;
    map_init(&sieve->seen);
    sieve->bindings = arena_take_array(sieve->arena, count, sizeof *sieve->bindings);
    for (uint32_t i = 0; i < space->parameter_count; i++) {
        sieve->bindings[i].name = space->parameters[i].name;
    }
    for (uint32_t i = 0; i < space->other_count; i++) {
        sieve->bindings[space->parameter_count + i] = space->others[i];
    }
    sieve->scope = (struct sweep_scope){sieve->bindings, count};
}

bool sweep_points_make(const struct sweep_space *space, struct arena *arena,
                       struct sweep_points *points, struct sweep_points_wrong *wrong)
{
    struct text *why = &wrong->nonsense.why;
    wrong->condition = SWEEP_CONDITIONS;
    *points = (struct sweep_points){.designed = space->wanted};
    if (space->parameter_count == 0) {
        return complain(why, "nothing is varied: write `sweep: {vary: {name: low..high step s}}` "
                             "into the scenario, or give --param NAME=VALUE,VALUE");
    }
    if ((space->design == SWEEP_GRID && !count_grid(space, &points->designed, why)) ||
        (space->design == SWEEP_LIST && !count_list(space, &points->designed, why))) {
        return false;
    }
    const size_t cells = (size_t)points->designed * space->parameter_count + 1;
    points->values = arena_take_array(arena, cells, sizeof *points->values);
    points->levels = arena_take_array(arena, cells, sizeof *points->levels);
    struct sieve sieve = {.space = space, .arena = arena};
    begin_sieve(&sieve);
    const bool good = sift(&sieve, fill_levels(space, arena, points->designed), points, wrong);
    map_release(&sieve.seen);
    return good && (points->count > 0 || complain(why, "no point is left: `where` holds nowhere"));
}
