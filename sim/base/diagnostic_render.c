// diagnostic_render - a list of diagnostics as text, for people and for machines.
#include "sim/base/diagnostic_render.h"

#include <string.h>

#include "sim/base/diagnostic_excerpt.h"
#include "sim/base/diagnostic_forge.h"

bool diagnostic_render_format(const char *name, enum diagnostic_format *format)
{
    static const char *const names[] = {"human", "short", "json", "github", "sarif"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(name, names[i]) == 0) {
            *format = (enum diagnostic_format)i;
            return true;
        }
    }
    return false;
}

static const char *severity_word(const struct diagnostic *entry)
{
    return entry->severity == DIAGNOSTIC_ERROR || entry->denied ? "error" : "warning";
}

static void add_heading(const struct diagnostic_excerpt *excerpt, const struct diagnostic *entry)
{
    const bool is_error = entry->severity == DIAGNOSTIC_ERROR;
    diagnostic_excerpt_paint(excerpt,
                             is_error ? DIAGNOSTIC_EXCERPT_ERROR : DIAGNOSTIC_EXCERPT_WARNING);
    text_format(excerpt->out, "%s[%s]", severity_word(entry), entry->code);
    diagnostic_excerpt_paint(excerpt, DIAGNOSTIC_EXCERPT_PLAIN);
    diagnostic_excerpt_paint(excerpt, DIAGNOSTIC_EXCERPT_BOLD);
    text_add(excerpt->out, ": ");
    diagnostic_excerpt_clean(excerpt->out, entry->message);
    diagnostic_excerpt_paint(excerpt, DIAGNOSTIC_EXCERPT_PLAIN);
    text_add_char(excerpt->out, '\n');
}

static void add_remark(const struct diagnostic_excerpt *excerpt, const char *word, const char *text)
{
    text_format(excerpt->out, "%*s = %s: ", (int)excerpt->gutter, "", word);
    diagnostic_excerpt_clean(excerpt->out, text);
    text_add_char(excerpt->out, '\n');
}

// From the innermost include outwards.
static void add_includes(const struct diagnostic_excerpt *excerpt, const struct diagnostic *entry)
{
    const struct diagnostic_source *source = diagnostic_source(entry->list, entry->place.source);
    while (source != NULL && source->included_from.source != 0) {
        const struct place from = source->included_from;
        source = diagnostic_source(entry->list, from.source);
        struct text line;
        text_init(&line);
        text_format(&line, "included from %s:%u:%u", source->name, from.line, from.column);
        add_remark(excerpt, "note", text_get(&line));
        text_release(&line);
    }
}

static void add_human(struct diagnostic_excerpt *excerpt, const struct diagnostic *entry)
{
    add_heading(excerpt, entry);
    excerpt->gutter = 1;
    diagnostic_excerpt_add(excerpt, entry);
    const bool has_caret_line = entry->place.line != 0;
    if (entry->caret != NULL && !has_caret_line) {
        add_remark(excerpt, "note", entry->caret);
    }
    if (entry->remarks != NULL && has_caret_line) {
        diagnostic_excerpt_paint(excerpt, DIAGNOSTIC_EXCERPT_FRAME);
        text_format(excerpt->out, "%*s |\n", (int)excerpt->gutter, "");
        diagnostic_excerpt_paint(excerpt, DIAGNOSTIC_EXCERPT_PLAIN);
    }
    for (const struct diagnostic_remark *remark = entry->remarks; remark != NULL;
         remark = remark->next) {
        add_remark(excerpt, remark->is_help ? "help" : "note", remark->text);
    }
    add_includes(excerpt, entry);
    text_add_char(excerpt->out, '\n');
}

static void add_place(struct text *out, const struct diagnostic *entry)
{
    const struct diagnostic_source *source = diagnostic_source(entry->list, entry->place.source);
    diagnostic_excerpt_clean(out, source == NULL ? "orrery" : source->name);
    if (source != NULL && entry->place.line != 0) {
        text_format(out, ":%u:%u", entry->place.line, entry->place.column);
    }
    text_add(out, ": ");
}

static void add_short(struct text *out, const struct diagnostic *entry)
{
    add_place(out, entry);
    text_format(out, "%s[%s]: ", severity_word(entry), entry->code);
    diagnostic_excerpt_clean(out, entry->message);
    if (entry->caret != NULL) {
        text_add(out, "; ");
        diagnostic_excerpt_clean(out, entry->caret);
    }
    text_add_char(out, '\n');
}

struct tally_of_file {
    uint32_t errors, warnings;
    uint32_t hidden_errors, hidden_warnings;
};

// Counts the entry; false if it is one too many to print.
static bool count_entry(struct tally_of_file *file, const struct diagnostic *entry)
{
    const bool is_error = entry->severity == DIAGNOSTIC_ERROR || entry->denied;
    uint32_t *shown = is_error ? &file->errors : &file->warnings;
    uint32_t *hidden = is_error ? &file->hidden_errors : &file->hidden_warnings;
    if (++*shown <= DIAGNOSTIC_PRINTED) {
        return true;
    }
    (*hidden)++;
    return false;
}

static void add_number(struct text *out, uint32_t count, const char *word)
{
    text_format(out, "%u %s%s", count, word, count == 1 ? "" : "s");
}

static void add_counts(struct text *out, uint32_t errors, uint32_t warnings, const char *kind)
{
    struct text word;
    text_init(&word);
    if (errors > 0) {
        text_format(&word, "%serror", kind);
        add_number(out, errors, text_get(&word));
    }
    if (errors > 0 && warnings > 0) {
        text_add(out, ", ");
    }
    if (warnings > 0) {
        text_clear(&word);
        text_format(&word, "%swarning", kind);
        add_number(out, warnings, text_get(&word));
    }
    text_release(&word);
}

static void add_summary(struct text *out, const struct diagnostic_list *list, uint32_t source,
                        const struct tally_of_file *file)
{
    if (file->hidden_errors + file->hidden_warnings > 0) {
        text_add(out, "... and ");
        add_counts(out, file->hidden_errors, file->hidden_warnings, "more ");
        text_add(out, "\n\n");
    }
    const struct diagnostic_source *known = diagnostic_source(list, source);
    diagnostic_excerpt_clean(out, known == NULL ? "orrery" : known->name);
    text_add(out, ": ");
    add_counts(out, file->errors, file->warnings, "");
    text_add_char(out, '\n');
}

// One run of entries with the same source, which are neighbours after sorting.
static uint32_t add_file(const struct diagnostic_list *list, uint32_t first,
                         struct diagnostic_excerpt *excerpt, bool human)
{
    const uint32_t source = list->entries[first]->place.source;
    struct tally_of_file file = {0};
    uint32_t i = first;
    for (; i < list->count && list->entries[i]->place.source == source; i++) {
        if (!count_entry(&file, list->entries[i])) {
            continue;
        }
        if (human) {
            add_human(excerpt, list->entries[i]);
        } else {
            add_short(excerpt->out, list->entries[i]);
        }
    }
    if (human || file.hidden_errors + file.hidden_warnings > 0) {
        add_summary(excerpt->out, list, source, &file);
    }
    return i;
}

static void add_for_people(const struct diagnostic_list *list, bool human, bool colour,
                           struct text *out)
{
    struct diagnostic_excerpt excerpt = {.out = out, .colour = colour};
    for (uint32_t i = 0; i < list->count;) {
        i = add_file(list, i, &excerpt, human);
    }
    const uint32_t all = list->errors + list->warnings;
    if (all > list->count) {
        text_format(out, "%u further diagnostics were not kept\n", all - list->count);
    }
}

void diagnostic_render(struct diagnostic_list *list, enum diagnostic_format format, bool colour,
                       struct text *out)
{
    diagnostic_sort(list);
    switch (format) {
    case DIAGNOSTIC_HUMAN:
        add_for_people(list, true, colour, out);
        break;
    case DIAGNOSTIC_SHORT:
        add_for_people(list, false, false, out);
        break;
    case DIAGNOSTIC_JSON:
        diagnostic_forge_json(list, out);
        break;
    case DIAGNOSTIC_GITHUB:
        diagnostic_forge_github(list, out);
        break;
    case DIAGNOSTIC_SARIF:
        diagnostic_forge_sarif(list, out);
        break;
    }
}
