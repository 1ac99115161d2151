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
    {"W2004", "a time-out longer than the deadline",
     "The deadline bounds all tries of a call together, so a try with a longer\n"
     "time-out never reaches it.\n\n"
     "      call: {to: api.read, timeout: 2s, deadline: 1s}\n\n"
     "Shorten the time-out, or leave it out.\n"},
    {"W2005", "retries on a time-out that never happens",
     "`retry: {on: [timeout]}` waits for a time-out of a try, and the call has none:\n"
     "only its deadline ends it, and then there is nothing left to retry.\n\n"
     "      call: {to: api.read, timeout: 250ms, retry: {attempts: 3, on: [timeout]}}\n"},
    {"W2006", "retries without a budget",
     "When the callee is overloaded every request fails and every failure becomes\n"
     "several more requests: the retries keep alive the overload that causes them.\n\n"
     "      retry: {attempts: 3, budget: 10%}     # retries over first tries\n"},
    {"W2007", "a step that is never reached",
     "A step before it ends the operation.\n\n"
     "Remove the step, or put the end into a branch of a `choose`.\n"},
    {"W2008", "machines with fewer cores than their replicas use",
     "The replicas placed on a machine have more cores together than the machine\n"
     "itself.\n\n"
     "Give the machines more cores, or use more of them.\n"},
    {"W2009", "a scheduled fault after the end of the run",
     "The fault is scheduled beyond the duration and never strikes.\n\n"
     "Lengthen `simulation.duration`, or move the fault.\n"},
    {"W2010", "a fault that will rarely be seen",
     "Fewer than five occurrences of a stochastic fault are expected in all\n"
     "replications together, too few to judge its effect.\n\n"
     "Lengthen the run, add replications, or ask `orrery availability`, which is\n"
     "made for rare faults.\n"},
    {"W2011", "a duration that looks like milliseconds",
     "`500m` is 500 minutes. Processor shares use the same spelling for thousandths\n"
     "(cores: 500m), durations do not.\n\n"
     "      timeout: 500m        # 8h20m; 500ms was probably meant\n\n"
     "Write 8h20m if it was not.\n"},
    {"W2013", "a component that nothing reaches",
     "No workload, call or topic leads to it, so all its figures will be zero and\n"
     "its SLOs have no data.\n\n"
     "Connect it, drop it, or silence the warning with -A W2013.\n"},
    {"W2101", "a fault after the end of the run",
     "The fault is scheduled beyond the duration and never strikes.\n\n"
     "Lengthen the run, or move the fault.\n"},
    {"W2102", "a fault that struck too rarely",
     "Fewer than five occurrences of a stochastic fault in all replications say next\n"
     "to nothing about its effect.\n\n"
     "Lengthen the run, add replications, or ask `orrery availability`, which is\n"
     "made for rare faults.\n"},
    {"W2103", "no steady state was found",
     "The warm-up is cut where the rest of the run looks steady (MSER-5). Here no\n"
     "such place lies in the first half, so half of the run was cut: the run is too\n"
     "short, or the system is overloaded and its queues grow for ever.\n\n"
     "Lengthen `simulation.duration`, or set `warmup` yourself.\n"},
    {"W2104", "the simulation and its analytic twin disagree",
     "Where a model lies within reach of a formula, the formula is computed too. The\n"
     "simulated figure lies outside its 99.99 % interval: the run is too short, the\n"
     "formula's assumptions do not hold here, or one of the two is wrong.\n\n"
     "The figure is a warning and never changes a verdict.\n"},
    {0},
};
