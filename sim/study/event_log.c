// event_log - writes events as they happen.
#include "sim/study/event_log.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "sim/base/file.h"
#include "sim/engine/visit.h"
#include "sim/engine/workload.h"
#include "sim/engine/world.h"

enum { KIND_MASK = 0xfff, NODE_SHIFT = 12, BUFFER = 1 << 20 };

enum { WORKLOAD_TAG = 0xfff, FAULT_TAG = 0xffe }; // the upper 12 bits of a tag

struct kind_row {
    uint32_t kind;
    const char *name;
};

static const struct kind_row kinds[] = {
    {0xfe0, "delivered"}, {0xfe1, "served"}, {0xfe2, "patience"}, {0xfe3, "served"},
    {0xfee, "sample"},    {0xff0, "wake"},   {0xff1, "answer"},   {0xff3, "retry"},
    {0xff4, "timeout"},   {0xff5, "hedge"},  {0xff6, "give-up"},  {0xff8, "timer"},
    {0xff9, "start"},
};

static const char *const workload_kinds[] = {"intended", "session", "tick", "socket", "churn"};
static const char *const fault_kinds[] = {"strike", "end", "reschedule"};

static const char *kind_of(const struct event *event)
{
    const uint32_t upper = event->tag >> 20, low = event->tag & 0xff;
    if (upper == WORKLOAD_TAG) {
        return low < sizeof workload_kinds / sizeof *workload_kinds ? workload_kinds[low] : "event";
    }
    if (upper == FAULT_TAG) {
        return low < sizeof fault_kinds / sizeof *fault_kinds ? fault_kinds[low] : "event";
    }
    if (event->act == visit_on_arrival) {
        return "arrival";
    }
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (kinds[i].kind == (event->tag & KIND_MASK)) {
            return kinds[i].name;
        }
    }
    return event->act == visit_on_wake ? "wake" : "event";
}

// The server's visit, where a station ends a service at its processor.
static const struct visit *served_visit(struct world *world, const struct node *node,
                                        const struct event *event)
{
    const struct station *station = &node->cpu;
    if (event->subject != station || event->argument >= station->service_used ||
        (event->tag & KIND_MASK) != 0xfe1) {
        return NULL;
    }
    return visit_of(world, station->services[event->argument].ticket);
}

// A name inside a JSON string.
static void add_name(struct event_log *log, const char *name)
{
    for (; *name != '\0'; name++) {
        if (*name == '"' || *name == '\\') {
            text_add_char(&log->line, '\\');
        }
        text_add_char(&log->line, *name);
    }
}

static void add_visit(struct event_log *log, struct world *world, const struct visit *visit)
{
    const uint32_t workload = workload_of(visit->request);
    if (workload < world->design->workload_count) {
        text_add(&log->line, ", \"request\": \"");
        add_name(log, world->design->workloads[workload].name);
        text_format(&log->line, "#%" PRIu64 "\"", visit->request & (((uint64_t)1 << 48) - 1));
    }
    text_add(&log->line, ", \"operation\": \"");
    add_name(log, visit->operation->name);
    text_add_char(&log->line, '"');
    if (visit->step < visit->operation->step_count) {
        text_add(&log->line, ", \"step\": \"");
        add_name(log, visit->operation->steps[visit->step].name);
        text_add_char(&log->line, '"');
    }
}

// The component's replica, the workload or the fault whose event it is.
static void add_owner(struct event_log *log, const struct world *world, const struct event *event)
{
    const struct design *design = world->design;
    const uint32_t number = event->tag >> NODE_SHIFT, upper = event->tag >> 20;
    const uint32_t owner = event->tag >> 8 & 0xfff;
    if (upper == WORKLOAD_TAG && owner < design->workload_count) {
        text_add(&log->line, "\"workload\": \"");
        add_name(log, design->workloads[owner].name);
        text_add_char(&log->line, '"');
    } else if (upper == FAULT_TAG && owner < design->fault_count) {
        text_add(&log->line, "\"fault\": \"");
        add_name(log, design->faults[owner].name);
        text_add_char(&log->line, '"');
    } else if (event->tag != 0xfee && number < world->node_count) {
        const struct node *node = world->nodes[number];
        text_add(&log->line, "\"node\": \"");
        add_name(log, node->component->design->name);
        text_format(&log->line, "/%u\"", node->replica);
    } else {
        text_add(&log->line, "\"node\": null");
    }
}

static void on_event(struct world *world, int64_t time, const struct event *event)
{
    struct event_log *log = world->watch_context;
    if (log->failed) {
        return;
    }
    const uint32_t number = event->tag >> NODE_SHIFT;
    const struct visit *visit = NULL;
    if (event->act == visit_on_arrival || event->act == visit_on_wake) {
        visit = visit_of(world, event->argument);
    } else if (number < world->node_count) {
        visit = served_visit(world, world->nodes[number], event);
    }
    text_clear(&log->line);
    text_format(&log->line, "{\"t_ns\": %" PRId64 ", ", time);
    add_owner(log, world, event);
    text_format(&log->line, ", \"event\": \"%s\"", kind_of(event));
    if (visit != NULL && visit->operation != NULL) {
        add_visit(log, world, visit);
    }
    text_format(&log->line, ", \"argument\": %" PRIu64 "}\n", event->argument);
    log->failed = fwrite(text_get(&log->line), 1, log->line.length, log->file) != log->line.length;
}

bool event_log_begin(struct event_log *log, const char *path, struct text *why)
{
    *log = (struct event_log){0};
    text_init(&log->path);
    text_init(&log->temporary);
    text_init(&log->line);
    text_add(&log->path, path);
    file_temporary(path, &log->temporary);
    log->file = fopen(text_get(&log->temporary), "we");
    if (log->file == NULL) {
        text_clear(why);
        text_format(why, "cannot write `%s`: %s", path, strerror(errno));
        text_release(&log->path);
        text_release(&log->temporary);
        return false;
    }
    setvbuf(log->file, NULL, _IOFBF, BUFFER);
    return true;
}

void event_log_attach(struct event_log *log, struct world *world)
{
    world->watch = on_event;
    world->watch_context = log;
}

bool event_log_end(struct event_log *log, bool keep, struct text *why)
{
    bool good = true;
    const bool closed = fclose(log->file) == 0;
    if (!keep) {
        unlink(text_get(&log->temporary));
    } else if (log->failed || !closed) {
        text_clear(why);
        text_format(why, "cannot write `%s`: %s", text_get(&log->path), strerror(errno));
        unlink(text_get(&log->temporary));
        good = false;
    } else {
        good = file_commit(text_get(&log->temporary), text_get(&log->path), why);
    }
    text_release(&log->path);
    text_release(&log->temporary);
    text_release(&log->line);
    return good;
}
