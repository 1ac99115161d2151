// program - starts the program under test.
#include "tests/cli/program.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sim/base/file.h"

enum { MOST_ARGUMENTS = 32 };

void program_init(struct program *program)
{
    *program = (struct program){0};
    snprintf(program->place, sizeof program->place, "%s/orrery_cli_XXXXXX", P_tmpdir);
    cr_assert_not_null(mkdtemp(program->place));
    text_init(&program->out);
    text_init(&program->err);
}

void program_release(struct program *program)
{
    text_release(&program->out);
    text_release(&program->err);
}

static void path_of(const struct program *program, const char *name, struct text *path)
{
    text_init(path);
    text_format(path, "%s/%s", program->place, name);
}

void program_write(struct program *program, const char *name, const char *content)
{
    struct text path, why;
    path_of(program, name, &path);
    text_init(&why);
    cr_assert(file_write_atomic(text_get(&path), content, strlen(content), &why));
    text_release(&path);
    text_release(&why);
}

bool program_read(struct program *program, const char *name, struct text *content)
{
    struct text path, why;
    path_of(program, name, &path);
    text_init(&why);
    const bool good = file_read(text_get(&path), content, &why);
    text_release(&path);
    text_release(&why);
    return good;
}

static void redirect(const char *name, int to)
{
    const int file = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    dup2(file, to);
    close(file);
}

// In the child, until it is the program.
static void become(const struct program *program, const char *const *arguments)
{
    const char *path = getenv("ORRERY");
    char *argv[MOST_ARGUMENTS] = {(char *)(uintptr_t) "orrery"};
    for (int i = 0; arguments[i] != NULL && i + 2 < MOST_ARGUMENTS; i++) {
        argv[i + 1] = (char *)(uintptr_t)arguments[i];
    }
    if (path == NULL || chdir(program->place) != 0) {
        _exit(99);
    }
    redirect(".out", STDOUT_FILENO);
    redirect(".err", STDERR_FILENO);
    if (program->file_limit > 0) {
        const struct sigaction ignore = {.sa_handler = SIG_IGN};
        const struct rlimit limit = {(rlim_t)program->file_limit, (rlim_t)program->file_limit};
        sigaction(SIGXFSZ, &ignore, NULL);
        setrlimit(RLIMIT_FSIZE, &limit);
    }
    execv(path, argv);
    _exit(98);
}

// True: it ended by itself before there was what it is interrupted at.
static bool interrupt(const struct program *program, pid_t child, int *status)
{
    struct text path;
    path_of(program, program->interrupt_when, &path);
    bool ended = false;
    while (!ended && access(text_get(&path), F_OK) != 0) {
        ended = waitpid(child, status, WNOHANG) == child;
        usleep(1000);
    }
    if (!ended) {
        kill(child, SIGINT);
    }
    text_release(&path);
    return ended;
}

int program_run(struct program *program, const char *const *arguments)
{
    const pid_t child = fork();
    if (child == 0) {
        become(program, arguments);
    }
    int status = 0;
    if (program->interrupt_when == NULL || !interrupt(program, child, &status)) {
        waitpid(child, &status, 0);
    }
    program->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    cr_assert(program_read(program, ".out", &program->out));
    cr_assert(program_read(program, ".err", &program->err));
    return program->status;
}
