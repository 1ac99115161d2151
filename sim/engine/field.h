// field - one row of a configuration: name, type, default, meaning, source; read by people and
// decoder.
//
// A model (or a section of the scenario language) declares its configuration as a struct and a
// table of fields. From the table come the decoder, the JSON Schema, `explain`, `describe` and the
// manual. What a type is in C:
//   COUNT         uint64_t           "100", "200k"
//   COUNTS        struct distribution  a law of counts ("geometric(mean=3)", "zipf(n=1000, s=1.1)")
//   DURATION      int64_t, ns        "30s"
//   DISTRIBUTION  struct distribution  a law of durations ("exp(mean=1ms)", "5ms")
//   BYTES         uint64_t           "64kB"
//   BANDWIDTH     double, bytes/s    "10Gbit/s"
//   RATE          double, 1/s        "200/s"
//   RATIO         double             "99.9%"
//   CORES         double             "500m", "2"
//   NUMBER        double             "1.1"
//   BOOL          bool
//   TEXT          const char *       NULL when absent
//   NAME          const char *       an identifier: letters, digits, _ and -
//   CHOICE        int                index into `choices`
//   RECORD        a struct           nested mapping by `sub`
//   LIST          struct field_list  sequence of `element` (a record by `sub` where sub is set)
//   MAP           struct field_map   mapping from the user's names to `element` / `sub`
//   CUSTOM        by `read`          a reader of the scenario floor, found by its name
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum field_type {
    FIELD_END,
    FIELD_COUNT,
    FIELD_COUNTS,
    FIELD_DURATION,
    FIELD_DISTRIBUTION,
    FIELD_BYTES,
    FIELD_BANDWIDTH,
    FIELD_RATE,
    FIELD_RATIO,
    FIELD_CORES,
    FIELD_NUMBER,
    FIELD_BOOL,
    FIELD_TEXT,
    FIELD_NAME,
    FIELD_CHOICE,
    FIELD_RECORD,
    FIELD_LIST,
    FIELD_MAP,
    FIELD_CUSTOM,
};

struct field {
    const char *name;
    enum field_type type;
    enum field_type element; // of LIST and MAP
    size_t offset;           // into the configuration struct
    size_t size;             // of one record (RECORD, LIST and MAP of records)
    const char *fallback;    // default as the user would write it; NULL: absent (zero)
    const char *meaning;     // one sentence
    const char *source;      // of the default: a reference, or "assumption"
    bool required;
    double minimum, maximum;    // inclusive, in what is stored (ns, bytes); maximum 0: no bound
    const char *const *choices; // NULL-terminated
    const struct field *sub;    // of RECORD, LIST or MAP of records
    const char *read;           // CUSTOM: "steps", "spread", "replicas", "queue", "target", ...
};

struct field_list {
    uint32_t count;
    void *items; // contiguous elements
};

// In file order; items[i] belongs to names[i].
struct field_map {
    uint32_t count;
    const char **names;
    void *items;
};

// The number of the entry with a name; map->count if there is none.
uint32_t field_find(const struct field_map *map, const char *name);

// Rows for a struct named `configuration`.
#define FIELD(member, kind, standard, says)                                                        \
    {                                                                                              \
        .name = #member, .type = kind, .offset = offsetof(struct configuration, member),           \
        .fallback = standard, .meaning = says                                                      \
    }
#define FIELD_FROM(member, kind, standard, says, origin)                                           \
    {                                                                                              \
        .name = #member, .type = kind, .offset = offsetof(struct configuration, member),           \
        .fallback = standard, .meaning = says, .source = origin                                    \
    }
