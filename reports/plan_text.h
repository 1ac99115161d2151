// plan_text - a plan for the terminal and as Markdown.
#pragma once

#include <stdbool.h>

#include "sim/base/text.h"
#include "sim/study/plan.h"

void plan_text_write(const struct plan *plan, bool color, struct text *out);
void plan_text_markdown(const struct plan *plan, struct text *out);

// Sentences above and below the tables: what is planned for, and how it was found.
void plan_text_headline(const struct plan *plan, struct text *out);
void plan_text_method(const struct plan *plan, struct text *out);

// What besides the program decides the answer.
void plan_text_identity(const struct plan *plan, struct text *out);
