// assembly_call - a call and a publish from their written form.
#include "sim/scenario/assembly.h"

#include "sim/base/text.h"
#include "sim/base/units_format.h"

static const uint32_t RETRIED =
    1u << STATUS_TIMEOUT | 1u << STATUS_UNAVAILABLE | 1u << STATUS_RESET;

struct retry_design assembly_retry(const struct section_retry *section)
{
    return (struct retry_design){
        .attempts = (uint32_t)section->attempts,
        .backoff_ns = section->backoff,
        .factor = section->factor,
        .limit_ns = section->limit,
        .jitter = (enum jitter)section->jitter,
        .budget = section->budget,
        .on = section->on == 0 ? RETRIED : section->on,
    };
}

static struct breaker_design breaker_of(const struct section_breaker *section, bool enabled)
{
    return (struct breaker_design){
        .enabled = enabled,
        .failure_ratio = section->failure_ratio,
        .minimum_calls = (uint32_t)section->minimum_calls,
        .window = (uint32_t)section->window,
        .open_ns = section->open_for,
        .probes = (uint32_t)section->probes,
    };
}

// A plain text stands for {to: text}.
static bool read_form(struct assembly *assembly, const struct document_node *node,
                      const struct field *fields, void *section)
{
    if (node->kind == DOCUMENT_SCALAR) {
        schema_read_fallbacks(&assembly->schema, node, fields, section);
        return schema_read_field(&assembly->schema, node, &fields[0],
                                 (char *)section + fields[0].offset);
    }
    const struct schema_mapping mapping = {
        .node = node,
        .what = fields == sections_call ? "a call" : "a publish",
        .explain = fields == sections_call ? "components.*.operations.*.call"
                                           : "components.*.operations.*.publish",
        .parts = {{fields, section}},
    };
    return schema_read(&assembly->schema, &mapping);
}

static void lint_times(const struct assembly *assembly, const struct document_node *node,
                       const struct section_call *section)
{
    if (section->deadline == 0 || section->timeout == 0 || section->deadline >= section->timeout) {
        return;
    }
    char deadline[UNITS_FORMAT_ROOM];
    const struct document_node *at = document_peek(node, "timeout");
    diagnostic_caret(document_warning(assembly->document, at == NULL ? node : at, "W2004",
                                      "the time-out of a try is longer than the deadline of all"),
                     "the deadline of %s comes first",
                     units_format_exact(deadline, sizeof deadline, section->deadline));
}

static void lint_retry(const struct assembly *assembly, const struct document_node *node,
                       const struct section_call *section)
{
    const struct document_node *retry = document_peek(node, "retry");
    if (retry == NULL || section->retry.attempts < 2) {
        return;
    }
    if (section->timeout == 0 && section->retry.on & 1u << STATUS_TIMEOUT) {
        diagnostic_caret(document_warning(assembly->document, retry, "W2005",
                                          "retries on `timeout`, but no try has a time-out"),
                         "give the call a `timeout`");
    }
    if (section->retry.attempts > 3 && section->retry.budget == 0) {
        diagnostic_caret(document_warning(assembly->document, retry, "W2006",
                                          "%u tries without a budget multiply an overload",
                                          (unsigned)section->retry.attempts),
                         "add `budget: 10%%`");
    }
}

static const struct document_node *to_of(const struct document_node *node)
{
    const struct document_node *to = document_peek(node, "to");
    return to == NULL ? node : to;
}

// A broker's `publish` needs a topic, which only `publish` names.
static bool check_publish(const struct assembly *assembly, const struct document_node *node,
                          const struct assembly_target *target)
{
    const struct component_design *component = &assembly->components[target->component];
    if (component->model->has_topic == NULL || !text_same(target->operation->name, "publish")) {
        return true;
    }
    diagnostic_caret(document_error(assembly->document, to_of(node), "E0303",
                                    "a call of `%s` names no topic", component->name),
                     "write `publish: {to: %s.TOPIC}` instead of `call`", component->name);
    return false;
}

bool assembly_call(struct assembly *assembly, const struct document_node *node,
                   struct edge_design from, struct call_design *call)
{
    struct section_call section = {0};
    struct assembly_target target;
    const bool good = read_form(assembly, node, sections_call, &section);
    if (section.to == NULL || !assembly_target(assembly, to_of(node), section.to, &target) ||
        !check_publish(assembly, node, &target)) {
        return false;
    }
    lint_times(assembly, node, &section);
    lint_retry(assembly, node, &section);
    from.to = target.component;
    from.protocol = section.protocol;
    *call = (struct call_design){
        .target = target.component,
        .operation = target.operation,
        .key = section.key,
        .key_number = assembly_key(assembly, section.key),
        .timeout_ns = section.timeout,
        .deadline_ns = section.deadline,
        .retry = assembly_retry(&section.retry),
        .breaker =
            breaker_of(&section.circuit_breaker, document_peek(node, "circuit_breaker") != NULL),
        .hedge = {section.hedge.after, (uint32_t)section.hedge.maximum},
        .fallback = (enum fallback)section.fallback,
        .idempotent = section.idempotent,
        .cancel = section.cancel == 1,
        .stop = true,
        .protocol = section.protocol,
        .bytes = section.bytes,
        .units = 1,
        .edge = assembly_edge(assembly, from),
    };
    return good;
}

bool assembly_publish(struct assembly *assembly, const struct document_node *node,
                      struct edge_design from, struct call_design *call)
{
    struct section_publish section = {0};
    struct assembly_target target;
    const bool good = read_form(assembly, node, sections_publish, &section);
    if (section.to == NULL || !assembly_topic(assembly, to_of(node), section.to, &target)) {
        return false;
    }
    if (target.operation == NULL) {
        diagnostic_caret(document_error(assembly->document, to_of(node), "E0303",
                                        "`%s` takes no messages", section.to),
                         "a change stream can only be consumed");
        return false;
    }
    from.to = target.component;
    from.protocol = section.protocol;
    *call = (struct call_design){
        .target = target.component,
        .operation = target.operation,
        .topic = target.topic,
        .key = section.key,
        .key_number = assembly_key(assembly, section.key),
        .timeout_ns = section.timeout,
        .retry = assembly_retry(&section.retry),
        .idempotent = section.idempotent,
        .wait = section.wait == 0,
        .stop = section.wait == 0,
        .protocol = section.protocol,
        .bytes = section.bytes,
        .units = (uint32_t)section.units,
        .edge = assembly_edge(assembly, from),
    };
    return good;
}
