// archive_series - what is not rows: ragged tables, the matrix, time series and histograms.
#pragma once

#include "sim/study/archive_h5.h"
#include "sim/study/result.h"

// After the tables, whose numbers of rows are their extents.
void archive_series_ragged(struct archive *archive, struct result *result);
void archive_series_bins(struct archive *archive, struct result *result);
void archive_series_histograms(struct archive *archive, struct result *result);
