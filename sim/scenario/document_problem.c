// document_problem - what libyaml says of broken YAML, said in our words at the useful place.
#include "sim/scenario/document_problem.h"

#include <string.h>

struct wording {
    const char *said;    // by libyaml
    const char *message; // by us
    const char *caret;
};

static const struct wording *find_wording(const char *said)
{
    static const struct wording wordings[] = {
        {"mapping values are not allowed in this context", "a `:` where no key can be",
         "quote the value if the `:` belongs to it, or check the indentation"},
        {"found character that cannot start any token", "no value can begin with this character",
         "quote the value; indent with spaces, not tabs"},
        {"could not find expected ':'", "a key without its `:`", "expected `:` behind this text"},
        {"did not find expected key", "the indentation does not fit",
         "expected a key at the indentation of the keys above"},
        {"did not find expected '-' indicator", "the indentation does not fit",
         "expected `-` at the indentation of the items above"},
        {"did not find expected ',' or '}'", "the map in { } is broken", "expected `,` or `}`"},
        {"did not find expected ',' or ']'", "the list in [ ] is broken", "expected `,` or `]`"},
        {"found unexpected end of stream", "the text is never closed", "opened here"},
        {"block sequence entries are not allowed in this context", "a `-` where no list can begin",
         "put the list on its own line below the key"},
        {"found undefined tag handle", "a tag is not allowed", "remove the tag"},
        {"found unknown escape character", "no such escape in \"...\"",
         "write \\\\ for a backslash, or use '...'"},
    };
    for (size_t i = 0; said != NULL && i < sizeof wordings / sizeof wordings[0]; i++) {
        if (strcmp(said, wordings[i].said) == 0) {
            return &wordings[i];
        }
    }
    return NULL;
}

static struct place place_of(const struct document_source *source, size_t point)
{
    return document_source_place(source, point, point + 1);
}

// An opening quote, bracket or brace whose end never comes: the place is where it was opened.
static bool report_unclosed(const struct document_source *source, struct document_problem problem)
{
    const size_t at = document_source_offset(source, problem.context_point);
    const char opener = at < source->length ? source->bytes[at] : '\0';
    const bool at_end = problem.point >= source->points;
    if (problem.context == NULL || !at_end || opener == '\0' || strchr("\"'[{", opener) == NULL) {
        return false;
    }
    struct diagnostic *entry =
        diagnostic_error(source->diagnostics, "E0103", place_of(source, problem.context_point),
                         "`%c` is never closed", opener);
    diagnostic_caret(entry, "opened here; the file ends before it is closed");
    return true;
}

// A tab in the indentation of the line with the problem is the problem.
static bool report_tab(const struct document_source *source, struct document_problem problem)
{
    const size_t at = document_source_offset(source, problem.point);
    size_t start = at;
    while (start > 0 && source->bytes[start - 1] != '\n' && source->bytes[start - 1] != '\r') {
        start--;
    }
    const size_t spaces = strspn(source->bytes + start, " ");
    if (start + spaces > at || source->bytes[start + spaces] != '\t') {
        return false;
    }
    const size_t behind = diagnostic_code_points(source->bytes + start, at - start);
    struct diagnostic *entry = diagnostic_error(source->diagnostics, "E0101",
                                                place_of(source, problem.point - behind + spaces),
                                                "a tab in the indentation");
    diagnostic_caret(entry, "indent with spaces");
    return true;
}

void document_problem_report(const struct document_source *source, struct document_problem problem)
{
    if (report_unclosed(source, problem) || report_tab(source, problem)) {
        return;
    }
    const struct wording *known = find_wording(problem.said);
    const char *said = problem.said == NULL ? "not YAML" : problem.said;
    const bool at_context = known != NULL && known->said[0] == 'c' && problem.context != NULL;
    struct diagnostic *entry =
        diagnostic_error(source->diagnostics, "E0101",
                         place_of(source, at_context ? problem.context_point : problem.point), "%s",
                         known == NULL ? said : known->message);
    if (known != NULL) {
        diagnostic_caret(entry, "%s", known->caret);
    }
    if (problem.context != NULL && !at_context && problem.context_point < problem.point) {
        diagnostic_label(entry, place_of(source, problem.context_point), "%s", problem.context);
    }
}
