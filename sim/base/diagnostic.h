// diagnostic - the user's mistakes, collected with their places, for people and for machines.
//
// A list holds the source texts (so that excerpts can be shown) and the entries. An entry is made
// by diagnostic_error or diagnostic_warning and then enriched: a text under the caret, further
// places, notes and helps. Entries stay where they are until the list is released. Codes ("E0107",
// "W2003") are never used twice; each has its long text in the table (sim/base/diagnostic_codes.h).
// Message grammar: what failed first, the subject in `backquotes`, the mend under the caret or in
// help.
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/base/arena.h"

// A span of one line. Source 0 is nowhere, line 0 is a file as a whole. Lines and columns count
// from 1, columns and length in code points.
struct place {
    uint32_t source;
    uint32_t line, column, length;
};

enum diagnostic_severity { DIAGNOSTIC_ERROR, DIAGNOSTIC_WARNING };

// A second place that an entry shows ("first given here").
struct diagnostic_label {
    struct diagnostic_label *next;
    struct place place;
    const char *text;
};

// A `= note:` or `= help:` line.
struct diagnostic_remark {
    struct diagnostic_remark *next;
    bool is_help;
    const char *text;
};

struct diagnostic {
    struct diagnostic_list *list;
    const char *code; // not copied: a literal
    enum diagnostic_severity severity;
    bool denied;     // a warning that counts as an error
    bool dropped;    // an allowed warning, or one too many: not in the list, safe to enrich
    uint32_t number; // order of adding
    struct place place;
    const char *message;
    const char *caret; // NULL: none
    struct diagnostic_label *labels;
    struct diagnostic_remark *remarks;
};

struct diagnostic_source {
    const char *name;
    const char *bytes;
    size_t length;
    const size_t *lines; // byte offset of each line's start (behind a byte order mark)
    uint32_t line_count;
    struct place included_from; // source 0: not included
};

enum {
    DIAGNOSTIC_PRINTED = 20, // errors printed of one file
    DIAGNOSTIC_KEPT = 2000,  // entries kept of one list
};

struct diagnostic_list {
    struct arena arena;
    struct diagnostic_source *sources; // number n stands at n - 1
    uint32_t source_count, source_room;
    struct diagnostic **entries;
    uint32_t count, room;
    uint32_t errors, warnings; // all, also those not kept; denied warnings are errors
    bool deny_warnings;
    const char **allowed; // codes of warnings to drop
    uint32_t allowed_count;
};

void diagnostic_init(struct diagnostic_list *list);
void diagnostic_release(struct diagnostic_list *list);

// Warnings with this code are dropped (-A W2105).
void diagnostic_allow(struct diagnostic_list *list, const char *code);

// Registers a text; the list keeps copies of name and bytes. `from` is where an include names it.
uint32_t diagnostic_add_source(struct diagnostic_list *list, const char *name, const char *bytes,
                               size_t length);
void diagnostic_set_included(struct diagnostic_list *list, uint32_t source, struct place from);
const struct diagnostic_source *diagnostic_source(const struct diagnostic_list *list,
                                                  uint32_t source);

// Never NULL. The message is copied; the place may be (struct place){0}.
struct diagnostic *diagnostic_error(struct diagnostic_list *list, const char *code,
                                    struct place place, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
struct diagnostic *diagnostic_warning(struct diagnostic_list *list, const char *code,
                                      struct place place, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

struct diagnostic *diagnostic_error_list(struct diagnostic_list *list, const char *code,
                                         struct place place, const char *format, va_list arguments)
    __attribute__((format(printf, 4, 0)));
struct diagnostic *diagnostic_warning_list(struct diagnostic_list *list, const char *code,
                                           struct place place, const char *format,
                                           va_list arguments) __attribute__((format(printf, 4, 0)));

// The text under the caret, a second place, and the lines below the excerpt; in order of adding.
void diagnostic_caret(struct diagnostic *entry, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void diagnostic_label(struct diagnostic *entry, struct place place, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void diagnostic_note(struct diagnostic *entry, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void diagnostic_help(struct diagnostic *entry, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

// Sorts by source name in order of registration, line, column, order of adding.
void diagnostic_sort(struct diagnostic_list *list);

// The byte offset of a place's start in its source, and the bytes of a line without its end.
size_t diagnostic_offset(const struct diagnostic_source *source, uint32_t line, uint32_t column);
const char *diagnostic_line(const struct diagnostic_source *source, uint32_t line, size_t *length);

// The place of `length` bytes at a byte offset of a source, cut at the end of its first line.
struct place diagnostic_place_at(const struct diagnostic_list *list, uint32_t source, size_t offset,
                                 size_t length);

// Code points in bytes of UTF-8 (a stray byte counts as one).
uint32_t diagnostic_code_points(const char *bytes, size_t length);
