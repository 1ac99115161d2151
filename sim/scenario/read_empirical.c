// read_empirical - a table of measured values: one a line, with its unit or `# unit: ms` before
// them.
#include "sim/scenario/read_empirical.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/check.h"
#include "sim/base/units.h"
#include "sim/scenario/document_file.h"

struct table {
    double *values;
    uint64_t count, room;
    char unit[16]; // put behind each value
};

static char *trim(char *text)
{
    text += strspn(text, " \t");
    size_t length = strlen(text);
    while (length > 0 && strchr(" \t", text[length - 1]) != NULL) {
        text[--length] = '\0';
    }
    return text;
}

// `# unit: ms` sets the unit of all lines behind it.
static void read_comment(struct table *table, char *comment)
{
    static const char word[] = "unit:";
    char *text = trim(comment + 1);
    if (strncmp(text, word, sizeof word - 1) == 0) {
        snprintf(table->unit, sizeof table->unit, "%s", trim(text + sizeof word - 1));
    }
}

static bool read_number(const char *text, enum read_value_unit unit, double *value,
                        struct units_why *why)
{
    int64_t ns = 0;
    uint64_t whole = 0;
    if (unit == READ_VALUE_DURATION) {
        const bool good = units_duration(text, &ns, why);
        *value = (double)ns;
        return good;
    }
    const bool good =
        unit == READ_VALUE_BYTES ? units_bytes(text, &whole, why) : units_count(text, &whole, why);
    *value = (double)whole;
    return good;
}

static void add_value(struct table *table, double value)
{
    if (table->count == table->room) {
        table->room = table->room == 0 ? 1024 : table->room * 2;
        table->values = check_realloc(table->values, table->room * sizeof(double));
    }
    table->values[table->count++] = value;
}

static bool read_line(struct table *table, char *line, enum read_value_unit unit,
                      struct units_why *why)
{
    char *text = trim(line);
    if (text[0] == '#') {
        read_comment(table, text);
    }
    if (text[0] == '\0' || text[0] == '#') {
        return true;
    }
    char whole[80];
    double value = 0;
    snprintf(whole, sizeof whole, "%.60s%s", text, table->unit);
    if (!read_number(whole, unit, &value, why)) {
        return false;
    }
    add_value(table, value);
    return true;
}

static int compare_values(const void *left, const void *right)
{
    const double one = *(const double *)left;
    const double other = *(const double *)right;
    return (one > other) - (one < other);
}

static bool read_lines(struct document *document, const struct document_node *node,
                       struct document_file *file, enum read_value_unit unit, struct table *table)
{
    size_t at = 0;
    char *line = NULL;
    for (uint64_t number = 1; document_file_line(file, &at, &line); number++) {
        struct units_why why;
        if (!read_line(table, line, unit, &why)) {
            struct diagnostic *entry =
                document_error(document, node, "E0225", "line %" PRIu64 " of `%s` is no value",
                               number, file->path);
            diagnostic_caret(entry, "`%.40s`: %s", trim(line), why.text);
            diagnostic_help(entry,
                            "write the unit with each value, or once before them: # unit: ms");
            return false;
        }
    }
    if (table->count == 0) {
        document_error(document, node, "E0225", "`%s` has no values", file->path);
    }
    return table->count > 0;
}

bool read_empirical(struct document *document, const struct document_node *node, const char *path,
                    enum read_value_unit unit, struct read_empirical_table *result)
{
    struct document_file file;
    struct table table = {0};
    if (!document_file_init(&file, document, node, path)) {
        return false;
    }
    const bool good = read_lines(document, node, &file, unit, &table);
    if (good) {
        double *values = arena_take_array(&document->arena, table.count, sizeof *values);
        memcpy(values, table.values, table.count * sizeof *values);
        qsort(values, table.count, sizeof *values, compare_values);
        *result = (struct read_empirical_table){values, table.count};
    }
    free(table.values);
    document_file_release(&file);
    return good;
}
