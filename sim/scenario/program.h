// program - an operation's list of steps compiled to the flat table that visits walk.
//
// A step that fails (call, publish that waits, parallel) ends the operation with its status, unless
// the next step is a `choose` by outcome. `choose` by outcome passes what it does not name: good
// statuses go on, others end the operation.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "sim/scenario/assembly.h"

// Names of the operations and rooms for their branches: component_design.operations, not compiled
// yet. False after errors.
bool program_declare(struct assembly *assembly, uint32_t component);

// Compiles what program_declare has declared; every component must be known by now.
bool program_compile(struct assembly *assembly, uint32_t component);

// One list of steps as an operation outside of any declaration (a model's hook).
bool program_compile_list(struct assembly *assembly, uint32_t component,
                          const struct document_node *list, struct operation *operation);

// Gives the component a copy of the model's only operation: what others call, for program_then to
// extend.
void program_own_operation(struct assembly *assembly, uint32_t component);

// Extends that copy: after its own steps, which must not reply, it moves on to one of `then`'s
// targets by probability, or ends. `then` is the located list.
bool program_then(struct assembly *assembly, uint32_t component, const struct document_node *then);
