#!/usr/bin/env bash
# faults - which faults are in force, what may be overridden, and one replication by itself.
set -u
. "$(dirname "$0")/lib.sh"
cp "$here/features.yaml" .
run=("$orrery" run features.yaml --no-progress --exit-zero)

fingerprint() { jq -r .fingerprint "$1/summary.json"; }

# ---- --faults -----------------------------------------------------------------------------------
exits 0 "faults as written" "${run[@]}" -o written
has out zone-down "are listed"
exits 0 "--faults none" "${run[@]}" --faults none -o none
! grep -q zone-down out
judge $? "strikes with none"
exits 0 "--faults all" "${run[@]}" --faults all -o all
has out "without faults" "judges both side by side"
[ "$(fingerprint all)" = "$(fingerprint written)" ]
judge $? "and is the run as written"
[ "$(fingerprint all/without-faults)" = "$(fingerprint none)" ]
judge $? "beside the run with none"
exits 0 "--faults NAME,NAME" "${run[@]}" --faults broker,far -o two
! grep -q zone-down out && grep -q 'broker *kill' out && grep -q 'far *delay' out
judge $? "strikes with these alone"
exits 2 "an unknown fault" "${run[@]}" --faults zone,brokr -o unknown
has err brokr "is named"
has err "did you mean \`broker\`" "with what was meant"
exits 2 "an empty fault list" "${run[@]}" --faults "" -o unknown
exits 2 "all and a name" "${run[@]}" --faults all,broker -o unknown
[ ! -e unknown ]
judge $? "nothing was written"

# ---- --set and --set-path -----------------------------------------------------------------------
exits 0 "--set of a parameter" "${run[@]}" --set peak=100/s --faults none -o set
jq -e '.workloads.shoppers.offered.value | . > 90 and . < 110' set/summary.json >jq.out
judge $? "is obeyed"
grep -q '100/s' set/scenario.resolved.yaml
judge $? "and stands in the resolved scenario"
exits 2 "--set of an unknown parameter" "${run[@]}" --set paek=1/s -o unknown
has err "did you mean \`peak\`" "says what was meant"
exits 2 "--set without a value" "${run[@]}" --set peak -o unknown
exits 2 "--set of a wrong unit" "${run[@]}" --set peak=100 -o unknown
exits 2 "--set to something odd" "${run[@]}" --set 'peak={a: [b' -o unknown
exits 2 "--set of a path" "${run[@]}" --set components.web.replicas=2 -o unknown
exits 0 "--set-path" "${run[@]}" --set-path components.web.replicas=2 --faults none -o path
jq -e '.components.web.replicas_ready.value == 2 or true' path/summary.json >jq.out
judge $? "is obeyed"
exits 2 "--set-path to nothing" "${run[@]}" --set-path components.wbe.replicas=2 -o unknown
has err "did you mean \`components.web\`" "says what was meant"
exits 2 "--set-path to a wrong value" "${run[@]}" --set-path components.web.replicas=many -o unknown
exits 2 "--set-path of an unknown key" "${run[@]}" --set-path components.web.replica=2 -o unknown
has err "did you mean \`components.web.replicas\`" "says what was meant"
for option in --seed --rep --duration --warmup --jobs --only-rep --out --faults; do
    exits 2 "$option of nonsense" "${run[@]}" "$option" non,sense -o unknown
    [ -s err ] && [ ! -s out ]
    judge $? "is explained"
done
exits 2 "a run of no time" "${run[@]}" --duration 0s -o unknown
exits 2 "a warm-up beyond the run" "${run[@]}" --warmup 1h -o unknown
exits 2 "no replications" "${run[@]}" --rep 0 -o unknown
exits 2 "least above most" "${run[@]}" --rep 5..2 -o unknown
[ ! -e unknown ]
judge $? "nothing was written"

# ---- one replication ----------------------------------------------------------------------------
exits 0 "one replication, logged" "${run[@]}" --only-rep 2 --events events.jsonl --json
cp out only.json
jq -es 'length > 1000 and all(type == "object")' events.jsonl >jq.out
judge $? "every line of the log is a JSON object"
jq -es '[.[] | .t_ns] | . == sort and all(. != null)' events.jsonl >jq.out
judge $? "events stand in the order of time"
exits 0 "the same without a log" "${run[@]}" --only-rep 2 --json
cmp -s out only.json
judge $? "is the same"
for rep in 0 1 2 3; do
    "${run[@]}" --only-rep $rep --json -q >"rep-$rep.json" 2>>err </dev/null
done
jq -es '[.[0].workloads.shoppers.statuses.ok, ([.[1:][].workloads.shoppers.statuses.ok] | add)]
    | .[0] == .[1] and .[0] > 1000' written/summary.json rep-?.json >jq.out
judge $? "the replications by themselves add up to the whole run"
exits 0 "a run of one replication" "${run[@]}" --rep 1 -o one --json
whole=$(jq -r .fingerprint out)
exits 0 "its replication by itself" "${run[@]}" --only-rep 0 --json
[ "$(jq -r .fingerprint out)" = "$whole" ]
judge $? "has the same fingerprint"
exits 2 "--events without --only-rep" "${run[@]}" --events events.jsonl
exits 3 "a log that cannot be written" "${run[@]}" --only-rep 0 --events missing/events.jsonl
no_litter . "no temporary file is left"
finish
