// open_result - finds results.h5 and reads it.
#include "sim/cli/open_result.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "sim/study/archive.h"

static bool is_file(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISREG(status.st_mode);
}

void open_result_directory(const char *where, struct text *directory)
{
    const char *path = where == NULL ? "runs/latest" : where;
    const char *slash = strrchr(path, '/');
    text_clear(directory);
    if (!is_file(path)) {
        text_add(directory, path);
    } else if (slash == NULL) {
        text_add(directory, ".");
    } else {
        text_add_part(directory, path, slash == path ? 1 : (size_t)(slash - path));
    }
}

void open_result_path(const char *where, struct text *path)
{
    text_clear(path);
    if (where != NULL && is_file(where)) {
        text_add(path, where);
    } else {
        open_result_directory(where, path);
        text_add(path, "/results.h5");
    }
}

int open_result(const char *where, struct result *result)
{
    struct text path, why;
    text_init(&path);
    text_init(&why);
    result_init(result);
    open_result_path(where, &path);
    const enum archive_end end = archive_read(text_get(&path), result, &why);
    if (end != ARCHIVE_DONE) {
        fprintf(stderr, "orrery: %s\n", text_get(&why));
    }
    text_release(&path);
    text_release(&why);
    switch (end) {
    case ARCHIVE_DONE:
        return CLI_DONE;
    case ARCHIVE_UNREADABLE:
        return CLI_BROKEN;
    case ARCHIVE_REFUSED:
        return CLI_WRONG;
    }
    return CLI_BROKEN;
}
