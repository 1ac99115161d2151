// unit_list - units that are named one by one: ranges of replications, of a sweep at ranges of
// points.
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct unit_span { // both ends are among them
    uint32_t first_point, last_point;
    uint32_t first, last;
};

struct unit_list {
    struct unit_span *spans;
    uint32_t count, room; // 0: there is no list
};

void unit_list_release(struct unit_list *list);

// Adds replications "3,7-9" of every point; with `points`, "4/0-9,7-9/3,5": replications 0 to 9 of
// point 4, replication 3 of points 7 to 9, all of point 5. False: it is no such list.
bool unit_list_read(struct unit_list *list, const char *text, bool points);

bool unit_list_has(const struct unit_list *list, uint32_t point, uint32_t unit);

// Whether any unit of the point is among them; the largest point that is named.
bool unit_list_has_point(const struct unit_list *list, uint32_t point);
uint32_t unit_list_last_point(const struct unit_list *list);
