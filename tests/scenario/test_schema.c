// test_schema - tables of fields: every fallback can be read, every key is explained and in the
// schema.
#include <criterion/criterion.h>
#include <jansson.h>
#include <string.h>

#include "sim/base/text.h"
#include "sim/scenario/explain.h"
#include "sim/scenario/json_schema.h"
#include "sim/scenario/schema.h"
#include "sim/scenario/sections.h"
#include "tests/scenario/load.h"

enum { RECORD_BYTES = 1 << 16 };

// Fails inside schema_read_fallbacks if a fallback cannot be read.
static void read_fallbacks(const struct field *fields)
{
    struct diagnostic_list diagnostics;
    struct document document;
    struct document_bytes file = {"test", "orrery: v1\n", 11};
    static char record[RECORD_BYTES];
    diagnostic_init(&diagnostics);
    cr_assert(document_load_bytes(&document, file, NULL, &diagnostics));
    struct schema schema = {.document = &document, .readers = sections_readers};
    schema_read_fallbacks(&schema, document.root, fields, record);
    cr_expect_eq(diagnostics.errors, 0);
    document_release(&document);
    diagnostic_release(&diagnostics);
}

Test(schema, every_fallback_of_the_language_can_be_read)
{
    read_fallbacks(sections_top);
    read_fallbacks(sections_component);
    read_fallbacks(sections_workload);
    read_fallbacks(sections_slo);
    read_fallbacks(sections_fault);
    read_fallbacks(sections_call);
    read_fallbacks(sections_publish);
    read_fallbacks(sections_consumes);
}

Test(schema, every_fallback_of_every_model_can_be_read)
{
    const struct model *const *model = load_catalog()->models;
    for (; *model != NULL; model++) {
        cr_assert_leq((*model)->configuration_size, RECORD_BYTES);
        if ((*model)->fields != NULL) {
            read_fallbacks((*model)->fields);
        }
    }
}

static void expect_documented(const struct field *fields, const char *of)
{
    for (const struct field *field = fields; field != NULL && field->name != NULL; field++) {
        cr_expect_not_null(field->meaning, "`%s` of %s has no meaning", field->name, of);
    }
}

Test(schema, every_parameter_of_every_model_has_a_meaning)
{
    const struct model *const *model = load_catalog()->models;
    for (; *model != NULL; model++) {
        expect_documented((*model)->fields, (*model)->kind);
    }
    expect_documented(sections_component, "components");
    expect_documented(sections_workload, "workloads");
}

static bool is_duration(const struct field *field)
{
    return field->type == FIELD_DURATION;
}

// A bound that was meant in seconds or milliseconds would be a fraction of a nanosecond.
static void expect_whole_bounds(const struct field *fields, const char *of)
{
    for (const struct field *field = fields; field != NULL && field->name != NULL; field++) {
        cr_expect(!is_duration(field) || field->minimum == 0 || field->minimum >= 1,
                  "`%s` of %s is at least %g ns", field->name, of, field->minimum);
        if (field->sub != NULL) {
            expect_whole_bounds(field->sub, field->name);
        }
    }
}

Test(schema, no_duration_is_bounded_by_a_fraction_of_a_nanosecond)
{
    const struct model *const *model = load_catalog()->models;
    for (; *model != NULL; model++) {
        expect_whole_bounds((*model)->fields, (*model)->kind);
    }
}

Test(schema, every_custom_field_has_a_reader)
{
    static const struct field *const tables[] = {
        sections_top,   sections_topology, sections_component, sections_workload,   sections_slo,
        sections_fault, sections_plan,     sections_sweep,     sections_experiment, sections_steps};
    const struct schema schema = {.readers = sections_readers};
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        for (const struct field *field = tables[i]; field->name != NULL; field++) {
            if (field->type == FIELD_CUSTOM) {
                cr_expect_not_null(schema_reader(&schema, field->read), "%s", field->name);
            }
        }
    }
}

// Explains the path of every key below a node.
static void explain_all(const struct document_node *node, const char *path, struct text *out)
{
    const struct document_node *child = node->first;
    for (uint32_t i = 0; child != NULL; child = child->next, i++) {
        struct text below;
        text_init(&below);
        text_format(&below, "%s%s", path, path[0] == '\0' ? "" : ".");
        if (child->key != NULL) {
            text_add(&below, child->key);
        } else {
            text_format(&below, "%u", i);
        }
        text_clear(out);
        if (strchr(child->key == NULL ? "" : child->key, '.') == NULL) {
            cr_expect(explain_key(load_catalog(), text_get(&below), out), "%s: %s",
                      text_get(&below), text_get(out));
            explain_all(child, text_get(&below), out);
        }
        text_release(&below);
    }
}

Test(schema, every_key_of_the_webshop_is_explained)
{
    struct diagnostic_list diagnostics;
    struct document document;
    struct text out;
    diagnostic_init(&diagnostics);
    text_init(&out);
    cr_assert(document_load(&document, "scenarios/examples/webshop.yaml", NULL, &diagnostics));
    explain_all(document.root, "", &out);
    text_release(&out);
    document_release(&document);
    diagnostic_release(&diagnostics);
}

Test(schema, keys_of_the_user_may_be_stars)
{
    static const char *const paths[] = {"components.*.operations.*.call.retry.budget",
                                        "components.*.connections",
                                        "components.*.topics.*.partitions",
                                        "topology.links.same_zone.latency",
                                        "workloads.*.rate.profile",
                                        "slos.*.indicator.good",
                                        "simulation.replications.stop_at",
                                        "plan.prices.types.network",
                                        "plan.load.profile.percentile",
                                        "plan.watts.core.idle",
                                        "scenario"};
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        struct text out;
        text_init(&out);
        cr_expect(explain_key(load_catalog(), paths[i], &out), "%s", paths[i]);
        text_release(&out);
    }
    struct text out;
    text_init(&out);
    cr_expect_not(explain_key(load_catalog(), "components.*.replica", &out));
    cr_expect_not_null(strstr(text_get(&out), "did you mean `replicas`?"));
    text_release(&out);
}

Test(schema, the_json_schema_is_json_with_every_kind)
{
    struct text out;
    json_error_t error;
    text_init(&out);
    json_schema(load_catalog(), &out);
    json_t *schema = json_loads(text_get(&out), 0, &error);
    cr_assert_not_null(schema, "line %d: %s", error.line, error.text);
    const json_t *component = json_object_get(json_object_get(schema, "$defs"), "component");
    const json_t *kinds =
        json_object_get(json_object_get(json_object_get(component, "properties"), "kind"), "enum");
    size_t count = 0;
    while (load_catalog()->models[count] != NULL) {
        count++;
    }
    cr_expect_eq(json_array_size(kinds), count);
    json_decref(schema);
    text_release(&out);
}
