#!/usr/bin/env bash
# unconnected - what touches nothing changes nothing: numbers stay when others are added or move.
set -u
. "$(dirname "$0")/lib.sh"

# rows NAME FILE: every number of the components and workloads of features.yaml.
cat >rows.jq <<'JQ'
{components: (.components | with_entries(select(.key | startswith("alien") | not))),
 workloads: (.workloads | with_entries(select(.key | startswith("alien") | not))),
 slos: [.slos[] | select(.name | startswith("alien") | not)],
 metrics: (.replication_metrics | with_entries(select(.key | startswith("alien") | not)))}
JQ

rows() { # rows DIR
    "$orrery" run "$1.yaml" --no-progress --exit-zero --out json -q -o "$1" >out 2>err </dev/null &&
        jq -S -f rows.jq "$1/summary.json" >"$1.rows"
}

same() { # same NAME WHAT
    rows "$1" && cmp -s reference.rows "$1.rows"
    local result=$?
    [ $result -eq 0 ] || diff reference.rows "$1.rows" 2>&1 | head -n 6 >>err
    judge $result "$2"
}

differ() { # differ KEY: the added component did work
    [ "$(jq -r ".components.\"$1\".throughput.value > 10" "$2/summary.json")" = true ]
    judge $? "and $1 is at work in $2"
}

# Links are shared: what fills their bandwidth is connected. Here they are wide enough for all.
sed 's/, bandwidth: [^}]*//' "$here/features.yaml" >reference.yaml
rows reference
judge $? "the scenario runs"

station='  alien: {kind: station, servers: 2, service: exp(mean=3ms)}'
workload='  aliens: {target: alien, rate: 200/s}'
sed "s|^workloads:|$station\n&|; s|^slos:|$workload\n&|" reference.yaml >last.yaml
same last "a component and workload at the end change nobody's numbers"
differ alien last
sed "s|^components:|&\n$station|; s|^workloads:|&\n$workload|" reference.yaml >first.yaml
same first "at the beginning"
differ alien first
sed "s|^  pay:|$station\n&|; s|^  phones:|$workload\n&|" reference.yaml >middle.yaml
same middle "in the middle"
differ alien middle

kafka='  alien-bus: {kind: kafka, brokers: 3, topics: {t: {partitions: 6, replication: 3}}}'
readers='  alien-readers:\n    kind: service\n    consumes: {from: alien-bus.t, operation: take}'
readers+='\n    operations: {take: [{cpu: 1ms}]}'
records='  aliens: {target: alien-bus.t, rate: 100/s}'
sed "s|^  web:|$kafka\n$readers\n&|; s|^  clerks:|$records\n&|" reference.yaml >broker.yaml
same broker "a broker with its own consumers"
differ alien-readers broker

sockets='  alien:\n    kind: service\n    replicas: 3'
sockets+='\n    operations: {m: [{cpu: 100us}], connect: [{cpu: 1ms}]}'
clients='  aliens:\n    target: alien.m\n    rate: 100/s'
clients+='\n    connections: {count: 500, heartbeat: 2s, churn: 20/s, open: connect}'
sed "s|^  bus:|$sockets\n&|; s|^  bursts:|$clients\n&|" reference.yaml >sockets.yaml
same sockets "sockets of their own"

fault='  - {name: alien-crash, action: kill, select: {component: alien}'
fault+=', mtbf: exp(mean=2s), mttr: exp(mean=1s)}'
sed "s|^  web:|$station\n&|; s|^  clerks:|$workload\n&|; s|^faults:|&\n$fault|" \
    reference.yaml >fault.yaml
sed -i 's/^ slos:.*/ slos: [],/' rows.jq # availability is charged to whatever fault strikes
rows reference
same fault "a fault that strikes only what was added"

sed -i 's/^ slos:.*/ slos: [.slos[] | select(.name | startswith("alien") | not)],/' rows.jq
rows reference
objective='  - {name: alien-objective, target: alien, objectives: ["p(99) < 1s"]}'
sed "s|^  web:|$station\n&|; s|^  clerks:|$workload\n&|; s|^slos:|&\n$objective|" \
    reference.yaml >slo.yaml
same slo "an objective of its own"

sed 's|^name: .*|&\ntitle: Another\ndescription: "other words"|' reference.yaml >words.yaml
"$orrery" check words.yaml >out 2>err || sed -i '/^title:/d' words.yaml
same words "words for people"
finish
