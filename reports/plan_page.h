// plan_page - plan.json, plan.md and plan.html with the frontier drawn.
#pragma once

#include <stdbool.h>

#include "sim/base/text.h"
#include "sim/study/plan.h"

// True with `why`: a picture is missing. False: `why` says which file could not be written.
bool plan_page_write(const struct plan *plan, const char *directory, struct text *why);
