// archive_type - makes the HDF5 types.
#include "sim/study/archive_type.h"

#include <hdf5.h>
#include <stddef.h>

#include "sim/base/check.h"
#include "sim/engine/meter.h"

enum { HASH_BYTES = 16 };

int64_t archive_type_text(void)
{
    return archive_type_fixed(H5T_VARIABLE);
}

int64_t archive_type_fixed(size_t size)
{
    const hid_t type = H5Tcopy(H5T_C_S1);
    H5Tset_size(type, size);
    H5Tset_cset(type, H5T_CSET_UTF8);
    if (size != H5T_VARIABLE) {
        H5Tset_strpad(type, H5T_STR_NULLPAD);
    }
    return type;
}

static hid_t make_enum(const char *const *names, int count, hid_t base)
{
    const hid_t type = H5Tenum_create(base);
    for (int i = 0; i < count; i++) {
        const int8_t small = (int8_t)i;
        const int wide = i;
        H5Tenum_insert(type, names[i], H5Tget_size(base) == 1 ? (const void *)&small : &wide);
    }
    return type;
}

static hid_t make_bool(void)
{
    static const char *const names[] = {"FALSE", "TRUE"};
    return make_enum(names, 2, H5T_NATIVE_INT8);
}

static hid_t make_verdict(hid_t base)
{
    static const char *const names[] = {"PASS", "FAIL", "UNDECIDED", "NO_DATA"};
    return make_enum(names, 4, base);
}

static hid_t make_simple(enum archive_type type)
{
    if (type == ARCHIVE_BOOL) {
        return make_bool();
    }
    if (type == ARCHIVE_VERDICT) {
        return make_verdict(H5T_NATIVE_INT);
    }
    const hid_t natives[] = {
        [ARCHIVE_U8] = H5T_STD_U8LE,       [ARCHIVE_U32] = H5T_NATIVE_UINT32,
        [ARCHIVE_U64] = H5T_NATIVE_UINT64, [ARCHIVE_I32] = H5T_NATIVE_INT32,
        [ARCHIVE_I64] = H5T_NATIVE_INT64,  [ARCHIVE_F32] = H5T_NATIVE_FLOAT,
        [ARCHIVE_F64] = H5T_NATIVE_DOUBLE,
    };
    CHECK(type <= ARCHIVE_F64);
    return H5Tcopy(natives[type]);
}

struct member {
    const char *name;
    enum archive_type type; // TEXT: of `size` bytes
    size_t offset, size;
};

static hid_t make_compound(const struct member *members, size_t size)
{
    const hid_t type = H5Tcreate(H5T_COMPOUND, size);
    for (const struct member *member = members; member->name != NULL; member++) {
        const hid_t inner = member->type == ARCHIVE_TEXT ? archive_type_fixed(member->size)
                                                         : make_simple(member->type);
        H5Tinsert(type, member->name, member->offset, inner);
        H5Tclose(inner);
    }
    return type;
}

static hid_t make_estimate(void)
{
    static const struct member members[] = {
        {"value", ARCHIVE_F64, offsetof(struct estimate, value), 0},
        {"ci_low", ARCHIVE_F64, offsetof(struct estimate, low), 0},
        {"ci_high", ARCHIVE_F64, offsetof(struct estimate, high), 0},
        {"se", ARCHIVE_F64, offsetof(struct estimate, se), 0},
        {"df", ARCHIVE_U32, offsetof(struct estimate, df), 0},
        {"known", ARCHIVE_BOOL, offsetof(struct estimate, known), 0},
        {"has_interval", ARCHIVE_BOOL, offsetof(struct estimate, has_interval), 0},
        {0},
    };
    return make_compound(members, sizeof(struct estimate));
}

static hid_t make_slo_row(void)
{
    static const struct member members[] = {
        {"name", ARCHIVE_TEXT, offsetof(struct archive_slo_row, name), ARCHIVE_NAME_ROOM},
        {"target", ARCHIVE_TEXT, offsetof(struct archive_slo_row, target), ARCHIVE_NAME_ROOM},
        {"metric", ARCHIVE_TEXT, offsetof(struct archive_slo_row, objective), ARCHIVE_NAME_ROOM},
        {"unit", ARCHIVE_TEXT, offsetof(struct archive_slo_row, unit), 16},
        {"severity", ARCHIVE_TEXT, offsetof(struct archive_slo_row, severity), 8},
        {"objective", ARCHIVE_F64, offsetof(struct archive_slo_row, limit), 0},
        {"observed", ARCHIVE_F64, offsetof(struct archive_slo_row, observed), 0},
        {"ci_low", ARCHIVE_F64, offsetof(struct archive_slo_row, ci_low), 0},
        {"ci_high", ARCHIVE_F64, offsetof(struct archive_slo_row, ci_high), 0},
        {"good", ARCHIVE_U64, offsetof(struct archive_slo_row, good), 0},
        {"total", ARCHIVE_U64, offsetof(struct archive_slo_row, total), 0},
        {"verdict", ARCHIVE_VERDICT, offsetof(struct archive_slo_row, verdict), 0},
        {"budget_spent", ARCHIVE_F64, offsetof(struct archive_slo_row, budget_spent), 0},
        {0},
    };
    return make_compound(members, sizeof(struct archive_slo_row));
}

static hid_t make_check_row(void)
{
    static const struct member members[] = {
        {"name", ARCHIVE_TEXT, offsetof(struct archive_check_row, name), ARCHIVE_NAME_ROOM},
        {"subject", ARCHIVE_TEXT, offsetof(struct archive_check_row, subject), ARCHIVE_NAME_ROOM},
        {"unit", ARCHIVE_TEXT, offsetof(struct archive_check_row, unit), 16},
        {"simulated", ARCHIVE_F64, offsetof(struct archive_check_row, simulated), 0},
        {"ci_low", ARCHIVE_F64, offsetof(struct archive_check_row, ci_low), 0},
        {"ci_high", ARCHIVE_F64, offsetof(struct archive_check_row, ci_high), 0},
        {"expected", ARCHIVE_F64, offsetof(struct archive_check_row, expected), 0},
        {"agrees", ARCHIVE_BOOL, offsetof(struct archive_check_row, agrees), 0},
        {0},
    };
    return make_compound(members, sizeof(struct archive_check_row));
}

int64_t archive_type_memory(enum archive_type type)
{
    switch (type) {
    case ARCHIVE_ESTIMATE:
        return make_estimate();
    case ARCHIVE_SLO_ROW:
        return make_slo_row();
    case ARCHIVE_CHECK_ROW:
        return make_check_row();
    case ARCHIVE_LOG_KIND:
        return make_enum(meter_log_names, LOG_KINDS, H5T_NATIVE_INT8);
    case ARCHIVE_HASH:
        return H5Tcreate(H5T_OPAQUE, HASH_BYTES);
    case ARCHIVE_TEXT:
    case ARCHIVE_NAME:
    case ARCHIVE_SCALE:
        return archive_type_text();
    case ARCHIVE_BOOL:
    case ARCHIVE_VERDICT:
    case ARCHIVE_U8:
    case ARCHIVE_U32:
    case ARCHIVE_U64:
    case ARCHIVE_I32:
    case ARCHIVE_I64:
    case ARCHIVE_F32:
    case ARCHIVE_F64:
        break;
    }
    return make_simple(type);
}

// Compound types are packed: no byte of padding, whatever it may hold, reaches the file.
int64_t archive_type_file(enum archive_type type)
{
    if (type == ARCHIVE_VERDICT) {
        return make_verdict(H5T_NATIVE_INT8);
    }
    const hid_t made = archive_type_memory(type);
    if (H5Tget_class(made) == H5T_COMPOUND) {
        H5Tpack(made);
    }
    return made;
}

size_t archive_h5_size(enum archive_type type)
{
    if (type == ARCHIVE_TEXT || type == ARCHIVE_NAME || type == ARCHIVE_SCALE) {
        return sizeof(const char *);
    }
    const hid_t made = archive_type_memory(type);
    const size_t size = H5Tget_size(made);
    H5Tclose(made);
    return size;
}
