// measured_load - hours of measured load from a CSV file, from which a plan takes its busiest one.
#include "sim/scenario/measured_load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/check.h"
#include "sim/base/suggest.h"
#include "sim/base/text.h"
#include "sim/base/units.h"
#include "sim/scenario/assembly.h"
#include "sim/scenario/document_file.h"
#include "sim/scenario/read_value.h"

enum { COLUMNS = 256, HOURS = 1000000, CELL = 96, UNIT = 16, NOBODY = UINT32_MAX - 1 };

static const char ALL[] = "rate"; // the column of all workloads together

struct cell {
    const char *bytes;
    size_t length;
};

struct reading {
    struct assembly *assembly;
    struct document_file file;
    uint32_t source; // of the diagnostics, 0: nothing was wrong so far
    bool good, headed, is_timestamp, has_before;
    int64_t before; // the hour of the last line
    char unit[UNIT];
    uint32_t column_count, hour_count, room;
    uint32_t workloads[COLUMNS];
    const char **hours;
    double *rates;
};

// ---- mistakes ----------------------------------------------------------------------------------

static struct diagnostic *complain(struct reading *reading, struct cell at, const char *what)
{
    struct diagnostic_list *list = reading->assembly->document->diagnostics;
    const struct document_file *file = &reading->file;
    if (reading->source == 0) {
        reading->source = diagnostic_add_source(list, file->path, file->bytes, file->length);
    }
    reading->good = false;
    const size_t offset = (size_t)(at.bytes - file->bytes);
    return diagnostic_error(
        list, "E0225",
        diagnostic_place_at(list, reading->source, offset, at.length == 0 ? 1 : at.length), "%s",
        what);
}

// ---- cells -------------------------------------------------------------------------------------

static bool is_space(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r';
}

static struct cell trim(struct cell cell)
{
    while (cell.length > 0 && is_space(cell.bytes[0])) {
        cell.bytes++;
        cell.length--;
    }
    while (cell.length > 0 && is_space(cell.bytes[cell.length - 1])) {
        cell.length--;
    }
    return cell;
}

static struct cell unquote(struct cell cell)
{
    cell = trim(cell);
    if (cell.length >= 2 && cell.bytes[0] == '"' && cell.bytes[cell.length - 1] == '"') {
        return trim((struct cell){cell.bytes + 1, cell.length - 2});
    }
    return cell;
}

// The cell in front of the next comma; false behind the last.
static bool next_cell(struct cell *line, struct cell *cell)
{
    if (line->bytes == NULL) {
        return false;
    }
    const char *comma = memchr(line->bytes, ',', line->length);
    const size_t length = comma == NULL ? line->length : (size_t)(comma - line->bytes);
    *cell = unquote((struct cell){line->bytes, length});
    *line = comma == NULL ? (struct cell){NULL, 0}
                          : (struct cell){comma + 1, line->length - length - 1};
    return true;
}

// Cut where nothing sensible is that long.
static const char *text_of(struct cell cell, char text[CELL])
{
    const size_t length = cell.length < CELL - 1 ? cell.length : CELL - 1;
    memcpy(text, cell.bytes, length);
    text[length] = '\0';
    return text;
}

// ---- heads -------------------------------------------------------------------------------------

static void name_columns(struct reading *reading, struct cell cell, const char *name)
{
    const struct design *design = reading->assembly->design;
    const char *names[COLUMNS];
    uint32_t count = 0;
    for (uint32_t w = 0; w < design->workload_count && count < COLUMNS; w++) {
        names[count++] = design->workloads[w].name;
    }
    struct diagnostic *entry = complain(reading, cell, "no such workload");
    const char *meant = suggest_nearest(name, names, count);
    if (meant != NULL) {
        diagnostic_caret(entry, "did you mean `%s`?", meant);
    } else {
        diagnostic_caret(entry, "expected `rate` or the name of a workload");
    }
}

static void add_column(struct reading *reading, struct cell cell)
{
    const struct design *design = reading->assembly->design;
    char text[CELL];
    const char *name = text_of(cell, text);
    uint32_t workload = assembly_workload(reading->assembly, name);
    bool twice = false;
    for (uint32_t c = 0; c < reading->column_count; c++) {
        twice = twice || reading->workloads[c] == workload;
    }
    if (workload == DESIGN_NONE && !text_same(name, ALL)) {
        name_columns(reading, cell, name);
        workload = NOBODY;
    } else if (twice) {
        complain(reading, cell, "a column for the second time");
    } else if (workload != DESIGN_NONE && design->workloads[workload].model == WORKLOAD_CLOSED) {
        diagnostic_caret(complain(reading, cell, "a closed workload has no rate of its own"),
                         "its `users` are its load: `growth` and `peak` count them");
    } else if (reading->column_count > 0 &&
               (workload == DESIGN_NONE || reading->workloads[0] == DESIGN_NONE)) {
        diagnostic_caret(complain(reading, cell, "`rate` stands alone"),
                         "it is of all open workloads together");
    }
    if (reading->column_count == COLUMNS) {
        complain(reading, cell, "more columns than can be read");
    } else {
        reading->workloads[reading->column_count++] = workload;
    }
}

static void read_heads(struct reading *reading, struct cell line)
{
    struct cell cell = {0}, rest = line;
    char text[CELL];
    next_cell(&rest, &cell);
    const char *name = text_of(cell, text);
    reading->headed = true;
    reading->is_timestamp = text_same(name, "timestamp");
    if (!reading->is_timestamp && !text_same(name, "hour")) {
        diagnostic_caret(complain(reading, cell, "the first column says which hour it is"),
                         "expected `hour` or `timestamp` at the head of it");
    }
    while (next_cell(&rest, &cell)) {
        add_column(reading, cell);
    }
    if (reading->column_count == 0) {
        diagnostic_caret(complain(reading, line, "no column of rates"),
                         "expected `rate` or names of workloads behind the first");
    }
}

// ---- hours -------------------------------------------------------------------------------------

static bool digits(const char **at, int count, int64_t *number)
{
    *number = 0;
    for (int i = 0; i < count; i++) {
        if (**at < '0' || **at > '9') {
            return false;
        }
        *number = *number * 10 + (*(*at)++ - '0');
    }
    return true;
}

static bool take(const char **at, const char *any)
{
    const bool found = **at != '\0' && strchr(any, **at) != NULL;
    *at += found;
    return found;
}

// Days since 1970-01-01 by the calendar of Gregory; -1: no day.
static int64_t day_number(int64_t year, int64_t month, int64_t day)
{
    static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    if (year < 1970 || month < 1 || month > 12 || day < 1 ||
        day > lengths[month - 1] + (month == 2 && leap)) {
        return -1;
    }
    const int64_t past = year - 1;
    int64_t days = past * 365 + past / 4 - past / 100 + past / 400 - 719162;
    for (int64_t m = 1; m < month; m++) {
        days += lengths[m - 1] + (m == 2 && leap);
    }
    return days + day - 1;
}

// "", "Z", "+02:00"; in minutes.
static bool read_zone(const char *at, int64_t *offset)
{
    int64_t hours = 0, minutes = 0;
    *offset = 0;
    if (text_same(at, "") || text_same(at, "Z")) {
        return true;
    }
    const int64_t sign = *at == '-' ? -1 : 1;
    if (!take(&at, "+-") || !digits(&at, 2, &hours)) {
        return false;
    }
    take(&at, ":");
    *offset = digits(&at, 2, &minutes) ? sign * (hours * 60 + minutes) : sign * hours * 60;
    return *at == '\0' && hours < 15 && minutes < 60;
}

static bool read_timestamp(const char *at, int64_t *hour)
{
    int64_t year, month, day, hours, minutes = 0, seconds = 0, offset;
    if (!digits(&at, 4, &year) || !take(&at, "-") || !digits(&at, 2, &month) || !take(&at, "-") ||
        !digits(&at, 2, &day) || !take(&at, "T ") || !digits(&at, 2, &hours)) {
        return false;
    }
    const bool good = !take(&at, ":") ||
                      (digits(&at, 2, &minutes) && (!take(&at, ":") || digits(&at, 2, &seconds)));
    const int64_t days = day_number(year, month, day);
    if (!good || !read_zone(at, &offset) || days < 0 || hours > 23 || minutes > 59 ||
        seconds > 60) {
        return false;
    }
    const int64_t whole = days * 1440 + hours * 60 + minutes - offset;
    *hour = whole >= 0 ? whole / 60 : -1;
    return true;
}

static void read_hour(struct reading *reading, struct cell cell)
{
    char text[CELL];
    const char *name = text_of(cell, text);
    struct units_why why;
    uint64_t number = 0;
    int64_t hour = 0;
    bool good = false;
    if (reading->is_timestamp) {
        good = read_timestamp(name, &hour);
    } else {
        good = units_count(name, &number, &why) && number < (uint64_t)HOURS;
        hour = (int64_t)number;
    }
    if (!good) {
        diagnostic_caret(complain(reading, cell, "no hour"), "expected %s",
                         reading->is_timestamp ? "a time as 2026-03-02T14:00"
                                               : "a whole number below a million");
        return;
    }
    if (reading->has_before && hour <= reading->before) {
        diagnostic_caret(
            complain(reading, cell,
                     hour == reading->before ? "an hour for the second time" : "the hours go back"),
            "one line an hour, in order");
    }
    reading->before = hour;
    reading->has_before = true;
}

// ---- rates -------------------------------------------------------------------------------------

static void read_rate(struct reading *reading, struct cell cell, double *rate)
{
    char text[CELL], whole[CELL + UNIT];
    struct units_why why = {0};
    double plain;
    const char *rest = units_decimal(text_of(cell, text), &plain);
    const bool bare = rest != NULL && *rest == '\0';
    snprintf(whole, sizeof whole, "%s%s", text, bare ? reading->unit : "");
    *rate = 0.0;
    if (units_rate(whole, rate, &why)) {
        return;
    }
    struct diagnostic *entry = complain(reading, cell, cell.length == 0 ? "no value" : "no rate");
    diagnostic_caret(entry, "%s", why.text);
    if (bare && reading->unit[0] == '\0') {
        diagnostic_help(entry, "write the unit with each value, or once before them: # unit: /s");
    }
}

static void grow(struct reading *reading)
{
    if (reading->hour_count < reading->room) {
        return;
    }
    reading->room = reading->room == 0 ? 256 : 2 * reading->room;
    reading->hours = check_realloc(reading->hours, reading->room * sizeof *reading->hours);
    reading->rates = check_realloc(
        reading->rates, (size_t)reading->room * (reading->column_count + 1) * sizeof(double));
}

static void read_row(struct reading *reading, struct cell line)
{
    struct cell cell, rest = line;
    next_cell(&rest, &cell);
    grow(reading);
    reading->hours[reading->hour_count] =
        arena_text_part(reading->assembly->arena, cell.bytes, cell.length);
    read_hour(reading, cell);
    double *rates = &reading->rates[(size_t)reading->hour_count * reading->column_count];
    uint32_t count = 0;
    while (next_cell(&rest, &cell)) {
        double spare;
        if (count < reading->column_count || reading->column_count == 0) {
            read_rate(reading, cell, count < reading->column_count ? &rates[count] : &spare);
        }
        count++;
    }
    if (count != reading->column_count) {
        diagnostic_caret(complain(reading, line, "a line of another length"),
                         "%u rates, and the heads name %u", count, reading->column_count);
    }
    reading->hour_count++;
}

// ---- lines -------------------------------------------------------------------------------------

// `# unit: /s` sets the unit of all lines behind it.
static void read_comment(struct reading *reading, struct cell line)
{
    static const char word[] = "unit:";
    const struct cell rest = trim((struct cell){line.bytes + 1, line.length - 1});
    char text[CELL];
    if (rest.length >= sizeof word - 1 && memcmp(rest.bytes, word, sizeof word - 1) == 0) {
        const size_t skipped = sizeof word - 1;
        snprintf(reading->unit, sizeof reading->unit, "%.*s", UNIT - 1,
                 text_of(trim((struct cell){rest.bytes + skipped, rest.length - skipped}), text));
    }
}

static void read_line(struct reading *reading, struct cell line)
{
    line = trim(line);
    if (line.length == 0) {
        return;
    }
    if (line.bytes[0] == '#') {
        read_comment(reading, line);
    } else if (!reading->headed) {
        read_heads(reading, line);
    } else if (reading->hour_count < HOURS) {
        read_row(reading, line);
    }
}

static void read_lines(struct reading *reading)
{
    const struct document_file *file = &reading->file;
    const bool mark = file->length >= 3 && memcmp(file->bytes, "\xEF\xBB\xBF", 3) == 0;
    for (size_t at = mark ? 3 : 0; at < file->length;) {
        size_t end = at;
        while (end < file->length && file->bytes[end] != '\n' && file->bytes[end] != '\r') {
            end++;
        }
        read_line(reading, (struct cell){file->bytes + at, end - at});
        at = end + 1;
    }
}

static void check_whole(struct reading *reading)
{
    double sum = 0.0;
    const size_t count = (size_t)reading->hour_count * reading->column_count;
    for (size_t i = 0; i < count && reading->good; i++) {
        sum += reading->rates[i];
    }
    if (reading->good && !(sum > 0.0)) {
        complain(reading, (struct cell){reading->file.bytes, 1},
                 reading->hour_count == 0 ? "not a single hour" : "no load in any hour");
    }
}

static void keep(struct reading *reading, struct measured_load *load)
{
    struct arena *arena = reading->assembly->arena;
    const size_t count = (size_t)reading->hour_count * reading->column_count;
    double *rates = arena_take_array(arena, count, sizeof *rates);
    memcpy(rates, reading->rates, count * sizeof *rates);
    const char **hours = arena_take_array(arena, reading->hour_count, sizeof *hours);
    memcpy(hours, reading->hours, reading->hour_count * sizeof *hours);
    uint32_t *workloads = arena_take_array(arena, reading->column_count, sizeof *workloads);
    memcpy(workloads, reading->workloads, reading->column_count * sizeof *workloads);
    *load = (struct measured_load){
        .path = reading->file.path,
        .hour_count = reading->hour_count,
        .column_count = reading->column_count,
        .hours = hours,
        .workloads = workloads,
        .rates = rates,
    };
}

bool measured_load_read(struct assembly *assembly, const struct document_node *node,
                        struct measured_load *load)
{
    struct reading reading = {.assembly = assembly, .good = true};
    const char *name;
    if (!read_value_text(assembly->document, node, &name) ||
        !document_file_init(&reading.file, assembly->document, node, name)) {
        return false;
    }
    read_lines(&reading);
    check_whole(&reading);
    if (reading.good) {
        keep(&reading, load);
    }
    free(reading.hours);
    free(reading.rates);
    document_file_release(&reading.file);
    return reading.good;
}
