// html_parts - what the sections of the page share: tables, cells, figures.
#pragma once

#include "reports/html.h"

struct html {
    const struct result *result;
    const struct html_pictures *pictures;
    struct text *out;
};

// Text of the scenario, escaped; formatted text of ours, escaped as well.
void html_text(const struct html *html, const char *text);
void html_format(const struct html *html, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void html_raw(const struct html *html, const char *markup);

// From the first byte to <body>: one file that asks nobody for anything.
void html_begin(const struct html *html, const char *title);

// `heads` ends in NULL; a head that begins with '>' is a column of numbers.
void html_table_begin(const struct html *html, const char *const *heads);
void html_table_end(const struct html *html);
void html_row(const struct html *html);
void html_cell(const struct html *html, const char *text);   // text
void html_number(const struct html *html, const char *text); // aligned to the right
void html_value(const struct html *html, double value, const char *unit);
void html_count(const struct html *html, uint64_t count);
void html_estimate(const struct html *html, const struct estimate *estimate, const char *unit);
void html_share(const struct html *html, uint64_t part, uint64_t whole); // "-" for none
void html_verdict(const struct html *html, enum verdict verdict, bool warn_only);

// A cell with the component's name, linked to its specification.
void html_component_link(const struct html *html, uint32_t component);

// `<section id=...><h2>...`; closed by html_section_end.
void html_section(const struct html *html, const char *id, const char *title);
void html_section_end(const struct html *html);

// The plot as an image with its words; nothing if it was not drawn. True if it was.
bool html_plot(const struct html *html, enum plot_kind kind, uint32_t subject);

// The table under a plot: open where the picture is missing.
void html_details(const struct html *html, const char *summary, bool open);

void html_banner(const struct html *html);     // verdict, reasons, command
void html_objectives(const struct html *html); // with budgets, slices and faults
void html_flow(const struct html *html);       // latency, throughput, heatmaps
void html_resources(const struct html *html);  // utilisation, where time goes, topology
void html_components(const struct html *html); // a specification each
void html_resilience(const struct html *html);
void html_trust(const struct html *html);
void html_exemplars(const struct html *html); // slow requests as waterfalls
