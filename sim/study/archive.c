// archive - lays a result out in an HDF5 file, and reads it back.
#include "sim/study/archive.h"

#include "sim/study/archive_extra.h"
#include "sim/study/archive_file.h"
#include "sim/study/archive_rows.h"
#include "sim/study/archive_series.h"

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

static void write_all(struct archive *archive, void *context)
{
    struct result *result = context;
    archive_extra_scales(archive, result);
    lay_out(archive, result);
    archive_extra_tables(archive, result);
}

bool archive_write(const struct result *result, const char *path, struct text *why)
{
    struct result copy = *result; // reading and writing share their walk, which may store pointers
    const struct archive_content content = {write_all, &copy, &copy.arena};
    return archive_file_write(&content, path, why);
}

static void read_all(struct archive *archive, void *context)
{
    struct result *result = context;
    if (archive_h5_has(archive, "/campaign")) {
        archive_h5_fail(archive, "it holds the points of a sweep, not a run; see", "orrery report");
        return;
    }
    lay_out(archive, result);
    if (!archive->failed && !archive_rows_sound(result)) {
        archive_h5_fail(archive, "a number leads out of its table in", "/report");
    }
}

enum archive_end archive_read(const char *path, struct result *result, struct text *why)
{
    const struct archive_content content = {read_all, result, &result->arena};
    const enum archive_end end = archive_file_read(&content, path, why);
    if (end == ARCHIVE_REFUSED) {
        result_release(result);
        result_init(result);
    }
    return end;
}
