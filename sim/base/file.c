// file - writing by temporary name, sync and rename; reading whole files.
#include "sim/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { HOST_ROOM = 65 }; // HOST_NAME_MAX and a zero byte

static bool fail(struct text *why, const char *what, const char *path)
{
    text_clear(why);
    text_format(why, "cannot %s `%s`: %s", what, path, strerror(errno));
    return false;
}

static bool write_all(int file, const char *bytes, size_t length)
{
    while (length > 0) {
        const ssize_t written = write(file, bytes, length);
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written <= 0) {
            return false;
        }
        bytes += written;
        length -= (size_t)written;
    }
    return true;
}

// Syncs the directory that holds `path`, so that the new name survives. Not every file system can.
static void sync_directory_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    struct text directory;
    text_init(&directory);
    if (slash == NULL) {
        text_add(&directory, ".");
    } else {
        text_add_part(&directory, path, (size_t)(slash - path) + 1);
    }
    const int file = open(text_get(&directory), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (file >= 0) {
        fsync(file);
        close(file);
    }
    text_release(&directory);
}

static bool rename_to(const char *temporary, const char *path, struct text *why)
{
    if (rename(temporary, path) != 0) {
        fail(why, "write", path);
        unlink(temporary);
        return false;
    }
    return true;
}

static bool rename_into_place(const char *temporary, const char *path, struct text *why)
{
    if (!rename_to(temporary, path, why)) {
        return false;
    }
    sync_directory_of(path);
    return true;
}

void file_temporary(const char *path, struct text *name)
{
    char host[HOST_ROOM] = "";
    gethostname(host, sizeof host - 1);
    text_clear(name);
    text_format(name, "%s.%s-%ld.tmp", path, host, (long)getpid());
}

static bool write_temporary(const char *temporary, const char *bytes, size_t length, bool synced)
{
    const int file = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (file < 0) {
        return false;
    }
    const bool written = write_all(file, bytes, length) && (!synced || fsync(file) == 0);
    const int error = errno;
    const bool closed = close(file) == 0;
    if (!written) {
        errno = error;
    }
    return written && closed;
}

struct content {
    const char *bytes;
    size_t length;
};

static bool write_whole(const char *path, struct content content, bool synced, struct text *why)
{
    struct text temporary;
    text_init(&temporary);
    file_temporary(path, &temporary);
    const char *name = text_get(&temporary);
    bool good = write_temporary(name, content.bytes, content.length, synced);
    if (good) {
        good = synced ? rename_into_place(name, path, why) : rename_to(name, path, why);
    } else {
        fail(why, "write", path);
        unlink(name);
    }
    text_release(&temporary);
    return good;
}
bool file_write_atomic(const char *path, const void *bytes, size_t length, struct text *why)
{
    return write_whole(path, (struct content){bytes, length}, true, why);
}

bool file_write_soon(const char *path, const void *bytes, size_t length, struct text *why)
{
    return write_whole(path, (struct content){bytes, length}, false, why);
}

bool file_commit(const char *temporary, const char *path, struct text *why)
{
    const int file = open(temporary, O_RDONLY | O_CLOEXEC);
    const bool synced = file >= 0 && fsync(file) == 0;
    if (file >= 0) {
        close(file);
    }
    if (!synced) {
        fail(why, "write", path);
        unlink(temporary);
        return false;
    }
    return rename_into_place(temporary, path, why);
}

bool file_read(const char *path, struct text *into, struct text *why)
{
    text_clear(into);
    const int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) {
        return fail(why, "read", path);
    }
    char part[65536];
    ssize_t got = 0;
    do {
        got = read(file, part, sizeof part);
        if (got > 0) {
            text_add_part(into, part, (size_t)got);
        }
    } while (got > 0 || (got < 0 && errno == EINTR));
    if (got < 0) {
        fail(why, "read", path);
    }
    close(file);
    return got == 0;
}

static bool is_directory(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

bool file_make_directory(const char *path, struct text *why)
{
    struct text part;
    text_init(&part);
    bool good = true;
    for (size_t i = 0; good && path[i] != '\0'; i++) {
        text_add_char(&part, path[i]);
        if (path[i + 1] != '\0' && path[i + 1] != '/') {
            continue;
        }
        const char *name = text_get(&part);
        if (mkdir(name, 0777) != 0 && !is_directory(name)) {
            good = fail(why, "make the directory", name);
        }
    }
    text_release(&part);
    return good;
}

bool file_link(const char *target, const char *path, struct text *why)
{
    struct stat status;
    if (lstat(path, &status) == 0 && !S_ISLNK(status.st_mode)) {
        errno = EEXIST;
        return fail(why, "link", path);
    }
    struct text temporary;
    text_init(&temporary);
    file_temporary(path, &temporary);
    unlink(text_get(&temporary));
    bool good = symlink(target, text_get(&temporary)) == 0;
    good = good ? rename_into_place(text_get(&temporary), path, why) : fail(why, "link", path);
    text_release(&temporary);
    return good;
}

bool file_exists(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0;
}
