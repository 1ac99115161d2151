// plot - writes scripts and data, runs gnuplot once for all of them, reads the pictures.
#include "reports/plot.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "sim/base/check.h"
#include "sim/base/file.h"

extern char **environ;

enum { WIDTH = 560, TIMEOUT_S = 60, WAIT_STEP_NS = 5000000, BATCH = 64 };

static const char *const kind_names[PLOT_KINDS] = {
    [PLOT_LATENCY] = "03-latency",
    [PLOT_THROUGHPUT] = "04-throughput",
    [PLOT_HEATMAP] = "05-heatmap",
    [PLOT_UTILIZATION] = "06-utilization",
    [PLOT_USE] = "06-use",
    [PLOT_BREAKDOWN] = "07-where-time-goes",
    [PLOT_TIMELINE] = "09-timeline",
    [PLOT_GUARDS] = "09-guards",
    [PLOT_HOCKEY_STICK] = "10-throughput-latency",
    [PLOT_FRONTIER] = "10-frontier",
    [PLOT_CARRIED] = "10-carried",
    [PLOT_VERDICTS] = "10-verdicts",
    [PLOT_MAP] = "10-p99",
    [PLOT_SCATTER] = "10-p99-by",
    [PLOT_WARMUP] = "11-warm-up",
    [PLOT_CERTAINTY] = "11-certainty",
};

// ---- lists -------------------------------------------------------------------------------------

void plot_list_init(struct plot_list *list)
{
    *list = (struct plot_list){0};
}

void plot_list_release(struct plot_list *list)
{
    for (uint32_t i = 0; i < list->count; i++) {
        text_release(&list->plots[i].script);
        text_release(&list->plots[i].data);
        text_release(&list->plots[i].alt);
        text_release(&list->plots[i].svg);
    }
    free(list->plots);
    plot_list_init(list);
}

static void add_prelude(struct plot *plot)
{
    text_format(&plot->script,
                "# %s.svg is drawn from %s.dat by: gnuplot -d %s.gp\n"
                "reset session\n"
                "set encoding utf8\n"
                "set terminal svg size %u,%u dynamic noenhanced font 'sans-serif,17' "
                "background '#ffffff'\n"
                "set output '%s.svg'\n"
                "set border 3 lc rgb '#9aa3af'\n"
                "set tics nomirror out scale 0.5 textcolor rgb '#374151'\n"
                "set grid ytics lt 1 lw 0.6 lc rgb '#dfe3e8'\n"
                "set title textcolor rgb '#111827' offset 0,-0.5\nset tmargin 1.9\n"
                "set xlabel textcolor rgb '#374151' offset 0,0.6\n"
                "set ylabel textcolor rgb '#374151' offset 0.6,0\n"
                "set key textcolor rgb '#374151' Left reverse samplen 1.4 spacing 1.1\n",
                plot->name, plot->name, plot->name, plot->width, plot->height, plot->name);
}

struct plot *plot_begin(struct plot_list *list, enum plot_kind kind, uint32_t subject,
                        uint32_t height)
{
    if (list->count == list->room) {
        list->room = list->room == 0 ? 32 : 2 * list->room;
        list->plots = check_realloc(list->plots, list->room * sizeof *list->plots);
    }
    struct plot *plot = &list->plots[list->count++];
    *plot = (struct plot){.kind = kind, .subject = subject, .width = WIDTH, .height = height};
    snprintf(plot->name, sizeof plot->name, "%s-%u", kind_names[kind], subject + 1);
    add_prelude(plot);
    return plot;
}

const struct plot *plot_find(const struct plot_list *list, enum plot_kind kind, uint32_t subject)
{
    for (uint32_t i = 0; i < list->count; i++) {
        const struct plot *plot = &list->plots[i];
        if (plot->kind == kind && plot->subject == subject && plot->svg.length > 0) {
            return plot;
        }
    }
    return NULL;
}

// ---- running programs --------------------------------------------------------------------------

static int await(pid_t child, uint32_t timeout_s)
{
    struct timespec begin, now;
    const struct timespec step = {0, WAIT_STEP_NS};
    clock_gettime(CLOCK_MONOTONIC, &begin);
    for (;;) {
        int status;
        const pid_t ended = waitpid(child, &status, WNOHANG);
        if (ended == child) {
            return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
        }
        if (ended < 0 && errno != EINTR) {
            return -1;
        }
        clock_gettime(CLOCK_MONOTONIC, &now);
        if (now.tv_sec - begin.tv_sec > (time_t)timeout_s) {
            kill(child, SIGKILL);
            waitpid(child, &status, 0);
            return -2;
        }
        nanosleep(&step, NULL);
    }
}

int plot_spawn(const char *const *arguments, const char *directory, uint32_t timeout_s)
{
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addchdir_np(&actions, directory);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    char **copies; // posix_spawn takes the words as changeable and does not change them
    memcpy(&copies, &arguments, sizeof copies);
    pid_t child;
    const int failed = posix_spawnp(&child, arguments[0], &actions, NULL, copies, environ);
    posix_spawn_file_actions_destroy(&actions);
    return failed != 0 ? -1 : await(child, timeout_s);
}

// ---- drawing -----------------------------------------------------------------------------------

static void set_path(struct text *path, const char *directory, const struct plot *plot,
                     const char *suffix)
{
    text_clear(path);
    text_format(path, "%s/%s.%s", directory, plot->name, suffix);
}

static bool write_parts(const struct plot_list *list, const char *directory, struct text *why)
{
    bool good = true;
    struct text path;
    text_init(&path);
    for (uint32_t i = 0; good && i < list->count; i++) {
        const struct plot *plot = &list->plots[i];
        set_path(&path, directory, plot, "svg");
        unlink(text_get(&path)); // an older picture does not pass for the new one
        set_path(&path, directory, plot, "gp");
        good =
            file_write_atomic(text_get(&path), text_get(&plot->script), plot->script.length, why);
        set_path(&path, directory, plot, "dat");
        good = good &&
               file_write_atomic(text_get(&path), text_get(&plot->data), plot->data.length, why);
    }
    text_release(&path);
    return good;
}

static int run_batch(const struct plot_list *list, uint32_t first, uint32_t end,
                     const char *directory)
{
    char names[BATCH][PLOT_NAME_ROOM + 4];
    const char *arguments[BATCH + 3] = {"gnuplot", "-d"};
    for (uint32_t i = first; i < end; i++) {
        snprintf(names[i - first], sizeof names[0], "%s.gp", list->plots[i].name);
        arguments[2 + i - first] = names[i - first];
    }
    return plot_spawn(arguments, directory, TIMEOUT_S);
}

static bool read_picture(struct plot *plot, const char *directory)
{
    struct text path, why;
    text_init(&path);
    text_init(&why);
    set_path(&path, directory, plot, "svg");
    bool good = file_read(text_get(&path), &plot->svg, &why);
    good = good && plot->svg.length > 16 && strstr(text_get(&plot->svg), "</svg>") != NULL;
    if (!good) {
        text_clear(&plot->svg);
    }
    text_release(&path);
    text_release(&why);
    return good;
}

bool plot_draw(struct plot_list *list, const char *directory, struct text *why)
{
    if (!write_parts(list, directory, why)) {
        return false;
    }
    int status = 0;
    for (uint32_t first = 0; status >= 0 && first < list->count; first += BATCH) {
        const uint32_t end = list->count - first < BATCH ? list->count : first + BATCH;
        status = run_batch(list, first, end, directory);
    }
    uint32_t drawn = 0;
    for (uint32_t i = 0; i < list->count; i++) {
        bool good = read_picture(&list->plots[i], directory);
        if (!good && status > 0) { // it stopped at one of them: the others by themselves
            run_batch(list, i, i + 1, directory);
            good = read_picture(&list->plots[i], directory);
        }
        drawn += good;
    }
    if (drawn < list->count) {
        text_clear(why);
        text_format(why,
                    status == -1 || status == 127
                        ? "gnuplot was not found: %u plots are missing, tables stand in for them; "
                          "install gnuplot-nox"
                        : "gnuplot did not draw %u plots; tables stand in for them",
                    list->count - drawn);
    }
    return drawn == list->count;
}

void plot_remove(const struct plot_list *list, const char *directory)
{
    static const char *const suffixes[] = {"gp", "dat", "svg"};
    struct text path;
    text_init(&path);
    for (uint32_t i = 0; i < list->count; i++) {
        for (uint32_t s = 0; s < 3; s++) {
            set_path(&path, directory, &list->plots[i], suffixes[s]);
            unlink(text_get(&path));
        }
    }
    text_release(&path);
}
