// archive_extra - what only readers other than orrery need: scales and tables for one look.
#pragma once

#include "sim/study/archive_h5.h"
#include "sim/study/result.h"

void archive_extra_scales(struct archive *archive, const struct result *result); // before all else
void archive_extra_tables(struct archive *archive, const struct result *result);
