// plan - a plan begins and ends.
#include "sim/study/plan.h"

#include <stdlib.h>

#include "sim/study/plan_parts.h"

bool plan_init(struct plan *plan, const struct plan_request *request,
               struct diagnostic_list *diagnostics, struct text *wrong)
{
    *plan = (struct plan){.request = *request, .diagnostics = diagnostics};
    arena_init(&plan->arena);
    plan->loaded = true;
    if (!scenario_load(&plan->base, request->file, &request->scenario, request->catalog,
                       diagnostics)) {
        return false;
    }
    if (!plan_read(plan, wrong)) {
        return false;
    }
    plan->cost_now = plan_price_of(plan, &plan->base.design);
    plan->candidates = 1.0;
    for (uint32_t v = 0; v < plan->variable_count; v++) {
        plan->candidates *= plan->variables[v].count;
    }
    return true;
}

void plan_release(struct plan *plan)
{
    if (plan->loaded) {
        scenario_release(&plan->base);
    }
    free(plan->trials);
    arena_release(&plan->arena);
    *plan = (struct plan){.loaded = false};
}

void plan_words(const struct plan *plan, const uint16_t *at, struct text *out)
{
    for (uint32_t v = 0; v < plan->variable_count; v++) {
        text_format(out, "%s%s=%s", v == 0 ? "" : " ", plan->variables[v].name,
                    plan->variables[v].values[at[v]]);
    }
}
