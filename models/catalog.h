// catalog - every kind of component there is.
#pragma once

#include "sim/engine/model.h"

extern const struct catalog catalog_all;
