// document_source - the bytes of a scenario file, checked, and the places of libyaml's marks in
// them.
#include "sim/scenario/document_source.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "sim/base/check.h"
#include "sim/base/utf8.h"

enum { SOURCE_CHUNK = 64 * 1024 };

static enum document_source_outcome read_all(FILE *file, size_t limit,
                                             struct document_source_content *content)
{
    size_t room = 0;
    for (;;) {
        if (content->length == room) {
            room = room == 0 ? SOURCE_CHUNK : room * 2;
            content->bytes = check_realloc(content->bytes, room);
        }
        const size_t got = fread(content->bytes + content->length, 1, room - content->length, file);
        content->length += got;
        if (content->length > limit) {
            return DOCUMENT_SOURCE_LARGE;
        }
        if (ferror(file)) {
            content->why = strerror(errno);
            return DOCUMENT_SOURCE_FAILED;
        }
        if (got == 0) {
            return DOCUMENT_SOURCE_READ;
        }
    }
}

enum document_source_outcome document_source_read(const char *path, size_t limit,
                                                  struct document_source_content *content)
{
    *content = (struct document_source_content){0};
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        content->why = strerror(errno);
        return DOCUMENT_SOURCE_FAILED;
    }
    struct stat status;
    if (fstat(fileno(file), &status) == 0) {
        content->identity = (struct document_source_identity){status.st_dev, status.st_ino};
    }
    const enum document_source_outcome outcome = read_all(file, limit, content);
    fclose(file);
    return outcome;
}

// What libyaml takes: tab, line breaks, printable characters.
static bool is_clean(struct utf8_point point)
{
    const uint32_t value = point.value;
    if (!point.valid) {
        return false;
    }
    if (value < 0x20) {
        return value == '\t' || value == '\n' || value == '\r';
    }
    return (value <= 0x7E || value == 0x85 || value >= 0xA0) && value != 0xFFFE && value != 0xFFFF;
}

static void report_unclean(const struct document_source *source, size_t offset,
                           struct utf8_point point)
{
    const struct diagnostic_source *whole = diagnostic_source(source->diagnostics, source->number);
    const size_t skipped = whole->length - source->length;
    const struct place place =
        diagnostic_place_at(source->diagnostics, source->number, offset + skipped, point.bytes);
    const bool wide = offset <= 1 && source->length > 1 &&
                      (memcmp(source->bytes, "\xFF\xFE", 2) == 0 ||
                       memcmp(source->bytes, "\xFE\xFF", 2) == 0 || source->bytes[1] == '\0');
    if (wide) {
        struct diagnostic *entry = diagnostic_error(source->diagnostics, "E0102", place,
                                                    "the file is UTF-16, scenarios are UTF-8");
        diagnostic_help(entry, "convert it: iconv -f utf-16 -t utf-8");
    } else if (!point.valid) {
        struct diagnostic *entry =
            diagnostic_error(source->diagnostics, "E0102", place, "the file is not UTF-8");
        diagnostic_caret(entry, "byte 0x%02x does not belong to any character",
                         (unsigned)(unsigned char)source->bytes[offset]);
    } else {
        struct diagnostic *entry = diagnostic_error(source->diagnostics, "E0102", place,
                                                    "a control character in the file");
        diagnostic_caret(entry, "U+%04X cannot stand in YAML", (unsigned)point.value);
    }
}

static bool check_bytes(struct document_source *source)
{
    for (size_t at = 0; at < source->length;) {
        const struct utf8_point point = utf8_next(source->bytes + at, source->length - at);
        if (!is_clean(point)) {
            report_unclean(source, at, point);
            return false;
        }
        at += point.bytes;
        source->points++;
    }
    return true;
}

static void measure_lines(struct document_source *source, struct arena *arena,
                          const struct diagnostic_source *whole)
{
    uint32_t *points = arena_take_array(arena, whole->line_count, sizeof *points);
    const size_t skipped = whole->length - source->length;
    uint32_t total = 0;
    for (uint32_t line = 0; line < whole->line_count; line++) {
        points[line] = total;
        const size_t start = whole->lines[line] - skipped;
        const size_t end =
            line + 1 < whole->line_count ? whole->lines[line + 1] - skipped : source->length;
        total += diagnostic_code_points(source->bytes + start, end - start);
    }
    source->line_points = points;
    source->line_count = whole->line_count;
}

bool document_source_init(struct document_source *source, struct arena *arena,
                          struct diagnostic_list *diagnostics, uint32_t number)
{
    const struct diagnostic_source *whole = diagnostic_source(diagnostics, number);
    CHECK(whole != NULL);
    *source = (struct document_source){
        .diagnostics = diagnostics,
        .number = number,
        .bytes = whole->bytes + whole->lines[0],
        .length = whole->length - whole->lines[0],
    };
    if (!check_bytes(source)) {
        return false;
    }
    measure_lines(source, arena, whole);
    return true;
}

static uint32_t line_of(const struct document_source *source, size_t point)
{
    uint32_t low = 0;
    uint32_t high = source->line_count;
    while (high - low > 1) {
        const uint32_t middle = low + (high - low) / 2;
        if (source->line_points[middle] <= point) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return low;
}

// The code points of a line, or rather of what stands before its break.
static uint32_t line_end_of(const struct document_source *source, uint32_t line)
{
    if (line + 1 >= source->line_count) {
        return source->points;
    }
    const struct diagnostic_source *whole = diagnostic_source(source->diagnostics, source->number);
    const size_t next = whole->lines[line + 1];
    const bool two = whole->bytes[next - 1] == '\n' && next >= whole->lines[line] + 2 &&
                     whole->bytes[next - 2] == '\r';
    return source->line_points[line + 1] - (two ? 2 : 1);
}

struct place document_source_place(const struct document_source *source, size_t first, size_t last)
{
    const size_t start = first < source->points ? first : source->points;
    const uint32_t line = line_of(source, start);
    const size_t line_end = line_end_of(source, line);
    const size_t end = last < line_end ? last : line_end;
    return (struct place){
        .source = source->number,
        .line = line + 1,
        .column = (uint32_t)(start - source->line_points[line]) + 1,
        .length = end > start ? (uint32_t)(end - start) : 0,
    };
}

size_t document_source_offset(const struct document_source *source, size_t point)
{
    const uint32_t line = line_of(source, point < source->points ? point : source->points);
    const struct diagnostic_source *whole = diagnostic_source(source->diagnostics, source->number);
    const size_t skipped = whole->length - source->length;
    size_t at = whole->lines[line] - skipped;
    for (size_t left = point - source->line_points[line]; left > 0 && at < source->length; left--) {
        at += utf8_next(source->bytes + at, source->length - at).bytes;
    }
    return at;
}
