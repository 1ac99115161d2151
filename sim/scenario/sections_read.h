// sections_read - readers of sections that need files, expressions or the whole assembly.
#pragma once

#include "sim/scenario/schema.h"
#include "sim/scenario/sections.h"

// `arrivals` (sections_arrivals.c).
bool sections_read_arrivals(struct schema *schema, const struct document_node *node,
                            const struct field *field, void *value);

// A profile's file: one relative rate a line.
bool sections_read_profile(struct schema *schema, const struct document_node *node,
                           struct profile_design *profile);

// A trace's file: one arrival a line, "time" or "time,target"; the targets come back as text.
struct sections_read_trace {
    uint64_t count;
    const int64_t *times;
    const char *const *targets; // NULL: none is given
};
bool sections_read_trace(struct schema *schema, const struct document_node *node, const char *file,
                         struct sections_read_trace *trace);

// A model's call, publish or list of steps: read when every component is known (assembly.c).
bool sections_read_later(struct schema *schema, const struct document_node *node,
                         const struct field *field, void *value);
