// read_distribution - a law as people write it: exp(mean=1ms), {dist: gamma, mean: 6ms, cv: 1}.
//
// Laws: const(v) or a bare value; exp(mean); gamma(mean, cv); lognormal(median, p99 | mean, cv);
// weibull(scale, shape); erlang(k, mean); pareto(min, alpha); uniform(min | low, max | high);
// normal+(mean, sd); empirical(file); mix(w*law + w*law ...); hyperexponential(mean, cv), balanced
// means; geometric(mean) and zipf(n, s), both counts. A first argument without a name is allowed
// where the law has one (const, exp, empirical, geometric). The text form and the map form take the
// same names. An empirical file has one value a line with its unit, or a first line `# unit: ms`.
// The table of laws, for `orrery list dists`, is sim/scenario/read_law.h.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "sim/kernel/distribution.h"
#include "sim/scenario/document.h"
#include "sim/scenario/read_value.h"

// What a law speaks of: READ_VALUE_DURATION, READ_VALUE_COUNT or READ_VALUE_BYTES; other units are
// a CHECK. False after adding errors. The law is prepared; its tables belong to the document's
// arena.
bool read_distribution(struct document *document, const struct document_node *node,
                       enum read_value_unit unit, struct distribution *distribution);

// The same for an expression inside a node's text: batch(size=geometric(mean=3)).
bool read_distribution_expression(struct document *document, const struct document_node *node,
                                  const struct expression *law, enum read_value_unit unit,
                                  struct distribution *distribution);
