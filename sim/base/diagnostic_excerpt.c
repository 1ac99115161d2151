// diagnostic_excerpt - the source lines of a diagnostic with carets under the places.
#include "sim/base/diagnostic_excerpt.h"

#include <string.h>

#include "sim/base/utf8.h"

enum {
    EXCERPT_MARKS = 16,   // places shown of one entry
    EXCERPT_WINDOW = 140, // code points shown of a long line
    EXCERPT_BEFORE = 60,  // of them before the place
    EXCERPT_TAB = 4,
};

struct mark {
    struct place place;
    const char *text;
    bool primary;
    uint32_t start, width; // display columns from 0
};

struct marks {
    struct mark items[EXCERPT_MARKS];
    uint32_t count;
};

void diagnostic_excerpt_paint(const struct diagnostic_excerpt *excerpt,
                              enum diagnostic_excerpt_paint paint)
{
    static const char *const codes[] = {"\x1b[0m", "\x1b[1;31m", "\x1b[1;33m", "\x1b[1;34m",
                                        "\x1b[1m"};
    if (excerpt->colour) {
        text_add(excerpt->out, codes[paint]);
    }
}

static void add_point(struct text *out, const char *bytes, struct utf8_point point)
{
    const uint32_t value = point.value;
    const bool control = value < 0x20 || (value >= 0x7F && value < 0xA0);
    if (!point.valid) {
        text_add(out, "\xEF\xBF\xBD");
    } else if (control) {
        text_format(out, "\\x%02x", (unsigned)value);
    } else {
        text_add_part(out, bytes, point.bytes);
    }
}

void diagnostic_excerpt_clean(struct text *out, const char *text)
{
    size_t left = strlen(text);
    while (left > 0) {
        const struct utf8_point point = utf8_next(text, left);
        add_point(out, text, point);
        text += point.bytes;
        left -= point.bytes;
    }
}

static void add_spaces(struct text *out, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        text_add_char(out, ' ');
    }
}

static void add_gutter(const struct diagnostic_excerpt *excerpt, uint32_t line)
{
    diagnostic_excerpt_paint(excerpt, DIAGNOSTIC_EXCERPT_FRAME);
    if (line != 0) {
        text_format(excerpt->out, "%*u |", (int)excerpt->gutter, line);
    } else {
        add_spaces(excerpt->out, excerpt->gutter + 1);
        text_add_char(excerpt->out, '|');
    }
    diagnostic_excerpt_paint(excerpt, DIAGNOSTIC_EXCERPT_PLAIN);
}

// Collects the entry's marks, its own first, then the labels in order of adding.
static void collect(const struct diagnostic *entry, struct marks *marks)
{
    marks->items[0] = (struct mark){.place = entry->place, .text = entry->caret, .primary = true};
    marks->count = 1;
    for (const struct diagnostic_label *label = entry->labels; label != NULL; label = label->next) {
        if (marks->count < EXCERPT_MARKS && label->place.line != 0) {
            marks->items[marks->count++] =
                (struct mark){.place = label->place, .text = label->text};
        }
    }
}

// What of a line is shown: the first code point, and whether something is left out before it.
static uint32_t window_start(const char *bytes, size_t length, const struct mark *first)
{
    if (diagnostic_code_points(bytes, length) <= EXCERPT_WINDOW) {
        return 0;
    }
    return first->place.column > EXCERPT_BEFORE ? first->place.column - EXCERPT_BEFORE : 0;
}

// The display width of a code point of an excerpt at a display column.
static uint32_t shown_width(struct utf8_point point, uint32_t column)
{
    if (point.value == '\t') {
        return EXCERPT_TAB - column % EXCERPT_TAB;
    }
    const bool control = point.value < 0x20 || (point.value >= 0x7F && point.value < 0xA0);
    return control && point.valid ? 4 : utf8_width(point.value);
}

// Sets the display columns of the marks whose span begins or ends at this code point.
static void measure(struct mark **marks, uint32_t count, uint32_t number, uint32_t column)
{
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t first = marks[i]->place.column;
        if (number == first) {
            marks[i]->start = column;
            marks[i]->width = 1;
        }
        if (number > first && number <= first + marks[i]->place.length) {
            marks[i]->width = column > marks[i]->start ? column - marks[i]->start : 1;
        }
    }
}

// The source line within its window; sets where each mark stands below it.
static void add_source_line(const struct diagnostic_excerpt *excerpt,
                            const struct diagnostic_list *list, struct mark **marks, uint32_t count)
{
    const struct place place = marks[0]->place;
    struct text *out = excerpt->out;
    size_t length = 0;
    const char *bytes = diagnostic_line(diagnostic_source(list, place.source), place.line, &length);
    const uint32_t first = window_start(bytes, length, marks[0]);
    add_gutter(excerpt, place.line);
    text_add(out, first > 0 ? " ..." : " ");
    uint32_t column = first > 0 ? 3 : 0;
    uint32_t number = 1;
    size_t at = 0;
    for (; at < length && number <= first + EXCERPT_WINDOW; number++) {
        const struct utf8_point point = utf8_next(bytes + at, length - at);
        measure(marks, count, number, column);
        if (number > first && point.value == '\t') {
            add_spaces(out, shown_width(point, column));
        } else if (number > first) {
            add_point(out, bytes + at, point);
        }
        column += number > first ? shown_width(point, column) : 0;
        at += point.bytes;
    }
    measure(marks, count, number, column);
    text_add(out, at < length ? "...\n" : "\n");
}

static void sort_by_start(struct mark **marks, uint32_t count)
{
    for (uint32_t i = 1; i < count; i++) {
        for (uint32_t j = i; j > 0 && marks[j]->start < marks[j - 1]->start; j--) {
            struct mark *swap = marks[j];
            marks[j] = marks[j - 1];
            marks[j - 1] = swap;
        }
    }
}

static enum diagnostic_excerpt_paint mark_paint(const struct diagnostic *entry,
                                                const struct mark *mark)
{
    if (!mark->primary) {
        return DIAGNOSTIC_EXCERPT_FRAME;
    }
    return entry->severity == DIAGNOSTIC_ERROR ? DIAGNOSTIC_EXCERPT_ERROR
                                               : DIAGNOSTIC_EXCERPT_WARNING;
}

static void add_mark_text(const struct diagnostic_excerpt *excerpt, const struct diagnostic *entry,
                          const struct mark *mark)
{
    diagnostic_excerpt_paint(excerpt, mark_paint(entry, mark));
    diagnostic_excerpt_clean(excerpt->out, mark->text);
    diagnostic_excerpt_paint(excerpt, DIAGNOSTIC_EXCERPT_PLAIN);
}

static void add_underlines(const struct diagnostic_excerpt *excerpt, const struct diagnostic *entry,
                           struct mark **marks, uint32_t count)
{
    uint32_t column = 0;
    add_gutter(excerpt, 0);
    add_spaces(excerpt->out, 1);
    for (uint32_t i = 0; i < count; i++) {
        const struct mark *mark = marks[i];
        const uint32_t limit = i + 1 < count ? marks[i + 1]->start : UINT32_MAX;
        const uint32_t end = mark->start + mark->width;
        if (mark->start >= column) {
            add_spaces(excerpt->out, mark->start - column);
            column = mark->start;
        }
        diagnostic_excerpt_paint(excerpt, mark_paint(entry, mark));
        for (; column < end && column < limit; column++) {
            text_add_char(excerpt->out, mark->primary ? '^' : '-');
        }
        diagnostic_excerpt_paint(excerpt, DIAGNOSTIC_EXCERPT_PLAIN);
    }
}

// The texts: the rightmost behind its underline, the others below, from right to left.
static void add_mark_texts(const struct diagnostic_excerpt *excerpt, const struct diagnostic *entry,
                           struct mark **marks, uint32_t count)
{
    for (uint32_t i = count; i-- > 0;) {
        const bool last = i == count - 1;
        if (marks[i]->text == NULL) {
            continue;
        }
        if (last) {
            add_spaces(excerpt->out, 1);
        } else {
            text_add_char(excerpt->out, '\n');
            add_gutter(excerpt, 0);
            add_spaces(excerpt->out, marks[i]->start + 1);
        }
        add_mark_text(excerpt, entry, marks[i]);
    }
    text_add_char(excerpt->out, '\n');
}

static void add_line(const struct diagnostic_excerpt *excerpt, const struct diagnostic *entry,
                     struct mark **marks, uint32_t count)
{
    add_source_line(excerpt, entry->list, marks, count);
    sort_by_start(marks, count);
    add_underlines(excerpt, entry, marks, count);
    add_mark_texts(excerpt, entry, marks, count);
}

static void add_header(const struct diagnostic_excerpt *excerpt, const struct diagnostic *entry,
                       struct place place, bool first)
{
    const struct diagnostic_source *source = diagnostic_source(entry->list, place.source);
    add_spaces(excerpt->out, excerpt->gutter);
    diagnostic_excerpt_paint(excerpt, DIAGNOSTIC_EXCERPT_FRAME);
    text_add(excerpt->out, first ? "--> " : "::: ");
    diagnostic_excerpt_paint(excerpt, DIAGNOSTIC_EXCERPT_PLAIN);
    diagnostic_excerpt_clean(excerpt->out, source->name);
    if (place.line != 0) {
        text_format(excerpt->out, ":%u:%u", place.line, place.column);
    }
    text_add_char(excerpt->out, '\n');
}

// Takes the marks of the lowest line of a source out of `marks`; returns how many.
static uint32_t take_line(struct marks *marks, bool *taken, uint32_t source, struct mark **line)
{
    uint32_t lowest = UINT32_MAX;
    for (uint32_t i = 0; i < marks->count; i++) {
        const struct place place = marks->items[i].place;
        if (!taken[i] && place.source == source && place.line < lowest) {
            lowest = place.line;
        }
    }
    uint32_t count = 0;
    for (uint32_t i = 0; i < marks->count; i++) {
        const struct place place = marks->items[i].place;
        if (!taken[i] && place.source == source && place.line == lowest) {
            taken[i] = true;
            line[count++] = &marks->items[i];
        }
    }
    return count;
}

static void add_file(const struct diagnostic_excerpt *excerpt, const struct diagnostic *entry,
                     struct marks *marks, bool *taken)
{
    uint32_t first = 0;
    while (taken[first]) {
        first++;
    }
    const struct place place = marks->items[first].place;
    add_header(excerpt, entry, place, first == 0);
    add_gutter(excerpt, 0);
    text_add_char(excerpt->out, '\n');
    struct mark *line[EXCERPT_MARKS];
    uint32_t before = 0;
    uint32_t count = take_line(marks, taken, place.source, line);
    while (count > 0) {
        const uint32_t number = line[0]->place.line;
        if (before != 0 && number != before + 1) {
            text_add(excerpt->out, "...\n");
        }
        add_line(excerpt, entry, line, count);
        before = number;
        count = take_line(marks, taken, place.source, line);
    }
}

void diagnostic_excerpt_add(struct diagnostic_excerpt *excerpt, const struct diagnostic *entry)
{
    if (entry->place.source == 0) {
        return;
    }
    struct marks marks;
    collect(entry, &marks);
    excerpt->gutter = 1;
    for (uint32_t i = 0; i < marks.count; i++) {
        uint32_t digits = 1;
        for (uint32_t rest = marks.items[i].place.line; rest >= 10; rest /= 10) {
            digits++;
        }
        excerpt->gutter = digits > excerpt->gutter ? digits : excerpt->gutter;
    }
    if (entry->place.line == 0) {
        add_header(excerpt, entry, entry->place, true);
        return;
    }
    bool taken[EXCERPT_MARKS] = {false};
    for (uint32_t i = 0; i < marks.count; i++) {
        if (!taken[i]) {
            add_file(excerpt, entry, &marks, taken);
        }
    }
}
