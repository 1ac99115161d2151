// archive - lays a result out in an HDF5 file and seals it; checks the seal and reads it back.
#include "sim/study/archive.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sim/base/digest.h"
#include "sim/base/file.h"
#include "sim/study/archive_extra.h"
#include "sim/study/archive_h5.h"
#include "sim/study/archive_rows.h"
#include "sim/study/archive_series.h"

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

static void lay_out(struct archive *archive, struct result *result)
{
    archive_rows_scalars(archive, result);
    archive_rows_tables(archive, result);
    archive_series_ragged(archive, result);
    archive_series_bins(archive, result);
    if (!archive->failed) {
        archive_series_histograms(archive, result);
    }
}

// HDF5 lays the file out in memory and writes it once, under a name of its own.
static bool write_unsealed(const struct result *result, const char *path, struct text *why)
{
    struct result copy = *result; // reading and writing share their walk, which may store pointers
    struct archive archive = {.writing = true, .why = why, .arena = &copy.arena};
    archive_h5_begin(&archive, path);
    if (!archive.failed) {
        archive_extra_scales(&archive, result);
        lay_out(&archive, &copy);
        archive_extra_tables(&archive, result);
    }
    return archive_h5_end(&archive);
}

bool archive_write(const struct result *result, const char *path, struct text *why)
{
    struct text bytes, unsealed;
    text_init(&bytes);
    text_init(&unsealed);
    file_temporary(path, &unsealed);
    const char *name = text_get(&unsealed);
    bool good = write_unsealed(result, name, why) && file_read(name, &bytes, why);
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

static enum archive_end read_image(const struct text *file, const char *path, struct result *result,
                                   struct text *why)
{
    struct archive archive = {.file = -1, .why = why, .arena = &result->arena};
    archive_h5_open(&archive, file->bytes, file->length - SEAL_BYTES);
    if (!archive.failed) {
        check_convention(&archive);
    }
    if (!archive.failed) {
        lay_out(&archive, result);
    }
    archive_h5_end(&archive);
    if (!archive.failed && !archive_rows_sound(result)) {
        archive_h5_fail(&archive, "a number leads out of its table in", path);
    }
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

enum archive_end archive_read(const char *path, struct result *result, struct text *why)
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
        end = read_image(&file, path, result, why);
    }
    if (end == ARCHIVE_REFUSED) {
        result_release(result);
        result_init(result);
    }
    text_release(&file);
    return end;
}
