// sections_read - values with forms of their own: warm-up, replications, arrivals, rates, modes.
#include <string.h>

#include "sim/base/check.h"
#include "sim/base/text.h"
#include "sim/scenario/expression.h"
#include "sim/scenario/read_distribution.h"
#include "sim/scenario/read_value.h"
#include "sim/scenario/sections.h"
#include "sim/scenario/sections_read.h"
#include "sim/scenario/sections_row.h"

static bool read_warmup(struct schema *schema, const struct document_node *node,
                        const struct field *field, void *value)
{
    (void)field;
    struct section_warmup *warmup = value;
    *warmup = (struct section_warmup){0};
    warmup->is_auto = node->kind == DOCUMENT_SCALAR && text_same(node->text, "auto");
    return warmup->is_auto || read_value_duration(schema->document, node, &warmup->ns);
}

// ---- replications ------------------------------------------------------------------------------

struct replications_map {
    uint64_t minimum, maximum;
    const struct document_node *stop_at;
};

const struct field sections_replications[] = {
    ROW_AS("min", replications_map, minimum, FIELD_COUNT, "10", "first batch", .minimum = 1,
           .maximum = 1e6),
    ROW_AS("max", replications_map, maximum, FIELD_COUNT, "100", "most replications", .minimum = 1,
           .maximum = 1e6),
    ROW(replications_map, stop_at, FIELD_CUSTOM, NULL,
        "relative half-width of every SLO's metric, or `decided`", .read = "node"),
    {0},
};

static bool read_replications(struct schema *schema, const struct document_node *node,
                              const struct field *field, void *value)
{
    struct section_replications *replications = value;
    *replications = (struct section_replications){0};
    if (node->kind != DOCUMENT_MAPPING) {
        static const struct field count = {
            .name = "replications", .type = FIELD_COUNT, .minimum = 1, .maximum = 1e6};
        if (!schema_scalar_read(schema, node, &count, FIELD_COUNT, &replications->minimum)) {
            return false;
        }
        replications->maximum = replications->minimum;
        return true;
    }
    struct replications_map map = {0};
    const struct schema_mapping mapping = {
        .node = node,
        .what = "`replications`",
        .explain = "simulation.replications",
        .parts = {{sections_replications, &map}},
    };
    (void)field;
    bool good = schema_read(schema, &mapping);
    replications->minimum = map.minimum;
    replications->maximum = map.maximum;
    if (map.stop_at != NULL && text_same(map.stop_at->text, "decided")) {
        replications->until_decided = true;
    } else if (map.stop_at != NULL) {
        good = read_value_ratio(schema->document, map.stop_at, &replications->stop_at) && good;
    }
    if (good && map.minimum > map.maximum) {
        diagnostic_caret(document_error(schema->document, node, "E0212", "`min` is above `max`"),
                         "%llu to %llu", (unsigned long long)map.minimum,
                         (unsigned long long)map.maximum);
        good = false;
    }
    return good;
}

// ---- statuses, modes, factors ------------------------------------------------------------------

static bool add_status(struct schema *schema, const struct document_node *node, uint32_t *statuses)
{
    int status;
    if (!read_value_choice(schema->document, node, sections_statuses, &status)) {
        return false;
    }
    *statuses |= 1u << status;
    return true;
}

static bool read_statuses(struct schema *schema, const struct document_node *node,
                          const struct field *field, void *value)
{
    uint32_t *statuses = value;
    *statuses = 0;
    if (node->kind == DOCUMENT_SCALAR) {
        return add_status(schema, node, statuses);
    }
    if (!read_value_is(schema->document, node, DOCUMENT_SEQUENCE, field->meaning)) {
        return false;
    }
    bool good = true;
    for (const struct document_node *child = node->first; child != NULL; child = child->next) {
        good = add_status(schema, child, statuses) && good;
    }
    return good;
}

static bool read_mode(struct schema *schema, const struct document_node *node,
                      const struct field *field, void *value)
{
    (void)field;
    struct section_mode *mode = value;
    *mode = (struct section_mode){FAULT_ONE, 0, 0};
    if (!read_value_is(schema->document, node, DOCUMENT_SCALAR, "one, all, a share or a count")) {
        return false;
    }
    if (text_same(node->text, "one")) {
        return true;
    }
    if (text_same(node->text, "all")) {
        mode->mode = FAULT_ALL;
        return true;
    }
    if (strchr(node->text, '%') != NULL) {
        mode->mode = FAULT_SHARE;
        return read_value_ratio(schema->document, node, &mode->share);
    }
    uint64_t count;
    mode->mode = FAULT_FIXED;
    if (!read_value_count(schema->document, node, &count)) {
        return false;
    }
    mode->fixed = count > UINT32_MAX ? UINT32_MAX : (uint32_t)count;
    return true;
}

static bool read_factor(struct schema *schema, const struct document_node *node,
                        const struct field *field, void *value)
{
    (void)field;
    return read_value_factor(schema->document, node, value);
}

static bool read_power(struct schema *schema, const struct document_node *node,
                       const struct field *field, void *value)
{
    (void)field;
    return read_value_power(schema->document, node, value);
}

static bool read_price(struct schema *schema, const struct document_node *node,
                       const struct field *field, void *value)
{
    (void)field;
    return read_value_price(schema->document, node, value);
}

// ---- rates -------------------------------------------------------------------------------------

struct rate_map {
    const struct document_node *profile;
    int64_t period;
    double scale;
};

const struct field sections_rate[] = {
    ROW(rate_map, profile, FIELD_CUSTOM, NULL,
        "relative rates, each for an equal part of the period: a list, or a file of one a line",
        .read = "node", .required = true),
    ROW(rate_map, period, FIELD_DURATION, "1d", "after which it begins again", .minimum = 1e6),
    ROW(rate_map, scale, FIELD_RATE, NULL, "rate where the profile is 1", .required = true),
    {0},
};

static bool read_profile_list(struct schema *schema, const struct document_node *node,
                              struct profile_design *profile)
{
    double *factors = arena_take_array(&schema->document->arena, node->count, sizeof *factors);
    bool good = node->count > 0;
    if (!good) {
        document_error(schema->document, node, "E0216", "a profile without a value");
    }
    for (const struct document_node *child = node->first; child != NULL; child = child->next) {
        good = read_value_factor(schema->document, child, &factors[profile->count++]) && good;
    }
    profile->factors = factors;
    return good;
}

static bool read_rate(struct schema *schema, const struct document_node *node,
                      const struct field *field, void *value)
{
    struct section_rate *rate = value;
    *rate = (struct section_rate){0};
    (void)field;
    if (node->kind == DOCUMENT_SCALAR) {
        return read_value_rate(schema->document, node, &rate->rate);
    }
    struct rate_map map = {0};
    const struct schema_mapping mapping = {
        .node = node,
        .what = "`rate`",
        .explain = "workloads.*.rate",
        .parts = {{sections_rate, &map}},
    };
    if (!schema_read(schema, &mapping)) {
        return false;
    }
    rate->profile.period_ns = map.period;
    rate->profile.scale = map.scale;
    if (map.profile->kind == DOCUMENT_SEQUENCE) {
        return read_profile_list(schema, map.profile, &rate->profile);
    }
    return sections_read_profile(schema, map.profile, &rate->profile);
}

// ---- the table ---------------------------------------------------------------------------------

#define SCALAR "{'type': ['string', 'number', 'integer', 'boolean']}"
#define LIST_OF_TEXT "{'type': ['array', 'string'], 'items': {'type': 'string'}}"
#define ANY_MAP "{'type': 'object'}"

const struct schema_reader sections_readers[] = {
    {"version", NULL, "v1", "{'const': 'v1'}"},
    {"include", NULL, "a file, or a list of files", LIST_OF_TEXT},
    {"params", NULL, "{name: value}", "{'type': 'object', 'additionalProperties': " SCALAR "}"},
    {"warmup", read_warmup, "a duration, or auto", "{'type': 'string'}"},
    {"replications", read_replications, "a count, or {min, max, stop_at}",
     "{'oneOf': [{'type': ['integer', 'string']}, {'type': 'object', 'properties': {'min': {}, "
     "'max': {}, 'stop_at': {}}, 'additionalProperties': false}]}"},
    {"node", NULL, "see its meaning", "{}"},
    {"spread", NULL, "zones, or {zone: count}",
     "{'oneOf': [{'type': 'string'}, {'type': 'object', 'additionalProperties': {'type': "
     "['integer', 'string']}}]}"},
    {"regions", NULL, "{region: [zone, zone]}",
     "{'type': 'object', 'additionalProperties': {'type': 'array', 'items': {'type': 'string'}}}"},
    {"components", NULL, "{name: component}", ANY_MAP},
    {"operations", NULL, "{name: [step, step]}", ANY_MAP},
    {"statuses", read_statuses, "[status, status]", LIST_OF_TEXT},
    {"plain_rate", NULL, "a rate", "{'type': 'string'}"},
    {"mix", NULL, "{component.operation: share}",
     "{'type': 'object', 'additionalProperties': {'type': ['string', 'number']}}"},
    {"journey", NULL, "[component.operation, {think: law}]", "{'type': 'array'}"},
    {"arrivals", sections_read_arrivals,
     "poisson, constant, erlang(k=2), mmpp(state(rate=1, for=50s), state(rate=8, for=5s)), "
     "batch(size=geometric(mean=3)), trace(file=day.csv), or a law of times between arrivals",
     "{'type': ['string', 'object']}"},
    {"rate", read_rate, "a rate, or {profile, period, scale}",
     "{'oneOf': [{'type': ['string', 'integer']}, {'type': 'object', 'properties': {'profile': "
     "{}, 'period': {}, 'scale': {}}, 'additionalProperties': false}]}"},
    {"keys", NULL, "{name: law of counts, or unique}", ANY_MAP},
    {"objectives", NULL, "[\"p(99) < 300ms\", \"carried >= 99.5%\"]", LIST_OF_TEXT},
    {"mode", read_mode, "one, all, 30% or 2", "{'type': ['string', 'integer']}"},
    {"factor", read_factor, "1.5, or 2x", "{'type': ['number', 'string']}"},
    {"watts", read_power, "watts: 90W, 1.2kW", "{'type': ['string', 'integer']}"},
    {"price", read_price, "a price: 0.10/h", "{'type': 'string'}"},
    {"names", NULL, "[name, name]", LIST_OF_TEXT},
    {"ranges", NULL, "{parameter: low..high step s, or [value, value]}", ANY_MAP},
    {"prices", NULL, "{component: 0.10/h}", ANY_MAP},
    {"io", NULL, "a law, or {time, device, bytes}", "{'type': ['string', 'object']}"},
    {"call", sections_read_later, "component.operation, or {to: component.operation, ...}",
     "{'type': ['string', 'object']}"},
    {"publish", sections_read_later, "broker.topic, or {to: broker.topic, ...}",
     "{'type': ['string', 'object']}"},
    {"parallel", NULL, "[step, [step, step]], or {need: 1, branches: [...]}",
     "{'type': ['array', 'object']}"},
    {"choose", NULL, "{60%: [...], otherwise: [...]} or {hit: [...], miss: [...]}", ANY_MAP},
    {"reply", NULL, "bytes, or {bytes, status}", "{'type': ['string', 'integer', 'object']}"},
    {"body", NULL, "a list of steps", "{'type': ['array', 'object']}"},
    {"branches", NULL, "a list of steps or of lists of steps", "{'type': 'array'}"},
    {"steps", sections_read_later, "a list of steps", "{'type': ['array', 'object']}"},
    {0},
};
