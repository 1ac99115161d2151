// doctor - the probes.
#include "sim/cli/doctor.h"

#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sim/base/digest.h"
#include "sim/base/file.h"
#include "sim/kernel/distribution.h"
#include "sim/kernel/estimate.h"
#include "sim/kernel/math.h"
#include "sim/kernel/random.h"
#include "sim/study/archive.h"

extern char **environ;

// Digest of doctor_numbers, found once and for all.
#define NUMBERS_DIGEST "61b9105ac35af1818d98452f28163a3f"

enum { DRAWS = 4096, TOOL_TEXT = 160 };

// ---- tools -------------------------------------------------------------------------------------

// The first line that a tool prints; false if it cannot be started or fails.
static bool ask_tool(const char *const *argv, struct text *answer)
{
    int ends[2];
    if (pipe(ends) != 0) {
        return false;
    }
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addclose(&actions, ends[0]);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO);
    pid_t child = 0;
    const int error =
        posix_spawnp(&child, argv[0], &actions, NULL, (char *const *)(uintptr_t)argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    char line[TOOL_TEXT] = "";
    const ssize_t got = error == 0 ? read(ends[0], line, sizeof line - 1) : 0;
    line[got > 0 ? got : 0] = '\0';
    line[strcspn(line, "\n")] = '\0';
    close(ends[0]);
    int status = 1;
    if (error == 0) {
        waitpid(child, &status, 0);
        text_add(answer, line);
    }
    return error == 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static enum doctor_state probe_tool(const char *const *argv, struct text *finding)
{
    if (ask_tool(argv, finding)) {
        return DOCTOR_GOOD;
    }
    text_clear(finding);
    text_add(finding, "not found");
    return DOCTOR_MISSING;
}

static enum doctor_state probe_gnuplot(struct text *finding)
{
    static const char *const argv[] = {"gnuplot", "--version", NULL};
    return probe_tool(argv, finding);
}

static enum doctor_state probe_graphviz(struct text *finding)
{
    static const char *const argv[] = {"dot", "-V", NULL};
    return probe_tool(argv, finding);
}

// ---- files -------------------------------------------------------------------------------------

// Writes and reads an empty result where temporary files go.
static enum doctor_state probe_archive(struct text *finding)
{
    char path[] = P_tmpdir "/orrery_doctor_XXXXXX";
    const int file = mkstemp(path);
    if (file < 0) {
        text_format(finding, "cannot write in %s: %s", P_tmpdir, strerror(errno));
        return DOCTOR_WRONG;
    }
    close(file);
    struct result written, read;
    result_init(&written);
    result_init(&read);
    const bool good = archive_write(&written, path, finding) &&
                      archive_read(path, &read, finding) == ARCHIVE_DONE;
    result_release(&written);
    result_release(&read);
    unlink(path);
    if (good) {
        text_add(finding, "results.h5 is written and read back");
    }
    return good ? DOCTOR_GOOD : DOCTOR_WRONG;
}

static enum doctor_state probe_directory(struct text *finding)
{
    const bool good = access(".", W_OK) == 0;
    text_add(finding, good ? "runs/ can be made here" : "this directory cannot be written: use -o");
    return good ? DOCTOR_GOOD : DOCTOR_MISSING;
}

// ---- numbers -----------------------------------------------------------------------------------

static void add_draws(struct text *bytes, struct distribution law, struct random_stream *stream)
{
    for (uint32_t i = 0; i < DRAWS; i++) {
        const int64_t draw = distribution_draw(&law, stream);
        text_add_part(bytes, (const char *)&draw, sizeof draw);
    }
}

static void add_functions(struct text *bytes)
{
    for (uint32_t i = 1; i < DRAWS; i++) {
        const double x = (double)i / 64.0;
        const double values[] = {math_log(x), math_exp(-x), math_pow(x, 1.7), math_erf(x / 16.0),
                                 estimate_student(0.975, (double)i)};
        text_add_part(bytes, (const char *)values, sizeof values);
    }
}

void doctor_numbers(struct text *hex)
{
    struct text bytes;
    struct random_stream stream;
    struct distribution_pair pair;
    text_init(&bytes);
    random_stream_init(&stream, 42, text_hash("doctor"));
    add_draws(&bytes, distribution_exponential(1e6), &stream);
    add_draws(&bytes, distribution_erlang(3, 1e6), &stream);
    add_draws(&bytes, distribution_gamma_cv(1e6, 0.8), &stream);
    add_draws(&bytes, distribution_lognormal_p99(1e6, 9e6), &stream);
    add_draws(&bytes, distribution_hyperexponential(1e6, 2.0, &pair), &stream);
    add_functions(&bytes);
    char digest[DIGEST_ROOM];
    text_clear(hex);
    text_add(hex, digest_of(bytes.bytes, bytes.length, digest));
    text_release(&bytes);
}

static enum doctor_state probe_numbers(struct text *finding)
{
    doctor_numbers(finding);
    if (strcmp(text_get(finding), NUMBERS_DIGEST) == 0) {
        return DOCTOR_GOOD;
    }
    text_format(finding, " instead of %s: results here differ from those elsewhere",
                NUMBERS_DIGEST);
    return DOCTOR_WRONG;
}

const struct doctor_probe doctor_probes[] = {
    {"numbers", "the same bytes on every machine", probe_numbers},
    {"hdf5", "results.h5", probe_archive},
    {"directory", "where results go", probe_directory},
    {"gnuplot", "plots of the report; tables without it", probe_gnuplot},
    {"graphviz", "the picture of the topology", probe_graphviz},
    {0},
};
