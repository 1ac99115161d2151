// datastores - the models of the datastore family.
#pragma once

#include "sim/engine/model.h"

extern const struct model cache_model;
extern const struct model mongodb_model;
extern const struct model clickhouse_model;
extern const struct model cassandra_model;
extern const struct model elastic_model;
extern const struct model postgres_model;
extern const struct model cockroach_model;
