// station_share - the processor-sharing discipline of a station: virtual time, one completion
// pending.
#pragma once

#include <stdint.h>

struct station;
struct visit;

void station_share_add(struct station *station, struct visit *visit, int64_t work_ns,
                       uint32_t width);
void station_share_set_speed(struct station *station, double speed);
void station_share_clear(struct station *station);

// Books waiting and served time of a visit to its operation (station.c).
void station_book(struct station *station, const struct visit *visit, int64_t waited,
                  int64_t served);
