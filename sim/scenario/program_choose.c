// program_choose - `choose` by share or by the last outcome, and where a station's visits move on
// to.
#include "sim/base/text.h"
#include "sim/base/units.h"
#include "sim/scenario/program_steps.h"
#include "sim/scenario/read_value.h"

static const uint32_t GOOD = 1u << STATUS_OK | 1u << STATUS_MISS;

// A hit ratio to estimate loads with, where the outcome of a look-up decides.
static const double HIT_SHARE = 0.8;

struct outcome_word {
    const char *name;
    uint32_t statuses;
    double share; // of the visits, for the estimate of loads
};

static uint32_t of_class(enum result_class class)
{
    uint32_t statuses = 0;
    for (uint32_t i = 0; i < STATUS_COUNT; i++) {
        statuses |= (uint32_t)(status_table[i].result == class) << i;
    }
    return statuses;
}

static bool find_outcome(const char *name, struct outcome_word *word)
{
    const struct outcome_word words[] = {
        {"hit", 1u << STATUS_OK, HIT_SHARE},
        {"miss", 1u << STATUS_MISS, 1 - HIT_SHARE},
        {"ok", GOOD, 1},
        {"failed", of_class(RESULT_FAILED), 0},
        {"unknown", of_class(RESULT_UNKNOWN), 0},
    };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (text_same(words[i].name, name)) {
            *word = words[i];
            return true;
        }
    }
    const enum status status = status_named(name);
    if (status == STATUS_COUNT) {
        return false;
    }
    *word = (struct outcome_word){name, 1u << status, 0};
    return true;
}

static bool is_share(const char *key, double *share)
{
    struct units_why why;
    return units_ratio(key, share, &why);
}

bool program_steps_looks_back(const struct document_node *next)
{
    if (next == NULL || next->kind != DOCUMENT_MAPPING || next->first == NULL ||
        !text_same(next->first->key, "choose")) {
        return false;
    }
    double share;
    const struct document_node *choice = next->first->first;
    for (; choice != NULL; choice = choice->next) {
        if (choice->key != NULL && !is_share(choice->key, &share) &&
            !text_same(choice->key, "otherwise")) {
            return true;
        }
    }
    return false;
}

// ---- choices -----------------------------------------------------------------------------------

struct chooser {
    struct program *program;
    const struct document_node *value;
    struct choice *choices;
    uint32_t count;
    uint32_t shares, outcomes; // branches of each kind
    double share;              // so far
    const struct document_node *otherwise;
    struct jump_step *ends; // of every branch, to be led to the end
};

static bool complain_choice(const struct chooser *chooser, const struct document_node *branch)
{
    struct diagnostic *entry = document_key_error(chooser->program->assembly->document, branch,
                                                  "E0315", "`%s` is no choice", branch->key);
    diagnostic_caret(entry, "expected a share (60%%), an outcome or `otherwise`");
    diagnostic_help(entry, "outcomes: hit, miss, ok, failed, unknown, or a status "
                           "(rejected, timeout, unavailable, ...)");
    return false;
}

// The kind of one branch, and how often it is taken on average.
static bool read_choice(struct chooser *chooser, const struct document_node *branch,
                        struct choice *choice, double *taken)
{
    double share;
    struct outcome_word word;
    if (is_share(branch->key, &share)) {
        chooser->shares++;
        chooser->share += share;
        *taken = share;
        *choice = (struct choice){.kind = CHOICE_SHARE, .share = chooser->share};
        return true;
    }
    if (find_outcome(branch->key, &word)) {
        chooser->outcomes++;
        *taken = word.share;
        *choice = (struct choice){.kind = CHOICE_STATUS, .statuses = word.statuses};
        return true;
    }
    return complain_choice(chooser, branch);
}

static void add_jump(struct chooser *chooser, uint32_t number)
{
    program_steps_add(chooser->program,
                      (struct step){"go on", step_run_jump, &chooser->ends[number], 0});
}

static bool compile_branch(struct chooser *chooser, const struct document_node *branch,
                           struct choice *choice, double taken)
{
    struct program *program = chooser->program;
    const double weight = program->weight;
    program->weight *= taken;
    choice->target = (uint16_t)program->steps.count;
    const bool empty = branch->kind == DOCUMENT_SEQUENCE && branch->count == 0;
    const bool good = empty || program_steps_list(program, branch);
    program->weight = weight;
    return good;
}

static bool compile_choices(struct chooser *chooser)
{
    bool good = true;
    struct document_node *branch = chooser->value->first;
    for (; branch != NULL; branch = branch->next) {
        branch->used = true;
        if (text_same(branch->key, "otherwise")) {
            chooser->otherwise = branch;
            continue;
        }
        double taken = 0;
        struct choice *choice = &chooser->choices[chooser->count];
        if (!read_choice(chooser, branch, choice, &taken)) {
            good = false;
            continue;
        }
        good = compile_branch(chooser, branch, choice, taken) && good;
        add_jump(chooser, chooser->count++);
    }
    return good;
}

static bool check_choices(const struct chooser *chooser)
{
    const struct document *document = chooser->program->assembly->document;
    if (chooser->shares > 0 && chooser->outcomes > 0) {
        diagnostic_caret(document_error(document, chooser->value, "E0316",
                                        "`choose` by share and by outcome at once"),
                         "one within the other says which comes first");
        return false;
    }
    const double left = 1 - chooser->share;
    if (chooser->shares > 0 && (left < -1e-9 || (left > 1e-9 && chooser->otherwise == NULL))) {
        diagnostic_caret(document_error(document, chooser->value, "E0317",
                                        "the shares of `choose` are not 100%%"),
                         "they are %g%%; `otherwise` takes the rest", chooser->share * 100);
        return false;
    }
    return true;
}

// An outcome without a branch: good ones go on, others end the operation.
static void pass_on(struct chooser *chooser, uint16_t end)
{
    struct choice *last = &chooser->choices[chooser->count++];
    *last = (struct choice){.kind = CHOICE_STATUS, .statuses = GOOD, .target = end};
}

bool program_steps_choose(struct program *program, const struct document_node *value,
                          const struct document_node *next)
{
    (void)next;
    struct arena *arena = program->assembly->arena;
    if (!read_value_is(program->assembly->document, value, DOCUMENT_MAPPING, "choices")) {
        return false;
    }
    struct choose_step *choose = arena_take(arena, sizeof *choose);
    struct chooser chooser = {
        .program = program,
        .value = value,
        .choices = arena_take_array(arena, value->count + 2, sizeof(struct choice)),
        .ends = arena_take_array(arena, value->count + 2, sizeof(struct jump_step)),
    };
    const bool by_outcome = program_steps_looks_back(&(struct document_node){
        .kind = DOCUMENT_MAPPING,
        .first = &(struct document_node){.key = "choose", .first = value->first},
    });
    const uint32_t number = by_outcome ? 0
                                       : assembly_stream(program->assembly, program->component,
                                                         program->root->name, "choose");
    program_steps_add(program, (struct step){"choose", step_run_choose, choose, number});
    bool good = compile_choices(&chooser);
    struct choice otherwise = {0};
    if (chooser.otherwise != NULL) {
        const double left = chooser.shares > 0 ? 1 - chooser.share : 0;
        good = compile_branch(&chooser, chooser.otherwise, &otherwise, left) && good;
    }
    const uint16_t end = (uint16_t)program->steps.count;
    for (uint32_t i = 0; i < value->count; i++) {
        chooser.ends[i].target = end;
    }
    if (chooser.otherwise != NULL) {
        choose->otherwise = otherwise.target;
    } else if (by_outcome) {
        choose->otherwise = VISIT_STOPPED;
        pass_on(&chooser, end);
    } else {
        choose->otherwise = end;
    }
    choose->choices = chooser.choices;
    choose->count = chooser.count;
    return good && check_choices(&chooser);
}

// ---- then --------------------------------------------------------------------------------------

static bool read_moves(struct program *program, const struct document_node *then,
                       struct field_list *moves)
{
    static const struct field row = {
        .name = "then",
        .type = FIELD_LIST,
        .meaning = "targets by probability",
        .size = sizeof(struct section_move),
        .sub = sections_move,
    };
    return schema_read_field(&program->assembly->schema, then, &row, moves);
}

static const struct document_node *move_node(const struct document_node *then, uint32_t number)
{
    const struct document_node *node = then->kind == DOCUMENT_MAPPING ? then : then->first;
    for (uint32_t i = 0; i < number; i++) {
        node = node->next;
    }
    return node;
}

static bool add_move(struct program *program, const struct document_node *node,
                     const struct section_move *move)
{
    struct assembly *assembly = program->assembly;
    const struct document_node *to = document_peek(node, "to");
    struct assembly_target target;
    if (move->to == NULL || !assembly_target(assembly, to, move->to, &target)) {
        return false;
    }
    struct call_design *call = arena_take(assembly->arena, sizeof *call);
    const struct edge_design edge = {program->component, DESIGN_NONE, target.component, NULL};
    *call = (struct call_design){
        .target = target.component,
        .operation = target.operation,
        .retry = {.attempts = 1},
        .units = 1,
        .edge = assembly_edge(assembly, edge),
    };
    assembly_flow(assembly, (struct assembly_flow){
                                .component = program->component,
                                .operation = program->root,
                                .workload = DESIGN_NONE,
                                .to = target.component,
                                .to_operation = target.operation,
                                .weight = move->probability,
                                .call = call,
                                .node = to,
                            });
    program_steps_add(program, (struct step){arena_format(assembly->arena, "move to %s", move->to),
                                             step_run_move, call, 0});
    return true;
}

bool program_steps_then(struct program *program, const struct document_node *then)
{
    struct assembly *assembly = program->assembly;
    struct field_list moves = {0};
    if (!read_moves(program, then, &moves)) {
        return false;
    }
    const struct section_move *items = moves.items;
    if (moves.count == 1 && items[0].probability == 1) {
        return add_move(program, move_node(then, 0), &items[0]);
    }
    struct choose_step *choose = arena_take(assembly->arena, sizeof *choose);
    struct choice *choices = arena_take_array(assembly->arena, moves.count + 1, sizeof *choices);
    program_steps_add(program, (struct step){"then", step_run_choose, choose,
                                             assembly_stream(assembly, program->component,
                                                             program->root->name, "then")});
    bool good = true;
    double share = 0;
    for (uint32_t i = 0; i < moves.count; i++) {
        share += items[i].probability;
        choices[i] = (struct choice){
            .kind = CHOICE_SHARE, .share = share, .target = (uint16_t)program->steps.count};
        good = add_move(program, move_node(then, i), &items[i]) && good;
    }
    *choose = (struct choose_step){moves.count, choices, (uint16_t)program->steps.count};
    if (share > 1 + 1e-9) {
        diagnostic_caret(document_error(assembly->document, then, "E0317",
                                        "the probabilities of `then` are more than 100%%"),
                         "they are %g%%", share * 100);
        good = false;
    }
    return good;
}
