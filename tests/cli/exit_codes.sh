#!/usr/bin/env bash
# exit_codes - every way to end has its code, and a signal leaves complete files or none.
set -u
. "$(dirname "$0")/lib.sh"
run=("$orrery" run queue.yaml --no-progress)

scenario "p(99) < 100ms"
exits 0 "0: every objective holds" "${run[@]}" -o pass
scenario "p(99) < 1ms"
exits 1 "1: an objective fails" "${run[@]}" -o fail
exits 0 "--exit-zero turns 1 into 0" "${run[@]}" -o fail0 --exit-zero
has out FAIL "the verdict is still printed"
exits 1 "a shown run keeps its code" "${run[@]}" -o fail
exits 0 "--exit-zero holds for a shown run too" "${run[@]}" -o fail --exit-zero
exits 1 "and is not stored with it" "${run[@]}" -o fail0

sed -i 's/objectives:/severity: warn, objectives:/' queue.yaml
exits 0 "a FAIL of severity warn does not count" "${run[@]}" -o warn
has out "FAIL (warn)" "but is printed"

scenario "p(99) < 1s" "  - {name: never, target: late, objectives: [\"mean < 1s\"]}"
sed -i 's|^workloads:|&\n  late: {target: server, arrivals: constant, rate: 0.01/s}|' queue.yaml
exits 1 "1: no data is a failure" "${run[@]}" -o nodata
has out "NO DATA" "and says so"

# The mean of a half-busy queue is 2 ms: two short replications can't tell it from 2.01 ms.
duration=5s replications=2 scenario "mean < 2.01ms"
exits 4 "4: undecided" "${run[@]}" -o maybe
has out UNDECIDED "and says so"
grep -Eq 'run .*(longer|would decide)|--duration|would decide' out
judge $? "with the run length that would decide it"
exits 0 "--allow-undecided turns 4 into 0" "${run[@]}" -o maybe0 --allow-undecided
has err warning "with a warning"
exits 0 "a shown run obeys --allow-undecided too" "${run[@]}" -o maybe --allow-undecided
exits 4 "and is undecided without it" "${run[@]}" -o maybe0
exits 0 "--exit-zero turns 4 into 0" "${run[@]}" -o maybe1 --exit-zero

exits 2 "2: there is no such file" "$orrery" run missing.yaml
has err missing.yaml "and names it"
exits 2 "2: a directory is no scenario" "$orrery" run .
mkfifo pipe
: >empty.yaml
exits 2 "2: an empty file is no scenario" "$orrery" run empty.yaml
printf '\377\376\000' >bytes.yaml
exits 2 "2: bytes are no scenario" "$orrery" run bytes.yaml

scenario "p(99) < 100ms"
sed -i 's/replications: 4/replications: 4, max_events: 1000/' queue.yaml
exits 3 "3: max_events stops a run" "${run[@]}" -o limit
has err max_events "and says so"
[ "$(grep -c max_events err)" = 1 ]
judge $? "once"
exits 3 "3: stays so when asked again" "${run[@]}" -o limit
exits 3 "3: --exit-zero is about verdicts" "${run[@]}" -o limit0 --exit-zero

# Signals, while simulating: nothing is written, it is said once.
duration=100000s replications=4 scenario "p(99) < 100ms"
for pair in INT:130 TERM:143; do
    "${run[@]}" -o "stopped-$pair" >out 2>err </dev/null &
    worker=$!
    reaches "stopped-$pair/journal"
    kill -s "${pair%:*}" $worker
    wait $worker
    code=$?
    [ $code -eq "${pair#*:}" ]
    judge $? "SIG${pair%:*} exits ${pair#*:}"
    [ ! -e "stopped-$pair/summary.json" ] && [ ! -s out ] && [ "$(wc -l <err)" = 1 ]
    judge $? "nothing is written, it is said in one line"
    no_litter . "nothing is left behind"
done

# At any moment: all files or none but the journal, and it is said. A process that has not begun
# its work yet, which a busy machine makes likely, ends silently and leaves nothing at all.
cp "$here/features.yaml" .
odd=0
for delay in 0.03 0.06 0.1 0.15 0.2 0.25 0.3 0.4 0.5 0.7; do
    rm -rf moment
    "$orrery" run features.yaml --no-progress -q -o moment >out 2>err </dev/null &
    child=$!
    sleep $delay
    kill -s TERM $child 2>/dev/null
    wait $child
    code=$?
    if [ $code -eq 143 ]; then
        [ "$(grep -c '^orrery: interrupted' err)" = 1 ] || [ ! -e moment ] || odd=1
    elif [ $code -ne 1 ]; then
        odd=1
    fi
    [ -s moment/manifest.json ] || [ ! -e moment ] ||
        [ -z "$(find moment -type f ! -path '*/journal/*')" ] || odd=1
    ! find . -name '*.tmp' | grep -q . || odd=1
    [ $odd -eq 0 ] || break
done
judge $odd "SIGTERM at any moment leaves all files or none, and it is said"

# A pipe that nobody reads any more is no reason to crash.
scenario "p(99) < 100ms"
(set -o pipefail; "${run[@]}" -o piped --json 2>err | head -c 1 >out)
code=$?
[ $code -eq 0 ] || [ $code -eq 3 ] || [ $code -eq 141 ]
judge $? "a closed pipe ends it quietly"
exits 3 "3: standard output is full" bash -c \
    '"$0" run queue.yaml --no-progress -o full >/dev/full' "$orrery"
finish
