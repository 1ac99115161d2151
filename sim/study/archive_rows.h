// archive_rows - the tables of a result in the archive: one dataset a column, /report/TABLE/COLUMN.
#pragma once

#include "sim/study/archive_h5.h"
#include "sim/study/result.h"

// The scalars of the result, as attributes of the root.
void archive_rows_scalars(struct archive *archive, struct result *result);

// Every table of plain rows; reading takes them from the arena of the result.
void archive_rows_tables(struct archive *archive, struct result *result);

// Numbers that lead from one table into another lie inside of it.
bool archive_rows_sound(const struct result *result);
