// outputs - one row a file: its name and its writer.
#include "reports/outputs.h"

#include <string.h>

#include "reports/summary.h"
#include "sim/base/file.h"

const char *const outputs_names[OUTPUT_COUNT] = {
    [OUTPUT_H5] = "h5", [OUTPUT_JSON] = "json",   [OUTPUT_HTML] = "html",
    [OUTPUT_MD] = "md", [OUTPUT_JUNIT] = "junit", [OUTPUT_SVG] = "svg",
};

const char *const outputs_files[OUTPUT_COUNT] = {
    [OUTPUT_H5] = "results.h5", [OUTPUT_JSON] = "summary.json", [OUTPUT_HTML] = "report.html",
    [OUTPUT_MD] = "report.md",  [OUTPUT_JUNIT] = "junit.xml",   [OUTPUT_SVG] = "plots",
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

// In the order of writing: the plots stand before the report that shows them.
struct output_row {
    enum output output;
    bool (*write)(const struct result *result, const char *path, struct text *why);
};

static const struct output_row rows[] = {
    {OUTPUT_JSON, write_summary},
};

bool outputs_choose(const char *list, uint32_t *chosen, const char **unknown)
{
    *chosen = 1u << OUTPUT_H5 | 1u << OUTPUT_JSON;
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
    return good;
}
