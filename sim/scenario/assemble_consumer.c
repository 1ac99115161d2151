// assemble_consumer - who consumes which topic.
#include "sim/base/text.h"
#include "sim/scenario/assemble.h"

static const struct document_node *consumes_node(const struct assembly *assembly,
                                                 uint32_t component, uint32_t number)
{
    const struct document_node *node = document_peek(assembly->parts[component].node, "consumes");
    if (node->kind == DOCUMENT_MAPPING) {
        return node;
    }
    node = node->first;
    for (uint32_t i = 0; i < number; i++) {
        node = node->next;
    }
    return node;
}

// What reaches the topic reaches its consumers, `batch` messages at a time.
static void pass_flows(struct assembly *assembly, const struct consumer_design *consumer,
                       const struct document_node *node)
{
    const uint32_t count = assembly->flows.count;
    for (uint32_t i = 0; i < count; i++) {
        const struct assembly_flow *flows = assembly->flows.items;
        const struct assembly_flow flow = flows[i];
        const bool same = flow.call != NULL && flow.to == consumer->broker &&
                          flow.call->topic != NULL && text_same(flow.call->topic, consumer->topic);
        if (same) {
            struct assembly_flow passed = flow;
            passed.to = consumer->component;
            passed.to_operation = consumer->operation;
            passed.weight *= (double)flow.call->units / (double)consumer->batch;
            passed.waits = false;
            passed.call = NULL;
            passed.broker = consumer->broker;
            passed.handed = (double)flow.call->bytes * (double)consumer->batch;
            passed.node = node;
            assembly_flow(assembly, passed);
        }
    }
    assembly_flow(assembly, (struct assembly_flow){
                                .component = consumer->broker,
                                .workload = DESIGN_NONE,
                                .to = consumer->component,
                                .to_operation = consumer->operation,
                                .node = node,
                            });
}

static bool add_consumer(struct assembly *assembly, uint32_t component, uint32_t number)
{
    const struct section_consumes *section =
        (const struct section_consumes *)assembly->parts[component].section.consumes.items + number;
    const struct document_node *node = consumes_node(assembly, component, number);
    struct assembly_target topic, target;
    if (section->from == NULL || section->operation == NULL) {
        return false;
    }
    const struct document_node *operation = document_peek(node, "operation");
    bool good = assembly_topic(assembly, document_peek(node, "from"), section->from, &topic);
    good = assembly_operation(assembly, operation, component, &target) && good;
    if (!good) {
        return false;
    }
    struct consumer_design *consumer =
        assembly_add(assembly, &assembly->consumers, sizeof *consumer);
    *consumer = (struct consumer_design){
        .component = component,
        .broker = topic.component,
        .topic = topic.topic,
        .group = section->group != NULL ? section->group : assembly->components[component].name,
        .batch = section->batch,
        .batch_wait_ns = section->batch_wait,
        .concurrency = (uint32_t)section->concurrency,
        .operation = target.operation,
    };
    assembly_edge(assembly, (struct edge_design){topic.component, DESIGN_NONE, component, NULL});
    pass_flows(assembly, consumer, node);
    return true;
}

bool assemble_consumers(struct assembly *assembly)
{
    bool good = true;
    for (uint32_t i = 0; i < assembly->design->component_count; i++) {
        const struct field_list *consumes = &assembly->parts[i].section.consumes;
        for (uint32_t k = 0; assembly->parts[i].good && k < consumes->count; k++) {
            good = add_consumer(assembly, i, k) && good;
        }
    }
    return good;
}
