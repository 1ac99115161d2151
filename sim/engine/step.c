// step - the verbs with which a step function closes, and the steps of the scenario language.
#include "sim/engine/step.h"

#include "sim/engine/join.h"
#include "sim/engine/node.h"
#include "sim/engine/world.h"

// ---- verbs --------------------------------------------------------------------------------------

enum outcome step_hold(struct visit *visit, int64_t ns, int part)
{
    struct world *world = visit->node->world;
    if (visit->node->slowness != 1) {
        ns = time_of((double)ns * visit->node->slowness + 0.5);
    }
    world_meter(visit)->parts_ns[part] += ns;
    if (ns == 0) {
        return OUTCOME_NEXT;
    }
    const struct event event = {visit_on_wake, world, visit_ticket(visit),
                                world_tag(visit->node, visit->step & 0x7ffu)};
    event_queue_at(world->queue, time_after(world->now, ns), event);
    return OUTCOME_WAIT;
}

enum outcome step_cpu(struct visit *visit, int64_t ns)
{
    return station_serve(&visit->node->cpu, visit, ns);
}

enum outcome step_give(struct visit *visit, struct pool *pool)
{
    pool_give(pool, visit);
    return OUTCOME_NEXT;
}

enum outcome step_wait(struct visit *visit)
{
    visit->since_ns = visit->node->world->now;
    return OUTCOME_WAIT;
}

enum outcome step_reply(struct visit *visit, enum status status)
{
    visit->status = (uint8_t)status;
    return OUTCOME_END;
}

enum outcome step_reply_bytes(struct visit *visit, enum status status, uint64_t bytes)
{
    visit_answer(visit, status, bytes);
    visit->status = (uint8_t)status;
    return OUTCOME_END;
}

// ---- compiled steps -----------------------------------------------------------------------------

static int64_t draw(const struct visit *visit, const struct distribution *law)
{
    return distribution_draw(law, visit_stream(visit));
}

enum outcome step_run_cpu(struct visit *visit)
{
    const struct work_step *work = visit_argument(visit);
    return step_cpu(visit, draw(visit, &work->time));
}

static enum outcome use_device(struct visit *visit, const struct work_step *work)
{
    const struct device_design *device = &visit->node->component->design->devices[work->device];
    int64_t time = draw(visit, &work->time);
    double transfer = 0;
    if (device->bandwidth > 0) {
        transfer = (double)work->bytes / device->bandwidth * 1e9;
    }
    if (device->iops > 0 && 1e9 * device->servers / device->iops > (double)time + transfer) {
        time = (int64_t)(1e9 * device->servers / device->iops + 0.5);
    } else {
        time += (int64_t)(transfer + 0.5);
    }
    return station_serve(&visit->node->devices[work->device], visit, time);
}

enum outcome step_run_io(struct visit *visit)
{
    const struct work_step *work = visit_argument(visit);
    if (work->device != DESIGN_NONE) {
        return use_device(visit, work);
    }
    return step_hold(visit, draw(visit, &work->time), METER_IO);
}

enum outcome step_run_sleep(struct visit *visit)
{
    const struct work_step *work = visit_argument(visit);
    return step_hold(visit, draw(visit, &work->time), METER_OTHER);
}

enum outcome step_run_call(struct visit *visit)
{
    return call_begin(visit, visit_argument(visit));
}

// Publishing without waiting is a branch of its own that calls the broker.
enum outcome step_run_publish(struct visit *visit)
{
    return call_begin(visit, visit_argument(visit));
}

enum outcome step_run_parallel(struct visit *visit)
{
    const struct parallel_step *parallel = visit_argument(visit);
    struct world *world = visit->node->world;
    visit->since_ns = world->now;
    const uint32_t number =
        join_begin(world, visit_ticket(visit), parallel->count, parallel->need);
    ((struct join *)slots_at(&world->joins, number))->stop = parallel->stop;
    for (uint32_t i = 0; i < parallel->count; i++) {
        visit_branch(visit, parallel->branches[i], number);
    }
    return OUTCOME_WAIT;
}

static bool matches(const struct choice *choice, double share, uint8_t status)
{
    switch (choice->kind) {
    case CHOICE_SHARE:
        return share < choice->share;
    case CHOICE_STATUS:
        return choice->statuses >> status & 1;
    case CHOICE_OTHERWISE:
        break;
    }
    return true;
}

enum outcome step_run_choose(struct visit *visit)
{
    const struct choose_step *choose = visit_argument(visit);
    double share = 0;
    if (choose->count > 0 && choose->choices[0].kind == CHOICE_SHARE) {
        share = random_unit(visit_stream(visit));
    }
    for (uint32_t i = 0; i < choose->count; i++) {
        if (matches(&choose->choices[i], share, visit->status)) {
            return step_jump(visit, choose->choices[i].target);
        }
    }
    return step_jump(visit, choose->otherwise);
}

enum outcome step_run_jump(struct visit *visit)
{
    const struct jump_step *jump = visit_argument(visit);
    return step_jump(visit, jump->target);
}

enum outcome step_run_repeat_begin(struct visit *visit)
{
    const struct repeat_step *repeat = visit_argument(visit);
    int64_t times = draw(visit, &repeat->times);
    if (times > repeat->limit) {
        times = repeat->limit;
    }
    visit->loops[repeat->counter] = (uint8_t)times;
    return times > 0 ? OUTCOME_NEXT : step_jump(visit, repeat->first);
}

enum outcome step_run_repeat(struct visit *visit)
{
    const struct repeat_step *repeat = visit_argument(visit);
    if (--visit->loops[repeat->counter] > 0) {
        return step_jump(visit, repeat->first);
    }
    return OUTCOME_NEXT;
}

enum outcome step_run_take(struct visit *visit)
{
    const struct pool_step *step = visit_argument(visit);
    return pool_take(&visit->node->pools[step->pool], visit);
}

enum outcome step_run_give(struct visit *visit)
{
    const struct pool_step *step = visit_argument(visit);
    return step_give(visit, &visit->node->pools[step->pool]);
}

enum outcome step_run_spawn(struct visit *visit)
{
    const struct spawn_step *spawn = visit_argument(visit);
    visit_branch(visit, spawn->branch, 0);
    return OUTCOME_NEXT;
}

enum outcome step_run_move(struct visit *visit)
{
    return call_move(visit, visit_argument(visit));
}

enum outcome step_run_reply(struct visit *visit)
{
    const struct answer_step *answer = visit_argument(visit);
    if (visit->step + 1 == visit->operation->step_count) {
        return step_reply(visit, answer->status);
    }
    visit_answer(visit, answer->status, answer->bytes);
    visit->status = (uint8_t)answer->status;
    return OUTCOME_NEXT;
}

enum outcome step_run_fail(struct visit *visit)
{
    const struct answer_step *answer = visit_argument(visit);
    return step_reply(visit, answer->status);
}

uint64_t step_answer_bytes(const struct step *step)
{
    if (step->run != step_run_reply) {
        return 0;
    }
    const struct answer_step *answer = step->argument;
    return answer->bytes;
}
