// comparison - what changed between two results: for a terminal, a pull request, a machine, a CI.
#include "reports/comparison.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "reports/escape.h"
#include "reports/figure_text.h"
#include "reports/table.h"

enum { DIFFERENCES_SHOWN = 40 };

static const char *unit_of(const struct compare_row *row)
{
    return row->unit[0] != '\0' ? row->unit : "1";
}

static const char *value_text(char buffer[FIGURE_TEXT_ROOM], const struct compare_row *row,
                              double value)
{
    return isnan(value) ? "-" : figure_text_value(buffer, FIGURE_TEXT_ROOM, value, unit_of(row));
}

// "+12.2 % +-1.1 %", "=", "~"
static void change_text(char *buffer, size_t size, const struct compare_row *row)
{
    if (row->verdict == COMPARE_EQUAL || row->verdict == COMPARE_UNKNOWN) {
        snprintf(buffer, size, "%s", compare_words[row->verdict]);
        return;
    }
    const double half = (row->high - row->low) / 2;
    const bool relative = row->base != 0;
    if (isnan(half)) {
        snprintf(buffer, size, relative ? "%+.3g %%" : "%+.3g",
                 relative ? row->change * 100 : row->change);
    } else {
        snprintf(buffer, size, relative ? "%+.3g %% +-%.2g %%" : "%+.3g +-%.2g",
                 relative ? row->change * 100 : row->change, relative ? half * 100 : half);
    }
}

static void p_text(char *buffer, size_t size, const struct compare_row *row)
{
    if (isnan(row->p)) {
        snprintf(buffer, size, "-");
    } else if (row->p < 0.001) {
        snprintf(buffer, size, "<0.001");
    } else {
        snprintf(buffer, size, "%.2g", row->p);
    }
}

static const char *verdict_text(char buffer[FIGURE_TEXT_ROOM], const struct comparison *comparison,
                                const struct compare_row *row)
{
    const double margin = comparison->options.margin * 100;
    if (row->verdict == COMPARE_EQUAL) {
        return "identical in all replications";
    }
    if (row->verdict == COMPARE_WORSE) {
        snprintf(buffer, FIGURE_TEXT_ROOM, "REGRESSION (margin %g %%)", margin);
        return buffer;
    }
    if (row->verdict == COMPARE_SAME) {
        const bool significant = row->p < comparison->options.alpha;
        snprintf(buffer, FIGURE_TEXT_ROOM, "within the margin of %g %%", margin);
        return significant ? buffer : "not significant";
    }
    return row->verdict == COMPARE_UNKNOWN ? "no samples" : compare_words[row->verdict];
}

static enum table_shade shade_of(enum compare_verdict verdict)
{
    switch (verdict) {
    case COMPARE_WORSE:
        return TABLE_BAD;
    case COMPARE_BETTER:
        return TABLE_GOOD;
    case COMPARE_DIFFERENT:
    case COMPARE_UNKNOWN:
        return TABLE_DOUBT;
    case COMPARE_EQUAL:
    case COMPARE_SAME:
        break;
    }
    return TABLE_PLAIN;
}

// The last word of a path that tells the sides apart; "base" and "new" if none does.
static const char *short_label(const struct comparison *comparison, bool is_base,
                               char buffer[FIGURE_TEXT_ROOM])
{
    char words[2][FIGURE_TEXT_ROOM];
    const char *labels[2] = {comparison->base->label, comparison->new->label};
    for (int i = 0; i < 2; i++) {
        snprintf(words[i], sizeof words[i], "%s", labels[i]);
        char *slash = strrchr(words[i], '/');
        if (slash != NULL && (strcmp(slash, "/summary.json") == 0 ||
                              strcmp(slash, "/results.h5") == 0 || slash[1] == '\0')) {
            *slash = '\0';
            slash = strrchr(words[i], '/');
        }
        if (slash != NULL) {
            memmove(words[i], slash + 1, strlen(slash));
        }
    }
    if (strcmp(words[0], words[1]) == 0) {
        return is_base ? "base" : "new";
    }
    memcpy(buffer, words[is_base ? 0 : 1], FIGURE_TEXT_ROOM);
    return buffer;
}

static void fill_table(const struct comparison *comparison, struct table *table)
{
    char base[FIGURE_TEXT_ROOM], new[FIGURE_TEXT_ROOM];
    const char *const heads[] = {"metric",
                                 short_label(comparison, true, base),
                                 short_label(comparison, false, new),
                                 "change",
                                 "p",
                                 "pairing",
                                 "verdict",
                                 NULL};
    table_heads(table, heads);
    for (uint32_t i = 0; i < comparison->row_count; i++) {
        const struct compare_row *row = &comparison->rows[i];
        char buffer[FIGURE_TEXT_ROOM];
        table_row(table);
        table_cell(table, "%s", row->name);
        table_cell(table, "%s", value_text(buffer, row, row->base));
        table_cell(table, "%s", value_text(buffer, row, row->new));
        change_text(buffer, sizeof buffer, row);
        table_cell(table, "%s", buffer);
        p_text(buffer, sizeof buffer, row);
        table_cell(table, "%s", buffer);
        if (isnan(row->reduction)) {
            table_cell(table, "-");
        } else {
            table_cell(table, "x %.3g", row->reduction);
        }
        table_shaded(table, shade_of(row->verdict), verdict_text(buffer, comparison, row));
    }
}

static uint32_t pairs_of(const struct comparison *comparison)
{
    const uint32_t base = comparison->base->count, new = comparison->new->count;
    return base < new ? base : new;
}

static void add_head(const struct comparison *comparison, struct text *out)
{
    const uint32_t pairs = pairs_of(comparison);
    text_format(out, "paired by %s and random stream (common random numbers), n = %u",
                comparison->base->batches ? "part of the run" : "replication", pairs);
    if (comparison->unpaired > 0) {
        text_format(out, "; %u that only one side has are left out", comparison->unpaired);
    }
    text_add(out, "\n");
    if (pairs < 6) {
        text_add(out, "few replications: a change must be large to be told apart; "
                      "6 or more are worth their time\n");
    }
}

static void add_foot(const struct comparison *comparison, struct text *out)
{
    if (!isnan(comparison->reduction)) {
        text_format(out, "pairing reduced the variance of differences %.3g times (median)\n",
                    comparison->reduction);
    }
    for (uint32_t i = 0; i < comparison->slo_count; i++) {
        const struct compare_slo *slo = &comparison->slos[i];
        text_format(out, "SLO %s, %s: %s\n", slo->name, slo->objective, slo->verdict);
    }
    text_format(out, "%s: %u regression%s\n", comparison->regressions > 0 ? "FAIL" : "PASS",
                comparison->regressions, comparison->regressions == 1 ? "" : "s");
}

static void add_differences(const struct comparison *comparison, const char *before,
                            struct text *out)
{
    const uint32_t count = comparison->difference_count;
    for (uint32_t i = 0; i < count && i < DIFFERENCES_SHOWN; i++) {
        text_format(out, "%s%s\n", before, comparison->differences[i]);
    }
    if (count > DIFFERENCES_SHOWN) {
        text_format(out, "%sand %u more\n", before, count - DIFFERENCES_SHOWN);
    }
}

void comparison_write(const struct comparison *comparison, bool color, struct text *out)
{
    struct table table;
    table_init(&table, "lrrrrrl");
    fill_table(comparison, &table);
    add_head(comparison, out);
    table_write(&table, color, out);
    if (comparison->difference_count > 0) {
        text_add(out, "scenario diff:\n");
        add_differences(comparison, "  ", out);
    }
    add_foot(comparison, out);
    table_release(&table);
}

void comparison_markdown(const struct comparison *comparison, struct text *out)
{
    struct table table;
    table_init(&table, "lrrrrrl");
    fill_table(comparison, &table);
    text_format(out, "## %s: ", comparison->regressions > 0 ? "FAIL" : "PASS");
    escape_markdown(out, comparison->new->scenario);
    text_format(out, ", %u regression%s\n\n", comparison->regressions,
                comparison->regressions == 1 ? "" : "s");
    add_head(comparison, out);
    text_add(out, "\n");
    table_markdown(&table, out);
    if (comparison->difference_count > 0) {
        text_add(out, "\nScenario diff:\n\n```\n");
        add_differences(comparison, "", out);
        text_add(out, "```\n");
    }
    text_add(out, "\n");
    add_foot(comparison, out);
    table_release(&table);
}

// ---- machines -----------------------------------------------------------------------------------

static void write_side(const struct compare_side *side, const char *key, struct json_write *json)
{
    json_write_object(json, key);
    json_write_text(json, "label", side->label);
    json_write_text(json, "scenario", side->scenario);
    json_write_text(json, "version", side->version);
    json_write_text(json, "digest", side->digest);
    json_write_integer(json, "seed", side->seed);
    json_write_integer(json, "replications", side->count);
    json_write_end(json);
}

static void write_row(const struct compare_row *row, struct json_write *json)
{
    json_write_object(json, NULL);
    json_write_text(json, "metric", row->name);
    json_write_text(json, "unit", row->unit);
    json_write_integer(json, "pairs", row->count);
    json_write_number(json, "base", row->base);
    json_write_number(json, "new", row->new);
    json_write_number(json, "change", row->change);
    json_write_number(json, "low", row->low);
    json_write_number(json, "high", row->high);
    json_write_number(json, "p", row->p);
    json_write_number(json, "variance_reduction", row->reduction);
    json_write_text(json, "verdict", compare_words[row->verdict]);
    json_write_end(json);
}

void comparison_json(const struct comparison *comparison, struct json_write *json)
{
    json_write_object(json, NULL);
    json_write_text(json, "schema", "orrery.comparison/1");
    write_side(comparison->base, "base", json);
    write_side(comparison->new, "new", json);
    json_write_number(json, "alpha", comparison->options.alpha);
    json_write_number(json, "margin", comparison->options.margin);
    json_write_integer(json, "regressions", comparison->regressions);
    json_write_number(json, "variance_reduction", comparison->reduction);
    json_write_array(json, "metrics");
    for (uint32_t i = 0; i < comparison->row_count; i++) {
        write_row(&comparison->rows[i], json);
    }
    json_write_end(json);
    json_write_array(json, "slos");
    for (uint32_t i = 0; i < comparison->slo_count; i++) {
        json_write_object(json, NULL);
        json_write_text(json, "name", comparison->slos[i].name);
        json_write_text(json, "objective", comparison->slos[i].objective);
        json_write_text(json, "change", comparison->slos[i].verdict);
        json_write_end(json);
    }
    json_write_end(json);
    json_write_array(json, "differences");
    for (uint32_t i = 0; i < comparison->difference_count; i++) {
        json_write_text(json, NULL, comparison->differences[i]);
    }
    json_write_end(json);
    json_write_end(json);
}

static void add_case(const struct comparison *comparison, const struct compare_row *row,
                     struct text *out)
{
    char change[FIGURE_TEXT_ROOM], p[FIGURE_TEXT_ROOM];
    text_add(out, "    <testcase classname=\"compare\" name=\"");
    escape_xml(out, row->name);
    text_add(out, "\"");
    if (row->verdict != COMPARE_WORSE) {
        text_add(out, "/>\n");
        return;
    }
    change_text(change, sizeof change, row);
    p_text(p, sizeof p, row);
    text_add(out, "><failure message=\"");
    struct text message;
    text_init(&message);
    text_format(&message, "%s: %s, p %s, margin %g %%", row->name, change, p,
                comparison->options.margin * 100);
    escape_xml(out, text_get(&message));
    text_release(&message);
    text_add(out, "\"/></testcase>\n");
}

void comparison_junit(const struct comparison *comparison, struct text *out)
{
    text_add(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n  <testsuite name=\"");
    escape_xml(out, comparison->new->scenario);
    text_format(out, "\" tests=\"%u\" failures=\"%u\" errors=\"0\" skipped=\"0\">\n",
                comparison->row_count, comparison->regressions);
    for (uint32_t i = 0; i < comparison->row_count; i++) {
        add_case(comparison, &comparison->rows[i], out);
    }
    text_add(out, "  </testsuite>\n</testsuites>\n");
}
