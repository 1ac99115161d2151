// sweep_print - writes to stdout, stderr and the result directory.
#include "sim/cli/sweep_print.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "reports/outputs.h"
#include "reports/sweep_page.h"
#include "sim/base/file.h"
#include "sim/base/units_format.h"
#include "sim/cli/cli.h"
#include "sim/study/sweep_pilot.h"

enum { LIST_MOST = 200 };

// ---- progress
// ------------------------------------------------------------------------------------

void sweep_print_begin(struct sweep_print *print)
{
    const char *ci = getenv("CI");
    *print = (struct sweep_print){.terminal = isatty(STDERR_FILENO) && (ci == NULL || *ci == '\0')};
}

void sweep_print_end(struct sweep_print *print)
{
    if (print->shown) {
        fputs("\r\033[K", stderr);
        fflush(stderr);
    }
}

void sweep_print_progress(struct sweep_print *print, const struct sweep_progress *facts)
{
    const uint32_t tenths = facts->points == 0 ? 0 : 10 * facts->done / facts->points;
    if (!print->terminal && tenths <= print->tenths) {
        return;
    }
    print->tenths = tenths;
    char events[UNITS_FORMAT_ROOM], left[UNITS_FORMAT_ROOM];
    fprintf(stderr, "%spoints %u/%u  units %u  %s events", print->terminal ? "\r\033[K  " : "",
            facts->done, facts->points, facts->units,
            units_format_si(events, sizeof events, (double)facts->events));
    if (!isnan(facts->left_s) && facts->done < facts->points) {
        const double whole_s = facts->left_s < 1.0 ? 1.0 : (double)(uint64_t)facts->left_s;
        fprintf(stderr, "  eta %s", units_format_duration(left, sizeof left, whole_s * 1e9));
    }
    fputs(print->terminal ? "" : "\n", stderr);
    fflush(stderr);
    print->shown = print->terminal;
}

// ---- the list
// ------------------------------------------------------------------------------------

enum { PILOT_TENTHS = 20 };

static void add_replications(const struct sweep *sweep, struct text *out)
{
    char events[UNITS_FORMAT_ROOM];
    uint32_t least = UINT32_MAX, most = 0;
    uint64_t units = 0;
    for (uint32_t point = 0; point < sweep->points.count; point++) {
        const struct sweep_row *row = &sweep->rows[point];
        if (row->chosen) {
            least = row->least < least ? row->least : least;
            most = row->most > most ? row->most : most;
            units += row->least;
        }
    }
    text_format(out, most > least ? "; %u..%u replications each" : "; %u replications each", least,
                most);
    text_format(out, ", %s%llu units, about %s events\n", most > least ? "at least " : "",
                (unsigned long long)units,
                units_format_si(events, sizeof events, sweep->predicted));
}

// Rounded as an estimate deserves.
static const char *format_time(char *buffer, size_t size, double seconds)
{
    const double unit_s = seconds < 60 ? 1 : seconds < 3600 ? 60 : 600;
    const uint64_t units = (uint64_t)(seconds / unit_s) + 1;
    return units_format_duration(buffer, size, (double)units * unit_s * 1e9);
}

void sweep_print_pilot(const struct sweep *sweep, uint32_t workers, const volatile int *stop)
{
    char least[UNITS_FORMAT_ROOM], most[UNITS_FORMAT_ROOM], bytes[UNITS_FORMAT_ROOM];
    struct sweep_pilot pilot;
    sweep_pilot(sweep, workers, PILOT_TENTHS / 10.0, stop, &pilot);
    if (pilot.points == 0) {
        return;
    }
    format_time(least, sizeof least, pilot.least_s);
    format_time(most, sizeof most, pilot.most_s);
    fprintf(stderr, "est. %s", least);
    if (!text_same(least, most)) {
        fprintf(stderr, " to %s", most);
    }
    fprintf(stderr, " on %u core%s, %s of memory (from a pilot of %.1f s at %u point%s)\n", workers,
            workers == 1 ? "" : "s",
            units_format_bytes(bytes, sizeof bytes, (double)pilot.bytes), pilot.spent_s,
            pilot.points, pilot.points == 1 ? "" : "s");
}

int sweep_print_list(const struct sweep *sweep)
{
    struct text out;
    text_init(&out);
    text_format(&out, "%u points", sweep->points.designed);
    if (sweep->points.count != sweep->points.designed) {
        text_format(&out, ", %u after `where`%s", sweep->points.count,
                    sweep->space.design >= SWEEP_LHS ? " and without repetitions" : "");
    }
    if (sweep->chosen != sweep->points.count) {
        text_format(&out, ", %u chosen", sweep->chosen);
    }
    add_replications(sweep, &out);
    uint32_t shown = 0;
    for (uint32_t point = 0; point < sweep->points.count; point++) {
        if (sweep->rows[point].chosen && shown++ < LIST_MOST) {
            text_format(&out, "  #%u ", point);
            sweep_report_point(sweep, point, &out);
            text_add_char(&out, '\n');
        }
    }
    if (shown > LIST_MOST) {
        text_format(&out, "  ... and %u more\n", shown - LIST_MOST);
    }
    const bool good = cli_print(&out);
    text_release(&out);
    return good ? CLI_DONE : CLI_BROKEN;
}

// ---- files
// ---------------------------------------------------------------------------------------

static bool write_text(const char *directory, const char *name, const char *content,
                       struct text *why)
{
    struct text path;
    text_init(&path);
    text_format(&path, "%s/%s", directory, name);
    const bool good = file_write_atomic(text_get(&path), content, strlen(content), why);
    text_release(&path);
    return good;
}

// A missing gnuplot is a warning, which the page repeats.
static bool draw(struct plot_list *list, const char *directory, struct text *notice,
                 struct text *why)
{
    struct text path;
    text_init(&path);
    text_format(&path, "%s/plots", directory);
    const bool good = list->count == 0 || file_make_directory(text_get(&path), why);
    if (good && list->count > 0 && !plot_draw(list, text_get(&path), notice)) {
        fprintf(stderr, "orrery: warning: %s\n", text_get(notice));
    }
    text_release(&path);
    return good;
}

struct file { // of the directory: its name, what writes its content, and with which it is chosen
    const char *name;
    void (*write)(const struct sweep_report *report, struct text *out);
    enum output output;
};

static void write_table(const struct sweep_report *report, struct text *out)
{
    sweep_report_terminal(report, &(struct sweep_report_look){.all = false}, out);
}

static void write_json(const struct sweep_report *report, struct text *out)
{
    struct json_write json;
    json_write_init(&json);
    sweep_report_json(report, &json);
    text_add(out, json_write_get(&json));
    json_write_release(&json);
}

static const struct file files[] = {
    {"sweep.json", write_json, OUTPUT_JSON},
    {"sweep.csv", sweep_report_csv, OUTPUT_JSON},
    {"sweep.txt", write_table, OUTPUT_JSON},
    {"report.md", sweep_report_markdown, OUTPUT_MD},
    {"report.html", sweep_page_write, OUTPUT_HTML},
};

static bool write_files(const struct sweep_report *report, const char *directory, uint32_t chosen,
                        struct text *why)
{
    bool good = true;
    for (size_t i = 0; i < sizeof files / sizeof files[0] && good; i++) {
        if ((chosen & 1u << files[i].output) == 0) {
            continue;
        }
        struct text content;
        text_init(&content);
        files[i].write(report, &content);
        good = write_text(directory, files[i].name, text_get(&content), why);
        text_release(&content);
    }
    return good;
}

bool sweep_print_files(struct sweep_report *report, const char *directory, uint32_t chosen,
                       struct text *why)
{
    const uint32_t pictures = 1u << OUTPUT_SVG | 1u << OUTPUT_MD | 1u << OUTPUT_HTML;
    struct plot_list list;
    struct text notice;
    plot_list_init(&list);
    text_init(&notice);
    sweep_report_charts(report, &list);
    report->plots = &list;
    bool good = (chosen & pictures) == 0 || draw(&list, directory, &notice, why);
    report->notice = notice.length > 0 ? text_get(&notice) : NULL;
    good = good && write_files(report, directory, chosen, why);
    report->plots = NULL;
    report->notice = NULL;
    plot_list_release(&list);
    text_release(&notice);
    return good;
}

// ---- standard output
// -----------------------------------------------------------------------------

bool sweep_print_result(const struct sweep_report *report, const struct sweep_print_look *look)
{
    if (look->json) {
        struct json_write json;
        json_write_init(&json);
        sweep_report_json(report, &json);
        json_write_get(&json);
        const bool good = cli_print(&json.text);
        json_write_release(&json);
        return good;
    }
    struct text out;
    text_init(&out);
    sweep_report_terminal(
        report, &(struct sweep_report_look){.color = look->color, .all = look->verbose}, &out);
    const bool good = cli_print(&out);
    text_release(&out);
    return good;
}

void sweep_print_failures(const struct sweep *sweep, const char *arguments)
{
    struct text out;
    text_init(&out);
    sweep_report_failures(&(struct sweep_report){.sweep = sweep, .command = arguments}, false,
                          &out);
    fputs(text_get(&out), stderr);
    text_release(&out);
}

// ---- a finished sweep
// ----------------------------------------------------------------------------

static int status_of(const char *directory, const struct run_options *run)
{
    struct text path;
    json_error_t error;
    text_init(&path);
    text_format(&path, "%s/sweep.json", directory);
    json_t *root = json_load_file(text_get(&path), 0, &error);
    text_release(&path);
    const char *verdict = json_string_value(json_object_get(root, "verdict"));
    const json_int_t broken = json_integer_value(json_object_get(root, "broken"));
    int status = CLI_FAILED;
    if (verdict == NULL || broken > 0) {
        status = CLI_BROKEN;
    } else if (run->exit_zero || text_same(verdict, "PASS")) {
        status = CLI_DONE;
    } else if (text_same(verdict, "UNDECIDED")) {
        status = run->allow_undecided ? CLI_DONE : CLI_UNDECIDED;
    }
    json_decref(root);
    return status;
}

int sweep_print_again(const char *directory, const struct run_options *run)
{
    struct text path, content, why;
    text_init(&path);
    text_init(&content);
    text_init(&why);
    text_format(&path, "%s/%s", directory, run->json ? "sweep.json" : "sweep.txt");
    int status = status_of(directory, run);
    if (!file_read(text_get(&path), &content, &why)) {
        fprintf(stderr, "orrery: %s\n", text_get(&why));
        status = CLI_BROKEN;
    } else if (!cli_print(&content)) {
        status = CLI_BROKEN;
    }
    fprintf(stderr, "%s is up to date; --rerun simulates again\n", directory);
    text_release(&path);
    text_release(&content);
    text_release(&why);
    return status;
}
