// test_escape - names of anybody's making stay text in every context.
#include <criterion/criterion.h>
#include <string.h>

#include "reports/escape.h"
#include "sim/base/utf8.h"
#include "tests/support/sample_result.h"

struct escaping {
    void (*escape)(struct text *out, const char *from);
    const char *from, *into;
};

static void expect(const struct escaping *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct text out;
        text_init(&out);
        cases[i].escape(&out, cases[i].from);
        cr_expect_str_eq(text_get(&out), cases[i].into);
        text_release(&out);
    }
}

Test(escape, html_markup_becomes_entities)
{
    static const struct escaping cases[] = {
        {escape_html, "<script>alert('x')</script>",
         "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;"},
        {escape_html, "a&amp;\"b\"", "a&amp;amp;&quot;b&quot;"},
        {escape_html, "caf\xC3\xA9 \xE2\x82\xAC", "caf\xC3\xA9 \xE2\x82\xAC"},
        {escape_html,
         "a\x01"
         "b\xFF",
         "a\xEF\xBF\xBD"
         "b\xEF\xBF\xBD"},
        {escape_html, "", ""},
    };
    expect(cases, sizeof cases / sizeof cases[0]);
}

Test(escape, xml_keeps_line_breaks_and_refuses_control_characters)
{
    static const struct escaping cases[] = {
        {escape_xml, "a\nb", "a&#10;b"},
        {escape_xml, "]]>", "]]&gt;"},
        {escape_xml, "\x1b[31m", "\xEF\xBF\xBD[31m"},
        {escape_xml, "'\"", "&apos;&quot;"},
    };
    expect(cases, sizeof cases / sizeof cases[0]);
}

Test(escape, markdown_of_a_name_formats_nothing)
{
    static const struct escaping cases[] = {
        {escape_markdown, "a|b", "a\\|b"},
        {escape_markdown, "`rm`", "\\`rm\\`"},
        {escape_markdown, "**b** _i_", "\\*\\*b\\*\\* \\_i\\_"},
        {escape_markdown, "[x](javascript:0)", "\\[x\\](javascript:0)"},
        {escape_markdown, "# head", "\\# head"},
        {escape_markdown, "- item", "\\- item"},
        {escape_markdown, "@all <b>", "&#64;all &lt;b&gt;"},
        {escape_markdown, "two\nlines", "two lines"},
    };
    expect(cases, sizeof cases / sizeof cases[0]);
}

Test(escape, gnuplot_strings_cannot_be_left)
{
    static const struct escaping cases[] = {
        {escape_gnuplot, "it's", "it''s"},
        {escape_gnuplot, "`touch x`", "`touch x`"}, // single quotes run nothing
        {escape_gnuplot, "a\nset output", "a set output"},
        {escape_gnuplot, "a\\", "a\xE2\xA7\xB5"},
        {escape_tic, "50 %d", "50 %%d"},
    };
    expect(cases, sizeof cases / sizeof cases[0]);
}

Test(escape, graphviz_mermaid_and_the_shell_are_escaped_too)
{
    static const struct escaping cases[] = {
        {escape_dot, "a\"];b [label=\"x", "a\\\"];b [label=\\\"x"},
        {escape_dot, "\\N", "\\\\N"},
        {escape_mermaid, "a\"]\nb", "a#quot;#93; b"},
        {escape_mermaid, "```", "#96;#96;#96;"},
        {escape_shell, "plain/file.yaml", "plain/file.yaml"},
        {escape_shell, "it's $(x)", "'it'\\''s $(x)'"},
        {escape_shell, "", "''"},
    };
    expect(cases, sizeof cases / sizeof cases[0]);
}

Test(escape, identifiers_of_different_names_differ)
{
    static const struct escaping cases[] = {
        {escape_identifier, "auth-db_2", "auth-db_2"},
        {escape_identifier, "a.b", "a.2eb"},
        {escape_identifier, "a b", "a.20b"},
        {escape_identifier, "a\"b", "a.22b"},
    };
    expect(cases, sizeof cases / sizeof cases[0]);
}

Test(escape, a_cut_falls_between_code_points)
{
    struct text out;
    text_init(&out);
    escape_cut(&out, "\xC3\xA9\xC3\xA9\xC3\xA9", 2);
    cr_expect_str_eq(text_get(&out), "\xC3\xA9\xC3\xA9\xE2\x80\xA6");
    text_clear(&out);
    escape_cut(&out, "abc", 3);
    cr_expect_str_eq(text_get(&out), "abc");
    text_release(&out);
}

static bool is_valid(const char *text)
{
    for (size_t length = strlen(text); length > 0;) {
        const struct utf8_point point = utf8_next(text, length);
        if (!point.valid) {
            return false;
        }
        text += point.bytes;
        length -= point.bytes;
    }
    return true;
}

Test(escape, every_byte_sequence_becomes_valid_text)
{
    void (*const escapes[])(struct text *, const char *) = {
        escape_html, escape_xml, escape_markdown, escape_mermaid,    escape_gnuplot,
        escape_tic,  escape_dot, escape_shell,    escape_identifier,
    };
    uint64_t state = 1;
    for (int round = 0; round < 2000; round++) {
        char bytes[24] = "";
        for (size_t i = 0; i + 1 < sizeof bytes; i++) {
            state = state * 6364136223846793005U + 1442695040888963407U;
            bytes[i] = (char)(state >> 56);
        }
        for (size_t e = 0; e < sizeof escapes / sizeof escapes[0]; e++) {
            struct text out;
            text_init(&out);
            escapes[e](&out, bytes);
            cr_expect(is_valid(text_get(&out)));
            text_release(&out);
        }
    }
}
