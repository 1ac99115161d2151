// diagnostic_codes_model - codes of what the parts of a scenario say to each other: E03xx on.
#include "sim/base/diagnostic_codes.h"

const struct diagnostic_code diagnostic_codes_model[] = {
    {"E0301", "a reference to something that does not exist",
     "A component, operation, topic, zone or workload is named that the scenario\n"
     "does not declare.\n\n"
     "      call: {to: api.raed}       # did you mean `api.read`?\n"},
    {"E0305", "a selection that selects nothing",
     "A fault, an SLO or an experiment selects components, replicas, zones or links;\n"
     "nothing of the scenario matches. It would be a fault that never strikes and a\n"
     "test that always passes.\n\n"
     "      select: {zone: eu-1d}      # zones are eu-1a, eu-1b, eu-1c\n"},
    {0},
};
