// plan_json - a plan as a document of schema orrery.plan/1.
#pragma once

#include "sim/base/text.h"
#include "sim/study/plan.h"

void plan_json_write(const struct plan *plan, struct text *out);
