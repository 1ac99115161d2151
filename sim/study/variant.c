// variant - copies of what changes.
#include "sim/study/variant.h"

#include <string.h>

#include "sim/base/text.h"

void variant_init(struct variant *variant, const struct design *original)
{
    variant->design = *original;
    arena_init(&variant->arena);
}

void variant_release(struct variant *variant)
{
    arena_release(&variant->arena);
}

static struct fault_design *copy_faults(struct variant *variant)
{
    const uint32_t count = variant->design.fault_count;
    struct fault_design *faults = arena_take_array(&variant->arena, count + 1, sizeof *faults);
    if (count > 0) {
        memcpy(faults, variant->design.faults, count * sizeof *faults);
    }
    variant->design.faults = faults;
    return faults;
}

static bool enable_named(struct variant *variant, struct fault_design *faults, const char *name)
{
    for (uint32_t f = 0; f < variant->design.fault_count; f++) {
        if (text_same(faults[f].name, name)) {
            faults[f].enabled = true;
            return true;
        }
    }
    return false;
}

bool variant_choose_faults(struct variant *variant, const char *choice, const char **unknown)
{
    struct fault_design *faults = copy_faults(variant);
    const bool all = text_same(choice, "all");
    for (uint32_t f = 0; f < variant->design.fault_count; f++) {
        faults[f].enabled = all;
    }
    if (all || text_same(choice, "none")) {
        return true;
    }
    while (*choice != '\0') {
        const size_t length = strcspn(choice, ",");
        const char *name = arena_text_part(&variant->arena, choice, length);
        if (length > 0 && !enable_named(variant, faults, name)) {
            *unknown = name;
            return false;
        }
        choice += length + (choice[length] == ',');
    }
    return true;
}
