// balance_breaker - circuit breakers: a count window, open for a time, half-open with probes.
#include "sim/engine/balance.h"
#include "sim/engine/world.h"

enum { WINDOW_LIMIT = 256 };

static uint32_t window_of(const struct breaker_design *design)
{
    if (design->window == 0) {
        return 1;
    }
    return design->window < WINDOW_LIMIT ? design->window : WINDOW_LIMIT;
}

static uint32_t probes_of(const struct breaker_design *design)
{
    if (design->probes == 0) {
        return 1;
    }
    return design->probes < WINDOW_LIMIT ? design->probes : WINDOW_LIMIT;
}

static void forget_calls(struct route *route)
{
    route->breaker_calls = route->breaker_failures = 0;
    route->breaker_next = route->breaker_probes = 0;
    for (int i = 0; i < 4; i++) {
        route->breaker_bits[i] = 0;
    }
}

static void enter(struct world *world, struct route *route, const struct breaker_design *design,
                  enum breaker_state state)
{
    forget_calls(route);
    route->breaker = state;
    route->breaker_until_ns = time_after(world->now, design->open_ns);
    meter_log(world, LOG_BREAKER, (int32_t)route->edge, (double)state);
}

static void trip(struct world *world, struct route *route, const struct breaker_design *design)
{
    route->breaker_trips++;
    route->component->meter->breaker_trips++;
    enter(world, route, design, BREAKER_OPEN);
}

static bool lets_probe(struct world *world, struct route *route,
                       const struct breaker_design *design)
{
    const uint32_t probes = probes_of(design);
    if (route->breaker_probes == probes && world->now >= route->breaker_until_ns) {
        enter(world, route, design, BREAKER_HALF_OPEN);
    }
    if (route->breaker_probes == probes) {
        return false;
    }
    route->breaker_probes++;
    return true;
}

bool balance_breaker_lets(struct world *world, struct route *route,
                          const struct breaker_design *design)
{
    switch (route->breaker) {
    case BREAKER_CLOSED:
        return true;
    case BREAKER_OPEN:
        if (world->now < route->breaker_until_ns) {
            return false;
        }
        enter(world, route, design, BREAKER_HALF_OPEN);
        return lets_probe(world, route, design);
    case BREAKER_HALF_OPEN:
        return lets_probe(world, route, design);
    }
    return true;
}

// The newest result replaces the oldest of a full window.
static void remember(struct route *route, uint32_t window, bool failed)
{
    uint64_t *word = &route->breaker_bits[route->breaker_next / 64];
    const uint64_t bit = (uint64_t)1 << route->breaker_next % 64;
    if (route->breaker_calls == window) {
        route->breaker_failures -= (*word & bit) != 0;
    } else {
        route->breaker_calls++;
    }
    *word = failed ? *word | bit : *word & ~bit;
    route->breaker_failures += failed;
    route->breaker_next = route->breaker_next + 1 < window ? route->breaker_next + 1 : 0;
}

static bool is_bad(const struct route *route, const struct breaker_design *design)
{
    return route->breaker_failures >= design->failure_ratio * route->breaker_calls &&
           route->breaker_failures > 0;
}

void balance_breaker_note(struct world *world, struct route *route,
                          const struct breaker_design *design, bool failed)
{
    if (route->breaker == BREAKER_OPEN) {
        return; // begun before it opened
    }
    remember(route, route->breaker == BREAKER_CLOSED ? window_of(design) : WINDOW_LIMIT, failed);
    if (route->breaker == BREAKER_CLOSED) {
        if (route->breaker_calls >= design->minimum_calls && is_bad(route, design)) {
            trip(world, route, design);
        }
        return;
    }
    if (route->breaker_calls < probes_of(design)) {
        return;
    }
    if (is_bad(route, design)) {
        trip(world, route, design);
    } else {
        enter(world, route, design, BREAKER_CLOSED);
    }
}
