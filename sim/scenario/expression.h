// expression - values that read like calls: exp(mean=1ms), p(99) < 300ms, 3..30 step 3.
//
// Grammar, loosest first: or; and; not; == != < <= > >=; low..high step s; + -; * /; unary -;
// name(argument, name=argument, ...); words, numbers with their unit, 'quoted' or "quoted" text.
// A number keeps its unit and is not interpreted here: 400/s, 99.5%, 10Gbit/s are one literal. A
// word goes on over . - / when a letter or digit follows at once (eu-a, web.read, data/day.csv), so
// minus and division between words need spaces. normal+(...) is a name before a bracket.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/base/arena.h"

enum expression_kind {
    EXPRESSION_NUMBER, // text: as written, with its unit
    EXPRESSION_WORD,   // text: a name, $name or quoted text
    EXPRESSION_CALL,   // text: the callee; children: arguments
    EXPRESSION_BINARY, // text: the operator ("and", "<=", "*"); two children
    EXPRESSION_UNARY,  // text: "-" or "not"; one child
    EXPRESSION_RANGE,  // children: low, high and, if given, step
};

struct expression {
    enum expression_kind kind;
    bool quoted; // a word that was quoted
    const char *text;
    const char *name;                  // of an argument name=..., else NULL
    uint32_t offset, length;           // bytes in the source text, of the whole expression
    uint32_t name_offset, name_length; // of the argument's name
    const struct expression *first, *next;
    struct expression *last; // while it is built
    uint32_t count;          // children
};

struct expression_error {
    uint32_t offset, length;
    char text[160]; // "expected `)` to close `exp(`"
};

enum { EXPRESSION_DEPTH = 32, EXPRESSION_BYTES = 4096 };

// NULL and *error if the text is no expression. Owner: the arena.
const struct expression *expression_parse(struct arena *arena, const char *text,
                                          struct expression_error *error);

// True if a text looks like a call: name(...). Cheap; for fields that also take other forms.
bool expression_is_call(const char *text);

// The child number `index`, the argument with a name; NULL if there is none.
const struct expression *expression_child(const struct expression *expression, uint32_t index);
const struct expression *expression_argument(const struct expression *expression, const char *name);
