// workload_arrival - when the requests of an open workload are intended: laws over a rate in time.
#include "sim/engine/workload_arrival.h"

#include "sim/base/check.h"
#include "sim/kernel/math.h"
#include "sim/kernel/time.h"

static const double ENDLESS = __builtin_inf();

enum { MMPP_STATES = 64 };

// ---- segments -----------------------------------------------------------------------------------

// Rates are per second; the length may be endless.
static void set_segment(struct workload_arrival *arrival, int64_t length_ns, double from, double to)
{
    const double scale = arrival->thinned / 1e9;
    const double length = (double)length_ns;
    arrival->end_ns = time_after(arrival->begin_ns, length_ns);
    arrival->rate = from * scale;
    arrival->slope = from < to || from > to ? (to - from) * scale / length : 0;
    arrival->gap_ns = from > 0 ? 1e9 / (from * arrival->thinned) : 0;
    arrival->position = 0;
    if (length_ns == TIME_NEVER) {
        arrival->total = from > 0 ? ENDLESS : 0;
    } else {
        arrival->total = (from + to) / 2 * scale * length;
    }
}

static double rate_before_stage(const struct workload_design *design, uint32_t stage)
{
    return stage == 0 ? design->rate : design->stages[stage - 1].rate;
}

static void set_stage(struct workload_arrival *arrival)
{
    const struct workload_design *design = arrival->design;
    if (arrival->segment >= design->stage_count) {
        const double rate = rate_before_stage(design, design->stage_count);
        set_segment(arrival, TIME_NEVER, rate, rate);
        return;
    }
    const struct stage_design *stage = &design->stages[arrival->segment];
    const double from = stage->ramp ? rate_before_stage(design, arrival->segment) : stage->rate;
    set_segment(arrival, stage->length_ns, from, stage->rate);
}

static int64_t part_begin(const struct profile_design *profile, uint32_t part)
{
    return (int64_t)((__int128)profile->period_ns * part / profile->count);
}

static void set_part(struct workload_arrival *arrival)
{
    const struct profile_design *profile = &arrival->design->profile;
    if (arrival->segment == profile->count) {
        arrival->segment = 0;
        arrival->period_begin_ns = time_after(arrival->period_begin_ns, profile->period_ns);
    }
    const uint32_t part = arrival->segment;
    const double rate = profile->factors[part] * profile->scale;
    arrival->begin_ns = time_after(arrival->period_begin_ns, part_begin(profile, part));
    set_segment(arrival, part_begin(profile, part + 1) - part_begin(profile, part), rate, rate);
}

static void set_present(struct workload_arrival *arrival)
{
    if (arrival->design->profile.count > 0) {
        set_part(arrival);
    } else {
        set_stage(arrival);
    }
}

// False at the end of time.
static bool next_segment(struct workload_arrival *arrival)
{
    if (arrival->end_ns == TIME_NEVER) {
        return false;
    }
    arrival->begin_ns = arrival->end_ns;
    arrival->segment++;
    set_present(arrival);
    return true;
}

// The inverse of rate * t + slope / 2 * t^2, in the form that does not cancel.
static int64_t time_on_slope(const struct workload_arrival *arrival, double position)
{
    const double square = arrival->rate * arrival->rate + 2 * arrival->slope * position;
    const double root = math_sqrt(square > 0 ? square : 0);
    const double divisor = arrival->rate + root;
    const double offset = divisor > 0 ? 2 * position / divisor : 0;
    const int64_t time = time_after(arrival->begin_ns, distribution_round(offset));
    return time < arrival->end_ns ? time : arrival->end_ns;
}

static int64_t time_at(const struct workload_arrival *arrival, double position)
{
    if (arrival->slope == 0) {
        return time_after(arrival->begin_ns, distribution_round(position * arrival->gap_ns));
    }
    return time_on_slope(arrival, position);
}

static double position_at(const struct workload_arrival *arrival, int64_t time_ns)
{
    const double t = (double)(time_ns - arrival->begin_ns);
    const double position = (arrival->rate + arrival->slope / 2 * t) * t;
    return position < arrival->total ? position : arrival->total;
}

// ---- states of MMPP -----------------------------------------------------------------------------

static double change_rate(const struct arrival_design *design, uint32_t from, uint32_t to)
{
    return from == to ? 0 : design->state_changes[from * design->state_count + to];
}

static double leave_rate(const struct arrival_design *design, uint32_t state)
{
    double sum = 0;
    for (uint32_t i = 0; i < design->state_count; i++) {
        sum += change_rate(design, state, i);
    }
    return sum;
}

// Takes state `last` out of the chain, spreading what flows through it (Grassmann, Taksar, Heyman
// 1985).
static void censor(double *flow, uint32_t count, uint32_t last)
{
    double out = 0;
    for (uint32_t j = 0; j < last; j++) {
        out += flow[last * count + j];
    }
    for (uint32_t i = 0; i < last && out > 0; i++) {
        const double share = flow[i * count + last] /= out;
        for (uint32_t j = 0; j < last; j++) {
            flow[i * count + j] += share * flow[last * count + j];
        }
    }
}

static void find_stationary(const struct arrival_design *design, double *weights)
{
    const uint32_t count = design->state_count;
    double flow[MMPP_STATES * MMPP_STATES];
    for (uint32_t i = 0; i < count * count; i++) {
        flow[i] = change_rate(design, i / count, i % count);
    }
    for (uint32_t last = count - 1; last > 0; last--) {
        censor(flow, count, last);
    }
    weights[0] = 1;
    for (uint32_t state = 1; state < count; state++) {
        weights[state] = 0;
        for (uint32_t i = 0; i < state; i++) {
            weights[state] += weights[i] * flow[i * count + state];
        }
    }
}

static uint32_t pick(struct random_stream *stream, const double *weights, uint32_t count)
{
    double sum = 0;
    for (uint32_t i = 0; i < count; i++) {
        sum += weights[i];
    }
    double left = random_unit(stream) * sum;
    for (uint32_t i = 0; i + 1 < count; i++) {
        if (left < weights[i]) {
            return i;
        }
        left -= weights[i];
    }
    return count - 1;
}

static void await_change(struct workload_arrival *arrival, int64_t now)
{
    const double rate = leave_rate(&arrival->design->arrivals, arrival->state);
    const double stay = inversion_exponential(arrival->states) * 1e9;
    arrival->change_ns = rate > 0 ? time_after(now, distribution_round(stay / rate)) : TIME_NEVER;
}

static void change_state(struct workload_arrival *arrival)
{
    const struct arrival_design *design = &arrival->design->arrivals;
    double weights[MMPP_STATES];
    for (uint32_t i = 0; i < design->state_count; i++) {
        weights[i] = change_rate(design, arrival->state, i);
    }
    arrival->state = pick(arrival->states, weights, design->state_count);
    await_change(arrival, arrival->change_ns);
}

static void begin_states(struct workload_arrival *arrival)
{
    const struct arrival_design *design = &arrival->design->arrivals;
    CHECK(design->state_count > 0 && design->state_count <= MMPP_STATES);
    double weights[MMPP_STATES];
    find_stationary(design, weights);
    arrival->state = pick(arrival->states, weights, design->state_count);
    await_change(arrival, 0);
}

// `work` is spent at the rate in time times the state's own. False: some is left at the segment's
// end.
static bool spend(struct workload_arrival *arrival, double *work)
{
    for (;;) {
        const bool changes = arrival->change_ns < arrival->end_ns;
        const double limit = changes ? position_at(arrival, arrival->change_ns) : arrival->total;
        const double factor = arrival->design->arrivals.state_rates[arrival->state];
        const double room = factor > 0 ? (limit - arrival->position) * factor : 0;
        if (factor > 0 && *work <= room) {
            arrival->position += *work / factor;
            return true;
        }
        *work -= room;
        arrival->position = limit;
        if (!changes) {
            return false;
        }
        change_state(arrival);
    }
}

static int64_t next_modulated(struct workload_arrival *arrival, double work)
{
    do {
        if (arrival->total == 0 && arrival->end_ns == TIME_NEVER) {
            return TIME_NEVER;
        }
        if (spend(arrival, &work)) {
            return time_at(arrival, arrival->position);
        }
    } while (next_segment(arrival));
    return TIME_NEVER;
}

// ---- the laws -----------------------------------------------------------------------------------

static int64_t next_of_trace(struct workload_arrival *arrival)
{
    const struct arrival_design *design = &arrival->design->arrivals;
    return arrival->cursor < design->trace_count ? design->trace_times[arrival->cursor++]
                                                 : TIME_NEVER;
}

static double draw_gap(struct workload_arrival *arrival)
{
    switch (arrival->kind) {
    case ARRIVAL_POISSON:
    case ARRIVAL_BATCH:
    case ARRIVAL_MMPP:
        return inversion_exponential(arrival->stream);
    case ARRIVAL_ERLANG:
    case ARRIVAL_RENEWAL:
        return distribution_draw_real(&arrival->law, arrival->stream) * arrival->gap_scale;
    case ARRIVAL_CONSTANT:
    case ARRIVAL_TRACE:
        break;
    }
    return 1;
}

// The gap reaches into a later segment.
static int64_t next_later(struct workload_arrival *arrival, double gap)
{
    double left = gap - (arrival->total - arrival->position);
    while (next_segment(arrival)) {
        if (left <= arrival->total && arrival->total > 0) {
            arrival->position = left;
            return time_at(arrival, left);
        }
        left -= arrival->total;
    }
    return TIME_NEVER;
}

int64_t workload_arrival_after(struct workload_arrival *arrival, double gap)
{
    const double position = arrival->position + gap;
    if (position > arrival->total || arrival->total == 0) {
        return next_later(arrival, gap);
    }
    arrival->position = position;
    return time_at(arrival, position);
}

int64_t workload_arrival_next_by_rule(struct workload_arrival *arrival)
{
    if (arrival->kind == ARRIVAL_TRACE) {
        return next_of_trace(arrival);
    }
    const double gap = draw_gap(arrival);
    if (arrival->kind == ARRIVAL_MMPP) {
        return next_modulated(arrival, gap);
    }
    return workload_arrival_after(arrival, gap);
}

// ---- the beginning ------------------------------------------------------------------------------

static double mean_of(const struct distribution *law)
{
    const double mean = distribution_mean(law);
    CHECK(mean > 0 && mean < ENDLESS);
    return mean;
}

static bool has_rate(const struct workload_design *design)
{
    return design->rate > 0 || design->stage_count > 0 || design->profile.count > 0;
}

static bool ever_arrives(const struct profile_design *profile)
{
    for (uint32_t i = 0; i < profile->count; i++) {
        if (profile->factors[i] * profile->scale > 0) {
            return profile->period_ns > 0;
        }
    }
    return profile->count == 0;
}

static void prepare_law(struct workload_arrival *arrival)
{
    const struct arrival_design *design = &arrival->design->arrivals;
    arrival->gap_scale = 1;
    if (arrival->kind == ARRIVAL_ERLANG) {
        arrival->law = distribution_erlang(design->shape > 0 ? design->shape : 1, 1e9);
        arrival->gap_scale = 1e-9;
    } else if (arrival->kind == ARRIVAL_RENEWAL) {
        arrival->law = design->law;
        arrival->gap_scale = 1 / mean_of(&design->law);
    } else if (arrival->kind == ARRIVAL_BATCH) {
        arrival->thinned /= mean_of(&design->law);
    }
}

void workload_arrival_init(struct workload_arrival *arrival, const struct workload_design *design,
                           struct random_stream *stream, struct random_stream *states)
{
    *arrival = (struct workload_arrival){
        .design = design, .stream = stream, .states = states, .kind = design->arrivals.kind};
    arrival->thinned = design->thinned > 0 ? design->thinned : 1;
    prepare_law(arrival);
    if (arrival->kind == ARRIVAL_RENEWAL && !has_rate(design)) {
        const double rate = 1e9 * arrival->gap_scale; // the law's own
        set_segment(arrival, TIME_NEVER, rate, rate);
    } else if (ever_arrives(&design->profile)) {
        set_present(arrival);
    } else {
        set_segment(arrival, TIME_NEVER, 0, 0);
    }
    if (arrival->kind == ARRIVAL_MMPP) {
        begin_states(arrival);
    }
}
