// diagnostic_codes_model - codes of what the parts of a scenario say to each other: E03xx on.
#include "sim/base/diagnostic_codes.h"

const struct diagnostic_code diagnostic_codes_model[] = {
    {"E0301", "a reference to something that does not exist",
     "A component, operation, topic, zone or workload is named that the scenario\n"
     "does not declare.\n\n"
     "      call: {to: api.raed}       # did you mean `api.read`?\n\n"
     "Correct the name, or declare what is missing.\n"},
    {"E0302", "a component without the name of an operation",
     "A call names component.operation. The bare name of a component is enough only\n"
     "if it has exactly one operation (a station, for instance).\n\n"
     "      call: {to: api.read}\n"},
    {"E0303", "not a topic of a broker",
     "publish: and consumes: name broker.topic; the topic is declared under the\n"
     "broker's `topics:`.\n\n"
     "      publish: {to: events.orders, key: order, bytes: 800}\n"},
    {"E0304", "a key that does not apply to this kind of component",
     "The key exists, but not for this component: a station has no operations, a\n"
     "service with `sharing: ps` no discipline of its queue, and so on. The message\n"
     "says why.\n\n"
     "`orrery describe KIND` lists what a kind of component knows.\n"},
    {"E0305", "a selection that selects nothing",
     "A fault, an SLO or an experiment selects components, replicas, zones or links;\n"
     "nothing of the scenario matches. It would be a fault that never strikes and a\n"
     "test that always passes.\n\n"
     "      select: {zone: eu-1d}      # zones are eu-1a, eu-1b, eu-1c\n"},
    {"E0306", "values that contradict each other",
     "Each value is possible, but not together with the others of this component;\n"
     "the message of the model says which bound is broken.\n\n"
     "      topics: {orders: {replication: 3, min_insync: 4}}\n"},
    {"E0307", "a workload that is not determined",
     "A workload asks for one thing (`target`, `mix` or `journey`) in one way: open\n"
     "workloads have a `rate` or `stages`, closed ones `users`.\n\n"
     "      shoppers: {target: web.read, model: closed, users: 200, think: exp(mean=5s)}\n"},
    {"E0308", "a fault that is not determined",
     "A fault needs a time (`at` or `mtbf`), an action that fits what it selects,\n"
     "and the figures of that action: a delay needs `delay:`, a slow-down its\n"
     "factor.\n\n"
     "      - {name: zone-a, action: zone-down, select: {zone: eu-a}, at: 12m, duration: 3m}\n"},
    {"E0310", "not a step",
     "Operations and journeys are lists of steps, each a map of one key.\n\n"
     "      read: [{cpu: exp(mean=1ms)}, {call: {to: db.read}}, {reply: 2kB}]\n"},
    {"E0312", "loops nested too deeply",
     "`repeat` may stand inside `repeat` a few levels deep.\n\n"
     "Put the inner steps into an operation of their own and call it.\n"},
    {"E0313", "`fail` with a good status",
     "`fail` ends an operation with a status that counts as a failure; a good answer\n"
     "is a reply.\n\n"
     "      - reply: {status: cached, bytes: 2kB}\n"},
    {"E0314", "too many steps",
     "The operation is longer than a step program may be, counted after choices and\n"
     "branches are written out.\n\n"
     "Split it into several operations.\n"},
    {"E0315", "not a choice",
     "The branches of `choose` are shares, outcomes of the last call or expressions,\n"
     "and `otherwise` for the rest.\n\n"
     "      - choose: {hit: [], miss: [{call: {to: db.read}}]}\n"
     "      - choose: {60%: [{cpu: 1ms}], otherwise: [{cpu: 5ms}]}\n"},
    {"E0316", "a choice by share and by outcome at once",
     "It would be open which of the two is asked first.\n\n"
     "Put one `choose` inside the other.\n"},
    {"E0317", "shares that do not add up",
     "The shares of a `mix` or a `choose` are 100 % together; the probabilities of\n"
     "`then` at most 100 %.\n\n"
     "      mix: {web.read: 90%, web.write: 10%}\n"},
    {"E0319", "calls in a circle",
     "The operation calls itself through others and waits for the answer, so a\n"
     "request would never end.\n\n"
     "Publish or spawn what need not be awaited.\n"},
    {"E0320", "a name is given twice",
     "Zones have one name in the whole scenario, whichever region they belong to;\n"
     "faults and SLOs have one name each, by which experiments, plans and --faults\n"
     "speak of them.\n\n"
     "      regions: {eu: [eu-a, eu-b], us: [us-a]}\n"},
    {"E0321", "a pair of places that is none",
     "A link under `pairs` lies between two regions or two zones.\n\n"
     "      pairs: [{between: [eu, us], latency: const(80ms)}]\n"},
    {"E0322", "a spread that does not fit the number of replicas",
     "`spread: {eu-a: 2, eu-b: 1}` places each replica; the numbers together are the\n"
     "number of replicas. `spread: zones` divides them evenly.\n"},
    {"E0330", "an objective that cannot be read",
     "An objective compares a metric with a limit. p(99) takes a number between 0\n"
     "and 100; p(99, status=any) counts answers other than OK too. A good request is\n"
     "described by conditions on status and latency, joined by `and`.\n\n"
     "      objectives: [\"p(99) < 300ms\", \"p(99.9, status=any) < 2s\"]\n"
     "      indicator: {good: \"status == ok and latency < 1s\"}\n"},
    {"E0331", "an unknown metric",
     "The target of the SLO has no such metric. A threshold on a metric without data\n"
     "would pass for ever, so it is refused here.\n\n"
     "`orrery list metrics` prints the vocabulary, `orrery describe KIND` the\n"
     "metrics of a model.\n"},
    {"E0332", "an SLO that is not determined",
     "An SLO has `objectives`, or an `indicator` with an `objective` and a `window`.\n\n"
     "      - {name: latency, target: shoppers, objectives: [\"p(99) < 300ms\"]}\n"
     "      - {name: good, target: shoppers, indicator: {good: \"status == ok\"},\n"
     "         objective: 99.9%, window: 30d}\n"},
    {"E0333", "not a range of values",
     "What a sweep or a plan varies is a range or a list.\n\n"
     "      vary: {peak: 1000/s..6000/s step 500/s, web_n: 3..30, api_n: [8, 12, 16]}\n"},
    {"E0334", "a condition that makes no sense",
     "The condition of a sweep compares parameters with their units, and is true or\n"
     "false in the end. A rate is compared with a rate, not with a number; a rate times\n"
     "a duration is a number. What is no parameter is a text, for == and != only.\n\n"
     "      where: \"api_n * 400/s >= peak and policy != random\"\n"},
    {0},
};
