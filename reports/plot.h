// plot - the one door to gnuplot: scripts with their data become SVG files, many in one process.
//
// A plot is two files, NAME.gp and NAME.dat, that `gnuplot -d NAME.gp` turns into NAME.svg again.
// Data are numbers; every text stands in the script, in single quotes, where gnuplot runs nothing.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "sim/base/text.h"

enum plot_kind { // in the order of the report
    PLOT_LATENCY,
    PLOT_THROUGHPUT,
    PLOT_HEATMAP,
    PLOT_UTILIZATION,
    PLOT_USE,
    PLOT_BREAKDOWN,
    PLOT_TIMELINE,
    PLOT_GUARDS,
    PLOT_HOCKEY_STICK,
    PLOT_CARRIED,
    PLOT_VERDICTS,
    PLOT_MAP,
    PLOT_SCATTER,
    PLOT_WARMUP,
    PLOT_CERTAINTY,
    PLOT_FRONTIER,
    PLOT_KINDS
};

enum { PLOT_NAME_ROOM = 48 };

struct plot {
    enum plot_kind kind;
    uint32_t subject; // workload, component or number of the sheet
    char name[PLOT_NAME_ROOM];
    uint32_t width, height; // of the picture, in pixels
    struct text script, data;
    struct text alt; // what it shows, in words
    struct text svg; // empty: not drawn
};

struct plot_list {
    struct plot *plots;
    uint32_t count, room;
};

void plot_list_init(struct plot_list *list);
void plot_list_release(struct plot_list *list);

// A further plot whose script begins with terminal, output, grid and colours. Good until the next.
struct plot *plot_begin(struct plot_list *list, enum plot_kind kind, uint32_t subject,
                        uint32_t height);

// The first plot of that kind and subject that was drawn, NULL.
const struct plot *plot_find(const struct plot_list *list, enum plot_kind kind, uint32_t subject);

// Writes scripts and data into the directory, runs gnuplot there and reads the pictures. False:
// `why` says what failed; plots that were drawn nevertheless have their picture.
bool plot_draw(struct plot_list *list, const char *directory, struct text *why);

// The picture without gnuplot's empty groups, unused definitions and blanks, for embedding.
void plot_shrink(const struct plot *plot, struct text *into);

// Removes the files of the plots from the directory.
void plot_remove(const struct plot_list *list, const char *directory);

// Runs a program by name in the directory, its output thrown away, for at most `timeout_s`.
// -1: it could not be started; -2: it was too slow and is killed; else its exit status.
int plot_spawn(const char *const *arguments, const char *directory, uint32_t timeout_s);
