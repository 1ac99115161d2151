// brokers - the models of the broker family.
#pragma once

#include "sim/engine/model.h"

extern const struct model kafka_model;
extern const struct model nats_jetstream_model;
extern const struct model rabbitmq_model;
