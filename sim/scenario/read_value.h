// read_value - a scalar node as a typed value, or a located diagnostic that says what was expected.
//
// Each reader returns false after adding its error; *value is then untouched. A NULL node is not an
// error but false. Codes: E0201 (a bare number), E0202 to E0215 (not such a value), E0125 (a list
// or a map where a scalar belongs).
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/scenario/document.h"
#include "sim/scenario/expression.h"

bool read_value_duration(const struct document *document, const struct document_node *node,
                         int64_t *ns);
bool read_value_bytes(const struct document *document, const struct document_node *node,
                      uint64_t *bytes);
bool read_value_bandwidth(const struct document *document, const struct document_node *node,
                          double *bytes_per_s);
bool read_value_rate(const struct document *document, const struct document_node *node,
                     double *per_s);
bool read_value_ratio(const struct document *document, const struct document_node *node,
                      double *ratio);
bool read_value_cores(const struct document *document, const struct document_node *node,
                      double *cores);
bool read_value_count(const struct document *document, const struct document_node *node,
                      uint64_t *count);
bool read_value_number(const struct document *document, const struct document_node *node,
                       double *number);
bool read_value_factor(const struct document *document, const struct document_node *node,
                       double *factor);
bool read_value_power(const struct document *document, const struct document_node *node,
                      double *watts);
bool read_value_price(const struct document *document, const struct document_node *node,
                      double *per_hour);
// true or false, plain
bool read_value_boolean(const struct document *document, const struct document_node *node,
                        bool *value);
// Any text that is not empty. A scalar is text even if it looks like a number.
bool read_value_text(const struct document *document, const struct document_node *node,
                     const char **text);
// A name: printable text of at most 64 bytes without dots and commas, not beginning with -.
bool read_value_name(const struct document *document, const struct document_node *node,
                     const char **name);
// One of the words (NULL at their end); *choice is its index.
bool read_value_choice(const struct document *document, const struct document_node *node,
                       const char *const *words, int *choice);
// An expression; its offsets go with document_place_in. Owner: the document's arena.
const struct expression *read_value_expression(struct document *document,
                                               const struct document_node *node);

// True if the node is of that kind; otherwise E0125 "expected a list of ...". `what` may be NULL.
bool read_value_is(const struct document *document, const struct document_node *node,
                   enum document_kind kind, const char *what);

// The kinds of quantity an expression's literal can be held against.
enum read_value_unit {
    READ_VALUE_DURATION, // ns
    READ_VALUE_COUNT,
    READ_VALUE_BYTES,
    READ_VALUE_RATE,  // per second
    READ_VALUE_RATIO, // 99.9% or 0.999
    READ_VALUE_CORES,
    READ_VALUE_NUMBER,
};

// A literal of an expression that stands in `node` (also -x and $name), as a double.
bool read_value_literal(const struct document *document, const struct document_node *node,
                        const struct expression *literal, enum read_value_unit unit, double *value);
