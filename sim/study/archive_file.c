// archive_file - seals the bytes of an archive, and checks the seal.
#include "sim/study/archive_file.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sim/base/digest.h"
#include "sim/base/file.h"

// The last 64 bytes: "\norrery-results-1 <size before, 20 digits> <XXH3-64, 16 digits>    \n".
enum { SEAL_BYTES = 64, SEAL_SEED = 1 };

static void make_seal(char seal[SEAL_BYTES + 1], const char *bytes, size_t size)
{
    const uint64_t digest = digest_bytes(bytes, size, SEAL_SEED);
    const int length =
        snprintf(seal, SEAL_BYTES + 1, "\norrery-results-1 %020zu %016" PRIx64, size, digest);
    memset(seal + length, ' ', SEAL_BYTES - (size_t)length);
    seal[SEAL_BYTES - 1] = '\n';
    seal[SEAL_BYTES] = '\0';
}

// HDF5 lays the file out in memory and writes it once, under a name of its own.
static bool write_unsealed(const struct archive_content *content, const char *path,
                           struct text *why)
{
    struct archive archive = {.writing = true, .why = why, .arena = content->arena};
    archive_h5_begin(&archive, path);
    if (!archive.failed) {
        content->lay_out(&archive, content->context);
    }
    return archive_h5_end(&archive);
}

bool archive_file_write(const struct archive_content *content, const char *path, struct text *why)
{
    struct text bytes, unsealed;
    text_init(&bytes);
    text_init(&unsealed);
    file_temporary(path, &unsealed);
    const char *name = text_get(&unsealed);
    bool good = write_unsealed(content, name, why) && file_read(name, &bytes, why);
    unlink(name);
    if (good) {
        char seal[SEAL_BYTES + 1];
        make_seal(seal, text_get(&bytes), bytes.length);
        text_add_part(&bytes, seal, SEAL_BYTES);
        good = file_write_atomic(path, text_get(&bytes), bytes.length, why);
    }
    text_release(&bytes);
    text_release(&unsealed);
    return good;
}

// ---- reading -----------------------------------------------------------------------------------

static enum archive_end refuse(struct text *why, const char *path, const char *reason)
{
    text_clear(why);
    text_format(why, "`%s` %s", path, reason);
    return ARCHIVE_REFUSED;
}

static enum archive_end check_seal(const struct text *file, const char *path, struct text *why)
{
    static const char signature[] = "\x89HDF\r\n\x1a\n";
    if (file->length < SEAL_BYTES || memcmp(file->bytes, signature, sizeof signature - 1) != 0) {
        return refuse(why, path, "is not a results file: it is not HDF5");
    }
    const char *found = file->bytes + (file->length - SEAL_BYTES);
    char seal[SEAL_BYTES + 1];
    make_seal(seal, file->bytes, file->length - SEAL_BYTES);
    const char *mark = strchr(seal, ' ');
    if (memcmp(found, seal, (size_t)(mark - seal)) != 0) {
        return refuse(why, path,
                      "is cut off, or was not written by orrery: it does not end in the seal of "
                      "orrery-results-1; run the scenario again");
    }
    if (memcmp(found, seal, SEAL_BYTES) != 0) {
        return refuse(why, path,
                      "was changed after orrery wrote it: its digest differs; run the scenario "
                      "again");
    }
    return ARCHIVE_DONE;
}

static void check_convention(struct archive *archive)
{
    const char *convention = "";
    archive_h5_attribute(archive, "Conventions", ARCHIVE_TEXT, &convention);
    if (!archive->failed && strncmp(convention, "orrery-results-1.", 17) != 0) {
        archive_h5_fail(archive, "the schema is unknown:", convention);
    }
}

static enum archive_end read_image(const struct archive_content *content, const struct text *file,
                                   const char *path, struct text *why)
{
    struct archive archive = {.file = -1, .why = why, .arena = content->arena};
    archive_h5_open(&archive, file->bytes, file->length - SEAL_BYTES);
    if (!archive.failed) {
        check_convention(&archive);
    }
    if (!archive.failed) {
        content->lay_out(&archive, content->context);
    }
    archive_h5_end(&archive);
    if (archive.failed) {
        struct text reason;
        text_init(&reason);
        text_format(&reason, "cannot be read as orrery-results-1: %s", text_get(why));
        refuse(why, path, text_get(&reason));
        text_release(&reason);
        return ARCHIVE_REFUSED;
    }
    return ARCHIVE_DONE;
}

enum archive_end archive_file_read(const struct archive_content *content, const char *path,
                                   struct text *why)
{
    struct stat status;
    if (stat(path, &status) == 0 && !S_ISREG(status.st_mode)) {
        return refuse(why, path, "is not a file");
    }
    struct text file;
    text_init(&file);
    enum archive_end end = ARCHIVE_UNREADABLE;
    if (file_read(path, &file, why)) {
        end = check_seal(&file, path, why);
    }
    if (end == ARCHIVE_DONE) {
        end = read_image(content, &file, path, why);
    }
    text_release(&file);
    return end;
}
