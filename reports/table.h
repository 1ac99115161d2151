// table - rows of cells, aligned for a terminal or as Markdown.
//
// Columns are as wide as their widest cell, in terminal columns. Control characters of a cell
// become
// `?`, so that a name cannot steer a terminal.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/base/arena.h"
#include "sim/base/text.h"

enum { TABLE_COLUMNS = 16 };

enum table_shade { TABLE_PLAIN, TABLE_GOOD, TABLE_BAD, TABLE_DOUBT, TABLE_HEAD, TABLE_FAINT };

struct table_row {
    const char *cells[TABLE_COLUMNS]; // NULL: empty
    enum table_shade shades[TABLE_COLUMNS];
    struct table_row *next;
};

struct table {
    struct arena arena;
    uint32_t column_count, cell; // cell: next to be filled in the last row
    bool right[TABLE_COLUMNS];   // aligned to the right
    struct table_row *first, *last;
};

// `alignment` has one letter a column, l or r. The first row added is the head.
void table_init(struct table *table, const char *alignment);
void table_release(struct table *table);

void table_row(struct table *table);
void table_cell(struct table *table, const char *format, ...) __attribute__((format(printf, 2, 3)));
void table_shaded(struct table *table, enum table_shade shade, const char *text);
void table_heads(struct table *table, const char *const *heads); // NULL-terminated

// `color` adds the escape sequences of shades other than TABLE_PLAIN.
void table_write(const struct table *table, bool color, struct text *out);
void table_markdown(const struct table *table, struct text *out);

// One piece of text in a shade.
void table_shade_text(struct text *out, bool color, enum table_shade shade, const char *text);
