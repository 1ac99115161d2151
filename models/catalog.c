// catalog - every kind of component there is.
#include "models/catalog.h"

#include "models/brokers/brokers.h"
#include "models/datastores/datastores.h"
#include "models/gateways/gateways.h"
#include "models/services/services.h"

static const struct model *const models[] = {
    &service_model,
    &station_model,
    &kafka_model,
    &nats_jetstream_model,
    &rabbitmq_model,
    &cache_model,
    &mongodb_model,
    &clickhouse_model,
    &cassandra_model,
    &elastic_model,
    &postgres_model,
    &cockroach_model,
    &auth_gateway_model,
    &payment_service_model,
    NULL,
};

const struct catalog catalog_all = {models};
