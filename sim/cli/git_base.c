// git_base - asks git for a revision and lays its tree out.
#include "sim/cli/git_base.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sim/base/file.h"

extern char **environ;

enum { HANDLES = 16, NOT_STARTED = -1 };

static const char prefix[] = "git:";

struct asking { // of one name
    struct git_base *base;
    struct text revision, file, answer;
    struct text *why;
};

bool git_base_is(const char *name)
{
    return strncmp(name, prefix, sizeof prefix - 1) == 0;
}

// ---- git
// -----------------------------------------------------------------------------------------

static int await(pid_t child)
{
    int status;
    pid_t ended;
    do {
        ended = waitpid(child, &status, 0);
    } while (ended < 0 && errno == EINTR);
    return ended == child && WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

// Runs a program, its standard output into a file; its exit status, or NOT_STARTED.
static int spawn(const char *const *words, const char *output)
{
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, output, O_WRONLY | O_CREAT | O_TRUNC,
                                     0600);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    char **copies; // posix_spawn takes the words as changeable and does not change them
    memcpy(&copies, &words, sizeof copies);
    pid_t child;
    const int failed = posix_spawnp(&child, words[0], &actions, NULL, copies, environ);
    posix_spawn_file_actions_destroy(&actions);
    return failed != 0 ? NOT_STARTED : await(child);
}

// The exit status of git; its answer without the last line's end.
static int ask(struct asking *asking, const char *const *words)
{
    struct text path;
    text_init(&path);
    text_format(&path, "%s/answer", text_get(&asking->base->directory));
    const int status = spawn(words, text_get(&path));
    text_clear(&asking->answer);
    if (status == 0 && file_read(text_get(&path), &asking->answer, asking->why)) {
        struct text line;
        text_init(&line);
        text_add_part(&line, text_get(&asking->answer),
                      strcspn(text_get(&asking->answer), "\n"));
        text_clear(&asking->answer);
        text_add(&asking->answer, text_get(&line));
        text_release(&line);
    }
    text_release(&path);
    return status;
}

// ---- the tree
// ------------------------------------------------------------------------------------

static enum git_base_end refuse(struct asking *asking, const char *format)
{
    text_clear(asking->why);
    text_format(asking->why, "`git:%s:%s`: ", text_get(&asking->revision),
                text_get(&asking->file));
    text_add(asking->why, format);
    return GIT_BASE_WRONG;
}

// The top of the working tree; the path from there to the working folder.
static enum git_base_end find_repository(struct asking *asking, struct text *top,
                                         struct text *inside)
{
    const int status =
        ask(asking, (const char *const[]){"git", "rev-parse", "--show-toplevel", NULL});
    if (status == NOT_STARTED || status == 127) {
        refuse(asking, "git was not found; install git, or give a file");
        return GIT_BASE_BROKEN;
    }
    if (status != 0) {
        return refuse(asking, "the working folder lies in no working tree of git");
    }
    text_add(top, text_get(&asking->answer));
    if (ask(asking, (const char *const[]){"git", "rev-parse", "--show-prefix", NULL}) != 0) {
        return refuse(asking, "git does not say where the working folder lies");
    }
    text_add(inside, text_get(&asking->answer));
    return GIT_BASE_DONE;
}

// The commit's hash, once the file is known to be in it.
static enum git_base_end find_commit(struct asking *asking, struct text *commit)
{
    struct text object;
    text_init(&object);
    text_format(&object, "%s^{commit}", text_get(&asking->revision));
    int status = ask(asking, (const char *const[]){"git", "rev-parse", "--verify", "--quiet",
                                                   "--end-of-options", text_get(&object), NULL});
    enum git_base_end end = GIT_BASE_DONE;
    if (status != 0 || asking->answer.length == 0) {
        end = refuse(asking, "git knows no such revision; `git log --oneline` names some");
    } else {
        text_add(commit, text_get(&asking->answer));
        text_clear(&object);
        text_format(&object, "%s:./%s", text_get(commit), text_get(&asking->file));
        status =
            ask(asking, (const char *const[]){"git", "cat-file", "-e", text_get(&object), NULL});
        if (status != 0) {
            end = refuse(asking, "the revision has no such file; the path is meant from the "
                                 "working folder");
        }
    }
    text_release(&object);
    return end;
}

// An index of our own, and every file of it below DIRECTORY/tree.
static enum git_base_end lay_out(struct asking *asking, const char *top, const char *commit)
{
    struct text index, tree;
    text_init(&index);
    text_init(&tree);
    text_format(&index, "GIT_INDEX_FILE=%s/index", text_get(&asking->base->directory));
    text_format(&tree, "--prefix=%s/tree/", text_get(&asking->base->directory));
    const char *const read[] = {"env", text_get(&index), "git", "-C", top, "read-tree", commit,
                                NULL};
    const char *const write[] = {"env", text_get(&index),   "git",   "-C",
                                 top,   "checkout-index", "--all", text_get(&tree), NULL};
    const bool good = ask(asking, read) == 0 && ask(asking, write) == 0;
    text_release(&index);
    text_release(&tree);
    if (!good) {
        refuse(asking, "git cannot lay out the files of the revision (is the disk full?)");
    }
    return good ? GIT_BASE_DONE : GIT_BASE_BROKEN;
}

static enum git_base_end take(struct asking *asking)
{
    struct text top, inside, commit, folder;
    text_init(&top);
    text_init(&inside);
    text_init(&commit);
    text_init(&folder);
    enum git_base_end end = find_repository(asking, &top, &inside);
    end = end != GIT_BASE_DONE ? end : find_commit(asking, &commit);
    end = end != GIT_BASE_DONE ? end : lay_out(asking, text_get(&top), text_get(&commit));
    if (end == GIT_BASE_DONE) {
        text_format(&asking->base->tree, "%s/tree/", text_get(&asking->base->directory));
        text_format(&folder, "%s%s", text_get(&asking->base->tree), text_get(&inside));
        text_format(&asking->base->path, "%s%s", text_get(&folder), text_get(&asking->file));
        end = file_make_directory(text_get(&folder), asking->why) ? end : GIT_BASE_BROKEN;
    }
    text_release(&top);
    text_release(&inside);
    text_release(&commit);
    text_release(&folder);
    return end;
}

// ---- a name
// --------------------------------------------------------------------------------------

static enum git_base_end make_directory(struct asking *asking)
{
    const char *place = getenv("TMPDIR");
    struct text *directory = &asking->base->directory;
    text_format(directory, "%s/orrery-git-XXXXXX", place == NULL ? P_tmpdir : place);
    if (mkdtemp(directory->bytes) == NULL) {
        refuse(asking, "a temporary directory cannot be made");
        text_clear(directory);
        return GIT_BASE_BROKEN;
    }
    return GIT_BASE_DONE;
}

enum git_base_end git_base_take(struct git_base *base, const char *name, struct text *why)
{
    struct asking asking = {.base = base, .why = why};
    const char *revision = name + sizeof prefix - 1;
    const char *colon = strrchr(revision, ':');
    text_init(&base->directory);
    text_init(&base->path);
    text_init(&base->tree);
    if (colon == NULL || colon == revision || colon[1] == '\0' || colon[1] == '/') {
        text_clear(why);
        text_format(why, "`%s` is no git:REVISION:FILE with a path from the working folder", name);
        return GIT_BASE_WRONG;
    }
    text_init(&asking.revision);
    text_init(&asking.file);
    text_init(&asking.answer);
    text_add_part(&asking.revision, revision, (size_t)(colon - revision));
    text_add(&asking.file, colon + 1);
    enum git_base_end end = make_directory(&asking);
    end = end != GIT_BASE_DONE ? end : take(&asking);
    text_release(&asking.revision);
    text_release(&asking.file);
    text_release(&asking.answer);
    return end;
}

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *walk)
{
    (void)status;
    (void)kind;
    (void)walk;
    return remove(path) == 0 ? 0 : 1;
}

void git_base_release(struct git_base *base)
{
    if (base->directory.length > 0) {
        nftw(text_get(&base->directory), remove_entry, HANDLES, FTW_DEPTH | FTW_PHYS);
    }
    text_release(&base->directory);
    text_release(&base->path);
    text_release(&base->tree);
}

void git_base_name(const struct git_base *base, const char *name, const char *path,
                   struct text *out)
{
    const char *tree = text_get(&base->tree);
    if (base->tree.length == 0 || strncmp(path, tree, base->tree.length) != 0) {
        text_add(out, path);
        return;
    }
    text_add_part(out, name, (size_t)(strrchr(name, ':') + 1 - name));
    text_add(out, path + base->tree.length);
}
