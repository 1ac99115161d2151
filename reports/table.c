// table - collects cells and writes them aligned.
#include "reports/table.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "sim/base/check.h"
#include "sim/base/utf8.h"

void table_init(struct table *table, const char *alignment)
{
    *table = (struct table){.column_count = (uint32_t)strlen(alignment)};
    CHECK(table->column_count <= TABLE_COLUMNS);
    arena_init(&table->arena);
    for (uint32_t i = 0; i < table->column_count; i++) {
        table->right[i] = alignment[i] == 'r';
    }
}

void table_release(struct table *table)
{
    arena_release(&table->arena);
}

void table_row(struct table *table)
{
    struct table_row *row = arena_take(&table->arena, sizeof *row);
    if (table->last == NULL) {
        table->first = row;
    } else {
        table->last->next = row;
    }
    table->last = row;
    table->cell = 0;
}

void table_shaded(struct table *table, enum table_shade shade, const char *text)
{
    CHECK(table->last != NULL && table->cell < table->column_count);
    char *copy = arena_text(&table->arena, text);
    for (char *at = copy; *at != '\0'; at++) {
        if ((unsigned char)*at < 0x20 || *at == 0x7f) {
            *at = '?';
        }
    }
    table->last->shades[table->cell] = shade;
    table->last->cells[table->cell++] = copy;
}

void table_cell(struct table *table, const char *format, ...)
{
    char buffer[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(buffer, sizeof buffer, format, arguments);
    va_end(arguments);
    table_shaded(table, TABLE_PLAIN, buffer);
}

void table_heads(struct table *table, const char *const *heads)
{
    table_row(table);
    for (; *heads != NULL; heads++) {
        table_shaded(table, TABLE_HEAD, *heads);
    }
}

static uint32_t width_of(const char *cell)
{
    uint32_t width = 0;
    size_t left = cell == NULL ? 0 : strlen(cell);
    while (left > 0) {
        const struct utf8_point point = utf8_next(cell, left);
        width += utf8_width(point.value);
        cell += point.bytes;
        left -= point.bytes;
    }
    return width;
}

static void measure(const struct table *table, uint32_t widths[TABLE_COLUMNS])
{
    for (uint32_t c = 0; c < table->column_count; c++) {
        widths[c] = 0;
        for (const struct table_row *row = table->first; row != NULL; row = row->next) {
            const uint32_t width = width_of(row->cells[c]);
            widths[c] = width > widths[c] ? width : widths[c];
        }
    }
}

static void blanks(struct text *out, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        text_add_char(out, ' ');
    }
}

void table_shade_text(struct text *out, bool color, enum table_shade shade, const char *text)
{
    static const char *const codes[] = {
        [TABLE_PLAIN] = "",         [TABLE_GOOD] = "\033[32m", [TABLE_BAD] = "\033[1;31m",
        [TABLE_DOUBT] = "\033[33m", [TABLE_HEAD] = "\033[1m",  [TABLE_FAINT] = "\033[2m",
    };
    if (color && shade != TABLE_PLAIN) {
        text_format(out, "%s%s\033[0m", codes[shade], text);
    } else {
        text_add(out, text);
    }
}

static uint32_t last_filled(const struct table *table, const struct table_row *row)
{
    uint32_t last = 0;
    for (uint32_t c = 0; c < table->column_count; c++) {
        last = row->cells[c] != NULL && *row->cells[c] != '\0' ? c : last;
    }
    return last;
}

void table_write(const struct table *table, bool color, struct text *out)
{
    uint32_t widths[TABLE_COLUMNS];
    measure(table, widths);
    for (const struct table_row *row = table->first; row != NULL; row = row->next) {
        const uint32_t last = last_filled(table, row);
        for (uint32_t c = 0; c <= last; c++) {
            const char *cell = row->cells[c] == NULL ? "" : row->cells[c];
            const uint32_t space = widths[c] - width_of(cell);
            blanks(out, table->right[c] ? space : 0);
            table_shade_text(out, color, row->shades[c], cell);
            blanks(out, c == last ? 0 : (table->right[c] ? 0 : space) + 2);
        }
        text_add_char(out, '\n');
    }
}

// Escapes what Markdown or HTML would take for its own.
static void markdown_cell(struct text *out, const char *cell)
{
    for (; cell != NULL && *cell != '\0'; cell++) {
        if (*cell == '<') {
            text_add(out, "&lt;");
        } else if (*cell == '&') {
            text_add(out, "&amp;");
        } else if (strchr("|`*_[]\\$", *cell) != NULL) {
            text_format(out, "\\%c", *cell);
        } else {
            text_add_char(out, *cell);
        }
    }
}

void table_markdown(const struct table *table, struct text *out)
{
    for (const struct table_row *row = table->first; row != NULL; row = row->next) {
        for (uint32_t c = 0; c < table->column_count; c++) {
            text_add(out, c == 0 ? "| " : " | ");
            markdown_cell(out, row->cells[c]);
        }
        text_add(out, " |\n");
        for (uint32_t c = 0; row == table->first && c < table->column_count; c++) {
            text_format(out, "%s%s", c == 0 ? "|" : "", table->right[c] ? "---:|" : ":---|");
        }
        text_add(out, row == table->first ? "\n" : "");
    }
}
