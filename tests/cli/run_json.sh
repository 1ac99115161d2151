#!/usr/bin/env bash
# run_json - `run --json` prints one document on stdout, the one that is stored, and nothing else.
set -u
. "$(dirname "$0")/lib.sh"

one_document() { # one_document FILE
    [ "$(jq -s length "$1")" = 1 ]
}

# Every estimate has its four keys, each object with a `value` and an interval is one.
estimates_are_whole() { # estimates_are_whole FILE
    jq -e '[.. | objects | select(has("ci"))
            | (keys | sort) == ["ci", "df", "se", "value"]
              and (.ci == null or (.ci | length == 2 and .[0] <= .[1]))] | all and length > 20' \
        "$1" >jq.out
}

quantiles_ascend() {
    jq -e '[.. | objects | select(has("p99.9")) | select(.p50 != null)
            | [.p50.value, .p90.value, .p95.value, .p99.value, ."p99.9".value, ."p99.99".value,
               .max]
            | . == sort] | all and length > 4' "$1" >jq.out
}

exits 1 "features runs" "$orrery" run "$here/features.yaml" --json -o features
one_document out
judge $? "one document on stdout"
cmp -s out features/summary.json
judge $? "summary.json has the same bytes"
! grep -q '^[{}"]' err
judge $? "no JSON on stderr"
has err "replications" "progress goes to stderr"
estimates_are_whole out
judge $? "every estimate has value, ci, se and df"
quantiles_ascend out
judge $? "quantiles ascend to the maximum"
jq -e '[.. | numbers | select(isnormal or . == 0 | not)] == []' out >jq.out
judge $? "every number is finite"
jq -e '[.. | objects | select(has("ci") and .ci != null and .ci[0] < 0)] == []' out >jq.out
judge $? "no interval of a quantity reaches below zero"
jq -e '.invariants | length > 5 and all(.violated == 0 and .checked > 0)' out >jq.out
judge $? "every invariant was checked and holds"
jq -e '.fingerprint | test("^[0-9a-f]{32}$")' out >jq.out
judge $? "the fingerprint has 32 digits"

# A second time it is shown, not simulated: the same bytes.
cp out first
exits 1 "the finished run is shown again" "$orrery" run "$here/features.yaml" --json -o features
cmp -s out first
judge $? "shown again, the same bytes"
has err "up to date" "it says so on stderr"
try "$orrery" run "$here/features.yaml" --json -o other --no-progress -q
cmp -s out first
judge $? "quiet, the same bytes"
[ ! -s err ]
judge $? "quiet, nothing on stderr"

# A workload that never comes has no samples: null, and NO DATA.
scenario "p(99) < 1s" "  - {name: never, target: late, objectives: [\"p(99) < 1s\"]}"
sed -i 's|^workloads:|&\n  late: {target: server, arrivals: constant, rate: 0.01/s}|' queue.yaml
exits 1 "an objective without samples fails" "$orrery" run queue.yaml --json -o none
cp out none.json
jq -e '.slos[1] | .verdict == "NO DATA" and .observed == null' out >jq.out
judge $? "its verdict is NO DATA, its observation null"
jq -e '.workloads.late.latency.p99 == null and .workloads.late.latency.max == null' out >jq.out
judge $? "quantities without samples are null"

schema=$root/reports/summary.schema.json
if /usr/bin/python3 -c 'import jsonschema' 2>/dev/null; then
    for file in first none.json; do
        try /usr/bin/python3 -m jsonschema -i "$file" "$schema"
        judge "$code" "$file is valid against summary.schema.json"
    done
fi

exits 2 "--json of two scenarios is refused" "$orrery" run queue.yaml queue.yaml --json
[ ! -s out ]
judge $? "and prints nothing on stdout"
printf 'orrery: v1\nname: [\n' >bad.yaml
exits 2 "a bad scenario with --json exits 2" "$orrery" run bad.yaml --json
[ ! -s out ] && [ -s err ]
judge $? "diagnostics are on stderr alone"
finish
