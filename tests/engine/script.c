// script - a stage whose component runs tables of steps that the test writes down.
#include "tests/engine/script.h"

#include <criterion/criterion.h>
#include <string.h>

void script_init(struct script *script, uint64_t pool_size, uint64_t pool_queue)
{
    static const char *const names[SCRIPT_OPERATIONS] = {"ask", "one", "two", "three", "four",
                                                         "five"};
    memset(script, 0, sizeof *script);
    stage_init(&script->stage, 1, 0, 0);
    script->pool = (struct pool_design){"pool", pool_size, pool_queue};
    struct component_design *design = &script->stage.tiny.components[0];
    design->pool_count = 1;
    design->pools = &script->pool;
    design->operations = script->operations;
    design->operation_count = SCRIPT_OPERATIONS;
    for (uint16_t i = 0; i < SCRIPT_OPERATIONS; i++) {
        script->operations[i] = (struct operation){
            .name = names[i], .steps = script->steps[i], .number = i, .internal = i > 0};
    }
    // The clients of a stage ask for this one.
    script->stage.tiny.parts[0].operation = script->operations[0];
}

void script_step(struct script *script, uint32_t operation,
                 enum outcome (*run)(struct visit *visit), const void *argument)
{
    struct operation *into = &script->operations[operation];
    script->steps[operation][into->step_count++] = (struct step){"step", run, argument, 0};
    if (operation == 0) {
        script->stage.tiny.parts[0].operation = *into;
    }
}

void script_sleep(struct script *script, uint32_t operation, double seconds)
{
    const uint16_t at = script->operations[operation].step_count;
    struct work_step *work = &script->works[operation][at];
    *work = (struct work_step){distribution_constant(seconds * 1e9), DESIGN_NONE, 0};
    script_step(script, operation, step_run_sleep, work);
}

struct pool *script_pool(struct script *script)
{
    return &script->stage.tiny.world->nodes[0]->pools[0];
}

void script_expect(const struct script *script, uint32_t workload, uint64_t count, double latency)
{
    const struct histogram *seen = &script->stage.tiny.world->meter.workloads[workload].latency;
    cr_assert_eq(seen->count, count, "%lu answers", (unsigned long)seen->count);
    cr_assert_eq((int64_t)seen->sum, (int64_t)(latency * 1e9 + 0.5), "latency %.9f",
                 (double)seen->sum / 1e9);
}
