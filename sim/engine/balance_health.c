// balance_health - the health checks: when a dead replica leaves the list and when it is back.
#include "sim/engine/balance_health.h"

#include "sim/base/check.h"
#include "sim/base/text.h"
#include "sim/engine/world.h"

enum { HEALTH_EVENT = 0xfe1 };

int64_t balance_health_probe(const struct detection_design *detection, int64_t phase_ns,
                             int64_t at_ns)
{
    CHECK(detection->period_ns > 0);
    if (at_ns <= phase_ns) {
        return phase_ns;
    }
    const int64_t period = detection->period_ns;
    return time_after(at_ns, (period - (at_ns - phase_ns) % period) % period);
}

int64_t balance_health_decision(const struct detection_design *detection, int64_t phase_ns,
                                int64_t at_ns, bool answers)
{
    const uint32_t needed = answers ? detection->successes : detection->failures;
    const int64_t first = balance_health_probe(detection, phase_ns, at_ns);
    return needed <= 1 ? first : time_after(first, (needed - 1) * detection->period_ns);
}

static bool node_answers(const struct node *node)
{
    return node->life == NODE_UP && node->pauses == 0;
}

static struct balance_health *health_of(const struct node *node)
{
    return &node->world->health[node->number];
}

void balance_health_begin(struct world *world)
{
    world->health = arena_take_array(&world->arena, world->node_count, sizeof *world->health);
    for (uint32_t i = 0; i < world->node_count; i++) {
        struct node *node = world->nodes[i];
        const struct detection_design *detection = &node->component->design->detection;
        node->listed = !detection->health_check || node->life == NODE_UP;
        if (detection->health_check) {
            const char *name = arena_format(&world->arena, "health/%s/%u",
                                            node->component->design->name, node->replica);
            CHECK(detection->period_ns > 0);
            world->health[i].phase_ns =
                (int64_t)(text_hash(name) % (uint64_t)detection->period_ns);
        }
    }
}

static void on_decision(void *subject, uint64_t argument);

static void await(struct node *node, int64_t from_ns, bool delists)
{
    struct world *world = node->world;
    const struct detection_design *detection = &node->component->design->detection;
    struct balance_health *health = health_of(node);
    const bool silent = node->life == NODE_DARK || node->life == NODE_UP;
    const struct event event = {on_decision, node, 0, world_tag(node, HEALTH_EVENT)};
    health->delists = delists;
    health->probe_ns = balance_health_decision(detection, health->phase_ns, from_ns, !delists);
    const int64_t delay = delists && silent ? detection->timeout_ns : 0;
    health->event = event_queue_at(world->queue, time_after(health->probe_ns, delay), event);
}

static void on_decision(void *subject, uint64_t argument)
{
    (void)argument;
    struct node *node = subject;
    struct balance_health *health = health_of(node);
    health->event = EVENT_NONE;
    node->listed = !health->delists;
    balance_note_delisted(node, health->delists ? 1 : -1);
    meter_log(node->world, health->delists ? LOG_DELIST : LOG_RELIST, (int32_t)node->number, 0);
    if (health->delists && node_answers(node)) {
        await(node, time_after(node->world->now, 1), false);
    }
}

static void drop_decision(const struct node *node, struct balance_health *health)
{
    event_queue_cancel(node->world->queue, health->event);
    health->event = EVENT_NONE;
}

static void node_fell_silent(struct node *node, struct balance_health *health)
{
    if (health->event != EVENT_NONE && health->delists) {
        return;
    }
    drop_decision(node, health);
    if (node->listed) {
        await(node, node->world->now, true);
    }
}

static void node_came_back(struct node *node, struct balance_health *health)
{
    const bool too_late = health->delists && health->probe_ns < node->world->now;
    if (health->event != EVENT_NONE && (too_late || !health->delists)) {
        return; // the last probe is on its way unanswered, or the return has been seen
    }
    drop_decision(node, health);
    if (!node->listed) {
        await(node, node->world->now, false);
    }
}

void balance_health_changed(struct node *node)
{
    if (!node->component->design->detection.health_check || node->world->health == NULL) {
        return;
    }
    if (node_answers(node)) {
        node_came_back(node, health_of(node));
    } else {
        node_fell_silent(node, health_of(node));
    }
}
