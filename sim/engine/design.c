// design - finding components, workloads and operations by name.
#include "sim/engine/design.h"

#include "sim/base/text.h"
#include "sim/engine/visit.h"

uint32_t design_component(const struct design *design, const char *name)
{
    for (uint32_t i = 0; i < design->component_count; i++) {
        if (text_same(design->components[i].name, name)) {
            return i;
        }
    }
    return DESIGN_NONE;
}

uint32_t design_workload(const struct design *design, const char *name)
{
    for (uint32_t i = 0; i < design->workload_count; i++) {
        if (text_same(design->workloads[i].name, name)) {
            return i;
        }
    }
    return DESIGN_NONE;
}

const struct operation *design_operation(const struct component_design *component, const char *name)
{
    for (uint32_t i = 0; i < component->operation_count; i++) {
        if (text_same(component->operations[i].name, name)) {
            return &component->operations[i];
        }
    }
    return NULL;
}

uint32_t design_key(const struct design *design, const char *name)
{
    for (uint32_t i = 0; name != NULL && i < design->key_name_count; i++) {
        if (text_same(design->key_names[i], name)) {
            return i + 1;
        }
    }
    return 0;
}
