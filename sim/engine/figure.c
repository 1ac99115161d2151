// figure - the figures of a component at the end of a replication: its model's own, then the
// engine's.
#include "sim/engine/figure.h"

#include "sim/base/check.h"
#include "sim/engine/audit.h"

// ---- consumers ----------------------------------------------------------------------------------

static bool consumes(const struct design *design, uint32_t component, uint32_t consumer)
{
    return design->consumers[consumer].component == component;
}

// The lags of all consumers of the component in one histogram; the caller releases it.
static struct histogram lags_of(const struct component *component)
{
    const struct design *design = component->world->design;
    struct histogram lag;
    histogram_init(&lag);
    for (uint32_t i = 0; i < design->consumer_count; i++) {
        if (consumes(design, component->number, i)) {
            histogram_merge(&lag, &component->world->meter.consumers[i].lag);
        }
    }
    return lag;
}

static double read_lag(const struct component *component, double quantile)
{
    struct histogram lag = lags_of(component);
    const double value = histogram_quantile(&lag, quantile) / 1e9;
    histogram_release(&lag);
    return value;
}

static double read_lag_mean(const struct component *component)
{
    struct histogram lag = lags_of(component);
    const double value = histogram_mean(&lag) / 1e9;
    histogram_release(&lag);
    return value;
}

static double read_lag_p99(const struct component *component)
{
    return read_lag(component, 0.99);
}

static double read_lag_max(const struct component *component)
{
    return read_lag(component, 1);
}

static double read_backlog(const struct component *component)
{
    const struct world *world = component->world;
    const struct design *design = world->design;
    double sum = 0;
    for (uint32_t i = 0; i < design->consumer_count; i++) {
        if (consumes(design, component->number, i)) {
            sum += (double)tally_area(&world->meter.consumers[i].backlog, world->now);
        }
    }
    return sum / (double)(world->now - design->warmup_ns);
}

static double read_backlog_max(const struct component *component)
{
    const struct world *world = component->world;
    double most = 0;
    for (uint32_t i = 0; i < world->design->consumer_count; i++) {
        const double maximum = (double)world->meter.consumers[i].backlog.maximum;
        if (consumes(world->design, component->number, i) && maximum > most) {
            most = maximum;
        }
    }
    return most;
}

static double read_redelivered(const struct component *component)
{
    const struct world *world = component->world;
    double sum = 0;
    for (uint32_t i = 0; i < world->design->consumer_count; i++) {
        if (consumes(world->design, component->number, i)) {
            sum += (double)world->meter.consumers[i].redelivered;
        }
    }
    return sum;
}

static const struct model_metric consumer_metrics[] = {
    {"lag_mean", "s", "from append to worked off, mean over messages", read_lag_mean},
    {"lag_p99", "s", "from append to worked off, p99 over messages", read_lag_p99},
    {"lag_max", "s", "from append to worked off, longest", read_lag_max},
    {"backlog_mean", "{message}", "messages visible and not worked off, mean over time",
     read_backlog},
    {"backlog_max", "{message}", "the same, most at once", read_backlog_max},
    {"redelivered", "{message}", "messages handed over again", read_redelivered},
};

// ---- sockets ------------------------------------------------------------------------------------

enum socket_figure {
    SOCKET_CONNECTED,
    SOCKET_LEAST,
    SOCKET_HEARTBEATS,
    SOCKET_LOSSES,
    SOCKET_RECONNECTS
};

static bool holds(const struct design *design, uint32_t component, uint32_t workload)
{
    const struct connections_design *connections = &design->workloads[workload].connections;
    return connections->count > 0 && connections->target == component;
}

static double read_meter(const struct component *component, const struct workload_meter *meter,
                         enum socket_figure figure)
{
    const struct world *world = component->world;
    const double measured_ns = (double)(world->now - world->design->warmup_ns);
    switch (figure) {
    case SOCKET_CONNECTED:
        return (double)tally_area(&meter->connected, world->now) / measured_ns;
    case SOCKET_LEAST:
        return (double)meter->connected_least;
    case SOCKET_HEARTBEATS:
        return (double)meter->heartbeats / measured_ns * 1e9;
    case SOCKET_LOSSES:
        return (double)meter->losses;
    case SOCKET_RECONNECTS:
        return (double)meter->reconnects;
    }
    return 0;
}

static double read_sockets(const struct component *component, enum socket_figure figure)
{
    const struct world *world = component->world;
    double sum = 0;
    for (uint32_t i = 0; i < world->design->workload_count; i++) {
        if (holds(world->design, component->number, i)) {
            sum += read_meter(component, &world->meter.workloads[i], figure);
        }
    }
    return sum;
}

static double read_connected(const struct component *component)
{
    return read_sockets(component, SOCKET_CONNECTED);
}

static double read_connected_least(const struct component *component)
{
    return read_sockets(component, SOCKET_LEAST);
}

static double read_heartbeats(const struct component *component)
{
    return read_sockets(component, SOCKET_HEARTBEATS);
}

static double read_losses(const struct component *component)
{
    return read_sockets(component, SOCKET_LOSSES);
}

static double read_reconnects(const struct component *component)
{
    return read_sockets(component, SOCKET_RECONNECTS);
}

static const struct model_metric socket_metrics[] = {
    {"sockets", "{socket}", "sockets connected, mean over time", read_connected},
    {"sockets_min", "{socket}", "fewest sockets connected at once", read_connected_least},
    {"heartbeats", "1/s", "heartbeats of sockets a second", read_heartbeats},
    {"sockets_lost", "{socket}", "connections that broke", read_losses},
    {"reconnects", "{socket}", "sockets connected again", read_reconnects},
};

// ---- the table of a component -------------------------------------------------------------------

enum {
    CONSUMER_METRICS = sizeof consumer_metrics / sizeof consumer_metrics[0],
    SOCKET_METRICS = sizeof socket_metrics / sizeof socket_metrics[0],
};

static uint32_t own_count(const struct component_design *component)
{
    uint32_t count = 0;
    if (component->model != NULL && component->model->metrics != NULL) {
        while (component->model->metrics[count].name != NULL) {
            count++;
        }
    }
    return count;
}

static uint32_t consumer_figures(const struct design *design, uint32_t component)
{
    for (uint32_t i = 0; i < design->consumer_count; i++) {
        if (consumes(design, component, i)) {
            return CONSUMER_METRICS;
        }
    }
    return 0;
}

static uint32_t socket_figures(const struct design *design, uint32_t component)
{
    for (uint32_t i = 0; i < design->workload_count; i++) {
        if (holds(design, component, i)) {
            return SOCKET_METRICS;
        }
    }
    return 0;
}

static uint32_t audit_figures(const struct design *design, uint32_t component)
{
    return design->components[component].consistency.enabled ? AUDIT_METRICS : 0;
}

uint32_t figure_count(const struct design *design, uint32_t component)
{
    return own_count(&design->components[component]) + consumer_figures(design, component) +
           socket_figures(design, component) + audit_figures(design, component);
}

const struct model_metric *figure_at(const struct design *design, uint32_t component,
                                     uint32_t number)
{
    const uint32_t own = own_count(&design->components[component]);
    const uint32_t consumers = consumer_figures(design, component);
    CHECK(number < figure_count(design, component));
    if (number < own) {
        return &design->components[component].model->metrics[number];
    }
    const uint32_t sockets = own + consumers, audits = sockets + socket_figures(design, component);
    if (number >= audits) {
        return &audit_metrics[number - audits];
    }
    return number < sockets ? &consumer_metrics[number - own] : &socket_metrics[number - sockets];
}
