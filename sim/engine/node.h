// node - the life of a replica: start, crash, restart, pause, slow-down; timers and roles for
// models.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "sim/engine/world.h"

void node_begin(struct node *node); // at time 0, up
void node_end(struct node *node);

// The process ends (dark: its host too). Its visits end: callers of a process learn by a reset
// connection, callers of a dark host by their time-outs. The model's crash hook loses what it
// loses.
void node_kill(struct node *node, bool dark);

// The process is started: STARTING for the startup law, then the model's start hook, then UP.
void node_restart(struct node *node);

// A start hook that needs time (log replay) calls node_hold_start and later node_ready.
void node_ready(struct node *node);

void node_pause(struct node *node);
void node_resume(struct node *node);
void node_slow(struct node *node, double factor); // factors of several faults multiply
void node_unslow(struct node *node, double factor);

static inline bool node_is_up(const struct node *node)
{
    return node->life == NODE_UP;
}

// A timer of the model: after `delay_ns`, handler(node, word), unless the node has crashed since or
// it was cancelled. Timers of a paused node are held back until it resumes.
typedef void node_handler(struct node *node, uint64_t word);
uint64_t node_timer(struct node *node, int64_t delay_ns, node_handler *handler, uint64_t word);
// The same through a constant-delay lane: cheaper for a delay used again and again.
uint64_t node_timer_constant(struct node *node, int64_t delay_ns, node_handler *handler,
                             uint64_t word);
bool node_timer_cancel(struct node *node, uint64_t timer);

// A stream named component/replica/purpose; component/purpose.
struct random_stream *node_stream(struct node *node, const char *purpose);
struct random_stream *node_component_stream(struct component *component, const char *purpose);

// Begins an internal operation at the node that answers nobody (background work); NULL if it is not
// up.
struct visit *node_begin_visit(struct node *node, const struct operation *operation,
                               uint64_t request);
