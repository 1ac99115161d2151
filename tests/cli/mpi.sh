#!/usr/bin/env bash
# mpi - any number of MPI processes gives the same bytes, also killed and started again.
# shellcheck disable=SC2034,SC2154 # variables of lib.sh
set -u
. "$(dirname "$0")/lib.sh"
program=$(dirname "$orrery")/orrery-mpi
[ -x "$program" ] || { echo "there is no orrery-mpi: it is built where MPI is"; exit 77; }
command -v mpirun >/dev/null || { echo "there is no mpirun"; exit 77; }
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_mpi_yield_when_idle=1

mpi() { # mpi PROCESSES ARGUMENT...
    local processes=$1
    shift
    try timeout 100 mpirun --oversubscribe -np "$processes" "$program" "$@" --out json -q
}

same() { # same DIR REFERENCE WHAT
    [ "$code" -eq "$(cat "$2/code")" ] && cmp -s "$2/results.h5" "$1/results.h5" &&
        cmp -s "$2/summary.json" "$1/summary.json" && [ ! -e "$1/journal" ]
    judge $? "$3"
}

reference() { # reference DIR ARGUMENT...
    local directory=$1
    shift
    try "$orrery" "$@" --no-progress --out json -q -o "$directory"
    echo "$code" >"$directory/code"
}

duration=5s
replications=40
scenario
reference plain run queue.yaml
for processes in 1 2 3 5; do
    mpi $processes run queue.yaml -o "np$processes"
    same "np$processes" plain "the same bytes with $processes processes"
done
try timeout 100 mpirun --oversubscribe -np 3 "$program" run queue.yaml --out json -o loud
has err "replications 40/40..40" "the first process tells how far it is"
mpi 2 run queue.yaml -o plain
grep -q "up to date" err
judge $? "both programs are of one build: a finished run is shown again"

# A rule of stopping, a warm-up that is found, a paired run without faults, a verdict FAIL.
stop='replications: {min: 6, max: 40, stop_at: 8%}'
sed "s/replications: [0-9]*/$stop/; s/warmup: [0-9a-z]*/warmup: auto/" \
    "$here/features.yaml" >grows.yaml
reference grows run grows.yaml --faults all
[ "$(jq .replications grows/summary.json)" -gt 6 ]
judge $? "a run that goes on after its first replications"
mpi 3 run grows.yaml --faults all -o grown
same grown grows "is the same by three processes"
cmp -s grows/without-faults/results.h5 grown/without-faults/results.h5
judge $? "and so is its pair without faults"
reference single run "$here/features.yaml" --rep 1
mpi 2 run "$here/features.yaml" --rep 1 -o one
same one single "a single replication in parts of its time"

# ---- interrupted --------------------------------------------------------------------------------

duration=3000s
scenario
reference long run queue.yaml

started() { # started DIR: three processes beside this one, until one of them has kept something
    timeout 100 mpirun --oversubscribe -np 3 \
        "$program" run queue.yaml --out json -q -o "$1" >out 2>err </dev/null &
    job=$!
    until kept "$1" || ! kill -0 $job 2>/dev/null; do
        sleep 0.01
    done
}

kept() { # kept DIR: the journals of its processes hold something
    [ "$(cat "$1"/journal/rank-*.journal 2>/dev/null | wc -c)" -gt 10000 ]
}
started killed
rank=$(pgrep -P "$(pgrep -P $job)" | tail -n 1)
kill -KILL "$rank"
wait $job
code=$?
[ $code -ne 0 ] && [ ! -e killed/results.h5 ] && kept killed
judge $? "a process that is killed ends the job, not what was done"
mpi 2 run queue.yaml -o killed
same killed long "another job goes on, with another number of processes"
started told
kill -TERM $job
wait $job
[ ! -e told/results.h5 ] && kept told
judge $? "a job that is told to end keeps what was done"
try "$orrery" run queue.yaml --no-progress --out json -q -o told
same told long "and orrery run goes on with it"

# ---- a sweep ------------------------------------------------------------------------------------

cat >points.yaml <<'YAML'
orrery: v1
name: points
params: {load: 500/s, n: 1, most: 100000000}
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

alike() { # alike DIR REFERENCE WHAT: all files but the manifest, and no journal is left
    [ "$code" -eq "$(cat "$2.code")" ] && [ ! -e "$1/journal" ] &&
        diff -rq -x manifest.json -x journal "$2" "$1" >>err
    judge $? "$3"
    rm -rf "$1"
}

swept() { # swept DIR ARGUMENT...: by one process alone
    local directory=$1
    shift
    try "$orrery" sweep points.yaml --no-progress -q -o "$directory" "$@"
    echo "$code" >"$directory.code"
}

sweep() { # sweep PROCESSES ARGUMENT...
    local processes=$1
    shift
    try timeout 100 mpirun --oversubscribe -np "$processes" "$program" sweep points.yaml "$@"
}

swept all-three
for processes in 1 2 3 5; do
    sweep $processes -o other
    alike other all-three "a sweep has the same bytes with $processes processes"
done
has err "points 14/14  units 42" "and the first of them tells how far it is"
swept all-one --rep 1
sweep 3 --rep 1 -q -o other
alike other all-one "of one replication a point as well"
swept all-grown --rep 2..40
sweep 3 --rep 2..40 -q -o other
alike other all-grown "and with a rule of stopping"
swept all-files --points 3,7-9 --out md
sweep 2 --points 3,7-9 --out md -q -o other
diff -rq -x manifest.json -x journal all-files other >err
judge $? "some points, with their files"
rm -rf other
sweep 2 --points 3-5 -q -o other
sweep 2 --audit 100% -q -o other
alike other all-three "what is finished is simulated again when it is asked for, to the same bytes"
sweep 3 --param most=100,100000000 --rep 1 -q -o other
[ "$code" -eq 3 ] && grep -q "1 point has no answer" err && [ -s other/points/1.json ]
judge $? "a point without an answer is told of at the end, and the others have theirs"
rm -rf other
sweep 3 --shard 1/2 -o other
[ "$code" -eq 2 ] && [ ! -e other ]
judge $? "a part of a sweep is none for a job"
sweep 3 --param n=1,none -o other
[ "$code" -eq 2 ] && [ "$(grep -c '^point 1 ' err)" -eq 1 ] && [ ! -e other ]
judge $? "a wrong point is said once"

begun() { # begun DIR: a long sweep by three processes, until one of them has kept something
    timeout 100 mpirun --oversubscribe -np 3 \
        "$program" sweep points.yaml --duration 400s --rep 8 -q -o "$1" >out 2>err </dev/null &
    job=$!
    until kept "$1" || ! kill -0 $job 2>/dev/null; do
        sleep 0.01
    done
}
swept all-long --duration 400s --rep 8
begun dead
rank=$(pgrep -P "$(pgrep -P $job)" | tail -n 1)
kill -KILL "$rank"
wait $job
[ $? -ne 0 ] && [ ! -e dead/sweep.json ] && kept dead
judge $? "a process of a sweep that is killed ends the job, not what was done"
sweep 2 --duration 400s --rep 8 -q -o dead
alike dead all-long "another job goes on, with another number of processes"
begun warned
kill -TERM $job
wait $job
[ ! -e warned/sweep.json ] && kept warned
judge $? "a sweep that is told to end keeps what was done"
swept warned --duration 400s --rep 8
alike warned all-long "and orrery sweep goes on with it"

# ---- refusals -----------------------------------------------------------------------------------

sed 's/rate:/rat:/' queue.yaml >wrong.yaml
mpi 3 run wrong.yaml -o wrong
[ "$code" -eq 2 ] && [ "$(grep -c '^wrong.yaml: ' err)" -eq 1 ] && [ ! -e wrong ]
judge $? "a wrong scenario is said once, and nothing is simulated"
mpi 3 run queue.yaml --shard 1/2 -o wrong
[ "$code" -eq 2 ] && [ "$(grep -c '^orrery-mpi: ' err)" -eq 1 ]
judge $? "a part of a run is none for a job"
mkdir -p foreign/journal
printf 'no journal' >foreign/journal/all.journal
mpi 3 run queue.yaml -o foreign --resume
[ "$code" -eq 3 ] && grep -q "is no journal" err
judge $? "a foreign journal is refused by a job that goes on"
finish
