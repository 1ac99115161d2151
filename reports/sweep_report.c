// sweep_report - a parameter study for programs: JSON and CSV.
#include "reports/sweep_report.h"

#include <stdio.h>

#include "reports/escape.h"
#include "reports/summary.h"
#include "sim/base/units_format.h"

void sweep_report_settings(const struct sweep *sweep, uint32_t point, struct text *out)
{
    for (uint32_t i = 0; i < sweep->space.parameter_count; i++) {
        struct text pair;
        text_init(&pair);
        text_format(&pair, "%s=%s", sweep->space.parameters[i].name, sweep_value(sweep, point, i));
        text_add(out, " --set ");
        escape_shell(out, text_get(&pair));
        text_release(&pair);
    }
}

void sweep_report_point(const struct sweep *sweep, uint32_t point, struct text *out)
{
    for (uint32_t i = 0; i < sweep->space.parameter_count; i++) {
        text_format(out, "%s%s=%s", i == 0 ? "" : " ", sweep->space.parameters[i].name,
                    sweep_value(sweep, point, i));
    }
}

// ---- JSON
// ----------------------------------------------------------------------------------------

static const char *const states[] = {"not run", "done", "missing", "broken"};

static void write_flow(struct json_write *json, const char *name, const struct sweep_flow *flow)
{
    json_write_object(json, name);
    summary_estimate(json, "offered", &flow->offered);
    summary_estimate(json, "throughput", &flow->throughput);
    summary_estimate(json, "success_ratio", &flow->success);
    summary_estimate(json, "mean", &flow->mean);
    summary_estimate(json, "p50", &flow->p50);
    summary_estimate(json, "p99", &flow->p99);
    json_write_end(json);
}

static void write_done(struct json_write *json, const struct sweep *sweep,
                       const struct sweep_row *row)
{
    char fingerprint[40];
    snprintf(fingerprint, sizeof fingerprint, "%016llx%016llx",
             (unsigned long long)row->fingerprint.high, (unsigned long long)row->fingerprint.low);
    json_write_text(json, "digest", row->digest);
    json_write_text(json, "fingerprint", fingerprint);
    json_write_text(json, "verdict", result_verdict_name(row->verdict));
    json_write_integer(json, "replications", row->replications);
    json_write_integer(json, "events", row->events);
    json_write_number(json, "simulated_s", row->simulated_s);
    json_write_object(json, "workloads");
    for (uint32_t w = 0; w < sweep->workload_count; w++) {
        write_flow(json, sweep->workloads[w], &row->flows[w]);
    }
    json_write_end(json);
    json_write_array(json, "slos");
    for (uint32_t s = 0; s < sweep->slo_count; s++) {
        json_write_object(json, NULL);
        json_write_text(json, "name", sweep->slos[s].name);
        json_write_text(json, "objective", sweep->slos[s].objective);
        json_write_text(json, "verdict", result_verdict_name(row->slos[s].verdict));
        summary_estimate(json, "observed", &row->slos[s].observed);
        json_write_end(json);
    }
    json_write_end(json);
    if (row->busiest != NULL) {
        json_write_object(json, "busiest");
        json_write_text(json, "component", row->busiest);
        summary_estimate(json, "utilization", &row->utilization);
        json_write_end(json);
    }
}

static void write_point(struct json_write *json, const struct sweep *sweep, uint32_t point)
{
    const struct sweep_row *row = &sweep->rows[point];
    json_write_object(json, NULL);
    json_write_integer(json, "point", point);
    json_write_object_inline(json, "parameters");
    for (uint32_t i = 0; i < sweep->space.parameter_count; i++) {
        json_write_text(json, sweep->space.parameters[i].name, sweep_value(sweep, point, i));
    }
    json_write_end(json);
    json_write_text(json, "state", states[row->state]);
    if (row->state == SWEEP_BROKEN) {
        json_write_text(json, "failure", row->failure);
    } else if (row->state == SWEEP_DONE) {
        write_done(json, sweep, row);
    }
    json_write_end(json);
}

static void write_curve(struct json_write *json, const struct sweep_report *report,
                        const struct sweep_curve *curve)
{
    const struct sweep *sweep = report->sweep;
    json_write_object(json, NULL);
    json_write_object_inline(json, "parameters");
    for (uint32_t i = 0; i < sweep->space.parameter_count; i++) {
        if (i != report->curves->parameter) {
            json_write_text(json, sweep->space.parameters[i].name,
                            sweep_value(sweep, curve->points[0], i));
        }
    }
    json_write_end(json);
    json_write_array_inline(json, "points");
    for (uint32_t i = 0; i < curve->count; i++) {
        json_write_integer(json, NULL, curve->points[i]);
    }
    json_write_end(json);
    if (curve->knee == RESULT_NONE) {
        json_write_null(json, "knee");
    } else {
        json_write_object_inline(json, "knee");
        json_write_integer(json, "point", curve->knee);
        json_write_text(json, "load", sweep_value(sweep, curve->knee, report->curves->parameter));
        json_write_number(json, "depth", curve->depth);
        json_write_end(json);
    }
    json_write_end(json);
}

static void write_curves(struct json_write *json, const struct sweep_report *report)
{
    const struct sweep_curves *curves = report->curves;
    if (curves->count == 0) {
        return;
    }
    json_write_object(json, "curves");
    json_write_text(json, "load", report->sweep->space.parameters[curves->parameter].name);
    json_write_text(json, "workload", report->sweep->workloads[curves->workload]);
    json_write_text(json, "metric", "p99");
    json_write_text(json, "knee_by", "Kneedle");
    json_write_array(json, "series");
    for (uint32_t i = 0; i < curves->count; i++) {
        write_curve(json, report, &curves->curves[i]);
    }
    json_write_end(json);
    json_write_end(json);
}

static uint32_t count_state(const struct sweep *sweep, enum sweep_state state)
{
    uint32_t count = 0;
    for (uint32_t point = 0; point < sweep->points.count; point++) {
        count += sweep->rows[point].chosen && sweep->rows[point].state == state;
    }
    return count;
}

void sweep_report_json(const struct sweep_report *report, struct json_write *json)
{
    const struct sweep *sweep = report->sweep;
    json_write_object(json, NULL);
    json_write_text(json, "schema", "orrery.sweep/1");
    json_write_text(json, "scenario", sweep->scenario);
    json_write_text(json, "digest", report->digest);
    json_write_text(json, "version", sweep->version);
    json_write_integer(json, "seed", report->seed);
    json_write_text(json, "design", sweep->design);
    json_write_text(json, "where", sweep->where);
    json_write_array_inline(json, "parameters");
    for (uint32_t i = 0; i < sweep->space.parameter_count; i++) {
        json_write_text(json, NULL, sweep->space.parameters[i].name);
    }
    json_write_end(json);
    json_write_integer(json, "designed", sweep->points.designed);
    json_write_integer(json, "broken", count_state(sweep, SWEEP_BROKEN));
    json_write_text(json, "verdict", result_verdict_name(sweep_verdict(sweep)));
    json_write_array(json, "points");
    for (uint32_t point = 0; point < sweep->points.count; point++) {
        if (sweep->rows[point].chosen) {
            write_point(json, sweep, point);
        }
    }
    json_write_end(json);
    write_curves(json, report);
    json_write_end(json);
}

// ---- CSV
// -----------------------------------------------------------------------------------------

// In double quotes where it needs them.
static void add_cell(struct text *out, const char *cell)
{
    bool plain = true;
    for (const char *at = cell; *at != '\0'; at++) {
        plain = plain && *at != ',' && *at != '"' && *at != '\n' && *at != '\r';
    }
    if (plain) {
        text_add(out, cell);
        return;
    }
    text_add_char(out, '"');
    for (const char *at = cell; *at != '\0'; at++) {
        text_add(out, *at == '"' ? "\"" : "");
        text_add_char(out, *at);
    }
    text_add_char(out, '"');
}

static void add_number(struct text *out, bool known, double value)
{
    char buffer[UNITS_FORMAT_ROOM];
    text_add_char(out, ',');
    if (known) {
        text_add(out, units_format_shortest(buffer, sizeof buffer, value));
    }
}

static void add_estimate(struct text *out, const struct estimate *estimate)
{
    add_number(out, estimate->known, estimate->value);
    add_number(out, estimate->has_interval, estimate->low);
    add_number(out, estimate->has_interval, estimate->high);
}

static void add_head(struct text *out, const struct sweep *sweep)
{
    static const char *const figures[] = {"offered", "throughput", "success_ratio",
                                          "mean",    "p50",        "p99"};
    text_add(out, "point");
    for (uint32_t i = 0; i < sweep->space.parameter_count; i++) {
        text_add_char(out, ',');
        add_cell(out, sweep->space.parameters[i].name);
    }
    text_add(out, ",state,verdict,replications,events");
    for (uint32_t w = 0; w < sweep->workload_count; w++) {
        for (size_t f = 0; f < sizeof figures / sizeof figures[0]; f++) {
            text_format(out, ",%s.%s,%s.%s.low,%s.%s.high", sweep->workloads[w], figures[f],
                        sweep->workloads[w], figures[f], sweep->workloads[w], figures[f]);
        }
    }
    text_add(out, ",busiest,utilization,utilization.low,utilization.high\n");
}

static void add_row(struct text *out, const struct sweep *sweep, uint32_t point)
{
    static const struct sweep_flow none;
    const struct sweep_row *row = &sweep->rows[point];
    const bool done = row->state == SWEEP_DONE;
    text_format(out, "%u", point);
    for (uint32_t i = 0; i < sweep->space.parameter_count; i++) {
        text_add_char(out, ',');
        add_cell(out, sweep_value(sweep, point, i));
    }
    text_format(out, ",%s,%s,%u,%llu", states[row->state],
                done ? result_verdict_name(row->verdict) : "", row->replications,
                (unsigned long long)row->events);
    for (uint32_t w = 0; w < sweep->workload_count; w++) {
        const struct sweep_flow *flow = done ? &row->flows[w] : &none;
        add_estimate(out, &flow->offered);
        add_estimate(out, &flow->throughput);
        add_estimate(out, &flow->success);
        add_estimate(out, &flow->mean);
        add_estimate(out, &flow->p50);
        add_estimate(out, &flow->p99);
    }
    text_add_char(out, ',');
    add_cell(out, row->busiest == NULL ? "" : row->busiest);
    add_estimate(out, &row->utilization);
    text_add_char(out, '\n');
}

void sweep_report_csv(const struct sweep_report *report, struct text *out)
{
    const struct sweep *sweep = report->sweep;
    add_head(out, sweep);
    for (uint32_t point = 0; point < sweep->points.count; point++) {
        if (sweep->rows[point].chosen) {
            add_row(out, sweep, point);
        }
    }
}
