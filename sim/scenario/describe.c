// describe - a model in words: its parameters, operations as steps, metrics and invariants.
#include "sim/scenario/describe.h"

#include <string.h>

#include "sim/base/suggest.h"
#include "sim/scenario/explain.h"
#include "sim/scenario/schema.h"
#include "sim/scenario/sections.h"

enum { DEPTH = 4 };

static void describe_all(const struct catalog *catalog, struct text *out)
{
    for (const struct model *const *model = catalog->models; *model != NULL; model++) {
        text_format(out, "%-16s %-10s %s\n", (*model)->kind, (*model)->family, (*model)->summary);
    }
    text_add(out, "\nmore: orrery describe KIND\n");
}

// Rows of nested tables stand under their record, indented; no table is deeper than DEPTH.
static void add_fields(const struct field *fields, struct text *out)
{
    const struct field *rows[DEPTH] = {fields};
    int depth = 0;
    while (depth >= 0) {
        const struct field *field = rows[depth];
        if (field->name == NULL) {
            depth--;
            continue;
        }
        rows[depth]++;
        text_format(out, "\n%*s%s\n", 2 + 4 * depth, "", field->name);
        explain_field(field, 6 + 4 * depth, out);
        if (field->sub != NULL && field->type != FIELD_CUSTOM && depth + 1 < DEPTH) {
            rows[++depth] = field->sub;
        }
    }
}

static void add_operations(const struct model *model, struct text *out)
{
    if (model->operation_count == 0) {
        text_add(out, "\noperations: the scenario's own, or made for its configuration\n");
        return;
    }
    text_add(out, "\noperations\n");
    for (uint32_t i = 0; i < model->operation_count; i++) {
        const struct operation *operation = &model->operations[i];
        text_format(out, "  %-16s %s%s\n", operation->name,
                    operation->meaning == NULL ? "" : operation->meaning,
                    operation->internal ? " (internal)" : "");
        text_add(out, "                  steps: ");
        for (uint16_t k = 0; k < operation->step_count; k++) {
            text_format(out, "%s%s", k == 0 ? "" : " -> ", operation->steps[k].name);
        }
        text_add_char(out, '\n');
    }
}

static void add_metrics(const struct model *model, struct text *out)
{
    if (model->metrics != NULL && model->metrics->name != NULL) {
        text_add(out, "\nmetrics\n");
    }
    const struct model_metric *metric = model->metrics;
    for (; metric != NULL && metric->name != NULL; metric++) {
        text_format(out, "  %-22s %-10s %s\n", metric->name, metric->unit, metric->meaning);
    }
    if (model->invariants != NULL && model->invariants->name != NULL) {
        text_add(out, "\ninvariants, checked in every run\n");
    }
    const struct model_invariant *invariant = model->invariants;
    for (; invariant != NULL && invariant->name != NULL; invariant++) {
        text_format(out, "  %-22s %s\n", invariant->name, invariant->meaning);
    }
}

static void describe_model(const struct model *model, struct text *out)
{
    text_format(out, "%s (%s): %s\n", model->kind, model->family, model->summary);
    if (model->stands_for != NULL) {
        text_format(out, "stands for: %s\n", model->stands_for);
    }
    if (model->fields != NULL && model->fields->name != NULL) {
        text_add(out, "\nparameters\n");
        add_fields(model->fields, out);
    }
    add_operations(model, out);
    add_metrics(model, out);
    text_add(out, "\nand what every component has: orrery explain components.*\n");
}

static bool complain(const struct catalog *catalog, const char *name, struct text *out)
{
    const char *names[256];
    size_t count = 0;
    for (; count < 256 && catalog->models[count] != NULL; count++) {
        names[count] = catalog->models[count]->kind;
    }
    const char *near = suggest_nearest(name, names, count);
    text_format(out, "there is no kind `%s`", name);
    if (near != NULL) {
        text_format(out, "; did you mean `%s`?", near);
    }
    text_add_char(out, '\n');
    return false;
}

// The field at a path of names below the model's table.
static bool describe_field(const struct model *model, const char *path, struct text *out)
{
    const struct field *fields = model->fields, *field = NULL;
    for (const char *at = path; at != NULL;) {
        const char *dot = strchr(at, '.');
        struct text word;
        text_init(&word);
        text_add_part(&word, at, dot == NULL ? strlen(at) : (size_t)(dot - at));
        const bool skip = field != NULL && field->type == FIELD_MAP &&
                          schema_field(fields, text_get(&word)) == NULL;
        const struct field *found = skip ? field : schema_field(fields, text_get(&word));
        text_release(&word);
        if (found == NULL) {
            text_format(out, "`%s` has no parameter `%s`\n", model->kind, path);
            return false;
        }
        field = found;
        fields = field->sub;
        at = dot == NULL ? NULL : dot + 1;
    }
    text_format(out, "%s.%s\n\n", model->kind, path);
    explain_field(field, 2, out);
    if (field->sub != NULL) {
        text_add(out, "\nkeys:\n");
        explain_fields(field->sub, out);
    }
    return true;
}

bool describe(const struct catalog *catalog, const char *what, struct text *out)
{
    if (what == NULL) {
        describe_all(catalog, out);
        return true;
    }
    const char *dot = strchr(what, '.');
    struct text kind;
    text_init(&kind);
    text_add_part(&kind, what, dot == NULL ? strlen(what) : (size_t)(dot - what));
    const struct model *model = model_find(catalog, text_get(&kind));
    bool good = model != NULL;
    if (!good) {
        complain(catalog, text_get(&kind), out);
    } else if (dot != NULL) {
        good = describe_field(model, dot + 1, out);
    } else {
        describe_model(model, out);
    }
    text_release(&kind);
    return good;
}
