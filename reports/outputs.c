// outputs - one row a file: its name and its writer.
#include "reports/outputs.h"

#include <string.h>

#include "reports/junit.h"
#include "reports/markdown.h"
#include "reports/openmetrics.h"
#include "reports/page.h"
#include "reports/summary.h"
#include "sim/base/file.h"
#include "sim/kernel/time.h"
#include "sim/study/archive.h"

const char *const outputs_names[OUTPUT_COUNT] = {
    [OUTPUT_H5] = "h5",       [OUTPUT_JSON] = "json",
    [OUTPUT_HTML] = "html",   [OUTPUT_MD] = "md",
    [OUTPUT_JUNIT] = "junit", [OUTPUT_SVG] = "svg",
    [OUTPUT_LOG] = "log",     [OUTPUT_OPENMETRICS] = "openmetrics",
};

const char *const outputs_files[OUTPUT_COUNT] = {
    [OUTPUT_H5] = "results.h5", [OUTPUT_JSON] = "summary.json",      [OUTPUT_HTML] = "report.html",
    [OUTPUT_MD] = "report.md",  [OUTPUT_JUNIT] = "junit.xml",        [OUTPUT_SVG] = "plots",
    [OUTPUT_LOG] = "log.jsonl", [OUTPUT_OPENMETRICS] = "metrics.om",
};

static bool write_summary(const struct result *result, const char *path, struct text *why)
{
    struct json_write json;
    json_write_init(&json);
    summary_write(result, &json);
    const char *document = json_write_get(&json);
    const bool good = file_write_atomic(path, document, strlen(document), why);
    json_write_release(&json);
    return good;
}

// The log of replication 0: faults, kills, restarts, breakers, elections, a line each.
static bool write_log(const struct result *result, const char *path, struct text *why)
{
    struct text lines;
    text_init(&lines);
    for (uint32_t i = 0; i < result->log_count; i++) {
        const struct log_event *event = &result->log[i];
        char subject[256];
        struct json_write json;
        json_write_init(&json);
        json_write_object_inline(&json, NULL);
        json_write_number(&json, "t_s", time_seconds(event->time_ns));
        json_write_text(&json, "event",
                        event->kind < LOG_KINDS ? meter_log_names[event->kind] : "event");
        json_write_text(&json, "subject",
                        result_log_subject(result, event, subject, sizeof subject));
        json_write_number(&json, "value", event->value);
        json_write_end(&json);
        text_add(&lines, json_write_get(&json));
        json_write_release(&json);
    }
    const bool good = file_write_atomic(path, text_get(&lines), lines.length, why);
    text_release(&lines);
    return good;
}

static bool write_text(void (*write)(const struct result *result, struct text *out),
                       const struct result *result, const char *path, struct text *why)
{
    struct text text;
    text_init(&text);
    write(result, &text);
    const bool good = file_write_atomic(path, text_get(&text), text.length, why);
    text_release(&text);
    return good;
}

static bool write_markdown(const struct result *result, const char *path, struct text *why)
{
    return write_text(markdown_write, result, path, why);
}

static bool write_openmetrics(const struct result *result, const char *path, struct text *why)
{
    return write_text(openmetrics_write, result, path, why);
}

static bool write_junit(const struct result *result, const char *path, struct text *why)
{
    return write_text(junit_write, result, path, why);
}

// The plots and the page that shows them are drawn together.
static bool write_page(const struct result *result, const char *directory, uint32_t chosen,
                       struct text *why)
{
    struct text html, plots, notice;
    text_init(&html);
    text_init(&plots);
    text_init(&notice);
    text_format(&html, "%s/%s", directory, outputs_files[OUTPUT_HTML]);
    text_format(&plots, "%s/%s", directory, outputs_files[OUTPUT_SVG]);
    const struct page_request request = {
        .html = (chosen >> OUTPUT_HTML & 1u) != 0 ? text_get(&html) : NULL,
        .plots = (chosen >> OUTPUT_SVG & 1u) != 0 ? text_get(&plots) : NULL,
    };
    const bool good = page_write(result, &request, &notice, why);
    if (good) {
        text_clear(why);
        text_add(why, text_get(&notice));
    }
    text_release(&html);
    text_release(&plots);
    text_release(&notice);
    return good;
}

struct output_row {
    enum output output;
    bool (*write)(const struct result *result, const char *path, struct text *why);
};

static const struct output_row rows[] = {
    {OUTPUT_JSON, write_summary}, {OUTPUT_LOG, write_log},
    {OUTPUT_H5, archive_write},   {OUTPUT_MD, write_markdown},
    {OUTPUT_JUNIT, write_junit},  {OUTPUT_OPENMETRICS, write_openmetrics},
};

bool outputs_choose(const char *list, uint32_t *chosen, const char **unknown)
{
    *chosen = 1u << OUTPUT_H5 | 1u << OUTPUT_JSON | 1u << OUTPUT_LOG;
    while (*list != '\0') {
        const size_t length = strcspn(list, ",");
        uint32_t found = OUTPUT_COUNT;
        for (uint32_t i = 0; i < OUTPUT_COUNT; i++) {
            if (strlen(outputs_names[i]) == length &&
                strncmp(list, outputs_names[i], length) == 0) {
                found = i;
            }
        }
        if (found == OUTPUT_COUNT) {
            *unknown = list;
            return false;
        }
        *chosen |= 1u << found;
        list += length + (list[length] == ',');
    }
    return true;
}

uint32_t outputs_absent(const char *directory, uint32_t chosen)
{
    uint32_t absent = 0;
    struct text path;
    text_init(&path);
    for (uint32_t i = 0; i < OUTPUT_COUNT; i++) {
        text_clear(&path);
        text_format(&path, "%s/%s", directory, outputs_files[i]);
        if ((chosen >> i & 1u) != 0 && !file_exists(text_get(&path))) {
            absent |= 1u << i;
        }
    }
    text_release(&path);
    return absent;
}

bool outputs_write(const struct result *result, const char *directory, uint32_t chosen,
                   struct text *why)
{
    bool good = true;
    struct text path;
    text_init(&path);
    for (size_t i = 0; good && i < sizeof rows / sizeof rows[0]; i++) {
        if ((chosen >> rows[i].output & 1u) == 0) {
            continue;
        }
        text_clear(&path);
        text_format(&path, "%s/%s", directory, outputs_files[rows[i].output]);
        good = rows[i].write(result, text_get(&path), why);
    }
    text_release(&path);
    if (good && (chosen & (1u << OUTPUT_HTML | 1u << OUTPUT_SVG)) != 0) {
        good = write_page(result, directory, chosen, why);
    }
    return good;
}
