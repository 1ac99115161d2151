// stage - a scenario given as text, loaded and run step by step, for tests of models.
#include "tests/models/stage.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "models/catalog.h"
#include "sim/engine/node.h"

static bool load(struct stage *stage, const char *text)
{
    const struct scenario_options options = {0};
    const struct document_bytes bytes = {"stage.yaml", text, strlen(text)};
    diagnostic_init(&stage->diagnostics);
    return scenario_load_bytes(&stage->scenario, bytes, &options, &catalog_all,
                               &stage->diagnostics);
}

static void unload(struct stage *stage)
{
    scenario_release(&stage->scenario);
    diagnostic_release(&stage->diagnostics);
}

void stage_begin(struct stage *stage, const char *text)
{
    *stage = (struct stage){0};
    const bool good = load(stage, text);
    for (uint32_t i = 0; i < stage->diagnostics.count; i++) {
        const struct diagnostic *entry = stage->diagnostics.entries[i];
        fprintf(stderr, "%u:%u %s %s: %s\n", entry->place.line, entry->place.column, entry->code,
                entry->message, entry->caret == NULL ? "" : entry->caret);
    }
    cr_assert(good, "the scenario has mistakes");
    stage->world = world_begin(&stage->scenario.design, 0);
    meter_clear(stage->world);
}

void stage_run(struct stage *stage, int64_t until_ns)
{
    cr_assert(world_run(stage->world, until_ns));
}

void stage_end(struct stage *stage)
{
    struct run_record record;
    meter_close(stage->world);
    run_note(stage->world, RUN_DONE, &record);
    for (uint32_t i = 0; i < record.invariant_count; i++) {
        cr_assert_eq(record.invariants[i].violated, 0, "%s: %s", record.invariants[i].name,
                     record.invariants[i].first);
    }
    world_end(stage->world);
    run_record_release(&record, &stage->scenario.design);
    unload(stage);
}

void stage_drop(struct stage *stage)
{
    world_end(stage->world);
    unload(stage);
}

bool stage_refuses(const char *text, const char *code)
{
    struct stage stage;
    bool refused = !load(&stage, text);
    bool named = false;
    for (uint32_t i = 0; i < stage.diagnostics.count; i++) {
        named = named || strcmp(stage.diagnostics.entries[i]->code, code) == 0;
    }
    unload(&stage);
    return refused && named;
}

struct component *stage_component(const struct stage *stage, const char *name)
{
    const uint32_t number = design_component(&stage->scenario.design, name);
    cr_assert_neq(number, DESIGN_NONE, "%s", name);
    return &stage->world->components[number];
}

double stage_metric(const struct stage *stage, const char *component, const char *metric)
{
    const struct component *found = stage_component(stage, component);
    const struct model_metric *row = found->design->model->metrics;
    while (row->name != NULL && strcmp(row->name, metric) != 0) {
        row++;
    }
    cr_assert_not_null(row->name, "%s", metric);
    return row->read(found);
}

const struct operation_meter *stage_meter(const struct stage *stage, const char *component,
                                          const char *operation)
{
    const struct component *found = stage_component(stage, component);
    const struct operation *row = design_operation(found->design, operation);
    cr_assert_not_null(row, "%s", operation);
    return meter_operation(&stage->world->meter, found->number, row->number);
}

uint64_t stage_count(const struct stage *stage, const char *component, const char *operation,
                     enum status status)
{
    return stage_meter(stage, component, operation)->statuses[status];
}

void stage_on_kill(void *node, uint64_t dark)
{
    node_kill(node, dark != 0);
}

void stage_on_restart(void *node, uint64_t word)
{
    (void)word;
    node_restart(node);
}

void stage_strike(const struct stage *stage, struct node *node,
                  void (*act)(void *node, uint64_t word), uint64_t word)
{
    struct world *world = stage->world;
    event_queue_at(world->queue, world->now, (struct event){act, node, word, 0});
    world_run(world, world->now + 1);
}
