// figures_view - picks figures by name and writes them.
#include "reports/figures_view.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "reports/figure_text.h"
#include "reports/summary.h"
#include "reports/table.h"
#include "sim/base/json_write.h"
#include "sim/base/units_format.h"

enum { SPARK_COLUMNS = 60, SPARK_LEVELS = 8, MOST_QUANTILES = TABLE_COLUMNS - 2 };

static bool matches(const char *name, const char *prefix)
{
    const size_t length = strlen(prefix);
    return length == 0 ||
           (strncmp(name, prefix, length) == 0 && (name[length] == '\0' || name[length] == '.'));
}

// ---- table, CSV, JSON --------------------------------------------------------------------------

uint32_t figures_view_table(const struct result *result, const char *prefix, bool color,
                            struct text *out)
{
    static const char *const heads[] = {"figure", "value", "95 % CI", NULL};
    uint32_t found = 0;
    struct table table;
    table_init(&table, "lrl");
    table_heads(&table, heads);
    for (uint32_t f = 0; f < result->figure_count; f++) {
        const struct result_figure *figure = &result->figures[f];
        char buffer[FIGURE_TEXT_ROOM];
        if (!matches(figure->name, prefix)) {
            continue;
        }
        found++;
        table_row(&table);
        table_cell(&table, "%s", figure->name);
        table_cell(&table, "%s",
                   figure_text_estimate(buffer, sizeof buffer, &figure->estimate, figure->unit));
        table_cell(&table, "%s",
                   figure_text_interval(buffer, sizeof buffer, &figure->estimate, figure->unit));
    }
    table_write(&table, color, out);
    table_release(&table);
    return found;
}

static void add_number(struct text *out, bool known, double value)
{
    char number[UNITS_FORMAT_ROOM];
    text_add_char(out, ',');
    if (known && isfinite(value)) {
        text_add(out, units_format_shortest(number, sizeof number, value));
    }
}

// A field in quotes where it needs them.
static void add_field(struct text *out, const char *field)
{
    const bool plain = strpbrk(field, "\",\n") == NULL;
    text_add(out, plain ? "" : "\"");
    for (const char *at = field; *at != '\0'; at++) {
        text_add(out, *at == '"' ? "\"" : "");
        text_add_char(out, *at);
    }
    text_add(out, plain ? "" : "\"");
}

uint32_t figures_view_csv(const struct result *result, const char *prefix, struct text *out)
{
    uint32_t found = 0;
    text_add(out, "figure,unit,value,ci_low,ci_high,se,df\n");
    for (uint32_t f = 0; f < result->figure_count; f++) {
        const struct result_figure *figure = &result->figures[f];
        const struct estimate *estimate = &figure->estimate;
        const bool sure = estimate->known && estimate->has_interval;
        if (!matches(figure->name, prefix)) {
            continue;
        }
        found++;
        add_field(out, figure->name);
        text_format(out, ",%s", figure->unit);
        add_number(out, estimate->known, estimate->value);
        add_number(out, sure, estimate->low);
        add_number(out, sure, estimate->high);
        add_number(out, sure, estimate->se);
        add_number(out, sure, (double)estimate->df);
        text_add_char(out, '\n');
    }
    return found;
}

uint32_t figures_view_json(const struct result *result, const char *prefix, struct text *out)
{
    uint32_t found = 0;
    struct json_write json;
    json_write_init(&json);
    json_write_object(&json, NULL);
    for (uint32_t f = 0; f < result->figure_count; f++) {
        if (matches(result->figures[f].name, prefix)) {
            found++;
            summary_estimate(&json, result->figures[f].name, &result->figures[f].estimate);
        }
    }
    json_write_end(&json);
    text_add(out, json_write_get(&json));
    json_write_release(&json);
    return found;
}

// ---- quantiles ---------------------------------------------------------------------------------

static void add_quantiles(struct table *table, const char *name, const struct histogram *latency,
                          const double *quantiles, uint32_t count)
{
    table_row(table);
    table_cell(table, "%s", name);
    table_cell(table, "%llu", (unsigned long long)latency->count);
    for (uint32_t q = 0; q < count; q++) {
        char buffer[FIGURE_TEXT_ROOM];
        const double value = histogram_quantile(latency, quantiles[q]) / 1e9;
        table_cell(table, "%s", figure_text_value(buffer, sizeof buffer, value, "s"));
    }
}

void figures_view_quantiles(const struct result *result, const double *quantiles, uint32_t count,
                            bool color, struct text *out)
{
    struct table table;
    count = count > MOST_QUANTILES ? MOST_QUANTILES : count;
    const char alignment[TABLE_COLUMNS + 1] = "lrrrrrrrrrrrrrrr";
    char columns[TABLE_COLUMNS + 1];
    snprintf(columns, sizeof columns, "%.*s", (int)count + 2, alignment);
    table_init(&table, columns);
    table_row(&table);
    table_shaded(&table, TABLE_HEAD, "latency of");
    table_shaded(&table, TABLE_HEAD, "samples");
    for (uint32_t q = 0; q < count; q++) {
        char head[32];
        snprintf(head, sizeof head, "p%.6g", quantiles[q] * 100.0);
        table_shaded(&table, TABLE_HEAD, head);
    }
    for (uint32_t w = 0; w < result->workload_count; w++) {
        const struct result_workload *workload = &result->workloads[w];
        add_quantiles(&table, workload->name, &workload->latency, quantiles, count);
    }
    for (uint32_t c = 0; c < result->component_count; c++) {
        const struct result_component *component = &result->components[c];
        add_quantiles(&table, component->name, &component->latency, quantiles, count);
    }
    table_write(&table, color, out);
    table_release(&table);
}

// ---- sparklines --------------------------------------------------------------------------------

// Means of equal runs of bins, NaN skipped.
static uint32_t squeeze(const double *values, uint32_t count, double *columns)
{
    const uint32_t width = count < SPARK_COLUMNS ? count : SPARK_COLUMNS;
    for (uint32_t c = 0; c < width; c++) {
        const uint32_t from = (uint32_t)((uint64_t)count * c / width);
        const uint32_t to = (uint32_t)((uint64_t)count * (c + 1) / width);
        double sum = 0.0;
        uint32_t samples = 0;
        for (uint32_t i = from; i < to; i++) {
            sum += isnan(values[i]) ? 0.0 : values[i];
            samples += !isnan(values[i]);
        }
        columns[c] = samples == 0 ? (double)NAN : sum / samples;
    }
    return width;
}

static void spark(const char *label, const double *values, uint32_t count, const char *unit,
                  struct text *out)
{
    static const char *const levels[SPARK_LEVELS] = {"\u2581", "\u2582", "\u2583", "\u2584",
                                                     "\u2585", "\u2586", "\u2587", "\u2588"};
    double columns[SPARK_COLUMNS], most = 0.0;
    const uint32_t width = squeeze(values, count, columns);
    for (uint32_t c = 0; c < width; c++) {
        most = columns[c] > most ? columns[c] : most;
    }
    text_format(out, "%-12s ", label);
    for (uint32_t c = 0; c < width; c++) {
        if (isnan(columns[c]) || most == 0.0) {
            text_add_char(out, ' ');
        } else {
            const int level = (int)(columns[c] / most * (SPARK_LEVELS - 1) + 0.5);
            text_add(out, levels[level < 0 ? 0 : level]);
        }
    }
    char buffer[FIGURE_TEXT_ROOM];
    text_format(out, "  up to %s\n", figure_text_value(buffer, sizeof buffer, most, unit));
}

static void spark_workload(const struct result *result, uint32_t index, double *values,
                           struct text *out)
{
    const struct result_series *series = &result->series;
    const double scale = series->bin_s * (double)result->replication_count;
    for (uint32_t b = 0; b < series->bin_count; b++) {
        const size_t at = (size_t)b * result->workload_count + index;
        values[b] = (double)series->workload_counts[at * SERIES_FLOWS + SERIES_OK] / scale;
    }
    spark("ok", values, series->bin_count, "1/s", out);
    for (uint32_t b = 0; b < series->bin_count; b++) {
        const size_t at = (size_t)b * result->workload_count + index;
        values[b] = (double)series->workload_latency[at * SERIES_LATENCIES + SERIES_P99];
    }
    spark("p99", values, series->bin_count, "s", out);
}

static void spark_component(const struct result *result, uint32_t index, double *values,
                            struct text *out)
{
    static const char *const labels[] = {"utilization", "queue", "in flight", "replicas up"};
    static const char *const units[] = {"1", "{request}", "{request}", "{replica}"};
    const struct result_series *series = &result->series;
    for (uint32_t level = 0; level <= SERIES_READY; level++) {
        for (uint32_t b = 0; b < series->bin_count; b++) {
            const size_t at = (size_t)b * result->component_count + index;
            values[b] = (double)series->component_levels[at * SERIES_LEVELS + level];
        }
        spark(labels[level], values, series->bin_count, units[level], out);
    }
}

void figures_view_sparklines(const struct result *result, const char *name, struct text *out)
{
    struct arena scratch;
    arena_init(&scratch);
    double *values = arena_take_array(&scratch, result->series.bin_count + 1, sizeof(double));
    for (uint32_t w = 0; w < result->workload_count; w++) {
        if (text_same(result->workloads[w].name, name)) {
            spark_workload(result, w, values, out);
        }
    }
    for (uint32_t c = 0; c < result->component_count; c++) {
        if (text_same(result->components[c].name, name)) {
            spark_component(result, c, values, out);
        }
    }
    arena_release(&scratch);
}
