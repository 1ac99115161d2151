// charts - the subjects worth a curve, and what all plots share.
#include "reports/charts.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reports/charts_parts.h"
#include "reports/escape.h"
#include "sim/base/check.h"
#include "sim/base/units_format.h"
#include "sim/engine/design.h"

const char *const charts_colours[CHARTS_COLOURS] = {"#0072b2", "#d55e00", "#009e73",
                                                    "#cc79a7", "#e69f00", "#56b4e9"};

void charts_make(struct plot_list *list, const struct result *result)
{
    charts_latency(list, result);
    charts_throughput(list, result);
    charts_heatmaps(list, result);
    charts_utilization(list, result);
    charts_use(list, result);
    charts_breakdown(list, result);
    charts_timeline(list, result);
    charts_guards(list, result);
    charts_warmup(list, result);
    charts_certainty(list, result);
}

// ---- subjects ----------------------------------------------------------------------------------

static bool is_named(const struct charts_subjects *subjects, const char *name)
{
    for (uint32_t i = 0; i < subjects->count; i++) {
        if (text_same(subjects->rows[i].name, name)) {
            return true;
        }
    }
    return false;
}

static void add_subject(struct charts_subjects *subjects, struct charts_subject subject)
{
    if (subjects->count < CHARTS_SUBJECTS_MOST && subject.latency != NULL &&
        !is_named(subjects, subject.name)) {
        subjects->rows[subjects->count++] = subject;
    }
}

static bool is_operation(const struct result *result, const struct result_operation *operation,
                         const char *target)
{
    const char *component = result->components[operation->component].name;
    const size_t length = strlen(component);
    return strncmp(target, component, length) == 0 && target[length] == '.' &&
           text_same(target + length + 1, operation->name);
}

static struct charts_subject find_subject(const struct result *result, const char *target)
{
    struct charts_subject subject = {.name = target, .workload = RESULT_NONE};
    for (uint32_t i = 0; i < result->operation_count; i++) {
        if (is_operation(result, &result->operations[i], target)) {
            subject.latency = &result->operations[i].latency;
            subject.figures = result->operations[i].figures;
        }
    }
    for (uint32_t i = 0; i < result->component_count; i++) {
        if (text_same(result->components[i].name, target)) {
            subject.latency = &result->components[i].latency;
            subject.figures = result->components[i].figures;
        }
    }
    for (uint32_t i = 0; i < result->workload_count; i++) {
        if (text_same(result->workloads[i].name, target)) {
            subject.latency = &result->workloads[i].latency;
            subject.figures = result->workloads[i].figures;
            subject.workload = i;
        }
    }
    return subject;
}

static bool target_failed(const struct result *result, const char *target)
{
    for (uint32_t s = 0; s < result->slo_count; s++) {
        if (text_same(result->slos[s].target, target) && result->slos[s].verdict != VERDICT_PASS) {
            return true;
        }
    }
    return false;
}

static void add_judged(struct charts_subjects *subjects, const struct result *result, bool failed)
{
    for (uint32_t s = 0; s < result->slo_count; s++) {
        const struct result_slo *slo = &result->slos[s];
        if (slo->metric == SLO_PERCENTILE && target_failed(result, slo->target) == failed) {
            struct charts_subject subject = find_subject(result, slo->target);
            subject.judged = true;
            subject.failed = failed;
            add_subject(subjects, subject);
        }
    }
}

void charts_subjects_init(struct charts_subjects *subjects, const struct result *result)
{
    *subjects = (struct charts_subjects){
        .rows = check_calloc(CHARTS_SUBJECTS_MOST, sizeof *subjects->rows)};
    add_judged(subjects, result, true);
    add_judged(subjects, result, false);
    for (uint32_t w = 0; w < result->workload_count; w++) {
        add_subject(subjects, find_subject(result, result->workloads[w].name));
    }
}

void charts_subjects_release(struct charts_subjects *subjects)
{
    free(subjects->rows);
    *subjects = (struct charts_subjects){0};
}

// ---- time --------------------------------------------------------------------------------------

struct charts_time charts_time_of(const struct result *result, uint32_t most)
{
    const double duration_s = result->duration_s;
    struct charts_time time = {.unit_s = 1, .unit = "s", .join = 1};
    if (duration_s > 3 * 86400.0) {
        time.unit_s = 86400;
        time.unit = "d";
    } else if (duration_s > 3 * 3600.0) {
        time.unit_s = 3600;
        time.unit = "h";
    } else if (duration_s > 300) {
        time.unit_s = 60;
        time.unit = "min";
    }
    const uint32_t bins = result->series.bin_count;
    time.join = (bins + most - 1) / most;
    time.join = time.join == 0 ? 1 : time.join;
    time.count = bins / time.join + (bins % time.join != 0);
    time.step = result->series.bin_s * time.join / time.unit_s;
    return time;
}

double charts_middle(const struct charts_time *time, uint32_t bin)
{
    return (bin + 0.5) * time->step;
}

void charts_axis(struct text *script, const struct result *result, const struct charts_time *time)
{
    text_format(script, "set xrange [0:%.6g]\nset xlabel 'simulated time (%s)'\n",
                result->duration_s / time->unit_s, time->unit);
}

static void add_window(struct text *script, double from, double to, const char *colour)
{
    text_format(script,
                "set object rectangle from %.6g, graph 0 to %.6g, graph 1 behind fc rgb '%s' "
                "fs solid 1 noborder\n",
                from, to, colour);
}

static void add_line(struct text *script, double at, const char *colour)
{
    text_format(script,
                "set arrow from %.6g, graph 0 to %.6g, graph 1 nohead front lw 1.4 dt 2 "
                "lc rgb '%s'\n",
                at, at, colour);
}

static void add_fault(struct text *script, const struct charts_time *time, double from_s,
                      double to_s, bool in_front)
{
    if (in_front) {
        add_line(script, from_s / time->unit_s, "#b45309");
        add_line(script, to_s / time->unit_s, "#b45309");
    } else {
        add_window(script, from_s / time->unit_s, to_s / time->unit_s, "#fde7cf");
    }
}

// When the fault that begins with that entry ends: its next end in the log, or the end of the run.
static double end_of(const struct result *result, uint32_t entry)
{
    for (uint32_t i = entry + 1; i < result->log_count; i++) {
        if (result->log[i].kind == LOG_FAULT_END &&
            result->log[i].subject == result->log[entry].subject) {
            return (double)result->log[i].time_ns / 1e9;
        }
    }
    return result->duration_s;
}

void charts_windows(struct text *script, const struct result *result,
                    const struct charts_time *time, bool in_front)
{
    enum { MOST = 60 };
    uint32_t shown = 0;
    for (uint32_t i = 0; i < result->log_count && shown < MOST; i++) {
        if (result->log[i].kind == LOG_FAULT_BEGIN) {
            add_fault(script, time, (double)result->log[i].time_ns / 1e9, end_of(result, i),
                      in_front);
            shown++;
        }
    }
    if (result->warmup_s > 0 && in_front) {
        add_line(script, result->warmup_s / time->unit_s, "#6b7280");
    } else if (result->warmup_s > 0) {
        add_window(script, 0, result->warmup_s / time->unit_s, "#eceff3");
    }
}

// ---- axes and texts ----------------------------------------------------------------------------

void charts_latency_tics(struct text *script, double low_s, double high_s)
{
    charts_latency_axis(script, "y", low_s, high_s);
}

void charts_latency_axis(struct text *script, const char *axis, double low_s, double high_s)
{
    static const char *const names[] = {"ns", "\xC2\xB5s", "ms", "s"};
    const bool wide = high_s / low_s > 300;
    double value_s = 1e-9;
    text_format(script, "set logscale %s\nset %stics (", axis, axis);
    for (uint32_t decade = 0; decade < 14; decade++) {
        static const uint32_t tens[] = {1, 10, 100};
        for (uint32_t step = 1; step <= 5; step += step == 1 ? 1 : 3) {
            const double at_s = value_s * step;
            if ((wide && step > 1) || at_s < low_s / 10 || at_s > high_s * 10) {
                continue;
            }
            const uint32_t unit = decade / 3 > 3 ? 3 : decade / 3;
            const uint32_t number = step * tens[decade % 3] * (decade >= 12 ? 1000 : 1);
            text_format(script, "'%u %s' %.6g, ", number, names[unit], at_s);
        }
        value_s *= 10;
    }
    text_add(script, "'' 1e9)\n"); // a tic that no picture reaches ends the list
}

// 1, 2 or 5 times a power of ten, so that at most five steps reach `high`.
static double step_for(double high)
{
    static const double steps[] = {1, 2, 5};
    double power = 1e-9;
    for (uint32_t i = 0; i < 30; i++, power *= 10) {
        for (uint32_t k = 0; k < 3; k++) {
            if (power * steps[k] * 5 >= high) {
                return power * steps[k];
            }
        }
    }
    return high;
}

void charts_linear_tics(struct text *script, double high, const char *suffix)
{
    high = high > 0 ? high : 1;
    const double step = step_for(high);
    text_format(script, "set yrange [0:%.6g]\nset ytics (", high * 1.1);
    for (uint32_t i = 0; i * step <= high * 1.1; i++) {
        char label[UNITS_FORMAT_ROOM];
        units_format_si(label, sizeof label, i * step);
        text_format(script, "%s'%s%s' %.6g", i == 0 ? "" : ", ", label, suffix, i * step);
    }
    text_add(script, ")\n");
}

void charts_title(struct text *script, const char *before, const char *name)
{
    enum { MOST = 48 };
    struct text cut;
    text_init(&cut);
    escape_cut(&cut, name, MOST);
    text_format(script, "set title '%s", before);
    escape_gnuplot(script, text_get(&cut));
    text_add(script, "'\n");
    text_release(&cut);
}

void charts_number(struct text *data, double value)
{
    if (isnan(value)) {
        text_add(data, "NaN ");
    } else {
        text_format(data, "%.5g ", value);
    }
}
