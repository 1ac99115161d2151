// assembly - a design while it is being put together: what is declared, and how names find it.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "sim/base/map.h"
#include "sim/engine/design.h"
#include "sim/engine/model.h"
#include "sim/scenario/document.h"
#include "sim/scenario/schema.h"
#include "sim/scenario/sections.h"

// A list that grows on an arena; what it held before stays where it was until the arena goes.
struct assembly_list {
    void *items;
    uint32_t count, room;
};

// What one visit of an operation (or one request of a workload) asks of others, on average.
struct assembly_flow {
    uint32_t component;                // caller, DESIGN_NONE: a workload
    const struct operation *operation; // caller's
    uint32_t workload;
    uint32_t to;
    const struct operation *to_operation;
    double weight;                  // calls a visit, first tries only
    bool waits;                     // the caller waits for it
    const struct call_design *call; // NULL: a consumer
    uint32_t broker;                // of a consumer: who hands it so many bytes a call
    double handed;
    const struct document_node *node;
};

struct assembly_work { // mean demand of one visit on its own node
    const struct operation *operation;
    double cpu_s, steps;        // processor seconds; steps that wait for something
    double services, squares_s; // services at the processors, and the sum of their mean squares
};

// A value that needs every component to be known; read in the second pass.
struct assembly_pending {
    const struct schema_reader *reader;
    const struct field *field;
    const struct document_node *node;
    void *value;
    uint32_t component;
};

struct assembly_component {
    const struct document_node *node;
    struct section_component section;
    void *configuration;
    struct assembly_list streams; // const char *
    struct operation *operations; // of a component whose operations the scenario writes
    bool good;
};

enum {
    ASSEMBLY_FLOWS = 1000000,    // beyond, the estimates leave flows out
    ASSEMBLY_REPLICAS = 1000000, // of all components together
};

struct assembly {
    struct schema schema;
    struct document *document;
    struct arena *arena;
    const struct catalog *catalog;
    struct section_top top;
    struct design *design;
    struct component_design *components; // design->components, still to be changed
    struct assembly_component *parts;    // beside them
    uint64_t replicas;                   // laid out so far
    struct map stream_counts;            // hash of a plain name -> how many have it
    uint32_t current;                    // component being read
    struct assembly_list edges;          // struct edge_design
    struct assembly_list key_names;      // const char *
    struct assembly_list flows;          // struct assembly_flow
    struct assembly_list works;          // struct assembly_work
    struct assembly_list pending;        // struct assembly_pending
    struct assembly_list consumers;      // struct consumer_design
    struct assembly_list assumptions;    // struct assumption_design
};

// Room for one more; the new item is zeroed.
void *assembly_add(struct assembly *assembly, struct assembly_list *list, size_t size);

void assembly_assume(struct assembly *assembly, const char *subject, const char *why);

struct design_origin assembly_origin(const struct assembly *assembly,
                                     const struct document_node *node);

// E0301 about `length` bytes at `offset` of a node's text, with did-you-mean and the list of names.
struct assembly_reference {
    const struct document_node *node;
    const char *what; // "component"
    const char *name;
    size_t offset, length;
    const char *const *names;
    uint32_t count;
};
void assembly_complain(const struct assembly *assembly, const struct assembly_reference *reference);

uint32_t assembly_component(const struct assembly *assembly, const struct document_node *node,
                            const char *name);
uint32_t assembly_workload(const struct assembly *assembly, const char *name);
uint32_t assembly_zone(const struct assembly *assembly, const char *name);
uint32_t assembly_region(const struct assembly *assembly, const char *name);
uint32_t assembly_machine(const struct assembly *assembly, const char *name);

// "component.operation" or the bare name of a component with one operation. False after an error.
struct assembly_target {
    uint32_t component;
    const struct operation *operation;
    const char *topic; // of assembly_topic
};
bool assembly_target(const struct assembly *assembly, const struct document_node *node,
                     const char *text, struct assembly_target *target);
// The operation of a known component that the node's text names.
bool assembly_operation(const struct assembly *assembly, const struct document_node *node,
                        uint32_t component, struct assembly_target *target);
bool assembly_has_topics(const struct assembly *assembly, uint32_t component);
// Its topics can be published to; those of a store's change streams cannot.
bool assembly_takes_messages(const struct assembly *assembly, uint32_t component);
// "broker.topic"
bool assembly_topic(const struct assembly *assembly, const struct document_node *node,
                    const char *text, struct assembly_target *target);

// The edge of a pair; made on first use. `from` DESIGN_NONE: of the workload.
uint32_t assembly_edge(struct assembly *assembly, struct edge_design edge);

// 1 + the number of a key's name, 0 for NULL.
uint8_t assembly_key(struct assembly *assembly, const char *name);

// The number of a component's new stream "component/operation/step", numbered when repeated.
uint32_t assembly_stream(struct assembly *assembly, uint32_t component, const char *operation,
                         const char *step);

// A call from its written form (assembly_call.c). `from`: edge's caller.
bool assembly_call(struct assembly *assembly, const struct document_node *node,
                   struct edge_design from, struct call_design *call);
bool assembly_publish(struct assembly *assembly, const struct document_node *node,
                      struct edge_design from, struct call_design *call);
struct retry_design assembly_retry(const struct section_retry *section);
void assembly_flow(struct assembly *assembly, struct assembly_flow flow);
