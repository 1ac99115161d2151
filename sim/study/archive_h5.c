// archive_h5 - the file in memory, its property lists, arrays and attributes.
#include "sim/study/archive_h5.h"

#include <assert.h>
#include <errno.h>
#include <hdf5.h>
#include <hdf5_hl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/check.h"
#include "sim/study/archive_type.h"

static_assert(sizeof(hid_t) == sizeof(int64_t), "a handle of HDF5 has 64 bits");

enum { CORE_STEP = 1 << 20, CHUNK_MOST = 1 << 20, DEFLATE_LEVEL = 4 };

void archive_h5_fail(struct archive *archive, const char *what, const char *path)
{
    if (!archive->failed) {
        archive->failed = true;
        text_clear(archive->why);
        text_format(archive->why, "%s `%s`", what, path);
    }
}

// ---- the file ----------------------------------------------------------------------------------

// Times are off everywhere and links keep their order: the same result makes the same bytes.
static hid_t group_properties(hid_t class)
{
    const hid_t list = H5Pcreate(class);
    H5Pset_obj_track_times(list, 0);
    H5Pset_link_creation_order(list, H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED);
    return list;
}

static hid_t access_properties(bool store)
{
    const hid_t list = H5Pcreate(H5P_FILE_ACCESS);
    H5Pset_fapl_core(list, CORE_STEP, store);
    H5Pset_libver_bounds(list, H5F_LIBVER_V18, H5F_LIBVER_V110);
    H5Pset_fclose_degree(list, H5F_CLOSE_STRONG);
    return list;
}

void archive_h5_begin(struct archive *archive, const char *path)
{
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    const hid_t access = access_properties(true);
    const hid_t create = group_properties(H5P_FILE_CREATE);
    archive->file = H5Fcreate(path, H5F_ACC_TRUNC, create, access);
    H5Pclose(create);
    H5Pclose(access);
    if (archive->file < 0) {
        archive_h5_fail(archive, errno == 0 ? "HDF5 cannot make" : strerror(errno), path);
    }
}

void archive_h5_open(struct archive *archive, const void *image, size_t size)
{
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    const hid_t access = access_properties(false);
    struct text copy; // HDF5 takes the image as writable memory and copies it
    text_init(&copy);
    text_add_part(&copy, image, size);
    H5Pset_file_image(access, copy.bytes, size);
    archive->file = H5Fopen("results", H5F_ACC_RDONLY, access);
    text_release(&copy);
    H5Pclose(access);
    if (archive->file < 0) {
        archive_h5_fail(archive, "HDF5 cannot open", "results.h5");
    }
}

bool archive_h5_end(struct archive *archive)
{
    const bool closed = archive->file < 0 || H5Fclose(archive->file) >= 0;
    archive->file = -1;
    if (!closed) {
        archive_h5_fail(archive, "HDF5 cannot close", "results.h5");
    }
    return !archive->failed;
}

// ---- attributes --------------------------------------------------------------------------------

static void write_text_attribute(hid_t object, const char *name, const char *value)
{
    const hid_t type = archive_type_text();
    const hid_t space = H5Screate(H5S_SCALAR);
    const hid_t attribute = H5Acreate2(object, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
    H5Awrite(attribute, type, &value);
    H5Aclose(attribute);
    H5Sclose(space);
    H5Tclose(type);
}

static const char *read_text_attribute(struct archive *archive, hid_t attribute)
{
    const hid_t type = archive_type_text();
    const hid_t stored = H5Aget_type(attribute);
    char *value = NULL;
    const char *copy = "";
    if (H5Tis_variable_str(stored) <= 0 || H5Aread(attribute, type, &value) < 0 || value == NULL) {
        archive_h5_fail(archive, "no text in", "an attribute of results.h5");
    } else {
        copy = arena_text(archive->arena, value);
        H5free_memory(value);
    }
    H5Tclose(stored);
    H5Tclose(type);
    return copy;
}

static void read_attribute(struct archive *archive, const char *name, enum archive_type type,
                           void *value)
{
    const hid_t attribute = H5Aopen(archive->file, name, H5P_DEFAULT);
    const hid_t space = attribute < 0 ? -1 : H5Aget_space(attribute);
    if (attribute < 0 || H5Sget_simple_extent_npoints(space) != 1) {
        archive_h5_fail(archive, "there is no attribute", name);
    } else if (type == ARCHIVE_TEXT || type == ARCHIVE_NAME) {
        const char *text = read_text_attribute(archive, attribute);
        const char *kept = type == ARCHIVE_NAME && *text == '\0' ? NULL : text;
        memcpy(value, &kept, sizeof kept);
    } else {
        const hid_t memory = archive_type_memory(type);
        if (H5Aread(attribute, memory, value) < 0) {
            archive_h5_fail(archive, "cannot read the attribute", name);
        }
        H5Tclose(memory);
    }
    if (attribute >= 0) {
        H5Sclose(space);
        H5Aclose(attribute);
    }
}

static void write_attribute(hid_t object, const char *name, enum archive_type type,
                            const void *value)
{
    const hid_t file = archive_type_file(type), memory = archive_type_memory(type);
    const hid_t space = H5Screate(H5S_SCALAR);
    const hid_t attribute = H5Acreate2(object, name, file, space, H5P_DEFAULT, H5P_DEFAULT);
    H5Awrite(attribute, memory, value);
    H5Aclose(attribute);
    H5Sclose(space);
    H5Tclose(memory);
    H5Tclose(file);
}

void archive_h5_attribute(struct archive *archive, const char *name, enum archive_type type,
                          void *value)
{
    if (archive->failed) {
        return;
    }
    if (!archive->writing) {
        read_attribute(archive, name, type, value);
    } else if (type == ARCHIVE_TEXT || type == ARCHIVE_NAME) {
        const char *text;
        memcpy(&text, value, sizeof text);
        write_text_attribute(archive->file, name, text == NULL ? "" : text);
    } else {
        write_attribute(archive->file, name, type, value);
    }
}

// ---- arrays ------------------------------------------------------------------------------------

static uint64_t value_count(const struct archive_array *array)
{
    uint64_t count = 1;
    for (uint32_t i = 0; i < array->rank; i++) {
        count *= array->extent[i];
    }
    return count;
}

static hid_t make_space(const struct archive_array *array)
{
    hsize_t extent[ARCHIVE_RANK] = {0};
    for (uint32_t i = 0; i < array->rank; i++) {
        extent[i] = array->extent[i];
    }
    return array->rank == 0 ? H5Screate(H5S_SCALAR)
                            : H5Screate_simple((int)array->rank, extent, NULL);
}

// Chunks of at most a mebibyte, whole rows where a row fits.
static void set_chunks(hid_t list, const struct archive_array *array, size_t size)
{
    hsize_t chunk[ARCHIVE_RANK] = {0};
    uint64_t bytes = size * value_count(array);
    for (uint32_t i = 0; i < array->rank; i++) {
        chunk[i] = array->extent[i];
        const uint64_t rest = bytes / array->extent[i];
        if (bytes > CHUNK_MOST) {
            chunk[i] = rest >= CHUNK_MOST ? 1 : CHUNK_MOST / rest;
            bytes = rest * chunk[i];
        }
    }
    H5Pset_chunk(list, (int)array->rank, chunk);
    H5Pset_shuffle(list);
    H5Pset_deflate(list, DEFLATE_LEVEL);
    H5Pset_fletcher32(list);
}

static void set_fill(hid_t list, enum archive_type type)
{
    const double missing = (double)NAN;
    if (type == ARCHIVE_F32 || type == ARCHIVE_F64) {
        H5Pset_fill_value(list, H5T_NATIVE_DOUBLE, &missing);
    }
}

static hid_t array_properties(const struct archive_array *array, hid_t type)
{
    const hid_t list = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_obj_track_times(list, 0);
    set_fill(list, array->type);
    if (array->rank > 0 && value_count(array) > 0 && array->type != ARCHIVE_SCALE) {
        set_chunks(list, array, H5Tget_size(type));
    }
    return list;
}

static void describe(hid_t dataset, const struct archive_array *array)
{
    const double missing = (double)NAN;
    if (array->unit != NULL) {
        write_text_attribute(dataset, "units", array->unit);
    }
    if (array->long_name != NULL) {
        write_text_attribute(dataset, "long_name", array->long_name);
    }
    if (array->cell_methods != NULL) {
        write_text_attribute(dataset, "cell_methods", array->cell_methods);
    }
    if (array->type == ARCHIVE_F64) {
        write_attribute(dataset, "_FillValue", ARCHIVE_F64, &missing);
    } else if (array->type == ARCHIVE_F32) {
        const float narrow = NAN;
        write_attribute(dataset, "_FillValue", ARCHIVE_F32, &narrow);
    }
}

static void attach_scales(struct archive *archive, hid_t dataset, const struct archive_array *array)
{
    for (uint32_t i = 0; i < array->rank; i++) {
        if (array->scales[i] == NULL) {
            continue;
        }
        const hid_t scale = H5Dopen2(archive->file, array->scales[i], H5P_DEFAULT);
        if (scale < 0 || H5DSattach_scale(dataset, scale, i) < 0) {
            archive_h5_fail(archive, "no dimension scale", array->scales[i]);
        }
        H5Dclose(scale);
    }
}

static void make_group(struct archive *archive, const char *path)
{
    const char *slash = strrchr(path, '/');
    if (slash == NULL || slash == path) {
        return;
    }
    struct text part;
    text_init(&part);
    for (const char *byte = path; byte <= slash; byte++) {
        if (*byte == '/' && part.length > 0 &&
            H5Lexists(archive->file, text_get(&part), H5P_DEFAULT) <= 0) {
            const hid_t list = group_properties(H5P_GROUP_CREATE);
            H5Gclose(H5Gcreate2(archive->file, text_get(&part), H5P_DEFAULT, list, H5P_DEFAULT));
            H5Pclose(list);
        }
        text_add_char(&part, *byte);
    }
    text_release(&part);
}

static void write_array(struct archive *archive, const struct archive_array *array,
                        const struct archive_types *types, const void *data)
{
    make_group(archive, array->path);
    const hid_t space = make_space(array), list = array_properties(array, types->file);
    const hid_t dataset =
        H5Dcreate2(archive->file, array->path, types->file, space, H5P_DEFAULT, list, H5P_DEFAULT);
    const bool empty = value_count(array) == 0;
    if (dataset < 0 ||
        (!empty && H5Dwrite(dataset, types->memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, data) < 0)) {
        archive_h5_fail(archive, "HDF5 cannot write", array->path);
    } else {
        describe(dataset, array);
        attach_scales(archive, dataset, array);
    }
    H5Dclose(dataset);
    H5Pclose(list);
    H5Sclose(space);
}

static bool same_extent(hid_t dataset, const struct archive_array *array)
{
    const hid_t space = H5Dget_space(dataset);
    hsize_t extent[H5S_MAX_RANK] = {0};
    bool same = H5Sget_simple_extent_ndims(space) == (int)array->rank;
    H5Sget_simple_extent_dims(space, extent, NULL);
    for (uint32_t i = 0; same && i < array->rank; i++) {
        same = extent[i] == array->extent[i];
    }
    H5Sclose(space);
    return same;
}

static void read_array(struct archive *archive, const struct archive_array *array, hid_t memory,
                       void *data)
{
    const hid_t dataset = H5Dopen2(archive->file, array->path, H5P_DEFAULT);
    if (dataset < 0 || !same_extent(dataset, array)) {
        archive_h5_fail(archive, "there is no array of the right size", array->path);
    } else if (value_count(array) > 0 &&
               H5Dread(dataset, memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, data) < 0) {
        archive_h5_fail(archive, "cannot read the array", array->path);
    }
    H5Dclose(dataset);
}

// ---- texts -------------------------------------------------------------------------------------

static void write_texts(struct archive *archive, const struct archive_array *array,
                        const char *const *texts)
{
    const uint64_t count = value_count(array);
    size_t longest = 1;
    for (uint64_t i = 0; i < count; i++) {
        const size_t length = texts[i] == NULL ? 0 : strlen(texts[i]);
        longest = length > longest ? length : longest;
    }
    char *bytes = check_calloc(count + 1, longest);
    for (uint64_t i = 0; i < count; i++) {
        if (texts[i] != NULL) {
            memcpy(bytes + i * longest, texts[i], strlen(texts[i]));
        }
    }
    const struct archive_types types = {archive_type_fixed(longest), archive_type_fixed(longest)};
    write_array(archive, array, &types, bytes);
    H5Tclose(types.file);
    H5Tclose(types.memory);
    free(bytes);
}

static size_t text_size(struct archive *archive, const char *path)
{
    const hid_t dataset = H5Dopen2(archive->file, path, H5P_DEFAULT);
    const hid_t type = dataset < 0 ? -1 : H5Dget_type(dataset);
    const bool fixed =
        type >= 0 && H5Tget_class(type) == H5T_STRING && H5Tis_variable_str(type) == 0;
    const size_t size = fixed ? H5Tget_size(type) : 0;
    if (!fixed) {
        archive_h5_fail(archive, "there are no texts at", path);
    }
    H5Tclose(type);
    H5Dclose(dataset);
    return size;
}

static void read_texts(struct archive *archive, const struct archive_array *array,
                       const char **texts)
{
    const uint64_t count = value_count(array);
    const size_t size = text_size(archive, array->path);
    char *bytes = check_calloc(count + 1, size + 1);
    const hid_t type = size > 0 ? archive_type_fixed(size) : -1;
    if (size > 0) {
        read_array(archive, array, type, bytes);
        H5Tclose(type);
    }
    for (uint64_t i = 0; i < count; i++) {
        const char *text = bytes + i * size;
        const bool none = array->type == ARCHIVE_NAME && *text == '\0';
        texts[i] = none ? NULL : arena_text_part(archive->arena, text, strnlen(text, size));
    }
    free(bytes);
}

void archive_h5_array(struct archive *archive, const struct archive_array *array, void *data)
{
    if (archive->failed) {
        return;
    }
    const bool texts = array->type == ARCHIVE_TEXT || array->type == ARCHIVE_NAME;
    if (texts && archive->writing) {
        write_texts(archive, array, data);
    } else if (texts) {
        read_texts(archive, array, data);
    } else {
        const struct archive_types types = {archive_type_file(array->type),
                                            archive_type_memory(array->type)};
        if (archive->writing) {
            write_array(archive, array, &types, data);
        } else {
            read_array(archive, array, types.memory, data);
        }
        H5Tclose(types.file);
        H5Tclose(types.memory);
    }
}

bool archive_h5_has(const struct archive *archive, const char *path)
{
    return archive->file >= 0 && H5Lexists(archive->file, path, H5P_DEFAULT) > 0;
}

void archive_h5_extent(struct archive *archive, const char *path, uint32_t rank,
                       uint64_t extent[ARCHIVE_RANK])
{
    memset(extent, 0, ARCHIVE_RANK * sizeof *extent);
    if (archive->failed) {
        return;
    }
    const hid_t dataset = H5Dopen2(archive->file, path, H5P_DEFAULT);
    const hid_t space = dataset < 0 ? -1 : H5Dget_space(dataset);
    hsize_t found[H5S_MAX_RANK] = {0};
    if (dataset < 0 || H5Sget_simple_extent_dims(space, found, NULL) != (int)rank) {
        archive_h5_fail(archive, "there is no array", path);
    }
    for (uint32_t i = 0; i < rank && !archive->failed; i++) {
        extent[i] = found[i];
    }
    H5Sclose(space);
    H5Dclose(dataset);
}

void archive_h5_scale(struct archive *archive, const char *path, const char *name)
{
    if (archive->failed) {
        return;
    }
    const hid_t dataset = H5Dopen2(archive->file, path, H5P_DEFAULT);
    if (dataset < 0 || H5DSset_scale(dataset, name) < 0) {
        archive_h5_fail(archive, "HDF5 cannot make the scale", path);
    }
    H5Dclose(dataset);
}

void archive_h5_names(struct archive *archive, const char *name, const char *const *names,
                      uint32_t count)
{
    char path[64];
    snprintf(path, sizeof path, "/dim/%s", name);
    const struct archive_array array = {path, ARCHIVE_SCALE, 1, {count}, .unit = NULL};
    const char **copy = check_calloc((size_t)count + 1, sizeof *copy);
    memcpy(copy, names, count * sizeof *copy);
    archive_h5_array(archive, &array, copy);
    archive_h5_scale(archive, path, name);
    free(copy);
}
