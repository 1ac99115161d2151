// meter_series - the time series of a world: sampled at the end of every bin.
#pragma once

#include "sim/engine/meter.h"
#include "sim/engine/world.h"

void meter_series_begin(struct world *world);
void meter_series_release(struct meter *meter);

// Adds what happened since the last sample to the present bin.
void meter_series_sample(struct world *world);
// The counters have been cleared: the next sample counts from zero.
void meter_series_forget(struct world *world);
