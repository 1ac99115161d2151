// explain - a key of the scenario language, or a model, in words: printed from the tables of
// fields.
#include "sim/scenario/explain.h"

#include <string.h>

#include "sim/base/suggest.h"
#include "sim/base/units_format.h"
#include "sim/scenario/schema.h"
#include "sim/scenario/sections.h"

// ---- one field ---------------------------------------------------------------------------------

static void add_line(struct text *out, int indent, const char *label, const char *what)
{
    text_format(out, "%*s%-9s %s\n", indent, "", label, what);
}

static void add_choices(const struct field *field, int indent, struct text *out)
{
    struct text words;
    text_init(&words);
    for (const char *const *word = field->choices; *word != NULL; word++) {
        text_format(&words, "%s%s", word == field->choices ? "" : " | ", *word);
    }
    add_line(out, indent, "one of", text_get(&words));
    text_release(&words);
}

static const char *write_bound(const struct field *field, double value, char *buffer, size_t size)
{
    switch (field->type) {
    case FIELD_DURATION:
    case FIELD_DISTRIBUTION:
        return units_format_exact(buffer, size, (int64_t)value);
    case FIELD_BYTES:
        return units_format_bytes(buffer, size, value);
    case FIELD_RATIO:
        return units_format_ratio(buffer, size, value);
    case FIELD_COUNT:
    case FIELD_COUNTS:
    case FIELD_BANDWIDTH:
    case FIELD_RATE:
    case FIELD_CORES:
    case FIELD_NUMBER:
    case FIELD_END:
    case FIELD_BOOL:
    case FIELD_TEXT:
    case FIELD_NAME:
    case FIELD_CHOICE:
    case FIELD_RECORD:
    case FIELD_LIST:
    case FIELD_MAP:
    case FIELD_CUSTOM:
        break;
    }
    return units_format_shortest(buffer, size, value);
}

static void add_bounds(const struct field *field, int indent, struct text *out)
{
    char least[UNITS_FORMAT_ROOM], most[UNITS_FORMAT_ROOM];
    if (field->minimum > 0) {
        write_bound(field, field->minimum, least, sizeof least);
        add_line(out, indent, "at least", least);
    }
    if (field->maximum > 0) {
        write_bound(field, field->maximum, most, sizeof most);
        add_line(out, indent, "at most", most);
    }
}

// "a duration"; for a value of its own form, the forms.
static const char *type_words(const struct field *field)
{
    if (field->type == FIELD_CUSTOM && field->read != NULL) {
        const struct schema schema = {.readers = sections_readers};
        const struct schema_reader *reader = schema_reader(&schema, field->read);
        return reader == NULL ? schema_type_name(field->type) : reader->forms;
    }
    return schema_type_name(field->type);
}

void explain_field(const struct field *field, int indent, struct text *out)
{
    add_line(out, indent, "means", field->meaning == NULL ? "" : field->meaning);
    if (field->choices != NULL && field->type == FIELD_CHOICE) {
        add_choices(field, indent, out);
    } else {
        add_line(out, indent, "takes", type_words(field));
    }
    add_bounds(field, indent, out);
    if (field->fallback != NULL) {
        add_line(out, indent, "default", field->fallback);
    } else {
        add_line(out, indent, "default", field->required ? "none: it is required" : "absent");
    }
    if (field->source != NULL) {
        add_line(out, indent, "source", field->source);
    }
}

void explain_fields(const struct field *fields, struct text *out)
{
    for (const struct field *field = fields; field->name != NULL; field++) {
        const char *standard = field->fallback != NULL ? field->fallback
                               : field->required       ? "(required)"
                                                       : "";
        text_format(out, "  %-16s %-24s %s\n", field->name, standard,
                    field->meaning == NULL ? "" : field->meaning);
    }
}

// ---- walking -----------------------------------------------------------------------------------

enum { TABLES = 130, WORDS = 32 };

struct level { // the tables in which the next word is sought
    const struct field *tables[TABLES];
    const char *kinds[TABLES]; // the model whose table it is, NULL: the language's own
    uint32_t count;
};

static void add_table(struct level *level, const struct field *fields, const char *kind)
{
    if (fields != NULL && level->count < TABLES) {
        level->tables[level->count] = fields;
        level->kinds[level->count++] = kind;
    }
}

static bool is_steps(const struct field *field)
{
    static const char *const readers[] = {"operations", "body", "branches", "choose", "parallel"};
    for (size_t i = 0; i < sizeof readers / sizeof readers[0]; i++) {
        if (field->read != NULL && text_same(field->read, readers[i])) {
            return true;
        }
    }
    return field->type == FIELD_RECORD &&
           (field->sub == sections_repeat || field->sub == sections_with);
}

static void descend(struct level *level, const struct field *field, const struct catalog *catalog)
{
    level->count = 0;
    add_table(level, field->sub, NULL);
    if (field->sub == sections_component) {
        for (const struct model *const *model = catalog->models; *model != NULL; model++) {
            add_table(level, (*model)->fields, (*model)->kind);
        }
    }
    if (is_steps(field) && field->sub != sections_steps) {
        add_table(level, sections_steps, NULL);
    }
}

static bool is_named_by_user(const struct field *field)
{
    return field->type == FIELD_MAP ||
           (field->type == FIELD_CUSTOM && field->read != NULL &&
            (text_same(field->read, "components") || text_same(field->read, "operations") ||
             text_same(field->read, "choose")));
}

static bool is_number(const char *word)
{
    return text_same(word, "*") || (word[0] != '\0' && strspn(word, "0123456789") == strlen(word));
}

static const struct field *find(const struct level *level, const char *word, uint32_t *table)
{
    for (uint32_t i = 0; i < level->count; i++) {
        const struct field *field = schema_field(level->tables[i], word);
        if (field != NULL) {
            *table = i;
            return field;
        }
    }
    return NULL;
}

static void suggest(const struct level *level, const char *path, const char *word, struct text *out)
{
    const char *names[1024];
    size_t count = 0;
    for (uint32_t i = 0; i < level->count; i++) {
        const struct field *field = level->tables[i];
        for (; field->name != NULL && count < 1024; field++) {
            names[count++] = field->name;
        }
    }
    const char *near = suggest_nearest(word, names, count);
    text_format(out, "there is no key `%s`", word);
    if (!text_same(word, path)) {
        text_format(out, " in `%s`", path);
    }
    if (near != NULL) {
        text_format(out, "; did you mean `%s`?", near);
    }
    text_add_char(out, '\n');
}

static void add_essay(struct text *out)
{
    text_add(out,
             "\nWhat a run is\n"
             "  Time begins at 0. An open workload's first request comes at its first\n"
             "  inter-arrival time, not at 0. Everything in [0, duration) happens; what lies at\n"
             "  `duration` or later does not. Requests in flight at the end are counted as such;\n"
             "  those older than an SLO's threshold count as misses of it.\n"
             "  Statistics begin behind the warm-up; the series of the report keeps it, shaded.\n"
             "  Replications differ in chance alone: each draws from random streams named after\n"
             "  what they are for, keyed by seed and replication. So a change of one component\n"
             "  moves nobody else's luck, and two variants meet the same requests.\n"
             "  Equal times happen in order of scheduling. A latency counts OK answers, and\n"
             "  time-outs at the caller's give-up time; it begins at the intended arrival.\n");
}

static void print_below(const struct level *level, struct text *out)
{
    if (level->count == 0 || level->tables[0]->name == NULL) {
        return;
    }
    text_add(out, "\nkeys:\n");
    explain_fields(level->tables[0], out);
    if (level->count > 1 && level->kinds[1] != NULL) {
        text_add(out, "\nand those of its kind: orrery describe KIND\n");
    }
}

struct walk {
    const struct catalog *catalog;
    const char *words[WORDS];
    uint32_t count, at;
    struct level level;
    const struct field *field; // reached so far
    const char *kind;
};

// Goes down one key; false if there is none.
static bool step(struct walk *walk)
{
    uint32_t table = 0;
    const struct field *field = find(&walk->level, walk->words[walk->at], &table);
    if (field == NULL) {
        return false;
    }
    walk->field = field;
    walk->kind = walk->level.kinds[table];
    walk->at++;
    descend(&walk->level, field, walk->catalog);
    const bool priced = field->read != NULL && text_same(field->read, "prices");
    if (walk->at < walk->count &&
        (is_named_by_user(field) ||
         (priced && find(&walk->level, walk->words[walk->at], &table) == NULL))) {
        walk->at++; // of a component, beside the keys of its own
    }
    while (walk->at < walk->count && is_number(walk->words[walk->at])) {
        walk->at++;
    }
    return true;
}

static bool walk_path(struct walk *walk, const char *path, struct text *out)
{
    while (walk->at < walk->count) {
        if (step(walk)) {
            continue;
        }
        // Below a value of its own form the names are the user's.
        if (walk->field != NULL && walk->field->type == FIELD_CUSTOM && walk->field->sub == NULL) {
            return true;
        }
        suggest(&walk->level, path, walk->words[walk->at], out);
        return false;
    }
    return true;
}

static bool split(struct walk *walk, struct text *copy, const char *path)
{
    text_add(copy, path);
    char *rest = copy->bytes;
    for (char *word; (word = strsep(&rest, ".")) != NULL;) {
        if (walk->count == WORDS) {
            return false;
        }
        walk->words[walk->count++] = word;
    }
    return true;
}

static bool explain_path(struct walk *walk, const char *path, struct text *out)
{
    add_table(&walk->level, sections_top, NULL);
    if (!walk_path(walk, path, out)) {
        return false;
    }
    text_format(out, "%s\n\n", path);
    if (walk->kind != NULL) {
        add_line(out, 2, "kind", walk->kind);
    }
    explain_field(walk->field, 2, out);
    print_below(&walk->level, out);
    if (text_same(path, "simulation")) {
        add_essay(out);
    }
    return true;
}

bool explain_key(const struct catalog *catalog, const char *path, struct text *out)
{
    if (text_same(path, "scenario") || path[0] == '\0') {
        text_add(out, "a scenario\n\nkeys:\n");
        explain_fields(sections_top, out);
        return true;
    }
    struct walk walk = {.catalog = catalog};
    struct text copy;
    text_init(&copy);
    const bool good = split(&walk, &copy, path) && explain_path(&walk, path, out);
    text_release(&copy);
    return good;
}
