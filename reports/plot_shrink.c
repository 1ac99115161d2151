// plot_shrink - a picture of gnuplot's in a third of its bytes, looking the same.
#include <ctype.h>
#include <string.h>

#include "reports/plot.h"

struct rule {
    const char *from, *to;
};

static const struct rule rules[] = {
    {" stroke-linecap=\"butt\" stroke-linejoin=\"miter\"", ""},
    {" font-family=\"sans-serif\" font-size=\"17.00\"", ""},
    {"<image ", "<image style='image-rendering:pixelated' "},
    {" class=\"gridline\" ", ""},
    {" color=\"black\" stroke=\"currentColor\"", ""}, // every line in it names its colour
    {" stroke-width=\"1.00\"", ""},
};

struct shrinking {
    struct text *into;
    bool inside_text;  // between <text ...> and </text>
    size_t group;      // begin of the last tag, if it opens a group; SIZE_MAX otherwise
    bool keeps_points; // the definitions are used
};

static bool starts(const char *at, const char *with)
{
    return strncmp(at, with, strlen(with)) == 0;
}

// Up to one decimal of a number; behind a digit and a point.
static const char *skip_decimals(const char *at)
{
    while (isdigit((unsigned char)*at)) {
        at++;
    }
    return at;
}

// One tag, blanks joined and numbers cut; returns what follows it.
static const char *copy_tag(struct shrinking *shrinking, const char *at)
{
    struct text *into = shrinking->into;
    while (*at != '\0' && *at != '>') {
        const struct rule *rule = NULL;
        for (size_t i = 0; rule == NULL && i < sizeof rules / sizeof rules[0]; i++) {
            rule = starts(at, rules[i].from) ? &rules[i] : NULL;
        }
        if (rule != NULL) {
            text_add(into, rule->to);
            at += strlen(rule->from);
        } else if (isspace((unsigned char)*at)) {
            text_add_char(into, ' ');
            at += strspn(at, " \t\r\n");
        } else if (*at == '.' && isdigit((unsigned char)at[-1]) && isdigit((unsigned char)at[1])) {
            if (at[1] != '0' || isdigit((unsigned char)at[2]) == 0) {
                text_add_part(into, at, 2);
            } else if (at[1] == '0' && at[2] != '0') {
                text_add(into, ".1");
            }
            at = skip_decimals(at + 1);
        } else {
            text_add_char(into, *at++);
        }
    }
    if (*at == '>') {
        text_add_char(into, '>');
        at++;
    }
    return at;
}

// What is left out whole: returns its end, or `at`.
static const char *skip_part(const struct shrinking *shrinking, const char *at)
{
    static const char *const parts[][2] = {
        {"<?xml", "?>"}, {"<desc>", "</desc>"}, {"<title>", "</title>"}, {"<defs>", "</defs>"}};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        const bool kept = shrinking->keeps_points && starts(at, "<defs>");
        const char *end = starts(at, parts[i][0]) && !kept ? strstr(at, parts[i][1]) : NULL;
        if (end != NULL) {
            return end + strlen(parts[i][1]);
        }
    }
    return at;
}

static const char *step_tag(struct shrinking *shrinking, const char *at)
{
    struct text *into = shrinking->into;
    const char *behind = skip_part(shrinking, at);
    if (behind != at) {
        return behind;
    }
    if (starts(at, "</g>") && shrinking->group != SIZE_MAX) { // nothing stands in the group
        into->length = shrinking->group;
        into->bytes[into->length] = '\0';
        shrinking->group = SIZE_MAX;
        return at + 4;
    }
    if (starts(at, "<text></text>")) {
        return at + 13;
    }
    shrinking->group = starts(at, "<g ") ? into->length : SIZE_MAX;
    shrinking->inside_text = starts(at, "<text");
    if (starts(at, "<svg")) {
        text_add(into, "<svg font-family='sans-serif' font-size='17'");
        at += 4;
    }
    return copy_tag(shrinking, at);
}

void plot_shrink(const struct plot *plot, struct text *into)
{
    const char *svg = text_get(&plot->svg);
    const char *definitions = strstr(svg, "</defs>");
    struct shrinking shrinking = {.into = into, .group = SIZE_MAX};
    shrinking.keeps_points = definitions != NULL && (strstr(definitions, "#gp") != NULL ||
                                                     strstr(definitions, "url(#") != NULL);
    const char *at = svg;
    while (*at != '\0') {
        if (*at == '<') {
            at = step_tag(&shrinking, at);
        } else if (shrinking.inside_text || !isspace((unsigned char)*at)) {
            text_add_char(into, *at++);
            shrinking.group = SIZE_MAX;
        } else {
            at++;
        }
    }
}
