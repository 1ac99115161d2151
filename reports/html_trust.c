// html_trust - can the answer be trusted: warm-up, certainty, laws, invariants, assumptions.
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "reports/figure_text.h"
#include "reports/html_parts.h"
#include "sim/base/check.h"
#include "sim/kernel/estimate.h"

static void write_warmup(const struct html *html)
{
    const struct result_warmup *warmup = &html->result->warmup;
    char chosen[FIGURE_TEXT_ROOM], longer[FIGURE_TEXT_ROOM];
    char mean[FIGURE_TEXT_ROOM], other[FIGURE_TEXT_ROOM];
    figure_text_value(chosen, sizeof chosen, html->result->warmup_s, "s");
    html_raw(html, "<p>");
    if (!warmup->automatic) {
        html_format(html, "The warm-up of %s is declared.", chosen);
    } else {
        html_format(html, "The warm-up of %s was found by MSER-5", chosen);
        if (warmup->subject != NULL) {
            html_format(html, " on the mean latency of %s", warmup->subject);
        }
        html_raw(html, ".");
    }
    if (warmup->longer_s > 0 && !isnan(warmup->mean_s) && !isnan(warmup->longer_mean_s)) {
        html_format(html, " Beyond it the mean is %s, beyond a longer cut of %s it is %s.",
                    figure_text_value(mean, sizeof mean, warmup->mean_s, "s"),
                    figure_text_value(longer, sizeof longer, warmup->longer_s, "s"),
                    figure_text_value(other, sizeof other, warmup->longer_mean_s, "s"));
    }
    html_raw(html,
             warmup->too_short ? " The run is too short to see its steady state.</p>\n" : "</p>\n");
}

static void write_checks(const struct html *html)
{
    static const char *const heads[] = {"check", "subject", ">simulated", ">expected",
                                        "",      "what",    NULL};
    const struct result *result = html->result;
    if (result->check_count == 0) {
        return;
    }
    html_raw(html, "<h3>Laws and closed forms</h3>\n");
    html_table_begin(html, heads);
    for (uint32_t i = 0; i < result->check_count; i++) {
        const struct result_check *check = &result->checks[i];
        html_row(html);
        html_cell(html, check->name);
        html_cell(html, check->subject);
        html_estimate(html, &check->simulated, check->unit);
        html_value(html, check->expected, check->unit);
        html_raw(html, check->agrees ? "<td><span class=\"badge pass\">agrees</span></td>"
                                     : "<td><span class=\"badge undecided\">differs</span></td>");
        html_cell(html, check->note);
    }
    html_table_end(html);
}

static void write_invariants(const struct html *html)
{
    static const char *const heads[] = {"invariant", ">checked", ">violated", "first violation",
                                        NULL};
    const struct result *result = html->result;
    if (result->invariant_count == 0) {
        return;
    }
    html_raw(html, "<h3>Invariants</h3>\n");
    html_table_begin(html, heads);
    for (uint32_t i = 0; i < result->invariant_count; i++) {
        const struct result_invariant *invariant = &result->invariants[i];
        char where[512] = "";
        if (invariant->first != NULL) {
            snprintf(where, sizeof where, "%s (replication %u)", invariant->first,
                     invariant->replication);
        }
        html_row(html);
        html_cell(html, invariant->name);
        html_count(html, invariant->checked);
        if (invariant->violated > 0) {
            html_raw(html, "<td class=\"n\"><span class=\"badge fail\">");
            html_format(html, "%" PRIu64, invariant->violated);
            html_raw(html, "</span></td>");
        } else {
            html_count(html, 0);
        }
        html_cell(html, where);
    }
    html_table_end(html);
}

static void write_pairs(const struct html *html, const char *title, const struct result_pair *pairs,
                        uint32_t count)
{
    static const char *const heads[] = {"about", "what", NULL};
    if (count == 0) {
        return;
    }
    html_raw(html, "<h3>");
    html_text(html, title);
    html_raw(html, "</h3>\n");
    html_table_begin(html, heads);
    for (uint32_t i = 0; i < count; i++) {
        html_row(html);
        html_cell(html, pairs[i].key);
        html_cell(html, pairs[i].value);
    }
    html_table_end(html);
}

static void write_replications(const struct html *html)
{
    static const char *const heads[] = {">replication", ">events",  ">memory",
                                        "fingerprint",  "complete", NULL};
    const struct result *result = html->result;
    html_details(html, "Replications", false);
    html_table_begin(html, heads);
    for (uint32_t r = 0; r < result->replication_count; r++) {
        const struct result_replication *replication = &result->replications[r];
        html_row(html);
        html_count(html, replication->number);
        html_count(html, replication->events);
        html_value(html, (double)replication->bytes, "By");
        html_raw(html, "<td><code>");
        html_format(html, "%016" PRIx64 "%016" PRIx64, replication->fingerprint.high,
                    replication->fingerprint.low);
        html_raw(html, "</code></td>");
        html_cell(html, replication->complete ? "yes" : "no: limit of events");
    }
    html_table_end(html);
    html_raw(html, "</details>\n");
}

// Lag-1 autocorrelation of the rows' mean latencies, of the workload where it is strongest.
static double strongest_correlation(const struct result *result, const char **name)
{
    double strongest = 0;
    *name = NULL;
    double *values = check_calloc((size_t)result->row_count + 1, sizeof *values);
    for (uint32_t w = 0; w < result->workload_count; w++) {
        const uint32_t figure = result->workloads[w].figures + RESULT_MEAN;
        uint32_t known = 0;
        for (uint32_t row = 0; row < result->row_count; row++) {
            const double value = result->matrix[(size_t)row * result->figure_count + figure];
            values[known] = value;
            known += !isnan(value);
        }
        const double found = estimate_autocorrelation(values, known);
        if (known == result->row_count && (*name == NULL || fabs(found) > fabs(strongest))) {
            strongest = found;
            *name = result->workloads[w].name;
        }
    }
    free(values);
    return strongest;
}

static void write_correlation(const struct html *html)
{
    enum { FEWEST = 8 };
    const struct result *result = html->result;
    const char *name;
    if (result->row_count < FEWEST) {
        return;
    }
    const double found = strongest_correlation(result, &name);
    if (name != NULL) {
        const double bound = 1.96 / sqrt((double)result->row_count);
        html_format(html,
                    " The mean latencies of successive %s are correlated by %.2f at most (lag 1, "
                    "%s): independent ones stay within %.2f in 95 of 100 cases.",
                    result->batches ? "batches" : "replications", found, name, bound);
        if (result->batches && found > bound) {
            html_raw(html, " <strong>The batches depend on each other: they are too short, or the "
                           "system changes over time. Intervals may be too narrow.</strong>");
        }
    }
}

static void write_certainty(const struct html *html)
{
    const struct result *result = html->result;
    char width[32] = "";
    if (!isnan(result->widest) && isfinite(result->widest)) {
        snprintf(width, sizeof width, "%.2g %%", result->widest * 100);
    }
    html_raw(html, "<p>");
    if (result->batches) {
        html_format(html, "One replication, cut into %u batches in time.", result->row_count);
    } else {
        html_format(html, "%u independent replications (%u to %u asked for).",
                    result->replication_count, result->minimum, result->maximum);
    }
    if (*width != '\0') {
        html_format(html, " The widest half-width of an objective's metric is %s of its value.",
                    width);
    }
    write_correlation(html);
    html_raw(html, " Histograms keep values to 0.8 %, extremes, counts and counts below the limits "
                   "of objectives exactly.</p>\n");
}

void html_trust(const struct html *html)
{
    const struct result *result = html->result;
    html_section(html, "trust", "Can I trust it");
    write_warmup(html);
    write_certainty(html);
    html_raw(html, "<div class=\"grid\">\n");
    html_plot(html, PLOT_WARMUP, 0);
    html_plot(html, PLOT_CERTAINTY, 0);
    html_raw(html, "</div>\n");
    write_checks(html);
    write_invariants(html);
    write_pairs(html, "Assumptions", result->assumptions, result->assumption_count);
    write_pairs(html, "Approximations", result->approximations, result->approximation_count);
    write_pairs(html, "Warnings", result->warnings, result->warning_count);
    write_replications(html);
    html_section_end(html);
}
