// charts_timeline - what happened when: faults, lost and starting nodes, breakers, elections; and
// what the guards of calls did meanwhile.
#include <math.h>
#include <stdlib.h>

#include "reports/charts_parts.h"
#include "reports/escape.h"
#include "sim/base/check.h"

enum { ROWS = 28, SPANS = 600, LABEL = 26, BINS = 120 };
enum { ROW_HEIGHT = 24, FRAME = 125, KEY_ROW = 22, GUARDS = 300 }; // pixels

enum state { FAULT, DOWN, STARTING, DELISTED, EJECTED, BREAKER_IS_OPEN, BREAKER_PROBES, STATES };

enum subject { SUBJECT_FAULT, SUBJECT_NODE, SUBJECT_CALL };

static const struct {
    const char *title, *colour;
} looks[STATES] = {
    [FAULT] = {"fault", "#e69f00"},   [DOWN] = {"down", "#b91c1c"},
    [STARTING] = {"starting", "#f3a6a0"},      [DELISTED] = {"not called", "#6b7280"},
    [EJECTED] = {"ejected", "#cc79a7"},        [BREAKER_IS_OPEN] = {"breaker open", "#0072b2"},
    [BREAKER_PROBES] = {"half open", "#9cc6e6"},
};

struct row {
    enum subject kind;
    int32_t subject;
    uint32_t event;      // of the log that names it
    double open[STATES]; // since when, NaN: not now
};

struct timeline {
    const struct result *result;
    struct charts_time time;
    struct row rows[ROWS];
    uint32_t count, spans[STATES], leaders;
    bool cut; // there are more subjects than rows
    struct text blocks[STATES], marks;
};

static enum subject kind_of(const struct log_event *event)
{
    const bool fault = event->kind == LOG_FAULT_BEGIN || event->kind == LOG_FAULT_END;
    return fault ? SUBJECT_FAULT : event->kind == LOG_BREAKER ? SUBJECT_CALL : SUBJECT_NODE;
}

// ---- rows
// ----------------------------------------------------------------------------------------

static struct row *find_row(struct timeline *timeline, const struct log_event *event)
{
    for (uint32_t i = 0; i < timeline->count; i++) {
        struct row *row = &timeline->rows[i];
        if (row->kind == kind_of(event) && row->subject == event->subject) {
            return row;
        }
    }
    return NULL;
}

static void add_rows(struct timeline *timeline, bool leaders)
{
    const struct result *result = timeline->result;
    for (uint32_t i = 0; i < result->log_count; i++) {
        const struct log_event *event = &result->log[i];
        if ((event->kind == LOG_LEADER) != leaders || find_row(timeline, event) != NULL) {
            continue;
        }
        if (timeline->count == ROWS) {
            timeline->cut = true;
            continue;
        }
        struct row *row = &timeline->rows[timeline->count++];
        *row = (struct row){.kind = kind_of(event), .subject = event->subject, .event = i};
        for (uint32_t state = 0; state < STATES; state++) {
            row->open[state] = (double)NAN;
        }
    }
}

static int by_subject(const void *one, const void *other)
{
    const struct row *a = one, *b = other;
    if (a->kind != b->kind) {
        return a->kind < b->kind ? -1 : 1;
    }
    return a->subject < b->subject ? -1 : a->subject > b->subject;
}

// ---- spans
// ---------------------------------------------------------------------------------------

static void begin(struct row *row, enum state state, double at_s)
{
    row->open[state] = isnan(row->open[state]) ? at_s : row->open[state];
}

static void end(struct timeline *timeline, struct row *row, enum state state, double at_s)
{
    if (isnan(row->open[state])) {
        return;
    }
    const double unit_s = timeline->time.unit_s;
    if (timeline->spans[state]++ < SPANS) {
        text_format(&timeline->blocks[state], "%.6g %.6g %u\n", row->open[state] / unit_s,
                    at_s / unit_s, (uint32_t)(row - timeline->rows));
    }
    row->open[state] = (double)NAN;
}

static void end_all(struct timeline *timeline, struct row *row, double at_s)
{
    for (uint32_t state = 0; state < STATES; state++) {
        end(timeline, row, (enum state)state, at_s);
    }
}

static void change_breaker(struct timeline *timeline, struct row *row, double at_s, double value)
{
    end_all(timeline, row, at_s);
    if (value > 0) { // closed, open, half open
        begin(row, value < 1.5 ? BREAKER_IS_OPEN : BREAKER_PROBES, at_s);
    }
}

static void eject(struct timeline *timeline, struct row *row, double at_s, double length_s)
{
    const double until_s = at_s + length_s;
    const double last_s = timeline->result->duration_s;
    end(timeline, row, EJECTED, at_s);
    begin(row, EJECTED, at_s);
    end(timeline, row, EJECTED, until_s < last_s ? until_s : last_s);
}

static void mark(struct timeline *timeline, const struct row *row, double at_s)
{
    if (timeline->leaders++ < SPANS) {
        text_format(&timeline->marks, "%.6g %u\n", at_s / timeline->time.unit_s,
                    (uint32_t)(row - timeline->rows));
    }
}

static void follow(struct timeline *timeline, const struct log_event *event)
{
    struct row *row = find_row(timeline, event);
    const double at_s = (double)event->time_ns / 1e9;
    if (row == NULL || event->kind >= LOG_KINDS) {
        return;
    }
    switch ((enum log_kind)event->kind) {
    case LOG_FAULT_BEGIN:
        begin(row, FAULT, at_s);
        break;
    case LOG_FAULT_END:
        end(timeline, row, FAULT, at_s);
        break;
    case LOG_KILL:
        end(timeline, row, STARTING, at_s);
        begin(row, DOWN, at_s);
        break;
    case LOG_RESTART:
        end(timeline, row, DOWN, at_s);
        begin(row, STARTING, at_s);
        break;
    case LOG_READY:
        end(timeline, row, DOWN, at_s);
        end(timeline, row, STARTING, at_s);
        break;
    case LOG_EJECT:
        eject(timeline, row, at_s, event->value);
        break;
    case LOG_DELIST:
        begin(row, DELISTED, at_s);
        break;
    case LOG_RELIST:
        end(timeline, row, DELISTED, at_s);
        break;
    case LOG_BREAKER:
        change_breaker(timeline, row, at_s, event->value);
        break;
    case LOG_LEADER:
        mark(timeline, row, at_s);
        break;
    case LOG_KINDS:
        break;
    }
}

// ---- the picture of states
// -----------------------------------------------------------------------

static void add_labels(const struct timeline *timeline, struct text *script)
{
    size_t longest = 0;
    text_format(script, "set yrange [%u.5:-0.5]\nset ytics (", timeline->count - 1);
    for (uint32_t i = 0; i < timeline->count; i++) {
        char subject[256];
        struct text cut;
        text_init(&cut);
        const struct log_event *event = &timeline->result->log[timeline->rows[i].event];
        escape_cut(&cut, result_log_subject(timeline->result, event, subject, sizeof subject),
                   LABEL);
        longest = cut.length > longest ? cut.length : longest;
        text_add(script, i == 0 ? "'" : ", '");
        escape_tic(script, text_get(&cut));
        text_format(script, "' %u", i);
        text_release(&cut);
    }
    text_format(script, ")\nset lmargin %.1f\n", 2.5 + 0.85 * (double)longest);
}

// A delisted node is drawn thin below what made it so, an ejection thin above.
static void add_bars(const struct timeline *timeline, struct plot *plot)
{
    uint32_t block = 0;
    text_add(&plot->script, "plot ");
    for (uint32_t state = 0; state < STATES; state++) {
        if (timeline->spans[state] == 0) {
            continue;
        }
        const double high = state == DELISTED ? 0.2 : -0.36;
        const double low = state == EJECTED ? -0.2 : 0.36;
        text_add(&plot->data, text_get(&timeline->blocks[state]));
        text_add(&plot->data, "\n\n");
        text_format(&plot->script,
                    "%s'%s.dat' index %u using (($1+$2)/2):3:1:2:($3%+.2f):($3%+.2f) with "
                    "boxxyerror fc rgb '%s' title '%s'",
                    block == 0 ? "" : ", ", plot->name, block, high, low, looks[state].colour,
                    looks[state].title);
        block++;
    }
    if (timeline->leaders > 0) {
        text_add(&plot->data, text_get(&timeline->marks));
        text_format(&plot->script,
                    "%s'%s.dat' index %u using 1:2 with points pt 9 ps 0.8 lc rgb '#111827' "
                    "title 'new leader'",
                    block == 0 ? "" : ", ", plot->name, block);
    }
    text_add_char(&plot->script, '\n');
}

static void draw_timeline(struct timeline *timeline, struct plot_list *list)
{
    uint32_t looks_used = timeline->leaders > 0;
    for (uint32_t state = 0; state < STATES; state++) {
        looks_used += timeline->spans[state] > 0;
    }
    const uint32_t key = KEY_ROW * ((looks_used + 1) / 2); // it has two columns
    struct plot *plot =
        plot_begin(list, PLOT_TIMELINE, 0, FRAME + key + ROW_HEIGHT * timeline->count);
    charts_axis(&plot->script, timeline->result, &timeline->time);
    charts_windows(&plot->script, timeline->result, &timeline->time, false);
    if (timeline->cut) {
        text_format(&plot->script, "set title 'the first %u subjects: log.jsonl has all'\n", ROWS);
    }
    add_labels(timeline, &plot->script);
    text_add(&plot->script, "set style fill solid 1 noborder\nunset grid\n"
                            "set key below horizontal maxrows 3 width -3 samplen 0.8\n");
    add_bars(timeline, plot);
    text_format(&plot->alt,
                "Faults in force, nodes that are down, starting or not called, breakers and new "
                "leaders over the time of the first replication, for %u subjects",
                timeline->count);
}

void charts_timeline(struct plot_list *list, const struct result *result)
{
    struct timeline *timeline = check_calloc(1, sizeof *timeline);
    timeline->result = result;
    timeline->time = charts_time_of(result, BINS);
    text_init(&timeline->marks);
    for (uint32_t state = 0; state < STATES; state++) {
        text_init(&timeline->blocks[state]);
    }
    add_rows(timeline, false);
    const bool any = timeline->count > 0;
    add_rows(timeline, true);
    qsort(timeline->rows, timeline->count, sizeof timeline->rows[0], by_subject);
    for (uint32_t i = 0; i < result->log_count; i++) {
        follow(timeline, &result->log[i]);
    }
    for (uint32_t i = 0; i < timeline->count; i++) {
        end_all(timeline, &timeline->rows[i], result->duration_s);
    }
    if (any) {
        draw_timeline(timeline, list);
    }
    text_release(&timeline->marks);
    for (uint32_t state = 0; state < STATES; state++) {
        text_release(&timeline->blocks[state]);
    }
    free(timeline);
}

// ---- guards over time
// ----------------------------------------------------------------------------

// Of all components together in a joined bin.
static double count_of(const struct result *result, const struct charts_time *time, uint32_t bin,
                       enum series_count count)
{
    double sum = 0;
    const size_t row = (size_t)result->component_count * SERIES_COUNTS;
    for (uint32_t i = bin * time->join; i < (bin + 1) * time->join; i++) {
        for (uint32_t c = 0; c < result->component_count && i < result->series.bin_count; c++) {
            sum += (double)
                       result->series.component_counts[i * row + (size_t)c * SERIES_COUNTS + count];
        }
    }
    return sum;
}

// Rows of the data: time; retries, time-outs and refusals a second. The highest of all.
static double add_guards(struct text *data, const struct result *result,
                         const struct charts_time *time)
{
    static const enum series_count counts[] = {SERIES_RETRIES, SERIES_TIMEOUTS, SERIES_SHED};
    const double scale = result->series.bin_s * time->join * result->replication_count;
    double high = 0;
    for (uint32_t bin = 0; bin < time->count; bin++) {
        charts_number(data, charts_middle(time, bin));
        for (uint32_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
            const double rate = count_of(result, time, bin, counts[i]) / scale;
            high = rate > high ? rate : high;
            charts_number(data, rate);
        }
        text_add_char(data, '\n');
    }
    return high;
}

void charts_guards(struct plot_list *list, const struct result *result)
{
    const struct charts_time time = charts_time_of(result, BINS);
    struct text data;
    text_init(&data);
    const double high = result->series.bin_count > 1 ? add_guards(&data, result, &time) : 0;
    if (high > 0) {
        struct plot *plot = plot_begin(list, PLOT_GUARDS, 0, GUARDS);
        text_add(&plot->data, text_get(&data));
        charts_axis(&plot->script, result, &time);
        charts_windows(&plot->script, result, &time, false);
        charts_linear_tics(&plot->script, high, "");
        text_format(&plot->script,
                    "set ylabel 'a second'\nset key below horizontal maxrows 1 width -2 samplen 1\n"
                    "plot '%s.dat' using 1:2 with lines lw 2.2 lc rgb '#0072b2' title 'retries', "
                    "'' using 1:3 with lines lw 2.2 lc rgb '#d55e00' title 'time-outs', "
                    "'' using 1:4 with lines lw 2.2 lc rgb '#e69f00' dt 2 title 'refused'\n",
                    plot->name);
        text_add(&plot->alt, "Retries, time-outs and refusals a second of all components together "
                             "over time");
    }
    text_release(&data);
}
