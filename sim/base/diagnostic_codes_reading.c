// diagnostic_codes_reading - codes of files and values: E01xx and E02xx.
#include "sim/base/diagnostic_codes.h"

const struct diagnostic_code diagnostic_codes_reading[] = {
    {"E0100", "a file cannot be read",
     "The file does not exist, is a directory, or may not be read by this user; the\n"
     "message carries the system's own words.\n\n"
     "    error[E0100]: cannot read `chekout.yaml`: No such file or directory\n\n"
     "Check the spelling and the folder: paths on the command line start at the\n"
     "working folder, paths in `include:` at the folder of the including file.\n"},
    {"E0101", "the file is not YAML",
     "The text breaks YAML's own rules, so nothing behind this place was read. The\n"
     "usual causes are a tab in the indentation, a line indented less or more than\n"
     "its neighbours, a `:` inside a plain value, or a value that begins with @ or\n"
     "`.\n\n"
     "      retry:\n"
     "        attempts: 3\n"
     "       backoff: 20ms        # one space too few\n\n"
     "Indent with spaces, the same for all keys of a map, and quote values that\n"
     "contain `: ` or ` #`.\n"},
    {"E0102", "the file is not clean UTF-8 text",
     "Scenario files are UTF-8 without control characters. The place is the first\n"
     "byte that does not fit: a letter in another encoding, a NUL byte, or a file in\n"
     "UTF-16.\n\n"
     "Convert the file, for example with `iconv -f latin1 -t utf8`, or delete the\n"
     "character.\n"},
    {"E0103", "a quote, a bracket or a brace is never closed",
     "The place is where it was opened; the end of the file came first.\n\n"
     "      latency: \"lognormal(median=250us, p99=1ms)\n\n"
     "Close it. Inside \"...\" a quote is written \\\", inside '...' it is written ''.\n"},
    {"E0104", "the files are too large together",
     "A scenario and everything it includes may have at most 16 MiB and 64 files.\n\n"
     "Large tables belong into data files: profile: day.csv, trace(file=...),\n"
     "empirical(file.csv).\n"},
    {"E0105", "nested too deeply",
     "Maps and lists may stand inside each other 64 levels deep, counted after\n"
     "aliases are put in.\n\n"
     "Real scenarios need about ten levels; a deeper one is nearly always an alias\n"
     "inside its own anchor's copies.\n"},
    {"E0106", "too many values",
     "A scenario may have at most 100,000 values, counted after aliases and includes\n"
     "are put in, so a file of a few lines cannot grow without bound (ten anchors\n"
     "that each use the one before ten times).\n\n"
     "Use replicas: and count: instead of repeating components.\n"},
    {"E0107", "unknown key",
     "The key is not one that belongs here. Unknown keys are never ignored: a\n"
     "misspelt `timeout` would otherwise be a call without one.\n\n"
     "        replica: 6           # did you mean `replicas`?\n\n"
     "`orrery explain components.*` lists the keys of a place; keys that begin with\n"
     "x- are yours and are ignored.\n"},
    {"E0108", "a tag is not allowed",
     "Types come from the field, not from the value, so tags such as !!int, !env or\n"
     "!include mean nothing here; only !!str, !!seq and !!map are accepted.\n\n"
     "Remove the tag. Files are joined with the key include:, values from outside\n"
     "come through params: and --set.\n"},
    {"E0109", "more than one document in a file",
     "A line `---` begins a second document; a scenario is one.\n\n"
     "Put the second into its own file, or join it with include:.\n"},
    {"E0110", "unknown alias",
     "`*name` stands for the value marked `&name` earlier: above in this file, or in\n"
     "a file included by it.\n\n"
     "      call: {to: api.read, <<: *call}     # no &call before this line\n\n"
     "Move the anchor up, or include the file that has it. Anchors under x-* keys\n"
     "count.\n"},
    {"E0111", "an alias inside its own anchor",
     "The value marked `&name` contains `*name`, so it would never end.\n\n"
     "Give the inner value its own anchor.\n"},
    {"E0112", "duplicate key",
     "The same key stands twice in one map; one of the two would silently win.\n\n"
     "        queue: {capacity: 100, capacity: 200}\n\n"
     "Remove one of them. To take a map over and change a key use `<<: *name` and\n"
     "write the key beside it.\n"},
    {"E0113", "`<<` needs a map",
     "`<<: *name` copies the keys of a map into this map, except those it has\n"
     "already; `<<: [*one, *two]` takes several, the first wins.\n\n"
     "      <<: 30s\n\n"
     "Let it name a map, or a list of maps.\n"},
    {"E0114", "a key is not plain text",
     "A key is a word: not a list, not a map, not empty.\n\n"
     "    ? [eu, us]\n"
     "    : {latency: 80ms}\n\n"
     "Write pairs as a value, for instance {between: [eu, us], latency: 80ms}.\n"},
    {"E0115", "an include is malformed",
     "`include:` stands at the top of a file and names a file or a list of files,\n"
     "relative to the folder of the file that has it.\n\n"
     "    include: [base/topology.yaml, base/calls.yaml]\n"},
    {"E0116", "an include goes in a circle",
     "A file includes itself, directly or through others; or includes are nested\n"
     "more than 16 deep.\n\n"
     "Take what both need into a third file.\n"},
    {"E0117", "$append is misused",
     "A list in an including file replaces the list of the included one; `{$append:\n"
     "[...]}` adds to it instead. It is a map with this one key and a list as value,\n"
     "at a place where the included file has a list or nothing.\n\n"
     "    slos:\n"
     "      $append:\n"
     "        - {name: extra, target: web, objectives: [\"p(99) < 1s\"]}\n"},
    {"E0118", "unknown parameter",
     "`$name` stands for a value declared in `params:` at the top of the scenario.\n\n"
     "    params: {peak: 2000/s}\n"
     "    ...\n"
     "        rate: $paek          # did you mean `$peak`?\n\n"
     "Declare it, or correct the name. A text that really begins with $ is written\n"
     "in quotes.\n"},
    {"E0119", "a parameter is not a single value",
     "`params:` is a map from names to single values (not lists, maps or other\n"
     "parameters). Names are letters, digits and _.\n\n"
     "    params: {peak: 2000/s, web_n: 6}\n\n"
     "What runs over several values stands under sweep: or plan:.\n"},
    {"E0120", "--set names no parameter",
     "`--set name=value` takes only names declared in `params:`, so that refactoring\n"
     "a file cannot silently turn an override into nothing.\n\n"
     "Declare the parameter, or reach any value by its place: --set-path\n"
     "components.orders.replicas=9.\n"},
    {"E0121", "a value was cut at a comma",
     "Inside { } and [ ] a comma ends a plain value, also between the brackets of a\n"
     "call, which YAML does not know.\n\n"
     "      same_zone: {latency: lognormal(median=250us, p99=1ms)}\n\n"
     "Quote the value, or write the map over several lines, where a comma ends\n"
     "nothing:\n\n"
     "      same_zone: {latency: \"lognormal(median=250us, p99=1ms)\"}\n"},
    {"E0122", "--set-path leads nowhere",
     "`--set-path a.b.c=value` replaces a single value that the scenario has: keys\n"
     "and list numbers (from 0) joined by dots.\n\n"
     "    orrery run checkout.yaml --set-path components.orders.replicas=9\n\n"
     "It adds no keys; write them into the file.\n"},
    {"E0123", "the file is no scenario",
     "A scenario is a map at the top: `orrery: v1`, `name:`, and the sections. The\n"
     "file is empty, or begins with a list or a single value.\n\n"
     "`orrery init` prints a commented starter.\n"},
    {"E0124", "a required key is missing",
     "The map at this place cannot do without the key; there is no sensible default.\n\n"
     "`orrery explain` with the path of the map shows what belongs into it.\n"},
    {"E0125", "a value of the wrong kind",
     "A list stands where a map belongs, a map where a single value belongs, and so\n"
     "on.\n\n"
     "      objectives: \"p(99) < 300ms\"       # a list: [\"p(99) < 300ms\"]\n"},
    {"E0126", "the version is missing or unknown",
     "The first key says which language the file is written in.\n\n"
     "    orrery: v1\n\n"
     "A newer version than this program knows needs a newer program.\n"},
    {"E0127", "a parameter that nothing uses",
     "Every name in `params:` is used somewhere as `$name`, or in an expression of\n"
     "`sweep:`; a parameter without effect is a study without effect.\n\n"
     "Write $name where it belongs, or drop it.\n"},
    {"E0128", "an option of the command line that does not fit",
     "The value of the option is not possible for this scenario; the note says what\n"
     "is.\n\n"
     "    orrery run checkout.yaml --faults zone-loss,slow-db\n"},
    {"E0201", "a number without its unit",
     "Durations, rates, bandwidths and shares carry their unit, so that 30 seconds\n"
     "are never read as 30 milliseconds.\n\n"
     "      timeout: 30          # 30 what? 30s or 30ms\n\n"
     "`orrery list units` prints all units.\n"},
    {"E0202", "not a number",
     "A plain decimal number, without a unit and without an exponent.\n\n"
     "      shape: 1.4\n"},
    {"E0203", "not a duration",
     "A number with ns, us, ms, s, m, h or d; several together from large to small.\n\n"
     "      timeout: 250ms\n"
     "      duration: 1h30m\n"},
    {"E0204", "not a number of bytes",
     "A whole number of bytes, perhaps with kB, MB, GB, TB (thousands) or Ki, Mi,\n"
     "Gi, Ti (1024).\n\n"
     "      memory: 2Gi\n"
     "      reply: 20kB\n"},
    {"E0205", "not a bandwidth",
     "A number with bit/s or B/s, perhaps with k, M, G or T before it.\n\n"
     "      bandwidth: 10Gbit/s\n"},
    {"E0206", "not a rate",
     "A number of events with /s, /min, /h or /d.\n\n"
     "      rate: 12k/min\n"},
    {"E0207", "not a share",
     "A percentage, or a number from 0 to 1.\n\n"
     "      target: 99.9%\n"},
    {"E0208", "not a number of cores",
     "A number, or thousandths of a core with m.\n\n"
     "      cores: 500m\n"},
    {"E0209", "not a whole number",
     "A count is a whole number of at least 0, perhaps with k, M or G.\n\n"
     "      capacity: 200k\n"},
    {"E0210", "neither true nor false",
     "Only `true` and `false`, without quotes; yes, no, on and off are texts here.\n\n"
     "      synchronous: true\n"},
    {"E0211", "not one of the allowed words",
     "The field takes one of the words that the message lists.\n\n"
     "      on_full: reject\n"},
    {"E0212", "out of range",
     "The value is of the right kind but too small or too large for this field; the\n"
     "message names the bounds.\n"},
    {"E0213", "not a price",
     "An amount per h, d, month or year, perhaps for each of a unit.\n\n"
     "      prices: {web: 0.10/h, memory: 0.004/GiB/h}\n"},
    {"E0214", "not a growth or a factor",
     "Growth is a percentage per day, week, month, quarter or year; a factor is a\n"
     "number, perhaps with x.\n\n"
     "      load: {growth: 5%/month, months: 18}\n"
     "      load: {growth: 2x}\n"},
    {"E0215", "not a name",
     "A name is printable text of at most 64 bytes. It has no dot, which parts a\n"
     "component from its operation, no comma, which parts names in lists, and no blanks\n"
     "at its ends, and does not begin with -. Names are text even if they look like\n"
     "numbers; letters, digits, - and _ need no quotes anywhere.\n"},
    {"E0216", "an empty text",
     "The field needs a text; nothing stands behind the colon.\n"},
    {"E0217", "not a power", "Watts are written with their unit, W or kW.\n\n      busy: 95W\n"},
    {"E0220", "an expression that cannot be read",
     "Objectives, conditions, ranges and laws are written as small expressions; the\n"
     "caret shows the first place that does not fit.\n\n"
     "      objectives: [\"p(99) < 300ms\", \"carried >= 99.5%\"]\n"
     "      vary: {peak: 1000/s..6000/s step 500/s}\n\n"
     "Quote expressions that contain a comma, a `:` or a #.\n"},
    {"E0221", "unknown law",
     "The name is not one of the laws of durations and counts. `orrery list dists`\n"
     "prints them all with an example.\n\n"
     "      cpu: exp(mean=1ms)\n"},
    {"E0222", "unknown argument",
     "The law takes other arguments; the message lists them.\n\n"
     "      cpu: gamma(mean=3ms, cv=0.8)\n"},
    {"E0223", "an argument is missing",
     "The law is not determined without it; the message says which forms it has.\n\n"
     "      io: \"lognormal(median=4ms, p99=30ms)\"\n"},
    {"E0224", "impossible parameters of a law",
     "The arguments contradict each other or lie outside what the law allows: a p99\n"
     "below the median, a cv of 0, a lower bound above the upper one.\n"},
    {"E0225", "a table of measured values cannot be used",
     "empirical(file.csv) reads one value a line; the unit stands with each value or\n"
     "once in a first line `# unit: ms`. Empty lines and lines that begin with # are\n"
     "skipped. Paths are relative to the scenario's folder.\n\n"
     "    # unit: ms\n"
     "    3.2\n"
     "    4.1\n\n"
     "plan.load.profile reads a line of heads, then one line an hour: the hour, and the\n"
     "rates of one or several open workloads (or `rate`: of all of them together).\n\n"
     "    # unit: /s\n"
     "    timestamp,shoppers,payments\n"
     "    2026-03-02T13:00,812,40\n"
     "    2026-03-02T14:00,977,38\n"},
    {"E0226", "the law does not fit the quantity",
     "geometric and zipf are laws of counts, not of durations.\n\n"
     "      batch: geometric(mean=3)\n"},
    {"E0227", "an argument is given twice",
     "Write each argument once; `low` and `min`, `high` and `max` are the same.\n"},
    {"E0228", "the weights of a mix are wrong",
     "A mix is a sum of weight*law; the weights are above 0 and are 1 together.\n\n"
     "      cpu: \"mix(0.9*exp(mean=1ms) + 0.1*exp(mean=20ms))\"\n"},
    {"E0229", "unknown law of arrivals",
     "Arrivals of an open workload follow poisson, constant, erlang(k=...),\n"
     "mmpp(...), batch(size=...) or trace(file=...); the rate stands in `rate` or\n"
     "`stages`, not in the law.\n\n"
     "      arrivals: batch(size=geometric(mean=3))\n"
     "      rate: 2000/s\n"},
    {0},
};
