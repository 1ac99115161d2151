// page - where the pictures are drawn, and what becomes of their files.
#include "reports/page.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "reports/charts.h"
#include "reports/html.h"
#include "reports/topology.h"
#include "sim/base/file.h"

// The wanted directory, made; or one of our own that is removed afterwards.
static bool begin_directory(const struct page_request *request, struct text *directory,
                            struct text *why)
{
    if (request->plots != NULL) {
        text_add(directory, request->plots);
        return file_make_directory(request->plots, why);
    }
    const char *base = getenv("TMPDIR");
    text_format(directory, "%s/orrery-plots-XXXXXX", base == NULL ? P_tmpdir : base);
    if (mkdtemp(directory->bytes) == NULL) {
        text_add(why, "cannot make a temporary directory for plots");
        return false;
    }
    return true;
}

static void end_directory(const struct page_request *request, const struct plot_list *plots,
                          const char *directory)
{
    if (request->plots != NULL) {
        return;
    }
    struct text path;
    text_init(&path);
    text_format(&path, "%s/topology.dot", directory);
    unlink(text_get(&path));
    plot_remove(plots, directory);
    rmdir(directory);
    text_release(&path);
}

static bool write_html(const struct result *result, const struct html_pictures *pictures,
                       const char *path, struct text *why)
{
    struct text page;
    text_init(&page);
    html_write(result, pictures, &page);
    const bool good = file_write_atomic(path, text_get(&page), page.length, why);
    text_release(&page);
    return good;
}

bool page_write(const struct result *result, const struct page_request *request,
                struct text *notice, struct text *why)
{
    struct plot_list plots;
    struct text directory, topology;
    plot_list_init(&plots);
    text_init(&directory);
    text_init(&topology);
    bool good = begin_directory(request, &directory, why);
    if (good) {
        charts_make(&plots, result);
        text_clear(notice);
        plot_draw(&plots, text_get(&directory), notice);
        topology_svg(result, text_get(&directory), &topology);
        const struct html_pictures pictures = {&plots, text_get(&topology),
                                               notice->length > 0 ? text_get(notice) : NULL};
        good = request->html == NULL || write_html(result, &pictures, request->html, why);
        end_directory(request, &plots, text_get(&directory));
    }
    plot_list_release(&plots);
    text_release(&directory);
    text_release(&topology);
    return good;
}
