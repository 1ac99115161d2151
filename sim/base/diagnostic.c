// diagnostic - the user's mistakes, collected with their places, for people and for machines.
#include "sim/base/diagnostic.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/check.h"
#include "sim/base/utf8.h"

void diagnostic_init(struct diagnostic_list *list)
{
    *list = (struct diagnostic_list){0};
    arena_init(&list->arena);
}

void diagnostic_release(struct diagnostic_list *list)
{
    free(list->sources);
    free(list->entries);
    free(list->allowed);
    arena_release(&list->arena);
    *list = (struct diagnostic_list){0};
}

void diagnostic_allow(struct diagnostic_list *list, const char *code)
{
    list->allowed = check_realloc(list->allowed, (list->allowed_count + 1) * sizeof *list->allowed);
    list->allowed[list->allowed_count++] = arena_text(&list->arena, code);
}

static bool is_allowed(const struct diagnostic_list *list, const char *code)
{
    for (uint32_t i = 0; i < list->allowed_count; i++) {
        if (strcmp(list->allowed[i], code) == 0) {
            return true;
        }
    }
    return false;
}

static size_t text_start(const char *bytes, size_t length)
{
    return length >= 3 && memcmp(bytes, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
}

// The length of the line break at `at`: 0, 1 (LF or CR) or 2 (CR LF).
static size_t line_break(const char *bytes, size_t length, size_t at)
{
    if (bytes[at] == '\n') {
        return 1;
    }
    if (bytes[at] != '\r') {
        return 0;
    }
    return at + 1 < length && bytes[at + 1] == '\n' ? 2 : 1;
}

static uint32_t find_lines(const char *bytes, size_t length, size_t *starts)
{
    size_t at = text_start(bytes, length);
    uint32_t count = 0;
    if (starts != NULL) {
        starts[count] = at;
    }
    count++;
    while (at < length) {
        const size_t skip = line_break(bytes, length, at);
        at += skip == 0 ? 1 : skip;
        if (skip != 0) {
            if (starts != NULL) {
                starts[count] = at;
            }
            count++;
        }
    }
    return count;
}

uint32_t diagnostic_add_source(struct diagnostic_list *list, const char *name, const char *bytes,
                               size_t length)
{
    if (list->source_count == list->source_room) {
        list->source_room = list->source_room == 0 ? 8 : list->source_room * 2;
        list->sources = check_realloc(list->sources, list->source_room * sizeof *list->sources);
    }
    struct diagnostic_source *source = &list->sources[list->source_count++];
    *source = (struct diagnostic_source){
        .name = arena_text(&list->arena, name),
        .bytes = arena_text_part(&list->arena, length == 0 ? "" : bytes, length),
        .length = length,
    };
    source->line_count = find_lines(source->bytes, length, NULL);
    size_t *lines = arena_take_array(&list->arena, source->line_count, sizeof *lines);
    find_lines(source->bytes, length, lines);
    source->lines = lines;
    return list->source_count;
}

void diagnostic_set_included(struct diagnostic_list *list, uint32_t source, struct place from)
{
    CHECK(source >= 1 && source <= list->source_count);
    list->sources[source - 1].included_from = from;
}

const struct diagnostic_source *diagnostic_source(const struct diagnostic_list *list,
                                                  uint32_t source)
{
    return source >= 1 && source <= list->source_count ? &list->sources[source - 1] : NULL;
}

static char *format_text(struct diagnostic_list *list, const char *format, va_list arguments)
{
    va_list again;
    va_copy(again, arguments);
    const int length = vsnprintf(NULL, 0, format, again);
    va_end(again);
    CHECK(length >= 0);
    char *text = arena_take(&list->arena, (size_t)length + 1);
    vsnprintf(text, (size_t)length + 1, format, arguments);
    return text;
}

static void keep(struct diagnostic_list *list, struct diagnostic *entry)
{
    if (list->count == DIAGNOSTIC_KEPT) {
        entry->dropped = true;
        return;
    }
    if (list->count == list->room) {
        list->room = list->room == 0 ? 16 : list->room * 2;
        list->entries = check_realloc(list->entries, list->room * sizeof(struct diagnostic *));
    }
    entry->number = list->count;
    list->entries[list->count++] = entry;
}

static struct diagnostic *add(struct diagnostic_list *list, struct diagnostic entry,
                              const char *format, va_list arguments)
{
    static const size_t size = sizeof(struct diagnostic);
    struct diagnostic *kept = arena_take(&list->arena, size);
    *kept = entry;
    kept->list = list;
    const bool warning = entry.severity == DIAGNOSTIC_WARNING;
    kept->dropped = warning && is_allowed(list, entry.code);
    if (kept->dropped) {
        return kept;
    }
    kept->denied = warning && list->deny_warnings;
    list->errors += !warning || kept->denied;
    list->warnings += warning && !kept->denied;
    keep(list, kept);
    if (!kept->dropped) {
        kept->message = format_text(list, format, arguments);
    }
    return kept;
}

struct diagnostic *diagnostic_error(struct diagnostic_list *list, const char *code,
                                    struct place place, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    struct diagnostic *entry = diagnostic_error_list(list, code, place, format, arguments);
    va_end(arguments);
    return entry;
}

struct diagnostic *diagnostic_error_list(struct diagnostic_list *list, const char *code,
                                         struct place place, const char *format, va_list arguments)
{
    return add(list, (struct diagnostic){.code = code, .place = place}, format, arguments);
}

struct diagnostic *diagnostic_warning(struct diagnostic_list *list, const char *code,
                                      struct place place, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    struct diagnostic *entry = diagnostic_warning_list(list, code, place, format, arguments);
    va_end(arguments);
    return entry;
}

struct diagnostic *diagnostic_warning_list(struct diagnostic_list *list, const char *code,
                                           struct place place, const char *format,
                                           va_list arguments)
{
    const struct diagnostic entry = {
        .code = code,
        .severity = DIAGNOSTIC_WARNING,
        .place = place,
    };
    return add(list, entry, format, arguments);
}

void diagnostic_caret(struct diagnostic *entry, const char *format, ...)
{
    if (entry->dropped) {
        return;
    }
    va_list arguments;
    va_start(arguments, format);
    entry->caret = format_text(entry->list, format, arguments);
    va_end(arguments);
}

void diagnostic_label(struct diagnostic *entry, struct place place, const char *format, ...)
{
    if (entry->dropped || place.source == 0) {
        return;
    }
    struct diagnostic_label *label = arena_take(&entry->list->arena, sizeof *label);
    label->place = place;
    va_list arguments;
    va_start(arguments, format);
    label->text = format_text(entry->list, format, arguments);
    va_end(arguments);
    struct diagnostic_label **end = &entry->labels;
    while (*end != NULL) {
        end = &(*end)->next;
    }
    *end = label;
}

static void add_remark(struct diagnostic *entry, bool is_help, const char *text)
{
    struct diagnostic_remark *remark = arena_take(&entry->list->arena, sizeof *remark);
    *remark = (struct diagnostic_remark){.is_help = is_help, .text = text};
    struct diagnostic_remark **end = &entry->remarks;
    while (*end != NULL) {
        end = &(*end)->next;
    }
    *end = remark;
}

void diagnostic_note(struct diagnostic *entry, const char *format, ...)
{
    if (entry->dropped) {
        return;
    }
    va_list arguments;
    va_start(arguments, format);
    add_remark(entry, false, format_text(entry->list, format, arguments));
    va_end(arguments);
}

void diagnostic_help(struct diagnostic *entry, const char *format, ...)
{
    if (entry->dropped) {
        return;
    }
    va_list arguments;
    va_start(arguments, format);
    add_remark(entry, true, format_text(entry->list, format, arguments));
    va_end(arguments);
}

static int order_of_numbers(uint32_t one, uint32_t other)
{
    return (one > other) - (one < other);
}

static int compare_entries(const void *left, const void *right)
{
    const struct diagnostic *one = *(struct diagnostic *const *)left;
    const struct diagnostic *other = *(struct diagnostic *const *)right;
    const int orders[] = {
        order_of_numbers(one->place.source, other->place.source),
        order_of_numbers(one->place.line, other->place.line),
        order_of_numbers(one->place.column, other->place.column),
        order_of_numbers(one->number, other->number),
    };
    for (size_t i = 0; i < sizeof orders / sizeof orders[0]; i++) {
        if (orders[i] != 0) {
            return orders[i];
        }
    }
    return 0;
}

void diagnostic_sort(struct diagnostic_list *list)
{
    if (list->count > 1) {
        qsort(list->entries, list->count, sizeof(struct diagnostic *), compare_entries);
    }
}

uint32_t diagnostic_code_points(const char *bytes, size_t length)
{
    uint32_t count = 0;
    for (size_t at = 0; at < length; count++) {
        at += utf8_next(bytes + at, length - at).bytes;
    }
    return count;
}

const char *diagnostic_line(const struct diagnostic_source *source, uint32_t line, size_t *length)
{
    *length = 0;
    if (source == NULL || line == 0 || line > source->line_count) {
        return "";
    }
    const size_t start = source->lines[line - 1];
    size_t end = start;
    while (end < source->length && source->bytes[end] != '\n' && source->bytes[end] != '\r') {
        end++;
    }
    *length = end - start;
    return source->bytes + start;
}

size_t diagnostic_offset(const struct diagnostic_source *source, uint32_t line, uint32_t column)
{
    if (line == 0 || line > source->line_count) {
        return source->length;
    }
    size_t length = 0;
    const char *bytes = diagnostic_line(source, line, &length);
    size_t at = 0;
    for (uint32_t i = 1; i < column && at < length; i++) {
        at += utf8_next(bytes + at, length - at).bytes;
    }
    return source->lines[line - 1] + at;
}

// The last line that starts at or before an offset.
static uint32_t line_of(const struct diagnostic_source *source, size_t offset)
{
    uint32_t low = 0;
    uint32_t high = source->line_count;
    while (high - low > 1) {
        const uint32_t middle = low + (high - low) / 2;
        if (source->lines[middle] <= offset) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return low + 1;
}

struct place diagnostic_place_at(const struct diagnostic_list *list, uint32_t number, size_t offset,
                                 size_t length)
{
    const struct diagnostic_source *source = diagnostic_source(list, number);
    CHECK(source != NULL);
    const uint32_t line = line_of(source, offset);
    const size_t start = source->lines[line - 1];
    size_t room = 0;
    const char *bytes = diagnostic_line(source, line, &room);
    const size_t before = offset < start ? 0 : offset - start < room ? offset - start : room;
    const size_t span = length < room - before ? length : room - before;
    return (struct place){
        .source = number,
        .line = line,
        .column = diagnostic_code_points(bytes, before) + 1,
        .length = diagnostic_code_points(bytes + before, span),
    };
}
