// diagnostic_codes_warning - codes of warnings: W2xxx.
#include "sim/base/diagnostic_codes.h"

const struct diagnostic_code diagnostic_codes_warning[] = {
    {"W2003", "a component cannot carry the offered load",
     "The work that arrives in a second takes more than a second of all its\n"
     "processors: the queue grows until the end of the run, and every number but the\n"
     "throughput depends on its length.\n\n"
     "    600/s x 8.0ms cpu = 4.80 cores needed, 2 replicas x 1 core = 2 available\n\n"
     "Add replicas or cores (`orrery plan` finds how many), or lower the rate. For a\n"
     "study of overload the warning can be allowed with -A W2003.\n"},
    {"W2011", "a duration that looks like milliseconds",
     "`500m` is 500 minutes. Processor shares use the same spelling for thousandths\n"
     "(cores: 500m), durations do not.\n\n"
     "      timeout: 500m        # 8h20m; 500ms was probably meant\n\n"
     "Write 8h20m if it was not.\n"},
    {0},
};
