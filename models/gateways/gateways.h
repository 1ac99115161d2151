// gateways - the models of the gateway family.
#pragma once

#include "sim/engine/model.h"

extern const struct model auth_gateway_model;
