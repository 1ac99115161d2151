// program_steps - the kinds of step, each compiled to one or a few rows of the table.
#include "sim/scenario/program_steps.h"

#include <string.h>

#include "sim/base/suggest.h"
#include "sim/base/text.h"
#include "sim/kernel/distribution.h"
#include "sim/scenario/read_distribution.h"
#include "sim/scenario/read_value.h"

uint16_t program_steps_add(struct program *program, struct step step)
{
    struct step *added = assembly_add(program->assembly, &program->steps, sizeof *added);
    *added = step;
    return (uint16_t)(program->steps.count - 1);
}

struct step *program_steps_at(struct program *program, uint16_t number)
{
    return (struct step *)program->steps.items + number;
}

static struct arena *arena_of(const struct program *program)
{
    return program->assembly->arena;
}

static struct document *document_of(const struct program *program)
{
    return program->assembly->document;
}

static uint32_t stream(struct program *program, const char *step)
{
    return assembly_stream(program->assembly, program->component, program->root->name, step);
}

static bool read_part(struct program *program, const struct document_node *value, const char *what,
                      const struct field *fields, void *section)
{
    const struct schema_mapping mapping = {
        .node = value,
        .what = arena_format(arena_of(program), "a `%s` step", what),
        .explain = arena_format(arena_of(program), "components.*.operations.*.%s", what),
        .parts = {{fields, section}},
    };
    return schema_read(&program->assembly->schema, &mapping);
}

// ---- work --------------------------------------------------------------------------------------

static void add_work(struct program *program, const char *name, enum outcome (*run)(struct visit *),
                     const struct work_step *work)
{
    struct work_step *argument = arena_take(arena_of(program), sizeof *argument);
    *argument = *work;
    program->waits += program->weight;
    program_steps_add(program, (struct step){name, run, argument, stream(program, name)});
}

static bool compile_cpu(struct program *program, const struct document_node *value,
                        const struct document_node *next)
{
    (void)next;
    struct work_step work = {.device = DESIGN_NONE};
    const bool good =
        read_distribution(document_of(program), value, READ_VALUE_DURATION, &work.time);
    if (good) {
        const double mean_s = distribution_mean(&work.time) / 1e9;
        program->cpu_s += program->weight * mean_s;
        program->services += program->weight;
        program->squares_s +=
            program->weight * (distribution_variance(&work.time) / 1e18 + mean_s * mean_s);
    }
    add_work(program, "cpu", step_run_cpu, &work);
    return good;
}

static bool compile_sleep(struct program *program, const struct document_node *value,
                          const struct document_node *next)
{
    (void)next;
    struct work_step work = {.device = DESIGN_NONE};
    const bool good =
        read_distribution(document_of(program), value, READ_VALUE_DURATION, &work.time);
    add_work(program, "sleep", step_run_sleep, &work);
    return good;
}

static uint32_t find_device(struct program *program, const struct document_node *value,
                            const char *name)
{
    const struct field_map *devices = &program->assembly->parts[program->component].section.devices;
    for (uint32_t i = 0; i < devices->count; i++) {
        if (text_same(devices->names[i], name)) {
            return i;
        }
    }
    assembly_complain(program->assembly, &(struct assembly_reference){
                                             .node = document_peek(value, "device"),
                                             .what = "device",
                                             .name = name,
                                             .names = devices->names,
                                             .count = devices->count,
                                         });
    return DESIGN_NONE;
}

static bool compile_io(struct program *program, const struct document_node *value,
                       const struct document_node *next)
{
    (void)next;
    struct work_step work = {.device = DESIGN_NONE};
    bool good;
    if (value->kind == DOCUMENT_SCALAR || document_peek(value, "dist") != NULL) {
        good = read_distribution(document_of(program), value, READ_VALUE_DURATION, &work.time);
    } else {
        struct section_io section = {0};
        good = read_part(program, value, "io", sections_io, &section);
        work.time = section.time;
        work.bytes = section.bytes;
        if (section.device != NULL) {
            work.device = find_device(program, value, section.device);
            good = good && work.device != DESIGN_NONE;
        }
    }
    add_work(program, "io", step_run_io, &work);
    return good;
}

// ---- calls -------------------------------------------------------------------------------------

static void note_call(struct program *program, const struct document_node *value,
                      const struct call_design *call, bool waits)
{
    assembly_flow(program->assembly, (struct assembly_flow){
                                         .component = program->component,
                                         .operation = program->root,
                                         .workload = DESIGN_NONE,
                                         .to = call->target,
                                         .to_operation = call->operation,
                                         .weight = program->weight,
                                         .waits = waits,
                                         .call = call,
                                         .node = value,
                                     });
}

static const char *target_name(struct program *program, const char *verb,
                               const struct call_design *call)
{
    const char *component = program->assembly->components[call->target].name;
    const char *what = call->topic != NULL ? call->topic : call->operation->name;
    return arena_format(arena_of(program), "%s %s.%s", verb, component, what);
}

static bool compile_call(struct program *program, const struct document_node *value,
                         const struct document_node *next)
{
    struct call_design *call = arena_take(arena_of(program), sizeof *call);
    const struct edge_design from = {.from = program->component, .workload = DESIGN_NONE};
    const bool good = assembly_call(program->assembly, value, from, call);
    if (call->operation == NULL) {
        return false;
    }
    call->stop = !program_steps_looks_back(next);
    note_call(program, value, call, true);
    program_steps_add(program,
                      (struct step){target_name(program, "call", call), step_run_call, call, 0});
    return good;
}

// Nobody waits: a branch of its own calls the broker.
static void publish_aside(struct program *program, struct step step)
{
    struct operation *branch = program_steps_internal(program);
    struct step *steps = arena_take(arena_of(program), sizeof *steps);
    struct spawn_step *spawn = arena_take(arena_of(program), sizeof *spawn);
    *steps = step;
    branch->steps = steps;
    branch->step_count = 1;
    spawn->branch = branch;
    program_steps_add(program, (struct step){step.name, step_run_spawn, spawn, 0});
}

static bool compile_publish(struct program *program, const struct document_node *value,
                            const struct document_node *next)
{
    struct call_design *call = arena_take(arena_of(program), sizeof *call);
    const struct edge_design from = {.from = program->component, .workload = DESIGN_NONE};
    const bool good = assembly_publish(program->assembly, value, from, call);
    if (call->topic == NULL) {
        return false;
    }
    call->stop = call->wait && !program_steps_looks_back(next);
    note_call(program, value, call, false);
    const struct step step = {target_name(program, "publish", call), step_run_publish, call, 0};
    if (call->wait) {
        program_steps_add(program, step);
    } else {
        publish_aside(program, step);
    }
    return good;
}

// ---- branches and bodies -----------------------------------------------------------------------

static bool compile_branches(struct program *program, const struct document_node *list,
                             struct parallel_step *parallel)
{
    const struct operation **branches =
        arena_take_array(arena_of(program), list->count + 1, sizeof(void *));
    bool good = true;
    for (const struct document_node *child = list->first; child != NULL; child = child->next) {
        branches[parallel->count] = program_steps_branch(program, child);
        good = good && branches[parallel->count] != NULL;
        parallel->count++;
    }
    parallel->branches = branches;
    return good;
}

static bool check_need(struct program *program, const struct document_node *value,
                       const struct parallel_step *parallel)
{
    const struct document_node *need = document_peek(value, "need");
    if (parallel->need <= parallel->count && parallel->count > 0) {
        return true;
    }
    diagnostic_caret(document_error(document_of(program), need == NULL ? value : need, "E0212",
                                    "`parallel` cannot need %u of its branches", parallel->need),
                     "it has %u", parallel->count);
    return false;
}

static bool compile_parallel(struct program *program, const struct document_node *value,
                             const struct document_node *next)
{
    struct parallel_step *parallel = arena_take(arena_of(program), sizeof *parallel);
    struct section_parallel section = {.branches = value};
    if (value->kind == DOCUMENT_MAPPING &&
        !read_part(program, value, "parallel", sections_parallel, &section)) {
        return false;
    }
    if (!read_value_is(document_of(program), section.branches, DOCUMENT_SEQUENCE, "branches")) {
        return false;
    }
    bool good = compile_branches(program, section.branches, parallel);
    parallel->need = section.need == 0 ? parallel->count : (uint32_t)section.need;
    parallel->stop = !program_steps_looks_back(next);
    good = check_need(program, value, parallel) && good;
    program->waits += program->weight;
    program_steps_add(program, (struct step){"parallel", step_run_parallel, parallel, 0});
    return good;
}

static bool compile_spawn(struct program *program, const struct document_node *value,
                          const struct document_node *next)
{
    (void)next;
    struct spawn_step *spawn = arena_take(arena_of(program), sizeof *spawn);
    spawn->branch = program_steps_branch(program, value);
    program_steps_add(program, (struct step){"spawn", step_run_spawn, spawn, 0});
    return spawn->branch != NULL;
}

static bool check_times(struct program *program, const struct document_node *value,
                        const struct section_repeat *section)
{
    if (program->loops == PROGRAM_LOOPS) {
        diagnostic_caret(document_error(document_of(program), value, "E0312",
                                        "`repeat` within `repeat` within `repeat`"),
                         "at most %d deep; put the inner steps into an operation of their own",
                         PROGRAM_LOOPS);
        return false;
    }
    if (distribution_minimum(&section->times) > UINT8_MAX) {
        diagnostic_caret(document_error(document_of(program), document_peek(value, "times"),
                                        "E0212", "`times` is too large"),
                         "at most %d", UINT8_MAX);
        return false;
    }
    return true;
}

static bool compile_repeat(struct program *program, const struct document_node *value,
                           const struct document_node *next)
{
    (void)next;
    struct section_repeat section = {0};
    if (!read_part(program, value, "repeat", sections_repeat, &section) ||
        !check_times(program, value, &section)) {
        return false;
    }
    struct repeat_step *begin = arena_take(arena_of(program), sizeof *begin);
    struct repeat_step *end = arena_take(arena_of(program), sizeof *end);
    begin->counter = (uint8_t)program->loops++;
    begin->limit = UINT8_MAX;
    begin->times = section.times;
    *end = *begin;
    const double weight = program->weight;
    program->weight *= distribution_mean(&section.times);
    const uint32_t number = stream(program, "repeat");
    end->first =
        (uint16_t)(program_steps_add(
                       program, (struct step){"repeat", step_run_repeat_begin, begin, number}) +
                   1);
    const bool good = program_steps_list(program, section.steps);
    begin->first =
        (uint16_t)(program_steps_add(program,
                                     (struct step){"repeat end", step_run_repeat, end, number}) +
                   1);
    program->weight = weight;
    program->loops--;
    return good;
}

static uint32_t find_pool(struct program *program, const struct document_node *value,
                          const char *name)
{
    const struct field_map *pools = &program->assembly->parts[program->component].section.pools;
    for (uint32_t i = 0; i < pools->count; i++) {
        if (text_same(pools->names[i], name)) {
            return i;
        }
    }
    assembly_complain(program->assembly, &(struct assembly_reference){
                                             .node = document_peek(value, "pool"),
                                             .what = "pool",
                                             .name = name,
                                             .names = pools->names,
                                             .count = pools->count,
                                         });
    return DESIGN_NONE;
}

static bool compile_with(struct program *program, const struct document_node *value,
                         const struct document_node *next)
{
    (void)next;
    struct section_with section = {0};
    if (!read_part(program, value, "with", sections_with, &section)) {
        return false;
    }
    struct pool_step *pool = arena_take(arena_of(program), sizeof *pool);
    pool->pool = find_pool(program, value, section.pool);
    program_steps_add(program,
                      (struct step){arena_format(arena_of(program), "take %s", section.pool),
                                    step_run_take, pool, 0});
    const bool good = program_steps_list(program, section.steps);
    program_steps_add(program,
                      (struct step){arena_format(arena_of(program), "give %s", section.pool),
                                    step_run_give, pool, 0});
    return good && pool->pool != DESIGN_NONE;
}

// ---- ends --------------------------------------------------------------------------------------

static bool add_answer(struct program *program, const char *name,
                       enum outcome (*run)(struct visit *), struct answer_step answer)
{
    struct answer_step *argument = arena_take(arena_of(program), sizeof *argument);
    *argument = answer;
    program_steps_add(program, (struct step){name, run, argument, 0});
    return true;
}

static bool compile_reply(struct program *program, const struct document_node *value,
                          const struct document_node *next)
{
    (void)next;
    struct section_reply section = {0};
    const bool good = value->kind == DOCUMENT_MAPPING
                          ? read_part(program, value, "reply", sections_reply, &section)
                          : read_value_bytes(document_of(program), value, &section.bytes);
    add_answer(program, "reply", step_run_reply,
               (struct answer_step){(enum status)section.status, section.bytes});
    return good;
}

static bool compile_fail(struct program *program, const struct document_node *value,
                         const struct document_node *next)
{
    (void)next;
    int status = STATUS_ERROR;
    const bool good = read_value_choice(document_of(program), value, sections_statuses, &status);
    if (good && status_is_good((enum status)status)) {
        diagnostic_caret(document_error(document_of(program), value, "E0313",
                                        "`fail` with a status that is good"),
                         "use `reply: {status: %s}`", value->text);
        return false;
    }
    add_answer(program, "fail", step_run_fail, (struct answer_step){(enum status)status, 0});
    return good;
}

// ---- lists -------------------------------------------------------------------------------------

static const struct {
    const char *name;
    program_steps_compile *compile;
    bool ends;
} kinds[] = {
    {"cpu", compile_cpu, false},
    {"io", compile_io, false},
    {"sleep", compile_sleep, false},
    {"call", compile_call, false},
    {"publish", compile_publish, false},
    {"parallel", compile_parallel, false},
    {"choose", program_steps_choose, false},
    {"repeat", compile_repeat, false},
    {"with", compile_with, false},
    {"spawn", compile_spawn, false},
    {"reply", compile_reply, false},
    {"fail", compile_fail, true},
};
enum { KINDS = sizeof kinds / sizeof kinds[0] };

static bool complain_kind(struct program *program, const struct document_node *node)
{
    const char *names[KINDS];
    for (size_t i = 0; i < KINDS; i++) {
        names[i] = kinds[i].name;
    }
    const char *near = suggest_nearest(node->key, names, KINDS);
    struct diagnostic *entry =
        document_key_error(document_of(program), node, "E0107", "unknown step `%s`", node->key);
    if (near != NULL) {
        diagnostic_caret(entry, "did you mean `%s`?", near);
    } else {
        diagnostic_caret(entry, "not a kind of step");
    }
    diagnostic_help(entry, "steps are cpu, io, sleep, call, publish, parallel, choose, repeat, "
                           "with, spawn, reply, fail  (orrery explain components.*.operations)");
    return false;
}

static bool compile_step(struct program *program, const struct document_node *step,
                         const struct document_node *next)
{
    struct document_node *value = step->first;
    if (step->kind != DOCUMENT_MAPPING || step->count != 1) {
        diagnostic_caret(
            document_error(document_of(program), step, "E0310", "a step is a map of one key"),
            "expected e.g. `cpu: 5ms`, got %s with %u", document_kind_name(step), step->count);
        return false;
    }
    value->used = true;
    for (size_t i = 0; i < KINDS; i++) {
        if (text_same(kinds[i].name, value->key)) {
            if (document_is_empty(value)) {
                document_key_error(document_of(program), value, "E0125", "`%s` has no value",
                                   value->key);
                return false;
            }
            return kinds[i].compile(program, value, next);
        }
    }
    return complain_kind(program, value);
}

// What stands behind a `fail` is never reached; behind a `reply` it runs with nobody waiting.
static void lint_end(struct program *program, const struct document_node *step)
{
    if (step->next != NULL && step->first != NULL && text_same(step->first->key, "fail")) {
        diagnostic_caret(document_warning(document_of(program), step->next, "W2007",
                                          "a step that is never reached"),
                         "`fail` has ended the operation");
    }
}

bool program_steps_list(struct program *program, const struct document_node *list)
{
    if (list->kind == DOCUMENT_MAPPING) {
        return compile_step(program, list, NULL);
    }
    if (!read_value_is(document_of(program), list, DOCUMENT_SEQUENCE, "a list of steps")) {
        return false;
    }
    bool good = true;
    for (const struct document_node *step = list->first; step != NULL; step = step->next) {
        if (program->steps.count > PROGRAM_STEPS) {
            document_error(document_of(program), step, "E0314",
                           "an operation of more than %d steps", PROGRAM_STEPS);
            return false;
        }
        good = compile_step(program, step, step->next) && good;
        if (step->kind == DOCUMENT_MAPPING) {
            lint_end(program, step);
        }
    }
    return good;
}
