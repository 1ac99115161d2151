// program_steps - the compiler's state, shared by the kinds of step.
#pragma once

#include "sim/engine/step.h"
#include "sim/scenario/assembly.h"

enum { PROGRAM_STEPS = 4096, PROGRAM_LOOPS = 2 };

struct program {
    struct assembly *assembly;
    uint32_t component;
    const struct operation *root; // the operation it belongs to, for demands
    struct operation *operation;  // being compiled: the root or a branch of it
    struct assembly_list steps;   // struct step
    uint32_t loops;               // nested `repeat`s
    double weight;                // how often a step is reached by a visit of the root, on average
    double cpu_s, waits;          // collected demand of one visit
    double services, squares_s;   // of its cpu_s, as in struct assembly_work
    uint32_t branches;            // made so far
};

// One kind of step. `next` is what follows it in its list, NULL at the end.
typedef bool program_steps_compile(struct program *program, const struct document_node *value,
                                   const struct document_node *next);

// A step at the end of the table; its number.
uint16_t program_steps_add(struct program *program, struct step step);
struct step *program_steps_at(struct program *program, uint16_t number);

// A list of steps (or one step alone) behind what is compiled already.
bool program_steps_list(struct program *program, const struct document_node *list);

// A branch: an internal operation of the component made of a list of steps. NULL after errors.
const struct operation *program_steps_branch(struct program *program,
                                             const struct document_node *list);

// An internal operation of the component without steps yet.
struct operation *program_steps_internal(struct program *program);

// The compilers that need branches of the table (program_choose.c).
bool program_steps_choose(struct program *program, const struct document_node *value,
                          const struct document_node *next);
bool program_steps_then(struct program *program, const struct document_node *then);

// True if the list goes on with a `choose` that looks at the last outcome.
bool program_steps_looks_back(const struct document_node *next);
