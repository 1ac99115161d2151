// services - the models of the service family.
#pragma once

#include "sim/engine/model.h"

extern const struct model payment_service_model;
extern const struct model service_model;
extern const struct model station_model;
