#!/usr/bin/env bash
# sweep - a parameter study: its points, its files, its refusals; in parts, killed and resumed.
set -u
. "$(dirname "$0")/lib.sh"
RANDOM=${SEED:-815}
cat >queue.yaml <<'YAML'
orrery: v1
name: queue
params: {load: 500/s, n: 1, most: 1000000}
simulation: {duration: 500ms, warmup: 50ms, replications: 3, max_events: $most}
components:
  server: {kind: station, service: exp(mean=1ms), replicas: $n}
workloads:
  clients: {target: server, rate: $load}
slos:
  - {name: latency, target: clients, objectives: ["p(99) < 100ms"]}
sweep:
  vary: {load: 200/s..900/s step 100/s, n: [1, 2]}
  where: "load <= n * 700/s"
YAML
options=(--no-progress --exit-zero -q)
files=(results.h5 sweep.json sweep.csv report.md report.html points/3.json plots/10-verdicts-1.dat)

sweep() { # sweep ARGUMENT...: queue.yaml with the options of all
    try "$orrery" sweep queue.yaml "${options[@]}" "$@"
}

same() { # same DIR WHAT
    local file result=$code
    for file in "${files[@]}"; do
        cmp -s "reference/$file" "$1/$file" || { echo "# $1/$file differs" >>err; result=1; }
    done
    judge "$result" "$2"
    rm -rf "$1"
}

refused() { # refused CODE TEXT WHAT: the last command ended so and said so
    [ "$code" -eq "$1" ] || echo "# exit code $code instead of $1" >>err
    [ "$code" -eq "$1" ] && grep -qF -- "$2" err
    judge $? "$3"
}

# ---- the points ---------------------------------------------------------------------------------

sweep --list -o none
has out "16 points, 14 after" "a dry run counts the points"
has out "#13 load=900/s n=2" "and lists them"
[ ! -e none ]
judge $? "and simulates nothing"
cp out list
try "$orrery" sweep queue.yaml --list --rep 2..9 -j1
has out "2..9 replications each, at least 28 units" "with their replications"
estimate='^est\. [0-9a-z]+( to [0-9a-z]+)? on 1 core, .*B of memory'
grep -qE "$estimate \\(from a pilot of .* at 5 points\\)\$" err
judge $? "a pilot estimates time and memory"
try "$orrery" sweep queue.yaml --list
cmp -s out list
judge $? "which stdout does not depend on"
sweep -o reference -j1
[ "$code" -eq 0 ] && [ "$(wc -l <reference/sweep.csv)" -eq 15 ]
judge $? "a row a point"
[ "$(find reference/points -name '*.json' | wc -l)" -eq 14 ] && [ ! -e reference/journal ]
judge $? "a summary a point, and no journal is left"
has reference/sweep.json '"knee_by": "Kneedle"' "sweep.json tells how knees are found"
no_litter reference "no temporary files"
try "$orrery" run queue.yaml --set load=400/s --set n=1 -q --no-progress -o alone
cmp -s alone/summary.json reference/points/4.json
judge $? "a point is the run with its parameters, byte for byte"
try "$orrery" compare reference/points/4.json alone
[ "$code" -eq 0 ]
judge $? "and can be compared with it"
sweep -o files --points 4 --out md
cmp -s files/points/4/summary.json alone/summary.json && [ -s files/points/4/report.md ]
judge $? "--out gives each point its files"
sweep -o reference
has err "up to date" "a finished sweep is shown again"
try "$orrery" sweep queue.yaml "${options[@]}" --json -o json
cmp -s out reference/sweep.json
judge $? "--json prints sweep.json and nothing else"
sweep --points 3,7-9 -o some
[ "$(cut -d, -f1 some/sweep.csv | tr '\n' ' ')" = "point 3 7 8 9 " ]
judge $? "points are chosen by number"
[ "$(grep '^7,' some/sweep.csv)" = "$(grep '^7,' reference/sweep.csv)" ]
judge $? "and are what they are among all"

# ---- in whatever way it is simulated ------------------------------------------------------------

sweep -o other -j2
same other "the same bytes with two threads"
sweep -o other -j 33 --schedule reverse
same other "with 33 threads, from the last to the first"
for count in 1 3 7; do
    parts=()
    for ((i = 1; i <= count; i++)); do
        sweep --shard $i/$count -o part-$i
        parts=("part-$i" "${parts[@]}")
    done
    mapfile -t parts < <(printf '%s\n' "${parts[@]}" | sort -R --random-source=<(yes))
    try "$orrery" merge "${parts[@]}" -q -o other
    code=$((code == 4 ? 0 : code))
    same other "in $count shards"
    [ $count -eq 1 ] || { try "$orrery" merge "${parts[@]:1}" -q -o other
        refused 3 "not there" "a shard of $count is missing"; }
    rm -rf part-* other
done
sweep --units 0-2,5/1,9-13/0-1 -o part-1
has err "20 units simulated, 0 were there, 7 are for others" "units by their numbers"
try "$orrery" merge part-1 -q -o other
refused 3 "--units 3/0-2,4/0-2,5/0,5/2,6/0-2,7/0-2,8/0-2,9/2,10/2,11/2,12/2,13/2 -o" \
    "what is missing is named by its numbers"
sweep --units 3/0-2,4/0-2,5/0,5/2,6/0-2,7/0-2,8/0-2,9/2,10/2,11/2,12/2,13/2 -o part-2
try "$orrery" merge part-2 part-1 -q -o other
code=$((code == 4 ? 0 : code))
same other "and simulated by them"
sweep --units 14 -o part-3
refused 2 "the last one is 13" "a point that is not there has no units"
sweep --units 3-1/0 -o part-3
refused 2 "4/0-9,7-9/3,5" "what is no list of units is refused"
[ ! -e part-3 ]
judge $? "and nothing is written"
rm -rf part-* other
sweep --shard 1/2 -o part-1
sweep --shard 2/2 -o part-2 --seed 7
try "$orrery" merge part-1 part-2 -q -o other
refused 3 "different" "shards of two sweeps are no sweep"
sweep --shard 1/2 -o part-1 --param n=3,4
refused 3 "journal" "a journal of another sweep is refused"
rm -rf part-* other

# A rule of stopping: a shard has whole points, if there are enough of them. Otherwise it goes on
# in rounds: it does not know what the others' replications decide.
sweep --rep 2..12 -o whole -j2
for shard in 2 3 1; do
    sweep --rep 2..12 --shard $shard/3 -o parts
done
try "$orrery" merge parts -q -o other
different=$(diff -rq -x manifest.json whole other) && [ -z "$different" ]
judge $? "a rule of stopping in shards of whole points"
[ "$(grep -c '"replications": 2,' whole/sweep.json)" -lt 14 ]
judge $? "where some points need more than the first replications"
rm -rf other parts whole
sweep --rep 2..12 --points 6 -o whole -j2
for ((round = 0; round < 6; round++)); do
    sweep --rep 2..12 --points 6 --shard 1/2 -o parts
    sweep --rep 2..12 --points 6 --shard 2/2 -o parts
done
try "$orrery" merge parts -q -o other
cmp -s whole/sweep.json other/sweep.json
judge $? "and of a point in shards, round by round"
rm -rf whole parts other

killed=0
whole_us=$(cost "$orrery" sweep queue.yaml "${options[@]}" -o other -j2)
for ((i = 0; i < 12; i++)); do
    rm -rf other
    for ((k = 0; k < 3; k++)); do
        spend $((1000 + RANDOM % whole_us)) \
            "$orrery" sweep queue.yaml "${options[@]}" -j $((i % 2 + 1)) -o other
        [ $? -eq 155 ] && [ -s other/journal/all.journal ] && killed=$((killed + 1))
    done
    sweep -o other
    [ "$code" -eq 0 ] && cmp -s reference/sweep.json other/sweep.json || break
done
[ $i -eq 12 ] && [ $killed -gt 5 ]
judge $? "killed and gone on with: the same sweep.json"
sweep -o other --rerun
same other "simulated anew"
sweep --rep 400 -o long
for jobs in 1 2; do
    "$orrery" sweep queue.yaml "${options[@]}" --rep 400 -o stopped -j$jobs >out 2>err </dev/null &
    worker=$!
    reaches stopped/journal/all.journal 5000
    kill -INT $worker
    wait $worker
    code=$?
    refused 130 "the same command goes on" "SIGINT keeps what is done with -j$jobs"
    [ -s stopped/journal/all.journal ] && [ ! -e stopped/sweep.json ]
    judge $? "in a journal, and there is no answer yet"
    sweep --rep 400 --shard 1/1 -o stopped
    has err " were there" "what was kept"
    ! grep -qE '[^0-9]0 were there' err
    judge $? "is not simulated again"
    sweep --rep 400 -o stopped
    [ "$code" -eq 0 ] && different=$(diff -rq -x manifest.json long stopped) && [ -z "$different" ]
    judge $? "and the same command goes on to the same bytes"
    rm -rf stopped
done
rm -rf long

try bash -c 'ulimit -f 16 && exec "$@"' - "$orrery" sweep queue.yaml "${options[@]}" -o full -j2
refused 3 "cannot write the journal" "a full disk ends the sweep"
[ "$(grep -c . err)" -eq 1 ] && [ ! -e full/sweep.json ]
judge $? "and says so once"
sweep -o full
same full "and with room again it goes on"
if [ "$(id -u)" -eq 0 ] && mkdir disk && mount -t tmpfs -o size=4m none disk 2>/dev/null; then
    trap 'umount -l "$place/disk"; rm -rf "$place"' EXIT
    dd if=/dev/zero of=disk/filler bs=1k count=4000 status=none
    sweep -o disk/sweep -j2
    refused 3 "No space left on device" "a disk that fills in the middle ends the sweep"
    [ -s disk/sweep/journal/all.journal ] && [ ! -e disk/sweep/sweep.json ]
    judge $? "with a journal and no answer"
    rm disk/filler
    sweep -o disk/sweep -j2
    same disk/sweep "and with room again it goes on"
fi

# ---- verdicts and failures ----------------------------------------------------------------------

exits 0 "all pass" "$orrery" sweep queue.yaml -q --no-progress --param load=300/s,400/s --rep 8
exits 1 "a point fails" "$orrery" sweep queue.yaml -q --no-progress --param load=300/s,2000/s
exits 3 "a point has no answer" "$orrery" sweep queue.yaml -q --no-progress \
    --param most=100,1000000 -o broken
has err "1 point has no answer" "and a table says so"
has err "--set most=100" "with the command that simulates it alone"
has broken/sweep.json '"failure": "a replication reached max_events' "and sweep.json"
exits 3 "--fail-fast" "$orrery" sweep queue.yaml -q --no-progress --fail-fast -j1 \
    --param most=100,1000000 -o fast
[ ! -e fast/points/1.json ] && [ ! -e fast/sweep.json ]
judge $? "begins nothing further"

wrong() { # wrong TEXT ARGUMENT...
    local text=$1
    shift
    sweep "$@" -o wrong
    refused 2 "$text" "refused: $*"
    [ ! -e wrong ] || { echo "not ok - nothing is written by $*"; failures=$((failures + 1)); }
}
wrong "did you mean \`load\`" --param laod=1/s
wrong "varied twice" --param n=1 --param n=2
wrong "needs a step" --param load=100/s..900/s
wrong "is no design" --design cube
wrong "makes no sense" --where "load > 3"
wrong "where" --where "load >"
wrong "holds nowhere" --where "n > 9"
wrong "no value of --points" --points 14
wrong "no value of --points" --points 3-1
wrong "point 1 (n=none)" --param n=1,none
wrong "at most 12" --param a=1 --param b=1 --param c=1 --param d=1 --param e=1 --param f=1 \
    --param g=1 --param h=1 --param i=1 --param j=1 --param k=1 --param l=1 --param m=1
sed 's|100/s, n|100, n|' queue.yaml >spoilt.yaml
try "$orrery" sweep spoilt.yaml --list
refused 2 "spoilt.yaml:12:34" "a mistake of the section has its place"
sed 's|n \* 700/s|n * 700|' queue.yaml >spoilt.yaml
try "$orrery" sweep spoilt.yaml --list
refused 2 "spoilt.yaml:13:11" "and so has one of its condition"
sweep --param laod=1/s --param "n=1,,2" --design cube --where "load > (3"
[ "$(grep -c '^error' err)" -eq 4 ]
judge $? "all mistakes at once"
for spot in 1:9 2:13 3:18 4:10; do
    has err " --> command line:$spot" "with their places on the command line ($spot)"
done
has err "1 | --param laod=1/s" "which is shown"

# ---- designs ------------------------------------------------------------------------------------

sweep --param load=100/s..900/s --param n=1..4 --design lhs:20 --list
cp out first
sweep --param load=100/s..900/s --param n=1..4 --design lhs:20 --list
[ "$(grep -c '#' out)" -eq 20 ] && cmp -s out first
judge $? "a hypercube is the same every time"
sweep --param load=100/s..900/s --param n=1..4 --design sobol:8 --list
has out "#0 load=500/s n=3" "Sobol's sequence begins in the middle"
sweep --param load=100/s,200/s --param n=1,2 --design list --list
[ "$(grep -c '#' out)" -eq 2 ]
judge $? "a list joins values"

# ---- scripts ------------------------------------------------------------------------------------

sweep --param 'load=1/s..1000/s step 1/s' --emit slurm --batch 1 -o slurm
bash -n out && grep -q '^shards=1000$' out
judge $? "a script for Slurm has at most 1000 shards"
if command -v parallel >/dev/null; then
    sweep --emit parallel --batch 12 -o other
    cp out script
    try bash script
    code=$((code == 4 ? 0 : code))
    same other "by the script for GNU parallel"
fi
finish
