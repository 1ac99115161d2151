// html_parts - tables, cells and pictures of the page.
#include "reports/html_parts.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "assets.h"
#include "reports/escape.h"
#include "reports/figure_text.h"

enum { LONG_TEXT = 24 }; // bytes of a cell that wants room to wrap

void html_text(const struct html *html, const char *text)
{
    escape_html(html->out, text);
}

void html_format(const struct html *html, const char *format, ...)
{
    char buffer[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(buffer, sizeof buffer, format, arguments);
    va_end(arguments);
    escape_html(html->out, buffer);
}

void html_raw(const struct html *html, const char *markup)
{
    text_add(html->out, markup);
}

void html_begin(const struct html *html, const char *title)
{
    html_raw(html,
             "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
             "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
             "img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'\">\n"
             "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
             "<meta name=\"color-scheme\" content=\"light dark\">\n"
             "<link rel=\"icon\" href=\"data:,\">\n<title>");
    html_text(html, title);
    html_raw(html, "</title>\n<style>\n");
    text_add_part(html->out, asset_report_css, asset_report_css_size);
    html_raw(html, "</style>\n</head>\n<body>\n");
}

// ---- tables ------------------------------------------------------------------------------------

void html_table_begin(const struct html *html, const char *const *heads)
{
    html_raw(html, "<div class=\"scroll\"><table><thead><tr>");
    for (; *heads != NULL; heads++) {
        const bool number = **heads == '>';
        html_raw(html, number ? "<th class=\"n\" scope=\"col\">" : "<th scope=\"col\">");
        html_text(html, *heads + number);
        html_raw(html, "</th>");
    }
    html_raw(html, "</tr></thead><tbody>");
}

void html_table_end(const struct html *html)
{
    html_raw(html, "</tbody></table></div>\n");
}

void html_row(const struct html *html)
{
    html_raw(html, "\n<tr>");
}

void html_cell(const struct html *html, const char *text)
{
    const bool is_long = text != NULL && strlen(text) > LONG_TEXT;
    html_raw(html, is_long ? "<td class=\"long\">" : "<td>");
    html_text(html, text == NULL ? "" : text);
    html_raw(html, "</td>");
}

void html_number(const struct html *html, const char *text)
{
    html_raw(html, "<td class=\"n\">");
    html_text(html, text);
    html_raw(html, "</td>");
}

void html_value(const struct html *html, double value, const char *unit)
{
    char buffer[FIGURE_TEXT_ROOM];
    html_number(html, figure_text_value(buffer, sizeof buffer, value, unit));
}

void html_count(const struct html *html, uint64_t count)
{
    char digits[32], grouped[48];
    const int length = snprintf(digits, sizeof digits, "%" PRIu64, count);
    int end = 0;
    for (int i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0) {
            grouped[end++] = ',';
        }
        grouped[end++] = digits[i];
    }
    grouped[end] = '\0';
    html_number(html, grouped);
}

void html_estimate(const struct html *html, const struct estimate *estimate, const char *unit)
{
    char buffer[FIGURE_TEXT_ROOM], interval[FIGURE_TEXT_ROOM];
    figure_text_interval(interval, sizeof interval, estimate, unit);
    html_raw(html, "<td class=\"n\"");
    if (*interval != '\0') {
        html_raw(html, " title=\"95 % interval ");
        html_text(html, interval);
        html_raw(html, "\"");
    }
    html_raw(html, ">");
    html_text(html, figure_text_estimate(buffer, sizeof buffer, estimate, unit));
    html_raw(html, "</td>");
}

void html_share(const struct html *html, uint64_t part, uint64_t whole)
{
    if (part == 0 || whole == 0) {
        html_raw(html, "<td class=\"n faint\">-</td>");
    } else {
        html_value(html, (double)part / (double)whole, "1");
    }
}

void html_verdict(const struct html *html, enum verdict verdict, bool warn_only)
{
    static const char *const classes[] = {[VERDICT_PASS] = "pass",
                                          [VERDICT_FAIL] = "fail",
                                          [VERDICT_UNDECIDED] = "undecided",
                                          [VERDICT_NO_DATA] = "fail"};
    const bool warns = warn_only && verdict != VERDICT_PASS;
    html_raw(html, "<span class=\"badge ");
    html_raw(html, warns ? "undecided" : classes[verdict]);
    html_raw(html, "\">");
    html_raw(html, result_verdict_name(verdict));
    html_raw(html, warns ? " (warn)</span>" : "</span>");
}

void html_component_link(const struct html *html, uint32_t component)
{
    const char *name = html->result->components[component].name;
    html_raw(html, "<td><a href=\"#component-");
    escape_identifier(html->out, name);
    html_raw(html, "\">");
    html_text(html, name);
    html_raw(html, "</a></td>");
}

// ---- sections and pictures ---------------------------------------------------------------------

void html_section(const struct html *html, const char *id, const char *title)
{
    text_format(html->out, "<section id=\"%s\">\n<h2>", id);
    html_text(html, title);
    html_raw(html, "</h2>\n");
}

void html_section_end(const struct html *html)
{
    html_raw(html, "</section>\n");
}

static void add_base64(struct text *out, const char *bytes, size_t length)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < length; i += 3) {
        uint32_t word = (uint32_t)(unsigned char)bytes[i] << 16;
        word |= i + 1 < length ? (uint32_t)(unsigned char)bytes[i + 1] << 8 : 0;
        word |= i + 2 < length ? (uint32_t)(unsigned char)bytes[i + 2] : 0;
        const char four[] = {letters[word >> 18], letters[word >> 12 & 63],
                             i + 1 < length ? letters[word >> 6 & 63] : '=',
                             i + 2 < length ? letters[word & 63] : '='};
        text_add_part(out, four, sizeof four);
    }
}

bool html_plot(const struct html *html, enum plot_kind kind, uint32_t subject)
{
    const struct plot *plot =
        html->pictures->plots == NULL ? NULL : plot_find(html->pictures->plots, kind, subject);
    if (plot == NULL) {
        return false;
    }
    struct text svg;
    text_init(&svg);
    plot_shrink(plot, &svg);
    text_format(html->out, "<figure><img class=\"plot\" width=\"%u\" height=\"%u\" alt=\"",
                plot->width, plot->height);
    html_text(html, text_get(&plot->alt));
    html_raw(html, "\" src=\"data:image/svg+xml;base64,");
    add_base64(html->out, text_get(&svg), svg.length);
    html_raw(html, "\"></figure>\n");
    text_release(&svg);
    return true;
}

void html_details(const struct html *html, const char *summary, bool open)
{
    html_raw(html, open ? "<details open><summary>" : "<details><summary>");
    html_text(html, summary);
    html_raw(html, "</summary>\n");
}
