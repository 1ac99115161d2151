// escape - walks code points and writes each as its context wants it.
#include "reports/escape.h"

#include <ctype.h>
#include <string.h>

#include "sim/base/utf8.h"

struct replacement {
    char byte;
    const char *with;
};

static const char unknown[] = "\xEF\xBF\xBD"; // U+FFFD

static const char *replace(const struct replacement *table, char byte)
{
    for (; table->byte != '\0'; table++) {
        if (table->byte == byte) {
            return table->with;
        }
    }
    return NULL;
}

// What XML 1.0 does not allow, though it is UTF-8.
static bool is_forbidden(uint32_t value)
{
    return value < 0x20 || value == 0x7F || (value >= 0x80 && value < 0xA0) || value == 0xFFFE ||
           value == 0xFFFF;
}

// Bytes of the table are replaced; other ASCII and code points stay; tabs become blanks.
static void walk(struct text *out, const char *from, const struct replacement *table)
{
    size_t length = strlen(from);
    while (length > 0) {
        const struct utf8_point point = utf8_next(from, length);
        const char *with = point.bytes == 1 && point.valid ? replace(table, *from) : NULL;
        if (with != NULL) {
            text_add(out, with);
        } else if (point.valid && point.value == '\t') {
            text_add_char(out, ' ');
        } else if (!point.valid || is_forbidden(point.value)) {
            text_add(out, unknown);
        } else {
            text_add_part(out, from, point.bytes);
        }
        from += point.bytes;
        length -= point.bytes;
    }
}

void escape_html(struct text *out, const char *from)
{
    static const struct replacement table[] = {
        {'&', "&amp;"},  {'<', "&lt;"},   {'>', "&gt;"},
        {'"', "&quot;"}, {'\'', "&#39;"}, {'`', "&#96;"},
        {'\n', "\n"},    {'\r', " "},     {0},
    };
    walk(out, from, table);
}

void escape_xml(struct text *out, const char *from)
{
    static const struct replacement table[] = {
        {'&', "&amp;"},   {'<', "&lt;"},   {'>', "&gt;"},   {'"', "&quot;"},
        {'\'', "&apos;"}, {'\n', "&#10;"}, {'\r', "&#13;"}, {0},
    };
    walk(out, from, table);
}

void escape_markdown(struct text *out, const char *from)
{
    static const struct replacement table[] = {
        {'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}, {'@', "&#64;"}, {'\\', "\\\\"},
        {'`', "\\`"},   {'*', "\\*"},  {'_', "\\_"},  {'[', "\\["},   {']', "\\]"},
        {'#', "\\#"},   {'!', "\\!"},  {'|', "\\|"},  {'~', "\\~"},   {'$', "\\$"},
        {'\n', " "},    {'\r', " "},   {'{', "\\{"},  {'}', "\\}"},   {0},
    };
    if (*from == '-' || *from == '+' || *from == '=') { // would begin a list or a heading
        text_add_char(out, '\\');
    }
    walk(out, from, table);
}

void escape_mermaid(struct text *out, const char *from)
{
    static const struct replacement table[] = {
        {'&', "#amp;"}, {'<', "#lt;"},  {'>', "#gt;"},  {'"', "#quot;"}, {'#', "#35;"},
        {'`', "#96;"},  {'\'', "#39;"}, {';', "#59;"},  {'[', "#91;"},   {']', "#93;"},
        {'{', "#123;"}, {'}', "#125;"}, {'|', "#124;"}, {'\\', "#92;"},  {'%', "#37;"},
        {'(', "#40;"},  {')', "#41;"},  {'\n', " "},    {'\r', " "},     {0},
    };
    walk(out, from, table);
}

void escape_gnuplot(struct text *out, const char *from)
{
    static const struct replacement table[] = {
        {'\'', "''"}, {'\n', " "}, {'\r', " "}, {'\\', "\xE2\xA7\xB5"}, {0}};
    walk(out, from, table);
}

void escape_tic(struct text *out, const char *from)
{
    static const struct replacement table[] = {{'\'', "''"},           {'\n', " "}, {'\r', " "},
                                               {'\\', "\xE2\xA7\xB5"}, {'%', "%%"}, {0}};
    walk(out, from, table);
}

void escape_dot(struct text *out, const char *from)
{
    static const struct replacement table[] = {{'"', "\\\""}, {'\\', "\\\\"}, {'\n', " "},
                                               {'\r', " "},   {'&', "&amp;"}, {0}};
    walk(out, from, table);
}

void escape_openmetrics(struct text *out, const char *from)
{
    static const struct replacement table[] = {
        {'"', "\\\""}, {'\\', "\\\\"}, {'\n', "\\n"}, {'\r', " "}, {0}};
    walk(out, from, table);
}

void escape_shell(struct text *out, const char *from)
{
    static const char plain[] = "_-./=:,@%+";
    bool quoted = *from == '\0';
    for (const char *byte = from; *byte != '\0'; byte++) {
        quoted |= !isalnum((unsigned char)*byte) && strchr(plain, *byte) == NULL;
    }
    static const struct replacement table[] = {{'\'', "'\\''"}, {'\n', "\n"}, {0}};
    text_add(out, quoted ? "'" : "");
    walk(out, from, table);
    text_add(out, quoted ? "'" : "");
}

void escape_identifier(struct text *out, const char *from)
{
    for (const char *byte = from; *byte != '\0'; byte++) {
        const bool plain = (*byte >= 'a' && *byte <= 'z') || (*byte >= 'A' && *byte <= 'Z') ||
                           (*byte >= '0' && *byte <= '9') || *byte == '-' || *byte == '_';
        if (plain) {
            text_add_char(out, *byte);
        } else {
            text_format(out, ".%02x", (unsigned)(unsigned char)*byte);
        }
    }
}

void escape_cut(struct text *out, const char *from, size_t most)
{
    const size_t length = strlen(from);
    size_t at = 0, points = 0;
    while (at < length && points < most) {
        at += utf8_next(from + at, length - at).bytes;
        points++;
    }
    text_add_part(out, from, at);
    text_add(out, at < length ? "\xE2\x80\xA6" : "");
}
