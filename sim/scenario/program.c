// program - an operation's list of steps compiled to the flat table that visits walk.
#include "sim/scenario/program.h"

#include <string.h>

#include "sim/base/check.h"
#include "sim/base/text.h"
#include "sim/scenario/program_steps.h"
#include "sim/scenario/read_value.h"

// An upper bound of the branches below a node: elements of every `parallel`, every `spawn`,
// `publish`.
static uint32_t count_branches(const struct document_node *node)
{
    uint32_t count = 0;
    for (const struct document_node *child = node->first; child != NULL; child = child->next) {
        if (child->key != NULL && text_same(child->key, "parallel")) {
            const struct document_node *branches = document_peek(child, "branches");
            count += branches == NULL ? child->count : branches->count;
        }
        count += child->key != NULL &&
                 (text_same(child->key, "spawn") || text_same(child->key, "publish"));
        count += count_branches(child);
    }
    return count;
}

static bool check_name(const struct assembly *assembly, const struct document_node *node)
{
    struct document_node name = *node;
    const char *read;
    name.kind = DOCUMENT_SCALAR;
    name.text = node->key;
    name.place = node->key_place;
    return read_value_name(assembly->document, &name, &read);
}

bool program_declare(struct assembly *assembly, uint32_t number)
{
    struct component_design *component = &assembly->components[number];
    struct assembly_component *part = &assembly->parts[number];
    const struct document_node *node = part->section.operations;
    if (!read_value_is(assembly->document, node, DOCUMENT_MAPPING, "operations by name")) {
        return false;
    }
    const uint32_t room = node->count + count_branches(node);
    part->operations = arena_take_array(assembly->arena, room, sizeof *part->operations);
    bool good = true;
    uint32_t count = 0;
    for (struct document_node *child = node->first; child != NULL; child = child->next) {
        child->used = true;
        good = check_name(assembly, child) && good;
        part->operations[count] = (struct operation){.name = child->key, .number = (uint16_t)count};
        count++;
    }
    component->operations = part->operations;
    component->operation_count = count;
    return good;
}

static void finish(struct program *program)
{
    struct operation *operation = program->operation;
    operation->steps = program->steps.items;
    operation->step_count = (uint16_t)program->steps.count;
}

static void note_work(const struct program *program)
{
    struct assembly *assembly = program->assembly;
    struct assembly_work *work = assembly_add(assembly, &assembly->works, sizeof *work);
    *work = (struct assembly_work){program->root, program->cpu_s, program->waits, program->services,
                                   program->squares_s};
}

static void record_streams(struct assembly *assembly, uint32_t component)
{
    const struct assembly_list *streams = &assembly->parts[component].streams;
    assembly->components[component].streams = streams->items;
    assembly->components[component].stream_count = streams->count;
}

bool program_compile_list(struct assembly *assembly, uint32_t component,
                          const struct document_node *list, struct operation *operation)
{
    struct program program = {
        .assembly = assembly,
        .component = component,
        .root = operation,
        .operation = operation,
        .weight = 1,
    };
    const bool good = program_steps_list(&program, list);
    finish(&program);
    note_work(&program);
    record_streams(assembly, component);
    return good;
}

bool program_compile(struct assembly *assembly, uint32_t component)
{
    struct assembly_component *part = &assembly->parts[component];
    bool good = true;
    uint32_t number = 0;
    const struct document_node *child = part->section.operations->first;
    for (; child != NULL; child = child->next) {
        good = program_compile_list(assembly, component, child, &part->operations[number]) && good;
        number++;
    }
    return good;
}

struct operation *program_steps_internal(struct program *program)
{
    struct assembly *assembly = program->assembly;
    struct component_design *component = &assembly->components[program->component];
    struct operation *operation =
        &assembly->parts[program->component].operations[component->operation_count];
    *operation = (struct operation){
        .name = arena_format(assembly->arena, "%s/%u", program->root->name, ++program->branches),
        .number = (uint16_t)component->operation_count++,
        .internal = true,
    };
    return operation;
}

const struct operation *program_steps_branch(struct program *program,
                                             const struct document_node *list)
{
    struct operation *operation = program_steps_internal(program);
    struct program branch = *program;
    branch.operation = operation;
    branch.steps = (struct assembly_list){0};
    branch.loops = 0;
    const bool good = program_steps_list(&branch, list);
    finish(&branch);
    program->cpu_s = branch.cpu_s;
    program->waits = branch.waits;
    program->services = branch.services;
    program->squares_s = branch.squares_s;
    program->branches = branch.branches;
    return good ? operation : NULL;
}

// ---- moving on after service -------------------------------------------------------------------

void program_own_operation(struct assembly *assembly, uint32_t number)
{
    struct component_design *component = &assembly->components[number];
    CHECK(component->operation_count == 1);
    struct operation *operation = arena_take(assembly->arena, sizeof *operation);
    *operation = component->operations[0];
    assembly->parts[number].operations = operation;
    component->operations = operation;
}

bool program_then(struct assembly *assembly, uint32_t number, const struct document_node *then)
{
    struct component_design *component = &assembly->components[number];
    struct operation *operation = assembly->parts[number].operations;
    const struct operation own = *operation;
    struct program program = {
        .assembly = assembly,
        .component = number,
        .root = operation,
        .operation = operation,
        .weight = 1,
    };
    for (uint32_t i = 0; i < component->stream_count; i++) {
        const char **name = assembly_add(assembly, &assembly->parts[number].streams, sizeof *name);
        *name = component->streams[i];
    }
    for (uint16_t i = 0; i < own.step_count; i++) {
        program_steps_add(&program, own.steps[i]);
    }
    const bool good = program_steps_then(&program, then);
    finish(&program);
    record_streams(assembly, number);
    return good;
}
