// load - a scenario from a text, for tests.
#include "tests/scenario/load.h"

#include <criterion/criterion.h>
#include <string.h>

#include "models/catalog.h"
#include "sim/base/diagnostic_render.h"

bool load_init_with(struct load *load, const char *yaml, const struct scenario_options *options)
{
    struct text file, shown;
    diagnostic_init(&load->diagnostics);
    text_init(&file);
    text_init(&shown);
    text_format(&file, "orrery: v1\n%s", yaml);
    const struct document_bytes bytes = {"test.yaml", file.bytes, file.length};
    const bool good =
        scenario_load_bytes(&load->scenario, bytes, options, &catalog_all, &load->diagnostics);
    diagnostic_render(&load->diagnostics, DIAGNOSTIC_SHORT, false, &shown);
    cr_log_info("%s", text_get(&shown));
    text_release(&file);
    text_release(&shown);
    return good;
}

bool load_init(struct load *load, const char *yaml)
{
    return load_init_with(load, yaml, NULL);
}

void load_release(struct load *load)
{
    scenario_release(&load->scenario);
    diagnostic_release(&load->diagnostics);
}

bool load_has(const struct load *load, const char *code)
{
    for (uint32_t i = 0; i < load->diagnostics.count; i++) {
        if (strcmp(load->diagnostics.entries[i]->code, code) == 0) {
            return true;
        }
    }
    return false;
}

const struct component_design *load_component(const struct load *load, const char *name)
{
    const struct design *design = &load->scenario.design;
    const uint32_t number = design_component(design, name);
    cr_assert_neq(number, DESIGN_NONE, "there is no component %s", name);
    return &design->components[number];
}

const struct operation *load_operation(const struct load *load, const char *component,
                                       const char *name)
{
    const struct operation *operation = design_operation(load_component(load, component), name);
    cr_assert_not_null(operation, "there is no operation %s.%s", component, name);
    return operation;
}

const struct catalog *load_catalog(void)
{
    return &catalog_all;
}
